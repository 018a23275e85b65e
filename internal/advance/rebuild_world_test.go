package advance_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/golden"
)

// monday is when everything begins: 08:00 in Boise.
var monday = time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)

const place = "north"

// A plain tool says its readings as they are.
type plain struct{}

type plainBody struct {
	Readings []plumbline.Reading
	Ignored  string
}

func (plain) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	var b plainBody
	if err := json.Unmarshal(d.Body, &b); err != nil {
		return nil, err
	}
	if b.Ignored != "" {
		return nil, connect.Ignored{Rule: b.Ignored}
	}
	return b.Readings, nil
}

// Chaos draws deliveries about few objects, so that they meet.
type chaos struct {
	t     *rapid.T
	n     int
	kinds []plumbline.Kind // that this history is about
	sorts []string         // of deliveries in it
	shy   int              // a field is spoken of once in so many readings
}

// newChaos draws what a history is about: the fewer kinds, the more often they meet.
func newChaos(t *rapid.T) *chaos {
	return &chaos{t: t, kinds: rapid.SliceOfNDistinct(rapid.SampledFrom(kinds), 1, len(kinds), rapid.ID).Draw(t, "kinds"),
		sorts: rapid.SliceOfNDistinct(rapid.SampledFrom(sorts), 1, len(sorts), rapid.ID).Draw(t, "sorts"),
		shy:   rapid.IntRange(2, 6).Draw(t, "shy")}
}

var sorts = []string{"told", "office", "ring", "address", "drive", "found"}

// chance is true once in n times, and false where a failure is made small.
func (w *chaos) chance(n int, what string) bool { return rapid.IntRange(1, n).Draw(w.t, what) == n }

func (w *chaos) pick(what string, from ...string) string {
	return rapid.SampledFrom(from).Draw(w.t, what)
}

func (w *chaos) id(prefix string, n int) string {
	return prefix + strconv.Itoa(rapid.IntRange(1, n).Draw(w.t, prefix))
}

// instant draws one of few instants, so that many fall together.
func (w *chaos) instant(what string) time.Time {
	return monday.Add(time.Duration(rapid.SampledFrom([]int{-72, -24, -3, -2, -1, 0, 0, 1, 2, 3, 4, 6, 9, 24, 30, 48, 170}).Draw(w.t, what)) * time.Hour)
}

func (w *chaos) source(connection string, kind plumbline.Kind, id string) plumbline.SourceID {
	return plumbline.NewSourceID(place, connection, kind, id)
}

var sizes = map[plumbline.Kind]int{plumbline.Customer: 4, plumbline.Property: 3, plumbline.Technician: 2, plumbline.Job: 3, plumbline.Visit: 3,
	plumbline.Invoice: 3, plumbline.Payment: 3, plumbline.Asset: 3, plumbline.Membership: 3}

func (w *chaos) object(kind plumbline.Kind) string {
	prefix := string(kind[:1])
	if kind == plumbline.Property {
		prefix = "pl"
	}
	return w.id(prefix, sizes[kind])
}

func text(s string) plumbline.Value { return plumbline.TextValue(s) }

// value draws what a field may say; some say null.
func (w *chaos) value(kind plumbline.Kind, name string, f plumbline.Field) plumbline.Value {
	if w.chance(9, "null") {
		return plumbline.Null
	}
	switch f.Type {
	case plumbline.Ref:
		return text(w.object(f.To))
	case plumbline.Refs:
		n := rapid.IntRange(0, 2).Draw(w.t, "refs")
		list := []string{}
		for range n {
			list = append(list, w.object(f.To))
		}
		return plumbline.JSONValue(list)
	case plumbline.Instant:
		return plumbline.TimeValue(w.instant(name))
	case plumbline.Bool:
		return plumbline.Value(w.pick("bool", "true", "false"))
	case plumbline.Money:
		return text(w.pick("money", "0.00", "100.00", "250.00", "-100.00", "100.00"))
	case plumbline.Number:
		return plumbline.Value(w.pick("number", "0", "60", "120"))
	case plumbline.Date:
		return text(w.pick("date", "2019-05-04", "2026-03-02", "2030-01-01"))
	case plumbline.Record:
		return text(string(w.source(w.pick("whose", "field", "crm"), f.To, w.object(f.To))))
	case plumbline.Decimal:
		return text(w.pick("decimal", "43.61", "43.70", "-116.20"))
	case plumbline.Texts:
		return plumbline.Value(w.pick("texts", `[]`, `["Membership"]`, `["warranty"]`, `["a","b"]`, `["estimate"]`))
	case plumbline.List:
		return w.list(name)
	}
	return text(w.words(kind, name))
}

func (w *chaos) list(name string) plumbline.Value {
	switch name {
	case "options":
		return plumbline.Value(w.pick("options", `[]`, `[{"id":"1","status":"open"}]`, `[{"id":"1","status":"approved"}]`, `[{"id":"1","status":"declined"}]`))
	case "lines":
		job := w.object(plumbline.Job)
		return plumbline.JSONValue([]map[string]string{{"name": w.pick("name", "work", "Capacitor for X-1001", "Membership", "Install Trane furnace, model S9V2, serial X-1001"), "quantity": "1", "amount": w.pick("line", "100.00", "150.00"),
			"job": string(w.source("field", plumbline.Job, job))}})
	}
	if name == "notes" {
		return plumbline.JSONValue([]map[string]string{{"id": w.id("n", 2), "text": w.pick("note", "cleaned X-1001", "X-1001 and X-1002", "upstairs", "done")}})
	}
	return plumbline.Value(`[]`)
}

func (w *chaos) words(kind plumbline.Kind, name string) string {
	switch name {
	case "first_name":
		return w.pick(name, "Dana", "Dan", "Daniel", "Maria", "")
	case "last_name":
		return w.pick(name, "Ortiz", "Ortis", "Reyes")
	case "plan":
		return w.pick(name, "Membership", "Gold", "Silver")
	case "maker":
		return w.pick(name, "Trane", "Carrier")
	case "serial":
		return w.pick(name, "X-1001", "X-1002")
	case "place":
		return w.pick(name, "upstairs", "attic")
	case "organization":
		return w.pick(name, "", "Ridge Homes", "Ridge Homes LLC")
	case "email":
		return w.pick(name, "dana@ortiz.net", "info@ridge.com", "m.reyes@post.net")
	case "mobile_phone", "home_phone", "work_phone":
		return w.pick(name, "208 555 0101", "208-555-0102", "(800) 555-0199", "x", "12085550101")
	case "street":
		return w.pick(name, "1418 W Larkspur Ln", "1418 West Larkspur Lane", "9 Elm St", "")
	case "unit":
		return w.pick(name, "", "Apt 2", "3")
	case "city":
		return w.pick(name, "Boise", "Nampa")
	case "state":
		return w.pick(name, "ID", "OR")
	case "postal_code":
		return w.pick(name, "83702", "97901")
	case "zone":
		return w.pick(name, "America/Boise", "America/Los_Angeles")
	case "texts_service", "texts_offers":
		return w.pick(name, "yes", "no", "unknown")
	case "key":
		return string(w.source("field", plumbline.Customer, w.object(plumbline.Customer)))
	case "language":
		return w.pick(name, "en", "es")
	case "status":
		switch kind {
		case plumbline.Membership:
			return w.pick(name, "active", "ended")
		case plumbline.Invoice:
			return w.pick(name, "open", "paid", "void", "uncollectible")
		case plumbline.Payment:
			return w.pick(name, "pending", "settled", "failed", "returned", "disputed")
		}
		return w.pick(name, "unscheduled", "scheduled", "in_progress", "complete", "canceled")
	case "method":
		return w.pick(name, "cash", "ach")
	case "kind", "type":
		return w.pick(name, "estimate", "repair", "warranty")
	case "description":
		return w.pick(name, "leak under the sink", "tune up", "burst pipe", "install")
	case "qa":
		return w.pick(name, "passed", "waived", "pending")
	case "outcome":
		return w.pick(name, "done", "partial", "no_sale", "sold")
	}
	return w.pick(name, "a", "b")
}

var kinds = []plumbline.Kind{plumbline.Customer, plumbline.Property, plumbline.Technician, plumbline.Job, plumbline.Visit, plumbline.Invoice, plumbline.Payment, plumbline.Asset, plumbline.Membership}

// fields draws some fields of a kind.
func (w *chaos) fields(kind plumbline.Kind) map[string]plumbline.Value {
	out := map[string]plumbline.Value{}
	for _, name := range sorted(plumbline.Fields[kind]) {
		f := plumbline.Fields[kind][name]
		often := w.shy
		if f.Type == plumbline.Ref || f.Type == plumbline.Refs || f.Milestone {
			often = min(often, 3)
		}
		if w.chance(often, "has "+name) {
			out[name] = w.value(kind, name, f)
		}
	}
	return out
}

// reading draws what a tool says about one object.
func (w *chaos) reading(kind plumbline.Kind) plumbline.Reading {
	r := plumbline.Reading{Kind: kind, ID: w.object(kind), Fields: w.fields(kind)}
	if !w.chance(5, "undated") {
		r.At = w.instant("at")
	}
	if w.chance(3, "created") {
		r.Created = w.instant("created").Add(-400 * time.Hour)
	}
	r.Deleted = w.chance(10, "deleted")
	if w.chance(4, "read") {
		r.Read = w.instant("read at")
	}
	if w.chance(6, "authors") && len(r.Fields) > 0 {
		name := sorted(r.Fields)[0]
		r.Times = map[string]time.Time{name: w.instant("its time")}
		r.Authors = map[string]plumbline.Author{name: plumbline.Author(w.pick("author", "person", "integration", "us"))}
	}
	return r
}

// delivery draws one delivery.
func (w *chaos) delivery() plumbline.Delivery {
	w.n++
	d := plumbline.Delivery{Location: place, Key: fmt.Sprintf("d%03d", w.n), Received: monday.Add(time.Duration(rapid.IntRange(-2, 60).Draw(w.t, "received")) * time.Hour)}
	sort := "told"
	if w.chance(2, "of some other sort") {
		sort = rapid.SampledFrom(w.sorts).Draw(w.t, "sort")
	}
	map[string]func(*plumbline.Delivery){"told": w.told, "office": w.office, "ring": w.ring, "address": w.address, "drive": w.drive, "found": w.found}[sort](&d)
	return d
}

func (w *chaos) told(d *plumbline.Delivery) {
	d.Tool, d.Connection, d.Event = "plain", w.pick("connection", "field", "field", "field", "crm"), "changed"
	b := plainBody{}
	for range rapid.IntRange(1, 3).Draw(w.t, "readings") {
		b.Readings = append(b.Readings, w.reading(rapid.SampledFrom(w.kinds).Draw(w.t, "kind")))
	}
	if w.chance(15, "echo") {
		d.Echoes = map[string][]string{b.Readings[0].ID: {"first_name", "status"}}
	}
	d.Body, _ = json.Marshal(b)
	switch {
	case w.chance(30, "bad"):
		d.Body = []byte("{")
	case w.chance(30, "of no use"):
		d.Body = []byte(`{"Ignored":"of no use"}`)
	}
}

func (w *chaos) address(d *plumbline.Delivery) {
	d.Tool, d.Connection = "plain", w.pick("sender", "sms", "sms2")
	name, v := "", plumbline.Value("")
	switch rapid.IntRange(0, 2).Draw(w.t, "at the address") {
	case 0:
		sid := w.id("SM", 3)
		name, v = "text:"+sid, plumbline.JSONValue([]advance.InboundText{{SID: sid, Body: w.pick("body", "STOP", "START", "C", "hello")}})
		d.Subject = "+12085550101"
	case 1:
		name, v = w.id("receipt:a", 2)+"/x", plumbline.JSONValue([]advance.Receipt{{SID: w.id("SM", 2), Status: w.pick("status", "delivered", "undelivered"),
			Code: rapid.SampledFrom([]int{0, 21610, 30005}).Draw(w.t, "code")}})
	default:
		name, v = w.id("refused:a", 2), plumbline.JSONValue([]advance.Refusal{{Code: rapid.SampledFrom([]int{21610, 21211}).Draw(w.t, "code")}})
	}
	r := plumbline.Reading{Kind: plumbline.Address, ID: w.pick("number", "+12085550101", "+12085550102"), Fields: map[string]plumbline.Value{name: v}}
	d.Body, _ = json.Marshal(plainBody{Readings: []plumbline.Reading{r}})
}

func (w *chaos) office(d *plumbline.Delivery) {
	d.Tool, d.Connection = plumbline.Office, plumbline.Office
	var o advance.OfficeDecision
	switch rapid.IntRange(0, 5).Draw(w.t, "decision") {
	case 5:
		o = advance.OfficeDecision{Do: "note"}
		if w.chance(3, "withdrawn") {
			o = advance.OfficeDecision{Do: "withdraw", Connection: w.pick("provider", "lookup:a", "lookup:b")}
		}
	case 0, 1:
		kind := rapid.SampledFrom(w.kinds).Draw(w.t, "about what")
		about := kind
		if w.chance(12, "by mistake") { // a record of another kind than it says
			about = rapid.SampledFrom(w.kinds).Draw(w.t, "what it is")
		}
		o = advance.OfficeDecision{Do: "say", About: w.source(w.pick("whose", "field", "crm"), about, w.object(about)), Kind: kind, Fields: map[string]plumbline.Value{}}
		for name, v := range w.fields(kind) {
			switch to := plumbline.Fields[kind][name]; {
			case to.Type == plumbline.Ref && v != plumbline.Null:
				v = text(string(w.source("field", to.To, v.Text())))
			case to.Type == plumbline.Refs:
				list := []string{}
				for _, id := range v.Texts() {
					list = append(list, string(w.source("field", to.To, id)))
				}
				v = plumbline.JSONValue(list)
			}
			o.Fields[name] = v
		}
		if len(o.Fields) == 0 {
			o.Do = "note"
		}
	case 2:
		o = advance.OfficeDecision{Do: "consent", Consent: &advance.Consent{Address: w.pick("number", "+12085550101", "+12085550102"),
			Person: w.source("field", plumbline.Customer, w.object(plumbline.Customer)), Tick: w.pick("tick", "service", "marketing"),
			Yes: w.chance(2, "yes"), Wording: "may we", Via: "form"}}
	default:
		kind := plumbline.Customer
		if w.chance(8, "not people") {
			kind = plumbline.Property
		}
		o = advance.OfficeDecision{Do: w.pick("do", "same", "different"), A: w.source("field", kind, w.object(kind)),
			B: w.source(w.pick("other", "field", "crm"), kind, w.object(kind))}
	}
	d.Body, _ = json.Marshal(o)
}

// visit draws a visit that the tool knows, or the one that stands under its job's id.
func (w *chaos) visit(job string) plumbline.SourceID {
	if w.chance(2, "own") {
		return w.source("field", plumbline.Visit, job)
	}
	return w.source("field", plumbline.Visit, w.object(plumbline.Visit))
}

func (w *chaos) ring(d *plumbline.Delivery) {
	d.Tool, d.Connection = plumbline.Clock, plumbline.Clock
	job := w.object(plumbline.Job)
	r := advance.Ring{Kind: plumbline.Job, Subject: w.source("field", plumbline.Job, job), Job: w.source("field", plumbline.Job, job),
		Rule: w.pick("clock", "qa_unproven", "no_answer", "due3", "review"), Due: w.instant("due"), Missed: w.chance(8, "missed")}
	if w.chance(2, "of a visit") {
		r.Kind, r.Subject, r.Rule = plumbline.Visit, w.visit(job), w.pick("clock", "day_begun", "reminder")
		if r.Rule == "day_begun" {
			r.Due = time.Date(2026, 3, rapid.IntRange(1, 4).Draw(w.t, "day"), 13, 0, 0, 0, time.UTC)
		}
	}
	d.Body, _ = json.Marshal(r)
}

func (w *chaos) drive(d *plumbline.Delivery) {
	d.Tool, d.Connection, d.Event = advance.Route, advance.Route, "read"
	job := w.object(plumbline.Job)
	leaves := w.instant("leaves")
	d.Body, _ = json.Marshal(advance.RouteAnswer{Visit: w.visit(job), Job: w.source("field", plumbline.Job, job), Low: leaves.Add(time.Hour / 4),
		Likely: leaves.Add(time.Hour / 2), High: leaves.Add(time.Hour), Basis: "drawn", For: leaves})
}

// found draws what a provider has answered, or that an answer has come to its end.
func (w *chaos) found(d *plumbline.Delivery) {
	d.Connection = w.pick("provider", "lookup:a", "lookup:b")
	kind := rapid.SampledFrom([]plumbline.Kind{plumbline.Property, plumbline.Asset, plumbline.Customer}).Draw(w.t, "of what")
	about, until := w.source("field", kind, w.object(kind)), monday.Add(time.Duration(rapid.IntRange(1, 2).Draw(w.t, "until"))*time.Hour)
	if w.chance(3, "its end") {
		d.Tool = plumbline.Clock
		d.Body, _ = json.Marshal(advance.Ring{Kind: kind, Subject: about, Rule: d.Connection, Due: until})
		return
	}
	d.Tool, d.Event, d.Read = advance.Enrich, "read", w.instant("asked at")
	f := advance.Finding{Kind: kind, About: about, Fields: map[string]plumbline.Value{}, Confidence: 80, Until: until}
	asked := map[plumbline.Kind][]string{plumbline.Property: {"street", "city"}, plumbline.Asset: {"maker", "serial"}, plumbline.Customer: {"last_name"}}
	known := map[string]string{}
	for _, name := range asked[kind] {
		if v := w.words(kind, name); v != "" && w.chance(2, "asked with "+name) {
			known[name] = v
		}
	}
	f.Asked = golden.Asked(known)
	for name, v := range w.fields(kind) {
		if t := plumbline.Fields[kind][name].Type; t != plumbline.Ref && t != plumbline.Record && name != "asked" {
			f.Fields[name] = v
		}
	}
	d.Body, _ = json.Marshal(f)
}

// again hands over, under another name and later, what was delivered before.
func (w *chaos) again(d plumbline.Delivery) plumbline.Delivery {
	w.n++
	d.Key = fmt.Sprintf("d%03d", w.n)
	d.Received = d.Received.Add(time.Duration(rapid.IntRange(0, 5).Draw(w.t, "later")) * time.Hour)
	return d
}

func (w *chaos) history(most int) (list []plumbline.Delivery) {
	for range rapid.IntRange(2, most).Draw(w.t, "deliveries") {
		if len(list) > 0 && w.chance(10, "again") {
			list = append(list, w.again(rapid.SampledFrom(list).Draw(w.t, "which")))
			continue
		}
		list = append(list, w.delivery())
	}
	return list
}
