package hubspot

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Person is someone who changes records in the vendor's pages.
func Person(userID int64) Author {
	return Author{SourceType: "CRM_UI", SourceID: "userId:" + strconv.FormatInt(userID, 10), UserID: userID}
}

// Integration is another app that is connected to the account.
func Integration(appID int64) Author {
	return Author{SourceType: "INTEGRATION", SourceID: strconv.FormatInt(appID, 10)}
}

// Workflow is an automation of the account.
func Workflow(id string) Author {
	return Author{SourceType: "AUTOMATION_PLATFORM", SourceID: "enrollmentId:" + id}
}

// An Object is a copy of a record, for an oracle.
type Object struct {
	ID, ObjectType   string // ObjectType is the plural name, e.g. contacts
	Properties       map[string]string
	History          map[string][]Entry // newest first
	Associations     []Association
	Created, Updated time.Time
	Archived         bool
	MergedIDs        []string // ids that lead to it since merges
}

// An Association leads from an object to another.
type Association struct {
	ObjectType, ID string
	TypeIDs        []int
	Labels         []string
}

// do runs what someone in the account does with records of a kind, named like
// in paths, under the lock.
func (s *Sandbox) do(kind string, f func(*portal, *objectType) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.portal.undo = nil
	t, err := s.portal.typeNamed(kind)
	if err == nil {
		err = f(s.portal, t)
	}
	if err != nil {
		s.portal.rollback(0)
		return fmt.Errorf("hubspot sandbox, %s: %w", kind, err)
	}
	return nil
}

// Create makes a record as a person, another app or a workflow does; they are
// held to valid and unique values, not to what the API requires.
func (s *Sandbox) Create(kind string, values map[string]string, by Author) (id string, err error) {
	err = s.do(kind, func(p *portal, t *objectType) error {
		r, err := p.create(t, input{properties: values}, by)
		if err == nil {
			id = r.id
		}
		return err
	})
	return id, err
}

// Edit changes values of a record; an empty value clears.
func (s *Sandbox) Edit(kind, id string, values map[string]string, by Author) error {
	return s.do(kind, func(p *portal, t *objectType) error {
		r := p.resolve(t, id)
		if r == nil {
			return notFound()
		}
		return p.update(r, values, by)
	})
}

// Merge makes one record of two and returns its id, which is new unless the
// account preserves the primary's.
func (s *Sandbox) Merge(kind, primary, other string, by Author) (id string, err error) {
	err = s.do(kind, func(p *portal, t *objectType) error {
		r, err := p.mergeRecords(t, primary, other, by)
		if err == nil {
			id = r.id
		}
		return err
	})
	return id, err
}

// Associate links two records, with the labels of these association type ids.
func (s *Sandbox) Associate(fromType, fromID, toType, toID string, typeIDs ...int) error {
	return s.do(fromType, func(p *portal, from *objectType) error {
		to, err := p.typeNamed(toType)
		if err != nil {
			return err
		}
		a, b := p.resolve(from, fromID), p.resolve(to, toID)
		if a == nil || b == nil || a == b || p.links.plain(from, to) == nil {
			return notFound()
		}
		var kinds []*linkType
		for _, id := range typeIDs {
			k := p.links.kind(id)
			if k == nil || k.from != from.id || k.to != to.id {
				return invalid("no such association type: " + strconv.Itoa(id))
			}
			kinds = append(kinds, k)
		}
		p.associate(a, b, kinds)
		return nil
	})
}

// Archive deletes a record as a person does: it can be restored for 90 days.
func (s *Sandbox) Archive(kind, id string) error {
	return s.do(kind, func(p *portal, t *objectType) error {
		r := p.stores[t.id].byID[id]
		if r == nil || r.archived() {
			return notFound()
		}
		p.archive(r)
		return nil
	})
}

// Restore brings an archived record back, without its associations. It fails
// when another record has taken one of its unique values.
func (s *Sandbox) Restore(kind, id string) error {
	return s.do(kind, func(p *portal, t *objectType) error {
		r := p.stores[t.id].byID[id]
		if r == nil || !p.binned(r) {
			return notFound()
		}
		next := r.draft()
		next.archivedAt = time.Time{}
		for _, u := range p.uniqueValues(next) {
			if holder := p.stores[t.id].holder(u[0], u[1]); holder != "" {
				return contactExists(holder)
			}
		}
		next.touch(p.clock())
		p.save(next)
		return nil
	})
}

// Delete removes a record for good, archived or not.
func (s *Sandbox) Delete(kind, id string) error {
	return s.do(kind, func(p *portal, t *objectType) error {
		r := p.stores[t.id].byID[id]
		if r == nil {
			return notFound()
		}
		p.drop(r)
		return nil
	})
}

// Objects lists copies of all records of a type by id, archived ones too.
func (s *Sandbox) Objects(kind string) []Object {
	var out []Object
	err := s.do(kind, func(p *portal, t *objectType) error {
		for _, r := range p.stores[t.id].order {
			out = append(out, p.object(r))
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return out
}

func (p *portal) object(r *record) Object {
	o := Object{
		ID: r.id, ObjectType: r.typ.name, Properties: maps.Clone(r.values), History: map[string][]Entry{},
		Created: r.created, Updated: r.updated, Archived: r.archived(),
	}
	for name, entries := range r.history {
		o.History[name] = slices.Clone(entries)
	}
	self := end{r.typ.id, r.id}
	for _, e := range p.links.order[self] {
		a := Association{ID: e.id, TypeIDs: slices.Clone(p.links.of[self][e])}
		for _, t := range p.types {
			if t.id == e.typeID {
				a.ObjectType = t.name
			}
		}
		for _, id := range a.TypeIDs {
			if label := p.links.kind(id).label; label != "" {
				a.Labels = append(a.Labels, label)
			}
		}
		o.Associations = append(o.Associations, a)
	}
	for _, old := range slices.Sorted(maps.Keys(p.stores[r.typ.id].merged)) {
		if p.resolve(r.typ, old) == r {
			o.MergedIDs = append(o.MergedIDs, old)
		}
	}
	return o
}

// settings changes the account under the lock.
func (s *Sandbox) settings(f func(*portal)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.portal)
}

// SetFaults replaces the faults.
func (s *Sandbox) SetFaults(f Faults) { s.settings(func(p *portal) { p.faults = f }) }

// SetLimits replaces the limits; what was counted stays counted.
func (s *Sandbox) SetLimits(l Limits) { s.settings(func(*portal) { s.limits = l.filled() }) }

// SetScopes restricts the token to these scopes; nil lifts the restriction.
func (s *Sandbox) SetScopes(scopes []string) {
	s.settings(func(p *portal) { p.scopes = slices.Clone(scopes) })
}

// SetToken replaces the service key; calls with the old one answer 401.
func (s *Sandbox) SetToken(token string) { s.settings(func(*portal) { s.token = token }) }

// Migrate makes everything answer 477 for a while.
func (s *Sandbox) Migrate(d time.Duration) {
	s.settings(func(p *portal) { p.migratingUntil = p.clock().Add(d) })
}

// AddOwner adds a user to whom records can be assigned.
func (s *Sandbox) AddOwner(o Owner) { s.settings(func(p *portal) { p.owners = append(p.owners, o) }) }

// RefuseLabels makes the account refuse new association labels.
func (s *Sandbox) RefuseLabels() { s.settings(func(p *portal) { p.noLabels = true }) }

// RefusePipelines makes the account refuse a second pipeline of a type.
func (s *Sandbox) RefusePipelines(kind string) error {
	return s.do(kind, func(p *portal, t *objectType) error {
		p.onePipeline[t.id] = true
		return nil
	})
}

// AddRule makes an administrator's rule bind API writes from now on.
func (s *Sandbox) AddRule(rule Rule) error {
	return s.do(rule.ObjectType, func(p *portal, t *objectType) error {
		for _, name := range append(slices.Clone(rule.Requires), rule.Property) {
			if name != "" && p.schemas[t.id].live(name) == nil {
				return invalid("no such property: " + name)
			}
		}
		rule.ObjectType, rule.Requires = t.id, slices.Clone(rule.Requires)
		p.rules = append(p.rules, rule)
		return nil
	})
}

// SetEnabled switches an object type on or off in the account's library.
func (s *Sandbox) SetEnabled(kind string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.portal.types {
		if kind == t.id || kind == t.name {
			s.portal.enabled[t.id] = on
			return nil
		}
	}
	return errors.New("hubspot sandbox: no object type " + kind)
}

// Requests counts what was asked, by method and path with the type's name and
// without ids, e.g. "POST /crm/objects/2026-09/contacts/batch/upsert".
func (s *Sandbox) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// Answers counts what was answered, by status; 0 counts lost answers.
func (s *Sandbox) Answers() map[int]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.answers)
}
