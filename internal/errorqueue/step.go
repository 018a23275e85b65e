package errorqueue

import (
	"context"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// batch bounds how many items one transaction brings back or notes as told of.
const batch = 500

// Step brings back the snoozed items of a location whose time has come. Done twice, or
// cut off, it brings back what is left.
func Step(ctx context.Context, d *db.DB, now time.Time, location string) (worked bool, next time.Time, err error) {
	defer plumbline.Wrap(&err, "bring back the snoozed items of location %s", location)

	err = d.View(ctx, now, func(tx *db.Tx) error {
		next, err = earliest(tx, selectNextDue, location)
		return err
	})
	if err != nil || next.IsZero() || next.After(now) {
		return false, next, err
	}
	err = d.Do(ctx, now, func(tx *db.Tx) error {
		due, err := scan(tx, selectDue, location, now.UnixMilli(), batch)
		if err != nil {
			return err
		}
		for _, i := range due {
			if _, err := tx.Exec(setState, location, i.Kind, i.Ref, "open", 0); err != nil {
				return err
			}
		}
		return nil
	})
	return err == nil, now, err
}

func earliest(tx *db.Tx, query, location string) (time.Time, error) {
	var n int
	var at int64
	err := tx.QueryRow(query, location).Scan(&n, &at)
	return instant(at), err
}

// FirstUntold is when the open item was opened that has waited longest without anybody
// being told; zero if there is none.
func FirstUntold(tx *db.Tx, location string) (time.Time, error) {
	return earliest(tx, selectUntold, location)
}

// Overdue returns open items that were opened by an instant and of which nobody has
// been told, the oldest first and a bounded number.
func Overdue(tx *db.Tx, location string, by time.Time) ([]Item, error) {
	return scan(tx, selectOverdue, location, by.UnixMilli(), batch)
}

// Tell notes that staff are told of items. Each is told of once, until it is closed and
// opened anew.
func Tell(tx *db.Tx, location string, list []Item) (err error) {
	defer plumbline.Wrap(&err, "note that staff are told of %d items", len(list))

	type row struct {
		Kind string `json:"kind"`
		Ref  string `json:"ref"`
	}
	rows := make([]row, len(list))
	for n, i := range list {
		rows[n] = row{i.Kind, i.Ref}
	}
	_, err = tx.Exec(updateTold(tx), location, tx.Now.UnixMilli(), db.JSON(rows))
	return err
}
