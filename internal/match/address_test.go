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
	// What was reached, less a little.
	floor := map[string]float64{"number": 96, "street": 87, "unit": 94, "city": 90, "state": 96, "zip": 99, "all but city": 84, "all": 80}
	for _, f := range fields {
		share := 100 * float64(right[f]) / float64(of[f])
		t.Logf("%s: %d of %d (%.1f %%)", f, right[f], of[f], share)
		if share < floor[f] {
			t.Errorf("%s: %.1f %% read rightly, want %.0f %%", f, share, floor[f])
		}
	}
}

func TestAddressKeys(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"suffix and direction in one form", "1005 North Gravenstein Highway, Sebastopol, CA, 95472-1234", "1005 n gravenstein hwy||95472"},
		{"no commas", "1005 N. Gravenstein Hwy. Sebastopol CA 95472", "1005 n gravenstein hwy||95472"},
		{"a unit by any word", "52 Ten Eyck St Apt #3B Brooklyn NY 11206", "52 ten eyck st|3b|11206"},
		{"a unit as a number", "52 Ten Eyck St # 3-B, Brooklyn, NY 11206", "52 ten eyck st|3b|11206"},
		{"building and suite", "3715 Northside Pkwy NW Bldg 300, Suite 615 Atlanta GA 30327", "3715 northside pkwy nw|bldg 300 615|30327"},
		{"a floor", "180 Water Street, 14th Floor, New York, NY 10038", "180 water st|fl 14|10038"},
		{"a fraction", "3813 1/2 Some Road, Los Angeles, CA 90001", "3813 1/2 some rd||90001"},
		{"a letter of the number", "214 B South Boulevard, Evanston, IL 60202", "214 b south blvd||60202"},
		{"a direction for a name", "200 West Street, New York, NY 10282", "200 west st||10282"},
		{"an ordinal in words", "225 Fifth Ave, Pittsburgh, PA 15222", "225 5th ave||15222"},
		{"an ordinal without ending", "100 10 Ave, New York NY 10011", "100 10th ave||10011"},
		{"a US highway", "500 U.S. Hwy 19, Clearwater FL 33756", "500 us hwy 19||33756"},
		{"a state road by another name", "1341 State Route 75, Penasco, NM 87553", "1341 state hwy 75||87553"},
		{"a county road", "36401 CR 43, Eaton, CO 80615", "36401 county rd 43||80615"},
		{"a post office box", "P.O. Box 3094 Collierville TN 38027", "po box 3094||38027"},
		{"a rural route", "RR # 1 Box 242 Granville IL 61326", "rr 1 box 242||61326"},
		{"a grid", "48S 400E, Salt Lake City UT 84111", "48 s 400 e||84111"},
		{"a Wisconsin number", "N95W18855 Jay Dr Menomonee Falls WI 53051", "n95w18855 jay dr||53051"},
		{"city and state for a missing ZIP", "12 Main St, Boston, Massachusetts", "12 main st||boston ma"},
		{"Saint Louis, not Street", "188 Main St St. Louis MO 63110", "188 main st||63110"},
		{"West Palm Beach, not Road West", "317 Conniston Road West Palm Beach FL 33405", "317 conniston rd||33405"},
		{"no place: no property", "12 Main St", ""},
		{"no number: no property", "Main St, Boise, ID 83702", ""},
		{"nothing", " ,, ", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ParseAddress(c.line).Key(); got != c.want {
				t.Errorf("ParseAddress(%q).Key() = %q, want %q", c.line, got, c.want)
			}
		})
	}
}

func TestAFormAndALineGiveOneKey(t *testing.T) {
	for _, c := range []struct{ street, unit, city, state, zip, line string }{
		{"12 N Main Street", "Apt 4", "Boise", "Idaho", "83702-1234", "12 North Main St #4, Boise, ID 83702"},
		{"12 N Main Street", "4", "Boise", "ID", "83702", "12 North Main St #4, Boise, ID 83702"},
		{"12 N Main St Unit 4", "", "Boise", "ID", "83702", "12 North Main St #4, Boise, ID 83702"},
		{"1585 Broadway", "", "New York", "NY", "", "1585 Broadway, New York, NY"},
		{"26 River Trail Ct", "", "Hartford", "CT", "06101", "26 River Trail Ct Hartford CT 06101"},
		{"P.O. Box 12", "", "Boise", "ID", "83701", "PO Box 12, Boise ID 83701"},
		{"100 Main St Rear Bldg", "", "Saint Paul", "MN", "", "100 Main St Rear Bldg, St. Paul, MN"},
	} {
		form, line := NewAddress(c.street, c.unit, c.city, c.state, c.zip), ParseAddress(c.line)
		if form.Key() != line.Key() || form.Key() == "" {
			t.Errorf("%+v gives %q, the line %q", c, form.Key(), line.Key())
		}
	}
}

// What Geo::StreetAddress reads from clean lines.
func TestCleanLinesAreReadRightly(t *testing.T) {
	type vector struct {
		ID, Raw string
		Parts   map[string]string
	}
	right, all := 0, 0
	for _, v := range jsonLines[vector](t, "us_addresses/vectors_parse_address.jsonl") {
		if v.Parts["street1"] != "" || v.Parts["number"] == "" {
			continue
		}
		all++
		a := ParseAddress(v.Raw)
		street := join(v.Parts["prefix"], v.Parts["street"], v.Parts["type"], v.Parts["suffix"])
		got := []string{loosely(strings.Fields(a.Number)[0]), loosely(a.StreetLine()), loosely(a.City), strings.ToUpper(a.State), a.ZIP}
		want := []string{loosely(v.Parts["number"]), loosely(street), loosely(v.Parts["city"]), v.Parts["state"], v.Parts["zip"]}
		if strings.Join(got, "|") == strings.Join(want, "|") {
			right++
		} else {
			t.Logf("%s %q: %q, want %q", v.ID, v.Raw, got, want)
		}
	}
	t.Logf("%d of %d", right, all)
	if right < all*85/100 {
		t.Errorf("%d of %d read rightly", right, all)
	}
}

func TestMessyLinesDoNoHarm(t *testing.T) {
	type messy struct{ Raw string }
	for _, row := range jsonLines[messy](t, "us_addresses/messy_unlabelled.jsonl") {
		if key := ParseAddress(row.Raw).Key(); key != "" && strings.Count(key, "|") != 2 {
			t.Errorf("%q has the key %q", row.Raw, key)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, line := range []string{"", ",", "#", "12 # #", "# Apt", "n", "1 n", "i", "us", "12 i-", "PO Box", "½", "12 N95", "one one one", "state hwy", "old old old 9", "ct", "12 st st st"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		a := ParseAddress(line)
		if key := a.Key(); key != "" && strings.Count(key, "|") != 2 {
			t.Errorf("%q has the key %q", line, key)
		}
		b := NewAddress(line, line, line, line, line)
		if key := b.Key(); key != "" && strings.Count(key, "|") != 2 {
			t.Errorf("as a form %q has the key %q", line, key)
		}
	})
}
