package shop

import (
	"fmt"
	"strings"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

// client is one customer record of Housecall Pro and what the shop knows of it.
type client struct {
	id        string
	person    *Person
	mobile    string // as recorded
	addresses []housecallpro.Address
	tenants   map[string]*Person // by address id
	open      int                // jobs under way
	jobs      []*job
	twin      bool // one of two records of a person
	offers    int  // estimates, ever
	gone      bool // deleted
}

// person makes a human being with a mobile number.
func (s *Shop) person(role Role) *Person {
	p := &Person{ID: fmt.Sprintf("person-%03d", len(s.story.People)+1), Role: role}
	if often(s.rng, 15) {
		p.Spanish = true
		p.First, p.Last = some(s.rng, spanishNames), some(s.rng, spanishLastNames)
	} else {
		p.First, p.Last = some(s.rng, firstNames), some(s.rng, lastNames)
	}
	s.story.People = append(s.story.People, p)
	s.story.people[p.ID] = p
	s.houses++
	p.Household = fmt.Sprintf("household-%03d", s.houses)
	return p
}

// relative is somebody of the same household.
func (s *Shop) relative(of *Person, first, last string) *Person {
	p := s.person(of.Role)
	p.First, p.Last, p.Spanish, p.Household = first, last, of.Spanish, of.Household
	return p
}

// mail gives a person an e-mail address.
func (s *Shop) mail(p *Person) string {
	local := strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, strings.ToLower(p.First+p.Last))
	e := fmt.Sprintf("%s%d@%s.test", local, len(s.story.People), some(s.rng, []string{"mail", "post", "letters"})) // example.com is nobody's mailbox
	p.Emails = append(p.Emails, e)
	return e
}

// phone takes an unused number, E.164.
func (s *Shop) phone() string {
	n := s.phones
	s.phones++
	return fmt.Sprintf("+1%s%d01%02d", areaCodes[n%len(areaCodes)], 555+n/(len(areaCodes)*100), n/len(areaCodes)%100)
}

// line gives people a number that all of them read.
func (s *Shop) line(kind Line, people ...*Person) string {
	n := &Number{Phone: s.phone(), Line: kind}
	s.story.Numbers = append(s.story.Numbers, n)
	s.story.numbers[n.Phone] = n
	for _, p := range people {
		s.share(n.Phone, p)
	}
	switch kind {
	case Landline:
		s.opts.Twilio.Mark(n.Phone, twilio.Landline)
		s.tally("number/landline")
	case Dead:
		s.opts.Twilio.Mark(n.Phone, twilio.Dead)
		s.tally("number/dead")
	}
	return n.Phone
}

// share lets one more person read a number.
func (s *Shop) share(phone string, p *Person) {
	n := s.story.numbers[phone]
	n.People = append(n.People, p.ID)
	p.Phones = append(p.Phones, phone)
}

// aMobile is a number for one person: mostly one that can be texted.
func (s *Shop) aMobile(p *Person) string {
	switch n := s.rng.IntN(100); {
	case n < 6:
		return s.line(Landline, p)
	case n < 10:
		return s.line(Dead, p)
	}
	return s.line(Mobile, p)
}

// place makes an address that nobody else has.
func (s *Shop) place() housecallpro.Address {
	s.houses++
	city := some(s.rng, cities)
	return housecallpro.Address{
		Type: "service", Street: fmt.Sprintf("%d %s", 100+s.houses*7%8900+s.rng.IntN(6), some(s.rng, streets)),
		City: city.name, State: "AZ", Zip: city.zip,
	}
}

// enroll makes a customer record of a person, and asks for consent.
func (s *Shop) enroll(p *Person, c housecallpro.Customer) *client {
	if c.FirstName == "" {
		c.FirstName, c.LastName = p.First, p.Last
	}
	c.NotificationsEnabled = !often(s.rng, 10)
	made := s.field.CreateCustomer(c)
	k := &client{id: made.ID, person: p, addresses: made.Addresses, tenants: map[string]*Person{}}
	p.Customers = append(p.Customers, made.ID)
	p.Addresses = append(p.Addresses, made.Addresses...)
	if !c.NotificationsEnabled {
		s.throw(k, false)
	}
	s.clients = append(s.clients, k)
	s.file(k, c.Mobile)
	s.askConsent(k)
	return k
}

// file notes which number a record holds as its mobile number from now on.
func (s *Shop) file(k *client, phone string) {
	if n := s.story.numbers[k.mobile]; n != nil {
		for i := range n.Files {
			if f := &n.Files[i]; f.Customer == k.id && f.Until.IsZero() {
				f.Until = s.now
			}
		}
	}
	k.mobile = phone
	if n := s.story.numbers[phone]; n != nil {
		n.Files = append(n.Files, Filing{Customer: k.id, From: s.now})
	}
}

// throw notes a customer's switch for notifications.
func (s *Shop) throw(k *client, on bool) {
	s.story.Switches = append(s.story.Switches, Switch{s.now, k.id, on})
	s.tally(map[bool]string{true: "customer/notifications on", false: "customer/notifications off"}[on])
}

func (s *Shop) numberEvent(phone string, e NumberEvent) {
	e.At = s.now
	n := s.story.numbers[phone]
	n.Events = append(n.Events, e)
}

// askConsent is how a person answers when the office first asks: most say yes
// to texts about jobs, about half to advertising.
func (s *Shop) askConsent(k *client) {
	n := s.story.numbers[k.mobile]
	if n == nil || n.Line != Mobile {
		return
	}
	if often(s.rng, 85) {
		wording, source := accountOnPhone, "phone"
		if often(s.rng, 40) {
			wording, source = accountOnForm, "booking form"
		}
		s.consent(k, Account, wording, source)
	}
	if often(s.rng, 50) {
		wording, source := marketingOnForm, "booking form"
		if often(s.rng, 30) {
			wording, source = marketingOnPaper, "at the door"
		}
		s.consent(k, Marketing, wording, source)
	}
}

func (s *Shop) consent(k *client, purpose Purpose, wording, source string) {
	s.story.Consents = append(s.story.Consents, Consent{
		At: s.now, Person: k.person.ID, Phone: k.mobile, Customer: k.id, Purpose: purpose, Given: true, Wording: wording, Source: source,
	})
	s.act(OfficeAct{Kind: ActConsent, Customer: k.id, Person: k.person.ID, Phone: k.mobile, Purpose: purpose, Wording: wording, Source: source})
	s.tally("consent/" + string(purpose))
}

// withdraw ends a consent by word of mouth.
func (s *Shop) withdraw(k *client, purpose Purpose) {
	s.story.Consents = append(s.story.Consents, Consent{
		At: s.now, Person: k.person.ID, Phone: k.mobile, Customer: k.id, Purpose: purpose, Source: "phone",
	})
	s.act(OfficeAct{Kind: ActWithdrawn, Customer: k.id, Person: k.person.ID, Phone: k.mobile, Purpose: purpose, Source: "phone"})
	s.tally("consent/withdrawn")
}

// spelled is a number as somebody writes it.
func (s *Shop) spelled(phone string) string {
	a, b, c := phone[2:5], phone[5:8], phone[8:]
	return some(s.rng, []string{
		"(" + a + ") " + b + "-" + c, a + "." + b + "." + c, "+1 " + a + "-" + b + "-" + c, a + b + c, phone,
	})
}

// nickname is how friends call somebody, or the name itself.
func nickname(first string) string {
	if n := nicknames[first]; n != "" {
		return n
	}
	return first
}

// longForm writes a street out.
func longForm(street string) string {
	words := strings.Fields(street)
	for i, w := range words {
		if long := longForms[w]; long != "" {
			words[i] = long
		}
	}
	return strings.Join(words, " ")
}

// typo swaps two letters in the middle of a name.
func typo(name string) string {
	r := []rune(name)
	if len(r) < 4 {
		return name + "e"
	}
	i := len(r) / 2
	r[i-1], r[i] = r[i], r[i-1]
	if string(r) == name {
		return name + "e"
	}
	return string(r)
}
