package demo

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"plumbline.dev/plumbline"
)

// marker is in every folder that the demo made, and in no other.
const marker = ".plumbline-demo"

// clear makes the folder of a demo, or takes away what an earlier one left in it. A
// folder that somebody else has filled is refused, and nothing in it touched.
func clear(dir string) (err error) {
	defer plumbline.Wrap(&err, "prepare the folder %s", dir)

	left, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, err = os.Lstat(filepath.Join(dir, marker))
	switch {
	case err == nil:
		for _, e := range left {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	case len(left) > 0:
		return plumbline.Invalidf("name a folder that is empty or not there with --dir", "it holds what this demo has not made")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, marker), []byte("plumbline demo wipes this folder when it starts\n"), 0o600)
}

// configure writes plumbline.yaml and the shop's playbook, as an operator would. The
// CRM and the sender start in rehearsal: no mode is given.
func (d *demo) configure() error {
	token := make([]byte, 16)
	_, _ = rand.Read(token) // never fails
	d.token = "plt_demo_" + hex.EncodeToString(token)
	c := CredentialsAt(d.address + sandboxes)
	speaks := make([]string, len(spoken))
	for i, kind := range spoken {
		speaks[i] = kind + ": us"
	}
	text := fmt.Sprintf(`# Written by plumbline demo, for its own sandboxes: nothing here reaches a real account.
database: plumbline.db
listen: %s
public_url: %s
locations:
- id: %s
  name: %s
  playbook: [shop.yaml]
  tokens: [{name: demo, token: %s}]
  connections:
  - name: hcp
    tool: housecallpro
    account: %s
    mode: "on"
    speaks: {%s}
    confirmed: [%s]
    config: {api_key: %s, webhook_secrets: [%q], base_url: %q}
  - name: hubspot
    tool: hubspot
    account: %q
    config: {token: %s, portal: %q, app_id: %q, zone: %s, base_url: %q}
  - name: sms
    tool: twilio
    account: %s
    config: {account_sid: %s, auth_tokens: [%q], from: %q, base_url: %q}
`, strings.TrimPrefix(d.address, "http://"), d.address, location, brand, d.token,
		c.HousecallPro.Account, strings.Join(speaks, ", "), strings.Join(spoken, ", "), c.HousecallPro.APIKey, c.HousecallPro.WebhookSecret, c.HousecallPro.BaseURL,
		c.HubSpot.Portal, c.HubSpot.Token, c.HubSpot.Portal, c.HubSpot.AppID, d.zone, c.HubSpot.BaseURL,
		c.Twilio.AccountSid, c.Twilio.AccountSid, c.Twilio.AuthToken, c.Twilio.From, c.Twilio.BaseURL)
	layer := fmt.Sprintf(`# What differs from the built-in playbook.
settings:
  brand: Brightwater
  phone: (480) 555-0190
  site: brightwater.example.com
  zone: %s
  shop: {latitude: "33.4152", longitude: "-111.8315"}
  links: https://brightwater.example.com/v
`, d.zone)
	if err := os.WriteFile(filepath.Join(d.opts.Dir, "shop.yaml"), []byte(layer), 0o600); err != nil {
		return err
	}
	return os.WriteFile(d.config(), []byte(text), 0o600)
}

func (d *demo) config() string { return filepath.Join(d.opts.Dir, "plumbline.yaml") }

// lastWorkday is five in the morning of the last Monday to Friday that is over: so
// all that the demo keeps lies in the past, where other commands look for it.
func lastWorkday(now time.Time, zone *time.Location) time.Time {
	day := now.In(zone)
	for {
		day = time.Date(day.Year(), day.Month(), day.Day()-1, 5, 0, 0, 0, zone)
		if w := day.Weekday(); w != time.Saturday && w != time.Sunday {
			return day
		}
	}
}
