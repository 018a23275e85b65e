package hubspot

import (
	"net/http"
	"strconv"
	"time"
)

// Faults says how often the account misbehaves. Each chance is between 0 and 1
// and is drawn once per request, in the order of the fields.
type Faults struct {
	// Migrating is the chance that a request begins a data center migration
	// of up to an hour, during which everything answers 477 with Retry-After.
	Migrating float64
	// TooMany is the chance of a 429 although the account is within its limits.
	TooMany float64
	// ServerError is the chance of a 502 or 503 before anything was done.
	ServerError float64
	// Locked423 is the chance that a write finds its records locked.
	Locked423 float64
	// LostAnswer is the chance that a write is done and the connection is cut
	// before the answer: the handler panics with http.ErrAbortHandler.
	LostAnswer float64
	// Garbage is the chance that what was asked for is done and the answer is
	// a 200 whose JSON breaks off.
	Garbage float64
	// SearchLag is the longest time between a change and the moment at which
	// search can see it. Each change draws its own, so that a later change
	// can be seen before an earlier one.
	SearchLag time.Duration
}

// A misfortune is what was drawn for one request.
type misfortune struct {
	before        *apiError
	lost, garbage bool
}

// chance draws only where something can happen, so that an account without
// faults gives the same answers whatever its requests.
func (p *portal) chance(probability float64) bool {
	return probability > 0 && p.rand.Float64() < probability
}

func (p *portal) misfortune(f Faults, write bool, now time.Time) misfortune {
	if p.chance(f.Migrating) && now.After(p.migratingUntil) {
		p.migratingUntil = now.Add(time.Minute + time.Duration(p.rand.Int64N(int64(59*time.Minute))))
	}
	many, server := p.chance(f.TooMany), p.chance(f.ServerError)
	locked, lost, garbage := p.chance(f.Locked423), p.chance(f.LostAnswer), p.chance(f.Garbage)

	m := misfortune{lost: lost && write, garbage: garbage}
	switch {
	case now.Before(p.migratingUntil):
		left := p.migratingUntil.Sub(now)
		seconds := strconv.Itoa(int((left + time.Second - 1) / time.Second))
		m.before = &apiError{status: 477, headers: map[string]string{"Retry-After": seconds}}
	case many:
		m.before = tooMany("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.")
	case server:
		m.before = &apiError{status: http.StatusBadGateway + p.rand.IntN(2)}
	case locked && write:
		m.before = &apiError{status: http.StatusLocked}
	}
	return m
}
