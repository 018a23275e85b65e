package playbook

import (
	"fmt"
	"html"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"

	"plumbline.dev/plumbline"
)

// An Env is what an expression is evaluated over. A nil view reads as one in which
// nothing is there.
type Env struct {
	Job      *plumbline.JobView
	Visit    *plumbline.VisitView
	Customer *plumbline.PersonView
	Property *plumbline.PropertyView

	// Since holds, for the job's stages that hold now, when each was reached. An
	// expression that asks for a stage that holds and is missing here fails.
	Since map[string]time.Time

	Now  time.Time // only for while, which is asked when sending
	Key  string    // only for mappings: the key of the target record
	Task *TaskView // only for mappings of tasks
}

// A TaskView is a task for a person as a mapping sees it.
type TaskView struct {
	Subject string    `cel:"subject"`
	Body    string    `cel:"body"` // plain text
	Due     time.Time `cel:"due"`
	Done    bool      `cel:"done"`
}

// A Read is something that an expression looks at. One of the three is set.
type Read struct {
	Field string // "job.outcome", "visit.stage", "customer.language"
	Stage string // job.holds or since: whatever the stage depends on
	Clock string // job.rang: whatever the clock depends on
}

// An expr is a compiled expression.
type expr struct {
	source string
	at     Position
	path   string
	*compiled
}

// Source is the expression as it was written.
func (x *expr) Source() string { return x.source }

// At is where it was written.
func (x *expr) At() Position { return x.at }

// Path is where it stands in the playbook: "rules.review.while".
func (x *expr) Path() string { return x.path }

// Reads lists what the expression looks at itself, sorted.
func (x *expr) Reads() []Read { return x.reads }

// A Predicate says whether a stage of a job holds.
type Predicate struct{ expr }

// Holds evaluates the predicate over a job alone.
func (p *Predicate) Holds(job *plumbline.JobView) (bool, error) {
	if p == nil {
		return true, nil
	}
	return p.holds(Env{Job: job})
}

// Vars returns the top-level fields of job that the predicate reads, sorted; holds
// reads "holding" and rang "rings". While none of them changes, neither does it.
func (p *Predicate) Vars() []string {
	if p == nil {
		return nil
	}
	return p.vars
}

// A Condition is an expression that is true or false.
type Condition struct{ expr }

// Eval evaluates the condition. A nil one holds.
func (c *Condition) Eval(e Env) (bool, error) {
	if c == nil {
		return true, nil
	}
	return c.holds(e)
}

// An Instant is an expression that gives an instant.
type Instant struct{ expr }

// Eval returns the instant, zero where nothing is there.
func (i *Instant) Eval(e Env) (time.Time, error) {
	if i == nil {
		return time.Time{}, nil
	}
	f := over(e)
	defer f.done()
	if i.when != nil {
		if at := i.when(f); !f.unsure {
			return given(at), nil
		}
	}
	v, err := i.eval(&f.Env)
	if err != nil {
		return time.Time{}, err
	}
	return instant(v), nil
}

// An Expression gives a value of a mapping.
type Expression struct{ expr }

// Eval returns a string, bool, int64, []string or time.Time; zero instants stand
// for nothing.
func (x *Expression) Eval(e Env) (any, error) {
	f := over(e)
	defer f.done()
	if x.value != nil {
		if v := x.value(f); !f.unsure {
			return v, nil
		}
	}
	v, err := x.eval(&f.Env)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case types.Timestamp:
		return instant(v), nil
	case traits.Lister:
		out, err := v.ConvertToNative(reflect.TypeFor[[]string]())
		if err != nil {
			return nil, fmt.Errorf("evaluate %s: %w", x.path, err)
		}
		return out, nil
	}
	return v.Value(), nil
}

func (x *expr) holds(e Env) (bool, error) {
	f := over(e)
	defer f.done()
	if x.truth != nil {
		if is := x.truth(f); !f.unsure {
			return is, nil
		}
	}
	v, err := x.eval(&f.Env)
	if err != nil {
		return false, err
	}
	return v == types.True, nil
}

func (x *expr) eval(e *Env) (ref.Val, error) {
	v, _, err := x.prog.Eval(activation{e})
	if err != nil {
		return nil, fmt.Errorf("evaluate %s at %s: %w", x.path, x.at, err)
	}
	return v, nil
}

// CEL has no zero instant: what is not there reads as 1970, before which no shop
// has done anything.
func instant(v ref.Val) time.Time {
	t, _ := v.Value().(time.Time)
	return given(t)
}

// An activation answers the names of an expression without a map.
type activation struct{ *Env }

// Parent is there for cel.Activation.
func (a activation) Parent() cel.Activation { return nil }

// ResolveName is there for cel.Activation.
func (a activation) ResolveName(name string) (any, bool) {
	switch name {
	case "job":
		return orNothing(a.Job), true
	case "visit":
		return orNothing(a.Visit), true
	case "customer":
		return orNothing(a.Customer), true
	case "property":
		return orNothing(a.Property), true
	case "task":
		return orNothing(a.Task), true
	case "since":
		return &sinceVal{job: orNothing(a.Job), at: a.Since}, true
	case "now":
		return a.Now, true
	case "key":
		return a.Key, true
	}
	return nil, false
}

func orNothing[T any](v *T) *T {
	if v == nil {
		return new(T)
	}
	return v
}

// A site is a place where expressions stand, which decides what they may read.
type site int

const (
	atStage   site = iota // the job alone
	atRest                // job, visit, customer, property, since
	atSending             // and now
	atMapping             // and key, task
)

// environments builds the CEL environments once, for all playbooks.
var environments = sync.OnceValues(func() (map[site]*cel.Env, error) {
	base, err := cel.NewEnv(append(functions(),
		cel.StdLib(),
		ext.Strings(), ext.Lists(),
		ext.NativeTypes(ext.ParseStructTags(true),
			reflect.TypeFor[plumbline.JobView](), reflect.TypeFor[plumbline.VisitView](),
			reflect.TypeFor[plumbline.PersonView](), reflect.TypeFor[plumbline.PropertyView](),
			reflect.TypeFor[TaskView]()),
		cel.Variable("job", jobType),
		cel.ClearMacros(), cel.Macros(cel.StandardMacros...),
	)...)
	if err != nil {
		return nil, fmt.Errorf("prepare expressions: %w", err)
	}
	envs := map[site]*cel.Env{atStage: base}
	for _, more := range []struct {
		at, from site
		vars     []cel.EnvOption
	}{
		{atRest, atStage, []cel.EnvOption{
			cel.Variable("visit", visitType), cel.Variable("customer", cel.ObjectType("plumbline.PersonView")),
			cel.Variable("property", cel.ObjectType("plumbline.PropertyView")), cel.Variable("since", cel.MapType(cel.StringType, cel.TimestampType))}},
		{atSending, atRest, []cel.EnvOption{cel.Variable("now", cel.TimestampType)}},
		{atMapping, atRest, []cel.EnvOption{cel.Variable("key", cel.StringType), cel.Variable("task", cel.ObjectType("playbook.TaskView"))}},
	} {
		if envs[more.at], err = envs[more.from].Extend(more.vars...); err != nil {
			return nil, fmt.Errorf("prepare expressions: %w", err)
		}
	}
	return envs, nil
})

var (
	jobType   = cel.ObjectType("plumbline.JobView")
	visitType = cel.ObjectType("plumbline.VisitView")
)

// functions are ours, beside CEL's own, its strings and its lists.
func functions() []cel.EnvOption {
	textList := cel.ListType(cel.StringType)
	return []cel.EnvOption{
		cel.Function("holds", cel.MemberOverload("job_holds", []*cel.Type{jobType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(func(job, stage ref.Val) ref.Val {
				return types.Bool(jobOf(job).Holds(string(stage.(types.String))))
			}))),
		cel.Function("rang", cel.MemberOverload("job_rang", []*cel.Type{jobType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(func(job, clock ref.Val) ref.Val {
				return types.Bool(slices.Contains(jobOf(job).Rings, string(clock.(types.String))))
			}))),
		cel.Function("mentions", cel.MemberOverload("job_mentions", []*cel.Type{jobType, textList}, cel.BoolType,
			cel.BinaryBinding(mentions))),
		cel.Function("known", cel.Overload("known_timestamp", []*cel.Type{cel.TimestampType}, cel.BoolType,
			cel.UnaryBinding(func(t ref.Val) ref.Val { return types.Bool(!instant(t).IsZero()) }))),
		cel.Function("money", cel.Overload("money_string", []*cel.Type{cel.StringType}, cel.IntType,
			cel.UnaryBinding(func(text ref.Val) ref.Val {
				cents, err := minor(string(text.(types.String)))
				if err != nil {
					return types.NewErr("%s", err)
				}
				return types.Int(cents)
			}))),
		cel.Function("major", cel.Overload("major_int", []*cel.Type{cel.IntType}, cel.StringType,
			cel.UnaryBinding(func(cents ref.Val) ref.Val { return types.String(major(int64(cents.(types.Int)))) }))),
		cel.Function("join", cel.Overload("join_given", []*cel.Type{textList, cel.StringType}, cel.StringType,
			cel.BinaryBinding(func(items, sep ref.Val) ref.Val {
				return types.String(joinGiven(texts(items), string(sep.(types.String))))
			}))),
		cel.Function("day", cel.Overload("day_in_zone", []*cel.Type{cel.TimestampType, cel.StringType}, cel.StringType,
			cel.BinaryBinding(func(t, zone ref.Val) ref.Val { return local(t, zone, "day") }))),
		cel.Function("date", cel.Overload("date_in_zone", []*cel.Type{cel.TimestampType, cel.StringType}, cel.StringType,
			cel.BinaryBinding(func(t, zone ref.Val) ref.Val { return local(t, zone, "date") }))),
		cel.Function("clock", cel.Overload("clock_in_zone", []*cel.Type{cel.TimestampType, cel.StringType}, cel.StringType,
			cel.BinaryBinding(func(t, zone ref.Val) ref.Val { return local(t, zone, "clock") }))),
		cel.Function("html", cel.Overload("html_string", []*cel.Type{cel.StringType}, cel.StringType,
			cel.UnaryBinding(func(text ref.Val) ref.Val { return types.String(html.EscapeString(string(text.(types.String)))) }))),
	}
}

func jobOf(v ref.Val) *plumbline.JobView {
	switch job := v.Value().(type) {
	case *plumbline.JobView:
		return job
	case plumbline.JobView:
		return &job
	}
	return &plumbline.JobView{}
}

func texts(v ref.Val) []string {
	out, err := v.ConvertToNative(reflect.TypeFor[[]string]())
	if err != nil {
		return nil
	}
	return slices.Clone(out.([]string))
}

// mentions says whether the tool's words about a job hold one of the phrases, as
// whole words, in whatever case.
func mentions(job, phrases ref.Val) ref.Val {
	list := texts(phrases)
	for i := range list {
		list[i] = plain(list[i])
	}
	return types.Bool(mentionsAny(jobOf(job), list))
}

// mentionsAny wants the phrases plain.
func mentionsAny(j *plumbline.JobView, phrases []string) bool {
	said := plain(strings.Join(append([]string{j.Type, j.Description}, j.Tags...), " . "))
	return slices.ContainsFunc(phrases, func(p string) bool { return strings.Contains(said, p) })
}

// plain keeps letters, digits and full stops, in lower case, each word between single
// spaces. It is asked for every phrase of every kind of each job that is derived.
func plain(s string) string {
	b := append(make([]byte, 0, len(s)+2), ' ')
	word := false
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf && between[r]:
			if word {
				b = append(b, ' ')
			}
			word = false
		case r < utf8.RuneSelf:
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			b, word = append(b, byte(r)), true
		default:
			b, word = utf8.AppendRune(b, unicode.ToLower(r)), true
		}
	}
	if word || len(b) == 1 {
		b = append(b, ' ')
	}
	return string(b)
}

// between are the characters that stand between words.
var between = func() (is [utf8.RuneSelf]bool) {
	for _, c := range " \t\n\r-_/,;:()[]'\"&+#!?" {
		is[c] = true
	}
	return is
}()

func joinGiven(items []string, sep string) string {
	given := make([]string, 0, len(items))
	for _, s := range items {
		if s != "" {
			given = append(given, s)
		}
	}
	return strings.Join(given, sep)
}

var decimal = regexp.MustCompile(`^-?\d{1,15}(\.\d{1,2})?$`)

// minor turns "5.00" into cents.
func minor(text string) (int64, error) {
	if !decimal.MatchString(text) {
		return 0, fmt.Errorf("%q is no amount", text)
	}
	whole, part, _ := strings.Cut(text, ".")
	return strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
}

// major turns cents into "5.00".
func major(cents int64) string {
	sign, n := "", uint64(cents)
	if cents < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// layouts are how day, date and clock write an instant.
var layouts = map[string]string{"day": "2 Jan", "date": "2006-01-02", "clock": "15:04"}

func local(t, zone ref.Val, form string) ref.Val {
	text, err := localText(instant(t), string(zone.(types.String)), layouts[form])
	if err != nil {
		return types.NewErr("there is no zone %q", zone.Value())
	}
	return types.String(text)
}

func localText(at time.Time, zone, layout string) (string, error) {
	if at.IsZero() {
		return "", nil
	}
	loc, err := plumbline.Zone(zone)
	if err != nil {
		return "", err
	}
	return at.In(loc).Format(layout), nil
}

// A sinceVal is the map since: a stage that does not hold has no instant, one that
// holds and has none is a mistake of whoever evaluates.
type sinceVal struct {
	traits.Mapper
	job *plumbline.JobView
	at  map[string]time.Time
}

// Find is there for traits.Mapper.
func (s *sinceVal) Find(key ref.Val) (ref.Val, bool) {
	stage, _ := key.Value().(string)
	at, ok := s.at[stage]
	if !ok && s.job.Holds(stage) {
		return types.NewErr("nobody said since when stage %s holds", stage), true
	}
	if at.IsZero() {
		return types.Timestamp{Time: time.Unix(0, 0)}, true
	}
	return types.Timestamp{Time: at}, true
}

// Get is there for traits.Mapper.
func (s *sinceVal) Get(key ref.Val) ref.Val {
	v, _ := s.Find(key)
	return v
}

// Contains is there for traits.Mapper.
func (s *sinceVal) Contains(key ref.Val) ref.Val {
	stage, _ := key.Value().(string)
	return types.Bool(s.job.Holds(stage))
}

// Type is there for ref.Val.
func (s *sinceVal) Type() ref.Type { return types.MapType }

// Value is there for ref.Val.
func (s *sinceVal) Value() any { return s.at }

// costliest bounds an expression by CEL's own estimate, with lists and texts as
// long as sizes says. The dearest of the built-in playbook stands at a tenth of it.
const costliest = 400_000

// sizes are the longest lists and texts that estimates count with.
type sizes struct{}

// EstimateSize is there for cost.Estimator.
func (sizes) EstimateSize(n cost.AstNode) *cost.SizeEstimate {
	switch n.Type().Kind() {
	case types.ListKind, types.MapKind:
		return &cost.SizeEstimate{Min: 0, Max: 50}
	case types.StringKind, types.BytesKind:
		return &cost.SizeEstimate{Min: 0, Max: 500}
	}
	return nil
}

// EstimateCallCost is there for cost.Estimator.
func (sizes) EstimateCallCost(function, _ string, _ *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	switch function {
	case "holds", "rang", "known", "money", "major", "day", "date", "clock", "html":
		return &cost.CallEstimate{CostEstimate: cost.FixedCostEstimate(10)}
	case "mentions", "join":
		return &cost.CallEstimate{CostEstimate: cost.FixedCostEstimate(100)}
	}
	return nil
}

// A compiled is what an expression is wherever it stands.
type compiled struct {
	ast   *cel.Ast
	prog  cel.Program
	reads []Read
	vars  []string
	answer
}

// A shelf keeps compiled expressions: the playbooks of a thousand locations are
// mostly one playbook. It stops growing at a bound and is then merely slower.
type shelf struct {
	mu   sync.Mutex
	kept map[shelfKey]*compiled
}

type shelfKey struct {
	at     site
	source string
}

const shelfSize = 5_000

var compiledBefore = shelf{kept: map[shelfKey]*compiled{}}

func (s *shelf) take(k shelfKey) *compiled {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[k]
}

func (s *shelf) put(k shelfKey, c *compiled) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) < shelfSize {
		s.kept[k] = c
	}
}

// compile checks and prepares an expression that must give one of the wanted types.
// What is wrong becomes problems with the place inside the expression.
func (d *decoder) compile(l leaf, at site, want ...*cel.Type) (expr, bool) {
	x := expr{source: l.text, at: l.n.inside(0), path: l.path}
	key := shelfKey{at, l.text}
	if x.compiled = compiledBefore.take(key); x.compiled == nil {
		if !d.prepare(&x, l, at) {
			return x, false
		}
		compiledBefore.put(key, x.compiled)
	}
	if out := x.ast.OutputType(); !slices.ContainsFunc(want, func(t *cel.Type) bool { return t.IsAssignableType(out) }) {
		d.problem(x.at, l.path, "write an expression that gives "+typeNames(want), "the expression gives %s", typeName(out))
		return x, false
	}
	d.names(l, x.ast.NativeRep())
	return x, true
}

// prepare compiles an expression that was not met before.
func (d *decoder) prepare(x *expr, l leaf, at site) bool {
	envs, err := environments()
	if err != nil {
		d.problem(x.at, l.path, "", "%s", err)
		return false
	}
	env := envs[at]
	checked, issues := env.Compile(l.text)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			place := l.n.inside(runeAt(l.text, e.Location.Line(), e.Location.Column()))
			msg := strings.TrimSpace(strings.ReplaceAll(e.Message, "\n", " "))
			d.problem(place, l.path, cureExpr(msg, at), "%s", msg)
		}
		return false
	}
	if c, err := env.EstimateCost(checked, sizes{}); err != nil || c.Max > costliest {
		d.problem(x.at, l.path, "use fewer lists within lists", "the expression may cost up to %s steps, %d are allowed", steps(c.Max), costliest)
		return false
	}
	prog, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		d.problem(x.at, l.path, "", "%s", err)
		return false
	}
	x.compiled = &compiled{ast: checked, prog: prog, answer: answerOf(checked.NativeRep())}
	x.look(checked.NativeRep())
	return true
}

func steps(n uint64) string {
	if n == math.MaxUint64 {
		return "any number of"
	}
	return strconv.FormatUint(n, 10)
}

// runeAt turns a line and column of a text into the number of the rune.
func runeAt(text string, line, column int) int {
	at := 0
	for _, l := range strings.SplitAfter(text, "\n")[:max(0, line-1)] {
		at += len([]rune(l))
	}
	return at + max(0, column)
}

var (
	undefined  = regexp.MustCompile(`undefined field '(\w+)'`)
	undeclared = regexp.MustCompile(`undeclared reference to '(\w+)'`)
)

// cureExpr says what to do about a CEL error.
func cureExpr(msg string, at site) string {
	if m := undefined.FindStringSubmatch(msg); m != nil {
		return suggest(m[1], slices.Sorted(maps.Keys(fieldNames())))
	}
	if m := undeclared.FindStringSubmatch(msg); m != nil {
		if m[1] == "now" {
			return "now is known only when sending: move this to while"
		}
		return suggest(m[1], siteNames[at])
	}
	if strings.HasPrefix(msg, "Syntax error") {
		return "mend the expression here"
	}
	return ""
}

var siteNames = map[site][]string{
	atStage:   {"job"},
	atRest:    {"job", "visit", "customer", "property", "since"},
	atSending: {"job", "visit", "customer", "property", "since", "now"},
	atMapping: {"job", "visit", "customer", "property", "since", "key", "task"},
}

// roots names the views by their CEL types.
var roots = map[string]string{
	"plumbline.JobView": "job", "plumbline.VisitView": "visit", "plumbline.PersonView": "customer",
	"plumbline.PropertyView": "property", "plumbline.AssignmentView": "assignment", "playbook.TaskView": "task",
}

var fieldNames = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, t := range []reflect.Type{reflect.TypeFor[plumbline.JobView](), reflect.TypeFor[plumbline.VisitView](), reflect.TypeFor[plumbline.PersonView](),
		reflect.TypeFor[plumbline.PropertyView](), reflect.TypeFor[plumbline.AssignmentView](), reflect.TypeFor[TaskView]()} {
		for i := range t.NumField() {
			out[t.Field(i).Tag.Get("cel")] = true
		}
	}
	return out
})

func typeName(t *cel.Type) string {
	switch t.Kind() {
	case types.TimestampKind:
		return "an instant"
	case types.BoolKind:
		return "true or false"
	case types.IntKind:
		return "a whole number"
	case types.StringKind:
		return "text"
	}
	return t.String()
}

func typeNames(ts []*cel.Type) string {
	var out []string
	for _, t := range ts {
		out = append(out, typeName(t))
	}
	return strings.Join(out, " or ")
}

// look notes what a checked expression reads.
func (x *expr) look(a *ast.AST) {
	reads, vars := map[Read]bool{}, map[string]bool{}
	ast.PreOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			operand := e.AsSelect().Operand()
			root, field := roots[a.GetType(operand.ID()).TypeName()], e.AsSelect().FieldName()
			if root != "" {
				reads[Read{Field: root + "." + field}] = true
			}
			if operand.Kind() == ast.IdentKind && operand.AsIdent() == "since" {
				reads[Read{Stage: field}] = true
			}
			if operand.Kind() == ast.IdentKind && operand.AsIdent() == "job" {
				vars[field] = true
			}
		case ast.CallKind:
			if r, v := readOf(e.AsCall()); v != nil {
				for _, r := range r {
					reads[r] = true
				}
				for _, v := range v {
					vars[v] = true
				}
			}
		}
	}))
	x.vars = slices.Sorted(maps.Keys(vars))
	x.reads = slices.SortedFunc(maps.Keys(reads), func(a, b Read) int {
		return strings.Compare(a.Field+a.Stage+a.Clock, b.Field+b.Stage+b.Clock)
	})
}

// readOf says what one of our functions reads of a job.
func readOf(c ast.CallExpr) (reads []Read, vars []string) {
	switch c.FunctionName() {
	case "holds":
		return []Read{{Stage: literal(c)}}, []string{"holding"}
	case "rang":
		return []Read{{Clock: literal(c)}}, []string{"rings"}
	case "mentions":
		return []Read{{Field: "job.description"}, {Field: "job.tags"}, {Field: "job.type"}}, []string{"description", "tags", "type"}
	}
	return nil, nil
}

// literal is the text that a call is given, "" if it is not written out.
func literal(c ast.CallExpr) string {
	if len(c.Args()) == 1 && c.Args()[0].Kind() == ast.LiteralKind {
		s, _ := c.Args()[0].AsLiteral().Value().(string)
		return s
	}
	return ""
}

// names remembers the stages and clocks that an expression names, to be looked up
// once all are known, and refuses amounts and names that are no literals.
func (d *decoder) names(l leaf, a *ast.AST) {
	ast.PreOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		place := func(id int64) Position {
			loc := a.SourceInfo().GetStartLocation(id)
			return l.n.inside(runeAt(l.text, loc.Line(), loc.Column()))
		}
		if e.Kind() == ast.SelectKind {
			if s := e.AsSelect(); s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == "since" {
				d.named = append(d.named, reference{"stage", s.FieldName(), place(s.Operand().ID()), l.path})
			}
			return
		}
		if e.Kind() != ast.CallKind {
			return
		}
		c := e.AsCall()
		kind, ok := map[string]string{"holds": "stage", "rang": "clock", "money": "amount"}[c.FunctionName()]
		if !ok {
			return
		}
		at := place(c.Args()[0].ID())
		name := literal(c)
		switch {
		case name == "":
			d.problem(at, l.path, "write it out in quotes", "%s wants a name, not something worked out", c.FunctionName())
		case kind == "amount":
			if _, err := minor(name); err != nil {
				d.problem(at, l.path, "write it as 5.00", "%s", err)
			}
		default:
			d.named = append(d.named, reference{kind, name, at, l.path})
		}
	}))
}
