package match

import "cmp"

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
	p.parse()
	second := secondLine(unit)
	if second.Unit != p.a.Unit {
		p.addUnit(second.Unit)
	}
	p.a.Building = cmp.Or(p.a.Building, second.Building)
	a := p.a
	a.City = text(tokens(city))
	tail := parser{words: tokens(join(state, zip))}
	tail.a.Country = a.Country
	tail.tail()
	a.State, a.ZIP, a.Country = tail.a.State, tail.a.ZIP, tail.a.Country
	if name := words(state); a.State == "" || states[name] != "" && a.Country != "au" {
		a.State = cmp.Or(states[name], provinces[name], territories[name])
	}
	return a
}

// secondLine reads the second line of a form: "Apt 4", "4", "Maple Hall Apt 4".
func secondLine(line string) Address {
	p := parser{words: tokens(line)}
	p.unit()
	switch {
	case p.buildingNamed():
		p.names(len(p.words))
	case p.at == 0 && (len(p.words) == 1 || len(p.words) == 2):
		p = parser{words: tokens("# " + line)}
		p.unit()
	}
	return p.a
}

// buildingNamed reports whether what has not been read names a building.
func (p *parser) buildingNamed() bool {
	for i := p.at + 1; i < len(p.words); i++ {
		if oneOfSeveral[p.word(i)] {
			return true
		}
	}
	return false
}

// A parser takes the parts of an address off both ends of its words: place
// from the right, number from the left; street and unit are what is between.
type parser struct {
	words  []token
	at     int  // what is before it has been read
	placed bool // a city may still follow the street
	a      Address
}

func (p *parser) parse() Address {
	if p.placed {
		p.tail()
		if p.a.State == "" && p.a.ZIP == "" {
			p.cutBox()
			p.cutAttention()
		}
		p.takeCity()
	}
	p.cutBox()
	p.cutAttention()
	p.cutRepeated()
	if p.landmark() {
		return p.a
	}
	if p.corner() {
		return p.a
	}
	p.unit() // "#42 233 S Wacker Dr", "Suite 200, 1360 Peachtree St"
	if i := p.laterNumber(); i > 0 && (numberWords[p.word(p.at)] != "" || houseNumber.MatchString(p.word(p.at))) {
		p.names(i)
	}
	p.number()
	if p.a.Number == "" && p.word(0) == "#" && p.houseNumber(p.at) < 0 && p.at < len(p.words) {
		p.a.Number, p.a.Unit = p.a.Unit, "" // "# 2 Turner Rd"
	}
	if p.a.Number == "" {
		if i := p.houseNumber(p.at + 1); i > 0 {
			p.names(i)
			p.number()
		}
	}
	if p.a.Number == "" {
		p.withoutNumber()
	} else {
		p.street()
	}
	p.behindStreet()
	return p.a
}

func (p *parser) word(i int) string {
	if i < 0 || i >= len(p.words) {
		return ""
	}
	return p.words[i].text
}

// segmentEnd is the word behind the comma that ends the part of word i.
func (p *parser) segmentEnd(i int) int {
	for ; i < len(p.words); i++ {
		if p.words[i].comma {
			return i + 1
		}
	}
	return len(p.words)
}

// ends reports whether the address breaks off after word i: by a comma, a unit
// or its end.
func (p *parser) ends(i int) bool {
	return i+1 >= len(p.words) || p.words[i].comma || p.unitAt(i+1) > 0
}

// withoutNumber reads a street, a landmark, a recipient or only a city.
func (p *parser) withoutNumber() {
	for p.at < len(p.words) {
		end := p.segmentEnd(p.at)
		switch {
		case p.placed && end == len(p.words) && p.onlyCity():
			return
		case p.streetLike(p.at, end):
			p.street()
			return
		case p.placed && end == len(p.words) && (p.a.State != "" || p.a.ZIP != "" || isPlace(p.words[p.at:], "")):
			return // a city
		case p.a.Box == "" && end-p.at == 1 && !buildings[p.word(p.at)] && !recipients[p.word(p.at)] && p.at == 0:
			p.street()
			return
		}
		p.names(end)
	}
}

// onlyCity reports whether all that is left is a city of several words.
func (p *parser) onlyCity() bool {
	last := len(p.words) - 1
	return last > p.at && directions[p.word(p.at)] == "" && !strong[streetSuffixes[p.word(last)]] && isPlace(p.words[p.at:], p.a.State)
}

// streetLike reports whether the words of a part without a number name a
// street.
func (p *parser) streetLike(from, to int) bool {
	if p.highwayAt(from) > 0 || to-from > 1 && streetStarts[p.word(from)] {
		return true
	}
	if _, n := p.directionAt(from); n > 0 && to-from > n {
		return true
	}
	for i := from + 1; i < to; i++ {
		if strong[streetSuffixes[p.word(i)]] && !p.endsBuilding(i, to-1) {
			return true
		}
	}
	return p.ordinalAlone(from, to) || to-from > 1 && p.endsStreet(to-1)
}

// endsBuilding reports whether a suffix at word i belongs to the name of a
// building that ends with word last: "Ford Court Tower", or, before a city, "Lincoln
// Center Place".
func (p *parser) endsBuilding(i, last int) bool {
	w := p.word(last)
	return buildings[w] || i >= 2 && i == last && p.a.City != "" && (buildingEnds[w] || streetSuffixes[w] == "pl")
}

// ordinalAlone reports whether words begin with the number of a street: "5th
// Ave", "Fifth Avenue".
func (p *parser) ordinalAlone(from, to int) bool {
	return ordinalNumber.MatchString(p.word(from)) || ordinals[p.word(from)] != "" && to-from == 2
}

// endsStreet reports whether word i, a direction or a suffix, ends a street.
func (p *parser) endsStreet(i int) bool {
	w := p.word(i)
	return directions[w] != "" || streetSuffixes[w] != "" && !buildings[w] && p.a.City == "" && p.a.ZIP == ""
}

// streetStarts are words before the name of a street, as others stand behind.
var streetStarts = set("avenue ave avenida calle camino el paseo rue via")

// behindStreet reads what stands between street and city: units, and the names
// of buildings and people around them.
func (p *parser) behindStreet() {
	p.looseUnit()
	for i := p.at; i < len(p.words); i++ {
		if p.unitAt(i) > 0 {
			p.spare(i)
			p.unit()
			i = p.at - 1
		}
	}
	p.city()
	p.spare(len(p.words))
}

// looseUnit takes a unit without a designator that has a part of its own: "227 W
// Monroe St, 3500, Chicago", "9 Elm St, 4 W", "9 Elm St, B".
func (p *parser) looseUnit() {
	if p.at == 0 || p.at >= len(p.words) || p.a.Unit != "" || p.unitAt(p.at) > 0 {
		return
	}
	w, next := p.word(p.at), p.word(p.at+1)
	switch size := p.segmentEnd(p.at) - p.at; {
	case size == 1 && (looseUnit.MatchString(w) || p.loneLetters(p.at)):
		p.a.Unit = unitNumber(w)
		p.at++
	case size == 2 && looseUnit.MatchString(w) && (directions[next] != "" || len(next) == 1):
		p.a.Unit = unitNumber(w) + fold(next, directions)
		p.at += 2
	}
}

// loneLetters reports whether word i, between two commas, is one or two letters
// that are no direction and no state.
func (p *parser) loneLetters(i int) bool {
	w := p.word(i)
	return p.words[i-1].comma && len(w) <= 2 && !hasDigit(w) && directions[w] == "" && states[w] == ""
}

// cutRepeated takes an address that is said twice once: "12 Oak Way 12 Oak Way".
func (p *parser) cutRepeated() {
	if !houseNumber.MatchString(p.word(0)) {
		return
	}
	for i := 3; i+1 < len(p.words); i++ {
		n := 0
		for n < i && p.word(i+n) == p.word(n) && p.word(n) != "" {
			n++
		}
		if n >= 2 && p.highwayAt(i-1) == 0 {
			p.cut(i, i+n)
			i = 2
		}
	}
}
