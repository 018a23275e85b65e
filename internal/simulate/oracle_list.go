package simulate

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/lookup"
)

// late is how much later than it should a list may be read in bad weather, and after an
// outage: a call that fails is made again within ten minutes.
const late = 45 * time.Minute

// listsAreRead: what a webhook did not bring is known after the time that lookup states,
// since each list of a source is read so often. The time in which the source could not be
// reached or had shut us out, or nobody was there to ask, does not count.
func listsAreRead(ctx context.Context, o *oracle, bad broken) error {
	_, hours, err := o.node.Advance.Policy(o.id)
	if err != nil {
		return err
	}
	for connection, host := range map[string]string{"hcp": o.host("housecallpro"), "jobber": o.host("getjobber")} {
		if connection == "hcp" && o.field == nil || connection == "jobber" && o.jobber == nil {
			continue
		}
		read, err := o.readings(ctx, connection)
		if err != nil {
			return err
		}
		if len(read) == 0 {
			bad("no list of %s was ever read", connection)
		}
		for _, list := range slices.Sorted(maps.Keys(read)) {
			last := o.w.start
			for _, at := range append(read[list], o.w.now) {
				due := lookup.NextPull(hours, last)
				for _, s := range o.w.dead {
					due = due.Add(s.overlap(last, at))
				}
				for _, s := range o.shut {
					if connection == "jobber" {
						due = due.Add(s.overlap(last, at))
					}
				}
				for _, s := range o.w.down[host] {
					if lost := s.overlap(last, at); lost > 0 {
						due = due.Add(lost + late)
					}
				}
				if at.After(due.Add(late)) {
					bad("the list %s of %s was read at %s and again at %s only; it was due at %s", list, connection,
						last.Format(time.RFC3339), at.Format(time.RFC3339), due.Format(time.RFC3339))
				}
				last = at
			}
		}
	}
	return nil
}

// readings says when each list of a connection was read, in order: where a node died with
// the call, when it was asked again.
func (o *oracle) readings(ctx context.Context, connection string) (map[string][]time.Time, error) {
	read := map[string][]time.Time{}
	return read, o.view(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT carries, CASE WHEN state = 'decided' THEN settled ELSE started END AS at FROM attempt WHERE location_id = $1 AND connection = $2 AND room = $3 AND outcome = 'read'
			AND carries LIKE '%"pull/%' ORDER BY at, id`, o.id, connection, lookup.Room)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var carries string
			var started int64
			if err := rows.Scan(&carries, &started); err != nil {
				return err
			}
			var list []struct{ Record string }
			if err := json.Unmarshal([]byte(carries), &list); err != nil {
				return err
			}
			for _, r := range list {
				read[r.Record] = append(read[r.Record], time.UnixMilli(started).UTC())
			}
		}
		return rows.Err()
	})
}
