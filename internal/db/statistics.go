package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// likely are the statistics with which SQLite plans: a location holds many rows,
// one more column of a key finds few, a whole unique key one. Without them it takes
// a table of which only the location is known for a short one, and scans it for
// each row of a Set. They are written and never measured, so that a plan does not
// change while a database grows.
const (
	rowsOfTable    = 1_000_000
	rowsOfLocation = 500_000
	rowsOfPrefix   = 50
	rowsOfIndex    = 5
)

// plan writes the statistics for every index there is.
func plan(ctx context.Context, pool *sql.DB) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write the statistics for planning: %w", err)
		}
	}()
	rows, err := pool.QueryContext(ctx, `
		SELECT m.name, i.name, i."unique", (SELECT COUNT(*) FROM pragma_index_info(i.name))
		FROM sqlite_schema m, pragma_index_list(m.name) i
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%' ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	type index struct {
		table, name string
		stat        string
	}
	var list []index
	for rows.Next() {
		var i index
		var unique, columns int
		if err := rows.Scan(&i.table, &i.name, &unique, &columns); err != nil {
			rows.Close()
			return err
		}
		i.stat = statOf(columns, unique == 1)
		list = append(list, i)
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return err
	}
	// Of an empty table ANALYZE measures nothing; it makes sqlite_stat1.
	if _, err := pool.ExecContext(ctx, `ANALYZE sqlite_schema`); err != nil {
		return err
	}
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to undo
	if _, err := tx.ExecContext(ctx, `DELETE FROM sqlite_stat1`); err != nil {
		return err
	}
	for _, i := range list {
		if _, err := tx.ExecContext(ctx, `INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)`, i.table, i.name, i.stat); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = pool.ExecContext(ctx, `ANALYZE sqlite_schema`) // read them
	return err
}

// statOf writes how many rows share the first one, two and more columns of an index.
func statOf(columns int, unique bool) string {
	parts := []string{fmt.Sprint(rowsOfTable)}
	for c := 1; c <= columns; c++ {
		n := rowsOfPrefix
		switch {
		case c == columns && unique:
			n = 1
		case c == 1:
			n = rowsOfLocation
		case c == columns:
			n = rowsOfIndex
		}
		parts = append(parts, fmt.Sprint(n))
	}
	return strings.Join(parts, " ")
}
