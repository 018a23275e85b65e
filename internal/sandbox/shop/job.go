package shop

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
)

// job is a job under way. Its methods do one thing in Housecall Pro, at the
// shop's now, and write it into the truth.
type job struct {
	*Job
	s      *Shop
	rng    *rand.Rand
	plot   plot
	client *client
	trips  []*visit
	over   bool // completed, canceled or deleted
}

// visit is one appointment under way.
type visit struct {
	*Visit
	job   *job
	truck *truck
	plan  int // counts its plans, so that what was meant for a former one lapses
	gone  bool
}

func (j *job) mark(m Mark) {
	m.At = j.s.now
	j.Marks = append(j.Marks, m)
}

// book makes the job in Housecall Pro.
func (s *Shop) book(k *client, p plot, seed uint64) (*job, error) {
	j := &job{s: s, rng: rand.New(rand.NewPCG(s.opts.Seed, seed)), plot: p, client: k}
	a := some(j.rng, k.addresses)
	if t := tenanted(k); t != nil && p.cast == "tenant" {
		a = *t
	}
	made, err := s.field.CreateJob(housecallpro.NewJob{
		CustomerID: k.id, AddressID: a.ID, Description: j.describe(), JobType: string(p.kind),
		LeadSource: p.channel(), BusinessUnit: "Service", Tags: p.tags,
	})
	if err != nil {
		return nil, err
	}
	j.begin(made, p)
	if t := k.tenants[a.ID]; t != nil {
		note := fmt.Sprintf("Tenant %s %s opens, call %s. Bill the owner.", t.First, t.Last, s.spelled(t.Phones[0]))
		if _, err := s.field.AddNote(j.ID, note); err != nil {
			return nil, err
		}
	}
	return j, nil
}

// begin writes a job that was just made into the truth.
func (j *job) begin(made housecallpro.Job, p plot) {
	s, k := j.s, j.client
	j.Job = &Job{
		ID: made.ID, Number: made.InvoiceNumber, Customer: k.id, Person: k.person.ID, Site: k.person.ID,
		Kind: p.kind, Plot: p.name, NoCharge: p.free, Address: made.Address, Price: made.Total, Estimate: made.Estimate,
	}
	if t := k.tenants[made.Address.ID]; t != nil {
		j.Site = t.ID
		s.tally("people/tenant opens")
	}
	s.story.Jobs = append(s.story.Jobs, j.Job)
	s.story.jobs[j.ID] = j.Job
	k.jobs = append(k.jobs, j)
	k.open++
	j.mark(Mark{What: Booked})
	s.tally("job/" + p.name)
	s.tally("kind/" + string(p.kind))
}

func tenanted(k *client) *housecallpro.Address {
	for i := range k.addresses {
		if k.tenants[k.addresses[i].ID] != nil {
			return &k.addresses[i]
		}
	}
	return nil
}

func (j *job) describe() string {
	if j.plot.kind == Callback {
		for _, old := range slices.Backward(j.client.jobs) {
			return fmt.Sprintf("Callback to #%s, same trouble", old.Number)
		}
		return "Callback, same trouble"
	}
	return some(j.rng, troubles[j.plot.kind])
}

// schedule plans one more appointment.
func (j *job) schedule(start time.Time, length time.Duration, minutes int, t *truck) (*visit, error) {
	a, err := j.s.field.AddAppointment(j.ID, housecallpro.Plan{Start: start, End: start.Add(length), Window: minutes})
	if err != nil {
		return nil, err
	}
	v := &visit{Visit: &Visit{Appointment: a.ID, Techs: a.Employees}, job: j, truck: t}
	v.Windows = append(v.Windows, Window{j.s.now, start, start.Add(length), minutes})
	j.Visits = append(j.Visits, v.Visit)
	j.trips = append(j.trips, v)
	j.mark(Mark{What: Scheduled, Visit: a.ID})
	v.expect()
	return v, nil
}

func (v *visit) window() Window { return v.Windows[len(v.Windows)-1] }

// assign says who goes.
func (v *visit) assign(techs ...string) error {
	if v.gone || v.job.over {
		return nil
	}
	v.Techs = techs
	v.job.mark(Mark{What: Assigned, Visit: v.Appointment})
	return v.job.s.field.Assign(v.job.ID, v.Appointment, techs...)
}

// move gives the visit another window. Nothing that was planned for the
// former one happens.
func (v *visit) move(start time.Time) error {
	w := v.window()
	w.Known, w.End, w.Start = v.job.s.now, start.Add(w.End.Sub(w.Start)), start
	err := v.job.s.field.Reschedule(v.job.ID, v.Appointment, housecallpro.Plan{Start: w.Start, End: w.End, Window: w.Minutes})
	if err != nil {
		return err
	}
	v.Windows = append(v.Windows, w)
	v.job.mark(Mark{What: Moved, Visit: v.Appointment})
	v.job.s.tally("visit/moved")
	v.expect()
	return nil
}

// discard takes the visit off the calendar.
func (v *visit) discard() error {
	v.gone, v.Discarded = true, true
	v.plan++
	v.job.mark(Mark{What: Discarded, Visit: v.Appointment})
	v.job.s.tally("visit/discarded")
	return v.job.s.field.DiscardAppointment(v.job.ID, v.Appointment)
}

// untouched says whether nobody has set out yet.
func (v *visit) untouched() bool {
	return !v.gone && !v.job.over && v.Arrived.IsZero() && v.truck.at != v
}

func (j *job) cancel() error {
	if j.over {
		return nil
	}
	j.finish(Mark{What: Canceled})
	return j.s.field.Cancel(j.ID)
}

// remove archives the job, as for one that was booked by mistake.
func (j *job) remove() error {
	if j.over {
		return nil
	}
	j.finish(Mark{What: Deleted})
	return j.s.field.Delete(j.ID)
}

func (j *job) complete() error {
	if j.over {
		return nil
	}
	j.finish(Mark{What: Completed})
	return j.s.field.Complete(j.ID)
}

func (j *job) finish(m Mark) {
	j.over = true
	j.client.open--
	j.mark(m)
	j.s.tally("job/" + string(m.What))
}

// reopen takes a completion back.
func (j *job) reopen() error {
	j.over = false
	j.client.open++
	j.mark(Mark{What: Reopened})
	j.s.tally("job/reopened")
	return j.s.field.Uncomplete(j.ID)
}

func (j *job) note(text string) error {
	j.s.tally("job/note")
	_, err := j.s.field.AddNote(j.ID, text)
	return err
}

// charge prices the job in whole dollars of labor and parts.
func (j *job) charge(labor, parts int64) error {
	lines := []housecallpro.Line{{Name: "Labor", Kind: "labor", UnitPrice: labor * 100}}
	if parts > 0 {
		lines = append(lines, housecallpro.Line{Name: "Parts", Kind: "materials", UnitPrice: parts * 100})
	}
	if j.plot.free {
		lines = append(lines, housecallpro.Line{Name: "No charge", Kind: "fixed discount", UnitPrice: (labor + parts) * 100})
		labor, parts = 0, 0
	}
	j.Price = (labor + parts) * 100
	j.mark(Mark{What: Priced, Amount: j.Price})
	return j.s.field.SetLineItems(j.ID, lines, 0)
}

// priced prices the job if nobody has yet.
func (j *job) priced() error {
	if j.Price > 0 || slices.ContainsFunc(j.Marks, func(m Mark) bool { return m.What == Priced }) {
		return nil
	}
	switch j.Kind {
	case Maintenance:
		return j.charge(89, 0)
	case Install:
		return j.charge(2500+j.rng.Int64N(9000), 1500+j.rng.Int64N(3000))
	case Emergency:
		return j.charge(380+j.rng.Int64N(400), j.rng.Int64N(300))
	}
	return j.charge(120+j.rng.Int64N(500), j.rng.Int64N(260))
}
