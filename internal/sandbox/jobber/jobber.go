// Package jobber is a fake of Jobber for one account and one app, with the
// vendor's habits: thin webhooks that come late, twice, in disorder or not at
// all and are switched off without a word, refresh tokens that die when used,
// a budget of query points that is refused with HTTP 200, lists that cannot
// be asked for what changed, visits without a modification time. A shop makes
// things happen through its methods; the program under test sees only the
// HTTP API and the webhooks. It must not know that program.
//
// Names, types and statuses follow the vendor's schema and pages. What they
// do not show is a choice, and its comment says so.
package jobber

import (
	"encoding/base64"
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
	Rand *rand.Rand // tokens and faults; drawn from under the fake's lock only

	AppID        string         // a UUID; in every webhook
	ClientID     string         // the app's, for OAuth
	ClientSecret string         // the app's; also the key of the webhooks' signatures
	AccountName  string         // the contractor's name
	AccountID    int            // behind the account's encoded id, the tenant key in every webhook; 0 is 2486001
	Zone         *time.Location // the account's, for what is today; nil is UTC

	Client       *http.Client    // delivers webhooks, and its Timeout ends deliveries that hang; nil is http.DefaultClient
	WebhookURL   string          // the app's, for all accounts; empty is none
	Topics       []string        // those that the app's URL gets; nil is all
	Retries      []time.Duration // waits before tries 2, 3, ...; nil is 1, 5 and 30 minutes. The vendor publishes none
	DisableAfter int             // failed tries in a row that switch the app's webhooks off; 0 is never

	Versions    []string // what X-JOBBER-GRAPHQL-VERSION may name; nil is those seen in use
	Points      float64  // size of the bucket of query points; 0 is 10,000
	RestoreRate float64  // points per second; 0 is 500
	Requests    int      // per 300 seconds, above it 429; 0 is 2,500

	KeepRefreshToken bool     // rotation off: the same refresh token comes back, with a warning
	ExpiresIn        bool     // token answers say expires_in; usually they do not
	TokenErrorsAs200 bool     // a bad access token is told with HTTP 200, as some have seen, not 401
	NotFoundErrors   bool     // a missing entity is null and an error NOT_FOUND, not only null
	LegacyTime       bool     // webhooks say occuredAt, with an offset: apps made before 8 December 2023
	QuietVisits      bool     // a visit's change neither bumps its job's updatedAt nor sends JOB_UPDATE
	Hidden           []string // fields that the app's scopes do not cover, as "Query.invoices"

	Faults Faults
}

// Faults are chances from 0 to 1.
type Faults struct {
	// Per API request.
	TooMany     float64 // 429, nothing done
	Throttled   float64 // THROTTLED though there are points, nothing done
	ServerError float64 // 500, nothing done
	CutBefore   float64 // the connection breaks, nothing done
	LostAnswer  float64 // done, then the connection breaks
	Slow        float64 // done, but the answer comes after the caller's deadline
	Garbage     float64 // done, but the answer is no JSON
	LostTokens  float64 // the answer of the token URL is lost: a rotated refresh token with it

	// Per row written or listed.
	SameTime    float64 // updatedAt repeats that of the row written before, within a minute
	LateCommit  float64 // lists know of the write only seconds later
	ShuffleTies float64 // rows with equal sort keys come in the other order

	// Per webhook.
	Duplicate float64 // delivered once more, within a minute
	Reorder   float64 // delayed by seconds to minutes, so that later ones overtake it
	Late      float64 // delayed by hours
	Lose      float64 // never delivered
}

// Sandbox is the fake: an http.Handler for the API, methods for the shop, and
// Step for the webhooks that are due. It is safe for concurrent use.
type Sandbox struct {
	opts    Options
	hidden  map[string]bool
	account string // encoded id
	opened  time.Time

	mu          sync.Mutex
	skew        time.Duration
	ids         int       // the last number behind an encoded id
	number      int       // the last number of a job, quote or invoice
	lastWritten time.Time // updatedAt of the last row written
	clients     table[Client]
	properties  table[Property]
	requests    table[Request]
	quotes      table[Quote]
	jobs        table[Job]
	visits      table[Visit]
	invoices    table[Invoice]
	payments    table[Payment]
	users       table[User]
	endpoints   []Endpoint

	grants grants
	meter  meter
	hooks  *sandbox.Hooks
}

// versions are those of X-JOBBER-GRAPHQL-VERSION that were seen in use.
var versions = []string{"2023-11-15", "2025-01-20", "2025-04-16", "2026-03-10", "2026-05-12", "2026-07-27"}

// New returns a fake without clients, jobs or users, to which no app is
// connected yet.
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
	if o.Versions == nil {
		o.Versions = versions
	}
	if o.AccountID == 0 {
		o.AccountID = 2486001
	}
	if o.Points == 0 {
		o.Points = 10_000
	}
	if o.RestoreRate == 0 {
		o.RestoreRate = 500
	}
	if o.Requests == 0 {
		o.Requests = 2500
	}
	s := &Sandbox{opts: o, hidden: map[string]bool{}, account: encode("Account", o.AccountID), ids: 100_000, number: 1000}
	for _, h := range o.Hidden {
		s.hidden[h] = true
	}
	s.opened = o.Now().Truncate(time.Second)
	s.grants = grants{codes: map[string]code{}, access: map[string]time.Time{}}
	s.meter = meter{available: o.Points, at: o.Now()}
	s.hooks = sandbox.NewHooks(sandbox.HookOptions{
		Now: o.Now, Rand: o.Rand, Retries: o.Retries, DisableAfter: o.DisableAfter, Patience: patience, Post: s.post,
	})
	s.hooks.Switch(true)
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

// AccountID is the account's encoded id, as webhooks and the query account say it.
func (s *Sandbox) AccountID() string { return s.account }

// now is the vendor's idea of the time, to the second as the API shows it.
func (s *Sandbox) now() time.Time { return s.opts.Now().Add(s.skew).UTC().Truncate(time.Second) }

// encode makes an EncodedId.
func encode(kind string, n int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "gid://Jobber/%s/%d", kind, n))
}

// id makes the next EncodedId.
func (s *Sandbox) id(kind string) string {
	s.ids++
	return encode(kind, s.ids)
}

func (s *Sandbox) nextNumber() int {
	s.number++
	return s.number
}

// chance draws only when something can happen, so that a world without
// faults stays the same when a fault is added to the code.
func (s *Sandbox) chance(p float64) bool { return p > 0 && s.opts.Rand.Float64() < p }

// between draws a duration, for delays.
func (s *Sandbox) between(from, to time.Duration) time.Duration {
	return from + time.Duration(s.opts.Rand.Int64N(int64(to-from)))
}
