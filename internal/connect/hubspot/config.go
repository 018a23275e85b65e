package hubspot

import (
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// Config is one HubSpot account.
type Config struct {
	Token  connect.Secret `json:"token" yaml:"token"`   // of a service key or private app
	Portal string         `json:"portal" yaml:"portal"` // the account's id (Hub ID)
	// AppID is our integration's source id in property history. Without it our own
	// writes read as another integration's.
	AppID    string `json:"app_id,omitempty" yaml:"app_id,omitempty"`
	BaseURL  string `json:"base_url,omitempty" yaml:"base_url,omitempty"` // default https://api.hubapi.com
	Pipeline string `json:"pipeline,omitempty" yaml:"pipeline,omitempty"` // label of our own pipeline, default Jobs
	// Tier decides the budgets: starter, professional (default), enterprise or marketplace.
	Tier string `json:"tier,omitempty" yaml:"tier,omitempty"`
	Zone string `json:"zone,omitempty" yaml:"zone,omitempty"` // IANA zone of the account, else asked of HubSpot
}

func (c Config) withDefaults() Config {
	c.BaseURL = strings.TrimSuffix(orElse(c.BaseURL, "https://api.hubapi.com"), "/")
	c.Pipeline = orElse(c.Pipeline, "Jobs")
	c.Tier = orElse(c.Tier, "professional")
	return c
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// Validate says what is wrong with the configuration, without any secret.
func (c Config) Validate() error {
	if err := validateToken(c.Token); err != nil {
		return err
	}
	if !isID(c.Portal) {
		return plumbline.Invalidf("it is the Hub ID, a number", "portal %q is no account id", c.Portal)
	}
	if c.AppID != "" && !isID(c.AppID) {
		return plumbline.Invalidf("it is the number of the app or service key", "app_id %q is no app id", c.AppID)
	}
	if c.BaseURL != "" {
		if wrong := connect.CheckBase(c.BaseURL); wrong != "" {
			return plumbline.Invalidf("such as https://api.hubapi.com", "base_url: %s", wrong)
		}
	}
	if c.Pipeline != strings.TrimSpace(c.Pipeline) || strings.EqualFold(c.Pipeline, "Sales Pipeline") {
		return plumbline.Invalidf("name a pipeline of its own, such as Jobs", "pipeline %q cannot be ours", c.Pipeline)
	}
	if !oneOf(c.Tier, "", "starter", "professional", "enterprise", "marketplace") {
		return plumbline.Invalidf("starter, professional, enterprise or marketplace", "tier %q is unknown", c.Tier)
	}
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "Local" {
		return plumbline.Invalidf("an IANA name such as America/Phoenix", "zone %q is unknown", c.Zone)
	}
	return nil
}

func validateToken(s connect.Secret) error {
	if s == "" {
		return plumbline.Invalidf("create a service key in HubSpot and paste it", "token is missing")
	}
	for _, r := range string(s) {
		if r <= ' ' || r > '~' {
			return plumbline.Invalidf("paste it again", "token holds a character that no token has")
		}
	}
	return nil
}

func isID(s string) bool {
	n, err := strconv.ParseUint(s, 10, 63)
	return err == nil && n > 0 && s[0] != '0' && s[0] != '+'
}

func oneOf(s string, words ...string) bool {
	for _, w := range words {
		if s == w {
			return true
		}
	}
	return false
}

// AccountID is the portal whose records are written.
func (t *Tool) AccountID() string { return t.config.Portal }
