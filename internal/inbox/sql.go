package inbox

import "plumbline.dev/plumbline/internal/db"

const columns = `SELECT d.location_id, d.connection, d.name, d.tool, d.event, d.object, d.subject, d.attempt,
	d.received, d.began, d.replaces, d.echoes, d.bytes FROM delivery d `

const (
	insertDelivery = `
		INSERT INTO delivery (location_id, connection, name, tool, event, object, subject, attempt, received, began, replaces, echoes, bytes)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (location_id, connection, name) DO NOTHING`

	// Two changes of one second are announced by the same bytes.
	updateThinAgain = `UPDATE delivery SET state = 0, reason = '', began = $4
		WHERE location_id = $1 AND connection = $2 AND name = $3 AND state IN (0, 1) AND reason LIKE 'read %'`

	selectThin = `SELECT COUNT(*) FROM delivery WHERE location_id = $1 AND connection = $2 AND state = 0 AND reason = $3 AND reason <> ''`

	selectThins = `SELECT DISTINCT reason FROM delivery WHERE location_id = $1 AND connection = $2 AND state = 0
		AND reason >= $3 AND reason < $4 AND reason <> '' ORDER BY reason`

	updateUnread = `UPDATE delivery SET state = 2, reason = $4 WHERE location_id = $1 AND connection = $2 AND state = 0 AND reason = $3 AND reason <> ''`

	upsertTally = `
		INSERT INTO tally (location_id, connection, day, what, n) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (location_id, connection, day, what) DO UPDATE SET n = tally.n + excluded.n`

	selectHears = `SELECT COUNT(*) FROM delivery WHERE location_id = $1 AND subject = $2 AND subject <> '' AND state = 0`

	// Written so that SQLite takes the few that have a subject from their own index, and
	// does not look for them through all that waits, whose index has this order.
	selectWaitingSubject = columns + `WHERE d.location_id = $1 AND d.state = 0 AND d.reason = '' AND d.subject <> '' AND d.subject > ''
		ORDER BY d.received + 0, d.connection, d.name LIMIT $2`

	selectWaiting = columns + `WHERE d.location_id = $1 AND d.state = 0 AND d.reason = ''
		ORDER BY d.received, d.connection, d.name LIMIT $2`

	selectDelivery = columns + `WHERE d.location_id = $1 AND d.connection = $2 AND d.name = $3`

	selectState = `SELECT state, reason FROM delivery WHERE location_id = $1 AND connection = $2 AND name = $3`

	selectAll = columns + `WHERE d.location_id = $1 AND (d.connection > $2 OR d.connection = $2 AND d.name > $3) AND d.state <> 0
		ORDER BY d.connection, d.name LIMIT $4`

	selectReceived = `SELECT connection, name, received FROM delivery
		WHERE location_id = $1 AND tool <> $2 AND state IN (1, 2) AND reason NOT LIKE 'skipped%' AND reason NOT LIKE 'replaced%'
		ORDER BY received, connection, name`

	selectAnswered = columns + `WHERE d.location_id = $1 AND d.connection = $2 AND d.object = $3 AND d.event = 'read'
		ORDER BY d.received DESC, d.name LIMIT 1`

	updateRetry = `UPDATE delivery SET state = 0, reason = '' WHERE location_id = $1 AND connection = $2 AND name = $3 AND state = 3`

	selectCounts = `
		SELECT connection, received / 86400000, CAST(state AS TEXT), COUNT(*) FROM delivery
		WHERE location_id = $1 AND received >= $2 AND received < $3
		GROUP BY connection, received / 86400000, state`

	selectHeard     = `SELECT hour, slots FROM spoken WHERE location_id = $1 AND connection = $2 AND hour >= $3 ORDER BY hour`
	selectHeardSpan = `SELECT COUNT(*), COALESCE(MIN(hour), 0), COALESCE(MAX(hour), 0) FROM spoken WHERE location_id = $1 AND connection = $2`

	selectTally = `SELECT connection, day, what, n FROM tally WHERE location_id = $1 AND day >= $2 AND day <= $3`
)

func updateStates(tx *db.Tx) string {
	return `UPDATE delivery SET state = v.s, reason = v.r
		FROM ` + tx.Set(2, "c text", "k text", "s bigint", "r text") + ` AS v
		WHERE delivery.location_id = $1 AND delivery.connection = v.c AND delivery.name = v.k AND delivery.state IN (0, 3)`
}

func updateCovered(tx *db.Tx) string {
	return `UPDATE delivery SET state = 1 FROM ` + tx.Set(2, "c text", "r text", "t bigint") + ` AS v
		WHERE delivery.location_id = $1 AND delivery.connection = v.c AND delivery.reason = v.r AND delivery.reason <> '' AND delivery.state = 0
		AND delivery.received <= v.t AND delivery.began <= v.t`
}

func selectStillWaiting(tx *db.Tx) string {
	return `SELECT d.connection, d.name FROM delivery d JOIN ` + tx.Set(2, "c text", "k text") + ` AS v
		ON d.connection = v.c AND d.name = v.k WHERE d.location_id = $1 AND d.state = 0`
}

func upsertHeard(tx *db.Tx) string {
	return `INSERT INTO spoken (location_id, connection, hour, slots)
		SELECT $1, v.c, v.h, v.s FROM ` + tx.Set(2, "c text", "h bigint", "s bigint") + ` AS v WHERE true
		ON CONFLICT (location_id, connection, hour) DO UPDATE SET slots = spoken.slots | excluded.slots
		WHERE (spoken.slots | excluded.slots) <> spoken.slots`
}
