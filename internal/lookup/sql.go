package lookup

import "plumbline.dev/plumbline/internal/db"

const (
	countBeginning = `SELECT COUNT(*) FROM pull WHERE location_id = $1 AND connection = $2 AND complete = 0`

	selectPull = `SELECT next, complete, had, total, began FROM pull WHERE location_id = $1 AND connection = $2 AND stream = $3`

	selectReadings = `SELECT connection, stream, complete, had, total, began FROM pull WHERE location_id = $1 ORDER BY connection, stream`

	insertPull = `INSERT INTO pull (location_id, connection, stream) VALUES ($1, $2, $3) ON CONFLICT (location_id, connection, stream) DO NOTHING`

	updatePull = `UPDATE pull SET next = $4, complete = $5, had = $6, total = $7, began = $8 WHERE location_id = $1 AND connection = $2 AND stream = $3`
)

const (
	selectRun = `SELECT night, began, cursor, page, believed FROM counted WHERE location_id = $1 AND connection = $2 AND stream = $3 AND done = 0 AND began > $4
		ORDER BY night DESC LIMIT 1`

	upsertCounted = `INSERT INTO counted (location_id, connection, stream, night, began, ours, theirs, done) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (location_id, connection, stream, night) DO UPDATE SET began = excluded.began, ours = excluded.ours, theirs = excluded.theirs,
			done = excluded.done, compared = 'count', cursor = '', page = 0, missing = 0, gone = 0, ids = '{}'`

	updateBelieved = `UPDATE counted SET believed = 1 WHERE location_id = $1 AND connection = $2 AND stream = $3
		AND night = (SELECT MAX(night) FROM counted WHERE location_id = $1 AND connection = $2 AND stream = $3)`

	updateRun = `UPDATE counted SET cursor = $5, page = $6 WHERE location_id = $1 AND connection = $2 AND stream = $3 AND night = $4`

	updateCounted = `UPDATE counted SET ours = $5, theirs = $6, missing = $7, gone = $8, ids = $9, compared = 'ids', done = 1
		WHERE location_id = $1 AND connection = $2 AND stream = $3 AND night = $4`

	selectCounted = `SELECT connection, stream, night, ours, theirs, compared, done, missing, gone, ids FROM counted
		WHERE location_id = $1 AND night >= $2 AND night <= $3 ORDER BY night, connection, stream`

	upsertListed = `INSERT INTO listed (location_id, connection, stream, page, ids) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (location_id, connection, stream, page) DO UPDATE SET ids = excluded.ids`

	selectListed = `SELECT ids FROM listed WHERE location_id = $1 AND connection = $2 AND stream = $3`
	deleteListed = `DELETE FROM listed WHERE location_id = $1 AND connection = $2 AND stream = $3`
)

const (
	watchColumns = `SELECT connection, state, since, checked, shown, restored, restores, kept, untold, listening, judged, silent, note FROM watch WHERE location_id = $1 `

	selectWatch   = watchColumns + `AND connection = $2`
	selectWatches = watchColumns + `ORDER BY connection`

	upsertWatch = `INSERT INTO watch (location_id, connection, state, since, checked, shown, restored, restores, kept, untold, listening, judged, silent, note)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (location_id, connection) DO UPDATE SET state = excluded.state, since = excluded.since, checked = excluded.checked, shown = excluded.shown,
			restored = excluded.restored, restores = excluded.restores, kept = excluded.kept, untold = excluded.untold, listening = excluded.listening,
			judged = excluded.judged, silent = excluded.silent, note = excluded.note`
)

const selectLastStop = `SELECT job_id FROM stop
	WHERE location_id = $1 AND technician = $2 AND visit_id <> $3 AND completed <= $4 AND completed >= $5
	ORDER BY completed DESC, job_id, visit_id LIMIT 1`

func selectStops(tx *db.Tx) string {
	return `SELECT job_id, visit_id, technician, completed FROM stop WHERE location_id = $1 AND job_id IN ` + tx.In(2)
}

func deleteStops(tx *db.Tx) string {
	return `DELETE FROM stop WHERE location_id = $1 AND job_id IN (SELECT w.j FROM ` + tx.Set(2, "j text") + ` AS w)
		AND EXISTS (SELECT 1 FROM ` + tx.Set(2, "j text", "v text", "t text") + ` AS x WHERE x.j = stop.job_id AND x.v = stop.visit_id AND x.t = stop.technician)`
}

func insertStops(tx *db.Tx) string {
	return `INSERT INTO stop (location_id, job_id, visit_id, technician, completed)
		SELECT $1, v.j, v.v, v.t, v.c FROM ` + tx.Set(2, "j text", "v text", "t text", "c bigint") + ` AS v WHERE true
		ON CONFLICT (location_id, job_id, visit_id, technician) DO NOTHING`
}
