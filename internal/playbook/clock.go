package playbook

import (
	"fmt"
	"time"
)

// OpenHours says on which days the office works; calendar.Business does.
type OpenHours interface {
	// WorkingDay is the n-th working day after the local day of t, at so many minutes
	// after midnight; zero if there is none.
	WorkingDay(t time.Time, n, minutes int) time.Time
	// Open says whether the office is open at t, and if not, when it opens next; zero if
	// it never does.
	Open(t time.Time) (open bool, next time.Time)
	// DayOff says whether the local day of t is a holiday or another day off.
	DayOff(t time.Time) bool
}

// Due says when the clock rings, and whether it is set at all. It is pure: the same
// views give the same instant. Local times follow zone; one that a change of clocks
// skips becomes the moment of the change, one that comes twice its first coming.
func (c *Clock) Due(e Env, zone *time.Location, open OpenHours) (time.Time, bool, error) {
	ok, err := c.When.Eval(e)
	if err != nil || !ok {
		return time.Time{}, false, err
	}
	from, err := c.From.Eval(e)
	if err != nil || from.IsZero() {
		return time.Time{}, false, err
	}
	at := from.Add(c.After).In(zone)
	hour, minute := at.Hour(), at.Minute()
	moved := false
	day := time.Date(at.Year(), at.Month(), at.Day(), 12, 0, 0, 0, time.UTC) // a date, apart from any zone
	step := func(to time.Time) { moved, day = moved || !to.Equal(day), to }
	step(addMonths(day, c.Months).AddDate(0, 0, c.Days))
	if c.BusinessDays > 0 {
		if day, err = c.businessDay(day, zone, open); err != nil {
			return time.Time{}, false, err
		}
		moved = true
	}
	step(c.inSeason(day))
	if c.At != "" {
		clock, err := time.Parse("15:04", c.At)
		if err != nil {
			return time.Time{}, false, fmt.Errorf("read the time of clock %s: %w", c.Name, err)
		}
		hour, minute = clock.Hour(), clock.Minute()
	} else if !moved {
		return at.UTC(), true, nil
	}
	due := onClock(day, hour, minute, zone)
	if c.At == "" {
		due = due.Add(time.Duration(at.Second())*time.Second + time.Duration(at.Nanosecond()))
	}
	return due.UTC(), true, nil
}

// Missed says whether a ring that was due is of no use any more.
func (c *Clock) Missed(due, now time.Time) bool {
	return c.Until > 0 && now.After(due.Add(c.Until))
}

// addMonths stays within the month it comes to: 31 August and six months are the
// last of February.
func addMonths(day time.Time, n int) time.Time {
	to := day.AddDate(0, n, 0)
	if to.Day() != day.Day() {
		to = to.AddDate(0, 0, -to.Day())
	}
	return to
}

// businessDay goes on by so many days on which the office works.
func (c *Clock) businessDay(day time.Time, zone *time.Location, open OpenHours) (time.Time, error) {
	if open == nil {
		return day, fmt.Errorf("clock %s counts working days, and nobody said which days the office works", c.Name)
	}
	to := open.WorkingDay(onClock(day, 12, 0, zone), c.BusinessDays, 12*60)
	if to.IsZero() {
		return day, fmt.Errorf("clock %s counts working days, and the office has none", c.Name)
	}
	to = to.In(zone)
	return time.Date(to.Year(), to.Month(), to.Day(), 12, 0, 0, 0, time.UTC), nil
}

// inSeason moves a day forward to the next one of the clock's season.
func (c *Clock) inSeason(day time.Time) time.Time {
	if len(c.season) == 0 {
		return day
	}
	for to := day; ; to = to.AddDate(0, 0, 1) {
		for _, s := range c.season {
			if s.holds(to.Format("01-02")) {
				return to
			}
		}
	}
}

// holds says whether a day, "03-01", lies in the span, which may run over New Year.
func (s Span) holds(day string) bool {
	if s.From <= s.To {
		return s.From <= day && day <= s.To
	}
	return s.From <= day || day <= s.To
}

// onClock is the instant at which a clock on the wall in zone shows a time of a day.
func onClock(day time.Time, hour, minute int, zone *time.Location) time.Time {
	t := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, zone)
	start, end := t.ZoneBounds()
	if t.Hour() != hour || t.Minute() != minute { // skipped
		if !end.IsZero() && end.Sub(t) < 3*time.Hour {
			return end
		}
		return start
	}
	if !start.IsZero() { // does it come twice?
		_, before := start.Add(-time.Second).Zone()
		_, now := t.Zone()
		if first := t.Add(time.Duration(now-before) * time.Second); first.Before(start) && first.Before(t) {
			return first
		}
	}
	return t
}
