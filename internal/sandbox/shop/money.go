package shop

import (
	"time"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
)

// invoice makes an invoice over what the job costs now.
func (j *job) invoice() (*Invoice, error) {
	if err := j.priced(); err != nil {
		return nil, err
	}
	made, err := j.s.field.CreateInvoice(j.ID)
	if err != nil {
		return nil, err
	}
	i := &Invoice{ID: made.ID, Number: made.Number, Made: j.s.now, Amount: j.Price}
	if len(j.Invoices) > 0 {
		j.s.tally("money/several invoices")
	}
	j.Invoices = append(j.Invoices, i)
	j.mark(Mark{What: Invoiced, Invoice: i.ID, Amount: i.Amount})
	if i.Amount == 0 {
		j.issued(i)
		j.s.tally("money/zero invoice")
	}
	return i, nil
}

// issued notes that an invoice is out: it was sent, or paid unsent.
func (j *job) issued(i *Invoice) {
	if i.Issued.IsZero() {
		i.Issued = j.s.now
		j.mark(Mark{What: Issued, Invoice: i.ID, Amount: i.Amount})
	}
}

func (j *job) send(i *Invoice) error {
	j.issued(i)
	return j.s.field.SendInvoice(i.ID)
}

// due is what is owed on an invoice by money that is there, refunds apart.
func (i *Invoice) due() int64 {
	sum := i.Amount
	for _, p := range i.Payments {
		if !p.Refund && !p.Settled.IsZero() && p.Returned.IsZero() {
			sum -= p.Amount
		}
	}
	return sum
}

// pay takes a payment.
func (j *job) pay(i *Invoice, n housecallpro.NewPayment) (*Payment, error) {
	made, err := j.s.field.Pay(i.ID, n)
	if err != nil {
		return nil, err
	}
	p := &Payment{ID: made.ID, Method: n.Method, Amount: n.Amount, Tip: n.Tip, Made: j.s.now, Declined: n.Declined}
	i.Payments = append(i.Payments, p)
	m := Mark{What: Paid, Invoice: i.ID, Payment: p.ID, Amount: n.Amount}
	switch {
	case n.Declined:
		m.What = Declined
	case n.Pending:
		m.What = Pending
	default:
		p.Settled = j.s.now
		i.Tips += n.Tip
		if n.Tip > 0 {
			j.s.tally("money/tip")
		}
	}
	j.mark(m)
	if i.due() <= 0 {
		j.issued(i)
	}
	j.s.tally("money/" + string(m.What))
	return p, nil
}

// all pays what is owed.
func (j *job) all(i *Invoice, method string) error {
	if i.due() <= 0 || !i.EndedAt.IsZero() {
		return nil
	}
	_, err := j.pay(i, housecallpro.NewPayment{Amount: i.due(), Method: method})
	return err
}

func (j *job) settle(i *Invoice, p *Payment) error {
	p.Settled = j.s.now
	j.mark(Mark{What: Paid, Invoice: i.ID, Payment: p.ID, Amount: p.Amount})
	if i.due() <= 0 {
		j.issued(i)
	}
	j.s.tally("money/ach settles")
	return j.s.field.Settle(p.ID)
}

func (j *job) sendBack(i *Invoice, p *Payment) error {
	p.Returned = j.s.now
	j.mark(Mark{What: Returned, Invoice: i.ID, Payment: p.ID, Amount: p.Amount})
	return j.s.field.ReturnPayment(p.ID)
}

func (j *job) refund(i *Invoice, p *Payment, cents int64) error {
	made, err := j.s.field.Refund(p.ID, cents)
	if err != nil {
		return err
	}
	i.Payments = append(i.Payments, &Payment{ID: made.ID, Method: p.Method, Amount: cents, Made: j.s.now, Settled: j.s.now, Refund: true})
	j.mark(Mark{What: Refunded, Invoice: i.ID, Payment: made.ID, Amount: cents})
	return nil
}

func (j *job) void(i *Invoice, canceled bool) error {
	i.EndedAt = j.s.now
	j.mark(Mark{What: Voided, Invoice: i.ID, Amount: i.Amount})
	if canceled {
		return j.s.field.CancelInvoice(i.ID)
	}
	return j.s.field.Void(i.ID)
}

// bill is how a completed job's money comes in, by its plot.
type bill func(*job) error

var bills = map[string]bill{
	"none":         func(*job) error { return nil },
	"on site":      billOnSite,
	"same day":     billSameDay,
	"later":        billLater,
	"partial":      billPartial,
	"ach":          billACH,
	"ach pending":  billACHPending,
	"ach returned": billACHReturned,
	"refund":       billRefund,
	"refund all":   billRefundAll,
	"void":         billVoid,
	"canceled":     billCanceled,
	"zero first":   billZeroFirst,
	"unpaid":       billUnpaid,
	"dispute":      billDispute,
	"chargeback":   billChargeback,
	"declined":     billDeclined,
	"overdue paid": billPromise,
	"zero":         billZero,
	"rest":         billRest,
}

// sent makes and sends an invoice and then does more with it.
func (j *job) sent(then func(*Invoice) error) error {
	i, err := j.invoice()
	if err != nil {
		return err
	}
	if err := j.send(i); err != nil {
		return err
	}
	return then(i)
}

// later does something with an invoice unless the office has ended it.
func (j *job) later(i *Invoice, from, to time.Duration, do func() error) {
	j.s.after(between(j.rng, from, to), func() error {
		if !i.EndedAt.IsZero() {
			return nil
		}
		return do()
	})
}

// billOnSite is a card at the door, with a tip now and then; the invoice is
// never sent.
func billOnSite(j *job) error {
	i, err := j.invoice()
	if err != nil {
		return err
	}
	n := housecallpro.NewPayment{Amount: i.due(), Method: "credit_card"}
	if often(j.rng, 50) {
		n.Tip = 500 * (1 + j.rng.Int64N(6))
	}
	_, err = j.pay(i, n)
	return err
}

func billSameDay(j *job) error {
	return j.sent(func(i *Invoice) error {
		j.later(i, 20*time.Minute, 5*time.Hour, func() error { return j.all(i, "credit_card") })
		return nil
	})
}

// billLater is an office that writes its invoices days after the work.
func billLater(j *job) error {
	j.s.after(between(j.rng, 20*time.Hour, 50*time.Hour), func() error {
		j.s.tally("money/invoiced days later")
		return j.sent(func(i *Invoice) error {
			j.later(i, 3*time.Hour, 30*time.Hour, func() error { return j.all(i, "check") })
			return nil
		})
	})
	return nil
}

func billPartial(j *job) error {
	return j.sent(func(i *Invoice) error {
		j.later(i, time.Hour, 4*time.Hour, func() error {
			j.s.tally("money/partial")
			_, err := j.pay(i, housecallpro.NewPayment{Amount: i.Amount / 3, Method: "check"})
			return err
		})
		j.later(i, 20*time.Hour, 40*time.Hour, func() error { return j.all(i, "credit_card") })
		return nil
	})
}

// ach takes a bank payment that is not there yet.
func (j *job) ach(then func(*Invoice, *Payment) error) error {
	return j.sent(func(i *Invoice) error {
		j.later(i, 30*time.Minute, 3*time.Hour, func() error {
			p, err := j.pay(i, housecallpro.NewPayment{Amount: i.due(), Method: "ach", Pending: true})
			if err != nil {
				return err
			}
			return then(i, p)
		})
		return nil
	})
}

func billACH(j *job) error {
	return j.ach(func(i *Invoice, p *Payment) error {
		j.s.after(between(j.rng, 24*time.Hour, 70*time.Hour), func() error { return j.settle(i, p) })
		return nil
	})
}

// billACHPending comes back before it was there, and is paid otherwise.
func billACHPending(j *job) error {
	return j.ach(func(i *Invoice, p *Payment) error {
		j.s.after(between(j.rng, 24*time.Hour, 48*time.Hour), func() error {
			j.s.tally("money/ach comes back pending")
			j.later(i, 5*time.Hour, 26*time.Hour, func() error { return j.all(i, "credit_card") })
			return j.sendBack(i, p)
		})
		return nil
	})
}

// billACHReturned comes back after it was there, and stays owed.
func billACHReturned(j *job) error {
	return j.ach(func(i *Invoice, p *Payment) error {
		j.s.after(24*time.Hour, func() error {
			j.s.after(72*time.Hour, func() error {
				j.s.tally("money/ach comes back settled")
				return j.sendBack(i, p)
			})
			return j.settle(i, p)
		})
		return nil
	})
}

func billRefund(j *job) error {
	return j.paidThen("refund part", func(p *Payment) int64 { return p.Amount / 4 })
}

func billRefundAll(j *job) error {
	return j.paidThen("refund all", func(p *Payment) int64 { return p.Amount })
}

func (j *job) paidThen(what string, back func(*Payment) int64) error {
	return j.sent(func(i *Invoice) error {
		p, err := j.pay(i, housecallpro.NewPayment{Amount: i.due(), Method: "credit_card"})
		if err != nil {
			return err
		}
		j.s.after(between(j.rng, 5*time.Hour, 40*time.Hour), func() error {
			j.s.tally("money/" + what)
			return j.refund(i, p, back(p))
		})
		return nil
	})
}

// billVoid is an invoice that was wrong: it is voided and written anew.
func billVoid(j *job) error { return j.replaced(false) }

func billCanceled(j *job) error { return j.replaced(true) }

func (j *job) replaced(canceled bool) error {
	return j.sent(func(i *Invoice) error {
		j.s.after(between(j.rng, time.Hour, 20*time.Hour), func() error {
			if err := j.void(i, canceled); err != nil {
				return err
			}
			if err := j.charge(j.Price/100-20, 0); err != nil {
				return err
			}
			j.s.tally(map[bool]string{false: "money/voided", true: "money/invoice canceled"}[canceled])
			return billSameDay(j)
		})
		return nil
	})
}

// billZeroFirst is an invoice over nothing by mistake, and then the true one.
func billZeroFirst(j *job) error {
	if err := j.charge(0, 0); err != nil {
		return err
	}
	if _, err := j.invoice(); err != nil {
		return err
	}
	j.s.after(between(j.rng, time.Hour, 5*time.Hour), func() error {
		if err := j.charge(210, 45); err != nil {
			return err
		}
		return billSameDay(j)
	})
	return nil
}

func billUnpaid(j *job) error { return j.sent(func(*Invoice) error { return nil }) }

func billZero(j *job) error {
	_, err := j.invoice()
	return err
}

// billDispute is a customer who objects; the office says so and settles it.
func billDispute(j *job) error {
	return j.sent(func(i *Invoice) error {
		j.later(i, 2*time.Hour, 20*time.Hour, func() error {
			j.dispute(i)
			j.later(i, 24*time.Hour, 48*time.Hour, func() error {
				i.DisputeEnded = j.s.now
				j.s.act(OfficeAct{Kind: ActDisputeOver, Customer: j.Customer, Invoice: i.ID, Job: j.ID})
				return j.all(i, "credit_card")
			})
			return nil
		})
		return nil
	})
}

func (j *job) dispute(i *Invoice) {
	i.Disputed = j.s.now
	j.s.act(OfficeAct{Kind: ActDispute, Customer: j.Customer, Invoice: i.ID, Job: j.ID})
	j.s.tally("office/dispute")
}

// billChargeback is a card payment that the bank takes back. Housecall Pro
// shows it as a payment that failed after all.
func billChargeback(j *job) error {
	return j.sent(func(i *Invoice) error {
		p, err := j.pay(i, housecallpro.NewPayment{Amount: i.due(), Method: "credit_card"})
		if err != nil {
			return err
		}
		j.s.after(between(j.rng, 40*time.Hour, 80*time.Hour), func() error {
			j.dispute(i)
			j.s.tally("money/chargeback")
			return j.sendBack(i, p)
		})
		return nil
	})
}

func billDeclined(j *job) error {
	return j.sent(func(i *Invoice) error {
		j.later(i, 10*time.Minute, time.Hour, func() error {
			j.later(i, 10*time.Minute, 2*time.Hour, func() error { return j.all(i, "credit_card") })
			_, err := j.pay(i, housecallpro.NewPayment{Amount: i.due(), Method: "credit_card", Declined: true})
			return err
		})
		return nil
	})
}

// billPromise is somebody who pays late and said so.
func billPromise(j *job) error {
	return j.sent(func(i *Invoice) error {
		j.later(i, 3*time.Hour, 20*time.Hour, func() error {
			until := j.s.now.Add(72 * time.Hour)
			j.s.act(OfficeAct{Kind: ActPromise, Customer: j.Customer, Invoice: i.ID, Job: j.ID, Until: until})
			j.s.tally("office/promise")
			j.s.at(until.Add(-5*time.Hour), func() error { return j.all(i, "check") })
			return nil
		})
		return nil
	})
}

// billRest is the rest of an invoice that stands since the deposit.
func billRest(j *job) error {
	if len(j.Invoices) == 0 {
		return billSameDay(j)
	}
	i := j.Invoices[0]
	j.later(i, 2*time.Hour, 20*time.Hour, func() error { return j.all(i, "credit_card") })
	return nil
}
