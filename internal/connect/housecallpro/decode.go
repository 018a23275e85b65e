package housecallpro

import (
	"fmt"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// readEvent is the event of an object as GET returns it.
const readEvent = "read"

// Decode turns one webhook or one answer into readings: of the object itself and of
// what its body embeds. It is an error of the body if a member that we read has
// another type than it should; the error names its path, and not the event: one mistake
// in two kinds of event is one mistake.
func (t *Tool) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	top, err := parse(d.Body)
	if err != nil {
		return nil, fmt.Errorf("decode what Housecall Pro sent: %w", err)
	}
	r := &reader{event: d.Event, read: d.Read, out: make([]plumbline.Reading, 0, 8)}
	if d.Event == readEvent {
		r.answer(top)
	} else {
		r.webhook(top)
	}
	if err := top.doc.err; err != nil {
		return nil, fmt.Errorf("decode what Housecall Pro sent: %w", err)
	}
	if len(r.out) == 0 {
		return nil, connect.Ignored{Rule: "no object that we know"}
	}
	return r.out, nil
}

// A reader collects the readings of one delivery.
type reader struct {
	event    string
	occurred time.Time // of a webhook
	read     time.Time // of an answer
	out      []plumbline.Reading
}

func (r *reader) webhook(top object) {
	r.occurred, _ = top.instant("event_occurred_at")
	for _, name := range objects {
		o, ok := top.object(name)
		if !ok {
			continue
		}
		switch name {
		case "job", "estimate":
			r.job(o, name)
		case "appointment":
			r.appointment(o, "", r.at(o))
		case "invoice":
			r.invoice(o)
		case "customer":
			r.customer(o, r.event == "customer.deleted")
		case "employee":
			r.employee(o, r.at(o))
		}
	}
}

// answer reads an object as GET returned it, or our note that it is gone.
func (r *reader) answer(o object) {
	id := o.id("id")
	if gone, _ := o.boolean("gone"); gone {
		kind, _ := o.text("kind")
		if plumbline.Fields[plumbline.Kind(kind)] == nil {
			o.fail("kind", "a kind of record", o.json("kind"))
		}
		r.add(plumbline.Kind(kind), id, r.read, object{}, true, fields{})
		return
	}
	switch kindOf(id, o) {
	case "job":
		r.job(o, "job")
	case "estimate":
		r.job(o, "estimate")
	case "invoice":
		r.invoice(o)
	case "customer":
		r.customer(o, false)
	case "employee":
		r.employee(o, r.at(o))
	}
}

// kindOf tells an object's kind by the prefix of its id, else by members that only
// its kind has.
func kindOf(id string, o object) string {
	for _, k := range []struct{ kind, prefix, member string }{
		{"estimate", "csr_", "estimate_number"},
		{"invoice", "invoice_", "due_amount"},
		{"employee", "pro_", "color_hex"},
		{"customer", "cus_", "notifications_enabled"},
		{"job", "job_", "work_status"},
	} {
		if strings.HasPrefix(id, k.prefix) || !strings.Contains(id, "_") && o.has(k.member) {
			return k.kind
		}
	}
	return ""
}

// at is the version of an object: its own modification time, else the event's, else
// the start of our read.
func (r *reader) at(o object) time.Time {
	if at, ok := o.instant("updated_at"); ok {
		return at
	}
	if !r.occurred.IsZero() {
		return r.occurred
	}
	return r.read
}

func (r *reader) add(kind plumbline.Kind, id string, at time.Time, o object, deleted bool, f fields) {
	created, _ := o.instant("created_at")
	r.out = append(r.out, plumbline.Reading{
		Kind: kind, ID: id, At: at, Read: r.read, Created: created, Deleted: deleted,
		Fields: f,
	})
}

// customer reads a customer. Embedded in a job it has a version of its own.
func (r *reader) customer(o object, deleted bool) (id string) {
	id = o.id("id")
	f := make(fields, 12)
	f.text("first_name", o, "first_name")
	f.text("last_name", o, "last_name")
	// company is the customer's firm; company_name is the contractor's.
	f.text("organization", o, "company")
	f.text("email", o, "email")
	f.text("mobile_phone", o, "mobile_number")
	f.text("home_phone", o, "home_number")
	f.text("work_phone", o, "work_number")
	f.boolean("texts_allowed", o, "notifications_enabled")
	f.texts("tags", o, "tags")
	f.text("lead_source", o, "lead_source")
	f.notes(o)
	at := r.at(o)
	if deleted && r.occurred.After(at) {
		at = r.occurred // the deletion need not touch updated_at
	}
	r.add(plumbline.Customer, id, at, o, deleted, f)
	addresses, _ := o.objects("addresses")
	for _, a := range addresses {
		r.property(a, id, at)
	}
	return id
}

// notes reads a customer's notes: text in captures, a list where the vendor's
// description of a job embeds a customer.
func (f fields) notes(o object) {
	if !strings.HasPrefix(o.json("notes"), "[") {
		f.text("notes", o, "notes")
		return
	}
	list, _ := o.objects("notes")
	var texts []string
	for _, n := range list {
		if s, ok := n.text("content"); ok {
			texts = append(texts, s)
		}
	}
	f["notes"] = connect.Value(strings.Join(texts, "\n"))
}

// property reads an address, which has no times of its own: at is the version of the
// object that it stands in. An address without an id cannot be told from another.
func (r *reader) property(o object, customer string, at time.Time) (id string) {
	id, ok := o.text("id")
	if !ok || id == "" {
		return ""
	}
	f := fields{}
	f.ref("customer", customer)
	f.text("street", o, "street")
	f.text("unit", o, "street_line_2")
	f.text("city", o, "city")
	f.text("state", o, "state")
	f.text("postal_code", o, "zip")
	f.text("country", o, "country")
	f.text("use", o, "type")
	r.add(plumbline.Property, id, at, object{}, false, f)
	return id
}

func (r *reader) employee(o object, at time.Time) (id string) {
	id = o.id("id")
	f := fields{}
	f.text("first_name", o, "first_name")
	f.text("last_name", o, "last_name")
	f.text("email", o, "email")
	f.text("mobile_phone", o, "mobile_number")
	f.text("role", o, "role")
	r.add(plumbline.Technician, id, at, o, false, f)
	return id
}
