package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// migrate applies, in order and each in a transaction of its own, the files
// NNNN_room.sql that the database has not seen. There is no way back: a file
// adds before a later one removes, because the code before and the code after
// both run on the tables in between.
func migrate(ctx context.Context, pool *sql.DB, dialect goose.Dialect, files fs.FS, o ...goose.ProviderOption) error {
	migrations, err := readMigrations(files, dialect)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if len(migrations) == 0 {
		return nil
	}
	err = up(ctx, pool, dialect, migrations, o)
	for err != nil && dialect == goose.DialectSQLite3 && ctx.Err() == nil {
		// Another process may have applied it since we looked: it does not fail twice then.
		again := up(ctx, pool, dialect, migrations, o)
		if again != nil && again.Error() == err.Error() {
			return err
		}
		err = again
	}
	return err
}

func up(ctx context.Context, pool *sql.DB, dialect goose.Dialect, migrations []*goose.Migration, o []goose.ProviderOption) error {
	o = append(slices.Clip(o), goose.WithGoMigrations(migrations...), goose.WithDisableGlobalRegistry(true))
	provider, err := goose.NewProvider(dialect, pool, nil, o...)
	if err != nil {
		return fmt.Errorf("prepare the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

func readMigrations(files fs.FS, dialect goose.Dialect) ([]*goose.Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	engine := SQLite
	if dialect == goose.DialectPostgres {
		engine = PostgreSQL
	}
	var migrations []*goose.Migration
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: the name must be like 0001_room.sql", name)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		translated, err := translate(string(text), engine)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		migrations = append(migrations, goose.NewGoMigration(version, &goose.GoFunc{
			RunTx: func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, translated); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				return nil
			},
		}, nil))
	}
	return migrations, nil
}

// translate makes one text of CREATE TABLE, ALTER TABLE and other statements
// right for the engine, so that both have the same columns and refuse the same
// values. Outside of quotes and comments, in statements about tables:
//
//	         SQLite    PostgreSQL
//	TEXT     TEXT      TEXT COLLATE "C"   (ordered by bytes)
//	BLOB     BLOB      BYTEA
//	BIGINT   INTEGER   BIGINT             (64 bits)
//	INTEGER  INTEGER   BIGINT             (64 bits)
//	REAL     REAL      DOUBLE PRECISION   (64 bits)
//	WITHOUT ROWID      kept on SQLite, dropped on PostgreSQL
//	CREATE TABLE       STRICT on SQLite: a column holds its type only
//	DEFAULT '' of a BLOB   x'' on SQLite, which is then strict about it
//
// These words are upper case; a column may be called text. AUTOINCREMENT is an
// error.
func translate(text string, engine Engine) (string, error) {
	var out strings.Builder
	var statement tableStatement
	for len(text) > 0 {
		n, kind := token(text)
		word := text[:n]
		text = text[n:]
		if kind != blank {
			if err := statement.next(word); err != nil {
				return "", err
			}
		}
		switch {
		case word == ";":
			out.WriteString(statement.ending(engine) + ";")
			statement = tableStatement{}
		case kind == name && statement.about():
			out.WriteString(typeFor(word, engine))
		case word == "''" && statement.bytes && engine == SQLite:
			out.WriteString("x''")
		default:
			out.WriteString(word)
		}
	}
	if statement.words != nil {
		return "", errors.New("the last statement does not end with a semicolon")
	}
	return out.String(), nil
}

// typeFor is the engine's word for a word of a statement about a table.
func typeFor(word string, engine Engine) string {
	types := map[string]string{"BIGINT": "INTEGER"}
	if engine == PostgreSQL {
		types = map[string]string{
			"TEXT": `TEXT COLLATE "C"`, "BLOB": "BYTEA", "INTEGER": "BIGINT", "REAL": "DOUBLE PRECISION",
			"WITHOUT": "", "ROWID": "",
		}
	}
	if t, ok := types[word]; ok {
		return t
	}
	return word
}

// A tableStatement is what was read of a statement.
type tableStatement struct {
	words []string // the first ones, upper case
	rowid bool     // it says WITHOUT ROWID
	bytes bool     // it is in the definition of a column of bytes
}

func (s *tableStatement) next(word string) error {
	if word == ";" {
		return nil
	}
	upper := strings.ToUpper(word)
	if upper == "AUTOINCREMENT" {
		return errors.New("AUTOINCREMENT is not allowed: identifiers are made by the program")
	}
	s.rowid = s.rowid || word == "ROWID"
	s.bytes = (s.bytes || word == "BLOB") && word != ","
	if len(s.words) < 2 {
		s.words = append(s.words, upper)
	}
	return nil
}

// about says whether the statement makes or changes a table.
func (s *tableStatement) about() bool {
	return len(s.words) == 2 && s.words[1] == "TABLE" && (s.words[0] == "CREATE" || s.words[0] == "ALTER")
}

// ending is what is missing before the semicolon.
func (s *tableStatement) ending(engine Engine) string {
	if engine != SQLite || !s.about() || s.words[0] != "CREATE" {
		return ""
	}
	if s.rowid {
		return ", STRICT"
	}
	return " STRICT"
}

// The kinds of token.
const (
	blank  = iota // white space and comments
	name          // a word or a number
	quoted        // a string or a quoted name
	symbol        // one other character
)

// token returns the length and kind of the first token of a text.
func token(text string) (n, kind int) {
	until := func(end string, from int) int {
		if i := strings.Index(text[from:], end); i >= 0 {
			return from + i + len(end)
		}
		return len(text)
	}
	switch c := text[0]; {
	case strings.HasPrefix(text, "--"):
		return until("\n", 2), blank
	case strings.HasPrefix(text, "/*"):
		return until("*/", 2), blank
	case c == '\'' || c == '"':
		return until(string(c), 1), quoted // '' inside is two strings side by side
	case strings.IndexByte(" \t\r\n", c) >= 0:
		return 1, blank
	case !isWord(c):
		return 1, symbol
	}
	n = 1
	for n < len(text) && isWord(text[n]) {
		n++
	}
	return n, name
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
