// Package housecallpro is a fake of Housecall Pro's public API v1 for one
// company, with the vendor's habits: fat webhooks without ids that come late,
// twice, in disorder or not at all, offset pages that shift, two vocabularies
// of status, invoices without a modification time. A shop makes things happen
// through its methods; the program under test sees only the HTTP API and the
// webhooks. It must not know that program.
//
// Shapes follow the vendor's OpenAPI and captured payloads. What neither
// shows (retries, limits, what an archived job answers) is a choice, and its
// comment says so.
package housecallpro

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"plumbline.dev/plumbline/internal/sandbox"
)

// Options are what the fake needs from its world.
type Options struct {
	Now  func() time.Time
	Rand *rand.Rand // ids and faults; drawn from under the fake's lock only

	CompanyID   string         // a UUID; the tenant key in every webhook
	CompanyName string         // the contractor's name
	Zone        *time.Location // the company's; nil is UTC

	APIKey         string // company key: "Authorization: Token <key>"
	ApplicationKey string // partner's key; empty means there is none. Some calls take only this one

	Client        *http.Client // delivers webhooks; nil is http.DefaultClient
	WebhookURL    string       // already registered; empty until RegisterWebhook
	WebhookSecret string
	Retries       []time.Duration // waits before tries 2, 3, ...; nil is 1, 5 and 30 minutes. The vendor publishes none
	DisableAfter  int             // failed tries in a row that switch the webhook off; 0 is never

	RequestsPerMinute int  // 429 above it, by minutes of the clock; 0 is no limit. The vendor publishes none
	ListDeleted       bool // deleted jobs stay in lists with deleted_at; else only the webhook and a 410 tell

	Faults Faults
}

// Faults are chances from 0 to 1.
type Faults struct {
	// Per API request.
	ServerError float64 // 500 with a plain text body, nothing done
	LostAnswer  float64 // done, then the connection breaks
	TooMany     float64 // 429 with Retry-After
	ShuffleTies float64 // rows with equal sort keys come in the other order

	// Per webhook.
	Duplicate float64 // delivered once more, within a minute
	Reorder   float64 // delayed by seconds to minutes, so that later ones overtake it
	Late      float64 // delayed by hours
	Lose      float64 // never delivered
	SameTime  float64 // event_occurred_at repeats that of the object's event before
	Ahead     float64 // event_occurred_at lies a day ahead
}

// Sandbox is the fake: an http.Handler for the API, methods for the shop, and
// Step for the webhooks that are due. It is safe for concurrent use.
type Sandbox struct {
	opts   Options
	routes http.Handler

	mu        sync.Mutex
	skew      time.Duration
	next      int // numbers of jobs and estimates
	customers table[Customer]
	employees table[Employee]
	jobs      table[Job]
	estimates table[Estimate]
	invoices  table[Invoice]
	leads     table[Lead]
	tags      table[Tag]
	names     map[string]*Named // job types and business units

	hook     hook
	hooks    *sandbox.Hooks
	native   map[NoticeKind]bool
	notices  []Notice
	minute   time.Time // the rate limit's current minute
	requests int       // and the requests in it
}

// New returns a fake without customers, employees or jobs.
func New(o Options) *Sandbox {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.Retries == nil {
		o.Retries = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute}
	}
	s := &Sandbox{opts: o, next: 1000, native: map[NoticeKind]bool{}, names: map[string]*Named{}}
	s.hook = hook{url: o.WebhookURL, stamps: map[string]string{}}
	s.hooks = sandbox.NewHooks(sandbox.HookOptions{
		Now: o.Now, Rand: o.Rand, Retries: o.Retries, DisableAfter: o.DisableAfter, Patience: patience, Post: s.post,
	})
	s.hooks.Switch(o.WebhookURL != "")
	s.routes = s.mux()
	return s
}

// Skew sets the vendor's clock off from the world's. Everything recorded
// while it is set bears the wrong times, for ever.
func (s *Sandbox) Skew(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skew = d
}

// SetFaults replaces the faults from now on.
func (s *Sandbox) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Faults = f
}

// now is the vendor's idea of the time.
func (s *Sandbox) now() time.Time { return s.opts.Now().Add(s.skew).UTC() }

// id makes an id as the vendor's look: a prefix and 32 hex digits.
func (s *Sandbox) id(prefix string) string {
	return fmt.Sprintf("%s_%016x%016x", prefix, s.opts.Rand.Uint64(), s.opts.Rand.Uint64())
}

func (s *Sandbox) number() string {
	s.next++
	return fmt.Sprint(s.next)
}

// chance draws only when something can happen, so that a world without
// faults stays the same when a fault is added to the code.
func (s *Sandbox) chance(p float64) bool { return p > 0 && s.opts.Rand.Float64() < p }

// table keeps rows in the order in which they were made.
type table[T any] struct {
	rows []*T
	byID map[string]*T
}

func (t *table[T]) add(id string, row *T) {
	if t.byID == nil {
		t.byID = map[string]*T{}
	}
	t.rows = append(t.rows, row)
	t.byID[id] = row
}

// find returns the row with an id, or an error that names the kind.
func (t *table[T]) find(kind, id string) (*T, error) {
	if row := t.byID[id]; row != nil {
		return row, nil
	}
	return nil, fmt.Errorf("find %s %q: no such %s", kind, id, kind)
}
