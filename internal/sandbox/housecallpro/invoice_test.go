package housecallpro

import "testing"

func TestMoney(t *testing.T) {
	w := newWorld(t, nil)
	j := w.job()
	must(t, w.SetLineItems(j.ID, []Line{
		{Name: "Labor", UnitPrice: 10000, Quantity: 150, Taxable: true},
		{Name: "Coupon", Kind: "fixed discount", UnitPrice: 1000},
	}, 6))
	if got := w.read(j.ID); got.Subtotal != 14000 || got.Tax != 900 || got.Total != 14900 || got.Outstanding != 14900 {
		t.Fatalf("job is %+v, want 140 and 9 of tax", got)
	}
	i, err := w.CreateInvoice(j.ID)
	must(t, err)
	state := func(name, status string, due, outstanding int64, paid bool) {
		t.Helper()
		got := w.Invoices()[0]
		if got.Status != status || got.Due != due || got.PaidAt.IsZero() == paid || w.read(j.ID).Outstanding != outstanding {
			t.Errorf("%s: invoice %s, due %d, paid at %v, job owes %d; want %s, %d, paid %v, %d", name, got.Status, got.Due, got.PaidAt, w.read(j.ID).Outstanding, status, due, paid, outstanding)
		}
	}
	state("new", "open", 14900, 14900, false)
	if _, err := w.Pay(i.ID, NewPayment{Amount: 15000}); err == nil {
		t.Error("more than what is due was taken")
	}
	ach, err := w.Pay(i.ID, NewPayment{Amount: 14900, Method: "ach", Pending: true})
	must(t, err)
	state("pending", "pending_payment", 14900, 14900, false)
	must(t, w.Settle(ach.ID))
	state("settled", "paid", 0, 0, true)
	must(t, w.ReturnPayment(ach.ID))
	state("returned", "open", 14900, 14900, false)
	card, err := w.Pay(i.ID, NewPayment{Amount: 14900, Tip: 1000, Method: "credit_card"})
	must(t, err)
	state("paid with a tip", "paid", 0, 0, true)
	if got := w.Invoices()[0].Amount; got != 15900 {
		t.Errorf("amount %d, want the tip in it", got)
	}
	if _, err := w.Refund(card.ID, 15901); err == nil {
		t.Error("more than what was paid was refunded")
	}
	back, err := w.Refund(card.ID, 900)
	must(t, err)
	state("refunded in part", "paid", 0, 0, true)
	if back.Amount != -900 || back.Category != "refund" {
		t.Errorf("the refund is %+v, want a negative payment", back)
	}
	if err := w.Void(i.ID); err == nil {
		t.Error("a paid invoice was voided")
	}
}

func TestAVoidedInvoiceIsOwedNothing(t *testing.T) {
	for status, end := range map[string]func(*world, string) error{"voided": (*world).void, "canceled": (*world).cancel} {
		w := newWorld(t, nil)
		j := w.job()
		must(t, w.SetTotal(j.ID, 500))
		i, err := w.CreateInvoice(j.ID)
		must(t, err)
		must(t, end(w, i.ID))
		if got := w.Invoices()[0]; got.Status != status || got.Due != 0 {
			t.Errorf("invoice is %s with %d due, want %s and nothing", got.Status, got.Due, status)
		}
		if got := w.body("invoice." + status)["invoice"].(map[string]any)["status"]; got != status {
			t.Errorf("the event says %v, want %s", got, status)
		}
		if _, err := w.Pay(i.ID, NewPayment{Amount: 1}); err == nil {
			t.Errorf("a %s invoice was paid", status)
		}
		again, err := w.CreateInvoice(j.ID)
		must(t, err)
		if again.Number != j.InvoiceNumber+"-2" {
			t.Errorf("the next invoice is %s", again.Number)
		}
	}
}

func (w *world) void(id string) error   { return w.Void(id) }
func (w *world) cancel(id string) error { return w.CancelInvoice(id) }

func TestAnInvoiceOverNothingIsPaidAtOnceWithoutATime(t *testing.T) {
	w := newWorld(t, nil)
	i, err := w.CreateInvoice(w.job().ID)
	must(t, err)
	if i.Status != "paid" || !i.PaidAt.IsZero() {
		t.Errorf("invoice is %s at %v, want paid and null", i.Status, i.PaidAt)
	}
}

func TestAShopCannotDoWhatTheToolRefuses(t *testing.T) {
	w := newWorld(t, nil)
	j, gone := w.job(), w.job()
	must(t, w.Complete(j.ID))
	must(t, w.Delete(gone.ID))
	from := len(w.Webhooks())
	for name, err := range map[string]error{
		"complete twice":          w.Complete(j.ID),
		"start a complete job":    w.Start(j.ID),
		"cancel a complete job":   w.Cancel(j.ID),
		"start a deleted job":     w.Start(gone.ID),
		"delete twice":            w.Delete(gone.ID),
		"start nothing":           w.Start("job_x"),
		"schedule with a nobody":  w.ScheduleJob(j.ID, w.plan(0, "pro_x")),
		"uncomplete what is open": w.Uncomplete(gone.ID),
	} {
		if err == nil {
			t.Errorf("%s was allowed", name)
		}
	}
	if got := w.sent(from); len(got) != 0 {
		t.Errorf("refusals sent %v", got)
	}
}
