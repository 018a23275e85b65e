package command

import (
	"fmt"

	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/tenant"
)

type user struct {
	Token userToken `cmd:"" help:"Make a token of the HTTP API. It is shown once."`
}

type userToken struct {
	Name string `arg:"" help:"Who uses it: it stands beside what they decide."`
}

// Run makes a token and prints it. Only its hash is kept.
func (c *userToken) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		var text string
		err := n.DB.Do(s.ctx, s.Now(), func(tx *db.Tx) (err error) {
			text, err = tenant.NewToken(tx, location, c.Name)
			return err
		})
		if err == nil {
			_, err = fmt.Fprintln(s.Out, text)
		}
		return err
	})
}
