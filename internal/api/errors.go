package api

import (
	"context"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/notify"
	"plumbline.dev/plumbline/internal/outbox"
)

// none is the input of a route that takes nothing.
type none struct{}

// answer is a body and nothing else.
type answer[T any] struct{ Body T }

func (a *API) listCauses(ctx context.Context, _ *none) (*answer[Causes], error) {
	out := &answer[Causes]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		out.Body.Causes, err = errorqueue.Causes(tx, location)
		return err
	})
}

// Causes is the error queue, the oldest cause first.
type Causes struct {
	Causes []errorqueue.Cause `json:"causes"`
}

// A CauseInput names a cause.
type CauseInput struct {
	Cause string `path:"cause"`
}

// An Opened is one cause with its items, in the order of receipt.
type Opened struct {
	Cause string  `json:"cause"`
	Items []Tried `json:"items"`
}

// A Tried is an item of the queue with the calls that were made for it.
type Tried struct {
	errorqueue.Item
	See      string `json:"see" doc:"The command that shows all of what it is about"`
	Attempts []Call `json:"attempts,omitempty"`
}

// A Call is an attempt with what it asked, masked. What it was answered is its outcome.
type Call struct {
	outbox.Attempt
	Asked string `json:"asked"`
}

func (a *API) showCause(ctx context.Context, in *CauseInput) (*answer[Opened], error) {
	out := &answer[Opened]{Body: Opened{Cause: in.Cause}}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		out.Body.Items, err = ItemsWithAttempts(tx, location, in.Cause)
		return err
	})
}

// shownAttempts bounds for how many items of a cause the attempts are looked up.
const shownAttempts = 50

// ItemsWithAttempts returns the open items of a cause, the first of them with the
// calls that were made for them.
func ItemsWithAttempts(tx *db.Tx, location, cause string) (list []Tried, err error) {
	items, err := Items(tx, location, cause)
	if err != nil {
		return nil, err
	}
	for n, i := range items {
		item := Tried{Item: i, See: see(i)}
		if room := rooms[i.Kind]; room != "" && n < shownAttempts {
			connection, owed, _ := strings.Cut(i.Ref, "/")
			attempts, err := outbox.AttemptsOf(tx, outbox.Key{Location: location, Connection: connection, Room: room, Record: owed})
			if err != nil {
				return nil, err
			}
			for _, a := range attempts {
				item.Attempts = append(item.Attempts, Call{a, errorqueue.Mask(a.Request)})
			}
		}
		list = append(list, item)
	}
	return list, nil
}

// see is the command that shows what an item is about, by its reference.
func see(i errorqueue.Item) string {
	if i.Kind == errorqueue.Delivery {
		return "plumbline errors show " + i.Ref
	}
	if i.Kind == errorqueue.Source {
		connection, _, _ := strings.Cut(i.Ref, "/")
		return "plumbline explain " + connection
	}
	return "plumbline explain " + i.Ref[strings.LastIndexByte(i.Ref, '/')+1:]
}

// rooms says which room owes what an item is about.
var rooms = map[string]string{errorqueue.Record: mirror.Room, errorqueue.Message: notify.Room, errorqueue.Lookup: lookup.Room}

type retryInput struct {
	CauseInput
	Body struct {
		Items []Ref `json:"items,omitempty" doc:"Only these; all of the cause if empty"`
	}
}

// Moved says how many items something was done to.
type Moved struct {
	Items int `json:"items"`
}

func moved(n int, err error) (*answer[Moved], error) { return &answer[Moved]{Moved{n}}, err }

func (a *API) retryCause(ctx context.Context, in *retryInput) (*answer[Moved], error) {
	who := callerOf(ctx)
	return moved(a.Queue.Retry(ctx, who.location, in.Cause, who.name, in.Body.Items...))
}

type skipInput struct {
	CauseInput
	Body struct {
		Reason string `json:"reason" minLength:"1"`
		Items  []Ref  `json:"items,omitempty" doc:"Only these; all of the cause if empty"`
	}
}

func (a *API) skipCause(ctx context.Context, in *skipInput) (*answer[Moved], error) {
	who := callerOf(ctx)
	return moved(a.Queue.Skip(ctx, who.location, in.Cause, who.name, in.Body.Reason, in.Body.Items...))
}

type assignInput struct {
	CauseInput
	Body struct {
		To    string `json:"to" doc:"Who looks after it; empty for nobody"`
		Items []Ref  `json:"items,omitempty" doc:"Only these; all of the cause if empty"`
	}
}

func (a *API) assignCause(ctx context.Context, in *assignInput) (*answer[Moved], error) {
	return moved(a.Queue.Assign(ctx, callerOf(ctx).location, in.Cause, in.Body.To, in.Body.Items...))
}

type snoozeInput struct {
	CauseInput
	Body struct {
		Until time.Time `json:"until"`
		Items []Ref     `json:"items,omitempty" doc:"Only these; all of the cause if empty"`
	}
}

func (a *API) snoozeCause(ctx context.Context, in *snoozeInput) (*answer[Moved], error) {
	return moved(a.Queue.Snooze(ctx, callerOf(ctx).location, in.Cause, in.Body.Until, in.Body.Items...))
}

// A DeliveryInput names a delivery.
type DeliveryInput struct {
	Connection string `path:"connection"`
	Key        string `path:"key"`
}

// A Delivery is a delivery as it was kept. Its body is not masked: whoever mends it
// must see it as it came.
type Delivery struct {
	Connection string    `json:"connection"`
	Key        string    `json:"key"`
	Tool       string    `json:"tool"`
	Event      string    `json:"event,omitempty"`
	Object     string    `json:"object,omitempty"`
	Received   time.Time `json:"received"`
	State      string    `json:"state"`
	Reason     string    `json:"reason,omitempty"`
	Replaces   string    `json:"replaces,omitempty"`
	Body       string    `json:"body"`
}

func (a *API) showDelivery(ctx context.Context, in *DeliveryInput) (*answer[Delivery], error) {
	out := &answer[Delivery]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		out.Body, err = DeliveryOf(tx, location, in.Connection, in.Key)
		return err
	})
}

// DeliveryOf returns a delivery as it was kept.
func DeliveryOf(tx *db.Tx, location, connection, key string) (Delivery, error) {
	d, state, reason, err := inbox.Get(tx, location, connection, key)
	return Delivery{Connection: d.Connection, Key: d.Key, Tool: d.Tool, Event: d.Event, Object: d.Object, Received: d.Received,
		State: state.String(), Reason: reason, Replaces: d.Replaces, Body: string(d.Body)}, err
}

type editInput struct {
	DeliveryInput
	Body struct {
		Body string `json:"body" minLength:"1" doc:"What stands in for the body that came"`
	}
}

// Edited names the delivery that stands in for another.
type Edited struct {
	Key string `json:"key"`
}

func (a *API) editDelivery(ctx context.Context, in *editInput) (*answer[Edited], error) {
	who := callerOf(ctx)
	key, err := a.Queue.Edit(ctx, who.location, in.Connection, in.Key, who.name, []byte(in.Body.Body))
	return &answer[Edited]{Edited{key}}, err
}

type tallyInput struct {
	From    string `query:"from" format:"date" doc:"First UTC day; default: a week ago"`
	Through string `query:"through" format:"date" doc:"Last UTC day; default: today"`
}

// Tally is what became of all deliveries: received = applied + ignored + waiting +
// failed; and beside it, night by night, how many objects the sources had themselves.
type Tally struct {
	Lines  []inbox.Line     `json:"lines"`
	Counts []lookup.Counted `json:"counts"`
}

// TallyOf counts from and through some days.
func TallyOf(tx *db.Tx, location string, from, through time.Time) (t Tally, err error) {
	if t.Lines, err = inbox.Tally(tx, location, from, through); err == nil {
		t.Counts, err = lookup.Counts(tx, location, from, through)
	}
	return t, err
}

func (a *API) tally(ctx context.Context, in *tallyInput) (*answer[Tally], error) {
	from, through, err := Days(in.From, in.Through, a.Now())
	if err != nil {
		return nil, err
	}
	out := &answer[Tally]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		out.Body, err = TallyOf(tx, location, from, through)
		return err
	})
}
