package jobber

import (
	"slices"
	"time"
)

// The records as the vendor keeps them, for the shop that makes them and for
// an oracle that reads them. Money is integer cents here and a number in
// account currency on the wire, quantities are hundredths, a zero time is
// null, an empty text too where the schema allows null.

// Client is a customer. Name is made from the others: the company's where
// IsCompany says so.
type Client struct {
	ID, FirstName, LastName, Company string
	IsCompany, IsLead, IsArchived    bool
	RefusesReminders                 bool
	Emails                           []Email
	Phones                           []Phone
	Billing                          Address
	stamp
}

// Email is one of a client's addresses.
type Email struct {
	ID, Address, Description string
	Primary                  bool
}

// Phone is one of a client's numbers, as it was typed in.
type Phone struct {
	ID, Number, Description string
	Primary, SMSAllowed     bool
}

// Address is a place; Province is a state's name.
type Address struct{ Street1, Street2, City, Province, PostalCode, Country string }

// Property is a place that is served. The API shows none of its times.
type Property struct {
	ID, Name, ClientID string
	Address            Address
	IsBilling          bool
	addressID          string
	stamp
}

// Request is somebody who asks for work.
type Request struct {
	ID, ClientID, PropertyID, Title, Source string
	Contact, Company, Email, Phone          string
	Assessment                              *Assessment
	Completed, Converted, Archived          bool
	stamp
}

// Assessment is the visit of a request. Without a start it is unscheduled.
type Assessment struct {
	ID, Instructions        string
	Start, End, CompletedAt time.Time
	Users                   []string
}

// Line is a line item.
type Line struct {
	ID, Name, Description string
	UnitPrice, UnitCost   int64
	Quantity              int64 // hundredths; 0 is read as 100
	Taxable               bool
}

// Quote is an offer; Status is one of the vendor's six.
type Quote struct {
	ID, Number, ClientID, PropertyID, RequestID string
	Title, Message, Status                      string
	Lines                                       []Line
	TaxPercent                                  int64
	Sent, Transitioned                          time.Time
	Approved, ChangesRequested, Converted       time.Time
	stamp
}

// Job is a job. Its status is computed: see JobStatus.
type Job struct {
	ID                                       string
	Number                                   int
	ClientID, PropertyID, QuoteID, RequestID string
	Title, Instructions                      string
	Recurring                                bool
	Lines                                    []Line
	Closed                                   time.Time // the API's completedAt
	stamp

	visits   []*Visit
	invoices []*Invoice
}

// Visit is one planned trip of a job. Without a start it is unscheduled.
type Visit struct {
	ID, JobID, Title, Instructions string
	Start, End                     time.Time
	AllDay, Confirmed              bool
	Users                          []string
	Completed                      time.Time
	CompletedBy                    string // a user's id; the API shows the name
	stamp
}

// Bill is what an invoice bills of one job.
type Bill struct {
	JobID string
	Lines []Line
}

// Invoice bills one or several jobs of a client.
type Invoice struct {
	ID, Number, ClientID, Subject, Message string
	Bills                                  []Bill
	TaxPercent                             int64
	NetDays                                int
	Issued, Due, Received                  time.Time
	Sent, BadDebt                          bool
	Subtotal, Tax, Total, Paid, Tips       int64
	stamp

	payments []*Payment
}

// Payment is a payment record. Amount is absolute; Refund says its direction.
type Payment struct {
	ID, ClientID, InvoiceID, Type, Origin, Details string // Type and Origin are the vendor's words
	Amount, Tip                                    int64
	ACH                                            bool   // of JOBBER_PAYMENTS: a bank debit, not a card
	Status                                         string // of JOBBER_PAYMENTS: PENDING, SUCCEEDED, ...
	Transaction                                    string // the processor's id of it
	Refund                                         bool
	Of                                             string // the payment that a refund is of
	Refunded                                       int64  // of this payment
	Entry                                          time.Time
	stamp
}

// User is a person of the company.
type User struct {
	ID, FirstName, LastName, Email, Phone string
	Admin, Owner                          bool
	stamp
}

// The reading side: copies in the order of their making, deleted ones too.

// Clients returns all clients.
func (s *Sandbox) Clients() []Client { return all(s, &s.clients, cloneClient) }

// Properties returns all properties.
func (s *Sandbox) Properties() []Property { return all(s, &s.properties, same[Property]) }

// Requests returns all requests.
func (s *Sandbox) Requests() []Request { return all(s, &s.requests, cloneRequest) }

// Quotes returns all quotes.
func (s *Sandbox) Quotes() []Quote { return all(s, &s.quotes, cloneQuote) }

// Jobs returns all jobs.
func (s *Sandbox) Jobs() []Job { return all(s, &s.jobs, cloneJob) }

// Visits returns all visits.
func (s *Sandbox) Visits() []Visit { return all(s, &s.visits, cloneVisit) }

// Invoices returns all invoices.
func (s *Sandbox) Invoices() []Invoice { return all(s, &s.invoices, cloneInvoice) }

// Payments returns all payment records.
func (s *Sandbox) Payments() []Payment { return all(s, &s.payments, same[Payment]) }

// Users returns all users.
func (s *Sandbox) Users() []User { return all(s, &s.users, same[User]) }

func same[T any](row T) T { return row }

func cloneClient(c Client) Client {
	c.Emails, c.Phones = slices.Clone(c.Emails), slices.Clone(c.Phones)
	return c
}

func cloneRequest(r Request) Request {
	if r.Assessment != nil {
		a := *r.Assessment
		a.Users = slices.Clone(a.Users)
		r.Assessment = &a
	}
	return r
}

func cloneQuote(q Quote) Quote {
	q.Lines = slices.Clone(q.Lines)
	return q
}

func cloneJob(j Job) Job {
	j.Lines, j.visits, j.invoices = slices.Clone(j.Lines), nil, nil
	return j
}

func cloneVisit(v Visit) Visit {
	v.Users = slices.Clone(v.Users)
	return v
}

func cloneInvoice(i Invoice) Invoice {
	i.Bills, i.payments = slices.Clone(i.Bills), nil
	for n, b := range i.Bills {
		i.Bills[n].Lines = slices.Clone(b.Lines)
	}
	return i
}
