package playbook

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"
)

// Schema is the JSON Schema (2020-12) of a playbook file, for editors. It is made of the
// types and terms by which Load reads one, so it refuses nothing that Load takes. What
// only Load can tell (that a name is known, what an expression gives, what a rule must
// have when the layers are laid upon each other) it lets pass.
func Schema() []byte {
	root := object(entries(reflect.TypeFor[document]()), reflect.TypeFor[document](), false)
	limits := reflect.TypeFor[limitsDoc]()
	for key, shape := range object(entries(limits), limits, true)["properties"].(map[string]any) {
		root["properties"].(map[string]any)[key] = shape
	}
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Plumbline playbook"
	text, _ := json.MarshalIndent(root, "", " ") // maps, lists, texts and truths only
	return append(text, '\n')
}

// A listed is a mapping whose order counts.
type listed interface{ item() reflect.Type }

// outline is the schema of a value of a type under its terms. Whole says that no other
// layer adds to it or takes of it: it stands in a list, which is replaced whole.
// Otherwise a key may stand without a value, which takes away what lies below.
func outline(t reflect.Type, x terms, whole bool) map[string]any {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := bare(t, x, whole)
	if whole {
		return s
	}
	switch kind := s["type"].(type) {
	case string:
		s["type"] = []string{kind, "null"}
	case []string:
		s["type"] = append(slices.Clone(kind), "null")
	default:
		if words, ok := s["enum"].([]any); ok {
			s["enum"] = append(slices.Clone(words), nil)
		} else {
			s["anyOf"] = append(slices.Clone(s["anyOf"].([]any)), map[string]any{"type": "null"})
		}
	}
	return s
}

func bare(t reflect.Type, x terms, whole bool) map[string]any {
	if l, ok := reflect.New(t).Interface().(listed); ok {
		return map[string]any{"type": "object", "additionalProperties": outline(l.item(), x, whole)}
	}
	switch {
	case t == reflect.TypeFor[leaf]() || t.Kind() == reflect.String:
		return text(x)
	case t == reflect.TypeFor[time.Duration]():
		return anyOf(map[string]any{"type": "string", "pattern": span}, map[string]any{"const": 0})
	case t.Kind() == reflect.Bool:
		return map[string]any{"enum": []any{true, false, "true", "false"}}
	case t.Kind() == reflect.Int:
		return anyOf(map[string]any{"type": "integer"}, map[string]any{"type": "string", "pattern": "^[-+]?[0-9]+$"})
	case t.Kind() == reflect.Struct:
		return object(entries(t), t, whole)
	case t.Kind() == reflect.Map:
		return keyed(t, x, whole)
	}
	return anyOf(map[string]any{"type": "array", "items": outline(t.Elem(), x, true)}, bare(t.Elem(), x, false)) // a list, or one for a list of one
}

// span is how a span of time is written.
const span = `^[-+]?([0-9]+d|0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`

func anyOf(shapes ...any) map[string]any { return map[string]any{"anyOf": shapes} }

// text is any single value: YAML takes what is not quoted for a number or a truth.
func text(x terms) map[string]any {
	if x.one != "" {
		words := []any{}
		for _, w := range vocabulary[x.one] {
			words = append(words, w)
		}
		return map[string]any{"enum": words}
	}
	if f := forms[x.form]; f.pattern != nil {
		written := map[string]any{"type": "string", "pattern": f.pattern.String()}
		if f.digits {
			return anyOf(written, map[string]any{"type": "integer"})
		}
		return written
	}
	return map[string]any{"type": []string{"string", "number", "boolean"}}
}

func object(list []entry, t reflect.Type, whole bool) map[string]any {
	keys := map[string]any{}
	var must []string
	for _, e := range list {
		keys[e.key] = outline(t.Field(e.index).Type, e.terms, whole)
		if e.must && whole {
			must = append(must, e.key)
		}
	}
	s := map[string]any{"type": "object", "properties": keys, "additionalProperties": false}
	if must != nil {
		s["required"] = must
	}
	return s
}

func keyed(t reflect.Type, x terms, whole bool) map[string]any {
	value := outline(t.Elem(), terms{one: x.one, form: x.form}, whole)
	if x.keys == "" {
		return map[string]any{"type": "object", "additionalProperties": value}
	}
	keys := map[string]any{}
	for _, key := range vocabulary[x.keys] {
		keys[key] = value
	}
	return map[string]any{"type": "object", "properties": keys, "additionalProperties": false}
}
