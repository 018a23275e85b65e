package playbook

import (
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/calendar"
)

func builtIn(t testing.TB, more ...Layer) *Playbook {
	t.Helper()
	p, err := Load(append([]Layer{BuiltIn()}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func layer(name, text string) Layer { return Layer{name, name + ".yaml", []byte(text)} }

func TestLayers(t *testing.T) {
	network := layer("network", "settings: {brand: Brightwater, segments: 1}\nrules: {review: {within: 48h}}\n")
	location := layer("location", "settings: {brand: Brightwater North}\nrules: {rebook2: ~, thanks: {on: job.paid, text: help, to: payer, class: service, within: 1h}}\n")
	p := builtIn(t, network, location)
	if p.Settings.Brand != "Brightwater North" || p.Settings.Segments != 1 || p.Settings.Zone != "America/Chicago" {
		t.Errorf("the settings are %+v, want the brand of the location, the segments of the network and the zone built in", p.Settings)
	}
	if got := p.Rule("review"); got.Within != 48*time.Hour || got.Text != "review" {
		t.Errorf("the rule review is %+v, want the network's 48 hours and the rest as built in", got)
	}
	if p.Rule("rebook2") != nil {
		t.Error("rebook2 is still there, and the location took it away")
	}
	if last := p.Rules[len(p.Rules)-1]; last.ID != "thanks" {
		t.Errorf("the last rule is %s, want the location's own", last.ID)
	}
	for path, want := range map[string]string{
		"settings.brand": "location", "settings.segments": "network", "settings.zone": "built-in",
		"rules.review.within": "network", "rules.review.text": "built-in", "rules.review": "network", "rules.rebook2": "", "rules.thanks.on": "location",
	} {
		if got := p.Origin(path); got != want {
			t.Errorf("%s comes from %q, want %q", path, got, want)
		}
	}
	if got := p.Place("rules.review.within").String(); got != "network.yaml:2:26" {
		t.Errorf("rules.review.within stands at %s, want network.yaml:2:26", got)
	}
}

func TestKindsOfALayerAreAskedBeforeThoseBelow(t *testing.T) {
	p := builtIn(t, layer("location", "kinds: {chimney: {when: 'job.mentions([\"chimney\"])'}}\n"))
	k, err := p.KindOf(&plumbline.JobView{Description: "Chimney tune-up"})
	if err != nil || k.Kind != "chimney" {
		t.Errorf("the kind is %v (%v), want chimney", k, err)
	}
}

func TestTheVersionIsThatOfTheContent(t *testing.T) {
	p := builtIn(t)
	if again := builtIn(t, layer("location", "# nothing\n")); again.Version != p.Version {
		t.Error("a comment changed the version")
	}
	if same := builtIn(t, layer("location", "settings: {segments: 2}\n")); same.Version != p.Version {
		t.Error("saying the same again changed the version")
	}
	if other := builtIn(t, layer("location", "settings: {segments: 1}\n")); other.Version == p.Version {
		t.Error("another value did not change the version")
	}
}

func TestALayerKeepsToTheLimitsOfThoseBelow(t *testing.T) {
	network := layer("network", "locked: [settings.review_link, rules.review]\nbounds:\n  rules.due3.within: {least: 1h, most: 96h}\n  settings.segments: {most: 2}\n")
	tests := []struct{ name, text, want string }{
		{"a locked value", "settings: {review_link: https://x}\n", "location.yaml:1:25: settings.review_link: settings.review_link is locked by the layer network (take it out, or have it unlocked there)"},
		{"within a locked part", "rules: {review: {within: 1h}}\n", "location.yaml:1:26: rules.review.within: rules.review is locked by the layer network (take it out, or have it unlocked there)"},
		{"around a locked part", "rules: {review: ~}\n", "location.yaml:1:9: rules.review: rules.review is locked by the layer network (take it out, or have it unlocked there)"},
		{"around a bound", "rules: {due3: ~}\n", "location.yaml:1:9: rules.due3: rules.due3.within is bounded by the layer network, and this takes it away (leave it, within its bounds)"},
		{"no number where one is bounded", "settings: {segments: two}\n", "location.yaml:1:22: settings.segments: the layer network bounds it, and \"two\" cannot be compared (write a number or a span of time)"},
		{"above a bound", "rules: {due3: {within: 5d}}\n", "location.yaml:1:24: rules.due3.within: 5d is above 96h, the most that the layer network allows (choose a smaller one)"},
		{"below a bound", "rules: {due3: {within: 5m}}\n", "location.yaml:1:24: rules.due3.within: 5m is below 1h, the least that the layer network allows (choose a larger one)"},
		{"within the bounds", "rules: {due3: {within: 2h}}\nsettings: {segments: 1}\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(BuiltIn(), network, layer("location", test.text))
			if got := message(err); got != test.want {
				t.Errorf("the error is\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	_, err := Load(BuiltIn(), layer("location", "settings: {zone: Mars}\nrules: {review: {class: odd}}\njob: {when: {paid: job.x}}\n"))
	if got := len(Problems(err)); got != 3 {
		t.Errorf("%d problems are told, want 3:\n%v", got, err)
	}
}

func TestWhatAPredicateReads(t *testing.T) {
	p := builtIn(t)
	for stage, want := range map[string][]string{
		"booked": nil, "dispatched": {"visits"}, "completed": {"undone", "visits"}, "invoiced": {"billed", "holding"},
		"paid": {"holding", "issued_total", "settled_balance"}, "no_sale": {"approved_options", "kind", "open_options", "options_from", "outcome", "rings", "visits"},
	} {
		s, _ := p.Job.Stage(stage)
		if got := s.When.Vars(); !slices.Equal(got, want) {
			t.Errorf("%s reads %v, want %v", stage, got, want)
		}
	}
	s, _ := p.Job.Stage("dispatched")
	var fields []string
	for _, r := range s.When.Reads() {
		fields = append(fields, r.Field)
	}
	if want := []string{"job.visits", "visit.assignments", "visit.day_begun", "visit.released", "visit.stage"}; !slices.Equal(fields, want) {
		t.Errorf("dispatched looks at %v, want %v", fields, want)
	}
}

func visit(stage string) plumbline.VisitView { return plumbline.VisitView{ID: "v", Stage: stage} }

func TestStagesOfAJob(t *testing.T) {
	p := builtIn(t)
	assigned := visit("scheduled")
	assigned.Assignments = []plumbline.AssignmentView{{Technician: "t", FirstName: "Ana"}}
	today := assigned
	today.DayBegun = true
	begun := visit("scheduled")
	begun.DayBegun = true
	released := visit("scheduled")
	released.Released = true
	dropped := released
	dropped.Stage = "canceled"
	visits := func(v ...plumbline.VisitView) []plumbline.VisitView { return v }
	done := plumbline.JobView{Visits: visits(visit("complete"))}
	with := func(j plumbline.JobView, change func(*plumbline.JobView)) plumbline.JobView { change(&j); return j }
	estimate := with(done, func(j *plumbline.JobView) { j.Kind = "estimate" })
	asked := with(estimate, func(j *plumbline.JobView) { j.OpenOptions, j.OptionsFrom = 3, noon(1) })

	tests := []struct {
		name string
		job  plumbline.JobView
		want string // the stages that hold
	}{
		{"a job without visits is booked", plumbline.JobView{}, "booked"},
		{"assignment a week ahead is not dispatch", plumbline.JobView{Visits: visits(assigned)}, "booked"},
		{"the day has begun for a visit with a technician", plumbline.JobView{Visits: visits(today)}, "booked dispatched"},
		{"the day has begun for a visit without one", plumbline.JobView{Visits: visits(begun)}, "booked"},
		{"the tool has dispatched", plumbline.JobView{Visits: visits(released)}, "booked dispatched"},
		{"what was dispatched is canceled", plumbline.JobView{Visits: visits(dropped, assigned)}, "booked"},
		{"somebody is en route", plumbline.JobView{Visits: visits(visit("en_route"))}, "booked dispatched"},
		{"the work is paused", plumbline.JobView{Visits: visits(visit("paused"))}, "booked dispatched"},
		{"one of two visits is complete", plumbline.JobView{Visits: visits(visit("complete"), visit("scheduled"))}, "booked dispatched"},
		{"a return visit has no date yet", plumbline.JobView{Visits: visits(visit("complete"), visit("unscheduled"))}, "booked dispatched"},
		{"all visits are complete", done, "booked dispatched completed"},
		{"one is complete and one canceled", plumbline.JobView{Visits: visits(visit("complete"), visit("canceled"))}, "booked dispatched completed"},
		{"something was left undone", with(done, func(j *plumbline.JobView) { j.Undone = []string{"valve"} }), "booked dispatched"},
		{"every line is billed", with(done, func(j *plumbline.JobView) { j.Billed, j.IssuedTotal, j.SettledBalance = true, 41250, 41250 }), "booked dispatched completed invoiced"},
		{"cash on the truck before the work is complete", plumbline.JobView{Visits: visits(visit("on_site")), Billed: true, IssuedTotal: 100}, "booked dispatched"},
		{"a deposit ahead of the work", plumbline.JobView{Visits: visits(assigned), Deposit: 10000, SettledBalance: -10000}, "booked"},
		{"the money is settled", with(done, func(j *plumbline.JobView) { j.Billed, j.IssuedTotal = true, 41250 }), "booked dispatched completed invoiced paid"},
		{"it was overpaid", with(done, func(j *plumbline.JobView) { j.Billed, j.IssuedTotal, j.SettledBalance = true, 41250, -5 }), "booked dispatched completed invoiced paid"},
		{"one cent is missing", with(done, func(j *plumbline.JobView) { j.Billed, j.IssuedTotal, j.SettledBalance = true, 41250, 1 }), "booked dispatched completed invoiced"},
		{"an invoice over nothing is never paid", with(done, func(j *plumbline.JobView) { j.Billed, j.NoCharge = true, true }), "booked dispatched completed invoiced closed"},
		{"it costs nothing", with(done, func(j *plumbline.JobView) { j.NoCharge = true }), "booked dispatched completed closed"},
		{"every visit is canceled", plumbline.JobView{Visits: visits(visit("canceled"), visit("canceled"))}, "booked canceled"},
		{"the tool has removed it", plumbline.JobView{Removed: true}, "booked canceled"},

		{"an estimate visit before the options are out", estimate, "booked dispatched completed"},
		{"an estimate with open options", asked, "booked dispatched completed"},
		{"all options are declined", with(asked, func(j *plumbline.JobView) { j.OpenOptions = 0 }), "booked dispatched completed no_sale"},
		{"30 days without an answer", with(asked, func(j *plumbline.JobView) { j.Rings = []string{"no_answer"} }), "booked dispatched completed no_sale"},
		{"the office says it was not sold", with(estimate, func(j *plumbline.JobView) { j.Outcome = "no_sale" }), "booked dispatched completed no_sale"},
		{"one option is approved, the others lapse", with(asked, func(j *plumbline.JobView) { j.OpenOptions, j.ApprovedOptions = 0, 1 }), "booked dispatched completed"},
		{"an option is approved late", with(asked, func(j *plumbline.JobView) { j.Rings, j.ApprovedOptions = []string{"no_answer"}, 1 }), "booked dispatched completed"},
		{"declined options of a repair", with(done, func(j *plumbline.JobView) { j.Kind, j.OptionsFrom = "repair", noon(1) }), "booked dispatched completed"},
		{"options declined before anybody came", with(asked, func(j *plumbline.JobView) { j.OpenOptions, j.Visits = 0, visits(visit("scheduled")) }), "booked"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(holding(t, p, &test.job), " "); got != test.want {
				t.Errorf("these stages hold: %s, want %s", got, test.want)
			}
		})
	}
}

// holding evaluates the stages in list order, as the fold does.
func holding(t *testing.T, p *Playbook, job *plumbline.JobView) []string {
	t.Helper()
	for _, s := range p.Job.Stages {
		ok, err := s.When.Holds(job)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			job.Holding = append(job.Holding, s.Name)
		}
	}
	return job.Holding
}

func noon(day int) time.Time { return time.Date(2026, 5, day, 17, 0, 0, 0, time.UTC) }

func TestKindsOfJob(t *testing.T) {
	p := builtIn(t)
	tests := []struct {
		job  plumbline.JobView
		want string
	}{
		{plumbline.JobView{Description: "No cool upstairs"}, "repair"},
		{plumbline.JobView{Description: "Customer asks for a quote for the leak"}, "repair"},
		{plumbline.JobView{Description: "Out of warranty, water heater leaks"}, "repair"},
		{plumbline.JobView{Type: "Estimate", Description: "Replacement of furnace"}, "estimate"},
		{plumbline.JobView{Tags: []string{"Quote"}}, "estimate"},
		{plumbline.JobView{Description: "Spring tune-up, 2 systems"}, "maintenance"},
		{plumbline.JobView{Type: "HVAC Maintenance"}, "maintenance"},
		{plumbline.JobView{Description: "Water heater installation"}, "install"},
		{plumbline.JobView{Tags: []string{"Callback"}, Description: "Tune-up, still noisy"}, "callback"},
		{plumbline.JobView{Description: "Warranty repair, compressor"}, "warranty"},
		{plumbline.JobView{Description: "BURST PIPE in the cellar"}, "emergency"},
		{plumbline.JobView{}, "repair"},
	}
	for _, test := range tests {
		k, err := p.KindOf(&test.job)
		if err != nil {
			t.Fatal(err)
		}
		if k.Kind != test.want {
			t.Errorf("%q %q %q is of kind %s, want %s", test.job.Type, test.job.Description, test.job.Tags, k.Kind, test.want)
		}
		if free := k.Kind == "callback" || k.Kind == "warranty"; k.NoCharge != free {
			t.Errorf("%s is free of charge: %t, want %t", k.Kind, k.NoCharge, free)
		}
		if k.Service["en"] == "" || k.Service["es"] == "" || k.Usual == 0 {
			t.Errorf("%s lacks its words or its usual time: %+v", k.Kind, k)
		}
	}
}

// office is the open hours of the shop of the built-in playbook.
func office(t *testing.T) calendar.Business {
	t.Helper()
	b := calendar.Business{Zone: zone(t, "America/Chicago"), Closed: []string{"2026-05-25"}}
	for day := time.Monday; day <= time.Saturday; day++ {
		b.Week[day] = []calendar.Hours{{From: 8 * 60, To: 17 * 60}}
	}
	return b
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func chicagoTime(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, zone(t, "America/Chicago"))
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

func TestWhenClocksRing(t *testing.T) {
	p := builtIn(t)
	at := func(text string) time.Time { return chicagoTime(t, text) }
	scheduled := func(starts, created string) Env {
		return Env{Visit: &plumbline.VisitView{Stage: "scheduled", Starts: at(starts)}, Job: &plumbline.JobView{Created: at(created)}, Property: &plumbline.PropertyView{Zone: "America/Chicago"}}
	}
	job := func(holding string, change func(*plumbline.JobView)) Env {
		j := &plumbline.JobView{Kind: "repair", Holding: strings.Fields(holding), Completed: at("2026-05-22 16:00"), SettledBalance: 41250, Due: at("2026-05-04 14:30")}
		if change != nil {
			change(j)
		}
		return Env{Job: j}
	}
	qa := func(word string) func(*plumbline.JobView) { return func(j *plumbline.JobView) { j.QA = word } }
	estimate := job("booked dispatched completed no_sale", func(j *plumbline.JobView) { j.Kind, j.OptionsFrom = "estimate", at("2026-03-01 12:00") })
	estimate.Since = map[string]time.Time{"no_sale": at("2026-03-10 12:34")}
	soldHouse := estimate
	sold := *estimate.Job
	sold.OutcomeReason = "sold house"
	soldHouse.Job = &sold
	invoiced := job("booked dispatched completed invoiced", nil)
	invoiced.Since = map[string]time.Time{"invoiced": at("2026-05-22 17:10")}
	const open, settled = "booked dispatched completed invoiced", "booked dispatched completed invoiced paid"
	next := func(j *plumbline.JobView) { j.NextDue = at("2026-09-21 10:00") }

	tests := []struct {
		name, clock string
		env         Env
		want        string // "" for not set
	}{
		{"06:00 of the day of the visit", "day_begun", scheduled("2026-05-04 14:00", "2026-05-01 09:00"), "2026-05-04 06:00"},
		{"the day of a visit without a date never begins", "day_begun", Env{Visit: &plumbline.VisitView{Stage: "scheduled"}}, ""},
		{"nor that of one that is canceled", "day_begun", Env{Visit: &plumbline.VisitView{Stage: "canceled", Starts: at("2026-05-04 14:00")}}, ""},
		{"06:00 in summer time on the day the clocks change", "day_begun", scheduled("2026-03-08 14:00", "2026-03-01 09:00"), "2026-03-08 06:00"},
		{"06:00 in winter time on the day they change back", "day_begun", scheduled("2026-11-01 14:00", "2026-10-01 09:00"), "2026-11-01 06:00"},

		{"evidence is given up on after a working day", "qa_unproven", job("completed", nil), "2026-05-23 16:00"},
		{"Sunday and a day off do not count", "qa_unproven", job("completed", func(j *plumbline.JobView) { j.Completed = at("2026-05-23 11:00") }), "2026-05-26 11:00"},
		{"what has passed is not given up on", "qa_unproven", job("completed", qa("passed")), ""},
		{"what is reopened is not given up on", "qa_unproven", job("dispatched", nil), ""},

		{"30 days after the options were sent", "no_answer", Env{Job: &plumbline.JobView{Kind: "estimate", OpenOptions: 2, OptionsFrom: at("2026-03-01 12:00")}}, "2026-03-31 12:00"},
		{"an answer stops it", "no_answer", Env{Job: &plumbline.JobView{Kind: "estimate", OpenOptions: 2, ApprovedOptions: 1, OptionsFrom: at("2026-03-01 12:00")}}, ""},
		{"a no to every option is an answer", "no_answer", Env{Job: &plumbline.JobView{Kind: "estimate", OptionsFrom: at("2026-03-01 12:00")}}, ""},

		{"a reminder at 16:00 the day before", "reminder", scheduled("2026-05-04 14:00", "2026-05-01 09:00"), "2026-05-03 16:00"},
		{"no reminder of what was booked that day", "reminder", scheduled("2026-05-04 14:00", "2026-05-03 09:00"), ""},
		{"the window at 08:00 of the day", "today", scheduled("2026-05-04 14:00", "2026-05-01 09:00"), "2026-05-04 08:00"},
		{"early windows have the reminder alone", "today", scheduled("2026-05-04 09:30", "2026-05-01 09:00"), ""},

		{"a review three hours after passed evidence", "review", job("completed", qa("passed")), "2026-05-22 19:00"},
		{"or waived", "review", job("completed", qa("waived")), "2026-05-22 19:00"},
		{"or given up on", "review", job("completed", qa("unproven")), "2026-05-22 19:00"},
		{"not while the evidence is looked at", "review", job("completed", qa("pending")), ""},
		{"not while the work is reopened", "review", job("dispatched", qa("passed")), ""},
		{"of a dispute as of anything else", "review", job("completed", func(j *plumbline.JobView) { j.QA, j.Disputed, j.Outcome = "passed", true, "declined work" }), "2026-05-22 19:00"},
		{"of a warranty job that costs nothing", "review", job("completed closed", func(j *plumbline.JobView) { j.QA, j.Kind, j.NoCharge = "passed", "warranty", true }), "2026-05-22 19:00"},
		{"never of an estimate", "review", job("completed", func(j *plumbline.JobView) { j.QA, j.Kind = "passed", "estimate" }), ""},

		{"an invoice an hour after it was issued", "invoice", invoiced, "2026-05-22 18:10"},
		{"no invoice of what was paid on site", "invoice", job(settled, nil), ""},
		{"three days past due at 10:00", "due3", job(open, nil), "2026-05-07 10:00"},
		{"ten days", "due10", job(open, nil), "2026-05-14 10:00"},
		{"twenty-one days", "due21", job(open, nil), "2026-05-25 10:00"},
		{"a person after thirty", "due30", job(open, nil), "2026-06-03 10:00"},
		{"nobody is dunned who paid", "due3", job(settled, nil), ""},
		{"nor for less than 5.00", "due3", job(open, func(j *plumbline.JobView) { j.SettledBalance = 499 }), ""},
		{"but for 5.00", "due3", job(open, func(j *plumbline.JobView) { j.SettledBalance = 500 }), "2026-05-07 10:00"},
		{"nor in a dispute", "due3", job(open, func(j *plumbline.JobView) { j.Disputed = true }), ""},
		{"nor without a due date", "due3", job(open, func(j *plumbline.JobView) { j.Due = time.Time{} }), ""},

		{"maintenance, 21 days before it is due", "maint21", job(settled, next), "2026-08-31 10:00"},
		{"14 days before", "maint14", job(settled, next), "2026-09-07 10:00"},
		{"3 days before", "maint3", job(settled, next), "2026-09-18 10:00"},
		{"once more 14 days after", "maint_again", job(settled, next), "2026-10-05 10:00"},
		{"confirmed only when paid", "maint14", job(open, next), ""},
		{"or closed without charge", "maint14", job("completed closed", next), "2026-09-07 10:00"},
		{"no maintenance without a date", "maint14", job(settled, nil), ""},

		{"rebooking ten days after no sale", "rebook1", estimate, "2026-03-20 10:00"},
		{"and three days before the options end", "rebook2", estimate, "2026-03-28 10:00"},
		{"not of somebody who sold the house", "rebook1", soldHouse, ""},
		{"not of what was sold", "rebook1", job("completed", nil), ""},
	}
	for _, test := range tests {
		t.Run(test.clock+": "+test.name, func(t *testing.T) {
			due, set, err := p.Clocks[test.clock].Due(test.env, zone(t, "America/Chicago"), office(t))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if set {
				got = due.In(zone(t, "America/Chicago")).Format("2006-01-02 15:04")
			}
			if got != test.want {
				t.Errorf("it rings at %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheNextMaintenance(t *testing.T) {
	p := builtIn(t)
	tests := []struct{ name, completed, description, want string }{
		{"half a year on, within the season", "2026-04-10 15:00", "tune-up", "2026-10-10 15:00"},
		{"moved forward into the season", "2026-07-01 15:00", "tune-up", "2027-03-01 15:00"},
		{"the last of a shorter month, moved into spring", "2026-08-31 15:00", "tune-up", "2027-03-01 15:00"},
		{"a water heater every year", "2026-07-01 15:00", "water heater maintenance", "2027-07-01 15:00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := Env{Job: &plumbline.JobView{Kind: "maintenance", Description: test.description, Completed: chicagoTime(t, test.completed)}}
			var got string
			for _, c := range p.Job.Next {
				due, set, err := c.Due(e, zone(t, "America/Chicago"), nil)
				if err != nil {
					t.Fatal(err)
				}
				if set {
					got = due.In(zone(t, "America/Chicago")).Format("2006-01-02 15:04")
					break
				}
			}
			if got != test.want {
				t.Errorf("it is due at %s, want %s", got, test.want)
			}
		})
	}
	for _, c := range p.Job.Next {
		if _, set, _ := c.Due(Env{Job: &plumbline.JobView{Kind: "repair", Completed: noon(1)}}, time.UTC, nil); set {
			t.Errorf("a repair sets the next maintenance (%s)", c.Name)
		}
	}
}

func TestTimesThatTheClocksSkipOrShowTwice(t *testing.T) {
	chicago := zone(t, "America/Chicago")
	tests := []struct {
		name      string
		day       time.Time
		hour, min int
		want      string
	}{
		{"a time that is skipped is the moment of the change", time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC), 2, 30, "2026-03-08T08:00:00Z"},
		{"a time that comes twice is its first coming", time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), 1, 30, "2026-11-01T06:30:00Z"},
		{"the hour after is plain", time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), 2, 0, "2026-11-01T08:00:00Z"},
		{"any other day is plain", time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), 2, 30, "2026-06-01T07:30:00Z"},
	}
	for _, test := range tests {
		if got := onClock(test.day, test.hour, test.min, chicago).UTC().Format(time.RFC3339); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestMonthsStayWithinTheMonthTheyComeTo(t *testing.T) {
	c := &Clock{Name: "c", From: instantOf(t, "job.completed"), Months: 6}
	due, _, err := c.Due(Env{Job: &plumbline.JobView{Completed: time.Date(2026, 8, 31, 15, 0, 0, 0, time.UTC)}}, time.UTC, nil)
	if want := time.Date(2027, 2, 28, 15, 0, 0, 0, time.UTC); err != nil || !due.Equal(want) {
		t.Errorf("half a year after 31 August is %v (%v), want %v", due, err, want)
	}
}

func instantOf(t *testing.T, text string) *Instant {
	t.Helper()
	p := builtIn(t, layer("location", "clocks: {mine: {from: "+text+"}}\n"))
	return p.Clocks["mine"].From
}

func TestAClockThatCountsWorkingDaysWantsToKnowThem(t *testing.T) {
	p := builtIn(t)
	e := Env{Job: &plumbline.JobView{Holding: []string{"completed"}, Completed: noon(1)}}
	if _, _, err := p.Clocks["qa_unproven"].Due(e, time.UTC, nil); err == nil {
		t.Error("nobody said which days the office works, and there was no error")
	}
	if _, _, err := p.Clocks["qa_unproven"].Due(e, time.UTC, calendar.Business{Zone: time.UTC}); err == nil {
		t.Error("the office never works, and there was no error")
	}
}

func TestSinceWhenAStageHoldsMustBeSaid(t *testing.T) {
	p := builtIn(t)
	e := Env{Job: &plumbline.JobView{Holding: []string{"no_sale"}}}
	if _, _, err := p.Clocks["rebook1"].Due(e, time.UTC, nil); err == nil || !strings.Contains(err.Error(), "nobody said since when stage no_sale holds") {
		t.Errorf("the error is %v, want one that names the stage", err)
	}
}

func TestMissedRings(t *testing.T) {
	c := &Clock{Until: time.Hour}
	if c.Missed(noon(1), noon(1).Add(time.Hour)) || !c.Missed(noon(1), noon(1).Add(time.Hour+1)) {
		t.Error("a ring is of use until, and not after, its hour")
	}
	if (&Clock{}).Missed(noon(1), noon(30)) {
		t.Error("a ring without a bound is of use for ever")
	}
}

func TestRulesOfTheBuiltInPlaybook(t *testing.T) {
	p := builtIn(t)
	roles := func(r ...plumbline.Role) []plumbline.Role { return r }
	tests := []struct {
		id, on, class string
		to            []plumbline.Role
		within, fresh time.Duration
	}{
		{"reminder", "clock.reminder", "service", roles("site_contact"), 4 * time.Hour, 0},
		{"today", "clock.today", "service", roles("site_contact"), 2 * time.Hour, 0},
		{"onway", "visit.en_route", "active_visit", roles("site_contact"), 0, 15 * time.Minute},
		{"canceled", "visit.canceled", "service", roles("booker"), 2 * time.Hour, 0},
		{"review", "clock.review", "asking", roles("reviewer"), 72 * time.Hour, 0},
		{"invoice", "clock.invoice", "account", roles("payer"), 48 * time.Hour, 0},
		{"due3", "clock.due3", "account", roles("payer"), 72 * time.Hour, 0},
		{"due10", "clock.due10", "account", roles("payer"), 72 * time.Hour, 0},
		{"due21", "clock.due21", "account", roles("payer"), 72 * time.Hour, 0},
		{"maint", "clock.maint14", "marketing", roles("member"), 72 * time.Hour, 0},
		{"rebook1", "clock.rebook1", "marketing", roles("booker"), 72 * time.Hour, 0},
		{"rebook2", "clock.rebook2", "marketing", roles("booker"), 72 * time.Hour, 0},
		{"help", "text.help", "reply", nil, 5 * time.Minute, 0},
	}
	for _, test := range tests {
		r := p.Rule(test.id)
		if r == nil || r.On != test.on || r.Class != test.class || !slices.Equal(r.To, test.to) || r.Within != test.within || r.Fresh != test.fresh {
			t.Errorf("%s is %+v, want on %s, class %s, to %v, within %v, fresh %v", test.id, r, test.on, test.class, test.to, test.within, test.fresh)
		}
	}
	c := p.Rule("confirm")
	if c.News != "visit.window" || c.First != "confirm" || c.Then != "moved" || c.By != 30*time.Minute || c.Quiet != 2*time.Minute || c.Within != 2*time.Hour || c.Ahead != time.Hour {
		t.Errorf("confirm is %+v", c)
	}
	if p.Rule("onway").Valid != 30*time.Minute || p.Rule("onway").Reopens != "visit.reassigned" {
		t.Errorf("onway is %+v", p.Rule("onway"))
	}
	if p.Rule("today").Unseen != "visit.en_route" {
		t.Error("the window of the morning is told where the van is seen leaving")
	}
	if p.Rule("review").Reopens != "withdrawn:job.completed" {
		t.Error("a reopened job is never asked about again")
	}
}

func TestWhatMustStillHoldWhenSending(t *testing.T) {
	p := builtIn(t)
	owed := func(change func(*plumbline.JobView)) Env {
		j := &plumbline.JobView{Holding: []string{"booked", "completed", "invoiced"}, SettledBalance: 41250}
		change(j)
		return Env{Job: j, Now: noon(10)}
	}
	noSale := &plumbline.JobView{Holding: []string{"no_sale"}}
	maint := &plumbline.JobView{NextDue: noon(20)}
	tests := []struct {
		name, rule string
		env        Env
		want       bool
	}{
		{"a confirmation of a visit to come", "confirm", Env{Visit: &plumbline.VisitView{Stage: "scheduled", Starts: noon(11)}, Now: noon(10)}, true},
		{"none of a visit that is over", "confirm", Env{Visit: &plumbline.VisitView{Stage: "scheduled", Starts: noon(9)}, Now: noon(10)}, false},
		{"a change within the window", "confirm", Env{Visit: &plumbline.VisitView{Stage: "scheduled", Starts: noon(10).Add(-time.Hour), Window: 2 * time.Hour}, Now: noon(10)}, true},
		{"on the way", "onway", Env{Visit: &plumbline.VisitView{Stage: "en_route"}}, true},
		{"not once arrived", "onway", Env{Visit: &plumbline.VisitView{Stage: "on_site"}}, false},
		{"a cancellation of a visit to come", "canceled", Env{Visit: &plumbline.VisitView{Stage: "canceled", Starts: noon(11)}, Now: noon(10)}, true},
		{"none of one that was long ago", "canceled", Env{Visit: &plumbline.VisitView{Stage: "canceled", Starts: noon(9)}, Now: noon(10)}, false},
		{"none of one that is on again", "canceled", Env{Visit: &plumbline.VisitView{Stage: "scheduled", Starts: noon(11)}, Now: noon(10)}, false},
		{"a reminder of what is owed", "due3", owed(func(*plumbline.JobView) {}), true},
		{"a promise holds it", "due3", owed(func(j *plumbline.JobView) { j.Promised = noon(11) }), false},
		{"a promise that has passed does not", "due3", owed(func(j *plumbline.JobView) { j.Promised = noon(9) }), true},
		{"a dispute stops it", "due10", owed(func(j *plumbline.JobView) { j.Disputed = true }), false},
		{"a payment meanwhile stops it", "due21", owed(func(j *plumbline.JobView) { j.SettledBalance = 0 }), false},
		{"4.99 are not asked for", "due21", owed(func(j *plumbline.JobView) { j.SettledBalance = 499 }), false},
		{"a review of complete work", "review", Env{Job: &plumbline.JobView{Holding: []string{"completed"}}}, true},
		{"none while it is reopened", "review", Env{Job: &plumbline.JobView{Holding: []string{"dispatched"}}}, false},
		{"rebooking", "rebook1", Env{Job: noSale, Customer: &plumbline.PersonView{}}, true},
		{"any booking ends rebooking", "rebook1", Env{Job: noSale, Customer: &plumbline.PersonView{OpenJobs: 1}}, false},
		{"a late yes ends rebooking", "rebook2", Env{Job: &plumbline.JobView{}, Customer: &plumbline.PersonView{}}, false},
		{"maintenance", "maint", Env{Job: maint, Customer: &plumbline.PersonView{NextMaintenance: noon(20)}}, true},
		{"any booking ends maintenance", "maint", Env{Job: maint, Customer: &plumbline.PersonView{NextStarts: noon(12)}}, false},
		{"a later maintenance replaces it", "maint", Env{Job: maint, Customer: &plumbline.PersonView{NextMaintenance: noon(31)}}, false},
	}
	for _, test := range tests {
		t.Run(test.rule+": "+test.name, func(t *testing.T) {
			got, err := p.Rule(test.rule).While.Eval(test.env)
			if err != nil || got != test.want {
				t.Errorf("it holds: %t (%v), want %t", got, err, test.want)
			}
		})
	}
}

func TestTasksEndWithTheirCause(t *testing.T) {
	p := builtIn(t)
	tests := []struct {
		name, rule string
		env        Env
		want       bool
	}{
		{"no sale and nothing booked", "rebook_call", Env{Job: &plumbline.JobView{Holding: []string{"no_sale"}}}, false},
		{"something is booked", "rebook_call", Env{Job: &plumbline.JobView{Holding: []string{"no_sale"}}, Customer: &plumbline.PersonView{OpenJobs: 1}}, true},
		{"an option was approved late", "rebook_call", Env{Job: &plumbline.JobView{}}, true},
		{"maintenance is not booked", "maint_call", Env{}, false},
		{"maintenance is booked", "maint_call", Env{Customer: &plumbline.PersonView{NextStarts: noon(1)}}, true},
		{"the invoice is open", "due30", Env{Job: &plumbline.JobView{SettledBalance: 500}}, false},
		{"the invoice is paid", "due30", Env{Job: &plumbline.JobView{}}, true},
	}
	for _, test := range tests {
		got, err := p.Rule(test.rule).Task.Ends.Eval(test.env)
		if err != nil || got != test.want {
			t.Errorf("%s: %s ends: %t (%v), want %t", test.rule, test.name, got, err, test.want)
		}
	}
	if p.Rule("rebook_call").Task.Days != 3 || p.Rule("rebook_call").On != "job.no_sale" {
		t.Errorf("the task of no sale is %+v, want one three days after it", p.Rule("rebook_call"))
	}
}

func TestMovesOfAVisit(t *testing.T) {
	p := builtIn(t)
	want := map[string]string{
		"unscheduled": "scheduled canceled", "scheduled": "en_route on_site complete unscheduled canceled", "en_route": "on_site paused scheduled canceled",
		"on_site": "paused complete canceled", "paused": "on_site en_route complete unscheduled", "complete": "on_site", "canceled": "scheduled",
	}
	for stage, to := range want {
		if got := strings.Join(p.Visit.Stages[stage].To, " "); got != to {
			t.Errorf("from %s a visit may go to %q, want %q", stage, got, to)
		}
	}
	if p.Visit.Stages["complete"].Undo != 48*time.Hour || !p.Visit.Stages["paused"].Reason || p.Visit.Start != "unscheduled" {
		t.Error("a complete visit is reopened within 48 hours, a pause has a reason, and a visit starts unscheduled")
	}
	ok, err := p.Visit.Guards["complete"][0].Need.Eval(Env{Visit: &plumbline.VisitView{}})
	if err != nil || ok {
		t.Errorf("a visit may be completed without an outcome: %t, %v", ok, err)
	}
}

func TestWhichSourceWins(t *testing.T) {
	p := builtIn(t)
	for _, test := range []struct {
		kind  plumbline.Kind
		field string
		want  string
	}{
		{plumbline.Customer, "email", "office person form lookup"},
		{plumbline.Job, "status", "office field form"},
		{plumbline.Invoice, "balance", "office books field"},
		{plumbline.Address, "x", "office person form lookup"},
	} {
		if got := strings.Join(p.Survivorship.Ranks(test.kind, test.field), " "); got != test.want {
			t.Errorf("of the %s of a %s the winners are %q, want %q", test.field, test.kind, got, test.want)
		}
	}
}

func TestExpressionsOverNothing(t *testing.T) {
	p := builtIn(t)
	for _, r := range p.Rules {
		for _, c := range []*Condition{r.When, r.While} {
			if _, err := c.Eval(Env{}); err != nil {
				t.Errorf("%s over nothing: %v", r.ID, err)
			}
		}
	}
	for _, c := range p.Clocks {
		if _, _, err := c.Due(Env{}, time.UTC, office(t)); err != nil {
			t.Errorf("clock %s over nothing: %v", c.Name, err)
		}
	}
	for typ, m := range p.Mapping["hubspot"] {
		for _, f := range m.Fields {
			if f.From == nil {
				continue
			}
			if _, err := f.From.Eval(Env{}); err != nil {
				t.Errorf("%s.%s over nothing: %v", typ, f.Name, err)
			}
		}
	}
}

func TestFunctions(t *testing.T) {
	e := Env{Key: "k", Customer: &plumbline.PersonView{Balance: -123456789012345, FirstName: `<a&"`}, Job: &plumbline.JobView{Completed: noon(1), Undone: []string{"a", "", "b"}}}
	tests := []struct{ text, want string }{
		{`major(customer.balance)`, "-1234567890123.45"},
		{`major(-5)`, "-0.05"},
		{`major(money("5.00") + money("0.5") + money("7") - money("-1"))`, "13.50"},
		{`html(customer.first_name)`, "&lt;a&amp;&#34;"},
		{`join(job.undone, ", ")`, "a, b"},
		{`day(job.completed, "America/Chicago")`, "1 May"},
		{`date(job.completed, "Asia/Tokyo")`, "2026-05-02"},
		{`clock(job.completed, "America/Chicago")`, "12:00"},
		{`day(job.promised, "America/Chicago")`, ""},
		{`known(job.promised) ? "yes" : "no"`, "no"},
		{`job.holds("paid") || job.rang("review") ? "yes" : key`, "k"},
	}
	for _, test := range tests {
		p := builtIn(t, layer("location", "mapping: {csv: {row: {for: job, fields: {f: {type: string, write: always, from: '"+test.text+"'}}}}}\n"))
		got, err := p.Mapping["csv"]["row"].Fields[0].From.Eval(e)
		if err != nil || got != test.want {
			t.Errorf("%s = %v (%v), want %q", test.text, got, err, test.want)
		}
	}
}

func TestAPlaybookMayBeUsedByManyAtOnce(t *testing.T) {
	p := builtIn(t)
	s, _ := p.Job.Stage("completed")
	done := make(chan error)
	for range 8 {
		go func() {
			for range 100 {
				if ok, err := s.When.Holds(&plumbline.JobView{Visits: []plumbline.VisitView{{Stage: "complete"}}}); err != nil || !ok {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
