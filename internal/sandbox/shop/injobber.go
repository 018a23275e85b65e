package shop

import (
	"fmt"
	"slices"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/jobber"
)

// inJobber is how the people of a shop do in Jobber what they do: it has no word for a
// technician who has arrived, a canceled job, a voided invoice, a job's kind, a rating
// or an arrival window, and its quotes do not run out.
type inJobber struct {
	*jobber.Sandbox
	customers []*housecallpro.Customer // as the office sees them; addresses bear the ids of properties
	jobs      map[string]*inJobberJob
	quotes    map[string][]string // by the request that is the estimate
}

// inJobberJob is what its people remember of a job.
type inJobberJob struct {
	visits []string // that are not deleted
	done   []string // those of them that are complete
	closed bool
}

func newInJobber(s *jobber.Sandbox) *inJobber {
	return &inJobber{Sandbox: s, jobs: map[string]*inJobberJob{}, quotes: map[string][]string{}}
}

func (b *inJobber) typed(string) bool { return false }

func (b *inJobber) WebhookOn() bool       { return b.WebhooksOn() }
func (b *inJobber) SwitchWebhook(on bool) { b.SwitchWebhooks(on) }

func (b *inJobber) CreateEmployee(e housecallpro.Employee) housecallpro.Employee {
	u := b.CreateUser(jobber.User{FirstName: e.FirstName, LastName: e.LastName, Email: e.Email, Phone: e.Mobile})
	e.ID, e.Created = u.ID, u.Created
	return e
}

func (b *inJobber) CreateCustomer(c housecallpro.Customer) housecallpro.Customer {
	var k jobber.Client
	describe(&k, c)
	made := b.CreateClient(k)
	c.ID = made.ID
	b.customers = append(b.customers, &c)
	for i := range c.Addresses {
		// The client was made a moment ago, so that there is one.
		_ = b.property(c.ID, &c.Addresses[i])
	}
	return cloned(c)
}

func cloned(c housecallpro.Customer) housecallpro.Customer {
	c.Addresses = slices.Clone(c.Addresses)
	return c
}

// describe writes what a customer is to a client; a switch for notifications is the
// number's there.
func describe(k *jobber.Client, c housecallpro.Customer) {
	k.FirstName, k.LastName, k.Company, k.IsCompany = c.FirstName, c.LastName, c.Company, c.Company != ""
	k.Emails, k.Phones = nil, nil
	if c.Email != "" {
		k.Emails = []jobber.Email{{Address: c.Email, Description: "Main", Primary: true}}
	}
	for _, p := range []jobber.Phone{
		{Number: c.Mobile, Description: "Mobile", SMSAllowed: c.NotificationsEnabled}, {Number: c.Home, Description: "Home"}, {Number: c.Work, Description: "Work"},
	} {
		if p.Number != "" {
			p.Primary = len(k.Phones) == 0
			k.Phones = append(k.Phones, p)
		}
	}
	for _, a := range c.Addresses {
		if a.Type == "billing" {
			k.Billing = inJobberAddress(a)
		}
	}
}

func inJobberAddress(a housecallpro.Address) jobber.Address {
	return jobber.Address{Street1: a.Street, Street2: a.Line2, City: a.City, Province: a.State, PostalCode: a.Zip}
}

// property makes the place of an address that has none yet. A billing address is the
// client's.
func (b *inJobber) property(client string, a *housecallpro.Address) error {
	if a.ID != "" || a.Type == "billing" {
		return nil
	}
	p, err := b.CreateProperty(jobber.Property{ClientID: client, Address: inJobberAddress(*a)})
	a.ID = p.ID
	return err
}

func (b *inJobber) customer(id string) (*housecallpro.Customer, error) {
	for _, c := range b.customers {
		if c.ID == id {
			return c, nil
		}
	}
	return nil, fmt.Errorf("find client %s: no such client", id)
}

func (b *inJobber) UpdateCustomer(id string, f func(*housecallpro.Customer)) error {
	c, err := b.customer(id)
	if err != nil {
		return err
	}
	f(c)
	for i := range c.Addresses {
		if err := b.property(id, &c.Addresses[i]); err != nil {
			return err
		}
	}
	return b.UpdateClient(id, func(k *jobber.Client) { describe(k, *c) })
}

// DeleteCustomer archives a client: deleting one takes all of their jobs away.
func (b *inJobber) DeleteCustomer(id string) error {
	return b.UpdateClient(id, func(k *jobber.Client) { k.IsArchived = true })
}

func (b *inJobber) Customers() []housecallpro.Customer {
	out := make([]housecallpro.Customer, len(b.customers))
	for i, c := range b.customers {
		out[i] = cloned(*c)
	}
	return out
}

func (b *inJobber) CreateLead(n housecallpro.NewLead) (housecallpro.Lead, error) {
	r, err := b.CreateRequest(jobber.Request{ClientID: n.CustomerID, Title: "Asked on the website", Source: "external"})
	return housecallpro.Lead{ID: r.ID, CustomerID: n.CustomerID, Created: r.Created}, err
}

func (b *inJobber) SetLeadStatus(id, status string) error {
	if status != "lost" {
		return nil
	}
	return b.ArchiveRequest(id)
}

func (b *inJobber) CreateJob(n housecallpro.NewJob) (housecallpro.Job, error) {
	j, err := b.Sandbox.CreateJob(jobber.NewJob{ClientID: n.CustomerID, PropertyID: n.AddressID, Title: n.Description})
	if err != nil {
		return housecallpro.Job{}, err
	}
	return b.begin(j)
}

func (b *inJobber) begin(j jobber.Job) (housecallpro.Job, error) {
	b.jobs[j.ID] = &inJobberJob{}
	c, err := b.customer(j.ClientID)
	out := housecallpro.Job{ID: j.ID, InvoiceNumber: fmt.Sprint(j.Number), Description: j.Title, CustomerID: j.ClientID, Created: j.Created}
	if err != nil {
		return out, err
	}
	for _, a := range c.Addresses {
		if a.ID == j.PropertyID {
			out.Address = a
		}
	}
	for _, l := range j.Lines {
		out.Total += l.UnitPrice * l.Quantity / 100
	}
	return out, nil
}

func (b *inJobber) AddNote(job, text string) (housecallpro.Note, error) {
	return housecallpro.Note{Content: text}, b.UpdateJob(job, func(j *jobber.Job) { j.Instructions += text + "\n" })
}

// SetLineItems prices a job. A discount on all of it is a price of nothing.
func (b *inJobber) SetLineItems(job string, lines []housecallpro.Line, _ int64) error {
	free := slices.ContainsFunc(lines, func(l housecallpro.Line) bool { return l.Kind == "fixed discount" })
	var out []jobber.Line
	for _, l := range lines {
		switch {
		case l.Kind == "fixed discount":
		case free:
			out = append(out, jobber.Line{Name: l.Name, Description: "No charge"})
		default:
			out = append(out, jobber.Line{Name: l.Name, UnitPrice: l.UnitPrice, Quantity: l.Quantity})
		}
	}
	return b.SetLines(job, out)
}

func (b *inJobber) AddAppointment(job string, p housecallpro.Plan) (housecallpro.Appointment, error) {
	made, err := b.AddVisits(job, jobber.Plan{Start: p.Start, End: p.End, Users: p.Employees})
	if err != nil {
		return housecallpro.Appointment{}, err
	}
	b.jobs[job].visits = append(b.jobs[job].visits, made[0].ID)
	return housecallpro.Appointment{ID: made[0].ID, Start: p.Start, End: p.End, Employees: p.Employees}, nil
}

func (b *inJobber) Reschedule(_, visit string, p housecallpro.Plan) error {
	return b.Schedule(visit, jobber.Plan{Start: p.Start, End: p.End, Users: p.Employees})
}

func (b *inJobber) DiscardAppointment(job, visit string) error {
	j := b.jobs[job]
	j.visits = slices.DeleteFunc(j.visits, func(id string) bool { return id == visit })
	return b.DeleteVisit(visit)
}

func (b *inJobber) Assign(_, visit string, users ...string) error {
	return b.Sandbox.Assign(visit, users...)
}

// OnMyWay asks for a tracking link for the visit that is next.
func (b *inJobber) OnMyWay(job string) error {
	j := b.jobs[job]
	if len(j.done) == len(j.visits) {
		return nil
	}
	return b.Sandbox.OnMyWay(j.visits[len(j.done)])
}

func (b *inJobber) Start(string) error { return nil }

// Complete ticks the visits that are not complete, and closes some jobs.
func (b *inJobber) Complete(job string) error {
	j := b.jobs[job]
	for _, v := range j.visits[len(j.done):] {
		if err := b.Sandbox.Complete(v, ""); err != nil {
			return err
		}
		j.done = append(j.done, v)
	}
	if len(j.visits)%2 == 0 {
		return nil
	}
	j.closed = true
	return b.CloseJob(job, jobber.KeepVisits)
}

// Uncomplete takes the last visit's completion back.
func (b *inJobber) Uncomplete(job string) error {
	j := b.jobs[job]
	if j.closed {
		j.closed = false
		if err := b.ReopenJob(job); err != nil {
			return err
		}
	}
	last := j.done[len(j.done)-1]
	j.done = j.done[:len(j.done)-1]
	return b.Sandbox.Uncomplete(last)
}

// Cancel deletes a job, as Delete does: there is no word for one that was called off.
func (b *inJobber) Cancel(job string) error { return b.Delete(job) }

func (b *inJobber) Delete(job string) error { return b.DeleteJob(job) }

func (b *inJobber) Rate(string) error { return nil }

// CreateInvoice bills what is not billed yet. One over nothing is sent at once: nobody
// pays it.
func (b *inJobber) CreateInvoice(job string) (housecallpro.Invoice, error) {
	i, err := b.Sandbox.CreateInvoice(jobber.NewInvoice{JobIDs: []string{job}, NetDays: 14})
	if err == nil && i.Total == 0 {
		err = b.SendInvoice(i.ID)
	}
	return housecallpro.Invoice{ID: i.ID, Number: i.Number, JobID: job, Amount: i.Total}, err
}

// Void deletes an invoice, and so does CancelInvoice: none is voided there.
func (b *inJobber) Void(invoice string) error { return b.DeleteInvoice(invoice) }

func (b *inJobber) CancelInvoice(id string) error { return b.DeleteInvoice(id) }

// inJobberMethods are the vendor's words for how money comes; cards and bank debits go
// through Jobber.
var inJobberMethods = map[string]string{"credit_card": "JOBBER_PAYMENTS", "ach": "JOBBER_PAYMENTS", "check": "CHEQUE", "external": "CASH"}

func (b *inJobber) Pay(invoice string, n housecallpro.NewPayment) (housecallpro.Payment, error) {
	p, err := b.Sandbox.Pay(invoice, jobber.NewPayment{
		Amount: n.Amount, Tip: n.Tip, Type: inJobberMethods[n.Method], ACH: n.Method == "ach", Declined: n.Declined,
	})
	return housecallpro.Payment{ID: p.ID, Method: n.Method, Amount: n.Amount}, err
}

func (b *inJobber) ReturnPayment(id string) error { return b.Fail(id) }

func (b *inJobber) Refund(payment string, cents int64) (housecallpro.Payment, error) {
	p, err := b.Sandbox.Refund(payment, cents)
	return housecallpro.Payment{ID: p.ID, Amount: -cents}, err
}

// CreateEstimate is a request with a visit to look at the house, and a quote per option.
func (b *inJobber) CreateEstimate(customer, address string, options ...housecallpro.NewOption) (e housecallpro.Estimate, err error) {
	r, err := b.CreateRequest(jobber.Request{ClientID: customer, PropertyID: address, Title: "Estimate"})
	if err != nil {
		return e, err
	}
	e = housecallpro.Estimate{ID: r.ID, CustomerID: customer, Created: r.Created}
	for _, o := range options {
		var lines []jobber.Line
		total := int64(0)
		for _, l := range o.Lines {
			lines = append(lines, jobber.Line{Name: l.Name, UnitPrice: l.UnitPrice})
			total += l.UnitPrice
		}
		q, err := b.CreateQuote(jobber.NewQuote{ClientID: customer, PropertyID: address, Title: o.Name, Lines: lines})
		if err != nil {
			return e, err
		}
		b.quotes[r.ID] = append(b.quotes[r.ID], q.ID)
		e.Options = append(e.Options, housecallpro.Option{ID: q.ID, Name: o.Name, Number: q.Number, Total: total})
	}
	return e, nil
}

func (b *inJobber) ScheduleEstimate(id string, p housecallpro.Plan) error {
	return b.PlanAssessment(id, jobber.Plan{Start: p.Start, End: p.End, Users: p.Employees})
}

func (b *inJobber) EstimateOnMyWay(string) error { return nil }

func (b *inJobber) CompleteEstimate(id string) error { return b.CompleteAssessment(id) }

func (b *inJobber) SendEstimate(id string) error {
	for _, q := range b.quotes[id] {
		if err := b.SendQuote(q); err != nil {
			return err
		}
	}
	return nil
}

func (b *inJobber) ApproveOption(_, option string, _ bool) error { return b.ApproveQuote(option) }
func (b *inJobber) DeclineOption(_, option string, _ bool) error { return b.ArchiveQuote(option) }
func (b *inJobber) ExpireOption(_, _ string) error               { return nil }

func (b *inJobber) CopyToJob(estimate, option string) (housecallpro.Job, error) {
	j, err := b.ConvertQuote(option)
	if err != nil {
		return housecallpro.Job{}, err
	}
	out, err := b.begin(j)
	out.Estimate = estimate
	return out, err
}
