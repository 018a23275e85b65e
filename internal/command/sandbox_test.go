package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/demo"
)

// running is a command that runs until it is stopped.
type running struct {
	out  io.Reader
	stop func() int
}

func start(t *testing.T, now func() time.Time, args ...string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- Main(ctx, args, World{In: strings.NewReader(""), Out: write, Err: io.Discard, Now: now})
		write.Close()
	}()
	return running{out: read, stop: func() int { cancel(); return <-code }}
}

// free is an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func call(t *testing.T, method, url, authorization, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// within waits for what takes seconds, on a machine that is not busy.
func within(t *testing.T, failing string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(failing)
		}
	}
}

func TestServeWorksAgainstTheSandboxesOverTheNetwork(t *testing.T) {
	// Early in the afternoon of a workday, and going on: the shop has things to do.
	began, noon := time.Now(), time.Date(2026, 5, 5, 13, 0, 0, 0, time.FixedZone("Phoenix", -7*3600))
	now := func() time.Time { return noon.Add(time.Since(began)) }
	dir, home := t.TempDir(), free(t)
	box := start(t, now, "sandbox", "--listen", "127.0.0.1:0", "--json", "--hooks", "http://"+home+"/hooks/shop")
	var k demo.Credentials
	if err := json.NewDecoder(box.out).Decode(&k); err != nil {
		t.Fatalf("the sandbox did not print its credentials: %v", err)
	}
	config := filepath.Join(dir, "plumbline.yaml")
	text := fmt.Sprintf(`
listen: %s
public_url: http://%s
locations:
- id: shop
  playbook: [shop.yaml]
  connections:
  - {name: hcp, tool: housecallpro, account: %s, mode: "on", config: {api_key: %s, webhook_secrets: [%q], base_url: %q}}
  - {name: hubspot, tool: hubspot, account: %q, mode: "on", config: {token: %s, portal: %q, app_id: %q, base_url: %q}}
  - {name: sms, tool: twilio, account: %s, config: {account_sid: %s, auth_tokens: [%q], from: %q, base_url: %q}}
`, home, home, k.HousecallPro.Account, k.HousecallPro.APIKey, k.HousecallPro.WebhookSecret, k.HousecallPro.BaseURL,
		k.HubSpot.Portal, k.HubSpot.Token, k.HubSpot.Portal, k.HubSpot.AppID, k.HubSpot.BaseURL,
		k.Twilio.AccountSid, k.Twilio.AccountSid, k.Twilio.AuthToken, k.Twilio.From, k.Twilio.BaseURL)
	for file, body := range map[string]string{config: text, filepath.Join(dir, "shop.yaml"): "settings: {brand: Brightwater, zone: America/Phoenix}\n"} {
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if code := Main(t.Context(), []string{"--config", config, "connect", "hubspot", "--create"}, World{Out: &out, Err: &out, Now: now}); code != 0 {
		t.Fatalf("connect = %d\n%s", code, &out)
	}
	program := start(t, now, "--config", config, "serve")

	address := strings.TrimSuffix(k.HousecallPro.BaseURL, "/housecallpro")
	if status, body := call(t, "POST", k.HousecallPro.BaseURL+"/customers", "Token "+k.HousecallPro.APIKey, `{"first_name":"Dana","last_name":"Whitlock","email":"dana@example.com"}`); status/100 != 2 {
		t.Fatalf("the sandbox of Housecall Pro answered %d %s", status, body)
	}
	within(t, "the shop was not started", func() bool {
		status, _ := call(t, "POST", address+"/shop/start", "", "")
		return status == http.StatusNoContent
	})
	within(t, "no webhook led to a deal", func() bool { // a contact waits a minute for what people do there
		_, body := call(t, "POST", k.HubSpot.BaseURL+"/crm/objects/2026-09/deals/search", "Bearer "+k.HubSpot.Token,
			`{"filterGroups":[{"filters":[{"propertyName":"plumbline_key","operator":"HAS_PROPERTY"}]}],"properties":["dealname"],"limit":1}`)
		return strings.Contains(body, `"total":`) && !strings.Contains(body, `"total":0`)
	})
	if code := program.stop(); code != 0 {
		t.Errorf("serve ended with %d", code)
	}
	if code := box.stop(); code != 0 {
		t.Errorf("sandbox ended with %d", code)
	}
}

func TestTheSandboxPrintsConnectionsThatCanBePasted(t *testing.T) {
	box := start(t, time.Now, "sandbox", "--listen", "127.0.0.1:0")
	page := make([]byte, 4096)
	n, err := box.out.Read(page)
	if err != nil {
		t.Fatal(err)
	}
	if code := box.stop(); code != 0 {
		t.Errorf("sandbox ended with %d", code)
	}
	d := newDesk(t)
	d.write("plumbline.yaml", "public_url: https://plumbline.example.com\nlocations:\n- id: boise\n  playbook: [boise.yaml]\n  connections:\n  "+strings.ReplaceAll(string(page[:n]), "\n", "\n  ")+"\n")
	if out := d.must("check"); !strings.Contains(out, "location boise: 0 findings") {
		t.Errorf("check of what the sandbox prints: %s", out)
	}
}
