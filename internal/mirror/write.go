package mirror

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

// A verdict is what a pass says of one record: a change to write, or why there is
// none. At is set where its row is to be taken up again.
type verdict struct {
	change *connect.Change
	at     time.Time
	item   *errorqueue.Item
	store  []*target // others that changed
}

// prepareRecords compares records with what is wanted and makes one call of those
// that differ, in batches of what the target takes.
func (m *Mirror) prepareRecords(tx *db.Tx, c tenant.Connection, typ string, rows []outbox.Row) (calls []outbox.Call, settled []outbox.Settled, err error) {
	p, ok, err := m.newPass(tx, c, typ)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return m.awaitSchema(tx, c, rows)
	}
	keys := make([]string, len(rows))
	p.taken = map[string]bool{}
	for i, r := range rows {
		_, _, keys[i] = split(r.Record)
		p.taken[keys[i]] = true
	}
	targets, err := loadTargets(tx, c, typ, keys)
	if err != nil {
		return nil, nil, err
	}
	subjects, err := p.subjects(keys)
	if err != nil {
		return nil, nil, err
	}
	var list []string
	for _, s := range subjects {
		list = append(list, s)
	}
	wants, err := p.wanted(list)
	if err != nil {
		return nil, nil, err
	}
	out := &writing{p: p}
	for i, r := range rows {
		t := targets[keys[i]]
		if t == nil {
			settled = append(settled, outbox.Settled{Row: r, What: outbox.Done})
			continue
		}
		v, err := p.consider(t, subjects[t.Key], wants[subjects[t.Key]], r)
		if err != nil {
			return nil, nil, err
		}
		if err := out.take(r, t, v); err != nil {
			return nil, nil, err
		}
	}
	if err := out.finish(); err != nil {
		return nil, nil, err
	}
	return out.calls, append(settled, out.settled...), nil
}

// awaitSchema lets rows wait until the target has been described, which is owed for as long
// as the connection is on, and owes them anew.
func (m *Mirror) awaitSchema(tx *db.Tx, c tenant.Connection, rows []outbox.Row) ([]outbox.Call, []outbox.Settled, error) {
	var settled []outbox.Settled
	for _, r := range rows {
		settled = append(settled, outbox.AgainAt(r, tx.Now.Add(time.Minute)))
	}
	return nil, settled, nil
}

// A writing gathers changes into calls.
type writing struct {
	p       *pass
	rows    []outbox.Row
	targets []*target
	changes []connect.Change
	calls   []outbox.Call
	settled []outbox.Settled
}

func (w *writing) take(r outbox.Row, t *target, v verdict) error {
	if err := store(w.p.tx, w.p.c, v.store...); err != nil {
		return err
	}
	if v.change != nil {
		w.rows, w.targets, w.changes = append(w.rows, r), append(w.targets, t), append(w.changes, *v.change)
		return nil
	}
	switch {
	case v.item != nil:
		w.settled = append(w.settled, outbox.Settled{Row: r, What: outbox.Stuck, Item: v.item})
	case !v.at.IsZero():
		w.settled = append(w.settled, outbox.AgainAt(r, v.at))
	default:
		w.settled = append(w.settled, outbox.Settled{Row: r, What: outbox.Done})
	}
	return store(w.p.tx, w.p.c, t)
}

// finish makes the calls. Each target notes what is about to leave, so that its echo
// is known even if the answer is lost.
func (w *writing) finish() error {
	if len(w.changes) == 0 {
		return nil
	}
	tool, err := w.p.m.Target(w.p.c)
	if err != nil {
		return err
	}
	size := max(tool.Limits(w.p.typ).Batch, 1)
	for from := 0; from < len(w.changes); from += size {
		to := min(from+size, len(w.changes))
		call := outbox.NewCall(w.p.tx, w.p.m.budget(w.p.c, useWrite), request{Do: "write", Type: w.p.typ, Changes: w.changes[from:to]}, w.rows[from:to]...)
		call.Within = 30 * time.Second
		for i := from; i < to; i++ {
			w.targets[i].begin(call.ID, w.changes[i].Fields, w.p.tx.Now.UnixMilli())
		}
		w.calls = append(w.calls, call)
	}
	return store(w.p.tx, w.p.c, w.targets...)
}

// consider says what is to be done about one record.
func (p *pass) consider(t *target, subject string, w *wanted, r outbox.Row) (v verdict, err error) {
	all, err := targetsOf(p.tx, p.c, p.kind(), p.typ, subject)
	if err != nil {
		return v, err
	}
	main := p.main(all, subject)
	switch {
	case t.State == Gone:
		v.item, err = p.shown(t)
		return v, err // until a person says so
	case w == nil:
		return p.retire(t, "nothing is to be said of it any more")
	case main != nil && main.Key != t.Key:
		return p.retire(t, "another record stands for its subject")
	}
	if t.Existing != "" {
		if err := p.collide(t, subject, r, &v); err != nil || v.item != nil || !v.at.IsZero() {
			return v, err
		}
	}
	if err := p.release(t); err != nil {
		return v, err
	}
	if p.matched() {
		if ready, err := p.adopt(t, subject, all, &v); err != nil || !ready {
			return v, err
		}
	}
	return p.change(t, w, r, v)
}

// shown is the item of a record that is gone, for as long as it waits for a person.
func (p *pass) shown(t *target) (*errorqueue.Item, error) {
	item := p.m.goneItem(p.c, t)
	had, err := errorqueue.Get(p.tx, p.c.Location, item.Kind, item.Ref)
	if plumbline.KindOf(err) == plumbline.NotFound || err == nil && had.State == "skipped" {
		return nil, nil
	}
	return item, err
}

// change writes what differs. A record is made with the associations that can be
// made; what has no key of its own cannot be found again without one, and waits.
func (p *pass) change(t *target, w *wanted, r outbox.Row, v verdict) (verdict, error) {
	if t.ID != "" && t.State == Retired {
		t.State, t.Reason = Live, ""
		if err := p.rejoin(t); err != nil {
			return v, err
		}
	}
	fields, err := p.compare(t, w)
	if err != nil {
		v.item = p.m.item(p.c, t, "mapping", &connect.Error{Class: connect.Human, Code: "stage", Msg: err.Error(), Cure: "Let plumbline create its pipeline at the target, or correct the mapping."})
		t.wait(Refused, err.Error())
		return v, nil
	}
	links, missing, soon, err := p.links(t, w)
	if err != nil {
		return v, err
	}
	if t.ID == "" {
		if soon && r.Tries < 5 {
			v.at = p.tx.Now.Add(2 * time.Second)
			return v, nil
		}
		if p.schema.Unique == "" && p.needs(links) && (len(missing) > 0 || p.kind() != taskKind) {
			return p.stray(t, missing, v), nil
		}
	}
	set := changes(fields)
	if t.ID != "" && unread(fields) {
		if err := p.m.oweRead(p.tx, p.c, p.typ, t.ID, t.Key); err != nil {
			return v, err
		}
	}
	if t.ID != "" && len(set) == 0 {
		return p.settledAlready(t, links, v)
	}
	if t.ID == "" {
		t.State, t.Reason = Owed, "it is being made"
	}
	v.change = &connect.Change{Ref: r.Record, Key: t.Key, ID: t.ID, Fields: set}
	if t.ID == "" {
		v.change.Links = links
	}
	return v, nil
}

// stray lets a record that cannot be found again wait for those that it is to be joined
// to, by name. Where none of them is wanted a person must see to it: waiting ends nothing.
// A task is made all the same: it says by itself what is to be done.
func (p *pass) stray(t *target, missing []string, v verdict) verdict {
	if len(missing) > 0 {
		t.wait(WaitingRecord, "it waits for "+strings.Join(missing, ", "))
		return v
	}
	t.wait(Refused, "it cannot be found again: "+p.c.Name+" has no field for our key, and no record that it could be joined to")
	v.item = p.m.item(p.c, t, "write", &connect.Error{Class: connect.Human, Code: "no_key", Msg: "there is no field for our key, and no record to join it to",
		Cure: "Let plumbline create its fields at the target, or correct the mapping; then retry."})
	return v
}

// needs says whether a record without a key has nothing yet to be found by: a job's
// record, or for a task, any.
func (p *pass) needs(links []connect.Association) bool {
	if p.kind() == taskKind {
		return len(links) == 0
	}
	jobs := p.maps.of("job")
	return !slices.ContainsFunc(links, func(l connect.Association) bool { return slices.Contains(jobs, l.ToType) })
}

// settledAlready says that nothing differs, and owes the associations that are not as they should be.
func (p *pass) settledAlready(t *target, links []connect.Association, v verdict) (verdict, error) {
	t.State, t.Reason = Live, ""
	if len(lacking(t, links))+len(surplus(t, links)) > 0 {
		return v, outbox.Owe(p.tx, p.m.linkDebt(p.c, p.maps, t))
	}
	return v, nil
}

// retire takes our key off a record that stands for nobody. Merging or deleting it
// there is a person's to do.
func (p *pass) retire(t *target, why string) (v verdict, err error) {
	t.State, t.Reason = Retired, why
	key := p.schema.Unique
	bears := t.Observed[key].Value
	if t.ID == "" || key == "" || bears == "" {
		return v, nil
	}
	if bears != t.Key { // another's key comes off only where that other has let it go
		other, err := loadTargets(p.tx, p.c, p.typ, []string{bears})
		if err != nil || other[bears] == nil || other[bears].ID == t.ID {
			return v, err
		}
	}
	v.change = &connect.Change{Ref: recordName(t.Type, t.Key), Key: t.Key, ID: t.ID, Fields: map[string]string{key: ""}}
	return v, nil
}

// settleWrite writes down what became of each change.
func (m *Mirror) settleWrite(tx *db.Tx, c tenant.Connection, call outbox.Call, r request, res outbox.Result) (list []outbox.Settled, err error) {
	p, _, err := m.newPass(tx, c, r.Type)
	if err != nil {
		return nil, err
	}
	var outcomes []connect.Outcome
	if res.Err == nil {
		outcomes, _ = res.Answer.([]connect.Outcome)
	}
	targets, err := p.carried(call)
	if err != nil {
		return nil, err
	}
	for i, row := range call.Rows {
		_, _, key := split(row.Record)
		t := targets[key]
		if t == nil {
			list = append(list, outbox.Settled{Row: row, What: outbox.Done})
			continue
		}
		o := connect.Outcome{Err: res.Err}
		if res.Err == nil {
			o = outcomeOf(outcomes, row.Record)
		}
		s, err := p.outcome(t, row, r.Changes[i], o, call.ID)
		if err != nil {
			return nil, err
		}
		if err := store(tx, c, t); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// carried loads the targets of a call's rows.
func (p *pass) carried(call outbox.Call) (map[string]*target, error) {
	var keys []string
	for _, row := range call.Rows {
		_, _, key := split(row.Record)
		keys = append(keys, key)
	}
	return loadTargets(p.tx, p.c, p.typ, keys)
}

// outcomeOf finds a row's outcome. A tool that does not tell leaves it unknown.
func outcomeOf(list []connect.Outcome, ref string) connect.Outcome {
	for _, o := range list {
		if o.Ref == ref {
			return o
		}
	}
	return connect.Outcome{Ref: ref, Err: &connect.Error{Class: connect.Unknown, Code: "not_told", Msg: "the tool does not say what became of it"}}
}

// outcome writes down what became of one change.
func (p *pass) outcome(t *target, row outbox.Row, ch connect.Change, o connect.Outcome, attempt string) (outbox.Settled, error) {
	done := outbox.Settled{Row: row, What: outbox.Done}
	w := t.open(attempt)
	if o.Err != nil && o.Err.Class == connect.Unknown {
		t.Reason = "it is not known whether the last write happened"
		return outbox.Settled{Row: row, What: outbox.Undecided}, nil
	}
	if w != nil {
		w.Until = p.tx.Now.UnixMilli()
	}
	if o.Err != nil {
		again := t.refuse(attempt, strings.Join([]string{ch.ID, o.Err.Code, o.Err.Field, o.Err.Existing, o.Err.MergedTo}, " "))
		return p.refused(t, row, ch, o.Err, again)
	}
	if ch.ID == "" {
		t.forget()
		for _, f := range p.maps[p.typ].Fields {
			t.see(f.Name, seen{Author: ""}) // what is new says nothing but what was written
		}
		for _, l := range ch.Links {
			t.Links = append(t.Links, linkID(l))
		}
	}
	t.ID = o.ID
	t.confirm(ch.Fields, o.Values, p.same, p.tx.Now.UnixMilli())
	if p.schema.Unique != "" && ch.ID == "" {
		t.see(p.schema.Unique, seen{t.Key, p.tx.Now.UnixMilli(), "us"})
	}
	if t.State != Retired {
		t.State, t.Reason = Live, ""
	}
	if ch.ID == "" {
		return done, p.rejoin(t)
	}
	return done, p.oweLinks(t)
}

// rejoin lets the records that are joined to one be looked at again: it came, went or
// came back.
func (p *pass) rejoin(t *target) error {
	if err := store(p.tx, p.c, t); err != nil {
		return err
	}
	subjects, err := p.subjects([]string{t.Key})
	if err != nil {
		return err
	}
	if err := p.m.wakeLinked(p.tx, p.c, p.maps, p.typ, subjects[t.Key], "", ""); err != nil {
		return err
	}
	return p.oweLinks(t)
}

func (p *pass) oweLinks(t *target) error {
	if t.State != Live {
		return nil
	}
	return outbox.Owe(p.tx, p.m.linkDebt(p.c, p.maps, t))
}

// refused says where a row stands whose change was not made. Where the same change was
// refused alike before, looking at the record that is named has not helped: a person must.
func (p *pass) refused(t *target, row outbox.Row, ch connect.Change, e *connect.Error, before bool) (outbox.Settled, error) {
	again := outbox.AgainAt(row, later(outbox.Backoff(row, p.tx.Now), p.tx.Now.Add(e.After)))
	switch {
	case before && (e.Existing != "" || e.MergedTo != ""):
		t.wait(Refused, "the same change was refused twice: "+e.Msg)
		twice := *e
		twice.Cure = "Look at record " + e.Existing + e.MergedTo + " there; then retry."
		return outbox.Settled{Row: row, What: outbox.Stuck, Item: p.m.item(p.c, t, "write again", &twice)}, nil
	case e.Existing != "":
		t.Existing, t.Collided = e.Existing, e.Field
		t.wait(t.State, fmt.Sprintf("record %s is there already; it is read first", e.Existing))
		return outbox.AgainAt(row, p.tx.Now.Add(10*time.Second)), p.m.oweRead(p.tx, p.c, p.typ, e.Existing, t.Key)
	case e.MergedTo != "":
		if err := p.mergedInto(t, e.MergedTo); err != nil {
			return again, err
		}
		return outbox.AgainAt(row, p.tx.Now.Add(10*time.Second)), p.m.oweRead(p.tx, p.c, p.typ, e.MergedTo, t.Key)
	case e.Gone && ch.ID != "":
		t.wait(Gone, "somebody deleted it there")
		return outbox.Settled{Row: row, What: outbox.Stuck, Item: p.m.goneItem(p.c, t)}, p.rejoin(t)
	case e.Class == connect.Human:
		t.wait(Refused, e.Msg)
		return outbox.Settled{Row: row, What: outbox.Stuck, Item: p.m.item(p.c, t, "write", e)}, nil
	}
	t.Reason = e.Msg
	return again, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// item describes a refusal for people. Refusals of one code and field share a cause.
func (m *Mirror) item(c tenant.Connection, t *target, what string, e *connect.Error) *errorqueue.Item {
	field := ""
	if e.Field != "" {
		field = " of field " + e.Field
	}
	cure := e.Cure
	if cure == "" {
		cure = "Correct the value where it comes from, or the mapping; then retry."
	}
	return &errorqueue.Item{Location: c.Location, Kind: errorqueue.Record, Ref: c.Name + "/" + recordName(t.Type, t.Key),
		Cause: fmt.Sprintf("%s %s %s %s %s", c.Name, what, t.Type, e.Code, e.Field),
		Title: fmt.Sprintf("%s refuses a %s%s: %s", c.Name, t.Type, field, e.Msg), Cure: cure, Detail: e.Error()}
}

func (m *Mirror) goneItem(c tenant.Connection, t *target) *errorqueue.Item {
	return &errorqueue.Item{Location: c.Location, Kind: errorqueue.Record, Ref: c.Name + "/" + recordName(t.Type, t.Key),
		Cause: c.Name + ": a " + t.Type + " was deleted there", Title: "Somebody deleted a " + t.Type + " in " + c.Name,
		Cure: "Retry to make it again, or skip to leave it deleted.", Detail: "record " + t.ID}
}

// decideWrite writes down what asking found of changes whose outcome was not known.
func (m *Mirror) decideWrite(tx *db.Tx, c tenant.Connection, call outbox.Call, r request, res outbox.Result) (list []outbox.Settled, err error) {
	p, _, err := m.newPass(tx, c, r.Type)
	if err != nil {
		return nil, err
	}
	found, _ := res.Answer.(map[string]connect.Record)
	targets, err := p.carried(call)
	if err != nil {
		return nil, err
	}
	for i, row := range call.Rows {
		_, _, key := split(row.Record)
		t := targets[key]
		if t == nil || t.open(call.ID) == nil {
			continue // settled before, or on its way again
		}
		t.open(call.ID).Until = tx.Now.UnixMilli()
		rec, ok := found[row.Record]
		s, err := p.decide(t, row, r.Changes[i], rec, ok)
		if err != nil {
			return nil, err
		}
		if err := store(tx, c, t); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// decide compares one record with what was being written. The row is taken up again:
// what differs still is written then, and where nothing was carried out, the later the
// more often it was tried.
func (p *pass) decide(t *target, row outbox.Row, ch connect.Change, rec connect.Record, ok bool) (outbox.Settled, error) {
	again, undone := outbox.AgainAt(row, p.tx.Now), outbox.AgainAt(row, outbox.Backoff(row, p.tx.Now))
	switch {
	case !ok && ch.ID == "":
		t.Reason = "the last try did not make it"
		return undone, nil
	case rec.MergedTo != "":
		if err := p.mergedInto(t, rec.MergedTo); err != nil {
			return again, err
		}
		return again, p.m.oweRead(p.tx, p.c, p.typ, rec.MergedTo, t.Key)
	case !ok || rec.Archived:
		t.wait(Gone, "somebody deleted it there")
		return outbox.Settled{Row: row, What: outbox.Stuck, Item: p.m.goneItem(p.c, t)}, p.rejoin(t)
	}
	now := p.tx.Now.UnixMilli()
	sent := map[string]string{}
	for f, v := range ch.Fields {
		had, known := t.Observed[f]
		switch {
		case p.same(f, v, rec.Fields[f]):
			sent[f] = v
		case known && had.Value == rec.Fields[f]: // it was not carried out, and nobody has said anything since
		case !known && rec.Fields[f] == "":
			t.see(f, seen{})
		default:
			t.see(f, seen{Value: rec.Fields[f], At: now})
		}
	}
	t.confirm(sent, rec.Fields, p.same, now)
	if ch.ID == "" {
		t.ID, t.State, t.Reason = rec.ID, Live, ""
		if p.schema.Unique != "" {
			t.see(p.schema.Unique, seen{t.Key, now, "us"})
		}
		return again, p.rejoin(t)
	}
	if len(sent) == 0 && len(ch.Fields) > 0 {
		return undone, nil
	}
	return again, nil
}
