package hubspot

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestConfigMistakesAreNamed(t *testing.T) {
	good := Config{Token: "pat-na1-abc", Portal: "62515"}
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string // in the error; empty: it is good
	}{
		{"the least that is needed", func(*Config) {}, ""},
		{"everything", func(c *Config) {
			*c = Config{Token: "x", Portal: "1", AppID: "2", BaseURL: "http://127.0.0.1:9/hubspot", Pipeline: "Service jobs", Tier: "starter", Zone: "America/Phoenix"}
		}, ""},
		{"no token", func(c *Config) { c.Token = "" }, "token is missing"},
		{"a token pasted with a line break", func(c *Config) { c.Token = "pat-na1\n" }, "token holds"},
		{"no portal", func(c *Config) { c.Portal = "" }, "portal"},
		{"a portal with letters", func(c *Config) { c.Portal = "na1-62515" }, "portal"},
		{"a portal of zero", func(c *Config) { c.Portal = "0" }, "portal"},
		{"an app id with letters", func(c *Config) { c.AppID = "plumbline" }, "app_id"},
		{"a token in the open", func(c *Config) { c.BaseURL = "http://api.hubapi.com" }, "base_url"},
		{"an address with a password", func(c *Config) { c.BaseURL = "https://me:pw@api.hubapi.com" }, "base_url"},
		{"the sales pipeline", func(c *Config) { c.Pipeline = "sales pipeline" }, "pipeline"},
		{"an unknown tier", func(c *Config) { c.Tier = "gold" }, "tier"},
		{"an unknown zone", func(c *Config) { c.Zone = "Phoenix" }, "zone"},
		{"the machine's zone", func(c *Config) { c.Zone = "Local" }, "zone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := good
			c.change(&config)
			err := config.Validate()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("Validate = %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "pat-na1") {
				t.Error("the error tells the token")
			}
		})
	}
}

func TestSecretsPrintAsDots(t *testing.T) {
	c := Config{Token: "pat-na1-abc", Portal: "1"}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{string(text), fmt.Sprint(c), fmt.Sprintf("%+v %#v %q %s", c, c, c.Token, c.Token)} {
		if strings.Contains(s, "pat-na1") {
			t.Errorf("%s tells the token", s)
		}
	}
}

func TestBudgetsStayBelowWhatHubSpotAllows(t *testing.T) {
	for tier, most := range map[string]int{"starter": 100, "professional": 190, "enterprise": 190, "marketplace": 110} {
		b := New(Config{Tier: tier}, http.DefaultClient, time.Now).Budgets()
		if b["burst"].Calls >= most || b["burst"].Window != 10*time.Second || b["search"].Calls >= 5 || b["associations"].Calls >= 100 {
			t.Errorf("%s: %v", tier, b)
		}
		if _, daily := b["daily"]; daily == (tier == "marketplace") {
			t.Errorf("%s: a daily budget: %v", tier, daily)
		}
	}
}
