package hubspot

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

var noon = time.Date(2026, 11, 20, 19, 0, 0, 0, time.UTC)

const vendorData = "../../../../shared/vendors/data/hubspot"

// vendorFile reads a file of facts about HubSpot that lies beside the repository.
func vendorFile(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vendorData, name))
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skip("the facts about HubSpot are not beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A contract checks requests against HubSpot's interface descriptions.
type contract struct{ routers []routers.Router }

var loadContract = sync.OnceValues(func() (*contract, error) {
	files, err := filepath.Glob(filepath.Join(vendorData, "openapi-*-2026-09.json"))
	if err != nil || len(files) == 0 {
		return nil, err
	}
	c := &contract{}
	for _, name := range files {
		api, err := openapi3.NewLoader().LoadFromFile(name)
		if err != nil {
			return nil, err
		}
		api.Servers = nil
		// the description says that sorts are texts, the search guide sends objects
		if s := api.Components.Schemas["PublicObjectSearchRequest"]; s != nil {
			s.Value.Properties["sorts"].Value.Items = openapi3.NewObjectSchema().WithAnyAdditionalProperties().NewRef()
		}
		api.Info.Title, api.Info.Version = name, "2026-09"
		describeResponses(api)
		r, err := legacy.NewRouter(api, openapi3.DisableExamplesValidation())
		if err != nil {
			return nil, err
		}
		c.routers = append(c.routers, r)
	}
	return c, nil
})

// describeResponses fills in the prose that the collected descriptions lack and the
// format requires.
func describeResponses(api *openapi3.T) {
	none := "-"
	for _, r := range api.Components.Responses {
		r.Value.Description = &none
	}
	for _, item := range api.Paths.Map() {
		for _, op := range item.Operations() {
			for _, r := range op.Responses.Map() {
				r.Value.Description = &none
			}
		}
	}
}

func (c *contract) check(r *http.Request) error {
	var last error
	for _, router := range c.routers {
		route, params, err := router.FindRoute(r)
		if err != nil {
			last = err
			continue
		}
		return openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		})
	}
	return last
}

// A seen is one request as it arrived.
type seen struct {
	Method, Path, Query string
	Body                struct {
		Properties []string `json:"properties"`
		History    []string `json:"propertiesWithHistory"`
		IDProperty string   `json:"idProperty"`
		Inputs     []struct {
			ID           string             `json:"id"`
			Properties   map[string]string  `json:"properties"`
			Associations []createAssociated `json:"associations"`
			TraceID      string             `json:"objectWriteTraceId"`
			From, To     input
			Types        []associationType
		} `json:"inputs"`
		FilterGroups []struct {
			Filters []struct{ PropertyName, Operator, Value string }
		}
		Sorts []struct{ PropertyName, Direction string }
		Raw   map[string]any `json:"-"`
	}
	Text string
}

func (s seen) ids() []string {
	var out []string
	for _, in := range s.Body.Inputs {
		out = append(out, in.ID)
	}
	return out
}

// A server is a stand-in for HubSpot that a test tells how to answer.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []seen
}

func (s *server) calls() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]seen(nil), s.seen...)
}

// paths lists the calls as method and path, for short comparisons.
func (s *server) paths() string {
	var out []string
	for _, c := range s.calls() {
		out = append(out, c.Method+" "+c.Path)
	}
	return strings.Join(out, "\n")
}

// serve starts a server and a tool that talks to it. Every request is held against
// HubSpot's own description, where that lies beside the repository.
func serve(t *testing.T, answer func(w http.ResponseWriter, r seen), change ...func(*Config)) (*Tool, *server) {
	t.Helper()
	rules, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if rules != nil {
			if err := rules.check(r); err != nil {
				t.Errorf("%s %s is not what HubSpot describes: %v", r.Method, r.URL, err)
			}
		}
		if got := r.Header.Get("Authorization"); got != "Bearer pat-secret" {
			t.Errorf("authorization %q, want the bearer token", got)
		}
		c := seen{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Text: string(body)}
		if len(body) > 0 {
			if err := json.Unmarshal(body, &c.Body); err != nil && !strings.Contains(r.URL.Path, "/propert") {
				t.Logf("body of %s: %v", r.URL.Path, err)
			}
		}
		s.mu.Lock()
		s.seen = append(s.seen, c)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		answer(w, c)
	}))
	t.Cleanup(s.Close)
	c := Config{Token: "pat-secret", Portal: "62515", AppID: "7906213", BaseURL: s.URL}
	for _, f := range change {
		f(&c)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return New(c, s.Client(), func() time.Time { return noon }), s
}

func reply(w http.ResponseWriter, status int, body any) {
	text, ok := body.(string)
	if !ok {
		raw, _ := json.Marshal(body)
		text = string(raw)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

type doc = map[string]any

func found(records ...doc) doc {
	if records == nil {
		records = []doc{}
	}
	return doc{"status": "COMPLETE", "results": records}
}

func rec(id string, properties doc) doc {
	return doc{"id": id, "properties": properties, "createdAt": "2026-01-01T00:00:00.000Z",
		"updatedAt": "2026-11-20T17:09:13.648Z", "archived": false}
}

func TestTheInterfaceDescriptionRefusesWhatItDoesNotKnow(t *testing.T) {
	vendorFile(t, "openapi-objects-2026-09.json")
	rules, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string][2]string{
		"a create without associations": {"/crm/objects/2026-09/contacts/batch/create", `{"inputs":[{"properties":{}}]}`},
		"a value that is no text":       {"/crm/objects/2026-09/contacts/batch/update", `{"inputs":[{"id":"1","properties":{"a":1}}]}`},
		"a path of another version":     {"/crm/v3/objects/contacts/batch/update", `{"inputs":[]}`},
	} {
		r := httptest.NewRequest(http.MethodPost, c[0], strings.NewReader(c[1]))
		r.Header.Set("Content-Type", "application/json")
		if rules.check(r) == nil {
			t.Errorf("%s passes", name)
		}
	}
}
