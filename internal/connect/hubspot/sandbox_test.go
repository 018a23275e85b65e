package hubspot_test

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/hubspot"
	sandbox "plumbline.dev/plumbline/internal/sandbox/hubspot"
)

// An office is an account of the sandbox and our tool in it, in simulated time.
type office struct {
	*sandbox.Sandbox
	tool *hubspot.Tool
	now  time.Time
}

func open(t *testing.T, change ...func(*sandbox.Options)) *office {
	t.Helper()
	o := &office{now: time.Date(2026, 11, 20, 19, 0, 0, 0, time.UTC)}
	zone, err := time.LoadLocation("America/Phoenix")
	if err != nil {
		t.Fatal(err)
	}
	options := sandbox.Options{Now: func() time.Time { return o.now }, Rand: rand.New(rand.NewPCG(7, 7)), Token: "pat-secret", Portal: 62515, App: 7906213, Zone: zone}
	for _, f := range change {
		f(&options)
	}
	o.Sandbox = sandbox.New(options)
	server := httptest.NewServer(o.Sandbox)
	t.Cleanup(server.Close)
	o.tool = hubspot.New(hubspot.Config{Token: "pat-secret", Portal: "62515", AppID: "7906213", BaseURL: server.URL}, server.Client(), func() time.Time { return o.now })
	return o
}

var specs = []connect.FieldSpec{
	{Type: "contact", Name: "plumbline_next_appointment", Label: "Next appointment", Value: "datetime"},
	{Type: "contact", Name: "plumbline_account_status", Label: "Account", Value: "enum", Options: []string{"none", "past_due"}},
	{Type: "contact", Name: "plumbline_balance", Label: "Balance", Value: "number"},
	{Type: "deal", Name: "plumbline_line_items", Label: "Lines", Value: "text"},
}

// ready is an account that has been provisioned.
func ready(t *testing.T, change ...func(*sandbox.Options)) (*office, connect.Schema) {
	t.Helper()
	o := open(t, change...)
	if _, err := o.tool.Provision(t.Context(), specs, false); err != nil {
		t.Fatal(err)
	}
	s, err := o.tool.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.now = o.now.Add(time.Minute)
	return o, s
}

func (o *office) write(t *testing.T, typ string, changes ...connect.Change) []connect.Outcome {
	t.Helper()
	o.now = o.now.Add(10 * time.Second)
	out, err := o.tool.Write(t.Context(), typ, changes)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func contact(key, first, email string) connect.Change {
	return connect.Change{Ref: key, Key: key, Fields: map[string]string{"firstname": first, "email": email}}
}

func TestSandboxAnEmptyAccountIsProvisionedOnceAndDescribed(t *testing.T) {
	o, s := ready(t)
	again, err := o.tool.Provision(t.Context(), specs, false)
	if err != nil || len(again) != 0 {
		t.Errorf("again: %v, %v", again, err)
	}
	deal := s.Types["deal"]
	if deal.Pipeline == "" || deal.Pipeline == "default" || len(deal.Stages) != 8 || deal.Unique != hubspot.KeyProperty || s.Types["contact"].Unique != hubspot.KeyProperty {
		t.Errorf("deal %q %v unique %q", deal.Pipeline, deal.Stages, deal.Unique)
	}
	if f := s.Types["contact"].Fields["plumbline_account_status"]; f.Value != "enum" || !slices.Equal(f.Options, []string{"none", "past_due"}) {
		t.Errorf("status %+v", f)
	}
}

func TestSandboxARefusedPipelineAndLabelsAreSaid(t *testing.T) {
	o := open(t)
	if err := o.RefusePipelines("deals"); err != nil {
		t.Fatal(err)
	}
	o.RefuseLabels()
	lines, err := o.tool.Provision(t.Context(), specs, false)
	all := strings.Join(lines, "\n")
	if err != nil || !strings.Contains(all, "as: ticket") || !strings.Contains(all, "without the label Booker") {
		t.Errorf("%v\n%s", err, all)
	}
}

func TestSandboxWritesAreReadBack(t *testing.T) {
	o, s := ready(t)
	out := o.write(t, "contact", contact("k1", "Kim", "Kim@Example.com"), contact("k2", "Lee", "not an address"), contact("k3", "Ana", ""))
	if out[0].ID == "" || !out[0].New || out[1].Err == nil || out[1].Err.Field != "email" || out[2].ID == "" || out[0].Values["firstname"] != "Kim" {
		t.Fatalf("outcomes %+v %v", out, out[1].Err)
	}
	changed := o.write(t, "contact",
		connect.Change{Ref: "a", ID: out[0].ID, Fields: map[string]string{"plumbline_balance": "10.0", "plumbline_next_appointment": "1795280400000", "firstname": ""}},
		connect.Change{Ref: "b", ID: out[2].ID, Fields: map[string]string{"plumbline_account_status": "gold"}},
		connect.Change{Ref: "c", ID: "999999999999", Fields: map[string]string{"firstname": "Nobody"}})
	if changed[0].Err != nil || changed[1].Err == nil || changed[1].Err.Field != "plumbline_account_status" || changed[2].Err == nil || !changed[2].Err.Gone {
		t.Fatalf("outcomes %+v: %v, %v", changed, changed[1].Err, changed[2].Err)
	}
	fields := s.Types["contact"].Fields
	got, err := o.tool.Read(t.Context(), "contact", "key", []string{"k1", "k3", "k9"}, []string{"plumbline_balance", "plumbline_next_appointment", "firstname"})
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	r := got["k1"]
	if !hubspot.Equal(fields["plumbline_balance"].Value, r.Fields["plumbline_balance"], "10.0") ||
		!hubspot.Equal(fields["plumbline_next_appointment"].Value, r.Fields["plumbline_next_appointment"], "1795280400000") || r.Fields["firstname"] != "" {
		t.Errorf("record %+v", r)
	}
	if byEmail, err := o.tool.Read(t.Context(), "contact", "email", []string{"kim@example.com"}, nil); err != nil || byEmail["kim@example.com"].ID != out[0].ID {
		t.Errorf("by e-mail: %+v %v", byEmail, err)
	}
}

func TestSandboxCollisionsNameTheExistingRecord(t *testing.T) {
	o, _ := ready(t)
	first := o.write(t, "contact", contact("k1", "Kim", "kim@example.com"))
	for name, c := range map[string]connect.Change{"the same key": contact("k1", "Kim", ""), "the same e-mail": contact("k2", "Kim", "KIM@example.com")} {
		out := o.write(t, "contact", c, contact("other "+name, "Ana", ""))
		if e := out[0].Err; e == nil || e.Existing != first[0].ID || out[1].Err != nil {
			t.Errorf("%s: %+v, want existing %s", name, e, first[0].ID)
		}
	}
}

func TestSandboxAnUnknownPropertyAndARuleDoNotHinderOthers(t *testing.T) {
	o, s := ready(t)
	deal := s.Types["deal"]
	if err := o.AddRule(sandbox.Rule{ObjectType: "0-3", Property: "dealstage", Value: deal.Stages["paid"], Requires: []string{"closedate"}}); err != nil {
		t.Fatal(err)
	}
	var creates []connect.Change
	for i := range 20 {
		creates = append(creates, connect.Change{Ref: fmt.Sprint(i), Key: fmt.Sprint("job", i), Fields: map[string]string{"dealname": "AC repair", "pipeline": deal.Pipeline, "dealstage": deal.Stages["booked"]}})
	}
	made := o.write(t, "deal", creates...)
	var updates []connect.Change
	for i, m := range made {
		if m.Err != nil {
			t.Fatal(m.Err)
		}
		fields := map[string]string{"amount": "100"}
		switch i {
		case 3:
			fields["dealstage"] = deal.Stages["paid"]
		case 11:
			fields["fsm_job_no"] = "1"
		}
		updates = append(updates, connect.Change{Ref: m.Ref, ID: m.ID, Fields: fields})
	}
	for i, u := range o.write(t, "deal", updates...) {
		switch {
		case i == 3 && (u.Err == nil || u.Err.Code != "REQUIRED" || u.Err.Field != "closedate"):
			t.Errorf("the rule: %+v", u.Err)
		case i == 11 && (u.Err == nil || u.Err.Code != "PROPERTY_DOESNT_EXIST" || u.Err.Field != "fsm_job_no"):
			t.Errorf("the unknown property: %+v", u.Err)
		case i != 3 && i != 11 && u.Err != nil:
			t.Errorf("%d: %v", i, u.Err)
		}
	}
}

func TestSandboxMergedAndArchivedRecordsAreTold(t *testing.T) {
	o, _ := ready(t)
	made := o.write(t, "contact", contact("k1", "Kim", "a@example.com"), contact("k2", "Kimberly", "b@example.com"), contact("k3", "Ana", ""))
	merged, err := o.Merge("contacts", made[0].ID, made[1].ID, sandbox.Person(88))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Archive("contacts", made[2].ID); err != nil {
		t.Fatal(err)
	}
	got, err := o.tool.Read(t.Context(), "contact", "id", []string{made[0].ID, made[1].ID, made[2].ID}, []string{"firstname"})
	if err != nil || got[made[0].ID].MergedTo != merged || got[made[1].ID].MergedTo != merged || !got[made[2].ID].Archived {
		t.Errorf("read %+v %v, want merged into %s", got, err, merged)
	}
	out := o.write(t, "contact", connect.Change{ID: made[0].ID, Fields: map[string]string{"city": "Mesa"}}, connect.Change{ID: made[1].ID, Fields: map[string]string{"city": "Mesa"}}, connect.Change{ID: made[2].ID, Fields: map[string]string{"city": "Mesa"}})
	for i := range 2 {
		if out[i].Err == nil || out[i].Err.MergedTo != merged {
			t.Errorf("write to a merged one: %+v", out[i])
		}
	}
	if out[2].Err == nil || !out[2].Err.Gone {
		t.Errorf("write to an archived one: %+v", out[2])
	}
}

func TestSandboxALostAnswerIsUnknownAndFound(t *testing.T) {
	o, s := ready(t)
	deal := s.Types["deal"]
	home := o.write(t, "deal", connect.Change{Key: "job", Fields: map[string]string{"dealname": "AC", "pipeline": deal.Pipeline, "dealstage": deal.Stages["booked"]}})[0].ID
	o.SetFaults(sandbox.Faults{LostAnswer: 1})
	lost := contact("k1", "Kim", "")
	note := connect.Change{Ref: "n", Key: "visit-9", Fields: map[string]string{"hs_timestamp": "2026-11-20T19:00:00Z", "hs_note_body": "<p>Replaced the fan</p><p>visit-9</p>"},
		Links: []connect.Association{{ToType: "deal", ToID: home}}}
	for typ, c := range map[string]connect.Change{"contact": lost, "note": note} {
		if _, err := o.tool.Write(t.Context(), typ, []connect.Change{c}); err == nil || connect.AsError(err).Class != connect.Unknown {
			t.Errorf("%s: %v, want unknown", typ, err)
		}
	}
	o.SetFaults(sandbox.Faults{})
	if r, ok, err := o.tool.Find(t.Context(), "contact", lost); err != nil || !ok || r.Fields["firstname"] != "Kim" {
		t.Errorf("contact: %+v %v %v", r, ok, err)
	}
	if r, ok, err := o.tool.Find(t.Context(), "note", note); err != nil || !ok || r.ID == "" {
		t.Errorf("note: %+v %v %v", r, ok, err)
	}
	note.Key = "visit-10"
	if _, ok, err := o.tool.Find(t.Context(), "note", note); err != nil || ok {
		t.Errorf("another note: %v %v", ok, err)
	}
}

func TestSandboxRolesAreLabelsAndOthersStay(t *testing.T) {
	o, s := ready(t)
	deal := s.Types["deal"]
	who := o.write(t, "contact", contact("k1", "Kim", ""))[0].ID
	made := o.write(t, "deal", connect.Change{Key: "job", Fields: map[string]string{"dealname": "AC", "pipeline": deal.Pipeline, "dealstage": deal.Stages["booked"]},
		Links: []connect.Association{{ToType: "contact", ToID: who, Role: "booker"}}})
	if made[0].Err != nil {
		t.Fatal(made[0].Err)
	}
	for range 2 {
		out, err := o.tool.Associate(t.Context(), []connect.Association{{Ref: "p", FromType: "deal", FromID: made[0].ID, ToType: "contact", ToID: who, Role: "payer"}})
		if err != nil || out[0].Err != nil {
			t.Fatal(out, err)
		}
	}
	for _, d := range o.Objects("deals") {
		if len(d.Associations) != 1 {
			t.Fatalf("associations %+v", d.Associations)
		}
		got := slices.Sorted(slices.Values(d.Associations[0].Labels))
		if !slices.Contains(got, "Booker") || !slices.Contains(got, "Payer") {
			t.Errorf("labels %v", got)
		}
	}
}

func TestSandboxHistoryTellsWhoWrote(t *testing.T) {
	o, _ := ready(t)
	id := o.write(t, "contact", contact("k1", "Kim", "kim@example.com"))[0].ID
	o.now = o.now.Add(time.Hour)
	edits := []struct {
		field string
		by    sandbox.Author
	}{{"firstname", sandbox.Person(88)}, {"city", sandbox.Integration(11)}, {"zip", sandbox.Workflow("5")}}
	for _, e := range edits {
		if err := o.Edit("contacts", id, map[string]string{e.field: "X"}, e.by); err != nil {
			t.Fatal(err)
		}
	}
	answers, err := o.tool.Fetch(t.Context(), plumbline.Customer, []string{id})
	if err != nil || len(answers) != 1 {
		t.Fatal(answers, err)
	}
	got, err := o.tool.Decode(plumbline.Delivery{Event: "read", Body: answers[0].Body, Read: o.now})
	if err != nil {
		t.Fatal(err)
	}
	r := got[0]
	want := map[string]plumbline.Author{"first_name": plumbline.ByPerson, "city": plumbline.ByIntegration, "postal_code": plumbline.ByIntegration, "email": plumbline.ByUs, "key": plumbline.ByUs}
	for f, by := range want {
		if r.Authors[f] != by {
			t.Errorf("%s by %s, want %s", f, r.Authors[f], by)
		}
	}
	if !r.Times["first_name"].Equal(o.now) || r.Created.IsZero() || r.Created.After(r.Times["email"]) {
		t.Errorf("times %v created %v", r.Times, r.Created)
	}
}

func TestSandboxFailuresHaveTheirClasses(t *testing.T) {
	for name, c := range map[string]struct {
		break_ func(*office)
		class  connect.Class
		code   string
	}{
		"locked":          {func(o *office) { o.SetFaults(sandbox.Faults{Locked423: 1}) }, connect.Retry, ""},
		"down":            {func(o *office) { o.SetFaults(sandbox.Faults{ServerError: 1}) }, connect.Unknown, ""},
		"garbage":         {func(o *office) { o.SetFaults(sandbox.Faults{Garbage: 1}) }, connect.Unknown, ""},
		"too many":        {func(o *office) { o.SetFaults(sandbox.Faults{TooMany: 1}) }, connect.Wait, "TEN_SECONDLY_ROLLING"},
		"migrating":       {func(o *office) { o.Migrate(time.Hour) }, connect.Wait, ""},
		"another token":   {func(o *office) { o.SetToken("other") }, connect.Wait, ""},
		"scopes taken":    {func(o *office) { o.SetScopes([]string{"crm.objects.deals.read"}) }, connect.Human, "MISSING_SCOPES"},
		"the day used up": {func(o *office) { o.SetLimits(sandbox.Limits{Daily: 1}) }, connect.Wait, "DAILY"},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := ready(t)
			c.break_(o)
			_, err := o.tool.Write(t.Context(), "contact", []connect.Change{contact("k", "Kim", "")})
			e := connect.AsError(err)
			if e == nil || e.Class != c.class || c.code != "" && e.Code != c.code {
				t.Errorf("error %+v", e)
			}
			if name == "the day used up" && e.After != 12*time.Hour-time.Minute {
				t.Errorf("after %v, want until midnight in Phoenix", e.After)
			}
			if name == "migrating" && (e.After <= 0 || e.After > time.Hour) {
				t.Errorf("after %v", e.After)
			}
		})
	}
}
