package mirror

import (
	"database/sql"
	"errors"
	"slices"
	"time"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/tenant"
)

const (
	// sweepEvery is from the beginning of one round over all records to that of the next.
	sweepEvery = 12 * time.Hour
	// judgedAtOnce bounds the records that are judged in one transaction.
	judgedAtOnce = readBatch / 2
)

// Modes of a round.
const (
	keepRound  = "keep"  // what is found is judged as polls do, and written or taken over
	planRound  = "plan"  // what is found is listed, and nothing else
	applyRound = "apply" // what a plan lists is read again and, where it is as listed, judged
)

// A round reads every record of a connection once: those that were verified before it
// began, the least recently first. Where it stands follows from the records themselves,
// so that it survives its node.
type round struct {
	Mode    string `json:"m,omitempty"`
	Begun   int64  `json:"b,omitempty"` // ms UTC
	Ended   int64  `json:"-"`           // 0: it is under way
	Records int64  `json:"-"`           // to be read when it began; -1: it has not begun yet
	Calls   int64  `json:"-"`
}

// over says whether there is no round under way.
func (r round) over() bool { return r.Begun == 0 || r.Ended != 0 }

// next is when the next round begins, if none is asked for before.
func (r round) next() time.Time { return time.UnixMilli(r.Begun).Add(sweepEvery) }

func loadRound(tx *db.Tx, c tenant.Connection) (r round, err error) {
	err = tx.QueryRow(selectSweep, c.Location, c.Name).Scan(&r.Mode, &r.Begun, &r.Ended, &r.Records, &r.Calls)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return r, err
}

func storeRound(tx *db.Tx, c tenant.Connection, r round) error {
	_, err := tx.Exec(upsertSweep, c.Location, c.Name, r.Mode, r.Begun, r.Ended, r.Records, r.Calls)
	return err
}

func sweepDebt(c tenant.Connection) outbox.Debt {
	d := debt(c, "sweep", "sweep/records")
	d.Class = outbox.Sweep
	return d
}

// oweSweep owes the rounds of a connection. One that is owed already stays as it is.
func (m *Mirror) oweSweep(tx *db.Tx, c tenant.Connection) error {
	if m.Fetch == nil {
		return nil
	}
	r, err := loadRound(tx, c)
	if err != nil {
		return err
	}
	if r.Begun == 0 {
		r = round{Begun: tx.Now.UnixMilli(), Ended: tx.Now.UnixMilli()} // the first comes after the time of one
		if err := storeRound(tx, c, r); err != nil {
			return err
		}
	}
	d := sweepDebt(c)
	if d.Due = r.next(); !r.over() {
		d.Due = tx.Now
	}
	return outbox.Owe(tx, d)
}

// prepareSweep reads the next records of the round under way, or begins one when it is
// time. While a connection is not on, nothing goes on but making a plan.
func (m *Mirror) prepareSweep(tx *db.Tx, c tenant.Connection, row outbox.Row) (calls []outbox.Call, settled []outbox.Settled, err error) {
	wait := func(at time.Time) ([]outbox.Call, []outbox.Settled, error) {
		return nil, []outbox.Settled{outbox.AgainAt(row, at)}, nil
	}
	r, err := loadRound(tx, c)
	if err != nil {
		return nil, nil, err
	}
	if r.over() && tx.Now.Before(r.next()) {
		return wait(r.next())
	}
	if c.Mode != tenant.On && (r.over() || r.Mode != planRound) {
		return wait(tx.Now.Add(sweepEvery))
	}
	if r.over() {
		r = round{Mode: keepRound, Begun: tx.Now.UnixMilli(), Records: -1}
	}
	if r.Records < 0 {
		if begun, err := m.beginRound(tx, c, &r); err != nil || !begun {
			return nil, []outbox.Settled{outbox.AgainAt(row, tx.Now)}, err
		}
	}
	typ, ids, err := m.unverified(tx, c, r)
	if err != nil {
		return nil, nil, err
	}
	if len(ids) == 0 {
		r.Ended = tx.Now.UnixMilli()
		_, settled, err = wait(r.next())
		return nil, settled, errors.Join(err, storeRound(tx, c, r))
	}
	if _, ok, err := m.schemaOf(tx, c); err != nil || !ok {
		_, settled, err := m.awaitSchema(tx, c, []outbox.Row{row})
		return nil, settled, err
	}
	call := outbox.NewCall(tx, m.budget(c, useRead), request{Do: "sweep", Type: typ, IDs: ids, Round: r}, row)
	call.Within = 40 * time.Second
	return []outbox.Call{call}, nil, storeRound(tx, c, r)
}

// beginRound takes away the plan of the round before, page by page, and counts what is to
// be read. It is false while there is more to take away.
func (m *Mirror) beginRound(tx *db.Tx, c tenant.Connection, r *round) (begun bool, err error) {
	n, err := tx.Exec(deletePlan, c.Location, c.Name, atOnce)
	if err != nil {
		return false, err
	}
	if n < atOnce {
		list, err := verified(tx, c, *r)
		if err != nil {
			return false, err
		}
		r.Records = 0
		for _, v := range list {
			r.Records += v.left
		}
	}
	return n < atOnce, storeRound(tx, c, *r)
}

// A progress is how far a round has come with the records of a type.
type progress struct {
	typ         string
	all, left   int64
	leastRecent int64 // ms UTC
}

func verified(tx *db.Tx, c tenant.Connection, r round) (list []progress, err error) {
	rows, err := tx.Query(selectVerified, c.Location, c.Name, r.Begun)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p progress
		if err := rows.Scan(&p.typ, &p.all, &p.left, &p.leastRecent); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

// unverified are the records that a round reads next, of one type.
func (m *Mirror) unverified(tx *db.Tx, c tenant.Connection, r round) (typ string, ids []string, err error) {
	if r.Mode == applyRound {
		list, err := scanPlan(tx, selectPlanned, c.Location, c.Name, judgedAtOnce)
		for _, x := range list {
			typ, ids = x.Type, append(ids, x.ID)
		}
		return typ, ids, err
	}
	pb, _, err := m.Policy(c.Location)
	if err != nil {
		return "", nil, err
	}
	maps := mappings(pb.Mapping[c.Tool])
	for _, typ := range maps.inOrder() {
		if ids, err = column(tx, selectUnverified, c.Location, c.Name, typ, r.Begun, readBatch); err != nil || len(ids) > 0 {
			slices.Sort(ids)
			return typ, slices.Compact(ids), err
		}
	}
	return "", nil, nil
}

func column(tx *db.Tx, query string, args ...any) (list []string, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, rows.Err()
}

// settleSweep judges what was read, and notes that it was. Cut off before, it is read
// again.
func (m *Mirror) settleSweep(tx *db.Tx, c tenant.Connection, call outbox.Call, r request, res outbox.Result) ([]outbox.Settled, error) {
	row := call.Rows[0]
	if res.Err != nil {
		return []outbox.Settled{m.lookupFailed(tx, c, row, res.Err)}, nil
	}
	s, err := m.newSweeping(tx, c, call, r, res)
	if err != nil {
		return nil, err
	}
	judge := map[string]func(*sweeping) error{keepRound: (*sweeping).keep, planRound: (*sweeping).plan, applyRound: (*sweeping).apply}[r.Round.Mode]
	if err := judge(s); err != nil {
		return nil, err
	}
	at := max(call.Started.UnixMilli(), r.Round.Begun) // clocks of nodes differ
	read := slices.DeleteFunc(r.IDs, func(id string) bool { return s.later[id] })
	if _, err := tx.Exec(updateVerified(tx), c.Location, c.Name, r.Type, db.JSON(read), at); err != nil {
		return nil, err
	}
	now, err := loadRound(tx, c)
	if err != nil {
		return nil, err
	}
	if now.Begun == r.Round.Begun {
		now.Calls++
		if err := storeRound(tx, c, now); err != nil {
			return nil, err
		}
	}
	// owed anew and not put off, so that its tries begin anew
	return []outbox.Settled{{Row: row, What: outbox.Done}}, outbox.Owe(tx, sweepDebt(c))
}

// A sweeping is the answer to one call of a round.
type sweeping struct {
	*pass
	call    outbox.Call
	targets map[string][]*target // by the target's id
	told    []told
	mapped  map[string]bool // fields of the type
	later   map[string]bool // records that are to be read again
}

// A told is an answer with what it says; wrong where it cannot be read.
type told struct {
	answer connect.Answer
	says   Observation
	wrong  error
}

func (m *Mirror) newSweeping(tx *db.Tx, c tenant.Connection, call outbox.Call, r request, res outbox.Result) (*sweeping, error) {
	p, _, err := m.newPass(tx, c, r.Type)
	if err != nil {
		return nil, err
	}
	s := &sweeping{pass: p, call: call, targets: map[string][]*target{}, mapped: map[string]bool{}, later: map[string]bool{}}
	if m := p.maps[r.Type]; m != nil {
		for _, f := range m.Fields {
			s.mapped[f.Name] = true
		}
	}
	answers, _ := res.Answer.([]connect.Answer)
	ids := slices.Clone(r.IDs)
	for _, a := range answers {
		_, o, err := m.read(tx, c, call, a)
		s.told = append(s.told, told{a, o, err})
		ids = append(ids, o.ID)
	}
	list, err := targetsByID(tx, c, r.Type, ids...)
	for _, t := range list {
		s.targets[t.ID] = append(s.targets[t.ID], t)
	}
	return s, err
}

// keep judges, as polls do, the answers that say anything else than was believed, and owes
// what should have been written. What is too much for one transaction is read again.
func (s *sweeping) keep() error {
	var news []connect.Answer
	var same []*target
	for _, a := range s.told {
		ts := s.targets[a.says.ID]
		if a.wrong != nil || len(ts) == 0 || slices.ContainsFunc(ts, func(t *target) bool { return s.differs(t, a.says) }) {
			if len(news) == judgedAtOnce {
				s.later[a.says.ID] = true
				continue
			}
			news = append(news, a.answer)
			continue
		}
		same = append(same, ts...)
	}
	if _, err := s.m.keep(s.tx, s.c, s.call, news); err != nil {
		return err
	}
	lost, err := s.unwritten(same)
	if err != nil {
		return err
	}
	return s.owe(lost)
}

// owe notes what should have been written, and owes it.
func (s *sweeping) owe(lost []Found) error {
	var debts []outbox.Debt
	for _, x := range lost {
		debts = append(debts, s.m.recordDebt(s.c, s.maps, &target{Type: x.Type, Key: x.Key}))
	}
	return errors.Join(s.note(lost), outbox.Owe(s.tx, debts...))
}

// differs says whether an answer tells anything of a record that is not known. What is
// neither mapped nor said by anybody, such as when it was last changed, is nothing.
func (s *sweeping) differs(t *target, o Observation) bool {
	gone := o.Archived || o.MergedTo != ""
	if gone || t.State == Gone {
		return gone != (t.State == Gone)
	}
	for name, f := range o.Fields {
		had, known := t.Observed[name]
		if (!known || had.Value != f.Value) && (s.mapped[name] || known && f.Source != "") {
			return true
		}
	}
	return false
}

// unwritten finds the fields of records that are as they were believed to be and should
// have been written, but are not owed.
func (s *sweeping) unwritten(list []*target) (found []Found, err error) {
	list = slices.DeleteFunc(list, func(t *target) bool { return t.State != Live })
	keys := make([]string, len(list))
	for i, t := range list {
		keys[i] = t.Key
	}
	subjects, err := s.subjects(keys)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, key := range keys {
		all = append(all, subjects[key])
	}
	wants, err := s.wanted(all)
	if err != nil {
		return nil, err
	}
	owed := []string{"all/desired"} // which looks at all of them
	for _, t := range list {
		fields, err := s.lacks(t, wants[subjects[t.Key]])
		if err != nil {
			return nil, err
		}
		if len(fields) > 0 {
			found, owed = append(found, fields...), append(owed, recordName(t.Type, t.Key))
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	is, err := outbox.Owed(s.tx, s.c.Location, s.c.Name, Room, owed)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(x Found) bool { return is["all/desired"] || is[recordName(x.Type, x.Key)] }), nil
}

// lacks are the fields of a record that would be written, if it stands for its subject.
func (s *sweeping) lacks(t *target, w *wanted) (list []Found, err error) {
	if w == nil {
		return nil, nil
	}
	fields, err := s.compare(t, w)
	if err != nil || len(changes(fields)) == 0 {
		return nil, nil // what cannot be said is shown where it is written
	}
	subjects, err := s.subjects([]string{t.Key})
	if err != nil {
		return nil, err
	}
	all, err := targetsOf(s.tx, s.c, s.kind(), s.typ, subjects[t.Key])
	if err != nil {
		return nil, err
	}
	if main := s.main(all, subjects[t.Key]); main == nil || main.Key != t.Key {
		return nil, nil
	}
	for _, f := range fields {
		if f.Write {
			list = append(list, Found{Type: t.Type, Key: t.Key, ID: t.ID, Field: f.Name, Believed: f.Seen.Value, There: f.Seen.Value, Desired: f.Ours,
				Cause: CauseUnwritten, Do: Repair, Why: f.Why})
		}
	}
	return list, nil
}
