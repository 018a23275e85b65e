package mirror_test

import (
	"context"
	"errors"
	"fmt"
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

const updates = "POST /crm/objects/2026-09/contacts/batch/update"

func TestTenChangesAreOneWrite(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		before := w.crm.Requests()[updates]
		for i := range 10 {
			w.says(w.rosa("city", "Town "+string(rune('A'+i))))
			w.apply()
			w.now = w.now.Add(time.Millisecond)
		}
		w.run(6 * time.Minute)
		if n := w.crm.Requests()[updates] - before; n != 1 {
			w.t.Errorf("%d writes, want one", n)
		}
		if got := w.one("contacts").Properties["city"]; got != "Town J" {
			w.t.Errorf("the city there is %q", got)
		}
	})
}

func TestManyRecordsGoInBatches(t *testing.T) {
	each(t, func(w *world) {
		var list []plumbline.Reading
		for i := range 130 {
			name := string(rune('a'+i/26)) + string(rune('a'+i%26))
			list = append(list, plumbline.Reading{Kind: plumbline.Customer, ID: "m" + name, Fields: map[string]plumbline.Value{
				"first_name": text("F" + name), "last_name": text("L" + name), "email": text(name + "@many.test")}})
		}
		for len(list) > 0 {
			n := min(len(list), 50)
			w.says(list[:n]...)
			list = list[n:]
		}
		w.run(15 * time.Minute)
		if n := len(w.records("contacts")); n != 130 {
			w.t.Errorf("%d contacts, want 130%s", n, w.story())
		}
		if n := w.crm.Requests()["POST /crm/objects/2026-09/contacts/batch/create"]; n < 2 || n > 4 {
			w.t.Errorf("%d creating calls, want few", n)
		}
	})
}

func TestNothingIsWrittenWhereNothingDiffers(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa(), job())
		w.run(12 * time.Minute)
		before := w.crm.Requests()
		w.says(w.rosa(), job())
		w.run(time.Hour)
		for name, n := range w.crm.Requests() {
			if (strings.Contains(name, "batch/update") || strings.Contains(name, "batch/create")) && n != before[name] {
				w.t.Errorf("%s: %d calls more though nothing differs", name, n-before[name])
			}
		}
	})
}

func TestEmptyIsWrittenAsEmpty(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa(), job(), planned("v1", "j1", w.now.Add(24*time.Hour)))
		w.run(12 * time.Minute)
		if got := w.one("contacts").Properties["plumbline_next_appointment"]; got == "" {
			w.t.Fatalf("there is no next appointment%s", w.story())
		}
		w.says(plumbline.Reading{Kind: plumbline.Visit, ID: "v1", Deleted: true, Fields: map[string]plumbline.Value{"job": text("j1")}})
		w.run(2 * time.Minute)
		if got := w.one("contacts").Properties["plumbline_next_appointment"]; got != "" {
			w.t.Errorf("the next appointment is %q, and it was canceled%s", got, w.story())
		}
	})
}

// unadopted makes creates leave without looking for what stands there.
func (w *world) unadopted() { w.mirror.Stream = nil }

func TestACollisionAdoptsTheRecordThatIsThere(t *testing.T) {
	each(t, func(w *world) {
		w.unadopted()
		id := w.creates("email", "rosa@larkspur.test", "city", "Waco")
		w.says(w.rosa())
		w.run(3 * time.Minute)
		if c := w.one("contacts"); c.ID != id || c.Properties["plumbline_key"] != rosaKey || c.Properties["firstname"] != "Rosa" || c.Properties["city"] != "Waco" {
			w.t.Errorf("contact %s says %v, want %s adopted%s", c.ID, c.Properties, id, w.story())
		}
	})
}

func TestACollisionNeverStealsFromSomebodyElse(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		husband := plumbline.Reading{Kind: plumbline.Customer, ID: "c2", Fields: map[string]plumbline.Value{
			"first_name": text("Bernardo"), "last_name": text("Larkspur"), "email": text("rosa@larkspur.test"), "mobile_phone": text("(512) 555-0143")}}
		w.says(husband)
		w.run(15 * time.Minute)
		list := w.records("contacts")
		if len(list) != 2 {
			w.t.Fatalf("%d contacts, want both%s", len(list), w.story())
		}
		for _, c := range list {
			first := c.Properties["firstname"] == "Rosa"
			if (c.Properties["email"] == "rosa@larkspur.test") != first {
				w.t.Errorf("%s has the mail box %q", c.Properties["firstname"], c.Properties["email"])
			}
		}
		w.do(func(tx *db.Tx) error {
			drift, err := w.mirror.Drift(tx, shop, "crm", "contact", string(sourceID(plumbline.Customer, "field", "c2")))
			for _, d := range drift {
				if d.Field == "email" && (d.Write || !strings.Contains(d.Cause, "stands for somebody else")) {
					w.t.Errorf("the drift is explained as %q", d.Cause)
				}
			}
			return err
		})
	})
}

func TestALostAnswerIsLookedForAndNothingIsMadeTwice(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa(), job(), completed(w.now))
		w.now = w.now.Add(time.Second)
		w.run(30 * time.Second)
		w.crm.SetFaults(crm.Faults{LostAnswer: 1})
		w.run(7 * time.Minute)
		w.crm.SetFaults(crm.Faults{LostAnswer: 0.3, Garbage: 0.1})
		w.run(20 * time.Minute)
		w.says(w.rosa("city", "Austin"))
		w.run(10 * time.Minute)
		w.crm.SetFaults(crm.Faults{})
		w.run(30 * time.Minute)
		if n := w.crm.Answers()[0]; n < 3 {
			w.t.Errorf("%d answers were lost, want several", n)
		}
		for _, kind := range []string{"contacts", "deals", "notes"} {
			w.one(kind)
		}
		if got := w.one("contacts").Properties["city"]; got != "Austin" {
			w.t.Errorf("the city there is %q%s", got, w.story())
		}
		if list := w.items(); len(list) != 0 {
			w.t.Errorf("the error queue holds %+v", list)
		}
	})
}

// planned is a visit that has a date.
func planned(id, job string, at time.Time) plumbline.Reading {
	return plumbline.Reading{Kind: plumbline.Visit, ID: id, Fields: map[string]plumbline.Value{"job": text(job),
		"starts": plumbline.TimeValue(at), "ends": plumbline.TimeValue(at.Add(2 * time.Hour))}}
}

// completed is a visit that has been completed.
func completed(at time.Time) plumbline.Reading {
	return plumbline.Reading{Kind: plumbline.Visit, ID: "v1", Fields: map[string]plumbline.Value{"job": text("j1"),
		"starts": plumbline.TimeValue(at.Add(-2 * time.Hour)), "ends": plumbline.TimeValue(at), "completed_at": plumbline.TimeValue(at)}}
}

func TestANoteOfACompletedVisitBearsItsKeyInTheLastLine(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa(), job(), completed(w.now))
		w.run(15 * time.Minute)
		note, deal, contact := w.one("notes"), w.one("deals"), w.one("contacts")
		key := w.record("note", sourceID(plumbline.Visit, "field", "j1")).Key // of the job's only visit
		if key == "" {
			key = w.record("note", sourceID(plumbline.Visit, "field", "v1")).Key
		}
		if body := note.Properties["hs_note_body"]; key == "" || !strings.HasSuffix(body, "<small>"+key+"</small>") {
			w.t.Errorf("the note says %q, want its last line to be %s", body, key)
		}
		to := map[string]bool{}
		for _, a := range note.Associations {
			to[a.ID] = true
		}
		if !to[deal.ID] || !to[contact.ID] {
			w.t.Errorf("the note is joined to %v, want deal %s and contact %s%s", to, deal.ID, contact.ID, w.story())
		}
	})
}

func TestTheNoteOfAVisitThatIsReopenedSaysSo(t *testing.T) {
	each(t, func(w *world) {
		done := w.now
		w.says(w.rosa(), job(), completed(done))
		w.run(15 * time.Minute)
		was := w.one("notes").Properties["hs_note_body"]
		back := completed(done)
		back.Fields["completed_at"] = plumbline.Null
		w.says(back)
		w.run(15 * time.Minute)
		if body := w.one("notes").Properties["hs_note_body"]; strings.Contains(was, "Taken back") || !strings.HasPrefix(body, "Taken back 4 May: this visit is not complete") {
			w.t.Errorf("the note said %q and says %q, want that the visit is not complete%s", was, body, w.story())
		}
		w.says(completed(done))
		w.run(15 * time.Minute)
		if body := w.one("notes").Properties["hs_note_body"]; body != was {
			w.t.Errorf("complete again, the note says %q, want %q", body, was)
		}
	})
}

func TestARefusalIsOneCauseAndGoesThroughWhenItIsMended(t *testing.T) {
	each(t, func(w *world) {
		err := w.crm.AddRule(crm.Rule{ObjectType: "0-3", Requires: []string{"closedate"}})
		if err != nil {
			w.t.Fatal(err)
		}
		second := job()
		second.ID = "j2"
		w.says(w.rosa(), job(), second)
		w.run(12 * time.Minute)
		items := w.items()
		if len(items) != 2 || items[0].Cause != items[1].Cause || items[0].Cure == "" || !strings.Contains(items[0].Title, "closedate") {
			w.t.Fatalf("the error queue holds %+v, want two items of one cause%s", items, w.story())
		}
		for _, d := range w.records("deals") {
			w.t.Errorf("there is a deal %v", d.Properties)
		}
		if r := w.record("deal", sourceID(plumbline.Job, "field", "j1")); r.State != mirror.Refused {
			w.t.Errorf("the record is %+v, want it refused", r)
		}
		tries := items[0].Tries + items[1].Tries
		w.do(func(tx *db.Tx) error { return w.mirror.Retry(tx, shop, items[0].Ref) })
		w.run(time.Minute)
		if items := w.items(); len(items) != 2 || items[0].Tries+items[1].Tries != tries+1 {
			w.t.Errorf("after a try too early the error queue holds %+v, want one try more than %d", items, tries)
		}
		v1, v2 := planned("v1", "j1", w.now), planned("v2", "j2", w.now)
		w.says(v1, v2)
		w.run(12 * time.Minute)
		if n := len(w.records("deals")); n != 2 {
			w.t.Errorf("%d deals, want both%s", n, w.story())
		}
		if items := w.items(); len(items) != 0 {
			w.t.Errorf("the error queue still holds %+v", items)
		}
	})
}

// A stubborn target writes one field in capitals.
type stubborn struct {
	connect.Target
	field string
}

func (s stubborn) Write(ctx context.Context, typ string, list []connect.Change) ([]connect.Outcome, error) {
	for i := range list {
		if v, ok := list[i].Fields[s.field]; ok {
			fields := map[string]string{}
			for k, v := range list[i].Fields {
				fields[k] = v
			}
			fields[s.field] = strings.ToUpper(v)
			list[i].Fields = fields
		}
	}
	return s.Target.Write(ctx, typ, list)
}

func TestWhatTheTargetStoresDifferentlyIsNotWrittenAgain(t *testing.T) {
	each(t, func(w *world) {
		w.mirror.Target = func(tenant.Connection) (connect.Target, error) { return stubborn{w.tool, "city"}, nil }
		w.says(w.rosa("city", "Austin"))
		w.run(12 * time.Minute)
		before := w.crm.Requests()[updates]
		w.says(w.rosa("city", "Austin", "street", "1418 W Larkspur Ln"))
		w.run(time.Hour)
		if n := w.crm.Requests()[updates] - before; n != 1 {
			w.t.Errorf("%d writes after one change, want one: the city is stored as AUSTIN%s", n, w.story())
		}
		if c := w.one("contacts"); c.Properties["city"] != "AUSTIN" || c.Properties["address"] == "" {
			w.t.Errorf("the contact says %v", c.Properties)
		}
	})
}

func TestFaultsOfTheToolLoseNothing(t *testing.T) {
	each(t, func(w *world) {
		w.crm.SetFaults(crm.Faults{ServerError: 0.2, Locked423: 0.2, TooMany: 0.1})
		w.says(w.rosa(), job(), completed(w.now))
		w.run(time.Hour)
		w.crm.SetFaults(crm.Faults{})
		w.run(time.Hour)
		for _, kind := range []string{"contacts", "deals", "notes"} {
			w.one(kind)
		}
		if d := w.one("deals"); len(d.Associations) != 2 {
			w.t.Errorf("the deal is joined to %+v, want its contact and note%s", d.Associations, w.story())
		}
	})
}

func TestWhatNeedsARefusedRecordWaitsForItByName(t *testing.T) {
	each(t, func(w *world) {
		if err := w.crm.AddRule(crm.Rule{ObjectType: "0-3", Requires: []string{"description"}}); err != nil {
			w.t.Fatal(err)
		}
		w.says(w.rosa(), job(), completed(w.now))
		w.run(12 * time.Minute)
		key := string(sourceID(plumbline.Job, "field", "j1"))
		if n, story := len(w.records("notes")), w.story(); n != 0 || !strings.Contains(story, "waiting_record: it waits for deal "+key) {
			w.t.Errorf("%d notes, want it waiting for the deal by name%s", n, story)
		}
	})
}

func TestManyRecordsAreJoinedToOneThatComesLate(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		for i := range 40 {
			j := job()
			j.ID = fmt.Sprint("j", i)
			w.says(j)
		}
		w.run(15 * time.Minute)
		contact, deals := w.one("contacts"), w.records("deals")
		for _, d := range deals {
			if len(d.Associations) != 1 || d.Associations[0].ID != contact.ID {
				w.t.Errorf("deal %s is joined to %+v", d.ID, d.Associations)
			}
		}
		if len(deals) != 40 {
			w.t.Errorf("%d deals, want 40%s", len(deals), w.story())
		}
	})
}

// A dying node ends after a write has left and before anything of it was noted.
type dying struct {
	*mirror.Mirror
	writes *int // that had left
}

func (d dying) Settle(tx *db.Tx, c tenant.Connection, call outbox.Call, r outbox.Result) ([]outbox.Settled, error) {
	if !strings.Contains(call.Request, `"do":"write"`) {
		return d.Mirror.Settle(tx, c, call, r)
	}
	*d.writes++
	return nil, errors.New("the node has died")
}

func TestANodeThatDiesAfterACallMakesNothingTwice(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa(), job(), completed(w.now))
		lost := 0
		for i := range 60 { // a new node each time; two of three die
			node := &outbox.Dispatcher{DB: w.db, Node: fmt.Sprint("n", i), Quota: "hubspot", Budgets: w.tool.Budgets(),
				Performers: map[string]outbox.Performer{mirror.Room: w.mirror}}
			w.out = node
			at := w.now
			if i%3 < 2 {
				node.Performers = map[string]outbox.Performer{mirror.Room: dying{w.mirror, &lost}}
			}
			for dead := false; !dead && w.now.Before(at.Add(20*time.Second)); w.now = w.now.Add(time.Second) {
				for worked := true; worked && !dead; {
					var err error
					w.apply()
					worked, _, err = node.Step(w.t.Context(), w.now)
					dead = err != nil
				}
			}
			w.now = w.now.Add(61 * time.Second)
		}
		w.run(time.Hour)
		for _, kind := range []string{"contacts", "deals", "notes"} {
			w.one(kind)
		}
		if lost < 2 {
			w.t.Errorf("%d nodes died after a write, want several", lost)
		}
	})
}
