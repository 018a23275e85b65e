package silence_test

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/calendar"
	"plumbline.dev/plumbline/internal/silence"
)

var boise = func() *time.Location {
	z, err := time.LoadLocation("America/Boise")
	if err != nil {
		panic(err)
	}
	return z
}()

// A shop is made-up traffic: at each hour of the week so many words on average, in clumps
// of so many at once. On its days off it says as little as at night.
type shop struct {
	rate  func(at time.Time) float64 // words an hour, by the clock on the wall
	clump float64                    // words at once, on average; 1: each by itself
	year  func(at time.Time) float64 // factor of the season and of the day
	off   func(day time.Time) bool   // days without words
}

// office works Monday to Friday, seven to five, with a break at noon, and hears a word now
// and then in the evening.
func office(perHour float64) func(time.Time) float64 {
	return func(at time.Time) float64 {
		switch h := at.Hour(); {
		case at.Weekday() == time.Saturday || at.Weekday() == time.Sunday:
			return perHour / 200
		case h == 12:
			return perHour / 2
		case h >= 7 && h < 17:
			return perHour
		case h >= 17 && h < 21:
			return perHour / 30
		}
		return 0
	}
}

func steady(time.Time) float64 { return 1 }

// seasons swings by a third over the year, and each day by itself.
func seasons(at time.Time) float64 {
	day := rand.New(rand.NewPCG(uint64(at.YearDay()), uint64(at.Year())))
	return (1 + math.Sin(float64(at.YearDay())/365*2*math.Pi)/3) * math.Exp(0.3*day.NormFloat64()-0.045)
}

var national = calendar.Business{Zone: boise, Holidays: []string{"new_year", "memorial", "independence", "labor", "thanksgiving", "christmas"},
	Week: calendar.Week{1: work, 2: work, 3: work, 4: work, 5: work}}

var work = []calendar.Hours{{From: 7 * 60, To: 17 * 60}}

// holidays are those days of the years looked at that are, by their number.
var holidays = func() map[int]bool {
	days := map[int]bool{}
	for day := newYear.AddDate(-1, 0, 0); day.Before(newYear.AddDate(years+1, 0, 0)); day = day.AddDate(0, 0, 1) {
		days[day.Year()*1000+day.YearDay()] = national.DayOff(day)
	}
	return days
}()

// holiday says whether a working day is none.
func holiday(day time.Time) bool { return holidays[day.Year()*1000+day.YearDay()] }

// words are the instants at which a shop says something, from an instant for so many days.
func (s shop) words(rnd *rand.Rand, from time.Time, days int) (list []time.Time) {
	for at := from; at.Before(from.AddDate(0, 0, days)); at = at.Add(5 * time.Minute) {
		local := at.In(boise)
		if s.off(local) {
			continue
		}
		mean := s.rate(local) * s.year(local) / 12 / s.clump
		if rnd.Float64() < 1-math.Exp(-mean) {
			list = append(list, at.Add(time.Duration(rnd.Int64N(int64(5*time.Minute)))))
		}
	}
	return list
}

// heard is what is known of a source that said these words, as the judge is told it.
func heard(words []time.Time) (list []silence.Hour) {
	for _, w := range words {
		h, bit := w.Truncate(time.Hour), uint16(1)<<(w.Sub(w.Truncate(time.Hour))/(5*time.Minute))
		if n := len(list); n > 0 && list[n-1].Start.Equal(h) {
			list[n-1].Slots |= bit
			continue
		}
		list = append(list, silence.Hour{Start: h, Slots: bit})
	}
	return list
}

// known is what is known at an instant.
func known(hours []silence.Hour, now time.Time, off func(time.Time) bool) silence.Question {
	q := silence.Question{Zone: boise, Off: off}
	for _, h := range hours {
		if h.Start.After(now) {
			break
		}
		if h.Start.Equal(now.Truncate(time.Hour)) {
			h.Slots &= 1<<(now.Sub(h.Start)/(5*time.Minute)) - 1
		}
		if q.First.IsZero() {
			q.First, q.Since = h.Start, h.Start
		}
		if h.Slots != 0 && h.Start.After(now.Add(-silence.Span)) {
			q.Hours = append(q.Hours, h)
		}
	}
	return q
}

// judge judges at an instant what was heard until then.
func judge(hours []silence.Hour, at time.Time, off func(time.Time) bool) silence.Verdict {
	first := hours[0].Start
	old, _ := slices.BinarySearchFunc(hours, at.Add(-silence.Span), func(h silence.Hour, t time.Time) int { return h.Start.Compare(t) })
	q := known(hours[old:], at, off)
	q.First, q.Since = first, first
	return silence.Judge(q, at)
}

// alarms counts the silences of a span that are found to be too long. One that is not when
// it ends was not before.
func alarms(words []time.Time, from, to time.Time, off func(time.Time) bool) (list []time.Time) {
	hours := heard(words)
	for i, w := range words {
		if i > 0 && !w.Before(from) && w.Before(to) && w.Sub(words[i-1]) > time.Hour && judge(hours, w.Truncate(5*time.Minute), off).Silent {
			list = append(list, w)
		}
	}
	return list
}

var newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, boise)

// years is for how many of them a shop is watched where false alarms are counted.
const years = 10

// shops are five of which nothing is ever wrong.
var shops = []struct {
	name string
	shop
}{
	{"a small shop", shop{office(3), 1, steady, holiday}},
	{"a shop of twenty trucks", shop{office(20), 1, steady, holiday}},
	{"one whose days differ, by seasons and by themselves", shop{office(12), 1, seasons, holiday}},
	{"one that says things in clumps", shop{office(15), 5, seasons, holiday}},
	{"one that hardly says anything", shop{office(0.2), 1, steady, holiday}},
}

// untrue counts the alarms of a shop in some years, before which ten weeks were learned.
func (s shop) untrue(seed uint64, years int) int {
	words := s.words(rand.New(rand.NewPCG(seed, 2)), newYear.AddDate(0, 0, -70), 70+365*years)
	return len(alarms(words, newYear, newYear.AddDate(years, 0, 0), holiday))
}

func TestAYearOfWeekendsAndHolidaysRaisesNoAlarm(t *testing.T) {
	for _, s := range shops {
		if n := s.untrue(1, 1); n != 0 {
			t.Errorf("%s: %d alarms in a year in which nothing was wrong", s.name, n)
		}
	}
}

// BenchmarkFalseAlarms counts them in ten years of each shop.
func BenchmarkFalseAlarms(b *testing.B) {
	for b.Loop() {
		n := 0
		for _, s := range shops {
			n += s.untrue(7, years)
		}
		b.ReportMetric(float64(n)/float64(years*len(shops)), "alarms/year")
	}
}

func TestSilenceOnATuesdayMorningRaisesAnAlarm(t *testing.T) {
	for _, c := range []struct {
		name    string
		perHour float64
		clump   float64
		year    func(time.Time) float64
		within  time.Duration // of the stop at eight
	}{
		{"three words an hour", 3, 1, steady, 8 * time.Hour},
		{"ten words an hour", 10, 1, steady, 2*time.Hour + 30*time.Minute},
		{"twenty words an hour", 20, 1, steady, time.Hour + 30*time.Minute},
		{"fifteen words an hour in clumps of five", 15, 5, seasons, 9 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(3, 4))
			var sum, worst time.Duration
			const tuesdays = 20
			s := shop{rate: office(c.perHour), clump: c.clump, year: c.year, off: holiday}
			start := newYear.AddDate(0, 0, -70)
			words := s.words(rnd, start, 70+365)
			for n := range tuesdays {
				stop := time.Date(2026, 1, 6+14*n, 8, 0, 0, 0, boise)
				end, _ := slices.BinarySearchFunc(words, stop, time.Time.Compare)
				before := heard(words[:end])
				late := time.Duration(0)
				for late < c.within && !judge(before, stop.Add(late), holiday).Silent {
					late += 15 * time.Minute
				}
				sum, worst = sum+late, max(worst, late)
				if late >= c.within {
					t.Errorf("%s after it has stopped at %s there is no alarm", late, stop.Format(time.DateTime))
				}
			}
			t.Logf("the alarm comes %s after the source has stopped on average, %s at the latest", (sum / tuesdays).Round(time.Minute), worst)
		})
	}
}

func TestWhatIsNoSilence(t *testing.T) {
	s := shop{rate: office(20), clump: 1, year: steady, off: holiday}
	words := s.words(rand.New(rand.NewPCG(5, 6)), newYear.AddDate(0, 0, -70), 70+20)
	stop := time.Date(2026, 1, 20, 8, 0, 0, 0, boise) // a Tuesday
	var hours []time.Time
	for _, w := range words {
		if w.Before(stop) {
			hours = append(hours, w)
		}
	}
	never := func(time.Time) bool { return false }
	for _, c := range []struct {
		name   string
		q      func(*silence.Question)
		now    time.Time
		silent bool
	}{
		{"two hours of a Tuesday morning", nil, stop.Add(2 * time.Hour), true},
		{"half an hour of it", nil, stop.Add(30 * time.Minute), false},
		{"a morning of which half an hour was listened to", func(q *silence.Question) { q.Since = stop.Add(90 * time.Minute) }, stop.Add(2 * time.Hour), false},
		{"a morning off", func(q *silence.Question) { q.Off = func(d time.Time) bool { return d.Day() == 20 } }, stop.Add(2 * time.Hour), false},
		{"a source that is known for three weeks", func(q *silence.Question) { q.First = stop.AddDate(0, 0, -21) }, stop.Add(2 * time.Hour), false},
		{"a source that was never heard", func(q *silence.Question) { q.Hours = nil }, stop.Add(2 * time.Hour), false},
		{"a source whose Tuesdays were silent twice", func(q *silence.Question) {
			var list []silence.Hour
			for _, h := range q.Hours {
				if ago := int(stop.Sub(h.Start).Hours()/24 + 0.5); ago < 6 || ago > 15 || h.Start.In(boise).Weekday() != time.Tuesday {
					list = append(list, h)
				}
			}
			q.Hours = list
		}, stop.Add(2 * time.Hour), false},
	} {
		q := known(heard(hours), stop, never)
		if c.q != nil {
			c.q(&q)
		}
		if got := silence.Judge(q, c.now); got.Silent != c.silent {
			t.Errorf("%s: %+v, want silent to be %v", c.name, got, c.silent)
		}
	}
	if bits.OnesCount16(heard(hours)[0].Slots) == 0 {
		t.Error("the traffic that was made up is empty")
	}
}
