package app_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/jobber"
)

// engines runs f with a database of each.
func engines(t *testing.T, f func(t *testing.T, store, schema string)) {
	t.Run("SQLite", func(t *testing.T) { f(t, "plumbline.db", "") })
	t.Run("PostgreSQL", func(t *testing.T) {
		f(t, dbtest.PostgresURL(t), fmt.Sprintf("count_%d", time.Now().UnixNano()))
	})
}

// weekend is a Saturday, at half past midnight: the office is closed until Monday.
var weekend = at(9, 0, 30)

// counted returns what was counted on a night of May, by list.
func (w *world) counted(connection string, day int) map[string]lookup.Counted {
	w.t.Helper()
	out := map[string]lookup.Counted{}
	w.ok(w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) error {
		list, err := lookup.Counts(tx, "brightwater", at(day, 12, 0), at(day, 12, 0))
		for _, n := range list {
			if n.Connection == connection {
				out[n.Stream] = n
			}
		}
		return err
	}))
	if len(out) == 0 {
		w.t.Fatalf("nothing of %s was counted on the night of the %d", connection, day)
	}
	return out
}

// agree checks that all lists had as many objects as we held, and the same.
func (w *world) agree(connection string, day int) {
	w.t.Helper()
	for stream, n := range w.counted(connection, day) {
		if n.Ours != n.Theirs || n.Missing+n.Gone != 0 || n.Compared == "unfinished" {
			w.t.Errorf("%s of %s counted %+v", stream, connection, n)
		}
	}
}

// deleted checks that objects are deleted here.
func (w *world) deleted(connection string, kind plumbline.Kind, ids ...string) {
	w.t.Helper()
	w.ok(w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) error {
		for _, id := range ids {
			rows, err := record.Load(tx, "brightwater", []string{string(plumbline.NewSourceID("brightwater", connection, kind, id))})
			if err != nil {
				return err
			}
			if len(rows) != 1 || !rows[0].Deleted() {
				w.t.Errorf("%s %s of %s was deleted there, and is not here", kind, id, connection)
			}
		}
		return nil
	}))
}

func TestWhatHousecallProDidNotTellIsRightAfterTheNight(t *testing.T) {
	engines(t, func(t *testing.T, store, schema string) {
		w := newWorld(t, setting{store: store, schema: schema, start: weekend})
		c := w.customer()
		other := w.field.CreateCustomer(housecallpro.Customer{FirstName: "Lena", LastName: "Ostrow"})
		job := w.book(c.ID, "No cooling upstairs", at(11, 13, 0))
		kept := w.book(c.ID, "Furnace", at(12, 13, 0))
		w.until(at(9, 3, 0))
		w.agree("hcp", 9)
		w.field.SwitchWebhook(false)
		w.ok(w.field.Delete(job.ID))
		w.ok(w.field.DeleteCustomer(other.ID))
		w.until(at(10, 3, 0))
		night := w.counted("hcp", 10)
		if n := night["jobs"]; n.Ours != 2 || n.Theirs != 1 || !slices.Equal(n.GoneIDs, []string{job.ID}) {
			t.Errorf("jobs counted %+v, want the deleted one found", n)
		}
		w.deleted("hcp", plumbline.Job, job.ID)
		w.deleted("hcp", plumbline.Customer, other.ID)
		w.knows("hcp", plumbline.Job, kept.ID)
		w.until(at(11, 3, 0))
		w.agree("hcp", 11)
	})
}

func TestWhatJobberDidNotTellIsRightAfterTheNight(t *testing.T) {
	engines(t, func(t *testing.T, store, schema string) {
		y := newYardIn(t, jobber.Options{QuietVisits: true}, weekend, store, schema)
		client, home := y.client()
		j, v := y.job(client.ID, home.ID, "No cooling upstairs", at(30, 13, 0))
		other, gone := y.job(client.ID, home.ID, "Furnace", at(29, 9, 0))
		y.until(at(9, 3, 0))
		y.agree("jobber", 9)
		y.tool.SwitchWebhooks(false)
		y.ok(y.tool.DeleteJob(j.ID))
		added, err := y.tool.AddVisits(other.ID, jobber.Plan{Start: at(30, 9, 0), End: at(30, 10, 0)})
		y.ok(err)
		y.ok(y.tool.DeleteVisit(gone.ID))
		y.until(at(10, 3, 0))
		y.deleted("jobber", plumbline.Job, j.ID)
		y.deleted("jobber", plumbline.Visit, v.ID, gone.ID)
		y.knows("jobber", plumbline.Visit, added[0].ID)
		y.until(at(11, 3, 0))
		y.agree("jobber", 11)
	})
}
