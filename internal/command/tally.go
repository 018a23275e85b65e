package command

import (
	"fmt"
	"text/tabwriter"

	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
)

type tally struct {
	From    string `help:"First UTC day, such as 2026-05-04; default: a week ago."`
	Through string `help:"Last UTC day; default: today."`
	JSON    bool   `help:"As JSON."`
}

// Run counts, and fails where the count does not come out.
func (c *tally) Run(s *shell) error {
	from, through, err := api.Days(c.From, c.Through, s.Now())
	if err != nil {
		return err
	}
	return s.with(func(n *app.Node, location string) error {
		var lines []inbox.Line
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			lines, err = inbox.Tally(tx, location, from, through)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(api.Tally{Lines: lines})
		}
		w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "day\tsource\treceived\tapplied\tignored\twaiting\tfailed\tof ignored: duplicates\tnot received: refused\tunknown accounts\t")
		for _, l := range lines {
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", l.Day, l.Connection, l.Received, l.Applied, l.Ignored, l.Waiting, l.Failed, l.Duplicates, l.Refused, l.Unknown)
		}
		return w.Flush()
	})
}
