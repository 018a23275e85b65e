package bench

import (
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/connect/housecallpro"
	"plumbline.dev/plumbline/internal/db"
)

func TestDeliveriesHaveTheirSizesAndSayWhatAJobsDeliverySays(t *testing.T) {
	tool := housecallpro.New(housecallpro.Config{}, http.DefaultClient, time.Now)
	if n := len(smallBody(1, 1)); n < 900 || n > 1150 {
		t.Errorf("a small webhook has %d bytes, want about 1 KB", n)
	}
	for step := range steps + 2 {
		d := deliveryOf(days, 1234, step)
		if n := len(d.Body); n < 3500 || n > 4400 {
			t.Errorf("at step %d a delivery has %d bytes, want about 4 KB", step, n)
		}
		readings, err := tool.Decode(d)
		if err != nil {
			t.Fatalf("at step %d: %v", step, err)
		}
		said := map[plumbline.Kind]int{}
		for _, r := range readings {
			said[r.Kind]++
		}
		want := map[plumbline.Kind]int{plumbline.Job: 1, plumbline.Customer: 1, plumbline.Property: 1, plumbline.Technician: 1}
		if step > 0 {
			want[plumbline.Visit] = 1 // it is planned
		}
		if !maps.Equal(said, want) {
			t.Errorf("at step %d a delivery speaks of %v, want %v", step, said, want)
		}
	}
}

func TestEachDeliveryOfAMeasurementIsAnother(t *testing.T) {
	seen := map[string]bool{}
	for i := range 3000 {
		job, step := storyOf(i, 1000)
		seen[fmt.Sprint(job, " ", step)] = true
		if step <= first(job) {
			t.Fatalf("delivery %d tells step %d of job %d, which was told before", i, step, job)
		}
	}
	if len(seen) != 3000 {
		t.Errorf("3000 deliveries tell %d different things", len(seen))
	}
}

// A job that was cloned stands there as if its ten deliveries had been applied.
func TestAClonedJobIsWhatItsDeliveriesWouldHaveMade(t *testing.T) {
	const job = 2*kinds + 3
	dir := t.TempDir()
	o := Options{Dir: dir}
	if err := stored(t.Context(), o, filepath.Join(dir, "cloned.db"), job+1); err != nil {
		t.Fatal(err)
	}
	cloned := open(t, filepath.Join(dir, "cloned.db"))
	applied := open(t, filepath.Join(dir, "applied.db"))
	for step := range steps {
		if err := keepGroup(t.Context(), applied, packed(days, 1, func(int) (int, int) { return job, step })); err != nil {
			t.Fatal(err)
		}
		if err := drain(t.Context(), applied, late); err != nil {
			t.Fatal(err)
		}
	}
	for what, query := range map[string]string{
		"golden records":  `SELECT id, json_remove(doc, '$.history', '$.trips') FROM golden_record WHERE location_id = $1 AND kind <> 'technician'`, // causes stand in the order of ids
		"desired records": `SELECT type || subject, doc FROM desired WHERE location_id = $1`,
		"keys":            `SELECT name || record_id, kind FROM match_key WHERE location_id = $1`,
		"links":           `SELECT from_id || name || to_id, from_kind FROM ref WHERE location_id = $1`,
		"histories":       `SELECT subject, doc FROM history WHERE location_id = $1`,
	} {
		want, all := rowsOf(t, applied, query), rowsOf(t, cloned, query)
		got := map[string]string{}
		for key := range want {
			got[key] = all[key]
		}
		if len(want) == 0 || !maps.Equal(got, want) {
			t.Errorf("the %s of a cloned job are\n%v, want\n%v", what, got, want)
		}
	}
}

func open(t *testing.T, file string) *app.Node {
	n, err := build(t.Context(), setup{file: file, crm: "on", sender: "on", now: func() time.Time { return opened }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func rowsOf(t *testing.T, n *app.Node, query string) (out map[string]string) {
	err := n.DB.View(t.Context(), late, func(tx *db.Tx) (err error) {
		out, err = pairs(tx, query, location)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
