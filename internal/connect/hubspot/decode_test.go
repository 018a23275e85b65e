package hubspot

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
)

func reader() *Tool {
	return New(Config{Token: "x", Portal: "62515", AppID: "7906213"}, http.DefaultClient, func() time.Time { return noon })
}

const contactBody = `{"type":"contact","portal":"62515","id":"501","createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-11-20T17:09:13.648Z","archived":false,
"properties":{"firstname":"Kim","lastname":"O'Neil \u0026 Sons","email":null,"mobilephone":"+14805550142","phone":"(480) 555-0199","hs_language":"es-mx","plumbline_key":"abc",
 "plumbline_texts_marketing":"no","hs_email_optout":"true","lifecyclestage":"customer","company":"","zip":"85201"},
"propertiesWithHistory":{
 "firstname":[{"value":"Kim","timestamp":"2026-11-01T10:00:00Z","sourceType":"CRM_UI","sourceId":"userId:88"},{"value":"K","timestamp":"2026-10-01T10:00:00Z","sourceType":"INTEGRATION","sourceId":"7906213"}],
 "mobilephone":[{"value":"1","timestamp":"2026-10-01T10:00:00Z","sourceType":"CRM_UI"},{"value":"+14805550142","timestamp":"2026-11-02T10:00:00Z","sourceType":"INTEGRATION","sourceId":"7906213"}],
 "phone":[{"value":"(480) 555-0199","timestamp":"2026-11-03T10:00:00Z","sourceType":"INTEGRATION","sourceId":"11"}],
 "zip":[{"value":"85201","timestamp":"2026-11-04T10:00:00Z","sourceType":"SOMETHING_NEW"}],
 "lifecyclestage":[{"value":"customer","timestamp":"2026-11-05T10:00:00Z","sourceType":"WORKFLOWS","sourceId":"7906213x"}],
 "company":[{"value":"","timestamp":"2026-11-06T10:00:00Z","sourceType":"CRM_UI"}]}}`

func TestAContactReadsAsACustomer(t *testing.T) {
	got, err := reader().Decode(plumbline.Delivery{Event: "read", Body: []byte(contactBody), Read: noon})
	if err != nil || len(got) != 1 {
		t.Fatalf("Decode = %v, %v", got, err)
	}
	r := got[0]
	if r.Kind != plumbline.Customer || r.ID != "501" || !r.Read.Equal(noon) || r.At != instant("2026-11-20T17:09:13.648Z") || r.Created != instant("2026-01-01T00:00:00Z") || r.Deleted {
		t.Errorf("reading %+v", r)
	}
	for _, c := range []struct {
		field  string
		value  plumbline.Value
		author plumbline.Author
		at     string
	}{
		{"first_name", `"Kim"`, plumbline.ByPerson, "2026-11-01T10:00:00Z"},
		{"last_name", `"O'Neil & Sons"`, plumbline.ByPerson, "2026-11-20T17:09:13.648Z"}, // no history: the record's instant, the safe side
		{"email", plumbline.Null, plumbline.ByPerson, "2026-01-01T00:00:00Z"},            // never set
		{"mobile_phone", `"+14805550142"`, plumbline.ByUs, "2026-11-02T10:00:00Z"},
		{"home_phone", `"(480) 555-0199"`, plumbline.ByIntegration, "2026-11-03T10:00:00Z"},
		{"postal_code", `"85201"`, plumbline.ByPerson, "2026-11-04T10:00:00Z"},
		{"stage", `"customer"`, plumbline.ByIntegration, "2026-11-05T10:00:00Z"},
		{"organization", plumbline.Null, plumbline.ByPerson, "2026-11-06T10:00:00Z"}, // emptied
		{"language", `"es"`, plumbline.ByPerson, "2026-11-20T17:09:13.648Z"},
		{"key", `"abc"`, plumbline.ByPerson, "2026-11-20T17:09:13.648Z"},
		{"texts_offers", `"no"`, plumbline.ByPerson, "2026-11-20T17:09:13.648Z"},
		{"email_opt_out", `true`, plumbline.ByPerson, "2026-11-20T17:09:13.648Z"},
	} {
		if r.Fields[c.field] != c.value || r.Authors[c.field] != c.author || !r.Times[c.field].Equal(instant(c.at)) {
			t.Errorf("%s: %s by %s at %v, want %s by %s at %s", c.field, r.Fields[c.field], r.Authors[c.field], r.Times[c.field], c.value, c.author, c.at)
		}
	}
	if _, ok := r.Fields["texts_service"]; ok {
		t.Error("a property that was not asked for says something")
	}
	for f := range r.Fields {
		if _, ok := plumbline.FieldOf(plumbline.Customer, f); !ok {
			t.Errorf("field %s is not of a customer", f)
		}
	}
}

func TestWithoutAnAppIDOurWritesAreAnIntegrations(t *testing.T) {
	tool := reader()
	tool.config.AppID = ""
	got, err := tool.Decode(plumbline.Delivery{Event: "read", Body: []byte(contactBody)})
	if err != nil || got[0].Authors["mobile_phone"] != plumbline.ByIntegration {
		t.Errorf("author %v, %v", got[0].Authors["mobile_phone"], err)
	}
}

func TestWhatHasNothingForUsIsIgnoredByName(t *testing.T) {
	for name, d := range map[string]plumbline.Delivery{
		"a deal":   {Event: "read", Body: []byte(`{"type":"deal","id":"7","properties":{}}`)},
		"a notice": {Event: "contact.propertyChange", Body: []byte(`{"objectId":1}`)},
	} {
		got, err := reader().Decode(d)
		var ignored connect.Ignored
		if !errors.As(err, &ignored) || ignored.Rule == "" || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestArchivedAndMergedContactsAreDeleted(t *testing.T) {
	for name, text := range map[string]string{
		"archived": `{"type":"contact","id":"7","archived":true,"updatedAt":"2026-11-20T17:09:13.648Z","properties":{"firstname":"Kim"}}`,
		"merged":   `{"type":"contact","id":"7","mergedTo":"9","properties":null}`,
	} {
		got, err := reader().Decode(plumbline.Delivery{Event: "read", Body: []byte(text)})
		if err != nil || len(got) != 1 || !got[0].Deleted || got[0].ID != "7" || len(got[0].Fields) != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestBodiesThatNameNoRecordAreInvalid(t *testing.T) {
	for _, text := range []string{``, `[]`, `{}`, `{"type":"contact"}`, `{"type":"lead","id":"1"}`, `{"type":"contact","id":"1","mergedTo":"y"}`} {
		if _, err := reader().Decode(plumbline.Delivery{Event: "read", Body: []byte(text)}); plumbline.KindOf(err) != plumbline.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestDecoderSuite(t *testing.T) {
	var deliveries []plumbline.Delivery
	for _, text := range []string{contactBody, `{"type":"contact","id":"7","mergedTo":"9","properties":null}`} {
		deliveries = append(deliveries, plumbline.Delivery{Tool: Name, Event: "read", Body: []byte(text), Read: noon, Received: noon})
	}
	connecttest.TestDecoder(t, connecttest.Decoder{Decoder: reader(), Deliveries: deliveries})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(contactBody))
	f.Add([]byte(`{"type":"deal","id":"7","properties":{"amount":12,"won":true},"propertiesWithHistory":{"amount":[{}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		connecttest.CheckDecode(t, reader(), plumbline.Delivery{Event: "read", Body: text})
	})
}

// A value of which its history tells nothing was said by nobody.
func TestAValueThatNoHistoryTellsOfIsNoStatement(t *testing.T) {
	body := []byte(`{"type":"contact","portal":"62515","id":"501","updatedAt":"2026-11-20T17:09:13.648Z","archived":false,
"properties":{"firstname":"Zzz","city":"","zip":"85201","plumbline_balance":"412.50","state":"AZ"},
"propertiesWithHistory":{
 "firstname":[{"value":"Kim","timestamp":"2026-11-01T10:00:00Z","sourceType":"CRM_UI","sourceId":"userId:88"}],
 "city":[{"value":"Mesa","timestamp":"2026-11-01T10:00:00Z","sourceType":"INTEGRATION","sourceId":"11"}],
 "zip":[{"value":"85201","timestamp":"2026-11-01T10:00:00Z","sourceType":"MERGE_OBJECTS","sourceId":"mergedObjectIds:1,2"}],
 "plumbline_balance":[{"value":"412.5","timestamp":"2026-11-02T10:00:00Z","sourceType":"INTEGRATION","sourceId":"7906213"}],
 "state":[]}}`)
	o, err := reader().Observed(plumbline.Delivery{Event: "read", Body: body})
	if err != nil {
		t.Fatal(err)
	}
	at := instant("2026-11-01T10:00:00Z")
	for name, want := range map[string]ObservedField{
		"firstname":         {Value: "Zzz"},
		"city":              {},
		"zip":               {Value: "85201", At: at, Author: plumbline.ByPerson, Source: "MERGE_OBJECTS mergedObjectIds:1,2", Merged: true},
		"plumbline_balance": {Value: "412.50", At: instant("2026-11-02T10:00:00Z"), Author: plumbline.ByUs, Source: "INTEGRATION 7906213"},
		"state":             {Value: "AZ", At: o.Modified, Author: plumbline.ByPerson}, // the safe side
	} {
		if got := o.Fields[name]; got != want {
			t.Errorf("%s is %+v, want %+v", name, got, want)
		}
	}
	list, err := reader().Decode(plumbline.Delivery{Event: "read", Body: body})
	if err != nil || len(list) != 1 {
		t.Fatalf("Decode = %v, %v", list, err)
	}
	for _, name := range []string{"first_name", "city"} {
		if v, ok := list[0].Fields[name]; ok {
			t.Errorf("the contact is taken to say %s = %s", name, v)
		}
	}
}
