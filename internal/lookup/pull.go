package lookup

import (
	"context"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// How often the lists of a source are read, while the office is open and while it is
// closed: what its webhooks did not bring is known so much later at most, if the source
// answers.
const (
	PullEvery  = time.Hour
	pullClosed = 4 * time.Hour
)

// A pull reads one page of a source's list.
type pull struct {
	Stream string `json:"stream"`
	Cursor string `json:"cursor,omitempty"`
}

// A pulled is how far a list has been read.
type pulled struct {
	next     string
	complete bool

	had, total, began int64 // of the first reading
}

// puller returns what reads a source's lists. Those of targets are mirror's to read.
func (l *Lookup) puller(location, connection string) connect.Puller {
	tool := l.Tool(location, connection)
	if _, isTarget := tool.(connect.Target); isTarget {
		return nil
	}
	p, _ := tool.(connect.Puller)
	return p
}

// Begin owes the lists of a source for the first time, their counts, and a look at how it
// tells us; each of these owes the next. Of a provider it owes a look at all that is missing.
// What is not switched on is read once it is. Begun twice is begun once.
func (l *Lookup) Begin(tx *db.Tx, c tenant.Connection) (err error) {
	defer plumbline.Wrap(&err, "begin to read %s", c.Name)

	if l.enricher(c.Location, c.Name) != nil {
		return l.beginEnriching(tx, c)
	}
	if err := l.beginWatch(tx, c); err != nil {
		return err
	}
	p := l.puller(c.Location, c.Name)
	if p == nil {
		return nil
	}
	var debts []outbox.Debt
	for _, stream := range p.Streams() {
		fresh, err := tx.Exec(insertPull, c.Location, c.Name, stream)
		if err != nil {
			return err
		}
		if fresh == 1 {
			debts = append(debts, pullDebt(c, stream, pulled{}))
		}
	}
	if err := outbox.Owe(tx, debts...); err != nil {
		return err
	}
	return l.beginCounts(tx, c)
}

// pullDebt is what is owed to read a list: the first time it yields to all else.
func pullDebt(c tenant.Connection, stream string, at pulled) outbox.Debt {
	d := outbox.Debt{Key: outbox.Key{Location: c.Location, Connection: c.Name, Room: Room, Record: "pull/" + stream}, Class: outbox.Ordinary, Lot: "pull/" + stream}
	if !at.complete {
		d.Class = outbox.Backfill
	}
	return d
}

func (l *Lookup) preparePull(tx *db.Tx, c tenant.Connection, stream string) (*pull, error) {
	if l.puller(c.Location, c.Name) == nil {
		return nil, nil
	}
	at, err := loadPull(tx, c, stream)
	return &pull{stream, at.next}, err
}

func (l *Lookup) performPull(ctx context.Context, c tenant.Connection, q pull) outbox.Result {
	p := l.puller(c.Location, c.Name)
	if p == nil {
		return refused("the tool of this connection has no lists", nil)
	}
	page, err := p.Pull(ctx, q.Stream, q.Cursor)
	if err != nil {
		return outbox.Result{Err: connect.AsError(err)}
	}
	return outbox.Result{Answer: pulledPage{q, page}, Detail: "read"}
}

// A pulledPage is a page with the question that it answers.
type pulledPage struct {
	pull
	connect.Page
}

// settlePull keeps a page and how far it leads, together: cut off between two pages, it
// goes on from the later one.
func (l *Lookup) settlePull(tx *db.Tx, c tenant.Connection, call outbox.Call, page pulledPage) ([]outbox.Settled, error) {
	at, err := loadPull(tx, c, page.Stream)
	if err != nil {
		return nil, err
	}
	row := call.Rows[0]
	if at.next != page.Cursor { // another call has read it meanwhile
		return []outbox.Settled{outbox.AgainAt(row, tx.Now)}, nil
	}
	fresh, err := l.fresh(tx, c, call, page.Answers)
	if err != nil {
		return nil, err
	}
	for _, n := range fresh {
		if err := l.keepRead(tx, c, call, n.Answer); err != nil {
			return nil, err
		}
	}
	if at.complete {
		if err := l.noteUntold(tx, c, call, fresh); err != nil {
			return nil, err
		}
	}
	at.next = page.Next
	if !at.complete {
		at.read(page.Page, call.Started)
	}
	due := tx.Now
	if !page.More {
		at.complete = true
		if due, err = l.nextPull(c, tx.Now); err != nil {
			return nil, err
		}
	}
	if err := storePull(tx, c, page.Stream, at); err != nil {
		return nil, err
	}
	// owed anew and not put off, so that the class follows
	next := pullDebt(c, page.Stream, at)
	next.Due = due
	return []outbox.Settled{{Row: row, What: outbox.Done}}, outbox.Owe(tx, next)
}

// read counts a page of the first reading, which was asked for at an instant.
func (p *pulled) read(page connect.Page, asked time.Time) {
	if p.began == 0 {
		p.began = asked.UnixMilli()
	}
	p.had += int64(len(page.Answers))
	if page.Total > 0 {
		p.total = int64(page.Total)
	}
	p.total = max(p.total, min(p.total, 1)*p.had) // it has grown meanwhile
}

// fresh leaves out the answers that say what is known already, as those of a list do most
// often: what their objects were named by has been applied with them.
func (l *Lookup) fresh(tx *db.Tx, c tenant.Connection, call outbox.Call, answers []connect.Answer) (list []news, err error) {
	decoder, _ := l.Tool(c.Location, c.Name).(connect.Decoder)
	said := make([][]plumbline.Reading, len(answers))
	var ids []string
	for i, a := range answers {
		answers[i] = noted(a)
		if decoder == nil {
			continue
		}
		said[i], err = decoder.Decode(plumbline.Delivery{Location: c.Location, Connection: c.Name, Tool: c.Tool, Event: "read", Object: a.Object,
			Received: tx.Now, Read: call.Started, Body: answers[i].Body})
		if err != nil {
			said[i] = nil // it is kept, and judged where it is applied
		}
		for _, r := range said[i] {
			ids = append(ids, string(record.IDOf(c.Location, c.Name, r)))
		}
	}
	rows, err := record.Load(tx, c.Location, ids)
	if err != nil {
		return nil, err
	}
	known := map[plumbline.SourceID]*record.Row{}
	for _, r := range rows {
		known[r.ID] = r
	}
	var read []inbox.Covering
	for i, a := range answers {
		says := len(said[i]) > 0
		for _, r := range said[i] {
			row := known[record.IDOf(c.Location, c.Name, r)]
			says = says && row != nil && row.Says(r)
		}
		if !says {
			list = append(list, news{a, said[i]})
			continue
		}
		for _, r := range said[i] {
			read = append(read, inbox.Covering{Connection: c.Name, Kind: r.Kind, ID: r.ID, Began: call.Started})
		}
	}
	return list, inbox.Cover(tx, c.Location, read...)
}

// nextPull says when a list is read again.
func (l *Lookup) nextPull(c tenant.Connection, now time.Time) (time.Time, error) {
	_, hours, err := l.Policy(c.Location)
	if err != nil {
		return now, err
	}
	return NextPull(hours, now), nil
}

// NextPull is when a list that was read at an instant is read again: at the latest when
// the office opens.
func NextPull(hours playbook.OpenHours, read time.Time) time.Time {
	open, opens := hours.Open(read)
	if open {
		return read.Add(PullEvery)
	}
	if next := read.Add(pullClosed); opens.IsZero() || next.Before(opens) {
		return next
	}
	return opens
}

func loadPull(tx *db.Tx, c tenant.Connection, stream string) (at pulled, err error) {
	var complete int
	err = tx.QueryRow(selectPull, c.Location, c.Name, stream).Scan(&at.next, &complete, &at.had, &at.total, &at.began)
	at.complete = complete == 1
	return at, err
}

func storePull(tx *db.Tx, c tenant.Connection, stream string, at pulled) error {
	_, err := tx.Exec(updatePull, c.Location, c.Name, stream, at.next, bit(at.complete), at.had, at.total, at.began)
	return err
}

func bit(is bool) int {
	if is {
		return 1
	}
	return 0
}
