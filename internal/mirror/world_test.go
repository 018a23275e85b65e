package mirror_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/hubspot"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/sandbox"
	crm "plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/tenant"
)

const shop = "austin"

// A world is a shop with a field tool and a HubSpot account, in simulated time.
type world struct {
	opens   time.Time // before, the office is closed
	t       *testing.T
	db      *db.DB
	now     time.Time
	crm     *crm.Sandbox
	net     *sandbox.Net
	tool    *hubspot.Tool
	mirror  *mirror.Mirror
	advance *advance.Advance
	out     *outbox.Dispatcher
	book    *playbook.Playbook
	n       int
}

// hours of an office that is open but while the test says that it is closed.
type hours struct{ w *world }

func (h hours) Open(t time.Time) (bool, time.Time) {
	return !t.Before(h.w.opens), h.w.opens
}

func (h hours) WorkingDay(time.Time, int, int) time.Time { return time.Time{} }

func (h hours) DayOff(time.Time) bool { return false }

// each runs a test on both engines, each time in a new world whose account has been
// provisioned. Unless told otherwise the connection is on.
func each(t *testing.T, f func(w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(open(t, d)) })
}

func open(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, db: d, now: time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC)}
	now := func() time.Time { return w.now }
	w.crm = crm.New(crm.Options{Now: now, Rand: rand.New(rand.NewPCG(3, 3)), Token: "pat-secret", Portal: 62515, App: 7906213})
	w.net = sandbox.New(sandbox.Options{Now: now, Rand: rand.New(rand.NewPCG(4, 4))})
	w.net.Handle("api.hubapi.com", w.crm)
	w.tool = hubspot.New(hubspot.Config{Token: "pat-secret", Portal: "62515", Zone: "America/Chicago"}, &http.Client{Transport: w.net}, now)
	var err error
	if w.book, err = playbook.Load(playbook.BuiltIn()); err != nil {
		t.Fatal(err)
	}
	policy := func(string) (*playbook.Playbook, playbook.OpenHours, error) { return w.book, hours{w}, nil }
	decoder := func(_, _, name string) connect.Decoder {
		if name == hubspot.Name {
			return w.tool
		}
		return field{}
	}
	w.mirror = &mirror.Mirror{DB: d, Policy: policy, Decoder: decoder,
		Target: func(tenant.Connection) (connect.Target, error) { return w.tool, nil },
		Puller: func(tenant.Connection) (connect.Puller, error) { return w.tool, nil },
		Fetch: func(ctx context.Context, _ tenant.Connection, typ string, ids []string) ([]connect.Answer, error) {
			return w.tool.ReadBack(ctx, typ, ids)
		},
		Observe: func(_ tenant.Connection, d plumbline.Delivery) (mirror.Observation, error) { return observe(w.tool, d) },
		Stream: func(_, typ string) string {
			return map[string]string{"contact": "contacts", "deal": "deals"}[typ]
		},
		Budget: func(_, use string) string {
			return map[string]string{"write": "burst", "read": "burst", "pull": "search", "associate": "associations"}[use]
		},
		Budgets: func(tenant.Connection) map[string]connect.Budget { return w.tool.Budgets() }}
	w.advance = &advance.Advance{DB: d, Decoder: decoder, Policy: policy, Followers: []advance.Follower{w.mirror}}
	w.out = &outbox.Dispatcher{DB: d, Node: "n1", Quota: "hubspot", Performers: map[string]outbox.Performer{mirror.Room: w.mirror}, Budgets: w.tool.Budgets()}
	w.provision()
	w.do(func(tx *db.Tx) error {
		for _, c := range []tenant.Connection{{Name: "crm", Tool: hubspot.Name, Quota: "hubspot"}, {Name: "field", Tool: "field", Quota: "field"}} {
			c.Location, c.Speaks = shop, map[string]string{}
			if err := tenant.Put(tx, c); err != nil {
				return err
			}
		}
		return tenant.Switch(tx, shop, "crm", tenant.On)
	})
	return w
}

func (w *world) provision() {
	w.t.Helper()
	var specs []connect.FieldSpec
	for typ, m := range w.book.Mapping[hubspot.Name] {
		var names []string
		for _, f := range m.Fields {
			names = append(names, f.Name)
			if strings.HasPrefix(f.Name, "plumbline_") {
				specs = append(specs, connect.FieldSpec{Type: typ, Name: f.Name, Label: f.Label, Value: f.Value, Options: f.Options, Unique: f.Unique})
			}
		}
		w.tool.Watch(typ, names)
	}
	slices.SortFunc(specs, func(a, b connect.FieldSpec) int { return strings.Compare(a.Type+a.Name, b.Type+b.Name) })
	if _, err := w.tool.Provision(w.t.Context(), specs, false); err != nil {
		w.t.Fatal(err)
	}
	w.now = w.now.Add(time.Minute)
}

func observe(tool *hubspot.Tool, d plumbline.Delivery) (mirror.Observation, error) {
	o, err := tool.Observed(d)
	out := mirror.Observation{Type: o.Type, ID: o.ID, Archived: o.Archived, MergedTo: o.MergedTo, Fields: map[string]mirror.Observed{}}
	for name, f := range o.Fields {
		if f.Value == "" && f.At.Equal(o.Created) {
			f.At = time.Time{}
		}
		out.Fields[name] = mirror.Observed{Value: f.Value, At: f.At, Author: f.Author, Source: f.Source, Merged: f.Merged}
	}
	return out, err
}

// field is the decoder of a tool whose deliveries are readings as JSON.
type field struct{}

func (field) Decode(d plumbline.Delivery) (list []plumbline.Reading, err error) {
	return list, json.Unmarshal(d.Body, &list)
}

func (w *world) do(f func(tx *db.Tx) error) {
	w.t.Helper()
	if err := w.db.Do(w.t.Context(), w.now, f); err != nil {
		w.t.Fatal(err)
	}
}

// says keeps what the field tool says.
func (w *world) says(list ...plumbline.Reading) {
	w.t.Helper()
	for i := range list {
		if list[i].At.IsZero() {
			list[i].At = w.now
		}
	}
	body, err := json.Marshal(list)
	if err != nil {
		w.t.Fatal(err)
	}
	w.deliver(plumbline.Delivery{Connection: "field", Tool: "field", Event: "told", Body: body})
}

func (w *world) deliver(d plumbline.Delivery) {
	w.t.Helper()
	w.n++
	d.Location = shop
	if d.Key == "" {
		d.Key = fmt.Sprint("d", w.n)
	}
	w.do(func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, inbox.Pack(d))
		return err
	})
}

// apply lets advance apply all that waits.
func (w *world) apply() (worked bool) {
	w.t.Helper()
	for range 100 {
		did, _, err := w.advance.Step(w.t.Context(), w.now, shop)
		if err != nil {
			w.t.Fatal(err)
		}
		if !did {
			return worked
		}
		worked = true
	}
	w.t.Fatal("advance does not come to rest")
	return
}

// run lets everything happen for a span of simulated time, whenever something is due.
func (w *world) run(span time.Duration) {
	w.t.Helper()
	for end := w.now.Add(span); w.now.Before(end); {
		next := w.settle()
		if soon := w.now.Add(time.Second); next.Before(soon) {
			next = soon
		}
		if w.now = next; next.After(end) {
			w.now = end
		}
	}
	w.settle()
}

// settle makes what can be done at this instant, and says when there is more.
func (w *world) settle() time.Time {
	w.t.Helper()
	for range 200 {
		applied := w.apply()
		did, next, err := w.out.Step(w.t.Context(), w.now)
		if err != nil {
			w.t.Fatal(err)
		}
		if !did && !applied {
			return next
		}
	}
	w.t.Fatalf("at %v there is no end of work", w.now)
	return time.Time{}
}

// records returns the account's live records of a kind.
func (w *world) records(kind string) (list []crm.Object) {
	for _, o := range w.crm.Objects(kind) {
		if !o.Archived {
			list = append(list, o)
		}
	}
	return list
}

// one returns the account's only live record of a kind.
func (w *world) one(kind string) crm.Object {
	w.t.Helper()
	list := w.records(kind)
	if len(list) != 1 {
		w.t.Fatalf("there are %d %s, want one: %s", len(list), kind, w.story())
	}
	return list[0]
}

// story tells what mirror holds, for failures.
func (w *world) story() string {
	var b strings.Builder
	w.do(func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT type, key_id, vendor_id, state, reason FROM target_record ORDER BY type, key_id`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var typ, key, id, state, reason string
			if err := rows.Scan(&typ, &key, &id, &state, &reason); err != nil {
				return err
			}
			fmt.Fprintf(&b, "\n  %s %s -> %q %s: %s", typ, key, id, state, reason)
		}
		rows.Close()
		items, err := errorqueue.List(tx, shop)
		for _, i := range items {
			fmt.Fprintf(&b, "\n  item %s: %s (%s)", i.Ref, i.Title, i.Detail)
		}
		if err != nil {
			return err
		}
		rows, err = tx.Query(`SELECT record, due, tries, attempt FROM outbox ORDER BY record`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var rec, attempt string
			var due, tries int64
			if err := rows.Scan(&rec, &due, &tries, &attempt); err != nil {
				return err
			}
			fmt.Fprintf(&b, "\n  owed %s in %v, %d tries %s", rec, time.UnixMilli(due).Sub(w.now), tries, attempt)
		}
		return rows.Err()
	})
	return b.String()
}

func (w *world) items() (list []errorqueue.Item) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) {
		list, err = errorqueue.List(tx, shop)
		return err
	})
	return list
}

func text(s string) plumbline.Value { return plumbline.TextValue(s) }

// rosa is a customer of the field tool, created a year ago.
func (w *world) rosa(fields ...string) plumbline.Reading {
	r := plumbline.Reading{Kind: plumbline.Customer, ID: "c1", Created: time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC),
		Fields: map[string]plumbline.Value{"first_name": text("Rosa"), "last_name": text("Larkspur"), "email": text("rosa@larkspur.test"), "mobile_phone": text("(512) 555-0142")}}
	for i := 0; i < len(fields); i += 2 {
		r.Fields[fields[i]] = text(fields[i+1])
	}
	return r
}

func job(fields ...string) plumbline.Reading {
	r := plumbline.Reading{Kind: plumbline.Job, ID: "j1", Fields: map[string]plumbline.Value{"customer": text("c1"), "description": text("AC repair")}}
	for i := 0; i < len(fields); i += 2 {
		r.Fields[fields[i]] = text(fields[i+1])
	}
	return r
}

func sourceID(kind plumbline.Kind, connection, id string) plumbline.SourceID {
	return plumbline.NewSourceID(shop, connection, kind, id)
}
