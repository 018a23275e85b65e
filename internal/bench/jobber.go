package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/connect"
	client "plumbline.dev/plumbline/internal/connect/jobber"
	"plumbline.dev/plumbline/internal/sandbox"
	"plumbline.dev/plumbline/internal/sandbox/jobber"
	"plumbline.dev/plumbline/internal/tenant"
)

const (
	jobberApp    = "3ef22a50-0000-4000-8000-b7646657560b"
	jobberID     = "app"
	jobberSecret = "secret-of-the-app"
	jobberHost   = "api.getjobber.com"
	ourHost      = "plumbline.example.com"
)

// jobberCost measures a few days of 40 visits each.
func jobberCost(ctx context.Context, o Options, r Report) (err error) {
	visits, days := 80, 2
	if o.Quick {
		visits, days = 40, 1
	}
	r["jobber_cost_per_visit"], err = jobberCostOf(ctx, o, visits, days)
	return err
}

// jobberCostOf measures the points that reading costs at Jobber for each visit from its
// booking to its payment, beside one question for every webhook. The days pass in
// simulated time, twice: once for the program, once for one that asks at every webhook.
func jobberCostOf(ctx context.Context, o Options, visits, days int) (f Figure, err error) {
	asked, err := newAccount(o.Dir, jobber.Options{})
	if err != nil {
		return f, err
	}
	naive := asked.asker()
	asked.net.Handle(ourHost, naive)
	if err := asked.live(ctx, visits, days, func(context.Context, time.Time) (bool, time.Time, error) { return false, time.Time{}, naive.err }); err != nil {
		return f, fmt.Errorf("ask at every webhook: %w", err)
	}

	a, err := newAccount(o.Dir, jobber.Options{})
	if err != nil {
		return f, err
	}
	node, err := a.node(ctx, "jobber.db", o.Log)
	if err != nil {
		return f, err
	}
	defer func() { err = closing(err, node) }()
	if err := a.live(ctx, visits, days, node.Step); err != nil {
		return f, err
	}
	waiting, err := count(ctx, node, `SELECT COUNT(*) FROM delivery WHERE location_id = $1 AND state = 'waiting'`, location)
	if err != nil {
		return f, err
	}
	made := len(a.vendor.Visits())
	if waiting > 0 || made == 0 {
		return f, fmt.Errorf("of %d visits %d webhooks still wait", made, waiting)
	}
	ours, theirs := a.bill.reads/float64(made), asked.bill.reads/float64(made)
	given := 500 * a.now.Sub(a.began).Seconds()
	return Figure{Value: ours / theirs, Unit: "ratio", Floor: "<= 0.5", Ceiling: theirs,
		Note: fmt.Sprintf("%.0f points in %d questions beside %.0f in %d, one per webhook that needs one, for each of %d visits from booking to payment; besides, lists take %.0f points an hour, %.2f %% of what Jobber gives",
			ours, a.bill.asked, theirs, asked.bill.asked, made, a.bill.lists/a.now.Sub(a.began).Hours(), 100*a.bill.lists/given)}, nil
}

// An account is one with Jobber, in simulated time, that has let the app in.
type account struct {
	vendor *jobber.Sandbox
	net    *sandbox.Net
	client *http.Client
	dir    string
	now    time.Time
	began  time.Time
	bill   bill

	answers time.Duration // how long the vendor takes to answer
}

// A bill is the points that an account's answers have told.
type bill struct {
	reads float64 // of objects that were asked for by their ids
	asked int     // questions about them
	lists float64
}

// add reads a question and its answer.
func (b *bill) add(asked, answered []byte) {
	var told struct {
		Extensions struct {
			Cost struct {
				Actual float64 `json:"actualQueryCost"`
			} `json:"cost"`
		} `json:"extensions"`
	}
	if json.Unmarshal(answered, &told) != nil {
		return // of the token URL
	}
	if bytes.Contains(asked, []byte("$id0: EncodedId!")) {
		b.reads, b.asked = b.reads+told.Extensions.Cost.Actual, b.asked+1
	} else {
		b.lists += told.Extensions.Cost.Actual
	}
}

func newAccount(dir string, o jobber.Options) (*account, error) {
	a := &account{dir: dir, now: epoch.AddDate(0, 0, -1).Truncate(24 * time.Hour).Add(14 * time.Hour)} // eight in the morning
	a.began = a.now
	rnd := rand.New(rand.NewPCG(1, 3))
	a.net = sandbox.New(sandbox.Options{Now: a.clock, Rand: rnd})
	a.client = &http.Client{Transport: a.net}
	o.Now, o.Rand, o.AppID, o.ClientID, o.ClientSecret, o.AccountName = a.clock, rnd, jobberApp, jobberID, jobberSecret, "Bench"
	o.Client, o.WebhookURL = a.client, "https://"+ourHost+"/hooks/"+location+"/jobber"
	a.vendor = jobber.New(o)
	a.net.Handle(jobberHost, http.HandlerFunc(a.serve))
	return a, nil
}

// serve lets the vendor answer, and notes what that cost.
func (a *account) serve(w http.ResponseWriter, r *http.Request) {
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(asked))
	answer := httptest.NewRecorder()
	a.vendor.ServeHTTP(answer, r)
	a.bill.add(asked, answer.Body.Bytes())
	a.now = a.now.Add(a.answers)
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (a *account) clock() time.Time { return a.now }

// asker is one that the account has let in.
func (a *account) asker() *asker {
	granted := a.vendor.Connect()
	return &asker{tool: client.New(client.Config{ClientID: jobberID, ClientSecret: jobberSecret}, a.client, a.clock), now: a.clock,
		grant: connect.Grant{Refresh: connect.Secret(granted.Refresh)}}
}

// node builds the program for the account, whose administrator then agrees.
func (a *account) node(ctx context.Context, file string, log *slog.Logger) (*app.Node, error) {
	key, err := tenant.NewKey()
	if err != nil {
		return nil, err
	}
	file = filepath.Join(a.dir, file)
	c, err := app.ParseConfig(file+".yaml", fmt.Appendf(nil, `database: %q
public_url: https://%s
key: %s
locations:
- id: %s
  name: Bench
  connections:
  - {name: jobber, tool: jobber, account: %q, mode: "on", config: {client_id: %s, client_secret: %s}}
`, file, ourHost, key, location, a.vendor.AccountID(), jobberID, jobberSecret))
	if err != nil {
		return nil, err
	}
	n, err := app.Build(ctx, c, app.Options{Now: a.clock, Client: a.client, Log: log})
	if err != nil {
		return nil, err
	}
	a.net.Handle(ourHost, n.Hooks())
	if err := a.agree(n); err != nil {
		return nil, closing(err, n)
	}
	return n, nil
}

// agree lets the account's administrator agree.
func (a *account) agree(n *app.Node) error {
	address, err := n.AuthorizeURL(location, "jobber")
	if err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	answer := httptest.NewRecorder()
	n.API().Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/oauth/"+location+"/jobber?"+a.vendor.Authorize(u.Query().Get("state")).Encode(), nil))
	if answer.Code != http.StatusOK {
		return fmt.Errorf("connecting was answered %d %s", answer.Code, answer.Body)
	}
	return nil
}

// live lets so many visits be booked over some days, done, billed and paid, and lets a
// day pass after them. Step is what the program does besides.
func (a *account) live(ctx context.Context, visits, days int, step func(context.Context, time.Time) (bool, time.Time, error)) error {
	d := &diary{vendor: a.vendor, now: a.clock, rng: rand.New(rand.NewPCG(1, 4)), begins: a.now}
	d.plan(visits, days)
	end := a.now.Add(time.Duration(days+1) * 24 * time.Hour)
	for {
		worked, next, err := d.step(a.now)
		if err != nil {
			return err
		}
		for _, other := range []func(context.Context, time.Time) (bool, time.Time, error){a.vendor.Step, step} {
			did, at, err := other(ctx, a.now)
			if err != nil {
				return err
			}
			if worked = worked || did; !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		switch {
		case worked:
		case next.IsZero() || next.After(end):
			return nil
		case next.After(a.now):
			a.now = next
		default:
			a.now = a.now.Add(time.Second)
		}
	}
}

// An asker asks about each object as soon as a webhook names it.
type asker struct {
	tool  *client.Tool
	now   func() time.Time
	grant connect.Grant
	err   error
}

// ServeHTTP takes a webhook.
func (a *asker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := a.ask(r); err != nil && a.err == nil {
		a.err = err
	}
	w.WriteHeader(http.StatusOK)
}

func (a *asker) ask(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	events, err := a.tool.Split(connect.Request{Method: r.Method, URL: r.URL, Header: r.Header, Body: body, Received: a.now()})
	if err != nil {
		return err
	}
	for _, e := range events {
		_, err := a.tool.Decode(plumbline.Delivery{Location: location, Connection: "jobber", Tool: "jobber", Event: e.Event, Body: e.Body, Received: a.now()})
		var thin connect.Thin
		if !errors.As(err, &thin) {
			continue // nothing has to be asked
		}
		if !a.now().Before(a.grant.Expires) {
			if a.grant, err = a.tool.Refresh(r.Context(), a.grant); err != nil {
				return err
			}
			a.tool.Use(a.grant)
		}
		if _, err := a.tool.Fetch(r.Context(), thin.Kind, []string{thin.ID}); err != nil {
			return err
		}
	}
	return nil
}

// A diary is what the office and its technicians do, each at its time.
type diary struct {
	vendor *jobber.Sandbox
	now    func() time.Time
	rng    *rand.Rand
	begins time.Time
	acts   []act
	users  []string
}

type act struct {
	at time.Time
	do func() error
}

func (d *diary) at(t time.Time, do func() error) { d.acts = append(d.acts, act{t, do}) }

// step does what is due. Acts that lie at one time are done in the order of their making.
func (d *diary) step(now time.Time) (worked bool, next time.Time, err error) {
	for {
		slices.SortStableFunc(d.acts, func(a, b act) int { return a.at.Compare(b.at) })
		if len(d.acts) == 0 {
			return worked, time.Time{}, nil
		}
		if d.acts[0].at.After(now) {
			return worked, d.acts[0].at, nil
		}
		first := d.acts[0]
		d.acts, worked = d.acts[1:], true
		if err := first.do(); err != nil {
			return worked, now, err
		}
	}
}

// minutes is a span between two numbers of minutes, to the second.
func (d *diary) minutes(from, to int) time.Duration {
	return time.Duration(from*60+d.rng.IntN((to-from)*60)) * time.Second
}
