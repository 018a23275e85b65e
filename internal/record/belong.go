package record

import (
	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// PointedBy returns the golden records of a kind whose records point to any of these
// source records.
func PointedBy(tx *db.Tx, location string, kind plumbline.Kind, to []string) ([]string, error) {
	if len(to) == 0 {
		return nil, nil
	}
	return tx.Texts(selectPointing(tx), location, db.JSON(to), kind)
}

// AnyBelonging says whether a location has any equipment or plans.
func AnyBelonging(tx *db.Tx, location string) (bool, error) {
	var n int
	err := tx.QueryRow(countBelonging, location).Scan(&n)
	return n > 0, err
}

// Belonging returns the golden records of a kind whose records point to a record of these
// golden records, by the golden record to which they point.
func Belonging(tx *db.Tx, location string, kind plumbline.Kind, to []string) (map[plumbline.GoldenID][]plumbline.GoldenID, error) {
	out := map[plumbline.GoldenID][]plumbline.GoldenID{}
	if len(to) == 0 {
		return out, nil
	}
	rows, err := tx.Query(selectBelonging(tx), location, db.JSON(to), kind)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var of, id plumbline.GoldenID
		if err := rows.Scan(&of, &id); err != nil {
			return nil, err
		}
		out[of] = append(out[of], id)
	}
	return out, rows.Err()
}
