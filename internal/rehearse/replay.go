// Package rehearse shows what another playbook would have made of the history that is
// stored. It lets the whole program live through that history twice, in two databases
// that go away, once with the playbook of today and once with the other, on a clock that
// stands where each delivery was received; then it compares what came of it. The
// program's own database is only read, and nobody outside is called.
package rehearse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

// Options say what is rehearsed.
type Options struct {
	Config   app.Config
	Schema   string // of the database, on PostgreSQL
	Location string
	Playbook []string  // files laid upon the built-in playbook, in place of the location's
	Since    time.Time // nobody is told of what was known before; zero: the whole history
	Now      time.Time // until when time passes
	Progress func(playbook string, done, of int)
}

// atOnce is how many deliveries are taken over in one transaction.
const atOnce = 128

// Run rehearses. It takes as long as applying the history twice, the memory of the names
// of its deliveries, and twice its room in the folder for temporary files.
func Run(ctx context.Context, o Options) (r Report, err error) {
	defer plumbline.Wrap(&err, "rehearse location %s", o.Location)

	stored, err := db.Open(ctx, o.Config.Database, db.Options{ReadOnly: true, Schema: o.Schema})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, stored.Close()) }()
	var names []inbox.Name
	err = stored.View(ctx, o.Now, func(tx *db.Tx) (err error) {
		names, err = inbox.Received(tx, o.Location)
		return err
	})
	if err != nil {
		return r, err
	}
	if len(names) == 0 {
		return r, plumbline.Invalidf("let it run for a while first", "nothing is stored of location %s", o.Location)
	}
	if o.Since.IsZero() {
		o.Since = names[0].Received
	}
	dir, err := os.MkdirTemp("", "plumbline-rehearse-")
	if err != nil {
		return r, fmt.Errorf("make a place to rehearse in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	today, err := open(ctx, o, filepath.Join(dir, "today.db"), nil)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, today.node.Close()) }()
	then, err := open(ctx, o, filepath.Join(dir, "then.db"), o.Playbook)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, then.node.Close()) }()
	for _, l := range []*life{today, then} {
		if err := l.live(ctx, o, stored, names); err != nil {
			return r, err
		}
	}
	return compare(ctx, o, today, then, len(names))
}

// A life is the program with one playbook, on its own clock.
type life struct {
	name string
	node *app.Node
	now  time.Time
}

// open builds the program as it is configured, with everything switched on and a network
// in which texts are taken and nothing else is there. Without files the playbook is the
// location's.
func open(ctx context.Context, o Options, file string, files []string) (*life, error) {
	l := &life{name: "the playbook of today", now: o.Since}
	config := o.Config
	config.Database, config.Locations = file, nil
	for _, loc := range o.Config.Locations {
		if loc.ID != o.Location {
			continue
		}
		loc.Connections = slices.Clone(loc.Connections)
		for i := range loc.Connections {
			loc.Connections[i].Mode = tenant.On
		}
		if files != nil {
			l.name, loc.Playbook = "the other playbook", files
		}
		config.Locations = append(config.Locations, loc)
	}
	var err error
	l.node, err = app.Build(ctx, &config, app.Options{Now: func() time.Time { return l.now }, Client: &http.Client{Transport: &quiet{}}, Volatile: true})
	if err != nil {
		return nil, err
	}
	if err := l.onlySend(ctx, o.Location); err != nil {
		return nil, errors.Join(err, l.node.Close())
	}
	return l, nil
}

// onlySend leaves of the calls that are owed those that text customers.
func (l *life) onlySend(ctx context.Context, location string) error {
	var list []tenant.Connection
	err := l.node.DB.View(ctx, l.now, func(tx *db.Tx) (err error) {
		list, err = tenant.Connections(tx, location)
		return err
	})
	senders := map[string]bool{}
	for _, c := range list {
		if _, _, err := app.Tool[connect.Sender](l.node, location, c.Name); err == nil {
			senders[c.Quota] = true
		}
	}
	l.node.Dispatchers = slices.DeleteFunc(l.node.Dispatchers, func(d *outbox.Dispatcher) bool { return !senders[d.Quota] })
	return err
}

// live takes over the deliveries in the order of their receipt, each at its time, and
// lets what is due happen between them and until now. Those from before since are
// applied at once: nobody is told of them.
func (l *life) live(ctx context.Context, o Options, stored *db.DB, names []inbox.Name) error {
	done := 0
	for {
		for done < len(names) && !names[done].Received.After(l.now) {
			some := names[done:min(done+atOnce, len(names))]
			for i, n := range some {
				if n.Received.After(l.now) {
					some = some[:i]
					break
				}
			}
			if err := l.take(ctx, stored, o.Location, some); err != nil {
				return err
			}
			if done += len(some); o.Progress != nil {
				o.Progress(l.name, done, len(names))
			}
		}
		worked, next, err := l.node.Step(ctx, l.now)
		if err != nil {
			return err
		}
		if worked {
			continue
		}
		if done < len(names) && (next.IsZero() || names[done].Received.Before(next)) {
			next = names[done].Received
		}
		if next.IsZero() || next.After(o.Now) {
			return nil
		}
		if !next.After(l.now) {
			next = l.now.Add(time.Second)
		}
		l.now = next
	}
}

// take takes over deliveries, as they were kept.
func (l *life) take(ctx context.Context, stored *db.DB, location string, names []inbox.Name) error {
	packed := make([]inbox.Packed, 0, len(names))
	err := stored.View(ctx, l.now, func(tx *db.Tx) error {
		for _, n := range names {
			d, _, _, err := inbox.Get(tx, location, n.Connection, n.Key)
			if err != nil {
				return err
			}
			packed = append(packed, inbox.Pack(d))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.node.DB.Do(ctx, l.now, func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, packed...)
		return err
	})
}

// A quiet is a network in which a text is taken, and nobody else answers.
type quiet struct{ taken atomic.Int64 }

// RoundTrip answers as Twilio does to a text that it takes.
func (q *quiet) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/Messages.json") {
		return nil, fmt.Errorf("call %s: nobody is called in a rehearsal", r.URL.Host)
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	answer := httptest.NewRecorder()
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(http.StatusCreated)
	err := json.NewEncoder(answer).Encode(map[string]any{"sid": fmt.Sprintf("SM%032x", q.taken.Add(1)), "status": "queued",
		"to": r.Form.Get("To"), "body": r.Form.Get("Body"), "direction": "outbound-api"})
	return answer.Result(), err
}
