package lookup

import (
	"context"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/silence"
	"plumbline.dev/plumbline/internal/tenant"
)

const (
	// judgeEvery is how often the silence of sources is judged.
	judgeEvery = 15 * time.Minute
	// absent is how long it may not have been for us to have been there all the time: what
	// was said while nobody was there to hear it may be lost.
	absent = 3 * judgeEvery
)

// StepSilence judges whether a location's sources are too silent, and closes what was found
// wrong with one that speaks again. Done twice it is done once; cut off, it is done the next
// time. Next is when it is
// to be done again.
func (l *Lookup) StepSilence(ctx context.Context, d *db.DB, now time.Time, location string) (worked bool, next time.Time, err error) {
	defer plumbline.Wrap(&err, "judge the silence of the sources of location %s", location)

	if due, ok := l.due.Load(location); ok && now.Before(due.(time.Time)) {
		return false, due.(time.Time), nil
	}
	err = d.Do(ctx, now, func(tx *db.Tx) error {
		if err := tenant.LockOwed(tx, location); err != nil {
			return err
		}
		list, err := tenant.Connections(tx, location)
		if err != nil {
			return err
		}
		for _, c := range list {
			if _, hears := l.Tool(location, c.Name).(connect.Receiver); !hears || c.Mode != tenant.On {
				continue
			}
			if err := l.judge(tx, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, now, err
	}
	next = now.Add(judgeEvery)
	l.due.Store(location, next)
	return false, next, nil
}

func silent(c tenant.Connection) string { return c.Name + "/silence" }

// judge judges one source.
func (l *Lookup) judge(tx *db.Tx, c tenant.Connection) error {
	w, err := loadWatch(tx, c)
	if err != nil {
		return err
	}
	if w.judged.IsZero() || tx.Now.Sub(w.judged) > absent {
		w.listening = tx.Now
	}
	w.judged = tx.Now
	first, last, err := inbox.HeardSpan(tx, c.Location, c.Name)
	if err != nil {
		return err
	}
	if err := l.heardAgain(tx, c, w, last); err != nil {
		return err
	}
	v, err := l.verdict(tx, c, w, first)
	if err != nil {
		return err
	}
	if v.Silent && w.Silent.IsZero() {
		w.Silent = v.From
		err := errorqueue.Open(tx, errorqueue.Item{Location: c.Location, Kind: errorqueue.Source, Ref: silent(c), Cause: c.Name + ": it is silent",
			Title: c.Name + " has not been heard for too long", Detail: v.Why,
			Cure: "See whether anything happens there at all, whether its webhooks are on, and whether the internet reaches this program's public address. This closes by itself once it is heard."})
		if err != nil {
			return err
		}
	}
	return w.store(tx, c)
}

// heardAgain closes what was found wrong with a source before it was heard last.
func (l *Lookup) heardAgain(tx *db.Tx, c tenant.Connection, w *watch, last time.Time) error {
	if last.IsZero() {
		return nil
	}
	last = last.Add(-inbox.Slot) // it may have been at its beginning
	if !w.Silent.IsZero() && !last.Before(w.Silent) {
		w.Silent = time.Time{}
		if err := errorqueue.Close(tx, c.Location, errorqueue.Source, silent(c), "done", "it was heard again"); err != nil {
			return err
		}
	}
	if w.shown || last.Before(w.Since) || w.State == told {
		return nil
	}
	if w.State == restored {
		w.Note = "it did not tell us, was asked to, and does again since " + last.Format(time.RFC3339)
	}
	w.enter(told, tx.Now)
	w.untold = nil
	return errorqueue.Close(tx, c.Location, errorqueue.Source, webhooks(c), "done", "it was heard again")
}

func (l *Lookup) verdict(tx *db.Tx, c tenant.Connection, w *watch, first time.Time) (v silence.Verdict, err error) {
	zone, err := l.zone(c.Location)
	if err != nil {
		return v, err
	}
	_, open, err := l.Policy(c.Location)
	if err != nil {
		return v, err
	}
	hours, err := inbox.HeardSince(tx, c.Location, c.Name, tx.Now.Add(-silence.Span))
	if err != nil {
		return v, err
	}
	q := silence.Question{Zone: zone, Off: open.DayOff, First: first, Since: w.listening}
	for _, h := range hours {
		q.Hours = append(q.Hours, silence.Hour(h))
	}
	return silence.Judge(q, tx.Now), nil
}
