package match

import (
	"regexp"
	"slices"
	"strings"
)

// A highway is a kind of numbered road: the words before the number, in the forms
// of roadWord, and how keys write them.
type highway struct {
	words []string
	name  string
}

// highways are in the order in which they are tried.
var highways = highwayRows(`
fm: farm to market rd, farm to market, fm rd, fm, farm rd
us hwy: us hwy, us rte, u s hwy, u s, us
state hwy: state rd, state rte, state hwy, st rd, st rte, st hwy, sr, sth, sh
us alt hwy: us alt, us alternate
us bus hwy: us bus, us business
alt: alt, alternate
us hwy: ush
county hwy: cth
state hwy: s r
county rd: county rd, co rd, cr, c r, country rd, cty rd, cnty rd
parish rd: parish rd
forest rd: forest rd, forest service rd
county hwy: county trunk hwy, county hwy, co hwy, county rte, city hwy, cty hwy, cnty hwy
twp rd: township rd, twp rd, tr
i: interstate hwy, interstate, ih, i
bus loop: business loop, bus loop
bus: business, bus
ranch rd: ranch rd
private rd: private rd
spur: spur
hwy: hwy
rte: rte
rd: rd
loop: loop
ave: ave
`)

// highwayRows reads lines of a name and the ways to write it: "fm: fm, farm rd".
func highwayRows(table string) (rows []highway) {
	for line := range strings.Lines(strings.TrimSpace(table)) {
		name, ways, _ := strings.Cut(line, ": ")
		for way := range strings.SplitSeq(ways, ",") {
			rows = append(rows, highway{strings.Fields(way), name})
		}
	}
	return rows
}

// roadWord gives the standard form of a word before a road's number.
func roadWord(w string) string {
	switch s := streetSuffixes[w]; s {
	case "hwy", "rd", "rte", "ave":
		return s
	}
	switch w {
	case "rt", "rts":
		return "rte"
	}
	return w
}

var (
	roadNumber = regexp.MustCompile(`^\d+-?[a-z]?$`)
	roadLetter = regexp.MustCompile(`^[a-z]{1,2}$`)
	roadCode   = regexp.MustCompile(`^[a-z]\d{1,3}[a-z]?$`) // "A1A", "C2"
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
		if i+n >= len(p.words) || !p.roadWordsAt(i, h.words) {
			continue
		}
		number := p.word(i + n)
		switch {
		case roadNumber.MatchString(number) && h.name != "ave" && !p.words[i+n-1].comma:
			return n + 1
		case lettered(h.name) && !p.words[i+n-1].comma && (roadCode.MatchString(number) && h.name != "ave" || p.roadLetterAt(i+n, h.name)):
			return n + 1
		}
	}
	if p.word(i) == "old" || len(p.word(i)) > 1 && states[p.word(i)] != "" && roads[p.word(i+1)] {
		if n := p.highwayAt(i + 1); n > 0 && !p.words[i].comma {
			return n + 1 // "Old US Highway 90", "Illinois Route 31"
		}
	}
	if len(p.word(i)) >= 2 && states[p.word(i)] != "" && roadNumber.MatchString(p.word(i+1)) && p.ends(i+1) && !p.words[i].comma {
		return 2 // "California 10", "IA 42"
	}
	return 0
}

// roadLetterAt reports whether word i is the letter of a road of this kind: "B",
// "VV"; of a county road also two others.
func (p *parser) roadLetterAt(i int, kind string) bool {
	w := p.word(i)
	if !roadLetter.MatchString(w) || streetSuffixes[w] != "" || unitTypes[w] != "" || directions[w] != "" && !p.ends(i) {
		return false
	}
	return len(w) == 1 || w[0] == w[1] || strings.HasPrefix(kind, "county")
}

// lettered roads may have a letter for a number.
func lettered(name string) bool {
	return name == "ave" || name == "rte" || name == "hwy" || name == "state hwy" || strings.HasPrefix(name, "county")
}

func (p *parser) roadWordsAt(i int, words []string) bool {
	for k, w := range words {
		if roadWord(p.word(i+k)) != w || k > 0 && p.words[i+k-1].comma {
			return false
		}
	}
	return true
}

// highway takes the n words of a numbered road and what tells its branches
// apart: "Highway 71 Business", "I 49 S Service Rd".
func (p *parser) highway(n int) {
	p.a.Street = roadName(p.words[p.at : p.at+n])
	p.at += n
	if joiners[p.word(p.at)] && roadNumber.MatchString(p.word(p.at+1)) {
		p.a.Street = join(p.a.Street, p.word(p.at), p.word(p.at+1)) // "Highway 6 & 50"
		p.at += 2
	}
	if w := roadWord(p.word(p.at)); (w == "hwy" || w == "rd" && p.endsWithDirection(p.at)) && !p.words[p.at-1].comma {
		p.a.Street += " " + roadName(p.words[p.at:p.at+max(1, p.highwayAt(p.at))]) // "US 401 Hwy S", "I-25 Highway 87"
		p.at += max(1, p.highwayAt(p.at))
	}
	d, skip := p.directionAt(p.at)
	if p.at > 0 && p.words[p.at-1].comma {
		return
	}
	if skip > 0 && branches[p.word(p.at+skip)] > 0 {
		p.a.Street += " " + d
		p.at += skip
	}
	for branches[p.word(p.at)] > 0 && !p.words[p.at-1].comma {
		size := branches[p.word(p.at)]
		if size == 2 && streetSuffixes[p.word(p.at+1)] == "" {
			break
		}
		p.a.Street += " " + roadName(p.words[p.at:min(p.at+size, len(p.words))])
		p.at += size
		if w := roadWord(p.word(p.at)); size == 1 && (w == "hwy" || w == "rd" || w == "rte") && !p.words[p.at-1].comma {
			p.a.Street += " " + w
			p.at++
		}
	}
}

// endsWithDirection reports whether nothing but a direction follows word i
// before the address breaks off: "FM 1960 Rd W".
func (p *parser) endsWithDirection(i int) bool {
	_, n := p.directionAt(i + 1)
	return p.ends(i) || n > 0 && p.ends(i+n)
}

// branches are the words behind a road's number, and how many they are.
var branches = map[string]int{
	"business": 1, "bus": 1, "alternate": 1, "alt": 1, "bypass": 1, "byp": 1, "truck": 1, "spur": 1,
	"service": 2, "frontage": 2, "access": 2, "feeder": 2,
}

func roadName(words []token) string {
	out := make([]string, len(words))
	for i, t := range words {
		out[i] = roadWord(t.text)
	}
	return strings.Join(out, " ")
}

// roadKey writes a street's name as keys do: "state rte 75" as "state hwy 75",
// "i-35" as "i 35", "saint mary" as "st mary".
func roadKey(street string) string {
	if old, ok := strings.CutPrefix(street, "old "); ok {
		return "old " + roadKey(old)
	}
	for _, word := range []string{" hwy", " rd"} {
		if number, ok := strings.CutSuffix(street, word); ok && hasDigit(number) && !ordinalNumber.MatchString(number) {
			return roadKey(number)
		}
	}
	words := strings.Fields(street)
	if interstate.MatchString(words[0]) {
		return join("i", strings.Trim(words[0], "i-"), fold(strings.Join(words[1:], " "), branchForms))
	}
	for _, h := range highways {
		n := len(h.words)
		if n < len(words) && slices.Equal(words[:n], h.words) && ofNumberedRoad(words[n]) {
			return h.name + " " + fold(strings.Join(words[n:], " "), branchForms)
		}
	}
	if states[words[0]] != "" && len(words) > 1 && roadNumber.MatchString(words[len(words)-1]) && (len(words) == 2 || roads[words[1]]) {
		return "state hwy " + words[len(words)-1]
	}
	return fold(street, streetForms)
}

// ofNumberedRoad reports whether a word behind "County Road" is what tells it from
// others: "12", "B", "C2".
func ofNumberedRoad(w string) bool {
	return roadNumber.MatchString(w) || roadLetter.MatchString(w) || roadCode.MatchString(w)
}

var branchForms = map[string]string{"business": "bus", "alternate": "alt", "bypass": "byp"}
