package demo

import (
	"context"
	"sync/atomic"
	"time"

	"plumbline.dev/plumbline/internal/db"
)

// A clock is the time of the demo. It stands still until it is moved, so that a
// machine that is slow makes the demo slow, and nothing late.
type clock struct{ ms atomic.Int64 }

func newClock(at time.Time) *clock {
	c := &clock{}
	c.ms.Store(at.UnixMilli())
	return c
}

// Now is safe for concurrent use.
func (c *clock) Now() time.Time { return time.UnixMilli(c.ms.Load()).UTC() }

func (c *clock) move(by time.Duration) { c.ms.Add(by.Milliseconds()) }

// Bounds of the pace.
const (
	tick = 10 * time.Millisecond
	// nudgeEvery is how much of the demo's time a loop sleeps at most: a sleep is in real
	// time, and what it holds runs out in the demo's.
	nudgeEvery = 30 * time.Second
	stride     = 15 * time.Second // the most that passes between two looks
	// busySpeed is how fast time goes at most while the program has something to do: a
	// call of some milliseconds takes about a second then, as it does in life.
	busySpeed = 120
	// catchUp is how many times faster than it should time goes at most to make up.
	catchUp = 4
)

// A pace turns real time into the demo's. What it loses while the program is busy it
// makes up for afterwards.
type pace struct {
	speed  float64
	last   time.Time
	behind time.Duration // of the demo's time
}

func newPace(speed float64) *pace { return &pace{speed: speed, last: time.Now()} }

// wait sleeps for a tick, less where time flies, and returns how far the clock is to
// move.
func (p *pace) wait(ctx context.Context, busy bool) (time.Duration, error) {
	timer := time.NewTimer(min(tick, time.Duration(float64(stride)/p.speed)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-timer.C:
	}
	now := time.Now()
	passed := now.Sub(p.last)
	p.last = now
	return p.by(passed, busy), nil
}

// by is how far the clock is to move after some real time.
func (p *pace) by(passed time.Duration, busy bool) time.Duration {
	most := catchUp * p.speed
	if busy {
		most = min(p.speed, busySpeed)
	}
	p.behind += time.Duration(float64(passed) * p.speed)
	by := max(time.Millisecond, min(stride, p.behind, time.Duration(float64(passed)*most)))
	p.behind -= by
	return by
}

// busy says whether the program has something to do at this instant.
func (d *demo) busy(ctx context.Context, now time.Time) (busy bool, err error) {
	err = d.node.DB.View(ctx, now, func(tx *db.Tx) error {
		var n int
		err := tx.QueryRow(`SELECT (SELECT count(*) FROM delivery WHERE location_id = $1 AND state = 0) + (SELECT count(*) FROM stale WHERE location_id = $1)
			+ (SELECT count(*) FROM clock WHERE location_id = $1 AND due <= $2)
			+ (SELECT count(*) FROM outbox WHERE location_id = $1 AND attempt = '' AND due <= $2)
			+ (SELECT count(*) FROM attempt WHERE location_id = $1 AND state = 'open')`, location, now.UnixMilli()).Scan(&n)
		busy = n > 0
		return err
	})
	return busy, err
}
