package housecallpro

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestALifeSendsTheEventsOfTheVendor(t *testing.T) {
	w := newWorld(t, nil)
	who, j := w.rafael(), w.job()
	var invoice Invoice
	var payment Payment
	for _, c := range []struct {
		name string
		do   func() error
		want []string
	}{
		{"scheduling", func() error { return w.ScheduleJob(j.ID, w.plan(time.Hour, who)) }, []string{"job.appointment.scheduled", "job.appointment.appointment_pros_assigned", "job.scheduled", "job.updated"}},
		{"moving", func() error { return w.ScheduleJob(j.ID, w.plan(2*time.Hour)) }, []string{"job.appointment.rescheduled", "job.updated"}},
		{"a second trip", func() error { _, err := w.AddAppointment(j.ID, w.plan(30*time.Hour)); return err }, []string{"job.appointment.scheduled", "job.appointment.appointment_pros_assigned", "job.updated"}},
		{"nobody goes to the second", func() error { return w.Assign(j.ID, w.read(j.ID).Appointments[1].ID) }, []string{"job.appointment.appointment_pros_unassigned", "job.updated"}},
		{"the second trip is discarded", func() error { return w.DiscardAppointment(j.ID, w.read(j.ID).Appointments[1].ID) }, []string{"job.appointment.appointment_discarded", "job.updated"}},
		{"on the way", func() error { return w.OnMyWay(j.ID) }, []string{"job.on_my_way", "job.updated"}},
		{"start", func() error { return w.Start(j.ID) }, []string{"job.started", "job.updated"}},
		{"price", func() error { return w.SetTotal(j.ID, 10000) }, []string{"job.updated"}},
		{"finish", func() error { return w.Complete(j.ID) }, []string{"job.completed", "job.updated"}},
		{"take the finish back", func() error { return w.Uncomplete(j.ID) }, []string{"job.updated"}},
		{"finish again", func() error { return w.Complete(j.ID) }, []string{"job.completed", "job.updated"}},
		{"rating", func() error { return w.Rate(j.ID) }, []string{"job.updated"}},
		{"invoice", func() (err error) { invoice, err = w.CreateInvoice(j.ID); return err }, []string{"invoice.created", "job.updated"}},
		{"send it", func() error { return w.SendInvoice(invoice.ID) }, []string{"invoice.sent"}},
		{"a new price", func() error { return w.SetTotal(j.ID, 12000) }, []string{"invoice.amount_updated", "job.updated"}},
		{"a card that says no", func() error { _, err := w.Pay(invoice.ID, NewPayment{Amount: 12000, Declined: true}); return err }, []string{"invoice.payment.failed"}},
		{"a part", func() error { _, err := w.Pay(invoice.ID, NewPayment{Amount: 2000}); return err }, []string{"invoice.payment.succeeded", "job.updated"}},
		{"the rest by ACH", func() (err error) {
			payment, err = w.Pay(invoice.ID, NewPayment{Amount: 10000, Method: "ach", Pending: true})
			return err
		}, nil},
		{"the money comes", func() error { return w.Settle(payment.ID) }, []string{"invoice.payment.succeeded", "invoice.paid", "job.paid", "job.updated"}},
		{"the bank takes it back", func() error { return w.ReturnPayment(payment.ID) }, []string{"invoice.payment.failed", "job.updated"}},
		{"cash with a tip", func() (err error) {
			payment, err = w.Pay(invoice.ID, NewPayment{Amount: 10000, Tip: 500, Method: "external"})
			return err
		}, []string{"invoice.amount_updated", "invoice.payment.succeeded", "invoice.paid", "job.paid", "job.updated"}},
		{"a refund", func() error { _, err := w.Refund(payment.ID, 300); return err }, []string{"invoice.refund.succeeded"}},
		{"customer gone", func() error { return w.DeleteCustomer(j.CustomerID) }, []string{"customer.deleted"}},
		{"job gone", func() error { return w.Delete(j.ID) }, []string{"job.deleted"}},
	} {
		from := len(w.Webhooks())
		w.tick()
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := w.sent(from); !slices.Equal(got, c.want) {
			t.Errorf("%s sent %v, want %v", c.name, got, c.want)
		}
	}
}

func TestEstimatesAndLeadsSendTheirEvents(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dana()
	from := len(w.Webhooks())
	e, err := w.CreateEstimate(c.ID, "", NewOption{Name: "Repair"}, NewOption{Name: "Replace", Lines: []Line{{Name: "Unit", UnitPrice: 5000}}})
	must(t, err)
	must(t, w.ScheduleEstimate(e.ID, w.plan(0)))
	must(t, w.EstimateOnMyWay(e.ID))
	must(t, w.CompleteEstimate(e.ID))
	must(t, w.SendEstimate(e.ID))
	must(t, w.DeclineOption(e.ID, e.Options[0].ID, true))
	must(t, w.ApproveOption(e.ID, e.Options[1].ID, false))
	j, err := w.CopyToJob(e.ID, e.Options[1].ID)
	must(t, err)
	l, err := w.CreateLead(NewLead{CustomerID: c.ID, Source: "Website"})
	must(t, err)
	must(t, w.SetLeadStatus(l.ID, "lost"))
	must(t, w.DeleteLead(l.ID))
	got := slices.DeleteFunc(w.sent(from), func(e string) bool { return e == "estimate.updated" })
	want := []string{
		"estimate.created", "estimate.option.created", "estimate.option.created", "estimate.scheduled", "estimate.on_my_way",
		"estimate.completed", "estimate.sent", "estimate.option.approval_status_changed", "estimate.option.approval_status_changed",
		"job.created", "estimate.copy_to_job", "lead.created", "lead.updated", "lead.deleted",
	}
	if !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	if j.Estimate != e.ID || j.Total != 5000 {
		t.Errorf("the job is of estimate %s over %d, want %s over 5000", j.Estimate, j.Total, e.ID)
	}
	if o := w.Estimates()[0].Options; o[0].Approval != "pro declined" || o[1].Approval != "approved" || o[1].Status != "created job from estimate" {
		t.Errorf("options are %+v", o)
	}
}

func TestADeliveryIsSignedOverTimestampDotBody(t *testing.T) {
	w := newWorld(t, nil)
	w.dana()
	w.run(time.Minute)
	if len(w.got) != 1 {
		t.Fatalf("received %d webhooks, want 1", len(w.got))
	}
	g := w.got[0]
	m := hmac.New(sha256.New, []byte("whsec"))
	fmt.Fprintf(m, "%s.%s", g.header.Get("Api-Timestamp"), g.body)
	if got, want := g.header.Get("Api-Signature"), hex.EncodeToString(m.Sum(nil)); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	if got, want := g.header.Get("Api-Timestamp"), fmt.Sprint(g.at.Unix()); got != want {
		t.Errorf("timestamp %s, want %s", got, want)
	}
	if got := decoded(t, g.body); got["company_id"] != companyID || got["event_occurred_at"] != "2026-05-04T13:00:01Z" {
		t.Errorf("envelope %v", got)
	}
}

func TestAnAppointmentsEventHasNoJob(t *testing.T) {
	w, j, _, _ := lived(t)
	b := w.body("job.appointment.rescheduled")
	if b["job"] != nil || b["appointment"].(map[string]any)["job_id"] != j.ID {
		t.Errorf("got %v, want an appointment of %s and no job", b, j.ID)
	}
}

func TestRegisteringSendsAnUnsignedPing(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.WebhookURL = "" })
	w.dana()
	w.status = 201
	if err := w.RegisterWebhook(t.Context(), "https://hooks.example.com/hcp"); err == nil || w.WebhookOn() {
		t.Errorf("a ping answered with 201 gave %v, on = %v; want an error and off", err, w.WebhookOn())
	}
	w.status = 200
	must(t, w.RegisterWebhook(t.Context(), "https://hooks.example.com/hcp"))
	g := w.got[1]
	if string(g.body) != `{"foo":"bar"}` || g.header.Get("Api-Signature") != "" || g.header.Get("Api-Timestamp") != "" {
		t.Errorf("pinged %q with %v, want the unsigned test body", g.body, g.header)
	}
	w.run(time.Hour)
	if len(w.got) != 2 || !w.Webhooks()[0].Lost {
		t.Error("what happened before registering was told")
	}
}

func TestARefusedDeliveryIsTriedAgainWithAFreshSignature(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(*world)
	}{
		{"401", func(w *world) { w.status = http.StatusUnauthorized }},
		{"500", func(w *world) { w.status = 500 }},
		{"nobody answers", func(w *world) { w.net.Down("hooks.example.com", w.now, w.now.Add(7*time.Minute)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil)
			c.fail(w)
			w.dana()
			w.run(7 * time.Minute)
			w.status = 200
			w.run(time.Hour)
			h := w.Webhooks()[0]
			var at []time.Duration
			for _, try := range h.Tries {
				at = append(at, try.At.Sub(monday))
			}
			if want := []time.Duration{time.Second, 61 * time.Second, 361 * time.Second, 2161 * time.Second}; !slices.Equal(at, want) {
				t.Errorf("tried after %v, want %v", at, want)
			}
			if !h.Delivered || h.Pending {
				t.Errorf("webhook is %+v, want delivered", h)
			}
			if n := len(w.got); n > 1 && (!bytes.Equal(w.got[0].body, w.got[n-1].body) || w.got[0].header.Get("Api-Signature") == w.got[n-1].header.Get("Api-Signature")) {
				t.Error("want the same body under a new signature")
			}
		})
	}
}

func TestAfterItsLastTryAWebhookIsGivenUp(t *testing.T) {
	w := newWorld(t, nil)
	w.status = 500
	w.dana()
	w.run(24 * time.Hour)
	if h := w.Webhooks()[0]; len(h.Tries) != 4 || h.Pending || h.Delivered {
		t.Errorf("webhook is %+v, want given up after 4 tries", h)
	}
}

func TestManyFailuresInARowSwitchTheWebhookOff(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.DisableAfter = 3 })
	w.status = 500
	w.dana()
	w.run(24 * time.Hour)
	if w.WebhookOn() {
		t.Fatal("the webhook is still on after 4 failures")
	}
	if h := w.Webhooks()[0]; h.Pending || h.Delivered || h.Lost {
		t.Errorf("webhook is %+v, want tried in vain and given up", h)
	}
	w.status = 200
	w.dana()
	w.run(time.Hour)
	if n := len(w.got); n != 3 {
		t.Errorf("received %d, want 3: nothing while it is off", n)
	}
	w.SwitchWebhook(true)
	w.dana()
	w.run(time.Hour)
	if n := len(w.got); n != 4 {
		t.Errorf("received %d, want 4: the one after it was switched on", n)
	}
}

func TestWebhookFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults Faults
		check  func(*testing.T, *world)
	}{
		{"a duplicate comes twice with the same bytes", Faults{Duplicate: 1}, func(t *testing.T, w *world) {
			if len(w.got) != 6 || len(w.Webhooks()) != 6 || !w.Webhooks()[1].Duplicate {
				t.Fatalf("received %v, want each twice", w.events())
			}
			seen := map[string]int{}
			for _, g := range w.got {
				seen[string(g.body)]++
			}
			for body, n := range seen {
				if n != 2 {
					t.Errorf("%s came %d times", body, n)
				}
			}
		}},
		{"a lost one never comes", Faults{Lose: 1}, func(t *testing.T, w *world) {
			if len(w.got) != 0 || !w.Webhooks()[0].Lost {
				t.Errorf("received %v, want nothing", w.events())
			}
		}},
		{"a late one comes hours later", Faults{Late: 1}, func(t *testing.T, w *world) {
			if len(w.got) != 3 || w.got[0].at.Before(monday.Add(time.Hour)) {
				t.Errorf("received %v, first at %v, want three after an hour", w.events(), w.got[0].at)
			}
		}},
		{"the time can repeat that of the event before", Faults{SameTime: 1}, func(t *testing.T, w *world) {
			created, updated := w.body("customer.created"), w.body("customer.updated")
			if created["event_occurred_at"] != updated["event_occurred_at"] {
				t.Errorf("times %v and %v, want equal", created["event_occurred_at"], updated["event_occurred_at"])
			}
		}},
		{"the time can lie a day ahead", Faults{Ahead: 1}, func(t *testing.T, w *world) {
			if got := w.body("customer.created")["event_occurred_at"]; got != "2026-05-05T13:00:01Z" {
				t.Errorf("occurred %v, want a day after it did", got)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.Faults = c.faults })
			d := w.dana()
			w.tick()
			must(t, w.UpdateCustomer(d.ID, func(c *Customer) { c.Notes = "Dog" }))
			w.tick()
			must(t, w.UpdateCustomer(d.ID, func(c *Customer) { c.Notes = "Two dogs" }))
			w.run(24 * time.Hour)
			c.check(t, w)
		})
	}
}

func TestReorderedWebhooksCarryTheStateOfTheirOwnTime(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Faults.Reorder = 0.5 })
	d := w.dana()
	for n := range 20 {
		w.now = w.now.Add(2 * time.Second)
		must(t, w.UpdateCustomer(d.ID, func(c *Customer) { c.Notes = fmt.Sprintf("%02d", n) }))
	}
	w.run(time.Hour)
	var notes []string
	for _, g := range w.got {
		n, _ := decoded(t, g.body)["customer"].(map[string]any)["notes"].(string)
		notes = append(notes, n)
	}
	if last := w.got[20].at.Sub(monday.Add(40 * time.Second)); last < time.Minute {
		t.Errorf("the last came after %v, want minutes", last)
	}
	if len(notes) != 21 || slices.IsSorted(notes) {
		t.Errorf("received %v, want all of them and not in order", notes)
	}
	slices.Sort(notes)
	if len(slices.Compact(notes)) != 21 {
		t.Errorf("some states came twice: %v", notes)
	}
}

func TestASkewedClockLeavesWrongTimesInTheRecords(t *testing.T) {
	w := newWorld(t, nil)
	w.Skew(24 * time.Hour)
	w.dana()
	w.Skew(0)
	got := w.get("/customers", 200)["customers"].([]any)[0].(map[string]any)["updated_at"]
	if got != "2026-05-05T13:00:01Z" {
		t.Errorf("updated_at %v, want a day ahead", got)
	}
	w.run(time.Minute)
	if stamp := w.got[0].header.Get("Api-Timestamp"); stamp != fmt.Sprint(monday.Unix()+1) {
		t.Errorf("the delivery is stamped %s, want its true time", stamp)
	}
}

func TestNativeMessagesGoOutOnlyWhenCompanyAndCustomerWantThem(t *testing.T) {
	w := newWorld(t, nil)
	w.SwitchNotice(OnMyWay, true)
	j := w.job()
	must(t, w.ScheduleJob(j.ID, w.plan(0)))
	must(t, w.OnMyWay(j.ID))
	must(t, w.UpdateCustomer(j.CustomerID, func(c *Customer) { c.NotificationsEnabled = false }))
	must(t, w.OnMyWay(j.ID))
	want := []Notice{{At: monday, Kind: OnMyWay, CustomerID: j.CustomerID, To: "2085550142", Subject: j.ID}}
	if got := w.Notices(); !slices.Equal(got, want) {
		t.Errorf("told %+v, want %+v", got, want)
	}
}

func TestTheSameSeedGivesTheSameWorld(t *testing.T) {
	run := func() string {
		w := newWorld(t, func(o *Options) {
			o.Faults = Faults{Duplicate: 0.2, Reorder: 0.3, Late: 0.1, Lose: 0.1, SameTime: 0.2, Ahead: 0.1, ServerError: 0.1, LostAnswer: 0.1, TooMany: 0.1, ShuffleTies: 0.5}
		})
		var b strings.Builder
		for range 10 {
			j := w.job()
			must(t, w.ScheduleJob(j.ID, w.plan(0)))
			must(t, w.Complete(j.ID))
			resp, v, err := w.call("company-key", "GET", "/jobs", "")
			fmt.Fprintln(&b, resp != nil, v, err)
		}
		w.run(24 * time.Hour)
		for _, g := range w.got {
			fmt.Fprintln(&b, g.at, g.header.Get("Api-Signature"), string(g.body))
		}
		return b.String()
	}
	if first, second := run(), run(); first != second {
		t.Error("two runs with one seed differ")
	}
}
