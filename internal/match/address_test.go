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
