package lookup

import (
	"database/sql"
	"errors"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
)

// Derive notes where the technicians of a batch's jobs have finished visits.
func (l *Lookup) Derive(tx *db.Tx, b *advance.Batch) (err error) {
	defer plumbline.Wrap(&err, "note where technicians were")

	type row struct {
		Job        string `json:"j"`
		Visit      string `json:"v"`
		Technician string `json:"t"`
		Completed  int64  `json:"c"`
	}
	var rows []row
	var jobs []string
	for _, j := range b.Jobs {
		jobs = append(jobs, string(j.ID))
		for _, v := range j.View.Visits {
			if v.Completed.IsZero() {
				continue
			}
			for _, a := range v.Assignments {
				rows = append(rows, row{string(j.ID), v.ID, a.Technician, v.Completed.UnixMilli()})
			}
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	if _, err := tx.Exec(deleteStops(tx), b.Location, db.JSON(jobs)); err != nil || len(rows) == 0 {
		return err
	}
	_, err = tx.Exec(insertStops(tx), b.Location, db.JSON(rows))
	return err
}

// lastStop returns the job of the visit that a technician finished last in a span of
// time, "" if there is none.
func lastStop(tx *db.Tx, location, technician, visit string, before, from time.Time) (job plumbline.GoldenID, err error) {
	err = tx.QueryRow(selectLastStop, location, technician, visit, before.UnixMilli(), from.UnixMilli()).Scan(&job)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return job, err
}
