package api_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/sandbox"
)

const config = `
database: %s
public_url: https://plumbline.example.com
locations:
  - id: boise
    tokens: [{name: office, token: token-of-boise}]
    connections:
      - {name: hcp, tool: housecallpro, config: {api_key: key-0123456789, webhook_secrets: [the secret]}}
      - {name: hubspot, tool: hubspot, config: {token: pat-0123456789, portal: "12345"}}
  - id: reno
    tokens: [{name: office, token: token-of-reno}]
    connections:
      - {name: hcp, tool: housecallpro, config: {api_key: key-9876543210, webhook_secrets: [another secret]}}
`

// world is a node of two locations, fed by webhooks of a field tool.
type world struct {
	t     *testing.T
	node  *app.Node
	now   time.Time
	web   http.Handler
	token string
}

// each runs f on a node on each engine.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Run("SQLite", func(t *testing.T) { f(t, newWorld(t, filepath.Join(t.TempDir(), "test.db"), "")) })
	t.Run("PostgreSQL", func(t *testing.T) {
		_, o := dbtest.OpenPostgres(t, db.Options{})
		f(t, newWorld(t, dbtest.PostgresURL(t), o.Schema))
	})
}

func newWorld(t *testing.T, database, schema string) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 5, 4, 15, 0, 0, 0, time.UTC), token: "token-of-boise"}
	now := func() time.Time { return w.now }
	c, err := app.ParseConfig(filepath.Join(t.TempDir(), "plumbline.yaml"), fmt.Appendf(nil, config, database))
	if err != nil {
		t.Fatal(err)
	}
	nobody := &http.Client{Transport: sandbox.New(sandbox.Options{Now: now, Rand: rand.New(rand.NewPCG(1, 1))})}
	w.node, err = app.Build(t.Context(), c, app.Options{Now: now, Client: nobody, Volatile: true, Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.node.Close(); err != nil {
			t.Error(err)
		}
	})
	w.web = w.node.API().Handler()
	return w
}

// settle steps the node until nothing is due now.
func (w *world) settle() {
	w.t.Helper()
	for range 200 {
		for _, l := range w.node.Locations {
			worked, _, err := w.node.Advance.Step(w.t.Context(), w.now, l)
			if err != nil {
				w.t.Fatal(err)
			}
			if worked {
				break
			}
			if l == w.node.Locations[len(w.node.Locations)-1] {
				return
			}
		}
	}
	w.t.Fatal("the node does not come to rest")
}

// ask makes a request and reads the answer into out, unless that is nil.
func (w *world) ask(method, path string, body, out any) int {
	w.t.Helper()
	var r io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		r = bytes.NewReader(data)
	}
	req := httptest.NewRequest(method, path, r)
	req.Header.Set("Content-Type", "application/json")
	if w.token != "" {
		req.Header.Set("Authorization", "Bearer "+w.token)
	}
	rec := httptest.NewRecorder()
	w.web.ServeHTTP(rec, req)
	if out != nil {
		if err := json.Unmarshal(rec.Body.Bytes(), out); err != nil {
			w.t.Fatalf("%s %s: %d %s: %v", method, path, rec.Code, rec.Body, err)
		}
	}
	return rec.Code
}

// must asks and wants a status.
func (w *world) must(status int, method, path string, body, out any) {
	w.t.Helper()
	var raw json.RawMessage
	if got := w.ask(method, path, body, &raw); got != status {
		w.t.Fatalf("%s %s = %d, want %d: %s", method, path, got, status, raw)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			w.t.Fatal(err)
		}
	}
}

// hook posts a body as the vendor does, signed.
func (w *world) hook(body string) int {
	w.t.Helper()
	stamp := strconv.FormatInt(w.now.Unix(), 10)
	mac := hmac.New(sha256.New, []byte("the secret"))
	mac.Write([]byte(stamp + "." + body))
	req := httptest.NewRequest("POST", "/hooks/boise/hcp", strings.NewReader(body))
	req.Header.Set("Api-Timestamp", stamp)
	req.Header.Set("Api-Signature", hex.EncodeToString(mac.Sum(nil)))
	rec := httptest.NewRecorder()
	w.web.ServeHTTP(rec, req)
	return rec.Code
}

// said is a job as the vendor tells it, its visit scheduled.
func said(event, id, status string, more string) string {
	return fmt.Sprintf(`{"event":%q,"event_occurred_at":"2026-05-04T14:59:00Z","job":{"id":%q,"invoice_number":"1042","description":"No cooling upstairs, call (208) 555-0142",
		"customer":{"id":"cus_1","first_name":"Dana","last_name":"Whitlock","email":"dana@example.com","mobile_number":"2085550142","created_at":"2026-05-04T13:00:01Z","updated_at":"2026-05-04T13:00:01Z"},
		"address":{"id":"adr_1","type":"service","street":"418 Larkspur Ln","city":"Boise","state":"ID","zip":"83702","country":"US"},
		"work_status":%q,"created_at":"2026-05-04T13:02:11Z","updated_at":"2026-05-04T14:59:00Z"%s}}`, event, id, status, more)
}

const scheduled = `,"schedule":{"scheduled_start":"2026-05-05T14:00:00Z","scheduled_end":"2026-05-05T16:00:00Z","arrival_window":60,
	"appointments":[{"id":"appt_1","start_time":"2026-05-05T14:00:00Z","end_time":"2026-05-05T16:00:00Z","arrival_window_minutes":60,"dispatched_employees_ids":[]}]}`

// broken is a delivery that cannot be read: the description is no text.
func broken(id string) string {
	return fmt.Sprintf(`{"event":"job.created","job":{"id":%q,"description":{"not":"a text"},"created_at":"2026-05-04T13:02:11Z"}}`, id)
}

// balances says that the conservation law holds, and returns the sums.
func (w *world) balances() (sum inbox.Line) {
	w.t.Helper()
	var tally struct{ Lines []inbox.Line }
	w.must(200, "GET", "/v1/tally?from=2026-05-01&through=2026-05-31", nil, &tally)
	for _, l := range tally.Lines {
		if l.Received != l.Applied+l.Ignored+l.Waiting+l.Failed {
			w.t.Errorf("%s %s: %d received, but %d applied, %d ignored, %d waiting and %d failed", l.Day, l.Connection, l.Received, l.Applied, l.Ignored, l.Waiting, l.Failed)
		}
		sum.Received, sum.Applied, sum.Ignored = sum.Received+l.Received, sum.Applied+l.Applied, sum.Ignored+l.Ignored
		sum.Waiting, sum.Failed = sum.Waiting+l.Waiting, sum.Failed+l.Failed
	}
	return sum
}
