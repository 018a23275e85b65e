package importrun

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/csv"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

var noon = time.Date(2026, 5, 4, 18, 0, 0, 0, time.UTC)

const rowsInFile = 250

func file(t *testing.T) *csv.File {
	t.Helper()
	var b strings.Builder
	b.WriteString("id,name,mobile,street,city,state,zip\n")
	for i := range rowsInFile {
		fmt.Fprintf(&b, "C%d,Dana Family%d,208-555-%04d,%d Elm St,Boise,ID,83702\n", i, i, i, i+1)
	}
	f, err := csv.Parse("people.csv", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func taking(t *testing.T, d *db.DB) *Taking {
	t.Helper()
	f := file(t)
	l := csv.Layout{Kind: plumbline.Customer}
	if err := l.Map(f, nil); err != nil {
		t.Fatal(err)
	}
	return &Taking{DB: d, Location: "boise", Run: NameOf(f), Layout: l, File: f, Faults: func(csv.Row, []csv.Fault) error { return nil }, Progress: func(int) {}}
}

func count(t *testing.T, d *db.DB, query string) (n int) {
	t.Helper()
	err := d.View(t.Context(), noon, func(tx *db.Tx) error { return tx.QueryRow(query).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestARunGoesOnWhereItWasCutOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		cut, stop := context.WithCancel(t.Context())
		x := taking(t, d)
		x.Progress = func(int) { stop() }
		if _, err := x.Take(cut, noon); err == nil {
			t.Fatal("it was not cut off")
		}
		if n := count(t, d, `SELECT COUNT(*) FROM delivery`); n != group {
			t.Fatalf("%d rows were kept before it was cut off, want a group of %d", n, group)
		}
		r, err := taking(t, d).Take(t.Context(), noon.Add(time.Hour))
		if err != nil || r.Resumed != group || r.Kept != rowsInFile-group || r.Run.Kept != rowsInFile || r.Run.Passed != rowsInFile || r.Run.State != Done {
			t.Errorf("the run that went on: %+v, %v", r, err)
		}
		r, err = taking(t, d).Take(t.Context(), noon.Add(2*time.Hour))
		if err != nil || r.Kept != 0 || count(t, d, `SELECT COUNT(*) FROM delivery`) != rowsInFile || count(t, d, `SELECT COUNT(*) FROM tally`) != 0 {
			t.Errorf("once more: %+v, %v, want nothing kept and nothing counted as a duplicate", r, err)
		}
		x = taking(t, d)
		x.Layout.Rank = csv.LookedUp
		var conflict *plumbline.Error
		if _, err := x.Take(t.Context(), noon); !errors.As(err, &conflict) || conflict.Kind != plumbline.Conflict {
			t.Errorf("under other options: %v, want a conflict", err)
		}
		err = d.View(t.Context(), noon, func(tx *db.Tx) error {
			c, err := tenant.Get(tx, "boise", plumbline.Import+x.Run)
			if err == nil && (c.Tool != csv.Tool || c.Mode != tenant.Off) {
				err = fmt.Errorf("the connection is %+v, want one of csv that is off", c)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// A plan is held by the customer whom the row reaches; one that says not which, or whose, is
// refused.
func TestPlansAreTakenInWithTheirHolders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		pb, err := playbook.Load(playbook.BuiltIn())
		if err != nil {
			t.Fatal(err)
		}
		a := &advance.Advance{DB: d, Decoder: func(_, _, _ string) connect.Decoder { return csv.Decoder{} },
			Policy: func(string) (*playbook.Playbook, playbook.OpenHours, error) { return pb, nil, nil }}
		take := func(kind plumbline.Kind, text string) Report {
			f, err := csv.Parse(string(kind)+".csv", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			l := csv.Layout{Kind: kind, Dates: csv.ISO}
			if err := l.Map(f, nil); err != nil {
				t.Fatal(err)
			}
			r, err := (&Taking{DB: d, Location: "boise", Run: NameOf(f), Layout: l, File: f, Faults: func(csv.Row, []csv.Fault) error { return nil }, Progress: func(int) {}}).Take(t.Context(), noon)
			for worked := true; worked && err == nil; {
				worked, _, err = a.Step(t.Context(), noon, "boise")
			}
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		take(plumbline.Customer, "id,name,mobile,street,city,state,zip\nC1,Dana Whitlock,208-555-0142,418 Larkspur Ln,Boise,ID,83702\n")
		if r := take(plumbline.Membership, "id,plan,renews,next visit,phone\nP1,Gold,2027-03-04,2026-09-01,(208) 555-0142\nP2,,2027-03-04,,(208) 555-0142\nP3,Gold,,,\n"); r.Kept != 1 || r.Refused != 2 {
			t.Errorf("the run %+v, want one plan kept and two rows refused", r)
		}
		err = d.View(t.Context(), noon, func(tx *db.Tx) error {
			list, err := record.Page(tx, "boise", plumbline.Customer, "", 9)
			if err != nil || len(list) != 1 {
				return fmt.Errorf("%d customers, %w", len(list), err)
			}
			var v plumbline.PersonView
			if err := list[0].Read(&v); err != nil || v.Plan != "Gold" || v.PlanRenews.Format(time.DateOnly) != "2027-03-04" || v.NextMaintenance.Format(time.DateOnly) != "2026-09-01" {
				return fmt.Errorf("the customer holds %q until %v, next visit %v, %w", v.Plan, v.PlanRenews, v.NextMaintenance, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// What a run said is taken away in transactions that are short, and nothing is left.
func TestARunIsWithdrawnWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		pb, err := playbook.Load(playbook.BuiltIn())
		if err != nil {
			t.Fatal(err)
		}
		a := &advance.Advance{DB: d, Decoder: func(_, _, _ string) connect.Decoder { return csv.Decoder{} },
			Policy: func(string) (*playbook.Playbook, playbook.OpenHours, error) { return pb, nil, nil }}
		settle := func() {
			for worked := true; worked; {
				if worked, _, err = a.Step(t.Context(), noon, "boise"); err != nil {
					t.Fatal(err)
				}
			}
		}
		x := taking(t, d)
		if _, err := x.Take(t.Context(), noon); err != nil {
			t.Fatal(err)
		}
		settle()
		if n := count(t, d, `SELECT COUNT(*) FROM golden_record`); n != 2*rowsInFile {
			t.Fatalf("%d golden records, want a customer and a property of each row", n)
		}
		for range 2 {
			if r, err := Undo(t.Context(), d, noon, "boise", x.Run, "dana"); err != nil || r.State != Withdrawn {
				t.Fatalf("Undo = %+v, %v", r, err)
			}
		}
		settle()
		for _, table := range []string{"source_record", "golden_record", "ref", "match_key", "ask", "stale"} {
			if n := count(t, d, `SELECT COUNT(*) FROM `+table); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		if _, err := x.Take(t.Context(), noon); err == nil {
			t.Error("a run that was withdrawn was taken up again")
		}
		if _, err := Undo(t.Context(), d, noon, "boise", "other", "dana"); plumbline.KindOf(err) != plumbline.NotFound {
			t.Errorf("undo of no run: %v", err)
		}
	})
}
