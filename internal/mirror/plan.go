package mirror

import (
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/tenant"
)

// A Planned is one record as it would be written if the connection were on now.
type Planned struct {
	Type    string  `json:"type"`
	Subject string  `json:"subject"`      // golden record or visit
	ID      string  `json:"id,omitempty"` // the target's, if it is there
	What    string  `json:"what"`         // create, adopt, change, wait or leave
	Why     string  `json:"why"`
	Fields  []Drift `json:"fields"` // those that would be written
}

// A Drift is one field of a record: what we want there and what was last seen.
type Drift struct {
	Field    string           `json:"field"`
	Desired  string           `json:"desired"`
	Observed string           `json:"observed"`
	Known    bool             `json:"known"` // it has been read
	At       time.Time        `json:"at,omitzero"`
	Author   plumbline.Author `json:"author,omitempty"`
	Write    bool             `json:"write"` // it would be written now
	Cause    string           `json:"cause"` // why it would be, or would not
	From     string           `json:"from"`  // where our value comes from
}

func driftOf(f field) Drift {
	d := Drift{Field: f.Name, Desired: f.Ours, Observed: f.Seen.Value, Known: f.Known, Author: f.Seen.Author, Write: f.Write, Cause: f.Why, From: f.Because}
	if f.Seen.At != 0 {
		d.At = time.UnixMilli(f.Seen.At).UTC()
	}
	return d
}

// Plan lists every record of a connection that would be made, adopted or changed,
// as far as the target has been read. It writes nothing.
func (m *Mirror) Plan(tx *db.Tx, location, connection string) (list []Planned, err error) {
	defer plumbline.Wrap(&err, "plan what %s would be written", connection)

	c, err := tenant.Get(tx, location, connection)
	if err != nil {
		return nil, err
	}
	var p *pass
	typ, subject := "", ""
	for {
		page, err := desiredAfter(tx, c, typ, subject, atOnce)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			if p == nil || p.typ != d.typ {
				if p, _, err = m.newPass(tx, c, d.typ); err != nil {
					return nil, err
				}
			}
			typ, subject = d.typ, d.subject
			one, err := p.plan(d)
			if err != nil {
				return nil, err
			}
			if one.What != "leave" {
				list = append(list, one)
			}
		}
		if len(page) < atOnce {
			return list, nil
		}
	}
}

// plan says what would become of one record.
func (p *pass) plan(d desiredRow) (out Planned, err error) {
	out = Planned{Type: d.typ, Subject: d.subject}
	w, err := readWanted(d.doc)
	if err != nil || p.maps[d.typ] == nil {
		out.What = "leave"
		return out, err
	}
	all, err := targetsOf(p.tx, p.c, p.kind(), d.typ, d.subject)
	if err != nil {
		return out, err
	}
	t := p.main(all, d.subject)
	if t == nil {
		t = &target{Type: d.typ, Key: d.subject, State: Owed}
	}
	if out.What, out.Why, err = p.planned(t, d.subject); err != nil {
		return out, err
	}
	fields, err := p.compare(t, w)
	for _, f := range fields {
		if f.Write {
			out.Fields = append(out.Fields, driftOf(f))
		}
	}
	if out.ID = t.ID; out.What == "change" && len(out.Fields) == 0 {
		out.What = "leave"
	}
	return out, err
}

// planned says what happens to a record before its fields are written, and looks at
// the one that would be adopted.
func (p *pass) planned(t *target, subject string) (what, why string, err error) {
	switch {
	case t.State == Gone:
		return "leave", t.Reason, nil
	case t.ID != "":
		return "change", "", nil
	case !p.matched():
		return "create", "no record bears its key", nil
	}
	rows, ids, err := p.there(subject)
	if err != nil {
		return "", "", err
	}
	if len(rows) > 0 {
		return "adopt", "record " + rows[0].External + " was found to be the same", p.know(t, rows[0].External)
	}
	who, err := p.undecided(ids)
	switch {
	case who != "":
		return "wait", "record " + who + " may be the same; a person must decide", err
	case !p.poll.Complete:
		return "create", "none was found; all that stands there will be read first", err
	}
	return "create", "none was found", err
}

// Drift compares one record of a target, found under any alias of its subject, field
// by field.
func (m *Mirror) Drift(tx *db.Tx, location, connection, typ, subject string) (list []Drift, err error) {
	defer plumbline.Wrap(&err, "compare %s %s at %s", typ, subject, connection)

	c, err := tenant.Get(tx, location, connection)
	if err != nil {
		return nil, err
	}
	p, _, err := m.newPass(tx, c, typ)
	if err != nil {
		return nil, err
	}
	now, err := p.subjects([]string{subject})
	if err != nil {
		return nil, err
	}
	subject = now[subject]
	wants, err := p.wanted([]string{subject})
	if err != nil {
		return nil, err
	}
	all, err := targetsOf(tx, c, p.kind(), typ, subject)
	if err != nil {
		return nil, err
	}
	t, w := p.main(all, subject), wants[subject]
	if t == nil || w == nil {
		return nil, nil
	}
	fields, err := p.compare(t, w)
	for _, f := range fields {
		list = append(list, driftOf(f))
	}
	return list, err
}

// A Record is where one target record stands, for people.
type Record struct {
	Type   string `json:"type"`
	Key    string `json:"key"`
	ID     string `json:"id,omitempty"` // the target's
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`

	Verified time.Time `json:"verified,omitzero"` // when it was last read or made there
	Drift    []Dated   `json:"drift,omitempty"`   // the last that was found of each field, the oldest first
}

// Records returns the target records of a subject at a connection, found under every
// alias.
func (m *Mirror) Records(tx *db.Tx, location, connection, typ, subject string) (list []Record, err error) {
	defer plumbline.Wrap(&err, "look for %s %s at %s", typ, subject, connection)

	c, err := tenant.Get(tx, location, connection)
	if err != nil {
		return nil, err
	}
	p, _, err := m.newPass(tx, c, typ)
	if err != nil {
		return nil, err
	}
	now, err := p.subjects([]string{subject})
	if err != nil {
		return nil, err
	}
	all, err := targetsOf(tx, c, p.kind(), typ, now[subject])
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		r := Record{Type: t.Type, Key: t.Key, ID: t.ID, State: t.State, Reason: t.Reason}
		if t.Verified != 0 {
			r.Verified = time.UnixMilli(t.Verified).UTC()
		}
		if r.Drift, err = driftOfKey(tx, c, t.Type, t.Key); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// Called returns the keys of a type's records by the target's id of them.
func (m *Mirror) Called(tx *db.Tx, location, connection, typ, id string) (keys []string, err error) {
	defer plumbline.Wrap(&err, "look for %s %s of %s", typ, id, connection)

	c, err := tenant.Get(tx, location, connection)
	if err != nil {
		return nil, err
	}
	list, err := targetsByID(tx, c, typ, id)
	for _, t := range list {
		keys = append(keys, t.Key)
	}
	return keys, err
}
