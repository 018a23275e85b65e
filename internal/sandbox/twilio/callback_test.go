package twilio

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSignaturesMatchTheVendorsVectors(t *testing.T) {
	var pack struct {
		Vectors []struct {
			Name, Kind, Signature string
			Token                 string     `json:"auth_token"`
			URL                   string     `json:"request_url"`
			Signed                string     `json:"url_variant_that_was_signed"`
			Params                [][]string `json:"params"`
			Valid                 bool       `json:"expect_valid"`
		}
	}
	data(t, "signature-vectors.json", &pack)
	checked := 0
	for _, v := range pack.Vectors {
		if v.Name == "neg_json_body_changed" {
			continue // its signature is right; the body's own hash is what is wrong
		}
		checked++
		params := url.Values{}
		for _, p := range v.Params {
			params.Add(p[0], p[1])
		}
		if got := Sign(v.Token, either(v.Signed, v.URL), params); (got == v.Signature) != v.Valid {
			t.Errorf("%s: signed %s, vector %s (valid %v)", v.Name, got, v.Signature, v.Valid)
		}
	}
	if checked < 25 {
		t.Errorf("checked %d vectors, want 25", checked)
	}
}

func TestCallbacksTellEachStateButTheFirst(t *testing.T) {
	w := newWorld(t, nil)
	m := w.create()
	w.run(time.Minute)
	equal(t, "direct", w.statuses(), []string{"sending", "sent", "delivered"})
	f := w.got[2].form
	for name, want := range map[string]string{"MessageSid": m["sid"].(string), "SmsSid": m["sid"].(string), "SmsStatus": "delivered", "AccountSid": account, "From": ours, "To": dana, "ApiVersion": "2010-04-01", "ErrorCode": ""} {
		if f.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, f.Get(name), want)
		}
	}
	if f.Has("MessagingServiceSid") || len(f.Get("RawDlrDoneDate")) != 10 {
		t.Errorf("form %v", f)
	}
	w.got = nil
	w.create("From", "", "MessagingServiceSid", service)
	w.run(time.Minute)
	equal(t, "by a service", w.statuses(), []string{"queued", "sending", "sent", "delivered"})
	if got := w.got[0].form.Get("MessagingServiceSid"); got != service {
		t.Errorf("MessagingServiceSid is %q", got)
	}
}

func TestWhatHappensAtOnceIsToldInItsOrder(t *testing.T) {
	w := newWorld(t, nil)
	var want, got []string
	for range 9 {
		want = append(want, w.create()["sid"].(string))
	}
	w.run(700 * time.Millisecond)
	for _, g := range w.got {
		got = append(got, g.form.Get("MessageSid"))
	}
	equal(t, "sending", got, want)
}

func TestEachCallbackIsSignedOverTheConfiguredURL(t *testing.T) {
	w := newWorld(t, nil)
	w.create("StatusCallback", "https://hooks.example.com/status?n=1&m=2#rc=2&rp=all")
	w.run(time.Minute)
	for _, g := range w.got {
		if want := Sign(token, "https://hooks.example.com/status?n=1&m=2", g.form); g.uri != "/status?n=1&m=2" || g.header.Get("X-Twilio-Signature") != want {
			t.Errorf("%s signed %s, want %s", g.uri, g.header.Get("X-Twilio-Signature"), want)
		}
	}
	if len(w.got) != 3 {
		t.Errorf("received %d callbacks, want 3", len(w.got))
	}
}

func TestWithoutACallbackURLNothingIsTold(t *testing.T) {
	w := newWorld(t, nil)
	w.create("StatusCallback", "")
	w.run(time.Minute)
	if len(w.got) != 0 || w.Messages()[0].Status != "delivered" {
		t.Errorf("told %v of a message that is %s", w.statuses(), w.Messages()[0].Status)
	}
}

func TestAMarkedNumberEndsAsItsCodeSays(t *testing.T) {
	for mark, want := range map[Mark]string{Landline: "30006", Dead: "30005", Filtered: "30007", Unreachable: "30003", Blocked: "30004"} {
		w := newWorld(t, nil)
		w.Mark(dana, mark)
		w.create()
		w.run(time.Minute)
		last := w.got[len(w.got)-1].form
		if last.Get("MessageStatus") != "undelivered" || last.Get("ErrorCode") != want || w.Messages()[0].ErrorCode != int(mark) || !w.Messages()[0].Arrived.IsZero() {
			t.Errorf("mark %d ended as %v", mark, last)
		}
	}
}

func TestSentMayBeTheLastWord(t *testing.T) {
	w := newWorld(t, nil)
	w.Mark(dana, Silent)
	w.create()
	w.run(24 * time.Hour)
	equal(t, "states", w.statuses(), []string{"sending", "sent"})
	if m := w.Messages()[0]; m.Status != "sent" || m.Arrived.IsZero() {
		t.Errorf("message is %s, arrived %v; want sent, and at the phone", m.Status, m.Arrived)
	}
}

func TestABackloggedTextIsLateOrExpires(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Faults.Backlog = 1 })
	w.create()
	w.create("ValidityPeriod", "600")
	w.run(4 * time.Hour)
	m := w.Messages()
	if m[0].Arrived.Sub(noon) < time.Hour {
		t.Errorf("the one with a long life arrived after %v, want hours", m[0].Arrived.Sub(noon))
	}
	if m[1].Status != "failed" || m[1].ErrorCode != validityExpired || !m[1].Updated.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("the one with ten minutes is %s (%d) at %v", m[1].Status, m[1].ErrorCode, m[1].Updated)
	}
}

func TestCallbackFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults Faults
		check  func(*testing.T, *world)
	}{
		{"duplicated", Faults{Duplicate: 1}, func(t *testing.T, w *world) {
			got := w.statuses()
			slices.Sort(got)
			equal(t, "states", got, []string{"delivered", "delivered", "sending", "sending", "sent", "sent"})
		}},
		{"lost", Faults{Lose: 1}, func(t *testing.T, w *world) {
			if len(w.got) != 0 || !w.Webhooks()[0].Lost {
				t.Errorf("told %v", w.statuses())
			}
		}},
		{"undelivered by chance", Faults{Undelivered: 1}, func(t *testing.T, w *world) {
			if c := w.Messages()[0].ErrorCode; c != 30003 && c != 30008 {
				t.Errorf("code %d", c)
			}
		}},
		{"no receipt by chance", Faults{NoReceipt: 1}, func(t *testing.T, w *world) {
			equal(t, "states", w.statuses(), []string{"sending", "sent"})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.Faults = c.faults })
			w.create()
			w.run(time.Hour)
			c.check(t, w)
		})
	}
}

func TestCallbacksCanComeOutOfOrder(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Faults.Reorder = 1 })
	disorder := false
	for range 10 {
		w.got = nil
		w.create()
		w.run(time.Hour)
		got := w.statuses()
		disorder = disorder || !slices.Equal(got, []string{"sending", "sent", "delivered"})
		if len(got) != 3 {
			t.Fatalf("told %v, want all three", got)
		}
	}
	if !disorder {
		t.Error("ten messages told in order")
	}
}

func TestTheFragmentSaysWhatIsRetried(t *testing.T) {
	for _, c := range []struct {
		name, fragment string
		code           int
		down           bool
		tries          int
	}{
		{"by default a refused connection once more", "", 200, true, 2},
		{"by default a 500 is not", "", 500, false, 1},
		{"all, five times", "#rc=5&rp=all", 500, false, 6},
		{"5xx only, and it is a 404", "#rc=5&rp=5xx", 404, false, 1},
		{"4xx, and it is a 404", "#rc=2&rp=ct,4xx", 404, false, 3},
		{"none at all", "#rc=0", 200, true, 1},
		{"more than allowed is ignored", "#rc=9&rp=all", 500, false, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.code = c.code
			if c.down {
				w.net.Down("hooks.example.com", noon, noon.Add(time.Hour))
			}
			w.Mark(dana, Silent)
			w.create("StatusCallback", status+c.fragment)
			w.run(10 * time.Minute)
			h := w.Webhooks()[0]
			if len(h.Tries) != c.tries || h.Delivered || h.Pending {
				t.Errorf("tried %d times (%+v), want %d", len(h.Tries), h.Tries, c.tries)
			}
		})
	}
}

func TestRetriesBearOneToken(t *testing.T) {
	w := newWorld(t, nil)
	w.code = 503
	w.Mark(dana, Silent)
	w.create("StatusCallback", status+"#rc=3&rp=5xx")
	w.run(time.Minute)
	tokens := map[string][]string{}
	for _, g := range w.got {
		tokens[g.form.Get("MessageStatus")] = append(tokens[g.form.Get("MessageStatus")], g.header.Get("I-Twilio-Idempotency-Token"))
	}
	for state, got := range tokens {
		if len(got) != 4 || got[0] != "" || got[1] == "" || got[1] != got[2] || got[2] != got[3] {
			t.Errorf("%s bore %q, want none and then one", state, got)
		}
	}
	if tokens["sent"][1] == tokens["sending"][1] {
		t.Error("two webhooks bear one token")
	}
}

func TestTheSameSeedGivesTheSameWorld(t *testing.T) {
	run := func() string {
		w := newWorld(t, func(o *Options) {
			o.Faults = Faults{ServerError: 0.1, CreateError: 0.1, LostAnswer: 0.1, TooMany: 0.1, StaleList: 0.3, NoReceipt: 0.2, Undelivered: 0.2, Backlog: 0.1, Duplicate: 0.2, Reorder: 0.3, Lose: 0.2}
		})
		for n := range 30 {
			_, _, _ = w.call("POST", messages, form("Body", strings.Repeat("x", n+1), "From", "", "MessagingServiceSid", service))
			_, err := w.Receive(dana, pool, []string{"Hi", "STOP", "START"}[n%3])
			must(t, err)
			w.run(time.Minute)
		}
		w.run(12 * time.Hour)
		return trace(w)
	}
	if first, second := run(), run(); first != second {
		t.Error("two runs with one seed differ")
	}
}
