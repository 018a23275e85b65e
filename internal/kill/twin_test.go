package kill

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/clock"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/sandbox"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

// Twins are two nodes of the whole program on one database in simulated time, which
// work at the same instants on goroutines of their own.
type twins struct {
	t      *testing.T
	ms     atomic.Int64
	nodes  []*app.Node
	field  *housecallpro.Sandbox
	crm    *hubspot.Sandbox
	phones *twilio.Sandbox
	tech   housecallpro.Employee
	visits []*moved
}

// A moved visit is one whose customer hears of each of its windows.
type moved struct {
	job, customer, mobile string
	start                 time.Time
	moves                 int
}

func newTwins(t *testing.T) *twins {
	t.Helper()
	w := &twins{t: t}
	w.ms.Store(monday.UnixMilli())
	net := sandbox.New(sandbox.Options{Now: w.now, Rand: rand.New(rand.NewPCG(1, 1))})
	client := &http.Client{Transport: net}
	zone, err := time.LoadLocation("America/Boise")
	if err != nil {
		t.Fatal(err)
	}
	w.field = housecallpro.New(housecallpro.Options{Now: w.now, Rand: rand.New(rand.NewPCG(1, 2)), CompanyID: company, CompanyName: "Brightwater", Zone: zone,
		APIKey: "key", Client: client, WebhookURL: public + "/hooks/north/hcp", WebhookSecret: "secret"})
	w.crm = hubspot.New(hubspot.Options{Now: w.now, Rand: rand.New(rand.NewPCG(1, 3)), Token: "pat", Portal: 62515, App: 7906213, Zone: zone, Limits: hubspot.Limits{Unlimited: true}})
	w.phones = twilio.New(twilio.Options{Now: w.now, Rand: rand.New(rand.NewPCG(1, 4)), AccountSid: account, AuthToken: token,
		Numbers: []string{"+12085550100"}, Client: client, InboundURL: public + "/hooks/north/twilio"})
	net.Handle("api.housecallpro.com", w.field)
	net.Handle("api.hubapi.com", w.crm)
	net.Handle("api.twilio.com", w.phones)
	s := &shop{t: t, place: place{zone: "America/Boise"}, hosts: [3]string{"https://api.housecallpro.com", "https://api.hubapi.com", "https://api.twilio.com"}}
	store := schema(t)
	for _, name := range []string{"node-a", "node-b"} {
		c, err := app.ReadConfig(s.configure(name, store).config)
		if err != nil {
			t.Fatal(err)
		}
		n, err := app.Build(t.Context(), c, app.Options{Now: w.now, Client: client, Volatile: true, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		})
		w.nodes = append(w.nodes, n)
	}
	net.Handle(strings.TrimPrefix(public, "https://"), w.nodes[0].Hooks())
	w.provision()
	w.tech = w.field.CreateEmployee(housecallpro.Employee{FirstName: "Rafael", LastName: "Ortiz", Role: "field tech"})
	w.pass(30*time.Minute, false) // adoption
	return w
}

func (w *twins) provision() {
	w.t.Helper()
	_, p, err := app.Tool[connect.Provisioner](w.nodes[0], "north", "hubspot")
	if err != nil {
		w.t.Fatal(err)
	}
	pb, _, err := w.nodes[0].Advance.Policy("north")
	if err != nil {
		w.t.Fatal(err)
	}
	var list []connect.FieldSpec
	for typ, m := range pb.Mapping["hubspot"] {
		for _, f := range m.Fields {
			if f.Label != "" {
				list = append(list, connect.FieldSpec{Type: typ, Name: f.Name, Label: f.Label, Value: f.Value, Options: f.Options, Unique: f.Unique})
			}
		}
	}
	if _, err := p.Provision(w.t.Context(), list, false); err != nil {
		w.t.Fatal(err)
	}
}

func (w *twins) now() time.Time { return time.UnixMilli(w.ms.Load()).UTC() }

// pass lets time go by, a second at a time while both nodes work, else as far as the
// next thing is.
func (w *twins) pass(d time.Duration, both bool) {
	w.t.Helper()
	for end := w.now().Add(d); w.now().Before(end); {
		next := w.instant(both)
		if both || next.IsZero() || next.After(end) || !next.After(w.now()) {
			next = w.now().Add(time.Second)
			if !both {
				next = end
			}
		}
		w.ms.Store(next.UnixMilli())
	}
	w.instant(both)
}

// instant lets everybody work until nobody has anything to do at this instant.
func (w *twins) instant(both bool) (next time.Time) {
	w.t.Helper()
	steps := []func(context.Context, time.Time) (bool, time.Time, error){w.field.Step, w.phones.Step}
	if both {
		steps = append(append(steps, loops(w.nodes[0])...), loops(w.nodes[1])...)
	} else {
		steps = append(steps, w.nodes[0].Step)
	}
	for range 10_000 {
		next = time.Time{}
		var worked atomic.Bool
		nexts := make([]time.Time, len(steps))
		var all []func()
		for i, step := range steps {
			all = append(all, func() {
				did, at, err := step(context.Background(), w.now())
				if err != nil {
					w.t.Errorf("a step failed: %v", err)
					did = true
				}
				worked.Store(worked.Load() || did)
				nexts[i] = at
			})
		}
		if both {
			together(all...)
		} else {
			for _, f := range all {
				f()
			}
		}
		if worked.Load() {
			continue
		}
		for _, at := range nexts {
			if at.After(w.now()) && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		return next
	}
	w.t.Fatal("it does not come to rest")
	return next
}

// loops are what a node runs side by side.
func loops(n *app.Node) (list []func(context.Context, time.Time) (bool, time.Time, error)) {
	list = append(list, func(ctx context.Context, now time.Time) (bool, time.Time, error) {
		return n.Advance.Step(ctx, now, "north")
	},
		func(ctx context.Context, now time.Time) (bool, time.Time, error) {
			return clock.Step(ctx, n.DB, now, "north")
		})
	for _, d := range n.Dispatchers {
		list = append(list, d.Step)
	}
	return list
}

func (w *twins) book(n int) {
	w.t.Helper()
	mobile := fmt.Sprintf("208261%04d", n)
	c := w.field.CreateCustomer(housecallpro.Customer{FirstName: firstNames[n%len(firstNames)], LastName: "Whit" + letters(n), Mobile: mobile, NotificationsEnabled: true,
		Addresses: []housecallpro.Address{{Type: "service", Street: fmt.Sprintf("%d Larkspur Ln", 100+2*n), City: "Boise", State: "ID", Zip: "83702"}}})
	j, err := w.field.CreateJob(housecallpro.NewJob{CustomerID: c.ID, Description: "No cooling upstairs"})
	if err != nil {
		w.t.Fatal(err)
	}
	v := &moved{job: j.ID, customer: c.ID, mobile: "+1" + mobile, start: monday.Add(6 * time.Hour)}
	w.visits = append(w.visits, v)
	w.plan(v)
}

func (w *twins) plan(v *moved) {
	w.t.Helper()
	if err := w.field.ScheduleJob(v.job, housecallpro.Plan{Start: v.start, End: v.start.Add(2 * time.Hour), Window: 120, Employees: []string{w.tech.ID}}); err != nil {
		w.t.Fatal(err)
	}
}

// TestWhatIsToldAndWrittenIsTrueWhenTwoNodesWorkAtOnce moves visits while texts about
// them leave and records of them are written. When all is at rest, a remark on each
// job lets everything be looked at again: what is owed then was forgotten before.
func TestWhatIsToldAndWrittenIsTrueWhenTwoNodesWorkAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	dbtest.PostgresURL(t) // on SQLite there is one writer
	w := newTwins(t)
	r := rand.New(rand.NewPCG(3, 3))
	n := rounds(t, 10, 30)
	for i := range n {
		w.book(i)
		for range 3 {
			if v := w.visits[r.IntN(len(w.visits))]; v.moves < 2 && r.IntN(2) == 0 {
				v.moves++
				v.start = v.start.Add(45 * time.Minute)
				w.plan(v)
			}
			w.pass(time.Second, true)
		}
	}
	w.pass(20*time.Second, true)
	w.pass(20*time.Minute, false)
	told := w.texts()
	for _, v := range w.visits {
		if len(told[v.mobile]) == 0 {
			t.Errorf("%s was told nothing", v.mobile)
		}
		if _, err := w.field.AddNote(v.job, "Called."); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(20*time.Minute, false)
	for mobile, after := range w.texts() {
		if before := told[mobile]; len(after) != len(before) {
			t.Errorf("%s had to be told once more: %q after %q", mobile, after[len(before):], before)
		}
	}
	w.shown()
	if open := w.left(); open != 0 {
		t.Errorf("%d calls are owed or undecided at the end", open)
	}
}

func (w *twins) texts() map[string][]string {
	out := map[string][]string{}
	for _, m := range w.phones.Messages() {
		if m.Direction == "outbound-api" {
			out[m.To] = append(out[m.To], m.Body)
		}
	}
	return out
}

// shown holds that the CRM shows each customer once, with the window as it is.
func (w *twins) shown() {
	w.t.Helper()
	shows := map[string][]string{}
	for _, o := range w.crm.Objects("contacts") {
		shows[o.Properties["plumbline_key"]] = append(shows[o.Properties["plumbline_key"]], o.Properties["plumbline_next_appointment"])
	}
	for _, v := range w.visits {
		key := string(plumbline.NewSourceID("north", "hcp", plumbline.Customer, v.customer))
		want := v.start.UTC().Format("2006-01-02T15:04:05.000Z")
		if got := shows[key]; len(got) != 1 || got[0] != want {
			w.t.Errorf("the CRM shows %s the appointments %q, want %s", v.mobile, got, want)
		}
	}
	if got := len(w.crm.Objects("contacts")); got != len(w.visits) {
		w.t.Errorf("the CRM has %d contacts, want %d", got, len(w.visits))
	}
	if got := len(w.crm.Objects("deals")); got != len(w.visits) {
		w.t.Errorf("the CRM has %d deals, want %d", got, len(w.visits))
	}
}

func (w *twins) left() (n int) {
	w.t.Helper()
	err := w.nodes[0].DB.View(context.Background(), w.now(), func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT (SELECT COUNT(*) FROM outbox WHERE due <= $1) + (SELECT COUNT(*) FROM attempt WHERE state IN ('open', 'unknown'))`,
			w.now().UnixMilli()).Scan(&n)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}
