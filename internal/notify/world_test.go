package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/calendar"
	"plumbline.dev/plumbline/internal/clock"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/twilio"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/notify"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/sandbox"
	fake "plumbline.dev/plumbline/internal/sandbox/twilio"
	"plumbline.dev/plumbline/internal/tenant"
)

const (
	boise   = "boise"
	ours    = "+12085550100"
	maria   = "+12085550111"
	tom     = "+12085550122"
	account = "AC00000000000000000000000000000001"
	token   = "0123456789abcdef0123456789abcdef"
)

// monday is a working day at 9 in the morning in Boise.
var monday = time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC)

// shop is a field tool whose deliveries are readings.
type shop struct{}

func (shop) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	var list []plumbline.Reading
	return list, json.Unmarshal(d.Body, &list)
}

// world is a location with a field tool, a sender, and the fake behind it.
type world struct {
	t      *testing.T
	db     *db.DB
	now    time.Time
	notify *notify.Notify
	adv    *advance.Advance
	disp   *outbox.Dispatcher
	tool   *twilio.Tool
	net    *sandbox.Net
	phones *fake.Sandbox
	tasks  []notify.Task
	ended  []string // "rule: why"
	n      int
	deaf   bool // webhooks are not taken
	still  bool // the dispatcher does not run
	slow   bool // intake waits
	pb     *playbook.Playbook
}

const layer = `
settings:
  brand: Brightwater
  phone: (208) 555-0100
  site: bw.example
  links: https://bw.example/v
  review_link: https://bw.example/r
  zone: America/Boise
  speaks: {confirmation: us, reminder: us, on_my_way: us, finished: us, review: us, invoice: us, payment_reminder: us}
`

type options struct {
	mode  string // of the sender; on
	layer string
	at    time.Time
	seed  uint64
}

func newWorld(t *testing.T, d *db.DB, o options) *world {
	t.Helper()
	w := &world{t: t, db: d, now: monday}
	if !o.at.IsZero() {
		w.now = o.at
	}
	layers := []playbook.Layer{playbook.BuiltIn(), {Name: "location", File: "location.yaml", Data: []byte(layer)}}
	if o.layer != "" {
		layers = append(layers, playbook.Layer{Name: "test", File: "test.yaml", Data: []byte(o.layer)})
	}
	pb, err := playbook.Load(layers...)
	if err != nil {
		t.Fatal(err)
	}
	w.pb = pb
	now := func() time.Time { return w.now }
	w.net = sandbox.New(sandbox.Options{Now: now, Rand: rand.New(rand.NewPCG(1, 1))})
	client := &http.Client{Transport: w.net}
	w.phones = fake.New(fake.Options{Now: now, Rand: rand.New(rand.NewPCG(5, o.seed)), AccountSid: account, AuthToken: token, Numbers: []string{ours},
		Client: client, InboundURL: "https://hooks.example.com/twilio#rc=5&rp=all"})
	w.net.Handle("api.twilio.com", w.phones)
	w.net.Handle("hooks.example.com", http.HandlerFunc(w.hook))
	w.tool = twilio.New(twilio.Config{AccountSid: account, AuthTokens: []connect.Secret{token}, From: ours, CallbackURL: "https://hooks.example.com/twilio", MessagesPerSecond: 10}, client, now)
	policy := func(string) (*playbook.Playbook, playbook.OpenHours, error) { return w.pb, office(t), nil }
	w.notify = &notify.Notify{
		Sender: func(_, connection string) connect.Sender {
			if connection == "twilio" {
				return w.tool
			}
			return nil
		},
		Policy:    policy,
		OpenTasks: func(_ *db.Tx, _ string, list []notify.Task) error { w.tasks = append(w.tasks, list...); return nil },
		CloseTasks: func(_ *db.Tx, _ string, list []notify.EndedTask) error {
			for _, t := range list {
				w.ended = append(w.ended, t.Rule+": "+t.Why)
			}
			return nil
		},
		Delivery: twilio.Delivery,
		LinkKey:  []byte("key"),
	}
	w.adv = &advance.Advance{DB: d, Decoder: func(_, _, tool string) connect.Decoder {
		if tool == "twilio" {
			return w.tool
		}
		return shop{}
	}, Policy: policy, Followers: []advance.Follower{clock.Setter{}, w.notify}}
	w.disp = &outbox.Dispatcher{DB: d, Node: "one", Quota: "twilio", Performers: map[string]outbox.Performer{notify.Room: w.notify}, Budgets: w.tool.Budgets()}
	w.connect("tool", tenant.On)
	if o.mode == "" {
		o.mode = tenant.On
	}
	w.connect("twilio", o.mode)
	return w
}

func office(t *testing.T) playbook.OpenHours {
	t.Helper()
	zone, err := time.LoadLocation("America/Boise")
	if err != nil {
		t.Fatal(err)
	}
	b := calendar.Business{Zone: zone}
	for day := time.Monday; day <= time.Friday; day++ {
		b.Week[day] = []calendar.Hours{{From: 450, To: 1020}}
	}
	return b
}

func (w *world) do(f func(tx *db.Tx) error) {
	w.t.Helper()
	if err := w.db.Do(context.Background(), w.now, f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) connect(name, mode string) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		if err := tenant.Put(tx, tenant.Connection{Location: boise, Name: name, Tool: name, Quota: name}); err != nil {
			return err
		}
		if err := tenant.Switch(tx, boise, name, mode); err != nil {
			return err
		}
		_, err := notify.Activate(tx, boise, w.pb)
		return err
	})
}

// hook takes the fake's webhooks as the program does.
func (w *world) hook(rw http.ResponseWriter, r *http.Request) {
	if w.deaf {
		http.Error(rw, "deaf", http.StatusServiceUnavailable)
		return
	}
	body, _ := io.ReadAll(r.Body)
	address := *r.URL
	address.Scheme, address.Host = "https", "hooks.example.com"
	in := connect.Request{Method: r.Method, URL: &address, Header: r.Header, Body: body, Received: w.now}
	if err := w.tool.Verify(in); err != nil {
		w.t.Errorf("verify a webhook: %v", err)
	}
	events, err := w.tool.Split(in)
	if err != nil {
		w.t.Errorf("split a webhook: %v", err)
	}
	err = w.db.Do(r.Context(), w.now, func(tx *db.Tx) error {
		for _, e := range events {
			if _, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: boise, Connection: "twilio", Tool: "twilio", Event: e.Event, Object: e.Object,
				Subject: e.Subject, Attempt: e.Attempt, Key: e.Key, Body: e.Body})); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Errorf("keep a webhook: %v", err)
	}
	rw.Header().Set("Content-Type", "text/xml")
	_, _ = io.Copy(rw, bytes.NewReader([]byte("<Response/>")))
}

// step lets everybody work until nobody has anything to do at this instant.
func (w *world) step() (next time.Time) {
	w.t.Helper()
	earliest := func(t time.Time) {
		if !t.IsZero() && t.After(w.now) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for range 500 {
		next = time.Time{}
		busy := false
		if !w.slow {
			for _, f := range []func() (bool, time.Time, error){
				func() (bool, time.Time, error) { return w.adv.Step(context.Background(), w.now, boise) },
				func() (bool, time.Time, error) { return clock.Step(context.Background(), w.db, w.now, boise) },
				func() (bool, time.Time, error) { return errorqueue.Step(context.Background(), w.db, w.now, boise) },
				func() (bool, time.Time, error) {
					return w.notify.StepStaff(context.Background(), w.db, w.now, boise)
				},
			} {
				worked, at, err := f()
				if err != nil {
					w.t.Fatal(err)
				}
				busy = busy || worked
				earliest(at)
			}
		}
		worked, at, err := w.phones.Step(context.Background(), w.now)
		if err != nil {
			w.t.Fatal(err)
		}
		busy = busy || worked
		earliest(at)
		if !w.still {
			worked, at, err := w.disp.Step(context.Background(), w.now)
			if err != nil {
				w.t.Fatal(err)
			}
			busy = busy || worked
			if due := w.due(); due.After(w.now) {
				at = due // a hold that nobody needs is not renewed, which would wake us twice a minute
			} else if due.IsZero() {
				at = time.Time{}
			}
			earliest(at)
		}
		if !busy {
			return next
		}
	}
	w.t.Fatal("there is always something to do")
	return next
}

// due is when the outbox next has something to do, zero if never.
func (w *world) due() (next time.Time) {
	w.t.Helper()
	err := w.db.View(context.Background(), w.now, func(tx *db.Tx) error {
		for _, query := range []string{
			`SELECT COALESCE(MIN(due), 0) FROM outbox WHERE location_id = 'boise' AND attempt = '' AND due < 9000000000000`,
			`SELECT COALESCE(MIN(deadline), 0) FROM attempt WHERE location_id = 'boise' AND state IN ('open', 'unknown')`,
		} {
			var ms int64
			if err := tx.QueryRow(query).Scan(&ms); err != nil {
				return err
			}
			if at := time.UnixMilli(ms).UTC(); ms != 0 && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

// run lets the time pass for d.
func (w *world) run(d time.Duration) {
	w.t.Helper()
	w.until(w.now.Add(d))
}

func (w *world) until(end time.Time) {
	w.t.Helper()
	for {
		next := w.step()
		if next.IsZero() || next.After(end) {
			w.now = end
			w.step()
			return
		}
		w.now = next
	}
}

// hear keeps readings of the field tool, and lets them be applied.
func (w *world) hear(readings ...plumbline.Reading) {
	w.t.Helper()
	for i := range readings {
		if readings[i].At.IsZero() {
			readings[i].At = w.now
		}
	}
	w.n++
	body, err := json.Marshal(readings)
	if err != nil {
		w.t.Fatal(err)
	}
	w.do(func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: boise, Connection: "tool", Tool: "shop", Event: "changed", Key: fmt.Sprint(w.n), Body: body}))
		return err
	})
}

func (w *world) office(decision advance.OfficeDecision) {
	w.t.Helper()
	w.n++
	decision.By = "ann"
	w.do(func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: boise, Connection: plumbline.Office, Tool: plumbline.Office, Event: decision.Do,
			Key: fmt.Sprint(w.n), Body: []byte(db.JSON(decision))}))
		return err
	})
}

// agree ticks for both kinds of texts, in writing.
func (w *world) agree(customer, address string) {
	w.t.Helper()
	for _, tick := range []string{"service", "marketing"} {
		w.office(advance.OfficeDecision{Do: "consent", Consent: &advance.Consent{Address: address, Person: id(plumbline.Customer, customer), Tick: tick, Yes: true, Wording: "v1", Via: "form"}})
	}
}

func (w *world) write(from, body string) {
	w.t.Helper()
	if _, err := w.phones.Receive(from, ours, body); err != nil {
		w.t.Fatal(err)
	}
}

func id(kind plumbline.Kind, external string) plumbline.SourceID {
	return plumbline.NewSourceID(boise, "tool", kind, external)
}

type fields = map[string]plumbline.Value

func text(s string) plumbline.Value    { return plumbline.TextValue(s) }
func at(t time.Time) plumbline.Value   { return plumbline.TimeValue(t) }
func list(s ...string) plumbline.Value { return plumbline.JSONValue(s) }
func hours(n int) time.Duration        { return time.Duration(n) * time.Hour }
func minutes(n int) time.Duration      { return time.Duration(n) * time.Minute }
func on(day, hour, min int) time.Time  { return time.Date(2026, 5, day, hour+6, min, 0, 0, time.UTC) } // in Boise
func customer(ext, first, phone string) plumbline.Reading {
	return plumbline.Reading{Kind: plumbline.Customer, ID: ext, Fields: fields{"first_name": text(first), "last_name": text("Lopez"), "mobile_phone": text(phone)}}
}

func technicianReading(ext, first string) plumbline.Reading {
	return plumbline.Reading{Kind: plumbline.Technician, ID: ext, Fields: fields{"first_name": text(first)}}
}

func property(ext, customer string) plumbline.Reading {
	return plumbline.Reading{Kind: plumbline.Property, ID: ext, Fields: fields{"customer": text(customer), "street": text("1418 W Larkspur Ln"),
		"city": text("Boise"), "state": text("ID"), "postal_code": text("83702")}}
}

// job is a job of a customer at a property, with one visit from starts on.
func (w *world) job(ext, customer string, starts time.Time) []plumbline.Reading {
	return []plumbline.Reading{
		{Kind: plumbline.Job, ID: ext, Created: w.now, Fields: fields{"number": text(ext), "customer": text(customer), "property": text("p1"),
			"description": text("no cool"), "status": text("scheduled")}},
		w.visit(ext, starts),
	}
}

func (w *world) visit(job string, starts time.Time) plumbline.Reading {
	return plumbline.Reading{Kind: plumbline.Visit, ID: "v" + job, Fields: fields{"job": text(job), "starts": at(starts), "ends": at(starts.Add(hours(2))),
		"technicians": list("t1")}}
}

// book lets Maria book a visit.
func (w *world) book(starts time.Time) {
	w.t.Helper()
	w.hear(append([]plumbline.Reading{customer("c1", "Maria", maria), property("p1", "c1"), technicianReading("t1", "Dana")}, w.job("j1", "c1", starts)...)...)
}

// said lists the texts of ours that reached the sender, "number: text".
func (w *world) said() (list []string) {
	for _, m := range w.phones.Messages() {
		if m.Direction == "outbound-api" {
			list = append(list, m.To+": "+m.Body)
		}
	}
	return list
}

// wantSaid holds that exactly these texts were said, each found by a piece of it.
func (w *world) wantSaid(pieces ...string) {
	w.t.Helper()
	got := w.said()
	ok := len(got) == len(pieces)
	for i := 0; ok && i < len(got); i++ {
		ok = strings.Contains(got[i], pieces[i])
	}
	if !ok {
		w.t.Errorf("said:\n\t%s\nwant:\n\t%s\noutcomes:\n\t%s", strings.Join(got, "\n\t"), strings.Join(pieces, "\n\t"), strings.Join(w.outcomes(), "\n\t"))
	}
}

// outcomes lists what came of the rules, "rule: state: reason".
func (w *world) outcomes() (list []string) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		for _, j := range []string{"j1", "j2", "j3"} {
			outcomes, err := notify.Outcomes(tx, boise, id(plumbline.Job, j))
			if err != nil {
				return err
			}
			for _, o := range outcomes {
				list = append(list, o.Rule+": "+o.State+": "+o.Reason)
			}
		}
		return nil
	})
	return list
}

func (w *world) wantOutcome(want string) {
	w.t.Helper()
	for _, o := range w.outcomes() {
		if strings.Contains(o, want) {
			return
		}
	}
	w.t.Errorf("outcomes:\n\t%s\nwant one with %q", strings.Join(w.outcomes(), "\n\t"), want)
}

func (w *world) states(job string) (list []string) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		messages, err := notify.Messages(tx, boise, id(plumbline.Job, job))
		for _, m := range messages {
			list = append(list, m.Rule+" "+m.State)
		}
		return err
	})
	return list
}

func (w *world) items() (list []errorqueue.Item) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) { list, err = errorqueue.List(tx, boise); return err })
	return list
}

func each(t *testing.T, o options, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, o)
		w.run(time.Minute)
		f(t, w)
		for _, i := range w.items() {
			if i.Kind == "delivery" {
				t.Errorf("a delivery failed: %s", i.Detail)
			}
		}
	})
}

// unauthorized is a sender that refuses the credentials.
type unauthorized struct{}

func (unauthorized) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, `{"code":20003,"message":"Authenticate","more_info":"","status":401}`)
}
