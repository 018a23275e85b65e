package dbtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/db"
)

// gooseTable is where goose notes which migrations were applied.
const gooseTable = "goose_db_version"

// A column is one column as an engine describes it.
type column struct {
	table, name, kind string // kind is integer, text, bytes, real, or the engine's word
	nullable          bool
	collation         string // PostgreSQL only
}

// A key is a primary key or unique index, or the lack of a primary key.
type key struct {
	table, name string
	leads       string // its first column; empty for an expression
}

// Columns lists every column of the database as "table.column kind", sorted, so
// that two engines can be compared. The kind is integer, text, bytes or real.
func Columns(t testing.TB, d *db.DB) []string {
	t.Helper()
	columns, _ := describe(t, d)
	var lines []string
	for _, c := range columns {
		lines = append(lines, c.table+"."+c.name+" "+c.kind)
	}
	slices.Sort(lines)
	return lines
}

// SchemaFaults says, in sorted sentences, what breaks the rules of our tables:
// every primary key and unique index leads with location_id, except in the
// tables named in above, which belong to no single location; there is a primary
// key; every column is NOT NULL and of a type that both engines have; text is
// ordered by bytes.
func SchemaFaults(t testing.TB, d *db.DB, above ...string) []string {
	t.Helper()
	columns, keys := describe(t, d)
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for _, c := range columns {
		if c.nullable {
			fault("%s.%s may be null", c.table, c.name)
		}
		if !slices.Contains([]string{"integer", "text", "bytes", "real"}, c.kind) {
			fault("%s.%s has the type %s, which the engines do not share", c.table, c.name, c.kind)
		}
		if c.kind == "text" && d.Engine() == db.PostgreSQL && c.collation != "C" {
			fault("%s.%s is not ordered by bytes", c.table, c.name)
		}
	}
	primary := map[string]bool{}
	for _, k := range keys {
		primary[k.table] = primary[k.table] || k.name == "primary key"
		if k.leads != "location_id" && !slices.Contains(above, k.table) {
			fault("the %s of %s leads with %q, not location_id", k.name, k.table, k.leads)
		}
	}
	for _, c := range columns {
		if !primary[c.table] {
			fault("%s has no primary key", c.table)
		}
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

func describe(t testing.TB, d *db.DB) (columns []column, keys []key) {
	t.Helper()
	err := d.View(t.Context(), time.Time{}, func(tx *db.Tx) (err error) {
		if d.Engine() == db.PostgreSQL {
			columns, keys, err = describePostgres(tx)
		} else {
			columns, keys, err = describeSQLite(tx)
		}
		return err
	})
	if err != nil {
		t.Fatalf("describe the tables: %v", err)
	}
	columns = slices.DeleteFunc(columns, func(c column) bool { return c.table == gooseTable })
	keys = slices.DeleteFunc(keys, func(k key) bool { return k.table == gooseTable })
	return columns, keys
}

func describeSQLite(tx *db.Tx) (columns []column, keys []key, err error) {
	rows, err := tx.Query(`
		SELECT t.name, c.name, lower(c.type), c."notnull" = 0, c.pk = 1
		FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c column
		var leads bool
		if err := rows.Scan(&c.table, &c.name, &c.kind, &c.nullable, &leads); err != nil {
			return nil, nil, err
		}
		c.kind = strings.Replace(c.kind, "blob", "bytes", 1)
		columns = append(columns, c)
		if leads {
			keys = append(keys, key{c.table, "primary key", c.name})
		}
	}
	if err := rows.Err(); err != nil {
		return nil, nil, err
	}
	unique, err := readKeys(tx, `
		SELECT t.name, 'unique index ' || i.name, coalesce(c.name, '')
		FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
		WHERE t.type = 'table' AND i."unique" AND i.origin <> 'pk' AND c.seqno = 0`)
	return columns, append(keys, unique...), err
}

func describePostgres(tx *db.Tx) (columns []column, keys []key, err error) {
	rows, err := tx.Query(`
		SELECT table_name, column_name, data_type, is_nullable = 'YES', coalesce(collation_name, '')
		FROM information_schema.columns WHERE table_schema = current_schema()`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	kinds := map[string]string{"bigint": "integer", "bytea": "bytes", "double precision": "real"}
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.table, &c.name, &c.kind, &c.nullable, &c.collation); err != nil {
			return nil, nil, err
		}
		if kind, ok := kinds[c.kind]; ok {
			c.kind = kind
		}
		columns = append(columns, c)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, err
	}
	keys, err = readKeys(tx, `
		SELECT t.relname, CASE WHEN x.indisprimary THEN 'primary key' ELSE 'unique index ' || i.relname END,
			coalesce(a.attname, '')
		FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
		LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
		WHERE x.indisunique AND t.relnamespace = current_schema()::regnamespace`)
	return columns, keys, err
}

func readKeys(tx *db.Tx, query string) (keys []key, err error) {
	rows, err := tx.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k key
		if err := rows.Scan(&k.table, &k.name, &k.leads); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}
