package twilio

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
)

const (
	account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	textSid = "SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	service = "MGcccccccccccccccccccccccccccccccc"
	token   = "0123456789abcdef0123456789abcdef"
	hooks   = "https://hooks.example.com/hooks/texts"
)

var received = time.Date(2026, 5, 5, 14, 0, 0, 0, time.UTC)

func config() Config {
	return Config{
		AccountSid: account, AuthTokens: []connect.Secret{token, "old-token-old-token"}, From: "+15005550006", CallbackURL: hooks,
	}
}

func newTool() *Tool { return New(config(), nil, func() time.Time { return received }) }

// vendorData reads one of the vendor's data files.
func vendorData(t testing.TB, name string, into any) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "vendors", "data", "twilio", name)
	b, err := os.ReadFile(path)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the vendor's data are not there: %v", err)
		}
		t.Skipf("the vendor's data are not there: %v", err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func mustURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestEverySignatureVector(t *testing.T) {
	var data struct {
		Vectors []struct {
			Name      string `json:"name"`
			AuthToken string `json:"auth_token"`
			Kind      string `json:"kind"`
			URL       string `json:"request_url"`
			Body      string `json:"raw_body"`
			Signature string `json:"signature"`
			Valid     bool   `json:"expect_valid"`
		} `json:"vectors"`
	}
	vendorData(t, "signature-vectors.json", &data)
	if len(data.Vectors) != 26 {
		t.Errorf("there are %d vectors, want 26", len(data.Vectors))
	}
	for _, v := range data.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			tool := New(Config{AuthTokens: []connect.Secret{"another token", connect.Secret(v.AuthToken)}}, nil, time.Now)
			kind := map[string]string{"form": urlencoded, "json": "application/json"}[v.Kind]
			err := tool.Verify(connect.Request{
				Method: http.MethodPost, URL: mustURL(t, v.URL), Body: []byte(v.Body),
				Header: http.Header{"X-Twilio-Signature": {v.Signature}, "Content-Type": {kind}},
			})
			if (err == nil) != v.Valid {
				t.Errorf("Verify = %v, want accepted %v", err, v.Valid)
			}
		})
	}
}

// sign makes the request that Twilio would make, by its documented rule.
func sign(t testing.TB, address string) func([]byte, time.Time) connect.Request {
	return func(body []byte, at time.Time) connect.Request {
		text := address
		form, _ := url.ParseQuery(string(body)) // garbage is signed as far as it goes
		var names []string
		for name := range form {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			text += name + form.Get(name)
		}
		mac := hmac.New(sha1.New, []byte(token))
		mac.Write([]byte(text))
		return connect.Request{
			Method: http.MethodPost, URL: mustURL(t, address), Body: body, Received: at,
			Header: http.Header{"Content-Type": {urlencoded}, "X-Twilio-Signature": {base64.StdEncoding.EncodeToString(mac.Sum(nil))}},
		}
	}
}

func form(pairs ...string) []byte {
	f := url.Values{"AccountSid": {account}, "ApiVersion": {"2010-04-01"}}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return []byte(f.Encode())
}

func inboundBody(sid, text string) []byte {
	return form("MessageSid", sid, "SmsSid", sid, "From", "+14155552671", "To", "+15005550006", "Body", text, "NumMedia", "0", "SmsStatus", "received", "ToCity", "")
}

func statusBody(word, code string) []byte {
	pairs := []string{"MessageSid", textSid, "SmsSid", textSid, "MessageStatus", word, "SmsStatus", word, "From", "+15005550006", "To", "+14155552671"}
	if code != "" {
		pairs = append(pairs, "ErrorCode", code)
	}
	return form(pairs...)
}

func TestReceiver(t *testing.T) {
	t.Run("inbound", func(t *testing.T) {
		connecttest.TestReceiver(t, connecttest.Receiver{
			Receiver: newTool(), Sign: sign(t, hooks),
			Bodies: [][]byte{inboundBody("SM1", " Stop 🛑 café & co + 1\n"), inboundBody("SM2", "")},
		})
	})
	t.Run("status", func(t *testing.T) {
		connecttest.TestReceiver(t, connecttest.Receiver{
			Receiver: newTool(), Sign: sign(t, hooks+"/status/attempt-7"),
			Bodies: [][]byte{statusBody("sent", ""), statusBody("delivered", ""), statusBody("undelivered", "30006"), statusBody("undelivered", "30003")},
		})
	})
}

func TestSignatureIsOfTheWholeAddress(t *testing.T) {
	r := sign(t, hooks+"/status/attempt-7")(statusBody("sent", ""), received)
	r.URL = mustURL(t, hooks+"/status/attempt-8")
	if err := newTool().Verify(r); err == nil {
		t.Error("Verify of another attempt's receipt = nil")
	}
}

func TestWithoutTokensNothingIsAccepted(t *testing.T) {
	r := sign(t, hooks)(inboundBody("SM1", "hi"), received)
	if err := New(Config{}, nil, time.Now).Verify(r); err == nil {
		t.Error("Verify without tokens = nil")
	}
}

func TestSplitTellsTextsFromReceipts(t *testing.T) {
	for name, c := range map[string]struct {
		address string
		body    []byte
		want    connect.Event
	}{
		"a text":                            {hooks, inboundBody("SM1", "hello"), connect.Event{Account: account, Event: "inbound", Object: "SM1", Subject: "+14155552671", Key: "SM1"}},
		"an empty text":                     {hooks, inboundBody("SM1", ""), connect.Event{Account: account, Event: "inbound", Object: "SM1", Subject: "+14155552671", Key: "SM1"}},
		"a receipt":                         {hooks + "/status/a%2F1", statusBody("delivered", ""), connect.Event{Account: account, Event: "status", Object: textSid, Attempt: "a/1", Key: textSid + "/delivered/"}},
		"a receipt with a code":             {hooks + "/status/a1", statusBody("failed", "30006"), connect.Event{Account: account, Event: "status", Object: textSid, Attempt: "a1", Key: textSid + "/failed/30006"}},
		"a receipt that names no attempt":   {hooks, statusBody("sent", ""), connect.Event{Account: account, Event: "status", Object: textSid, Key: textSid + "/sent/"}},
		"a call":                            {hooks, form("CallSid", "CA1", "CallStatus", "busy"), connect.Event{Account: account, Event: "other"}},
		"a body that is no form":            {hooks, []byte("%zz"), connect.Event{Event: "other"}},
		"a text to an address with a query": {hooks + "?x=1", inboundBody("SM1", "hello"), connect.Event{Account: account, Event: "inbound", Object: "SM1", Subject: "+14155552671", Key: "SM1"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.Body = c.body
			got, err := newTool().Split(connect.Request{URL: mustURL(t, c.address), Body: c.body})
			if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], c.want) {
				t.Errorf("Split = %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestReplySaysNothing(t *testing.T) {
	kind, body := newTool().Reply()
	if kind != "text/xml; charset=utf-8" || string(body) != `<?xml version="1.0" encoding="UTF-8"?><Response/>` {
		t.Errorf("Reply = %s, %s", kind, body)
	}
}

// FuzzVerify guesses signatures: none passes but those made with a token.
func FuzzVerify(f *testing.F) {
	f.Add("https://plumbline.example.com/hooks/boise/sms", "GvWf1cFY/Q7PnoempGyD5oXAezc=", []byte("From=%2B12085550142&Body=STOP"))
	f.Add("https://h/?bodySHA256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "", []byte(nil))
	f.Fuzz(func(t *testing.T, address, signature string, body []byte) {
		u, err := url.Parse(address)
		if err != nil {
			return
		}
		tool := New(Config{AuthTokens: []connect.Secret{"the token of the fuzz"}}, nil, time.Now)
		r := connect.Request{Method: "POST", URL: u, Header: http.Header{"X-Twilio-Signature": {signature}}, Body: body, Received: received}
		if tool.Verify(r) == nil {
			t.Error("a guess passes")
		}
	})
}
