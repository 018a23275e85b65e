package jobber

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/sandbox"
)

// The vector is the vendor's example computed with openssl; the value that the
// vendor's page prints beside it does not come out of it.
func TestTheSignatureIsBase64OfTheRawBodysHMAC(t *testing.T) {
	body := `{"data":{"webHookEvent":{"topic":"APP_CONNECT","appId":"id","accountId":"id","itemId":"id","occurredAt":"ISO8601DateTime"}}}`
	const want = "+PXo5mRPCuHqX3CePBACS8afHQPY9rXzPlp9AG/a8BI="
	if got := Sign("my app's OAuth client secret", []byte(body)); got != want {
		t.Errorf("the signature is %s, want %s", got, want)
	}
}

func TestAWebhookIsThinAndSigned(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		w := newWorld(t, func(o *Options) { o.LegacyTime = legacy })
		w.run(time.Minute)
		c := w.dana()
		at := w.now
		w.run(time.Minute)
		got := w.got[1]
		when := fmt.Sprintf(`"occurredAt":%q`, at.UTC().Format(time.RFC3339))
		if legacy {
			when = `"occuredAt":"2026-05-04T07:01:01-06:00"`
		}
		want := fmt.Sprintf(`{"data":{"webHookEvent":{"topic":"CLIENT_CREATE","appId":"3ef22a50-0000-4000-8000-b7646657560b","accountId":"Z2lkOi8vSm9iYmVyL0FjY291bnQvMjQ4NjAwMQ==","itemId":%q,%s}}}`, c.ID, when)
		if string(got.body) != want {
			t.Errorf("the body is %s, want %s", got.body, want)
		}
		if sig := got.header.Get("X-Jobber-Hmac-SHA256"); sig != Sign("app-secret", got.body) {
			t.Errorf("the signature is %s", sig)
		}
	}
}

func TestWebhookBodiesHaveTheShapeOfTheSamples(t *testing.T) {
	w := newWorld(t, nil)
	lived(t, w)
	for _, c := range []struct{ topic, sample string }{
		{"CLIENT_CREATE", "client-create"}, {"CLIENT_UPDATE", "client-update"}, {"JOB_CREATE", "job-create"}, {"JOB_UPDATE", "job-update"},
		{"JOB_CLOSED", "job-closed"}, {"VISIT_CREATE", "visit-create"}, {"VISIT_UPDATE", "visit-update"}, {"VISIT_COMPLETE", "visit-complete"},
		{"INVOICE_CREATE", "invoice-create"}, {"INVOICE_UPDATE", "invoice-update"}, {"PAYMENT_CREATE", "payment-create"},
		{"QUOTE_APPROVED", "quote-approved"}, {"ON_MY_WAY_TRACKING_LINK_REQUEST", "on-my-way"},
	} {
		i := slices.IndexFunc(w.Webhooks(), func(h sandbox.Webhook) bool { return h.Event == c.topic })
		if i < 0 {
			t.Errorf("no %s was sent", c.topic)
			continue
		}
		sample := at(decoded(t, data(t, "samples/webhook-"+c.sample+".json")), "data", "webHookEvent").(map[string]any)
		got := at(decoded(t, w.Webhooks()[i].Body), "data", "webHookEvent").(map[string]any)
		for k := range sample {
			if _, ok := got[k].(string); !ok {
				t.Errorf("%s has no %s: %v", c.topic, k, got)
			}
		}
		if len(got) != len(sample) || got["topic"] != sample["topic"] {
			t.Errorf("%s is %v, want the shape of %v", c.topic, got, sample)
		}
	}
}

func TestARefusedOrSlowWebhookIsTriedAgain(t *testing.T) {
	for name, change := range map[string]func(*world){
		"refused": func(w *world) { w.status = 503 },
		"slow":    func(w *world) { w.takes = patience + time.Millisecond },
	} {
		w := newWorld(t, func(o *Options) { o.Retries = []time.Duration{time.Minute, 2 * time.Minute} })
		w.run(time.Minute)
		change(w)
		w.CreateUser(User{FirstName: "Ann", LastName: "Lee"})
		w.run(time.Hour)
		h := w.Webhooks()[1]
		if len(h.Tries) != 3 || h.Delivered || h.Pending {
			t.Errorf("%s: it was %+v, want three tries in vain", name, h)
		}
		if gap := h.Tries[1].At.Sub(h.Tries[0].At); gap != time.Minute {
			t.Errorf("%s: the second try came after %v, want a minute", name, gap)
		}
	}
}

func TestManyFailuresSwitchTheWebhooksOffWithoutNotice(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.DisableAfter = 3; o.Retries = []time.Duration{time.Minute} })
	w.run(time.Minute)
	w.status = 500
	for range 2 {
		w.CreateUser(User{FirstName: "Ann"})
	}
	w.run(time.Hour)
	if w.WebhooksOn() {
		t.Fatal("the webhooks are on after three failures")
	}
	w.status = 200
	before := len(w.got)
	w.CreateUser(User{FirstName: "Bo"})
	w.run(time.Hour)
	w.SwitchWebhooks(true)
	w.CreateUser(User{FirstName: "Cy"})
	w.run(time.Hour)
	if len(w.got) != before+1 {
		t.Errorf("%d webhooks came, want only the one after they were on again", len(w.got)-before)
	}
	if hooks := w.Webhooks(); !hooks[3].Lost || !hooks[4].Delivered {
		t.Errorf("the last two are %+v and %+v, want one lost and one delivered", hooks[3], hooks[4])
	}
}

func TestFaultsOfWebhooks(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults Faults
		want   int
		after  time.Duration // at least, of the last
	}{
		{"lost", Faults{Lose: 1}, 0, 0},
		{"twice", Faults{Duplicate: 1}, 2, 0},
		{"delayed", Faults{Reorder: 1}, 1, 5 * time.Second},
		{"late", Faults{Late: 1}, 1, time.Hour},
	} {
		w := newWorld(t, nil)
		w.run(time.Minute)
		w.SetFaults(c.faults)
		start := w.now
		w.CreateUser(User{FirstName: "Ann"})
		w.run(24 * time.Hour)
		got := w.got[1:]
		if len(got) != c.want || c.want > 0 && got[len(got)-1].at.Sub(start) < c.after {
			t.Errorf("%s: %d webhooks came, want %d, the last after %v", c.name, len(got), c.want, c.after)
		}
	}
}

func TestWebhooksOvertakeEachOther(t *testing.T) {
	w := newWorld(t, nil)
	w.SetFaults(Faults{Reorder: 0.5})
	for i := range 20 {
		w.CreateUser(User{FirstName: fmt.Sprint(i)})
		w.now = w.now.Add(time.Second)
	}
	w.run(time.Hour)
	if slices.IsSortedFunc(w.got, func(a, b received) int { return compareOccurred(t, a, b) }) {
		t.Error("they came in order")
	}
}

func compareOccurred(t *testing.T, a, b received) int {
	when := func(r received) time.Time {
		v, err := time.Parse(time.RFC3339, at(decoded(t, r.body), "data", "webHookEvent", "occurredAt").(string))
		must(t, err)
		return v
	}
	return when(a).Compare(when(b))
}

func TestEndpointsAreOfOneTopicAndBesideTheAppsURL(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Topics = []string{"CLIENT_CREATE", "APP_CONNECT"} })
	const create = `mutation($topic: WebHookTopicEnum!, $url: String!) { webhookEndpointCreate(input: {topic: $topic, url: $url}) {
		webhookEndpoint { id topic url createdAt } userErrors { message path } } }`
	got := w.ask(create, map[string]any{"topic": "CLIENT_CREATE", "url": "https://hooks.example.com/own"}, "webhookEndpointCreate")
	id := at(got, "webhookEndpoint", "id")
	if at(got, "webhookEndpoint", "topic") != "CLIENT_CREATE" || len(at(got, "userErrors").([]any)) != 0 {
		t.Fatalf("answered %v, want an endpoint", got)
	}
	bad := w.ask(create, map[string]any{"topic": "CLIENT_CREATE", "url": "http://hooks.example.com"}, "webhookEndpointCreate")
	if at(bad, "webhookEndpoint") != nil || len(at(bad, "userErrors").([]any)) != 1 {
		t.Errorf("a URL without TLS is answered %v, want userErrors", bad)
	}
	if _, body, _ := w.post(create, map[string]any{"topic": "JOB_COMPLETE", "url": "https://hooks.example.com/own"}); firstCode(body) == nil {
		t.Errorf("a topic that does not exist is answered %v", body)
	}
	w.run(time.Minute)
	w.got = nil
	w.dana()
	w.run(time.Minute)
	var urls []string
	for _, r := range w.got {
		urls = append(urls, r.url)
	}
	if !slices.Equal(urls, []string{"/jobber", "/own"}) {
		t.Errorf("webhooks came to %v, want CLIENT_CREATE at both and PROPERTY_CREATE at none", urls)
	}
	const remove = `mutation($ids: [EncodedId!]!) { webhookEndpointDelete(webhookEndpointsIds: $ids) { deletedWebhookEndpoints { id } userErrors { message } } }`
	gone := w.ask(remove, map[string]any{"ids": []any{id}}, "webhookEndpointDelete", "deletedWebhookEndpoints").([]any)
	if len(gone) != 1 || at(gone[0], "id") != id || len(w.Endpoints()) != 0 {
		t.Errorf("deleted %v, want %v", gone, id)
	}
	if again := w.ask(remove, map[string]any{"ids": []any{id}}, "webhookEndpointDelete"); len(at(again, "userErrors").([]any)) != 1 {
		t.Errorf("deleting it again is answered %v, want userErrors", again)
	}
}

func TestTheSameSeedMakesTheSameStory(t *testing.T) {
	story := func() string {
		w := newWorld(t, nil)
		w.SetFaults(Faults{Duplicate: 0.3, Reorder: 0.3, Late: 0.1, Lose: 0.1, LateCommit: 0.2, SameTime: 0.2})
		lived(t, w)
		w.run(24 * time.Hour)
		var out string
		for _, r := range w.got {
			out += fmt.Sprintf("%v %s\n", r.at, r.body)
		}
		return out + fmt.Sprint(w.Jobs(), w.Visits(), w.Invoices())
	}
	if a, b := story(), story(); a != b {
		t.Errorf("the stories differ:\n%s\n%s", a, b)
	}
}
