package playbook

import (
	"cmp"
	"html"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"plumbline.dev/plumbline"
)

// Most expressions of a playbook are a few comparisons of fields, and every statement of
// a job has its stages evaluated: CEL's interpreter takes several times as long over them
// as functions do. So what is simple enough is made a function, by the type of what it
// gives; it is nil for all other expressions, and those are left to CEL. So is, each
// time, what would fail: CEL knows when that matters, and words it.

// A frame is what such a function works on.
type frame struct {
	Env
	trip     *plumbline.VisitView      // of the loop over visits that it is in
	assigned *plumbline.AssignmentView // likewise
	word     string                    // likewise
	unsure   bool                      // it would fail: ask CEL
}

var frames = sync.Pool{New: func() any { return new(frame) }}

// over returns a frame. It is given back with done: a delivery takes a hundred.
func over(e Env) *frame {
	f := frames.Get().(*frame)
	f.Env = e
	return f
}

func (f *frame) done() {
	*f = frame{}
	frames.Put(f)
}

// A scope is what the variables of the loops are called.
type scope struct{ trip, assigned, word string }

func (s scope) names(name string) bool {
	return name == s.trip || name == s.assigned || name == s.word
}

// An answer gives what an expression gives, without CEL; what is true or an instant also
// as such.
type answer struct {
	value func(*frame) any
	truth func(*frame) bool
	when  func(*frame) time.Time
}

func answerOf(a *ast.AST) (d answer) {
	x, s := a.Expr(), scope{}
	switch out := a.GetType(x.ID()); out.Kind() {
	case types.BoolKind:
		d.truth = boolOf(s, x)
		d.value = boxed(d.truth)
	case types.TimestampKind:
		if d.when = timeOf(s, x); d.when != nil {
			d.value = func(f *frame) any { return given(d.when(f)) }
		}
	case types.StringKind:
		d.value = boxed(textOf(s, x))
	case types.IntKind:
		d.value = boxed(wholeOf(s, x))
	case types.ListKind:
		d.value = boxed(textsOf(s, x))
	}
	return d
}

func boxed[V any](get func(*frame) V) func(*frame) any {
	if get == nil {
		return nil
	}
	return func(f *frame) any { return get(f) }
}

// given turns CEL's instant into ours: see instant.
func given(t time.Time) time.Time {
	if t.Unix() <= 0 {
		return time.Time{}
	}
	return t.UTC()
}

// fieldOf reads a field of a view that is named.
func fieldOf[V any](s scope, x ast.Expr) func(*frame) V {
	if x.Kind() != ast.SelectKind || x.AsSelect().IsTestOnly() || x.AsSelect().Operand().Kind() != ast.IdentKind {
		return nil
	}
	field, of := x.AsSelect().FieldName(), x.AsSelect().Operand().AsIdent()
	switch {
	case of == s.trip:
		return fieldIn[V](field, func(f *frame) *plumbline.VisitView { return f.trip })
	case of == s.assigned:
		return fieldIn[V](field, func(f *frame) *plumbline.AssignmentView { return f.assigned })
	case s.names(of):
	case of == "job":
		return fieldIn[V](field, func(f *frame) *plumbline.JobView { return f.Job })
	case of == "visit":
		return fieldIn[V](field, func(f *frame) *plumbline.VisitView { return f.Visit })
	case of == "customer":
		return fieldIn[V](field, func(f *frame) *plumbline.PersonView { return f.Customer })
	case of == "property":
		return fieldIn[V](field, func(f *frame) *plumbline.PropertyView { return f.Property })
	case of == "task":
		return fieldIn[V](field, func(f *frame) *TaskView { return f.Task })
	}
	return nil
}

func fieldIn[V, T any](name string, of func(*frame) *T) func(*frame) V {
	view, nothing := reflect.TypeFor[T](), new(V)
	for i := range view.NumField() {
		if f := view.Field(i); f.Tag.Get("cel") == name && f.Type == reflect.TypeFor[V]() {
			return func(f *frame) V {
				v := of(f)
				if v == nil {
					return *nothing
				}
				return *reflect.ValueOf(v).Elem().Field(i).Addr().Interface().(*V)
			}
		}
	}
	return nil
}

// callOf returns the function that an expression calls and what it is given, a
// receiver first.
func callOf(x ast.Expr) (name string, args []ast.Expr) {
	if x.Kind() != ast.CallKind {
		return "", nil
	}
	c := x.AsCall()
	if c.IsMemberFunction() {
		args = append(args, c.Target())
	}
	return c.FunctionName(), append(args, c.Args()...)
}

func literalOf[V any](x ast.Expr) (v V, ok bool) {
	if x.Kind() == ast.LiteralKind {
		v, ok = x.AsLiteral().Value().(V)
	}
	return v, ok
}

func literalFunc[V any](x ast.Expr) func(*frame) V {
	v, ok := literalOf[V](x)
	if !ok {
		return nil
	}
	return func(*frame) V { return v }
}

// either is the conditional operator.
func either[V any](s scope, args []ast.Expr, of func(scope, ast.Expr) func(*frame) V) func(*frame) V {
	c, yes, no := boolOf(s, args[0]), of(s, args[1]), of(s, args[2])
	if c == nil || yes == nil || no == nil {
		return nil
	}
	return func(f *frame) V {
		if c(f) {
			return yes(f)
		}
		return no(f)
	}
}

func boolOf(s scope, x ast.Expr) func(*frame) bool {
	if get := fieldOf[bool](s, x); get != nil {
		return get
	}
	if x.Kind() == ast.ComprehensionKind {
		return quantified(s, x.AsComprehension())
	}
	name, args := callOf(x)
	switch name {
	case "":
		return literalFunc[bool](x)
	case operators.LogicalAnd, operators.LogicalOr:
		a, b := boolOf(s, args[0]), boolOf(s, args[1])
		switch {
		case a == nil || b == nil:
			return nil
		case name == operators.LogicalAnd:
			return func(f *frame) bool { return a(f) && b(f) }
		}
		return func(f *frame) bool { return a(f) || b(f) }
	case operators.LogicalNot:
		if a := boolOf(s, args[0]); a != nil {
			return func(f *frame) bool { return !a(f) }
		}
	case operators.Conditional:
		return either(s, args, boolOf)
	case operators.In:
		if a, list := textOf(s, args[0]), textsOf(s, args[1]); a != nil && list != nil {
			return func(f *frame) bool { return slices.Contains(list(f), a(f)) }
		}
	case "known":
		if at := timeOf(s, args[0]); at != nil {
			return func(f *frame) bool { return at(f).Unix() > 0 }
		}
	case "matches":
		text := textOf(s, args[0])
		pattern, _ := literalOf[string](args[1])
		if re, err := regexp.Compile(pattern); text != nil && err == nil && pattern != "" {
			return func(f *frame) bool { return re.MatchString(text(f)) }
		}
	case "holds", "rang", "mentions":
		return ofJob(s, name, args)
	}
	return compared(name, s, args)
}

// ofJob is what is asked of the job itself.
func ofJob(s scope, name string, args []ast.Expr) func(*frame) bool {
	if args[0].Kind() != ast.IdentKind || args[0].AsIdent() != "job" || s.names("job") {
		return nil
	}
	if name == "mentions" {
		list := textList(args[1])
		if list == nil {
			return nil
		}
		var phrases []string
		for _, p := range list {
			phrases = append(phrases, plain(p))
		}
		return func(f *frame) bool { return mentionsAny(orNothing(f.Job), phrases) }
	}
	word, ok := literalOf[string](args[1])
	switch {
	case !ok:
		return nil
	case name == "holds":
		return func(f *frame) bool { return f.Job != nil && f.Job.Holds(word) }
	}
	return func(f *frame) bool { return f.Job != nil && slices.Contains(f.Job.Rings, word) }
}

// compared compares two values of one type.
func compared(operator string, s scope, args []ast.Expr) func(*frame) bool {
	var fits func(int) bool
	switch operator {
	case operators.Equals:
		fits = func(n int) bool { return n == 0 }
	case operators.NotEquals:
		fits = func(n int) bool { return n != 0 }
	case operators.Less:
		fits = func(n int) bool { return n < 0 }
	case operators.LessEquals:
		fits = func(n int) bool { return n <= 0 }
	case operators.Greater:
		fits = func(n int) bool { return n > 0 }
	case operators.GreaterEquals:
		fits = func(n int) bool { return n >= 0 }
	default:
		return nil
	}
	if a, b := textOf(s, args[0]), textOf(s, args[1]); a != nil && b != nil {
		return func(f *frame) bool { return fits(strings.Compare(a(f), b(f))) }
	}
	if a, b := wholeOf(s, args[0]), wholeOf(s, args[1]); a != nil && b != nil {
		return func(f *frame) bool { return fits(cmp.Compare(a(f), b(f))) }
	}
	if a, b := timeOf(s, args[0]), timeOf(s, args[1]); a != nil && b != nil {
		return func(f *frame) bool { return fits(a(f).Compare(b(f))) }
	}
	return nil
}

func textOf(s scope, x ast.Expr) func(*frame) string {
	if get := fieldOf[string](s, x); get != nil {
		return get
	}
	if x.Kind() == ast.IdentKind {
		switch name := x.AsIdent(); {
		case name == s.word && name != "":
			return func(f *frame) string { return f.word }
		case name == "key" && !s.names(name):
			return func(f *frame) string { return f.Key }
		}
		return nil
	}
	name, args := callOf(x)
	switch name {
	case "":
		return literalFunc[string](x)
	case operators.Conditional:
		return either(s, args, textOf)
	case operators.Add:
		if a, b := textOf(s, args[0]), textOf(s, args[1]); a != nil && b != nil {
			return func(f *frame) string { return a(f) + b(f) }
		}
	case "major":
		if n := wholeOf(s, args[0]); n != nil {
			return func(f *frame) string { return major(n(f)) }
		}
	case "html":
		if a := textOf(s, args[0]); a != nil {
			return func(f *frame) string { return html.EscapeString(a(f)) }
		}
	case "join":
		if list, sep := textsOf(s, args[0]), textOf(s, args[1]); len(args) == 2 && list != nil && sep != nil {
			return func(f *frame) string { return joinGiven(list(f), sep(f)) }
		}
	case "day", "date", "clock":
		at, zone := timeOf(s, args[0]), textOf(s, args[1])
		if at == nil || zone == nil {
			return nil
		}
		return func(f *frame) string {
			text, err := localText(given(at(f)), zone(f), layouts[name])
			f.unsure = f.unsure || err != nil
			return text
		}
	}
	return nil
}

func wholeOf(s scope, x ast.Expr) func(*frame) int64 {
	if get := fieldOf[int64](s, x); get != nil {
		return get
	}
	name, args := callOf(x)
	switch name {
	case "":
		return literalFunc[int64](x)
	case operators.Conditional:
		return either(s, args, wholeOf)
	case "money":
		amount, _ := literalOf[string](args[0])
		if n, err := minor(amount); err == nil {
			return func(*frame) int64 { return n }
		}
	case "size":
		if l := loopOver(&s, args[0], ""); l.size != nil && l.keep == nil {
			return func(f *frame) int64 { return int64(l.size(f)) }
		}
	}
	return nil
}

// timeOf gives an instant as CEL has it: what is not there is 1970.
func timeOf(s scope, x ast.Expr) func(*frame) time.Time {
	if get := fieldOf[time.Time](s, x); get != nil {
		return func(f *frame) time.Time { return orEpoch(get(f)) }
	}
	switch x.Kind() {
	case ast.IdentKind:
		if x.AsIdent() == "now" && !s.names("now") {
			return func(f *frame) time.Time { return f.Now }
		}
	case ast.SelectKind:
		return sinceOf(s, x.AsSelect())
	case ast.CallKind:
		name, args := callOf(x)
		switch name {
		case operators.Conditional:
			return either(s, args, timeOf)
		case operators.Add, operators.Subtract:
			return moved(s, args, name == operators.Subtract)
		}
	}
	return nil
}

func orEpoch(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0)
	}
	return t
}

func sinceOf(s scope, x ast.SelectExpr) func(*frame) time.Time {
	if x.Operand().Kind() != ast.IdentKind || x.Operand().AsIdent() != "since" || s.names("since") || x.IsTestOnly() {
		return nil
	}
	stage := x.FieldName()
	return func(f *frame) time.Time {
		at, ok := f.Since[stage]
		f.unsure = f.unsure || !ok && f.Job != nil && f.Job.Holds(stage)
		return orEpoch(at)
	}
}

// moved is an instant so much later, or earlier. CEL has bounds, far from which we stay.
func moved(s scope, args []ast.Expr, back bool) func(*frame) time.Time {
	at, by := timeOf(s, args[0]), durationOf(s, args[1])
	if at == nil || by == nil {
		return nil
	}
	return func(f *frame) time.Time {
		d := by(f)
		f.unsure = f.unsure || d.Abs() > 100*365*24*time.Hour
		if back {
			d = -d
		}
		t := at(f).Add(d)
		f.unsure = f.unsure || t.Year() < 1800 || t.Year() > 9000
		return t
	}
}

func durationOf(s scope, x ast.Expr) func(*frame) time.Duration {
	if get := fieldOf[time.Duration](s, x); get != nil {
		return get
	}
	if name, args := callOf(x); name == "duration" {
		text, _ := literalOf[string](args[0])
		if d, err := time.ParseDuration(text); err == nil {
			return func(*frame) time.Duration { return d }
		}
	}
	return nil
}

func textsOf(s scope, x ast.Expr) func(*frame) []string {
	if get := fieldOf[[]string](s, x); get != nil {
		return get
	}
	switch x.Kind() {
	case ast.ListKind:
		if list := textList(x); list != nil {
			return func(*frame) []string { return list }
		}
		return collected(s, x.AsList().Elements())
	case ast.ComprehensionKind:
		return mapped(s, x.AsComprehension())
	case ast.CallKind:
		if name, args := callOf(x); name == "distinct" {
			if list := textsOf(s, args[0]); list != nil {
				return func(f *frame) []string { return distinct(list(f)) }
			}
		}
	}
	return nil
}

// textList is a list that is written out.
func textList(x ast.Expr) []string {
	if x.Kind() != ast.ListKind {
		return nil
	}
	var list []string
	for _, e := range x.AsList().Elements() {
		text, ok := literalOf[string](e)
		if !ok {
			return nil
		}
		list = append(list, text)
	}
	return list
}

func collected(s scope, elements []ast.Expr) func(*frame) []string {
	parts := make([]func(*frame) string, len(elements))
	for i, e := range elements {
		if parts[i] = textOf(s, e); parts[i] == nil {
			return nil
		}
	}
	return func(f *frame) []string {
		list := make([]string, len(parts))
		for i, part := range parts {
			list[i] = part(f)
		}
		return list
	}
}

func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// A loop goes through a list. Its elements are put into the frame, one at a time.
type loop struct {
	size func(*frame) int // nil: this is no loop that we know
	take func(*frame, int)
	keep func(*frame) bool // nil: all
}

// each calls do for the elements until it says that it has seen enough.
func (l loop) each(f *frame, do func() (enough bool)) {
	for i := range l.size(f) {
		if l.take(f, i); (l.keep == nil || l.keep(f)) && do() {
			return
		}
	}
}

// loopOver makes the loop of a macro, and s the scope within it. A loop within one over
// the same kind of thing is left to CEL.
func loopOver(s *scope, list ast.Expr, name string) (l loop) {
	if name != "" && s.names(name) {
		return l
	}
	if list.Kind() == ast.ComprehensionKind {
		return filtered(s, list.AsComprehension(), name)
	}
	if get := fieldOf[[]plumbline.VisitView](*s, list); get != nil && s.trip == "" {
		s.trip = name
		l.size = func(f *frame) int { return len(get(f)) }
		l.take = func(f *frame, i int) { f.trip = &get(f)[i] }
	}
	if get := fieldOf[[]plumbline.AssignmentView](*s, list); get != nil && s.assigned == "" {
		s.assigned = name
		l.size = func(f *frame) int { return len(get(f)) }
		l.take = func(f *frame, i int) { f.assigned = &get(f)[i] }
	}
	if get := fieldOf[[]string](*s, list); get != nil && s.word == "" {
		s.word = name
		l.size = func(f *frame) int { return len(get(f)) }
		l.take = func(f *frame, i int) { f.word = get(f)[i] }
	}
	return l
}

// filtered is a loop over what a filter leaves: its macro gives each element, or none.
func filtered(s *scope, c ast.ComprehensionExpr, name string) (l loop) {
	step, args := callOf(c.LoopStep())
	if !collects(c) || step != operators.Conditional || !adds(args[1], c.IterVar()) {
		return l
	}
	within := *s
	inner := loopOver(&within, c.IterRange(), c.IterVar())
	if inner.size == nil || inner.keep != nil {
		return l
	}
	if inner.keep = boolOf(within, args[0]); inner.keep == nil {
		return l
	}
	switch c.IterVar() { // as it is called outside
	case within.trip:
		s.trip = name
	case within.assigned:
		s.assigned = name
	case within.word:
		s.word = name
	}
	return inner
}

// collects says whether a comprehension makes a list, as map and filter do.
func collects(c ast.ComprehensionExpr) bool {
	return !c.HasIterVar2() && c.AccuInit().Kind() == ast.ListKind && len(c.AccuInit().AsList().Elements()) == 0 && isNamed(c.Result(), c.AccuVar())
}

// adds says whether a step of a comprehension adds its element to the list.
func adds(step ast.Expr, element string) bool {
	name, args := callOf(step)
	return name == operators.Add && args[1].Kind() == ast.ListKind && len(args[1].AsList().Elements()) == 1 && isNamed(args[1].AsList().Elements()[0], element)
}

func isNamed(x ast.Expr, name string) bool { return x.Kind() == ast.IdentKind && x.AsIdent() == name }

// mapped is the macro map.
func mapped(s scope, c ast.ComprehensionExpr) func(*frame) []string {
	step, args := callOf(c.LoopStep())
	if !collects(c) || step != operators.Add || args[1].Kind() != ast.ListKind {
		return nil
	}
	l := loopOver(&s, c.IterRange(), c.IterVar())
	if l.size == nil {
		return nil
	}
	text := textOf(s, args[1].AsList().Elements()[0])
	if text == nil {
		return nil
	}
	return func(f *frame) (list []string) {
		l.each(f, func() bool { list = append(list, text(f)); return false })
		return list
	}
}

// quantified is the macros exists and all.
func quantified(s scope, c ast.ComprehensionExpr) func(*frame) bool {
	start, ok := literalOf[bool](c.AccuInit())
	step, args := callOf(c.LoopStep())
	if !ok || c.HasIterVar2() || !isNamed(c.Result(), c.AccuVar()) || step != map[bool]string{false: operators.LogicalOr, true: operators.LogicalAnd}[start] {
		return nil
	}
	l := loopOver(&s, c.IterRange(), c.IterVar())
	if l.size == nil {
		return nil
	}
	holds := boolOf(s, args[1])
	if holds == nil {
		return nil
	}
	return func(f *frame) bool {
		result := start
		l.each(f, func() bool { result = holds(f); return result != start })
		return result
	}
}
