package kill

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/calendar"
	"plumbline.dev/plumbline/internal/clock"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
)

// A plain tool says its readings as they are.
type plain struct{}

func (plain) Decode(d plumbline.Delivery) (list []plumbline.Reading, err error) {
	return list, json.Unmarshal(d.Body, &list)
}

func advancing(t *testing.T, d *db.DB) *advance.Advance {
	t.Helper()
	pb, err := playbook.Load(playbook.BuiltIn(), playbook.Layer{Name: "location", File: "shop.yaml", Data: []byte("settings: {zone: America/Boise}\n")})
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("America/Boise")
	if err != nil {
		t.Fatal(err)
	}
	open := calendar.Business{Zone: zone}
	for day := 1; day <= 5; day++ {
		open.Week[day] = []calendar.Hours{{From: 7*60 + 30, To: 17 * 60}}
	}
	return &advance.Advance{DB: d, Followers: []advance.Follower{clock.Setter{}}, Decoder: func(_, _, _ string) connect.Decoder { return plain{} },
		Policy: func(string) (*playbook.Playbook, playbook.OpenHours, error) { return pb, open, nil }}
}

// told packs what a connection says.
func told(t *testing.T, connection, key string, readings ...plumbline.Reading) inbox.Packed {
	t.Helper()
	for i := range readings {
		readings[i].At = monday
	}
	body, err := json.Marshal(readings)
	if err != nil {
		t.Error(err)
	}
	return inbox.Pack(plumbline.Delivery{Location: "north", Connection: connection, Tool: "plain", Event: "changed", Key: key, Body: body})
}

func person(id string, n int) plumbline.Reading {
	return plumbline.Reading{Kind: plumbline.Customer, ID: id, Created: monday.Add(-time.Hour), Fields: map[string]plumbline.Value{
		"first_name": plumbline.TextValue("Dana"), "last_name": plumbline.TextValue("Whitlock"), "mobile_phone": plumbline.TextValue(fmt.Sprintf("208555%04d", n))}}
}

func booked(id, customer string) []plumbline.Reading {
	starts := monday.Add(48 * time.Hour)
	return []plumbline.Reading{
		{Kind: plumbline.Job, ID: id, Created: monday, Fields: map[string]plumbline.Value{"customer": plumbline.TextValue(customer), "status": plumbline.TextValue("scheduled")}},
		{Kind: plumbline.Visit, ID: "v" + id, Fields: map[string]plumbline.Value{"job": plumbline.TextValue(id), "starts": plumbline.TimeValue(starts),
			"ends": plumbline.TimeValue(starts.Add(2 * time.Hour))}}}
}

// TestTwoNodesThatLookForOneNewHomeownerFindOne lets two connections tell of the same
// person at once, each to a node of its own, and both nodes advance the location.
func TestTwoNodesThatLookForOneNewHomeownerFindOne(t *testing.T) {
	pair(t, func(t *testing.T, a, b *db.DB) {
		n := rounds(t, 40, 500)
		if a.Engine() == db.SQLite {
			n = min(n, 200) // one writer: there is little to meet
		}
		one, two := advancing(t, a), advancing(t, b)
		for i := range n {
			name := fmt.Sprint(i)
			side := func(node *advance.Advance, d *db.DB, connection string) func() {
				packed := told(t, connection, name, append(booked("j"+name, "c"+name), person("c"+name, i))...)
				return func() {
					do(t, d, func(tx *db.Tx) error { _, err := inbox.Keep(tx, packed); return err })
					step(t, node)
				}
			}
			together(side(one, a, "field"), side(two, b, "crm"))
			together(func() { step(t, one) }, func() { step(t, two) })
			if i%25 == 0 {
				measure(t, a)
			}
		}
		settle(t, one)
		oneOfEach(t, a, n)
	})
}

// measure does at once what a PostgreSQL server does within a minute: without figures
// of its tables it reads them whole.
func measure(t *testing.T, d *db.DB) {
	t.Helper()
	if d.Engine() == db.PostgreSQL {
		do(t, d, func(tx *db.Tx) error { _, err := tx.Exec(`ANALYZE`); return err })
	}
}

func step(t *testing.T, a *advance.Advance) bool {
	t.Helper()
	worked, _, err := a.Step(context.Background(), monday, "north")
	if err != nil {
		t.Error(err)
	}
	return worked
}

func settle(t *testing.T, a *advance.Advance) {
	t.Helper()
	for range 10_000 {
		if !step(t, a) {
			return
		}
	}
	t.Fatal("it does not come to rest")
}

// oneOfEach holds that each of n people is one, and that each delivery was applied
// once: what a second application does shows in the transitions, which are appended.
func oneOfEach(t *testing.T, d *db.DB, n int) {
	t.Helper()
	two := 0
	do(t, d, func(tx *db.Tx) error {
		for i := range n {
			x := plumbline.NewSourceID("north", "field", plumbline.Customer, fmt.Sprint("c", i))
			y := plumbline.NewSourceID("north", "crm", plumbline.Customer, fmt.Sprint("c", i))
			golden, err := record.Resolve(tx, "north", []string{string(x), string(y)})
			if err != nil {
				return err
			}
			if golden[x] != golden[y] {
				two++
			}
		}
		return nil
	})
	if two > 0 {
		t.Errorf("%d of %d homeowners are two golden records", two, n)
	}
	if got := count(t, d, `SELECT COUNT(*) FROM golden_record WHERE kind = 'customer'`); got != n {
		t.Errorf("there are %d golden customers, want %d", got, n)
	}
	if got := count(t, d, `SELECT COUNT(*) FROM delivery WHERE state <> 1`); got != 0 {
		t.Errorf("%d deliveries were not applied", got)
	}
	for stage, want := range map[string]int{"booked": 2 * n, "scheduled": 2 * n} {
		if got := count(t, d, `SELECT COUNT(*) FROM transition WHERE what = 'reached' AND stage = $1`, stage); got != want {
			t.Errorf("%s was reached %d times, want %d: once each", stage, got, want)
		}
	}
	if got := count(t, d, `SELECT COUNT(*) FROM transition WHERE what <> 'reached'`); got != 0 {
		t.Errorf("%d transitions were recorded of what did not change", got)
	}
}

// TestANodeDoesNotWaitForTheOneThatAdvances: it turns to what else there is to do. On
// SQLite there is one writer, for which everybody waits.
func TestANodeDoesNotWaitForTheOneThatAdvances(t *testing.T) {
	a, b := nodes(t)
	one, two := advancing(t, a), advancing(t, b)
	inside, leave := make(chan struct{}), make(chan struct{})
	one.Followers = append(one.Followers, follow(func(*db.Tx) {
		close(inside)
		<-leave
	}))
	do(t, a, func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, told(t, "field", "1", person("c1", 1)), told(t, "field", "2", person("c2", 2)))
		return err
	})
	first, second := make(chan bool, 1), make(chan bool, 1)
	go func() { first <- step(t, one) }()
	<-inside
	go func() { second <- step(t, two) }()
	select {
	case worked := <-second:
		if worked {
			t.Error("two nodes advanced one location at once")
		}
	case <-time.After(10 * time.Second):
		t.Error("a node waits for another one's transaction")
	}
	close(leave)
	if !<-first {
		t.Error("the node that had the location did nothing")
	}
	settle(t, two)
	if got := count(t, a, `SELECT COUNT(*) FROM delivery WHERE state <> 1`); got != 0 {
		t.Errorf("%d deliveries were not applied", got)
	}
}

type follow func(tx *db.Tx)

func (f follow) Follow(tx *db.Tx, _ *advance.Batch) error {
	f(tx)
	return nil
}

// TestAClockRingsOnceOnTwoNodes lets both nodes ring what is due at one instant.
func TestAClockRingsOnceOnTwoNodes(t *testing.T) {
	pair(t, func(t *testing.T, a, b *db.DB) {
		n, each := rounds(t, 20, 200), 3
		for i := range n {
			owner := fmt.Sprint("job", i)
			var want []clock.Clock
			for k := range each {
				want = append(want, clock.Clock{Subject: plumbline.SourceID(owner), Kind: plumbline.Job, Rule: fmt.Sprint("rule", k), Due: monday})
			}
			do(t, a, func(tx *db.Tx) error { return clock.Sync(tx, "north", map[string][]clock.Clock{owner: want}) })
			together(func() { ring(t, a) }, func() { ring(t, b) })
			for ring(t, a) {
			}
			// What rang is applied; the same clocks are wanted once more, and not set.
			do(t, a, func(tx *db.Tx) error {
				if _, err := tx.Exec(`UPDATE delivery SET state = 1`); err != nil {
					return err
				}
				return clock.Sync(tx, "north", map[string][]clock.Clock{owner: want})
			})
		}
		if got := count(t, a, `SELECT COUNT(*) FROM delivery WHERE connection = 'clock'`); got != n*each {
			t.Errorf("%d clocks rang, want %d", got, n*each)
		}
		if got := count(t, a, `SELECT COUNT(*) FROM tally`); got != 0 {
			t.Errorf("clocks rang twice: %d duplicates were counted", got)
		}
		if got := count(t, a, `SELECT COUNT(*) FROM clock`); got != 0 {
			t.Errorf("%d clocks are set still", got)
		}
	})
}

func ring(t *testing.T, d *db.DB) bool {
	t.Helper()
	worked, _, err := clock.Step(context.Background(), d, monday, "north")
	if err != nil {
		t.Error(err)
	}
	return worked
}
