package match

import "strings"

// preDirection takes a direction, unless it is itself the name: "200 West St",
// "641 S St".
func (p *parser) preDirection() {
	d, n := p.directionAt(p.at)
	next := streetSuffixes[p.word(p.at+n)]
	if n == 0 || p.at+n >= len(p.words) || p.words[p.at+n-1].comma || p.unitAt(p.at+n) > 0 ||
		strong[next] && streetSuffixes[p.word(p.at+n+1)] == "" && p.highwayAt(p.at+n) == 0 && !p.saintName(p.at+n) && !p.doctorName(p.at+n) {
		return
	}
	p.a.PreDir = d
	p.at += n
}

// saintName reports whether the "St" at word i begins a name whose own suffix
// follows: "North St James Avenue".
func (p *parser) saintName(i int) bool {
	next := p.word(i + 1)
	return p.word(i) == "st" && !p.words[i].comma && next != "" && directions[next] == "" && p.unitAt(i+1) == 0 &&
		p.suffixBefore(i+1, min(i+4, p.segmentEnd(i)))
}

// doctorName reports whether the "Dr" at word i begins a name: "S Dr Martin
// Luther King Jr Drive".
func (p *parser) doctorName(i int) bool {
	return p.word(i) == "dr" && !p.words[i].comma && (p.word(i+1) == "martin" || p.suffixBefore(i+1, min(i+6, p.segmentEnd(i))))
}

// directionAt reads "N", "North", "NE", "N E" or "North East".
func (p *parser) directionAt(i int) (d string, n int) {
	switch pair := p.word(i) + p.word(i+1); {
	case len(p.word(i)) == 1 && len(pair) == 2 && len(directions[pair]) == 2 && !p.words[i].comma:
		return pair, 2
	case p.twoDirections(i):
		return directions[p.word(i)] + directions[p.word(i+1)], 2
	case directions[p.word(i)] != "":
		return directions[p.word(i)], 1
	}
	return "", 0
}

// twoDirections reports whether words i and i+1 are a "South East" that ends the
// street; before a name, the second is often part of it ("South West Temple").
func (p *parser) twoDirections(i int) bool {
	first, second := p.word(i), p.word(i+1)
	if len(first) < 5 || len(second) != 4 || p.words[i].comma || !p.ends(i+1) {
		return false
	}
	return len(directions[directions[first]+directions[second]]) == 2
}

// postDirection takes a direction behind the street: at once, or abbreviated
// with two letters behind a comma ("M Street, NW"; but "William St, E. Orange").
func (p *parser) postDirection() {
	d, n := p.directionAt(p.at)
	if n == 0 || p.wingAt(p.at) || p.at > 0 && p.words[p.at-1].comma && (len(d) != 2 || len(p.word(p.at)) > 2) ||
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
