package db_test

import (
	"fmt"
	"sync"
	"testing"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
)

// countTable has something to count under a lane.
const countTable = `CREATE TABLE counter (location_id TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (location_id));`

func TestALaneHasOneWriterOverAllNodes(t *testing.T) {
	places(t, func(t *testing.T, url string, o db.Options) {
		nodes := []*db.DB{reopen(t, url, o)}
		if nodes[0].Engine() == db.PostgreSQL {
			nodes = append(nodes, reopen(t, url, o))
		}
		do(t, nodes[0], func(tx *db.Tx) error { _, err := tx.Exec(countTable); return err })
		const writers, turns = 4, 10
		var wg sync.WaitGroup
		for _, node := range nodes {
			for range writers {
				wg.Go(func() {
					for range turns {
						do(t, node, count)
					}
				})
			}
		}
		wg.Wait()
		want := int64(len(nodes) * writers * turns)
		if n := number(t, nodes[0], `SELECT n FROM counter WHERE location_id = 'austin'`); n != want {
			t.Errorf("counted %d, want %d: a writer read what another was about to change", n, want)
		}
	})
}

// count reads, adds one in Go and writes, which loses counts unless the lane,
// not yet there at first, keeps the others out.
func count(tx *db.Tx) error {
	if err := tx.Lane("austin", "advance"); err != nil {
		return err
	}
	var n int64
	if err := tx.QueryRow(`SELECT coalesce(max(n), 0) FROM counter WHERE location_id = $1`, "austin").Scan(&n); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO counter (location_id, n) VALUES ($1, $2)
		ON CONFLICT (location_id) DO UPDATE SET n = excluded.n`, "austin", n+1)
	return err
}

func TestALaneThatIsHeldIsPassedOver(t *testing.T) {
	d, o := dbtest.OpenPostgres(t, db.Options{})
	other := reopen(t, dbtest.PostgresURL(t), o)
	try := func(d *db.DB, location, name string) (got bool) {
		do(t, d, func(tx *db.Tx) (err error) { got, err = tx.TryLane(location, name); return err })
		return got
	}
	for _, round := range []string{"the lane is new", "the lane has a row"} {
		do(t, d, func(tx *db.Tx) error {
			if err := tx.Lane("austin", "advance"); err != nil {
				return err
			}
			if try(other, "austin", "advance") {
				t.Errorf("%s: another node got it too", round)
			}
			if !try(other, "austin", "import") || !try(other, "dallas", "advance") {
				t.Errorf("%s: the other lanes are not free", round)
			}
			again, err := tx.TryLane("austin", "advance")
			if !again {
				t.Errorf("%s: its holder does not get it again", round)
			}
			return err
		})
		if !try(other, "austin", "advance") {
			t.Errorf("%s: it is not free afterwards", round)
		}
	}
}

func TestALaneIsAlwaysFreeOnSQLite(t *testing.T) {
	d := dbtest.Open(t)
	do(t, d, func(tx *db.Tx) error {
		got, err := tx.TryLane("austin", "advance")
		if !got {
			t.Error("it is not")
		}
		return err
	})
	if n := number(t, d, `SELECT count(*) FROM lane`); n != 0 {
		t.Errorf("%d rows were written, want none", n)
	}
}

func TestRowsThatAnotherHoldsAreSkippedOrWaitedFor(t *testing.T) {
	d, o := dbtest.OpenPostgres(t, db.Options{Migrations: things})
	other := reopen(t, dbtest.PostgresURL(t), o)
	do(t, d, func(tx *db.Tx) error {
		for i := range 3 {
			if err := add(tx, fmt.Sprint(i)); err != nil {
				return err
			}
		}
		return nil
	})
	waited := make(chan error)
	do(t, d, func(tx *db.Tx) error {
		if _, err := tx.Texts(`SELECT id FROM thing WHERE id = '1'` + tx.ForUpdate()); err != nil {
			return err
		}
		do(t, other, func(tx *db.Tx) error {
			got, err := tx.Texts(`SELECT id FROM thing ORDER BY id` + tx.SkipLocked())
			if fmt.Sprint(got) != "[0 2]" {
				t.Errorf("it took %v, want 0 and 2", got)
			}
			return err
		})
		go func() {
			waited <- other.Do(t.Context(), noon, func(tx *db.Tx) error {
				var n int64
				if err := tx.QueryRow(`SELECT n FROM thing WHERE id = '1'` + tx.ForUpdate()).Scan(&n); err != nil {
					return err
				}
				if n != 5 {
					t.Errorf("it read %d, want the 5 it had to wait for", n)
				}
				return nil
			})
		}()
		_, err := tx.Exec(`UPDATE thing SET n = 5 WHERE id = '1'`)
		return err
	})
	if err := <-waited; err != nil {
		t.Error(err)
	}
}
