package hubspot

// What follows happens behind everybody's back: the record does not tell that it was
// changed, so that no search for what was modified finds it. The vendor documents
// nothing of the kind; an account that was set back to an older copy looks like it.

// Slip changes values of a record without moving the time of its last change. Its
// histories name the author, or tell nothing where there is none.
func (s *Sandbox) Slip(kind, id string, values map[string]string, by Author) error {
	return s.do(kind, func(p *portal, t *objectType) error {
		return p.slip(t, id, func(next *record) error {
			if by != (Author{}) {
				return p.apply(next, values, by, p.clock(), false)
			}
			checked, err := p.check(next, values, by)
			for name, value := range checked {
				if next.values[name] = value; value == "" {
					delete(next.values, name)
				}
			}
			return err
		})
	})
}

// Lose takes the last change of a property back, as if it had never been made: it is in
// no history, and the value before it stands there again.
func (s *Sandbox) Lose(kind, id, property string) error {
	return s.do(kind, func(p *portal, t *objectType) error {
		return p.slip(t, id, func(next *record) error {
			entries := next.history[property]
			if len(entries) == 0 {
				return invalid("nobody has ever changed " + property)
			}
			next.history[property] = entries[1:]
			delete(next.values, property)
			if len(entries) > 1 && entries[1].Value != "" {
				next.values[property] = entries[1].Value
			}
			return nil
		})
	})
}

func (p *portal) slip(t *objectType, id string, change func(*record) error) error {
	r := p.resolve(t, id)
	if r == nil {
		return notFound()
	}
	next := r.draft()
	if err := change(next); err != nil {
		return err
	}
	p.save(next)
	return nil
}
