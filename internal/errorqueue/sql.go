package errorqueue

const itemColumns = `SELECT location_id, kind, ref, cause, title, cure, detail, opened, tries, state, until, assignee, note FROM error_item `

const (
	upsertItem = `
		INSERT INTO error_item (location_id, kind, ref, cause, title, cure, detail, opened)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (location_id, kind, ref) DO UPDATE SET
			opened = CASE WHEN error_item.state IN ('done', 'skipped') THEN excluded.opened ELSE error_item.opened END,
			cause = excluded.cause, title = excluded.title, cure = excluded.cure, detail = excluded.detail,
			tries = error_item.tries + 1, state = 'open', until = 0, closed = 0`

	closeItem = `UPDATE error_item SET state = $4, note = $5, closed = $6
		WHERE location_id = $1 AND kind = $2 AND ref = $3 AND state IN ('open', 'retrying', 'snoozed')`

	setState    = `UPDATE error_item SET state = $4, until = $5 WHERE location_id = $1 AND kind = $2 AND ref = $3 AND state IN ('open', 'snoozed', 'retrying')`
	setAssignee = `UPDATE error_item SET assignee = $4 WHERE location_id = $1 AND kind = $2 AND ref = $3 AND state IN ('open', 'snoozed', 'retrying')`

	selectItem    = itemColumns + `WHERE location_id = $1 AND kind = $2 AND ref = $3`
	selectByCause = itemColumns + `WHERE location_id = $1 AND cause = $2 AND state IN ('open', 'snoozed') ORDER BY opened, kind, ref`
	selectOpen    = itemColumns + `WHERE location_id = $1 AND (state IN ('open', 'retrying') OR state = 'snoozed' AND until <= $2) ORDER BY opened, kind, ref`
	selectAll     = itemColumns + `WHERE location_id = $1 ORDER BY opened, kind, ref`
)
