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
	crmApp      = 7906213
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
	fmt.Fprintf(&b, "database: %q\nlisten: 127.0.0.1:0\npublic_url: https://%s\nnode: %s\nlocations:\n", store, home, node)
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
	return fmt.Sprintf(`- id: %[1]s
  name: %[2]s
  playbook: [%[3]q]
  tokens: [{name: office, token: plt_simulation_%[1]s}]
  connections:
  - name: hcp
    tool: housecallpro
    account: %[4]s
    mode: "on"
    speaks: {%[5]s}
    confirmed: [%[6]s]
    config: {api_key: %[7]s, webhook_secrets: [%[8]s], base_url: "https://%[9]s"}
  - name: hubspot
    tool: hubspot
    account: "%[10]d"
    mode: "on"
    config: {token: %[11]s, portal: "%[10]d", app_id: "%[12]d", base_url: "https://%[13]s", zone: %[14]s}
  - name: twilio
    tool: twilio
    account: %[15]s
    mode: "on"
    config: {account_sid: %[15]s, auth_tokens: [%[16]s], from: "%[17]s", base_url: "https://%[18]s"}
`, c.id, c.brand, layer, c.account, strings.Join(speaks, ", "), strings.Join(spoken, ", "), fieldKey, fieldSecret, c.host("housecallpro"),
		c.portal, crmToken, crmApp, c.host("hubapi"), c.w.zone, c.sid, senderToken, c.number, c.host("twilio"))
}
