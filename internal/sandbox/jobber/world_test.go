package jobber

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/sandbox"
)

const shared = "../../../../shared/vendors/data/jobber"

var monday = time.Date(2026, 5, 4, 13, 0, 1, 0, time.UTC)

// world is a fake, a receiver of its webhooks, and a client of its API.
type world struct {
	t *testing.T
	*Sandbox
	net    *sandbox.Net
	now    time.Time
	tokens Tokens
	got    []received
	status int           // what the receiver answers
	takes  time.Duration // and after how long
}

type received struct {
	at     time.Time
	url    string
	header http.Header
	body   []byte
}

func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{t: t, now: monday, status: 200}
	now := func() time.Time { return w.now }
	w.net = sandbox.New(sandbox.Options{Now: now, Rand: rand.New(rand.NewPCG(1, 1))})
	boise, err := time.LoadLocation("America/Boise")
	must(t, err)
	o := Options{
		Now: now, Rand: rand.New(rand.NewPCG(7, 7)), Zone: boise, AccountName: "Examplaire Plumbing",
		AppID: "3ef22a50-0000-4000-8000-b7646657560b", ClientID: "app", ClientSecret: "app-secret",
		Client: &http.Client{Transport: w.net}, WebhookURL: "https://hooks.example.com/jobber",
	}
	if change != nil {
		change(&o)
	}
	w.Sandbox = New(o)
	w.net.Handle("api.getjobber.com", w.Sandbox)
	w.net.Handle("hooks.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.got = append(w.got, received{w.now, r.URL.Path, r.Header, body})
		w.now = w.now.Add(w.takes)
		rw.WriteHeader(w.status)
	}))
	w.tokens = w.Connect()
	return w
}

// run lets the time pass until nothing is due any more, at most for d.
func (w *world) run(d time.Duration) {
	w.t.Helper()
	end := w.now.Add(d)
	for {
		_, next, err := w.Step(w.t.Context(), w.now)
		must(w.t, err)
		if next.IsZero() || next.After(end) {
			w.now = end
			return
		}
		if next.After(w.now) {
			w.now = next
		}
	}
}

// tick moves the clock, so that two events do not share a second.
func (w *world) tick() { w.now = w.now.Add(time.Minute) }

// wait moves the clock and keeps the app's tokens fresh.
func (w *world) wait(d time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(d)
	status, got := w.refreshWith(w.tokens.Refresh)
	if status != 200 {
		w.t.Fatalf("the refresh brings %d %v, want new tokens", status, got)
	}
	w.tokens = Tokens{got["access_token"].(string), got["refresh_token"].(string)}
}

// sent returns the topics queued since there were so many.
func (w *world) sent(from int) (topics []string) {
	for _, h := range w.Webhooks()[from:] {
		topics = append(topics, h.Event)
	}
	return topics
}

// call makes one HTTP request to the API.
func (w *world) call(method, path, kind, body string, headers map[string]string) (int, http.Header, []byte, error) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "https://api.getjobber.com"+path, strings.NewReader(body))
	must(w.t, err)
	req.Header.Set("Content-Type", kind)
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := w.net.RoundTrip(req)
	if err != nil {
		return 0, nil, nil, err
	}
	b, err := io.ReadAll(resp.Body)
	must(w.t, err)
	return resp.StatusCode, resp.Header, b, nil
}

// post sends a query as the app does.
func (w *world) post(query string, vars map[string]any) (int, map[string]any, error) {
	w.t.Helper()
	status, _, b, err := w.call("POST", "/api/graphql", "application/json", string(mustJSON(map[string]any{"query": query, "variables": vars})), w.headers())
	if err != nil {
		return 0, nil, err
	}
	return status, decoded(w.t, b), nil
}

func (w *world) headers() map[string]string {
	return map[string]string{"Authorization": "Bearer " + w.tokens.Access, "X-JOBBER-GRAPHQL-VERSION": "2025-04-16"}
}

// ask wants data and no errors, and returns what a path of keys leads to.
func (w *world) ask(query string, vars map[string]any, path ...string) any {
	w.t.Helper()
	status, body, err := w.post(query, vars)
	must(w.t, err)
	if status != 200 || body["errors"] != nil {
		w.t.Fatalf("%s answered %d %v", query, status, body)
	}
	return at(body["data"], path...)
}

// ids are the ids of the rows of a list.
func (w *world) ids(query string, path ...string) (ids []string) {
	w.t.Helper()
	for _, n := range w.ask(query, nil, append(path, "nodes")...).([]any) {
		ids = append(ids, n.(map[string]any)["id"].(string))
	}
	return ids
}

// at follows keys into a JSON value.
func at(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

// firstCode is that of an answer's first error.
func firstCode(body map[string]any) any {
	errs, _ := body["errors"].([]any)
	if len(errs) == 0 {
		return nil
	}
	return at(errs[0], "extensions", "code")
}

func decoded(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("decode %s: %v", b, err)
	}
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// dana books a job; rafael does it.
func (w *world) dana() Client {
	w.t.Helper()
	c := w.CreateClient(Client{
		FirstName: "Dana", LastName: "Whitlock", Emails: []Email{{Address: "dana@example.com", Description: "MAIN"}},
		Phones:  []Phone{{Number: "(208) 555-0142", Description: "Mobile", SMSAllowed: true}},
		Billing: Address{Street1: "418 Larkspur Ln", City: "Boise", Province: "Idaho", PostalCode: "83702", Country: "United States"},
	})
	_, err := w.CreateProperty(Property{ClientID: c.ID, Address: c.Billing, IsBilling: true})
	must(w.t, err)
	return c
}

func (w *world) rafael() string {
	return w.CreateUser(User{FirstName: "Rafael", LastName: "Ortiz", Email: "rafael@example.com", Phone: "2085550177", Admin: true}).ID
}

var repair = []Line{{Name: "AC diagnostic and repair", UnitPrice: 39000, UnitCost: 9000, Taxable: true}}

// job is one of a client with so many visits, an hour from now and on each
// day after.
func (w *world) job(clientID string, visits int, who ...string) (Job, []Visit) {
	w.t.Helper()
	n := NewJob{ClientID: clientID, Title: "AC repair", Lines: repair}
	for i := range visits {
		n.Plans = append(n.Plans, w.plan(time.Hour+time.Duration(i)*24*time.Hour, who...))
	}
	j, err := w.CreateJob(n)
	must(w.t, err)
	var own []Visit
	for _, v := range w.Visits() {
		if v.JobID == j.ID {
			own = append(own, v)
		}
	}
	return j, own
}

func (w *world) plan(after time.Duration, who ...string) Plan {
	return Plan{Start: w.now.Add(after), End: w.now.Add(after + 2*time.Hour), Users: who}
}

// data reads a file of the vendor's data, or skips where there is none.
func data(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(shared, name))
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skip("the vendors' data is not beside the repository")
	}
	must(t, err)
	return b
}
