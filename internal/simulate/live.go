package simulate

import (
	"context"
	"fmt"
	"time"
)

// Bounds of a run. What is not quiet by then is a violation.
const (
	maxSteps = 400_000
	maxStill = 3_000 // rounds without time going on
	// After its last day the shop goes on into the next one, with faults off; then
	// everything has some time to converge.
	looseEnds  = 4 * time.Hour
	afterwards = 2 * time.Hour
)

// An actor is something of the world that does things when they are due.
type actor struct {
	name string
	wake time.Time
	due  func() bool // besides wake
	step func(context.Context) (worked bool, next time.Time, err error)
}

// trace is told of every instant, for those who look for a mistake.
var trace = func(*world) {}

// live runs the story to its end and the loose ends after it.
func (w *world) live(ctx context.Context) error {
	actors := w.actors()
	var over time.Time
	still := 0 // rounds since the clock moved
	for w.report.Steps < maxSteps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if w.round(ctx, actors) {
			if still++; still < maxStill {
				continue
			}
			w.violate("7", "it does the same again and again at %s: %s", w.now.Format(time.RFC3339), w.busy(ctx))
			w.now = w.now.Add(time.Minute)
		}
		still = 0
		trace(w)
		next := w.earliest(actors)
		end := w.end()
		if !w.calm && !next.Before(end) {
			w.settle()
		}
		if over.IsZero() && w.calm && (w.storyOver() || next.After(end.Add(looseEnds))) {
			over = w.now.Add(afterwards)
			for _, c := range w.companies {
				c.over = true
			}
		}
		if next.IsZero() || !over.IsZero() && next.After(over) {
			w.report.Simulated = w.now.Sub(w.start).String()
			return nil
		}
		if next.After(w.now) {
			w.now = next
		}
	}
	w.violate("7", "the world was not quiet after %d steps, at %s", maxSteps, w.now.Format(time.RFC3339))
	return nil
}

func (w *world) end() (end time.Time) {
	for _, c := range w.companies {
		if e := c.shop.Story().End; e.After(end) {
			end = e
		}
	}
	return end
}

func (w *world) storyOver() bool {
	for _, c := range w.companies {
		if !c.over {
			return false
		}
	}
	return true
}

// round lets every actor that has something to do take one step, in an order that the
// seed decides.
func (w *world) round(ctx context.Context, actors []*actor) (worked bool) {
	w.order.Shuffle(len(actors), func(a, b int) { actors[a], actors[b] = actors[b], actors[a] })
	for _, a := range actors {
		if !a.due() && (a.wake.IsZero() || a.wake.After(w.now)) {
			continue
		}
		did, next, err := a.step(context.WithoutCancel(ctx)) // a context that may end costs a goroutine per query
		if err != nil {
			w.violate("7", "a step of %s failed: %v", a.name, err)
			did, next = false, w.now.Add(time.Second)
		}
		worked = worked || did
		a.wake = next
		if did {
			a.wake = w.now
			w.report.Steps++
		}
	}
	return worked
}

func (w *world) earliest(actors []*actor) (next time.Time) {
	for _, a := range actors {
		if next.IsZero() || !a.wake.IsZero() && a.wake.Before(next) {
			next = a.wake
		}
	}
	return next
}

func (w *world) actors() (list []*actor) {
	never, always := func() bool { return false }, func() bool { return true }
	for _, c := range w.companies {
		list = append(list,
			&actor{name: c.id + "'s shop", wake: w.now, due: never, step: func(ctx context.Context) (bool, time.Time, error) { return c.live(ctx) }},
			&actor{name: c.id + "'s sender", due: always, step: func(ctx context.Context) (bool, time.Time, error) { return c.sender.Step(ctx, w.now) }})
	}
	list = append(list, &actor{name: "the weather", wake: w.now, due: never, step: w.turn})
	for _, c := range w.companies {
		if c.field != nil {
			list = append(list, &actor{name: c.id + "'s Housecall Pro", due: always, step: func(ctx context.Context) (bool, time.Time, error) { return c.field.Step(ctx, w.now) }})
		}
		if c.jobber != nil {
			list = append(list, &actor{name: c.id + "'s Jobber", due: always, step: func(ctx context.Context) (bool, time.Time, error) { return c.jobber.Step(ctx, w.now) }},
				&actor{name: c.id + "'s administrator", wake: w.now, due: never, step: c.administer})
		}
	}
	for _, n := range w.nodes {
		list = append(list, &actor{name: n.name, wake: w.now, due: func() bool { return n.woken }, step: n.turn})
	}
	return list
}

// violate notes a broken law, each sentence once.
func (w *world) violate(law, format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if w.broken[law+s] {
		return
	}
	w.broken[law+s] = true
	if len(w.report.Violations) < 40 {
		w.report.Violations = append(w.report.Violations, fmt.Sprintf("seed %d breaks law %s: %s", w.opts.Seed, law, s))
	}
}
