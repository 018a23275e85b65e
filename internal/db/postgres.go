package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc64"
	"math/rand/v2"
	"regexp"
	"runtime"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// maxRuns is how often the function of Do is run at most.
const maxRuns = 6

// postgres is the store on a PostgreSQL server, shared by any number of nodes.
type postgres struct {
	pool *sql.DB

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup // transactions
}

func openPostgres(ctx context.Context, url string, o Options) (*postgres, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err // pgx leaves the password out of it
	}
	configure(config, o)
	pool := stdlib.OpenDB(*config)
	conns := max(16, 4*runtime.NumCPU())
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	if o.ReadOnly {
		return &postgres{pool: pool}, nil
	}
	if err := prepareSchema(ctx, pool, o); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &postgres{pool: pool}, nil
}

// configure sets what each connection says to the server when it begins.
func configure(config *pgx.ConnConfig, o Options) {
	settings := map[string]string{
		// A node that vanishes must not hold its lanes for hours.
		"tcp_keepalives_idle":                 "30",
		"tcp_keepalives_interval":             "10",
		"tcp_keepalives_count":                "3",
		"idle_in_transaction_session_timeout": "60s",
	}
	if o.Volatile {
		settings["synchronous_commit"] = "off"
	}
	if o.ReadOnly {
		settings["default_transaction_read_only"] = "on"
	}
	if o.Schema != "" {
		settings["search_path"] = pgx.Identifier{o.Schema}.Sanitize()
	}
	for name, value := range settings {
		if _, given := config.RuntimeParams[name]; !given || name == "search_path" {
			config.RuntimeParams[name] = value
		}
	}
}

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

func prepareSchema(ctx context.Context, pool *sql.DB, o Options) error {
	if o.Schema != "" {
		if !schemaName.MatchString(o.Schema) {
			return fmt.Errorf("the schema name %q may have lower case letters, digits and underscores only", o.Schema)
		}
		if err := createSchema(ctx, pool, o.Schema); err != nil {
			return err
		}
	}
	// Nodes that start together migrate once; other schemas do not wait.
	locker, err := lock.NewPostgresSessionLocker(
		lock.WithLockID(int64(crc64.Checksum([]byte("plumbline "+o.Schema), crc64.MakeTable(crc64.ECMA)))),
		lock.WithLockTimeout(1, 600), lock.WithUnlockTimeout(1, 60))
	if err != nil {
		return err
	}
	return migrate(ctx, pool, goose.DialectPostgres, o.Migrations, goose.WithSessionLocker(locker))
}

func createSchema(ctx context.Context, pool *sql.DB, name string) error {
	_, err := pool.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{name}.Sanitize())
	if code(err) == "23505" { // two nodes at once: IF NOT EXISTS does not wait for the other
		return nil
	}
	if err != nil {
		return fmt.Errorf("create schema %s: %w", name, err)
	}
	return nil
}

func (p *postgres) do(ctx context.Context, now time.Time, f func(*Tx) error) error {
	for run := 1; ; run++ {
		err := p.transact(ctx, now, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, f)
		if run == maxRuns || !again(err) {
			return err
		}
		if err := pause(ctx, run); err != nil {
			return err
		}
	}
}

func (p *postgres) view(ctx context.Context, now time.Time, f func(*Tx) error) error {
	return p.transact(ctx, now, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, f)
}

func (p *postgres) transact(ctx context.Context, now time.Time, o *sql.TxOptions, f func(*Tx) error) error {
	if !p.enter() {
		return ErrClosed
	}
	defer p.running.Done()
	t, err := p.pool.BeginTx(ctx, o)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer t.Rollback() // after a commit this does nothing
	tx := &Tx{Now: now, ctx: ctx, engine: PostgreSQL, run: t, readOnly: o.ReadOnly}
	defer tx.finish(nil)
	if err := tx.finish(f(tx)); err != nil {
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// again says whether the transaction failed only because of others.
func again(err error) bool {
	c := code(err)
	return c == "40001" || c == "40P01" // serialization failure, deadlock
}

// code is the server's SQLSTATE in err, if there is one.
func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// pause lets the others finish, each time a little longer.
func pause(ctx context.Context, run int) error {
	t := time.NewTimer(time.Duration(run)*2*time.Millisecond + rand.N(5*time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enter counts one more running transaction, unless the database is closed.
func (p *postgres) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.running.Add(1)
	}
	return !p.closed
}

func (p *postgres) close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.running.Wait()
	return p.pool.Close()
}
