package jobber

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// object is something as the schema shows it: its type, and the value of each
// field. A value may be a function, which is called when the field is asked
// for; a zero time and, where the schema allows null, an empty text are null.
type object struct {
	kind   string
	fields map[string]any
}

// lazy is a value that is made when it is asked for; resolver is one that
// depends on its arguments.
type (
	lazy     func() any
	resolver func(arguments) any
)

// refusal is an error that a field answers instead of a value.
type refusal struct{ code, text string }

func (r *refusal) Error() string { return r.text }

// execution is one operation that runs.
type execution struct {
	sandbox  *Sandbox
	vars     map[string]any
	problems []problem
	used     float64
}

// object answers a selection of an object. It is not ok if a field that may
// not be null is.
func (x *execution) object(o *object, set ast.SelectionSet, path []any) (map[string]any, bool) {
	out := map[string]any{}
	for _, same := range x.collect(o, set) {
		f := same[0]
		value, ok := x.field(o, same, append(slices.Clone(path), f.Alias))
		if !ok {
			return nil, false
		}
		out[f.Alias] = value
	}
	return out, true
}

// collect groups the fields that apply to the object by their names in the
// answer, in the order of the query.
func (x *execution) collect(o *object, set ast.SelectionSet) (groups [][]*ast.Field) {
	for _, f := range x.applying(o, set) {
		i := slices.IndexFunc(groups, func(g []*ast.Field) bool { return g[0].Alias == f.Alias })
		if i < 0 {
			groups = append(groups, []*ast.Field{f})
		} else {
			groups[i] = append(groups[i], f)
		}
	}
	return groups
}

func (x *execution) applying(o *object, set ast.SelectionSet) (fields []*ast.Field) {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			if x.wanted(sel.Directives) {
				fields = append(fields, sel)
			}
		case *ast.FragmentSpread:
			if x.wanted(sel.Directives) && is(o, sel.Definition.TypeCondition) {
				fields = append(fields, x.applying(o, sel.Definition.SelectionSet)...)
			}
		case *ast.InlineFragment:
			if x.wanted(sel.Directives) && is(o, sel.TypeCondition) {
				fields = append(fields, x.applying(o, sel.SelectionSet)...)
			}
		}
	}
	return fields
}

// wanted obeys @skip and @include.
func (x *execution) wanted(ds ast.DirectiveList) bool {
	for _, d := range ds {
		if on, _ := d.ArgumentMap(x.vars)["if"].(bool); on == (d.Name == "skip") {
			return false
		}
	}
	return true
}

// is says whether an object is of a type or of one that implements it.
func is(o *object, kind string) bool {
	return kind == "" || kind == o.kind || slices.ContainsFunc(schema.PossibleTypes[kind], func(d *ast.Definition) bool { return d.Name == o.kind })
}

// field answers one field, asked for once or several times.
func (x *execution) field(o *object, same []*ast.Field, path []any) (any, bool) {
	f := same[0]
	if !free(f) {
		x.used++
	}
	if f.Name == "__typename" {
		return o.kind, true
	}
	if name := o.kind + "." + f.Name; x.sandbox.hidden[name] {
		text := fmt.Sprintf("The field %s on an object of type %s was hidden due to permissions", f.Name, o.kind)
		return x.refuse(f.Definition.Type, problemOf("FORBIDDEN", text, path...))
	}
	value := o.fields[f.Name]
	switch v := value.(type) {
	case resolver:
		value = v(arguments(f.ArgumentMap(x.vars)))
	case lazy:
		value = v()
	}
	var r *refusal
	if err, failed := value.(error); failed && errors.As(err, &r) {
		return x.refuse(f.Definition.Type, problemOf(r.code, r.text, path...))
	}
	var set ast.SelectionSet
	for _, f := range same {
		set = append(set, f.SelectionSet...)
	}
	return x.complete(value, f.Definition.Type, set, path)
}

func (x *execution) refuse(t *ast.Type, p problem) (any, bool) {
	x.problems = append(x.problems, p)
	return nil, !t.NonNull
}

// complete makes a value what the schema says of it.
func (x *execution) complete(value any, t *ast.Type, set ast.SelectionSet, path []any) (any, bool) {
	switch v := value.(type) {
	case nil:
		return nil, !t.NonNull
	case *object:
		if v == nil {
			return nil, !t.NonNull
		}
		out, ok := x.object(v, set, path)
		if !ok {
			return nil, !t.NonNull
		}
		return out, true
	case []*object:
		out := make([]any, len(v))
		for i, o := range v {
			item, ok := x.complete(o, t.Elem, set, append(slices.Clone(path), i))
			if !ok {
				return nil, !t.NonNull
			}
			out[i] = item
		}
		return out, true
	case time.Time:
		if v.IsZero() {
			return nil, !t.NonNull
		}
		return v.UTC().Format(time.RFC3339), true
	case string:
		if v == "" && !t.NonNull {
			return nil, true
		}
	}
	return value, true
}
