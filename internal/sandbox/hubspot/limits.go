package hubspot

import (
	"net/http"
	"strconv"
	"time"
)

// Limits are the account's request limits; a zero field has the value of a
// service key in a Professional account (HubSpot "API usage guidelines",
// 2026-10).
type Limits struct {
	Unlimited         bool
	Burst             int // requests in any 10 seconds, 190
	Daily             int // requests until midnight in the account's zone, 625,000
	Search            int // searches in any second, 5
	Associations      int // association requests in any 10 seconds, 150
	AssociationsDaily int // 500,000
}

func (l Limits) filled() Limits {
	for _, f := range []struct {
		limit *int
		value int
	}{
		{&l.Burst, 190}, {&l.Daily, 625_000}, {&l.Search, 5}, {&l.Associations, 150}, {&l.AssociationsDaily, 500_000},
	} {
		if *f.limit == 0 {
			*f.limit = f.value
		}
	}
	return l
}

// A family is the bucket that a request is counted in.
type family int

const (
	general family = iota
	searches
	associationCalls
)

// A window counts the requests of a rolling interval and of the day.
type window struct {
	times []time.Time
	day   string
	today int
}

// trim forgets what is older than the interval and, after midnight, the day.
func (w *window) trim(now time.Time, interval time.Duration, zone *time.Location) {
	keep := 0
	for keep < len(w.times) && now.Sub(w.times[keep]) >= interval {
		keep++
	}
	w.times = w.times[keep:]
	if day := now.In(zone).Format(time.DateOnly); day != w.day {
		w.day, w.today = day, 0
	}
}

// admit counts a request, or refuses it, and sets the vendor's rate headers.
// Search has its own bucket and carries no headers. Not documented whether a
// refused request counts: it does not.
func (p *portal) admit(l Limits, f family, now time.Time, h http.Header) *apiError {
	if l.Unlimited {
		return nil
	}
	w := &p.windows[f]
	if f == searches {
		w.trim(now, time.Second, p.zone)
		if len(w.times) >= l.Search {
			e := tooMany("SECONDLY", "You have reached your secondly limit.")
			return e
		}
		w.times = append(w.times, now)
		return nil
	}
	burst, daily := l.Burst, l.Daily
	if f == associationCalls {
		burst, daily = l.Associations, l.AssociationsDaily
	}
	w.trim(now, 10*time.Second, p.zone)
	var refused *apiError
	switch {
	case w.today >= daily:
		refused = tooMany("DAILY", "You have reached your daily limit.")
	case len(w.times) >= burst:
		refused = tooMany("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.")
	default:
		w.times = append(w.times, now)
		w.today++
	}
	set := func(name string, n int) { h.Set("X-HubSpot-RateLimit-"+name, strconv.Itoa(n)) }
	set("Max", burst)
	set("Remaining", burst-len(w.times))
	set("Interval-Milliseconds", 10_000)
	set("Daily", daily)
	set("Daily-Remaining", daily-w.today)
	set("Secondly", burst/10) // deprecated, still sent, not enforced
	set("Secondly-Remaining", burst/10)
	return refused
}

// tooMany has no category and, as documented, no Retry-After.
func tooMany(policy, message string) *apiError {
	e := plainError(http.StatusTooManyRequests, message)
	e.body["errorType"] = "RATE_LIMIT"
	e.body["policyName"] = policy
	return e
}
