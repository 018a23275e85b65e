package jobber

import "time"

// meter is the vendor's count of what the app does to the account: requests
// in a window, and a bucket of points that fills with time.
type meter struct {
	window   time.Time // start of the current 300 seconds
	requests int       // and the requests in it

	available float64
	at        time.Time // when it was available

	calls int
	spent float64
}

const window = 300 * time.Second

// Calls is the number of GraphQL requests that came since the start, refused
// ones too.
func (s *Sandbox) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.meter.calls
}

// Spent is the number of query points that were used up since the start.
func (s *Sandbox) Spent() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.meter.spent
}

// tooMany counts a request in its window.
func (s *Sandbox) tooMany() bool {
	m := &s.meter
	m.calls++
	if w := s.opts.Now().Truncate(window); !w.Equal(m.window) {
		m.window, m.requests = w, 0
	}
	m.requests++
	return m.requests > s.opts.Requests
}

// restore fills the bucket for the time that went by.
func (s *Sandbox) restore() {
	m, now := &s.meter, s.opts.Now()
	if passed := now.Sub(m.at); passed > 0 {
		m.available = min(s.opts.Points, m.available+passed.Seconds()*s.opts.RestoreRate)
	}
	m.at = now
}

// charge takes what a query asks for. One that asks for more than there is
// takes nothing; one above the whole bucket never runs.
func (s *Sandbox) charge(points float64) bool {
	s.restore()
	if points > s.meter.available {
		return false
	}
	s.meter.available -= points
	return true
}

// handBack returns what a query did not use.
func (s *Sandbox) handBack(asked, used float64) {
	s.meter.available += asked - used
	s.meter.spent += used
}

// cost is the part of an answer that tells the budget.
type cost struct {
	Requested float64        `json:"requestedQueryCost"`
	Actual    float64        `json:"actualQueryCost"`
	Throttle  throttleStatus `json:"throttleStatus"`
}

type throttleStatus struct {
	Maximum   float64 `json:"maximumAvailable"`
	Available float64 `json:"currentlyAvailable"`
	Rate      float64 `json:"restoreRate"`
}

func (s *Sandbox) cost(asked, used float64) map[string]any {
	return map[string]any{"cost": cost{asked, used, throttleStatus{s.opts.Points, float64(int64(s.meter.available)), s.opts.RestoreRate}}}
}
