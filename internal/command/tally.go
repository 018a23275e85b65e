package command

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/lookup"
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
		var t api.Tally
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			t, err = api.TallyOf(tx, location, from, through)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(t)
		}
		w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "day\tsource\treceived\tapplied\tignored\twaiting\tfailed\tof ignored: duplicates\tnot received: refused\tunknown accounts\t")
		for _, l := range t.Lines {
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", l.Day, l.Connection, l.Received, l.Applied, l.Ignored, l.Waiting, l.Failed, l.Duplicates, l.Refused, l.Unknown)
		}
		if err := w.Flush(); err != nil || len(t.Counts) == 0 {
			return err
		}
		fmt.Fprintln(s.Out)
		return writeCounts(s.Out, t.Counts)
	})
}

// writeCounts shows the nightly counts beside the sources' own, with the first ids by which
// they differed.
func writeCounts(out io.Writer, counts []lookup.Counted) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NIGHT\tSOURCE\tLIST\tHERE\tTHERE\tCOMPARED\tDIFFERENCES")
	for _, n := range counts {
		theirs := "not told"
		if n.Theirs >= 0 {
			theirs = fmt.Sprint(n.Theirs)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", n.Night, n.Connection, n.Stream, n.Ours, theirs, n.Compared, differences(n))
	}
	return w.Flush()
}

func differences(n lookup.Counted) string {
	var list []string
	for _, d := range []struct {
		n    int
		ids  []string
		what string
	}{{n.Missing, n.MissingIDs, "not here"}, {n.Gone, n.GoneIDs, "not there"}} {
		if d.n == 0 {
			continue
		}
		text := fmt.Sprintf("%d %s: %s", d.n, d.what, strings.Join(d.ids, " "))
		if d.n > len(d.ids) {
			text += " …"
		}
		list = append(list, text)
	}
	return strings.Join(list, "; ")
}
