package jobber

import (
	"fmt"
	"strings"
)

// CreateClient adds a client; ids and times are filled in, and the first
// email and phone are the primary ones if none is. It sends CLIENT_CREATE.
func (s *Sandbox) CreateClient(c Client) Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	c = cloneClient(c)
	c.ID, c.stamp = s.id("Client"), stamp{}
	s.create(&c.stamp)
	s.tidy(&c)
	s.clients.add(c.ID, &c)
	s.emit("CLIENT_CREATE", c.ID)
	return cloneClient(c)
}

// UpdateClient lets f edit the client and sends CLIENT_UPDATE. Emails and
// phones without an id are new ones. IsLead and IsArchived are edited so too.
func (s *Sandbox) UpdateClient(id string, f func(*Client)) error {
	return change(s, &s.clients, "update", "client", id, func(c *Client) ([]string, error) {
		before := c.stamp
		f(c)
		c.ID, c.stamp = id, before
		s.tidy(c)
		return update("CLIENT"), nil
	})
}

func (s *Sandbox) tidy(c *Client) {
	primary := false
	for i := range c.Emails {
		if c.Emails[i].ID == "" {
			c.Emails[i].ID = s.id("Email")
		}
		primary = primary || c.Emails[i].Primary
	}
	if len(c.Emails) > 0 && !primary {
		c.Emails[0].Primary = true
	}
	primary = false
	for i := range c.Phones {
		if c.Phones[i].ID == "" {
			c.Phones[i].ID = s.id("PhoneNumber")
		}
		primary = primary || c.Phones[i].Primary
	}
	if len(c.Phones) > 0 && !primary {
		c.Phones[0].Primary = true
	}
}

// DeleteClient removes a client and everything of theirs. Each row that goes
// sends its own _DESTROY, the client last (a choice; the vendor does not say).
func (s *Sandbox) DeleteClient(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := find(&s.clients, "client", id)
	if err != nil {
		return fmt.Errorf("delete client: %w", err)
	}
	for _, p := range alive(&s.payments, func(p *Payment) bool { return p.ClientID == id }) {
		s.destroy(&p.stamp, "PAYMENT", p.ID)
	}
	for _, i := range alive(&s.invoices, func(i *Invoice) bool { return i.ClientID == id }) {
		s.destroy(&i.stamp, "INVOICE", i.ID)
	}
	for _, j := range alive(&s.jobs, func(j *Job) bool { return j.ClientID == id }) {
		s.destroyJob(j)
	}
	for _, q := range alive(&s.quotes, func(q *Quote) bool { return q.ClientID == id }) {
		s.destroy(&q.stamp, "QUOTE", q.ID)
	}
	for _, r := range alive(&s.requests, func(r *Request) bool { return r.ClientID == id }) {
		s.destroy(&r.stamp, "REQUEST", r.ID)
	}
	for _, p := range alive(&s.properties, func(p *Property) bool { return p.ClientID == id }) {
		s.destroy(&p.stamp, "PROPERTY", p.ID)
	}
	s.destroy(&c.stamp, "CLIENT", id)
	return nil
}

// destroy takes a row away: from now on the API does not know it.
func (s *Sandbox) destroy(t *stamp, kind, id string) {
	t.Deleted = s.now()
	s.emit(kind+"_DESTROY", id)
}

// name is the primary name.
func (c *Client) name() string {
	if c.IsCompany && c.Company != "" {
		return c.Company
	}
	return strings.TrimSpace(c.FirstName + " " + c.LastName)
}

// balance is what the client owes on invoices that were sent.
func (s *Sandbox) balance(clientID string) (sum int64) {
	for _, i := range alive(&s.invoices, func(i *Invoice) bool { return i.ClientID == clientID }) {
		if i.Sent && !i.BadDebt {
			sum += i.Total - i.Paid
		}
	}
	return sum
}

// normalized is a number in E.164; without a country code it is a North
// American one, and what is neither is empty.
func normalized(number string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	switch {
	case strings.HasPrefix(number, "+"):
		return "+" + digits
	case len(digits) == 10:
		return "+1" + digits
	case len(digits) == 11 && digits[0] == '1':
		return "+" + digits
	}
	return ""
}
