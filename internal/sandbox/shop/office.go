package shop

import (
	"slices"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
)

// edits are what the office and the people in the CRM do beside the jobs, one
// deck of it.
func (s *Shop) edits() []func() error {
	return []func() error{
		s.newMobile, s.workPhone, s.newEmail, s.customerNote, s.billingAddress, s.notifications, s.withdrawMarketing, s.askLater, s.leadInHCP, s.deleteTwin,
		s.editPhone, s.editEmail, s.editName, s.optOutOfEmail, s.mergeContacts, s.deleteContact, s.createLead, s.createAndBook, s.drift,
	}
}

// planOffice deals a few edits to a day.
func (s *Shop) planOffice(day int) {
	for range 2 + s.opts.Trucks {
		if len(s.office) == 0 {
			s.office = s.edits()
			s.rng.Shuffle(len(s.office), func(a, b int) { s.office[a], s.office[b] = s.office[b], s.office[a] })
		}
		s.at(s.day(day, 8+s.rng.IntN(8), s.rng.IntN(60)), s.office[0])
		s.office = s.office[1:]
	}
}

// somebody picks a customer record of a homeowner; nil if there is none.
func (s *Shop) somebody(fits func(*client) bool) *client {
	for _, i := range s.rng.Perm(len(s.clients)) {
		if k := s.clients[i]; k.person.Role == Homeowner && fits(k) {
			return k
		}
	}
	return nil
}

// change edits a customer record in Housecall Pro.
func (s *Shop) change(k *client, what string, f func(*housecallpro.Customer)) error {
	s.tally("customer/" + what)
	return s.field.UpdateCustomer(k.id, f)
}

func anyone(*client) bool { return true }

// newMobile replaces a customer's mobile number; the former one stays theirs.
func (s *Shop) newMobile() error {
	k := s.somebody(func(k *client) bool { return !k.twin && k.mobile != "" })
	if k == nil {
		return nil
	}
	phone := s.line(Mobile, k.person)
	s.file(k, phone)
	s.askConsent(k)
	return s.change(k, "new mobile number", func(c *housecallpro.Customer) { c.Mobile = phone })
}

func (s *Shop) workPhone() error {
	k := s.somebody(anyone)
	if k == nil {
		return nil
	}
	phone := s.line(Landline, k.person)
	return s.change(k, "work number", func(c *housecallpro.Customer) { c.Work = phone })
}

func (s *Shop) newEmail() error {
	k := s.somebody(anyone)
	if k == nil {
		return nil
	}
	e := s.mail(k.person)
	return s.change(k, "new e-mail", func(c *housecallpro.Customer) { c.Email = e })
}

func (s *Shop) customerNote() error {
	k := s.somebody(anyone)
	if k == nil {
		return nil
	}
	return s.change(k, "note", func(c *housecallpro.Customer) { c.Notes += "Key under the blue pot. " })
}

func (s *Shop) billingAddress() error {
	k := s.somebody(anyone)
	if k == nil {
		return nil
	}
	a := s.place()
	a.Type = "billing"
	return s.change(k, "billing address", func(c *housecallpro.Customer) { c.Addresses = append(c.Addresses, a) })
}

// notifications throws a customer's switch off; for some it is thrown back on
// a day later.
func (s *Shop) notifications() error {
	k := s.somebody(func(k *client) bool { return s.story.notified(k.id, s.now) })
	if k == nil {
		return nil
	}
	if often(s.rng, 40) {
		s.after(20*time.Hour, func() error { return s.notify(k, true) })
	}
	return s.notify(k, false)
}

func (s *Shop) notify(k *client, on bool) error {
	if k.gone {
		return nil
	}
	s.throw(k, on)
	return s.field.UpdateCustomer(k.id, func(c *housecallpro.Customer) { c.NotificationsEnabled = on })
}

// deleteTwin takes one of two records of a person away.
func (s *Shop) deleteTwin() error {
	k := s.somebody(func(k *client) bool { return k.twin && k.open == 0 && k.offers == 0 })
	if k == nil {
		return nil
	}
	k.gone = true
	s.file(k, "")
	k.person.Deleted = append(k.person.Deleted, k.id)
	s.clients = slices.DeleteFunc(s.clients, func(c *client) bool { return c == k })
	s.tally("customer/deleted")
	return s.field.DeleteCustomer(k.id)
}

// withdrawMarketing is a customer who tells the office: no advertising.
func (s *Shop) withdrawMarketing() error {
	k := s.somebody(func(k *client) bool { return s.story.MayMarket(k.mobile, s.now) })
	if k != nil {
		s.withdraw(k, Marketing)
	}
	return nil
}

// askLater is a customer who says yes at the door, after the work.
func (s *Shop) askLater() error {
	k := s.somebody(func(k *client) bool {
		n := s.story.numbers[k.mobile]
		return n != nil && n.Line == Mobile && !n.Out(s.now) && !s.story.Consented(k.mobile, Marketing, s.now)
	})
	if k != nil {
		s.tally("consent/later")
		s.consent(k, Marketing, marketingOnPaper, "at the door")
	}
	return nil
}

// leadInHCP is somebody who asked through Housecall Pro and then decided.
func (s *Shop) leadInHCP() error {
	k := s.somebody(anyone)
	if k == nil {
		return nil
	}
	l, err := s.field.CreateLead(housecallpro.NewLead{CustomerID: k.id, Source: "Website"})
	if err != nil {
		return err
	}
	status := some(s.rng, []string{"won", "lost"})
	s.after(between(s.rng, 2*time.Hour, 8*time.Hour), func() error { return s.field.SetLeadStatus(l.ID, status) })
	s.tally("customer/lead in the field tool")
	return nil
}
