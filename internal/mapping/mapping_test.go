package mapping

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/playbook"
)

func load(t *testing.T) *playbook.Playbook {
	t.Helper()
	p, err := playbook.Load(playbook.BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func chicago(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func field(t *testing.T, p *playbook.Playbook, typ, name string) *playbook.MapField {
	t.Helper()
	for _, f := range p.Mapping["hubspot"][typ].Fields {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("the mapping of %s has no field %s", typ, name)
	return nil
}

func TestDesired(t *testing.T) {
	p := load(t)
	late := time.Date(2026, 5, 5, 3, 30, 0, 0, time.UTC) // 22:30 of the 4th in Chicago
	done := plumbline.VisitView{ID: "v1", Stage: "complete", Completed: late, Outcome: "done", Notes: "Filter <16x20> & belt",
		Assignments: []plumbline.AssignmentView{{FirstName: "Ana"}, {FirstName: "Bo"}}}
	env := playbook.Env{
		Key: "k1",
		Job: &plumbline.JobView{ID: "j1", Stage: "paid", Kind: "repair", Service: "AC repair", Completed: late, IssuedTotal: 41250, SettledBalance: -5,
			Visits: []plumbline.VisitView{done, done}, Undone: []string{"belt", "valve"}, Outcome: "done"},
		Visit: &done,
		Customer: &plumbline.PersonView{ID: "c1", FirstName: "Rosa", Organization: "Larkspur LLC", Mobile: "+13125550123", Balance: 41205, OldestDue: late,
			NextStarts: late, AccountStatus: "past_due", CompletedJobs: 2, OpenJobs: 1, TextsService: "yes"},
		Property: &plumbline.PropertyView{Street: "1418 W Larkspur Ln", Zone: "America/Chicago"},
		Task:     &playbook.TaskView{Subject: "Call Rosa", Body: "a < b", Due: late},
	}
	tests := []struct{ typ, field, want string }{
		{"contact", "plumbline_key", "k1"},
		{"contact", "firstname", "Rosa"},
		{"contact", "mobilephone", "+13125550123"},
		{"contact", "lifecyclestage", "customer"},
		{"contact", "plumbline_next_appointment", "2026-05-05T03:30:00.000Z"},
		{"contact", "plumbline_oldest_due", "2026-05-04"},
		{"contact", "plumbline_balance", "412.05"},
		{"contact", "plumbline_account_status", "past_due"},
		{"contact", "plumbline_texts_service", "yes"},
		{"contact", "plumbline_eta", ""},
		{"contact", "plumbline_last_paid", ""},
		{"contact", "plumbline_technician", ""},
		{"company", "name", "Larkspur LLC"},
		{"company", "plumbline_open_jobs", "1"},
		{"deal", "dealname", "AC repair, 1418 W Larkspur Ln, 4 May"},
		{"deal", "dealstage", "paid"},
		{"deal", "pipeline", "jobs"},
		{"deal", "amount", "412.50"},
		{"deal", "closedate", "2026-05-05T03:30:00.000Z"},
		{"deal", "plumbline_balance", "-0.05"},
		{"deal", "plumbline_technicians", "Ana, Bo"},
		{"deal", "plumbline_visits", "2"},
		{"deal", "plumbline_return_reason", "belt\nvalve"},
		{"note", "hs_note_body", "4 May, Ana, Bo, 1418 W Larkspur Ln<br>AC repair: done<br>Filter &lt;16x20&gt; &amp; belt<br><small>k1</small>"},
		{"note", "hs_timestamp", "2026-05-05T03:30:00.000Z"},
		{"task", "hs_task_body", "a &lt; b"},
		{"task", "hs_task_status", "NOT_STARTED"},
	}
	for _, test := range tests {
		got, err := Desired(p.Mapping["hubspot"][test.typ], env, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		w, ok := got[test.field]
		if !ok || w.Value != test.want {
			t.Errorf("%s.%s = %q (there: %t), want %q", test.typ, test.field, w.Value, ok, test.want)
		}
		if w.Field == nil || Because(w.Field) == "" {
			t.Errorf("%s.%s says neither why nor which field it is", test.typ, test.field)
		}
	}
}

func TestNoRecordIsWantedWhereTheConditionDoesNotHold(t *testing.T) {
	p := load(t)
	got, err := Desired(p.Mapping["hubspot"]["company"], playbook.Env{Customer: &plumbline.PersonView{ID: "c"}}, time.UTC)
	if err != nil || got != nil {
		t.Errorf("a household is wanted as a company: %v, %v", got, err)
	}
	got, err = Desired(p.Mapping["hubspot"]["note"], playbook.Env{Visit: &plumbline.VisitView{Stage: "on_site"}}, time.UTC)
	if err != nil || got != nil {
		t.Errorf("a note is wanted of a visit under way: %v, %v", got, err)
	}
}

func TestFieldsOfOthersAreNotDesired(t *testing.T) {
	p := load(t)
	got, err := Desired(p.Mapping["hubspot"]["contact"], playbook.Env{}, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hs_language", "hs_email_optout"} {
		if _, ok := got[name]; ok {
			t.Errorf("%s is desired, and only the CRM may say it: %v", name, slices.Sorted(maps.Keys(got)))
		}
	}
}

func TestDatesWithoutAZoneOfThePropertyAreThoseOfTheShop(t *testing.T) {
	p := load(t)
	paid := time.Date(2026, 5, 5, 3, 30, 0, 0, time.UTC)
	got, err := Desired(p.Mapping["hubspot"]["contact"], playbook.Env{Customer: &plumbline.PersonView{LastPaid: paid}}, chicago(t))
	if err != nil || got["plumbline_last_paid"].Value != "2026-05-04" {
		t.Errorf("last paid is %q (%v), want 2026-05-04", got["plumbline_last_paid"].Value, err)
	}
}

func TestAValueThatTheFieldCannotHoldIsAnError(t *testing.T) {
	p := load(t)
	_, err := Desired(p.Mapping["hubspot"]["contact"], playbook.Env{Customer: &plumbline.PersonView{AccountStatus: "odd"}}, time.UTC)
	if err == nil || !strings.Contains(err.Error(), `plumbline_account_status: "odd" is none of its options`) {
		t.Errorf("the error is %v, want one that names the field, the value and the options", err)
	}
}

func TestJudge(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 5, day, 12, 0, 0, 0, time.UTC) }
	stages := []string{"lead", "opportunity", "customer"}
	known := func(v string) Seen { return Seen{Value: v, Known: true, Author: plumbline.ByPerson, At: at(5)} }
	tests := []struct {
		name, policy, want string
		seen               Seen
		ours               Ours
		write              bool
	}{
		{"always writes what differs", "always", "b", known("a"), Ours{}, true},
		{"always writes nothing over something", "always", "", known("a"), Ours{}, true},
		{"always leaves what is right", "always", "a", known("a"), Ours{}, false},
		{"always leaves empty empty", "always", "", known(""), Ours{}, false},
		{"always writes what was never read", "always", "a", Seen{}, Ours{}, true},

		{"if empty fills what is empty", "if_empty", "a", known(""), Ours{}, true},
		{"if empty leaves what stands there", "if_empty", "a", known("b"), Ours{}, false},
		{"if empty leaves even our own", "if_empty", "a", Seen{Value: "b", Known: true, Author: plumbline.ByUs}, Ours{Last: "b"}, false},
		{"if empty has nothing to fill with", "if_empty", "", known("b"), Ours{}, false},
		{"if empty waits until the target was read", "if_empty", "a", Seen{}, Ours{}, false},

		{"if newer writes what was stated later", "if_newer", "a", known("b"), Ours{Stated: at(6)}, true},
		{"if newer leaves a person's later edit", "if_newer", "a", known("b"), Ours{Stated: at(4)}, false},
		{"if newer leaves a person's edit of the same instant", "if_newer", "a", known("b"), Ours{Stated: at(5)}, false},
		{"if newer leaves what a person emptied later", "if_newer", "a", known(""), Ours{Last: "a", Stated: at(4)}, false},
		{"if newer leaves what a person typed later, even if it is what we wrote before", "if_newer", "a", known("b"), Ours{Last: "b", Stated: at(4)}, false},
		{"if newer fills what nobody filled", "if_newer", "a", Seen{Known: true}, Ours{Stated: at(4)}, true},
		{"if newer replaces our own value", "if_newer", "a", Seen{Value: "b", Known: true, Author: plumbline.ByUs, At: at(5)}, Ours{Last: "b", Stated: at(4)}, true},
		{"if newer empties our own value", "if_newer", "", Seen{Value: "b", Known: true, Author: plumbline.ByUs, At: at(5)}, Ours{Last: "b"}, true},
		{"if newer never empties another's value", "if_newer", "", known("b"), Ours{Stated: at(6)}, false},
		{"if newer leaves another integration's later value", "if_newer", "a", Seen{Value: "b", Known: true, Author: plumbline.ByIntegration, At: at(5)}, Ours{Stated: at(4)}, false},
		{"if newer waits until the target was read", "if_newer", "a", Seen{}, Ours{Stated: at(6)}, false},

		{"forward only goes forward", "forward_only", "customer", known("lead"), Ours{}, true},
		{"forward only starts from nothing", "forward_only", "lead", known(""), Ours{}, true},
		{"forward only never goes back", "forward_only", "lead", known("customer"), Ours{}, false},
		{"forward only says nothing of nothing", "forward_only", "", known("lead"), Ours{}, false},
		{"forward only leaves a step it does not know", "forward_only", "customer", known("partner"), Ours{}, false},
		{"forward only writes no step it does not know", "forward_only", "partner", known("lead"), Ours{}, false},

		{"never writes nothing", "never", "a", known(""), Ours{}, false},
		{"theirs to ours writes nothing", "theirs_to_ours", "a", known(""), Ours{}, false},

		{"create writes into a record that is being made", "create", "a", Seen{Known: true}, Ours{}, true},
		{"create does not write again", "create", "a", known("b"), Ours{Last: "b"}, false},
		{"create does not fill what a person emptied", "create", "a", known(""), Ours{Last: "b"}, false},
		{"an unknown policy writes nothing", "sometimes", "a", known("b"), Ours{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := &playbook.MapField{Value: "string", Write: test.policy, Options: stages}
			write, why := Judge(f, test.want, test.seen, test.ours)
			if write != test.write || why == "" {
				t.Errorf("Judge = %t because %q, want %t and a reason", write, why, test.write)
			}
		})
	}
}

func TestSame(t *testing.T) {
	tests := []struct {
		value, a, b string
		want        bool
	}{
		{"number", "412.50", "412.5", true},
		{"number", "0.00", "0", true},
		{"number", "412.50", "412.51", false},
		{"number", "", "0", false},
		{"number", "1/2", "0.5", false},
		{"datetime", "2026-05-05T03:30:00.000Z", "1777951800000", true},
		{"datetime", "2026-05-05T03:30:00.000Z", "2026-05-05T03:30:00Z", true},
		{"datetime", "", "1777951800000", false},
		{"date", "2026-05-04", "1777852800000", true},
		{"string", "a", "a ", false},
		{"string", "1", "1.0", false},
	}
	for _, test := range tests {
		if got := Same(&playbook.MapField{Value: test.value}, test.a, test.b); got != test.want {
			t.Errorf("Same(%s, %q, %q) = %t, want %t", test.value, test.a, test.b, got, test.want)
		}
	}
}

func TestTheTableOfTheCRMIsWhole(t *testing.T) {
	p := load(t)
	tests := []struct{ typ, field, owner, write string }{
		{"contact", "plumbline_key", "us", "always"}, {"contact", "firstname", "crm", "if_empty"}, {"contact", "email", "crm", "if_empty"},
		{"contact", "mobilephone", "field", "if_newer"}, {"contact", "phone", "field", "if_newer"}, {"contact", "zip", "field", "if_newer"},
		{"contact", "hs_language", "crm", "theirs_to_ours"}, {"contact", "lifecyclestage", "us", "forward_only"},
		{"contact", "plumbline_next_appointment", "us", "always"}, {"contact", "plumbline_service_type", "us", "always"},
		{"contact", "plumbline_technician", "us", "always"}, {"contact", "plumbline_eta", "us", "always"},
		{"contact", "plumbline_last_service", "us", "always"}, {"contact", "plumbline_equipment", "us", "always"},
		{"contact", "plumbline_balance", "us", "always"}, {"contact", "plumbline_account_status", "us", "always"},
		{"contact", "plumbline_last_paid", "us", "always"}, {"contact", "plumbline_next_maintenance", "us", "always"},
		{"contact", "plumbline_texts_marketing", "us", "always"}, {"contact", "hs_email_optout", "crm", "theirs_to_ours"},
		{"company", "plumbline_key", "us", "always"}, {"company", "name", "field", "if_newer"}, {"company", "plumbline_open_jobs", "us", "always"},
		{"deal", "dealstage", "us", "always"}, {"deal", "amount", "us", "always"}, {"deal", "plumbline_line_items", "us", "always"},
		{"deal", "hubspot_owner_id", "crm", "never"}, {"deal", "description", "crm", "never"},
		{"note", "hs_note_body", "us", "always"}, {"task", "hs_task_subject", "us", "create"}, {"task", "hs_task_status", "us", "always"},
	}
	for _, test := range tests {
		f := field(t, p, test.typ, test.field)
		if f.Owner != test.owner || f.Write != test.write {
			t.Errorf("%s.%s belongs to %s and is written %s, want %s and %s", test.typ, test.field, f.Owner, f.Write, test.owner, test.write)
		}
	}
	if !field(t, p, "deal", "plumbline_key").Unique {
		t.Error("the key of a deal is not unique")
	}
	var got []string
	for _, s := range p.Job.Stages {
		got = append(got, s.Name)
	}
	if want := field(t, p, "deal", "dealstage").Options; !slices.Equal(got, want) {
		t.Errorf("the pipeline has the stages %v, want those of a job %v", want, got)
	}
}
