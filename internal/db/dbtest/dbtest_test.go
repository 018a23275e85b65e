package dbtest

import (
	"database/sql"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"plumbline.dev/plumbline/internal/db"
)

func TestADatabaseBelongsToItsBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := Open(t)
		begun := time.Now()
		for range 3 {
			if err := d.Do(t.Context(), time.Now(), take); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		if took := time.Since(begun); took != 3*time.Hour {
			t.Errorf("%v have passed, want three hours: the database spends simulated time", took)
		}
	})
}

func TestEachTestOnPostgreSQLHasItsOwnEmptySchema(t *testing.T) {
	var schemas []string
	for range 2 {
		t.Run("two at once", func(t *testing.T) {
			for range 2 {
				d, o := OpenPostgres(t, db.Options{})
				schemas = append(schemas, o.Schema)
				if err := d.Do(t.Context(), time.Time{}, take); err != nil {
					t.Errorf("the lane is taken in another one: %v", err)
				}
			}
		})
	}
	if len(schemas) != 4 || schemas[0] == schemas[1] || schemas[2] == schemas[3] {
		t.Errorf("the schemas were %q, want two at once", schemas)
	}
}

func TestTablesOfATestsOwnAreDropped(t *testing.T) {
	var own string
	t.Run("a test", func(t *testing.T) {
		_, o := OpenPostgres(t, db.Options{Migrations: fstest.MapFS{"0001_own.sql": {Data: []byte("CREATE TABLE own (location_id TEXT PRIMARY KEY);")}}})
		own = o.Schema
	})
	pool, err := sql.Open("pgx", PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var n int
	if err := pool.QueryRow(`SELECT count(*) FROM pg_namespace WHERE nspname = $1`, own).Scan(&n); err != nil || n != 0 {
		t.Errorf("schema %s is still there (%d, %v)", own, n, err)
	}
}

// take inserts the row of a lane named for the instant, and fails if it is there.
func take(tx *db.Tx) error {
	_, err := tx.Exec(`INSERT INTO lane (location_id, name) VALUES ('austin', $1)`, tx.Now.String())
	return err
}
