package match

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func sharedData(t testing.TB, path string) string {
	t.Helper()
	path = "../../../shared/data/" + path
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the shared data is missing: %v", err)
		}
		t.Skipf("the shared data is not beside this checkout: %v", err)
	}
	return path
}

func jsonLines[T any](t testing.TB, path string) []T {
	t.Helper()
	f, err := os.Open(sharedData(t, path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []T
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var row T
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

type labelled struct {
	ID, Raw string
	Tokens  [][2]string
}

// truth joins the labelled words of some kinds, in the form that loosely gives.
func (l labelled) truth(kinds ...string) string {
	var out []string
	for _, t := range l.Tokens {
		for _, kind := range kinds {
			if strings.HasPrefix(t[1], kind) {
				out = append(out, t[0])
			}
		}
	}
	return loosely(strings.Join(out, " "))
}

// loosely brings what the labels and the parser say into one form without
// using the parser: suffixes, directions and words for roads in one spelling.
func loosely(s string) string {
	s = strings.NewReplacer(".", "", ",", "", ";", "", "'", "", "#", " ", "(", "", ")", "").Replace(strings.ToLower(s))
	var out []string
	for _, w := range strings.Fields(s) {
		switch {
		case directions[w] != "":
			w = directions[w]
		case nameForms[w] != "":
			w = nameForms[w]
		case streetSuffixes[w] != "":
			w = streetSuffixes[w]
		}
		w = strings.TrimPrefix(w, "unit")
		if n := numberWords[w]; n != "" {
			w = n
		}
		if digits(strings.TrimRight(w, "stndrh")) {
			w = strings.TrimRight(w, "stndrh") // 103 and 103rd
		}
		if n := len(out); n > 0 && (out[n-1] == "n" || out[n-1] == "s") && (w == "e" || w == "w") {
			out[n-1] += w
			continue
		}
		switch w {
		case "interstate":
			w = "i"
		case "rte", "rt", "rd":
			w = "hwy"
		case "crk", "co":
			w = "county"
		case "sr":
			w = "state hwy"
		}
		out = append(out, w)
	}
	return strings.ReplaceAll(strings.Join(out, " "), "-", "")
}

var loosePlace = strings.NewReplacer("saint ", "st ", "fort ", "ft ", "mount ", "mt ")

func TestLabelledAddressesAreReadAsPeopleReadThem(t *testing.T) {
	rows := jsonLines[labelled](t, "us_addresses/labelled.jsonl")
	fields := []string{"number", "street", "unit", "city", "state", "zip", "all but city", "all"}
	right, of := map[string]int{}, map[string]int{}
	for _, row := range rows {
		// Junctions, recipients and places without a street are no properties.
		if row.truth("IntersectionSeparator", "Recipient", "LandmarkName", "NotAddress", "CornerOf", "USPSBox") != "" {
			continue
		}
		a := ParseAddress(row.Raw)
		state := states[row.truth("StateName")]
		if full := strings.Fields(row.truth("StateName")); state == "" && len(full) > 0 {
			state = states[full[len(full)-1]]
		}
		zip := row.truth("ZipCode")
		if zip = zip[:min(5, len(zip))]; len(zip) == 4 {
			zip = "0" + zip
		}
		unit := row.truth("OccupancyIdentifier")
		gotUnit := a.Unit[strings.LastIndexByte(a.Unit, ' ')+1:]
		if i := strings.LastIndexByte(unit, ' '); i >= 0 {
			unit = unit[i+1:]
		}
		ok := map[string]bool{
			"number": loosely(a.Number) == row.truth("AddressNumber"),
			"street": loosely(a.StreetLine()) == row.truth("StreetName"),
			"unit":   unit == "" && row.truth("Subaddress") != "" || strings.TrimRight(loosely(gotUnit), "stndrh") == strings.TrimRight(unit, "stndrh"),
			"city":   loosely(a.City) == row.truth("PlaceName") || loosely(a.City) == loosely(loosePlace.Replace(row.truth("PlaceName"))),
			"state":  a.State == state,
			"zip":    a.ZIP == zip,
		}
		ok["all but city"] = ok["number"] && ok["street"] && ok["unit"] && ok["zip"]
		ok["all"] = ok["all but city"] && ok["city"] && ok["state"]
		if os.Getenv("MISSES") != "" && !ok[os.Getenv("MISSES")] {
			t.Logf("%s %q: %+v; street %q number %q unit %q city %q", row.ID, row.Raw, a, row.truth("StreetName"), row.truth("AddressNumber"), unit, row.truth("PlaceName"))
		}
		for _, f := range fields {
			of[f]++
			if ok[f] {
				right[f]++
			}
		}
	}
	for _, f := range fields {
		t.Logf("%s: %d of %d (%.1f %%)", f, right[f], of[f], 100*float64(right[f])/float64(of[f]))
	}
}
