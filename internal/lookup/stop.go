package lookup

import (
	"cmp"
	"database/sql"
	"errors"
	"slices"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
)

// A stop is where a technician finished a visit.
type stop struct {
	Job        string `json:"j"`
	Visit      string `json:"v"`
	Technician string `json:"t"`
	Completed  int64  `json:"c"` // ms UTC
}

// Derive notes where the technicians of a batch's jobs have finished visits.
func (l *Lookup) Derive(tx *db.Tx, b *advance.Batch) (err error) {
	defer plumbline.Wrap(&err, "note where technicians were")

	now := map[stop]bool{}
	var jobs []string
	for _, j := range b.Jobs {
		jobs = append(jobs, string(j.ID))
		for _, v := range j.View.Visits {
			if v.Completed.IsZero() {
				continue
			}
			for _, a := range v.Assignments {
				now[stop{string(j.ID), v.ID, a.Technician, v.Completed.UnixMilli()}] = true
			}
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	had, err := stopsOf(tx, b.Location, jobs)
	if err != nil {
		return err
	}
	if gone := without(had, now); len(gone) > 0 {
		if _, err := tx.Exec(deleteStops(tx), b.Location, db.JSON(gone)); err != nil {
			return err
		}
	}
	if come := without(now, had); len(come) > 0 {
		_, err = tx.Exec(insertStops(tx), b.Location, db.JSON(come))
	}
	return err
}

// without lists the stops that others have not, in order.
func without(stops, others map[stop]bool) (list []stop) {
	for s := range stops {
		if !others[s] {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b stop) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Visit, b.Visit), cmp.Compare(a.Technician, b.Technician), cmp.Compare(a.Completed, b.Completed))
	})
	return list
}

func stopsOf(tx *db.Tx, location string, jobs []string) (map[stop]bool, error) {
	rows, err := tx.Query(selectStops(tx), location, db.JSON(jobs))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := map[stop]bool{}
	for rows.Next() {
		var s stop
		if err := rows.Scan(&s.Job, &s.Visit, &s.Technician, &s.Completed); err != nil {
			return nil, err
		}
		list[s] = true
	}
	return list, rows.Err()
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
