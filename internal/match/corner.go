package match

// corner reads "12th St & Millard" and "corner of Cave and Zerkel": two streets
// and their place.
func (p *parser) corner() bool {
	from := p.cornerWords()
	for i := from + 1; i < len(p.words)-1; i++ {
		if !joiners[p.word(i)] {
			continue
		}
		end := p.segmentEnd(i)
		if p.words[i].comma || from == 0 && !p.crossing(from, i, end) {
			return false
		}
		first := parser{words: p.words[from:i]}
		if first.number(); first.a.PreDir != "" || ordinalNumber.MatchString(p.word(from)) {
			first.at, first.a = 0, Address{}
		}
		first.street()
		second := parser{words: p.words[i+1 : end]}
		second.street()
		p.a.Number, p.a.PreDir, p.a.Street = first.a.Number, first.a.PreDir, first.a.Street
		p.a.Suffix, p.a.PostDir, p.a.Cross = first.a.Suffix, first.a.PostDir, second.a.StreetLine()
		p.at = end
		p.behindStreet()
		return true
	}
	return false
}

// cornerWords says how many words say that a corner follows: "NE corner of".
func (p *parser) cornerWords() int {
	i := 0
	if directions[p.word(0)] != "" {
		i = 1
	}
	if w := p.word(i); w != "corner" && w != "cor" && w != "cnr" && w != "intersection" {
		return 0
	}
	if i++; p.word(i) == "of" {
		i++
	}
	return i
}

var joiners = set("& and at @")

// crossing reports whether the words on both sides of word i name streets.
// Behind a number both have to have a suffix: "12 C and N Smith Mill Rd" is one
// street.
func (p *parser) crossing(from, i, end int) bool {
	if p.commaWithin(from, i+1) {
		return false
	}
	if houseNumber.MatchString(p.word(from)) && i-from > 1 {
		return p.suffixBefore(from, i) && (p.suffixBefore(i+1, end) || p.highwayAt(i+1) > 0)
	}
	return p.crossed(from, i) && p.crossed(i+1, end) && p.houseNumber(end) < 0 && !p.numbered(from+1, end)
}

// numbered reports whether a house number and its street stand within words.
func (p *parser) numbered(from, to int) bool {
	for i := from; i < to; i++ {
		if houseNumber.MatchString(p.word(i)) && p.highwayAt(i-1) == 0 && p.suffixBefore(i+1, to) {
			return true
		}
	}
	return false
}

func (p *parser) crossed(from, to int) bool {
	for i := from; i < to; i++ {
		if recipients[p.word(i)] {
			return false
		}
	}
	if last := p.word(to - 1); buildings[last] && !strong[streetSuffixes[last]] && !p.suffixBefore(from, to) {
		return false
	}
	return p.streetLike(from, to) || p.highwayAt(from) > 0 || to-from <= 2 && len(p.word(from)) > 1
}
