package hubspot

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// An office is a sandbox with a clock that a test moves.
type office struct {
	t   testing.TB
	s   *Sandbox
	now time.Time
}

// start is a Saturday; every test begins at it.
var start = time.Date(2026, 11, 21, 15, 0, 0, 0, time.UTC)

func open(t testing.TB, change ...func(*Options)) *office {
	o := &office{t: t, now: start}
	options := Options{Now: func() time.Time { return o.now }, Rand: rand.New(rand.NewPCG(7, 7)), Token: "key", Limits: Limits{Unlimited: true}}
	for _, f := range change {
		f(&options)
	}
	o.s = New(options)
	return o
}

func (o *office) pass(d time.Duration) { o.now = o.now.Add(d) }

// A reply is an answer with its JSON body.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	raw    string
	json   any
}

// ask sends a request as a client with a good token does and checks it and its
// answer against the vendor's interface descriptions.
func (o *office) ask(method, path, body string) reply {
	o.t.Helper()
	request := httptest.NewRequest(method, "https://api.hubapi.com"+path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer key")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	return o.send(request, body)
}

func (o *office) send(request *http.Request, body string) reply {
	o.t.Helper()
	w := httptest.NewRecorder()
	o.s.ServeHTTP(w, request)
	r := reply{t: o.t, status: w.Code, header: w.Header(), raw: w.Body.String()}
	if strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal([]byte(r.raw), &r.json); err != nil && !strings.Contains(err.Error(), "unexpected end") {
			o.t.Fatalf("%s %s answered no JSON: %v\n%s", request.Method, request.URL, err, r.raw)
		}
	}
	checkContract(o.t, request, body, r)
	return r
}

func (o *office) get(path string) reply        { o.t.Helper(); return o.ask("GET", path, "") }
func (o *office) post(path, body string) reply { o.t.Helper(); return o.ask("POST", path, body) }

// is checks the status.
func (r reply) is(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("answered %d, want %d: %s", r.status, status, r.raw)
	}
	return r
}

// at walks the body by keys and indices, e.g. at("results", 0, "id").
func (r reply) at(path ...any) any {
	r.t.Helper()
	here := r.json
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, ok := here.(map[string]any)
			if !ok {
				r.t.Fatalf("%v: no object at %q in %s", path, step, r.raw)
			}
			here = m[step]
		case int:
			l, ok := here.([]any)
			if !ok || step >= len(l) {
				r.t.Fatalf("%v: no element %d in %s", path, step, r.raw)
			}
			here = l[step]
		}
	}
	return here
}

func (r reply) text(path ...any) string { r.t.Helper(); s, _ := r.at(path...).(string); return s }

func (r reply) count(path ...any) int { r.t.Helper(); l, _ := r.at(path...).([]any); return len(l) }

// result finds a record in a batch's results, which come in no order.
func (r reply) result(id string) reply {
	r.t.Helper()
	l, _ := r.at("results").([]any)
	for _, one := range l {
		if m, ok := one.(map[string]any); ok && m["id"] == id {
			return reply{t: r.t, status: r.status, raw: r.raw, json: one}
		}
	}
	r.t.Fatalf("no result with id %s in %s", id, r.raw)
	return r
}

func (r reply) says(part string) reply {
	r.t.Helper()
	if !strings.Contains(r.text("message"), part) {
		r.t.Fatalf("message %q does not say %q", r.text("message"), part)
	}
	return r
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func object(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	b, _ := json.Marshal(m)
	return string(b)
}

// created makes a record through the API and returns its id.
func (o *office) created(objectType string, pairs ...string) string {
	o.t.Helper()
	return o.post("/crm/objects/2026-09/"+objectType, `{"properties":`+object(pairs...)+`,"associations":[]}`).is(201).text("id")
}

// patched changes a record through the API.
func (o *office) patched(objectType, id string, pairs ...string) reply {
	o.t.Helper()
	return o.ask("PATCH", "/crm/objects/2026-09/"+objectType+"/"+id, `{"properties":`+object(pairs...)+`}`)
}

// keyed makes the group and the unique property that a mirror uses.
func (o *office) keyed(objectType string) {
	o.t.Helper()
	o.post("/crm/properties/2026-09/"+objectType+"/groups", `{"name":"plumbline","label":"Plumbline"}`).is(201)
	o.post("/crm/properties/2026-09/"+objectType, property{name: "source_key", typ: "string", fieldType: "text", unique: true}.json()).is(201)
}

func (p property) json() string {
	b, _ := json.Marshal(map[string]any{
		"name": p.name, "label": p.name, "groupName": "plumbline", "type": p.typ, "fieldType": p.fieldType,
		"hasUniqueValue": p.unique, "options": append([]option{}, p.options...),
	})
	return string(b)
}

func (o *office) upserted(objectType, key string, pairs ...string) reply {
	o.t.Helper()
	return o.post("/crm/objects/2026-09/"+objectType+"/batch/upsert",
		`{"inputs":[{"id":"`+key+`","idProperty":"source_key","properties":`+object(append(pairs, "source_key", key)...)+`}]}`)
}

// find asks the oracle's view for one record.
func (o *office) find(objectType, id string) Object {
	o.t.Helper()
	for _, x := range o.s.Objects(objectType) {
		if x.ID == id {
			return x
		}
	}
	o.t.Fatalf("no %s %s", objectType, id)
	return Object{}
}
