package kill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

// lease is how long a hold lasts, as the outbox has it.
const lease = 60 * time.Second

// A caller performs what is owed and watches how it is called, on every node alike.
type caller struct {
	mu    sync.Mutex
	fails func(record string) bool // no answer, though it was done
	slow  bool                     // a call takes all of its time
	per   int                      // rows in a call, at least 1

	flying map[string]string // by record: the attempt that carries it
	made   map[string]int    // by record: how often it was done
	calls  []outbox.Call
	wrong  []string
}

func newCaller() *caller {
	return &caller{per: 1, flying: map[string]string{}, made: map[string]int{}, fails: func(string) bool { return false }}
}

func (c *caller) Prepare(tx *db.Tx, _ tenant.Connection, rows []outbox.Row) (calls []outbox.Call, _ []outbox.Settled, _ error) {
	for len(rows) > 0 {
		n := min(c.per, len(rows))
		call := outbox.NewCall(tx, "write", struct{}{}, rows[:n]...)
		if c.slow {
			call.Within = 50 * time.Millisecond
		}
		calls, rows = append(calls, call), rows[n:]
	}
	return calls, nil, nil
}

func (c *caller) Perform(ctx context.Context, _ tenant.Connection, call outbox.Call) outbox.Result {
	failed := false
	c.mu.Lock()
	c.calls = append(c.calls, call)
	for _, r := range call.Rows {
		if other := c.flying[r.Record]; other != "" {
			c.wrong = append(c.wrong, fmt.Sprintf("%s is carried by %s and %s at once", r.Record, other, call.ID))
		}
		c.flying[r.Record] = call.ID
		c.made[r.Record]++
		failed = failed || c.fails(r.Record)
	}
	c.mu.Unlock()
	if c.slow {
		<-ctx.Done()
	} else {
		time.Sleep(100 * time.Microsecond)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range call.Rows {
		delete(c.flying, r.Record)
	}
	if failed {
		return outbox.Result{Err: &connect.Error{Class: connect.Unknown, Msg: "no answer", Err: errors.New("cut")}}
	}
	return outbox.Result{}
}

func (c *caller) Settle(_ *db.Tx, _ tenant.Connection, call outbox.Call, r outbox.Result) (list []outbox.Settled, _ error) {
	for _, row := range call.Rows {
		if r.Err != nil {
			list = append(list, outbox.AgainAt(row, row.Due))
			continue
		}
		list = append(list, outbox.Settled{Row: row, What: outbox.Done})
	}
	return list, nil
}

func (c *caller) Ask(_ context.Context, _ tenant.Connection, call outbox.Call) outbox.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range call.Rows {
		if other := c.flying[r.Record]; other != "" {
			c.wrong = append(c.wrong, fmt.Sprintf("%s is asked after while %s is on its way", r.Record, other))
		}
	}
	return outbox.Result{}
}

// Decide finds that it was done.
func (c *caller) Decide(_ *db.Tx, _ tenant.Connection, call outbox.Call, _ outbox.Result) (list []outbox.Settled, _ error) {
	for _, row := range call.Rows {
		list = append(list, outbox.Settled{Row: row, What: outbox.Done})
	}
	return list, nil
}

// dispatcher is one node's, for a quota of which no more than calls leave in window.
func dispatcher(d *db.DB, node string, c *caller, calls int, window time.Duration) *outbox.Dispatcher {
	return &outbox.Dispatcher{DB: d, Node: node, Quota: "tool", Performers: map[string]outbox.Performer{"room": c},
		Budgets: map[string]connect.Budget{"write": {Calls: calls, Window: window}}}
}

func connection(t *testing.T, d *db.DB) {
	t.Helper()
	do(t, d, func(tx *db.Tx) error {
		if err := tenant.Put(tx, tenant.Connection{Location: "north", Name: "tool", Tool: "tool", Quota: "tool"}); err != nil {
			return err
		}
		return tenant.Switch(tx, "north", "tool", tenant.On)
	})
}

func owe(t *testing.T, d *db.DB, now time.Time, from, n int) {
	t.Helper()
	var debts []outbox.Debt
	for i := range n {
		debts = append(debts, outbox.Debt{Key: outbox.Key{Location: "north", Connection: "tool", Room: "room", Record: fmt.Sprintf("r%05d", from+i)}})
	}
	if err := d.Do(context.Background(), now, func(tx *db.Tx) error { return outbox.Owe(tx, debts...) }); err != nil {
		t.Error(err)
	}
}

func dispatch(t *testing.T, d *outbox.Dispatcher, now time.Time) bool {
	t.Helper()
	worked, _, err := d.Step(context.Background(), now)
	if err != nil {
		t.Errorf("node %s: %v", d.Node, err)
	}
	return worked
}

// holder reads who has the quota.
func holder(t *testing.T, d *db.DB) (node string, epoch int) {
	t.Helper()
	do(t, d, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT node, epoch FROM holder WHERE quota = 'tool'`).Scan(&node, &epoch)
	})
	return node, epoch
}

// TestTwoNodesShareOneQuotaByTurns lets both dispatch at the same instants while now
// and then the lease runs out under them.
func TestTwoNodesShareOneQuotaByTurns(t *testing.T) {
	pair(t, func(t *testing.T, a, b *db.DB) {
		connection(t, a)
		c := newCaller()
		r := rand.New(rand.NewPCG(7, 7))
		lost := map[string]bool{}
		c.fails = func(record string) bool { return lost[record] }
		one, two := dispatcher(a, "one", c, 1_000, time.Second), dispatcher(b, "two", c, 1_000, time.Second)
		now, owed, last := monday, 0, 0
		holders := map[string]bool{}
		n := rounds(t, 30, 300)
		for range n {
			k := 1 + r.IntN(12)
			for i := range k {
				lost[fmt.Sprintf("r%05d", owed+i)] = r.IntN(5) == 0
			}
			owe(t, a, now, owed, k)
			owed += k
			c.per = 1 + r.IntN(4)
			both := func(d *outbox.Dispatcher) func() {
				return func() {
					for range 3 {
						dispatch(t, d, now)
					}
				}
			}
			switch r.IntN(4) { // now and then one of them is away
			case 0:
				together(both(one))
			case 1:
				together(both(two))
			default:
				together(both(one), both(two))
			}
			node, epoch := holder(t, a)
			holders[node] = true
			if epoch < last {
				t.Fatalf("the epoch went from %d to %d", last, epoch)
			}
			last = epoch
			now = now.Add([]time.Duration{time.Second, 31 * time.Second, lease + time.Second}[r.IntN(3)])
		}
		for range 1_000 {
			if count(t, a, `SELECT (SELECT COUNT(*) FROM outbox) + (SELECT COUNT(*) FROM attempt WHERE state IN ('open', 'unknown'))`) == 0 {
				break
			}
			now = now.Add(10 * time.Second)
			dispatch(t, one, now)
			dispatch(t, two, now)
		}
		for _, w := range c.wrong {
			t.Error(w)
		}
		for record, times := range c.made {
			if times != 1 {
				t.Errorf("%s was done %d times", record, times)
			}
		}
		if len(c.made) != owed {
			t.Errorf("%d of %d were done", len(c.made), owed)
		}
		if left := count(t, a, `SELECT COUNT(*) FROM outbox`); left != 0 {
			t.Errorf("%d are owed still", left)
		}
		if len(holders) != 2 || last < 2 {
			t.Errorf("held by %v up to epoch %d: the hold did not move", holders, last)
		}
		attemptsDisjoint(t, a)
	})
}

// attemptsDisjoint holds that each row and generation stands in one attempt.
func attemptsDisjoint(t *testing.T, d *db.DB) {
	t.Helper()
	seen := map[string]string{}
	do(t, d, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT id, carries FROM attempt`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, text string
			if err := rows.Scan(&id, &text); err != nil {
				return err
			}
			var list []struct {
				Record string
				Gen    int
			}
			if err := json.Unmarshal([]byte(text), &list); err != nil {
				return err
			}
			for _, c := range list {
				key := fmt.Sprint(c.Record, " ", c.Gen)
				if other := seen[key]; other != "" {
					t.Errorf("%s is carried by the attempts %s and %s", key, other, id)
				}
				seen[key] = id
			}
		}
		return rows.Err()
	})
}

// TestANodeWhoseHoldWasTakenCommitsNothing: its own clock says that it holds still.
func TestANodeWhoseHoldWasTakenCommitsNothing(t *testing.T) {
	pair(t, func(t *testing.T, a, b *db.DB) {
		connection(t, a)
		c := newCaller()
		one, two := dispatcher(a, "one", c, 1_000, time.Second), dispatcher(b, "two", c, 1_000, time.Second)
		owe(t, a, monday, 0, 1) // a quota is held by whoever has something to call about
		dispatch(t, one, monday)
		if node, epoch := holder(t, a); node != "one" || epoch != 1 {
			t.Fatalf("%s holds with epoch %d, want one with 1", node, epoch)
		}
		owe(t, a, monday, 1, 1)
		dispatch(t, two, monday.Add(lease-time.Second))
		if node, _ := holder(t, a); node != "one" {
			t.Fatalf("%s holds before the lease has run out", node)
		}
		dispatch(t, two, monday.Add(lease+time.Second))
		if node, epoch := holder(t, a); node != "two" || epoch != 2 {
			t.Fatalf("%s holds with epoch %d, want two with 2", node, epoch)
		}
		for dispatch(t, two, monday.Add(lease+2*time.Second)) {
		}
		c.calls = nil
		owe(t, a, monday, 2, 5)
		for range 3 { // asleep for a minute, it wakes with the time at which it fell asleep
			dispatch(t, one, monday.Add(2*time.Second))
		}
		if n := count(t, a, `SELECT COUNT(*) FROM attempt WHERE state = 'open'`); n != 0 || len(c.calls) != 0 {
			t.Errorf("%d attempts and %d calls by a node that holds nothing", n, len(c.calls))
		}
		dispatch(t, two, monday.Add(lease+4*time.Second))
		for _, call := range c.calls {
			if call.Epoch != 2 {
				t.Errorf("an attempt of the second holder carries epoch %d", call.Epoch)
			}
		}
		if len(c.calls) != 5 {
			t.Errorf("the second holder made %d calls, want 5", len(c.calls))
		}
	})
}

// TestWhoeverTakesAQuotaBeginsWithoutBudget: what left before cannot be known.
func TestWhoeverTakesAQuotaBeginsWithoutBudget(t *testing.T) {
	const window = 10 * time.Second
	for _, x := range []struct {
		name string
		next func(b *db.DB, c *caller) *outbox.Dispatcher
		at   time.Time
	}{
		{"another node after the lease", func(b *db.DB, c *caller) *outbox.Dispatcher { return dispatcher(b, "two", c, 4, window) }, monday.Add(lease + time.Second)},
		{"the same node, killed and begun again", func(b *db.DB, c *caller) *outbox.Dispatcher { return dispatcher(b, "one", c, 4, window) }, monday.Add(time.Second)},
	} {
		t.Run(x.name, func(t *testing.T) {
			pair(t, func(t *testing.T, a, b *db.DB) {
				connection(t, a)
				c := newCaller()
				owe(t, a, monday, 0, 20)
				one := dispatcher(a, "one", c, 4, window)
				for range 5 {
					dispatch(t, one, monday)
				}
				if len(c.calls) != 4 {
					t.Fatalf("%d calls left within a budget of 4", len(c.calls))
				}
				next := x.next(b, c)
				for range 5 {
					dispatch(t, next, x.at)
				}
				if len(c.calls) != 4 {
					t.Errorf("the next holder made %d calls at once, want none before a window has passed", len(c.calls)-4)
				}
				for range 5 {
					dispatch(t, next, x.at.Add(window))
				}
				if len(c.calls) != 8 {
					t.Errorf("after a window it made %d calls, want 4", len(c.calls)-4)
				}
			})
		})
	}
}

// TestNoCallOfALotLeavesAfterItsDeadline: an attempt whose deadline has passed may be
// asked after by whoever holds the quota then, so its call may not leave any more.
func TestNoCallOfALotLeavesAfterItsDeadline(t *testing.T) {
	pair(t, func(t *testing.T, a, _ *db.DB) {
		connection(t, a)
		c := newCaller()
		c.slow = true
		owe(t, a, monday, 0, 4)
		dispatch(t, dispatcher(a, "one", c, 1_000, time.Second), monday)
		if len(c.calls) != 1 {
			t.Errorf("%d calls left, one after the other, though the first took all of the time that their attempts had", len(c.calls))
		}
		if n := count(t, a, `SELECT COUNT(*) FROM outbox WHERE attempt = ''`); n < 3 {
			t.Errorf("%d of 4 are free to be tried again, want the 3 whose calls never left", n)
		}
	})
}

// TestNothingIsPreparedWhileItIsDecidedWhatIsOwed: both read the same rows and write
// them whole, so one would write over what the other has just decided.
func TestNothingIsPreparedWhileItIsDecidedWhatIsOwed(t *testing.T) {
	a, b := nodes(t)
	connection(t, a)
	c := newCaller()
	owe(t, a, monday, 0, 1)
	one := advancing(t, a)
	inside, leave := make(chan struct{}), make(chan struct{})
	one.Followers = append(one.Followers, follow(func(tx *db.Tx) {
		close(inside)
		<-leave
		if err := outbox.Owe(tx, outbox.Debt{Key: outbox.Key{Location: "north", Connection: "tool", Room: "room", Record: "r00000"}}); err != nil {
			t.Error(err)
		}
	}))
	do(t, a, func(tx *db.Tx) error { _, err := inbox.Keep(tx, told(t, "field", "1", person("c1", 1))); return err })
	decided, dispatched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(decided)
		step(t, one)
	}()
	<-inside
	go func() {
		defer close(dispatched)
		for dispatch(t, dispatcher(b, "two", c, 1_000, time.Second), monday) {
		}
	}()
	select {
	case <-dispatched:
		t.Error("a call was prepared while it was being decided what is owed")
	case <-time.After(100 * time.Millisecond): // it waits, as it should
	}
	close(leave)
	<-decided
	<-dispatched
	if c.made["r00000"] != 1 {
		t.Errorf("it was done %d times, want once: owed again before it left, it is one call", c.made["r00000"])
	}
	if n := count(t, a, `SELECT COUNT(*) FROM outbox`); n != 0 {
		t.Errorf("%d rows are owed still", n)
	}
}
