package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/inbox"
)

// senders is how many connections send webhooks at once.
const senders = 64

// keep measures signed webhooks of 1 KB made durable per second over the same
// handler that stores nothing, in turns.
func keep(ctx context.Context, o Options, r Report) (err error) {
	n, err := build(ctx, setup{file: filepath.Join(o.Dir, "keep.db"), crm: "rehearsal", sender: "rehearsal", now: time.Now, log: o.Log})
	if err != nil {
		return err
	}
	defer func() { err = closing(err, n) }()
	durable, err := listen(n.Hooks())
	if err != nil {
		return err
	}
	defer durable.Close()
	nothing, err := listen(forgetting(n))
	if err != nil {
		return err
	}
	defer nothing.Close()

	var kept, ceiling burst
	turns, each, free := 8, o.scale(5000), o.scale(15_000)
	for turn := range turns {
		b, err := send(ctx, nothing.addr, signed(free, func(i int) []byte { return smallBody(-1-turn, i) }), senders)
		if err != nil {
			return err
		}
		ceiling.add(b)
		if b, err = send(ctx, durable.addr, signed(each, func(i int) []byte { return smallBody(turn, i) }), senders); err != nil {
			return err
		}
		kept.add(b)
	}
	stored, err := count(ctx, n, `SELECT COUNT(*) FROM delivery WHERE location_id = $1`, location)
	if err == nil && stored != int64(kept.n) {
		err = fmt.Errorf("%d webhooks were answered 2xx and %d are stored", kept.n, stored)
	}
	r["keep_ratio"] = Figure{Value: kept.rate() / ceiling.rate(), Unit: "ratio", Floor: ">= 0.18", Ceiling: ceiling.rate(),
		Note: fmt.Sprintf("%.0f webhooks/s made durable over %.0f/s without storage at %d connections; p50 %.1f ms, p99 %.1f ms", kept.rate(), ceiling.rate(), senders, ms(kept.quantile(0.5)), ms(kept.quantile(0.99)))}
	return err
}

// forgetting is the handler of webhooks without its store: it verifies, splits and
// packs, and answers.
func forgetting(n *app.Node) *api.Hooks {
	h := n.Hooks()
	find := h.Find
	h.Find = func(location, connection string) (api.Hook, bool) {
		hook, ok := find(location, connection)
		hook.Receiver = forgetful{hook}
		return hook, ok
	}
	return h
}

// A forgetful receiver does all that happens to a webhook before it is stored, and
// then says that there is nothing to store.
type forgetful struct{ hook api.Hook }

// Verify verifies, splits and packs.
func (f forgetful) Verify(r connect.Request) error {
	if err := f.hook.Receiver.Verify(r); err != nil {
		return err
	}
	events, err := f.hook.Receiver.Split(r)
	if err != nil {
		return err
	}
	for _, e := range events {
		inbox.Pack(plumbline.Delivery{Location: f.hook.Location, Connection: f.hook.Connection, Tool: f.hook.Tool, Key: e.Key, Event: e.Event,
			Object: e.Object, Subject: e.Subject, Attempt: e.Attempt, Received: r.Received, Body: e.Body})
	}
	return connect.ErrPing
}

// Split is never asked.
func (f forgetful) Split(connect.Request) ([]connect.Event, error) { return nil, nil }

// A door is a server on a real socket.
type door struct {
	*http.Server
	addr string
}

func listen(h http.Handler) (*door, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &door{&http.Server{Handler: h, ReadHeaderTimeout: time.Minute}, l.Addr().String()}
	go func() { _ = d.Serve(l) }() // ends with Close; before that, those who send see it
	return d, nil
}

func closing(err error, n *app.Node) error { return errors.Join(err, n.Close()) }
