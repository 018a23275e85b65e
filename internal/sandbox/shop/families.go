package shop

import (
	"fmt"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
)

// The groups of people that make it hard to say who is who. Each makes its
// customer records and returns them, the one who books first.

type group func(*Shop) ([]*client, error)

var groups = map[string]group{
	"homeowner": (*Shop).homeowner,
	"couple":    (*Shop).couple,
	"juniors":   (*Shop).juniors,
	"landlord":  (*Shop).landlord,
	"manager":   (*Shop).manager,
	"nickname":  (*Shop).nickname,
	"roommates": (*Shop).roommates,
	"house":     (*Shop).houseSold,
	"misdialed": (*Shop).misdialed,
}

// hardOnes are the groups of the past beside plain homeowners, in an order
// that is shuffled.
var hardOnes = []string{"couple", "juniors", "landlord", "manager", "nickname", "roommates", "house", "misdialed"}

func (s *Shop) homeowner() ([]*client, error) {
	p := s.person(Homeowner)
	c := housecallpro.Customer{Mobile: s.aMobile(p), Addresses: []housecallpro.Address{s.place()}}
	if often(s.rng, 75) {
		c.Email = s.mail(p)
	}
	if often(s.rng, 25) {
		c.Home = s.line(Landline, p)
	}
	return []*client{s.enroll(p, c)}, nil
}

// couple is two people with one phone and one house, each with a record.
func (s *Shop) couple() ([]*client, error) {
	a := s.person(Homeowner)
	b := s.relative(a, some(s.rng, []string{"Alice", "Irene", "Walter", "Howard", "Lucille"}), a.Last)
	phone, home := s.line(Mobile, a, b), s.place()
	s.tally("people/couple with one phone")
	first := s.enroll(a, housecallpro.Customer{Mobile: phone, Email: s.mail(a), Addresses: []housecallpro.Address{home}})
	second := s.enroll(b, housecallpro.Customer{Mobile: phone, Addresses: []housecallpro.Address{home}})
	return []*client{first, second}, nil
}

// juniors is a father and a son of one name in one house.
func (s *Shop) juniors() ([]*client, error) {
	a := s.person(Homeowner)
	b := s.relative(a, a.First, a.Last+" Jr")
	home := s.place()
	s.tally("people/junior")
	father := s.enroll(a, housecallpro.Customer{Mobile: s.line(Mobile, a), Addresses: []housecallpro.Address{home}})
	son := s.enroll(b, housecallpro.Customer{Mobile: s.line(Mobile, b), Email: s.mail(b), Addresses: []housecallpro.Address{home}})
	return []*client{son, father}, nil
}

// landlord owns two houses with a tenant in each.
func (s *Shop) landlord() ([]*client, error) {
	p := s.person(Landlord)
	c := housecallpro.Customer{Mobile: s.line(Mobile, p), Email: s.mail(p), Addresses: []housecallpro.Address{s.place(), s.place()}}
	k := s.enroll(p, c)
	for _, a := range k.addresses {
		s.movesIn(k, a)
	}
	s.tally("people/landlord")
	return []*client{k}, nil
}

// movesIn puts a tenant into an address; the office writes it down.
func (s *Shop) movesIn(k *client, a housecallpro.Address) {
	t := s.person(Tenant)
	phone := s.line(Mobile, t)
	t.Addresses = append(t.Addresses, a)
	k.tenants[a.ID] = t
	s.act(OfficeAct{Kind: ActOccupant, Customer: k.id, Person: t.ID, Phone: phone, Address: a.ID})
}

// manager is a company with six units in one street.
func (s *Shop) manager() ([]*client, error) {
	p := s.person(Manager)
	p.Company = p.Last + " Property Management"
	building := s.place()
	var units []housecallpro.Address
	for i := range 6 {
		u := building
		u.Line2 = fmt.Sprintf("Unit %d", 101+i)
		units = append(units, u)
	}
	c := housecallpro.Customer{Company: p.Company, Mobile: s.line(Mobile, p), Work: s.line(Landline, p), Email: s.mail(p), Addresses: units}
	k := s.enroll(p, c)
	for _, a := range k.addresses[:3] {
		s.movesIn(k, a)
	}
	s.tally("people/manager")
	return []*client{k}, nil
}

// nickname is one person in two records, under the two forms of the name.
func (s *Shop) nickname() ([]*client, error) {
	p := s.person(Homeowner)
	for nicknames[p.First] == "" {
		p.First, p.Spanish = some(s.rng, firstNames), false
	}
	phone, home := s.line(Mobile, p), s.place()
	a := s.enroll(p, housecallpro.Customer{Mobile: phone, Email: s.mail(p), Addresses: []housecallpro.Address{home}})
	home.Street = longForm(home.Street)
	b := s.enroll(p, housecallpro.Customer{FirstName: nicknames[p.First], LastName: p.Last, Home: phone, Addresses: []housecallpro.Address{home}})
	s.twins(a, b, "nickname", true)
	return []*client{b, a}, nil
}

func (s *Shop) twins(a, b *client, how string, clear bool) {
	a.twin, b.twin = true, true
	s.story.Twins = append(s.story.Twins, Twin{A: a.id, B: b.id, Person: a.person.ID, How: how, Clear: clear})
	s.tally("people/one person twice: " + how)
	if !clear || often(s.rng, 30) {
		s.act(OfficeAct{Kind: ActSame, Customer: a.id, Other: b.id, Person: a.person.ID})
		s.tally("office/same")
	}
}

// roommates are two people of different names who gave the number of one.
func (s *Shop) roommates() ([]*client, error) {
	a, b := s.person(Homeowner), s.person(Homeowner)
	phone := s.line(Mobile, a, b)
	first := s.enroll(a, housecallpro.Customer{Mobile: phone, Addresses: []housecallpro.Address{s.place()}})
	second := s.enroll(b, housecallpro.Customer{Mobile: phone, Email: s.mail(b), Addresses: []housecallpro.Address{s.place()}})
	s.act(OfficeAct{Kind: ActDifferent, Customer: first.id, Other: second.id})
	s.tally("people/strangers with one phone")
	s.tally("office/different")
	return []*client{first, second}, nil
}

// houseSold is a house whose owner moved on; the new one is a customer too.
func (s *Shop) houseSold() ([]*client, error) {
	a, b := s.person(Homeowner), s.person(Homeowner)
	home, next := s.place(), s.place()
	former := s.enroll(a, housecallpro.Customer{Mobile: s.line(Mobile, a), Email: s.mail(a), Addresses: []housecallpro.Address{home}})
	if err := s.field.UpdateCustomer(former.id, func(c *housecallpro.Customer) {
		c.Addresses = append(c.Addresses, next)
		former.addresses = nil
	}); err != nil {
		return nil, err
	}
	for _, c := range s.field.Customers() {
		if c.ID == former.id {
			former.addresses = c.Addresses[1:]
			a.Addresses = append(a.Addresses, c.Addresses[1:]...)
		}
	}
	owner := s.enroll(b, housecallpro.Customer{Mobile: s.line(Mobile, b), Addresses: []housecallpro.Address{home}})
	s.tally("people/house sold")
	return []*client{owner, former}, nil
}

// misdialed is a customer whose number was written down wrongly: it is a
// stranger's.
func (s *Shop) misdialed() ([]*client, error) {
	p, stranger := s.person(Homeowner), s.person(Stranger)
	s.line(Mobile, p)
	wrong := s.line(Mobile, stranger)
	k := s.enroll(p, housecallpro.Customer{Mobile: wrong, Email: s.mail(p), Addresses: []housecallpro.Address{s.place()}})
	s.tally("people/wrong number on file")
	return []*client{k}, nil
}

// again makes a second record of somebody who has one: booked online, under a
// second phone or with a typo in the name.
func (s *Shop) again(k *client) *client {
	p, home := k.person, k.addresses[0]
	home.ID = ""
	if often(s.rng, 50) {
		second := s.line(Mobile, p)
		c := housecallpro.Customer{Mobile: second, LeadSource: "Online booking", Addresses: []housecallpro.Address{home}}
		if len(p.Emails) > 0 {
			c.Email = p.Emails[0]
		}
		b := s.enroll(p, c)
		s.twins(k, b, "two phones", c.Email != "")
		return b
	}
	home.Street = longForm(home.Street)
	b := s.enroll(p, housecallpro.Customer{
		FirstName: typo(p.First), LastName: p.Last, Mobile: k.mobile, LeadSource: "Online booking", Addresses: []housecallpro.Address{home},
	})
	s.twins(k, b, "typo", true)
	return b
}
