package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/sandbox"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

const (
	company = "3f6a1d20-0000-4000-8000-00000000c0de"
	sender  = "+12085550100"
	dana    = "+12085550142"

	staffLine = "+12085550200" // of whoever texts staff
	sid       = "AC00000000000000000000000000000001"
)

var boise, _ = time.LoadLocation("America/Boise")

// A world is the whole program between the fakes of the three vendors, in simulated
// time. It is Monday, 4 May 2026, eight in the morning, and everything is switched on.
type world struct {
	t      *testing.T
	now    time.Time
	node   *app.Node
	field  *housecallpro.Sandbox
	crm    *hubspot.Sandbox
	phones *twilio.Sandbox
	net    *sandbox.Net
	jobs   jobsAs
	tech   housecallpro.Employee
	acts   int
	steps  []func(context.Context, time.Time) (bool, time.Time, error) // of other fakes
}

type setting struct {
	speaks string // of the field tool's connection
	layer  string // of the playbook
	jobs   jobsAs // zero: as deals
	staff  string // of the playbook's settings; empty: as it is built in
	more   string // connections
	before func(*world)
	start  time.Time // zero: Monday at eight
	store  string    // a postgres:// URL; empty: SQLite
	schema string
}

// A jobsAs is what the CRM keeps a job as.
type jobsAs struct{ typ, path, name, stage, line string }

var (
	asDeals   = jobsAs{"deal", "deals", "dealname", "dealstage", ""}
	asTickets = jobsAs{"ticket", "tickets", "subject", "hs_pipeline_stage", "mapping: {hubspot: {deal: {as: ticket}}}\n"}
)

const weSpeak = "{confirmation: us, on_my_way: us, review: us, reminder: nobody, invoice: nobody, payment_reminder: us}"

func newWorld(t *testing.T, s setting) *world {
	t.Helper()
	w := &world{t: t, now: at(4, 8, 0), jobs: s.jobs}
	if w.jobs == (jobsAs{}) {
		w.jobs = asDeals
	}
	if !s.start.IsZero() {
		w.now = s.start
	}
	now := func() time.Time { return w.now }
	rnd := rand.New(rand.NewPCG(7, 7))
	net := sandbox.New(sandbox.Options{Now: now, Rand: rnd})
	w.net = net
	client := &http.Client{Transport: net}
	home := "https://plumbline.example.com/hooks/brightwater/"
	w.field = housecallpro.New(housecallpro.Options{Now: now, Rand: rnd, CompanyID: company, CompanyName: "Brightwater", Zone: boise,
		APIKey: "key", Client: client, WebhookURL: home + "hcp", WebhookSecret: "secret"})
	w.crm = hubspot.New(hubspot.Options{Now: now, Rand: rnd, Token: "pat", Portal: 62515, App: 7906213})
	w.phones = twilio.New(twilio.Options{Now: now, Rand: rnd, AccountSid: sid, AuthToken: "0123456789abcdef0123456789abcdef", Numbers: []string{sender, staffLine},
		Client: client, InboundURL: home + "twilio", Inbound: map[string]string{staffLine: home + "staffline"}})
	w.steps = append(w.steps, w.field.Step)
	net.Handle("api.housecallpro.com", w.field)
	net.Handle("api.hubapi.com", w.crm)
	net.Handle("api.twilio.com", w.phones)

	dir := t.TempDir()
	layer := "settings: {brand: Brightwater, zone: America/Boise, phone: (208) 555-0100, links: https://bw.example/v, shop: {latitude: \"43.6150\", longitude: \"-116.2023\"}, staff: {" + s.staff + "}}\n" + w.jobs.line + s.layer
	if err := os.WriteFile(filepath.Join(dir, "shop.yaml"), []byte(layer), 0o600); err != nil {
		t.Fatal(err)
	}
	if s.speaks == "" {
		s.speaks = weSpeak
	}
	if s.store == "" {
		s.store = "plumbline.db"
	}
	config := fmt.Sprintf(`database: %s
public_url: https://plumbline.example.com
locations:
- id: brightwater
  playbook: [shop.yaml]
  connections:
  - {name: hcp, tool: housecallpro, account: %s, mode: "on", speaks: %s, confirmed: [confirmation, on_my_way, review, payment_reminder],
     config: {api_key: key, webhook_secrets: [secret]}}
  - {name: hubspot, tool: hubspot, account: "62515", mode: "on", config: {token: pat, portal: "62515", app_id: "7906213", zone: America/Boise}}
  - {name: twilio, tool: twilio, account: %s, mode: "on", config: {account_sid: %s, auth_tokens: [0123456789abcdef0123456789abcdef], from: "%s", messages_per_second: 10}}
%s`, s.store, company, s.speaks, sid, sid, sender, s.more)
	c, err := app.ParseConfig(filepath.Join(dir, "plumbline.yaml"), []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	w.node, err = app.Build(t.Context(), c, app.Options{Now: now, Client: client, Volatile: true, Schema: s.schema, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.ok(w.node.Close()) })
	net.Handle("plumbline.example.com", w.node.Hooks())
	w.provision()
	w.tech = w.field.CreateEmployee(housecallpro.Employee{FirstName: "Rafael", LastName: "Ortiz", Role: "field tech"})
	if s.before != nil {
		s.before(w)
	}
	w.minutes(30) // adoption
	return w
}

// provision makes the fields of the mapping, as plumbline connect does.
func (w *world) provision() {
	w.t.Helper()
	_, err := w.node.Provision(w.t.Context(), "brightwater", "hubspot", false)
	w.ok(err)
}

// at is a local time in May 2026.
func at(day, hour, minute int) time.Time { return time.Date(2026, 5, day, hour, minute, 0, 0, boise) }

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// until lets time go by.
func (w *world) until(to time.Time) {
	w.t.Helper()
	for round := 0; ; round++ {
		worked, next := false, to
		for _, step := range append(slices.Clone(w.steps), w.phones.Step, w.node.Step) {
			did, at, err := step(w.t.Context(), w.now)
			w.ok(err)
			worked = worked || did
			if !at.IsZero() && at.Before(next) {
				next = at
			}
		}
		switch {
		case round > 200_000:
			w.t.Fatal("the world does not come to rest")
		case worked:
		case !w.now.Before(to):
			return
		case next.After(w.now):
			w.now = next
		default:
			w.now = w.now.Add(time.Second)
		}
	}
}

func (w *world) minutes(n int) { w.t.Helper(); w.until(w.now.Add(time.Duration(n) * time.Minute)) }

// office keeps a decision of the office.
func (w *world) office(d advance.OfficeDecision) {
	w.t.Helper()
	w.acts++
	d.By = "Kim"
	body, err := json.Marshal(d)
	w.ok(err)
	w.ok(w.node.DB.Do(w.t.Context(), w.now, func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: "brightwater", Connection: plumbline.Office, Tool: plumbline.Office,
			Event: d.Do, Key: fmt.Sprint("act-", w.acts), Body: body}))
		return err
	}))
}

func jobID(id string) plumbline.SourceID {
	return plumbline.NewSourceID("brightwater", "hcp", plumbline.Job, id)
}

func customerID(id string) plumbline.SourceID {
	return plumbline.NewSourceID("brightwater", "hcp", plumbline.Customer, id)
}

// agrees logs a tick of a customer.
func (w *world) agrees(customer, tick string) {
	w.office(advance.OfficeDecision{Do: "consent", Consent: &advance.Consent{Address: dana, Person: customerID(customer), Tick: tick, Yes: true,
		Wording: "Text me about my jobs, estimates and bills. v1", Via: "form"}})
}

func (w *world) says(job string, fields map[string]plumbline.Value) {
	w.office(advance.OfficeDecision{Do: "say", Kind: plumbline.Job, About: jobID(job), Fields: fields})
}

// customer is Dana Whitlock, who has given her mobile number.
func (w *world) customer() housecallpro.Customer {
	return w.field.CreateCustomer(housecallpro.Customer{FirstName: "Dana", LastName: "Whitlock", Mobile: "2085550142", Email: "dana@example.com",
		NotificationsEnabled: true, Addresses: []housecallpro.Address{{Type: "service", Street: "418 Larkspur Ln", City: "Boise", State: "ID", Zip: "83702"}}})
}

// book books a job of Dana's, and schedules it.
func (w *world) book(customer, description string, start time.Time, tags ...string) housecallpro.Job {
	w.t.Helper()
	j, err := w.field.CreateJob(housecallpro.NewJob{CustomerID: customer, Description: description, Tags: tags})
	w.ok(err)
	w.minutes(1)
	w.ok(w.field.ScheduleJob(j.ID, housecallpro.Plan{Start: start, End: start.Add(2 * time.Hour), Window: 120, Employees: []string{w.tech.ID}}))
	return j
}

// finish drives a job to its end, as a technician does.
func (w *world) finish(job string) {
	w.t.Helper()
	w.ok(w.field.OnMyWay(job))
	w.minutes(20)
	w.ok(w.field.Start(job))
	w.minutes(60)
	w.ok(w.field.Complete(job))
	w.minutes(5)
}

// bill invoices a job for 390 dollars.
func (w *world) bill(job string) housecallpro.Invoice {
	w.t.Helper()
	w.ok(w.field.SetLineItems(job, []housecallpro.Line{{Name: "AC repair", UnitPrice: 39000, Quantity: 100}}, 0))
	w.minutes(1)
	inv, err := w.field.CreateInvoice(job)
	w.ok(err)
	w.minutes(1)
	w.ok(w.field.SendInvoice(inv.ID))
	w.minutes(5)
	return inv
}

// contact returns the one CRM contact of a name.
func (w *world) contact(last string) hubspot.Object {
	w.t.Helper()
	var found []hubspot.Object
	for _, o := range w.crm.Objects("contacts") {
		if o.Properties["lastname"] == last && !o.Archived {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("the CRM has %d contacts called %s, want 1", len(found), last)
	}
	return found[0]
}

// deal returns the one deal, or ticket, whose name holds a text.
func (w *world) deal(name string) hubspot.Object {
	w.t.Helper()
	var found []hubspot.Object
	for _, o := range w.crm.Objects(w.jobs.path) {
		if strings.Contains(o.Properties[w.jobs.name], name) {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("the CRM has %d %s about %q, want 1", len(found), w.jobs.path, name)
	}
	return found[0]
}

// stage returns the label of a deal's stage.
func (w *world) stage(name string) string {
	w.t.Helper()
	_, target, err := app.Tool[connect.Target](w.node, "brightwater", "hubspot")
	w.ok(err)
	s, err := target.Describe(w.t.Context())
	w.ok(err)
	id := w.deal(name).Properties[w.jobs.stage]
	for stage, have := range s.Types[w.jobs.typ].Stages {
		if have == id {
			return stage
		}
	}
	return id
}

// texts returns what was sent to a number.
func (w *world) texts(to string) (list []string) {
	for _, m := range w.phones.Messages() {
		if m.To == to && strings.HasPrefix(m.Direction, "outbound-api") {
			list = append(list, m.Body)
		}
	}
	return list
}

// heard checks that the texts since the last look hold these words, one each.
func (w *world) heard(to string, before int, want ...string) {
	w.t.Helper()
	got := w.texts(to)[before:]
	if len(got) != len(want) {
		w.t.Fatalf("%d texts to %s since then: %q; want %d, about %q\n%s", len(got), to, got, len(want), want, strings.Join(w.outcomes(), "\n"))
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			w.t.Errorf("text %d is %q, want one about %q", i+1, got[i], want[i])
		}
	}
}

func (w *world) props(o hubspot.Object, want map[string]string) {
	w.t.Helper()
	for name, v := range want {
		if got := o.Properties[name]; got != v {
			w.t.Errorf("%s of %s %s is %q, want %q", name, o.ObjectType, o.ID, got, v)
		}
	}
}

// outcomes lists why each rule did or did not speak, for failures.
func (w *world) outcomes() (list []string) {
	w.ok(w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT rule, state, reason FROM outcome ORDER BY rule, n`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var rule, state, reason string
			if err := rows.Scan(&rule, &state, &reason); err != nil {
				return err
			}
			list = append(list, rule+" "+state+": "+reason)
		}
		return rows.Err()
	}))
	return list
}

func (w *world) tally() (lines []inbox.Line) {
	w.t.Helper()
	w.ok(w.node.DB.View(w.t.Context(), w.now, func(tx *db.Tx) (err error) {
		lines, err = inbox.Tally(tx, "brightwater", w.now.AddDate(0, -1, 0), w.now)
		return err
	}))
	return lines
}
