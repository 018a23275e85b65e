package housecallpro

import (
	"fmt"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

var invoiceStatus = map[string]string{
	"open": "open", "pending payment": "pending", "pending": "pending", "paid": "paid",
	"voided": "void", "void": "void", "canceled": "void", "uncollectible": "uncollectible",
}

var paymentStatus = map[string]string{
	"succeeded": "settled", "success": "settled", "paid": "settled", "completed": "settled", "settled": "settled",
	"pending": "pending", "processing": "pending",
	"failed": "failed", "declined": "failed", "canceled": "failed", "voided": "failed",
	"returned": "returned", "disputed": "disputed", "chargeback": "disputed",
}

// paymentMethod has the vendor's filter words and those seen in captures; the member
// is free text, so other words are "other".
var paymentMethod = map[string]string{
	"cash": "cash", "check": "check", "mobile check deposit": "check",
	"card": "card", "credit card": "card", "debit card": "card", "ach": "ach",
	"consumer financing": "financing", "financing": "financing",
}

// invoice reads an invoice and its payments. Neither has a modification time.
func (r *reader) invoice(o object) {
	id, at := o.id("id"), r.at(o)
	job, _ := o.text("job_id")
	f := make(fields, 12)
	f.text("number", o, "invoice_number")
	f.null("job", o, "job_id")
	f.ref("job", job)
	f.cents("amount", o, "amount")
	f.cents("balance", o, "due_amount")
	f.instant("paid_at", o, "paid_at")
	f.instant("due_at", o, "due_at")
	status := f.word("status", o, "status", invoiceStatus)
	f.issued(o, status)
	f.lines(o, job)
	r.add(plumbline.Invoice, id, at, o, false, f)
	payments, _ := o.objects("payments")
	for i, p := range payments {
		r.payment(p, i, id, job, at)
	}
}

// word reads one of the words that we know; another one is an error, since a guess
// about money is worse than a question.
func (f fields) word(name string, o object, key string, known map[string]string) string {
	s, ok := o.text(key)
	word := known[normal(s)]
	if ok && word == "" {
		o.refuse(key, fmt.Sprintf("expected a word that we know, got %q", s))
	}
	f.set(name, o, key, word, ok)
	return word
}

// issued says when an invoice was issued: when it was sent or paid, whichever was
// first. One that costs nothing is paid at once, without a time.
func (f fields) issued(o object, status string) {
	f.null("issued_at", o, "sent_at")
	var first time.Time
	for _, key := range []string{"sent_at", "paid_at"} {
		if at, ok := o.instant(key); ok && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	if first.IsZero() && status == "paid" {
		first, _ = o.instant("invoice_date")
	}
	if !first.IsZero() {
		f["issued_at"] = connect.Value(first)
	}
}

func (f fields) lines(o object, job string) {
	items, ok := o.objects("items")
	out := make([]map[string]any, 0, len(items))
	for _, it := range items {
		m := map[string]any{}
		for _, t := range []struct{ name, key string }{{"id", "id"}, {"name", "name"}, {"description", "description"}, {"kind", "type"}} {
			if s, ok := it.text(t.key); ok {
				m[t.name] = s
			}
		}
		if n, ok := it.whole("qty_in_hundredths"); ok {
			m["quantity"] = hundredths(n)
		}
		if n, ok := it.whole("amount"); ok {
			m["amount"] = connect.Cents(n)
		}
		if job != "" {
			m["job"] = job
		}
		out = append(out, m)
	}
	f.set("lines", o, "items", out, ok)
}

// payment reads a payment; a refund is one with a negative amount. A payment without
// an id is named by its place in the invoice.
func (r *reader) payment(o object, i int, invoice, job string, at time.Time) {
	id, ok := o.text("id")
	if !ok || id == "" {
		id = fmt.Sprintf("%s/%d", invoice, i)
	}
	f := fields{}
	f.ref("invoice", invoice)
	f.ref("job", job)
	if n, ok := o.whole("amount"); ok {
		if category, _ := o.text("category"); normal(category) == "refund" && n > 0 {
			n = -n
		}
		f["amount"] = connect.Value(connect.Cents(n))
	} else {
		f.null("amount", o, "amount")
	}
	f.word("status", o, "status", paymentStatus)
	if s, ok := o.text("payment_method"); ok {
		method, known := paymentMethod[normal(s)]
		if !known {
			method = "other"
		}
		f["method"] = connect.Value(method)
	} else {
		f.null("method", o, "payment_method")
	}
	f.instant("at", o, "paid_at")
	r.add(plumbline.Payment, id, at, object{}, false, f)
}
