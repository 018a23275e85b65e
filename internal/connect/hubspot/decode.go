package hubspot

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// contactFields are the properties of a contact that say something of a customer,
// with the names and types that they have among our fields.
var contactFields = []struct {
	property, field string
	kind            plumbline.FieldType
}{
	{"firstname", "first_name", plumbline.Text},
	{"lastname", "last_name", plumbline.Text},
	{"email", "email", plumbline.Text},
	{"mobilephone", "mobile_phone", plumbline.Text},
	{"phone", "home_phone", plumbline.Text},
	{"address", "street", plumbline.Text},
	{"city", "city", plumbline.Text},
	{"state", "state", plumbline.Text},
	{"zip", "postal_code", plumbline.Text},
	{"hs_language", "language", plumbline.Text},
	{"company", "organization", plumbline.Text},
	{KeyProperty, "key", plumbline.Text},
	{"plumbline_texts_service", "texts_service", plumbline.Text},
	{"plumbline_texts_marketing", "texts_offers", plumbline.Text},
	{"hs_email_optout", "email_opt_out", plumbline.Bool},
	{"lifecyclestage", "stage", plumbline.Text},
}

// An ObservedField is a property as HubSpot has it.
type ObservedField struct {
	Value  string
	At     time.Time // of the last change; that of the record, where HubSpot tells no history
	Author plumbline.Author
	// Source names who changed it last, in HubSpot's words; "" where no history tells of
	// the value. Where a history tells of others only, nobody is its author, at no time.
	Source string
	Merged bool // a merge of two records put it there
}

// An Observation is what a kept answer says of a record.
type Observation struct {
	Type, ID string
	Fields   map[string]ObservedField // every property that was asked for, empty where there is no value
	Modified time.Time
	Created  time.Time
	Archived bool   // archived, or not there at all
	MergedTo string // what the record was merged into; then nothing else is told
}

// Observed reads a delivery of this tool with event "read", of any type, for mirror.
func (t *Tool) Observed(d plumbline.Delivery) (Observation, error) {
	var b body
	if err := json.Unmarshal(d.Body, &b); err != nil {
		return Observation{}, plumbline.Invalidf("", "the answer of hubspot cannot be read")
	}
	if _, ok := objects[b.Type]; !ok || !plainWord.MatchString(b.ID) || b.MergedTo != "" && !isID(b.MergedTo) {
		return Observation{}, plumbline.Invalidf("", "the answer of hubspot names no record")
	}
	o := Observation{Type: b.Type, ID: b.ID, Fields: map[string]ObservedField{}, Modified: instant(b.UpdatedAt),
		Created: instant(b.CreatedAt), Archived: b.Archived, MergedTo: b.MergedTo}
	for name, v := range b.Properties {
		f := ObservedField{At: o.Modified, Author: plumbline.ByPerson}
		if v != nil {
			f.Value = string(*v)
		}
		switch history := b.History[name]; {
		case len(history) > 0:
			t.changed(&f, history, o.Modified)
		case b.History != nil && f.Value == "":
			f.At = o.Created // nobody ever set it
		}
		o.Fields[name] = f
	}
	return o, nil
}

// changed says when and by whom a property got its value, if its history tells. HubSpot
// lists the newest first; the order is not relied on.
func (t *Tool) changed(f *ObservedField, history []version, modified time.Time) {
	last := history[0]
	for _, v := range history[1:] {
		if instant(v.Timestamp).After(instant(last.Timestamp)) {
			last = v
		}
	}
	if !alike(f.Value, last.Value) {
		f.At, f.Author = time.Time{}, ""
		return
	}
	if f.At = instant(last.Timestamp); f.At.IsZero() {
		f.At = modified
	}
	f.Author, f.Source = t.author(last), strings.TrimSpace(last.SourceType+" "+last.SourceID)
	f.Merged = strings.HasPrefix(strings.ToUpper(last.SourceType), "MERGE_")
}

// alike says whether a history tells of a value, in whatever spelling.
func alike(value, told string) bool {
	return strings.TrimSpace(value) == strings.TrimSpace(told) ||
		slices.ContainsFunc([]string{"number", "datetime", "bool", "enums"}, func(typ string) bool { return Equal(typ, value, told) })
}

// programs are the source types of changes that no person typed (property history;
// the list is not complete, so what is not named counts as a person's: then it is
// not overwritten).
var programs = map[string]bool{
	"INTEGRATION": true, "INTEGRATIONS_PLATFORM": true, "INTEGRATIONS_SYNC": true, "API": true,
	"WORKFLOWS": true, "AUTOMATION_PLATFORM": true, "AUTOMATION_JOURNEY": true, "CALCULATED": true,
	"DATA_ENRICHMENT": true, "PROPERTY_SETTINGS": true, "INTERNAL_PROCESSING": true, "ANALYTICS": true,
}

func (t *Tool) author(v version) plumbline.Author {
	source := strings.ToUpper(v.SourceType)
	switch {
	case t.config.AppID != "" && programs[source] && v.SourceID == t.config.AppID:
		return plumbline.ByUs
	case programs[source]:
		return plumbline.ByIntegration
	}
	return plumbline.ByPerson
}

// Decode reads contacts as customers. A job's own record there is the target's copy
// of what we know, and a notice only asks for a read.
func (t *Tool) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	if d.Event != "read" {
		return nil, connect.Ignored{Rule: "a notice only asks for a read"}
	}
	o, err := t.Observed(d)
	if err != nil {
		return nil, err
	}
	if o.Type != "contact" {
		return nil, connect.Ignored{Rule: "a target's own record"}
	}
	r := plumbline.Reading{Kind: plumbline.Customer, ID: o.ID, At: o.Modified, Read: d.Read, Created: o.Created}
	if o.Archived || o.MergedTo != "" {
		r.Deleted = true
		return []plumbline.Reading{r}, nil
	}
	r.Fields, r.Times, r.Authors = map[string]plumbline.Value{}, map[string]time.Time{}, map[string]plumbline.Author{}
	for _, f := range contactFields {
		seen, ok := o.Fields[f.property]
		value, good := fieldValue(f.field, f.kind, seen.Value)
		if !ok || !good || seen.Author == "" {
			continue // what nobody has said is no statement
		}
		r.Fields[f.field], r.Authors[f.field] = value, seen.Author
		if !seen.At.IsZero() {
			r.Times[f.field] = seen.At
		}
	}
	return []plumbline.Reading{r}, nil
}

// fieldValue writes a property as a canonical value; false if it is none of its type.
func fieldValue(field string, kind plumbline.FieldType, text string) (plumbline.Value, bool) {
	switch {
	case text == "":
		return plumbline.Null, true
	case kind == plumbline.Bool:
		text = strings.ToLower(text)
		return plumbline.Value(text), text == "true" || text == "false"
	case field == "language":
		text, _, _ = strings.Cut(strings.ToLower(text), "-") // es-mx
	}
	return connect.Value(text), true
}
