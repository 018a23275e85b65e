package shop

import (
	"time"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
)

// Story is the truth, for an oracle. It grows with every Step; read it between
// steps and change nothing. Phones are E.164, money is cents, ids are the
// vendors' unless a comment says otherwise.
type Story struct {
	Zone        *time.Location
	Start, End  time.Time // End is when the last planned truck day is over; loose ends come later
	People      []*Person
	Numbers     []*Number
	Jobs        []*Job
	Estimates   []*Estimate
	Technicians []Technician
	Twins       []Twin
	Consents    []Consent
	Acts        []OfficeAct
	CRM         []CRMAct
	Switches    []Switch
	Leads       []string       // HubSpot contacts of people who have no job: nobody but the CRM's people may write to them
	Tally       map[string]int // how often each kind of story happened

	people  map[string]*Person
	numbers map[string]*Number
	jobs    map[string]*Job
}

// Role is what a person is to the shop.
type Role string

// The roles.
const (
	Homeowner Role = "homeowner"
	Tenant    Role = "tenant" // opens the door, never sees a price
	Landlord  Role = "landlord"
	Manager   Role = "manager"  // of a company with many units
	Prospect  Role = "prospect" // known to the CRM alone
	Stranger  Role = "stranger" // holds a number that was written down wrongly
)

// Person is one human being.
type Person struct {
	ID          string // ours
	First, Last string
	Company     string
	Role        Role
	Spanish     bool
	Household   string   // ours; who share it live together
	Phones      []string // all that ever were theirs, best one first
	Emails      []string
	Customers   []string // in Housecall Pro
	Contacts    []string // in HubSpot, as seeded or made by the CRM's people
	Addresses   []housecallpro.Address
	Deleted     []string // of Customers, those that the office deleted
}

// Twin says that two Housecall Pro customers are one person.
type Twin struct {
	A, B, Person string
	How          string // two phones, typo, nickname
	Clear        bool   // the records alone show it: name or a contact, and the address, agree
}

// Line is what a phone number is.
type Line string

// The lines.
const (
	Mobile   Line = "mobile"
	Landline Line = "landline"
	Dead     Line = "dead"
)

// Number is one phone number and everything that bears on texting it.
type Number struct {
	Phone  string
	Line   Line
	People []string // who read it, by person id
	Files  []Filing
	Events []NumberEvent
}

// Filing says that a customer record of Housecall Pro holds a number as its
// mobile number. Until is zero while it does.
type Filing struct {
	Customer    string
	From, Until time.Time
}

// NumberEvent is a text that changed what may be texted to a number.
type NumberEvent struct {
	At      time.Time // when it was sent to us
	What    NumberWord
	Words   string
	Keyword bool // the words are one that carriers know; else it takes understanding
}

// Switch is Housecall Pro's notifications_enabled of a customer, from an
// instant on. It is on for those of whom nothing is said.
type Switch struct {
	At       time.Time
	Customer string
	On       bool
}

// NumberWord is a kind of NumberEvent.
type NumberWord string

// The kinds.
const (
	OptOut      NumberWord = "opt out"
	OptIn       NumberWord = "opt in"
	WrongNumber NumberWord = "wrong number"
)

// Purpose is what a consent is for.
type Purpose string

// The purposes: jobs, estimates and bills; and advertising.
const (
	Account   Purpose = "account"
	Marketing Purpose = "marketing"
)

// Consent is a yes, or the end of one, as a person gave it.
type Consent struct {
	At              time.Time
	Person, Phone   string
	Customer        string // the record it was said about
	Purpose         Purpose
	Given           bool
	Wording, Source string
}

// Technician is an employee of Housecall Pro.
type Technician struct{ ID, First, Last string }

// Kind is a kind of job.
type Kind string

// The kinds; Housecall Pro shows them as the job type.
const (
	Repair      Kind = "Repair"
	Maintenance Kind = "Maintenance"
	Install     Kind = "Install"
	Callback    Kind = "Callback"
	Warranty    Kind = "Warranty"
	Emergency   Kind = "Emergency"
)

// Job is a job of Housecall Pro. The customer books and pays.
type Job struct {
	ID, Number, Customer string
	Person               string // the customer's, by person id
	Site                 string // who opens the door, by person id
	Kind                 Kind
	Plot                 string // the story's name
	NoCharge             bool   // costs nothing by intent
	Estimate             string // it was copied from
	Address              housecallpro.Address
	Price                int64 // tips apart
	Marks                []Mark
	Visits               []*Visit
	Invoices             []*Invoice
}

// Mark is something that happened to a job or estimate and that Housecall Pro
// was told.
type Mark struct {
	At      time.Time
	What    Happening
	Visit   string // appointment id, where there is one
	Invoice string
	Payment string
	Amount  int64
}

// Happening is what a Mark says.
type Happening string

// The happenings.
const (
	Booked      Happening = "booked"
	Scheduled   Happening = "scheduled"
	Moved       Happening = "moved"
	Discarded   Happening = "visit discarded"
	Assigned    Happening = "assigned"
	OnMyWay     Happening = "on my way"
	Started     Happening = "started"
	Completed   Happening = "completed"
	Reopened    Happening = "reopened"
	Canceled    Happening = "canceled"
	Deleted     Happening = "deleted"
	Priced      Happening = "priced"
	Invoiced    Happening = "invoice made"
	Issued      Happening = "invoice issued" // sent, or paid unsent
	Voided      Happening = "invoice ended"  // voided or canceled
	Paid        Happening = "paid"           // money that is there; Amount without the tip
	Pending     Happening = "payment pending"
	Declined    Happening = "payment declined"
	Returned    Happening = "payment returned"
	Refunded    Happening = "refunded"
	Sent        Happening = "estimate sent"
	Approved    Happening = "option approved"
	Refused     Happening = "option declined"
	Expired     Happening = "option expired"
	CopiedToJob Happening = "copied to job"
)

// Visit is one appointment. What did not take place although it was on the
// calendar (nobody home) is in Nobody.
type Visit struct {
	Appointment string
	Windows     []Window // as they were told, newest last
	Techs       []string // employee ids, as assigned last
	Nobody      []time.Time
	Arrived     time.Time // in truth, pressed or not
	Left        time.Time
	Discarded   bool
}

// Window is when a visit was planned to be, from an instant on.
type Window struct {
	Known      time.Time
	Start, End time.Time
	Minutes    int // of arrival
}

// Invoice is an invoice of Housecall Pro.
type Invoice struct {
	ID, Number             string
	Made, Issued, EndedAt  time.Time // zero if it did not happen
	Amount, Tips           int64     // Amount without tips
	Payments               []*Payment
	Disputed, DisputeEnded time.Time
}

// Payment is a payment or a refund. Times are zero if it did not happen.
type Payment struct {
	ID, Method        string
	Amount, Tip       int64 // of a refund: Amount is what went back, positive
	Made              time.Time
	Settled, Returned time.Time
	Declined, Refund  bool
}

// Estimate is an estimate of Housecall Pro.
type Estimate struct {
	ID, Number, Customer, Person, Site string
	Plot                               string
	Start, End                         time.Time
	Options                            []Option
	Marks                              []Mark // Amount is the option's total, Visit its id
	Job                                string // made of the approved option
}

// Option is one offer.
type Option struct {
	ID       string
	Total    int64
	Decision Happening // Approved, Refused, Expired or empty
}

// ActKind is a kind of OfficeAct.
type ActKind string

// The kinds.
const (
	ActConsent     ActKind = "consent"      // Phone, Purpose, Wording, Source
	ActWithdrawn   ActKind = "withdrawn"    // Phone, Purpose: told the office
	ActQA          ActKind = "qa"           // Job
	ActSame        ActKind = "same"         // Customer and Other are one person
	ActDifferent   ActKind = "different"    // Customer and Other are two
	ActDispute     ActKind = "dispute"      // Invoice
	ActDisputeOver ActKind = "dispute over" // Invoice
	ActPromise     ActKind = "promise"      // Invoice, Until
	ActNoCharge    ActKind = "no charge"    // Job
	ActOccupant    ActKind = "occupant"     // Address, Person, Phone
)

// OfficeAct is what the office says outside Housecall Pro. Fields are set as
// the kinds' comments say, Customer always.
type OfficeAct struct {
	At              time.Time
	Kind            ActKind
	Customer, Other string
	Person, Phone   string
	Purpose         Purpose
	Wording, Source string
	Job, Invoice    string
	Address         string
	Until           time.Time
}

// CRMKind is a kind of CRMAct.
type CRMKind string

// The kinds.
const (
	CRMEdit   CRMKind = "edit"
	CRMDrift  CRMKind = "drift" // edit of a value that another app wrote
	CRMMerge  CRMKind = "merge"
	CRMDelete CRMKind = "delete"
	CRMCreate CRMKind = "create"
)

// CRMAct is what a person in HubSpot did. Person is empty for somebody who is
// not a customer.
type CRMAct struct {
	At              time.Time
	Kind            CRMKind
	Person          string
	Contact, Other  string // Other was merged into Contact
	Result          string // the id that a merge led to
	Property, Value string
}
