package housecallpro

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

func TestValidateNamesTheFieldThatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string // empty: valid
	}{
		"the least that is needed":   {func(*Config) {}, ""},
		"a sandbox on this machine":  {func(c *Config) { c.BaseURL = "http://127.0.0.1:8080/housecallpro" }, ""},
		"no key":                     {func(c *Config) { c.APIKey = "" }, "api_key"},
		"a key with its scheme":      {func(c *Config) { c.APIKey = "Token abc" }, "api_key"},
		"a key with a line break":    {func(c *Config) { c.APIKey = "abc\n" }, "api_key"},
		"no signing secret":          {func(c *Config) { c.WebhookSecrets = nil }, "webhook_secrets"},
		"an empty signing secret":    {func(c *Config) { c.WebhookSecrets = []connect.Secret{""} }, "webhook_secrets"},
		"the key as signing secret":  {func(c *Config) { c.WebhookSecrets = []connect.Secret{c.APIKey} }, "webhook_secrets"},
		"an address without https":   {func(c *Config) { c.BaseURL = "http://api.housecallpro.com" }, "base_url"},
		"an address with a password": {func(c *Config) { c.BaseURL = "https://a:b@api.housecallpro.com" }, "base_url"},
		"an address of a file":       {func(c *Config) { c.BaseURL = "file:///etc/passwd" }, "base_url"},
		"a company with a space":     {func(c *Config) { c.CompanyID = "a b" }, "company_id"},
		"an impossible header":       {func(c *Config) { c.SignatureHeader = "X Sig" }, "signature_header"},
		"an impossible date header":  {func(c *Config) { c.TimestampHeader = "a:b" }, "timestamp_header"},
		"an unknown encoding":        {func(c *Config) { c.Encoding = "base32" }, "encoding"},
		"a window of days":           {func(c *Config) { c.Skew = 48 * time.Hour }, "skew"},
		"a negative window":          {func(c *Config) { c.Skew = -time.Second }, "skew"},
		"a giant page":               {func(c *Config) { c.PageSize = 5000 }, "page_size"},
		"a flood":                    {func(c *Config) { c.CallsPerSecond = 100 }, "calls_per_second"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config()
			c.change(&cfg)
			err := cfg.Validate()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want+":")) {
				t.Errorf("Validate = %v, want an error about %q", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), "abc") || strings.Contains(err.Error(), "0123456789")) {
				t.Errorf("Validate = %v, which shows a secret", err)
			}
		})
	}
}

func TestConfigPrintsWithoutSecrets(t *testing.T) {
	b, err := json.Marshal(config())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(b), fmt.Sprintf("%v %+v %#v %x", config(), config(), config(), config().APIKey)} {
		if strings.Contains(text, "0123456789") || strings.Contains(text, "secret\"") || strings.Contains(text, "6b65792d30") {
			t.Errorf("the configuration prints as %s", text)
		}
	}
}
