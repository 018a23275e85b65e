package csv

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// How days are written where it cannot be told from the day itself.
const (
	US  = "us"  // month first
	ISO = "iso" // year first, and nothing else
	EU  = "eu"  // day first
)

var written = []string{
	time.DateOnly, "2006/01/02", "2006/1/2", "2006.01.02", "20060102",
	"Jan 2, 2006", "Jan 2 2006", "January 2, 2006", "January 2 2006", "2 Jan 2006", "2 January 2006", "2-Jan-2006", "2-Jan-06", "02-Jan-06",
}

var clocks = []string{"", " 15:04", " 15:04:05", " 3:04 PM", " 3:04:05 PM", " 3:04PM"}

// day reads a day, or an instant in UTC where the text says a time. A day such as
// 03/04/2024 is read only if dates says which of the two comes first.
func day(text, dates string) (time.Time, error) {
	text = strings.Join(strings.Fields(text), " ")
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05-07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST"} {
		if t, err := time.Parse(layout, text); err == nil {
			return bounded(t.UTC(), text)
		}
	}
	for _, layout := range written {
		for _, clock := range clocks {
			t, err := time.Parse(layout+clock, text)
			if err == nil && (dates != ISO || strings.HasPrefix(layout, "2006")) {
				return bounded(t, text)
			}
		}
	}
	if dates == ISO {
		return time.Time{}, fmt.Errorf("%q is not written like 2024-03-04", text)
	}
	return slashed(text, dates)
}

// slashed reads 3/4/2024, 3-4-2024 and 4.3.2024.
func slashed(text, dates string) (time.Time, error) {
	date, clock, _ := strings.Cut(text, " ")
	if strings.Contains(date, ".") && dates == "" {
		dates = EU // with dots the day comes first everywhere
	}
	parts := strings.FieldsFunc(date, func(c rune) bool { return c == '/' || c == '-' || c == '.' })
	if len(parts) != 3 {
		return time.Time{}, fmt.Errorf("%q is no day: write it like 2024-03-04", text)
	}
	var n [3]int
	for i, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil || len(p) > 4 {
			return time.Time{}, fmt.Errorf("%q is no day: write it like 2024-03-04", text)
		}
		n[i] = v
	}
	first, second, year := n[0], n[1], n[2]
	if len(parts[2]) <= 2 {
		if year += 2000; year >= 2070 {
			year -= 100
		}
	}
	month, dom := first, second
	switch {
	case dates == EU:
		month, dom = second, first
	case dates == US || first == second || second > 12:
	case first > 12:
		month, dom = second, first
	default:
		return time.Time{}, fmt.Errorf("%q may be two days: say --dates us or --dates eu", text)
	}
	iso := fmt.Sprintf("%04d-%02d-%02d", year, month, dom)
	for _, c := range clocks {
		if (c == "") != (clock == "") {
			continue
		}
		if t, err := time.Parse(time.DateOnly+c, strings.TrimSpace(iso+" "+strings.ToUpper(clock))); err == nil {
			return bounded(t, text)
		}
	}
	return time.Time{}, fmt.Errorf("%q is no day of the calendar%s", text, map[string]string{US: ", read with the month first", EU: ", read with the day first"}[dates])
}

// bounded refuses years that no person or machine here can be of.
func bounded(t time.Time, text string) (time.Time, error) {
	if t.Year() < 1900 || t.Year() > 2100 {
		return time.Time{}, fmt.Errorf("%q is of the year %d", text, t.Year())
	}
	return t, nil
}
