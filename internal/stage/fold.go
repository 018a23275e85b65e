package stage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/playbook"
)

// A fold is the job as it stood at one instant while its statements are gone through.
type fold struct {
	in     Input
	times  map[*plumbline.SourceRecord][]int64 // when what its readings say happened
	events []event
	known  int64

	job      plumbline.JobView
	visits   []*trip
	invoices map[string]*invoice
	payments map[string]*payment
	rang     []ring          // rings that do not count yet
	rung     map[string]ring // by clock, or visit and clock

	history  History
	since    map[string]time.Time         // as history tells it; nil: it has to be asked
	stages   map[string]History           // of visits
	laid     map[plumbline.SourceID]*trip // a source's visit -> where it was laid
	dirty    bool                         // money changed
	asked    bool                         // what the kind of job follows from has changed
	free     bool                         // the kind of job costs nothing
	ticked   string                       // the office's word on QA
	freed    bool                         // somebody said: no charge
	gone     bool                         // its source has deleted it
	canceled bool                         // its source says so
	failed   error
}

type trip struct {
	view     plumbline.VisitView
	canceled bool
	gone     bool
	paused   time.Time
	inWindow int64 // received of the window as it is
	exists   bool
}

type ring struct {
	clock string
	visit string
	due   time.Time
}

func newFold(in Input) *fold {
	f := &fold{in: in, events: make([]event, 0, 64), times: map[*plumbline.SourceRecord][]int64{}, invoices: map[string]*invoice{}, payments: map[string]*payment{}, rung: map[string]ring{}, stages: map[string]History{}, laid: map[plumbline.SourceID]*trip{}}
	f.job.ID = string(in.ID)
	f.job.QA = "pending"
	return f
}

// judge works out what holds after a group of statements of one instant.
func (f *fold) judge(group []*event) error {
	if f.failed != nil {
		return f.failed
	}
	at := time.UnixMilli(group[0].at).UTC()
	cause := causes(group)
	if f.dirty {
		f.settle()
	}
	f.show()
	if err := f.kind(); err != nil {
		return err
	}
	if err := f.ringing(); err != nil {
		return err
	}
	for _, t := range f.visits {
		if t.exists {
			f.visitStage(t, at, cause)
		}
	}
	f.show()
	if err := f.jobStages(at, cause); err != nil {
		return err
	}
	return f.ringing() // what holds now decides which clocks are set
}

func causes(group []*event) string {
	var parts []string
	for _, e := range group {
		if e.cause != "" && !slices.Contains(parts, e.cause) {
			parts = append(parts, e.cause)
		}
	}
	if len(parts) > 4 {
		parts = append(parts[:4], "and more")
	}
	return strings.Join(parts, ", ")
}

// show makes the view that predicates see from what is known so far.
func (f *fold) show() {
	f.job.Visits = f.job.Visits[:0]
	f.job.PlannedEnd = time.Time{}
	for _, t := range f.visits {
		if !t.exists {
			continue
		}
		f.job.Visits = append(f.job.Visits, t.view)
		if t.view.Stage != "canceled" && t.view.Ends.After(f.job.PlannedEnd) {
			f.job.PlannedEnd = t.view.Ends
		}
	}
}

// sort out of which kind the job is, by what is known of it.
func (f *fold) kind() error {
	if !f.asked && f.job.Kind != "" {
		f.job.NoCharge = f.freed || f.free
		return nil
	}
	f.asked = false
	kind, err := f.in.Playbook.KindOf(&f.job)
	if err != nil || kind == nil {
		return err
	}
	f.job.Kind, f.job.Service = kind.Kind, kind.Service["en"]
	f.free = kind.NoCharge
	f.job.NoCharge = f.freed || f.free
	return nil
}

// ringing keeps the rings whose clock is still set to the time at which it rang.
func (f *fold) ringing() error {
	f.job.Rings = f.job.Rings[:0]
	for _, t := range f.visits {
		t.view.DayBegun = false
	}
	if err := f.count(); err != nil {
		return err
	}
	for _, key := range sorted(f.rung) {
		r := f.rung[key]
		due, ok, err := f.due(r, false)
		if err != nil {
			return err
		}
		if !ok || !due.Equal(r.due) {
			delete(f.rung, key)
			f.rang = append(f.rang, r) // it counts again if the clock is set back
			continue
		}
		switch t := f.trip(plumbline.SourceID(r.visit)); {
		case t != nil && r.clock == "day_begun":
			t.view.DayBegun = true
		case r.visit != "":
			f.job.Rings = append(f.job.Rings, r.clock+"@"+r.visit)
		default:
			f.job.Rings = append(f.job.Rings, r.clock)
		}
	}
	f.job.QA = cmp.Or(f.ticked, "pending")
	if f.job.QA == "pending" && slices.Contains(f.job.Rings, "qa_unproven") {
		f.job.QA = "unproven"
	}
	return nil
}

// sorted returns the keys of a map in order. Most of the maps are empty, most of the
// time, and slices.Sorted over maps.Keys takes three allocations to find that out.
func sorted[V any](m map[string]V) []string {
	if len(m) == 0 {
		return nil
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// count takes up the rings whose clock is set to the time at which they rang.
func (f *fold) count() error {
	for i := 0; i < len(f.rang); {
		r := f.rang[i]
		due, set, err := f.due(r, true)
		if err != nil {
			return err
		}
		if !set || !due.Equal(r.due) {
			i++
			continue
		}
		f.rung[r.visit+"/"+r.clock] = r
		f.rang = slices.Delete(f.rang, i, i+1)
	}
	return nil
}

// due says when a clock rings as things stand; set: only if it is set at all.
func (f *fold) due(r ring, set bool) (time.Time, bool, error) {
	c := f.in.Playbook.Clocks[r.clock]
	if c == nil {
		return time.Time{}, false, nil
	}
	env := f.env()
	if t := f.trip(plumbline.SourceID(r.visit)); t != nil {
		env.Visit = &t.view
	}
	if !set {
		always := *c
		always.When = nil
		c = &always
	}
	return c.Due(env, f.in.Zone, f.in.Open)
}

func (f *fold) env() playbook.Env {
	if f.since == nil {
		f.since = f.history.Since()
	}
	return playbook.Env{Job: &f.job, Property: f.in.Property, Since: f.since}
}

func (f *fold) trip(id plumbline.SourceID) *trip {
	for _, t := range f.visits {
		if t.view.ID == string(id) {
			return t
		}
	}
	return nil
}

// visitStage derives where a visit stands from its times.
func (f *fold) visitStage(t *trip, at time.Time, cause string) {
	v := &t.view
	next := "unscheduled"
	if !v.Starts.IsZero() {
		next = "scheduled"
	}
	var latest time.Time
	for _, m := range []struct {
		stage string
		at    time.Time
	}{{"en_route", v.EnRoute}, {"on_site", v.OnSite}, {"paused", t.paused}, {"complete", v.Completed}} {
		if !m.at.IsZero() && !m.at.Before(latest) && (m.stage == "complete" || !f.movedAway(t, m.at)) {
			next, latest = m.stage, m.at
		}
	}
	if (t.canceled || t.gone) && v.Completed.IsZero() {
		next = "canceled"
	}
	if next == v.Stage {
		f.redate(t, next)
		return
	}
	h := f.stages[v.ID]
	if n := len(h); n > 0 && h[n-1].Withdrew.IsZero() {
		h[n-1].Withdrew, h[n-1].Ended = at, cause
	}
	f.stages[v.ID] = append(h, Episode{Stage: next, Reached: at, Known: time.UnixMilli(f.known).UTC(), Cause: cause})
	v.Stage = next
}

// redate moves the beginning of the stage that holds to what its time says now.
func (f *fold) redate(t *trip, stage string) {
	h := f.stages[t.view.ID]
	if n := len(h); n > 0 && stage == "canceled" && !t.view.Canceled.IsZero() {
		h[n-1].Reached = t.view.Canceled
	}
}

// movedAway says whether the visit has been moved to a later day than the one on
// which the trip began, or taken off the calendar: that trip did not lead to it. Of a
// visit that the source has not described by then nothing is known to have moved.
func (f *fold) movedAway(t *trip, began time.Time) bool {
	if t.view.Starts.IsZero() {
		return t.inWindow != 0
	}
	start, trip := t.view.Starts.In(f.in.Zone), began.In(f.in.Zone)
	return day(start) > day(trip) && start.Sub(began) > 12*time.Hour
}

func day(t time.Time) int { return t.Year()*1000 + t.YearDay() }

// jobStages evaluates the predicates in list order: each that begins to hold is
// reached here, each that ceases is withdrawn, the stage is the last that holds.
func (f *fold) jobStages(at time.Time, cause string) error {
	before := f.job.Holding
	f.job.Holding = make([]string, 0, len(before)+1)
	for _, s := range f.in.Playbook.Job.Stages {
		holds, err := s.When.Holds(&f.job)
		if err != nil {
			return err
		}
		held := slices.Contains(before, s.Name)
		if holds {
			f.job.Holding = append(f.job.Holding, s.Name)
			f.job.Stage = s.Name
		}
		switch {
		case holds && !held:
			f.history = append(f.history, Episode{Stage: s.Name, Reached: at, Known: time.UnixMilli(f.known).UTC(), Cause: cause})
			f.mark(s.Name, at)
			f.since = nil
		case !holds && held:
			f.withdraw(s.Name, at, cause)
			f.mark(s.Name, time.Time{})
		}
	}
	return nil
}

func (f *fold) withdraw(stage string, at time.Time, cause string) {
	for i := range slices.Backward(f.history) {
		if e := &f.history[i]; e.Stage == stage && e.Withdrew.IsZero() {
			e.Withdrew, e.Ended, f.since = at, cause, nil
			return
		}
	}
}

func (f *fold) mark(stage string, at time.Time) {
	if stage == "completed" {
		f.job.Completed = at
	}
}

func (f *fold) done() (Folded, error) {
	if err := f.next(); err != nil {
		return Folded{}, err
	}
	out := Folded{Job: f.job, History: f.history, Visits: f.stages, WindowKnown: map[string]time.Time{}}
	out.Job.Visits = slices.Clone(f.job.Visits)
	slices.SortFunc(out.Job.Visits, func(a, b plumbline.VisitView) int {
		return cmp.Or(a.Starts.Compare(b.Starts), strings.Compare(a.ID, b.ID))
	})
	for i := range out.Job.Visits {
		v := &out.Job.Visits[i]
		v.Reopened = reopened(*v, f.stages[v.ID])
	}
	out.Notes, out.Bought, out.Units = f.notes(), f.bought(), f.units()
	for _, n := range out.Notes {
		i := slices.IndexFunc(out.Job.Visits, func(v plumbline.VisitView) bool { return v.ID == n.Visit })
		if i >= 0 && !n.Line {
			out.Job.Visits[i].Notes = join("\n", out.Job.Visits[i].Notes, n.Text)
		}
	}
	out.Ledger = f.ledger()
	for _, t := range f.visits {
		if t.exists {
			out.WindowKnown[t.view.ID] = time.UnixMilli(t.inWindow).UTC()
		}
	}
	for _, rs := range f.in.Job {
		if rs.Ahead {
			out.Flags = append(out.Flags, "the clock of "+rs.Connection+" ran ahead; its times were cut to their receipt")
		}
	}
	return out, f.failed
}

// reopened says when a visit's completion was taken back, if it is not complete.
func reopened(v plumbline.VisitView, h History) (at time.Time) {
	if v.Stage == "complete" {
		return at
	}
	for _, e := range h {
		if e.Stage == "complete" {
			at = e.Withdrew
		}
	}
	return at
}

// next works out when the maintenance is due that the job sets.
func (f *fold) next() error {
	f.job.NextDue = time.Time{}
	if f.job.Completed.IsZero() {
		return nil
	}
	for _, c := range f.in.Playbook.Job.Next {
		due, ok, err := c.Due(f.env(), f.in.Zone, f.in.Open)
		if err != nil {
			return err
		}
		if ok {
			f.job.NextDue = due
			return nil
		}
	}
	return nil
}
