package app

import (
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/explain"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/notify"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

// Queue is what people can do about the error queue of this node.
func (n *Node) Queue() *api.Queue {
	return &api.Queue{DB: n.DB, Now: n.Now, Decoder: n.decoder, Nudge: n.Nudge,
		Retriers: map[string]func(tx *db.Tx, location, ref string) error{
			errorqueue.Delivery: api.RetryDelivery,
			errorqueue.Record:   locked(n.rooms.mirror.Retry),
			errorqueue.Message:  locked(n.rooms.notify.Retry),
			errorqueue.Lookup:   locked(lookUpAgain),

			errorqueue.Derivation: advance.Retry,
			errorqueue.Source:     locked(watchAgain),
		},
		Skippers: map[string]func(tx *db.Tx, location, ref, reason string) error{
			errorqueue.Delivery: api.SkipDelivery,
			errorqueue.Record:   forgiven(mirror.Room),
			errorqueue.Message:  forgiven(notify.Room),
			errorqueue.Lookup:   forgone,

			errorqueue.Derivation: func(*db.Tx, string, string, string) error { return nil }, // it stays as it was
			errorqueue.Source:     unwatched,
		}}
}

// locked takes what is owed of the location for the transaction, as those do who
// perform it.
func locked(retry func(*db.Tx, string, string) error) func(*db.Tx, string, string) error {
	return func(tx *db.Tx, location, ref string) error {
		if err := tenant.LockOwed(tx, location); err != nil {
			return err
		}
		return retry(tx, location, ref)
	}
}

// lookUpAgain lets a question be asked again. Its ref is connection/question.
func lookUpAgain(tx *db.Tx, location, ref string) error {
	return outbox.Retry(tx, keyOf(location, lookup.Room, ref))
}

// watchAgain looks anew at how a source tells us, or believes what a list lacks to be gone.
// Its ref is connection/webhooks, connection/silence or connection/count/list.
func watchAgain(tx *db.Tx, location, ref string) error {
	connection, what, _ := strings.Cut(ref, "/")
	if list, ok := strings.CutPrefix(what, "count/"); ok {
		return lookup.Believe(tx, location, connection, list)
	}
	return lookup.Again(tx, location, connection)
}

// unwatched looks anew at how a source tells us; what a list lacks stays.
func unwatched(tx *db.Tx, location, ref, _ string) error {
	if strings.Contains(ref, "/count/") {
		return nil
	}
	return locked(watchAgain)(tx, location, ref)
}

// forgiven takes back what a room owes.
func forgiven(room string) func(*db.Tx, string, string, string) error {
	return func(tx *db.Tx, location, ref, _ string) error {
		if err := tenant.LockOwed(tx, location); err != nil {
			return err
		}
		return outbox.Forgive(tx, keyOf(location, room, ref))
	}
}

// forgone gives up a question. Its ref is connection/question.
func forgone(tx *db.Tx, location, ref, reason string) error {
	if err := tenant.LockOwed(tx, location); err != nil {
		return err
	}
	connection, record, _ := strings.Cut(ref, "/")
	return lookup.Forgo(tx, location, connection, record, reason)
}

func keyOf(location, room, ref string) outbox.Key {
	connection, record, _ := strings.Cut(ref, "/")
	return outbox.Key{Location: location, Connection: connection, Room: room, Record: record}
}

// API answers over HTTP for this node.
func (n *Node) API() *api.API {
	return &api.API{DB: n.DB, Now: n.Now, Log: n.Log, Queue: n.Queue(), Explain: &explain.Explainer{Policy: n.policyOf, Mirror: n.rooms.mirror},
		Mirror: n.rooms.mirror, Switched: n.switched, Redeem: n.Redeem, Nudge: n.Nudge, Hooks: n.Hooks()}
}

// switched owes a target its records when it is switched on. What keeps no records of
// ours is owed none.
func (n *Node) switched(tx *db.Tx, c tenant.Connection) error {
	if b := n.bindings[c.Location+"/"+c.Name]; b == nil || c.Mode != tenant.On {
		return nil
	} else if _, ok := b.tool.(connect.Target); !ok {
		return nil
	}
	if err := tenant.LockOwed(tx, c.Location); err != nil {
		return err
	}
	return n.rooms.mirror.SwitchedOn(tx, c)
}

// Tool returns a connection with its tool as a capability, or says that it has it not.
func Tool[T any](n *Node, location, connection string) (c tenant.Connection, t T, err error) {
	b := n.bindings[location+"/"+connection]
	if b == nil {
		return c, t, plumbline.NotFoundf("location %s has no connection %s in the configuration", location, connection)
	}
	t, err = toolOf[T](n, b.Connection)
	return b.Connection, t, err
}
