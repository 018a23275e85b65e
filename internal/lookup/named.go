package lookup

import (
	"context"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

const (
	// gather is how long an object that was named is not read yet: one change is often
	// announced several times, under several names.
	gather = 2 * time.Second
	// mostNamed is how many objects one call reads.
	mostNamed = 25
)

// A named reads objects of one kind that deliveries have named and not told.
type named struct {
	Kind plumbline.Kind `json:"kind"`
	IDs  []string       `json:"ids"`
}

// oweNamed owes a read of each object that a delivery has named. What it embeds is read
// with it, so jobs come before their visits.
func (l *Lookup) oweNamed(tx *db.Tx, b *advance.Batch) error {
	var debts []outbox.Debt
	for _, o := range b.Unread {
		d := outbox.Debt{Key: outbox.Key{Location: b.Location, Connection: o.Connection, Room: Room, Record: "named/" + string(o.Kind) + "/" + o.External},
			Due: tx.Now.Add(gather), Class: outbox.Ordinary, Lot: "named/" + string(o.Kind)}
		if o.Kind == plumbline.Visit {
			d.Rank = 1
		}
		debts = append(debts, d)
	}
	return outbox.Owe(tx, debts...)
}

// prepareNamed makes calls that read the objects for which deliveries still wait, and
// returns the rows that owe something else. An object that stands in an answer to be
// applied is no longer waited for soon.
func (l *Lookup) prepareNamed(tx *db.Tx, c tenant.Connection, rows []outbox.Row) (calls []outbox.Call, settled []outbox.Settled, others []outbox.Row, err error) {
	byKind := map[plumbline.Kind][]outbox.Row{}
	var kinds []plumbline.Kind
	for _, row := range rows {
		kind, id, ok := namedBy(row.Record)
		if !ok {
			others = append(others, row)
			continue
		}
		waits, err := inbox.Awaited(tx, c.Location, c.Name, kind, id)
		if err != nil {
			return nil, nil, nil, err
		}
		if !waits {
			settled = append(settled, outbox.Settled{Row: row, What: outbox.Done})
			continue
		}
		if byKind[kind] == nil {
			kinds = append(kinds, kind)
		}
		byKind[kind] = append(byKind[kind], row)
	}
	for _, kind := range kinds {
		for some := range slices.Chunk(byKind[kind], mostNamed) {
			q := &named{Kind: kind}
			for _, row := range some {
				_, id, _ := namedBy(row.Record)
				q.IDs = append(q.IDs, id)
			}
			calls = append(calls, outbox.NewCall(tx, l.budget(c), question{Named: q}, some...))
		}
	}
	return calls, settled, others, nil
}

func namedBy(record string) (kind plumbline.Kind, id string, ok bool) {
	rest, ok := strings.CutPrefix(record, "named/")
	k, id, _ := strings.Cut(rest, "/")
	return plumbline.Kind(k), id, ok
}

func (l *Lookup) performNamed(ctx context.Context, c tenant.Connection, q named) outbox.Result {
	f := l.fetcher(c.Location, c.Name)
	if f == nil {
		return refused("the tool of this connection reads no single objects", nil)
	}
	answers, err := f.Fetch(ctx, q.Kind, q.IDs)
	if len(answers) == 0 && err != nil {
		return outbox.Result{Err: connect.AsError(err)}
	}
	return outbox.Result{Answer: namedAnswers{answers, connect.AsError(err)}, Detail: "read"}
}

// namedAnswers are what a tool told of some objects, and why not of the others.
type namedAnswers struct {
	list []connect.Answer
	err  *connect.Error
}

// settleNamed keeps answers. An object of which the tool told nothing stands as its error
// says; without one it is asked for again.
func (l *Lookup) settleNamed(tx *db.Tx, c tenant.Connection, call outbox.Call, answers namedAnswers) (settled []outbox.Settled, err error) {
	told := map[string]bool{}
	for _, a := range answers.list {
		told["named/"+string(a.Kind)+"/"+a.Object] = true
		if err := l.keepRead(tx, c, call, noted(a)); err != nil {
			return nil, err
		}
	}
	for _, row := range call.Rows {
		switch {
		case told[row.Record]:
			settled = append(settled, outbox.Settled{Row: row, What: outbox.Done})
		case answers.err != nil && answers.err.Class != connect.Unknown:
			settled = append(settled, standing(row, c, answers.err, tx.Now))
		default:
			settled = append(settled, outbox.AgainAt(row, outbox.Backoff(row, tx.Now)))
		}
	}
	return settled, nil
}

// Forgo gives up a question of which a person has said that it is not to be asked, with
// what waits for its answer.
func Forgo(tx *db.Tx, location, connection, record, reason string) error {
	if kind, id, ok := namedBy(record); ok {
		if err := inbox.Forgo(tx, location, connection, kind, id, reason); err != nil {
			return err
		}
	}
	return outbox.Forgive(tx, outbox.Key{Location: location, Connection: connection, Room: Room, Record: record})
}
