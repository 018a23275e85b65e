// Package calendar knows zones, business hours and quiet hours: where in time a
// place is, how long an office was open, and when a person may be written to.
// It must not know what is said, whether the person agreed, or what time it is:
// every question brings its own instant.
package calendar

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // zones are the same on a machine without a zone database
)

// Hours is a stretch of a local day in minutes after midnight; To is outside.
type Hours struct{ From, To int }

// ParseHours reads "08:00-21:00". "24:00" is the end of the day.
func ParseHours(s string) (Hours, error) {
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		return Hours{}, fmt.Errorf("read hours %q: want two times with a dash between them", s)
	}
	var h Hours
	var err error
	if h.From, err = parseClock(from); err != nil {
		return Hours{}, fmt.Errorf("read hours %q: %w", s, err)
	}
	if h.To, err = parseClock(to); err != nil {
		return Hours{}, fmt.Errorf("read hours %q: %w", s, err)
	}
	if h.From >= h.To {
		return Hours{}, fmt.Errorf("read hours %q: they end before they begin", s)
	}
	return h, nil
}

func parseClock(s string) (minutes int, err error) {
	s = strings.TrimSpace(s)
	if s == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time such as 08:00", s)
	}
	return t.Hour()*60 + t.Minute(), nil
}

func (h Hours) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", h.From/60, h.From%60, h.To/60, h.To%60)
}

// A Week holds the hours of each weekday, Sunday first as in time.Weekday; in
// order, not overlapping. A day without hours is closed.
type Week [7][]Hours

// A Span is a stretch of time; To is outside.
type Span struct{ From, To time.Time }

// Contains reports whether t lies in the span.
func (s Span) Contains(t time.Time) bool { return !t.Before(s.From) && t.Before(s.To) }

// A date is a day of the calendar, without zone.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(t time.Time) date {
	y, m, d := t.Date()
	return date{y, m, d}
}

func (d date) plus(days int) date {
	return dateOf(time.Date(d.year, d.month, d.day+days, 12, 0, 0, 0, time.UTC))
}

func (d date) weekday() time.Weekday {
	return time.Date(d.year, d.month, d.day, 12, 0, 0, 0, time.UTC).Weekday()
}

// at is the instant when clocks there show so many minutes after midnight. In
// the hour that is skipped in spring it is the instant of the change or later.
func (d date) at(minutes int, zone *time.Location) time.Time {
	return time.Date(d.year, d.month, d.day, 0, minutes, 0, 0, zone)
}

func (d date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day) }
