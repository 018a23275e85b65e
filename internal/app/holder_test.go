package app

import (
	"path/filepath"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/tenant"
)

// Two processes of one name share a database: one of them calls, not both.
func TestTwoNodesOfOneNameDoNotBothHoldAQuota(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	_, o := dbtest.OpenPostgres(t, db.Options{})
	build := func() *Node {
		c, err := ParseConfig(filepath.Join(t.TempDir(), "plumbline.yaml"), []byte("database: "+dbtest.PostgresURL(t)+`
node: one
public_url: https://plumbline.example.com
locations:
  - id: boise
    connections:
      - {name: hubspot, tool: hubspot, config: {token: pat-0123456789, portal: "12345"}}
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
		return n
	}
	held := 0
	for range 2 {
		n := build()
		err := n.DB.Do(t.Context(), noon, func(tx *db.Tx) error {
			_, ok, err := tenant.Take(tx, "hubspot", n.Dispatchers[0].Node, time.Minute)
			if ok {
				held++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if held != 1 {
		t.Errorf("%d of two nodes of one name hold a quota, want one", held)
	}
}
