// Package shop is a home-services shop that lives: its customers, its office,
// its trucks and the people in its CRM. It drives the vendors' sandboxes
// through their typed methods, in simulated time and in one goroutine, and
// knows the true story. It must not know the program under test: it sees what
// a person of the shop would see, and what arrives on a homeowner's phone.
package shop

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/jobber"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

// Options describe a shop. HubSpot, Twilio and a field tool are required, and their
// clocks must stand at Start while New runs; Zone is UTC if nil. With two field tools
// some customers are kept in one and some in the other, and some have a record in each.
type Options struct {
	Seed         uint64
	Trucks, Days int
	Start        time.Time // local morning 05:00 of day one
	Zone         *time.Location
	HCP          *housecallpro.Sandbox
	Jobber       *jobber.Sandbox
	HubSpot      *hubspot.Sandbox
	Twilio       *twilio.Sandbox
	// Past is how many customers have finished jobs from before. Half of them
	// are in HubSpot too, under other spellings.
	Past int
}

// Shop is the living shop. It is not safe for concurrent use.
type Shop struct {
	opts   Options
	field  field
	rng    *rand.Rand
	agenda agenda
	now    time.Time
	story  *Story

	techs   []string // employee ids
	trucks  []*truck
	crews   []*truck  // of installs
	clients []*client // in the order of their making
	phones  int
	houses  int
	deck    []plot
	office  []func() error // what is left of the deck of edits
	crm     crm

	acts  []OfficeAct // since the last call of Acts
	texts inbox
}

// truck is one crew and the visit it is at.
type truck struct {
	techs []string
	at    *visit
	from  int // first day on which an install crew is free
}

// New lays out the past (customers, finished jobs, what is booked ahead, the
// CRM) and plans the days. The field tool's webhooks are off meanwhile, and its
// clock is set back and forth.
func New(o Options) (*Shop, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.HCP == nil && o.Jobber == nil || o.HubSpot == nil || o.Twilio == nil {
		return nil, errors.New("open the shop: a sandbox is missing")
	}
	s := &Shop{
		opts: o, field: o.field(), rng: rand.New(rand.NewPCG(o.Seed, 0x5109)), now: o.Start,
		story: &Story{
			Zone: o.Zone, Start: o.Start, End: o.Start.In(o.Zone).AddDate(0, 0, o.Days), Tally: map[string]int{},
			people: map[string]*Person{}, numbers: map[string]*Number{}, jobs: map[string]*Job{},
		},
		crm:   crm{emails: map[string]bool{}},
		texts: inbox{moods: map[string]*mood{}, seen: map[string]bool{}},
	}
	on := s.field.WebhookOn()
	s.field.SwitchWebhook(false)
	err := s.layOut()
	s.back(o.Start)
	s.field.SwitchWebhook(on)
	if err != nil {
		return nil, fmt.Errorf("lay out the shop: %w", err)
	}
	return s, nil
}

func (s *Shop) layOut() error {
	s.back(s.opts.Start)
	if err := s.hire(); err != nil {
		return err
	}
	if err := s.past(); err != nil {
		return err
	}
	s.planDays()
	for {
		it, ok := s.agenda.due(s.opts.Start.Add(-time.Second))
		if !ok {
			break
		}
		s.back(it.at)
		if err := it.do(); err != nil {
			return err
		}
	}
	s.back(s.opts.Start)
	return s.seedCRM()
}

// back sets the shop's and the field tool's clock to an instant of the past.
func (s *Shop) back(t time.Time) {
	s.now = t
	s.field.Skew(t.Sub(s.opts.Start))
}

// Step does what is due by now and says when the next thing is; zero when the
// story is over. What is due counts as happening at now. An error of a sandbox
// ends the step; what it interrupted is not tried again.
func (s *Shop) Step(ctx context.Context, now time.Time) (worked bool, next time.Time, err error) {
	s.now = now
	worked = s.look()
	for {
		if err := ctx.Err(); err != nil {
			return worked, now, err
		}
		it, ok := s.agenda.due(now)
		if !ok {
			break
		}
		worked = true
		if err := it.do(); err != nil {
			return worked, now, fmt.Errorf("live in the shop at %s: %w", now.In(s.opts.Zone).Format(time.RFC3339), err)
		}
	}
	next = s.agenda.next()
	if !next.IsZero() {
		next = earlier(next, s.nextLook())
	}
	return worked, next, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Story returns the truth so far.
func (s *Shop) Story() *Story { return s.story }

// Acts returns what the office has said since the last call, oldest first.
func (s *Shop) Acts() []OfficeAct {
	acts := s.acts
	s.acts = nil
	return acts
}

func (s *Shop) act(a OfficeAct) {
	a.At = s.now
	s.acts = append(s.acts, a)
	s.story.Acts = append(s.story.Acts, a)
}

// after plans something for later.
func (s *Shop) after(d time.Duration, do func() error) { s.agenda.plan(s.now.Add(d), do) }

func (s *Shop) at(t time.Time, do func() error) { s.agenda.plan(t, do) }

// tally counts a kind of story.
func (s *Shop) tally(kind string) { s.story.Tally[kind]++ }

// day is an instant of a day, counted from zero, on the shop's clocks.
func (s *Shop) day(n, hour, minute int) time.Time {
	d := s.opts.Start.In(s.opts.Zone)
	return time.Date(d.Year(), d.Month(), d.Day()+n, hour, minute, 0, 0, s.opts.Zone)
}

// dayOf is the day on which an instant falls, counted from zero.
func (s *Shop) dayOf(t time.Time) int {
	a, b := s.day(0, 12, 0), t.In(s.opts.Zone)
	noon := time.Date(b.Year(), b.Month(), b.Day(), 12, 0, 0, 0, s.opts.Zone)
	return int(math.Round(noon.Sub(a).Hours() / 24))
}

// hire finds one technician a truck, two an install crew and one to spare.
func (s *Shop) hire() error {
	trucks := max(1, s.opts.Trucks)
	crews := 1 + trucks/2
	for i := range trucks + 2*crews + 1 {
		t := technicians[i%len(technicians)]
		e := s.field.CreateEmployee(housecallpro.Employee{
			FirstName: t.first, LastName: t.last, Mobile: s.phone(),
			Email: fmt.Sprintf("%s%d@example.net", strings.ToLower(t.first), i), Role: "field tech",
		})
		if !e.Created.Equal(s.opts.Start) {
			return fmt.Errorf("hire: the field tool's clock stands at %s, not at the start %s", e.Created, s.opts.Start)
		}
		s.techs = append(s.techs, e.ID)
		s.story.Technicians = append(s.story.Technicians, Technician{e.ID, t.first, t.last})
	}
	for i := range trucks {
		s.trucks = append(s.trucks, &truck{techs: s.techs[i : i+1]})
	}
	for i := range crews {
		s.crews = append(s.crews, &truck{techs: s.techs[trucks+2*i : trucks+2*i+2]})
	}
	return nil
}

// some picks one of several.
func some[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

// between draws a duration.
func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}

func often(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }
