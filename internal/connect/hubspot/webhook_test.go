package hubspot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
)

type vector struct {
	Version, Name, Secret, Expected, Method, Body, Timestamp string
	ReceivedURI                                              string `json:"received_uri"`
}

func vectors(t testing.TB) []vector {
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(vendorFile(t, "signature-vectors.json"), &file); err != nil {
		t.Fatal(err)
	}
	return file.Vectors
}

func (v vector) request(t testing.TB) connect.Request {
	u, err := url.Parse(v.ReceivedURI)
	if err != nil {
		t.Fatal(err)
	}
	ms, _ := strconv.ParseInt(v.Timestamp, 10, 64)
	h := http.Header{}
	h.Set("X-HubSpot-Signature-v3", v.Expected)
	h.Set("X-HubSpot-Request-Timestamp", v.Timestamp)
	return connect.Request{Method: v.Method, URL: u, Header: h, Body: []byte(v.Body), Received: time.UnixMilli(ms).Add(time.Second)}
}

func TestSignatureVectors(t *testing.T) {
	n := 0
	for _, v := range vectors(t) {
		t.Run(v.Version+" "+v.Name, func(t *testing.T) {
			r := Receiver{ClientSecret: connect.Secret(v.Secret)}
			if v.Version != "v3" {
				// the older signatures bear no time and are never enough
				req := connect.Request{Method: "POST", URL: &url.URL{Scheme: "https", Host: "www.example.com", Path: "/webhook_uri"}, Header: http.Header{}, Body: []byte(v.Body), Received: noon}
				req.Header.Set("X-HubSpot-Signature", v.Expected)
				req.Header.Set("X-HubSpot-Signature-Version", v.Version)
				req.Header.Set("X-HubSpot-Request-Timestamp", strconv.FormatInt(noon.UnixMilli(), 10))
				if err := r.Verify(req); !errors.Is(err, connect.ErrSignature) {
					t.Errorf("Verify = %v, want a refusal", err)
				}
				return
			}
			n++
			if err := r.Verify(v.request(t)); err != nil {
				t.Errorf("Verify = %v", err)
			}
		})
	}
	if n != 5 {
		t.Errorf("%d vectors of version 3, want 5", n)
	}
}

func signed() connect.Request { return sign([]byte(`[{"portalId":1}]`), noon) }

// sign makes a request with a good signature from the documented steps.
func sign(body []byte, at time.Time) connect.Request {
	u := &url.URL{Scheme: "https", Host: "hooks.example.com", Path: "/hooks/hubspot", RawQuery: "a=1%3A2"}
	req := connect.Request{Method: "POST", URL: u, Header: http.Header{}, Body: body, Received: at}
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte("POSThttps://hooks.example.com/hooks/hubspot?a=1:2" + string(req.Body) + stamp))
	req.Header.Set("X-HubSpot-Signature-v3", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	req.Header.Set("X-HubSpot-Request-Timestamp", stamp)
	return req
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	r := Receiver{ClientSecret: "secret"}
	if err := r.Verify(signed()); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	for name, change := range map[string]func(*connect.Request){
		"older than five minutes":    func(r *connect.Request) { r.Received = noon.Add(5*time.Minute + time.Millisecond) },
		"from the future":            func(r *connect.Request) { r.Received = noon.Add(-5*time.Minute - time.Millisecond) },
		"no time":                    func(r *connect.Request) { r.Header.Del("X-HubSpot-Request-Timestamp") },
		"a time that is no number":   func(r *connect.Request) { r.Header.Set("X-HubSpot-Request-Timestamp", "noon") },
		"another time":               func(r *connect.Request) { r.Header.Set("X-HubSpot-Request-Timestamp", "1795201200001") },
		"no signature":               func(r *connect.Request) { r.Header.Del("X-HubSpot-Signature-v3") },
		"a signature in hex":         func(r *connect.Request) { r.Header.Set("X-HubSpot-Signature-v3", "zz") },
		"a body written anew":        func(r *connect.Request) { r.Body = []byte(`[{"portalId": 1}]`) },
		"plain http":                 func(r *connect.Request) { r.URL.Scheme = "http" },
		"a slash more":               func(r *connect.Request) { r.URL.Path += "/" },
		"another method":             func(r *connect.Request) { r.Method = "PUT" },
		"another query":              func(r *connect.Request) { r.URL.RawQuery = "a=1%3A3" },
		"an escape that stays as is": func(r *connect.Request) { r.URL.RawQuery = "a%3D1%3A2" },
	} {
		req := signed()
		change(&req)
		if err := r.Verify(req); !errors.Is(err, connect.ErrSignature) {
			t.Errorf("%s: Verify = %v", name, err)
		}
	}
	none := Receiver{}
	if err := none.Verify(signed()); err == nil {
		t.Error("a receiver without a secret takes anything")
	}
}

func TestReceiverSuite(t *testing.T) {
	connecttest.TestReceiver(t, connecttest.Receiver{Receiver: &Receiver{ClientSecret: "secret"}, Sign: sign, Window: window, Bodies: [][]byte{
		[]byte(`[{"portalId":1,"objectId":7,"subscriptionType":"contact.creation"}]`),
		[]byte(`[{"portalId":1,"objectId":7,"subscriptionType":"deal.deletion"},{"portalId":2,"objectId":8,"subscriptionType":"contact.merge","newObjectId":9}]`),
	}})
}

func TestSplitNamesAccountAndRecord(t *testing.T) {
	var file struct{ Push []json.RawMessage }
	if err := json.Unmarshal(vendorFile(t, "fixtures-webhooks.json"), &file); err != nil {
		t.Fatal(err)
	}
	want := [][2]string{{"contact.propertyChange", "847297356"}, {"contact.creation", "847297356"}, {"contact.propertyChange", "847297356"},
		{"object.propertyChange", "847297356"}, {"contact.merge", "99999"}, {"contact.associationChange", "501"}}
	for i, body := range file.Push {
		got, err := (&Receiver{}).Split(connect.Request{Body: body})
		if err != nil || len(got) != 1 {
			t.Fatalf("%d: %v %v", i, got, err)
		}
		if e := got[0]; e.Account != "891472211" || e.Event != want[i][0] || e.Object != want[i][1] || e.Key != "" {
			t.Errorf("%d: %+v, want %v", i, e, want[i])
		}
	}
}

func TestEventsOfSeveralAccountsKeepTheirBytes(t *testing.T) {
	body := `[{"portalId":1, "objectId":7,"eventType":"deal.creation"},{"portalId":2,"objectId":9007199254740993,"subscriptionType":"contact.deletion"}]`
	got, err := (&Receiver{}).Split(connect.Request{Body: []byte(body)})
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	if got[0].Account != "1" || got[0].Event != "deal.creation" || string(got[0].Body) != `{"portalId":1, "objectId":7,"eventType":"deal.creation"}` || got[1].Account != "2" || got[1].Object != "9007199254740993" {
		t.Errorf("%+v", got)
	}
	for _, odd := range []string{`[1]`, `["x"]`, `[{"portalId":{}}]`, `[{}]`} {
		got, err := (&Receiver{}).Split(connect.Request{Body: []byte(odd[:len(odd)-1] + "," + body[1:])})
		if err != nil || len(got) != 3 || got[0].Event != "unknown" || got[0].Account != "" || got[2].Account != "2" {
			t.Errorf("%s costs the others: %+v, %v", odd, got, err)
		}
	}
	for _, bad := range []string{``, `{}`, `[]`, `null`} {
		if _, err := (&Receiver{}).Split(connect.Request{Body: []byte(bad)}); err == nil {
			t.Errorf("%q is split", bad)
		}
	}
}

func FuzzReceiver(f *testing.F) {
	f.Add("POST", "https://hooks.example.com/hooks/hubspot?a=1%3A2", "1795201200000", "c2ln", []byte(`[{"portalId":1,"objectId":2}]`))
	f.Fuzz(func(t *testing.T, method, address, stamp, signature string, body []byte) {
		u, err := url.Parse(address)
		if err != nil {
			return
		}
		req := connect.Request{Method: method, URL: u, Header: http.Header{}, Body: body, Received: noon}
		req.Header.Set("X-HubSpot-Signature-v3", signature)
		req.Header.Set("X-HubSpot-Request-Timestamp", stamp)
		if (&Receiver{ClientSecret: "secret of the fuzz"}).Verify(req) == nil {
			t.Error("a guess passes")
		}
		events, err := (&Receiver{}).Split(req)
		for _, e := range events {
			if err != nil || !json.Valid(e.Body) {
				t.Errorf("event %q, %v", e.Body, err)
			}
		}
	})
}
