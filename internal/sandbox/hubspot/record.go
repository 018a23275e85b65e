package hubspot

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Author is who changed a value, as the vendor's property history tells it.
type Author struct {
	SourceType string // e.g. CRM_UI, INTEGRATION, AUTOMATION_PLATFORM, IMPORT
	SourceID   string // for a person "userId:123"
	UserID     int64  // 0 unless a person
}

// An Entry is one value in a property's history.
type Entry struct {
	Value     string
	Timestamp time.Time
	By        Author
}

// A record is one object. The maps of a saved record are never changed: a change
// is made to a draft and saved in its place. So a copy of the struct is a copy
// of the record, and what was indexed stays as it was.
type record struct {
	typ        *objectType
	id         string
	number     int64
	values     map[string]string  // without empty ones
	history    map[string][]Entry // newest first
	created    time.Time
	updated    time.Time
	archivedAt time.Time
	identities int // how many records were merged into it, itself included
	index      []indexed
}

// An indexed version is what search will say of a record from an instant on.
type indexed struct {
	visible time.Time
	values  map[string]string
	gone    bool // archived, merged away or erased
	created time.Time
	updated time.Time
}

// retention is how long an archived record can be read and restored.
const retention = 90 * 24 * time.Hour

// binned says whether a record is archived and not yet gone for good.
func (p *portal) binned(r *record) bool {
	return r.archived() && p.clock().Sub(r.archivedAt) < retention
}

func (r *record) archived() bool { return !r.archivedAt.IsZero() }

func (r *record) draft() *record {
	d := *r
	d.values, d.history = maps.Clone(r.values), maps.Clone(r.history)
	return &d
}

// set replaces one value of a draft and puts it at the head of its history.
// Setting what is there already leaves no entry.
func (r *record) set(name, value string, by Author, now time.Time) {
	if r.values[name] == value {
		return
	}
	if value == "" {
		delete(r.values, name)
	} else {
		r.values[name] = value
	}
	r.history[name] = append([]Entry{{Value: value, Timestamp: now, By: by}}, r.history[name]...)
}

// touch moves the time of the last change. Not documented whether a write that
// changes nothing does so; it does, without a trace in any history.
func (r *record) touch(now time.Time) {
	r.updated = now
	r.values[r.typ.modified] = formatInstant(now)
}

// A store holds the records of one type.
type store struct {
	byID   map[string]*record
	order  []*record                    // by id
	merged map[string]string            // ids that merges made invalid, to the record that took their place
	unique map[string]map[string]string // property, folded value, id
}

func newStore() *store {
	return &store{byID: map[string]*record{}, merged: map[string]string{}, unique: map[string]map[string]string{}}
}

// fold is how unique values are compared. Not documented whether custom unique
// values ignore case; they do here.
func fold(value string) string { return strings.ToLower(strings.TrimSpace(value)) }

func (s *store) holder(property, value string) string { return s.unique[property][fold(value)] }

// claim makes the record the holder of its unique values, release the opposite.
func (s *store) claim(property, value, id string) {
	if value == "" {
		return
	}
	if s.unique[property] == nil {
		s.unique[property] = map[string]string{}
	}
	s.unique[property][fold(value)] = id
}

func (s *store) release(property, value, id string) {
	if s.holder(property, value) == id {
		delete(s.unique[property], fold(value))
	}
}

// uniqueValues lists the values by which the record can be found and that no
// other may have: a contact's addresses and the custom unique properties.
func (p *portal) uniqueValues(r *record) [][2]string {
	if r.archived() {
		return nil
	}
	var out [][2]string
	sc := p.schemas[r.typ.id]
	for _, name := range sc.order {
		if sc.properties[name].unique && r.values[name] != "" {
			out = append(out, [2]string{name, r.values[name]})
		}
	}
	if r.typ.name == "contacts" {
		for _, email := range emails(r.values) {
			out = append(out, [2]string{"email", email})
		}
	}
	return out
}

func emails(values map[string]string) []string {
	var out []string
	for _, e := range append([]string{values["email"]}, strings.Split(values["hs_additional_emails"], ";")...) {
		if e != "" {
			out = append(out, e)
		}
	}
	return out
}

// save stores a changed copy of a record in place of the old one, keeps the
// unique values and the search index up to date, and notes how to undo it.
func (p *portal) save(r *record) {
	s := p.stores[r.typ.id]
	stored := s.byID[r.id]
	if stored == nil {
		stored = &record{typ: r.typ, id: r.id, number: r.number, archivedAt: r.created}
		s.byID[r.id] = stored
		s.order = append(s.order, stored)
		p.undo = append(p.undo, func() {
			delete(s.byID, r.id)
			s.order = slices.DeleteFunc(s.order, func(x *record) bool { return x == stored })
		})
	}
	before := *stored
	p.swap(s, stored, *r)
	p.undo = append(p.undo, func() { p.swap(s, stored, before) })
	p.enqueue(stored, indexed{values: stored.values, gone: stored.archived(), created: stored.created, updated: stored.updated})
}

func (p *portal) swap(s *store, stored *record, next record) {
	for _, u := range p.uniqueValues(stored) {
		s.release(u[0], u[1], stored.id)
	}
	*stored = next
	for _, u := range p.uniqueValues(stored) {
		s.claim(u[0], u[1], stored.id)
	}
}

// drop removes a record for good.
func (p *portal) drop(r *record) {
	s := p.stores[r.typ.id]
	gone := *r
	gone.archivedAt = p.clock()
	p.swap(s, r, gone)
	delete(s.byID, r.id)
	s.order = slices.DeleteFunc(s.order, func(x *record) bool { return x == r })
	p.disassociateAll(r)
	p.enqueue(r, indexed{gone: true})
	if len(r.index) > 1 {
		p.ghosts = append(p.ghosts, r)
	}
}

// enqueue lets search see the new version after the present lag.
func (p *portal) enqueue(r *record, v indexed) {
	now := p.clock()
	v.visible = now
	if lag := p.faults.SearchLag; lag > 0 {
		v.visible = now.Add(time.Duration(p.rand.Int64N(int64(lag) + 1)))
	}
	first := 0 // the last version that can be seen already; what came before it is over
	for i, old := range r.index {
		if !old.visible.After(now) {
			first = i
		}
	}
	r.index = append(slices.Clone(r.index[first:]), v)
}

// seen is the version that search knows at an instant: the newest of those
// that have become visible, nil if none has.
func (r *record) seen(now time.Time) *indexed {
	for i := len(r.index) - 1; i >= 0; i-- {
		if v := &r.index[i]; !v.visible.After(now) {
			if v.gone {
				return nil
			}
			return v
		}
	}
	return nil
}

// resolve finds a record that is not archived by id; the id of a record that
// was merged away leads to the one that took its place. That follows what
// public integrations report; an account with Options.MergedGone answers that
// there is no such record.
func (p *portal) resolve(t *objectType, id string) *record {
	s := p.stores[t.id]
	for range len(s.merged) + 1 {
		next, merged := s.merged[id]
		if !merged {
			break
		}
		if p.mergedGone {
			return nil
		}
		id = next
	}
	if r := s.byID[id]; r != nil && !r.archived() {
		return r
	}
	return nil
}

// find looks a record up by id, or by the value of a unique property.
func (p *portal) find(t *objectType, idProperty, id string) *record {
	if idProperty == "" {
		return p.resolve(t, id)
	}
	s := p.stores[t.id]
	if r := s.byID[s.holder(idProperty, id)]; r != nil && !r.archived() {
		return r
	}
	return nil
}

func (p *portal) newID() (string, int64) {
	p.lastID += 1 + p.rand.Int64N(50)
	return strconv.FormatInt(p.lastID, 10), p.lastID
}
