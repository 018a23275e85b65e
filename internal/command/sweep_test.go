package command

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/mirror"
)

func TestASweepIsShownPlannedAndApplied(t *testing.T) {
	d := newDesk(t)
	if out := d.must("sweep", "status", "hubspot"); !strings.Contains(out, "hubspot is rehearsal") || !strings.Contains(out, "no round yet") ||
		!strings.Contains(out, "17 calls in 10s") || !strings.Contains(out, "no drift was found") {
		t.Errorf("the status is\n%s", out)
	}
	if out := d.must("sweep", "plan", "hubspot"); !strings.Contains(out, "the plan is being made while plumbline serve runs") {
		t.Errorf("the plan that was begun is\n%s", out)
	}
	var p api.SweepPlan
	s := d.serve()
	d.until(func() bool {
		d.read(&p, "sweep", "plan", "hubspot", "--json")
		return !p.Ended.IsZero()
	})
	if code := s.stop(); code != 0 {
		t.Fatalf("serve ended with %d: %s", code, s.log())
	}
	if code, _, err := d.run("sweep", "apply", "hubspot", p.Plan); code != 1 || !strings.Contains(err, "switch it on first") {
		t.Errorf("applying in rehearsal = %d %s", code, err)
	}
	d.must("connections", "switch", "hubspot", "on")
	if out := d.must("sweep", "apply", "hubspot", p.Plan); !strings.Contains(out, "plumbline sweep plan hubspot shows") {
		t.Errorf("applying printed\n%s", out)
	}
	if out := d.must("sweep", "plan", "hubspot"); !strings.Contains(out, "the plan is being applied") {
		t.Errorf("the plan is\n%s", out)
	}
}

func TestAPlanTellsWhatIsThereWhatIsWantedWhyAndWhatWouldBeDone(t *testing.T) {
	at := time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	err := writePlan(&out, "hubspot", api.SweepPlan{Plan: "17", Round: "plan", Begun: at, Ended: at, Counts: map[string]int{"planned": 1, "left": 1}, Records: []mirror.PlanRow{
		{Type: "contact", Key: "k1", ID: "501", State: "planned", Found: []mirror.Found{{Field: "plumbline_technician", There: "Nobody", Desired: "Rafael", Cause: mirror.CausePerson,
			Who: "CRM_UI userId:88", Do: mirror.Repair, Why: "the target says something else"}}},
		{Type: "deal", Key: "k2", ID: "7", State: "left", Why: "nothing of it differs any more", Found: []mirror.Found{{Cause: mirror.CauseDeleted, Do: mirror.Show, Why: "it is made again only on a person's word"}}},
	}})
	const want = `plan 17 of 2026-05-04T15:00:00Z; carry it out with: plumbline sweep apply hubspot 17
left: 1
planned: 1
planned contact 501 (key k1)
  plumbline_technician: there "Nobody", ours "Rafael"; repair: the target says something else (person, CRM_UI userId:88)
left deal 7 (key k2) nothing of it differs any more
  the record: there "", ours ""; show: it is made again only on a person's word (deletion)
`
	if err != nil || out.String() != want {
		t.Errorf("the plan is told as\n%s(%v), want\n%s", out.String(), err, want)
	}
	out.Reset()
	err = writeSweep(&out, mirror.Sweep{Connection: "hubspot", Mode: "on", Round: "keep", Begun: at, Expected: at.Add(10 * time.Minute), Records: 1200, Left: 200, Calls: 10, All: 1300,
		Bound: 10, ShareCalls: 17, ShareWindow: 10, LeastRecent: at.Add(-time.Hour), Drift: []mirror.DriftCount{{Type: "deal", Field: "amount", Cause: mirror.CauseLost, Did: mirror.Repair, N: 3, Last: at}}})
	const status = `hubspot is on
round: keep, since 2026-05-04T15:00:00Z, 1000 of 1200 records read in 10 calls, expected to end at 2026-05-04T15:10:00Z
a round over 1300 records takes at most 10s while nothing else is due: 100 to a call, 17 calls in 10s
least recently verified: 2026-05-04T14:00:00Z
TYPE  FIELD   CAUSE       DONE    TIMES  LAST
deal  amount  lost_write  repair  3      2026-05-04
`
	if err != nil || out.String() != status {
		t.Errorf("the sweep is told as\n%s(%v), want\n%s", out.String(), err, status)
	}
}
