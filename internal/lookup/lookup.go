// Package lookup asks tools questions and keeps their answers as deliveries: what an
// object is that a delivery only named, which of two notices of one instant holds, what
// has changed at a source since it was asked last, what a provider knows where a field is
// missing, and when a technician who has set out will arrive. It is a performer of the outbox and follows what advance derives. It must
// not know what an answer says, nor ask targets, whose answers are mirror's to keep.
package lookup

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/tenant"
)

// Room is the name under which the outbox knows this performer.
const Room = "lookup"

// Derived are the tables of this room that Advance.Verify compares.
var Derived = []string{"stop(job_id, visit_id, technician) completed"}

// A Lookup asks what is owed to be asked.
type Lookup struct {
	// DB is what is read from between transactions, where our records are counted.
	DB *db.DB
	// Tool returns the tool of a connection, nil if there is none. What is not a
	// Fetcher, or a Target besides, is not read; the tool of the connection "route" is a
	// Router.
	Tool func(location, connection string) any
	// Providers names the connections of a location whose tool is an Enricher, in order;
	// nil: there are none.
	Providers func(location string) []string
	// Policy returns a location's playbook, for the shop's place and zone.
	Policy func(location string) (*playbook.Playbook, playbook.OpenHours, error)
	// Budget names the class of a tool's budget that a use spends; nil: the use itself.
	// The one use is "read".
	Budget func(tool, use string) string

	due sync.Map // location -> when the silence of its sources is judged next
}

var (
	_ outbox.Performer = (*Lookup)(nil)
	_ advance.Follower = (*Lookup)(nil)
	_ advance.Deriver  = (*Lookup)(nil)
)

// A question is a call, whole: it can be asked again from this alone.
type question struct {
	Read   *read     `json:"read,omitempty"`
	Named  *named    `json:"named,omitempty"`
	Pull   *pull     `json:"pull,omitempty"`
	Count  *counting `json:"count,omitempty"`
	Watch  *watching `json:"watch,omitempty"`
	Route  *route    `json:"route,omitempty"`
	Enrich *enrich   `json:"enrich,omitempty"`
}

// Follow owes the questions that follow from a batch. Owed twice is owed once.
func (l *Lookup) Follow(tx *db.Tx, b *advance.Batch) (err error) {
	defer plumbline.Wrap(&err, "owe look-ups")

	if err := l.Derive(tx, b); err != nil {
		return err
	}
	if err := l.oweReads(tx, b); err != nil {
		return err
	}
	if err := l.oweNamed(tx, b); err != nil {
		return err
	}
	if err := l.oweUnknown(tx, b); err != nil {
		return err
	}
	if err := l.oweMissing(tx, b); err != nil {
		return err
	}
	return l.oweRoutes(tx, b)
}

// Prepare builds calls from the current state; a question that has answered itself
// meanwhile is done.
func (l *Lookup) Prepare(tx *db.Tx, c tenant.Connection, rows []outbox.Row) (calls []outbox.Call, settled []outbox.Settled, err error) {
	defer plumbline.Wrap(&err, "prepare look-ups at %s", c.Name)

	if calls, settled, rows, err = l.prepareNamed(tx, c, rows); err != nil {
		return nil, nil, err
	}
	for _, row := range rows {
		var q question
		var later *outbox.Settled
		what, rest, _ := strings.Cut(row.Record, "/")
		switch what {
		case "read":
			q.Read, err = l.prepareRead(tx, c, rest)
		case "pull":
			q.Pull, err = l.preparePull(tx, c, rest)
		case "enrich":
			q.Enrich, err = l.prepareEnrich(tx, c, rest)
		case "walk":
			var s outbox.Settled
			s, err = l.walk(tx, c, row)
			later = &s
		case "count":
			q.Count, later, err = l.prepareCount(tx, c, row, rest)
		case "watch":
			q.Watch, err = l.prepareWatch(tx, c)
		case "route":
			q.Route, err = l.prepareRoute(tx, c, plumbline.GoldenID(row.Lot), rest)
		}
		if err != nil {
			return nil, nil, err
		}
		if later != nil {
			settled = append(settled, *later)
			continue
		}
		if q == (question{}) {
			settled = append(settled, outbox.Settled{Row: row, What: outbox.Done})
			continue
		}
		call := outbox.NewCall(tx, l.budget(c), q, row)
		if q.Pull != nil || q.Count != nil {
			call.Within = 40 * time.Second // a page is long
		}
		if q.Watch != nil && q.Watch.Restore {
			call.Cost = 2
		}
		calls = append(calls, call)
	}
	return calls, settled, nil
}

func (l *Lookup) budget(c tenant.Connection) string {
	const use = "read"
	if l.Budget == nil {
		return use
	}
	return l.Budget(c.Tool, use)
}

// Perform asks.
func (l *Lookup) Perform(ctx context.Context, c tenant.Connection, call outbox.Call) outbox.Result {
	var q question
	if err := json.Unmarshal([]byte(call.Request), &q); err != nil {
		return refused("the question cannot be read", err)
	}
	switch {
	case q.Read != nil:
		return l.performRead(ctx, c, *q.Read)
	case q.Named != nil:
		return l.performNamed(ctx, c, *q.Named)
	case q.Pull != nil:
		return l.performPull(ctx, c, *q.Pull)
	case q.Count != nil:
		return l.performCount(ctx, c, call, *q.Count)
	case q.Watch != nil:
		return l.performWatch(ctx, c, *q.Watch)
	case q.Route != nil:
		return l.performRoute(ctx, c, *q.Route)
	case q.Enrich != nil:
		return l.performEnrich(ctx, c, *q.Enrich)
	}
	return refused("the question is empty", nil)
}

func refused(msg string, err error) outbox.Result {
	return outbox.Result{Err: &connect.Error{Class: connect.Human, Msg: msg, Cure: "Skip it; it is asked again when it comes up.", Err: err}}
}

// Ask asks again: asking is harmless, so what became of the first call does not matter.
func (l *Lookup) Ask(ctx context.Context, c tenant.Connection, call outbox.Call) outbox.Result {
	return l.Perform(ctx, c, call)
}

// Decide writes down what Ask was answered.
func (l *Lookup) Decide(tx *db.Tx, c tenant.Connection, call outbox.Call, r outbox.Result) ([]outbox.Settled, error) {
	return l.Settle(tx, c, call, r)
}

// Settle keeps an answer as a delivery that names the attempt. Settled twice, it is
// kept once.
func (l *Lookup) Settle(tx *db.Tx, c tenant.Connection, call outbox.Call, r outbox.Result) (settled []outbox.Settled, err error) {
	defer plumbline.Wrap(&err, "keep the answer of %s", c.Name)

	if r.Err == nil {
		switch answer := r.Answer.(type) {
		case connect.Answer:
			err = l.keepRead(tx, c, call, answer)
		case namedAnswers:
			return l.settleNamed(tx, c, call, answer)
		case pulledPage:
			return l.settlePull(tx, c, call, answer)
		case tally:
			return l.settleCount(tx, c, call, answer)
		case watchedNow:
			return l.settleWatch(tx, c, call, answer)
		case advance.RouteAnswer:
			err = keepRoute(tx, c, call, answer)
		case found:
			err = keepFinding(tx, c, call, answer)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, row := range call.Rows {
		settled = append(settled, standing(row, c, r.Err, tx.Now))
	}
	return settled, nil
}

// askedAgain is after how long a question that is not answered is asked again at the
// latest: asking changes nothing, and what it would tell is not known meanwhile.
const askedAgain = 10 * time.Minute

// standing says where a row stands after its call.
func standing(row outbox.Row, c tenant.Connection, e *connect.Error, now time.Time) outbox.Settled {
	switch {
	case e == nil:
		return outbox.Settled{Row: row, What: outbox.Done}
	case e.Class == connect.Human:
		return outbox.Settled{Row: row, What: outbox.Stuck, Item: &errorqueue.Item{
			Cause: c.Name + "/" + e.Code + ": " + errorqueue.Shape(e.Msg), Title: c.Name + " did not answer a question: " + e.Msg,
			Cure: e.Cure, Detail: e.Error()}}
	case e.Class == connect.Unknown:
		return outbox.Settled{Row: row, What: outbox.Undecided}
	}
	if e.Class == connect.Wait && e.After > 0 { // it was not tried
		row.Tries--
		return outbox.AgainAt(row, now.Add(e.After))
	}
	at := outbox.Backoff(row, now)
	if late := now.Add(askedAgain); at.After(late) {
		at = late
	}
	if later := now.Add(e.After); later.After(at) {
		at = later
	}
	return outbox.AgainAt(row, at)
}
