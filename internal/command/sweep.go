package command

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/mirror"
)

type sweep struct {
	Status sweepStatus `cmd:"" help:"Show how far a connection's records have been read back, and what drift was found."`
	Plan   sweepPlan   `cmd:"" help:"Show what a sweep would do. Where there is no plan, one is begun, which serve makes."`
	Apply  sweepApply  `cmd:"" help:"Carry out a plan that was read; what has changed since is left."`
}

type sweepStatus struct {
	Name string `arg:"" help:"The connection."`
	Days int    `help:"Over how many days what was found is counted." default:"30"`
	JSON bool   `help:"As JSON."`
}

// Run shows the status.
func (c *sweepStatus) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		var x mirror.Sweep
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			x, err = n.API().Mirror.SweepStatus(tx, location, c.Name, tx.Now.AddDate(0, 0, 1-c.Days))
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(x)
		}
		return writeSweep(s.Out, x)
	})
}

// writeSweep tells how a sweep stands.
func writeSweep(out io.Writer, x mirror.Sweep) error {
	fmt.Fprintf(out, "%s is %s\n", x.Connection, x.Mode)
	switch {
	case x.Round == "":
		fmt.Fprintln(out, "no round yet")
	case x.Ended.IsZero():
		fmt.Fprintf(out, "round: %s, since %s, %d of %d records read in %d calls, expected to end at %s\n",
			x.Round, x.Begun.Format(time.RFC3339), x.Records-x.Left, x.Records, x.Calls, x.Expected.Format(time.RFC3339))
	default:
		fmt.Fprintf(out, "last round: %s, from %s to %s, %d records in %d calls; the next at %s\n",
			x.Round, x.Begun.Format(time.RFC3339), x.Ended.Format(time.RFC3339), x.Records, x.Calls, x.Next.Format(time.RFC3339))
	}
	if x.ShareCalls > 0 {
		fmt.Fprintf(out, "a round over %d records takes at most %s while nothing else is due: 100 to a call, %d calls in %s\n",
			x.All, seconds(x.Bound), x.ShareCalls, seconds(x.ShareWindow))
	}
	if !x.LeastRecent.IsZero() {
		fmt.Fprintf(out, "least recently verified: %s\n", x.LeastRecent.Format(time.RFC3339))
	}
	if len(x.Drift) == 0 {
		_, err := fmt.Fprintln(out, "no drift was found")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TYPE\tFIELD\tCAUSE\tDONE\tTIMES\tLAST")
	for _, d := range x.Drift {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", d.Type, cmp.Or(d.Field, "the record"), d.Cause, d.Did, d.N, d.Last.Format(time.DateOnly))
	}
	return w.Flush()
}

func seconds(n float64) time.Duration {
	return time.Duration(n * float64(time.Second)).Round(time.Second / 10)
}

type sweepPlan struct {
	Name  string `arg:"" help:"The connection."`
	New   bool   `help:"Begin a new one in the place of the one that stands."`
	Limit int    `help:"How many records to show." default:"20"`
	JSON  bool   `help:"As JSON."`
}

// Run shows the plan, or begins one.
func (c *sweepPlan) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		var p api.SweepPlan
		look := func() error {
			return n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
				p, err = n.API().SweepPlanOf(tx, location, c.Name, c.Limit)
				return err
			})
		}
		if err := look(); err != nil {
			return err
		}
		if c.New || p.Round != "plan" && p.Round != "apply" {
			if _, err := n.API().PlanSweep(s.ctx, location, c.Name); err != nil {
				return err
			}
			if err := look(); err != nil {
				return err
			}
		}
		if c.JSON {
			return s.print(p)
		}
		return writePlan(s.Out, c.Name, p)
	})
}

// writePlan tells what a plan lists, and how it stands.
func writePlan(out io.Writer, connection string, p api.SweepPlan) error {
	switch {
	case p.Round == "plan" && p.Ended.IsZero():
		fmt.Fprintf(out, "the plan is being made while plumbline serve runs: %d records are still to be read\n", p.Left)
	case p.Round == "plan":
		fmt.Fprintf(out, "plan %s of %s; carry it out with: plumbline sweep apply %s %s\n", p.Plan, p.Ended.Format(time.RFC3339), connection, p.Plan)
	case p.Ended.IsZero():
		fmt.Fprintf(out, "the plan is being applied: %d records are still to be read\n", p.Left)
	default:
		fmt.Fprintln(out, "the plan was applied at", p.Ended.Format(time.RFC3339))
	}
	for _, state := range slices.Sorted(maps.Keys(p.Counts)) {
		fmt.Fprintf(out, "%s: %d\n", state, p.Counts[state])
	}
	for _, r := range p.Records {
		fmt.Fprintln(out, strings.TrimSpace(fmt.Sprintf("%s %s %s (key %s) %s", r.State, r.Type, r.ID, r.Key, r.Why)))
		for _, f := range r.Found {
			who := f.Cause
			if f.Who != "" {
				who += ", " + f.Who
			}
			fmt.Fprintf(out, "  %s: there %q, ours %q; %s: %s (%s)\n", cmp.Or(f.Field, "the record"), f.There, f.Desired, f.Do, f.Why, who)
		}
	}
	return nil
}

type sweepApply struct {
	Name string `arg:"" help:"The connection."`
	Plan string `arg:"" help:"The plan's name, as plumbline sweep plan prints it."`
}

// Run lets the plan be carried out.
func (c *sweepApply) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		err := n.API().ApplySweep(s.ctx, location, c.Name, c.Plan)
		if err == nil {
			fmt.Fprintln(s.Out, "it is carried out while plumbline serve runs; plumbline sweep plan", c.Name, "shows what became of it")
		}
		return err
	})
}
