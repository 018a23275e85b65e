package db_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
)

// aboveLocations are the tables that belong to no single location.
var aboveLocations = []string{"holder", "token"}

func TestEveryTableKeepsTheRules(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, fault := range dbtest.SchemaFaults(t, d, aboveLocations...) {
			t.Error(fault)
		}
	})
}

func TestBothEnginesEndWithTheSameColumns(t *testing.T) {
	lite := dbtest.Columns(t, dbtest.Open(t))
	if len(lite) == 0 {
		t.Fatal("SQLite has no columns")
	}
	server, _ := dbtest.OpenPostgres(t, db.Options{})
	if diff := cmp.Diff(lite, dbtest.Columns(t, server)); diff != "" {
		t.Errorf("columns on SQLite (-) and PostgreSQL (+):\n%s", diff)
	}
}

func TestABrokenRuleIsFound(t *testing.T) {
	each(t, fstest.MapFS{"0001_bad.sql": {Data: []byte(`
		CREATE TABLE good (location_id TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (location_id, id));
		CREATE UNIQUE INDEX good_by_id ON good (location_id, id);
		CREATE TABLE network (id TEXT NOT NULL, PRIMARY KEY (id)) WITHOUT ROWID;
		CREATE TABLE loose (location_id TEXT NOT NULL, note TEXT, body BLOB NOT NULL, share REAL NOT NULL);
		CREATE TABLE alone (id TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (id));
		CREATE UNIQUE INDEX alone_by_at ON alone (at, id);
		CREATE UNIQUE INDEX alone_by_name ON alone (lower(id));
	`)}}, func(t *testing.T, d *db.DB) {
		want := []string{
			`loose has no primary key`,
			`loose.note may be null`,
			`the primary key of alone leads with "id", not location_id`,
			`the unique index alone_by_at of alone leads with "at", not location_id`,
			`the unique index alone_by_name of alone leads with "", not location_id`,
		}
		if diff := cmp.Diff(want, dbtest.SchemaFaults(t, d, "network")); diff != "" {
			t.Errorf("faults wanted (-), found (+):\n%s", diff)
		}
		want = []string{
			"alone.at integer", "alone.id text", "good.id text", "good.location_id text",
			"loose.body bytes", "loose.location_id text", "loose.note text", "loose.share real", "network.id text",
		}
		if diff := cmp.Diff(want, dbtest.Columns(t, d)); diff != "" {
			t.Errorf("columns wanted (-), found (+):\n%s", diff)
		}
	})
}

func TestTextThatIsNotOrderedByBytesIsFound(t *testing.T) {
	d, _ := dbtest.OpenPostgres(t, db.Options{Migrations: fstest.MapFS{"0001_bad.sql": {Data: []byte(
		`CREATE TABLE note (location_id TEXT NOT NULL, body text NOT NULL, PRIMARY KEY (location_id));`)}}})
	want := []string{"note.body is not ordered by bytes"}
	if diff := cmp.Diff(want, dbtest.SchemaFaults(t, d)); diff != "" {
		t.Errorf("faults wanted (-), found (+):\n%s", diff)
	}
}
