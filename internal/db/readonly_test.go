package db_test

import (
	"path/filepath"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
)

func TestADatabaseThatIsOpenForReadingTakesNothing(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	try := func(t *testing.T, url string, o db.Options) {
		o.ReadOnly = true
		d, err := db.Open(t.Context(), url, o)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		var n int
		if err := d.View(t.Context(), now, func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM delivery`).Scan(&n) }); err != nil {
			t.Error(err)
		}
		err = d.Do(t.Context(), now, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO activation (location_id, name, since) VALUES ('l', 'n', 1)`)
			return err
		})
		if err == nil {
			t.Error("it took a row")
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "a.db")
		if _, err := db.Open(t.Context(), file, db.Options{ReadOnly: true}); err == nil {
			t.Error("a file that is not there was opened")
		}
		d, err := db.Open(t.Context(), file, db.Options{Volatile: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		try(t, file, db.Options{})
	})
	t.Run("postgres", func(t *testing.T) {
		_, o := dbtest.OpenPostgres(t, db.Options{})
		try(t, dbtest.PostgresURL(t), o)
	})
}
