package match

import (
	_ "embed"
	"strings"
)

//go:embed tables/street_suffixes.csv
var suffixTable string

//go:embed tables/directionals.csv
var directionTable string

//go:embed tables/states.csv
var stateTable string

//go:embed tables/unit_designators.csv
var unitTable string

func init() {
	delete(streetSuffixes, "la") // La Salle, La Jolla: seldom a lane
}

var (
	streetSuffixes = standard(suffixTable, "wynd wynd", "av ave", "avenida avenida", "plz plz", "blv blvd", "hgwy hwy", "cmns cmns", "xrds xrds")
	directions     = standard(directionTable, "no n", "so s", "n.e ne")
	states         = standard(stateTable, "puerto_rico pr")
	unitTypes      = standard(unitTable, "num #", "bsmt bsmt", "ofc ofc", "spc spc", "trlr trlr",
		"hangar hngr", "level fl", "flr fl", "suit ste", "building bldg", "bld bldg", "apts apt", "un unit")
)

// standard reads a table of variants; the standard forms stand for themselves.
func standard(table string, more ...string) map[string]string {
	m := make(map[string]string)
	for _, row := range csvRows(strings.ToLower(table)) {
		m[row[0]], m[row[1]] = row[1], row[1]
	}
	for _, pair := range more {
		variant, std, _ := strings.Cut(pair, " ")
		m[strings.ReplaceAll(variant, "_", " ")] = std
	}
	return m
}

// An Address is a US address in its parts, lower case, in the standard forms
// of USPS Publication 28 where it has them.
type Address struct {
	Number  string // "12", "12-14", "12 1/2", "12 b", "n95w18855"
	PreDir  string // n, ne, ...
	Street  string // "main", "5th", "us highway 22", or "po box 628", "rr 1 box 4"
	Suffix  string // st, ave, ...; empty for highways and boxes
	PostDir string
	Unit    string // "4", "b"; with its type where that tells apart: "bldg 2", "fl 3", "bsmt"
	City    string
	State   string // two letters
	ZIP     string // five digits
}

// Line returns number and street as one line.
func (a Address) Line() string { return join(a.Number, a.StreetLine()) }

// StreetLine returns the street with its directions and suffix.
func (a Address) StreetLine() string { return join(a.PreDir, a.Street, a.Suffix, a.PostDir) }

// Key identifies the property: "12 n main st|4|62701", with "springfield il"
// in place of a missing ZIP. It is empty where the address names no property:
// no number and no box, or no place.
func (a Address) Key() string {
	place := a.ZIP
	if place == "" && a.City != "" && a.State != "" {
		place = a.City + " " + a.State
	}
	if place == "" || a.Street == "" || a.Number == "" && !isBox(a.Street) {
		return ""
	}
	return a.Line() + "|" + a.Unit + "|" + place
}

func isBox(street string) bool { return strings.Contains(street, "box ") }

func join(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " ")
}

// Postal brings a postal code of any country into one form: its letters and digits, in
// lower case.
func Postal(code string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(code) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	if s := b.String(); len(s) <= 10 {
		return s
	}
	return ""
}
