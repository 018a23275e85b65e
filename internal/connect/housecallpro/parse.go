package housecallpro

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// deepest is how deep values may stand within each other, as in encoding/json.
const deepest = 10_000

// parse goes through a body, which must be one JSON object. It takes what encoding/json
// takes and nothing else.
func parse(body []byte) (object, error) {
	p := parser{s: string(body), nodes: make([]node, 0, 16+len(body)/20)}
	p.space()
	if !p.is('{') || !p.value("", 0) {
		return object{}, whyNot(body)
	}
	if p.space(); p.i < len(p.s) {
		return object{}, whyNot(body)
	}
	return object{doc: &document{nodes: p.nodes}}, nil
}

// whyNot says what is wrong with a body that was not taken, in the words of
// encoding/json where it is no JSON.
func whyNot(body []byte) error {
	var v json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&v); err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body holds more than one JSON value")
	}
	return fmt.Errorf("$: expected an object, got %s", typeName(string(v)))
}

// A parser goes through a text from its beginning. Its methods go past what they are
// named for and say whether it was there.
type parser struct {
	s     string
	i     int
	nodes []node
}

func (p *parser) value(key string, depth int) (ok bool) {
	from, at := p.i, len(p.nodes)
	p.nodes = append(p.nodes, node{key: key})
	switch {
	case p.is('"'):
		ok = p.quoted()
	case p.is('{'):
		ok = depth < deepest && p.members(depth+1)
	case p.is('['):
		ok = depth < deepest && p.elements(depth+1)
	default:
		ok = p.word("null") || p.word("true") || p.word("false") || p.number()
	}
	p.nodes[at].json, p.nodes[at].next = p.s[from:p.i], len(p.nodes)
	return ok
}

func (p *parser) members(depth int) bool {
	p.i++
	if p.space(); p.take('}') {
		return true
	}
	for {
		from := p.i
		if !p.is('"') || !p.quoted() {
			return false
		}
		key := unquote(p.s[from:p.i])
		if p.space(); !p.take(':') {
			return false
		}
		if p.space(); !p.value(key, depth) {
			return false
		}
		if p.space(); !p.take(',') {
			return p.take('}')
		}
		p.space()
	}
}

func (p *parser) elements(depth int) bool {
	p.i++
	if p.space(); p.take(']') {
		return true
	}
	for {
		if !p.value("", depth) {
			return false
		}
		if p.space(); !p.take(',') {
			return p.take(']')
		}
		p.space()
	}
}

func (p *parser) quoted() bool {
	for p.i++; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			return true
		case c < ' ':
			return false
		case c == '\\' && !p.escape():
			return false
		}
	}
	return false
}

// escape goes to the last character of an escape.
func (p *parser) escape() bool {
	if p.i++; p.i == len(p.s) {
		return false
	}
	switch p.s[p.i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if p.i++; p.i == len(p.s) || !isHex(p.s[p.i]) {
				return false
			}
		}
		return true
	}
	return false
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

func (p *parser) number() bool {
	p.take('-')
	if !p.take('0') && !p.digits() {
		return false
	}
	if p.take('.') && !p.digits() {
		return false
	}
	if p.take('e') || p.take('E') {
		_ = p.take('+') || p.take('-')
		return p.digits()
	}
	return true
}

func (p *parser) digits() bool {
	from := p.i
	for p.i < len(p.s) && '0' <= p.s[p.i] && p.s[p.i] <= '9' {
		p.i++
	}
	return p.i > from
}

func (p *parser) word(w string) bool {
	if len(p.s)-p.i < len(w) || p.s[p.i:p.i+len(w)] != w {
		return false
	}
	p.i += len(w)
	return true
}

func (p *parser) space() {
	for p.is(' ') || p.is('\n') || p.is('\t') || p.is('\r') {
		p.i++
	}
}

func (p *parser) is(c byte) bool { return p.i < len(p.s) && p.s[p.i] == c }

func (p *parser) take(c byte) bool {
	if !p.is(c) {
		return false
	}
	p.i++
	return true
}

// unquote returns the text of a JSON string.
func unquote(quoted string) string {
	if stands(quoted) {
		return quoted[1 : len(quoted)-1]
	}
	var s string
	_ = json.Unmarshal([]byte(quoted), &s) // its form has been checked
	return connect.CleanText(s)
}

// stands says whether a JSON string is its text between quotation marks.
func stands(quoted string) bool { return plumbline.StandsInJSON(quoted[1 : len(quoted)-1]) }
