package jobber

import (
	"errors"
	"fmt"
)

const jobberPayments = "JOBBER_PAYMENTS"

// NewPayment is what a client pays: Amount cents on the invoice and Tip cents
// above it.
type NewPayment struct {
	Amount, Tip int64
	Type        string // the vendor's word: CASH, CHEQUE, JOBBER_PAYMENTS, ...; empty is CASH
	Origin      string // the vendor's word; empty is UNKNOWN_ORIGIN
	ACH         bool   // of JOBBER_PAYMENTS: pending until Settle or Fail
	Declined    bool   // of JOBBER_PAYMENTS: the card said no
	Details     string
}

// Pay takes a payment on an invoice: PAYMENT_CREATE and INVOICE_UPDATE. The
// invoice, draft or sent, is paid when nothing is left of it.
func (s *Sandbox) Pay(invoiceID string, n NewPayment) (Payment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := find(&s.invoices, "invoice", invoiceID)
	switch {
	case err != nil:
		return Payment{}, fmt.Errorf("pay: %w", err)
	case i.BadDebt:
		return Payment{}, fmt.Errorf("pay invoice %s: it is bad debt", invoiceID)
	case n.Amount <= 0 || n.Tip < 0 || n.Amount > i.Total-i.Paid:
		return Payment{}, fmt.Errorf("pay invoice %s: %d cents of %d due and %d of tip cannot be paid", invoiceID, n.Amount, i.Total-i.Paid, n.Tip)
	}
	p := &Payment{ClientID: i.ClientID, InvoiceID: i.ID, Type: n.Type, Origin: n.Origin, Details: n.Details, Amount: n.Amount + n.Tip, Tip: n.Tip, ACH: n.ACH}
	if p.Type == "" {
		p.Type = "CASH"
	}
	switch {
	case p.Type != jobberPayments && (n.ACH || n.Declined):
		return Payment{}, fmt.Errorf("pay invoice %s: only %s is pending or declined", invoiceID, jobberPayments)
	case p.Type != jobberPayments:
	case n.Declined:
		p.Status = "FAILED"
	case n.ACH:
		p.Status = "PENDING"
	default:
		p.Status = "SUCCEEDED"
	}
	s.addPayment(p)
	s.settle(i)
	return *p, nil
}

func (s *Sandbox) addPayment(p *Payment) {
	p.ID, p.Entry = s.id("PaymentRecord"), s.now()
	if p.Origin == "" {
		p.Origin = "UNKNOWN_ORIGIN"
	}
	if p.Type == jobberPayments {
		p.Transaction = fmt.Sprintf("txn_%08x", s.opts.Rand.Uint32())
	}
	s.create(&p.stamp)
	s.payments.add(p.ID, p)
	i := s.invoices.byID[p.InvoiceID]
	i.payments = append(i.payments, p)
	s.emit("PAYMENT_CREATE", p.ID)
}

// Settle brings the money of a pending payment: PAYMENT_UPDATE and
// INVOICE_UPDATE.
func (s *Sandbox) Settle(paymentID string) error {
	return s.movePayment("settle", paymentID, func(p *Payment) error {
		if p.Status != "PENDING" {
			return fmt.Errorf("it is %s", p.Status)
		}
		p.Status = "SUCCEEDED"
		return nil
	})
}

// Fail takes the money of a payment through Jobber back, pending or settled.
func (s *Sandbox) Fail(paymentID string) error {
	return s.movePayment("fail", paymentID, func(p *Payment) error {
		if p.Refund || p.Status != "PENDING" && p.Status != "SUCCEEDED" {
			return fmt.Errorf("it is %q and has no money to take back", p.Status)
		}
		p.Status = "FAILED"
		return nil
	})
}

// Refund gives money back: a payment record of its own whose rawAmount is
// negative, and PAYMENT_UPDATE of the one that it is of.
func (s *Sandbox) Refund(paymentID string, cents int64) (made Payment, err error) {
	err = s.movePayment("refund", paymentID, func(p *Payment) error {
		if p.Refund || p.Status == "PENDING" || p.Status == "FAILED" || cents <= 0 || cents > p.Amount-p.Refunded {
			return fmt.Errorf("%d cents cannot be refunded", cents)
		}
		p.Refunded += cents
		refund := &Payment{ClientID: p.ClientID, InvoiceID: p.InvoiceID, Type: p.Type, Origin: p.Origin, Amount: cents, ACH: p.ACH, Refund: true, Of: p.ID, Details: "Refund"}
		if p.Type == jobberPayments {
			p.Status, refund.Status = "PARTIALLY_REFUNDED", "SUCCEEDED"
			if p.Refunded == p.Amount {
				p.Status = "REFUNDED"
			}
		}
		s.addPayment(refund)
		made = *refund
		return nil
	})
	return made, err
}

func (s *Sandbox) movePayment(doing, id string, f func(*Payment) error) error {
	return change(s, &s.payments, doing, "payment", id, func(p *Payment) ([]string, error) {
		if err := f(p); err != nil {
			return nil, err
		}
		s.settle(s.invoices.byID[p.InvoiceID])
		return update("PAYMENT"), nil
	})
}

// DeletePayment removes a payment that was only written down, not one
// through Jobber, and sends PAYMENT_DESTROY.
func (s *Sandbox) DeletePayment(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := find(&s.payments, "payment", id)
	if err == nil && (p.Type == jobberPayments || p.Refunded > 0) {
		err = errors.New("its money went through Jobber or back")
	}
	if err != nil {
		return fmt.Errorf("delete payment: %w", err)
	}
	s.destroy(&p.stamp, "PAYMENT", id)
	s.settle(s.invoices.byID[p.InvoiceID])
	return nil
}

// typename is the schema's type of the record.
func (p *Payment) typename() string {
	switch {
	case p.Type == jobberPayments && p.Refund:
		return "JobberPaymentsRefundPaymentRecord"
	case p.Type == jobberPayments && p.ACH:
		return "JobberPaymentsACHPaymentRecord"
	case p.Type == jobberPayments:
		return "JobberPaymentsCreditCardPaymentRecord"
	case p.Type == "CASH":
		return "CashPaymentRecord"
	case p.Type == "CHEQUE":
		return "CheckPaymentRecord"
	case p.Type == "CREDIT_CARD":
		return "CreditCardPaymentRecord"
	}
	return "OtherPaymentRecord"
}
