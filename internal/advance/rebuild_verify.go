package advance

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/record"
)

// maxFound bounds the differences that are told.
const maxFound = 20

// promisedTables are those whose subject must be found among what is derived.
var promisedTables = []string{"history(subject)", "transition(subject)"}

// Verify derives a location again, from what was kept, into an empty scratch
// database, and compares: it returns a sentence for each of the first differences,
// none if all is well. Order puts each page of deliveries into another order; nil
// leaves it. They are derived in batches of several sizes. Verify also looks whether
// what was promised still finds its subject. It asks for a location at rest: if one is
// not, or deliveries are applied meanwhile, that is an error of kind Conflict.
func (a *Advance) Verify(ctx context.Context, now time.Time, location string, scratch *db.DB, order func([]plumbline.Delivery)) (found []string, err error) {
	defer plumbline.Wrap(&err, "verify location %s", location)

	tables, promised, err := a.tables()
	if err != nil {
		return nil, err
	}
	before, err := a.atRest(ctx, now, location)
	if err != nil {
		return nil, err
	}
	if err := a.deriveInto(ctx, now, location, scratch, order); err != nil {
		return nil, err
	}
	for _, t := range tables {
		more, err := compareTables(ctx, now, location, t, a.DB, scratch, maxFound-len(found))
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	lost, err := lostSubjects(ctx, now, location, a.DB, promised, maxFound-len(found))
	if err != nil {
		return nil, err
	}
	after, err := a.atRest(ctx, now, location)
	if err == nil && after != before {
		err = busy("deliveries were applied while it was verified")
	}
	return append(found, lost...), err
}

func busy(what string) error {
	return &plumbline.Error{Kind: plumbline.Conflict, Msg: what, Hint: "verify again when it has caught up, or verify a copy"}
}

func (a *Advance) tables() (derived, promised []table, err error) {
	for _, s := range append(slices.Clone(derivedTables), a.Derived...) {
		t, err := parseTable(s)
		if err != nil {
			return nil, nil, err
		}
		derived = append(derived, t)
	}
	for _, s := range append(slices.Clone(promisedTables), a.Promised...) {
		t, err := parseTable(s)
		if err != nil {
			return nil, nil, err
		}
		promised = append(promised, t)
	}
	return derived, promised, nil
}

// atRest counts the deliveries that have been applied or ignored, and refuses a
// location of which something is still stale.
func (a *Advance) atRest(ctx context.Context, now time.Time, location string) (n int64, err error) {
	err = a.DB.View(ctx, now, func(tx *db.Tx) error {
		if running, err := rebuilding(tx, location); err != nil || running {
			return cmp.Or(err, busy("it is being rebuilt"))
		}
		if stale, err := record.AnyStale(tx, location); err != nil || stale {
			return cmp.Or(err, busy("something is still to be derived"))
		}
		lines, err := inbox.Tally(tx, location, time.UnixMilli(0), now.AddDate(1, 0, 0))
		n = 0
		for _, l := range lines {
			n += l.Applied + l.Ignored - l.Duplicates
		}
		return err
	})
	return n, err
}

// deriveInto derives from what one database has kept into another.
func (a *Advance) deriveInto(ctx context.Context, now time.Time, location string, scratch *db.DB, order func([]plumbline.Delivery)) error {
	var at progress
	for size := 1; ; {
		var page []Decoded
		err := a.DB.View(ctx, now, func(tx *db.Tx) (err error) {
			page, err = a.kept(tx, location, at)
			return err
		})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return a.settleInto(ctx, now, location, scratch)
		}
		last := page[len(page)-1].Delivery
		at.connection, at.name = last.Connection, last.Key
		page = ordered(page, order)
		for len(page) > 0 {
			n := min(size, len(page))
			err := scratch.Do(ctx, now, func(tx *db.Tx) error {
				_, err := a.again(tx, location, page[:n])
				return err
			})
			if err != nil {
				return err
			}
			page, size = page[n:], size*2%31
		}
	}
}

func (a *Advance) settleInto(ctx context.Context, now time.Time, location string, scratch *db.DB) error {
	for {
		var n int
		err := scratch.Do(ctx, now, func(tx *db.Tx) (err error) {
			n, err = a.again(tx, location, nil)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

func ordered(page []Decoded, order func([]plumbline.Delivery)) []Decoded {
	if order == nil {
		return page
	}
	list := make([]plumbline.Delivery, len(page))
	of := map[[2]string]Decoded{}
	for i, d := range page {
		list[i] = d.Delivery
		of[[2]string{d.Delivery.Connection, d.Delivery.Key}] = d
	}
	order(list)
	out := make([]Decoded, len(list))
	for i, d := range list {
		out[i] = of[[2]string{d.Connection, d.Key}]
	}
	return out
}

// A reader walks through the rows of a table in the order of their keys.
type reader struct {
	d        *db.DB
	location string
	t        table
	rows     [][]string
	over     bool
	last     []string
}

func (r *reader) head(ctx context.Context, now time.Time) ([]string, error) {
	if len(r.rows) > 0 {
		return r.rows[0], nil
	}
	if r.over {
		return nil, nil
	}
	if r.last == nil {
		r.last = make([]string, len(r.t.key))
	}
	err := r.d.View(ctx, now, func(tx *db.Tx) (err error) {
		r.rows, err = readPage(tx, r.location, r.t, r.last)
		return err
	})
	if err != nil || len(r.rows) == 0 {
		r.over = true
		return nil, err
	}
	r.last = r.rows[len(r.rows)-1][:len(r.t.key)]
	return r.rows[0], nil
}

func (r *reader) skip() { r.rows = r.rows[1:] }

func readPage(tx *db.Tx, location string, t table, after []string) (list [][]string, err error) {
	args := []any{location}
	for _, k := range after {
		args = append(args, k)
	}
	rows, err := tx.Query(selectPage(t), append(args, pageOfRows)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		row := make([]string, len(t.key)+len(t.columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

// compareTables says where the rows of a table differ in two databases.
func compareTables(ctx context.Context, now time.Time, location string, t table, is, derived *db.DB, limit int) (found []string, err error) {
	a, b := &reader{d: is, location: location, t: t}, &reader{d: derived, location: location, t: t}
	for len(found) < limit {
		x, err := a.head(ctx, now)
		if err != nil {
			return found, err
		}
		y, err := b.head(ctx, now)
		if err != nil || x == nil && y == nil {
			return found, err
		}
		n := len(t.key)
		order := 0
		switch {
		case x == nil:
			order = 1
		case y == nil:
			order = -1
		default:
			order = slices.Compare(x[:n], y[:n])
		}
		switch {
		case order < 0:
			found = append(found, fmt.Sprintf("%s %s is there and is not derived: %s", t.name, strings.Join(x[:n], " "), short(strings.Join(x[n:], " "), 0)))
			a.skip()
		case order > 0:
			found = append(found, fmt.Sprintf("%s %s is derived and is not there: %s", t.name, strings.Join(y[:n], " "), short(strings.Join(y[n:], " "), 0)))
			b.skip()
		default:
			found = append(found, differences(t, x, y)...)
			a.skip()
			b.skip()
		}
	}
	return found, nil
}

func differences(t table, x, y []string) (found []string) {
	n := len(t.key)
	for i := n; i < len(x); i++ {
		if x[i] != y[i] {
			at := 0
			for at < min(len(x[i]), len(y[i])) && x[i][at] == y[i][at] {
				at++
			}
			found = append(found, fmt.Sprintf("%s %s: %s is %s and derives as %s", t.name, strings.Join(x[:n], " "), t.columns[i-n], short(x[i], at), short(y[i], at)))
		}
	}
	return found
}

// short cuts a value to what stands around a place in it.
func short(s string, at int) string {
	from, to := max(0, at-60), min(len(s), at+100)
	cut := strings.ToValidUTF8(s[from:to], "")
	if from > 0 {
		cut = "…" + cut
	}
	if to < len(s) {
		cut += "…"
	}
	return `"` + cut + `"`
}

// lostSubjects says which promised rows have a subject that is neither a source or
// golden record nor a visit of a golden job.
func lostSubjects(ctx context.Context, now time.Time, location string, d *db.DB, promised []table, limit int) (found []string, err error) {
	lost := map[string]string{} // subject -> table
	for _, t := range promised {
		for after := []string{""}; after != nil; {
			err := d.View(ctx, now, func(tx *db.Tx) error {
				rows, err := readPage(tx, location, table{t.name, t.key[:1], nil}, after)
				after = nil
				if err != nil || len(rows) == 0 {
					return err
				}
				after = rows[len(rows)-1]
				return notRecords(tx, location, t.name, rows, lost)
			})
			if err != nil {
				return nil, err
			}
		}
	}
	if err := findTrips(ctx, now, location, d, lost); err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(lost)) {
		if len(found) < limit {
			found = append(found, fmt.Sprintf("%s: the subject %s is neither a record nor a visit of a job", lost[id], id))
		}
	}
	return found, nil
}

// notRecords notes the subjects that are no records.
func notRecords(tx *db.Tx, location, name string, rows [][]string, lost map[string]string) error {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r[0]
	}
	ids = slices.Compact(ids)
	have, err := record.Load(tx, location, ids)
	if err != nil {
		return err
	}
	golden, err := record.LoadGolden(tx, location, ids) // a number is nobody's record alone
	known := map[string]bool{}
	for _, r := range have {
		known[string(r.ID)] = true
	}
	for id := range golden {
		known[string(id)] = true
	}
	for _, id := range ids {
		if !known[id] && lost[id] == "" {
			lost[id] = name
		}
	}
	return err
}

// findTrips takes from the subjects those that are visits of golden jobs.
func findTrips(ctx context.Context, now time.Time, location string, d *db.DB, lost map[string]string) error {
	for after := ""; len(lost) > 0; {
		var n int
		err := d.View(ctx, now, func(tx *db.Tx) error {
			ids, err := JobsAfter(tx, location, after, pageOfDeliveries)
			if n = len(ids); err != nil || n == 0 {
				return err
			}
			after = ids[n-1]
			jobs, err := record.LoadGolden(tx, location, ids)
			for _, g := range jobs {
				j, err := ReadJob(g)
				if err != nil {
					return err
				}
				for id := range j.Trips {
					delete(lost, id)
				}
			}
			if err != nil {
				return err
			}
			members, err := record.Members(tx, location, ids)
			for _, rows := range members {
				for _, r := range rows { // the visit of a job whose tool has told of no visits yet, or not any more
					delete(lost, string(plumbline.NewSourceID(location, r.Connection, plumbline.Visit, r.External)))
				}
			}
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}
