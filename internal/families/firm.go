package families

import (
	"fmt"
	"strings"
)

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
	if w.chance(legalShare) {
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
	numbered := w.chance(numberedBranches)
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
