package jobber

import (
	_ "embed"
	"fmt"
	"net/http"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

//go:embed schema.graphql
var schemaText string

var schema = gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: schemaText})

// query is the body of a GraphQL request.
type query struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// problem is one of an answer's errors.
type problem struct {
	Message    string            `json:"message"`
	Path       []any             `json:"path,omitempty"`
	Extensions map[string]string `json:"extensions,omitempty"`
}

func problemOf(code, text string, path ...any) problem {
	return problem{Message: text, Path: path, Extensions: map[string]string{"code": code}}
}

// answer runs a query within the budget. A query that does not fit the schema
// costs nothing and is answered with 200, as GraphQL does (which code it bears
// is a choice).
func (s *Sandbox) answer(q query, authenticated bool) (status int, body any) {
	doc, err := parser.ParseQuery(&ast.Source{Input: q.Query})
	if err != nil {
		return http.StatusBadRequest, message(err.Error())
	}
	if errs := validator.ValidateWithRules(schema, doc, rules.NewDefaultRules()); len(errs) > 0 {
		return http.StatusOK, invalid(errs)
	}
	op := doc.Operations.ForName(q.OperationName)
	if op == nil {
		return http.StatusOK, errorsOnly(problemOf("BAD_USER_INPUT", fmt.Sprintf("No operation named %q", q.OperationName)))
	}
	vars, err := validator.VariableValues(schema, op, q.Variables)
	if err != nil {
		return http.StatusOK, errorsOnly(problemOf("BAD_USER_INPUT", err.Error()))
	}
	if !authenticated {
		return http.StatusOK, unauthenticated(op)
	}
	return http.StatusOK, s.run(op, vars)
}

// run charges what the operation may cost, does it, and hands back the rest.
func (s *Sandbox) run(op *ast.OperationDefinition, vars map[string]any) any {
	asked := requested(op.SelectionSet, vars)
	throttled := s.chance(s.opts.Faults.Throttled)
	if throttled {
		s.restore()
	}
	if throttled || !s.charge(asked) {
		return s.throttled(asked)
	}
	x := &execution{sandbox: s, vars: vars}
	root := s.queryRoot()
	if op.Operation == ast.Mutation {
		root = s.mutationRoot()
	}
	data, ok := x.object(root, op.SelectionSet, nil)
	used := min(x.used, asked)
	s.handBack(asked, used)
	body := map[string]any{"data": nil, "extensions": s.cost(asked, used)}
	if ok {
		body["data"] = data
	}
	if len(x.problems) > 0 {
		body["errors"] = x.problems
	}
	return body
}

// throttled is the vendor's way to say 429: HTTP 200 and no data. Its page
// shows an actual cost of 0; others have seen null.
func (s *Sandbox) throttled(asked float64) any {
	p := problemOf("THROTTLED", "Throttled")
	p.Extensions["documentation"] = "https://developer.getjobber.com/docs/using_jobbers_api/api_rate_limits"
	return map[string]any{"errors": []problem{p}, "extensions": s.cost(asked, 0)}
}

// unauthenticated hides every field of a query that came without a token.
func unauthenticated(op *ast.OperationDefinition) any {
	var problems []problem
	for _, f := range fieldsOf(op.SelectionSet) {
		text := fmt.Sprintf("The field %s on an object of type %s was hidden because you are unauthenticated", f.Name, f.ObjectDefinition.Name)
		problems = append(problems, problemOf("UNAUTHENTICATED", text, f.Alias))
	}
	return map[string]any{"data": nil, "errors": problems}
}

func invalid(errs gqlerror.List) any {
	var problems []problem
	for _, e := range errs {
		problems = append(problems, problemOf("BAD_USER_INPUT", e.Message))
	}
	return errorsOnly(problems...)
}

func errorsOnly(problems ...problem) any { return map[string]any{"errors": problems} }

// requested is what a selection may cost at most: each field one point, and a
// connection as often what is asked in it as rows are asked for (of edges,
// nodes and node only what is in them). The vendor's page counts "the number
// of requested fields" of a connection; that pageInfo's are among them is our
// reading.
func requested(set ast.SelectionSet, vars map[string]any) (points float64) {
	for _, f := range fieldsOf(set) {
		inside := requested(f.SelectionSet, vars)
		switch {
		case isConnection(f):
			points += inside * float64(rowsAsked(f.ArgumentMap(vars)))
		case free(f):
			points += inside
		default:
			points += 1 + inside
		}
	}
	return points
}

func isConnection(f *ast.Field) bool {
	return f.Definition != nil && strings.HasSuffix(f.Definition.Type.Name(), "Connection")
}

// free are the fields that cost nothing themselves.
func free(f *ast.Field) bool {
	switch f.Name {
	case "edges", "nodes", "node":
		return true
	}
	return isConnection(f)
}

// fieldsOf are the fields of a selection, those of its fragments among them.
func fieldsOf(set ast.SelectionSet) (fields []*ast.Field) {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			fields = append(fields, sel)
		case *ast.FragmentSpread:
			fields = append(fields, fieldsOf(sel.Definition.SelectionSet)...)
		case *ast.InlineFragment:
			fields = append(fields, fieldsOf(sel.SelectionSet)...)
		}
	}
	return fields
}
