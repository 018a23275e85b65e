package advance_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
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
		Decoder: func(_, _, tool string) connect.Decoder {
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
	"match_key", "decided_link", "ask", "rebuild", "withdrawn"}

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
		w := newChaos(t)
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

func TestAnyOrderDerivesTheSameOnPostgreSQLAndSQLite(t *testing.T) {
	server, _ := dbtest.OpenPostgres(t, db.Options{})
	few(t, "10")
	anyOrder(t, server, dbtest.Open(t), dbtest.Open(t), 12)
}

// few bounds how many histories a slow test draws.
func few(t *testing.T, n string) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	was := f.Value.String()
	if err := f.Value.Set(n); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Value.Set(was); err != nil {
			t.Error(err)
		}
	})
}

func transitions(t tester, d *db.DB) (n, loud int) {
	t.Helper()
	err := d.View(context.Background(), later, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*), COALESCE(SUM(1 - silent), 0) FROM transition`).Scan(&n, &loud)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, loud
}

// A counting follower says whether anything has followed.
type counting struct{ n, derived int }

func (c *counting) Follow(*db.Tx, *advance.Batch) error { c.n++; return nil }
func (c *counting) Derive(*db.Tx, *advance.Batch) error { c.derived++; return nil }

var errKilled = errors.New("killed")

// rebuild rebuilds, killed as often as the history says, and sees that Step leaves
// the location alone meanwhile.
func (w *chaos) rebuild(a *advance.Advance) {
	policy, left := a.Policy, 0
	defer func() { a.Policy = policy }()
	a.Policy = func(location string) (*playbook.Playbook, playbook.OpenHours, error) {
		if left--; left == 0 {
			return nil, nil, errKilled
		}
		return policy(location)
	}
	for {
		left = rapid.IntRange(0, 4).Draw(w.t, "killed after") + 1
		if left == 1 {
			left = 1 << 30
		}
		err := a.Rebuild(context.Background(), later, place)
		if err == nil {
			return
		}
		if !errors.Is(err, errKilled) {
			w.t.Fatal(err)
		}
		left = 1 << 30
		if worked, _, err := a.Step(context.Background(), later, place); worked || err != nil {
			w.t.Fatalf("amid a rebuild Step worked: %v, %v", worked, err)
		}
	}
}

func TestARebuildKilledAnywhereGivesTheSameAndTellsNobody(t *testing.T) {
	few(t, "20")
	one, other := dbtest.Open(t), dbtest.Open(t)
	a, b := newAdvance(t, one), newAdvance(t, other)
	rapid.Check(t, func(t *rapid.T) {
		empty(t, one, other)
		w := newChaos(t)
		list := w.history(25)
		w.play(a, list)
		b.Followers = nil
		w.play(b, list)
		before, _ := transitions(t, other)
		c := &counting{}
		b.Followers = []advance.Follower{c}
		w.rebuild(b)
		found, err := advance.Compare(context.Background(), later, place, one, other)
		if err != nil || len(found) > 0 {
			t.Fatalf("rebuilt, it differs: %v\n%s\n%s", err, strings.Join(found, "\n"), told(list))
		}
		if after, _ := transitions(t, other); after != before || c.n != 0 || c.derived == 0 {
			t.Fatalf("a rebuild recorded %d transitions, and %d batches were followed, %d derived; want 0, 0 and some", after-before, c.n, c.derived)
		}
		w.play(b, []plumbline.Delivery{w.delivery()}) // it goes on
	})
}

func TestWhatARebuildDerivesDifferentlyIsRecordedSilently(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newAdvance(t, d)
		keep(t, d, aJob())
		settle(t, a)
		n, loud := transitions(t, d)
		if n == 0 || loud != n {
			t.Fatalf("a job that came in gave %d transitions, %d of them to be told; want some, all to be told", n, loud)
		}
		newer := newAdvance(t, d)
		newer.Decoder = func(_, _, _ string) connect.Decoder { return uncompleted{} }
		if err := newer.Rebuild(t.Context(), later, place); err != nil {
			t.Fatal(err)
		}
		m, loudNow := transitions(t, d)
		if m <= n || loudNow != loud {
			t.Errorf("a build that reads it differently gave %d more transitions, %d of them to be told; want some, none to be told", m-n, loudNow-loud)
		}
	})
}

// uncompleted reads deliveries as a later build may: it knows of no completions.
type uncompleted struct{ plain }

func (u uncompleted) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	readings, err := u.plain.Decode(d)
	for i := range readings {
		delete(readings[i].Fields, "completed_at")
	}
	return readings, err
}

// aJob is a delivery of a job that is complete.
func aJob() plumbline.Delivery {
	at := func(h int) plumbline.Value { return plumbline.TimeValue(monday.Add(time.Duration(h) * time.Hour)) }
	return says("d1", plumbline.Reading{Kind: plumbline.Job, ID: "j1", At: monday.Add(4 * time.Hour), Fields: map[string]plumbline.Value{
		"number": text("7"), "customer": text("c1"), "starts": at(1), "ends": at(2), "status": text("complete"), "en_route_at": at(1), "completed_at": at(2)}},
		plumbline.Reading{Kind: plumbline.Customer, ID: "c1", At: monday, Fields: map[string]plumbline.Value{"first_name": text("Dana"), "last_name": text("Ortiz")}})
}

func says(key string, readings ...plumbline.Reading) plumbline.Delivery {
	return plumbline.Delivery{Location: place, Connection: "field", Tool: "plain", Event: "changed", Key: key, Received: monday.Add(5 * time.Hour),
		Body: []byte(db.JSON(plainBody{Readings: readings}))}
}

func TestVerifyFindsWhatWasChangedByHand(t *testing.T) {
	for _, c := range []struct{ name, sql, want string }{
		{"a value", `UPDATE golden_record SET doc = '{"id":"x"}' WHERE kind = 'customer'`, `doc is "{"id":"x"}" and derives as "{"id":"`},
		{"a row too many", `INSERT INTO role (location_id, job_id, name, person_id) VALUES ('north', 'x', 'booker', 'y')`, "role x booker y is there and is not derived"},
		{"a row too few", `DELETE FROM role`, "is derived and is not there"},
		{"a promise about nobody", `INSERT INTO history (location_id, subject, doc) VALUES ('north', 'nobody', '{}')`,
			"history: the subject nobody is neither a record nor a visit of a job"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				a := newAdvance(t, d)
				keep(t, d, aJob())
				settle(t, a)
				if found, err := a.Verify(t.Context(), later, place, dbtest.Open(t), nil); err != nil || len(found) > 0 {
					t.Fatalf("before anything was changed: %v, %v", found, err)
				}
				err := d.Do(t.Context(), later, func(tx *db.Tx) error { _, err := tx.Exec(c.sql); return err })
				if err != nil {
					t.Fatal(err)
				}
				found, err := a.Verify(t.Context(), later, place, dbtest.Open(t), nil)
				if err != nil || len(found) == 0 || !strings.Contains(strings.Join(found, "\n"), c.want) {
					t.Errorf("found %q, %v, want something like %q", found, err, c.want)
				}
			})
		})
	}
}

func TestWhatWasSkippedOrHasFailedIsNotDerived(t *testing.T) {
	d := dbtest.Open(t)
	a := newAdvance(t, d)
	bad, replaced := aJob(), aJob()
	bad.Key, bad.Body = "d2", []byte("{")
	replaced.Key, replaced.Body = "d3", []byte("{")
	keep(t, d, aJob(), bad, replaced)
	settle(t, a)
	err := d.Do(t.Context(), later, func(tx *db.Tx) error {
		_, err := inbox.Settle(tx, []inbox.Verdict{{Location: place, Connection: "field", Key: "d3", State: plumbline.Ignored, Reason: "replaced by d4"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wiser := newAdvance(t, d) // reads what could not be read
	wiser.Decoder = func(_, _, _ string) connect.Decoder { return wise{} }
	if found, err := wiser.Verify(t.Context(), later, place, dbtest.Open(t), nil); err != nil || len(found) > 0 {
		t.Errorf("verified, it differs: %v, %v", found, err)
	}
}

// wise reads bodies in which others find nothing.
type wise struct{ plain }

func (w wise) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	if string(d.Body) == "{" {
		return []plumbline.Reading{{Kind: plumbline.Customer, ID: "c9"}}, nil
	}
	return w.plain.Decode(d)
}

func TestALocationNotAtRestIsNotVerified(t *testing.T) {
	d := dbtest.Open(t)
	a := newAdvance(t, d)
	err := d.Do(t.Context(), later, func(tx *db.Tx) error { return advance.MarkStale(tx, place, "playbook", 1, "j") })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Verify(t.Context(), later, place, dbtest.Open(t), nil); plumbline.KindOf(err) != plumbline.Conflict {
		t.Errorf("got %v, want a conflict", err)
	}
}

// blind reads nothing of a completion.
type blind struct{ plain }

func (b blind) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	list, err := b.plain.Decode(d)
	for _, r := range list {
		delete(r.Fields, "completed_at")
		delete(r.Fields, "status")
	}
	return list, err
}

// A listener hears which jobs follow.
type listener struct{ heard []*advance.Job }

func (l *listener) Follow(_ *db.Tx, b *advance.Batch) error {
	l.heard = append(l.heard, b.Jobs...)
	return nil
}

func TestWhatARebuildHasChangedIsFollowedSilentlyAtTheNextStep(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		old := newAdvance(t, d)
		old.Decoder = func(_, _, _ string) connect.Decoder { return blind{} }
		keep(t, d, aJob())
		settle(t, old)
		for round, want := range []int{1, 0} { // the second comes out as the first
			l := &listener{}
			a := newAdvance(t, d)
			a.Followers = append(a.Followers, l)
			if err := a.Rebuild(t.Context(), later, place); err != nil {
				t.Fatal(err)
			}
			settle(t, a)
			if len(l.heard) != want {
				t.Fatalf("after rebuild %d %d jobs follow, want %d", round+1, len(l.heard), want)
			}
			for _, j := range l.heard {
				if !j.Silent || len(j.Moves) > 0 {
					t.Errorf("the job follows with silent %t and the moves %v, want silently and with none", j.Silent, j.Moves)
				}
			}
		}
	})
}

// A run that is withdrawn was never there, whether its rows or the decision come first.
func TestAWithdrawnSourceWasNeverThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		person := func(connection, key, name string) plumbline.Delivery {
			x := says(key, plumbline.Reading{Kind: plumbline.Customer, ID: key, At: monday, Created: monday, Fields: map[string]plumbline.Value{
				"first_name": text(name), "last_name": text("Whitlock"), "mobile_phone": text("208-555-0142")}},
				plumbline.Reading{Kind: plumbline.Property, ID: key, At: monday, Fields: map[string]plumbline.Value{
					"customer": text(key), "street": text("418 Larkspur Ln"), "city": text("Boise"), "state": text("ID"), "postal_code": text("83702")}},
				plumbline.Reading{Kind: plumbline.Asset, ID: key, At: monday, Fields: map[string]plumbline.Value{"property": text(key), "maker": text("Trane"), "serial": text("X-1")}})
			x.Connection = connection
			return x
		}
		withdraw := plumbline.Delivery{Location: place, Connection: plumbline.Office, Tool: plumbline.Office, Event: "withdraw", Key: "w", Received: monday,
			Body: []byte(`{"do":"withdraw","by":"dana","connection":"import:r"}`)}
		fresh := func(list ...plumbline.Delivery) *db.DB {
			x := dbtest.Open(t)
			a := newAdvance(t, x)
			for _, one := range list { // each applied before the next comes
				keep(t, x, one)
				settle(t, a)
			}
			return x
		}
		kept := person("hcp", "c1", "Dana")
		about := plumbline.Delivery{Location: place, Connection: plumbline.Office, Tool: plumbline.Office, Event: "say", Key: "about", Received: monday,
			Body: []byte(`{"do":"say","kind":"customer","about":"` + string(plumbline.NewSourceID(place, "import:r", plumbline.Customer, "i1")) + `","fields":{"notes":"\"rings twice\""}}`)}
		rows := []plumbline.Delivery{person("import:r", "i1", "Dana"), person("import:r", "i2", "Abe")}
		never := fresh(kept, about, withdraw)
		a := newAdvance(t, d)
		for _, x := range append([]plumbline.Delivery{kept, about}, append(rows, withdraw)...) {
			keep(t, d, x)
			settle(t, a)
		}
		first := fresh(withdraw, rows[0], about, kept, rows[1])
		for name, x := range map[string]*db.DB{"rows first": d, "decision first": first} {
			found, err := advance.Compare(t.Context(), later, place, x, never)
			if err != nil || len(found) > 0 {
				t.Errorf("%s: %v, %v, want what there is without the rows", name, found, err)
			}
		}
		if found, err := a.Verify(t.Context(), later, place, dbtest.Open(t), nil); err != nil || len(found) > 0 {
			t.Errorf("Verify = %v, %v", found, err)
		}
		if s := states(t, first, rows); s["i1"] != plumbline.Ignored {
			t.Errorf("a row after the decision is %v, want it ignored", s["i1"])
		}
	})
}
