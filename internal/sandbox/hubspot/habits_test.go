package hubspot

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func limited(l Limits) func(*Options) { return func(o *Options) { o.Limits = l } }

func TestTheBurstLimitRolls(t *testing.T) {
	o := open(t, limited(Limits{Burst: 5}))
	for i := range 5 {
		r := o.get(objects + "contacts").is(200)
		want(t, "remaining", r.header.Get("X-HubSpot-RateLimit-Remaining"), fmt.Sprint(4-i))
		o.pass(time.Second)
	}
	r := o.get(objects + "contacts").is(429)
	want(t, "policy", r.text("policyName"), "TEN_SECONDLY_ROLLING")
	want(t, "errorType", r.text("errorType"), "RATE_LIMIT")
	want(t, "message", r.text("message"), "You have reached your ten_secondly_rolling limit.")
	want(t, "Retry-After", r.header.Get("Retry-After"), "")
	want(t, "max", r.header.Get("X-HubSpot-RateLimit-Max"), "5")
	want(t, "interval", r.header.Get("X-HubSpot-RateLimit-Interval-Milliseconds"), "10000")
	o.pass(5 * time.Second) // the first of the five is ten seconds old
	o.get(objects + "contacts").is(200)
	o.get(objects + "contacts").is(429)
}

func TestTheDailyLimitEndsAtMidnightInTheAccountsZone(t *testing.T) {
	o := open(t, limited(Limits{Daily: 2}), func(o *Options) { o.Zone = time.FixedZone("-05:00", -5*3600) })
	o.get(objects + "contacts").is(200)
	o.get(objects + "contacts").is(200)
	r := o.get(objects + "contacts").is(429)
	want(t, "policy", r.text("policyName"), "DAILY")
	want(t, "daily remaining", r.header.Get("X-HubSpot-RateLimit-Daily-Remaining"), "0")
	if r.text("requestId") == "" {
		t.Error("no requestId")
	}
	o.now = time.Date(2026, 11, 22, 4, 59, 0, 0, time.UTC)
	o.get(objects + "contacts").is(429)
	o.pass(time.Minute)
	o.get(objects + "contacts").is(200)
}

func TestSearchesHaveTheirOwnLimitAndNoHeaders(t *testing.T) {
	o := open(t, limited(Limits{Burst: 1}))
	for range 5 {
		r := o.post(objects+"contacts/search", `{}`).is(200)
		if r.header.Get("X-HubSpot-RateLimit-Max") != "" {
			t.Error("a search carries rate headers")
		}
	}
	r := o.post(objects+"deals/search", `{}`).is(429)
	want(t, "message", r.text("message"), "You have reached your secondly limit.")
	want(t, "policy", r.text("policyName"), "SECONDLY")
	o.get(objects + "contacts").is(200)
	o.get(objects + "contacts").is(429)
	o.pass(time.Second)
	o.post(objects+"contacts/search", `{}`).is(200)
	r = o.post(links26+"contacts/deals/batch/read", `{"inputs":[{"id":"1"}]}`).is(207)
	want(t, "associations' own maximum", r.header.Get("X-HubSpot-RateLimit-Max"), "150")
}

func TestTokensAndScopes(t *testing.T) {
	o := open(t, limited(Limits{Burst: 1}))
	request := httptest.NewRequest("GET", objects+"contacts", nil)
	request.Header.Set("Authorization", "Bearer other")
	r := o.send(request, "").is(401)
	want(t, "category", r.text("category"), "INVALID_AUTHENTICATION")
	want(t, "message", r.text("message"), "Authentication credentials not found.")
	o.s.SetScopes([]string{"crm.objects.contacts.read"})
	o.get(objects + "contacts").is(200)
	o.s.SetLimits(Limits{Unlimited: true})
	r = o.post(objects+"contacts", `{"properties":{},"associations":[]}`).is(403)
	want(t, "category", r.text("category"), "MISSING_SCOPES")
	want(t, "needed", r.text("errors", 0, "context", "requiredGranularScopes", 0), "crm.objects.contacts.write")
	want(t, "link", r.text("links", "scopes"), "https://developers.hubspot.com/scopes")
	o.get(objects + "deals").is(403)
	o.get("/crm/owners/2026-09").is(403)
	o.post(properties26+"contacts/groups", `{"name":"a","label":"A"}`).is(403)
	o.get("/account-info/2026-09/details").is(200)
	o.s.SetScopes(nil)
	o.get(objects + "deals").is(200)
	o.s.SetToken("new")
	o.get(objects + "deals").is(401)
}

func TestUnknownPathsAreAPageOfHTML(t *testing.T) {
	o := open(t)
	w := httptest.NewRecorder()
	o.s.ServeHTTP(w, httptest.NewRequest("GET", "/crm/v3/objects/contacts", nil))
	want(t, "status", w.Code, 404)
	want(t, "is HTML", strings.HasPrefix(w.Body.String(), "<html>"), true)
}

func TestFaultsBeforeTheWork(t *testing.T) {
	for _, c := range []struct {
		faults   Faults
		statuses []int
		reads    bool
	}{
		{Faults{TooMany: 1}, []int{429}, true},
		{Faults{ServerError: 1}, []int{502, 503}, true},
		{Faults{Locked423: 1}, []int{423}, false},
		{Faults{Migrating: 1}, []int{477}, true},
	} {
		o := open(t)
		o.s.SetFaults(c.faults)
		for range 10 {
			if r := o.post(objects+"contacts", `{"properties":{},"associations":[]}`); !slices.Contains(c.statuses, r.status) {
				t.Errorf("%+v answers %d", c.faults, r.status)
			}
		}
		want(t, "reads fail too", o.get(objects+"contacts").status != 200, c.reads)
		want(t, "records", len(o.s.Objects("contacts")), 0)
	}
}

func TestAMigrationSaysWhenItEnds(t *testing.T) {
	o := open(t)
	o.s.Migrate(90 * time.Minute)
	r := o.get(objects + "contacts").is(477)
	want(t, "Retry-After", r.header.Get("Retry-After"), "5400")
	o.pass(90 * time.Minute)
	o.get(objects + "contacts").is(200)
}

func TestALostAnswerWasWorkDone(t *testing.T) {
	o := open(t, func(o *Options) { o.Faults.LostAnswer = 1 })
	lost := func() (err any) {
		defer func() { err = recover() }()
		o.post(objects+"contacts", `{"properties":{"firstname":"Kim"},"associations":[]}`)
		return nil
	}
	if err, _ := lost().(error); !errors.Is(err, http.ErrAbortHandler) {
		t.Fatalf("the handler ended with %v, want http.ErrAbortHandler", err)
	}
	want(t, "records", len(o.s.Objects("contacts")), 1)
	want(t, "counted as lost", o.s.Answers()[0], 1)
	o.get(objects + "contacts").is(200)
	o.post(objects+"contacts", `{"properties":{"no_such":"1"},"associations":[]}`).is(400)
}

func TestALostAnswerCutsARealConnection(t *testing.T) {
	o := open(t, func(o *Options) { o.Faults.LostAnswer = 1 })
	server := httptest.NewServer(o.s)
	defer server.Close()
	request, err := http.NewRequest("POST", server.URL+objects+"contacts", strings.NewReader(`{"properties":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer key")
	if response, err := server.Client().Do(request); err == nil {
		response.Body.Close()
		t.Errorf("answered %d, want a cut connection", response.StatusCode)
	}
	want(t, "records", len(o.s.Objects("contacts")), 1)
}

func TestGarbageIsA200ThatBreaksOff(t *testing.T) {
	o := open(t, func(o *Options) { o.Faults.Garbage = 1 })
	r := o.post(objects+"contacts", `{"properties":{},"associations":[]}`).is(200)
	if r.json != nil || !strings.HasPrefix(r.raw, "{") {
		t.Errorf("the answer is %q", r.raw)
	}
	want(t, "records", len(o.s.Objects("contacts")), 1)
	o.get(objects + "contacts/1").is(404)
}

func TestRequestsAreCountedByKind(t *testing.T) {
	o := open(t)
	o.get(objects + "0-1/5")
	o.get(objects + "contacts/6")
	o.post(links26+"contacts/0-3/batch/read", `{"inputs":[{"id":"1"}]}`)
	want(t, "reads", o.s.Requests()["GET /crm/objects/2026-09/contacts/{objectId}"], 2)
	want(t, "associations", o.s.Requests()["POST /crm/associations/2026-09/contacts/deals/batch/read"], 1)
	want(t, "not found", o.s.Answers()[404], 2)
}

// story does many kinds of calls under faults and writes down every answer.
func story(t *testing.T) string {
	o := open(t, func(o *Options) {
		o.Faults = Faults{TooMany: 0.1, ServerError: 0.1, Locked423: 0.1, Garbage: 0.1, SearchLag: time.Minute}
	})
	var b strings.Builder
	tell := func(r reply) { fmt.Fprintln(&b, r.status, r.raw) }
	for i := range 60 {
		tell(o.post(objects+"contacts/batch/create", fmt.Sprintf(`{"inputs":[{"properties":{"firstname":"%d"},"associations":[],"objectWriteTraceId":"a"},{"properties":{"email":"x%d@example.com"},"associations":[],"objectWriteTraceId":"b"}]}`, i, i%7)))
		tell(o.post(objects+"contacts/search", `{"sorts":[{"propertyName":"createdate"}],"limit":50}`))
		if all := o.s.Objects("contacts"); i%5 == 0 && len(all) > 2 {
			tell(o.post(objects+"contacts/merge", `{"primaryObjectId":"`+all[0].ID+`","objectIdToMerge":"`+all[1].ID+`"}`))
		}
		tell(o.get(objects + "contacts?limit=100"))
		o.pass(7 * time.Second)
	}
	return b.String()
}

func TestTheSameSeedAndCallsGiveTheSameAnswers(t *testing.T) {
	if first, second := story(t), story(t); first != second {
		t.Error("two runs differ")
	}
}

func TestCopiesCannotChangeTheAccount(t *testing.T) {
	o := open(t)
	id := o.created("contacts", "phone", "1")
	got := o.find("contacts", id)
	got.Properties["phone"] = "2"
	got.History["phone"][0].Value = "2"
	want(t, "phone", o.find("contacts", id).Properties["phone"], "1")
	want(t, "history", o.find("contacts", id).History["phone"][0].Value, "1")
	scopes := []string{"crm.objects.contacts.read"}
	o.s.SetScopes(scopes)
	scopes[0] = "none"
	o.get(objects + "contacts").is(200)
}

func TestPeopleAreRefusedWhatIsNotValid(t *testing.T) {
	o := open(t)
	person := Person(5)
	id, err := o.s.Create("deals", map[string]string{"dealname": "by hand"}, person)
	if err != nil {
		t.Fatalf("a person may leave the stage open: %v", err)
	}
	for what, err := range map[string]error{
		"an unknown property":  o.s.Edit("deals", id, map[string]string{"no_such": "x"}, person),
		"an unknown record":    o.s.Edit("deals", "1", map[string]string{"dealname": "x"}, person),
		"an unknown type":      o.s.Archive("widgets", id),
		"deleting nothing":     o.s.Delete("deals", "1"),
		"merging with itself":  func() error { _, err := o.s.Merge("deals", id, id, person); return err }(),
		"linking to nothing":   o.s.Associate("deals", id, "contacts", "1"),
		"a rule about nothing": o.s.AddRule(Rule{ObjectType: "deals", Requires: []string{"no_such"}}),
		"restoring a live one": o.s.Restore("deals", id),
	} {
		if err == nil {
			t.Errorf("%s was allowed", what)
		}
	}
	if err := o.s.Archive("deals", id); err != nil {
		t.Error(err)
	}
	if err := o.s.Delete("deals", id); err != nil {
		t.Error(err)
	}
	want(t, "deals", len(o.s.Objects("deals")), 0)
}

func TestCallsAtTheSameTimeAreDoneOneAfterAnother(t *testing.T) {
	o := open(t)
	o.keyed("contacts")
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 20 {
				request := httptest.NewRequest("POST", objects+"contacts/batch/upsert",
					strings.NewReader(fmt.Sprintf(`{"inputs":[{"id":"k%d","idProperty":"source_key","properties":{"phone":"%d"}}]}`, j, i)))
				request.Header.Set("Authorization", "Bearer key")
				o.s.ServeHTTP(httptest.NewRecorder(), request)
			}
		})
	}
	group.Wait()
	want(t, "contacts", len(o.s.Objects("contacts")), 20)
}

func FuzzRequests(f *testing.F) {
	for _, route := range routes {
		method, path, _ := strings.Cut(route.pattern, " ")
		path = strings.NewReplacer("{objectType}", "contacts", "{toObjectType}", "deals", "{", "", "}", "").Replace(path)
		f.Add(method, path, `{"inputs":[{"id":"1","properties":{"email":"a@b.co"},"idProperty":"email","from":{"id":"1"},"to":{"id":"2"}}]}`)
		f.Add(method, path+"?limit=5&archived=true&after=3", `{"filterGroups":[{"filters":[{"propertyName":"email","operator":"IN","values":["x"]}]}],"sorts":["-email"],"limit":3,"after":"1"}`)
		f.Add(method, path, `{"label":"x","name":"x","groupName":"contactinformation","type":"string","fieldType":"text","stages":[{}],"properties":{"a":null}}`)
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		o := open(t)
		id := o.created("contacts", "email", "a@b.co")
		request, err := http.NewRequest(method, "https://api.hubapi.com/", strings.NewReader(body))
		if err != nil {
			return
		}
		if request.URL, err = request.URL.Parse(path); err != nil {
			return
		}
		request.Header.Set("Authorization", "Bearer key")
		w := httptest.NewRecorder()
		o.s.ServeHTTP(w, request)
		if w.Code >= 500 {
			t.Errorf("%s %q answers %d", method, path, w.Code)
		}
		if method != "DELETE" && w.Code >= 400 {
			want(t, "contact after a refusal", o.find("contacts", id).Properties["email"], "a@b.co")
		}
	})
}

func TestWhatHappensBehindEverybodysBackIsInNoSearch(t *testing.T) {
	o := open(t)
	id, err := o.s.Create("contacts", map[string]string{"lastname": "Larkspur", "city": "Waco"}, Integration(7906213))
	if err != nil {
		t.Fatal(err)
	}
	o.pass(time.Minute)
	if err := o.s.Edit("contacts", id, map[string]string{"city": "Austin"}, Integration(7906213)); err != nil {
		t.Fatal(err)
	}
	before := o.s.Objects("contacts")[0]
	o.pass(time.Hour)
	for _, err := range []error{
		o.s.Lose("contacts", id, "city"),
		o.s.Slip("contacts", id, map[string]string{"lastname": "Zzz"}, Author{}),
		o.s.Slip("contacts", id, map[string]string{"firstname": "Rosa"}, Person(88)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	after := o.s.Objects("contacts")[0]
	if after.Properties["city"] != "Waco" || len(after.History["city"]) != 1 {
		t.Errorf("the city is %q after %v, want what it was before the lost change", after.Properties["city"], after.History["city"])
	}
	if after.Properties["lastname"] != "Zzz" || len(after.History["lastname"]) != 1 || after.History["lastname"][0].Value != "Larkspur" {
		t.Errorf("the name is %q after %v, want one that no history tells of", after.Properties["lastname"], after.History["lastname"])
	}
	if h := after.History["firstname"]; after.Properties["firstname"] != "Rosa" || len(h) != 1 || h[0].By != Person(88) {
		t.Errorf("the first name is %q after %v", after.Properties["firstname"], h)
	}
	if !after.Updated.Equal(before.Updated) || after.Properties["lastmodifieddate"] != before.Properties["lastmodifieddate"] {
		t.Errorf("it was changed at %v and %s, want nothing to tell", after.Updated, after.Properties["lastmodifieddate"])
	}
}
