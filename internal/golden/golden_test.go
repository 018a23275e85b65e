package golden_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/golden"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func at(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }

// says adds what a source said of somebody at an hour.
func says(r *plumbline.SourceRecord, hour int, field string, v plumbline.Value) {
	r.Add(plumbline.Reading{Kind: plumbline.Customer, ID: r.External, About: r.About, At: at(hour), Fields: map[string]plumbline.Value{field: v}}, at(hour).Add(time.Second), nil)
}

func source(connection, id string, born int) *plumbline.SourceRecord {
	r := &plumbline.SourceRecord{ID: plumbline.NewSourceID("l", connection, plumbline.Customer, id), Kind: plumbline.Customer, Connection: connection, External: id}
	if born != 0 {
		r.Created = at(born).UnixMilli()
	}
	return r
}

func office(about *plumbline.SourceRecord) *plumbline.SourceRecord {
	return &plumbline.SourceRecord{ID: "office", Kind: plumbline.Customer, Connection: plumbline.Office, About: about.ID}
}

func digits(s string) string {
	if len(s) != 10 {
		return ""
	}
	return "+1" + s
}

func person(members ...*plumbline.SourceRecord) (plumbline.PersonView, golden.Provenance) {
	return golden.Person("p", members, digits)
}

func TestTheAnchorIsTheFirstThatAVendorMade(t *testing.T) {
	a, b, undated, said := source("hcp", "a", 5), source("crm", "b", 2), source("crm", "c", 0), office(source("hcp", "a", 5))
	members := []*plumbline.SourceRecord{said, undated, a, b}
	if got := golden.Anchor(members); got != b.ID {
		t.Errorf("the anchor is %s, want the one made first", got)
	}
	if got := golden.Anchor([]*plumbline.SourceRecord{undated, a}); got != a.ID {
		t.Error("one that nobody dates leads one with a date")
	}
	if got := golden.Anchor([]*plumbline.SourceRecord{said, undated}); got != undated.ID {
		t.Error("what is said about a record leads it")
	}
	x, y := source("hcp", "x", 3), source("hcp", "y", 3)
	if got := golden.Anchor([]*plumbline.SourceRecord{y, x}); got != min(x.ID, y.ID) {
		t.Error("of two of one instant the greater id leads")
	}
}

// A correction beats the value that it was made against, and no other for ever.
func TestACorrectionDoesNotWinForEver(t *testing.T) {
	tool := source("hcp", "a", 1)
	correction := office(tool)
	says(tool, 1, "first_name", `"Dena"`)
	says(correction, 2, "first_name", `"Dana"`)
	if p, why := person(tool, correction); p.FirstName != "Dana" || why["first_name"].Source != plumbline.Office || why["first_name"].Rule != "the newest that a person typed" {
		t.Errorf("corrected it is %s by %+v", p.FirstName, why["first_name"])
	}
	says(tool, 3, "first_name", `"Dena"`)
	if p, _ := person(tool, correction); p.FirstName != "Dana" {
		t.Errorf("restating the value that was corrected brought it back: %s", p.FirstName)
	}
	says(tool, 4, "first_name", `"Diana"`)
	if p, why := person(tool, correction); p.FirstName != "Diana" || why["first_name"].Source != "hcp" {
		t.Errorf("the tool's newer value lost against an old correction: %s", p.FirstName)
	}
}

// The field tool says again what it has always said, while a person has changed it in
// the CRM.
func TestAValueRestatedWhileAPersonChangedItInTheCRM(t *testing.T) {
	tool, crm := source("hcp", "a", 1), source("crm", "7", 2)
	says(tool, 1, "email", `"old@x.com"`)
	crm.Add(plumbline.Reading{Kind: plumbline.Customer, ID: "7", At: at(3), Fields: map[string]plumbline.Value{"email": `"new@x.com"`},
		Times: map[string]time.Time{"email": at(3)}, Authors: map[string]plumbline.Author{"email": plumbline.ByPerson}}, at(4), nil)
	for hour := 2; hour < 9; hour += 2 {
		says(tool, hour, "email", `"old@x.com"`)
	}
	if p, why := person(tool, crm); p.Email != "new@x.com" || why["email"].Source != "crm" {
		t.Errorf("the e-mail is %s by %+v, want the person's", p.Email, why["email"])
	}
	says(tool, 10, "email", `"newest@x.com"`)
	if p, _ := person(tool, crm); p.Email != "newest@x.com" {
		t.Errorf("the e-mail is %s, want what the tool changed it to since", p.Email)
	}
}

func TestWhatAPersonTypedBeatsWhatAnIntegrationWrote(t *testing.T) {
	tool, crm := source("hcp", "a", 1), source("crm", "7", 2)
	says(tool, 1, "last_name", `"Whitlock"`)
	crm.Add(plumbline.Reading{Kind: plumbline.Customer, ID: "7", At: at(5), Fields: map[string]plumbline.Value{"last_name": `"Witlock"`},
		Authors: map[string]plumbline.Author{"last_name": plumbline.ByIntegration}}, at(6), nil)
	if p, why := person(tool, crm); p.LastName != "Whitlock" || why["last_name"].Rule != "typed by a person before looked up" {
		t.Errorf("the name is %s by %+v", p.LastName, why["last_name"])
	}
}

// That one source knows nothing takes nothing from another; that it has deleted its
// record takes what only it knew.
func TestEmptyTakesNothingFromOthersAndTheDeletedSaysNothing(t *testing.T) {
	tool, crm := source("hcp", "a", 1), source("crm", "7", 2)
	says(tool, 1, "email", `"a@x.com"`)
	says(tool, 1, "organization", `"Acme"`)
	for i, nothing := range []plumbline.Value{plumbline.Null, `""`} {
		says(crm, 3+i, "email", nothing)
	}
	if p, _ := person(tool, crm); p.Email != "a@x.com" {
		t.Errorf("the e-mail is %q", p.Email)
	}
	says(tool, 8, "organization", plumbline.Null)
	if p, why := person(tool, crm); p.Organization != "" || why["organization"] != (golden.Winner{}) {
		t.Errorf("taken back, it is %q by %+v", p.Organization, why["organization"])
	}
	tool.Add(plumbline.Reading{Kind: plumbline.Customer, ID: "a", At: at(9), Deleted: true}, at(9), nil)
	if p, _ := person(tool, crm); p.Email != "" {
		t.Errorf("the deleted record says %q still", p.Email)
	}
}

func TestANumberIsAddedAndReplacesNoOther(t *testing.T) {
	tool, crm := source("hcp", "a", 1), source("crm", "7", 2)
	says(tool, 1, "mobile_phone", `"2085550142"`)
	says(tool, 1, "home_phone", `"2085550143"`)
	says(crm, 5, "mobile_phone", `"2085550144"`)
	says(crm, 5, "work_phone", `"nonsense"`)
	p, _ := person(tool, crm)
	if !slices.Equal(p.Phones, []string{"+12085550144", "+12085550142", "+12085550143"}) || p.Mobile != "+12085550144" || p.Voice != "+12085550143" {
		t.Errorf("the numbers are %v, texts go to %s and calls to %s", p.Phones, p.Mobile, p.Voice)
	}
	says(crm, 6, "mobile_phone", plumbline.Null)
	if p, _ := person(tool, crm); slices.Contains(p.Phones, "+12085550144") || p.Mobile != "+12085550142" {
		t.Errorf("after the CRM took its number back they are %v", p.Phones)
	}
}

func TestADenialIsKeptByItsTool(t *testing.T) {
	tool, other := source("hcp", "a", 1), source("hcp2", "b", 1)
	says(tool, 2, "texts_allowed", "false")
	says(other, 3, "texts_allowed", "true")
	if got := golden.Denied([]*plumbline.SourceRecord{tool, other}); len(got) != 1 || !got["hcp"].Equal(at(2)) {
		t.Errorf("denied: %v, want hcp since it said so", got)
	}
}

func TestTheOrderOfMembersDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var members []*plumbline.SourceRecord
		for _, id := range []string{"a", "b", "c"} {
			r := source(rapid.SampledFrom([]string{"hcp", "crm"}).Draw(t, "source"), id, rapid.IntRange(0, 2).Draw(t, "born"))
			for _, field := range []string{"first_name", "email", "mobile_phone"} {
				says(r, rapid.IntRange(1, 3).Draw(t, "hour"), field, plumbline.TextValue(strings.Repeat(rapid.SampledFrom([]string{"1", "2", ""}).Draw(t, "value"), 10)))
			}
			members = append(members, r)
		}
		other := rapid.Permutation(members).Draw(t, "order")
		a, whyA := person(members...)
		b, whyB := person(other...)
		if a.FirstName != b.FirstName || a.Email != b.Email || a.Mobile != b.Mobile || !slices.Equal(a.Phones, b.Phones) ||
			whyA["email"] != whyB["email"] || golden.Anchor(members) != golden.Anchor(other) {
			t.Fatalf("%+v, in another order %+v", a, b)
		}
	})
}
