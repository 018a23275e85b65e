package mirror_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/tenant"
)

// writes counts the calls that have made or changed contacts.
func (w *world) writes() int {
	return w.crm.Requests()[updates] + w.crm.Requests()["POST /crm/objects/2026-09/contacts/batch/create"]
}

// drift returns why a field of a record is written or not.
func (w *world) drift(typ, key, field string) (out mirror.Drift) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		list, err := w.mirror.Drift(tx, shop, "crm", typ, key)
		for _, d := range list {
			if d.Field == field {
				out = d
			}
		}
		return err
	})
	return out
}

func TestAValueThatASiblingHoldsIsLeftThere(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa("email", ""))
		w.run(12 * time.Minute)
		ours := w.one("contacts").ID
		sibling := w.creates("firstname", "Rosa", "lastname", "Larkspur", "mobilephone", "+15125550142", "email", "rosa@larkspur.test")
		w.run(12 * time.Minute)
		w.says(w.rosa())
		before := w.writes()
		w.run(time.Hour)
		if n := w.writes() - before; n > 3 {
			w.t.Errorf("%d writes, though the sibling keeps the value%s", n, w.story())
		}
		d := w.drift("contact", rosaKey, "email")
		if d.Write || !strings.Contains(d.Cause, "record "+sibling) {
			w.t.Errorf("the drift is explained as %+v, want record %s named%s", d, sibling, w.story())
		}
		w.says(w.rosa("city", "Waco"))
		w.run(6 * time.Minute)
		for _, c := range w.records("contacts") {
			if (c.Properties["email"] != "") != (c.ID == sibling) || (c.Properties["city"] == "Waco") != (c.ID == ours) {
				w.t.Errorf("contact %s says %v; ours is %s%s", c.ID, c.Properties, ours, w.story())
			}
		}
	})
}

func TestAValueThatASiblingHasLetGoIsWritten(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa("email", ""))
		w.run(12 * time.Minute)
		ours := w.one("contacts").ID
		sibling := w.creates("firstname", "Rosa", "lastname", "Larkspur", "mobilephone", "+15125550142", "email", "rosa@larkspur.test")
		w.run(12 * time.Minute)
		w.says(w.rosa())
		w.run(12 * time.Minute)
		if d := w.drift("contact", rosaKey, "email"); d.Write {
			w.t.Fatalf("the drift is %+v", d)
		}
		if err := w.crm.Archive("contacts", sibling); err != nil {
			w.t.Fatal(err)
		}
		w.run(40 * time.Minute)
		for _, c := range w.records("contacts") {
			if c.ID == ours && c.Properties["email"] != "rosa@larkspur.test" {
				w.t.Errorf("the mail box there is %q, which nobody else has any more%s", c.Properties["email"], w.story())
			}
		}
	})
}

// A nameless target does not say in which field a write collided, and its records
// show another mail box than the one that they keep from others.
type nameless struct {
	connect.Target
	writes *int
}

func (n nameless) Write(ctx context.Context, typ string, list []connect.Change) ([]connect.Outcome, error) {
	var out []connect.Outcome
	for _, ch := range list {
		if ch.ID != "" && ch.Fields["email"] != "" {
			*n.writes++
			out = append(out, connect.Outcome{Ref: ch.Ref, ID: ch.ID, Err: &connect.Error{Class: connect.Human, Code: "CONFLICT", Existing: "777", Msg: "taken"}})
			continue
		}
		one, err := n.Target.Write(ctx, typ, []connect.Change{ch})
		if err != nil {
			return nil, err
		}
		out = append(out, one...)
	}
	return out, nil
}

func TestACollisionInAFieldThatIsNotNamedIsLeftOut(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa("email", ""))
		w.run(12 * time.Minute)
		n := 0
		w.mirror.Target = func(tenant.Connection) (connect.Target, error) { return nameless{w.tool, &n}, nil }
		w.says(w.rosa("city", "Waco"))
		w.run(time.Hour)
		if c := w.one("contacts"); n != 1 || c.Properties["city"] != "Waco" || len(w.items()) != 0 {
			w.t.Errorf("%d writes of the mail box, and the contact says %v%s", n, c.Properties, w.story())
		}
	})
}

// A fickle target says of each record that it was merged into the other one.
type fickle struct {
	connect.Target
	ids    [2]string
	writes *int
}

func (f fickle) Write(ctx context.Context, typ string, list []connect.Change) (out []connect.Outcome, err error) {
	for _, ch := range list {
		if ch.ID != f.ids[0] && ch.ID != f.ids[1] {
			return f.Target.Write(ctx, typ, list)
		}
		*f.writes++
		other := f.ids[0]
		if ch.ID == other {
			other = f.ids[1]
		}
		out = append(out, connect.Outcome{Ref: ch.Ref, ID: ch.ID, Err: &connect.Error{Class: connect.Human, Code: "merged", MergedTo: other, Msg: "merged"}})
	}
	return out, nil
}

func TestTheSameChangeRefusedTwiceIsShownAndNotSentAgain(t *testing.T) {
	each(t, func(w *world) {
		w.says(w.rosa())
		w.run(12 * time.Minute)
		id := w.one("contacts").ID
		other := w.creates("firstname", "Walk", "lastname", "In")
		n := 0
		w.mirror.Target = func(tenant.Connection) (connect.Target, error) { return fickle{w.tool, [2]string{id, other}, &n}, nil }
		w.says(w.rosa("mobile_phone", "(512) 555-0199"))
		w.run(2 * time.Hour)
		if n < 2 || n > 6 {
			w.t.Errorf("%d writes, want a few%s", n, w.story())
		}
		if items := w.items(); len(items) != 1 || !strings.Contains(items[0].Cure, "Look at record") {
			w.t.Errorf("the error queue holds %+v, want the refusal", items)
		}
	})
}
