package lookup

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

const (
	// WatchEvery is how often a vendor is asked whether it tells us, where it can be, and
	// how soon it is asked again to do so.
	WatchEvery = time.Hour
	// restoreAgain is how soon one is asked again that does not show whether it does.
	restoreAgain = 24 * time.Hour
	// enoughUntold is of how many objects lists must have told what no webhook has.
	enoughUntold = 3
	// mostUntold bounds how many are kept for people.
	mostUntold = 10
	// underway is how long a webhook may be on its way.
	underway = 15 * time.Minute
)

// States of what a source is to tell us.
const (
	told      = "told"
	off       = "off"       // it was switched off or removed, as it shows or its lists do
	restored  = "restored"  // it was asked to tell us again, and has not yet
	elsewhere = "elsewhere" // somebody lets it tell another
)

// A Watched is what is known of how a source tells us what happens.
type Watched struct {
	Connection string    `json:"connection"`
	State      string    `json:"state" enum:",told,off,restored,elsewhere" doc:"Whether the source tells us: restored means that it was asked to do so again, and nothing has come yet; empty: not known yet"`
	Since      time.Time `json:"since,omitzero"`
	Checked    time.Time `json:"checked,omitzero" doc:"When its vendor was asked last"`
	Restored   time.Time `json:"restored,omitzero" doc:"When its vendor was asked last to tell us again"`
	Restores   int       `json:"restores" doc:"How often it was"`
	Heard      time.Time `json:"heard,omitzero" doc:"When it spoke last by itself, to five minutes"`
	Silent     time.Time `json:"silent,omitzero" doc:"Since when it is too silent for these hours; absent: it is not"`
	Note       string    `json:"note,omitempty"`
}

// A watch is the row.
type watch struct {
	Watched
	shown     bool // the vendor shows whether it tells us
	kept      string
	untold    []untold
	listening time.Time
	judged    time.Time
}

// An untold is an object of which a list told what no webhook had.
type untold struct {
	Kind plumbline.Kind `json:"kind"`
	ID   string         `json:"id"`
	At   int64          `json:"at"` // when it was changed
}

// A watching asks a vendor how it stands with what it tells us, or to tell us again.
type watching struct {
	Restore bool   `json:"restore,omitempty"`
	Kept    string `json:"kept,omitempty"`
}

func (l *Lookup) subscriber(location, connection string) connect.Subscriber {
	s, _ := l.Tool(location, connection).(connect.Subscriber)
	return s
}

func watchDebt(c tenant.Connection, due time.Time) outbox.Debt {
	return outbox.Debt{Key: outbox.Key{Location: c.Location, Connection: c.Name, Room: Room, Record: "watch"}, Due: due, Class: outbox.Ordinary, Lot: "watch"}
}

// beginWatch owes the first look at how a source tells us.
func (l *Lookup) beginWatch(tx *db.Tx, c tenant.Connection) error {
	if l.subscriber(c.Location, c.Name) == nil {
		return nil
	}
	w, err := loadWatch(tx, c)
	if err != nil || !w.Checked.IsZero() && !w.shown { // where there is nothing to see, once is enough
		return err
	}
	due := tx.Now
	if next := w.Checked.Add(WatchEvery); !w.Checked.IsZero() && next.After(due) {
		due = next
	}
	return outbox.Owe(tx, watchDebt(c, due))
}

func (l *Lookup) prepareWatch(tx *db.Tx, c tenant.Connection) (*watching, error) {
	if l.subscriber(c.Location, c.Name) == nil {
		return nil, nil
	}
	w, err := loadWatch(tx, c)
	return &watching{Restore: w.mayRestore(tx.Now), Kept: w.kept}, err
}

// mayRestore says whether the vendor is to be asked to tell us again: where it is off, as
// has just been looked at if it can be, and not all the time.
func (w *watch) mayRestore(now time.Time) bool {
	every := restoreAgain
	if w.shown {
		every = WatchEvery
	}
	return w.State == off && !now.Before(w.Restored.Add(every)) && (!w.shown || now.Sub(w.Checked) < WatchEvery/2)
}

// A watchedNow is what a vendor has answered.
type watchedNow struct {
	watching
	list []connect.Subscription
	err  *connect.Error // of restoring
}

func (l *Lookup) performWatch(ctx context.Context, c tenant.Connection, q watching) outbox.Result {
	s := l.subscriber(c.Location, c.Name)
	if s == nil {
		return refused("the tool of this connection shows no subscriptions", nil)
	}
	found := watchedNow{watching: q}
	if q.Restore {
		kept, err := s.Restore(ctx, q.Kept)
		found.Kept, found.err = kept, connect.AsError(err)
		if err != nil && found.err.Class != connect.Human {
			return outbox.Result{Err: found.err}
		}
		return outbox.Result{Answer: found, Detail: "asked to tell us again"}
	}
	list, err := s.Subscriptions(ctx)
	if err != nil {
		return outbox.Result{Err: connect.AsError(err)}
	}
	found.list = list
	return outbox.Result{Answer: found, Detail: "looked at"}
}

// settleWatch writes down how it stands. What is off is asked for at once, and looked at
// again.
func (l *Lookup) settleWatch(tx *db.Tx, c tenant.Connection, call outbox.Call, found watchedNow) ([]outbox.Settled, error) {
	w, err := loadWatch(tx, c)
	if err != nil {
		return nil, err
	}
	next := tx.Now.Add(WatchEvery)
	if found.Restore {
		next, err = l.restored(tx, c, w, found)
	} else {
		next, err = l.looked(tx, c, w, found.list, next)
	}
	if err != nil {
		return nil, err
	}
	settled := []outbox.Settled{{Row: call.Rows[0], What: outbox.Done}}
	if err := w.store(tx, c); err != nil || next.IsZero() {
		return settled, err
	}
	return settled, outbox.Owe(tx, watchDebt(c, next))
}

// restored notes that the vendor was asked to tell us again, and returns when it is looked
// at again; zero where there is nothing to see.
func (l *Lookup) restored(tx *db.Tx, c tenant.Connection, w *watch, found watchedNow) (next time.Time, err error) {
	w.kept, w.Restored = found.Kept, tx.Now
	if w.shown {
		next = tx.Now.Add(WatchEvery)
	}
	if e := found.err; e != nil {
		w.Note = "it could not be asked to tell us again: " + e.Msg
		return next, l.openOff(tx, c, w, w.Note)
	}
	w.Restores++
	w.enter(restored, tx.Now)
	if w.shown {
		next = tx.Now
	}
	return next, nil
}

// looked notes what the vendor shows.
func (l *Lookup) looked(tx *db.Tx, c tenant.Connection, w *watch, list []connect.Subscription, next time.Time) (time.Time, error) {
	w.Checked = tx.Now
	state, why := told, ""
	w.shown = false
	for _, s := range list {
		w.shown = w.shown || s.State != connect.Hidden
		switch {
		case s.State == connect.Elsewhere:
			state, why = elsewhere, s.Name+": "+s.Why
		case s.State == connect.Off && state == told:
			state, why = off, s.Name+": "+s.Why
		}
	}
	switch {
	case !w.shown:
		return time.Time{}, nil
	case state == told && w.State == restored:
		w.Note = "it was off (" + w.Note + ") and tells us again since " + tx.Now.UTC().Format(time.RFC3339)
	case state != told:
		w.Note = why
	}
	again := w.State == restored && state == off // asking has not helped
	w.enter(state, tx.Now)
	switch {
	case state == told:
		return next, errorqueue.Close(tx, c.Location, errorqueue.Source, webhooks(c), "done", "it tells us again")
	case w.mayRestore(tx.Now) && !again:
		return tx.Now, nil
	}
	return next, l.openOff(tx, c, w, why)
}

func (w *watch) enter(state string, now time.Time) {
	if w.State != state {
		w.State, w.Since = state, now
	}
}

func webhooks(c tenant.Connection) string { return c.Name + "/webhooks" }

// openOff puts in front of people that a source does not tell us what happens.
func (l *Lookup) openOff(tx *db.Tx, c tenant.Connection, w *watch, why string) error {
	if w.State == restored {
		w.enter(off, tx.Now)
	}
	cure := "See that its webhooks are on and go to this connection's address; this closes by itself once something is heard."
	if s := l.subscriber(c.Location, c.Name); s != nil {
		cure = s.Cure() + ". This closes by itself once it holds again; until then its lists are read every hour."
	}
	return errorqueue.Open(tx, errorqueue.Item{Location: c.Location, Kind: errorqueue.Source, Ref: webhooks(c), Cause: c.Name + ": it does not tell us",
		Title: c.Name + " does not tell us what happens there", Cure: cure, Detail: why})
}

// A news is what an answer of a list says that was not known.
type news struct {
	connect.Answer
	readings []plumbline.Reading
}

// noteUntold notes what a list told of that no webhook has: of objects that were changed
// after the source was heard last, and long enough ago for a webhook to have come. Where
// they are many the source does not tell us any more.
func (l *Lookup) noteUntold(tx *db.Tx, c tenant.Connection, call outbox.Call, list []news) error {
	if _, hears := l.Tool(c.Location, c.Name).(connect.Receiver); !hears || len(list) == 0 {
		return nil
	}
	w, err := loadWatch(tx, c)
	if err != nil || w.listening.IsZero() {
		return err
	}
	_, heard, err := inbox.HeardSpan(tx, c.Location, c.Name)
	if err != nil {
		return err
	}
	after := slices.MaxFunc([]time.Time{heard, w.listening, w.Restored}, time.Time.Compare)
	before := len(w.untold)
	w.untold = slices.DeleteFunc(w.untold, func(u untold) bool { return u.At <= after.UnixMilli() })
	for _, n := range list {
		if u, ok := n.changed(); ok && u.At > after.UnixMilli() && u.At < call.Started.Add(-underway).UnixMilli() &&
			!slices.ContainsFunc(w.untold, func(o untold) bool { return o.Kind == u.Kind && o.ID == u.ID }) && len(w.untold) < mostUntold {
			w.untold = append(w.untold, u)
		}
	}
	if len(w.untold) >= enoughUntold {
		if err := l.proveOff(tx, c, w); err != nil {
			return err
		}
	} else if len(w.untold) == before {
		return nil
	}
	return w.store(tx, c)
}

// changed is when the object of an answer was changed, where the source dates its changes.
func (n news) changed() (u untold, ok bool) {
	for _, r := range n.readings {
		if r.Kind == n.Kind && r.ID == n.Object && !r.At.IsZero() && !r.At.Equal(r.Read) {
			return untold{r.Kind, r.ID, r.At.UnixMilli()}, true
		}
	}
	return u, false
}

// proveOff notes that lists have shown that a source does not tell us. It is asked to once;
// where that has not helped, or cannot be, it is for a person.
func (l *Lookup) proveOff(tx *db.Tx, c tenant.Connection, w *watch) error {
	var ids []string
	for _, u := range w.untold {
		ids = append(ids, string(u.Kind)+"/"+u.ID)
	}
	why := fmt.Sprintf("its lists told of %d things that have changed, and webhooks of none of them: %v", len(ids), ids)
	if w.State == off || w.State == elsewhere {
		if !w.mayRestore(tx.Now) {
			return nil
		}
		return outbox.Owe(tx, watchDebt(c, tx.Now))
	}
	again := w.State == restored
	w.Note = why
	w.enter(off, tx.Now)
	if !again && l.subscriber(c.Location, c.Name) != nil {
		return outbox.Owe(tx, watchDebt(c, tx.Now))
	}
	return l.openOff(tx, c, w, why)
}

// Again forgets what was found wrong with how a source tells us, and looks anew. Its ref is
// connection/webhooks or connection/silence.
func Again(tx *db.Tx, location, connection string) error {
	c := tenant.Connection{Location: location, Name: connection}
	w, err := loadWatch(tx, c)
	if err != nil {
		return err
	}
	w.State, w.Since, w.untold, w.Restored, w.Silent, w.listening = "", tx.Now, nil, time.Time{}, time.Time{}, tx.Now
	if err := w.store(tx, c); err != nil || !w.shown {
		return err
	}
	return outbox.Owe(tx, watchDebt(c, tx.Now))
}

// WatchedOf returns what is known of how the sources of a location tell us what happens.
func WatchedOf(tx *db.Tx, location string) (list []Watched, err error) {
	defer plumbline.Wrap(&err, "read how sources tell us")

	rows, err := tx.Query(selectWatches, location)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		w, err := scanWatch(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, w.Watched)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range list {
		if _, list[i].Heard, err = inbox.HeardSpan(tx, location, list[i].Connection); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func loadWatch(tx *db.Tx, c tenant.Connection) (*watch, error) {
	rows, err := tx.Query(selectWatch, c.Location, c.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return &watch{}, rows.Err()
	}
	return scanWatch(rows.Scan)
}

func scanWatch(scan func(...any) error) (*watch, error) {
	w := &watch{}
	var since, checked, restored, listening, judged, silent int64
	var shown int
	var list string
	err := scan(&w.Connection, &w.State, &since, &checked, &shown, &restored, &w.Restores, &w.kept, &list, &listening, &judged, &silent, &w.Note)
	if err != nil {
		return nil, err
	}
	w.shown = shown == 1
	w.Since, w.Checked, w.Restored, w.listening, w.judged, w.Silent = instant(since), instant(checked), instant(restored), instant(listening), instant(judged), instant(silent)
	return w, json.Unmarshal([]byte(list), &w.untold)
}

func (w *watch) store(tx *db.Tx, c tenant.Connection) error {
	list := w.untold
	if list == nil {
		list = []untold{}
	}
	_, err := tx.Exec(upsertWatch, c.Location, c.Name, w.State, millis(w.Since), millis(w.Checked), bit(w.shown), millis(w.Restored), w.Restores, w.kept, db.JSON(list),
		millis(w.listening), millis(w.judged), millis(w.Silent), w.Note)
	return err
}

// instant reads a column; zero is no instant.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
