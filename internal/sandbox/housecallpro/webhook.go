package housecallpro

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/sandbox"
)

// hook is where the company's events go, and what it said of each object last.
type hook struct {
	url    string
	stamps map[string]string // event_occurred_at of the object's last event
}

// patience is how long the vendor waits for an answer (third-party word).
const patience = 10 * time.Second

// RegisterWebhook saves a URL as the vendor's settings page does: it sends an
// unsigned test body, which must be answered with 200, and switches the
// webhook on. On error the former URL stays.
func (s *Sandbox) RegisterWebhook(ctx context.Context, url string) error {
	status, err := sandbox.PostJSON(ctx, s.opts.Client, url, []byte(`{"foo":"bar"}`), nil)
	if status != http.StatusOK {
		return fmt.Errorf("register the webhook %s: answered %d %v, want 200", url, status, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook.url = url
	s.hooks.Switch(true)
	return nil
}

// SwitchWebhook turns deliveries on or off. What happens while they are off
// is never told.
func (s *Sandbox) SwitchWebhook(on bool) { s.hooks.Switch(on) }

// WebhookOn says whether events are delivered: the vendor may have stopped.
func (s *Sandbox) WebhookOn() bool { return s.hooks.On() }

// Webhooks returns all events with their tries, in the order of their making.
func (s *Sandbox) Webhooks() []sandbox.Webhook { return s.hooks.All() }

// Step delivers webhooks that are due at now, at most a hundred, and says
// when the next one is; zero is never. A refused delivery is no error.
func (s *Sandbox) Step(ctx context.Context, now time.Time) (worked bool, next time.Time, err error) {
	return s.hooks.Step(ctx, now)
}

// Sign is the vendor's signature: lower-case hex of HMAC-SHA256 over the
// timestamp, a dot and the raw body (as three independent receivers check it).
func Sign(secret, timestamp string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(timestamp + "."))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

func (s *Sandbox) post(ctx context.Context, w sandbox.Webhook, now time.Time) (int, error) {
	s.mu.Lock()
	url, secret := s.hook.url, s.opts.WebhookSecret
	s.mu.Unlock()
	stamp := strconv.FormatInt(now.Unix(), 10)
	return sandbox.PostJSON(ctx, s.opts.Client, url, w.Body, map[string]string{
		"Api-Timestamp": stamp,
		"Api-Signature": Sign(secret, stamp, w.Body),
	})
}

// emit queues an event about an object as the object is now.
func (s *Sandbox) emit(event, objectID string, object any) {
	w, f := sandbox.Webhook{Event: event, Object: objectID, Body: s.envelope(event, objectID, object)}, s.opts.Faults
	s.hooks.Send(w, false, sandbox.HookFaults{Duplicate: f.Duplicate, Reorder: f.Reorder, Late: f.Late, Lose: f.Lose})
}

// envelope is the body of an event. The object's key is the first word of the
// event, except that an appointment comes alone, without its job.
func (s *Sandbox) envelope(event, objectID string, object any) []byte {
	occurred := wireTime(s.now())
	last, seen := s.hook.stamps[objectID]
	switch {
	case s.chance(s.opts.Faults.Ahead):
		occurred = wireTime(s.now().Add(24 * time.Hour))
	case seen && s.chance(s.opts.Faults.SameTime):
		occurred = last
	}
	s.hook.stamps[objectID] = occurred
	key, _, _ := strings.Cut(event, ".")
	if strings.HasPrefix(event, "job.appointment.") {
		key = "appointment"
	}
	head := mustJSON(struct {
		Event    string `json:"event"`
		Occurred string `json:"event_occurred_at"`
		Company  string `json:"company_id"`
	}{event, occurred, s.opts.CompanyID})
	body := bytes.TrimSuffix(head, []byte("}"))
	body = append(body, ',', '"')
	body = append(body, key...)
	body = append(body, '"', ':')
	body = append(body, mustJSON(object)...)
	return append(body, '}')
}

// mustJSON encodes the fake's own wire types, which cannot fail to encode.
func mustJSON(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}
