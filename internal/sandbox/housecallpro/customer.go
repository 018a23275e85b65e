package housecallpro

import (
	"fmt"
	"strings"
)

// CreateCustomer adds a customer; ids, times and an address's missing type are
// filled in, numbers are cut to ten digits. It sends customer.created.
func (s *Sandbox) CreateCustomer(c Customer) Customer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cloneCustomer(*s.createCustomer(c))
}

func (s *Sandbox) createCustomer(c Customer) *Customer {
	c = cloneCustomer(c)
	c.ID, c.Created, c.Updated = s.id("cus"), s.now(), s.now()
	s.tidy(&c)
	s.customers.add(c.ID, &c)
	s.emit("customer.created", c.ID, s.wireFullCustomer(&c))
	return &c
}

// UpdateCustomer lets change edit the customer and sends customer.updated.
// Addresses without an id are new ones.
func (s *Sandbox) UpdateCustomer(id string, change func(*Customer)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.customer(id)
	if err != nil {
		return fmt.Errorf("update customer: %w", err)
	}
	s.updateCustomer(c, change)
	return nil
}

func (s *Sandbox) updateCustomer(c *Customer, change func(*Customer)) {
	id, created := c.ID, c.Created
	change(c)
	c.ID, c.Created, c.Updated = id, created, s.now()
	s.tidy(c)
	s.emit("customer.updated", id, s.wireFullCustomer(c))
}

// DeleteCustomer removes a customer from the API and sends customer.deleted.
// Jobs keep showing it.
func (s *Sandbox) DeleteCustomer(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.customer(id)
	if err != nil {
		return fmt.Errorf("delete customer: %w", err)
	}
	c.DeletedAt, c.Updated = s.now(), s.now()
	s.emit("customer.deleted", id, s.wireFullCustomer(c))
	return nil
}

// customer finds one that is not deleted.
func (s *Sandbox) customer(id string) (*Customer, error) {
	c, err := s.customers.find("customer", id)
	if err == nil && !c.DeletedAt.IsZero() {
		err = fmt.Errorf("find customer %q: it is deleted", id)
	}
	return c, err
}

func (s *Sandbox) tidy(c *Customer) {
	c.Mobile, c.Home, c.Work = tenDigits(c.Mobile), tenDigits(c.Home), tenDigits(c.Work)
	for i := range c.Addresses {
		if a := &c.Addresses[i]; a.ID == "" {
			a.ID = s.id("adr")
			if a.Type == "" {
				a.Type = "service"
			}
		}
	}
}

// address finds one of the customer's; an empty id is the first one.
func (c *Customer) address(id string) (Address, error) {
	for _, a := range c.Addresses {
		if id == "" || a.ID == id {
			return a, nil
		}
	}
	return Address{}, fmt.Errorf("find address %q of customer %s: no such address", id, c.ID)
}

// tenDigits is how the vendor stores a US number; others keep their digits.
func tenDigits(number string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	if len(digits) == 11 {
		return strings.TrimPrefix(digits, "1")
	}
	return digits
}

// CreateEmployee adds an employee and sends employee.created.
func (s *Sandbox) CreateEmployee(e Employee) Employee {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.ID, e.Created, e.Mobile = s.id("pro"), s.now(), tenDigits(e.Mobile)
	if e.Role == "" {
		e.Role = "field tech"
	}
	s.employees.add(e.ID, &e)
	s.emit("employee.created", e.ID, s.wireEmployee(&e))
	return e
}

// DeactivateEmployee takes an employee off the list. No webhook says so.
func (s *Sandbox) DeactivateEmployee(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.employees.find("employee", id)
	if err != nil {
		return fmt.Errorf("deactivate employee: %w", err)
	}
	e.Inactive = true
	return nil
}

func (s *Sandbox) knownEmployees(ids []string) error {
	for _, id := range ids {
		if _, err := s.employees.find("employee", id); err != nil {
			return err
		}
	}
	return nil
}

// CreateTag adds a tag that jobs can be given; a name that exists is reused.
func (s *Sandbox) CreateTag(name string) Tag {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tag(name)
}

func (s *Sandbox) tag(name string) Tag {
	for _, t := range s.tags.rows {
		if t.Name == name {
			return *t
		}
	}
	t := &Tag{ID: s.id("tag"), Name: name, Created: s.now()}
	s.tags.add(t.ID, t)
	return *t
}

// NewLead is somebody who asked; an empty address is the customer's first.
type NewLead struct {
	CustomerID, AddressID string
	Source                string
	Employee              string // who follows it up; may be empty
}

// CreateLead adds an open lead and sends lead.created.
func (s *Sandbox) CreateLead(n NewLead) (Lead, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.createLead(n)
	if err != nil {
		return Lead{}, fmt.Errorf("create lead: %w", err)
	}
	s.emit("lead.created", l.ID, s.wireLead(l))
	return cloneLead(*l), nil
}

func (s *Sandbox) createLead(n NewLead) (*Lead, error) {
	c, err := s.customer(n.CustomerID)
	if err != nil {
		return nil, err
	}
	a, err := c.address(n.AddressID)
	if err != nil {
		return nil, err
	}
	if n.Employee != "" {
		if err := s.knownEmployees([]string{n.Employee}); err != nil {
			return nil, err
		}
	}
	l := &Lead{
		ID: s.id("lea"), Number: len(s.leads.rows) + 1, CustomerID: c.ID, Address: a, Employee: n.Employee,
		Status: "open", Source: n.Source, Created: s.now(), Updated: s.now(),
	}
	s.leads.add(l.ID, l)
	return l, nil
}

// SetLeadStatus makes a lead open, won or lost and sends lead.updated.
func (s *Sandbox) SetLeadStatus(id, status string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.leads.find("lead", id)
	if err != nil {
		return fmt.Errorf("set lead status: %w", err)
	}
	l.Status, l.Updated = status, s.now()
	if status == "lost" {
		l.LostAt = s.now()
	}
	s.emit("lead.updated", id, s.wireLead(l))
	return nil
}

// DeleteLead removes a lead and sends lead.deleted.
func (s *Sandbox) DeleteLead(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.leads.find("lead", id)
	if err != nil {
		return fmt.Errorf("delete lead: %w", err)
	}
	l.Deleted, l.Updated = true, s.now()
	s.emit("lead.deleted", id, s.wireLead(l))
	return nil
}
