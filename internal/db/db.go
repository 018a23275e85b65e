// Package db opens the database, brings its tables up to date and runs
// transactions. One SQL text serves SQLite and PostgreSQL; where the two truly
// differ there is a named method of Tx. It must not know what any table means,
// except the lane rows that order writers of several nodes.
//
// What every caller keeps to, so that both engines agree:
//
//   - placeholders are $1, $2; instants are BIGINT milliseconds, documents are
//     text holding JSON, columns are NOT NULL, bytes are BLOB;
//   - read all rows before the next statement, since PostgreSQL has one
//     conversation per transaction;
//   - a statement that fails ends the transaction (or the Savepoint around it),
//     on SQLite too; use ON CONFLICT instead of trying;
//   - sort the keys of a write of several rows, or two nodes deadlock;
//   - a function given to Do may be run again and touches nothing outside of
//     its Tx; it does not call Do.
package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"
)

//go:embed migrations/*.sql
var embedded embed.FS

// ErrClosed is the answer of a DB that has been closed.
var ErrClosed = errors.New("the database is closed")

// An Engine is the kind of database behind a DB.
type Engine int

// The engines.
const (
	SQLite Engine = iota + 1
	PostgreSQL
)

func (e Engine) String() string {
	switch e {
	case SQLite:
		return "SQLite"
	case PostgreSQL:
		return "PostgreSQL"
	}
	return fmt.Sprintf("engine %d", int(e))
}

// Options say how a database is opened. The zero value is how serve opens it.
type Options struct {
	// Volatile gives up durability: what was committed may be lost with the
	// power. It is for tests and simulation. On SQLite it also leaves out the
	// goroutine that checkpoints.
	Volatile bool

	// Migrations holds the files NNNN_room.sql to apply, the embedded ones if
	// nil. See translate for the SQL they may use.
	Migrations fs.FS

	// ReadOnly opens what is there and changes nothing: no table is made or altered, and
	// Do fails.
	ReadOnly bool

	// Schema, on PostgreSQL, holds all tables; it is created if missing.
	// Empty means what the connection's search_path says.
	Schema string
}

// A DB is an open database. Its methods may be called from many goroutines.
type DB struct {
	engine Engine
	store  store
	most   atomic.Int64
}

// A store runs transactions on one engine.
type store interface {
	do(ctx context.Context, now time.Time, f func(*Tx) error) error
	view(ctx context.Context, now time.Time, f func(*Tx) error) error
	close() error
}

// Open opens the database that url names and applies the migrations it lacks.
// A url is a path to a file, "sqlite:" and a path, or a postgres:// URL. The
// file is created if it is missing, its folder is not. Opening again, or on
// several nodes at once, applies each migration once.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	copied := o.Migrations == nil && o.Volatile && !o.ReadOnly
	if o.Migrations == nil && !o.ReadOnly {
		sub, err := fs.Sub(embedded, "migrations")
		if err != nil {
			return nil, fmt.Errorf("open the embedded migrations: %w", err)
		}
		o.Migrations = sub
	}
	scheme, rest, found := strings.Cut(url, ":")
	switch {
	case found && (scheme == "postgres" || scheme == "postgresql"):
		s, err := openPostgres(ctx, url, o)
		if err != nil {
			return nil, fmt.Errorf("open the database on PostgreSQL: %w", err)
		}
		return &DB{engine: PostgreSQL, store: s}, nil
	case found && scheme == "sqlite":
		url = strings.TrimPrefix(rest, "//")
	case strings.Contains(url, "://"):
		return nil, fmt.Errorf("open the database: no engine is called %q; use a path, sqlite: or postgres://", scheme)
	}
	if copied {
		made, err := copyTemplate(url, o)
		if err != nil {
			return nil, fmt.Errorf("open the database file %s: %w", url, err)
		}
		if made {
			o.Migrations = nil
		}
	}
	s, err := openSQLite(ctx, url, o)
	if err != nil {
		return nil, fmt.Errorf("open the database file %s: %w", url, err)
	}
	return &DB{engine: SQLite, store: s}, nil
}

// Close waits for the transactions that are running, refuses those that have
// not begun with ErrClosed, and lets go of the database.
func (d *DB) Close() error { return d.store.close() }

// Engine says what kind of database this is.
func (d *DB) Engine() Engine { return d.engine }

// Do runs f in a transaction that happens at the instant now and answers only
// after the commit, which on disk is flushed unless the database is Volatile.
// If f fails, nothing of it is kept and its error is returned as it is. If the
// commit fails, its error is returned and on PostgreSQL a lost connection may
// leave it unknown whether the commit happened.
//
// On SQLite all transactions of the process run one after another, and those
// that wait together are committed together. On PostgreSQL they run side by
// side under READ COMMITTED, and f is run again, up to five times, after a
// deadlock or a serialization failure: f must start from nothing each time.
func (d *DB) Do(ctx context.Context, now time.Time, f func(*Tx) error) error {
	rows := int64(0)
	err := d.store.do(ctx, now, func(tx *Tx) error {
		err := f(tx)
		rows = tx.written
		return err
	})
	for most := d.most.Load(); err == nil && rows > most && !d.most.CompareAndSwap(most, rows); most = d.most.Load() {
	}
	return err
}

// Most says how many rows one function given to Do has written at most since the
// database was opened. Law 12 bounds them.
func (d *DB) Most() int64 { return d.most.Load() }

// View runs f on an unchanging snapshot in which nothing can be written. It
// does not wait for writers. Keep it short: on SQLite a long View keeps the
// log of changes from being emptied.
func (d *DB) View(ctx context.Context, now time.Time, f func(*Tx) error) error {
	return d.store.view(ctx, now, f)
}
