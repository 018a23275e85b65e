package sandbox

import (
	"bytes"
	"container/heap"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Webhook is one event on its way to one URL, and what became of it.
type Webhook struct {
	Event     string    // the vendor's name of it
	Object    string    // the vendor's id of what it is about
	URL       string    // where it goes, for vendors that fix it when the event happens
	Occurred  time.Time // when it truly happened; the body may say otherwise
	Body      []byte
	Due       time.Time // next try, while Pending
	Pending   bool
	Delivered bool // some try was answered with 2xx in time
	Lost      bool // never tried: lost on the way, or the webhooks were off
	Duplicate bool // the second copy of another one
	Tries     []Try

	order int
}

// Try is one delivery. Status is 0 when there was no answer.
type Try struct {
	At     time.Time
	Took   time.Duration
	Status int
	Err    string
}

// HookFaults are chances from 0 to 1 per webhook; at most one of the last three
// happens to it.
type HookFaults struct {
	Duplicate float64 // delivered once more, within a minute
	Reorder   float64 // delayed by seconds to minutes, so that later ones overtake it
	Late      float64 // delayed by hours
	Lose      float64 // never delivered
}

// HookOptions are what Hooks needs from its vendor.
type HookOptions struct {
	Now          func() time.Time
	Rand         *rand.Rand      // drawn from in Send alone
	Retries      []time.Duration // after a failed try; when they are used up the event is given up
	DisableAfter int             // failed tries in a row that switch the webhooks off; 0: never
	Patience     time.Duration   // an answer after it is as bad as none
	// Post delivers one webhook, and returns the status of the answer.
	Post func(ctx context.Context, w Webhook, now time.Time) (status int, err error)
}

// Hooks keeps a vendor's webhooks: when each is due, what became of it, and whether any
// are delivered at all. It is safe for concurrent use.
type Hooks struct {
	opts HookOptions

	mu      sync.Mutex
	on      bool
	failed  int        // tries in a row
	all     []*Webhook // in the order of their making
	waiting waiting    // those to be tried
}

const (
	latency = time.Second // from the event to the first try
	perStep = 100         // deliveries in one Step
)

// NewHooks returns webhooks that are switched off.
func NewHooks(o HookOptions) *Hooks { return &Hooks{opts: o} }

// Switch turns deliveries on or off. What happens while they are off is never told.
func (h *Hooks) Switch(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.on, h.failed = on, 0
}

// On says whether events are delivered: the vendor may have stopped.
func (h *Hooks) On() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.on
}

// All returns all webhooks with their tries, in the order of their making.
func (h *Hooks) All() []Webhook {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]Webhook, len(h.all))
	for i, w := range h.all {
		out[i] = *w
		out[i].Tries = slices.Clone(w.Tries)
	}
	return out
}

// Send queues an event that happens now. It is lost while the webhooks are off, and where
// nobody is to be told.
func (h *Hooks) Send(w Webhook, nobody bool, f HookFaults) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.Occurred = h.opts.Now()
	w.Due, w.Pending = w.Occurred.Add(latency), true
	switch {
	case nobody || !h.on || h.chance(f.Lose):
		w.Pending, w.Lost = false, true
	case h.chance(f.Late):
		w.Due = w.Occurred.Add(h.between(time.Hour, 6*time.Hour))
	case h.chance(f.Reorder):
		w.Due = w.Occurred.Add(h.between(5*time.Second, 5*time.Minute))
	}
	h.enqueue(w)
	if w.Pending && h.chance(f.Duplicate) {
		w.Duplicate = true
		w.Due = w.Due.Add(h.between(0, time.Minute))
		h.enqueue(w)
	}
}

func (h *Hooks) chance(p float64) bool { return p > 0 && h.opts.Rand.Float64() < p }

func (h *Hooks) between(from, to time.Duration) time.Duration {
	return from + time.Duration(h.opts.Rand.Int64N(int64(to-from)))
}

func (h *Hooks) enqueue(w Webhook) {
	w.order = len(h.all)
	h.all = append(h.all, &w)
	if w.Pending {
		heap.Push(&h.waiting, &w)
	}
}

// Step delivers webhooks that are due at now, at most a hundred, and says when the next
// one is; zero is never. A refused delivery is no error.
func (h *Hooks) Step(ctx context.Context, now time.Time) (worked bool, next time.Time, err error) {
	for range perStep {
		if err := ctx.Err(); err != nil {
			return worked, now, err
		}
		w, on := h.take(now)
		if w == nil {
			break
		}
		worked = true
		if on {
			h.deliver(ctx, w, now)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.waiting) > 0 {
		next = h.waiting[0].Due
	}
	return worked, next, nil
}

// take removes the webhook that is due first, if one is due; while the webhooks are off it
// is given up.
func (h *Hooks) take(now time.Time) (w *Webhook, on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.waiting) == 0 || h.waiting[0].Due.After(now) {
		return nil, h.on
	}
	w = heap.Pop(&h.waiting).(*Webhook)
	if !h.on {
		w.Pending, w.Lost = false, len(w.Tries) == 0
	}
	return w, h.on
}

// deliver tries one webhook, outside the lock, because the receiver may call the vendor
// before it answers, and decides about the next try. How long the answer took is measured
// by the world's clock.
func (h *Hooks) deliver(ctx context.Context, w *Webhook, now time.Time) {
	start := h.opts.Now()
	status, err := h.opts.Post(ctx, *w, now)
	t := Try{At: now, Took: h.opts.Now().Sub(start), Status: status}
	if err != nil {
		t.Err = err.Error()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	w.Tries = append(w.Tries, t)
	if t.Status >= 200 && t.Status < 300 && t.Took <= h.opts.Patience {
		w.Pending, w.Delivered, h.failed = false, true, 0
		return
	}
	if h.failed++; h.opts.DisableAfter > 0 && h.failed >= h.opts.DisableAfter {
		h.on = false
	}
	if n := len(w.Tries) - 1; n < len(h.opts.Retries) {
		w.Due = t.At.Add(h.opts.Retries[n])
		heap.Push(&h.waiting, w)
	} else {
		w.Pending = false
	}
}

// PostJSON posts a body with further headers and returns the status of the answer, 0 where
// there is none within the patience of a vendor in real time.
func PostJSON(ctx context.Context, client *http.Client, url string, body []byte, header map[string]string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, nil
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
