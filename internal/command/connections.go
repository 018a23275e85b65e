package command

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/lookup"
)

type connections struct {
	List   connectionsList   `cmd:"" help:"List the connections, and how each is switched."`
	Plan   connectionsPlan   `cmd:"" help:"Show what a connection would write if it were on."`
	Switch connectionsSwitch `cmd:"" help:"Switch a connection: rehearsal shows what it would do, on does it, off does neither."`
}

type connectionsList struct {
	JSON bool `help:"As JSON."`
}

// Run lists.
func (c *connectionsList) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		var list api.Connections
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			list, err = api.ConnectionsOf(tx, location)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(list)
		}
		w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tTOOL\tACCOUNT\tMODE\tON SINCE\tHEARD\tTELLS US")
		for _, k := range list.Connections {
			since := ""
			if !k.OnSince.IsZero() {
				since = k.OnSince.Format(time.RFC3339)
			}
			heard, tells := telling(k.Watched)
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.Name, k.Tool, k.Account, k.Mode, since, heard, tells)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		for _, r := range list.Readings {
			if !r.Complete {
				fmt.Fprintln(s.Out, readingLine(r))
			}
		}
		return nil
	})
}

// readingLine says how far the first reading of a list is.
func readingLine(r lookup.Reading) string {
	line := fmt.Sprintf("%s: the list of %s is being read for the first time: %d", r.Connection, r.List, r.Read)
	switch {
	case r.Began.IsZero():
		return fmt.Sprintf("%s: the list of %s is still to be read for the first time", r.Connection, r.List)
	case r.Total > 0:
		line += fmt.Sprintf(" of %d (%d %%)", r.Total, 100*r.Read/r.Total)
	}
	if !r.Ends.IsZero() {
		line += ", until about " + r.Ends.Format(time.RFC3339)
	}
	return line
}

// telling says when a source was heard last, and how it stands with what it tells us.
func telling(w *lookup.Watched) (heard, tells string) {
	if w == nil {
		return "", ""
	}
	if !w.Heard.IsZero() {
		heard = w.Heard.Format(time.RFC3339)
	}
	switch w.State {
	case "told":
		tells = "yes"
	case "off":
		tells = "no, since " + w.Since.Format(time.RFC3339)
	case "elsewhere":
		tells = "tells another, since " + w.Since.Format(time.RFC3339)
	case "restored":
		tells = "asked to again " + w.Restored.Format(time.RFC3339)
	default:
		tells = "not known"
	}
	if !w.Silent.IsZero() {
		tells += "; silent since " + w.Silent.Format(time.RFC3339)
	}
	return heard, tells
}

type connectionsSwitch struct {
	Name string `arg:""`
	Mode string `arg:"" enum:"rehearsal,on,off" help:"rehearsal, on or off."`
}

// Run switches.
func (c *connectionsSwitch) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		k, err := n.API().Switch(s.ctx, location, c.Name, c.Mode)
		if err == nil {
			fmt.Fprintf(s.Out, "%s is %s\n", k.Name, k.Mode)
		}
		return err
	})
}

type connectionsPlan struct {
	Name  string `arg:""`
	Limit int    `help:"How many records to show." default:"20"`
	JSON  bool   `help:"As JSON."`
}

// Run shows the plan.
func (c *connectionsPlan) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		var p api.Plan
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			p, err = n.API().PlanOf(tx, location, c.Name, c.Limit)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(p)
		}
		fmt.Fprintf(s.Out, "%s is %s\n", p.Connection, p.Mode)
		for _, what := range slices.Sorted(maps.Keys(p.Counts)) {
			fmt.Fprintf(s.Out, "%s: %d\n", what, p.Counts[what])
		}
		for _, r := range p.Records {
			fmt.Fprintf(s.Out, "%s %s %s %s\n", r.What, r.Type, r.Subject, r.Why)
			for _, f := range r.Fields {
				fmt.Fprintf(s.Out, "  %s: %q in place of %q, %s\n", f.Field, f.Desired, f.Observed, f.Cause)
			}
		}
		return nil
	})
}
