package db

import (
	"container/list"
	"context"
	"database/sql"
	"errors"
)

// maxStatements is how many prepared statements one connection keeps between
// transactions.
const maxStatements = 512

// A session is one connection with the statements prepared on it. The texts of
// a program repeat, and preparing costs more than running. It is used by one
// goroutine at a time.
type session struct {
	conn     *sql.Conn
	detached bool // statements are not interrupted by the caller's context
	prepared map[string]*list.Element
	recent   *list.List // of *statement, the last used first
}

type statement struct {
	text string
	stmt *sql.Stmt
}

// newSession takes over conn. For the one that writes, detached is true: a
// statement that is cut off takes the whole group's transaction with it, and
// watching a context costs a goroutine per statement.
func newSession(conn *sql.Conn, detached bool) *session {
	return &session{conn: conn, detached: detached, prepared: map[string]*list.Element{}, recent: list.New()}
}

func (s *session) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, ctx, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (s *session) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, ctx, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (s *session) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	stmt, ctx, err := s.prepare(ctx, query)
	if err != nil {
		return failedRow(err)
	}
	return stmt.QueryRowContext(ctx, args...)
}

func (s *session) prepare(ctx context.Context, query string) (*sql.Stmt, context.Context, error) {
	if s.detached {
		ctx = context.Background()
	}
	if e, ok := s.prepared[query]; ok {
		s.recent.MoveToFront(e)
		return e.Value.(*statement).stmt, ctx, nil
	}
	stmt, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	s.prepared[query] = s.recent.PushFront(&statement{query, stmt})
	return stmt, ctx, nil
}

// trim forgets the statements used longest ago. It is called between
// transactions, when no rows are open: closing a statement breaks its rows.
func (s *session) trim() {
	for s.recent.Len() > maxStatements {
		last := s.recent.Remove(s.recent.Back()).(*statement)
		delete(s.prepared, last.text)
		_ = last.stmt.Close() // at worst it stays until the connection closes
	}
}

// control runs a statement of the session itself, whatever became of the
// caller's context.
func (s *session) control(query string) error {
	_, err := s.ExecContext(context.Background(), query)
	return err
}

// close finalizes the statements before it lets go of the connection: one that is
// left keeps the engine's connection, with its files, open until the program ends.
func (s *session) close() (err error) {
	for e := s.recent.Front(); e != nil; e = e.Next() {
		err = errors.Join(err, e.Value.(*statement).stmt.Close())
	}
	return errors.Join(err, s.conn.Close())
}

// rest ends a transaction that only read, and returns s, or nil if it is of no
// further use.
func (s *session) rest() *session {
	if s.control("ROLLBACK") != nil {
		return s.abandon()
	}
	s.trim()
	return s
}

// abandon closes a connection that cannot be used, and returns nil, in place of
// which a new one is opened.
func (s *session) abandon() *session {
	_ = s.close() // it is broken already
	return nil
}
