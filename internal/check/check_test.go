package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/playbook"
)

// load lays a location's file upon the built-in playbook.
func load(t *testing.T, text string) *playbook.Playbook {
	t.Helper()
	p, err := playbook.Load(playbook.BuiltIn(), playbook.Layer{Name: "location", File: "shop.yaml", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// told writes findings as tests want them.
func told(fs []Finding) (out []string) {
	for _, f := range fs {
		out = append(out, fmt.Sprintf("%s:%d:%d %s %s: %s", f.File, f.Line, f.Column, f.Severity, f.Path, f.Msg))
	}
	return out
}

// hubspot describes a target that has just what the built-in mapping writes.
func hubspot(p *playbook.Playbook) connect.Schema {
	s := connect.Schema{Types: map[string]connect.TypeSchema{}}
	for typ, m := range p.Mapping["hubspot"] {
		fields := map[string]connect.FieldSchema{}
		for _, f := range m.Fields {
			fields[f.Name] = connect.FieldSchema{Value: f.Value, Options: slices.Clone(f.Options)}
		}
		s.Types[typ] = connect.TypeSchema{Unique: "plumbline_key", Fields: fields}
	}
	deal := s.Types["deal"]
	deal.Pipeline = "12345"
	deal.Stages = map[string]string{}
	for _, stage := range p.Job.Stages {
		deal.Stages[stage.Name] = "id-of-" + stage.Name
	}
	deal.Fields["pipeline"] = connect.FieldSchema{Value: "enum", Options: []string{"12345"}}
	deal.Fields["dealstage"] = connect.FieldSchema{Value: "enum", Options: []string{"1", "2"}}
	s.Types["deal"] = deal
	return s
}

func TestTheBuiltInPlaybookIsClean(t *testing.T) {
	p := load(t, "")
	for _, f := range told(Playbook(p, map[string]connect.Schema{"hubspot": hubspot(p)})) {
		t.Error(f)
	}
}

func TestWhatIsFound(t *testing.T) {
	long := strings.Repeat("Please read this carefully. ", 12)
	tests := []struct {
		name, text string
		want       []string // findings begin so
	}{
		{"a stage of a visit that nobody comes to", "visit:\n  stages:\n    parked: {to: [on_site]}\n",
			[]string{"shop.yaml:3:5 error visit.stages.parked: no visit can come to the stage parked"}},
		{"a dead end", "visit:\n  stages:\n    parked: {to: [stranded]}\n    stranded: {to: [parked]}\n    on_site: {to: [complete, parked]}\n",
			[]string{"shop.yaml:3:5 error visit.stages.parked: a visit that is parked can never end", "shop.yaml:4:5 error visit.stages.stranded: a visit that is stranded can never end"}},
		{"a visit that grows late with nobody to tell", "visit:\n  stages:\n    paused: {late: {after: 1h}}\n",
			[]string{"shop.yaml:3:14 error visit.stages.paused.late: a visit that is paused too long grows late with nobody to tell"}},
		{"a stage of a job that no job comes to", "job:\n  when:\n    closed: job.no_charge && !job.no_charge\n",
			[]string{"shop.yaml:3:13 error job.when.closed: no job was found that comes to the stage closed"}},
		{"a stage that contradicts another", "job:\n  when:\n    closed: job.holds(\"completed\") && job.visits.size() == 0\n",
			[]string{"shop.yaml:3:13 error job.when.closed: no job was found that comes to the stage closed"}},
		{"a word that no job bears is still tried", "job:\n  when:\n    closed: job.holds(\"completed\") && job.type == \"Goodwill\"\n", nil},
		{"a kind behind one that takes everything", "kinds:\n  callback: {when: ~}\n",
			[]string{"playbooks/builtin.yaml:", "playbooks/builtin.yaml:", "playbooks/builtin.yaml:", "playbooks/builtin.yaml:"}},
		{"a guard that nothing satisfies", "visit:\n  guards:\n    complete:\n      - need: visit.outcome == \"done\" && visit.outcome == \"partial\"\n        say: Choose.\n",
			[]string{"shop.yaml:4:15 error visit.guards.complete[0].need: no evidence was found that satisfies this guard of complete"}},
		{"guards that shut each other out", "visit:\n  guards:\n    complete:\n      - {need: visit.outcome == \"done\", say: a}\n      - {need: visit.outcome == \"partial\", say: b}\n",
			[]string{"shop.yaml:4:7 error visit.guards.complete: no evidence was found that satisfies all guards of complete together"}},
		{"a clock with nobody to tell", "clocks:\n  lonely: {from: job.completed, days: 1}\n",
			[]string{"shop.yaml:2:3 error clocks.lonely: the clock rings and there is nobody to tell"}},
		{"a clock that a stage asks for", "clocks:\n  lonely: {from: job.completed, days: 1}\njob:\n  when: {closed: job.rang(\"lonely\")}\n", nil},
		{"a text with an unknown variable", "texts:\n  help: {en: \"{{.brand}}: {{.hours}} STOP\"}\n",
			[]string{"shop.yaml:2:14 error texts.help.en: load message help: "}},
		{"a text that costs too much", "texts:\n  onway: {en: \"{{.brand}}: " + long + "\"}\n",
			[]string{"shop.yaml:2:15 error texts.onway.en: onway (en) costs 3 segments with the longest values, at most 2 are allowed"}},
		{"fewer segments are allowed", "settings: {segments: 1}\n", nil},
		{"a text in letters that cost more", "texts:\n  onway: {es: \"{{.brand}}: {{.tech}} está en camino\"}\n",
			[]string{"shop.yaml:2:15 error texts.onway.es: onway (es) uses letters that make every text unicode: á"}},
		{"a request for a review that does not say how to stop", "texts:\n  review: {en: \"{{.brand}}: how was it? {{.link}}\"}\n",
			[]string{"shop.yaml:2:16 error texts.review.en: review (en) does not say how to stop"}},
		{"a sales word about a job", "texts:\n  onway: {en: \"{{.brand}}: {{.tech}} is on the way with a discount\"}\n",
			[]string{"shop.yaml:2:15 error texts.onway.en: onway (en) is about a job or a bill and says \"discount\""}},
		{"an answer that opts out", "texts:\n  confirm: {en: \"{{.brand}}: you are booked. Reply CANCEL to call it off\"}\n",
			[]string{"shop.yaml:2:17 error texts.confirm.en: confirm (en) uses CANCEL"}},
		{"a text that nobody uses", "texts:\n  idle: {en: \"{{.brand}}: a\", es: \"{{.brand}}: b\"}\n",
			[]string{"shop.yaml:2:3 warning texts.idle: no rule uses this text"}},
		{"a task with an unknown variable", "rules:\n  due30: {task: {body: \"{{.mood}}\"}}\n",
			[]string{"shop.yaml:2:24 error rules.due30.task.body: load message due30: "}},
		{"a task that nothing ends", "rules:\n  due30: {task: {ends: ~}}\n",
			[]string{"shop.yaml:2:11 warning rules.due30.task: nothing but a person ends the task of due30"}},
		{"two writers of one field", "mapping:\n  hubspot:\n    contact:\n      fields:\n        firstname: {write: always}\n",
			[]string{"shop.yaml:5:9 error mapping.hubspot.contact.fields.firstname: firstname has two writers: it belongs to crm, and we write it always"}},
		{"one field under two names", "mapping:\n  hubspot:\n    contact:\n      fields:\n        Phone: {type: string, from: customer.voice, owner: field, write: if_newer}\n",
			[]string{"shop.yaml:5:9 error mapping.hubspot.contact.fields.Phone: phone and Phone are one field, and both are written"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := told(Playbook(load(t, test.text), nil))
			if test.name == "fewer segments are allowed" {
				if len(got) < 3 {
					t.Errorf("with one segment only %d texts are too long: %v", len(got), got)
				}
				return
			}
			if len(got) != len(test.want) {
				t.Fatalf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			for i, want := range test.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("found\n%s\nwant it to begin\n%s", got[i], want)
				}
			}
		})
	}
}

func TestWhatTheTargetCannotTake(t *testing.T) {
	p := load(t, "")
	in := func(typ string, change func(connect.TypeSchema)) func(connect.Schema) {
		return func(s connect.Schema) { change(s.Types[typ]) }
	}
	tests := []struct {
		name   string
		change func(connect.Schema)
		want   string
	}{
		{"a type that is not there", func(s connect.Schema) { delete(s.Types, "company") }, "error mapping.hubspot.company: the target has no type company"},
		{"a field that is not there", in("contact", func(s connect.TypeSchema) { delete(s.Fields, "plumbline_eta") }), "error mapping.hubspot.contact.fields.plumbline_eta: the target has no field plumbline_eta"},
		{"a field that is read from there and not there", in("contact", func(s connect.TypeSchema) { delete(s.Fields, "hs_language") }), "error mapping.hubspot.contact.fields.hs_language: the target has no field hs_language"},
		{"a field that nobody may write", in("contact", func(s connect.TypeSchema) { s.Fields["city"] = connect.FieldSchema{Value: "string", ReadOnly: true} }), "error mapping.hubspot.contact.fields.city: the target lets nobody write city"},
		{"an instant kept as a day", in("contact", func(s connect.TypeSchema) { s.Fields["plumbline_eta"] = connect.FieldSchema{Value: "date"} }), "error mapping.hubspot.contact.fields.plumbline_eta: plumbline_eta would lose the time of day: it is a datetime, and the target keeps a date"},
		{"text kept as a pick list", in("contact", func(s connect.TypeSchema) { s.Fields["plumbline_service_type"] = connect.FieldSchema{Value: "enum"} }), "error mapping.hubspot.contact.fields.plumbline_service_type: plumbline_service_type would lose every text that is no option: it is a string, and the target keeps a enum"},
		{"an option that is not there", in("contact", func(s connect.TypeSchema) {
			s.Fields["plumbline_account_status"] = connect.FieldSchema{Value: "enum", Options: []string{"none", "current", "past_due", "disputed", "hold"}}
		}), "error mapping.hubspot.contact.fields.plumbline_account_status: the target's plumbline_account_status lacks the options credit"},
		{"a stage that the pipeline lacks", in("deal", func(s connect.TypeSchema) { delete(s.Stages, "no_sale") }), "error mapping.hubspot.deal.fields.dealstage: the target's dealstage lacks the options no_sale"},
		{"a field that the target demands", in("deal", func(s connect.TypeSchema) {
			s.Fields["region"] = connect.FieldSchema{Value: "string", Required: true}
		}), "error mapping.hubspot.deal: the target demands the field region, and nothing is written to it"},
		{"a demanded field that is written", in("deal", func(s connect.TypeSchema) {
			s.Fields["dealname"] = connect.FieldSchema{Value: "string", Required: true}
		}), ""},
		{"a number kept as text", in("contact", func(s connect.TypeSchema) { s.Fields["plumbline_balance"] = connect.FieldSchema{Value: "string"} }), ""},
		{"somebody else's field that is not there", in("deal", func(s connect.TypeSchema) { delete(s.Fields, "description") }), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := hubspot(p)
			test.change(s)
			got := Playbook(p, map[string]connect.Schema{"hubspot": s})
			if test.want == "" {
				if len(got) > 0 {
					t.Errorf("found %v, want nothing", told(got))
				}
				return
			}
			if len(got) != 1 || !strings.HasSuffix(told(got)[0], test.want) {
				t.Fatalf("found %v, want one that ends %q", told(got), test.want)
			}
			if got[0].Cure == "" || got[0].Line == 0 {
				t.Errorf("%+v says neither where nor what to do", got[0])
			}
		})
	}
}

func TestReviewsDependOnNothingThatBetraysSatisfaction(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"on the outcome", "rules: {review: {when: job.outcome == \"done\"}}\n", "job.outcome"},
		{"on a dispute, when sending", "rules: {review: {while: '!job.disputed'}}\n", "job.disputed"},
		{"on who came", "rules: {review: {when: 'job.visits.exists(v, v.assignments.exists(a, a.first_name == \"Ana\"))'}}\n", "assignment.first_name"},
		{"on the price", "rules: {review: {when: 'job.total < 100000'}}\n", "job.total"},
		{"on the customer's account", "rules: {review: {when: 'customer.balance == 0'}}\n", "customer.balance"},
		{"on how many jobs were done before", "rules: {review: {when: 'customer.completed_jobs > 1'}}\n", "customer.completed_jobs"},
		{"by way of a stage", "rules: {review: {while: 'job.holds(\"paid\")'}}\n", "job.billed, by way of the stage paid, then the stage invoiced"},
		{"by way of the event", "rules: {review: {on: job.paid}}\n", "job.settled_balance, by way of the stage paid"},
		{"by way of a clock", "clocks: {review: {when: 'job.holds(\"completed\") && !job.disputed'}}\n", "job.disputed, by way of the clock review"},
		{"by way of a clock that a stage asks for", "clocks: {happy: {from: job.last_paid}}\njob: {when: {closed: 'job.rang(\"happy\")'}}\nrules: {review: {while: 'job.holds(\"closed\")'}}\n", "job.last_paid, by way of the stage closed, then the clock happy"},
		{"by way of a kind", "kinds: {nice: {when: job.outcome == \"done\"}}\n", "job.outcome, by way of the clock review, then the kind of job"},
		{"by way of the outcome of a visit", "job: {when: {completed: 'job.visits.exists(v, v.stage == \"complete\" && v.outcome == \"done\")'}}\n", "visit.outcome, by way of the stage completed"},
		{"by way of what stands in notes", "rules: {review: {when: 'job.visits.all(v, !v.notes.contains(\"angry\"))'}}\n", "visit.notes"},
		{"in a rule under another name", "rules: {ask: {on: job.completed, when: 'job.money == \"paid\"', text: review, to: reviewer, class: asking, within: 72h}}\n", "job.money"},
		{"in a rule that hides its class", "rules: {ask: {on: job.completed, when: 'job.money == \"paid\"', text: review, to: reviewer, class: service, within: 72h}}\n", "job.money"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := "a request for a review depends on " + test.want
			var found []string
			for _, f := range Playbook(load(t, test.text), nil) {
				if strings.HasPrefix(f.Msg, "a request for a review") {
					found = append(found, f.Msg)
				}
			}
			if !slices.ContainsFunc(found, func(m string) bool { return strings.HasPrefix(m, want) }) {
				t.Errorf("found %q, want one that begins %q", found, want)
			}
		})
	}
	for _, f := range Playbook(load(t, "rules: {review: {when: 'job.kind != \"install\" || job.qa == \"passed\"'}}\n"), nil) {
		t.Errorf("%+v: what kind of job it is may be looked at", f)
	}
}

func TestFindingsAreTheSameEveryTime(t *testing.T) {
	p := load(t, "job: {when: {closed: 'job.no_charge && !job.no_charge'}}\nrules: {review: {when: 'job.total < 1 && job.disputed'}}\n")
	first := told(Playbook(p, nil))
	for range 3 {
		if again := told(Playbook(p, nil)); !slices.Equal(again, first) {
			t.Fatalf("found\n%v\nand then\n%v", first, again)
		}
	}
}
