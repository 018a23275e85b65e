package command

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/app"
)

type decide struct {
	Consent   decideConsent   `cmd:"" help:"Keep a customer's yes or no to texts."`
	QA        decideQA        `cmd:"" name:"qa" help:"Say that the evidence of a job passes, or is given up on."`
	Kind      decideKind      `cmd:"" help:"Say of which kind a job is."`
	NoCharge  decideNoCharge  `cmd:"" help:"Say that nothing is owed for a job."`
	Dispute   decideDispute   `cmd:"" help:"Say that the bill of a job is disputed, or with --over that it is so no more."`
	Promise   decidePromise   `cmd:"" help:"Note by when the payer of a job promised to pay."`
	Same      decideSame      `cmd:"" help:"Two customers' records are of the same person."`
	Different decideDifferent `cmd:"" help:"Two customers' records are of different persons."`
	Undecided decideUndecided `cmd:"" help:"Take back what was decided about two customers' records."`
	Withdraw  decideWithdraw  `cmd:"" help:"Take back all that a provider of looked-up values has said."`
	Add       decideAdd       `cmd:"" help:"Write down equipment, or a plan, of which no tool has a record."`
	Retire    decideRetire    `cmd:"" help:"Say that a piece of equipment is out of use, or that a plan has ended."`
	Say       decideSay       `cmd:"" help:"State any field of a record."`
}

// idOf reads how a person names a source record: by its id, or as CONNECTION/ID.
func idOf(location string, kind plumbline.Kind, name string) plumbline.SourceID {
	if connection, external, ok := strings.Cut(name, "/"); ok {
		return plumbline.NewSourceID(location, connection, kind, external)
	}
	return plumbline.SourceID(name)
}

// keep keeps a decision.
func (s *shell) keep(make func(location string) (advance.OfficeDecision, error)) error {
	return s.with(func(n *app.Node, location string) error {
		d, err := make(location)
		if err != nil {
			return err
		}
		d.By = by()
		name, err := api.Decide(s.ctx, n.DB, s.Now(), location, "", d)
		if err == nil {
			fmt.Fprintf(s.Out, "kept as %s/%s\n", plumbline.Office, name)
		}
		return err
	})
}

// say keeps one field of a job.
func (s *shell) say(job, field string, v plumbline.Value) error {
	return s.keep(func(location string) (advance.OfficeDecision, error) {
		return advance.OfficeDecision{Do: "say", Kind: plumbline.Job, About: idOf(location, plumbline.Job, job), Fields: map[string]plumbline.Value{field: v}}, nil
	})
}

type decideConsent struct {
	Address string    `arg:"" help:"The number, such as +12085550123."`
	Person  string    `arg:"" help:"The customer's record: its id, or CONNECTION/ID."`
	Answer  string    `arg:"" enum:"yes,no" help:"yes or no."`
	Tick    string    `required:"" enum:"service,marketing" help:"service or marketing."`
	Wording string    `required:"" help:"The words that the customer was shown or read."`
	Via     string    `required:"" enum:"form,phone,paper" help:"form, phone or paper."`
	At      time.Time `help:"When it was given, RFC 3339; default: now."`
}

// Run keeps the tick.
func (c *decideConsent) Run(s *shell) error {
	return s.keep(func(location string) (advance.OfficeDecision, error) {
		return advance.OfficeDecision{Do: "consent", Consent: &advance.Consent{Address: c.Address, Person: idOf(location, plumbline.Customer, c.Person),
			Tick: c.Tick, Yes: c.Answer == "yes", Wording: c.Wording, Via: c.Via, At: c.At}}, nil
	})
}

type decideQA struct {
	Job    string `arg:"" help:"The job: its id, or CONNECTION/ID."`
	Result string `arg:"" enum:"passed,waived,pending" help:"passed, waived or pending."`
}

// Run keeps the result.
func (c *decideQA) Run(s *shell) error { return s.say(c.Job, "qa", plumbline.TextValue(c.Result)) }

type decideKind struct {
	Job  string `arg:"" help:"The job: its id, or CONNECTION/ID."`
	Kind string `arg:"" help:"The words by which the playbook tells the kind, such as estimate."`
}

// Run keeps the kind.
func (c *decideKind) Run(s *shell) error { return s.say(c.Job, "kind", plumbline.TextValue(c.Kind)) }

type decideNoCharge struct {
	Job  string `arg:"" help:"The job: its id, or CONNECTION/ID."`
	Over bool   `help:"It is to be charged after all."`
}

// Run keeps whether a job is free.
func (c *decideNoCharge) Run(s *shell) error {
	return s.say(c.Job, "no_charge", plumbline.JSONValue(!c.Over))
}

type decideDispute struct {
	Job  string `arg:"" help:"The job: its id, or CONNECTION/ID."`
	Over bool   `help:"The dispute is over."`
}

// Run keeps whether a bill is disputed.
func (c *decideDispute) Run(s *shell) error {
	return s.say(c.Job, "dispute", plumbline.JSONValue(!c.Over))
}

type decidePromise struct {
	Job string    `arg:"" help:"The job: its id, or CONNECTION/ID."`
	By  time.Time `arg:"" help:"The instant, RFC 3339."`
}

// Run keeps the promise.
func (c *decidePromise) Run(s *shell) error {
	return s.say(c.Job, "promised", plumbline.TimeValue(c.By))
}

// pair is two customers' records.
type pair struct {
	A string `arg:"" help:"A customer's record: its id, or CONNECTION/ID."`
	B string `arg:"" help:"The other."`
}

func (p pair) keep(s *shell, do string) error {
	return s.keep(func(location string) (advance.OfficeDecision, error) {
		return advance.OfficeDecision{Do: do, A: idOf(location, plumbline.Customer, p.A), B: idOf(location, plumbline.Customer, p.B)}, nil
	})
}

type decideSame struct {
	pair `embed:""`
}

// Run keeps that they are one.
func (c *decideSame) Run(s *shell) error { return c.keep(s, "same") }

type decideDifferent struct {
	pair `embed:""`
}

// Run keeps that they are two.
func (c *decideDifferent) Run(s *shell) error { return c.keep(s, "different") }

type decideUndecided struct {
	pair `embed:""`
}

// Run keeps that nobody has decided.
func (c *decideUndecided) Run(s *shell) error { return c.keep(s, "undecided") }

type decideWithdraw struct {
	Provider string `arg:"" help:"The connection that looked the values up."`
}

// Run keeps that a provider says nothing any more.
func (c *decideWithdraw) Run(s *shell) error {
	return s.keep(func(string) (advance.OfficeDecision, error) {
		return advance.OfficeDecision{Do: "withdraw", Connection: plumbline.Lookup + strings.TrimPrefix(c.Provider, plumbline.Lookup)}, nil
	})
}

type decideAdd struct {
	Kind     string   `arg:"" enum:"asset,membership" help:"asset or membership."`
	Fields   []string `arg:"" help:"FIELD=TEXT, such as maker=Carrier or plan=Gold."`
	Property string   `help:"The property where it is: its record's id, or CONNECTION/ID."`
	Customer string   `help:"Whose it is: the customer's record, likewise."`
}

// Run keeps that it is there.
func (c *decideAdd) Run(s *shell) error {
	return s.keep(func(location string) (advance.OfficeDecision, error) {
		d := advance.OfficeDecision{Do: "add", Kind: plumbline.Kind(c.Kind), Fields: map[string]plumbline.Value{}}
		for _, f := range c.Fields {
			name, text, ok := strings.Cut(f, "=")
			if !ok {
				return d, plumbline.Invalidf("write it like maker=Carrier", "%q is not FIELD=TEXT", f)
			}
			d.Fields[name] = plumbline.TextValue(text)
			if plumbline.Fields[d.Kind][name].Type == plumbline.Number {
				d.Fields[name] = plumbline.Value(text)
			}
		}
		for field, whose := range map[string]struct {
			kind plumbline.Kind
			name string
		}{"property_record": {plumbline.Property, c.Property}, "customer_record": {plumbline.Customer, c.Customer}} {
			if whose.name != "" {
				d.Fields[field] = plumbline.TextValue(string(idOf(location, whose.kind, whose.name)))
			}
		}
		return d, nil
	})
}

type decideRetire struct {
	Kind   string    `arg:"" enum:"asset,membership" help:"asset or membership."`
	Record string    `arg:"" help:"The record: its id, or CONNECTION/ID; of one that was added, what decide add printed."`
	On     time.Time `help:"The day, such as 2026-05-04; default: today." format:"2006-01-02"`
}

// Run keeps since when it counts no more.
func (c *decideRetire) Run(s *shell) error {
	on := c.On
	if on.IsZero() {
		on = s.Now()
	}
	return s.keep(func(location string) (advance.OfficeDecision, error) {
		kind := plumbline.Kind(c.Kind)
		return advance.OfficeDecision{Do: "say", Kind: kind, About: idOf(location, kind, c.Record),
			Fields: map[string]plumbline.Value{"retired": plumbline.TextValue(on.Format(time.DateOnly))}}, nil
	})
}

type decideSay struct {
	Kind   string   `arg:"" help:"Kind of the record, such as job."`
	Record string   `arg:"" help:"The record: its id, or CONNECTION/ID."`
	Fields []string `arg:"" help:"FIELD=JSON, such as 'outcome=\"sold\"'."`
}

// Run keeps what is stated.
func (c *decideSay) Run(s *shell) error {
	return s.keep(func(location string) (advance.OfficeDecision, error) {
		kind := plumbline.Kind(c.Kind)
		d := advance.OfficeDecision{Do: "say", Kind: kind, About: idOf(location, kind, c.Record), Fields: map[string]plumbline.Value{}}
		for _, f := range c.Fields {
			name, value, ok := strings.Cut(f, "=")
			if !ok || !json.Valid([]byte(value)) {
				return d, plumbline.Invalidf(`write it like outcome="sold"`, "%q is not FIELD=JSON", f)
			}
			d.Fields[name] = plumbline.Value(value)
		}
		return d, nil
	})
}
