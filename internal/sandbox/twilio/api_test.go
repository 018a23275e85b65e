package twilio

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

func TestAnswersObeyTwiliosOpenAPI(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(data(t, "openapi-api-v2010-messages-calls.json", nil))
	must(t, err)
	const list, one = "/2010-04-01/Accounts/{AccountSid}/Messages.json", "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"
	w := newWorld(t, nil)
	w.Mark("+12085550199", Dead)
	sid := w.create()["sid"].(string)
	w.create("To", "+12085550199", "From", "", "MessagingServiceSid", service)
	w.run(time.Minute)
	scheduled := w.create("From", "", "MessagingServiceSid", service, "ScheduleType", "fixed", "SendAt", "2026-05-04T13:00:00Z")["sid"].(string)
	for _, c := range []struct {
		method, path, template string
		form                   url.Values
		status                 int
	}{
		{"POST", messages, list, form(), 201},
		{"POST", messages, list, form("From", "", "MessagingServiceSid", service), 201},
		{"GET", messages + "?PageSize=1", list, nil, 200},
		{"GET", messages + "?PageSize=1&Page=1", list, nil, 200},
		{"GET", messages + "?PageSize=50", list, nil, 200},
		{"GET", strings.Replace(messages, ".json", "/"+sid+".json", 1), one, nil, 200},
		{"POST", strings.Replace(messages, ".json", "/"+sid+".json", 1), one, url.Values{"Body": {""}}, 200},
		{"POST", strings.Replace(messages, ".json", "/"+scheduled+".json", 1), one, url.Values{"Status": {"canceled"}}, 200},
	} {
		t.Run(c.method+" "+c.path+" "+c.form.Encode(), func(t *testing.T) {
			w.t = t
			resp, got, err := w.call(c.method, c.path, c.form)
			must(t, err)
			if resp.StatusCode != c.status {
				t.Fatalf("answered %d %v, want %d", resp.StatusCode, got, c.status)
			}
			op := doc.Paths.Find(c.template).GetOperation(c.method)
			schema := op.Responses.Status(c.status).Value.Content.Get("application/json").Schema.Value
			if err := schema.VisitJSON(any(got), openapi3.MultiErrors()); err != nil {
				t.Error(err)
			}
			for name := range schema.Properties {
				if _, there := got[name]; !there {
					t.Errorf("%s is missing", name)
				}
			}
			for name := range got {
				if schema.Properties[name] == nil {
					t.Errorf("%s is too many", name)
				}
			}
			for name := range c.form {
				if op.RequestBody.Value.Content.Get("application/x-www-form-urlencoded").Schema.Value.Properties[name] == nil {
					t.Errorf("the OpenAPI knows no field %s", name)
				}
			}
		})
	}
}

func TestCreateRefusals(t *testing.T) {
	for _, c := range []struct {
		name string
		form url.Values
		code float64
	}{
		{"no recipient", form("To", ""), 21604},
		{"no sender", form("From", ""), 21603},
		{"no body", form("Body", ""), 21602},
		{"a body of 1601 characters", form("Body", strings.Repeat("é", 1601)), 21617},
		{"eleven pictures", url.Values{"To": {dana}, "From": {ours}, "MediaUrl": make([]string, 11)}, 21623},
		{"a foreign sender", form("From", "+12085559999"), 21659},
		{"an unknown service", form("From", "", "MessagingServiceSid", "MG9"), 21701},
		{"a service without numbers", form("From", "", "MessagingServiceSid", "MG00000000000000000000000000000003"), 21704},
		{"a recipient that is no number", form("To", "208-555-0142"), 21211},
		{"a US number that is too short", form("To", "+1208555014"), 21211},
		{"ourselves", form("To", ours), 21266},
		{"another country", form("To", "+4915112345678"), 21408},
		{"a relative callback", form("StatusCallback", "/status"), 21609},
		{"a callback host with an underscore", form("StatusCallback", "https://my_host.example.com/"), 21609},
		{"a validity of nothing", form("ValidityPeriod", "0"), 21624},
		{"a validity over ten hours", form("ValidityPeriod", "36001"), 21624},
		{"a schedule without a service", form("ScheduleType", "fixed", "SendAt", "2026-05-04T13:00:00Z"), 35118},
		{"a schedule in ten minutes", form("From", "", "MessagingServiceSid", service, "ScheduleType", "fixed", "SendAt", "2026-05-04T12:10:00Z"), 35114},
		{"a schedule without a time", form("From", "", "MessagingServiceSid", service, "ScheduleType", "fixed"), 35111},
		{"a number marked as invalid", form("To", "+12085550191"), 21211},
		{"a number marked as no mobile", form("To", "+12085550192"), 21614},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.Mark("+12085550191", Invalid)
			w.Mark("+12085550192", NotMobile)
			resp, v, err := w.call("POST", messages, c.form)
			must(t, err)
			if resp.StatusCode != 400 || v["code"] != c.code || v["status"] != 400.0 || v["message"] == "" ||
				v["more_info"] != fmt.Sprintf("https://www.twilio.com/docs/errors/%d", int(c.code)) {
				t.Errorf("answered %d %v, want 400 with %v", resp.StatusCode, v, c.code)
			}
			if len(w.Messages()) != 0 {
				t.Error("a message was kept")
			}
		})
	}
}

// TestCodesAreTwilios checks that no refusal is invented, except the two that
// the pack of codes does not list.
func TestCodesAreTwilios(t *testing.T) {
	var pack struct{ Codes []struct{ Code int } }
	data(t, "error-codes.json", &pack)
	known := map[int]bool{20001: true, 20009: true, validityExpired: true}
	for _, c := range pack.Codes {
		known[c.Code] = true
	}
	for code := range texts {
		if !known[code] {
			t.Errorf("%d is not a code of Twilio's", code)
		}
	}
}

func TestOnlyTheAccountMayAsk(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range []struct {
		name, user, password, path string
		want                       int
	}{
		{"the account", account, token, messages, 200},
		{"a wrong token", account, "guess", messages, 401},
		{"another account's path", account, token, strings.Replace(messages, account, "AC00000000000000000000000000000002", 1), 401},
		{"an unknown message", account, token, strings.Replace(messages, ".json", "/SM0.json", 1), 404},
	} {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://api.twilio.com"+c.path, nil)
		req.SetBasicAuth(c.user, c.password)
		resp, err := w.net.RoundTrip(req)
		must(t, err)
		if resp.StatusCode != c.want {
			t.Errorf("%s: answered %d, want %d", c.name, resp.StatusCode, c.want)
		}
	}
}

func TestAMessageOfAServiceHasNoSenderYet(t *testing.T) {
	w := newWorld(t, nil)
	direct, pooled := w.create(), w.create("From", "", "MessagingServiceSid", service)
	if direct["status"] != "queued" || direct["from"] != ours || direct["num_segments"] != "1" || direct["date_sent"] != nil || direct["price"] != nil {
		t.Errorf("direct: %v", direct)
	}
	if pooled["status"] != "accepted" || pooled["from"] != nil || pooled["num_segments"] != "0" || pooled["messaging_service_sid"] != service {
		t.Errorf("by service: %v", pooled)
	}
	w.run(time.Minute)
	_, got, err := w.call("GET", pooled["uri"].(string), nil)
	must(t, err)
	if from := got["from"]; got["status"] != "delivered" || (from != pool && from != "+12085550102") || got["date_sent"] != "Mon, 04 May 2026 12:00:01 +0000" || got["price"] != "-0.00830" {
		t.Errorf("later: %v", got)
	}
}

func TestTheSameRequestTwiceIsTwoMessages(t *testing.T) {
	w := newWorld(t, nil)
	if w.create()["sid"] == w.create()["sid"] || len(w.Messages()) != 2 {
		t.Error("there is no idempotency key, so two creates are two messages")
	}
}

func TestListFiltersAndPages(t *testing.T) {
	w := newWorld(t, nil)
	var sids []string
	for n := range 5 {
		sids = append(sids, w.create("To", fmt.Sprintf("+1208555015%d", n%2))["sid"].(string))
		w.run(24 * time.Hour)
	}
	slices.Reverse(sids) // newest first
	for query, want := range map[string][]string{
		"":                       sids,
		"To=%2B12085550151":      {sids[1], sids[3]},
		"From=%2B12085550100":    sids,
		"From=%2B12085550101":    nil,
		"DateSent=2026-05-05":    {sids[3]},
		"DateSent%3E=2026-05-07": {sids[0], sids[1]},
		"DateSent%3C=2026-05-05": {sids[3], sids[4]},
		"DateSent%3E=2026-05-05&DateSent%3C=2026-05-06":     {sids[2], sids[3]},
		"DateSent%3E=2026-05-08T12:00:00Z":                  {sids[0]},
		"To=%2B12085550151&DateSent=2026-05-05&PageSize=10": {sids[3]},
	} {
		got, _ := w.list(query)
		equal(t, "list "+query, got, want)
	}
	first, page := w.list("PageSize=2")
	w.create()
	var rest []string
	for next, _ := page["next_page_uri"].(string); next != ""; next, _ = page["next_page_uri"].(string) {
		var more []string
		_, query, _ := strings.Cut(next, "?")
		more, page = w.list(query)
		rest = append(rest, more...)
	}
	equal(t, "pages by token, while a message came", append(first, rest...), sids)
	if shifted, _ := w.list("PageSize=2&Page=1"); shifted[0] != sids[1] {
		t.Errorf("page 1 by number starts with %s, want the last of page 0 again", shifted[0])
	}
	if resp, _, _ := w.call("GET", messages+"?DateSent=yesterday", nil); resp.StatusCode != 400 {
		t.Errorf("a date that is none answered %d", resp.StatusCode)
	}
}

func TestAListCanLagBehindAMessage(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Faults.StaleList = 1 })
	m := w.create()
	if got, _ := w.list(""); len(got) != 0 {
		t.Errorf("the list shows %v at once", got)
	}
	if resp, _, _ := w.call("GET", m["uri"].(string), nil); resp.StatusCode != 200 {
		t.Errorf("the message itself answered %d", resp.StatusCode)
	}
	w.run(time.Minute)
	if got, _ := w.list(""); len(got) != 1 {
		t.Errorf("the list shows %v after a minute", got)
	}
}

func TestAPIFaults(t *testing.T) {
	for _, c := range []struct {
		name    string
		faults  Faults
		status  int
		code    float64
		created int
	}{
		{"too many requests", Faults{TooMany: 1}, 429, 20429, 0},
		{"a server error before", Faults{ServerError: 1}, 500, 20500, 0},
		{"a server error after", Faults{CreateError: 1}, 500, 20500, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.Faults = c.faults })
			resp, v, err := w.call("POST", messages, form())
			must(t, err)
			if resp.StatusCode != c.status || v["code"] != c.code || len(w.Messages()) != c.created {
				t.Errorf("answered %d %v with %d messages, want %d %v and %d", resp.StatusCode, v, len(w.Messages()), c.status, c.code, c.created)
			}
		})
	}
	t.Run("a lost answer", func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.Faults.LostAnswer = 1 })
		if _, _, err := w.call("POST", messages, form()); !errors.Is(err, io.ErrUnexpectedEOF) || len(w.Messages()) != 1 {
			t.Errorf("got %v and %d messages, want a cut and one", err, len(w.Messages()))
		}
	})
}

func TestScheduledMessages(t *testing.T) {
	w := newWorld(t, nil)
	at := []string{"From", "", "MessagingServiceSid", plain, "ScheduleType", "fixed", "SendAt", "2026-05-04T13:00:00Z"}
	goes, dropped := w.create(at...), w.create(at...)
	if goes["status"] != "scheduled" {
		t.Fatalf("created as %v, want scheduled", goes["status"])
	}
	_, err := w.Receive(dana, "+12085550103", "STOP")
	must(t, err)
	if resp, v, _ := w.call("POST", dropped["uri"].(string), url.Values{"Status": {"canceled"}}); resp.StatusCode != 200 || v["status"] != "canceled" {
		t.Errorf("canceling answered %v", v)
	}
	w.run(59 * time.Minute)
	if got := w.Messages()[0].Status; got != "scheduled" {
		t.Errorf("it is %s before its time", got)
	}
	w.run(10 * time.Minute)
	if got := w.Messages(); got[0].Status != "delivered" || got[1].Status != "canceled" || !got[1].Arrived.IsZero() {
		t.Errorf("they are %s and %s, want delivered in spite of the STOP, and canceled", got[0].Status, got[1].Status)
	}
	if resp, v, _ := w.call("POST", goes["uri"].(string), url.Values{"Status": {"canceled"}}); resp.StatusCode != 400 || v["code"] != 30409.0 {
		t.Errorf("canceling a sent one answered %v", v)
	}
}

func TestForgettingAndDeleting(t *testing.T) {
	w := newWorld(t, nil)
	uri := w.create()["uri"].(string)
	if resp, _, _ := w.call("POST", uri, url.Values{"Body": {""}}); resp.StatusCode != 400 {
		t.Errorf("forgetting a message under way answered %d", resp.StatusCode)
	}
	w.run(time.Minute)
	if resp, v, _ := w.call("POST", uri, url.Values{"Body": {""}}); resp.StatusCode != 200 || v["body"] != "" {
		t.Errorf("forgetting answered %v", v)
	}
	if w.Messages()[0].Body == "" {
		t.Error("the oracle's copy is gone too")
	}
	if resp, _, _ := w.call("DELETE", uri, nil); resp.StatusCode != 204 {
		t.Errorf("deleting answered %d", resp.StatusCode)
	}
	if got, _ := w.list(""); len(got) != 0 {
		t.Errorf("a deleted message is listed: %v", got)
	}
}

func TestSegments(t *testing.T) {
	var pack struct {
		Vectors []struct {
			Name, Body string
			Segments   int
		}
	}
	data(t, "segment-vectors.json", &pack)
	for _, v := range pack.Vectors {
		if got := segments(v.Body); got != v.Segments {
			t.Errorf("%s: %d segments, want %d", v.Name, got, v.Segments)
		}
	}
}

func TestServicesObeyTwiliosOpenAPI(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(data(t, "openapi-messaging-v1-services.json", nil))
	must(t, err)
	w := newWorld(t, nil)
	for method, form := range map[string]url.Values{"GET": nil, "POST": {"InboundRequestUrl": {"https://hooks.example.com/in"}, "InboundMethod": {"POST"}}} {
		resp, got, err := w.call(method, "/v1/Services/"+service, form)
		must(t, err)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s answered %d %v", method, resp.StatusCode, got)
		}
		schema := doc.Components.Schemas["messaging.v1.service"].Value
		if err := schema.VisitJSON(any(got), openapi3.MultiErrors()); err != nil {
			t.Error(err)
		}
		for name := range got {
			if schema.Properties[name] == nil {
				t.Errorf("%s is too many", name)
			}
		}
	}
	if got := w.Inbound(service); got != "https://hooks.example.com/in" {
		t.Errorf("texts that come in are told to %q", got)
	}
}

func TestATextIsToldWhereItsNumberOrServiceSays(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Inbound = map[string]string{ours: "https://hooks.example.com/own"} })
	numbers := strings.Replace(messages, "/Messages.json", "/IncomingPhoneNumbers", 1)
	told := func(number string) string {
		t.Helper()
		before := len(w.got)
		_, err := w.Receive(dana, number, "hello")
		must(t, err)
		w.run(time.Minute)
		if len(w.got) == before {
			return ""
		}
		return w.got[len(w.got)-1].uri
	}
	if got := told(ours); !strings.HasSuffix(got, "/own") {
		t.Errorf("told at %q, want the number's own address", got)
	}
	_, list, err := w.call("GET", numbers+".json?PhoneNumber="+url.QueryEscape(ours), nil)
	must(t, err)
	one := list["incoming_phone_numbers"].([]any)[0].(map[string]any)
	if one["sms_url"] != "https://hooks.example.com/own" || one["phone_number"] != ours {
		t.Errorf("the number is shown as %v", one)
	}
	_, _, err = w.call("POST", numbers+"/"+one["sid"].(string)+".json", url.Values{"SmsUrl": {""}})
	must(t, err)
	if got := told(ours); got != "" {
		t.Errorf("told at %q, want nowhere", got)
	}
	w.SetInbound(service, "")
	if sid, err := w.Receive(dana, pool, "hello"); err != nil || sid != "" {
		t.Errorf("a service without an address has received %q, %v", sid, err)
	}
	_, _, err = w.call("POST", "/v1/Services/"+service, url.Values{"UseInboundWebhookOnNumber": {"true"}})
	must(t, err)
	w.SetInbound(pool, "https://hooks.example.com/pool")
	if got := told(pool); !strings.HasSuffix(got, "/pool") {
		t.Errorf("told at %q, want the address of the service's number", got)
	}
}
