package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/tenant"
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
	if err := connectedAlike(s, n.DB, scratch, location); err != nil {
		return err
	}
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

// connectedAlike gives the scratch database the connections of a location: what is
// derived for a target follows from there being one.
func connectedAlike(s *shell, from, to *db.DB, location string) error {
	var list []tenant.Connection
	err := from.View(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
		list, err = tenant.Connections(tx, location)
		return err
	})
	if err != nil {
		return err
	}
	return to.Do(s.ctx, s.Now(), func(tx *db.Tx) error {
		for _, c := range list {
			if err := tenant.Put(tx, c); err != nil {
				return err
			}
			if err := tenant.Switch(tx, location, c.Name, c.Mode); err != nil {
				return err
			}
		}
		return nil
	})
}
