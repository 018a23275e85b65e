package command

import (
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/explain"
)

type explainIt struct {
	Name string `arg:"" help:"A job, record or message: its id, or CONNECTION/ID as the connection calls it."`
	JSON bool   `help:"As JSON."`
}

// Run says why, its times in the zone of the location.
func (c *explainIt) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		var e explain.Explanation
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			e, err = explained(tx, n.API().Explain, location, c.Name)
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

// explained tries what a name may stand for, one after the other.
func explained(tx *db.Tx, x *explain.Explainer, location, name string) (e explain.Explanation, err error) {
	for _, f := range []func(*db.Tx, string, string) (explain.Explanation, error){x.Job, x.Record} {
		if e, err = f(tx, location, name); plumbline.KindOf(err) != plumbline.NotFound {
			return e, err
		}
	}
	return e, plumbline.NotFoundf("there is no job, record or message called %s", name)
}
