package mirror

import (
	"slices"
	"strings"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/record"
)

// collide decides about the record with which a write of t collided. One that stands
// for nobody is adopted where t has none; else the value in which they collided stays
// where it is: it is never stolen.
func (p *pass) collide(t *target, subject string, r outbox.Row, v *verdict) error {
	others, err := targetsByID(p.tx, p.c, p.typ, t.Existing)
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(o *target) bool { return o.Key == t.Key })
	inKey := t.Collided != "" && t.Collided == p.schema.Unique
	if inKey {
		if off, err := p.takeOff(t, others, r, v); err != nil || off {
			return err
		}
	}
	if t.ID != "" {
		if inKey && slices.ContainsFunc(others, func(o *target) bool { return o.State == Retired }) {
			t.Existing, t.Collided = "", "" // our key has come off it meanwhile
			return nil
		}
		return p.hold(t, v, "and keeps it")
	}
	free, lost, err := p.free(t, subject, others)
	switch {
	case err != nil:
		return err
	case free:
		return p.take(t, t.Existing)
	case lost && inKey:
		t.Existing, t.Collided = "", ""
		return nil
	}
	return p.hold(t, v, "and stands for somebody else")
}

// takeOff lets a write in which our key collided wait until the key has come off the
// record of ours that bears it still. It is not tried again before.
func (p *pass) takeOff(t *target, others []*target, r outbox.Row, v *verdict) (off bool, err error) {
	i := slices.IndexFunc(others, func(o *target) bool { return o.Observed[p.schema.Unique].Value == t.Key })
	if i < 0 {
		return false, nil
	}
	t.Reason = "it waits until our key has come off record " + t.Existing
	v.at = outbox.Backoff(r, p.tx.Now)
	if p.taken[others[i].Key] {
		return true, nil // it is being looked at in this same transaction
	}
	return true, outbox.Owe(p.tx, p.m.recordDebt(p.c, p.maps, others[i]))
}

// free says whether the record that is there already is ours to adopt. It is lost
// where a person has taken it from us: then our key is about to come off it.
func (p *pass) free(t *target, subject string, others []*target) (free, lost bool, err error) {
	foreign := slices.ContainsFunc(others, func(o *target) bool { return o.State != Retired && o.State != Gone })
	if !p.matched() {
		return !foreign, false, nil
	}
	sid := string(p.sourceOf(t.Existing))
	rows, err := record.Load(p.tx, p.c.Location, []string{sid})
	if err != nil || len(rows) == 0 || string(rows[0].Golden) == subject {
		return !foreign, false, err
	}
	lost = slices.ContainsFunc(others, func(o *target) bool { return o.State == Retired && o.Key == sid })
	if !foreign {
		members, err := record.Members(p.tx, p.c.Location, []string{string(rows[0].Golden)})
		if err != nil {
			return false, false, err
		}
		foreign = knownElsewhere(members[rows[0].Golden], p.c.Name)
	}
	return !foreign && !lost, lost, nil
}

// hold lets the value in which a write collided with another record stay where it is,
// and remembers both. What cannot be left out is a person's to mend.
func (p *pass) hold(t *target, v *verdict, why string) error {
	id, name := t.Existing, t.Collided
	t.Existing, t.Collided = "", ""
	other := &target{Type: p.typ}
	if err := p.know(other, id); err != nil {
		return err
	}
	if name == "" {
		name = collidedIn(t, other)
	}
	value, sent := t.sent(name)
	if !sent || name == p.schema.Unique {
		t.wait(Refused, "record "+id+" is in the way")
		v.item = p.m.item(p.c, t, "write", &connect.Error{Class: connect.Human, Code: "collision", Field: name, Msg: "another record is in the way",
			Cure: "Look at both records there; then retry."})
		return nil
	}
	if t.Held == nil {
		t.Held = map[string]held{}
	}
	says, err := p.says(id, name)
	t.Held[name] = held{Value: value, By: id, Says: says, Why: "record " + id + " has this value, " + why}
	return err
}

// says is what a record of the target showed in a field when it was last read.
func (p *pass) says(id, name string) (string, error) {
	switch o, ok, err := p.lastRead(id); {
	case err != nil || !ok:
		return "not read", err
	case o.Archived || o.MergedTo != "":
		return "gone", nil
	default:
		return "says " + o.Fields[name].Value, nil
	}
}

// sent is what was last written into a field.
func (t *target) sent(name string) (value string, ok bool) {
	for _, w := range slices.Backward(t.Writes) {
		if value, ok = w.Fields[name]; ok {
			return value, true
		}
	}
	return "", false
}

// collidedIn finds the value that two records may not share, where the target does not
// name it: a mail box that the other record shows, or the only one that was sent.
func collidedIn(t, other *target) string {
	if len(t.Writes) == 0 {
		return ""
	}
	var boxes []string
	fields := t.Writes[len(t.Writes)-1].Fields
	for _, name := range fieldNames(fields) {
		if !strings.Contains(fields[name], "@") {
			continue
		}
		if strings.EqualFold(fields[name], other.Observed[name].Value) {
			return name
		}
		boxes = append(boxes, name)
	}
	if len(boxes) != 1 {
		return ""
	}
	return boxes[0]
}

// release forgets the values that other records had, once those say something else.
func (p *pass) release(t *target) error {
	for _, name := range fieldNames(t.Held) {
		says, err := p.says(t.Held[name].By, name)
		if err != nil {
			return err
		}
		if says != t.Held[name].Says {
			delete(t.Held, name)
		}
	}
	return nil
}
