package mirror

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/mapping"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/tenant"
)

// Causes of drift.
const (
	CausePerson    = "person"      // somebody there typed it
	CauseApp       = "app"         // another program, or an automation of the account
	CauseLost      = "lost_write"  // what we held to be confirmed is not there
	CauseUntold    = "unexplained" // the target does not say who changed it
	CauseMerge     = "merge"       // records were merged there
	CauseDeleted   = "deletion"    // the record was archived or deleted there
	CauseRestored  = "restoration" // it was brought back
	CauseUnwritten = "unwritten"   // it was never written, and was not owed
)

// What is done about drift.
const (
	Repair   = "repair"    // the field is ours: it is written again
	TakeOver = "take_over" // the later word is theirs: it becomes a statement
	Follow   = "follow"    // the record is kept true under the id that it has now
	Show     = "show"      // it is for people to see
)

// A Found is drift that a read has shown: what a field says otherwise than was held to
// be confirmed, why, and what is done about it. Without a field it is about the record.
type Found struct {
	Type     string    `json:"type"`
	Key      string    `json:"key"`
	ID       string    `json:"id"` // the target's
	Field    string    `json:"field,omitempty"`
	Believed string    `json:"believed"` // last confirmed
	There    string    `json:"there"`
	Desired  string    `json:"desired"`
	Cause    string    `json:"cause"`
	Who      string    `json:"who,omitempty"` // in the target's words
	At       time.Time `json:"at,omitzero"`   // when it came to say so, where that is told
	Do       string    `json:"do"`
	Why      string    `json:"why"`
}

// drift says what an answer shows of a record otherwise than was held to be confirmed,
// and notes the fields as they are now. Of a record that stands for nobody it says
// nothing. It has moved if it has to be looked at again.
func (p *pass) drift(t *target, o Observation, busy map[string]bool) (list []Found, moved bool, err error) {
	x := Found{Type: t.Type, Key: t.Key, ID: t.ID}
	switch {
	case t.State == Retired && (o.MergedTo != "" || o.Archived):
		return nil, true, nil
	case o.MergedTo != "":
		x, err = p.merged(x, t, o.MergedTo)
		return []Found{x}, true, err
	case o.Archived:
		x.Cause, x.Do, x.Why = CauseDeleted, Show, "it is made again only on a person's word"
		return []Found{x}, true, nil
	case t.State == Gone:
		x.Cause, x.Do, x.Why = CauseRestored, Follow, "it is there again"
		list = append(list, x)
	}
	moved, changed := t.learn(o, busy)
	fields, err := p.changed(t, o, changed)
	return append(list, fields...), moved || t.State == Gone, err
}

// merged says what is done about a record that was merged into another there.
func (p *pass) merged(x Found, t *target, id string) (Found, error) {
	x.Cause, x.There, x.Do, x.Why = CauseMerge, id, Follow, "its new id is known"
	into, err := targetsByID(p.tx, p.c, p.typ, id)
	if err != nil {
		return x, err
	}
	if other := standing(t, into); other != nil {
		x.Why = "the other stands for the same subject"
		if same, err := p.sameSubject(t.Key, other.Key); err != nil || !same {
			x.Do, x.Why = Show, "the other stands for somebody else"
			return x, err
		}
	}
	return x, nil
}

// changed judges the mapped fields that say something else than was believed. What says
// by now what we want is no drift, nor what the target filled in by itself in a record
// that we made.
func (p *pass) changed(t *target, o Observation, changed map[string]seen) (list []Found, err error) {
	m := p.maps[p.typ]
	if len(changed) == 0 || t.State == Retired || m == nil {
		return nil, nil
	}
	ours, err := p.judged(t)
	if err != nil || ours == nil {
		return nil, err
	}
	for _, f := range m.Fields {
		had, is := changed[f.Name]
		if !is || f.Write == "never" || p.schema.Fields[f.Name].ReadOnly {
			continue
		}
		now, mine := o.Fields[f.Name], ours[f.Name]
		x := Found{Type: t.Type, Key: t.Key, ID: t.ID, Field: f.Name, Believed: had.Value, There: now.Value, Desired: mine.Ours,
			Cause: causeOf(had, now), Who: now.Source, At: now.At, Why: mine.Why}
		switch {
		case mine.Write:
			x.Do = Repair
		case f.From != nil && p.agrees(t, f, mine) || had == (seen{}):
			continue
		case p.matched() && now.Author != "":
			x.Do, x.Why = TakeOver, cmp.Or(x.Why, "the target's word holds for this field")
		default:
			x.Do, x.Why = Show, cmp.Or(x.Why, "the target's word holds for this field")
		}
		list = append(list, x)
	}
	return list, nil
}

// judged compares a record with what is wanted of it, by field; nil where nothing is
// wanted, or cannot be said: that is shown where it is written.
func (p *pass) judged(t *target) (map[string]field, error) {
	subjects, err := p.subjects([]string{t.Key})
	if err != nil {
		return nil, err
	}
	wants, err := p.wanted([]string{subjects[t.Key]})
	if err != nil || wants[subjects[t.Key]] == nil {
		return nil, err
	}
	list, err := p.compare(t, wants[subjects[t.Key]])
	if err != nil {
		return nil, nil
	}
	out := map[string]field{}
	for _, f := range list {
		out[f.Name] = f
	}
	return out, nil
}

// agrees says whether a field shows what we want, in whatever spelling.
func (p *pass) agrees(t *target, f *playbook.MapField, x field) bool {
	d, ok := t.Pairs[f.Name]
	return mapping.Same(f, x.Ours, x.Seen.Value) || ok && d.Ours == x.Ours && d.Theirs == x.Seen.Value
}

// causeOf names why a field says something else than was believed. What dates from
// before our own write, or from an older one, shows that the write is not there.
func causeOf(had seen, now Observed) string {
	ours := had.Author == plumbline.ByUs
	switch {
	case now.Merged:
		return CauseMerge
	case ours && now.Author == plumbline.ByUs,
		ours && now.Value == "" && now.At.IsZero() && now.Author != "",
		ours && now.Source != "" && now.At.Before(time.UnixMilli(had.At).Add(-clockSkew)):
		return CauseLost
	case now.Source == "":
		return CauseUntold
	case now.Author == plumbline.ByPerson:
		return CausePerson
	}
	return CauseApp
}

// note writes down what drift was found: the last of each field, and how much there was.
func (p *pass) note(list []Found) error {
	if len(list) == 0 {
		return nil
	}
	type row struct {
		Type  string `json:"t"`
		Key   string `json:"k"`
		Field string `json:"f"`
		Doc   string `json:"d"`
	}
	type count struct {
		Type  string `json:"t"`
		Field string `json:"f"`
		Cause string `json:"c"`
		Did   string `json:"d"`
		N     int    `json:"n"`
	}
	var rows []row
	counts := map[count]int{}
	for _, x := range list {
		rows = append(rows, row{x.Type, x.Key, x.Field, db.JSON(x)})
		counts[count{x.Type, x.Field, x.Cause, x.Do, 0}]++
	}
	if _, err := p.tx.Exec(upsertDrift(p.tx), p.c.Location, p.c.Name, db.JSON(rows), p.tx.Now.UnixMilli()); err != nil {
		return err
	}
	var tally []count
	for c, n := range counts {
		c.N = n
		tally = append(tally, c)
	}
	slices.SortFunc(tally, func(a, b count) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Field, b.Field), strings.Compare(a.Cause, b.Cause), strings.Compare(a.Did, b.Did))
	})
	_, err := p.tx.Exec(upsertDriftTally(p.tx), p.c.Location, p.c.Name, db.JSON(tally), inbox.Day(p.tx.Now))
	return err
}

// A Dated is drift with when it was found.
type Dated struct {
	Found
	When time.Time `json:"found"`
}

// driftOfKey returns the last drift of each field of a record, the oldest first.
func driftOfKey(tx *db.Tx, c tenant.Connection, typ, key string) (list []Dated, err error) {
	rows, err := tx.Query(selectDrift, c.Location, c.Name, typ, key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var found int64
		var doc string
		if err := rows.Scan(&found, &doc); err != nil {
			return nil, err
		}
		d := Dated{When: time.UnixMilli(found).UTC()}
		if err := json.Unmarshal([]byte(doc), &d.Found); err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

// clone copies what a comparison may change of a record.
func (t *target) clone() *target {
	c := *t
	c.Observed = maps.Clone(t.Observed)
	return &c
}
