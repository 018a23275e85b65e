package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
)

var (
	noon    = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	errOops = errors.New("oops")
)

// things is a table with a column of each type.
var things = fstest.MapFS{"0001_thing.sql": {Data: []byte(`
	CREATE TABLE thing (
		id   TEXT NOT NULL,
		n    BIGINT NOT NULL DEFAULT 0,
		x    REAL NOT NULL DEFAULT 0,
		body BLOB NOT NULL DEFAULT '',
		PRIMARY KEY (id)
	) WITHOUT ROWID;
	CREATE TABLE part (
		id    TEXT NOT NULL,
		thing TEXT NOT NULL REFERENCES thing (id) DEFERRABLE INITIALLY DEFERRED,
		PRIMARY KEY (id)
	);`)}}

func do(t testing.TB, d *db.DB, f func(*db.Tx) error) {
	t.Helper()
	if err := d.Do(t.Context(), noon, f); err != nil {
		t.Fatal(err)
	}
}

func add(tx *db.Tx, id string) error {
	_, err := tx.Exec(`INSERT INTO thing (id) VALUES ($1)`, id)
	return err
}

func number(t testing.TB, d *db.DB, query string, args ...any) (n int64) {
	t.Helper()
	err := d.View(t.Context(), noon, func(tx *db.Tx) error { return tx.QueryRow(query, args...).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ids are the things there are.
func ids(t testing.TB, d *db.DB) string {
	t.Helper()
	var list []string
	err := d.View(t.Context(), noon, func(tx *db.Tx) (err error) {
		list, err = tx.Texts(`SELECT id FROM thing ORDER BY id`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, " ")
}

func wantIDs(t testing.TB, d *db.DB, want string) {
	t.Helper()
	if got := ids(t, d); got != want {
		t.Errorf("there is %q, want %q", got, want)
	}
}

func TestATransactionKeepsAllOrNothing(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			if !tx.Now.Equal(noon) {
				t.Errorf("it happens at %v, want %v", tx.Now, noon)
			}
			return add(tx, "kept")
		})
		err := d.Do(t.Context(), noon, func(tx *db.Tx) error { return errors.Join(add(tx, "lost"), errOops) })
		if !errors.Is(err, errOops) {
			t.Errorf("got %v, want the function's own error", err)
		}
		wantIDs(t, d, "kept")
	})
}

func TestExecCountsTheRowsItChanged(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			for _, want := range []int64{1, 0} {
				n, err := tx.Exec(`INSERT INTO thing (id) VALUES ($1) ON CONFLICT (id) DO NOTHING`, "a")
				if err != nil || n != want {
					t.Errorf("inserted %d, %v, want %d", n, err, want)
				}
			}
			return nil
		})
	})
}

func TestAPlaceholderMayBeUsedTwiceAndInAnyOrder(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		var a, b, c int64
		do(t, d, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT $3 + 0 * $1, $2 + 0 * $1, $1 + 0 * $2`, int64(1), int64(2), int64(3)).Scan(&a, &b, &c)
		})
		if a != 3 || b != 2 || c != 1 {
			t.Errorf("got %d %d %d, want 3 2 1", a, b, c)
		}
	})
}

func TestASavepointUndoesItsOwnWritesOnly(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			if err := add(tx, "a"); err != nil {
				return err
			}
			err := tx.Savepoint(func() error {
				inner := tx.Savepoint(func() error { return errors.Join(add(tx, "b"), errOops) })
				if !errors.Is(inner, errOops) {
					t.Errorf("the inner savepoint said %v", inner)
				}
				return add(tx, "c")
			})
			if err != nil {
				return err
			}
			err = tx.Savepoint(func() error {
				return errors.Join(tx.Savepoint(func() error { return add(tx, "d") }), errOops)
			})
			if !errors.Is(err, errOops) {
				t.Errorf("the outer savepoint said %v", err)
			}
			return add(tx, "e")
		})
		wantIDs(t, d, "a c e")
	})
}

func TestASavepointContainsAStatementThatFails(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			if err := add(tx, "a"); err != nil {
				return err
			}
			if err := tx.Savepoint(func() error { return add(tx, "a") }); err == nil {
				t.Error("the same key was added twice")
			}
			swallowed := tx.Savepoint(func() error { _ = add(tx, "a"); return nil })
			if !errors.Is(swallowed, db.ErrAborted) {
				t.Errorf("a swallowed failure gave %v, want %v", swallowed, db.ErrAborted)
			}
			return add(tx, "b")
		})
		wantIDs(t, d, "a b")
	})
}

func TestASavepointIsUndoneWhenItsFunctionPanics(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			func() {
				defer func() { recover() }()
				_ = tx.Savepoint(func() error { panic(add(tx, "a")) })
			}()
			return add(tx, "b")
		})
		wantIDs(t, d, "b")
	})
}

func TestAFailedStatementEndsTheTransaction(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error { return add(tx, "a") })
		for name, fail := range map[string]func(*db.Tx){
			"exec":    func(tx *db.Tx) { _ = add(tx, "a") },
			"query":   func(tx *db.Tx) { _, _ = tx.Query(`SELECT nothing FROM thing`) },
			"row":     func(tx *db.Tx) { _ = tx.QueryRow(`INSERT INTO thing (id) VALUES ($1) RETURNING id`, "a") },
			"refused": func(tx *db.Tx) { _ = add(tx, "\x00") },
		} {
			err := d.Do(t.Context(), noon, func(tx *db.Tx) error {
				if err := add(tx, "b"); err != nil {
					return err
				}
				fail(tx)
				if err := add(tx, "c"); !errors.Is(err, db.ErrAborted) {
					t.Errorf("%s: the next statement said %v, want %v", name, err, db.ErrAborted)
				}
				return nil
			})
			if !errors.Is(err, db.ErrAborted) {
				t.Errorf("%s: Do said %v, want %v", name, err, db.ErrAborted)
			}
		}
		wantIDs(t, d, "a")
	})
}

func TestNoRowIsNotAFailure(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			var id string
			if err := tx.QueryRow(`SELECT id FROM thing`).Scan(&id); !errors.Is(err, sql.ErrNoRows) {
				t.Errorf("got %v, want %v", err, sql.ErrNoRows)
			}
			return add(tx, "a")
		})
		wantIDs(t, d, "a")
	})
}

func TestRowsLeftOpenHarmNobody(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		leave := []func(*db.Tx) error{
			func(tx *db.Tx) error { _, err := tx.Query(`SELECT id FROM thing`); return err },
			func(tx *db.Tx) error {
				_, err := tx.Query(`INSERT INTO thing (id) VALUES ('x'), ('y') RETURNING id`)
				return err
			},
			func(tx *db.Tx) error {
				return tx.QueryRow(`INSERT INTO thing (id) VALUES ('v'), ('w') RETURNING id`).Err()
			},
		}
		for range 2 {
			do(t, d, func(tx *db.Tx) error { _, err := tx.Exec(`DELETE FROM thing`); return err })
			do(t, d, func(tx *db.Tx) error { return errors.Join(add(tx, "a"), add(tx, "b")) })
			for i, f := range leave {
				if err := d.Do(t.Context(), noon, f); err != nil {
					t.Errorf("case %d: %v", i, err)
				}
			}
			wantIDs(t, d, "a b v w x y")
		}
	})
}

func TestATransactionCannotBeUsedAfterItsEnd(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		var kept *db.Tx
		do(t, d, func(tx *db.Tx) error { kept = tx; return nil })
		if err := add(kept, "a"); err == nil {
			t.Error("a statement ran")
		}
		if err := kept.QueryRow(`SELECT 1`).Scan(new(int)); err == nil {
			t.Error("a query ran")
		}
		if err := kept.Savepoint(func() error { return nil }); err == nil {
			t.Error("a savepoint was made")
		}
		wantIDs(t, d, "")
	})
}

func TestAPanicIsTheCallers(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		for range 3 {
			func() {
				defer func() {
					if r := recover(); r != "oops" {
						t.Errorf("recovered %v, want oops", r)
					}
				}()
				_ = d.Do(t.Context(), noon, func(tx *db.Tx) error {
					_ = add(tx, "a")
					panic("oops")
				})
			}()
			func() {
				defer func() { recover() }()
				_ = d.View(t.Context(), noon, func(*db.Tx) error { panic("oops") })
			}()
		}
		ended := make(chan bool)
		go func() { // as t.FailNow does
			defer close(ended)
			_ = d.Do(t.Context(), noon, func(tx *db.Tx) error {
				_ = add(tx, "b")
				runtime.Goexit()
				return nil
			})
		}()
		<-ended
		do(t, d, func(tx *db.Tx) error { return add(tx, "c") })
		wantIDs(t, d, "c")
	})
}

func TestAViewSeesOneSnapshot(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error { return add(tx, "a") })
		err := d.View(t.Context(), noon, func(tx *db.Tx) error {
			for range 2 {
				got, err := tx.Texts(`SELECT id FROM thing`)
				if err != nil || !slices.Equal(got, []string{"a"}) {
					t.Errorf("it sees %v, %v, want a alone", got, err)
				}
				do(t, d, func(tx *db.Tx) error { return add(tx, fmt.Sprint("b", number(t, d, `SELECT count(*) FROM thing`))) })
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wantIDs(t, d, "a b1 b2")
	})
}

func TestAViewCannotWrite(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		for _, query := range []string{
			`INSERT INTO thing (id) VALUES ('a')`,
			`INSERT INTO thing (id) VALUES ('a') RETURNING id`,
			`CREATE TABLE mine (id TEXT)`,
		} {
			err := d.View(t.Context(), noon, func(tx *db.Tx) error { _, err := tx.Exec(query); return err })
			if err == nil {
				t.Errorf("a View ran %s", query)
			}
		}
		err := d.View(t.Context(), noon, func(tx *db.Tx) error {
			_, err := tx.Texts(`SELECT id FROM thing` + tx.ForUpdate() + tx.SkipLocked())
			return err
		})
		if err != nil {
			t.Errorf("read by a query that would lock: %v", err)
		}
		wantIDs(t, d, "")
	})
}

func TestManyReadAtOnce(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error { return add(tx, "a") })
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				var id string
				err := d.View(t.Context(), noon, func(tx *db.Tx) error { return tx.QueryRow(`SELECT id FROM thing`).Scan(&id) })
				if err != nil || id != "a" {
					t.Errorf("read %q, %v", id, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestACanceledReadStopsAndTheNextOneWorks(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		for range 20 { // more than there are readers
			ctx, cancel := context.WithCancel(t.Context())
			err := d.View(ctx, noon, func(tx *db.Tx) error {
				rows, err := tx.Query(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 1000000000`)
				if err != nil {
					return err
				}
				defer rows.Close()
				cancel()
				for rows.Next() {
				}
				return rows.Err()
			})
			if !errors.Is(err, context.Canceled) && !strings.Contains(fmt.Sprint(err), "cancel") {
				t.Fatalf("got %v, want %v", err, context.Canceled)
			}
		}
		wantIDs(t, d, "")
	})
}

func TestACanceledTransactionKeepsNothing(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := d.Do(ctx, noon, func(tx *db.Tx) error {
			if err := add(tx, "a"); err != nil {
				return err
			}
			cancel()
			return add(tx, "b")
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		if err := d.Do(ctx, noon, func(tx *db.Tx) error { t.Error("it ran"); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		do(t, d, func(tx *db.Tx) error { return add(tx, "c") })
		wantIDs(t, d, "c")
	})
}

func TestReopenedItHasWhatWasKept(t *testing.T) {
	places(t, func(t *testing.T, url string, o db.Options) {
		for _, o.Volatile = range []bool{false, true} {
			o.Migrations = things
			d, err := db.Open(t.Context(), url, o)
			if err != nil {
				t.Fatal(err)
			}
			do(t, d, func(tx *db.Tx) error { return add(tx, fmt.Sprint("volatile-", o.Volatile)) })
			for range 2 {
				if err := d.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}
		}
		wantIDs(t, reopen(t, url, o), "volatile-false volatile-true")
	})
}

func TestAClosedDatabaseSaysSo(t *testing.T) {
	places(t, func(t *testing.T, url string, o db.Options) {
		d := reopen(t, url, o)
		do(t, d, func(tx *db.Tx) error { return nil })
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		nothing := func(*db.Tx) error { t.Error("it ran"); return nil }
		if err := d.Do(t.Context(), noon, nothing); !errors.Is(err, db.ErrClosed) {
			t.Errorf("Do said %v, want %v", err, db.ErrClosed)
		}
		if err := d.View(t.Context(), noon, nothing); !errors.Is(err, db.ErrClosed) {
			t.Errorf("View said %v, want %v", err, db.ErrClosed)
		}
	})
}

func TestMostCountsTheRowsThatWereKept(t *testing.T) {
	places(t, func(t *testing.T, url string, o db.Options) {
		o.Migrations = things
		d := reopen(t, url, o)
		do(t, d, func(tx *db.Tx) error { return errors.Join(add(tx, "a"), add(tx, "b")) })
		do(t, d, func(tx *db.Tx) error { return add(tx, "c") })
		err := d.Do(t.Context(), noon, func(tx *db.Tx) error { return errors.Join(add(tx, "d"), add(tx, "e"), add(tx, "f"), errOops) })
		if most := d.Most(); most != 2 || !errors.Is(err, errOops) {
			t.Errorf("the most rows are %d after %v, want 2", most, err)
		}
	})
}

// A statement that is not finalized keeps the engine's connection and its files.
func TestAClosedDatabaseKeepsNoFiles(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("this system does not list the files of a process: ", err)
	}
	path := filepath.Join(t.TempDir(), "test.db")
	d := reopen(t, path, db.Options{Volatile: true})
	read := func(tx *db.Tx) error { return tx.QueryRow(`SELECT 1`).Scan(new(int)) }
	do(t, d, read)
	if err := d.View(t.Context(), noon, read); err != nil {
		t.Fatal(err)
	}
	held := func() (list []string) {
		all, err := filepath.Glob("/proc/self/fd/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range all {
			if to, _ := os.Readlink(fd); strings.HasPrefix(to, path) { // one may be gone since it was listed
				list = append(list, to)
			}
		}
		return list
	}
	if len(held()) == 0 {
		t.Fatal("an open database holds no files")
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if list := held(); len(list) > 0 {
		t.Errorf("after closing, these are open: %v", list)
	}
}

func TestCloseWaitsForWhatRuns(t *testing.T) {
	places(t, func(t *testing.T, url string, o db.Options) {
		o.Migrations = things
		d := reopen(t, url, o)
		begun, write := make(chan bool), make(chan bool)
		var wg sync.WaitGroup
		wg.Go(func() {
			err := d.Do(t.Context(), noon, func(tx *db.Tx) error {
				close(begun)
				<-write
				return add(tx, "a")
			})
			if err != nil {
				t.Errorf("the running transaction: %v", err)
			}
		})
		<-begun
		wg.Go(func() { d.Close() })
		wg.Go(func() { // it may begin before the other closes, and then it is kept
			err := d.Do(t.Context(), noon, func(*db.Tx) error { return nil })
			if err != nil && !errors.Is(err, db.ErrClosed) {
				t.Errorf("the waiting transaction: %v, want %v or nothing", err, db.ErrClosed)
			}
		})
		close(write)
		wg.Wait()
		wantIDs(t, reopen(t, url, o), "a")
	})
}

func TestDeadlockedTransactionsAreRunAgain(t *testing.T) {
	d, o := dbtest.OpenPostgres(t, db.Options{Migrations: things})
	nodes := []*db.DB{d, reopen(t, dbtest.PostgresURL(t), o)}
	do(t, d, func(tx *db.Tx) error { return errors.Join(add(tx, "a"), add(tx, "b")) })
	var met sync.WaitGroup
	met.Add(2)
	var mu sync.Mutex
	runs := 0
	var wg sync.WaitGroup
	for i, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		wg.Go(func() {
			once := sync.OnceFunc(func() { met.Done(); met.Wait() })
			err := nodes[i].Do(t.Context(), noon, func(tx *db.Tx) error {
				mu.Lock()
				runs++
				mu.Unlock()
				for _, id := range order {
					if _, err := tx.Exec(`UPDATE thing SET n = n + 1 WHERE id = $1`, id); err != nil {
						return fmt.Errorf("update %s: %w", id, err)
					}
					once() // both hold their first row
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// Both may be told of the deadlock, where they look for it at the same time.
	if n := number(t, d, `SELECT sum(n) FROM thing`); n != 4 || runs < 3 {
		t.Errorf("the sum is %d after %d runs, want 4 after 3 or more", n, runs)
	}
}

func TestATransactionIsRunAgainFiveTimesAtMost(t *testing.T) {
	d, _ := dbtest.OpenPostgres(t, db.Options{})
	for code, want := range map[string]int{"40001": 6, "40P01": 6, "23505": 1} {
		runs := 0
		err := d.Do(t.Context(), noon, func(tx *db.Tx) error {
			runs++
			return fmt.Errorf("work: %w", &pgconn.PgError{Code: code})
		})
		if err == nil || runs != want {
			t.Errorf("%s: %v after %d runs, want an error after %d", code, err, runs, want)
		}
	}
}

// Inside a bubble, Wait returns when every goroutine is blocked, so these tests
// know what has happened and what has not.

// A group is calls of Do that wait behind one that holds the writer.
type group struct {
	d       *db.DB
	t       *testing.T
	release chan bool
	wg      sync.WaitGroup
	mu      sync.Mutex
	said    []string // in the order of the answers
}

// behind holds the writer until free is called.
func behind(t *testing.T, d *db.DB) *group {
	g := &group{d: d, t: t, release: make(chan bool)}
	g.wg.Go(func() { do(t, d, func(*db.Tx) error { <-g.release; return nil }) })
	synctest.Wait()
	return g
}

// join adds a call, which waits.
func (g *group) join(ctx context.Context, name string, f func(*db.Tx) error) {
	g.wg.Go(func() {
		err := g.d.Do(ctx, noon, f)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.said = append(g.said, fmt.Sprintf("%s: %v", name, err))
	})
	synctest.Wait()
}

func (g *group) free() { close(g.release); synctest.Wait() }

func (g *group) want(want ...string) {
	g.t.Helper()
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	slices.Sort(g.said)
	if !slices.Equal(g.said, want) {
		g.t.Errorf("answered so far: %q, want %q", g.said, want)
	}
}

func bubble(t *testing.T, files fstest.MapFS, o db.Options, f func(t *testing.T, d *db.DB)) {
	path := filepath.Join(t.TempDir(), "test.db")
	o.Migrations = files
	synctest.Test(t, func(t *testing.T) { f(t, reopen(t, path, o)) })
}

func adding(id string) func(*db.Tx) error { return func(tx *db.Tx) error { return add(tx, id) } }

func TestAGroupIsAnsweredAfterItsCommonCommit(t *testing.T) {
	for _, volatile := range []bool{false, true} {
		bubble(t, things, db.Options{Volatile: volatile}, func(t *testing.T, d *db.DB) {
			g := behind(t, d)
			g.join(t.Context(), "a", adding("a"))
			last := make(chan bool)
			g.join(t.Context(), "b", func(tx *db.Tx) error { <-last; return add(tx, "b") })
			g.free()
			g.want() // a has run, but is not committed
			wantIDs(t, d, "")
			close(last)
			g.want("a: <nil>", "b: <nil>")
			wantIDs(t, d, "a b")
		})
	}
}

func TestAFailingMemberHarmsNobody(t *testing.T) {
	bubble(t, things, db.Options{Volatile: true}, func(t *testing.T, d *db.DB) {
		g := behind(t, d)
		g.join(t.Context(), "a", adding("a"))
		g.join(t.Context(), "b", func(tx *db.Tx) error { return errors.Join(add(tx, "b"), errOops) })
		g.join(t.Context(), "c", func(tx *db.Tx) error {
			if err := add(tx, "c"); err != nil {
				return err
			}
			_ = add(tx, "a") // fails, and c says nothing
			return nil
		})
		g.wg.Go(func() {
			defer func() { recover() }()
			_ = d.Do(t.Context(), noon, func(tx *db.Tx) error { _ = add(tx, "d"); panic("d") })
		})
		g.join(t.Context(), "e", adding("e"))
		g.free()
		g.mu.Lock()
		said := strings.Join(g.said, "; ")
		g.mu.Unlock()
		for _, want := range []string{"a: <nil>", "b: oops", "c: " + db.ErrAborted.Error(), "e: <nil>"} {
			if !strings.Contains(said, want) {
				t.Errorf("answers %q lack %q", said, want)
			}
		}
		wantIDs(t, d, "a e")
	})
}

func TestACommitThatFailsIsToldToAll(t *testing.T) {
	bubble(t, things, db.Options{Volatile: true}, func(t *testing.T, d *db.DB) {
		g := behind(t, d)
		g.join(t.Context(), "a", adding("a"))
		g.join(t.Context(), "b", func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO part (id, thing) VALUES ('p', 'nothing')`)
			return err // the reference is checked by the commit
		})
		g.free()
		g.mu.Lock()
		for _, said := range g.said {
			if !strings.Contains(said, "commit: ") {
				t.Errorf("answer %q, want an error of the commit", said)
			}
		}
		if len(g.said) != 2 {
			t.Errorf("answers %q, want two", g.said)
		}
		g.mu.Unlock()
		wantIDs(t, d, "")
		do(t, d, adding("c"))
		wantIDs(t, d, "c")
	})
}

func TestALostTransactionIsToldToItsMembersAndTheRestGoOn(t *testing.T) {
	bubble(t, things, db.Options{Volatile: true}, func(t *testing.T, d *db.DB) {
		g := behind(t, d)
		g.join(t.Context(), "a", adding("a"))
		g.join(t.Context(), "b", func(tx *db.Tx) error {
			_, err := tx.Exec(`ROLLBACK`) // as the engine does when the disk is full
			return err
		})
		g.join(t.Context(), "c", adding("c"))
		g.free()
		g.mu.Lock()
		slices.Sort(g.said)
		if len(g.said) != 3 || g.said[0] == "a: <nil>" || g.said[1] == "b: <nil>" || g.said[2] != "c: <nil>" {
			t.Errorf("answers %q, want errors for a and b", g.said)
		}
		g.mu.Unlock()
		wantIDs(t, d, "c")
	})
}

func TestAMemberThatStoppedWaitingDoesNotRun(t *testing.T) {
	bubble(t, things, db.Options{Volatile: true}, func(t *testing.T, d *db.DB) {
		g := behind(t, d)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		g.join(ctx, "a", adding("a"))
		g.join(t.Context(), "b", adding("b"))
		g.want()
		time.Sleep(time.Second)
		g.want("a: context deadline exceeded")
		g.free()
		g.want("a: context deadline exceeded", "b: <nil>")
		wantIDs(t, d, "b")
	})
}

func TestMoreStopWaitingThanFitInTheQueue(t *testing.T) {
	bubble(t, things, db.Options{Volatile: true}, func(t *testing.T, d *db.DB) {
		g := behind(t, d)
		ctx, cancel := context.WithCancel(t.Context())
		for range 600 {
			g.wg.Go(func() {
				if err := d.Do(ctx, noon, adding("never")); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want %v", err, context.Canceled)
				}
			})
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		g.free()
		g.wg.Wait()
		for i := range 3 {
			do(t, d, adding(fmt.Sprint(i)))
		}
		wantIDs(t, d, "0 1 2")
	})
}

func TestATransactionWritesNoMoreRowsThanTheLaw(t *testing.T) {
	bubble(t, things, db.Options{Volatile: true}, func(t *testing.T, d *db.DB) {
		many := func(prefix string) func(*db.Tx) error {
			return func(tx *db.Tx) error {
				_, err := tx.Exec(`INSERT INTO thing (id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
					SELECT $1 || i FROM n LIMIT 1500`, prefix)
				return err
			}
		}
		g := behind(t, d)
		g.join(t.Context(), "a", many("a"))
		g.join(t.Context(), "b", many("b"))
		last := make(chan bool)
		g.join(t.Context(), "c", func(tx *db.Tx) error { <-last; return nil })
		g.free()
		g.want("a: <nil>", "b: <nil>") // committed while c is still running
		close(last)
		g.want("a: <nil>", "b: <nil>", "c: <nil>")
	})
}

func TestMoreWaitThanFitInOneGroup(t *testing.T) {
	bubble(t, things, db.Options{Volatile: true}, func(t *testing.T, d *db.DB) {
		g := behind(t, d)
		for i := range 600 {
			g.wg.Go(func() { do(t, d, adding(fmt.Sprint(i))) })
		}
		g.free()
		g.wg.Wait()
		if n := number(t, d, `SELECT count(*) FROM thing`); n != 600 {
			t.Errorf("%d were kept, want 600", n)
		}
	})
}

func TestWhatWasCommittedMovesIntoTheFileBesideTheWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) {
		d := reopen(t, path, db.Options{Migrations: things})
		do(t, d, adding("a marker to look for"))
		if holds(t, path, "a marker to look for") {
			t.Error("it is in the file already, so this test shows nothing")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if !holds(t, path, "a marker to look for") {
			t.Error("a second later it is not in the file")
		}
	})
}

func TestTheLogOfChangesStaysShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	synctest.Test(t, func(t *testing.T) {
		d := reopen(t, path, db.Options{Migrations: things})
		n := 0
		write := func(size int) {
			n++
			do(t, d, func(tx *db.Tx) error {
				_, err := tx.Exec(`INSERT INTO thing (id, body) VALUES ($1, zeroblob($2))`, fmt.Sprint(n), size)
				return err
			})
		}
		wantAtMost := func(limit int64) {
			t.Helper()
			log, err := os.Stat(path + "-wal")
			if err != nil {
				t.Fatal(err)
			}
			if log.Size() > limit {
				t.Errorf("after %d writes the log has %d bytes, want at most %d", n, log.Size(), limit)
			}
		}
		for range 5 { // each is longer than a short log
			write(6 << 20)
			time.Sleep(time.Second)
			synctest.Wait()
			wantAtMost(7 << 20)
		}
		for range 3 { // a burst
			write(30 << 20)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		write(1)
		wantAtMost(64 << 20)
	})
}

func holds(t *testing.T, path, text string) bool {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(data), text)
}

func TestServeFlushesEachCommit(t *testing.T) {
	for volatile, want := range map[bool]string{false: "wal 2 0 1", true: "wal 0 1000 1"} {
		d := reopen(t, filepath.Join(t.TempDir(), "test.db"), db.Options{Volatile: volatile})
		var journal string
		var synchronous, auto, foreign int
		do(t, d, func(tx *db.Tx) error {
			return errors.Join(
				tx.QueryRow(`PRAGMA journal_mode`).Scan(&journal), tx.QueryRow(`PRAGMA synchronous`).Scan(&synchronous),
				tx.QueryRow(`PRAGMA wal_autocheckpoint`).Scan(&auto), tx.QueryRow(`PRAGMA foreign_keys`).Scan(&foreign))
		})
		if got := fmt.Sprint(journal, " ", synchronous, " ", auto, " ", foreign); got != want {
			t.Errorf("volatile %v: settings %s, want %s", volatile, got, want)
		}
	}
}

func TestMoreStatementsThanAreKeptPrepared(t *testing.T) {
	d := dbtest.Open(t)
	for round := range 2 {
		for i := range 700 {
			var got int
			do(t, d, func(tx *db.Tx) error { return tx.QueryRow(fmt.Sprintf(`SELECT %d`, i)).Scan(&got) })
			if got != i {
				t.Fatalf("round %d: got %d, want %d", round, got, i)
			}
		}
	}
}

// What is kept is about people: nobody but the program's user reads it.
func TestTheFileIsReadableForItsUserOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.db")
	d, err := db.Open(t.Context(), path, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has the permissions %o, want 600", filepath.Base(name), mode)
		}
	}
}
