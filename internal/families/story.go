package families

import (
	"fmt"
	"strings"
)

// stories are what the population is made of, each with its share of a
// thousand. A story makes one or a few households; buildings and managed units
// make many, so that more than a quarter of the households are tenants.
var stories = []struct {
	name  string
	share int
	make  func(*world)
}{
	{"single", 250, (*world).single},
	{"couple", 300, (*world).couple},
	{"children", 130, (*world).children},
	{"twins", 20, (*world).twins},
	{"father and son", 30, (*world).fatherAndSon},
	{"married", 40, (*world).married},
	{"moved", 80, (*world).moved},
	{"building", 20, (*world).building},
	{"landlord", 10, (*world).landlord},
	{"manager", 3, (*world).manager},
	{"namesakes", 30, (*world).namesakes},
	{"recycled number", 20, (*world).recycledNumber},
	{"organization", 45, (*world).organization},
	{"branches", 10, (*world).branches},
	{"contact", 12, (*world).contact},
}

const (
	// Of couples: who has a landline; who of the others have one mobile for
	// both; who have one mailbox for both. Landlines are rarer in life (a
	// quarter of US adults) but stay in the files of firms for decades.
	landlineShare  = 0.35
	oneMobileShare = 0.20
	oneMailbox     = 0.40
	// Of all people: who has a mailbox of their own where none is shared.
	ownMailbox = 0.85
	// Of couples: who bear two family names.
	twoFamilyNames = 0.15
	// Of fathers and sons: the son bears III after a father Jr, else Jr after
	// a father Sr; they live at one address; the son has a phone of his own.
	thirdShare       = 0.15
	sonAtHome        = 0.50
	sonHasOwnPhone   = 0.70
	sonSharesInitial = 0.80
	// Of those who marry: who join the names with a hyphen; who keep the
	// mailbox, which has the former name in it; who had another home before.
	hyphenAfterWedding = 0.15
	keepsMailbox       = 0.75
	movesAtWedding     = 0.80
	// Of homes that somebody moved out of: the next who lives there has the
	// same family name, or the same phone number (a line that stayed with the
	// house, or a recycled mobile).
	nextHasSameName  = 0.06
	nextHasSamePhone = 0.06
	keepsPhone       = 0.85 // of those who move
	// Of tenants: whose records bear the phone and the mailbox of the manager,
	// who called for them.
	managerPhone   = 0.60
	managerMailbox = 0.45
	// Of organizations: which have a suite; which write from a personal
	// mailbox; whose contact has a mobile.
	suiteShare      = 0.25
	personalMailbox = 0.15
	contactMobile   = 0.50
	// Of people: who have a middle initial that some sources tell.
	middleShare = 0.60
	// Of buildings of a manager, the largest.
	mostUnits = 80
)

// A subject is one that records are told of: a person or an organization.
type subject struct {
	id, household, story string // truth
	given, middle        string
	family, suffix       string
	born                 string // 1970-01-31; empty of an organization
	organization, legal  string // name and legal form
	contact              string // given and family name, told with an organization
	employer             string // organization that some records of a person name
	phones, mailboxes    []string
	homes                []place
	before               *subject // as told before a wedding or a move
}

// A world makes subjects by seed. It holds no more than the story that is
// being told, the counters of what was handed out and a hash of each mailbox.
type world struct {
	*dice
	cities   []*city
	phones   phones
	taken    map[uint64]bool // hashes of mailboxes
	story    string
	subjects []*subject // of this story
	sequence map[string]int
	families int // households and organizations so far
}

func newWorld(seed uint64) *world {
	d := newDice(seed, 1)
	cities := newCities(d)
	return &world{dice: d, cities: cities, phones: newPhones(d, cities), taken: map[uint64]bool{}, sequence: map[string]int{}}
}

// next tells one more story and returns whom it made.
func (w *world) next() []*subject {
	w.subjects = w.subjects[:0]
	s := stories[w.shares(storyShares)]
	w.story = s.name
	s.make(w)
	return w.subjects
}

var storyShares = func() (out []int) {
	for _, s := range stories {
		out = append(out, s.share)
	}
	return out
}()

func (w *world) id(kind string) string {
	w.sequence[kind]++
	return fmt.Sprintf("%s%d", kind, w.sequence[kind])
}

func (w *world) city() *city {
	// The first third of the cities has two thirds of the customers.
	if w.chance(0.67) {
		return w.cities[w.below(len(w.cities)/3)]
	}
	return pick(w.dice, w.cities)
}

func (w *world) build(c *city) place { return c.build(w.id("a")) }

func (w *world) phone(c *city) string { return w.phones.take(pick(w.dice, c.areas)) }

// A home is a household with what its members share.
type home struct {
	household string
	place     place
	family    string
	landline  string
	mobile    string // one for all, where they have no more
	mailbox   string // likewise
}

func (w *world) home(c *city) *home { return w.homeAt(w.build(c)) }

func (w *world) homeAt(p place) *home {
	w.families++
	return &home{household: w.id("h"), place: p, family: w.familyName()}
}

// person adds a member of a home, with a phone and a mailbox.
func (w *world) person(h *home, given, family string, born int) *subject {
	s := &subject{
		id: w.id("p"), household: h.household, story: w.story, given: given, family: family,
		born: w.birthday(born), homes: []place{h.place},
	}
	if w.chance(middleShare) {
		s.middle = string(rune('A' + w.below(26)))
	}
	if h.mobile != "" {
		s.phones = append(s.phones, h.mobile)
	} else {
		s.phones = append(s.phones, w.phone(h.place.city))
	}
	if h.landline != "" {
		s.phones = append(s.phones, h.landline)
	}
	switch {
	case h.mailbox != "":
		s.mailboxes = append(s.mailboxes, h.mailbox)
	case w.chance(ownMailbox):
		s.mailboxes = append(s.mailboxes, w.mailbox(given, family))
	}
	w.subjects = append(w.subjects, s)
	return s
}

func (w *world) birthday(year int) string {
	return fmt.Sprintf("%d-%02d-%02d", year, w.between(1, 12), w.between(1, 28))
}

func (w *world) adultYear() int { return w.between(1938, 1999) }

var mailProviders = names("gmail.com yahoo.com hotmail.com outlook.com icloud.com aol.com comcast.net msn.com att.net")

// mailbox makes one that nobody else has.
func (w *world) mailbox(given, family string) string {
	g, f := plain(given), plain(family)
	local := []string{g + "." + f, g + f, g[:1] + f, f + "." + g, g + "_" + f, f + g[:1], g}[w.shares([]int{30, 25, 20, 5, 8, 7, 5})]
	if w.chance(0.4) {
		local += fmt.Sprint(w.between(1, 99))
	}
	return w.free(local, mailProviders.draw(w.dice))
}

// free adds a number to the name of a mailbox until nobody has it.
func (w *world) free(local, domain string) string {
	box := local + "@" + domain
	for w.taken[hash(box)] {
		box = fmt.Sprint(local, w.between(100, 99_999), "@", domain)
	}
	w.taken[hash(box)] = true
	return box
}

func hash(s string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// plain keeps the lower-case letters and digits.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

// single: one person in one home.
func (w *world) single() {
	h := w.home(w.city())
	w.person(h, w.givenName(w.chance(0.5)), h.family, w.adultYear())
}

// couple: one household and two persons, who may share a landline or one
// mobile, and a mailbox.
func (w *world) couple() {
	h := w.home(w.city())
	w.share(h)
	w.spouses(h)
}

// share gives a home a phone or a mailbox for all.
func (w *world) share(h *home) {
	if w.chance(landlineShare) {
		h.landline = w.phone(h.place.city)
	} else if w.chance(oneMobileShare) {
		h.mobile = w.phone(h.place.city)
	}
	if w.chance(oneMailbox) {
		h.mailbox = w.free("the"+plain(h.family)+"s", mailProviders.draw(w.dice))
	}
}

func (w *world) spouses(h *home) (a, b *subject) {
	year := w.adultYear()
	a = w.person(h, w.givenName(false), h.family, year)
	family := h.family
	if w.chance(twoFamilyNames) {
		family = w.familyName()
	}
	b = w.person(h, w.givenName(true), family, year+w.between(-6, 6))
	return a, b
}

// children: a couple with one to three children of age at home, who give the
// phone of the home or their own.
func (w *world) children() {
	h := w.home(w.city())
	w.share(h)
	a, b := w.spouses(h)
	used := map[string]bool{a.given: true, b.given: true}
	for range w.between(1, 3) {
		given := w.givenName(w.chance(0.5))
		if !used[given] {
			used[given] = true
			w.person(h, given, h.family, w.between(1990, 2007))
		}
	}
}

// twins: two persons with one birth date and address, and names that differ,
// some by little.
func (w *world) twins() {
	h := w.home(w.city())
	w.share(h)
	given := pick(w.dice, twinNames)
	if w.chance(0.5) {
		given = [2]string{w.givenName(true), w.givenName(false)}
	}
	year := w.between(1950, 2007)
	a := w.person(h, given[0], h.family, year)
	b := w.person(h, given[1], h.family, year)
	b.born = a.born
}

// fatherAndSon: two persons of one name.
func (w *world) fatherAndSon() {
	c := w.city()
	h := w.home(c)
	w.share(h)
	given, year := w.givenName(false), w.between(1938, 1965)
	father := w.person(h, given, h.family, year)
	father.suffix = "Sr"
	son := h
	if !w.chance(sonAtHome) {
		son = w.home(c)
		son.family = h.family
	} else if h.mobile == "" && !w.chance(sonHasOwnPhone) {
		h.mobile = father.phones[0]
	}
	s := w.person(son, given, h.family, year+w.between(19, 38))
	s.suffix = "Jr"
	if w.chance(thirdShare) {
		father.suffix, s.suffix = "Jr", "III"
	}
	if w.chance(sonSharesInitial) {
		s.middle = father.middle
	}
}

// married: one person who is told of before and after the wedding, under two
// family names.
func (w *world) married() {
	c := w.city()
	h := w.home(c)
	w.share(h)
	_, b := w.spouses(h)
	former := *b
	former.family = w.familyName()
	former.mailboxes = []string{w.mailbox(b.given, former.family)}
	if w.chance(movesAtWedding) {
		former.homes = []place{w.build(c)}
	}
	former.phones = b.phones[:1]
	if h.mobile != "" {
		former.phones = []string{w.phone(c)} // and shares the spouse's from then on
	}
	b.before = &former
	b.family = h.family
	if w.chance(hyphenAfterWedding) {
		b.family = former.family + "-" + h.family
	}
	if w.chance(keepsMailbox) {
		b.mailboxes = former.mailboxes
	}
}

// moved: a household that is told of at two addresses, and another that lives
// at the old one now.
func (w *world) moved() {
	c := w.city()
	h := w.home(c)
	w.share(h)
	if w.chance(0.5) {
		w.person(h, w.givenName(w.chance(0.5)), h.family, w.adultYear())
	} else {
		w.spouses(h)
	}
	movers := w.subjects
	old, now := h.place, w.build(c)
	line := h.landline
	keeps := w.chance(keepsPhone)
	for _, m := range movers {
		former := *m
		m.before = &former
		m.homes = []place{now}
		if line != "" {
			m.phones = m.phones[:1] // the landline stays behind
		}
		if !keeps && h.mobile == "" {
			m.phones = []string{w.phone(c)}
		}
	}
	next := w.homeAt(old)
	if w.chance(nextHasSameName) {
		next.family = h.family
	}
	n := w.person(next, w.givenName(w.chance(0.5)), next.family, w.adultYear())
	if !w.chance(nextHasSamePhone) {
		return
	}
	switch {
	case line != "":
		n.phones = append(n.phones, line)
	case !keeps:
		n.phones = []string{movers[0].before.phones[0]}
	}
}

// building: tenants at one street address, in units of their own, with nothing
// else in common.
func (w *world) building() {
	p := w.build(w.city())
	for i := range w.between(4, 24) {
		w.tenant(w.unitOf(p, i))
	}
}

// unitOf is the i-th unit of a building, a property of its own.
func (w *world) unitOf(p place, i int) place {
	p.id = w.id("a")
	p.unit = fmt.Sprint(100*(1+i/8) + 1 + i%8)
	if p.number%2 == 0 {
		p.unit = fmt.Sprint(1+i/4, string(rune('A'+i%4)))
	}
	return p
}

func (w *world) tenant(p place) *subject {
	h := w.homeAt(p)
	return w.person(h, w.givenName(w.chance(0.5)), h.family, w.adultYear())
}

// landlord: a person with up to six houses; the tenants are persons of their
// own, for whom the landlord calls.
func (w *world) landlord() {
	c := w.city()
	h := w.home(c)
	l := w.person(h, w.givenName(w.chance(0.5)), h.family, w.adultYear())
	box := w.mailbox(l.given, l.family)
	l.mailboxes = []string{box}
	for range w.between(2, 6) {
		w.managed(w.tenant(w.build(c)), l.phones[0], box)
	}
}

// manager: an organization with up to 80 units under one phone and one
// mailbox; the tenants are persons of their own. Its own records name the
// office or one of the buildings.
func (w *world) manager() {
	c := w.city()
	m := w.firm(c, pick(w.dice, nameStarts.values)+pick(w.dice, []string{" Property Management", " Realty", " Rentals", " Apartments"}))
	p := w.build(c)
	for i := range w.between(6, mostUnits) {
		if i%20 == 0 && i > 0 {
			p = w.build(c)
		}
		w.managed(w.tenant(w.unitOf(p, i%20)), m.phones[0], m.mailboxes[0])
	}
	building := p
	building.id = w.id("a")
	m.homes = append(m.homes, building)
}

// managed puts a tenant under the phone and mailbox of who called.
func (w *world) managed(tenant *subject, phone, mailbox string) {
	if w.chance(managerPhone) {
		tenant.phones = append([]string{phone}, tenant.phones[:w.below(2)]...)
	}
	if w.chance(managerMailbox) {
		tenant.mailboxes = []string{mailbox}
	}
}

// namesakes: two unrelated persons of one common full name in one city.
func (w *world) namesakes() {
	c := w.city()
	woman := w.chance(0.5)
	given, family := w.givenName(woman), familyNames.draw(w.dice)
	for range 2 {
		h := w.home(c)
		w.person(h, given, family, w.adultYear())
	}
}

// recycledNumber: two unrelated persons, the second of whom was given the
// number that the first had before.
func (w *world) recycledNumber() {
	c := w.city()
	for range 2 {
		h := w.home(c)
		w.person(h, w.givenName(w.chance(0.5)), h.family, w.adultYear())
	}
	first, second := w.subjects[0], w.subjects[1]
	former := *first
	first.before = &former
	first.phones = []string{w.phone(c)}
	second.phones = []string{former.phones[0]}
}

var (
	trades = names(`Dental Auto Bakery Grill Cafe Realty Insurance Roofing Electric Fitness Pharmacy Hardware
		Landscaping Law Florist Brewing Veterinary Storage Motel Church School Daycare Salon Printing Bank`)
	legalForms = []string{"LLC", "Inc", "Co", "Corp"}
	districts  = []string{"North", "South", "East", "West", "Downtown", "Airport", "Midtown", "Riverside"}
	roleBoxes  = []string{"info", "office", "contact", "admin", "billing"}
)

// firm adds an organization with a switchboard and, mostly, a role mailbox.
func (w *world) firm(c *city, name string) *subject {
	w.families++
	id := w.id("o")
	s := &subject{
		id: id, household: id, story: w.story, organization: name,
		phones: []string{w.phone(c)}, homes: []place{w.build(c)},
	}
	if w.chance(0.6) {
		s.legal = pick(w.dice, legalForms)
	}
	if w.chance(suiteShare) {
		s.homes[0].unit = fmt.Sprint(w.between(1, 9) * 100)
	}
	given, family := w.givenName(w.chance(0.5)), w.familyName()
	s.contact = given + "/" + family
	if w.chance(contactMobile) {
		s.phones = append(s.phones, w.phone(c))
	}
	if w.chance(personalMailbox) {
		s.mailboxes = []string{w.mailbox(given, family)}
	} else {
		domain := w.free(plain(name), "com")
		s.mailboxes = []string{pick(w.dice, roleBoxes) + "@" + strings.Replace(domain, "@", ".", 1)}
	}
	w.subjects = append(w.subjects, s)
	return s
}

func (w *world) tradeName() string {
	if w.chance(0.5) {
		return w.oneFamilyName() + " " + trades.draw(w.dice)
	}
	return streetNames.draw(w.dice) + pick(w.dice, []string{" Street ", " Creek ", " City ", " "}) + trades.draw(w.dice)
}

func (w *world) organization() { w.firm(w.city(), spaced(w.tradeName())) }

// branches: organizations with a number or a district in the name under one
// switchboard and one mailbox. Each is one of its own.
func (w *world) branches() {
	c := w.city()
	name := spaced(w.tradeName())
	numbered := w.chance(0.5)
	first := w.below(len(districts))
	var head *subject
	for i := range w.between(2, 6) {
		branch := fmt.Sprint(" #", i+1)
		if !numbered {
			branch = " " + districts[(first+i)%len(districts)]
		}
		b := w.firm(c, name+branch)
		if head == nil {
			head = b
			b.phones = b.phones[:1]
			continue
		}
		b.legal, b.phones, b.mailboxes = head.legal, head.phones, head.mailboxes
	}
}

// contact: a firm, and the person who speaks for it, who is a customer at home
// as well. What is told of the firm at its address is the firm's, under
// whatever name; what is told at the home is the person's, even where it names
// the firm as employer.
func (w *world) contact() {
	c := w.city()
	f := w.firm(c, spaced(w.tradeName()))
	h := w.home(c)
	p := w.person(h, w.givenName(w.chance(0.5)), h.family, w.adultYear())
	p.employer = f.organization
	f.contact = p.given + "/" + p.family
	f.phones = []string{f.phones[0], p.phones[0]}
}
