package app

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/tenant"
)

const good = `database: x.db
public_url: https://plumbline.example.com
locations:
  - id: boise
    connections:
      - name: hcp
        tool: housecallpro
        speaks: {on_my_way: us}
        confirmed: [on_my_way]
        config: {api_key: key-0123456789, webhook_secrets: [secret]}
      - {name: hubspot, tool: hubspot, config: {token: pat-0123456789, portal: "12345"}}
  - id: reno
    weight: 2
    connections:
      - {name: hcp, tool: housecallpro, config: {api_key: key-0123456789, webhook_secrets: [secret]}}
`

// build reads a configuration and makes its tools, as serve and check do.
func build(t *testing.T, text string) error {
	t.Helper()
	c, err := ParseConfig(filepath.Join(t.TempDir(), "plumbline.yaml"), []byte(text))
	if err != nil {
		return err
	}
	n, err := Build(t.Context(), c, Options{Now: func() time.Time { return time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC) }, Client: http.DefaultClient, Volatile: true})
	if err != nil {
		return err
	}
	return n.Close()
}

func TestAMistakeInTheConfigurationNamesFileLineAndCure(t *testing.T) {
	if err := build(t, good); err != nil {
		t.Fatalf("the configuration without mistakes: %v", err)
	}
	for _, c := range []struct{ name, old, new, at, says string }{
		{"an unknown key", "database: x.db", "databse: x.db", "[1:1]", "unknown field"},
		{"a value of the wrong type", "weight: 2", "weight: [2]", "[13:13]", "of type int"},
		{"no YAML", "locations:", "locations: [", "plumbline.yaml: [", ""},
		{"an address that is none", "https://plumbline.example.com", "plumbline", "plumbline.yaml:2:13", "is no address"},
		{"two locations of one name", "id: reno", "id: boise", "plumbline.yaml:12:9", "two locations are called boise"},
		{"a weight below nothing", "weight: 2", "weight: -2", "plumbline.yaml:13:13", "weight -2"},
		{"a name that is no part of an address", "name: hubspot", "name: hub/spot", "plumbline.yaml:11:16", "called \"hub/spot\""},
		{"a name of the program's own", "name: hubspot", "name: office", "plumbline.yaml:11:16", "name of the program's own"},
		{"two connections of one name", "name: hubspot", "name: hcp", "plumbline.yaml:11:16", "two connections called hcp"},
		{"a tool that there is not", "tool: hubspot", "tool: hubspott", "plumbline.yaml:11:31", `names the tool "hubspott"`},
		{"a mode that is none", "tool: hubspot,", "tool: hubspot, mode: maybe,", "plumbline.yaml:11:46", "cannot begin maybe"},
		{"a kind of message that there is not", "{on_my_way: us}", "{on_the_way: us}", "plumbline.yaml:8:30", `no kind of message "on_the_way"`},
		{"a speaker who is none", "{on_my_way: us}", "{on_my_way: me}", "plumbline.yaml:8:29", `"me" cannot speak on_my_way`},
		{"speaking before somebody has looked", "confirmed: [on_my_way]", "confirmed: []", "plumbline.yaml:8:29", "nobody has confirmed that it is off"},
		{"a tool's unknown key", "{token:", "{tokn: x, token:", "plumbline.yaml:11:48: connection boise/hubspot", "unknown field"},
		{"a tool's wrong value", `"12345"`, `"my portal"`, "plumbline.yaml:11:48: connection boise/hubspot", "is no account id"},
		{"a variable that is not set", "token: pat-0123456789", "token: env:PLUMBLINE_NOT_SET", "plumbline.yaml:11:56", "PLUMBLINE_NOT_SET"},
		{"a file that is not there", "token: pat-0123456789", "token: file:nowhere", "plumbline.yaml:11:56", "nowhere cannot be read"},
		{"one account at two locations", "      - {name: hcp, tool: housecallpro, config: {api_key: key-0123456789, webhook_secrets: [secret]}}",
			`      - {name: crm, tool: hubspot, config: {token: pat-0123456789, portal: "12345"}}`, "plumbline.yaml:15:44", "boise/hubspot and reno/crm are the same account"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Count(good, c.old) == 0 {
				t.Fatalf("the configuration has no %q", c.old)
			}
			text := strings.Replace(good, c.old, c.new, 1)
			if c.name == "one account at two locations" { // of the second location
				i := strings.LastIndex(good, c.old)
				text = good[:i] + c.new + "\n"
			}
			err := build(t, text)
			if err == nil {
				t.Fatal("it is taken")
			}
			if plumbline.KindOf(err) != plumbline.Invalid || !strings.Contains(err.Error(), c.at) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "plumbline.yaml") {
				t.Errorf("it says %q (%v), want %q and %q", err, plumbline.KindOf(err), c.at, c.says)
			}
			var e *plumbline.Error
			if !errors.As(err, &e) || e.Hint == "" {
				t.Errorf("%q has no cure", err)
			}
		})
	}
}

func TestSecretsComeFromFilesAndTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("pat-from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PLUMBLINE_TEST_URL", "https://shop.example.com")
	c, err := ParseConfig(filepath.Join(dir, "plumbline.yaml"), []byte(strings.NewReplacer("https://plumbline.example.com", "env:PLUMBLINE_TEST_URL",
		"token: pat-0123456789", "token: file:token").Replace(good)))
	if err != nil {
		t.Fatal(err)
	}
	if c.PublicURL != "https://shop.example.com" || !strings.Contains(c.Locations[0].Connections[1].Config.String(), "pat-from-a-file") {
		t.Errorf("public_url is %q, the tool is given %s", c.PublicURL, c.Locations[0].Connections[1].Config)
	}
}

func TestASealedSecretIsOpenedWithTheKey(t *testing.T) {
	key, err := tenant.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	vault, err := tenant.NewVault(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := vault.Seal([]byte("pat-that-was-sealed"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PLUMBLINE_TEST_KEY", key)
	sealed := strings.Replace(good, "pat-0123456789", text, 1)
	c, err := ParseConfig("plumbline.yaml", []byte("key: env:PLUMBLINE_TEST_KEY\n"+sealed))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Locations[0].Connections[1].Config.String(); !strings.Contains(got, "pat-that-was-sealed") {
		t.Errorf("the tool is given %s", got)
	}
	other, err := tenant.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for first, says := range map[string]string{"": "plumbline.yaml:11:56: a secret is sealed, and there is no key", "key: " + other + "\n": "plumbline.yaml:12:56: the key does not open",
		"key: hunter2\n": "is not an age identity"} {
		if _, err := ParseConfig("plumbline.yaml", []byte(first+sealed)); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("with %q: %v, want %q", first, err, says)
		}
	}
}

func TestAJobIsKeptAsOneTypeThatTheCRMOffers(t *testing.T) {
	for layer, want := range map[string]string{
		"mapping: {hubspot: {deal: {as: ticket}}}":                                                                                "",
		"mapping: {hubspot: {deal: {as: lead, names: {lead: {dealname: name}}}}}":                                                 `does not keep jobs as "lead"`,
		"mapping: {hubspot: {ticket: {for: job, key: job.id, fields: {subject: {type: string, from: job.kind, write: always}}}}}": "a job is kept as a deal and as a ticket",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "shop.yaml"), []byte(layer), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := ParseConfig(filepath.Join(dir, "plumbline.yaml"), []byte(strings.Replace(good, "  - id: boise\n", "  - id: boise\n    playbook: [shop.yaml]\n", 1)))
		if err != nil {
			t.Fatal(err)
		}
		n, err := Build(t.Context(), c, Options{Now: func() time.Time { return time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC) }, Client: http.DefaultClient, Volatile: true})
		if err == nil {
			err = n.Close()
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "yaml:")) {
			t.Errorf("%s: %v, want %q", layer, err, want)
		}
	}
}
