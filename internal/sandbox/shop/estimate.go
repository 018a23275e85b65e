package shop

import (
	"math/rand/v2"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
)

// offer is an estimate under way.
type offer struct {
	*Estimate
	s      *Shop
	rng    *rand.Rand
	plot   plot
	client *client
	truck  *truck
}

func (o *offer) mark(m Mark) {
	m.At = o.s.now
	o.Marks = append(o.Marks, m)
}

// estimate makes an estimate of three options and plans its visit.
func (s *Shop) estimate(k *client, p plot, at slot, seed uint64) error {
	r := rand.New(rand.NewPCG(s.opts.Seed, seed))
	a, base := some(r, k.addresses), 300000+r.Int64N(600000)
	var options []housecallpro.NewOption
	for n, name := range []string{"Good", "Better", "Best"} {
		options = append(options, housecallpro.NewOption{Name: name + " system", Lines: []housecallpro.Line{
			{Name: name + " system", Kind: "materials", UnitPrice: base/100*100 + int64(n)*120000},
		}})
	}
	made, err := s.field.CreateEstimate(k.id, a.ID, options...)
	if err != nil {
		return err
	}
	start := s.starts(at)
	o := &offer{s: s, rng: r, plot: p, client: k, truck: at.truck, Estimate: &Estimate{
		ID: made.ID, Number: made.Number, Customer: k.id, Person: k.person.ID, Site: k.person.ID, Plot: p.name, Start: start, End: start.Add(time.Hour),
	}}
	if t := k.tenants[a.ID]; t != nil {
		o.Site = t.ID
	}
	for _, v := range made.Options {
		o.Options = append(o.Options, Option{ID: v.ID, Total: v.Total})
	}
	s.story.Estimates = append(s.story.Estimates, o.Estimate)
	k.open++
	k.offers++
	o.mark(Mark{What: Booked})
	s.tally("estimate/booked")
	s.after(5*time.Minute, func() error {
		o.mark(Mark{What: Scheduled})
		return s.field.ScheduleEstimate(o.ID, housecallpro.Plan{Start: start, End: o.End, Window: 120, Employees: at.truck.techs})
	})
	s.at(later(start.Add(-15*time.Minute), s.now.Add(10*time.Minute)), o.setOut)
	return nil
}

// setOut drives there once the truck is free, and looks at the house.
func (o *offer) setOut() error {
	s := o.s
	if o.truck.at != nil {
		s.after(10*time.Minute, o.setOut)
		return nil
	}
	o.truck.at = &visit{}
	o.mark(Mark{What: OnMyWay})
	s.after(between(o.rng, 50*time.Minute, 85*time.Minute), func() error {
		o.truck.at = nil
		o.mark(Mark{What: Completed})
		s.after(between(o.rng, 20*time.Minute, 3*time.Hour), o.send)
		return s.field.CompleteEstimate(o.ID)
	})
	return s.field.EstimateOnMyWay(o.ID)
}

func (o *offer) send() error {
	s := o.s
	o.client.open--
	o.mark(Mark{What: Sent})
	switch o.plot.name {
	case "estimate, one of three options approved":
		s.after(between(o.rng, 2*time.Hour, 20*time.Hour), func() error { return o.approve(1, false) })
	case "estimate, declined":
		s.after(between(o.rng, 3*time.Hour, 30*time.Hour), func() error { return o.each(Refused) })
	case "estimate, approved late":
		s.after(between(o.rng, 20*time.Hour, 26*time.Hour), func() error { return o.each(Expired) })
		s.after(between(o.rng, 28*time.Hour, 40*time.Hour), func() error { return o.approve(2, true) })
	default:
		s.tally("estimate/unanswered")
	}
	return s.field.SendEstimate(o.ID)
}

// each declines all options or lets them run out.
func (o *offer) each(what Happening) error {
	for i := range o.Options {
		v := &o.Options[i]
		v.Decision = what
		o.mark(Mark{What: what, Visit: v.ID, Amount: v.Total})
		var err error
		if what == Expired {
			err = o.s.field.ExpireOption(o.ID, v.ID)
		} else {
			err = o.s.field.DeclineOption(o.ID, v.ID, i == 0)
		}
		if err != nil {
			return err
		}
	}
	o.s.tally("estimate/" + string(what))
	return nil
}

// approve is a yes to one option. Its job goes to an install crew.
func (o *offer) approve(n int, byPro bool) error {
	s, v := o.s, &o.Options[n]
	if v.Decision == Expired {
		s.tally("estimate/approved late")
	}
	v.Decision = Approved
	o.mark(Mark{What: Approved, Visit: v.ID, Amount: v.Total})
	s.tally("estimate/" + string(Approved))
	s.after(between(o.rng, 20*time.Minute, 2*time.Hour), func() error {
		made, err := s.field.CopyToJob(o.ID, v.ID)
		if err != nil {
			return err
		}
		o.Job = made.ID
		o.mark(Mark{What: CopiedToJob, Visit: v.ID, Amount: v.Total})
		j := &job{s: s, rng: o.rng, client: o.client, plot: plot{name: "install from an estimate", kind: Install, bill: o.plot.bill, days: 2, ahead: true}}
		j.begin(made, j.plot)
		return s.install(j, s.dayOf(s.now)+1)
	})
	return s.field.ApproveOption(o.ID, v.ID, byPro)
}

// install plans the days of an install with the crew that is free first, and
// asks for the deposit.
func (s *Shop) install(j *job, day int) error {
	crew := s.crews[0]
	for _, t := range s.crews {
		if t.from < crew.from {
			crew = t
		}
	}
	day = max(day, crew.from)
	crew.from = day + j.plot.days
	for n := range j.plot.days {
		v, err := j.schedule(s.day(day+n, 8, 0), 8*time.Hour, 60, crew)
		if err != nil {
			return err
		}
		if err := v.assign(crew.techs...); err != nil {
			return err
		}
	}
	s.tally("job/several appointments")
	if !j.plot.deposit {
		return nil
	}
	return j.sent(func(i *Invoice) error {
		j.later(i, time.Hour, 3*time.Hour, func() error {
			s.tally("money/deposit")
			_, err := j.pay(i, housecallpro.NewPayment{Amount: i.Amount * 30 / 100, Method: "credit_card"})
			return err
		})
		return nil
	})
}
