// Package clock keeps what rings, and when. A clock is named by its subject, its
// rule and the time at which it is due. Its ring is kept as a delivery of source
// clock, and counts where the subject, at that point, has the clock set. The package
// must not know what a rule is for.
package clock

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
)

// batch bounds how many clocks ring in one transaction.
const batch = 100

// A Clock rings about a subject unless something else happens first.
type Clock struct {
	Subject plumbline.SourceID
	Kind    plumbline.Kind
	Rule    string
	Due     time.Time
	Until   time.Time // later its ring is of no use; zero: for ever
}

// Sync makes the clocks that owners have set the ones wanted of each. Those that have
// rung already are not set again.
func Sync(tx *db.Tx, location string, want map[string][]Clock) (err error) {
	defer plumbline.Wrap(&err, "set clocks")

	owners := slices.Sorted(maps.Keys(want))
	if len(owners) == 0 {
		return nil
	}
	have, err := owned(tx, location, owners)
	if err != nil {
		return err
	}
	var gone, come []row
	for _, owner := range owners {
		for _, c := range have[owner] {
			if !slices.ContainsFunc(want[owner], c.same) {
				gone = append(gone, rowOf(owner, c))
			}
		}
		for _, c := range want[owner] {
			if slices.ContainsFunc(have[owner], c.same) {
				continue
			}
			rung, err := rang(tx, location, c)
			if err != nil {
				return err
			}
			if !rung {
				come = append(come, rowOf(owner, c))
			}
		}
	}
	if len(gone) > 0 {
		if _, err := tx.Exec(deleteClocks(tx), location, db.JSON(gone)); err != nil {
			return err
		}
	}
	if len(come) > 0 {
		_, err = tx.Exec(insertClocks(tx), location, db.JSON(come))
	}
	return err
}

func (c Clock) same(b Clock) bool {
	return c.Subject == b.Subject && c.Rule == b.Rule && c.Due.Equal(b.Due)
}

// A row is a clock as it is stored.
type row struct {
	Owner   string             `json:"o"`
	Subject plumbline.SourceID `json:"s"`
	Kind    plumbline.Kind     `json:"k"`
	Rule    string             `json:"r"`
	Due     int64              `json:"d"`
	Until   int64              `json:"u"`
}

func rowOf(owner string, c Clock) row {
	r := row{owner, c.Subject, c.Kind, c.Rule, c.Due.UnixMilli(), 0}
	if !c.Until.IsZero() {
		r.Until = c.Until.UnixMilli()
	}
	return r
}

// owned reads the clocks that owners have set.
func owned(tx *db.Tx, location string, owners []string) (map[string][]Clock, error) {
	rows, err := tx.Query(selectOwned(tx), location, db.JSON(owners))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := map[string][]Clock{}
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.Owner, &r.Subject, &r.Kind, &r.Rule, &r.Due, &r.Until); err != nil {
			return nil, err
		}
		list[r.Owner] = append(list[r.Owner], Clock{r.Subject, r.Kind, r.Rule, record.Time(r.Due), record.Time(r.Until)})
	}
	return list, rows.Err()
}

// rang says whether a clock has rung, if only to be missed.
func rang(tx *db.Tx, location string, c Clock) (bool, error) {
	if c.Due.After(tx.Now) {
		return false, nil
	}
	_, _, _, err := inbox.Get(tx, location, c.source(), c.key())
	if plumbline.KindOf(err) == plumbline.NotFound {
		return false, nil
	}
	return err == nil, err
}

// key names the delivery of a clock's ring.
func (c Clock) key() string {
	return strings.Join([]string{string(c.Subject), c.Rule, c.Due.UTC().Format("2006-01-02T15:04:05.000Z")}, "/")
}

// source is who says that the clock has rung. That a provider's values have come to their
// end is part of what the provider says, and is withdrawn with it.
func (c Clock) source() string {
	if strings.HasPrefix(c.Rule, plumbline.Lookup) {
		return c.Rule
	}
	return plumbline.Clock
}

// Step rings what is due in a location, after all intake has been applied. Each
// clock rings once: its ring and its end are one transaction, and the ring's name
// follows from the clock's.
func Step(ctx context.Context, d *db.DB, now time.Time, location string) (worked bool, next time.Time, err error) {
	defer plumbline.Wrap(&err, "ring the clocks of location %s", location)

	err = d.View(ctx, now, func(tx *db.Tx) error {
		next, err = earliest(tx, location)
		return err
	})
	if err != nil || next.IsZero() || next.After(now) {
		return false, next, err
	}
	err = d.Do(ctx, now, func(tx *db.Tx) error {
		worked = false
		if ok, err := tx.TryLane(location, "advance"); err != nil || !ok {
			return err
		}
		if waiting, err := inbox.Waiting(tx, location, 1); err != nil || len(waiting) > 0 {
			return err
		}
		due, err := load(tx, selectDue, location, now.UnixMilli(), batch)
		if err != nil {
			return err
		}
		worked = len(due) > 0
		return ring(tx, location, due)
	})
	if worked || err != nil {
		return worked, now, err
	}
	return false, now.Add(time.Second), nil
}

func earliest(tx *db.Tx, location string) (time.Time, error) {
	var n int
	var due int64
	err := tx.QueryRow(selectNext, location).Scan(&n, &due)
	if err != nil || n == 0 {
		return time.Time{}, err
	}
	return time.UnixMilli(due).UTC(), nil
}

func ring(tx *db.Tx, location string, due []Clock) error {
	var packed []inbox.Packed
	for _, c := range due {
		var owner string
		if err := tx.QueryRow(selectOwner, location, c.Subject, c.Rule, c.Due.UnixMilli()).Scan(&owner); err != nil {
			return err
		}
		r := advance.Ring{Subject: c.Subject, Kind: c.Kind, Job: plumbline.GoldenID(owner), Rule: c.Rule, Due: c.Due,
			Missed: !c.Until.IsZero() && tx.Now.After(c.Until)}
		packed = append(packed, inbox.Pack(plumbline.Delivery{Location: location, Connection: c.source(), Tool: plumbline.Clock, Event: "ring",
			Key: c.key(), Object: string(c.Subject), Body: []byte(db.JSON(r))}))
		if _, err := tx.Exec(deleteClock, location, c.Subject, c.Rule, c.Due.UnixMilli()); err != nil {
			return err
		}
	}
	_, err := inbox.Keep(tx, packed...)
	return err
}

func load(tx *db.Tx, query string, args ...any) (list []Clock, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c Clock
		var due, until int64
		if err := rows.Scan(&c.Subject, &c.Kind, &c.Rule, &due, &until); err != nil {
			return nil, err
		}
		c.Due, c.Until = record.Time(due), record.Time(until)
		list = append(list, c)
	}
	return list, rows.Err()
}

// A Setter keeps the clocks of jobs, and of looked-up values, in step with what was
// derived of them.
type Setter struct{}

// Follow sets the clocks that the playbook wants for the jobs of a batch, and those with
// which looked-up values end, and takes away those that are wanted no more. One whose ring would be of no use is not set.
func (Setter) Follow(tx *db.Tx, b *advance.Batch) (err error) {
	lists := make([][]Clock, len(b.Jobs))
	err = plumbline.EachErr(len(b.Jobs), func(i int) (err error) {
		lists[i], err = Wanted(b.Playbook, b.Open, b.Jobs[i])
		return err
	})
	if err != nil {
		return err
	}
	want := map[string][]Clock{}
	for i, j := range b.Jobs {
		want[string(j.ID)] = slices.DeleteFunc(lists[i], func(c Clock) bool { return !c.Until.IsZero() && tx.Now.After(c.Until) })
	}
	for _, x := range b.Expiries() {
		want[string(x.Owner)] = nil
		for _, at := range x.At {
			want[string(x.Owner)] = append(want[string(x.Owner)], Clock{Subject: x.About, Kind: x.Kind, Rule: x.Source, Due: at})
		}
	}
	return Sync(tx, b.Location, want)
}

// Wanted lists the clocks that a job and its visits have set and that have not rung.
func Wanted(pb *playbook.Playbook, open playbook.OpenHours, j *advance.Job) (want []Clock, err error) {
	names := make([]string, 0, len(pb.Clocks))
	for name := range pb.Clocks {
		names = append(names, name)
	}
	slices.Sort(names)
	env := playbook.Env{Job: &j.View, Property: j.Property, Since: j.History.Since()}
	for _, name := range names {
		c := pb.Clocks[name]
		if c.For == plumbline.Job {
			if slices.Contains(j.View.Rings, name) {
				continue
			}
			due, ok, err := c.Due(env, j.Zone, open)
			if err != nil {
				return nil, err
			}
			if ok {
				want = append(want, clockOf(c, plumbline.SourceID(j.ID), due))
			}
			continue
		}
		for i := range j.View.Visits {
			v := &j.View.Visits[i]
			if slices.Contains(j.View.Rings, name+"@"+v.ID) || name == "day_begun" && v.DayBegun {
				continue
			}
			env.Visit = v
			due, ok, err := c.Due(env, j.Zone, open)
			if err != nil {
				return nil, err
			}
			if ok {
				want = append(want, clockOf(c, plumbline.SourceID(v.ID), due))
			}
		}
		env.Visit = nil
	}
	return want, nil
}

func clockOf(c *playbook.Clock, subject plumbline.SourceID, due time.Time) Clock {
	out := Clock{Subject: subject, Kind: c.For, Rule: c.Name, Due: due}
	if c.Until > 0 {
		out.Until = due.Add(c.Until)
	}
	return out
}
