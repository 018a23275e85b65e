package mirror_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/hubspot"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	crm "plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/tenant"
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

// One percent of all fields, changed at random behind our back, is found in one round,
// with its cause, and what is ours is true again. What others own is not touched.
func TestASweepFindsWhatNoPollTells(t *testing.T) {
	each(t, func(w *world) {
		w.town(90)
		r := rand.New(rand.NewPCG(1, 1))
		w.run(w.sweep().Next.Sub(w.now) - time.Minute)
		at := w.now
		all := w.corrupts(r)
		if n := w.sweep().All; n < 200 || len(all) < 35 {
			w.t.Fatalf("%d corruptions of %d records are no test", len(all), n)
		}
		w.now = w.now.Add(time.Second)
		status := w.round()
		may := map[string]bool{}
		for _, c := range all {
			name := strings.Join([]string{c.typ, c.id, c.field}, " ")
			d := w.found(c.typ, c.key, c.field)
			if d.When.Before(at) || d.Cause != c.cause || d.Do != c.do {
				w.t.Errorf("%s, %s: found %+v, want %s", name, c.cause, d, c.do)
			}
			switch got := w.object(c.typ, c.id).Properties[c.field]; {
			case c.do == mirror.Repair:
				if may[name] = true; got != c.before {
					w.t.Errorf("%s, %s: it says %q, want %q again", name, c.cause, got, c.before)
				}
			case c.field != "" && got == c.before:
				w.t.Errorf("%s, %s: it says %q again, and the last word is not ours", name, c.cause, got)
			}
		}
		for name := range w.wrote(at) {
			if id := strings.Fields(name)[1]; !may[name] && !slices.ContainsFunc(all, func(c corruption) bool { return c.cause == mirror.CauseMerge && w.object(c.typ, c.id).ID == id }) {
				w.t.Errorf("%s was written, and is not ours or was as it should be", name)
			}
		}
		for _, c := range all {
			if c.cause == mirror.CauseMerge {
				if o := w.object("contact", c.id); o.Properties["plumbline_key"] != c.key || w.record("contact", plumbline.SourceID(c.key)).ID != o.ID {
					w.t.Errorf("contact %s was merged and is not followed: %v", c.id, o.Properties)
				}
			}
		}
		if n := len(w.items()); n != 2 {
			w.t.Errorf("%d items in the error queue, want the two records that were archived", n)
		}
		var n int64
		for _, d := range status.Drift {
			n += d.N
		}
		if n != int64(len(all)) {
			w.t.Errorf("%d findings are counted, want %d: %+v", n, len(all), status.Drift)
		}
		taken := 0
		for _, c := range all {
			if p := w.object(c.typ, c.id).Properties[c.field]; c.do == mirror.TakeOver && c.field == "city" {
				if taken++; w.person(c.key).City != p {
					w.t.Errorf("the city is %q, want what was typed there, %q", w.person(c.key).City, p)
				}
			}
		}
		before := w.crm.Requests()["POST /crm/objects/2026-09/deals/batch/update"]
		if again := w.round(); len(again.Drift) != len(status.Drift) || w.crm.Requests()["POST /crm/objects/2026-09/deals/batch/update"] != before {
			w.t.Errorf("the round after found more: %+v", again.Drift)
		}
		w.keepsItsBound(status)
	})
}

// keepsItsBound: a round takes as long as is said, within a tenth of the budget.
func (w *world) keepsItsBound(s mirror.Sweep) {
	if s.ShareCalls != 17 || s.ShareWindow != 10 || s.Bound != 10 || s.Calls != 4 {
		w.t.Errorf("the sweep is said to be %+v, want 17 calls in 10 s", s)
	}
	w.out.Budgets = map[string]connect.Budget{"burst": {Calls: 10, Window: time.Minute}}
	w.mirror.Budgets = func(tenant.Connection) map[string]connect.Budget { return w.out.Budgets }
	w.run(w.sweep().Next.Sub(w.now) + 90*time.Second)
	s = w.sweep()
	if calls := s.Bound / 60; !s.Ended.IsZero() || s.Left == 0 || s.Left >= s.Records || calls != 4 || s.Expected.Sub(s.Begun).Seconds() > s.Bound+90 {
		w.t.Errorf("a minute and a half after it began, at a call a minute, the round stands at %+v", s)
	}
	expected := s.Expected
	w.run(15 * time.Minute)
	if s = w.sweep(); s.Ended.IsZero() || s.Ended.Before(s.Begun.Add(time.Duration(s.Calls-1)*time.Minute)) || s.Ended.After(expected) {
		w.t.Errorf("the round was expected to end at %v, and stands at %+v", expected, s)
	}
}

// cut is a mirror whose node dies in the middle of a call that sweeps.
type cut struct {
	*mirror.Mirror
	n    *int // calls until then
	kill func()
}

func (x cut) Perform(ctx context.Context, c tenant.Connection, call outbox.Call) outbox.Result {
	res := x.Mirror.Perform(ctx, c, call)
	if strings.Contains(call.Request, `"do":"sweep"`) {
		if *x.n--; *x.n == 0 {
			x.kill()
		}
	}
	return res
}

const reads = "POST /crm/objects/2026-09/contacts/batch/read"

func TestASweepGoesOnWithTheNextHolderWhereItWasCutOff(t *testing.T) {
	each(t, func(w *world) {
		w.town(9)
		list := w.kept("contact")
		for _, rec := range list {
			if err := w.crm.Lose("contacts", rec.ID, "city"); err != nil {
				w.t.Fatal(err)
			}
		}
		w.run(w.sweep().Next.Sub(w.now) - time.Second)
		ctx, kill := context.WithCancel(w.t.Context())
		n := 2 // companies stand before contacts
		w.out.Performers = map[string]outbox.Performer{mirror.Room: cut{w.mirror, &n, kill}}
		w.now = w.now.Add(time.Second)
		before := w.crm.Requests()[reads]
		for range 20 {
			if _, _, err := w.out.Step(ctx, w.now); err != nil {
				break
			}
		}
		if s := w.sweep(); n != 0 || !s.Ended.IsZero() || s.Left < int64(len(list)) {
			w.t.Fatalf("the node should have died over the contacts: %+v", s)
		}
		w.out = &outbox.Dispatcher{DB: w.db, Node: "n2", Quota: "hubspot", Performers: map[string]outbox.Performer{mirror.Room: w.mirror}, Budgets: w.tool.Budgets()}
		w.run(10 * time.Minute)
		s := w.sweep()
		if s.Ended.IsZero() || s.LeastRecent.Before(s.Begun) || w.crm.Requests()[reads] != before+2 {
			w.t.Errorf("after %d reads of contacts the round stands at %+v, want it over and the page that was cut off read again", w.crm.Requests()[reads]-before, s)
		}
		if len(s.Drift) != 1 || s.Drift[0].N != int64(len(list)) || s.Drift[0].Cause != mirror.CauseLost {
			w.t.Errorf("found %+v, want the city of each contact once", s.Drift)
		}
		for _, rec := range list {
			if got := w.object("contact", rec.ID).Properties["city"]; got != "Austin" {
				w.t.Errorf("the city of %s is %q", rec.ID, got)
			}
		}
	})
}

func TestWhatIsBeingWrittenWhileItIsSweptIsNoDrift(t *testing.T) {
	each(t, func(w *world) {
		on := false
		w.out.Performers = map[string]outbox.Performer{mirror.Room: unanswered{w.mirror, &on}}
		w.town(1)
		at := w.sweep().Next
		w.run(at.Sub(w.now) - time.Minute)
		on = true
		w.says(plumbline.Reading{Kind: plumbline.Customer, ID: "caa", Fields: map[string]plumbline.Value{"city": text("Waco"), "last_name": text("Larkspuraa"), "organization": text("Company aa")}})
		w.run(time.Second)
		rec := w.kept("contact")[0]
		if err := w.crm.Slip("contacts", rec.ID, map[string]string{"city": "Slipped", "plumbline_technician": "Nobody"}, crm.Person(88)); err != nil {
			w.t.Fatal(err)
		}
		w.run(10 * time.Minute)
		if s := w.sweep(); s.Ended.Before(at) || s.LeastRecent.Before(at) {
			w.t.Errorf("with a write open the round stands at %+v, want it over%s", s, w.story())
		}
		if d := w.found("contact", rec.Key, "city"); d.Cause != "" {
			w.t.Errorf("the city was being written, and is found as %+v", d)
		}
		if d := w.found("contact", rec.Key, "plumbline_technician"); d.Cause != mirror.CausePerson || d.Do != mirror.Repair {
			w.t.Errorf("the technician was not being written, and is found as %+v", d)
		}
		on = false
		w.run(12 * time.Minute)
		if o := w.object("contact", rec.ID); o.Properties["plumbline_technician"] != "" {
			w.t.Errorf("the technician is %q%s", o.Properties["plumbline_technician"], w.story())
		}
	})
}

func TestASweepOwesWhatWasNeverWritten(t *testing.T) {
	each(t, func(w *world) {
		w.town(2)
		w.says(plumbline.Reading{Kind: plumbline.Customer, ID: "cab", Fields: map[string]plumbline.Value{"city": text("Waco"), "last_name": text("Larkspurab")}})
		w.apply()
		key := string(sourceID(plumbline.Customer, "field", "cab"))
		w.do(func(tx *db.Tx) error {
			n, err := tx.Exec(`DELETE FROM outbox WHERE location_id = $1 AND record = $2`, shop, "record/contact/"+key)
			if err == nil && n != 1 {
				w.t.Fatalf("%d rows are owed of the contact, want one", n)
			}
			return err
		})
		w.round()
		o := w.object("contact", w.record("contact", plumbline.SourceID(key)).ID)
		if d := w.found("contact", key, "city"); d.Cause != mirror.CauseUnwritten || d.Do != mirror.Repair || o.Properties["city"] != "Waco" {
			w.t.Errorf("found %+v, and the contact says %v%s", d, o.Properties, w.story())
		}
	})
}

func (w *world) switches(mode string) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		if err := tenant.Switch(tx, shop, "crm", mode); err != nil || mode != tenant.On {
			return err
		}
		c, err := tenant.Get(tx, shop, "crm")
		if err != nil {
			return err
		}
		return w.mirror.SwitchedOn(tx, c)
	})
}

func (w *world) plan() (name string, rows []mirror.PlanRow) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) {
		name, err = w.mirror.PlanSweep(tx, shop, "crm")
		return err
	})
	w.run(time.Minute)
	return name, w.planned()
}

func (w *world) planned() (rows []mirror.PlanRow) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) {
		rows, err = w.mirror.SweepPlan(tx, shop, "crm", "", "", 100)
		return err
	})
	return rows
}

func (w *world) applies(name string) error {
	return w.db.Do(w.t.Context(), w.now, func(tx *db.Tx) error { return w.mirror.ApplySweep(tx, shop, "crm", name) })
}

// While a connection rehearses it is read, and nothing else; a plan is applied exactly as
// it was read, and what has changed since is left.
func TestAPlanIsReadBeforeItIsApplied(t *testing.T) {
	each(t, func(w *world) {
		w.town(5)
		list := w.kept("contact")
		w.switches(tenant.Rehearsal)
		for i, rec := range list {
			if err := w.crm.Slip("contacts", rec.ID, map[string]string{"plumbline_technician": fmt.Sprint("Nobody ", i)}, crm.Person(88)); err != nil {
				w.t.Fatal(err)
			}
		}
		if err := w.crm.Slip("contacts", list[4].ID, map[string]string{"lastname": "Typed"}, crm.Person(88)); err != nil {
			w.t.Fatal(err)
		}
		at, before := w.now, w.crm.Requests()[reads]
		w.run(13 * time.Hour)
		if n := w.crm.Requests()[reads]; n != before {
			w.t.Errorf("while it rehearses %d pages were read though nobody has asked for a plan", n-before)
		}
		_, rows := w.plan()
		if len(rows) != 5 || len(rows[0].Found) != 1 || w.sweep().Round != "plan" || w.sweep().Ended.IsZero() {
			w.t.Fatalf("the plan is %+v, %+v", rows, w.sweep())
		}
		for _, x := range rows {
			want := 1
			if x.ID == list[4].ID {
				want = 2
			}
			f := x.Found[len(x.Found)-1]
			if len(x.Found) != want || x.State != "planned" || f.Field != "plumbline_technician" || f.Cause != mirror.CausePerson || f.Do != mirror.Repair ||
				!strings.HasPrefix(f.There, "Nobody") || f.Desired != "" || f.Who != "CRM_UI userId:88" {
				w.t.Errorf("the plan has %+v", x)
			}
		}
		if n := len(w.wrote(at)); n != 0 || len(w.sweep().Drift) != 0 {
			w.t.Errorf("a plan wrote %d fields and noted %+v", n, w.sweep().Drift)
		}
		if err := w.applies(w.sweep().Plan); plumbline.KindOf(err) != plumbline.Conflict {
			w.t.Errorf("in rehearsal applying it ends with %v", err)
		}
		w.switches(tenant.On)
		w.run(20 * time.Second) // all of them are looked at, by what is believed of them
		if len(w.wrote(at)) != 0 {
			w.t.Fatal("switching on wrote what was not known to differ")
		}
		name, rows := w.plan()
		if len(rows) != 5 {
			w.t.Fatalf("the plan of one that is on has %d records", len(rows))
		}
		if err := w.applies("1"); plumbline.KindOf(err) != plumbline.Conflict {
			w.t.Errorf("applying another plan ends with %v", err)
		}
		for i, change := range []map[string]string{{"plumbline_technician": "Somebody"}, {"plumbline_technician": ""}, {"city": "Waco"}} {
			if err := w.crm.Slip("contacts", list[i].ID, change, crm.Person(88)); err != nil {
				w.t.Fatal(err)
			}
		}
		at = w.now
		if err := w.applies(name); err != nil {
			w.t.Fatal(err)
		}
		w.run(time.Minute)
		for i, want := range []string{"plumbline_technician has changed there since", "nothing of it differs any more", "more of it differs: city", "", ""} {
			j := slices.IndexFunc(w.planned(), func(x mirror.PlanRow) bool { return x.ID == list[i].ID })
			x := w.planned()[j]
			if x.Why != want || (x.State == "left") != (want != "") {
				w.t.Errorf("record %d is %s: %q, want %q", i, x.State, x.Why, want)
			}
		}
		wrote := w.wrote(at)
		if len(wrote) != 2 || !wrote["contact "+list[3].ID+" plumbline_technician"] || !wrote["contact "+list[4].ID+" plumbline_technician"] {
			w.t.Errorf("applying wrote %v, want the technician of the last two", wrote)
		}
		if d := w.found("contact", list[4].Key, "lastname"); d.Do != mirror.TakeOver || w.person(list[4].Key).LastName != "Typed" {
			w.t.Errorf("the name was found as %+v, and is %q", d, w.person(list[4].Key).LastName)
		}
		if s := w.sweep(); s.PlanRecords["applied"] != 2 || s.PlanRecords["left"] != 3 || s.Ended.IsZero() {
			w.t.Errorf("the plan stands at %+v", s)
		}
		if w.round(); w.object("contact", list[2].ID).Properties["plumbline_technician"] != "" || len(w.planned()) != 0 {
			w.t.Errorf("the next round left %v and the plan %v", w.object("contact", list[2].ID).Properties, w.planned())
		}
	})
}
