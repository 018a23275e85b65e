package clock

import "plumbline.dev/plumbline/internal/db"

const (
	selectDue   = `SELECT subject, kind, rule, due, until FROM clock WHERE location_id = $1 AND due <= $2 ORDER BY due, subject, rule LIMIT $3`
	selectNext  = `SELECT COUNT(*), COALESCE(MIN(due), 0) FROM clock WHERE location_id = $1`
	selectOwner = `SELECT owner FROM clock WHERE location_id = $1 AND subject = $2 AND rule = $3 AND due = $4`

	deleteClock = `DELETE FROM clock WHERE location_id = $1 AND subject = $2 AND rule = $3 AND due = $4`
)

func selectOwned(tx *db.Tx) string {
	return `SELECT owner, subject, kind, rule, due, until FROM clock WHERE location_id = $1 AND owner IN ` + tx.In(2) + ` ORDER BY owner, subject, rule, due`
}

func deleteClocks(tx *db.Tx) string {
	return `DELETE FROM clock WHERE location_id = $1 AND owner IN (SELECT w.o FROM ` + tx.Set(2, "o text") + ` AS w)
		AND EXISTS (SELECT 1 FROM ` + tx.Set(2, "s text", "r text", "d bigint") + ` AS v WHERE v.s = clock.subject AND v.r = clock.rule AND v.d = clock.due)`
}

func insertClocks(tx *db.Tx) string {
	return `INSERT INTO clock (location_id, subject, rule, due, kind, owner, until)
		SELECT $1, v.s, v.r, v.d, v.k, v.o, v.u
		FROM ` + tx.Set(2, "s text", "r text", "d bigint", "k text", "o text", "u bigint") + ` AS v WHERE true
		ON CONFLICT (location_id, subject, rule, due) DO NOTHING`
}
