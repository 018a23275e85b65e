package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/notify"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

var (
	ofJobs    = []plumbline.Kind{plumbline.Job, plumbline.Visit, plumbline.Invoice, plumbline.Payment}
	ofRecords = []plumbline.Kind{plumbline.Customer, plumbline.Property, plumbline.Technician, plumbline.Address, plumbline.Asset, plumbline.Membership}
)

// Any explains whatever a name stands for: a job by its number, anything by an id of
// ours or of the tool that has it, a message, an import run, a connection, or a telephone
// number.
func (x *Explainer) Any(tx *db.Tx, location, name string) (e Explanation, err error) {
	for _, of := range []func(*db.Tx, string, string) (Explanation, bool, error){x.run, x.connection} {
		if e, ok, err := of(tx, location, name); err != nil || ok {
			return e, err
		}
	}
	messages, err := notify.Called(tx, location, name)
	if err != nil {
		return e, err
	}
	found, err := x.find(tx, location, name, slices.Concat(ofJobs, ofRecords)...)
	if err != nil {
		return e, err
	}
	switch {
	case len(messages) == 1 && len(found) == 0:
		return x.message(tx, location, messages[0])
	case len(messages) == 0 && len(found) == 1:
		return x.Record(tx, location, string(found[0].ID))
	case len(messages)+len(found) > 0:
		return e, several(name, found, messages...)
	}
	if number := telephone(name); number != "" {
		e = Explanation{Subject: "number " + errorqueue.Mask(number), ID: string(record.AddressID(location, number))}
		said, err := thread(tx, location, number)
		if e.add("What was said to it and from it", said...); err != nil || len(said) > 0 {
			return e, err
		}
	}
	return e, nothing(name, "job, record or message")
}

func nothing(name, what string) error {
	return &plumbline.Error{Kind: plumbline.NotFound, Msg: fmt.Sprintf("there is no %s called %s", what, name),
		Hint: "give a job's number, an id of ours, a tool's id as CONNECTION/ID or CONNECTION/TYPE/ID, a connection's name, a message's id or a telephone number"}
}

// several says what a name may stand for.
func several(name string, found []record.Golden, messages ...*notify.Message) error {
	var list []string
	for _, g := range found {
		list = append(list, fmt.Sprintf("%s %s", g.Kind, g.ID))
	}
	for _, m := range messages {
		list = append(list, "message "+m.ID)
	}
	return &plumbline.Error{Kind: plumbline.Conflict, Msg: fmt.Sprintf("%d things are called %s", len(list), name),
		Hint: "ask for one by its id: " + strings.Join(list, ", ")}
}

// resolve finds the one golden record of these kinds that a name stands for.
func (x *Explainer) resolve(tx *db.Tx, location, name string, kinds ...plumbline.Kind) (plumbline.GoldenID, error) {
	list, err := x.find(tx, location, name, kinds...)
	if err != nil {
		return "", err
	}
	switch len(list) {
	case 0:
		return "", nothing(name, words(kinds))
	case 1:
		return list[0].ID, nil
	}
	return "", several(name, list)
}

// find lists the golden records that a name may stand for: an id of a golden or source
// record; a number; a tool's id, alone, as CONNECTION/ID or as CONNECTION/TYPE/ID; a
// telephone number.
func (x *Explainer) find(tx *db.Tx, location, name string, kinds ...plumbline.Kind) (list []record.Golden, err error) {
	connections, err := tenant.Connections(tx, location)
	if err != nil {
		return nil, err
	}
	ids := []string{name}
	connection, typ, external := "", "", name
	switch parts := strings.SplitN(name, "/", 3); len(parts) {
	case 2:
		connection, external = parts[0], parts[1]
	case 3:
		connection, typ, external = parts[0], parts[1], parts[2]
		ids = append(ids, external)
	}
	for _, own := range []string{plumbline.Office, plumbline.Rule} { // what the office has added, and what was inferred
		if connection == "" || connection == own {
			for _, k := range kinds {
				ids = append(ids, string(plumbline.NewSourceID(location, own, k, external)))
			}
		}
	}
	for _, c := range connections {
		if connection != "" && c.Name != connection {
			continue
		}
		for _, k := range kinds {
			ids = append(ids, string(plumbline.NewSourceID(location, c.Name, k, external)))
		}
		keys, err := x.written(tx, c, typ, external, kinds)
		if err != nil {
			return nil, err
		}
		ids = append(ids, keys...)
	}
	if number := telephone(name); number != "" && slices.Contains(kinds, plumbline.Address) {
		ids = append(ids, string(record.AddressID(location, number)))
	}
	return x.golden(tx, location, name, ids, kinds)
}

// written are the keys of the records that a target calls by an id.
func (x *Explainer) written(tx *db.Tx, c tenant.Connection, typ, id string, kinds []plumbline.Kind) (keys []string, err error) {
	pb, _, err := x.Policy(c.Location)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(pb.Mapping[c.Tool])) {
		if typ != "" && typ != name || !slices.Contains(kinds, pb.Mapping[c.Tool][name].For) {
			continue
		}
		some, err := x.Mirror.Called(tx, c.Location, c.Name, name, id)
		if err != nil {
			return nil, err
		}
		keys = append(keys, some...)
	}
	return keys, nil
}

// golden loads what ids and, of jobs, a number stand for, each once.
func (x *Explainer) golden(tx *db.Tx, location, name string, ids []string, kinds []plumbline.Kind) (list []record.Golden, err error) {
	rows, err := record.Load(tx, location, ids)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		ids = append(ids, string(r.Golden))
	}
	if slices.Contains(kinds, plumbline.Job) {
		numbered, err := record.Numbered(tx, location, plumbline.Job, name)
		if err != nil {
			return nil, err
		}
		for _, id := range numbered {
			ids = append(ids, string(id))
		}
	}
	found, err := record.LoadGolden(tx, location, ids)
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if slices.Contains(kinds, found[id].Kind) {
			list = append(list, found[id])
		}
	}
	return list, err
}

// telephone reads a number of North America, or one that is written in full.
func telephone(s string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	switch rest := strings.Trim(s, "+0123456789 ().-"); {
	case rest != "":
		return ""
	case strings.HasPrefix(s, "+") && len(digits) > 7:
		return "+" + digits
	case len(digits) == 10:
		return "+1" + digits
	case len(digits) == 11 && digits[0] == '1':
		return "+" + digits
	}
	return ""
}

func words(kinds []plumbline.Kind) string {
	list := make([]string, len(kinds))
	for i, k := range kinds {
		list[i] = string(k)
	}
	return strings.Join(list, ", ")
}
