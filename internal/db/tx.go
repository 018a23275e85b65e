package db

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"plumbline.dev/plumbline"
)

// ErrText is the error for text that PostgreSQL could not hold: with a NUL
// character or not UTF-8. It is refused on both engines.
var ErrText = errors.New("text with a NUL character or invalid UTF-8 cannot be stored")

// ErrAborted is the error of a statement, or of the transaction, after an
// earlier statement of it failed.
var ErrAborted = errors.New("an earlier statement of the transaction failed")

// A Tx is a running transaction. It is used by the one goroutine that runs the
// function it was given to, but for Beside, and not after that function has returned.
type Tx struct {
	// Now is the instant at which everything in the transaction happens.
	Now time.Time

	ctx      context.Context // of Do or View
	engine   Engine
	run      runner
	readOnly bool
	depth    int           // of savepoints
	failed   error         // the statement that ended the transaction
	over     bool          // the function has returned
	many     []*Rows       // closed at the end, if the caller forgot
	single   []*Row        // likewise
	written  int64         // rows
	turn     chan struct{} // of Beside: who has taken it may ask the engine; nil without
	reading  bool          // rows of a query still have the turn
}

// Rows are the rows of a query, as of database/sql. They keep the turn of Beside until
// they are read or closed.
type Rows struct {
	*sql.Rows
	read func()
}

// Next moves to the next row.
func (r *Rows) Next() bool {
	ok := r.Rows.Next()
	if !ok {
		r.read()
	}
	return ok
}

// Close lets go of rows that were not read.
func (r *Rows) Close() error {
	defer r.read()
	return r.Rows.Close()
}

// A Row is at most one row, as of database/sql. It keeps the turn likewise.
type Row struct {
	*sql.Row
	read func()
}

// Scan reads the row, or returns sql.ErrNoRows.
func (r *Row) Scan(to ...any) error {
	defer r.read()
	return r.Row.Scan(to...)
}

// enter waits until a statement may run, and says why it may not.
func (tx *Tx) enter(query string, args []any) error {
	if tx.reading {
		return tx.fail(errors.New("the rows of the statement before are neither read nor closed"))
	}
	if tx.turn != nil {
		<-tx.turn
	}
	err := tx.ready(query, args)
	if err != nil {
		tx.leave()
	}
	return err
}

// leave lets another statement run.
func (tx *Tx) leave() {
	if tx.turn != nil {
		tx.turn <- struct{}{}
	}
}

// keep keeps the turn until what it returns is called, once or more often.
func (tx *Tx) keep() (read func()) {
	if tx.turn == nil {
		return func() {}
	}
	tx.reading = true
	return sync.OnceFunc(func() { tx.reading = false; tx.leave() })
}

// Beside runs functions at once in the transaction, each with a Tx of its own, and
// returns when all have, with the error of the first of them that failed. While one waits
// for the engine the others work: their statements take turns, in an order that depends
// on chance, so that none of them may read what another writes. They have no savepoints,
// and nothing beside them.
func (tx *Tx) Beside(list ...func(*Tx) error) error {
	if tx.turn != nil {
		return errors.New("what runs beside others runs nothing beside itself")
	}
	turn := make(chan struct{}, 1)
	turn <- struct{}{}
	parts := make([]*Tx, len(list))
	for i := range parts {
		parts[i] = &Tx{Now: tx.Now, ctx: tx.ctx, engine: tx.engine, run: tx.run, readOnly: tx.readOnly, failed: tx.failed, turn: turn}
	}
	err := plumbline.EachErr(len(list), func(i int) (err error) {
		defer func() { err = parts[i].finish(err) }() // also when it panics: the others wait for its rows
		return list[i](parts[i])
	})
	for _, part := range parts {
		tx.written += part.written
		if tx.failed == nil {
			tx.failed = part.failed
		}
	}
	return err
}

// A runner runs statements: a *sql.Tx, or a SQLite connection with its
// prepared statements.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Exec runs a statement and returns the number of rows it changed.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if err := tx.enter(query, args); err != nil {
		return 0, err
	}
	defer tx.leave()
	result, err := tx.run.ExecContext(tx.ctx, query, args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, tx.fail(err)
	}
	tx.written += n
	return n, nil
}

// Written says how many rows the transaction has written so far.
func (tx *Tx) Written() int64 { return tx.written }

// widest is how many rows of InsertWide go in one statement.
const widest = 16

// InsertWide inserts rows whose values go in as they are, not as a JSON list (see Set),
// in which large documents would be quoted and parsed again. The text is that of an
// INSERT around its VALUES: before them the table and its columns, after them what is
// to be done with a row that is there. first is the first value of every row.
func (tx *Tx) InsertWide(before, after string, first any, rows [][]any) error {
	for len(rows) > 0 {
		n := widest
		for n > len(rows) { // few texts, each prepared once
			n /= 2
		}
		args := append(make([]any, 0, 1+n*len(rows[0])), first)
		text := append(make([]byte, 0, len(before)+len(after)+n*8*len(rows[0])), before...)
		text = append(text, " VALUES "...)
		for i, row := range rows[:n] {
			text = append(text, comma(i)+"($1"...)
			for _, v := range row {
				args = append(args, v)
				text = strconv.AppendInt(append(text, ", $"...), int64(len(args)), 10)
			}
			text = append(text, ')')
		}
		if _, err := tx.Exec(string(append(append(text, ' '), after...)), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// Query runs a statement that returns rows. Read them all, or close them,
// before the next statement.
func (tx *Tx) Query(query string, args ...any) (*Rows, error) {
	if err := tx.enter(query, args); err != nil {
		return nil, err
	}
	rows, err := tx.run.QueryContext(tx.ctx, query, args...)
	if err != nil {
		tx.leave()
		return nil, tx.fail(err)
	}
	r := &Rows{rows, tx.keep()}
	tx.many = append(tx.many, r)
	return r, nil
}

// Texts runs a statement that returns rows of one text each.
func (tx *Tx) Texts(query string, args ...any) (list []string, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// QueryRow runs a statement that returns at most one row, which must be
// scanned before the next statement. Without a row Scan returns sql.ErrNoRows,
// and the transaction goes on.
func (tx *Tx) QueryRow(query string, args ...any) *Row {
	if err := tx.enter(query, args); err != nil {
		return &Row{failedRow(err), func() {}}
	}
	row := &Row{tx.run.QueryRowContext(tx.ctx, query, args...), tx.keep()}
	if err := row.Err(); err != nil {
		_ = tx.fail(err)
	}
	tx.single = append(tx.single, row)
	return row
}

// Savepoint runs f and undoes its writes if it fails; the transaction goes on
// either way. Savepoints may be nested.
func (tx *Tx) Savepoint(f func() error) error {
	if tx.turn != nil {
		return errors.New("a savepoint would take in what others write beside it")
	}
	if err := tx.ready("", nil); err != nil {
		return err
	}
	tx.depth++
	name := "s" + strconv.Itoa(tx.depth)
	defer func() { tx.depth-- }()
	if err := tx.control("SAVEPOINT " + name); err != nil {
		return tx.fail(err)
	}
	kept := false
	defer func() { // also when f panics, for a caller that recovers
		if !kept {
			tx.undo(name)
		}
	}()
	if err := f(); err != nil {
		return err
	}
	if tx.failed != nil {
		return fmt.Errorf("%w: %w", ErrAborted, tx.failed)
	}
	if err := tx.control("RELEASE SAVEPOINT " + name); err != nil {
		return tx.fail(err)
	}
	kept = true
	return nil
}

// Usable says whether the transaction may go on: no statement has failed outside of a
// savepoint that was undone.
func (tx *Tx) Usable() bool { return tx.failed == nil && !tx.over && tx.ctx.Err() == nil }

// undo takes back everything since the savepoint. If that fails, as it does
// when the engine has ended the whole transaction, the transaction is over.
func (tx *Tx) undo(name string) {
	tx.closeRows()
	err := tx.control("ROLLBACK TO SAVEPOINT " + name)
	if err == nil {
		err = tx.control("RELEASE SAVEPOINT " + name)
	}
	if err == nil {
		tx.failed = nil
		return
	}
	_ = tx.fail(err)
}

func (tx *Tx) control(query string) error {
	_, err := tx.run.ExecContext(tx.ctx, query)
	return err
}

// SkipLocked ends a SELECT that passes over rows another transaction holds, and
// locks the others: " FOR UPDATE SKIP LOCKED" on PostgreSQL. It is empty on
// SQLite, where no other transaction writes, and in a View.
func (tx *Tx) SkipLocked() string {
	if tx.engine != PostgreSQL || tx.readOnly {
		return ""
	}
	return " FOR UPDATE SKIP LOCKED"
}

// ForUpdate ends a SELECT that locks its rows, waiting for those another
// transaction holds: " FOR UPDATE" on PostgreSQL. It is empty on SQLite and in
// a View. A row that does not exist is not locked: insert first.
func (tx *Tx) ForUpdate() string {
	if tx.engine != PostgreSQL || tx.readOnly {
		return ""
	}
	return " FOR UPDATE"
}

// Set reads argument $n, a JSON array of objects (see JSON), as rows: it stands
// after FROM and needs an alias. Each column is a key and its type, text or
// bigint, as in "FROM " + tx.Set(1, "id text", "at bigint") + " AS s". A key
// that is absent or null gives NULL. A bigint may be a JSON number or a string
// of digits and is exact. A text value is a JSON string; a document goes in as
// a string that holds its JSON. Columns and types come from the program, never
// from input.
func (tx *Tx) Set(n int, columns ...string) string {
	arg := "$" + strconv.Itoa(n)
	var b strings.Builder
	if tx.engine == PostgreSQL {
		b.WriteString("(SELECT * FROM json_to_recordset(" + arg + "::json) AS r(")
		for i, c := range columns {
			name, kind, _ := strings.Cut(c, " ")
			if kind == "text" {
				kind = `text COLLATE "C"`
			}
			b.WriteString(comma(i) + `"` + name + `" ` + kind)
		}
		b.WriteString("))")
		return b.String()
	}
	b.WriteString("(SELECT ")
	for i, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		if kind == "bigint" {
			kind = "INTEGER"
		}
		b.WriteString(comma(i) + "CAST(value ->> '" + name + "' AS " + kind + `) AS "` + name + `"`)
	}
	b.WriteString(" FROM jsonb_each(" + arg + "))") // two thirds of the time of json_each
	return b.String()
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// In stands after IN: membership of argument $n, a JSON array of strings (see
// JSON), as in "WHERE id IN " + tx.In(2).
func (tx *Tx) In(n int) string {
	arg := "$" + strconv.Itoa(n)
	if tx.engine == PostgreSQL {
		return "(SELECT json_array_elements_text(" + arg + "::json))"
	}
	return "(SELECT value FROM json_each(" + arg + "))"
}

// JSON makes an argument for Set and In. A nil slice is an empty list. It
// panics if v cannot be marshalled, which is a mistake in the program.
func JSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("db: marshal an argument: %v", err))
	}
	if s := strings.TrimSuffix(b.String(), "\n"); s != "null" {
		return s
	}
	return "[]"
}

// ready says why a statement may not run.
func (tx *Tx) ready(query string, args []any) error {
	if tx.over {
		return errors.New("the transaction is over")
	}
	if tx.failed != nil {
		return fmt.Errorf("%w: %w", ErrAborted, tx.failed)
	}
	if err := tx.ctx.Err(); err != nil {
		return tx.fail(err)
	}
	for i, a := range args {
		if !storable(query, i+1, a) {
			return tx.fail(fmt.Errorf("argument $%d: %w", i+1, ErrText))
		}
	}
	return nil
}

// fail ends the transaction. PostgreSQL does so after any error; doing it on
// SQLite too shows the mistake of going on where it is quickest to see.
func (tx *Tx) fail(err error) error {
	tx.failed = err
	return err
}

// finish ends the use of the transaction after its function returned err. It
// returns why not to commit.
func (tx *Tx) finish(err error) error {
	tx.closeRows()
	tx.over = true
	if err == nil && tx.failed != nil {
		return fmt.Errorf("%w: %w", ErrAborted, tx.failed)
	}
	return err
}

func (tx *Tx) closeRows() {
	for _, rows := range tx.many {
		_ = rows.Close() // the error, if any, was the reader's to see
	}
	for _, row := range tx.single {
		_ = row.Scan() // closes it; one that was scanned is closed already
	}
	tx.many, tx.single = nil, nil
}

// storable says whether both engines can hold argument $n of the query.
func storable(query string, n int, arg any) bool {
	s, ok := arg.(string)
	if !ok {
		switch arg.(type) {
		case nil, int, int64, bool, []byte, float64, driver.Valuer:
			return true
		}
		v := reflect.ValueOf(arg)
		if v.Kind() != reflect.String {
			return true
		}
		s = v.String()
	}
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return false
	}
	return !escapesNUL(s) || !readAsJSON(query, n)
}

// escapesNUL finds \u0000 as an escape, not as the characters of one.
func escapesNUL(s string) bool {
	for from := 0; ; {
		i := strings.Index(s[from:], `\u0000`)
		if i < 0 {
			return false
		}
		i += from
		slashes := 0
		for i-slashes > 0 && s[i-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return true
		}
		from = i + 1
	}
}

// readAsJSON says whether the query takes argument $n apart by Set or In.
func readAsJSON(query string, n int) bool {
	arg := "$" + strconv.Itoa(n)
	for _, use := range []string{"jsonb_each(" + arg + ")", "json_each(" + arg + ")", "(" + arg + "::json)"} {
		if strings.Contains(query, use) {
			return true
		}
	}
	return false
}

// failedRow is a row whose Scan returns err; only database/sql can make one.
func failedRow(err error) *sql.Row {
	d := sql.OpenDB(refusal{err})
	defer d.Close()
	return d.QueryRow("")
}

type refusal struct{ err error }

func (r refusal) Connect(context.Context) (driver.Conn, error) { return nil, r.err }
func (r refusal) Driver() driver.Driver                        { return nil }
