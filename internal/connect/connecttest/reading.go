// Package connecttest holds a suite for each capability of a tool: what the rooms
// rely on, written against the interfaces of connect. It knows no tool; each tool's
// test fills in the harness of the suites that it must pass.
package connecttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"testing"
	"time"
	"unicode/utf8"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// CheckReading fails the test if a reading does not keep to the language of
// plumbline.Fields: known kind and names, canonical values of the declared types,
// times in UTC.
func CheckReading(t testing.TB, r plumbline.Reading) {
	t.Helper()
	if _, ok := plumbline.Fields[r.Kind]; !ok {
		t.Errorf("a reading has the unknown kind %q", r.Kind)
	}
	if (r.ID == "") == (r.About == "") {
		t.Errorf("a reading of a %s has id %q and about %q, want exactly one", r.Kind, r.ID, r.About)
	}
	if problem := checkText(r.ID); problem != "" {
		t.Errorf("the id of a %s: %s", r.Kind, problem)
	}
	for name, at := range map[string]time.Time{"At": r.At, "Read": r.Read, "Created": r.Created} {
		if y := at.UTC().Year(); y < 1 || y > 9999 {
			t.Errorf("%s %s: %s is %v, want a year of four digits", r.Kind, r.ID, name, at)
		}
	}
	for name, v := range r.Fields {
		field, ok := plumbline.FieldOf(r.Kind, name)
		if !ok {
			t.Errorf("%s %s: there is no field %q", r.Kind, r.ID, name)
			continue
		}
		if err := CheckValue(field.Type, v); err != nil {
			t.Errorf("%s %s: %s: %v", r.Kind, r.ID, name, err)
		}
	}
	for name := range r.Times {
		if _, ok := r.Fields[name]; !ok {
			t.Errorf("%s %s: a time for the field %q, of which nothing is said", r.Kind, r.ID, name)
		}
	}
}

var (
	decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	whole   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
)

// CheckValue says why v is not a canonical JSON text of the type, or nil.
func CheckValue(typ plumbline.FieldType, v plumbline.Value) error {
	x, err := canonical(v)
	if err != nil || v == plumbline.Null {
		return err
	}
	text, isText := x.(string)
	list, isList := x.([]any)
	ok := false
	switch typ {
	case plumbline.Text:
		ok = isText
	case plumbline.Ref, plumbline.Record:
		ok = isText && text != ""
	case plumbline.Bool:
		_, ok = x.(bool)
	case plumbline.Number:
		n, isNumber := x.(json.Number)
		ok = isNumber && whole.MatchString(n.String())
	case plumbline.Decimal, plumbline.Money:
		ok = isText && decimal.MatchString(text)
	case plumbline.Instant:
		_, err := time.Parse(connect.InstantLayout, text)
		ok = isText && err == nil
	case plumbline.Date:
		_, err := time.Parse(time.DateOnly, text)
		ok = isText && err == nil
	case plumbline.Texts, plumbline.Refs:
		ok = isList
		for _, e := range list {
			s, isText := e.(string)
			ok = ok && isText && (s != "" || typ == plumbline.Texts)
		}
	case plumbline.List:
		ok = isList
		for _, e := range list {
			_, isObject := e.(map[string]any)
			ok = ok && isObject
		}
	}
	if !ok {
		return fmt.Errorf("%s is no value of type %s", v, typ)
	}
	return nil
}

// canonical decodes v and checks that it is written as connect.Value writes.
func canonical(v plumbline.Value) (any, error) {
	dec := json.NewDecoder(bytes.NewReader([]byte(v)))
	dec.UseNumber()
	var x any
	if err := dec.Decode(&x); err != nil {
		return nil, fmt.Errorf("%q is not JSON: %w", v, err)
	}
	if want := connect.Value(x); v != want {
		return nil, fmt.Errorf("%s is not canonical, want %s", v, want)
	}
	return x, nil
}

func checkText(s string) string {
	if !utf8.ValidString(s) || bytes.IndexByte([]byte(s), 0) >= 0 {
		return "it holds NUL or invalid UTF-8"
	}
	return ""
}
