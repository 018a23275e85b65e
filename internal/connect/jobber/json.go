package jobber

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// An object reads the members of one JSON object. Each may be absent (says nothing) or
// null (nothing there); the first of a wrong type is remembered, by its path. The zero
// object has no members.
type object struct {
	path    string
	members map[string]json.RawMessage
	bad     *error // shared by all objects of a body
}

// parse goes through a body, which must be one JSON object.
func parse(body []byte) (object, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return object{}, fmt.Errorf("the body is not JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return object{}, errors.New("the body holds more than one JSON value")
	}
	o := object{bad: new(error)}
	if raw[0] != '{' || json.Unmarshal(raw, &o.members) != nil {
		return object{}, fmt.Errorf("$: expected an object, got %s", typeName(raw))
	}
	return o, nil
}

func (o object) fail(key, want string) {
	o.refuse(key, "expected "+want+", got "+typeName(o.members[key]))
}

// refuse remembers what is wrong with a member, unless something is already.
func (o object) refuse(key, why string) {
	if o.bad != nil && *o.bad == nil {
		*o.bad = errors.New(join(o.path, key) + ": " + why)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// sound says that nothing was wrong so far.
func (o object) sound() bool { return o.bad == nil || *o.bad == nil }

func (o object) has(key string) bool { return o.members[key] != nil }

// hasAll says that every member is there, if only as null.
func (o object) hasAll(keys ...string) bool {
	for _, key := range keys {
		if !o.has(key) {
			return false
		}
	}
	return true
}

// null says that a member is there and null.
func (o object) null(key string) bool { return string(o.members[key]) == "null" }

// value returns a member that is there and not null.
func (o object) value(key string) (json.RawMessage, bool) {
	v := o.members[key]
	return v, v != nil && string(v) != "null"
}

// text reads a text; ok is false where there is none.
func (o object) text(key string) (string, bool) {
	v, ok := o.value(key)
	if !ok {
		return "", false
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		o.fail(key, "a text")
		return "", false
	}
	return connect.CleanText(s), true
}

// id reads a text that must be there and not empty.
func (o object) id(key string) string {
	s, ok := o.text(key)
	if !ok && o.sound() || ok && s == "" {
		o.fail(key, "an id")
	}
	return s
}

func (o object) boolean(key string) (b, ok bool) {
	v, ok := o.value(key)
	if !ok {
		return false, false
	}
	if json.Unmarshal(v, &b) != nil {
		o.fail(key, "true or false")
		return false, false
	}
	return b, true
}

// instant reads a time. An empty text is nothing.
func (o object) instant(key string) (time.Time, bool) {
	s, ok := o.text(key)
	if !ok || s == "" {
		return time.Time{}, false
	}
	at, ok := parseInstant(s)
	if !ok {
		o.refuse(key, "expected an ISO 8601 time, got another text")
	}
	return at, ok
}

// parseInstant reads a time, with Z or an offset.
func parseInstant(s string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339Nano, s)
	if y := at.UTC().Year(); err != nil || y < 1 || y > 9999 {
		return time.Time{}, false
	}
	return at.UTC(), true
}

// number reads a number as it stands, whole or not. The vendor's money and quantities
// are of type Float, and going through one would change them.
func (o object) number(key string) (*big.Rat, bool) {
	v, ok := o.value(key)
	if !ok {
		return nil, false
	}
	n, ok := exact(string(v))
	if !ok {
		o.fail(key, "a number below 1e13")
	}
	return n, ok
}

// greatest bounds numbers: cents beyond it lose digits in other programs.
var greatest = big.NewRat(1e13, 1)

// exact reads the text of a JSON number without rounding it. Texts that are longer than
// any amount are refused before they are computed.
func exact(text string) (*big.Rat, bool) {
	if len(text) > 40 || strings.Trim(text, "0123456789+-.eE") != "" {
		return nil, false
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if e, err := strconv.Atoi(text[i+1:]); err != nil || e > 30 || e < -30 {
			return nil, false
		}
	}
	n, ok := new(big.Rat).SetString(text)
	if !ok || new(big.Rat).Abs(n).Cmp(greatest) > 0 {
		return nil, false
	}
	return n, true
}

// money writes an amount with two digits. What is told with more, as binary fractions
// are (412.50000000000006), is rounded to the nearest, half away from zero.
func money(n *big.Rat) string {
	if s := n.FloatString(2); s != "-0.00" {
		return s
	}
	return "0.00"
}

// quantity writes a number with up to four digits and no needless zeros.
func quantity(n *big.Rat) string {
	s := strings.TrimSuffix(strings.TrimRight(n.FloatString(4), "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

// object reads an inner object; ok is false where there is none, and then it has no
// members.
func (o object) object(key string) (in object, ok bool) {
	in = object{path: join(o.path, key), bad: o.bad}
	v, ok := o.value(key)
	if !ok {
		return in, false
	}
	if json.Unmarshal(v, &in.members) != nil {
		o.fail(key, "an object")
		return object{path: in.path, bad: o.bad}, false
	}
	return in, true
}

// objects reads an array of objects; ok is false where there is no array.
func (o object) objects(key string) (out []object, ok bool) {
	v, ok := o.value(key)
	if !ok {
		return nil, false
	}
	var list []json.RawMessage
	if json.Unmarshal(v, &list) != nil {
		o.fail(key, "a list")
		return nil, false
	}
	for i, e := range list {
		in := object{path: fmt.Sprintf("%s[%d]", join(o.path, key), i), bad: o.bad}
		if json.Unmarshal(e, &in.members) != nil || in.members == nil {
			o.refuse(fmt.Sprintf("%s[%d]", key, i), "expected an object, got "+typeName(e))
			return nil, false
		}
		out = append(out, in)
	}
	return out, true
}

// connection reads the rows of a page within an object. It is complete if it tells that
// no other page follows.
func (o object) connection(key string) (nodes []object, complete bool) {
	c, ok := o.object(key)
	if !ok {
		return nil, false
	}
	nodes, listed := c.objects("nodes")
	info, _ := c.object("pageInfo")
	more, told := info.boolean("hasNextPage")
	return nodes, listed && told && !more
}

// ids reads the ids of the rows of a complete page.
func (o object) ids(key string) (ids []string, complete bool) {
	nodes, complete := o.connection(key)
	ids = make([]string, 0, len(nodes))
	for _, n := range nodes {
		ids = append(ids, n.id("id"))
	}
	return ids, complete
}

// typeName says what a value is, by the first character of its JSON.
func typeName(v json.RawMessage) string {
	switch {
	case len(v) == 0 || string(v) == "null":
		return "nothing"
	case v[0] == '"':
		return "another text"
	case v[0] == '[':
		return "a list"
	case v[0] == '{':
		return "an object"
	case v[0] == 't' || v[0] == 'f':
		return "true or false"
	}
	return "another number"
}

// fields collects what a body says of one object, by our names.
type fields map[string]plumbline.Value

// set writes a value where there is one, null where the member is null, and nothing
// where it is absent.
func (f fields) set(name string, o object, key string, v any, ok bool) {
	switch {
	case ok:
		f[name] = connect.Value(v)
	case o.null(key):
		f[name] = plumbline.Null
	}
}

func (f fields) text(name string, o object, key string) {
	v, ok := o.text(key)
	f.set(name, o, key, v, ok)
}

func (f fields) boolean(name string, o object, key string) {
	v, ok := o.boolean(key)
	f.set(name, o, key, v, ok)
}

func (f fields) instant(name string, o object, key string) {
	v, ok := o.instant(key)
	f.set(name, o, key, v, ok)
}

func (f fields) money(name string, o object, key string) {
	n, ok := o.number(key)
	v := ""
	if ok {
		v = money(n)
	}
	f.set(name, o, key, v, ok)
}

// ref writes the id of the object in a member.
func (f fields) ref(name string, o object, key string) {
	in, ok := o.object(key)
	id := ""
	if ok {
		id = in.id("id")
	}
	f.set(name, o, key, id, ok && id != "")
}

// word reads one of the words that we know; another one is an error, since a guess about
// money or work is worse than a question.
func (f fields) word(name string, o object, key string, known map[string]string) string {
	s, ok := o.text(key)
	word := known[s]
	if ok && word == "" {
		o.refuse(key, fmt.Sprintf("expected a word that we know, got %q", s))
	}
	f.set(name, o, key, word, ok)
	return word
}
