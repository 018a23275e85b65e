package calendar

import (
	"testing"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/us"
)

// Another implementation of the same days, for half a century.
func TestHolidaysAgreeWithAnotherCalendar(t *testing.T) {
	for name, other := range map[string]*cal.Holiday{
		"new_year": us.NewYear, "mlk": us.MlkDay, "presidents": us.PresidentsDay, "memorial": us.MemorialDay,
		"juneteenth": us.Juneteenth, "independence": us.IndependenceDay, "labor": us.LaborDay, "columbus": us.ColumbusDay,
		"veterans": us.VeteransDay, "thanksgiving": us.ThanksgivingDay, "christmas": us.ChristmasDay,
	} {
		for year := 2022; year < 2072; year++ {
			actual, observed := other.Calc(year)
			rule := holidays[name]
			if day := rule.day(year); day != dateOf(actual) {
				t.Errorf("%s %d is %s, want %s", name, year, day, dateOf(actual))
			}
			if day := rule.day(year); rule.fixed && kept(day) != dateOf(observed) {
				t.Errorf("%s %d is kept on %s, want %s", name, year, kept(day), dateOf(observed))
			}
		}
	}
}

func TestHolidays(t *testing.T) {
	for _, c := range []struct {
		list, day, want string
	}{
		{"LA", "2026-02-17", "mardi_gras"},
		{"LA", "2027-02-09", "mardi_gras"},
		{"LA", "2026-04-03", "good_friday"},
		{"LA", "2027-03-26", "good_friday"},
		{"LA", "2024-03-29", "good_friday"},
		{"LA", "2026-11-03", "election"},
		{"LA", "2022-11-08", "election"},
		{"LA", "2026-11-27", "day_after_thanksgiving"},
		{"LA", "2026-11-02", "all_saints"}, // 1 November 2026 is a Sunday
		{"AL", "2026-04-27", "confederate_memorial"},
		{"AL", "2026-06-01", "jefferson_davis"},
		{"RI", "2026-08-10", "victory"},
		{"UT", "2026-07-24", "pioneer"},
		{"PA", "2026-06-15", "flag_day"}, // the 14th is a Sunday
		{"PA", "2026-07-03", "independence"},
		{"PA", "2026-07-04", "independence"},
		{"UT", "2027-12-31", "new_year"}, // 1 January 2028 is a Saturday
		{"UT", "2027-12-30", ""},
		{"UT", "2026-06-14", ""},
		{"PA", "2026-07-24", ""},
		{"UNION", "2026-07-24", "pioneer"},
		{"", "2026-12-25", ""},
	} {
		day, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := holiday(banned[c.list], true, dateOf(day)); got != c.want {
			t.Errorf("%s %s is %q, want %q", c.list, c.day, got, c.want)
		}
	}
}

func TestEveryListedHolidayIsKnown(t *testing.T) {
	for list, names := range banned {
		for _, name := range names {
			if !KnownHoliday(name) {
				t.Errorf("%s lists %q, which is unknown", list, name)
			}
		}
	}
	for list, names := range banned {
		for _, name := range names {
			if !contains(banned["UNION"], name) {
				t.Errorf("UNION lacks %s of %s", name, list)
			}
		}
	}
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}
