package csv

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// A tick is a yes or no.
type tick struct {
	person  plumbline.SourceID
	name    string // service or marketing
	yes     bool
	wording string
	via     string
	at      time.Time
	by      string
}

// value is how a record of a number holds the tick.
func (t tick) value(number string) plumbline.Value {
	return connect.Value([]any{map[string]any{"address": number, "person": string(t.person), "tick": t.name, "yes": t.yes,
		"wording": t.wording, "via": t.via, "by": t.by, "at": t.at}})
}

// consents reads the two ticks. A yes is the person's at their mobile number, and counts
// with its wording, time and source only; a no is every number's of the row, or, where it
// has none, the person's own.
func (r *reader) consents(fields map[string]plumbline.Value) {
	for _, x := range [][2]string{{"texts_service", "service"}, {"texts_offers", "marketing"}} {
		field, name := x[0], x[1]
		yes, said, err := answer(r.Fields[field])
		if err != nil {
			r.fault(field, err)
			continue
		}
		if !said {
			continue
		}
		t := tick{person: plumbline.NewSourceID(r.location, r.connection, plumbline.Customer, r.ID), name: name, yes: yes,
			wording: cmp.Or(r.Fields["consent_wording"], r.Consent.Wording), via: bare(cmp.Or(r.Fields["consent_source"], r.Consent.Source)), by: r.connection}
		date := cmp.Or(r.Fields["consent_date"], r.Consent.Date)
		at, err := day(date, r.Dates)
		if t.at = at; err != nil || at.After(r.received) {
			t.at = time.Time{}
		}
		numbers := r.Numbers()
		if yes {
			if err := r.whole(t, date); err != nil {
				r.fault(field, err)
				continue
			}
			numbers = []string{connect.E164(r.Fields["mobile_phone"])}
		} else if t.at.IsZero() {
			t.at = cmp.Or(r.AsOf, r.received)
		}
		if len(numbers) == 0 {
			fields[field] = connect.Value("no")
		}
		for _, n := range numbers {
			r.add(plumbline.Address, n, map[string]plumbline.Value{"consent:" + r.connection + "/" + r.ID + "/" + name: t.value(n)})
		}
	}
}

// whole says what a yes lacks.
func (r *reader) whole(t tick, date string) error {
	switch {
	case connect.E164(r.Fields["mobile_phone"]) == "":
		return errors.New("a yes to texts needs a mobile number that it is for")
	case t.wording == "":
		return errors.New("a yes to texts needs the wording that was agreed to: a column for consent_wording, or --consent-wording")
	case date == "":
		return errors.New("a yes to texts needs the day on which it was given: a column for consent_date, or --consent-date")
	case t.at.IsZero():
		return fmt.Errorf("a yes to texts was given on %q, which is no day that has been", date)
	case t.via == "":
		return errors.New("a yes to texts needs how it was given: a column for consent_source, or --consent-source")
	case t.via != "form" && t.via != "phone" && t.via != "paper":
		return fmt.Errorf("a yes to texts is given by form, phone or paper, and not by %q", t.via)
	case t.name == "marketing" && t.via == "phone":
		return errors.New("a yes to offers by text is a written one: by form or paper (47 CFR 64.1200)")
	}
	return nil
}

// answer reads a tick; nothing said is neither yes nor no.
func answer(s string) (yes, said bool, err error) {
	switch bare(s) {
	case "", "unknown", "na", "notset", "never", "null", "none":
		return false, false, nil
	case "yes", "y", "true", "t", "1", "x", "on", "optedin", "optin", "subscribed", "granted", "checked":
		return true, true, nil
	case "no", "n", "false", "f", "0", "off", "optedout", "optout", "unsubscribed", "stop", "donottext", "declined", "denied":
		return false, true, nil
	}
	return false, false, fmt.Errorf("%q is neither yes nor no", s)
}
