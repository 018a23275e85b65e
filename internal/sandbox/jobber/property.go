package jobber

import "fmt"

// CreateProperty adds a place of a client and sends PROPERTY_CREATE.
func (s *Sandbox) CreateProperty(p Property) (Property, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := find(&s.clients, "client", p.ClientID); err != nil {
		return Property{}, fmt.Errorf("create property: %w", err)
	}
	p.ID, p.addressID, p.stamp = s.id("Property"), s.id("PropertyAddress"), stamp{}
	s.create(&p.stamp)
	s.properties.add(p.ID, &p)
	s.emit("PROPERTY_CREATE", p.ID)
	return p, nil
}

// UpdateProperty lets f edit the place and sends PROPERTY_UPDATE. No row that
// the API shows a time of is touched.
func (s *Sandbox) UpdateProperty(id string, f func(*Property)) error {
	return change(s, &s.properties, "update", "property", id, func(p *Property) ([]string, error) {
		before := *p
		f(p)
		p.ID, p.ClientID, p.addressID, p.stamp = before.ID, before.ClientID, before.addressID, before.stamp
		return update("PROPERTY"), nil
	})
}

// DeleteProperty removes a place without jobs and sends PROPERTY_DESTROY. One
// with jobs is refused: a job's property is never null.
func (s *Sandbox) DeleteProperty(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := find(&s.properties, "property", id)
	if err != nil {
		return fmt.Errorf("delete property: %w", err)
	}
	if jobs := alive(&s.jobs, func(j *Job) bool { return j.PropertyID == id }); len(jobs) > 0 {
		return fmt.Errorf("delete property %s: it has %d jobs", id, len(jobs))
	}
	s.destroy(&p.stamp, "PROPERTY", id)
	return nil
}

// place finds a property of a client; an empty id is the first one.
func (s *Sandbox) place(clientID, id string) (*Property, error) {
	if _, err := find(&s.clients, "client", clientID); err != nil {
		return nil, err
	}
	for _, p := range alive(&s.properties, func(p *Property) bool { return p.ClientID == clientID }) {
		if id == "" || p.ID == id {
			return p, nil
		}
	}
	return nil, fmt.Errorf("find property %q of client %s: no such property", id, clientID)
}
