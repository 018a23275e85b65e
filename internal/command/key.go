package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"plumbline.dev/plumbline"
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

type seal struct {
	Key string `arg:"" type:"path" help:"File with the key, from plumbline key."`
}

// Run encrypts what stands on the standard input, less a line's end, and prints what
// may stand in the configuration for it.
func (c *seal) Run(s *shell) error {
	text, err := os.ReadFile(c.Key)
	if err != nil {
		return plumbline.Invalidf("make one with plumbline key", "the key %s cannot be read", c.Key)
	}
	vault, err := tenant.NewVault(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	secret, err := io.ReadAll(io.LimitReader(s.In, 64<<10))
	if err != nil {
		return fmt.Errorf("read the secret: %w", err)
	}
	if secret = bytes.TrimRight(secret, "\r\n"); len(secret) == 0 {
		return plumbline.Invalidf("write it on the standard input", "there is no secret to seal")
	}
	sealed, err := vault.Seal(secret)
	if err == nil {
		_, err = fmt.Fprintln(s.Out, sealed)
	}
	return err
}
