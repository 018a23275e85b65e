package money

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func day(n int) time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) }

// bills issues an invoice of one job, issued and due on the day of its number.
func bills(n int, job string, amount int64) Invoice {
	return Invoice{ID: fmt.Sprint("i", n), Payer: "ann", Jobs: []Share{{Job: job}}, Amount: amount, Issued: true, IssuedAt: day(n), Due: day(n)}
}

func pays(n int, invoice string, amount int64) Payment {
	return Payment{ID: fmt.Sprint("p", n), Payer: "ann", Invoice: invoice, Amount: amount, Method: "card", Status: Settled, At: day(n)}
}

func deposits(n int, job string, amount int64) Payment {
	p := pays(n, "", amount)
	p.Job = job
	return p
}

func with(p Payment, change func(*Payment)) Payment { change(&p); return p }
func like(i Invoice, change func(*Invoice)) Invoice { change(&i); return i }

func TestAJobIsWhatItsInvoicesAndPaymentsSay(t *testing.T) {
	status := func(s Status) func(*Payment) { return func(p *Payment) { p.Status = s } }
	for _, c := range []struct {
		name     string
		invoices []Invoice
		payments []Payment
		want     JobBalance
	}{
		{"nothing yet", []Invoice{like(bills(1, "j", 100), func(i *Invoice) { i.Issued = false })}, nil, JobBalance{}},
		{"a deposit before any invoice is never paid", nil, []Payment{deposits(1, "j", 30)}, JobBalance{Settled: 30, Unapplied: 30, Balance: -30, State: Deposit}},
		{"a deposit is taken off the first invoice", []Invoice{bills(5, "j", 100)}, []Payment{deposits(1, "j", 30)}, JobBalance{Issued: 100, Settled: 30, Balance: 70, State: PartPaid}},
		{"deposit and rest make paid", []Invoice{bills(5, "j", 100)}, []Payment{deposits(1, "j", 30), pays(6, "i5", 70)}, JobBalance{Issued: 100, Settled: 100, State: Paid}},
		{"one invoice of two paid is part paid", []Invoice{bills(5, "j", 100), bills(6, "j", 50)}, []Payment{pays(6, "i5", 100)}, JobBalance{Issued: 150, Settled: 100, Balance: 50, State: PartPaid}},
		{"too much on one invoice does not pay the other", []Invoice{bills(5, "j", 100), bills(6, "j", 50)}, []Payment{pays(6, "i5", 150)}, JobBalance{Issued: 150, Settled: 150, State: PartPaid}},
		{"a tip pays no bill", []Invoice{bills(5, "j", 100)}, []Payment{with(pays(6, "i5", 80), func(p *Payment) { p.Tip = 20 })}, JobBalance{Issued: 100, Settled: 80, Balance: 20, State: PartPaid}},
		{"an ACH under way is not paid", []Invoice{bills(5, "j", 100)}, []Payment{with(pays(6, "i5", 100), status(Pending))}, JobBalance{Issued: 100, Pending: 100, Balance: 100}},
		{"an ACH that came back is not paid", []Invoice{bills(5, "j", 100)}, []Payment{with(pays(6, "i5", 100), status(Returned))}, JobBalance{Issued: 100, Balance: 100}},
		{"a failed card is not paid", []Invoice{bills(5, "j", 100)}, []Payment{with(pays(6, "i5", 100), status(Failed))}, JobBalance{Issued: 100, Balance: 100}},
		{"a part refunded reopens", []Invoice{bills(5, "j", 100)}, []Payment{pays(6, "i5", 100), pays(7, "i5", -40)}, JobBalance{Issued: 100, Settled: 60, Balance: 40, State: PartPaid}},
		{"all refunded is refunded", []Invoice{bills(5, "j", 100)}, []Payment{pays(6, "i5", 100), pays(7, "i5", -100)}, JobBalance{Issued: 100, Balance: 100, State: Refunded}},
		{"a refund that names no invoice reopens too", []Invoice{bills(5, "j", 100)}, []Payment{pays(6, "i5", 100), deposits(7, "j", -40)}, JobBalance{Issued: 100, Settled: 60, Balance: 40, State: PartPaid}},
		{"a deposit given back", nil, []Payment{deposits(1, "j", 30), deposits(2, "j", -30)}, JobBalance{State: Refunded}},
		{"too much is overpaid", []Invoice{bills(5, "j", 100)}, []Payment{pays(6, "i5", 120)}, JobBalance{Issued: 100, Settled: 120, Balance: -20, State: Overpaid}},
		{"a chargeback is disputed and takes the money", []Invoice{bills(5, "j", 100)}, []Payment{with(pays(6, "i5", 100), status(Disputed))}, JobBalance{Issued: 100, Balance: 100, State: InDispute}},
		{"a void invoice owes nothing and frees its payment", []Invoice{like(bills(5, "j", 100), func(i *Invoice) { i.Void = true })}, []Payment{pays(6, "i5", 100)}, JobBalance{Settled: 100, Unapplied: 100, Balance: -100, State: Deposit}},
		{"the payment of a void invoice pays its successor", []Invoice{like(bills(5, "j", 100), func(i *Invoice) { i.Void = true }), bills(7, "j", 100)}, []Payment{pays(6, "i5", 100)}, JobBalance{Issued: 100, Settled: 100, State: Paid}},
		{"given up is written off, not paid", []Invoice{like(bills(5, "j", 100), func(i *Invoice) { i.Uncollectible = true })}, []Payment{pays(6, "i5", 10)}, JobBalance{Issued: 100, Settled: 10, Balance: 90, State: WrittenOff}},
		{"a credit note for all leaves nothing", []Invoice{bills(5, "j", 100), bills(6, "j", -100)}, nil, JobBalance{}},
		{"a credit note lowers what must be paid", []Invoice{bills(5, "j", 100), bills(6, "j", -40)}, []Payment{pays(7, "i5", 60)}, JobBalance{Issued: 60, Settled: 60, State: Paid}},
		{"no charge is none", []Invoice{bills(5, "j", 0)}, nil, JobBalance{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want.State == "" {
				c.want.State = None
			}
			l, err := Settle(c.invoices, c.payments)
			got := l.Jobs["j"]
			if got.State == "" {
				got.State = None
			}
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestOneInvoiceForSeveralJobsIsDivided(t *testing.T) {
	invoice := func(amount int64, shares ...Share) Invoice {
		return like(bills(1, "", amount), func(i *Invoice) { i.Jobs = shares })
	}
	for _, c := range []struct {
		name    string
		invoice Invoice
		want    map[string]int64
		basis   Basis
	}{
		{"by lines that sum up", invoice(100, Share{"a", 70}, Share{"b", 30}), map[string]int64{"a": 70, "b": 30}, ByLines},
		{"by lines, tax in proportion", invoice(101, Share{"a", 60}, Share{"b", 30}), map[string]int64{"a": 67, "b": 34}, ByLines},
		{"lines of one job are added up", invoice(100, Share{"a", 50}, Share{"b", 30}, Share{"a", 20}), map[string]int64{"a": 70, "b": 30}, ByLines},
		{"equally where lines are not known", invoice(100, Share{Job: "a"}, Share{Job: "b"}, Share{Job: "c"}), map[string]int64{"a": 34, "b": 33, "c": 33}, Equally},
		{"a discounted job keeps its negative lines", invoice(90, Share{"a", 100}, Share{"b", -10}), map[string]int64{"a": 100, "b": -10}, ByLines},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := Settle([]Invoice{c.invoice}, nil)
			if got := l.Invoices["i1"]; err != nil || !maps.Equal(got.Shares, c.want) || got.Basis != c.basis {
				t.Errorf("divided %v %s, %v, want %v %s", got.Shares, got.Basis, err, c.want, c.basis)
			}
		})
	}
}

func TestAPaymentGoesWhereTheDepositLeftSomethingOpen(t *testing.T) {
	shared := like(bills(2, "", 100), func(i *Invoice) { i.Jobs = []Share{{Job: "a"}, {Job: "b"}} })
	l, _ := Settle([]Invoice{shared}, []Payment{deposits(1, "a", 50), pays(3, "i2", 50)})
	for _, job := range []string{"a", "b"} {
		if got := l.Jobs[job]; got.State != Paid || got.Balance != 0 {
			t.Errorf("job %s is %+v, want paid", job, got)
		}
	}
	if got := l.Invoices["i2"]; got.Deposits != 50 || got.Paid != 100 {
		t.Errorf("invoice %+v, want 50 of 100 from the deposit", got)
	}
}

func TestAPayerOwesWhatIsOpenAndHasCreditBeside(t *testing.T) {
	l, err := Settle([]Invoice{
		bills(5, "a", 100), bills(3, "b", 40), bills(4, "c", 10),
		like(bills(2, "d", 25), func(i *Invoice) { i.Uncollectible = true }),
		like(bills(1, "e", 99), func(i *Invoice) { i.Issued = false }),
	}, []Payment{
		pays(8, "i5", 30), pays(9, "i4", 15), pays(10, "i4", -3), deposits(6, "f", 7),
		with(pays(12, "i3", 40), func(p *Payment) { p.Status, p.Tip = Pending, 9 }),
		with(pays(7, "i3", 1), func(p *Payment) { p.Tip = 2 }),
		pays(20, "i5", 0),
	})
	want := PayerBalance{Open: 70 + 39, OldestDue: day(3), Credit: 2 + 7, Tips: 2, LastPaid: day(9), WrittenOff: 25}
	if got := l.Payers["ann"]; err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestAPaymentRefundedInFullIsNotTheLast(t *testing.T) {
	l, _ := Settle([]Invoice{bills(1, "a", 100)}, []Payment{pays(2, "i1", 60), pays(3, "i1", 40), pays(9, "i1", -40)})
	if got := l.Payers["ann"].LastPaid; !got.Equal(day(2)) {
		t.Errorf("last paid %v, want the payment that stayed, %v", got, day(2))
	}
}

func TestADisputeStopsReminders(t *testing.T) {
	invoice := bills(1, "a", 100)
	l, _ := Settle([]Invoice{invoice}, nil)
	if !l.Invoices["i1"].MayRemind() {
		t.Error("an open invoice may not be reminded of")
	}
	l, _ = Settle([]Invoice{invoice}, []Payment{with(pays(2, "i1", 100), func(p *Payment) { p.Status = Disputed })})
	if b := l.Invoices["i1"]; b.MayRemind() || b.Balance != 100 {
		t.Errorf("a disputed invoice stands at %+v, want its balance and no reminder", b)
	}
}

func TestAmountsBeyondRangeAreRefused(t *testing.T) {
	for _, amount := range []int64{math.MaxInt64, math.MinInt64} {
		if _, err := Settle([]Invoice{bills(1, "a", amount), bills(2, "a", 1)}, nil); !errors.Is(err, ErrRange) {
			t.Errorf("an invoice over %d gives %v, want ErrRange", amount, err)
		}
	}
}

func someInvoices(t *rapid.T) []Invoice {
	var out []Invoice
	for n := range rapid.IntRange(0, 5).Draw(t, "invoices") {
		i := bills(n+1, "", rapid.Int64Range(-50, 300).Draw(t, "amount"))
		i.IssuedAt = day(rapid.IntRange(1, 3).Draw(t, "issued at"))
		i.Payer = rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "payer")
		i.Issued, i.Void = rapid.IntRange(0, 4).Draw(t, "issued") > 0, rapid.IntRange(0, 5).Draw(t, "void") == 0
		i.Uncollectible = rapid.IntRange(0, 5).Draw(t, "uncollectible") == 0
		i.Jobs = nil
		for range rapid.IntRange(1, 3).Draw(t, "shares") {
			i.Jobs = append(i.Jobs, Share{rapid.SampledFrom([]string{"j", "k", "l"}).Draw(t, "job"), rapid.Int64Range(0, 100).Draw(t, "lines")})
		}
		out = append(out, i)
	}
	return out
}

func somePayments(t *rapid.T) []Payment {
	var out []Payment
	for n := range rapid.IntRange(0, 7).Draw(t, "payments") {
		p := pays(n, rapid.SampledFrom([]string{"", "i1", "i2", "i3", "i4", "i9"}).Draw(t, "invoice"), rapid.Int64Range(-120, 200).Draw(t, "paid"))
		p.At = day(rapid.IntRange(1, 9).Draw(t, "at"))
		p.Job = rapid.SampledFrom([]string{"", "j", "k"}).Draw(t, "for job")
		p.Payer = rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "by")
		p.Tip = rapid.Int64Range(0, 5).Draw(t, "tip")
		p.Status = rapid.SampledFrom([]Status{Settled, Settled, Settled, Pending, Failed, Returned, Disputed}).Draw(t, "status")
		out = append(out, p)
	}
	return out
}

// Every unit that settled is on exactly one invoice or unapplied, and every
// unit that was issued belongs to exactly one job.
func TestSumsAreConserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		invoices, payments := someInvoices(t), somePayments(t)
		l, err := Settle(invoices, payments)
		if err != nil {
			t.Fatal(err)
		}
		var settled, tips, issued, paid, jobsIssued, jobsSettled, onInvoices, owed, payerTips int64
		for _, p := range payments {
			if p.Status == Settled {
				settled, tips = settled+p.Amount, tips+p.Tip
			}
		}
		for _, i := range invoices {
			if i.counts() {
				issued += i.Amount
			}
		}
		for _, b := range l.Invoices {
			paid, onInvoices = paid+b.Paid, onInvoices+b.Amount
			if b.Balance != b.Amount-b.Paid {
				t.Fatalf("balance %+v does not add up", b)
			}
			var shares int64
			for _, s := range b.Shares {
				shares += s
			}
			if shares != b.Amount {
				t.Fatalf("shares of %+v sum to %d", b, shares)
			}
		}
		for _, j := range l.Jobs {
			jobsIssued, jobsSettled = jobsIssued+j.Issued, jobsSettled+j.Settled
		}
		for _, p := range l.Payers {
			owed, payerTips = owed+p.Open+p.WrittenOff-p.Credit, payerTips+p.Tips
		}
		if onInvoices != issued || jobsIssued != issued {
			t.Fatalf("issued %d, on invoices %d, by job %d", issued, onInvoices, jobsIssued)
		}
		if owed != issued-settled {
			t.Fatalf("payers owe %d in all, want %d issued less %d settled", owed, issued, settled)
		}
		if payerTips != tips {
			t.Fatalf("tips %d, want %d", payerTips, tips)
		}
		var noJob int64 // payments that belong to no job are only their payer's credit
		b := newBook(invoices, payments)
		for at, amount := range b.pools {
			if at.job == "" {
				noJob += amount
			}
		}
		if jobsSettled != settled-noJob {
			t.Fatalf("jobs settled %d, want %d", jobsSettled, settled-noJob)
		}
	})
}

func TestOrderOfInputNeverMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		invoices, payments := someInvoices(t), somePayments(t)
		want, _ := Settle(invoices, payments)
		for n := range invoices {
			invoices[n].Jobs = rapid.Permutation(invoices[n].Jobs).Draw(t, "shares")
		}
		got, _ := Settle(rapid.Permutation(invoices).Draw(t, "invoices"), rapid.Permutation(payments).Draw(t, "payments"))
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("another order gives\n%+v\nwant\n%+v", got, want)
		}
	})
}

func TestInputIsNotChanged(t *testing.T) {
	invoices, payments := []Invoice{bills(2, "a", 5), bills(1, "a", 5)}, []Payment{pays(2, "i1", 1), pays(1, "i2", 1)}
	i, p := slices.Clone(invoices), slices.Clone(payments)
	if _, err := Settle(invoices, payments); err != nil || !reflect.DeepEqual(i, invoices) || !reflect.DeepEqual(p, payments) {
		t.Errorf("settling reordered its input, %v", err)
	}
}
