package playbook

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A decoder turns nodes into values and collects what is wrong with them.
type decoder struct {
	problems []error
	named    []reference
	broken   bool // something is not of its shape, and what depends on it is not looked at
}

func (d *decoder) problem(at Position, path, cure, msg string, args ...any) {
	d.problems = append(d.problems, &Problem{At: at, Path: path, Msg: fmt.Sprintf(msg, args...), Cure: cure})
}

// misshapen is a problem after which no more can be made of the document.
func (d *decoder) misshapen(at Position, path, cure, msg string, args ...any) {
	d.problem(at, path, cure, msg, args...)
	d.broken = true
}

// A leaf is text whose place matters later: an expression, a name that must exist.
type leaf struct {
	text string
	n    *node
	path string
}

func (l leaf) given() bool { return l.n != nil }

func (l *leaf) decode(d *decoder, n *node, path string, _ terms) {
	if d.want(n, path, scalar) {
		*l = leaf{strings.TrimSpace(n.text), n, path}
	}
}

// An ordered is a mapping whose order counts.
type ordered[T any] struct {
	keys []string
	of   map[string]*T
	n    *node
}

func (o *ordered[T]) decode(d *decoder, n *node, path string, t terms) {
	if !d.want(n, path, mapping) {
		return
	}
	o.n, o.keys, o.of = n, n.keys, map[string]*T{}
	for _, key := range n.keys {
		o.of[key] = new(T)
		d.decode(reflect.ValueOf(o.of[key]).Elem(), n.kids[key], join(path, key), t)
	}
}

func (o *ordered[T]) item() reflect.Type { return reflect.TypeFor[T]() }

type decodes interface {
	decode(d *decoder, n *node, path string, t terms)
}

// decode fills v from a node. Struct fields bear yaml tags; a key that none bears
// is a problem, and so is what does not keep to the terms of the field.
func (d *decoder) decode(v reflect.Value, n *node, path string, t terms) {
	if n.is == scalar {
		d.holds(n, path, t)
	}
	if own, ok := v.Addr().Interface().(decodes); ok {
		own.decode(d, n, path, t)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.decode(v.Elem(), n, path, t)
	case reflect.Struct:
		d.structure(v, n, path)
	case reflect.Map:
		d.mapping(v, n, path, t)
	case reflect.Slice:
		d.slice(v, n, path, t)
	default:
		d.scalar(v, n, path)
	}
}

func (d *decoder) want(n *node, path string, is shape) bool {
	if n.is != is {
		d.misshapen(n.at, path, "write "+is.String(), "this is %s, not %s", n.is, is)
		return false
	}
	return true
}

func (d *decoder) structure(v reflect.Value, n *node, path string) {
	if !d.want(n, path, mapping) {
		return
	}
	fields := entries(v.Type())
	for _, key := range n.keys {
		i := slices.IndexFunc(fields, func(e entry) bool { return e.key == key })
		if i < 0 {
			d.misshapen(n.kids[key].key, path, suggest(key, slices.Sorted(slices.Values(keysOf(fields)))), "unknown key %q", key)
			continue
		}
		d.decode(v.Field(fields[i].index), n.kids[key], join(path, key), fields[i].terms)
	}
	for _, e := range fields {
		if e.must && n.kids[e.key] == nil {
			d.problem(n.at, path, "add "+e.key+":", "%s is missing", e.key)
		}
	}
}

func (d *decoder) mapping(v reflect.Value, n *node, path string, t terms) {
	if !d.want(n, path, mapping) {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, key := range n.keys {
		if known := vocabulary[t.keys]; t.keys != "" && !slices.Contains(known, key) {
			d.problem(n.kids[key].key, path, suggest(key, known), "there is no %s %q", t.keys, key)
		}
		item := reflect.New(v.Type().Elem()).Elem()
		d.decode(item, n.kids[key], join(path, key), terms{one: t.one, form: t.form})
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), item)
	}
}

// slice also takes one value for a list of one.
func (d *decoder) slice(v reflect.Value, n *node, path string, t terms) {
	items := n.items
	if n.is == scalar || n.is == mapping {
		items = []*node{n}
	} else if !d.want(n, path, list) {
		return
	}
	for i, item := range items {
		elem := reflect.New(v.Type().Elem()).Elem()
		d.decode(elem, item, fmt.Sprintf("%s[%d]", path, i), t)
		v.Set(reflect.Append(v, elem))
	}
}

func (d *decoder) scalar(v reflect.Value, n *node, path string) {
	if !d.want(n, path, scalar) {
		return
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		span, err := duration(n.text)
		if err != nil {
			d.misshapen(n.at, path, "write a number and a unit: 30m, 2h, 3d", "%q is no span of time", n.text)
		}
		v.SetInt(int64(span))
	case v.Kind() == reflect.String:
		v.SetString(strings.TrimSpace(n.text))
	case v.Kind() == reflect.Bool:
		if n.text != "true" && n.text != "false" {
			d.misshapen(n.at, path, "write true or false", "%q is neither true nor false", n.text)
		}
		v.SetBool(n.text == "true")
	case v.Kind() == reflect.Int:
		i, err := strconv.Atoi(n.text)
		if err != nil {
			d.misshapen(n.at, path, "write digits", "%q is no whole number", n.text)
		}
		v.SetInt(int64(i))
	}
}

// duration reads "90m", "2h" and, as Go does not, days: "3d".
func duration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}

// suggest proposes the nearest of the known names, or lists them all.
func suggest(name string, known []string) string {
	best, least := "", 1+len(name)/3
	for _, k := range known {
		if far := distance(name, k); far <= least {
			best, least = k, far-1
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	if len(known) == 0 {
		return "there is none"
	}
	return "use one of " + strings.Join(known, ", ")
}

// distance counts the letters to add, drop or change to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
