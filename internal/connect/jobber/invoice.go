package jobber

import (
	"fmt"
	"math/big"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// invoiceStatus has the vendor's enum InvoiceStatusTypeEnum. A draft is open, and not
// issued. Jobber voids no invoice: it deletes it.
var invoiceStatus = map[string]string{
	"draft": "open", "awaiting_payment": "open", "sent_not_due": "open", "past_due": "open",
	"paid": "paid", "bad_debt": "uncollectible",
}

// invoice reads an invoice. Its dates are days, told as the account's midnight.
func (r *reader) invoice(o object) {
	f := fields{}
	f.text("number", o, "invoiceNumber")
	f.ref("customer", o, "client")
	f.word("status", o, "invoiceStatus", invoiceStatus)
	f.instant("paid_at", o, "receivedDate")
	f.instant("due_at", o, "dueDate")
	f.issued(o)
	if a, ok := o.object("amounts"); ok {
		f.asked(a)
		f.money("balance", a, "invoiceBalance")
	}
	jobs, complete := o.ids("jobs")
	if complete {
		f.bills(jobs)
	}
	job := ""
	if complete && len(jobs) == 1 {
		job = jobs[0]
	}
	f.lines(o, job)
	r.add(plumbline.Invoice, o.id("id"), o, f)
}

// asked says what an invoice asks for. Payments are told with their tips, which the
// total is without: what was given on top counts as asked for.
func (f fields) asked(amounts object) {
	f.money("amount", amounts, "total")
	total, ok := amounts.number("total")
	if tips, tipped := amounts.number("tipsTotal"); ok && tipped {
		f["amount"] = connect.Value(money(new(big.Rat).Add(total, tips)))
	}
}

// issued says when an invoice was issued. A draft may bear a date on which it is to be.
func (f fields) issued(o object) {
	switch status, _ := o.text("invoiceStatus"); status {
	case "draft":
		f["issued_at"] = plumbline.Null
	case "": // not told, so that the date cannot be trusted
	default:
		f.instant("issued_at", o, "issuedDate")
	}
}

// bills says which job an invoice bills, or which ones.
func (f fields) bills(jobs []string) {
	switch len(jobs) {
	case 0:
		f["job"] = plumbline.Null
	case 1:
		f["job"] = connect.Value(jobs[0])
	default:
		f["jobs"] = connect.Value(jobs)
	}
}

// lines reads the lines, if the answer shows all. Jobber does not tell which job a line
// bills; it is known where there is one.
func (f fields) lines(o object, job string) {
	items, complete := o.connection("lineItems")
	out := make([]map[string]any, 0, len(items))
	for _, it := range items {
		m := map[string]any{}
		for _, key := range []string{"id", "name", "description"} {
			if s, ok := it.text(key); ok {
				m[key] = s
			}
		}
		if n, ok := it.number("quantity"); ok {
			m["quantity"] = quantity(n)
		}
		if n, ok := it.number("totalPrice"); ok {
			m["amount"] = money(n)
		}
		if job != "" {
			m["job"] = job
		}
		out = append(out, m)
	}
	if complete {
		f["lines"] = connect.Value(out)
	}
}

// transactionStatus has the vendor's enum JobberPaymentTransactionStatus. Money that was
// refunded had come: the refund is a payment of its own, with a negative amount.
var transactionStatus = map[string]string{
	"PENDING": "pending", "SUCCEEDED": "settled", "FAILED": "failed", "REFUNDED": "settled", "PARTIALLY_REFUNDED": "settled",
	"IN_DISPUTE": "disputed", "DISPUTED": "disputed",
}

// paymentMethod has those of the vendor's enum PaymentType that are not "other".
var paymentMethod = map[string]string{
	"CASH": "cash", "CHEQUE": "check", "CREDIT_CARD": "card", "JOBBER_PAYMENTS": "card",
	"ACH_BANK_PAYMENT": "ach", "BANK_TRANSFER": "ach", "CONSUMER_FINANCING": "financing",
}

// bankDebit is the type of a payment through Jobber that was drawn from a bank account.
const bankDebit = "JobberPaymentsACHPaymentRecord"

// payment reads a payment record. rawAmount bears the sign, amount does not.
func (r *reader) payment(o object) {
	f := fields{}
	f.ref("invoice", o, "invoice")
	f.ref("customer", o, "client")
	f.money("amount", o, "rawAmount")
	f.instant("at", o, "entryDate")
	f.method(o)
	f.paymentStatus(o)
	r.add(plumbline.Payment, o.id("id"), o, f)
}

func (f fields) method(o object) {
	word, ok := o.text("paymentType")
	method := paymentMethod[word]
	if typ, _ := o.text("__typename"); typ == bankDebit {
		method = "ach"
	}
	if ok && method == "" {
		method = "other"
	}
	f.set("method", o, "paymentType", method, ok)
}

// paymentStatus reads what became of a transaction through Jobber. Any other payment was
// written down by a person who has seen the money: it has no status, and is settled.
func (f fields) paymentStatus(o object) {
	word, ok := o.text("transactionStatus")
	switch {
	case ok && transactionStatus[word] == "":
		o.refuse("transactionStatus", fmt.Sprintf("expected a status that we know, got %q", word))
	case ok:
		f["status"] = connect.Value(transactionStatus[word])
	case o.has("__typename"):
		f["status"] = connect.Value("settled")
	}
}
