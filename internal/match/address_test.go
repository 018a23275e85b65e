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
		{"12 N Main St Unit 4", "Apt 4", "Boise", "ID", "83702", "12 North Main St #4, Boise, ID 83702"},
		{"12 N Main St Unit 4", "Bldg 2", "Boise", "ID", "83702", "12 North Main St Bldg 2 #4, Boise, ID 83702"},
		{"12 N Main St Unit 4", "", "Boise", "ID", "83702", "12 North Main St #4, Boise, ID 83702"},
		{"1585 Broadway", "", "New York", "NY", "", "1585 Broadway, New York, NY"},
		{"26 River Trail Ct", "", "Hartford", "CT", "06101", "26 River Trail Ct Hartford CT 06101"},
		{"P.O. Box 12", "", "Boise", "ID", "83701", "PO Box 12, Boise ID 83701"},
		{"12 High St", "4", "Glenfield", "NSW", "2167", "Unit 4/12 High St, Glenfield NSW 2167"},
		{"12 High St", "", "Perth", "WA", "6000", "12 High St, Perth WA 6000"},
		{"12 Bank St", "", "Ottawa", "Ontario", "k1a0b1", "12 Bank Street, Ottawa, ON K1A 0B1"},
		{"12 Main St", "", "Newark", "NJ", "7102", "12 Main St, Newark NJ 07102"},
		{"100 Oak St", "Maple Hall, Apt 4", "Reno", "NV", "", "Maple Hall, 100 Oak St #4, Reno, NV"},
		{"100 Oak St", "Apt 4, Maple Hall", "Reno", "NV", "", "100 Oak St, Maple Hall, Apt 4, Reno, NV"},
		{"100 Oak St Apt 4", "Maple Hall", "Reno", "NV", "", "100 Oak St, Maple Hall, Apt 4, Reno, NV"},
		{"100 Oak St", "Maple Hall", "Reno", "NV", "", "100 Oak St, Reno, NV"},
		{"Maple Hall, 100 Oak St", "4", "Reno", "NV", "", "100 Oak St, Maple Hall, Apt 4, Reno, NV"},
		{"100 Main St Rear Bldg", "", "Saint Paul", "MN", "", "100 Main St Rear Bldg, St. Paul, MN"},
	} {
		form, line := NewAddress(c.street, c.unit, c.city, c.state, c.zip), ParseAddress(c.line)
		if form.Key() != line.Key() || form.Key() == "" {
			t.Errorf("%+v gives %q, the line %q", c, form.Key(), line.Key())
		}
	}
}

func TestLinesAreReadIntoTheirParts(t *testing.T) {
	for _, c := range []struct {
		name, line string
		want       Address
	}{
		{"a city without a comma", "100 Elm Salt Lake City UT 84101", Address{Number: "100", Street: "elm", City: "salt lake city", State: "ut", ZIP: "84101"}},
		{"a city spelled wrong", "100 Elm Philadelpia PA 19103", Address{Number: "100", Street: "elm", City: "philadelpia", State: "pa", ZIP: "19103"}},
		{"a city in short words", "100 Elm St Colorado Spgs CO", Address{Number: "100", Street: "elm", Suffix: "st", City: "colorado spgs", State: "co"}},
		{"a city that begins with a direction", "9 Palm Ave N Miami FL 33161", Address{Number: "9", Street: "palm", Suffix: "ave", City: "n miami", State: "fl", ZIP: "33161"}},
		{"the state before the city", "9 Palm Ave Apt 3 CA Long Beach 90802", Address{Number: "9", Street: "palm", Suffix: "ave", Unit: "3", City: "long beach", State: "ca", ZIP: "90802"}},
		{"an address said twice", "9 Palm Ave Reno, NV, 89501 Reno 9 Palm Ave NV 89501", Address{Number: "9", Street: "palm", Suffix: "ave", City: "reno", State: "nv", ZIP: "89501"}},
		{"a corner", "NE corner of 5th St and Grand Ave, Reno, NV", Address{Street: "5th", Suffix: "st", Cross: "grand ave", City: "reno", State: "nv"}},
		{"a road with two names is no corner", "12 C and N Smith Mill Rd, Reno, NV", Address{Number: "12", Street: "c and n smith mill", Suffix: "rd", City: "reno", State: "nv"}},
		{"a couple is no corner", "Ann & Bob Lee, 12 Oak St, Reno, NV 89501", Address{Recipient: "ann & bob lee", Number: "12", Street: "oak", Suffix: "st", City: "reno", State: "nv", ZIP: "89501"}},
		{"for whom", "12 Oak St c/o Ann Lee, Reno, NV", Address{Recipient: "c/o ann lee", Number: "12", Street: "oak", Suffix: "st", City: "reno", State: "nv"}},
		{"a building with a number", "One Harbor Plaza, 55 Dock St, Reno, NV", Address{Building: "one harbor plaza", Number: "55", Street: "dock", Suffix: "st", City: "reno", State: "nv"}},
		{"a building behind the street", "55 Dock St Harbor Tower, Unit 9-C, Reno, NV", Address{Building: "harbor tower", Number: "55", Street: "dock", Suffix: "st", Unit: "9c", City: "reno", State: "nv"}},
		{"only a landmark", "Harbor Market Inn, Reno, NV 89501", Address{Building: "harbor market inn", City: "reno", State: "nv", ZIP: "89501"}},
		{"a box and a street", "P.O.Box 12, 55 Dock St, Reno, NV", Address{Number: "55", Street: "dock", Suffix: "st", Box: "po box 12", City: "reno", State: "nv"}},
		{"a lockbox", "Lock Box # 12 Reno NV 89501", Address{Box: "po box 12", City: "reno", State: "nv", ZIP: "89501"}},
		{"a contract route", "Star Rte 4 Box 23A, Reno, NV", Address{Box: "hc 4 box 23a", City: "reno", State: "nv"}},
		{"a military box", "PSC 12 Box 345, APO AE 09021", Address{Box: "psc 12 box 345", City: "apo", State: "ae", ZIP: "09021"}},
		{"a branch of a highway", "81 N Highway 71 Business Reno NV", Address{Number: "81", PreDir: "n", Street: "hwy 71 business", City: "reno", State: "nv"}},
		{"a named highway with a number", "81 Scenic Hwy 98, Reno, NV", Address{Number: "81", Street: "scenic hwy 98", City: "reno", State: "nv"}},
		{"a named highway with a unit", "81 Dixie Hwy # 98 Reno NV", Address{Number: "81", Street: "dixie", Suffix: "hwy", Unit: "98", City: "reno", State: "nv"}},
		{"a lettered road", "81 State Rd NN, Reno, NV", Address{Number: "81", Street: "state rd nn", City: "reno", State: "nv"}},
		{"a unit without a word", "81 Park Ave W 4 N, Reno, NV", Address{Number: "81", Street: "park", Suffix: "ave", PostDir: "w", Unit: "4n", City: "reno", State: "nv"}},
		{"a wing", "North Tower 81 Park Rd, Reno, NV", Address{Number: "81", Street: "park", Suffix: "rd", Unit: "tower n", City: "reno", State: "nv"}},
		{"no space", "123Main St.Apt 4,Reno,NV", Address{Number: "123", Street: "main", Suffix: "st", Unit: "4", City: "reno", State: "nv"}},
		{"a suffix spelled wrong", "123 Main Stret Apt 4 Reno NV 89501", Address{Number: "123", Street: "main", Suffix: "st", Unit: "4", City: "reno", State: "nv", ZIP: "89501"}},
		{"Canada", "12 Bank Street, Unit 5, Ottawa, ON K1A 0B1", Address{Number: "12", Street: "bank", Suffix: "st", Unit: "5", City: "ottawa", State: "on", ZIP: "k1a 0b1", Country: "ca"}},
		{"Canada, the unit before the number", "5-12 Bank St W, Hamilton, Ontario, L8P1A1, Canada", Address{Number: "12", Street: "bank", Suffix: "st", PostDir: "w", Unit: "5", City: "hamilton", State: "on", ZIP: "l8p 1a1", Country: "ca"}},
		{"Australia", "12 high street, glenfield, nsw 2167", Address{Number: "12", Street: "high", Suffix: "st", City: "glenfield", State: "nsw", ZIP: "2167", Country: "au"}},
		{"Australia, the unit before the number", "Unit 4/12 High St, Perth WA 6000", Address{Number: "12", Street: "high", Suffix: "st", Unit: "4", City: "perth", State: "wa", ZIP: "6000", Country: "au"}},
		{"Australia, a level", "level 2, 12 high st, glenfield, 2167, nsw", Address{Number: "12", Street: "high", Suffix: "st", Unit: "fl 2", City: "glenfield", State: "nsw", ZIP: "2167", Country: "au"}},
		{"the country before the ZIP", "12 High St Reno Nevada USA 89501", Address{Number: "12", Street: "high", Suffix: "st", City: "reno", State: "nv", ZIP: "89501", Country: "us"}},
		{"no space before the ZIP", "12 High St, Reno, NV-89501", Address{Number: "12", Street: "high", Suffix: "st", City: "reno", State: "nv", ZIP: "89501"}},
		{"a lettered unit of its own", "12 High St, B, Reno, NV", Address{Number: "12", Street: "high", Suffix: "st", Unit: "b", City: "reno", State: "nv"}},
		{"a number and a direction of their own", "12 Elm Ct, 4 W, Reno, NV", Address{Number: "12", Street: "elm", Suffix: "ct", Unit: "4w", City: "reno", State: "nv"}},
		{"a floor behind a comma", "12 Main St, Floor 4, Reno, NV", Address{Number: "12", Street: "main", Suffix: "st", Unit: "fl 4", City: "reno", State: "nv"}},
		{"a floor behind Main", "12 Main Floor 4 Reno NV", Address{Number: "12", Street: "main", Unit: "fl 4", City: "reno", State: "nv"}},
		{"a unit spelled wrong", "12 High St Siute 4 Reno NV", Address{Number: "12", Street: "high", Suffix: "st", Unit: "4", City: "reno", State: "nv"}},
		{"a garden apartment", "12 High St Garden Apt, Reno, NV", Address{Number: "12", Street: "high", Suffix: "st", Unit: "garden", City: "reno", State: "nv"}},
		{"a coach house", "12 High St Coach House, Reno, NV", Address{Number: "12", Street: "high", Suffix: "st", Unit: "coach house", City: "reno", State: "nv"}},
		{"New York before a ZIP", "12 W Elm New York 10012", Address{Number: "12", PreDir: "w", Street: "elm", City: "new york", ZIP: "10012"}},
		{"a tower behind the street", "12 High St East Tower Suite 5 Reno NV", Address{Number: "12", Street: "high", Suffix: "st", Unit: "tower e 5", City: "reno", State: "nv"}},
		{"a second address", "12 East Street 14 E 8th Street, Reno, NV", Address{Building: "14 e 8th street", Number: "12", Street: "east", Suffix: "st", City: "reno", State: "nv"}},
		{"a place along the street", "12 High St near Elm Ave, Reno, NV", Address{Building: "near elm ave", Number: "12", Street: "high", Suffix: "st", City: "reno", State: "nv"}},
		{"an estate behind the street", "12 River Road Estates, Reno, NV", Address{Building: "estates", Number: "12", Street: "river", Suffix: "rd", City: "reno", State: "nv"}},
		{"a numbered avenue", "12 Avenue 416 Orosi CA", Address{Number: "12", Street: "ave 416", City: "orosi", State: "ca"}},
		{"a road with a code", "12 County Hwy C2 W, Reno, NV", Address{Number: "12", Street: "county hwy c2", PostDir: "w", City: "reno", State: "nv"}},
		{"a farm road", "12 FM 1960 Rd W, Houston, TX", Address{Number: "12", Street: "fm 1960 rd", PostDir: "w", City: "houston", State: "tx"}},
		{"a grid without commas", "511 South 300 West Fargo ND", Address{Number: "511", PreDir: "s", Street: "300", PostDir: "w", City: "fargo", State: "nd"}},
		{"a numbered street before a big city", "17 46th Ct N Houston TX", Address{Number: "17", Street: "46th", Suffix: "ct", PostDir: "n", City: "houston", State: "tx"}},
		{"north in short", "17 No. 2nd St, Reno, NV", Address{Number: "17", PreDir: "n", Street: "2nd", Suffix: "st", City: "reno", State: "nv"}},
		{"two directions behind", "17 Elm St South East, Reno, NV", Address{Number: "17", Street: "elm", Suffix: "st", PostDir: "se", City: "reno", State: "nv"}},
		{"two directions before are a name", "17 South West Temple, Reno, NV", Address{Number: "17", PreDir: "s", Street: "west temple", City: "reno", State: "nv"}},
		{"a doctor's drive", "17 S Dr Martin Luther King Jr Drive, Reno, NV", Address{Number: "17", PreDir: "s", Street: "dr martin luther king jr", Suffix: "dr", City: "reno", State: "nv"}},
		{"a name of two words before an unknown city", "17 Van Buren Xyzzyville NV", Address{Number: "17", Street: "van buren", City: "xyzzyville", State: "nv"}},
		{"a township", "17 Tabor Bear Creek Township PA", Address{Number: "17", Street: "tabor", City: "bear creek township", State: "pa"}},
		{"a town of", "17 Pine St Town of Tonawanda NY", Address{Number: "17", Street: "pine", Suffix: "st", City: "town of tonawanda", State: "ny"}},
		{"rural delivery", "RD 2 Box 12, Reno, NV", Address{Box: "rr 2 box 12", City: "reno", State: "nv"}},
		{"Puerto Rico", "150 Calle A Apt 2, San Juan, PR 00926", Address{Number: "150", Street: "calle a", Unit: "2", City: "san juan", State: "pr", ZIP: "00926"}},
		{"the country", "12 High St, Reno, NV 89501, United States", Address{Number: "12", Street: "high", Suffix: "st", City: "reno", State: "nv", ZIP: "89501", Country: "us"}},
		{"a city that has the name of its state", "12 High St, New York", Address{Number: "12", Street: "high", Suffix: "st", City: "new york"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ParseAddress(c.line); got != c.want {
				t.Errorf("ParseAddress(%q) =\n%+v, want\n%+v", c.line, got, c.want)
			}
		})
	}
}

func TestSpellingsOfOneHomeGiveOneKey(t *testing.T) {
	for _, home := range [][]string{
		{"12 N Saint James Ave #4, Reno, NV 89501", "12 North St. James Avenue Apt 4 Reno Nevada 89501-1234", "12 N St James Avenu, Apt. 4, Reno, NV 89501"},
		{"12B Oak St, Reno, NV", "12-B Oak Street, Reno, Nevada", "12 B Oak St Reno NV"},
		{"12 1/2 Oak St, Reno, NV", "12-1/2 Oak St, Reno, NV", "12½ Oak St, Reno, NV"},
		{"9 US Hwy 401, Reno, NV", "9 U.S. 401, Reno, NV", "9 US-401 Hwy, Reno, NV", "9 US Route 401, Reno, NV"},
		{"9 I-35, Reno, NV", "9 Interstate 35, Reno, NV", "9 IH 35, Reno, NV"},
		{"9 County Road 12, Reno, NV", "9 CR-12, Reno, NV", "9 Co. Rd. 12, Reno, NV"},
		{"W210 N16570 Elm Ln, Reno, NV", "W210N16570 Elm Lane, Reno, NV"},
		{"9 Elm Ln Bldg 2 Apt 3, Reno, NV", "9 Elm Ln, Apt 3, Bldg 2, Reno, NV"},
		{"9 Elm Ln Apt 20 C, Reno, NV", "9 Elm Ln #20-C, Reno, NV", "9 Elm Ln Unit 20C, Reno, NV"},
		{"9 Elm Ln 2nd Floor, Reno, NV", "9 Elm Ln, Fl 2, Reno, NV", "9 Elm Ln second flr Reno NV"},
		{"4/12 High St, Perth WA 6000", "Unit 4, 12 High Street, Perth WA 6000", "Unit 4/12 High St, Perth, WA, 6000, Australia"},
		{"9 State Rd A1A, Reno, NV", "9 State Hwy A1A, Reno, NV", "9 SR A1A Reno NV"},
		{"9 N Sixteenth St, Reno, NV", "9 N 16th St, Reno, NV", "9 No. 16th Street Reno NV"},
		{"Ann Lee, 9 Elm Ln, Reno, NV", "9 Elm Ln, Attn: Ann Lee, Reno, NV", "9 Elm Ln Reno NV"},
	} {
		want := ParseAddress(home[0]).Key()
		for _, line := range home {
			if got := ParseAddress(line).Key(); got != want || got == "" {
				t.Errorf("%q has the key %q, %q has %q", line, got, home[0], want)
			}
		}
	}
}

func TestTwoHomesHaveTwoKeys(t *testing.T) {
	keys := make(map[string]string)
	for _, line := range []string{
		"12 Oak St, Reno, NV", "12 1/2 Oak St, Reno, NV", "12 B Oak St, Reno, NV", "14 Oak St, Reno, NV", "12-14 Oak St, Reno, NV",
		"12 N Oak St, Reno, NV", "12 Oak St N, Reno, NV", "12 Oak Ave, Reno, NV", "12 Oak St, Sparks, NV",
		"12 Oak St Apt 20, Reno, NV", "12 Oak St Apt 20 C, Reno, NV", "12 Oak St Bldg 2, Reno, NV", "12 Oak St Bldg 2 Apt 2, Reno, NV", "12 Oak St Apt 2, Reno, NV", "12 Oak St Bldg 2 Apt 20, Reno, NV", "12 Oak St Bldg 3 Apt 20, Reno, NV",
		"12 Oak St Fl 2, Reno, NV", "12 Oak St Rear, Reno, NV", "12 Oak St Basement, Reno, NV", "12 Oak St Box 3, Reno, NV", "12 Oak St Box 4, Reno, NV",
		"12 Highway 71, Reno, NV", "12 Highway 71 Business, Reno, NV", "12 Old Highway 71, Reno, NV", "12 County Road 71, Reno, NV",
		"PO Box 12, Reno, NV", "RR 1 Box 12, Reno, NV", "RR 2 Box 12, Reno, NV", "HC 1 Box 12, Reno, NV", "PSC 1 Box 12, APO AE 09021",
	} {
		key := ParseAddress(line).Key()
		if other, ok := keys[key]; ok || key == "" {
			t.Errorf("%q and %q have the key %q", line, other, key)
		}
		keys[key] = line
	}
}

// The name of one building among several tells its units from those of the
// others, and nothing where there is no unit or where the unit says it.
func TestNamedBuildingsHaveTheirOwnUnits(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"one hall", "100 Oak St, Maple Hall, Apt 4, Reno, NV", "100 oak st|maple hall 4|reno nv"},
		{"the other hall", "100 Oak St, Oak Hall, Apt 4, Reno, NV", "100 oak st|oak hall 4|reno nv"},
		{"before the number", "Maple Hall, 100 Oak Street #4, Reno, Nevada", "100 oak st|maple hall 4|reno nv"},
		{"behind the unit", "100 Oak St Apt 4, Maple Hall, Reno, NV", "100 oak st|maple hall 4|reno nv"},
		{"with an article", "The Maple Hall, 100 Oak St, Apt 4, Reno, NV", "100 oak st|maple hall 4|reno nv"},
		{"by another word", "100 Oak St, Maple Building, Apt 4, Reno, NV", "100 oak st|maple bldg 4|reno nv"},
		{"the same word in short", "100 Oak St, Maple Bldg, Apt 4, Reno, NV", "100 oak st|maple bldg 4|reno nv"},
		{"no building", "100 Oak St, Apt 4, Reno, NV", "100 oak st|4|reno nv"},
		{"no unit", "100 Oak St, Maple Hall, Reno, NV", "100 oak st||reno nv"},
		{"neither", "100 Oak St, Reno, NV", "100 oak st||reno nv"},
		{"the unit says the building", "Maple Hall, 100 Oak St, Bldg 2 Apt 4, Reno, NV", "100 oak st|bldg 2 4|reno nv"},
		{"a whole place", "Oak Terrace Apartments, 100 Oak St, Apt 4, Reno, NV", "100 oak st|4|reno nv"},
		{"a plaza", "Oak Plaza, 100 Oak St, Suite 4, Reno, NV", "100 oak st|4|reno nv"},
		{"people", "Ann Lee, 100 Oak St, Apt 4, Reno, NV", "100 oak st|4|reno nv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ParseAddress(c.line).Key(); got != c.want {
				t.Errorf("ParseAddress(%q).Key() = %q, want %q", c.line, got, c.want)
			}
		})
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
	for _, line := range []string{"", ",", "#", "12 # #", "# Apt", "n", "1 n", "i", "us", "12 i-", "PO Box", "½", "12 N95", "one one one", "state hwy", "Unit 4/12 A", "c/o", "corner of & 1", "attn # 12", "12 A & B", "K1A 0B1", "1 a nsw 2000", "PSC 1 box 2", "lot", "old old old 9", "ct", "12 st st st",
		"12 " + strings.Repeat("fl 1st ", 50) + "x", "12 " + strings.Repeat("n tower ", 40) + "x y"} {
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
