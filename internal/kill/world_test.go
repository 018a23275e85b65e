// Package kill holds what one goroutine cannot meet: two nodes on one database that
// race each other, and nodes that are killed while they work. It is tests only, and
// must not become part of the product.
package kill

import (
	"context"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
)

// monday is a working day at 9 in the morning in Boise.
var monday = time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC)

// pair opens one database as two nodes do. On SQLite there is one node, whose loops
// race each other.
func pair(t *testing.T, f func(t *testing.T, a, b *db.DB)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		d := dbtest.Open(t)
		f(t, d, d)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		a, b := nodes(t)
		f(t, a, b)
	})
}

// nodes opens one database on PostgreSQL twice.
func nodes(t *testing.T) (a, b *db.DB) {
	t.Helper()
	a, o := dbtest.OpenPostgres(t, db.Options{})
	b, err := db.Open(t.Context(), dbtest.PostgresURL(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close the second node's database: %v", err)
		}
	})
	return a, b
}

// rounds is how often a race is run: a few times with -short, more where a number is
// named in the environment.
func rounds(t *testing.T, short, full int) int {
	t.Helper()
	if testing.Short() {
		return short
	}
	return number(t, "PLUMBLINE_ROUNDS", full)
}

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, want a number", name, text)
	}
	return n
}

// together runs all at once and waits for them.
func together(all ...func()) {
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for _, f := range all {
		wg.Go(func() {
			<-begin
			f()
		})
	}
	close(begin)
	wg.Wait()
}

// do runs a transaction at monday. It may be called on any goroutine.
func do(t *testing.T, d *db.DB, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Do(context.Background(), monday, f); err != nil {
		t.Error(err)
	}
}

func count(t *testing.T, d *db.DB, query string, args ...any) (n int) {
	t.Helper()
	do(t, d, func(tx *db.Tx) error { return tx.QueryRow(query, args...).Scan(&n) })
	return n
}
