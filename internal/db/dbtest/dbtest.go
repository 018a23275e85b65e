// Package dbtest gives tests a database with all tables, on either engine. It
// must not know what the tables mean, and no shipped code imports it.
//
// SQLite needs nothing. For PostgreSQL, PLUMBLINE_TEST_POSTGRES names a server
// on which schemas may be created; without it a private server is started if
// its programs are installed, which costs each test binary about two seconds.
package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver

	"plumbline.dev/plumbline/internal/db"
)

// Open opens an empty SQLite database that does not outlive the test. It may be
// called inside a synctest bubble, and then belongs to it.
func Open(t testing.TB) *db.DB {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "test.db"), db.Options{Volatile: true})
}

// Each runs f as a subtest on an empty database of each engine.
func Each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { f(t, Open(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		d, _ := OpenPostgres(t, db.Options{})
		f(t, d)
	})
}

// OpenPostgres opens an empty database in a schema of its own on PostgreSQL, or
// skips the test if there is no server. The options are completed, and returned
// so that a test can open the same database again, as another node does.
func OpenPostgres(t testing.TB, o db.Options) (*db.DB, db.Options) {
	t.Helper()
	url := PostgresURL(t)
	o.Volatile = true
	if o.Schema = used.take(o); o.Schema == "" {
		o.Schema = "test_" + strings.ToLower(rand.Text()[:16])
	}
	t.Cleanup(func() { leave(t, url, o) })
	return open(t, url, o), o
}

func open(t testing.TB, url string, o db.Options) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return d
}

// leave empties the schema of a test for the next one, which is faster than making another.
// On a server that is not ours nothing is left behind, nor tables that are a test's own.
func leave(t testing.TB, url string, o db.Options) {
	pool, err := sql.Open("pgx", url)
	if err != nil {
		t.Errorf("connect to leave schema %s: %v", o.Schema, err)
		return
	}
	defer pool.Close()
	ours := os.Getenv("PLUMBLINE_TEST_POSTGRES") == "" && o.Migrations == nil
	text := "DROP SCHEMA IF EXISTS " + o.Schema + " CASCADE"
	if ours {
		text = fmt.Sprintf(`DO $$ DECLARE t text; BEGIN
			FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = '%[1]s' AND tablename NOT LIKE 'goose%%' LOOP
				EXECUTE format('DELETE FROM %%I.%%I', '%[1]s', t);
			END LOOP; END $$`, o.Schema)
	}
	if _, err := pool.ExecContext(context.Background(), text); err != nil {
		t.Errorf("leave schema %s: %v", o.Schema, err)
	} else if ours {
		used.give(o.Schema)
	}
}

// used are the empty schemas of tests that have ended.
var used schemas

type schemas struct {
	sync.Mutex
	names []string
}

func (s *schemas) take(o db.Options) (name string) {
	s.Lock()
	defer s.Unlock()
	if last := len(s.names) - 1; last >= 0 && o.Migrations == nil {
		name, s.names = s.names[last], s.names[:last]
	}
	return name
}

func (s *schemas) give(name string) {
	s.Lock()
	defer s.Unlock()
	s.names = append(s.names, name)
}

// PostgresURL names a PostgreSQL server for this test binary, or skips the
// test. Where CI is true the test fails instead.
func PostgresURL(t testing.TB) string {
	t.Helper()
	if url := os.Getenv("PLUMBLINE_TEST_POSTGRES"); url != "" {
		return url
	}
	server, err := private()
	if err == nil {
		return server.url
	}
	message := fmt.Sprintf("no PostgreSQL: set PLUMBLINE_TEST_POSTGRES to a postgres:// URL, or install the server's programs (%v)", err)
	if os.Getenv("CI") == "true" {
		t.Fatal(message)
	}
	t.Skip(message)
	return ""
}
