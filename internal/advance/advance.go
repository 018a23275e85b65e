// Package advance is the one transaction in which deliveries become records and
// everything that follows becomes owed: statements, who is who, golden records,
// histories, transitions. It calls the rooms in their order and decides nothing
// that one of them decides. Nothing outside is touched in it.
package advance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// Bounds: deliveries taken up in one step; deliveries applied in one transaction, and
// golden records derived in it for each of them. Of the rows it is db that says how many.
const (
	maxTaken      = 4 * maxDeliveries
	maxDeliveries = 128
	derivedEach   = 3
	maxDerived    = derivedEach * maxDeliveries

	// What so many deliveries at least have written says how many the next transaction
	// takes: as many as would write so many rows.
	leastPaced = 8
	pacedRows  = db.MaxRows * 3 / 4
)

// Advance turns deliveries into records, for all locations of a node.
type Advance struct {
	DB *db.DB
	// Decoder returns what decodes a connection's deliveries by a tool, nil if the tool is
	// not known.
	Decoder func(location, connection, tool string) connect.Decoder
	// Policy returns a location's playbook and open hours.
	Policy func(location string) (*playbook.Playbook, playbook.OpenHours, error)
	// Followers owe what follows within the transaction, each beside the others: none
	// reads what another writes.
	Followers []Follower
	// Derived are tables of Followers whose rows, as a whole, follow from Kept, written
	// as "name(key, key) column, column"; keys are text. Verify compares them; Rebuild
	// clears them and lets their Derivers fill them again.
	Derived []string
	// Promised are tables, written "name(subject)", of which Verify looks for the
	// subject of each row.
	Promised []string

	paces sync.Map // location -> *atomic.Int64: how many deliveries one transaction takes
}

// pace is how many deliveries of a location one transaction takes: as many as write few
// enough rows, which new jobs do not and old ones do.
func (a *Advance) pace(location string) *atomic.Int64 {
	first := &atomic.Int64{}
	first.Store(maxDeliveries / 4)
	p, _ := a.paces.LoadOrStore(location, first)
	return p.(*atomic.Int64)
}

// errTooMany is the error of a transaction that would write more rows than it may.
var errTooMany = errors.New("a transaction would write too many rows")

// A Follower owes what follows from what has changed. It runs in the transaction of
// the change, once per batch, and never in a rebuild.
type Follower interface {
	Follow(tx *db.Tx, b *Batch) error
}

// Decoded is a delivery with what it says, or why nothing could be read from it.
type Decoded struct {
	Delivery plumbline.Delivery
	Readings []plumbline.Reading
	Decided  []decided
	Err      error
}

// Step applies some deliveries of a location and derives some of what is stale. It
// is safe to run twice, to be cut off, and to run on several nodes: the location's
// lane lets one of them at a time through. Next is now while there may be more.
func (a *Advance) Step(ctx context.Context, now time.Time, location string) (worked bool, next time.Time, err error) {
	defer plumbline.Wrap(&err, "advance location %s", location)

	list, err := a.take(ctx, now, location)
	if err != nil {
		return false, time.Time{}, err
	}
	batches := slices.Collect(slices.Chunk(list, int(a.pace(location).Load())))
	if len(batches) == 0 {
		batches = append(batches, nil) // there may be something stale
	}
	ahead := make(chan []Decoded, len(batches))
	var decoding sync.WaitGroup
	defer decoding.Wait()
	decoding.Go(func() {
		for _, b := range batches {
			ahead <- a.decodeAll(b)
		}
	})
	for range batches {
		more, err := a.stepBatch(ctx, now, location, <-ahead)
		if err != nil {
			return worked, now, err
		}
		if !more {
			break
		}
		worked, next = true, now
	}
	return worked, next, nil
}

// stepBatch applies a batch; where that cannot be done, one by one.
func (a *Advance) stepBatch(ctx context.Context, now time.Time, location string, batch []Decoded) (worked bool, err error) {
	worked, err = a.within(ctx, now, location, batch, derivedEach*max(len(batch), int(a.pace(location).Load())))
	if err != nil && ctx.Err() == nil {
		worked, err = a.apart(ctx, now, location, batch)
	}
	return worked, err
}

// within applies a batch and derives so many records, in as many transactions as it takes
// for none of them to write too many rows.
func (a *Advance) within(ctx context.Context, now time.Time, location string, batch []Decoded, most int) (worked bool, err error) {
	worked, err = a.transact(ctx, now, location, batch, most)
	if !errors.Is(err, errTooMany) {
		return worked, err
	}
	p := a.pace(location)
	p.Store(max(p.Load()/2, 1))
	if len(batch) < 2 {
		return a.within(ctx, now, location, batch, max(most/2, 1))
	}
	half := len(batch) / 2
	if worked, err = a.within(ctx, now, location, batch[:half], max(most/2, 1)); err != nil {
		return worked, err
	}
	more, err := a.within(ctx, now, location, batch[half:], max(most/2, 1))
	return worked || more, err
}

// transact applies what still waits of a batch, takes up so many stale marks at most, and
// derives so many records at most; the others are marked.
func (a *Advance) transact(ctx context.Context, now time.Time, location string, batch []Decoded, most int) (worked bool, err error) {
	var written int64
	err = a.DB.Do(ctx, now, func(tx *db.Tx) error {
		worked = false
		if ok, err := tx.TryLane(location, "advance"); err != nil || !ok {
			return err
		}
		if busy, err := rebuilding(tx, location); err != nil || busy {
			return err
		}
		left, err := stillWaiting(tx, batch)
		if err != nil {
			return err
		}
		n, err := a.apply(tx, location, left, most)
		if written = tx.Written(); err == nil && written > db.MaxRows && (len(left) > 1 || most > 1) {
			return errTooMany
		}
		worked = n > 0
		return err
	})
	if n := int64(len(batch)); err == nil && n >= leastPaced {
		a.pace(location).Store(min(max(n*pacedRows/max(written, 1), 1), maxDeliveries))
	}
	return worked, err
}

// apart applies the deliveries of a batch that failed one by one, so that one of which
// nothing can be derived delays no other: it is for a person. Where nothing can be
// derived even without them, it is none of theirs.
func (a *Advance) apart(ctx context.Context, now time.Time, location string, batch []Decoded) (worked bool, err error) {
	if _, err := a.transact(ctx, now, location, nil, 0); err != nil {
		return false, err
	}
	if _, err := a.within(ctx, now, location, nil, maxDerived); err != nil {
		if worked, err = a.sift(ctx, now, location); err != nil || worked {
			return worked, err
		}
	}
	for _, d := range batch {
		var err error
		for range 2 { // what is wrong with the delivery is wrong again
			if _, err = a.within(ctx, now, location, []Decoded{d}, derivedEach); err == nil || ctx.Err() != nil {
				break
			}
		}
		if err != nil && ctx.Err() == nil {
			_, err = a.within(ctx, now, location, []Decoded{{Delivery: d.Delivery, Err: unappliedError{err}}}, derivedEach)
		}
		if err != nil {
			return worked, err
		}
		worked = true
	}
	return worked, nil
}

// sift derives what is stale one by one, and puts in front of a person what cannot be.
// What was said of it is kept, and it stays as it was derived last.
func (a *Advance) sift(ctx context.Context, now time.Time, location string) (worked bool, err error) {
	for range maxDerived {
		var more bool
		for range 2 { // what is wrong with the record is wrong again
			if more, err = a.transact(ctx, now, location, nil, 1); err == nil || ctx.Err() != nil {
				break
			}
		}
		if err != nil && ctx.Err() == nil {
			more, err = true, a.setAside(ctx, now, location, err)
		}
		if err != nil || !more {
			return worked, err
		}
		worked = true
	}
	return worked, nil
}

// setAside puts the first stale record in front of a person.
func (a *Advance) setAside(ctx context.Context, now time.Time, location string, why error) error {
	return a.DB.Do(ctx, now, func(tx *db.Tx) error {
		if ok, err := tx.TryLane(location, "advance"); err != nil || !ok {
			return err
		}
		list, err := record.TakeStale(tx, location, 1)
		if err != nil || len(list) == 0 {
			return err
		}
		return errorqueue.Open(tx, errorqueue.Item{Location: location, Kind: errorqueue.Derivation, Ref: fmt.Sprintf("%d/%s", list[0].Rank, list[0].ID),
			Cause: "derive: " + errorqueue.Shape(why.Error()), Title: "What follows from what was said of " + list[0].ID + " cannot be worked out",
			Cure: "Look at what was said of it and at the playbook; then retry. Until then it stays as it was.", Detail: why.Error()})
	})
}

// Retry derives a record again that was set aside.
func Retry(tx *db.Tx, location, ref string) error {
	rank, id, _ := strings.Cut(ref, "/")
	n, err := strconv.Atoi(rank)
	if err != nil || n < record.RankBase || n > record.RankSums {
		return plumbline.Invalidf("take the ref from the list of errors", "%q names nothing that is derived", ref)
	}
	return record.MarkStale(tx, location, "delivery", n, []string{id})
}

// An unappliedError is why a delivery that can be read cannot be applied.
type unappliedError struct{ error }

func (e unappliedError) Unwrap() error { return e.error }

// take reads deliveries that wait, before any transaction.
func (a *Advance) take(ctx context.Context, now time.Time, location string) (list []plumbline.Delivery, err error) {
	err = a.DB.View(ctx, now, func(tx *db.Tx) (err error) {
		list, err = inbox.Waiting(tx, location, maxTaken)
		return err
	})
	return list, err
}

func (a *Advance) decodeAll(list []plumbline.Delivery) []Decoded {
	batch := make([]Decoded, len(list))
	plumbline.Each(len(list), func(i int) { batch[i] = a.decode(list[i]) })
	return batch
}

// decode reads what a delivery says. One over which its decoder breaks is for a person.
func (a *Advance) decode(d plumbline.Delivery) (out Decoded) {
	out.Delivery = d
	defer func() {
		if p := recover(); p != nil {
			out = Decoded{Delivery: d, Err: fmt.Errorf("the decoder of %s broke: %v", d.Tool, p)}
		}
	}()
	switch d.Tool {
	case plumbline.Office:
		out.Readings, out.Decided, out.Err = decodeOffice(d)
	case plumbline.Clock:
		out.Readings, out.Err = decodeRing(d)
	case Route:
		out.Readings, out.Err = decodeRoute(d)
	case Enrich:
		out.Readings, out.Err = decodeFinding(d)
	default:
		tool := a.Decoder(d.Location, d.Connection, d.Tool)
		if tool == nil {
			out.Err = plumbline.Invalidf("install a build that has it, or skip the delivery", "there is no tool %q", d.Tool)
			return out
		}
		out.Readings, out.Err = tool.Decode(d)
	}
	if out.Err == nil {
		out.Err = known(out.Readings)
	}
	return out
}

// known refuses readings in words that are not in the vocabulary.
func known(readings []plumbline.Reading) error {
	for _, r := range readings {
		for name := range r.Fields {
			if _, ok := plumbline.FieldOf(r.Kind, name); !ok && !(r.About != "" && name == "job") {
				return plumbline.Invalidf("name a field of the table, or add it there", "a %s has no field %q", r.Kind, name)
			}
		}
	}
	return nil
}

func stillWaiting(tx *db.Tx, batch []Decoded) (left []Decoded, err error) {
	list := make([]plumbline.Delivery, len(batch))
	for i, d := range batch {
		list[i] = d.Delivery
	}
	waits, err := inbox.StillWaiting(tx, list)
	have := map[string]bool{}
	for _, d := range waits {
		have[d.Connection+"\x00"+d.Key] = true
	}
	for _, d := range batch {
		if have[d.Delivery.Connection+"\x00"+d.Delivery.Key] {
			left = append(left, d)
		}
	}
	return left, err
}

// apply is the transaction. It returns how much there was to do.
func (a *Advance) apply(tx *db.Tx, location string, batch []Decoded, most int) (n int, err error) {
	defer func() {
		if p := recover(); p != nil { // it breaks for one delivery or record, and must not for all
			n, err = 0, fmt.Errorf("working out what follows broke: %v", p)
		}
	}()
	pb, open, err := a.Policy(location)
	if err != nil {
		return 0, err
	}
	w := &work{tx: tx, location: location, playbook: pb, open: open, most: most}
	verdicts, err := w.hear(batch)
	if err != nil {
		return 0, err
	}
	derived, err := w.derive()
	if err != nil {
		return 0, err
	}
	if len(derived.Jobs)+len(derived.People)+len(derived.Addresses)+len(derived.Things)+len(derived.Ties)+len(derived.Unread)+len(derived.lapsed) > 0 {
		if err := w.remember(derived); err != nil {
			return 0, err
		}
		if err := tenant.LockOwed(tx, location); err != nil {
			return 0, err
		}
		follow := make([]func(*db.Tx) error, len(a.Followers))
		for i, f := range a.Followers {
			follow[i] = func(tx *db.Tx) error { return f.Follow(tx, derived) }
		}
		if err := tx.Beside(follow...); err != nil {
			return 0, err
		}
	}
	if _, err := inbox.Settle(tx, verdicts); err != nil {
		return 0, err
	}
	if err := inbox.Cover(tx, location, w.read...); err != nil {
		return 0, err
	}
	heard := make([]plumbline.Delivery, len(batch))
	for i, d := range batch {
		heard[i] = d.Delivery
	}
	if err := inbox.Hear(tx, location, heard...); err != nil {
		return 0, err
	}
	return len(batch) + w.derived, a.fail(tx, batch)
}

// fail puts what could not be read in front of a person.
func (a *Advance) fail(tx *db.Tx, batch []Decoded) error {
	for _, d := range batch {
		if d.Err == nil || errors.As(d.Err, &connect.Ignored{}) || errors.As(d.Err, &connect.Thin{}) {
			continue
		}
		could := "read"
		if errors.As(d.Err, &unappliedError{}) {
			could = "applied"
		}
		err := errorqueue.Open(tx, errorqueue.Item{Location: d.Delivery.Location, Kind: errorqueue.Delivery, Received: d.Delivery.Received,
			Ref:   d.Delivery.Connection + "/" + d.Delivery.Key,
			Cause: d.Delivery.Connection + ": " + errorqueue.Shape(d.Err.Error()), // one mistake is one cause, whatever the event
			Title: fmt.Sprintf("%s sent %s that could not be %s", d.Delivery.Connection, describe(d.Delivery), could),
			Cure:  "Look at the delivery; edit and retry it, or skip it with a reason.", Detail: d.Err.Error()})
		if err != nil {
			return err
		}
	}
	return nil
}

func describe(d plumbline.Delivery) string {
	if d.Event == "" {
		return "an event"
	}
	return "an event " + d.Event
}

// verdict says where a delivery stands once it has been heard.
func verdict(d Decoded) inbox.Verdict {
	v := inbox.Verdict{Location: d.Delivery.Location, Connection: d.Delivery.Connection, Key: d.Delivery.Key, State: plumbline.Applied}
	var ignored connect.Ignored
	var thin connect.Thin
	switch {
	case errors.As(d.Err, &ignored):
		v.State, v.Reason = plumbline.Ignored, ignored.Rule
	case errors.As(d.Err, &thin):
		v.State, v.Reason = plumbline.Waiting, inbox.Unread(thin.Kind, thin.ID)
	case d.Err != nil:
		v.State, v.Reason = plumbline.Failed, d.Err.Error()
	}
	return v
}

// MarkStale lets golden records be derived again. Cause "delivery" lets rules hear
// what changes; any other is silent.
func MarkStale(tx *db.Tx, location, cause string, rank int, ids ...string) error {
	return record.MarkStale(tx, location, cause, rank, ids)
}
