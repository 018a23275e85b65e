package command

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/rehearse"
)

type rehearsal struct {
	Playbook []string `required:"" help:"The file, or files in their order, in place of those of the location." type:"existingfile"`
	Since    string   `help:"Only what became known from this day on is spoken about, 2026-05-01; default: everything."`
	JSON     bool     `help:"As JSON."`
}

// Run rehearses. It writes nothing to the database and calls nobody.
func (c *rehearsal) Run(s *shell) error {
	config, err := app.ReadConfig(s.Config)
	if err != nil {
		return err
	}
	var ids []string
	for _, l := range config.Locations {
		ids = append(ids, l.ID)
	}
	location, err := s.location(ids)
	if err != nil {
		return err
	}
	o := rehearse.Options{Config: *config, Location: location, Now: s.Now(), Progress: s.progress()}
	if c.Since != "" {
		if o.Since, err = time.Parse(time.DateOnly, c.Since); err != nil {
			return plumbline.Invalidf("write it as 2026-05-01", "--since: %q is no day", c.Since)
		}
	}
	for _, file := range c.Playbook {
		path, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		o.Playbook = append(o.Playbook, path)
	}
	r, err := rehearse.Run(s.ctx, o)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.print(r)
	}
	s.rehearsed(r)
	return nil
}

// progress tells how far a rehearsal is, each tenth of the way.
func (s *shell) progress() func(playbook string, done, of int) {
	told := ""
	return func(playbook string, done, of int) {
		line := fmt.Sprintf("%s: %d %% of %d deliveries", playbook, 10*(10*done/of), of)
		if line != told {
			told = line
			fmt.Fprintln(s.Err, line)
		}
	}
}

// rehearsed prints a report, what matters most first.
func (s *shell) rehearsed(r rehearse.Report) {
	out := func(format string, args ...any) { fmt.Fprintf(s.Out, format+"\n", args...) }
	out("location %s: %d deliveries, %d jobs, from %s to %s", r.Location, r.Deliveries, r.Jobs, r.Since.Format(time.DateOnly), r.Until.Format(time.DateOnly))
	if len(r.Rules)+len(r.Stages)+len(r.Fields)+len(r.Records) == 0 {
		out("nothing would have been different")
		return
	}
	for _, x := range r.Rules {
		out("\nrule %s: %d messages today, %d then", x.Rule, x.Today, x.Then)
		for _, m := range x.More {
			out("  + %d would be said; today they are not: %s (%s)", m.N, m.Why, strings.Join(m.Examples, ", "))
		}
		for _, m := range x.Fewer {
			out("  - %d would not be said any more: %s (%s)", m.N, m.Why, strings.Join(m.Examples, ", "))
		}
		if x.Reworded > 0 {
			out("  ~ %d would be said in other words", x.Reworded)
		}
		if x.Tasks > 0 {
			out("  + %d tasks for people", x.Tasks)
		}
		if x.NoTasks > 0 {
			out("  - %d tasks for people would not be set", x.NoTasks)
		}
	}
	if len(r.Stages) > 0 {
		out("\nstages")
	}
	for _, x := range r.Stages {
		out("  %d jobs: %s -> %s (%s)", x.Jobs, x.From, x.To, strings.Join(x.Examples, ", "))
	}
	for i, x := range r.Records {
		if i == 0 {
			out("\nrecords of targets")
		}
		if x.More > 0 {
			out("  + %d of %s as %s", x.More, x.Connection, x.Type)
		}
		if x.Fewer > 0 {
			out("  - %d of %s as %s are not written any more; they stay as they are", x.Fewer, x.Connection, x.Type)
		}
	}
	for i, x := range r.Fields {
		if i == 0 {
			out("\nfields of targets")
		}
		out("  %d of %s as %s: %s", x.Records, x.Connection, x.Type, x.Field)
		for _, v := range x.Examples {
			out("    %d: %q -> %q", v.N, v.From, v.To)
		}
	}
}
