package housecallpro

import (
	"errors"
	"fmt"
)

// NewOption is one offer: a name and its lines.
type NewOption struct {
	Name  string
	Lines []Line
}

// CreateEstimate makes an estimate with its options. It sends estimate.created
// and one estimate.option.created per option, which does not mean sent.
func (s *Sandbox) CreateEstimate(customerID, addressID string, options ...NewOption) (Estimate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.customer(customerID)
	if err != nil {
		return Estimate{}, fmt.Errorf("create estimate: %w", err)
	}
	a, err := c.address(addressID)
	if err != nil {
		return Estimate{}, fmt.Errorf("create estimate: %w", err)
	}
	e := &Estimate{ID: s.id("csr"), Number: s.number(), CustomerID: c.ID, Address: a, Status: needsScheduling, Created: s.now(), Updated: s.now()}
	for i, n := range options {
		lines := s.numbered(n.Lines)
		e.Options = append(e.Options, Option{
			ID: s.id("est"), Name: n.Name, Number: fmt.Sprintf("%s-%d", e.Number, i+1), Lines: lines,
			Total: subtotal(lines), Status: "open", Created: s.now(), Updated: s.now(),
		})
	}
	s.estimates.add(e.ID, e)
	s.emitEstimate("estimate.created", e)
	for range e.Options {
		s.emitEstimate("estimate.option.created", e)
	}
	return cloneEstimate(*e), nil
}

func (s *Sandbox) emitEstimate(event string, e *Estimate) {
	s.emit(event, e.ID, s.wireEstimate(e, wholeObject))
}

func (s *Sandbox) changeEstimate(doing, id, event string, f func(*Estimate) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.estimates.find("estimate", id)
	if err == nil {
		err = f(e)
	}
	if err != nil {
		return fmt.Errorf("%s estimate %s: %w", doing, id, err)
	}
	e.Updated = s.now()
	s.emitEstimate(event, e)
	if event != "estimate.updated" {
		s.emitEstimate("estimate.updated", e)
	}
	return nil
}

// ScheduleEstimate plans the visit of an estimate and sends estimate.scheduled.
func (s *Sandbox) ScheduleEstimate(id string, p Plan) error {
	return s.changeEstimate("schedule", id, "estimate.scheduled", func(e *Estimate) error {
		if err := s.knownEmployees(p.Employees); err != nil {
			return err
		}
		e.Start, e.End, e.Window, e.Status = p.Start, p.End, p.Window, scheduled
		e.Assigned = append([]string(nil), p.Employees...)
		return nil
	})
}

// EstimateOnMyWay presses that button and sends estimate.on_my_way.
func (s *Sandbox) EstimateOnMyWay(id string) error {
	return s.changeEstimate("on my way to", id, "estimate.on_my_way", func(e *Estimate) error {
		e.Work.OnMyWayAt = s.now()
		return nil
	})
}

// CompleteEstimate finishes the visit and sends estimate.completed.
func (s *Sandbox) CompleteEstimate(id string) error {
	return s.changeEstimate("complete", id, "estimate.completed", func(e *Estimate) error {
		e.Work.CompletedAt, e.Status = s.now(), completeUnrated
		return nil
	})
}

// SendEstimate shows the options to the customer and sends estimate.sent; the
// undecided ones then await a response.
func (s *Sandbox) SendEstimate(id string) error {
	return s.changeEstimate("send", id, "estimate.sent", func(e *Estimate) error {
		for i := range e.Options {
			if o := &e.Options[i]; o.Approval == "" {
				o.Approval, o.Updated = "awaiting response", s.now()
			}
		}
		s.tell(EstimateOut, e.CustomerID, e.ID)
		return nil
	})
}

// ApproveOption is the customer's yes, or the company's on their behalf.
func (s *Sandbox) ApproveOption(estimateID, optionID string, byPro bool) error {
	return s.decide("approve an option of", estimateID, optionID, word("approved", byPro))
}

// DeclineOption is the customer's no, or the company's on their behalf.
func (s *Sandbox) DeclineOption(estimateID, optionID string, byPro bool) error {
	return s.decide("decline an option of", estimateID, optionID, word("declined", byPro))
}

// ExpireOption lets an offer run out.
func (s *Sandbox) ExpireOption(estimateID, optionID string) error {
	return s.decide("expire an option of", estimateID, optionID, "expired")
}

func word(decision string, byPro bool) string {
	if byPro {
		return "pro " + decision
	}
	return decision
}

func (s *Sandbox) decide(doing, estimateID, optionID, approval string) error {
	return s.changeEstimate(doing, estimateID, "estimate.option.approval_status_changed", func(e *Estimate) error {
		o, err := e.option(optionID)
		if err != nil {
			return err
		}
		o.Approval, o.Updated = approval, s.now()
		return nil
	})
}

// CopyToJob makes the job of an approved option. It sends job.created and
// estimate.copy_to_job; the latter's body is not known, so it is the estimate.
func (s *Sandbox) CopyToJob(estimateID, optionID string) (Job, error) {
	var made Job
	err := s.changeEstimate("copy to a job", estimateID, "estimate.copy_to_job", func(e *Estimate) error {
		o, err := e.option(optionID)
		if err != nil {
			return err
		}
		if o.Approval != "approved" && o.Approval != "pro approved" {
			return errors.New("the option is not approved")
		}
		j, err := s.createJob(NewJob{CustomerID: e.CustomerID, AddressID: e.Address.ID, Description: o.Name, estimate: e.ID, option: o.ID})
		if err != nil {
			return err
		}
		s.setLines(j, o.Lines, 0)
		s.emit("job.created", j.ID, s.wireJob(j, wholeObject))
		o.Status, o.Updated = "created job from estimate", s.now()
		made = cloneJob(*j)
		return nil
	})
	return made, err
}

func (e *Estimate) option(id string) (*Option, error) {
	for i := range e.Options {
		if e.Options[i].ID == id {
			return &e.Options[i], nil
		}
	}
	return nil, fmt.Errorf("find option %q: no such option", id)
}
