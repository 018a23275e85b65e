package db

import (
	"strings"
	"testing"
)

func TestOneTextBecomesEachEnginesOwn(t *testing.T) {
	tests := []struct{ name, text, sqlite, postgres string }{
		{
			"types of a table",
			`CREATE TABLE a (id TEXT NOT NULL, at BIGINT, n INTEGER, x REAL, b BLOB);`,
			`CREATE TABLE a (id TEXT NOT NULL, at INTEGER, n INTEGER, x REAL, b BLOB) STRICT;`,
			`CREATE TABLE a (id TEXT COLLATE "C" NOT NULL, at BIGINT, n BIGINT, x DOUBLE PRECISION, b BYTEA);`,
		},
		{
			"a table without row ids",
			"CREATE TABLE IF NOT EXISTS a (id TEXT) WITHOUT ROWID;",
			"CREATE TABLE IF NOT EXISTS a (id TEXT) WITHOUT ROWID, STRICT;",
			"CREATE TABLE IF NOT EXISTS a (id TEXT COLLATE \"C\")  ;",
		},
		{
			"a column added",
			"ALTER TABLE a ADD COLUMN text TEXT NOT NULL DEFAULT '';",
			"ALTER TABLE a ADD COLUMN text TEXT NOT NULL DEFAULT '';",
			"ALTER TABLE a ADD COLUMN text TEXT COLLATE \"C\" NOT NULL DEFAULT '';",
		},
		{
			"quotes and comments",
			"CREATE TABLE a (id TEXT DEFAULT 'TEXT; ''BLOB', \"BLOB\" BLOB); -- TEXT; BLOB\n/* CREATE TABLE; */",
			"CREATE TABLE a (id TEXT DEFAULT 'TEXT; ''BLOB', \"BLOB\" BLOB) STRICT; -- TEXT; BLOB\n/* CREATE TABLE; */",
			"CREATE TABLE a (id TEXT COLLATE \"C\" DEFAULT 'TEXT; ''BLOB', \"BLOB\" BYTEA); -- TEXT; BLOB\n/* CREATE TABLE; */",
		},
		{
			"empty bytes and empty text",
			"CREATE TABLE a (b BLOB NOT NULL DEFAULT '', id TEXT DEFAULT '');",
			"CREATE TABLE a (b BLOB NOT NULL DEFAULT x'', id TEXT DEFAULT '') STRICT;",
			"CREATE TABLE a (b BYTEA NOT NULL DEFAULT '', id TEXT COLLATE \"C\" DEFAULT '');",
		},
		{
			"other statements",
			"CREATE INDEX TEXT ON a (id);\nUPDATE a SET id = CAST(at AS TEXT);",
			"CREATE INDEX TEXT ON a (id);\nUPDATE a SET id = CAST(at AS TEXT);",
			"CREATE INDEX TEXT ON a (id);\nUPDATE a SET id = CAST(at AS TEXT);",
		},
		{
			"words that contain a type",
			"CREATE TABLE a (CONTEXT TEXT, TEXTS TEXT);",
			"CREATE TABLE a (CONTEXT TEXT, TEXTS TEXT) STRICT;",
			"CREATE TABLE a (CONTEXT TEXT COLLATE \"C\", TEXTS TEXT COLLATE \"C\");",
		},
	}
	for _, test := range tests {
		for engine, want := range map[Engine]string{SQLite: test.sqlite, PostgreSQL: test.postgres} {
			got, err := translate(test.text, engine)
			if err != nil || got != want {
				t.Errorf("%s on %v:\n got %q, %v\nwant %q", test.name, engine, got, err, want)
			}
		}
	}
}

func TestWhatOneEngineCannotDoIsRefused(t *testing.T) {
	tests := []struct{ name, text, says string }{
		{"numbers made by the engine", "CREATE TABLE a (id INTEGER PRIMARY KEY autoincrement);", "AUTOINCREMENT"},
		{"a statement without an end", "CREATE TABLE a (id TEXT)\n-- the end", "semicolon"},
	}
	for _, test := range tests {
		for _, engine := range []Engine{SQLite, PostgreSQL} {
			if got, err := translate(test.text, engine); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s on %v: got %q, %v, want an error about %s", test.name, engine, got, err, test.says)
			}
		}
	}
}

func TestAnEscapedNULIsToldFromItsCharacters(t *testing.T) {
	tests := []struct {
		text string
		want bool
	}{
		{`["plain"]`, false},
		{`["a\u0000"]`, true},
		{`["a\\u0000"]`, false},
		{`["a\\\u0000"]`, true},
		{`["\\u0000", "\u0000"]`, true},
		{`["\u00001"]`, true},
		{`["\u0001"]`, false},
	}
	for _, test := range tests {
		if got := escapesNUL(test.text); got != test.want {
			t.Errorf("escapesNUL(%s) = %v, want %v", test.text, got, test.want)
		}
	}
}
