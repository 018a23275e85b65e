package housecallpro

import (
	"slices"
	"time"
)

// The records as the vendor keeps them, for the shop that makes them and for
// an oracle that reads them. Money is integer cents, quantities are hundredths,
// a zero time is null on the wire, an empty text too where the vendor has null.

// Customer is a customer. Numbers are ten digits, as the vendor shows them.
type Customer struct {
	ID, FirstName, LastName, Email     string
	Mobile, Home, Work, Company        string
	LeadSource, Notes                  string
	NotificationsEnabled, DoNotService bool
	Tags                               []string
	Addresses                          []Address
	Created, Updated, DeletedAt        time.Time
}

// Address is one of a customer's; Type is "service" or "billing".
type Address struct {
	ID, Type, Street, Line2, City, State, Zip string
}

// Employee is a person of the company.
type Employee struct {
	ID, FirstName, LastName, Email, Mobile, Role string
	Inactive                                     bool // not in the list any more
	Created                                      time.Time
}

// Named is a job type or business unit.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Tag is a label that a job can have by id; jobs show it by name.
type Tag struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"-"`
}

// Note is a note on a job.
type Note struct {
	ID      string `json:"id"`
	Content string `json:"content"`
}

// Link is a link on a job to somebody else's page.
type Link struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Work is what the vendor calls work timestamps: one set per job, whatever
// the number of its appointments.
type Work struct{ OnMyWayAt, StartedAt, CompletedAt time.Time }

// Appointment is one planned trip of a job.
type Appointment struct {
	ID         string
	Start, End time.Time
	Window     int // minutes
	Employees  []string
}

// Line is a line item. Kind is one of the vendor's: labor, materials, fixed
// discount (its UnitPrice is taken off), fixed gratuity.
type Line struct {
	ID, Name, Description, Kind string
	UnitPrice, UnitCost         int64
	Quantity                    int64 // hundredths; 0 is read as 100
	Taxable                     bool
}

// Job is a job with the status words of responses.
type Job struct {
	ID, InvoiceNumber, Description    string
	CustomerID                        string
	Address                           Address
	Status                            string
	Work                              Work
	Appointments                      []Appointment
	Assigned                          []string // employee ids
	Lines                             []Line
	TaxPercent                        int64
	Tags                              []Tag
	Notes                             []Note
	Links                             []Link
	Estimate, Option                  string // ids it was copied from
	LeadSource                        string
	JobType, BusinessUnit             *Named
	LockedAt, CanceledAt, DeletedAt   time.Time
	Created, Updated                  time.Time
	Subtotal, Tax, Total, Outstanding int64

	invoices []*Invoice
}

// Payment is one movement of money on an invoice. A refund is negative.
type Payment struct {
	ID, Status, Method, Note, Category string // Status: pending, succeeded, failed
	Amount                             int64
	PaidAt                             time.Time
}

// Invoice is an invoice; its Created and Updated are never shown by the API.
type Invoice struct {
	ID, Number, JobID, Status     string // open, pending_payment, paid, voided, canceled
	Lines                         []Line
	TaxPercent                    int64
	Subtotal, Tax, Amount, Due    int64
	DueAt, PaidAt, SentAt         time.Time
	ServiceDate, Created, Updated time.Time
	Payments                      []Payment
	customerID                    string
}

// Option is one offer of an estimate.
type Option struct {
	ID, Name, Number string
	Approval, Status string // Approval empty is null
	Total            int64
	Lines            []Line
	Created, Updated time.Time
}

// Estimate is an estimate with its options.
type Estimate struct {
	ID, Number, CustomerID, Status string
	Address                        Address
	LeadSource                     string
	Work                           Work
	Start, End                     time.Time
	Window                         int
	Assigned                       []string
	Options                        []Option
	Created, Updated               time.Time
}

// Lead is somebody who asked; Status is open, won or lost.
type Lead struct {
	ID, CustomerID, Status, Source, Employee string
	Number                                   int
	Address                                  Address
	Tags                                     []string
	LostAt, Created, Updated                 time.Time
	Deleted                                  bool
}

// The reading side: copies in the order of their making, deleted ones too.

// Customers returns all customers.
func (s *Sandbox) Customers() []Customer { return all(s, &s.customers, cloneCustomer) }

// Employees returns all employees.
func (s *Sandbox) Employees() []Employee {
	return all(s, &s.employees, func(e Employee) Employee { return e })
}

// Jobs returns all jobs.
func (s *Sandbox) Jobs() []Job { return all(s, &s.jobs, cloneJob) }

// Estimates returns all estimates.
func (s *Sandbox) Estimates() []Estimate { return all(s, &s.estimates, cloneEstimate) }

// Invoices returns all invoices.
func (s *Sandbox) Invoices() []Invoice { return all(s, &s.invoices, cloneInvoice) }

// Leads returns all leads.
func (s *Sandbox) Leads() []Lead { return all(s, &s.leads, cloneLead) }

// Job returns one job.
func (s *Sandbox) Job(id string) (Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := s.jobs.find("job", id)
	if err != nil {
		return Job{}, err
	}
	return cloneJob(*j), nil
}

func all[T any](s *Sandbox, t *table[T], clone func(T) T) []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]T, len(t.rows))
	for i, row := range t.rows {
		out[i] = clone(*row)
	}
	return out
}

func cloneCustomer(c Customer) Customer {
	c.Tags, c.Addresses = slices.Clone(c.Tags), slices.Clone(c.Addresses)
	return c
}

func cloneJob(j Job) Job {
	j.Appointments = slices.Clone(j.Appointments)
	for i, a := range j.Appointments {
		j.Appointments[i].Employees = slices.Clone(a.Employees)
	}
	j.Assigned, j.Lines, j.Tags = slices.Clone(j.Assigned), slices.Clone(j.Lines), slices.Clone(j.Tags)
	j.Notes, j.Links = slices.Clone(j.Notes), slices.Clone(j.Links)
	j.invoices = nil
	return j
}

func cloneEstimate(e Estimate) Estimate {
	e.Assigned, e.Options = slices.Clone(e.Assigned), slices.Clone(e.Options)
	for i, o := range e.Options {
		e.Options[i].Lines = slices.Clone(o.Lines)
	}
	return e
}

func cloneInvoice(i Invoice) Invoice {
	i.Lines, i.Payments = slices.Clone(i.Lines), slices.Clone(i.Payments)
	return i
}

func cloneLead(l Lead) Lead {
	l.Tags = slices.Clone(l.Tags)
	return l
}
