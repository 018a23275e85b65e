// Package hubspot keeps the records of one HubSpot account true and reads what
// people there say of customers. It speaks the 2026-09 API with one static token.
// It knows no golden record, no table and no other tool: it is told which fields
// to write, and tells what it read.
//
// A write is sent once: nothing here tries again what may have happened.
package hubspot

import (
	"net/http"
	"sync"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// Name is what the tool is called in deliveries.
const Name = "hubspot"

// KeyProperty is the unique property that bears our key on contacts, companies,
// deals and tickets.
const KeyProperty = "plumbline_key"

// batchSize is how many records one batch call takes (HubSpot API guides).
const batchSize = 100

// A Tool is one HubSpot account. It is safe for concurrent use.
type Tool struct {
	config Config
	client *http.Client
	now    func() time.Time
	job    string // the type that a job is kept as: deal or ticket

	mu     sync.Mutex
	zone   *time.Location      // of the account, once it is known
	labels map[string]labelSet // "deal/contact" to the labels of that pair
	ours   map[string][]string // further properties to read, by type
}

var (
	_ connect.Target   = (*Tool)(nil)
	_ connect.Budgeter = (*Tool)(nil)
	_ connect.Receiver = (*Receiver)(nil)
)

// New returns the tool of an account whose configuration has been validated.
func New(c Config, client *http.Client, now func() time.Time) *Tool {
	t := &Tool{config: c.withDefaults(), client: client, now: now, job: "deal", labels: map[string]labelSet{}, ours: map[string][]string{}}
	if c.Zone != "" {
		t.zone, _ = time.LoadLocation(c.Zone) // Validate has loaded it
	}
	return t
}

// An object is what the program must know of a type of records.
type object struct {
	path     string // in addresses
	id       string // object type id, as webhooks name it
	modified string // property that holds the instant of the last change
	keyed    bool   // can bear KeyProperty
	body     string // property whose last line bears our key, where no key property can
	required []string
}

// objects lists the types that are written or read, by our name. What a create
// needs is from the guide "Understanding the CRM".
var objects = map[string]object{
	"contact": {path: "contacts", id: "0-1", modified: "lastmodifieddate", keyed: true},
	"company": {path: "companies", id: "0-2", modified: "hs_lastmodifieddate", keyed: true},
	"deal": {path: "deals", id: "0-3", modified: "hs_lastmodifieddate", keyed: true,
		required: []string{"dealname", "dealstage", "pipeline"}},
	"ticket": {path: "tickets", id: "0-5", modified: "hs_lastmodifieddate", keyed: true,
		required: []string{"subject", "hs_pipeline", "hs_pipeline_stage"}},
	"note": {path: "notes", id: "0-46", modified: "hs_lastmodifieddate", body: "hs_note_body",
		required: []string{"hs_timestamp"}},
	"task": {path: "tasks", id: "0-27", modified: "hs_lastmodifieddate", body: "hs_task_body",
		required: []string{"hs_timestamp"}},
}

// KeepJobsAs says which type a job is kept as: deal, as long as nobody says so, or
// ticket. It is called before the tool is used.
func (t *Tool) KeepJobsAs(typ string) error {
	if !oneOf(typ, "deal", "ticket") {
		return plumbline.Invalidf("deal or ticket", "hubspot does not keep jobs as %q", typ)
	}
	t.job = typ
	return nil
}

// types lists the types of this account in dependency order.
func (t *Tool) types() []string {
	return []string{"company", "contact", t.job, "note", "task"}
}

func (t *Tool) object(typ string) (object, *connect.Error) {
	o, ok := objects[typ]
	if !ok {
		return o, &connect.Error{Class: connect.Human, Code: "unknown_type", Msg: "hubspot has no type " + typ + " here",
			Cure: "map to contact, company, deal, ticket, note or task"}
	}
	return o, nil
}

// Limits says how many records one call may carry.
func (t *Tool) Limits(string) connect.Limits { return connect.Limits{Batch: batchSize} }

// Budgets are HubSpot's documented limits (usage guidelines, 2026-10) less a tenth,
// since the account's other programs and our own retries draw on some of them.
// "search" has a bucket of its own; "associations" takes the lowest number told.
func (t *Tool) Budgets() map[string]connect.Budget {
	b := map[string]connect.Budget{
		"burst":        {Calls: 171, Window: 10 * time.Second},
		"search":       {Calls: 4, Window: time.Second},
		"associations": {Calls: 90, Window: 10 * time.Second},
		"daily":        {Calls: 562_500, Window: 24 * time.Hour},
	}
	switch t.config.Tier {
	case "starter":
		b["burst"] = connect.Budget{Calls: 90, Window: 10 * time.Second}
		b["daily"] = connect.Budget{Calls: 225_000, Window: 24 * time.Hour}
	case "enterprise":
		b["daily"] = connect.Budget{Calls: 900_000, Window: 24 * time.Hour}
	case "marketplace":
		b["burst"] = connect.Budget{Calls: 99, Window: 10 * time.Second}
		delete(b, "daily")
	}
	return b
}
