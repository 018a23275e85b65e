package hubspot

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// mergeMost is how many identities make a record refuse more merges.
const mergeMost = 250

func (c *call) merge() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Primary string `json:"primaryObjectId"`
		Loser   string `json:"objectIdToMerge"`
	}
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	if body.Primary == "" || body.Loser == "" {
		return 0, nil, missingFields("primaryObjectId", "objectIdToMerge")
	}
	r, err := c.mergeRecords(t, body.Primary, body.Loser, c.us())
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.written(r, nil), nil
}

// mergeRecords makes one record of two. It has a new id, unless the account
// preserves the primary's; the ids of both lead to it from then on. The
// primary's values win where it has any; the histories are joined.
func (p *portal) mergeRecords(t *objectType, primaryID, loserID string, by Author) (*record, error) {
	a, b := p.resolve(t, primaryID), p.resolve(t, loserID)
	switch {
	case a == nil:
		return nil, notFound()
	case b == nil:
		return nil, notFound()
	case a == b:
		return nil, invalid("Cannot merge a record with itself.")
	case a.identities+b.identities > mergeMost:
		return nil, invalid(fmt.Sprintf("Cannot merge these records, the result would have more than %d identities.", mergeMost))
	}
	now := p.clock()
	merged := p.joined(a, b, now)
	s := p.stores[t.id]
	if p.keepPrimary {
		merged.id, merged.number = a.id, a.number
	} else {
		merged.id, merged.number = p.newID()
	}
	merged.values["hs_object_id"] = merged.id
	merged.touch(now)

	type link struct {
		to    end
		types []int
	}
	var links []link
	for _, r := range []*record{a, b} {
		from := end{t.id, r.id}
		for _, e := range p.links.order[from] {
			if e != (end{t.id, a.id}) && e != (end{t.id, b.id}) {
				links = append(links, link{e, p.links.of[from][e]})
			}
		}
	}
	p.retire(s, b, merged.id)
	if p.keepPrimary {
		merged.index = a.index
		p.disassociateAll(a)
	} else {
		p.retire(s, a, merged.id)
	}
	p.save(merged)
	stored := s.byID[merged.id]
	for _, l := range links {
		other := p.stores[l.to.typeID].byID[l.to.id]
		x, y := ends(stored, other)
		var kinds []int
		for _, id := range l.types { // the primary's one company stays the one
			if k := p.links.kind(id); !k.one || !p.hasKind(x, id) {
				kinds = append(kinds, id)
			}
		}
		p.put(x, y, append(slices.Clone(p.links.of[x][y]), kinds...))
	}
	return stored, nil
}

func (p *portal) hasKind(x end, id int) bool {
	for _, types := range p.links.of[x] {
		if slices.Contains(types, id) {
			return true
		}
	}
	return false
}

// retire makes a merged record's id lead to another. It is not archived: it is
// nowhere.
func (p *portal) retire(s *store, r *record, to string) {
	p.drop(r)
	s.merged[r.id] = to
}

// joined is the merged record without its id.
func (p *portal) joined(a, b *record, now time.Time) *record {
	m := a.draft()
	m.index = nil
	m.identities = a.identities + b.identities
	if b.created.Before(m.created) {
		m.created = b.created
		m.values[m.typ.created] = formatInstant(b.created)
	}
	for name, entries := range b.history {
		m.history[name] = append(slices.Clone(m.history[name]), entries...)
		slices.SortStableFunc(m.history[name], func(x, y Entry) int { return y.Timestamp.Compare(x.Timestamp) })
	}
	for name, value := range b.values {
		def := p.schemas[m.typ.id].live(name)
		if m.values[name] == "" && def != nil && !def.readOnly {
			m.values[name] = value
		}
	}
	if backward(b.values["lifecyclestage"], m.values["lifecyclestage"]) {
		m.values["lifecyclestage"] = b.values["lifecyclestage"]
	}
	if m.typ.name == "contacts" {
		all := append(emails(a.values), emails(b.values)...)
		slices.Sort(all)
		others := slices.DeleteFunc(slices.Compact(all), func(e string) bool { return e == m.values["email"] })
		if len(others) > 0 {
			m.values["hs_additional_emails"] = strings.Join(others, ";")
		}
	}
	ids := []string{a.id, b.id}
	for _, r := range []*record{a, b} {
		if old := r.values["hs_merged_object_ids"]; old != "" {
			ids = append(ids, strings.Split(old, ";")...)
		}
	}
	slices.Sort(ids)
	m.values["hs_merged_object_ids"] = strings.Join(ids, ";")
	// Where the joined history ends on the loser's value, the merge itself
	// put the winner's back.
	by := Author{SourceType: "MERGE_OBJECTS", SourceID: "mergedObjectIds:" + a.id + "," + b.id}
	for _, name := range slices.Sorted(maps.Keys(m.history)) {
		if h := m.history[name]; len(h) > 0 && h[0].Value != m.values[name] {
			m.history[name] = append([]Entry{{Value: m.values[name], Timestamp: now, By: by}}, h...)
		}
	}
	p.calculate(m)
	return m
}
