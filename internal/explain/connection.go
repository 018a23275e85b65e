package explain

import (
	"fmt"
	"slices"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/tenant"
)

// countedDays is for how many days back nightly counts are shown of a connection.
const countedDays = 7

// connection explains how a connection is switched, whether it tells us what happens there,
// what was done about it, and what was counted. Not ok: the name is of none.
func (x *Explainer) connection(tx *db.Tx, location, name string) (e Explanation, ok bool, err error) {
	c, err := tenant.Get(tx, location, name)
	if plumbline.KindOf(err) == plumbline.NotFound {
		return e, false, nil
	}
	if err != nil {
		return e, false, err
	}
	e = Explanation{Subject: "connection " + c.Name + " of " + c.Tool, ID: c.Name}
	e.add("How it is switched", Line{Time: c.OnSince, Fact: c.Mode})
	list, err := lookup.WatchedOf(tx, location)
	if err != nil {
		return e, true, err
	}
	if i := slices.IndexFunc(list, func(w lookup.Watched) bool { return w.Connection == name }); i >= 0 {
		e.add("Whether it tells us what happens there", told(list[i])...)
	}
	items, err := errorqueue.List(tx, location)
	if err != nil {
		return e, true, err
	}
	var open []Line
	for _, i := range items {
		if i.Kind == errorqueue.Source && (i.Ref == name || len(i.Ref) > len(name) && i.Ref[:len(name)+1] == name+"/") {
			open = append(open, Line{Time: i.Opened, Fact: i.Title + ": " + i.Detail, Decision: i.Cure})
		}
	}
	e.add("What wants a person", open...)
	counts, err := lookup.Counts(tx, location, tx.Now.AddDate(0, 0, -countedDays), tx.Now.AddDate(0, 0, 1))
	var counted []Line
	for _, n := range counts {
		if n.Connection == name {
			counted = append(counted, Line{Fact: fmt.Sprintf("%s, %s: %d here, %d there", n.Night, n.Stream, n.Ours, n.Theirs),
				Decision: fmt.Sprintf("%d not here and %d not there were read", n.Missing, n.Gone), Rule: "compared by " + n.Compared})
		}
	}
	e.add("What was counted at night", counted...)
	return e, true, err
}

// told says what is known of how a source tells us.
func told(w lookup.Watched) (lines []Line) {
	if !w.Heard.IsZero() {
		lines = append(lines, Line{Time: w.Heard, Fact: "it spoke last by itself, to five minutes"})
	}
	if !w.Silent.IsZero() {
		lines = append(lines, Line{Time: w.Silent, Fact: "too silent for these hours since then"})
	}
	if w.State != "" {
		lines = append(lines, Line{Time: w.Since, Fact: map[string]string{
			"told": "it tells us", "off": "it does not tell us", "restored": "it was asked to tell us again, and nothing has come yet", "elsewhere": "it tells another"}[w.State]})
	}
	if !w.Restored.IsZero() {
		lines = append(lines, Line{Time: w.Restored, Fact: fmt.Sprintf("it was asked last to tell us again, %d times in all", w.Restores)})
	}
	if w.Note != "" {
		lines = append(lines, Line{Fact: w.Note})
	}
	if !w.Checked.IsZero() {
		lines = append(lines, Line{Time: w.Checked, Fact: "its vendor was asked last how it stands"})
	}
	return lines
}
