package match

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
)

//go:embed tables/places.csv
var placeTable string

// A place is a name of US cities, as the post office spells it.
type place struct {
	states string // " il ma "
	big    bool   // of so many ZIP codes that it is known without its state
}

var places = sync.OnceValue(func() map[string]place {
	m := make(map[string]place)
	for _, row := range csvRows(strings.ToLower(placeTable)) {
		if !strong[streetSuffixes[row[0]]] && !buildings[row[0]] && directions[row[0]] == "" {
			m[row[0]] = place{" " + row[1] + " ", len(row[2]) > 1}
		}
	}
	for _, post := range []string{"apo", "fpo", "dpo"} {
		m[post] = place{states: " aa ae ap "}
	}
	return m
})

var (
	zipCode    = regexp.MustCompile(`^(\d{5})(?:-?(?:\d{4})?)$`)
	canadian   = regexp.MustCompile(`^([abceghj-nprstvxy]\d[abceghj-nprstv-z])-?(\d[abceghj-nprstv-z]\d)$`)
	brokenZIP  = regexp.MustCompile(`^\d{5}-?\d{1,5}$`) // "33408-371"
	fourDigits = regexp.MustCompile(`^\d{4}$`)
)

// provinces are those of Canada, and the states of Australia.
var (
	provinces = map[string]string{
		"ab": "ab", "bc": "bc", "mb": "mb", "nb": "nb", "nl": "nl", "ns": "ns", "nt": "nt", "nu": "nu", "on": "on", "pe": "pe", "qc": "qc", "pq": "qc", "sk": "sk", "yt": "yt",
		"alberta": "ab", "british columbia": "bc", "manitoba": "mb", "new brunswick": "nb", "newfoundland": "nl", "newfoundland and labrador": "nl", "nova scotia": "ns", "northwest territories": "nt",
		"nunavut": "nu", "ontario": "on", "prince edward island": "pe", "quebec": "qc", "saskatchewan": "sk", "yukon": "yt",
	}
	territories = map[string]string{
		"nsw": "nsw", "vic": "vic", "qld": "qld", "sa": "sa", "wa": "wa", "tas": "tas", "act": "act", "nt": "nt",
		"new south wales": "nsw", "victoria": "vic", "queensland": "qld", "south australia": "sa", "western australia": "wa", "tasmania": "tas",
		"australian capital territory": "act", "northern territory": "nt",
	}
	countries = []struct{ name, code string }{
		{"united states of america", "us"}, {"united states us", "us"}, {"united states", "us"}, {"u s a", "us"}, {"usa", "us"}, {"us", "us"},
		{"canada", "ca"}, {"australia", "au"}, {"aus", "au"},
	}
)

// tail takes country, postal code and state off the end.
func (p *parser) tail() {
	p.cutBehindZIP()
	for cut := true; cut; {
		cut = false
		for _, country := range countries {
			if p.cutTail(country.name) {
				p.a.Country, cut = country.code, true
			}
		}
	}
	if p.abroad() {
		return
	}
	p.zip()
	p.state()
}

// cutBehindZIP takes off what follows state and ZIP: the name of a recipient,
// or the address said twice.
func (p *parser) cutBehindZIP() {
	for i := 2; i < len(p.words)-1; i++ {
		m := zipCode.FindStringSubmatch(strings.Trim(p.word(i), ","))
		if m == nil {
			continue
		}
		if state := stateNamed(p.words[i-1 : i]); state == "" || p.cityEnd(i-1, state) == i-1 && !p.sameZIP(m[1]) {
			continue
		}
		rest := p.words[i+1:]
		country := text(rest)
		for _, c := range countries {
			if country == c.name {
				return
			}
		}
		if fourDigits.MatchString(country) {
			return // "60606 6306"
		}
		said := p.sameZIP(m[1])
		p.words = p.words[:i+1]
		if !said {
			p.a.Recipient = text(rest)
		}
		return
	}
}

// sameZIP reports whether the last word is this ZIP code again.
func (p *parser) sameZIP(zip string) bool {
	last := p.word(len(p.words) - 1)
	return strings.HasPrefix(last, zip) || "0"+last == zip
}

func (p *parser) cutTail(tail string) bool {
	n := len(strings.Fields(tail))
	first := len(p.words) - n
	if first < 0 || first == 0 && tail == "us" || first < 2 && first > 0 && !p.words[first-1].comma && states[p.word(first-1)] == "" || text(p.words[first:]) != tail {
		return false
	}
	if tail == "us" && first > 0 && !p.words[first-1].comma && !hasDigit(p.word(first-1)) && p.a.Country == "" && states[p.word(first-1)] == "" {
		return false
	}
	p.words = p.words[:first]
	return true
}

// abroad takes a Canadian or Australian postal code and province off the end,
// in either order.
func (p *parser) abroad() bool {
	n := len(p.words)
	if code, size := p.canadianCode(n); size > 0 {
		p.a.ZIP, p.a.Country, p.words = code, "ca", p.words[:n-size]
		p.province(provinces)
		return true
	}
	if p.a.Country == "ca" {
		p.province(provinces)
		return true
	}
	if fourDigits.MatchString(p.word(n-1)) && n > 2 && (p.a.Country == "au" || p.australianAt(n-1)) {
		p.a.ZIP, p.a.Country, p.words = p.word(n-1), "au", p.words[:n-1]
		p.province(territories)
		return true
	}
	before := *p
	if p.province(territories) && (p.a.Country == "au" || fourDigits.MatchString(p.word(len(p.words)-1)) || len(p.a.State) == 3 && p.a.State != "act") {
		p.a.Country = "au"
		if n := len(p.words); fourDigits.MatchString(p.word(n-1)) && n > 1 {
			p.a.ZIP, p.words = p.word(n-1), p.words[:n-1] // "Sydney 2000 NSW"
		}
		return true
	}
	*p = before
	if p.province(provinces) && (len(p.words) > 2 && p.words[len(p.words)-1].comma) {
		p.a.Country = "ca"
		n := len(p.words)
		if code, size := p.canadianCode(n); size > 0 {
			p.a.ZIP, p.words = code, p.words[:n-size]
		}
		return true
	}
	*p = before
	return p.a.Country == "au"
}

// canadianCode reads "K1A 0B1" or "K1A0B1" before word n.
func (p *parser) canadianCode(n int) (code string, size int) {
	for size := 1; size <= 2 && size < n; size++ {
		if m := canadian.FindStringSubmatch(strings.ReplaceAll(text(p.words[n-size:n]), " ", "")); m != nil {
			return m[1] + " " + m[2], size
		}
	}
	return "", 0
}

// australianAt reports whether a state of Australia ends before word i that is
// none of ours with a postal code that lost its zero.
func (p *parser) australianAt(i int) bool {
	for size := 1; size <= 3 && size < i; size++ {
		if territories[text(p.words[i-size:i])] != "" {
			return true
		}
	}
	return false
}

func (p *parser) province(names map[string]string) bool {
	for size := 4; size > 0; size-- {
		start := len(p.words) - size
		if start < 0 || start == 0 && p.a.Country == "" {
			continue
		}
		if name := names[text(p.words[start:])]; name != "" {
			p.a.State, p.words = name, p.words[:start]
			return true
		}
	}
	return false
}

// zeroStates have postal codes that begin with a zero.
var zeroStates = set("ct ma me nh nj ri vt pr")

func (p *parser) zip() {
	n := len(p.words)
	if n > 2 && fourDigits.MatchString(p.word(n-1)) && len(p.word(n-2)) == 5 && digits(p.word(n-2)) {
		n-- // "60606 6306"
	}
	switch m := zipCode.FindStringSubmatch(p.word(n - 1)); {
	case m != nil && (n == 1 || n > 1 && (p.words[n-2].comma || !lead[p.word(n-2)])):
		p.a.ZIP, p.words = m[1], p.words[:n-1]
	case n > 2 && brokenZIP.MatchString(p.word(n-1)) && states[p.word(n-2)] != "":
		p.a.ZIP, p.words = p.word(n - 1)[:5], p.words[:n-1]
	case n > 1 && fourDigits.MatchString(p.word(n-1)) && zeroStates[states[p.word(n-2)]]:
		p.a.ZIP, p.words = "0"+p.word(n-1), p.words[:n-1] // a spreadsheet ate the zero
	}
}

// lead are words after which a number is no ZIP.
var lead = set("box # apt unit ste suite highway hwy route rte road rd pob")

func (p *parser) state() {
	for size := 3; size > 0; size-- {
		start := len(p.words) - size
		if start < 0 || start == 0 && p.a.ZIP == "" && (size == 1 && len(p.word(0)) == 2 || isPlace(p.words, "")) {
			continue
		}
		if state := stateNamed(p.words[start:]); state != "" && p.stateAt(start, state) {
			p.a.State, p.words = state, p.words[:start]
			if n := len(p.words); n > 2 && stateNamed(p.words[n-1:]) == state && len(p.word(n-1)) == 2 && p.cityEnd(n-1, state) < n-1 {
				p.words = p.words[:n-1] // "Memphis TN, TN"
			}
			return
		}
	}
	if p.a.ZIP != "" {
		p.stateBeforeCity()
	}
}

// stateNamed reads "NY", "N Y", "New York" or "West Virginia".
func stateNamed(words []token) string {
	name := text(words)
	if s := states[name]; s != "" {
		return s
	}
	if len(words) == 2 && len(words[0].text) == 1 && len(words[1].text) == 1 && !words[0].comma {
		return states[words[0].text+words[1].text]
	}
	return ""
}

// stateBeforeCity reads "CA Long Beach 90807", with a city that is known or
// behind a unit.
func (p *parser) stateBeforeCity() {
	for i := len(p.words) - 2; i > 1 && i > len(p.words)-6; i-- {
		state := states[p.word(i)]
		if len(p.word(i)) == 2 && state != "" && streetSuffixes[p.word(i)] == "" && directions[p.word(i)] == "" && (isPlace(p.words[i+1:], state) || hasDigit(p.word(i-1)) && p.highwayAt(i-2) == 0) {
			p.a.State, p.a.City, p.words = state, text(p.words[i+1:]), p.words[:i]
			p.placed = false
			return
		}
	}
}

// stateAt tells Connecticut from Court, and Washington from its street: without
// a ZIP such a word is the state after a comma, after a city of that state, or
// after a street that is whole.
func (p *parser) stateAt(start int, state string) bool {
	w, before := p.word(start), p.word(start-1)
	if p.a.ZIP == "" && (w == "ne" && streetSuffixes[before] != "" || w == "fl" && (floorCount.MatchString(before) || digits(before) && len(before) <= 2 || ordinals[before] != "")) {
		return false // "Peachtree Street, NE", "27th Fl"
	}
	if found, _ := placeNamed(p.words[start:]); found.big && start > 1 && len(w) > 2 && (streetSuffixes[before] != "" || directions[before] != "" || hasDigit(before)) {
		return false // "1585 Broadway St, New York"
	}
	if recipients[w] && p.a.ZIP == "" && !hasDigit(text(p.words[:start])) && p.cityEnd(start, state) == start {
		return false // "United Management Co"
	}
	if p.a.ZIP != "" || start > 0 && p.words[start-1].comma || len(w) == 2 && streetSuffixes[w] == "" && (directions[w] == "" || p.cityEnd(start, state) < start) {
		return true
	}
	if start == 0 {
		return true
	}
	if at := p.cityEnd(start, state); at < start && at > 1 && p.streetWords(at) {
		return true
	}
	for i := 2; i < start-1; i++ {
		if strong[streetSuffixes[p.word(i)]] {
			return true
		}
	}
	return false
}

// cityEnd finds the first word of the longest city of a state that ends before
// word end; it is end itself where there is none.
func (p *parser) cityEnd(end int, state string) int {
	for i := max(0, end-5); i < end; i++ {
		if !p.commaWithin(i, end) && isPlace(p.words[i:end], state) {
			return i
		}
	}
	return end
}

func (p *parser) commaWithin(from, to int) bool {
	for i := from; i < to-1; i++ {
		if p.words[i].comma {
			return true
		}
	}
	return false
}

// isPlace reports whether words name a city, of that state where it is known.
func isPlace(words []token, state string) bool {
	found, ok := placeNamed(words)
	return ok && (state == "" || strings.Contains(found.states, " "+state+" "))
}

// placeNamed also knows cities by their short forms, and as one word or two.
func placeNamed(words []token) (found place, ok bool) {
	name := text(words)
	if found, ok = places()[name]; ok {
		return found, true
	}
	first, rest, more := strings.Cut(strings.ReplaceAll(name, "-", " "), " ")
	if long := placeWords[first]; long != "" && more {
		first = long
	}
	if first == "mc" || first == "la" || first == "de" {
		if found, ok = places()[first+rest]; ok {
			return found, true
		}
	}
	if !more {
		return place{}, false
	}
	for _, w := range strings.Fields(rest) {
		if long := cityWords[w]; long != "" {
			rest = strings.ReplaceAll(rest, w, long)
		}
	}
	found, ok = places()[first+" "+rest]
	return found, ok
}

// cityWords are later words of cities in their short forms.
var cityWords = map[string]string{
	"hts": "heights", "hgts": "heights", "spgs": "springs", "spg": "spring", "bch": "beach", "jct": "junction", "vlg": "village", "ctr": "center", "cty": "city", "twp": "township",
	"is": "island", "lk": "lake", "lks": "lakes", "pk": "park", "prk": "park", "gdns": "gardens", "gdn": "garden", "vly": "valley", "mdws": "meadows", "mtn": "mountain", "riv": "river", "fls": "falls",
	"grv": "grove", "hls": "hills", "hbr": "harbor", "pt": "point", "rpds": "rapids", "stn": "station", "ht": "heights", "cor": "corners",
}

// placeWords are the first words of cities in their short forms.
var placeWords = map[string]string{"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort", "pt": "port", "n": "north", "s": "south", "e": "east", "w": "west", "no": "north", "so": "south"}

// city takes the city off the end: the part behind the last comma, or the
// longest known city before which there are words of a street. It leaves the
// words alone where it is not sure.
func (p *parser) takeCity() {
	n := len(p.words)
	if n == 0 || !p.placed {
		return
	}
	segment := p.lastSegment()
	if segment > 0 && isPlace(p.words[segment:], p.a.State) && !p.streetOnly(segment) {
		p.cityFrom(segment)
		return
	}
	if p.a.State == "" && p.a.ZIP == "" {
		at := p.cityEnd(n, "")
		if at <= segment || at == n {
			return
		}
		if found, _ := placeNamed(p.words[at:]); p.suffixBefore(segment, at) || found.big && p.streetWords(at) && segment == 0 && houseNumber.MatchString(p.word(0)) {
			p.cityFrom(at)
		}
		return
	}
	if p.cityEnd(n, p.a.State) == n {
		if at := p.cityNear(n); at < n && at > segment && p.streetWords(at) {
			p.cityFrom(at)
		}
		return
	}
	for at := p.cityEnd(n, p.a.State); at < n; at++ {
		if at >= segment && isPlace(p.words[at:], p.a.State) && (at == 0 || at > segment && p.streetWords(at) || at == segment) {
			p.cityFrom(p.cityStart(at, segment))
			return
		}
	}
}

// cityStart gives a direction before the city at word i to the street or to the
// city: "Dr S E Grand Rapids" ends with one of two words; behind a comma, "N
// Hanover" is a city where the street has a name ("Hwy 31, W White House").
func (p *parser) cityStart(i, segment int) int {
	_, two := p.directionAt(i - 1)
	switch {
	case two == 2 && isPlace(p.words[i+1:], p.a.State):
		return i + 1
	case segment > 0 && i == segment+1 && directions[p.word(segment)] != "" && (len(p.word(segment)) > 2 || len(p.word(segment)) == 1 && !hasDigit(p.word(segment-1))):
		return segment
	}
	return i
}

// cityNear finds the city of the state that is one slip of the fingers from the
// words before word end: "Philadelpia PA".
func (p *parser) cityNear(end int) int {
	if p.a.State == "" {
		return end
	}
	for i := max(0, end-3); i < end; i++ {
		name := text(p.words[i:end])
		if len(name) < 6 || p.commaWithin(i, end) || hasDigit(name) {
			continue
		}
		for _, known := range placesOf()[p.a.State+name[:1]] {
			if oneSlip(name, known) {
				return i
			}
		}
	}
	return end
}

// placesOf gives the cities of a state that begin with a letter: "pap" those
// with p in Pennsylvania.
var placesOf = sync.OnceValue(func() map[string][]string {
	m := make(map[string][]string)
	for name, place := range places() {
		for _, state := range strings.Fields(place.states) {
			m[state+name[:1]] = append(m[state+name[:1]], name)
		}
	}
	return m
})

func (p *parser) lastSegment() int {
	for i := len(p.words) - 2; i >= 0; i-- {
		if p.words[i].comma {
			return i + 1
		}
	}
	return 0
}

// streetOnly reports whether nothing before word i could be the street.
func (p *parser) streetOnly(i int) bool {
	return i == 1 && digits(p.word(0))
}

func (p *parser) cityFrom(at int) {
	p.a.City, p.words, p.placed = text(p.words[at:]), p.words[:at], false
	if at > 0 {
		p.words[at-1].comma = true
	}
}

func (p *parser) suffixBefore(from, to int) bool {
	for i := from + 1; i < to; i++ {
		if strong[streetSuffixes[p.word(i)]] && i > 1 {
			return true
		}
	}
	return false
}

// streetWords reports whether the words before i hold more than a number and a
// direction.
func (p *parser) streetWords(i int) bool {
	at := 0
	if houseNumber.MatchString(p.word(0)) {
		at = 1
	}
	for ; at < i; at++ {
		if directions[p.word(at)] == "" && (streetSuffixes[p.word(at)] == "" || at > 1) {
			return true
		}
	}
	return false
}

// city takes what is left, or what is behind the last comma of it.
func (p *parser) city() {
	if !p.placed || p.at >= len(p.words) {
		return
	}
	from := p.at
	for i := len(p.words) - 2; i >= p.at; i-- {
		if p.words[i].comma {
			from = i + 1
			break
		}
	}
	if w := p.word(from); from > 0 && from+1 < len(p.words) && p.a.Number != "" && looseUnit.MatchString(w) {
		p.a.Unit = join(p.a.Unit, unitNumber(w)) // "Suite 2 3665 Valley Cottage"
		from++
	}
	for i := len(p.words) - 2; i >= from; i-- {
		if recipients[p.word(i)] {
			p.name(p.words[from:i+1], true) // "Reference Division Miramar"
			from = i + 1
		}
	}
	city := p.words[from:]
	if last := city[len(city)-1].text; p.a.State+p.a.ZIP == "" && from > 0 && len(city) > 1 && (directions[last] != "" || buildings[last]) && !isPlace(city, "") {
		return // the name of a building
	}
	if len(city) > 1 && p.a.State != "" && states[city[0].text] == p.a.State && len(city[0].text) == 2 {
		city = city[1:] // "Arleta, CA. Arleta CA 91331"
	}
	p.a.City = text(city)
	p.words = p.words[:from]
}
