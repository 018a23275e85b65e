package hubspot

import (
	"slices"
)

const (
	byHubSpot = "HUBSPOT_DEFINED"
	byUser    = "USER_DEFINED"
)

// A linkType is one direction of a kind of association.
type linkType struct {
	id       int
	category string
	label    string // empty: the unlabeled type of its pair
	from, to string // objectTypeIds
	back     int    // the same association seen from the other side
	one      bool   // the from side has at most one of these
}

// An end is one record of an association.
type end struct{ typeID, id string }

// links are the account's association types, and its associations in both
// directions: each has the unlabeled type and perhaps labels.
type links struct {
	types []*linkType
	of    map[end]map[end][]int
	order map[end][]end // in the order in which they were made
}

func newLinks(types []*objectType) links {
	l := links{of: map[end]map[end][]int{}, order: map[end][]end{}}
	ids := map[string]string{}
	for _, t := range types {
		ids[t.singular] = t.id
	}
	add := func(x pair, label, backLabel string, one bool) {
		l.types = append(l.types, &linkType{id: x.there, category: byHubSpot, label: label, from: ids[x.from], to: ids[x.to], back: x.andBack, one: one})
		if x.there != x.andBack {
			l.types = append(l.types, &linkType{id: x.andBack, category: byHubSpot, label: backLabel, from: ids[x.to], to: ids[x.from], back: x.there})
		}
	}
	for _, x := range pairs {
		add(x, "", "", false)
	}
	for _, x := range labeled {
		add(x.pair, x.label, x.backLabel, x.one)
	}
	return l
}

// between lists the types from one object type to another.
func (l *links) between(from, to *objectType) []*linkType {
	var out []*linkType
	for _, k := range l.types {
		if k.from == from.id && k.to == to.id {
			out = append(out, k)
		}
	}
	return out
}

func (l *links) plain(from, to *objectType) *linkType {
	for _, k := range l.between(from, to) {
		if k.label == "" {
			return k
		}
	}
	return nil
}

func (l *links) kind(id int) *linkType {
	for _, k := range l.types {
		if k.id == id {
			return k
		}
	}
	return nil
}

func ends(a, b *record) (end, end) { return end{a.typ.id, a.id}, end{b.typ.id, b.id} }

// put makes exactly these types hold between two records, in both directions.
func (p *portal) put(a, b end, types []int) {
	back := make([]int, len(types))
	for i, id := range types {
		back[i] = p.links.kind(id).back
	}
	before := p.links.of[a][b]
	p.links.set(a, b, types)
	p.links.set(b, a, back)
	p.undo = append(p.undo, func() {
		p.links.set(a, b, before)
		if len(before) == 0 {
			p.links.set(b, a, nil)
			return
		}
		var old []int
		for _, id := range before {
			old = append(old, p.links.kind(id).back)
		}
		p.links.set(b, a, old)
	})
}

func (l *links) set(a, b end, types []int) {
	if len(types) == 0 {
		delete(l.of[a], b)
		l.order[a] = slices.DeleteFunc(slices.Clone(l.order[a]), func(e end) bool { return e == b })
		return
	}
	if l.of[a] == nil {
		l.of[a] = map[end][]int{}
	}
	if l.of[a][b] == nil {
		l.order[a] = append(l.order[a], b)
	}
	types = slices.Clone(types)
	slices.Sort(types)
	l.of[a][b] = slices.Compact(types)
}

// associate gives two records these labels, which replace those they had, and
// always the unlabeled type. Not documented whether an association changes the
// time of last modification; it does, on both sides.
func (p *portal) associate(a, b *record, types []*linkType) {
	ids := []int{p.links.plain(a.typ, b.typ).id}
	for _, k := range types {
		ids = append(ids, k.id)
		p.onlyOne(a, b, k)
	}
	p.relink(a, b, ids)
}

// associatePlain adds the unlabeled type and leaves labels as they are.
func (p *portal) associatePlain(a, b *record) {
	x, y := ends(a, b)
	p.relink(a, b, append(slices.Clone(p.links.of[x][y]), p.links.plain(a.typ, b.typ).id))
}

// unlabel takes types away. Without the unlabeled type nothing is left.
func (p *portal) unlabel(a, b *record, types []int) {
	x, y := ends(a, b)
	if slices.Contains(types, p.links.plain(a.typ, b.typ).id) {
		p.relink(a, b, nil)
		return
	}
	p.relink(a, b, slices.DeleteFunc(slices.Clone(p.links.of[x][y]), func(id int) bool { return slices.Contains(types, id) }))
}

func (p *portal) relink(a, b *record, ids []int) {
	x, y := ends(a, b)
	if len(ids) == 0 && len(p.links.of[x][y]) == 0 {
		return
	}
	p.put(x, y, ids)
	for _, r := range []*record{a, b} {
		next := r.draft()
		next.touch(p.clock())
		p.save(next)
	}
}

// onlyOne takes a label of which there can be one from the record that has it.
func (p *portal) onlyOne(a, b *record, k *linkType) {
	if back := p.links.kind(k.back); !k.one && back.one {
		a, b, k = b, a, back
	}
	if !k.one {
		return
	}
	x, y := ends(a, b)
	for _, e := range slices.Clone(p.links.order[x]) {
		if e != y && slices.Contains(p.links.of[x][e], k.id) {
			p.put(x, e, slices.DeleteFunc(slices.Clone(p.links.of[x][e]), func(id int) bool { return id == k.id }))
		}
	}
}

func (p *portal) disassociateAll(r *record) {
	x := end{r.typ.id, r.id}
	for _, e := range slices.Clone(p.links.order[x]) {
		p.put(x, e, nil)
	}
}

// linked lists the records of one type that a record is associated with.
func (p *portal) linked(r *record, to *objectType) []end {
	var out []end
	for _, e := range p.links.order[end{r.typ.id, r.id}] {
		if e.typeID == to.id {
			out = append(out, e)
		}
	}
	return out
}

// An inlineAssociation comes with a create.
type inlineAssociation struct {
	to    string
	types []assocSpec
}

type assocSpec struct {
	category string
	typeID   int
}

type inlinePlan struct {
	to    *record
	types []*linkType
}

// planInline resolves the associations of a create. One that is wrong fails
// the create.
func (p *portal) planInline(from *objectType, list []inlineAssociation) ([]inlinePlan, error) {
	var plans []inlinePlan
	for _, a := range list {
		if len(a.types) == 0 {
			return nil, invalid("Association types must be given for each association.")
		}
		kinds, to, err := p.kinds(from, nil, a.types)
		if err != nil {
			return nil, err
		}
		r := p.resolve(to, a.to)
		if r == nil {
			return nil, invalidEnd(to, a.to)
		}
		plans = append(plans, inlinePlan{r, kinds})
	}
	return plans, nil
}

// kinds checks association types against the two ends; to may be nil where the
// call does not name it.
func (p *portal) kinds(from, to *objectType, specs []assocSpec) ([]*linkType, *objectType, error) {
	var out []*linkType
	for _, s := range specs {
		k := p.links.kind(s.typeID)
		if k == nil || k.category != s.category || k.from != from.id || (to != nil && k.to != to.id) {
			return nil, nil, invalid("One or more associations are not valid", detail{
				message: "association type " + s.category + " is not valid between these objects", code: "INVALID_ASSOCIATION_TYPE", in: "types",
			})
		}
		if to == nil {
			for _, t := range p.types {
				if t.id == k.to {
					to = t
				}
			}
		}
		out = append(out, k)
	}
	if to == nil || p.links.plain(from, to) == nil {
		return nil, nil, invalid("One or more associations are not valid")
	}
	return out, to, nil
}

// invalidEnd is the answer to an association with a record that is not there.
func invalidEnd(t *objectType, id string) *apiError {
	return invalid("One or more associations are not valid", detail{
		message: t.message() + "=" + id + " is not valid", code: "INVALID_OBJECT_IDS", in: "inputs",
		context: map[string][]string{t.message(): {id}},
	})
}

// userLabels is the highest id given to the account's own labels.
func (p *portal) userLabels() int {
	last := 2_000
	for _, k := range p.links.types {
		if k.category == byUser {
			last = max(last, k.id)
		}
	}
	return last
}
