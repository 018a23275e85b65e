package quality

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// write makes a folder of sets with one set of these files.
func write(t *testing.T, set string, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, set), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, set, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func nobody(string, []string) (map[string]string, error) { return nil, nil }

func TestARuleSeesOnlyTheColumnsOfItsSet(t *testing.T) {
	folder := write(t, "febrl1", map[string]string{
		"records.csv": "id,given_name,date_of_birth,soc_sec_id\n1,ann,19700101,7\n2,anne,19700101,7\n",
		"truth.csv":   "id,cluster\n1,e\n2,e\n",
	})
	for set, want := range map[string][]string{
		"febrl1":              {"given_name", "date_of_birth", "soc_sec_id"},
		"febrl1_name_address": {"given_name"},
	} {
		row, err := Run(folder, set, func(_ string, columns []string) (map[string]string, error) {
			if !slices.Equal(columns, want) {
				t.Errorf("%s shows %v, want %v", set, columns, want)
			}
			return map[string]string{"1": "x", "2": "x"}, nil
		})
		if err != nil || row.Set != set || row.Records != 2 || row.Scored != "pairs" || row.Score != score(1, 1, 1) || row.Mix != nil || row.Parts != nil {
			t.Errorf("%+v, %v, want two records and one pair, right", row, err)
		}
	}
}

func TestWhatCannotBeScoredIsSaid(t *testing.T) {
	const records, truth = "id,name\n1,a\n2,b\n", "id,cluster\n1,e\n2,f\n"
	for _, c := range []struct {
		name   string
		set    string
		files  map[string]string
		dedupe Dedupe
		want   string
	}{
		{"an unknown set", "none", nil, nobody, "there is no set \"none\": take one of chicago_sites_a"},
		{"a missing file", "febrl2", nil, nobody, "read a labelled set"},
		{"an empty file", "febrl2", map[string]string{"records.csv": ""}, nobody, "read the header of"},
		{"no column of ids", "febrl2", map[string]string{"records.csv": "name\na\n"}, nobody, "no column \"id\", only name"},
		{"a broken row", "febrl2", map[string]string{"records.csv": records + "3\n", "truth.csv": truth}, nobody, "wrong number of fields"},
		{"a missing truth", "febrl2", map[string]string{"records.csv": records, "truth.csv": "id,cluster\n1,e\n"}, nobody, "2 records, its truth 1"},
		{"a label that is none", "yelp_zomato_a", map[string]string{"records.csv": records, "labelled_pairs.csv": "id_l,id_r,match\n1,2,maybe\n"}, nobody, "line 2: the match of 1 and 2 is \"maybe\""},
		{"the rule's own error", "febrl2", map[string]string{"records.csv": records, "truth.csv": truth},
			func(string, []string) (map[string]string, error) { return nil, errors.New("too many rows") }, "deduplicate the set febrl2: too many rows"},
		{"an id that is none", "febrl2", map[string]string{"records.csv": records, "truth.csv": truth},
			func(string, []string) (map[string]string, error) { return map[string]string{"row 1": "x"}, nil }, "\"row 1\", which is no id of the set febrl2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Run(write(t, c.set, c.files), c.set, c.dedupe)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestEverySetCanBeScored(t *testing.T) {
	folder := sharedData(t)
	for _, name := range Names() {
		row, err := Run(folder, name, nobody)
		if err != nil {
			t.Fatal(err)
		}
		if row.Records == 0 || row.Score.True == 0 || row.Score.Found != 0 {
			t.Errorf("%+v, want records and pairs to find, and none found", row)
		}
	}
}

// TestMadeUpFamiliesAreHard holds that rules of one line do not do: too few of
// what is one has one phone or name, and too much of what is not.
func TestMadeUpFamiliesAreHard(t *testing.T) {
	set, err := Read("", "families", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rule string
		keys []key
	}{
		{"phone", []key{phoneDigits}},
		{"e-mail", []key{all("email")}},
		{"name", []key{eitherOrder("given_name", "family_name")}},
		{"address", []key{all("street", "city")}},
		{"name and address", []key{all("given_name", "family_name", "street", "city")}},
		{"phone or e-mail or name and address", []key{phoneDigits, all("email"), all("given_name", "family_name", "street", "city")}},
	} {
		got, err := exactly(c.keys...)(set.Path, set.Columns)
		if err != nil {
			t.Fatal(err)
		}
		row, err := set.Score(got)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("by %s: %s, %+v", c.rule, line(row), *row.Mix)
		if row.Score.F1 > 0.8 || row.Score.Found == 0 {
			t.Errorf("by %s: %+v, want something found and F1 below 0.8", c.rule, row.Score)
		}
	}
}

func TestPerfectClustersMixNoHouseholds(t *testing.T) {
	set, err := Read("", "families_bad", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	row, err := set.Score(set.Truth)
	if err != nil || row.Score.F1 != 1 || *row.Mix != (Mix{}) {
		t.Errorf("%+v, %v, want all right", row, err)
	}
	row, err = set.Score(set.Households)
	if err != nil || row.Score.Recall != 1 || row.Score.Precision > 0.9 || *row.Mix != (Mix{}) {
		t.Errorf("households for persons: %+v, %v, want all found, couples joined, and none mixed", row, err)
	}
	if worst, best := row.Parts[0], row.Parts[len(row.Parts)-1]; len(row.Parts) != 15 || worst.Score.F1 > 0.7 || best.Score.F1 != 1 {
		t.Errorf("%d hard cases from %+v to %+v, want 15, from those that share a home to those who live alone", len(row.Parts), worst, best)
	}
	there := 0
	for _, p := range row.Parts {
		there += p.Score.True
	}
	if there != row.Score.True {
		t.Errorf("%d pairs in all hard cases, %d in the set", there, row.Score.True)
	}
}

func TestPhonesAreScored(t *testing.T) {
	folder := write(t, "phones", map[string]string{"vectors.csv": "id,raw,e164,valid\n1,208-201-0001,+12082010001,true\n2,123,+1123,false\n3,208-201-0003,+12082010003,true\n"})
	row, err := RunPhones(folder, func(raw string) string { return "+1" + strings.ReplaceAll(raw, "-", "") })
	if err != nil || row.Score != score(2, 3, 2) || row.Records != 3 {
		t.Errorf("%+v, %v, want two of three right", row, err)
	}
	if _, err := RunPhones(t.TempDir(), strings.ToLower); err == nil {
		t.Error("no error without the file")
	}
}

func TestAddressesAreScored(t *testing.T) {
	folder := write(t, "us_addresses", map[string]string{"a.jsonl": `{"id":"1","raw":"12 N. Main St, Boise","tokens":[["12","AddressNumber"],["N.","StreetNamePreDirectional"],["Main","StreetName"],["St,","StreetNamePostType"],["Boise","PlaceName"]]}
{"id":"2","raw":"Box 4, Nampa","tokens":[["Box","USPSBoxType"],["4,","USPSBoxID"],["Nampa","PlaceName"]]}
`, "broken.jsonl": "{\n"})
	parse := func(raw string) map[string]string {
		street, city, _ := strings.Cut(raw, ",")
		number, street, _ := strings.Cut(street, " ")
		return map[string]string{"number": number, "street": street, "city": city}
	}
	row, err := RunAddresses(folder, "a.jsonl", []string{"number", "street", "city"}, parse)
	if err != nil || row.Score != score(4, 6, 4) || row.Records != 2 {
		t.Errorf("%+v, %v, want four parts of six found right", row, err)
	}
	if _, err := RunAddresses(folder, "broken.jsonl", nil, parse); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("error %v, want one that names the line", err)
	}
}

// The rules here are of one line as well: what is left for a better one.
func TestSharedPhonesAndAddressesCanBeScored(t *testing.T) {
	folder := sharedData(t)
	digits := regexp.MustCompile(`\D`)
	row, err := RunPhones(folder, func(raw string) string {
		if d := digits.ReplaceAllString(raw, ""); len(d) == 10 {
			return "+1" + d
		}
		return ""
	})
	t.Log(line(row))
	if err != nil || row.Records != 182 || row.Score.F1 < 0.5 || row.Score.F1 > 0.99 {
		t.Errorf("%+v, %v, want some of 182 right", row, err)
	}
	number, zip := regexp.MustCompile(`^\d+`), regexp.MustCompile(`\d{5}$`)
	for file, records := range map[string]int{"labelled.jsonl": 1590, "labelled_synthetic.jsonl": 2400} {
		row, err = RunAddresses(folder, file, []string{"number", "zip"}, func(raw string) map[string]string {
			return map[string]string{"number": number.FindString(raw), "zip": zip.FindString(raw)}
		})
		t.Log(line(row))
		if err != nil || row.Records != records || row.Score.F1 < 0.5 || row.Score.F1 > 0.999 {
			t.Errorf("%+v, %v, want most of %d right", row, err, records)
		}
	}
}
