package explain

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/golden"
	"plumbline.dev/plumbline/internal/identity"
	"plumbline.dev/plumbline/internal/record"
)

// Record explains a record: of a golden customer, property, technician or asset each field
// with the source that won it and the rule, and which source records it is made of.
func (x *Explainer) Record(tx *db.Tx, location, name string) (e Explanation, err error) {
	id, err := x.resolve(tx, location, name, slices.Concat(ofRecords, ofJobs)...)
	if err != nil {
		return e, err
	}
	found, err := record.LoadGolden(tx, location, []string{string(id)})
	if err != nil {
		return e, err
	}
	g, ok := found[id]
	if !ok {
		return e, plumbline.NotFoundf("there is no record %s", name)
	}
	if g.Kind == plumbline.Job {
		return x.Job(tx, location, string(id))
	}
	members, err := record.Members(tx, location, []string{string(id)})
	if err != nil {
		return e, err
	}
	rows := members[id]
	e = Explanation{Subject: string(g.Kind), ID: string(id)}
	fields, err := won(g, rows)
	if err != nil {
		return e, err
	}
	e.add("What it says", fields...)
	e.add("Made of", parts(rows, id)...)
	title, owned, err := belongings(tx, location, g, rows)
	if err != nil {
		return e, err
	}
	e.add(title, owned...)
	notes, err := written(tx, location, g)
	if err != nil {
		return e, err
	}
	e.add("What was written of it", notes...)
	asks, err := undecided(tx, location, rows)
	if err != nil {
		return e, err
	}
	e.add("What a person must decide", asks...)
	e.add("What the sources say", facts(rows)...)
	kept, err := deliveries(tx, location, rows)
	if err != nil {
		return e, err
	}
	e.add("Answers kept", kept...)
	if i := slices.IndexFunc(rows, func(r *record.Row) bool { return g.Kind == plumbline.Address && strings.HasPrefix(r.External, "+") }); i >= 0 {
		said, err := thread(tx, location, rows[i].External)
		if err != nil {
			return e, err
		}
		e.add("What was said to it and from it", said...)
	}
	written, err := x.targets(tx, location, g.Kind, string(id))
	e.Sections = append(e.Sections, written...)
	return e, err
}

// won lists the fields of a golden record, each with the winner and the rule.
func won(g record.Golden, rows []*record.Row) (lines []Line, err error) {
	why := golden.Provenance{}
	if err := json.Unmarshal([]byte(g.Why), &why); err != nil {
		return nil, err
	}
	var says map[string]plumbline.Value
	if err := g.Read(&says); err != nil {
		return nil, err
	}
	external := map[string]string{}
	for _, r := range rows {
		external[string(r.ID)] = nameOf(r)
	}
	for _, f := range slices.Sorted(maps.Keys(says)) {
		if f == "id" || says[f] == `""` || says[f] == "null" {
			continue
		}
		w, ok := why[f]
		l := Line{Fact: f + " is " + Shown(f, says[f]), Rule: machine(w), Time: record.Time(w.From), Source: w.Source}
		switch {
		case !ok:
			l.Rule = "summed over its jobs"
			if f == "phones" || g.Kind != plumbline.Customer {
				l.Rule = "of all members"
			}
		case w.Record != "":
			l.Decision = "taken from " + w.Source + "/" + external[w.Record]
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// machine is the rule by which a value won, and of one that nobody typed how it came
// about, how sure it is and until when it counts.
func machine(w golden.Winner) string {
	if w.Rank == "" {
		return w.Rule
	}
	parts := []string{w.Rule, w.Rank}
	if w.Confidence > 0 {
		parts = append(parts, fmt.Sprintf("%d %% sure", w.Confidence))
	}
	if w.Until > 0 {
		parts = append(parts, "counts until "+record.Time(w.Until).Format(time.DateOnly))
	}
	if w.Basis != "" {
		parts = append(parts, w.Basis)
	}
	return strings.Join(parts, "; ")
}

// parts lists the source records that a golden record is made of.
func parts(rows []*record.Row, id plumbline.GoldenID) (lines []Line) {
	for _, r := range rows {
		l := Line{Time: record.Time(r.Created), Source: r.Connection, Fact: string(r.Kind) + " " + nameOf(r) + " (" + string(r.ID) + ")"}
		switch {
		case r.About != "":
			l.Decision = "what was said about it"
		case r.ID == id:
			l.Decision = "its anchor: created first"
		default:
			l.Decision = "the same by evidence or decision"
		}
		lines = append(lines, l)
	}
	return lines
}

// undecided lists the questions that are open about any member.
func undecided(tx *db.Tx, location string, rows []*record.Row) (lines []Line, err error) {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = string(r.ID)
	}
	list, err := identity.Undecided(tx, location, ids)
	for _, q := range list {
		lines = append(lines, Line{Fact: "are " + string(q.A) + " and " + string(q.B) + " the same?", Decision: "waits for a person",
			Rule: errorqueue.Mask(strings.Join(q.Evidence, "; "))})
	}
	return lines, err
}
