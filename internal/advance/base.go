package advance

import (
	"slices"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/calendar"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/golden"
	"plumbline.dev/plumbline/internal/identity"
	"plumbline.dev/plumbline/internal/match"
	"plumbline.dev/plumbline/internal/record"
)

// deriveBase derives people, places, technicians and addresses by themselves.
func (w *work) deriveBase(b *Batch, ids map[string]string) error {
	members, err := record.Members(w.tx, w.location, keys(ids))
	if err != nil {
		return err
	}
	had, err := record.LoadGolden(w.tx, w.location, keys(ids))
	if err != nil {
		return err
	}
	var put []record.Golden
	var touched []string      // source records on which jobs may rest
	var owned []record.Golden // equipment and plans, as they were and as they are
	var listed []string       // customers' records under which properties are listed
	for _, id := range keys(ids) {
		gid := plumbline.GoldenID(id)
		kind, rows := itself(members[gid], had[gid].Kind)
		switch kind {
		case plumbline.Customer:
			w.stale(record.RankSums, ids[id], id)
			if w.personChanged(rows, had[gid]) {
				touched = append(touched, idsOf(rows, id)...)
			}
			continue
		case plumbline.Address:
			a, g := deriveAddress(gid, rows)
			put = append(put, g)
			b.Addresses = append(b.Addresses, a)
			number := a.Address
			if was := (Address{}); number == "" && had[gid].Doc != "" { // nobody speaks of it any more
				if err := had[gid].Read(&was); err != nil {
					return err
				}
				number = was.Address
			}
			if err := w.staleHolders(number, ids[id]); err != nil {
				return err
			}
			continue
		case plumbline.Property, plumbline.Technician, plumbline.Asset, plumbline.Membership:
		default:
			continue
		}
		for _, r := range members[gid] {
			if kind == plumbline.Property {
				listed = append(listed, string(r.RefTo(w.location, "customer")))
			}
		}
		g := deriveSimple(w.location, gid, kind, rows)
		if g.Doc != had[gid].Doc {
			touched = append(touched, idsOf(rows, id)...)
			if kind == plumbline.Asset || kind == plumbline.Membership {
				owned = append(owned, had[gid], g)
			}
		}
		put = append(put, g)
		if (kind == plumbline.Property || kind == plumbline.Asset) && len(rows) > 0 {
			b.Things = append(b.Things, &Thing{gid, kind, rows})
		}
	}
	if err := record.StoreGolden(w.tx, w.location, put); err != nil {
		return err
	}
	jobs, err := record.Dependents(w.tx, w.location, distinct(touched))
	if err != nil {
		return err
	}
	w.stale(record.RankJob, "delivery", jobs...)
	if err := w.staleListed(listed); err != nil || len(owned) == 0 {
		return err
	}
	return w.staleAround(owned)
}

// itself says of which kind a golden record is, and which members make it: none if all
// that is left was said about a record that nobody has told of.
func itself(members []*record.Row, had plumbline.Kind) (kind plumbline.Kind, rows []*record.Row) {
	kind = had
	alone := true
	for _, r := range members {
		if r.About == "" {
			kind, alone = r.Kind, false
			break
		}
	}
	for _, r := range members {
		if r.Kind == kind && !alone {
			rows = append(rows, r)
		}
	}
	return kind, rows
}

// idsOf lists the members of a golden record and its own id, under which records
// that point to it may know it.
func idsOf(rows []*record.Row, id string) []string {
	ids := []string{id}
	for _, r := range rows {
		ids = append(ids, string(r.ID))
	}
	return ids
}

func sources(rows []*record.Row) []*plumbline.SourceRecord {
	list := make([]*plumbline.SourceRecord, len(rows))
	for i, r := range rows {
		list[i] = &r.SourceRecord
	}
	golden.Sort(list)
	return list
}

func deriveSimple(location string, id plumbline.GoldenID, kind plumbline.Kind, rows []*record.Row) record.Golden {
	g := record.Golden{ID: id, Kind: kind}
	if len(rows) == 0 {
		return g
	}
	var view any
	var why golden.Provenance
	switch kind {
	case plumbline.Asset:
		view, why = golden.Asset(location, id, sources(rows))
	case plumbline.Membership:
		view, why = golden.Membership(location, id, sources(rows))
	case plumbline.Property:
		v, y := golden.Property(id, sources(rows))
		where := calendar.Place{State: v.State, ZIP: v.PostalCode, Zone: v.Zone}.Where()
		v.Zone = ""
		for _, z := range where.Zones {
			v.Zones = append(v.Zones, z.String())
		}
		if len(v.Zones) > 0 {
			v.Zone = v.Zones[0]
		}
		view, why = v, y
	default:
		view, why = golden.Technician(id, sources(rows))
	}
	g.Doc, g.Why = db.JSON(view), db.JSON(why)
	return g
}

// personChanged says whether a person's own words differ from what their golden
// record says, sums apart.
func (w *work) personChanged(rows []*record.Row, had record.Golden) bool {
	if len(rows) == 0 || had.Doc == "" {
		return true
	}
	var old plumbline.PersonView
	if had.Read(&old) != nil {
		return true
	}
	now, _ := golden.Person(had.ID, sources(rows), match.Phone)
	return now.FirstName != old.FirstName || now.LastName != old.LastName || now.Organization != old.Organization ||
		now.Email != old.Email || now.Mobile != old.Mobile || now.Voice != old.Voice || now.Language != old.Language ||
		!slices.Equal(now.Phones, old.Phones)
}

// staleHolders marks the people who have a number, since consent shows on them.
func (w *work) staleHolders(address, cause string) error {
	people, err := identity.Holders(w.tx, w.location, address)
	w.stale(record.RankSums, cause, people...)
	return err
}
