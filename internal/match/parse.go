package match

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// ParseAddress reads an address written in one line. It never fails: what it
// cannot place is left out, and an address without a number and a place has no
// Key.
func ParseAddress(line string) Address {
	p := parser{words: tokens(line), placed: true}
	return p.parse()
}

// NewAddress builds an address from the fields of a form. Street may hold the
// unit; unit is the second line, which is read as "#4" where it is only "4".
func NewAddress(street, unit, city, state, zip string) Address {
	p := parser{words: tokens(street)}
	a := p.parse()
	if unit = strings.TrimSpace(unit); unit != "" {
		second := parser{words: tokens("," + unit)}
		if second.unit(); len(second.words) > 0 && second.at == 0 && len(second.words) <= 2 {
			second = parser{words: tokens("# " + unit)}
			second.unit()
		}
		a.Unit = join(a.Unit, second.a.Unit)
	}
	a.City = placeName(tokens(city))
	a.State = states[words(state)]
	if m := zipCode.FindStringSubmatch(strings.TrimSpace(zip)); m != nil {
		a.ZIP = m[1]
	}
	return a
}

// A token is a word in lower case, and whether a comma follows it.
type token struct {
	text  string
	comma bool
}

var cleaner = strings.NewReplacer(".", "", "'", "", "’", "", "\"", " ", "(", " ", ")", " ", ";", ",", ":", " ",
	"\t", " ", "\n", ",", "\r", " ", "|", " ", "#", " # ", "&", " & ", "⁄", "/", "½", " 1/2")

// longest is more than any address needs; what is beyond is not read, since
// some of what follows looks ahead from every word.
const longest = 400

func tokens(line string) []token {
	if len(line) > longest {
		line = line[:longest]
	}
	line = strings.ToLower(strings.ToValidUTF8(line, ""))
	if !ascii(line) {
		line = norm.NFC.String(strings.Map(dropMarks, norm.NFD.String(line)))
	}
	line = strings.ReplaceAll(cleaner.Replace(line), ",", " , ")
	var out []token
	for w := range strings.FieldsSeq(line) {
		switch {
		case w != ",":
			out = append(out, token{text: w})
		case len(out) > 0:
			out[len(out)-1].comma = true
		}
	}
	return numbered(out)
}

// numbered writes "No. 4" as "# 4" and "Highway No. 4" as "Highway 4".
func numbered(in []token) []token {
	out := in[:0]
	for i, t := range in {
		hasNumber := i+1 < len(in) && strings.ContainsAny(in[i+1].text, "0123456789")
		if (t.text == "no" || t.text == "number" || t.text == "#") && hasNumber {
			if n := len(out); n > 0 && roads[out[n-1].text] && !out[n-1].comma {
				continue
			}
			t.text = "#"
		}
		out = append(out, t)
	}
	return out
}

var roads = set("highway hwy route rte rt interstate")

func dropMarks(r rune) rune {
	if r >= 0x300 && r <= 0x36f {
		return -1
	}
	return r
}

// A parser takes the parts of an address off both ends of its words: place
// from the right, number from the left; street and unit are what is between.
type parser struct {
	words  []token
	at     int  // what is before it has been read
	placed bool // a city, state and ZIP may follow the street
	a      Address
}

func (p *parser) parse() Address {
	if p.placed {
		p.tail()
	}
	p.unit() // "#42 233 S Wacker Dr", "Suite 200, 1360 Peachtree St"
	p.number()
	if p.a.Number == "" && p.word(0) == "#" && p.houseNumber() < 0 && p.at < len(p.words) {
		p.a.Number, p.a.Unit = p.a.Unit, "" // "# 2 Turner Rd"
	}
	switch {
	case p.a.Number == "" && p.box():
	case p.a.Number == "" && p.skipTo(p.houseNumber()):
		p.number()
		p.street()
	default:
		p.street()
	}
	p.laterUnit()
	p.city()
	return p.a
}

func (p *parser) word(i int) string {
	if i < 0 || i >= len(p.words) {
		return ""
	}
	return p.words[i].text
}

// laterUnit passes over the name of a building before the unit.
func (p *parser) laterUnit() {
	if w := p.word(p.at); p.at+1 < len(p.words) && p.words[p.at].comma && looseUnit.MatchString(w) && p.a.Unit == "" {
		p.a.Unit = unitNumber(w) // "227 W Monroe St, 3500, Chicago"
		p.at++
	}
	for i := p.at; i < len(p.words); i++ {
		if p.unitAt(i) > 0 {
			p.at = i
			p.unit()
			return
		}
	}
}

// ends reports whether the address breaks off after word i: by a comma, a unit
// or its end.
func (p *parser) ends(i int) bool {
	return i+1 >= len(p.words) || p.words[i].comma || p.unitAt(i+1) > 0
}

var zipCode = regexp.MustCompile(`^(\d{5})(?:-?\d{4})?$`)

// tail takes country, ZIP and state off the end.
func (p *parser) tail() {
	for _, country := range []string{"united states of america", "united states", "usa", "us"} {
		if p.cutTail(country) {
			break
		}
	}
	n := len(p.words)
	if n > 2 && len(p.word(n-1)) == 4 && digits(p.word(n-1)) && len(p.word(n-2)) == 5 && digits(p.word(n-2)) {
		n-- // "60606 6306"
	}
	switch m := zipCode.FindStringSubmatch(p.word(n - 1)); {
	case m != nil && n > 1 && (p.words[n-2].comma || !lead[p.word(n-2)]):
		p.a.ZIP, p.words = m[1], p.words[:n-1]
	case n > 2 && len(p.word(n-1)) == 4 && digits(p.word(n-1)) && states[p.word(n-2)] != "":
		p.a.ZIP, p.words = "0"+p.word(n-1), p.words[:n-1] // a spreadsheet ate the zero
	}
	for size := 3; size > 0; size-- {
		start := len(p.words) - size
		if start < 0 || start == 0 && p.a.ZIP == "" {
			continue
		}
		if state := states[text(p.words[start:])]; state != "" && p.stateAt(start) {
			p.a.State, p.words = state, p.words[:start]
			return
		}
	}
}

// lead are words after which a number is no ZIP.
var lead = set("box # apt unit ste suite highway hwy route rte road rd pob")

func (p *parser) cutTail(tail string) bool {
	n := len(strings.Fields(tail))
	if len(p.words) > n+1 && text(p.words[len(p.words)-n:]) == tail {
		p.words = p.words[:len(p.words)-n]
		return true
	}
	return false
}

// stateAt tells Connecticut from Court, and Washington from its street: without
// a ZIP such a word is the state after a comma or after a street that is whole.
func (p *parser) stateAt(start int) bool {
	w, before := p.word(start), p.word(start-1)
	if p.a.ZIP == "" && (w == "ne" && streetSuffixes[before] != "" || w == "fl" && floorCount.MatchString(before)) {
		return false // "Peachtree Street, NE", "27th Fl"
	}
	if p.a.ZIP != "" || start > 0 && p.words[start-1].comma || len(w) == 2 && streetSuffixes[w] == "" {
		return true
	}
	for i := 2; i < start-1; i++ {
		if strong[streetSuffixes[p.word(i)]] {
			return true
		}
	}
	return false
}

var houseNumber = regexp.MustCompile(`^(\d+[a-z]?(-\d*[a-z]?)?|[a-z]\d+|[nsew]\d+[nsew]\d+|\d+[nsew]\d+)$`)

var numberWords = map[string]string{"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10"}

// number takes "12", "12 1/2", "12 B", "12-14", "N95W18855", "One".
func (p *parser) number() {
	w := p.word(p.at)
	if n := numberWords[w]; n != "" && p.at+2 < len(p.words) {
		if p.skipTo(p.houseNumber()) { // "One Midtown Plaza 1360 Peachtree Street"
			n = p.word(p.at)
		}
		w = n
	}
	if m := gluedDirection.FindStringSubmatch(w); m != nil && p.at+1 < len(p.words) {
		p.a.Number, p.a.PreDir = m[1], m[2] // "48S 400E", "523W 6th St"
		p.at++
		return
	}
	if !houseNumber.MatchString(w) || p.at+1 >= len(p.words) {
		return
	}
	p.a.Number = w
	p.at++
	if next := p.word(p.at); fraction.MatchString(next) || p.letterOfNumber() {
		p.a.Number += " " + next
		p.at++
	}
	p.unit() // "6910 # G Mary Caroline Circle"
}

var (
	fraction       = regexp.MustCompile(`^\d/\d$`)
	gluedDirection = regexp.MustCompile(`^(\d+)([nsew]|ne|nw|se|sw)$`)
)

// letterOfNumber tells "214 B South Boulevard" from "107 A Street".
func (p *parser) letterOfNumber() bool {
	w, next := p.word(p.at), p.word(p.at+1)
	return len(w) == 1 && w[0] >= 'a' && w[0] <= 'z' && directions[w] == "" && len(next) > 1 &&
		!p.words[p.at].comma && streetSuffixes[next] == "" && w != "i" && !(w == "c" && next == "r")
}

// houseNumber finds the number behind a recipient or the name of a building:
// the first number that a street with a suffix follows.
func (p *parser) houseNumber() int {
	for i := p.at + 1; i < len(p.words); i++ {
		if !houseNumber.MatchString(p.word(i)) || p.highwayAt(i-1) > 0 || lead[p.word(i-1)] || unitTypes[p.word(i-1)] != "" {
			continue
		}
		for j := i + 2; j < len(p.words) && j < i+6; j++ {
			if strong[streetSuffixes[p.word(j)]] {
				return i
			}
		}
	}
	return -1
}

func (p *parser) skipTo(i int) bool {
	if i > 0 {
		p.at = i
	}
	return i > 0
}

var (
	postBox   = regexp.MustCompile(`(?:^| )(?:(?:p ?o|post office) ?box|pob|caller|box|lockbox|drawer)(?: ?(?:no|#))* (\w+(?:-\w+)?)( |$)`)
	ruralBox  = regexp.MustCompile(`(?:^| )(r ?r|rural route|rural rte|rt|rte|route|hc|hcr|highway contract|star|star route|star rte)(?: (?:route|rte|rt))?(?: ?(?:no|#))? ?(\d+\w?) box(?: ?(?:no|#))* (\w+)( |$)`)
	ruralName = map[string]string{"hc": "hc", "hcr": "hc", "highway contract": "hc", "star": "hc", "star route": "hc", "star rte": "hc"}
)

// box takes a PO box or a box on a rural route.
func (p *parser) box() bool {
	line := text(p.words[p.at:])
	if m := ruralBox.FindStringSubmatchIndex(line); m != nil {
		route := ruralName[line[m[2]:m[3]]]
		if route == "" {
			route = "rr"
		}
		p.a.Street = route + " " + line[m[4]:m[5]] + " box " + line[m[6]:m[7]]
		p.at += len(strings.Fields(line[:m[7]]))
		return true
	}
	if m := postBox.FindStringSubmatchIndex(line); m != nil && strings.ContainsAny(line[m[2]:m[3]], "0123456789") {
		p.a.Street = "po box " + line[m[2]:m[3]]
		p.at += len(strings.Fields(line[:m[3]]))
		return true
	}
	return false
}

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
	if n := p.highwayAt(p.at); n > 0 {
		p.a.Street = p.highway(n)
		p.at += n
		p.postDirection()
		return
	}
	end, whole := p.streetEnd()
	if whole {
		p.wholeStreet(end)
	} else {
		p.streetBeforeCity()
	}
	if p.a.Suffix != "" && digits(p.a.Street) && p.a.PostDir == "" {
		p.a.Street = ordinal(p.a.Street)
	}
}

// preDirection takes a direction, unless it is itself the name: "200 West St",
// "641 S St".
func (p *parser) preDirection() {
	d, n := p.directionAt(p.at)
	next := streetSuffixes[p.word(p.at+n)]
	if n == 0 || p.at+n >= len(p.words) || p.words[p.at+n-1].comma || p.unitAt(p.at+n) > 0 ||
		strong[next] && streetSuffixes[p.word(p.at+n+1)] == "" && p.highwayAt(p.at+n) == 0 {
		return
	}
	p.a.PreDir = d
	p.at += n
}

// directionAt reads "N", "North", "NE" or "N E".
func (p *parser) directionAt(i int) (d string, n int) {
	first, second := directions[p.word(i)], directions[p.word(i+1)]
	if (first == "n" || first == "s") && len(p.word(i)) == 1 && len(p.word(i+1)) == 1 && (second == "e" || second == "w") && !p.words[i].comma {
		return first + second, 2
	}
	if first == "" {
		return "", 0
	}
	return first, 1
}

// postDirection takes a direction behind the street: at once, or abbreviated
// with two letters behind a comma ("M Street, NW"; but "William St, E. Orange").
func (p *parser) postDirection() {
	d, n := p.directionAt(p.at)
	if n == 0 || p.at > 0 && p.words[p.at-1].comma && (len(d) != 2 || len(p.word(p.at)) > 2) ||
		len(p.word(p.at)) > 2 && p.a.Suffix != "" && !p.words[p.at].comma && strings.Contains(cities[p.word(p.at)], " "+p.word(p.at+1)+" ") {
		return
	}
	p.a.PostDir = d
	p.at += n
}

// cities are the second words of cities whose first is a direction: a road
// may be followed by them, as by its own direction.
var cities = map[string]string{
	"north": " andover attleborough augusta aurora bay bergen canton charleston fort haven hollywood kingstown las lauderdale little miami myrtle olmsted palm platte port providence reading richland ridgeville royalton salt tonawanda ",
	"south": " bend boston burlington charleston elgin el euclid fulton gate holland houston jordan lake lyon milwaukee orange pasadena plainfield portland salt san sioux windsor ",
	"east":  " brunswick chicago cleveland haven hartford lansing meadow moline orange palo peoria point providence ridge rutherford saint st stroudsburg ",
	"west":  " allis bend bloomfield bloomington chester columbia covina des fargo hartford haven hollywood jordan lafayette linn long memphis mifflin monroe new nyack orange palm point sacramento salem seneca springfield st valley warwick ",
}

// highways are the words before a road's number, and how we write them.
var highways = []struct {
	words []string
	name  string
}{
	{[]string{"farm", "to", "market", "road"}, "fm"}, {[]string{"farm", "to", "market"}, "fm"}, {[]string{"fm", "road"}, "fm"}, {[]string{"fm"}, "fm"},
	{[]string{"us", "highway"}, "us hwy"}, {[]string{"us", "hwy"}, "us hwy"}, {[]string{"us", "route"}, "us hwy"}, {[]string{"us", "rte"}, "us hwy"},
	{[]string{"u", "s", "highway"}, "us hwy"}, {[]string{"us"}, "us hwy"},
	{[]string{"state", "road"}, "state hwy"}, {[]string{"state", "rd"}, "state hwy"}, {[]string{"state", "route"}, "state hwy"}, {[]string{"state", "rte"}, "state hwy"}, {[]string{"state", "rt"}, "state hwy"},
	{[]string{"state", "highway"}, "state hwy"}, {[]string{"state", "hwy"}, "state hwy"}, {[]string{"st", "rd"}, "state hwy"}, {[]string{"st", "rt"}, "state hwy"},
	{[]string{"st", "hwy"}, "state hwy"}, {[]string{"sr"}, "state hwy"}, {[]string{"s", "r"}, "state hwy"},
	{[]string{"county", "road"}, "county rd"}, {[]string{"county", "rd"}, "county rd"}, {[]string{"co", "rd"}, "county rd"}, {[]string{"cr"}, "county rd"}, {[]string{"c", "r"}, "county rd"},
	{[]string{"county", "trunk", "highway"}, "county hwy"}, {[]string{"county", "highway"}, "county hwy"}, {[]string{"county", "hwy"}, "county hwy"}, {[]string{"co", "hwy"}, "county hwy"}, {[]string{"county", "route"}, "county hwy"},
	{[]string{"city", "highway"}, "county hwy"}, {[]string{"township", "road"}, "twp rd"}, {[]string{"twp", "rd"}, "twp rd"},
	{[]string{"interstate"}, "i"}, {[]string{"i"}, "i"}, {[]string{"business"}, "bus"}, {[]string{"ranch", "road"}, "ranch rd"},
	{[]string{"private", "road"}, "private rd"}, {[]string{"country", "road"}, "county rd"}, {[]string{"spur"}, "spur"},
	{[]string{"highway"}, "hwy"}, {[]string{"hwy"}, "hwy"}, {[]string{"route"}, "rte"}, {[]string{"rte"}, "rte"}, {[]string{"rt"}, "rte"}, {[]string{"loop"}, "loop"},
	{[]string{"avenue"}, "ave"}, {[]string{"ave"}, "ave"},
}

var (
	roadNumber = regexp.MustCompile(`^\d+[a-z]?$`)
	roadLetter = regexp.MustCompile(`^[a-z]{1,2}$`)
	interstate = regexp.MustCompile(`^i-?\d+$`)
)

// highwayAt says how many words from i on name a numbered road, or 0: "US
// Highway 22", "County Road VV", "I-35", "Avenue H".
func (p *parser) highwayAt(i int) int {
	if interstate.MatchString(p.word(i)) {
		return 1
	}
	for _, h := range highways {
		n := len(h.words)
		if i+n >= len(p.words) || text(p.words[i:i+n]) != strings.Join(h.words, " ") {
			continue
		}
		number := p.word(i + n)
		switch {
		case roadNumber.MatchString(number) && h.name != "ave":
			return n + 1
		case (h.name == "ave" || strings.HasPrefix(h.name, "county")) && roadLetter.MatchString(number) &&
			streetSuffixes[number] == "" && unitTypes[number] == "" && (directions[number] == "" || p.ends(i+n)) && (h.name != "ave" || len(number) == 1):
			return n + 1
		}
	}
	if (p.word(i) == "old" || states[p.word(i)] != "") && roads[p.word(i+1)] || p.word(i) == "old" {
		if n := p.highwayAt(i + 1); n > 0 && !p.words[i].comma {
			return n + 1 // "Old US Highway 90", "Illinois Route 31"
		}
	}
	if len(p.word(i)) >= 2 && states[p.word(i)] != "" && roadNumber.MatchString(p.word(i+1)) && p.ends(i+1) && !p.words[i].comma {
		return 2 // "California 10", "IA 42"
	}
	return 0
}

func (p *parser) highway(n int) string {
	if interstate.MatchString(p.word(p.at)) {
		return "i " + strings.Trim(p.word(p.at), "i-")
	}
	number := p.word(p.at + n - 1)
	prefix := text(p.words[p.at : p.at+n-1])
	if old, ok := strings.CutPrefix(prefix, "old "); ok {
		p.at++
		defer func() { p.at-- }()
		return "old " + p.highway(len(strings.Fields(old))+1)
	}
	for _, h := range highways {
		if prefix == strings.Join(h.words, " ") {
			return h.name + " " + number
		}
	}
	return "state hwy " + number
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
	q.at, q.a = i, Address{}
	q.postDirection()
	q.unit()
	return q.at < len(q.words)
}

// wholeStreet reads words that hold no city: the last suffix counts.
func (p *parser) wholeStreet(end int) {
	stop, name := end, p.words[p.at:end]
	if n := len(name); n >= 2 && looseUnit.MatchString(name[n-1].text) && (n >= 3 || !ordinalNumber.MatchString(name[n-1].text)) {
		if p.afterStreet(stop - 1) {
			p.a.Unit = unitNumber(name[n-1].text)
			stop--
		}
	}
	at := stop - 1
	for at > p.at && streetSuffixes[p.word(at)] == "" {
		at--
	}
	if at <= p.at || stop-at > 3 || !p.onlyDirection(at+1, stop) {
		at = -1
	}
	if at < 0 && p.strongWithin(stop) {
		p.streetBeforeCity()
		p.leftOver(end)
		return
	}
	if at < 0 { // no suffix: "Lincoln Park West", "N. Rutherford"
		if d, n := p.directionAt(stop - 1); n == 1 && stop-1 > p.at {
			p.a.PostDir = d
			p.a.Street = streetName(p.words[p.at : stop-1])
			p.at = end
			p.suffixOfName()
			return
		}
		p.a.Street = streetName(p.words[p.at:stop])
		p.at = end
		return
	}
	p.take(at)
	p.postDirection()
	p.at = max(p.at, end)
}

func (p *parser) strongWithin(stop int) bool {
	for i := p.at + 1; i < stop; i++ {
		if strong[streetSuffixes[p.word(i)]] {
			return true
		}
	}
	return false
}

// leftOver reads what stands between a street and a comma or the end: a unit in
// words of its own ("rear cottage") where the city is apart, else the city.
func (p *parser) leftOver(end int) {
	rest := p.words[min(p.at, end):end]
	if len(rest) == 1 && looseUnit.MatchString(rest[0].text) || len(rest) > 0 && (!p.placed || p.cityBehind(end)) {
		p.a.Unit = join(unitNumber(text(rest)), p.a.Unit)
		p.at = end
	}
}

var (
	looseUnit     = regexp.MustCompile(`^(\d+-?[a-z]{0,2}|[a-z]-?\d+[a-z]?)$`)
	ordinalNumber = regexp.MustCompile(`^\d+(st|nd|rd|th)$`)
)

// afterStreet reports whether the words before i already make a street, so
// that a number at i is a unit: "1020 W Bryn Mawr 211".
func (p *parser) afterStreet(i int) bool {
	prev := p.word(i - 1)
	return !lead[prev] && p.highwayAt(i-1) == 0 && (i-p.at >= 2 || streetSuffixes[prev] != "" || directions[prev] != "" || i-p.at == 1 && p.a.PreDir != "" && !digits(prev))
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
	for i := p.at + 1; i < len(p.words); i++ {
		if !strong[streetSuffixes[p.word(i)]] || p.saintAt(i) {
			continue
		}
		for {
			if _, n := p.directionAt(i + 1); n > 0 && p.suffixAt(i+1+n) && !p.words[i].comma {
				i += 1 + n // "Park Circle East Rd"
			} else if p.suffixAt(i+1) && !p.words[i].comma {
				i++
			} else {
				break
			}
		}
		p.take(i)
		p.postDirection()
		if w := p.word(p.at); looseUnit.MatchString(w) && !ordinalNumber.MatchString(w) && !p.words[p.at-1].comma {
			p.a.Unit = unitNumber(w)
			p.at++
		}
		return
	}
	for i := p.at + 1; i < len(p.words); i++ {
		if d, n := p.directionAt(i); n > 0 && len(p.word(i)) <= 2 && d != "" {
			p.a.Street = streetName(p.words[p.at:i])
			p.at = i
			p.postDirection()
			return
		}
	}
	for i := p.at + 1; i < len(p.words)-1; i++ {
		if streetSuffixes[p.word(i)] != "" && !p.saintAt(i) && !startsCity[p.word(i)] {
			p.take(i)
			p.postDirection()
			return
		}
	}
	if p.a.Number == "" && p.a.PreDir == "" {
		return // a place without a street
	}
	end := p.at + 1
	for end+1 < len(p.words) && (joins[p.word(end)] || joins[p.word(end-1)]) {
		end++ // "Via de Ventura", "The Prado"
	}
	p.a.Street = streetName(p.words[p.at:end])
	p.at = end
}

var (
	joins      = set("de del la las los el of the")
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

var saints = set("albans augustine charles clair cloud francis george helena helens johns joseph louis marys paul peters petersburg simons")

// streetName writes numbers and titles in one way.
func streetName(name []token) string {
	out := make([]string, len(name))
	for i, t := range name {
		out[i] = t.text
		if s := nameForms[t.text]; s != "" {
			out[i] = s
		} else if s := streetSuffixes[t.text]; strong[s] && i > 0 {
			out[i] = s
		}
	}
	return strings.Join(out, " ")
}

var nameForms = map[string]string{
	"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th",
	"seventh": "7th", "eighth": "8th", "ninth": "9th", "tenth": "10th", "eleventh": "11th", "twelfth": "12th",
	"saint": "st", "mount": "mt", "fort": "ft", "doctor": "dr", "junior": "jr",
}

func ordinal(number string) string {
	n := len(number)
	teen := n > 1 && number[n-2] == '1'
	switch last := number[n-1]; {
	case last == '1' && !teen:
		return number + "st"
	case last == '2' && !teen:
		return number + "nd"
	case last == '3' && !teen:
		return number + "rd"
	}
	return number + "th"
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// city takes what is left, or what is behind the last comma of it.
func (p *parser) city() {
	if !p.placed || p.at >= len(p.words) {
		return
	}
	rest := p.words[p.at:]
	for i := len(rest) - 2; i >= 0; i-- {
		if rest[i].comma {
			rest = rest[i+1:]
			break
		}
	}
	p.a.City = placeName(rest)
}

func placeName(name []token) string {
	out := make([]string, len(name))
	for i, t := range name {
		out[i] = t.text
		switch t.text {
		case "saint", "mount", "fort":
			out[i] = nameForms[t.text]
		}
	}
	return strings.Join(out, " ")
}

func text(ts []token) string {
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = t.text
	}
	return strings.Join(out, " ")
}
