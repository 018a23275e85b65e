package bench

import (
	"fmt"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/jobber"
)

// plan lays out lives of visits over the working hours of some days: booked on one, done
// between some minutes and hours later or on the next, billed and mostly paid.
func (d *diary) plan(visits, days int) {
	for i := range 10 {
		d.users = append(d.users, d.vendor.CreateUser(jobber.User{FirstName: "Tech", LastName: fmt.Sprint(i)}).ID)
	}
	var last *booking
	for i := range visits {
		b := &booking{d: d, n: i, trips: 1}
		if d.rng.IntN(10) == 0 { // an installation
			b.trips = 2 + d.rng.IntN(2)
		}
		if last != nil && d.rng.IntN(3) == 0 {
			b.known = last // calls again
		}
		last = b
		day := time.Duration(i%days) * 24 * time.Hour
		d.at(d.begins.Add(day+d.minutes(0, 9*60)), b.calls)
	}
}

// A booking is one job from the call to its payment.
type booking struct {
	d      *diary
	n      int
	trips  int
	known  *booking // whose client it is; nil: a new one
	client string
	home   string
	job    string
	visits []string
}

func (b *booking) in(from, to int, do func() error) { b.d.at(b.d.now().Add(b.d.minutes(from, to)), do) }

// calls is somebody who calls: a new client is typed in, with the home, before the job.
func (b *booking) calls() error {
	if b.known != nil && b.known.home != "" {
		b.client, b.home = b.known.client, b.known.home
		return b.book()
	}
	c := b.d.vendor.CreateClient(jobber.Client{FirstName: "Dana", LastName: fmt.Sprintf("Whitlock %d", b.n), Emails: []jobber.Email{{Address: fmt.Sprintf("d%d@example.com", b.n), Primary: true}},
		Phones: []jobber.Phone{{Number: fmt.Sprintf("(208) 555-%04d", b.n%10_000), Description: "Mobile", Primary: true, SMSAllowed: true}}})
	b.client = c.ID
	home, err := b.d.vendor.CreateProperty(jobber.Property{ClientID: c.ID, Address: jobber.Address{Street1: fmt.Sprintf("%d Larkspur Ln", 100+b.n), City: "Boise", Province: "Idaho", PostalCode: "83702"}})
	if err != nil {
		return err
	}
	b.home = home.ID
	b.in(0, 2, b.book)
	return nil
}

// book saves the job, and again what was forgotten. Of two in three it is known who goes;
// the others the dispatcher gives to somebody later.
func (b *booking) book() error {
	start := b.d.now().Add(b.d.minutes(60, 26*60)).Truncate(15 * time.Minute)
	var plans []jobber.Plan
	for i := range b.trips {
		at := start.Add(time.Duration(i) * 3 * time.Hour)
		p := jobber.Plan{Start: at, End: at.Add(2 * time.Hour)}
		if b.n%3 != 0 {
			p.Users = []string{b.d.users[(b.n+i)%len(b.d.users)]}
		}
		plans = append(plans, p)
	}
	j, err := b.d.vendor.CreateJob(jobber.NewJob{ClientID: b.client, PropertyID: b.home, Title: "No cooling upstairs", Plans: plans,
		Lines: []jobber.Line{{Name: "Diagnosis", UnitPrice: 8900}}})
	if err != nil {
		return err
	}
	b.job = j.ID
	for _, v := range b.d.vendor.Visits() {
		if v.JobID == j.ID {
			b.visits = append(b.visits, v.ID)
		}
	}
	b.in(0, 1, func() error {
		return b.d.vendor.UpdateJob(b.job, func(j *jobber.Job) { j.Instructions = "Dog in the yard" })
	})
	for i, v := range b.visits {
		who := b.d.users[(b.n+i)%len(b.d.users)]
		if plans[i].Users == nil {
			b.in(3, 30, func() error { return b.d.vendor.Assign(v, who) })
		}
		at := plans[i].Start
		if b.d.rng.IntN(4) == 0 { // moved by an hour
			at = at.Add(time.Hour)
			b.in(20, 55, func() error {
				return b.d.vendor.Schedule(v, jobber.Plan{Start: at, End: at.Add(2 * time.Hour), Users: []string{who}})
			})
		}
		b.d.at(at.Add(-20*time.Minute), func() error { return b.d.vendor.OnMyWay(v) })
		b.d.at(at.Add(b.d.minutes(45, 120)), func() error { return b.done(i, v, who) })
	}
	return nil
}

// done is the end of a trip: what was used is written down within the same minute, and
// after the last the job is closed and billed.
func (b *booking) done(trip int, visit, who string) error {
	if err := b.d.vendor.SetLines(b.job, []jobber.Line{{Name: "Capacitor", UnitPrice: 18500}, {Name: "Labor", UnitPrice: int64(12000 * (trip + 1))}}); err != nil {
		return err
	}
	if err := b.d.vendor.Complete(visit, who); err != nil {
		return err
	}
	if trip+1 < len(b.visits) {
		return nil
	}
	b.in(2, 15, b.bill)
	return nil
}

func (b *booking) bill() error {
	inv, err := b.d.vendor.CreateInvoice(jobber.NewInvoice{JobIDs: []string{b.job}, NetDays: 14})
	if err != nil {
		return err
	}
	b.in(0, 3, func() error {
		if err := b.d.vendor.CloseJob(b.job, jobber.KeepVisits); err != nil {
			return err
		}
		return b.d.vendor.SendInvoice(inv.ID)
	})
	b.in(10, 8*60, func() error {
		_, err := b.d.vendor.Pay(inv.ID, jobber.NewPayment{Amount: 30500 + int64(12000*(len(b.visits)-1)), Type: "CHEQUE"})
		return err
	})
	return nil
}
