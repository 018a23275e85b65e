package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Business is when an office is open. Check it once; the other methods rely on
// what Check demands.
type Business struct {
	Zone     *time.Location
	Week     Week
	Holidays []string // names as in KnownHoliday; kept on a weekday where their date falls on a weekend
	Closed   []string // further days off, "2026-12-24"
}

// horizon bounds every search for the next open hour.
const horizon = 400

// Check reports what is wrong with the hours: no zone, overlapping or
// unordered hours, an unknown holiday, a malformed day, a week without hours.
func (b Business) Check() error {
	if b.Zone == nil {
		return fmt.Errorf("open hours need a time zone")
	}
	open := false
	for weekday, hours := range b.Week {
		last := 0
		for _, h := range hours {
			if h.From < last || h.To <= h.From || h.To > 24*60 {
				return fmt.Errorf("the open hours of %s overlap, are out of order or past midnight: %s", time.Weekday(weekday), h)
			}
			last, open = h.To, true
		}
	}
	if !open {
		return fmt.Errorf("the office is never open")
	}
	for _, name := range b.Holidays {
		if !KnownHoliday(name) {
			return fmt.Errorf("unknown holiday %q, known are %s", name, strings.Join(holidayNames(), ", "))
		}
	}
	for _, day := range b.Closed {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return fmt.Errorf("the closed day %q is not a date such as 2026-12-24", day)
		}
	}
	return nil
}

// DayOff says whether the local day of t is a holiday or another day off, on whatever
// day of the week it falls.
func (b Business) DayOff(t time.Time) bool { return b.off(dateOf(t.In(b.Zone))) }

func (b Business) off(d date) bool {
	_, off := holiday(b.Holidays, true, d)
	return off || slices.Contains(b.Closed, d.String())
}

// hours are the open hours of a day, none on a day off.
func (b Business) hours(d date) []Hours {
	if b.off(d) {
		return nil
	}
	return b.Week[d.weekday()]
}

// spans yields the open spans that end after t, in order.
func (b Business) spans(t time.Time) func(yield func(Span) bool) {
	return func(yield func(Span) bool) {
		today := dateOf(t.In(b.Zone))
		for i := range horizon {
			d := today.plus(i)
			for _, h := range b.hours(d) {
				s := Span{d.at(h.From, b.Zone), d.at(h.To, b.Zone)}
				if s.To.After(t) && !yield(s) {
					return
				}
			}
		}
	}
}

// Open reports whether the office is open at t, and if not, when it opens next.
func (b Business) Open(t time.Time) (open bool, next time.Time) {
	for s := range b.spans(t) {
		if s.From.After(t) {
			return false, s.From
		}
		return true, t
	}
	return false, time.Time{}
}

// Add is the first instant at which the office has been open for d since t.
// Time passes as on a stopwatch, also over a change of the clocks. It is zero
// if that takes more than 400 days.
func (b Business) Add(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return t
	}
	for s := range b.spans(t) {
		from := s.From
		if from.Before(t) {
			from = t
		}
		if room := s.To.Sub(from); d > room {
			d -= room
			continue
		}
		return from.Add(d)
	}
	return time.Time{}
}

// Between is how long the office was open from one instant to another, at most
// 400 days on, and zero if they are in the other order.
func (b Business) Between(from, to time.Time) time.Duration {
	var sum time.Duration
	for s := range b.spans(from) {
		if !s.From.Before(to) {
			break
		}
		if s.From.Before(from) {
			s.From = from
		}
		if s.To.After(to) {
			s.To = to
		}
		sum += s.To.Sub(s.From)
	}
	return max(sum, 0)
}

// WorkingDay is the n-th working day after the local day of t (before it, if n
// is negative; that day or the next working one, if n is 0), at so many minutes
// after midnight: WorkingDay(t, 1, 12*60) is noon on the next working day. It is
// zero if there is none within 400 days.
func (b Business) WorkingDay(t time.Time, n, minutes int) time.Time {
	d, step := dateOf(t.In(b.Zone)), 1
	if n < 0 {
		n, step = -n, -1
	}
	if n > 0 {
		d = d.plus(step)
	}
	for range horizon {
		if len(b.hours(d)) > 0 {
			if n <= 1 {
				return d.at(minutes, b.Zone)
			}
			n--
		}
		d = d.plus(step)
	}
	return time.Time{}
}
