package match

import (
	"regexp"
)

var (
	houseNumber    = regexp.MustCompile(`^(\d+[a-z]?(-\d*[a-z]?)?|[a-z]\d+|[nsew]\d+[nsew]\d+|\d+[nsew]\d+)$`)
	fraction       = regexp.MustCompile(`^\d/\d$`)
	gridNumber     = regexp.MustCompile(`^[nsew]\d+$`)
	gluedDirection = regexp.MustCompile(`^(\d+)([nsew]|ne|nw|se|sw)$`)
	slashedNumber  = regexp.MustCompile(`^(\d+[a-z]?)/(\d+[a-z]?)$`)
	hyphenNumber   = regexp.MustCompile(`^(\d+[a-z]?)-(\d+[a-z]?)$`)
)

var numberWords = map[string]string{
	"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
	"eleven": "11", "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "hundred": "100",
}

// number takes "12", "12 1/2", "12 B", "12-14", "N95W18855", "One".
func (p *parser) number() {
	w := p.word(p.at)
	if n := numberWords[w]; n != "" && p.at+2 < len(p.words) {
		w = n
	}
	if m := gluedDirection.FindStringSubmatch(w); m != nil && p.at+1 < len(p.words) {
		p.a.Number, p.a.PreDir = m[1], m[2] // "48S 400E", "523W 6th St"
		p.at++
		return
	}
	if p.at+1 < len(p.words) && p.words[p.at].comma && digits(p.word(p.at)) && digits(p.word(p.at+1)) {
		return // "0430, 3545 NW 58th"
	}
	if p.numberOfUnit() || !houseNumber.MatchString(w) || p.at+1 >= len(p.words) {
		return
	}
	p.a.Number = w
	p.at++
	switch next := p.word(p.at); {
	case fraction.MatchString(next):
		p.a.Number += " " + next
		if p.at++; p.letterOfNumber() {
			p.a.Number += " " + p.word(p.at)
			p.at++
		}
	case gridNumber.MatchString(w) && gridNumber.MatchString(next), p.letterOfNumber():
		p.a.Number += " " + next
		p.at++
	}
	p.unit() // "6910 # G Mary Caroline Circle"
}

// numberOfUnit parts "4/12 Smith St" into its unit and number, and in Canada
// "4-12".
func (p *parser) numberOfUnit() bool {
	m := slashedNumber.FindStringSubmatch(p.word(p.at))
	if m == nil && p.a.Country == "ca" {
		m = hyphenNumber.FindStringSubmatch(p.word(p.at))
	}
	if m == nil || p.at+1 >= len(p.words) || digits(p.word(p.at+1)) {
		return false
	}
	if p.a.Country == "" || p.a.Country == "us" {
		p.a.Number = m[0] // here two numbers of one building
		p.at++
		return true
	}
	p.a.Unit, p.a.Number = join(p.a.Unit, m[1]), m[2]
	p.at++
	return true
}

// letterOfNumber tells "214 B South Boulevard" from "107 A Street": a street
// follows the letter.
func (p *parser) letterOfNumber() bool {
	w := p.word(p.at)
	if len(w) != 1 || w[0] < 'a' || w[0] > 'z' || w == "i" || directions[w] != "" || p.words[p.at].comma || p.highwayAt(p.at) > 0 {
		return false
	}
	next := p.word(p.at + 1)
	switch {
	case digits(next), joiners[next]:
		return false
	case directions[next] != "":
		return !p.ends(p.at+1) && streetSuffixes[next] == ""
	case p.highwayAt(p.at+1) > 0:
		return true
	}
	return len(next) > 1 && streetSuffixes[next] == ""
}

// houseNumber finds the number behind a recipient or the name of a building:
// the first number that a street with a suffix follows, else the first number
// that words follow.
func (p *parser) houseNumber(from int) int {
	for i := from; i < len(p.words); i++ {
		if !p.mayBeNumber(i) {
			continue
		}
		if houseNumber.MatchString(p.word(i+1)) && !strong[streetSuffixes[p.word(i+2)]] && p.mayBeNumber(i+1) {
			continue // "507 2600 N Flagler Dr"
		}
		for j := i + 2; j < len(p.words) && j < i+6; j++ {
			if strong[streetSuffixes[p.word(j)]] {
				return i
			}
		}
		if p.highwayAt(i+1) > 0 || directions[p.word(i+1)] != "" && p.highwayAt(i+2) > 0 {
			return i
		}
	}
	for i := from; i+1 < len(p.words); i++ {
		if p.mayBeNumber(i) && hasDigit(p.word(i)[:1]) && !p.words[i].comma && !hasDigit(p.word(i+1)) && (p.words[i-1].comma || !p.ends(i)) {
			return i
		}
	}
	return -1
}

// lastLetter reports whether a part ends with word i, a letter or a direction: "1
// W".
func (p *parser) lastLetter(i int) bool {
	return p.ends(i) && (len(p.word(i)) == 1 || directions[p.word(i)] != "")
}

func (p *parser) mayBeNumber(i int) bool {
	if numberWords[p.word(i)] != "" && i > 0 && p.suffixBefore(i+1, min(i+4, len(p.words))) {
		return true // "Anheuser Busch One Busch Place"
	}
	return i > 0 && houseNumber.MatchString(p.word(i)) && !lead[p.word(i-1)] && !p.numberOfRoad(i) && !inUnit(p, i)
}

// numberOfRoad reports whether word i is the number of "Highway 12".
func (p *parser) numberOfRoad(i int) bool {
	return p.highwayAt(i-1) > 0 || i >= 2 && p.highwayAt(i-2) >= 3
}

// inUnit reports whether word i is the number of a unit: "7th", "# 4".
func inUnit(p *parser, i int) bool {
	for k := max(0, i-4); k <= i; k++ {
		if n := p.unitAt(k); n > 0 {
			if k+n > i {
				return true
			}
			k += n - 1
		}
	}
	return false
}

// buildingEnds are the last words of the names of buildings, which may have a
// number of their own.
var buildingEnds = set("plaza plz center centre ctr tower towers twr building bldg place pl square sq park court galleria mall station")

// laterNumber finds the number of the street behind a building that has a
// number too: "One Exchange Plaza, 55 Broadway", "1 Lincoln Ctr 5400 LBJ Fwy".
func (p *parser) laterNumber() int {
	end := -1
	for i := p.at + 1; i < len(p.words); i++ {
		if buildingEnds[p.word(i)] && i > p.at+1 {
			end = i
		}
		if n := p.unitAt(i); n > 0 {
			i += n - 1
			continue
		}
		if end >= 0 && i <= end+4 && i+1 < len(p.words) && p.mayBeNumber(i) && p.numberBehind(end, i) {
			return i
		}
	}
	return -1
}

// numberBehind reports whether word i is the number of a street behind the name
// that ends with word end: a suffix follows, or the number begins a part.
func (p *parser) numberBehind(end, i int) bool {
	switch {
	case p.suffixBefore(i, min(i+6, len(p.words))):
		return true
	case i == end+1 && !p.words[end].comma, !p.words[i-1].comma, p.words[i].comma:
		return false
	}
	return !hasDigit(p.word(i+1)) && p.unitAt(i+1) == 0 && !p.lastLetter(i+1)
}
