package lookup

import (
	"time"

	"plumbline.dev/plumbline/internal/db"
)

// A Reading is how far a source's list has been read for the first time.
type Reading struct {
	Connection string    `json:"connection"`
	List       string    `json:"list"`
	Read       int64     `json:"read" doc:"Objects that were read so far"`
	Total      int64     `json:"total,omitempty" doc:"Of how many; left out where the vendor does not say"`
	Began      time.Time `json:"began,omitzero"`
	Complete   bool      `json:"complete" doc:"It has been read whole; from then on it is asked for what has changed"`
	Ends       time.Time `json:"ends,omitzero" doc:"When it will have been read whole if it goes on like this"`
}

// Readings lists how far the lists of a location's sources have been read for the first
// time, by connection and list.
func Readings(tx *db.Tx, location string) (list []Reading, err error) {
	rows, err := tx.Query(selectReadings, location)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Reading
		var complete int
		var began int64
		if err := rows.Scan(&r.Connection, &r.List, &complete, &r.Read, &r.Total, &began); err != nil {
			return nil, err
		}
		if r.Complete = complete == 1; began > 0 {
			r.Began = time.UnixMilli(began).UTC()
		}
		r.Ends = r.ends(tx.Now)
		list = append(list, r)
	}
	return list, rows.Err()
}

// ends supposes that what is left is read as fast as what was read.
func (r Reading) ends(now time.Time) time.Time {
	took := now.Sub(r.Began)
	if r.Complete || r.Began.IsZero() || r.Read == 0 || r.Read >= r.Total || took <= 0 {
		return time.Time{}
	}
	left := time.Duration(float64(took) * float64(r.Total-r.Read) / float64(r.Read))
	return now.Add(left).Truncate(time.Second)
}
