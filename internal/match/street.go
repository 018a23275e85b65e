package match

import (
	"regexp"
	"slices"
	"strings"
)

// strong suffixes are seldom part of a name; the others (Lake, Park, Falls)
// often belong to the street's or the city's name.
var strong = set("aly ave blvd byp cir cswy ct cv dr expy ext fwy hwy ln loop pike pkwy pl plz rd rte row run sq st ter trce trl tpke way wynd xing path pass")

func (p *parser) street() {
	if p.at >= len(p.words) {
		return
	}
	p.preDirection()
	if m := gluedDirection.FindStringSubmatch(p.word(p.at)); m != nil && p.a.Number != "" && p.ends(p.at) {
		p.a.Street, p.a.PostDir = m[1], m[2] // "48 S 400E"
		p.at++
		return
	}
	if n := max(p.highwayAt(p.at), p.avenueAt(p.at)); n > 0 {
		p.highway(n)
		p.postDirection()
		return
	}
	end, whole := p.streetEnd()
	if whole {
		p.wholeStreet(end)
	} else {
		p.streetBeforeCity()
	}
	p.numberedSuffix()
	if p.a.Suffix != "" && digits(p.a.Street) && p.a.PostDir == "" {
		p.a.Street = ordinal(p.a.Street)
	}
}

// avenueAt says how many words from i on, where a street begins, are "Avenue 5",
// or 0.
func (p *parser) avenueAt(i int) int {
	if streetSuffixes[p.word(i)] == "ave" && roadNumber.MatchString(p.word(i+1)) && !p.words[i].comma {
		return 2
	}
	return 0
}

// numberedSuffix reads "Scenic Hwy 98" and "Anderson County Rd 312".
func (p *parser) numberedSuffix() {
	county := strings.HasSuffix(" "+p.a.Street, " county")
	if w := p.word(p.at); p.a.PostDir == "" && (p.a.Suffix == "hwy" || p.a.Suffix == "rte" || county && p.a.Suffix == "rd") &&
		roadNumber.MatchString(w) && !p.words[p.at-1].comma && p.ends(p.at) {
		p.a.Street, p.a.Suffix = join(p.a.Street, p.a.Suffix, w), ""
		p.at++
		p.postDirection()
	}
}

// streetEnd finds the word before which the street surely ends, and whether
// the words up to there are all street: a unit follows, or a city apart.
func (p *parser) streetEnd() (end int, whole bool) {
	for i := p.at; i < len(p.words); i++ {
		if i > p.at && p.unitAt(i) > 0 {
			return i, true
		}
		if p.words[i].comma {
			return i + 1, !p.placed || p.cityBehind(i+1) || p.a.State == "" && p.a.ZIP == ""
		}
	}
	return len(p.words), !p.placed || p.a.State == "" && p.a.ZIP == ""
}

// cityBehind reports whether the words from i on hold more than a unit or a
// direction.
func (p *parser) cityBehind(i int) bool {
	q := *p
	q.at, q.a, q.words = i, Address{}, slices.Clone(p.words)
	q.postDirection()
	q.unit()
	return q.at < len(q.words)
}

// wholeStreet reads words that hold no city: the last suffix counts.
func (p *parser) wholeStreet(end int) {
	stop := end - p.looseUnitBefore(end)
	at := stop - 1
	for at > p.at && streetSuffixes[p.word(at)] == "" {
		at--
	}
	if at > p.at && at+2 == end && p.numberedRoad(at) {
		p.take(at)
		return
	}
	if at <= p.at || stop-at > 3 || !p.onlyDirection(at+1, stop) {
		at = -1
	}
	if at > 0 && p.endsBefore(at) {
		at = -1
	}
	switch {
	case at >= 0:
		p.takeUnit(stop, end)
		p.take(at)
		p.postDirection()
		p.at = max(p.at, end)
	case p.strongWithin(stop):
		p.streetBeforeCity()
		p.leftOver(end)
	default:
		p.takeUnit(stop, end)
		p.withoutSuffix(stop)
		p.at = end
		if p.a.PostDir == "" {
			p.postDirection()
		}
	}
}

// numberedRoad reports whether a number follows the suffix at word i as in
// "Scenic Hwy 98".
func (p *parser) numberedRoad(i int) bool {
	suffix := streetSuffixes[p.word(i)]
	return (suffix == "hwy" || suffix == "rte" || p.word(i-1) == "county") && roadNumber.MatchString(p.word(i+1))
}

// endsBefore reports whether the street is whole before its last suffix, word i:
// "King Ave SE Maple View Flats", "East Street 1900 E 8th Street", "Elm St corner
// of Oak Ave", "River Road Estates".
func (p *parser) endsBefore(i int) bool {
	weak := !strong[streetSuffixes[p.word(i)]] && len(p.word(i)) > 2
	for k := p.at + 1; k < i; k++ {
		if !ways[streetSuffixes[p.word(k)]] || p.saintAt(k) {
			continue
		}
		if next := p.word(k + 1); weak || locators[next] || k+2 < i && digits(next) && p.suffixBefore(k+2, i+1) {
			return true
		}
	}
	return false
}

// ways are the suffixes behind which other words are seldom part of a street;
// locators are words that say where along a street something is.
var (
	ways     = set("ave blvd dr ln pkwy rd st")
	locators = set("corner cor near behind across between opposite off")
)

// looseUnitBefore says how many words before end are a unit without a
// designator: "1020 W Bryn Mawr 211", "1160 Park Ave W 4 N".
func (p *parser) looseUnitBefore(end int) int {
	n := end - p.at
	if n < 2 {
		return 0
	}
	last, before := p.word(end-1), p.word(end-2)
	switch {
	case p.looseNumber(end - 1), p.looseFloor(last, before):
		return 1
	case n == 2 && numberLetter.MatchString(last) && p.wholeName(before):
		return 1 // "Broadway 5C"
	case n >= 3 && (len(last) == 1 || directions[last] != "") && p.looseBefore(end-2):
		return 2
	}
	return 0
}

// looseNumber reports whether word i, the last of a street, is the number or
// letter of a unit.
func (p *parser) looseNumber(i int) bool {
	w, before := p.word(i), p.word(i-1)
	letter := len(w) == 1 && directions[w] == "" && p.a.PreDir != "" && !joiners[before]
	return (looseUnit.MatchString(w) || letter) && (i-p.at >= 2 || !ordinalNumber.MatchString(w)) && p.afterStreet(i)
}

// looseFloor reads "W Foster 1st".
func (p *parser) looseFloor(last, before string) bool {
	return ordinalNumber.MatchString(last) && p.a.PreDir != "" && len(before) > 2 && streetSuffixes[before] == ""
}

// looseBefore reports whether word i is a unit's number that a letter or a
// direction follows.
func (p *parser) looseBefore(i int) bool {
	before := p.word(i - 1)
	if !looseUnit.MatchString(p.word(i)) || digits(before) {
		return false
	}
	return p.afterStreet(i) || i-p.at == 1 && !lead[before] && len(before) > 2 && directions[before] == ""
}

func (p *parser) takeUnit(from, to int) {
	if from < to {
		id := p.word(from)
		if last := p.word(to - 1); from+1 < to {
			id += fold(last, directions)
		}
		p.a.Unit = join(p.a.Unit, unitNumber(id))
	}
}

// wholeName reports whether a word can be all of a street's name, so that a
// number behind it is none of it: "Broadway 5C", but not "Calle 5C".
func (p *parser) wholeName(w string) bool {
	return len(w) > 2 && !lead[w] && streetSuffixes[w] == "" && !hasDigit(w) && !streetStarts[w] && states[w] == ""
}

// withoutSuffix reads "Lincoln Park West" and "N. Rutherford", and a suffix
// that is spelled wrong.
func (p *parser) withoutSuffix(stop int) {
	if d, n := p.directionAt(stop - 1); n == 1 && stop-1 > p.at {
		p.a.PostDir = d
		stop--
	}
	p.a.Street = streetName(p.words[p.at:stop])
	if s := nearSuffix(p.word(stop - 1)); s != "" && stop-1 > p.at {
		p.a.Street, p.a.Suffix = streetName(p.words[p.at:stop-1]), s
	}
	if p.a.Suffix == "" {
		p.suffixOfName()
	}
}

func (p *parser) strongWithin(stop int) bool {
	for i := p.at + 1; i < stop; i++ {
		if strong[streetSuffixes[p.word(i)]] {
			return true
		}
	}
	return false
}

// leftOver reads what stands between a street and a comma or the end where the
// city is apart.
func (p *parser) leftOver(end int) {
	rest := p.words[min(p.at, end):end]
	switch {
	case len(rest) == 0:
	case len(rest) == 1 && p.looseRest(rest[0].text, end):
		p.a.Unit = join(unitNumber(rest[0].text), p.a.Unit)
		p.at = end
	case !p.placed || p.cityBehind(end):
		p.spare(end)
	}
}

// looseRest reports whether the one word left before word end is a unit: a
// number, or where no city follows two letters.
func (p *parser) looseRest(w string, end int) bool {
	return looseUnit.MatchString(w) || len(w) <= 2 && directions[w] == "" && (!p.placed || end == len(p.words))
}

var (
	looseUnit     = regexp.MustCompile(`^(\d+-?[a-z]{0,2}|[a-z]-?\d+[a-z]?)$`)
	numberLetter  = regexp.MustCompile(`^(\d+[a-z]|[a-z]-?\d+)$`)
	ordinalNumber = regexp.MustCompile(`^\d+(st|nd|rd|th)$`)
)

// afterStreet reports whether the words before i already make a street, so
// that a number at i is a unit: "1020 W Bryn Mawr 211".
func (p *parser) afterStreet(i int) bool {
	prev := p.word(i - 1)
	if lead[prev] || p.highwayAt(i-1) > 0 {
		return false
	}
	return i-p.at >= 2 || streetSuffixes[prev] != "" || directions[prev] != "" || i-p.at == 1 && p.a.PreDir != "" && !digits(prev)
}

func (p *parser) onlyDirection(from, to int) bool {
	if from == to {
		return true
	}
	_, n := p.directionAt(from)
	return n == to-from
}

// suffixOfName moves a suffix from the end of the name to its place.
func (p *parser) suffixOfName() {
	if i := strings.LastIndexByte(p.a.Street, ' '); i > 0 && streetSuffixes[p.a.Street[i+1:]] != "" {
		p.a.Street, p.a.Suffix = p.a.Street[:i], streetSuffixes[p.a.Street[i+1:]]
	}
}

// take reads the street whose suffix is word i.
func (p *parser) take(i int) {
	p.a.Street = streetName(p.words[p.at:i])
	p.a.Suffix = streetSuffixes[p.word(i)]
	p.at = i + 1
}

// streetBeforeCity reads a street that a city follows without a comma: the
// first run of strong suffixes ends it.
func (p *parser) streetBeforeCity() {
	switch {
	case p.strongStreet(), p.misspelledStreet(), p.directedStreet(), p.weakStreet():
	case p.a.Number == "" && p.a.PreDir == "": // a place without a street
	default:
		p.oneWordStreet()
	}
}

// strongStreet ends the street with the first run of strong suffixes, and takes a
// unit's number behind it.
func (p *parser) strongStreet() bool {
	for i := p.at + 1; i < len(p.words); i++ {
		if !strong[streetSuffixes[p.word(i)]] || p.saintAt(i) {
			continue
		}
		p.take(p.lastSuffix(i))
		p.postDirection()
		if p.unitBehindSuffix() {
			p.a.Unit = unitNumber(p.word(p.at))
			p.at++
		}
		return true
	}
	return false
}

// lastSuffix is the last word of the run of suffixes that begins with word i:
// "Park Circle East Rd".
func (p *parser) lastSuffix(i int) int {
	for !p.words[i].comma {
		if _, n := p.directionAt(i + 1); n > 0 && p.suffixAt(i+1+n) {
			i += 1 + n
		} else if p.suffixAt(i + 1) {
			i++
		} else {
			break
		}
	}
	return i
}

// unitBehindSuffix reports whether the next word is a unit's number, and not that
// of a second address.
func (p *parser) unitBehindSuffix() bool {
	w := p.word(p.at)
	if !looseUnit.MatchString(w) || ordinalNumber.MatchString(w) || p.words[p.at-1].comma {
		return false
	}
	return p.unitAt(p.at) == 0 && !p.suffixBefore(p.at+1, p.segmentEnd(p.at))
}

// misspelledStreet ends the street with a suffix that is spelled wrong.
func (p *parser) misspelledStreet() bool {
	for i := p.at + 1; i < len(p.words); i++ {
		if s := nearSuffix(p.word(i)); s != "" {
			p.take(i)
			p.a.Suffix = s
			p.postDirection()
			return true
		}
	}
	return false
}

// directedStreet ends the street with a direction in short.
func (p *parser) directedStreet() bool {
	for i := p.at + 1; i < len(p.words); i++ {
		if _, n := p.directionAt(i); n > 0 && len(p.word(i)) <= 2 {
			p.a.Street = streetName(p.words[p.at:i])
			p.at = i
			p.postDirection()
			return true
		}
	}
	return false
}

// weakStreet ends the street with a suffix that may also begin or end a name.
func (p *parser) weakStreet() bool {
	for i := p.at + 1; i < len(p.words)-1; i++ {
		if streetSuffixes[p.word(i)] != "" && !p.saintAt(i) && !startsCity[p.word(i)] {
			p.take(i)
			p.postDirection()
			return true
		}
	}
	return false
}

// oneWordStreet takes one word for the street, or those that belong together:
// "Via de Ventura", "The Prado".
func (p *parser) oneWordStreet() {
	end := p.at + 1
	for end+1 < len(p.words) && (joins[p.word(end)] || joins[p.word(end-1)] || openers[p.word(end-1)]) {
		end++
	}
	p.a.Street = streetName(p.words[p.at:end])
	p.at = end
}

var (
	joins      = set("de del la las los el of the")
	openers    = set("van von san santa santo st saint mc mt mount ft fort port dr rev gen martin")
	startsCity = set("mount mt fort ft lake port saint st")
)

// suffixAt reports whether word i is a strong suffix, and not the Saint of a
// city.
func (p *parser) suffixAt(i int) bool {
	if p.saintAt(i) {
		return false
	}
	if p.word(i) == "st" && i+1 < len(p.words) && !p.words[i].comma {
		return strong[streetSuffixes[p.word(i+1)]] || directions[p.word(i+1)] != "" || p.unitAt(i+1) > 0
	}
	return strong[streetSuffixes[p.word(i)]]
}

// saintAt reports whether word i is the Saint of a well-known city.
func (p *parser) saintAt(i int) bool {
	return p.word(i) == "st" && !p.words[i].comma && saints[p.word(i+1)]
}

var saints = set("albans augustine charles clair cloud francis george helena helens johns joseph louis lucie marys paul peters petersburg simons")

// streetName writes numbers and the suffixes within a name in one way.
func streetName(name []token) string {
	out := make([]string, len(name))
	for i, t := range name {
		out[i] = t.text
		if s := ordinals[t.text]; s != "" {
			out[i] = s
		} else if s := streetSuffixes[t.text]; strong[s] && i > 0 {
			out[i] = s
		}
	}
	return strings.Join(out, " ")
}

// nearSuffix gives the suffix of which a word is one slip of the fingers away,
// or "".
func nearSuffix(w string) string {
	if len(w) < 5 || streetSuffixes[w] != "" {
		return ""
	}
	found := ""
	for _, s := range longSuffixes {
		if oneSlip(w, s) && (found == "" || streetSuffixes[s] < found) {
			found = streetSuffixes[s]
		}
	}
	return found
}

// longSuffixes are the strong suffixes that a slip leaves recognizable.
var longSuffixes = func() (long []string) {
	for s, std := range streetSuffixes {
		if len(s) >= 5 && strong[std] {
			long = append(long, s)
		}
	}
	return long
}()

// oneSlip reports whether one letter more, less or other, or two exchanged,
// make a into b.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || a == b || a[0] != b[0] {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	return a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
