package jobber

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func costOf(body map[string]any, what string) float64 {
	n, _ := at(body, "extensions", "cost", what).(float64)
	return n
}

func TestCostsAreThoseOfTheVendorsExamples(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range []struct {
		query string
		want  float64
	}{
		{`{ quote(id: "x") { id quoteStatus title quoteNumber client { id } } }`, 7},
		{`{ quotes(first: 10) { edges { node { id message quoteNumber quoteStatus title } } } }`, 50},
		{`{ quotes { edges { node { id message quoteNumber quoteStatus title } } } }`, 500},
		{`{ quotes(last: 10) { nodes { id } } }`, 10},
		{`query($n: Int = 5) { quotes(first: $n) { nodes { ...q } } } fragment q on Quote { id title }`, 10},
		{`{ jobs(first: 10) { nodes { id visits(first: 3) { nodes { id title } } } } }`, 10 * (1 + 3*2)},
		{`{ jobs { nodes { id jobNumber visits { nodes { id title visitStatus } } } } }`, 100 * (2 + 100*3)},
	} {
		_, body, err := w.post(c.query, nil)
		must(t, err)
		if got := costOf(body, "requestedQueryCost"); got != c.want {
			t.Errorf("%s asked for %v points, want %v", c.query, got, c.want)
		}
	}
}

func TestTheUnusedPartOfACostIsHandedBack(t *testing.T) {
	w := newWorld(t, nil)
	w.dana()
	_, body, err := w.post(`{ clients { nodes { id name } } }`, nil)
	must(t, err)
	if asked, used := costOf(body, "requestedQueryCost"), costOf(body, "actualQueryCost"); asked != 200 || used != 2 {
		t.Errorf("asked for %v and used %v points, want 200 and 2", asked, used)
	}
	if left := at(body, "extensions", "cost", "throttleStatus", "currentlyAvailable"); left != 9998.0 {
		t.Errorf("%v points are left, want 9998", left)
	}
	if w.Spent() != 2 || w.Calls() != 1 {
		t.Errorf("the meter says %v points in %d calls, want 2 in 1", w.Spent(), w.Calls())
	}
}

func TestAnEmptyBucketIsToldWith200AndFillsWithTime(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Points, o.RestoreRate = 10, 2 })
	w.dana()
	full := `{ clients(first: 2) { nodes { id name isLead isArchived balance } } }` // 10 points, 5 used
	w.ask(full, nil)
	status, body, err := w.post(full, nil)
	must(t, err)
	if status != 200 || firstCode(body) != "THROTTLED" {
		t.Fatalf("answered %d %v, want 200 THROTTLED", status, body)
	}
	if _, there := body["data"]; there {
		t.Error("a throttled answer has data")
	}
	if w.Spent() != 5 {
		t.Errorf("spent %v, want 5", w.Spent())
	}
	w.now = w.now.Add(2500 * time.Millisecond)
	w.ask(full, nil)
}

func TestAQueryAboveTheBucketNeverRuns(t *testing.T) {
	w := newWorld(t, nil)
	w.now = w.now.Add(time.Hour / 2)
	status, body, err := w.post(`{ jobs { nodes { visits { nodes { id title } } } } }`, nil)
	must(t, err)
	if status != 200 || firstCode(body) != "THROTTLED" || costOf(body, "requestedQueryCost") != 20_000 || costOf(body, "actualQueryCost") != 0 {
		t.Errorf("answered %d %v, want THROTTLED for 20000 points", status, body)
	}
}

func TestTooManyRequestsAre429UntilTheWindowEnds(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Requests = 3 })
	for range 3 {
		w.ask(`{ account { id name } }`, nil)
	}
	if status, _, _ := w.post(`{ account { id } }`, nil); status != 429 {
		t.Errorf("the fourth request was answered %d, want 429", status)
	}
	w.now = w.now.Add(window)
	if got := w.ask(`{ account { id } }`, nil, "account", "id"); got != w.AccountID() {
		t.Errorf("the account is %v, want %v", got, w.AccountID())
	}
}

func TestWhatComesBeforeGraphQLIsAnsweredFlat(t *testing.T) {
	w := newWorld(t, nil)
	body := `{"query":"{ account { id } }"}`
	for _, c := range []struct {
		name, kind, body, token, version, want string
		status                                 int
	}{
		{"a form", "application/x-www-form-urlencoded", "query=x", w.tokens.Access, "2025-04-16", "application/json", 415},
		{"an unknown version", "application/json", body, w.tokens.Access, "2099-01-01", "GraphQL API version '2099-01-01' does not exist", 404},
		{"no version", "application/json", body, w.tokens.Access, "", "does not exist", 404},
		{"an unknown token", "application/json", body, "x", "2025-04-16", "Token not recognized", 401},
		{"no JSON", "application/json", "{", w.tokens.Access, "2025-04-16", "not valid JSON", 400},
		{"no query", "application/json", `{"query":"{ account {"}`, w.tokens.Access, "2025-04-16", "Expected", 400},
	} {
		status, _, b, err := w.call("POST", "/api/graphql", c.kind, c.body, map[string]string{"Authorization": "Bearer " + c.token, "X-JOBBER-GRAPHQL-VERSION": c.version})
		must(t, err)
		text, _ := decoded(t, b)["message"].(string)
		if status != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%s is answered %d %s, want %d %q", c.name, status, b, c.status, c.want)
		}
	}
	if status, _, b, _ := w.call("POST", "/api/graphql", "application/json; charset=utf-8", body, w.headers()); status != 200 {
		t.Errorf("a charset is answered %d %s", status, b)
	}
}

func TestWithoutATokenFieldsAreHidden(t *testing.T) {
	w := newWorld(t, nil)
	status, _, b, err := w.call("POST", "/api/graphql", "application/json", `{"query":"{ clients { nodes { id } } }"}`, map[string]string{"X-JOBBER-GRAPHQL-VERSION": "2025-04-16"})
	must(t, err)
	want := decoded(t, []byte(`{"data":null,"errors":[{"message":"The field clients on an object of type Query was hidden because you are unauthenticated","path":["clients"],"extensions":{"code":"UNAUTHENTICATED"}}]}`))
	if got := decoded(t, b); status != 200 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("answered %d %s, want %v", status, b, want)
	}
}

func TestAFieldOutsideTheScopesIsHiddenAndTheRestIsThere(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Hidden = []string{"Query.client"} })
	id := w.dana().ID
	_, body, err := w.post(`query($id: EncodedId!) { client(id: $id) { id } account { name } }`, map[string]any{"id": id})
	must(t, err)
	if at(body, "data", "account", "name") != "Examplaire Plumbing" || at(body, "data", "client") != nil || firstCode(body) != "FORBIDDEN" {
		t.Errorf("answered %v, want the account and a hidden client", body)
	}
}

func TestOneUnknownFieldFailsTheWholeQuery(t *testing.T) {
	w := newWorld(t, nil)
	for _, q := range []string{
		`{ account { id } clients { nodes { nickname } } }`,
		`{ jobs(filter: {updatedAt: {after: "2026-05-04T00:00:00Z"}}) { nodes { id } } }`,
		`{ visits(filter: {updatedAt: {after: "2026-05-04T00:00:00Z"}}) { nodes { id } } }`,
		`{ visits { nodes { updatedAt } } }`,
		`{ properties(sort: {key: UPDATED_AT, direction: ASCENDING}) { nodes { id } } }`,
		`{ paymentRecords(filter: {updatedAt: {}}) { nodes { id } } }`,
		`{ clients(filter: {updatedAt: {gte: "2026-05-04T00:00:00Z"}}) { nodes { id } } }`,
	} {
		status, body, err := w.post(q, nil)
		must(t, err)
		if _, there := body["data"]; status != 200 || there || firstCode(body) == nil {
			t.Errorf("%s is answered %d %v, want errors and no data", q, status, body)
		}
	}
	if w.Spent() != 0 {
		t.Errorf("they cost %v points, want none", w.Spent())
	}
}

func TestAliasesVariablesAndFragmentsWork(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dana()
	got := w.ask(`query Two($id: EncodedId!, $with: Boolean!) {
		a: client(id: $id) { ...names emails @include(if: $with) { address } }
		b: client(id: $id) { ... on Client { name } phones @skip(if: $with) { number } __typename }
	} fragment names on Client { first: firstName lastName }`, map[string]any{"id": c.ID, "with": true})
	want := decoded(t, []byte(`{"a":{"first":"Dana","lastName":"Whitlock","emails":[{"address":"dana@example.com"}]},"b":{"name":"Dana Whitlock","__typename":"Client"}}`))
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("answered %v, want %v", got, want)
	}
}

func TestABadArgumentIsAnErrorOfItsField(t *testing.T) {
	w := newWorld(t, nil)
	for _, q := range []string{
		`{ clients(after: "nonsense") { nodes { id } } }`,
		`{ clients(filter: {updatedAt: {after: "yesterday"}}) { nodes { id } } }`,
		`{ clients(first: -1) { nodes { id } } }`,
	} {
		_, body, err := w.post(q, nil)
		must(t, err)
		if body["data"] != nil || firstCode(body) != "BAD_USER_INPUT" {
			t.Errorf("%s is answered %v, want BAD_USER_INPUT", q, body)
		}
	}
}

func TestADeletedRowIsNull(t *testing.T) {
	for _, errs := range []bool{false, true} {
		w := newWorld(t, func(o *Options) { o.NotFoundErrors = errs })
		c := w.dana()
		must(t, w.DeleteClient(c.ID))
		_, body, err := w.post(`query($id: EncodedId!) { client(id: $id) { id } }`, map[string]any{"id": c.ID})
		must(t, err)
		if at(body, "data", "client") != nil {
			t.Errorf("a deleted client is answered %v, want null", body)
		}
		if got := firstCode(body); errs != (got == "NOT_FOUND") {
			t.Errorf("with errors %v the code is %v", errs, got)
		}
		if ids := w.ids(`{ clients { nodes { id } } }`, "clients"); len(ids) != 0 {
			t.Errorf("the list still has %v", ids)
		}
	}
}

func TestFaultsOfTheAPI(t *testing.T) {
	w := newWorld(t, nil)
	create := `mutation { webhookEndpointCreate(input: {topic: JOB_CLOSED, url: "https://hooks.example.com/x"}) { webhookEndpoint { id } } }`
	for _, c := range []struct {
		name   string
		faults Faults
		status int  // 0 is a broken connection
		done   bool // although
	}{
		{"too many", Faults{TooMany: 1}, 429, false},
		{"throttled", Faults{Throttled: 1}, 200, false},
		{"server error", Faults{ServerError: 1}, 500, false},
		{"cut before", Faults{CutBefore: 1}, 0, false},
		{"lost answer", Faults{LostAnswer: 1}, 0, true},
		{"slow", Faults{Slow: 1}, 0, true},
	} {
		before := len(w.Endpoints())
		w.SetFaults(c.faults)
		status, body, err := w.post(create, nil)
		if status != c.status || (status == 0) != (err != nil) {
			t.Errorf("%s: answered %d %v %v, want %d", c.name, status, body, err, c.status)
		}
		if done := len(w.Endpoints()) > before; done != c.done {
			t.Errorf("%s: done is %v, want %v", c.name, done, c.done)
		}
	}
	w.SetFaults(Faults{Garbage: 1})
	if _, h, b, err := w.call("POST", "/api/graphql", "application/json", `{"query":"{ account { id } }"}`, w.headers()); err != nil || !strings.HasPrefix(string(b), "<html>") {
		t.Errorf("garbage is %v %s %v, want a page", h, b, err)
	}
}

func TestASlowAnswerOutlastsTheCallersDeadline(t *testing.T) {
	w := newWorld(t, nil)
	w.SetFaults(Faults{Slow: 1})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		req, err := http.NewRequestWithContext(ctx, "POST", "https://api.getjobber.com/api/graphql", strings.NewReader(`{"query":"{ account { id } }"}`))
		must(t, err)
		req.Header.Set("Content-Type", "application/json")
		done := make(chan error)
		go func() {
			_, err := w.net.RoundTrip(req)
			done <- err
		}()
		synctest.Wait()
		w.CreateUser(User{FirstName: "Ann"}) // others need not wait
		if err := <-done; err == nil || time.Since(start) != 30*time.Second {
			t.Errorf("it ended after %v with %v, want 30s and an error", time.Since(start), err)
		}
	})
}
