package shop

import "time"

// plot is one kind of story that a job can have.
type plot struct {
	name string
	kind Kind
	cast string // group of people; empty is anybody, again is a second record of somebody
	bill string
	free bool // costs nothing by intent
	tags []string

	online    bool // booked online rather than by the office
	undated   bool // waits for a date for an hour
	ahead     bool // assigned at once, days ahead
	moved     bool
	movedBack bool
	canceled  bool
	removed   bool
	discarded bool // its only visit is taken off and planned again
	nobody    bool // nobody home: another day
	nobodyEnd bool // nobody home: canceled
	swap      bool // another technician comes
	silent    bool // the technician presses nothing but finish
	double    bool // booked into a slot that is taken
	returns   bool // a second trip before it is complete
	comeBack  bool // completed, taken back for a second trip, completed again
	slip      bool // completed by mistake, taken back, completed again
	cash      bool // paid at the door, completed by the office in the evening
	days      int  // of an install
	deposit   bool
	noCharge  bool // the office says by hand that it costs nothing
}

func (p plot) channel() string {
	if p.online {
		return "Online booking"
	}
	return "Phone"
}

// plots is one deck: each is dealt once before any is dealt again.
var plots = []plot{
	{name: "repair, card with tip", kind: Repair, bill: "on site"},
	{name: "repair, billed the same day", kind: Repair, bill: "same day", ahead: true},
	{name: "repair, billed days later", kind: Repair, bill: "later", cast: "landlord"},
	{name: "repair booked online under a second record", kind: Repair, bill: "same day", cast: "again", online: true},
	{name: "repair of a newcomer", kind: Repair, bill: "same day", cast: "homeowner", online: true, undated: true},
	{name: "repair, cash before the office closes it", kind: Repair, bill: "none", cash: true},
	{name: "repair, moved", kind: Repair, bill: "partial", moved: true, ahead: true},
	{name: "repair, moved and moved back", kind: Repair, bill: "same day", moved: true, movedBack: true},
	{name: "repair, canceled", kind: Repair, canceled: true},
	{name: "repair, deleted", kind: Repair, removed: true},
	{name: "repair, taken off and planned again", kind: Repair, bill: "ach", discarded: true},
	{name: "repair, nobody home", kind: Repair, bill: "same day", nobody: true, cast: "tenant"},
	{name: "repair, nobody home and canceled", kind: Repair, nobodyEnd: true},
	{name: "repair, only finish was pressed", kind: Repair, bill: "same day", silent: true},
	{name: "repair, another technician comes", kind: Repair, bill: "same day", swap: true},
	{name: "repair, double booked", kind: Repair, bill: "declined", double: true},
	{name: "repair, part on order", kind: Repair, bill: "same day", returns: true},
	{name: "repair, completed and reopened for a second trip", kind: Repair, bill: "same day", comeBack: true},
	{name: "repair, finish pressed too early", kind: Repair, bill: "same day", slip: true},
	{name: "repair, bank payment comes back", kind: Repair, bill: "ach pending"},
	{name: "repair, bank payment comes back late", kind: Repair, bill: "ach returned", cast: "manager"},
	{name: "repair, refunded in part", kind: Repair, bill: "refund"},
	{name: "repair, refunded", kind: Repair, bill: "refund all"},
	{name: "repair, invoice voided", kind: Repair, bill: "void"},
	{name: "repair, invoice canceled", kind: Repair, bill: "canceled"},
	{name: "repair, invoiced at nothing by mistake", kind: Repair, bill: "zero first"},
	{name: "repair, disputed", kind: Repair, bill: "dispute"},
	{name: "repair, charged back", kind: Repair, bill: "chargeback"},
	{name: "repair, promised", kind: Repair, bill: "overdue paid"},
	{name: "repair, unpaid", kind: Repair, bill: "unpaid"},
	{name: "maintenance", kind: Maintenance, bill: "same day", ahead: true, tags: []string{"Plan"}},
	{name: "maintenance in the plan", kind: Maintenance, bill: "zero", free: true, noCharge: true, tags: []string{"Plan"}, ahead: true},
	{name: "maintenance of a couple", kind: Maintenance, bill: "on site", cast: "couple"},
	{name: "install with a deposit", kind: Install, bill: "rest", days: 3, deposit: true, ahead: true},
	{name: "install", kind: Install, bill: "same day", days: 2, ahead: true},
	{name: "callback", kind: Callback, bill: "none", free: true, cast: "former"},
	{name: "warranty", kind: Warranty, bill: "zero", free: true, cast: "former"},
	{name: "emergency", kind: Emergency, bill: "on site"},
	{name: "repair of a house that was sold", kind: Repair, bill: "same day", cast: "house"},
	{name: "repair with a wrong number on file", kind: Repair, bill: "same day", cast: "misdialed"},
	{name: "repair of a junior", kind: Repair, bill: "same day", cast: "juniors"},
	{name: "estimate, one of three options approved", kind: estimating, bill: "same day"},
	{name: "estimate, declined", kind: estimating},
	{name: "estimate, unanswered", kind: estimating, cast: "homeowner"},
	{name: "estimate, approved late", kind: estimating, bill: "same day"},
}

// estimating marks a plot that is an estimate; it is not a kind of job.
const estimating Kind = "Estimate"

// deal takes the next plot of a shuffled deck.
func (s *Shop) deal() plot {
	if len(s.deck) == 0 {
		s.deck = append(s.deck, plots...)
		s.rng.Shuffle(len(s.deck), func(a, b int) { s.deck[a], s.deck[b] = s.deck[b], s.deck[a] })
	}
	p := s.deck[0]
	s.deck = s.deck[1:]
	return p
}

// slot is one arrival window of two hours of one truck.
type slot struct {
	day   int
	truck *truck
	hour  int
}

func (s *Shop) starts(at slot) time.Time { return s.day(at.day, at.hour, 0) }

// planDays deals a plot to each visit of each truck and plans the booking: on
// average 3.5 a truck and day. Emergencies and installs stand beside these.
func (s *Shop) planDays() {
	for d := range s.opts.Days {
		for _, t := range s.trucks {
			free := -1
			if often(s.rng, 50) {
				free = s.rng.IntN(4)
			}
			for n := range 4 {
				if n == free {
					continue
				}
				s.fill(slot{d, t, 8 + 2*n})
			}
		}
		s.planOffice(d)
	}
}

// fill finds a plot for a slot. What takes no slot of its own is booked, and
// another one is dealt.
func (s *Shop) fill(at slot) {
	for range 3 {
		p, seed := s.deal(), s.rng.Uint64()
		beside := p.kind == Emergency || p.kind == Install || p.double
		when := s.booking(at, p)
		s.at(when, func() error { return s.live(p, at, seed) })
		if !beside {
			break
		}
	}
}

// booking is when a job for a slot comes in.
func (s *Shop) booking(at slot, p plot) time.Time {
	start := s.starts(at)
	switch {
	case p.kind == Emergency && at.day > 0 && often(s.rng, 40):
		return s.day(at.day, 2, 10+s.rng.IntN(40))
	case p.kind == Emergency && often(s.rng, 50):
		return s.day(at.day, 5, 10+s.rng.IntN(90))
	case p.kind == Emergency:
		return s.day(at.day, 17+s.rng.IntN(3), s.rng.IntN(60))
	case p.ahead, at.day == 0 && at.hour < 10:
		return s.opts.Start.Add(-between(s.rng, 14*time.Hour, 9*24*time.Hour))
	case at.day > 0 && often(s.rng, 50):
		return s.day(at.day-1-s.rng.IntN(at.day), 8+s.rng.IntN(9), s.rng.IntN(60))
	}
	return start.Add(-between(s.rng, 100*time.Minute, 4*time.Hour+time.Duration(at.hour-8)*20*time.Minute))
}
