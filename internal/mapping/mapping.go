// Package mapping turns golden records into what a target's records should say, and
// judges whether a field may be written over what stands there. It is pure: it knows
// no tool by name, keeps nothing and asks nobody.
package mapping

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/playbook"
)

// A Want is what one field should say.
type Want struct {
	Value string // "" for nothing: written as empty, so that what is past does not linger
	Field *playbook.MapField
}

// Because says where a field's value comes from and when it is written, as a sentence.
func Because(f *playbook.MapField) string {
	return f.From.Source() + ", written " + policies[f.Write]
}

// Desired says what the target record of e's subject should say, by field. It is nil
// where there should be no record. Fields that we never write are left out. Dates
// are those of the property's zone, or of zone where the property tells none.
func Desired(m *playbook.Mapping, e playbook.Env, zone *time.Location) (map[string]Want, error) {
	if e.Property == nil || e.Property.Zone == "" {
		p := plumbline.PropertyView{}
		if e.Property != nil {
			p = *e.Property
		}
		p.Zone = zone.String()
		e.Property = &p
	}
	zone, err := plumbline.Zone(e.Property.Zone)
	if err != nil {
		return nil, fmt.Errorf("map a record at property %s: %w", e.Property.ID, err)
	}
	if ok, err := m.When.Eval(e); err != nil || !ok {
		return nil, err
	}
	out := make(map[string]Want, len(m.Fields))
	for _, f := range m.Fields {
		if f.From == nil {
			continue
		}
		v, err := f.From.Eval(e)
		if err != nil {
			return nil, err
		}
		text, err := format(f, v, zone)
		if err != nil {
			return nil, fmt.Errorf("map field %s: %w", f.Name, err)
		}
		out[f.Name] = Want{text, f}
	}
	return out, nil
}

var policies = map[string]string{
	"always": "always", "if_empty": "if empty", "if_newer": "if newer", "forward_only": "forward only", "create": "when the record is made",
}

var decimal = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// format writes a value as targets take it: dates as YYYY-MM-DD, instants as ISO
// 8601 with milliseconds and Z, numbers with digits and one dot.
func format(f *playbook.MapField, v any, zone *time.Location) (string, error) {
	switch v := v.(type) {
	case time.Time:
		switch {
		case v.IsZero():
			return "", nil
		case f.Value == "date":
			return v.In(zone).Format(time.DateOnly), nil
		}
		return v.UTC().Format("2006-01-02T15:04:05.000Z"), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case []string:
		if f.Value == "text" {
			return strings.Join(v, "\n"), nil
		}
		return strings.Join(v, ", "), nil
	case string:
		return word(f, v)
	}
	return "", fmt.Errorf("a %T cannot be written", v)
}

func word(f *playbook.MapField, v string) (string, error) {
	switch {
	case f.Value == "number" && v != "" && !decimal.MatchString(v):
		return "", fmt.Errorf("%q is no number", v)
	case f.Value == "enum" && v != "" && !slices.Contains(f.Options, v):
		return "", fmt.Errorf("%q is none of its options %s", v, strings.Join(f.Options, ", "))
	case f.Value == "string":
		return strings.Join(strings.Fields(v), " "), nil
	}
	return v, nil
}

// Seen is what the target says of a field now. A record that is about to be made is
// known to say nothing.
type Seen struct {
	Value  string
	At     time.Time // when it came to say so
	Author plumbline.Author
	Known  bool // we have read it
}

// Ours is what we know of our own value.
type Ours struct {
	Last   string    // what we last confirmed there, "" if never
	Stated time.Time // when a person or tool stated what we want to write
}

// Judge says whether a field is to be written, and why or why not, as a sentence.
func Judge(f *playbook.MapField, want string, seen Seen, ours Ours) (write bool, why string) {
	switch {
	case f.Write == "never":
		return false, "this field is not ours to write"
	case f.Write == "theirs_to_ours":
		return false, "the target's word holds for this field"
	case seen.Known && Same(f, want, seen.Value):
		return false, "the target says so already"
	case f.Write == "always":
		return true, "the target says something else"
	case !seen.Known:
		return false, "what the target says is not known yet"
	}
	switch f.Write {
	case "if_empty":
		return ifEmpty(want, seen)
	case "if_newer":
		return ifNewer(f, want, seen, ours)
	case "forward_only":
		return forwardOnly(f, want, seen)
	case "create":
		return onCreate(seen, ours)
	}
	return false, fmt.Sprintf("there is no policy %q", f.Write)
}

func ifEmpty(want string, seen Seen) (bool, string) {
	switch {
	case want == "":
		return false, "we have nothing to fill it with"
	case seen.Value != "":
		return false, "something stands there already"
	}
	return true, "it is empty there"
}

func ifNewer(f *playbook.MapField, want string, seen Seen, ours Ours) (bool, string) {
	mine := seen.Author == plumbline.ByUs || (ours.Last != "" && Same(f, seen.Value, ours.Last) && seen.Author != plumbline.ByPerson)
	switch {
	case mine:
		return true, "our own value there is out of date"
	case want == "":
		return false, "we know nothing, and what stands there is not from us"
	case seen.At.IsZero() && seen.Value == "":
		return true, "nobody ever filled it"
	case ours.Stated.After(seen.At):
		return true, "our value was stated later"
	case seen.Author == plumbline.ByPerson:
		return false, "a person changed it there later"
	}
	return false, "it was changed there later"
}

func forwardOnly(f *playbook.MapField, want string, seen Seen) (bool, string) {
	to, from := slices.Index(f.Options, want), slices.Index(f.Options, seen.Value)
	switch {
	case want == "":
		return false, "we have nothing to say"
	case to < 0:
		return false, fmt.Sprintf("%q is none of the steps", want)
	case seen.Value != "" && from < 0:
		return false, fmt.Sprintf("%q there is none of the steps we know", seen.Value)
	case to <= from:
		return false, "it would go back"
	}
	return true, "it goes forward"
}

func onCreate(seen Seen, ours Ours) (bool, string) {
	if seen.Value != "" || ours.Last != "" || !seen.At.IsZero() {
		return false, "it is written only when the record is made"
	}
	return true, "the record is being made"
}

// Same says whether a target that shows b for what was written as a stored it
// unchanged: 412.50 and 412.5 are one number, and an instant may be shown as
// milliseconds since 1970.
func Same(f *playbook.MapField, a, b string) bool {
	if a == b {
		return true
	}
	switch f.Value {
	case "number":
		x, okX := new(big.Rat).SetString(a)
		y, okY := new(big.Rat).SetString(b)
		return okX && okY && decimal.MatchString(a) && decimal.MatchString(b) && x.Cmp(y) == 0
	case "date", "datetime":
		x, okX := readInstant(a)
		y, okY := readInstant(b)
		return okX && okY && x.Equal(y)
	}
	return false
}

func readInstant(text string) (time.Time, bool) {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms), true
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
