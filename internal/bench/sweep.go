package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
)

// plurals are the CRM's names of the types that are swept.
var plurals = map[string]string{"contact": "contacts", "deal": "deals", "note": "notes"}

// damaged is how many records are changed behind our back before the sweep.
const damaged = 20

// swept measures one round over many target records at the tenth of the budget that is
// left to sweeps: in calls, and in hours of the time in which the node lives.
func swept(ctx context.Context, o Options, r Report) error {
	switch {
	case o.Large:
		return sweepOf(ctx, o, r, 100_000)
	case o.Quick:
		return sweepOf(ctx, o, r, 5000)
	}
	return sweepOf(ctx, o, r, 25_000)
}

func sweepOf(ctx context.Context, o Options, r Report, records int) (err error) {
	w, err := openCRM(ctx, o, "sweep.db", kinds, 50)
	if err != nil {
		return err
	}
	defer func() { err = closing(err, w.node) }()
	if err := w.multiply(ctx, o, records); err != nil {
		return err
	}
	s, err := w.status(ctx)
	if err != nil {
		return err
	}
	w.now, w.calls = s.Next.Add(-time.Second), nil
	if err := w.damage(); err != nil {
		return err
	}
	began := time.Now()
	for over := int64(0); over == 0; {
		worked, next, err := w.node.Step(ctx, w.now)
		if err != nil {
			return err
		}
		if worked {
			continue
		}
		w.now = w.now.Add(10 * time.Millisecond)
		if next.After(w.now) {
			w.now = next
		}
		over, err = count(ctx, w.node, `SELECT COUNT(*) FROM sweep WHERE location_id = $1 AND mode = 'keep' AND ended <> 0`, location)
		if err != nil {
			return err
		}
	}
	took := time.Since(began)
	if s, err = w.status(ctx); err != nil {
		return err
	}
	calls := 0
	for _, c := range w.calls {
		if strings.HasSuffix(c.path, "/batch/read") {
			calls++
		}
	}
	found := 0
	for _, d := range s.Drift {
		if d.Cause == mirror.CauseLost {
			found += int(d.N)
		}
	}
	if found != damaged || s.Records < int64(records) {
		return fmt.Errorf("the sweep read %d of %d records, and found %d of %d that were damaged", s.Records, records, found, damaged)
	}
	least := float64(s.Records) / 100
	r["sweep_records"] = Figure{Value: float64(s.Records), Unit: "records", Floor: fmt.Sprintf(">= %d", records), Note: fmt.Sprintf("contacts, deals and notes; %d damaged fields were found, all there were", found)}
	perRecord := float64(calls) / float64(s.Records)
	r["sweep_calls"] = Figure{Value: float64(calls), Unit: "calls", Floor: fmt.Sprintf("<= %.0f", 1.05*least+4), Ceiling: least,
		Note: fmt.Sprintf("reads of up to 100 records, those for the polls of that time with them, so that 100,000 records take %.0f; %.1f ms of real time for each with all that follows, the CRM's fake included", 100_000*perRecord, ms(took)/float64(calls))}
	hours := s.Ended.Sub(s.Begun).Hours()
	r["sweep_hours"] = Figure{Value: hours, Unit: "h", Floor: fmt.Sprintf("<= %.3f", 1.05*s.Bound/3600), Ceiling: s.Bound / 3600,
		Note: fmt.Sprintf("of simulated time, at %d calls in %.0f s, a tenth of the budget, so that 100,000 records take %.3f; ceiling: the bound that plumbline sweep status states",
			s.ShareCalls, s.ShareWindow, 100_000*hours/float64(s.Records))}
	return nil
}

func (w *crm) status(ctx context.Context) (s mirror.Sweep, err error) {
	err = w.node.DB.View(ctx, w.now, func(tx *db.Tx) (err error) {
		s, err = w.node.API().Mirror.SweepStatus(tx, location, "hubspot", w.now)
		return err
	})
	return s, err
}

// damage takes our last write of a field back in some of the deals.
func (w *crm) damage() error {
	list := w.sandbox.Objects("deals")
	for i := range damaged {
		if err := w.sandbox.Lose("deals", list[i*(len(list)/damaged)].ID, "dealname"); err != nil {
			return err
		}
	}
	return nil
}

// A model is one target record of the first jobs, as the program confirmed it, with what
// is wanted of it and what the CRM has.
type model struct {
	typ, key, subject string
	row, desired      row
	values            map[string]pattern
}

// multiply writes what is wanted and confirmed of the first jobs' records again for others,
// until there are so many, and makes their records at the CRM, all a month ago.
func (w *crm) multiply(ctx context.Context, o Options, records int) (err error) {
	if err := w.node.Close(); err != nil {
		return err
	}
	file := filepath.Join(o.Dir, "sweep.db")
	now := w.now
	w.now = now.AddDate(0, -1, 0)
	err = w.write(ctx, file, records)
	w.now = now
	if err != nil {
		return err
	}
	w.node, err = build(ctx, w.setup(file, o))
	return err
}

func (w *crm) write(ctx context.Context, file string, records int) (err error) {
	pool, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)&_pragma=synchronous(OFF)&_pragma=cache_size(-262144)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	pool.SetMaxOpenConns(1)
	models, err := w.models(ctx, pool)
	if err != nil {
		return err
	}
	n := 0
	for _, list := range models {
		n += len(list)
	}
	for from := kinds; n < records; from += 1000 {
		tx, err := pool.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		n, err = w.page(ctx, tx, models, from, n, records)
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// page makes the records of the next thousand jobs, and returns how many there are then.
func (w *crm) page(ctx context.Context, tx *sql.Tx, models [kinds][]model, from, n, records int) (int, error) {
	target, err := tx.PrepareContext(ctx, "INSERT INTO target_record VALUES (?"+strings.Repeat(", ?", 9)+")")
	if err != nil {
		return n, err
	}
	defer target.Close()
	desired, err := tx.PrepareContext(ctx, "INSERT INTO desired VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		return n, err
	}
	defer desired.Close()
	for job := from; job < from+1000 && n < records; job++ {
		its := names(job)
		for _, m := range models[job%kinds] {
			values := make(map[string]string, len(m.values))
			for name, v := range m.values {
				values[name] = v.with(its)
			}
			id, err := w.sandbox.Create(plurals[m.typ], values, hubspot.Integration(crmApp))
			if err != nil {
				return n, err
			}
			r := m.row.with(its)
			r[4] = id
			if _, err := target.ExecContext(ctx, r...); err != nil {
				return n, err
			}
			if _, err := desired.ExecContext(ctx, m.desired.with(its)...); err != nil {
				return n, err
			}
			its = append(its, "/"+id)
			n++
		}
	}
	return n, nil
}

// with is the row for another job, by its names.
func (r row) with(names []string) []any {
	args := make([]any, len(r))
	for i, v := range r {
		if p, ok := v.(pattern); ok {
			v = p.with(names)
		}
		args[i] = v
	}
	return args
}

// models reads the records of the first jobs, by job.
func (w *crm) models(ctx context.Context, pool *sql.DB) (list [kinds][]model, err error) {
	objects := map[string]hubspot.Object{}
	for typ, plural := range plurals {
		for _, x := range w.sandbox.Objects(plural) {
			objects[typ+x.ID] = x
		}
	}
	rows, err := pool.QueryContext(ctx, `SELECT t.location_id, t.connection, t.type, t.key_id, t.vendor_id, t.state, t.reason, t.owed, t.doc, t.verified, d.subject, d.doc
		FROM target_record t JOIN desired d ON d.location_id = t.location_id AND d.connection = t.connection AND d.type = t.type AND d.subject = t.key_id
		WHERE t.location_id = ? AND t.state = 'live' ORDER BY t.type`, location)
	if err != nil {
		return list, err
	}
	defer rows.Close()
	owner := map[string]int{}
	var its [kinds][]string // names, with the ids at the CRM by which others of the job's records name them
	for job := range kinds {
		its[job] = names(job)
		for i, name := range its[job] {
			if i < 9 {
				owner[name] = job
			}
		}
	}
	for rows.Next() {
		var m model
		m.row, m.desired = make(row, 10), make(row, 5)
		to := make([]any, 12)
		for i := range 10 {
			to[i] = &m.row[i]
		}
		to[10], to[11] = &m.subject, &m.desired[4]
		if err := rows.Scan(to...); err != nil {
			return list, err
		}
		m.typ, m.key = m.row[2].(string), m.row[3].(string)
		job, ok := owner[m.key]
		x, is := objects[m.typ+m.row[4].(string)]
		if !ok || !is {
			continue // a company, or of none of the jobs
		}
		m.values = map[string]pattern{}
		for name, entries := range x.History {
			if v := x.Properties[name]; v != "" && entries[0].By.SourceID == strconv.Itoa(crmApp) {
				m.values[name] = patternOf(v, its[job])
			}
		}
		vendor := "/" + m.row[4].(string)
		copy(m.desired, row{m.row[0], m.row[1], m.row[2], m.subject})
		for _, r := range []row{m.row, m.desired} {
			for i, v := range r {
				if text, ok := v.(string); ok {
					r[i] = patternOf(text, its[job])
				}
			}
		}
		its[job] = append(its[job], vendor)
		list[job] = append(list[job], m)
	}
	return list, rows.Err()
}
