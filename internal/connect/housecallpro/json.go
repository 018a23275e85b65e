package housecallpro

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// parse reads a body as one JSON object. Numbers stay text.
func parse(body []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("the body is not JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the body holds more than one JSON value")
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("$: expected an object, got %s", typeName(v))
	}
	return m, nil
}

// An object reads the members of one JSON object. Each may be absent (says nothing)
// or null (nothing there); the first of a wrong type is remembered in err, by its path.
type object struct {
	path string
	m    map[string]any
	err  *error
}

func (o object) fail(key, want string, got any) {
	if *o.err == nil {
		*o.err = fmt.Errorf("%s: expected %s, got %s", o.at(key), want, typeName(got))
	}
}

func (o object) at(key string) string {
	if o.path == "" {
		return key
	}
	return o.path + "." + key
}

func (o object) has(key string) bool { _, ok := o.m[key]; return ok }

// null says that a member is there and null.
func (o object) null(key string) bool {
	v, ok := o.m[key]
	return ok && v == nil
}

// text reads a text; ok is false where there is none.
func (o object) text(key string) (s string, ok bool) {
	switch v := o.m[key].(type) {
	case nil:
	case string:
		return connect.CleanText(v), true
	default:
		o.fail(key, "a text", v)
	}
	return "", false
}

// id reads a text that must be there and not empty.
func (o object) id(key string) string {
	s, ok := o.text(key)
	if !ok && *o.err == nil || ok && s == "" {
		o.fail(key, "an id", o.m[key])
	}
	return s
}

func (o object) boolean(key string) (b, ok bool) {
	switch v := o.m[key].(type) {
	case nil:
	case bool:
		return v, true
	default:
		o.fail(key, "true or false", v)
	}
	return false, false
}

// most is the greatest whole number read: JSON numbers beyond it lose digits in
// other programs, and no amount or duration comes near it.
const most = 1 << 53

func (o object) whole(key string) (n int64, ok bool) {
	switch v := o.m[key].(type) {
	case nil:
	case json.Number:
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err == nil && n <= most && n >= -most {
			return n, true
		}
		o.fail(key, "a whole number", v)
	default:
		o.fail(key, "a whole number", v)
	}
	return 0, false
}

// instant reads a time; without a zone it is UTC. An empty text is nothing.
func (o object) instant(key string) (at time.Time, ok bool) {
	s, ok := o.text(key)
	if !ok || s == "" {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", "2006-01-02"} {
		at, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if y := at.UTC().Year(); y >= 1 && y <= 9999 {
			return at.UTC(), true
		}
	}
	if *o.err == nil {
		*o.err = fmt.Errorf("%s: expected an ISO 8601 time, got another text", o.at(key))
	}
	return time.Time{}, false
}

// object reads an inner object; ok is false where there is none.
func (o object) object(key string) (object, bool) {
	switch v := o.m[key].(type) {
	case nil:
	case map[string]any:
		return object{path: o.at(key), m: v, err: o.err}, true
	default:
		o.fail(key, "an object", v)
	}
	return object{err: o.err}, false
}

// list reads an array; ok is false where there is none.
func (o object) list(key string) ([]any, bool) {
	switch v := o.m[key].(type) {
	case nil:
	case []any:
		return v, true
	default:
		o.fail(key, "a list", v)
	}
	return nil, false
}

// objects reads an array of objects; ok is false where there is no array.
func (o object) objects(key string) (out []object, ok bool) {
	l, ok := o.list(key)
	for i, v := range l {
		name := fmt.Sprintf("%s[%d]", key, i)
		m, isObject := v.(map[string]any)
		if !isObject {
			o.fail(name, "an object", v)
			return nil, false
		}
		out = append(out, object{path: o.at(name), m: m, err: o.err})
	}
	return out, ok
}

// texts reads an array of texts; ok is false where there is no array.
func (o object) texts(key string) (out []string, ok bool) {
	l, ok := o.list(key)
	for i, v := range l {
		s, isText := v.(string)
		if !isText {
			o.fail(fmt.Sprintf("%s[%d]", key, i), "a text", v)
			return nil, false
		}
		out = append(out, connect.CleanText(s))
	}
	return out, ok
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case bool:
		return "true or false"
	case json.Number:
		return "another number"
	case string:
		return "another text"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "something else"
}

// fields collects what a body says of one object, by our names.
type fields map[string]plumbline.Value

// set writes a value where there is one, null where the member is null, and nothing
// where it is absent.
func (f fields) set(name string, o object, key string, v any, ok bool) {
	switch {
	case ok:
		f[name] = connect.Value(v)
	case *o.err == nil && o.has(key):
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
			o.fail(fmt.Sprintf("%s[%d]", key, i), "an id", id)
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
