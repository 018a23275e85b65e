package app_test

import (
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/jobber"
)

// watched is what is known of how a connection tells us what happens.
func (w *world) watched(connection string) (out lookup.Watched) {
	w.t.Helper()
	w.ok(w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) error {
		list, err := api.ConnectionsOf(tx, "brightwater")
		for _, c := range list.Connections {
			if c.Name == connection && c.Watched != nil {
				out = *c.Watched
			}
		}
		return err
	}))
	return out
}

// shown returns the item about a source, if there is one.
func (w *world) shown(ref string) (i errorqueue.Item) {
	w.t.Helper()
	w.ok(w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) (err error) {
		if i, err = errorqueue.Get(tx, "brightwater", errorqueue.Source, ref); plumbline.KindOf(err) == plumbline.NotFound {
			return nil
		}
		return err
	}))
	return i
}

// why is what plumbline explain says.
func (w *world) why(name string) string {
	w.t.Helper()
	var b strings.Builder
	w.ok(w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) error {
		e, err := w.node.API().Explain.Any(tx, "brightwater", name)
		if err != nil {
			return err
		}
		return e.Write(&b, boise)
	}))
	return b.String()
}

func TestWebhooksThatHousecallProHasSwitchedOffAreSwitchedOnAgain(t *testing.T) {
	w := newWorld(t, setting{})
	c := w.customer()
	w.minutes(10)
	w.field.SwitchWebhook(false)
	for _, name := range []string{"Ostrow", "Stone", "Hale"} {
		w.field.CreateCustomer(housecallpro.Customer{FirstName: "Lena", LastName: name})
	}
	w.minutes(75)
	if got := w.watched("hcp"); !w.field.WebhookOn() || got.State != "restored" || got.Restores != 1 {
		t.Fatalf("an hour after they were switched off the webhooks are on: %v, shown as %+v", w.field.WebhookOn(), got)
	}
	w.field.UpdateCustomer(c.ID, func(c *housecallpro.Customer) { c.Notes = "gate code 4411" })
	w.minutes(20)
	if got := w.watched("hcp"); got.State != "told" || w.shown("hcp/webhooks").State != "" {
		t.Errorf("it tells us again, shown as %+v and %+v", got, w.shown("hcp/webhooks"))
	}
	if text := w.why("hcp"); !strings.Contains(text, "it tells us") || !strings.Contains(text, "asked last to tell us again, 1 times") {
		t.Errorf("it is explained as\n%s", text)
	}
}

func TestWebhooksThatJobberHasSwitchedOffAreForAPerson(t *testing.T) {
	y := newYard(t, jobber.Options{})
	client, _ := y.client()
	y.minutes(10)
	y.tool.SwitchWebhooks(false)
	change := func() {
		for range 3 {
			y.tool.CreateClient(jobber.Client{FirstName: "Lena", LastName: "Ostrow"})
		}
	}
	change()
	y.minutes(75)
	if len(y.tool.Endpoints()) == 0 || y.watched("jobber").State != "restored" {
		t.Fatalf("%d endpoints were made, and it is shown as %+v", len(y.tool.Endpoints()), y.watched("jobber"))
	}
	y.minutes(10)
	change()
	y.minutes(75)
	i := y.shown("jobber/webhooks")
	if i.State != "open" || !strings.Contains(i.Cure, "Developer Center") || !strings.Contains(i.Cure, "https://plumbline.example.com/hooks/brightwater/jobber") {
		t.Fatalf("endpoints have not helped, and people see %+v", i)
	}
	y.tool.SwitchWebhooks(true)
	y.ok(y.tool.UpdateClient(client.ID, func(c *jobber.Client) { c.LastName = "Whitlock-Hale" }))
	y.minutes(20)
	if y.shown("jobber/webhooks").State != "done" || y.watched("jobber").State != "told" {
		t.Errorf("it tells us again, and people see %+v", y.shown("jobber/webhooks"))
	}
	y.nothingWaits()
}

func TestAnAddressThatWasTakenFromANumberIsEnteredAgain(t *testing.T) {
	w := newWorld(t, setting{})
	if got := w.watched("twilio"); got.State != "told" {
		t.Errorf("a number with our address is shown as %+v", got)
	}
	w.phones.SetInbound(sender, "")
	w.minutes(65)
	if got := w.phones.Inbound(sender); !strings.HasPrefix(got, "https://plumbline.example.com/hooks/brightwater/twilio") {
		t.Errorf("an hour later texts that come in are told at %q", got)
	}
	if got := w.watched("twilio"); got.State != "told" || got.Restores != 1 || w.now.Sub(got.Restored) > time.Hour {
		t.Errorf("it is shown as %+v", got)
	}
	w.phones.SetInbound(sender, "https://others.example.com/sms")
	w.minutes(65)
	if i := w.shown("twilio/webhooks"); i.State != "open" || !strings.Contains(i.Detail, "others.example.com") || w.phones.Inbound(sender) != "https://others.example.com/sms" {
		t.Errorf("somebody lets another be told, and people see %+v", i)
	}
	w.phones.SetInbound(sender, "https://plumbline.example.com/hooks/brightwater/twilio")
	n, err := w.node.Queue().Retry(t.Context(), "brightwater", w.shown("twilio/webhooks").Cause, "Kim")
	w.ok(err)
	w.minutes(1)
	if got := w.watched("twilio"); n != 1 || got.State != "told" || w.now.Sub(got.Checked) > time.Minute || w.shown("twilio/webhooks").State != "done" {
		t.Errorf("it was mended, and a retry of %d leaves it shown as %+v", n, got)
	}
}
