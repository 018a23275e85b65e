package connect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"plumbline.dev/plumbline"
)

func TestAddressesThatWeNeverCall(t *testing.T) {
	for address, want := range map[string]bool{
		"169.254.169.254": true, "169.254.0.1": true, "::ffff:169.254.169.254": true, "fe80::1": true, "fe80::1%eth0": true,
		"fd00:ec2::254": true, "168.63.129.16": true, "100.100.100.200": true, "64:ff9b::a9fe:a9fe": true,
		"0.0.0.0": true, "::": true, "224.0.0.1": true, "ff02::1": true,
		"127.0.0.1": false, "::1": false, "10.1.2.3": false, "192.168.1.1": false, "fd12::1": false, "54.1.2.3": false, "64:ff9b::808:808": false,
	} {
		if got := forbidden(netip.MustParseAddr(address)); got != want {
			t.Errorf("forbidden(%s) = %v, want %v", address, got, want)
		}
	}
}

func TestConfiguredAddressCannotReachTheMetadataService(t *testing.T) {
	for _, base := range []string{"http://169.254.169.254", "http://[fe80::1]", "http://[::ffff:a9fe:a9fe]:80"} {
		c := Caller{HTTP: NewHTTPClient(), Tool: "Tool", Base: base, Deadline: 2 * time.Second}
		_, err := c.Do(t.Context(), Call{Method: http.MethodGet, Path: "/latest/meta-data", Safe: true})
		if e := AsError(err); e == nil || e.Class != Human || !errors.Is(err, ErrForbiddenAddress) {
			t.Errorf("Do(%s) = %v, want a forbidden address", base, err)
		}
	}
}

func TestCallerClassifiesWhatHappened(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		safe   bool
		class  Class
		ok     bool
	}{
		"taken":                        {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }, false, 0, true},
		"a redirect is not followed":   {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, true, Human, false},
		"an answer too long to a read": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2000)) }, true, Retry, false},
		"an answer too long":           {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2000)) }, false, Unknown, false},
		"an answer cut short": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			fmt.Fprint(w, "{}")
		}, false, Unknown, false},
		"no answer":             {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, Unknown, false},
		"no answer to a read":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true, Retry, false},
		"trouble":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, false, Unknown, false},
		"trouble with a read":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, true, Retry, false},
		"slow down":             {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, false, Wait, false},
		"credentials":           {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, false, Wait, false},
		"one thing not allowed": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, false, Human, false},
		"refused":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(422) }, false, Human, false},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { calls.Add(1); c.answer(w, r) }))
			defer server.Close()
			caller := Caller{HTTP: NewHTTPClient(), Tool: "Tool", Base: server.URL + "/", Limit: 1000}
			_, err := caller.Do(t.Context(), Call{Method: http.MethodPost, Path: "/x", Safe: c.safe})
			e := AsError(err)
			if (err == nil) != c.ok || e != nil && e.Class != c.class {
				t.Errorf("Do = %v, want class %v", err, c.class)
			}
			if e != nil && (e.Class == Human || e.Status == 401) && e.Cure == "" {
				t.Errorf("Do = %v, which needs a person but names no cure", err)
			}
			if n := calls.Load(); n != 1 {
				t.Errorf("there were %d calls, want 1", n)
			}
		})
	}
}

func TestCallEndsAtItsDeadline(t *testing.T) {
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer server.Close()
	defer close(hang)
	c := Caller{HTTP: NewHTTPClient(), Tool: "Tool", Base: server.URL, Deadline: 20 * time.Millisecond}
	_, err := c.Do(context.Background(), Call{Method: http.MethodPost, Path: "/"})
	if e := AsError(err); e == nil || e.Class != Unknown || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Do = %v, want unknown at the deadline", err)
	}
}

func TestRefusedConnectionWasNotCarriedOut(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	c := Caller{HTTP: NewHTTPClient(), Tool: "Tool", Base: server.URL}
	_, err := c.Do(t.Context(), Call{Method: http.MethodPost, Path: "/"})
	if e := AsError(err); e == nil || e.Class != Retry {
		t.Errorf("Do = %v, want class retry", err)
	}
}

func TestForeignCertificateNeedsAPerson(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = nil
	server.StartTLS()
	defer server.Close()
	c := Caller{HTTP: NewHTTPClient(), Tool: "Tool", Base: server.URL}
	_, err := c.Do(t.Context(), Call{Method: http.MethodPost, Path: "/"})
	if e := AsError(err); e == nil || e.Class != Human {
		t.Errorf("Do = %v, want class human", err)
	}
}

func TestValuesAreCanonical(t *testing.T) {
	for _, c := range []struct {
		v    any
		want plumbline.Value
	}{
		{nil, "null"}, {true, "true"}, {"a<b>&c\u00e9", `"a<b>&cé"`}, {"a\x00b\xff", "\"a\uFFFDb\uFFFD\""}, {int64(-7), "-7"}, {3, "3"},
		{[]string(nil), "[]"}, {[]string{"b", "a"}, `["b","a"]`}, {json.Number("1.50"), "1.50"},
		{time.Date(2026, 5, 5, 9, 0, 0, 1_999_999, time.FixedZone("", -6*3600)), `"2026-05-05T15:00:00.001Z"`},
		{[]map[string]any{{"b": 1, "a": []any{nil, "x"}}}, `[{"a":[null,"x"],"b":1}]`},
		{struct{}{}, "null"},
	} {
		if got := Value(c.v); got != c.want {
			t.Errorf("Value(%v) = %s, want %s", c.v, got, c.want)
		}
	}
}

func TestCentsAreDecimalText(t *testing.T) {
	for n, want := range map[int64]string{0: "0.00", 5: "0.05", -5: "-0.05", 41250: "412.50", -100: "-1.00", -1 << 63: "-92233720368547758.08"} {
		if got := Cents(n); got != want {
			t.Errorf("Cents(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestSecretsPrintAsDots(t *testing.T) {
	s := struct{ Key Secret }{"hunter2"}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&buf, verb+" ", s.Key)
		fmt.Fprintf(&buf, verb+" ", s)
	}
	if text := buf.String() + string(b); strings.Contains(text, "hunter") || strings.Contains(text, "68756e") || !strings.Contains(text, dots) {
		t.Errorf("a secret prints as %s", text)
	}
	if err := json.Unmarshal([]byte(`{"Key":"swordfish"}`), &s); err != nil || string(s.Key) != "swordfish" {
		t.Errorf("a secret reads as %q, %v", string(s.Key), err)
	}
	if Secret("").String() != "" {
		t.Error("an empty secret does not show that it is empty")
	}
}

func TestBaseURLsAreSafeToConfigure(t *testing.T) {
	for text, good := range map[string]bool{
		"https://api.example.com": true, "https://api.example.com/x": true, "http://localhost:1/x": true, "http://127.0.0.1:1": true, "http://[::1]:1": true,
		"": false, "api.example.com": false, "http://api.example.com": false, "https://u:p@api.example.com": false, "https://a.example.com?x=1": false,
		"https://a.example.com#x": false, "ftp://a.example.com": false, "https:opaque": false, "https://": false, "http://10.0.0.1": false, "://": false,
	} {
		if problem := CheckBase(text); (problem == "") != good {
			t.Errorf("CheckBase(%q) = %q, want good %v", text, problem, good)
		}
	}
}
