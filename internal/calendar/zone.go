package calendar

import (
	_ "embed"
	"encoding/csv"
	"slices"
	"strings"
	"sync"
	"time"
)

// The tables of zones: facts of 49 CFR part 71 and of the numbering plan. A ZIP
// prefix or area code that a zone line runs through has both zones.
var (
	//go:embed data/states.csv
	statesCSV string
	//go:embed data/zips.csv
	zipsCSV string
	//go:embed data/area-codes.csv
	areaCodesCSV string
)

// A Place is what is known of where somebody is. Empty fields are unknown.
type Place struct {
	Zone  string // said by a person, such as "America/Boise"
	State string // two letters
	ZIP   string // five digits, more are ignored
}

// Where is the answer to where in time a place may be.
type Where struct {
	Zones  []*time.Location // every zone that it may be in; none if unknown
	States []string         // every state that it may be in; none if unknown
	Why    string           // the evidence used
}

// A region is a line of the tables: a state with the zones possible there.
type region struct {
	state string
	zones []*time.Location
}

type zipRange struct {
	first, last string
	region
}

type zoneTables struct {
	states map[string]region
	zips   []zipRange
	codes  map[string]region
}

// tables are read on first use.
var tables = sync.OnceValue(func() zoneTables {
	t := zoneTables{states: map[string]region{}, codes: map[string]region{}}
	for _, row := range rows(statesCSV) {
		t.states[row[0]] = region{row[0], locations(row[1])}
	}
	for _, row := range rows(zipsCSV) {
		r := region{row[2], locations(row[3])}
		if row[3] == "" {
			r = t.states[row[2]]
		}
		t.zips = append(t.zips, zipRange{row[0], row[1], r})
	}
	for _, row := range rows(areaCodesCSV) {
		for _, code := range strings.Fields(row[2]) {
			t.codes[code] = region{row[0], locations(row[1])}
		}
	}
	return t
})

// rows reads an embedded table without its heading. That every table can be
// read is a test.
func rows(table string) [][]string {
	all, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil || len(all) == 0 {
		return nil
	}
	return all[1:]
}

func locations(names string) []*time.Location {
	var zones []*time.Location
	for _, name := range strings.Fields(names) {
		if zone, ok := location(name); ok {
			zones = append(zones, zone)
		}
	}
	return zones
}

// location loads a zone by its IANA name. Offsets and "Local" are refused:
// only a name knows about daylight saving.
func location(name string) (*time.Location, bool) {
	if !strings.Contains(name, "/") {
		return nil, false
	}
	if zone, ok := loaded.Load(name); ok {
		return zone.(*time.Location), true
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	loaded.Store(name, zone)
	return zone, true
}

// loaded keeps zones, as reading one takes longer than a decision.
var loaded sync.Map

// Where weighs the evidence: a zone said by a person, the ZIP, the state. If
// ZIP and state disagree, both count.
func (p Place) Where() Where {
	state, inState := tables().states[strings.ToUpper(strings.TrimSpace(p.State))]
	zip, inZIP := regionOfZIP(p.ZIP)
	var w Where
	switch {
	case inZIP && inState && zip.state != state.state:
		w = Where{union(zip.zones, state.zones), []string{state.state, zip.state},
			"ZIP " + p.ZIP + " is in " + zip.state + " and the address says " + state.state + ", so both count"}
	case inZIP:
		w = Where{zip.zones, []string{zip.state}, "ZIP " + p.ZIP + " in " + zip.state}
	case inState:
		w = Where{state.zones, []string{state.state}, "the state " + state.state}
	}
	if zone, ok := location(p.Zone); ok {
		w.Zones, w.Why = []*time.Location{zone}, "the zone a person gave"
	}
	return w
}

// AreaCode is the last resort: where numbers like this E.164 number are given
// out. Numbers move with people, and toll-free, foreign and malformed numbers
// say nothing.
func AreaCode(e164 string) Where {
	digits, ok := strings.CutPrefix(e164, "+1")
	if !ok || len(digits) != 10 || strings.Trim(digits, "0123456789") != "" || digits[3] < '2' {
		return Where{}
	}
	r, ok := tables().codes[digits[:3]]
	if !ok {
		return Where{}
	}
	return Where{r.zones, []string{r.state}, "area code " + digits[:3] + " of " + r.state}
}

// regionOfZIP looks a ZIP up; a line of five digits beats one of three.
func regionOfZIP(zip string) (found region, ok bool) {
	zip = strings.TrimSpace(zip)
	if len(zip) < 5 || strings.Trim(zip[:5], "0123456789") != "" {
		return region{}, false
	}
	length := 0
	for _, r := range tables().zips {
		n := len(r.first)
		if n > length && r.first <= zip[:n] && zip[:n] <= r.last {
			found, ok, length = r.region, true, n
		}
	}
	return found, ok
}

func union(a, b []*time.Location) []*time.Location {
	all := slices.Clone(a)
	for _, zone := range b {
		if !slices.Contains(all, zone) {
			all = append(all, zone)
		}
	}
	return all
}

// everywhere is the zones assumed when nothing is known: the fifty states but
// for the western Aleutians.
func everywhere() []*time.Location {
	return locations("America/New_York America/Chicago America/Denver America/Phoenix America/Los_Angeles America/Anchorage Pacific/Honolulu")
}
