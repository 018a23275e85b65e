package match

import "strings"

// buildings are words of the names of buildings and landmarks; recipients are
// words of the names of those who live or work there.
var (
	buildings = set("airport apartments apts arena bank bldg building campus castle center centre church clinic college condominium condominiums condos ctr dorm flats " +
		"galleria hall harbor hospital hotel house inn landing library lofts mall manor marina market motel museum office park pavilion plaza plz residences school square stadium station " +
		"suites terminal tower towers townhomes twr university village villas")
	recipients = set("account acct administration agency assoc associates assn association attention attn attorney atty bureau c/o client clo co committee company corp corporate corporation cust customer department dept " +
		"director div invoice ref re division finance foundation fund group incorporated inc insurance investments llc llp lp ltd manager md mr mrs ms pac partners program realty recipient research section service services trust")
	apart = set("rear front coach cottage garage carriage guest basement upstairs downstairs upper lower main attic loft barn studio")
)

// cutAttention takes "attn ..." and "c/o ..." out of the words, up to the next
// comma.
func (p *parser) cutAttention() {
	for i := range p.words {
		if !p.attentionAt(i) {
			continue
		}
		end := p.segmentEnd(i)
		if i == 0 && !hasDigit(text(p.words)) && p.a.City == "" {
			p.a.Recipient, p.words = text(p.words), nil
			return
		}
		if n := p.houseNumber(i + 1); i == 0 && (end == len(p.words) || n > 0 && n < end && p.houseNumber(end) < 0) {
			return // the number tells where the name ends
		}
		p.a.Recipient = join(p.a.Recipient, text(p.words[i:end]))
		p.cut(i, end)
		return
	}
}

// attentionAt reports whether word i says that a name follows.
func (p *parser) attentionAt(i int) bool {
	switch p.word(i) {
	case "attn", "c/o", "attention":
		return true
	case "care":
		return p.word(i+1) == "of"
	case "att":
		return i == 0 || p.words[i-1].comma
	}
	return false
}

// names reads the words before word end, which are no street: units, and what
// is the name of a building or of people.
func (p *parser) names(end int) {
	var name []token
	for p.at < end {
		if n := p.unitAt(p.at); n > 0 && p.at+n <= end {
			p.name(name, true)
			name = nil
			p.unit()
			continue
		}
		name = append(name, p.words[p.at])
		if p.words[p.at].comma {
			p.name(name, true)
			name = nil
		}
		p.at++
	}
	p.name(name, true)
}

// name keeps the name of a building or of people.
func (p *parser) name(name []token, before bool) {
	if len(name) == 0 {
		return
	}
	switch {
	case len(name) == 1 && sure[unitTypes[name[0].text]]:
		return // "Suite", without its number
	case p.placeAgain(name):
		return // "Barstow, CA. Barstow CA 92311"
	case before && p.a.City == "" && p.a.State != "" && isPlace(name, p.a.State):
		p.a.City, p.placed = text(name), false // "Lancaster 2010 W Ave K CA 93536"
		return
	case numberAlone(name):
		p.a.Unit = join(p.a.Unit, text(name)) // "SCB 223"
		return
	}
	building := !before
	for i, t := range name {
		switch {
		case recipients[t.text]:
			p.a.Recipient = join(p.a.Recipient, text(name))
			return
		case buildings[t.text], before && i > 0 && i == len(name)-1 && streetSuffixes[t.text] != "":
			building = true
		}
	}
	if building {
		p.a.Building = join(p.a.Building, text(name))
		return
	}
	p.a.Recipient = join(p.a.Recipient, text(name))
}

// placeAgain reports whether words say the city or the state once more.
func (p *parser) placeAgain(words []token) bool {
	name := text(words)
	if p.a.City != "" && (name == p.a.City || name == p.a.City+" "+p.a.State) {
		return true
	}
	return p.a.State != "" && stateNamed(words) == p.a.State
}

// numberAlone reports whether words are a number, or one behind a short code.
func numberAlone(words []token) bool {
	switch len(words) {
	case 1:
		return digits(words[0].text)
	case 2:
		return digits(words[1].text) && len(words[0].text) <= 4 && !recipients[words[0].text]
	}
	return false
}

// landmark reads "1000 Nationsbank Center", which is no street where no place
// follows.
func (p *parser) landmark() bool {
	n := len(p.words)
	if !p.placed || n < 3 || p.a.State+p.a.ZIP+p.a.City+p.a.Box != "" || !landmarks[p.word(n-1)] {
		return false
	}
	if p.segmentEnd(0) < n || p.suffixBefore(0, n) || p.houseNumber(1) > 0 {
		return false
	}
	p.a.Building = text(p.words)
	return true
}

var landmarks = set("tower towers bldg building center")

// spare reads the words from here to word end, which stand behind the street: a
// unit in words of its own ("rear cottage"), a code, or a name.
func (p *parser) spare(end int) {
	rest := p.words[min(p.at, end):end]
	p.at = max(p.at, end)
	if len(rest) == 0 {
		return
	}
	if d := directions[rest[0].text]; d != "" && len(rest) == 1 && p.a.StreetLine() != "" {
		p.looseDirection(rest[0].text)
		return
	}
	if p.spareUnit(rest) {
		p.a.Unit = join(p.a.Unit, unitNumber(strings.TrimPrefix(text(rest), "# ")))
		return
	}
	p.name(rest, false)
}

// spareUnit reports whether words behind the street are a unit: "rear cottage",
// "conference room", "AF 1025", "B".
func (p *parser) spareUnit(words []token) bool {
	first, last := words[0].text, words[len(words)-1].text
	switch {
	case apart[first], last == "room", coded(words), len(words) == 1 && len(first) <= 2:
		return true
	}
	return p.a.City != "" && len(words) <= 2 && hasDigit(text(words))
}

// looseDirection gives a direction that stands alone before the city to the
// street, or to the city where the street has one: "St SE E Grand Rapids".
func (p *parser) looseDirection(w string) {
	switch {
	case p.a.PostDir == "" && p.a.Unit == "" && (p.a.PreDir == "" || len(w) <= 2) || p.a.City == "":
		p.a.PostDir = directions[w]
	default:
		p.a.City = w + " " + p.a.City
	}
}
