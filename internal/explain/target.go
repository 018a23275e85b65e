package explain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

// targets explains the records of a subject at every target: where each stands, what
// was tried, and field by field what we want there and what was seen.
func (x *Explainer) targets(tx *db.Tx, location string, kind plumbline.Kind, subjects ...string) ([]Section, error) {
	pb, _, err := x.Policy(location)
	if err != nil {
		return nil, err
	}
	connections, err := tenant.Connections(tx, location)
	if err != nil {
		return nil, err
	}
	out := Explanation{}
	for _, c := range connections {
		for _, typ := range slices.Sorted(maps.Keys(pb.Mapping[c.Tool])) {
			if pb.Mapping[c.Tool][typ].For != kind {
				continue
			}
			for _, s := range subjects {
				lines, err := x.target(tx, c, typ, s)
				if err != nil {
					return nil, err
				}
				out.add(c.Name+" "+typ+" of "+s, lines...)
			}
		}
	}
	return out.Sections, nil
}

func (x *Explainer) target(tx *db.Tx, c tenant.Connection, typ, subject string) (lines []Line, err error) {
	records, err := x.Mirror.Records(tx, c.Location, c.Name, typ, subject)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return []Line{{Source: c.Name, Fact: "no record of it is known there", Decision: c.Name + " is " + c.Mode}}, nil
	}
	for _, r := range records {
		name := typ + " " + r.ID
		if r.ID == "" {
			name = typ + " not made yet"
		}
		lines = append(lines, Line{Source: c.Name, Fact: fmt.Sprintf("%s (key %s)", name, r.Key), Decision: r.State, Rule: r.Reason})
		attempts, err := outbox.AttemptsOf(tx, outbox.Key{Location: c.Location, Connection: c.Name, Room: mirror.Room, Record: "record/" + typ + "/" + r.Key})
		if err != nil {
			return nil, err
		}
		lines = append(lines, attempted(attempts)...)
		lines = append(lines, verified(c, r)...)
	}
	fields, err := x.Mirror.Drift(tx, c.Location, c.Name, typ, subject)
	for _, f := range fields {
		lines = append(lines, drift(c, f))
	}
	return lines, err
}

// verified says when a record was last read back, and what drift was found in it.
func verified(c tenant.Connection, r mirror.Record) (lines []Line) {
	if !r.Verified.IsZero() {
		lines = append(lines, Line{Time: r.Verified, Source: c.Name, Fact: "last verified: read there, or made"})
	}
	for _, d := range r.Drift {
		what := "the record"
		if d.Field != "" {
			show := func(v string) string { return cmp.Or(ShownThere(d.Field, v), "nothing") }
			what = fmt.Sprintf("%s: there %s in place of %s, ours %s", d.Field, show(d.There), show(d.Believed), show(d.Desired))
		}
		l := Line{Time: d.When, Source: c.Name, Fact: "drift of " + what, Decision: did[d.Do] + ", " + d.Why, Rule: "cause: " + causes[d.Cause]}
		if d.Who != "" {
			l.Rule += ", " + d.Who
		}
		lines = append(lines, l)
	}
	return lines
}

var did = map[string]string{mirror.Repair: "repaired", mirror.TakeOver: "taken over", mirror.Follow: "followed", mirror.Show: "shown"}

var causes = map[string]string{
	mirror.CausePerson: "a person changed it there", mirror.CauseApp: "another program changed it there", mirror.CauseLost: "our write is not there",
	mirror.CauseUntold: "nobody is named there", mirror.CauseMerge: "a merge there", mirror.CauseDeleted: "it was archived or deleted there",
	mirror.CauseRestored: "it was brought back there", mirror.CauseUnwritten: "it was never written",
}

// ShownThere writes a target's value for people, as Shown does ours.
func ShownThere(field, v string) string {
	if strings.Contains(field, "phone") || strings.Contains(field, "mail") {
		return errorqueue.Mask(v)
	}
	return v
}

// drift is one field of a target's record as a line.
func drift(c tenant.Connection, f mirror.Drift) Line {
	show := func(v string) string { return cmp.Or(ShownThere(f.Field, v), "nothing") }
	there := show(f.Observed)
	if !f.Known {
		there = "not read yet"
	}
	decision := "left as it is"
	switch {
	case f.Write && c.Mode == tenant.On:
		decision = "owed"
	case f.Write:
		decision = "would be written if " + c.Name + " were on"
	}
	fact := fmt.Sprintf("%s: ours %s from %s, there %s", f.Field, show(f.Desired), f.From, there)
	return Line{Time: f.At, Source: c.Name, Fact: fact, Decision: decision + ", " + f.Cause, Rule: author(f.Author)}
}
