package outbox

import (
	"context"
	"fmt"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/tenant"
)

// An unanswered is an attempt without an outcome, and when it is asked after.
type unanswered struct {
	location, connection, room string
	call                       Call
	at                         time.Time
	asks                       int
}

// firstOpen returns the attempt to be asked after first, nil if there is none.
func firstOpen(tx *db.Tx, quota string) (*unanswered, error) {
	rows, err := tx.Query(selectOpen, quota)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, rows.Err()
	}
	var u unanswered
	var at int64
	if _, u.call, err = scanAttempt(func(to ...any) error { return rows.Scan(append([]any{&u.location, &at, &u.asks}, to...)...) }); err != nil {
		return nil, err
	}
	if len(u.call.Rows) == 0 {
		return nil, fmt.Errorf("attempt %s carries nothing", u.call.ID)
	}
	u.at, u.connection, u.room = time.UnixMilli(at).UTC(), u.call.Rows[0].Connection, u.call.Rows[0].Room
	for i := range u.call.Rows {
		u.call.Rows[i].Location = u.location
	}
	return &u, nil
}

// ask finds out about an attempt whose deadline has passed without an answer.
func (d *Dispatcher) ask(ctx context.Context, now time.Time, u unanswered) error {
	p := d.Performers[u.room]
	if p == nil {
		return plumbline.Invalidf("install a build that has it", "nobody performs %s", u.room)
	}
	var c tenant.Connection
	err := d.DB.View(ctx, now, func(tx *db.Tx) (err error) {
		c, err = tenant.Get(tx, u.location, u.connection)
		return err
	})
	if err != nil {
		return err
	}
	askCtx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if d.Before != nil {
		if err := d.Before(askCtx, now); err != nil {
			return err
		}
	}
	r := p.Ask(askCtx, c, u.call)
	d.heed(r.Err, now)
	err = d.DB.Do(ctx, now, func(tx *db.Tx) error { return d.decide(tx, c, p, u.call, r, u.asks) })
	if err == nil || ctx.Err() != nil {
		return err
	}
	// One whose answer cannot be written down must not stand before all others.
	r = Result{Detail: err.Error()}
	return d.DB.Do(ctx, now, func(tx *db.Tx) error {
		if err := tenant.LockOwed(tx, c.Location); err != nil {
			return err
		}
		if err := d.showUndecided(tx, c, u.call, r); err != nil {
			return err
		}
		return askLater(tx, c, u.call, r, u.asks, time.Time{})
	})
}

// decide writes down what asking found. A look-up without an answer is asked again
// later and later. It is shown to a person at once where one can help, else at last, and
// asked on.
func (d *Dispatcher) decide(tx *db.Tx, c tenant.Connection, p Performer, call Call, r Result, asks int) error {
	if err := tenant.LockOwed(tx, c.Location); err != nil {
		return err
	}
	var by time.Time // when it can be decided, if that is known
	if r.Err == nil && r.AskAgain == 0 {
		settled, err := p.Decide(tx, c, call, r)
		if err != nil {
			return err
		}
		if !undecided(settled) {
			return finish(tx, c.Location, call, "decided", r, settled)
		}
		for _, s := range settled {
			if s.At.After(by) {
				by = s.At
			}
		}
	}
	if r.Err != nil && r.Err.Cure != "" {
		if err := showWaiting(tx, c, call, r.Err); err != nil {
			return err
		}
	} else if asks == maxAsks {
		if err := d.showUndecided(tx, c, call, r); err != nil {
			return err
		}
	}
	return askLater(tx, c, call, r, asks, by)
}

// askLater puts the next look-up off, not beyond the time by which it could be decided.
func askLater(tx *db.Tx, c tenant.Connection, call Call, r Result, asks int, by time.Time) error {
	wait := asksAfter
	for range min(asks, maxAsks) {
		wait *= 2
	}
	wait = max(min(wait, asksLatest), r.AskAgain)
	if r.Err != nil && r.Err.Class == connect.Wait {
		wait = max(wait, r.Err.After)
	}
	if by.After(tx.Now) {
		wait = min(wait, by.Sub(tx.Now))
	}
	_, err := tx.Exec(updateAskLater, c.Location, call.ID, tx.Now.Add(wait).UnixMilli())
	return err
}

func (d *Dispatcher) showUndecided(tx *db.Tx, c tenant.Connection, call Call, r Result) error {
	detail := r.Detail
	if r.Err != nil {
		detail = r.Err.Error()
	}
	for _, row := range call.Rows {
		err := errorqueue.Open(tx, errorqueue.Item{Location: c.Location, Kind: kindOf(row.Room), Ref: row.Connection + "/" + row.Record,
			Cause: c.Name + ": no answer to what became of a call", Title: c.Name + " does not say what became of a call",
			Cure: "Nothing is sent again until it is known. Look at the tool; retry when it answers.", Detail: detail})
		if err != nil {
			return err
		}
	}
	return nil
}
