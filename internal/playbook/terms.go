package playbook

import (
	"reflect"
	"regexp"
	"slices"
)

// vocabulary holds the closed lists of a playbook, by what one of them is. Fields name the list
// that they keep to; the loader and the schema read it here.
var vocabulary = map[string][]string{
	"role":                 {"booker", "site_contact", "payer", "member", "reviewer"},
	"class":                {"active_visit", "service", "account", "asking", "marketing", "reply"},
	"kind of message":      {"confirmation", "reminder", "on_my_way", "finished", "review", "invoice", "payment_reminder"},
	"news":                 {"visit.window", "visit.eta", "job.balance"},
	"subject":              {"job", "visit", "household"},
	"type":                 {"string", "text", "number", "date", "datetime", "enum", "bool"},
	"owner":                {"field", "office", "crm", "us"},
	"policy":               {"always", "if_empty", "if_newer", "forward_only", "never", "theirs_to_ours", "create"},
	"kind of time":         {"travel", "wrench", "hold"},
	"word":                 {"required"},
	"evidence":             {"repair", "maintenance", "install", "none"},
	"class of source":      {"office", "person", "books", "field", "crm", "form", "lookup"},
	"day":                  {"mon", "tue", "wed", "thu", "fri", "sat", "sun"},
	"speaker":              {"tool", "us", "nobody"},
	"calendar of holidays": {"us", "none"},
	"kind of subject":      {"job", "visit"},
	"kind of record":       {"customer", "job", "visit", "task"},
	"event":                {"text.help", "visit.reassigned"}, // beside stages and clocks
}

// A form is how a value is written.
type form struct {
	pattern *regexp.Regexp
	msg     string // with the value in it
	cure    string
	digits  bool // not quoted it is a number to YAML
}

// forms are those of values, by name.
var forms = map[string]form{
	"time of day": {regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`), "%q is no time of day", "write it as 07:00", false},
	"hours":       {regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$`), "%q are no hours", "write them as 07:30-17:00", false},
	"day of a year": {regexp.MustCompile(`^((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))$`),
		"%q is no day of every year", "write it as 03-01", false},
	"mobile number": {regexp.MustCompile(`^\+[1-9][0-9]{7,14}$`), "%q is no mobile number", "write it as +12085550142", true},
}

// Terms are what a field keeps to, beside its type. Those of a list or of keys with
// values are those of each value.
type terms struct {
	one  string // of which list of words it is one
	form string // how it is written
	keys string // of which list of words its keys are
	must bool   // it has to be given
}

// An entry is a key of a type that is written as keys with values.
type entry struct {
	key   string
	index int // of the type's field
	terms
}

// entries lists the keys of a type by its tags, in the order of its fields.
func entries(t reflect.Type) (list []entry) {
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		if key := tag.Get("yaml"); key != "" {
			list = append(list, entry{key, i, terms{tag.Get("one"), tag.Get("form"), tag.Get("keys"), tag.Get("must") != ""}})
		}
	}
	return list
}

func keysOf(list []entry) (keys []string) {
	for _, e := range list {
		keys = append(keys, e.key)
	}
	return keys
}

// holds tells where a value does not keep to its terms.
func (d *decoder) holds(n *node, path string, t terms) {
	if known := vocabulary[t.one]; t.one != "" && !slices.Contains(known, n.text) {
		d.problem(n.at, path, suggest(n.text, known), "there is no %s %q", t.one, n.text)
	}
	if f := forms[t.form]; t.form != "" && !d.met(t.form, n.text) {
		d.problem(n.at, path, f.cure, f.msg, n.text)
	}
}

// met says whether a value has a form.
func (d *decoder) met(form, text string) bool { return forms[form].pattern.MatchString(text) }
