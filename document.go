package plumbline

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The stored form of a source record keeps its readings in order; each that says all
// that the ones before it said, and something else, holds only what differs:
//
//	{"c":CREATED,"ahead":true,"s":[{"f":FIRST,"l":LAST,"t":RECEIVED,"b":AUTHOR,"q":LOOKED,"x":true,"d":{FIELD:VALUE},"p":true}]}
//
// with x for a deletion and p where d is all that the reading said. Every record that
// a delivery touches is read and written, so this is done by hand: reflection would
// be a third of the time that a delivery takes. A value keeps its bytes.

// MarshalJSON makes Value part of a document as a JSON text of its own.
func (v Value) MarshalJSON() ([]byte, error) {
	if v == "" {
		return []byte("null"), nil
	}
	return []byte(v), nil
}

// UnmarshalJSON keeps the JSON text as it stands.
func (v *Value) UnmarshalJSON(b []byte) error {
	*v = Value(b)
	return nil
}

// Document writes the record's content in its one canonical form.
func (s *SourceRecord) Document() string {
	w := writer{b: make([]byte, 0, 512*(1+len(s.Readings)))}
	w.text("{")
	if s.Created != 0 {
		w.text(`"c":`).number(s.Created).text(",")
	}
	if s.Ahead {
		w.text(`"ahead":true,`)
	}
	w.text(`"s":[`)
	var carry map[string]Value
	for i := range s.Readings {
		if i > 0 {
			w.text(",")
		}
		carry = w.stated(&s.Readings[i], carry)
	}
	return string(w.text("]}").b)
}

type writer struct {
	b     []byte
	names []string
}

func (w *writer) text(s string) *writer   { w.b = append(w.b, s...); return w }
func (w *writer) number(n int64) *writer  { w.b = strconv.AppendInt(w.b, n, 10); return w }
func (w *writer) quoted(s string) *writer { w.b = AppendJSON(w.b, s); return w }

// stated writes one reading, given what is carried to it from those before, and returns
// what is carried on.
func (w *writer) stated(p *Stated, carry map[string]Value) map[string]Value {
	w.text(`{"f":`).version(p.First)
	if p.Last != p.First {
		w.text(`,"l":`).version(p.Last)
	}
	w.text(`,"t":`).number(p.Received)
	if p.Author != "" {
		w.text(`,"b":`).quoted(string(p.Author))
	}
	if p.Looked != (Looked{}) {
		w.text(`,"q":`).text(string(JSONValue(p.Looked)))
	}
	if p.Deleted {
		w.text(`,"x":true`)
	}
	all := w.compare(p.Fields, carry)
	for i, name := range w.names {
		w.text([]string{`,"d":{`, ","}[min(i, 1)]).quoted(name).text(":")
		if v := p.Fields[name]; v != "" {
			w.text(string(v))
		} else {
			w.text("null")
		}
	}
	if len(w.names) > 0 {
		w.text("}")
	}
	if all {
		w.text("}")
		return p.Fields
	}
	w.text(`,"p":true}`)
	next := maps.Clone(carry)
	maps.Copy(next, p.Fields)
	return next
}

// compare lists the names of the fields that differ from what is carried, or, unless
// fields say all that is carried, of all fields.
func (w *writer) compare(fields, carry map[string]Value) (all bool) {
	w.names = w.names[:0]
	known := 0
	for name, v := range fields {
		old, ok := carry[name]
		if ok {
			known++
		}
		if !ok || old != v {
			w.names = append(w.names, name)
		}
	}
	if all = known == len(carry); !all {
		w.names = slices.AppendSeq(w.names[:0], maps.Keys(fields))
	}
	slices.Sort(w.names)
	return all
}

func (w *writer) version(v Version) *writer {
	w.text(`{"a":`).number(v.At)
	if v.Read != 0 {
		w.text(`,"r":`).number(v.Read)
	}
	if v.Digest != "" {
		w.text(`,"d":`).quoted(v.Digest)
	}
	return w.text("}")
}

// AppendJSON appends a text as JSON writes it.
func AppendJSON(b []byte, s string) []byte {
	if !StandsInJSON(s) {
		quoted, _ := json.Marshal(s) // a text always can be
		return append(b, quoted...)
	}
	return append(append(append(b, '"'), s...), '"')
}

// StandsInJSON says whether a text needs nothing but quotation marks to be JSON.
func StandsInJSON(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// ReadDocument reads back what Document wrote. Readings may share their maps of
// fields, which nobody changes.
func (s *SourceRecord) ReadDocument(doc string) (err error) {
	defer Wrap(&err, "read source record %s", s.ID)

	r := &reader{s: doc}
	s.Created, s.Ahead, s.Readings = 0, false, nil
	r.object(func(key string) {
		switch key {
		case "c":
			s.Created = r.number()
		case "ahead":
			s.Ahead = r.is("true")
		case "s":
			carry := map[string]Value{}
			r.list(func() {
				var p Stated
				p, carry = r.stated(carry)
				s.Readings = append(s.Readings, p)
			})
		default:
			r.value()
		}
	})
	if r.bad || r.i != len(doc) {
		return errors.New("its document is damaged")
	}
	return nil
}

// A pair is one member of an object.
type pair struct {
	name  string
	value Value
}

// A reader goes through the JSON of a document. What it does not expect makes it bad,
// and then it reads nothing any more.
type reader struct {
	s     string
	i     int
	bad   bool
	pairs []pair // of the object that is being read
}

// stated reads one reading, given what is carried to it from those before, and
// returns what is carried on.
func (r *reader) stated(carry map[string]Value) (p Stated, next map[string]Value) {
	var delta map[string]Value
	last, partial := false, false
	r.object(func(key string) {
		switch key {
		case "f":
			p.First = r.version()
		case "l":
			p.Last, last = r.version(), true
		case "t":
			p.Received = r.number()
		case "b":
			p.Author = Author(r.text())
		case "q":
			r.bad = json.Unmarshal([]byte(r.value()), &p.Looked) != nil || r.bad
		case "x":
			p.Deleted = r.is("true")
		case "d":
			r.pairs = r.pairs[:0] // a map of the right size takes half the time of one that is too large
			r.object(func(name string) { r.pairs = append(r.pairs, pair{name, Value(r.value())}) })
			delta = make(map[string]Value, len(r.pairs))
			for _, p := range r.pairs {
				delta[p.name] = p.value
			}
		case "p":
			partial = r.is("true")
		default:
			r.value()
		}
	})
	if !last {
		p.Last = p.First
	}
	switch {
	case len(delta) == 0 && !partial:
		p.Fields, next = carry, carry
	case len(carry) == 0:
		p.Fields, next = delta, delta
	default:
		next = maps.Clone(carry) // in half the time of a copy
		maps.Copy(next, delta)
		p.Fields = next
		if partial {
			p.Fields = delta
		}
	}
	if p.Fields == nil {
		p.Fields = map[string]Value{}
	}
	return p, next
}

func (r *reader) version() (v Version) {
	r.object(func(key string) {
		switch key {
		case "a":
			v.At = r.number()
		case "r":
			v.Read = r.number()
		case "d":
			v.Digest = r.text()
		default:
			r.value()
		}
	})
	return v
}

// take goes past a character, if it is there.
func (r *reader) take(c byte) bool {
	if r.bad || r.i >= len(r.s) || r.s[r.i] != c {
		return false
	}
	r.i++
	return true
}

func (r *reader) must(c byte) {
	if !r.take(c) {
		r.bad = true
	}
}

func (r *reader) object(member func(key string)) {
	r.must('{')
	if r.take('}') {
		return
	}
	for !r.bad {
		key := r.text()
		r.must(':')
		member(key)
		if !r.take(',') {
			break
		}
	}
	r.must('}')
}

func (r *reader) list(element func()) {
	r.must('[')
	if r.take(']') {
		return
	}
	for !r.bad {
		element()
		if !r.take(',') {
			break
		}
	}
	r.must(']')
}

func (r *reader) number() int64 {
	n, err := strconv.ParseInt(r.value(), 10, 64)
	r.bad = r.bad || err != nil
	return n
}

func (r *reader) is(word string) bool { return r.value() == word }

func (r *reader) text() string {
	quoted := r.value()
	n := len(quoted)
	if n < 2 || quoted[0] != '"' {
		r.bad = true
		return ""
	}
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : n-1]
	}
	var s string
	r.bad = r.bad || json.Unmarshal([]byte(quoted), &s) != nil
	return s
}

// value goes past one JSON value and returns its bytes.
func (r *reader) value() string {
	from, depth := r.i, 0
	for ; r.i < len(r.s); r.i++ {
		switch r.s[r.i] {
		case '"':
			if !r.pastText() {
				return ""
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return r.s[from:r.i]
			}
			depth--
		case ',', ':':
			if depth == 0 {
				return r.s[from:r.i]
			}
		}
	}
	r.bad = true
	return ""
}

// pastText goes to the last character of a text.
func (r *reader) pastText() bool {
	for i := r.i + 1; i < len(r.s); i++ {
		switch r.s[i] {
		case '\\':
			i++
		case '"':
			r.i = i
			return true
		}
	}
	r.bad = true
	return false
}
