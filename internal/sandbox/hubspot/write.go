package hubspot

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A written record is what a create or update was given.
type input struct {
	properties   map[string]string
	associations []inlineAssociation
}

// create makes a record, or says why not. API callers are held to the
// properties required to create; people's forms are not.
func (p *portal) create(t *objectType, in input, by Author) (*record, error) {
	now := p.clock()
	if by == p.us() {
		if missing := missingRequired(t, in.properties); len(missing) > 0 {
			return nil, missingOnCreate(t, missing)
		}
	}
	r := &record{typ: t, values: map[string]string{}, history: map[string][]Entry{}, created: now, identities: 1}
	if err := p.apply(r, in.properties, by, now, true); err != nil {
		return nil, err
	}
	plans, err := p.planInline(t, in.associations)
	if err != nil {
		return nil, err
	}
	r.id, r.number = p.newID()
	r.values[t.created] = formatInstant(now)
	r.values["hs_object_id"] = r.id
	r.values["hs_object_source"] = by.SourceType
	r.values["hs_object_source_id"] = by.SourceID
	r.touch(now)
	p.save(r)
	stored := p.stores[t.id].byID[r.id]
	for _, plan := range plans {
		p.associate(stored, plan.to, plan.types)
	}
	return stored, nil
}

func missingRequired(t *objectType, properties map[string]string) []string {
	var missing []string
	for _, name := range t.required {
		if properties[name] == "" {
			missing = append(missing, name)
		}
	}
	has := func(name string) bool { return properties[name] != "" }
	if len(t.anyOf) > 0 && !slices.ContainsFunc(t.anyOf, has) {
		missing = append(missing, t.anyOf...)
	}
	return missing
}

// update changes a record, or says why not and leaves it as it was.
func (p *portal) update(r *record, properties map[string]string, by Author) error {
	now := p.clock()
	next := r.draft()
	if err := p.apply(next, properties, by, now, false); err != nil {
		return err
	}
	next.touch(now)
	p.save(next)
	return nil
}

// apply checks all values, then sets them on a draft: all or none.
func (p *portal) apply(r *record, properties map[string]string, by Author, now time.Time, creating bool) error {
	values, err := p.check(r, properties, by)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if name == "lifecyclestage" && by == p.us() && backward(r.values[name], values[name]) {
			continue // answered with 200, and not done
		}
		r.set(name, values[name], by, now)
	}
	p.calculate(r)
	if by == p.us() {
		return p.demand(r, properties, creating)
	}
	return nil
}

// check returns the canonical values, or all that is wrong with the given ones.
func (p *portal) check(r *record, properties map[string]string, by Author) (map[string]string, error) {
	sc := p.schemas[r.typ.id]
	values := make(map[string]string, len(properties))
	var bad []badValue
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		def := sc.live(name)
		switch {
		case def == nil:
			bad = append(bad, badValue{name, "PROPERTY_DOESNT_EXIST", fmt.Sprintf("Property %q does not exist", name)})
		case def.readOnly || def.calculated:
			bad = append(bad, badValue{name, "READ_ONLY_VALUE", fmt.Sprintf("%q is a read only property; its value cannot be set.", name)})
		case name == r.typ.pipeline || name == r.typ.stage:
			values[name] = properties[name]
		default:
			value, wrong := p.canonical(def, properties[name], r.values[name])
			if wrong != nil {
				bad = append(bad, *wrong)
			}
			values[name] = value
		}
	}
	bad = append(bad, p.checkStage(r, values)...)
	if len(bad) > 0 {
		return nil, badValues(bad)
	}
	return values, p.checkUnique(r, values)
}

// checkUnique refuses a value that another record holds.
func (p *portal) checkUnique(r *record, values map[string]string) error {
	sc, s := p.schemas[r.typ.id], p.stores[r.typ.id]
	if email := values["email"]; email != "" && r.typ.name == "contacts" {
		if p.blocked[fold(email)] {
			// Not documented what a create with an erased address answers.
			return invalid("Contact cannot be created because it was permanently deleted for privacy.")
		}
		if holder := s.holder("email", email); holder != "" && holder != r.id {
			return contactExists(holder)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !sc.properties[name].unique || values[name] == "" {
			continue
		}
		if holder := s.holder(name, values[name]); holder != "" && holder != r.id {
			// The shape that several public integrations parse. On a create
			// the vendor names an id that was never given to anyone.
			self := r.id
			if self == "" {
				self, _ = p.newID()
			}
			return invalid(fmt.Sprintf("Cannot set PropertyValueCoordinates{portalId=%d, objectTypeId=ObjectTypeId{%s}, propertyName=%s, value=%s} on %s. %s already has that value.",
				p.id, r.typ.id, name, values[name], self, holder))
		}
	}
	return nil
}

// checkStage refuses a stage that is not of the record's pipeline.
func (p *portal) checkStage(r *record, values map[string]string) []badValue {
	if r.typ.pipeline == "" {
		return nil
	}
	line, lineSet := values[r.typ.pipeline]
	stage, stageSet := values[r.typ.stage]
	if !lineSet && !stageSet {
		return nil
	}
	if !lineSet {
		line = r.values[r.typ.pipeline]
	}
	if !stageSet {
		stage = r.values[r.typ.stage]
	}
	found := p.pipeline(r.typ, line)
	if found == nil {
		return []badValue{{r.typ.pipeline, "INVALID_OPTION", fmt.Sprintf("%s is not a valid pipeline ID. Valid options are: [%s]", line, strings.Join(p.pipelineIDs(r.typ), ", "))}}
	}
	if found.stage(stage) == nil {
		return []badValue{{r.typ.stage, "INVALID_OPTION", fmt.Sprintf("%s is not a valid pipeline stage ID. Valid options are: pipelineId=%s : [%s]", stage, line, strings.Join(found.stageIDs(), ", "))}}
	}
	return nil
}

// backward says whether a lifecycle stage would go back. It may be cleared.
func backward(from, to string) bool {
	return to != "" && slices.Index(lifecycle, to) < slices.Index(lifecycle, from)
}

// calculate fills the properties that the vendor computes. They have no history.
func (p *portal) calculate(r *record) {
	put := func(name, value string) {
		if value == "" {
			delete(r.values, name)
		} else {
			r.values[name] = value
		}
	}
	switch r.typ.name {
	case "contacts":
		put("hs_searchable_calculated_phone_number", searchablePhone(r.values["phone"]))
		put("hs_searchable_calculated_mobile_number", searchablePhone(r.values["mobilephone"]))
		_, domain, _ := strings.Cut(r.values["email"], "@")
		put("hs_email_domain", domain)
	case "companies":
		put("hs_searchable_calculated_phone_number", searchablePhone(r.values["phone"]))
	case "deals":
		closed, won := false, false
		if line := p.pipeline(r.typ, r.values["pipeline"]); line != nil {
			if s := line.stage(r.values["dealstage"]); s != nil {
				closed, won = s.closed(), s.won()
			}
		}
		put("hs_is_closed", fmt.Sprint(closed))
		put("hs_is_closed_won", fmt.Sprint(won))
	}
}

// archive moves a record to the bin, from which it can be restored for 90 days.
// Its unique values are free again, and its associations are gone.
func (p *portal) archive(r *record) {
	now := p.clock()
	p.disassociateAll(r)
	next := *r
	next.archivedAt, next.updated = now, now
	p.save(&next)
}

// emptyOmitted adds an empty value for every value that a person or program set
// and that an upsert leaves out. Not documented what an upsert by email does
// with them, only that it does not support partial upserts: it empties them.
func (p *portal) emptyOmitted(r *record, properties map[string]string) map[string]string {
	full := maps.Clone(properties)
	if full == nil {
		full = map[string]string{}
	}
	sc := p.schemas[r.typ.id]
	for name := range r.values {
		def := sc.live(name)
		if _, given := full[name]; !given && def != nil && !def.readOnly && !def.calculated && name != "email" {
			full[name] = ""
		}
	}
	return full
}
