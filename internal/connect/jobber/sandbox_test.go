package jobber

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
	fake "plumbline.dev/plumbline/internal/sandbox/jobber"
)

// world is the client, the fake account, and what the client's webhook was told.
type world struct {
	t    *testing.T
	now  time.Time
	tool *Tool
	fake *fake.Sandbox
	kept []plumbline.Delivery

	grant connect.Grant
}

func newWorld(t *testing.T, change func(*fake.Options)) *world {
	w := &world{t: t, now: received}
	now := func() time.Time { return w.now }
	network := sandbox.New(sandbox.Options{Now: now, Rand: rand.New(rand.NewPCG(1, 1))})
	o := fake.Options{
		Now: now, Rand: rand.New(rand.NewPCG(7, 7)), AppID: "3ef22a50-0000-4000-8000-b7646657560b", AccountName: "Examplaire Plumbing",
		ClientID: config().ClientID, ClientSecret: string(config().ClientSecret),
		Client: &http.Client{Transport: network}, WebhookURL: "https://hooks.example.com/hooks/field",
	}
	if change != nil {
		change(&o)
	}
	w.fake = fake.New(o)
	network.Handle("api.getjobber.com", w.fake)
	network.Handle("hooks.example.com", http.HandlerFunc(w.hook))
	c := config()
	c.PageSize, c.JobPageSize = 3, 3
	w.tool = New(c, &http.Client{Transport: network}, now)
	code := w.fake.Authorize("state").Get("code")
	grant, err := w.tool.Redeem(t.Context(), "https://plumbline.example.com/back", code)
	w.must(err)
	w.use(grant)
	return w
}

// hook is what the inbox does with a webhook.
func (w *world) hook(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
	}
	req := connect.Request{Method: r.Method, Header: r.Header, Body: body, Received: w.now}
	if err := w.tool.Verify(req); err != nil {
		w.t.Errorf("Verify(%.200s) = %v", body, err)
		return
	}
	events, err := w.tool.Split(req)
	if err != nil || len(events) != 1 || events[0].Account != w.fake.AccountID() || events[0].Object == "" {
		w.t.Errorf("Split = %+v, %v, want account and object", events, err)
	}
	for _, e := range events {
		w.kept = append(w.kept, plumbline.Delivery{Tool: "jobber", Event: e.Event, Object: e.Object, Received: w.now, Body: e.Body})
	}
}

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	end := w.now.Add(d)
	for {
		_, next, err := w.fake.Step(w.t.Context(), w.now)
		w.must(err)
		if next.IsZero() || next.After(end) {
			w.now = end
			w.refresh()
			return
		}
		if next.After(w.now) {
			w.now = next
		}
	}
}

// use and refresh are what the room does that keeps grants.
func (w *world) use(g connect.Grant) {
	w.grant = g
	w.tool.Use(g)
}

func (w *world) refresh() {
	w.t.Helper()
	if w.now.Before(w.grant.Expires) {
		return
	}
	grant, err := w.tool.Refresh(w.t.Context(), w.grant)
	w.must(err)
	w.use(grant)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// learn decodes deliveries in their order, fetches what thin ones name, and returns the
// last that was said of each field.
func (w *world) learn(deliveries []plumbline.Delivery) map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for _, d := range deliveries {
		readings, err := w.tool.Decode(d)
		var thin connect.Thin
		var ignored connect.Ignored
		if errors.As(err, &thin) {
			readings, err = w.tool.Decode(w.fetch(thin.Kind, thin.ID))
		}
		if err != nil && !errors.As(err, &ignored) {
			w.t.Fatalf("Decode(%s) = %v", d.Body, err)
		}
		for _, r := range readings {
			connecttest.CheckReading(w.t, r)
			if r.Deleted {
				out[string(r.Kind)+" "+r.ID] = "deleted"
			}
			for name, v := range r.Fields {
				out[string(r.Kind)+" "+r.ID+" "+name] = string(v)
			}
		}
	}
	return out
}

// fetch asks for one object, as lookup does, and makes a delivery of the answer.
func (w *world) fetch(kind plumbline.Kind, id string) plumbline.Delivery {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	answers, err := w.tool.Fetch(w.t.Context(), kind, []string{id})
	w.must(err)
	if len(answers) != 1 || answers[0].Object != id || answers[0].Kind != kind {
		w.t.Fatalf("Fetch(%s %s) = %+v, want one answer", kind, id, answers)
	}
	return plumbline.Delivery{Tool: "jobber", Event: "read", Object: id, Read: w.now, Received: w.now, Body: answers[0].Body}
}

// live lets a job go all the way, with an offer before it, a visit completed by mistake
// and a refund; and another job that is deleted.
func (w *world) live() (done fake.Job, deleted fake.Job) {
	w.t.Helper()
	who := w.fake.CreateUser(fake.User{FirstName: "Rafael", LastName: "Ortiz", Email: "rafael@example.com", Phone: "2085550177"}).ID
	dana := w.fake.CreateClient(fake.Client{
		FirstName: "Dana", LastName: "Whitlock",
		Phones:  []fake.Phone{{Number: "(208) 555-0142", Description: "Mobile", Primary: true, SMSAllowed: true}},
		Emails:  []fake.Email{{Address: "dana@example.com", Description: "MAIN", Primary: true}},
		Billing: fake.Address{Street1: "418 Larkspur Ln", City: "Boise", Province: "Idaho", PostalCode: "83702", Country: "United States"},
	})
	place, err := w.fake.CreateProperty(fake.Property{ClientID: dana.ID, Address: dana.Billing})
	w.must(err)
	asked, err := w.fake.CreateRequest(fake.Request{ClientID: dana.ID, PropertyID: place.ID, Title: "No cooling"})
	w.must(err)
	plan := func(after time.Duration) fake.Plan {
		return fake.Plan{Start: w.now.Add(after), End: w.now.Add(after + 2*time.Hour), Users: []string{who}}
	}
	w.must(w.fake.PlanAssessment(asked.ID, plan(time.Hour)))
	w.advance(time.Hour)
	w.must(w.fake.CompleteAssessment(asked.ID))
	offer, err := w.fake.CreateQuote(fake.NewQuote{ClientID: dana.ID, PropertyID: place.ID, RequestID: asked.ID, Title: "New unit", Lines: []fake.Line{{Name: "Unit", UnitPrice: 39000}}})
	w.must(err)
	w.must(w.fake.SendQuote(offer.ID))
	w.advance(time.Minute)
	w.must(w.fake.ApproveQuote(offer.ID))
	done, err = w.fake.ConvertQuote(offer.ID)
	w.must(err)
	made, err := w.fake.AddVisits(done.ID, plan(24*time.Hour))
	w.must(err)
	w.advance(time.Hour)
	w.must(w.fake.OnMyWay(made[0].ID))
	for _, step := range []func() error{
		func() error { return w.fake.Complete(made[0].ID, who) },
		func() error { return w.fake.Uncomplete(made[0].ID) },
		func() error { return w.fake.Complete(made[0].ID, who) },
		func() error { return w.fake.CloseJob(done.ID, fake.KeepVisits) },
	} {
		w.advance(time.Minute)
		w.must(step())
	}
	bill, err := w.fake.CreateInvoice(fake.NewInvoice{JobIDs: []string{done.ID}, NetDays: 10})
	w.must(err)
	w.must(w.fake.SendInvoice(bill.ID))
	w.advance(time.Hour)
	paid, err := w.fake.Pay(bill.ID, fake.NewPayment{Amount: 39000, Type: "JOBBER_PAYMENTS"})
	w.must(err)
	w.advance(time.Hour)
	_, err = w.fake.Refund(paid.ID, 2750)
	w.must(err)
	deleted, err = w.fake.CreateJob(fake.NewJob{ClientID: dana.ID, Title: "Twice"})
	w.must(err)
	w.advance(time.Minute)
	w.must(w.fake.DeleteJob(deleted.ID))
	w.advance(time.Hour)
	return done, deleted
}

// check compares what was said with the truth.
func (w *world) check(said map[string]string, done fake.Job) {
	w.t.Helper()
	at := func(t time.Time) string { return string(connect.Value(t)) }
	i := slices.IndexFunc(w.fake.Visits(), func(v fake.Visit) bool { return v.JobID == done.ID })
	trip, bill, refund := w.fake.Visits()[i], w.fake.Invoices()[0], w.fake.Payments()[1]
	closed := w.fake.Jobs()[0].Closed
	asked, offer := w.fake.Requests()[0], w.fake.Quotes()[0]
	quoted := func(s string) string { return `"` + s + `"` }
	for path, want := range map[string]string{
		"job " + done.ID + " status": `"complete"`, "job " + done.ID + " completed_at": at(closed), "job " + done.ID + " visits": `["` + trip.ID + `"]`,
		"job " + done.ID + " total": `"390.00"`, "job " + done.ID + " customer": quoted(done.ClientID), "job " + done.ID + " estimate": "false",
		"visit " + trip.ID + " starts": at(trip.Start), "visit " + trip.ID + " completed_at": at(trip.Completed), "visit " + trip.ID + " job": quoted(done.ID),
		"visit " + trip.ID + " technicians":   `["` + trip.Users[0] + `"]`,
		"job request/" + asked.ID + " status": `"complete"`, "visit request/" + asked.ID + " completed_at": at(asked.Assessment.CompletedAt),
		"job quote/" + offer.ID + " options": `[{"id":"` + offer.ID + `","name":"New unit","status":"approved","total":"390.00"}]`,
		"invoice " + bill.ID + " amount":     `"390.00"`, "invoice " + bill.ID + " balance": `"27.50"`, "invoice " + bill.ID + " job": quoted(done.ID),
		"invoice " + bill.ID + " issued_at": at(bill.Issued),
		"payment " + refund.ID + " amount":  `"-27.50"`, "payment " + refund.ID + " invoice": quoted(bill.ID), "payment " + refund.ID + " method": `"card"`,
		"customer " + done.ClientID + " mobile_phone": `"(208) 555-0142"`, "customer " + done.ClientID + " texts_allowed": "true",
		"property " + done.PropertyID + " state": `"ID"`, "property " + done.PropertyID + " customer": quoted(done.ClientID),
		"technician " + trip.Users[0] + " mobile_phone": `"2085550177"`,
	} {
		if said[path] != want {
			w.t.Errorf("%s = %s, want %s", path, said[path], want)
		}
	}
}

func TestWebhooksAndWhatTheyNameTellTheWholeStory(t *testing.T) {
	for name, change := range map[string]func(*fake.Options){
		"":            nil,
		"legacy":      func(o *fake.Options) { o.LegacyTime, o.NotFoundErrors = true, true },
		"in disorder": func(o *fake.Options) { o.Faults = fake.Faults{Duplicate: 0.3, Reorder: 0.5} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, change)
			done, deleted := w.live()
			said := w.learn(w.kept)
			w.check(said, done)
			if got := said["job "+deleted.ID]; got != "deleted" {
				t.Errorf("the deleted job = %q, want deleted", got)
			}
		})
	}
}

// drain pulls a stream to its end.
func (w *world) drain(stream, cursor string) (got []plumbline.Delivery, next string) {
	w.t.Helper()
	for range 1000 {
		began := w.now
		p, err := w.tool.Pull(w.t.Context(), stream, cursor)
		if e := connect.AsError(err); e != nil && e.Class == connect.Wait {
			w.advance(e.After)
			continue
		}
		w.must(err)
		for _, a := range p.Answers {
			got = append(got, plumbline.Delivery{Tool: "jobber", Event: "read", Object: a.Object, Body: a.Body, Read: began, Received: w.now})
		}
		if cursor = p.Next; !p.More {
			return got, cursor
		}
	}
	w.t.Fatalf("the stream %s has no end", stream)
	return nil, ""
}

func TestPollsAloneTellTheWholeStory(t *testing.T) {
	w := newWorld(t, nil)
	done, _ := w.live()
	var all []plumbline.Delivery
	for _, stream := range w.tool.Streams() {
		got, _ := w.drain(stream, "")
		all = append(all, got...)
	}
	w.check(w.learn(all), done)
}

// fill makes some of everything, all at one instant.
func (w *world) fill(n int) map[string][]string {
	w.t.Helper()
	has := map[string][]string{}
	add := func(stream, id string) { has[stream] = append(has[stream], id) }
	visits := len(w.fake.Visits())
	add("users", w.fake.CreateUser(fake.User{FirstName: "Rafael"}).ID)
	for range n {
		c := w.fake.CreateClient(fake.Client{FirstName: "Dana"})
		p, err := w.fake.CreateProperty(fake.Property{ClientID: c.ID, Address: fake.Address{Street1: "1 A St"}})
		w.must(err)
		j, err := w.fake.CreateJob(fake.NewJob{
			ClientID: c.ID, Title: "x", Lines: []fake.Line{{Name: "Repair", UnitPrice: 100}},
			Plans: []fake.Plan{{Start: w.now.Add(24 * time.Hour), End: w.now.Add(25 * time.Hour)}},
		})
		w.must(err)
		r, err := w.fake.CreateRequest(fake.Request{ClientID: c.ID})
		w.must(err)
		q, err := w.fake.CreateQuote(fake.NewQuote{ClientID: c.ID, Title: "y"})
		w.must(err)
		i, err := w.fake.CreateInvoice(fake.NewInvoice{JobIDs: []string{j.ID}})
		w.must(err)
		m, err := w.fake.Pay(i.ID, fake.NewPayment{Amount: 50, Type: "JOBBER_PAYMENTS", ACH: true})
		w.must(err)
		add("clients", c.ID)
		add("properties", p.ID)
		add("jobs", j.ID)
		add("requests", requestPrefix+r.ID)
		add("quotes", quotePrefix+q.ID)
		add("invoices", i.ID)
		add("payments", m.ID)
	}
	for _, v := range w.fake.Visits()[visits:] {
		add("visits", v.ID)
	}
	return has
}

// touch changes an object in the source.
func (w *world) touch(stream, id string) {
	w.t.Helper()
	switch stream {
	case "clients":
		w.must(w.fake.UpdateClient(id, func(c *fake.Client) { c.LastName = "New" }))
	case "properties":
		w.must(w.fake.UpdateProperty(id, func(p *fake.Property) { p.Address.City = "Boise" }))
	case "users":
		w.must(w.fake.UpdateUser(id, func(u *fake.User) { u.LastName = "New" }))
	case "jobs":
		w.must(w.fake.UpdateJob(id, func(j *fake.Job) { j.Title = "y" }))
	case "requests":
		w.must(w.fake.PlanAssessment(strings.TrimPrefix(id, requestPrefix), fake.Plan{Start: w.now, End: w.now.Add(time.Hour)}))
	case "quotes":
		w.must(w.fake.SendQuote(strings.TrimPrefix(id, quotePrefix)))
	case "invoices":
		w.must(w.fake.SendInvoice(id))
	case "payments":
		w.must(w.fake.Settle(id))
	case "visits":
		w.must(w.fake.Schedule(id, fake.Plan{}))
	default:
		w.t.Fatalf("nothing touches %s", stream)
	}
}

func TestSubscriberAgainstTheSandbox(t *testing.T) {
	w := newWorld(t, nil)
	w.tool.config.CallbackURL = "https://hooks.example.com/hooks/field"
	w.advance(time.Minute) // APP_CONNECT
	connecttest.TestSubscriber(t, connecttest.Subscriber{
		Subscriber: w.tool,
		Stop:       func() { w.fake.SetWebhookURL("") },
		Tells: func() bool {
			before := len(w.kept)
			w.fake.CreateClient(fake.Client{FirstName: "Dana"})
			w.advance(time.Minute)
			return len(w.kept) == before+1
		},
	})
	if n := len(w.fake.Endpoints()); n != len(read()) {
		t.Errorf("%d endpoints after two times, want one for each of %d topics", n, len(read()))
	}
	w.must(w.fake.Disconnect())
	if _, err := w.tool.Restore(t.Context(), ""); err == nil {
		t.Error("an account that has let us go makes endpoints")
	}
}

func TestEveryTopicThatIsReadIsOneOfTheVendors(t *testing.T) {
	if len(read()) != 30 {
		t.Errorf("%d topics are read, want 30: %v", len(read()), read())
	}
	for _, name := range read() {
		if s, _, ok := topic(name); !ok || s.rule != "" {
			t.Errorf("%s is no topic that is read", name)
		}
	}
}

func TestCounterAgainstTheSandbox(t *testing.T) {
	w := newWorld(t, nil)
	has := w.fill(8)
	for range idPage {
		has["clients"] = append(has["clients"], w.fake.CreateClient(fake.Client{FirstName: "Dana"}).ID)
	}
	connecttest.TestCounter(t, connecttest.Counter{Counter: w.tool, Has: has})
	if _, has := w.tool.Holds("visits"); has(requestPrefix + "1") {
		t.Error("the list of visits holds the assessment of a request")
	}
}

func TestPullerAgainstTheSandbox(t *testing.T) {
	w := newWorld(t, nil)
	has := w.fill(8)
	connecttest.TestPuller(t, connecttest.Puller{
		Puller: w.tool, Decoder: w.tool, Tool: "jobber", Has: has, Now: func() time.Time { return w.now }, Advance: w.advance, Touch: w.touch,
	})
}

func TestTheFirstReadingOfAListSaysHowManyThereAre(t *testing.T) {
	w := newWorld(t, nil)
	has := w.fill(8)
	for stream, ids := range has {
		total, cursor := 0, ""
		for more := true; more; {
			p, err := w.tool.Pull(t.Context(), stream, cursor)
			w.must(err)
			total, cursor, more = max(total, p.Total), p.Next, p.More
		}
		if total < len(ids) {
			t.Errorf("%s: %d in all, want the %d there are", stream, total, len(ids))
		}
		if p, err := w.tool.Pull(t.Context(), stream, cursor); err != nil || p.Total != 0 {
			t.Errorf("%s: a later poll counts %d (%v), want no count", stream, p.Total, err)
		}
	}
}

// Many rows bear one time and a page border falls between them, the database swaps such
// rows, and lists know of some changes only later.
func TestNothingIsMissedThoughTimesAreEqualAndCommitsLate(t *testing.T) {
	w := newWorld(t, func(o *fake.Options) { o.QuietVisits = true })
	w.tool.config.PageSize = 8
	has := map[string][]string{}
	for range 5 {
		for stream, ids := range w.fill(6) {
			has[stream] = append(has[stream], ids...)
		}
		w.advance(10 * time.Second)
	}
	w.advance(time.Hour)
	cursors := map[string]string{}
	w.fake.SetFaults(fake.Faults{ShuffleTies: 0.5})
	for _, stream := range w.tool.Streams() {
		var got []plumbline.Delivery
		got, cursors[stream] = w.drain(stream, "")
		w.wantAll(stream, got, has[stream])
	}
	w.advance(time.Hour)
	w.fake.SetFaults(fake.Faults{SameTime: 0.5, LateCommit: 0.5})
	for _, stream := range w.tool.Streams() {
		for i, id := range has[stream] {
			w.touch(stream, id)
			if i%6 == 5 {
				w.now = w.now.Add(3 * time.Second)
			}
		}
	}
	seen := map[string][]plumbline.Delivery{}
	for _, pause := range []time.Duration{0, 2 * time.Minute} {
		w.advance(pause)
		for _, stream := range w.tool.Streams() {
			var got []plumbline.Delivery
			got, cursors[stream] = w.drain(stream, cursors[stream])
			seen[stream] = append(seen[stream], got...)
		}
	}
	for stream, got := range seen {
		w.wantAll(stream, got, has[stream])
	}
}

func (w *world) wantAll(stream string, got []plumbline.Delivery, want []string) {
	w.t.Helper()
	for _, id := range want {
		if !slices.ContainsFunc(got, func(d plumbline.Delivery) bool { return d.Object == id }) {
			w.t.Errorf("%s of %s was not handed over", id, stream)
		}
	}
}

// Rows that are deleted while a list that is paged by time is read shift nothing.
func TestDeletionsBetweenPagesHideNothing(t *testing.T) {
	w := newWorld(t, nil)
	var ids []string
	for range 12 {
		ids = append(ids, w.fake.CreateClient(fake.Client{FirstName: "Dana"}).ID)
		w.advance(time.Minute)
	}
	var got []plumbline.Delivery
	for cursor, more := "", true; more; {
		p, err := w.tool.Pull(t.Context(), "clients", cursor)
		w.must(err)
		for _, a := range p.Answers {
			got = append(got, plumbline.Delivery{Object: a.Object})
		}
		if len(ids) == 12 {
			w.must(w.fake.DeleteClient(ids[11]))
			w.must(w.fake.DeleteClient(ids[10]))
			ids = ids[:10]
		}
		cursor, more = p.Next, p.More
	}
	w.wantAll("clients", got, ids)
}

func TestVisitsOfASeriesAreFoundThoughOnlyTheFirstIsAnnounced(t *testing.T) {
	w := newWorld(t, func(o *fake.Options) { o.QuietVisits = true })
	w.fill(1)
	_, cursor := w.drain("visits", "")
	w.advance(time.Hour)
	var plans []fake.Plan
	for i := range 9 {
		at := w.now.AddDate(0, 0, 7*i)
		plans = append(plans, fake.Plan{Start: at, End: at.Add(time.Hour)})
	}
	before := len(w.fake.Visits())
	_, err := w.fake.CreateJob(fake.NewJob{ClientID: w.fake.Clients()[0].ID, Title: "Mowing", Recurring: true, Plans: plans})
	w.must(err)
	w.advance(time.Minute)
	got, cursor := w.drain("visits", cursor)
	var series []string
	for _, v := range w.fake.Visits()[before:] {
		series = append(series, v.ID)
	}
	if len(series) != 9 {
		t.Fatalf("the series has %d visits, want 9", len(series))
	}
	w.wantAll("visits", got, series)

	w.advance(time.Hour)
	at := w.now.Add(48 * time.Hour)
	w.must(w.fake.Schedule(series[3], fake.Plan{Start: at, End: at.Add(time.Hour)}))
	w.must(w.fake.Schedule(series[4], fake.Plan{}))
	w.must(w.fake.Complete(series[8], ""))
	got, _ = w.drain("visits", cursor)
	said := w.learn(got)
	for id, field := range map[string]string{series[3]: " starts", series[4]: " starts", series[8]: " completed_at"} {
		want := map[string]string{series[3]: string(connect.Value(at)), series[4]: "null", series[8]: string(connect.Value(w.now.Truncate(time.Second)))}[id]
		if got := said["visit "+id+field]; got != want {
			t.Errorf("visit%s = %s, want %s", field, got, want)
		}
	}
}

func TestFetchAgainstTheSandbox(t *testing.T) {
	for _, errors := range []bool{false, true} {
		w := newWorld(t, func(o *fake.Options) { o.NotFoundErrors = errors })
		done, deleted := w.live()
		w.advance(time.Minute)
		for _, c := range []struct {
			kind plumbline.Kind
			id   string
			gone bool
		}{
			{plumbline.Job, done.ID, false}, {plumbline.Job, deleted.ID, true}, {plumbline.Job, "nobody", true},
			{plumbline.Job, "quote/" + w.fake.Quotes()[0].ID, false}, {plumbline.Job, "quote/nobody", true}, {plumbline.Job, "request/" + w.fake.Requests()[0].ID, false},
			{plumbline.Visit, "request/" + w.fake.Requests()[0].ID, false}, {plumbline.Visit, w.fake.Visits()[0].ID, false},
			{plumbline.Customer, done.ClientID, false}, {plumbline.Customer, "nobody", true}, {plumbline.Property, done.PropertyID, false},
			{plumbline.Invoice, w.fake.Invoices()[0].ID, false}, {plumbline.Payment, w.fake.Payments()[0].ID, false}, {plumbline.Technician, w.fake.Users()[0].ID, false},
		} {
			got, err := w.tool.Fetch(t.Context(), c.kind, []string{c.id})
			if err != nil || len(got) != 1 || got[0].Object != c.id || got[0].Gone != c.gone {
				t.Errorf("Fetch(%s %s) = %+v, %v, want gone %v", c.kind, c.id, got, err, c.gone)
				continue
			}
			readings, err := w.tool.Decode(plumbline.Delivery{Event: "read", Object: c.id, Body: got[0].Body, Read: w.now, Received: w.now})
			if err != nil || !slices.ContainsFunc(readings, func(r plumbline.Reading) bool { return r.Kind == c.kind && r.ID == c.id && r.Deleted == c.gone }) {
				t.Errorf("Decode of %s %s = %+v, %v, want it with deleted %v", c.kind, c.id, readings, err, c.gone)
			}
		}
	}
}

// known is what is known of an object that was read whole.
func (w *world) known(kind plumbline.Kind, id string) connect.Known {
	w.t.Helper()
	readings, err := w.tool.Decode(w.fetch(kind, id))
	w.must(err)
	for _, r := range readings {
		if r.Kind == kind && r.ID == id {
			return connect.Known{ID: id, Fields: r.Fields}
		}
	}
	w.t.Fatalf("nothing was read of %s %s", kind, id)
	return connect.Known{}
}

// again reads again what is known, and says what that told and cost.
func (w *world) again(kind plumbline.Kind, k connect.Known) (told fields, points float64) {
	w.t.Helper()
	before := w.fake.Spent()
	got, err := w.tool.Reread(w.t.Context(), kind, []connect.Known{k})
	if err != nil || len(got) != 1 || got[0].Object != k.ID {
		w.t.Fatalf("Reread(%s %s) = %+v, %v, want one answer", kind, k.ID, got, err)
	}
	readings, err := w.tool.Decode(plumbline.Delivery{Event: "read", Object: k.ID, Body: got[0].Body, Read: w.now, Received: w.now})
	w.must(err)
	if readings[0].Kind != kind || readings[0].ID != k.ID || readings[0].Deleted != got[0].Gone {
		w.t.Errorf("Reread(%s %s) reads as %+v", kind, k.ID, readings)
	}
	return readings[0].Fields, w.fake.Spent() - before
}

func TestWhatIsKnownIsReadAgainForLess(t *testing.T) {
	w := newWorld(t, nil)
	done, deleted := w.live()
	w.advance(time.Minute)
	bill := w.fake.Invoices()[0].ID
	for kind, id := range map[plumbline.Kind]string{plumbline.Job: done.ID, plumbline.Invoice: bill} {
		k := w.known(kind, id)
		told, points := w.again(kind, k)
		for field, v := range told {
			if k.Fields[field] != v {
				t.Errorf("%s: %s is %s read again, and %s read whole", kind, field, v, k.Fields[field])
			}
		}
		for field := range k.Fields {
			_, is := told[field]
			if leaves := slices.Contains(w.tool.LeavesOut(kind), field); is == leaves && field != "estimate" && field != "job" {
				t.Errorf("%s: %s is told: %v, left out: %v", kind, field, is, leaves)
			}
		}
		if points > 11 {
			t.Errorf("reading a known %s again cost %v points, want 11 at most", kind, points)
		}
	}

	k := w.known(plumbline.Invoice, bill)
	k.Fields["amount"] = plumbline.TextValue("1.00")
	if told, _ := w.again(plumbline.Invoice, k); told["lines"] == "" {
		t.Error("an invoice whose amount is another was not read whole")
	}
	job := w.known(plumbline.Job, done.ID)
	w.must(w.fake.ReopenJob(done.ID))
	if status, err := w.fake.JobStatus(done.ID); err != nil || jobStatus[lower(status)] != byVisits {
		t.Fatalf("the reopened job is %q, %v: its status does not stand on its visits", status, err)
	}
	if told, _ := w.again(plumbline.Job, job); told["visits"] == "" || told["status"] == job.Fields["status"] {
		t.Errorf("a job whose status stands on its visits was read as %v, want it whole", told)
	}
	w.again(plumbline.Job, connect.Known{ID: deleted.ID})
	if told, _ := w.again(plumbline.Job, connect.Known{ID: "quote/" + w.fake.Quotes()[0].ID}); told["number"] == "" {
		t.Errorf("a quote was read again as %v, want it whole", told)
	}
}

func TestManyObjectsAreFetchedWithFewQuestions(t *testing.T) {
	w := newWorld(t, nil)
	ids := slices.Concat(w.fill(50)["clients"], []string{"nobody"})
	before := w.fake.Calls()
	got, err := w.tool.Fetch(t.Context(), plumbline.Customer, ids)
	if err != nil || len(got) != 51 || !got[50].Gone || w.fake.Calls()-before != 3 {
		t.Errorf("Fetch = %d answers in %d calls, %v, want 51 in 3", len(got), w.fake.Calls()-before, err)
	}
	if spent := w.tool.Spent(); spent != w.fake.Spent() || spent == 0 {
		t.Errorf("spent = %v, want %v as the vendor counts", spent, w.fake.Spent())
	}
}

func TestHiddenFieldNeedsAScope(t *testing.T) {
	w := newWorld(t, func(o *fake.Options) { o.Hidden = []string{"Client.emails", "Query.invoices"} })
	has := w.fill(1)
	for name, err := range map[string]error{
		"Client.emails":  func() error { _, err := w.tool.Fetch(t.Context(), plumbline.Customer, has["clients"]); return err }(),
		"Query.invoices": func() error { _, err := w.tool.Pull(t.Context(), "invoices", ""); return err }(),
	} {
		if e := connect.AsError(err); e == nil || e.Class != connect.Human || !strings.Contains(e.Cure, "scope") || !strings.Contains(e.Msg, name) {
			t.Errorf("a hidden field = %v, want an error of class human that names %s and the scope", err, name)
		}
	}
}

// A poll that finds nothing new must not read the list anew. Properties and users are
// read whole, and visits by their windows.
func TestQuietPollsAskOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(9)
	w.advance(time.Hour)
	w.fill(2)
	for _, stream := range []string{"clients", "requests", "quotes", "invoices", "jobs", "payments"} {
		_, cursor := w.drain(stream, "")
		before := w.fake.Calls()
		if _, cursor = w.drain(stream, cursor); w.fake.Calls()-before != 1 {
			t.Errorf("a quiet poll of %s asked %d times, want once; its cursor is %s", stream, w.fake.Calls()-before, cursor)
		}
	}
}
