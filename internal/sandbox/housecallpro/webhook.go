package housecallpro

import (
	"bytes"
	"container/heap"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Webhook is one event as it was queued, and what became of it.
type Webhook struct {
	Event, ObjectID string
	Occurred        time.Time // when it truly happened; the body may say otherwise
	Body            []byte
	Due             time.Time // next try, while Pending
	Pending         bool
	Delivered       bool // some try was answered with 2xx
	Lost            bool // never tried: lost on the way, or the webhook was off
	Duplicate       bool // the second copy of another one
	Tries           []Try

	order int
}

// Try is one delivery. Status is 0 when there was no answer.
type Try struct {
	At     time.Time
	Status int
	Err    string
}

type hook struct {
	url     string
	on      bool
	failed  int               // tries in a row
	all     []*Webhook        // in the order of their making
	waiting waiting           // those to be tried
	stamps  map[string]string // event_occurred_at of the object's last event
}

const (
	latency  = time.Second      // from the event to the first try
	patience = 10 * time.Second // after which the vendor gives up on an answer (third-party word)
	perStep  = 100              // deliveries in one Step
)

// RegisterWebhook saves a URL as the vendor's settings page does: it sends an
// unsigned test body, which must be answered with 200, and switches the
// webhook on. On error the former URL stays.
func (s *Sandbox) RegisterWebhook(ctx context.Context, url string) error {
	t := s.post(ctx, url, []byte(`{"foo":"bar"}`), nil)
	if t.Status != http.StatusOK {
		return fmt.Errorf("register the webhook %s: answered %d %s, want 200", url, t.Status, t.Err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook.url, s.hook.on, s.hook.failed = url, true, 0
	return nil
}

// SwitchWebhook turns deliveries on or off. What happens while they are off
// is never told.
func (s *Sandbox) SwitchWebhook(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook.on, s.hook.failed = on, 0
}

// WebhookOn says whether events are delivered: the vendor may have stopped.
func (s *Sandbox) WebhookOn() bool {
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
	url, on, secret := s.hook.url, s.hook.on, s.opts.WebhookSecret
	if !on {
		w.Pending, w.Lost = false, len(w.Tries) == 0
	}
	s.mu.Unlock()
	if !on {
		return
	}
	stamp := strconv.FormatInt(now.Unix(), 10)
	t := s.post(ctx, url, w.Body, map[string]string{
		"Api-Timestamp": stamp,
		"Api-Signature": Sign(secret, stamp, w.Body),
	})
	t.At = now
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(w, t)
}

// record notes a try and decides about the next one.
func (s *Sandbox) record(w *Webhook, t Try) {
	w.Tries = append(w.Tries, t)
	if t.Status >= 200 && t.Status < 300 {
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

// Sign is the vendor's signature: lower-case hex of HMAC-SHA256 over the
// timestamp, a dot and the raw body (as three independent receivers check it).
func Sign(secret, timestamp string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(timestamp + "."))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

func (s *Sandbox) post(ctx context.Context, url string, body []byte, headers map[string]string) Try {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return Try{Err: err.Error()}
	}
	req.Header.Set("Content-Type", "application/json")
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := s.opts.Client.Do(req)
	if err != nil {
		return Try{Err: err.Error()}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return Try{Status: resp.StatusCode}
}

// emit queues an event about an object as the object is now.
func (s *Sandbox) emit(event, objectID string, object any) {
	at := s.opts.Now()
	w := &Webhook{Event: event, ObjectID: objectID, Occurred: at, Due: at.Add(latency), Pending: true}
	w.Body = s.envelope(event, objectID, object)
	f := s.opts.Faults
	switch {
	case !s.hook.on || s.chance(f.Lose):
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
