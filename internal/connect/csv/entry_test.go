package csv

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect/connecttest"
)

var noon = time.Date(2026, 5, 4, 18, 0, 0, 0, time.UTC)

func delivery(t testing.TB, e Entry) plumbline.Delivery {
	t.Helper()
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return plumbline.Delivery{Location: "boise", Connection: "import:r", Key: "k", Tool: Tool, Event: "row", Received: noon, Body: body}
}

func person(more ...string) Entry {
	e := Entry{Kind: plumbline.Customer, ID: "c1", Line: 2, Fields: map[string]string{"name": "Whitlock, Dana", "mobile_phone": "(208) 555-0142",
		"email": "dana@example.com", "street": "418 Larkspur Ln", "city": "Boise", "state": "Idaho", "postal_code": "83702", "tags": "VIP; Plan", "created": "2019-03-04"}}
	for i := 0; i < len(more); i += 2 {
		e.Fields[more[i]] = more[i+1]
	}
	return e
}

func TestRowsKeepToTheLanguage(t *testing.T) {
	unit := Entry{Kind: plumbline.Asset, ID: "a1", Line: 3, Dates: US, Rank: LookedUp, Fields: map[string]string{"type": "furnace", "maker": "Trane", "serial": "X1",
		"installed": "3/4/2019", "name": "Dana Whitlock", "home_phone": "208-555-0142", "street": "418 Larkspur Ln"}}
	connecttest.TestDecoder(t, connecttest.Decoder{Decoder: Decoder{}, Deliveries: []plumbline.Delivery{
		delivery(t, person()), delivery(t, unit),
		delivery(t, person("texts_service", "yes", "texts_offers", "no", "consent_wording", "I agree", "consent_date", "2025-01-02", "consent_source", "form"))}})
}

func TestACustomerIsReadWithTheirPlace(t *testing.T) {
	list, err := Decoder{}.Decode(delivery(t, person()))
	if err != nil || len(list) != 2 {
		t.Fatalf("Decode = %d readings, %v, want the customer and the property", len(list), err)
	}
	c, p := list[0], list[1]
	for field, want := range map[string]plumbline.Value{"first_name": `"Dana"`, "last_name": `"Whitlock"`, "tags": `["VIP","Plan"]`} {
		if c.Fields[field] != want {
			t.Errorf("%s is %s, want %s", field, c.Fields[field], want)
		}
	}
	if p.Fields["state"] != `"ID"` || p.Fields["customer"] != `"c1"` || !c.Created.Equal(time.Date(2019, 3, 4, 0, 0, 0, 0, time.UTC)) || !c.At.Equal(noon) {
		t.Errorf("the property says %v, the customer was created %v and says it since %v", p.Fields, c.Created, c.At)
	}
	e := person()
	e.Rank = LookedUp
	list, _ = Decoder{}.Decode(delivery(t, e))
	if list[0].Authors["email"] != plumbline.ByIntegration {
		t.Errorf("what was looked up is said by %q", list[0].Authors["email"])
	}
}

// A field with a fault is left out and reported; the others go in.
func TestABadFieldIsAFaultOfThatField(t *testing.T) {
	l := &Layout{Kind: plumbline.Customer, Columns: map[string]string{"home_phone": "Phone 2", "email": "Mail"}}
	e := person("home_phone", "12345", "email", "dana at example", "state", "Idahoo", "created", "13/13/2020", "updated", "2027-01-01")
	faults := e.Check(l, noon)
	var fields []string
	for _, f := range faults {
		fields = append(fields, f.Field)
	}
	slices.Sort(fields)
	if want := []string{"created", "email", "home_phone", "state", "updated"}; !slices.Equal(fields, want) {
		t.Errorf("faults of %q, want of %q", fields, want)
	}
	if again := e.Check(l, noon); len(again) != 0 || e.Fields["mobile_phone"] == "" || e.Fields["home_phone"] != "" {
		t.Errorf("without its faults the row has %+v and says %v", again, e.Fields)
	}
	if _, err := (Decoder{}).Decode(delivery(t, e)); err != nil {
		t.Errorf("the rest is not decoded: %v", err)
	}
}

func TestDaysAreReadAndNotGuessed(t *testing.T) {
	for _, c := range []struct{ text, dates, want string }{
		{"2024-03-04", "", "2024-03-04"}, {"2024-03-04", US, "2024-03-04"}, {"2024-03-04T10:00:00Z", "", "2024-03-04"}, {"20240304", "", "2024-03-04"},
		{"Mar 4, 2024", "", "2024-03-04"}, {"4 March 2024", "", "2024-03-04"}, {"3/25/2024", "", "2024-03-25"}, {"25/3/2024", "", "2024-03-25"}, {"25.3.2024", "", "2024-03-25"},
		{"03/04/2024", US, "2024-03-04"}, {"03/04/2024", EU, "2024-04-03"}, {"3/4/24", US, "2024-03-04"}, {"3.4.2024", "", "2024-04-03"}, {"5/5/2024", "", "2024-05-05"},
		{"3/4/2024 2:15 PM", US, "2024-03-04"}, {"3/4/99", US, "1999-03-04"},
		{"03/04/2024", "", ""}, {"03/04/2024", ISO, ""}, {"25/3/2024", US, ""}, {"3/25/2024", EU, ""}, {"Mar 4, 2024", ISO, ""}, {"soon", "", ""}, {"2024-02-30", "", ""},
		{"0024-03-04", "", ""}, {"45355", "", ""},
	} {
		got := ""
		if d, err := day(c.text, c.dates); err == nil {
			got = d.Format(time.DateOnly)
		}
		if got != c.want {
			t.Errorf("day(%q, %q) = %q, want %q", c.text, c.dates, got, c.want)
		}
	}
	if _, err := day("03/04/2024", ""); err == nil || !strings.Contains(err.Error(), "--dates us") {
		t.Errorf("an ambiguous day: %v, want what to do", err)
	}
}

// A yes counts with its wording, time and source; without one of them it is a fault of
// the row, and never a yes.
func TestAYesNeedsItsProof(t *testing.T) {
	whole := map[string]string{"consent_wording": "I agree to texts", "consent_date": "2025-01-02", "consent_source": "Form"}
	ticks := func(e Entry) (list []string) {
		readings, err := Decoder{}.Decode(delivery(t, e))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range readings {
			for name, v := range r.Fields {
				var all []struct {
					Tick, Via string
					Yes       bool
					At        time.Time
				}
				if strings.HasPrefix(name, "consent:") && json.Unmarshal([]byte(v), &all) == nil {
					list = append(list, fmt.Sprint(r.ID, " ", all[0].Tick, " ", all[0].Yes, " ", all[0].Via, " ", all[0].At.Format(time.DateOnly)))
				}
			}
		}
		return list
	}
	with := func(without string, more ...string) Entry {
		e := person(more...)
		for name, v := range whole {
			if name != without && e.Fields[name] == "" {
				e.Fields[name] = v
			}
		}
		return e
	}
	for name, c := range map[string]struct {
		entry Entry
		fault string
		want  []string
	}{
		"whole":         {with("", "texts_service", "Yes", "texts_offers", "1"), "", []string{"+12085550142 service true form 2025-01-02", "+12085550142 marketing true form 2025-01-02"}},
		"no wording":    {with("consent_wording", "texts_service", "yes"), "wording", nil},
		"no time":       {with("consent_date", "texts_service", "yes"), "the day", nil},
		"no source":     {with("consent_source", "texts_service", "yes"), "how it was given", nil},
		"not yet":       {with("", "texts_service", "yes", "consent_date", "2030-01-01"), "no day that has been", nil},
		"odd source":    {with("", "texts_service", "yes", "consent_source", "a friend"), "form, phone or paper", nil},
		"offers called": {with("", "texts_offers", "yes", "consent_source", "phone"), "written", nil},
		"no number":     {with("", "texts_service", "yes", "mobile_phone", ""), "mobile number", nil},
		"bad number":    {with("", "texts_service", "yes", "mobile_phone", "123"), "mobile number", nil},
		"neither":       {with("", "texts_service", "maybe"), "neither yes nor no", nil},
		"unknown":       {with("", "texts_service", "unknown"), "", nil},
		"a no":          {person("texts_offers", "no"), "", []string{"+12085550142 marketing false  2026-05-04"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := c.entry
			faults := e.Check(&Layout{}, noon)
			said := fmt.Sprint(faults)
			if (c.fault == "") != (len(faults) == 0) || !strings.Contains(said, c.fault) {
				t.Errorf("faults %s, want %q", said, c.fault)
			}
			if got := ticks(e); !slices.Equal(got, c.want) {
				t.Errorf("ticks %q, want %q", got, c.want)
			}
		})
	}
}

func TestAPlanIsReadWithItsHolder(t *testing.T) {
	f, err := Parse("plans.csv", []byte("Agreement Number,Membership,Status,Start Date,Renewal Date,Interval,Price,Customer,Phone,Address,Zip\n"+
		"7,Comfort Club,Active,3/4/2025,3/4/2027,6,\"$1,189.5\",Dana Whitlock,208-555-0142,418 Larkspur Ln,83702\n8,Comfort Club,perhaps,,,0,free,Abe Lund,,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	l := &Layout{Kind: plumbline.Membership, Dates: US}
	if err := l.Map(f, nil); err != nil || len(l.Problems()) > 0 {
		t.Fatalf("Map = %v, %v", err, l.Problems())
	}
	var entries []Entry
	var faults []string
	for r := range f.Rows() {
		e, _ := l.Entry(f, r)
		for _, x := range e.Check(l, noon) {
			faults = append(faults, x.Field)
		}
		entries = append(entries, e)
	}
	if slices.Sort(faults); !slices.Equal(faults, []string{"months", "price", "status"}) {
		t.Errorf("faults with %v, want those of the second row", faults)
	}
	list, err := Decoder{}.Decode(delivery(t, entries[0]))
	if err != nil || len(list) != 3 {
		t.Fatalf("Decode = %+v, %v, want the property, the customer and the plan", list, err)
	}
	for field, want := range map[string]plumbline.Value{"plan": `"Comfort Club"`, "status": `"active"`, "started": `"2025-03-04"`, "renews": `"2027-03-04"`, "months": "6",
		"price": `"1189.50"`, "customer": `"7"`, "property": `"7"`} {
		if got := list[2].Fields[field]; got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
	connecttest.TestDecoder(t, connecttest.Decoder{Decoder: Decoder{}, Deliveries: []plumbline.Delivery{delivery(t, entries[0]), delivery(t, entries[1])}})
	for want, columns := range map[string]map[string]string{"which plan": {"customer_id": "C"}, "who holds": {"plan": "P"}, "say --source": {"plan": "P", "customer_id": "C"}} {
		l := Layout{Kind: plumbline.Membership, Columns: columns}
		if p := strings.Join(l.Problems(), "; "); !strings.Contains(p, want) {
			t.Errorf("%v: %q, want %q", columns, p, want)
		}
	}
}

func TestEquipmentBelongsSomewhere(t *testing.T) {
	e := Entry{Kind: plumbline.Asset, ID: "a1", Fields: map[string]string{"type": "furnace", "installed": "2019-03-04"}, Property: "p0", Customer: "c0"}
	list, err := Decoder{}.Decode(delivery(t, e))
	if err != nil || len(list) != 1 || list[0].Fields["property_record"] != `"p0"` || list[0].Fields["customer_record"] != `"c0"` || list[0].Fields["installed"] != `"2019-03-04"` {
		t.Errorf("Decode = %+v, %v, want one asset that names the records", list, err)
	}
	e = Entry{Kind: plumbline.Asset, ID: "a1", Fields: map[string]string{"type": "furnace", "name": "Dana Whitlock", "home_phone": "208-555-0142", "street": "418 Larkspur Ln"}}
	list, err = Decoder{}.Decode(delivery(t, e))
	if err != nil || len(list) != 3 || list[2].Fields["property"] != `"a1"` || list[2].Fields["customer"] != `"a1"` {
		t.Errorf("Decode = %+v, %v, want the property, the customer and the asset that names both", list, err)
	}
}
