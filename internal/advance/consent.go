package advance

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/consent"
	"plumbline.dev/plumbline/internal/match"
	"plumbline.dev/plumbline/internal/record"
)

// Entries are what was said at and about a number, as consent reads it: the texts
// from it, the ticks that the office logged, and what senders and carriers said.
func (a *Address) Entries() (list []consent.Entry) {
	stopped := false
	for _, t := range a.Texts {
		e := consent.Entry{At: t.At, Key: t.SID, Source: t.Connection, Method: consent.Express}
		switch r := consent.Classify(t.Body, false, stopped); r.Label {
		case consent.OptOut:
			e.Kind, e.Scope = consent.No, r.Scope
			stopped = stopped || r.Scope == consent.ScopeAll || r.Scope == consent.ScopeText
		case consent.HoldAndReview:
			e.Kind = consent.Hold
		case consent.NotTheirs:
			e.Kind = consent.WrongNumber
		case consent.OptIn:
			e.Kind, e.Method, stopped = consent.Yes, consent.ByStart, false
		default:
			continue
		}
		list = append(list, e)
	}
	for _, c := range a.Consents {
		e := consent.Entry{At: c.At, Key: c.ID, Person: string(c.Person), Kind: consent.No, Scope: consent.ScopeAll, Tick: consent.Tick(c.Tick),
			Method: consent.Express, Wording: c.Wording, Source: cmp.Or(c.Connection, plumbline.Office), Actor: c.By}
		if c.Yes {
			e.Kind, e.Scope = consent.Yes, ""
			if c.Tick == string(consent.TickMarketing) || c.Via == "form" || c.Via == "paper" {
				e.Method = consent.Written
			}
		} else if c.Tick == string(consent.TickMarketing) {
			e.Scope = consent.ScopeMarketing
		}
		list = append(list, e)
	}
	for _, r := range a.Refusals {
		if e, ok := refusal(r.Code, r.Attempt, r.At); ok {
			list = append(list, e)
		}
	}
	for _, r := range a.Receipts {
		if r.Status != "undelivered" && r.Status != "failed" {
			continue
		}
		if e, ok := refusal(r.Code, r.SID, r.At); ok {
			list = append(list, e)
		}
	}
	return list
}

// refusal reads an error code of a sender (Twilio's error pages): 21610 and 30004,
// this number has opted out at the provider; the others, nothing arrives there.
// What is neither says nothing about the number.
func refusal(code int, key string, at time.Time) (consent.Entry, bool) {
	e := consent.Entry{At: at, Key: key + "/" + strconv.Itoa(code), Source: "carrier"}
	switch code {
	case 21610, 30004:
		e.Kind, e.Scope = consent.No, consent.ScopeAll
	case 21211, 21214, 21217, 21614, 21635, 30005, 30006:
		e.Kind = consent.Undeliverable
	default:
		return e, false
	}
	return e, true
}

// OwnEntries are what a person's source records say of a number: that it was given
// for a job, and where a tool says that the customer wants no texts.
func OwnEntries(rows []*record.Row, golden plumbline.GoldenID, number string) (list []consent.Entry) {
	for _, r := range rows {
		for _, field := range []string{"mobile_phone", "home_phone", "work_phone"} {
			if c, ok := r.Get(field); ok && gives(r, c) && match.Phone(c.Value.Text()) == number {
				list = append(list, consent.Entry{At: record.Time(c.From), Key: string(r.ID) + field, Person: string(golden), Kind: consent.Yes,
					Tick: consent.TickService, Method: consent.GaveNumber, Source: r.Connection})
			}
		}
		for _, said := range []string{"texts_allowed", "texts_service"} {
			c, ok := r.Get(said)
			if !ok {
				continue
			}
			e := consent.Entry{At: record.Time(c.From), Key: string(r.ID) + said, Person: string(golden), Method: consent.ByFlag, Source: r.Connection,
				Scope: consent.ScopeAll, Kind: consent.No}
			if c.Value == "false" || c.Value.Text() == "no" {
				list = append(list, e)
			} else if c.Value == "true" {
				e.Kind = consent.Yes
				list = append(list, e)
			}
		}
		if c, ok := r.Get("texts_offers"); ok && c.Value.Text() == "no" {
			list = append(list, consent.Entry{At: record.Time(c.From), Key: string(r.ID) + "texts_offers", Person: string(golden),
				Kind: consent.No, Scope: consent.ScopeMarketing, Method: consent.ByFlag, Source: r.Connection})
		}
	}
	return list
}

// gives says whether a number that a record has was given for a job: one that stands on a
// list, or was looked up, was not.
func gives(r *record.Row, c plumbline.Current) bool {
	return !strings.HasPrefix(r.Connection, plumbline.Import) && c.Author != plumbline.ByLookup && c.Author != plumbline.ByRule
}

// LedgerOf folds all that was said about one number, for one person: yeses that any
// of the person's records was given count as the person's.
func LedgerOf(a *Address, rows []*record.Row, golden plumbline.GoldenID, number string) consent.Ledger {
	list := OwnEntries(rows, golden, number)
	if a != nil {
		mine := map[string]bool{}
		for _, r := range rows {
			mine[string(r.ID)] = true
		}
		for _, e := range a.Entries() {
			if mine[e.Person] {
				e.Person = string(golden)
			}
			list = append(list, e)
		}
	}
	return consent.Fold(list)
}

// farAhead is after everything that was said.
var farAhead = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// consents notes on a person whether texts may be sent to their number, by all that
// is known: no instant comes into it. Addresses are golden ones, by their ids.
func (w *work) consents(p *plumbline.PersonView, rows []*record.Row, addresses map[plumbline.GoldenID]record.Golden) error {
	p.TextsService, p.TextsOffers = "unknown", "unknown"
	if p.Mobile == "" {
		return nil
	}
	var a *Address
	if g, ok := addresses[record.AddressID(w.location, p.Mobile)]; ok {
		a = &Address{}
		if err := g.Read(a); err != nil {
			return err
		}
	}
	ledger := LedgerOf(a, rows, plumbline.GoldenID(p.ID), p.Mobile)
	p.TextsService = ledger.Word(p.ID, consent.Service, farAhead)
	p.TextsOffers = ledger.Word(p.ID, consent.Marketing, farAhead)
	return nil
}
