package shop

import (
	"slices"
	"time"
)

// What follows from the truth, for an oracle. Each takes the instant of which
// it speaks; nothing is remembered.

// Person returns a person by id, nil if there is none.
func (st *Story) Person(id string) *Person { return st.people[id] }

// Number returns a phone number, nil if it is nobody's.
func (st *Story) Number(phone string) *Number { return st.numbers[phone] }

// Job returns a job by Housecall Pro's id, nil if there is none.
func (st *Story) Job(id string) *Job { return st.jobs[id] }

// PersonOf returns the person of a Housecall Pro customer, nil if there is none.
func (st *Story) PersonOf(customer string) *Person {
	for _, p := range st.People {
		if slices.Contains(p.Customers, customer) {
			return p
		}
	}
	return nil
}

// Same says whether two Housecall Pro customers are one person.
func (st *Story) Same(a, b string) bool {
	p := st.PersonOf(a)
	return p != nil && slices.Contains(p.Customers, b)
}

// Out says whether the number must not be texted at all: somebody opted out
// at it, or said that it is a wrong number.
func (n *Number) Out(at time.Time) bool {
	out := false
	for _, e := range n.Events {
		if e.At.After(at) {
			break
		}
		switch e.What {
		case OptOut, WrongNumber:
			out = true
		case OptIn:
			out = false
		}
	}
	return out
}

// notified says whether a customer's switch for notifications is on.
func (st *Story) notified(customer string, at time.Time) bool {
	on := true
	for _, w := range st.Switches {
		if w.Customer == customer && !w.At.After(at) {
			on = w.On
		}
	}
	return on
}

// holds says whether the record holds the number at an instant.
func (f Filing) holds(at time.Time) bool {
	return !f.From.After(at) && (f.Until.IsZero() || f.Until.After(at))
}

// Denied says whether a number is on file for a customer who wants no
// notifications.
func (st *Story) Denied(phone string, at time.Time) bool {
	n := st.numbers[phone]
	return n != nil && slices.ContainsFunc(n.Files, func(f Filing) bool { return f.holds(at) && !st.notified(f.Customer, at) })
}

// Consented says whether a yes for a purpose stands for a number, whoever of
// its people gave it; the last word about a record counts.
func (st *Story) Consented(phone string, purpose Purpose, at time.Time) bool {
	last := map[string]bool{}
	for _, c := range st.Consents {
		if c.Phone == phone && c.Purpose == purpose && !c.At.After(at) {
			last[c.Customer] = c.Given
		}
	}
	for _, given := range last {
		if given {
			return true
		}
	}
	return false
}

// MayMarket says whether advertising may be texted to a number: a yes stands,
// nobody opted out or objected, and no customer's switch is off.
func (st *Story) MayMarket(phone string, at time.Time) bool {
	n := st.numbers[phone]
	return n != nil && !n.Out(at) && !st.Denied(phone, at) && st.Consented(phone, Marketing, at)
}

// NeverMarket lists the numbers for which nobody ever agreed to advertising.
func (st *Story) NeverMarket() []string {
	agreed := map[string]bool{}
	for _, c := range st.Consents {
		if c.Purpose == Marketing && c.Given {
			agreed[c.Phone] = true
		}
	}
	var never []string
	for _, n := range st.Numbers {
		if !agreed[n.Phone] {
			never = append(never, n.Phone)
		}
	}
	return never
}

// MaySeePrices says whether prices may go to a number: one of its people pays,
// or it is on file for somebody who does and no stranger has objected.
func (st *Story) MaySeePrices(phone string, at time.Time) bool {
	n := st.numbers[phone]
	if n == nil {
		return false
	}
	for _, id := range n.People {
		if p := st.people[id]; len(p.Customers) > 0 {
			return true
		}
	}
	return !n.Out(at) && slices.ContainsFunc(n.Files, func(f Filing) bool { return f.holds(at) })
}

// Stage is where a job stands, in the words of a shop.
type Stage string

// The stages.
const (
	StageBooked     Stage = "booked"
	StageDispatched Stage = "dispatched"
	StageCompleted  Stage = "completed"
	StageInvoiced   Stage = "invoiced"
	StagePaid       Stage = "paid"
	StageClosed     Stage = "closed"
	StageCanceled   Stage = "canceled"
)

// StageAt is the stage of a job at an instant; before it was booked it is
// empty. A job is dispatched when somebody set out, or when it has a
// technician and six o'clock of its day has struck in the zone. A refund and
// returned money make it invoiced again.
func (j *Job) StageAt(at time.Time, zone *time.Location) Stage {
	var stage Stage
	for _, m := range j.Marks {
		if m.At.After(at) {
			break
		}
		switch m.What {
		case Booked, Discarded:
			stage = StageBooked
		case Moved:
			if stage == StageDispatched && !j.onDay(at, zone) {
				stage = StageBooked
			}
		case OnMyWay, Started, Reopened:
			stage = StageDispatched
		case Completed:
			stage = StageCompleted
		case Canceled, Deleted:
			stage = StageCanceled
		}
	}
	switch {
	case stage == StageCompleted && j.NoCharge:
		return StageClosed
	case stage == StageCompleted:
		return j.money(at)
	case stage == StageBooked && j.onDay(at, zone):
		return StageDispatched
	}
	return stage
}

// money is the stage of completed work.
func (j *Job) money(at time.Time) Stage {
	issued, total, paid := false, int64(0), true
	for _, i := range j.Invoices {
		if i.out(at) {
			issued, total = true, total+i.Amount
			paid = paid && i.Due(at)+i.Refunded(at) <= 0
		}
	}
	switch {
	case !issued || total == 0:
		return StageCompleted
	case paid:
		return StagePaid
	}
	return StageInvoiced
}

// onDay says whether a visit that has a technician is on today's list: its
// day has begun at six.
func (j *Job) onDay(at time.Time, zone *time.Location) bool {
	for _, v := range j.Visits {
		w, ok := v.WindowAt(at)
		if !ok || v.ended(j, at) || !j.assigned(v, at) {
			continue
		}
		d := w.Start.In(zone)
		if six := time.Date(d.Year(), d.Month(), d.Day(), 6, 0, 0, 0, zone); !at.Before(six) {
			return true
		}
	}
	return false
}

func (j *Job) assigned(v *Visit, at time.Time) bool {
	return slices.ContainsFunc(j.Marks, func(m Mark) bool { return m.What == Assigned && m.Visit == v.Appointment && !m.At.After(at) })
}

// ended says whether the visit is over or off the calendar.
func (v *Visit) ended(j *Job, at time.Time) bool {
	if !v.Left.IsZero() && !v.Left.After(at) {
		return true
	}
	return slices.ContainsFunc(j.Marks, func(m Mark) bool { return m.What == Discarded && m.Visit == v.Appointment && !m.At.After(at) })
}

// WindowAt is the window as it was known at an instant.
func (v *Visit) WindowAt(at time.Time) (w Window, ok bool) {
	for _, x := range v.Windows {
		if !x.Known.After(at) {
			w, ok = x, true
		}
	}
	return w, ok
}

// out says whether an invoice is issued and neither voided nor canceled.
func (i *Invoice) out(at time.Time) bool {
	return !i.Issued.IsZero() && !i.Issued.After(at) && (i.EndedAt.IsZero() || i.EndedAt.After(at))
}

// Due is what an invoice is short of by settled money; refunds do not count,
// as in Housecall Pro.
func (i *Invoice) Due(at time.Time) int64 {
	due := i.Amount
	for _, p := range i.Payments {
		if !p.Refund && happened(p.Settled, at) && !happened(p.Returned, at) {
			due -= p.Amount
		}
	}
	return due
}

// Refunded is what went back.
func (i *Invoice) Refunded(at time.Time) (sum int64) {
	for _, p := range i.Payments {
		if p.Refund && happened(p.Settled, at) {
			sum += p.Amount
		}
	}
	return sum
}

func happened(t, at time.Time) bool { return !t.IsZero() && !t.After(at) }

// Money is what a person owes over all issued invoices, and what was refunded
// on them; whether a refund is owed again is the shop's policy.
type Money struct{ Due, Refunded int64 }

// Balance is a payer's money.
func (st *Story) Balance(person string, at time.Time) (m Money) {
	for _, j := range st.Jobs {
		if j.Person != person {
			continue
		}
		for _, i := range j.Invoices {
			if i.out(at) {
				m.Due += i.Due(at)
				m.Refunded += i.Refunded(at)
			}
		}
	}
	return m
}

// Wanted is what a CRM should say of a customer, as far as the truth decides
// it. Times are zero where there is nothing.
type Wanted struct {
	Money
	NextVisit, NextEstimate time.Time // starts of the earliest visits that are not over, of jobs and of estimates
	LastService, LastPaid   time.Time // of the last completed job; of the last settled payment
	OpenJobs                int
	Customer                bool // some job was completed
}

// Wanted is the final word about a person at an instant.
func (st *Story) Wanted(person string, at time.Time) Wanted {
	w := Wanted{Money: st.Balance(person, at)}
	for _, j := range st.Jobs {
		if j.Person != person {
			continue
		}
		switch j.StageAt(at, st.Zone) {
		case StageBooked, StageDispatched:
			w.OpenJobs++
			w.NextVisit = j.next(w.NextVisit, at)
		case StageCanceled, "":
		default:
			w.Customer = true
			w.LastService = later(w.LastService, j.last(Completed, at))
		}
		for _, i := range j.Invoices {
			for _, p := range i.Payments {
				if !p.Refund && happened(p.Settled, at) && !happened(p.Returned, at) {
					w.LastPaid = later(w.LastPaid, p.Settled)
				}
			}
		}
	}
	for _, e := range st.Estimates {
		if e.Person == person && e.done(Scheduled, at) && e.End.After(at) && !e.done(Completed, at) && (w.NextEstimate.IsZero() || e.Start.Before(w.NextEstimate)) {
			w.NextEstimate = e.Start
		}
	}
	return w
}

func (e *Estimate) done(what Happening, at time.Time) bool {
	return slices.ContainsFunc(e.Marks, func(m Mark) bool { return m.What == what && !m.At.After(at) })
}

// NoSale says whether an estimate came to nothing: all options were declined
// or ran out, or nobody answered for 30 days.
func (e *Estimate) NoSale(at time.Time) bool {
	if e.done(Approved, at) {
		return false
	}
	ended := 0
	for _, m := range e.Marks {
		if (m.What == Refused || m.What == Expired) && !m.At.After(at) {
			ended++
		}
	}
	return ended == len(e.Options) || e.done(Sent, at.AddDate(0, 0, -30))
}

// next is the earliest start of a visit that is still to come, or the one
// given if that is earlier.
func (j *Job) next(than, at time.Time) time.Time {
	for _, v := range j.Visits {
		w, ok := v.WindowAt(at)
		if ok && !v.ended(j, at) && w.End.After(at) && (than.IsZero() || w.Start.Before(than)) {
			than = w.Start
		}
	}
	return than
}

// last is when something last happened to the job.
func (j *Job) last(what Happening, at time.Time) (t time.Time) {
	for _, m := range j.Marks {
		if m.What == what && !m.At.After(at) {
			t = m.At
		}
	}
	return t
}
