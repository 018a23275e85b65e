package shop

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
)

// crm is what the shop knows of its HubSpot account.
type crm struct {
	emails   map[string]bool // in use by a contact
	contacts []*contact
}

// contact is one contact as its people made it.
type contact struct {
	id     string
	person *Person
	gone   bool
	lead   bool
}

var crmUsers = []hubspot.Author{hubspot.Person(4711), hubspot.Person(4712)}

// seedCRM puts half of the people with customer records into HubSpot as they
// are known there, some twice, and leads of its own beside them.
func (s *Shop) seedCRM() error {
	for _, p := range slices.Clone(s.story.People) {
		if len(p.Customers) == 0 || !often(s.rng, 50) {
			continue
		}
		if _, err := s.contact(p, true); err != nil {
			return err
		}
		s.tally("crm/known under another spelling")
		if often(s.rng, 20) {
			if _, err := s.contact(p, false); err != nil {
				return err
			}
			s.tally("crm/known twice")
		}
	}
	for range 2 + s.opts.Past/4 {
		if _, err := s.lead(); err != nil {
			return err
		}
	}
	return nil
}

// contact makes a contact of a person, with another spelling of nearly
// everything.
func (s *Shop) contact(p *Person, whole bool) (*contact, error) {
	first := p.First
	if often(s.rng, 50) {
		first = nickname(first)
	}
	values := map[string]string{"firstname": first, "lastname": p.Last}
	if often(s.rng, 20) {
		values["lastname"] = strings.ToUpper(p.Last)
	}
	if len(p.Phones) > 0 {
		values[some(s.rng, []string{"phone", "mobilephone"})] = s.spelled(p.Phones[0])
	}
	if whole && len(p.Emails) > 0 && !s.crm.emails[p.Emails[0]] {
		s.crm.emails[p.Emails[0]] = true
		values["email"] = strings.ToUpper(p.Emails[0][:1]) + p.Emails[0][1:]
	}
	if whole && len(p.Addresses) > 0 {
		a := p.Addresses[0]
		values["address"], values["city"], values["state"], values["zip"] = longForm(a.Street), a.City, a.State, a.Zip
	}
	if p.Company != "" {
		values["company"] = p.Company
	}
	id, err := s.opts.HubSpot.Create("contacts", values, some(s.rng, crmUsers))
	if err != nil {
		return nil, err
	}
	c := &contact{id: id, person: p}
	p.Contacts = append(p.Contacts, id)
	s.crm.contacts = append(s.crm.contacts, c)
	return c, nil
}

// lead is somebody whom only the CRM knows.
func (s *Shop) lead() (*contact, error) {
	p := s.person(Prospect)
	s.line(Mobile, p)
	s.mail(p)
	c, err := s.contact(p, true)
	if err != nil {
		return nil, err
	}
	c.lead = true
	s.story.Leads = append(s.story.Leads, c.id)
	s.tally("crm/lead")
	return c, nil
}

// known picks a contact that is there and fits.
func (s *Shop) known(fits func(*contact) bool) *contact {
	for _, i := range s.rng.Perm(len(s.crm.contacts)) {
		if c := s.crm.contacts[i]; !c.gone && fits(c) {
			return c
		}
	}
	return nil
}

func customers(c *contact) bool { return !c.lead }

func (s *Shop) crmAct(a CRMAct) {
	a.At = s.now
	s.story.CRM = append(s.story.CRM, a)
	s.tally("crm/" + string(a.Kind))
}

// edit changes one value of a customer's contact.
func (s *Shop) edit(property string, value func(*Person) string) error {
	c := s.known(customers)
	if c == nil {
		return nil
	}
	v := value(c.person)
	s.crmAct(CRMAct{Kind: CRMEdit, Person: c.person.ID, Contact: c.id, Property: property, Value: v})
	return s.opts.HubSpot.Edit("contacts", c.id, map[string]string{property: v}, some(s.rng, crmUsers))
}

func (s *Shop) editPhone() error {
	return s.edit("mobilephone", func(p *Person) string { return s.spelled(s.line(Mobile, p)) })
}

func (s *Shop) editEmail() error {
	return s.edit("email", func(p *Person) string {
		e := s.mail(p)
		s.crm.emails[e] = true
		return e
	})
}

func (s *Shop) editName() error {
	return s.edit("firstname", func(p *Person) string { return p.First + " J." })
}

func (s *Shop) optOutOfEmail() error {
	return s.edit("hs_email_optout", func(*Person) string { return "true" })
}

// mergeContacts joins the two contacts of one person; where nobody has two,
// somebody makes the second by hand first.
func (s *Shop) mergeContacts() error {
	a := s.known(func(c *contact) bool { return customers(c) && s.second(c) != nil })
	if a == nil {
		a = s.known(customers)
		if a == nil {
			return nil
		}
		b, err := s.contact(a.person, false)
		if err != nil {
			return err
		}
		s.crmAct(CRMAct{Kind: CRMCreate, Person: a.person.ID, Contact: b.id})
		s.after(time.Hour, s.mergeContacts)
		return nil
	}
	b := s.second(a)
	to, err := s.opts.HubSpot.Merge("contacts", a.id, b.id, some(s.rng, crmUsers))
	if err != nil {
		return err
	}
	s.crmAct(CRMAct{Kind: CRMMerge, Person: a.person.ID, Contact: a.id, Other: b.id, Result: to})
	a.id, b.gone = to, true
	a.person.Contacts = append(a.person.Contacts, to)
	return nil
}

func (s *Shop) second(c *contact) *contact {
	for _, d := range s.crm.contacts {
		if d != c && d.person == c.person && !d.gone {
			return d
		}
	}
	return nil
}

func (s *Shop) deleteContact() error {
	c := s.known(func(c *contact) bool { return c.lead != often(s.rng, 50) })
	if c == nil {
		return nil
	}
	c.gone = true
	who := c.person.ID
	if c.lead {
		who = ""
	}
	s.crmAct(CRMAct{Kind: CRMDelete, Person: who, Contact: c.id})
	return s.opts.HubSpot.Archive("contacts", c.id)
}

func (s *Shop) createLead() error {
	c, err := s.lead()
	if err == nil {
		s.crmAct(CRMAct{Kind: CRMCreate, Contact: c.id})
	}
	return err
}

// createAndBook is somebody entered by hand who books a few hours later.
func (s *Shop) createAndBook() error {
	p, home := s.person(Homeowner), s.place()
	phone, email := s.line(Mobile, p), s.mail(p)
	c, err := s.contact(p, true)
	if err != nil {
		return err
	}
	s.crmAct(CRMAct{Kind: CRMCreate, Person: p.ID, Contact: c.id})
	s.tally("crm/lead who books")
	seed, at := s.rng.Uint64(), slot{s.dayOf(s.now) + 1, s.trucks[0], 16}
	s.after(2*time.Hour, func() error {
		k := s.enroll(p, housecallpro.Customer{Mobile: phone, Email: email, Addresses: []housecallpro.Address{home}})
		return s.start(k, plot{name: "repair of a lead", kind: Repair, bill: "same day"}, at, seed)
	})
	return nil
}

// standard are properties that are people's own, whoever wrote them last.
var standard = []string{"phone", "mobilephone", "zip", "amount", "closedate", "createdate", "lastmodifieddate", "hubspot_owner_id"}

// drift changes a number that another app wrote into a contact: somebody
// tidied up where they should not have. What the form refuses stays.
func (s *Shop) drift() error {
	var found []CRMAct
	for _, o := range s.opts.HubSpot.Objects("contacts") {
		if o.Archived {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(o.Properties)) {
			if n, ok := written(o, name); ok {
				found = append(found, CRMAct{Kind: CRMDrift, Person: s.holder(o), Contact: o.ID, Property: name, Value: fmt.Sprint(n + 100)})
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	// How much there is to draw from is the program's doing, so the shop's own chance stays out of it.
	a := some(rand.New(rand.NewPCG(s.opts.Seed, uint64(s.now.UnixNano()))), found)
	if err := s.opts.HubSpot.Edit("contacts", a.Contact, map[string]string{a.Property: a.Value}, crmUsers[0]); err == nil {
		s.crmAct(a)
	}
	return nil
}

// written is the number that another app wrote last into a property.
func written(o hubspot.Object, name string) (int64, bool) {
	h := o.History[name]
	if len(h) == 0 || h[0].By.SourceType != "INTEGRATION" || slices.Contains(standard, name) || strings.HasPrefix(name, "hs_") || strings.HasSuffix(name, "_key") {
		return 0, false
	}
	n, err := strconv.ParseFloat(o.Properties[name], 64)
	return int64(n), err == nil
}

// holder is the person of a contact, as far as the shop knows it.
func (s *Shop) holder(o hubspot.Object) string {
	for _, c := range s.crm.contacts {
		if c.id == o.ID && !c.lead {
			return c.person.ID
		}
	}
	return ""
}
