package mirror_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/outbox"
	crm "plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/tenant"
)

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

// However many have drifted, a transaction judges fifty, and the others are read again.
func TestManyDriftedRecordsAreJudgedInParts(t *testing.T) {
	each(t, func(w *world) {
		w.town(60)
		list := w.kept("contact")
		for _, rec := range list {
			if err := w.crm.Lose("contacts", rec.ID, "city"); err != nil {
				w.t.Fatal(err)
			}
		}
		before := w.crm.Requests()[reads]
		s := w.round()
		if len(s.Drift) != 1 || s.Drift[0].N != 60 || w.crm.Requests()[reads] != before+2 {
			w.t.Errorf("with %d reads of contacts found %+v, want the city of all in two", w.crm.Requests()[reads]-before, s.Drift)
		}
		for _, rec := range list {
			if got := w.object("contact", rec.ID).Properties["city"]; got != "Austin" {
				w.t.Errorf("the city of %s is %q", rec.ID, got)
			}
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
		w.run(25 * time.Hour)
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
