package calendar

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// shared reads a file of the test data that lies beside the repository.
func shared(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../shared", name))
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skipf("the shared data is not here: %v", err)
	}
	return string(data)
}

// sheet reads a CSV file into maps by column.
func sheet(t *testing.T, text string) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var lines []map[string]string
	for _, row := range all[1:] {
		line := map[string]string{}
		for i, column := range all[0] {
			line[column] = row[i]
		}
		lines = append(lines, line)
	}
	return lines
}

func names(zones []*time.Location) string {
	var s []string
	for _, z := range zones {
		s = append(s, strings.TrimPrefix(z.String(), "America/"))
	}
	return strings.Join(s, " ")
}

func TestWhereAPlaceIs(t *testing.T) {
	for _, c := range []struct {
		name          string
		place         Place
		zones, states string
	}{
		{"a ZIP says it", Place{ZIP: "60614"}, "Chicago", "IL"},
		{"ZIP+4", Place{ZIP: "60614-1234", State: "il"}, "Chicago", "IL"},
		{"a state with one zone", Place{State: "CA"}, "Los_Angeles", "CA"},
		{"a state with two zones", Place{State: "TN"}, "New_York Chicago", "TN"},
		{"the ZIP decides in a state with two zones", Place{State: "TN", ZIP: "37203"}, "Chicago", "TN"},
		{"a ZIP that a zone line runs through", Place{State: "TN", ZIP: "37380"}, "New_York Chicago", "TN"},
		{"Pensacola", Place{State: "FL", ZIP: "32501"}, "Chicago", "FL"},
		{"Port St. Joe", Place{State: "FL", ZIP: "32456"}, "Chicago New_York", "FL"},
		{"El Paso", Place{State: "TX", ZIP: "79901"}, "Denver", "TX"},
		{"Marfa shares El Paso's ZIP prefix", Place{State: "TX", ZIP: "79843"}, "Chicago Denver", "TX"},
		{"Gary", Place{State: "IN", ZIP: "46402"}, "Chicago", "IN"},
		{"Indianapolis", Place{ZIP: "46204"}, "Indiana/Indianapolis", "IN"},
		{"Coeur d'Alene", Place{ZIP: "83814"}, "Los_Angeles", "ID"},
		{"Boise", Place{ZIP: "83702"}, "Boise", "ID"},
		{"Window Rock", Place{ZIP: "86515"}, "Phoenix Denver", "AZ"},
		{"Phoenix", Place{ZIP: "85004"}, "Phoenix", "AZ"},
		{"West Wendover", Place{ZIP: "89883"}, "Denver", "NV"},
		{"Adak", Place{ZIP: "99546"}, "Adak", "AK"},
		{"Phenix City keeps Georgia's time by custom", Place{ZIP: "36867"}, "Chicago New_York", "AL"},
		{"Guam", Place{ZIP: "96910"}, "Pacific/Guam", "GU"},
		{"ZIP and state disagree", Place{State: "TX", ZIP: "33101"}, "New_York Chicago Denver", "TX FL"},
		{"a person said it", Place{Zone: "America/Denver", State: "TX", ZIP: "75001"}, "Denver", "TX"},
		{"what a person said is no zone", Place{Zone: "EST", State: "CA"}, "Los_Angeles", "CA"},
		{"local is no zone", Place{Zone: "Local"}, "", ""},
		{"no path leaves the zone database", Place{Zone: "../../etc/passwd"}, "", ""},
		{"an unknown state", Place{State: "XX"}, "", ""},
		{"an unknown ZIP", Place{State: "OH", ZIP: "00001"}, "New_York", "OH"},
		{"a malformed ZIP", Place{State: "OH", ZIP: "4A210"}, "New_York", "OH"},
		{"nothing", Place{}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := c.place.Where()
			if names(w.Zones) != c.zones || strings.Join(w.States, " ") != c.states {
				t.Errorf("Where = %s in %v, want %s in %s", names(w.Zones), w.States, c.zones, c.states)
			}
			if len(w.Zones) > 0 && w.Why == "" {
				t.Error("no evidence is named")
			}
		})
	}
}

func TestAreaCodesThatSayNothing(t *testing.T) {
	for _, number := range []string{"", "+18005551212", "+15005550006", "+15550100100", "+14162000100", "+442079460018", "+1911",
		"+132665", "+1512200123", "+151220012345", "+15121001234", "5122001234", "+1512200123x", "call me"} {
		if w := AreaCode(number); len(w.Zones) > 0 || len(w.States) > 0 {
			t.Errorf("AreaCode(%s) = %s in %v, want nothing", number, names(w.Zones), w.States)
		}
	}
}

// seasons are instants with and without daylight saving.
var seasons = []time.Time{time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC), time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)}

// covers reports whether one of the zones keeps the same time as the other.
func covers(zones []*time.Location, other *time.Location) bool {
	return slices.ContainsFunc(zones, func(z *time.Location) bool {
		for _, at := range seasons {
			_, a := at.In(z).Zone()
			_, b := at.In(other).Zone()
			if a != b {
				return false
			}
		}
		return true
	})
}

// A zone too many narrows the hours; a zone too few is a text at night.
func TestNoZoneOfTheLibraryIsMissing(t *testing.T) {
	count := 0
	for _, line := range sheet(t, shared(t, "data/phones/nanp_prefix_timezone.csv")) {
		prefix := line["prefix"]
		if len(prefix) < 4 {
			continue
		}
		r, ok := tables().codes[prefix[1:4]]
		if !ok {
			continue
		}
		for name := range strings.SplitSeq(line["timezones"], ";") {
			count++
			// Two exchanges of the western Aleutians are listed under Honolulu,
			// where no clock goes forward; ours names Adak.
			if other := zone(t, name); !covers(r.zones, other) && name != "Pacific/Honolulu" {
				t.Errorf("prefix %s is in %s, area code %s has only %s", prefix, name, prefix[1:4], names(r.zones))
			}
		}
	}
	if count < 1000 {
		t.Errorf("compared %d prefixes, want the whole file", count)
	}
}

func TestTheLibrarysCases(t *testing.T) {
	var file struct {
		Cases []struct {
			E164, Region  string
			Valid         bool
			Timezones     []string
			TimezoneCount int `json:"timezone_count"`
		}
	}
	if err := json.Unmarshal([]byte(shared(t, "vendors/data/compliance/phonenumbers-timezone-cases.json")), &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		w := AreaCode(c.E164)
		american := slices.Contains([]string{"US", "PR", "GU", "VI", "AS", "MP"}, c.Region)
		if !c.Valid || !american || c.TimezoneCount > 3 {
			if len(w.Zones) > 0 {
				t.Errorf("%s says nothing, got %s", c.E164, names(w.Zones))
			}
			continue
		}
		for _, name := range c.Timezones {
			if !covers(w.Zones, zone(t, name)) {
				t.Errorf("%s is in %s, got %s", c.E164, name, names(w.Zones))
			}
		}
	}
}

func TestEveryTableIsRead(t *testing.T) {
	for name, table := range map[string]string{"states": statesCSV, "zips": zipsCSV, "codes": areaCodesCSV, "quiet": quietCSV} {
		if want := strings.Count(strings.TrimSpace(table), "\n"); len(rows(table)) != want || want == 0 {
			t.Errorf("%s: read %d rows, want %d", name, len(rows(table)), want)
		}
	}
	for code, r := range tables().states {
		if len(r.zones) == 0 || len(laws()[code]) == 0 {
			t.Errorf("%s has zones %s and %d laws", code, names(r.zones), len(laws()[code]))
		}
	}
	for code, r := range tables().codes {
		checkRegion(t, code, r)
	}
	for _, r := range tables().zips {
		if len(r.first) != len(r.last) || r.first > r.last {
			t.Errorf("ZIP %s to %s is no range", r.first, r.last)
		}
		checkRegion(t, r.first, r.region)
	}
	if n := len(tables().codes); n != 365 {
		t.Errorf("%d area codes, want 365", n)
	}
}

func checkRegion(t *testing.T, name string, r region) {
	t.Helper()
	state, ok := tables().states[r.state]
	if !ok || len(r.zones) == 0 {
		t.Errorf("%s is in state %q with zones %s", name, r.state, names(r.zones))
	}
	for _, z := range r.zones {
		known := slices.Clone(state.zones)
		if r.state == "FL" || r.state == "AL" || r.state == "OK" { // by custom, or by the library
			known = append(known, zone(t, "America/New_York"), zone(t, "America/Denver"))
		}
		if !covers(known, z) {
			t.Errorf("%s has zone %s, which %s has not", name, z, r.state)
		}
	}
}
