package mirror_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/record"
	crm "plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/tenant"
)

// edits changes a contact as a person in the account does.
func (w *world) edits(id string, fields ...string) {
	w.t.Helper()
	values := map[string]string{}
	for i := 0; i < len(fields); i += 2 {
		values[fields[i]] = fields[i+1]
	}
	if err := w.crm.Edit("contacts", id, values, crm.Person(88)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) person(id string) (view plumbline.PersonView) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		to, err := record.Resolve(tx, shop, []string{id})
		if err != nil {
			return err
		}
		golden := to[plumbline.SourceID(id)]
		list, err := record.LoadGolden(tx, shop, []string{string(golden)})
		if err != nil {
			return err
		}
		return list[golden].Read(&view)
	})
	return view
}

func TestAPersonsLaterEditWinsAndComesBack(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		w.edits(w.one("contacts").ID, "mobilephone", "(512) 555-0177", "plumbline_technician", "Nobody", "hubspot_owner_id", "")
		w.run(12 * time.Minute)
		c := w.one("contacts")
		if got := c.Properties["mobilephone"]; got != "(512) 555-0177" && got != "+15125550177" {
			w.t.Errorf("the number there is %q, and a person had typed another", got)
		}
		if got := c.Properties["plumbline_technician"]; got != "" {
			w.t.Errorf("the technician there is %q, which is ours to say: drift is not repaired%s", got, w.story())
		}
		if p := w.person(rosaKey); p.Mobile != "+15125550177" || !slices.Contains(p.Phones, "+15125550142") {
			w.t.Errorf("the customer's mobile is %q of %v, want what the person typed, beside the other", p.Mobile, p.Phones)
		}
	})
}

func TestALaterStatementOfTheFieldToolWinsOverAnOlderEdit(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		w.edits(w.one("contacts").ID, "city", "Waco")
		w.run(6 * time.Minute)
		w.says(w.rosa("city", "Austin"))
		w.run(6 * time.Minute)
		if got := w.one("contacts").Properties["city"]; got != "Austin" {
			w.t.Errorf("the city there is %q, want what was stated last", got)
		}
	})
}

func TestFieldsOfTheCRMAreOnlyFilled(t *testing.T) {
	each(t, func(w *world) {
		id := w.creates("firstname", "Rosa Maria", "lastname", "Larkspur", "email", "rosa@larkspur.test", "lifecyclestage", "evangelist")
		w.says(w.rosa("first_name", "Rosa"))
		w.run(12 * time.Minute)
		c := w.one("contacts")
		if c.ID != id || c.Properties["firstname"] != "Rosa Maria" || c.Properties["lifecyclestage"] != "evangelist" {
			w.t.Errorf("the contact says %v; its name and stage are the CRM's%s", c.Properties, w.story())
		}
		if c.Properties["mobilephone"] != "+15125550142" {
			w.t.Errorf("the number is %q, which nobody had filled", c.Properties["mobilephone"])
		}
	})
}

func TestOurEchoIsNoNews(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		id := w.one("contacts").ID
		w.do(func(tx *db.Tx) error {
			rows, err := record.Load(tx, shop, []string{string(sourceID(plumbline.Customer, "crm", id))})
			if err != nil || len(rows) != 1 {
				w.t.Fatalf("the CRM's record was not read: %v %v", rows, err)
			}
			for _, name := range []string{"first_name", "email", "mobile_phone"} {
				if c, ok := rows[0].Get(name); ok && c.Value != plumbline.Null {
					w.t.Errorf("the CRM is taken to say %s = %s, which is our echo", name, c.Value)
				}
			}
			if rows[0].Text("key") != rosaKey {
				w.t.Errorf("the record is known by key %q", rows[0].Text("key"))
			}
			d, ok, err := inbox.Answered(tx, shop, "crm", id)
			if err != nil || !ok || !slices.Contains(d.Echoes[id], "mobile_phone") || slices.Contains(d.Echoes[id], "key") {
				w.t.Errorf("the kept answer's marks are %v (%v, %v)", d.Echoes, ok, err)
			}
			return nil
		})
		if r := w.record("contact", plumbline.SourceID(rosaKey)); r.State != mirror.Live {
			w.t.Errorf("the record is %+v", r)
		}
	})
}

func (w *world) reads() (n int) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM delivery WHERE location_id = $1 AND event = 'read'`, shop).Scan(&n)
	})
	return n
}

func TestAnAnswerEqualToTheLastKeepsNothing(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa(), job())
		w.run(20 * time.Minute)
		before, polls := w.reads(), w.crm.Requests()["POST /crm/objects/2026-09/contacts/search"]
		w.run(time.Hour)
		if after := w.reads(); after != before || before == 0 {
			w.t.Errorf("%d answers were kept, then %d though nothing changed", before, after)
		}
		n := w.crm.Requests()["POST /crm/objects/2026-09/contacts/search"] - polls
		if n < 11 || n > 14 {
			w.t.Errorf("%d polls in an idle hour, want one in five minutes", n)
		}
		w.edits(w.one("contacts").ID, "city", "Waco")
		w.run(6 * time.Minute)
		if after := w.reads(); after != before+1 {
			w.t.Errorf("%d answers after an edit, want %d", after, before+1)
		}
	})
}

func TestARecordMergedThereIsFollowed(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		ours := w.one("contacts").ID
		other := w.creates("firstname", "Walk", "lastname", "In")
		merged, err := w.crm.Merge("contacts", other, ours, crm.Person(88))
		if err != nil {
			w.t.Fatal(err)
		}
		w.says(w.rosa("mobile_phone", "(512) 555-0199"))
		w.run(12 * time.Minute)
		r, c := w.record("contact", plumbline.SourceID(rosaKey)), w.one("contacts")
		if r.ID != merged || r.State != mirror.Live || c.Properties["plumbline_key"] != r.Key {
			w.t.Errorf("the record is %+v, the contact %s bears %q; want %s%s", r, c.ID, c.Properties["plumbline_key"], merged, w.story())
		}
		if got := c.Properties["mobilephone"]; got != "+15125550199" {
			w.t.Errorf("the number there is %q%s", got, w.story())
		}
	})
}

func TestARecordDeletedThereIsShownAndMadeAgainOnlyOnAWord(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		if err := w.crm.Archive("contacts", w.one("contacts").ID); err != nil {
			w.t.Fatal(err)
		}
		w.says(w.rosa("mobile_phone", "(512) 555-0199"))
		w.run(30 * time.Minute)
		items := w.items()
		if n := len(w.records("contacts")); n != 0 || len(items) != 1 || !strings.Contains(items[0].Cure, "Retry") {
			w.t.Fatalf("%d contacts, error queue %+v; want none, and one item%s", n, items, w.story())
		}
		w.do(func(tx *db.Tx) error { return w.mirror.Retry(tx, shop, items[0].Ref) })
		w.run(12 * time.Minute)
		if got := w.one("contacts").Properties["mobilephone"]; got != "+15125550199" {
			w.t.Errorf("the number there is %q", got)
		}
		if items := w.items(); len(items) != 0 {
			w.t.Errorf("the error queue still holds %+v", items)
		}
	})
}

func TestWhatWasOwedToARecordDeletedThereHidesNothing(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		if err := w.crm.Archive("contacts", w.one("contacts").ID); err != nil {
			w.t.Fatal(err)
		}
		w.run(40 * time.Minute) // a poll has seen it
		owed := func() {
			w.do(func(tx *db.Tx) error {
				return outbox.Owe(tx, outbox.Debt{Key: outbox.Key{Location: shop, Connection: "crm", Room: mirror.Room, Record: "record/contact/" + rosaKey}, Lot: "contact"})
			})
			w.run(time.Minute)
		}
		if owed(); len(w.items()) != 1 {
			w.t.Fatalf("the error queue is %+v, want what was deleted%s", w.items(), w.story())
		}
		item := w.items()[0]
		w.do(func(tx *db.Tx) error { return errorqueue.Close(tx, shop, item.Kind, item.Ref, "skipped", "leave it") })
		if owed(); len(w.items()) != 0 {
			w.t.Errorf("the error queue is %+v though somebody has skipped it", w.items())
		}
	})
}

func TestARecordThatIsBroughtBackIsKeptTrueAgain(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		id := w.one("contacts").ID
		if err := w.crm.Archive("contacts", id); err != nil {
			w.t.Fatal(err)
		}
		w.run(40 * time.Minute) // deletions are looked for every half hour
		if len(w.items()) != 1 {
			w.t.Fatalf("the deletion is not shown%s", w.story())
		}
		if err := w.crm.Restore("contacts", id); err != nil {
			w.t.Fatal(err)
		}
		w.says(w.rosa("mobile_phone", "(512) 555-0199"))
		w.run(15 * time.Minute)
		if c := w.one("contacts"); c.ID != id || c.Properties["mobilephone"] != "+15125550199" || len(w.items()) != 0 {
			w.t.Errorf("contact %s says %v%s", c.ID, c.Properties, w.story())
		}
	})
}

const polls = "POST /crm/objects/2026-09/contacts/search"

func TestACreateCostsFewPollsAndComesWhenItMay(t *testing.T) {
	each(t, func(w *world) {
		w.says(plumbline.Reading{Kind: plumbline.Customer, ID: "c0", Fields: map[string]plumbline.Value{"last_name": text("First"), "email": text("first@larkspur.test")}})
		w.run(30 * time.Minute)
		before := w.crm.Requests()[polls]
		w.says(w.rosa())
		w.run(time.Minute + 20*time.Second)
		if r := w.record("contact", plumbline.SourceID(rosaKey)); r.State != mirror.Live {
			w.t.Errorf("the record is %+v, want it made once the search has caught up%s", r, w.story())
		}
		w.run(10 * time.Minute)
		if n := w.crm.Requests()[polls] - before; n > 4 {
			w.t.Errorf("%d polls in a quarter of an hour, want three and one for the create", n)
		}
	})
}

func TestATargetIsReadSeldomWhileNobodyWorks(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(30 * time.Minute)
		w.opens = w.now.Add(2*time.Hour + 10*time.Minute)
		before := w.crm.Requests()[polls]
		w.run(2 * time.Hour)
		if n := w.crm.Requests()[polls] - before; n < 5 || n > 7 {
			w.t.Errorf("%d polls in two hours of the night, want one in twenty minutes", n)
		}
		w.run(w.opens.Add(time.Minute).Sub(w.now))
		before = w.crm.Requests()[polls]
		w.run(time.Hour)
		if n := w.crm.Requests()[polls] - before; n < 11 || n > 13 {
			w.t.Errorf("%d polls in an hour of the day, want one in five minutes", n)
		}
	})
}

func TestWhatAPersonMustMendHurriesNoPoll(t *testing.T) {
	each(t, func(w *world) {
		if err := w.crm.AddRule(crm.Rule{ObjectType: "0-3", Requires: []string{"description"}}); err != nil {
			w.t.Fatal(err)
		}
		w.creates("lastname", "Larkspur", "phone", "+15125550142")
		w.says(w.rosa(), job(), completed(w.now))
		w.run(20 * time.Minute)
		if story := w.story(); !strings.Contains(story, mirror.WaitingRecord) || !strings.Contains(story, mirror.WaitingCandidate) {
			w.t.Fatalf("a note should wait for its deal, and a contact for a decision%s", story)
		}
		before := w.crm.Requests()[polls]
		w.run(time.Hour)
		if n := w.crm.Requests()[polls] - before; n > 13 {
			w.t.Errorf("%d polls in an hour, want one in five minutes", n)
		}
	})
}

// unanswered keeps every write open for as long as it is on.
type unanswered struct {
	*mirror.Mirror
	on *bool
}

func (u unanswered) Perform(ctx context.Context, c tenant.Connection, call outbox.Call) outbox.Result {
	if *u.on && strings.Contains(call.Request, `"do":"write"`) {
		return outbox.Result{Err: &connect.Error{Class: connect.Unknown, Msg: "no answer"}}
	}
	return u.Mirror.Perform(ctx, c, call)
}

func (u unanswered) Ask(ctx context.Context, c tenant.Connection, call outbox.Call) outbox.Result {
	if *u.on {
		return outbox.Result{AskAgain: time.Minute}
	}
	return u.Mirror.Ask(ctx, c, call)
}

func TestAnEditIsSeenWhileAWriteOfOtherFieldsIsOpen(t *testing.T) {
	each(t, func(w *world) {
		on := false
		w.out.Performers = map[string]outbox.Performer{mirror.Room: unanswered{w.mirror, &on}}
		w.says(w.rosa())
		w.run(12 * time.Minute)
		on = true
		w.says(w.rosa("city", "Austin"))
		w.run(time.Second)
		w.edits(w.one("contacts").ID, "mobilephone", "5125550177")
		w.run(12 * time.Minute)
		on = false
		w.run(12 * time.Minute)
		if c := w.one("contacts"); c.Properties["mobilephone"] != "5125550177" || c.Properties["city"] != "Austin" {
			w.t.Errorf("the contact says %v, want the number as a person typed it and our city%s", c.Properties, w.story())
		}
	})
}

func TestAWriteThatWasNotCarriedOutIsMadeOnceThatIsKnown(t *testing.T) {
	each(t, func(w *world) {
		on := false
		w.out.Performers = map[string]outbox.Performer{mirror.Room: unanswered{w.mirror, &on}}
		w.says(w.rosa("street", "7 Elm St"))
		w.run(12 * time.Minute)
		on = true
		w.says(w.rosa("street", "9 Elm St", "city", "Austin")) // one that says something, and one that is empty there
		w.run(2 * time.Minute)
		on = false
		w.run(12 * time.Minute)
		if c := w.one("contacts"); c.Properties["address"] != "9 Elm St" || c.Properties["city"] != "Austin" {
			w.t.Errorf("the contact says %v, want what was to be written%s", c.Properties, w.story())
		}
	})
}
