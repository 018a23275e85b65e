package db_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
)

// each runs f on an empty database of each engine that has these migrations.
func each(t *testing.T, files fs.FS, f func(*testing.T, *db.DB)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		f(t, reopen(t, filepath.Join(t.TempDir(), "test.db"), db.Options{Volatile: true, Migrations: files}))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		d, _ := dbtest.OpenPostgres(t, db.Options{Migrations: files})
		f(t, d)
	})
}

func reopen(t *testing.T, url string, o db.Options) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// places runs f with what opens the same empty database again and again.
func places(t *testing.T, f func(t *testing.T, url string, o db.Options)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		f(t, filepath.Join(t.TempDir(), "test ?#%41.db"), db.Options{Volatile: true})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		_, o := dbtest.OpenPostgres(t, db.Options{Migrations: fstest.MapFS{}})
		o.Migrations = nil
		f(t, dbtest.PostgresURL(t), o)
	})
}

var (
	first  = &fstest.MapFile{Data: []byte(`CREATE TABLE a (id TEXT NOT NULL, PRIMARY KEY (id)); INSERT INTO a (id) VALUES ('one');`)}
	second = &fstest.MapFile{Data: []byte(`ALTER TABLE a ADD COLUMN n BIGINT NOT NULL DEFAULT 7;`)}
	broken = &fstest.MapFile{Data: []byte(`CREATE TABLE b (id TEXT NOT NULL, PRIMARY KEY (id)); INSERT INTO a (nothing) VALUES (1);`)}
)

func TestNodesThatStartTogetherMigrateOnce(t *testing.T) {
	places(t, func(t *testing.T, url string, o db.Options) {
		o.Migrations = fstest.MapFS{"0001_a.sql": first, "0002_a.sql": second}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				d, err := db.Open(t.Context(), url, o)
				if err != nil {
					t.Errorf("open: %v", err)
					return
				}
				defer d.Close()
				if n := number(t, d, `SELECT sum(n) FROM a`); n != 7 {
					t.Errorf("the sum is %d, want 7", n)
				}
			})
		}
		wg.Wait()
	})
}

func TestTheCodeBeforeRunsOnTheTablesAfter(t *testing.T) {
	places(t, func(t *testing.T, url string, o db.Options) {
		o.Migrations = fstest.MapFS{"0001_a.sql": first, "0002_a.sql": second}
		reopen(t, url, o)
		o.Migrations = fstest.MapFS{"0001_a.sql": first}
		d := reopen(t, url, o)
		if n := number(t, d, `SELECT count(*) FROM a`); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

func TestAMigrationThatFailsLeavesNothing(t *testing.T) {
	places(t, func(t *testing.T, url string, o db.Options) {
		o.Migrations = fstest.MapFS{"0001_a.sql": first, "0002_b.sql": broken}
		_, err := db.Open(t.Context(), url, o)
		if err == nil || !strings.Contains(err.Error(), "0002_b.sql") {
			t.Fatalf("open: %v, want an error that names the file", err)
		}
		o.Migrations = fstest.MapFS{"0001_a.sql": first, "0002_a.sql": second}
		d := reopen(t, url, o)
		if got := strings.Join(dbtest.Columns(t, d), ", "); got != "a.id text, a.n integer" {
			t.Errorf("the columns are %s", got)
		}
	})
}

func TestAFileNamedWithoutANumberIsRefused(t *testing.T) {
	o := db.Options{Migrations: fstest.MapFS{"lane.sql": first}}
	if _, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "x.db"), o); err == nil {
		t.Error("it was opened")
	}
}

func TestAURLThatNamesNoEngineIsRefused(t *testing.T) {
	for _, url := range []string{"", "mysql://host/db", ":memory:", "sqlite::memory:", "postgres://%zz"} {
		if d, err := db.Open(t.Context(), url, db.Options{}); err == nil {
			d.Close()
			t.Errorf("Open(%q) succeeded", url)
		}
	}
}

// A volatile database is copied where a lasting one is migrated.
func TestAVolatileDatabaseHasTheTablesOfALastingOne(t *testing.T) {
	var is [2]string
	for i, volatile := range []bool{false, true} {
		d := reopen(t, filepath.Join(t.TempDir(), "test.db"), db.Options{Volatile: volatile})
		err := d.View(t.Context(), time.Time{}, func(tx *db.Tx) error {
			return tx.QueryRow(`
				SELECT (SELECT group_concat(name || ' ' || COALESCE(sql, ''), char(10) ORDER BY name) FROM sqlite_schema)
				    || (SELECT group_concat(idx || ' ' || stat, char(10) ORDER BY idx) FROM sqlite_stat1)
				    || (SELECT group_concat(version_id, char(10) ORDER BY id) FROM goose_db_version)`).Scan(&is[i])
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if is[0] != is[1] || !strings.Contains(is[0], "CREATE TABLE") {
		t.Errorf("the lasting database has\n%.300s\nthe volatile one\n%.300s", is[0], is[1])
	}
}
