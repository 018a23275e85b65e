package match

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// A Field is what two records are compared in.
type Field int

// The fields, in the order in which evidence is told.
const (
	FamilyName Field = iota
	GivenName
	OrganizationName
	PhoneNumber
	EmailAddress
	BirthDate
	HouseNumber
	StreetName
	UnitNumber
	PostalCode
	CityName
	fields
)

func (f Field) String() string {
	return [...]string{"family_name", "given_name", "organization", "phone", "email", "birth_date", "number", "street", "unit", "postal_code", "city"}[f]
}

// A Level says how well two records agree in a field.
type Level int

// The levels, from best to worst. Missing is no evidence: one of them does not say.
const (
	Missing Level = iota
	Equal
	Close     // a short form, or one slip of the keyboard
	Alike     // several slips, or a part of it
	Unlike    // neither alike nor another
	Differing // another
	levels
)

func (l Level) String() string {
	return [...]string{"missing", "equal", "close", "alike", "unlike", "differs"}[l]
}

// A Comparison is how well two records agree, field by field.
type Comparison struct {
	Levels  [fields]Level
	Swapped bool // given and family name change places

	initial  bool // one given name is an initial, and the other begins with it
	personal bool // the mailbox that is the same is one person's by its name
	// What is equal, where how common it is counts: its name in Frequencies, or empty.
	common [fields]string
}

// compare compares two persons in all fields. It is symmetric. What is a given name, and no
// slip, is also known by how often it stands in f; nil: by the built-in names alone.
func compare(a, b *Person, f *Frequencies) (c Comparison) {
	c.compareNames(a, b, f)
	c.compareRest(a, b)
	return c
}

func (c *Comparison) compareRest(a, b *Person) {
	c.comparePhones(a, b)
	c.compareEmails(a, b)
	c.Levels[BirthDate] = compareDates(a.Birth, b.Birth)
	c.comparePlaces(a, b)
}

func (c *Comparison) compareNames(a, b *Person, f *Frequencies) {
	switch {
	case f.people(a, b):
		family := [2]string{cmp.Or(a.Family, a.Organization), cmp.Or(b.Family, b.Organization)} // which may be one word
		c.Levels[FamilyName], c.Levels[GivenName] = familyLevel(family[0], family[1]), givenLevel(a.Given, b.Given, f)
		c.initial = c.Levels[GivenName] == Alike && (initialOf(a.Given) || initialOf(b.Given))
		c.trySwapped(a, b, f)
		if c.Levels[FamilyName] == Equal {
			c.common[FamilyName] = joined(family[0])
		}
		if c.Levels[GivenName] == Equal {
			c.common[GivenName] = joined(a.Given)
		}
	case a.Organization != "" && b.Organization != "":
		c.Levels[OrganizationName] = organizationLevel(a, b)
	}
}

// oneWord says that all that is known of a name is one word, which may be a family's.
func oneWord(p *Person) bool { return !p.hasName() && len(p.words) == 1 && !ordinary[p.words[0]] }

// trySwapped compares the given name of each with the family name of the other, and keeps
// that where it explains both.
func (c *Comparison) trySwapped(a, b *Person, f *Frequencies) {
	if c.Levels[FamilyName] <= Close && c.Levels[GivenName] <= Close {
		return
	}
	best := c.Levels[FamilyName] + c.Levels[GivenName]
	for _, p := range [][4]string{{a.Given, a.Family, b.Family, b.Given}, {a.Family, a.Given, b.Given, b.Family}} { // family, given of both
		if p[0] == "" || p[1] == "" || p[2] == "" || p[3] == "" {
			continue
		}
		family := nearly(p[0], p[2])
		if family == Differing {
			continue // as nearly always
		}
		given := givenLevel(p[1], p[3], f)
		if given < Unlike && family+given < best {
			c.Levels[FamilyName], c.Levels[GivenName], c.Swapped = family, given, true
			c.initial = given == Alike && (initialOf(p[1]) || initialOf(p[3]))
			best = family + given
		}
	}
}

// nearly compares two words that are the same, or but for one slip.
func nearly(a, b string) Level {
	switch x, y := joined(a), joined(b); {
	case x == y:
		return Equal
	case min(len(x), len(y)) >= 4 && oneEdit(x, y):
		return Close
	}
	return Differing
}

// familyLevel compares family names.
func familyLevel(a, b string) Level {
	if a == "" || b == "" {
		return Missing
	}
	x, y := joined(a), joined(b)
	if l := nearly(a, b); l != Differing {
		return l
	}
	switch s := min(len(x), len(y)); {
	case s == 1 && x[0] == y[0], len(x)+len(y) != len(a)+len(b) && shareWord(a, b), s >= 4 && similar(x, y) >= 0.86, s == 3 && oneEdit(x, y):
		return Alike
	}
	return Differing
}

// givenLevel compares given names, of which the first word must agree: a middle name is
// often left out. Unlike are two that a slip would make one, but which both are names, and
// two of a couple.
func givenLevel(a, b string, f *Frequencies) Level {
	if a == "" || b == "" {
		return Missing
	}
	if joined(a) == joined(b) {
		return oneOf(len(a) == 1, Alike, Equal)
	}
	if couple(a) || couple(b) {
		return oneOf(shareWord(a, b), Unlike, Differing)
	}
	x, restX, _ := strings.Cut(a, " ")
	y, restY, _ := strings.Cut(b, " ")
	l := firstLevel(x, y, f)
	switch {
	case l <= Close && restX != "" && restY != "" && !sameMiddle(restX, restY):
		return Unlike
	case l == Differing && (hasWord(restX, y) || hasWord(restY, x)):
		return Alike
	case l == Differing && restX+restY != "" && familyLevel(a, b) <= Close:
		return Close // "mary ann", "maryan"
	}
	return l
}

func oneOf(is bool, a, b Level) Level {
	if is {
		return a
	}
	return b
}

func firstLevel(a, b string, f *Frequencies) Level {
	s := min(len(a), len(b))
	two := f.isName(a) && f.isName(b)
	switch {
	case a == b:
		return Equal
	case s == 1:
		return oneOf(a[0] == b[0], Alike, Differing)
	case nicknames[[2]string{a, b}]:
		return nicknameLevel(a, b, two)
	case oneEdit(a, b) && two, s >= 4 && twoGenders(a, b):
		return Unlike
	case shareFormal(a, b): // Bob and Rob; but Alexander and Sandra are two
		return oneOf(short(a) && short(b), Alike, Unlike)
	case s >= 3 && oneEdit(a, b):
		return Close
	case s >= 4 && similar(a, b) >= 0.84:
		return oneOf(two, Unlike, Alike)
	}
	return Differing
}

// nicknameLevel compares two names of which one may be short for the other. Marilyn may be
// called Mary, and Marie too, but all of them are names; Sandy is short for many.
func nicknameLevel(a, b string, two bool) Level {
	nick := a
	if shortFor[b] > shortFor[a] {
		nick = b
	}
	switch {
	case !short(nick), two && len(a)-len(b) <= 1 && len(b)-len(a) <= 1 && edits(a, b) <= 2:
		return Unlike
	case len(formal[nick]) >= 5:
		return Alike
	}
	return Close
}

// initialOf says that a given name begins with an initial alone.
func initialOf(given string) bool {
	first, _, _ := strings.Cut(given, " ")
	return len(first) == 1
}

// short says that a name is rather short for others than others for it.
func short(name string) bool { return shortFor[name] >= 0 && known(name) }

// organizationLevel compares the names of organizations by their words, of which common
// ones say little. Numbers tell branches apart.
func organizationLevel(a, b *Person) Level {
	x, y := a.words, b.words
	if a.Organization == b.Organization {
		return Equal
	}
	var both, ofX, ofY float64
	for _, w := range x {
		weight := wordWeight(w)
		ofX += weight
		if i := slices.IndexFunc(y, func(v string) bool { return alikeWords(v, w) }); i >= 0 {
			both += weight
		} else if numeric(w) && slices.ContainsFunc(y, numeric) {
			return Differing
		}
	}
	for _, w := range y {
		ofY += wordWeight(w)
	}
	switch fewer, more := both/max(min(ofX, ofY), 0.1), both/max(ofX, ofY, 0.1); {
	case more >= 0.8:
		return Close
	case fewer >= 0.6, more >= 0.45:
		return Alike
	case fewer >= 0.3:
		return Unlike
	}
	return Differing
}

// wordWeight says how much a word of an organization's name tells: words of its trade
// little, initials less.
func wordWeight(w string) float64 {
	switch {
	case ordinary[w]:
		return 0.3
	case len(w) == 1:
		return 0.2
	}
	return 1
}

// ordinary are words that stand in the names of many organizations.
var ordinary = set(`academy air and apartments assoc associates association auto bar cafe center centers centre
	chapel child church city club coffee college community company construction contractors county dental development
	district electric electrical estates family first food foundation garage grill group heating heights high home
	homes hospital hotel house housing inn international investments kitchen lake learning management market medical
	ministries motel national new north of office park partners pizza plumbing preschool properties property public
	rental rentals repair restaurant saint school schools service services shop south st store street studio supply
	systems town trust university village west east youth at for in on by`)

// alikeWords says that two words are one: but for a slip, or one is cut short.
func alikeWords(a, b string) bool {
	if a == b {
		return true
	}
	s := min(len(a), len(b))
	return s >= 5 && oneEdit(a, b) || s >= 7 && similar(a, b) >= 0.92 || s >= 4 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) && !numeric(a) && !numeric(b)
}

// comparePhones finds the best of all pairs. A number without its area code agrees with
// one that has it.
func (c *Comparison) comparePhones(a, b *Person) {
	if len(a.Phones)+len(a.Local) == 0 || len(b.Phones)+len(b.Local) == 0 {
		return
	}
	best := Differing
	for _, x := range a.Phones {
		for _, y := range b.Phones {
			switch {
			case x == y:
				c.Levels[PhoneNumber] = Equal
				return
			case len(x) == len(y) && oneEdit(x, y):
				best = min(best, Alike)
			}
		}
	}
	if sameLocal(a, b) || sameLocal(b, a) {
		best = Close
	}
	c.Levels[PhoneNumber] = best
}

func sameLocal(a, b *Person) bool {
	for _, x := range a.Local {
		if slices.Contains(b.Local, x) || slices.ContainsFunc(b.Phones, func(y string) bool { return strings.HasSuffix(y, x) }) {
			return true
		}
	}
	return false
}

// compareEmails finds the best of all pairs. A shared mailbox tells of organizations only.
func (c *Comparison) compareEmails(a, b *Person) {
	best := Missing
	for _, x := range a.Emails {
		for _, y := range b.Emails {
			if (sharedMailbox(x) || sharedMailbox(y)) && (a.hasName() || b.hasName()) {
				continue
			}
			l := emailLevel(x, y)
			if best == Missing || l < best {
				best = l
			}
			if l == Equal {
				c.personal = c.personal || personalMailbox(x, a) || personalMailbox(x, b)
			}
		}
	}
	c.Levels[EmailAddress] = best
}

// personalMailbox says that a mailbox bears the given name of its owner, or begins with its
// initial before the family name, as "thesmiths" does not.
func personalMailbox(email string, p *Person) bool {
	local, _, _ := strings.Cut(email, "@")
	local = separators.Replace(local)
	first, _, _ := strings.Cut(p.Given, " ")
	family := joined(p.Family)
	if len(first) >= 3 && strings.Contains(local, first[:min(len(first), 5)]) {
		return known(first) || len(family) >= 3 && strings.Contains(local, family[:min(len(family), 5)])
	}
	return first != "" && len(family) >= 3 && (strings.HasPrefix(local, first[:1]+family) || strings.HasPrefix(local, family+first[:1]) && !strings.HasPrefix(local, family+"s"))
}

// emailLevel compares addresses. Those that differ in a number are of two people of one
// name.
func emailLevel(x, y string) Level {
	if x == y {
		return Equal
	}
	localX, domainX, _ := strings.Cut(x, "@")
	localY, domainY, _ := strings.Cut(y, "@")
	switch {
	case numbersOf(localX) != numbersOf(localY):
		return Differing
	case domainX == "gmail.com" && domainY == domainX && strings.ReplaceAll(localX, ".", "") == strings.ReplaceAll(localY, ".", ""):
		return Equal // to Google they are one mailbox
	case domainX == domainY && min(len(localX), len(localY)) >= 4 && (oneEdit(localX, localY) || separators.Replace(localX) == separators.Replace(localY)),
		localX == localY && len(localX) >= 5 && oneEdit(domainX, domainY), len(x) >= 9 && oneEdit(x, y):
		return Close
	case localX == localY && len(localX) >= 6:
		return Alike
	}
	return Differing
}

// numbersOf are the digits of a text.
func numbersOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// compareDates compares days written YYYYMMDD, where day and month may have changed places.
func compareDates(a, b string) Level {
	switch {
	case a == "" || b == "":
		return Missing
	case a == b:
		return Equal
	case len(a) != 8 || len(b) != 8:
		return oneOf(oneEdit(a, b), Close, Differing)
	case oneEdit(a, b), a[:4] == b[:4] && a[4:6] == b[6:] && a[6:] == b[4:6]:
		return Close
	case a[:4] == b[:4] && (a[4:6] == b[4:6] || a[6:] == b[6:]), a[4:] == b[4:], yearsApart(a, b) <= 2:
		return Alike
	}
	return Differing
}

// yearsApart says how far the years of two days are from each other.
func yearsApart(a, b string) int {
	x, errX := strconv.Atoi(a[:4])
	y, errY := strconv.Atoi(b[:4])
	if errX != nil || errY != nil {
		return 100
	}
	return max(x-y, y-x)
}

// comparePlaces takes the pair of addresses that agree best.
func (c *Comparison) comparePlaces(a, b *Person) {
	best, had := -1, Comparison{}
	for i := range a.Places {
		for j := range b.Places {
			var p Comparison
			p.comparePlace(&a.Places[i], &b.Places[j])
			if s := p.closeness(); s > best {
				best, had = s, p
			}
		}
	}
	for _, f := range []Field{HouseNumber, StreetName, UnitNumber, PostalCode, CityName} {
		c.Levels[f], c.common[f] = had.Levels[f], had.common[f]
	}
}

// closeness orders pairs of addresses.
func (c *Comparison) closeness() (sum int) {
	for _, f := range []Field{HouseNumber, StreetName, UnitNumber, PostalCode, CityName} {
		sum += [levels]int{Missing: 3, Equal: 6, Close: 5, Alike: 4, Unlike: 2}[c.Levels[f]]
	}
	return sum
}

func (c *Comparison) comparePlace(a, b *Place) {
	c.Levels[HouseNumber] = numberLevel(a.Number, b.Number)
	c.Levels[StreetName] = streetLevel(a, b)
	if c.Levels[StreetName] == Equal {
		c.common[StreetName] = a.Street
	}
	c.Levels[UnitNumber] = unitLevel(a, b)
	c.tryLines(a, b)
	c.Levels[PostalCode] = codeLevel(a.ZIP, b.ZIP)
	c.Levels[CityName] = cityLevel(a.City, b.City)
	if c.is(CityName, Alike) && otherwise(a.State, b.State) {
		c.Levels[CityName] = Unlike // Springfield, Illinois, and Springfield, Missouri
	}
	if otherwise(a.Country, b.Country) { // one name and one code mean two places
		c.Levels[PostalCode], c.Levels[CityName] = Differing, Differing
	}
}

func numberLevel(a, b string) Level {
	switch {
	case a == "" || b == "":
		return Missing
	case a == b:
		return Equal
	case within(a, b) || within(b, a), min(len(a), len(b)) >= 2 && oneEdit(a, b):
		return Close
	case oneEdit(a, b):
		return Alike
	}
	return Differing
}

// within says that a number lies in a range, as 3182 in "3180-82".
func within(number, span string) bool {
	from, to, ok := strings.Cut(span, "-")
	if !ok || !digits(number) || !digits(from) || !digits(to) || len(number) != len(from) || len(to) > len(from) {
		return false
	}
	return from <= number && number <= from[:len(from)-len(to)]+to
}

// streetLevel compares names of streets. Another direction or kind of street is another
// street, unless one of them does not say.
func streetLevel(a, b *Place) Level {
	if a.Street == "" || b.Street == "" {
		return Missing
	}
	l := Differing
	switch s := min(len(a.Street), len(b.Street)); {
	case a.Street == b.Street:
		l = Equal
	case numeric(a.Street) && numeric(b.Street):
		return Differing // 5th, 6th
	case s >= 4 && oneEdit(a.Street, b.Street), joined(a.Street) == joined(b.Street):
		l = Close
	case s >= 4 && similar(a.Street, b.Street) >= 0.86, shareWord(a.Street, b.Street):
		l = Alike
	}
	if l <= Close && (otherwise(a.Dir, b.Dir) || otherwise(a.Suffix, b.Suffix)) {
		l++
		if l == Equal+1 && otherwise(a.Dir, b.Dir) && numeric(a.Street) {
			return Unlike // 100 N 5th St, 100 S 5th St
		}
	}
	return l
}

func otherwise(a, b string) bool { return a != "" && b != "" && a != b }

// unitLevel compares units, or else what the second lines say in words.
func unitLevel(a, b *Place) Level {
	switch {
	case a.Unit != "" && b.Unit != "":
		return oneOf(a.Unit == b.Unit, Equal, Differing)
	case a.Line == "" || b.Line == "":
		return Missing
	case joined(a.Line) == joined(b.Line):
		return Equal
	case similar(a.Line, b.Line) >= 0.9, min(len(a.Line), len(b.Line)) >= 4 && oneEdit(a.Line, b.Line):
		return Close
	case shareWord(a.Line, b.Line), similar(a.Line, b.Line) >= 0.8:
		return Alike
	}
	return Unlike
}

// tryLines compares the street of each with the second line of the other, where the two
// lines have changed places.
func (c *Comparison) tryLines(a, b *Place) {
	if c.is(StreetName, Alike) || a.Line == "" && b.Line == "" {
		return
	}
	for _, p := range [][2]string{{a.Street, b.Line}, {a.Line, b.Street}} {
		if len(p[0]) >= 4 && p[1] != "" && (p[0] == p[1] || shareWord(p[0], p[1]) || oneEdit(p[0], p[1])) {
			c.Levels[StreetName] = Alike
			if c.Levels[HouseNumber] == Differing {
				c.Levels[HouseNumber] = Missing
			}
			return
		}
	}
}

func codeLevel(a, b string) Level {
	switch {
	case a == "" || b == "":
		return Missing
	case a == b:
		return Equal
	case oneEdit(a, b):
		return Close
	case len(a) >= 3 && len(b) >= 3 && a[:3] == b[:3]:
		return Unlike
	}
	return Differing
}

func cityLevel(a, b string) Level {
	switch {
	case a == "" || b == "":
		return Missing
	case a == b:
		return Equal
	case min(len(a), len(b)) >= 4 && oneEdit(a, b), joined(a) == joined(b):
		return Close
	case min(len(a), len(b)) >= 4 && similar(a, b) >= 0.86, shareWord(a, b):
		return Alike
	}
	return Differing
}
