package advance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/golden"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
)

// A held is a plan of which something says that a person holds it.
type held struct {
	plumbline.MembershipView
	why golden.Winner
}

// memberships returns the plans that people hold by records of their own: by person, those
// that name the person, and those that name only a property under which they are listed.
func (w *work) memberships(people []string, o owning) (map[plumbline.GoldenID][]held, error) {
	any, err := w.belongings()
	if err != nil || !any {
		return nil, err
	}
	mine, err := record.Belonging(w.tx, w.location, plumbline.Membership, people)
	if err != nil {
		return nil, err
	}
	var places []string
	for _, list := range o.places {
		for _, id := range list {
			places = append(places, string(id))
		}
	}
	there, err := record.Belonging(w.tx, w.location, plumbline.Membership, distinct(places))
	if err != nil || len(mine)+len(there) == 0 {
		return nil, err
	}
	found, to, err := w.plans(mine, there)
	if err != nil {
		return nil, err
	}
	out := map[plumbline.GoldenID][]held{}
	for person, ids := range mine {
		for _, id := range ids {
			if h, ok := found[id]; ok && to[h.Customer] == person {
				out[person] = append(out[person], h)
			}
		}
	}
	for person, list := range o.places {
		for _, place := range list {
			for _, id := range there[place] {
				if h, ok := found[id]; ok && h.Customer == "" && to[h.Property] == place {
					out[person] = append(out[person], h)
				}
			}
		}
	}
	return out, nil
}

func (w *work) plans(named ...map[plumbline.GoldenID][]plumbline.GoldenID) (map[plumbline.GoldenID]held, map[plumbline.SourceID]plumbline.GoldenID, error) {
	var ids, refs []string
	for _, m := range named {
		for _, list := range m {
			for _, id := range list {
				ids = append(ids, string(id))
			}
		}
	}
	found, err := record.LoadGolden(w.tx, w.location, distinct(ids))
	if err != nil {
		return nil, nil, err
	}
	out := map[plumbline.GoldenID]held{}
	for id, g := range found {
		h := held{why: golden.Winner{Record: string(id), Rule: "a plan of record"}}
		if err := g.Read(&h.MembershipView); err != nil {
			return nil, nil, err
		}
		out[id] = h
		refs = append(refs, string(h.Property), string(h.Customer))
	}
	to, err := record.Resolve(w.tx, w.location, distinct(refs))
	return out, to, err
}

// inferred lists the plans that tags and bills say that a person holds, by the playbook.
func inferred(rules []*playbook.PlanRule, rows []*record.Row, jobs []storedJob, zone *time.Location) (list []held) {
	for _, rule := range rules {
		infer := func(source, why string, at time.Time) {
			h := held{plumbline.MembershipView{Plan: rule.Name, Status: "active", Months: int64(rule.Months)},
				golden.Winner{Source: source, Rank: golden.InferredRank.String(), Rule: "plans." + rule.ID + ": " + why}}
			if !at.IsZero() {
				h.Started, h.why.From = at.In(zone).Format(time.DateOnly), at.UnixMilli()
				if rule.Lasts > 0 {
					h.Renews = at.In(zone).AddDate(0, rule.Lasts, 0).Format(time.DateOnly)
				}
			}
			list = append(list, h)
		}
		for _, r := range rows {
			c, _ := r.Get("tags")
			for _, tag := range c.Value.Texts() {
				if rule.Tagged(tag) && !r.Deleted() {
					infer(r.Connection, "the customer's tag "+tag, time.Time{})
				}
			}
		}
		for _, j := range jobs {
			for _, tag := range j.Tags {
				if rule.Tagged(tag) && !j.Removed {
					infer("", fmt.Sprintf("the tag %s of job %s", tag, cmp.Or(j.Number, j.ID)), time.Time{})
				}
			}
			for _, b := range j.Bought {
				if b.Rule == rule.ID {
					infer("", fmt.Sprintf("the line %q of job %s", b.Line, cmp.Or(j.Number, j.ID)), b.At)
				}
			}
		}
	}
	return list
}

// holds notes which plan a person holds: of those of record and of those that are inferred,
// where none of record has the name; active before ended, of record before inferred, the
// one that began last. Its next visit is when the plan says, or so many months after the
// last maintenance, whichever is later.
func holds(p *Person, record, inferred []held, jobs []storedJob, zone *time.Location) {
	all := slices.Clone(record)
	for _, h := range inferred {
		if !slices.ContainsFunc(record, func(r held) bool { return strings.EqualFold(r.Plan, h.Plan) }) {
			all = append(all, h)
		}
	}
	if len(all) == 0 {
		return
	}
	ended := func(h held) int { return strings.Compare(h.Status, "active") }
	rank := func(h held) int { return len(h.why.Rank) }
	best := slices.MinFunc(all, func(a, b held) int {
		return cmp.Or(ended(a)-ended(b), rank(a)-rank(b), strings.Compare(b.Started, a.Started), strings.Compare(b.Renews, a.Renews), strings.Compare(a.Plan, b.Plan),
			strings.Compare(a.ID, b.ID), strings.Compare(a.why.Source+a.why.Rule, b.why.Source+b.why.Rule))
	})
	v := &p.View
	v.Plan, v.PlanStatus, v.PlanRenews = best.Plan, best.Status, noonOf(best.Renews, zone)
	p.Why["plan"] = best.why
	if best.Status != "active" {
		return
	}
	due := noonOf(best.NextDue, zone)
	if best.Months > 0 {
		last := noonOf(best.Started, zone)
		for _, j := range jobs {
			if j.Kind == "maintenance" && j.Completed.After(last) {
				last = j.Completed
			}
		}
		if next := last.AddDate(0, int(best.Months), 0); !last.IsZero() && next.After(due) && (best.NextDue == "" || !last.Equal(noonOf(best.Started, zone))) {
			due = next
		}
	}
	if !due.IsZero() {
		v.NextMaintenance = due
		p.Why["next_maintenance"] = best.why
	}
}

// noonOf is noon of a day, which is that day in every zone of the country.
func noonOf(day string, zone *time.Location) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil {
		return time.Time{}
	}
	return t.Add(12 * time.Hour).UTC()
}
