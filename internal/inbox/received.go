package inbox

import (
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// A Name is a delivery without what it says.
type Name struct {
	Connection, Key string
	Received        time.Time
}

// Received lists the names of all deliveries of a location that were applied or ignored,
// in the order of their receipt. Not those that a person has skipped or replaced, and not
// the rings of clocks.
func Received(tx *db.Tx, location string) (list []Name, err error) {
	defer plumbline.Wrap(&err, "list what was received")

	rows, err := tx.Query(selectReceived, location, plumbline.Clock)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n Name
		var received int64
		if err := rows.Scan(&n.Connection, &n.Key, &received); err != nil {
			return nil, err
		}
		n.Received = time.UnixMilli(received).UTC()
		list = append(list, n)
	}
	return list, rows.Err()
}
