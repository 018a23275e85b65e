package simulate

import (
	"math/rand/v2"
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
		Duplicate: 0.1, Reorder: 0.15, Late: 0.02, SameTime: 0.05, Ahead: 0.005},
	jobber: jobber.Faults{TooMany: 0.02, Throttled: 0.03, ServerError: 0.02, CutBefore: 0.01, LostAnswer: 0.02, Slow: 0.01, Garbage: 0.01, LostTokens: 0.01,
		SameTime: 0.1, LateCommit: 0.05, ShuffleTies: 0.5, Duplicate: 0.1, Reorder: 0.15, Late: 0.02},
	crm: hubspot.Faults{Migrating: 0.0005, TooMany: 0.02, ServerError: 0.02, Locked423: 0.02, LostAnswer: 0.03, Garbage: 0.01,
		SearchLag: 2 * time.Minute},
	sender: twilio.Faults{ServerError: 0.02, CreateError: 0.02, LostAnswer: 0.03, TooMany: 0.03, StaleList: 0.2,
		NoReceipt: 0.15, Undelivered: 0.04, Backlog: 0.02, Duplicate: 0.1, Reorder: 0.2, Lose: 0.03},
	away:    sandbox.Faults{Refused: 0.01, CutBefore: 0.01, CutAfter: 0.02, Slow: 0.01},
	home:    sandbox.Faults{Refused: 0.01, CutBefore: 0.01, CutAfter: 0.03, Slow: 0.01},
	skew:    90 * time.Second,
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

// outages lays outages of minutes to an hour over the story's days.
func (w *world) outages() {
	r := w.chance("outages")
	hosts := []string{home}
	for _, c := range w.companies {
		hosts = append(hosts, c.hosts()...)
	}
	for _, host := range hosts {
		for range w.opts.Days {
			for range r.IntN(w.level.outages + 1) {
				from := w.start.Add(between(r, 0, 14*time.Hour)).Add(time.Duration(r.IntN(w.opts.Days)) * 24 * time.Hour)
				until := from.Add(between(r, 3*time.Minute, time.Hour))
				w.network.Down(host, from, until)
			}
		}
	}
}

func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}
