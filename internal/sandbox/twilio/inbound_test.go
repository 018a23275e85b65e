package twilio

import (
	"testing"
	"time"
)

func (w *world) receive(to, body string) {
	w.t.Helper()
	_, err := w.Receive(dana, to, body)
	must(w.t, err)
}

func TestAnInboundTextIsToldSigned(t *testing.T) {
	w := newWorld(t, nil)
	w.receive(ours, " Where are you?")
	w.run(time.Second)
	if len(w.got) != 1 {
		t.Fatalf("received %d webhooks, want 1", len(w.got))
	}
	g := w.got[0]
	for name, want := range map[string]string{"From": dana, "To": ours, "Body": " Where are you?", "SmsStatus": "received", "NumMedia": "0", "NumSegments": "1", "MessageSid": w.Messages()[0].Sid, "AccountSid": account, "FromCity": ""} {
		if !g.form.Has(name) || g.form.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, g.form.Get(name), want)
		}
	}
	if want := Sign(token, "https://hooks.example.com/inbound", g.form); g.header.Get("X-Twilio-Signature") != want {
		t.Error("the signature is wrong")
	}
	if g.form.Has("OptOutType") || g.form.Has("MessagingServiceSid") {
		t.Errorf("form %v, want neither OptOutType nor a service", g.form)
	}
}

func TestATextToAForeignNumberIsRefused(t *testing.T) {
	if _, err := newWorld(t, nil).Receive(dana, "+12085559999", "Hi"); err == nil {
		t.Error("a text to a number that is not ours came in")
	}
}

func TestTwilioHeedsItsOwnWords(t *testing.T) {
	for _, c := range []struct {
		name, to, body string
		stopped        bool
		replies        int
		optOutType     string
	}{
		{"STOP", ours, "STOP", true, 1, ""},
		{"in any case, with blanks", ours, " stop ", true, 1, ""},
		{"another of its words", ours, "Cancel", true, 1, ""},
		{"a sentence is not its word", ours, "Stop please", false, 0, ""},
		{"HELP", ours, "help", false, 1, ""},
		{"YES to nobody who stopped", ours, "YES", false, 0, ""},
		{"STOP to a service with advanced opt-out", pool, "STOP", true, 1, "STOP"},
		{"INFO to it", pool, "INFO", false, 1, "HELP"},
		{"YES to it", pool, "yes", false, 0, "START"},
		{"no word of its to it", pool, "Thanks", false, 0, ""},
		{"STOP to a service without", "+12085550103", "STOP", true, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.receive(c.to, c.body)
			w.run(time.Minute)
			if w.Stopped(c.to, dana) != c.stopped {
				t.Errorf("stopped = %v, want %v", !c.stopped, c.stopped)
			}
			if got := len(w.Messages()) - 1; got != c.replies {
				t.Errorf("Twilio replied %d times, want %d", got, c.replies)
			}
			if len(w.got) != 1 || w.got[0].form.Get("OptOutType") != c.optOutType {
				t.Errorf("told %v, want it once with OptOutType %q", w.got, c.optOutType)
			}
		})
	}
}

func TestAfterSTOPCreateIsRefusedUntilSTART(t *testing.T) {
	w := newWorld(t, nil)
	code := func(pairs ...string) any {
		resp, v, err := w.call("POST", messages, form(pairs...))
		must(t, err)
		if resp.StatusCode == 201 {
			return 201
		}
		return v["code"]
	}
	byService := []string{"From", "", "MessagingServiceSid", service}
	w.receive(pool, "STOP")
	w.receive(pool, "STOP")
	if got := code(byService...); got != 21610.0 {
		t.Errorf("by the service: %v, want 21610", got)
	}
	if got := code("From", "+12085550102"); got != 21610.0 {
		t.Errorf("by another number of the service: %v, want 21610", got)
	}
	if got := code(); got != 201 {
		t.Errorf("by a number outside it: %v, want 201", got)
	}
	if got := code(append(byService, "To", "+12085550143")...); got != 201 {
		t.Errorf("to somebody else: %v, want 201", got)
	}
	w.receive(pool, "YES")
	if got := code(byService...); got != 201 {
		t.Errorf("after YES: %v, want 201", got)
	}
	replies := 0
	for _, m := range w.Messages() {
		if m.Direction == "outbound-reply" {
			replies++
		}
	}
	if replies != 2 {
		t.Errorf("Twilio replied %d times, want once to STOP and once to YES", replies)
	}
}

func TestWhatTheReceiverAnswersIsSent(t *testing.T) {
	for _, c := range []struct{ name, kind, body, want string }{
		{"an empty response", "text/xml", "<Response/>", ""},
		{"a message", "text/xml", "<Response><Message>On our way</Message></Response>", "On our way"},
		{"a message with a body", "application/xml", "<Response><Message><Body>Soon</Body></Message></Response>", "Soon"},
		{"plain text goes to the customer", "text/plain; charset=utf-8", "ok", "ok"},
		{"a page does not", "text/html", "<p>ok</p>", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.kind, w.answer = c.kind, c.body
			w.receive(ours, "Where are you?")
			w.run(time.Minute)
			got := ""
			if m := w.Messages(); len(m) == 2 && m[1].To == dana && m[1].From == ours && m[1].Status == "delivered" {
				got = m[1].Body
			}
			if got != c.want {
				t.Errorf("sent %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnInboundWebhookThatFailsIsLostByDefault(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Faults.Lose = 1 })
	w.code = 500
	w.receive(ours, "STOP")
	w.run(time.Hour)
	if h := w.Webhooks()[0]; len(h.Tries) != 1 || h.Delivered || h.Lost {
		t.Errorf("webhook is %+v, want one try in vain", h)
	}
}
