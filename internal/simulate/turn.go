package simulate

import (
	"context"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/clock"
	"plumbline.dev/plumbline/internal/db"
)

// A part is one loop of the program: what app.Node runs beside others, a step at a
// time. They are called one by one, so that a node can die between any two.
type part struct {
	name  string
	about string // location of what it applies, or quota of what it calls
	step  func(context.Context, time.Time) (bool, time.Time, error)
	until time.Time // it has said that there is nothing for it before
}

// parts lays out the loops of a node, as app.Node.Run does.
func (n *node) layParts() {
	n.parts = nil
	for _, l := range n.app.Locations {
		n.parts = append(n.parts, &part{name: "location " + l, about: l, step: func(ctx context.Context, now time.Time) (bool, time.Time, error) {
			worked, next, err := n.app.Advance.Step(ctx, now, l)
			if worked || err != nil {
				return worked, next, err
			}
			return clock.Step(ctx, n.app.DB, now, l)
		}})
	}
	for _, d := range n.app.Dispatchers {
		n.parts = append(n.parts, &part{name: "quota " + d.Quota, about: d.Quota, step: d.Step})
	}
}

// turn lets a node take one step of one part that has something to do, chosen by the
// seed, and says when it wants the next. It looks at the tables of what is left to do
// instead of asking every part again and again: a part that only renews what it holds
// would want a step every few seconds for ever.
func (n *node) turn(ctx context.Context) (worked bool, next time.Time, err error) {
	w := n.w
	n.woken = false
	if w.now.Before(n.down) {
		return false, n.down, nil
	}
	if n.app == nil {
		if err := n.build(ctx); err != nil {
			return false, w.now, err
		}
	}
	due, err := n.due(ctx)
	if err != nil {
		return false, w.now, err
	}
	var ready []*part
	for _, p := range n.parts {
		at, some := due[p.about]
		switch {
		case !some:
		case at.After(w.now):
			next = earlier(next, at)
		case p.until.After(w.now):
			next = earlier(next, p.until)
		default:
			ready = append(ready, p)
		}
	}
	if len(ready) == 0 {
		return false, next, nil
	}
	p := ready[w.order.IntN(len(ready))]
	worked, next, err = n.step(ctx, p)
	if worked {
		w.wakeAll()
	} else if p.until = next; !next.After(w.now) {
		p.until = w.now.Add(time.Second)
	}
	return true, w.now, err
}

// wakeAll lets every part of every node look at what another has done.
func (w *world) wakeAll() {
	for _, n := range w.nodes {
		n.woken = true
		for _, p := range n.parts {
			p.until = time.Time{}
		}
	}
}

// due says from when on each location and quota has something to do.
func (n *node) due(ctx context.Context) (due map[string]time.Time, err error) {
	due = map[string]time.Time{}
	err = n.app.DB.View(ctx, n.w.now, func(tx *db.Tx) error {
		rows, err := tx.Query(`
			SELECT location_id, min(received) FROM delivery WHERE state = 0 GROUP BY 1
			UNION ALL SELECT location_id, min(since) FROM stale GROUP BY 1
			UNION ALL SELECT location_id, min(due) FROM clock GROUP BY 1
			UNION ALL SELECT c.quota, min(o.due) FROM outbox o JOIN connection c ON c.location_id = o.location_id AND c.name = o.connection
				WHERE o.attempt = '' AND o.due < 9000000000000 GROUP BY 1
			UNION ALL SELECT quota, min(deadline) FROM attempt WHERE state IN ('open', 'unknown') GROUP BY 1`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var about string
			var at int64
			if err := rows.Scan(&about, &at); err != nil {
				return err
			}
			due[about] = earlier(due[about], time.UnixMilli(at).UTC())
		}
		return rows.Err()
	})
	return due, err
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// busy says what a world that does not come to rest has to do.
func (w *world) busy(ctx context.Context) string {
	n := w.awake()
	if n == nil {
		return "no node is alive"
	}
	var what []string
	err := n.app.DB.View(ctx, w.now, func(tx *db.Tx) error {
		rows, err := tx.Query(`
			SELECT 'call of ' || connection || ' for ' || room || ' ' || record || ', tried ' || tries FROM outbox WHERE due <= $1
			UNION ALL SELECT 'clock ' || rule || ' of ' || subject FROM clock WHERE due <= $1
			UNION ALL SELECT 'stale ' || id FROM stale
			UNION ALL SELECT 'delivery ' || connection || '/' || name FROM delivery WHERE state = 0
			UNION ALL SELECT 'attempt ' || connection || ' ' || id || ' ' || state FROM attempt WHERE state IN ('open', 'unknown')`, w.now.UnixMilli())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			what = append(what, s)
		}
		return rows.Err()
	})
	if err != nil {
		return err.Error()
	}
	slices.Sort(what)
	return strings.Join(what[:min(len(what), 12)], "; ")
}
