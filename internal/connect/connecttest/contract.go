package connecttest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// A Contract is a vendor's own description of its HTTP interface.
type Contract struct{ doc *openapi3.T }

// LoadContract reads a description. Without the file the test is skipped, in CI it fails.
func LoadContract(t testing.TB, path string) *Contract {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the vendor's interface description is not there: %v", err)
		}
		t.Skipf("the vendor's interface description is not there: %v", err)
	}
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		t.Fatalf("load %s: %v", path, err)
	}
	return &Contract{doc}
}

// Check fails the test if the description has no such operation, if the request breaks
// its rules, or if it uses a query parameter that the operation does not declare
// (name[] counts as name). Base is the path that the tool's base URL adds.
func (c *Contract) Check(t testing.TB, req *http.Request, body []byte, base string) {
	t.Helper()
	path := strings.TrimPrefix(req.URL.EscapedPath(), strings.TrimSuffix(base, "/"))
	item, template, params := c.find(path)
	if item == nil || item.GetOperation(req.Method) == nil {
		t.Errorf("%s %s is not in the vendor's description", req.Method, path)
		return
	}
	op := item.GetOperation(req.Method)
	declared := map[string]bool{}
	for _, list := range []openapi3.Parameters{item.Parameters, op.Parameters} {
		for _, p := range list {
			if p.Value.In == openapi3.ParameterInQuery {
				declared[p.Value.Name] = true
			}
		}
	}
	for name := range req.URL.Query() {
		if !declared[strings.TrimSuffix(name, "[]")] {
			t.Errorf("%s %s has the query parameter %s, which the vendor's description does not", req.Method, path, name)
		}
	}
	again := req.Clone(context.Background())
	again.Body = io.NopCloser(bytes.NewReader(body))
	err := openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request: again, PathParams: params, QueryParams: req.URL.Query(),
		Route:   &routers.Route{Spec: c.doc, Path: template, PathItem: item, Method: req.Method, Operation: op},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true},
	})
	if err != nil {
		t.Errorf("%s %s breaks the vendor's description: %v", req.Method, path, err)
	}
}

// find matches a path with the description's templates; literal ones come first.
func (c *Contract) find(path string) (item *openapi3.PathItem, template string, params map[string]string) {
	for name, candidate := range c.doc.Paths.Map() {
		found, ok := match(name, path)
		if ok && (item == nil || len(found) < len(params)) {
			item, template, params = candidate, name, found
		}
	}
	return item, template, params
}

func match(template, path string) (map[string]string, bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	params := map[string]string{}
	for i, w := range want {
		before, rest, isParam := strings.Cut(w, "{")
		name, after, _ := strings.Cut(rest, "}")
		if !isParam {
			if w != got[i] {
				return nil, false
			}
			continue
		}
		value := got[i]
		if len(value) <= len(before)+len(after) || !strings.HasPrefix(value, before) || !strings.HasSuffix(value, after) {
			return nil, false
		}
		text, err := url.PathUnescape(value[len(before) : len(value)-len(after)])
		if err != nil {
			return nil, false
		}
		params[name] = text
	}
	return params, true
}
