package stage

import (
	"slices"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/playbook"
)

const location = "brightwater"

var (
	boise, _ = time.LoadLocation("America/Boise")
	policy   = load()
)

func load() *playbook.Playbook {
	pb, err := playbook.Load(playbook.BuiltIn())
	if err != nil {
		panic(err)
	}
	return pb
}

// at is a local time in May 2026.
func at(day, hour, minute int) time.Time {
	return time.Date(2026, 5, day, hour, minute, 0, 0, boise).UTC()
}

type weekdays struct{}

func (weekdays) Open(t time.Time) (bool, time.Time) { return true, t }

func (weekdays) DayOff(time.Time) bool { return false }

func (weekdays) WorkingDay(t time.Time, n, minutes int) time.Time {
	for n > 0 {
		if t = t.AddDate(0, 0, 1); t.Weekday() != time.Sunday && t.Weekday() != time.Saturday {
			n--
		}
	}
	return t
}

// A story is what was said of one job, to be folded.
type story struct {
	t        *testing.T
	job      *plumbline.SourceRecord
	about    []*plumbline.SourceRecord
	visits   map[string]*plumbline.SourceRecord
	invoices map[string]*plumbline.SourceRecord
	payments map[string]*plumbline.SourceRecord
}

type fields map[string]any

func newStory(t *testing.T) *story {
	id := plumbline.NewSourceID(location, "hcp", plumbline.Job, "job_1")
	return &story{t: t, job: &plumbline.SourceRecord{ID: id, Kind: plumbline.Job, Connection: "hcp", External: "job_1", Created: at(1, 8, 0).UnixMilli()},
		visits: map[string]*plumbline.SourceRecord{}, invoices: map[string]*plumbline.SourceRecord{}, payments: map[string]*plumbline.SourceRecord{}}
}

func values(f fields) map[string]plumbline.Value {
	out := map[string]plumbline.Value{}
	for name, v := range f {
		switch v := v.(type) {
		case time.Time:
			out[name] = plumbline.TimeValue(v)
		default:
			out[name] = plumbline.JSONValue(v)
		}
	}
	return out
}

// says lets the tool state fields of the job at an instant, received a second later.
func (s *story) says(when time.Time, f fields) *story {
	return s.hears(when, when.Add(time.Second), f)
}

func (s *story) hears(when, received time.Time, f fields) *story {
	s.job.Add(plumbline.Reading{Kind: plumbline.Job, ID: "job_1", At: when, Fields: values(f)}, received, nil)
	return s
}

func (s *story) record(m map[string]*plumbline.SourceRecord, kind plumbline.Kind, id string) *plumbline.SourceRecord {
	if m[id] == nil {
		m[id] = &plumbline.SourceRecord{ID: plumbline.NewSourceID(location, "hcp", kind, id), Kind: kind, Connection: "hcp", External: id}
	}
	return m[id]
}

func (s *story) visit(id string, when time.Time, f fields) *story {
	s.record(s.visits, plumbline.Visit, id).Add(plumbline.Reading{Kind: plumbline.Visit, ID: id, At: when, Fields: values(f)}, when.Add(time.Second), nil)
	return s
}

func (s *story) discard(id string, when time.Time) *story {
	s.record(s.visits, plumbline.Visit, id).Add(plumbline.Reading{Kind: plumbline.Visit, ID: id, At: when, Deleted: true}, when.Add(time.Second), nil)
	return s
}

func (s *story) invoice(id string, when time.Time, f fields) *story {
	f["job"] = "job_1"
	s.record(s.invoices, plumbline.Invoice, id).Add(plumbline.Reading{Kind: plumbline.Invoice, ID: id, At: when, Fields: values(f)}, when.Add(time.Second), nil)
	return s
}

func (s *story) pays(id, invoice string, when time.Time, amount, status string) *story {
	s.record(s.payments, plumbline.Payment, id).Add(plumbline.Reading{Kind: plumbline.Payment, ID: id, At: when,
		Fields: values(fields{"invoice": invoice, "amount": amount, "status": status, "at": when, "method": "card"})}, when.Add(time.Second), nil)
	return s
}

// office lets the office, or a clock, state something about the job.
func (s *story) office(connection string, when time.Time, f fields) *story {
	r := &plumbline.SourceRecord{ID: plumbline.SourceID("about" + connection), Kind: plumbline.Job, Connection: connection, About: s.job.ID}
	for _, have := range s.about {
		if have.Connection == connection {
			r = have
		}
	}
	if !slices.Contains(s.about, r) {
		s.about = append(s.about, r)
	}
	r.Add(plumbline.Reading{Kind: plumbline.Job, About: s.job.ID, At: when, Fields: values(f)}, when, nil)
	return s
}

func (s *story) rings(clock string, due time.Time) *story {
	return s.office(plumbline.Clock, due, fields{"ring:" + clock + "/" + due.Format("2006-01-02T15:04:05.000Z"): []string{clock}})
}

func (s *story) fold() Folded {
	s.t.Helper()
	in := Input{ID: s.job.ID, Location: location, Job: append([]*plumbline.SourceRecord{s.job}, s.about...), Zone: boise, Playbook: policy, Open: weekdays{},
		Technician: func(id plumbline.SourceID) plumbline.AssignmentView {
			return plumbline.AssignmentView{Technician: string(id)}
		}}
	for _, v := range s.visits {
		in.Visits = append(in.Visits, Trip{ID: v.ID, Records: []*plumbline.SourceRecord{v}})
	}
	for _, i := range s.invoices {
		in.Invoices = append(in.Invoices, Bill{ID: i.ID, Records: []*plumbline.SourceRecord{i}})
	}
	for _, p := range s.payments {
		in.Payments = append(in.Payments, p)
	}
	out, err := Fold(in)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// want checks the stage and the episodes of the job: "booked", "completed*" for one
// that was withdrawn.
func (s *story) want(stage string, episodes ...string) Folded {
	s.t.Helper()
	f := s.fold()
	if f.Job.Stage != stage {
		s.t.Errorf("the job is %s, want %s", f.Job.Stage, stage)
	}
	var got []string
	for _, e := range f.History {
		name := e.Stage
		if !e.Withdrew.IsZero() {
			name += "*"
		}
		got = append(got, name)
	}
	if len(episodes) > 0 && !slices.Equal(got, episodes) {
		s.t.Errorf("the history is %v, want %v", got, episodes)
	}
	return f
}

func scheduled(t *testing.T) *story {
	return newStory(t).says(at(1, 8, 0), fields{"status": "unscheduled", "description": "leak"}).
		says(at(1, 8, 5), fields{"status": "scheduled", "starts": at(5, 8, 0), "ends": at(5, 10, 0), "technicians": []string{"pro_1"}})
}

func done(t *testing.T) *story {
	return scheduled(t).says(at(5, 7, 31), fields{"en_route_at": at(5, 7, 31)}).
		says(at(5, 8, 6), fields{"on_site_at": at(5, 8, 6), "status": "in_progress"}).
		says(at(5, 9, 48), fields{"completed_at": at(5, 9, 48), "status": "complete", "total": "390.00"})
}

func TestAssignmentAheadIsNoDispatch(t *testing.T) {
	scheduled(t).want("booked", "booked")
}

func TestTheDayOfAnAssignedVisitDispatchesIt(t *testing.T) {
	s := scheduled(t)
	visit := string(plumbline.NewSourceID(location, "hcp", plumbline.Visit, "job_1"))
	r := &plumbline.SourceRecord{ID: "ring", Kind: plumbline.Visit, Connection: plumbline.Clock, About: plumbline.SourceID(visit)}
	r.Add(plumbline.Reading{Kind: plumbline.Visit, About: r.About, At: at(5, 6, 0), Fields: values(fields{
		"ring:day_begun/" + at(5, 6, 0).Format("2006-01-02T15:04:05.000Z"): []string{"x"}})}, at(5, 6, 0), nil)
	in := func() Folded {
		out, err := Fold(Input{ID: s.job.ID, Location: location, Job: []*plumbline.SourceRecord{s.job}, Zone: boise, Playbook: policy, Open: weekdays{},
			Visits:     []Trip{{ID: r.About, Records: []*plumbline.SourceRecord{r}}},
			Technician: func(plumbline.SourceID) plumbline.AssignmentView { return plumbline.AssignmentView{} }})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if f := in(); f.Job.Stage != "dispatched" || !f.History[1].Reached.Equal(at(5, 6, 0)) {
		t.Errorf("after 06:00 of its day the job is %s", f.Job.Stage)
	}
	s.says(at(5, 7, 0), fields{"starts": at(6, 8, 0), "ends": at(6, 10, 0)})
	if f := in(); f.Job.Stage != "booked" {
		t.Errorf("moved to another day, the job is %s, want booked", f.Job.Stage)
	}
}

func TestTheStagesOfAWholeJob(t *testing.T) {
	s := done(t)
	s.want("completed", "booked", "dispatched", "completed")
	s.invoice("inv_1", at(5, 9, 50), fields{"amount": "390.00", "status": "open", "issued_at": nil})
	s.want("completed")
	s.invoice("inv_1", at(5, 9, 52), fields{"amount": "390.00", "status": "open", "issued_at": at(5, 9, 52), "due_at": at(5, 23, 0)})
	f := s.want("invoiced", "booked", "dispatched", "completed", "invoiced")
	if f.Job.SettledBalance != 39000 || !f.Job.Due.Equal(at(5, 23, 0)) {
		t.Errorf("balance %d due %v, want 39000 due 23:00", f.Job.SettledBalance, f.Job.Due)
	}
	s.pays("pay_1", "inv_1", at(5, 9, 55), "390.00", "settled")
	f = s.want("paid", "booked", "dispatched", "completed", "invoiced", "paid")
	if !f.Job.LastPaid.Equal(at(5, 9, 55)) {
		t.Errorf("last paid %v", f.Job.LastPaid)
	}
}

func TestCompleteThenUncompleted(t *testing.T) {
	s := done(t).says(at(5, 10, 30), fields{"completed_at": nil, "status": "in_progress"})
	taken := s.want("dispatched", "booked", "dispatched", "completed*")
	if v := taken.Job.Visits[0]; !v.Reopened.Equal(at(5, 10, 30)) {
		t.Errorf("reopened %v, want 10:30", v.Reopened)
	}
	f := s.says(at(5, 12, 0), fields{"completed_at": at(5, 12, 0), "status": "complete"}).
		want("completed", "booked", "dispatched", "completed*", "completed")
	if !f.Job.Completed.Equal(at(5, 12, 0)) {
		t.Errorf("completed %v, want 12:00", f.Job.Completed)
	}
	if v := f.Job.Visits[0]; !v.Reopened.IsZero() {
		t.Errorf("complete again, it is reopened %v", v.Reopened)
	}
}

// Two notices of one second come the wrong way round; a later one says how it is.
func TestAnOlderWordOfTheSameSecondTakesNothingBack(t *testing.T) {
	f := done(t).says(at(5, 9, 48).Add(time.Millisecond), fields{"completed_at": nil, "status": "in_progress"}).
		says(at(5, 13, 0), fields{"completed_at": at(5, 9, 48), "status": "complete"}).
		want("completed", "booked", "dispatched", "completed")
	if !f.Job.Completed.Equal(at(5, 9, 48)) {
		t.Errorf("completed %v, want 9:48", f.Job.Completed)
	}
}

// The source's clock runs ahead: what it says happened lies after its receipt, to which
// its versions are cut.
func TestAnOlderWordOfTheSameSecondTakesNothingBackOfAClockAhead(t *testing.T) {
	heard := at(5, 9, 47)
	scheduled(t).hears(at(5, 9, 48), heard, fields{"completed_at": at(5, 9, 48), "status": "complete"}).
		hears(at(5, 9, 48), heard.Add(time.Millisecond), fields{"completed_at": nil, "status": "in_progress"}).
		hears(at(5, 9, 48), heard.Add(2*time.Millisecond), fields{"completed_at": at(5, 9, 48), "status": "complete", "total": "1.00"}).
		want("completed")
}

// The same, and the first word of the second comes late, after a read has told that the
// job is complete: what took it back then took back nothing later.
func TestAWordThatComesLateIsNotTakenBackAfterwards(t *testing.T) {
	heard := at(5, 9, 47)
	s := scheduled(t).hears(at(5, 9, 48), heard.Add(4*time.Minute), fields{"completed_at": at(5, 9, 48), "status": "complete"}).
		hears(at(5, 9, 48), heard, fields{"completed_at": nil, "status": "in_progress", "note": "a"})
	s.job.Add(plumbline.Reading{Kind: plumbline.Job, ID: "job_1", At: at(5, 9, 48), Read: heard.Add(time.Second),
		Fields: values(fields{"completed_at": at(5, 9, 48), "status": "complete"})}, heard.Add(time.Second), nil)
	s.want("completed")
}

// Notices of one second contradict each other twice over, in the order of their digests,
// before a read of the same instant settles it.
func TestAReadSettlesWhatWasTakenBackTwice(t *testing.T) {
	heard := at(5, 9, 47)
	for n := range 40 {
		s := scheduled(t)
		for i, late := range []time.Duration{0, 0, time.Minute, 0} {
			f := fields{"completed_at": at(5, 9, 48), "status": "complete", "note": n*4 + i}
			if i%2 == 1 {
				f = fields{"completed_at": nil, "status": "in_progress", "note": n*4 + i}
			}
			s.hears(at(5, 9, 48), heard.Add(late), f)
		}
		s.job.Add(plumbline.Reading{Kind: plumbline.Job, ID: "job_1", At: at(5, 9, 48), Read: heard,
			Fields: values(fields{"completed_at": at(5, 9, 48), "status": "complete"})}, heard, nil)
		s.want("completed")
	}
}

// Taken off the calendar and planned again for the same hour: what happens then happens
// on the visit that stands.
func TestWhatHappensBelongsToTheVisitThatStands(t *testing.T) {
	slot := func() fields {
		return fields{"job": "job_1", "starts": at(5, 8, 0), "ends": at(5, 10, 0), "technicians": []string{"pro_1"}}
	}
	for _, ids := range [][2]string{{"a", "b"}, {"b", "a"}} { // whichever comes first
		gone, stands := ids[0], ids[1]
		newStory(t).says(at(1, 8, 0), fields{"status": "scheduled", "visits": []string{gone}}).visit(gone, at(1, 8, 0), slot()).
			discard(gone, at(2, 8, 0)).visit(stands, at(2, 9, 0), slot()).says(at(2, 9, 0), fields{"visits": []string{stands}}).
			says(at(5, 9, 48), fields{"completed_at": at(5, 9, 48), "status": "complete"}).
			want("completed")
	}
}

// The word that it was taken off is lost: the job's list of visits says so as well.
func TestWhatHappensBelongsToTheVisitThatIsListed(t *testing.T) {
	slot := func() fields {
		return fields{"job": "job_1", "starts": at(5, 8, 0), "ends": at(5, 10, 0), "technicians": []string{"pro_1"}}
	}
	for _, ids := range [][2]string{{"a", "b"}, {"b", "a"}} { // whichever comes first
		gone, stands := ids[0], ids[1]
		listed := func() *story {
			return newStory(t).says(at(1, 8, 0), fields{"status": "scheduled", "visits": []string{gone}}).visit(gone, at(1, 8, 0), slot()).
				visit(stands, at(2, 9, 0), slot()).says(at(2, 9, 0), fields{"visits": []string{stands}})
		}
		complete := fields{"completed_at": at(5, 9, 48), "status": "complete"}
		listed().says(at(5, 9, 48), complete).want("completed")
		listed().says(at(3, 8, 0), fields{"visits": []string{gone}}).says(at(5, 9, 48), complete).want("completed")
	}
}

// A visit that is planned for the hour of one that was taken off is another one, and
// does not take its name.
func TestAVisitThatIsPlannedAgainDoesNotTakeThePlaceOfTheFirst(t *testing.T) {
	slot := func() fields { return fields{"job": "job_1", "starts": at(5, 8, 0), "ends": at(5, 10, 0)} }
	own := string(plumbline.NewSourceID(location, "hcp", plumbline.Visit, "job_1"))
	for _, ids := range [][2]string{{"a", "b"}, {"b", "a"}} { // whichever comes first
		gone, again := ids[0], ids[1]
		f := newStory(t).says(at(1, 8, 0), fields{"status": "scheduled", "starts": at(5, 8, 0), "visits": []string{gone}}).visit(gone, at(1, 8, 0), slot()).
			discard(gone, at(2, 8, 0)).visit(again, at(2, 9, 0), slot()).says(at(2, 9, 0), fields{"visits": []string{again}}).fold()
		for _, v := range f.Job.Visits {
			if want := map[bool]string{true: "canceled", false: "scheduled"}[v.ID == own]; v.Stage != want {
				t.Errorf("with %s planned after %s, visit %s is %s, want %s", again, gone, v.ID, v.Stage, want)
			}
		}
	}
}

// The word that a truck set out is lost, and comes with the next one: the visit is
// heard of only then, and the truck has been on its way for half an hour.
func TestATripIsAsOldAsItIsThoughTheVisitIsHeardOfLater(t *testing.T) {
	f := newStory(t).says(at(5, 8, 19), fields{"status": "scheduled", "starts": at(5, 8, 0), "ends": at(5, 10, 0), "en_route_at": at(5, 7, 49)}).fold()
	v := f.Job.Visits[0]
	h := f.Visits[v.ID]
	if last := h[len(h)-1]; last.Stage != "en_route" || !last.Reached.Equal(at(5, 7, 49)) || !v.EnRoute.Equal(at(5, 7, 49)) {
		t.Errorf("the visit is %s since %v, on the way at %v, want en_route since 7:49", last.Stage, last.Reached, v.EnRoute)
	}
	if f.Job.Stage != "dispatched" {
		t.Errorf("the job is %s, want dispatched", f.Job.Stage)
	}
}

// Nobody was home, and the visit was moved to the next day: the tool writes the second
// trip over the first, and both happened.
func TestASecondTripToAMovedVisitDoesNotRedateTheFirst(t *testing.T) {
	f := scheduled(t).says(at(5, 7, 48), fields{"en_route_at": at(5, 7, 48)}).
		says(at(5, 8, 48), fields{"starts": at(6, 8, 0), "ends": at(6, 10, 0)}).
		says(at(6, 7, 43), fields{"en_route_at": at(6, 7, 43)}).fold()
	v := f.Job.Visits[0]
	var got []string
	for _, e := range f.Visits[v.ID] {
		got = append(got, e.Stage+" "+e.Reached.In(boise).Format("2 15:04"))
	}
	if want := []string{"unscheduled 1 08:00", "scheduled 1 08:05", "en_route 5 07:48", "scheduled 5 08:48", "en_route 6 07:43"}; !slices.Equal(got, want) {
		t.Errorf("the visit went through %v, want %v", got, want)
	}
	if !v.EnRoute.Equal(at(6, 7, 43)) {
		t.Errorf("the truck is on the way since %v, want 7:43 of the second day", v.EnRoute)
	}
}

// The first word was heard long ago: what corrects it is not cut to then.
func TestACorrectionIsCutToItsOwnReceipt(t *testing.T) {
	f := done(t).says(at(5, 11, 0), fields{"completed_at": at(5, 10, 30)}).fold()
	if !f.Job.Completed.Equal(at(5, 10, 30)) {
		t.Errorf("completed %v, want the corrected 10:30", f.Job.Completed)
	}
}

func TestACorrectedTimeRedatesAndDoesNotRepeat(t *testing.T) {
	f := done(t).says(at(5, 11, 0), fields{"completed_at": at(5, 9, 30)}).want("completed", "booked", "dispatched", "completed")
	if !f.Job.Completed.Equal(at(5, 9, 30)) {
		t.Errorf("completed %v, want the corrected 9:30", f.Job.Completed)
	}
}

// The word of the first trip comes after that of the second.
func TestALateFirstTrip(t *testing.T) {
	s := newStory(t).says(at(1, 8, 0), fields{"status": "scheduled", "visits": []string{"a", "b"}}).
		visit("a", at(1, 8, 0), fields{"starts": at(4, 8, 0), "ends": at(4, 10, 0)}).
		visit("b", at(1, 8, 0), fields{"starts": at(6, 8, 0), "ends": at(6, 10, 0)}).
		says(at(6, 9, 0), fields{"on_site_at": at(6, 8, 5), "completed_at": at(6, 9, 0), "status": "complete"}).
		hears(at(4, 9, 30), at(6, 9, 30), fields{"on_site_at": at(4, 8, 2)})
	f := s.want("completed")
	if len(f.Job.Visits) != 2 {
		t.Fatalf("%d visits, want 2", len(f.Job.Visits))
	}
	first, second := f.Job.Visits[0], f.Job.Visits[1]
	if !first.OnSite.Equal(at(4, 8, 2)) || !second.OnSite.Equal(at(6, 8, 5)) || first.Stage != "complete" {
		t.Errorf("first on site %v (%s), second %v: each time belongs to the visit of its day", first.OnSite, first.Stage, second.OnSite)
	}
	if !slices.Contains(first.Inferred, "completed_at") {
		t.Errorf("that the first trip is complete is inferred, and it is not marked: %v", first.Inferred)
	}
	if !slices.IsSortedFunc(f.History, func(a, b Episode) int { return a.Reached.Compare(b.Reached) }) {
		t.Errorf("the history is not in the order in which things happened: %+v", f.History)
	}
}

func TestAReturnVisitReopensAndTheFirstTripStaysDone(t *testing.T) {
	s := newStory(t).says(at(1, 8, 0), fields{"status": "scheduled", "visits": []string{"a"}}).
		visit("a", at(1, 8, 0), fields{"starts": at(4, 8, 0)}).
		says(at(4, 9, 0), fields{"completed_at": at(4, 9, 0), "status": "complete"})
	s.want("completed")
	s.visit("b", at(4, 12, 0), fields{"starts": at(7, 8, 0)}).
		says(at(4, 12, 0), fields{"completed_at": nil, "status": "scheduled", "visits": []string{"a", "b"}})
	f := s.want("dispatched")
	if f.Job.Visits[0].Stage != "complete" || f.Job.Visits[1].Stage != "scheduled" {
		t.Errorf("visits are %s and %s, want complete and scheduled", f.Job.Visits[0].Stage, f.Job.Visits[1].Stage)
	}
	s.says(at(7, 9, 0), fields{"completed_at": at(7, 9, 0), "status": "complete"}).want("completed")
}

func TestAWindowMovedAndMovedBackIsTheOldOne(t *testing.T) {
	s := scheduled(t)
	before := s.fold()
	s.says(at(2, 9, 0), fields{"starts": at(6, 8, 0), "ends": at(6, 10, 0)})
	s.says(at(2, 9, 30), fields{"starts": at(5, 8, 0), "ends": at(5, 10, 0)})
	after := s.fold()
	if !after.Job.Visits[0].Starts.Equal(before.Job.Visits[0].Starts) || after.Job.Visits[0].ID != before.Job.Visits[0].ID {
		t.Errorf("moved back, the visit is %+v", after.Job.Visits[0])
	}
	if known := after.WindowKnown[after.Job.Visits[0].ID]; !known.Equal(at(2, 9, 30).Add(time.Second)) {
		t.Errorf("the window is known since %v, want since it was moved back", known)
	}
}

func TestWhenVisitsAppearTheOneUnderTheJobGoesOn(t *testing.T) {
	s := scheduled(t)
	own := s.fold().Job.Visits[0].ID
	s.visit("b", at(2, 8, 0), fields{"starts": at(9, 8, 0)}).visit("c", at(2, 8, 0), fields{"starts": at(5, 8, 0)})
	f := s.fold()
	if len(f.Job.Visits) != 2 || f.Job.Visits[0].ID != own || !f.Job.Visits[0].Starts.Equal(at(5, 8, 0)) {
		t.Errorf("visits %+v, want the one of 5 May under the id %s", f.Job.Visits, own)
	}
}

func TestAPartialBodyChangesOnlyItsPart(t *testing.T) {
	s := newStory(t).says(at(1, 8, 0), fields{"status": "scheduled", "visits": []string{"a"}}).
		visit("a", at(1, 8, 0), fields{"starts": at(5, 8, 0), "ends": at(5, 10, 0), "technicians": []string{"pro_1"}, "window_minutes": 60}).
		visit("a", at(2, 8, 0), fields{"starts": at(5, 13, 0)})
	v := s.fold().Job.Visits[0]
	if !v.Starts.Equal(at(5, 13, 0)) || len(v.Assignments) != 1 || v.Window != time.Hour {
		t.Errorf("after a body with the start alone the visit is %+v", v)
	}
}

func TestAllVisitsCanceledCancelTheJob(t *testing.T) {
	s := newStory(t).says(at(1, 8, 0), fields{"status": "scheduled"}).visit("a", at(1, 8, 0), fields{"starts": at(5, 8, 0)}).discard("a", at(2, 8, 0))
	if h := s.want("canceled").History; len(h) == 0 || h[len(h)-1].Cause != "hcp: visit deleted" {
		t.Errorf("canceled, the job's history is %+v", h)
	}
	scheduled(t).says(at(2, 8, 0), fields{"canceled_at": at(2, 8, 0), "status": "canceled"}).want("canceled", "booked", "canceled")
}

// A tool that voids nothing deletes what was wrong, and may show it again.
func TestADeletedInvoiceAsksForNothing(t *testing.T) {
	s := scheduled(t).says(at(5, 10, 0), fields{"total": "90.00", "status": "complete", "completed_at": at(5, 10, 0)}).
		invoice("wrong", at(5, 11, 0), fields{"amount": "100.00", "status": "open", "issued_at": at(5, 11, 0)})
	s.record(s.invoices, plumbline.Invoice, "wrong").Add(plumbline.Reading{Kind: plumbline.Invoice, ID: "wrong", At: at(5, 12, 0), Deleted: true}, at(5, 12, 0), nil)
	if j := s.fold().Job; j.IssuedTotal != 0 || j.Holds("invoiced") {
		t.Errorf("its one invoice was deleted, and the job has %d issued and holds %v", j.IssuedTotal, j.Holding)
	}
	s.invoice("right", at(5, 13, 0), fields{"amount": "90.00", "status": "open", "issued_at": at(5, 13, 0)}).pays("p", "right", at(5, 14, 0), "90.00", "settled")
	if j := s.want("paid").Job; j.IssuedTotal != 9000 || j.SettledBalance != 0 {
		t.Errorf("billed anew and paid, the job has %d issued and %d open", j.IssuedTotal, j.SettledBalance)
	}
	s.invoice("wrong", at(5, 15, 0), fields{"amount": "100.00", "status": "open"})
	if j := s.fold().Job; j.IssuedTotal != 19000 {
		t.Errorf("shown again, the deleted invoice leaves the job with %d issued", j.IssuedTotal)
	}
}

// A tool that has no word for canceled deletes the job, which may have had no visit.
func TestADeletedJobIsCanceled(t *testing.T) {
	s := newStory(t).says(at(1, 8, 0), fields{"status": "unscheduled"})
	s.job.Add(plumbline.Reading{Kind: plumbline.Job, ID: "job_1", At: at(2, 8, 0), Deleted: true}, at(2, 8, 0), nil)
	if h := s.want("canceled").History; h[len(h)-1].Cause != "hcp: job deleted" {
		t.Errorf("its history is %+v", h)
	}
	if s.says(at(3, 8, 0), fields{"status": "unscheduled"}).fold().Job.Stage == "canceled" {
		t.Error("shown again, it is still canceled")
	}
}

func TestADepositIsNeverPaid(t *testing.T) {
	s := scheduled(t).says(at(1, 9, 0), fields{"total": "1000.00"}).
		invoice("dep", at(1, 9, 0), fields{"amount": "300.00", "status": "open", "issued_at": at(1, 9, 0)}).
		pays("p", "dep", at(1, 9, 5), "300.00", "settled")
	s.want("booked", "booked")
	s.says(at(5, 9, 0), fields{"completed_at": at(5, 9, 0), "status": "complete"})
	s.want("completed") // the rest is not billed
	s.invoice("rest", at(5, 10, 0), fields{"amount": "700.00", "status": "open", "issued_at": at(5, 10, 0)})
	if f := s.want("invoiced"); f.Job.SettledBalance != 70000 {
		t.Errorf("balance %d, want 70000", f.Job.SettledBalance)
	}
	s.pays("p2", "rest", at(6, 9, 0), "700.00", "settled").want("paid")
}

func TestPendingMoneyIsNotPaidAndMayComeBack(t *testing.T) {
	s := done(t).invoice("i", at(5, 10, 0), fields{"amount": "390.00", "status": "open", "issued_at": at(5, 10, 0)}).
		pays("ach", "i", at(5, 10, 5), "390.00", "pending")
	s.want("invoiced")
	s.pays("ach", "i", at(8, 9, 0), "390.00", "settled").want("paid")
	s.pays("ach", "i", at(9, 9, 0), "390.00", "returned").want("invoiced", "booked", "dispatched", "completed", "invoiced", "paid*")
}

func TestARefundReopensAndAVoidUnbills(t *testing.T) {
	s := done(t).invoice("i", at(5, 10, 0), fields{"amount": "390.00", "status": "open", "issued_at": at(5, 10, 0)}).
		pays("p", "i", at(5, 10, 5), "390.00", "settled")
	s.want("paid")
	s.pays("r", "i", at(6, 10, 0), "-390.00", "settled")
	if f := s.want("invoiced"); !f.Job.LastPaid.IsZero() {
		t.Errorf("after a full refund the last-paid date is %v, want none", f.Job.LastPaid)
	}
	done(t).invoice("i", at(5, 10, 0), fields{"amount": "390.00", "status": "open", "issued_at": at(5, 10, 0)}).
		invoice("i", at(5, 12, 0), fields{"amount": "390.00", "status": "void"}).want("completed")
}

func TestNoChargeClosesWithoutMoney(t *testing.T) {
	s := done(t).says(at(5, 10, 0), fields{"tags": []string{"warranty"}, "total": "0.00"}).
		invoice("i", at(5, 10, 0), fields{"amount": "0.00", "status": "paid", "issued_at": at(5, 10, 0)})
	f := s.want("closed")
	if f.Job.Holds("paid") || !f.Job.LastPaid.IsZero() || f.Job.SettledBalance != 0 {
		t.Errorf("a job without charge touched money: %+v", f.Job)
	}
	done(t).office(plumbline.Office, at(5, 11, 0), fields{"no_charge": true}).want("closed")
}

func TestTheOfficesTickAndTheClocksWordOnQA(t *testing.T) {
	if f := done(t).fold(); f.Job.QA != "pending" {
		t.Errorf("QA is %s, want pending", f.Job.QA)
	}
	if f := done(t).office(plumbline.Office, at(5, 11, 0), fields{"qa": "passed"}).fold(); f.Job.QA != "passed" {
		t.Errorf("QA is %s, want passed", f.Job.QA)
	}
	due := at(6, 9, 48)
	if f := done(t).rings("qa_unproven", due).fold(); f.Job.QA != "unproven" {
		t.Errorf("after a business day QA is %s, want unproven", f.Job.QA)
	}
	if f := done(t).rings("qa_unproven", at(6, 9, 0)).fold(); f.Job.QA != "pending" {
		t.Errorf("a ring at another time than the clock is set to made QA %s", f.Job.QA)
	}
	if f := done(t).rings("qa_unproven", due).says(at(7, 9, 0), fields{"completed_at": nil, "status": "in_progress"}).fold(); f.Job.QA != "pending" {
		t.Errorf("reopened, QA is %s, want pending", f.Job.QA)
	}
}

func TestAnEstimateIsSoldByOneOptionAndLostByAll(t *testing.T) {
	estimate := func() *story {
		return newStory(t).says(at(1, 8, 0), fields{"status": "scheduled", "estimate": true, "starts": at(4, 8, 0)}).
			says(at(4, 9, 0), fields{"completed_at": at(4, 9, 0), "status": "complete"})
	}
	options := func(statuses ...string) []map[string]string {
		var list []map[string]string
		for _, st := range statuses {
			list = append(list, map[string]string{"id": st, "status": st})
		}
		return list
	}
	estimate().says(at(4, 10, 0), fields{"options": options("open", "open")}).want("completed")
	s := estimate().says(at(4, 10, 0), fields{"options": options("open", "open")}).says(at(5, 10, 0), fields{"options": options("declined", "expired")})
	s.want("no_sale")
	s.says(at(9, 10, 0), fields{"options": options("declined", "approved")}).want("completed", "booked", "dispatched", "completed", "no_sale*")
	estimate().says(at(4, 10, 0), fields{"options": options("open")}).rings("no_answer", at(4, 10, 0).AddDate(0, 0, 30)).want("no_sale")
}

func TestMaintenanceSetsTheNextOne(t *testing.T) {
	s := done(t).says(at(5, 10, 0), fields{"tags": []string{"maintenance"}})
	if f := s.fold(); f.Job.NextDue.Month() != time.November || f.Job.NextDue.Year() != 2026 {
		t.Errorf("the next maintenance is due %v, want in November", f.Job.NextDue)
	}
}

func TestAMilestoneKnownLateIsKnownLate(t *testing.T) {
	f := scheduled(t).hears(at(5, 9, 48), at(5, 15, 0), fields{"completed_at": at(5, 9, 48), "status": "complete"}).fold()
	last := f.History[len(f.History)-1]
	if !last.Reached.Equal(at(5, 9, 48)) || !last.Known.Equal(at(5, 15, 0)) {
		t.Errorf("completed %v, known %v; want 9:48, known 15:00", last.Reached, last.Known)
	}
}
