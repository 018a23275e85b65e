package clock

const (
	clockColumns = `SELECT subject, kind, rule, due, until FROM clock `

	selectOwned = clockColumns + `WHERE location_id = $1 AND owner = $2 ORDER BY subject, rule, due`
	selectDue   = clockColumns + `WHERE location_id = $1 AND due <= $2 ORDER BY due, subject, rule LIMIT $3`
	selectNext  = `SELECT COUNT(*), COALESCE(MIN(due), 0) FROM clock WHERE location_id = $1`
	selectOwner = `SELECT owner FROM clock WHERE location_id = $1 AND subject = $2 AND rule = $3 AND due = $4`

	deleteClock = `DELETE FROM clock WHERE location_id = $1 AND subject = $2 AND rule = $3 AND due = $4`

	insertClock = `INSERT INTO clock (location_id, subject, rule, due, kind, owner, until) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (location_id, subject, rule, due) DO NOTHING`
)
