package jobber

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// NewInvoice is what an invoice is made of: the jobs, all of one client.
type NewInvoice struct {
	JobIDs     []string
	Subject    string // empty is "For Services Rendered"
	TaxPercent int64
	NetDays    int // days from issuing to the due date
}

// CreateInvoice makes a draft that bills of each job what no other invoice
// does, and sends INVOICE_CREATE. The jobs are not touched though what is
// uninvoiced of them changes (a choice; the vendor does not say).
func (s *Sandbox) CreateInvoice(n NewInvoice) (Invoice, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := &Invoice{Subject: n.Subject, TaxPercent: n.TaxPercent, NetDays: n.NetDays}
	if i.Subject == "" {
		i.Subject = "For Services Rendered"
	}
	for _, id := range n.JobIDs {
		if err := s.bill(i, id); err != nil {
			return Invoice{}, fmt.Errorf("create invoice: %w", err)
		}
	}
	if len(i.Bills) == 0 {
		return Invoice{}, errors.New("create invoice: it bills no job")
	}
	i.ID, i.Number = s.id("Invoice"), fmt.Sprint(s.nextNumber())
	s.create(&i.stamp)
	s.invoices.add(i.ID, i)
	for _, b := range i.Bills {
		j := s.jobs.byID[b.JobID]
		j.invoices = append(j.invoices, i)
	}
	s.emit("INVOICE_CREATE", i.ID)
	return cloneInvoice(*i), nil
}

// bill adds a job to an invoice that is being made.
func (s *Sandbox) bill(i *Invoice, jobID string) error {
	j, err := find(&s.jobs, "job", jobID)
	switch {
	case err != nil:
		return err
	case i.ClientID != "" && i.ClientID != j.ClientID:
		return fmt.Errorf("job %s is of another client than the one before", jobID)
	case slices.ContainsFunc(i.Bills, func(b Bill) bool { return b.JobID == jobID }):
		return fmt.Errorf("job %s is named twice", jobID)
	}
	lines := j.Lines
	if done := s.invoiced(jobID); done > 0 {
		lines = []Line{{Name: "Remaining work", UnitPrice: max(subtotal(j.Lines)-done, 0)}}
	}
	lines = s.numbered(lines, "InvoiceLineItem")
	i.ClientID = j.ClientID
	i.Bills = append(i.Bills, Bill{JobID: jobID, Lines: lines})
	i.Subtotal += subtotal(lines)
	i.Tax += taxOn(lines, i.TaxPercent)
	i.Total = i.Subtotal + i.Tax
	return nil
}

// lines are those of all its jobs.
func (i *Invoice) lines() (lines []Line) {
	for _, b := range i.Bills {
		lines = append(lines, b.Lines...)
	}
	return lines
}

// invoiced is what invoices bill of a job, before tax.
func (s *Sandbox) invoiced(jobID string) (sum int64) {
	for _, i := range s.invoicesOf(jobID) {
		for _, b := range i.Bills {
			if b.JobID == jobID {
				sum += subtotal(b.Lines)
			}
		}
	}
	return sum
}

func (s *Sandbox) invoicesOf(jobID string) []*Invoice {
	return left(s.jobs.byID[jobID].invoices)
}

// SendInvoice sends an invoice to the client, or marks it as sent; its due
// date counts from now. Sent again it keeps its dates.
func (s *Sandbox) SendInvoice(id string) error {
	return change(s, &s.invoices, "send", "invoice", id, func(i *Invoice) ([]string, error) {
		if !i.Sent {
			i.Sent, i.Issued = true, s.day(s.now())
			i.Due = i.Issued.AddDate(0, 0, i.NetDays)
		}
		return update("INVOICE"), nil
	})
}

// MarkBadDebt writes an invoice off.
func (s *Sandbox) MarkBadDebt(id string) error {
	return change(s, &s.invoices, "mark as bad debt", "invoice", id, func(i *Invoice) ([]string, error) {
		if s.invoiceStatus(i) == "paid" {
			return nil, errors.New("it is paid")
		}
		i.BadDebt = true
		return update("INVOICE"), nil
	})
}

// DeleteInvoice removes an invoice on which nothing was paid and sends
// INVOICE_DESTROY.
func (s *Sandbox) DeleteInvoice(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := find(&s.invoices, "invoice", id)
	if err == nil && i.Paid != 0 {
		err = errors.New("money was paid on it")
	}
	if err != nil {
		return fmt.Errorf("delete invoice: %w", err)
	}
	s.destroy(&i.stamp, "INVOICE", id)
	return nil
}

// InvoiceStatus is the word that the API has for the invoice now, without any
// of its rows having changed.
func (s *Sandbox) InvoiceStatus(id string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := find(&s.invoices, "invoice", id)
	if err != nil {
		return "", err
	}
	return s.invoiceStatus(i), nil
}

// invoiceStatus is the vendor's word. That one is sent_not_due before its due
// day and awaiting_payment on it is a choice; the vendor does not say.
func (s *Sandbox) invoiceStatus(i *Invoice) string {
	today := s.day(s.now())
	switch {
	case i.BadDebt:
		return "bad_debt"
	case !i.Received.IsZero():
		return "paid"
	case !i.Sent:
		return draft
	case today.Before(i.Due):
		return "sent_not_due"
	case today.Equal(i.Due):
		return "awaiting_payment"
	}
	return "past_due"
}

// settle counts the invoice's payments anew. Money that is refunded or fails
// is owed again (a choice; the vendor does not say).
func (s *Sandbox) settle(i *Invoice) {
	i.Paid, i.Tips = 0, 0
	for _, p := range s.paymentsOf(i.ID) {
		switch {
		case p.Status == "PENDING" || p.Status == "FAILED":
		case p.Refund:
			i.Paid -= p.Amount
		default:
			i.Paid += p.Amount - p.Tip
			i.Tips += p.Tip
		}
	}
	switch {
	case i.Paid < i.Total:
		i.Received = time.Time{}
	case i.Received.IsZero():
		i.Received = s.day(s.now())
	}
	s.touch(&i.stamp)
	s.emit("INVOICE_UPDATE", i.ID)
}

func (s *Sandbox) paymentsOf(invoiceID string) []*Payment {
	return left(s.invoices.byID[invoiceID].payments)
}
