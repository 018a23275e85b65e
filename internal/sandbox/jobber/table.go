package jobber

import (
	"fmt"
	"slices"
	"time"
)

// stamp is when a row was made, last changed and taken away.
type stamp struct {
	Created, Updated, Deleted time.Time

	before  time.Time // what lists take for Updated
	settles time.Time // until this
}

func (s *stamp) stamped() *stamp { return s }

// stamped is a pointer to a row of a table.
type stamped[T any] interface {
	*T
	stamped() *stamp
}

// create stamps a new row, touch one that changed.
func (s *Sandbox) create(t *stamp) {
	s.touch(t)
	t.Created = t.Updated
}

func (s *Sandbox) touch(t *stamp) {
	f := s.opts.Faults
	t.before, t.settles = s.listed(t), time.Time{}
	t.Updated = s.now()
	if d := t.Updated.Sub(s.lastWritten); d > 0 && d < time.Minute && s.chance(f.SameTime) {
		t.Updated = s.lastWritten
	}
	s.lastWritten = t.Updated
	if s.chance(f.LateCommit) {
		t.settles = s.opts.Now().Add(s.between(2*time.Second, time.Minute))
	}
}

// listed is the Updated by which lists sort and filter: the index that they
// read lags behind a late commit. Zero is a row that they do not have yet.
func (s *Sandbox) listed(t *stamp) time.Time {
	if s.opts.Now().Before(t.settles) {
		return t.before
	}
	return t.Updated
}

// table keeps rows in the order in which they were made, deleted ones too.
type table[T any] struct {
	rows []*T
	byID map[string]*T
}

func (t *table[T]) add(id string, row *T) {
	if t.byID == nil {
		t.byID = map[string]*T{}
	}
	t.rows = append(t.rows, row)
	t.byID[id] = row
}

// find returns the row with an id, or an error that names the kind.
func find[T any, P stamped[T]](t *table[T], kind, id string) (P, error) {
	row := P(t.byID[id])
	switch {
	case row == nil:
		return nil, fmt.Errorf("find %s %q: no such %s", kind, id, kind)
	case !row.stamped().Deleted.IsZero():
		return nil, fmt.Errorf("find %s %q: it is deleted", kind, id)
	}
	return row, nil
}

// alive are the rows that are not deleted and that keep, if not nil, keeps.
func alive[T any, P stamped[T]](t *table[T], keep func(P) bool) (rows []P) {
	for _, row := range t.rows {
		if p := P(row); p.stamped().Deleted.IsZero() && (keep == nil || keep(p)) {
			rows = append(rows, p)
		}
	}
	return rows
}

// left are those of some rows that are not deleted.
func left[T any, P stamped[T]](of []P) (rows []P) {
	for _, row := range of {
		if row.stamped().Deleted.IsZero() {
			rows = append(rows, row)
		}
	}
	return rows
}

// all copies every row, for the reading side.
func all[T any](s *Sandbox, t *table[T], clone func(T) T) []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]T, len(t.rows))
	for i, row := range t.rows {
		out[i] = clone(*row)
	}
	return out
}

// change finds a row, lets f change it, stamps it and sends its topics.
func change[T any, P stamped[T]](s *Sandbox, t *table[T], doing, kind, id string, f func(P) ([]string, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := changeRow(s, t, doing, kind, id, f)
	return err
}

// changeRow is change under the lock; it returns the row.
func changeRow[T any, P stamped[T]](s *Sandbox, t *table[T], doing, kind, id string, f func(P) ([]string, error)) (P, error) {
	row, err := find[T, P](t, kind, id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	topics, err := f(row)
	if err != nil {
		return nil, fmt.Errorf("%s %s %s: %w", doing, kind, id, err)
	}
	s.touch(row.stamped())
	for _, topic := range topics {
		s.emit(topic, id)
	}
	return row, nil
}

// update is the topics of a change that has no topic of its own, or has one:
// that one does not replace the update (a choice; the vendor does not say).
func update(kind string, special ...string) []string {
	return append(slices.Clone(special), kind+"_UPDATE")
}
