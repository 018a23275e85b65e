package equipment_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/equipment"
)

var (
	upstairs = plumbline.AssetView{ID: "up", Type: "Air conditioner", Maker: "Carrier", Model: "24ACC6", Serial: "2719E-00418", Place: "Upstairs", Installed: "2019-05-01", WarrantyUntil: "2029-05-01"}
	attic    = plumbline.AssetView{ID: "attic", Type: "Air conditioner", Maker: "Carrier", Model: "24ACC6", Serial: "2719E-00419", Place: "Attic"}
	furnace  = plumbline.AssetView{ID: "furnace", Type: "Furnace", Maker: "Trane", Model: "S9V2", Serial: "21X4", Place: "Unit 2"}
	noon     = time.Date(2026, 5, 4, 18, 0, 0, 0, time.UTC)
)

func TestANoteStandsOnThePieceThatItNames(t *testing.T) {
	both := []plumbline.AssetView{upstairs, attic}
	for _, c := range []struct {
		text, beside string
		units        []plumbline.AssetView
		want         string // empty: the property
	}{
		{"Replaced capacitor on 2719E-00418", "", both, "up"},
		{"replaced capacitor, s/n 2719e00418.", "", both, "up"},
		{"sn 2719E 00419 leaks", "", both, "attic"},
		{"Capacitors of 2719E-00418 and 2719E-00419 are weak", "", both, ""},
		{"2719E-0041", "", both, ""},
		{"24ACC6: cleaned the coil", "", both, ""},
		{"24ACC6 upstairs: cleaned the coil", "", both, "up"},
		{"S9V2 igniter replaced", "", []plumbline.AssetView{upstairs, furnace}, "furnace"},
		{"The attic one is loud", "", both, "attic"},
		{"Attic and upstairs cleaned", "", both, ""},
		{"Cleaned the coil", "", both, ""},
		{"Cleaned the coil", "AC upstairs not cooling", both, "up"},
		{"Cleaned the coil in the attic", "AC upstairs not cooling", both, "attic"},
		{"Both 2719E-00418 and 2719E-00419 done", "upstairs", both, ""},
		{"The air conditioner is fine", "", both, ""},
		{"The furnace is fine", "", []plumbline.AssetView{upstairs, furnace}, "furnace"},
		{"unit #2 done", "", []plumbline.AssetView{upstairs, furnace}, "furnace"},
		{"unit 22 done", "", []plumbline.AssetView{upstairs, furnace}, ""},
		{"2719E-00418 is fine, model S9V2 is not", "", []plumbline.AssetView{upstairs, furnace}, ""},
		{"Cleaned it", "", []plumbline.AssetView{upstairs}, ""},
		{"Cleaned it", "", nil, ""},
	} {
		notes := equipment.Assign([]equipment.Note{{Text: c.text, At: noon}}, c.units, c.beside, func(string) bool { return false })
		if len(notes) != 1 || string(notes[0].Asset) != c.want {
			t.Errorf("%q, on a job %q, stands on %+v, want %q", c.text, c.beside, notes, c.want)
		}
	}
	hall := attic
	hall.ID, hall.Place = "hall", "Upstairs hall"
	if notes := equipment.Assign([]equipment.Note{{Text: "The upstairs hall one is loud", At: noon}}, []plumbline.AssetView{upstairs, hall}, "", nil); notes[0].Asset != "hall" {
		t.Errorf("a longer label stands on %q", notes[0].Asset)
	}
}

func TestOnlyLinesOnEquipmentAreKept(t *testing.T) {
	about := func(line string) bool { return strings.HasPrefix(line, "materials:") }
	lines := []equipment.Note{{Text: "labor: AC repair", At: noon, Line: true}, {Text: "labor: rebuilt 2719E-00418", At: noon, Line: true},
		{Text: "materials: capacitor, upstairs", At: noon, Line: true}, {Text: "materials: filter", At: noon, Line: true}}
	var got []string
	for _, n := range equipment.Assign(lines, []plumbline.AssetView{upstairs, attic}, "", about) {
		got = append(got, n.Text+" on "+string(n.Asset))
	}
	if want := []string{"labor: rebuilt 2719E-00418 on up", "materials: capacitor, upstairs on up", "materials: filter on "}; !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
}

func TestWhatIsRetiredIsNotNamedAnyMore(t *testing.T) {
	old := upstairs
	old.ID, old.Retired = "old", "2026-05-05"
	for day, want := range map[string]plumbline.GoldenID{"2026-05-04": "", "2026-05-06": "up"} {
		at, _ := time.Parse(time.DateOnly, day)
		if n := equipment.Assign([]equipment.Note{{Text: "24ACC6", At: at}}, []plumbline.AssetView{old, upstairs}, "", nil); n[0].Asset != want {
			t.Errorf("on %s it stands on %q, want %q", day, n[0].Asset, want)
		}
	}
}

// Whatever is written at a property with two units: a note stands on one of them at most,
// on the same whatever the order of the units, and only on one that it, or its job, names.
func TestNeverOnBoth(t *testing.T) {
	words := []string{"2719E-00418", "2719E-00419", "24ACC6", "upstairs", "attic", "air", "conditioner", "Carrier", "capacitor", "2719E", "00418"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 8).Draw(t, "text"), rapid.SampledFrom([]string{" ", ", ", "/"}).Draw(t, "sep"))
		beside := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 3).Draw(t, "job"), " ")
		note := []equipment.Note{{Text: text, At: noon}}
		a := equipment.Assign(note, []plumbline.AssetView{upstairs, attic}, beside, nil)
		b := equipment.Assign(note, []plumbline.AssetView{attic, upstairs}, beside, nil)
		if len(a) != 1 || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatalf("%q stands on %+v or on %+v", text, a, b)
		}
		if c := equipment.Assign(note, []plumbline.AssetView{upstairs}, beside, nil); a[0].Asset == "up" && c[0].Asset != "up" {
			t.Fatalf("%q, on a job %q, stands on a unit that it does not name", text, beside)
		}
	})
}

func TestWhatACustomerHasIsWrittenDown(t *testing.T) {
	denver, err := time.LoadLocation("America/Denver")
	if err != nil {
		t.Fatal(err)
	}
	old := furnace
	old.ID, old.Retired = "old", "2020-01-01"
	places := []equipment.Place{{Street: "5 Elm St", Zone: denver, Notes: []equipment.Note{{At: noon, Text: "Dog in\nthe yard"}}},
		{Street: "1418 W Larkspur Ln", Zone: denver, Assets: []plumbline.AssetView{furnace, upstairs, old}, Notes: []equipment.Note{
			{Asset: "up", At: noon, Text: "Replaced capacitor"}, {Asset: "up", At: noon.AddDate(0, -1, 0), Text: "Cleaned"}, {Asset: "up", At: noon, Text: "materials: capacitor", Line: true}}}}
	want := `1418 W Larkspur Ln: Air conditioner Carrier 24ACC6, serial 2719E-00418, Upstairs, installed 2019-05-01, warranty to 2029-05-01; 2026-05-04 Replaced capacitor
1418 W Larkspur Ln: Furnace Trane S9V2, serial 21X4, Unit 2
5 Elm St: 2026-05-04 Dog in the yard`
	if got := equipment.Describe(places); got != want {
		t.Errorf("it is\n%s\nwant\n%s", got, want)
	}
}
