// Package golden makes one record of many: survivorship over the source records
// that identity has linked, with the winner and the rule known per field. It is
// pure and knows no clock, no database and no tool.
package golden

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
)

// A Rank says how a value came about. The higher one wins; among equals the newest.
type Rank int

// Ranks of values.
const (
	InferredRank Rank = iota
	LookedUp
	Typed
)

// A Winner says why a golden field has its value.
type Winner struct {
	Source string `json:"source"` // connection
	Record string `json:"record"` // source record id
	From   int64  `json:"from"`   // ms UTC: since when it counts
	Rule   string `json:"rule"`
	// Of a value that nobody typed: its rank, how sure it is in percent, until when it
	// counts in ms UTC, and what it rests on.
	Rank       string `json:"rank,omitempty"`
	Confidence int    `json:"confidence,omitempty"`
	Until      int64  `json:"until,omitempty"`
	Basis      string `json:"basis,omitempty"`
}

// Provenance names the winner per field.
type Provenance map[string]Winner

// Sort puts members in canonical order: the one its vendor created first leads and
// is the anchor; members without a creation time come after all that have one.
func Sort(members []*plumbline.SourceRecord) {
	slices.SortFunc(members, func(a, b *plumbline.SourceRecord) int {
		return cmp.Or(cmp.Compare(born(a), born(b)), strings.Compare(string(a.ID), string(b.ID)))
	})
}

func born(r *plumbline.SourceRecord) int64 {
	switch {
	case r.About != "":
		return 1<<62 + 1 // what is said about a record never anchors it
	case r.Created == 0:
		return 1 << 62
	}
	return r.Created
}

// Anchor returns the golden id of a set of members: its first in canonical order.
func Anchor(members []*plumbline.SourceRecord) plumbline.GoldenID {
	m := slices.Clone(members)
	Sort(m)
	return m[0].ID
}

type candidate struct {
	value  plumbline.Value
	rank   Rank
	from   int64
	looked plumbline.Looked
	record *plumbline.SourceRecord
}

// candidates lists what the members say of a field now, the best first. Null and
// empty are no candidates: that one source knows nothing takes nothing from another. Only
// where a person has emptied the field, what nobody typed does not count; nor does a
// looked-up value that has come to its end.
func candidates(members []*plumbline.SourceRecord, field string) []candidate {
	var list []candidate
	least := Typed
	for _, r := range members {
		if r.Deleted() {
			continue
		}
		c, ok := r.Get(field)
		if !ok || isEmpty(c.Value) || r.Expired(c) {
			continue
		}
		rank := rankOf(c)
		least = min(least, rank)
		list = append(list, candidate{c.Value, rank, since(r, field, c), c.Looked, r})
	}
	if least < Typed && emptied(members, field) {
		list = slices.DeleteFunc(list, func(c candidate) bool { return c.rank < Typed })
	}
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(b.from, a.from), strings.Compare(string(a.record.ID), string(b.record.ID)))
	})
	return list
}

// since is from when a value is known to count. Where a source dates records and not
// fields, a value of the first that was heard of a record, never changed since, may be as
// old as the record: another field may be why it was told.
func since(r *plumbline.SourceRecord, field string, c plumbline.Current) int64 {
	if c.Author != "" || r.Created == 0 || r.Created > c.From {
		return c.From
	}
	first := &r.Readings[0]
	for i := range r.Readings {
		p := &r.Readings[i]
		if v, ok := p.Fields[field]; ok && v != c.Value {
			return c.From
		}
		if p.First.Compare(first.First) < 0 {
			first = p
		}
	}
	if _, ok := first.Fields[field]; !ok {
		return c.From
	}
	return r.Created
}

func rankOf(c plumbline.Current) Rank {
	switch c.Author {
	case plumbline.ByIntegration, plumbline.ByLookup:
		return LookedUp
	case plumbline.ByRule:
		return InferredRank
	}
	return Typed
}

func (r Rank) String() string { return [...]string{"inferred", "looked up", "typed by a person"}[r] }

// pick returns the winner of a field and notes why it won.
func pick(members []*plumbline.SourceRecord, field string, why Provenance) plumbline.Value {
	list := candidates(members, field)
	if len(list) == 0 {
		return plumbline.Null
	}
	w := list[0]
	rule := "the only value"
	switch {
	case len(list) > 1 && list[1].rank < w.rank:
		rule = w.rank.String() + " before " + list[1].rank.String()
	case len(list) > 1 && list[1].value != w.value && w.rank == Typed:
		rule = "the newest that a person typed"
	case len(list) > 1 && list[1].value != w.value:
		rule = "the newest that was " + w.rank.String()
	case len(list) > 1:
		rule = "all agree"
	}
	won := Winner{Source: w.record.Connection, Record: string(w.record.ID), From: w.from, Rule: rule,
		Confidence: w.looked.Confidence, Until: w.looked.Until, Basis: w.looked.Basis}
	if w.rank < Typed {
		won.Rank = w.rank.String()
	}
	why[field] = won
	return w.value
}

// Technician merges what was said of somebody who is sent.
func Technician(id plumbline.GoldenID, members []*plumbline.SourceRecord) (plumbline.TechnicianView, Provenance) {
	why := Provenance{}
	return plumbline.TechnicianView{
		ID:        string(id),
		FirstName: pick(members, "first_name", why).Text(),
		LastName:  pick(members, "last_name", why).Text(),
		Mobile:    pick(members, "mobile_phone", why).Text(),
	}, why
}

// Property merges what was said of a place.
func Property(id plumbline.GoldenID, members []*plumbline.SourceRecord) (plumbline.PropertyView, Provenance) {
	why := Provenance{}
	members = counting(plumbline.Property, members)
	text := func(field string) string { return pick(members, field, why).Text() }
	return plumbline.PropertyView{
		ID: string(id), Street: text("street"), Unit: text("unit"), City: text("city"), State: strings.ToUpper(text("state")),
		PostalCode: text("postal_code"), Zone: text("zone"), Latitude: text("latitude"), Longitude: text("longitude"),
	}, why
}

// Asset merges what was said of a piece of equipment. A record of another source that a
// person has named goes before what the source itself lists it under.
func Asset(location string, id plumbline.GoldenID, members []*plumbline.SourceRecord) (plumbline.AssetView, Provenance) {
	why := Provenance{}
	members = counting(plumbline.Asset, members)
	text := func(field string) string { return pick(members, field, why).Text() }
	to := func(field string) plumbline.SourceID { return owner(location, plumbline.Asset, members, field, why) }
	v := plumbline.AssetView{
		ID: string(id), Type: text("type"), Maker: text("maker"), Model: text("model"), Serial: text("serial"),
		Installed: text("installed"), WarrantyUntil: text("warranty_until"), NextDue: text("next_due"), Place: text("place"), Notes: text("notes"), Retired: text("retired"),
		Property: to("property"), Customer: to("customer"),
	}
	delete(why, "property_record")
	delete(why, "customer_record")
	return v, why
}

// Membership merges what was said of a plan that somebody holds. It is active until
// somebody says that it has ended: no day ends it by itself.
func Membership(location string, id plumbline.GoldenID, members []*plumbline.SourceRecord) (plumbline.MembershipView, Provenance) {
	why := Provenance{}
	text := func(field string) string { return pick(members, field, why).Text() }
	v := plumbline.MembershipView{
		ID: string(id), Plan: text("plan"), Status: cmp.Or(text("status"), "active"), Started: text("started"), Renews: text("renews"), Months: pick(members, "months", why).Int(),
		NextDue: text("next_due"), Price: text("price"), Retired: text("retired"), Notes: text("notes"),
		Property: owner(location, plumbline.Membership, members, "property", why), Customer: owner(location, plumbline.Membership, members, "customer", why),
	}
	if v.Retired != "" {
		v.Status = "ended"
	}
	delete(why, "property_record")
	delete(why, "customer_record")
	return v, why
}

// owner is the source record that stands for the property or customer to which something
// belongs: the one that a person has named, else the one that its source lists it under.
func owner(location string, kind plumbline.Kind, members []*plumbline.SourceRecord, field string, why Provenance) plumbline.SourceID {
	named, listed := candidates(members, field+"_record"), candidates(members, field)
	name, list := field+"_record", named
	if len(named) == 0 || len(listed) > 0 && listed[0].rank > named[0].rank {
		name, list = field, listed
	}
	if len(list) == 0 {
		return ""
	}
	pick(members, name, why)
	why[field] = why[name]
	return pointed(location, kind, name, list[0])
}

// pointed is the source record to which a value points.
func pointed(location string, kind plumbline.Kind, field string, c candidate) plumbline.SourceID {
	f := plumbline.Fields[kind][field]
	if f.Type == plumbline.Record || c.record.About != "" {
		return plumbline.SourceID(c.value.Text())
	}
	return plumbline.NewSourceID(location, c.record.Connection, f.To, c.value.Text())
}

// A Line is one phone number of a person, best first.
type Line struct {
	Number   string // E.164
	Textable bool   // given as a mobile number
	From     int64
	Source   string
}

// Lines lists the numbers that the members give a person: a new one is added, never
// a replacement of others, and what its source took back is left out. E164 writes
// a number in its one form, "" if it is none.
func Lines(members []*plumbline.SourceRecord, e164 func(string) string) []Line {
	var list []Line
	for _, field := range []string{"mobile_phone", "home_phone", "work_phone"} {
		for _, c := range candidates(members, field) {
			n := e164(c.value.Text())
			if n == "" {
				continue
			}
			i := slices.IndexFunc(list, func(l Line) bool { return l.Number == n })
			if i < 0 {
				list = append(list, Line{Number: n, Textable: field == "mobile_phone", From: c.from, Source: c.record.Connection})
			}
		}
	}
	return list
}

// Person merges what was said of a customer.
func Person(id plumbline.GoldenID, members []*plumbline.SourceRecord, e164 func(string) string) (plumbline.PersonView, Provenance) {
	why := Provenance{}
	members = counting(plumbline.Customer, members)
	text := func(field string) string { return pick(members, field, why).Text() }
	p := plumbline.PersonView{
		ID: string(id), FirstName: text("first_name"), LastName: text("last_name"), Organization: text("organization"),
		Email: strings.ToLower(strings.TrimSpace(text("email"))), Language: text("language"),
		Street: text("street"), City: text("city"), State: text("state"), PostalCode: text("postal_code"),
	}
	for _, l := range Lines(members, e164) {
		p.Phones = append(p.Phones, l.Number)
		switch {
		case l.Textable && p.Mobile == "":
			p.Mobile = l.Number
			why["mobile"] = Winner{Source: l.Source, From: l.From, Rule: "first textable number"}
		case !l.Textable && p.Voice == "":
			p.Voice = l.Number
			why["voice"] = Winner{Source: l.Source, From: l.From, Rule: "first other number"}
		}
	}
	return p, why
}

// Denied lists the connections whose tool says that a customer wants no texts, each
// with since when.
func Denied(members []*plumbline.SourceRecord) map[string]time.Time {
	out := map[string]time.Time{}
	for _, r := range members {
		if c, ok := r.Get("texts_allowed"); ok && c.Value == "false" {
			out[r.Connection] = time.UnixMilli(c.From).UTC()
		}
	}
	return out
}
