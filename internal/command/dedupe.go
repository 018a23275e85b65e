package command

import (
	stdcsv "encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect/csv"
	"plumbline.dev/plumbline/internal/dedupe"
	"plumbline.dev/plumbline/internal/match"
)

type dedupeFile struct {
	File      string   `arg:"" help:"The file of customers." type:"path"`
	Out       string   `help:"Where to write who is who: id,cluster." type:"path" placeholder:"OUT.csv"`
	Map       []string `help:"FIELD=COLUMN[+COLUMN]: which columns hold a field, where they do not bear its name; FIELD= leaves it out." placeholder:"FIELD=COLUMN" sep:"none"`
	Explain   twoIDs   `help:"Say why two records are held to be the same or not." placeholder:"ID ID"`
	Questions string   `help:"Where to write the pairs of which a person should decide: a,b,bits,evidence." type:"path" placeholder:"PAIRS.csv"`
	JSON      bool     `help:"Print the report as JSON."`
}

// roomy lets garbage wait until the heap is large: a million customers live on most of a
// gigabyte, and would be looked through again and again. It returns what undoes that.
func roomy() func() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	percent, limit := debug.SetGCPercent(400), debug.SetMemoryLimit(1600<<20)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

// twoIDs are the two values of one option.
type twoIDs [2]string

// Decode takes both.
func (t *twoIDs) Decode(ctx *kong.DecodeContext) error {
	for i := range t {
		if err := ctx.Scan.PopValueInto("ID", &t[i]); err != nil {
			return plumbline.Invalidf("say --explain ID ID", "--explain takes two ids: %v", err)
		}
	}
	return nil
}

// deduped is the report of a run.
type deduped struct {
	Rows       int            `json:"rows"`
	Records    int            `json:"records"`
	Clusters   int            `json:"clusters"`
	Duplicates int            `json:"duplicates"` // records that have another of their cluster before them
	Questions  int            `json:"questions"`
	Homes      bool           `json:"homes"` // it knows no phone and no e-mail, so that a home is one customer
	Out        string         `json:"out,omitempty"`
	Faults     []dedupe.Fault `json:"faults"`
}

// Run finds who is who in a file.
func (c *dedupeFile) Run(s *shell) error {
	if c.Out == "" && c.Explain == (twoIDs{}) {
		return plumbline.Invalidf("say --out OUT.csv, or --explain ID ID", "nothing is to be written or explained")
	}
	f, err := csv.Open(c.File)
	if err != nil {
		return err
	}
	l, err := dedupe.NewLayout(f.Headings, c.Map)
	if err != nil {
		return err
	}
	defer roomy()()
	b := &bar{size: f.Size()}
	if terminal(s.Err) && !c.JSON {
		b.w = s.Err
	}
	list := dedupe.Read(f, l, b.show)
	b.end()
	if c.Out == "" {
		return c.explain(s, list)
	}
	clusters, asks := match.Dedupe(list.People)
	if err := c.write(list, clusters); err != nil {
		return err
	}
	if err := c.writeQuestions(list, asks); err != nil {
		return err
	}
	found := 0
	if len(clusters) > 0 {
		found = slices.Max(clusters) + 1
	}
	err = c.report(s, deduped{Rows: list.Rows, Records: len(list.People), Clusters: found, Duplicates: len(list.People) - found, Questions: len(asks),
		Homes: match.HomesOnly(list.People), Out: c.Out, Faults: append([]dedupe.Fault{}, list.Faults...)})
	if err != nil || c.Explain == (twoIDs{}) {
		return err
	}
	return c.explain(s, list)
}

func (c *dedupeFile) report(s *shell, r deduped) error {
	if c.JSON {
		return s.print(r)
	}
	const told = 20
	for i, f := range r.Faults {
		if i == told {
			fmt.Fprintf(s.Err, "%s: %d more rows are left out; --json lists them all\n", filepath.Base(c.File), len(r.Faults)-told)
			break
		}
		fmt.Fprintf(s.Err, "%s, line %d: %s; it is left out\n", filepath.Base(c.File), f.Line, f.Reason)
	}
	if r.Homes {
		fmt.Fprintln(s.Err, "it knows no phone and no e-mail: whoever lives at one home counts as one customer, unless born on different days")
	}
	_, err := fmt.Fprintf(s.Out, "%d rows, %d of them left out: %d customers, %d records more than once, %d pairs for a person to decide; written to %s\n",
		r.Rows, len(r.Faults), r.Clusters, r.Duplicates, r.Questions, c.Out)
	return err
}

func (c *dedupeFile) write(list *dedupe.List, clusters []int) error {
	return written(c.Out, func(w *stdcsv.Writer) {
		_ = w.Write([]string{"id", "cluster"})
		for i := range list.People {
			_ = w.Write([]string{list.People[i].ID, match.ClusterName(clusters[i])})
		}
	})
}

func (c *dedupeFile) writeQuestions(list *dedupe.List, asks []match.Weighed) error {
	if c.Questions == "" {
		return nil
	}
	return written(c.Questions, func(w *stdcsv.Writer) {
		_ = w.Write([]string{"a", "b", "bits", "evidence"})
		for _, p := range asks {
			var words []string
			for _, e := range match.Explain(list.People, p.A, p.B).Evidence {
				words = append(words, strings.ReplaceAll(e.Field, "_", " ")+": "+e.Words)
			}
			_ = w.Write([]string{list.People[p.A].ID, list.People[p.B].ID, fmt.Sprintf("%.1f", p.Bits), strings.Join(words, "; ")})
		}
	})
}

// written writes a file of rows, which is there when it is whole.
func written(path string, rows func(*stdcsv.Writer)) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return plumbline.Invalidf("name a folder that is there and in which you may write", "%s cannot be written: %v", path, err)
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it has another name, or is of no use
	w := stdcsv.NewWriter(f)
	rows(w)
	w.Flush()
	if err := w.Error(); err != nil {
		f.Close()
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}

// explained is why two records are held for what they are.
type explained struct {
	A        string           `json:"a"`
	B        string           `json:"b"`
	Outcome  string           `json:"outcome"`
	Bits     float64          `json:"bits"`    // over even odds
	Prior    float64          `json:"prior"`   // what it takes among so many records
	Weights  int              `json:"weights"` // which version of the built-in weights
	Evidence []match.Evidence `json:"evidence"`
}

func (c *dedupeFile) explain(s *shell, list *dedupe.List) error {
	ids := c.Explain
	var at [2]int
	for i, id := range ids {
		at[i] = slices.IndexFunc(list.People, func(p match.Person) bool { return p.ID == id })
		if at[i] < 0 {
			return plumbline.NotFoundf("the file has no record %q", id)
		}
	}
	x := match.Explain(list.People, at[0], at[1])
	out := explained{ids[0], ids[1], x.Outcome.String(), x.Over, x.Prior, match.WeightsVersion, x.Evidence}
	if c.JSON {
		return s.print(out)
	}
	t := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "FIELD\t%s\t%s\tSAYS\tBITS\n", strings.ToUpper(ids[0]), strings.ToUpper(ids[1]))
	for _, e := range out.Evidence {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%+.1f\n", strings.ReplaceAll(e.Field, "_", " "), e.A, e.B, e.Words, e.Bits)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.Out, "%s: %+.1f bits over even odds, of which any pair of the file starts with %+.1f\n", out.Outcome, out.Bits, -out.Prior)
	return err
}
