package mirror

import "plumbline.dev/plumbline/internal/db"

func selectDesired(tx *db.Tx) string {
	return `SELECT subject, doc FROM desired WHERE location_id = $1 AND connection = $2 AND type = $3 AND subject IN ` + tx.In(4)
}

// selectOfJobs lists what is wanted of a type and linked to records of jobs.
func selectOfJobs(tx *db.Tx) string {
	return `SELECT DISTINCT subject FROM desired_link WHERE location_id = $1 AND connection = $2 AND to_type = $3 AND type = $4 AND to_subject IN ` + tx.In(5)
}

func deleteLinks(tx *db.Tx) string {
	return `DELETE FROM desired_link WHERE location_id = $1 AND connection = $2 AND type = $3 AND subject IN ` + tx.In(4)
}

func deleteDesired(tx *db.Tx) string {
	return `DELETE FROM desired WHERE location_id = $1 AND connection = $2 AND type = $3 AND subject IN ` + tx.In(4)
}

const (
	insertDesired  = `INSERT INTO desired (location_id, connection, type, subject, doc)`
	replaceDesired = `ON CONFLICT (location_id, connection, type, subject) DO UPDATE SET doc = excluded.doc`
)

func insertLinks(tx *db.Tx) string {
	return `INSERT INTO desired_link (location_id, connection, type, subject, to_type, to_subject, role)
		SELECT $1, $2, $3, v.f, v.t, v.s, v.r FROM ` + tx.Set(4, "f text", "t text", "s text", "r text") + ` AS v WHERE true
		ON CONFLICT (location_id, connection, type, subject, to_type, to_subject, role) DO NOTHING`
}

const (
	selectDesiredAfter = `SELECT type, subject, doc FROM desired
		WHERE location_id = $1 AND connection = $2 AND (type > $3 OR type = $3 AND subject > $4) ORDER BY type, subject LIMIT $5`

	selectLinked = `SELECT DISTINCT type, subject FROM desired_link
		WHERE location_id = $1 AND connection = $2 AND to_type = $3 AND to_subject = $4 AND (type > $5 OR type = $5 AND subject > $6)
		ORDER BY type, subject LIMIT $7`
)

const targetColumns = `SELECT type, key_id, vendor_id, state, reason, owed, verified, doc FROM target_record `

func selectTargets(tx *db.Tx) string {
	return targetColumns + `WHERE location_id = $1 AND connection = $2 AND type = $3 AND key_id IN ` + tx.In(4) + ` ORDER BY owed, key_id`
}

func selectTargetsByID(tx *db.Tx) string {
	return targetColumns + `WHERE location_id = $1 AND connection = $2 AND type = $3 AND vendor_id <> '' AND vendor_id IN ` + tx.In(4) + ` ORDER BY owed, key_id`
}

// waits is in the words of the index target_record_waiting: those of another sense that
// comes to the same are no reason for an engine to use it, and it reads all records.
const (
	waits = `state IN ('waiting_adoption', 'waiting_poll', 'waiting_candidate', 'waiting_record')`

	selectWaiting = targetColumns + `WHERE location_id = $1 AND connection = $2 AND (type, key_id) > ($3, $4)
		AND ` + waits + ` AND (state <> 'waiting_poll' OR owed <= $5)
		ORDER BY type, key_id LIMIT $6`

	selectFirstWaiting = `SELECT COALESCE(MIN(owed), 0) FROM target_record
		WHERE location_id = $1 AND connection = $2 AND type = $3 AND ` + waits + ` AND state = 'waiting_poll' AND owed > $4`
)

func upsertTargets(tx *db.Tx) string {
	return `INSERT INTO target_record (location_id, connection, type, key_id, vendor_id, state, reason, owed, verified, doc)
		SELECT $1, $2, v.t, v.k, v.v, v.s, v.r, v.o, v.a, v.d
		FROM ` + tx.Set(3, "t text", "k text", "v text", "s text", "r text", "o bigint", "a bigint", "d text") + ` AS v WHERE true
		ON CONFLICT (location_id, connection, type, key_id) DO UPDATE SET vendor_id = excluded.vendor_id,
			state = excluded.state, reason = excluded.reason, owed = excluded.owed, verified = excluded.verified, doc = excluded.doc`
}

const (
	selectPoll = `SELECT next, through, complete, news FROM poll WHERE location_id = $1 AND connection = $2 AND stream = $3`

	upsertPoll = `
		INSERT INTO poll (location_id, connection, stream, next, through, complete, news) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (location_id, connection, stream) DO UPDATE SET next = excluded.next, through = excluded.through,
			complete = excluded.complete, news = excluded.news`

	selectSchema = `SELECT doc FROM target_schema WHERE location_id = $1 AND connection = $2`
	upsertSchema = `INSERT INTO target_schema (location_id, connection, at, doc) VALUES ($1, $2, $3, $4)
		ON CONFLICT (location_id, connection) DO UPDATE SET at = excluded.at, doc = excluded.doc`
)

const (
	insertTasks      = `INSERT INTO task (location_id, id, rule, about, person, title, body, due, opened)`
	taskColumns      = `SELECT id, rule, about, person, title, body, due, opened, closed FROM task `
	selectTasksAfter = taskColumns + `WHERE location_id = $1 AND id > $2 ORDER BY id LIMIT $3`
)

func selectOpenTasks(tx *db.Tx) string {
	return taskColumns + `WHERE location_id = $1 AND closed = 0 AND about IN (SELECT w.s FROM ` + tx.Set(2, "s text") + ` AS w)
		AND EXISTS (SELECT 1 FROM ` + tx.Set(2, "r text", "s text") + ` AS v WHERE v.r = task.rule AND v.s = task.about) ORDER BY id`
}

func closeTasks(tx *db.Tx) string {
	return `UPDATE task SET closed = $3, why = v.w FROM ` + tx.Set(2, "i text", "w text") + ` AS v
		WHERE task.location_id = $1 AND task.id = v.i AND task.closed = 0`
}

func selectTasks(tx *db.Tx) string {
	return taskColumns + `WHERE location_id = $1 AND id IN ` + tx.In(2) + ` ORDER BY id`
}

// confirmed are the records that a sweep reads, in the words of the index
// target_record_verified.
const confirmed = `location_id = $1 AND connection = $2 AND vendor_id <> ''`

const (
	selectUnverified = `SELECT vendor_id FROM target_record
		WHERE ` + confirmed + ` AND type = $3 AND verified < $4 ORDER BY verified LIMIT $5`

	selectVerified = `SELECT type, COUNT(*), SUM(CASE WHEN verified < $3 THEN 1 ELSE 0 END), MIN(verified) FROM target_record
		WHERE ` + confirmed + ` GROUP BY type ORDER BY type`

	selectSweep = `SELECT mode, begun, ended, records, calls FROM sweep WHERE location_id = $1 AND connection = $2`
	upsertSweep = `INSERT INTO sweep (location_id, connection, mode, begun, ended, records, calls) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (location_id, connection) DO UPDATE SET mode = excluded.mode, begun = excluded.begun, ended = excluded.ended,
			records = excluded.records, calls = excluded.calls`

	planColumns   = `SELECT type, key_id, vendor_id, doc, state, why FROM sweep_plan WHERE location_id = $1 AND connection = $2 `
	selectPlan    = planColumns + `AND (type, key_id) > ($3, $4) ORDER BY type, key_id LIMIT $5`
	selectPlanned = planColumns + `AND type = (SELECT MIN(type) FROM sweep_plan WHERE location_id = $1 AND connection = $2 AND state = 'planned')
		AND state = 'planned' ORDER BY key_id LIMIT $3`
	countPlan  = `SELECT state, COUNT(*) FROM sweep_plan WHERE location_id = $1 AND connection = $2 GROUP BY state ORDER BY state`
	deletePlan = `DELETE FROM sweep_plan WHERE location_id = $1 AND connection = $2 AND (type, key_id) IN
		(SELECT type, key_id FROM sweep_plan WHERE location_id = $1 AND connection = $2 LIMIT $3)`

	selectDrift = `SELECT found, doc FROM drift WHERE location_id = $1 AND connection = $2 AND type = $3 AND key_id = $4 ORDER BY found, field`

	selectDriftTally = `SELECT type, field, cause, did, SUM(n), MAX(day) FROM drift_tally
		WHERE location_id = $1 AND connection = $2 AND day >= $3 GROUP BY type, field, cause, did ORDER BY type, field, cause, did`
)

func updateVerified(tx *db.Tx) string {
	return `UPDATE target_record SET verified = $5 WHERE ` + confirmed + ` AND type = $3 AND vendor_id IN ` + tx.In(4) + ` AND verified < $5`
}

func upsertPlan(tx *db.Tx) string {
	return `INSERT INTO sweep_plan (location_id, connection, type, key_id, vendor_id, doc, state, why)
		SELECT $1, $2, v.t, v.k, v.v, v.d, v.s, v.w FROM ` + tx.Set(3, "t text", "k text", "v text", "d text", "s text", "w text") + ` AS v WHERE true
		ON CONFLICT (location_id, connection, type, key_id) DO UPDATE SET vendor_id = excluded.vendor_id, doc = excluded.doc,
			state = excluded.state, why = excluded.why`
}

func upsertDrift(tx *db.Tx) string {
	return `INSERT INTO drift (location_id, connection, type, key_id, field, found, doc)
		SELECT $1, $2, v.t, v.k, v.f, CAST($4 AS BIGINT), v.d FROM ` + tx.Set(3, "t text", "k text", "f text", "d text") + ` AS v WHERE true
		ON CONFLICT (location_id, connection, type, key_id, field) DO UPDATE SET found = excluded.found, doc = excluded.doc`
}

func upsertDriftTally(tx *db.Tx) string {
	return `INSERT INTO drift_tally (location_id, connection, day, type, field, cause, did, n)
		SELECT $1, $2, CAST($4 AS BIGINT), v.t, v.f, v.c, v.d, v.n FROM ` + tx.Set(3, "t text", "f text", "c text", "d text", "n bigint") + ` AS v WHERE true
		ON CONFLICT (location_id, connection, day, type, field, cause, did) DO UPDATE SET n = drift_tally.n + excluded.n`
}
