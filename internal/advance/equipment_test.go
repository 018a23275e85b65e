package advance_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/record"
)

// goldenOf reads the golden record of a source record.
func goldenOf(t *testing.T, d *db.DB, connection string, kind plumbline.Kind, id string) (g record.Golden) {
	t.Helper()
	err := d.View(context.Background(), later, func(tx *db.Tx) error {
		sid := plumbline.NewSourceID(place, connection, kind, id)
		to, err := record.Resolve(tx, place, []string{string(sid)})
		if err != nil {
			return err
		}
		found, err := record.LoadGolden(tx, place, []string{string(to[sid])})
		g = found[to[sid]]
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func customerOf(t *testing.T, d *db.DB, id string) (v plumbline.PersonView) {
	t.Helper()
	if err := goldenOf(t, d, "field", plumbline.Customer, id).Read(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// noted lists on which asset each note of a job stands, by the asset's serial number.
func noted(t *testing.T, d *db.DB, job string) (list []string) {
	t.Helper()
	j, err := advance.ReadJob(goldenOf(t, d, "field", plumbline.Job, job))
	if err != nil {
		t.Fatal(err)
	}
	err = d.View(context.Background(), later, func(tx *db.Tx) error {
		for _, n := range j.Notes {
			var v plumbline.AssetView
			found, err := record.LoadGolden(tx, place, []string{string(n.Asset)})
			if err != nil {
				return err
			}
			if g, ok := found[n.Asset]; ok {
				if err := g.Read(&v); err != nil {
					return err
				}
			}
			list = append(list, n.Text+" on "+v.Serial)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// house is a customer with a property and a job that was done there, with what was
// written of it.
func house(description string, notes []map[string]string, lines ...map[string]string) []plumbline.Reading {
	at := func(h int) plumbline.Value { return plumbline.TimeValue(monday.Add(time.Duration(h) * time.Hour)) }
	return []plumbline.Reading{
		{Kind: plumbline.Customer, ID: "c1", At: monday, Created: monday, Fields: map[string]plumbline.Value{"first_name": text("Dana"), "last_name": text("Ortiz")}},
		{Kind: plumbline.Property, ID: "pl1", At: monday, Created: monday, Fields: map[string]plumbline.Value{"customer": text("c1"), "street": text("418 Larkspur Ln"), "city": text("Boise"), "state": text("ID"), "postal_code": text("83702")}},
		{Kind: plumbline.Job, ID: "j1", At: monday.Add(4 * time.Hour), Created: monday, Fields: map[string]plumbline.Value{"customer": text("c1"), "property": text("pl1"), "description": text(description),
			"starts": at(1), "ends": at(2), "status": text("complete"), "on_site_at": at(1), "completed_at": at(2), "notes": plumbline.JSONValue(notes)}},
		{Kind: plumbline.Invoice, ID: "i1", At: monday.Add(4 * time.Hour), Fields: map[string]plumbline.Value{"job": text("j1"), "issued_at": at(3), "status": text("open"), "lines": plumbline.JSONValue(lines)}},
	}
}

func unit(id, serial, stands string) plumbline.Reading {
	return plumbline.Reading{Kind: plumbline.Asset, ID: id, At: monday, Created: monday, Fields: map[string]plumbline.Value{"type": text("AC"), "maker": text("Carrier"), "model": text("24ACC6"),
		"serial": text(serial), "place": text(stands), "property": text("pl1")}}
}

// Of two units at a property each note and line stands on the one that it names, else on
// the property, and never on both, in whatever order units and notes come to be known.
func TestNotesStandOnTheUnitThatTheyName(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		notes := []map[string]string{{"id": "1", "text": "Replaced the capacitor of X-1001"}, {"id": "2", "text": "Cleaned the one in the attic"},
			{"id": "3", "text": "X-1001 and X-1002 are of one age"}, {"id": "4", "text": "Hailed on"}}
		lines := []map[string]string{{"name": "Labor", "kind": "labor"}, {"name": "Fan motor", "description": "attic", "kind": "materials"}, {"name": "Filter", "kind": "materials"}}
		want := []string{"Replaced the capacitor of X-1001 on X-1001", "Cleaned the one in the attic on X-1002", "X-1001 and X-1002 are of one age on ", "Hailed on on ",
			"materials: Fan motor, attic on X-1002", "materials: Filter on "}
		slices.Sort(want)
		units := []plumbline.Reading{unit("a1", "X-1001", "upstairs"), unit("a2", "X-1002", "attic")}
		a := newAdvance(t, d)
		for i, order := range [][][]plumbline.Reading{{units, house("AC", notes, lines...)}, {house("AC", notes, lines...), units[:1], units[1:]}} {
			empty(t, d)
			for n, readings := range order {
				keep(t, d, says(fmt.Sprint("d", n), readings...))
				settle(t, a)
			}
			got := noted(t, d, "j1")
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("order %d: the notes stand as %q, want %q", i, got, want)
			}
			equipment := customerOf(t, d, "c1").Equipment
			for _, line := range []string{"418 Larkspur Ln: AC Carrier 24ACC6, serial X-1001, upstairs; 2026-03-02 Replaced the capacitor of X-1001",
				"418 Larkspur Ln: AC Carrier 24ACC6, serial X-1002, attic; 2026-03-02 Cleaned the one in the attic", "418 Larkspur Ln: 2026-03-02 "} {
				if !strings.Contains(equipment, line) {
					t.Errorf("order %d: the customer's equipment is\n%s\nwant %q", i, equipment, line)
				}
			}
		}
		moved := unit("a1", "X-1001", "upstairs")
		moved.At, moved.Fields["property"] = monday.Add(time.Hour), text("pl2")
		keep(t, d, says("moved", moved))
		settle(t, a)
		if got := noted(t, d, "j1"); !slices.Contains(got, "Replaced the capacitor of X-1001 on ") {
			t.Errorf("a note stands on a unit that stands elsewhere: %q", got)
		}
		if found, err := a.Verify(t.Context(), later, place, dbtest.Open(t), nil); err != nil || len(found) > 0 {
			t.Errorf("Verify = %v, %v", found, err)
		}
	})
}

// What an imported list said of units, and where they stand, goes with it; the notes stay,
// on the property.
func TestNotesOutliveTheListOfUnits(t *testing.T) {
	d := dbtest.Open(t)
	a := newAdvance(t, d)
	keep(t, d, says("job", house("AC upstairs", []map[string]string{{"id": "1", "text": "Replaced the capacitor"}})...))
	place := house("", nil)[1]
	list := says("list", place, unit("a1", "X-1001", "upstairs"), unit("a2", "X-1002", "attic"))
	list.Connection = "import:r"
	keep(t, d, list)
	settle(t, a)
	if got := noted(t, d, "j1"); !slices.Equal(got, []string{"Replaced the capacitor on X-1001"}) {
		t.Errorf("a note that names nothing on a job that names a unit stands as %q", got)
	}
	withdraw := plumbline.Delivery{Location: "north", Connection: plumbline.Office, Tool: plumbline.Office, Event: "withdraw", Key: "w", Received: monday,
		Body: []byte(`{"do":"withdraw","by":"dana","connection":"import:r"}`)}
	keep(t, d, withdraw)
	settle(t, a)
	if got := noted(t, d, "j1"); !slices.Equal(got, []string{"Replaced the capacitor on "}) {
		t.Errorf("the note stands as %q", got)
	}
	if found, err := a.Verify(t.Context(), later, "north", dbtest.Open(t), nil); err != nil || len(found) > 0 {
		t.Errorf("Verify = %v, %v", found, err)
	}
}

// A note that was there before anybody set out is the office's.
func TestTheOfficesNotesAreNotTheTechnicians(t *testing.T) {
	d := dbtest.Open(t)
	a := newAdvance(t, d)
	before := house("AC", []map[string]string{{"id": "1", "text": "Gate code 4411"}})[2]
	before.At = monday
	delete(before.Fields, "status")
	delete(before.Fields, "on_site_at")
	delete(before.Fields, "completed_at")
	keep(t, d, says("before", before))
	keep(t, d, says("after", house("AC", []map[string]string{{"id": "1", "text": "Gate code 4411"}, {"id": "2", "text": "Cleaned"}})...))
	settle(t, a)
	if got := noted(t, d, "j1"); !slices.Equal(got, []string{"Cleaned on "}) {
		t.Errorf("the technician's notes are %q", got)
	}
	j, err := advance.ReadJob(goldenOf(t, d, "field", plumbline.Job, "j1"))
	if err != nil || len(j.Visits) != 1 || j.Visits[0].Notes != "Cleaned" {
		t.Errorf("the visit's notes are %+v, %v", j.Visits, err)
	}
}
