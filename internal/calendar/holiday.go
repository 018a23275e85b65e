package calendar

import (
	"slices"
	"time"
)

// A holidayRule says on which day of a year a holiday falls.
type holidayRule struct {
	day   func(year int) date
	fixed bool // by date: observed on Friday for a Saturday, on Monday for a Sunday
}

func fixed(month time.Month, day int) holidayRule {
	return holidayRule{func(year int) date { return date{year, month, day} }, true}
}

// nth is the n-th such weekday of a month, counted from its end if n is -1.
func nth(month time.Month, weekday time.Weekday, n int) holidayRule {
	return holidayRule{day: func(year int) date {
		if n < 0 {
			last := date{year, month + 1, 1}.plus(-1)
			return last.plus(-int((last.weekday() - weekday + 7) % 7))
		}
		first := date{year, month, 1}
		return first.plus(int((weekday-first.weekday()+7)%7) + 7*(n-1))
	}}
}

func afterEaster(days int) holidayRule {
	return holidayRule{day: func(year int) date { return easter(year).plus(days) }}
}

func after(rule holidayRule, days int) holidayRule {
	return holidayRule{day: func(year int) date { return rule.day(year).plus(days) }}
}

// easter is Western Easter Sunday (the Gregorian computus).
func easter(year int) date {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return date{year, time.Month(n / 31), n%31 + 1}
}

var holidays = map[string]holidayRule{
	"new_year":               fixed(time.January, 1),
	"mlk":                    nth(time.January, time.Monday, 3),
	"presidents":             nth(time.February, time.Monday, 3),
	"mardi_gras":             afterEaster(-47),
	"good_friday":            afterEaster(-2),
	"confederate_memorial":   nth(time.April, time.Monday, 4),
	"memorial":               nth(time.May, time.Monday, -1),
	"jefferson_davis":        nth(time.June, time.Monday, 1),
	"flag_day":               fixed(time.June, 14),
	"juneteenth":             fixed(time.June, 19),
	"independence":           fixed(time.July, 4),
	"pioneer":                fixed(time.July, 24),
	"victory":                nth(time.August, time.Monday, 2),
	"labor":                  nth(time.September, time.Monday, 1),
	"columbus":               nth(time.October, time.Monday, 2),
	"all_saints":             fixed(time.November, 1),
	"election":               after(nth(time.November, time.Monday, 1), 1),
	"veterans":               fixed(time.November, 11),
	"thanksgiving":           nth(time.November, time.Thursday, 4),
	"day_after_thanksgiving": after(nth(time.November, time.Thursday, 4), 1),
	"christmas_eve":          fixed(time.December, 24),
	"christmas":              fixed(time.December, 25),
	"new_years_eve":          fixed(time.December, 31),
}

// banned lists the holidays on which a state forbids sales contacts. The lists
// are wide on purpose: a text too few is harmless.
var banned = map[string][]string{
	"AL": {"new_year", "mlk", "presidents", "mardi_gras", "confederate_memorial", "memorial", "jefferson_davis", "juneteenth",
		"independence", "labor", "columbus", "veterans", "thanksgiving", "christmas"},
	"LA": {"new_year", "mlk", "mardi_gras", "good_friday", "memorial", "juneteenth", "independence", "labor", "columbus",
		"all_saints", "election", "veterans", "thanksgiving", "day_after_thanksgiving", "christmas"},
	"PA": {"new_year", "mlk", "presidents", "good_friday", "memorial", "flag_day", "juneteenth", "independence", "labor",
		"columbus", "election", "veterans", "thanksgiving", "christmas"},
	"RI": {"new_year", "mlk", "presidents", "memorial", "juneteenth", "independence", "victory", "labor", "columbus", "election",
		"veterans", "thanksgiving", "christmas"},
	"UT": {"new_year", "mlk", "presidents", "memorial", "juneteenth", "independence", "pioneer", "labor", "columbus", "veterans",
		"thanksgiving", "christmas"},
	"UNION": {"new_year", "mlk", "presidents", "mardi_gras", "good_friday", "confederate_memorial", "memorial",
		"jefferson_davis", "flag_day", "juneteenth", "independence", "pioneer", "victory", "labor", "columbus", "all_saints",
		"election", "veterans", "thanksgiving", "day_after_thanksgiving", "christmas"},
}

// holiday names the first of the listed holidays that falls on d, or, if
// observed is wanted, is kept on d because its date is on a weekend.
func holiday(names []string, observed bool, d date) (string, bool) {
	for _, name := range names {
		rule, ok := holidays[name]
		if !ok {
			continue
		}
		// New Year's Day on a Saturday is kept on the last day of the year before.
		for _, year := range []int{d.year, d.year + 1} {
			day := rule.day(year)
			if day == d || observed && rule.fixed && kept(day) == d {
				return name, true
			}
		}
	}
	return "", false
}

// kept is the weekday on which a holiday by date is kept.
func kept(d date) date {
	switch d.weekday() {
	case time.Saturday:
		return d.plus(-1)
	case time.Sunday:
		return d.plus(1)
	}
	return d
}

// KnownHoliday reports whether a playbook may name this holiday.
func KnownHoliday(name string) bool {
	_, ok := holidays[name]
	return ok
}

// holidayNames lists every known holiday.
func holidayNames() []string {
	names := make([]string, 0, len(holidays))
	for name := range holidays {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
