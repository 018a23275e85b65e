package jobber

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestValidateNamesTheFieldThatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string // empty: valid
	}{
		"the least that is needed":    {func(*Config) {}, ""},
		"a sandbox on this machine":   {func(c *Config) { c.BaseURL = "http://127.0.0.1:8080/jobber" }, ""},
		"the largest pages":           {func(c *Config) { c.PageSize, c.JobPageSize = largestPage, largestJobPage }, ""},
		"no client id":                {func(c *Config) { c.ClientID = "" }, "client_id"},
		"a client id with a space":    {func(c *Config) { c.ClientID = "a b" }, "client_id"},
		"no client secret":            {func(c *Config) { c.ClientSecret = "" }, "client_secret"},
		"a secret with a line break":  {func(c *Config) { c.ClientSecret = "secret-0123456789\n" }, "client_secret"},
		"the id as secret":            {func(c *Config) { c.ClientID = string(c.ClientSecret) }, "client_secret"},
		"an address without https":    {func(c *Config) { c.BaseURL = "http://api.getjobber.com" }, "base_url"},
		"an address with a password":  {func(c *Config) { c.BaseURL = "https://a:b@api.getjobber.com" }, "base_url"},
		"a version that is no date":   {func(c *Config) { c.Version = "latest" }, "version"},
		"a giant page":                {func(c *Config) { c.PageSize = 100 }, "page_size"},
		"a page of fewer than no row": {func(c *Config) { c.PageSize = -1 }, "page_size"},
		"a giant page of jobs":        {func(c *Config) { c.JobPageSize = 100 }, "job_page_size"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config()
			c.change(&cfg)
			err := cfg.Validate()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), " "+c.want+":")) {
				t.Errorf("Validate = %v, want an error about %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "0123456789") {
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
	for _, text := range []string{string(b), fmt.Sprintf("%v %+v %#v", config(), config(), config())} {
		if strings.Contains(text, "0123456789") {
			t.Errorf("the configuration prints as %s", text)
		}
	}
}
