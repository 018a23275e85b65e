package app

import (
	"context"
	"sync"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/clock"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
)

// patience is how long a loop sleeps at most where another node may have made work
// of which nobody here was told.
const patience = time.Second

// Step does one round of everything that is due: deliveries, clocks, calls. It is
// what Run does in loops, for those who keep the time themselves. Next is when
// something is due again, zero if nothing is.
func (n *Node) Step(ctx context.Context, now time.Time) (worked bool, next time.Time, err error) {
	for _, l := range n.Locations {
		w, at, err := n.stepLocation(ctx, now, l)
		if err != nil {
			return worked, now, err
		}
		worked, next = worked || w, earlier(next, at)
	}
	for _, d := range n.Dispatchers {
		w, at, err := d.Step(ctx, now)
		if err != nil {
			return worked, now, err
		}
		worked, next = worked || w, earlier(next, at)
	}
	if worked {
		next = now
	}
	return worked, next, nil
}

// stepLocation applies deliveries and, when there are none, rings clocks, brings back
// what was snoozed, tells the staff what waits and judges whether a source is too silent.
func (n *Node) stepLocation(ctx context.Context, now time.Time, location string) (worked bool, next time.Time, err error) {
	if worked, next, err = n.Advance.Step(ctx, now, location); worked || err != nil {
		return worked, next, err
	}
	for _, step := range []func(context.Context, *db.DB, time.Time, string) (bool, time.Time, error){clock.Step, errorqueue.Step, n.rooms.notify.StepStaff, n.rooms.lookup.StepSilence} {
		worked, at, err := step(ctx, n.DB, now, location)
		if worked || err != nil {
			return worked, at, err
		}
		next = earlier(next, at)
	}
	return false, next, nil
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Run loops until ctx ends: one loop a location, one a quota. A loop sleeps until
// the next thing is due or it is nudged.
func (n *Node) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, l := range n.Locations {
		wg.Go(func() {
			n.loop(ctx, "location "+l, n.nudges[l], func(now time.Time) (bool, time.Time, error) {
				worked, next, err := n.stepLocation(ctx, now, l)
				if worked {
					n.wake()
				}
				return worked, next, err
			})
		})
	}
	bells := make([]chan struct{}, len(n.Dispatchers))
	for i, d := range n.Dispatchers {
		bells[i] = make(chan struct{}, 1)
		wg.Go(func() {
			n.loop(ctx, "quota "+d.Quota, bells[i], func(now time.Time) (bool, time.Time, error) {
				worked, next, err := d.Step(ctx, now)
				if worked {
					for _, l := range n.Locations {
						n.ring(n.nudges[l])
					}
				}
				return worked, next, err
			})
		})
	}
	wg.Go(func() { // one nudge wakes all dispatchers
		for {
			select {
			case <-ctx.Done():
				return
			case <-n.nudges[""]:
				for _, b := range bells {
					n.ring(b)
				}
			}
		}
	})
	wg.Wait()
}

func (n *Node) wake() { n.ring(n.nudges[""]) }

func (n *Node) ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// loop steps until there is nothing to do, then sleeps. An error is logged, and the
// step tried again after a moment: what it did not finish is still waiting.
func (n *Node) loop(ctx context.Context, name string, bell <-chan struct{}, step func(time.Time) (bool, time.Time, error)) {
	for ctx.Err() == nil {
		now := n.Now()
		worked, next, err := step(now)
		if err != nil && ctx.Err() == nil {
			n.Log.Error("a step failed and is tried again", "loop", name, "error", err)
			next, worked = now.Add(patience), false
		}
		if worked {
			continue
		}
		sleep := time.Hour
		if !next.IsZero() {
			sleep = max(next.Sub(n.Now()), time.Millisecond)
		}
		if n.DB.Engine() == db.PostgreSQL {
			sleep = min(sleep, patience)
		}
		timer := time.NewTimer(sleep)
		select {
		case <-ctx.Done():
		case <-bell:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Release gives back what this node holds, so that another need not wait for it.
func (n *Node) Release(ctx context.Context) (err error) {
	defer plumbline.Wrap(&err, "give back what the node holds")
	for _, d := range n.Dispatchers {
		if err := d.Release(ctx, n.Now()); err != nil {
			return err
		}
	}
	return nil
}
