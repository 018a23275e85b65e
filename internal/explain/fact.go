package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/record"
)

// personal are the fields whose values are shown in part only.
var personal = map[string]bool{"email": true, "mobile_phone": true, "home_phone": true, "work_phone": true,
	"mobile": true, "voice": true, "phones": true}

// Shown writes a field's value for people: numbers and mail boxes in part only.
func Shown(field string, v plumbline.Value) string {
	switch {
	case v == plumbline.Null || v == "":
		return "nothing"
	case personal[field]:
		return errorqueue.Mask(plain(v))
	case !v.Time().IsZero():
		return v.Text()
	}
	name, _, open := strings.Cut(field, ":")
	if open && (name == "text" || name == "receipt" || name == "refused" || name == "consent") {
		return errorqueue.Mask(plain(v))
	}
	if field == "notes" || field == "description" {
		return errorqueue.Mask(plain(v))
	}
	return plain(v)
}

func plain(v plumbline.Value) string {
	if t := v.Text(); t != "" {
		return t
	}
	return string(v)
}

// facts lists what the sources said of a golden record, each value with when it
// counts from and when it was received. Values that one statement merely repeats are
// left out.
func facts(rows []*record.Row) (lines []Line) {
	for _, r := range rows {
		said := map[string]plumbline.Value{}
		for _, p := range r.Readings {
			var changed []string
			for _, f := range slices.Sorted(maps.Keys(p.Fields)) {
				if v, ok := said[f]; !ok || v != p.Fields[f] {
					said[f] = p.Fields[f]
					changed = append(changed, f+" "+Shown(f, p.Fields[f]))
				}
			}
			if p.Deleted {
				changed = append(changed, "it is gone")
			}
			if len(changed) == 0 {
				continue
			}
			decision := ""
			if late := p.Received - p.First.At; late > 60_000 {
				decision = "heard " + record.Time(p.Received).Format(time.RFC3339)
			}
			lines = append(lines, Line{Time: record.Time(p.First.At), Source: sourceOf(r),
				Fact: string(r.Kind) + " " + nameOf(r) + " says " + strings.Join(changed, ", "), Decision: decision, Rule: author(p.Author)})
		}
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.Time.Compare(b.Time) })
	return lines
}

func sourceOf(r *record.Row) string { return r.Connection }

// nameOf is how a source calls its object; what is said about a record has no name of
// its own.
func nameOf(r *record.Row) string {
	if r.About != "" {
		return string(r.About)
	}
	if r.Kind == plumbline.Address {
		return errorqueue.Mask(r.External)
	}
	return r.External
}

func author(a plumbline.Author) string {
	switch a {
	case "":
		return ""
	case plumbline.ByLookup:
		return "looked up"
	case plumbline.ByRule:
		return "inferred"
	}
	return "changed there by " + map[plumbline.Author]string{plumbline.ByPerson: "a person", plumbline.ByIntegration: "an integration", plumbline.ByUs: "us"}[a]
}

// deliveries lists the kept answers behind source records, and what failed of them.
func deliveries(tx *db.Tx, location string, rows []*record.Row) (lines []Line, err error) {
	for _, r := range rows {
		if r.External == "" {
			continue
		}
		d, ok, err := inbox.Answered(tx, location, r.Connection, r.External)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		_, state, reason, err := inbox.Get(tx, location, d.Connection, d.Key)
		if err != nil {
			return nil, err
		}
		lines = append(lines, Line{Time: d.Received, Source: d.Connection, Fact: fmt.Sprintf("last read of %s %s, delivery %s", r.Kind, r.External, d.Key),
			Decision: state.String(), Rule: reason})
	}
	return lines, nil
}
