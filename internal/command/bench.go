package command

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"plumbline.dev/plumbline/internal/bench"
)

type benchmark struct {
	JSON  bool     `help:"As JSON."`
	Quick bool     `help:"Smaller sizes, within a minute."`
	Large bool     `help:"Databases of 100,000 jobs, which take minutes to make."`
	Dir   string   `help:"Where to put databases, and leave them; default: a folder that goes away." type:"path"`
	Empty bool     `hidden:"" help:"Be a server that does nothing, for comparison."`
	Only  []string `help:"Only these parts, such as keep,apply."`
}

// Run measures, and prints each figure beside its floor and its ceiling.
func (c *benchmark) Run(s *shell) error {
	if c.Empty {
		return bench.Empty(s.ctx)
	}
	report, err := bench.Run(s.ctx, bench.Options{Quick: c.Quick, Large: c.Large, Dir: c.Dir, Only: c.Only, Log: logger(s.Err)})
	if err != nil {
		return err
	}
	if c.JSON {
		return s.print(report)
	}
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "figure\tvalue\tunit\tfloor\tceiling\tmeasured as")
	for _, name := range slices.Sorted(maps.Keys(report)) {
		f := report[name]
		fmt.Fprintf(w, "%s\t%.4g\t%s\t%s\t%.4g\t%s\n", name, f.Value, f.Unit, f.Floor, f.Ceiling, f.Note)
	}
	return w.Flush()
}
