package housecallpro

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// A document is a body that has been gone through once: its values in the order in which
// they stand, a list or an object before what it holds. Most of what vendors send nobody
// reads, and it costs no more than that.
type document struct {
	nodes []node
	err   error // the first member of a wrong type, by its path
}

// A node is one value of a document.
type node struct {
	key  string // of a member
	json string // as it stands
	next int    // the first node after it and all that it holds
}

// path names where a node stands: "job.schedule.appointments[0]".
func (d *document) path(to int) string {
	path := ""
	for at := 0; at != to; {
		inner, place := at+1, 0
		for ; d.nodes[inner].next <= to; inner = d.nodes[inner].next {
			place++
		}
		if d.nodes[at].json[0] == '[' {
			path += fmt.Sprintf("[%d]", place)
		} else {
			path = join(path, d.nodes[inner].key)
		}
		at = inner
	}
	return path
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// An object reads the members of one JSON object. Each may be absent (says nothing)
// or null (nothing there); the first of a wrong type is remembered, by its path. The
// zero object has no members.
type object struct {
	doc *document
	at  int
}

func (o object) fail(key, want, got string) {
	o.refuse(key, "expected "+want+", got "+typeName(got))
}

// refuse remembers what is wrong with a member, unless something is already.
func (o object) refuse(key, why string) {
	if o.sound() {
		o.doc.err = errors.New(join(o.doc.path(o.at), key) + ": " + why)
	}
}

// sound says that nothing was wrong so far.
func (o object) sound() bool { return o.doc.err == nil }

// find returns the node of a member, 0 where it is absent. Of two of one name the
// last counts.
func (o object) find(key string) (at int) {
	if o.doc == nil {
		return 0
	}
	nodes := o.doc.nodes
	for i := o.at + 1; i < nodes[o.at].next; i = nodes[i].next {
		if nodes[i].key == key {
			at = i
		}
	}
	return at
}

// json returns a member as it stands, "" where it is absent.
func (o object) json(key string) string {
	if at := o.find(key); at > 0 {
		return o.doc.nodes[at].json
	}
	return ""
}

func (o object) has(key string) bool { return o.find(key) > 0 }

// null says that a member is there and null.
func (o object) null(key string) bool { return o.json(key) == null }

const null = "null"

// text reads a text; ok is false where there is none.
func (o object) text(key string) (s string, ok bool) {
	switch v := o.json(key); {
	case v == "" || v == null:
	case v[0] == '"':
		return unquote(v), true
	default:
		o.fail(key, "a text", v)
	}
	return "", false
}

// id reads a text that must be there and not empty.
func (o object) id(key string) string {
	s, ok := o.text(key)
	if !ok && o.sound() || ok && s == "" {
		o.fail(key, "an id", o.json(key))
	}
	return s
}

func (o object) boolean(key string) (b, ok bool) {
	switch v := o.json(key); v {
	case "", null:
	case "true", "false":
		return v == "true", true
	default:
		o.fail(key, "true or false", v)
	}
	return false, false
}

// most is the greatest whole number read: JSON numbers beyond it lose digits in
// other programs, and no amount or duration comes near it.
const most = 1 << 53

func (o object) whole(key string) (n int64, ok bool) {
	v := o.json(key)
	if v == "" || v == null {
		return 0, false
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n > most || n < -most {
		o.fail(key, "a whole number", v)
		return 0, false
	}
	return n, true
}

// instant reads a time. An empty text is nothing.
func (o object) instant(key string) (at time.Time, ok bool) {
	s, ok := o.text(key)
	if !ok || s == "" {
		return time.Time{}, false
	}
	if at, ok = parseInstant(s); !ok {
		o.refuse(key, "expected an ISO 8601 time, got another text")
	}
	return at, ok
}

// parseInstant reads a time in one of the vendor's forms; without a zone it is UTC.
func parseInstant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", "2006-01-02"} {
		at, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if y := at.UTC().Year(); y >= 1 && y <= 9999 {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// object reads an inner object; ok is false where there is none.
func (o object) object(key string) (object, bool) {
	at := o.find(key)
	if at == 0 || o.doc.nodes[at].json == null {
		return object{}, false
	}
	if v := o.doc.nodes[at].json; v[0] != '{' {
		o.fail(key, "an object", v)
		return object{}, false
	}
	return object{o.doc, at}, true
}

// list reads an array as the nodes of its elements; ok is false where there is none.
func (o object) list(key string) (elements []int, ok bool) {
	at := o.find(key)
	if at == 0 || o.doc.nodes[at].json == null {
		return nil, false
	}
	if v := o.doc.nodes[at].json; v[0] != '[' {
		o.fail(key, "a list", v)
		return nil, false
	}
	for i := at + 1; i < o.doc.nodes[at].next; i = o.doc.nodes[i].next {
		elements = append(elements, i)
	}
	return elements, true
}

// objects reads an array of objects; ok is false where there is no array.
func (o object) objects(key string) (out []object, ok bool) {
	l, ok := o.list(key)
	for i, at := range l {
		if v := o.doc.nodes[at].json; v[0] != '{' {
			o.fail(fmt.Sprintf("%s[%d]", key, i), "an object", v)
			return nil, false
		}
		out = append(out, object{o.doc, at})
	}
	return out, ok
}

// texts reads an array of texts; ok is false where there is no array.
func (o object) texts(key string) (out []string, ok bool) {
	l, ok := o.list(key)
	for i, at := range l {
		v := o.doc.nodes[at].json
		if v[0] != '"' {
			o.fail(fmt.Sprintf("%s[%d]", key, i), "a text", v)
			return nil, false
		}
		out = append(out, unquote(v))
	}
	return out, ok
}

// typeName says what a value is, by the first character of its JSON.
func typeName(v string) string {
	switch {
	case v == "" || v == null:
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
	case o.sound() && o.has(key):
		f[name] = plumbline.Null
	}
}

// null writes null where the member is null.
func (f fields) null(name string, o object, key string) {
	if o.null(key) {
		f[name] = plumbline.Null
	}
}

func (f fields) text(name string, o object, key string) {
	if v := o.json(key); v != "" && v[0] == '"' && stands(v) {
		f[name] = plumbline.Value(v)
		return
	}
	v, ok := o.text(key)
	f.set(name, o, key, v, ok)
}

func (f fields) texts(name string, o object, key string) {
	v, ok := o.texts(key)
	f.set(name, o, key, v, ok)
}

// ids writes a list of ids, none of which may be empty.
func (f fields) ids(name string, o object, key string) {
	v, ok := o.texts(key)
	for i, id := range v {
		if id == "" {
			o.fail(fmt.Sprintf("%s[%d]", key, i), "an id", `""`)
		}
	}
	f.set(name, o, key, v, ok)
}

func (f fields) boolean(name string, o object, key string) {
	v, ok := o.boolean(key)
	f.set(name, o, key, v, ok)
}

func (f fields) whole(name string, o object, key string) {
	v, ok := o.whole(key)
	f.set(name, o, key, v, ok)
}

func (f fields) instant(name string, o object, key string) {
	v, ok := o.instant(key)
	f.set(name, o, key, v, ok)
}

func (f fields) cents(name string, o object, key string) {
	v, ok := o.whole(key)
	f.set(name, o, key, connect.Cents(v), ok)
}

// ref writes the id of another object, unless it is empty.
func (f fields) ref(name, id string) {
	if id != "" {
		f[name] = connect.Value(id)
	}
}

// hundredths writes a count of hundredths as a decimal without needless zeros.
func hundredths(n int64) string {
	s := strings.TrimRight(connect.Cents(n), "0")
	return strings.TrimSuffix(s, ".")
}
