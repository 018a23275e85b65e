package shop

import (
	"fmt"
	"time"
)

// live starts a story: its people, its job, its first visit.
func (s *Shop) live(p plot, at slot, seed uint64) error {
	k, err := s.choose(p.cast)
	if err != nil {
		return err
	}
	return s.start(k, p, at, seed)
}

// start starts a story with somebody.
func (s *Shop) start(k *client, p plot, at slot, seed uint64) error {
	if p.kind == estimating {
		return s.estimate(k, p, at, seed)
	}
	j, err := s.book(k, p, seed)
	if err != nil {
		return err
	}
	if p.online {
		s.tally("job/booked online")
	}
	if len(p.tags) > 0 {
		s.tally("job/tags")
	}
	if p.noCharge || p.free && !s.field.typed(j.ID) {
		s.act(OfficeAct{Kind: ActNoCharge, Customer: k.id, Job: j.ID})
		s.tally("office/no charge")
	}
	switch {
	case p.kind == Install:
		return s.install(j, at.day)
	case p.kind == Emergency:
		return j.date(s.now.Add(15*time.Minute).Truncate(15*time.Minute), 60, some(s.rng, s.trucks))
	case p.undated:
		s.tally("job/needs scheduling")
		s.after(between(j.rng, 15*time.Minute, time.Hour), func() error { return j.date(s.starts(at), 120, at.truck) })
		return nil
	}
	return j.date(s.starts(at), 120, at.truck)
}

// choose finds who has the job: somebody on file who has none under way, or a
// group of people who are new.
func (s *Shop) choose(cast string) (*client, error) {
	if g := groups[cast]; g != nil {
		ks, err := g(s)
		if err != nil {
			return nil, err
		}
		return ks[0], nil
	}
	fits := func(k *client) bool {
		switch cast {
		case "again":
			return !k.twin && k.person.Role == Homeowner
		case "tenant":
			return tenanted(k) != nil
		case "former":
			return len(k.jobs) > 0 && len(k.jobs[0].Invoices) > 0
		}
		return true
	}
	var best *client
	for _, i := range s.rng.Perm(len(s.clients)) {
		if k := s.clients[i]; fits(k) && (best == nil || k.open < best.open) {
			best = k
		}
	}
	if best == nil || best.open > 1 {
		ks, err := groups[map[bool]string{true: "landlord", false: "homeowner"}[cast == "tenant"]](s)
		if err != nil {
			return nil, err
		}
		best = ks[0]
	}
	if cast == "again" {
		return s.again(best), nil
	}
	return best, nil
}

// date plans the job's only visit and what will befall it before the day.
func (j *job) date(start time.Time, minutes int, t *truck) error {
	if j.over {
		return nil
	}
	s := j.s
	v, err := j.schedule(start, 90*time.Minute, minutes, t)
	if err != nil {
		return err
	}
	if j.plot.double {
		s.tally("visit/double booked")
	}
	if j.Kind == Maintenance {
		if err := j.priced(); err != nil {
			return err
		}
	}
	v.assignLater()
	left := start.Sub(s.now)
	in := func(part float64) time.Duration { return time.Duration(float64(left) * part) }
	switch p := j.plot; {
	case p.moved:
		s.after(in(0.4), func() error { return v.shift(start, in(0.3)) })
	case p.swap:
		s.at(later(start.Add(-50*time.Minute), s.now.Add(10*time.Minute)), func() error {
			if !v.untouched() {
				return nil
			}
			s.tally("visit/another technician")
			return v.assign(s.techs[len(s.techs)-1])
		})
	case p.canceled:
		s.after(in(0.6), j.cancel)
	case p.removed:
		s.after(in(0.5), j.remove)
	case p.discarded:
		s.after(in(0.4), func() error {
			if !v.untouched() {
				return nil
			}
			s.after(in(0.2), func() error { return j.replan(start, t) })
			return v.discard()
		})
	}
	return nil
}

func (j *job) replan(start time.Time, t *truck) error {
	v, err := j.schedule(start, 90*time.Minute, 120, t)
	if err == nil {
		v.assignLater()
	}
	return err
}

// assignLater names the technician: at once, or on the day before at five, or
// an hour before the window.
func (v *visit) assignLater() {
	s, start := v.job.s, v.window().Start
	at := s.now.Add(3 * time.Minute)
	if eve := s.day(s.dayOf(start)-1, 17, 0); !v.job.plot.ahead && eve.After(at) {
		at = eve
	}
	if v.job.plot.ahead {
		s.tally("visit/assigned ahead")
	}
	s.at(at, func() error { return v.assign(v.truck.techs...) })
}

// shift moves the visit by two hours or to the next day, and maybe back.
func (v *visit) shift(from time.Time, wait time.Duration) error {
	if !v.untouched() {
		return nil
	}
	j, s := v.job, v.job.s
	to := from.Add(2 * time.Hour)
	if s.dayOf(from)+1 < s.opts.Days && often(j.rng, 50) {
		to = from.Add(24 * time.Hour)
	}
	if j.plot.movedBack {
		s.after(wait, func() error {
			if !v.untouched() {
				return nil
			}
			s.tally("visit/moved back")
			return v.move(from)
		})
	}
	return v.move(to)
}

// expect plans when the truck sets out, for the visit's present window.
func (v *visit) expect() {
	v.plan++
	plan, s := v.plan, v.job.s
	early := between(v.job.rng, 10*time.Minute, 30*time.Minute)
	s.at(v.window().Start.Add(-early), func() error { return v.setOut(plan) })
}

// setOut drives to the visit, once the truck is free. At night it is given up
// for the day.
func (v *visit) setOut(plan int) error {
	j, s := v.job, v.job.s
	if v.gone || j.over || plan != v.plan {
		return nil
	}
	if v.truck.at != nil {
		if s.now.Sub(v.window().Start) > 8*time.Hour {
			s.tally("visit/moved by us")
			return v.move(v.window().Start.Add(24 * time.Hour))
		}
		s.after(10*time.Minute, func() error { return v.setOut(plan) })
		return nil
	}
	v.truck.at = v
	if len(v.Techs) == 0 {
		if err := v.assign(v.truck.techs...); err != nil {
			return err
		}
	}
	s.after(between(j.rng, 10*time.Minute, 30*time.Minute), v.arrive)
	if j.plot.silent {
		return nil
	}
	j.mark(Mark{What: OnMyWay, Visit: v.Appointment})
	s.tally("visit/on my way")
	return s.field.OnMyWay(j.ID)
}

func (v *visit) arrive() error {
	j, s := v.job, v.job.s
	if j.over {
		v.truck.at = nil
		return nil
	}
	if (j.plot.nobody || j.plot.nobodyEnd) && len(v.Nobody) == 0 {
		return v.nobodyHome()
	}
	v.Arrived = s.now
	length := between(j.rng, 35*time.Minute, 85*time.Minute)
	if j.Kind == Install {
		length = between(j.rng, 5*time.Hour, 7*time.Hour)
	}
	s.after(length, v.leave)
	if j.plot.silent || often(j.rng, 8) {
		s.tally("visit/start not pressed")
		return nil
	}
	j.mark(Mark{What: Started, Visit: v.Appointment})
	s.tally("visit/started")
	return s.field.Start(j.ID)
}

// nobodyHome is a trip in vain. Housecall Pro has no word for it but a note.
func (v *visit) nobodyHome() error {
	j, s := v.job, v.job.s
	v.Nobody = append(v.Nobody, s.now)
	v.truck.at = nil
	s.tally("visit/nobody home")
	s.after(between(j.rng, 20*time.Minute, 90*time.Minute), func() error {
		switch {
		case j.over:
			return nil
		case j.plot.nobodyEnd:
			return j.cancel()
		}
		return v.move(v.window().Start.Add(24 * time.Hour))
	})
	return j.note("Nobody home, door hanger left, called once.")
}

// leave ends a visit: the job is complete, or goes on another day.
func (v *visit) leave() error {
	j, s := v.job, v.job.s
	v.Left, v.truck.at = s.now, nil
	if j.over {
		return nil
	}
	if err := j.note(fmt.Sprintf("%s. Tested, area left clean.", some(j.rng, []string{"Capacitor replaced", "Valve replaced", "Filter changed", "Drain snaked", "Seal renewed"}))); err != nil {
		return err
	}
	if j.Kind == Install && j.more() {
		return nil
	}
	if j.plot.returns && len(j.Visits) == 1 {
		s.after(between(j.rng, 20*time.Minute, 2*time.Hour), func() error { return j.comeAgain(v.truck) })
		return j.note("Part on order, second trip needed.")
	}
	if j.plot.cash {
		return j.cash()
	}
	if err := j.priced(); err != nil {
		return err
	}
	return j.close()
}

// more says whether trips are planned that nobody has made yet.
func (j *job) more() bool {
	for _, v := range j.Visits {
		if v.Left.IsZero() && !v.Discarded {
			return true
		}
	}
	return false
}

// comeAgain plans a second trip for the next day, late in the afternoon.
func (j *job) comeAgain(t *truck) error {
	s := j.s
	if j.over {
		return nil
	}
	s.tally("visit/return")
	next, err := j.schedule(s.day(s.dayOf(s.now)+1, 16, 0), time.Hour, 120, t)
	if err != nil {
		return err
	}
	return next.assign(t.techs...)
}

// cash is money at the door; the office closes the job in the evening.
func (j *job) cash() error {
	s := j.s
	i, err := j.invoice()
	if err != nil {
		return err
	}
	if err := j.all(i, "external"); err != nil {
		return err
	}
	s.tally("money/cash before complete")
	s.at(later(s.now.Add(20*time.Minute), s.day(s.dayOf(s.now), 18, 10)), j.close)
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// close completes the job and starts what comes after.
func (j *job) close() error {
	s := j.s
	if j.over {
		return nil
	}
	if err := j.complete(); err != nil {
		return err
	}
	times := 0
	for _, m := range j.Marks {
		if m.What == Completed {
			times++
		}
	}
	switch {
	case j.plot.slip && times == 1:
		s.after(between(j.rng, 5*time.Minute, 40*time.Minute), func() error {
			s.after(between(j.rng, 20*time.Minute, 2*time.Hour), j.close)
			return j.reopen()
		})
		return nil
	case j.plot.comeBack && times == 1:
		s.after(between(j.rng, time.Hour, 3*time.Hour), func() error {
			if err := j.reopen(); err != nil {
				return err
			}
			return j.comeAgain(s.trucks[0])
		})
		return nil
	case times > 1:
		s.tally("job/completed again")
	}
	s.after(between(j.rng, 30*time.Minute, 4*time.Hour), func() error {
		s.act(OfficeAct{Kind: ActQA, Customer: j.Customer, Job: j.ID})
		s.tally("office/qa")
		if often(j.rng, 30) {
			s.tally("job/rated")
			return s.field.Rate(j.ID)
		}
		return nil
	})
	return bills[j.plot.bill](j)
}
