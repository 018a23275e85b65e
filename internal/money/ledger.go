package money

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// A Share is a job's part of an invoice.
type Share struct {
	Job   string
	Lines int64 // the sum of its lines; zero where the source does not say which job a line is for
}

// An Invoice is a bill as its source states it now. Amounts are minor units;
// a credit note has a negative one.
type Invoice struct {
	ID, Payer     string
	Jobs          []Share
	Amount        int64
	Issued        bool // past draft; see the playbook, section Billing, for what each tool calls that
	Void          bool
	Uncollectible bool // written off
	IssuedAt, Due time.Time
}

func (i Invoice) counts() bool { return i.Issued && !i.Void }

// A Status says what became of a payment.
type Status string

// Only settled money counts. Pending is an ACH under way; returned is one that
// came back, and disputed one that a chargeback took.
const (
	Pending  Status = "pending"
	Settled  Status = "settled"
	Failed   Status = "failed"
	Returned Status = "returned"
	Disputed Status = "disputed"
)

// A Payment is money that came, or went back where Amount is negative. Amount
// is without the tip, which never pays a bill.
type Payment struct {
	ID, Payer   string
	Invoice     string // empty: a deposit or unapplied payment for Job
	Job         string
	Amount, Tip int64
	Method      string
	Status      Status
	At          time.Time
}

// A Ledger is what all invoices and payments come to. Its maps go by id.
type Ledger struct {
	Invoices map[string]InvoiceBalance // issued ones that are not void
	Jobs     map[string]JobBalance
	Payers   map[string]PayerBalance
}

// Basis says how an invoice for several jobs was divided.
type Basis string

// The bases of a division.
const (
	OneJob  Basis = "one job"
	ByLines Basis = "by lines"
	Equally Basis = "equally"
)

// An InvoiceBalance is what an issued invoice stands at.
type InvoiceBalance struct {
	Amount     int64
	Paid       int64 // settled payments for it, deposits and credit notes taken off it, less refunds
	Deposits   int64 // of Paid, what came from deposits and unapplied payments
	Pending    int64 // under way; not in Paid
	Tips       int64 // settled, beside Paid
	Balance    int64 // Amount less Paid; negative is credit
	Disputed   bool
	WrittenOff bool
	Due        time.Time
	Shares     map[string]int64 // of Amount, by job
	Basis      Basis
}

// MayRemind reports whether the payer may be asked for the balance at all. A
// dispute stops that.
func (b InvoiceBalance) MayRemind() bool { return b.Balance > 0 && !b.Disputed && !b.WrittenOff }

// A State is the money word of a job.
type State string

// The money words.
const (
	None       State = "none"
	Deposit    State = "deposit"
	PartPaid   State = "part paid"
	Paid       State = "paid"
	Overpaid   State = "overpaid"
	Refunded   State = "refunded"
	InDispute  State = "disputed"
	WrittenOff State = "written off"
)

// A JobBalance is what a job stands at. An invoice or payment for several jobs
// counts for each with its share.
type JobBalance struct {
	Issued    int64 // issued invoices that are not void
	Settled   int64 // settled payments less refunds, without tips, deposits included
	Pending   int64
	Unapplied int64 // of Settled, what no invoice has taken yet
	Balance   int64 // Issued less Settled
	State     State
}

// A PayerBalance is what one who pays stands at.
type PayerBalance struct {
	Open       int64     // what open invoices lack; written-off ones are not open
	OldestDue  time.Time // of the open invoices; zero if there is none
	Credit     int64     // overpaid and unapplied
	Tips       int64
	LastPaid   time.Time // the last settled payment of which refunds left something; zero if none
	InDispute  bool
	WrittenOff int64
}

// Settle draws up the ledger. Its order of work does not depend on the order
// of its arguments. Ids must be unique.
//
// Deposits and unapplied payments of a job are taken off its invoices in the
// order in which they were issued, before the payments that name an invoice
// count; a credit note lowers its job's other invoices last. What is paid
// beyond an invoice stays credit on it. A payment that names a void, unissued
// or unknown invoice is unapplied: for its job, or for the one job of that
// invoice; else it is the payer's credit. The error is ErrRange, where the sum
// of all amounts does not fit 64 bits.
func Settle(invoices []Invoice, payments []Payment) (Ledger, error) {
	if err := checkRange(invoices, payments); err != nil {
		return Ledger{}, fmt.Errorf("settle %d invoices and %d payments: %w", len(invoices), len(payments), err)
	}
	b := newBook(invoices, payments)
	b.takeDeposits()
	b.applyPayments()
	b.takeCreditNotes()
	b.takeBackRefunds()
	return b.ledger(), nil
}

// checkRange makes sure that no sum of amounts can overflow later.
func checkRange(invoices []Invoice, payments []Payment) error {
	var total int64
	var err error
	add := func(amount int64) {
		if amount == math.MinInt64 {
			err = ErrRange
			return
		}
		if err == nil {
			total, err = Add(total, max(amount, -amount))
		}
	}
	for _, i := range invoices {
		add(i.Amount)
		for _, s := range i.Jobs {
			add(s.Lines)
		}
	}
	for _, p := range payments {
		add(p.Amount)
		add(p.Tip)
	}
	return err
}

// A bill is an issued invoice while it is being settled.
type bill struct {
	Invoice
	basis    Basis
	jobs     []string // sorted
	shares   []int64  // of the amount, by job
	open     []int64  // what of each share is not paid; negative when overpaid
	deposits int64
	payments []Payment
}

// A pool is the unapplied money of one payer for one job.
type pool struct{ job, payer string }

type book struct {
	bills    []*bill // in the order of issue
	byID     map[string]*bill
	payments []Payment
	pools    map[pool]int64
	loose    map[pool][]Payment
	known    map[string]Invoice
}

func newBook(invoices []Invoice, payments []Payment) *book {
	b := &book{byID: make(map[string]*bill), pools: make(map[pool]int64), loose: make(map[pool][]Payment), known: make(map[string]Invoice)}
	for _, i := range invoices {
		b.known[i.ID] = i
		if i.counts() {
			x := newBill(i)
			b.bills, b.byID[i.ID] = append(b.bills, x), x
		}
	}
	slices.SortFunc(b.bills, func(x, y *bill) int {
		return cmp.Or(x.IssuedAt.Compare(y.IssuedAt), cmp.Compare(x.ID, y.ID))
	})
	b.payments = slices.SortedFunc(slices.Values(payments), func(x, y Payment) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.ID, y.ID))
	})
	for _, p := range b.payments {
		if x := b.byID[p.Invoice]; x != nil {
			x.payments = append(x.payments, p)
			continue
		}
		at := b.poolOf(p)
		b.loose[at] = append(b.loose[at], p)
		if p.Status == Settled {
			b.pools[at] += p.Amount
		}
	}
	return b
}

func (b *book) poolOf(p Payment) pool {
	at := pool{p.Job, p.Payer}
	if i, ok := b.known[p.Invoice]; ok {
		if jobs := merge(i.Jobs); at.job == "" && len(jobs) == 1 {
			at.job = slices.Collect(maps.Keys(jobs))[0]
		}
		at.payer = cmp.Or(at.payer, i.Payer)
	}
	return at
}

func merge(shares []Share) map[string]int64 {
	lines := make(map[string]int64)
	for _, s := range shares {
		lines[s.Job] += s.Lines
	}
	return lines
}

// newBill divides an invoice among its jobs: by their lines where those are
// known, else equally. Where the lines sum to the amount they are the shares;
// else (tax, discount) the amount is divided in their proportion.
func newBill(i Invoice) *bill {
	lines := merge(i.Jobs)
	if len(lines) == 0 {
		lines[""] = 0
	}
	x := &bill{Invoice: i, jobs: slices.Sorted(maps.Keys(lines)), basis: OneJob}
	var sum int64
	weights := make([]int64, len(x.jobs))
	divisible := true
	for n, job := range x.jobs {
		weights[n] = lines[job]
		sum += lines[job]
		divisible = divisible && lines[job] >= 0
	}
	switch {
	case len(x.jobs) == 1:
		x.shares = []int64{i.Amount}
	case sum == i.Amount && slices.ContainsFunc(weights, func(w int64) bool { return w != 0 }):
		x.shares, x.basis = weights, ByLines
	case sum > 0 && divisible:
		x.shares, x.basis = split(i.Amount, weights, sum), ByLines
	default:
		x.shares, x.basis = split(i.Amount, weights, 0), Equally
	}
	x.open = slices.Clone(x.shares)
	return x
}

// takeDeposits takes unapplied money off the invoices of its job, oldest
// first; the invoice's own payer's before that of others.
func (b *book) takeDeposits() {
	order := b.poolOrder()
	for _, x := range b.bills {
		for _, own := range []bool{true, false} {
			for _, at := range order {
				n := slices.Index(x.jobs, at.job)
				if n < 0 || at.job == "" || (at.payer == x.Payer) != own {
					continue
				}
				taken := max(0, min(b.pools[at], x.open[n]))
				b.pools[at] -= taken
				x.open[n] -= taken
				x.deposits += taken
			}
		}
	}
}

func (b *book) poolOrder() []pool {
	return slices.SortedFunc(maps.Keys(b.pools), func(x, y pool) int {
		return cmp.Or(cmp.Compare(x.job, y.job), cmp.Compare(x.payer, y.payer))
	})
}

// applyPayments pays each invoice with the settled payments that name it.
func (b *book) applyPayments() {
	for _, x := range b.bills {
		var net int64
		for _, p := range x.payments {
			if p.Status == Settled {
				net += p.Amount
			}
		}
		for n, part := range x.divide(net) {
			x.open[n] -= part
		}
	}
}

// divide gives an amount to the jobs of a bill: first to what is open, then by
// their shares.
func (x *bill) divide(amount int64) []int64 {
	open, shares := make([]int64, len(x.jobs)), make([]int64, len(x.jobs))
	var wanted, total int64
	for n := range x.jobs {
		shares[n] = max(x.shares[n], -x.shares[n])
		total += shares[n]
		if (x.open[n] > 0) == (amount > 0) {
			open[n] = max(x.open[n], -x.open[n])
			wanted += open[n]
		}
	}
	first := min(wanted, max(amount, -amount))
	if amount < 0 {
		first = -first
	}
	parts := make([]int64, len(x.jobs))
	if first != 0 {
		parts = split(first, open, wanted)
	}
	if rest := amount - first; rest != 0 {
		for n, part := range split(rest, shares, total) {
			parts[n] += part
		}
	}
	return parts
}

// takeCreditNotes lets what is left of a credit note lower the other invoices
// of its job and payer, oldest first.
func (b *book) takeCreditNotes() {
	for _, note := range b.bills {
		for m, job := range note.jobs {
			for _, x := range b.bills {
				n := slices.Index(x.jobs, job)
				if note.Amount >= 0 || n < 0 || x.Payer != note.Payer || x.Amount <= 0 {
					continue
				}
				taken := max(0, min(-note.open[m], x.open[n]))
				note.open[m] += taken
				x.open[n] -= taken
			}
		}
	}
}

// takeBackRefunds lets refunds that name no invoice, and exceed what was
// unapplied, reopen the job's invoices, newest first.
func (b *book) takeBackRefunds() {
	for _, at := range b.poolOrder() {
		for _, x := range slices.Backward(b.bills) {
			n := slices.Index(x.jobs, at.job)
			if n < 0 || at.job == "" || b.pools[at] >= 0 {
				continue
			}
			back := max(0, min(-b.pools[at], x.shares[n]-x.open[n]))
			b.pools[at] += back
			x.open[n] += back
		}
	}
}
