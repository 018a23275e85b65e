package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// Days reads a span of UTC days, by default the week through today.
func Days(from, through string, now time.Time) (a, b time.Time, err error) {
	a, b = now.UTC().AddDate(0, 0, -6), now.UTC()
	for _, d := range []struct {
		text string
		to   *time.Time
	}{{from, &a}, {through, &b}} {
		if d.text == "" {
			continue
		}
		if *d.to, err = time.Parse(time.DateOnly, d.text); err != nil {
			return a, b, plumbline.Invalidf("write it like 2026-05-04", "%q is no day", d.text)
		}
	}
	if b.Before(a) {
		return a, b, plumbline.Invalidf("name the earlier day first", "the span of days ends before it begins")
	}
	return a, b, nil
}

type decisionInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"Sent again with the same key, the decision is kept once"`
	Body Decision
}

// A Decision is a word of the office: what it states of a record (say), equipment or a plan
// that no tool has (add), a customer's
// tick (consent), who is who (same, different, or undecided, which takes back either), that an import run or a provider of
// looked-up values says nothing any more (withdraw), or a note.
type Decision struct {
	Do string `json:"do" enum:"say,add,consent,same,different,undecided,withdraw,note"`
	By string `json:"by,omitempty" doc:"Who decided; default: the name of the token"`

	About  plumbline.SourceID         `json:"about,omitempty" doc:"say: the source record"`
	Kind   plumbline.Kind             `json:"kind,omitempty" doc:"say: its kind; add: asset or membership"`
	Fields map[string]json.RawMessage `json:"fields,omitempty" doc:"say, add: values by the names of fields; an asset or membership that is added names whose it is in property_record or customer_record"`

	Consent *Consent `json:"consent,omitempty"`

	A plumbline.SourceID `json:"a,omitempty" doc:"same, different, undecided: a source record"`
	B plumbline.SourceID `json:"b,omitempty" doc:"same, different, undecided: the other"`

	Connection string `json:"connection,omitempty" doc:"withdraw: the import run, as import:RUN, or the provider, as lookup:CONNECTION"`
}

// A Consent is one tick of one person at one address.
type Consent struct {
	Address string             `json:"address" doc:"E.164"`
	Person  plumbline.SourceID `json:"person" doc:"Source record of the customer"`
	Tick    string             `json:"tick" enum:"service,marketing"`
	Yes     bool               `json:"yes"`
	Wording string             `json:"wording" doc:"The words that the customer was shown or read"`
	Via     string             `json:"via" enum:"form,phone,paper"`
	At      time.Time          `json:"at,omitempty" doc:"When; default: now"`
}

// office is the decision as it is kept.
func (d Decision) office(by string) advance.OfficeDecision {
	out := advance.OfficeDecision{Do: d.Do, By: d.By, About: d.About, Kind: d.Kind, A: d.A, B: d.B, Connection: d.Connection}
	if out.By == "" {
		out.By = by
	}
	for name, v := range d.Fields {
		if out.Fields == nil {
			out.Fields = map[string]plumbline.Value{}
		}
		out.Fields[name] = plumbline.Value(v)
	}
	if c := d.Consent; c != nil {
		out.Consent = &advance.Consent{Address: c.Address, Person: c.Person, Tick: c.Tick, Yes: c.Yes, Wording: c.Wording, Via: c.Via, At: c.At}
	}
	return out
}

// Decided names the delivery as which a decision was kept.
type Decided struct {
	Connection string `json:"connection"`
	Key        string `json:"key"`
}

func (a *API) decide(ctx context.Context, in *decisionInput) (*answer[Decided], error) {
	who := callerOf(ctx)
	key, err := Decide(ctx, a.DB, a.Now(), who.location, in.Key, in.Body.office(who.name))
	if err == nil {
		a.Nudge(who.location)
	}
	return &answer[Decided]{Decided{plumbline.Office, key}}, err
}

// Decide keeps a decision of the office as a delivery, once it has been found whole
// and about something that is there. Kept again under the same key it is one
// decision; without a key each is one of its own.
func Decide(ctx context.Context, d *db.DB, now time.Time, location, key string, decision advance.OfficeDecision) (string, error) {
	if key == "" {
		key = rand.Text()
	}
	key = "decision:" + key
	err := d.View(ctx, now, func(tx *db.Tx) error { return whole(tx, location, decision) })
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(decision)
	if err != nil {
		return "", fmt.Errorf("write a decision: %w", err)
	}
	packed := inbox.Pack(plumbline.Delivery{Location: location, Connection: plumbline.Office, Tool: plumbline.Office,
		Event: decision.Do, Key: key, Object: string(decision.About), Received: now, Body: body})
	return key, d.Do(ctx, now, func(tx *db.Tx) error {
		fresh, err := inbox.Keep(tx, packed)
		if err != nil || fresh == 1 {
			return err
		}
		had, _, _, err := inbox.Get(tx, location, plumbline.Office, key)
		if err == nil && !bytes.Equal(had.Body, body) {
			return &plumbline.Error{Kind: plumbline.Conflict, Msg: "another decision was kept under this key", Hint: "send each decision with a key of its own"}
		}
		return err
	})
}

// whole says what a decision lacks.
func whole(tx *db.Tx, location string, d advance.OfficeDecision) error {
	switch d.Do {
	case "say":
		return sayable(tx, location, d)
	case "add":
		return addable(tx, location, d)
	case "consent":
		return ticked(tx, location, d.Consent)
	case "same", "different", "undecided":
		if d.A == d.B {
			return plumbline.Invalidf("name two in a and b", "a decision on who is who needs two different source records")
		}
		return there(tx, location, plumbline.Customer, d.A, d.B)
	case "withdraw":
		c, err := tenant.Get(tx, location, strings.TrimPrefix(d.Connection, plumbline.Lookup))
		if err == nil && !plumbline.Withdrawable(d.Connection) {
			err = plumbline.Invalidf("name an import run, as "+plumbline.Import+"RUN, or a provider, as "+plumbline.Lookup+"CONNECTION", "connection %s cannot be withdrawn", c.Name)
		}
		return err
	case "note":
		return nil
	}
	return plumbline.Invalidf("say, add, consent, same, different, undecided, withdraw or note", "the office cannot do %q", d.Do)
}

// sayable says whether the office can state these fields of this record.
func sayable(tx *db.Tx, location string, d advance.OfficeDecision) error {
	if d.About == "" || len(d.Fields) == 0 {
		return plumbline.Invalidf("name the source record in about, and what you say of it in fields", "a decision says nothing about nobody")
	}
	if err := there(tx, location, d.Kind, d.About); err != nil {
		return err
	}
	return fit(d)
}

// addable says whether a piece of equipment, or a plan, is whole, and is somebody's.
func addable(tx *db.Tx, location string, d advance.OfficeDecision) error {
	named := []string{"type", "maker", "model", "serial"}
	if d.Kind == plumbline.Membership {
		named = []string{"plan"}
	}
	if d.Kind != plumbline.Asset && d.Kind != plumbline.Membership {
		return plumbline.Invalidf("asset or membership", "the office cannot add a %q", d.Kind)
	}
	if !slices.ContainsFunc(named, func(f string) bool { return d.Fields[f].Text() != "" }) {
		return plumbline.Invalidf("give one of "+joined(named), "a %s that is added says not what it is", d.Kind)
	}
	whose := 0
	for field, kind := range map[string]plumbline.Kind{"property_record": plumbline.Property, "customer_record": plumbline.Customer} {
		if to := d.Fields[field].Text(); to != "" {
			if err := there(tx, location, kind, plumbline.SourceID(to)); err != nil {
				return err
			}
			whose++
		}
	}
	for _, field := range []string{"property", "customer"} {
		if _, named := d.Fields[field]; named {
			return plumbline.Invalidf("name the source record in "+field+"_record", "the office has no %s of its own", field)
		}
	}
	if whose == 0 {
		return plumbline.Invalidf("name a source record in property_record or customer_record", "a %s that is added is nobody's", d.Kind)
	}
	return fit(d)
}

// fit says whether fields are those of their kind, and written as such.
func fit(d advance.OfficeDecision) error {
	for _, name := range slices.Sorted(maps.Keys(d.Fields)) {
		f, ok := plumbline.Fields[d.Kind][name]
		if !ok {
			return plumbline.Invalidf("one of "+joined(slices.Sorted(maps.Keys(plumbline.Fields[d.Kind]))), "a %s has no field %q", d.Kind, name)
		}
		if !f.Type.Fits(d.Fields[name]) {
			return plumbline.Invalidf(written[f.Type], "%s %s is no %s", d.Kind, name, f.Type)
		}
	}
	return nil
}

var written = map[plumbline.FieldType]string{
	plumbline.Text: "write a string", plumbline.Texts: "write a list of strings", plumbline.Bool: "write true or false", plumbline.Number: "write a whole number",
	plumbline.Decimal: `write a string such as "43.6150"`, plumbline.Money: `write a string such as "412.50"`, plumbline.Instant: `write a string such as "2026-05-04T15:30:00.000Z"`,
	plumbline.Ref: "write an id as a string", plumbline.Refs: "write a list of ids", plumbline.Date: `write a string such as "2026-05-04"`, plumbline.Record: "write the id of a source record as a string", plumbline.List: "write a list of objects",
}

var e164 = regexp.MustCompile(`^\+[1-9]\d{7,14}$`)

// there says whether source records of a kind exist.
func there(tx *db.Tx, location string, kind plumbline.Kind, ids ...plumbline.SourceID) error {
	for _, id := range ids {
		rows, err := record.Load(tx, location, []string{string(id)})
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0].About != "" {
			return plumbline.NotFoundf("there is no source record %q", id)
		}
		if rows[0].Kind != kind {
			return plumbline.Invalidf("name the kind that it is", "record %s is a %s and not a %s", id, rows[0].Kind, kind)
		}
	}
	return nil
}

// ticked says what a consent lacks. A yes is one person's at one address, so both are
// named.
func ticked(tx *db.Tx, location string, c *advance.Consent) error {
	switch {
	case c == nil:
		return plumbline.Invalidf("give address, person, tick, yes, wording and via in consent", "a consent says nothing")
	case !e164.MatchString(c.Address):
		return plumbline.Invalidf("write it like +12085550123", "consent: %q is no number in E.164", c.Address)
	case c.Tick != "service" && c.Tick != "marketing":
		return plumbline.Invalidf("service or marketing", "consent: %q is no tick", c.Tick)
	case c.Wording == "":
		return plumbline.Invalidf("give the words that the customer was shown or read", "consent: the wording is missing")
	case c.At.After(tx.Now):
		return plumbline.Invalidf("name the instant at which it was given, or leave it out", "consent: it was given at %s, which is not yet", c.At.UTC().Format(time.RFC3339))
	case c.Via != "form" && c.Via != "phone" && c.Via != "paper":
		return plumbline.Invalidf("form, phone or paper", "consent: %q is no way to give one", c.Via)
	}
	return there(tx, location, plumbline.Customer, c.Person)
}

func joined(list []string) (s string) {
	for i, x := range list {
		if i > 0 {
			s += ", "
		}
		s += x
	}
	return s
}
