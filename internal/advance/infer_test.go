package advance_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/golden"
)

// A line of an issued bill that says that a unit was installed makes a piece of equipment,
// inferred: what a list or the office says of it goes before, and it goes with the line.
func TestALineOfABillInstallsAUnit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newAdvance(t, d)
		step := 0
		hears := func(x plumbline.Delivery) {
			step++
			x.Key, x.Received = string(rune('a'+step)), x.Received.Add(time.Duration(step)*time.Minute)
			keep(t, d, x)
			settle(t, a)
		}
		bill := func(lines ...map[string]string) plumbline.Delivery {
			list := house("install", nil, lines...)
			for i := range list {
				list[i].At = list[i].At.Add(time.Duration(step) * time.Minute)
			}
			return says("", list...)
		}
		has := func(what string, want ...string) {
			t.Helper()
			got := customerOf(t, d, "c1").Equipment
			for _, w := range want {
				if !strings.Contains(got, w) {
					t.Errorf("%s: the equipment is %q, want %q", what, got, w)
				}
			}
			if len(want) == 0 && strings.Contains(got, "serial") {
				t.Errorf("%s: the equipment is %q, want none", what, got)
			}
		}
		furnace := map[string]string{"id": "l1", "name": "Install gas furnace", "description": "Trane, model S9V2, serial 21X4-7", "kind": "labor"}
		hears(bill(map[string]string{"id": "l1", "name": "Install thermostat on furnace", "kind": "labor"}))
		has("a line without a number")
		hears(bill(furnace))
		has("a line", "418 Larkspur Ln: furnace Trane S9V2, serial 21X4-7, installed 2026-03-02")

		note := house("", []map[string]string{{"id": "n", "text": "Igniter of 21X4-7 is weak"}})[2]
		note.ID, note.At = "j2", note.At.Add(48*time.Hour)
		for name, v := range note.Fields {
			if at := v.Time(); !at.IsZero() {
				note.Fields[name] = plumbline.TimeValue(at.Add(48 * time.Hour))
			}
		}
		later := says("", note)
		later.Received = later.Received.Add(48 * time.Hour)
		hears(later)
		if got := noted(t, d, "j2"); len(got) != 1 || got[0] != "Igniter of 21X4-7 is weak on 21X4-7" {
			t.Errorf("the note of a later job stands as %q", got)
		}

		list := says("", plumbline.Reading{Kind: plumbline.Asset, ID: "m1", At: monday, Fields: map[string]plumbline.Value{"maker": text("Trane"), "serial": text("21x47"), "model": text("S9V2B080"),
			"property_record": text(string(plumbline.NewSourceID(place, "field", plumbline.Property, "pl1")))}})
		list.Connection = "import:r"
		hears(list)
		has("a list", "furnace Trane S9V2B080, serial 21x47, installed 2026-03-02")
		g := goldenOf(t, d, "import:r", plumbline.Asset, "m1")
		why := golden.Provenance{}
		if err := json.Unmarshal([]byte(g.Why), &why); err != nil || why["model"].Source != "import:r" || why["installed"].Rank != "inferred" || !strings.Contains(why["installed"].Basis, "Install gas furnace") {
			t.Errorf("the reasons are %+v, %v", why, err)
		}
		hears(decides("", advance.OfficeDecision{Do: "say", Kind: plumbline.Asset, About: plumbline.NewSourceID(place, "import:r", plumbline.Asset, "m1"), Fields: map[string]plumbline.Value{"type": text("Gas furnace")}}))
		has("the office", "Gas furnace Trane S9V2B080")
		if found, err := a.Verify(t.Context(), monday.AddDate(0, 1, 0), place, dbtest.Open(t), nil); err != nil || len(found) > 0 {
			t.Errorf("Verify = %v, %v", found, err)
		}
		hears(decides("", advance.OfficeDecision{Do: "withdraw", Connection: "import:r"}))
		hears(bill(map[string]string{"id": "l1", "name": "Repair"}))
		has("the line is gone")
		if found, err := a.Verify(t.Context(), monday.AddDate(0, 1, 0), place, dbtest.Open(t), nil); err != nil || len(found) > 0 {
			t.Errorf("Verify = %v, %v", found, err)
		}
	})
}
