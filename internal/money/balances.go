package money

import (
	"slices"
	"time"
)

// ledger sums the book up.
func (b *book) ledger() Ledger {
	l := Ledger{Invoices: make(map[string]InvoiceBalance), Jobs: make(map[string]JobBalance), Payers: make(map[string]PayerBalance)}
	jobs := make(map[string]*jobSum)
	for _, x := range b.bills {
		balance := x.balance()
		l.Invoices[x.ID] = balance
		l.addToPayer(x, balance)
		x.addToJobs(jobs)
	}
	for _, at := range b.poolOrder() {
		p := l.Payers[at.payer]
		p.Credit += b.pools[at]
		l.Payers[at.payer] = p
		sumOf(jobs, at.job).unapplied += b.pools[at]
	}
	for at, payments := range b.loose {
		s := sumOf(jobs, at.job)
		for _, p := range payments {
			s.see(p)
			if p.Status == Pending {
				s.pending += p.Amount
			}
			l.seePayment(at.payer, p)
		}
		l.paidAt(at.payer, lastPaid(payments))
	}
	delete(jobs, "")
	for id, s := range jobs {
		l.Jobs[id] = s.balance()
	}
	delete(l.Payers, "")
	return l
}

func (x *bill) balance() InvoiceBalance {
	b := InvoiceBalance{Amount: x.Amount, Deposits: x.deposits, WrittenOff: x.Uncollectible, Due: x.Due,
		Basis: x.basis, Shares: make(map[string]int64)}
	for n, job := range x.jobs {
		b.Balance += x.open[n]
		if job != "" {
			b.Shares[job] = x.shares[n]
		}
	}
	b.Paid = b.Amount - b.Balance
	for _, p := range x.payments {
		switch p.Status {
		case Pending:
			b.Pending += p.Amount
		case Settled:
			b.Tips += p.Tip
		case Disputed:
			b.Disputed = true
		}
	}
	return b
}

func (l Ledger) addToPayer(x *bill, b InvoiceBalance) {
	p := l.Payers[x.Payer]
	switch {
	case b.Balance < 0:
		p.Credit -= b.Balance
	case b.Balance > 0 && b.WrittenOff:
		p.WrittenOff += b.Balance
	case b.Balance > 0:
		p.Open += b.Balance
		if !b.Due.IsZero() && (p.OldestDue.IsZero() || b.Due.Before(p.OldestDue)) {
			p.OldestDue = b.Due
		}
	}
	l.Payers[x.Payer] = p
	byPayer := make(map[string][]Payment)
	for _, payment := range x.payments {
		payer := payment.Payer
		if payer == "" {
			payer = x.Payer
		}
		byPayer[payer] = append(byPayer[payer], payment)
		l.seePayment(payer, payment)
	}
	for payer, payments := range byPayer {
		l.paidAt(payer, lastPaid(payments))
	}
}

func (l Ledger) seePayment(payer string, payment Payment) {
	p := l.Payers[payer]
	switch payment.Status {
	case Settled:
		p.Tips += payment.Tip
	case Disputed:
		p.InDispute = true
	}
	l.Payers[payer] = p
}

func (l Ledger) paidAt(payer string, at time.Time) {
	if p := l.Payers[payer]; at.After(p.LastPaid) {
		p.LastPaid = at
		l.Payers[payer] = p
	}
}

// lastPaid is when the last payment came of which refunds left something. The
// payments are in the order of their time; a refund undoes the latest first.
func lastPaid(payments []Payment) time.Time {
	var refunded int64
	for _, p := range slices.Backward(payments) {
		switch {
		case p.Status != Settled || p.Amount == 0:
		case p.Amount < 0:
			refunded -= p.Amount
		case refunded >= p.Amount:
			refunded -= p.Amount
		default:
			return p.At
		}
	}
	return time.Time{}
}

// A jobSum gathers what a job stands at.
type jobSum struct {
	issued, paid, pending, unapplied int64
	open, lost                       int64 // of positive shares: collectible, written off
	came, refunds, disputed          bool
}

func sumOf(jobs map[string]*jobSum, id string) *jobSum {
	if jobs[id] == nil {
		jobs[id] = new(jobSum)
	}
	return jobs[id]
}

func (s *jobSum) see(p Payment) {
	s.disputed = s.disputed || p.Status == Disputed
	s.came = s.came || p.Status == Settled && p.Amount > 0
	s.refunds = s.refunds || p.Status == Settled && p.Amount < 0
}

func (x *bill) addToJobs(jobs map[string]*jobSum) {
	var pending int64
	for _, p := range x.payments {
		if p.Status == Pending {
			pending += p.Amount
		}
	}
	parts := x.divide(pending)
	for n, job := range x.jobs {
		s := sumOf(jobs, job)
		s.issued += x.shares[n]
		s.paid += x.shares[n] - x.open[n]
		s.pending += parts[n]
		if x.Uncollectible {
			s.lost += max(0, x.open[n])
		} else {
			s.open += max(0, x.open[n])
		}
		for _, p := range x.payments {
			s.see(p)
		}
	}
}

func (s *jobSum) balance() JobBalance {
	b := JobBalance{Issued: s.issued, Settled: s.paid + s.unapplied, Pending: s.pending, Unapplied: s.unapplied}
	b.Balance = b.Issued - b.Settled
	b.State = s.state(b)
	return b
}

// state names the first that holds: a dispute outweighs all, money that went
// back outweighs what is owed, and paid needs every invoice at nothing.
func (s *jobSum) state(b JobBalance) State {
	switch {
	case s.disputed:
		return InDispute
	case s.came && s.refunds && b.Settled <= 0:
		return Refunded
	case s.lost > 0 && s.open == 0:
		return WrittenOff
	case b.Issued <= 0 && b.Settled > 0:
		return Deposit
	case b.Issued > 0 && b.Balance < 0 && s.open == 0:
		return Overpaid
	case b.Issued > 0 && b.Balance <= 0 && s.open == 0:
		return Paid
	case b.Settled > 0:
		return PartPaid
	}
	return None
}
