package calendar

import (
	"strings"
	"testing"
	"time"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, ok := location(name)
	if !ok {
		t.Fatalf("no zone %s", name)
	}
	return z
}

// The shop: Monday to Friday 07:30-17:00, Saturday 08:00-13:00.
func shop(t *testing.T) Business {
	b := Business{Zone: zone(t, "America/Chicago"), Holidays: []string{"independence", "thanksgiving", "christmas", "memorial"},
		Closed: []string{"2026-12-24"}}
	for d := time.Monday; d <= time.Friday; d++ {
		b.Week[d] = []Hours{{7*60 + 30, 17 * 60}}
	}
	b.Week[time.Saturday] = []Hours{{8 * 60, 13 * 60}}
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	return b
}

func local(t *testing.T, z *time.Location, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, z)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestOpenTimeAdded(t *testing.T) {
	b := shop(t)
	for _, c := range []struct {
		name, from string
		d          time.Duration
		want       string
	}{
		{"within a day", "2026-05-05 09:00", 2 * time.Hour, "2026-05-05 11:00"},
		{"over night", "2026-05-05 16:50", 20 * time.Minute, "2026-05-06 07:40"},
		{"to the minute of closing", "2026-05-05 16:50", 10 * time.Minute, "2026-05-05 17:00"},
		{"from before opening", "2026-05-05 03:00", 10 * time.Minute, "2026-05-05 07:40"},
		{"over a weekend", "2026-05-09 12:30", time.Hour, "2026-05-11 08:00"},
		{"over a holiday and a Saturday", "2026-07-02 16:30", time.Hour, "2026-07-06 08:00"}, // the 4th is a Saturday, kept on Friday
		{"over Christmas", "2026-12-23 16:30", time.Hour, "2026-12-26 08:30"},
		{"several days", "2026-05-04 07:30", 30 * time.Hour, "2026-05-07 09:00"},
		{"nothing", "2026-05-10 03:00", 0, "2026-05-10 03:00"},
		{"over the change of clocks", "2026-03-07 12:00", 2 * time.Hour, "2026-03-09 08:30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, want := local(t, b.Zone, c.from), local(t, b.Zone, c.want)
			got := b.Add(from, c.d)
			if !got.Equal(want) {
				t.Errorf("Add = %v, want %v", got, want)
			}
			if between := b.Between(from, got); c.d > 0 && between != c.d {
				t.Errorf("Between = %v, want %v", between, c.d)
			}
		})
	}
}

func TestTheNightOfTheChangeLastsAsLongAsItDoes(t *testing.T) {
	b := Business{Zone: zone(t, "America/Chicago")}
	for d := range b.Week {
		b.Week[d] = []Hours{{0, 24 * 60}}
	}
	from, to := local(t, b.Zone, "2026-03-08 00:00"), local(t, b.Zone, "2026-03-09 00:00")
	if d := b.Between(from, to); d != 23*time.Hour {
		t.Errorf("the day in spring was open %v, want 23h", d)
	}
	if got := b.Add(from, 24*time.Hour); !got.Equal(to.Add(time.Hour)) {
		t.Errorf("24 open hours later it is %v", got)
	}
	if d := b.Between(to, from); d != 0 {
		t.Errorf("backwards it was open %v, want 0", d)
	}
}

func TestWorkingDays(t *testing.T) {
	b := shop(t)
	for _, c := range []struct {
		name, from string
		n          int
		want       string
	}{
		{"noon on the next working day", "2026-05-05 16:00", 1, "2026-05-06 12:00"},
		{"from a Saturday", "2026-05-09 10:00", 1, "2026-05-11 12:00"},
		{"from a Sunday", "2026-05-10 10:00", 1, "2026-05-11 12:00"},
		{"over Thanksgiving", "2026-11-25 10:00", 1, "2026-11-27 12:00"},
		{"the third", "2026-05-08 10:00", 3, "2026-05-12 12:00"},
		{"the day before", "2026-05-11 10:00", -1, "2026-05-09 12:00"},
		{"two days before, over Memorial Day", "2026-05-27 10:00", -2, "2026-05-23 12:00"},
		{"the same day", "2026-05-06 16:00", 0, "2026-05-06 12:00"},
		{"the same day, or the next that is one", "2026-05-10 16:00", 0, "2026-05-11 12:00"},
		{"late in the evening, UTC already tomorrow", "2026-05-05 22:00", 1, "2026-05-06 12:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := b.WorkingDay(local(t, b.Zone, c.from).UTC(), c.n, 12*60)
			if want := local(t, b.Zone, c.want); !got.Equal(want) {
				t.Errorf("WorkingDay = %v, want %v", got.In(b.Zone), want)
			}
		})
	}
}

func TestOpenTellsWhenItOpens(t *testing.T) {
	b := shop(t)
	for _, c := range []struct {
		at, next string
		open     bool
	}{
		{"2026-05-05 09:00", "2026-05-05 09:00", true},
		{"2026-05-05 07:30", "2026-05-05 07:30", true},
		{"2026-05-05 17:00", "2026-05-06 07:30", false},
		{"2026-05-09 13:00", "2026-05-11 07:30", false},
		{"2026-05-05 05:00", "2026-05-05 07:30", false},
	} {
		open, next := b.Open(local(t, b.Zone, c.at))
		if open != c.open || !next.Equal(local(t, b.Zone, c.next)) {
			t.Errorf("Open(%s) = %v, %v, want %v, %s", c.at, open, next, c.open, c.next)
		}
	}
}

func TestHoursThatCannotBe(t *testing.T) {
	chicago := zone(t, "America/Chicago")
	day := Week{time.Monday: {{480, 1020}}}
	for _, c := range []struct {
		name string
		b    Business
		want string
	}{
		{"no zone", Business{Week: day}, "zone"},
		{"never open", Business{Zone: chicago}, "never open"},
		{"overlapping", Business{Zone: chicago, Week: Week{time.Monday: {{480, 1020}, {1000, 1100}}}}, "overlap"},
		{"past midnight", Business{Zone: chicago, Week: Week{time.Monday: {{480, 1500}}}}, "past midnight"},
		{"an unknown holiday", Business{Zone: chicago, Week: day, Holidays: []string{"xmas"}}, `unknown holiday "xmas"`},
		{"a malformed day", Business{Zone: chicago, Week: day, Closed: []string{"12/24/2026"}}, "not a date"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.b.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Check = %v, want an error with %q", err, c.want)
			}
		})
	}
	closed := Business{Zone: chicago}
	if got := closed.Add(time.Unix(0, 0), time.Hour); !got.IsZero() {
		t.Errorf("an office that never opens gives %v", got)
	}
	if got := closed.WorkingDay(time.Unix(0, 0), 1, 0); !got.IsZero() {
		t.Errorf("an office that never opens has a working day %v", got)
	}
}

func TestHoursAreRead(t *testing.T) {
	for in, want := range map[string]Hours{"08:00-21:00": {480, 1260}, "7:30 - 17:00": {450, 1020}, "00:00-24:00": {0, 1440}} {
		if got, err := ParseHours(in); err != nil || got != want {
			t.Errorf("ParseHours(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "none", "08:00", "21:00-08:00", "8-9", "08:00-24:30", "08:00-08:00"} {
		if got, err := ParseHours(in); err == nil {
			t.Errorf("ParseHours(%q) = %v, want an error", in, got)
		}
	}
}
