package jobber

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
)

func sign(body []byte, at time.Time) connect.Request {
	mac := hmac.New(sha256.New, []byte(config().ClientSecret))
	mac.Write(body)
	return connect.Request{
		Method: http.MethodPost, Body: body, Received: at,
		Header: http.Header{"X-Jobber-Hmac-Sha256": {base64.StdEncoding.EncodeToString(mac.Sum(nil))}},
	}
}

func TestReceiver(t *testing.T) {
	got := samples(t)
	var bodies [][]byte
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if strings.HasPrefix(name, "webhook-") {
			bodies = append(bodies, got[name])
		}
	}
	connecttest.TestReceiver(t, connecttest.Receiver{Receiver: newTool(), Sign: sign, Bodies: bodies})
}

// The digest was computed with openssl, so that a mistake shared by signer and verifier is
// seen.
func TestSignatureIsOfTheBodyInBase64(t *testing.T) {
	r := connect.Request{Body: []byte(`{"data":{}}`), Header: http.Header{}}
	r.Header.Set("X-Jobber-Hmac-SHA256", "4t8NwwRzpQP5ES5nXuMJUJJUvBzG9ANrI3+JqkcqLA0=")
	if err := newTool().Verify(r); err != nil {
		t.Errorf("Verify = %v, want nil", err)
	}
}

func TestSplitNamesAccountAndObject(t *testing.T) {
	body := samples(t)["webhook-visit-complete"]
	events, err := newTool().Split(sign(body, received))
	want := connect.Event{Account: account, Event: "VISIT_COMPLETE", Object: visit, Body: body}
	if err != nil || len(events) != 1 || !reflect.DeepEqual(events[0], want) {
		t.Errorf("Split = %+v, %v, want %+v", events, err, want)
	}
}

func notice(topic, id string) plumbline.Delivery {
	return plumbline.Delivery{
		Tool: "jobber", Event: topic, Object: id, Received: received,
		Body: fmt.Appendf(nil, `{"data":{"webHookEvent":{"topic":%q,"appId":"a","accountId":"b","itemId":%q,"occurredAt":"2026-05-05T15:48:30Z"}}}`, topic, id),
	}
}

func TestWhatBecomesOfEachTopic(t *testing.T) {
	thin := func(kind plumbline.Kind, id string) error { return connect.Thin{Kind: kind, ID: id} }
	type outcome struct {
		err     error
		deleted string
	}
	want := map[string]outcome{
		"QUOTE_SENT": {err: thin("job", "quote/x")}, "QUOTE_APPROVED": {err: thin("job", "quote/x")}, "JOB_CLOSED": {err: thin("job", "x")},
		"VISIT_COMPLETE": {err: thin("visit", "x")}, "USER_CREATE": {err: thin("technician", "x")}, "USER_UPDATE": {err: thin("technician", "x")},
	}
	for about, c := range map[string]struct{ kind, prefix string }{
		"CLIENT": {"customer", ""}, "PROPERTY": {"property", ""}, "JOB": {"job", ""}, "VISIT": {"visit", ""}, "INVOICE": {"invoice", ""},
		"PAYMENT": {"payment", ""}, "QUOTE": {"job", "quote/"}, "REQUEST": {"job", "request/"},
	} {
		want[about+"_CREATE"] = outcome{err: thin(plumbline.Kind(c.kind), c.prefix+"x")}
		want[about+"_UPDATE"] = outcome{err: thin(plumbline.Kind(c.kind), c.prefix+"x")}
		want[about+"_DESTROY"] = outcome{deleted: c.kind + " " + c.prefix + "x"}
	}
	for topic, rule := range map[string]string{
		"TIMESHEET_CREATE": "time sheets are not read", "EXPENSE_DESTROY": "expenses are not read", "PAYOUT_UPDATE": "payouts are not read",
		"PRODUCT_OR_SERVICE_UPDATE": "the price list is not read", "MARKETING_ITEM_UPDATE": "marketing is not read",
		"ON_MY_WAY_TRACKING_LINK_REQUEST": "a tracking link that was asked for is no technician on the way",
		"APP_CONNECT":                     "who uses the app shows when it is asked", "APP_DISCONNECT": "who uses the app shows when it is asked",
		"JOB_COMPLETE": "a topic that we do not know", "UNICORN_CREATE": "a topic that we do not know", "JOB": "a topic that we do not know", "": "a topic that we do not know",
	} {
		want[topic] = outcome{err: connect.Ignored{Rule: rule}}
	}
	for topic, w := range want {
		readings, err := newTool().Decode(notice(topic, "x"))
		if w.deleted == "" {
			if len(readings) != 0 || !reflect.DeepEqual(err, w.err) {
				t.Errorf("%s = %v, %v, want %v", topic, readings, err, w.err)
			}
			continue
		}
		if err != nil || len(readings) == 0 || !readings[0].Deleted || !readings[0].At.Equal(time.Date(2026, 5, 5, 15, 48, 30, 0, time.UTC)) ||
			string(readings[0].Kind)+" "+readings[0].ID != w.deleted {
			t.Errorf("%s = %+v, %v, want the deletion of %s at its time", topic, readings, err, w.deleted)
		}
	}
}

func TestDeletedRequestTakesItsAssessmentAlong(t *testing.T) {
	gone := plumbline.Delivery{Event: "read", Read: received, Body: goneAnswer(plumbline.Job, "request/x").Body}
	for _, d := range []plumbline.Delivery{notice("REQUEST_DESTROY", "x"), gone} {
		readings, err := newTool().Decode(d)
		if err != nil || len(readings) != 2 || readings[1].Kind != plumbline.Visit || readings[1].ID != "request/x" || !readings[1].Deleted {
			t.Errorf("Decode(%s) = %+v, %v, want the request and its visit deleted", d.Event, readings, err)
		}
	}
}

func TestMisspeltTimeIsRead(t *testing.T) {
	d := notice("JOB_DESTROY", "x")
	d.Body = []byte(strings.NewReplacer("occurredAt", "occuredAt", "15:48:30Z", "09:48:30-06:00").Replace(string(d.Body)))
	readings, err := newTool().Decode(d)
	if err != nil || !readings[0].At.Equal(time.Date(2026, 5, 5, 15, 48, 30, 0, time.UTC)) {
		t.Errorf("Decode = %v, %v, want the time of the event", readings, err)
	}
}

func TestNoticeWithoutObjectIsAMistake(t *testing.T) {
	for _, body := range []string{`{}`, `{"data":null}`, `{"data":{"webHookEvent":{"itemId":""}}}`, `{"data":{"webHookEvent":[]}}`} {
		_, err := newTool().Decode(plumbline.Delivery{Event: "JOB_UPDATE", Body: []byte(body)})
		if err == nil || errors.As(err, new(connect.Thin)) {
			t.Errorf("Decode(%s) = %v, want an error", body, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("b64", []byte(`{"data":{}}`))
	f.Add(sign([]byte("x"), received).Header.Get("X-Jobber-Hmac-SHA256"), []byte("y"))
	tool := newTool()
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		r := connect.Request{Body: body, Header: http.Header{}, Received: received}
		r.Header.Set("X-Jobber-Hmac-SHA256", signature)
		good := sign(body, received)
		if err := tool.Verify(r); (err == nil) != (signature == good.Header.Get("X-Jobber-Hmac-SHA256")) {
			t.Errorf("Verify(%q, %q) = %v", signature, body, err)
		}
		if err := tool.Verify(good); err != nil {
			t.Errorf("Verify of what is signed = %v", err)
		}
	})
}

func FuzzSplit(f *testing.F) {
	for _, topic := range []string{"JOB_UPDATE", ""} {
		f.Add(notice(topic, "x").Body)
	}
	tool := newTool()
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := tool.Split(connect.Request{Body: body, Received: received})
		if err != nil || len(events) != 1 || string(events[0].Body) != string(body) {
			t.Errorf("Split(%q) = %v, %v, want the body as one event", body, events, err)
		}
	})
}
