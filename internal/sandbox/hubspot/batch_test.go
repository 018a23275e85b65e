package hubspot

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestABatchReadNamesWhatIsMissing(t *testing.T) {
	o := open(t)
	id := o.created("contacts", "email", "kim@example.com", "firstname", "Kim")
	r := o.post(objects+"contacts/batch/read",
		`{"idProperty":"email","properties":["firstname","phone"],"propertiesWithHistory":[],"inputs":[{"id":"KIM@example.com"},{"id":"gone@example.com"},{"id":"kim@example.com"}]}`).is(207)
	want(t, "results", r.count("results"), 1)
	want(t, "id", r.text("results", 0, "id"), id)
	if v, given := r.at("results", 0, "properties").(map[string]any)["phone"]; !given || v != nil {
		t.Errorf("phone is %v (given %t), want null", v, given)
	}
	want(t, "numErrors", r.at("numErrors").(float64), 1.0)
	want(t, "category", r.text("errors", 0, "category"), "OBJECT_NOT_FOUND")
	want(t, "message", r.text("errors", 0, "message"), "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.")
	want(t, "missing id", r.text("errors", 0, "context", "ids", 0), "gone@example.com")
	o.post(objects+"contacts/batch/read", `{"idProperty":"phone","inputs":[{"id":"1"}],"properties":[],"propertiesWithHistory":[]}`).is(400).says("non-unique")
	many := strings.Repeat(`{"id":"1"},`, 101)
	o.post(objects+"contacts/batch/read", `{"inputs":[`+many[:len(many)-1]+`],"properties":[],"propertiesWithHistory":[]}`).is(400)
	o.post(objects+"contacts/batch/read", `{"inputs":[],"properties":[],"propertiesWithHistory":[]}`).is(400)
}

func TestABatchCreateIsAllOrNothingWithoutTraceIDs(t *testing.T) {
	for name, traces := range map[string][3]string{"none": {}, "one missing": {"a", "b", ""}, "one repeated": {"a", "b", "a"}} {
		o := open(t)
		var inputs []string
		for i, email := range []string{"a@example.com", "bad", "c@example.com"} {
			inputs = append(inputs, fmt.Sprintf(`{"properties":{"email":%q},"associations":[],"objectWriteTraceId":%q}`, email, traces[i]))
		}
		o.post(objects+"contacts/batch/create", `{"inputs":[`+strings.Join(inputs, ",")+`]}`).is(400)
		want(t, name+": records", len(o.s.Objects("contacts")), 0)
		o.created("contacts", "email", "a@example.com") // the address was given back
	}
}

func TestABatchCreateWithTraceIDsIsPartial(t *testing.T) {
	o := open(t)
	holder := o.created("contacts", "email", "b@example.com")
	r := o.post(objects+"contacts/batch/create", `{"inputs":[
		{"properties":{"email":"a@example.com"},"associations":[],"objectWriteTraceId":"op-1"},
		{"properties":{"email":"b@example.com"},"associations":[],"objectWriteTraceId":"op-2"},
		{"properties":{"no_such":"x"},"associations":[],"objectWriteTraceId":"op-3"},
		{"properties":{"email":"a@example.com"},"associations":[],"objectWriteTraceId":"op-4"}]}`).is(207)
	want(t, "results", r.count("results"), 1)
	want(t, "trace of the result", r.text("results", 0, "objectWriteTraceId"), "op-1")
	want(t, "numErrors", r.at("numErrors").(float64), 3.0)
	want(t, "trace", r.text("errors", 0, "context", "objectWriteTraceId", 0), "op-2")
	want(t, "message", r.text("errors", 0, "message"), "Contact already exists. Existing ID: "+holder)
	want(t, "trace", r.text("errors", 1, "context", "objectWriteTraceId", 0), "op-3")
	want(t, "category", r.text("errors", 1, "category"), "VALIDATION_ERROR")
	want(t, "trace", r.text("errors", 2, "context", "objectWriteTraceId", 0), "op-4")
	want(t, "records", len(o.s.Objects("contacts")), 2)
}

func TestABatchUpdateIsAllOrNothingButForRecordsThatAreNotThere(t *testing.T) {
	o := open(t)
	o.keyed("contacts")
	a, b := o.created("contacts", "source_key", "a"), o.created("contacts", "source_key", "b")
	update := objects + "contacts/batch/update"
	o.post(update, `{"inputs":[{"id":"`+a+`","properties":{"phone":"1"},"objectWriteTraceId":"x"},{"id":"`+b+`","properties":{"no_such":"1"},"objectWriteTraceId":"y"}]}`).is(400)
	want(t, "phone of the good one", o.find("contacts", a).Properties["phone"], "")
	r := o.post(update, `{"inputs":[{"id":"`+a+`","properties":{"phone":"1"}},{"id":"404","properties":{"phone":"1"}}]}`).is(207)
	want(t, "missing", r.text("errors", 0, "context", "ids", 0), "404")
	want(t, "phone", r.result(a).text("properties", "phone"), "1")
	r = o.post(update, `{"inputs":[{"id":"`+a+`","properties":{}},{"id":"a","idProperty":"source_key","properties":{}}]}`).is(400)
	want(t, "message", r.text("message"), "Duplicate IDs found in batch input: [a]. IDs must be unique")
	o.post(update, `{"inputs":[{"id":"kim@example.com","idProperty":"email","properties":{}}]}`).is(400).says("Unable to perform update/upsert by non-unique 0-1 property email")
	r = o.post(update, `{"inputs":[{"id":"zz","idProperty":"source_key","properties":{}}]}`).is(404)
	want(t, "missing value", r.text("context", "missingObjectPropertyValueCoordinates", 0), "0-1:source_key:zz")
}

func TestAnUpsertByOurKeyCreatesOnceThenChanges(t *testing.T) {
	o := open(t)
	o.keyed("tickets")
	r := o.upserted("tickets", "st-job-1", "subject", "Water heater", "hs_pipeline", "0", "hs_pipeline_stage", "2").is(200)
	id := r.text("results", 0, "id")
	want(t, "new", r.at("results", 0, "new").(bool), true)
	o.pass(time.Minute)
	r = o.upserted("tickets", "st-job-1", "subject", "Heater").is(200)
	want(t, "new", r.at("results", 0, "new").(bool), false)
	want(t, "id", r.text("results", 0, "id"), id)
	want(t, "key", r.text("results", 0, "properties", "source_key"), "st-job-1")
	want(t, "stage, not sent", o.find("tickets", id).Properties["hs_pipeline_stage"], "2")
	o.upserted("tickets", "st-job-2", "subject", "no stage").is(400)
	want(t, "id by another case", o.upserted("tickets", "ST-JOB-1", "subject", "x").is(200).text("results", 0, "id"), id)
	r = o.post(objects+"tickets/batch/upsert", `{"inputs":[{"id":"k","idProperty":"source_key","properties":{}},{"id":"K","idProperty":"source_key","properties":{}}]}`).is(400)
	r.says("Duplicate IDs found in batch input: [K]")
	o.post(objects+"deals/batch/upsert", `{"inputs":[{"id":"x","idProperty":"dealname","properties":{}}]}`).is(400).says("non-unique 0-3 property dealname")
	o.post(objects+"deals/batch/upsert", `{"inputs":[{"id":"x","properties":{}}]}`).is(400).says("idProperty")
}

func TestAnUpsertDoesAllOrNone(t *testing.T) {
	o := open(t)
	o.keyed("contacts")
	o.created("contacts", "email", "taken@example.com")
	o.post(objects+"contacts/batch/upsert", `{"inputs":[
		{"id":"a","idProperty":"source_key","properties":{"firstname":"A"},"objectWriteTraceId":"1"},
		{"id":"b","idProperty":"source_key","properties":{"email":"taken@example.com"},"objectWriteTraceId":"2"}]}`).is(409)
	want(t, "records", len(o.s.Objects("contacts")), 1)
	want(t, "new after the rollback", o.upserted("contacts", "a").is(200).at("results", 0, "new").(bool), true)
}

func TestAnUpsertByEmailEmptiesWhatItOmits(t *testing.T) {
	o := open(t)
	o.keyed("contacts")
	id := o.created("contacts", "email", "kim@example.com", "phone", "1", "source_key", "k", "lifecyclestage", "customer")
	r := o.post(objects+"contacts/batch/upsert", `{"inputs":[{"id":"Kim@example.com","idProperty":"email","properties":{"firstname":"Kim"}}]}`).is(200)
	want(t, "id", r.text("results", 0, "id"), id)
	got := o.find("contacts", id).Properties
	want(t, "phone", got["phone"], "")
	want(t, "source_key", got["source_key"], "")
	want(t, "email", got["email"], "kim@example.com")
	want(t, "firstname", got["firstname"], "Kim")
}

func TestAUniqueValueBelongsToOneRecord(t *testing.T) {
	o := open(t)
	o.keyed("companies")
	a := o.created("companies", "name", "A", "source_key", "k1")
	b := o.created("companies", "name", "B", "source_key", "k2")
	r := o.patched("companies", b, "source_key", "K1").is(400)
	want(t, "category", r.text("category"), "VALIDATION_ERROR")
	r.says("propertyName=source_key, value=K1} on " + b + ". " + a + " already has that value.")
	o.post(objects+"companies", `{"properties":{"name":"C","source_key":"k1"},"associations":[]}`).is(400).says(a + " already has that value.")
	o.patched("companies", a, "source_key", "").is(200)
	o.patched("companies", b, "source_key", "k1").is(200)
}

func TestABatchArchiveAnswersTheSameForUnknownRecords(t *testing.T) {
	o := open(t)
	id := o.created("contacts", "email", "kim@example.com")
	o.post(objects+"contacts/batch/archive", `{"inputs":[{"id":"`+id+`"},{"id":"5"}]}`).is(204)
	want(t, "archived", o.find("contacts", id).Archived, true)
}

func TestResultsOfABatchComeInNoOrder(t *testing.T) {
	o := open(t)
	var inputs []string
	for i := range 30 {
		inputs = append(inputs, fmt.Sprintf(`{"properties":{"firstname":"%02d"},"associations":[]}`, i))
	}
	r := o.post(objects+"contacts/batch/create", `{"inputs":[`+strings.Join(inputs, ",")+`]}`).is(201)
	var names []string
	for i := range r.count("results") {
		names = append(names, r.text("results", i, "properties", "firstname"))
	}
	want(t, "results", len(names), 30)
	if slices.IsSorted(names) {
		t.Error("results came in the order of the inputs")
	}
}

func TestAMergeGivesANewIDAndTheOldOnesLeadToIt(t *testing.T) {
	o := open(t)
	o.keyed("contacts")
	primary := o.created("contacts", "email", "kim@example.com", "phone", "1", "source_key", "a")
	o.pass(time.Minute)
	loser := o.created("contacts", "email", "k.lee@example.com", "phone", "2", "city", "Troy", "source_key", "b", "lifecyclestage", "customer")
	deal := o.created("deals", "dealname", "AC", "pipeline", "default", "dealstage", "closedwon")
	if err := o.s.Associate("contacts", loser, "deals", deal); err != nil {
		t.Fatal(err)
	}
	o.pass(time.Minute)
	id := o.post(objects+"contacts/merge", `{"primaryObjectId":"`+primary+`","objectIdToMerge":"`+loser+`"}`).is(200).text("id")
	if id == primary || id == loser {
		t.Fatalf("the merged record has the old id %s", id)
	}
	got := o.find("contacts", id)
	want(t, "records", len(o.s.Objects("contacts")), 1)
	for name, value := range map[string]string{
		"phone": "1", "city": "Troy", "source_key": "a", "email": "kim@example.com", "hs_additional_emails": "k.lee@example.com",
		"lifecyclestage": "customer", "hs_object_id": id, "hs_merged_object_ids": primary + ";" + loser, "createdate": "2026-11-21T15:00:00.000Z",
	} {
		want(t, name, got.Properties[name], value)
	}
	want(t, "deal", got.Associations[0].ID, deal)
	want(t, "contact of the deal", o.find("deals", deal).Associations[0].ID, id)
	want(t, "newest entry", got.History["phone"][0].By.SourceType, "MERGE_OBJECTS")
	want(t, "ids that lead here", strings.Join(got.MergedIDs, ";"), primary+";"+loser)

	for _, old := range []string{primary, loser} {
		want(t, "read by "+old, o.get(objects+"contacts/"+old).is(200).text("id"), id)
	}
	r := o.post(objects+"contacts/batch/read", `{"inputs":[{"id":"`+primary+`"},{"id":"`+loser+`"}],"properties":[],"propertiesWithHistory":[]}`).is(200)
	want(t, "results for two old ids", r.count("results"), 1)
	want(t, "archived with old ids", o.get(objects+"contacts?archived=true").count("results"), 0)
	o.ask("DELETE", objects+"contacts/"+loser, "").is(404)
	o.post(objects+"contacts/merge", `{"primaryObjectId":"`+primary+`","objectIdToMerge":"`+loser+`"}`).is(400)
	want(t, "the loser's key is free: new", o.upserted("contacts", "b").is(200).at("results", 0, "new").(bool), true)
}

func TestMergeOptions(t *testing.T) {
	o := open(t, func(o *Options) { o.MergedGone, o.PrimaryIDPreserved = true, true })
	a, b := o.created("contacts", "email", "a@example.com"), o.created("contacts", "email", "b@example.com")
	id, err := o.s.Merge("contacts", a, b, Person(1))
	if err != nil {
		t.Fatal(err)
	}
	want(t, "id", id, a)
	o.get(objects + "contacts/" + b).is(404)
	o.post(objects+"contacts/batch/read", `{"inputs":[{"id":"`+b+`"}],"properties":[],"propertiesWithHistory":[]}`).is(207)
	o.post(objects+"contacts", `{"properties":{"email":"b@example.com"},"associations":[]}`).is(409).says("Existing ID: " + a)
}

func TestARecordOf250IdentitiesRefusesMerges(t *testing.T) {
	o := open(t)
	id := o.created("contacts", "firstname", "Kim")
	for range 249 {
		id = o.post(objects+"contacts/merge", `{"primaryObjectId":"`+id+`","objectIdToMerge":"`+o.created("contacts")+`"}`).is(200).text("id")
	}
	o.post(objects+"contacts/merge", `{"primaryObjectId":"`+id+`","objectIdToMerge":"`+o.created("contacts")+`"}`).is(400).says("more than 250 identities")
	want(t, "the first id still leads to it", o.get(objects+"contacts/"+o.find("contacts", id).MergedIDs[0]).is(200).text("id"), id)
}
