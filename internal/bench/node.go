package bench

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
)

const (
	fieldKey     = "key-bench-0123456789"
	fieldSecret  = "secret of the webhooks"
	fieldAccount = "3f6a1d20-0000-4000-8000-00000000c0de"
	crmToken     = "pat-na1-bench"
	crmPortal    = 24600001
	crmApp       = 7906213
	senderSID    = "AC000000000000000000000000000bec00"
	senderToken  = "0123456789abcdef0123456789abcdef"
	senderNumber = "+12085550190"
)

// spoken are the kinds of messages that we send in place of the field tool.
const spoken = "confirmation, reminder, on_my_way, finished, review, invoice, payment_reminder"

// configuration writes plumbline.yaml of a shop with a field tool, a CRM and a
// sender of texts.
func configuration(s setup) string {
	return fmt.Sprintf(`database: %q
listen: 127.0.0.1:0
public_url: https://plumbline.example.com
locations:
- id: %s
  name: Bench
  connections:
  - name: hcp
    tool: housecallpro
    account: %s
    mode: "on"
    speaks: {confirmation: us, reminder: us, on_my_way: us, finished: us, review: us, invoice: us, payment_reminder: us}
    confirmed: [%s]
    config: {api_key: %s, webhook_secrets: [%s]}
  - name: hubspot
    tool: hubspot
    account: "%d"
    mode: %q
    config: {token: %s, portal: "%d", app_id: "%d", zone: America/Boise}
  - name: twilio
    tool: twilio
    account: %s
    mode: %q
    config: {account_sid: %s, auth_tokens: [%s], from: "%s"}
`, s.file, location, fieldAccount, spoken, fieldKey, fieldSecret, crmPortal, s.crm, crmToken, crmPortal, crmApp, senderSID, s.sender, senderSID, senderToken, senderNumber)
}

// A setup says what a node is built for.
type setup struct {
	file   string
	crm    string // mode in which it starts
	sender string // likewise
	now    func() time.Time
	client *http.Client
	log    *slog.Logger
}

// build builds the whole program, as serve does, on a file of its own.
func build(ctx context.Context, s setup) (*app.Node, error) {
	if s.client == nil {
		s.client = &http.Client{Transport: closed{}}
	}
	c, err := app.ParseConfig(filepath.Base(s.file)+".yaml", []byte(configuration(s)))
	if err != nil {
		return nil, err
	}
	return app.Build(ctx, c, app.Options{Now: s.now, Client: s.client, Log: s.log})
}

// closed is a network that leads nowhere.
type closed struct{}

// RoundTrip refuses every call.
func (closed) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("call %s: the benchmark calls nobody here", r.URL.Host)
}

// drain applies what waits, and derives all that is stale.
func drain(ctx context.Context, n *app.Node, now time.Time) error {
	for {
		worked, _, err := n.Advance.Step(ctx, now, location)
		if err != nil || !worked {
			return err
		}
	}
}

// count returns what a query counts.
func count(ctx context.Context, n *app.Node, query string, args ...any) (rows int64, err error) {
	err = n.DB.View(ctx, n.Now(), func(tx *db.Tx) error { return tx.QueryRow(query, args...).Scan(&rows) })
	return rows, err
}
