// Package twilio is a fake of Twilio's Programmable Messaging for one account,
// with the vendor's habits: no idempotency key, states that arrive by signed
// callbacks out of order, twice or never, "sent" as the last word of many
// carriers, its own handling of STOP, START and HELP, lists that lag behind.
// Phones are marked and customers write through its methods; the program under
// test sees only the HTTP API and the webhooks. It must not know that program.
//
// The API is that of 2010-04-01 as in Twilio's OpenAPI; error codes are those
// of its error pages.
package twilio

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options are what the fake needs from its world.
type Options struct {
	Now  func() time.Time
	Rand *rand.Rand // sids, delays and faults; drawn from under the fake's lock only

	AccountSid, AuthToken string
	Numbers               []string  // E.164, the account's numbers outside services
	Services              []Service // Messaging Services

	Client     *http.Client // calls webhooks; nil is http.DefaultClient
	InboundURL string       // for inbound texts, as configured, with overrides behind '#'
	// Inbound are the URLs of numbers that have one of their own.
	Inbound map[string]string

	Faults Faults
}

// Service is a Messaging Service. Its numbers share one opt-out list.
type Service struct {
	Sid            string // MG and 32 hex digits
	Numbers        []string
	StatusCallback string
	InboundURL     string // empty: the account's
	AdvancedOptOut bool   // inbound webhooks then carry OptOutType
}

// Faults are chances from 0 to 1.
type Faults struct {
	// Per API request.
	ServerError float64 // 500 before anything was done
	CreateError float64 // 500 after a message was created
	LostAnswer  float64 // done, then the connection breaks
	TooMany     float64 // 429 with 20429: not processed
	StaleList   float64 // per message: lists do not show it for up to a minute

	// Per message.
	NoReceipt   float64 // the carrier never says more than sent
	Undelivered float64 // 30003 or 30008 at the end
	Backlog     float64 // waits one to three hours in the queue, or until its validity ends

	// Per webhook.
	Duplicate float64 // called once more, within a minute
	Reorder   float64 // delayed by up to a minute, so that later ones overtake it
	Lose      float64 // never called; status callbacks only
}

// Sandbox is the fake: an http.Handler for the API, methods for the phones,
// and Step for what is due. It is safe for concurrent use.
type Sandbox struct {
	opts   Options
	routes http.Handler

	mu       sync.Mutex
	messages []*Message
	bySid    map[string]*Message
	marks    map[string]Mark
	stopped  map[stop]bool
	hooks    map[string]*hook // by number, and by service
	webhooks []*Webhook
	states   tasks // state changes to come
	calls    tasks // webhooks to call
	order    int
}

// stop is an opt-out: of a customer, at a number or a whole service.
type stop struct{ scope, customer string }

// New returns an account without messages.
func New(o Options) *Sandbox {
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	s := &Sandbox{opts: o, bySid: map[string]*Message{}, marks: map[string]Mark{}, stopped: map[stop]bool{}}
	s.setUp()
	s.routes = s.mux()
	return s
}

// SetFaults replaces the faults from now on.
func (s *Sandbox) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Faults = f
}

// perStep bounds the webhooks called in one Step.
const perStep = 100

// Step moves messages on and calls the webhooks that are due at now, at most
// a hundred, and says when the next thing is due; zero is never. A webhook
// that fails is no error.
func (s *Sandbox) Step(ctx context.Context, now time.Time) (worked bool, next time.Time, err error) {
	for range perStep {
		if err := ctx.Err(); err != nil {
			return worked, now, err
		}
		call, moved := s.due(now)
		worked = worked || moved || call != nil
		if call == nil {
			break
		}
		s.deliver(ctx, call, now)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range []tasks{s.states, s.calls} {
		if len(q) > 0 && (next.IsZero() || q[0].due.Before(next)) {
			next = q[0].due
		}
	}
	return worked, next, nil
}

// due moves messages on and takes the first webhook that is due.
func (s *Sandbox) due(now time.Time) (call *Webhook, moved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	moved = s.advance(now)
	if len(s.calls) == 0 || s.calls[0].due.After(now) {
		return nil, moved
	}
	return heap.Pop(&s.calls).(*task).call, moved
}

// advance makes the state changes that are due. The API calls it too, so that
// a message is never older than the time at which it is read.
func (s *Sandbox) advance(now time.Time) (moved bool) {
	for len(s.states) > 0 && !s.states[0].due.After(now) {
		t := heap.Pop(&s.states).(*task)
		t.change(t.due)
		moved = true
	}
	return moved
}

func (s *Sandbox) later(q *tasks, t *task) {
	s.order++
	t.order = s.order
	heap.Push(q, t)
}

// chance draws only when something can happen.
func (s *Sandbox) chance(p float64) bool { return p > 0 && s.opts.Rand.Float64() < p }

func (s *Sandbox) between(from, to time.Duration) time.Duration {
	return from + time.Duration(s.opts.Rand.Int64N(int64(to-from)))
}

func (s *Sandbox) sid(prefix string) string {
	return fmt.Sprintf("%s%016x%016x", prefix, s.opts.Rand.Uint64(), s.opts.Rand.Uint64())
}

func (s *Sandbox) service(sid string) *Service {
	i := slices.IndexFunc(s.opts.Services, func(v Service) bool { return v.Sid == sid })
	if i < 0 {
		return nil
	}
	return &s.opts.Services[i]
}

// serviceOf finds the service that a number belongs to, and whether the
// number is the account's at all.
func (s *Sandbox) serviceOf(number string) (service *Service, ours bool) {
	for i := range s.opts.Services {
		if slices.Contains(s.opts.Services[i].Numbers, number) {
			return &s.opts.Services[i], true
		}
	}
	return nil, slices.Contains(s.opts.Numbers, number)
}

// scope is what an opt-out at a number covers.
func (s *Sandbox) scope(number string) string {
	if v, _ := s.serviceOf(number); v != nil {
		return v.Sid
	}
	return number
}

// task is something due: a state change or a webhook.
type task struct {
	due    time.Time
	order  int
	change func(at time.Time)
	call   *Webhook
}

// tasks is a heap by time; equal times go in the order of their making.
type tasks []*task

func (q tasks) Len() int { return len(q) }
func (q tasks) Less(i, j int) bool {
	return cmp.Or(q[i].due.Compare(q[j].due), cmp.Compare(q[i].order, q[j].order)) < 0
}
func (q tasks) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *tasks) Push(x any)   { *q = append(*q, x.(*task)) }
func (q *tasks) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
