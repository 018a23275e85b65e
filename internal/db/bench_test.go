package db_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
)

// The benchmarks compare Do with its ceiling, the driver under plain
// database/sql, for one small insert. Ratios inside one run count; see what the
// disk does to the rest.

const insert = `INSERT INTO thing (id, n, body) VALUES ($1, $2, $3)`

var body = make([]byte, 300)

func BenchmarkOneInsert(b *testing.B) {
	for _, volatile := range []bool{false, true} {
		suffix := "/flushed"
		if volatile {
			suffix = "/volatile"
		}
		b.Run("plain"+suffix, func(b *testing.B) { plainInserts(b, volatile) })
		for _, callers := range []int{1, 16, 64, 256} {
			b.Run(fmt.Sprintf("do%s/%d", suffix, callers), func(b *testing.B) { inserts(b, volatile, callers) })
		}
	}
}

func inserts(b *testing.B, volatile bool, callers int) {
	path := filepath.Join(b.TempDir(), "bench.db")
	d, err := db.Open(b.Context(), path, db.Options{Volatile: volatile, Migrations: things})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	var n atomic.Int64
	b.SetParallelism(callers / runtime.GOMAXPROCS(0))
	if callers == 1 {
		for b.Loop() {
			insertOne(b, d, n.Add(1))
		}
		return
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			insertOne(b, d, n.Add(1))
		}
	})
}

func insertOne(b *testing.B, d *db.DB, n int64) {
	err := d.Do(b.Context(), noon, func(tx *db.Tx) error {
		_, err := tx.Exec(insert, fmt.Sprintf("%016x", n*7919), n, body)
		return err
	})
	if err != nil {
		b.Error(err)
	}
}

// plainInserts is what a careful program without this package does: one
// connection, one prepared statement, one transaction per insert.
func plainInserts(b *testing.B, volatile bool) {
	path := filepath.Join(b.TempDir(), "bench.db")
	d, err := db.Open(b.Context(), path, db.Options{Migrations: things})
	if err != nil {
		b.Fatal(err)
	}
	d.Close()
	settings := "?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=cache_size(-32768)&_pragma=synchronous(FULL)"
	if volatile {
		settings = "?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=cache_size(-32768)&_pragma=synchronous(OFF)"
	}
	pool, err := sql.Open("sqlite", "file:"+path+settings)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	stmt, err := pool.PrepareContext(b.Context(), insert)
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	var n int64
	for b.Loop() {
		n++
		tx, err := pool.BeginTx(ctx, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := tx.Stmt(stmt).ExecContext(ctx, fmt.Sprintf("%016x", n*7919), n, body); err != nil {
			b.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkView(b *testing.B) {
	d, err := db.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"), db.Options{Volatile: true, Migrations: things})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	insertOne(b, d, 1)
	for b.Loop() {
		number(b, d, `SELECT n FROM thing WHERE id = $1`, fmt.Sprintf("%016x", 7919))
	}
}

func BenchmarkSetOf100(b *testing.B) {
	d, err := db.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"), db.Options{Volatile: true, Migrations: things})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	var rows []row
	for i := range 100 {
		rows = append(rows, row{fmt.Sprintf("%016x", i*7919), int64(i)})
	}
	for b.Loop() {
		do(b, d, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO thing (id, n) SELECT s.id, s.n FROM `+tx.Set(1, "id text", "n bigint")+` AS s
				WHERE true ON CONFLICT (id) DO UPDATE SET n = excluded.n + 1`, db.JSON(rows))
			return err
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		dbtest.Open(b)
	}
}
