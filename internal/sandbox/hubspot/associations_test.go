package hubspot

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const links26 = "/crm/associations/2026-09/"

// kindsOf lists the association type ids between two records as batch/read
// shows them.
func (o *office) kindsOf(from, id, to string) map[string][]int {
	o.t.Helper()
	r := o.post(links26+from+"/"+to+"/batch/read", `{"inputs":[{"id":"`+id+`"}]}`)
	out := map[string][]int{}
	if r.count("results") == 0 {
		return out
	}
	for i := range r.count("results", 0, "to") {
		other := fmt.Sprintf("%.0f", r.at("results", 0, "to", i, "toObjectId"))
		for j := range r.count("results", 0, "to", i, "associationTypes") {
			out[other] = append(out[other], int(r.at("results", 0, "to", i, "associationTypes", j, "typeId").(float64)))
		}
	}
	return out
}

func (o *office) pair() (contact, company string) {
	return o.created("contacts", "email", "kim@example.com"), o.created("companies", "name", "Acme")
}

func labelBody(from, to string, types ...int) string {
	var list []string
	for _, id := range types {
		category := byHubSpot
		if id > 2_000 {
			category = byUser
		}
		list = append(list, fmt.Sprintf(`{"associationCategory":%q,"associationTypeId":%d}`, category, id))
	}
	return `{"inputs":[{"from":{"id":"` + from + `"},"to":{"id":"` + to + `"},"types":[` + strings.Join(list, ",") + `]}]}`
}

func TestADefaultAssociationHoldsInBothDirections(t *testing.T) {
	o := open(t)
	contact, company := o.pair()
	o.pass(time.Minute)
	r := o.ask("PUT", objects+"contacts/"+contact+"/associations/default/companies/"+company, "").is(200)
	want(t, "results", r.count("results"), 2)
	want(t, "from the contact", fmt.Sprint(o.kindsOf("contacts", contact, "companies")[company]), "[279]")
	want(t, "from the company", fmt.Sprint(o.kindsOf("0-2", company, "0-1")[contact]), "[280]")
	want(t, "time of change", o.find("companies", company).Properties["hs_lastmodifieddate"], "2026-11-21T15:01:00.000Z")
	one := o.get(objects + "contacts/" + contact + "?associations=companies,deals").is(200)
	want(t, "inline id", one.text("associations", "companies", "results", 0, "id"), company)
	want(t, "inline type", one.text("associations", "companies", "results", 0, "type"), "contact_to_company")
	o.ask("DELETE", objects+"companies/"+company+"/associations/contacts/"+contact, "").is(204)
	want(t, "left", len(o.kindsOf("contacts", contact, "companies")), 0)
	o.ask("PUT", objects+"contacts/1/associations/default/companies/"+company, "").is(400).says("One or more associations are not valid")
	o.ask("PUT", objects+"notes/1/associations/default/tasks/2", "").is(400)
}

func TestLabelsReplaceEachOtherAndFallWithTheUnlabeledType(t *testing.T) {
	o := open(t)
	contact, company := o.pair()
	create := links26 + "contacts/companies/batch/create"
	r := o.post(links26+"contacts/companies/labels", `{"label":"Booker","name":"booker","inverseLabel":"Booked by"}`).is(200)
	booker := int(r.at("results", 0, "typeId").(float64))
	o.post(links26+"contacts/companies/labels", `{"label":"Booker","name":"booker"}`).is(409)
	r = o.post(create, labelBody(contact, company, 1)).is(200)
	want(t, "label", r.text("results", 0, "labels", 0), "Primary")
	want(t, "types", fmt.Sprint(o.kindsOf("contacts", contact, "companies")[company]), "[1 279]")
	o.post(create, labelBody(contact, company, booker)).is(200)
	want(t, "after another label", fmt.Sprint(o.kindsOf("contacts", contact, "companies")[company]), fmt.Sprintf("[279 %d]", booker))
	o.post(create, labelBody(contact, company, 1, booker)).is(200)
	want(t, "after both", fmt.Sprint(o.kindsOf("contacts", contact, "companies")[company]), fmt.Sprintf("[1 279 %d]", booker))
	want(t, "from the other side", fmt.Sprint(o.kindsOf("companies", company, "contacts")[contact]), fmt.Sprintf("[2 280 %d]", booker+1))
	o.ask("PUT", objects+"contacts/"+contact+"/associations/default/companies/"+company, "").is(200)
	want(t, "a default leaves labels", len(o.kindsOf("contacts", contact, "companies")[company]), 3)
	o.post(links26+"contacts/companies/batch/labels/archive", labelBody(contact, company, 1)).is(200)
	want(t, "without Primary", len(o.kindsOf("contacts", contact, "companies")[company]), 2)
	o.post(links26+"contacts/companies/batch/labels/archive", labelBody(contact, company, 279)).is(200)
	want(t, "without the unlabeled type", len(o.kindsOf("contacts", contact, "companies")), 0)
	o.post(create, labelBody(contact, company)).is(400)
	o.post(create, labelBody(contact, company, 2)).is(400) // the other direction
	o.post(create, labelBody(contact, company, 4)).is(400) // another pair
	listed := o.get(links26 + "contacts/companies/labels").is(200)
	want(t, "labels listed", listed.count("results"), 4)
	o.s.RefuseLabels()
	o.post(links26+"contacts/deals/labels", `{"label":"Payer","name":"payer"}`).is(403)
}

func TestAContactHasOnePrimaryCompany(t *testing.T) {
	o := open(t)
	contact, first := o.pair()
	second := o.created("companies", "name", "Best")
	o.post(links26+"contacts/companies/batch/create", labelBody(contact, first, 1)).is(200)
	o.post(links26+"companies/contacts/batch/create", labelBody(second, contact, 2)).is(200)
	kinds := o.kindsOf("contacts", contact, "companies")
	want(t, "the first", fmt.Sprint(kinds[first]), "[279]")
	want(t, "the second", fmt.Sprint(kinds[second]), "[1 279]")
	want(t, "from the first", fmt.Sprint(o.kindsOf("companies", first, "contacts")[contact]), "[280]")
}

func TestRecordsWithoutAssociationsAreErrorsOfAPartialAnswer(t *testing.T) {
	o := open(t)
	contact, _ := o.pair()
	r := o.post(links26+"contacts/deals/batch/read", `{"inputs":[{"id":"`+contact+`"},{"id":"9"}]}`).is(207)
	want(t, "results", r.count("results"), 0)
	want(t, "errors", r.count("errors"), 2)
	want(t, "subCategory", r.text("errors", 0, "subCategory"), "crm.associations.NO_ASSOCIATIONS_FOUND")
	want(t, "message", r.text("errors", 0, "message"), "No deal is associated with contact "+contact+".")
	want(t, "whose", r.text("errors", 1, "context", "fromObjectId", 0), "9")
	want(t, "and the batch goes on", o.post(links26+"contacts/companies/batch/associate/default",
		`{"inputs":[{"from":{"id":"`+contact+`"},"to":{"id":"9"}},{"from":{"id":"`+contact+`"},"to":{"id":"`+o.created("companies", "name", "B")+`"}}]}`).is(207).count("results"), 2)
}

func TestAssociationsCanComeWithACreate(t *testing.T) {
	o := open(t)
	contact, _ := o.pair()
	with := func(to string, typeID int) string {
		return fmt.Sprintf(`{"properties":{"hs_timestamp":"0","hs_note_body":"x"},"associations":[{"to":{"id":%q},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":%d}]}]}`, to, typeID)
	}
	note := o.post(objects+"notes", with(contact, 202)).is(201).text("id")
	want(t, "types", fmt.Sprint(o.kindsOf("contacts", contact, "notes")[note]), "[201]")
	o.post(objects+"notes", with("12345", 202)).is(400).says("One or more associations are not valid")
	o.post(objects+"notes", with(contact, 201)).is(400)
	want(t, "notes", len(o.s.Objects("notes")), 1)
}

func TestABatchCreateThatFailsLeavesNoAssociations(t *testing.T) {
	o := open(t)
	contact, _ := o.pair()
	o.post(objects+"notes/batch/create", `{"inputs":[
		{"properties":{"hs_timestamp":"0"},"associations":[{"to":{"id":"`+contact+`"},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":202}]}]},
		{"properties":{},"associations":[]}]}`).is(400)
	want(t, "associations", len(o.find("contacts", contact).Associations), 0)
}

func TestManyAssociationsComeInPages(t *testing.T) {
	o := open(t)
	contact, _ := o.pair()
	var inputs []string
	for range 600 {
		id, err := o.s.Create("notes", nil, Person(1))
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, `{"from":{"id":"`+contact+`"},"to":{"id":"`+id+`"}}`)
	}
	o.post(links26+"contacts/notes/batch/associate/default", `{"inputs":[`+strings.Join(inputs, ",")+`]}`).is(200)
	read := links26 + "contacts/notes/batch/read"
	r := o.post(read, `{"inputs":[{"id":"`+contact+`"}]}`).is(200)
	want(t, "first page", r.count("results", 0, "to"), 500)
	after := r.text("results", 0, "paging", "next", "after")
	r = o.post(read, `{"inputs":[{"id":"`+contact+`","after":"`+after+`"}]}`).is(200)
	want(t, "second page", r.count("results", 0, "to"), 100)
	want(t, "a third", r.at("results", 0, "paging") != nil, false)
	o.post(links26+"contacts/notes/batch/archive", `{"inputs":[{"from":{"id":"`+contact+`"},"to":[{"id":"`+o.s.Objects("notes")[0].ID+`"}]}]}`).is(200)
	want(t, "left", len(o.find("contacts", contact).Associations), 599)
}

func TestBatchesOfAssociationsAreBounded(t *testing.T) {
	o := open(t)
	many := func(n int, one string) string {
		return `{"inputs":[` + strings.Join(slices.Repeat([]string{one}, n), ",") + `]}`
	}
	o.post(links26+"contacts/deals/batch/read", many(1001, `{"id":"1"}`)).is(400)
	o.post(links26+"contacts/deals/batch/associate/default", many(2001, `{"from":{"id":"1"},"to":{"id":"2"}}`)).is(400)
}
