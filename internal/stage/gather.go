package stage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
)

// gather turns the records into events.
func (f *fold) gather() {
	f.gatherTrips()
	for _, r := range f.in.Job {
		f.gatherJob(r)
	}
	f.gatherMoney()
}

func (f *fold) add(e event) { f.events = append(f.events, e) }

// field adds an event for each value that a record's field had.
func (f *fold) field(r *plumbline.SourceRecord, field, cause string, apply func(*fold, plumbline.Value, change)) {
	list := f.changes(r, field)
	if len(list) == 0 {
		return
	}
	key := string(r.ID) + field
	for _, c := range list {
		f.add(event{at: c.at, received: c.received, rank: rank(r.Connection), key: key,
			cause: said(r, cause, c.value), apply: func(f *fold) { apply(f, c.value, c) }})
	}
}

func said(r *plumbline.SourceRecord, what string, v plumbline.Value) string {
	if what == "" {
		return ""
	}
	if v == plumbline.Null {
		return r.Connection + ": no " + what
	}
	return r.Connection + ": " + what
}

func (f *fold) gatherJob(r *plumbline.SourceRecord) {
	text := func(field string, to *string) {
		f.field(r, field, "", func(f *fold, v plumbline.Value, _ change) { *to, f.asked = v.Text(), true })
	}
	text("number", &f.job.Number)
	text("description", &f.job.Description)
	text("type", &f.job.Type)
	text("source", &f.job.SourceURL)
	text("outcome", &f.job.Outcome)
	text("outcome_reason", &f.job.OutcomeReason)
	f.field(r, "qa", "QA", func(f *fold, v plumbline.Value, _ change) { f.ticked = v.Text() })
	f.field(r, "kind", "kind of job", func(f *fold, v plumbline.Value, _ change) { f.job.Type, f.asked = cmp.Or(v.Text(), f.job.Type), true })
	f.field(r, "tags", "", func(f *fold, v plumbline.Value, _ change) { f.job.Tags, f.asked = v.Texts(), true })
	f.field(r, "estimate", "", func(f *fold, v plumbline.Value, _ change) {
		f.job.Estimate, _ = v.Bool()
		f.asked = true
	})
	f.field(r, "no_charge", "no charge", func(f *fold, v plumbline.Value, _ change) { f.freed, _ = v.Bool() })
	f.field(r, "dispute", "dispute", func(f *fold, v plumbline.Value, _ change) { f.job.Disputed, _ = v.Bool(); f.dirty = true })
	f.field(r, "promised", "promise to pay", func(f *fold, v plumbline.Value, _ change) { f.job.Promised = v.Time() })
	f.field(r, "total", "total", func(f *fold, v plumbline.Value, _ change) { f.job.Total, f.dirty = cents(v), true })
	f.field(r, "options", "options", func(f *fold, v plumbline.Value, c change) { f.options(v, c.at) })
	f.field(r, "status", "status", func(f *fold, v plumbline.Value, _ change) { f.remove(v.Text() == "canceled", f.gone) })
	f.field(r, "canceled_at", "canceled", func(f *fold, v plumbline.Value, _ change) { f.remove(v != plumbline.Null, f.gone) })
	if r.Kind == plumbline.Job {
		f.gatherDeletion(r, "job deleted", func(gone bool) { f.remove(f.canceled, gone) })
	}
	if r.Created != 0 && rank(r.Connection) == 0 {
		created, received := r.Created, f.firstReceived(r)
		f.job.Created = time.UnixMilli(created).UTC()
		f.add(event{at: created, received: received, key: string(r.ID), cause: r.Connection + ": job created", apply: func(*fold) {}})
	}
	f.gatherRings(r, "")
}

// gatherDeletion lays out when a source deleted a record of its own, and when it told of
// it again.
func (f *fold) gatherDeletion(r *plumbline.SourceRecord, cause string, apply func(gone bool)) {
	if r.About != "" {
		return
	}
	times, gone := f.happened(r), false
	for i, p := range r.Readings {
		if p.Deleted == gone {
			continue
		}
		gone = p.Deleted
		e := event{at: times[i], received: p.Received, rank: rank(r.Connection), key: string(r.ID) + "gone", apply: func(*fold) { apply(p.Deleted) }}
		if gone {
			e.cause = r.Connection + ": " + cause
		}
		f.add(e)
	}
}

// remove notes whether the job's source says that it was canceled, or has deleted it.
func (f *fold) remove(canceled, gone bool) {
	f.canceled, f.gone = canceled, gone
	f.job.Removed = canceled || gone
}

func (f *fold) firstReceived(r *plumbline.SourceRecord) int64 {
	first := int64(0)
	for _, p := range r.Readings {
		if first == 0 || p.Received < first {
			first = p.Received
		}
	}
	return first
}

func (f *fold) options(v plumbline.Value, at int64) {
	f.job.OpenOptions, f.job.ApprovedOptions = 0, 0
	if list := listOf[struct{ Status string }](v); len(list) > 0 && f.job.OptionsFrom.IsZero() {
		f.job.OptionsFrom = time.UnixMilli(at).UTC()
	}
	for _, o := range listOf[struct{ Status string }](v) {
		switch o.Status {
		case "approved":
			f.job.ApprovedOptions++
		case "open":
			f.job.OpenOptions++
		}
	}
}

// gatherRings adds the rings of clocks that a record tells of. A ring counts from
// where its clock is set to that time: at once, or, where the clock was set after it
// was due, from then on.
func (f *fold) gatherRings(r *plumbline.SourceRecord, visit string) {
	for _, p := range r.Readings {
		for name := range p.Fields {
			rest, ok := strings.CutPrefix(name, "ring:")
			if !ok {
				continue
			}
			clock, at, _ := strings.Cut(rest, "/")
			due, err := time.Parse(time.RFC3339Nano, at)
			if err != nil {
				continue
			}
			rg := ring{clock: clock, visit: visit, due: due.UTC()}
			f.add(event{at: due.UnixMilli(), received: p.Received, rank: 2, key: name + visit, cause: "clock: " + clock,
				apply: func(f *fold) { f.rang = append(f.rang, rg) }})
		}
	}
}

// gatherTrips lays out the visits. A job whose tool knows no visits has one, under
// the job's own id; when visits appear, it is the one that begins when the job was
// first said to begin, so that what was told of it stays told.
func (f *fold) gatherTrips() {
	own := plumbline.SourceID("")
	var tool *plumbline.SourceRecord
	for _, r := range f.in.Job {
		if rank(r.Connection) == 0 && tool == nil {
			tool = r
			own = plumbline.NewSourceID(f.in.Location, r.Connection, plumbline.Visit, r.External)
		}
	}
	real, about := f.split(own)
	heir := f.heir(tool, real)
	for i := range real {
		id := real[i].ID
		if i == heir {
			id = own
		}
		t := f.newTrip(id)
		f.laid[real[i].ID] = t
		for _, r := range real[i].Records {
			f.gatherVisit(t, r)
		}
	}
	if heir < 0 && tool != nil && (len(real) == 0 || f.allGone(real)) && hasOwnTimes(tool) {
		t := f.newTrip(own)
		f.gatherOwn(t, tool)
	}
	for _, a := range about {
		if t := f.trip(own); t != nil {
			f.gatherVisit(t, a)
		}
	}
	if tool != nil {
		f.gatherMilestones(tool)
		f.gatherListed(tool, real)
	}
}

// split parts the trips into those that the tool knows and what was said about the
// one that stands under the job's own id.
func (f *fold) split(own plumbline.SourceID) (real []Trip, about []*plumbline.SourceRecord) {
	for _, t := range f.in.Visits {
		if t.ID == own {
			about = append(about, t.Records...)
			continue
		}
		known := slices.ContainsFunc(t.Records, func(r *plumbline.SourceRecord) bool { return r.ID == t.ID })
		if known {
			real = append(real, t)
		}
	}
	slices.SortFunc(real, func(a, b Trip) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return real, about
}

func (f *fold) allGone(real []Trip) bool {
	return !slices.ContainsFunc(real, func(t Trip) bool { return !t.Records[0].Deleted() })
}

func hasOwnTimes(tool *plumbline.SourceRecord) bool {
	for _, field := range []string{"starts", "status", "completed_at", "on_site_at", "en_route_at"} {
		if _, ok := tool.Get(field); ok {
			return true
		}
	}
	return false
}

// heir finds the visit that continues the one under the job's id.
func (f *fold) heir(tool *plumbline.SourceRecord, real []Trip) int {
	if tool == nil || len(real) == 0 {
		return -1
	}
	var first plumbline.Value
	for _, c := range f.changes(tool, "starts") {
		if c.value != plumbline.Null {
			first = c.value
			break
		}
	}
	if i := oldest(real, func(t Trip) bool { return first != "" && f.begins(t, first) }); i >= 0 {
		return i
	}
	return oldest(real, func(Trip) bool { return true })
}

// begins says whether a visit was ever to begin at a time.
func (f *fold) begins(t Trip, at plumbline.Value) bool {
	return slices.ContainsFunc(t.Records, func(r *plumbline.SourceRecord) bool {
		return slices.ContainsFunc(f.changes(r, "starts"), func(c change) bool { return c.value == at })
	})
}

// oldest finds the visit of which was heard first by its source's word, of those that
// fit, so that one that is added later does not take its place; -1 if none fits.
func oldest(real []Trip, fits func(Trip) bool) int {
	best, since := -1, int64(0)
	for i, t := range real {
		if at := t.Records[0].Readings[0].First.At; fits(t) && (best < 0 || at < since) {
			best, since = i, at
		}
	}
	return best
}

func (f *fold) newTrip(id plumbline.SourceID) *trip {
	if t := f.trip(id); t != nil {
		return t
	}
	t := &trip{view: plumbline.VisitView{ID: string(id)}}
	f.visits = append(f.visits, t)
	return t
}

// gatherVisit adds what one record says of one visit.
func (f *fold) gatherVisit(t *trip, r *plumbline.SourceRecord) {
	f.gatherOwn(t, r)
	for _, m := range []string{"en_route_at", "on_site_at", "paused_at", "completed_at"} {
		for _, e := range f.episodes(t, r, m) {
			f.milestone(t, m, r, e, false)
		}
	}
	f.field(r, "canceled_at", "visit canceled", func(_ *fold, v plumbline.Value, _ change) {
		t.canceled, t.view.Canceled = v != plumbline.Null, v.Time()
	})
	f.field(r, "outcome", "outcome", func(_ *fold, v plumbline.Value, _ change) { t.view.Outcome = v.Text() })
	f.field(r, "undone", "left undone", func(f *fold, v plumbline.Value, _ change) { f.job.Undone = v.Texts() })
	f.field(r, "eta", "", func(_ *fold, v plumbline.Value, _ change) { t.predict(v) })
	if r.Kind == plumbline.Visit && r.About == "" {
		times := f.happened(r)
		for i, p := range r.Readings {
			cause := ""
			if p.Deleted {
				cause = r.Connection + ": visit deleted"
			}
			f.add(event{at: times[i], received: p.Received, key: string(r.ID) + "gone", cause: cause, apply: func(*fold) { t.gone = p.Deleted; t.exists = true }})
		}
	}
	f.gatherRings(r, t.view.ID)
}

type prediction struct {
	Low, High time.Time
	Basis     string
}

func (t *trip) predict(v plumbline.Value) {
	t.view.ETALow, t.view.ETAHigh, t.view.ETABasis = time.Time{}, time.Time{}, ""
	for _, p := range listOf[prediction](v) {
		t.view.ETALow, t.view.ETAHigh, t.view.ETABasis = p.Low.UTC(), p.High.UTC(), p.Basis
	}
}

// gatherOwn adds the window and the assignment that a record gives a visit.
func (f *fold) gatherOwn(t *trip, r *plumbline.SourceRecord) {
	window := func(apply func(plumbline.Value)) func(*fold, plumbline.Value, change) {
		return func(_ *fold, v plumbline.Value, c change) {
			apply(v)
			t.exists = true
			t.inWindow = max(t.inWindow, c.received)
		}
	}
	f.field(r, "starts", "window", window(func(v plumbline.Value) { t.view.Starts = v.Time() }))
	f.field(r, "ends", "", window(func(v plumbline.Value) { t.view.Ends = v.Time() }))
	f.field(r, "window_minutes", "", func(_ *fold, v plumbline.Value, _ change) {
		t.view.Window = time.Duration(v.Int()) * time.Minute
	})
	f.field(r, "released", "dispatched", func(_ *fold, v plumbline.Value, _ change) { t.view.Released, _ = v.Bool() })
	f.field(r, "technicians", "assignment", func(f *fold, v plumbline.Value, _ change) {
		t.view.Assignments = nil
		for _, ext := range v.Texts() {
			id := plumbline.SourceID(ext) // the office names source records
			if r.About == "" {
				id = plumbline.NewSourceID(f.in.Location, r.Connection, plumbline.Technician, ext)
			}
			t.view.Assignments = append(t.view.Assignments, f.in.Technician(id))
		}
	})
	if r.Kind == plumbline.Job {
		f.field(r, "status", "status", func(_ *fold, v plumbline.Value, _ change) {
			t.exists = true
			t.canceled = v.Text() == "canceled"
		})
		f.field(r, "canceled_at", "canceled", func(_ *fold, v plumbline.Value, _ change) {
			t.canceled, t.view.Canceled = v != plumbline.Null, v.Time()
		})
	}
}

// gatherListed notes the visits that a whole reading of the job does not name any more.
func (f *fold) gatherListed(tool *plumbline.SourceRecord, real []Trip) {
	if len(real) == 0 {
		return
	}
	own := plumbline.NewSourceID(f.in.Location, tool.Connection, plumbline.Visit, tool.External)
	heir := f.heir(tool, real)
	f.field(tool, "visits", "visits", func(f *fold, v plumbline.Value, _ change) {
		named := v.Texts()
		if len(named) == 0 {
			return // this body lists none; a discarded visit is told by its own event
		}
		for i, r := range real {
			id := r.ID
			if i == heir {
				id = own
			}
			if t := f.trip(id); t != nil && t.exists {
				t.gone = !slices.Contains(named, r.Records[0].External)
			}
		}
	})
	f.field(tool, "canceled_at", "canceled", func(f *fold, v plumbline.Value, _ change) {
		for _, t := range f.visits {
			t.canceled = v != plumbline.Null
			t.view.Canceled = v.Time()
		}
	})
}
