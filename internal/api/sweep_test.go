package api_test

import (
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/tenant"
)

// A plan is asked for, made, read and, once the connection is on, applied by its name.
func TestASweepIsPlannedReadAndAppliedByName(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var s mirror.Sweep
		w.must(200, "GET", "/v1/connections/hubspot/sweep", nil, &s)
		if s.Mode != tenant.Rehearsal || s.Round != "" || s.ShareCalls != 17 || s.All != 0 {
			t.Errorf("before anything the sweep is %+v", s)
		}
		w.must(422, "GET", "/v1/connections/hcp/sweep", nil, nil)
		var name api.PlanName
		w.must(201, "POST", "/v1/connections/hubspot/sweep/plan", nil, &name)
		var plan api.SweepPlan
		w.must(200, "GET", "/v1/connections/hubspot/sweep/plan", nil, &plan)
		if plan.Plan != name.Plan || plan.Round != "plan" || !plan.Ended.IsZero() {
			t.Errorf("once asked for the plan %s is %+v", name.Plan, plan)
		}
		w.must(409, "POST", "/v1/connections/hubspot/sweep/application", name, nil) // it rehearses
		w.must(200, "PATCH", "/v1/connections/hubspot", map[string]string{"mode": "on"}, nil)
		w.must(409, "POST", "/v1/connections/hubspot/sweep/application", name, nil) // it is not made yet
		w.sweeps()
		w.must(200, "GET", "/v1/connections/hubspot/sweep/plan", nil, &plan)
		if plan.Ended.IsZero() || plan.Left != 0 {
			t.Errorf("made, the plan is %+v", plan)
		}
		w.must(409, "POST", "/v1/connections/hubspot/sweep/application", api.PlanName{Plan: "1"}, nil)
		w.must(201, "POST", "/v1/connections/hubspot/sweep/application", name, nil)
		w.sweeps()
		w.must(200, "GET", "/v1/connections/hubspot/sweep/plan", nil, &plan)
		if plan.Round != "apply" || plan.Ended.IsZero() {
			t.Errorf("applied, the plan is %+v", plan)
		}
		w.must(409, "POST", "/v1/connections/hubspot/sweep/application", name, nil)
		w.must(200, "PATCH", "/v1/connections/hubspot", map[string]string{"mode": "off"}, nil)
		w.must(409, "POST", "/v1/connections/hubspot/sweep/plan", nil, nil)
	})
}

// sweeps lets what is owed to the CRM be done, but for what cannot be: nobody answers.
func (w *world) sweeps() {
	w.t.Helper()
	err := w.node.DB.Do(w.t.Context(), w.now, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM outbox WHERE location_id = 'boise' AND lot <> 'sweep'`)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, d := range w.node.Dispatchers {
		for strings.HasPrefix(d.Quota, "hubspot") {
			worked, _, err := d.Step(w.t.Context(), w.now)
			if err != nil {
				w.t.Fatal(err)
			}
			if !worked {
				break
			}
		}
	}
}
