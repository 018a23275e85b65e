package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
)

// What follows makes a large database out of a small one: applying a million
// deliveries would take longer than anybody waits for a benchmark. The rows of one job
// of each kind, as the program wrote them, are written again for every other job, with
// its names and ids in their place.

// names are the texts by which the rows of a job differ from those of another of its
// kind, always in this order.
func names(job int) (list []string) {
	for _, x := range []struct {
		prefix string
		kind   plumbline.Kind
	}{{"job_", plumbline.Job}, {"cus_", plumbline.Customer}, {"adr_", plumbline.Property}, {"appt_", plumbline.Visit}} {
		external := fmt.Sprintf("%s%032d", x.prefix, job)
		list = append(list, external, string(plumbline.NewSourceID(location, "hcp", x.kind, external)))
	}
	number := fmt.Sprintf("208%03d%04d", 230+job/10_000, job%10_000)
	return append(list, string(plumbline.NewSourceID(location, "hcp", plumbline.Visit, fmt.Sprintf("job_%032d", job))),
		string(plumbline.NewSourceID(location, "", plumbline.Address, "+1"+number)), number, "|"+number[6:], fmt.Sprintf("customer%d.", job),
		fmt.Sprintf("%d Larkspur", 100+job), fmt.Sprintf("%d larkspur", 100+job), lastName(job), strings.ToLower(lastName(job)), fmt.Sprintf("nte_%032d", job))
}

// A pattern is a text with gaps: gaps[i] is the number of the name that follows the
// i-th piece.
type pattern struct {
	pieces []string
	gaps   []int
}

// patternOf finds the names in a text.
func patternOf(text string, names []string) (p pattern) {
	from := 0
	for i := 0; i < len(text); {
		n := slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(text[i:], name) })
		if n < 0 {
			i++
			continue
		}
		p.pieces, p.gaps = append(p.pieces, text[from:i]), append(p.gaps, n)
		i += len(names[n])
		from = i
	}
	p.pieces = append(p.pieces, text[from:])
	return p
}

func (p pattern) with(names []string) string {
	if len(p.gaps) == 0 {
		return p.pieces[0]
	}
	var b strings.Builder
	for i, g := range p.gaps {
		b.WriteString(p.pieces[i])
		b.WriteString(names[g])
	}
	b.WriteString(p.pieces[len(p.gaps)])
	return b.String()
}

// A row as it stands for a job of one kind: a pattern, or a value that all share.
type row []any

// A table is the rows of jobs, by kind.
type table struct {
	insert string
	unique int // a column with a digest for a name, -1 for none
	rows   [kinds][]row
}

var anyID = regexp.MustCompile(`[a-z]+_[0-9]{32}|[0-9a-f]{24}`)

// clone writes the rows of jobs from kinds up to jobs into the database of a file, in
// which the jobs below kinds stand.
func clone(ctx context.Context, file string, jobs int) (err error) {
	pool, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)&_pragma=synchronous(OFF)&_pragma=cache_size(-262144)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	pool.SetMaxOpenConns(1)
	tables, err := readTables(ctx, pool)
	if err != nil {
		return err
	}
	const atOnce = 2000
	for from := kinds; from < jobs; from += atOnce {
		tx, err := pool.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if err := t.write(ctx, tx, from, min(from+atOnce, jobs)); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) write(ctx context.Context, tx *sql.Tx, from, to int) error {
	insert, err := tx.PrepareContext(ctx, t.insert)
	if err != nil {
		return err
	}
	defer insert.Close()
	var args []any
	for job := from; job < to; job++ {
		its := names(job)
		for _, r := range t.rows[job%kinds] {
			args = args[:0]
			for i, v := range r {
				if p, ok := v.(pattern); ok {
					text := p.with(its)
					if i == t.unique {
						text = fmt.Sprintf("%08x", job) + text[8:]
					}
					v = text
				}
				args = append(args, v)
			}
			if _, err := insert.ExecContext(ctx, args...); err != nil {
				return fmt.Errorf("%s: %w", t.insert, err)
			}
		}
	}
	return nil
}

// readTables reads all rows that are about one of the first jobs.
func readTables(ctx context.Context, pool *sql.DB) (tables []*table, err error) {
	var of [kinds][]string
	owner := map[string]int{}
	for job := range kinds {
		of[job] = names(job)
		for i, name := range of[job] {
			if i < 10 {
				owner[anyID.FindString(name)] = job
			}
		}
	}
	list, err := texts(ctx, pool, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	for _, name := range list {
		t, err := readTable(ctx, pool, name, of, owner)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func readTable(ctx context.Context, pool *sql.DB, name string, of [kinds][]string, owner map[string]int) (*table, error) {
	rows, err := pool.QueryContext(ctx, "SELECT * FROM "+name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	t := &table{insert: fmt.Sprintf("INSERT INTO %s VALUES (?%s)", name, strings.Repeat(", ?", len(columns)-1)), unique: -1}
	switch name {
	case "delivery":
		t.unique = slices.Index(columns, "name")
	case "message":
		t.unique = slices.Index(columns, "id")
	}
	for rows.Next() {
		r, to := make(row, len(columns)), make([]any, len(columns))
		for i := range r {
			to[i] = &r[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		job := -1
		for _, v := range r {
			if text, ok := v.(string); ok && job < 0 {
				for _, id := range anyID.FindAllString(text, -1) {
					if of, ok := owner[id]; ok && job < 0 {
						job = of
					}
				}
			}
		}
		if job < 0 {
			continue
		}
		for i, v := range r {
			if text, ok := v.(string); ok {
				r[i] = patternOf(text, of[job])
			}
		}
		t.rows[job] = append(t.rows[job], r)
	}
	return t, rows.Err()
}

func texts(ctx context.Context, pool *sql.DB, query string) (list []string, err error) {
	rows, err := pool.QueryContext(ctx, query)
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
