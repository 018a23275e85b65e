package mirror

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

// How often a target is read: soon again while others change things there, seldom while
// nobody works, and when a poll will have seen what a record waits for.
const (
	pollSoon   = 30 * time.Second
	pollIdle   = 5 * time.Minute
	pollClosed = 20 * time.Minute
	// describeEvery is how old a target's description may get.
	describeEvery = 6 * time.Hour
	// clockSkew is how far the target's clock and ours may be apart.
	clockSkew = time.Minute
	readBatch = 100
)

func (m *Mirror) preparePull(tx *db.Tx, c tenant.Connection, row outbox.Row) ([]outbox.Call, []outbox.Settled, error) {
	_, stream, _ := split(row.Record)
	at, err := loadPoll(tx, c, stream)
	if err != nil {
		return nil, nil, err
	}
	call := outbox.NewCall(tx, m.budget(c, usePull), request{Do: "pull", Stream: stream, Cursor: at.Next}, row)
	call.Within = 40 * time.Second
	return []outbox.Call{call}, nil, nil
}

// settlePull keeps a page and how far it leads, together.
func (m *Mirror) settlePull(tx *db.Tx, c tenant.Connection, call outbox.Call, r request, res outbox.Result) ([]outbox.Settled, error) {
	row := call.Rows[0]
	if res.Err != nil && res.Err.Code == connect.BadCursor && r.Cursor != "" {
		at, err := loadPoll(tx, c, r.Stream)
		if err != nil {
			return nil, err
		}
		at.Next = "" // doing it twice changes nothing
		return []outbox.Settled{outbox.AgainAt(row, tx.Now)}, storePoll(tx, c, r.Stream, at)
	}
	if res.Err != nil {
		return []outbox.Settled{m.lookupFailed(tx, c, row, res.Err)}, nil
	}
	page, _ := res.Answer.(connect.Page)
	news, err := m.keep(tx, c, call, page.Answers)
	if err != nil {
		return nil, err
	}
	at, err := loadPoll(tx, c, r.Stream)
	if err != nil {
		return nil, err
	}
	step, err := loadPace(tx, c, r.Stream)
	if err != nil {
		return nil, err
	}
	if step.Begun == 0 {
		step.Begun = call.Started.UnixMilli()
	}
	at.Next, at.News = page.Next, at.News+int64(news)
	next := debt(c, row.Lot, row.Record)
	next.Lot = "pull/" + r.Stream
	if !at.Complete && page.More {
		next.Class = outbox.Backfill
	}
	if !page.More {
		at.Complete, at.Through = true, max(at.Through, page.Through.UnixMilli())
		step = pace{Lag: max(step.Begun-page.Through.UnixMilli(), 0)}
		if next.Due, err = m.nextPoll(tx, c, r.Stream, at, step); err != nil {
			return nil, err
		}
		at.News = 0
		if err := m.wake(tx, c, time.UnixMilli(at.Through)); err != nil {
			return nil, err
		}
	}
	if err := storePoll(tx, c, r.Stream, at); err != nil {
		return nil, err
	}
	if err := storePace(tx, c, r.Stream, step); err != nil {
		return nil, err
	}
	// owed anew and not put off, so that the class follows
	return []outbox.Settled{{Row: row, What: outbox.Done}}, outbox.Owe(tx, next)
}

// nextPoll says when a stream is polled again: where records wait for a poll, when it
// will have seen what they wait for. What waits for anything else hurries nothing.
func (m *Mirror) nextPoll(tx *db.Tx, c tenant.Connection, stream string, at polled, step pace) (time.Time, error) {
	soon, next := tx.Now.Add(pollSoon), tx.Now.Add(pollIdle)
	if at.News > 0 {
		return soon, nil
	}
	pb, hours, err := m.Policy(c.Location)
	if err != nil {
		return next, err
	}
	if open, opens := hours.Open(tx.Now); !open {
		next = tx.Now.Add(pollClosed)
		if !opens.IsZero() && opens.Before(next) {
			next = later(soon, opens)
		}
	}
	for _, typ := range mappings(pb.Mapping[c.Tool]).of(plumbline.Customer) {
		if m.Stream == nil || m.Stream(c.Tool, typ) != stream {
			continue
		}
		var owed int64
		if err := tx.QueryRow(selectFirstWaiting, c.Location, c.Name, typ, at.Through).Scan(&owed); err != nil {
			return next, err
		}
		if seen := step.sees(owed); owed != 0 && seen.Before(next) {
			next = later(soon, seen)
		}
	}
	return next, nil
}

// sees is when a poll may begin that will have seen an instant.
func (p pace) sees(at int64) time.Time { return time.UnixMilli(at + p.Lag).Add(time.Second) }

// hurry owes a poll at the moment when it will have seen what a record waits for.
func (p *pass) hurry(t *target) error {
	step, err := loadPace(p.tx, p.c, p.stream)
	if err != nil {
		return err
	}
	d := debt(p.c, "pull/"+p.stream, "pull/"+p.stream)
	d.Due = later(p.tx.Now, step.sees(t.Owed))
	return outbox.Owe(p.tx, d)
}

// lookupFailed says when a question is asked again; what a person must mend, when they
// say so.
func (m *Mirror) lookupFailed(tx *db.Tx, c tenant.Connection, row outbox.Row, e *connect.Error) outbox.Settled {
	if e.Class != connect.Human {
		at := outbox.Backoff(row, tx.Now)
		if late := tx.Now.Add(pollIdle); at.After(late) {
			at = late // all that waits, waits for it
		}
		return outbox.AgainAt(row, later(at, tx.Now.Add(e.After)))
	}
	return outbox.Settled{Row: row, What: outbox.Stuck, Item: &errorqueue.Item{Location: c.Location,
		Cause: c.Name + " look " + row.Lot + " " + e.Code, Title: c.Name + " cannot be read: " + e.Msg, Cure: e.Cure, Detail: e.Error()}}
}

// keep keeps answers as deliveries and compares records with them. An answer equal
// to the last one kept for its object keeps nothing. It returns how many were news.
func (m *Mirror) keep(tx *db.Tx, c tenant.Connection, call outbox.Call, answers []connect.Answer) (news int, err error) {
	passes := map[string]*pass{}
	for _, a := range answers {
		d := plumbline.Delivery{Location: c.Location, Connection: c.Name, Tool: c.Tool, Event: "read", Attempt: call.ID, Received: tx.Now, Read: call.Started, Body: a.Body}
		o, err := m.Observe(c, d)
		if err != nil {
			d.Object, d.Key = a.Object, call.ID+"/"+a.Object
			if _, err := inbox.Keep(tx, inbox.Pack(d)); err != nil { // it fails where it is read, and is shown there
				return news, err
			}
			continue
		}
		d.Object = a.Object
		if a.Kind != plumbline.Customer {
			d.Object = o.Type + ":" + a.Object // ids are unique within a type only
		}
		d.Key = call.ID + "/" + d.Object
		p := passes[o.Type]
		if p == nil {
			if p, _, err = m.newPass(tx, c, o.Type); err != nil {
				return news, err
			}
			passes[o.Type] = p
		}
		n, err := p.keep(d, o, call)
		if err != nil {
			return news, err
		}
		news += n
	}
	return news, nil
}

// keep keeps one answer, with what in it is our echo, and compares the record with it.
// It returns 1 for one that tells what others have changed.
func (p *pass) keep(d plumbline.Delivery, o Observation, call outbox.Call) (n int, err error) {
	targets, err := p.observedTargets(o)
	if err != nil {
		return 0, err
	}
	last, had, err := inbox.Answered(p.tx, d.Location, d.Connection, d.Object)
	if err != nil {
		return 0, err
	}
	if !had || !bytes.Equal(last.Body, d.Body) {
		if echoes := p.m.echoes(d, o, targets, p.tx.Now); len(echoes) > 0 {
			d.Echoes = map[string][]string{o.ID: echoes}
		}
		if n, err = inbox.Keep(p.tx, inbox.Pack(d)); err != nil {
			return 0, err
		}
	}
	news := len(targets) == 0
	for _, t := range targets {
		moved, err := p.observe(t, o, call)
		if err != nil {
			return n, err
		}
		news = news || moved
	}
	if !news {
		return 0, nil // it says what we wrote
	}
	return n, nil
}

// observedTargets are the target records that an answer is about: by the record's id,
// or by the key that it bears, while an answer to its making is still out.
func (p *pass) observedTargets(o Observation) ([]*target, error) {
	list, err := targetsByID(p.tx, p.c, o.Type, o.ID)
	if err != nil || len(list) > 0 || p.schema.Unique == "" {
		return list, err
	}
	if key := o.Fields[p.schema.Unique].Value; key != "" {
		byKey, err := loadTargets(p.tx, p.c, o.Type, []string{key})
		return slices.Collect(maps.Values(byKey)), err
	}
	return nil, nil
}

// echoes names what an answer merely repeats of ours, in the words of readings. Our
// key is never an echo: by it the record is known.
func (m *Mirror) echoes(d plumbline.Delivery, o Observation, targets []*target, now time.Time) (names []string) {
	if m.Decoder == nil {
		return nil
	}
	dec := m.Decoder(d.Location, d.Connection, d.Tool)
	if dec == nil {
		return nil
	}
	readings, err := dec.Decode(d)
	if err != nil {
		return nil // it is read again, and judged, where it is applied
	}
	for _, r := range readings {
		for name, v := range r.Fields {
			at, ok := r.Times[name]
			if !ok {
				at = r.At
			}
			if name != "key" && r.ID == o.ID && (r.Authors[name] == plumbline.ByUs || repeats(targets, v.Text(), at, now)) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// repeats says whether a value is one that an attempt of ours wrote at that time.
func repeats(targets []*target, value string, at, now time.Time) bool {
	for _, t := range targets {
		for _, w := range t.Writes {
			until := now
			if w.Until != 0 {
				until = time.UnixMilli(w.Until)
			}
			if at.Before(time.UnixMilli(w.From).Add(-clockSkew)) || at.After(until.Add(clockSkew)) {
				continue
			}
			for _, v := range w.Fields {
				if strings.EqualFold(v, value) {
					return true
				}
			}
		}
	}
	return false
}

// observe notes what an answer says of a target record, but for the fields that a write
// carried which was under way meanwhile: the next read will tell of these. What others
// have changed has moved, and is looked at again.
func (p *pass) observe(t *target, o Observation, call outbox.Call) (moved bool, err error) {
	if t.ID != o.ID || t.State == Gone && (o.Archived || o.MergedTo != "") {
		return false, nil
	}
	busy := t.busy(call.Started.UnixMilli())
	if len(busy) > 0 && (o.MergedTo != "" || o.Archived || t.State == Gone) {
		return true, nil // the next read will tell
	}
	switch {
	case o.MergedTo != "":
		return true, p.follow(t, o.MergedTo)
	case o.Archived:
		return true, p.deleted(t)
	}
	moved = t.State == Gone
	if moved { // somebody has brought it back, and it has to be joined again
		t.State, t.Reason, t.Links = Live, "", nil
		if err := errorqueue.Close(p.tx, p.c.Location, errorqueue.Record, p.c.Name+"/"+recordName(t.Type, t.Key), "done", "it is there again"); err != nil {
			return true, err
		}
		if err := p.rejoinSoon(t); err != nil {
			return true, err
		}
	}
	for name, f := range o.Fields {
		if busy[name] {
			moved = true
			continue
		}
		had, known := t.Observed[name]
		moved = moved || !known || had.Value != f.Value
		now := seen{f.Value, msOf(f.At), f.Author}
		if had.Author == plumbline.ByUs && had.Value == f.Value && f.Author != plumbline.ByPerson {
			now.Author = plumbline.ByUs // the target does not know us by name
		}
		t.see(name, now)
	}
	if err := store(p.tx, p.c, t); err != nil || !moved {
		return moved, err
	}
	return true, outbox.Owe(p.tx, p.m.recordDebt(p.c, p.maps, t))
}

// follow follows a record that others merged into another, which is read next.
func (p *pass) follow(t *target, id string) error {
	if err := p.mergedInto(t, id); err != nil {
		return err
	}
	if t.State == Live {
		if err := p.m.oweRead(p.tx, p.c, p.typ, t.ID, t.Key); err != nil {
			return err
		}
	}
	return store(p.tx, p.c, t)
}

// deleted shows a record that others deleted there. It is not made again by itself.
func (p *pass) deleted(t *target) error {
	err := errorqueue.Close(p.tx, p.c.Location, errorqueue.Record, mergeRef(p.c, p.typ, t.ID), "done", "it was deleted there")
	if err != nil {
		return err
	}
	if t.State == Retired {
		t.ID = ""
		return store(p.tx, p.c, t)
	}
	t.wait(Gone, "somebody deleted it there")
	if err := errorqueue.Open(p.tx, *p.m.goneItem(p.c, t)); err != nil {
		return err
	}
	if err := p.rejoinSoon(t); err != nil {
		return err
	}
	return store(p.tx, p.c, t)
}

// oweRead asks for one record, on behalf of the target record of a key.
func (m *Mirror) oweRead(tx *db.Tx, c tenant.Connection, typ, id, key string) error {
	if m.Fetch == nil {
		return nil
	}
	return outbox.Owe(tx, debt(c, "read/"+typ, "read/"+typ+"/"+id+"/"+key))
}

func (m *Mirror) prepareRead(tx *db.Tx, c tenant.Connection, typ string, rows []outbox.Row) (calls []outbox.Call, settled []outbox.Settled, err error) {
	for batch := range slices.Chunk(rows, readBatch) {
		var ids []string
		for _, r := range batch {
			_, _, rest := split(r.Record)
			id, _, _ := strings.Cut(rest, "/")
			ids = append(ids, id)
		}
		slices.Sort(ids)
		call := outbox.NewCall(tx, m.budget(c, useRead), request{Do: "read", Type: typ, IDs: slices.Compact(ids)}, batch...)
		calls = append(calls, call)
	}
	return calls, nil, nil
}

// settleRead keeps what was read and lets those who asked go on.
func (m *Mirror) settleRead(tx *db.Tx, c tenant.Connection, call outbox.Call, r request, res outbox.Result) (list []outbox.Settled, err error) {
	p, _, err := m.newPass(tx, c, r.Type)
	if err != nil {
		return nil, err
	}
	if res.Err == nil {
		answers, _ := res.Answer.([]connect.Answer)
		if _, err := m.keep(tx, c, call, answers); err != nil {
			return nil, err
		}
	}
	for _, row := range call.Rows {
		if res.Err != nil {
			list = append(list, m.lookupFailed(tx, c, row, res.Err))
			continue
		}
		_, _, rest := split(row.Record)
		_, key, _ := strings.Cut(rest, "/")
		if err := outbox.Owe(tx, m.recordDebt(c, p.maps, &target{Type: r.Type, Key: key})); err != nil {
			return nil, err
		}
		list = append(list, outbox.Settled{Row: row, What: outbox.Done})
	}
	return list, nil
}

// settleSchema keeps the part of a target's description that the mapping needs. Where it
// is another than before, every record is looked at again.
func (m *Mirror) settleSchema(tx *db.Tx, c tenant.Connection, call outbox.Call, res outbox.Result) ([]outbox.Settled, error) {
	row := call.Rows[0]
	if res.Err != nil {
		return []outbox.Settled{m.lookupFailed(tx, c, row, res.Err)}, nil
	}
	schema, _ := res.Answer.(connect.Schema)
	pb, _, err := m.Policy(c.Location)
	if err != nil {
		return nil, err
	}
	kept := connect.Schema{Types: map[string]connect.TypeSchema{}}
	for typ, mapped := range pb.Mapping[c.Tool] {
		t := schema.Types[typ]
		fields := map[string]connect.FieldSchema{}
		for _, f := range mapped.Fields {
			if s, ok := t.Fields[f.Name]; ok {
				fields[f.Name] = s
			}
		}
		t.Fields = fields
		kept.Types[typ] = t
	}
	had, known, err := m.schemaOf(tx, c)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(upsertSchema, c.Location, c.Name, tx.Now.UnixMilli(), db.JSON(kept)); err != nil {
		return nil, err
	}
	if !known || db.JSON(had) != db.JSON(kept) {
		if err := m.oweAll(tx, c); err != nil {
			return nil, err
		}
	}
	// The row stands for ever, so what was wrong with it ends here.
	if err := errorqueue.Close(tx, c.Location, errorqueue.Record, row.Connection+"/"+row.Record, "done", "it was described"); err != nil {
		return nil, err
	}
	return []outbox.Settled{outbox.AgainAt(row, tx.Now.Add(describeEvery))}, nil
}
