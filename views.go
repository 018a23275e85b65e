package plumbline

import (
	"slices"
	"time"
)

// The views below are what golden records look like to predicates, mappings, rules
// and texts. The cel tags are the names that a playbook uses. Money is in minor
// units (cents). The zero time, and the empty text, mean "nothing there".

// JobView is a job with its two histories folded up to some instant.
type JobView struct {
	ID          string   `json:"id" cel:"id"`
	Number      string   `json:"number,omitempty" cel:"number"`
	Kind        string   `json:"kind,omitempty" cel:"kind"`         // repair, maintenance, estimate, install, callback, warranty, emergency
	Type        string   `json:"type,omitempty" cel:"type"`         // the tool's own word
	Estimate    bool     `json:"estimate,omitempty" cel:"estimate"` // the tool says that it is an estimate's own visit
	Service     string   `json:"service,omitempty" cel:"service"`
	Description string   `json:"description,omitempty" cel:"description"`
	Tags        []string `json:"tags,omitempty" cel:"tags"`
	Stage       string   `json:"stage,omitempty" cel:"stage"`
	SourceURL   string   `json:"source_url,omitempty" cel:"source_url"`
	Equipment   string   `json:"equipment,omitempty" cel:"equipment"` // what was written on pieces of equipment at its visits

	Visits  []VisitView `json:"visits,omitempty" cel:"visits"`
	Undone  []string    `json:"undone,omitempty" cel:"undone"`
	Removed bool        `json:"removed,omitempty" cel:"removed"` // the tool says canceled or deleted

	NoCharge        bool   `json:"no_charge,omitempty" cel:"no_charge"`
	Billed          bool   `json:"billed,omitempty" cel:"billed"`                   // every billable line stands on an issued invoice
	IssuedTotal     int64  `json:"issued_total,omitempty" cel:"issued_total"`       // of issued invoices
	SettledBalance  int64  `json:"settled_balance,omitempty" cel:"settled_balance"` // issued total less settled payments, tips apart
	Total           int64  `json:"total,omitempty" cel:"total"`                     // what the tool says the job costs
	Deposit         int64  `json:"deposit,omitempty" cel:"deposit"`                 // settled and not yet applied to an invoice
	Money           string `json:"money,omitempty" cel:"money"`                     // none, deposit, part_paid, paid, overpaid, refunded, disputed, written_off
	InvoiceNumber   string `json:"invoice_number,omitempty" cel:"invoice_number"`
	LineItems       string `json:"line_items,omitempty" cel:"line_items"`
	OpenOptions     int64  `json:"open_options,omitempty" cel:"open_options"`
	ApprovedOptions int64  `json:"approved_options,omitempty" cel:"approved_options"`
	Disputed        bool   `json:"disputed,omitempty" cel:"disputed"`
	Outcome         string `json:"outcome,omitempty" cel:"outcome"`
	OutcomeReason   string `json:"outcome_reason,omitempty" cel:"outcome_reason"`
	QA              string `json:"qa,omitempty" cel:"qa"` // pending, passed, waived or unproven

	Due         time.Time `json:"due,omitzero" cel:"due"` // oldest due date of an open invoice
	Promised    time.Time `json:"promised,omitzero" cel:"promised"`
	LastPaid    time.Time `json:"last_paid,omitzero" cel:"last_paid"`
	Created     time.Time `json:"created,omitzero" cel:"created"`
	Completed   time.Time `json:"completed,omitzero" cel:"completed"` // when the stage completed was reached, while it holds
	PlannedEnd  time.Time `json:"planned_end,omitzero" cel:"planned_end"`
	NextDue     time.Time `json:"next_due,omitzero" cel:"next_due"` // next maintenance that this job sets
	OptionsFrom time.Time `json:"options_from,omitzero" cel:"options_from"`

	Rings []string `json:"rings,omitempty" cel:"rings"` // clocks that have rung and count, a visit's as "clock@visit"

	Holding []string `json:"holding,omitempty" cel:"holding"` // stages that hold now, in list order
}

// Holds says whether a stage holds now, not whether it ever did.
func (j *JobView) Holds(stage string) bool { return slices.Contains(j.Holding, stage) }

// VisitView is one trip.
type VisitView struct {
	ID          string           `json:"id" cel:"id"`
	Stage       string           `json:"stage,omitempty" cel:"stage"`
	Starts      time.Time        `json:"starts,omitzero" cel:"starts"`
	Ends        time.Time        `json:"ends,omitzero" cel:"ends"`
	Window      time.Duration    `json:"window,omitempty" cel:"window"` // arrival is promised within this after Starts
	Released    bool             `json:"released,omitempty" cel:"released"`
	Assignments []AssignmentView `json:"assignments,omitempty" cel:"assignments"`
	DayBegun    bool             `json:"day_begun,omitempty" cel:"day_begun"`
	EnRoute     time.Time        `json:"en_route,omitzero" cel:"en_route"`
	OnSite      time.Time        `json:"on_site,omitzero" cel:"on_site"`
	Completed   time.Time        `json:"completed,omitzero" cel:"completed"`
	Canceled    time.Time        `json:"canceled,omitzero" cel:"canceled"`
	Reopened    time.Time        `json:"reopened,omitzero" cel:"reopened"` // when its completion was taken back, while it is
	Outcome     string           `json:"outcome,omitempty" cel:"outcome"`
	ETALow      time.Time        `json:"eta_low,omitzero" cel:"eta_low"`
	ETAHigh     time.Time        `json:"eta_high,omitzero" cel:"eta_high"`
	ETABasis    string           `json:"eta_basis,omitempty" cel:"eta_basis"`
	Notes       string           `json:"notes,omitempty" cel:"notes"`
	Inferred    []string         `json:"inferred,omitempty" cel:"inferred"` // which of its times were inferred
}

// AssignmentView is one technician on a visit.
type AssignmentView struct {
	Technician string `json:"technician" cel:"technician"` // golden id
	FirstName  string `json:"first_name,omitempty" cel:"first_name"`
}

// PersonView is a customer: a person, or an organization that buys.
type PersonView struct {
	ID           string   `json:"id" cel:"id"`
	FirstName    string   `json:"first_name,omitempty" cel:"first_name"`
	LastName     string   `json:"last_name,omitempty" cel:"last_name"`
	Organization string   `json:"organization,omitempty" cel:"organization"`
	Email        string   `json:"email,omitempty" cel:"email"`
	Mobile       string   `json:"mobile,omitempty" cel:"mobile"` // first textable number, E.164
	Voice        string   `json:"voice,omitempty" cel:"voice"`   // first other number
	Phones       []string `json:"phones,omitempty" cel:"phones"` // all, E.164
	Language     string   `json:"language,omitempty" cel:"language"`
	Street       string   `json:"street,omitempty" cel:"street"`
	City         string   `json:"city,omitempty" cel:"city"`
	State        string   `json:"state,omitempty" cel:"state"`
	PostalCode   string   `json:"postal_code,omitempty" cel:"postal_code"`

	// over all jobs and properties
	NextStarts      time.Time `json:"next_starts,omitzero" cel:"next_starts"`
	NextWindow      string    `json:"next_window,omitempty" cel:"next_window"` // "Tue 8-10 AM, 1418 W Larkspur Ln"
	NextService     string    `json:"next_service,omitempty" cel:"next_service"`
	NextTechnician  string    `json:"next_technician,omitempty" cel:"next_technician"`
	NextETA         time.Time `json:"next_eta,omitzero" cel:"next_eta"`
	LastService     time.Time `json:"last_service,omitzero" cel:"last_service"`
	ServiceSummary  string    `json:"service_summary,omitempty" cel:"service_summary"`
	Equipment       string    `json:"equipment,omitempty" cel:"equipment"`
	Balance         int64     `json:"balance,omitempty" cel:"balance"`
	OldestDue       time.Time `json:"oldest_due,omitzero" cel:"oldest_due"`
	AccountStatus   string    `json:"account_status,omitempty" cel:"account_status"` // none, current, past_due, disputed, hold, credit
	LastPaid        time.Time `json:"last_paid,omitzero" cel:"last_paid"`
	NextMaintenance time.Time `json:"next_maintenance,omitzero" cel:"next_maintenance"`
	Plan            string    `json:"plan,omitempty" cel:"plan"`
	PlanStatus      string    `json:"plan_status,omitempty" cel:"plan_status"` // active or ended
	PlanRenews      time.Time `json:"plan_renews,omitzero" cel:"plan_renews"`
	CompletedJobs   int64     `json:"completed_jobs,omitempty" cel:"completed_jobs"`
	OpenJobs        int64     `json:"open_jobs,omitempty" cel:"open_jobs"`
	TextsService    string    `json:"texts_service,omitempty" cel:"texts_service"` // yes, no, unknown
	TextsOffers     string    `json:"texts_offers,omitempty" cel:"texts_offers"`
}

// PropertyView is a place where work is done.
type PropertyView struct {
	ID         string   `json:"id" cel:"id"`
	Street     string   `json:"street,omitempty" cel:"street"`
	Unit       string   `json:"unit,omitempty" cel:"unit"`
	City       string   `json:"city,omitempty" cel:"city"`
	State      string   `json:"state,omitempty" cel:"state"`
	PostalCode string   `json:"postal_code,omitempty" cel:"postal_code"`
	Zone       string   `json:"zone,omitempty" cel:"zone"` // IANA name, the likeliest
	Zones      []string `json:"zones,omitempty" cel:"zones"`
	Latitude   string   `json:"latitude,omitempty" cel:"latitude"`
	Longitude  string   `json:"longitude,omitempty" cel:"longitude"`
}

// TechnicianView is somebody who is sent.
type TechnicianView struct {
	ID        string `json:"id" cel:"id"`
	FirstName string `json:"first_name,omitempty" cel:"first_name"`
	LastName  string `json:"last_name,omitempty" cel:"last_name"`
	Mobile    string `json:"mobile,omitempty" cel:"mobile"`
}

// AssetView is a piece of equipment. Days are written 2006-01-02.
type AssetView struct {
	ID            string `json:"id" cel:"id"`
	Type          string `json:"type,omitempty" cel:"type"`
	Maker         string `json:"maker,omitempty" cel:"maker"`
	Model         string `json:"model,omitempty" cel:"model"`
	Serial        string `json:"serial,omitempty" cel:"serial"`
	Installed     string `json:"installed,omitempty" cel:"installed"`
	WarrantyUntil string `json:"warranty_until,omitempty" cel:"warranty_until"`
	NextDue       string `json:"next_due,omitempty" cel:"next_due"`
	Place         string `json:"place,omitempty" cel:"place"`
	Notes         string `json:"notes,omitempty" cel:"notes"`
	Retired       string `json:"retired,omitempty" cel:"retired"` // since when it is out of use
	// The records, of any source, that stand for where it is and whose it is: those of
	// golden records change when people are told apart, these do not.
	Property SourceID `json:"property,omitempty" cel:"property"`
	Customer SourceID `json:"customer,omitempty" cel:"customer"`
}

// MembershipView is a plan that somebody holds. Days are written 2006-01-02.
type MembershipView struct {
	ID       string   `json:"id"`
	Plan     string   `json:"plan,omitempty"`
	Status   string   `json:"status,omitempty"` // active or ended
	Started  string   `json:"started,omitempty"`
	Renews   string   `json:"renews,omitempty"`
	Months   int64    `json:"months,omitempty"` // between two visits
	NextDue  string   `json:"next_due,omitempty"`
	Price    string   `json:"price,omitempty"`
	Retired  string   `json:"retired,omitempty"`
	Notes    string   `json:"notes,omitempty"`
	Property SourceID `json:"property,omitempty"`
	Customer SourceID `json:"customer,omitempty"`
}

// A Transition is a stage that a job or visit has reached, with what made it so.
type Transition struct {
	Subject  SourceID  `json:"subject"` // anchor of the job, or id of the visit
	Kind     Kind      `json:"kind"`
	Stage    string    `json:"stage"`
	Happened time.Time `json:"happened"`
	Known    time.Time `json:"known"` // when the last statement it needed was received
	Cause    string    `json:"cause"` // who says so: the statement, as text for people
}
