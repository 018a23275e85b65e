package golden

import (
	"testing"
	"time"

	"plumbline.dev/plumbline"
)

// A customer of a year is first heard of when somebody switches her texts off. Her number
// is not younger than what a person typed about her an hour ago.
func TestWhatWasFirstHeardMayBeAsOldAsItsRecord(t *testing.T) {
	at := time.Date(2026, 4, 7, 9, 0, 0, 0, time.UTC)
	created := at.AddDate(-1, 0, 0)
	tool := func(changes ...plumbline.Reading) *plumbline.SourceRecord {
		r := &plumbline.SourceRecord{ID: "tool", Kind: plumbline.Customer, Connection: "hcp"}
		for _, c := range changes {
			c.Created = created
			r.Add(c, c.At.Add(time.Second), nil)
		}
		return r
	}
	crm := &plumbline.SourceRecord{ID: "crm", Kind: plumbline.Customer, Connection: "hubspot"}
	crm.Add(plumbline.Reading{At: at, Fields: map[string]plumbline.Value{"mobile_phone": `"970"`}, Authors: map[string]plumbline.Author{"mobile_phone": plumbline.ByPerson},
		Times: map[string]time.Time{"mobile_phone": at}}, at.Add(time.Minute), nil)
	says := func(after time.Duration, f map[string]plumbline.Value) plumbline.Reading {
		return plumbline.Reading{At: at.Add(after), Fields: f}
	}
	for _, test := range []struct {
		name string
		tool *plumbline.SourceRecord
		want string
		from time.Time
	}{
		{"first heard", tool(says(time.Hour, map[string]plumbline.Value{"mobile_phone": `"928"`, "texts_allowed": "false"})), "970", at},
		{"heard without it, then with it", tool(says(-time.Hour, map[string]plumbline.Value{"texts_allowed": "true"}),
			says(time.Hour, map[string]plumbline.Value{"mobile_phone": `"928"`})), "928", at.Add(time.Hour)},
		{"changed", tool(says(-time.Hour, map[string]plumbline.Value{"mobile_phone": `"602"`}),
			says(time.Hour, map[string]plumbline.Value{"mobile_phone": `"928"`})), "928", at.Add(time.Hour)},
		{"made", tool(plumbline.Reading{At: created, Fields: map[string]plumbline.Value{"mobile_phone": `"928"`}}), "970", at},
	} {
		p, why := Person("p", []*plumbline.SourceRecord{test.tool, crm}, func(s string) string { return s })
		if p.Mobile != test.want || why["mobile"].From != test.from.UnixMilli() {
			t.Errorf("%s: the mobile is %s since %v, want %s since %v", test.name, p.Mobile, time.UnixMilli(why["mobile"].From).UTC(), test.want, test.from)
		}
	}
}
