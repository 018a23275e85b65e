package app

import (
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/tenant"
)

// What a person does writes the rows that followers and dispatchers write, so it waits
// for them.
func TestWhatAPersonDoesWaitsForWhoeverWritesWhatIsOwed(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	_, o := dbtest.OpenPostgres(t, db.Options{})
	c, err := ParseConfig(filepath.Join(t.TempDir(), "plumbline.yaml"), []byte("database: "+dbtest.PostgresURL(t)+`
public_url: https://plumbline.example.com
locations:
  - id: boise
    connections:
      - {name: hubspot, tool: hubspot, mode: on, config: {token: pat-0123456789, portal: "12345"}}
`))
	if err != nil {
		t.Fatal(err)
	}
	n, err := Build(t.Context(), c, Options{Now: func() time.Time { return noon }, Volatile: true, Schema: o.Schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	q := n.Queue()
	for what, does := range map[string]func(tx *db.Tx) error{
		"retrying a record":  func(tx *db.Tx) error { return q.Retriers[errorqueue.Record](tx, "boise", "hubspot/record/contact/x") },
		"retrying a message": func(tx *db.Tx) error { return q.Retriers[errorqueue.Message](tx, "boise", "hubspot/x") },
		"retrying a look-up": func(tx *db.Tx) error { return q.Retriers[errorqueue.Lookup](tx, "boise", "hubspot/x") },
		"skipping a record": func(tx *db.Tx) error {
			return q.Skippers[errorqueue.Record](tx, "boise", "hubspot/record/contact/x", "no")
		},
		"switching on a target": func(tx *db.Tx) error { return n.switched(tx, n.bindings["boise/hubspot"].Connection) },
	} {
		t.Run(what, func(t *testing.T) {
			done := make(chan error, 1)
			err := n.DB.Do(t.Context(), noon, func(tx *db.Tx) error {
				if err := tenant.LockOwed(tx, "boise"); err != nil {
					return err
				}
				go func() { done <- n.DB.Do(t.Context(), noon, does) }()
				for waiting := 0; waiting == 0; runtime.Gosched() {
					select {
					case err := <-done:
						t.Errorf("it did not wait: %v", err)
						done <- err
						return nil
					default:
					}
					if err := tx.QueryRow(`SELECT COUNT(*) FROM pg_locks WHERE NOT granted`).Scan(&waiting); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Logf("then: %v", err) // there may be no such thing
			}
		})
	}
}

// Only a retry says that what a list lacks is gone; skipped, everything stays.
func TestSkippingWhatAListLacksDeletesNothing(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	c, err := ParseConfig(filepath.Join(t.TempDir(), "plumbline.yaml"), []byte(`database: `+filepath.Join(t.TempDir(), "p.db")+`
public_url: https://plumbline.example.com
locations:
  - id: boise
    connections:
      - {name: hubspot, tool: hubspot, mode: on, config: {token: pat-0123456789, portal: "12345"}}
`))
	if err != nil {
		t.Fatal(err)
	}
	n, err := Build(t.Context(), c, Options{Now: func() time.Time { return noon }, Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	q := n.Queue()
	for _, act := range []struct {
		what     string
		believes int
		does     func(tx *db.Tx) error
	}{
		{"skipped", 0, func(tx *db.Tx) error { return q.Skippers[errorqueue.Source](tx, "boise", "hcp/count/jobs", "no") }},
		{"retried", 1, func(tx *db.Tx) error { return q.Retriers[errorqueue.Source](tx, "boise", "hcp/count/jobs") }},
	} {
		err := n.DB.Do(t.Context(), noon, func(tx *db.Tx) error {
			if _, err := tx.Exec(`INSERT INTO counted (location_id, connection, stream, night, began, ours, theirs) VALUES ('boise', 'hcp', 'jobs', '2026-05-04', 1, 50, 2)
				ON CONFLICT (location_id, connection, stream, night) DO NOTHING`); err != nil {
				return err
			}
			if err := act.does(tx); err != nil {
				return err
			}
			var believed int
			if err := tx.QueryRow(`SELECT believed FROM counted WHERE location_id = 'boise'`).Scan(&believed); err != nil {
				return err
			}
			if believed != act.believes {
				t.Errorf("%s, it is believed: %d", act.what, believed)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
