package record

import (
	"slices"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// Withdraw notes that a source says nothing any more, and never has: what it said is
// taken away by TakeWithdrawn, and what it says later is not heard. Of two decisions the
// smaller name is noted, whichever comes first.
func Withdraw(tx *db.Tx, location, connection, decision string) (err error) {
	defer plumbline.Wrap(&err, "withdraw %s", connection)

	_, err = tx.Exec(upsertWithdrawn, location, connection, decision)
	return err
}

// Withdrawn returns the sources of a location that are withdrawn, each with the
// delivery of the office that says so.
func Withdrawn(tx *db.Tx, location string) (map[string]string, error) {
	rows, err := tx.Query(selectWithdrawn, location)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var connection, decision string
		if err := rows.Scan(&connection, &decision); err != nil {
			return nil, err
		}
		out[connection] = decision
	}
	return out, rows.Err()
}

// TakeWithdrawn takes away and returns up to limit source records of one withdrawn
// source, with all to which they point. What the office has said about one of them
// stands alone from then on, as it does when nobody knows of what it is said. Called
// until it says that nothing is left to do; cut off, it goes on where it stopped.
func TakeWithdrawn(tx *db.Tx, location string, limit int) (gone []*Row, more bool, err error) {
	defer plumbline.Wrap(&err, "take away what is withdrawn")

	rows, err := tx.Query(selectLeaving, location)
	if err != nil {
		return nil, false, err
	}
	var connection, seen string
	if more = rows.Next(); more {
		err = rows.Scan(&connection, &seen)
	}
	rows.Close()
	if err == nil {
		err = rows.Err()
	}
	if err != nil || !more || limit <= 0 {
		return nil, false, err
	}
	// What is withdrawn gets no new records, so nothing appears behind seen.
	gone, err = scan(tx, selectOfConnection, location, connection, seen, limit)
	if err != nil {
		return nil, false, err
	}
	if len(gone) == 0 {
		_, err := tx.Exec(updateGone, location, connection)
		return nil, true, err
	}
	ids := make([]string, len(gone))
	for i, r := range gone {
		ids[i] = string(r.ID)
	}
	if err := takeAway(tx, location, ids); err != nil {
		return nil, false, err
	}
	_, err = tx.Exec(updateSeen, location, connection, slices.Max(ids))
	return gone, true, err
}

// takeAway takes source records away, with all to which they point.
func takeAway(tx *db.Tx, location string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := leaveAlone(tx, location, ids); err != nil {
		return err
	}
	for _, query := range []string{deleteRefsOf(tx), deleteRows(tx)} {
		if _, err := tx.Exec(query, location, db.JSON(ids)); err != nil {
			return err
		}
	}
	return nil
}

// leaveAlone lets what was said about records belong to nobody.
func leaveAlone(tx *db.Tx, location string, ids []string) error {
	about, err := scan(tx, selectAbout(tx), location, db.JSON(ids))
	if err != nil {
		return err
	}
	to := map[plumbline.SourceID]plumbline.GoldenID{}
	for _, r := range about {
		to[r.ID] = (&applying{}).belongs(r)
	}
	return Relink(tx, location, to)
}
