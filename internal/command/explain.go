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
	Job  string `help:"Of a message: the job that it is about."`
	JSON bool   `help:"As JSON."`
}

// Run says why, its times in the zone of the location.
func (c *explainIt) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		var e explain.Explanation
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			e, err = c.explained(tx, n.API().Explain, location)
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

// explained tries what the name may stand for, one after the other.
func (c *explainIt) explained(tx *db.Tx, x *explain.Explainer, location string) (e explain.Explanation, err error) {
	if c.Job != "" {
		return x.Message(tx, location, c.Job, c.Name)
	}
	for _, f := range []func(*db.Tx, string, string) (explain.Explanation, error){x.Job, x.Record} {
		if e, err = f(tx, location, c.Name); plumbline.KindOf(err) != plumbline.NotFound {
			return e, err
		}
	}
	return e, &plumbline.Error{Kind: plumbline.NotFound, Msg: "there is no job or record called " + c.Name, Hint: "of a message, name its job with --job"}
}
