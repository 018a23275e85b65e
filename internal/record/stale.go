package record

import (
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// Ranks in which what is stale is derived.
const (
	RankBase = iota // addresses, properties, technicians, people by themselves
	RankJob
	RankSums // people over all their jobs
)

// A Stale is a golden record that must be derived again.
type Stale struct {
	Rank  int
	ID    string
	Cause string // "delivery", else silent
}

// MarkStale notes golden records to be derived. Marking twice is marking once, and
// not silent if either is not.
func MarkStale(tx *db.Tx, location, cause string, rank int, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	ids = slices.Clone(ids)
	slices.Sort(ids)
	type row struct {
		ID string `json:"id"`
	}
	var rows []row
	for _, id := range slices.Compact(ids) {
		rows = append(rows, row{id})
	}
	_, err := tx.Exec(upsertStale(tx), location, rank, db.JSON(rows), cause, tx.Now.UnixMilli())
	return err
}

// TakeStale removes and returns up to limit marks of the lowest rank there is.
func TakeStale(tx *db.Tx, location string, limit int) (list []Stale, err error) {
	defer plumbline.Wrap(&err, "take what is stale")

	rows, err := tx.Query(selectStale, location, limit)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var s Stale
		if err := rows.Scan(&s.Rank, &s.ID, &s.Cause); err != nil {
			rows.Close()
			return nil, err
		}
		list = append(list, s)
	}
	rows.Close()
	if err := rows.Err(); err != nil || len(list) == 0 {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(s Stale) bool { return s.Rank != list[0].Rank })
	var ids []string
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	_, err = tx.Exec(deleteStale(tx), location, list[0].Rank, db.JSON(ids))
	return list, err
}

// AnyStale says whether anything of a location is stale.
func AnyStale(tx *db.Tx, location string) (bool, error) {
	var n int
	err := tx.QueryRow(countStale, location).Scan(&n)
	return n > 0, err
}

// A Recorded is the stages of a subject that hold, as last recorded: promised.
type Recorded struct {
	Subject string
	Doc     string // {"stage": reached in ms}
	N       int64  // transitions recorded so far
}

// LoadHistories returns what was last recorded of subjects.
func LoadHistories(tx *db.Tx, location string, subjects []string) (map[string]Recorded, error) {
	out := map[string]Recorded{}
	if len(subjects) == 0 {
		return out, nil
	}
	rows, err := tx.Query(selectHistories(tx), location, db.JSON(subjects))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Recorded
		if err := rows.Scan(&r.Subject, &r.Doc, &r.N); err != nil {
			return nil, err
		}
		out[r.Subject] = r
	}
	return out, rows.Err()
}

// A Move is one transition to be recorded: a stage reached, withdrawn or re-dated.
type Move struct {
	plumbline.Transition
	N        int64
	What     string // reached, withdrawn or re-dated
	Playbook string
	Silent   bool
}

// Record appends transitions and notes what holds now.
func Record(tx *db.Tx, location string, moves []Move, now []Recorded) (err error) {
	defer plumbline.Wrap(&err, "record transitions")

	var rows [][]any
	for _, m := range moves {
		silent := 0
		if m.Silent {
			silent = 1
		}
		rows = append(rows, []any{m.Subject, m.N, m.Kind, m.What, m.Stage, m.Happened.UnixMilli(), m.Known.UnixMilli(), tx.Now.UnixMilli(), m.Cause, m.Playbook, silent})
	}
	if err := tx.InsertWide(insertTransitions, "", location, rows); err != nil {
		return err
	}
	type hist struct {
		S string `json:"s"`
		D string `json:"d"`
		N int64  `json:"n"`
	}
	var hs []hist
	for _, r := range now {
		hs = append(hs, hist{r.Subject, r.Doc, r.N})
	}
	slices.SortFunc(hs, func(a, b hist) int { return strings.Compare(a.S, b.S) })
	if len(hs) > 0 {
		_, err = tx.Exec(upsertHistories(tx), location, db.JSON(hs))
	}
	return err
}

// Transitions returns all that was recorded of a subject, in order.
func Transitions(tx *db.Tx, location, subject string) (list []Move, recorded []int64, err error) {
	rows, err := tx.Query(selectTransitions, location, subject)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var m Move
		var happened, known, at int64
		var silent int
		if err := rows.Scan(&m.N, &m.Kind, &m.What, &m.Stage, &happened, &known, &at, &m.Cause, &m.Playbook, &silent); err != nil {
			return nil, nil, err
		}
		m.Subject, m.Happened, m.Known, m.Silent = plumbline.SourceID(subject), Time(happened), Time(known), silent == 1
		list, recorded = append(list, m), append(recorded, at)
	}
	return list, recorded, rows.Err()
}
