package command

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
)

type questions struct {
	JSON bool `help:"As JSON."`
}

// Run lists the pairs side by side.
func (c *questions) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		var list []api.Question
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			list, err = api.QuestionsOf(tx, location)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(api.Questions{Questions: list})
		}
		if len(list) == 0 {
			fmt.Fprintln(s.Out, "nobody needs to be asked")
			return nil
		}
		for _, q := range list {
			if err := s.sides(q); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *shell) sides(q api.Question) error {
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\t%s/%s\t%s/%s\n", q.A.Connection, q.A.External, q.B.Connection, q.B.External)
	names := map[string]bool{}
	for f := range q.A.Fields {
		names[f] = true
	}
	for f := range q.B.Fields {
		names[f] = true
	}
	for _, f := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", f, q.A.Fields[f], q.B.Fields[f])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, e := range q.Evidence {
		fmt.Fprintf(s.Out, "  because %s\n", e)
	}
	_, err := fmt.Fprintf(s.Out, "  plumbline decide same %s %s, or different\n\n", q.A.ID, q.B.ID)
	return err
}
