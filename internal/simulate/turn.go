package simulate

import (
	"context"
	"fmt"
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
	asked []string  // columns that say from when on it has something to do
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
	var columns []string
	for _, p := range n.parts {
		p.asked = p.asks()
		columns = append(columns, p.asked...)
	}
	n.question, n.columns = "SELECT "+strings.Join(columns, ", "), len(columns)
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
	w.due = nil
	return true, w.now, err
}

// wakeAll lets every part of every node look at what another has done.
func (w *world) wakeAll() {
	w.due = nil
	for _, n := range w.nodes {
		n.woken = true
		for _, p := range n.parts {
			p.until = time.Time{}
		}
	}
}

// due says from when on each location and quota has something to do. All nodes see one
// database: it is asked again when somebody has changed it. Each part of the question
// is the first entry of an index.
func (n *node) due(ctx context.Context) (due map[string]time.Time, err error) {
	w := n.w
	if w.due != nil {
		return w.due, nil
	}
	at := make([]int64, n.columns)
	to := make([]any, n.columns)
	for i := range at {
		to[i] = &at[i]
	}
	err = n.app.DB.View(ctx, w.now, func(tx *db.Tx) error { return tx.QueryRow(n.question).Scan(to...) })
	if err != nil {
		return nil, err
	}
	w.due = map[string]time.Time{}
	for _, p := range n.parts {
		first := slices.Min(at[:len(p.asked)])
		at = at[len(p.asked):]
		if first < never {
			w.due[p.about] = time.UnixMilli(first).UTC()
		}
	}
	return w.due, nil
}

// never is later than everything that happens by itself: what is parked for a person
// is due after it.
const never = 9_000_000_000_000

// asks are columns of which each says when a part has something to do, in ms, never or
// later if not.
func (p *part) asks() (columns []string) {
	first := func(query string, args ...any) {
		columns = append(columns, fmt.Sprintf("coalesce((SELECT %s), %d)", fmt.Sprintf(query, args...), int64(never)))
	}
	if tool, connection, ok := strings.Cut(p.about, ":"); ok && tool != "" {
		location, name, _ := strings.Cut(connection, "/")
		first("min(due) FROM outbox WHERE location_id = '%s' AND connection = '%s' AND attempt = ''", location, name)
		first("min(deadline) FROM attempt WHERE location_id = '%s' AND quota = '%s' AND state IN ('open', 'unknown')", location, p.about)
		return columns
	}
	first("min(received) FROM delivery WHERE state = 0 AND reason = '' AND location_id = '%s'", p.about)
	first("min(since) FROM stale WHERE location_id = '%s'", p.about)
	first("min(due) FROM clock WHERE location_id = '%s'", p.about)
	return columns
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
