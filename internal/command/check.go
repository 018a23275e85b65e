package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	rules "plumbline.dev/plumbline/internal/check"
	"plumbline.dev/plumbline/internal/playbook"
)

type check struct {
	JSON   bool `help:"As JSON."`
	Schema bool `help:"Print the JSON Schema of playbook files, for editors, and check nothing."`
}

// checked is what was found about one location.
type checked struct {
	Location string          `json:"location"`
	Findings []rules.Finding `json:"findings"`
}

// Run checks the configuration and each location's playbook. It asks no tool and
// leaves the database alone. It fails if there is an error among the findings.
func (c *check) Run(s *shell) error {
	if c.Schema {
		_, err := s.Out.Write(playbook.Schema())
		return err
	}
	config, err := app.ReadConfig(s.Config)
	if err != nil {
		return err
	}
	if err := buildable(s, *config); err != nil {
		return err
	}
	var all []checked
	for _, l := range config.Locations {
		if s.Location != "" && s.Location != l.ID {
			continue
		}
		pb, err := loadPlaybook(s.Config, l)
		if err != nil {
			return err
		}
		all = append(all, checked{l.ID, rules.Playbook(pb, nil)})
	}
	wrong := false
	for _, l := range all {
		wrong = wrong || hasError(l.Findings)
	}
	if c.JSON {
		err = s.print(all)
	} else {
		s.findings(all)
	}
	if err == nil && wrong {
		err = errFound
	}
	return err
}

// buildable builds the node on a database that is thrown away, so that every part of
// the configuration is read by whoever will use it.
func buildable(s *shell, config app.Config) (err error) {
	dir, err := os.MkdirTemp("", "plumbline-check-")
	if err != nil {
		return fmt.Errorf("make a place to check in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	config.Database = filepath.Join(dir, "check.db")
	n, err := app.Build(s.ctx, &config, app.Options{Now: s.Now, Client: s.Client, Volatile: true})
	if err != nil {
		return err
	}
	return n.Close()
}

func hasError(list []rules.Finding) bool {
	for _, f := range list {
		if f.Severity == rules.Error {
			return true
		}
	}
	return false
}

func (s *shell) findings(all []checked) {
	for _, l := range all {
		for _, f := range l.Findings {
			fmt.Fprintf(s.Out, "%s:%d:%d: %s: %s: %s (%s)\n", f.File, f.Line, f.Column, f.Severity, f.Path, f.Msg, f.Cure)
		}
		fmt.Fprintf(s.Out, "location %s: %d findings\n", l.Location, len(l.Findings))
	}
}

// loadPlaybook lays a location's files upon the built-in playbook. Paths are relative
// to the configuration.
func loadPlaybook(config string, l app.Location) (*playbook.Playbook, error) {
	layers := []playbook.Layer{playbook.BuiltIn()}
	for _, file := range l.Playbook {
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(config), file)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, plumbline.Invalidf("correct the path under playbook", "location %s names the playbook %s, which cannot be read", l.ID, file)
		}
		layers = append(layers, playbook.Layer{Name: "location", File: file, Data: data})
	}
	return playbook.Load(layers...)
}
