package notify

import "plumbline.dev/plumbline/internal/db"

const (
	messageColumns = `SELECT id, rule, subject, n, job, visit, news, value, person, role, address, household, connection, class, state,
		body, cause, due, happened, known, made, sent, foot, attempt, vendor, rank, code, link, tried, playbook FROM message WHERE location_id = $1 AND `

	selectMessage    = messageColumns + `id = $2`
	selectByAttempt  = messageColumns + `attempt = $2 ORDER BY id`
	selectByVendor   = messageColumns + `vendor = $2 AND vendor <> '' ORDER BY id`
	selectByJob      = messageColumns + `job = $2 ORDER BY made, id`
	selectByAddress  = messageColumns + `address = $2 ORDER BY made, id`
	selectByLink     = messageColumns + `link = $2 ORDER BY made, id LIMIT 1`
	selectSaidTo     = messageColumns + `address = $2 AND sent >= $3 ORDER BY sent, id`
	selectSaidAtHome = messageColumns + `household = $2 AND household <> '' AND sent >= $3 ORDER BY sent, id`
	selectOutcomes   = outcomeColumns + `job = $2 ORDER BY at, rule, subject, n`

	selectAnyOpen = `SELECT 1 FROM outcome WHERE location_id = $1 AND tasked = 1 LIMIT 1`

	countClaims = `SELECT COUNT(*) FROM message WHERE location_id = $1 AND vendor = $2 AND vendor <> '' AND id <> $3`

	outcomeColumns = `SELECT rule, subject, n, job, state, until, reason, value, who, happened, known, at, again, tasked, playbook
		FROM outcome WHERE location_id = $1 AND `
	toldColumns = `SELECT news, subject, address, value, maybe, attempt, message, how, at FROM told WHERE location_id = $1 AND `

	countStaff      = `SELECT COUNT(*) FROM message WHERE location_id = $1 AND class = 'staff' AND rule = $2 AND n = $3`
	selectLastStaff = `SELECT COALESCE(MAX(n), 0) FROM message WHERE location_id = $1 AND class = 'staff' AND rule = $2`

	selectHeard = `SELECT sid, label, scope, why, at FROM heard WHERE location_id = $1 AND address = $2 ORDER BY at, sid`
	insertHeard = `INSERT INTO heard (location_id, address, sid, label, scope, why, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (location_id, address, sid) DO NOTHING`
)

func selectSaidOrOwedTo(tx *db.Tx) string {
	return messageColumns + `address IN ` + tx.In(2) + ` AND (sent >= $3 OR state IN ('owed', 'deferred')) ORDER BY made, id`
}

func selectMessagesAbout(tx *db.Tx) string { return messageColumns + `subject IN ` + tx.In(2) }

func selectOutcomesAbout(tx *db.Tx) string { return outcomeColumns + `subject IN ` + tx.In(2) }

func selectOpenTasks(tx *db.Tx) string {
	return outcomeColumns + `tasked = 1 AND job IN ` + tx.In(2) + ` ORDER BY job, rule, subject, n`
}

func selectToldAbout(tx *db.Tx) string { return toldColumns + `subject IN ` + tx.In(2) }

// Messages and outcomes are wide: they are bound as they are.
const (
	insertMessages = `INSERT INTO message (location_id, id, rule, subject, n, job, visit, news, value, person, role, address, household, connection, class,
		state, body, cause, due, happened, known, made, sent, foot, attempt, vendor, rank, code, link, tried, playbook)`
	replaceMessages = `ON CONFLICT (location_id, id) DO UPDATE SET value = excluded.value, person = excluded.person, role = excluded.role,
		connection = excluded.connection, state = excluded.state, body = excluded.body, cause = excluded.cause, due = excluded.due,
		happened = excluded.happened, known = excluded.known, sent = excluded.sent, foot = excluded.foot, attempt = excluded.attempt,
		vendor = excluded.vendor, rank = excluded.rank, code = excluded.code, link = excluded.link, tried = excluded.tried, playbook = excluded.playbook`

	insertOutcomes  = `INSERT INTO outcome (location_id, rule, subject, n, job, state, until, reason, value, who, happened, known, at, again, tasked, playbook)`
	replaceOutcomes = `ON CONFLICT (location_id, rule, subject, n) DO UPDATE SET job = excluded.job, state = excluded.state, until = excluded.until,
		reason = excluded.reason, value = excluded.value, who = excluded.who, happened = excluded.happened, known = excluded.known, at = excluded.at,
		again = excluded.again, tasked = excluded.tasked, playbook = excluded.playbook`
)

func upsertTold(tx *db.Tx) string {
	return `INSERT INTO told (location_id, news, subject, address, value, maybe, attempt, message, how, at)
		SELECT $1, v.news, v.subject, v.address, v.value, v.maybe, v.attempt, v.message, v.how, v.at
		FROM ` + tx.Set(2, "news text", "subject text", "address text", "value text", "maybe text", "attempt text", "message text",
		"how text", "at bigint") + ` AS v WHERE true
		ON CONFLICT (location_id, news, subject, address) DO UPDATE SET value = excluded.value, maybe = excluded.maybe,
			attempt = excluded.attempt, message = excluded.message, how = excluded.how, at = excluded.at`
}
