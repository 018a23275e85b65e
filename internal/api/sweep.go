package api

import (
	"context"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/explain"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/tenant"
)

type sweepInput struct {
	NameInput
	Days int `query:"days" default:"30" minimum:"1" maximum:"3660" doc:"Over how many days what was found is counted"`
}

func (a *API) sweep(ctx context.Context, in *sweepInput) (*answer[mirror.Sweep], error) {
	out := &answer[mirror.Sweep]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		out.Body, err = a.Mirror.SweepStatus(tx, location, in.Name, tx.Now.AddDate(0, 0, 1-in.Days))
		return err
	})
}

// A SweepPlan is what a sweep would do: how it stands, and its first records.
type SweepPlan struct {
	Plan    string           `json:"plan" doc:"Its name, by which it is applied"`
	Round   string           `json:"round" doc:"plan: it is being made or stands; apply: it is being applied or has been; else there is none"`
	Begun   time.Time        `json:"begun,omitzero"`
	Ended   time.Time        `json:"ended,omitzero" doc:"Absent while it is under way"`
	Left    int64            `json:"left" doc:"Records that are still to be read"`
	Counts  map[string]int   `json:"counts" doc:"Records by state: planned, applied or left"`
	Records []mirror.PlanRow `json:"records"`
}

func (a *API) sweepPlan(ctx context.Context, in *planInput) (*answer[SweepPlan], error) {
	out := &answer[SweepPlan]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		out.Body, err = a.SweepPlanOf(tx, location, in.Name, in.Limit)
		return err
	})
}

// SweepPlanOf returns the plan of a connection, masked.
func (a *API) SweepPlanOf(tx *db.Tx, location, name string, limit int) (SweepPlan, error) {
	s, err := a.Mirror.SweepStatus(tx, location, name, tx.Now)
	if err != nil {
		return SweepPlan{}, err
	}
	out := SweepPlan{Plan: s.Plan, Round: s.Round, Begun: s.Begun, Ended: s.Ended, Left: s.Left, Counts: s.PlanRecords, Records: []mirror.PlanRow{}}
	list, err := a.Mirror.SweepPlan(tx, location, name, "", "", limit)
	for _, row := range list {
		for i := range row.Found {
			f := &row.Found[i]
			f.Believed, f.There, f.Desired = explain.ShownThere(f.Field, f.Believed), explain.ShownThere(f.Field, f.There), explain.ShownThere(f.Field, f.Desired)
		}
		out.Records = append(out.Records, row)
	}
	return out, err
}

// A PlanName names a plan.
type PlanName struct {
	Plan string `json:"plan"`
}

func (a *API) planSweep(ctx context.Context, in *NameInput) (*answer[PlanName], error) {
	name, err := a.PlanSweep(ctx, callerOf(ctx).location, in.Name)
	return &answer[PlanName]{PlanName{name}}, err
}

// PlanSweep begins a plan in the place of the one before, and returns its name.
func (a *API) PlanSweep(ctx context.Context, location, connection string) (name string, err error) {
	err = a.owes(ctx, location, func(tx *db.Tx) error {
		name, err = a.Mirror.PlanSweep(tx, location, connection)
		return err
	})
	return name, err
}

type applyInput struct {
	NameInput
	Body PlanName
}

func (a *API) applySweep(ctx context.Context, in *applyInput) (*answer[PlanName], error) {
	return &answer[PlanName]{in.Body}, a.ApplySweep(ctx, callerOf(ctx).location, in.Name, in.Body.Plan)
}

// ApplySweep lets a plan be carried out.
func (a *API) ApplySweep(ctx context.Context, location, connection, plan string) error {
	return a.owes(ctx, location, func(tx *db.Tx) error { return a.Mirror.ApplySweep(tx, location, connection, plan) })
}

// owes runs f while nobody else touches what the location owes, and wakes who performs it.
func (a *API) owes(ctx context.Context, location string, f func(tx *db.Tx) error) error {
	err := a.DB.Do(ctx, a.Now(), func(tx *db.Tx) error {
		if err := tenant.LockOwed(tx, location); err != nil {
			return err
		}
		return f(tx)
	})
	if err == nil {
		a.Nudge(location)
	}
	return err
}
