package mirror

import (
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/tenant"
)

// States of a target record.
const (
	Owed             = "owed"              // to be made
	WaitingAdoption  = "waiting_adoption"  // until the first full pull is done
	WaitingPoll      = "waiting_poll"      // until all that others created before it was owed has been read
	WaitingCandidate = "waiting_candidate" // until a person has decided who is who
	WaitingRecord    = "waiting_record"    // until another record is there
	Live             = "live"
	Gone             = "gone"    // deleted there by others
	Retired          = "retired" // another record stands for its subject
	Refused          = "refused" // a person must help
)

// maxWrites bounds the writes that are remembered for telling our echo.
const maxWrites = 4

// A target is what we last confirmed of one record of a target. It is promised.
type target struct {
	Type, Key string
	ID        string // the target's
	State     string
	Reason    string
	Owed      int64 // ms UTC
	Verified  int64 // when it was last read or made there, ms UTC; 0: never

	targetDoc
}

type targetDoc struct {
	Observed map[string]seen   `json:"o,omitempty"`
	Last     map[string]string `json:"l,omitempty"` // our values as last confirmed
	Pairs    map[string]pair   `json:"p,omitempty"` // what the target stores differently
	Held     map[string]held   `json:"h,omitempty"` // our values that other records have, by field
	Links    []string          `json:"a,omitempty"` // associations that were made
	Writes   []written         `json:"w,omitempty"`
	Existing string            `json:"e,omitempty"` // the record that a create collided with
	Collided string            `json:"c,omitempty"` // the field that it collided in
}

type seen struct {
	Value  string           `json:"v"`
	At     int64            `json:"t,omitempty"`
	Author plumbline.Author `json:"b,omitempty"`
}

// A pair is our value and what the target made of it.
type pair struct {
	Ours   string `json:"o"`
	Theirs string `json:"t"`
}

// A held is a value of ours that the target refuses because another record has it. It
// is not written again while that record says what it said then.
type held struct {
	Value string `json:"v"`
	By    string `json:"r"`           // the other record
	Says  string `json:"s,omitempty"` // what that record showed in the field
	Why   string `json:"w"`
}

// A written is what an attempt wrote. Until is 0 while its outcome is not known.
type written struct {
	Attempt string            `json:"i"`
	From    int64             `json:"f"`
	Until   int64             `json:"u,omitempty"`
	Fields  map[string]string `json:"v,omitempty"`
	Refused string            `json:"r,omitempty"` // how it was refused, if it was
}

// open returns the write of an attempt whose outcome is not known.
func (t *target) open(attempt string) *written {
	for i := range t.Writes {
		if w := &t.Writes[i]; w.Attempt == attempt && w.Until == 0 {
			return w
		}
	}
	return nil
}

// busy are the fields that were written at some time since an instant.
func (t *target) busy(since int64) map[string]bool {
	fields := map[string]bool{}
	for _, w := range t.Writes {
		if w.Until != 0 && w.Until <= since {
			continue
		}
		for name := range w.Fields {
			fields[name] = true
		}
	}
	return fields
}

// refuse notes how a write was refused, and says whether the same one was refused so
// before, without another in between that was not.
func (t *target) refuse(attempt, how string) (before bool) {
	i := slices.IndexFunc(t.Writes, func(w written) bool { return w.Attempt == attempt })
	if i < 0 {
		return false
	}
	t.Writes[i].Refused = how
	for _, w := range slices.Backward(t.Writes[:i]) {
		if w.Refused == "" {
			return false
		}
		if w.Refused == how && maps.Equal(w.Fields, t.Writes[i].Fields) {
			return true
		}
	}
	return false
}

// begin notes a write that is about to leave. Open ones never left: a row is taken
// up only when no attempt carries it.
func (t *target) begin(attempt string, fields map[string]string, now int64) {
	t.Writes = slices.DeleteFunc(t.Writes, func(w written) bool { return w.Until == 0 })
	if n := len(t.Writes); n >= maxWrites {
		t.Writes = slices.Delete(t.Writes, 0, n-maxWrites+1)
	}
	t.Writes = append(t.Writes, written{Attempt: attempt, From: now, Fields: fields})
}

// forget drops what was known of the record's content.
func (t *target) forget() {
	t.Observed, t.Last, t.Pairs, t.Links = nil, nil, nil, nil
}

// learn notes what an answer says of the fields that are not busy. What was believed
// before of a field that says something else now has changed; with fields of which
// nothing was known, or that are busy, the record has moved, too.
func (t *target) learn(o Observation, busy map[string]bool) (moved bool, changed map[string]seen) {
	changed = map[string]seen{}
	for name, f := range o.Fields {
		if busy[name] {
			moved = true
			continue
		}
		had, known := t.Observed[name]
		if known && had.Value != f.Value {
			changed[name] = had
		}
		moved = moved || !known || had.Value != f.Value
		now := seen{f.Value, msOf(f.At), f.Author}
		if had.Author == plumbline.ByUs && had.Value == f.Value && f.Author != plumbline.ByPerson {
			now.Author = plumbline.ByUs // the target does not know us by name
		}
		t.see(name, now)
	}
	return moved, changed
}

// see notes what the target says of a field.
func (t *target) see(field string, s seen) {
	if t.Observed == nil {
		t.Observed = map[string]seen{}
	}
	t.Observed[field] = s
}

// confirm notes what was written and how the target reads it back.
func (t *target) confirm(sent, values map[string]string, same func(field, a, b string) bool, now int64) {
	for f, v := range sent {
		theirs := v
		if r, ok := values[f]; ok {
			theirs = r
		}
		if !same(f, v, theirs) {
			if t.Pairs == nil {
				t.Pairs = map[string]pair{}
			}
			t.Pairs[f] = pair{v, theirs}
		} else {
			delete(t.Pairs, f)
		}
		t.see(f, seen{theirs, now, plumbline.ByUs})
		if t.Last == nil {
			t.Last = map[string]string{}
		}
		t.Last[f] = theirs
	}
}

func (t *target) wait(state, reason string) { t.State, t.Reason = state, reason }

func fieldNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func loadTargets(tx *db.Tx, c tenant.Connection, typ string, keys []string) (map[string]*target, error) {
	list, err := scanTargets(tx, selectTargets(tx), c.Location, c.Name, typ, db.JSON(keys))
	out := map[string]*target{}
	for _, t := range list {
		out[t.Key] = t
	}
	return out, err
}

func targetsByID(tx *db.Tx, c tenant.Connection, typ string, ids ...string) ([]*target, error) {
	return scanTargets(tx, selectTargetsByID(tx), c.Location, c.Name, typ, db.JSON(ids))
}

func scanTargets(tx *db.Tx, query string, args ...any) (list []*target, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var t target
		var doc string
		if err := rows.Scan(&t.Type, &t.Key, &t.ID, &t.State, &t.Reason, &t.Owed, &t.Verified, &doc); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(doc), &t.targetDoc); err != nil {
			return nil, err
		}
		list = append(list, &t)
	}
	return list, rows.Err()
}

func store(tx *db.Tx, c tenant.Connection, list ...*target) error {
	type row struct {
		Type   string `json:"t"`
		Key    string `json:"k"`
		ID     string `json:"v"`
		State  string `json:"s"`
		Reason string `json:"r"`
		Owed   int64  `json:"o"`
		At     int64  `json:"a"`
		Doc    string `json:"d"`
	}
	if len(list) == 0 {
		return nil
	}
	var rows []row
	at := map[[2]string]int{} // a record is named once in a set
	for _, t := range list {
		if t.ID != "" && t.Verified == 0 {
			t.Verified = tx.Now.UnixMilli() // it has just been made, or read
		}
		r := row{t.Type, t.Key, t.ID, t.State, t.Reason, t.Owed, t.Verified, db.JSON(t.targetDoc)}
		if i, twice := at[[2]string{t.Type, t.Key}]; twice {
			rows[i] = r
			continue
		}
		at[[2]string{t.Type, t.Key}] = len(rows)
		rows = append(rows, r)
	}
	_, err := tx.Exec(upsertTargets(tx), c.Location, c.Name, db.JSON(rows))
	return err
}

// A polled is how far a stream was read.
type polled struct {
	Next     string
	Through  int64
	Complete bool
	News     int64
}

func loadPoll(tx *db.Tx, c tenant.Connection, stream string) (p polled, err error) {
	var complete int
	err = tx.QueryRow(selectPoll, c.Location, c.Name, stream).Scan(&p.Next, &p.Through, &complete, &p.News)
	p.Complete = complete == 1
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return p, err
}

func storePoll(tx *db.Tx, c tenant.Connection, stream string, p polled) error {
	complete := 0
	if p.Complete {
		complete = 1
	}
	_, err := tx.Exec(upsertPoll, c.Location, c.Name, stream, p.Next, p.Through, complete, p.News)
	return err
}

// A pace is how a stream is polled: when the poll under way began, and how far what a
// poll has seen is behind its beginning. In ms.
type pace struct{ Begun, Lag int64 }

// paceOf names the row that keeps a stream's pace.
func paceOf(stream string) string { return "pace/" + stream }

func loadPace(tx *db.Tx, c tenant.Connection, stream string) (pace, error) {
	p, err := loadPoll(tx, c, paceOf(stream))
	return pace{Begun: p.Through, Lag: p.News}, err
}

func storePace(tx *db.Tx, c tenant.Connection, stream string, p pace) error {
	return storePoll(tx, c, paceOf(stream), polled{Through: p.Begun, News: p.Lag})
}

// schemaOf reads what a connection's target has told of its types, false if nothing yet.
// It is read with every record and changes seldom, so the same text is parsed once.
func (m *Mirror) schemaOf(tx *db.Tx, c tenant.Connection) (s connect.Schema, ok bool, err error) {
	var doc string
	err = tx.QueryRow(selectSchema, c.Location, c.Name).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	key := c.Location + "/" + c.Name
	if known, ok := m.described.Load(key); ok && known.(described).doc == doc {
		return known.(described).schema, true, nil
	}
	if err := json.Unmarshal([]byte(doc), &s); err != nil {
		return s, false, err
	}
	m.described.Store(key, described{doc, s})
	return s, true, nil
}

// A described is a target's description as it was stored and parsed; nobody changes it.
type described struct {
	doc    string
	schema connect.Schema
}
