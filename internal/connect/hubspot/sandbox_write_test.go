package hubspot_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
	"plumbline.dev/plumbline/internal/connect/hubspot"
	sandbox "plumbline.dev/plumbline/internal/sandbox/hubspot"
)

// settle keeps records true as mirror would: it writes, and where the outcome is
// unknown it looks before it writes again. It returns how often it looked.
func (o *office) settle(t *testing.T, typ string, changes []connect.Change) (looks int) {
	t.Helper()
	wanted := map[string]connect.Change{}
	for _, c := range changes {
		wanted[c.Key] = c
	}
	for range 500 {
		keys := slices.Sorted(maps.Keys(wanted))
		if len(keys) == 0 {
			return looks
		}
		var todo []connect.Change
		for _, key := range keys[:min(len(keys), 10)] {
			todo = append(todo, wanted[key])
		}
		o.now = o.now.Add(time.Minute)
		out, err := o.tool.Write(t.Context(), typ, todo)
		for i, c := range todo {
			e := connect.AsError(err)
			if err == nil {
				e = out[i].Err
			}
			switch {
			case e == nil:
				delete(wanted, c.Key)
			case e.Class == connect.Human:
				t.Fatalf("%s: %v, existing %q", c.Key, e, e.Existing)
			case e.Class == connect.Unknown:
				looks++
				c.ID = o.look(t, typ, c)
				wanted[c.Key] = c
			}
		}
	}
	t.Fatalf("%d are not written", len(wanted))
	return looks
}

// look asks until there is an answer.
func (o *office) look(t *testing.T, typ string, c connect.Change) string {
	t.Helper()
	for range 100 {
		r, ok, err := o.tool.Find(t.Context(), typ, c)
		if err == nil && ok {
			return r.ID
		}
		if err == nil {
			return c.ID
		}
	}
	t.Fatalf("%s cannot be looked for", c.Key)
	return ""
}

var broken = sandbox.Faults{TooMany: .05, ServerError: .1, Locked423: .1, LostAnswer: .2, Garbage: .1}

func TestSandboxNothingIsMadeTwiceWhateverBreaks(t *testing.T) {
	o, s := ready(t, func(options *sandbox.Options) { options.Limits.Unlimited = true })
	deal := s.Types["deal"]
	var jobs, notes []connect.Change
	for i := range 40 {
		jobs = append(jobs, connect.Change{Key: fmt.Sprint("job", i), Fields: map[string]string{
			"amount": fmt.Sprint(100 + i), "dealname": "AC repair", "pipeline": deal.Pipeline, "dealstage": deal.Stages["booked"]}})
	}
	o.SetFaults(broken)
	looks := o.settle(t, "deal", jobs)
	o.SetFaults(sandbox.Faults{})
	home := o.Objects("deals")[0].ID
	for i := range 40 {
		key := fmt.Sprint("visit-", i)
		notes = append(notes, connect.Change{Key: key, Links: []connect.Association{{ToType: "deal", ToID: home}}, Fields: map[string]string{
			"hs_timestamp": "2026-11-20T19:00:00Z", "hs_note_body": "<p>Done</p><p>" + key + "</p>"}})
	}
	o.SetFaults(broken)
	looks += o.settle(t, "note", notes)
	if looks == 0 {
		t.Error("nothing broke: the test shows nothing")
	}
	for kind, property := range map[string]string{"deals": hubspot.KeyProperty, "notes": "hs_note_body"} {
		made := map[string]int{}
		for _, d := range o.Objects(kind) {
			made[d.Properties[property]]++
		}
		for key, n := range made {
			if n != 1 {
				t.Errorf("%s %s was made %d times", kind, key, n)
			}
		}
		if len(made) != 40 {
			t.Errorf("%d %s, want 40", len(made), kind)
		}
	}
}

func TestSandboxTargetSuite(t *testing.T) {
	o, s := ready(t, func(options *sandbox.Options) { options.Limits.Unlimited = true })
	deal := s.Types["deal"]
	connecttest.TestTarget(t, connecttest.Target{Target: o.tool, Type: "deal", Other: "contact",
		Fields: map[string]string{"dealname": "AC", "pipeline": deal.Pipeline, "dealstage": deal.Stages["booked"]},
		Change: map[string]string{"dealname": "AC repair"}, Bad: map[string]string{"dealname": "AC", "pipeline": deal.Pipeline, "dealstage": "nowhere"},
		OtherFields: map[string]string{"firstname": "Kim"},
		Joined: func(from, to string) bool {
			for _, d := range o.Objects("deals") {
				if d.ID == from {
					return slices.ContainsFunc(d.Associations, func(a sandbox.Association) bool { return a.ID == to })
				}
			}
			return false
		},
		Settle: func() { o.now = o.now.Add(time.Minute) }})
}
