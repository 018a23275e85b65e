package command

import (
	"time"

	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/explain"
)

type explainIt struct {
	Name string `arg:"" help:"A job by its number; a job, record or message by our id or its tool's, alone or as CONNECTION/ID; a telephone number."`
	JSON bool   `help:"As JSON."`
}

// Run says why, its times in the zone of the location.
func (c *explainIt) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		var e explain.Explanation
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			e, err = n.API().Explain.Any(tx, location, c.Name)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(e)
		}
		zone := time.UTC
		if pb, _, err := n.Advance.Policy(location); err == nil {
			if z, err := time.LoadLocation(pb.Settings.Zone); err == nil {
				zone = z
			}
		}
		return e.Write(s.Out, zone)
	})
}
