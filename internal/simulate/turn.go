package simulate

import (
	"context"
	"time"

	"plumbline.dev/plumbline/internal/db"
)

// turn lets a node take its step and says when it wants the next. A node that only
// renews what it holds, or looks whether another has let go, asks for a step every few
// seconds for ever; it is left alone until the database says that something is due.
func (n *node) turn(ctx context.Context) (worked bool, next time.Time, err error) {
	n.woken = false
	worked, next, err = n.step(ctx)
	if err != nil || worked || n.app == nil || n.w.now.Before(n.down) {
		if worked {
			n.w.wakeAll()
		}
		return worked, next, err
	}
	due, busy, err := n.due(ctx)
	if busy {
		due = earlier(due, next)
	}
	return false, due, err
}

// wakeAll lets every node look at what another has done.
func (w *world) wakeAll() {
	for _, n := range w.nodes {
		n.woken = true
	}
}

// due looks into the tables of what is left to do.
func (n *node) due(ctx context.Context) (next time.Time, busy bool, err error) {
	now := n.w.now
	err = n.app.DB.View(ctx, now, func(tx *db.Tx) error {
		for _, q := range []string{
			`SELECT coalesce(min(due), 0) FROM clock WHERE due > $1`,
			`SELECT coalesce(min(due), 0) FROM outbox WHERE attempt = '' AND due > $1 AND due < 9000000000000`,
		} {
			var at int64
			if err := tx.QueryRow(q, now.UnixMilli()).Scan(&at); err != nil {
				return err
			}
			if at != 0 {
				next = earlier(next, time.UnixMilli(at).UTC())
			}
		}
		var open int
		err := tx.QueryRow(`SELECT (SELECT count(*) FROM outbox WHERE attempt = '' AND due <= $1)
			+ (SELECT count(*) FROM attempt WHERE state IN ('open', 'unknown'))`, now.UnixMilli()).Scan(&open)
		busy = open > 0
		return err
	})
	return next, busy, err
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
