package db_test

import (
	"errors"
	"fmt"
	"testing"

	"plumbline.dev/plumbline/internal/db"
)

func TestFunctionsBesideEachOtherTakeTurnsAtTheEngine(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		const each = 50
		do(t, d, func(tx *db.Tx) error {
			work := func(name string) func() error {
				return func() error {
					for i := range each {
						if err := add(tx, fmt.Sprintf("%s%d", name, i)); err != nil {
							return err
						}
						rows, err := tx.Query(`SELECT id FROM thing WHERE id LIKE $1 ORDER BY id`, name+"%")
						if err != nil {
							return err
						}
						n := 0
						for rows.Next() {
							n++
						}
						if err := rows.Close(); err != nil || n != i+1 {
							return fmt.Errorf("%s sees %d rows of its own, want %d: %w", name, n, i+1, err)
						}
						var one string
						if err := tx.QueryRow(`SELECT id FROM thing WHERE id = $1`, name+"0").Scan(&one); err != nil {
							return err
						}
					}
					return nil
				}
			}
			if err := tx.Beside(work("a"), work("b"), work("c")); err != nil {
				return err
			}
			if tx.Written() != 3*each {
				t.Errorf("%d rows written, want %d", tx.Written(), 3*each)
			}
			return add(tx, "after") // alone again
		})
		if n := number(t, d, `SELECT COUNT(*) FROM thing`); n != 3*each+1 {
			t.Errorf("%d rows, want %d", n, 3*each+1)
		}
	})
}

func TestOneThatFailsBesideOthersEndsTheTransaction(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		err := d.Do(t.Context(), noon, func(tx *db.Tx) error {
			return tx.Beside(func() error { return add(tx, "x") }, func() error { return errOops })
		})
		if !errors.Is(err, errOops) {
			t.Errorf("Do returns %v, want what one of them returned", err)
		}
		if n := number(t, d, `SELECT COUNT(*) FROM thing`); n != 0 {
			t.Errorf("%d rows were kept", n)
		}
	})
}

func TestRowsLeftUnreadKeepNobodyWaiting(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			if err := errors.Join(add(tx, "x"), add(tx, "y")); err != nil {
				return err
			}
			first := func() error {
				rows, err := tx.Query(`SELECT id FROM thing`)
				if err != nil {
					return err
				}
				defer rows.Close()
				rows.Next()
				return nil
			}
			return tx.Beside(first, first, first)
		})
	})
}

func TestThereAreNoSavepointsBesideOthers(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			err := tx.Beside(func() error { return tx.Savepoint(func() error { return nil }) })
			if err == nil {
				t.Error("a savepoint was made")
			}
			return nil
		})
	})
}
