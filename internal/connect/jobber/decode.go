package jobber

import (
	"fmt"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// readEvent is the event of an object as Fetch and Pull hand it over.
const readEvent = "read"

// Decode turns an answer into readings: of the object itself and of those that it
// embeds whole. A webhook is a connect.Thin, except that of a deletion, which is a
// reading. It is an error of the body if a member that we read has another type than it
// should; the error names its path, and not the event: one mistake in two kinds of event
// is one mistake.
func (t *Tool) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	body, err := parse(d.Body)
	if err != nil {
		return nil, fmt.Errorf("decode what Jobber sent: %w", err)
	}
	if d.Event != readEvent {
		readings, err := webhook(d.Event, body)
		if !body.sound() {
			return nil, fmt.Errorf("decode what Jobber sent: %w", err)
		}
		return readings, err
	}
	r := &reader{read: d.Read}
	r.answer(body)
	if !body.sound() {
		return nil, fmt.Errorf("decode what Jobber sent: %w", *body.bad)
	}
	if len(r.out) == 0 {
		return nil, connect.Ignored{Rule: "no object that we know"}
	}
	return r.out, nil
}

// A reader collects the readings of one answer.
type reader struct {
	read time.Time
	out  []plumbline.Reading
}

// answer reads an object under the name of its type, or our note that it is gone.
func (r *reader) answer(body object) {
	if gone, _ := body.boolean("gone"); gone {
		r.gone(body)
		return
	}
	for _, t := range []struct {
		name string
		read func(object)
	}{
		{"client", r.customer}, {"property", r.property}, {"user", r.technician},
		{"job", r.job}, {"visit", func(o object) { r.visit(o, "") }}, {"quote", r.quote}, {"request", r.request},
		{"invoice", r.invoice}, {"paymentRecord", r.payment},
	} {
		if o, ok := body.object(t.name); ok {
			t.read(o)
		}
	}
}

// gone reads the note that Fetch makes, and lookup where a tool makes none.
func (r *reader) gone(body object) {
	kind, _ := body.text("kind")
	if plumbline.Fields[plumbline.Kind(kind)] == nil {
		body.fail("kind", "a kind of record")
	}
	r.out = deleted(plumbline.Kind(kind), body.id("id"), r.read, r.read)
}

// add adds the reading of an object. Its version is its own modification time; types
// that have none (properties, visits, users, payments) take the start of our read.
func (r *reader) add(kind plumbline.Kind, id string, o object, f fields) {
	at, ok := o.instant("updatedAt")
	if !ok {
		at = r.read
	}
	created, _ := o.instant("createdAt")
	r.out = append(r.out, plumbline.Reading{Kind: kind, ID: id, At: at, Read: r.read, Created: created, Fields: f})
}

// customer reads a client. The person's own address is the billing address.
func (r *reader) customer(o object) {
	f := fields{}
	f.text("first_name", o, "firstName")
	f.text("last_name", o, "lastName")
	f.text("organization", o, "companyName")
	f.email(o)
	f.phones(o)
	f.address(o, "billingAddress")
	r.add(plumbline.Customer, o.id("id"), o, f)
}

// email reads the primary address, else the first.
func (f fields) email(o object) {
	list, ok := o.objects("emails")
	if !ok {
		return
	}
	f["email"] = plumbline.Null
	if e, ok := primary(list); ok {
		f.text("email", e, "address")
	}
}

// primary returns the one of a list that is marked so, else the first.
func primary(list []object) (object, bool) {
	for _, o := range list {
		if is, _ := o.boolean("primary"); is {
			return o, true
		}
	}
	if len(list) == 0 {
		return object{}, false
	}
	return list[0], true
}

// phones reads the numbers by what they are described as. Main and Other are what
// Jobber describes a number as when nobody does: where none is called Mobile, such a
// number is taken for it. A fax machine is nobody to talk to.
func (f fields) phones(o object) {
	list, ok := o.objects("phones")
	if !ok {
		return
	}
	described := map[string][]object{}
	for _, p := range list {
		d, _ := p.text("description")
		field := phoneField[lower(d)]
		described[field] = append(described[field], p)
	}
	for _, field := range []string{"mobile_phone", "home_phone", "work_phone", "texts_allowed"} {
		f[field] = plumbline.Null
	}
	for _, field := range []string{"home_phone", "work_phone"} {
		if p, ok := primary(described[field]); ok {
			f.text(field, p, "number")
		}
	}
	mobile, ok := primary(described["mobile_phone"])
	if !ok {
		mobile, ok = primary(described[""])
	}
	if ok {
		f.text("mobile_phone", mobile, "number")
		f.boolean("texts_allowed", mobile, "smsAllowed")
	}
}

// phoneField has the vendor's enum PhoneNumberDescription in lower case: answers write
// it "Mobile".
var phoneField = map[string]string{"mobile": "mobile_phone", "home": "home_phone", "work": "work_phone", "fax": "fax"}

// address reads the parts of an address that customers and properties share.
func (f fields) address(o object, key string) {
	if o.null(key) {
		for _, field := range []string{"street", "city", "state", "postal_code"} {
			f[field] = plumbline.Null
		}
	}
	a, ok := o.object(key)
	if !ok {
		return
	}
	f.text("street", a, "street1")
	f.text("city", a, "city")
	province, ok := a.text("province")
	f.set("state", a, "province", state(province), ok)
	f.text("postal_code", a, "postalCode")
}

// property reads a place that is served; its address may also be the billing address,
// which does not make it less of one.
func (r *reader) property(o object) {
	f := fields{"use": connect.Value("service")}
	f.ref("customer", o, "client")
	f.address(o, "address")
	if a, ok := o.object("address"); ok {
		f.text("unit", a, "street2")
		f.text("country", a, "country")
	}
	r.add(plumbline.Property, o.id("id"), o, f)
}

func (r *reader) technician(o object) {
	f := fields{}
	if name, ok := o.object("name"); ok {
		f.text("first_name", name, "first")
		f.text("last_name", name, "last")
	}
	f.raw("email", o, "email")
	f.raw("mobile_phone", o, "phone")
	r.add(plumbline.Technician, o.id("id"), o, f)
}

// raw reads an address of a user as it was typed in.
func (f fields) raw(name string, o object, key string) {
	if o.null(key) {
		f[name] = plumbline.Null
	}
	if in, ok := o.object(key); ok {
		f.text(name, in, "raw")
	}
}
