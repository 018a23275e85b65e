package record

import "plumbline.dev/plumbline/internal/db"

const rowColumns = `SELECT s.id, s.kind, s.connection, s.external, s.about, s.golden_id, s.doc FROM source_record s `

func selectRows(tx *db.Tx) string {
	return rowColumns + `WHERE s.location_id = $1 AND s.id IN ` + tx.In(2)
}

func selectMembers(tx *db.Tx) string {
	return rowColumns + `WHERE s.location_id = $1 AND s.golden_id IN ` + tx.In(2) + ` ORDER BY s.id`
}

func selectInvoicesWithPayments(tx *db.Tx) string {
	// One set, since PostgreSQL reads a whole location where either of two may hold.
	return rowColumns + `WHERE s.location_id = $1 AND s.id IN (
		SELECT id FROM source_record WHERE location_id = $1 AND id IN ` + tx.In(2) + `
		UNION SELECT from_id FROM ref WHERE location_id = $1 AND from_kind = 'payment' AND name = 'invoice' AND to_id IN ` + tx.In(2) + `) ORDER BY s.id`
}

const (
	insertRows = `INSERT INTO source_record (location_id, id, kind, connection, external, about, golden_id, doc)`
	relocate   = `ON CONFLICT (location_id, id) DO UPDATE SET golden_id = excluded.golden_id, doc = excluded.doc`

	// restate leaves all else alone: what an update names is written again in every index
	// that has it, though it is the same.
	restate = `ON CONFLICT (location_id, id) DO UPDATE SET doc = excluded.doc`

	insertGolden  = `INSERT INTO golden_record (location_id, id, kind, doc, why)`
	replaceGolden = `ON CONFLICT (location_id, id) DO UPDATE SET kind = excluded.kind, doc = excluded.doc, why = excluded.why
		WHERE golden_record.doc <> excluded.doc OR golden_record.why <> excluded.why OR golden_record.kind <> excluded.kind`
)

func deleteRefs(tx *db.Tx) string {
	return `DELETE FROM ref WHERE location_id = $1 AND EXISTS (
		SELECT 1 FROM ` + tx.Set(2, "f text", "n text", "t text") + ` AS v WHERE v.f = ref.from_id AND v.n = ref.name AND v.t = ref.to_id)
		AND from_id IN (SELECT w.f FROM ` + tx.Set(2, "f text") + ` AS w)`
}

func insertRefs(tx *db.Tx) string {
	return `INSERT INTO ref (location_id, from_id, name, to_id, from_kind)
		SELECT $1, v.f, v.n, v.t, v.k FROM ` + tx.Set(2, "f text", "n text", "t text", "k text") + ` AS v WHERE true
		ON CONFLICT (location_id, from_id, name, to_id) DO NOTHING`
}

func selectPaymentsOf(tx *db.Tx) string {
	return rowColumns + `WHERE s.location_id = $1 AND s.id IN (
		SELECT from_id FROM ref WHERE location_id = $1 AND from_kind = 'payment' AND name = 'invoice' AND to_id IN ` + tx.In(2) + `) ORDER BY s.id`
}

func selectLeft(tx *db.Tx) string {
	return `SELECT s.about, s.golden_id FROM source_record s
		JOIN source_record t ON t.location_id = s.location_id AND t.id = s.about AND t.kind = s.kind
		WHERE s.location_id = $1 AND s.about <> '' AND s.about IN ` + tx.In(2)
}

func selectGoldenIDs(tx *db.Tx) string {
	return `SELECT id, golden_id FROM source_record WHERE location_id = $1 AND id IN ` + tx.In(2)
}

func selectAliases(tx *db.Tx) string {
	return `SELECT golden_id, id FROM source_record WHERE location_id = $1 AND golden_id IN ` + tx.In(2) + ` AND about = '' ORDER BY golden_id, id`
}

func updateGolden(tx *db.Tx) string {
	return `UPDATE source_record SET golden_id = v.g FROM ` + tx.Set(2, "id text", "g text") + ` AS v
		WHERE source_record.location_id = $1 AND source_record.id = v.id`
}

func updateGoldenAbout(tx *db.Tx) string {
	return `UPDATE source_record SET golden_id = v.g FROM ` + tx.Set(2, "id text", "g text") + ` AS v
		WHERE source_record.location_id = $1 AND source_record.about <> '' AND source_record.about = v.id
		AND EXISTS (SELECT 1 FROM source_record t WHERE t.location_id = $1 AND t.id = v.id AND t.kind = source_record.kind)`
}

func selectDependents(tx *db.Tx) string {
	return `SELECT DISTINCT s.golden_id FROM ref r JOIN source_record s ON s.location_id = r.location_id AND s.id = r.from_id
		WHERE r.location_id = $1 AND r.to_id IN ` + tx.In(2) + ` AND r.from_kind IN ('job', 'visit', 'invoice') ORDER BY 1`
}

func selectShared(tx *db.Tx) string {
	return `SELECT r.from_id, r.to_id FROM ref r JOIN source_record s ON s.location_id = r.location_id AND s.id = r.from_id
		WHERE r.location_id = $1 AND r.to_id IN ` + tx.In(2) + ` AND r.from_kind = 'invoice' AND r.name = 'jobs' AND s.golden_id <> r.to_id`
}

const (
	selectNumbered = `SELECT DISTINCT s.golden_id FROM ref r JOIN source_record s ON s.location_id = r.location_id AND s.id = r.from_id
		WHERE r.location_id = $1 AND r.to_id = $2 AND r.from_kind = $3 AND r.name = 'number' ORDER BY 1`
	selectPage = `SELECT id, doc, why FROM golden_record WHERE location_id = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4`
)

func selectGolden(tx *db.Tx) string {
	return `SELECT id, kind, doc, why FROM golden_record WHERE location_id = $1 AND id IN ` + tx.In(2)
}

func deleteGolden(tx *db.Tx) string {
	return `DELETE FROM golden_record WHERE location_id = $1 AND id IN ` + tx.In(2)
}

func deleteParts(tx *db.Tx) string {
	return `DELETE FROM role WHERE location_id = $1 AND job_id IN (SELECT w.j FROM ` + tx.Set(2, "j text") + ` AS w)
		AND EXISTS (SELECT 1 FROM ` + tx.Set(2, "j text", "r text", "p text") + ` AS v WHERE v.j = role.job_id AND v.r = role.name AND v.p = role.person_id)`
}

func insertParts(tx *db.Tx) string {
	return `INSERT INTO role (location_id, job_id, name, person_id)
		SELECT $1, v.j, v.r, v.p FROM ` + tx.Set(2, "j text", "r text", "p text") + ` AS v WHERE true
		ON CONFLICT (location_id, job_id, name, person_id) DO NOTHING`
}

const partColumns = `SELECT job_id, name, person_id FROM role WHERE location_id = $1 AND `

func selectPartsOfJobs(tx *db.Tx) string {
	return partColumns + `job_id IN ` + tx.In(2) + ` ORDER BY job_id, name, person_id`
}

func selectPartsOfPeople(tx *db.Tx) string {
	return partColumns + `person_id IN ` + tx.In(2) + ` ORDER BY person_id, job_id, name`
}

func selectListed(tx *db.Tx) string {
	return rowColumns + `WHERE s.location_id = $1 AND s.id IN (
		SELECT from_id FROM ref WHERE location_id = $1 AND from_kind = 'property' AND name = 'customer' AND to_id IN ` + tx.In(2) + `) ORDER BY s.id`
}

func upsertStale(tx *db.Tx) string {
	return `INSERT INTO stale (location_id, rank, id, cause, since)
		SELECT $1, $2, v.id, $4, $5 FROM ` + tx.Set(3, "id text") + ` AS v WHERE true
		ON CONFLICT (location_id, rank, id) DO UPDATE SET
			cause = CASE WHEN stale.cause = 'delivery' THEN stale.cause ELSE excluded.cause END`
}

const (
	selectStale = `SELECT rank, id, cause FROM stale WHERE location_id = $1 ORDER BY rank, id LIMIT $2`
	countStale  = `SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM stale WHERE location_id = $1 LIMIT 1) AS one)
		+ (SELECT COUNT(*) FROM withdrawn WHERE location_id = $1 AND gone = 0)`

	selectTransitions = `SELECT n, kind, what, stage, happened, known, recorded, cause, playbook, silent
		FROM transition WHERE location_id = $1 AND subject = $2 ORDER BY n`
)

func deleteStale(tx *db.Tx) string {
	return `DELETE FROM stale WHERE location_id = $1 AND rank = $2 AND id IN ` + tx.In(3)
}

func selectHistories(tx *db.Tx) string {
	return `SELECT subject, doc, n FROM history WHERE location_id = $1 AND subject IN ` + tx.In(2)
}

const insertTransitions = `INSERT INTO transition (location_id, subject, n, kind, what, stage, happened, known, recorded, cause, playbook, silent)`

func upsertHistories(tx *db.Tx) string {
	return `INSERT INTO history (location_id, subject, doc, n)
		SELECT $1, v.s, v.d, v.n FROM ` + tx.Set(2, "s text", "d text", "n bigint") + ` AS v WHERE true
		ON CONFLICT (location_id, subject) DO UPDATE SET doc = excluded.doc, n = excluded.n`
}

func selectPlaces(tx *db.Tx) string {
	return `SELECT j.golden_id, g.id, g.kind, g.doc, g.why
		FROM source_record j
		JOIN ref r ON r.location_id = j.location_id AND r.from_id = j.id AND r.name = 'property'
		JOIN source_record p ON p.location_id = r.location_id AND p.id = r.to_id
		JOIN golden_record g ON g.location_id = p.location_id AND g.id = p.golden_id
		WHERE j.location_id = $1 AND j.kind = 'job' AND j.golden_id IN ` + tx.In(2) + ` ORDER BY j.golden_id, j.id DESC`
}

const (
	upsertWithdrawn = `INSERT INTO withdrawn (location_id, connection, decision) VALUES ($1, $2, $3)
		ON CONFLICT (location_id, connection) DO UPDATE SET decision = excluded.decision WHERE excluded.decision < withdrawn.decision`

	selectWithdrawn = `SELECT connection, decision FROM withdrawn WHERE location_id = $1`
	selectLeaving   = `SELECT connection, seen FROM withdrawn WHERE location_id = $1 AND gone = 0 ORDER BY connection LIMIT 1`
	updateSeen      = `UPDATE withdrawn SET seen = $3 WHERE location_id = $1 AND connection = $2`
	updateGone      = `UPDATE withdrawn SET gone = 1 WHERE location_id = $1 AND connection = $2`

	// In the order of the key, so that all of a source is found in one walk, without an
	// index that everything else would have to keep.
	selectOfConnection = rowColumns + `WHERE s.location_id = $1 AND s.connection = $2 AND s.id > $3 ORDER BY s.id LIMIT $4`

	// Likewise.
	selectHeld = rowColumns + `WHERE s.location_id = $1 AND s.connection = $2 AND s.kind = $3 AND s.about = '' AND s.id > $4 ORDER BY s.id LIMIT $5`
)

func selectAbout(tx *db.Tx) string {
	return rowColumns + `WHERE s.location_id = $1 AND s.about <> '' AND s.about IN ` + tx.In(2) + ` ORDER BY s.id`
}

func deleteRefsOf(tx *db.Tx) string {
	return `DELETE FROM ref WHERE location_id = $1 AND from_id IN ` + tx.In(2)
}

func deleteRows(tx *db.Tx) string {
	return `DELETE FROM source_record WHERE location_id = $1 AND id IN ` + tx.In(2)
}

// The kinds stand in the text so that the partial index is found.
const countBelonging = `SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM ref WHERE location_id = $1 AND from_kind IN ('asset', 'membership') LIMIT 1) AS one)`

func selectBelonging(tx *db.Tx) string {
	return `SELECT DISTINCT p.golden_id, s.golden_id FROM source_record p
		JOIN ref r ON r.location_id = p.location_id AND r.to_id = p.id AND r.from_kind = $3
		JOIN source_record s ON s.location_id = r.location_id AND s.id = r.from_id
		WHERE p.location_id = $1 AND p.golden_id IN ` + tx.In(2) + ` ORDER BY 1, 2`
}

func selectInferred(tx *db.Tx) string {
	return rowColumns + `WHERE s.location_id = $1 AND s.connection = $3 AND s.id IN (
		SELECT from_id FROM ref WHERE location_id = $1 AND from_kind = 'asset' AND name = 'job_record' AND to_id IN ` + tx.In(2) + `) ORDER BY s.id`
}

func selectPointing(tx *db.Tx) string {
	return `SELECT DISTINCT s.golden_id FROM ref r JOIN source_record s ON s.location_id = r.location_id AND s.id = r.from_id
		WHERE r.location_id = $1 AND r.to_id IN ` + tx.In(2) + ` AND r.from_kind = $3 ORDER BY 1`
}
