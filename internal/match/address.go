package match

import (
	_ "embed"
	"regexp"
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
	streetSuffixes = standard(suffixTable,
		"wynd wynd", "av ave", "avenida avenida", "plz plz", "blv blvd", "hgwy hwy", "hghwy hwy", "cmns cmns", "xrds xrds", "prk park",
		"strt st", "pde pde", "cct cct")
	directions = standard(directionTable, "no n", "so s", "n.e ne")
	states     = standard(stateTable,
		"puerto_rico pr", "pr pr", "virgin_islands vi", "us_virgin_islands vi", "vi vi", "guam gu", "gu gu", "aa aa", "ae ae", "ap ap")
	unitTypes = standard(unitTable,
		"num #", "bsmt bsmt", "ofc ofc", "spc spc", "trlr trlr", "ph ph", "hangar hngr", "level fl", "lvl fl", "flr fl", "suit ste",
		"suites ste", "building bldg", "bld bldg", "apts apt", "apmt apt", "un unit", "units unit", "lt lot", "flat apt",
		"mezzanine mezz", "mezz mezz", "msc msc", "mc msc", "m/c msc", "mailstop msc", "shop shop", "bin bin", "file file",
		"drawer drawer", "lockbox lockbox", "villa villa", "wing wing", "tower tower", "twr tower", "sp spc", "phase phase", "bay bay",
		"cabin cabin", "condo condo", "cottage cottage", "site site", "pad pad", "berth berth", "booth booth", "stall stall",
		"store store", "warehouse whse", "whse whse", "studio studio", "floors fl", "dock dock", "door door", "vlla villa", "flt apt",
		"box box", "house house", "upper uppr", "uppr uppr")
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

// An Address is an address in its parts, lower case and without punctuation.
// Suffixes, directions, states and ordinals have the standard forms of USPS
// Publication 28; other words stay as they were written.
//
// It is made for the United States. Canadian and Australian addresses are read
// as far as they are alike: State is the province, ZIP the postal code.
type Address struct {
	Recipient string // for whom: "attn roger lane", or a name before the number
	Building  string // the name of a building or a landmark
	Number    string // "12", "12-14", "12 1/2", "12 b", "n95w18855"
	PreDir    string // n, ne, ...
	Street    string // "main", "5th", "us hwy 22"
	Suffix    string // st, ave, ...; empty for numbered highways
	PostDir   string
	Cross     string // at a corner, the other street in one line: "w elm st"
	Box       string // "po box 628", "rr 1 box 4", "hc 68 box 23a"; "box 12" behind a street
	Unit      string // "4", "b"; with its type where that tells apart: "bldg 2", "fl 3", "bsmt"
	City      string
	State     string // two letters; two or three abroad
	ZIP       string // five digits; abroad the postal code: "k1a 0b1", "2210"
	Country   string // us, ca or au, where the address says it
}

// Line returns number and street as one line, or the box where there is none.
func (a Address) Line() string {
	if a.Street == "" {
		return a.Box
	}
	return join(a.Number, a.StreetLine())
}

// StreetLine returns the street with its directions and suffix.
func (a Address) StreetLine() string { return join(a.PreDir, a.Street, a.Suffix, a.PostDir) }

// Key identifies the property: "12 n main st|4|62701", with "springfield il"
// in place of a missing ZIP. It is empty where the address names no property:
// no number and no box, or no place. Other spellings of one road or number
// give one key; names of people are no part of it.
//
// The name of one building among several (Maple Hall, Lake House, Pine Tower) is
// part of the unit, "maple hall 4", since each of them may have a unit 4; so a
// unit written with that name and one without have two keys, which is better than
// one key for two homes. Without a unit, where the unit itself says the building
// ("bldg 2 4"), and for the name of a whole place (plazas, centers, apartments),
// a name changes nothing.
func (a Address) Key() string {
	place := a.ZIP
	if place == "" && a.City != "" && a.State != "" {
		place = fold(a.City, placeForms) + " " + a.State
	}
	line := a.Box
	if !strings.Contains(line, "box ") {
		line = "" // a rural route alone is no property
	}
	unit := a.Unit
	if a.Number != "" && a.Street != "" {
		line = join(numberKey(a.Number), a.PreDir, roadKey(a.Street), a.Suffix, a.PostDir)
		unit = a.unitKey()
	}
	if place == "" || line == "" {
		return ""
	}
	return line + "|" + unit + "|" + place
}

// unitKey is the unit behind a street, with the box there and the building whose
// unit it is.
func (a Address) unitKey() string {
	unit := a.Unit
	if strings.HasPrefix(a.Box, "box ") {
		unit = join(unit, a.Box)
	}
	within, _, _ := strings.Cut(a.Unit, " ")
	if unit == "" || sections[within] {
		return unit
	}
	return join(buildingKey(a.Building), unit)
}

// buildingKey is the name of one building among several, or "".
func buildingKey(name string) string {
	words := strings.Fields(strings.TrimPrefix(name, "the "))
	if len(words) < 2 || !oneOfSeveral[words[len(words)-1]] {
		return ""
	}
	return fold(strings.Join(words, " "), buildingForms)
}

var (
	sections      = set("bldg tower wing villa cottage house hall") // units that are buildings themselves
	oneOfSeveral  = set("hall house bldg building tower twr dorm dormitory lodge cottage villa")
	buildingForms = map[string]string{"building": "bldg", "twr": "tower", "dormitory": "dorm"}
)

// numberKey writes "W210 N16570" as "w210n16570", and "12B" as "12 b".
func numberKey(number string) string {
	if m := letteredNumber.FindStringSubmatch(number); m != nil {
		return m[1] + " " + m[2]
	}
	if first, second, ok := strings.Cut(number, " "); ok && gridNumber.MatchString(first) && gridNumber.MatchString(second) {
		return first + second
	}
	return number
}

var letteredNumber = regexp.MustCompile(`^(\d+)-?([a-z])$`)

var (
	placeForms  = map[string]string{"saint": "st", "mount": "mt", "fort": "ft"}
	streetForms = map[string]string{"saint": "st", "mount": "mt", "fort": "ft", "doctor": "dr", "junior": "jr",
		"thirteenth": "13th", "fourteenth": "14th", "fifteenth": "15th", "sixteenth": "16th", "seventeenth": "17th", "eighteenth": "18th",
		"nineteenth": "19th", "twentieth": "20th", "thirtieth": "30th", "fortieth": "40th", "fiftieth": "50th", "sixtieth": "60th"}
)

// fold writes some words in their other form.
func fold(name string, forms map[string]string) string {
	words := strings.Fields(name)
	for i, w := range words {
		if f := forms[w]; f != "" {
			words[i] = f
		}
	}
	return strings.Join(words, " ")
}

func join(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " ")
}

// Country brings the name of a country into the form of Address.Country.
func Country(name string) string {
	name = words(name)
	for _, c := range countries {
		if c.name == name {
			return c.code
		}
	}
	return name
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
