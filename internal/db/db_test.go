package db_test

import (
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestWhatDoWroteViewReads(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Do(t.Context(), noon, func(tx *db.Tx) error {
			if _, err := tx.Exec(`INSERT INTO lane (location_id, name) VALUES ($1, $2)`, "austin", "advance"); err != nil {
				return err
			}
			return tx.Lane("austin", "advance")
		})
		if err != nil {
			t.Fatal(err)
		}
		var n int
		err = d.View(t.Context(), noon, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT count(*) FROM lane WHERE location_id = $1 AND location_id = $1`, "austin").Scan(&n)
		})
		if err != nil || n != 1 {
			t.Errorf("count = %d, %v, want 1", n, err)
		}
	})
}
