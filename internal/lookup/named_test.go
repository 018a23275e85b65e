package lookup_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/lookup"
)

// names keeps a delivery that only names an object, and applies what can be.
func (s *shop) names(event string, kind plumbline.Kind, id string) {
	s.t.Helper()
	s.do(func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: place, Connection: "field", Tool: "plain", Event: "named", Key: event,
			Object: id, Body: []byte(db.JSON(connect.Thin{Kind: kind, ID: id}))}))
		return err
	})
	s.settle()
}

// later lets time go by, and then all calls leave that are due.
func (s *shop) later(d time.Duration) {
	s.t.Helper()
	s.now = s.now.Add(d)
	s.calls()
}

// states counts the deliveries that only name an object, by where they stand.
func (s *shop) states() (waiting, applied, ignored int) {
	s.t.Helper()
	of := func(state plumbline.State) int {
		return s.count(`SELECT COUNT(*) FROM delivery WHERE event = 'named' AND state = ` + strconv.Itoa(int(state)))
	}
	return of(plumbline.Waiting), of(plumbline.Applied), of(plumbline.Ignored)
}

func TestANamedObjectIsReadOnceHoweverManyEventsNameIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.source.objects["c/1"] = customer("Dana")
		for i := range 5 {
			s.names("event "+strconv.Itoa(i), plumbline.Customer, "c/1")
		}
		if waiting, _, _ := s.states(); waiting != 5 || s.owed() != 1 {
			t.Fatalf("%d deliveries wait and %d reads are owed, want 5 and one", waiting, s.owed())
		}
		s.later(3 * time.Second)
		if waiting, applied, _ := s.states(); waiting != 0 || applied != 5 || len(s.source.asked) != 1 || s.owed() != 0 {
			t.Errorf("%d wait, %d are applied after %v, %d reads are owed; want all applied after one", waiting, applied, s.source.asked, s.owed())
		}
		if name := s.record(plumbline.Customer, "c/1").Text("first_name"); name != "Dana" {
			t.Errorf("the name is %s, want the one that was read", name)
		}
	})
}

func TestObjectsOfOneKindAreReadInOneCall(t *testing.T) {
	s := open(t, dbtest.Open(t))
	for i := range 30 {
		s.names("event "+strconv.Itoa(i), plumbline.Customer, "c/"+strconv.Itoa(i))
	}
	s.later(3 * time.Second)
	if s.source.calls != 2 || len(s.source.asked) != 30 {
		t.Errorf("%d calls asked for %d customers, want two for 30", s.source.calls, len(s.source.asked))
	}
}

func TestAnEventDuringTheReadIsReadAfterIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.source.objects["c/1"] = customer("Dana")
		s.names("one", plumbline.Customer, "c/1")
		s.source.amid = func() {
			s.source.amid = nil
			s.now = s.now.Add(time.Second)
			s.names("two", plumbline.Customer, "c/1")
		}
		s.later(3 * time.Second)
		if waiting, applied, _ := s.states(); waiting != 1 || applied != 1 {
			t.Fatalf("%d wait and %d are applied, want the later one to wait for a read of its own", waiting, applied)
		}
		s.later(3 * time.Second)
		if waiting, applied, _ := s.states(); waiting != 0 || applied != 2 || len(s.source.asked) != 2 {
			t.Errorf("%d wait and %d are applied after %v, want both after two reads", waiting, applied, s.source.asked)
		}
	})
}

func TestTheSameBytesAgainAreReadAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.source.objects["c/1"] = customer("Dana")
		s.names("of this second", plumbline.Customer, "c/1")
		s.later(3 * time.Second)
		changed := customer("Daniela")
		changed.At = changed.At.Add(time.Minute)
		s.source.objects["c/1"] = changed
		s.names("of this second", plumbline.Customer, "c/1")
		if waiting, _, _ := s.states(); waiting != 1 {
			t.Fatalf("%d wait, want the one that came again", waiting)
		}
		s.later(3 * time.Second)
		if name := s.record(plumbline.Customer, "c/1").Text("first_name"); name != "Daniela" {
			t.Errorf("the name is %s, want that of the second change", name)
		}
		if waiting, applied, _ := s.states(); waiting != 0 || applied != 1 {
			t.Errorf("%d wait and %d are applied, want one applied", waiting, applied)
		}
	})
}

func TestAnAnswerThatIsNoNewsAppliesWhatWaitedForIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.source.objects["c/1"] = customer("Dana")
		s.names("one", plumbline.Customer, "c/1")
		s.later(3 * time.Second)
		s.names("two", plumbline.Customer, "c/1")
		s.later(3 * time.Second)
		if waiting, applied, _ := s.states(); waiting != 0 || applied != 2 || s.reads() != 1 {
			t.Errorf("%d wait, %d are applied, %d answers are kept; want both applied and one kept", waiting, applied, s.reads())
		}
	})
}

func TestWhatChangedBackIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.source.within = map[string][]plumbline.Reading{}
		visit := func(released plumbline.Value) plumbline.Reading { // without a time of change: its reads are its versions
			return plumbline.Reading{Kind: plumbline.Visit, ID: "v1", Fields: map[string]plumbline.Value{"job": plumbline.TextValue("j1"), "released": released}}
		}
		s.source.objects["v1"] = visit("false")
		s.source.objects["j1"] = plumbline.Reading{Kind: plumbline.Job, ID: "j1", At: noon, Fields: map[string]plumbline.Value{"number": plumbline.TextValue("7")}}
		s.names("one", plumbline.Visit, "v1")
		s.later(3 * time.Second)
		s.source.within["j1"] = []plumbline.Reading{visit("true")}
		s.names("two", plumbline.Job, "j1")
		s.later(3 * time.Second)
		s.names("three", plumbline.Visit, "v1")
		s.later(3 * time.Second)
		if c, _ := s.record(plumbline.Visit, "v1").Get("released"); c.Value != "false" {
			t.Errorf("released is %s, want what was read last", c.Value)
		}
	})
}

func TestWhatStandsInAnAnswerIsReadWithIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.source.within = map[string][]plumbline.Reading{"j1": {{Kind: plumbline.Visit, ID: "v1", Fields: map[string]plumbline.Value{"job": plumbline.TextValue("j1")}}}}
		s.source.objects["j1"] = plumbline.Reading{Kind: plumbline.Job, ID: "j1", At: noon, Fields: map[string]plumbline.Value{"number": plumbline.TextValue("7")}}
		s.names("one", plumbline.Job, "j1")
		s.now = s.now.Add(1900 * time.Millisecond)
		s.names("two", plumbline.Visit, "v1")
		s.later(time.Second) // the job is due, the visit is not
		s.later(3 * time.Second)
		if waiting, applied, _ := s.states(); waiting != 0 || applied != 2 || !slices.Equal(s.source.asked, []string{"job/j1"}) || s.owed() != 0 {
			t.Errorf("%d wait, %d are applied after %v, %d owed; want both after the job alone", waiting, applied, s.source.asked, s.owed())
		}
	})
}

func TestANamedObjectThatIsGoneIsApplied(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.hears(customer("Dana"))
		s.names("one", plumbline.Customer, "c/1")
		s.later(3 * time.Second)
		if waiting, applied, _ := s.states(); waiting != 0 || applied != 1 || !s.record(plumbline.Customer, "c/1").Deleted() {
			t.Errorf("%d wait and %d are applied, want one applied and the customer gone", waiting, applied)
		}
	})
}

func TestAReadThatNeedsAPersonKeepsItsDeliveriesWaiting(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.source.objects["c/1"] = customer("Dana")
		s.source.fails = []error{&connect.Error{Class: connect.Human, Msg: "no permission", Cure: "grant it"}}
		s.names("one", plumbline.Customer, "c/1")
		s.later(3 * time.Second)
		var items []errorqueue.Item
		s.do(func(tx *db.Tx) (err error) { items, err = errorqueue.List(tx, place); return err })
		if waiting, _, _ := s.states(); waiting != 1 || len(items) != 1 || items[0].Cure != "grant it" {
			t.Fatalf("%d wait, items %+v; want one of each", waiting, items)
		}
		s.do(func(tx *db.Tx) error {
			return lookup.Forgo(tx, place, "field", "named/customer/c/1", "nobody needs it")
		})
		if waiting, _, ignored := s.states(); waiting != 0 || ignored != 1 || s.owed() != 0 {
			t.Errorf("%d wait, %d are ignored, %d owed; want it ignored when a person has skipped it", waiting, ignored, s.owed())
		}
		if n := s.count(`SELECT COUNT(*) FROM delivery WHERE reason = 'nobody needs it'`); n != 1 {
			t.Errorf("%d deliveries say why, want one", n)
		}
	})
}

// Nobody hears of a job whose customer is not known: where a job names one whom nobody has
// told, they are asked for. While the lists are read for the first time they will bring them.
func TestWhomAJobNamesAndNobodyToldIsAskedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		dana := customer("Dana")
		dana.ID = "c1"
		s.source.objects["c1"] = dana
		job := func(id string) plumbline.Reading {
			return plumbline.Reading{Kind: plumbline.Job, ID: id, Fields: map[string]plumbline.Value{"number": plumbline.TextValue(id), "customer": plumbline.TextValue("c1")}}
		}
		s.do(func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO pull (location_id, connection, stream) VALUES ('north', 'field', 'things')`)
			return err
		})
		s.hears(job("j1"))
		if s.owed() != 0 {
			t.Fatalf("%d reads are owed while the lists are read for the first time", s.owed())
		}
		s.do(func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE pull SET complete = 1`)
			return err
		})
		s.hears(job("j2"), job("j3"))
		if s.owed() != 1 {
			t.Fatalf("%d reads are owed, want one of the customer of both", s.owed())
		}
		s.later(3 * time.Second)
		if name := s.record(plumbline.Customer, "c1"); name == nil || name.Text("first_name") != "Dana" || !slices.Equal(s.source.asked, []string{"customer/c1"}) {
			t.Errorf("after asking for %v the customer is %+v", s.source.asked, name)
		}
		s.hears(job("j4"))
		if s.owed() != 0 {
			t.Errorf("%d reads are owed of somebody who is known", s.owed())
		}
	})
}

// What is told meanwhile, and what does not exist, is asked for no more.
func TestWhatBecameKnownIsNotAskedFor(t *testing.T) {
	s := open(t, dbtest.Open(t))
	job := plumbline.Reading{Kind: plumbline.Job, ID: "j1", Fields: map[string]plumbline.Value{"number": plumbline.TextValue("1"), "customer": plumbline.TextValue("c1"),
		"property": plumbline.TextValue("p1")}}
	s.hears(job)
	c := customer("Dana")
	c.ID = "c1"
	s.hears(c)
	s.later(3 * time.Second)
	if !slices.Equal(s.source.asked, []string{"property/p1"}) {
		t.Errorf("asked for %v, want the property alone", s.source.asked)
	}
	job.Fields["description"] = plumbline.TextValue("no heat")
	s.hears(job)
	s.later(time.Minute)
	if len(s.source.asked) != 1 {
		t.Errorf("asked for %v, though the source had said that there is no such property", s.source.asked)
	}
}

// A rereader reads the names of customers again for less, and leaves their numbers out.
type rereader struct {
	*source
	again []string
}

func (r *rereader) LeavesOut(kind plumbline.Kind) []string {
	return map[plumbline.Kind][]string{plumbline.Customer: {"mobile_phone"}, plumbline.Job: {"number"}}[kind]
}

func (r *rereader) Reread(ctx context.Context, kind plumbline.Kind, known []connect.Known) ([]connect.Answer, error) {
	var ids []string
	for _, k := range known {
		if k.Fields["mobile_phone"] != "" || kind == plumbline.Customer && k.Fields["first_name"] == "" {
			return nil, fmt.Errorf("of %s is known %v, want all that is read again and no more", k.ID, k.Fields)
		}
		ids = append(ids, k.ID)
	}
	r.again = append(r.again, ids...)
	return r.Fetch(ctx, kind, ids)
}

func TestWhatIsKnownWholeIsReadAgainForLess(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		r := &rereader{source: s.source}
		s.tools["field"] = r
		dana := func(name string) plumbline.Reading {
			c := customer(name)
			c.Fields["mobile_phone"] = plumbline.TextValue("+13125550100")
			return c
		}
		s.source.objects["c/1"] = dana("Dana")
		s.names("one", plumbline.Customer, "c/1")
		s.later(3 * time.Second)
		if len(r.again) != 0 {
			t.Fatalf("what is not known was read again: %v", r.again)
		}
		less := dana("Lee")
		delete(less.Fields, "mobile_phone")
		s.source.objects["c/1"] = less
		s.names("two", plumbline.Customer, "c/1")
		s.later(time.Minute)
		row := s.record(plumbline.Customer, "c/1")
		if waiting, applied, _ := s.states(); !slices.Equal(r.again, []string{"c/1"}) || waiting != 0 || applied != 2 || row.Text("first_name") != "Lee" || row.Text("mobile_phone") == "" {
			t.Errorf("read again: %v; %d wait, %d are applied; the record says %q, %q", r.again, waiting, applied, row.Text("first_name"), row.Text("mobile_phone"))
		}
	})
}

// A job is read with its visits where one of them has changed too, or one that is not known.
func TestAJobWhoseVisitsChangeIsReadWhole(t *testing.T) {
	for visit, whole := range map[string]bool{"": false, "v/1": true, "v/2": false, "v/new": true} {
		s := open(t, dbtest.Open(t))
		r := &rereader{source: s.source}
		s.tools["field"] = r
		for n, job := range map[string]string{"1": "j/1", "2": "j/2"} {
			s.hears(plumbline.Reading{Kind: plumbline.Job, ID: job, Fields: map[string]plumbline.Value{"number": plumbline.TextValue(n)}},
				plumbline.Reading{Kind: plumbline.Visit, ID: "v/" + n, Fields: map[string]plumbline.Value{"job": plumbline.TextValue(job)}})
		}
		s.names("job", plumbline.Job, "j/1")
		if visit != "" {
			s.names("visit", plumbline.Visit, visit)
		}
		s.later(3 * time.Second)
		if got := !slices.Contains(r.again, "j/1"); got != whole || !slices.Contains(r.asked, "job/j/1") {
			t.Errorf("with visit %q named, the job was read whole: %v, want %v; asked for %v", visit, got, whole, r.asked)
		}
	}
}
