package mirror

import (
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// atOnce is how many records are owed in one transaction when many are.
const atOnce = 300

// Follow says what target records should say after a batch, and owes those that
// differ. While a connection rehearses nothing is owed.
func (m *Mirror) Follow(tx *db.Tx, b *advance.Batch) (err error) {
	defer plumbline.Wrap(&err, "mirror what has changed")

	return m.derive(tx, b, func(d *deriving, changed map[string][]string) error {
		for _, item := range d.problems {
			if err := errorqueue.Open(tx, item); err != nil {
				return err
			}
		}
		if d.c.Mode != tenant.On {
			return nil
		}
		if err := m.begin(tx, d.c); err != nil {
			return err
		}
		return m.oweChanged(tx, d, b, changed)
	})
}

// Derive says what target records should say after a batch and owes nothing: for
// deriving again.
func (m *Mirror) Derive(tx *db.Tx, b *advance.Batch) (err error) {
	defer plumbline.Wrap(&err, "derive desired records")

	return m.derive(tx, b, func(*deriving, map[string][]string) error { return nil })
}

func (m *Mirror) derive(tx *db.Tx, b *advance.Batch, then func(*deriving, map[string][]string) error) error {
	if len(b.Jobs)+len(b.People) == 0 {
		return nil
	}
	list, err := tenant.Connections(tx, b.Location)
	if err != nil {
		return err
	}
	for _, c := range list {
		if len(b.Playbook.Mapping[c.Tool]) == 0 {
			continue
		}
		d := &deriving{c: c, maps: b.Playbook.Mapping[c.Tool], zone: zoneOf(b.Playbook.Settings.Zone), want: map[string]map[string]*wanted{}}
		d.people(b)
		d.jobs(b)
		if err := d.unlisted(tx, b); err != nil {
			return err
		}
		d.fillAll()
		changed, err := d.keep(tx)
		if err != nil {
			return err
		}
		if err := then(d, changed); err != nil {
			return err
		}
	}
	return nil
}

func zoneOf(name string) *time.Location {
	if z, err := plumbline.Zone(name); err == nil && name != "" {
		return z
	}
	return time.UTC
}

// oweChanged owes the records of what has changed, and of people whose records at
// the target are not simply there.
func (m *Mirror) oweChanged(tx *db.Tx, d *deriving, b *advance.Batch, changed map[string][]string) error {
	members := map[string][]*record.Row{}
	keys := map[string][]string{}
	for _, p := range b.People {
		members[string(p.ID)] = p.Rows
		keys[string(p.ID)] = advance.Aliases(p.Rows)
	}
	for _, j := range b.Jobs {
		keys[string(j.ID)] = j.Aliases
	}
	var list []owing
	for _, typ := range slices.Sorted(maps.Keys(d.want)) {
		people := d.maps[typ].For == plumbline.Customer
		for _, subject := range slices.Sorted(maps.Keys(d.want[typ])) {
			_, force := slices.BinarySearch(changed[typ], subject)
			if !force && !people {
				continue
			}
			o := owing{typ: typ, subject: subject, keys: keys[subject], wanted: d.want[typ][subject] != nil}
			if people {
				if there := recordsThere(d.c, members[subject]); len(there) == 1 && !force {
					o.settled = there[0]
				}
				o.wanted = o.wanted && stands(d.c, members[subject])
			}
			list = append(list, o)
		}
	}
	return m.ensure(tx, d.c, d.maps, list...)
}

// stands says whether anybody else's record of a customer is there still: for one that
// all have deleted nothing is made, and what was made stays.
func stands(c tenant.Connection, rows []*record.Row) bool {
	return slices.ContainsFunc(rows, func(r *record.Row) bool { return r.About == "" && r.Connection != c.Name && !r.Deleted() })
}

// recordsThere are the ids of the connection's records among a customer's.
func recordsThere(c tenant.Connection, rows []*record.Row) (ids []string) {
	for _, r := range rows {
		if r.Connection == c.Name && r.About == "" && !r.Deleted() {
			ids = append(ids, r.External)
		}
	}
	return ids
}

// aliases are the keys under which subjects' target records may stand, by subject.
func aliases(tx *db.Tx, c tenant.Connection, kind plumbline.Kind, subjects ...string) (map[string][]string, error) {
	keys := map[string][]string{}
	if kind == plumbline.Customer || kind == plumbline.Job {
		found, err := record.Aliases(tx, c.Location, subjects...)
		if err != nil {
			return nil, err
		}
		keys = found
	}
	for _, s := range subjects {
		if !slices.Contains(keys[s], s) {
			keys[s] = append(keys[s], s)
		}
	}
	return keys, nil
}

// targetsOf returns the target records of a subject, found under every alias.
func targetsOf(tx *db.Tx, c tenant.Connection, kind plumbline.Kind, typ, subject string) ([]*target, error) {
	keys, err := aliases(tx, c, kind, subject)
	if err != nil {
		return nil, err
	}
	return scanTargets(tx, selectTargets(tx), c.Location, c.Name, typ, db.JSON(keys[subject]))
}

// An owing is a subject whose target records are to be looked at.
type owing struct {
	typ, subject string
	keys         []string // its aliases, if they are at hand
	wanted       bool     // there should be one
	settled      string   // nothing is owed where the only one is there under this id
}

// ensure owes the target records of subjects; one that has none gets its key now.
func (m *Mirror) ensure(tx *db.Tx, c tenant.Connection, types mappings, list ...owing) error {
	byType := map[string][]owing{}
	for _, o := range list {
		byType[o.typ] = append(byType[o.typ], o)
	}
	var debts []outbox.Debt
	var made []*target
	for _, typ := range slices.Sorted(maps.Keys(byType)) {
		if err := name(tx, c, types[typ].For, byType[typ]); err != nil {
			return err
		}
		more, fresh, err := m.ensureType(tx, c, types, typ, byType[typ])
		if err != nil {
			return err
		}
		debts, made = append(debts, more...), append(made, fresh...)
	}
	if err := store(tx, c, made...); err != nil {
		return err
	}
	return outbox.Owe(tx, debts...)
}

// name finds the aliases of those of which they are not at hand.
func name(tx *db.Tx, c tenant.Connection, kind plumbline.Kind, list []owing) error {
	var unnamed []string
	for _, o := range list {
		if o.keys == nil {
			unnamed = append(unnamed, o.subject)
		}
	}
	found, err := aliases(tx, c, kind, unnamed...)
	for i := range list {
		o := &list[i]
		if o.keys == nil {
			o.keys = found[o.subject]
		}
		if !slices.Contains(o.keys, o.subject) {
			o.keys = append(slices.Clone(o.keys), o.subject)
		}
	}
	return err
}

// ensureType lists what is owed of one type, and the target records that are new.
func (m *Mirror) ensureType(tx *db.Tx, c tenant.Connection, maps mappings, typ string, list []owing) (debts []outbox.Debt, made []*target, err error) {
	var keys []string
	for _, o := range list {
		keys = append(keys, o.keys...)
	}
	there, err := loadTargets(tx, c, typ, keys)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range list {
		var mine []*target
		for _, key := range o.keys {
			if t := there[key]; t != nil {
				mine = append(mine, t)
			}
		}
		if len(mine) == 0 {
			if !o.wanted {
				continue
			}
			t := &target{Type: typ, Key: o.subject, State: Owed, Owed: tx.Now.UnixMilli()}
			made, mine = append(made, t), append(mine, t)
		}
		if o.settled != "" && len(mine) == 1 && mine[0].State == Live && mine[0].ID == o.settled {
			continue
		}
		for _, t := range mine {
			if t.State != Gone { // which is until a person says so
				debts = append(debts, m.recordDebt(c, maps, t))
			}
		}
	}
	return debts, made, nil
}

func (m *Mirror) recordDebt(c tenant.Connection, maps mappings, t *target) outbox.Debt {
	d := debt(c, "record/"+t.Type, recordName(t.Type, t.Key))
	d.Rank = maps.rank(t.Type)
	return d
}

func (m *Mirror) linkDebt(c tenant.Connection, maps mappings, t *target) outbox.Debt {
	d := debt(c, "link/"+t.Type, linkName(t.Type, t.Key))
	d.Rank = 10 + maps.rank(t.Type)
	return d
}

// begin owes the look-ups that a connection needs, once.
func (m *Mirror) begin(tx *db.Tx, c tenant.Connection) error {
	begun, err := loadPoll(tx, c, "begun")
	if err != nil || begun.Complete {
		return err
	}
	return m.SwitchedOn(tx, c)
}

// SwitchedOn owes everything of a connection: its description, the first pull of
// each stream, and all desired records. It is called when an operator turns the
// connection on; a second call changes nothing but looks at everything again.
func (m *Mirror) SwitchedOn(tx *db.Tx, c tenant.Connection) (err error) {
	defer plumbline.Wrap(&err, "owe all records of %s", c.Name)

	if err := storePoll(tx, c, "begun", polled{Complete: true}); err != nil {
		return err
	}
	debts := []outbox.Debt{debt(c, "describe", "describe/schema")}
	if m.Puller != nil {
		p, err := m.Puller(c)
		if err != nil {
			return err
		}
		if p != nil {
			for _, s := range p.Streams() {
				d := debt(c, "pull/"+s, "pull/"+s)
				if had, err := loadPoll(tx, c, s); err != nil {
					return err
				} else if !had.Complete {
					d.Class = outbox.Backfill
				}
				debts = append(debts, d)
			}
		}
	}
	if err := outbox.Owe(tx, debts...); err != nil {
		return err
	}
	if err := m.oweSweep(tx, c); err != nil {
		return err
	}
	return m.oweAll(tx, c)
}

// oweAll owes looking at all desired records, from the beginning.
func (m *Mirror) oweAll(tx *db.Tx, c tenant.Connection) error {
	if err := storePoll(tx, c, "all", polled{}); err != nil {
		return err
	}
	all := debt(c, "all", "all/desired")
	all.Rank = 5
	return outbox.Owe(tx, all)
}

// oweOn owes the next desired records, page by page.
func (m *Mirror) oweOn(tx *db.Tx, c tenant.Connection, row outbox.Row) ([]outbox.Call, []outbox.Settled, error) {
	pb, _, err := m.Policy(c.Location)
	if err != nil {
		return nil, nil, err
	}
	maps := mappings(pb.Mapping[c.Tool])
	at, err := loadPoll(tx, c, "all")
	if err != nil {
		return nil, nil, err
	}
	typ, subject, _ := strings.Cut(at.Next, "/")
	list, err := desiredAfter(tx, c, typ, subject, atOnce)
	if err != nil {
		return nil, nil, err
	}
	var all []owing
	for _, d := range list {
		if maps[d.typ] == nil {
			continue // the mapping has lost the type
		}
		all = append(all, owing{typ: d.typ, subject: d.subject, wanted: true})
		at.Next = d.typ + "/" + d.subject
	}
	if err := m.ensure(tx, c, maps, all...); err != nil {
		return nil, nil, err
	}
	if len(list) == atOnce {
		return nil, []outbox.Settled{outbox.AgainAt(row, tx.Now)}, storePoll(tx, c, "all", at)
	}
	if err := m.oweTasks(tx, c, maps); err != nil {
		return nil, nil, err
	}
	return nil, []outbox.Settled{{Row: row, What: outbox.Done}}, storePoll(tx, c, "all", polled{})
}

type desiredRow struct{ typ, subject, doc string }

func desiredAfter(tx *db.Tx, c tenant.Connection, typ, subject string, limit int) (list []desiredRow, err error) {
	rows, err := tx.Query(selectDesiredAfter, c.Location, c.Name, typ, subject, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d desiredRow
		if err := rows.Scan(&d.typ, &d.subject, &d.doc); err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, rows.Err()
}
