package plumbline

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// A SourceRecord is what one source has said of one object: the set of its
// readings, in the order of their versions. Adding readings in any order, any
// number of times, gives the same record.
type SourceRecord struct {
	ID         SourceID
	Kind       Kind
	Connection string
	External   string // the source's own id
	About      SourceID
	Created    int64 // ms UTC by the vendor's word, 0 unknown
	Ahead      bool  // some reading claimed a time after its receipt and was cut to it
	Readings   []Stated
}

// Stated is one distinct thing that a source said of an object. Of jobs, visits,
// invoices and payments every version stays and First equals Last; of others equal
// content is kept once, with its first and last version.
type Stated struct {
	First, Last Version
	Received    int64 // ms UTC, receipt of the first version
	Author      Author
	Deleted     bool
	Fields      map[string]Value
}

// everyStatementStays names the kinds whose history is folded.
func (k Kind) everyStatementStays() bool {
	return k == Job || k == Visit || k == Invoice || k == Payment
}

// Add joins a reading into the record and says whether the record changed. Version
// instants after the receipt are cut to it. Fields that Echoes names are left out:
// what a target repeats of our own is no news.
func (s *SourceRecord) Add(r Reading, received time.Time, echoes []string) bool {
	changed := false
	if c := r.Created; !c.IsZero() && (s.Created == 0 || c.UnixMilli() < s.Created) {
		s.Created, changed = c.UnixMilli(), true
	}
	for _, part := range s.split(r, received, echoes) {
		changed = s.join(part) || changed
	}
	return changed
}

// split cuts a reading into parts of one instant and one author each.
func (s *SourceRecord) split(r Reading, received time.Time, echoes []string) []Stated {
	type when struct {
		at     int64
		author Author
	}
	base := r.At
	if base.IsZero() {
		base = cmp.Or(r.Read, received)
	}
	fields := map[when]map[string]Value{}
	put := func(w when, name string, v Value) {
		if fields[w] == nil {
			fields[w] = map[string]Value{}
		}
		if name != "" {
			fields[w][name] = v
		}
	}
	for name, v := range r.Fields {
		if slices.Contains(echoes, name) || r.Authors[name] == ByUs {
			continue
		}
		at := base
		if t, ok := r.Times[name]; ok && !t.IsZero() {
			at = t
		}
		put(when{at.UnixMilli(), r.Authors[name]}, name, v)
	}
	if r.Deleted || len(fields) == 0 {
		put(when{base.UnixMilli(), ""}, "", "")
	}
	var parts []Stated
	for w, f := range fields {
		p := Stated{Received: received.UnixMilli(), Author: w.author, Fields: f,
			Deleted: r.Deleted && w == when{base.UnixMilli(), ""}}
		v := Version{At: w.at, Digest: digest(p)}
		if !r.Read.IsZero() && w.at == base.UnixMilli() {
			v.Read = r.Read.UnixMilli()
		}
		if v.At > p.Received {
			v.At, s.Ahead = p.Received, true
		}
		p.First, p.Last = v, v
		parts = append(parts, p)
	}
	return parts
}

func digest(p Stated) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(p.Fields)) {
		h.Write([]byte(name + "\x00" + string(p.Fields[name]) + "\x00"))
	}
	if p.Deleted {
		h.Write([]byte("deleted"))
	}
	h.Write([]byte(p.Author))
	return hex.EncodeToString(h.Sum(nil)[:5])
}

func (s *SourceRecord) join(p Stated) bool {
	for i := range s.Readings {
		have := &s.Readings[i]
		if have.First.Digest != p.First.Digest {
			continue
		}
		if s.Kind.everyStatementStays() && have.First != p.First {
			continue
		}
		changed := false
		if c := p.First.Compare(have.First); c < 0 || c == 0 && p.Received < have.Received {
			have.First, have.Received, changed = p.First, p.Received, true
		}
		if p.Last.Compare(have.Last) > 0 {
			have.Last, changed = p.Last, true
		}
		if changed {
			s.sort()
		}
		return changed
	}
	s.Readings = append(s.Readings, p)
	s.sort()
	return true
}

func (s *SourceRecord) sort() {
	slices.SortFunc(s.Readings, func(a, b Stated) int {
		return cmp.Or(a.Last.Compare(b.Last), a.First.Compare(b.First))
	})
}

// A Current is the value of a field as the source has it now.
type Current struct {
	Value    Value
	From     int64 // ms UTC: since when it counts; restating a value is no news
	Received int64 // ms UTC: when we first heard it
	Author   Author
}

// Get returns the value with the greatest last version, and false if the source has
// never spoken of the field.
func (s *SourceRecord) Get(field string) (Current, bool) {
	var c Current
	found := false
	for i := len(s.Readings) - 1; i >= 0; i-- {
		p := &s.Readings[i]
		v, ok := p.Fields[field]
		switch {
		case !ok:
		case !found:
			c, found = Current{Value: v, From: p.First.At, Received: p.Received, Author: p.Author}, true
		case v == c.Value:
			if p.First.At < c.From && !s.otherSince(field, v, p.First) {
				c.From, c.Received, c.Author = p.First.At, p.Received, p.Author
			}
		}
	}
	if found {
		if last := s.lastOther(field, c.Value); last > c.From {
			c.From = last
		}
	}
	return c, found
}

// otherSince says whether another value of the field was stated after v.
func (s *SourceRecord) otherSince(field string, value Value, v Version) bool {
	for i := range s.Readings {
		if o, ok := s.Readings[i].Fields[field]; ok && o != value && s.Readings[i].Last.Compare(v) > 0 {
			return true
		}
	}
	return false
}

func (s *SourceRecord) lastOther(field string, value Value) int64 {
	var at int64
	for i := range s.Readings {
		if o, ok := s.Readings[i].Fields[field]; ok && o != value {
			at = max(at, s.Readings[i].Last.At)
		}
	}
	return at
}

// Deleted says whether the greatest version is a deletion.
func (s *SourceRecord) Deleted() bool {
	return len(s.Readings) > 0 && s.Readings[len(s.Readings)-1].Deleted
}

// Tied says whether the two greatest versions are notices of one instant that differ,
// so that only their digests decide. A read settles it.
func (s *SourceRecord) Tied() bool {
	n := len(s.Readings)
	if n < 2 {
		return false
	}
	a, b := s.Readings[n-1], s.Readings[n-2]
	return a.Last.At == b.Last.At && a.Last.Read == 0 && b.Last.Read == 0 && conflict(a.Fields, b.Fields)
}

func conflict(a, b map[string]Value) bool {
	for name, v := range a {
		if w, ok := b[name]; ok && v != w {
			return true
		}
	}
	return false
}

// Content digests what the source says now, whenever it said so. Every statement of
// a kind whose history is folded is content.
func (s *SourceRecord) Content() string {
	h := sha256.New()
	if s.Kind.everyStatementStays() {
		h.Write([]byte(s.Document()))
		return string(h.Sum(nil))
	}
	now := map[string]Value{}
	for i := range s.Readings {
		for name, v := range s.Readings[i].Fields {
			now[name] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		h.Write([]byte(name + "\x00" + string(now[name]) + "\x00"))
	}
	if s.Deleted() {
		h.Write([]byte("deleted"))
	}
	return string(h.Sum(nil))
}

// Text returns a text field, "" if it is absent or null.
func (s *SourceRecord) Text(field string) string {
	c, _ := s.Get(field)
	return c.Value.Text()
}

// Text returns the string that v holds, "" for anything else.
func (v Value) Text() string {
	var t string
	if len(v) < 2 || v[0] != '"' || json.Unmarshal([]byte(v), &t) != nil {
		return ""
	}
	return t
}

// Texts returns the strings that v holds, nil for anything else.
func (v Value) Texts() []string {
	var t []string
	if json.Unmarshal([]byte(v), &t) != nil {
		return nil
	}
	return t
}

// Bool returns the bool that v holds, and whether it is one.
func (v Value) Bool() (is, ok bool) { return v == "true", v == "true" || v == "false" }

// Time returns the instant that v holds, zero for anything else.
func (v Value) Time() time.Time {
	t, err := time.Parse(time.RFC3339Nano, v.Text())
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Int returns the whole number that v holds, 0 for anything else.
func (v Value) Int() int64 {
	var n int64
	if json.Unmarshal([]byte(v), &n) != nil {
		return 0
	}
	return n
}

// TextValue writes a text as a Value.
func TextValue(s string) Value { return JSONValue(s) }

// TimeValue writes an instant as a Value.
func TimeValue(t time.Time) Value {
	return Value(`"` + t.UTC().Format("2006-01-02T15:04:05.000Z") + `"`)
}

// JSONValue writes anything that can be marshalled as a Value; what cannot is null.
func JSONValue(x any) Value {
	b, err := json.Marshal(x)
	if err != nil {
		return Null
	}
	return Value(b)
}

// The stored form keeps the readings in order; each that says all that the ones
// before it said, and something else, holds only what differs.
type storedRecord struct {
	Created int64          `json:"c,omitempty"`
	Ahead   bool           `json:"ahead,omitempty"`
	Said    []storedStated `json:"s"`
}

type storedStated struct {
	First    Version          `json:"f"`
	Last     *Version         `json:"l,omitempty"`
	Received int64            `json:"t"`
	Author   Author           `json:"b,omitempty"`
	Deleted  bool             `json:"x,omitempty"`
	Delta    map[string]Value `json:"d,omitempty"`
	Partial  bool             `json:"p,omitempty"` // Delta is all that it said
}

// MarshalJSON makes Value part of a document as a JSON text of its own.
func (v Value) MarshalJSON() ([]byte, error) {
	if v == "" {
		return []byte("null"), nil
	}
	return []byte(v), nil
}

// UnmarshalJSON keeps the JSON text as it stands.
func (v *Value) UnmarshalJSON(b []byte) error {
	*v = Value(b)
	return nil
}

// Document writes the record's content in its one canonical form.
func (s *SourceRecord) Document() string {
	out := storedRecord{Created: s.Created, Ahead: s.Ahead, Said: make([]storedStated, 0, len(s.Readings))}
	carry := map[string]Value{}
	for _, p := range s.Readings {
		st := storedStated{First: p.First, Received: p.Received, Author: p.Author, Deleted: p.Deleted}
		if p.Last != p.First {
			last := p.Last
			st.Last = &last
		}
		if whole(p.Fields, carry) {
			st.Delta = map[string]Value{}
			for name, v := range p.Fields {
				if old, ok := carry[name]; !ok || old != v {
					st.Delta[name] = v
				}
			}
		} else {
			st.Partial, st.Delta = true, p.Fields
		}
		maps.Copy(carry, p.Fields)
		out.Said = append(out.Said, st)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return "{}"
	}
	return string(b)
}

func whole(fields, carry map[string]Value) bool {
	if len(fields) < len(carry) {
		return false
	}
	for name := range carry {
		if _, ok := fields[name]; !ok {
			return false
		}
	}
	return true
}

// ReadDocument reads back what Document wrote.
func (s *SourceRecord) ReadDocument(doc string) (err error) {
	defer Wrap(&err, "read source record %s", s.ID)

	var in storedRecord
	if err := json.Unmarshal([]byte(doc), &in); err != nil {
		return err
	}
	s.Created, s.Ahead, s.Readings = in.Created, in.Ahead, make([]Stated, 0, len(in.Said))
	carry := map[string]Value{}
	for _, st := range in.Said {
		p := Stated{First: st.First, Last: st.First, Received: st.Received, Author: st.Author, Deleted: st.Deleted}
		if st.Last != nil {
			p.Last = *st.Last
		}
		p.Fields = map[string]Value{}
		if !st.Partial {
			maps.Copy(p.Fields, carry)
		}
		maps.Copy(p.Fields, st.Delta)
		maps.Copy(carry, p.Fields)
		s.Readings = append(s.Readings, p)
	}
	return nil
}
