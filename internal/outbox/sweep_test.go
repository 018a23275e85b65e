package outbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

// Whatever there is to sweep, a tenth of the budget goes to it, and only while nothing
// else is due.
func TestASweepTakesItsShareWhenNothingElseIsDue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l")
		c.budgets["write"] = connect.Budget{Calls: 30, Window: time.Minute}
		var sweeps, work []outbox.Debt
		for i := range 12 {
			sweeps = append(sweeps, outbox.Debt{Key: key("l", fmt.Sprint("sweep ", i)), Class: outbox.Sweep, Lot: fmt.Sprint(i), Due: noon.Add(-time.Hour)})
			work = append(work, outbox.Debt{Key: key("l", fmt.Sprint("work ", i)), Lot: fmt.Sprint(i)})
		}
		c.owe(noon, append(sweeps, work...)...)
		swept := func(list []string) (n int) {
			for _, r := range list {
				if strings.HasPrefix(r, "l/sweep") {
					n++
				}
			}
			return n
		}
		one := c.dispatcher("one")
		next := c.run(one, noon)
		if len(c.made) != 15 || swept(c.made[:12]) != 0 || !next.Equal(noon.Add(30*time.Second)) {
			t.Errorf("made %q and took the next step at %v, want all the work, then three sweeps a minute, and the hold to be kept", c.made, next)
		}
		c.made = nil
		c.owe(noon, work...)
		c.run(one, noon.Add(time.Second))
		if len(c.made) != 12 || swept(c.made) != 0 {
			t.Errorf("made %q, want the work, for which there is budget left", c.made)
		}
		c.made = nil
		c.run(one, noon.Add(time.Minute))
		if len(c.made) != 3 {
			t.Errorf("made %q, want three sweeps in the next minute", c.made)
		}
		c.made = nil
		if c.run(c.dispatcher("two"), noon.Add(3*time.Minute)); len(c.made) != 0 {
			t.Errorf("a new holder made %q, want nothing: the one before may have spent its share", c.made)
		}
	})
}

func TestASmallBudgetHasAShareOfALongerTime(t *testing.T) {
	if got, want := outbox.Share(connect.Budget{Calls: 4, Window: time.Second}), (connect.Budget{Calls: 1, Window: 2500 * time.Millisecond}); got != want {
		t.Errorf("the share is %+v, want %+v", got, want)
	}
}

// A connection that rehearses is read and not written.
func TestWhileAConnectionRehearsesOnlySweepsGoOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l", "m")
		for _, l := range []string{"l", "m"} {
			c.owe(noon, outbox.Debt{Key: key(l, "write")}, outbox.Debt{Key: key(l, "sweep"), Class: outbox.Sweep})
		}
		do(t, d, noon, func(tx *db.Tx) error {
			if err := tenant.Switch(tx, "l", "tool", tenant.Rehearsal); err != nil {
				return err
			}
			return tenant.Switch(tx, "m", "tool", tenant.Off)
		})
		c.run(c.dispatcher("one"), noon)
		c.want("one that rehearses, and one that is off", "l/sweep")
	})
}

func TestWhatIsOwedIsFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCarrier(t, d, "l", "m")
		c.owe(noon, outbox.Debt{Key: key("l", "a")}, outbox.Debt{Key: key("m", "b")}, outbox.Debt{Key: key("l", "c"), Due: noon.Add(time.Hour)})
		do(t, d, noon, func(tx *db.Tx) error {
			owed, err := outbox.Owed(tx, "l", "tool", "room", []string{"a", "b", "c", "d"})
			var names []string
			for name := range owed {
				names = append(names, name)
			}
			if slices.Sort(names); !slices.Equal(names, []string{"a", "c"}) {
				t.Errorf("of a, b, c and d %v are owed, want a and c", names)
			}
			return err
		})
	})
}
