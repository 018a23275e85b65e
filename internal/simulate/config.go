package simulate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The program's public address, and the accounts that it is given.
const (
	home        = "plumbline.example.com"
	fieldKey    = "key-simulation-0123456789"
	fieldSecret = "secret of the webhooks"
	senderToken = "0123456789abcdef0123456789abcdef"
	crmToken    = "pat-na1-simulation"
	jobberApp   = "3ef22a50-0000-4000-8000-b7646657560b"
	// jobberSecret also signs Jobber's webhooks.
	jobberSecret = "secret-of-the-app-0123456789"
	crmApp       = 7906213
)

// spoken are the kinds of messages that we send in place of the field tool.
var spoken = []string{"confirmation", "reminder", "on_my_way", "finished", "review", "invoice", "payment_reminder"}

// configuration writes plumbline.yaml of one node, as an operator would.
func (w *world) configuration(node string) (string, error) {
	var b strings.Builder
	store := w.opts.Store
	if store == "" {
		store = w.file()
	}
	fmt.Fprintf(&b, "database: %q\nlisten: 127.0.0.1:0\npublic_url: https://%s\nnode: %s\nkey: %s\nlocations:\n", store, home, node, w.key)
	for _, c := range w.companies {
		layer := filepath.Join(w.dir, c.id+".yaml")
		if err := os.WriteFile(layer, []byte(c.playbook()), 0o600); err != nil {
			return "", err
		}
		b.WriteString(c.configuration(layer))
	}
	return b.String(), nil
}

func (c *company) playbook() string {
	return fmt.Sprintf(`settings:
  brand: %s
  phone: (480) 555-0100
  site: %s.example.com
  zone: %s
  shop: {latitude: "33.4152", longitude: "-111.8315"}
  links: https://%s/v
`, c.brand, c.id, c.w.zone, home)
}

func (c *company) configuration(layer string) string {
	speaks := make([]string, len(spoken))
	for i, kind := range spoken {
		speaks[i] = kind + ": us"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `- id: %[1]s
  name: %[2]s
  playbook: [%[3]q]
  tokens: [{name: office, token: plt_simulation_%[1]s}]
  connections:
`, c.id, c.brand, layer)
	source := func(name, tool, account, config string) {
		fmt.Fprintf(&b, `  - name: %s
    tool: %s
    account: %q
    mode: "on"
    speaks: {%s}
    confirmed: [%s]
    config: {%s}
`, name, tool, account, strings.Join(speaks, ", "), strings.Join(spoken, ", "), config)
	}
	if c.field != nil {
		source("hcp", "housecallpro", c.account, fmt.Sprintf(`api_key: %s, webhook_secrets: [%s], base_url: "https://%s"`, fieldKey, fieldSecret, c.host("housecallpro")))
	}
	if c.jobber != nil {
		source("jobber", "jobber", c.jobber.AccountID(), fmt.Sprintf(`client_id: app, client_secret: %s, base_url: "https://%s"`, jobberSecret, c.host("getjobber")))
	}
	fmt.Fprintf(&b, `  - name: hubspot
    tool: hubspot
    account: "%[1]d"
    mode: "on"
    config: {token: %[2]s, portal: "%[1]d", app_id: "%[3]d", base_url: "https://%[4]s", zone: %[5]s}
  - name: twilio
    tool: twilio
    account: %[6]s
    mode: "on"
    config: {account_sid: %[6]s, auth_tokens: [%[7]s], from: "%[8]s", base_url: "https://%[9]s"}
`, c.portal, crmToken, crmApp, c.host("hubapi"), c.w.zone, c.sid, senderToken, c.number, c.host("twilio"))
	return b.String()
}
