package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver
)

// Law 12: no transaction has more members or writes more rows. A member that
// began below the limit of rows may end above it.
const (
	maxMembers = 256
	maxRows    = 2000
)

const (
	readers         = 8
	checkpointPause = 200 * time.Millisecond
	maxLogBytes     = 64 << 20 // beyond it the log of changes is emptied at once
)

// sqlite is the store in a file. One goroutine, write, owns the connection that
// writes. It takes what waits, lends each member the connection in turn, and
// commits for all of them.
type sqlite struct {
	writer *sql.DB
	reader *sql.DB
	conn   *session // the one that writes

	queue   chan *member
	stop    chan struct{} // closed to end
	ended   chan struct{} // closed when write has ended
	dirty   chan struct{} // something was committed since the last checkpoint
	pause   chan chan struct{}
	idle    chan *session // readers; nil is one not opened yet
	workers sync.WaitGroup
	once    sync.Once
	closed  error
}

// A member is one call of Do.
type member struct {
	tx    *Tx
	state atomic.Int32 // waiting, then one of the others
	turn  chan error   // it may run, or why not
	ran   chan error   // the result of the function
	done  chan error   // the result of the commit
}

const (
	waiting = iota
	running
	withdrawn
)

func openSQLite(ctx context.Context, path string, o Options) (*sqlite, error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, errors.New("it must be a file on disk")
	}
	s := &sqlite{
		queue: make(chan *member, maxMembers),
		stop:  make(chan struct{}),
		ended: make(chan struct{}),
		dirty: make(chan struct{}, 1),
		pause: make(chan chan struct{}),
		idle:  make(chan *session, readers),
	}
	var err error
	if s.writer, err = sql.Open("sqlite", source(path, o.Volatile, "_txlock=immediate")); err != nil {
		return nil, err
	}
	s.writer.SetMaxOpenConns(2) // one writes, one checkpoints
	if err := s.start(ctx, path, o); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	return s, nil
}

func (s *sqlite) start(ctx context.Context, path string, o Options) error {
	if err := migrate(ctx, s.writer, goose.DialectSQLite3, o.Migrations); err != nil {
		return err
	}
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return err
	}
	s.conn = newSession(conn, true)
	s.reader, err = sql.Open("sqlite", source(path, o.Volatile, "mode=ro&_pragma=query_only(1)"))
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	s.reader.SetMaxOpenConns(readers)
	s.reader.SetMaxIdleConns(readers)
	for range readers {
		s.idle <- nil
	}
	s.workers.Go(s.write)
	if !o.Volatile {
		s.workers.Go(s.checkpoint)
	}
	return nil
}

// source is the connection string. Everything that is set stands here, because
// a PRAGMA run on a pool reaches one connection of it.
func source(path string, volatile bool, more string) string {
	settings := []string{
		"_pragma=busy_timeout(10000)", // another process, such as a command, may be writing
		"_pragma=cache_size(-32768)",  // KiB
		"_pragma=foreign_keys(1)",
		"_pragma=temp_store(MEMORY)",
		"_dqs=0", // "x" is a name on PostgreSQL, so it is here
		more,
	}
	if !strings.Contains(more, "mode=ro") {
		settings = append(settings, "_pragma=journal_mode(WAL)")
	}
	if volatile {
		settings = append(settings, "_pragma=synchronous(OFF)", "_pragma=wal_autocheckpoint(1000)")
	} else {
		settings = append(settings, "_pragma=synchronous(FULL)", "_pragma=wal_autocheckpoint(0)")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + strings.Join(settings, "&")
}

func (s *sqlite) do(ctx context.Context, now time.Time, f func(*Tx) error) error {
	m := &member{
		tx:   &Tx{Now: now, ctx: ctx, engine: SQLite, run: s.conn},
		turn: make(chan error, 1),
		ran:  make(chan error, 1),
		done: make(chan error, 1),
	}
	if err := s.enter(ctx, m); err != nil {
		return err
	}
	if err := m.run(f); err != nil {
		return err
	}
	return <-m.done
}

// enter waits for the member's turn.
func (s *sqlite) enter(ctx context.Context, m *member) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.stop:
		return ErrClosed
	default:
	}
	select {
	case s.queue <- m:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stop:
		return ErrClosed
	}
	var err error
	select {
	case err := <-m.turn:
		return err
	case <-ctx.Done():
		err = ctx.Err()
	case <-s.ended:
		err = ErrClosed
	}
	if m.state.CompareAndSwap(waiting, withdrawn) {
		return err
	}
	return <-m.turn // it came at the same moment
}

// run runs f on the caller's goroutine, which has the connection until then, so
// that a panic or the end of a test in f is the caller's and not the writer's.
func (m *member) run(f func(*Tx) error) (err error) {
	err = errors.New("the function did not return")
	defer func() {
		err = m.tx.finish(err)
		m.ran <- err
	}()
	err = f(m.tx)
	return err
}

// write takes what is waiting and commits it together, until it is stopped.
func (s *sqlite) write() {
	defer close(s.ended)
	for {
		select {
		case m := <-s.queue:
			s.commit(s.waiting(m))
		case resume := <-s.pause:
			<-resume
		case <-s.stop:
			return
		}
	}
}

// waiting is m and those behind it. There is no timer: while a batch is being
// flushed, the next one gathers.
func (s *sqlite) waiting(m *member) []*member {
	batch := []*member{m}
	for len(batch) < maxMembers {
		select {
		case m := <-s.queue:
			batch = append(batch, m)
		default:
			return batch
		}
	}
	return batch
}

// commit runs the batch in as few transactions as the limits and the disk allow.
func (s *sqlite) commit(batch []*member) {
	for len(batch) > 0 {
		batch = s.transact(batch)
	}
	s.conn.trim()
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// transact runs members until the batch or the limit of rows is reached, commits,
// answers them, and returns those that are left.
func (s *sqlite) transact(batch []*member) []*member {
	if err := s.conn.control("BEGIN IMMEDIATE"); err != nil {
		err = fmt.Errorf("begin: %w", err)
		for _, m := range batch {
			if m.state.CompareAndSwap(waiting, running) {
				m.turn <- err
			}
		}
		return nil
	}
	alone := len(batch) == 1 // a transaction of one needs no savepoint
	var kept []*member
	rows := int64(0)
	for len(batch) > 0 && rows < maxRows {
		m := batch[0]
		batch = batch[1:]
		if !m.state.CompareAndSwap(waiting, running) {
			continue
		}
		keep, err := s.lend(m, alone)
		if err != nil {
			s.lose(kept, err)
			return batch
		}
		if keep {
			kept = append(kept, m)
			rows += m.tx.written
		}
	}
	s.settle(kept)
	return batch
}

// lend lets the member run and says whether what it wrote is kept. An error
// means that the transaction is lost for all its members; this one was told.
func (s *sqlite) lend(m *member, alone bool) (keep bool, err error) {
	if !alone {
		if err := s.conn.control("SAVEPOINT member"); err != nil {
			m.turn <- err
			return false, err
		}
	}
	m.turn <- nil
	keep = <-m.ran == nil
	if alone {
		return keep, nil // if not, settle rolls back
	}
	if !keep {
		err = s.conn.control("ROLLBACK TO SAVEPOINT member")
	}
	if err == nil {
		err = s.conn.control("RELEASE SAVEPOINT member")
	}
	if err != nil {
		m.done <- err
		return false, err
	}
	return keep, nil
}

// settle commits and answers those whose writes are in the transaction.
func (s *sqlite) settle(kept []*member) {
	if len(kept) == 0 {
		_ = s.conn.control("ROLLBACK") // nothing of it is wanted
		return
	}
	if err := s.conn.control("COMMIT"); err != nil {
		s.lose(kept, fmt.Errorf("commit: %w", err))
		return
	}
	for _, m := range kept {
		m.done <- nil
	}
}

// lose tells the members that nothing of the transaction was kept.
func (s *sqlite) lose(members []*member, err error) {
	_ = s.conn.control("ROLLBACK") // the engine may have done it already
	for _, m := range members {
		m.done <- err
	}
}

func (s *sqlite) view(ctx context.Context, now time.Time, f func(*Tx) error) error {
	r, err := s.borrow(ctx)
	if err != nil {
		return err
	}
	defer func() { s.idle <- r }()
	if r == nil {
		conn, err := s.reader.Conn(ctx)
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		r = newSession(conn, false)
	}
	if err := r.control("BEGIN"); err != nil {
		r = r.abandon()
		return fmt.Errorf("begin reading: %w", err)
	}
	tx := &Tx{Now: now, ctx: ctx, engine: SQLite, run: r, readOnly: true}
	defer func() {
		_ = tx.finish(nil)
		r = r.rest()
	}()
	return tx.finish(f(tx))
}

// borrow waits for a free reader.
func (s *sqlite) borrow(ctx context.Context) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-s.stop:
		return nil, ErrClosed
	default:
	}
	select {
	case r := <-s.idle:
		return r, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.stop:
		return nil, ErrClosed
	}
}

// checkpoint moves what was committed from the log into the database file,
// beside the writer, a little after each write.
func (s *sqlite) checkpoint() {
	for {
		select {
		case <-s.dirty:
		case <-s.stop:
			return
		}
		pause := time.NewTimer(checkpointPause)
		select {
		case <-pause.C:
		case <-s.stop:
			pause.Stop()
			return
		}
		s.moveLog()
	}
}

// moveLog empties the log as far as readers and the writer let it. An error
// costs nothing but disk space: the next one does the work again.
func (s *sqlite) moveLog() {
	ctx := context.Background()
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return
	}
	defer conn.Close()
	var busy, pages, moved, size int64
	if conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &moved) != nil {
		return
	}
	if conn.QueryRowContext(ctx, "PRAGMA page_size").Scan(&size) != nil || pages*size < maxLogBytes {
		return
	}
	s.truncateLog(ctx, conn)
}

// truncateLog makes the log empty while the writer stands still; under
// steady writing it would never be. It gives up soon if a reader needs the log.
func (s *sqlite) truncateLog(ctx context.Context, conn *sql.Conn) {
	resume := make(chan struct{})
	select {
	case s.pause <- resume:
	case <-s.stop:
		return
	}
	defer close(resume)
	var busy, pages, moved int64
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout=50"); err != nil {
		return
	}
	_ = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	_, _ = conn.ExecContext(ctx, "PRAGMA busy_timeout=10000")
}

func (s *sqlite) close() error {
	s.once.Do(func() {
		close(s.stop)
		s.workers.Wait()
		for range readers { // wait for those that read
			if r := <-s.idle; r != nil {
				s.closed = errors.Join(s.closed, r.close())
			}
		}
		s.closed = errors.Join(s.closed, s.reader.Close(), s.conn.close(), s.writer.Close())
	})
	return s.closed
}
