package importrun

const (
	insertRun = `INSERT INTO import_run (location_id, name, kind, file, digest, reading, state, began)
		VALUES ($1, $2, $3, $4, $5, $6, 'running', $7) ON CONFLICT (location_id, name) DO NOTHING`

	runColumns = `SELECT name, kind, file, digest, reading, passed, kept, refused, partial, state, began, ended FROM import_run `

	selectRun  = runColumns + `WHERE location_id = $1 AND name = $2`
	selectRuns = runColumns + `WHERE location_id = $1 ORDER BY began, name`

	updatePassed = `UPDATE import_run SET passed = $4, kept = kept + $5, refused = refused + $6, partial = partial + $7
		WHERE location_id = $1 AND name = $2 AND state = 'running' AND passed = $3`

	updateFixed = `UPDATE import_run SET kept = kept + $3 WHERE location_id = $1 AND name = $2 AND state <> 'withdrawn'`

	updateLeft = `UPDATE import_run SET refused = $3, partial = $4 WHERE location_id = $1 AND name = $2`

	updateDone = `UPDATE import_run SET state = 'done', ended = $3 WHERE location_id = $1 AND name = $2 AND state = 'running'`

	updateWithdrawn = `UPDATE import_run SET state = 'withdrawn', ended = $3 WHERE location_id = $1 AND name = $2 AND state <> 'withdrawn'`
)
