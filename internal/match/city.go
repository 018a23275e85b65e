package match

// takeCity takes the city off the end: the part behind the last comma, or the
// longest known city before which there are words of a street. It leaves the
// words alone where it is not sure.
func (p *parser) takeCity() {
	n := len(p.words)
	if n == 0 || !p.placed {
		return
	}
	segment := p.lastSegment()
	switch {
	case segment > 0 && isPlace(p.words[segment:], p.a.State) && !p.streetOnly(segment):
		p.cityFrom(segment)
	case p.a.State == "" && p.a.ZIP == "":
		p.takeLoneCity(segment)
	case p.cityEnd(n, p.a.State) == n:
		if at := p.cityNear(n); at < n && at > segment && p.streetWords(at) {
			p.cityFrom(at)
		}
	default:
		p.takeKnownCity(segment)
	}
}

// takeLoneCity takes a city without a state or ZIP: behind a street with a
// suffix, or a big one behind a number and a street.
func (p *parser) takeLoneCity(segment int) {
	n := len(p.words)
	at := p.cityEnd(n, "")
	if at <= segment || at == n {
		return
	}
	if p.suffixBefore(segment, at) || segment == 0 && p.bigCityAt(at) {
		p.cityFrom(p.cityStart(at, segment))
	}
}

// bigCityAt reports whether a city that is known without its state begins with
// word i, behind a number and a street.
func (p *parser) bigCityAt(i int) bool {
	found, _ := placeNamed(p.words[i:])
	return found.big && p.streetWords(i) && houseNumber.MatchString(p.word(0)) && len(p.word(i-1)) > 1
}

// takeKnownCity takes the longest city of the state before which there is a
// street.
func (p *parser) takeKnownCity(segment int) {
	for at := max(segment, p.cityEnd(len(p.words), p.a.State)); at < len(p.words); at++ {
		if isPlace(p.words[at:], p.a.State) && (at == segment || p.streetWords(at)) {
			p.cityFrom(p.cityStart(at, segment))
			return
		}
	}
}

// cityStart gives a direction before the city at word i to the street or to the
// city: "Dr S E Grand Rapids" ends with one of two words; behind a comma, "N
// Hanover" is a city where the street has a name ("Hwy 31, W White House").
func (p *parser) cityStart(i, segment int) int {
	if p.word(i-1) == "of" && municipalities[p.word(i-2)] && i-2 >= segment {
		return i - 2 // "Town of Tonawanda"
	}
	_, two := p.directionAt(i - 1)
	switch {
	case roads[p.word(i-2)] && hasDigit(p.word(i-1)) && directions[p.word(i)] != "" && isPlace(p.words[i+1:], p.a.State),
		two == 2 && isPlace(p.words[i+1:], p.a.State), (p.gridAt(i) || p.numberedAt(i)) && isPlace(p.words[i+1:], p.a.State):
		return i + 1
	case segment > 0 && i == segment+1 && p.directionOfCity(segment):
		return segment
	}
	return i
}

// numberedAt reports whether the direction at word i is that of a numbered street
// before a big city, not the beginning of a small one: "46th Ct N Chicago".
func (p *parser) numberedAt(i int) bool {
	if i < 3 || directions[p.word(i)] == "" || !strong[streetSuffixes[p.word(i-1)]] || !ordinalNumber.MatchString(p.word(1)) {
		return false
	}
	small, _ := placeNamed(p.words[i:])
	rest, _ := placeNamed(p.words[i+1:])
	return rest.big && !small.big
}

// directionOfCity reports whether the direction at word i, behind a comma, is of
// the city and not of the street: "North" or "N", but not "NW" or "Hwy 31, W".
func (p *parser) directionOfCity(i int) bool {
	w := p.word(i)
	return directions[w] != "" && (len(w) > 2 || len(w) == 1 && !hasDigit(p.word(i-1)))
}

var municipalities = set("borough city town township village")

// gridAt reports whether the direction at word i closes a street of a grid:
// "511 South 300 West".
func (p *parser) gridAt(i int) bool {
	return directions[p.word(i)] != "" && digits(p.word(i-1)) && directions[p.word(i-2)] != "" && i == 3
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

func (p *parser) lastSegment() int { return p.segmentBefore(len(p.words)) }

// segmentBefore is the first word of the part that ends before word end.
func (p *parser) segmentBefore(end int) int {
	for i := end - 2; i >= 0; i-- {
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
		if directions[p.word(at)] == "" && !fraction.MatchString(p.word(at)) && (!strong[streetSuffixes[p.word(at)]] || at > 1) {
			return true
		}
	}
	return false
}

// coded reports whether words are a code, like "AF 1025", and no name.
func coded(words []token) bool {
	for _, t := range words {
		if !hasDigit(t.text) && len(t.text) > 4 {
			return false
		}
	}
	return len(words) > 0 && len(words) <= 2 && hasDigit(text(words))
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
		p.cut(from, from+1)
	}
	for i := len(p.words) - 2; i >= from; i-- {
		if recipients[p.word(i)] {
			p.name(p.words[from:i+1], true) // "Reference Division Miramar"
			from = i + 1
		}
	}
	city := p.words[from:]
	if from > 0 && (coded(city) || len(city) == 1 && directions[city[0].text] != "") {
		return // a code, or a direction
	}
	if p.a.State+p.a.ZIP == "" && from > 0 && namesBuilding(city) {
		return
	}
	if len(city) > 1 && p.a.State != "" && states[city[0].text] == p.a.State && len(city[0].text) == 2 {
		city = city[1:] // "Arleta, CA. Arleta CA 91331"
	}
	p.a.City = text(city)
	p.words = p.words[:from]
}

// namesBuilding reports whether the words where a city could be are the name of a
// building.
func namesBuilding(words []token) bool {
	last := words[len(words)-1].text
	return len(words) > 1 && (directions[last] != "" || buildings[last]) && !isPlace(words, "")
}

func (p *parser) commaWithin(from, to int) bool {
	for i := from; i < to-1; i++ {
		if p.words[i].comma {
			return true
		}
	}
	return false
}
