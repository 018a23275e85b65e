package hubspot

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const objects = "/crm/objects/2026-09/"

func TestARecordIsReadBackByIDAndByUniqueValue(t *testing.T) {
	o := open(t)
	o.keyed("contacts")
	id := o.created("contacts", "firstname", "Kim", "email", "Kim@Example.com", "source_key", "st-1")
	r := o.get(objects + "0-1/" + id + "?properties=firstname,email,lastname&properties=no_such").is(200)
	want(t, "firstname", r.text("properties", "firstname"), "Kim")
	want(t, "email in lower case", r.text("properties", "email"), "kim@example.com")
	properties := r.at("properties").(map[string]any)
	if v, given := properties["lastname"]; !given || v != nil {
		t.Errorf("lastname is %v (given %t), want null", v, given)
	}
	if _, given := properties["no_such"]; given {
		t.Error("a property that does not exist was answered")
	}
	want(t, "hs_object_id, unasked", r.text("properties", "hs_object_id"), id)
	want(t, "createdAt", r.text("createdAt"), "2026-11-21T15:00:00.000Z")
	want(t, "by key", o.get(objects+"contacts/st-1?idProperty=source_key").is(200).text("id"), id)
	want(t, "by email", o.get(objects+"contacts/KIM@example.com?idProperty=email").is(200).text("id"), id)
	o.get(objects + "contacts/999").is(404)
	o.get(objects + "contacts/Kim?idProperty=firstname").is(400).says("non-unique 0-1 property firstname")
	o.get(objects + "widgets/1").is(400).says("Unable to infer object type from: widgets")
}

func TestWhatATypeRequiresIsNamedOnCreate(t *testing.T) {
	for _, c := range []struct{ objectType, given, missing string }{
		{"deals", "dealname", "dealstage pipeline"},
		{"tickets", "subject", "hs_pipeline hs_pipeline_stage"},
		{"tasks", "hs_task_subject", "hs_timestamp"},
		{"notes", "hs_note_body", "hs_timestamp"},
		{"companies", "phone", "domain name"},
		{"0-53", "hs_number", "hs_currency"},
	} {
		r := open(t).post(objects+c.objectType, `{"properties":{"`+c.given+`":"x"},"associations":[]}`).is(400)
		want(t, "category", r.text("category"), "VALIDATION_ERROR")
		for _, name := range strings.Fields(c.missing) {
			if !strings.Contains(r.raw, `"`+name+`"`) {
				t.Errorf("%s without %s: %s", c.objectType, name, r.raw)
			}
		}
	}
	open(t).post(objects+"contacts", `{"properties":{},"associations":[]}`).is(201)
}

func TestBadValuesAreRefusedWithTheVendorsCodes(t *testing.T) {
	o := open(t)
	o.s.AddOwner(Owner{ID: "71", UserID: 9001, Email: "pat@example.com"})
	for _, c := range []struct{ objectType, name, value, code string }{
		{"contacts", "fsm_job_no", "1", "PROPERTY_DOESNT_EXIST"},
		{"contacts", "lastmodifieddate", "1763600000000", "READ_ONLY_VALUE"},
		{"contacts", "hs_object_id", "5", "READ_ONLY_VALUE"},
		{"contacts", "email", "kim.example.com", "INVALID_EMAIL"},
		{"contacts", "lifecyclestage", "Customer", "INVALID_OPTION"},
		{"contacts", "hs_email_optout", "yes", "INVALID_BOOLEAN"},
		{"contacts", "hubspot_owner_id", "9001", "INVALID_OWNER_ID"},
		{"companies", "annualrevenue", "1,000", "INVALID_INTEGER"},
		{"companies", "annualrevenue", "1.0.0", "INVALID_INTEGER"},
		{"tasks", "hs_timestamp", "2026-11-20 17:09", "INVALID_DATE"},
		{"tasks", "hs_task_status", "DONE", "INVALID_OPTION"},
		{"notes", "hs_note_body", strings.Repeat("é", maxText+1), "INVALID_LENGTH"},
	} {
		given := []string{c.name, c.value}
		for _, needed := range map[string][]string{"companies": {"name"}, "tasks": {"hs_timestamp"}, "notes": {"hs_timestamp"}}[c.objectType] {
			if needed != c.name {
				given = append(given, needed, "0")
			}
		}
		r := o.post(objects+c.objectType, `{"properties":`+object(given...)+`,"associations":[]}`)
		r.is(400).says("Property values were not valid: [{")
		if !strings.Contains(r.raw, `"code":"`+c.code+`"`) {
			t.Errorf("%s %s=%.20s: want code %s in %.300s", c.objectType, c.name, c.value, c.code, r.raw)
		}
	}
	o.created("contacts", "hubspot_owner_id", "71")
}

func TestTheErrorForAnUnknownPropertyIsTheFixtures(t *testing.T) {
	r := open(t).post(objects+"contacts", `{"properties":{"fsm_job_no":"1"},"associations":[]}`).is(400)
	want(t, "message", r.text("message"),
		`Property values were not valid: [{"isValid":false,"message":"Property \"fsm_job_no\" does not exist","error":"PROPERTY_DOESNT_EXIST","name":"fsm_job_no"}]`)
	want(t, "inner message", r.text("errors", 0, "message"), `Property "fsm_job_no" does not exist`)
	want(t, "context", r.text("errors", 0, "context", "propertyName", 0), "fsm_job_no")
	want(t, "status", r.text("status"), "error")
	if len(r.text("correlationId")) != 36 {
		t.Errorf("correlationId is %q", r.text("correlationId"))
	}
}

func TestValuesAreReadBackInTheVendorsForm(t *testing.T) {
	o := open(t)
	o.post("/crm/properties/2026-09/deals/groups", `{"name":"plumbline","label":"Plumbline"}`).is(201)
	for _, p := range []property{
		{name: "day", typ: "date", fieldType: "date"}, {name: "at", typ: "datetime", fieldType: "date"},
		{name: "many", typ: "enumeration", fieldType: "checkbox", options: []option{{Label: "A", Value: "a"}, {Label: "B", Value: "b"}, {Label: "C", Value: "c"}}},
	} {
		o.post("/crm/properties/2026-09/deals", p.json()).is(201)
	}
	id := o.created("deals", "dealname", "AC", "pipeline", "default", "dealstage", "closedwon")
	for _, c := range []struct{ name, written, read string }{
		{"amount", "10.00", "10"}, {"amount", "0125.50", "125.5"}, {"amount", "-0.0", "0"}, {"amount", ".5", "0.5"},
		{"day", "2026-11-20", "2026-11-20"}, {"day", "1763596800000", "2025-11-20"},
		{"at", "1763600000000", "2025-11-20T00:53:20.000Z"}, {"at", "2026-11-20T17:09:13.648Z", "2026-11-20T17:09:13.648Z"},
		{"at", "2026-11-20T17:09:13Z", "2026-11-20T17:09:13.000Z"},
		{"many", "c;a", "a;c"}, {"many", ";b", "a;b;c"}, {"many", "b", "b"},
		{"dealname", "  AC & <heat> ", "  AC & <heat> "},
	} {
		o.patched("deals", id, c.name, c.written).is(200)
		got := o.get(objects+"deals/"+id+"?properties="+c.name).text("properties", c.name)
		want(t, c.name+" written as "+c.written, got, c.read)
	}
	r := o.patched("deals", id, "day", "1763600000000").is(400)
	r.says("is at 0:53:20.0 UTC, not midnight!")
	o.ask("PATCH", objects+"deals/"+id, `{"properties":{"amount":10}}`).is(400)
	o.ask("PATCH", objects+"deals/"+id, `{"properties":{}}`).is(400).says("No properties found to update")
	o.patched("deals", id, "amount", "").is(200)
	if v := o.get(objects+"deals/"+id+"?properties=amount").at("properties", "amount"); v != nil {
		t.Errorf("a cleared amount is %v, want null", v)
	}
}

func TestAStageMustBeOfItsPipeline(t *testing.T) {
	o := open(t)
	o.post(objects+"deals", `{"properties":{"dealname":"x","pipeline":"default","dealstage":"Closed Won"},"associations":[]}`).is(400).
		says("Closed Won is not a valid pipeline stage ID. Valid options are: pipelineId=default : [appointmentscheduled, ")
	o.post(objects+"deals", `{"properties":{"dealname":"x","pipeline":"Sales Pipeline","dealstage":"closedwon"},"associations":[]}`).is(400)
	id := o.created("deals", "dealname", "x", "pipeline", "default", "dealstage", "closedwon")
	want(t, "hs_is_closed_won", o.find("deals", id).Properties["hs_is_closed_won"], "true")
}

func TestAWriteThatChangesNothingStillMovesTheTimeOfChange(t *testing.T) {
	o := open(t)
	id := o.created("contacts", "phone", "+1 (312) 555-0142")
	before := o.find("contacts", id)
	want(t, "searchable phone", before.Properties["hs_searchable_calculated_phone_number"], "3125550142")
	o.pass(time.Minute)
	o.patched("contacts", id, "phone", "+1 (312) 555-0142").is(200)
	after := o.find("contacts", id)
	want(t, "lastmodifieddate", after.Properties["lastmodifieddate"], "2026-11-21T15:01:00.000Z")
	want(t, "entries in the history", len(after.History["phone"]), len(before.History["phone"]))
	if _, filled := after.Properties["hs_lastmodifieddate"]; filled {
		t.Error("a contact has hs_lastmodifieddate filled")
	}
}

func TestAHistorySaysWhoWroteWhat(t *testing.T) {
	o := open(t)
	id, err := o.s.Create("contacts", map[string]string{"phone": "1"}, Person(882761034))
	if err != nil {
		t.Fatal(err)
	}
	o.pass(time.Second)
	o.patched("contacts", id, "phone", "2").is(200)
	for _, by := range []Author{Integration(55), Workflow("9")} {
		if err := o.s.Edit("contacts", id, map[string]string{"phone": by.SourceID}, by); err != nil {
			t.Fatal(err)
		}
	}
	r := o.post(objects+"contacts/batch/read", `{"inputs":[{"id":"`+id+`"}],"propertiesWithHistory":["phone"],"properties":[]}`).is(200)
	var got []string
	for i := range r.count("results", 0, "propertiesWithHistory", "phone") {
		entry := []any{"results", 0, "propertiesWithHistory", "phone", i}
		got = append(got, r.text(append(entry, "value")...)+" "+r.text(append(entry, "sourceType")...)+" "+r.text(append(entry, "sourceId")...))
	}
	newestFirst := []string{"enrollmentId:9 AUTOMATION_PLATFORM enrollmentId:9", "55 INTEGRATION 55", "2 INTEGRATION 7906213", "1 CRM_UI userId:882761034"}
	if !slices.Equal(got, newestFirst) {
		t.Errorf("history is %q, want %q", got, newestFirst)
	}
	want(t, "user of the oldest", r.at("results", 0, "propertiesWithHistory", "phone", 3, "updatedByUserId").(float64), 882761034.0)
	want(t, "equal timestamps", r.text("results", 0, "propertiesWithHistory", "phone", 0, "timestamp"), "2026-11-21T15:00:01.000Z")
	want(t, "equal timestamps", r.text("results", 0, "propertiesWithHistory", "phone", 2, "timestamp"), "2026-11-21T15:00:01.000Z")
}

func TestALifecycleOnlyMovesForwardWithoutSayingSo(t *testing.T) {
	o := open(t)
	id := o.created("contacts", "lifecyclestage", "customer")
	r := o.patched("contacts", id, "lifecyclestage", "lead").is(200)
	want(t, "answered", r.text("properties", "lifecyclestage"), "customer")
	o.patched("contacts", id, "lifecyclestage", "").is(200)
	want(t, "after clearing", o.patched("contacts", id, "lifecyclestage", "lead").is(200).text("properties", "lifecyclestage"), "lead")
	if err := o.s.Edit("contacts", id, map[string]string{"lifecyclestage": "subscriber"}, Person(1)); err != nil {
		t.Fatal(err)
	}
	want(t, "a person moves it back", o.find("contacts", id).Properties["lifecyclestage"], "subscriber")
}

func TestAnEmailIsUniqueAmongFirstAndOtherAddresses(t *testing.T) {
	o := open(t)
	kim := o.created("contacts", "email", "kim@example.com")
	lee := o.created("contacts", "email", "lee@example.com")
	r := o.post(objects+"contacts", `{"properties":{"email":"KIM@example.com"},"associations":[]}`).is(409)
	want(t, "message", r.text("message"), "Contact already exists. Existing ID: "+kim)
	want(t, "category", r.text("category"), "CONFLICT")
	o.patched("contacts", lee, "email", "kim@example.com").is(409)
	merged, err := o.s.Merge("contacts", kim, lee, Person(1))
	if err != nil {
		t.Fatal(err)
	}
	want(t, "other addresses", o.find("contacts", merged).Properties["hs_additional_emails"], "lee@example.com")
	o.post(objects+"contacts", `{"properties":{"email":"lee@example.com"},"associations":[]}`).is(409).says("Existing ID: " + merged)
	want(t, "found by the other address", o.get(objects+"contacts/lee@example.com?idProperty=email").is(200).text("id"), merged)
	o.created("companies", "domain", "same.example", "name", "one")
	o.created("companies", "domain", "same.example", "name", "two")
}

func TestAnAdministratorsRuleFailsASparsePatch(t *testing.T) {
	o := open(t)
	if err := o.s.AddRule(Rule{ObjectType: "deals", Property: "dealstage", Value: "closedwon", Requires: []string{"closedate"}}); err != nil {
		t.Fatal(err)
	}
	if err := o.s.AddRule(Rule{ObjectType: "deals", Requires: []string{"amount"}}); err != nil {
		t.Fatal(err)
	}
	r := o.post(objects+"deals", `{"properties":{"dealname":"x","pipeline":"default","dealstage":"contractsent"},"associations":[]}`).is(400)
	want(t, "the form's property", r.text("errors", 0, "context", "propertyName", 0), "amount")
	id := o.created("deals", "dealname", "x", "pipeline", "default", "dealstage", "contractsent", "amount", "5")
	r = o.patched("deals", id, "dealstage", "closedwon").is(400)
	want(t, "category", r.text("category"), "VALIDATION_ERROR")
	want(t, "message", r.text("errors", 0, "message"), "closedate is required")
	want(t, "property", r.text("errors", 0, "context", "propertyName", 0), "closedate")
	want(t, "stage", o.find("deals", id).Properties["dealstage"], "contractsent")
	o.patched("deals", id, "dealstage", "closedwon", "closedate", "2026-11-20T00:00:00Z").is(200)
	o.patched("deals", id, "dealname", "renamed").is(200)
	o.patched("deals", id, "closedate", "").is(400)
}

func TestArchivedRecordsAreReadOnlyWhereAskedFor(t *testing.T) {
	o := open(t)
	id := o.created("contacts", "email", "kim@example.com")
	o.ask("DELETE", objects+"contacts/"+id, "").is(204)
	o.ask("DELETE", objects+"contacts/"+id, "").is(204)
	o.ask("DELETE", objects+"contacts/1", "").is(404)
	o.get(objects + "contacts/" + id).is(404)
	r := o.get(objects + "contacts/" + id + "?archived=true&properties=email").is(200)
	want(t, "archivedAt", r.text("archivedAt"), "2026-11-21T15:00:00.000Z")
	want(t, "listed", o.get(objects+"contacts?archived=true").count("results"), 1)
	want(t, "in the live list", o.get(objects+"contacts").count("results"), 0)
	want(t, "in a batch", o.post(objects+"contacts/batch/read?archived=true", `{"inputs":[{"id":"`+id+`"}],"properties":[],"propertiesWithHistory":[]}`).is(200).count("results"), 1)
	again := o.created("contacts", "email", "kim@example.com")
	if err := o.s.Restore("contacts", id); err == nil {
		t.Error("restored although the address is taken")
	}
	o.ask("DELETE", objects+"contacts/"+again, "").is(204)
	if err := o.s.Restore("contacts", id); err != nil {
		t.Error(err)
	}
	o.ask("DELETE", objects+"contacts/"+id, "").is(204)
	o.pass(91 * 24 * time.Hour)
	o.get(objects + "contacts/" + id + "?archived=true").is(404)
}

func TestAListPagesThroughEverything(t *testing.T) {
	o := open(t)
	for range 25 {
		o.created("contacts", "firstname", "Kim")
	}
	var ids []string
	path := objects + "contacts?limit=10"
	for path != "" {
		r := o.get(path).is(200)
		for i := range r.count("results") {
			ids = append(ids, r.text("results", i, "id"))
		}
		path = ""
		if r.at("paging") != nil {
			path = strings.TrimPrefix(r.text("paging", "next", "link"), "https://api.hubapi.com")
		}
	}
	slices.Sort(ids)
	want(t, "records", len(slices.Compact(ids)), 25)
	o.get(objects + "contacts?limit=101").is(400)
	o.get(objects + "contacts?after=x").is(400)
}

func TestErasureBlocksTheAddress(t *testing.T) {
	o := open(t)
	id := o.created("contacts", "email", "kim@example.com")
	o.post(objects+"contacts/gdpr-delete", `{"objectId":"kim@example.com","idProperty":"email"}`).is(204)
	o.get(objects + "contacts/" + id + "?archived=true").is(404)
	o.post(objects+"contacts", `{"properties":{"email":"kim@example.com"},"associations":[]}`).is(400)
	o.post(objects+"contacts/gdpr-delete", `{"objectId":"never@example.com","idProperty":"email"}`).is(204)
	o.post(objects+"contacts", `{"properties":{"email":"never@example.com"},"associations":[]}`).is(400)
}
