package hubspot

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/connect"
)

const account = `{"portalId":62515,"timeZone":"America/Phoenix","accountType":"STANDARD","utcOffset":"-07:00"}`

func describing(t *testing.T, pipelines string) (connect.Schema, *Tool, error) {
	tool, _ := serve(t, func(w http.ResponseWriter, r seen) {
		switch {
		case r.Path == accountPath:
			reply(w, 200, account)
		case strings.HasPrefix(r.Path, pipelinesPath):
			reply(w, 200, pipelines)
		case strings.HasSuffix(r.Path, "/deals"):
			reply(w, 200, `{"results":[
				{"name":"plumbline_key","type":"string","fieldType":"text","hasUniqueValue":true},
				{"name":"dealname","type":"string","fieldType":"text"},
				{"name":"amount","type":"number","fieldType":"number"},
				{"name":"hs_days","type":"number","fieldType":"calculation_equation","calculated":true},
				{"name":"createdate","type":"datetime","fieldType":"date","modificationMetadata":{"readOnlyValue":true}},
				{"name":"trades","type":"enumeration","fieldType":"checkbox","options":[{"value":"hvac"},{"value":"drain"}]},
				{"name":"kind","type":"enumeration","fieldType":"select","options":[{"value":"repair"}]},
				{"name":"old","type":"string","fieldType":"text","archived":true}]}`)
		default:
			reply(w, 200, `{"results":[{"name":"hs_note_body","type":"string","fieldType":"html"},{"name":"plumbline_key","type":"string","fieldType":"text"}]}`)
		}
	})
	s, err := tool.Describe(t.Context())
	return s, tool, err
}

func TestDescribeTellsFieldsAndOurPipeline(t *testing.T) {
	s, tool, err := describing(t, `{"results":[
		{"id":"default","label":"Jobs","stages":[{"id":"s","label":"Booked"}]},
		{"id":"77","label":"jobs","stages":[{"id":"a","label":"Booked"},{"id":"b","label":"Closed no charge"},{"id":"c","label":"No sale"},{"id":"d","label":"Lunch"},{"id":"e","label":"Paid","archived":true}]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	deal := s.Types["deal"]
	want := connect.TypeSchema{Unique: KeyProperty, Pipeline: "77", Stages: map[string]string{"booked": "a", "closed": "b", "no_sale": "c"},
		Fields: map[string]connect.FieldSchema{
			"plumbline_key": {Value: "string"}, "dealname": {Value: "string", Required: true}, "amount": {Value: "number"},
			"hs_days": {Value: "number", ReadOnly: true}, "createdate": {Value: "datetime", ReadOnly: true},
			"trades": {Value: "enums", Options: []string{"hvac", "drain"}}, "kind": {Value: "enum", Options: []string{"repair"}},
		}}
	if !reflect.DeepEqual(deal, want) {
		t.Errorf("deal\n%+v, want\n%+v", deal, want)
	}
	if s.Types["contact"].Unique != "" || s.Types["note"].Unique != "" || s.Types["note"].Fields["hs_note_body"].Value != "text" || len(s.Types) != 5 {
		t.Errorf("a key that is not unique counts, or a type is missing: %+v", s.Types)
	}
	if tool.zone.String() != "America/Phoenix" {
		t.Errorf("zone %v", tool.zone)
	}
}

func TestTheSalesPipelineIsNeverOurs(t *testing.T) {
	s, _, err := describing(t, `{"results":[{"id":"default","label":"Jobs","stages":[{"id":"s","label":"Booked"}]}]}`)
	if err != nil || s.Types["deal"].Pipeline != "" || len(s.Types["deal"].Stages) != 0 {
		t.Errorf("deal %+v, %v", s.Types["deal"], err)
	}
}

func TestATokenOfAnotherAccountIsRefused(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) { reply(w, 200, account) }, func(c *Config) { c.Portal = "999" })
	_, err := tool.Describe(t.Context())
	if e := connect.AsError(err); e == nil || e.Class != connect.Human || e.Code != "wrong_account" || len(s.calls()) != 1 {
		t.Errorf("error %v after %s", err, s.paths())
	}
}
