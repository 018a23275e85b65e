package api

import (
	"context"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/explain"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/tenant"
)

// Connections are those of a location.
type Connections struct {
	Connections []Connection     `json:"connections"`
	Readings    []lookup.Reading `json:"readings" doc:"How far the lists of sources have been read for the first time"`
}

// A Connection is one with what is known of how it tells us what happens there.
type Connection struct {
	tenant.Connection
	Watched *lookup.Watched `json:"watched,omitempty"`
}

// ConnectionsOf lists the connections of a location, and how far their lists are read.
func ConnectionsOf(tx *db.Tx, location string) (out Connections, err error) {
	list, err := tenant.Connections(tx, location)
	if err != nil {
		return out, err
	}
	watched, err := lookup.WatchedOf(tx, location)
	if err != nil {
		return out, err
	}
	for _, c := range list {
		one := Connection{Connection: c}
		for i := range watched {
			if watched[i].Connection == c.Name {
				one.Watched = &watched[i]
			}
		}
		out.Connections = append(out.Connections, one)
	}
	out.Readings, err = lookup.Readings(tx, location)
	return out, err
}

func (a *API) connections(ctx context.Context, _ *none) (*answer[Connections], error) {
	out := &answer[Connections]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		out.Body, err = ConnectionsOf(tx, location)
		return err
	})
}

// A NameInput names a connection.
type NameInput struct {
	Name string `path:"name"`
}

type switchInput struct {
	NameInput
	Body struct {
		Mode string `json:"mode" enum:"rehearsal,on,off"`
	}
}

func (a *API) switchConnection(ctx context.Context, in *switchInput) (*answer[tenant.Connection], error) {
	c, err := a.Switch(ctx, callerOf(ctx).location, in.Name, in.Body.Mode)
	return &answer[tenant.Connection]{c}, err
}

type planInput struct {
	NameInput
	Limit int `query:"limit" default:"200" minimum:"1" maximum:"2000"`
}

// A Plan is what a connection would do if it were on: how many records of each sort,
// and the first of them.
type Plan struct {
	Connection string           `json:"connection"`
	Mode       string           `json:"mode"`
	Counts     map[string]int   `json:"counts" doc:"Records by type and what: contact create, deal change"`
	Records    []mirror.Planned `json:"records"`
}

func (a *API) plan(ctx context.Context, in *planInput) (*answer[Plan], error) {
	out := &answer[Plan]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		out.Body, err = a.PlanOf(tx, location, in.Name, in.Limit)
		return err
	})
}

// PlanOf says what a connection would do if it were on, masked.
func (a *API) PlanOf(tx *db.Tx, location, name string, limit int) (Plan, error) {
	c, err := tenant.Get(tx, location, name)
	if err != nil {
		return Plan{}, err
	}
	out := Plan{Connection: c.Name, Mode: c.Mode, Counts: map[string]int{}, Records: []mirror.Planned{}}
	list, err := a.Mirror.Plan(tx, location, name)
	for _, p := range list {
		out.Counts[p.Type+" "+p.What]++
		if len(out.Records) == limit {
			continue
		}
		for i := range p.Fields {
			f := &p.Fields[i]
			f.Desired, f.Observed = explain.ShownThere(f.Field, f.Desired), explain.ShownThere(f.Field, f.Observed)
		}
		out.Records = append(out.Records, p)
	}
	return out, err
}

// Switch sets the mode of a connection. Nothing that was known before it is switched
// on is spoken about. Switching to the mode that it has changes nothing.
func (a *API) Switch(ctx context.Context, location, name, mode string) (c tenant.Connection, err error) {
	err = a.DB.Do(ctx, a.Now(), func(tx *db.Tx) error {
		was, err := tenant.Get(tx, location, name)
		if err != nil {
			return err
		}
		if err := tenant.Switch(tx, location, name, mode); err != nil {
			return err
		}
		if c, err = tenant.Get(tx, location, name); err != nil || c.Mode == was.Mode {
			return err
		}
		return a.Switched(tx, c)
	})
	if err == nil {
		a.Nudge(location)
	}
	return c, err
}
