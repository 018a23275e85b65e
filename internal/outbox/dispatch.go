package outbox

import (
	"context"
	"errors"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/tenant"
)

// Timing of holds and calls. A call's deadline ends well before the lease of the
// node that makes it.
const (
	lease     = 60 * time.Second
	callLimit = 20 * time.Second
	asksAfter = 5 * time.Second
	// asksLatest is after how long an attempt without an outcome is asked after again at
	// the latest: all that it carries waits meanwhile.
	asksLatest = 10 * time.Minute
	maxAsks    = 8
	takeRows   = 200
)

// A Dispatcher makes the calls of one quota. Its budget is in memory: only the
// quota's holder calls, and a new holder starts with an empty budget.
type Dispatcher struct {
	DB         *db.DB
	Node       string
	Quota      string
	Performers map[string]Performer
	// Budgets are the limits of the quota's tool, by class.
	Budgets map[string]connect.Budget
	// Before is called under the hold, before the calls of a lot leave; nil: nothing is.
	Before func(ctx context.Context, now time.Time) error
	// Weights say how much of the quota a location gets beside others; 1 where none is
	// given.
	Weights map[string]int

	hold   tenant.Hold
	held   bool
	spent  map[string]*spent // by class
	paused time.Time         // no call leaves before: the vendor asked for it, or would refuse it
	broken bool              // for the pause a person must do something, and may say that it is done
	turns  turns
}

// A spent holds what left in the last window of a budget, oldest first.
type spent struct {
	list  []spending
	total int
}

// A spending is calls that left at one instant.
type spending struct {
	at time.Time
	n  int
}

// Step takes or renews the hold, asks after attempts that ended without an answer,
// and makes the calls that are due and within budget: at most one lot of one
// connection. It is safe to be cut off anywhere: an attempt that was committed is
// asked after, never made again.
func (d *Dispatcher) Step(ctx context.Context, now time.Time) (worked bool, next time.Time, err error) {
	defer plumbline.Wrap(&err, "dispatch quota %s", d.Quota)

	s, err := d.look(ctx, now)
	if err != nil || s.first().IsZero() || s.first().After(now) {
		return false, s.first(), err // nothing to do: the hold is left to run out
	}
	if s.open != nil && !s.open.at.After(now) && !d.holds(now) {
		if err := d.takeFirst(ctx, now); err != nil || !d.held {
			return false, now.Add(lease / 4), err
		}
		if s, err = d.look(ctx, now); err != nil { // another may have asked
			return false, now, err
		}
	}
	if s.open != nil {
		if next = s.open.at; !next.After(now) {
			return true, now, d.ask(ctx, now, *s.open)
		}
	}
	if s.due.After(now) {
		next = earlier(next, s.due)
	}
	if rests, err := d.rests(ctx, now); rests || err != nil {
		return false, earlier(next, d.paused), err
	}
	list, err := d.prepare(ctx, now, s.lots, &next)
	if err != nil {
		return false, next, err
	}
	if len(s.lots) > 0 && !d.held {
		return false, now.Add(lease / 4), nil
	}
	if err := d.performAll(ctx, now, list.calls); err != nil {
		return true, now, err
	}
	if list.worked {
		return true, now, nil
	}
	if len(s.lots) > 0 && !next.Before(d.hold.Expires) { // the hold is kept until there is room: whoever took it over would begin with none
		next = now.Add(lease / 2)
	}
	return false, next, nil
}

// A sight is what there is to do for a quota: of the rows when the first is due and, if
// it is, the lots of those that are; and the attempt to be asked after first.
type sight struct {
	due  time.Time
	lots []lot
	open *unanswered
}

// first is when the first of it is due, zero if there is nothing.
func (s sight) first() time.Time {
	if s.open == nil {
		return s.due
	}
	return earlier(s.due, s.open.at)
}

// look sees what there is to do, without the hold.
func (d *Dispatcher) look(ctx context.Context, now time.Time) (s sight, err error) {
	err = d.DB.View(ctx, now, func(tx *db.Tx) (err error) {
		s = sight{}
		if s.open, err = firstOpen(tx, d.Quota); err != nil {
			return err
		}
		var n int
		var due int64
		if err := tx.QueryRow(selectNextDue, d.Quota).Scan(&n, &due); err != nil || n == 0 || due >= parked {
			return err
		}
		if s.due = time.UnixMilli(due).UTC(); s.due.After(now) {
			return nil
		}
		s.lots, err = lotsDue(tx, d.Quota)
		return err
	})
	return s, err
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// holds says whether the hold will do for another call.
func (d *Dispatcher) holds(now time.Time) bool {
	return d.held && now.Before(d.hold.Expires.Add(-lease/2))
}

// takeFirst takes or renews the hold by itself, for what must not be done without.
func (d *Dispatcher) takeFirst(ctx context.Context, now time.Time) error {
	err := d.DB.Do(ctx, now, d.take)
	d.held = d.held && err == nil
	return err
}

// take takes or renews the hold with what is done under it. Whoever comes to hold it
// begins as if the one before, or this one before it died, had just spent its budget.
func (d *Dispatcher) take(tx *db.Tx) error {
	h, ok, err := tenant.Take(tx, d.Quota, d.Node, lease)
	if err != nil {
		return err
	}
	if ok && (h.Fresh || !d.held || h.Epoch != d.hold.Epoch) {
		d.spent = map[string]*spent{}
		for class, b := range d.Budgets {
			if h.Epoch > 1 || !h.Fresh {
				d.spend(class, b.Calls, tx.Now)
				d.spend(swept(class), Share(b).Calls, tx.Now)
			}
		}
	}
	d.hold, d.held = h, ok
	return nil
}

// room says how many calls of a budget may leave now for rows of a class, and when one
// more may. What is not an emergency leaves a tenth for those that are, and a sweep takes
// no more than its share.
func (d *Dispatcher) room(budget string, now time.Time, class int) (int, time.Time) {
	b, ok := d.Budgets[budget]
	if !ok {
		return 1 << 20, time.Time{}
	}
	limit := b.Calls
	if class != Emergency && b.Calls >= 10 {
		limit -= b.Calls / 10
	}
	n, free := d.left(budget, limit, b.Window, now)
	if class != Sweep || n == 0 {
		return n, free
	}
	share := Share(b)
	spare, free := d.left(swept(budget), share.Calls, share.Window, now)
	return min(n, spare), free
}

// left says how much of a limit has not been spent within the window that ends now, and
// if nothing is left, when something is again.
func (d *Dispatcher) left(name string, limit int, window time.Duration, now time.Time) (int, time.Time) {
	s := d.spent[name]
	if s == nil {
		s = &spent{}
	}
	for len(s.list) > 0 && !s.list[0].at.Add(window).After(now) {
		s.total -= s.list[0].n
		s.list = s.list[1:]
	}
	if s.total < limit {
		return limit - s.total, time.Time{}
	}
	total := s.total
	for _, one := range s.list {
		if total -= one.n; total < limit {
			return 0, one.at.Add(window)
		}
	}
	return 0, now.Add(window) // a limit of nothing
}

// Share is how much of a budget is left to sweeps: a tenth.
func Share(b connect.Budget) connect.Budget {
	if b.Calls < 10 {
		return connect.Budget{Calls: 1, Window: b.Window * 10 / time.Duration(max(b.Calls, 1))}
	}
	return connect.Budget{Calls: b.Calls / 10, Window: b.Window}
}

// swept names what sweeps have spent of a budget.
func swept(budget string) string { return "sweep/" + budget }

func (d *Dispatcher) spend(class string, cost int, now time.Time) {
	if d.spent[class] == nil {
		d.spent[class] = &spent{}
	}
	d.spent[class].list = append(d.spent[class].list, spending{now, max(cost, 1)})
	d.spent[class].total += max(cost, 1)
}

type planned struct {
	connection tenant.Connection
	performer  Performer
	call       Call
	class      int
}

type plan struct {
	calls  []planned
	worked bool
}

// takes says how much of a budget the calls of a plan spend.
func (p plan) takes(budget string) (n int) {
	for _, one := range p.calls {
		if one.call.Budget == budget {
			n += max(one.call.Cost, 1)
		}
	}
	return n
}

// prepare commits the attempts of the next lot that is due. Locations take turns;
// within one what has been due longest goes first.
func (d *Dispatcher) prepare(ctx context.Context, now time.Time, lots []lot, next *time.Time) (out plan, err error) {
	for _, location := range d.turns.order(lots) {
		err = d.DB.Do(ctx, now, func(tx *db.Tx) error {
			out = plan{}
			if err := d.take(tx); err != nil || !d.held {
				return err
			}
			return d.prepareLocation(tx, now, location, lots, &out, next)
		})
		if err != nil || out.worked || !d.held {
			break
		}
	}
	if err != nil {
		d.held = false // it was taken with what was undone
		return plan{}, err
	}
	for _, p := range out.calls {
		d.spend(p.call.Budget, p.call.Cost, now)
		if p.class == Sweep {
			d.spend(swept(p.call.Budget), p.call.Cost, now)
		}
		d.turns.take(p.connection.Location, p.call.Cost, d.Weights)
	}
	return out, nil
}

// prepareLocation prepares the first lot of a location of which anything can be done.
// One whose rows cannot be prepared together hinders no other: each is prepared alone,
// and what cannot be is for a person.
func (d *Dispatcher) prepareLocation(tx *db.Tx, now time.Time, location string, lots []lot, out *plan, next *time.Time) error {
	if err := tenant.LockOwed(tx, location); err != nil {
		return err
	}
	for _, l := range lots {
		if l.location != location {
			continue
		}
		rows, err := takeDue(tx, l)
		if err != nil {
			return err
		}
		err = tx.Savepoint(func() error { return d.prepareLot(tx, now, l, rows, out, next) })
		if err != nil && tx.Usable() {
			err = d.prepareAlone(tx, now, l, rows, out, next)
		}
		if err != nil || out.worked {
			return err
		}
	}
	return nil
}

func (d *Dispatcher) prepareAlone(tx *db.Tx, now time.Time, l lot, rows []Row, out *plan, next *time.Time) error {
	*out = plan{}
	for _, r := range rows {
		was := *out
		err := tx.Savepoint(func() error { return d.prepareLot(tx, now, l, []Row{r}, out, next) })
		if err == nil {
			continue
		}
		if !tx.Usable() {
			return err
		}
		*out = was
		out.worked = true
		item := &errorqueue.Item{Cause: l.connection + ": it cannot be prepared: " + errorqueue.Shape(err.Error()),
			Title: "What is owed to " + l.connection + " cannot be prepared", Cure: "Look at what it says, mend the record or its configuration, then retry.",
			Detail: err.Error()}
		if err := settle(tx, l.location, []Settled{{Row: r, What: Stuck, Item: item}}); err != nil {
			return err
		}
	}
	return nil
}

type lot struct {
	location, connection, room, lot string
	class                           int
}

func lotsDue(tx *db.Tx, quota string) (list []lot, err error) {
	rows, err := tx.Query(selectLots, quota, tx.Now.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var l lot
		if err := rows.Scan(&l.location, &l.connection, &l.room, &l.lot, &l.class); err != nil {
			return nil, err
		}
		if len(list) > 0 && l.class > list[0].class {
			continue // emergencies before the ordinary, that before backfill, that before sweeps
		}
		list = append(list, l)
	}
	return list, rows.Err()
}

func (d *Dispatcher) prepareLot(tx *db.Tx, now time.Time, l lot, rows []Row, out *plan, next *time.Time) error {
	c, err := tenant.Get(tx, l.location, l.connection)
	if err != nil || len(rows) == 0 {
		return err
	}
	p := d.Performers[l.room]
	if p == nil {
		return plumbline.Invalidf("install a build that has it", "nobody performs %s", l.room)
	}
	calls, settled, err := p.Prepare(tx, c, rows)
	if err != nil {
		return err
	}
	if err := settle(tx, l.location, settled); err != nil {
		return err
	}
	out.worked = out.worked || len(settled) > 0
	room := map[string]int{}
	for _, call := range calls {
		left, ok := room[call.Budget]
		if !ok {
			var free time.Time
			left, free = d.room(call.Budget, now, l.class)
			left -= out.takes(call.Budget)
			*next = earlier(*next, free)
		}
		if left < max(call.Cost, 1) {
			continue // its rows stay due
		}
		room[call.Budget] = left - max(call.Cost, 1)
		call.Started, call.Epoch = now, d.hold.Epoch
		if call.Within == 0 {
			call.Within = callLimit
		}
		if err := commit(tx, c, d.Quota, l.room, call); err != nil {
			return err
		}
		out.calls, out.worked = append(out.calls, planned{c, p, call, l.class}), true
	}
	return nil
}

// performAll makes the calls of a lot one after the other, all within the time that
// each of them was given when it was committed: later, whoever holds the quota by then
// asks after it, and may send again what had not left.
func (d *Dispatcher) performAll(ctx context.Context, now time.Time, calls []planned) error {
	within := callLimit
	for _, p := range calls {
		within = min(within, p.call.Within)
	}
	callCtx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if d.Before != nil && len(calls) > 0 {
		if err := d.Before(callCtx, now); err != nil {
			return err
		}
	}
	var errs []error
	for _, p := range calls {
		if ctx.Err() != nil {
			break // what has not left is asked after
		}
		errs = append(errs, d.perform(ctx, callCtx, now, p))
	}
	return errors.Join(errs...)
}

// errNotMade is what became of a call for which there was no time left.
var errNotMade = connect.Error{Class: connect.Retry, Code: "not_made", Msg: "the calls before it took all of the time"}

// perform makes a call and writes down what became of it.
func (d *Dispatcher) perform(ctx, callCtx context.Context, now time.Time, p planned) error {
	var r Result
	if callCtx.Err() != nil && ctx.Err() == nil {
		late := errNotMade
		r = Result{Err: &late}
	} else {
		r = p.performer.Perform(callCtx, p.connection, p.call)
	}
	d.heed(r.Err, now)
	return d.DB.Do(ctx, now, func(tx *db.Tx) error {
		if err := tenant.LockOwed(tx, p.connection.Location); err != nil {
			return err
		}
		var settled []Settled
		var err error
		state := "done"
		switch {
		case r.Err != nil && r.Err.Class == connect.Unknown:
			state = "unknown"
		default:
			if settled, err = p.performer.Settle(tx, p.connection, p.call, r); err != nil {
				return err
			}
			if r.Err != nil {
				state = "refused"
			} else if undecided(settled) {
				state = "unknown"
			}
		}
		if err := finish(tx, p.connection.Location, p.call, state, r, settled); err != nil {
			return err
		}
		if r.Err == nil || r.Err.Class != connect.Wait || r.Err.Cure == "" {
			return nil
		}
		return showWaiting(tx, p.connection, p.call, r.Err)
	})
}

// showWaiting shows what waits for a person and not for time only, such as a token
// that is not taken any more. It is tried on, and goes from the queue when it succeeds.
func showWaiting(tx *db.Tx, c tenant.Connection, call Call, e *connect.Error) error {
	for _, row := range call.Rows {
		err := errorqueue.Open(tx, errorqueue.Item{Location: c.Location, Kind: kindOf(row.Room), Ref: row.Connection + "/" + row.Record,
			Cause: c.Name + ": " + e.Code + " " + errorqueue.Shape(e.Msg), Title: c.Name + " waits: " + e.Msg, Cure: e.Cure, Detail: e.Error()})
		if err != nil {
			return err
		}
	}
	return nil
}

func undecided(list []Settled) bool {
	for _, s := range list {
		if s.What == Undecided {
			return true
		}
	}
	return false
}

// heed pauses the quota when its vendor says so, or would refuse every other call too.
func (d *Dispatcher) heed(err *connect.Error, now time.Time) {
	if err == nil {
		return
	}
	pause := err.After
	switch {
	case err.Class == connect.Wait && pause <= 0:
		pause = 10 * time.Second
	case err.Class != connect.Wait && (err.Class != connect.Human || pause <= 0):
		return
	}
	if until := now.Add(pause); until.After(d.paused) {
		d.paused, d.broken = until, err.Cure != ""
	}
}

// rests says whether the quota's pause goes on. Where it waits for a person, their
// word that something is to be tried again ends it.
func (d *Dispatcher) rests(ctx context.Context, now time.Time) (bool, error) {
	if !now.Before(d.paused) || !d.broken {
		return now.Before(d.paused), nil
	}
	var n int
	err := d.DB.View(ctx, now, func(tx *db.Tx) error {
		return tx.QueryRow(countRetried, d.Quota, retried, now.UnixMilli()).Scan(&n)
	})
	if err == nil && n > 0 {
		d.paused = time.Time{}
	}
	return n == 0, err
}

func kindOf(room string) string {
	switch room {
	case "notify":
		return errorqueue.Message
	case "lookup":
		return errorqueue.Lookup
	}
	return errorqueue.Record
}

// commit writes an attempt down before its call leaves.
func commit(tx *db.Tx, c tenant.Connection, quota, room string, call Call) error {
	for _, r := range call.Rows {
		n, err := tx.Exec(updateCarried, r.Location, r.Connection, r.Room, r.Record, call.ID, r.Gen)
		if err != nil {
			return err
		}
		if n == 0 {
			return errors.New("a row was taken up twice")
		}
	}
	_, err := tx.Exec(insertAttempt, c.Location, call.ID, c.Name, room, quota, call.Epoch, call.Started.UnixMilli(),
		call.Started.Add(call.Within+asksAfter).UnixMilli(), carries(call.Rows), call.Request)
	return err
}

// finish closes an attempt, or leaves it open to be asked after.
func finish(tx *db.Tx, location string, call Call, state string, r Result, settled []Settled) error {
	detail := r.Detail
	if r.Err != nil {
		detail = r.Err.Error()
	}
	if _, err := tx.Exec(updateAttempt, location, call.ID, state, errorqueue.Mask(detail), tx.Now.UnixMilli()); err != nil {
		return err
	}
	return settle(tx, location, settled)
}

// settle moves rows to where they stand.
func settle(tx *db.Tx, location string, list []Settled) error {
	for _, s := range list {
		r := s.Row
		var err error
		switch s.What {
		case Done:
			err = done(tx, location, r)
		case Again:
			_, err = tx.Exec(updateAgain, location, r.Connection, r.Room, r.Record, s.At.UnixMilli(), r.Tries+1, r.Gen)
		case Stuck:
			item := *s.Item
			item.Location, item.Kind, item.Ref = location, kindOf(r.Room), r.Connection+"/"+r.Record
			if err = errorqueue.Open(tx, item); err == nil {
				_, err = tx.Exec(updateParked, location, r.Connection, r.Room, r.Record, parked, r.Gen, tx.Now.UnixMilli())
			}
		case Undecided:
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// done ends a row, unless it has been owed anew meanwhile. What was wrong with it is
// over either way.
func done(tx *db.Tx, location string, r Row) error {
	n, err := tx.Exec(deleteDone, location, r.Connection, r.Room, r.Record, r.Gen)
	if err == nil && n == 0 {
		_, err = tx.Exec(updateFree, location, r.Connection, r.Room, r.Record)
	}
	if err != nil {
		return err
	}
	return errorqueue.Close(tx, location, kindOf(r.Room), r.Connection+"/"+r.Record, "done", "it went through")
}

func takeDue(tx *db.Tx, l lot) (list []Row, err error) {
	rows, err := tx.Query(selectDue+tx.ForUpdate(), l.location, l.connection, l.room, l.lot, tx.Now.UnixMilli(), l.class, takeRows)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r := Row{Key: Key{Location: l.location, Connection: l.connection, Room: l.room}, Lot: l.lot, Class: l.class}
		var due int64
		if err := rows.Scan(&r.Record, &r.Gen, &due, &r.Tries); err != nil {
			return nil, err
		}
		r.Due = time.UnixMilli(due).UTC()
		list = append(list, r)
	}
	return list, rows.Err()
}

// Retry lets what is parked for a person be tried again now, before all else of its
// class.
func Retry(tx *db.Tx, k Key) error {
	_, err := tx.Exec(updateUnpark, k.Location, k.Connection, k.Room, k.Record, tx.Now.UnixMilli(), retried)
	return err
}

// Release gives the quota back, if this node holds it.
func (d *Dispatcher) Release(ctx context.Context, now time.Time) error {
	if !d.held {
		return nil
	}
	d.held = false
	return d.DB.Do(ctx, now, func(tx *db.Tx) error { return tenant.Release(tx, d.Quota, d.Node) })
}
