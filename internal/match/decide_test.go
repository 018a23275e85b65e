package match

import (
	"encoding/csv"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const (
	phone1 = "(208) 201-0001"
	phone2 = "208.202.0002"
)

var home = ParseAddress("12 N Main St, Boise, ID 83702")

// person reads "Family, Given | phone | e-mail | address | organization".
func person(id, text string) Person {
	var r Record
	r.ID = id
	fields := append(strings.Split(text, "|"), "", "", "", "")
	r.Name, r.Organization = strings.TrimSpace(fields[0]), strings.TrimSpace(fields[4])
	r.Phones, r.Emails = strings.Fields(strings.ReplaceAll(fields[1], "(208) ", "208-")), strings.Fields(fields[2])
	if a := strings.TrimSpace(fields[3]); a != "" {
		r.Addresses = []Address{ParseAddress(a)}
	}
	return Normalize(r)
}

func TestWhoIsTheSame(t *testing.T) {
	const p, q = "208-201-0001", "208-202-0002"
	const here, apt4, apt5 = "12 N Main St, Boise, ID 83702", "12 North Main Street Apt 4, Boise ID 83702", "12 N Main St #5, Boise, ID 83702"
	for _, c := range []struct {
		name, a, b string
		want       Outcome
	}{
		{"one phone, one name", "Smith, Robert|" + p, "smith, ROBERT|+1 (208) 201-0001", Same},
		{"a nickname", "Smith, Robert|" + p, "Bob Smith|" + p, Same},
		{"accents and punctuation", "O'Brien, José|" + p, "OBrien, Jose|" + p, Same},
		{"an initial and a phone", "Smith, J.|" + p, "Smith, Jane|" + p, Same},
		{"a slip in the given name", "Smith, Jonathan|" + p, "Smith, Jonahtan|" + p, Same},
		{"a slip in a long family name", "Johnson, Ann|" + p, "Jonson, Ann|" + p, Same},
		{"a slip in a short family name", "Lee, Ann|" + p, "Lea, Ann|" + p, Different},
		{"a middle name left out", "Smith, Mary Ann|" + p, "Smith, Mary|" + p, Same},
		{"names swapped", "Smith, Robert|" + p, "Robert, Smith|" + p, Same},
		{"one e-mail and one name", "Smith, Robert||Bob@X.com", "Smith, Bob||bob@x.com ", Same},
		{"one address and one full name", "Smith, Robert|||" + apt4, "Smith, Bob|||12 N Main St, Unit 4, Boise, ID 83702-1234", Same},
		{"one address and an initial: which of them", "Smith, R|||" + here, "Smith, Robert|||" + here, Ask},
		{"a unit missing", "Smith, Robert|||" + apt4, "Smith, Robert|||" + here, Ask},
		{"two units of one house", "Smith, Robert|||" + apt4, "Smith, Robert|||" + apt5, Different},
		{"never a phone alone", "Smith, Robert|" + p, "Jones, Ann|" + p, Different},
		{"never a phone alone, even without a name", "Smith, Robert|" + p, "|" + p, Different},
		{"never an address alone", "Smith, Robert|||" + here, "Jones, Robert|||" + here, Different},
		{"never a name alone", "Smith, Robert|" + p, "Smith, Robert|" + q, Different},
		{"a couple with one phone and house", "Smith, Robert|" + p + "||" + here, "Smith, Mary|" + p + "||" + here, Different},
		{"two names one letter apart", "Rossi, Mario|" + p, "Rossi, Maria|" + p, Ask},
		{"two short forms of one name", "Smith, Bob|" + p, "Smith, Bobby|" + p, Same},
		{"short forms that may be of one name", "Smith, Chris|" + p, "Smith, Tina|" + p, Ask},
		{"middle names that differ", "Smith, John A|" + p, "Smith, John B|" + p, Ask},
		{"a couple's record", "Smith, John & Mary|" + p, "Smith, John|" + p, Ask},
		{"father and son", "Smith Jr., John|" + p + "|j@x.com|" + here, "John Smith Sr|" + p + "|j@x.com|" + here, Different},
		{"one Jr. and one who does not say", "Smith Jr., John|" + p + "||" + here, "Smith, John|" + p + "||" + here, Ask},
		{"one Jr., with phone and e-mail of his own", "Smith Jr., John|" + p + "|j@x.com", "Smith, John|" + p + "|j@x.com", Same},
		{"a name that changed by marriage", "Smith, Mary||mary@x.com", "Jones, Mary||mary@x.com", Ask},
		{"a double name", "Smith-Jones, Mary|" + p, "Smith, Mary|" + p, Ask},
		{"a given name missing", "Smith|" + p, "Smith, Mary|" + p, Ask},
		{"a phone one digit off", "Smith, Robert|" + p, "Smith, Robert|208-201-0007", Ask},
		{"a phone one digit off and a nickname", "Smith, Robert|" + p, "Smith, Bob|208-201-0007", Different},
		{"an invalid phone joins nothing", "Smith, Robert|555-1234", "Smith, Robert|555-1234", Different},
		{"a shared mailbox joins no persons", "Smith, Robert||info@x.com", "Smith, Robert||info@x.com", Different},
		{"an organization under its legal form", "|" + p + "|||Acme Heating & Air, Inc.", "|" + p + "|||The ACME Heating and Air LLC", Same},
		{"an organization and its shared mailbox", "||info@x.com||Acme Heating", "||info@x.com||Acme Heating Co", Same},
		{"organizations alike at one phone", "|" + p + "|||Acme Heating", "|" + p + "|||Acme Heating Services Boise", Ask},
		{"branches told apart by number", "|" + p + "|||Shell Station 12", "|" + p + "|||Shell Station 14", Different},
		{"organizations with one name only", "|" + p + "|||Acme Heating", "|" + q + "|||Acme Heating", Different},
		{"a person and an organization", "Smith, Robert|" + p + "||" + here, "|" + p + "||" + here + "|Smith Holdings", Different},
		{"an organization and a person at it", "Smith, Robert|" + p + "|||Acme", "|" + p + "|||Acme", Ask},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Decide(person("a", c.a), person("b", c.b))
			if v.Outcome != c.want {
				t.Errorf("%q and %q are held %v %q, want %v", c.a, c.b, v.Outcome, v.Evidence, c.want)
			}
		})
	}
}

func TestNamesInOneField(t *testing.T) {
	for text, want := range map[string][3]string{
		"Smith, Bob":         {"bob", "smith", ""},
		"Bob Smith":          {"bob", "smith", ""},
		"Dr. Bob J. Smith":   {"bob j", "smith", ""},
		"Bob Smith, Jr.":     {"bob", "smith", "jr"},
		"Smith Jr., Bob":     {"bob", "smith", "jr"},
		"Bob Smith III":      {"bob", "smith", "iii"},
		"Ana de la Cruz":     {"ana", "de la cruz", ""},
		"Smith":              {"", "smith", ""},
		"":                   {"", "", ""},
		"Bob & Mary O'Brien": {"bob and mary", "obrien", ""},
		"Zoë Strauß":         {"zoe", "strauss", ""},
	} {
		given, family, suffix := ParseName(text)
		if got := [3]string{given, family, suffix}; got != want {
			t.Errorf("ParseName(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestEmailsAreLowerCaseOrNothing(t *testing.T) {
	for raw, want := range map[string]string{" Bob@X.Com ": "bob@x.com", "mailto:a@b.co": "a@b.co", "bob": "", "bob@x": "", "@x.com": "", "a b@x.com": "", "a@b@c.com": "", "a@x..com": "", "": ""} {
		if got := Email(raw); got != want {
			t.Errorf("Email(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestPhonesAreWhatLibphonenumberSays(t *testing.T) {
	f, err := os.Open(sharedData(t, "phones/vectors.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		raw, want := row[2], row[3]
		if row[6] != "true" || strings.HasPrefix(want, "+1") && len(want) != 12 {
			want = ""
		}
		for range 2 { // the second answer comes from memory
			if got := Phone(raw); got != want {
				t.Errorf("Phone(%q) = %q, want %q", raw, got, want)
			}
		}
	}
}

func TestMemoryForgetsTheOldest(t *testing.T) {
	m := memory{limit: 2}
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		m.put(key, key)
	}
	if _, ok := m.get("a"); ok || len(m.young)+len(m.old) > 4 {
		t.Errorf("a is still remembered among %d, %d", len(m.young), len(m.old))
	}
	if v, ok := m.get("e"); !ok || v != "e" {
		t.Errorf("the newest is forgotten")
	}
}

func TestNicknamesAgreeBothWays(t *testing.T) {
	rows, asked := 0, 0
	for pair := range nicknames {
		rows++
		if g, why := compareGiven(pair[0], pair[1]); g < agrees {
			asked++
			t.Logf("%v: %s", pair, why)
		}
	}
	if rows < 4000 || asked > 0 {
		t.Errorf("%d of %d pairs do not agree", asked, rows)
	}
}

// someone draws a person from few names, phones and addresses, so that pairs
// meet often.
func someone(t *rapid.T, id string) Person {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	r := Record{
		ID:           id,
		Given:        pick("given", "", "John", "Jon", "J", "Jane", "Bob", "Robert", "Bobby", "Mario", "Maria", "Smith", "John Q", "John R", "Jonathan", "Jonahtan", "John and Jane"),
		Family:       pick("family", "", "Smith", "Smyth", "Smithe", "Lee", "Lea", "Smith-Jones", "Jones", "John", "de la Cruz", "Robert"),
		Suffix:       pick("suffix", "", "", "", "Jr", "Sr", "III"),
		Phones:       []string{pick("phone", "", "208-201-0001", "208-201-0002", "208-202-0001", "208-201-0010")},
		Emails:       []string{pick("email", "", "", "a@x.com", "b@x.com", "info@x.com")},
		Organization: pick("organization", "", "", "", "Acme Inc", "Acme Heating", "Acme Heating LLC"),
	}
	r.Addresses = []Address{ParseAddress(pick("address", "", "1 Elm St, Boise, ID 83702", "1 Elm St Apt 2, Boise, ID 83702", "1 Elm Street #3, Boise ID 83702", "2 Elm St, Boise ID 83702"))}
	return Normalize(r)
}

func TestDecideIsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := someone(t, "a"), someone(t, "b")
		if x, y := Decide(a, b), Decide(b, a); !reflect.DeepEqual(x, y) {
			t.Fatalf("one way %+v, the other %+v", x, y)
		}
	})
}

func TestWhoIsNotDifferentSharesAKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := someone(t, "a"), someone(t, "b")
		if v := Decide(a, b); v.Outcome != Different && len(common(Keys(a), Keys(b))) == 0 {
			t.Fatalf("%+v without a common key", v)
		}
	})
}

// The rules in their plain form, written again without keys: what they join
// must be found by keys.
func TestNoPairOfOneNameIsMissedByItsKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := someone(t, "a"), someone(t, "b")
		if !a.hasName() || !b.hasName() || a.Given == "" || a.Suffix != b.Suffix || couple(a.Given) || couple(b.Given) {
			return
		}
		family, _ := compareFamily(a.Family, b.Family)
		given, _ := compareGiven(a.Given, b.Given)
		meet := func(x, y []string) bool {
			return slices.ContainsFunc(x, func(s string) bool { return slices.Contains(y, s) && !sharedMailbox(s) })
		}
		if family >= agrees && given >= agrees && (meet(a.Phones, b.Phones) || meet(a.Emails, b.Emails) || meet(a.Addresses, b.Addresses)) {
			if v := Decide(a, b); v.Outcome != Same {
				t.Fatalf("%+v and %+v are held %+v", a, b, v)
			}
		}
	})
}

var benchPeople = []Person{
	person("a", "Smith, Robert|208-201-0001|bob@x.com|12 N Main St Apt 4, Boise, ID 83702"),
	person("b", "Smyth, Bob|208-201-0001|rs@y.com|12 North Main Street, Boise, ID 83702"),
}

func BenchmarkDecide(b *testing.B) {
	for b.Loop() {
		Decide(benchPeople[0], benchPeople[1])
	}
}

func BenchmarkKeys(b *testing.B) {
	for b.Loop() {
		Keys(benchPeople[0])
	}
}

func BenchmarkParseAddress(b *testing.B) {
	for b.Loop() {
		ParseAddress("1005 N Gravenstein Highway Suite 500, Sebastopol, CA 95472-1234")
	}
}

// Lines that broke another parser: one line for each turn.
func BenchmarkMessyLines(b *testing.B) {
	lines := jsonLines[struct{ Raw string }](b, "us_addresses/messy_unlabelled.jsonl")
	i := 0
	for b.Loop() {
		ParseAddress(lines[i%len(lines)].Raw)
		i++
	}
}

func BenchmarkPhone(b *testing.B) {
	b.Run("remembered", func(b *testing.B) {
		for b.Loop() {
			Phone(phone1)
		}
	})
	b.Run("parsed", func(b *testing.B) {
		for b.Loop() {
			parsePhone(phone2)
		}
	})
}

func BenchmarkNormalize(b *testing.B) {
	r := Record{ID: "a", Given: "Robert", Family: "O'Brien", Phones: []string{phone1}, Emails: []string{"Bob@X.com"}, Addresses: []Address{home}}
	for b.Loop() {
		Normalize(r)
	}
}
