package simulate

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/sandbox"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/jobber"
	"plumbline.dev/plumbline/internal/sandbox/shop"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
	"plumbline.dev/plumbline/internal/tenant"
)

// A world is one run: companies with their vendors, the network between, and the
// nodes of the program on one database.
type world struct {
	opts  Options
	level level
	calm  bool // faults are off, so that what can converge does
	zone  *time.Location
	start time.Time
	now   time.Time
	dir   string
	key   string // that grants are sealed with

	store     *db.DB // on SQLite the one of all incarnations of the node: opening it is most of what one costs
	network   *sandbox.Net
	companies []*company
	nodes     []*node
	due       map[string]time.Time // from when on each location and quota has something to do; nil: to be looked up
	order     *rand.Rand           // in which order the steps come
	fate      *rand.Rand           // when nodes die

	turnings []turning         // of the weather, to come
	down     map[string][]span // when hosts could not be reached
	dead     []span            // when nodes were

	report Report
	broken map[string]bool // violations are told once
}

// A company is one location of the program: a shop with its accounts.
type company struct {
	w       *world
	id      string
	brand   string
	account string // of the field tool
	portal  int64  // of the CRM
	sid     string // of the sender
	number  string // that texts come from

	field  *housecallpro.Sandbox // nil: the shop has it not
	jobber *jobber.Sandbox       // likewise
	shut   []span                // when it had shut us out: from the first item to the administrator's yes
	crm    *hubspot.Sandbox
	sender *twilio.Sandbox
	shop   *shop.Shop

	over    bool             // nothing more happens in the shop
	acts    []shop.OfficeAct // said, and not yet written down by the office
	decided int              // decisions of the office so far
	rang    map[string]int   // webhooks that we answered 2xx, by connection and UTC day
}

// chance is a stream of random numbers of its own for each use, so that a change in
// one part of the world does not shift the others.
func (w *world) chance(use string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(use)) // a hash never fails
	return rand.New(rand.NewPCG(w.opts.Seed, h.Sum64()))
}

func (w *world) clock() time.Time { return w.now }

func newWorld(ctx context.Context, o Options) (w *world, err error) {
	w = &world{opts: o, level: levels[o.Faults], calm: true, broken: map[string]bool{}}
	w.report = Report{Seed: o.Seed, Trucks: o.Trucks, Days: o.Days, Faults: o.Faults, Tools: o.Tools, Nodes: o.Nodes, Violations: []string{}}
	if w.zone, err = time.LoadLocation("America/Phoenix"); err != nil {
		return nil, err
	}
	// A Monday to Saturday, chosen by the seed; before the open hours.
	w.start = time.Date(2026, 4, 6+int(o.Seed%6), 5, 0, 0, 0, w.zone).UTC()
	w.now = w.start
	w.order, w.fate = w.chance("order"), w.chance("fate")
	w.network = sandbox.New(sandbox.Options{Now: w.clock, Rand: w.chance("network")})
	w.network.Handle(home, http.HandlerFunc(w.door))
	if w.key, err = tenant.NewKey(); err != nil {
		return nil, err
	}
	if w.dir, err = os.MkdirTemp("", "plumbline-simulation-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close(ctx))
		}
	}()
	if err := w.found(); err != nil {
		return w, err
	}
	if err := w.openStore(ctx); err != nil {
		return w, err
	}
	for i := range o.Nodes {
		n := &node{w: w, name: fmt.Sprintf("node-%c", 'a'+i)}
		w.nodes = append(w.nodes, n)
		if err := n.build(ctx); err != nil {
			return w, err
		}
	}
	return w, w.open(ctx)
}

// found makes the companies. In some worlds there is a second, small one, on the same
// nodes: its people have the numbers of the first one's people.
func (w *world) found() error {
	if err := w.company("main", "Larkspur Home Services", w.opts.Tools, w.opts.Trucks, w.opts.Trucks*4); err != nil {
		return err
	}
	if w.opts.Seed%8 == 3 {
		return w.company("second", "Ocotillo Plumbing", onlyHousecallPro, 1, 2)
	}
	return nil
}

func (w *world) company(id, brand, tools string, trucks, past int) (err error) {
	n := len(w.companies)
	c := &company{w: w, id: id, brand: brand,
		account: fmt.Sprintf("5f0c1d2e-7a3b-4c4d-8e5f-%012d", n+1), portal: 24600001 + int64(n),
		sid: fmt.Sprintf("AC%032x", n+1), number: fmt.Sprintf("+1480555019%d", n), rang: map[string]int{}}
	w.companies = append(w.companies, c)
	client := &http.Client{Transport: w.network}
	if tools != onlyJobber {
		c.field = housecallpro.New(housecallpro.Options{Now: w.clock, Rand: w.chance("field " + id), CompanyID: c.account, CompanyName: brand,
			Zone: w.zone, APIKey: fieldKey, Client: client, WebhookSecret: fieldSecret})
		w.network.Handle(c.host("housecallpro"), c.field)
	}
	if tools != onlyHousecallPro {
		c.jobber = jobber.New(jobber.Options{Now: w.clock, Rand: w.chance("jobber " + id), AppID: jobberApp, ClientID: "app", ClientSecret: jobberSecret,
			AccountName: brand, AccountID: 2486001 + n, Zone: w.zone, Client: client, WebhookURL: "https://" + home + "/hooks/" + id + "/jobber"})
		w.network.Handle(c.host("getjobber"), c.jobber)
	}
	c.crm = hubspot.New(hubspot.Options{Now: w.clock, Rand: w.chance("crm " + id), Token: crmToken, Portal: c.portal, App: crmApp, Zone: w.zone})
	c.sender = twilio.New(twilio.Options{Now: w.clock, Rand: w.chance("sender " + id), AccountSid: c.sid, AuthToken: senderToken,
		Numbers: []string{c.number}, Client: client, InboundURL: "https://" + home + "/hooks/" + id + "/twilio#rc=5&rp=all"})
	w.network.Handle(c.host("hubapi"), c.crm)
	w.network.Handle(c.host("twilio"), c.sender)
	c.shop, err = shop.New(shop.Options{Seed: w.opts.Seed + uint64(n)<<32, Trucks: trucks, Days: w.opts.Days, Start: w.start, Zone: w.zone,
		HCP: c.field, Jobber: c.jobber, HubSpot: c.crm, Twilio: c.sender, Past: past})
	return err
}

// host is where a vendor is reached; each company has its own, so that one network
// can hold two accounts.
func (c *company) host(vendor string) string {
	if c.id == "main" {
		return "api." + vendor + ".com"
	}
	return "api." + vendor + "." + c.id + ".example.com"
}

func (c *company) hosts() (hosts []string) {
	if c.field != nil {
		hosts = append(hosts, c.host("housecallpro"))
	}
	if c.jobber != nil {
		hosts = append(hosts, c.host("getjobber"))
	}
	return append(hosts, c.host("hubapi"), c.host("twilio"))
}

// open connects the companies to the program and lets the faults begin.
func (w *world) open(ctx context.Context) error {
	for _, c := range w.companies {
		if c.field != nil {
			if err := c.field.RegisterWebhook(ctx, "https://"+home+"/hooks/"+c.id+"/hcp"); err != nil {
				return err
			}
		}
		if c.jobber != nil {
			if _, err := c.agree(ctx, w.nodes[0]); err != nil {
				return err
			}
		}
		if _, err := w.nodes[0].app.Provision(ctx, c.id, "hubspot", false); err != nil {
			return err
		}
	}
	w.report.Locations = len(w.companies)
	if w.level.outages > 0 {
		w.outages()
		w.deafness()
	}
	r := w.chance("skew")
	for _, c := range w.companies {
		c.misbehave(w.level)
		if w.level.skew > 0 {
			c.skew(between(r, -w.level.skew, w.level.skew))
		}
	}
	w.network.SetFaults(home, w.level.home)
	w.calm = false
	return nil
}

// skew sets the clocks of the field tools off.
func (c *company) skew(d time.Duration) {
	if c.field != nil {
		c.field.Skew(d)
	}
	if c.jobber != nil {
		c.jobber.Skew(d)
	}
}

// settle ends all faults.
func (w *world) settle() {
	w.calm = true
	for _, c := range w.companies {
		c.skew(0)
		for _, h := range c.switches() {
			h.on(true)
		}
		c.misbehave(none)
	}
	w.network.SetFaults(home, none.home)
}

// door is our address: any of the nodes takes what comes. It counts what we have
// promised to keep.
func (w *world) door(rw http.ResponseWriter, r *http.Request) {
	n := w.nodes[w.order.IntN(len(w.nodes))]
	heard := &witness{ResponseWriter: rw, status: http.StatusOK}
	n.hooks.ServeHTTP(heard, r)
	if heard.status/100 != 2 || r.Header.Get("Api-Signature")+r.Header.Get("X-Jobber-Hmac-SHA256")+r.Header.Get("X-Twilio-Signature") == "" {
		return // refused, or the vendor's test of the address
	}
	for _, c := range w.companies {
		for _, connection := range []string{"hcp", "jobber", "twilio"} {
			if strings.HasPrefix(r.URL.Path, "/hooks/"+c.id+"/"+connection) {
				c.rang[connection+" "+w.now.UTC().Format(time.DateOnly)]++
			}
		}
	}
}

// A witness notes what was answered.
type witness struct {
	http.ResponseWriter
	status int
}

func (x *witness) WriteHeader(status int) {
	x.status = status
	x.ResponseWriter.WriteHeader(status)
}

func (w *world) close(ctx context.Context) (err error) {
	for _, n := range w.nodes {
		if n.app != nil {
			err = errors.Join(err, n.app.Close())
		}
	}
	if w.store != nil {
		err = errors.Join(err, w.store.Close())
	}
	return errors.Join(err, w.dropSchema(ctx), os.RemoveAll(w.dir))
}

func (w *world) file() string { return filepath.Join(w.dir, "plumbline.db") }

// openStore opens an empty database.
func (w *world) openStore(ctx context.Context) (err error) {
	if w.opts.Store != "" {
		return w.dropSchema(ctx)
	}
	w.store, err = db.Open(ctx, w.file(), db.Options{Volatile: true})
	return err
}

// dropSchema takes away what a run of this seed left on a PostgreSQL server.
func (w *world) dropSchema(ctx context.Context) error {
	if w.opts.Store == "" {
		return nil
	}
	d, err := db.Open(ctx, w.opts.Store, db.Options{Schema: w.opts.Schema})
	if err != nil {
		return err
	}
	err = d.Do(ctx, w.now, func(tx *db.Tx) error {
		_, err := tx.Exec(`DROP SCHEMA "` + w.opts.Schema + `" CASCADE`)
		return err
	})
	return errors.Join(err, d.Close())
}

// A node is one incarnation after another of the program on the same database.
type node struct {
	w     *world
	name  string
	app   *app.Node
	hooks http.Handler
	parts []*part
	woken bool
	down  time.Time // dead until then

	question string // asks from when on its parts have something to do
	columns  int    // that the answer has
}

// build starts the program anew.
func (n *node) build(ctx context.Context) error {
	text, err := n.w.configuration(n.name)
	if err != nil {
		return err
	}
	c, err := app.ParseConfig(n.name+".yaml", []byte(text))
	if err != nil {
		return err
	}
	n.app, err = app.Build(ctx, c, app.Options{Now: n.w.clock, Client: &http.Client{Transport: &wire{n}}, DB: n.w.store, Volatile: true, Schema: n.w.opts.Schema})
	if err != nil {
		return err
	}
	hooks := n.app.Hooks()
	hooks.Nudge = func(string) { n.w.wakeAll() }
	n.hooks, n.woken, n.w.due = hooks, true, nil
	n.layParts()
	return nil
}
