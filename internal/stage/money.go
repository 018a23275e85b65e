package stage

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/money"
)

// currency of all amounts: the field tools that we know bill in one.
const currency = "USD"

// An invoice as it stood at one instant of the fold.
type invoice struct {
	money.Invoice
	number string
	status string
	paidAt time.Time
	gone   bool // its source has deleted it: it asks for nothing
	lines  []line
	shares []plumbline.SourceID
}

type line struct {
	ID, Name, Description, Quantity, Amount, Job, Kind string
}

type payment struct{ money.Payment }

// cents reads a money field; what cannot be read is nothing, and was refused when
// the delivery was decoded.
func cents(v plumbline.Value) int64 {
	n, err := money.Parse(v.Text(), currency)
	if err != nil {
		return 0
	}
	return n
}

func (f *fold) gatherMoney() {
	for _, b := range f.in.Invoices {
		for _, r := range b.Records {
			f.gatherInvoice(string(b.ID), r)
			if r.Kind == plumbline.Invoice {
				f.gatherDeletion(r, "invoice deleted", func(gone bool) { f.invoice(string(b.ID)).gone, f.dirty = gone, true })
			}
		}
	}
	for _, r := range f.in.Payments {
		f.gatherPayment(r)
	}
}

func (f *fold) invoice(id string) *invoice {
	if f.invoices[id] == nil {
		f.invoices[id] = &invoice{Invoice: money.Invoice{ID: id}}
	}
	return f.invoices[id]
}

func (f *fold) gatherInvoice(id string, r *plumbline.SourceRecord) {
	set := func(field, cause string, apply func(*invoice, plumbline.Value)) {
		f.field(r, field, cause, func(f *fold, v plumbline.Value, _ change) {
			apply(f.invoice(id), v)
			f.dirty = true
		})
	}
	set("number", "", func(i *invoice, v plumbline.Value) { i.number = v.Text() })
	set("amount", "invoice amount", func(i *invoice, v plumbline.Value) { i.Amount = cents(v) })
	set("due_at", "", func(i *invoice, v plumbline.Value) { i.Due = v.Time() })
	set("lines", "", func(i *invoice, v plumbline.Value) { i.lines = listOf[line](v) })
	set("job", "", func(i *invoice, v plumbline.Value) { i.shares = f.jobRefs(r, []string{v.Text()}) })
	set("jobs", "", func(i *invoice, v plumbline.Value) {
		if list := f.jobRefs(r, v.Texts()); len(list) > 0 {
			i.shares = list
		}
	})
	set("status", "invoice status", func(i *invoice, v plumbline.Value) {
		i.status = v.Text()
		i.Void, i.Uncollectible = i.status == "void", i.status == "uncollectible"
	})
	for _, m := range []struct {
		field, word string
		apply       func(*invoice, time.Time)
	}{
		{"issued_at", "invoice issued", func(i *invoice, at time.Time) { i.IssuedAt = at }},
		{"paid_at", "invoice paid", func(i *invoice, at time.Time) { i.paidAt = at }},
	} {
		for _, e := range f.episodes(nil, r, m.field) {
			at := e.at.UnixMilli()
			f.add(event{at: at, received: e.received, rank: rank(r.Connection), key: string(r.ID) + m.field, cause: r.Connection + ": " + m.word,
				apply: func(f *fold) { m.apply(f.invoice(id), e.at); f.dirty = true }})
			if e.taken != 0 {
				f.add(event{at: max(e.taken, at), received: e.takenRec, rank: rank(r.Connection), key: string(r.ID) + m.field + "taken",
					cause: r.Connection + ": not " + m.word, apply: func(f *fold) { m.apply(f.invoice(id), time.Time{}); f.dirty = true }})
			}
		}
	}
}

func (f *fold) jobRefs(r *plumbline.SourceRecord, ids []string) (list []plumbline.SourceID) {
	for _, id := range ids {
		switch {
		case id == "":
		case r.About != "":
			list = append(list, plumbline.SourceID(id))
		default:
			list = append(list, plumbline.NewSourceID(f.in.Location, r.Connection, plumbline.Job, id))
		}
	}
	return list
}

func (f *fold) gatherPayment(r *plumbline.SourceRecord) {
	id := string(r.ID)
	if r.About != "" {
		id = string(r.About)
	}
	get := func() *payment {
		if f.payments[id] == nil {
			f.payments[id] = &payment{money.Payment{ID: id, Job: string(f.in.ID), Status: money.Pending}}
		}
		return f.payments[id]
	}
	set := func(field, cause string, apply func(*payment, plumbline.Value)) {
		f.field(r, field, cause, func(f *fold, v plumbline.Value, _ change) { apply(get(), v); f.dirty = true })
	}
	set("amount", "payment", func(p *payment, v plumbline.Value) { p.Amount = cents(v) })
	set("tip", "", func(p *payment, v plumbline.Value) { p.Tip = cents(v) })
	set("method", "", func(p *payment, v plumbline.Value) { p.Method = v.Text() })
	set("invoice", "", func(p *payment, v plumbline.Value) {
		p.Invoice = string(plumbline.NewSourceID(f.in.Location, r.Connection, plumbline.Invoice, v.Text()))
	})
	set("at", "", func(p *payment, v plumbline.Value) { p.At = v.Time() })
	set("status", "payment status", func(p *payment, v plumbline.Value) { p.Status = money.Status(v.Text()) })
	if len(r.Readings) > 0 && r.Kind == plumbline.Payment {
		times := f.happened(r)
		for i, p := range r.Readings {
			f.add(event{at: times[i], received: p.Received, key: id + "gone", apply: func(f *fold) {
				if p.Deleted {
					delete(f.payments, id)
					f.dirty = true
				}
			}})
		}
	}
}

// ledger settles what is known of the job's invoices and payments.
func (f *fold) ledger() money.Ledger {
	var invoices []money.Invoice
	paidBy := map[string]bool{}
	var payments []money.Payment
	for _, id := range sorted(f.payments) {
		p := f.payments[id].Payment
		if p.Status == "" {
			continue
		}
		paidBy[p.Invoice] = true
		payments = append(payments, p)
	}
	for _, id := range sorted(f.invoices) {
		i := *f.invoices[id]
		if i.gone {
			continue
		}
		i.Issued = !i.IssuedAt.IsZero() || i.status == "paid"
		i.Jobs = f.shares(&i)
		invoices = append(invoices, i.Invoice)
		if i.status == "paid" && i.Amount > 0 && !paidBy[id] {
			payments = append(payments, money.Payment{ID: id + " as the tool says", Invoice: id, Amount: i.Amount,
				Status: money.Settled, At: i.paidAt, Method: "other"})
		}
	}
	l, err := money.Settle(invoices, payments)
	if err != nil {
		f.failed = fmt.Errorf("settle job %s: %w", f.in.ID, err)
	}
	return l
}

func (f *fold) shares(i *invoice) (shares []money.Share) {
	of := map[string]int64{}
	for _, l := range i.lines {
		if l.Job != "" {
			n, err := money.Parse(l.Amount, currency)
			if err == nil {
				of[l.Job] += n
			}
		}
	}
	for _, id := range i.shares {
		shares = append(shares, money.Share{Job: string(id), Lines: of[string(id)]})
	}
	if len(shares) == 0 {
		shares = []money.Share{{Job: string(f.in.ID)}}
	}
	return shares
}

// settle brings the job's money up to date.
func (f *fold) settle() {
	f.dirty = false
	l := f.ledger()
	b := l.Jobs[string(f.in.ID)]
	j := &f.job
	j.IssuedTotal, j.SettledBalance, j.Deposit = b.Issued, b.Balance, b.Unapplied
	j.Money = strings.ReplaceAll(string(cmp.Or(b.State, money.None)), " ", "_")
	j.InvoiceNumber, j.LineItems, j.Due, j.LastPaid = "", "", time.Time{}, time.Time{}
	anyIssued := false
	var items []string
	for _, id := range sorted(f.invoices) {
		i := f.invoices[id]
		ib, open := l.Invoices[id]
		if !open {
			continue
		}
		anyIssued = true
		j.InvoiceNumber = joinOnce(j.InvoiceNumber, i.number)
		for _, line := range i.lines {
			items = append(items, lineText(line))
		}
		if ib.Balance > 0 && !i.Due.IsZero() && (j.Due.IsZero() || i.Due.Before(j.Due)) {
			j.Due = i.Due
		}
		if ib.Disputed {
			j.Money = "disputed"
		}
	}
	j.LineItems = strings.Join(items, "\n")
	j.Billed = anyIssued && b.Issued >= j.Total
	var net int64
	for _, id := range sorted(f.payments) {
		p := f.payments[id]
		if p.Status == money.Settled {
			net += p.Amount
			if p.Amount > 0 && p.At.After(j.LastPaid) {
				j.LastPaid = p.At
			}
		}
	}
	if len(f.payments) == 0 {
		for _, i := range f.invoices {
			if i.status == "paid" && !i.gone && i.Amount > 0 && i.paidAt.After(j.LastPaid) {
				net, j.LastPaid = i.Amount, i.paidAt
			}
		}
	}
	if net <= 0 {
		j.LastPaid = time.Time{}
	}
	if j.Disputed {
		j.Money = "disputed"
	}
}

func joinOnce(have, more string) string {
	switch {
	case have == "" || more == "":
		return have + more
	case strings.Contains(", "+have+", ", ", "+more+", "):
		return have
	}
	return have + ", " + more
}

func lineText(l line) string {
	text := strings.TrimSpace(l.Quantity + " " + l.Name)
	if l.Quantity == "1" {
		text = l.Name
	}
	if l.Amount != "" {
		text += ": " + l.Amount
	}
	return text
}
