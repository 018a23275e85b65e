package db_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/db"
)

func TestFunctionsBesideEachOtherTakeTurnsAtTheEngine(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		const each = 50
		do(t, d, func(tx *db.Tx) error {
			work := func(name string) func(*db.Tx) error {
				return func(tx *db.Tx) error {
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
			return tx.Beside(func(tx *db.Tx) error { return add(tx, "x") }, func(*db.Tx) error { return errOops })
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
			first := func(tx *db.Tx) error {
				rows, err := tx.Query(`SELECT id FROM thing`)
				if err != nil {
					return err
				}
				rows.Next() // and forgets the rest
				return rows.Err()
			}
			return tx.Beside(first, first, first)
		})
	})
}

func TestAStatementBeforeTheLastOneIsReadIsAnErrorAndNoWaitForEver(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		err := d.Do(t.Context(), noon, func(tx *db.Tx) error {
			if err := errors.Join(add(tx, "x"), add(tx, "y")); err != nil {
				return err
			}
			return tx.Beside(func(tx *db.Tx) error {
				rows, err := tx.Query(`SELECT id FROM thing`)
				if err != nil {
					return err
				}
				defer rows.Close()
				rows.Next()
				return add(tx, "z")
			})
		})
		if err == nil || !strings.Contains(err.Error(), "neither read nor closed") {
			t.Errorf("Do returns %v", err)
		}
	})
}

func TestAPanicBesideOthersLeavesNobodyWaiting(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		defer func() {
			if p := recover(); p != errOops {
				t.Errorf("recovered %v, want what one of them panicked with", p)
			}
		}()
		_ = d.Do(t.Context(), noon, func(tx *db.Tx) error {
			return errors.Join(add(tx, "x"), tx.Beside(func(tx *db.Tx) error {
				if _, err := tx.Query(`SELECT id FROM thing`); err != nil {
					return err
				}
				panic(errOops)
			}, func(tx *db.Tx) error { return add(tx, "y") }))
		})
		t.Error("it went on")
	})
}

func TestNothingRunsBesideWhatRunsBesideOthers(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			err := tx.Beside(func(tx *db.Tx) error { return tx.Beside() })
			if err == nil {
				t.Error("it did")
			}
			return nil
		})
	})
}

func TestThereAreNoSavepointsBesideOthers(t *testing.T) {
	each(t, things, func(t *testing.T, d *db.DB) {
		do(t, d, func(tx *db.Tx) error {
			err := tx.Beside(func(tx *db.Tx) error { return tx.Savepoint(func() error { return nil }) })
			if err == nil {
				t.Error("a savepoint was made")
			}
			return nil
		})
	})
}
