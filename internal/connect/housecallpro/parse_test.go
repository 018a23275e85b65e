package housecallpro

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/connect"
)

// byTheBook reads a body as encoding/json does, and says whether it is one object.
func byTheBook(body []byte) (o map[string]any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, false
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	o, ok = v.(map[string]any)
	return o, ok
}

// within makes of a node what encoding/json makes of its text.
func within(d *document, at int) any {
	n := d.nodes[at]
	switch n.json[0] {
	case '{':
		m := map[string]any{}
		for i := at + 1; i < n.next; i = d.nodes[i].next {
			m[d.nodes[i].key] = within(d, i)
		}
		return m
	case '[':
		l := []any{}
		for i := at + 1; i < n.next; i = d.nodes[i].next {
			l = append(l, within(d, i))
		}
		return l
	case '"':
		return unquote(n.json)
	case 't', 'f':
		return n.json == "true"
	case 'n':
		return nil
	}
	return json.Number(n.json)
}

// clean does to texts what is done to them when they are read.
func clean(v any) any {
	switch v := v.(type) {
	case string:
		return connect.CleanText(v)
	case []any:
		for i, e := range v {
			v[i] = clean(e)
		}
	case map[string]any:
		m := map[string]any{}
		for k, e := range v {
			m[connect.CleanText(k)] = clean(e)
		}
		return m
	}
	return v
}

func checkParse(t *testing.T, body []byte) {
	t.Helper()
	want, ok := byTheBook(body)
	got, err := parse(body)
	switch {
	case (err == nil) != ok:
		t.Errorf("parse(%.200q) = %v, want an error: %v", body, err, !ok)
	case ok && !reflect.DeepEqual(within(got.doc, 0), clean(want)):
		t.Errorf("parse(%.200q) = %v, want %v", body, within(got.doc, 0), want)
	}
}

func TestBodiesAreReadAsEncodingJSONReadsThem(t *testing.T) {
	for _, body := range []string{
		"", " ", "null", "[]", "12", "nul", "{", "{}", " {}\r\n\t", "{}}", "{}{}", "{,}", `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":[1,]}`, `{a:1}`, "\ufeff{}",
		`{"a":01}`, `{"a":1.}`, `{"a":.1}`, `{"a":-}`, `{"a":1e}`, `{"a":+1}`, `{"a":-0.5E+7}`, `{"a":nulL}`, `{"a":truefalse}`,
		`{"a":1,"a":{"b":2}}`, `{"a":{"b":1},"a":{"c":2}}`, `{"\u0061":1,"a\/b":2}`, `{"a\u0000":"\u0000"}`, `{"a":"\ud83d\ude00 \ud800 \u12"}`,
		`{"a":"\x"}`, "{\"a\":\"\t\"}", "{\"a\":\"\x7f\"}", "{\"a\xff\":\"\xffé\u2028\"}", `{"a":"\ud83d\ude00 \ud800"}`,
	} {
		checkParse(t, []byte(body))
	}
	for _, depth := range []int{deepest - 1, deepest} {
		checkParse(t, []byte(`{"a":`+strings.Repeat("[", depth)+strings.Repeat("]", depth)+"}"))
	}
}

func TestBrokenBodiesAreRefusedAsEncodingJSONRefusesThem(t *testing.T) {
	pieces := []string{"", "{", "}", "[", "]", ",", ":", `"`, `\`, `\u00`, "0", "-", ".", "e", "null", " ", "\n", "\x00", "\xff", `"id":1,`}
	r := rand.New(rand.NewPCG(5, 6))
	for _, d := range fuzzDeliveries() {
		for range 500 {
			body := string(d.Body)
			for range 1 + r.IntN(3) {
				from := r.IntN(len(body))
				body = body[:from] + pieces[r.IntN(len(pieces))] + body[min(len(body), from+r.IntN(3)):]
			}
			checkParse(t, []byte(body))
		}
	}
}
