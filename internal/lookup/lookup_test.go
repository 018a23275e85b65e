package lookup_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/calendar"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/greatcircle"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
	"plumbline.dev/plumbline/playbooks"
)

const place = "north"

// noon of a Monday in Chicago.
var noon = time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC)

// A source says its readings as they are, and tells its objects when it is asked.
type source struct {
	objects map[string]plumbline.Reading   // by id
	within  map[string][]plumbline.Reading // what is told with an object, by its id
	calls   int
	asked   []string
	fails   []error // of the next reads, in order
	amid    func()  // happens while a read is on its way
}

func (s *source) Decode(d plumbline.Delivery) (list []plumbline.Reading, err error) {
	var gone struct {
		Gone bool           `json:"gone"`
		ID   string         `json:"id"`
		Kind plumbline.Kind `json:"kind"`
	}
	if json.Unmarshal(d.Body, &gone) == nil && gone.Gone {
		return []plumbline.Reading{{Kind: gone.Kind, ID: gone.ID, At: d.Read, Read: d.Read, Deleted: true}}, nil
	}
	var thin connect.Thin
	if d.Event == "named" {
		if err := json.Unmarshal(d.Body, &thin); err != nil {
			return nil, err
		}
		return nil, thin
	}
	err = json.Unmarshal(d.Body, &list)
	for i := range list {
		list[i].Read = d.Read
	}
	return list, err
}

// FetchesAtOnce lets as many be read with one call as lookup likes.
func (s *source) FetchesAtOnce() int { return 1000 }

func (s *source) Fetch(_ context.Context, kind plumbline.Kind, ids []string) ([]connect.Answer, error) {
	s.calls++
	for _, id := range ids {
		s.asked = append(s.asked, string(kind)+"/"+id)
	}
	if s.amid != nil {
		s.amid()
	}
	if len(s.fails) > 0 {
		err := s.fails[0]
		s.fails = s.fails[1:]
		if err != nil {
			return nil, err
		}
	}
	if kind == plumbline.Visit && s.within == nil {
		return nil, &connect.Error{Class: connect.Human, Msg: "there is no way to read a single visit"}
	}
	answers := make([]connect.Answer, len(ids))
	for i, id := range ids {
		answers[i] = connect.Answer{Kind: kind, Object: id, Gone: true}
		if r, ok := s.objects[id]; ok {
			answers[i].Gone, answers[i].Body = false, []byte(db.JSON(append([]plumbline.Reading{r}, s.within[id]...)))
		}
	}
	return answers, nil
}

// A target is read by mirror alone.
type target struct {
	*source
	connect.Target
}

// A shop is a location with a source and a router.
type shop struct {
	t        *testing.T
	db       *db.DB
	now      time.Time
	source   *source
	tools    map[string]any
	book     *playbook.Playbook
	lookup   *lookup.Lookup
	advance  *advance.Advance
	dispatch []*outbox.Dispatcher
	n        int
}

func open(t *testing.T, d *db.DB) *shop {
	t.Helper()
	pb, err := playbook.Load(playbook.Layer{Name: "built-in", File: "builtin.yaml", Data: playbooks.BuiltIn})
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	hours := calendar.Business{Zone: zone}
	hours.Week[1] = []calendar.Hours{{From: 450, To: 1020}}
	s := &shop{t: t, db: d, now: noon, source: &source{objects: map[string]plumbline.Reading{}}, book: pb}
	s.tools = map[string]any{"field": s.source, advance.Route: greatcircle.Router{}}
	policy := func(string) (*playbook.Playbook, playbook.OpenHours, error) { return pb, hours, nil }
	l := &lookup.Lookup{DB: d, Tool: func(_, connection string) any { return s.tools[connection] }, Policy: policy}
	s.lookup = l
	s.advance = &advance.Advance{DB: d, Policy: policy, Decoder: func(_, _, _ string) connect.Decoder { return s.source },
		Followers: []advance.Follower{l}, Derived: lookup.Derived}
	for _, c := range []tenant.Connection{{Name: "field", Tool: "plain", Quota: "field:1"}, {Name: advance.Route, Tool: advance.Route, Quota: "route:" + place}} {
		c.Location = place
		s.do(func(tx *db.Tx) error {
			if err := tenant.Put(tx, c); err != nil {
				return err
			}
			return tenant.Switch(tx, place, c.Name, tenant.On)
		})
		s.dispatch = append(s.dispatch, &outbox.Dispatcher{DB: d, Node: "a", Quota: c.Quota, Performers: map[string]outbox.Performer{lookup.Room: l}})
	}
	return s
}

func (s *shop) do(f func(*db.Tx) error) {
	s.t.Helper()
	if err := s.db.Do(s.t.Context(), s.now, f); err != nil {
		s.t.Fatal(err)
	}
}

// hears keeps what the source says and applies it.
func (s *shop) hears(list ...plumbline.Reading) {
	s.t.Helper()
	s.n++
	s.do(func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: place, Connection: "field", Tool: "plain", Event: "changed",
			Key: strings.Repeat("d", s.n), Body: []byte(db.JSON(list))}))
		return err
	})
	s.settle()
}

func (s *shop) settle() {
	s.t.Helper()
	for range 100 {
		worked, _, err := s.advance.Step(s.t.Context(), s.now, place)
		if err != nil {
			s.t.Fatal(err)
		}
		if !worked {
			return
		}
	}
	s.t.Fatal("advance does not come to rest")
}

// calls lets all calls leave that are due, and applies the answers.
func (s *shop) calls() {
	s.t.Helper()
	for range 100 {
		any := false
		for _, d := range s.dispatch {
			worked, _, err := d.Step(s.t.Context(), s.now)
			if err != nil {
				s.t.Fatal(err)
			}
			any = any || worked
		}
		s.settle()
		if !any {
			return
		}
	}
	s.t.Fatal("the calls do not come to an end")
}

func (s *shop) count(query string) (n int) {
	s.t.Helper()
	s.do(func(tx *db.Tx) error { return tx.QueryRow(query).Scan(&n) })
	return n
}

func (s *shop) owed() int  { return s.count(`SELECT COUNT(*) FROM outbox WHERE room = 'lookup'`) }
func (s *shop) reads() int { return s.count(`SELECT COUNT(*) FROM delivery WHERE event = 'read'`) }

func (s *shop) record(kind plumbline.Kind, id string) *record.Row {
	s.t.Helper()
	var rows []*record.Row
	s.do(func(tx *db.Tx) (err error) {
		rows, err = record.Load(tx, place, []string{string(plumbline.NewSourceID(place, "field", kind, id))})
		return err
	})
	if len(rows) != 1 {
		s.t.Fatalf("there is no %s %s", kind, id)
	}
	return rows[0]
}

func customer(name string) plumbline.Reading {
	return plumbline.Reading{Kind: plumbline.Customer, ID: "c/1", At: noon.Add(-time.Hour), Fields: map[string]plumbline.Value{"first_name": plumbline.TextValue(name)}}
}

// tied lets two notices of one instant differ.
func (s *shop) tied() {
	s.t.Helper()
	s.hears(customer("Dana"))
	s.hears(customer("Maria"))
}

func TestATieIsReadOnceAndTheReadDecides(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.source.objects["c/1"] = customer("Dana")
		s.tied()
		s.hears(customer("Daniel")) // a third
		if n := s.owed(); n != 1 {
			t.Fatalf("owed %d reads, want one", n)
		}
		s.calls()
		if !slices.Equal(s.source.asked, []string{"customer/c/1"}) || s.owed() != 0 || s.reads() != 1 {
			t.Errorf("asked %v, still owed %d, kept %d answers; want one of each and nothing owed", s.source.asked, s.owed(), s.reads())
		}
		if r := s.record(plumbline.Customer, "c/1"); r.Text("first_name") != "Dana" || r.Tied() {
			t.Errorf("the name is %s, tied %v; want the one that was read", r.Text("first_name"), r.Tied())
		}
	})
}

func TestATieIsFoundThoughAPartStandsBetween(t *testing.T) {
	s := open(t, dbtest.Open(t))
	for _, city := range []string{"Aurora", "Batavia", "Elgin", "Geneva", "Joliet", "Naperville", "Oswego", "Wheaton"} {
		a, b := customer("Dana"), customer("Maria")
		a.ID, b.ID = city, city
		part := plumbline.Reading{Kind: plumbline.Customer, ID: city, At: a.At, Fields: map[string]plumbline.Value{"city": plumbline.TextValue(city)}}
		s.hears(a, b, part) // which stands last follows from digests
		s.hears(part)
	}
	if n := s.owed(); n != 8 {
		t.Errorf("owed %d reads, want one for each of 8 customers", n)
	}
}

func TestNotFoundIsAnAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.tied()
		s.calls()
		if !s.record(plumbline.Customer, "c/1").Deleted() || s.owed() != 0 {
			t.Error("the customer that the source does not have any more still stands, or is asked for again")
		}
	})
}

func TestAPartIsReadWithItsWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		visit := plumbline.Reading{Kind: plumbline.Visit, ID: "v1", At: noon, Fields: map[string]plumbline.Value{"job": plumbline.TextValue("j1"), "released": "true"}}
		other := visit
		other.Fields = map[string]plumbline.Value{"job": plumbline.TextValue("j1"), "released": "false"}
		s.source.objects["j1"] = plumbline.Reading{Kind: plumbline.Job, ID: "j1", At: noon, Fields: map[string]plumbline.Value{"number": plumbline.TextValue("7")}}
		s.hears(visit)
		s.hears(other)
		s.calls()
		if want := []string{"visit/v1", "job/j1"}; !slices.Equal(s.source.asked, want) || s.reads() != 1 {
			t.Errorf("asked %v and kept %d answers, want %v and one", s.source.asked, s.reads(), want)
		}
	})
}

func TestAnUnknownReadIsReadAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.source.objects["c/1"] = customer("Dana")
		s.source.fails = []error{errors.New("the line broke")}
		s.tied()
		s.calls()
		if len(s.source.asked) != 1 || s.reads() != 0 {
			t.Fatalf("asked %v and kept %d, want one read without an answer", s.source.asked, s.reads())
		}
		s.now = s.now.Add(time.Minute)
		s.calls()
		if len(s.source.asked) != 2 || s.reads() != 1 || s.owed() != 0 {
			t.Errorf("asked %v, kept %d, owed %d; want it read again, once, and nothing owed", s.source.asked, s.reads(), s.owed())
		}
	})
}

func TestErrorsAreHeededByClass(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   *connect.Error
		after time.Duration // when it is read again; zero: not by itself
	}{
		{"retry waits a little", &connect.Error{Class: connect.Retry, Msg: "busy"}, 10 * time.Second},
		{"wait waits as the vendor says", &connect.Error{Class: connect.Wait, Msg: "too many", After: time.Hour}, time.Hour + time.Minute},
		{"human waits for a person", &connect.Error{Class: connect.Human, Msg: "no permission", Cure: "grant it"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				s := open(t, d)
				s.source.objects["c/1"] = customer("Dana")
				s.source.fails = []error{c.err}
				s.tied()
				s.calls()
				if len(s.source.asked) != 1 {
					t.Fatalf("asked %v, want once for now", s.source.asked)
				}
				if c.after == 0 {
					s.now = s.now.Add(48 * time.Hour)
					s.calls()
					var items []errorqueue.Item
					s.do(func(tx *db.Tx) (err error) { items, err = errorqueue.List(tx, place); return err })
					if len(s.source.asked) != 1 || len(items) != 1 || items[0].Kind != errorqueue.Lookup || items[0].Cure != "grant it" {
						t.Fatalf("asked %v, items %+v; want one item with its cure", s.source.asked, items)
					}
					s.do(func(tx *db.Tx) error {
						return outbox.Retry(tx, outbox.Key{Location: place, Connection: "field", Room: lookup.Room, Record: "read/customer/c/1"})
					})
				}
				s.now = s.now.Add(c.after)
				s.calls()
				if len(s.source.asked) != 2 || s.reads() != 1 {
					t.Errorf("asked %v and kept %d, want it read again and kept", s.source.asked, s.reads())
				}
			})
		})
	}
}

func TestAnAnswerThatRepeatsTheLastIsNotKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.source.objects["c/1"] = customer("Dana")
		s.tied()
		s.source.amid = func() { // a sweep has read it, too, and was faster
			s.source.amid = nil
			s.do(func(tx *db.Tx) error {
				_, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: place, Connection: "field", Tool: "plain", Event: "read", Key: "sweep",
					Object: "c/1", Read: s.now, Body: []byte(db.JSON([]plumbline.Reading{customer("Dana")}))}))
				return err
			})
			s.settle()
		}
		s.calls()
		if s.reads() != 1 || s.owed() != 0 {
			t.Errorf("kept %d answers, want the first alone", s.reads())
		}
	})
}

func TestTargetsAndConnectionsThatCannotBeReadAreNotAsked(t *testing.T) {
	s := open(t, dbtest.Open(t))
	for name, tool := range map[string]any{"a target": target{source: s.source}, "no fetcher": greatcircle.Router{}, "no tool": nil} {
		s.tools["field"] = tool
		s.tied()
		if n := s.owed(); n != 0 {
			t.Errorf("%s: owed %d reads, want none", name, n)
		}
	}
}

func at(t time.Time) plumbline.Value { return plumbline.TimeValue(t) }

// onTheWay is a job of a technician who has set out.
func onTheWay(left time.Time, more ...map[string]plumbline.Value) plumbline.Reading {
	r := plumbline.Reading{Kind: plumbline.Job, ID: "j1", At: noon, Fields: map[string]plumbline.Value{
		"property": plumbline.TextValue("p1"), "technicians": `["t1"]`, "starts": at(noon.Add(time.Hour)), "ends": at(noon.Add(2 * time.Hour)),
		"status": plumbline.TextValue("scheduled"), "en_route_at": at(left)}}
	for _, m := range more {
		for name, v := range m {
			r.Fields[name] = v
		}
	}
	return r
}

func property(id, latitude, longitude string) plumbline.Reading {
	f := map[string]plumbline.Value{"street": plumbline.TextValue(id + " Elm St"), "state": plumbline.TextValue("IL"), "city": plumbline.TextValue("Aurora")}
	if latitude != "" {
		f["latitude"], f["longitude"] = plumbline.TextValue(latitude), plumbline.TextValue(longitude)
	}
	return plumbline.Reading{Kind: plumbline.Property, ID: id, At: noon, Fields: f}
}

func (s *shop) visit() plumbline.VisitView {
	s.t.Helper()
	id := plumbline.NewSourceID(place, "field", plumbline.Job, "j1")
	var j advance.StoredJob
	s.do(func(tx *db.Tx) error {
		had, err := record.LoadGolden(tx, place, []string{string(id)})
		if err == nil {
			j, err = advance.ReadJob(had[id])
		}
		return err
	})
	if len(j.Visits) != 1 {
		s.t.Fatalf("the job has %d visits, want one", len(j.Visits))
	}
	return j.Visits[0]
}

func (s *shop) routes() int {
	return s.count(`SELECT COUNT(*) FROM delivery WHERE connection = 'route'`)
}

func TestADepartureIsAnsweredOnceWithAnArrival(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.hears(onTheWay(noon), property("p1", "", ""))
		s.hears(onTheWay(noon, map[string]plumbline.Value{"number": plumbline.TextValue("7")})) // more news meanwhile
		s.calls()
		v := s.visit()
		if v.ETABasis != "no coordinates" || !v.ETALow.Equal(noon.Add(10*time.Minute)) || !v.ETAHigh.Equal(noon.Add(75*time.Minute)) {
			t.Errorf("expected from %v to %v by %q, want the wide range from noon", v.ETALow, v.ETAHigh, v.ETABasis)
		}
		s.now = noon.Add(time.Minute)
		news := onTheWay(noon, map[string]plumbline.Value{"number": plumbline.TextValue("8")})
		news.At = s.now
		s.hears(news)
		if s.owed() != 0 || s.routes() != 1 {
			t.Errorf("owed %d and kept %d answers, want none owed and one kept", s.owed(), s.routes())
		}
	})
}

func TestAnotherDepartureIsAnsweredAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		for i, left := range []time.Time{noon, noon.Add(20 * time.Minute), noon} { // and back again
			s.now = noon.Add(time.Duration(30+i) * time.Minute)
			r := onTheWay(left)
			r.At = s.now
			s.hears(r, property("p1", "", ""))
			s.calls()
			if v := s.visit(); !v.ETAHigh.Equal(left.Add(75*time.Minute)) || s.routes() != i+1 || s.owed() != 0 {
				t.Fatalf("left at %v: expected by %v, %d answers, %d owed; want 75 minutes later and %d answers", left, v.ETAHigh, s.routes(), s.owed(), i+1)
			}
		}
	})
}

func TestWhoHasArrivedOrLeftLongAgoIsNotAskedAfter(t *testing.T) {
	for name, r := range map[string]plumbline.Reading{
		"arrived":       onTheWay(noon.Add(-time.Hour), map[string]plumbline.Value{"on_site_at": at(noon)}),
		"left long ago": onTheWay(noon.Add(-7 * time.Hour)),
		"not yet left":  onTheWay(noon, map[string]plumbline.Value{"en_route_at": plumbline.Null}),
	} {
		s := open(t, dbtest.Open(t))
		s.hears(r, property("p1", "", ""))
		if s.owed() != 0 {
			t.Errorf("%s: a route is owed", name)
		}
	}
	s := open(t, dbtest.Open(t))
	s.hears(onTheWay(noon), property("p1", "", ""))
	arrived := onTheWay(noon, map[string]plumbline.Value{"on_site_at": at(noon.Add(time.Minute))})
	s.now = noon.Add(2 * time.Minute)
	arrived.At = s.now
	s.hears(arrived)
	s.calls()
	if s.owed() != 0 || s.routes() != 0 {
		t.Errorf("arrived before it was asked: owed %d, kept %d, want neither", s.owed(), s.routes())
	}
}

// before is the technician's earlier visit of that day.
func before(done time.Time) plumbline.Reading {
	return plumbline.Reading{Kind: plumbline.Job, ID: "j0", At: noon.Add(-time.Minute), Fields: map[string]plumbline.Value{"property": plumbline.TextValue("p0"),
		"technicians": `["t1"]`, "starts": at(done.Add(-time.Hour)), "ends": at(done), "status": plumbline.TextValue("complete"), "completed_at": at(done)}}
}

func TestADriveBeginsWhereTheTechnicianWasLast(t *testing.T) {
	near, far := property("p0", "41.75", "-88.30"), property("p0", "42.75", "-88.30")
	for _, c := range []struct {
		name  string
		said  []plumbline.Reading
		basis string
	}{
		{"at the visit before", []plumbline.Reading{near, before(noon.Add(-2 * time.Hour))}, "great-circle distance of 1 km"},
		{"at one far away", []plumbline.Reading{far, before(noon.Add(-2 * time.Hour))}, "great-circle distance of 145 km"},
		{"at the shop, with no visit before", nil, "great-circle distance of 15 km"},
		{"at the shop, where the visit before was yesterday's", []plumbline.Reading{far, before(noon.Add(-20 * time.Hour))}, "great-circle distance of 15 km"},
		{"nobody knows where", []plumbline.Reading{property("p0", "", ""), before(noon.Add(-2 * time.Hour))}, "no coordinates"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				s := open(t, d)
				s.book.Settings.Shop = playbook.Point{Latitude: "41.85", Longitude: "-88.30"}
				s.hears(append(c.said, property("p1", "41.746", "-88.30"), onTheWay(noon))...)
				s.calls()
				v := s.visit()
				if !strings.HasPrefix(v.ETABasis, c.basis) || v.ETALow.Before(noon) || !v.ETAHigh.After(v.ETALow) {
					t.Errorf("expected from %v to %v by %q, want it by %q and not before noon", v.ETALow, v.ETAHigh, v.ETABasis, c.basis)
				}
				scratch := dbtest.Open(t)
				if found, err := s.advance.Verify(t.Context(), s.now, place, scratch, nil); err != nil || len(found) > 0 {
					t.Errorf("verified, it differs: %v %v", found, err)
				}
			})
		})
	}
}

func TestALocationWithoutARouterOwesNoRoutes(t *testing.T) {
	s := open(t, dbtest.Open(t))
	delete(s.tools, advance.Route)
	s.hears(onTheWay(noon), property("p1", "", ""))
	if s.owed() != 0 {
		t.Error("a route is owed to nobody")
	}
}
