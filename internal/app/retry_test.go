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
