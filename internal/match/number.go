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
	case gridNumber.MatchString(w) && gridNumber.MatchString(next), fraction.MatchString(next), p.letterOfNumber():
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

// letterOfNumber tells "214 B South Boulevard" from "107 A Street".
func (p *parser) letterOfNumber() bool {
	w, next := p.word(p.at), p.word(p.at+1)
	return len(w) == 1 && w[0] >= 'a' && w[0] <= 'z' && directions[w] == "" && (p.highwayAt(p.at+1) > 0 || len(next) > 1 || directions[next] != "" && p.at+2 < len(p.words)) &&
		!p.words[p.at].comma && (directions[next] == "" || !p.ends(p.at+1)) && (streetSuffixes[next] == "" || p.highwayAt(p.at+1) > 0) && !digits(next) && !joiners[next] && p.highwayAt(p.at) == 0 && w != "i"
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
	return i > 0 && houseNumber.MatchString(p.word(i)) && p.highwayAt(i-1) == 0 && (i < 2 || p.highwayAt(i-2) < 3) && !lead[p.word(i-1)] && !inUnit(p, i)
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
		if end < 0 || !p.mayBeNumber(i) || i+1 >= len(p.words) || i == end+1 && !p.words[end].comma && !p.suffixBefore(i, min(i+6, len(p.words))) || i > end+4 {
			continue
		}
		if p.suffixBefore(i, min(i+6, len(p.words))) || p.words[i-1].comma && !hasDigit(p.word(i+1)) && p.unitAt(i+1) == 0 && !p.words[i].comma && !p.lastLetter(i+1) {
			return i
		}
	}
	return -1
}
