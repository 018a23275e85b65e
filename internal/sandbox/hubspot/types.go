package hubspot

import "strings"

// An objectType is one kind of record: its names and what the vendor demands of
// it (HubSpot developer documentation, "Understanding the CRM", object type ids
// and properties required to create).
type objectType struct {
	id       string // in paths, e.g. 0-1
	name     string // in paths, e.g. contacts
	singular string // in association names, e.g. contact
	required []string
	anyOf    []string // at least one of these to create
	modified string   // the property that says when the record last changed
	created  string
	defaults []string // returned when a call names no properties
	pipeline string   // properties that hold the pipeline and the stage, if any
	stage    string
	scope    string // of the granular scopes crm.objects.{scope}.read and .write
	optional bool   // must be switched on in the account's object library
}

// message is how the vendor names the type in messages: CONTACT, LINE_ITEM.
func (t *objectType) message() string {
	return strings.ToUpper(strings.ReplaceAll(t.singular, " ", "_"))
}

func engagement(id, name, singular string, defaults ...string) *objectType {
	return &objectType{
		id: id, name: name, singular: singular, required: []string{"hs_timestamp"},
		modified: "hs_lastmodifieddate", created: "hs_createdate", defaults: defaults, scope: "contacts",
	}
}

func other(id, name, singular, scope string, required ...string) *objectType {
	return &objectType{
		id: id, name: name, singular: singular, required: required,
		modified: "hs_lastmodifieddate", created: "hs_createdate", defaults: required, scope: scope,
	}
}

// newTypes lists the object types of a fresh account. Appointments, services,
// listings and courses exist but are switched off.
func newTypes() []*objectType {
	types := []*objectType{
		{
			id: "0-1", name: "contacts", singular: "contact", scope: "contacts",
			modified: "lastmodifieddate", created: "createdate",
			defaults: []string{"firstname", "lastname", "email"},
		},
		{
			id: "0-2", name: "companies", singular: "company", scope: "companies", anyOf: []string{"domain", "name"},
			modified: "hs_lastmodifieddate", created: "createdate", defaults: []string{"name", "domain"},
		},
		{
			id: "0-3", name: "deals", singular: "deal", scope: "deals", required: []string{"dealname", "dealstage", "pipeline"},
			modified: "hs_lastmodifieddate", created: "createdate", pipeline: "pipeline", stage: "dealstage",
			defaults: []string{"dealname", "amount", "closedate", "pipeline", "dealstage"},
		},
		{
			id: "0-5", name: "tickets", singular: "ticket", scope: "tickets", required: []string{"subject", "hs_pipeline", "hs_pipeline_stage"},
			modified: "hs_lastmodifieddate", created: "createdate", pipeline: "hs_pipeline", stage: "hs_pipeline_stage",
			defaults: []string{"subject", "content", "hs_pipeline", "hs_pipeline_stage"},
		},
		engagement("0-27", "tasks", "task", "hs_timestamp", "hs_task_subject", "hs_task_status"),
		engagement("0-46", "notes", "note", "hs_timestamp", "hs_note_body"),
		engagement("0-47", "meetings", "meeting", "hs_timestamp", "hs_meeting_title"),
		engagement("0-48", "calls", "call", "hs_timestamp", "hs_call_title"),
		other("0-7", "products", "product", "products", "hs_sku", "hs_folder", "price", "name", "description"),
		other("0-8", "line_items", "line item", "line_items"),
		other("0-53", "invoices", "invoice", "invoices", "hs_currency"),
		other("0-162", "services", "service", "services", "hs_name", "hs_pipeline", "hs_pipeline_stage"),
		other("0-421", "appointments", "appointment", "appointments", "hs_appointment_name"),
		other("0-420", "listings", "listing", "listings", "hs_name"),
		other("0-410", "courses", "course", "courses", "hs_course_name"),
	}
	for _, t := range types {
		switch t.name {
		case "services":
			t.pipeline, t.stage, t.optional = "hs_pipeline", "hs_pipeline_stage", true
		case "appointments", "listings", "courses":
			t.optional = true
		}
	}
	return types
}

// typeNamed finds a type by plural or singular name or by objectTypeId.
func (p *portal) typeNamed(name string) (*objectType, error) {
	for _, t := range p.types {
		if name != t.id && !strings.EqualFold(name, t.name) && !strings.EqualFold(name, t.singular) {
			continue
		}
		if !p.enabled[t.id] {
			// Not documented what a type answers that is switched off; a
			// refusal that looks like a wrong path is the harder one to read.
			return nil, plainError(400, "Unable to infer object type from: "+name)
		}
		return t, nil
	}
	return nil, plainError(400, "Unable to infer object type from: "+name)
}
