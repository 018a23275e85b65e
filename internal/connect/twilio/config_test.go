package twilio

import (
	"fmt"
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/connect"
)

func TestValidateNamesTheFieldThatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string // empty: valid
	}{
		"a number":                      {func(*Config) {}, ""},
		"a short code":                  {func(c *Config) { c.From = "24273" }, ""},
		"a service":                     {func(c *Config) { c.From, c.MessagingServiceSid = "", service }, ""},
		"a sandbox on this machine":     {func(c *Config) { c.BaseURL, c.CallbackURL = "http://127.0.0.1:1/twilio", "http://localhost:2/h" }, ""},
		"no account":                    {func(c *Config) { c.AccountSid = "" }, "account_sid"},
		"a key for an account":          {func(c *Config) { c.AccountSid = "SK" + account[2:] }, "account_sid"},
		"no token":                      {func(c *Config) { c.AuthTokens = nil }, "auth_tokens"},
		"an empty token":                {func(c *Config) { c.AuthTokens = []connect.Secret{""} }, "auth_tokens"},
		"a token with a line break":     {func(c *Config) { c.AuthTokens = []connect.Secret{token + "\n"} }, "auth_tokens"},
		"no sender":                     {func(c *Config) { c.From = "" }, "from"},
		"two senders":                   {func(c *Config) { c.MessagingServiceSid = service }, "from"},
		"a sender as people write it":   {func(c *Config) { c.From = "(500) 555-0006" }, "from"},
		"something else for a service":  {func(c *Config) { c.From, c.MessagingServiceSid = "", account }, "messaging_service_sid"},
		"plain http to the vendor":      {func(c *Config) { c.BaseURL = "http://api.twilio.com" }, "base_url"},
		"no callback address":           {func(c *Config) { c.CallbackURL = "" }, "callback_url"},
		"a callback with a fragment":    {func(c *Config) { c.CallbackURL = hooks + "#rc=5" }, "callback_url"},
		"a callback with an underscore": {func(c *Config) { c.CallbackURL = "https://my_shop.example.com/h" }, "callback_url"},
		"a flood":                       {func(c *Config) { c.MessagesPerSecond = 1000 }, "messages_per_second"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config()
			c.change(&cfg)
			err := cfg.Validate()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want+":")) {
				t.Errorf("Validate = %v, want an error about %q", err, c.want)
			}
		})
	}
}

func TestConfigPrintsWithoutSecrets(t *testing.T) {
	if text := fmt.Sprintf("%v %+v %#v", config(), config(), config()); strings.Contains(text, token) {
		t.Errorf("the configuration prints as %s", text)
	}
}
