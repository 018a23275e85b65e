package form

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// Decode reads a submission: the customer, the place and the equipment that it names, as
// typed by a person, and the ticks as yeses at the mobile number. A box that was left empty
// says nothing: who has said yes before has not taken it back.
func (t *Tool) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	var s submission
	if err := json.Unmarshal(d.Body, &s); err != nil || s.Body == "" {
		return nil, plumbline.Invalidf("look at what the page sends, and send it again", "a form that was kept cannot be read")
	}
	v, err := s.values()
	if err != nil {
		return nil, err
	}
	said := map[plumbline.Kind]map[string]plumbline.Value{}
	for _, k := range kinds {
		fields := map[string]plumbline.Value{}
		for _, name := range k.fields {
			text := s.read(v, k.prefix+name)
			if text == "" {
				continue
			}
			if plumbline.Fields[k.kind][name].Type == plumbline.Date {
				day, ok := dayOf(text)
				if !ok {
					return nil, plumbline.Invalidf("edit the delivery, writing days as 2026-05-04", "%s%s: %q is no day", k.prefix, name, text)
				}
				text = day
			}
			fields[name] = connect.Value(text)
		}
		said[k.kind] = fields
	}
	customer, place, asset := said[plumbline.Customer], said[plumbline.Property], said[plumbline.Asset]
	if !slices.ContainsFunc([]string{"last_name", "organization", "email", "mobile_phone", "home_phone", "work_phone"}, func(f string) bool { return customer[f] != "" }) {
		return nil, connect.Ignored{Rule: "a form that names nobody"}
	}
	r := reader{d: d, id: v.id}
	r.add(plumbline.Customer, customer)
	if place["street"] != "" {
		place["customer"] = connect.Value(v.id)
		r.add(plumbline.Property, place)
	}
	if slices.ContainsFunc([]string{"type", "maker", "model", "serial"}, func(f string) bool { return asset[f] != "" }) {
		asset["customer"] = connect.Value(v.id)
		if place["street"] != "" {
			asset["property"] = connect.Value(v.id)
		}
		r.add(plumbline.Asset, asset)
	}
	r.ticks(&s, v, connect.E164(customer["mobile_phone"].Text()))
	return r.out, nil
}

type reader struct {
	d   plumbline.Delivery
	id  string
	out []plumbline.Reading
}

func (r *reader) add(kind plumbline.Kind, fields map[string]plumbline.Value) {
	r.out = append(r.out, plumbline.Reading{Kind: kind, ID: r.id, At: r.d.Received, Created: r.d.Received, Fields: fields})
}

// ticks adds each yes with its wording, at the number that it is for.
func (r *reader) ticks(s *submission, v values, number string) {
	for _, t := range s.Ticks {
		if number == "" || !ticked(v.of(t.Field)) {
			continue
		}
		tick := map[string]any{"address": number, "person": string(plumbline.NewSourceID(r.d.Location, r.d.Connection, plumbline.Customer, r.id)),
			"tick": t.Tick, "yes": true, "wording": t.Wording, "via": "form", "by": r.d.Connection, "at": r.d.Received, "connection": r.d.Connection}
		r.out = append(r.out, plumbline.Reading{Kind: plumbline.Address, ID: number, At: r.d.Received,
			Fields: map[string]plumbline.Value{fmt.Sprintf("consent:%s/%s/%s", r.d.Connection, r.id, t.Tick): connect.Value([]any{tick})}})
	}
}

func ticked(v string) bool {
	switch strings.ToLower(strings.TrimSpace(v)) {
	case "on", "true", "yes", "1", "y", "checked", "agree", "agreed":
		return true
	}
	return false
}

// dayOf reads a day as date fields of pages send it, and as people in the US write it.
func dayOf(text string) (string, bool) {
	for _, layout := range []string{time.DateOnly, "1/2/2006", "01/02/2006"} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 1900 && t.Year() < 2200 {
			return t.Format(time.DateOnly), true
		}
	}
	return "", false
}
