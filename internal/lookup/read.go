package lookup

import (
	"bytes"
	"cmp"
	"context"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// A read asks a source for one of its objects. Instead is asked for where the source
// tells that object only as a part of another, as a visit of its job.
type read struct {
	Object  object  `json:"object"`
	Instead *object `json:"instead,omitempty"`
}

type object struct {
	Kind plumbline.Kind `json:"kind"`
	ID   string         `json:"id"` // the source's
}

func (l *Lookup) fetcher(location, connection string) connect.Fetcher {
	tool := l.Tool(location, connection)
	if _, isTarget := tool.(connect.Target); isTarget {
		return nil
	}
	f, _ := tool.(connect.Fetcher)
	return f
}

// oweReads owes a read of each object of which two notices of one instant differ.
func (l *Lookup) oweReads(tx *db.Tx, b *advance.Batch) error {
	for _, t := range b.Ties {
		if l.fetcher(b.Location, t.Connection) == nil {
			continue
		}
		err := outbox.Owe(tx, outbox.Debt{Key: outbox.Key{Location: b.Location, Connection: t.Connection, Room: Room,
			Record: "read/" + string(t.Kind) + "/" + t.External}, Class: outbox.Ordinary})
		if err != nil {
			return err
		}
	}
	return nil
}

// prepareRead builds the question about an object, none if its notices agree by now.
func (l *Lookup) prepareRead(tx *db.Tx, c tenant.Connection, name string) (*read, error) {
	kind, id, _ := strings.Cut(name, "/")
	q := &read{Object: object{plumbline.Kind(kind), id}}
	row, err := source(tx, c, q.Object)
	if err != nil || row == nil || !row.Tied() || l.fetcher(c.Location, c.Name) == nil {
		return nil, err
	}
	for _, whole := range []struct {
		part plumbline.Kind
		name string
		kind plumbline.Kind
	}{{plumbline.Visit, "job", plumbline.Job}, {plumbline.Payment, "invoice", plumbline.Invoice}, {plumbline.Payment, "job", plumbline.Job},
		{plumbline.Property, "customer", plumbline.Customer}} {
		if id := row.Text(whole.name); id != "" && whole.part == row.Kind && q.Instead == nil {
			q.Instead = &object{whole.kind, id}
		}
	}
	return q, nil
}

func source(tx *db.Tx, c tenant.Connection, o object) (*record.Row, error) {
	rows, err := record.Load(tx, c.Location, []string{string(plumbline.NewSourceID(c.Location, c.Name, o.Kind, o.ID))})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

func (l *Lookup) performRead(ctx context.Context, c tenant.Connection, q read) outbox.Result {
	f := l.fetcher(c.Location, c.Name)
	if f == nil {
		return refused("the tool of this connection reads no single objects", nil)
	}
	a, e := fetch(ctx, f, q.Object)
	if e != nil && e.Class == connect.Human && q.Instead != nil {
		a, e = fetch(ctx, f, *q.Instead)
	}
	return outbox.Result{Err: e, Answer: a, Detail: "read"}
}

func fetch(ctx context.Context, f connect.Fetcher, o object) (connect.Answer, *connect.Error) {
	answers, err := f.Fetch(ctx, o.Kind, []string{o.ID})
	if err != nil {
		return connect.Answer{}, connect.AsError(err)
	}
	if len(answers) != 1 {
		return connect.Answer{}, &connect.Error{Class: connect.Unknown, Msg: "the tool did not answer about the one object that it was asked for"}
	}
	a := answers[0]
	a.Kind, a.Object = cmp.Or(a.Kind, o.Kind), cmp.Or(a.Object, o.ID)
	return noted(a), nil
}

// noted gives the answer that there is no such object a body.
func noted(a connect.Answer) connect.Answer {
	if a.Gone && len(a.Body) == 0 {
		a.Body = []byte(connect.Value(map[string]any{"gone": true, "id": a.Object, "kind": string(a.Kind)}))
	}
	return a
}

// keepRead keeps an answer, unless it repeats the last of its object and has nothing to
// settle: what waited for it has been applied with that one. Where the object has been
// read since as part of another, it may have changed back.
func (l *Lookup) keepRead(tx *db.Tx, c tenant.Connection, call outbox.Call, a connect.Answer) error {
	last, found, err := inbox.Answered(tx, c.Location, c.Name, a.Object)
	if err != nil {
		return err
	}
	row, err := source(tx, c, object{a.Kind, a.Object})
	if err != nil {
		return err
	}
	if found && bytes.Equal(last.Body, a.Body) && row != nil && !row.Tied() && !row.ReadAfter(last.Read) && last.Attempt != call.ID {
		return inbox.Cover(tx, c.Location, inbox.Covering{Connection: c.Name, Kind: a.Kind, ID: a.Object, Began: call.Started})
	}
	_, err = inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: c.Location, Connection: c.Name, Tool: c.Tool, Event: "read",
		Key: call.ID + "/" + string(a.Kind) + "/" + a.Object, Object: a.Object, Attempt: call.ID, Read: call.Started, Body: a.Body}))
	return err
}
