package identity

import "plumbline.dev/plumbline/internal/db"

const upsertDecision = `
	INSERT INTO decided_link (location_id, a, b, same, decision) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (location_id, a, b) DO UPDATE SET same = excluded.same, decision = excluded.decision
	WHERE excluded.decision > decided_link.decision`

func selectDecisions(tx *db.Tx) string {
	return `SELECT a, b, same, decision FROM decided_link WHERE location_id = $1 AND a IN ` + tx.In(2) + `
		UNION SELECT a, b, same, decision FROM decided_link WHERE location_id = $1 AND b IN ` + tx.In(2) + ` ORDER BY 1, 2`
}

func selectKeysOf(tx *db.Tx) string {
	return `SELECT name, record_id, kind FROM match_key WHERE location_id = $1 AND record_id IN ` + tx.In(2)
}

func selectSharing(tx *db.Tx) string {
	return `SELECT name, record_id, kind FROM match_key WHERE location_id = $1 AND name IN ` + tx.In(2) + ` ORDER BY name, record_id`
}

func deleteKeys(tx *db.Tx) string {
	return `DELETE FROM match_key WHERE location_id = $1 AND record_id IN (SELECT v.r FROM ` + tx.Set(2, "r text") + ` AS v)
		AND EXISTS (SELECT 1 FROM ` + tx.Set(2, "n text", "r text") + ` AS w WHERE w.n = match_key.name AND w.r = match_key.record_id)`
}

func insertKeys(tx *db.Tx) string {
	return `INSERT INTO match_key (location_id, name, record_id, kind)
		SELECT $1, v.n, v.r, v.k FROM ` + tx.Set(2, "n text", "r text", "k text") + ` AS v WHERE true
		ON CONFLICT (location_id, name, record_id) DO NOTHING`
}

const selectAsks = `SELECT a, b, evidence FROM ask WHERE location_id = $1 ORDER BY a, b`

func selectAsksOf(tx *db.Tx) string {
	return `SELECT a, b, evidence FROM ask WHERE location_id = $1 AND a IN ` + tx.In(2) + `
		UNION SELECT a, b, evidence FROM ask WHERE location_id = $1 AND b IN ` + tx.In(2) + ` ORDER BY 1, 2`
}

func deleteAsks(tx *db.Tx) string {
	return `DELETE FROM ask WHERE location_id = $1 AND (a IN ` + tx.In(2) + ` OR b IN ` + tx.In(2) + `)`
}

func insertAsks(tx *db.Tx) string {
	return `INSERT INTO ask (location_id, a, b, evidence)
		SELECT $1, v.a, v.b, v.e FROM ` + tx.Set(2, "a text", "b text", "e text") + ` AS v WHERE true
		ON CONFLICT (location_id, a, b) DO UPDATE SET evidence = excluded.evidence`
}
