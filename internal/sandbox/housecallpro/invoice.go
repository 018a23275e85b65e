package housecallpro

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	fixedDiscount = "fixed discount"
	gratuity      = "fixed gratuity"
	refund        = "refund"
)

// amount is what the line adds to its document; a discount takes away.
func (l Line) amount() int64 {
	if l.Kind == fixedDiscount {
		return -l.UnitPrice
	}
	return (l.UnitPrice*l.Quantity + 50) / 100
}

func subtotal(lines []Line) (sum int64) {
	for _, l := range lines {
		sum += l.amount()
	}
	return sum
}

func taxOn(lines []Line, percent int64) int64 {
	var base int64
	for _, l := range lines {
		if l.Taxable {
			base += l.amount()
		}
	}
	return (base*percent + 50) / 100
}

// numbered copies lines and gives each an id and its defaults.
func (s *Sandbox) numbered(lines []Line) []Line {
	lines = slices.Clone(lines)
	for i := range lines {
		l := &lines[i]
		l.ID = s.id("itm")
		if l.Quantity == 0 {
			l.Quantity = 100
		}
		if l.Kind == "" {
			l.Kind = "labor"
		}
	}
	return lines
}

// SetLineItems replaces what a job costs. Open invoices of the job follow, and
// each sends invoice.amount_updated.
func (s *Sandbox) SetLineItems(jobID string, lines []Line, taxPercent int64) error {
	return s.change("price", jobID, func(j *Job) ([]string, error) {
		s.setLines(j, lines, taxPercent)
		for _, i := range j.invoices {
			if i.Status == "open" {
				s.copyLines(i, j)
				s.balance(i)
				s.emitInvoice("invoice.amount_updated", i)
				if i.Status == "paid" {
					s.emitInvoice("invoice.paid", i)
				}
			}
		}
		s.owe(j)
		return nil, nil
	})
}

// SetTotal prices a job with one untaxed line.
func (s *Sandbox) SetTotal(jobID string, cents int64) error {
	return s.SetLineItems(jobID, []Line{{Name: "Service", UnitPrice: cents}}, 0)
}

func (s *Sandbox) setLines(j *Job, lines []Line, taxPercent int64) {
	j.Lines, j.TaxPercent = s.numbered(lines), taxPercent
	s.owe(j)
}

// owe computes a job's totals and what is still owed. A refund does not make
// anything owed again.
func (s *Sandbox) owe(j *Job) {
	j.Subtotal, j.Tax = subtotal(j.Lines), taxOn(j.Lines, j.TaxPercent)
	j.Total = j.Subtotal + j.Tax
	j.Outstanding = j.Total
	for _, i := range j.invoices {
		if i.Status != "voided" && i.Status != "canceled" {
			j.Outstanding -= i.settled()
		}
	}
}

// settled is what was paid and stayed, refunds apart.
func (i *Invoice) settled() (sum int64) {
	for _, p := range i.Payments {
		if p.Status == "succeeded" && p.Category != refund {
			sum += p.Amount
		}
	}
	return sum
}

func (s *Sandbox) copyLines(i *Invoice, j *Job) {
	i.Lines, i.TaxPercent = slices.Clone(j.Lines), j.TaxPercent
	i.Subtotal, i.Tax, i.Amount = j.Subtotal, j.Tax, j.Total
}

// balance computes what is due and whether the invoice is paid. One over
// nothing is paid at once, with paid_at null.
func (s *Sandbox) balance(i *Invoice) {
	i.Updated = s.now()
	i.Due = i.Amount - i.settled()
	pending := slices.ContainsFunc(i.Payments, func(p Payment) bool { return p.Status == "pending" })
	switch {
	case i.Due <= 0:
		i.Status = "paid"
		if i.PaidAt.IsZero() && i.Amount > 0 {
			i.PaidAt = s.now()
		}
	case pending:
		i.Status, i.PaidAt = "pending_payment", time.Time{}
	default:
		i.Status, i.PaidAt = "open", time.Time{}
	}
}

func (s *Sandbox) emitInvoice(event string, i *Invoice) { s.emit(event, i.ID, s.wireInvoice(i)) }

// CreateInvoice bills a job as it is priced now and sends invoice.created.
func (s *Sandbox) CreateInvoice(jobID string) (made Invoice, err error) {
	err = s.change("invoice", jobID, func(j *Job) ([]string, error) {
		i := &Invoice{
			ID: s.id("invoice"), Number: j.InvoiceNumber, JobID: j.ID, customerID: j.CustomerID,
			DueAt: endOfDay(s.now()), ServiceDate: j.serviceDate(), Created: s.now(),
		}
		if n := len(j.invoices); n > 0 {
			i.Number = fmt.Sprintf("%s-%d", j.InvoiceNumber, n+1)
		}
		s.copyLines(i, j)
		s.balance(i)
		s.invoices.add(i.ID, i)
		j.invoices = append(j.invoices, i)
		s.emitInvoice("invoice.created", i)
		made = cloneInvoice(*i)
		return nil, nil
	})
	return made, err
}

func endOfDay(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 59, 0, time.UTC)
}

func (j *Job) serviceDate() time.Time {
	if len(j.Appointments) > 0 {
		return j.Appointments[0].Start
	}
	return time.Time{}
}

// changeInvoice finds an invoice that is neither voided nor canceled and lets
// f change it; the job's balance follows.
func (s *Sandbox) changeInvoice(doing, id string, f func(*Invoice) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.invoices.find("invoice", id)
	if err == nil && (i.Status == "voided" || i.Status == "canceled") {
		err = fmt.Errorf("it is %s", i.Status)
	}
	if err == nil {
		err = f(i)
	}
	if err != nil {
		return fmt.Errorf("%s invoice %s: %w", doing, id, err)
	}
	s.settleJob(i)
	return nil
}

// settleJob brings the job's balance up to its invoices and tells of it, with
// job.paid when nothing is owed any more.
func (s *Sandbox) settleJob(i *Invoice) {
	j := s.jobs.byID[i.JobID]
	before := j.Outstanding
	s.owe(j)
	if j.Outstanding == before {
		return
	}
	s.touch(j)
	if j.Outstanding <= 0 && j.Total > 0 {
		s.emit("job.paid", j.ID, s.wireJob(j, wholeObject))
	}
	s.emit("job.updated", j.ID, s.wireJob(j, wholeObject))
}

// SendInvoice sends an invoice to the customer, and invoice.sent to us.
func (s *Sandbox) SendInvoice(id string) error {
	return s.changeInvoice("send", id, func(i *Invoice) error {
		i.SentAt, i.Updated = s.now(), s.now()
		s.emitInvoice("invoice.sent", i)
		s.tell(InvoiceSent, i.customerID, i.ID)
		return nil
	})
}

// Void voids an invoice on which nothing was paid; nothing is due on it.
func (s *Sandbox) Void(id string) error { return s.end("void", id, "voided") }

// CancelInvoice cancels an invoice on which nothing was paid.
func (s *Sandbox) CancelInvoice(id string) error { return s.end("cancel", id, "canceled") }

func (s *Sandbox) end(doing, id, status string) error {
	return s.changeInvoice(doing, id, func(i *Invoice) error {
		if i.settled() != 0 {
			return errors.New("money was paid on it")
		}
		i.Status, i.Due, i.Updated = status, 0, s.now()
		s.emitInvoice("invoice."+status, i)
		return nil
	})
}
