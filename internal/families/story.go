package families

import (
	"fmt"
	"slices"
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
	// Of twins: who have names that sound alike.
	alikeTwins = 0.50
	// Of fathers and sons: the son bears III after a father Jr, else Jr after
	// a father Sr; they live at one address; the son has a phone of his own;
	// both have the same middle initial.
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
	coupleMoves      = 0.50 // rather than one who lives alone
	// Of tenants: whose records bear the phone and the mailbox of the manager,
	// who called for them.
	managerPhone   = 0.60
	managerMailbox = 0.45
	// Of organizations: which have a suite; which bear a legal form; which
	// write from a personal mailbox; whose contact has a mobile.
	suiteShare      = 0.25
	legalShare      = 0.60
	personalMailbox = 0.15
	contactMobile   = 0.50
	// Of organizations with branches: whose have numbers, not districts.
	numberedBranches = 0.50
	// Of people: who have a middle initial that some sources tell.
	middleShare = 0.60
	// Of mailboxes: which have a number behind the name.
	numberInMailbox = 0.40
	// Of all stories: which happen in the first third of the cities.
	largeCities = 0.67
	// Of buildings of a manager, the largest.
	mostUnits = 80
)

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
	used := []string{a.given, b.given}
	for range w.between(1, 3) {
		given := w.givenName(w.chance(0.5))
		if !slices.ContainsFunc(used, func(other string) bool { return oneName(given, other) }) {
			used = append(used, given)
			w.person(h, given, h.family, w.between(1990, 2007))
		}
	}
}

// oneName reports whether two given names may be of one person: nobody could
// tell Robert and Bobby of one home apart.
func oneName(a, b string) bool {
	return a == b || slices.Contains(nicknames[a], b) || slices.Contains(nicknames[b], a)
}

// twins: two persons with one birth date and address, and names that differ,
// some by little.
func (w *world) twins() {
	h := w.home(w.city())
	w.share(h)
	given := [2]string{w.givenName(true), w.givenName(false)}
	if w.chance(alikeTwins) {
		given = pick(w.dice, twinNames)
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
	if w.chance(coupleMoves) {
		w.spouses(h)
	} else {
		w.person(h, w.givenName(w.chance(0.5)), h.family, w.adultYear())
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
