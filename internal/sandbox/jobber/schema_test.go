package jobber

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// vendor is the vendor's schema as far as it is written down. It names types
// that it does not define, so that it can only be parsed.
func vendor(t *testing.T) map[string]*ast.Definition {
	t.Helper()
	doc, err := parser.ParseSchema(&ast.Source{Name: "schema-subset.graphql", Input: string(data(t, "schema-subset.graphql"))})
	must(t, err)
	types := map[string]*ast.Definition{}
	for _, d := range doc.Definitions {
		types[d.Name] = d
	}
	return types
}

// beyond are fields that the vendor's own pages show though the subset of its
// schema does not.
var beyond = []string{
	"Query.properties", "Query.requests",
	"Client.clientProperties", "Client.requests", "Client.quotes", "Client.jobs", "Client.invoices",
	"Job.lineItems", "Invoice.lineItems",
}

func TestTheSchemaAgreesWithTheVendors(t *testing.T) {
	known := vendor(t)
	compared := 0
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		mine, theirs := schema.Types[name], known[name]
		if mine.BuiltIn || theirs == nil {
			continue
		}
		compared++
		if mine.Kind != theirs.Kind {
			t.Errorf("%s is a %s, want a %s", name, mine.Kind, theirs.Kind)
		}
		if got, want := words(mine), words(theirs); !slices.Equal(got, want) {
			t.Errorf("%s has the values %v, want %v", name, got, want)
		}
		for _, f := range mine.Fields {
			if strings.HasPrefix(f.Name, "__") || slices.Contains(beyond, name+"."+f.Name) {
				continue
			}
			compareField(t, name+"."+f.Name, f, theirs.Fields.ForName(f.Name))
		}
	}
	if compared < 40 {
		t.Errorf("only %d types were compared", compared)
	}
}

func compareField(t *testing.T, name string, mine, theirs *ast.FieldDefinition) {
	t.Helper()
	if theirs == nil {
		t.Errorf("the vendor has no %s", name)
		return
	}
	if mine.Type.String() != theirs.Type.String() {
		t.Errorf("%s is a %s, want a %s", name, mine.Type, theirs.Type)
	}
	for _, a := range mine.Arguments {
		want := theirs.Arguments.ForName(a.Name)
		if want == nil {
			t.Errorf("the vendor's %s has no argument %s", name, a.Name)
		} else if a.Type.String() != want.Type.String() {
			t.Errorf("%s(%s) is a %s, want a %s", name, a.Name, a.Type, want.Type)
		}
	}
}

func words(d *ast.Definition) (out []string) {
	for _, v := range d.EnumValues {
		out = append(out, v.Name)
	}
	slices.Sort(out)
	return out
}

// everything selects all fields of a type, a few levels deep, lists two long.
func everything(kind string, depth int) string {
	var b strings.Builder
	for _, f := range schema.Types[kind].Fields {
		inner := schema.Types[f.Type.Name()]
		args := ""
		if isConnection(&ast.Field{Definition: f}) {
			args = "(first: 2)"
		}
		switch {
		case strings.HasPrefix(f.Name, "__"):
		case inner.IsLeafType():
			fmt.Fprintf(&b, "%s ", f.Name)
		case depth > 0:
			fmt.Fprintf(&b, "%s%s { %s} ", f.Name, args, everything(inner.Name, depth-1))
		}
	}
	return "__typename " + b.String()
}

func TestEveryAnswerFitsTheVendorsSchema(t *testing.T) {
	known := vendor(t)
	w := newWorld(t, func(o *Options) { o.Points = 1e9 })
	lived(t, w)
	must(t, w.CloseJob(w.Jobs()[1].ID, CompleteVisits))
	for _, list := range []string{"clients", "properties", "requests", "quotes", "jobs", "visits", "invoices", "paymentRecords", "users"} {
		kind := strings.TrimSuffix(schema.Query.Fields.ForName(list).Type.Name(), "Connection")
		c := &checker{t: t, known: known}
		q := fmt.Sprintf(`{ %s { nodes { %s } edges { cursor node { %s } } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } totalCount } }`, list, everything(kind, 3), everything(kind, 0))
		got := w.ask(q, nil, list)
		c.object(list, schema.Query.Fields.ForName(list).Type.Name(), got.(map[string]any))
		nodes := at(got, "nodes").([]any)
		if len(nodes) == 0 || c.checked < 10 {
			t.Errorf("%s has %d rows and %d fields that the vendor defines", list, len(nodes), c.checked)
			continue
		}
		one := map[string]string{"properties": "property"}[list]
		if one == "" {
			one = strings.TrimSuffix(list, "s")
		}
		row := w.ask(fmt.Sprintf(`query($id: EncodedId!) { %s(id: $id) { %s } }`, one, everything(kind, 0)), map[string]any{"id": at(nodes[0], "id")}, one)
		c.object(one, at(row, "__typename").(string), row.(map[string]any))
	}
	c := &checker{t: t, known: known}
	c.object("account", "Account", w.ask(`{ account { id name createdAt phone } }`, nil, "account").(map[string]any))
}

// checker holds answers against what the vendor says of their fields; where it
// says nothing, against the fake's own schema.
type checker struct {
	t       *testing.T
	known   map[string]*ast.Definition
	checked int
}

func (c *checker) object(path, kind string, got map[string]any) {
	c.t.Helper()
	for k, v := range got {
		if k == "__typename" {
			continue
		}
		def := schema.Types[kind].Fields.ForName(k)
		if d := c.known[kind]; d != nil {
			if f := d.Fields.ForName(k); f != nil {
				def, c.checked = f, c.checked+1
			}
		}
		c.value(path+"."+k, def.Type, v)
	}
}

func (c *checker) value(path string, t *ast.Type, v any) {
	c.t.Helper()
	if v == nil {
		if t.NonNull {
			c.t.Errorf("%s is null, want a %s", path, t)
		}
		return
	}
	fits := true
	switch v := v.(type) {
	case []any:
		if fits = t.Elem != nil; fits {
			for i, item := range v {
				c.value(fmt.Sprintf("%s[%d]", path, i), t.Elem, item)
			}
		}
	case map[string]any:
		kind := t.Name()
		if name, ok := v["__typename"].(string); ok {
			kind = name
		}
		c.object(path, kind, v)
	case float64:
		fits = t.NamedType == "Float" || t.NamedType == "Int" && v == float64(int(v))
	case bool:
		fits = t.NamedType == "Boolean"
	case string:
		switch d := schema.Types[t.NamedType]; {
		case t.NamedType == "ISO8601DateTime":
			_, err := time.Parse(time.RFC3339, v)
			fits = err == nil
		case d != nil && d.Kind == ast.Enum:
			fits = d.EnumValues.ForName(v) != nil
		default:
			fits = slices.Contains([]string{"String", "EncodedId", "Timezone"}, t.NamedType)
		}
	}
	if !fits {
		c.t.Errorf("%s is %v, want a %s", path, v, t)
	}
}

// TestAnswersHaveTheShapeOfTheSamples asks for what the samples show.
func TestAnswersHaveTheShapeOfTheSamples(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Points = 1e9 })
	lived(t, w)
	for sample, id := range map[string]string{
		"client": w.Clients()[0].ID, "job": w.Jobs()[0].ID, "visit": w.Visits()[0].ID, "invoice": w.Invoices()[0].ID,
	} {
		want := at(decoded(t, data(t, "samples/response-"+sample+".json")), "data", sample)
		got := w.ask(fmt.Sprintf(`query($id: EncodedId!) { %s(id: $id) { %s } }`, sample, selection(want)), map[string]any{"id": id}, sample)
		for _, d := range differences(sample, want, got) {
			t.Error(d)
		}
	}
}

// selection asks for the keys of a JSON value.
func selection(v any) string {
	switch v := v.(type) {
	case []any:
		return selection(v[0])
	case map[string]any:
		var out []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			inner := selection(v[k])
			if inner != "" {
				inner = " { " + inner + " }"
			}
			out = append(out, k+inner)
		}
		return strings.Join(out, " ")
	}
	return ""
}

// differences lists where two JSON values have other types. Null and empty
// arrays say nothing about a shape.
func differences(path string, want, got any) (out []string) {
	if want == nil || got == nil {
		return nil
	}
	switch want := want.(type) {
	case map[string]any:
		for k := range want {
			out = append(out, differences(path+"."+k, want[k], at(got, k))...)
		}
	case []any:
		got, ok := got.([]any)
		if !ok {
			return []string{path + " is not an array"}
		}
		for _, g := range got {
			out = append(out, differences(path+"[]", want[0], g)...)
		}
	default:
		if a, b := fmt.Sprintf("%T", want), fmt.Sprintf("%T", got); a != b {
			out = append(out, fmt.Sprintf("%s is a %s, want a %s", path, b, a))
		}
	}
	return out
}

func TestThrottledHasTheShapeOfTheSample(t *testing.T) {
	w := newWorld(t, nil)
	w.SetFaults(Faults{Throttled: 1})
	_, got, err := w.post(`{ account { id } }`, nil)
	must(t, err)
	for _, d := range differences("", any(decoded(t, data(t, "samples/error-throttled.json"))), any(got)) {
		t.Error(d)
	}
}

func TestManyMayCallAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dana()
	var g sync.WaitGroup
	for range 8 {
		g.Go(func() {
			if _, err := w.CreateJob(NewJob{ClientID: c.ID, Plans: []Plan{{}}}); err != nil {
				t.Error(err)
			}
			body, _ := json.Marshal(map[string]string{"query": `{ jobs(first: 5) { nodes { id visits(first: 1) { nodes { id } } } } }`})
			if status, _, b, err := w.call("POST", "/api/graphql", "application/json", string(body), w.headers()); err != nil || status != 200 {
				t.Errorf("answered %d %s %v", status, b, err)
			}
			if _, _, err := w.Step(t.Context(), w.now); err != nil {
				t.Error(err)
			}
			w.Jobs()
		})
	}
	g.Wait()
}
