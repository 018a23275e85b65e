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
	o.Schema = "test_" + strings.ToLower(rand.Text()[:16])
	t.Cleanup(func() { drop(t, url, o.Schema) })
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

func drop(t testing.TB, url, schema string) {
	t.Helper()
	pool, err := sql.Open("pgx", url)
	if err != nil {
		t.Errorf("connect to drop schema %s: %v", schema, err)
		return
	}
	defer pool.Close()
	_, err = pool.ExecContext(context.Background(), "DROP SCHEMA IF EXISTS "+schema+" CASCADE")
	if err != nil {
		t.Errorf("drop schema %s: %v", schema, err)
	}
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
