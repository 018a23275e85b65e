package csv

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// An Entry is what is kept of a row: its cells by the fields to which their columns are
// mapped, as they stand in the file, with all that it takes to read them.
type Entry struct {
	Kind    plumbline.Kind    `json:"kind"`
	ID      string            `json:"id"` // the row's own, else "row N"
	Line    int               `json:"line"`
	Fields  map[string]string `json:"fields"`
	Dates   string            `json:"dates,omitempty"`
	Rank    string            `json:"rank,omitempty"`
	AsOf    time.Time         `json:"as_of,omitzero"`
	Consent Consent           `json:"consent,omitzero"`
	// Property and Customer are records of other sources to which a piece of equipment
	// belongs, found when the row was taken in.
	Property plumbline.SourceID `json:"property,omitempty"`
	Customer plumbline.SourceID `json:"customer,omitempty"`
}

// LookedUp is the rank of values that nobody has typed.
const LookedUp = "looked_up"

// Entry reads a row by the layout. Of faults with the row as a whole there is no entry
// to keep; a field with a fault is left out of it.
func (l *Layout) Entry(f *File, r Row) (Entry, []Fault) {
	e := Entry{Kind: l.Kind, Line: r.Line, Fields: map[string]string{}, Dates: l.Dates, Rank: l.Rank, AsOf: l.AsOf}
	if r.Fault != "" {
		return e, []Fault{{Reason: r.Fault}}
	}
	var faults []Fault
	for i, h := range f.Headings {
		name := l.fieldOf(h)
		if name == "" || i >= len(r.Cells) {
			continue
		}
		cell := strings.TrimSpace(strings.ReplaceAll(r.Cells[i], "\r\n", "\n"))
		switch {
		case len(cell) > MaxCell:
			faults = append(faults, Fault{name, h, fmt.Sprintf("it is longer than %d KB", MaxCell>>10)})
		case strings.ContainsRune(cell, 0):
			faults = append(faults, Fault{name, h, "it holds a NUL, which no text has"})
		case cell != "":
			e.Fields[name] = cell
		}
	}
	e.ID = cmp.Or(e.Fields["id"], fmt.Sprintf("row %d", r.Number))
	delete(e.Fields, "id")
	if e.Fields["texts_service"] != "" || e.Fields["texts_offers"] != "" {
		e.Consent = l.Consent
	}
	return e, faults
}

// Check says what is wrong with an entry that is received at an instant, and takes the
// fields with a fault out of it.
func (e *Entry) Check(l *Layout, received time.Time) (faults []Fault) {
	r := e.read("", "", received)
	for _, x := range r.faults {
		x.Column = l.Columns[x.Field]
		delete(e.Fields, x.Field)
		faults = append(faults, x)
	}
	return faults
}

// Says says whether an entry says anything of a customer, a piece of equipment or a plan.
func (e *Entry) Says() bool {
	names := []string{"first_name", "last_name", "name", "organization", "email", "mobile_phone", "home_phone", "work_phone"}
	switch e.Kind {
	case plumbline.Asset:
		names = []string{"type", "maker", "model", "serial"}
	case plumbline.Membership:
		names = []string{"plan"}
	}
	return slices.ContainsFunc(names, func(n string) bool { return e.Fields[n] != "" })
}

// Decoder reads what was kept of rows.
type Decoder struct{}

var _ connect.Decoder = Decoder{}

// Decode reads one entry: a customer or a piece of equipment, the place that it names, and
// the yes and no to texts at a number.
func (Decoder) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	var e Entry
	if err := json.Unmarshal(d.Body, &e); err != nil {
		return nil, fmt.Errorf("read a row that was kept: %w", err)
	}
	if strings.Contains(string(d.Body), `\u0000`) {
		return nil, plumbline.Invalidf("import the file again", "a row that was kept holds a NUL, which no text has")
	}
	if e.ID == "" || fieldsOf[e.Kind] == nil {
		return nil, plumbline.Invalidf("import the file again", "a row that was kept has no id, or is of the kind %q", e.Kind)
	}
	r := e.read(d.Location, d.Connection, d.Received)
	if len(r.faults) > 0 {
		return nil, plumbline.Invalidf("correct the row and import it again", "the row on line %d: %s: %s", e.Line, r.faults[0].Field, r.faults[0].Reason)
	}
	return r.out, nil
}

// A reader reads one entry.
type reader struct {
	*Entry
	location, connection string
	received             time.Time
	at, created          time.Time
	faults               []Fault
	out                  []plumbline.Reading
}

func (e *Entry) read(location, connection string, received time.Time) *reader {
	r := &reader{Entry: e, location: location, connection: connection, received: received}
	r.created = r.instant("created")
	r.at = r.instant("updated")
	if !e.AsOf.IsZero() && (e.AsOf.Year() < 1900 || e.AsOf.Year() > 2100) {
		r.fault("updated", fmt.Errorf("the file is of the year %d", e.AsOf.Year()))
	}
	switch e.Kind {
	case plumbline.Asset:
		r.asset()
	case plumbline.Membership:
		r.membership()
	default:
		r.customer()
	}
	return r
}

func (r *reader) fault(field string, err error) {
	r.faults = append(r.faults, Fault{Field: field, Reason: err.Error()})
}

// add adds a reading. What a file says is a read of its source, at the time of the file.
func (r *reader) add(kind plumbline.Kind, id string, fields map[string]plumbline.Value) {
	read := cmp.Or(r.AsOf, r.received)
	out := plumbline.Reading{Kind: kind, ID: id, At: cmp.Or(r.at, read), Read: read, Fields: fields}
	if kind != plumbline.Address {
		out.Created = r.created
	}
	if r.Rank == LookedUp && kind != plumbline.Address {
		out.Authors = map[string]plumbline.Author{}
		for name := range fields {
			out.Authors[name] = plumbline.ByIntegration
		}
	}
	r.out = append(r.out, out)
}

// texts are the fields that are taken as they are.
func (r *reader) texts(names ...string) map[string]plumbline.Value {
	fields := map[string]plumbline.Value{}
	for _, n := range names {
		if v := r.Fields[n]; v != "" {
			fields[n] = connect.Value(v)
		}
	}
	return fields
}

// instant reads a time that orders what is said, which cannot lie ahead.
func (r *reader) instant(field string) time.Time {
	t := r.day(field)
	if t.After(r.received) {
		r.fault(field, fmt.Errorf("%q is not yet", r.Fields[field]))
		return time.Time{}
	}
	return t
}

func (r *reader) day(field string) time.Time {
	if r.Fields[field] == "" {
		return time.Time{}
	}
	t, err := day(r.Fields[field], r.Dates)
	if err != nil {
		r.fault(field, err)
	}
	return t
}

func (r *reader) customer() {
	fields := r.person()
	for name, v := range r.texts("lead_source", "notes") {
		fields[name] = v
	}
	if tags := r.Fields["tags"]; tags != "" {
		fields["tags"] = connect.Value(split(tags))
	}
	if l := r.Fields["language"]; l != "" {
		fields["language"] = connect.Value(language(l))
	}
	r.consents(fields)
	r.add(plumbline.Customer, r.ID, fields)
	if place := r.place(); r.Fields["street"] != "" {
		place["customer"] = connect.Value(r.ID)
		r.add(plumbline.Property, r.ID, place)
	}
}

// person reads who somebody is and how to reach them.
func (r *reader) person() map[string]plumbline.Value {
	fields := r.texts("first_name", "last_name", "organization")
	if name := r.Fields["name"]; name != "" && fields["first_name"] == "" && fields["last_name"] == "" {
		first, last := parted(name)
		for field, v := range map[string]string{"first_name": first, "last_name": last} {
			if v != "" {
				fields[field] = connect.Value(v)
			}
		}
	}
	for _, n := range []string{"mobile_phone", "home_phone", "work_phone"} {
		if v := r.Fields[n]; v != "" {
			fields[n] = connect.Value(v)
			if connect.E164(v) == "" {
				r.fault(n, fmt.Errorf("%q is no telephone number", v))
			}
		}
	}
	if v := r.Fields["email"]; v != "" {
		fields["email"] = connect.Value(v)
		if a, err := mail.ParseAddress(v); err != nil || a.Address != v || !strings.Contains(v[strings.LastIndexByte(v, '@')+1:], ".") {
			r.fault("email", fmt.Errorf("%q is no e-mail address", v))
		}
	}
	return fields
}

func (r *reader) place() map[string]plumbline.Value {
	fields := r.texts("street", "unit", "city", "postal_code", "country")
	if v := r.Fields["state"]; v != "" {
		letters := strings.ToUpper(v)
		if full, ok := states[bare(v)]; ok {
			letters = full
		}
		fields["state"] = connect.Value(letters)
		if len(letters) != 2 {
			r.fault("state", fmt.Errorf("%q is no state: write its two letters", v))
		}
	}
	return fields
}

func (r *reader) asset() {
	fields := r.texts("type", "maker", "model", "serial", "place", "notes")
	r.days(fields, "installed", "warranty_until", "next_due")
	r.belongs(plumbline.Asset, fields)
}

// membership reads a plan that somebody holds.
func (r *reader) membership() {
	fields := r.texts("plan", "notes")
	r.days(fields, "started", "renews", "next_due")
	if v := r.Fields["status"]; v != "" {
		switch bare(v) {
		case "active", "current", "yes", "true", "y", "1", "open", "enabled":
			fields["status"] = connect.Value("active")
		case "ended", "inactive", "expired", "canceled", "cancelled", "lapsed", "no", "false", "n", "0", "closed", "terminated", "suspended":
			fields["status"] = connect.Value("ended")
		default:
			r.fault("status", fmt.Errorf("%q is neither active nor ended", v))
		}
	}
	if v := r.Fields["months"]; v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 120 {
			r.fault("months", fmt.Errorf("%q is no number of months", v))
		} else {
			fields["months"] = connect.Value(n)
		}
	}
	if v := r.Fields["price"]; v != "" {
		if m := amount.FindStringSubmatch(strings.ReplaceAll(v, ",", "")); m == nil {
			r.fault("price", fmt.Errorf("%q is no amount", v))
		} else {
			fields["price"] = connect.Value(m[1] + "." + (m[2] + "00")[:2])
		}
	}
	r.belongs(plumbline.Membership, fields)
}

var amount = regexp.MustCompile(`^\$? ?(\d{1,9})(?:\.(\d{1,2}))?$`)

func (r *reader) days(fields map[string]plumbline.Value, names ...string) {
	for _, n := range names {
		if t := r.day(n); !t.IsZero() {
			fields[n] = connect.Value(t.Format(time.DateOnly))
		}
	}
}

// belongs adds whose something is, and where it is.
func (r *reader) belongs(kind plumbline.Kind, fields map[string]plumbline.Value) {
	person, place := r.person(), r.place()
	named := r.Named()
	if r.Fields["street"] != "" {
		fields["property"] = connect.Value(r.ID)
		if named {
			place["customer"] = connect.Value(r.ID)
		}
		r.add(plumbline.Property, r.ID, place)
	}
	if named { // who that is, is decided as for everybody else
		fields["customer"] = connect.Value(r.ID)
		r.add(plumbline.Customer, r.ID, person)
	}
	for name, id := range map[string]plumbline.SourceID{"property_record": r.Property, "customer_record": r.Customer} {
		if id != "" {
			fields[name] = connect.Value(string(id))
		}
	}
	r.add(kind, r.ID, fields)
}

// Named says whether an entry of equipment, or of a plan, names its customer, and does not only give a
// number or an address of theirs.
func (e *Entry) Named() bool {
	return e.Customer == "" && (e.Fields["first_name"] != "" || e.Fields["last_name"] != "" || e.Fields["name"] != "" || e.Fields["organization"] != "")
}

// Numbers are the telephone numbers of an entry in their one form.
func (e *Entry) Numbers() (list []string) {
	for _, n := range []string{"mobile_phone", "home_phone", "work_phone"} {
		if e164 := connect.E164(e.Fields[n]); e164 != "" && !slices.Contains(list, e164) {
			list = append(list, e164)
		}
	}
	return list
}

// parted parts "Dana Whitlock" and "Whitlock, Dana".
func parted(name string) (first, last string) {
	if family, given, ok := strings.Cut(name, ","); ok {
		return strings.TrimSpace(given), strings.TrimSpace(family)
	}
	words := strings.Fields(name)
	n := len(words) - 1
	if n < 0 {
		return "", ""
	}
	return strings.Join(words[:n], " "), words[n]
}

func split(tags string) []string {
	list := []string{}
	for t := range strings.FieldsFuncSeq(tags, func(c rune) bool { return c == ',' || c == ';' || c == '|' || c == '\n' }) {
		if t = strings.TrimSpace(t); t != "" && !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

func language(s string) string {
	switch b := bare(s); b {
	case "english", "eng", "enus":
		return "en"
	case "spanish", "espanol", "español", "spa", "esus", "esmx":
		return "es"
	}
	return s
}
