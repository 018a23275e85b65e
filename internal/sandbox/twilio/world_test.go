package twilio

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/sandbox"
)

const (
	account = "AC00000000000000000000000000000001"
	token   = "auth-token"
	service = "MG00000000000000000000000000000001"
	plain   = "MG00000000000000000000000000000002"
	ours    = "+12085550100"
	pool    = "+12085550101"
	dana    = "+12085550142"
	status  = "https://hooks.example.com/status/1"
	shared  = "../../../../shared/vendors/data/twilio"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// world is an account, a receiver of its webhooks, and a client of its API.
type world struct {
	t *testing.T
	*Sandbox
	net          *sandbox.Net
	now          time.Time
	got          []received
	code         int // what the receiver answers
	kind, answer string
}

type received struct {
	at     time.Time
	uri    string
	header http.Header
	form   url.Values
}

func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{t: t, now: noon, code: 200, kind: "text/xml", answer: "<Response/>"}
	now := func() time.Time { return w.now }
	w.net = sandbox.New(sandbox.Options{Now: now, Rand: rand.New(rand.NewPCG(1, 1))})
	o := Options{
		Now: now, Rand: rand.New(rand.NewPCG(5, 5)), AccountSid: account, AuthToken: token, Numbers: []string{ours},
		Services: []Service{
			{Sid: service, Numbers: []string{pool, "+12085550102"}, AdvancedOptOut: true},
			{Sid: plain, Numbers: []string{"+12085550103"}},
			{Sid: "MG00000000000000000000000000000003"},
		},
		Client: &http.Client{Transport: w.net}, InboundURL: "https://hooks.example.com/inbound",
	}
	if change != nil {
		change(&o)
	}
	w.Sandbox = New(o)
	w.net.Handle("api.twilio.com", w.Sandbox)
	w.net.Handle("hooks.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.got = append(w.got, received{w.now, r.RequestURI, r.Header, r.PostForm})
		rw.Header().Set("Content-Type", w.kind)
		rw.WriteHeader(w.code)
		_, _ = io.WriteString(rw, w.answer)
	}))
	return w
}

// run lets the time pass for d.
func (w *world) run(d time.Duration) {
	w.t.Helper()
	end := w.now.Add(d)
	for {
		_, next, err := w.Step(w.t.Context(), w.now)
		if err != nil {
			w.t.Fatal(err)
		}
		if next.IsZero() || next.After(end) {
			w.now = end
			return
		}
		if next.After(w.now) {
			w.now = next
		}
	}
}

// call makes an API request; body is a form.
func (w *world) call(method, path string, form url.Values) (*http.Response, map[string]any, error) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "https://api.twilio.com"+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.SetBasicAuth(account, token)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := (&http.Client{Transport: w.net}).Do(req)
	if err != nil {
		return nil, nil, err
	}
	var v map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil && err != io.EOF {
		w.t.Fatal(err)
	}
	return resp, v, nil
}

const messages = "/2010-04-01/Accounts/" + account + "/Messages.json"

// form is a good create request, changed by pairs of name and value.
func form(pairs ...string) url.Values {
	f := url.Values{"To": {dana}, "From": {ours}, "Body": {"Rafael is on his way."}, "StatusCallback": {status}}
	for i := 0; i < len(pairs); i += 2 {
		f.Del(pairs[i])
		if pairs[i+1] != "" {
			f.Set(pairs[i], pairs[i+1])
		}
	}
	return f
}

func (w *world) create(pairs ...string) map[string]any {
	w.t.Helper()
	resp, v, err := w.call("POST", messages, form(pairs...))
	if err != nil || resp.StatusCode != 201 {
		w.t.Fatalf("create answered %v %v %v, want 201", resp, v, err)
	}
	return v
}

func (w *world) list(query string) (sids []string, page map[string]any) {
	w.t.Helper()
	resp, v, err := w.call("GET", messages+"?"+query, nil)
	if err != nil || resp.StatusCode != 200 {
		w.t.Fatalf("list answered %v %v %v, want 200", resp, v, err)
	}
	for _, m := range v["messages"].([]any) {
		sids = append(sids, m.(map[string]any)["sid"].(string))
	}
	return sids, v
}

func (w *world) statuses() (s []string) {
	for _, g := range w.got {
		s = append(s, g.form.Get("MessageStatus"))
	}
	return s
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func data(t *testing.T, name string, into any) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(shared, name))
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skip("the vendors' data is not beside the repository")
	}
	must(t, err)
	if into != nil {
		must(t, json.Unmarshal(b, into))
	}
	return b
}

func trace(w *world) string {
	var b strings.Builder
	for _, g := range w.got {
		fmt.Fprintln(&b, g.at, g.uri, g.header.Get("X-Twilio-Signature"), g.form.Encode())
	}
	for _, m := range w.Messages() {
		fmt.Fprintf(&b, "%+v\n", m)
	}
	return b.String()
}
