package hubspot

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func (o *office) searched(objectType, filters, rest string) reply {
	o.t.Helper()
	return o.post(objects+objectType+"/search", `{"filterGroups":[{"filters":[`+filters+`]}]`+rest+`}`)
}

func ids(r reply) []string {
	var out []string
	for i := range r.count("results") {
		out = append(out, r.text("results", i, "id"))
	}
	return out
}

func TestSearchOperators(t *testing.T) {
	o := open(t)
	a := o.created("companies", "name", "Acme Heating", "annualrevenue", "10", "domain", "Acme.example")
	o.pass(time.Hour)
	b := o.created("companies", "name", "Best Air", "annualrevenue", "9.50", "city", "Troy")
	c := o.created("companies", "name", "acme plumbing")
	for _, q := range []struct {
		filter string
		found  []string
	}{
		{`{"propertyName":"name","operator":"EQ","value":"ACME heating"}`, []string{a}},
		{`{"propertyName":"annualrevenue","operator":"EQ","value":"10.0"}`, []string{a}},
		{`{"propertyName":"annualrevenue","operator":"GT","value":"9.5"}`, []string{a}},
		{`{"propertyName":"annualrevenue","operator":"GTE","value":"9.5"}`, []string{a, b}},
		{`{"propertyName":"annualrevenue","operator":"LT","value":"10"}`, []string{b}},
		{`{"propertyName":"annualrevenue","operator":"LTE","value":"10"}`, []string{a, b}},
		{`{"propertyName":"annualrevenue","operator":"NEQ","value":"10"}`, []string{b}},
		{`{"propertyName":"annualrevenue","operator":"BETWEEN","value":"9","highValue":"9.9"}`, []string{b}},
		{`{"propertyName":"city","operator":"HAS_PROPERTY"}`, []string{b}},
		{`{"propertyName":"city","operator":"NOT_HAS_PROPERTY"}`, []string{a, c}},
		{`{"propertyName":"name","operator":"IN","values":["best air","other"]}`, []string{b}},
		{`{"propertyName":"name","operator":"IN","values":["Best Air"]}`, nil},
		{`{"propertyName":"name","operator":"NOT_IN","values":["best air"]}`, []string{a, c}},
		{`{"propertyName":"name","operator":"CONTAINS_TOKEN","value":"acme"}`, []string{a, c}},
		{`{"propertyName":"name","operator":"CONTAINS_TOKEN","value":"plumb*"}`, []string{c}},
		{`{"propertyName":"name","operator":"NOT_CONTAINS_TOKEN","value":"acme"}`, []string{b}},
		{`{"propertyName":"hs_lastmodifieddate","operator":"GTE","value":"` + strconv.FormatInt(o.now.UnixMilli(), 10) + `"}`, []string{b, c}},
		{`{"propertyName":"hs_lastmodifieddate","operator":"LT","value":"2026-11-21T16:00:00Z"}`, []string{a}},
		{`{"propertyName":"hs_object_id","operator":"GT","value":"` + a + `"}`, []string{b, c}},
	} {
		r := o.searched("companies", q.filter, "").is(200)
		if got := ids(r); !slices.Equal(got, q.found) {
			t.Errorf("%s finds %v, want %v", q.filter, got, q.found)
		}
	}
	r := o.post(objects+"companies/search", `{"filterGroups":[{"filters":[{"propertyName":"city","operator":"EQ","value":"troy"}]},{"filters":[{"propertyName":"annualrevenue","operator":"EQ","value":"10"}]}]}`)
	want(t, "either group", len(ids(r.is(200))), 2)
	want(t, "query", len(ids(o.post(objects+"companies/search", `{"query":"plumb"}`).is(200))), 1)
}

func TestWhatASearchRefuses(t *testing.T) {
	o := open(t)
	name := `{"propertyName":"name","operator":"EQ","value":"x"}`
	seven := strings.TrimSuffix(strings.Repeat(name+",", 7), ",")
	four := `{"filters":[` + strings.TrimSuffix(strings.Repeat(name+",", 4), ",") + `]}`
	for what, body := range map[string]string{
		"a page of 201":       `{"limit":201}`,
		"beyond 10,000":       `{"limit":200,"after":"9801"}`,
		"two sorts":           `{"sorts":[{"propertyName":"name"},{"propertyName":"domain"}]}`,
		"seven filters":       `{"filterGroups":[{"filters":[` + seven + `]}]}`,
		"six groups":          `{"filterGroups":[{"filters":[]},{"filters":[]},{"filters":[]},{"filters":[]},{"filters":[]},{"filters":[]}]}`,
		"twenty filters":      `{"filterGroups":[` + strings.TrimSuffix(strings.Repeat(four+",", 5), ",") + `]}`,
		"an unknown property": `{"filterGroups":[{"filters":[{"propertyName":"no_such","operator":"HAS_PROPERTY"}]}]}`,
		"no value":            `{"filterGroups":[{"filters":[{"propertyName":"name","operator":"EQ"}]}]}`,
		"no values":           `{"filterGroups":[{"filters":[{"propertyName":"name","operator":"IN","value":"x"}]}]}`,
		"no high value":       `{"filterGroups":[{"filters":[{"propertyName":"name","operator":"BETWEEN","value":"x"}]}]}`,
		"an unknown operator": `{"filterGroups":[{"filters":[{"propertyName":"name","operator":"LIKE","value":"x"}]}]}`,
		"an unknown sort":     `{"sorts":["no_such"]}`,
		"a long query":        `{"query":"` + strings.Repeat("x", 3001) + `"}`,
		"an odd cursor":       `{"after":"x"}`,
	} {
		if r := o.post(objects+"companies/search", body); r.status != 400 {
			t.Errorf("%s answers %d, want 400", what, r.status)
		}
	}
	o.post(objects+"companies/search", `{"limit":200,"after":"9800"}`).is(200)
}

func TestContactsAreSearchedByLastmodifieddateAndTheOtherNameFindsNothing(t *testing.T) {
	o := open(t)
	o.created("contacts", "firstname", "Kim")
	want(t, "by lastmodifieddate", len(ids(o.searched("contacts", `{"propertyName":"lastmodifieddate","operator":"GTE","value":"0"}`, ""))), 1)
	want(t, "by hs_lastmodifieddate", len(ids(o.searched("contacts", `{"propertyName":"hs_lastmodifieddate","operator":"GTE","value":"0"}`, "").is(200))), 0)
}

func TestSearchPagesAndPromisesNoOrderAmongEquals(t *testing.T) {
	o := open(t)
	for i := range 45 {
		o.created("companies", "name", fmt.Sprint(i))
	}
	page := func(after, sort string) reply {
		return o.post(objects+"companies/search", `{"limit":20,"after":"`+after+`","sorts":[{"propertyName":"`+sort+`","direction":"DESCENDING"}]}`).is(200)
	}
	first := page("0", "hs_object_id")
	want(t, "total", first.at("total").(float64), 45.0)
	want(t, "next", first.text("paging", "next", "after"), "20")
	all := slices.Concat(ids(first), ids(page("20", "hs_object_id")), ids(page("40", "hs_object_id")))
	if slices.Sort(all); len(slices.Compact(all)) != 45 {
		t.Errorf("pages by id give %d of 45", len(all))
	}
	if page("40", "hs_object_id").at("paging") != nil {
		t.Error("the last page names a next one")
	}
	if slices.Equal(ids(page("0", "createdate")), ids(page("0", "createdate"))) {
		t.Error("records created at one instant came in the same order twice")
	}
}

func TestSearchLagsBehindAndOutOfOrder(t *testing.T) {
	o := open(t, func(o *Options) { o.Faults.SearchLag = 10 * time.Second })
	var made []string
	for range 40 {
		made = append(made, o.created("contacts", "firstname", "Kim"))
	}
	want(t, "read at once", o.get(objects+"contacts?limit=100").count("results"), 40)
	o.pass(5 * time.Second)
	seen := ids(o.searched("contacts", `{"propertyName":"firstname","operator":"EQ","value":"kim"}`, `,"limit":100`).is(200))
	if len(seen) == 0 || len(seen) == 40 || slices.Equal(seen, made[:len(seen)]) {
		t.Errorf("after half the lag search sees %d of 40, in the order of creation %t", len(seen), slices.Equal(seen, made[:len(seen)]))
	}
	o.pass(5 * time.Second)
	o.patched("contacts", made[0], "firstname", "Lee").is(200)
	o.ask("DELETE", objects+"contacts/"+made[1], "").is(204)
	o.post(objects+"contacts/gdpr-delete", `{"objectId":"`+made[2]+`"}`).is(204)
	r := o.searched("contacts", `{"propertyName":"firstname","operator":"EQ","value":"kim"}`, `,"limit":100`)
	stale := ids(r)
	o.pass(10 * time.Second)
	fresh := ids(o.searched("contacts", `{"propertyName":"firstname","operator":"EQ","value":"kim"}`, `,"limit":100`))
	if len(stale) != 40 || len(fresh) != 37 {
		t.Errorf("search finds %d before and %d after the lag, want 40 and 37", len(stale), len(fresh))
	}
}
