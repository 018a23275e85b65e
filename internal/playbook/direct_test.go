package playbook

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/traits"

	"plumbline.dev/plumbline"
)

// words are what texts of all kinds are drawn from.
var words = []string{"", "", "complete", "canceled", "scheduled", "en_route", "estimate", "repair", "maintenance", "passed", "invoiced", "paid", "completed", "closed", "no_sale",
	"Burst pipe!", "a tune-up & more", "Warranty", "water heater", "no_answer", "America/Boise", "Nowhere/None", "<b>", "Über 5"}

// random fills a view.
func random(r *rand.Rand, v reflect.Value) {
	switch to := v.Addr().Interface().(type) {
	case *string:
		*to = words[r.IntN(len(words))]
	case *bool:
		*to = r.IntN(2) == 0
	case *int64:
		*to = int64(r.IntN(5))*250 - 250
	case *time.Duration:
		*to = time.Duration(r.IntN(4)) * time.Hour
	case *time.Time:
		*to = []time.Time{{}, time.Unix(0, 0), time.Date(2026, 3, r.IntN(9), r.IntN(24), 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC)}[r.IntN(4)]
	default:
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), r.IntN(4), 4))
			for i := range v.Len() {
				random(r, v.Index(i))
			}
			return
		}
		for i := range v.NumField() {
			random(r, v.Field(i))
		}
	}
}

func randomEnv(r *rand.Rand) Env {
	e := Env{Job: new(plumbline.JobView), Visit: new(plumbline.VisitView), Customer: new(plumbline.PersonView), Property: new(plumbline.PropertyView), Task: new(TaskView),
		Key: "deal/1", Now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), Since: map[string]time.Time{}}
	for _, view := range []any{e.Job, e.Visit, e.Customer, e.Property, e.Task} {
		random(r, reflect.ValueOf(view).Elem())
	}
	for _, stage := range e.Job.Holding {
		if r.IntN(4) > 0 {
			e.Since[stage] = e.Now
		}
	}
	if r.IntN(4) == 0 {
		e.Job, e.Visit, e.Property = nil, nil, nil
	}
	return e
}

// plainly turns what CEL gives into what an answer gives.
func plainly(t *testing.T, v any) any {
	switch v := v.(type) {
	case types.Timestamp:
		return instant(v)
	case traits.Lister:
		out, err := v.ConvertToNative(reflect.TypeFor[[]string]())
		if err != nil {
			t.Fatal(err)
		}
		return out
	case interface{ Value() any }:
		return v.Value()
	}
	return v
}

func equal(a, b any) bool {
	if x, ok := a.([]string); ok {
		return slices.Equal(x, b.([]string))
	}
	return a == b
}

// shapes are expressions in which more can go wrong than in those of the built-in
// playbook.
var shapes = []string{
	`job.visits.exists(job, job.stage == "complete")`,
	`job.visits.filter(v, v.released).filter(v, v.day_begun).size() == 0`,
	`job.visits.filter(v, v.released).all(w, w.window > duration("1h"))`,
	`job.visits.filter(key, key.released).map(v, v.stage + key)`,
	`job.visits.map(v, v.released, v.stage)`,
	`job.visits.exists(v, job.visits.exists(w, w.stage == v.stage && w.id != v.id))`,
	`job.visits.exists(v, v.assignments.exists(v, v.first_name == "repair"))`,
	`job.visits.exists_one(v, v.stage == "complete")`,
	`job.visits.exists(v, date(v.starts, job.type) == date(visit.starts, job.kind)) || job.estimate`,
	`job.removed || job.estimate && !job.billed`,
	`since.paid <= visit.starts || job.removed`,
	`(job.removed ? since.paid : visit.ends - visit.window) >= now - duration("36h")`,
	`visit.starts + duration("10000h") > now || job.removed`,
	`job.tags.exists(t, t.matches("(?i)^(warranty|BURST)")) && job.type.matches("a.*e")`,
	`job.tags.filter(t, t != "repair").distinct()`,
	`[job.type, "x", major(job.total)]`,
	`has(job.completed) && job.tags.size() > 1`,
	`"repair" in [job.type, job.kind] || job.kind in []`,
	`job.total + 1 > 0 && job.money == ""`,
	`job.description.startsWith("a")`,
	`job.mentions(["Burst-Pipe", job.type])`,
	`task.done == customer.first_name.matches("[")`,
}

// expressions compiles those of the built-in playbook, and the shapes besides.
func expressions(t *testing.T) (builtIn, all map[string]*compiled) {
	p, err := Load(BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	builtIn = map[string]*compiled{}
	collect(reflect.ValueOf(p), builtIn)
	all = maps.Clone(builtIn)
	envs, err := environments()
	if err != nil {
		t.Fatal(err)
	}
	env, err := envs[atMapping].Extend(cel.Variable("now", cel.TimestampType))
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range shapes {
		checked, issues := env.Compile(source)
		if issues.Err() != nil {
			t.Fatal(source, issues.Err())
		}
		prog, err := env.Program(checked)
		if err != nil {
			t.Fatal(err)
		}
		all[source] = &compiled{prog: prog, answer: answerOf(checked.NativeRep())}
	}
	return builtIn, all
}

// collect finds the expressions within a part of a playbook.
func collect(v reflect.Value, into map[string]*compiled) {
	var x *expr
	switch part := v.Interface().(type) {
	case Predicate:
		x = &part.expr
	case Condition:
		x = &part.expr
	case Instant:
		x = &part.expr
	case Expression:
		x = &part.expr
	}
	if x != nil {
		into[x.source] = x.compiled
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			collect(v.Elem(), into)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				collect(v.Field(i), into)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), into)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			collect(v.MapIndex(k), into)
		}
	}
}

func TestAnswersAreThoseOfCEL(t *testing.T) {
	_, all := expressions(t)
	r := rand.New(rand.NewPCG(7, 8))
	for source, c := range all {
		if c.value == nil {
			continue
		}
		x := expr{source: source, compiled: c}
		sure := 0
		for range 300 {
			f := &frame{Env: randomEnv(r)}
			got := c.value(f)
			if f.unsure {
				continue
			}
			sure++
			if v, err := x.eval(&f.Env); err != nil || !equal(plainly(t, v), got) {
				t.Fatalf("%s = %v, want %v, %v, over %+v", source, got, v, err, f.Env)
			}
		}
		if sure < 30 {
			t.Errorf("%s was answered %d times, the others left to CEL", source, sure)
		}
	}
}

func TestTheBuiltInPlaybookNeedsNoInterpreter(t *testing.T) {
	builtIn, _ := expressions(t)
	if len(builtIn) < 90 {
		t.Errorf("found %d expressions", len(builtIn))
	}
	for source, c := range builtIn {
		if c.value == nil {
			t.Errorf("left to CEL: %s", source)
		}
	}
}
