package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver
)

// MaxRows is how many rows a transaction may write (law 12). A group takes in nobody
// once it has written so many; a member keeps to it itself, by Tx.Written.
const MaxRows = 2000

// Law 12: no transaction has more members.
const maxMembers = 256

const (
	readers         = 8
	checkpointPause = 200 * time.Millisecond
	longLog         = 1000 // pages
)

// sqlite is the store in a file. One connection writes, and whoever holds the
// baton owns it: a caller of Do that leads a group. It runs its own function,
// lends the connection to each that waited, and commits for all of them. No
// goroutine stands between, because waking one costs a lone caller as much as
// a flush; the next leader is one of those that gathered meanwhile.
type sqlite struct {
	writer *sql.DB
	reader *sql.DB
	mover  *sql.DB       // for checkpoints
	conn   *session      // the one that writes
	baton  chan struct{} // holds one thing
	queue  chan *member  // those who wait
	left   []*member     // those of the last group for whom there was no room
	idle   chan *session // readers; nil is one not opened yet

	dirty   chan struct{} // something was committed since the last checkpoint
	stop    chan struct{} // closed to end
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

// errDidNotReturn stands for the result of a function that panicked or ended its
// goroutine.
var errDidNotReturn = errors.New("the function did not return")

const (
	waiting = iota
	running
	withdrawn
)

// openSQLite opens a file; without migrations it has all tables.
func openSQLite(ctx context.Context, path string, o Options) (*sqlite, error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, errors.New("it must be a file on disk")
	}
	// Made here, it is readable for this user only; its log takes its permissions over.
	how, writes := os.O_RDWR|os.O_CREATE, []string{"_txlock=immediate", "_pragma=journal_mode(WAL)"}
	if o.ReadOnly {
		how, writes = os.O_RDONLY, []string{"mode=ro", "_pragma=query_only(1)"}
	}
	f, err := os.OpenFile(path, how, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	s := &sqlite{
		baton: make(chan struct{}, 1),
		queue: make(chan *member, maxMembers),
		idle:  make(chan *session, readers),
		dirty: make(chan struct{}, 1),
		stop:  make(chan struct{}),
	}
	for _, pool := range []struct {
		to    **sql.DB
		conns int
		more  []string
	}{
		// Another process, such as a command, may be writing. Caches are in KiB.
		{&s.writer, 1, append(writes, "_pragma=busy_timeout(10000)", "_pragma=cache_size(-32768)")},
		{&s.reader, readers, []string{"mode=ro", "_pragma=query_only(1)", "_pragma=busy_timeout(10000)", "_pragma=cache_size(-1024)"}},
		// It waits for readers while the writer waits for it.
		{&s.mover, 1, []string{"_pragma=busy_timeout(5)"}},
	} {
		db, err := sql.Open("sqlite", source(path, o.Volatile, pool.more))
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(pool.conns)
		db.SetMaxIdleConns(pool.conns)
		*pool.to = db
	}
	if err := s.start(ctx, o); err != nil {
		return nil, errors.Join(err, s.reader.Close(), s.mover.Close(), s.writer.Close())
	}
	return s, nil
}

func (s *sqlite) start(ctx context.Context, o Options) error {
	if o.Migrations != nil {
		if err := migrate(ctx, s.writer, goose.DialectSQLite3, o.Migrations); err != nil {
			return err
		}
		if err := plan(ctx, s.writer); err != nil {
			return err
		}
	}
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return err
	}
	s.conn = newSession(conn, true)
	for range readers {
		s.idle <- nil
	}
	s.baton <- struct{}{}
	if !o.Volatile && !o.ReadOnly {
		s.workers.Go(s.checkpoint)
	}
	return nil
}

// source is the connection string. Everything that is set stands in it, because
// a PRAGMA run on a pool reaches one connection of it.
func source(path string, volatile bool, more []string) string {
	settings := append([]string{
		"_pragma=foreign_keys(1)",
		"_pragma=temp_store(MEMORY)",
		"_pragma=journal_size_limit(67108864)", // how long the log stays after a burst
		"_dqs=0",                               // "x" is a name on PostgreSQL, so it is here
	}, more...)
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
	leads, err := s.enter(ctx, m)
	switch {
	case err != nil:
		return err
	case leads:
		return s.lead(m, f)
	}
	if err := m.run(f); err != nil {
		return err
	}
	return <-m.done
}

// enter waits until the member may run: lent the connection, or leading.
func (s *sqlite) enter(ctx context.Context, m *member) (leads bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	select {
	case <-s.stop:
		return false, ErrClosed
	default:
	}
	select {
	case <-s.baton: // also when the queue is full of those who withdrew
		return true, nil
	case s.queue <- m:
	case <-ctx.Done():
		return false, ctx.Err()
	case <-s.stop:
		return false, ErrClosed
	}
	select {
	case err := <-m.turn:
		return false, err
	case <-s.baton:
		if m.state.CompareAndSwap(waiting, running) {
			return true, nil
		}
		s.pass() // it was refused at the same moment
		return false, <-m.turn
	case <-ctx.Done():
		err = ctx.Err()
	case <-s.stop:
		err = ErrClosed
	}
	if m.state.CompareAndSwap(waiting, withdrawn) {
		return false, err
	}
	return false, <-m.turn // it came at the same moment
}

func (s *sqlite) pass() { s.baton <- struct{}{} }

// run runs f on its caller's goroutine, so that a panic or the end of a test in
// f is the caller's, and nobody else's.
func (m *member) run(f func(*Tx) error) (err error) {
	err = errDidNotReturn
	defer func() {
		err = m.tx.finish(err)
		m.ran <- err
	}()
	err = f(m.tx)
	return err
}

// lead runs f, then those who wait, and commits. There is no timer: while one
// group is flushed, the next one gathers.
func (s *sqlite) lead(m *member, f func(*Tx) error) (err error) {
	defer s.pass()
	others := s.gather(m)
	t, err := s.begin()
	if err == nil && len(others) > 0 {
		err = t.mark()
	}
	if err != nil {
		t.lost = err
		t.commit()
		refuse(others, err)
		return err
	}
	t.alone = len(others) == 0
	err = errDidNotReturn
	defer func() { // however f ends, the others are served
		t.end(m)
		s.left = t.lend(others)
		t.commit()
		s.conn.trim()
		s.nudge()
		if err == nil {
			err = <-m.done
		}
	}()
	return m.run(f)
}

// gather takes those who wait, at most a group, without the leader if it is
// among them.
func (s *sqlite) gather(leader *member) (others []*member) {
	waiters := s.left
	s.left = nil
	for len(waiters) < maxMembers {
		select {
		case m := <-s.queue:
			waiters = append(waiters, m)
			continue
		default:
		}
		break
	}
	return slices.DeleteFunc(waiters, func(m *member) bool { return m == leader })
}

// refuse tells members that did not run why they will not.
func refuse(members []*member, err error) {
	for _, m := range members {
		if m.state.CompareAndSwap(waiting, running) {
			m.turn <- err
		}
	}
}

// A transaction is common to its members.
type transaction struct {
	conn  *session
	alone bool      // one member only, which needs no savepoint
	kept  []*member // those whose writes are in it
	rows  int64     // written by them
	lost  error     // why it cannot be committed any more
}

func (s *sqlite) begin() (*transaction, error) {
	t := &transaction{conn: s.conn}
	if err := t.conn.control("BEGIN IMMEDIATE"); err != nil {
		return t, fmt.Errorf("begin: %w", err)
	}
	return t, nil
}

// mark makes the savepoint to which the next member may be undone.
func (t *transaction) mark() error { return t.conn.control("SAVEPOINT member") }

// end waits for a member to have run and keeps what it wrote, or undoes it if
// it failed. When that cannot be done, the engine has ended the transaction.
func (t *transaction) end(m *member) {
	keep := <-m.ran == nil
	if keep {
		t.kept = append(t.kept, m)
		t.rows += m.tx.written
	}
	if t.alone {
		return // commit does it
	}
	if !keep {
		t.lost = t.conn.control("ROLLBACK TO SAVEPOINT member")
	}
	if t.lost == nil {
		t.lost = t.conn.control("RELEASE SAVEPOINT member")
	}
}

// lend lets the members run one after another, and returns those for whom there
// is no room.
func (t *transaction) lend(members []*member) (rest []*member) {
	for i, m := range members {
		if t.lost != nil || t.rows >= MaxRows {
			return members[i:]
		}
		if !m.state.CompareAndSwap(waiting, running) {
			continue
		}
		if t.lost = t.mark(); t.lost != nil {
			m.turn <- t.lost
			continue
		}
		m.turn <- nil
		t.end(m)
	}
	return nil
}

// commit answers the members whose writes are in the transaction.
func (t *transaction) commit() {
	err := t.lost
	if err == nil && len(t.kept) > 0 {
		err = t.conn.control("COMMIT")
	}
	if err != nil || len(t.kept) == 0 {
		_ = t.conn.control("ROLLBACK") // the engine may have done it already
	}
	if err != nil {
		err = fmt.Errorf("commit: %w", err)
	}
	for _, m := range t.kept {
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

// nudge tells the checkpoint that there is something to do.
func (s *sqlite) nudge() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
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

// moveLog moves as much as readers let it, and makes the next writer begin the
// log anew if it is long: a flush is half as dear where the file need not grow.
// An error costs disk space only; the next one does the work again.
func (s *sqlite) moveLog() {
	var busy, pages, moved int64
	passive := s.mover.QueryRow("PRAGMA wal_checkpoint(PASSIVE)")
	if passive.Scan(&busy, &pages, &moved) != nil || pages < longLog {
		return
	}
	select { // writers stand still for what they added meanwhile
	case <-s.baton:
		_, _ = s.mover.Exec("PRAGMA wal_checkpoint(RESTART)")
		s.pass()
	case <-s.stop:
	}
}

func (s *sqlite) close() error {
	s.once.Do(func() {
		close(s.stop)
		s.workers.Wait()
		<-s.baton           // wait for the group that runs
		for range readers { // wait for those that read
			if r := <-s.idle; r != nil {
				s.closed = errors.Join(s.closed, r.close())
			}
		}
		s.closed = errors.Join(s.closed, s.reader.Close(), s.mover.Close(), s.conn.close(), s.writer.Close())
	})
	return s.closed
}
