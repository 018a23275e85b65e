package lookup

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

const (
	// gather is how long an object that was named is not read yet: one change is often
	// announced several times, under several names.
	gather = 2 * time.Second
	// mostNamed is how many objects one call reads.
	mostNamed = 25
	// announced leads the name of a read of what a delivery has named, unknown that of what a
	// job names and nobody has told.
	announced = "named"
	unknown   = "unknown"
)

// A named reads objects of one kind that deliveries have named and not told: whole, or of
// those that are known what changes.
type named struct {
	Kind  plumbline.Kind  `json:"kind"`
	IDs   []string        `json:"ids,omitempty"`
	Known []connect.Known `json:"known,omitempty"`
}

// oweNamed owes a read of each object that a delivery has named. What it embeds is read
// with it, so jobs come before their visits.
func (l *Lookup) oweNamed(tx *db.Tx, b *advance.Batch) error {
	var debts []outbox.Debt
	for _, o := range b.Unread {
		d := outbox.Debt{Key: outbox.Key{Location: b.Location, Connection: o.Connection, Room: Room, Record: announced + "/" + string(o.Kind) + "/" + o.External},
			Due: tx.Now.Add(gather), Class: outbox.Ordinary, Lot: announced + "/" + string(o.Kind)}
		if o.Kind == plumbline.Visit {
			d.Rank = 1
		}
		debts = append(debts, d)
	}
	return outbox.Owe(tx, debts...)
}

// oweUnknown owes a read of what jobs of a batch name and nobody has told, such as a
// customer whose webhook was lost: without it nobody hears of the job. While a list of the
// source has not been read whole once it is left to that.
func (l *Lookup) oweUnknown(tx *db.Tx, b *advance.Batch) error {
	var debts []outbox.Debt
	beginning := map[string]bool{}
	for _, o := range b.Unknown {
		if _, asked := beginning[o.Connection]; !asked {
			var n int
			if err := tx.QueryRow(countBeginning, b.Location, o.Connection).Scan(&n); err != nil {
				return err
			}
			beginning[o.Connection] = n > 0 || l.fetcher(b.Location, o.Connection) == nil
		}
		if !beginning[o.Connection] {
			debts = append(debts, outbox.Debt{Key: outbox.Key{Location: b.Location, Connection: o.Connection, Room: Room, Record: unknown + "/" + string(o.Kind) + "/" + o.External},
				Due: tx.Now.Add(gather), Class: outbox.Ordinary, Lot: unknown + "/" + string(o.Kind)})
		}
	}
	return outbox.Owe(tx, debts...)
}

// prepareNamed makes calls that read the objects for which deliveries still wait, or which
// a count or a job has found missing, and returns the rows that owe something else. An object that stands in an answer to be
// applied is no longer waited for soon.
func (l *Lookup) prepareNamed(tx *db.Tx, c tenant.Connection, rows []outbox.Row) (calls []outbox.Call, settled []outbox.Settled, others []outbox.Row, err error) {
	byKind := map[plumbline.Kind][]outbox.Row{}
	var kinds []plumbline.Kind
	for _, row := range rows {
		why, o, ok := namedBy(row.Record)
		if !ok {
			others = append(others, row)
			continue
		}
		wanted, err := l.wanted(tx, c, why, o)
		if err != nil {
			return nil, nil, nil, err
		}
		if !wanted {
			settled = append(settled, outbox.Settled{Row: row, What: outbox.Done})
			continue
		}
		if byKind[o.Kind] == nil {
			kinds = append(kinds, o.Kind)
		}
		byKind[o.Kind] = append(byKind[o.Kind], row)
	}
	for _, kind := range kinds {
		known, err := l.known(tx, c, kind, byKind[kind])
		if err != nil {
			return nil, nil, nil, err
		}
		whole := slices.DeleteFunc(slices.Clone(byKind[kind]), func(r outbox.Row) bool { return known[r.Record] != nil })
		again := slices.DeleteFunc(byKind[kind], func(r outbox.Row) bool { return known[r.Record] == nil })
		for some := range slices.Chunk(whole, l.atOnce(c)) {
			q := &named{Kind: kind}
			for _, row := range some {
				_, o, _ := namedBy(row.Record)
				q.IDs = append(q.IDs, o.ID)
			}
			calls = append(calls, outbox.NewCall(tx, l.budget(c), question{Named: q}, some...))
		}
		for some := range slices.Chunk(again, l.atOnce(c)) {
			q := &named{Kind: kind}
			for _, row := range some {
				q.Known = append(q.Known, *known[row.Record])
			}
			calls = append(calls, outbox.NewCall(tx, l.budget(c), question{Named: q}, some...))
		}
	}
	return calls, settled, others, nil
}

// known finds the objects of which only what changes is read, by the records of their
// rows: those that deliveries have named, all of whose other fields are known, and whose
// parts are not named besides.
func (l *Lookup) known(tx *db.Tx, c tenant.Connection, kind plumbline.Kind, rows []outbox.Row) (map[string]*connect.Known, error) {
	f, ok := l.Tool(c.Location, c.Name).(connect.Rereader)
	if !ok || len(f.LeavesOut(kind)) == 0 {
		return nil, nil
	}
	ids := map[string]string{} // of source records: the record of the row
	for _, row := range rows {
		if why, o, _ := namedBy(row.Record); why == announced {
			ids[string(plumbline.NewSourceID(c.Location, c.Name, o.Kind, o.ID))] = row.Record
		}
	}
	sources, err := record.Load(tx, c.Location, slices.Sorted(maps.Keys(ids)))
	if err != nil || len(sources) == 0 {
		return nil, err
	}
	moved, err := changing(tx, c, kind)
	if err != nil {
		return nil, err
	}
	out := map[string]*connect.Known{}
	for _, r := range sources {
		lacks := func(field string) bool { _, told := r.Get(field); return !told }
		if r.Deleted() || r.Tied() || moved(r.External) || slices.ContainsFunc(f.LeavesOut(kind), lacks) {
			continue
		}
		k := &connect.Known{ID: r.External, Fields: map[string]plumbline.Value{}}
		for field := range plumbline.Fields[kind] {
			if v, told := r.Get(field); told && !slices.Contains(f.LeavesOut(kind), field) {
				k.Fields[field] = v.Value
			}
		}
		out[ids[string(r.ID)]] = k
	}
	return out, nil
}

// changing says of which jobs visits are to be read: those are read with their job. A visit
// that is not known may be of any.
func changing(tx *db.Tx, c tenant.Connection, kind plumbline.Kind) (func(id string) bool, error) {
	if kind != plumbline.Job {
		return func(string) bool { return false }, nil
	}
	visits, err := inbox.AwaitedOf(tx, c.Location, c.Name, plumbline.Visit)
	if err != nil || len(visits) == 0 {
		return func(string) bool { return false }, err
	}
	var ids []string
	for _, v := range visits {
		ids = append(ids, string(plumbline.NewSourceID(c.Location, c.Name, plumbline.Visit, v)))
	}
	slices.Sort(ids)
	rows, err := record.Load(tx, c.Location, ids)
	jobs := map[string]bool{}
	for _, r := range rows {
		jobs[r.Text("job")] = true
	}
	return func(id string) bool { return jobs[id] || len(rows) < len(ids) }, err
}

// wanted says whether an object is still to be read: whether deliveries wait for it, or it
// is still missing or not yet gone.
func (l *Lookup) wanted(tx *db.Tx, c tenant.Connection, why string, o object) (bool, error) {
	if why == announced {
		return inbox.Awaited(tx, c.Location, c.Name, o.Kind, o.ID)
	}
	if l.fetcher(c.Location, c.Name) == nil {
		return false, nil
	}
	row, err := source(tx, c, o)
	if why == unknown {
		return row == nil, err
	}
	held := row != nil && !row.Deleted()
	return held == (why == gone), err
}

// atOnce is how many objects one call reads: what a tool reads one by one is one call each.
func (l *Lookup) atOnce(c tenant.Connection) int {
	if many, ok := l.Tool(c.Location, c.Name).(connect.ManyFetcher); ok {
		return min(many.FetchesAtOnce(), mostNamed)
	}
	return 1
}

// namedBy reads the name of a debt: why an object is read, and which.
func namedBy(record string) (why string, o object, ok bool) {
	why, rest, _ := strings.Cut(record, "/")
	kind, id, _ := strings.Cut(rest, "/")
	return why, object{plumbline.Kind(kind), id}, slices.Contains([]string{announced, unknown, missing, gone}, why)
}

func (l *Lookup) performNamed(ctx context.Context, c tenant.Connection, q named) outbox.Result {
	f := l.fetcher(c.Location, c.Name)
	if f == nil {
		return refused("the tool of this connection reads no single objects", nil)
	}
	var answers []connect.Answer
	var err error
	if again, ok := f.(connect.Rereader); ok && len(q.Known) > 0 {
		answers, err = again.Reread(ctx, q.Kind, q.Known)
	} else {
		answers, err = f.Fetch(ctx, q.Kind, q.IDs)
	}
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
	told := map[object]bool{}
	for _, a := range answers.list {
		told[object{a.Kind, a.Object}] = true
		if err := l.keepRead(tx, c, call, noted(a)); err != nil {
			return nil, err
		}
	}
	for _, row := range call.Rows {
		_, o, _ := namedBy(row.Record)
		switch {
		case told[o]:
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
	if why, o, _ := namedBy(record); why == announced {
		if err := inbox.Forgo(tx, location, connection, o.Kind, o.ID, reason); err != nil {
			return err
		}
	}
	return outbox.Forgive(tx, outbox.Key{Location: location, Connection: connection, Room: Room, Record: record})
}
