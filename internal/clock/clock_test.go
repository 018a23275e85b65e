package clock_test

import (
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/clock"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/inbox"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func sync(t *testing.T, d *db.DB, want ...clock.Clock) {
	t.Helper()
	if err := d.Do(t.Context(), noon, func(tx *db.Tx) error { return clock.Sync(tx, "a", map[string][]clock.Clock{"job": want}) }); err != nil {
		t.Fatal(err)
	}
}

// rings steps at an instant and returns what waits in the inbox after it.
func rings(t *testing.T, d *db.DB, at time.Time) (list []plumbline.Delivery, next time.Time) {
	t.Helper()
	_, next, err := clock.Step(t.Context(), d, at, "a")
	if err != nil {
		t.Fatal(err)
	}
	err = d.View(t.Context(), at, func(tx *db.Tx) error { list, err = inbox.Waiting(tx, "a", 10); return err })
	if err != nil {
		t.Fatal(err)
	}
	return list, next
}

func settle(t *testing.T, d *db.DB, at time.Time, list []plumbline.Delivery) {
	t.Helper()
	err := d.Do(t.Context(), at, func(tx *db.Tx) error {
		var v []inbox.Verdict
		for _, one := range list {
			v = append(v, inbox.Verdict{Location: "a", Connection: one.Connection, Key: one.Key, State: plumbline.Applied})
		}
		_, err := inbox.Settle(tx, v)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAClockRingsOnceAtItsTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.Clock{Subject: "visit", Kind: plumbline.Visit, Rule: "day_begun", Due: noon.Add(time.Hour)}
		sync(t, d, c)
		sync(t, d, c)
		if list, next := rings(t, d, noon); len(list) != 0 || !next.Equal(c.Due) {
			t.Errorf("before its time %d rings, next %v", len(list), next)
		}
		list, _ := rings(t, d, c.Due)
		if len(list) != 1 || list[0].Connection != plumbline.Clock || list[0].Key != "visit/day_begun/2026-05-04T13:00:00.000Z" {
			t.Fatalf("at its time %+v, want one ring, named by subject, rule and time", list)
		}
		settle(t, d, c.Due, list)
		sync(t, d, c) // set again, as a rule that still wants it would
		if list, _ := rings(t, d, c.Due.Add(time.Minute)); len(list) != 0 {
			t.Errorf("it rang again: %+v", list)
		}
	})
}

func TestWhatIsNotWantedAnyMoreDoesNotRing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		sync(t, d, clock.Clock{Subject: "visit", Kind: plumbline.Visit, Rule: "day_begun", Due: noon.Add(time.Hour)})
		moved := clock.Clock{Subject: "visit", Kind: plumbline.Visit, Rule: "day_begun", Due: noon.Add(25 * time.Hour)}
		sync(t, d, moved)
		if list, next := rings(t, d, noon.Add(2*time.Hour)); len(list) != 0 || !next.Equal(moved.Due) {
			t.Errorf("moved to the next day, it rang at the old time: %+v, next %v", list, next)
		}
	})
}

func TestRingsComeAfterIntake(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		sync(t, d, clock.Clock{Subject: "visit", Kind: plumbline.Visit, Rule: "day_begun", Due: noon})
		err := d.Do(t.Context(), noon, func(tx *db.Tx) error {
			_, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: "a", Connection: "hcp", Tool: "t", Key: "k", Body: []byte("{}")}))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		list, _ := rings(t, d, noon.Add(time.Second))
		if len(list) != 1 || list[0].Connection != "hcp" {
			t.Fatalf("with a delivery waiting there are %+v, want it alone", list)
		}
		settle(t, d, noon, list)
		if list, _ := rings(t, d, noon.Add(2*time.Second)); len(list) != 1 || list[0].Connection != plumbline.Clock {
			t.Errorf("then %+v, want the ring", list)
		}
	})
}

func TestARingThatComesTooLateIsRecordedAsMissed(t *testing.T) {
	d := dbtest.Open(t)
	sync(t, d, clock.Clock{Subject: "visit", Kind: plumbline.Visit, Rule: "today", Due: noon, Until: noon.Add(time.Hour)})
	list, _ := rings(t, d, noon.Add(3*time.Hour))
	if len(list) != 1 || !strings.Contains(string(list[0].Body), `"missed":true`) {
		t.Errorf("three hours late: %+v", list)
	}
}
