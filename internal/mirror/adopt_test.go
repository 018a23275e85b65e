package mirror_test

import (
	"context"
	"errors"
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
	crm "plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/tenant"
)

var rosaKey = string(sourceID(plumbline.Customer, "field", "c1"))

// creates makes a contact as a person in the account does.
func (w *world) creates(fields ...string) (id string) {
	w.t.Helper()
	values := map[string]string{}
	for i := 0; i < len(fields); i += 2 {
		values[fields[i]] = fields[i+1]
	}
	id, err := w.crm.Create("contacts", values, crm.Person(88))
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) record(typ string, subject plumbline.SourceID) mirror.Record {
	w.t.Helper()
	var list []mirror.Record
	w.do(func(tx *db.Tx) (err error) {
		list, err = w.mirror.Records(tx, shop, "crm", typ, string(subject))
		return err
	})
	if len(list) == 0 {
		return mirror.Record{}
	}
	i := slices.IndexFunc(list, func(r mirror.Record) bool { return r.State == mirror.Live })
	return list[max(i, 0)]
}

func (w *world) decides(what string, a, b plumbline.SourceID) {
	w.t.Helper()
	w.deliver(plumbline.Delivery{Connection: plumbline.Office, Tool: plumbline.Office, Event: "decision",
		Body: []byte(db.JSON(advance.OfficeDecision{Do: what, By: "Ana", A: a, B: b}))})
}

func TestWhatOthersCreatedIsAdoptedAndNotDoubled(t *testing.T) {
	each(t, func(w *world) {
		id := w.creates("firstname", "Rosa", "lastname", "Larkspur", "email", "rosa@larkspur.test", "phone", "+15125550142")
		w.run(time.Minute)
		w.says(w.rosa(), job())
		w.run(12 * time.Minute)
		contact := w.one("contacts")
		if contact.ID != id || contact.Properties["plumbline_key"] == "" || contact.Properties["plumbline_account_status"] == "" {
			w.t.Errorf("the contact is %s with %v, want %s with our fields%s", contact.ID, contact.Properties, id, w.story())
		}
		if deal := w.one("deals"); len(deal.Associations) != 1 || deal.Associations[0].ID != id {
			w.t.Errorf("the deal is joined to %+v, want %s", deal.Associations, id)
		}
	})
}

// A gate is a puller that answers only when it is open.
type gate struct {
	connect.Puller
	open bool
}

func (g *gate) Pull(ctx context.Context, stream, cursor string) (connect.Page, error) {
	if !g.open {
		return connect.Page{}, &connect.Error{Class: connect.Retry, Msg: "down", Err: errors.New("down")}
	}
	return g.Puller.Pull(ctx, stream, cursor)
}

func TestCreatesWaitUntilAllThatStandsThereHasBeenRead(t *testing.T) {
	each(t, func(w *world) {
		g := &gate{Puller: w.tool}
		w.mirror.Puller = func(tenant.Connection) (connect.Puller, error) { return g, nil }
		id := w.creates("firstname", "Rosa", "lastname", "Larkspur", "email", "rosa@larkspur.test")
		w.says(w.rosa())
		w.run(10 * time.Minute)
		if r := w.record("contact", plumbline.SourceID(rosaKey)); r.State != mirror.WaitingAdoption || r.Reason == "" {
			w.t.Errorf("the record is %+v, want it waiting for the first pull", r)
		}
		g.open = true
		w.run(15 * time.Minute)
		if c := w.one("contacts"); c.ID != id || c.Properties["plumbline_key"] != rosaKey {
			w.t.Errorf("contact %s with key %q, want %s adopted%s", c.ID, c.Properties["plumbline_key"], id, w.story())
		}
	})
}

func TestACreateWaitsUntilWhatChangedMeanwhileHasBeenRead(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa("email", ""))
		w.run(30 * time.Second) // the first pull is done, and has found nobody
		if r := w.record("contact", plumbline.SourceID(rosaKey)); r.State != mirror.WaitingPoll {
			w.t.Fatalf("the record is %+v, want it waiting for the poll%s", r, w.story())
		}
		id := w.creates("firstname", "Rosa", "lastname", "Larkspur", "mobilephone", "+15125550142", "email", "r2@larkspur.test")
		w.run(12 * time.Minute)
		if c := w.one("contacts"); c.ID != id {
			w.t.Errorf("contact %s, want %s, which a person made meanwhile%s", c.ID, id, w.story())
		}
	})
}

func TestACreateWaitsWhileAPersonMustDecideAndItsDealDoesNot(t *testing.T) {
	for _, what := range []string{"same", "different"} {
		t.Run(what, func(t *testing.T) {
			each(t, func(w *world) {
				id := w.creates("lastname", "Larkspur", "phone", "+15125550142")
				w.says(w.rosa(), job())
				w.run(12 * time.Minute)
				var asks []identity.Question
				w.do(func(tx *db.Tx) (err error) { asks, err = identity.Questions(tx, shop); return err })
				if len(asks) != 1 {
					w.t.Fatalf("the questions are %+v, want one", asks)
				}
				if r := w.record("contact", plumbline.SourceID(rosaKey)); r.State != mirror.WaitingCandidate || !strings.Contains(r.Reason, id) {
					w.t.Fatalf("the record is %+v, want it waiting for a decision%s", r, w.story())
				}
				if d := w.one("deals"); len(d.Associations) != 0 {
					w.t.Errorf("the deal is joined to %+v", d.Associations)
				}
				w.decides(what, asks[0].A, asks[0].B)
				w.run(12 * time.Minute)
				want := map[string]int{"same": 1, "different": 2}[what]
				if n := len(w.records("contacts")); n != want {
					w.t.Errorf("%d contacts, want %d%s", n, want, w.story())
				}
				r := w.record("contact", plumbline.SourceID(rosaKey))
				if r.State != mirror.Live || (r.ID == id) != (what == "same") {
					w.t.Errorf("the record is %+v; the candidate was %s", r, id)
				}
				if d := w.one("deals"); len(d.Associations) != 1 || d.Associations[0].ID != r.ID {
					w.t.Errorf("the deal is joined to %+v, want %s%s", d.Associations, r.ID, w.story())
				}
			})
		})
	}
}

func TestOfTwoRecordsOfOneCustomerTheOlderIsKeptAndNoneIsMerged(t *testing.T) {
	each(t, func(w *world) {
		older := w.creates("firstname", "Rosa", "lastname", "Larkspur", "email", "rosa@larkspur.test", "phone", "+15125550142")
		w.now = w.now.Add(time.Hour)
		younger := w.creates("firstname", "Rosa", "lastname", "Larkspur", "email", "rosa@work.test", "mobilephone", "+15125550142")
		w.says(w.rosa())
		w.run(12 * time.Minute)
		if n := len(w.records("contacts")); n != 2 {
			w.t.Fatalf("%d contacts, want both%s", n, w.story())
		}
		for _, c := range w.records("contacts") {
			if (c.Properties["plumbline_key"] != "") != (c.ID == older) {
				w.t.Errorf("contact %s bears key %q; the older is %s%s", c.ID, c.Properties["plumbline_key"], older, w.story())
			}
		}
		items := w.items()
		if len(items) != 1 || items[0].Ref != "crm/merge/contact/"+younger {
			w.t.Fatalf("the error queue holds %+v, want the offer to merge", items)
		}
		if _, err := w.crm.Merge("contacts", older, younger, crm.Person(88)); err != nil {
			w.t.Fatal(err)
		}
		w.run(12 * time.Minute)
		c := w.one("contacts")
		if r := w.record("contact", plumbline.SourceID(rosaKey)); r.ID != c.ID || c.Properties["plumbline_key"] != rosaKey && c.Properties["plumbline_key"] != r.Key {
			w.t.Errorf("after the merge the record is %+v and the contact %s with key %q%s", r, c.ID, c.Properties["plumbline_key"], w.story())
		}
		if items := w.items(); len(items) != 0 {
			w.t.Errorf("the error queue still holds %+v", items)
		}
	})
}

// Of two records of one customer the one that is kept true is deleted there: the other
// stands for the customer, and the deal is joined to it, until the first is brought back.
func TestWhatIsJoinedToARecordFollowsTheOneThatStandsInstead(t *testing.T) {
	each(t, func(w *world) {
		older := w.creates("firstname", "Rosa", "lastname", "Larkspur", "email", "rosa@larkspur.test", "phone", "+15125550142")
		w.now = w.now.Add(time.Hour)
		younger := w.creates("firstname", "Rosa", "lastname", "Larkspur", "email", "rosa@work.test", "mobilephone", "+15125550142")
		w.says(w.rosa(), job())
		w.run(12 * time.Minute)
		joined := func(when, to string) {
			w.t.Helper()
			deal := w.one("deals")
			if len(deal.Associations) != 1 || deal.Associations[0].ID != to {
				w.t.Errorf("%s the deal is joined to %+v, want %s alone%s", when, deal.Associations, to, w.story())
			}
		}
		joined("at first", older)
		if err := w.crm.Archive("contacts", older); err != nil {
			w.t.Fatal(err)
		}
		w.run(time.Hour)
		joined("after the deletion", younger)
		if err := w.crm.Restore("contacts", older); err != nil {
			w.t.Fatal(err)
		}
		w.run(time.Hour)
		bears := ""
		for _, c := range w.records("contacts") {
			if c.Properties["plumbline_key"] != "" {
				bears += c.ID
			}
		}
		joined("after it was brought back", bears)
		deal := w.one("deals").ID
		if err := w.crm.Archive("deals", deal); err != nil {
			w.t.Fatal(err)
		}
		w.run(time.Hour)
		if err := w.crm.Restore("deals", deal); err != nil {
			w.t.Fatal(err)
		}
		w.run(time.Hour)
		joined("after the deal was brought back", bears)
	})
}

// What a person wrote into a record before the customer was heard of is read before the
// record is adopted and written.
func TestARecordIsNotAdoptedBeforeWhatPeopleWroteThereHasBeenRead(t *testing.T) {
	each(t, func(w *world) {
		w.says(job()) // something that begins the polls
		id := w.creates("firstname", "Rosa", "lastname", "Larkspur", "email", "rosa@larkspur.test")
		w.run(12 * time.Minute)
		w.edits(id, "mobilephone", "(512) 555-0177")
		w.says(w.rosa("email", "rosa@larkspur.test"))
		w.run(12 * time.Minute)
		c := w.one("contacts")
		if c.ID != id || c.Properties["mobilephone"] != "(512) 555-0177" || c.Properties["plumbline_key"] == "" {
			w.t.Errorf("contact %s shows %v, want %s adopted with the number that the person typed%s", c.ID, c.Properties, id, w.story())
		}
	})
}
