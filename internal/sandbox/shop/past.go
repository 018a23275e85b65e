package shop

import "time"

// past makes the customers from before and plans their jobs. What is planned
// before the start is done before New returns, with Housecall Pro's clock set
// back.
func (s *Shop) past() error {
	hard := append([]string(nil), hardOnes...)
	s.rng.Shuffle(len(hard), func(a, b int) { hard[a], hard[b] = hard[b], hard[a] })
	for n := 0; len(s.clients) < s.opts.Past; n++ {
		s.back(s.opts.Start.Add(-400*24*time.Hour + time.Duration(n)*31*time.Hour))
		cast := "homeowner"
		if n%2 == 1 && n/2 < len(hard) {
			cast = hard[n/2]
		}
		ks, err := groups[cast](s)
		if err != nil {
			return err
		}
		for _, k := range ks {
			s.pastJob(k)
			if often(s.rng, 30) {
				s.pastJob(k)
			}
		}
		if n == 2 {
			s.pastEstimate(ks[0])
		}
	}
	return nil
}

// pastPlots are what jobs of the past can have been.
var pastPlots = []plot{
	{name: "past repair", kind: Repair, bill: "on site"},
	{name: "past repair, billed", kind: Repair, bill: "same day"},
	{name: "past repair, second trip", kind: Repair, bill: "later", returns: true},
	{name: "past maintenance", kind: Maintenance, bill: "same day", tags: []string{"Plan"}},
	{name: "past repair, unpaid", kind: Repair, bill: "unpaid"},
	{name: "past repair by bank", kind: Repair, bill: "ach"},
}

func (s *Shop) pastJob(k *client) {
	p, seed := some(s.rng, pastPlots), s.rng.Uint64()
	at := slot{-8 - s.rng.IntN(110), some(s.rng, s.trucks), 8 + 2*s.rng.IntN(4)}
	booked := s.starts(at).Add(-between(s.rng, 20*time.Hour, 70*time.Hour))
	s.at(booked, func() error { return s.start(k, p, at, seed) })
}

// pastEstimate is one that nobody answered in time.
func (s *Shop) pastEstimate(k *client) {
	at := slot{-35, s.trucks[0], 10}
	s.at(s.starts(at).Add(-30*time.Hour), func() error {
		return s.start(k, plot{name: "estimate, unanswered", kind: estimating}, at, 35)
	})
}
