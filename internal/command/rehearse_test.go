package command

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/rehearse"
)

func TestARehearsalIsToldWithWhatMattersFirst(t *testing.T) {
	var out, err bytes.Buffer
	s := &shell{World: World{Out: &out, Err: &err}}
	progress := s.progress()
	for i := range 40 {
		progress("the other playbook", i+1, 40)
	}
	if n := strings.Count(err.String(), "\n"); n != 11 || !strings.HasSuffix(err.String(), "the other playbook: 100 % of 40 deliveries\n") {
		t.Errorf("progress in %d lines:\n%s", n, err.String())
	}
	day := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	s.rehearsed(rehearse.Report{Location: "boise", Since: day, Until: day.AddDate(0, 0, 2), Deliveries: 812, Jobs: 40,
		Rules: []rehearse.RuleChange{{Rule: "done", Then: 12, More: []rehearse.Reason{{Why: "there is no such rule", N: 12, Examples: []string{"job 1001", "job 1002"}}}},
			{Rule: "onway", Today: 9, Fewer: []rehearse.Reason{{Why: "it is too late", N: 9, Examples: []string{"job 1001"}}}, Reworded: 2, Tasks: 3, NoTasks: 1}},
		Stages:  []rehearse.StageChange{{From: "invoiced", To: "completed", Jobs: 5, Examples: []string{"job 1001"}}},
		Records: []rehearse.RecordChange{{Connection: "hubspot", Type: "deal", Fewer: 40}, {Connection: "hubspot", Type: "ticket", More: 40}},
		Fields:  []rehearse.FieldChange{{Connection: "hubspot", Type: "deal", Field: "dealstage", Records: 5, Examples: []rehearse.Change{{From: "invoiced", To: "completed", N: 5}}}}})
	want := `location boise: 812 deliveries, 40 jobs, from 2026-05-04 to 2026-05-06

rule done: 0 messages today, 12 then
  + 12 would be said; today they are not: there is no such rule (job 1001, job 1002)

rule onway: 9 messages today, 0 then
  - 9 would not be said any more: it is too late (job 1001)
  ~ 2 would be said in other words
  + 3 tasks for people
  - 1 tasks for people would not be set

stages
  5 jobs: invoiced -> completed (job 1001)

records of targets
  - 40 of hubspot as deal are not written any more; they stay as they are
  + 40 of hubspot as ticket

fields of targets
  5 of hubspot as deal: dealstage
    5: "invoiced" -> "completed"
`
	if out.String() != want {
		t.Errorf("it prints\n%s\nwant\n%s", out.String(), want)
	}
}

func TestARehearsalNeedsAHistoryAndADay(t *testing.T) {
	d := newDesk(t)
	d.must("connections", "list") // the database is made
	file := d.write("other.yaml", policy)
	for want, args := range map[string][]string{
		"nothing is stored":    {"rehearse", "--playbook", file},
		"is no day":            {"rehearse", "--playbook", file, "--since", "yesterday"},
		"missing flags":        {"rehearse"},
		"no such file":         {"rehearse", "--playbook", file + "x"},
		"there is no location": {"--location", "reno", "rehearse", "--playbook", file},
	} {
		if code, _, err := d.run(args...); code == 0 || !strings.Contains(err, want) {
			t.Errorf("%v = %d %q, want %q", args, code, err, want)
		}
	}
}
