package mirror

import (
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// unseen says whether a record must wait until what stands at the target, and what changed
// there until the record was owed, has been read.
func (p *pass) unseen(t *target) (waits bool, err error) {
	switch {
	case !p.poll.Complete:
		t.wait(WaitingAdoption, "it waits until all that stands at "+p.c.Name+" has been read once")
		return true, nil
	case p.poll.Through < t.Owed:
		if t.State != WaitingPoll {
			err = p.hurry(t)
		}
		t.wait(WaitingPoll, "it waits until what changed at "+p.c.Name+" meanwhile has been read")
		return true, err
	}
	return false, nil
}

// adopt finds the record that others created for the subject, before one is made.
// It is ready when t has a record, or when one may be made.
func (p *pass) adopt(t *target, subject string, all []*target, v *verdict) (ready bool, err error) {
	rows, ids, err := p.there(subject)
	if err != nil {
		return false, err
	}
	if t.ID != "" {
		if err := p.detach(t, subject, v); err != nil {
			return false, err
		}
	}
	if t.ID == "" {
		// What people wrote there until it was owed must be known, also where there is a
		// record to adopt: what they wrote would be written over.
		if waits, err := p.unseen(t); err != nil || waits {
			return false, err
		}
		if len(rows) > 0 {
			if err := p.take(t, rows[0].External); err != nil {
				return false, err
			}
		}
	}
	if t.ID != "" {
		return true, p.retireOthers(t, rows, all, v)
	}
	who, err := p.undecided(ids)
	if who != "" {
		t.wait(WaitingCandidate, "record "+who+" at "+p.c.Name+" may be the same; a person must decide")
	}
	return who == "", err
}

// take makes the target's record id the one of t, with what was last read of it.
func (p *pass) take(t *target, id string) error {
	t.State, t.Reason = Live, "adopted"
	if err := p.know(t, id); err != nil {
		return err
	}
	return p.rejoin(t)
}

// know gives t the target's record id as it was last read. Where that was never, it
// is read before its fields are compared.
func (p *pass) know(t *target, id string) error {
	t.forget()
	t.ID, t.Existing, t.Collided = id, "", ""
	o, ok, err := p.lastRead(id)
	if err != nil || !ok {
		return err
	}
	for name, f := range o.Fields {
		t.see(name, seen{f.Value, msOf(f.At), f.Author})
	}
	return nil
}

// lastRead is what was last read of a record of the target, if it ever was.
func (p *pass) lastRead(id string) (o Observation, ok bool, err error) {
	object := id
	if p.kind() != plumbline.Customer {
		object = p.typ + ":" + id
	}
	last, ok, err := inbox.Answered(p.tx, p.c.Location, p.c.Name, object)
	if err != nil || !ok {
		return o, false, err
	}
	o, err = p.m.Observe(p.c, last)
	return o, err == nil && o.Type == p.typ && o.ID == id, nil // one that cannot be read is shown where it is applied
}

func msOf(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMilli()
}

// sourceOf names the source record of a record of the target.
func (p *pass) sourceOf(id string) plumbline.SourceID {
	return plumbline.NewSourceID(p.c.Location, p.c.Name, plumbline.Customer, id)
}

// detach lets go of a record of which a person has said that it is somebody else's,
// although it bears our key.
func (p *pass) detach(t *target, subject string, v *verdict) error {
	sid := p.sourceOf(t.ID)
	rows, err := record.Load(p.tx, p.c.Location, []string{string(sid)})
	if err != nil || len(rows) == 0 {
		return err
	}
	if r := rows[0]; r.Text("key") != t.Key || string(r.Golden) == subject || string(sid) == t.Key || r.Deleted() {
		return nil
	}
	other := &target{Type: p.typ, Key: string(sid), ID: t.ID, State: Retired, Owed: p.tx.Now.UnixMilli(),
		Reason: "a person said that it is somebody else's", targetDoc: targetDoc{Observed: t.Observed}}
	if p.schema.Unique != "" {
		other.Observed[p.schema.Unique] = seen{t.Key, 0, plumbline.ByUs}
	}
	t.forget()
	t.ID, t.Owed = "", p.tx.Now.UnixMilli()
	v.store = append(v.store, other)
	return outbox.Owe(p.tx, p.m.recordDebt(p.c, p.maps, other))
}

// retireOthers retires the subject's other records of the target, and offers to
// merge them to a person.
func (p *pass) retireOthers(t *target, rows []*record.Row, all []*target, v *verdict) error {
	if err := errorqueue.Close(p.tx, p.c.Location, errorqueue.Record, mergeRef(p.c, p.typ, t.ID), "done", "it stands for a customer of its own"); err != nil {
		return err
	}
	for _, r := range rows {
		if r.External == t.ID {
			continue
		}
		if !slices.ContainsFunc(all, func(o *target) bool { return o.ID == r.External }) {
			other := &target{Type: p.typ, Key: string(r.ID), ID: r.External, State: Retired, Owed: p.tx.Now.UnixMilli(), Reason: "another record stands for its subject"}
			if p.schema.Unique != "" {
				other.see(p.schema.Unique, seen{Value: r.Text("key")})
			}
			v.store = append(v.store, other)
		}
		if err := p.offerMerge(t, r.External); err != nil {
			return err
		}
	}
	for _, o := range all {
		if o.Key != t.Key && o.ID != "" && o.ID != t.ID && o.State == Live {
			if err := p.offerMerge(t, o.ID); err != nil {
				return err
			}
			if p.taken[o.Key] {
				continue // it is being looked at in this same transaction
			}
			if err := outbox.Owe(p.tx, p.m.recordDebt(p.c, p.maps, o)); err != nil {
				return err
			}
		}
	}
	return nil
}

func mergeRef(c tenant.Connection, typ, id string) string {
	return strings.Join([]string{c.Name, "merge", typ, id}, "/")
}

// offerMerge shows two records of one customer, until a person has skipped it.
func (p *pass) offerMerge(t *target, id string) error {
	ref := mergeRef(p.c, p.typ, id)
	had, err := errorqueue.Get(p.tx, p.c.Location, errorqueue.Record, ref)
	if err == nil && had.State != "done" || err != nil && plumbline.KindOf(err) != plumbline.NotFound {
		return err // it is shown, or a person has skipped it
	}
	return errorqueue.Open(p.tx, errorqueue.Item{Location: p.c.Location, Kind: errorqueue.Record, Ref: ref,
		Cause: p.c.Name + ": two records of one customer", Title: p.c.Name + " has two records of one customer",
		Cure:   "Merge them there, or say on the review list that they are two people.",
		Detail: "records " + t.ID + " (kept true) and " + id})
}

// mergedInto follows a record into which others merged ours. One that another target
// record stands for already is let go and shown.
func (p *pass) mergedInto(t *target, id string) error {
	had, err := targetsByID(p.tx, p.c, p.typ, id)
	if err != nil {
		return err
	}
	if err := errorqueue.Close(p.tx, p.c.Location, errorqueue.Record, mergeRef(p.c, p.typ, t.ID), "done", "it was merged there"); err != nil {
		return err
	}
	t.forget()
	if other := standing(t, had); other != nil {
		t.wait(Gone, "it was merged there into record "+id+", which stands for another")
		if same, err := p.sameSubject(t.Key, other.Key); err != nil || same {
			t.wait(Retired, "it was merged into the record of the same subject")
			t.ID = ""
			return err
		}
		return errorqueue.Open(p.tx, *p.m.goneItem(p.c, t))
	}
	t.ID = id
	if t.State != Retired {
		t.State, t.Reason = Live, "it was merged there; its new id is known"
	}
	return nil
}

// standing is the one of some target records that stands for its subject, if it is
// another than t.
func standing(t *target, list []*target) *target {
	i := slices.IndexFunc(list, func(o *target) bool { return o.Key != t.Key && o.State != Gone && o.State != Retired })
	if i < 0 {
		return nil
	}
	return list[i]
}

func (p *pass) sameSubject(a, b string) (bool, error) {
	s, err := p.subjects([]string{a, b})
	return s[a] == s[b], err
}

// Retry lets what waits for a person be tried again. A record that was deleted there
// is made again: the person has said so. Ref is of the error queue.
func (m *Mirror) Retry(tx *db.Tx, location, ref string) (err error) {
	defer plumbline.Wrap(&err, "retry %s", ref)

	name, rec, _ := strings.Cut(ref, "/")
	c, err := tenant.Get(tx, location, name)
	if err != nil {
		return err
	}
	what, typ, key := split(rec)
	pb, _, err := m.Policy(location)
	if err != nil {
		return err
	}
	maps := mappings(pb.Mapping[c.Tool])
	k := outbox.Key{Location: location, Connection: name, Room: Room, Record: rec}
	if what == "merge" {
		return m.retryMerge(tx, c, maps, typ, key)
	}
	if what != "record" {
		return outbox.Retry(tx, k)
	}
	list, err := loadTargets(tx, c, typ, []string{key})
	if err != nil {
		return err
	}
	t := list[key]
	if t == nil {
		return m.ensure(tx, c, maps, owing{typ: typ, subject: key, wanted: true})
	}
	if t.State == Gone {
		t.forget()
		t.ID, t.State, t.Reason, t.Owed = "", Owed, "a person wants it made again", tx.Now.UnixMilli()
		if err := store(tx, c, t); err != nil {
			return err
		}
	}
	if err := outbox.Owe(tx, debt(c, "describe", "describe/schema")); err != nil {
		return err // what stood in the way may have been mended there
	}
	return outbox.Owe(tx, m.recordDebt(c, maps, t))
}

func (m *Mirror) retryMerge(tx *db.Tx, c tenant.Connection, maps mappings, typ, id string) error {
	list, err := targetsByID(tx, c, typ, id)
	for _, t := range list {
		if err == nil {
			err = outbox.Owe(tx, m.recordDebt(c, maps, t))
		}
	}
	return err
}
