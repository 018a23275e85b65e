package shop

import (
	"math/rand/v2"
	"slices"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
)

// A field is the field tool as its users see it: what the shop does in it, in the words
// of Housecall Pro, which has most of them. Another tool does what comes nearest.
type field interface {
	Skew(time.Duration)
	WebhookOn() bool
	SwitchWebhook(on bool)

	CreateEmployee(housecallpro.Employee) housecallpro.Employee
	CreateCustomer(housecallpro.Customer) housecallpro.Customer
	UpdateCustomer(id string, f func(*housecallpro.Customer)) error
	DeleteCustomer(id string) error
	Customers() []housecallpro.Customer
	CreateLead(housecallpro.NewLead) (housecallpro.Lead, error)
	SetLeadStatus(id, status string) error

	CreateJob(housecallpro.NewJob) (housecallpro.Job, error)
	AddNote(job, text string) (housecallpro.Note, error)
	SetLineItems(job string, lines []housecallpro.Line, taxPercent int64) error
	AddAppointment(job string, p housecallpro.Plan) (housecallpro.Appointment, error)
	Reschedule(job, appointment string, p housecallpro.Plan) error
	DiscardAppointment(job, appointment string) error
	Assign(job, appointment string, employees ...string) error
	OnMyWay(job string) error
	Start(job string) error
	Complete(job string) error
	Uncomplete(job string) error
	Cancel(job string) error
	Delete(job string) error
	Rate(job string) error
	typed(job string) bool // it shows of which kind the job is

	CreateInvoice(job string) (housecallpro.Invoice, error)
	SendInvoice(id string) error
	Void(invoice string) error
	CancelInvoice(id string) error
	Pay(invoice string, p housecallpro.NewPayment) (housecallpro.Payment, error)
	Settle(payment string) error
	ReturnPayment(id string) error
	Refund(payment string, cents int64) (housecallpro.Payment, error)

	CreateEstimate(customer, address string, options ...housecallpro.NewOption) (housecallpro.Estimate, error)
	ScheduleEstimate(id string, p housecallpro.Plan) error
	EstimateOnMyWay(id string) error
	CompleteEstimate(id string) error
	SendEstimate(id string) error
	ApproveOption(estimate, option string, byPro bool) error
	DeclineOption(estimate, option string, byPro bool) error
	ExpireOption(estimate, option string) error
	CopyToJob(estimate, option string) (housecallpro.Job, error)
}

// field is what the options' tools are to the shop.
func (o Options) field() field {
	switch {
	case o.Jobber == nil:
		return inHousecallPro{o.HCP}
	case o.HCP == nil:
		return newInJobber(o.Jobber)
	}
	return &inBoth{
		tools: [2]field{inHousecallPro{o.HCP}, newInJobber(o.Jobber)}, rng: rand.New(rand.NewPCG(o.Seed, 0xb07)),
		of: map[string]field{}, techs: map[string][2]string{},
	}
}

type inHousecallPro struct{ *housecallpro.Sandbox }

func (inHousecallPro) typed(string) bool { return true }

// inBoth is a shop that keeps some of its customers in one tool and some in the other, as
// chance has it: whoever has two records may have one in each. A job is where its
// customer is; technicians are in both.
type inBoth struct {
	tools [2]field
	rng   *rand.Rand
	of    map[string]field     // by the id of anything but a technician
	techs map[string][2]string // ids in each tool, by that in the first
}

// made notes where something is.
func (b *inBoth) made(in field, ids ...string) {
	for _, id := range ids {
		b.of[id] = in
	}
}

// known are the ids that a tool has for technicians.
func (b *inBoth) known(in field, techs []string) []string {
	if in == b.tools[0] || techs == nil {
		return techs
	}
	out := make([]string, len(techs))
	for i, t := range techs {
		out[i] = b.techs[t][1]
	}
	return out
}

func (b *inBoth) plan(in field, p housecallpro.Plan) housecallpro.Plan {
	p.Employees = b.known(in, p.Employees)
	return p
}

func (b *inBoth) Skew(d time.Duration) {
	for _, t := range b.tools {
		t.Skew(d)
	}
}

func (b *inBoth) WebhookOn() bool { return b.tools[0].WebhookOn() || b.tools[1].WebhookOn() }

func (b *inBoth) SwitchWebhook(on bool) {
	for _, t := range b.tools {
		t.SwitchWebhook(on)
	}
}

func (b *inBoth) CreateEmployee(e housecallpro.Employee) housecallpro.Employee {
	first, second := b.tools[0].CreateEmployee(e), b.tools[1].CreateEmployee(e)
	b.techs[first.ID] = [2]string{first.ID, second.ID}
	return first
}

func (b *inBoth) CreateCustomer(c housecallpro.Customer) housecallpro.Customer {
	in := b.tools[b.rng.IntN(2)]
	made := in.CreateCustomer(c)
	b.made(in, made.ID)
	return made
}

func (b *inBoth) UpdateCustomer(id string, f func(*housecallpro.Customer)) error {
	return b.of[id].UpdateCustomer(id, f)
}

func (b *inBoth) DeleteCustomer(id string) error { return b.of[id].DeleteCustomer(id) }

func (b *inBoth) Customers() []housecallpro.Customer {
	return slices.Concat(b.tools[0].Customers(), b.tools[1].Customers())
}

func (b *inBoth) CreateLead(l housecallpro.NewLead) (housecallpro.Lead, error) {
	in := b.of[l.CustomerID]
	made, err := in.CreateLead(l)
	b.made(in, made.ID)
	return made, err
}

func (b *inBoth) SetLeadStatus(id, status string) error { return b.of[id].SetLeadStatus(id, status) }

func (b *inBoth) CreateJob(n housecallpro.NewJob) (housecallpro.Job, error) {
	in := b.of[n.CustomerID]
	made, err := in.CreateJob(n)
	b.made(in, made.ID)
	return made, err
}

func (b *inBoth) AddNote(job, text string) (housecallpro.Note, error) {
	return b.of[job].AddNote(job, text)
}

func (b *inBoth) SetLineItems(job string, lines []housecallpro.Line, taxPercent int64) error {
	return b.of[job].SetLineItems(job, lines, taxPercent)
}

func (b *inBoth) AddAppointment(job string, p housecallpro.Plan) (housecallpro.Appointment, error) {
	return b.of[job].AddAppointment(job, b.plan(b.of[job], p))
}

func (b *inBoth) Reschedule(job, appointment string, p housecallpro.Plan) error {
	return b.of[job].Reschedule(job, appointment, b.plan(b.of[job], p))
}

func (b *inBoth) DiscardAppointment(job, appointment string) error {
	return b.of[job].DiscardAppointment(job, appointment)
}

func (b *inBoth) Assign(job, appointment string, employees ...string) error {
	return b.of[job].Assign(job, appointment, b.known(b.of[job], employees)...)
}

func (b *inBoth) OnMyWay(job string) error    { return b.of[job].OnMyWay(job) }
func (b *inBoth) Start(job string) error      { return b.of[job].Start(job) }
func (b *inBoth) Complete(job string) error   { return b.of[job].Complete(job) }
func (b *inBoth) Uncomplete(job string) error { return b.of[job].Uncomplete(job) }
func (b *inBoth) Cancel(job string) error     { return b.of[job].Cancel(job) }
func (b *inBoth) Delete(job string) error     { return b.of[job].Delete(job) }
func (b *inBoth) Rate(job string) error       { return b.of[job].Rate(job) }
func (b *inBoth) typed(job string) bool       { return b.of[job].typed(job) }

func (b *inBoth) CreateInvoice(job string) (housecallpro.Invoice, error) {
	made, err := b.of[job].CreateInvoice(job)
	b.made(b.of[job], made.ID)
	return made, err
}

func (b *inBoth) SendInvoice(id string) error   { return b.of[id].SendInvoice(id) }
func (b *inBoth) Void(invoice string) error     { return b.of[invoice].Void(invoice) }
func (b *inBoth) CancelInvoice(id string) error { return b.of[id].CancelInvoice(id) }

func (b *inBoth) Pay(invoice string, p housecallpro.NewPayment) (housecallpro.Payment, error) {
	made, err := b.of[invoice].Pay(invoice, p)
	b.made(b.of[invoice], made.ID)
	return made, err
}

func (b *inBoth) Settle(payment string) error   { return b.of[payment].Settle(payment) }
func (b *inBoth) ReturnPayment(id string) error { return b.of[id].ReturnPayment(id) }

func (b *inBoth) Refund(payment string, cents int64) (housecallpro.Payment, error) {
	made, err := b.of[payment].Refund(payment, cents)
	b.made(b.of[payment], made.ID)
	return made, err
}

func (b *inBoth) CreateEstimate(customer, address string, options ...housecallpro.NewOption) (housecallpro.Estimate, error) {
	in := b.of[customer]
	made, err := in.CreateEstimate(customer, address, options...)
	b.made(in, made.ID)
	return made, err
}

func (b *inBoth) ScheduleEstimate(id string, p housecallpro.Plan) error {
	return b.of[id].ScheduleEstimate(id, b.plan(b.of[id], p))
}

func (b *inBoth) EstimateOnMyWay(id string) error  { return b.of[id].EstimateOnMyWay(id) }
func (b *inBoth) CompleteEstimate(id string) error { return b.of[id].CompleteEstimate(id) }
func (b *inBoth) SendEstimate(id string) error     { return b.of[id].SendEstimate(id) }

func (b *inBoth) ApproveOption(estimate, option string, byPro bool) error {
	return b.of[estimate].ApproveOption(estimate, option, byPro)
}

func (b *inBoth) DeclineOption(estimate, option string, byPro bool) error {
	return b.of[estimate].DeclineOption(estimate, option, byPro)
}

func (b *inBoth) ExpireOption(estimate, option string) error {
	return b.of[estimate].ExpireOption(estimate, option)
}

func (b *inBoth) CopyToJob(estimate, option string) (housecallpro.Job, error) {
	made, err := b.of[estimate].CopyToJob(estimate, option)
	b.made(b.of[estimate], made.ID)
	return made, err
}
