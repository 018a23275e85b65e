package errorqueue

import "plumbline.dev/plumbline/internal/db"

const itemColumns = `SELECT location_id, kind, ref, cause, title, cure, detail, opened, received, tries, state, until, assignee, note, told FROM error_item `

const (
	// What fails again while it is snoozed for the same cause is still snoozed.
	upsertItem = `
		INSERT INTO error_item (location_id, kind, ref, cause, title, cure, detail, opened, received)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (location_id, kind, ref) DO UPDATE SET
			opened = CASE WHEN error_item.state IN ('done', 'skipped') THEN excluded.opened ELSE error_item.opened END,
			told = CASE WHEN error_item.state IN ('done', 'skipped') THEN 0 ELSE error_item.told END,
			until = CASE WHEN error_item.state = 'snoozed' AND error_item.cause = excluded.cause THEN error_item.until ELSE 0 END,
			state = CASE WHEN error_item.state = 'snoozed' AND error_item.cause = excluded.cause THEN 'snoozed' ELSE 'open' END,
			cause = excluded.cause, title = excluded.title, cure = excluded.cure, detail = excluded.detail,
			received = excluded.received, tries = error_item.tries + 1, closed = 0`

	closeItem = `UPDATE error_item SET state = $4, note = $5, closed = $6
		WHERE location_id = $1 AND kind = $2 AND ref = $3 AND state IN ('open', 'snoozed')`

	setState    = `UPDATE error_item SET state = $4, until = $5 WHERE location_id = $1 AND kind = $2 AND ref = $3 AND state IN ('open', 'snoozed')`
	setAssignee = `UPDATE error_item SET assignee = $4 WHERE location_id = $1 AND kind = $2 AND ref = $3 AND state IN ('open', 'snoozed')`

	selectItem    = itemColumns + `WHERE location_id = $1 AND kind = $2 AND ref = $3`
	selectOfCause = itemColumns + `WHERE location_id = $1 AND cause = $2 AND state IN ('open', 'snoozed') ORDER BY received, kind, ref`
	selectOpen    = itemColumns + `WHERE location_id = $1 AND state = 'open' ORDER BY opened, received, kind, ref`
	selectOverdue = itemColumns + `WHERE location_id = $1 AND state = 'open' AND told = 0 AND opened <= $2 ORDER BY opened, received, kind, ref LIMIT $3`
	selectDue     = itemColumns + `WHERE location_id = $1 AND state = 'snoozed' AND until <= $2 ORDER BY until, kind, ref LIMIT $3`

	selectNextDue = `SELECT COUNT(*), COALESCE(MIN(until), 0) FROM error_item WHERE location_id = $1 AND state = 'snoozed'`
	selectUntold  = `SELECT COUNT(*), COALESCE(MIN(opened), 0) FROM error_item WHERE location_id = $1 AND state = 'open' AND told = 0`
)

func updateTold(tx *db.Tx) string {
	return `UPDATE error_item SET told = $2
		FROM ` + tx.Set(3, "kind text", "ref text") + ` AS v
		WHERE error_item.location_id = $1 AND error_item.kind = v.kind AND error_item.ref = v.ref AND error_item.told = 0`
}
