package mirror_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect/hubspot"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/playbook"
	crm "plumbline.dev/plumbline/internal/sandbox/hubspot"
)

var kinds = map[string]string{"contact": "contacts", "company": "companies", "deal": "deals", "note": "notes"}

// town fills the shop with customers, each with a job, every third of which is done and
// every eighth for a company, and puts the polls to sleep: what happens from then on only
// a sweep can see.
func (w *world) town(customers int) {
	w.t.Helper()
	for from := 0; from < customers; from += 20 {
		var list []plumbline.Reading
		for i := from; i < min(from+20, customers); i++ {
			name := string(rune('a'+i/26)) + string(rune('a'+i%26))
			c := plumbline.Reading{Kind: plumbline.Customer, ID: "c" + name, Fields: map[string]plumbline.Value{
				"first_name": text("F" + name), "last_name": text("Larkspur" + name), "email": text(name + "@town.test"), "mobile_phone": text(fmt.Sprintf("(512) 555-%04d", 1000+i)),
				"street": text(fmt.Sprint(i, " Elm St")), "city": text("Austin"), "state": text("TX"), "postal_code": text("78701")}}
			if i%8 == 0 {
				c.Fields["organization"] = text("Company " + name)
			}
			list = append(list, c, plumbline.Reading{Kind: plumbline.Job, ID: "j" + name, Fields: map[string]plumbline.Value{
				"customer": text("c" + name), "description": text("AC repair"), "number": text(fmt.Sprint(1000 + i))}})
			visit := plumbline.Reading{Kind: plumbline.Visit, ID: "v" + name, Fields: map[string]plumbline.Value{"job": text("j" + name),
				"starts": plumbline.TimeValue(w.now.Add(48 * time.Hour)), "ends": plumbline.TimeValue(w.now.Add(50 * time.Hour))}}
			if i%3 == 0 {
				visit.Fields["starts"], visit.Fields["ends"] = plumbline.TimeValue(w.now.Add(-2*time.Hour)), plumbline.TimeValue(w.now)
				visit.Fields["completed_at"] = plumbline.TimeValue(w.now)
			}
			list = append(list, visit)
		}
		w.says(list...)
	}
	w.run(20 * time.Minute)
	w.do(func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE outbox SET due = $2 WHERE location_id = $1 AND record LIKE 'pull/%'`, shop, w.now.Add(10_000*time.Hour).UnixMilli())
		return err
	})
}

func (w *world) sweep() (s mirror.Sweep) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) {
		s, err = w.mirror.SweepStatus(tx, shop, "crm", time.Time{})
		return err
	})
	return s
}

// round runs until the next round has come and gone, and what it owes has been done.
func (w *world) round() mirror.Sweep {
	w.t.Helper()
	w.run(w.sweep().Next.Sub(w.now) + 10*time.Minute)
	s := w.sweep()
	if s.Ended.IsZero() || s.Left != 0 {
		w.t.Fatalf("the round is not over: %+v%s", s, w.story())
	}
	return s
}

// A corruption is a field that somebody, or nobody, has changed behind our back.
type corruption struct {
	typ, key, id, field string // field "": the record
	before              string
	cause, do           string
}

// stray is a good value of a field that nobody had in mind.
func stray(f string, valueType string, n int) string {
	switch valueType {
	case "number":
		return fmt.Sprint(77_000+n, ".5")
	case "bool":
		return "true"
	case "date":
		return "2031-01-01"
	case "datetime":
		return "2031-01-01T10:00:00.000Z"
	}
	if f == "email" {
		return fmt.Sprintf("stray%d@town.test", n)
	}
	return fmt.Sprint("stray ", n)
}

// corrupts changes one percent of all mapped fields at random, and some records as a whole.
func (w *world) corrupts(r *rand.Rand) (list []corruption) {
	w.t.Helper()
	type place struct {
		rec   mirror.Record
		typ   string
		field string
	}
	var all []place
	records := map[string][]mirror.Record{}
	for typ, m := range w.book.Mapping[hubspot.Name] {
		for _, rec := range w.kept(typ) {
			records[typ] = append(records[typ], rec)
			for _, f := range m.Fields {
				if f.Write != "never" && f.Value != "enum" {
					all = append(all, place{rec, typ, f.Name})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b place) int {
		return cmp.Or(strings.Compare(a.typ, b.typ), strings.Compare(a.rec.Key, b.rec.Key), strings.Compare(a.field, b.field))
	})
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var whole []corruption // first, so that their fields are left alone
	for i, rec := range records["contact"][:4] {
		c := corruption{typ: "contact", key: rec.Key, id: rec.ID, cause: mirror.CauseDeleted, do: mirror.Show}
		if i < 2 {
			other := w.creates("firstname", "Walk", "lastname", fmt.Sprint("In", i))
			if _, err := w.crm.Merge("contacts", other, rec.ID, crm.Person(88)); err != nil {
				w.t.Fatal(err)
			}
			c.cause, c.do = mirror.CauseMerge, mirror.Follow
		} else if err := w.crm.Archive("contacts", rec.ID); err != nil {
			w.t.Fatal(err)
		}
		whole = append(whole, c)
	}
	for _, p := range all {
		if len(list) == len(all)/100 {
			break
		}
		if slices.ContainsFunc(whole, func(c corruption) bool { return c.key == p.rec.Key }) {
			continue
		}
		if c, ok := w.corrupt(p.typ, p.rec, p.field, len(list)); ok {
			list = append(list, c)
		}
	}
	return append(list, whole...)
}

// corrupt changes one field, in turn as nobody, a person, another program, or as if our
// last write had never been carried out.
func (w *world) corrupt(typ string, rec mirror.Record, field string, n int) (c corruption, ok bool) {
	w.t.Helper()
	m := w.book.Mapping[hubspot.Name][typ]
	f := m.Fields[slices.IndexFunc(m.Fields, func(f *playbook.MapField) bool { return f.Name == field })]
	o := w.object(typ, rec.ID)
	c = corruption{typ: typ, key: rec.Key, id: rec.ID, field: field, before: o.Properties[field], do: mirror.Repair}
	value := map[string]string{field: stray(field, f.Value, n)}
	var err error
	switch n % 4 {
	case 0:
		if c.before == "" {
			return c, false
		}
		c.cause, err = mirror.CauseLost, w.crm.Lose(kinds[typ], rec.ID, field)
	case 1:
		c.cause, err = mirror.CausePerson, w.crm.Slip(kinds[typ], rec.ID, value, crm.Person(88))
	case 2:
		c.cause, err = mirror.CauseApp, w.crm.Slip(kinds[typ], rec.ID, value, crm.Integration(555))
	default:
		c.cause, err = mirror.CauseUntold, w.crm.Slip(kinds[typ], rec.ID, value, crm.Author{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	theirs := f.Write == "theirs_to_ours" || f.Write == "if_empty" && c.cause != mirror.CauseLost ||
		f.Write == "if_newer" && (c.cause == mirror.CausePerson || c.cause == mirror.CauseApp || c.before == "")
	switch {
	case theirs && typ == "contact" && (c.cause != mirror.CauseUntold || c.before == ""): // of what has no history at all a person is taken to be the author
		c.do = mirror.TakeOver
	case theirs:
		c.do = mirror.Show
	}
	return c, true
}

func (w *world) object(typ, id string) crm.Object {
	w.t.Helper()
	for _, o := range w.crm.Objects(kinds[typ]) {
		if o.ID == id || slices.Contains(o.MergedIDs, id) {
			return o
		}
	}
	w.t.Fatalf("there is no %s %s", typ, id)
	return crm.Object{}
}

// kept lists the live records of a type.
func (w *world) kept(typ string) (list []mirror.Record) {
	w.t.Helper()
	var subjects []string
	w.do(func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT key_id FROM target_record WHERE location_id = $1 AND type = $2 AND state = 'live' ORDER BY key_id`, shop, typ)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			subjects = append(subjects, key)
		}
		return rows.Err()
	})
	for _, s := range subjects {
		list = append(list, w.record(typ, plumbline.SourceID(s)))
	}
	return list
}

// wrote lists what we have written since an instant, as "type id field".
func (w *world) wrote(since time.Time) map[string]bool {
	out := map[string]bool{}
	for typ, kind := range kinds {
		for _, o := range w.crm.Objects(kind) {
			for name, entries := range o.History {
				for _, e := range entries {
					if e.By == crm.Integration(7906213) && !e.Timestamp.Before(since) {
						out[typ+" "+o.ID+" "+name] = true
					}
				}
			}
		}
	}
	return out
}

// found is the drift that was noted of a field, or of the record.
func (w *world) found(typ, key, field string) (d mirror.Dated) {
	for _, d := range w.record(typ, plumbline.SourceID(key)).Drift {
		if d.Field == field {
			return d
		}
	}
	return d
}
