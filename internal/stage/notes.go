package stage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/equipment"
)

type written struct{ ID, Text string }

// notes lists what was written of the job's visits, in order: the technicians' notes and
// the lines of bills. A note that was there before anybody set out is the office's, and
// none of these.
func (f *fold) notes() (list []equipment.Note) {
	for _, r := range f.in.Job {
		c, ok := r.Get("notes")
		if !ok || c.Value == "[]" || c.Value == plumbline.Null || rank(r.Connection) != 0 {
			continue
		}
		for _, n := range listOf[written](c.Value) {
			at := f.heard(r, n, c)
			if t := f.during(at); t != nil && strings.TrimSpace(n.Text) != "" {
				list = append(list, equipment.Note{Visit: t.view.ID, At: at, Text: n.Text})
			}
		}
	}
	f.eachLine(func(i *invoice, _ line, line string) {
		n := equipment.Note{At: i.IssuedAt, Text: line, Line: true}
		if t := f.during(i.IssuedAt); t != nil {
			n.Visit, n.At = t.view.ID, begun(t)
		}
		list = append(list, n)
	})
	slices.SortStableFunc(list, func(a, b equipment.Note) int { return a.At.Compare(b.At) })
	return list
}

// eachLine goes through the lines of bills that stand and bill this job, each written as
// "KIND: NAME, DESCRIPTION".
func (f *fold) eachLine(do func(i *invoice, l line, text string)) {
	for _, id := range sorted(f.invoices) {
		i := f.invoices[id]
		for _, l := range i.lines {
			if !i.Void && l.Name+l.Description != "" && (l.Job == "" || f.isMine(l.Job)) {
				do(i, l, kindOf(l)+join(", ", l.Name, l.Description))
			}
		}
	}
}

// bought lists the plans that issued bills sell.
func (f *fold) bought() (list []Bought) {
	if len(f.in.Playbook.Plans) == 0 {
		return nil
	}
	f.eachLine(func(i *invoice, _ line, line string) {
		for _, p := range f.in.Playbook.Plans {
			if !i.IssuedAt.IsZero() && p.Sold(line) {
				list = append(list, Bought{p.ID, i.IssuedAt, line})
			}
		}
	})
	return list
}

// units lists the equipment that issued bills of a completed job say was installed. A line
// that several jobs share says it of none.
func (f *fold) units() (list []Unit) {
	if len(f.in.Playbook.Equipment.Installed) == 0 || f.job.Completed.IsZero() {
		return nil
	}
	f.eachLine(func(i *invoice, l line, text string) {
		if i.IssuedAt.IsZero() || l.Job == "" && len(i.shares) > 1 {
			return
		}
		fields, rule := f.in.Playbook.Equipment.Unit(text)
		if rule == "" {
			return
		}
		list = append(list, Unit{Name: i.ID + "/" + cmp.Or(l.ID, text), Fields: fields, At: f.job.Completed, Day: f.job.Completed.In(f.in.Zone).Format(time.DateOnly),
			Basis: "equipment.installed." + rule + ": the line \"" + text + "\""})
	})
	return list
}

// kindOf leads a line with what kind of line its tool says it is.
func kindOf(l line) string {
	if l.Kind == "" {
		return ""
	}
	return l.Kind + ": "
}

func join(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}

// isMine says whether a line that names a job names this one.
func (f *fold) isMine(job string) bool {
	return slices.ContainsFunc(f.in.Job, func(r *plumbline.SourceRecord) bool { return r.About == "" && r.External == job })
}

// heard says when a note of a record was first heard of: its id stands in no reading before.
// One without an id is as old as the list that holds it.
func (f *fold) heard(r *plumbline.SourceRecord, n written, now plumbline.Current) time.Time {
	at := now.From
	if n.ID != "" {
		id := `"id":` + string(plumbline.AppendJSON(nil, n.ID))
		if i := slices.IndexFunc(r.Readings, func(p plumbline.Stated) bool { return strings.Contains(string(p.Fields["notes"]), id) }); i >= 0 {
			at = f.happened(r)[i]
		}
	}
	return time.UnixMilli(at).UTC()
}

// during returns the visit that had begun last at an instant, of those that were not
// canceled; zero: at the end.
func (f *fold) during(at time.Time) (last *trip) {
	for _, t := range f.visits {
		b := begun(t)
		if !t.exists || t.view.Stage == "canceled" || b.IsZero() || !at.IsZero() && b.After(at) {
			continue
		}
		if last == nil || b.After(begun(last)) {
			last = t
		}
	}
	return last
}

// begun is when somebody set out for a visit or, where that is not known, was to.
func begun(t *trip) (at time.Time) {
	for _, x := range []time.Time{t.view.EnRoute, t.view.OnSite, t.view.Starts, t.view.Completed} {
		if !x.IsZero() && (at.IsZero() || x.Before(at)) {
			at = x
		}
	}
	return at
}
