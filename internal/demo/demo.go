// Package demo shows the whole program at work: a living shop between sandboxes of
// all vendors, at a watchable speed, told line by line. It decides nothing and knows
// no more of the program than an operator does.
package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/sandbox"
	"plumbline.dev/plumbline/internal/sandbox/shop"
	"plumbline.dev/plumbline/internal/tenant"
)

// The shop of the demo.
const (
	location  = "brightwater"
	brand     = "Brightwater Heating and Air"
	zoneName  = "America/Phoenix" // where the shop's addresses are
	trucks    = 2
	past      = 12 // customers from before
	sandboxes = "/sandbox"
)

// spoken are the kinds of messages that we send in place of the field tool.
var spoken = []string{"confirmation", "reminder", "on_my_way", "finished", "review", "invoice", "payment_reminder"}

// Options of a demo.
type Options struct {
	Dir     string                       // wiped, if it is one of a demo's
	Listen  string                       // taken if it is free, else another port
	Speed   float64                      // simulated seconds in a second
	Seed    uint64                       // the story
	Stay    bool                         // serve after the day, until ctx ends
	Program string                       // how the program was called, for the commands that are printed
	Out     io.Writer                    // the telling
	Log     func(io.Writer) *slog.Logger // makes the node's log
	Now     time.Time                    // the demo's day lies before it
}

type demo struct {
	opts    Options
	zone    *time.Location
	start   time.Time
	clock   *clock
	address string // http://HOST:PORT
	token   string // of the HTTP API

	vendors *Vendors
	slip    *slip
	shop    *shop.Shop
	node    *app.Node
	story   *teller
	queue   *clerk
	said    int       // decisions of the office
	nudged  time.Time // when the node's loops were woken last
}

// Run lives one day of a shop and tells it. It fails where the day's tally does not
// close.
func Run(ctx context.Context, o Options) (err error) {
	defer plumbline.Wrap(&err, "run the demo")

	d := &demo{opts: o}
	if d.zone, err = time.LoadLocation(zoneName); err != nil {
		return err
	}
	d.start = lastWorkday(o.Now, d.zone)
	d.clock = newClock(d.start)
	if err := clear(o.Dir); err != nil {
		return err
	}
	listener, err := listen(ctx, o.Listen)
	if err != nil {
		return err
	}
	d.address = "http://" + listener.Addr().String()
	if err := d.configure(); err != nil {
		return errors.Join(err, listener.Close())
	}
	log, err := os.OpenFile(filepath.Join(o.Dir, "log.jsonl"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return errors.Join(d.between(ctx, listener, o.Log(log)), log.Close())
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err == nil {
		return l, nil
	}
	host, _, bad := net.SplitHostPort(address)
	if bad != nil {
		return nil, plumbline.Invalidf("such as 127.0.0.1:8080", "%q is no address to listen on", address)
	}
	return (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
}

// between builds the node between its vendors, and runs both until the day is over.
func (d *demo) between(ctx context.Context, listener net.Listener, log *slog.Logger) (err error) {
	d.slip = &slip{next: http.DefaultTransport, secret: fieldSecret}
	d.vendors = NewVendors(VendorsConfig{Now: d.clock.Now, Seed: d.opts.Seed, Zone: d.zone, Brand: brand, Hooks: d.address + "/hooks/" + location,
		Field: &http.Client{Transport: d.slip}})
	d.shop, err = shop.New(shop.Options{Seed: d.opts.Seed, Trucks: trucks, Days: 1, Start: d.start, Zone: d.zone, Past: past,
		HCP: d.vendors.Field, HubSpot: d.vendors.CRM, Twilio: d.vendors.Sender})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	network := sandbox.New(sandbox.Options{Now: d.clock.Now, Rand: rand.New(rand.NewPCG(d.opts.Seed, 4))})
	tools := http.StripPrefix(sandboxes, d.vendors.Handler())
	network.Handle(listener.Addr().String(), tools)
	config, err := app.ReadConfig(d.config())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	d.node, err = app.Build(ctx, config, app.Options{Now: d.clock.Now, Client: &http.Client{Transport: network}, Log: log})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, d.node.Close()) }()
	pages := http.NewServeMux()
	pages.Handle("/", d.node.API().Handler())
	pages.Handle(sandboxes+"/", tools)
	server := &http.Server{Handler: pages, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	running := make(chan struct{})
	go func() {
		d.node.Run(run)
		close(running)
	}()
	go func() { _ = server.Serve(listener) }() // ends with Close
	err = d.live(ctx)
	stop()
	<-running
	return errors.Join(err, server.Close(), d.node.Release(context.WithoutCancel(ctx)))
}

// live is the day, from five in the morning to eight in the evening.
func (d *demo) live(ctx context.Context) error {
	d.story = newTeller(d)
	d.queue = &clerk{demo: d}
	d.opening()
	if err := d.vendors.Field.RegisterWebhook(ctx, d.address+"/hooks/"+location+"/hcp"); err != nil {
		return err
	}
	if err := d.rehearse(ctx); err != nil {
		return err
	}
	if err := d.until(ctx, d.at(20, 0)); err != nil {
		return err
	}
	if err := d.settled(ctx); err != nil {
		return err
	}
	if err := d.closing(ctx); err != nil || !d.opts.Stay {
		return err
	}
	d.story.line("It goes on, at the speed of a real clock, until you stop it (Ctrl-C).")
	d.opts.Speed = 1
	if err := d.until(ctx, d.start.AddDate(1, 0, 0)); ctx.Err() == nil {
		return err
	}
	return nil
}

// rehearse switches the connections on one after the other, as an operator would: the
// CRM once the plan of what would be written there has been looked at.
func (d *demo) rehearse(ctx context.Context) error {
	made, err := d.node.Provision(ctx, location, "hubspot", false)
	if err != nil {
		return err
	}
	d.story.tell("Plumbline", "$ %s", d.command("connect hubspot --create"))
	d.story.tell("Plumbline", "  %d fields and labels made in HubSpot", len(made))
	if err := d.until(ctx, d.at(5, 30)); err != nil {
		return err
	}
	d.story.tell("Plumbline", "has read what is in HubSpot (%s)", d.held("contacts", "deals"))
	d.story.tell("Plumbline", "HubSpot and Twilio are in rehearsal: nothing is written, nobody is texted")
	if err := d.switchOn(ctx, "sms"); err != nil {
		return err
	}
	if err := d.until(ctx, d.at(7, 50)); err != nil {
		return err
	}
	if err := d.plan(ctx); err != nil {
		return err
	}
	return d.switchOn(ctx, "hubspot")
}

func (d *demo) switchOn(ctx context.Context, connection string) error {
	d.story.tell("Plumbline", "$ %s", d.command("connections switch "+connection+" on"))
	_, err := d.node.API().Switch(ctx, location, connection, tenant.On)
	return err
}

func (d *demo) at(hour, minute int) time.Time {
	day := d.start.In(d.zone)
	return time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, d.zone)
}

// until lets time go by: shop, office, vendors, and what of it can be seen.
func (d *demo) until(ctx context.Context, end time.Time) error {
	pace := newPace(d.opts.Speed)
	for now := d.clock.Now(); now.Before(end); now = d.clock.Now() {
		if err := d.moment(ctx, now); err != nil {
			return err
		}
		busy, err := d.busy(ctx, now)
		if err != nil {
			return err
		}
		if busy || now.Sub(d.nudged) >= nudgeEvery {
			d.node.Nudge(location)
			d.nudged = now
		}
		by, err := pace.wait(ctx, busy)
		if err != nil {
			return err
		}
		d.clock.move(min(by, end.Sub(now)))
	}
	return d.moment(ctx, end)
}

// moment is everything but the program at one instant. The program runs by itself.
func (d *demo) moment(ctx context.Context, now time.Time) error {
	if _, _, err := d.shop.Step(ctx, now); err != nil {
		return err
	}
	if err := d.office(ctx, now); err != nil {
		return err
	}
	if _, err := d.vendors.Step(ctx, now); err != nil {
		return err
	}
	if err := d.story.look(ctx, now); err != nil {
		return err
	}
	return d.queue.look(ctx, now)
}

// settled waits until the program has nothing left to do at this instant.
func (d *demo) settled(ctx context.Context) error {
	for range 60 {
		busy, err := d.busy(ctx, d.clock.Now())
		if err != nil || !busy {
			return err
		}
		if err := d.until(ctx, d.clock.Now().Add(10*time.Second)); err != nil {
			return err
		}
	}
	return nil // what is still waiting is in the tally
}

func (d *demo) program() string { return cmp.Or(d.opts.Program, "plumbline") }

// opening says what is running.
func (d *demo) opening() {
	s := d.shop.Story()
	d.story.line("%s, %s: %d trucks, %d customers from before. %d simulated seconds in a second.", brand, d.start.Format("Monday 2 January 2006"), trucks,
		len(d.vendors.Field.Customers()), int(d.opts.Speed))
	d.story.line("Sandboxes of Housecall Pro, HubSpot and Twilio, the shop with its %d technicians, and the program are one process.", len(s.Technicians))
	d.story.line("API     %s (describes itself at /openapi.json)", d.address)
	d.story.line("token   %s", d.token)
	d.story.line("folder  %s", d.opts.Dir)
	d.story.line("")
	d.story.line("TIME   WHERE        WHAT")
}

var errTally = errors.New("the tally does not close")

func (d *demo) command(args string) string {
	return fmt.Sprintf("%s %s --config %s", d.program(), args, d.config())
}
