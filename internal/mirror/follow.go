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

	return m.derive(tx, b, func(d *deriving, changed map[string][]string, members map[plumbline.GoldenID][]*record.Row) error {
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
		return m.oweChanged(tx, d, b, changed, members)
	})
}

// Derive says what target records should say after a batch and owes nothing: for
// deriving again.
func (m *Mirror) Derive(tx *db.Tx, b *advance.Batch) (err error) {
	defer plumbline.Wrap(&err, "derive desired records")

	return m.derive(tx, b, func(*deriving, map[string][]string, map[plumbline.GoldenID][]*record.Row) error { return nil })
}

func (m *Mirror) derive(tx *db.Tx, b *advance.Batch, then func(*deriving, map[string][]string, map[plumbline.GoldenID][]*record.Row) error) error {
	if len(b.Jobs)+len(b.People) == 0 {
		return nil
	}
	list, err := tenant.Connections(tx, b.Location)
	if err != nil {
		return err
	}
	var ids []string
	for _, p := range b.People {
		ids = append(ids, string(p.ID))
	}
	members, err := record.Members(tx, b.Location, ids)
	if err != nil {
		return err
	}
	for _, c := range list {
		if len(b.Playbook.Mapping[c.Tool]) == 0 {
			continue
		}
		d := &deriving{c: c, maps: b.Playbook.Mapping[c.Tool], zone: zoneOf(b.Playbook.Settings.Zone), want: map[string]map[string]*wanted{}}
		if err := d.people(tx, b, members); err != nil {
			return err
		}
		d.jobs(b)
		changed, err := d.keep(tx)
		if err != nil {
			return err
		}
		if err := then(d, changed, members); err != nil {
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
func (m *Mirror) oweChanged(tx *db.Tx, d *deriving, b *advance.Batch, changed map[string][]string, members map[plumbline.GoldenID][]*record.Row) error {
	for _, typ := range slices.Sorted(maps.Keys(d.want)) {
		for _, subject := range slices.Sorted(maps.Keys(d.want[typ])) {
			force := slices.Contains(changed[typ], subject)
			if !force && d.maps[typ].For != plumbline.Customer {
				continue
			}
			settled := ""
			if there := recordsThere(d.c, members[plumbline.GoldenID(subject)]); len(there) == 1 && !force {
				settled = there[0]
			}
			wanted := d.want[typ][subject] != nil
			if d.maps[typ].For == plumbline.Customer {
				wanted = wanted && stands(d.c, members[plumbline.GoldenID(subject)])
			}
			if err := m.ensure(tx, d.c, d.maps, typ, subject, wanted, settled); err != nil {
				return err
			}
		}
	}
	return nil
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

// aliases are the keys under which a subject's target record may stand.
func aliases(tx *db.Tx, c tenant.Connection, kind plumbline.Kind, subject string) ([]string, error) {
	if kind != plumbline.Customer && kind != plumbline.Job {
		return []string{subject}, nil
	}
	ids, err := record.Aliases(tx, c.Location, plumbline.GoldenID(subject))
	if !slices.Contains(ids, subject) {
		ids = append(ids, subject)
	}
	return ids, err
}

// targetsOf returns the target records of a subject, found under every alias.
func targetsOf(tx *db.Tx, c tenant.Connection, kind plumbline.Kind, typ, subject string) ([]*target, error) {
	ids, err := aliases(tx, c, kind, subject)
	if err != nil {
		return nil, err
	}
	return scanTargets(tx, selectTargets(tx), c.Location, c.Name, typ, db.JSON(ids))
}

// ensure owes the target records of a subject; one that has none gets its key now.
// Nothing is owed where the only one is there under the id settled.
func (m *Mirror) ensure(tx *db.Tx, c tenant.Connection, maps mappings, typ, subject string, wanted bool, settled string) error {
	list, err := targetsOf(tx, c, maps[typ].For, typ, subject)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		if !wanted {
			return nil
		}
		t := &target{Type: typ, Key: subject, State: Owed, Owed: tx.Now.UnixMilli()}
		if err := store(tx, c, t); err != nil {
			return err
		}
		list = []*target{t}
	}
	if settled != "" && len(list) == 1 && list[0].State == Live && list[0].ID == settled {
		return nil
	}
	for _, t := range list {
		if t.State == Gone {
			continue // until a person says so
		}
		if err := outbox.Owe(tx, m.recordDebt(c, maps, t)); err != nil {
			return err
		}
	}
	return nil
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
	for _, d := range list {
		if maps[d.typ] == nil {
			continue // the mapping has lost the type
		}
		if err := m.ensure(tx, c, maps, d.typ, d.subject, true, ""); err != nil {
			return nil, nil, err
		}
		at.Next = d.typ + "/" + d.subject
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
