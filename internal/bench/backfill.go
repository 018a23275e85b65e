package bench

import (
	"context"
	"fmt"
	"time"

	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/sandbox/jobber"
)

// jobberAnswers is how long Jobber takes for a page.
const jobberAnswers = 300 * time.Millisecond

// backfill measures the first reading of an account of 20,000 jobs.
func backfill(ctx context.Context, o Options, r Report) (err error) {
	jobs := 20_000
	if o.Quick {
		jobs = 2_000
	}
	r["backfill_of_budget"], err = backfillOf(ctx, o, jobs)
	return err
}

// backfillOf measures how much of the points that Jobber gives the first reading of its
// lists uses: an account of so many jobs with their visits, clients and homes is read
// whole and kept, in simulated time. What is kept is not applied: see apply.
func backfillOf(ctx context.Context, o Options, jobs int) (f Figure, err error) {
	a, err := newAccount(o.Dir, jobber.Options{})
	if err != nil {
		return f, err
	}
	if err := a.fill(jobs); err != nil {
		return f, err
	}
	node, err := a.node(ctx, "backfill.db", o.Log)
	if err != nil {
		return f, err
	}
	defer func() { err = closing(err, node) }()
	began := a.now
	list, err := a.readWhole(ctx, o, node)
	if err != nil {
		return f, err
	}
	took, spent := a.now.Sub(began), a.vendor.Spent()
	given := 10_000 + 500*took.Seconds()
	var read int64
	for _, l := range list {
		read += l.Read
	}
	kept, err := count(ctx, node, `SELECT COUNT(*) FROM delivery WHERE location_id = $1 AND event = 'read'`, location)
	if least := int64(2*jobs + 2*jobs/5); err == nil && kept < least {
		err = fmt.Errorf("of an account of %d objects %d were kept after its lists were read", least, kept)
	}
	return Figure{Value: spent / given, Unit: "ratio", Floor: ">= 0.9", Ceiling: given,
		Note: fmt.Sprintf("%.0f points for %d objects of an account of %d jobs in %s and %d calls, answered in %s each; ceiling: a full bucket and what is restored in that time",
			spent, read, jobs, took.Round(time.Second), a.vendor.Calls(), jobberAnswers)}, err
}

// fill makes jobs of a year, one in five of another client.
func (a *account) fill(jobs int) error {
	who := a.vendor.CreateUser(jobber.User{FirstName: "Tech", LastName: "One"}).ID
	var client, home string
	began := a.now
	a.now = began.AddDate(-1, 0, 0)
	apart := began.Sub(a.now) / time.Duration(jobs)
	for i := range jobs {
		if i%5 == 0 {
			c := a.vendor.CreateClient(jobber.Client{FirstName: "Dana", LastName: fmt.Sprintf("Whitlock %d", i),
				Phones: []jobber.Phone{{Number: fmt.Sprintf("(%03d) 555-%04d", 201+i/10_000, i%10_000), Description: "Mobile", Primary: true, SMSAllowed: true}}})
			p, err := a.vendor.CreateProperty(jobber.Property{ClientID: c.ID, Address: jobber.Address{Street1: fmt.Sprintf("%d Larkspur Ln", i), City: "Boise", Province: "Idaho", PostalCode: "83702"}})
			if err != nil {
				return err
			}
			client, home = c.ID, p.ID
		}
		start := a.now.Add(24 * time.Hour).Truncate(15 * time.Minute)
		_, err := a.vendor.CreateJob(jobber.NewJob{ClientID: client, PropertyID: home, Title: "Tune-up", Lines: []jobber.Line{{Name: "Tune-up", UnitPrice: 12900}},
			Plans: []jobber.Plan{{Start: start, End: start.Add(time.Hour), Users: []string{who}}}})
		if err != nil {
			return err
		}
		a.now = a.now.Add(apart)
	}
	a.now = began
	return nil
}

// readWhole lets the node read the lists of its sources, and tells how far it is.
func (a *account) readWhole(ctx context.Context, o Options, n *app.Node) (list []lookup.Reading, err error) {
	a.answers = jobberAnswers
	for told := a.now; ; {
		worked, next := false, time.Time{}
		for _, d := range n.Dispatchers {
			did, at, err := d.Step(ctx, a.now)
			if err != nil {
				return nil, err
			}
			if worked = worked || did; !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		if worked {
			continue
		}
		if err := n.DB.View(ctx, a.now, func(tx *db.Tx) (err error) {
			list, err = lookup.Readings(tx, location)
			return err
		}); err != nil {
			return nil, err
		}
		whole := true
		for _, l := range list {
			whole = whole && l.Complete
		}
		if whole {
			return list, nil
		}
		if !a.now.Before(told.Add(5 * time.Minute)) {
			told = a.now
			o.Log.Info("reading", "after", a.now.Sub(list[0].Began).Round(time.Second).String(), "lists", list)
		}
		if !next.After(a.now) {
			next = a.now.Add(time.Second)
		}
		a.now = next
	}
}
