package advance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/golden"
	"plumbline.dev/plumbline/internal/record"
)

// A Finding is the body of a kept answer of a provider: what it says of a record, or
// that it knows nothing of it.
type Finding struct {
	Kind  plumbline.Kind     `json:"kind"`
	About plumbline.SourceID `json:"about"`
	Asked string             `json:"asked"` // the words that it was asked with
	// Fields are all that the provider may tell; null where it knows nothing.
	Fields     map[string]plumbline.Value `json:"fields"`
	Confidence int                        `json:"confidence,omitempty"` // percent
	Basis      string                     `json:"basis,omitempty"`
	Until      time.Time                  `json:"until,omitzero"` // zero: for ever
}

func decodeFinding(d plumbline.Delivery) ([]plumbline.Reading, error) {
	var f Finding
	if err := json.Unmarshal(d.Body, &f); err != nil {
		return nil, fmt.Errorf("read what was looked up: %w", err)
	}
	if f.About == "" || f.Asked == "" || !strings.HasPrefix(d.Connection, plumbline.Lookup) {
		return nil, plumbline.Invalidf("name the record and what was asked, and keep it under "+plumbline.Lookup+"CONNECTION", "what was looked up belongs to nobody")
	}
	fields, authors := map[string]plumbline.Value{plumbline.Asked: plumbline.TextValue(f.Asked)}, map[string]plumbline.Author{plumbline.Asked: plumbline.ByLookup}
	for name, v := range f.Fields {
		if known, ok := plumbline.Fields[f.Kind][name]; ok && !known.Type.Fits(v) {
			return nil, plumbline.Invalidf("correct the provider", "%s %s is no %s", f.Kind, name, known.Type)
		}
		fields[name], authors[name] = v, plumbline.ByLookup
	}
	looked := plumbline.Looked{Confidence: f.Confidence, Basis: f.Basis}
	if !f.Until.IsZero() {
		looked.Until = f.Until.UnixMilli()
	}
	return []plumbline.Reading{{Kind: f.Kind, About: f.About, At: d.Read, Read: d.Read, Fields: fields, Authors: authors, Looked: looked}}, nil
}

// A Thing is a golden property or piece of equipment as it was just derived.
type Thing struct {
	ID   plumbline.GoldenID
	Kind plumbline.Kind
	Rows []*record.Row
}

// An Expiry says when looked-up values of a record come to their end. Owner is the
// source record that a provider has of it; of one that is gone there are none.
type Expiry struct {
	Owner, About plumbline.SourceID
	Kind         plumbline.Kind
	Source       string
	At           []time.Time
}

// Expiries lists what the batch's looked-up values come to their end with.
func (b *Batch) Expiries() (list []Expiry) {
	list = append(list, b.lapsed...)
	for _, t := range b.Things {
		list = append(list, expiries(t.Rows)...)
	}
	for _, p := range b.People {
		list = append(list, expiries(p.Rows)...)
	}
	return list
}

func expiries(rows []*record.Row) (list []Expiry) {
	for _, r := range rows {
		if !strings.HasPrefix(r.Connection, plumbline.Lookup) {
			continue
		}
		x := Expiry{Owner: r.ID, About: r.About, Kind: r.Kind, Source: r.Connection}
		seen := map[int64]bool{}
		for _, field := range append(slices.Collect(maps.Keys(plumbline.Fields[r.Kind])), plumbline.Asked) {
			c, _ := r.Get(field)
			if c.Looked.Until == 0 || r.Expired(c) || seen[c.Looked.Until] {
				continue
			}
			seen[c.Looked.Until] = true
			x.At = append(x.At, record.Time(c.Looked.Until))
		}
		list = append(list, x)
	}
	return list
}

// Missing lists which of some fields of a record nobody has filled.
func Missing(kind plumbline.Kind, rows []*record.Row, fields []string) []string {
	return golden.Missing(kind, sources(rows), fields)
}

// Known are the words that a look-up about a record is asked with, and the same as one
// text; nil where they do not suffice.
func Known(kind plumbline.Kind, rows []*record.Row) (known map[string]string, asked string) {
	known = golden.Known(kind, sources(rows))
	return known, golden.Asked(known)
}

// Answered says whether a source has answered what would be asked now.
func Answered(rows []*record.Row, source, asked string) bool {
	return golden.Answered(sources(rows), source, asked)
}
