package command

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/app"
	rules "plumbline.dev/plumbline/internal/check"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/playbook"
)

// setupWithin bounds how long a tool is asked and told while it is set up.
const setupWithin = 5 * time.Minute

type connectTool struct {
	Connection string `arg:"" help:"Name of the connection in the configuration, such as hubspot."`
	Create     bool   `help:"Create what is missing; without it nothing is changed."`
	Answer     string `help:"The address to which the tool has sent your browser, where that cannot reach this server."`
}

// Run shows where an account's administrator agrees that we have access, for a tool that
// asks for that. It looks whether a connection answers, and whether a target has the fields that
// the playbook's mapping writes. With --create it creates those that the mapping
// describes and that are missing. Run again, it finds nothing more to do.
func (c *connectTool) Run(s *shell) error {
	return s.with(func(n *app.Node, location string) error {
		ctx, cancel := context.WithTimeout(s.ctx, setupWithin)
		defer cancel()
		bound, tool, err := app.Tool[any](n, location, c.Connection)
		if err != nil {
			return err
		}
		if _, ok := tool.(connect.Receiver); ok {
			fmt.Fprintf(s.Out, "webhooks: %s/hooks/%s/%s\n", strings.TrimSuffix(n.Config.PublicURL, "/"), location, c.Connection)
		}
		if _, ok := tool.(connect.Authorizer); ok {
			return c.authorize(ctx, s, n, location)
		}
		target, ok := tool.(connect.Target)
		if !ok {
			fmt.Fprintf(s.Out, "%s keeps no records of ours: there is nothing to set up in it\n", c.Connection)
			return nil
		}
		pb, _, err := n.Advance.Policy(location)
		if err != nil {
			return err
		}
		lines, err := n.Provision(ctx, location, c.Connection, !c.Create)
		for _, l := range lines {
			fmt.Fprintln(s.Out, l)
		}
		if err != nil {
			return err
		}
		schema, err := target.Describe(ctx)
		if err != nil {
			return fmt.Errorf("ask %s for its fields: %w", c.Connection, err)
		}
		return s.fits(pb, bound.Tool, c.Connection, schema)
	})
}

func (c *connectTool) authorize(ctx context.Context, s *shell, n *app.Node, location string) error {
	if c.Answer == "" {
		address, err := n.AuthorizeURL(location, c.Connection)
		if err == nil {
			fmt.Fprintf(s.Out, "as an administrator of the account, agree here within an hour:\n%s\n", address)
		}
		return err
	}
	answer, err := url.Parse(c.Answer)
	if err != nil || answer.Query().Get("code") == "" {
		return plumbline.Invalidf("copy it whole from the browser, in quotation marks", "the address holds no code")
	}
	if err := n.Redeem(ctx, location, c.Connection, answer.Query().Get("code"), answer.Query().Get("state")); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "%s is connected\n", c.Connection)
	return nil
}

// fits says what of a mapping a target cannot hold.
func (s *shell) fits(pb *playbook.Playbook, tool, connection string, schema connect.Schema) error {
	found := slices.DeleteFunc(rules.Playbook(pb, map[string]connect.Schema{tool: schema}), func(f rules.Finding) bool {
		return !strings.HasPrefix(f.Path, "mapping."+tool+".")
	})
	for _, f := range found {
		fmt.Fprintf(s.Out, "%s: %s: %s (%s)\n", f.Severity, f.Path, f.Msg, f.Cure)
	}
	if hasError(found) {
		return errFound
	}
	fmt.Fprintf(s.Out, "%s can hold all that the mapping writes\n", connection)
	return nil
}
