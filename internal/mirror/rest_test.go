package mirror_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/identity"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	crm "plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/tenant"
)

func (w *world) mode(mode string) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error { return tenant.Switch(tx, shop, "crm", mode) })
}

func TestARehearsalOwesNothingAndShowsWhatWouldHappen(t *testing.T) {
	each(t, func(w *world) {
		w.mode(tenant.Rehearsal)
		there := w.creates("firstname", "Rosa Maria", "lastname", "Larkspur", "email", "rosa@larkspur.test")
		w.learns(there)
		luis := plumbline.Reading{Kind: plumbline.Customer, ID: "c2", Fields: map[string]plumbline.Value{"first_name": text("Luis"), "last_name": text("Ortega")}}
		w.says(w.rosa(), luis, job())
		w.run(20 * time.Minute)
		if n := len(w.records("deals")); n != 0 {
			w.t.Fatalf("%d deals were written in rehearsal", n)
		}
		var owed int
		var plan []mirror.Planned
		w.do(func(tx *db.Tx) (err error) {
			if err := tx.QueryRow(`SELECT COUNT(*) FROM outbox`).Scan(&owed); err != nil {
				return err
			}
			plan, err = w.mirror.Plan(tx, shop, "crm")
			return err
		})
		if owed != 0 {
			w.t.Errorf("%d rows are owed", owed)
		}
		got := map[string]string{}
		for _, p := range plan {
			got[p.What+" "+p.Type] = p.ID
			i := slices.IndexFunc(p.Fields, func(d mirror.Drift) bool { return d.Field == "mobilephone" })
			if p.What == "adopt" && (i < 0 || p.Fields[i].Observed != "" || p.Fields[i].Desired != "+15125550142" || p.Fields[i].Cause == "" || p.Fields[i].From == "") {
				w.t.Errorf("the adoption would write %+v", p.Fields)
			}
			if slices.ContainsFunc(p.Fields, func(d mirror.Drift) bool { return d.Field == "firstname" }) && p.What == "adopt" {
				w.t.Errorf("the adoption would write over the name: %+v", p.Fields)
			}
			if p.Why == "" {
				w.t.Errorf("%s %s is not explained", p.What, p.Type)
			}
		}
		if len(plan) != 3 || got["adopt contact"] != there {
			w.t.Errorf("the plan is %v, want to adopt %s and to make a contact and a deal", got, there)
		}
		if _, ok := got["create deal"]; !ok {
			w.t.Errorf("the plan is %v", got)
		}
		w.mode(tenant.On)
		w.do(func(tx *db.Tx) error {
			c, err := tenant.Get(tx, shop, "crm")
			if err != nil {
				return err
			}
			return w.mirror.SwitchedOn(tx, c)
		})
		w.run(12 * time.Minute)
		if c, d := w.records("contacts"), w.records("deals"); len(c) != 2 || len(d) != 1 || len(d[0].Associations) != 1 {
			w.t.Errorf("switched on: %d contacts, deals %+v%s", len(c), d, w.story())
		}
	})
}

// learns keeps what the account says of a contact, as a webhook's look-up does.
func (w *world) learns(id string) {
	w.t.Helper()
	answers, err := w.tool.Fetch(w.t.Context(), plumbline.Customer, []string{id})
	if err != nil {
		w.t.Fatal(err)
	}
	w.deliver(plumbline.Delivery{Connection: "crm", Tool: "hubspot", Event: "read", Object: id, Read: w.now, Body: answers[0].Body})
}

func TestAMergeRetiresOneRecordAndItsUndoingBringsItBack(t *testing.T) {
	each(t, func(w *world) {
		second := plumbline.Reading{Kind: plumbline.Customer, ID: "c2", Created: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
			Fields: map[string]plumbline.Value{"first_name": text("R"), "last_name": text("Larkspur"), "email": text("r.l@work.test"), "mobile_phone": text("(512) 555-0188")}}
		other := job("customer", "c2")
		other.ID = "j2"
		w.says(w.rosa(), second, job(), other)
		w.run(12 * time.Minute)
		if n := len(w.records("contacts")); n != 2 {
			w.t.Fatalf("%d contacts, want two%s", n, w.story())
		}
		a, b := plumbline.SourceID(rosaKey), sourceID(plumbline.Customer, "field", "c2")
		idA, idB := w.record("contact", a).ID, w.record("contact", b).ID
		keys := func() map[string]string {
			out := map[string]string{}
			for _, c := range w.records("contacts") {
				out[c.ID] = c.Properties["plumbline_key"]
			}
			return out
		}
		w.decides("same", a, b)
		w.run(12 * time.Minute)
		if k := keys(); len(k) != 2 || k[idA] != string(a) || k[idB] != "" {
			w.t.Errorf("after the merge the keys are %v; %s stands for both%s", k, idA, w.story())
		}
		for _, d := range w.records("deals") {
			if !slices.ContainsFunc(d.Associations, func(x crm.Association) bool { return x.ID == idA }) {
				w.t.Errorf("deal %s is joined to %+v, want %s%s", d.ID, d.Associations, idA, w.story())
			}
			if slices.ContainsFunc(d.Associations, func(x crm.Association) bool { return x.ID == idB }) {
				w.t.Errorf("deal %s is still joined to %s, which stands for nobody: %+v", d.ID, idB, d.Associations)
			}
		}
		if items := w.items(); len(items) != 1 || !strings.Contains(items[0].Ref, "merge/contact/"+idB) {
			w.t.Errorf("the error queue holds %+v, want the offer to merge", items)
		}
		w.now = w.now.Add(time.Minute)
		w.decides("different", a, b)
		w.run(12 * time.Minute)
		if k := keys(); len(k) != 2 || k[idA] != string(a) || k[idB] != string(b) {
			w.t.Errorf("after the unmerge the keys are %v, want each its own%s", k, w.story())
		}
		if items := w.items(); len(items) != 0 {
			w.t.Errorf("the error queue still holds %+v", items)
		}
		for _, d := range w.records("deals") {
			want := map[string]string{w.record("deal", sourceID(plumbline.Job, "field", "j1")).ID: idA, w.record("deal", sourceID(plumbline.Job, "field", "j2")).ID: idB}[d.ID]
			if len(d.Associations) != 1 || d.Associations[0].ID != want {
				w.t.Errorf("after the unmerge deal %s is joined to %+v, want %s alone", d.ID, d.Associations, want)
			}
		}
		for _, c := range w.records("contacts") {
			if c.ID == idB && c.Properties["mobilephone"] != "+15125550188" {
				w.t.Errorf("the second contact's number is %q", c.Properties["mobilephone"])
			}
		}
	})
}

func TestATaskIsMadeOnceAndClosed(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa(), job())
		w.run(12 * time.Minute)
		task := mirror.Task{Location: shop, Rule: "expansion", Subject: sourceID(plumbline.Job, "field", "j1"), Person: plumbline.SourceID(rosaKey),
			Title: "Call Rosa", Body: "The furnace is 15 years old.", Due: w.now.Add(24 * time.Hour)}
		for range 2 {
			w.do(func(tx *db.Tx) error { return w.mirror.OpenTasks(tx, shop, task) })
			w.run(2 * time.Minute)
		}
		made, contact := w.one("tasks"), w.one("contacts")
		if p := made.Properties; p["hs_task_subject"] != "Call Rosa" || p["hs_task_status"] != "NOT_STARTED" || !strings.HasSuffix(p["hs_task_body"], task.ID()) {
			w.t.Errorf("the task says %v", p)
		}
		if !slices.ContainsFunc(made.Associations, func(a crm.Association) bool { return a.ID == contact.ID }) {
			w.t.Errorf("the task is joined to %+v, want contact %s", made.Associations, contact.ID)
		}
		w.do(func(tx *db.Tx) error {
			return w.mirror.CloseTasks(tx, shop, mirror.EndedTask{Rule: "expansion", Subject: task.Subject, Why: "the equipment was replaced"})
		})
		w.run(2 * time.Minute)
		if p := w.one("tasks").Properties; p["hs_task_status"] != "COMPLETED" || p["hs_task_subject"] != "Call Rosa" {
			w.t.Errorf("the closed task says %v%s", p, w.story())
		}
	})
}

func TestALostTaskIsFoundByTheLastLineOfItsText(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		w.crm.SetFaults(crm.Faults{LostAnswer: 1})
		w.do(func(tx *db.Tx) error {
			return w.mirror.OpenTasks(tx, shop, mirror.Task{Location: shop, Rule: "call", Subject: plumbline.SourceID(rosaKey), Person: plumbline.SourceID(rosaKey), Title: "Call"})
		})
		w.settle()
		w.crm.SetFaults(crm.Faults{})
		w.run(10 * time.Minute)
		w.one("tasks")
	})
}

func TestDriftIsExplainedFieldByField(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		id := w.one("contacts").ID
		w.crm.SetFaults(crm.Faults{Locked423: 1}) // it can be read and not be mended
		w.edits(id, "plumbline_technician", "Nobody")
		w.run(6 * time.Minute)
		w.do(func(tx *db.Tx) error {
			list, err := w.mirror.Drift(tx, shop, "crm", "contact", rosaKey)
			if err != nil {
				return err
			}
			want := map[string]string{"plumbline_technician": "the target says something else", "lastname": "the target says so already"}
			for _, d := range list {
				if cause, ok := want[d.Field]; ok && (d.Cause != cause || d.Write != (d.Observed == "Nobody" && d.Author == plumbline.ByPerson && d.Known)) {
					w.t.Errorf("%s: we want %q, there is %q by %q: %q, want %q", d.Field, d.Desired, d.Observed, d.Author, d.Cause, cause)
				}
				delete(want, d.Field)
			}
			if len(want) != 0 {
				w.t.Errorf("nothing is said of %v", want)
			}
			return nil
		})
	})
}

// desired is all that is derived, as text.
func (w *world) desired() string {
	w.t.Helper()
	var b strings.Builder
	w.do(func(tx *db.Tx) error {
		for _, q := range []string{`SELECT connection, type, subject, doc FROM desired ORDER BY connection, type, subject`,
			`SELECT type || subject, to_type, to_subject, role FROM desired_link ORDER BY 1, 2, 3, 4`} {
			rows, err := tx.Query(q)
			if err != nil {
				return err
			}
			for rows.Next() {
				var x [4]string
				if err := rows.Scan(&x[0], &x[1], &x[2], &x[3]); err != nil {
					return err
				}
				b.WriteString(strings.Join(x[:], " ") + "\n")
			}
			rows.Close()
		}
		return nil
	})
	return b.String()
}

func TestWhatIsDesiredIsTheSameWhenDerivedAgain(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa(), job(), completed(w.now))
		w.run(12 * time.Minute)
		w.edits(w.one("contacts").ID, "city", "Waco")
		w.run(12 * time.Minute)
		before := w.desired()
		if strings.Count(before, "\n") < 6 || strings.Contains(before, rosaKey+`","w`) {
			w.t.Fatalf("what is desired is\n%s", before)
		}
		w.advance.Followers = []advance.Follower{deriver{w.mirror}}
		w.do(func(tx *db.Tx) error {
			for _, table := range mirror.Tables {
				if _, err := tx.Exec(`DELETE FROM ` + table); err != nil {
					return err
				}
			}
			to, err := record.Resolve(tx, shop, []string{rosaKey})
			if err != nil {
				return err
			}
			if err := advance.MarkStale(tx, shop, "derivation", record.RankSums, string(to[plumbline.SourceID(rosaKey)])); err != nil {
				return err
			}
			return advance.MarkStale(tx, shop, "derivation", record.RankJob, string(sourceID(plumbline.Job, "field", "j1")))
		})
		w.apply()
		if after := w.desired(); after != before {
			w.t.Errorf("derived again it is\n%s\nand was\n%s", after, before)
		}
	})
}

// deriver derives and owes nothing.
type deriver struct{ *mirror.Mirror }

func (d deriver) Follow(tx *db.Tx, b *advance.Batch) error { return d.Derive(tx, b) }

func TestARecordThatAPersonTookFromACustomerIsLetGo(t *testing.T) {
	each(t, func(w *world) {
		there := w.creates("firstname", "Rosa", "lastname", "Larkspur", "phone", "+15125550142")
		w.says(w.rosa())
		w.run(12 * time.Minute)
		if r := w.record("contact", plumbline.SourceID(rosaKey)); r.ID != there {
			w.t.Fatalf("the record is %+v, want %s adopted%s", r, there, w.story())
		}
		w.decides("different", plumbline.SourceID(rosaKey), sourceID(plumbline.Customer, "crm", there))
		w.run(30 * time.Minute)
		r := w.record("contact", plumbline.SourceID(rosaKey))
		if n := len(w.records("contacts")); n != 2 || r.ID == there || r.State != mirror.Live {
			w.t.Errorf("%d contacts, the customer's is %+v, want one of its own beside %s%s", n, r, there, w.story())
		}
		var asks []identity.Question
		w.do(func(tx *db.Tx) (err error) { asks, err = identity.Questions(tx, shop); return err })
		if len(asks) != 0 {
			w.t.Errorf("the questions are %+v", asks)
		}
	})
}

// A keyless target has no field for our key, until it has.
type keyless struct {
	connect.Target
	has *bool
}

func (k keyless) Describe(ctx context.Context) (connect.Schema, error) {
	s, err := k.Target.Describe(ctx)
	if t, ok := s.Types["contact"]; ok && !*k.has {
		t.Unique = ""
		s.Types["contact"] = t
	}
	return s, err
}

func TestWhatCanHaveNoKeyIsShownAndMadeOnceItCan(t *testing.T) {
	each(t, func(w *world) {
		has := false
		w.mirror.Target = func(tenant.Connection) (connect.Target, error) { return keyless{w.tool, &has}, nil }
		w.says(w.rosa(), job())
		w.run(12 * time.Minute)
		r, items := w.record("contact", plumbline.SourceID(rosaKey)), w.items()
		if r.State != mirror.Refused || len(items) != 1 || !strings.Contains(items[0].Title, "no field for our key") {
			w.t.Fatalf("the record is %+v, the error queue %+v%s", r, items, w.story())
		}
		has = true
		w.do(func(tx *db.Tx) error { return w.mirror.Retry(tx, shop, items[0].Ref) })
		w.run(12 * time.Minute)
		if c := w.one("contacts"); c.Properties["plumbline_key"] != rosaKey || len(w.items()) != 0 {
			w.t.Errorf("the contact says %v%s", c.Properties, w.story())
		}
	})
}

func TestATaskWaitsForNothingThatNeverComes(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		nobody := mirror.Task{Location: shop, Rule: "text", Subject: sourceID("text", "sms", "SM1"), Title: "Read a text"}
		walkIn := w.creates("firstname", "Walk", "lastname", "In")
		w.run(12 * time.Minute)
		sid := sourceID(plumbline.Customer, "crm", walkIn)
		theirs := mirror.Task{Location: shop, Rule: "call", Subject: sid, Person: sid, Title: "Call"}
		w.do(func(tx *db.Tx) error {
			if err := w.mirror.OpenTasks(tx, shop, nobody); err != nil {
				return err
			}
			return w.mirror.OpenTasks(tx, shop, theirs)
		})
		w.run(12 * time.Minute)
		joined := map[string]int{}
		for _, task := range w.records("tasks") {
			joined[task.Properties["hs_task_subject"]] = len(task.Associations)
		}
		if n, ok := joined["Read a text"]; !ok || n != 0 || joined["Call"] != 1 {
			w.t.Errorf("the tasks are joined to so many: %v, want one of them to the walk-in%s", joined, w.story())
		}
	})
}

func TestARoleThatMovesToAnotherPersonLeavesTheFirst(t *testing.T) {
	each(t, func(w *world) {
		second := plumbline.Reading{Kind: plumbline.Customer, ID: "c2", Created: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
			Fields: map[string]plumbline.Value{"first_name": text("Lee"), "last_name": text("Okafor"), "email": text("lee@okafor.test"), "mobile_phone": text("(512) 555-0188")}}
		w.says(w.rosa(), second, job(), completed(w.now))
		w.run(12 * time.Minute)
		a, b := w.record("contact", plumbline.SourceID(rosaKey)).ID, w.record("contact", sourceID(plumbline.Customer, "field", "c2")).ID
		joined := func(kind string) (ids []string) {
			for _, x := range w.one(kind).Associations {
				if x.ID == a || x.ID == b {
					ids = append(ids, x.ID)
				}
			}
			return ids
		}
		if d, n := joined("deals"), joined("notes"); len(d) != 1 || d[0] != a || len(n) != 1 || n[0] != a {
			w.t.Fatalf("deal and note are joined to %v and %v, want %s%s", d, n, a, w.story())
		}
		w.now = w.now.Add(time.Minute)
		w.says(job("customer", "c2"))
		w.run(12 * time.Minute)
		if d, n := joined("deals"), joined("notes"); len(d) != 1 || d[0] != b || len(n) != 1 || n[0] != b {
			w.t.Errorf("deal and note are joined to %v and %v, want %s alone%s", d, n, b, w.story())
		}
		before := w.crm.Requests()[labelsOff]
		w.says(job("customer", "c2", "description", "AC repair, upstairs"))
		w.run(12 * time.Minute)
		if n := w.crm.Requests()[labelsOff] - before; n != 0 || before == 0 {
			w.t.Errorf("associations were taken away in %d calls, and in %d more when nothing was to go", before, n)
		}
	})
}

const labelsOff = "POST /crm/associations/2026-09/deals/contacts/batch/labels/archive"

func TestRecordsOfATypeThatTheMappingHasLostStayAsTheyAre(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa(), job())
		w.run(12 * time.Minute)
		was := w.one("deals")
		w.says(job("description", "Furnace repair"))
		w.apply() // the deal is owed
		book, err := playbook.Load(playbook.BuiltIn(), playbook.Layer{Name: "location", File: "shop.yaml", Data: []byte("mapping: {hubspot: {deal: {as: ticket}}}")})
		if err != nil {
			w.t.Fatal(err)
		}
		w.book = book
		w.run(12 * time.Minute)
		if now := w.one("deals"); !now.Updated.Equal(was.Updated) || len(w.items()) > 0 {
			w.t.Errorf("the deal was written to at %v, last at %v; %d errors%s", now.Updated, was.Updated, len(w.items()), w.story())
		}
	})
}
