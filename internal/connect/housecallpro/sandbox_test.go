package housecallpro

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
	"plumbline.dev/plumbline/internal/sandbox"
	fake "plumbline.dev/plumbline/internal/sandbox/housecallpro"
)

// world is the client, the fake company, and what the client's webhook was told.
type world struct {
	t    *testing.T
	now  time.Time
	tool *Tool
	fake *fake.Sandbox
	kept []plumbline.Delivery
	ping int
}

const hooks = "https://hooks.example.com/hooks/field"

func newWorld(t *testing.T, change func(*fake.Options)) *world {
	w := &world{t: t, now: received}
	now := func() time.Time { return w.now }
	network := sandbox.New(sandbox.Options{Now: now, Rand: rand.New(rand.NewPCG(1, 1))})
	o := fake.Options{
		Now: now, Rand: rand.New(rand.NewPCG(7, 7)), CompanyID: company, CompanyName: "Examplaire Plumbing",
		APIKey: "key-0123456789", Client: &http.Client{Transport: network}, WebhookSecret: "old secret",
	}
	if change != nil {
		change(&o)
	}
	w.fake = fake.New(o)
	network.Handle("api.housecallpro.com", w.fake)
	network.Handle("hooks.example.com", http.HandlerFunc(w.hook))
	cfg := config()
	cfg.PageSize = 3
	w.tool = client(t, cfg, now, network.RoundTrip)
	if err := w.fake.RegisterWebhook(t.Context(), hooks); err != nil || w.ping != 1 {
		t.Fatalf("register = %v with %d pings, want one", err, w.ping)
	}
	return w
}

// hook is what the inbox does with a webhook.
func (w *world) hook(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
	}
	req := connect.Request{Method: r.Method, Header: r.Header, Body: body, Received: w.now}
	switch err := w.tool.Verify(req); {
	case errors.Is(err, connect.ErrPing):
		w.ping++
		return
	case err != nil:
		w.t.Errorf("Verify(%.200s) = %v", body, err)
		return
	}
	events, err := w.tool.Split(req)
	if err != nil {
		w.t.Errorf("Split = %v", err)
	}
	for _, e := range events {
		if e.Account != company || e.Object == "" {
			w.t.Errorf("event %+v, want account and object", e)
		}
		w.kept = append(w.kept, plumbline.Delivery{Tool: "housecallpro", Event: e.Event, Object: e.Object, Received: w.now, Body: e.Body})
	}
}

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	end := w.now.Add(d)
	for {
		_, next, err := w.fake.Step(w.t.Context(), w.now)
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

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// fold decodes deliveries and keeps, as record does, the greatest statement of each field.
func (w *world) fold(deliveries []plumbline.Delivery) map[string]string {
	w.t.Helper()
	type held struct {
		version plumbline.Version
		value   plumbline.Value
	}
	best := map[string]held{}
	for _, d := range deliveries {
		list, err := w.tool.Decode(d)
		var ignored connect.Ignored
		if err != nil && !errors.As(err, &ignored) {
			w.t.Errorf("Decode(%s) = %v", d.Body, err)
		}
		for _, r := range list {
			connecttest.CheckReading(w.t, r)
			v := plumbline.Version{At: r.At.UnixMilli(), Digest: d.Event}
			if !r.Read.IsZero() {
				v.Read = r.Read.UnixMilli()
			}
			for name, value := range r.Fields {
				path := string(r.Kind) + " " + r.ID + " " + name
				if old, ok := best[path]; !ok || v.Compare(old.version) > 0 {
					best[path] = held{v, value}
				}
			}
		}
	}
	out := map[string]string{}
	for path, h := range best {
		out[path] = string(h.value)
	}
	return out
}

// live lets a job go all the way, with a second trip that is discarded again, a
// refund, an estimate and a deleted job.
func (w *world) live() (done fake.Job, deleted fake.Job, made fake.Estimate) {
	w.t.Helper()
	who := w.fake.CreateEmployee(fake.Employee{FirstName: "Rafael", LastName: "Ortiz", Mobile: "2085550177"}).ID
	dana := w.fake.CreateCustomer(fake.Customer{
		FirstName: "Dana", LastName: "Whitlock", Mobile: "2085550142", NotificationsEnabled: true,
		Addresses: []fake.Address{{Street: "418 Larkspur Ln", City: "Boise", State: "ID", Zip: "83702"}},
	})
	plan := func(after time.Duration) fake.Plan {
		return fake.Plan{Start: w.now.Add(after), End: w.now.Add(after + 2*time.Hour), Window: 60, Employees: []string{who}}
	}
	done, err := w.fake.CreateJob(fake.NewJob{CustomerID: dana.ID, Description: "No cooling upstairs"})
	w.must(err)
	w.advance(time.Minute)
	w.must(w.fake.ScheduleJob(done.ID, plan(24*time.Hour)))
	w.advance(time.Minute)
	second, err := w.fake.AddAppointment(done.ID, plan(48*time.Hour))
	w.must(err)
	w.advance(time.Minute)
	w.must(w.fake.DiscardAppointment(done.ID, second.ID))
	for _, step := range []func(string) error{w.fake.OnMyWay, w.fake.Start} {
		w.advance(time.Hour)
		w.must(step(done.ID))
	}
	w.must(w.fake.SetLineItems(done.ID, []fake.Line{{Name: "Repair", UnitPrice: 39000}}, 0))
	w.advance(time.Hour)
	w.must(w.fake.Complete(done.ID))
	bill, err := w.fake.CreateInvoice(done.ID)
	w.must(err)
	w.must(w.fake.SendInvoice(bill.ID))
	w.advance(time.Hour)
	paid, err := w.fake.Pay(bill.ID, fake.NewPayment{Amount: 39000, Method: "credit_card"})
	w.must(err)
	w.advance(time.Hour)
	_, err = w.fake.Refund(paid.ID, 2750)
	w.must(err)
	deleted, err = w.fake.CreateJob(fake.NewJob{CustomerID: dana.ID, Description: "Twice"})
	w.must(err)
	w.advance(time.Minute)
	w.must(w.fake.Delete(deleted.ID))
	made, err = w.fake.CreateEstimate(dana.ID, "", fake.NewOption{Name: "New unit", Lines: []fake.Line{{Name: "Unit", UnitPrice: 680000}}})
	w.must(err)
	w.advance(time.Minute)
	w.must(w.fake.ApproveOption(made.ID, made.Options[0].ID, false))
	w.advance(time.Hour)
	return done, deleted, made
}

func (w *world) check(said map[string]string, done fake.Job, made fake.Estimate) {
	w.t.Helper()
	truth, err := w.fake.Job(done.ID)
	w.must(err)
	at := func(t time.Time) string { return string(connect.Value(t)) }
	job, bill := "job "+done.ID+" ", "invoice "+w.fake.Invoices()[0].ID+" "
	visit := truth.Appointments[0]
	for path, want := range map[string]string{
		job + "status": `"complete"`, job + "en_route_at": at(truth.Work.OnMyWayAt), job + "on_site_at": at(truth.Work.StartedAt),
		job + "completed_at": at(truth.Work.CompletedAt), job + "visits": `["` + visit.ID + `"]`, job + "total": `"390.00"`,
		"visit " + visit.ID + " starts": at(visit.Start), "visit " + visit.ID + " job": `"` + done.ID + `"`,
		bill + "amount": `"390.00"`, bill + "job": `"` + done.ID + `"`,
		"job " + made.ID + " estimate":                  "true",
		"customer " + done.CustomerID + " mobile_phone": `"2085550142"`, "customer " + done.CustomerID + " texts_allowed": "true",
	} {
		if said[path] != want {
			w.t.Errorf("%s = %s, want %s", path, said[path], want)
		}
	}
	var refunds []string
	for path, value := range said {
		if len(path) > 8 && path[:8] == "payment " && value == `"-27.50"` {
			refunds = append(refunds, path)
		}
	}
	if len(refunds) != 1 {
		w.t.Errorf("refunds = %v, want one of 27.50", refunds)
	}
}

func TestWebhooksAloneTellTheWholeStory(t *testing.T) {
	w := newWorld(t, nil)
	done, deleted, made := w.live()
	said := w.fold(w.kept)
	w.check(said, done, made)
	if got := said["job "+deleted.ID+" status"]; got != `"canceled"` {
		t.Errorf("status of the deleted job = %s, want canceled", got)
	}
	if got := said["job "+made.ID+" options"]; !strings.Contains(got, `"status":"approved","total":"6800.00"`) {
		t.Errorf("options = %s, want one approved at 6800.00", got)
	}
}

func TestWebhooksInDisorderTellTheSameStory(t *testing.T) {
	w := newWorld(t, func(o *fake.Options) { o.Faults = fake.Faults{Duplicate: 0.3, Reorder: 0.5} })
	done, _, made := w.live()
	w.check(w.fold(w.kept), done, made)
}

// everything polls all streams and returns what they say.
func (w *world) everything() []plumbline.Delivery {
	w.t.Helper()
	var out []plumbline.Delivery
	for _, stream := range w.tool.Streams() {
		cursor := ""
		for range 1000 {
			began := w.now
			p, err := w.tool.Pull(w.t.Context(), stream, cursor)
			w.must(err)
			for _, a := range p.Answers {
				out = append(out, plumbline.Delivery{Tool: "housecallpro", Event: "read", Object: a.Object, Body: a.Body, Read: began, Received: w.now})
			}
			if cursor = p.Next; !p.More {
				break
			}
		}
	}
	return out
}

func TestPollsAloneTellTheWholeStory(t *testing.T) {
	w := newWorld(t, nil)
	done, _, made := w.live()
	w.check(w.fold(w.everything()), done, made)
}

func TestPollsAgreeWithWebhooks(t *testing.T) {
	w := newWorld(t, func(o *fake.Options) { o.ListDeleted = true })
	w.live()
	hooked, polled := w.fold(w.kept), w.fold(w.everything())
	for path, value := range polled {
		if told, ok := hooked[path]; ok && told != value {
			t.Errorf("%s: webhooks say %s, polls %s", path, told, value)
		}
	}
}

// fill makes more objects than a page holds, and returns them by their streams.
func (w *world) fill() map[string][]string {
	w.t.Helper()
	has := map[string][]string{}
	who := w.fake.CreateEmployee(fake.Employee{FirstName: "Rafael"}).ID
	has["employees"] = []string{who}
	for range 8 {
		c := w.fake.CreateCustomer(fake.Customer{FirstName: "Dana", Addresses: []fake.Address{{Street: "1 A St"}}})
		j, err := w.fake.CreateJob(fake.NewJob{CustomerID: c.ID, Description: "x"})
		w.must(err)
		w.must(w.fake.SetLineItems(j.ID, []fake.Line{{Name: "Repair", UnitPrice: 100}}, 0))
		i, err := w.fake.CreateInvoice(j.ID)
		w.must(err)
		e, err := w.fake.CreateEstimate(c.ID, "", fake.NewOption{Name: "A"})
		w.must(err)
		has["customers"], has["jobs"] = append(has["customers"], c.ID), append(has["jobs"], j.ID)
		has["invoices"], has["estimates"] = append(has["invoices"], i.ID), append(has["estimates"], e.ID)
	}
	return has
}

func TestSubscriberAgainstTheSandbox(t *testing.T) {
	w := newWorld(t, nil)
	connecttest.TestSubscriber(t, connecttest.Subscriber{Subscriber: w.tool, Stop: func() { w.fake.SwitchWebhook(false) }, Tells: w.fake.WebhookOn})
	w = newWorld(t, func(o *fake.Options) { o.APIKey = "another-0123456789" })
	if _, err := w.tool.Restore(t.Context(), ""); err == nil || connect.AsError(err).Class != connect.Human || connect.AsError(err).Cure == "" {
		t.Errorf("Restore with a key that may not = %v, want an error of class human with a cure", err)
	}
}

func TestCounterAgainstTheSandbox(t *testing.T) {
	w := newWorld(t, func(o *fake.Options) { o.ListDeleted = true })
	has := w.fill()
	connecttest.TestCounter(t, connecttest.Counter{Counter: w.tool, Has: has})
	w.must(w.fake.Delete(has["jobs"][0]))
	page, err := w.tool.IDs(t.Context(), "jobs", "")
	if err != nil || slices.Contains(page.IDs, has["jobs"][0]) {
		t.Errorf("the first ids are %v, %v, with a job that was deleted", page.IDs, err)
	}
	if _, err := w.tool.IDs(t.Context(), "jobs", "no cursor"); connect.AsError(err).Class != connect.Human {
		t.Errorf("IDs(bad cursor) = %v, want an error of class human", err)
	}
}

func TestPullerAgainstTheSandbox(t *testing.T) {
	w := newWorld(t, nil)
	has := w.fill()
	for stream, ids := range has {
		if p, err := w.tool.Pull(t.Context(), stream, ""); err != nil || p.Total != len(ids) {
			t.Errorf("%s: %d in all (%v), want the %d there are", stream, p.Total, err, len(ids))
		}
	}
	connecttest.TestPuller(t, connecttest.Puller{
		Puller: w.tool, Decoder: w.tool, Tool: "housecallpro", Has: has, Now: func() time.Time { return w.now }, Advance: w.advance,
		Touch: func(stream, id string) {
			switch stream {
			case "customers":
				w.must(w.fake.UpdateCustomer(id, func(c *fake.Customer) { c.LastName = "New" }))
			case "jobs":
				w.must(w.fake.UpdateJob(id, func(j *fake.Job) { j.Description = "y" }))
			case "estimates":
				w.must(w.fake.SendEstimate(id))
			case "invoices":
				w.must(w.fake.Void(id))
			}
		},
	})
}

func TestFetchAgainstTheSandbox(t *testing.T) {
	w := newWorld(t, nil)
	done, deleted, _ := w.live()
	for _, c := range []struct {
		kind plumbline.Kind
		id   string
		gone bool
	}{
		{plumbline.Job, done.ID, false}, {plumbline.Job, deleted.ID, true}, {plumbline.Job, "job_nobody", true},
		{plumbline.Customer, done.CustomerID, false}, {plumbline.Customer, "cus_nobody", true},
		{plumbline.Invoice, w.fake.Invoices()[0].ID, false}, {plumbline.Invoice, "invoice_nobody", true},
		{plumbline.Technician, w.fake.Employees()[0].ID, false},
	} {
		got, err := w.tool.Fetch(t.Context(), c.kind, []string{c.id})
		if err != nil || len(got) != 1 || got[0].Object != c.id || got[0].Gone != c.gone {
			t.Errorf("Fetch(%s %s) = %+v, %v, want gone %v", c.kind, c.id, got, err, c.gone)
			continue
		}
		connecttest.CheckDecode(t, w.tool, plumbline.Delivery{Event: "read", Object: c.id, Body: got[0].Body, Read: w.now, Received: w.now})
	}
}

func TestEstimatesAreFoundInTheListWhereTheKeyMayNotReadThem(t *testing.T) {
	w := newWorld(t, nil)
	_, _, made := w.live()
	got, err := w.tool.Fetch(t.Context(), plumbline.Job, []string{made.ID})
	if err != nil || len(got) != 1 || got[0].Object != made.ID || got[0].Gone {
		t.Errorf("Fetch = %+v, %v, want the estimate", got, err)
	}
	if got, err = w.tool.Fetch(t.Context(), plumbline.Job, []string{"csr_nobody"}); err != nil || len(got) != 1 || !got[0].Gone {
		t.Errorf("Fetch of an estimate that the whole list does not hold = %+v, %v, want gone", got, err)
	}
	w.fill()
	w.fill()
	_, err = w.tool.Fetch(t.Context(), plumbline.Job, []string{"csr_nobody"})
	if e := connect.AsError(err); e == nil || e.Class != connect.Human || e.Gone || e.Cure == "" {
		t.Errorf("Fetch of an estimate that is not among the first of a long list = %v, want an error of class human with a cure", err)
	}
}

func TestNothingIsMissedThoughEqualTimesSwapPlaces(t *testing.T) {
	w := newWorld(t, func(o *fake.Options) { o.Faults = fake.Faults{ShuffleTies: 0.5} })
	var want []string
	c := w.fake.CreateCustomer(fake.Customer{FirstName: "Dana", Addresses: []fake.Address{{Street: "1 A St"}}})
	for range 20 {
		j, err := w.fake.CreateJob(fake.NewJob{CustomerID: c.ID, Description: "x"}) // all at one instant
		w.must(err)
		want = append(want, j.ID)
	}
	got, _ := drain(t, w.tool, "jobs", "")
	for _, id := range want {
		if !slices.Contains(got, id) {
			t.Errorf("%s was not handed over", id)
		}
	}
}
