package advance_test

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/calendar"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/playbooks"
)

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// later is when all of a drawn history is known.
var later = monday.AddDate(0, 1, 0)

func newAdvance(t testing.TB, d *db.DB) *advance.Advance {
	t.Helper()
	pb, err := playbook.Load(playbook.Layer{Name: "built-in", File: "builtin.yaml", Data: playbooks.BuiltIn})
	if err != nil {
		t.Fatal(err)
	}
	boise, err := time.LoadLocation("America/Boise")
	if err != nil {
		t.Fatal(err)
	}
	open := calendar.Business{Zone: boise}
	for day := 1; day < 6; day++ {
		open.Week[day] = []calendar.Hours{{From: 450, To: 1020}}
	}
	return &advance.Advance{DB: d,
		Decoder: func(tool string) connect.Decoder {
			if tool == "plain" {
				return plain{}
			}
			return nil
		},
		Policy: func(string) (*playbook.Playbook, playbook.OpenHours, error) { return pb, open, nil },
	}
}

// A testing part that both *testing.T and *rapid.T have.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func keep(t tester, d *db.DB, list ...plumbline.Delivery) {
	t.Helper()
	packed := make([]inbox.Packed, len(list))
	for i, x := range list {
		packed[i] = inbox.Pack(x)
	}
	err := d.Do(context.Background(), later, func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, packed...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func settle(t tester, a *advance.Advance) {
	t.Helper()
	for range 10_000 {
		worked, _, err := a.Step(context.Background(), later, place)
		if err != nil {
			t.Fatal(err)
		}
		if !worked {
			return
		}
	}
	t.Fatal("advance does not come to rest")
}

// everything names each table of which a test leaves something behind.
var everything = []string{"delivery", "tally", "error_item", "source_record", "ref", "golden_record", "role", "stale", "history", "transition",
	"match_key", "decided_link", "ask", "rebuild"}

func empty(t tester, databases ...*db.DB) {
	t.Helper()
	for _, d := range databases {
		err := d.Do(context.Background(), later, func(tx *db.Tx) error {
			for _, name := range everything {
				if _, err := tx.Exec(`DELETE FROM ` + name); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// play applies deliveries in lots of drawn sizes, some of them twice.
func (w *chaos) play(a *advance.Advance, list []plumbline.Delivery) {
	for len(list) > 0 {
		n := min(len(list), rapid.SampledFrom([]int{1, 1, 2, 3, 100}).Draw(w.t, "lot"))
		keep(w.t, a.DB, list[:n]...)
		if w.chance(4, "redelivered") {
			keep(w.t, a.DB, list[:n]...)
		}
		if !w.chance(4, "in a hurry") {
			settle(w.t, a)
		}
		list = list[n:]
	}
	settle(w.t, a)
}

// anyOrder is law 2: deriving what was kept, in any order, with any duplication and
// batching, gives the same, byte for byte.
func anyOrder(t *testing.T, one, other, scratch *db.DB, most int) {
	a, b := newAdvance(t, one), newAdvance(t, other)
	rapid.Check(t, func(t *rapid.T) {
		empty(t, one, other, scratch)
		w := &chaos{t: t}
		list := w.history(most)
		shuffled := rapid.Permutation(list).Draw(t, "order")
		w.play(a, list)
		w.play(b, shuffled)
		found, err := advance.Compare(context.Background(), later, place, one, other)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			t.Fatalf("in another order it comes out differently:\n%s\n\nin this order\n%s\nin the other\n%s", strings.Join(found, "\n"), told(list), told(shuffled))
		}
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 1))
		found, err = a.Verify(context.Background(), later, place, scratch, func(page []plumbline.Delivery) {
			r.Shuffle(len(page), func(i, j int) { page[i], page[j] = page[j], page[i] })
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			t.Fatalf("verified, it comes out differently:\n%s\n\nin this order\n%s", strings.Join(found, "\n"), told(list))
		}
	})
}

// told writes deliveries for people.
func told(list []plumbline.Delivery) string {
	var b strings.Builder
	for _, d := range list {
		b.WriteString(d.Key + " " + d.Connection + " " + d.Received.Format(time.RFC3339) + " " + string(d.Body) + "\n")
	}
	return b.String()
}

func TestAnyOrderDerivesTheSame(t *testing.T) {
	anyOrder(t, dbtest.Open(t), dbtest.Open(t), dbtest.Open(t), 25)
}
