package api

import (
	"context"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/tenant"
)

// Connections are those of a location.
type Connections struct {
	Connections []tenant.Connection `json:"connections"`
}

func (a *API) connections(ctx context.Context, _ *none) (*answer[Connections], error) {
	out := &answer[Connections]{}
	return out, a.view(ctx, func(tx *db.Tx, location string) (err error) {
		out.Body.Connections, err = tenant.Connections(tx, location)
		return err
	})
}

type nameInput struct {
	Name string `path:"name"`
}

type switchInput struct {
	nameInput
	Body struct {
		Mode string `json:"mode" enum:"rehearsal,on,off"`
	}
}

func (a *API) switchConnection(ctx context.Context, in *switchInput) (*answer[tenant.Connection], error) {
	c, err := a.Switch(ctx, callerOf(ctx).location, in.Name, in.Body.Mode)
	return &answer[tenant.Connection]{c}, err
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
