package jobber

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// lived is a world in which one job went all the way from a request, and a
// second one was started.
func lived(t *testing.T, w *world) (Job, Invoice) {
	t.Helper()
	who, c := w.rafael(), w.dana()
	must(t, w.UpdateClient(c.ID, func(c *Client) { c.LastName = "Whitlock-Ames" }))
	r, err := w.CreateRequest(Request{ClientID: c.ID, Title: "No cooling upstairs", Source: "website"})
	must(t, err)
	must(t, w.PlanAssessment(r.ID, w.plan(time.Hour, who)))
	must(t, w.CompleteAssessment(r.ID))
	q, err := w.CreateQuote(NewQuote{ClientID: c.ID, RequestID: r.ID, Title: "AC repair", Lines: repair, TaxPercent: 6})
	must(t, err)
	must(t, w.SendQuote(q.ID))
	must(t, w.ApproveQuote(q.ID))
	j, err := w.ConvertQuote(q.ID)
	must(t, err)
	visits, err := w.AddVisits(j.ID, w.plan(time.Hour, who))
	must(t, err)
	must(t, w.Schedule(visits[0].ID, w.plan(2*time.Hour)))
	w.tick()
	must(t, w.OnMyWay(visits[0].ID))
	w.tick()
	must(t, w.Complete(visits[0].ID, who))
	must(t, w.CloseJob(j.ID, KeepVisits))
	w.tick()
	i, err := w.CreateInvoice(NewInvoice{JobIDs: []string{j.ID}, TaxPercent: 6, NetDays: 14})
	must(t, err)
	must(t, w.SendInvoice(i.ID))
	p, err := w.Pay(i.ID, NewPayment{Amount: 41340, Type: jobberPayments})
	must(t, err)
	_, err = w.Refund(p.ID, 1000)
	must(t, err)
	_, err = w.Pay(i.ID, NewPayment{Amount: 500, Type: "CHEQUE", Details: "No. 17"})
	must(t, err)
	w.job(c.ID, 2, who)
	return j, i
}

func TestALifeSendsTheTopicsOfTheVendor(t *testing.T) {
	w := newWorld(t, nil)
	who, c := w.rafael(), w.dana()
	var (
		r      Request
		q      Quote
		j      Job
		v      Visit
		i      Invoice
		p      Payment
		cheque Payment
	)
	for _, s := range []struct {
		name string
		do   func() error
		want []string
	}{
		{"a user", func() error { return w.UpdateUser(who, func(u *User) { u.Phone = "2085550188" }) }, []string{"USER_UPDATE"}},
		{"a client", func() error { return w.UpdateClient(c.ID, func(c *Client) { c.IsArchived = false }) }, []string{"CLIENT_UPDATE"}},
		{"a place", func() error {
			return w.UpdateProperty(w.Properties()[0].ID, func(p *Property) { p.Name = "Home" })
		}, []string{"PROPERTY_UPDATE"}},
		{"a request", func() (err error) { r, err = w.CreateRequest(Request{ClientID: c.ID}); return err }, []string{"REQUEST_CREATE"}},
		{"its words", func() error { return w.UpdateRequest(r.ID, func(r *Request) { r.Title = "Noise" }) }, []string{"REQUEST_UPDATE"}},
		{"its assessment", func() error { return w.PlanAssessment(r.ID, w.plan(time.Hour, who)) }, []string{"REQUEST_UPDATE"}},
		{"a quote", func() (err error) {
			q, err = w.CreateQuote(NewQuote{ClientID: c.ID, RequestID: r.ID, Lines: repair})
			return err
		}, []string{"QUOTE_CREATE", "REQUEST_UPDATE"}},
		{"sent", func() error { return w.SendQuote(q.ID) }, []string{"QUOTE_SENT", "QUOTE_UPDATE"}},
		{"changes", func() error { return w.RequestChanges(q.ID) }, []string{"QUOTE_UPDATE"}},
		{"new lines", func() error { return w.SetQuoteLines(q.ID, repair) }, []string{"QUOTE_UPDATE"}},
		{"approved", func() error { return w.ApproveQuote(q.ID) }, []string{"QUOTE_APPROVED", "QUOTE_UPDATE"}},
		{"converted", func() (err error) { j, err = w.ConvertQuote(q.ID); return err }, []string{"JOB_CREATE", "QUOTE_UPDATE"}},
		{"a visit", func() error {
			made, err := w.AddVisits(j.ID, Plan{})
			v = made[0]
			return err
		}, []string{"VISIT_CREATE", "JOB_UPDATE"}},
		{"scheduled", func() error { return w.Schedule(v.ID, w.plan(time.Hour)) }, []string{"VISIT_UPDATE", "JOB_UPDATE"}},
		{"assigned", func() error { return w.Assign(v.ID, who) }, []string{"VISIT_UPDATE", "JOB_UPDATE"}},
		{"confirmed", func() error { return w.UpdateVisit(v.ID, func(v *Visit) { v.Confirmed = true }) }, []string{"VISIT_UPDATE", "JOB_UPDATE"}},
		{"on the way", func() error { return w.OnMyWay(v.ID) }, []string{"ON_MY_WAY_TRACKING_LINK_REQUEST"}},
		{"complete", func() error { return w.Complete(v.ID, who) }, []string{"VISIT_COMPLETE", "VISIT_UPDATE", "JOB_UPDATE"}},
		{"not complete", func() error { return w.Uncomplete(v.ID) }, []string{"VISIT_UPDATE", "JOB_UPDATE"}},
		{"closed", func() error { return w.CloseJob(j.ID, CompleteVisits) }, []string{"VISIT_COMPLETE", "VISIT_UPDATE", "JOB_CLOSED", "JOB_UPDATE"}},
		{"reopened", func() error { return w.ReopenJob(j.ID) }, []string{"JOB_UPDATE"}},
		{"a second visit", func() error { _, err := w.AddVisits(j.ID, w.plan(time.Hour)); return err }, []string{"VISIT_CREATE", "JOB_UPDATE"}},
		{"closed for good", func() error { return w.CloseJob(j.ID, DeleteVisits) }, []string{"VISIT_DESTROY", "JOB_CLOSED", "JOB_UPDATE"}},
		{"an invoice", func() (err error) { i, err = w.CreateInvoice(NewInvoice{JobIDs: []string{j.ID}}); return err }, []string{"INVOICE_CREATE"}},
		{"sent", func() error { return w.SendInvoice(i.ID) }, []string{"INVOICE_UPDATE"}},
		{"a bank debit", func() (err error) {
			p, err = w.Pay(i.ID, NewPayment{Amount: 30000, Type: jobberPayments, ACH: true})
			return err
		}, []string{"PAYMENT_CREATE", "INVOICE_UPDATE"}},
		{"settled", func() error { return w.Settle(p.ID) }, []string{"INVOICE_UPDATE", "PAYMENT_UPDATE"}},
		{"refunded", func() error { _, err := w.Refund(p.ID, 1000); return err }, []string{"PAYMENT_CREATE", "INVOICE_UPDATE", "PAYMENT_UPDATE"}},
		{"a cheque", func() (err error) { cheque, err = w.Pay(i.ID, NewPayment{Amount: 1000, Type: "CHEQUE"}); return err }, []string{"PAYMENT_CREATE", "INVOICE_UPDATE"}},
		{"that is deleted", func() error { return w.DeletePayment(cheque.ID) }, []string{"PAYMENT_DESTROY", "INVOICE_UPDATE"}},
		{"written off", func() error { return w.MarkBadDebt(i.ID) }, []string{"INVOICE_UPDATE"}},
		{"the visit gone", func() error { return w.DeleteVisit(v.ID) }, []string{"VISIT_DESTROY", "JOB_UPDATE"}},
		{"the job gone", func() error { return w.DeleteJob(j.ID) }, []string{"JOB_DESTROY"}},
		{"the client gone", func() error { return w.DeleteClient(c.ID) }, []string{"PAYMENT_DESTROY", "PAYMENT_DESTROY", "INVOICE_DESTROY", "QUOTE_DESTROY", "REQUEST_DESTROY", "PROPERTY_DESTROY", "CLIENT_DESTROY"}},
	} {
		from := len(w.Webhooks())
		w.tick()
		if err := s.do(); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if got := w.sent(from); !slices.Equal(got, s.want) {
			t.Errorf("%s sent %v, want %v", s.name, got, s.want)
		}
	}
}

func TestARecurringSeriesAnnouncesItsFirstVisitOnly(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dana()
	from := len(w.Webhooks())
	j, err := w.CreateJob(NewJob{ClientID: c.ID, Title: "Filter change", Recurring: true, Plans: []Plan{w.plan(time.Hour), w.plan(720 * time.Hour), w.plan(1440 * time.Hour)}})
	must(t, err)
	if got, want := w.sent(from), []string{"JOB_CREATE", "VISIT_CREATE", "JOB_UPDATE"}; !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	if n := w.ask(`query($id: EncodedId!) { job(id: $id) { jobType visits { totalCount } } }`, map[string]any{"id": j.ID}, "job", "visits", "totalCount"); n != 3.0 {
		t.Errorf("the job has %v visits, want 3", n)
	}
}

func TestAVisitsChangeBumpsItsJobOrNot(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		w := newWorld(t, func(o *Options) { o.QuietVisits = quiet })
		j, visits := w.job(w.dana().ID, 1)
		before := w.Jobs()[0].Updated
		from := len(w.Webhooks())
		w.tick()
		must(t, w.Schedule(visits[0].ID, w.plan(5*time.Hour)))
		if bumped := w.Jobs()[0].Updated.After(before); bumped == quiet {
			t.Errorf("quiet %v: the job is bumped %v", quiet, bumped)
		}
		if got := slices.Contains(w.sent(from), "JOB_UPDATE"); got == quiet {
			t.Errorf("quiet %v: JOB_UPDATE of %s was sent %v", quiet, j.ID, got)
		}
	}
}

// status is what the API says of a row now.
func (w *world) word(field, id, status string) any {
	w.t.Helper()
	return w.ask(fmt.Sprintf(`query($id: EncodedId!) { %s(id: $id) { %s } }`, field, status), map[string]any{"id": id}, field, status)
}

func TestJobAndVisitStatusesFollowTheClock(t *testing.T) {
	w := newWorld(t, nil) // 07:00 in Boise
	j, err := w.CreateJob(NewJob{ClientID: w.dana().ID, Title: "AC repair", Lines: repair})
	must(t, err)
	is := func(name, job, visit string, id string) {
		t.Helper()
		if got := w.word("job", j.ID, "jobStatus"); got != job {
			t.Errorf("%s: the job is %v, want %s", name, got, job)
		}
		if id == "" {
			return
		}
		if got := w.word("visit", id, "visitStatus"); got != visit {
			t.Errorf("%s: the visit is %v, want %s", name, got, visit)
		}
	}
	is("without visits", "action_required", "", "")
	visits, err := w.AddVisits(j.ID, Plan{})
	must(t, err)
	v := visits[0].ID
	is("without a date", "unscheduled", "UNSCHEDULED", v)
	must(t, w.Schedule(v, w.plan(26*time.Hour)))
	is("tomorrow", "upcoming", "UPCOMING", v)
	w.wait(24 * time.Hour)
	is("on the day", "today", "TODAY", v)
	w.wait(3 * time.Hour)
	is("while it lasts", "today", "ACTIVE", v)
	w.wait(2 * time.Hour)
	is("after its end", "late", "LATE", v)
	must(t, w.Complete(v, ""))
	is("complete", "action_required", "COMPLETED", v)
	must(t, w.Uncomplete(v))
	is("taken back", "late", "LATE", v)
	must(t, w.CloseJob(j.ID, KeepVisits))
	is("closed with an incomplete visit", "requires_invoicing", "LATE", v)
	_, err = w.CreateInvoice(NewInvoice{JobIDs: []string{j.ID}})
	must(t, err)
	is("invoiced", "archived", "LATE", v)
	if got, err := w.JobStatus(j.ID); err != nil || got != "archived" {
		t.Errorf("JobStatus is %s %v", got, err)
	}
	must(t, w.ReopenJob(j.ID))
	is("reopened", "late", "LATE", v)
	for word, want := range map[string]int{"active": 1, "late": 1, "archived": 0, "on_hold": 0} {
		if got := w.ids(`{ jobs(filter: {status: `+word+`}) { nodes { id } } }`, "jobs"); len(got) != want {
			t.Errorf("the filter %s finds %v, want %d", word, got, want)
		}
	}
	rec, err := w.CreateJob(NewJob{ClientID: j.ClientID, Recurring: true, Plans: []Plan{w.plan(48 * time.Hour)}})
	must(t, err)
	if got := w.word("job", rec.ID, "jobStatus"); got != "expiring_within_30_days" {
		t.Errorf("a contract near its end is %v", got)
	}
}

func TestTimesThatAreNotThereAreNull(t *testing.T) {
	w := newWorld(t, nil)
	j, err := w.CreateJob(NewJob{ClientID: w.dana().ID, Plans: []Plan{{}}})
	must(t, err)
	got := w.ask(`query($id: EncodedId!) { job(id: $id) { startAt endAt completedAt visits { nodes { startAt endAt duration completedAt } } } }`, map[string]any{"id": j.ID}, "job")
	v := at(got, "visits", "nodes").([]any)[0].(map[string]any)
	for k, x := range v {
		if x != nil {
			t.Errorf("the unscheduled visit's %s is %v, want null", k, x)
		}
	}
	must(t, w.Schedule(w.Visits()[0].ID, w.plan(0)))
	got = w.ask(`query($id: EncodedId!) { job(id: $id) { startAt endAt } }`, map[string]any{"id": j.ID}, "job")
	if at(got, "startAt") != "2026-05-04T06:00:00Z" || at(got, "endAt") != "2026-05-05T05:59:59Z" {
		t.Errorf("the job spans %v, want the account's day", got)
	}
}

func TestRequestStatusesFollowTheAssessment(t *testing.T) {
	w := newWorld(t, nil)
	r, err := w.CreateRequest(Request{ClientID: w.dana().ID})
	must(t, err)
	for _, s := range []struct {
		do   func() error
		want string
	}{
		{func() error { return nil }, "new"},
		{func() error { return w.PlanAssessment(r.ID, Plan{}) }, "unscheduled"},
		{func() error { return w.PlanAssessment(r.ID, w.plan(30*time.Hour)) }, "upcoming"},
		{func() error { return w.PlanAssessment(r.ID, w.plan(time.Hour)) }, "today"},
		{func() error { w.wait(4 * time.Hour); return nil }, "overdue"},
		{func() error { return w.CompleteAssessment(r.ID) }, "assessment_completed"},
		{func() error { _, err := w.CreateJob(NewJob{ClientID: r.ClientID, RequestID: r.ID}); return err }, "converted"},
	} {
		must(t, s.do())
		if got := w.word("request", r.ID, "requestStatus"); got != s.want {
			t.Errorf("the request is %v, want %s", got, s.want)
		}
	}
	other, err := w.CreateRequest(Request{ClientID: r.ClientID})
	must(t, err)
	must(t, w.ArchiveRequest(other.ID))
	must(t, w.DeleteRequest(other.ID))
	if w.ArchiveRequest(r.ID) == nil {
		t.Error("a converted request was archived")
	}
}

func TestAnInvoiceBillsSeveralJobsAndOnlyWhatIsLeft(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dana()
	a, _ := w.job(c.ID, 1)
	b, _ := w.job(c.ID, 1)
	i, err := w.CreateInvoice(NewInvoice{JobIDs: []string{a.ID, b.ID}, TaxPercent: 6})
	must(t, err)
	got := w.ask(`query($id: EncodedId!) { invoice(id: $id) { jobs { nodes { id uninvoicedTotal invoicedTotal } } amounts { subtotal taxAmount total invoiceBalance } lineItems { totalCount } } }`, map[string]any{"id": i.ID}, "invoice")
	want := decoded(t, fmt.Appendf(nil, `{"jobs":{"nodes":[{"id":%q,"uninvoicedTotal":0,"invoicedTotal":390},{"id":%q,"uninvoicedTotal":0,"invoicedTotal":390}]},
		"amounts":{"subtotal":780,"taxAmount":46.8,"total":826.8,"invoiceBalance":826.8},"lineItems":{"totalCount":2}}`, a.ID, b.ID))
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("answered %v, want %v", got, want)
	}
	must(t, w.SetLines(a.ID, append(slices.Clone(repair), Line{Name: "Filter", UnitPrice: 2550})))
	rest, err := w.CreateInvoice(NewInvoice{JobIDs: []string{a.ID}})
	must(t, err)
	if rest.Total != 2550 {
		t.Errorf("the second invoice is over %d cents, want 2550", rest.Total)
	}
	other, _ := w.job(w.dana().ID, 0)
	for _, ids := range [][]string{nil, {a.ID, other.ID}, {a.ID, a.ID}, {"nobody"}} {
		if _, err := w.CreateInvoice(NewInvoice{JobIDs: ids}); err == nil {
			t.Errorf("an invoice of %v was made", ids)
		}
	}
}

func TestInvoiceStatusesFollowMoneyAndTheClock(t *testing.T) {
	w := newWorld(t, nil)
	j, _ := w.job(w.dana().ID, 0)
	i, err := w.CreateInvoice(NewInvoice{JobIDs: []string{j.ID}, NetDays: 7})
	must(t, err)
	var p Payment
	for _, s := range []struct {
		do   func() error
		want string
	}{
		{func() error { return nil }, "draft"},
		{func() error { return w.SendInvoice(i.ID) }, "sent_not_due"},
		{func() error { w.wait(7 * 24 * time.Hour); return nil }, "awaiting_payment"},
		{func() error { w.wait(24 * time.Hour); return nil }, "past_due"},
		{func() error {
			p, err = w.Pay(i.ID, NewPayment{Amount: 39000, Type: jobberPayments, ACH: true})
			return err
		}, "past_due"},
		{func() error { return w.Settle(p.ID) }, "paid"},
		{func() error { return w.Fail(p.ID) }, "past_due"},
		{func() error { p, err = w.Pay(i.ID, NewPayment{Amount: 39000, Tip: 500}); return err }, "paid"},
		{func() error { _, err := w.Refund(p.ID, 39500); return err }, "past_due"},
		{func() error { return w.MarkBadDebt(i.ID) }, "bad_debt"},
	} {
		must(t, s.do())
		if got := w.word("invoice", i.ID, "invoiceStatus"); got != s.want {
			t.Errorf("the invoice is %v, want %s", got, s.want)
		}
	}
	if got, err := w.InvoiceStatus(i.ID); err != nil || got != "bad_debt" {
		t.Errorf("InvoiceStatus is %s %v", got, err)
	}
	if _, err := w.Pay(i.ID, NewPayment{Amount: 1}); err == nil {
		t.Error("bad debt was paid")
	}
	if err := w.DeleteInvoice(i.ID); err != nil && i.Paid != 0 {
		t.Error(err)
	}
}

func TestARefundIsARecordWithANegativeRawAmount(t *testing.T) {
	w := newWorld(t, nil)
	j, _ := w.job(w.dana().ID, 0)
	i, err := w.CreateInvoice(NewInvoice{JobIDs: []string{j.ID}})
	must(t, err)
	p, err := w.Pay(i.ID, NewPayment{Amount: 39000, Type: jobberPayments})
	must(t, err)
	r, err := w.Refund(p.ID, 9050)
	must(t, err)
	const q = `query($id: EncodedId!) { paymentRecord(id: $id) { __typename amount rawAmount ... on JobberPaymentsCreditCardPaymentRecord { transactionStatus } ... on JobberPaymentsRefundPaymentRecord { transactionStatus } } }`
	for id, want := range map[string]string{
		p.ID: `{"__typename":"JobberPaymentsCreditCardPaymentRecord","amount":390,"rawAmount":390,"transactionStatus":"PARTIALLY_REFUNDED"}`,
		r.ID: `{"__typename":"JobberPaymentsRefundPaymentRecord","amount":90.5,"rawAmount":-90.5,"transactionStatus":"SUCCEEDED"}`,
	} {
		if got := w.ask(q, map[string]any{"id": id}, "paymentRecord"); fmt.Sprint(got) != fmt.Sprint(any(decoded(t, []byte(want)))) {
			t.Errorf("the record is %v, want %s", got, want)
		}
	}
	_, err = w.Refund(p.ID, 29950)
	must(t, err)
	if got := w.ask(q, map[string]any{"id": p.ID}, "paymentRecord", "transactionStatus"); got != "REFUNDED" {
		t.Errorf("all refunded, it is %v", got)
	}
	for _, err := range []error{w.Settle(p.ID), w.Fail(p.ID), w.DeletePayment(p.ID), w.DeleteInvoice("nobody")} {
		if err == nil {
			t.Error("a payment that is refunded was moved")
		}
	}
}

func TestMoneyIsANumberWithAPoint(t *testing.T) {
	for cents, want := range map[decimal]string{0: "0.0", 39000: "390.0", 41250: "412.5", -105: "-1.05"} {
		if got := string(mustJSON(cents)); got != want {
			t.Errorf("%d cents are %s, want %s", int64(cents), got, want)
		}
	}
}

func TestPlacesAndNumbers(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dana()
	w.job(c.ID, 0)
	if w.DeleteProperty(w.Properties()[0].ID) == nil {
		t.Error("a property with a job was deleted")
	}
	p, err := w.CreateProperty(Property{ClientID: c.ID, Address: Address{Street1: "2 B St"}})
	must(t, err)
	must(t, w.DeleteProperty(p.ID))
	got := w.ask(`query($id: EncodedId!) { client(id: $id) { phones { number normalizedPhoneNumber primary } clientProperties { totalCount } balance } }`, map[string]any{"id": c.ID}, "client")
	if phone := at(got, "phones").([]any)[0]; at(phone, "normalizedPhoneNumber") != "+12085550142" || at(phone, "primary") != true {
		t.Errorf("the phone is %v", phone)
	}
	if n := at(got, "clientProperties", "totalCount"); n != 1.0 {
		t.Errorf("the client has %v properties, want 1", n)
	}
	if _, err := w.CreateJob(NewJob{ClientID: c.ID, Plans: []Plan{{Start: w.now}}}); err == nil {
		t.Error("a visit without an end was planned")
	}
	if err := w.Assign("nobody"); err == nil {
		t.Error("a visit that does not exist was assigned")
	}
}

func TestAQuoteThatComesToNothing(t *testing.T) {
	w := newWorld(t, nil)
	q, err := w.CreateQuote(NewQuote{ClientID: w.dana().ID, Lines: repair, TaxPercent: 6})
	must(t, err)
	if got := w.ask(`query($id: EncodedId!) { quote(id: $id) { amounts { total } } }`, map[string]any{"id": q.ID}, "quote", "amounts", "total"); got != 413.4 {
		t.Errorf("the quote is over %v, want 413.4", got)
	}
	must(t, w.ArchiveQuote(q.ID))
	for name, err := range map[string]error{"sent": w.SendQuote(q.ID), "approved": w.ApproveQuote(q.ID), "priced": w.SetQuoteLines(q.ID, nil)} {
		if err == nil {
			t.Errorf("an archived quote was %s", name)
		}
	}
	if _, err := w.ConvertQuote(q.ID); err == nil {
		t.Error("an archived quote was converted")
	}
	must(t, w.DeleteQuote(q.ID))
	if got := w.Quotes(); len(got) != 1 || got[0].Status != archived || got[0].Deleted.IsZero() {
		t.Errorf("the quotes are %+v, want a deleted one that is archived", got)
	}
}

func TestASkewedClockWritesWrongTimesForEver(t *testing.T) {
	w := newWorld(t, nil)
	w.Skew(time.Hour)
	c := w.dana()
	w.Skew(0)
	if want := monday.Add(time.Hour); !c.Updated.Equal(want) || w.word("client", c.ID, "updatedAt") != want.Format(time.RFC3339) {
		t.Errorf("the client was made at %v, want %v", c.Updated, want)
	}
}

func TestWhoReadsGetsCopies(t *testing.T) {
	w := newWorld(t, nil)
	lived(t, w)
	w.Clients()[0].Emails[0].Address = "x"
	w.Jobs()[0].Lines[0].Name = "x"
	w.Visits()[0].Users[0] = "x"
	w.Requests()[0].Assessment.Users[0] = "x"
	w.Invoices()[0].Bills[0].Lines[0].Name = "x"
	if w.Clients()[0].Emails[0].Address == "x" || w.Jobs()[0].Lines[0].Name == "x" || w.Visits()[0].Users[0] == "x" ||
		w.Requests()[0].Assessment.Users[0] == "x" || w.Invoices()[0].Bills[0].Lines[0].Name == "x" {
		t.Error("a reader changed the rows")
	}
	if len(w.Payments()) != 3 || len(w.Users()) != 1 {
		t.Errorf("there are %d payments and %d users, want 3 and 1", len(w.Payments()), len(w.Users()))
	}
}
