package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/demo"
)

type fakes struct {
	Listen string `help:"Where the vendors are served." default:"127.0.0.1:8090"`
	Hooks  string `help:"Where webhooks go: the program's address with /hooks/LOCATION behind it. Connections are called hcp and sms there."`
	Zone   string `help:"The shop's time zone." default:"America/Phoenix"`
	Seed   uint64 `help:"What ids and the shop's story follow from." default:"1"`
	JSON   bool   `help:"Print the credentials as JSON."`
}

// Run serves the vendors' sandboxes in real time until it is told to stop.
func (c *fakes) Run(s *shell) error {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return plumbline.Invalidf("an IANA name such as America/Boise", "there is no time zone %q", c.Zone)
	}
	listener, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	log := logger(s.Err)
	town := demo.NewTown(demo.VendorsConfig{Now: s.Now, Seed: c.Seed, Zone: zone, Brand: "Sandbox", Hooks: strings.TrimSuffix(c.Hooks, "/")})
	server := &http.Server{Handler: town.Handler(), ReadHeaderTimeout: headersWithin, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if err := c.tell(s, demo.CredentialsAt("http://"+listener.Addr().String())); err != nil {
		return errors.Join(err, server.Close())
	}
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	living := make(chan error, 1)
	go func() { living <- town.Run(ctx, log) }()
	select {
	case err = <-ended:
	case err = <-living:
	}
	return errors.Join(err, server.Close())
}

// tell prints what a configuration needs.
func (c *fakes) tell(s *shell, k demo.Credentials) error {
	if c.JSON {
		return s.print(k)
	}
	hooks := c.Hooks
	if hooks == "" {
		hooks = "nowhere; say --hooks http://127.0.0.1:8080/hooks/LOCATION"
	}
	_, err := fmt.Fprintf(s.Out, `# Connections of a location in plumbline.yaml
- {name: hcp, tool: housecallpro, account: %s, mode: "on", config: {api_key: %s, webhook_secrets: [%q], base_url: %q}}
- {name: hubspot, tool: hubspot, account: %q, config: {token: %s, portal: %q, app_id: %q, base_url: %q}}
- {name: sms, tool: twilio, account: %s, config: {account_sid: %s, auth_tokens: [%q], from: %q, base_url: %q}}
# webhooks go %s
# POST /shop/start lets a shop live there: its day began at five in the morning
`, k.HousecallPro.Account, k.HousecallPro.APIKey, k.HousecallPro.WebhookSecret, k.HousecallPro.BaseURL,
		k.HubSpot.Portal, k.HubSpot.Token, k.HubSpot.Portal, k.HubSpot.AppID, k.HubSpot.BaseURL,
		k.Twilio.AccountSid, k.Twilio.AccountSid, k.Twilio.AuthToken, k.Twilio.From, k.Twilio.BaseURL, hooks)
	return err
}
