package importrun

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect/csv"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/identity"
	"plumbline.dev/plumbline/internal/record"
)

// owned finds to which records of other sources a piece of equipment belongs: by their
// ids at the source that the layout names; else, where the row does not name its customer,
// by a number or mail box that one customer has. Who somebody is that the row names, and
// which place an address is, identity decides as for everybody else. What may be two is
// never guessed.
func (t *Taking) owned(tx *db.Tx, e *csv.Entry, faults *[]csv.Fault) (bool, error) {
	fault := func(field, reason string) {
		*faults = append(*faults, csv.Fault{Field: field, Column: t.Layout.Columns[field], Reason: reason})
	}
	for _, ref := range []struct {
		field string
		kind  plumbline.Kind
		to    *plumbline.SourceID
	}{{"property_id", plumbline.Property, &e.Property}, {"customer_id", plumbline.Customer, &e.Customer}} {
		id := e.Fields[ref.field]
		delete(e.Fields, ref.field)
		if id == "" {
			continue
		}
		at := plumbline.NewSourceID(t.Location, t.Layout.Source, ref.kind, id)
		rows, err := record.Load(tx, t.Location, []string{string(at)})
		if err != nil {
			return false, err
		}
		if len(rows) == 0 {
			fault(ref.field, fmt.Sprintf("%s knows no %s %s", t.Layout.Source, ref.kind, id))
			return false, nil
		}
		*ref.to = at
	}
	if e.Customer == "" && e.Property == "" && !e.Named() {
		if whole, err := t.reached(tx, e, fault); err != nil || !whole {
			return false, err
		}
	}
	if e.Property == "" && e.Fields["street"] == "" && e.Customer != "" {
		return true, t.home(tx, e, fault)
	}
	if e.Property == "" && e.Customer == "" && e.Fields["street"] == "" && !e.Named() {
		fault("", "it does not say whose it is or where it stands")
		return false, nil
	}
	return true, nil
}

// reached finds the one customer who has a number or mail box of the row.
func (t *Taking) reached(tx *db.Tx, e *csv.Entry, fault func(field, reason string)) (whole bool, err error) {
	people := map[string]bool{}
	for _, n := range e.Numbers() {
		list, err := identity.Holders(tx, t.Location, n)
		if err != nil {
			return false, err
		}
		for _, p := range list {
			people[p] = true
		}
	}
	if mail := e.Fields["email"]; mail != "" {
		list, err := identity.Mailed(tx, t.Location, mail)
		if err != nil {
			return false, err
		}
		for _, p := range list {
			people[p] = true
		}
	}
	field := "home_phone"
	for _, f := range []string{"mobile_phone", "email"} {
		if e.Fields[f] != "" {
			field = f
		}
	}
	switch {
	case len(people) == 1:
		e.Customer = plumbline.SourceID(slices.Collect(maps.Keys(people))[0])
	case len(people) > 1:
		fault(field, fmt.Sprintf("%d customers can be reached there (%s): name the one with customer_id", len(people), strings.Join(slices.Sorted(maps.Keys(people)), ", ")))
		return false, nil
	case e.Fields["street"] == "" && e.Fields[field] != "":
		fault(field, "no customer can be reached there")
		return false, nil
	}
	return true, nil
}

// home finds the one property of the customer of a row that names none.
func (t *Taking) home(tx *db.Tx, e *csv.Entry, fault func(field, reason string)) error {
	golden, err := record.Resolve(tx, t.Location, []string{string(e.Customer)})
	if err != nil {
		return err
	}
	person := string(golden[e.Customer])
	aliases, err := record.Aliases(tx, t.Location, person)
	if err != nil {
		return err
	}
	listed, err := record.ListedUnder(tx, t.Location, aliases[person])
	if err != nil {
		return err
	}
	places := map[plumbline.GoldenID]bool{}
	for _, rows := range listed {
		for _, r := range rows {
			places[r.Golden] = true
		}
	}
	switch {
	case len(places) == 1:
		e.Property = slices.Collect(maps.Keys(places))[0]
	case len(places) > 1:
		fault("customer_id", fmt.Sprintf("the customer has %d properties: name the one with property_id, or by its address", len(places)))
	}
	return nil
}
