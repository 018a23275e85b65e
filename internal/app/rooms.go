package app

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/clock"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/greatcircle"
	"plumbline.dev/plumbline/internal/connect/hubspot"
	"plumbline.dev/plumbline/internal/connect/twilio"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/notify"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

// rooms are the rooms that owe and perform.
type rooms struct {
	lookup *lookup.Lookup
	mirror *mirror.Mirror
	notify *notify.Notify
}

// followers are those who owe: clocks, questions, records, messages.
func (r rooms) followers() []advance.Follower {
	return []advance.Follower{clock.Setter{}, r.lookup, r.mirror, r.notify}
}

func (r rooms) performers() map[string]outbox.Performer {
	return map[string]outbox.Performer{lookup.Room: r.lookup, mirror.Room: r.mirror, notify.Room: r.notify}
}

func (n *Node) makeRooms() (r rooms, err error) {
	r.mirror = &mirror.Mirror{DB: n.DB, Policy: n.policyOf, Decoder: n.decoder,
		Target:  func(c tenant.Connection) (connect.Target, error) { return toolOf[connect.Target](n, c) },
		Puller:  func(c tenant.Connection) (connect.Puller, error) { return toolOf[connect.Puller](n, c) },
		Fetch:   n.readBack,
		Observe: n.observe,
		Stream: func(_, typ string) string {
			return map[string]string{"contact": "contacts", "deal": "deals", "ticket": "tickets"}[typ]
		},
		Budget: func(_, use string) string {
			return map[string]string{"write": "burst", "read": "burst", "pull": "search", "associate": "associations"}[use]
		},
		Budgets: func(c tenant.Connection) map[string]connect.Budget {
			b, err := toolOf[connect.Budgeter](n, c)
			if err != nil {
				return nil
			}
			return b.Budgets()
		}}
	r.notify = &notify.Notify{Policy: n.policyOf, Delivery: twilio.Delivery, Shows: n.shows,
		Sender: func(location, connection string) connect.Sender {
			s, err := toolOf[connect.Sender](n, tenant.Connection{Location: location, Name: connection})
			if err != nil {
				return nil
			}
			return s
		},
		OpenTasks: func(tx *db.Tx, location string, list []notify.Task) error {
			tasks := make([]mirror.Task, len(list))
			for i, t := range list {
				tasks[i] = mirror.Task{Location: t.Location, Rule: t.Rule, Subject: plumbline.SourceID(t.Subject), Person: plumbline.SourceID(t.Person),
					Title: t.Title, Body: strings.TrimSpace(t.Body + "\n" + t.Reason), Due: t.Due}
			}
			return r.mirror.OpenTasks(tx, location, tasks...)
		},
		CloseTasks: func(tx *db.Tx, location string, list []notify.EndedTask) error {
			ended := make([]mirror.EndedTask, len(list))
			for i, t := range list {
				ended[i] = mirror.EndedTask(t)
			}
			return r.mirror.CloseTasks(tx, location, ended...)
		}}
	if r.notify.LinkKey, err = hkdf.Key(sha256.New, []byte(n.Config.Key), nil, "links of the homeowner's pages", 32); err != nil {
		return r, fmt.Errorf("derive the key of links: %w", err)
	}
	r.lookup = &lookup.Lookup{DB: n.DB, Policy: n.policyOf, Providers: n.providers, Tool: func(location, connection string) any {
		if b := n.bindings[location+"/"+connection]; b != nil {
			return b.tool
		}
		return nil
	}}
	return r, n.watch()
}

// providers names the connections of a location that look values up.
func (n *Node) providers(location string) (list []string) {
	for _, name := range n.names() {
		if b := n.bindings[name]; b.Location == location {
			if _, ok := b.tool.(connect.Enricher); ok {
				list = append(list, b.Name)
			}
		}
	}
	return list
}

// watch tells each target which of its fields the mapping looks at, and as what it keeps
// a job.
func (n *Node) watch() error {
	for _, name := range n.names() {
		b := n.bindings[name]
		t, ok := b.tool.(*hubspot.Tool)
		if !ok {
			continue
		}
		pb, jobs := n.playbooks[b.Location].playbook, ""
		for _, typ := range slices.Sorted(maps.Keys(pb.Mapping[b.Tool])) {
			m := pb.Mapping[b.Tool][typ]
			if m.For == plumbline.Job && jobs != "" {
				return plumbline.Invalidf("keep one of the two", "%s: a job is kept as a %s and as a %s", pb.Place(m.Path), jobs, typ)
			}
			if m.For == plumbline.Job {
				jobs = typ
				if err := t.KeepJobsAs(typ); err != nil {
					return fmt.Errorf("%s: %w", pb.Place(m.Path), err)
				}
			}
			var fields []string
			for _, f := range m.Fields {
				fields = append(fields, f.Name)
			}
			t.Watch(typ, fields)
		}
	}
	return nil
}

func (n *Node) readBack(ctx context.Context, c tenant.Connection, typ string, ids []string) ([]connect.Answer, error) {
	t, err := toolOf[interface {
		ReadBack(ctx context.Context, typ string, ids []string) ([]connect.Answer, error)
	}](n, c)
	if err != nil {
		return nil, err
	}
	return t.ReadBack(ctx, typ, ids)
}

// observe reads what an answer of a target says of a record. A field that is empty
// since the record was made was never said to be anything.
func (n *Node) observe(c tenant.Connection, d plumbline.Delivery) (mirror.Observation, error) {
	t, err := toolOf[interface {
		Observed(d plumbline.Delivery) (hubspot.Observation, error)
	}](n, c)
	if err != nil {
		return mirror.Observation{}, err
	}
	o, err := t.Observed(d)
	out := mirror.Observation{Type: o.Type, ID: o.ID, Archived: o.Archived, MergedTo: o.MergedTo, Fields: map[string]mirror.Observed{}}
	for name, f := range o.Fields {
		if f.Value == "" && f.At.Equal(o.Created) {
			f.At = time.Time{}
		}
		out.Fields[name] = mirror.Observed{Value: f.Value, At: f.At, Author: f.Author, Source: f.Source, Merged: f.Merged}
	}
	return out, err
}

// unseen lists, by tool, the visit stages that it cannot tell of.
var unseen = map[string][]string{
	"housecallpro": {"visit.paused"},
	"jobber":       {"visit.en_route", "visit.on_site", "visit.paused"},
}

// shows says whether a connection can tell of a stage of a visit.
func (n *Node) shows(location, connection, stage string) bool {
	b := n.bindings[location+"/"+connection]
	return b == nil || !slices.Contains(unseen[b.Tool], stage)
}

// router estimates drives; a real one takes its place here and nowhere else.
func router() connect.Router { return greatcircle.Router{} }
