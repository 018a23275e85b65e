package calendar

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestFederalHoursAgreeWithTheVectors(t *testing.T) {
	lines := sheet(t, shared(t, "data/quiet_hours/vectors.csv"))
	if len(lines) != 360 {
		t.Fatalf("read %d vectors, want 360", len(lines))
	}
	for _, v := range lines {
		now, allowed := instant(t, v["utc"]), v["allowed_federal"] == "true"
		floor := now
		if !allowed {
			floor = instant(t, v["next_federal_utc"])
		}
		ok, next, why := earliest([]limit{{zone(t, v["timezone"]), 0, lawOf("US")}}, now)
		if ok != allowed || !next.Equal(floor) {
			t.Errorf("%s: federal hours say %v, %v (%s), want %v, %v", v["id"], ok, next, why, allowed, floor)
		}
		if where := AreaCode(v["phone"]); !covers(where.Zones, zone(t, v["timezone"])) {
			t.Errorf("%s: %s is in %s, want %s among them", v["id"], v["phone"], names(where.Zones), v["timezone"])
		}
		for _, class := range []Class{Service, Account, Asking, Marketing} {
			ok, next, why := Standard().Allowed(class, Recipient{Phone: v["phone"]}, now)
			if ok && !allowed || next.Before(floor) {
				t.Errorf("%s: a %s text is allowed (%v, %v, %s) where federal hours begin at %v", v["id"], class, ok, next, why, floor)
			}
			checkNext(t, v["id"], class, Recipient{Phone: v["phone"]}, now)
		}
	}
}

// checkNext holds the answers against each other: it is allowed at next, and
// not a minute earlier.
func checkNext(t *testing.T, id string, class Class, to Recipient, now time.Time) {
	t.Helper()
	ok, next, why := Standard().Allowed(class, to, now)
	if why == "" || ok != next.Equal(now) {
		t.Errorf("%s: %s gives %v, %v, %q", id, class, ok, next, why)
	}
	if next.IsZero() {
		t.Errorf("%s: %s is never allowed: %s", id, class, why)
		return
	}
	if again, _, why := Standard().Allowed(class, to, next); !again {
		t.Errorf("%s: %s is not allowed at its own next %v: %s", id, class, next, why)
	}
	for before := next.Add(-time.Minute); before.After(now); before = before.Add(-37 * time.Minute) {
		if early, _, _ := Standard().Allowed(class, to, before); early {
			t.Errorf("%s: %s is allowed at %v already, next was %v", id, class, before, next)
			return
		}
	}
}

func TestTheChangeOfClocksMovesNoWindow(t *testing.T) {
	for _, v := range sheet(t, shared(t, "data/quiet_hours/dst_transitions.csv")) {
		z, change := zone(t, v["timezone"]), instant(t, v["utc"])
		for _, c := range []struct {
			at     time.Time
			column string
		}{{change.Add(-time.Second), "offset_before_min"}, {change, "offset_after_min"}} {
			if _, offset := c.at.In(z).Zone(); offset/60 != atoi(v[c.column]) {
				t.Errorf("%s %s: offset %d, want %s", z, c.at, offset/60, v[c.column])
			}
		}
		day := dateOf(change.In(z))
		for _, start := range []time.Time{change.Add(-3 * time.Hour), change.Add(-time.Minute), change, change.Add(61 * time.Minute)} {
			ok, next, _ := Standard().Allowed(Service, Recipient{Place: Place{Zone: z.String()}}, start)
			open := next.In(z)
			if ok || open.Hour() != 8 || open.Minute() != 0 || dateOf(open) != day && dateOf(open) != day.plus(1) {
				t.Errorf("%s: at %v the hours begin at %v, want 08:00", z, start.In(z), open)
			}
		}
	}
}

func atoi(s string) int {
	n, sign := 0, 1
	for _, r := range s {
		if r == '-' {
			sign = -1
		} else {
			n = n*10 + int(r-'0')
		}
	}
	return sign * n
}

func TestTheLawsAreAllHere(t *testing.T) {
	count := 0
	for _, want := range sheet(t, shared(t, "vendors/data/compliance/quiet-hours.csv")) {
		count++
		found := slices.ContainsFunc(laws()[want["code"]], func(l law) bool {
			return cell(l.weekday) == want["weekday"] && cell(l.saturday) == want["saturday"] && cell(l.sunday) == want["sunday"] &&
				l.holidays == want["holiday_list"] && l.from == want["valid_from"] && l.to == want["valid_to"]
		})
		if !found {
			t.Errorf("%s: no such law among %v", want["code"], laws()[want["code"]])
		}
		if list := want["holiday_list"]; list != "" && len(banned[list]) == 0 {
			t.Errorf("%s: no list of holidays %s", want["code"], list)
		}
	}
	if have := len(rows(quietCSV)); have != count {
		t.Errorf("%d laws, want %d", have, count)
	}
}

func cell(hours []Hours) string {
	if len(hours) == 0 {
		return "none"
	}
	return hours[0].String()
}

func TestAllowed(t *testing.T) {
	miami := Place{State: "FL", ZIP: "33101"}
	chicago := Place{State: "IL", ZIP: "60614"}
	for _, c := range []struct {
		name  string
		class Class
		to    Recipient
		zone  string
		now   string
		next  string // empty: allowed now; "never"
		why   string
	}{
		{"a job text by day", Service, Recipient{Place: chicago}, "America/Chicago", "2026-05-05 12:00", "", "12:00 in America/Chicago"},
		{"a job text at 20:49", Service, Recipient{Place: chicago}, "America/Chicago", "2026-05-05 20:49", "", ""},
		{"a job text ten minutes before the end", Service, Recipient{Place: chicago}, "America/Chicago", "2026-05-05 20:50",
			"2026-05-06 08:00", "stops 10 min before the end"},
		{"a job text at night", Service, Recipient{Place: chicago}, "America/Chicago", "2026-05-05 02:00", "2026-05-05 08:00", "02:00"},
		{"a job text knows no Sunday", Service, Recipient{Place: chicago}, "America/Chicago", "2026-05-10 08:00", "", ""},
		{"a job text goes by the address, not the area code", Service, Recipient{Place: chicago, Phone: "+12125550123"},
			"America/Chicago", "2026-05-05 20:30", "", ""},
		{"a job text by the area code for want of an address", Service, Recipient{Phone: "+12125550123"}, "America/New_York",
			"2026-05-05 21:00", "2026-05-06 08:00", ""},
		{"a job text where nothing is known waits for Honolulu", Service, Recipient{}, "America/New_York", "2026-05-05 09:00",
			"2026-05-05 14:00", ""},
		{"an address in two zones opens with the later", Service, Recipient{Place: Place{State: "TN"}}, "America/New_York",
			"2026-05-05 08:30", "2026-05-05 09:00", "America/Chicago"},
		{"an address in two zones closes with the earlier", Service, Recipient{Place: Place{State: "TN"}}, "America/New_York",
			"2026-05-05 20:55", "2026-05-06 09:00", "America/New_York"},
		{"a bill on a Sunday", Account, Recipient{Place: chicago}, "America/Chicago", "2026-05-10 12:00", "2026-05-11 09:00",
			"nothing that day"},
		{"a bill on a Saturday evening", Account, Recipient{Place: chicago}, "America/Chicago", "2026-05-09 18:50", "2026-05-11 09:00", ""},
		{"a review request on a Sunday", Asking, Recipient{Place: chicago}, "America/Chicago", "2026-05-10 12:00", "", ""},
		{"a review request in Mississippi on a Sunday", Asking, Recipient{Place: Place{State: "MS"}}, "America/Chicago",
			"2026-05-10 12:00", "2026-05-11 09:30", "Miss. Code 77-3-705"},
		{"a review request in Texas on a Sunday morning", Asking, Recipient{Place: Place{ZIP: "75201"}}, "America/Chicago",
			"2026-05-10 10:00", "2026-05-10 12:00", "Texas"},
		{"an offer on a Sunday", Marketing, Recipient{Place: chicago}, "America/Chicago", "2026-05-10 12:00", "2026-05-11 10:00", ""},
		{"an offer late in Kentucky", Asking, Recipient{Place: Place{ZIP: "40202"}}, "America/New_York", "2026-05-05 09:40",
			"2026-05-05 10:00", "Kentucky"},
		{"Rhode Island on a Saturday evening", Asking, Recipient{Place: Place{State: "RI"}}, "America/New_York", "2026-05-09 16:55",
			"2026-05-11 09:30", "Rhode Island"},
		{"Rhode Island over Columbus Day", Marketing, Recipient{Place: Place{State: "RI"}}, "America/New_York", "2026-10-10 17:00",
			"2026-10-13 10:00", ""},
		{"Louisiana on Mardi Gras", Marketing, Recipient{Place: Place{State: "LA"}}, "America/Chicago", "2026-02-17 12:00",
			"2026-02-18 10:00", "mardi gras"},
		{"a holiday of another state", Marketing, Recipient{Place: Place{State: "TX", ZIP: "75201"}}, "America/Chicago",
			"2026-02-17 12:00", "", ""},
		{"Pennsylvania's old hours on their last day", Asking, Recipient{Place: Place{State: "PA"}}, "America/New_York",
			"2026-10-17 18:45", "", ""},
		{"Pennsylvania's new hours know no Sunday", Asking, Recipient{Place: Place{State: "PA"}}, "America/New_York",
			"2026-10-18 12:00", "2026-10-19 09:30", "Act 47 of 2026"},
		{"an Illinois address with a Mississippi number", Asking, Recipient{Place: chicago, Phone: "+16015550123"},
			"America/Chicago", "2026-05-10 12:00", "2026-05-11 09:30", "Mississippi"},
		{"a Florida number with a California address waits for both", Marketing,
			Recipient{Place: Place{State: "CA"}, Phone: "+13055550123"}, "America/Los_Angeles", "2026-05-05 08:00",
			"2026-05-05 10:00", ""},
		{"a Florida number with a California address ends with Florida", Marketing,
			Recipient{Place: Place{State: "CA"}, Phone: "+13055550123"}, "America/Los_Angeles", "2026-05-05 14:50",
			"2026-05-06 10:00", "America/New_York"},
		{"a toll-free number adds nothing", Marketing, Recipient{Place: miami, Phone: "+18005551212"}, "America/New_York",
			"2026-05-05 17:00", "", ""},
		{"an unknown state on a Saturday evening", Asking, Recipient{Place: Place{Zone: "America/Chicago"}}, "America/Chicago",
			"2026-05-09 16:50", "2026-05-11 10:00", "all states"},
		{"an unknown state on a holiday of any state", Asking, Recipient{Place: Place{Zone: "America/Chicago"}},
			"America/Chicago", "2026-07-24 12:00", "2026-07-25 10:00", "pioneer"},
		{"a class nobody knows", Class("spam"), Recipient{Place: chicago}, "America/Chicago", "2026-05-05 12:00", "never", "spam"},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := zone(t, c.zone)
			now := local(t, z, c.now)
			ok, next, why := Standard().Allowed(c.class, c.to, now)
			var want time.Time
			switch c.next {
			case "":
				want = now
			case "never":
			default:
				want = local(t, z, c.next)
			}
			if ok != (c.next == "") || !next.Equal(want) || !strings.Contains(why, c.why) || why == "" {
				t.Errorf("Allowed = %v, %v, %q; want next %v and %q", ok, next.In(z), why, want, c.why)
			}
		})
	}
}

func TestVisitsRepliesAndStaff(t *testing.T) {
	noon := time.Date(2026, 5, 5, 17, 0, 0, 0, time.UTC)
	span := func(from, to int) Span {
		return Span{noon.Add(time.Duration(from) * time.Minute), noon.Add(time.Duration(to) * time.Minute)}
	}
	for _, c := range []struct {
		name  string
		class Class
		to    Recipient
		ok    bool
		next  time.Duration // from noon; -1: never
	}{
		{"during the window", ActiveVisit, Recipient{Visit: span(-30, 90)}, true, 0},
		{"two hours before it", ActiveVisit, Recipient{Visit: span(120, 240)}, true, 0},
		{"long before it", ActiveVisit, Recipient{Visit: span(180, 300)}, false, time.Hour},
		{"nearly two hours after it", ActiveVisit, Recipient{Visit: span(-200, -109)}, true, 0},
		{"two hours after it", ActiveVisit, Recipient{Visit: span(-200, -110)}, false, -1},
		{"no window", ActiveVisit, Recipient{}, false, -1},
		{"an emergency", ActiveVisit, Recipient{Agreed: true}, true, 0},
		{"an answer at once", Reply, Recipient{Asked: noon.Add(-time.Minute)}, true, 0},
		{"an answer after five minutes", Reply, Recipient{Asked: noon.Add(-5 * time.Minute)}, true, 0},
		{"an answer too late", Reply, Recipient{Asked: noon.Add(-6 * time.Minute)}, false, -1},
		{"an answer to nothing", Reply, Recipient{}, false, -1},
		{"on shift", Staff, Recipient{Shift: span(-60, 60)}, true, 0},
		{"before the shift", Staff, Recipient{Shift: span(60, 120)}, false, time.Hour},
		{"after the shift", Staff, Recipient{Shift: span(-120, 0)}, false, -1},
		{"on call at any hour", Staff, Recipient{OnCall: true}, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			ok, next, why := Standard().Allowed(c.class, c.to, noon)
			want := noon.Add(c.next)
			if c.next < 0 {
				want = time.Time{}
			}
			if ok != c.ok || !next.Equal(want) || why == "" {
				t.Errorf("Allowed = %v, %v, %q; want %v, %v", ok, next, why, c.ok, want)
			}
		})
	}
}

// Every state, through a year, hour by hour: the answer is at most as wide as
// the federal hours, and next is always reached.
func TestEveryStateOpensAgain(t *testing.T) {
	start := time.Date(2026, 9, 1, 0, 30, 0, 0, time.UTC)
	for state := range tables().states {
		for hours := 0; hours < 130*24; hours += 31 {
			now := start.Add(time.Duration(hours) * time.Hour)
			to := Recipient{Place: Place{State: state}}
			ok, next, why := Standard().Allowed(Asking, to, now)
			if next.IsZero() || next.Sub(now) > 6*24*time.Hour {
				t.Fatalf("%s at %v: next is %v (%s)", state, now, next, why)
			}
			if again, _, why := Standard().Allowed(Asking, to, next); !again {
				t.Fatalf("%s: next %v is not allowed: %s", state, next, why)
			}
			for _, z := range to.Place.Where().Zones {
				if h := next.In(z).Hour(); ok && (h < 8 || h >= 21) {
					t.Fatalf("%s: allowed at %v", state, next.In(z))
				}
			}
		}
	}
}
