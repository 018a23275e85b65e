package calendar

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Class is what kind of message it is: it decides the hours.
type Class string

const (
	ActiveVisit Class = "active_visit" // a visit under way or about to be
	Service     Class = "service"      // about a job that was ordered
	Account     Class = "account"      // estimates, invoices, reminders to pay
	Asking      Class = "asking"       // surveys and reviews
	Marketing   Class = "marketing"    // renewals, maintenance due, rebooking
	Reply       Class = "reply"        // answers to their own call, form or text
	Staff       Class = "staff"        // people who work here
)

// A Recipient is what the hours of one message depend on.
type Recipient struct {
	Place  Place     // the service address for visits, the home for marketing
	Phone  string    // the number texted, E.164
	Visit  Span      // active visit: the agreed window
	Agreed bool      // active visit: an emergency, for which any hour was agreed
	Asked  time.Time // reply: when they called or wrote
	Shift  Span      // staff: the shift that covers or follows
	OnCall bool      // staff: on call now
}

// Policy is the hours of a company. The law on marketing hours comes on top of
// it and is no part of it.
type Policy struct {
	Hours  map[Class]Week // service, account, asking, marketing
	Margin time.Duration  // this long before the end nothing is sent any more
	Around time.Duration  // active visit: this long before and after the window
	Within time.Duration  // reply: this long after they asked
}

// Standard is the policy that an office finds on its first day.
func Standard() Policy {
	daily := func(from, to int) (w Week) {
		for day := range w {
			w[day] = []Hours{{from, to}}
		}
		return w
	}
	account, marketing := daily(9*60, 19*60), daily(10*60, 18*60)
	account[time.Sunday], marketing[time.Sunday] = nil, nil
	return Policy{
		Hours: map[Class]Week{Service: daily(8*60, 21*60), Account: account, Asking: daily(9*60+30, 19*60), Marketing: marketing},
		// A queue at the carrier may hold a text for some minutes.
		Margin: 10 * time.Minute,
		Around: 2 * time.Hour,
		Within: 5 * time.Minute,
	}
}

// Allowed says whether a message of this class may be sent now. If not, next is
// the first instant at which it may (zero: never again), and why is a sentence
// either way. Asking and marketing must lie within the company's hours, the
// federal hours and those of each state that the address or the area code
// points to, in every zone possible there. Caps are counted elsewhere.
func (p Policy) Allowed(class Class, to Recipient, now time.Time) (ok bool, next time.Time, why string) {
	switch class {
	case ActiveVisit:
		return p.visit(to, now)
	case Reply:
		if now.Before(to.Asked) || to.Asked.IsZero() || now.After(to.Asked.Add(p.Within)) {
			return false, time.Time{}, fmt.Sprintf("an answer is only sent within %s of their own message", short(p.Within))
		}
		return true, now, "it answers their own message of a moment ago"
	case Staff:
		return shift(to, now)
	case Service, Account, Asking, Marketing:
		return earliest(p.limits(class, to), now)
	}
	return false, time.Time{}, fmt.Sprintf("there are no hours for the class %q", class)
}

func (p Policy) visit(to Recipient, now time.Time) (bool, time.Time, string) {
	around := Span{to.Visit.From.Add(-p.Around), to.Visit.To.Add(p.Around - p.Margin)}
	switch {
	case to.Agreed:
		return true, now, "it is about an emergency, for which any hour was agreed"
	case to.Visit.From.IsZero() || to.Visit.To.Before(to.Visit.From):
		return false, time.Time{}, "the visit has no window"
	case now.Before(around.From):
		return false, around.From, fmt.Sprintf("the visit is more than %s away", short(p.Around))
	case !around.Contains(now):
		return false, time.Time{}, fmt.Sprintf("the visit's window ended about %s ago", short(p.Around))
	}
	return true, now, fmt.Sprintf("it is within %s of the visit's window", short(p.Around))
}

func shift(to Recipient, now time.Time) (bool, time.Time, string) {
	switch {
	case to.OnCall:
		return true, now, "this person is on call"
	case to.Shift.Contains(now):
		return true, now, "this person is on shift"
	case now.Before(to.Shift.From):
		return false, to.Shift.From, "this person's shift has not begun"
	}
	return false, time.Time{}, "this person is not on shift"
}

func short(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d min", d/time.Minute)
}

// A limit is one window that a message must be inside of, in one zone.
type limit struct {
	zone   *time.Location
	margin time.Duration
	hours  func(date) (hours []Hours, why string) // why: whose hours, or why there are none
}

// limits gathers every window that a message must be inside of.
func (p Policy) limits(class Class, to Recipient) []limit {
	address, number := to.Place.Where(), AreaCode(to.Phone)
	law := class == Asking || class == Marketing
	zones := address.Zones
	if law {
		zones = union(zones, number.Zones)
	} else if len(zones) == 0 {
		zones = number.Zones
	}
	if len(zones) == 0 {
		zones = everywhere()
	}
	var all []limit
	week := p.Hours[class]
	for _, zone := range zones {
		all = append(all, limit{zone, p.Margin, func(d date) ([]Hours, string) {
			return week[d.weekday()], fmt.Sprintf("the hours for %s messages", class)
		}})
		if law {
			all = append(all, limit{zone, p.Margin, lawOf("US")})
		}
	}
	if law {
		all = append(all, p.stateLimits(address, number, zones)...)
	}
	return all
}

// stateLimits are the laws of the states, each in its own zones. A state known
// only from the address of a person with a stated zone holds in that zone.
func (p Policy) stateLimits(address, number Where, zones []*time.Location) []limit {
	var all []limit
	for _, w := range []Where{address, number} {
		for _, state := range w.States {
			for _, zone := range w.Zones {
				all = append(all, limit{zone, p.Margin, lawOf(state)})
			}
		}
	}
	if len(all) == 0 {
		for _, zone := range zones {
			all = append(all, limit{zone, p.Margin, lawOf("ZZ")})
		}
	}
	return all
}

// earliest finds the first instant from now on that is inside all windows. It
// compares instants, so a change of the clocks needs no care.
func earliest(limits []limit, now time.Time) (ok bool, next time.Time, why string) {
	at := now
	for moved := true; moved; {
		moved = false
		for _, l := range limits {
			opens, reason, found := l.next(at)
			if !found || opens.Sub(now) > 60*24*time.Hour {
				return false, time.Time{}, "there is no hour at which all rules allow it"
			}
			if opens.After(at) {
				at, moved = opens, true
				if why == "" {
					why = reason
				}
			}
		}
	}
	if at.Equal(now) {
		return true, now, "it is " + clocks(limits, now) + ", within all hours"
	}
	return false, at, why
}

// next is the first instant from t on that is inside the window, and why t is
// not.
func (l limit) next(t time.Time) (opens time.Time, why string, found bool) {
	local := t.In(l.zone)
	today := dateOf(local)
	for i := range 15 {
		d := today.plus(i)
		hours, reason := l.hours(d)
		if i == 0 {
			why = l.outside(local, hours, reason)
		}
		for _, h := range hours {
			from, end := d.at(h.From, l.zone), d.at(h.To, l.zone).Add(-l.margin)
			if !t.Before(end) || !from.Before(end) {
				continue
			}
			if from.Before(t) {
				from = t
			}
			return from, why, true
		}
	}
	return time.Time{}, why, false
}

// outside is the sentence for an instant that a window does not allow.
func (l limit) outside(local time.Time, hours []Hours, reason string) string {
	it := fmt.Sprintf("it is %s in %s", local.Format("15:04 on Mon Jan 2"), l.zone)
	if len(hours) == 0 {
		return fmt.Sprintf("%s, and %s allow nothing that day", it, reason)
	}
	var times []string
	for _, h := range hours {
		times = append(times, h.String())
	}
	why := fmt.Sprintf("%s, outside %s, %s", it, reason, strings.Join(times, " and "))
	if l.margin > 0 {
		why += fmt.Sprintf(" (it stops %s before the end)", short(l.margin))
	}
	return why
}

// clocks tells the local time in every zone concerned, each zone once.
func clocks(limits []limit, t time.Time) string {
	var times []string
	for _, l := range limits {
		if s := t.In(l.zone).Format("15:04 in ") + l.zone.String(); !slices.Contains(times, s) {
			times = append(times, s)
		}
	}
	return strings.Join(times, " and ")
}

// The law on marketing contact hours per state: our own table of facts, with
// the citation for each and how sure it is (A: statute read, B: secondary
// sources agree, C: one weak source). ZZ is the narrowest of all rows, for a state unknown.
//
//go:embed data/quiet.csv
var quietCSV string

// A law is one row: the hours of one state while it was in force.
type law struct {
	name, citation            string
	weekday, saturday, sunday []Hours
	holidays                  string // a list in banned, or empty
	from, to                  string // first and last local day, empty: open
}

// laws are read on first use, by state code.
var laws = sync.OnceValue(func() map[string][]law {
	all := map[string][]law{}
	for _, row := range rows(quietCSV) {
		all[row[0]] = append(all[row[0]], law{name: row[1], citation: row[8],
			weekday: window(row[2]), saturday: window(row[3]), sunday: window(row[4]),
			holidays: row[5], from: row[6], to: row[7]})
	}
	return all
})

// window reads a cell of the table: hours or "none".
func window(cell string) []Hours {
	h, err := ParseHours(cell)
	if err != nil {
		return nil
	}
	return []Hours{h}
}

// lawOf is the hours of a state by local date. On a date that no row of the
// state covers the federal hours alone hold, which are a limit of their own.
func lawOf(code string) func(date) ([]Hours, string) {
	return func(d date) ([]Hours, string) {
		day := d.String()
		for _, l := range laws()[code] {
			if l.from != "" && day < l.from || l.to != "" && day > l.to {
				continue
			}
			return l.on(d)
		}
		return []Hours{{0, 24 * 60}}, "no law of that date"
	}
}

func (l law) on(d date) ([]Hours, string) {
	whose := "the marketing hours of " + l.name
	if l.citation != "" {
		whose += " (" + l.citation + ")"
	}
	if name, off := holiday(banned[l.holidays], true, d); off {
		return nil, fmt.Sprintf("%s, where it is %s,", whose, strings.ReplaceAll(name, "_", " "))
	}
	switch d.weekday() {
	case time.Saturday:
		return l.saturday, whose
	case time.Sunday:
		return l.sunday, whose
	}
	return l.weekday, whose
}
