package api_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/explain"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/tenant"
)

type problem struct {
	Status       int
	Detail, Hint string
}

func TestATokenOpensItsOwnLocationAndNoOther(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(broken("job_1"))
		w.settle()
		for _, c := range []struct {
			name, token string
			status      int
			causes      int
		}{
			{"its own", "token-of-boise", 200, 1},
			{"the other location's", "token-of-reno", 200, 0},
			{"nobody's", "guessed", 401, 0},
			{"none", "", 401, 0},
		} {
			w.token = c.token
			var got struct {
				problem
				Causes []errorqueue.Cause
			}
			if status := w.ask("GET", "/v1/errors", nil, &got); status != c.status || len(got.Causes) != c.causes {
				t.Errorf("with %s token: %d and %d causes, want %d and %d", c.name, status, len(got.Causes), c.status, c.causes)
			}
			if c.status == 401 && got.Hint == "" {
				t.Errorf("with %s token: no hint in %+v", c.name, got)
			}
		}
	})
}

func TestARecordOfAnotherLocationIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(said("job.scheduled", "job_1", "scheduled", scheduled))
		w.settle()
		id := string(plumbline.NewSourceID("boise", "hcp", plumbline.Job, "job_1"))
		w.must(200, "GET", "/v1/jobs/"+id, nil, nil)
		w.token = "token-of-reno"
		for _, path := range []string{"/v1/jobs/" + id, "/v1/records/" + id, "/v1/explain/job/" + id, "/v1/jobs/" + id + "/messages"} {
			w.must(404, "GET", path, nil, nil)
		}
		w.must(404, "GET", "/v1/connections/hubspot/plan", nil, nil)
		w.must(404, "GET", "/v1/connections/hubspot/sweep", nil, nil)
		w.must(404, "GET", "/v1/connections/hubspot/sweep/plan", nil, nil)
		w.must(404, "POST", "/v1/connections/hubspot/sweep/plan", nil, nil)
		w.must(404, "POST", "/v1/connections/hubspot/sweep/application", map[string]string{"plan": "1"}, nil)
		w.must(404, "PATCH", "/v1/connections/hubspot", map[string]string{"mode": "on"}, nil)
	})
}

// cause is the only cause there is.
func (w *world) cause() errorqueue.Cause {
	w.t.Helper()
	var got api.Causes
	w.must(200, "GET", "/v1/errors", nil, &got)
	if len(got.Causes) != 1 {
		w.t.Fatalf("there are %d causes, want one: %+v", len(got.Causes), got.Causes)
	}
	return got.Causes[0]
}

func TestARetryThatFailsAgainIsBackInTheQueue(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(broken("job_1"))
		w.hook(broken("job_2"))
		w.settle()
		cause := w.cause()
		if cause.Items != 2 {
			t.Fatalf("the cause has %d items, want 2", cause.Items)
		}
		var moved api.Moved
		w.must(201, "POST", "/v1/errors/"+cause.Cause+"/retry", map[string]any{}, &moved)
		if sum := w.balances(); moved.Items != 2 || sum.Waiting != 2 || sum.Failed != 0 {
			t.Errorf("retried %d, %d wait and %d failed, want 2, 2 and 0", moved.Items, sum.Waiting, sum.Failed)
		}
		w.settle()
		var opened api.Opened
		w.must(200, "GET", "/v1/errors/"+cause.Cause, nil, &opened)
		if sum := w.balances(); len(opened.Items) != 2 || opened.Items[0].Tries != 2 || sum.Failed != 2 {
			t.Errorf("after it failed again: %d items, %d tries, %d failed, want 2, 2 and 2", len(opened.Items), opened.Items[0].Tries, sum.Failed)
		}
	})
}

func TestOneItemOfACauseCanBeSkippedAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(broken("job_1"))
		w.hook(broken("job_2"))
		w.settle()
		var opened api.Opened
		path := "/v1/errors/" + w.cause().Cause
		w.must(200, "GET", path, nil, &opened)
		one := api.Ref{Kind: opened.Items[1].Kind, Ref: opened.Items[1].Ref}

		var no problem
		w.must(422, "POST", path+"/skip", map[string]any{"reason": " ", "items": []api.Ref{one}}, &no)
		w.must(404, "POST", path+"/skip", map[string]any{"reason": "a test", "items": []api.Ref{{Kind: "delivery", Ref: "hcp/other"}}}, &no)
		w.must(201, "POST", path+"/skip", map[string]any{"reason": "a test job", "items": []api.Ref{one}}, nil)

		w.must(200, "GET", path, nil, &opened)
		if sum := w.balances(); len(opened.Items) != 1 || sum.Ignored != 1 || sum.Failed != 1 {
			t.Errorf("%d items, %d ignored, %d failed, want one each", len(opened.Items), sum.Ignored, sum.Failed)
		}
		var d api.Delivery
		connection, key, _ := strings.Cut(one.Ref, "/")
		w.must(200, "GET", "/v1/deliveries/"+connection+"/"+key, nil, &d)
		if d.State != "ignored" || d.Reason != "skipped: a test job" {
			t.Errorf("the delivery is %s, %q", d.State, d.Reason)
		}
	})
}

func TestAnEditedDeliveryStandsInForTheOneThatCame(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		came := broken("job_1")
		w.hook(came)
		w.settle()
		var opened api.Opened
		w.must(200, "GET", "/v1/errors/"+w.cause().Cause, nil, &opened)
		_, key, _ := strings.Cut(opened.Items[0].Ref, "/")
		edit := "/v1/deliveries/hcp/" + key + "/edit"

		var no problem
		w.must(422, "POST", edit, map[string]string{"body": broken("job_2")}, &no)
		if !strings.Contains(no.Detail, "description") || no.Hint == "" {
			t.Errorf("an edit that cannot be read either says %+v", no)
		}
		if sum := w.balances(); sum.Received != 1 || sum.Failed != 1 {
			t.Errorf("a refused edit left %+v", sum)
		}

		w.now = w.now.Add(time.Minute)
		var first, again api.Edited
		w.must(201, "POST", edit, map[string]string{"body": said("job.created", "job_1", "scheduled", scheduled)}, &first)
		w.must(201, "POST", edit, map[string]string{"body": said("job.created", "job_1", "scheduled", scheduled)}, &again)
		if first.Key != again.Key || !strings.HasPrefix(first.Key, "edit:") {
			t.Errorf("edited twice alike: %q and %q", first.Key, again.Key)
		}
		w.must(409, "POST", edit, map[string]string{"body": said("job.created", "job_1", "unscheduled", "")}, &no)
		w.settle()

		var old api.Delivery
		w.must(200, "GET", "/v1/deliveries/hcp/"+key, nil, &old)
		if old.Body != came || old.State != "ignored" || !strings.HasPrefix(old.Reason, "replaced by "+first.Key) {
			t.Errorf("the delivery that came is %s, %q, its body %q", old.State, old.Reason, old.Body)
		}
		var stands api.Delivery
		w.must(200, "GET", "/v1/deliveries/hcp/"+url.PathEscape(first.Key), nil, &stands)
		if stands.Replaces != key || stands.State != "applied" {
			t.Errorf("the edit is %s and replaces %q", stands.State, stands.Replaces)
		}
		if sum := w.balances(); sum.Received != 2 || sum.Applied != 1 || sum.Ignored != 1 {
			t.Errorf("after the edit: %+v", sum)
		}
		var left api.Causes
		w.must(200, "GET", "/v1/errors", nil, &left)
		if len(left.Causes) != 0 {
			t.Errorf("the error queue still has %+v", left.Causes)
		}
	})
}

func TestACauseIsReplayedInTheOrderOfReceipt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const items = 450 // more than one transaction moves
		var want, got []string
		for i := range items {
			ref := fmt.Sprintf("hubspot/record/contact/%03d", (i*7)%items)
			want = append(want, ref)
			w.do(w.now.Add(time.Duration(i)*time.Second), func(tx *db.Tx) error {
				return errorqueue.Open(tx, errorqueue.Item{Location: "boise", Kind: errorqueue.Record, Ref: ref, Cause: "one cause", Title: "refused"})
			})
		}
		q := w.node.Queue()
		q.Retriers = map[string]func(*db.Tx, string, string) error{errorqueue.Record: func(_ *db.Tx, _, ref string) error {
			got = append(got, ref)
			return nil
		}}
		n, err := q.Retry(t.Context(), "boise", errorqueue.Fingerprint("one cause"), "office")
		if err != nil || n != items || !slices.Equal(got, want) {
			t.Errorf("retried %d (%v), in order: %t", n, err, slices.Equal(got, want))
		}
	})
}

func (w *world) do(now time.Time, f func(tx *db.Tx) error) {
	w.t.Helper()
	if err := w.node.DB.Do(w.t.Context(), now, f); err != nil {
		w.t.Fatal(err)
	}
}

func TestASnoozedCauseComesBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(broken("job_1"))
		w.settle()
		path := "/v1/errors/" + w.cause().Cause
		w.must(422, "PUT", path+"/snooze", map[string]any{"until": w.now}, nil)
		w.must(200, "PUT", path+"/assignment", map[string]any{"to": "June"}, nil)
		w.must(200, "PUT", path+"/snooze", map[string]any{"until": w.now.Add(time.Hour)}, nil)
		var causes api.Causes
		if w.must(200, "GET", "/v1/errors", nil, &causes); len(causes.Causes) != 0 {
			t.Errorf("a snoozed cause is shown: %+v", causes.Causes)
		}
		w.now = w.now.Add(time.Hour)
		if w.must(200, "GET", "/v1/errors", nil, &causes); len(causes.Causes) != 0 {
			t.Errorf("looking brought it back: %+v", causes.Causes)
		}
		if worked, _, err := w.node.Step(t.Context(), w.now); !worked || err != nil {
			t.Errorf("the step that is due = %v, %v", worked, err)
		}
		var opened api.Opened
		w.must(200, "GET", "/v1/errors/"+w.cause().Cause, nil, &opened)
		if opened.Items[0].Assignee != "June" {
			t.Errorf("it is with %q, want June", opened.Items[0].Assignee)
		}
	})
}

func TestADecisionIsCheckedBeforeItIsKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(said("job.scheduled", "job_1", "scheduled", scheduled))
		w.settle()
		job := plumbline.NewSourceID("boise", "hcp", plumbline.Job, "job_1")
		dana := plumbline.NewSourceID("boise", "hcp", plumbline.Customer, "cus_1")
		tick := func(change string, to any) map[string]any {
			c := map[string]any{"address": "+12085550142", "person": dana, "tick": "service", "yes": true, "wording": "May we text you?", "via": "phone"}
			c[change] = to
			return map[string]any{"do": "consent", "consent": c}
		}
		before := w.balances().Received
		for name, c := range map[string]struct {
			decision map[string]any
			says     string
		}{
			"nothing said of nobody":      {map[string]any{"do": "say"}, "nothing about nobody"},
			"of a record that is not":     {map[string]any{"do": "say", "kind": "job", "about": "nobody", "fields": map[string]any{"qa": "passed"}}, "no source record"},
			"of a record of another kind": {map[string]any{"do": "say", "kind": "visit", "about": job, "fields": map[string]any{"outcome": "partial"}}, "is a job"},
			"a field that there is not":   {map[string]any{"do": "say", "kind": "job", "about": job, "fields": map[string]any{"color": "red"}}, `no field "color"`},
			"a value of another type":     {map[string]any{"do": "say", "kind": "job", "about": job, "fields": map[string]any{"no_charge": "yes"}}, "is no bool"},
			"money that is a number":      {map[string]any{"do": "say", "kind": "job", "about": job, "fields": map[string]any{"total": 12.5}}, "is no money"},
			"an instant without a zone":   {map[string]any{"do": "say", "kind": "job", "about": job, "fields": map[string]any{"promised": "2026-05-09"}}, "is no instant"},
			"one record twice":            {map[string]any{"do": "same", "a": dana, "b": dana}, "two different"},
			"a job as a person":           {map[string]any{"do": "same", "a": dana, "b": job}, "is a job"},
			"a consent of nothing":        {map[string]any{"do": "consent"}, "says nothing"},
			"a number as it is dialed":    {tick("address", "208-555-0142"), "E.164"},
			"a consent without words":     {tick("wording", ""), "wording"},
			"a consent of tomorrow":       {tick("at", w.now.Add(24*time.Hour)), "not yet"},
			"a person who is not there":   {tick("person", "nobody"), "no source record"},
			"a plan of nobody":            {map[string]any{"do": "add", "kind": "membership", "fields": map[string]any{"plan": "Gold"}}, "is nobody's"},
			"a plan without a name":       {map[string]any{"do": "add", "kind": "membership", "fields": map[string]any{"customer_record": dana}}, "not what it is"},
			"a unit that is a job":        {map[string]any{"do": "add", "kind": "asset", "fields": map[string]any{"type": "AC", "property_record": job}}, "is a job"},
			"a unit at an id of a tool":   {map[string]any{"do": "add", "kind": "asset", "fields": map[string]any{"type": "AC", "customer_record": dana, "property": "adr_1"}}, "no property of its own"},
			"a job that is added":         {map[string]any{"do": "add", "kind": "job", "fields": map[string]any{"number": "1"}}, `cannot add a "job"`},
			"a tool that is withdrawn":    {map[string]any{"do": "withdraw", "connection": "hcp"}, "cannot be withdrawn"},
			"a provider that is not":      {map[string]any{"do": "withdraw", "connection": "lookup:nobody"}, "no connection nobody"},
		} {
			var got problem
			status := w.ask("POST", "/v1/decisions", c.decision, &got)
			if status != 422 && status != 404 || !strings.Contains(got.Detail, c.says) {
				t.Errorf("%s: %d %q, want it refused with %q", name, status, got.Detail, c.says)
			}
		}
		if after := w.balances().Received; after != before {
			t.Errorf("%d refused decisions were kept", after-before)
		}
	})
}

func TestADecisionIsKeptAndHolds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(said("job.scheduled", "job_1", "scheduled", scheduled))
		w.settle()
		job := plumbline.NewSourceID("boise", "hcp", plumbline.Job, "job_1")
		var kept api.Decided
		w.must(201, "POST", "/v1/decisions", map[string]any{"do": "say", "kind": "job", "about": job, "fields": map[string]any{"qa": "passed", "no_charge": true}}, &kept)
		w.settle()
		var got struct {
			QA       string `json:"qa"`
			NoCharge bool   `json:"no_charge"`
		}
		w.must(200, "GET", "/v1/jobs/"+string(job), nil, &got)
		if got.QA != "passed" || !got.NoCharge {
			t.Errorf("the job says %+v", got)
		}
		var d api.Delivery
		w.must(200, "GET", "/v1/deliveries/office/"+url.PathEscape(kept.Key), nil, &d)
		if d.State != "applied" || !strings.Contains(d.Body, `"by":"office"`) {
			t.Errorf("the decision is %s: %s", d.State, d.Body)
		}
	})
}

func TestADecisionSentTwiceUnderOneKeyIsOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(said("job.scheduled", "job_1", "scheduled", scheduled))
		w.settle()
		body, err := json.Marshal(map[string]any{"do": "say", "kind": "job", "about": plumbline.NewSourceID("boise", "hcp", plumbline.Job, "job_1"), "fields": map[string]any{"qa": "waived"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			body   string
			status int
		}{{string(body), 201}, {string(body), 201}, {strings.Replace(string(body), "waived", "passed", 1), 409}} {
			req := httptest.NewRequest("POST", "/v1/decisions", strings.NewReader(c.body))
			req.Header.Set("Authorization", "Bearer "+w.token)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Idempotency-Key", "abc")
			rec := httptest.NewRecorder()
			if w.web.ServeHTTP(rec, req); rec.Code != c.status {
				t.Fatalf("%d %s, want %d", rec.Code, rec.Body, c.status)
			}
		}
		w.settle()
		var tally api.Tally
		w.must(200, "GET", "/v1/tally?from=2026-05-04&through=2026-05-04", nil, &tally)
		i := slices.IndexFunc(tally.Lines, func(l inbox.Line) bool { return l.Connection == plumbline.Office })
		if i < 0 || tally.Lines[i].Applied != 1 || tally.Lines[i].Duplicates != 1 {
			t.Errorf("the tally of the office: %+v, want one applied and one duplicate", tally.Lines)
		}
	})
}

func TestADoubtfulPairIsShownSideBySideAndDecided(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(said("job.scheduled", "job_1", "scheduled", scheduled))
		// one number, and names one letter apart: nobody can tell without asking
		w.hook(strings.NewReplacer("cus_1", "cus_2", "adr_1", "adr_2", "Dana", "Dane", "dana@example.com", "dane@example.net", "13:00:01Z", "13:30:00Z", "418 Larkspur", "77 Sego").Replace(
			said("job.scheduled", "job_2", "scheduled", strings.ReplaceAll(scheduled, "appt_1", "appt_2"))))
		w.settle()
		var list api.Questions
		w.must(200, "GET", "/v1/questions", nil, &list)
		if len(list.Questions) != 1 {
			t.Fatalf("%d questions, want one", len(list.Questions))
		}
		q := list.Questions[0]
		names := []string{q.A.Fields["first_name"], q.B.Fields["first_name"]}
		slices.Sort(names)
		if !slices.Equal(names, []string{"Dana", "Dane"}) || len(q.Evidence) == 0 || strings.Contains(fmt.Sprint(q), "5550142") {
			t.Errorf("the question is %+v", q)
		}
		w.must(201, "POST", "/v1/decisions", map[string]any{"do": "same", "a": q.A.ID, "b": q.B.ID}, nil)
		w.settle()
		var a api.Record
		w.must(200, "GET", "/v1/records/"+string(q.A.ID), nil, &a)
		w.must(200, "GET", "/v1/questions", nil, &list)
		if len(a.Members) != 2 || len(list.Questions) != 0 {
			t.Errorf("after the decision: %d members and %d questions", len(a.Members), len(list.Questions))
		}
		w.now = w.now.Add(time.Second)
		w.must(201, "POST", "/v1/decisions", map[string]any{"do": "undecided", "a": q.A.ID, "b": q.B.ID}, nil)
		w.settle()
		w.must(200, "GET", "/v1/records/"+string(q.A.ID), nil, &a)
		w.must(200, "GET", "/v1/questions", nil, &list)
		if len(a.Members) != 1 || len(list.Questions) != 1 {
			t.Errorf("after that was taken back: %d members and %d questions", len(a.Members), len(list.Questions))
		}
	})
}

func TestAConnectionShowsWhatItWouldDoBeforeItIsSwitchedOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(said("job.scheduled", "job_1", "scheduled", scheduled))
		w.settle()
		var plan api.Plan
		w.must(200, "GET", "/v1/connections/hubspot/plan", nil, &plan)
		if plan.Mode != tenant.Rehearsal || plan.Counts["contact create"] != 1 {
			t.Errorf("the plan is %s with %v", plan.Mode, plan.Counts)
		}
		w.must(422, "PATCH", "/v1/connections/hubspot", map[string]string{"mode": "maybe"}, nil)
		w.must(404, "PATCH", "/v1/connections/nobody", map[string]string{"mode": "on"}, nil)
		var c tenant.Connection
		w.must(200, "PATCH", "/v1/connections/hubspot", map[string]string{"mode": "on"}, &c)
		if c.Mode != tenant.On || !c.OnSince.Equal(w.now) {
			t.Errorf("it is %s since %v", c.Mode, c.OnSince)
		}
	})
}

func TestNothingPersonalIsShownInFull(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(said("job.scheduled", "job_1", "scheduled", scheduled))
		w.hook(strings.Replace(broken("job_2"), `{"not":"a text"}`, `["call (208) 555-0142 or dana@example.com"]`, 1))
		w.settle()
		job := string(plumbline.NewSourceID("boise", "hcp", plumbline.Job, "job_1"))
		dana := string(plumbline.NewSourceID("boise", "hcp", plumbline.Customer, "cus_1"))
		for _, path := range []string{"/v1/jobs/" + job, "/v1/records/" + dana, "/v1/explain/job/" + job, "/v1/explain/record/" + dana, "/v1/jobs/" + job + "/messages",
			"/v1/connections/hubspot/plan", "/v1/connections/hubspot/sweep", "/v1/connections/hubspot/sweep/plan", "/v1/errors", "/v1/errors/" + w.cause().Cause, "/v1/questions", "/v1/tally", "/v1/connections"} {
			var raw json.RawMessage
			w.must(200, "GET", path, nil, &raw)
			for _, secret := range []string{"5550142", "555-0142", "dana@", "key-0123456789", "pat-0123456789", "the secret"} {
				if strings.Contains(string(raw), secret) {
					t.Errorf("GET %s shows %q: %s", path, secret, raw)
				}
			}
		}
	})
}

func TestAnExplanationNamesStageSourceAndSilence(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(said("job.scheduled", "job_1", "scheduled", scheduled))
		w.settle()
		var e explain.Explanation
		w.must(200, "GET", "/v1/explain/job/"+url.PathEscape("hcp/job_1"), nil, &e)
		var titles []string
		for _, s := range e.Sections {
			titles = append(titles, s.Title)
		}
		for _, want := range []string{"Where it stands", "What the sources say", "Transitions", "What came of each rule"} {
			if !slices.Contains(titles, want) {
				t.Errorf("no section %q in %q", want, titles)
			}
		}
	})
}

func TestTheDocumentDescribesEveryRoute(t *testing.T) {
	w := newWorld(t, t.TempDir()+"/test.db", "")
	w.token = ""
	var doc struct {
		OpenAPI  string
		Security []map[string][]string
		Paths    map[string]map[string]struct{ OperationID string }
	}
	w.must(200, "GET", "/openapi.json", nil, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Security) != 1 {
		t.Errorf("OpenAPI %s with security %v", doc.OpenAPI, doc.Security)
	}
	seen := map[string]bool{}
	for path, operations := range doc.Paths {
		for method, o := range operations {
			if seen[o.OperationID] || o.OperationID == "" {
				t.Errorf("%s %s has the id %q of another", method, path, o.OperationID)
			}
			seen[o.OperationID] = true
			concrete := strings.NewReplacer("{id}", "x", "{cause}", "x", "{connection}", "x", "{key}", "x", "{name}", "x").Replace(path)
			if status := w.ask(strings.ToUpper(method), concrete, nil, nil); status != 401 {
				t.Errorf("%s %s without a token = %d, want 401", method, path, status)
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("the document has %d operations", len(seen))
	}
}

func TestAHealthyNodeSaysSo(t *testing.T) {
	w := newWorld(t, t.TempDir()+"/test.db", "")
	w.token = ""
	if got := w.ask("GET", "/healthz", nil, nil); got != 200 {
		t.Errorf("healthy: %d", got)
	}
	if err := w.node.Close(); err != nil {
		t.Fatal(err)
	}
	if got := w.ask("GET", "/healthz", nil, nil); got != 503 {
		t.Errorf("without a database: %d", got)
	}
}

func TestAnEmptyListIsAnsweredAsAList(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for path, list := range map[string]string{"/v1/errors": "causes", "/v1/questions": "questions", "/v1/tally": "lines",
			"/v1/connections/hubspot/plan": "records", "/v1/connections/hubspot/sweep/plan": "records", "/v1/connections/hubspot/sweep": "drift"} {
			var got map[string]json.RawMessage
			w.must(200, "GET", path, nil, &got)
			if string(got[list]) != "[]" {
				t.Errorf("GET %s: %s is %s, want []", path, list, got[list])
			}
		}
	})
}

func TestOneMistakeInTwoKindsOfEventIsOneCause(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(broken("job_1"))
		w.hook(strings.Replace(broken("job_2"), "job.created", "job.updated", 1))
		w.settle()
		var got struct {
			Causes []struct {
				Items int
				Title string
			}
		}
		w.must(200, "GET", "/v1/errors", nil, &got)
		if len(got.Causes) != 1 || got.Causes[0].Items != 2 {
			t.Errorf("the queue has the causes %+v, want one with both", got.Causes)
		}
	})
}

func TestListsArePagedByKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 5 {
			w.hook(strings.NewReplacer("cus_1", fmt.Sprint("cus_", i), "Whitlock", fmt.Sprint("Whitlock", i), "2085550142", fmt.Sprint("208555014", i), "dana@", fmt.Sprint("dana", i, "@")).
				Replace(said("job.scheduled", fmt.Sprint("job_", i), "scheduled", "")))
		}
		w.settle()
		for path, list := range map[string]string{"/v1/jobs?limit=2": "jobs", "/v1/records?kind=customer&limit=2": "records"} {
			var ids []string
			after := ""
			for range 4 {
				var page map[string]json.RawMessage
				w.must(200, "GET", path+"&after="+after, nil, &page)
				var some []struct{ ID string }
				if err := json.Unmarshal(page[list], &some); err != nil {
					t.Fatal(err)
				}
				for _, x := range some {
					ids = append(ids, x.ID)
				}
				after = ""
				if page["next"] == nil {
					break
				}
				if err := json.Unmarshal(page["next"], &after); err != nil {
					t.Fatal(err)
				}
			}
			if len(ids) != 5 || !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != 5 || after != "" {
				t.Errorf("GET %s leads through %v, want five in order", path, ids)
			}
		}
	})
}

// A date that nobody can reckon with comes from tools that write it for "none".
func TestADeliveryOfWhichNothingCanBeDerivedDelaysNoOther(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hook(said("job.created", "job_1", "scheduled", strings.ReplaceAll(scheduled, "2026-05-05", "0001-01-01")))
		w.hook(said("job.created", "job_2", "scheduled", scheduled))
		w.settle()
		if sum := w.balances(); sum.Applied != 1 || sum.Failed != 1 {
			t.Errorf("the tally is %+v, want one applied and one for a person", sum)
		}
		var queue struct {
			Causes []struct{ Title, Cure string }
		}
		w.must(200, "GET", "/v1/errors", nil, &queue)
		if len(queue.Causes) != 1 || !strings.Contains(queue.Causes[0].Title, "could not be applied") || queue.Causes[0].Cure == "" {
			t.Errorf("the error queue holds %+v", queue)
		}
	})
}

func TestTheTallyShowsWhatSourcesCountAndConnectionsWhetherTheyTell(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.do(w.now, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO counted (location_id, connection, stream, night, began, ours, theirs, compared, done, gone, ids)
				VALUES ('boise', 'hcp', 'jobs', '2026-05-04', 1, 12, 11, 'ids', 1, 1, '{"gone_ids":["job_1"]}')`)
			if err != nil {
				return err
			}
			_, err = tx.Exec(`INSERT INTO watch (location_id, connection, state, since, restores) VALUES ('boise', 'hcp', 'restored', 1, 2)`)
			return err
		})
		var tally api.Tally
		w.must(200, "GET", "/v1/tally?from=2026-05-04&through=2026-05-04", nil, &tally)
		if len(tally.Counts) != 1 || tally.Counts[0].Ours != 12 || tally.Counts[0].Theirs != 11 || tally.Counts[0].Gone != 1 || !slices.Equal(tally.Counts[0].GoneIDs, []string{"job_1"}) {
			t.Errorf("counted %+v", tally.Counts)
		}
		var list api.Connections
		w.must(200, "GET", "/v1/connections", nil, &list)
		for _, c := range list.Connections {
			if (c.Name == "hcp") != (c.Watched != nil && c.Watched.State == "restored" && c.Watched.Restores == 2) {
				t.Errorf("%s is shown as %+v", c.Name, c.Watched)
			}
		}
	})
}
