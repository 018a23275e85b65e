package command

import (
	"fmt"

	"plumbline.dev/plumbline/internal/tenant"
)

type key struct{}

// Run prints a new key. It is kept nowhere: whoever calls this puts it into a file.
func (c *key) Run(s *shell) error {
	text, err := tenant.NewKey()
	if err == nil {
		_, err = fmt.Fprintln(s.Out, text)
	}
	return err
}
