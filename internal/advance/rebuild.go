package advance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/record"
)

// Bounds of one transaction of a rebuild: deliveries read, rows cleared.
const (
	pageOfDeliveries = 64
	pageOfRows       = 1000
)

// A Deriver is a Follower that also keeps Derived rows: they are derived again in a
// rebuild, in which nothing follows.
type Deriver interface {
	Derive(tx *db.Tx, b *Batch) error
}

// derivedTables are the tables that follow from Kept alone: name(key) other columns.
var derivedTables = []string{
	"source_record(id) kind, connection, external, about, golden_id, doc",
	"ref(from_id, name, to_id) from_kind",
	"golden_record(id) kind, doc, why",
	"role(job_id, name, person_id)",
	"match_key(name, record_id) kind",
	"decided_link(a, b) same, decision",
	"ask(a, b) evidence",
	"withdrawn(connection) decision",
}

// A table is one whose rows are compared, or cleared.
type table struct {
	name    string
	key     []string // text columns that name a row within its location
	columns []string // the others
}

// parseTable reads "name(key, key) column, column".
func parseTable(s string) (t table, err error) {
	name, rest, ok := strings.Cut(s, "(")
	key, columns, closed := strings.Cut(rest, ")")
	t = table{strings.TrimSpace(name), names(key), names(columns)}
	if !ok || !closed || t.name == "" || len(t.key) == 0 {
		return t, plumbline.Invalidf("write name(key, key) column, column", "%q describes no table", s)
	}
	return t, nil
}

func names(list string) (out []string) {
	for n := range strings.SplitSeq(list, ",") {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, n)
		}
	}
	return out
}

// Where a rebuild stands.
const (
	clearing    = "clear"
	deriving    = "derive"
	settling    = "settle"
	remembering = "remember"
)

type progress struct{ phase, connection, name string }

// Rebuild derives a location again from what was kept, in short transactions, while
// Step leaves the location alone. Nobody is told of what comes out differently: it is
// recorded as silent, and no Follower runs before the next Step, which takes up the
// jobs that came out differently. Cut off anywhere, it goes on from there when it is
// called again. Between its transactions records are missing.
func (a *Advance) Rebuild(ctx context.Context, now time.Time, location string) (err error) {
	defer plumbline.Wrap(&err, "rebuild location %s", location)

	if err := a.begin(ctx, now, location); err != nil {
		return err
	}
	for {
		var batch []Decoded
		var at progress
		err := a.DB.View(ctx, now, func(tx *db.Tx) (err error) {
			var running bool
			if at, running, err = progressOf(tx, location); err != nil || !running || at.phase != deriving {
				return err
			}
			batch, err = a.kept(tx, location, at)
			return err
		})
		if err != nil || at.phase == "" {
			return err
		}
		err = a.DB.Do(ctx, now, func(tx *db.Tx) error {
			if err := tx.Lane(location, "advance"); err != nil {
				return err
			}
			is, running, err := progressOf(tx, location)
			if err != nil || !running || is != at {
				return err // another node rebuilds it, too, and was faster
			}
			return a.rebuildSome(tx, location, at, batch)
		})
		if err != nil {
			return err
		}
	}
}

// begin waits until everything that is known has been heard by those who follow,
// since what is derived after that is silent.
func (a *Advance) begin(ctx context.Context, now time.Time, location string) error {
	for {
		ready := false
		err := a.DB.Do(ctx, now, func(tx *db.Tx) error {
			if err := tx.Lane(location, "advance"); err != nil {
				return err
			}
			if _, running, err := progressOf(tx, location); err != nil || running {
				ready = running
				return err
			}
			stale, err := record.AnyStale(tx, location)
			if err != nil || stale {
				return err
			}
			ready = true
			return putProgress(tx, location, progress{phase: clearing})
		})
		if err != nil || ready {
			return err
		}
		if _, _, err := a.Step(ctx, now, location); err != nil {
			return err
		}
	}
}

// rebuildSome is one transaction of a rebuild.
func (a *Advance) rebuildSome(tx *db.Tx, location string, at progress, batch []Decoded) error {
	switch at.phase {
	case clearing:
		tables, _, err := a.tables()
		if err != nil {
			return err
		}
		for _, t := range tables {
			if n, err := tx.Exec(deletePage(t), location, pageOfRows); err != nil || n > 0 {
				return err
			}
		}
		return putProgress(tx, location, progress{phase: deriving})
	case deriving:
		if len(batch) == 0 {
			return putProgress(tx, location, progress{phase: settling})
		}
		last := batch[len(batch)-1].Delivery
		if _, err := a.again(tx, location, batch); err != nil {
			return err
		}
		return putProgress(tx, location, progress{deriving, last.Connection, last.Key})
	case settling:
		if n, err := a.again(tx, location, nil); err != nil || n > 0 {
			return err
		}
		return putProgress(tx, location, progress{phase: remembering})
	}
	return a.rememberSome(tx, location, at)
}

// rememberSome records, silently, in what the histories of some jobs have come out
// differently from what was recorded of them.
func (a *Advance) rememberSome(tx *db.Tx, location string, at progress) error {
	jobs, err := JobsAfter(tx, location, at.name, pageOfDeliveries)
	if err != nil {
		return err
	}
	if len(jobs) == 0 {
		_, err := tx.Exec(deleteProgress, location)
		return err
	}
	w, err := a.silentWork(tx, location)
	if err != nil {
		return err
	}
	b := &Batch{Location: location, Playbook: w.playbook, Open: w.open}
	ids := map[string]string{}
	for _, id := range jobs {
		ids[id] = "rebuild"
	}
	if err := w.deriveJobs(b, ids); err != nil {
		return err
	}
	if err := w.remember(b); err != nil {
		return err
	}
	var changed []string
	for _, j := range b.Jobs {
		if len(j.Moves) > 0 {
			changed = append(changed, string(j.ID))
		}
	}
	// Clocks and what else follows from a job are set by the step that comes after.
	if err := record.MarkStale(tx, location, "rebuild", record.RankJob, changed); err != nil {
		return err
	}
	return putProgress(tx, location, progress{phase: remembering, name: jobs[len(jobs)-1]})
}

func (a *Advance) silentWork(tx *db.Tx, location string) (*work, error) {
	pb, open, err := a.Policy(location)
	return &work{tx: tx, location: location, playbook: pb, open: open, most: maxDerived / 4}, err
}

// again derives from deliveries that were applied before, and some of what is stale.
// Nothing is recorded, nothing follows. It returns how much there was to do.
func (a *Advance) again(tx *db.Tx, location string, batch []Decoded) (int, error) {
	w, err := a.silentWork(tx, location)
	if err != nil {
		return 0, err
	}
	if _, err := w.hear(batch); err != nil {
		return 0, err
	}
	b, err := w.derive()
	if err != nil {
		return 0, err
	}
	for _, f := range a.Followers {
		if d, ok := f.(Deriver); ok {
			if err := d.Derive(tx, b); err != nil {
				return 0, err
			}
		}
	}
	return len(batch) + w.derived, nil
}

// kept reads and decodes a page of deliveries, after the one at which at stands. Of
// those that do not count it keeps the name alone, so that the page's end is known.
func (a *Advance) kept(tx *db.Tx, location string, at progress) (batch []Decoded, err error) {
	list, err := inbox.All(tx, location, at.connection, at.name, pageOfDeliveries)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		_, state, reason, err := inbox.Get(tx, location, d.Connection, d.Key)
		if err != nil {
			return nil, err
		}
		if !counts(state, reason) {
			batch = append(batch, Decoded{Delivery: d, Err: errPassedOver})
			continue
		}
		batch = append(batch, a.decode(d))
	}
	return batch, nil
}

var errPassedOver = fmt.Errorf("not applied")

// counts says whether a delivery has a part in what is derived. One that was ignored
// is read again, since a later build may have a use for it; not so one that a
// person skipped or replaced by another.
func counts(state plumbline.State, reason string) bool {
	return state == plumbline.Applied ||
		state == plumbline.Ignored && !strings.HasPrefix(reason, "skipped") && !strings.HasPrefix(reason, "replaced")
}

// JobsAfter lists golden jobs in the order of their ids.
func JobsAfter(tx *db.Tx, location, after string, limit int) (ids []string, err error) {
	rows, err := tx.Query(selectJobsAfter, location, after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// rebuilding says whether a location is being derived from the beginning.
func rebuilding(tx *db.Tx, location string) (bool, error) {
	_, running, err := progressOf(tx, location)
	return running, err
}

func progressOf(tx *db.Tx, location string) (at progress, running bool, err error) {
	rows, err := tx.Query(selectProgress, location)
	if err != nil {
		return at, false, err
	}
	defer rows.Close()
	if rows.Next() {
		running, err = true, rows.Scan(&at.phase, &at.connection, &at.name)
	}
	if err == nil {
		err = rows.Err()
	}
	return at, running, err
}

func putProgress(tx *db.Tx, location string, at progress) error {
	_, err := tx.Exec(upsertProgress, location, at.phase, at.connection, at.name)
	return err
}

const (
	selectProgress = `SELECT phase, connection, name FROM rebuild WHERE location_id = $1`
	upsertProgress = `INSERT INTO rebuild (location_id, phase, connection, name) VALUES ($1, $2, $3, $4)
		ON CONFLICT (location_id) DO UPDATE SET phase = excluded.phase, connection = excluded.connection, name = excluded.name`
	deleteProgress = `DELETE FROM rebuild WHERE location_id = $1`

	selectJobsAfter = `SELECT id FROM golden_record WHERE location_id = $1 AND id > $2 AND kind = 'job' ORDER BY id LIMIT $3`
)

func deletePage(t table) string {
	key := strings.Join(t.key, ", ")
	return `DELETE FROM ` + t.name + ` WHERE location_id = $1 AND (` + key + `) IN (
		SELECT ` + key + ` FROM ` + t.name + ` WHERE location_id = $1 ORDER BY ` + key + ` LIMIT $2)`
}

// selectPage reads the rows of a table in the order of their keys, after one.
func selectPage(t table) string {
	key := strings.Join(t.key, ", ")
	after := make([]string, len(t.key))
	for i := range t.key {
		after[i] = fmt.Sprintf("$%d", i+2)
	}
	return fmt.Sprintf(`SELECT %s FROM %s WHERE location_id = $1 AND (%s) > (%s) ORDER BY %s LIMIT $%d`,
		strings.Join(append(append([]string{}, t.key...), t.columns...), ", "), t.name, key, strings.Join(after, ", "), key, len(t.key)+2)
}
