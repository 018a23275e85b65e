package housecallpro

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
)

func sum(secret, signed string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return mac.Sum(nil)
}

func sign(secret string) func([]byte, time.Time) connect.Request {
	return func(body []byte, at time.Time) connect.Request {
		stamp := strconv.FormatInt(at.Unix(), 10)
		return connect.Request{
			Method: http.MethodPost, Body: body, Received: at,
			Header: http.Header{"Api-Timestamp": {stamp}, "Api-Signature": {hex.EncodeToString(sum(secret, stamp+"."+string(body)))}},
		}
	}
}

func TestReceiver(t *testing.T) {
	got := samples(t)
	var bodies [][]byte
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if strings.HasPrefix(name, "webhook-") && name != "webhook-ping" {
			bodies = append(bodies, got[name])
		}
	}
	for _, secret := range config().WebhookSecrets {
		connecttest.TestReceiver(t, connecttest.Receiver{
			Receiver: newTool(), Sign: sign(string(secret)), Bodies: bodies, Window: 5 * time.Minute,
			Pings: []connect.Request{
				{Method: http.MethodPost, Body: got["webhook-ping"], Received: received},
				{Method: http.MethodGet, Received: received},
				sign("new secret")([]byte(`{"foo":"bar"}`), received),
			},
		})
	}
}

// The digest was computed with openssl, so that a mistake shared by signer and
// verifier is seen.
func TestSignatureIsOfTimestampDotBody(t *testing.T) {
	r := connect.Request{
		Method: http.MethodPost, Body: []byte(`{"event":"job.started"}`), Received: time.Unix(1777989963, 0),
		Header: http.Header{"Api-Timestamp": {"1777989963"}, "Api-Signature": {"bc64580d3640892a5f4c8c739e64524e29e41d184e19f4ee96264e8df6f4d249"}},
	}
	if err := newTool().Verify(r); err != nil {
		t.Errorf("Verify = %v, want nil", err)
	}
}

func TestSignatureSwitches(t *testing.T) {
	const body = `{"event":"job.started"}`
	stamp := strconv.FormatInt(received.Unix(), 10)
	dated, alone := sum("new secret", stamp+"."+body), sum("new secret", body)
	for name, c := range map[string]struct {
		change func(*Config)
		header http.Header
		good   bool
	}{
		"upper case digits":                   {nil, http.Header{"Api-Timestamp": {stamp}, "Api-Signature": {strings.ToUpper(hex.EncodeToString(dated))}}, true},
		"a sha256 prefix":                     {nil, http.Header{"Api-Timestamp": {stamp}, "Api-Signature": {"sha256=" + hex.EncodeToString(dated)}}, true},
		"a v1 prefix":                         {nil, http.Header{"Api-Timestamp": {stamp}, "Api-Signature": {"v1=" + hex.EncodeToString(dated)}}, true},
		"base64 where hex is set":             {nil, http.Header{"Api-Timestamp": {stamp}, "Api-Signature": {base64.StdEncoding.EncodeToString(dated)}}, false},
		"base64 where it is set":              {func(c *Config) { c.Encoding = "base64" }, http.Header{"Api-Timestamp": {stamp}, "Api-Signature": {base64.StdEncoding.EncodeToString(dated)}}, true},
		"the body alone where a date is due":  {nil, http.Header{"Api-Timestamp": {stamp}, "Api-Signature": {hex.EncodeToString(alone)}}, false},
		"the body alone where it is set":      {func(c *Config) { c.SignatureHeader, c.TimestampHeader = "X-Housecall-Signature", "none" }, http.Header{"X-Housecall-Signature": {hex.EncodeToString(alone)}}, true},
		"a timestamp that is no number":       {nil, http.Header{"Api-Timestamp": {"now"}, "Api-Signature": {hex.EncodeToString(dated)}}, false},
		"a timestamp in milliseconds":         {nil, http.Header{"Api-Timestamp": {stamp + "000"}, "Api-Signature": {hex.EncodeToString(sum("new secret", stamp+"000."+body))}}, false},
		"the signature of a forgotten secret": {nil, http.Header{"Api-Timestamp": {stamp}, "Api-Signature": {hex.EncodeToString(sum("lost", stamp+"."+body))}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config()
			if c.change != nil {
				c.change(&cfg)
			}
			tool := New(cfg, nil, time.Now)
			err := tool.Verify(connect.Request{Method: http.MethodPost, Header: c.header, Body: []byte(body), Received: received})
			if (err == nil) != c.good {
				t.Errorf("Verify = %v, want accepted %v", err, c.good)
			}
		})
	}
}

func TestWithoutSecretsNothingIsAccepted(t *testing.T) {
	tool := New(Config{}, nil, time.Now)
	if err := tool.Verify(sign("")([]byte("{}"), received)); err == nil {
		t.Error("Verify without secrets = nil")
	}
}

func TestSplitTellsAccountEventAndObject(t *testing.T) {
	for body, want := range map[string]connect.Event{
		`{"event":"job.created","company_id":"c","job":{"id":"j"}}`:                                    {Account: "c", Event: "job.created", Object: "j"},
		`{"event":"job.created","job":{"id":"j","company_id":"c"}}`:                                    {Account: "c", Event: "job.created", Object: "j"},
		`{"event":"job.appointment.scheduled","company_id":"c","appointment":{"id":"a","job_id":"j"}}`: {Account: "c", Event: "job.appointment.scheduled", Object: "a"},
		`{"event":"estimate.copy_to_job","company_id":"c","job":{"id":"j"},"estimate":{"id":"e"}}`:     {Account: "c", Event: "estimate.copy_to_job", Object: "e"},
		`{"event":"lead.created","company_id":"c","lead":{"id":"l"}}`:                                  {Account: "c", Event: "lead.created", Object: "l"},
		`{"event":"mystery","company_id":"c"}`:                                                         {Account: "c", Event: "mystery"},
		`no json`:                                                                                      {},
	} {
		want.Body = []byte(body)
		got, err := newTool().Split(connect.Request{Body: []byte(body)})
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("Split(%s) = %+v, %v, want %+v", body, got, err, want)
		}
	}
}

// FuzzVerify guesses signatures: none passes but those made with a secret, and the
// test call, which carries nothing.
func FuzzVerify(f *testing.F) {
	f.Add("POST", "1777989963", "bc64580d3640892a5f4c8c739e64524e29e41d184e19f4ee96264e8df6f4d249", []byte(`{"event":"job.started"}`))
	f.Add("POST", "", "", []byte(`{"foo":"bar"}`))
	f.Add("GET", "", "sha256=", []byte(nil))
	f.Fuzz(func(t *testing.T, method, stamp, signature string, body []byte) {
		tool := New(Config{APIKey: "key", WebhookSecrets: []connect.Secret{"the secret of the fuzz"}}, nil, time.Now)
		r := connect.Request{Method: method, Body: body, Received: received, Header: http.Header{"Api-Timestamp": {stamp}, "Api-Signature": {signature}}}
		switch err := tool.Verify(r); {
		case err == nil:
			t.Error("a guess passes")
		case errors.Is(err, connect.ErrPing) && (signature != "" || len(body) >= 64):
			t.Errorf("%q with a signature counts as a test call", body)
		}
		if events, err := tool.Split(r); err != nil || len(events) != 1 || string(events[0].Body) != string(body) {
			t.Errorf("Split = %+v, %v", events, err)
		}
	})
}
