package quality

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
)

func sharedData(t testing.TB) string {
	t.Helper()
	folder := "../../../shared/data"
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the shared data is missing: %v", err)
		}
		t.Skipf("the shared data is not beside this checkout: %v", err)
	}
	return folder
}

// A key of a record is what another must have as well; "" joins nothing.
type key func(column func(name string) string) string

// exactly joins records that have one of the keys in common, over any number
// of others: the trivial rule.
func exactly(keys ...key) Dedupe {
	return func(path string, columns []string) (map[string]string, error) {
		groups, first := map[string]string{}, map[string]string{}
		var root func(id string) string
		root = func(id string) string {
			if up := groups[id]; up != id {
				groups[id] = root(up)
			}
			return groups[id]
		}
		err := rows(path, nil, func(header, row []string) error {
			column := func(name string) string { return strings.ToLower(row[slices.Index(header, name)]) }
			id := column("id")
			groups[id] = id
			for i, key := range keys {
				text := key(column)
				if text == "" {
					continue
				}
				text = fmt.Sprint(i, " ", text)
				if other, ok := first[text]; ok {
					groups[root(id)] = root(other)
				} else {
					first[text] = id
				}
			}
			return nil
		})
		for id := range groups {
			groups[id] = root(id)
		}
		return groups, err
	}
}

// all is a key of columns that must all be there.
func all(names ...string) key {
	return func(column func(string) string) string {
		var out []string
		for _, n := range names {
			v := strings.TrimSpace(column(n))
			if v == "" {
				return ""
			}
			out = append(out, v)
		}
		return strings.Join(out, "|")
	}
}

// eitherOrder is a key of names that sources swap.
func eitherOrder(names ...string) key {
	return func(column func(string) string) string {
		parts := strings.Split(all(names...)(column), "|")
		slices.Sort(parts)
		return strings.Join(parts, "|")
	}
}

var short = map[string]string{"street": "st", "avenue": "ave", "av": "ave", "road": "rd", "drive": "dr", "place": "pl", "boulevard": "blvd",
	"parkway": "pkwy", "lane": "ln", "court": "ct", "highway": "hwy", "square": "sq", "suite": "ste", "north": "n", "south": "s", "east": "e", "west": "w"}

// streetLine is the key of an address before its first comma, with short words
// for suffixes and directions.
func streetLine(column func(string) string) string {
	line, _, _ := strings.Cut(column("address"), ",")
	var out []string
	for _, w := range strings.FieldsFunc(line, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		out = append(out, cmp.Or(short[w], w))
	}
	return strings.Join(out, " ")
}

func phoneDigits(column func(string) string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, column("phone"))
}

// TestTheTrivialRuleScoresAsPublished compares the scorer with the figures that
// the sets state for rules of one line, measured by other code.
func TestTheTrivialRuleScoresAsPublished(t *testing.T) {
	folder := sharedData(t)
	street, name := all("street_number", "address_1", "postcode"), eitherOrder("given_name", "surname")
	for _, c := range []struct {
		set, rule             string
		keys                  []key
		precision, recall, f1 float64
	}{
		{"chicago_sites_a", "phone", []key{phoneDigits}, 0.918, 0.785, 0.846},
		{"chicago_sites_a", "address", []key{streetLine}, 0.998, 0.582, 0.736},
		{"chicago_sites_a", "phone or address", []key{phoneDigits, streetLine}, 0.885, 0.912, 0.898},
		{"febrl1", "address", []key{street}, 1, 0.412, 0.584},
		{"febrl1_name_address", "address or name", []key{street, name}, 1, 0.746, 0.855},
		{"febrl2", "address", []key{street}, 1, 0.294, 0.455},
		{"febrl2_name_address", "address or name", []key{street, name}, 0.854, 0.652, 0.739},
		{"splink_fake_1000", "e-mail", []key{all("email")}, 1, 0.336, 0.503},
		{"splink_fake_1000", "e-mail or name", []key{all("email"), all("first_name", "surname")}, 0.991, 0.506, 0.670},
		{"yelp_zomato_a", "phone", []key{phoneDigits}, 1, 0.857, 0.923},
		{"yelp_zomato_a", "street line", []key{streetLine}, 0.964, 0.857, 0.908},
		{"yelp_zomato_a", "phone or street line", []key{phoneDigits, streetLine}, 0.968, 0.968, 0.968},
	} {
		t.Run(c.set+" by "+c.rule, func(t *testing.T) {
			row, err := Run(folder, c.set, exactly(c.keys...))
			if err != nil {
				t.Fatal(err)
			}
			s := row.Score
			for _, f := range []struct {
				name      string
				got, want float64
			}{{"precision", s.Precision, c.precision}, {"recall", s.Recall, c.recall}, {"F1", s.F1, c.f1}} {
				if math.Abs(f.got-f.want) > 0.0011 { // the last digit
					t.Errorf("%s %.4f, stated is %.3f", f.name, f.got, f.want)
				}
			}
		})
	}
}
