package twilio

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
	"plumbline.dev/plumbline/internal/sandbox"
	fake "plumbline.dev/plumbline/internal/sandbox/twilio"
)

// world is the client, the fake account, and what the client's webhooks were told.
type world struct {
	t    *testing.T
	now  time.Time
	tool *Tool
	fake *fake.Sandbox
	kept []plumbline.Delivery
}

const dana, nobody = "+12085550142", "+12085550199"

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: received}
	now := func() time.Time { return w.now }
	network := sandbox.New(sandbox.Options{Now: now, Rand: rand.New(rand.NewPCG(1, 1))})
	vendor := contract(t)
	w.fake = fake.New(fake.Options{
		Now: now, Rand: rand.New(rand.NewPCG(5, 5)), AccountSid: account, AuthToken: token, Numbers: []string{"+15005550006"},
		Services: []fake.Service{{Sid: service, Numbers: []string{"+15005550007"}, AdvancedOptOut: true, InboundURL: hooks}},
		Client:   &http.Client{Transport: network}, InboundURL: hooks,
	})
	network.Handle("api.twilio.com", w.fake)
	network.Handle("hooks.example.com", http.HandlerFunc(w.hook))
	w.tool = New(config(), &http.Client{Transport: transport(func(r *http.Request, body []byte) (*http.Response, error) {
		vendor.Check(t, r, body, "")
		r.Body = io.NopCloser(bytes.NewReader(body))
		return network.RoundTrip(r)
	})}, now)
	return w
}

// hook is what the inbox does with a webhook.
func (w *world) hook(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
	}
	req := connect.Request{Method: r.Method, URL: mustURL(w.t, "https://hooks.example.com"+r.RequestURI), Header: r.Header, Body: body, Received: w.now}
	if err := w.tool.Verify(req); err != nil {
		w.t.Errorf("Verify(%s %s) = %v", r.RequestURI, body, err)
		rw.WriteHeader(http.StatusForbidden)
		return
	}
	events, err := w.tool.Split(req)
	if err != nil {
		w.t.Errorf("Split = %v", err)
	}
	for _, e := range events {
		w.kept = append(w.kept, plumbline.Delivery{Tool: "twilio", Event: e.Event, Object: e.Object, Subject: e.Subject, Attempt: e.Attempt, Key: e.Key, Received: w.now, Body: e.Body})
	}
	kind, answer := w.tool.Reply()
	rw.Header().Set("Content-Type", kind)
	if _, err := rw.Write(answer); err != nil {
		w.t.Error(err)
	}
}

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	end := w.now.Add(d)
	for {
		_, next, err := w.fake.Step(w.t.Context(), w.now)
		if err != nil {
			w.t.Fatal(err)
		}
		if next.IsZero() || next.After(end) {
			w.now = end
			return
		}
		w.now = later(w.now, next)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// said decodes what was kept: the fields of each number.
func (w *world) said() map[string]map[string]plumbline.Value {
	w.t.Helper()
	out := map[string]map[string]plumbline.Value{}
	for _, d := range w.kept {
		list, err := w.tool.Decode(d)
		if err != nil {
			w.t.Errorf("Decode(%s) = %v", d.Body, err)
		}
		for _, r := range list {
			connecttest.CheckReading(w.t, r)
			if out[r.ID] == nil {
				out[r.ID] = map[string]plumbline.Value{}
			}
			for name, v := range r.Fields {
				out[r.ID][name] = v
			}
		}
	}
	return out
}

func TestSenderAgainstTheSandbox(t *testing.T) {
	for name, lose := range map[string]fake.Faults{"the connection breaks": {LostAnswer: 1}, "the answer is 500": {CreateError: 1}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			connecttest.TestSender(t, connecttest.Sender{
				Sender: w.tool, To: dana, Nobody: nobody, Now: func() time.Time { return w.now },
				Advance: func(d time.Duration) { w.fake.SetFaults(fake.Faults{}); w.advance(d) },
				Lose:    func() { w.fake.SetFaults(lose) },
			})
		})
	}
}

func TestTextsAreFoundThoughListsLag(t *testing.T) {
	w := newWorld(t)
	w.fake.SetFaults(fake.Faults{StaleList: 1})
	sent, err := w.tool.Send(t.Context(), connect.Text{To: dana, Body: "x", Attempt: "a1"})
	if err != nil {
		t.Fatal(err)
	}
	w.advance(w.tool.Settling())
	if found, err := w.tool.FindSent(t.Context(), dana, received); err != nil || len(found) != 1 || found[0].ID != sent.ID {
		t.Errorf("FindSent after settling = %+v, %v, want %s", found, err, sent.ID)
	}
}

func TestReceiptsSettleTheirAttempt(t *testing.T) {
	w := newWorld(t)
	w.fake.SetFaults(fake.Faults{Duplicate: 0.5, Reorder: 0.5})
	if _, err := w.tool.Send(t.Context(), connect.Text{To: dana, Body: "on our way", Attempt: "attempt-9"}); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Hour)
	said := w.said()[dana]
	for _, word := range []string{"sent", "delivered"} {
		if said["receipt:attempt-9/"+word] == "" {
			t.Errorf("said = %v, want a receipt for %s", said, word)
		}
	}
	keys := map[string]bool{}
	for _, d := range w.kept {
		keys[d.Key] = true
		if d.Attempt != "attempt-9" {
			t.Errorf("receipt of attempt %q, want attempt-9", d.Attempt)
		}
	}
	if len(keys) != len(said) {
		t.Errorf("%d keys for %d receipts", len(keys), len(said))
	}
}

func TestStopIsHeardAndRefusesTheNext(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"a number": func(*Config) {}, "a service": func(c *Config) { c.From, c.MessagingServiceSid = "", service },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			change(&w.tool.config)
			to := "+15005550006"
			if w.tool.config.From == "" {
				to = "+15005550007"
			}
			if _, err := w.tool.Send(t.Context(), connect.Text{To: dana, Body: "hello", Attempt: "a1"}); err != nil {
				t.Fatal(err)
			}
			sid, err := w.fake.Receive(dana, to, "Stop")
			if err != nil {
				t.Fatal(err)
			}
			w.advance(time.Minute)
			if got := w.said()[dana]["text:"+sid]; got == "" {
				t.Errorf("the text was not read: %v", w.said())
			}
			_, err = w.tool.Send(t.Context(), connect.Text{To: dana, Body: "again", Attempt: "a2"})
			if e := connect.AsError(err); e == nil || e.Class != connect.Human || !e.OptedOut {
				t.Errorf("Send after STOP = %v, want opted out", err)
			}
		})
	}
}

func TestSandboxTroubleIsClassified(t *testing.T) {
	for name, c := range map[string]struct {
		faults fake.Faults
		class  connect.Class
	}{
		"too many":     {fake.Faults{TooMany: 1}, connect.Wait},
		"server error": {fake.Faults{ServerError: 1}, connect.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.fake.SetFaults(c.faults)
			_, err := w.tool.Send(t.Context(), connect.Text{To: dana, Body: "x", Attempt: "a1"})
			if e := connect.AsError(err); e == nil || e.Class != c.class {
				t.Errorf("Send = %v, want class %v", err, c.class)
			}
		})
	}
}

// asked is a world whose calls are not held against the description of messages.
func asked(t *testing.T, change func(*Config)) (*world, *Tool) {
	w := newWorld(t)
	network := sandbox.New(sandbox.Options{Now: func() time.Time { return w.now }, Rand: rand.New(rand.NewPCG(1, 1))})
	network.Handle("api.twilio.com", w.fake)
	network.Handle("messaging.twilio.com", w.fake)
	c := config()
	c.MessagingServiceSid, c.From = "", "+15005550006"
	change(&c)
	return w, New(c, &http.Client{Transport: network}, func() time.Time { return w.now })
}

func TestSubscriberAgainstTheSandbox(t *testing.T) {
	for _, c := range []struct{ name, sender string }{{"a number", "+15005550006"}, {"a Messaging Service", service}} {
		t.Run(c.name, func(t *testing.T) {
			w, tool := asked(t, func(o *Config) {
				if c.sender == service {
					o.From, o.MessagingServiceSid = "", service
				}
			})
			w.fake.SetInbound(c.sender, tool.config.CallbackURL+"#rc=5&rp=all")
			connecttest.TestSubscriber(t, connecttest.Subscriber{Subscriber: tool, Stop: func() { w.fake.SetInbound(c.sender, "") },
				Tells: func() bool { return w.fake.Inbound(c.sender) == tool.config.CallbackURL+"#rc=5&rp=all" }})
			w.fake.SetInbound(c.sender, "https://others.example.com/sms?token=secret")
			got, err := tool.Subscriptions(t.Context())
			if err != nil || got[0].State != connect.Elsewhere || !strings.Contains(got[0].Why, "others.example.com") || strings.Contains(got[0].Why, "secret") {
				t.Errorf("Subscriptions of what tells another = %+v, %v", got, err)
			}
		})
	}
	t.Run("a number of another account, and a short code", func(t *testing.T) {
		_, tool := asked(t, func(o *Config) { o.From = "+15005550009" })
		if got, err := tool.Subscriptions(t.Context()); err != nil || got[0].State != connect.Elsewhere {
			t.Errorf("Subscriptions = %+v, %v", got, err)
		}
		_, tool = asked(t, func(o *Config) { o.From = "12345" })
		if got, err := tool.Subscriptions(t.Context()); err != nil || got[0].State != connect.Hidden {
			t.Errorf("Subscriptions = %+v, %v", got, err)
		}
	})
}
