package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// A carrier carries out what is owed, one row a call, as a test says.
type carrier struct {
	t *testing.T
	d *db.DB

	answer  func(record string) *connect.Error // of Perform
	found   func(record string) outbox.Result  // of Ask
	refuses func(record string) error          // of Prepare
	decide  func(record string) error          // of Decide
	meet    func(record string)                // while the call is on its way
	budget  func(record string) (class string) // default: write
	settle  func(tx *db.Tx, row outbox.Row, r outbox.Result) outbox.Settled

	made, asked []string
	budgets     map[string]connect.Budget
}

func (c *carrier) Prepare(tx *db.Tx, _ tenant.Connection, rows []outbox.Row) (calls []outbox.Call, _ []outbox.Settled, _ error) {
	for _, r := range rows {
		if c.refuses != nil {
			if err := c.refuses(r.Record); err != nil {
				_, _ = tx.Exec(`SELECT nothing FROM nowhere`) // as bad as it gets
				return nil, nil, err
			}
		}
		class := "write"
		if c.budget != nil {
			class = c.budget(r.Record)
		}
		calls = append(calls, outbox.NewCall(tx, class, r.Record, r))
	}
	return calls, nil, nil
}

func (c *carrier) Perform(_ context.Context, k tenant.Connection, call outbox.Call) outbox.Result {
	record := call.Rows[0].Record
	if n := c.count(`SELECT COUNT(*) FROM attempt WHERE location_id = $1 AND id = $2 AND state = 'open' AND carries LIKE $3`, k.Location, call.ID, "%"+record+"%"); n != 1 {
		c.t.Errorf("%s left before its attempt was committed", record)
	}
	c.made = append(c.made, k.Location+"/"+record)
	if c.meet != nil {
		c.meet(record)
	}
	if c.answer != nil {
		return outbox.Result{Err: c.answer(record)}
	}
	return outbox.Result{}
}

func (c *carrier) Settle(tx *db.Tx, _ tenant.Connection, call outbox.Call, r outbox.Result) ([]outbox.Settled, error) {
	row := call.Rows[0]
	switch {
	case c.settle != nil:
		return []outbox.Settled{c.settle(tx, row, r)}, nil
	case r.Err == nil:
		return []outbox.Settled{{Row: row, What: outbox.Done}}, nil
	case r.Err.Class == connect.Human:
		return []outbox.Settled{{Row: row, What: outbox.Stuck, Item: &errorqueue.Item{Cause: r.Err.Code, Title: r.Err.Msg, Cure: r.Err.Cure}}}, nil
	}
	return []outbox.Settled{outbox.AgainAt(row, outbox.Backoff(row, tx.Now))}, nil
}

func (c *carrier) Ask(_ context.Context, _ tenant.Connection, call outbox.Call) outbox.Result {
	c.asked = append(c.asked, call.Rows[0].Record)
	if c.found != nil {
		return c.found(call.Rows[0].Record)
	}
	return outbox.Result{}
}

// Decide finds that nothing was done where the answer is "not there".
func (c *carrier) Decide(tx *db.Tx, _ tenant.Connection, call outbox.Call, r outbox.Result) ([]outbox.Settled, error) {
	row := call.Rows[0]
	if c.decide != nil {
		if err := c.decide(row.Record); err != nil {
			return nil, err
		}
	}
	if r.Answer == "not there" {
		return []outbox.Settled{outbox.AgainAt(row, tx.Now)}, nil
	}
	return []outbox.Settled{{Row: row, What: outbox.Done}}, nil
}

func (c *carrier) count(query string, args ...any) (n int) {
	c.t.Helper()
	err := c.d.View(c.t.Context(), noon, func(tx *db.Tx) error { return tx.QueryRow(query, args...).Scan(&n) })
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

func newCarrier(t *testing.T, d *db.DB, locations ...string) *carrier {
	t.Helper()
	for _, l := range locations {
		do(t, d, noon, func(tx *db.Tx) error {
			if err := tenant.Put(tx, tenant.Connection{Location: l, Name: "tool", Tool: "tool", Quota: "quota"}); err != nil {
				return err
			}
			return tenant.Switch(tx, l, "tool", tenant.On)
		})
	}
	return &carrier{t: t, d: d, budgets: map[string]connect.Budget{}}
}

func (c *carrier) dispatcher(node string) *outbox.Dispatcher {
	return &outbox.Dispatcher{DB: c.d, Node: node, Quota: "quota", Performers: map[string]outbox.Performer{"room": c}, Budgets: c.budgets}
}

func do(t *testing.T, d *db.DB, now time.Time, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Do(t.Context(), now, f); err != nil {
		t.Fatal(err)
	}
}

func key(location, record string) outbox.Key {
	return outbox.Key{Location: location, Connection: "tool", Room: "room", Record: record}
}

func (c *carrier) owe(now time.Time, debts ...outbox.Debt) {
	c.t.Helper()
	do(c.t, c.d, now, func(tx *db.Tx) error { return outbox.Owe(tx, debts...) })
}

// run steps until nothing is due, and returns when something is again.
func (c *carrier) run(d *outbox.Dispatcher, now time.Time) (next time.Time) {
	c.t.Helper()
	for range 500 {
		worked, next, err := d.Step(c.t.Context(), now)
		if err != nil {
			c.t.Fatal(err)
		}
		if !worked {
			return next
		}
	}
	c.t.Fatal("the dispatcher does not come to rest")
	return next
}

func (c *carrier) want(what string, records ...string) {
	c.t.Helper()
	if !slices.Equal(c.made, records) {
		c.t.Errorf("%s: made %v, want %v", what, c.made, records)
	}
}

func (c *carrier) items(now time.Time) (list []errorqueue.Item) {
	c.t.Helper()
	do(c.t, c.d, now, func(tx *db.Tx) (err error) { list, err = errorqueue.List(tx, "l"); return err })
	return list
}

func TestOwedTwiceIsPaidOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		for range 3 {
			c.owe(noon, outbox.Debt{Key: key("l", "a")})
		}
		c.run(c.dispatcher("one"), noon)
		c.run(c.dispatcher("one"), noon.Add(time.Hour))
		c.want("owed three times before a call", "l/a")
	})
}

// What was built before the debt was renewed does not settle it.
func TestOwedAnewWhileItsCallIsOnItsWayIsPaidOnceMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.owe(noon, outbox.Debt{Key: key("l", "a")})
		c.meet = func(string) {
			if len(c.made) == 1 {
				c.owe(noon, outbox.Debt{Key: key("l", "a")})
			}
		}
		c.run(c.dispatcher("one"), noon)
		c.want("owed anew", "l/a", "l/a")
		if n := c.count(`SELECT COUNT(*) FROM outbox`); n != 0 {
			t.Errorf("%d rows are left, want none", n)
		}
	})
}

func TestWhatIsForgivenIsNotPaid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.owe(noon, outbox.Debt{Key: key("l", "a")}, outbox.Debt{Key: key("l", "b")})
		c.meet = func(string) { // too late: it is on its way
			do(t, d, noon, func(tx *db.Tx) error { return outbox.Forgive(tx, key("l", "b")) })
		}
		do(t, d, noon, func(tx *db.Tx) error { return outbox.Forgive(tx, key("l", "a")) })
		c.run(c.dispatcher("one"), noon)
		c.want("a was forgiven", "l/b")
	})
}

func TestNothingLeavesBeforeItIsDueOrWhileItsConnectionIsOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.owe(noon, outbox.Debt{Key: key("l", "a"), Due: noon.Add(time.Hour)})
		one := c.dispatcher("one")
		if next := c.run(one, noon); !next.Equal(noon.Add(time.Hour)) {
			t.Errorf("something is due again at %v, want in an hour", next)
		}
		c.want("before it is due")
		for _, mode := range []string{tenant.Rehearsal, tenant.Off} {
			do(t, d, noon, func(tx *db.Tx) error { return tenant.Switch(tx, "l", "tool", mode) })
			c.run(one, noon.Add(time.Hour))
			c.want("in " + mode)
		}
		do(t, d, noon, func(tx *db.Tx) error { return tenant.Switch(tx, "l", "tool", tenant.On) })
		c.run(one, noon.Add(time.Hour))
		c.want("switched on", "l/a")
	})
}

func TestNoMoreLeavesThanTheBudgetAllowsAndATenthIsForEmergencies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.budgets["write"] = connect.Budget{Calls: 10, Window: time.Minute}
		for i := range 30 {
			c.owe(noon, outbox.Debt{Key: key("l", fmt.Sprintf("r%02d", i)), Class: outbox.Ordinary})
		}
		one := c.dispatcher("one")
		if next := c.run(one, noon); !next.Equal(noon.Add(30*time.Second)) || len(c.made) != 9 {
			t.Errorf("%d left, the next step at %v; want nine of ten, and the hold to be kept", len(c.made), next)
		}
		c.owe(noon, outbox.Debt{Key: key("l", "burst"), Class: outbox.Emergency}, outbox.Debt{Key: key("l", "pipe"), Class: outbox.Emergency})
		c.run(one, noon.Add(time.Second))
		if len(c.made) != 10 || c.made[9] != "l/burst" {
			t.Errorf("with the budget of the others spent, %v left for two emergencies, want one", c.made[9:])
		}
		c.run(one, noon.Add(59*time.Second))
		if len(c.made) != 10 {
			t.Errorf("%d left within the window", len(c.made))
		}
		c.run(one, noon.Add(time.Minute))
		if len(c.made) != 18 || c.made[10] != "l/pipe" {
			t.Errorf("a minute after the first %v left, want the other emergency first, and with the first one nine in all", c.made[10:])
		}
	})
}

// Each class of calls has a budget of its own: one that is spent holds up no other.
// A window may be longer than a lease. Whoever waits for room keeps the hold meanwhile: if
// each took it over from the other, both would begin with nothing for ever.
func TestWhoeverWaitsForRoomKeepsTheHold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.budgets["write"] = connect.Budget{Calls: 5, Window: 5 * time.Minute}
		c.owe(noon, outbox.Debt{Key: key("l", "first")})
		c.run(c.dispatcher("dead"), noon)
		c.owe(noon, outbox.Debt{Key: key("l", "second")})
		one, two := c.dispatcher("one"), c.dispatcher("two")
		at := map[*outbox.Dispatcher]time.Time{one: noon.Add(61 * time.Second), two: noon.Add(62 * time.Second)}
		for now := noon.Add(time.Minute); now.Before(noon.Add(7 * time.Minute)); now = now.Add(time.Second) {
			for _, d := range []*outbox.Dispatcher{one, two} {
				if next := at[d]; !next.After(now) {
					at[d] = c.run(d, now)
				}
			}
		}
		if len(c.made) != 2 {
			t.Errorf("a window after the hold was taken over %v left, want the second too", c.made)
		}
	})
}

func TestASpentBudgetHoldsUpNoOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.budgets["search"] = connect.Budget{Calls: 1, Window: time.Minute}
		c.budget = func(record string) string {
			return map[bool]string{true: "search", false: "write"}[strings.HasPrefix(record, "s")]
		}
		for _, r := range []string{"s1", "s2", "w1", "w2"} {
			c.owe(noon, outbox.Debt{Key: key("l", r), Class: outbox.Ordinary, Lot: r[:1]})
		}
		c.run(c.dispatcher("one"), noon)
		c.want("one search a minute", "l/s1", "l/w1", "l/w2")
	})
}

func TestEmergenciesGoBeforeTheOrdinaryAndThatBeforeSweeps(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.owe(noon, outbox.Debt{Key: key("l", "sweep"), Class: outbox.Backfill, Due: noon.Add(-3 * time.Hour)},
			outbox.Debt{Key: key("l", "late"), Class: outbox.Ordinary, Due: noon.Add(-time.Hour)},
			outbox.Debt{Key: key("l", "later"), Class: outbox.Ordinary, Due: noon.Add(-time.Minute), Lot: "another"},
			outbox.Debt{Key: key("l", "latest"), Class: outbox.Ordinary, Due: noon.Add(-2 * time.Hour), Lot: "third"},
			outbox.Debt{Key: key("l", "parent"), Class: outbox.Ordinary, Due: noon.Add(-time.Second), Lot: "third", Rank: -1},
			outbox.Debt{Key: key("l", "burst"), Class: outbox.Emergency})
		c.run(c.dispatcher("one"), noon)
		c.want("by class, rank and how long they have been due", "l/burst", "l/parent", "l/latest", "l/late", "l/later", "l/sweep")
	})
}

// However much one location owes, and in however many lots, each gets its share.
// A lot of a low rank to which something is always added holds up no other.
func TestWithinALocationWhatHasBeenDueLongestGoesFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		lot := func(record, lot string, rank int, due time.Time) outbox.Debt {
			return outbox.Debt{Key: key("l", record), Lot: lot, Rank: rank, Due: due}
		}
		c.owe(noon, lot("contact 1", "contacts", 1, noon), lot("deal 1", "deals", 2, noon.Add(time.Second)), lot("note 1", "notes", 3, noon.Add(2*time.Second)))
		more := 1
		c.meet = func(string) {
			if more++; more < 9 {
				name := fmt.Sprintf("contact %d", more)
				do(t, d, noon, func(tx *db.Tx) error {
					return outbox.Owe(tx, lot(name, "contacts", 1, noon.Add(time.Duration(more+1)*time.Second)))
				})
			}
		}
		c.run(c.dispatcher("one"), noon.Add(time.Minute))
		if want := []string{"l/contact 1", "l/deal 1", "l/note 1", "l/contact 2"}; len(c.made) < 4 || !slices.Equal(c.made[:4], want) {
			t.Errorf("they left as %q, want first %q", c.made, want)
		}
	})
}

func TestLocationsTakeTurnsByWeight(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "big", "heavy", "small")
		c.budgets["write"] = connect.Budget{Calls: 4, Window: time.Second}
		for i := range 200 {
			c.owe(noon, outbox.Debt{Key: key("big", fmt.Sprintf("b%03d", i)), Class: outbox.Ordinary, Lot: fmt.Sprint("lot", i%20), Due: noon.Add(-time.Hour)},
				outbox.Debt{Key: key("heavy", fmt.Sprintf("h%03d", i)), Class: outbox.Ordinary})
			if i < 12 {
				c.owe(noon, outbox.Debt{Key: key("small", fmt.Sprintf("s%03d", i)), Class: outbox.Ordinary, Lot: fmt.Sprint("lot", i)})
			}
		}
		one := c.dispatcher("one")
		one.Weights = map[string]int{"heavy": 2}
		had := func() map[string]int {
			n := map[string]int{}
			for _, r := range c.made {
				n[r[:strings.IndexByte(r, '/')]]++
			}
			return n
		}
		at := noon
		for ; at.Before(noon.Add(12 * time.Second)); at = at.Add(time.Second) {
			c.run(one, at)
		}
		if n := had(); len(c.made) != 48 || n["heavy"] < 20 || n["heavy"] > 28 || n["big"] < 9 || n["big"] > 15 || n["small"] < 9 {
			t.Errorf("of 48 calls they had %v, want about 12 for big, 24 for heavy, 12 for small", n)
		}
		// Small rests. When it owes again, it has not saved up what it left to the others.
		for ; at.Before(noon.Add(40 * time.Second)); at = at.Add(time.Second) {
			c.run(one, at)
		}
		c.made = nil
		for i := range 60 {
			c.owe(at, outbox.Debt{Key: key("small", fmt.Sprintf("t%03d", i)), Class: outbox.Ordinary, Lot: fmt.Sprint("lot", i)})
		}
		for range 6 {
			c.run(one, at)
			at = at.Add(time.Second)
		}
		if n := had(); n["small"] < 3 || n["small"] > 10 {
			t.Errorf("of 24 calls they had %v, want about 6 for small", n)
		}
	})
}

func TestTheFourClassesOfErrors(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		t.Run("retry", func(t *testing.T) { // later and later
			c := newCarrier(t, d, "l")
			one := c.dispatcher("retry")
			fails := 3
			c.answer = func(string) *connect.Error {
				if fails--; fails >= 0 {
					return &connect.Error{Class: connect.Retry, Msg: "it is busy"}
				}
				return nil
			}
			c.owe(noon, outbox.Debt{Key: key("l", "a")})
			at, waits := noon, []time.Duration(nil)
			for next := c.run(one, at); !next.IsZero(); next = c.run(one, at) {
				waits, at = append(waits, next.Sub(at)), next
			}
			if len(c.made) != 4 || len(waits) != 3 || waits[0] < 5*time.Second || waits[1] < 20*time.Second || waits[2] < 80*time.Second || waits[2] > 90*time.Second {
				t.Errorf("it was tried %d times, after %v", len(c.made), waits)
			}
			do(t, d, at, func(tx *db.Tx) error { return tenant.Release(tx, "quota", "retry") })
		})
		t.Run("wait", func(t *testing.T) { // the quota rests, with all that is in it
			c := newCarrier(t, d, "l", "m")
			one := c.dispatcher("wait")
			c.answer = func(record string) *connect.Error {
				if len(c.made) == 1 {
					return &connect.Error{Class: connect.Wait, After: time.Minute, Msg: "too many"}
				}
				return nil
			}
			c.owe(noon, outbox.Debt{Key: key("l", "a")})
			c.run(one, noon)
			c.owe(noon, outbox.Debt{Key: key("m", "b")})
			if next := c.run(one, noon.Add(30*time.Second)); !next.Equal(noon.Add(time.Minute)) {
				t.Errorf("the quota rests until %v, want a minute", next)
			}
			c.want("while it rests", "l/a")
			c.run(one, noon.Add(time.Minute))
			c.run(one, noon.Add(2*time.Minute))
			if len(c.made) != 3 {
				t.Errorf("after its rest %v, want both", c.made)
			}
			do(t, d, noon, func(tx *db.Tx) error { return tenant.Release(tx, "quota", "wait") })
		})
		t.Run("human", func(t *testing.T) { // an item for a person; nothing is tried until they say so
			c := newCarrier(t, d, "l")
			one := c.dispatcher("human")
			broken := true
			c.answer = func(string) *connect.Error {
				if broken {
					return &connect.Error{Class: connect.Human, Code: "bad_zip", Msg: "the ZIP of dana@example.com is none", Cure: "correct it"}
				}
				return nil
			}
			c.owe(noon, outbox.Debt{Key: key("l", "a")})
			c.run(one, noon)
			c.run(one, noon.Add(100*time.Hour))
			c.want("without a person", "l/a")
			items := c.items(noon)
			if len(items) != 1 || items[0].Cure != "correct it" || strings.Contains(items[0].Title, "dana@") {
				t.Errorf("the error queue holds %+v, want one item with its cure, masked", items)
			}
			broken = false
			do(t, d, noon.Add(101*time.Hour), func(tx *db.Tx) error { return outbox.Retry(tx, key("l", "a")) })
			c.run(one, noon.Add(101*time.Hour))
			c.want("told to try again", "l/a", "l/a")
			if items := c.items(noon); len(items) != 0 {
				t.Errorf("it went through, and the error queue holds %+v", items)
			}
			do(t, d, noon, func(tx *db.Tx) error { return tenant.Release(tx, "quota", "human") })
		})
		t.Run("unknown", func(t *testing.T) { // nothing is tried again before it is known
			c := newCarrier(t, d, "l")
			one := c.dispatcher("unknown")
			c.answer = func(string) *connect.Error {
				if len(c.made) == 1 {
					return &connect.Error{Class: connect.Unknown, Msg: "cut off"}
				}
				return nil
			}
			silent := 2
			c.found = func(string) outbox.Result {
				if silent--; silent >= 0 {
					return outbox.Result{Err: &connect.Error{Class: connect.Unknown, Msg: "cut off again"}}
				}
				return outbox.Result{Answer: "not there"}
			}
			c.owe(noon, outbox.Debt{Key: key("l", "a")})
			at := c.run(one, noon)
			if at.Before(noon.Add(20 * time.Second)) {
				t.Errorf("it is asked after at %v, before its call's deadline", at)
			}
			c.owe(noon, outbox.Debt{Key: key("l", "a")}) // owed anew, it still has to wait
			c.run(one, at.Add(-time.Second))
			c.want("before its deadline", "l/a")
			for len(c.asked) < 2 {
				at = c.run(one, at)
			}
			c.want("without an answer to the look-up", "l/a")
			c.run(one, at)
			c.want("after the look-up did not find it", "l/a", "l/a")
			if n := c.count(`SELECT COUNT(*) FROM attempt WHERE state IN ('open', 'unknown')`); n != 0 {
				t.Errorf("%d attempts are open still", n)
			}
		})
	})
}

// What an answer to asking comes to is not written down by a node that is told to stop
// meanwhile, and it says so.
func TestAskingThatIsCutOffIsAnError(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.answer = func(string) *connect.Error { return &connect.Error{Class: connect.Unknown, Msg: "cut off"} }
		c.owe(noon, outbox.Debt{Key: key("l", "a")})
		one := c.dispatcher("one")
		at := c.run(one, noon)
		ctx, stop := context.WithCancel(t.Context())
		c.found = func(string) outbox.Result { stop(); return outbox.Result{} }
		if worked, _, err := one.Step(ctx, at); !errors.Is(err, context.Canceled) {
			t.Errorf("Step = %v, %v, want that it was told to stop", worked, err)
		}
		if n := c.count(`SELECT COUNT(*) FROM attempt WHERE state IN ('open', 'unknown')`); n != 1 {
			t.Errorf("%d attempts are open, want the one that is to be asked after again", n)
		}
	})
}

// A token that is not taken any more pauses the quota, and a person is told.
func TestWhatWaitsForAPersonIsShownAndTriedOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		broken := true
		c.answer = func(string) *connect.Error {
			if broken {
				return &connect.Error{Class: connect.Wait, After: 15 * time.Minute, Code: "401", Msg: "the token is not accepted", Cure: "create a new one"}
			}
			return nil
		}
		c.settle = func(tx *db.Tx, row outbox.Row, r outbox.Result) outbox.Settled {
			if r.Err != nil {
				return outbox.AgainAt(row, noon.Add(15*time.Minute))
			}
			if err := outbox.Owe(tx, outbox.Debt{Key: key("l", "poll"), Due: noon.Add(time.Hour)}); err != nil { // as what recurs does
				t.Error(err)
			}
			return outbox.Settled{Row: row, What: outbox.Done}
		}
		c.owe(noon, outbox.Debt{Key: key("l", "poll")})
		one := c.dispatcher("one")
		c.run(one, noon)
		if items := c.items(noon); len(items) != 1 || items[0].Cure != "create a new one" {
			t.Errorf("the error queue holds %+v, want what a person must do", items)
		}
		broken = false
		c.run(one, noon.Add(15*time.Minute))
		c.want("after the pause", "l/poll", "l/poll")
		if items := c.items(noon); len(items) != 0 {
			t.Errorf("it went through, and the error queue holds %+v", items)
		}
	})
}

// What a person can mend is shown when it is first met, also in asking.
func TestWhatWaitsForAPersonInAskingIsShownAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.answer = func(string) *connect.Error { return &connect.Error{Class: connect.Unknown, Msg: "cut off"} }
		c.found = func(string) outbox.Result {
			return outbox.Result{Err: &connect.Error{Class: connect.Wait, Code: "401", Msg: "the token is not accepted", Cure: "create a new one"}}
		}
		c.owe(noon, outbox.Debt{Key: key("l", "a")})
		one := c.dispatcher("one")
		c.run(one, noon)
		at := c.run(one, noon.Add(time.Minute))
		if len(c.asked) != 1 {
			t.Fatalf("asked %d times, want once", len(c.asked))
		}
		if items := c.items(at); len(items) != 1 || items[0].Cure != "create a new one" {
			t.Errorf("after the first asking the error queue holds %+v, want what a person must do", items)
		}
		for range 12 {
			at = c.run(one, at)
		}
		if items := c.items(at); len(items) != 1 || items[0].Cure != "create a new one" {
			t.Errorf("after %d askings the error queue holds %+v, want what a person must do", len(c.asked), items)
		}
		c.found = func(string) outbox.Result { return outbox.Result{} }
		c.run(one, at.Add(time.Hour))
		if items := c.items(at); len(items) != 0 {
			t.Errorf("it was found, and the error queue holds %+v", items)
		}
	})
}

// Where the account is broken every other call would fail alike.
func TestABrokenAccountLetsTheQuotaRest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		broken := true
		c.answer = func(string) *connect.Error {
			if !broken {
				return nil
			}
			return &connect.Error{Class: connect.Human, After: time.Hour, Code: "20003", Msg: "the credentials are wrong", Cure: "correct them"}
		}
		for _, r := range []string{"a", "b", "c"} {
			c.owe(noon, outbox.Debt{Key: key("l", r), Lot: r})
		}
		one := c.dispatcher("one")
		c.run(one, noon)
		c.run(one, noon.Add(30*time.Minute))
		c.want("within the hour", "l/a")
		broken = false
		do(t, d, noon.Add(30*time.Minute), func(tx *db.Tx) error { return outbox.Retry(tx, key("l", "a")) })
		c.run(one, noon.Add(30*time.Minute))
		c.want("when a person says that it is mended", "l/a", "l/a", "l/b", "l/c")
	})
}

// What nobody can find out is not done again, and is shown.
func TestWhatStaysUnknownIsNotDoneAgainAndIsShown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.answer = func(string) *connect.Error { return &connect.Error{Class: connect.Unknown, Msg: "cut off"} }
		c.found = func(string) outbox.Result { return outbox.Result{AskAgain: time.Second, Detail: "the list lags"} }
		c.owe(noon, outbox.Debt{Key: key("l", "a")})
		one := c.dispatcher("one")
		at := noon
		for range 12 {
			at = c.run(one, at)
		}
		c.want("never known", "l/a")
		if items := c.items(at); len(items) != 1 || items[0].Detail != "the list lags" {
			t.Errorf("the error queue holds %+v, want the call of which nothing is known", items)
		}
		c.found = func(string) outbox.Result { return outbox.Result{} }
		c.run(one, at.Add(time.Hour))
		if n := c.count(`SELECT COUNT(*) FROM outbox`); n != 0 || len(c.items(at)) != 0 {
			t.Errorf("found at last, %d rows and %d items are left", n, len(c.items(at)))
		}
	})
}

// A call that was cut off with its node is asked after by the next holder.
func TestTheNextHolderAsksAfterWhatTheOneBeforeLeftOpen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.owe(noon, outbox.Debt{Key: key("l", "a")})
		ctx, kill := context.WithCancel(t.Context())
		c.meet = func(string) { kill() }
		if _, _, err := c.dispatcher("one").Step(ctx, noon); !errors.Is(err, context.Canceled) {
			t.Fatalf("the step that was killed ended with %v", err)
		}
		two := c.dispatcher("two")
		c.run(two, noon.Add(30*time.Second))
		if len(c.asked) != 0 {
			t.Error("it was asked after while the first node holds the quota")
		}
		c.run(two, noon.Add(2*time.Minute))
		c.want("done once, by the first", "l/a")
		if !slices.Equal(c.asked, []string{"a"}) {
			t.Errorf("asked after %v, want a", c.asked)
		}
	})
}

// What cannot be prepared is for a person, and holds up nothing else of its lot.
func TestAPoisonedRowDelaysNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l", "m")
		c.refuses = func(record string) error {
			if record == "bad" {
				return errors.New(`the record of "dana@example.com" makes no sense`)
			}
			return nil
		}
		for _, r := range []string{"a", "bad", "c"} {
			c.owe(noon, outbox.Debt{Key: key("l", r), Lot: "lot"})
		}
		c.owe(noon, outbox.Debt{Key: key("l", "other"), Lot: "another"}, outbox.Debt{Key: key("m", "else")})
		c.run(c.dispatcher("one"), noon)
		slices.Sort(c.made)
		c.want("all but one", "l/a", "l/c", "l/other", "m/else")
		items := c.items(noon)
		if len(items) != 1 || !strings.HasSuffix(items[0].Ref, "/bad") || strings.Contains(items[0].Detail, "dana@") {
			t.Errorf("the error queue holds %+v, want the one that cannot be prepared, masked", items)
		}
	})
}

func TestAnAnswerThatCannotBeWrittenDownHoldsUpNoOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.answer = func(record string) *connect.Error {
			if record == "bad" {
				return &connect.Error{Class: connect.Unknown, Msg: "cut off"}
			}
			return nil
		}
		c.decide = func(string) error { return errors.New("what was found makes no sense") }
		one := c.dispatcher("one")
		c.owe(noon, outbox.Debt{Key: key("l", "bad")})
		at := c.run(one, noon)
		c.owe(at, outbox.Debt{Key: key("l", "a")})
		c.run(one, at)
		c.want("the other goes", "l/bad", "l/a")
		if items := c.items(at); len(items) != 1 || !strings.Contains(items[0].Detail, "makes no sense") {
			t.Errorf("the error queue holds %+v", items)
		}
	})
}

func TestAttemptsOfARecordAreFoundAndNoOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		for _, r := range []string{"appt_1", "apptX1", "appt_11"} {
			c.owe(noon, outbox.Debt{Key: key("l", r)})
		}
		c.run(c.dispatcher("one"), noon)
		do(t, d, noon, func(tx *db.Tx) error {
			list, err := outbox.AttemptsOf(tx, key("l", "appt_1"))
			if len(list) != 1 || !slices.Equal(list[0].Records, []string{"appt_1"}) || list[0].State != "done" {
				t.Errorf("found %+v, want its own attempt", list)
			}
			return err
		})
	})
}
