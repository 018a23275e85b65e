package mirror

import (
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// associateBatch is how many associations one attempt makes.
const associateBatch = 100

// linkedAtOnce is how many records that are joined to one are looked at in one
// transaction.
const linkedAtOnce = 15

func linkID(l connect.Association) string { return l.ToType + "/" + l.ToID + "/" + l.Role }

// lacking are the associations that were not made yet.
func lacking(t *target, links []connect.Association) (out []connect.Association) {
	for _, l := range links {
		if !slices.Contains(t.Links, linkID(l)) {
			out = append(out, l)
		}
	}
	return out
}

// surplus are the associations that we made and that are wanted no more, as they are to
// be taken away: the role and, with the last of two records, what joins them at all.
func surplus(t *target, links []connect.Association) (out []connect.Association) {
	for _, id := range t.Links {
		typ, rest, _ := strings.Cut(id, "/")
		to, role, _ := strings.Cut(rest, "/")
		joined := slices.ContainsFunc(links, func(l connect.Association) bool { return l.ToType == typ && l.ToID == to })
		if joined && (role == "" || slices.ContainsFunc(links, func(l connect.Association) bool { return linkID(l) == id })) {
			continue
		}
		off := connect.Association{ToType: typ, ToID: to, Role: role, Off: true}
		out = append(out, off)
		if off.Role = ""; !joined && !slices.Contains(out, off) {
			out = append(out, off)
		}
	}
	return out
}

// links finds the records that t is to be joined to. Those that are not there are
// missing, by name; soon says that one of them is about to be made.
func (p *pass) links(t *target, w *wanted) (links []connect.Association, missing []string, soon bool, err error) {
	for _, l := range w.Links {
		to, wanted, err := p.linkTarget(l)
		if err != nil {
			return nil, nil, false, err
		}
		switch {
		case to != nil && to.ID != "" && to.State != Gone && to.State != Retired:
			links = append(links, connect.Association{ToType: l.Type, ToID: to.ID, Role: l.Role})
		case wanted: // one that is wanted nowhere never comes
			missing = append(missing, l.Type+" "+l.Subject)
			soon = soon || to != nil && to.State == Owed
		}
	}
	return links, missing, soon, nil
}

// linkTarget finds the record that stands for what a link names, and whether one is
// wanted.
func (p *pass) linkTarget(l link) (*target, bool, error) {
	m := p.maps[l.Type]
	if m == nil {
		return nil, false, nil
	}
	subject := l.Subject
	if m.For == plumbline.Customer || m.For == plumbline.Job {
		now, err := record.Resolve(p.tx, p.c.Location, []string{subject})
		if err != nil {
			return nil, false, err
		}
		subject = string(now[plumbline.SourceID(subject)])
	}
	list, err := targetsOf(p.tx, p.c, m.For, l.Type, subject)
	if err != nil {
		return nil, false, err
	}
	docs, err := storedDesired(p.tx, p.c, l.Type, []string{subject})
	if err != nil {
		return nil, false, err
	}
	if len(list) == 0 && docs[subject] == "" && m.For == plumbline.Customer && m.When == nil {
		to, err := p.theirs(l.Type, subject)
		return to, false, err
	}
	return p.main(list, subject), docs[subject] != "", nil
}

// theirs is the record of somebody whom only the target knows: it is not ours to write,
// and others may be joined to it.
func (p *pass) theirs(typ, subject string) (*target, error) {
	if p.m.Stream == nil || p.m.Stream(p.c.Tool, typ) == "" {
		return nil, nil
	}
	rows, _, err := p.there(subject)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &target{Type: typ, Key: subject, ID: rows[0].External, State: Live}, nil
}

// prepareLinks makes the associations that lack, once their records are there, and
// takes away what we made and is wanted no more.
func (m *Mirror) prepareLinks(tx *db.Tx, c tenant.Connection, typ string, rows []outbox.Row) (calls []outbox.Call, settled []outbox.Settled, err error) {
	p, ok, err := m.newPass(tx, c, typ)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return m.awaitSchema(tx, c, rows)
	}
	var batch []connect.Association
	var carries []outbox.Row
	flush := func() {
		if len(carries) > 0 {
			calls = append(calls, outbox.NewCall(tx, m.budget(c, useAssociate), request{Do: "associate", Type: typ, Links: batch}, carries...))
		}
		batch, carries = nil, nil
	}
	for _, r := range rows {
		lack, err := p.unlike(r)
		if err != nil {
			return nil, nil, err
		}
		if len(lack) == 0 {
			settled = append(settled, outbox.Settled{Row: r, What: outbox.Done})
			continue
		}
		batch, carries = append(batch, lack...), append(carries, r)
		if len(batch) >= associateBatch {
			flush()
		}
	}
	flush()
	return calls, settled, nil
}

// unlike are the associations of a row's record that are not as they should be.
func (p *pass) unlike(r outbox.Row) ([]connect.Association, error) {
	_, _, key := split(r.Record)
	targets, err := loadTargets(p.tx, p.c, p.typ, []string{key})
	if err != nil {
		return nil, err
	}
	subjects, err := p.subjects([]string{key})
	if err != nil {
		return nil, err
	}
	wants, err := p.wanted([]string{subjects[key]})
	if err != nil {
		return nil, err
	}
	t, w := targets[key], wants[subjects[key]]
	if t == nil || w == nil || t.ID == "" || t.State != Live {
		return nil, nil
	}
	links, _, _, err := p.links(t, w)
	if err != nil {
		return nil, err
	}
	lack := append(surplus(t, links), lacking(t, links)...)
	for i := range lack {
		lack[i].Ref, lack[i].FromType, lack[i].FromID = r.Record, p.typ, t.ID
	}
	return lack, nil
}

// settleLinks notes which associations were made or taken away. One that was refused is shown; a
// record that is gone is found out when it is written.
func (m *Mirror) settleLinks(tx *db.Tx, c tenant.Connection, call outbox.Call, r request, res outbox.Result) (list []outbox.Settled, err error) {
	p := &pass{m: m, tx: tx, c: c, typ: r.Type}
	targets, err := p.carried(call)
	if err != nil {
		return nil, err
	}
	outcomes, _ := res.Answer.([]connect.Outcome)
	for _, row := range call.Rows {
		_, _, key := split(row.Record)
		t := targets[key]
		if t == nil {
			list = append(list, outbox.Settled{Row: row, What: outbox.Done})
			continue
		}
		bad := res.Err
		for i, l := range r.Links {
			switch {
			case l.Ref != row.Record || res.Err != nil:
			case i < len(outcomes) && outcomes[i].Err == nil && l.Off:
				t.Links = slices.DeleteFunc(t.Links, func(id string) bool { return id == linkID(l) })
			case i < len(outcomes) && outcomes[i].Err == nil:
				if !slices.Contains(t.Links, linkID(l)) {
					t.Links = append(t.Links, linkID(l))
				}
			case i < len(outcomes):
				bad = outcomes[i].Err
			default:
				bad = &connect.Error{Class: connect.Retry, Code: "not_told", Msg: "the tool does not say what became of it"}
			}
		}
		if err := store(tx, c, t); err != nil {
			return nil, err
		}
		list = append(list, m.linkSettled(tx, c, t, row, bad))
	}
	return list, nil
}

func (m *Mirror) linkSettled(tx *db.Tx, c tenant.Connection, t *target, row outbox.Row, bad *connect.Error) outbox.Settled {
	switch {
	case bad == nil || bad.Gone:
		return outbox.Settled{Row: row, What: outbox.Done}
	case bad.Class == connect.Human:
		item := m.item(c, t, "associate", bad)
		item.Ref = c.Name + "/" + row.Record
		return outbox.Settled{Row: row, What: outbox.Stuck, Item: item}
	}
	return outbox.AgainAt(row, later(outbox.Backoff(row, tx.Now), tx.Now.Add(bad.After)))
}

// wakeLinked looks again at the records that are joined to a subject's, page by page
// from the one after (afterType, after).
func (m *Mirror) wakeLinked(tx *db.Tx, c tenant.Connection, maps mappings, typ, subject, afterType, after string) error {
	list, err := linkedTo(tx, c, typ, subject, afterType, after)
	if err != nil {
		return err
	}
	for _, f := range list {
		if maps[f.Type] == nil {
			continue
		}
		targets, err := targetsOf(tx, c, maps[f.Type].For, f.Type, f.Subject)
		if err != nil {
			return err
		}
		for _, t := range targets {
			d := m.recordDebt(c, maps, t)
			switch {
			case t.ID != "":
				d = m.linkDebt(c, maps, t)
			case !strings.HasPrefix(t.State, "waiting"):
				continue // owed as it is
			}
			if err := outbox.Owe(tx, d); err != nil {
				return err
			}
		}
	}
	if len(list) < linkedAtOnce {
		return nil
	}
	last := list[len(list)-1]
	return outbox.Owe(tx, linkedDebt(c, typ, subject, last.Type, last.Subject))
}

func linkedDebt(c tenant.Connection, typ, subject, afterType, after string) outbox.Debt {
	return debt(c, "linked", strings.Join([]string{"linked", typ, subject, afterType, after}, "/"))
}

// rejoinSoon owes what rejoin does: many that went or came back are read in one
// transaction.
func (p *pass) rejoinSoon(t *target) error {
	subjects, err := p.subjects([]string{t.Key})
	if err != nil {
		return err
	}
	return outbox.Owe(p.tx, linkedDebt(p.c, p.typ, subjects[t.Key], "", ""))
}

func linkedTo(tx *db.Tx, c tenant.Connection, typ, subject, afterType, after string) (list []link, err error) {
	rows, err := tx.Query(selectLinked, c.Location, c.Name, typ, subject, afterType, after, linkedAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f link
		if err := rows.Scan(&f.Type, &f.Subject); err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, rows.Err()
}

// linkedOn goes on where wakeLinked has left off.
func (m *Mirror) linkedOn(tx *db.Tx, c tenant.Connection, rows []outbox.Row) ([]outbox.Call, []outbox.Settled, error) {
	pb, _, err := m.Policy(c.Location)
	if err != nil {
		return nil, nil, err
	}
	x := strings.Split(rows[0].Record, "/")
	if len(x) == 5 {
		err = m.wakeLinked(tx, c, pb.Mapping[c.Tool], x[1], x[2], x[3], x[4])
	}
	return nil, []outbox.Settled{{Row: rows[0], What: outbox.Done}}, err
}

// wakeOn looks again at the next records that wait, page by page.
func (m *Mirror) wakeOn(tx *db.Tx, c tenant.Connection, row outbox.Row) ([]outbox.Call, []outbox.Settled, error) {
	pb, _, err := m.Policy(c.Location)
	if err != nil {
		return nil, nil, err
	}
	maps := mappings(pb.Mapping[c.Tool])
	at, err := loadPoll(tx, c, "wake")
	if err != nil {
		return nil, nil, err
	}
	typ, key, _ := strings.Cut(at.Next, "/")
	list, err := scanTargets(tx, selectWaiting, c.Location, c.Name, typ, key, at.Through, atOnce)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range list {
		if err := outbox.Owe(tx, m.recordDebt(c, maps, t)); err != nil {
			return nil, nil, err
		}
		at.Next = t.Type + "/" + t.Key
	}
	if len(list) < atOnce {
		at.Next = ""
		return nil, []outbox.Settled{{Row: row, What: outbox.Done}}, storePoll(tx, c, "wake", at)
	}
	return nil, []outbox.Settled{outbox.AgainAt(row, tx.Now)}, storePoll(tx, c, "wake", at)
}

// wake owes looking at what waits, if anything does, up to an instant that was read
// through.
func (m *Mirror) wake(tx *db.Tx, c tenant.Connection, through time.Time) error {
	at, err := loadPoll(tx, c, "wake")
	if err != nil {
		return err
	}
	first, err := scanTargets(tx, selectWaiting, c.Location, c.Name, "", "", max(at.Through, through.UnixMilli()), 1)
	if err != nil || len(first) == 0 {
		return err
	}
	at.Next, at.Through = "", max(at.Through, through.UnixMilli())
	if err := storePoll(tx, c, "wake", at); err != nil {
		return err
	}
	return outbox.Owe(tx, debt(c, "wake", "wake/waiting"))
}
