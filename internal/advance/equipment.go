package advance

import (
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/equipment"
	"plumbline.dev/plumbline/internal/record"
)

// belongings says whether the location has any equipment or plans; where it has none,
// nobody looks for them.
func (w *work) belongings() (bool, error) {
	if w.owned == nil {
		any, err := record.AnyBelonging(w.tx, w.location)
		if err != nil {
			return false, err
		}
		w.owned = &any
	}
	return *w.owned, nil
}

// assetsAt returns the equipment that stands at golden properties, by property.
func (w *work) assetsAt(places []string) (map[plumbline.GoldenID][]plumbline.AssetView, error) {
	any, err := w.belongings()
	if err != nil || !any {
		return nil, err
	}
	named, err := record.Belonging(w.tx, w.location, plumbline.Asset, places)
	if err != nil || len(named) == 0 {
		return nil, err
	}
	views, at, err := w.assets(named)
	if err != nil {
		return nil, err
	}
	out := map[plumbline.GoldenID][]plumbline.AssetView{}
	for place, ids := range named {
		for _, id := range ids {
			if v, ok := views[id]; ok && at[v.Property] == place { // one of its records may name another
				out[place] = append(out[place], v)
			}
		}
	}
	return out, nil
}

// assets reads golden equipment, and to which golden records it points.
func (w *work) assets(named map[plumbline.GoldenID][]plumbline.GoldenID) (map[plumbline.GoldenID]plumbline.AssetView, map[plumbline.SourceID]plumbline.GoldenID, error) {
	var ids, refs []string
	for _, list := range named {
		for _, id := range list {
			ids = append(ids, string(id))
		}
	}
	found, err := record.LoadGolden(w.tx, w.location, distinct(ids))
	if err != nil {
		return nil, nil, err
	}
	views := map[plumbline.GoldenID]plumbline.AssetView{}
	for id, g := range found {
		var v plumbline.AssetView
		if err := g.Read(&v); err != nil {
			return nil, nil, err
		}
		views[id] = v
		refs = append(refs, string(v.Property), string(v.Customer))
	}
	to, err := record.Resolve(w.tx, w.location, distinct(refs))
	return views, to, err
}

// staleAround marks what shows equipment and plans that have changed: the jobs of the
// properties where equipment stood or stands, since notes may belong on it, and the people
// whose it is.
func (w *work) staleAround(changed []record.Golden) error {
	var places, people []string
	for _, g := range changed {
		if g.Doc == "" {
			continue
		}
		var v struct{ Property, Customer plumbline.SourceID }
		if err := g.Read(&v); err != nil {
			return err
		}
		places, people = append(places, string(v.Property)), append(people, string(v.Customer))
	}
	members, listed, err := w.around(places)
	if err != nil {
		return err
	}
	jobs, err := record.Dependents(w.tx, w.location, members)
	if err != nil {
		return err
	}
	w.stale(record.RankJob, "delivery", jobs...)
	return w.staleSums(append(people, listed...))
}

// staleListed marks the people under whom properties are, or were, listed, since what
// stands there is theirs.
func (w *work) staleListed(records []string) error {
	any, err := w.belongings()
	if err != nil || !any {
		return err
	}
	return w.staleSums(records)
}

// around returns all records of the properties of some, and of the customers under whom
// they are listed.
func (w *work) around(places []string) (members, people []string, err error) {
	golden, err := record.Resolve(w.tx, w.location, distinct(places))
	if err != nil {
		return nil, nil, err
	}
	var ids []string
	for _, g := range golden {
		ids = append(ids, string(g))
	}
	rows, err := record.Members(w.tx, w.location, distinct(ids))
	for _, list := range rows {
		for _, r := range list {
			members, people = append(members, string(r.ID)), append(people, string(r.RefTo(w.location, "customer")))
		}
	}
	return distinct(members), people, err
}

// staleSums marks the people of source records.
func (w *work) staleSums(records []string) error {
	if records = distinct(records); len(records) == 0 {
		return nil
	}
	golden, err := record.Resolve(w.tx, w.location, records)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(golden)) {
		w.stale(record.RankSums, "delivery", string(golden[id]))
	}
	return nil
}

// moved marks the jobs of properties that a record has come to or left: equipment may
// have come or gone with it.
func (w *work) moved(golden []string) error {
	any, err := w.belongings()
	if err != nil || !any || len(golden) == 0 {
		return err
	}
	members, err := record.Aliases(w.tx, w.location, golden...)
	if err != nil {
		return err
	}
	var all []string
	for _, ids := range members {
		all = append(all, ids...)
	}
	jobs, err := record.Dependents(w.tx, w.location, distinct(all))
	w.stale(record.RankJob, "delivery", jobs...)
	return err
}

// write puts what was written of a job's visits on the equipment of its property.
func (w *work) write(j *Job, notes []equipment.Note, units []plumbline.AssetView) {
	beside := strings.Join(append([]string{j.View.Type, j.View.Description}, j.View.Tags...), " . ")
	j.Notes = equipment.Assign(notes, units, beside, w.playbook.Equipment.About)
	var lines []string
	for _, n := range j.Notes {
		if i := slices.IndexFunc(units, func(u plumbline.AssetView) bool { return u.ID == string(n.Asset) }); i >= 0 {
			lines = append(lines, equipment.Label(units[i])+": "+n.Text)
		}
	}
	j.View.Equipment = strings.Join(lines, "\n")
}

// owning is what people have: the equipment of each, by place.
type owning struct {
	places map[plumbline.GoldenID][]plumbline.GoldenID // by person
	views  map[plumbline.GoldenID]plumbline.PropertyView
	assets map[plumbline.GoldenID][]plumbline.AssetView // by place
	own    map[plumbline.GoldenID][]plumbline.AssetView // by person, of those that stand nowhere
}

// ownings finds the equipment of people: where they are listed, where they have jobs, and
// what is theirs and stands nowhere.
func (w *work) ownings(people []string, at map[plumbline.GoldenID]plumbline.PropertyView) (o owning, err error) {
	any, err := w.belongings()
	if err != nil || !any {
		return o, err
	}
	if o.places, err = record.Belonging(w.tx, w.location, plumbline.Property, people); err != nil {
		return o, err
	}
	o.views = map[plumbline.GoldenID]plumbline.PropertyView{}
	var ids, unknown []string
	for _, v := range at {
		o.views[plumbline.GoldenID(v.ID)] = v
	}
	for _, list := range o.places {
		for _, id := range list {
			if _, ok := o.views[id]; !ok {
				unknown = append(unknown, string(id))
			}
		}
	}
	found, err := record.LoadGolden(w.tx, w.location, distinct(unknown))
	if err != nil {
		return o, err
	}
	for id, g := range found {
		var v plumbline.PropertyView
		if err := g.Read(&v); err != nil {
			return o, err
		}
		o.views[id] = v
	}
	for id := range o.views {
		ids = append(ids, string(id))
	}
	if o.assets, err = w.assetsAt(distinct(ids)); err != nil {
		return o, err
	}
	mine, err := record.Belonging(w.tx, w.location, plumbline.Asset, people)
	if err != nil || len(mine) == 0 {
		return o, err
	}
	views, to, err := w.assets(mine)
	o.own = map[plumbline.GoldenID][]plumbline.AssetView{}
	for person, ids := range mine {
		for _, id := range ids {
			if v, ok := views[id]; ok && v.Property == "" && to[v.Customer] == person {
				o.own[person] = append(o.own[person], v)
			}
		}
	}
	return o, err
}

// describe writes what a person has, with what was written of it in their jobs.
func (o owning) describe(person plumbline.GoldenID, jobs []storedJob, places map[plumbline.GoldenID]plumbline.PropertyView, shop *time.Location) string {
	all := map[plumbline.GoldenID]*equipment.Place{}
	at := func(v plumbline.PropertyView) *equipment.Place {
		id := plumbline.GoldenID(v.ID)
		if all[id] == nil {
			all[id] = &equipment.Place{Street: v.Street, Assets: o.assets[id], Zone: shop}
			if v.Zone != "" {
				all[id].Zone = zone(v.Zone)
			}
		}
		return all[id]
	}
	for _, id := range o.places[person] {
		at(o.views[id])
	}
	at(plumbline.PropertyView{}).Assets = o.own[person]
	for _, j := range jobs {
		p := at(places[plumbline.GoldenID(j.ID)])
		p.Notes = append(p.Notes, j.Notes...)
	}
	var list []equipment.Place
	for _, id := range slices.Sorted(maps.Keys(all)) {
		list = append(list, *all[id])
	}
	return equipment.Describe(list)
}
