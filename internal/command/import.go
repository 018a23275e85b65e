package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/connect/csv"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/importrun"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/tenant"
)

type imports struct {
	Customers importCustomers `cmd:"" help:"Take in customers from a CSV file, or the corrected rows of its file of errors."`
	Assets    importAssets    `cmd:"" help:"Take in equipment from a CSV file, or the corrected rows of its file of errors."`
	Plans     importPlans     `cmd:"" help:"Take in plans that customers hold from a CSV file, or the corrected rows of its file of errors."`
	List      importList      `cmd:"" help:"List the runs."`
	Undo      importUndo      `cmd:"" help:"Withdraw a run whole: what it said counts no more."`
}

type importCustomers struct {
	importFile `embed:""`
}

// Run takes customers in.
func (c *importCustomers) Run(s *shell) error { return c.take(s, plumbline.Customer) }

type importAssets struct {
	importFile `embed:""`
}

// Run takes equipment in.
func (c *importAssets) Run(s *shell) error { return c.take(s, plumbline.Asset) }

type importPlans struct {
	importFile `embed:""`
}

// Run takes plans in.
func (c *importPlans) Run(s *shell) error { return c.take(s, plumbline.Membership) }

type importFile struct {
	File    string   `arg:"" help:"The file." type:"path"`
	Map     []string `help:"FIELD=COLUMN: which column holds a field, where it is not found by its name; FIELD= leaves the field out." placeholder:"FIELD=COLUMN" sep:"none"`
	Preview bool     `help:"Show how the file would be read, and take nothing in."`
	Yes     bool     `help:"Take it in without asking."`
	Name    string   `name:"run" help:"Name of the run; default: from the file and what is in it." placeholder:"NAME"`
	Dates   string   `help:"How days such as 03/04/2024 are written: us (month first), eu (day first) or iso." enum:",us,iso,eu" default:""`
	Rank    string   `help:"typed (by a person) or looked_up: what counts where sources differ." enum:"typed,looked_up" default:"typed"`
	AsOf    string   `help:"Day or instant at which the file was written: since when what it says counts; default: now." placeholder:"2026-05-04"`
	Source  string   `help:"The connection whose ids of customers and properties a file of equipment or plans gives." placeholder:"CONNECTION"`
	Wording string   `name:"consent-wording" help:"The words to which a yes to texts was given, where no column has them."`
	Via     string   `name:"consent-source" help:"How a yes was given, where no column says it: form, phone or paper." enum:",form,phone,paper" default:""`
	Given   string   `name:"consent-date" help:"The day on which a yes was given, where no column says it." placeholder:"2026-05-04"`
	JSON    bool     `help:"As JSON."`
}

// layout is how the options say that the file is read.
func (c *importFile) layout(kind plumbline.Kind) (l csv.Layout, said map[string]string, err error) {
	l = csv.Layout{Kind: kind, Dates: c.Dates, Source: c.Source, Consent: csv.Consent{Wording: c.Wording, Source: c.Via, Date: c.Given}}
	if c.Rank == csv.LookedUp {
		l.Rank = c.Rank
	}
	if c.AsOf != "" {
		if l.AsOf, err = time.Parse(time.RFC3339, c.AsOf); err != nil {
			l.AsOf, err = time.Parse(time.DateOnly, c.AsOf)
		}
		if err != nil {
			return l, nil, plumbline.Invalidf("write it like 2026-05-04 or 2026-05-04T15:30:00Z", "--as-of %q is no day", c.AsOf)
		}
	}
	said = map[string]string{}
	for _, m := range c.Map {
		name, column, ok := strings.Cut(m, "=")
		if !ok {
			return l, nil, plumbline.Invalidf("write it like --map 'mobile_phone=Cell 1'", "--map %q is not FIELD=COLUMN", m)
		}
		said[strings.TrimSpace(name)] = strings.TrimSpace(column)
	}
	return l, said, nil
}

func (c *importFile) take(s *shell, kind plumbline.Kind) error {
	f, err := csv.Open(c.File)
	if err != nil {
		return err
	}
	return s.with(func(n *app.Node, location string) error {
		l, said, err := c.layout(kind)
		if err != nil {
			return err
		}
		run := c.Name
		if f.Run != "" {
			run = f.Run
			if l, err = c.again(s, n, location, f, l); err != nil {
				return err
			}
		}
		if f.Run == "" || len(said) > 0 {
			err = l.Map(f, said)
		}
		if err == nil && l.Source != "" {
			err = n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) error { _, err := tenant.Get(tx, location, l.Source); return err })
		}
		if err != nil {
			return err
		}
		if run == "" {
			run = importrun.NameOf(f)
		}
		goes, err := c.preview(s, f, &l, run)
		if err != nil || !goes {
			return err
		}
		return c.keep(s, n, &importrun.Taking{DB: n.DB, Location: location, Run: run, Layout: l, File: f})
	})
}

// again is how the run read its file whose errors were corrected, unless an option says
// otherwise.
func (c *importFile) again(s *shell, n *app.Node, location string, f *csv.File, said csv.Layout) (l csv.Layout, err error) {
	err = n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) error {
		r, err := importrun.Get(tx, location, f.Run)
		if l = r.Layout; err == nil && l.Kind != said.Kind {
			err = plumbline.Invalidf("say plumbline import "+string(l.Kind)+"s", "run %s is one of %ss", f.Run, l.Kind)
		}
		return err
	})
	for _, x := range []struct {
		to   *string
		said string
	}{{&l.Dates, said.Dates}, {&l.Source, said.Source}, {&l.Consent.Wording, said.Consent.Wording}, {&l.Consent.Source, said.Consent.Source},
		{&l.Consent.Date, said.Consent.Date}} {
		if x.said != "" {
			*x.to = x.said
		}
	}
	return l, err
}

// previewed is a preview as JSON.
type previewed struct {
	Run       string `json:"run"`
	File      string `json:"file"`
	Encoding  string `json:"encoding"`
	Delimiter string `json:"delimiter"`
	csv.Preview
}

// preview shows how the file would be read, and says whether it is to be taken in.
func (c *importFile) preview(s *shell, f *csv.File, l *csv.Layout, run string) (goes bool, err error) {
	if !c.Preview && c.Yes && c.JSON {
		return true, nil
	}
	p := l.Preview(f)
	if c.JSON {
		err = s.print(previewed{run, f.Name, f.Encoding, string(f.Delimiter), p})
	} else {
		err = show(s.Out, f, run, p)
	}
	switch {
	case err != nil || c.Preview:
		return false, err
	case c.Yes:
		return true, nil
	case !terminal(s.In) || !terminal(s.Out):
		return false, plumbline.Invalidf("look at the mapping, then say --yes", "nothing was taken in: nobody can be asked here")
	}
	return asked(s.In, s.Out, fmt.Sprintf("Take these %d rows in? [y/N] ", p.Rows))
}

func show(w io.Writer, f *csv.File, run string, p csv.Preview) error {
	delimiter := map[rune]string{',': "comma", ';': "semicolon", '\t': "tab"}[f.Delimiter]
	if delimiter == "" {
		delimiter = fmt.Sprintf("%q", f.Delimiter)
	}
	fmt.Fprintf(w, "%s: %d rows, %s, delimiter %s, run %s\n\n", f.Name, p.Rows, f.Encoding, delimiter, run)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "COLUMN\tGOES TO\tROWS\tSUCH AS")
	for _, x := range p.Columns {
		to := x.Field
		if to == "" {
			to = "(left out)"
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\n", x.Heading, to, x.Filled, strings.Join(x.Examples, " | "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(p.Problems) > 0 {
		fmt.Fprintln(w, "\nWhat is wrong with it:")
	}
	for _, x := range p.Problems {
		fmt.Fprintln(w, "  "+x)
	}
	_, err := fmt.Fprintln(w)
	return err
}

// asked asks a question whose answer is no unless somebody says yes.
func asked(in io.Reader, out io.Writer, question string) (bool, error) {
	if _, err := io.WriteString(out, question); err != nil {
		return false, err
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true, nil
	}
	_, err = fmt.Fprintln(out, "nothing was taken in")
	return false, err
}

// terminal says whether a person sits at the other end.
func terminal(x any) bool {
	f, ok := x.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// taken is the report of an import as JSON.
type taken struct {
	importrun.Report
	Encoding   string `json:"encoding"`
	ErrorsFile string `json:"errors_file,omitempty"` // the rows with what is wrong with each
	Applied    int64  `json:"applied"`               // of all that the run has kept
	Waiting    int64  `json:"waiting"`
	Failed     int64  `json:"failed"`
}

// keep takes the file in, writes the file of errors, and applies what was kept.
func (c *importFile) keep(s *shell, n *app.Node, t *importrun.Taking) (err error) {
	faults := &faultFile{path: errorsOf(c.File), run: t.Run, headings: t.File.Headings}
	defer func() { err = errors.Join(err, faults.drop()) }()
	b := &bar{size: t.File.Size()}
	if terminal(s.Err) && !c.JSON {
		b.w = s.Err
	}
	t.Faults, t.Progress = faults.add, b.show
	out := taken{Encoding: t.File.Encoding}
	if out.Report, err = t.Take(s.ctx, s.Now()); err != nil {
		return err
	}
	b.end()
	if out.ErrorsFile, err = faults.finish(); err != nil {
		return err
	}
	if err := applied(s, n, t.Location, out.Run, &out); err != nil {
		return err
	}
	if c.JSON {
		return s.print(out)
	}
	fmt.Fprintf(s.Out, "run %s: %d rows, %d kept, %d refused, %d without some field\n", t.Run, out.Rows, out.Kept, out.Refused, out.Partial)
	if out.Resumed > 0 {
		fmt.Fprintf(s.Out, "it went on after row %d, where it had stopped\n", out.Resumed)
	}
	if out.ErrorsFile != "" {
		fmt.Fprintf(s.Out, "what is wrong with each row: %s; correct it there, and import that file\n", out.ErrorsFile)
	}
	if out.Waiting+out.Failed > 0 {
		fmt.Fprintf(s.Out, "%d wait to be applied by the node that serves; %d are in the error queue\n", out.Waiting, out.Failed)
	}
	_, err = fmt.Fprintf(s.Out, "to take it back: plumbline import undo %s\n", t.Run)
	return err
}

// applied applies what waits, unless another node does, and counts what became of a run.
func applied(s *shell, n *app.Node, location string, run importrun.Run, out *taken) error {
	for {
		worked, _, err := n.Advance.Step(s.ctx, s.Now(), location)
		if err != nil {
			return err
		}
		if !worked {
			break
		}
	}
	return n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) error {
		lines, err := inbox.Tally(tx, location, run.Began, s.Now())
		for _, l := range lines {
			if l.Connection == run.Connection() {
				out.Applied, out.Waiting, out.Failed = out.Applied+l.Applied, out.Waiting+l.Waiting, out.Failed+l.Failed
			}
		}
		return err
	})
}

// errorsOf is where the errors of a file are written.
func errorsOf(file string) string {
	return strings.TrimSuffix(file, filepath.Ext(file)) + ".errors.csv"
}

// A faultFile is written beside where it is to be, and put there when it is whole.
type faultFile struct {
	path, run string
	headings  []string
	f         *os.File
	faults    *csv.Faults
}

func (x *faultFile) add(r csv.Row, list []csv.Fault) (err error) {
	if x.f == nil {
		if x.f, err = os.CreateTemp(filepath.Dir(x.path), filepath.Base(x.path)+".*"); err != nil {
			return err
		}
		if x.faults, err = csv.NewFaults(x.f, x.run, x.headings); err != nil {
			return err
		}
	}
	return x.faults.Add(r, list)
}

// finish puts the file where it is to be, and returns where; "" if there are no errors.
// One that is there already, and may have been worked on, is kept as .old.csv.
func (x *faultFile) finish() (string, error) {
	if x.f == nil {
		return "", nil
	}
	if err := errors.Join(x.faults.Close(), x.f.Close()); err != nil {
		return "", err
	}
	had, err := os.ReadFile(x.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	now, err := os.ReadFile(x.f.Name())
	if err != nil {
		return "", err
	}
	if had != nil && string(had) != string(now) {
		if err := os.Rename(x.path, strings.TrimSuffix(x.path, ".csv")+".old.csv"); err != nil {
			return "", err
		}
	}
	return x.path, os.Rename(x.f.Name(), x.path)
}

// drop takes away what was not put in place.
func (x *faultFile) drop() error {
	if x.f == nil {
		return nil
	}
	_ = x.f.Close() // closed already, where it was finished
	if err := os.Remove(x.f.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// A bar shows how far a file has been taken in; without w it shows nothing.
type bar struct {
	w    io.Writer
	size int
	last int
}

func (b *bar) show(passed int) {
	const wide = 30
	percent := 100
	if b.size > 0 {
		percent = 100 * passed / b.size
	}
	if b.w == nil || percent == b.last {
		return
	}
	b.last = percent
	n := wide * percent / 100
	fmt.Fprintf(b.w, "\r[%s%s] %3d%%", strings.Repeat("=", n), strings.Repeat(" ", wide-n), percent)
}

func (b *bar) end() {
	if b.w != nil {
		fmt.Fprintln(b.w)
	}
}

type importList struct {
	JSON bool `help:"As JSON."`
}

// Run lists the runs.
func (c *importList) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		var list []importrun.Run
		err := n.DB.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			list, err = importrun.List(tx, location)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return s.print(struct {
				Runs []importrun.Run `json:"runs"`
			}{append([]importrun.Run{}, list...)})
		}
		w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "RUN\tOF\tFILE\tSTATE\tROWS\tKEPT\tREFUSED\tWITHOUT A FIELD\tBEGAN")
		for _, r := range list {
			fmt.Fprintf(w, "%s\t%ss\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", r.Name, r.Kind, r.File, r.State, r.Passed, r.Kept, r.Refused, r.Partial, r.Began.Format(time.RFC3339))
		}
		return w.Flush()
	})
}

type importUndo struct {
	Name string `arg:"" name:"run" help:"The run, as plumbline import list names it."`
	JSON bool   `help:"As JSON."`
}

// Run withdraws a run, and applies that.
func (c *importUndo) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		r, err := importrun.Undo(s.ctx, n.DB, s.Now(), location, c.Name, by())
		if err != nil {
			return err
		}
		if err := applied(s, n, location, r, &taken{}); err != nil {
			return err
		}
		if c.JSON {
			return s.print(r)
		}
		_, err = fmt.Fprintf(s.Out, "run %s is withdrawn: what it said counts no more\n", r.Name)
		return err
	})
}
