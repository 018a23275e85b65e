package explain

import (
	"maps"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/record"
)

// belongings says where a piece of equipment stands and whose it is, as the records that
// it names are told apart today; of a property or a customer, what stands there or is theirs.
func belongings(tx *db.Tx, location string, g record.Golden, rows []*record.Row) (title string, lines []Line, err error) {
	if g.Kind == plumbline.Asset || g.Kind == plumbline.Membership {
		lines, err = owners(tx, location, g)
		return "Belongs to", lines, err
	}
	if g.Kind != plumbline.Property && g.Kind != plumbline.Customer {
		return "", nil, nil
	}
	ids := []string{string(g.ID)}
	for _, r := range rows {
		ids = append(ids, string(r.ID))
	}
	assets, err := record.PointedBy(tx, location, plumbline.Asset, ids)
	if err != nil {
		return "", nil, err
	}
	found, err := record.LoadGolden(tx, location, assets)
	if err != nil {
		return "", nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(found)) {
		var v plumbline.AssetView
		if err := found[id].Read(&v); err != nil {
			return "", nil, err
		}
		words := slices.DeleteFunc([]string{v.Type, v.Maker, v.Model, v.Serial, v.Place}, func(s string) bool { return s == "" })
		lines = append(lines, Line{Fact: "asset " + strings.Join(words, ", ") + " (" + v.ID + ")"})
	}
	return "Equipment", lines, nil
}

// written lists what technicians and bills have said of a piece of equipment, or of a
// property and none of what stands there.
func written(tx *db.Tx, location string, g record.Golden) (lines []Line, err error) {
	place, asset := plumbline.SourceID(g.ID), plumbline.GoldenID("")
	switch g.Kind {
	case plumbline.Asset:
		var v plumbline.AssetView
		if err := g.Read(&v); err != nil {
			return nil, err
		}
		place, asset = v.Property, g.ID
	case plumbline.Property:
	default:
		return nil, nil
	}
	golden, err := record.Resolve(tx, location, []string{string(place)})
	if err != nil {
		return nil, err
	}
	aliases, err := record.Aliases(tx, location, string(golden[place]))
	if err != nil {
		return nil, err
	}
	jobs, err := record.Dependents(tx, location, aliases[string(golden[place])])
	if err != nil {
		return nil, err
	}
	found, err := record.LoadGolden(tx, location, jobs)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(found)) {
		j, err := advance.ReadJob(found[id])
		if err != nil {
			return nil, err
		}
		for _, n := range j.Notes {
			if n.Asset != asset {
				continue
			}
			by := "written by a technician"
			if n.Line {
				by = "a line of a bill"
			}
			lines = append(lines, Line{Time: n.At, Fact: errorqueue.Mask(n.Text), Rule: by, Decision: "job " + string(id)})
		}
	}
	return lines, nil
}

func owners(tx *db.Tx, location string, g record.Golden) (lines []Line, err error) {
	var v struct{ Property, Customer plumbline.SourceID }
	if err := g.Read(&v); err != nil {
		return nil, err
	}
	golden, err := record.Resolve(tx, location, []string{string(v.Property), string(v.Customer)})
	if err != nil {
		return nil, err
	}
	if v.Property != "" {
		lines = append(lines, Line{Fact: "property " + string(golden[v.Property]), Rule: "by record " + string(v.Property)})
	}
	if v.Customer != "" {
		lines = append(lines, Line{Fact: "customer " + string(golden[v.Customer]), Rule: "by record " + string(v.Customer)})
	}
	return lines, nil
}
