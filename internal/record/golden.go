package record

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// A Golden is a golden record as it is stored.
type Golden struct {
	ID   plumbline.GoldenID
	Kind plumbline.Kind
	Doc  string // the view's JSON
	Why  string // provenance
}

// Read decodes the document into a view.
func (g Golden) Read(view any) (err error) {
	defer plumbline.Wrap(&err, "read golden %s %s", g.Kind, g.ID)
	return json.Unmarshal([]byte(g.Doc), view)
}

// LoadGolden returns the golden records of these ids that exist.
func LoadGolden(tx *db.Tx, location string, ids []string) (map[plumbline.GoldenID]Golden, error) {
	out := map[plumbline.GoldenID]Golden{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := tx.Query(selectGolden(tx), location, db.JSON(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var g Golden
		if err := rows.Scan(&g.ID, &g.Kind, &g.Doc, &g.Why); err != nil {
			return nil, err
		}
		out[g.ID] = g
	}
	return out, rows.Err()
}

// StoreGolden writes golden records, and takes away those whose Doc is empty.
func StoreGolden(tx *db.Tx, location string, list []Golden) error {
	var put [][]any
	var gone []string
	list = slices.SortedFunc(slices.Values(list), func(a, b Golden) int { return cmp.Compare(a.ID, b.ID) })
	for _, g := range list {
		if g.Doc == "" {
			gone = append(gone, string(g.ID))
			continue
		}
		put = append(put, []any{g.ID, g.Kind, g.Doc, g.Why})
	}
	if err := tx.InsertWide(insertGolden, replaceGolden, location, put); err != nil {
		return err
	}
	if len(gone) > 0 {
		if _, err := tx.Exec(deleteGolden(tx), location, db.JSON(gone)); err != nil {
			return err
		}
	}
	return nil
}

// A Part is what somebody is in a job.
type Part struct {
	Job    plumbline.GoldenID
	Role   plumbline.Role
	Person plumbline.GoldenID
}

// StoreParts replaces the roles of jobs and returns everybody who had or has one.
func StoreParts(tx *db.Tx, location string, jobs []string, parts []Part) (people []string, err error) {
	had, err := Parts(tx, location, jobs)
	if err != nil {
		return nil, err
	}
	gone, come := partsWithout(had, parts), partsWithout(parts, had)
	if len(gone) > 0 {
		if _, err := tx.Exec(deleteParts(tx), location, db.JSON(gone)); err != nil {
			return nil, err
		}
	}
	if len(come) > 0 {
		if _, err := tx.Exec(insertParts(tx), location, db.JSON(come)); err != nil {
			return nil, err
		}
	}
	for _, p := range append(had, parts...) {
		people = append(people, string(p.Person))
	}
	slices.Sort(people)
	return slices.Compact(people), nil
}

type partRow struct {
	Job    string `json:"j"`
	Role   string `json:"r"`
	Person string `json:"p"`
}

// partsWithout lists parts that are not among others, in order.
func partsWithout(parts, others []Part) (rows []partRow) {
	among := make(map[Part]bool, len(others))
	for _, p := range others {
		among[p] = true
	}
	for _, p := range parts {
		if !among[p] {
			rows = append(rows, partRow{string(p.Job), string(p.Role), string(p.Person)})
		}
	}
	slices.SortFunc(rows, func(a, b partRow) int { return strings.Compare(a.Job+a.Role+a.Person, b.Job+b.Role+b.Person) })
	return rows
}

// Parts returns the roles of jobs.
func Parts(tx *db.Tx, location string, jobs []string) (list []Part, err error) {
	return parts(tx, selectPartsOfJobs(tx), location, db.JSON(jobs))
}

// JobsOf returns the roles that people have in any job.
func JobsOf(tx *db.Tx, location string, people []string) (list []Part, err error) {
	return parts(tx, selectPartsOfPeople(tx), location, db.JSON(people))
}

func parts(tx *db.Tx, query string, args ...any) (list []Part, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p Part
		if err := rows.Scan(&p.Job, &p.Role, &p.Person); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// Page returns the golden records of a kind in the order of their ids, from the one
// after an id.
func Page(tx *db.Tx, location string, kind plumbline.Kind, after string, limit int) (list []Golden, err error) {
	rows, err := tx.Query(selectPage, location, kind, after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		g := Golden{Kind: kind}
		if err := rows.Scan(&g.ID, &g.Doc, &g.Why); err != nil {
			return nil, err
		}
		list = append(list, g)
	}
	return list, rows.Err()
}

// PlacesOf returns the golden property of each job that has one.
func PlacesOf(tx *db.Tx, location string, jobs []string) (map[plumbline.GoldenID]Golden, error) {
	out := map[plumbline.GoldenID]Golden{}
	if len(jobs) == 0 {
		return out, nil
	}
	rows, err := tx.Query(selectPlaces(tx), location, db.JSON(jobs))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var job plumbline.GoldenID
		var g Golden
		if err := rows.Scan(&job, &g.ID, &g.Kind, &g.Doc, &g.Why); err != nil {
			return nil, err
		}
		out[job] = g
	}
	return out, rows.Err()
}
