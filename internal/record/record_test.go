package record_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/record"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

type fields = map[string]plumbline.Value

func do(t *testing.T, d *db.DB, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Do(t.Context(), noon, f); err != nil {
		t.Fatal(err)
	}
}

func said(key string, readings ...plumbline.Reading) record.Said {
	return record.Said{Delivery: plumbline.Delivery{Location: "l", Connection: "hcp", Key: key, Received: noon.Add(time.Hour)}, Readings: readings}
}

func reading(kind plumbline.Kind, id string, minute int, f fields) plumbline.Reading {
	return plumbline.Reading{Kind: kind, ID: id, At: noon.Add(time.Duration(minute) * time.Minute), Fields: f}
}

func apply(t *testing.T, d *db.DB, list ...record.Said) (changed []record.Changed) {
	t.Helper()
	do(t, d, func(tx *db.Tx) (err error) { changed, err = record.Apply(tx, "l", list); return err })
	return changed
}

func id(kind plumbline.Kind, name string) plumbline.SourceID {
	return plumbline.NewSourceID("l", "hcp", kind, name)
}

func load(t *testing.T, d *db.DB, kind plumbline.Kind, name string) (r *record.Row) {
	t.Helper()
	do(t, d, func(tx *db.Tx) error {
		rows, err := record.Load(tx, "l", []string{string(id(kind, name))})
		if len(rows) == 1 {
			r = rows[0]
		}
		return err
	})
	if r == nil {
		t.Fatalf("there is no %s %s", kind, name)
	}
	return r
}

func text(s string) plumbline.Value { return plumbline.TextValue(s) }

func TestAppliedTwiceNothingChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		one := said("1", reading(plumbline.Job, "j", 0, fields{"number": text("7"), "customer": text("c")}))
		first := apply(t, d, one)
		if len(first) != 1 || !first[0].Touched || first[0].Old != "" || !slices.Equal(first[0].Wrote, []string{"hcp\x001"}) {
			t.Fatalf("new, it is %+v", first)
		}
		if again := apply(t, d, one, one); len(again) != 0 {
			t.Errorf("applied again it changed %+v", again)
		}
	})
}

// A body that holds part of an object changes only that part; absent says nothing,
// null says that nothing is there, empty is a value.
func TestAbsentNullAndEmptyAreKeptApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		apply(t, d, said("1", reading(plumbline.Customer, "c", 0, fields{"email": text("a@x.com"), "last_name": text("Ortiz"), "organization": text("Acme")})))
		apply(t, d, said("2", reading(plumbline.Customer, "c", 1, fields{"email": plumbline.Null, "organization": text("")})))
		r := load(t, d, plumbline.Customer, "c")
		for field, want := range map[string]plumbline.Value{"email": plumbline.Null, "last_name": `"Ortiz"`, "organization": `""`} {
			if c, ok := r.Get(field); !ok || c.Value != want {
				t.Errorf("%s is %s, %v, want %s", field, c.Value, ok, want)
			}
		}
		if _, ok := r.Get("first_name"); ok {
			t.Error("of what was never spoken something is known")
		}
	})
}

func TestTheGreatestVersionHoldsWhateverCameLast(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		apply(t, d, said("2", reading(plumbline.Job, "j", 2, fields{"status": text("complete")})))
		changed := apply(t, d, said("1", reading(plumbline.Job, "j", 1, fields{"status": text("scheduled")})))
		if r := load(t, d, plumbline.Job, "j"); r.Text("status") != "complete" {
			t.Errorf("an older word that came later holds: %s", r.Text("status"))
		}
		if len(changed) != 1 || !changed[0].Touched {
			t.Errorf("of a job every statement stays, and this one is %+v", changed)
		}
	})
}

// Restating what is known is no news for what is derived from it.
func TestRestatingTouchesNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		apply(t, d, said("1", reading(plumbline.Customer, "c", 0, fields{"email": text("a@x.com")})))
		changed := apply(t, d, said("2", reading(plumbline.Customer, "c", 5, fields{"email": text("a@x.com")})))
		if len(changed) != 1 || changed[0].Touched {
			t.Errorf("restated, it is %+v, want it kept and nobody touched", changed)
		}
		changed = apply(t, d, said("3", reading(plumbline.Customer, "c", 6, fields{"email": text("b@x.com")})))
		if len(changed) != 1 || !changed[0].Touched {
			t.Errorf("changed, it is %+v", changed)
		}
	})
}

func TestTwoNoticesOfOneInstantAreATie(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		apply(t, d, said("1", reading(plumbline.Job, "j", 0, fields{"status": text("scheduled")})))
		changed := apply(t, d, said("2", reading(plumbline.Job, "j", 0, fields{"status": text("complete")})))
		if len(changed) != 1 || !changed[0].Tied {
			t.Errorf("two words of one instant are %+v, want a tie", changed)
		}
		read := reading(plumbline.Job, "j", 0, fields{"status": text("complete")})
		read.Read = noon.Add(30 * time.Minute)
		if changed = apply(t, d, said("3", read)); len(changed) != 1 || changed[0].Tied {
			t.Errorf("read, it is %+v, want it decided", changed)
		}
	})
}

// Visits, invoices and payments belong to their job, in whatever order they come.
func TestWhatBelongsToAJobIsReadWithIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		apply(t, d, said("1", reading(plumbline.Payment, "p", 0, fields{"invoice": text("i")})),
			said("2", reading(plumbline.Visit, "v", 0, fields{"job": text("j")})))
		apply(t, d, said("3", reading(plumbline.Invoice, "i", 0, fields{"job": text("j")})))
		apply(t, d, said("4", reading(plumbline.Job, "j", 0, fields{"number": text("7")})))
		members := func(job string) (kinds []string) {
			do(t, d, func(tx *db.Tx) error {
				m, err := record.Members(tx, "l", []string{string(id(plumbline.Job, job))})
				for _, r := range m[id(plumbline.Job, job)] {
					kinds = append(kinds, string(r.Kind))
				}
				return err
			})
			slices.Sort(kinds)
			return kinds
		}
		if got := members("j"); !slices.Equal(got, []string{"invoice", "job", "payment", "visit"}) {
			t.Errorf("with the job %v are read", got)
		}
		apply(t, d, said("5", reading(plumbline.Invoice, "i", 1, fields{"job": text("other")})))
		if got := members("j"); !slices.Equal(got, []string{"job", "visit"}) {
			t.Errorf("with the job %v are read after its invoice went to another", got)
		}
		if got := members("other"); !slices.Equal(got, []string{"invoice", "payment"}) {
			t.Errorf("with the other job %v are read", got)
		}
	})
}

// What the office says about a record belongs to whatever that belongs to, also when
// it is said first or the record moves.
func TestWhatIsSaidAboutARecordFollowsIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := id(plumbline.Customer, "c")
		about := said("1", plumbline.Reading{Kind: plumbline.Customer, About: c, At: noon, Fields: fields{"language": text("es")}})
		about.Delivery.Connection = plumbline.Office
		apply(t, d, about)
		apply(t, d, said("2", reading(plumbline.Customer, "c", 0, fields{"last_name": text("Ortiz")})))
		people := func() (n int) {
			do(t, d, func(tx *db.Tx) error {
				m, err := record.Members(tx, "l", []string{"golden"})
				n = len(m["golden"])
				return err
			})
			return n
		}
		do(t, d, func(tx *db.Tx) error {
			return record.Relink(tx, "l", map[plumbline.SourceID]plumbline.GoldenID{c: "golden"})
		})
		if n := people(); n != 2 {
			t.Errorf("%d records moved, want the customer's and what the office said", n)
		}
		do(t, d, func(tx *db.Tx) error {
			aliases, err := record.Aliases(tx, "l", "golden")
			if !slices.Contains(aliases["golden"], string(c)) {
				t.Errorf("the aliases are %v", aliases)
			}
			return err
		})
	})
}

func TestStaleMarksAreTakenByRankOnceAndLoudWinsOverSilent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			for _, m := range []struct {
				cause string
				rank  int
				ids   []string
			}{{"playbook", record.RankJob, []string{"j1", "j2"}}, {"delivery", record.RankJob, []string{"j1", "j1"}}, {"playbook", record.RankJob, []string{"j1"}}, {"delivery", record.RankBase, []string{"c"}}} {
				if err := record.MarkStale(tx, "l", m.cause, m.rank, m.ids); err != nil {
					return err
				}
			}
			var took []string
			for range 4 {
				list, err := record.TakeStale(tx, "l", 1)
				if err != nil {
					return err
				}
				for _, s := range list {
					took = append(took, fmt.Sprintf("%d %s %s", s.Rank, s.ID, s.Cause))
				}
			}
			if want := []string{"0 c delivery", "1 j1 delivery", "1 j2 playbook"}; !slices.Equal(took, want) {
				t.Errorf("taken were %v, want %v", took, want)
			}
			if any, err := record.AnyStale(tx, "l"); any || err != nil {
				t.Errorf("something is stale still: %v, %v", any, err)
			}
			return nil
		})
	})
}

func TestRolesAreReplacedAndWhoHadOneIsTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			if _, err := record.StoreParts(tx, "l", []string{"j"}, []record.Part{{Job: "j", Role: plumbline.Booker, Person: "a"}, {Job: "j", Role: plumbline.Payer, Person: "a"}}); err != nil {
				return err
			}
			people, err := record.StoreParts(tx, "l", []string{"j"}, []record.Part{{Job: "j", Role: plumbline.Booker, Person: "b"}})
			if err != nil {
				return err
			}
			if !slices.Equal(people, []string{"a", "b"}) {
				t.Errorf("%v had or have a role, want a and b", people)
			}
			left, err := record.Parts(tx, "l", []string{"j"})
			if !slices.Equal(left, []record.Part{{Job: "j", Role: plumbline.Booker, Person: "b"}}) {
				t.Errorf("the roles are %v", left)
			}
			return err
		})
	})
}

// In whatever order, portions and repetitions readings come, the same rows are stored.
func TestAnyOrderStoresTheSameRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rapid.Check(t, func(r *rapid.T) {
			var list []record.Said
			for i := range rapid.IntRange(1, 6).Draw(r, "n") {
				kind := rapid.SampledFrom([]plumbline.Kind{plumbline.Job, plumbline.Visit, plumbline.Invoice, plumbline.Payment}).Draw(r, "kind")
				f := fields{}
				ref := map[plumbline.Kind]string{plumbline.Visit: "job", plumbline.Invoice: "job", plumbline.Payment: "invoice", plumbline.Job: "number"}[kind]
				f[ref] = text(rapid.SampledFrom([]string{"1", "2"}).Draw(r, "to"))
				list = append(list, said(fmt.Sprint(i), reading(kind, rapid.SampledFrom([]string{"1", "2"}).Draw(r, "id"), rapid.IntRange(0, 2).Draw(r, "minute"), f)))
			}
			other := append(rapid.Permutation(list).Draw(r, "order"), rapid.SampledFrom(list).Draw(r, "again"))
			var stored [2]string
			for i, order := range [][]record.Said{list, other} {
				for len(order) > 0 {
					n := rapid.IntRange(1, len(order)).Draw(r, "portion")
					apply(t, d, order[:n]...)
					order = order[n:]
				}
				do(t, d, func(tx *db.Tx) error {
					rows, err := tx.Query(`SELECT id, golden_id, doc FROM source_record WHERE location_id = 'l' ORDER BY id`)
					if err != nil {
						return err
					}
					for rows.Next() {
						var id, golden, doc string
						if err := rows.Scan(&id, &golden, &doc); err != nil {
							return err
						}
						stored[i] += id + " " + golden + " " + doc + "\n"
					}
					rows.Close()
					for _, table := range []string{"source_record", "ref"} {
						if _, err := tx.Exec("DELETE FROM " + table); err != nil {
							return err
						}
					}
					return rows.Err()
				})
			}
			if stored[0] != stored[1] {
				r.Fatalf("stored\n%s\nin another order\n%s", stored[0], stored[1])
			}
		})
	})
}
