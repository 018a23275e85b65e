package simulate

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"plumbline.dev/plumbline/internal/sandbox"
	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/jobber"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

// A level is how badly the world behaves: vendors, the network between, and the
// machine that the program runs on.
type level struct {
	field  housecallpro.Faults
	jobber jobber.Faults
	crm    hubspot.Faults
	sender twilio.Faults
	away   sandbox.Faults // on the way to a vendor
	home   sandbox.Faults // on the way to us
	skew   time.Duration  // how far the field tool's clock may be off, either way

	hours   float64 // chance per vendor and day that it cannot be reached for hours
	deaf    float64 // chance per field tool and day that its webhooks are lost for an hour, and the same that they are switched off for hours
	outages int     // of each vendor and of our own door, at most, in a day
	crash   float64 // chance per step that the node dies before the next one
	cut     float64 // chance per call that the node dies with the call, before or after the vendor has heard it
}

var none = level{}

var light = level{
	field:  housecallpro.Faults{ServerError: 0.005, TooMany: 0.005, ShuffleTies: 0.2, Duplicate: 0.03, Reorder: 0.05, Late: 0.005, SameTime: 0.01},
	jobber: jobber.Faults{TooMany: 0.005, Throttled: 0.01, ServerError: 0.005, SameTime: 0.02, LateCommit: 0.01, ShuffleTies: 0.2, Duplicate: 0.03, Reorder: 0.05, Late: 0.005},
	crm: hubspot.Faults{TooMany: 0.005, ServerError: 0.005, Locked423: 0.002, LostAnswer: 0.002,
		SearchLag: 20 * time.Second},
	sender: twilio.Faults{ServerError: 0.005, LostAnswer: 0.002, TooMany: 0.005, StaleList: 0.05, NoReceipt: 0.05, Undelivered: 0.01, Duplicate: 0.03, Reorder: 0.05},
	away:   sandbox.Faults{Refused: 0.003, CutBefore: 0.002, CutAfter: 0.002, Slow: 0.001},
	home:   sandbox.Faults{Refused: 0.003, CutBefore: 0.002, CutAfter: 0.002},
	skew:   5 * time.Second,
	crash:  0.0002,
	cut:    0.0005,
}

var heavy = level{
	field: housecallpro.Faults{ServerError: 0.02, LostAnswer: 0.02, TooMany: 0.02, ShuffleTies: 0.5,
		Duplicate: 0.1, Reorder: 0.15, Late: 0.02, SameTime: 0.05, Ahead: 0.005, Lose: 0.02},
	jobber: jobber.Faults{TooMany: 0.02, Throttled: 0.03, ServerError: 0.02, CutBefore: 0.01, LostAnswer: 0.02, Garbage: 0.01, LostTokens: 0.01,
		SameTime: 0.1, LateCommit: 0.05, ShuffleTies: 0.5, Duplicate: 0.1, Reorder: 0.15, Late: 0.02, Lose: 0.02},
	crm: hubspot.Faults{Migrating: 0.0005, TooMany: 0.02, ServerError: 0.02, Locked423: 0.02, LostAnswer: 0.03, Garbage: 0.01,
		SearchLag: 2 * time.Minute},
	sender: twilio.Faults{ServerError: 0.02, CreateError: 0.02, LostAnswer: 0.03, TooMany: 0.03, StaleList: 0.2,
		NoReceipt: 0.15, Undelivered: 0.04, Backlog: 0.02, Duplicate: 0.1, Reorder: 0.2, Lose: 0.03},
	away:    sandbox.Faults{Refused: 0.01, CutBefore: 0.01, CutAfter: 0.02, Slow: 0.01},
	home:    sandbox.Faults{Refused: 0.01, CutBefore: 0.01, CutAfter: 0.03, Slow: 0.01},
	skew:    90 * time.Second,
	hours:   0.15,
	deaf:    0.3,
	outages: 2,
	crash:   0.003,
	cut:     0.006,
}

// misbehave switches a level on for one company and its way to us.
func (c *company) misbehave(l level) {
	if c.field != nil {
		c.field.SetFaults(l.field)
	}
	if c.jobber != nil {
		c.jobber.SetFaults(l.jobber)
	}
	c.crm.SetFaults(l.crm)
	c.sender.SetFaults(l.sender)
	for _, host := range c.hosts() {
		c.w.network.SetFaults(host, l.away)
	}
}

// A span is a time in which a vendor could not be reached, or a node was dead.
type span struct{ from, until time.Time }

// overlap is how much of a span lies between two instants.
func (s span) overlap(from, until time.Time) time.Duration {
	if s.from.After(from) {
		from = s.from
	}
	if s.until.Before(until) {
		until = s.until
	}
	return max(until.Sub(from), 0)
}

// outages lays outages of minutes to an hour over the story's days, and of hours over
// some.
func (w *world) outages() {
	r := w.chance("outages")
	w.down = map[string][]span{}
	hosts := []string{home}
	for _, c := range w.companies {
		hosts = append(hosts, c.hosts()...)
	}
	for _, host := range hosts {
		for day := range w.opts.Days {
			for range r.IntN(w.level.outages + 1) {
				w.breaks(host, w.sometime(r, day), between(r, 3*time.Minute, time.Hour))
			}
			if r.Float64() < w.level.hours && host != home {
				w.breaks(host, w.sometime(r, day), between(r, 2*time.Hour, 5*time.Hour))
			}
		}
	}
}

// sometime is an instant of a day on which people are awake.
func (w *world) sometime(r *rand.Rand, day int) time.Time {
	return w.start.Add(between(r, 0, 14*time.Hour)).Add(time.Duration(day) * 24 * time.Hour)
}

func (w *world) breaks(host string, from time.Time, length time.Duration) {
	w.network.Down(host, from, from.Add(length))
	w.down[host] = append(w.down[host], span{from, from.Add(length)})
}

// A turning is something that changes about the weather at an instant.
type turning struct {
	at time.Time
	do func()
}

// deafness lays hours over the story's days in which a field tool's webhooks are lost, or
// switched off.
func (w *world) deafness() {
	r := w.chance("deafness")
	at := func(when time.Time, do func()) { w.turnings = append(w.turnings, turning{when, do}) }
	for _, c := range w.companies {
		for _, h := range c.switches() {
			for day := range w.opts.Days {
				if r.Float64() < w.level.deaf {
					from := w.sometime(r, day)
					at(from, func() { h.lose(1) })
					at(from.Add(time.Hour), func() { h.lose(w.level.field.Lose) })
				}
				if r.Float64() < w.level.deaf {
					from := w.sometime(r, day)
					at(from, func() { h.on(false) })
					at(from.Add(between(r, time.Hour, 5*time.Hour)), func() { h.on(true) })
				}
			}
		}
	}
	slices.SortStableFunc(w.turnings, func(a, b turning) int { return a.at.Compare(b.at) })
}

// turn lets the weather change.
func (w *world) turn(context.Context) (worked bool, next time.Time, err error) {
	for len(w.turnings) > 0 && !w.turnings[0].at.After(w.now) {
		if !w.calm {
			w.turnings[0].do()
		}
		w.turnings = w.turnings[1:]
	}
	if len(w.turnings) > 0 {
		next = w.turnings[0].at
	}
	return false, next, nil
}

// switches are those of the webhooks of the shop's field tools: off or on, and how many
// of them are lost.
func (c *company) switches() (list []hookSwitch) {
	if c.field != nil {
		list = append(list, hookSwitch{c.field.SwitchWebhook, func(share float64) {
			f := c.w.level.field
			f.Lose = share
			c.field.SetFaults(f)
		}})
	}
	if c.jobber != nil {
		list = append(list, hookSwitch{c.jobber.SwitchWebhooks, func(share float64) {
			f := c.w.level.jobber
			f.Lose = share
			c.jobber.SetFaults(f)
		}})
	}
	return list
}

type hookSwitch struct {
	on   func(bool)
	lose func(share float64)
}

func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}
