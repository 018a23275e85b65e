package jobber

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"plumbline.dev/plumbline/internal/sandbox"
)

// Endpoint is one that was made by webhookEndpointCreate: a URL for a topic.
type Endpoint struct {
	ID, Topic, URL string
	Created        time.Time
}

// patience is how long the vendor waits: an answer after it is as bad as none.
const patience = time.Second

// SwitchWebhooks turns the app's deliveries on or off. What happens while
// they are off is never told.
func (s *Sandbox) SwitchWebhooks(on bool) { s.hooks.Switch(on) }

// WebhooksOn says whether events are delivered: the vendor may have stopped,
// without telling anybody.
func (s *Sandbox) WebhooksOn() bool { return s.hooks.On() }

// Webhooks returns all events with their tries, in the order of their making.
func (s *Sandbox) Webhooks() []sandbox.Webhook { return s.hooks.All() }

// SetWebhookURL changes the app's URL in the Developer Center; empty removes it.
func (s *Sandbox) SetWebhookURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.WebhookURL = url
}

// Endpoints returns those that exist; the API itself cannot list them.
func (s *Sandbox) Endpoints() []Endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.endpoints)
}

// Step delivers webhooks that are due at now, at most a hundred, and says
// when the next one is; zero is never. A refused delivery is no error.
func (s *Sandbox) Step(ctx context.Context, now time.Time) (worked bool, next time.Time, err error) {
	return s.hooks.Step(ctx, now)
}

// Sign is the vendor's signature: standard base64 of HMAC-SHA256 over the raw
// body, with the app's client secret.
func Sign(secret string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(body)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func (s *Sandbox) post(ctx context.Context, w sandbox.Webhook, _ time.Time) (int, error) {
	return sandbox.PostJSON(ctx, s.opts.Client, w.URL, w.Body, map[string]string{"X-Jobber-Hmac-SHA256": Sign(s.opts.ClientSecret, w.Body)})
}

// emit queues an event for the app's URL and for the account's endpoints of
// its topic. An account without the app tells nobody.
func (s *Sandbox) emit(topic, itemID string) {
	var urls []string
	if s.grants.connected {
		if s.opts.WebhookURL != "" && (s.opts.Topics == nil || slices.Contains(s.opts.Topics, topic)) {
			urls = append(urls, s.opts.WebhookURL)
		}
		for _, e := range s.endpoints {
			if e.Topic == topic {
				urls = append(urls, e.URL)
			}
		}
	}
	if len(urls) == 0 {
		urls = []string{""}
	}
	f := s.opts.Faults
	for _, url := range urls {
		w := sandbox.Webhook{Event: topic, Object: itemID, URL: url, Body: s.envelope(topic, itemID)}
		s.hooks.Send(w, url == "", sandbox.HookFaults{Duplicate: f.Duplicate, Reorder: f.Reorder, Late: f.Late, Lose: f.Lose})
	}
}

// event is the body of every webhook.
type event struct {
	Topic      string `json:"topic"`
	AppID      string `json:"appId"`
	AccountID  string `json:"accountId"`
	ItemID     string `json:"itemId"`
	OccurredAt string `json:"occurredAt,omitempty"`
	OccuredAt  string `json:"occuredAt,omitempty"` // the old misspelling
}

// envelope is the body of an event. Apps of the old key also see the time with
// the account's offset, as the vendor's sample shows it.
func (s *Sandbox) envelope(topic, itemID string) []byte {
	e := event{Topic: topic, AppID: s.opts.AppID, AccountID: s.account, ItemID: itemID}
	if s.opts.LegacyTime {
		e.OccuredAt = s.now().In(s.opts.Zone).Format(time.RFC3339)
	} else {
		e.OccurredAt = s.now().Format(time.RFC3339)
	}
	return mustJSON(map[string]any{"data": map[string]any{"webHookEvent": e}})
}

// mustJSON encodes the fake's own types, which cannot fail to encode.
func mustJSON(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}
