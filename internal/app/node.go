// Package app is configuration, the list of tools, and the wiring: it builds a node
// out of the rooms. Everything else gets what it needs from here; nothing else
// knows all of it.
package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/calendar"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/csv"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/notify"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/tenant"
)

// Options are what a node is given besides its configuration.
type Options struct {
	Now      func() time.Time // the one place where anybody asks for the time
	Client   *http.Client     // how tools are reached; nil: the network, guarded
	DB       *db.DB           // that whoever opened it will close; nil: opened and closed with the node
	Volatile bool             // tests and simulation
	Schema   string           // on PostgreSQL
	Log      *slog.Logger
}

// A Node is the whole program, built and not running. Close it.
type Node struct {
	Config *Config
	DB     *db.DB
	Now    func() time.Time
	Log    *slog.Logger

	Advance     *advance.Advance
	Dispatchers []*outbox.Dispatcher
	Locations   []string

	bindings  map[string]*binding // by location/connection
	playbooks map[string]policy
	rooms     rooms
	nudges    map[string]chan struct{} // by location; "" wakes the dispatchers
	lent      bool                     // the database is another's to close
}

// A binding is a connection with its tool.
type binding struct {
	tenant.Connection
	tool any
}

type policy struct {
	playbook *playbook.Playbook
	open     playbook.OpenHours
}

// Build opens the database, lays out the connections of the configuration and wires
// the rooms. Building again on the same database changes nothing.
func Build(ctx context.Context, c *Config, o Options) (n *Node, err error) {
	defer plumbline.Wrap(&err, "build the node")

	memory()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Client == nil {
		o.Client = connect.NewHTTPClient()
	}
	n = &Node{Config: c, Now: o.Now, Log: o.Log, bindings: map[string]*binding{}, playbooks: map[string]policy{}, nudges: map[string]chan struct{}{"": make(chan struct{}, 1)}}
	for _, l := range c.Locations {
		if err := n.policy(l); err != nil {
			return nil, err
		}
		n.Locations = append(n.Locations, l.ID)
		n.nudges[l.ID] = make(chan struct{}, 1)
	}
	slices.Sort(n.Locations)
	if n.DB, n.lent = o.DB, o.DB != nil; !n.lent {
		if n.DB, err = db.Open(ctx, c.Database, db.Options{Volatile: o.Volatile, Schema: o.Schema}); err != nil {
			return nil, err
		}
	}
	if err := n.bind(ctx, o); err != nil {
		return nil, fmt.Errorf("%w%s", err, closed(n.Close()))
	}
	if err := n.wire(); err != nil {
		return nil, fmt.Errorf("%w%s", err, closed(n.Close()))
	}
	if err := n.begin(ctx); err != nil {
		return nil, fmt.Errorf("%w%s", err, closed(n.Close()))
	}
	return n, nil
}

// begin owes what is to be asked of each source after a time in which it was not.
func (n *Node) begin(ctx context.Context) error {
	for _, name := range n.names() {
		err := n.DB.Do(ctx, n.Now(), func(tx *db.Tx) error {
			c := n.bindings[name].Connection
			if err := tenant.LockOwed(tx, c.Location); err != nil {
				return err
			}
			return n.rooms.lookup.Begin(tx, c)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func closed(err error) string {
	if err != nil {
		return "; and closing: " + err.Error()
	}
	return ""
}

// Close lets go of the database.
func (n *Node) Close() error {
	if n.lent {
		return nil
	}
	return n.DB.Close()
}

// policy loads a location's playbook.
func (n *Node) policy(l Location) error {
	layers := []playbook.Layer{playbook.BuiltIn()}
	for _, file := range l.Playbook {
		path := file
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(n.Config.file), path)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return plumbline.Invalidf("correct the path under playbook", "%s: location %s names the playbook %s, which cannot be read", n.Config.file, l.ID, path)
		}
		layers = append(layers, playbook.Layer{Name: "location", File: path, Data: data})
	}
	pb, err := loaded(layers)
	if err != nil {
		return err
	}
	open, err := OpenHours(pb)
	n.playbooks[l.ID] = policy{pb, open}
	return err
}

// compiled holds the last playbooks that this process has loaded, by their layers:
// compiling one costs more than all else of building a node, and nobody changes it
// afterwards.
var compiled struct {
	sync.Mutex
	of map[[sha256.Size]byte]*playbook.Playbook
}

const mostCompiled = 16

func loaded(layers []playbook.Layer) (*playbook.Playbook, error) {
	h := sha256.New()
	for _, l := range layers {
		fmt.Fprintf(h, "%q %q %d\n%s", l.Name, l.File, len(l.Data), l.Data)
	}
	key := [sha256.Size]byte(h.Sum(nil))
	compiled.Lock()
	defer compiled.Unlock()
	if pb := compiled.of[key]; pb != nil {
		return pb, nil
	}
	pb, err := playbook.Load(layers...)
	if err != nil {
		return nil, err
	}
	if compiled.of == nil || len(compiled.of) >= mostCompiled {
		compiled.of = map[[sha256.Size]byte]*playbook.Playbook{}
	}
	compiled.of[key] = pb
	return pb, nil
}

// OpenHours reads a playbook's open hours.
func OpenHours(pb *playbook.Playbook) (playbook.OpenHours, error) {
	b := calendar.Business{}
	zone, err := time.LoadLocation(pb.Settings.Zone)
	if err != nil {
		return nil, plumbline.Invalidf("write an IANA name such as America/Boise", "settings.zone: there is no zone %q", pb.Settings.Zone)
	}
	b.Zone = zone
	for i, day := range []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} {
		text := pb.Settings.Hours[day]
		if text == "" {
			continue
		}
		h, err := calendar.ParseHours(text)
		if err != nil {
			return nil, plumbline.Invalidf("write them like 07:30-17:00", "settings.hours.%s: %v", day, err)
		}
		b.Week[i] = []calendar.Hours{h}
	}
	if pb.Settings.Holidays == "us" {
		b.Holidays = []string{"new_year", "memorial", "independence", "labor", "thanksgiving", "christmas"}
	}
	return b, b.Check()
}

// bind stores the connections and makes their tools.
func (n *Node) bind(ctx context.Context, o Options) error {
	for _, l := range n.Config.Locations {
		for _, k := range append(slices.Clone(l.Connections), Connection{Name: advance.Route, Tool: advance.Route, Mode: tenant.On}) {
			if err := n.bindOne(ctx, o, l, k); err != nil {
				return err
			}
		}
		if err := n.staffed(l.ID); err != nil {
			return err
		}
		err := n.DB.Do(ctx, o.Now(), func(tx *db.Tx) error {
			_, err := notify.Activate(tx, l.ID, n.playbooks[l.ID].playbook)
			return err
		})
		if err != nil {
			return err
		}
		for _, t := range l.Tokens {
			if err := n.DB.Do(ctx, o.Now(), func(tx *db.Tx) error { return tenant.PutToken(tx, l.ID, t.Name, t.Token) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// staffed checks that whoever is told of errors can be.
func (n *Node) staffed(location string) error {
	pb := n.playbooks[location].playbook
	name := pb.Settings.Staff.Sender
	if name == "" {
		return nil
	}
	if _, err := toolOf[connect.Sender](n, tenant.Connection{Location: location, Name: name}); err != nil {
		return plumbline.Invalidf("name one that does, apart from the one that texts customers", "%s: settings.staff.sender: location %s has no connection %q that sends texts",
			pb.Place("settings.staff.sender"), location, name)
	}
	own := n.bindings[location+"/"+name]
	for _, b := range n.bindings {
		a, ok := b.tool.(connect.Accounted)
		if o, too := own.tool.(connect.Accounted); ok && too && b != own && b.Location == location && b.Tool == own.Tool && a.AccountID() == o.AccountID() {
			return plumbline.Invalidf("give staff a number of their own", "%s: settings.staff.sender: connections %s and %s send from one number",
				pb.Place("settings.staff.sender"), name, b.Name)
		}
	}
	return nil
}

func (n *Node) bindOne(ctx context.Context, o Options, l Location, k Connection) error {
	quota := k.Quota
	if quota == "" {
		quota = k.Tool + ":" + l.ID + "/" + k.Name
	}
	b := &binding{}
	err := n.DB.Do(ctx, o.Now(), func(tx *db.Tx) error {
		_, err := tenant.Get(tx, l.ID, k.Name)
		fresh := plumbline.KindOf(err) == plumbline.NotFound
		c := tenant.Connection{Location: l.ID, Name: k.Name, Tool: k.Tool, Account: k.Account, Quota: quota, Speaks: k.Speaks}
		if err := tenant.Put(tx, c); err != nil {
			return err
		}
		if fresh && k.Mode != "" {
			if err := tenant.Switch(tx, l.ID, k.Name, k.Mode); err != nil {
				return err
			}
		}
		b.Connection, err = tenant.Get(tx, l.ID, k.Name)
		return err
	})
	if err != nil {
		return err
	}
	callback := strings.TrimSuffix(n.Config.PublicURL, "/") + "/hooks/" + l.ID + "/" + k.Name
	if k.Tool == advance.Route {
		b.tool = router()
	} else if b.tool, err = toolNamed(k.Tool)(k.Config, callback, o.Client, o.Now); err != nil {
		return fmt.Errorf("%s: connection %s/%s: %w", k.at, l.ID, k.Name, err)
	} else if a, ok := b.tool.(connect.Accounted); ok {
		for _, other := range n.bindings {
			if o, ok := other.tool.(connect.Accounted); ok && other.Tool == k.Tool && other.Location != l.ID && o.AccountID() == a.AccountID() {
				return plumbline.Invalidf("an account or a sender belongs to one location", "%s: connections %s/%s and %s/%s are the same account of %s",
					k.at, other.Location, other.Name, l.ID, k.Name, k.Tool)
			}
		}
	}
	n.bindings[l.ID+"/"+k.Name] = b
	return nil
}

// wire puts the rooms together.
func (n *Node) wire() (err error) {
	if n.rooms, err = n.makeRooms(); err != nil {
		return err
	}
	n.Advance = &advance.Advance{DB: n.DB, Decoder: n.decoder, Policy: n.policyOf, Followers: n.rooms.followers(),
		Derived: append(slices.Clone(lookup.Derived),
			"desired(connection, type, subject) doc",
			"desired_link(connection, type, subject, to_type, to_subject, role)"),
		Promised: []string{"message(subject)", "told(subject)", "outcome(subject)"}}
	weights := map[string]int{}
	for _, l := range n.Config.Locations {
		weights[l.ID] = l.Weight
	}
	quotas := map[string]*outbox.Dispatcher{}
	holder := holderOf(n.Config.Node, n.DB.Engine())
	for _, name := range n.names() {
		b := n.bindings[name]
		if quotas[b.Quota] != nil {
			continue
		}
		d := &outbox.Dispatcher{DB: n.DB, Node: holder, Quota: b.Quota, Performers: n.rooms.performers(), Weights: weights, Before: n.before(b.Quota)}
		if t, ok := b.tool.(connect.Budgeter); ok {
			d.Budgets = t.Budgets()
		}
		quotas[b.Quota] = d
		n.Dispatchers = append(n.Dispatchers, d)
	}
	return nil
}

// holderOf makes the name under which a process holds quotas. Where several share a
// database two may have been given one name, and only one of them may call.
func holderOf(node string, engine db.Engine) string {
	if engine == db.PostgreSQL {
		return node + "/" + rand.Text()[:8]
	}
	return node
}

func (n *Node) names() []string {
	names := make([]string, 0, len(n.bindings))
	for name := range n.bindings {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// decoder is the connection's own, since what a tool says may depend on its account;
// of a connection that is no more, any of the tool.
func (n *Node) decoder(location, connection, tool string) connect.Decoder {
	if tool == csv.Tool { // an import run is a connection that no configuration names
		return csv.Decoder{}
	}
	own := location + "/" + connection
	for _, name := range append([]string{own}, n.names()...) {
		if b := n.bindings[name]; b != nil && b.Tool == tool {
			d, _ := b.tool.(connect.Decoder)
			return d
		}
	}
	return nil
}

func (n *Node) policyOf(location string) (*playbook.Playbook, playbook.OpenHours, error) {
	p, ok := n.playbooks[location]
	if !ok {
		return nil, nil, plumbline.NotFoundf("there is no location %s in the configuration", location)
	}
	return p.playbook, p.open, nil
}

// toolOf returns a connection's tool as a capability, or says that it has it not.
func toolOf[T any](n *Node, c tenant.Connection) (t T, err error) {
	b := n.bindings[c.Location+"/"+c.Name]
	if b == nil {
		return t, plumbline.NotFoundf("connection %s/%s is not in the configuration", c.Location, c.Name)
	}
	t, ok := b.tool.(T)
	if !ok {
		return t, plumbline.Invalidf("use a connection of another tool", "%s cannot do that", c.Tool)
	}
	return t, nil
}

// Hooks returns the handler of all webhooks.
func (n *Node) Hooks() *api.Hooks {
	return &api.Hooks{DB: n.DB, Now: n.Now, Public: n.Config.PublicURL, Log: n.Log, Nudge: n.Nudge,
		Find: func(location, connection string) (api.Hook, bool) {
			b := n.bindings[location+"/"+connection]
			if b == nil {
				return api.Hook{}, false
			}
			r, ok := b.tool.(connect.Receiver)
			return api.Hook{Location: location, Connection: connection, Tool: b.Tool, Account: b.Account, Receiver: r}, ok
		}}
}

// Nudge wakes the loops of a location.
func (n *Node) Nudge(location string) {
	for _, name := range []string{location, ""} {
		select {
		case n.nudges[name] <- struct{}{}:
		default: // it is awake
		}
	}
}
