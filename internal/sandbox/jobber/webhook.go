package jobber

import (
	"bytes"
	"container/heap"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"
)

// Webhook is one event on its way to one URL, and what became of it.
type Webhook struct {
	Topic, ItemID string
	URL           string    // empty if nobody was told
	Occurred      time.Time // when it truly happened; the body may say otherwise
	Body          []byte
	Due           time.Time // next try, while Pending
	Pending       bool
	Delivered     bool // some try was answered with 2xx in time
	Lost          bool // never tried: lost on the way, or the webhooks were off
	Duplicate     bool // the second copy of another one
	Tries         []Try

	order int
}

// Try is one delivery. Status is 0 when there was no answer.
type Try struct {
	At     time.Time
	Took   time.Duration
	Status int
	Err    string
}

// taken says whether the vendor is content with the answer.
func (t Try) taken() bool { return t.Status >= 200 && t.Status < 300 && t.Took <= patience }

// Endpoint is one that was made by webhookEndpointCreate: a URL for a topic.
type Endpoint struct {
	ID, Topic, URL string
	Created        time.Time
}

type hook struct {
	on      bool
	failed  int        // tries in a row
	all     []*Webhook // in the order of their making
	waiting waiting    // those to be tried
}

const (
	latency  = time.Second // from the event to the first try
	patience = time.Second // an answer after it is as bad as none
	perStep  = 100         // deliveries in one Step
)

// SwitchWebhooks turns the app's deliveries on or off. What happens while
// they are off is never told.
func (s *Sandbox) SwitchWebhooks(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook.on, s.hook.failed = on, 0
}

// WebhooksOn says whether events are delivered: the vendor may have stopped,
// without telling anybody.
func (s *Sandbox) WebhooksOn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hook.on
}

// Webhooks returns all events with their tries, in the order of their making.
func (s *Sandbox) Webhooks() []Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Webhook, len(s.hook.all))
	for i, w := range s.hook.all {
		out[i] = *w
		out[i].Tries = slices.Clone(w.Tries)
	}
	return out
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
	for range perStep {
		if err := ctx.Err(); err != nil {
			return worked, now, err
		}
		w := s.take(now)
		if w == nil {
			break
		}
		worked = true
		s.deliver(ctx, w, now)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.hook.waiting) > 0 {
		next = s.hook.waiting[0].Due
	}
	return worked, next, nil
}

// take removes the webhook that is due first, if one is due.
func (s *Sandbox) take(now time.Time) *Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.hook.waiting) == 0 || s.hook.waiting[0].Due.After(now) {
		return nil
	}
	return heap.Pop(&s.hook.waiting).(*Webhook)
}

// deliver tries one webhook, outside the lock, because the receiver may call
// the API before it answers.
func (s *Sandbox) deliver(ctx context.Context, w *Webhook, now time.Time) {
	s.mu.Lock()
	on := s.hook.on
	if !on {
		w.Pending, w.Lost = false, len(w.Tries) == 0
	}
	s.mu.Unlock()
	if !on {
		return
	}
	t := s.post(ctx, w.URL, w.Body)
	t.At = now
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(w, t)
}

// record notes a try and decides about the next one. What makes the vendor
// disable an app's webhooks is not published; here it is failures in a row.
func (s *Sandbox) record(w *Webhook, t Try) {
	w.Tries = append(w.Tries, t)
	if t.taken() {
		w.Pending, w.Delivered, s.hook.failed = false, true, 0
		return
	}
	if s.hook.failed++; s.opts.DisableAfter > 0 && s.hook.failed >= s.opts.DisableAfter {
		s.hook.on = false
	}
	if n := len(w.Tries) - 1; n < len(s.opts.Retries) {
		w.Due = t.At.Add(s.opts.Retries[n])
		heap.Push(&s.hook.waiting, w)
	} else {
		w.Pending = false
	}
}

// Sign is the vendor's signature: standard base64 of HMAC-SHA256 over the raw
// body, with the app's client secret.
func Sign(secret string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(body)
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// post delivers a body and measures the answer by the world's clock.
func (s *Sandbox) post(ctx context.Context, url string, body []byte) (t Try) {
	start := s.opts.Now()
	defer func() { t.Took = s.opts.Now().Sub(start) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return Try{Err: err.Error()}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Jobber-Hmac-SHA256", Sign(s.opts.ClientSecret, body))
	resp, err := s.opts.Client.Do(req)
	if err != nil {
		return Try{Err: err.Error()}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return Try{Status: resp.StatusCode}
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
	for _, url := range urls {
		s.send(topic, itemID, url)
	}
}

func (s *Sandbox) send(topic, itemID, url string) {
	at, f := s.opts.Now(), s.opts.Faults
	w := &Webhook{Topic: topic, ItemID: itemID, URL: url, Occurred: at, Due: at.Add(latency), Pending: true, Body: s.envelope(topic, itemID)}
	switch {
	case url == "" || !s.hook.on || s.chance(f.Lose):
		w.Pending, w.Lost = false, true
	case s.chance(f.Late):
		w.Due = at.Add(s.between(time.Hour, 6*time.Hour))
	case s.chance(f.Reorder):
		w.Due = at.Add(s.between(5*time.Second, 5*time.Minute))
	}
	s.enqueue(w)
	if w.Pending && s.chance(f.Duplicate) {
		twin := *w
		twin.Duplicate = true
		twin.Due = w.Due.Add(s.between(0, time.Minute))
		s.enqueue(&twin)
	}
}

func (s *Sandbox) enqueue(w *Webhook) {
	w.order = len(s.hook.all)
	s.hook.all = append(s.hook.all, w)
	if w.Pending {
		heap.Push(&s.hook.waiting, w)
	}
}

// waiting is a heap by due time; equal times go in the order of their making.
type waiting []*Webhook

func (q waiting) Len() int { return len(q) }
func (q waiting) Less(i, j int) bool {
	if !q[i].Due.Equal(q[j].Due) {
		return q[i].Due.Before(q[j].Due)
	}
	return q[i].order < q[j].order
}
func (q waiting) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *waiting) Push(x any)   { *q = append(*q, x.(*Webhook)) }
func (q *waiting) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
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
