package hubspot

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

const described = "../../../../shared/vendors/data/hubspot"

// The vendor's interface descriptions are looked at in this order; the contact
// description alone has merge and gdpr-delete.
var descriptions = []string{
	"objects", "contacts", "associations", "associations-schema", "properties", "pipelines", "owners", "account-info",
	"object-library", "limits-tracking",
}

// routers of the descriptions, loaded once; nil where they are absent.
var contract = sync.OnceValues(func() ([]routers.Router, error) {
	var out []routers.Router
	for _, name := range descriptions {
		doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(described, "openapi-"+name+"-2026-09.json"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		bend(doc)
		router, err := legacy.NewRouter(doc)
		if err != nil {
			return nil, err
		}
		out = append(out, router)
	}
	return out, nil
})

// bend makes the skeletons agree with what the vendor documents elsewhere. Each
// line is a place where the two are at odds.
func bend(doc *openapi3.T) {
	loose := func(schema string, names ...string) {
		s := doc.Components.Schemas[schema]
		if s == nil {
			return
		}
		for _, name := range names {
			s.Value.Required = remove(s.Value.Required, name)
		}
	}
	// Every guide leaves these out of requests; the skeleton requires them.
	loose("SimplePublicObjectInputForCreate", "associations")
	loose("SimplePublicObjectBatchInputForCreate", "associations")
	loose("PublicObjectSearchRequest", "after", "filterGroups", "limit", "properties", "sorts")
	loose("BatchReadInputSimplePublicObjectId", "properties", "propertiesWithHistory")
	// Rate limit errors have no category, and a search's no correlation id.
	loose("Error", "category", "correlationId")
	any := openapi3.NewSchemaRef("", openapi3.NewSchema())
	// The guide sorts by {propertyName, direction}, not by text.
	if s := doc.Components.Schemas["PublicObjectSearchRequest"]; s != nil {
		s.Value.Properties["sorts"].Value.Items = any
	}
	// Public integrations see text here; the skeleton says object.
	if s := doc.Components.Schemas["StandardError"]; s != nil {
		s.Value.Properties["subCategory"] = any
	}
	// The guide's answers have a number and a null; the skeleton says text.
	if s := doc.Components.Schemas["MultiAssociatedObjectWithLabel"]; s != nil {
		s.Value.Properties["toObjectId"] = any
	}
	for _, name := range []string{"AssociationSpecWithLabel", "MultiAssociatedObjectWithLabel"} {
		if s := doc.Components.Schemas[name]; s != nil && s.Value.Properties["label"] != nil {
			s.Value.Properties["label"].Value.Nullable = true
		}
	}
	// int32 cannot hold a real record, user or app id.
	for _, s := range doc.Components.Schemas {
		for _, p := range s.Value.Properties {
			if p.Value != nil && p.Value.Format == "int32" {
				p.Value.Format = "int64"
			}
		}
	}
	for _, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			full := operation.Responses.Status(200)
			if created := operation.Responses.Status(201); created != nil {
				full = created
			}
			// A 207 has the body of the full answer; the skeletons list none.
			if full != nil && method == http.MethodPost {
				operation.Responses.Set("207", full)
			}
		}
	}
	// The skeletons have no prose, without which a description is not valid.
	prose := "-"
	doc.Info.Title = prose
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for _, response := range operation.Responses.Map() {
				response.Value.Description = &prose
			}
		}
	}
	if e := doc.Components.Responses["Error"]; e != nil {
		e.Value.Description = &prose
		e.Value.Content = openapi3.Content{"application/json": e.Value.Content["*/*"]}
	}
}

func remove(list []string, name string) []string {
	var out []string
	for _, x := range list {
		if x != name {
			out = append(out, x)
		}
	}
	return out
}

// checkContract validates a request that was done, and every answer, against
// the vendor's description of the call.
func checkContract(t testing.TB, request *http.Request, body string, r reply) {
	t.Helper()
	all, err := contract()
	if err != nil {
		t.Fatalf("load the vendor's descriptions: %v", err)
	}
	if len(all) == 0 || r.status == 477 || r.json == nil && r.raw != "" {
		return
	}
	plain := request.Clone(context.Background())
	plain.URL = &url.URL{Scheme: "https", Host: "api.hubapi.com", Path: request.URL.Path, RawPath: request.URL.RawPath, RawQuery: request.URL.RawQuery}
	plain.Body = io.NopCloser(strings.NewReader(body))
	for _, router := range all {
		route, params, err := router.FindRoute(plain)
		if err != nil {
			continue
		}
		in := &openapi3filter.RequestValidationInput{Request: plain, PathParams: params, Route: route, Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
		}}
		if r.status < 300 {
			if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
				t.Errorf("%s %s is not as described: %v", request.Method, request.URL.Path, err)
			}
		}
		if len(r.raw) == 0 && r.status >= 400 {
			return // 423, 502 and 503 come without a body
		}
		err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: in, Status: r.status, Header: r.header, Body: io.NopCloser(bytes.NewReader([]byte(r.raw))), Options: in.Options,
		})
		if err != nil {
			t.Errorf("the answer %d to %s %s is not as described: %v", r.status, request.Method, request.URL.Path, err)
		}
		return
	}
	t.Errorf("%s %s is in none of the vendor's descriptions", request.Method, request.URL.Path)
}

func TestTheVendorsDescriptionsAreThere(t *testing.T) {
	all, err := contract()
	switch {
	case err != nil:
		t.Fatal(err)
	case len(all) == 0 && os.Getenv("CI") == "true":
		t.Fatal("the vendor's interface descriptions are absent: answers are not checked against them")
	case len(all) == 0:
		t.Skip("the vendor's interface descriptions are absent: answers are not checked against them")
	}
}

// Every route of the sandbox must be one of the vendor's.
func TestEveryRouteIsDescribed(t *testing.T) {
	all, err := contract()
	if err != nil || len(all) == 0 {
		t.Skip("the vendor's interface descriptions are absent or broken")
	}
	values := strings.NewReplacer("{objectType}", "contacts", "{toObjectType}", "deals", "{objectId}", "1", "{toObjectId}", "2",
		"{propertyName}", "email", "{pipelineId}", "default", "{ownerId}", "3", "{objectTypeId}", "0-1")
	for _, route := range routes {
		method, path, _ := strings.Cut(values.Replace(route.pattern), " ")
		request, err := http.NewRequest(method, "https://api.hubapi.com"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, router := range all {
			if _, _, err := router.FindRoute(request); err == nil {
				found = true
			}
		}
		if !found {
			t.Errorf("%s is in none of the vendor's descriptions", route.pattern)
		}
	}
}
