// Package silence judges how long a source may be silent: it learns from when the source
// has spoken how likely it is to speak at which hour of the week, and says when a silence
// is too unlikely to be one. It is pure: no clock, no database, no network.
package silence

import (
	"fmt"
	"math"
	"math/bits"
	"time"
)

const (
	// slot is the unit of time: a source that says ten things at once has spoken once.
	slot    = 5 * time.Minute
	perHour = int(time.Hour / slot)

	// Weeks is how far back it is learned. What is longer ago says little of a trade
	// that follows the seasons.
	Weeks = 8
	// least is in how many weeks an hour must have been seen to be judged by.
	least = 4

	// limit is how unlikely a silence must be, in natural logarithms: one in nine million. A
	// busy shop begins some 30,000 silences a year, so that chance alone would be an alarm in
	// three hundred; but days differ, and one of half the words is silent for twice as long.
	limit = 16
	// shortest is the shortest silence that is worth a word.
	shortest = time.Hour
	// longest is how much of a silence is looked at.
	longest = 14 * 24 * time.Hour
	// Span is how far back a judge has to be told when the source spoke.
	Span = Weeks*7*24*time.Hour + longest
	// before is in how many of the past weeks the same hours may have been silent, too.
	before = 1
)

// An Hour is one in which the source spoke: bit n of Slots is the n-th five minutes.
type Hour struct {
	Start time.Time
	Slots uint16
}

// A Question is what is known of a source.
type Question struct {
	Zone  *time.Location           // of the office
	Off   func(day time.Time) bool // whether the office takes a day off on which it works otherwise
	First time.Time                // when it was heard first
	Since time.Time                // since when nothing that it said can have been missed
	Hours []Hour                   // those in which it spoke, in order; of the last Span
}

// A Verdict says whether a source is too silent, and why.
type Verdict struct {
	Silent   bool
	From     time.Time // when the silence began
	Unlikely float64   // minus the natural logarithm of its likelihood
	Why      string
}

// Judge judges the silence from when the source last spoke until now. The hours of days
// off, those that were always silent and those of which too little is known say nothing.
func Judge(q Question, now time.Time) Verdict {
	j := newJudge(q, now)
	v := Verdict{From: j.from}
	if now.Sub(j.from) < shortest || j.last.IsZero() {
		v.Why = "it was heard within the hour, or has never been"
		return v
	}
	j.learn()
	known := false
	for at := j.from.Truncate(time.Hour); at.Before(now); at = at.Add(time.Hour) {
		n, off := j.hour(at)
		c := j.cells[n]
		if c.seen < least*perHour || off {
			continue
		}
		known = true
		v.Unlikely += float64(j.slots(at)) * c.silent()
	}
	switch {
	case !known:
		v.Why = "too little is known of these hours"
	case v.Unlikely < limit:
		v.Why = "it is often silent for so long at these hours"
	case j.silentBefore() > before:
		v.Why = "it was as silent at these hours in other weeks"
	default:
		v.Silent = true
		v.Why = fmt.Sprintf("nothing was heard of it since %s; a silence of %s at these hours is less likely than one in a million, going by the last %d weeks",
			j.from.In(q.Zone).Format("Mon 2 Jan 15:04 MST"), now.Sub(j.from).Round(slot), Weeks)
	}
	return v
}

// A cell is what is known of one hour of the week, in slots.
type cell struct{ seen, spoke int }

// silent is minus the logarithm of how likely a slot of it is silent. One that was never
// silent might have been, had it been seen once more.
func (c cell) silent() float64 {
	return -math.Log(float64(c.seen-c.spoke+1) / float64(c.seen+1))
}

type judge struct {
	Question
	now   time.Time
	last  time.Time // end of the slot in which it last spoke
	from  time.Time // when the silence began
	spoke map[int64]uint16
	cells [7 * 24]cell
	days  map[int]bool
}

func newJudge(q Question, now time.Time) *judge {
	j := &judge{Question: q, now: now, spoke: make(map[int64]uint16, len(q.Hours)), days: map[int]bool{}}
	for _, h := range q.Hours {
		j.spoke[h.Start.Unix()] = h.Slots
		j.last = h.Start.Add(time.Duration(bits.Len16(h.Slots)) * slot)
	}
	j.from = j.last
	for _, at := range []time.Time{q.Since, now.Add(-longest)} {
		if at.After(j.from) {
			j.from = at
		}
	}
	return j
}

// learn counts, for each hour of the week, in how many slots the source spoke. What it
// said after the silence began would be learned from itself.
func (j *judge) learn() {
	start := j.last.AddDate(0, 0, -7*Weeks)
	if j.First.After(start) {
		start = j.First
	}
	for at := start.Truncate(time.Hour); !at.Add(time.Hour).After(j.last); at = at.Add(time.Hour) {
		n, off := j.hour(at)
		if off {
			continue
		}
		c := &j.cells[n]
		c.seen += perHour
		c.spoke += bits.OnesCount16(j.spoke[at.Unix()])
	}
}

// silentBefore is in how many of the past weeks the hours of this silence passed without a
// word. Weeks in which one of its days was off do not count.
func (j *judge) silentBefore() (n int) {
	for week := 1; week <= Weeks; week++ {
		from, to := j.from.In(j.Zone).AddDate(0, 0, -7*week), j.now.In(j.Zone).AddDate(0, 0, -7*week)
		if from.Before(j.First) || !to.Before(j.last) {
			continue
		}
		if !j.heard(from, to) {
			n++
		}
	}
	return n
}

// heard says whether it spoke between two instants, or had a day off.
func (j *judge) heard(from, to time.Time) bool {
	for at := from.Truncate(time.Hour); at.Before(to); at = at.Add(time.Hour) {
		if _, off := j.hour(at); off {
			return true
		}
		for n := range perHour {
			s := at.Add(time.Duration(n) * slot)
			if j.spoke[at.Unix()]&(1<<n) != 0 && !s.Before(from) && s.Before(to) {
				return true
			}
		}
	}
	return false
}

// slots is how many whole slots of an hour lie in the silence.
func (j *judge) slots(at time.Time) int {
	from, to := at, at.Add(time.Hour)
	if j.from.After(from) {
		from = j.from
	}
	if j.now.Before(to) {
		to = j.now
	}
	return max(int(to.Sub(from)/slot), 0)
}

// hour is which hour of the week an instant lies in, by the clock on the wall, and whether
// its day is off.
func (j *judge) hour(at time.Time) (n int, off bool) {
	at = at.In(j.Zone)
	day := at.Year()*1000 + at.YearDay()
	off, ok := j.days[day]
	if !ok {
		off = j.Off(at)
		j.days[day] = off
	}
	return int(at.Weekday())*24 + at.Hour(), off
}
