package hubspot

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

func create(ref string, fields map[string]string) connect.Change {
	return connect.Change{Ref: ref, Key: "key-" + ref, Fields: fields}
}

func update(id string, fields map[string]string) connect.Change {
	return connect.Change{Ref: "ref-" + id, ID: id, Fields: fields}
}

func TestCreatesAreToldApartByTrace(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		one, two, three := r.Body.Inputs[0], r.Body.Inputs[1], r.Body.Inputs[2]
		reply(w, 207, doc{
			"status": "COMPLETE",
			"results": []doc{
				{"id": "903", "objectWriteTraceId": three.TraceID, "properties": doc{"firstname": "Lee"}},
				{"id": "901", "properties": doc{KeyProperty: one.Properties[KeyProperty], "firstname": "Kim"}},
			},
			"numErrors": 1,
			"errors": []doc{{"status": "error", "category": "VALIDATION_ERROR", "message": "Property values were not valid: [{\"isValid\":false,\"message\":\"jane@@x is not valid\",\"error\":\"INVALID_EMAIL\",\"name\":\"email\"}]",
				"context": doc{"objectWriteTraceId": []string{two.TraceID}}}},
		})
	})
	out, err := tool.Write(t.Context(), "contact", []connect.Change{
		create("a", map[string]string{"firstname": "Kim", "email": ""}),
		create("b", map[string]string{"email": "jane@@x"}),
		create("c", map[string]string{"firstname": "Lee"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if out[0].ID != "901" || !out[0].New || out[0].Values["firstname"] != "Kim" || out[2].ID != "903" {
		t.Errorf("outcomes %+v, want 901 and 903", out)
	}
	if e := out[1].Err; e == nil || e.Class != connect.Human || e.Field != "email" || e.Code != "INVALID_EMAIL" {
		t.Errorf("the refused one: %+v", out[1].Err)
	} else if strings.Contains(e.Msg, "jane") {
		t.Errorf("message %q tells personal data", e.Msg)
	}
	if calls := s.calls(); len(calls) != 1 || calls[0].Path != "/crm/objects/2026-09/contacts/batch/create" {
		t.Errorf("calls: %s", s.paths())
	}
	sent := s.calls()[0].Body.Inputs[0]
	if _, ok := sent.Properties["email"]; ok || sent.Properties[KeyProperty] != "key-a" {
		t.Errorf("sent %v, want our key and nothing empty", sent.Properties)
	}
}

func TestCreateCarriesItsLinksWithLabels(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		if strings.HasSuffix(r.Path, "/labels") {
			reply(w, 200, doc{"results": []doc{{"category": "USER_DEFINED", "typeId": 71, "label": "Booker"},
				{"category": "USER_DEFINED", "typeId": 73, "label": "Payer"}, {"category": "HUBSPOT_DEFINED", "typeId": 3}}})
			return
		}
		reply(w, 201, found(doc{"id": "5", "objectWriteTraceId": r.Body.Inputs[0].TraceID, "properties": doc{}}))
	})
	c := create("j", map[string]string{"dealname": "AC repair", "dealstage": "1", "pipeline": "2"})
	c.Links = []connect.Association{
		{ToType: "contact", ToID: "501", Role: "booker"}, {ToType: "contact", ToID: "501", Role: "payer"},
		{ToType: "contact", ToID: "502", Role: "site_contact"}, {ToType: "company", ToID: "9"},
	}
	for range 2 {
		if _, err := tool.Write(t.Context(), "deal", []connect.Change{c}); err != nil {
			t.Fatal(err)
		}
	}
	calls := s.calls()
	if len(calls) != 3 {
		t.Fatalf("calls: %s, want the labels asked once", s.paths())
	}
	got := fmt.Sprint(calls[1].Body.Inputs[0].Associations)
	want := "[{{501} [{HUBSPOT_DEFINED 3} {USER_DEFINED 71} {USER_DEFINED 73}]} {{502} [{HUBSPOT_DEFINED 3}]} {{9} [{HUBSPOT_DEFINED 341}]}]"
	if got != want {
		t.Errorf("associations %s, want %s", got, want)
	}
}

func TestUpdateOfAKnownRecordClearsWithTheEmptyText(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		reply(w, 200, found(rec("7", doc{"plumbline_eta": nil, "firstname": "Kim"})))
	})
	out, err := tool.Write(t.Context(), "contact", []connect.Change{update("7", map[string]string{"plumbline_eta": ""})})
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := out[0].Values["plumbline_eta"]; !ok || v != "" || out[0].New || out[0].Err != nil {
		t.Errorf("outcome %+v, want the property read back empty", out[0])
	}
	if !strings.Contains(s.calls()[0].Text, `"plumbline_eta":""`) {
		t.Errorf("sent %s, want the empty text", s.calls()[0].Text)
	}
}

// refuses answers batches that hold a bad id with a 400 that names nobody.
func refuses(bad ...string) func(http.ResponseWriter, seen) {
	return func(w http.ResponseWriter, r seen) {
		var ok []doc
		for _, id := range r.ids() {
			for _, b := range bad {
				if id == b {
					reply(w, 400, doc{"status": "error", "category": "VALIDATION_ERROR", "message": "amount was not a valid number",
						"errors": []doc{{"message": "x", "code": "INVALID_INTEGER", "context": doc{"propertyName": []string{"amount"}}}}})
					return
				}
			}
			ok = append(ok, rec(id, doc{}))
		}
		reply(w, 200, found(ok...))
	}
}

func TestARefusedUpdateBatchIsHalvedUntilTheCulpritsStandAlone(t *testing.T) {
	tool, s := serve(t, refuses("13", "77"))
	var changes []connect.Change
	for i := 1; i <= 100; i++ {
		changes = append(changes, update(fmt.Sprint(i), map[string]string{"amount": "x"}))
	}
	out, err := tool.Write(t.Context(), "deal", changes)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range out {
		bad := o.ID == "13" || o.ID == "77"
		if o.Ref != changes[i].Ref || bad != (o.Err != nil) || bad && o.Err.Code != "INVALID_INTEGER" {
			t.Errorf("outcome %d: %+v %v", i, o, o.Err)
		}
	}
	if n := len(s.calls()); n > 29 {
		t.Errorf("%d calls for two culprits among a hundred", n)
	}
}

func TestAnUnknownPropertyTakesOutItsRecordsAtOnce(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		var ok []doc
		for _, in := range r.Body.Inputs {
			if _, bad := in.Properties["fsm_job_no"]; bad {
				reply(w, 400, `{"status":"error","message":"Property values were not valid: [{\"isValid\":false,\"message\":\"Property \\\"fsm_job_no\\\" does not exist\",\"error\":\"PROPERTY_DOESNT_EXIST\",\"name\":\"fsm_job_no\"}]","category":"VALIDATION_ERROR"}`)
				return
			}
			ok = append(ok, rec(in.ID, doc{}))
		}
		reply(w, 200, found(ok...))
	})
	out, err := tool.Write(t.Context(), "deal", []connect.Change{
		update("1", map[string]string{"fsm_job_no": "1"}), update("2", map[string]string{"amount": "1"}), update("3", map[string]string{"fsm_job_no": "3"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if out[0].Err == nil || out[0].Err.Code != "PROPERTY_DOESNT_EXIST" || out[0].Err.Field != "fsm_job_no" || out[2].Err == nil || out[1].Err != nil {
		t.Errorf("outcomes %+v", out)
	}
	if n := len(s.calls()); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
}

func TestHalvingStopsAtTheFirstUnknownOutcome(t *testing.T) {
	n := 0
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		n++
		switch n {
		case 1, 2: // the create alone, then the four updates
			reply(w, 400, doc{"category": "VALIDATION_ERROR", "message": "no"})
		case 3:
			reply(w, 200, found(rec("1", doc{}), rec("2", doc{})))
		default:
			panic(http.ErrAbortHandler)
		}
	})
	out, err := tool.Write(t.Context(), "contact", []connect.Change{
		update("1", map[string]string{"city": "Mesa"}), update("2", map[string]string{"city": "Mesa"}), update("3", map[string]string{"city": "Mesa"}),
		update("4", map[string]string{"city": "Mesa"}), create("n", map[string]string{"city": "Mesa"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	// the create went first and took the 400 alone
	classes := ""
	for _, o := range out {
		if o.Err == nil {
			classes += "ok "
		} else {
			classes += o.Err.Class.String() + ":" + o.Err.Code + " "
		}
	}
	if want := "ok ok unknown:connection unknown:connection human:VALIDATION_ERROR "; len(s.calls()) != 4 || classes != want {
		t.Errorf("%d calls, outcomes %s, want %s", len(s.calls()), classes, want)
	}
}

func TestWhatWasNotSentSaysSo(t *testing.T) {
	n := 0
	tool, _ := serve(t, func(w http.ResponseWriter, r seen) {
		n++
		if n == 1 {
			reply(w, 400, doc{"category": "VALIDATION_ERROR", "message": "no"})
			return
		}
		reply(w, 503, "")
	})
	out, err := tool.Write(t.Context(), "contact", []connect.Change{update("1", map[string]string{"city": "a"}), update("2", map[string]string{"city": "b"})})
	if err != nil {
		t.Fatal(err)
	}
	if out[0].Err.Class != connect.Unknown || out[1].Err.Class != connect.Retry || out[1].Err.Code != "not_sent" || n != 2 {
		t.Errorf("%v and %v after %d calls", out[0].Err, out[1].Err, n)
	}
}

func TestACollisionNamesTheExistingRecord(t *testing.T) {
	for _, c := range []struct {
		name, body string
		status     int
		reads      int
	}{
		{"an e-mail that is taken", `{"status":"error","message":"Contact already exists. Existing ID: 3401","category":"CONFLICT"}`, 409, 0},
		{"a unique value that tells its holder", `{"status":"error","message":"Cannot set PropertyValueCoordinates{portalId=1, objectTypeId=ObjectTypeId{legacyObjectType=CONTACT}, propertyName=plumbline_key, value=key-a} on 55. 3401 already has that value.","category":"VALIDATION_ERROR"}`, 400, 0},
		{"a unique value that tells nothing", `{"status":"error","message":"Property values were not valid","category":"VALIDATION_ERROR","errors":[{"message":"taken","code":"CONFLICTING_UNIQUE_VALUE","context":{"propertyName":["plumbline_key"]}}]}`, 400, 1},
		{"an e-mail conflict without an id", `{"status":"error","message":"Contact already exists.","category":"CONFLICT","errors":[{"message":"taken","context":{"propertyName":["email"]}}]}`, 409, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			tool, s := serve(t, func(w http.ResponseWriter, r seen) {
				if strings.HasSuffix(r.Path, "/batch/read") {
					reply(w, 200, found(rec("3401", doc{KeyProperty: "key-a", "email": "KIM@example.com"})))
					return
				}
				reply(w, c.status, c.body)
			})
			out, err := tool.Write(t.Context(), "contact", []connect.Change{create("a", map[string]string{"email": "kim@example.com"})})
			if err != nil {
				t.Fatal(err)
			}
			if e := out[0].Err; e == nil || e.Existing != "3401" || e.Code != "CONFLICT" {
				t.Errorf("error %+v, want the existing 3401", out[0].Err)
			}
			if n := len(s.calls()); n != 1+c.reads {
				t.Errorf("calls: %s", s.paths())
			}
		})
	}
}

func TestFailuresAreClassified(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		header [2]string
		body   string
		class  connect.Class
		code   string
		after  time.Duration
	}{
		{"ten seconds used up", 429, [2]string{}, `{"policyName":"TEN_SECONDLY_ROLLING","message":"You have reached your ten_secondly_rolling limit."}`, connect.Wait, "TEN_SECONDLY_ROLLING", 10 * time.Second},
		{"a second used up", 429, [2]string{}, `{"policyName":"SECONDLY","message":"You have reached your secondly limit."}`, connect.Wait, "SECONDLY", time.Second},
		{"a second used up, told by the message alone", 429, [2]string{}, `{"message":"You have reached your secondly limit."}`, connect.Wait, "RATE_LIMIT", time.Second},
		{"the day used up: until midnight in Phoenix", 429, [2]string{}, `{"policyName":"DAILY","message":"You have reached your daily limit."}`, connect.Wait, "DAILY", 12 * time.Hour},
		{"a limit without a body", 429, [2]string{}, ``, connect.Wait, "RATE_LIMIT", 10 * time.Second},
		{"locked", 423, [2]string{}, ``, connect.Retry, "HTTP_423", 2 * time.Second},
		{"migrating", 477, [2]string{"Retry-After", "3600"}, ``, connect.Wait, "HTTP_477", time.Hour},
		{"migrating for longer than documented", 477, [2]string{"Retry-After", "999999999"}, ``, connect.Wait, "HTTP_477", 24 * time.Hour},
		{"bad token", 401, [2]string{}, `{"category":"INVALID_AUTHENTICATION"}`, connect.Wait, "INVALID_AUTHENTICATION", 15 * time.Minute},
		{"missing scope", 403, [2]string{}, `{"category":"MISSING_SCOPES","errors":[{"message":"x","context":{"requiredGranularScopes":["crm.objects.deals.write"]}}]}`, connect.Human, "MISSING_SCOPES", 0},
		{"hubspot is down", 500, [2]string{}, ``, connect.Unknown, "HTTP_500", 5 * time.Second},
		{"the edge timed out", 524, [2]string{}, `<html>`, connect.Unknown, "HTTP_524", 5 * time.Second},
		{"an answer that is no JSON", 200, [2]string{}, `<html>`, connect.Unknown, "answer", 0},
		{"a redirect", 302, [2]string{"Location", "https://example.com/"}, ``, connect.Human, "HTTP_302", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			tool, s := serve(t, func(w http.ResponseWriter, r seen) {
				if c.header[0] != "" {
					w.Header().Set(c.header[0], c.header[1])
				}
				reply(w, c.status, c.body)
			}, func(c *Config) { c.Zone = "America/Phoenix" })
			_, err := tool.Write(t.Context(), "contact", []connect.Change{create("a", nil), create("b", nil)})
			var e *connect.Error
			if !errors.As(err, &e) || e.Class != c.class || e.Code != c.code || e.After != c.after {
				t.Errorf("error %#v, want %v %s after %v", e, c.class, c.code, c.after)
			}
			if len(s.calls()) != 1 {
				t.Errorf("%d calls, want one", len(s.calls()))
			}
			if e != nil && strings.Contains(fmt.Sprintf("%+v %v", *e, e.Err), "pat-secret") {
				t.Error("the error tells the token")
			}
		})
	}
}

func TestPermanentRefusalsNameTheFieldAndTheCure(t *testing.T) {
	for _, c := range []struct{ name, body, code, field string }{
		{"required by a rule of the account", `{"category":"VALIDATION_ERROR","message":"x","errors":[{"message":"closedate is required","context":{"propertyName":["closedate"]}}]}`, "REQUIRED", "closedate"},
		{"a value of the wrong type", `{"category":"VALIDATION_ERROR","message":"x","errors":[{"message":"amount was not a valid number","code":"INVALID_INTEGER","context":{"propertyName":["amount"]}}]}`, "INVALID_INTEGER", "amount"},
		{"an unknown property", `{"category":"VALIDATION_ERROR","errors":[{"message":"x","code":"PROPERTY_DOESNT_EXIST","context":{"propertyName":["fsm_job_no"]}}]}`, "PROPERTY_DOESNT_EXIST", "fsm_job_no"},
		{"a refusal that says nothing", ``, "HTTP_400", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tool, _ := serve(t, func(w http.ResponseWriter, r seen) { reply(w, 400, c.body) })
			out, err := tool.Write(t.Context(), "deal", []connect.Change{update("1", map[string]string{"dealstage": "x"})})
			if err != nil {
				t.Fatal(err)
			}
			if e := out[0].Err; e.Class != connect.Human || e.Code != c.code || e.Field != c.field || e.Cure == "" {
				t.Errorf("error %+v", e)
			}
		})
	}
}

func TestARecordThatIsGoneIsSaidPerItem(t *testing.T) {
	tool, _ := serve(t, func(w http.ResponseWriter, r seen) {
		if len(r.ids()) == 2 {
			reply(w, 404, `{"status":"error","category":"OBJECT_NOT_FOUND","message":"Could not get some CONTACT objects, they may be deleted or not exist.","context":{"ids":["2"]}}`)
			return
		}
		reply(w, 200, found(rec("1", doc{})))
	})
	out, err := tool.Write(t.Context(), "contact", []connect.Change{update("1", map[string]string{"city": "a"}), update("2", map[string]string{"city": "b"})})
	if err != nil {
		t.Fatal(err)
	}
	if out[0].Err != nil || out[1].Err == nil || !out[1].Err.Gone {
		t.Errorf("outcomes %v %v, want the second gone", out[0].Err, out[1].Err)
	}
}

func TestAnUpdateAnsweredByAnotherIDWasMerged(t *testing.T) {
	tool, _ := serve(t, func(w http.ResponseWriter, r seen) { reply(w, 200, found(rec("99", doc{}))) })
	out, err := tool.Write(t.Context(), "contact", []connect.Change{update("1", map[string]string{"city": "a"})})
	if err != nil {
		t.Fatal(err)
	}
	if e := out[0].Err; e == nil || e.MergedTo != "99" || out[0].ID != "99" {
		t.Errorf("outcome %+v", out[0])
	}
}

func TestCreatesWithoutKeyOrTraceAreToldByTheirText(t *testing.T) {
	tool, _ := serve(t, func(w http.ResponseWriter, r seen) {
		reply(w, 201, found(rec("2", doc{"hs_note_body": "two"}), rec("1", doc{"hs_note_body": "one"}), rec("3", doc{"hs_note_body": "same"}), rec("4", doc{"hs_note_body": "same"})))
	})
	note := func(body string) connect.Change {
		return connect.Change{Ref: body, Key: "k-" + body, Fields: map[string]string{"hs_note_body": body}}
	}
	same := note("same")
	same.Key = "other"
	out, err := tool.Write(t.Context(), "note", []connect.Change{note("one"), note("two"), note("same"), same})
	if err != nil {
		t.Fatal(err)
	}
	if out[0].ID != "1" || out[1].ID != "2" || out[2].Err == nil || out[2].Err.Class != connect.Unknown || out[3].Err == nil {
		t.Errorf("outcomes %+v, want the two that cannot be told apart unknown", out)
	}
}

func TestAConnectionThatIsNeverMadeIsWorthAnotherTry(t *testing.T) {
	tool, s := serve(t, func(http.ResponseWriter, seen) {})
	s.Close()
	_, err := tool.Write(t.Context(), "contact", []connect.Change{create("a", nil)})
	if e := connect.AsError(err); e.Class != connect.Retry {
		t.Errorf("class %v, want retry", e.Class)
	}
}

func TestARecordTwiceInOneCallIsSentOnce(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		var ok []doc
		for _, in := range r.Body.Inputs {
			ok = append(ok, doc{"id": orElse(in.ID, "9"), "objectWriteTraceId": in.TraceID, "properties": doc{}})
		}
		reply(w, 200, found(ok...))
	})
	out, err := tool.Write(t.Context(), "contact", []connect.Change{
		update("1", map[string]string{"city": "a"}), update("1", map[string]string{"city": "b"}), create("k", nil), create("k", nil)})
	if err != nil {
		t.Fatal(err)
	}
	for i, twice := range []bool{false, true, false, true} {
		if (out[i].Err != nil) != twice || twice && out[i].Err.Class != connect.Retry {
			t.Errorf("outcome %d: %v", i, out[i].Err)
		}
	}
	for _, c := range s.calls() {
		if len(c.Body.Inputs) != 1 {
			t.Errorf("sent %s", c.Text)
		}
	}
}

func TestTheOnlyResultIsTheOnlyCreatesUnlessSomethingSpeaksAgainstIt(t *testing.T) {
	for _, c := range []struct {
		name   string
		result doc
		known  bool
	}{
		{"its text was rewritten", doc{"id": "1", "properties": doc{"hs_note_body": "<p>one</p>"}}, true},
		{"it bears another trace", doc{"id": "1", "objectWriteTraceId": "other", "properties": doc{"hs_note_body": "one"}}, false},
		{"it bears another key", doc{"id": "1", "properties": doc{"hs_note_body": "one", KeyProperty: "other"}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tool, _ := serve(t, func(w http.ResponseWriter, r seen) { reply(w, 201, found(c.result)) })
			out, err := tool.Write(t.Context(), "note", []connect.Change{{Key: "k", Fields: map[string]string{"hs_note_body": "one"}}})
			if err != nil {
				t.Fatal(err)
			}
			if (out[0].Err == nil) != c.known || !c.known && out[0].Err.Class != connect.Unknown {
				t.Errorf("outcome %+v", out[0])
			}
		})
	}
}

func TestANamedCulpritCostsTwoMoreCalls(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		var ok []doc
		for _, id := range r.ids() {
			if id == "42" {
				reply(w, 400, doc{"category": "VALIDATION_ERROR", "message": "bad", "errors": []doc{{"message": "bad", "code": "INVALID_OPTION", "context": doc{"ids": []string{"42"}}}}})
				return
			}
			ok = append(ok, rec(id, doc{}))
		}
		reply(w, 200, found(ok...))
	})
	var changes []connect.Change
	for i := 1; i <= 100; i++ {
		changes = append(changes, update(fmt.Sprint(i), map[string]string{"kind": "x"}))
	}
	out, err := tool.Write(t.Context(), "deal", changes)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range out {
		if (o.Err != nil) != (o.ID == "42") {
			t.Errorf("%s: %v", o.ID, o.Err)
		}
	}
	if n := len(s.calls()); n != 3 {
		t.Errorf("%d calls, want 3", n)
	}
}
