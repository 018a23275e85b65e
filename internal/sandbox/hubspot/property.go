package hubspot

import (
	"slices"
	"strings"
	"time"
)

// An option is one allowed value of an enumeration. Value is what is written
// and read; Label is what people see.
type option struct {
	Label        string `json:"label"`
	Value        string `json:"value"`
	DisplayOrder int    `json:"displayOrder"`
	Hidden       bool   `json:"hidden"`
	Description  string `json:"description,omitempty"`
}

// A property is a field of an object type.
type property struct {
	name, label, group, description string
	typ, fieldType                  string // see fieldTypes
	options                         []option
	unique, hubspot                 bool
	readOnly, calculated            bool // readOnly: the value; a person may not write it either
	owners                          bool // its options are the account's owners
	hidden, formField               bool
	order                           int
	archived                        bool
	created, updated                time.Time
}

// fieldTypes are the pairs of type and fieldType that may be created.
var fieldTypes = map[string][]string{
	"bool":         {"booleancheckbox", "calculation_equation"},
	"enumeration":  {"booleancheckbox", "checkbox", "radio", "select", "calculation_equation"},
	"date":         {"date"},
	"datetime":     {"date"},
	"string":       {"file", "text", "textarea", "calculation_equation", "html", "phonenumber"},
	"number":       {"number", "calculation_equation"},
	"phone_number": {"phonenumber"},
}

// A group holds properties together in the account's settings.
type group struct {
	name, label string
	order       int
}

// A schema is what one object type consists of.
type schema struct {
	properties map[string]*property
	order      []string
	groups     []*group
}

func (s *schema) add(p *property) {
	if _, known := s.properties[p.name]; !known {
		s.order = append(s.order, p.name)
	}
	s.properties[p.name] = p
}

// live returns a property that exists and is not archived.
func (s *schema) live(name string) *property {
	if p := s.properties[name]; p != nil && !p.archived {
		return p
	}
	return nil
}

func (s *schema) group(name string) *group {
	for _, g := range s.groups {
		if g.name == name {
			return g
		}
	}
	return nil
}

func (s *schema) custom() int {
	n := 0
	for _, p := range s.properties {
		if !p.hubspot && !p.archived {
			n++
		}
	}
	return n
}

// defined lists the built-in properties of each type as "name type[/fieldType]
// [values]"; "!" before the name makes it read-only. They are the standard
// properties that a field service company's mirror or its office touches, not
// all that the vendor has.
var defined = map[string][]string{
	"contacts": {
		"firstname string", "lastname string", "email string", "!hs_additional_emails enumeration/checkbox",
		"phone string/phonenumber", "mobilephone string/phonenumber", "company string", "jobtitle string", "website string",
		"address string", "city string", "state string", "zip string", "country string",
		"hs_language enumeration en,es,fr,de,pt", "hs_timezone string", "date_of_birth string", "message string/textarea",
		"lifecyclestage enumeration/radio " + strings.Join(lifecycle, ","),
		"hs_lead_status enumeration/radio NEW,OPEN,IN_PROGRESS,OPEN_DEAL,UNQUALIFIED,ATTEMPTED_TO_CONTACT,CONNECTED,BAD_TIMING",
		"hs_email_optout bool/booleancheckbox", "!hs_email_domain string",
		"!hs_searchable_calculated_phone_number string", "!hs_searchable_calculated_mobile_number string",
		"!createdate datetime", "!lastmodifieddate datetime",
		// Exists on contacts, and is never filled: a search by it matches nothing.
		"!hs_lastmodifieddate datetime",
	},
	"companies": {
		"name string", "domain string", "phone string/phonenumber", "website string", "description string/textarea", "industry string",
		"address string", "address2 string", "city string", "state string", "zip string", "country string", "timezone string",
		"numberofemployees number", "annualrevenue number", "lifecyclestage enumeration/radio " + strings.Join(lifecycle, ","),
		"type enumeration/select PROSPECT,PARTNER,RESELLER,VENDOR,OTHER", "!hs_searchable_calculated_phone_number string",
		"!createdate datetime", "!hs_lastmodifieddate datetime",
	},
	"deals": {
		"dealname string", "pipeline enumeration/select", "dealstage enumeration/radio", "amount number", "closedate datetime",
		"dealtype enumeration/radio newbusiness,existingbusiness", "description string/textarea", "deal_currency_code string",
		"hs_priority enumeration/select low,medium,high", "closed_lost_reason string/textarea", "closed_won_reason string/textarea",
		"!createdate datetime", "!hs_lastmodifieddate datetime", "!hs_is_closed bool/calculation_equation", "!hs_is_closed_won bool/calculation_equation",
	},
	"tickets": {
		"subject string", "content string/textarea", "hs_pipeline enumeration/select", "hs_pipeline_stage enumeration/select",
		"hs_ticket_priority enumeration/select LOW,MEDIUM,HIGH,URGENT", "hs_ticket_category enumeration/checkbox PRODUCT_ISSUE,BILLING_ISSUE,FEATURE_REQUEST,GENERAL_INQUIRY",
		"hs_resolution string/textarea", "!createdate datetime", "!hs_lastmodifieddate datetime", "!closed_date datetime",
	},
	"tasks": {
		"hs_timestamp datetime", "hs_task_subject string", "hs_task_body string/html",
		"hs_task_status enumeration/select NOT_STARTED,IN_PROGRESS,WAITING,DEFERRED,COMPLETED", "hs_task_priority enumeration/select NONE,LOW,MEDIUM,HIGH",
		"hs_task_type enumeration/select EMAIL,CALL,TODO", "hs_task_reminders string",
	},
	"notes":        {"hs_timestamp datetime", "hs_note_body string/html", "hs_attachment_ids enumeration/checkbox"},
	"meetings":     {"hs_timestamp datetime", "hs_meeting_title string", "hs_meeting_body string/html", "hs_meeting_start_time datetime", "hs_meeting_end_time datetime"},
	"calls":        {"hs_timestamp datetime", "hs_call_title string", "hs_call_body string/html", "hs_call_duration number", "hs_call_direction enumeration/select INBOUND,OUTBOUND"},
	"products":     {"name string", "hs_sku string", "hs_folder string", "description string/textarea", "price number"},
	"line_items":   {"name string", "hs_sku string", "description string/textarea", "price number", "quantity number", "hs_product_id number"},
	"invoices":     {"hs_currency string", "hs_number string", "hs_due_date datetime", "hs_amount_billed number"},
	"services":     {"hs_name string", "hs_pipeline enumeration/select", "hs_pipeline_stage enumeration/select", "hs_description string/textarea", "hs_start_date date", "hs_target_end_date date", "hs_amount_paid number"},
	"appointments": {"hs_appointment_name string", "hs_appointment_start datetime", "hs_appointment_end datetime", "hs_appointment_status string", "hs_location string"},
	"listings":     {"hs_name string", "hs_address_1 string", "hs_city string", "hs_state_province string", "hs_zip string", "hs_price number", "hs_year_built number"},
	"courses":      {"hs_course_name string", "hs_course_id string"},
}

// lifecycle is the order in which a contact may move.
var lifecycle = []string{
	"subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist", "other",
}

func newSchema(t *objectType, now time.Time) *schema {
	s := &schema{properties: map[string]*property{}}
	groupName := strings.ReplaceAll(t.singular, " ", "") + "information"
	s.groups = []*group{{name: groupName, label: strings.ToUpper(t.singular[:1]) + t.singular[1:] + " information"}}
	lines := append(slices.Clone(defined[t.name]),
		"!hs_object_id number", "!hs_merged_object_ids enumeration/checkbox", "!hs_object_source string",
		"!hs_object_source_id string", "hubspot_owner_id enumeration/select")
	if t.created == "hs_createdate" {
		lines = append(lines, "!hs_createdate datetime", "!hs_lastmodifieddate datetime")
	}
	for i, line := range lines {
		p := parseProperty(line)
		p.group, p.order, p.hubspot, p.created, p.updated = groupName, i, true, now, now
		s.add(p)
	}
	return s
}

func parseProperty(line string) *property {
	words := strings.Fields(line)
	p := &property{name: strings.TrimPrefix(words[0], "!"), readOnly: words[0][0] == '!'}
	p.label = p.name
	var found bool
	p.typ, p.fieldType, found = strings.Cut(words[1], "/")
	if !found {
		p.fieldType = map[string]string{"string": "text", "number": "number", "enumeration": "select"}[p.typ]
		if p.fieldType == "" {
			p.fieldType = "date"
		}
	}
	p.calculated = p.fieldType == "calculation_equation" || strings.Contains(p.name, "_calculated_")
	p.owners = p.name == "hubspot_owner_id"
	if len(words) > 2 {
		for i, v := range strings.Split(words[2], ",") {
			p.options = append(p.options, option{Label: v, Value: v, DisplayOrder: i})
		}
	}
	return p
}
