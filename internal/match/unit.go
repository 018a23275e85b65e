package match

import (
	"regexp"
	"strings"
)

var (
	gluedUnit  = regexp.MustCompile(`^(apt|unit|ste|suite|rm|room|bldg|fl|lot|lt|trlr|spc|ph|no)-?(\d+\w?|\d*-?\w)$`)
	gluedSuite = regexp.MustCompile(`^st(\d{2,}\w?)$`)
	unitID     = regexp.MustCompile(`^([a-z]?\d[\w-]*|[a-z]{1,2}\d*|[a-z]-[\w-]+|[a-z]{2,3}-\d+|\d+[a-z]?/\d*[a-z]?|iii)$`)
	flats      = regexp.MustCompile(`^(\d+)fl$`)
	floorCount = regexp.MustCompile(`^(\d+)(st|nd|rd|th)$`)
)

// alone are the designators that take no number; bare ones count only where
// the address breaks off behind them, since they are words of streets too.
var alone = set("bsmt frnt lbby lowr mezz ofc ph rear side uppr upper")

// unitAt says how many words from i on are a unit, or 0.
func (p *parser) unitAt(i int) int {
	if p.word(i) == "" {
		return 0
	}
	if n, ok := p.oddUnitAt(i); ok {
		return n
	}
	if n := p.floorUnitAt(i); n > 0 {
		return n
	}
	return p.namedUnitAt(i)
}

// oddUnitAt reads units behind a sign, stuck to their number, or of an office.
func (p *parser) oddUnitAt(i int) (n int, ok bool) {
	w, next := p.word(i), p.word(i+1)
	switch {
	case w == "#" && unitTypes[next] != "" && unitID.MatchString(p.word(i+2)):
		return 3, true // "# Apt 25"
	case w == "#" && recipients[p.word(i-1)] && (i == 1 || p.a.Number == ""):
		return 0, true // "Customer # 11"
	case w == "#" && next != "":
		return 2, true
	case gluedSuite.MatchString(w) && i > 1:
		return 1, true // "Pk St240"
	case w == "st" && i > 1 && strong[streetSuffixes[p.word(i-1)]] && digits(next) && len(next) > 1 && !p.words[i].comma:
		return 2, true // "Ave St 1400"
	case w == "mail" && (next == "code" || next == "stop") && hasDigit(p.word(i+2)):
		return 3, true
	case unitTypes[w] == "dept" && len(next) == 2 && digits(p.word(i+2)):
		return 3, true // "Dept CH 10164"
	case gluedUnit.MatchString(w) && !floorCount.MatchString(w) && hasDigit(w):
		return 1, true
	}
	return 0, false
}

// floorUnitAt reads "7th Flr", "lower level", "Apt 2nd Fl", "4FL", "Upper Unit"
// and "north tower".
func (p *parser) floorUnitAt(i int) int {
	w, next := p.word(i), p.word(i+1)
	kind, nextKind := unitTypes[w], unitTypes[next]
	marked := sure[kind] && kind != "#"
	switch {
	case nextKind == "fl" && p.storeyAt(i):
		return 2
	case p.wingAt(i):
		return 2
	case (marked || kind == "fl") && floorCount.MatchString(next) && p.ends(i+1):
		return 2 // "Fl 5th"
	case marked && floorCount.MatchString(next) && unitTypes[p.word(i+2)] == "fl":
		return 3
	case i > 0 && (marked && alone[nextKind] || alone[kind] && sure[nextKind] && next != "#") && p.ends(i+1):
		return 2
	case i > 1 && p.storeyUnitAt(i):
		return 2
	case flats.MatchString(w) && i > 1:
		return 1
	}
	return 0
}

// storeyUnitAt reads "Garden Apt", which no number follows.
func (p *parser) storeyUnitAt(i int) bool {
	next := p.word(i + 1)
	return homeStoreys[p.word(i)] && !p.words[i].comma && sure[unitTypes[next]] && next != "#" && (i+2 == len(p.words) || p.words[i+1].comma)
}

// homeStoreys are storeys that are one home.
var homeStoreys = set("garden ground grnd grd gnd concourse top")

// storeyAt reports whether word i tells which floor the next word means: "7th",
// "7", "lower"; but not "Main Street, Floor 4".
func (p *parser) storeyAt(i int) bool {
	w := p.word(i)
	switch {
	case p.words[i].comma:
		return false
	case storeys[w]:
		return i == 0 || !digits(p.word(i+2))
	}
	return floorCount.MatchString(w) || digits(w) && len(w) <= 2 && i > 1 || ordinals[w] != ""
}

// namedUnitAt reads a designator and its number, or one that needs none.
func (p *parser) namedUnitAt(i int) int {
	w, next := p.word(i), p.word(i+1)
	kind := unitTypes[w]
	switch {
	case kind == "", (kind == "tower" || kind == "wing") && len(next) > 2, (kind == "bldg" || kind == "tower") && p.buildingAt(i):
		return 0
	case (sure[kind] || kind == "fl") && kind != "#" && numberWords[next] != "" && !p.words[i].comma:
		return 2 // "Suite One"
	case next == "#" && p.word(i+2) != "":
		return 3 // "Apt # 4"
	case unitID.MatchString(next) && !p.words[i].comma && !floorCount.MatchString(next) &&
		(hasDigit(next) || len(next) == 1 || sure[kind] && streetSuffixes[next] == "" && len(next) <= 2):
		return 2
	case (alone[kind] || w == "penthouse") && i > 0 && (i+1 == len(p.words) || p.words[i].comma):
		return 1
	}
	return 0
}

// buildingAt tells "Empire State Building 350 Fifth Ave" from "Building 350".
func (p *parser) buildingAt(i int) bool {
	return i > 0 && p.a.Number == "" && houseNumber.MatchString(p.word(i+1)) && !houseNumber.MatchString(p.word(i+2)) &&
		p.suffixBefore(i+1, min(i+6, len(p.words)))
}

// wings are parts of a building that a direction or a letter tells apart.
var wings = set("tower twr hall wing bldg building")

// wingAt reads "north tower" and "B wing", where no street goes on behind them.
func (p *parser) wingAt(i int) bool {
	w, next := p.word(i), p.word(i+1)
	if !wings[next] || p.words[i].comma || directions[w] == "" && (len(w) != 1 || w[0] < 'a') {
		return false
	}
	if i > 0 && (i <= 2 || joiners[p.word(i-1)]) {
		return false
	}
	return i+2 >= len(p.words) || p.words[i+1].comma || sure[unitTypes[p.word(i+2)]] || unitTypes[next] != "bldg" && hasDigit(p.word(i + 2)[:1])
}

// storeys are floors without a number.
var storeys = set("lower upper ground grnd grd gnd top garden main concourse lobby mezzanine street terrace plaza basement")

// sure designators are no words of streets.
var sure = set("apt ste unit rm bldg #")

// unit takes all units from here on, separated by commas or not.
func (p *parser) unit() {
	for n := p.unitAt(p.at); n > 0; n = p.unitAt(p.at) {
		if n > 1 && p.unitOfNumber(p.at+n-1) {
			continue
		}
		if name := unitName(p.words[p.at : p.at+n]); p.a.Unit != name {
			p.addUnit(name)
		}
		first := p.at
		p.at += n
		p.secondUnit()
		if p.at == first+n && first > 0 {
			p.letterOfUnit()
		}
	}
}

// unitOfNumber parts "Unit 4/12 Smith St", whose number is word i.
func (p *parser) unitOfNumber(i int) bool {
	m := slashedNumber.FindStringSubmatch(p.word(i))
	if m == nil || p.a.Number != "" || i+1 >= len(p.words) || p.words[i].comma {
		return false
	}
	p.a.Unit = join(p.a.Unit, m[1])
	p.words[i].text, p.at = m[2], i
	return true
}

// secondUnit reads the rest of "Suite A & B".
func (p *parser) secondUnit() {
	if next := p.word(p.at + 1); joiners[p.word(p.at)] && (looseUnit.MatchString(next) || len(next) == 1) && p.ends(p.at+1) {
		p.a.Unit = join(p.a.Unit, p.word(p.at), next)
		p.at += 2
	}
}

// letterOfUnit reads the rest of "Apt 20 C" and "Unit 2 East".
func (p *parser) letterOfUnit() {
	before, w := p.word(p.at-1), p.word(p.at)
	if !hasDigit(before) || p.words[p.at-1].comma || !p.ends(p.at) {
		return
	}
	if w = fold(w, directions); len(w) == 1 && w[0] >= 'a' || len(w) == 2 && directions[w] != "" {
		p.a.Unit += w
		p.at++
	}
}

// addUnit puts what a unit stands in before the unit, whichever came first:
// "Apt 3, Bldg 2" is "bldg 2 3".
func (p *parser) addUnit(name string) {
	_, _, within := strings.Cut(name, " ")
	if kind, _, _ := strings.Cut(p.a.Unit, " "); within && unitTypes[kind] == "" {
		p.a.Unit = join(name, p.a.Unit)
		return
	}
	p.a.Unit = join(p.a.Unit, name)
}

// unitName writes "Apt 4", "#4", "Unit 4" and "Ste 4" alike, since sources use
// one for the other; buildings, floors and the like keep their type.
func unitName(words []token) string {
	if len(words) == 3 && floorCount.MatchString(words[1].text) {
		words = words[1:]
	}
	w := words[0].text
	if len(words) == 3 && (w == "mail" || unitTypes[w] == "dept" && words[1].text != "#") {
		return join(w, words[1].text, words[2].text)
	}
	if m := flats.FindStringSubmatch(w); m != nil {
		return "fl " + m[1]
	}
	if m := gluedSuite.FindStringSubmatch(w); m != nil {
		return m[1]
	}
	kind, id := unitTypes[w], words[len(words)-1].text
	if kind == "#" && len(words) == 3 && unitTypes[words[1].text] != "" {
		kind = unitTypes[words[1].text] // "# Lot 9"
	}
	if len(words) == 1 {
		m := gluedUnit.FindStringSubmatch(w)
		if m == nil {
			return kind
		}
		kind, id = unitTypes[m[1]], m[2]
	}
	if len(words) == 2 && unitTypes[id] == "fl" && kind != "#" {
		return "fl " + floorName(w) // "7th floor", "lower level"
	}
	if len(words) == 2 && wings[id] && kind == "" {
		return strings.Replace(id, "building", "bldg", 1) + " " + fold(w, directions)
	}
	switch {
	case alone[unitTypes[id]]:
		return unitTypes[id]
	case alone[kind] && sure[unitTypes[id]] && id != "#":
		return kind
	case homeStoreys[w] && sure[unitTypes[id]]:
		return w
	case kind == "fl" && floorCount.MatchString(id):
		return "fl " + floorName(id)
	}
	if n := numberWords[id]; n != "" {
		id = n
	}
	switch kind {
	case "apt", "ste", "unit", "#", "rm", "":
		return unitNumber(id)
	}
	return kind + " " + unitNumber(id)
}

// floorName writes "7th" and "seventh" as "7", and keeps "lower".
func floorName(w string) string {
	w = fold(w, ordinals)
	if m := floorCount.FindStringSubmatch(w); m != nil {
		return m[1]
	}
	return w
}

// unitNumber writes "A-2" as "a2", and keeps "12-3".
func unitNumber(id string) string {
	before, after, ok := strings.Cut(id, "-")
	after = fold(after, directions)
	if ok && digits(before) != digits(after) {
		return before + after
	}
	return strings.TrimPrefix(id, "#")
}
