package outbox

import "plumbline.dev/plumbline/internal/db"

// upsertOutbox leaves a row alone that nothing carries and that would say the same: what
// it stands for is looked at when it is taken up.
func upsertOutbox(tx *db.Tx) string {
	return `INSERT INTO outbox (location_id, connection, room, record, due, class, lot, rank)
		SELECT $1, v.c, v.r, v.k, v.d, v.p, v.l, v.o
		FROM ` + tx.Set(2, "c text", "r text", "k text", "d bigint", "p bigint", "l text", "o bigint") + ` AS v WHERE true
		ON CONFLICT (location_id, connection, room, record) DO UPDATE SET
			gen = outbox.gen + 1, tries = 0, lot = excluded.lot, rank = excluded.rank,
			class = CASE WHEN excluded.class < outbox.class THEN excluded.class ELSE outbox.class END,
			due = CASE WHEN excluded.due < outbox.due OR outbox.attempt <> '' THEN excluded.due ELSE outbox.due END
		WHERE outbox.attempt <> '' OR outbox.tries <> 0 OR excluded.due < outbox.due OR excluded.class < outbox.class
			OR excluded.lot <> outbox.lot OR excluded.rank <> outbox.rank`
}

// called are the rows that may be called for: of a connection that rehearses, sweeps only.
const called = `(c.mode = 'on' OR c.mode = 'rehearsal' AND o.class = 3)`

func selectOwed(tx *db.Tx) string {
	return `SELECT record FROM outbox WHERE location_id = $1 AND connection = $2 AND room = $3 AND record IN ` + tx.In(4)
}

const (
	deleteOwed = `DELETE FROM outbox WHERE location_id = $1 AND connection = $2 AND room = $3 AND record = $4 AND attempt = ''`

	selectNextDue = `SELECT COUNT(*), COALESCE(MIN(o.due), 0) FROM outbox o
		JOIN connection c ON c.location_id = o.location_id AND c.name = o.connection
		WHERE c.quota = $1 AND ` + called + ` AND o.attempt = ''`

	// selectLots lists first what a person has let go on (a rank below 0), then what has been
	// due longest: by rank, a lot to which something is always added would hold up those
	// after it.
	selectLots = `SELECT o.location_id, o.connection, o.room, o.lot, o.class FROM outbox o
		JOIN connection c ON c.location_id = o.location_id AND c.name = o.connection
		WHERE c.quota = $1 AND ` + called + ` AND o.attempt = '' AND o.due <= $2
		GROUP BY o.location_id, o.connection, o.room, o.lot, o.class
		ORDER BY o.class, CASE WHEN MIN(o.rank) < 0 THEN 0 ELSE 1 END, MIN(o.due), MIN(o.rank), o.location_id, o.connection, o.room, o.lot`

	selectDue = `SELECT record, gen, due, tries FROM outbox
		WHERE location_id = $1 AND connection = $2 AND room = $3 AND lot = $4 AND attempt = '' AND due <= $5 AND class = $6
		ORDER BY rank, due, record LIMIT $7`

	updateCarried = `UPDATE outbox SET attempt = $5
		WHERE location_id = $1 AND connection = $2 AND room = $3 AND record = $4 AND attempt = '' AND gen = $6`

	insertAttempt = `
		INSERT INTO attempt (location_id, id, connection, room, quota, epoch, started, deadline, carries, request)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

	countAttempt = `SELECT COUNT(*) FROM attempt WHERE location_id = $1 AND id = $2`

	updateAttempt = `UPDATE attempt SET state = $3, outcome = $4, settled = $5 WHERE location_id = $1 AND id = $2 AND state IN ('open', 'unknown')`

	updateAskLater = `UPDATE attempt SET state = 'unknown', deadline = $3, asks = asks + 1 WHERE location_id = $1 AND id = $2`

	selectOpen = `SELECT location_id, deadline, asks, id, connection, room, started, epoch, carries, request, state, outcome
		FROM attempt WHERE quota = $1 AND state IN ('open', 'unknown') ORDER BY deadline, location_id, id LIMIT 1`

	selectAttemptsOf = `SELECT id, connection, room, started, epoch, carries, request, state, outcome FROM attempt
		WHERE location_id = $1 AND connection = $2 AND room = $3 AND carries LIKE $4 ORDER BY started, id`

	deleteDone = `DELETE FROM outbox WHERE location_id = $1 AND connection = $2 AND room = $3 AND record = $4 AND gen = $5`

	updateFree = `UPDATE outbox SET attempt = '' WHERE location_id = $1 AND connection = $2 AND room = $3 AND record = $4`

	updateAgain = `UPDATE outbox SET attempt = '', tries = CASE WHEN gen = $7 THEN $6 ELSE 0 END,
		due = CASE WHEN gen = $7 THEN $5 ELSE due END
		WHERE location_id = $1 AND connection = $2 AND room = $3 AND record = $4`

	updateParked = `UPDATE outbox SET attempt = '', due = CASE WHEN gen = $6 THEN CAST($5 AS BIGINT) ELSE CAST($7 AS BIGINT) END
		WHERE location_id = $1 AND connection = $2 AND room = $3 AND record = $4`

	countRetried = `SELECT COUNT(*) FROM outbox o JOIN connection c ON c.location_id = o.location_id AND c.name = o.connection
		WHERE c.quota = $1 AND o.attempt = '' AND o.rank = $2 AND o.due <= $3`

	updateUnpark = `UPDATE outbox SET due = $5, tries = 0, rank = $6 WHERE location_id = $1 AND connection = $2 AND room = $3 AND record = $4 AND attempt = ''`
)
