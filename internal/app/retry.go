package app

import (
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/explain"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

// Queue is what people can do about the error queue of this node.
func (n *Node) Queue() *api.Queue {
	return &api.Queue{DB: n.DB, Now: n.Now, Decoder: n.decoder, Nudge: n.Nudge,
		Retriers: map[string]func(tx *db.Tx, location, ref string) error{
			errorqueue.Delivery: api.RetryDelivery,
			errorqueue.Record:   owedAgain("mirror"),
			errorqueue.Message:  owedAgain("notify"),
			errorqueue.Lookup:   owedAgain("lookup"),
		},
		Skippers: map[string]func(tx *db.Tx, location, ref, reason string) error{
			errorqueue.Delivery: api.SkipDelivery,
			errorqueue.Record:   forgiven("mirror"),
			errorqueue.Message:  forgiven("notify"),
			errorqueue.Lookup:   forgiven("lookup"),
		}}
}

// owedAgain lets what a room owes be carried out again. Its ref is connection/record.
func owedAgain(room string) func(*db.Tx, string, string) error {
	return func(tx *db.Tx, location, ref string) error {
		return outbox.Retry(tx, keyOf(location, room, ref))
	}
}

// forgiven takes back what a room owes.
func forgiven(room string) func(*db.Tx, string, string, string) error {
	return func(tx *db.Tx, location, ref, _ string) error {
		return outbox.Forgive(tx, keyOf(location, room, ref))
	}
}

func keyOf(location, room, ref string) outbox.Key {
	connection, record, _ := strings.Cut(ref, "/")
	return outbox.Key{Location: location, Connection: connection, Room: room, Record: record}
}

// API answers over HTTP for this node.
func (n *Node) API() *api.API {
	return &api.API{DB: n.DB, Now: n.Now, Log: n.Log, Queue: n.Queue(), Explain: &explain.Explainer{Policy: n.policyOf},
		Switched: n.switched, Nudge: n.Nudge, Hooks: n.Hooks()}
}

// switched tells the rooms of a connection that was switched.
func (n *Node) switched(tx *db.Tx, c tenant.Connection) error {
	if c.Mode != tenant.On {
		return nil
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
