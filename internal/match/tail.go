package match

import (
	"regexp"
	"slices"
	"strings"
)

var (
	zipCode   = regexp.MustCompile(`^(\d{5})(?:-?(?:\d{4})?)$`)
	brokenZIP = regexp.MustCompile(`^\d{5}-?\d{1,5}$`) // "33408-371"
)

// tail takes country, postal code and state off the end.
func (p *parser) tail() {
	p.cutBehindZIP()
	p.country()
	if p.abroad() {
		return
	}
	if p.zip(); p.a.ZIP != "" && p.a.Country == "" {
		p.country() // "Nevada USA 89501"
	}
	p.state()
}

func (p *parser) country() {
	for cut := true; cut; {
		cut = false
		for _, country := range countries {
			if p.cutTail(country.name) {
				p.a.Country, cut = country.code, true
			}
		}
	}
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
		if isCountry(text(rest)) || fourDigits.MatchString(text(rest)) {
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

func isCountry(name string) bool {
	return slices.ContainsFunc(countries, func(c struct{ name, code string }) bool { return c.name == name })
}

// sameZIP reports whether the last word is this ZIP code again.
func (p *parser) sameZIP(zip string) bool {
	last := p.word(len(p.words) - 1)
	return strings.HasPrefix(last, zip) || "0"+last == zip
}

// cutTail takes the name of a country off the end, unless it may be a word of
// the address: "12 US".
func (p *parser) cutTail(tail string) bool {
	first := len(p.words) - len(strings.Fields(tail))
	if first < 0 || text(p.words[first:]) != tail || !p.countryAt(first, tail) {
		return false
	}
	p.words = p.words[:first]
	return true
}

// countryAt reports whether the country that begins with word i is no word of
// the street before it.
func (p *parser) countryAt(i int, country string) bool {
	if i == 0 {
		return country != "us"
	}
	before := p.word(i - 1)
	if p.words[i-1].comma || states[before] != "" {
		return true
	}
	return i >= 2 && (country != "us" || hasDigit(before) || p.a.Country != "")
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
var lead = set("file dept bin drawer lockbox msc acct box # apt unit ste suite highway hwy route rte road rd pob")

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
	if len(words) == 2 && len(words[0].text) == 1 && len(words[1].text) == 1 && !words[0].comma && directions[words[0].text] == "" {
		return states[words[0].text+words[1].text]
	}
	return ""
}

// stateBeforeCity reads "CA Long Beach 90807", with a city that is known or
// behind a unit.
func (p *parser) stateBeforeCity() {
	for i := len(p.words) - 2; i > 1 && i > len(p.words)-6; i-- {
		if state := p.shortState(i); state != "" && (isPlace(p.words[i+1:], state) || hasDigit(p.word(i-1)) && p.highwayAt(i-2) == 0) {
			p.a.State, p.a.City, p.words = state, text(p.words[i+1:]), p.words[:i]
			p.placed = false
			return
		}
	}
}

// shortState reads word i as the two letters of a state that can be nothing else.
func (p *parser) shortState(i int) string {
	w := p.word(i)
	if len(w) != 2 || streetSuffixes[w] != "" || directions[w] != "" || p.floorAt(i) {
		return ""
	}
	return states[w]
}

// floorAt tells "27th Fl" and "2 Fl" from Florida.
func (p *parser) floorAt(i int) bool {
	before := p.word(i - 1)
	return p.word(i) == "fl" && (floorCount.MatchString(before) || digits(before) && len(before) <= 2 || ordinals[before] != "")
}

// stateAt tells Connecticut from Court, and Washington from its street: without
// a ZIP such a word is the state after a comma, after a city of that state, or
// after a street that is whole.
func (p *parser) stateAt(start int, state string) bool {
	w, before := p.word(start), p.word(start-1)
	if p.a.ZIP == "" && (w == "ne" && streetSuffixes[before] != "" || p.floorAt(start)) {
		return false // "Peachtree Street, NE", "27th Fl"
	}
	cityBefore := p.cityEnd(start, state) < start
	switch found, _ := placeNamed(p.words[start:]); {
	case cityBefore:
	case found.big && len(w) > 2 && p.streetBefore(start):
		return false // "1585 Broadway St, New York"
	case recipients[w] && p.a.ZIP == "" && !hasDigit(text(p.words[:start])):
		return false // "United Management Co"
	}
	if p.a.ZIP != "" || start > 0 && p.words[start-1].comma || len(w) == 2 && streetSuffixes[w] == "" && (directions[w] == "" || cityBefore) {
		return true
	}
	if start == 0 {
		return true
	}
	if at := p.cityEnd(start, state); at < start && at > 1 && p.streetWords(at) {
		return true
	}
	return p.suffixBefore(1, start-1)
}

// streetBefore reports whether a street or a unit ends before word i, so that a
// city follows.
func (p *parser) streetBefore(i int) bool {
	if i < 2 {
		return false
	}
	before := p.word(i - 1)
	switch {
	case streetSuffixes[before] != "", directions[before] != "", hasDigit(before), unitTypes[before] != "", unitTypes[p.word(i-2)] != "":
		return true
	case p.words[i-1].comma:
		return hasDigit(text(p.words[p.segmentBefore(i):i]))
	}
	return p.nameAlone(i)
}

// nameAlone reports whether only a number, a direction and one word stand before
// word i: "10 W Elm".
func (p *parser) nameAlone(i int) bool {
	first := 1
	if directions[p.word(first)] != "" {
		first++
	}
	return houseNumber.MatchString(p.word(0)) && first == i-1
}
