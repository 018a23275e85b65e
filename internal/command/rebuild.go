package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
)

type rebuild struct {
	Verify bool `help:"Change nothing: derive beside it, compare, and look that all that was promised still finds its subject."`
}

// Run derives a location again from what was kept. Nobody is told of what comes out
// differently. Cut off, it goes on where it was when it is run again.
func (c *rebuild) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		if c.Verify {
			return c.verify(s, n, location)
		}
		if err := n.Advance.Rebuild(s.ctx, s.Now(), location); err != nil {
			return err
		}
		_, err := fmt.Fprintf(s.Out, "location %s was derived again\n", location)
		return err
	})
}

// verify derives into a database of its own, which is thrown away.
func (c *rebuild) verify(s *shell, n *app.Node, location string) (err error) {
	dir, err := os.MkdirTemp("", "plumbline-verify-")
	if err != nil {
		return fmt.Errorf("make a place to derive into: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	scratch, err := db.Open(s.ctx, filepath.Join(dir, "verify.db"), db.Options{Volatile: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, scratch.Close()) }()
	found, err := n.Advance.Verify(s.ctx, s.Now(), location, scratch, nil)
	if err != nil {
		return err
	}
	for _, f := range found {
		fmt.Fprintln(s.Out, f)
	}
	if len(found) > 0 {
		return errFound
	}
	_, err = fmt.Fprintf(s.Out, "location %s: what is stored is what follows from what was kept\n", location)
	return err
}
