package hubspot

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const properties26 = "/crm/properties/2026-09/"

func TestAPropertyIsDefinedOnceAndChecked(t *testing.T) {
	o := open(t)
	body := property{name: "plumbline_plan", typ: "string", fieldType: "text"}.json()
	o.post(properties26+"contacts", body).is(400).says(`Property group "plumbline" does not exist.`)
	o.post(properties26+"contacts/groups", `{"name":"plumbline","label":"Plumbline"}`).is(201)
	o.post(properties26+"contacts/groups", `{"name":"plumbline","label":"Plumbline"}`).is(409)
	o.post(properties26+"contacts", body).is(201)
	want(t, "category", o.post(properties26+"contacts", body).is(409).text("category"), "OBJECT_ALREADY_EXISTS")
	for what, p := range map[string]property{
		"a number with a checkbox": {name: "x", typ: "number", fieldType: "checkbox"},
		"a name in capitals":       {name: "Plan", typ: "string", fieldType: "text"},
		"a unique date":            {name: "x", typ: "date", fieldType: "date", unique: true},
		"an option given twice":    {name: "x", typ: "enumeration", fieldType: "select", options: []option{{Label: "A", Value: "a"}, {Label: "B", Value: "a"}}},
	} {
		if r := o.post(properties26+"contacts", p.json()); r.status != 400 {
			t.Errorf("%s answers %d, want 400", what, r.status)
		}
	}
	o.post(properties26+"contacts", `{"name":"x"}`).is(400)
	r := o.get(properties26 + "contacts/plumbline_plan").is(200)
	want(t, "read only", r.at("modificationMetadata", "readOnlyValue").(bool), false)
	want(t, "calculated", o.get(properties26+"0-1/lastmodifieddate").at("modificationMetadata", "readOnlyValue").(bool), true)
	want(t, "groups", o.get(properties26+"contacts/groups").count("results"), 2)
	r = o.ask("PATCH", properties26+"contacts/plumbline_plan", `{"label":"Plan","hasUniqueValue":true}`).is(200)
	want(t, "label", r.text("label"), "Plan")
	want(t, "unique after the fact", r.at("hasUniqueValue").(bool), false)
	o.ask("PATCH", properties26+"contacts/email", `{"label":"E"}`).is(400)

	id := o.created("contacts", "plumbline_plan", "gold")
	o.ask("DELETE", properties26+"contacts/plumbline_plan", "").is(204)
	o.get(properties26 + "contacts/plumbline_plan").is(404)
	o.patched("contacts", id, "plumbline_plan", "x").is(400).says("does not exist")
	o.ask("DELETE", properties26+"contacts/email", "").is(400)
}

func TestAnObjectHasAtMostTenUniqueProperties(t *testing.T) {
	o := open(t)
	o.keyed("deals")
	for i := range 9 {
		o.post(properties26+"deals", property{name: fmt.Sprintf("u%d", i), typ: "string", fieldType: "text", unique: true}.json()).is(201)
	}
	o.post(properties26+"deals", property{name: "u10", typ: "string", fieldType: "text", unique: true}.json()).is(400)
}

func TestABatchOfPropertiesIsPartial(t *testing.T) {
	o := open(t)
	o.keyed("deals")
	ok := property{name: "window", typ: "string", fieldType: "text"}.json()
	taken := property{name: "source_key", typ: "string", fieldType: "text"}.json()
	r := o.post(properties26+"deals/batch/create", `{"inputs":[`+ok+`,`+taken+`]}`).is(207)
	want(t, "made", r.text("results", 0, "name"), "window")
	want(t, "not made", r.text("errors", 0, "context", "name", 0), "source_key")
	l := o.get("/crm/limits/2026-09/custom-properties").is(200)
	want(t, "usage", l.at("overallUsage").(float64), 2.0)
	var names []string
	all := o.get(properties26 + "deals")
	for i := range all.count("results") {
		names = append(names, all.text("results", i, "name"))
	}
	if joined := strings.Join(names, " "); !strings.Contains(joined, "dealstage") || !strings.Contains(joined, "window") {
		t.Errorf("listed are %s", joined)
	}
}

func TestPipelinesCanBeAddedUntilTheAccountRefuses(t *testing.T) {
	const pipelines = "/crm/pipelines/2026-09/deals"
	body := `{"label":"Jobs","displayOrder":1,"stages":[
		{"label":"Booked","displayOrder":0,"metadata":{"probability":"0.5"}},
		{"label":"Paid","displayOrder":2,"metadata":{"probability":"1"}},
		{"label":"Canceled","displayOrder":3,"metadata":{"probability":"0.0"},"stageId":"jobs_canceled"}]}`
	o := open(t)
	r := o.post(pipelines, body).is(201)
	id := r.text("id")
	want(t, "closed", r.text("stages", 1, "metadata", "isClosed"), "true")
	want(t, "stage id", r.text("stages", 2, "id"), "jobs_canceled")
	o.post(pipelines, body).is(409)
	o.post(pipelines+"/"+id+"/stages", `{"label":"Dispatched","displayOrder":1,"metadata":{"probability":"0.6"}}`).is(201)
	o.post(pipelines+"/"+id+"/stages", `{"label":"Dispatched","displayOrder":1,"metadata":{"probability":"0.6"}}`).is(409)
	o.post(pipelines+"/"+id+"/stages", `{"label":"x","displayOrder":1,"metadata":{}}`).is(400)
	stages := o.get(pipelines + "/" + id + "/stages").is(200)
	want(t, "stages", stages.count("results"), 4)
	want(t, "second", stages.text("results", 1, "label"), "Dispatched")
	want(t, "pipelines", o.get(pipelines).count("results"), 2)
	o.created("deals", "dealname", "x", "pipeline", id, "dealstage", stages.text("results", 1, "id"))
	o.get(pipelines + "/nope").is(404)
	o.get("/crm/pipelines/2026-09/contacts").is(400)

	small := open(t)
	if err := small.s.RefusePipelines("deals"); err != nil {
		t.Fatal(err)
	}
	small.post(pipelines, body).is(403)
	want(t, "limit told", small.get("/crm/limits/2026-09/pipelines").at("hubspotDefinedObjectTypes", 0, "limit").(float64), 1.0)
	small.post("/crm/pipelines/2026-09/tickets", `{"label":"Jobs","displayOrder":1,"stages":[{"label":"Booked","displayOrder":0,"metadata":{"ticketState":"OPEN"}}]}`).is(201)
}

func TestServicesMustBeSwitchedOn(t *testing.T) {
	o := open(t)
	want(t, "services", o.get("/crm/object-library/2026-09/enablement/0-162").is(200).at("enablement").(bool), false)
	o.get(objects + "services").is(400)
	if err := o.s.SetEnabled("services", true); err != nil {
		t.Fatal(err)
	}
	o.get(objects + "0-162").is(200)
	o.created("services", "hs_name", "AC", "hs_pipeline", "service-pipeline", "hs_pipeline_stage", "service-new")
	all := o.get("/crm/object-library/2026-09/enablement").is(200)
	want(t, "appointments", all.at("enablementByObjectTypeId", "0-421").(bool), false)
	if err := o.s.SetEnabled("notes", false); err != nil {
		t.Fatal(err)
	}
	o.get(objects + "notes").is(400)
}

func TestOwnersAndAccount(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip("no time zones here")
	}
	o := open(t, func(o *Options) { o.Zone, o.Portal = zone, 891472211 })
	o.s.AddOwner(Owner{ID: "71", UserID: 9001, Email: "Pat@example.com", FirstName: "Pat"})
	o.s.AddOwner(Owner{ID: "72", UserID: 9002, Email: "lee@example.com"})
	o.s.AddOwner(Owner{ID: "73", UserID: 9003, Email: "gone@example.com", Archived: true})
	r := o.get("/crm/owners/2026-09?limit=1").is(200)
	want(t, "next", r.text("paging", "next", "after"), "71")
	want(t, "second page", o.get("/crm/owners/2026-09?limit=1&after=71").text("results", 0, "id"), "72")
	want(t, "by email", o.get("/crm/owners/2026-09?email=pat@example.com").text("results", 0, "id"), "71")
	want(t, "archived", o.get("/crm/owners/2026-09?archived=true").text("results", 0, "id"), "73")
	want(t, "by user", o.get("/crm/owners/2026-09/9002?idProperty=userId").is(200).text("id"), "72")
	o.get("/crm/owners/2026-09/9002").is(404)
	r = o.get("/account-info/2026-09/details").is(200)
	want(t, "portal", r.at("portalId").(float64), 891472211.0)
	want(t, "offset", r.text("utcOffset"), "-05:00")
	want(t, "zone", r.text("timeZone"), "America/New_York")
}
