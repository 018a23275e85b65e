package dedupe

import (
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	own "plumbline.dev/plumbline/internal/connect/csv"
	"plumbline.dev/plumbline/internal/families"
	"plumbline.dev/plumbline/internal/match"
	"plumbline.dev/plumbline/internal/quality"
)

var (
	writePage    = flag.String("quality.write", "", "write the page of figures to this file")
	writeWeights = flag.String("weights.write", "", "write the estimated weights to this file")
)

const sets = "../../../shared/data"

// labelled skips what needs the labelled sets where they are not; CI has them.
func labelled(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(sets); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the labelled sets are missing: %v", err)
		}
		t.Skipf("the labelled sets are not beside this checkout: %v", err)
	}
}

// columns says which columns of the labelled sets hold what; those of one's own name are
// found.
var columns = map[string][]string{
	"postal_code": {"zip", "postcode"}, "family_name": {"surname"}, "given_name": {"first_name"}, "birth_date": {"dob", "date_of_birth"},
	"street": {"street_number+address_1"}, "unit": {"address_2"}, "city": {"suburb"},
}

// mapping says the columns of a file that do not bear a field's name.
func mapping(have []string) (said []string) {
	for field, names := range columns {
		for _, name := range names {
			if parts := strings.Split(name, "+"); !slices.ContainsFunc(parts, func(p string) bool { return !slices.Contains(have, p) }) {
				said = append(said, field+"="+name)
			}
		}
	}
	slices.Sort(said)
	return said
}

// people reads the people of a file, by the columns that may be looked at.
func people(path string, may []string) (*List, error) {
	f, err := own.Open(path)
	if err != nil {
		return nil, err
	}
	l, err := NewLayout(f.Headings, mapping(may))
	if err != nil {
		return nil, err
	}
	for field, at := range l {
		if field != "id" && slices.ContainsFunc(at, func(i int) bool { return !slices.Contains(may, f.Headings[i]) }) {
			delete(l, field)
		}
	}
	list := Read(f, l, func(int) {})
	if len(list.Faults) > 0 {
		return nil, fmt.Errorf("%s, line %d: %s", path, list.Faults[0].Line, list.Faults[0].Reason)
	}
	return list, nil
}

func whoIsWho(path string, may []string) (map[string]string, error) {
	list, err := people(path, may)
	if err != nil {
		return nil, err
	}
	clusters, _ := match.Dedupe(list.People)
	got := map[string]string{}
	for i := range list.People {
		got[list.People[i].ID] = match.ClusterName(clusters[i])
	}
	return got, nil
}

// floors are the least F1. The sets that have no phones and no mailboxes are read as lists of
// homes.
var floors = map[string]float64{"chicago_sites_a": 0.95, "febrl1": 0.995, "febrl1_name_address": 0.995, "febrl2": 0.98, "febrl2_name_address": 0.98, "yelp_zomato_a": 0.98}

// TestTheMatcherHoldsItsFloors scores all sets with the built-in weights, and writes the
// page of figures if it is told to.
func TestTheMatcherHoldsItsFloors(t *testing.T) {
	labelled(t)
	var rows []quality.Row
	for _, name := range quality.Names() {
		row, err := quality.Run(sets, name, whoIsWho)
		if err != nil {
			t.Fatal(err)
		}
		row.Floor = floors[name]
		if !row.Held() {
			t.Errorf("%s: F1 %.4f, want %.3f", name, row.Score.F1, row.Floor)
		}
		rows = append(rows, row)
		t.Logf("%s: precision %.5f, recall %.4f, F1 %.4f", name, row.Score.Precision, row.Score.Recall, row.Score.F1)
		if row.Mix == nil {
			continue
		}
		t.Logf("%s: %d pairs across households", name, row.Mix.Pairs)
		if name == "families_light" && (row.Score.Precision < 0.999 || row.Score.Recall < 0.95 || row.Mix.Pairs > 0) {
			t.Errorf("%s: precision %.5f, recall %.4f, %d pairs across households; want 0.999, 0.95 and none", name, row.Score.Precision, row.Score.Recall, row.Mix.Pairs)
		}
		if row.Score.Precision < 0.98 {
			t.Errorf("%s: precision %.5f, want 0.98", name, row.Score.Precision)
		}
	}
	phones, err := quality.RunPhones(sets, match.Phone)
	if err != nil {
		t.Fatal(err)
	}
	if phones.Score.Right != phones.Score.True || phones.Score.Found != phones.Score.True {
		t.Errorf("phones: %+v, want every valid number right and no other", phones.Score)
	}
	rows = append(rows, phones)
	if *writePage != "" {
		if err := os.WriteFile(*writePage, []byte(quality.Report("make quality", rows)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheBuiltInWeightsAreThoseOfTheSets estimates the weights anew from the sets, without
// their labels, and from made-up families.
func TestTheBuiltInWeightsAreThoseOfTheSets(t *testing.T) {
	labelled(t)
	var all [][]match.Person
	for _, name := range []string{"chicago_sites_a", "febrl1_name_address", "febrl2_name_address", "splink_fake_1000", "yelp_zomato_a"} {
		set, err := quality.Read(sets, name, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		list, err := people(set.Path, set.Columns)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list.People)
	}
	for _, o := range []families.Options{{Seed: 11, Records: 15_000, Damage: 0.5}, {Seed: 12, Records: 15_000, Damage: 1.5}} {
		path := filepath.Join(t.TempDir(), "families.csv")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := families.WriteCSV(f, o, nil); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		list, err := people(path, families.Columns)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list.People)
	}
	table := match.EstimateWeights(all).Table()
	if *writeWeights != "" {
		if err := os.WriteFile(*writeWeights, []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != match.WeightTable() {
		t.Errorf("the weights are estimated as\n%s\nand built in are\n%s\nwrite them anew with make weights", table, match.WeightTable())
	}
}

func TestEveryRowIsTakenOrToldOf(t *testing.T) {
	for _, c := range []struct {
		name, text string
		said       []string
		ids        []string
		faults     []Fault
	}{
		{"by their own names", "ID,Given Name,family_name,Phone\n7,Bob,Smith,(312) 555-0142\n8,Ann,Smith,\n", nil, []string{"7", "8"}, nil},
		{"without an id they are counted", "name,phone\nBob Smith,1\nAnn Smith,2\n", nil, []string{"1", "2"}, nil},
		{"a row without an id", "id,name\n1,Bob Smith\n,Ann Smith\n", nil, []string{"1"}, []Fault{{3, "it has no id"}}},
		{"one id twice", "id,name\n1,Bob Smith\n1,Ann Smith\n", nil, []string{"1"}, []Fault{{3, `its id "1" is that of line 2`}}},
		{"too many cells", "id,name\n1,Bob,Smith\n2,Ann Smith\n", nil, []string{"2"}, []Fault{{2, "it has 3 cells, and the heading 2: a cell with a delimiter in it must stand in quotes"}}},
		{"columns that are said", "key,No,Street,Who\nx,12,Main St,Bob Smith\n", []string{"id=key", "street=No+Street", "name=Who"}, []string{"x"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := own.Parse("x.csv", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			l, err := NewLayout(f.Headings, c.said)
			if err != nil {
				t.Fatal(err)
			}
			list := Read(f, l, func(int) {})
			var ids []string
			for _, p := range list.People {
				ids = append(ids, p.ID)
			}
			if !slices.Equal(ids, c.ids) || !slices.Equal(list.Faults, c.faults) || list.Rows != len(c.ids)+len(c.faults) {
				t.Errorf("read %v of %d rows with faults %v, want %v and %v", ids, list.Rows, list.Faults, c.ids, c.faults)
			}
		})
	}
}

func TestACountryIsRead(t *testing.T) {
	f, err := own.Parse("x.csv", []byte("id,name,street,city,postal_code,country\n1,Bob Smith,12 Main St,Boise,83702,United States\n2,Bob Smith,12 Main St,Oatlands,2210,Australia\n3,Bob Smith,12 Main St,Lyon,69001,France\n"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLayout(f.Headings, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"us", "au", "france"} {
		if got := Read(f, l, func(int) {}).People[i].Places[0].Country; got != want {
			t.Errorf("row %d is of %q, want %q", i+1, got, want)
		}
	}
}

func TestWrongColumnsAreTold(t *testing.T) {
	for said, want := range map[string]string{
		"fone=Phone": "names no field", "phone": "names no field", "phone=Cell": `no column "Cell"`, "phone=": "no column holds a name",
	} {
		if _, err := NewLayout([]string{"Key", "Phone"}, []string{said}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--map %s: %v, want an error that says %q", said, err, want)
		}
	}
	if _, err := NewLayout([]string{"a+b", "c"}, []string{"name=a+b"}); err != nil {
		t.Errorf("a column whose name holds a plus: %v", err)
	}
}

// Whatever the order of the rows, and the bad ones among them, the same are one.
func TestTheOrderOfTheRowsDoesNotMatter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "families.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := families.WriteCSV(f, families.Options{Seed: 5, Records: 2000, Damage: 1}, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	forth, err := whoIsWho(path, families.Columns)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(rows[1:])
	g, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := csv.NewWriter(g).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	back, err := whoIsWho(path, families.Columns)
	if err != nil {
		t.Fatal(err)
	}
	name := map[string]string{} // of the clusters forth: those back
	for id, cluster := range forth {
		if had, ok := name[cluster]; ok && had != back[id] {
			t.Fatalf("%s and others are one in one order, and not in the other", id)
		}
		name[cluster] = back[id]
	}
	if len(name) == len(forth) || len(name) == 0 {
		t.Errorf("%d records are %d clusters: nothing was joined", len(forth), len(name))
	}
	names := map[string]bool{}
	for _, n := range name {
		names[n] = true
	}
	if len(names) != len(name) {
		t.Errorf("%d clusters forth are %d back", len(name), len(names))
	}
}
