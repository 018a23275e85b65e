package jobber

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// vendorSchema is the vendor's subset, joined with what it refers to and does not define:
// testdata/rest.graphql has what we ask for; what nobody asks for is made up here.
func vendorSchema(t *testing.T) *ast.Schema {
	t.Helper()
	var text strings.Builder
	for _, file := range []string{vendorFile(t, "schema-subset.graphql"), "testdata/rest.graphql"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(b)
	}
	doc, err := parser.ParseSchema(&ast.Source{Name: "subset", Input: text.String()})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range undefined(doc) {
		switch node, isConnection := strings.CutSuffix(name, "Connection"); {
		case isConnection:
			fmt.Fprintf(&text, "type %s { nodes: [%s!]!  pageInfo: PageInfo!  totalCount: Int! }\n", name, node)
		case isInput(name):
			fmt.Fprintf(&text, "input %s { unknown: Boolean }\n", name)
		default:
			fmt.Fprintf(&text, "type %s { unknown: Boolean }\n", name)
		}
	}
	schema, gerr := gqlparser.LoadSchema(&ast.Source{Name: "subset", Input: text.String()})
	if gerr != nil {
		t.Fatal(gerr)
	}
	return schema
}

func isInput(name string) bool {
	return strings.HasSuffix(name, "Input") || strings.HasSuffix(name, "Attributes")
}

// undefined lists the types that a document refers to and does not define, and those of
// the rows of connections that it does not define.
func undefined(doc *ast.SchemaDocument) (names []string) {
	known := map[string]bool{"Int": true, "Float": true, "String": true, "Boolean": true, "ID": true}
	var used []string
	for _, list := range []ast.DefinitionList{doc.Definitions, doc.Extensions} {
		for _, d := range list {
			known[d.Name] = true
			for _, f := range d.Fields {
				used = append(used, f.Type.Name())
				for _, a := range f.Arguments {
					used = append(used, a.Type.Name())
				}
			}
		}
	}
	for _, name := range used {
		for _, n := range []string{name, strings.TrimSuffix(name, "Connection")} {
			if !known[n] {
				known[n] = true
				names = append(names, n)
			}
		}
	}
	return names
}

// queries are all that this package asks.
func queries() (all []query) {
	for _, e := range []entity{clients, properties, requests, quotes, jobs, visits, invoices, payments, users, changedJobs, changedInvoices} {
		all = append(all, e.byID(1), e.byID(perQuery))
	}
	for _, s := range streams {
		for _, p := range slices.Concat(s.passes(received.AddDate(0, 0, -1), received), s.passes(received.AddDate(-9999, 0, 0), received)) {
			declared, used := s.arguments(p)
			all = append(all, s.entity.page(s.list, largestPage, declared, used, true))
		}
	}
	return all
}

func TestQueriesFitTheVendorsSchema(t *testing.T) {
	schema := vendorSchema(t)
	for _, q := range queries() {
		if _, errs := gqlparser.LoadQueryWithRules(schema, q.text, rules.NewDefaultRules()); errs != nil {
			t.Errorf("%s: %v\n%s", q.shape, errs, q.text)
		}
	}
}

func TestFiltersFitTheVendorsSchema(t *testing.T) {
	schema := vendorSchema(t)
	for name, s := range streams {
		for _, p := range s.passes(received, received) {
			if p.filter == nil {
				continue
			}
			declared, used := s.arguments(p)
			doc, errs := gqlparser.LoadQueryWithRules(schema, s.entity.page(s.list, 1, declared, used, true).text, rules.NewDefaultRules())
			if errs != nil {
				t.Fatal(errs)
			}
			if _, err := validator.VariableValues(schema, doc.Operations[0], map[string]any{"filter": p.bounded(received)}); err != nil {
				t.Errorf("the filter of %s: %v", name, err)
			}
		}
	}
}

func TestPointsAreCountedAsTheVendorDoes(t *testing.T) {
	for selection, want := range map[string]int{
		"": 0, "id": 1, "id name": 2, "client { id }": 2, "a { b { c } } d": 4,
		"visits(first: 10) { nodes { id } }": 10, "visits(first: 10) { nodes { id } pageInfo { hasNextPage } }": 30,
		"jobs(first: 5) { edges { node { id visits(first: 2) { nodes { id at } } } } }": 25,
		"id ... on X { a b } c": 4,
	} {
		if got := points(selection); got != want {
			t.Errorf("points(%s) = %d, want %d", selection, got, want)
		}
	}
	for e, want := range map[entity]int{clients: 19, properties: 10, requests: 30, quotes: 13, jobs: 243, visits: 23, invoices: 169, payments: 11, users: 8, changedJobs: 8, changedInvoices: 10} {
		if got := points(e.selection); got != want {
			t.Errorf("a %s costs %d points, want %d as its comment says", e.field, got, want)
		}
	}
}

// The largest questions fit into our share of a bucket of the usual size.
func TestLargestQueriesFitTheBudget(t *testing.T) {
	m := newMeter(nil)
	for name, s := range streams {
		size := largestPage
		if s.list == "jobs" {
			size = largestJobPage
		}
		if q := s.entity.page(s.list, size, "", "", true); q.cost > share*m.most {
			t.Errorf("a page of %d %s costs %v points, want at most %v", size, name, q.cost, share*m.most)
		}
		if q := s.entity.byID(perQuery); q.cost > share*m.most {
			t.Errorf("%d %s cost %v points, want at most %v", perQuery, name, q.cost, share*m.most)
		}
	}
}
