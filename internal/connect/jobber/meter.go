package jobber

import (
	"math"
	"sync"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// A meter keeps what is left of the points that the vendor gives an app at an account: a
// bucket that fills with time, as the last answer told it, by our own clock. Before the
// first answer it is taken to be what the vendor's page calls typical, and full.
type meter struct {
	now func() time.Time

	mu        sync.Mutex
	most      float64 // what the bucket holds
	rate      float64 // points that come per second
	available float64 // at the instant at
	at        time.Time
	spent     float64
	known     map[string]float64 // what the vendor asked for queries, by their shape
}

// share is the part of the bucket that we use. The rest is for what we do not see: a call
// of a node that has just lost the quota, a cost that our count has too low. The bucket
// is of this app at this account, so that other apps need nothing of it.
const share = 0.8

func newMeter(now func() time.Time) *meter {
	return &meter{now: now, most: 10_000, rate: 500, available: 10_000, known: map[string]float64{}}
}

// take sets aside what a query may cost, or says how long to wait for it.
func (m *meter) take(q query) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fill()
	cost := m.costOf(q)
	if cost > m.most {
		return &connect.Error{
			Class: connect.Human, Msg: "the question costs more than Jobber ever allows at once",
			Cure: "lower page_size and job_page_size of the connection",
		}
	}
	// One that costs more than our share may run when the bucket is full.
	if missing := min(cost+(1-share)*m.most, m.most) - m.available; missing > 0 {
		soon := time.Duration(math.Ceil(missing/m.rate*10)) * time.Second / 10
		return &connect.Error{Class: connect.Wait, Msg: "the points that Jobber gives are used up", After: min(soon, longestWait)}
	}
	m.available -= cost
	return nil
}

func (m *meter) costOf(q query) float64 {
	if cost, ok := m.known[q.shape]; ok {
		return cost
	}
	return q.cost
}

// fill adds what has come since.
func (m *meter) fill() {
	now := m.now()
	if passed := now.Sub(m.at); !m.at.IsZero() && passed > 0 {
		m.available = min(m.most, m.available+passed.Seconds()*m.rate)
	}
	m.at = now
}

// wait is how long a number of points takes to come, in whole seconds, as numbers in
// answers are rounded.
func (m *meter) wait(points float64) time.Duration {
	seconds := min(math.Ceil(max(points, 0)/m.rate), longestWait.Seconds())
	return max(time.Duration(seconds)*time.Second, time.Second)
}

// longestWait caps what numbers of the vendor can make us wait.
const longestWait = 10 * time.Minute

// cost is what an answer tells of the budget, in extensions.cost.
type cost struct {
	Requested float64 `json:"requestedQueryCost"`
	Actual    float64 `json:"actualQueryCost"` // null and so 0 where it was refused
	Throttle  struct {
		Most      float64 `json:"maximumAvailable"`
		Available float64 `json:"currentlyAvailable"`
		Rate      float64 `json:"restoreRate"`
	} `json:"throttleStatus"`
}

// told takes over what an answer says.
func (m *meter) told(q query, c cost) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fill()
	m.spent += c.Actual
	if c.Requested > 0 {
		m.known[q.shape] = c.Requested
	}
	if t := c.Throttle; t.Most > 0 && t.Rate > 0 {
		m.most, m.rate, m.available = t.Most, t.Rate, t.Available
	}
}

// throttled says how long a query that was refused has to wait: until what it asks for
// is there, and what we leave to others.
func (m *meter) throttled(q query) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fill()
	return m.wait(min(m.costOf(q)+(1-share)*m.most, m.most) - m.available)
}

func (m *meter) total() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.spent
}
