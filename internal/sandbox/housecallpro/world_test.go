package housecallpro

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/sandbox"
)

const (
	companyID = "3f6a1d20-0000-4000-8000-00000000c0de"
	shared    = "../../../../shared/vendors/data/housecallpro"
)

var monday = time.Date(2026, 5, 4, 13, 0, 1, 0, time.UTC)

// world is a fake, a receiver of its webhooks, and a client of its API.
type world struct {
	t *testing.T
	*Sandbox
	net    *sandbox.Net
	now    time.Time
	got    []received
	status int // what the receiver answers
}

type received struct {
	at     time.Time
	header http.Header
	body   []byte
}

func (r received) event() string {
	var e struct{ Event string }
	_ = json.Unmarshal(r.body, &e)
	return e.Event
}

func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{t: t, now: monday, status: 200}
	now := func() time.Time { return w.now }
	w.net = sandbox.New(sandbox.Options{Now: now, Rand: rand.New(rand.NewPCG(1, 1))})
	o := Options{
		Now: now, Rand: rand.New(rand.NewPCG(7, 7)), CompanyID: companyID, CompanyName: "Examplaire Plumbing",
		APIKey: "company-key", ApplicationKey: "partner-key",
		Client: &http.Client{Transport: w.net}, WebhookURL: "https://hooks.example.com/hcp", WebhookSecret: "whsec",
	}
	if change != nil {
		change(&o)
	}
	w.Sandbox = New(o)
	w.net.Handle("api.housecallpro.com", w.Sandbox)
	w.net.Handle("hooks.example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.got = append(w.got, received{w.now, r.Header, body})
		rw.WriteHeader(w.status)
	}))
	return w
}

// run lets the time pass until nothing is due any more, at most for d.
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

// tick moves the clock, so that two events do not share a second.
func (w *world) tick() { w.now = w.now.Add(time.Minute) }

func (w *world) events() (names []string) {
	for _, g := range w.got {
		names = append(names, g.event())
	}
	return names
}

// sent returns the event names queued since the last call.
func (w *world) sent(from int) (names []string) {
	for _, h := range w.Webhooks()[from:] {
		names = append(names, h.Event)
	}
	return names
}

func (w *world) body(event string) map[string]any {
	w.t.Helper()
	for _, h := range slices.Backward(w.Webhooks()) {
		if h.Event == event {
			return decoded(w.t, h.Body)
		}
	}
	w.t.Fatalf("no %s was sent", event)
	return nil
}

func decoded(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("decode %s: %v", b, err)
	}
	return v
}

func (w *world) call(key, method, path, body string) (*http.Response, map[string]any, error) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "https://api.housecallpro.com"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Token "+key)
	resp, err := (&http.Client{Transport: w.net}).Do(req)
	if err != nil {
		return nil, nil, err
	}
	b, _ := io.ReadAll(resp.Body)
	var v map[string]any
	if bytes.HasPrefix(b, []byte("{")) {
		v = decoded(w.t, b)
	}
	return resp, v, nil
}

// get reads with the company's key and wants a status.
func (w *world) get(path string, want int) map[string]any {
	w.t.Helper()
	resp, v, err := w.call("company-key", "GET", path, "")
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.StatusCode != want {
		w.t.Fatalf("GET %s answered %d %v, want %d", path, resp.StatusCode, v, want)
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
func (w *world) dana() Customer {
	return w.CreateCustomer(Customer{
		FirstName: "Dana", LastName: "Whitlock", Email: "dana@example.com", Mobile: "+1 (208) 555-0142",
		NotificationsEnabled: true, LeadSource: "Website", Tags: []string{"vip"},
		Addresses: []Address{{Street: "418 Larkspur Ln", City: "Boise", State: "ID", Zip: "83702"}},
	})
}

func (w *world) rafael() string {
	return w.CreateEmployee(Employee{FirstName: "Rafael", LastName: "Ortiz", Email: "rafael@example.com", Mobile: "2085550177"}).ID
}

func (w *world) job() Job {
	w.t.Helper()
	j, err := w.CreateJob(NewJob{CustomerID: w.dana().ID, Description: "No cooling upstairs", LeadSource: "Website"})
	must(w.t, err)
	return j
}

func (w *world) plan(after time.Duration, who ...string) Plan {
	return Plan{Start: w.now.Add(after), End: w.now.Add(after + 2*time.Hour), Window: 60, Employees: who}
}

func (w *world) read(id string) Job {
	w.t.Helper()
	j, err := w.Job(id)
	must(w.t, err)
	return j
}

// lived is a world in which one job went all the way, with the options a
// vendor's captures show.
func lived(t *testing.T) (*world, Job, Invoice, Estimate) {
	t.Helper()
	w := newWorld(t, nil)
	who, j := w.rafael(), w.job()
	_, err := w.AddNote(j.ID, "Gate code 4411")
	must(t, err)
	must(t, w.ScheduleJob(j.ID, w.plan(24*time.Hour, who)))
	must(t, w.Reschedule(j.ID, w.read(j.ID).Appointments[0].ID, w.plan(25*time.Hour)))
	for _, step := range []func(string) error{w.OnMyWay, w.Start} {
		w.tick()
		must(t, step(j.ID))
	}
	must(t, w.SetLineItems(j.ID, []Line{{Name: "AC diagnostic and repair", UnitPrice: 39000, UnitCost: 9000, Taxable: true}}, 6))
	w.tick()
	must(t, w.Complete(j.ID))
	i, err := w.CreateInvoice(j.ID)
	must(t, err)
	must(t, w.SendInvoice(i.ID))
	w.tick()
	p, err := w.Pay(i.ID, NewPayment{Amount: 41340, Method: "credit_card"})
	must(t, err)
	_, err = w.Refund(p.ID, 2750)
	must(t, err)
	e, err := w.CreateEstimate(j.CustomerID, "", NewOption{Name: "Option #1", Lines: []Line{{Name: "New unit", UnitPrice: 680000}}})
	must(t, err)
	must(t, w.ScheduleEstimate(e.ID, w.plan(48*time.Hour, who)))
	must(t, w.ApproveOption(e.ID, e.Options[0].ID, false))
	must(t, w.UpdateCustomer(j.CustomerID, func(c *Customer) { c.Mobile = "2085550143" }))
	return w, w.read(j.ID), w.Invoices()[0], e
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
