package inbox

import (
	"math/bits"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// Slot is how exactly it is noted when a source has spoken.
const Slot = 5 * time.Minute

// An Hour is one in which a source has spoken by itself.
type Hour struct {
	Start time.Time
	Slots uint16 // bit n: in the n-th slot of it
}

// Last is the end of the last slot of the hour in which it spoke.
func (h Hour) Last() time.Time { return h.Start.Add(time.Duration(bits.Len16(h.Slots)) * Slot) }

// Hear notes when the sources of deliveries have spoken by themselves: answers to
// questions of ours, receipts of what we sent and what people here have said are left
// out. Noted twice, and in any order, it is the same.
func Hear(tx *db.Tx, location string, list ...plumbline.Delivery) (err error) {
	defer plumbline.Wrap(&err, "note when sources have spoken")

	type row struct {
		C string `json:"c"`
		H int64  `json:"h"`
		S int64  `json:"s"`
	}
	var rows []row
	for _, d := range list {
		if !spoken(d) {
			continue
		}
		r := row{d.Connection, d.Received.UnixMilli() / time.Hour.Milliseconds(), 1 << (d.Received.UnixMilli() % time.Hour.Milliseconds() / Slot.Milliseconds())}
		i := slices.IndexFunc(rows, func(o row) bool { return o.C == r.C && o.H == r.H })
		if i < 0 {
			rows = append(rows, r)
			continue
		}
		rows[i].S |= r.S
	}
	if len(rows) == 0 {
		return nil
	}
	_, err = tx.Exec(upsertHeard(tx), location, db.JSON(rows))
	return err
}

func spoken(d plumbline.Delivery) bool {
	switch d.Tool {
	case plumbline.Office, plumbline.Clock:
		return false
	}
	return d.Event != "read" && d.Attempt == "" && d.Replaces == "" && !strings.HasPrefix(d.Connection, plumbline.Import)
}

// HeardSince returns the hours in which a source has spoken by itself since an instant,
// in order, that of the instant whole.
func HeardSince(tx *db.Tx, location, connection string, since time.Time) (list []Hour, err error) {
	defer plumbline.Wrap(&err, "read when %s has spoken", connection)

	rows, err := tx.Query(selectHeard, location, connection, since.UnixMilli()/time.Hour.Milliseconds())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var hour, slots int64
		if err := rows.Scan(&hour, &slots); err != nil {
			return nil, err
		}
		list = append(list, Hour{time.UnixMilli(hour * time.Hour.Milliseconds()).UTC(), uint16(slots)})
	}
	return list, rows.Err()
}

// HeardSpan is when a source was heard first and when last, to the hour and to the end of
// the slot; zero if it never was.
func HeardSpan(tx *db.Tx, location, connection string) (first, last time.Time, err error) {
	defer plumbline.Wrap(&err, "read when %s has spoken first and last", connection)

	var n int
	var from, hour int64
	if err := tx.QueryRow(selectHeardSpan, location, connection).Scan(&n, &from, &hour); err != nil || n == 0 {
		return first, last, err
	}
	list, err := HeardSince(tx, location, connection, time.UnixMilli(hour*time.Hour.Milliseconds()))
	if err != nil || len(list) == 0 {
		return first, last, err
	}
	return time.UnixMilli(from * time.Hour.Milliseconds()).UTC(), list[len(list)-1].Last(), nil
}
