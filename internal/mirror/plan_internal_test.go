package mirror

import (
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
)

// What waits is few among many, and is looked for by every poll.
func TestWhatWaitsIsFoundByItsIndex(t *testing.T) {
	d := dbtest.Open(t)
	for name, q := range map[string]struct {
		query string
		args  []any
	}{"waiting": {selectWaiting, []any{"l", "c", "t", "k", 1, 1}}, "first waiting": {selectFirstWaiting, []any{"l", "c", "t", 1}}} {
		var plan []string
		err := d.View(t.Context(), time.Unix(0, 0), func(tx *db.Tx) error {
			rows, err := tx.Query("EXPLAIN QUERY PLAN "+q.query, q.args...)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var id, parent, unused int
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					return err
				}
				plan = append(plan, detail)
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(plan, "; "); !strings.Contains(all, "target_record_waiting") {
			t.Errorf("%s: %s", name, all)
		}
	}
}
