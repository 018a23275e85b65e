package housecallpro

import (
	"errors"
	"fmt"
	"time"
)

// NewPayment is what a customer pays: Amount cents on the invoice and Tip
// cents above it.
type NewPayment struct {
	Amount, Tip int64
	Method      string // credit_card, ach, external, ...
	Pending     bool   // taken, but the money is not there yet (ACH): Settle or ReturnPayment follows
	Declined    bool   // the card said no
}

// Pay takes a payment on an invoice. A tip becomes a line of the invoice and
// of the job. One that completes the amount sends invoice.paid and job.paid.
func (s *Sandbox) Pay(invoiceID string, n NewPayment) (made Payment, err error) {
	err = s.changeInvoice("pay", invoiceID, func(i *Invoice) error {
		if n.Amount <= 0 || n.Tip < 0 || n.Amount > i.Due {
			return fmt.Errorf("%d cents of %d due and %d of tip cannot be paid", n.Amount, i.Due, n.Tip)
		}
		p := Payment{ID: s.id("pay"), Method: n.Method, Amount: n.Amount + n.Tip, Category: "customer_payment"}
		switch {
		case n.Declined:
			p.Status = "failed"
		case n.Pending:
			p.Status = "pending"
		default:
			p.Status, p.PaidAt = "succeeded", s.now()
		}
		if n.Tip > 0 && !n.Declined {
			s.addTip(i, n.Tip)
		}
		i.Payments = append(i.Payments, p)
		made = p
		s.paymentMoved(i, p)
		return nil
	})
	return made, err
}

func (s *Sandbox) addTip(i *Invoice, cents int64) {
	j := s.jobs.byID[i.JobID]
	j.Lines = append(j.Lines, s.numbered([]Line{{Name: "Tip", Kind: gratuity, UnitPrice: cents}})...)
	s.owe(j)
	s.copyLines(i, j)
	s.balance(i)
	s.emitInvoice("invoice.amount_updated", i)
}

// paymentMoved brings the invoice up to its payments and sends the events of
// the one that moved.
func (s *Sandbox) paymentMoved(i *Invoice, p Payment) {
	wasPaid := i.Status == "paid"
	s.balance(i)
	switch p.Status {
	case "succeeded":
		s.emitInvoice("invoice.payment.succeeded", i)
	case "failed":
		s.emitInvoice("invoice.payment.failed", i)
	}
	if i.Status == "paid" && !wasPaid {
		s.emitInvoice("invoice.paid", i)
		s.tell(Receipt, i.customerID, i.ID)
	}
}

// Settle brings the money of a pending payment.
func (s *Sandbox) Settle(paymentID string) error {
	return s.movePayment("settle", paymentID, func(p *Payment) error {
		if p.Status != "pending" {
			return fmt.Errorf("the payment is %s", p.Status)
		}
		p.Status, p.PaidAt = "succeeded", s.now()
		return nil
	})
}

// ReturnPayment takes an ACH payment back, pending or settled: the invoice is
// open again. It sends invoice.payment.failed.
func (s *Sandbox) ReturnPayment(paymentID string) error {
	return s.movePayment("return", paymentID, func(p *Payment) error {
		if p.Status == "failed" || p.Category == refund {
			return errors.New("the payment has no money to return")
		}
		p.Status, p.PaidAt, p.Note = "failed", time.Time{}, "ACH return"
		return nil
	})
}

func (s *Sandbox) movePayment(doing, paymentID string, f func(*Payment) error) error {
	invoiceID, n, err := s.findPayment(paymentID)
	if err != nil {
		return fmt.Errorf("%s payment: %w", doing, err)
	}
	return s.changeInvoice(doing+" a payment of", invoiceID, func(i *Invoice) error {
		if err := f(&i.Payments[n]); err != nil {
			return err
		}
		s.paymentMoved(i, i.Payments[n])
		return nil
	})
}

// Refund gives money back: a payment with a negative amount. The invoice stays
// paid. It sends invoice.refund.succeeded.
func (s *Sandbox) Refund(paymentID string, cents int64) (made Payment, err error) {
	invoiceID, n, err := s.findPayment(paymentID)
	if err != nil {
		return Payment{}, fmt.Errorf("refund payment: %w", err)
	}
	err = s.changeInvoice("refund a payment of", invoiceID, func(i *Invoice) error {
		p := i.Payments[n]
		if p.Status != "succeeded" || p.Category == refund || cents <= 0 || cents > i.refundable() {
			return fmt.Errorf("%d cents cannot be refunded", cents)
		}
		made = Payment{ID: s.id("pay"), Status: "succeeded", Method: p.Method, Amount: -cents, Note: "Refund", Category: refund, PaidAt: s.now()}
		i.Payments = append(i.Payments, made)
		i.Updated = s.now()
		s.emitInvoice("invoice.refund.succeeded", i)
		return nil
	})
	return made, err
}

func (i *Invoice) refundable() (sum int64) {
	for _, p := range i.Payments {
		if p.Status == "succeeded" {
			sum += p.Amount
		}
	}
	return sum
}

func (s *Sandbox) findPayment(id string) (invoiceID string, n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.invoices.rows {
		for n, p := range i.Payments {
			if p.ID == id {
				return i.ID, n, nil
			}
		}
	}
	return "", 0, fmt.Errorf("find payment %q: no such payment", id)
}
