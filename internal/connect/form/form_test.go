package form

import (
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
)

const secret = connect.Secret("0123456789abcdef0123")

var (
	noon = time.Date(2026, 5, 4, 18, 0, 0, 0, time.UTC)
	tool = New(Config{Secrets: []connect.Secret{secret}, Tokens: []connect.Secret{"token-0123456789"}, Fields: map[string]string{"mobile_phone": "contact.cell", "asset.serial": "serial"},
		Ticks: []Tick{{"sms_ok", "service", "Text me about my appointment."}, {"offers", "marketing", "Text me offers."}}})
)

const filled = `{"first_name":"Dana","last_name":"Whitlock","contact":{"cell":"(208) 555-0142"},"email":"dana@example.com","street":"418 Larkspur Ln","city":"Boise","state":"ID",
	"postal_code":"83702","asset":{"type":"Furnace","maker":"Trane","installed":"3/4/2019"},"serial":"21X4-7","sms_ok":true,"offers":false}`

func signed(body []byte, at time.Time) connect.Request {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return connect.Request{Method: "POST", Body: body, Received: at, Header: http.Header{"Content-Type": {"application/json"}, TimestampHeader: {stamp},
		SignatureHeader: {hex.EncodeToString(Sign(secret, stamp, body))}}}
}

func TestTheContract(t *testing.T) {
	connecttest.TestReceiver(t, connecttest.Receiver{Receiver: New(Config{Secrets: []connect.Secret{secret}}), Sign: signed,
		Bodies: [][]byte{[]byte(filled), []byte(`{"email":"abe@example.com"}`)}, Window: window})
	connecttest.TestDecoder(t, connecttest.Decoder{Decoder: tool, Deliveries: []plumbline.Delivery{delivery(t, []byte(filled), "application/json")}})
}

func delivery(t *testing.T, body []byte, kind string) plumbline.Delivery {
	t.Helper()
	r := signed(body, noon)
	r.Header.Set("Content-Type", kind)
	events, err := tool.Split(r)
	if err != nil || len(events) != 1 {
		t.Fatalf("Split(%s) = %v, %v", body, events, err)
	}
	return plumbline.Delivery{Location: "boise", Connection: "website", Tool: "form", Event: events[0].Event, Object: events[0].Object, Key: "k", Received: noon, Body: events[0].Body}
}

func TestAFormIsReadAsTypedByAPerson(t *testing.T) {
	encoded := "first_name=Dana&last_name=Whitlock&contact.cell=208-555-0142&email=dana%40example.com&street=418+Larkspur+Ln&asset.type=Furnace&asset.maker=Trane&asset.installed=2019-03-04&serial=21X4-7&sms_ok=on"
	for kind, body := range map[string]string{"application/json": filled, "application/x-www-form-urlencoded": encoded} {
		list, err := tool.Decode(delivery(t, []byte(body), kind))
		if err != nil || len(list) != 4 {
			t.Fatalf("%s: Decode = %+v, %v, want a customer, a property, a unit and a yes", kind, list, err)
		}
		for i, want := range []map[string]plumbline.Value{{"first_name": `"Dana"`, "email": `"dana@example.com"`}, {"street": `"418 Larkspur Ln"`}, {"serial": `"21X4-7"`, "installed": `"2019-03-04"`}} {
			for field, v := range want {
				if list[i].Fields[field] != v || len(list[i].Authors) > 0 {
					t.Errorf("%s: %s of the %s is %s by %v, want %s by nobody but a person", kind, field, list[i].Kind, list[i].Fields[field], list[i].Authors, v)
				}
			}
		}
		for name, v := range list[3].Fields {
			if list[3].ID != "+12085550142" || !strings.HasPrefix(name, "consent:website/") || !strings.Contains(string(v), `"wording":"Text me about my appointment."`) || !strings.Contains(string(v), `"tick":"service"`) {
				t.Errorf("%s: the yes at %s is %s %s", kind, list[3].ID, name, v)
			}
		}
	}
}

// What was kept reads the same when the form's names have changed since.
func TestASubmissionCarriesHowItIsRead(t *testing.T) {
	d := delivery(t, []byte(filled), "application/json")
	list, err := New(Config{Fields: map[string]string{"mobile_phone": "other", "first_name": ""}}).Decode(d)
	if err != nil || len(list) != 4 || list[0].Fields["mobile_phone"] != `"(208) 555-0142"` {
		t.Errorf("Decode = %+v, %v", list, err)
	}
}

func TestWhatAFormLacks(t *testing.T) {
	var ignored connect.Ignored
	if _, err := tool.Decode(delivery(t, []byte(`{"first_name":"Dana"}`), "application/json")); !errors.As(err, &ignored) {
		t.Errorf("a form that names nobody: %v, want it ignored", err)
	}
	if _, err := tool.Decode(delivery(t, []byte(`{"email":"a@b.net","asset":{"maker":"Trane","installed":"soon"}}`), "application/json")); err == nil || !strings.Contains(err.Error(), "soon") {
		t.Errorf("a day that is none: %v", err)
	}
	list, err := tool.Decode(delivery(t, []byte(`{"email":"a@b.net","sms_ok":"on"}`), "application/json"))
	if err != nil || len(list) != 1 {
		t.Errorf("a yes at no number: %+v, %v, want the customer alone", list, err)
	}
}

func TestATokenLetsAFormIn(t *testing.T) {
	for token, good := range map[string]bool{"Bearer token-0123456789": true, "Bearer token-012345678": false, "token-0123456789": false, "Bearer ": false, "": false} {
		err := tool.Verify(connect.Request{Header: http.Header{"Authorization": {token}}, Body: []byte(filled), Received: noon})
		if (err == nil) != good || err != nil && !errors.Is(err, connect.ErrSignature) {
			t.Errorf("%q: %v, want accepted %v", token, err, good)
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	keys := []connect.Secret{secret}
	for says, c := range map[string]Config{"no token": {}, "16 characters": {Tokens: []connect.Secret{"short"}}, `no field "phone"`: {Secrets: keys, Fields: map[string]string{"phone": "x"}},
		"no field": {Secrets: keys, Ticks: []Tick{{"", "service", "x"}}}, "is no tick": {Secrets: keys, Ticks: []Tick{{"x", "sms", "x"}}}, "wording": {Secrets: keys, Ticks: []Tick{{"x", "service", " "}}}} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	if err := tool.config.Validate(); err != nil {
		t.Errorf("a configuration without mistakes: %v", err)
	}
}
