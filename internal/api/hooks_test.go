package api_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/api"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/housecallpro"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/inbox"
)

var tuesday = time.Date(2026, 5, 5, 14, 6, 3, 0, time.UTC)

const webhook = `{"event":"job.started","event_occurred_at":"2026-05-05T14:06:03Z","company_id":"ours","job":{"id":"job_1","updated_at":"2026-05-05T14:06:03Z"}}`

// hooked is a handler of webhooks of one Housecall Pro account.
func hooked(d *db.DB) *api.Hooks {
	now := func() time.Time { return tuesday }
	tool := housecallpro.New(housecallpro.Config{APIKey: "key", WebhookSecrets: []connect.Secret{"secret"}}, http.DefaultClient, now)
	return &api.Hooks{DB: d, Now: now, Public: "https://plumbline.example.com", Nudge: func(string) {}, Log: slog.New(slog.DiscardHandler),
		Find: func(location, connection string) (api.Hook, bool) {
			return api.Hook{Location: location, Connection: connection, Tool: "housecallpro", Account: "ours", Receiver: tool}, connection == "hcp"
		}}
}

func post(h http.Handler, path, body, secret string, at time.Time) int {
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader([]byte(body)))
	if secret != "" {
		stamp := fmt.Sprint(at.Unix())
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(stamp + "." + body))
		r.Header.Set("Api-Timestamp", stamp)
		r.Header.Set("Api-Signature", hex.EncodeToString(mac.Sum(nil)))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func TestWhatAWebhookIsAnswered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := hooked(d)
		for _, c := range []struct {
			name, path, body, secret string
			at                       time.Time
			want                     int
		}{
			{"a signed webhook", "/hooks/bw/hcp", webhook, "secret", tuesday, 200},
			{"the same again", "/hooks/bw/hcp", webhook, "secret", tuesday, 200},
			{"another account's", "/hooks/bw/hcp", strings.Replace(webhook, "ours", "theirs", 1), "secret", tuesday, 200},
			{"a wrong signature", "/hooks/bw/hcp", webhook, "guess", tuesday, 401},
			{"none", "/hooks/bw/hcp", webhook, "", tuesday, 401},
			{"an old one", "/hooks/bw/hcp", webhook, "secret", tuesday.Add(-time.Hour), 401},
			{"the vendor's ping", "/hooks/bw/hcp", `{"foo":"bar"}`, "", tuesday, 200},
			{"a body that is too large", "/hooks/bw/hcp", strings.Repeat("x", inbox.MaxBody+1), "secret", tuesday, 413},
			{"what is no event, but signed", "/hooks/bw/hcp", "not json", "secret", tuesday, 200},
			{"no such connection", "/hooks/bw/other", webhook, "secret", tuesday, 404},
		} {
			if got := post(h, c.path, c.body, c.secret, c.at); got != c.want {
				t.Errorf("%s was answered %d, want %d", c.name, got, c.want)
			}
		}
		err := d.View(t.Context(), tuesday, func(tx *db.Tx) error {
			lines, err := inbox.Tally(tx, "bw", tuesday, tuesday)
			if err != nil {
				return err
			}
			want := inbox.Line{Connection: "hcp", Day: "2026-05-05", Received: 3, Ignored: 1, Duplicates: 1, Waiting: 2, Refused: 4, Unknown: 1}
			if len(lines) != 1 || lines[0] != want {
				t.Errorf("the tally is %+v, want %+v", lines, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A 2xx leaves after the bytes are on disk: where the disk refuses, the vendor is told
// to come again.
func TestWhatCannotBeKeptIsNotAcknowledged(t *testing.T) {
	d := dbtest.Open(t)
	h := hooked(d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if got := post(h, "/hooks/bw/hcp", webhook, "secret", tuesday); got != http.StatusServiceUnavailable {
		t.Errorf("answered %d, want 503", got)
	}
}
