package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"plumbline.dev/plumbline/internal/app"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
)

// group is how many deliveries are kept in one transaction.
const group = 64

// rounds is into how many turns a measurement and its ceiling are cut, so that what
// else runs on the machine falls on both.
const rounds = 10

// apply measures deliveries wholly advanced per second (decoded, matched, merged,
// folded, with clocks, desired records and messages owed) over keeping the same
// deliveries alone, in turns, in the same file.
func apply(ctx context.Context, o Options, r Report) (err error) {
	jobs := o.scale(10_000)
	n, err := build(ctx, setup{file: filepath.Join(o.Dir, "apply.db"), crm: "on", sender: "on", now: func() time.Time { return opened }, log: o.Log})
	if err != nil {
		return err
	}
	defer func() { err = closing(err, n) }()
	if err := fill(ctx, n, days, jobs, late); err != nil {
		return err
	}
	m, err := applyOver(ctx, n, jobs, o.scale(10_000))
	if err != nil {
		return err
	}
	r["apply_ratio"] = Figure{Value: m.ratio(), Unit: "ratio", Floor: ">= 0.10, aim 0.20", Ceiling: m.keepRate(),
		Note: fmt.Sprintf("%.0f deliveries/s advanced over %.0f/s kept in groups of %d, %d deliveries of 4 KB over %d jobs", m.applyRate(), m.keepRate(), group, m.deliveries, jobs)}
	return nil
}

// A measure is how long deliveries took to be kept, and to be applied.
type measure struct {
	deliveries    int
	kept, applied time.Duration
}

func (m *measure) add(more measure) {
	m.deliveries, m.kept, m.applied = m.deliveries+more.deliveries, m.kept+more.kept, m.applied+more.applied
}

func (m measure) keepRate() float64  { return float64(m.deliveries) / m.kept.Seconds() }
func (m measure) applyRate() float64 { return float64(m.deliveries) / m.applied.Seconds() }
func (m measure) ratio() float64     { return m.applyRate() / m.keepRate() }

// applyOver keeps and applies deliveries over jobs that are there, in turns.
func applyOver(ctx context.Context, n *app.Node, jobs, deliveries int) (m measure, err error) {
	each := deliveries / rounds
	for round := range rounds {
		more, err := turn(ctx, n, each, func(k int) (int, int) { return storyOf(round*each+k, jobs) })
		if err != nil {
			return m, err
		}
		m.add(more)
	}
	return m, nil
}

// turn keeps deliveries in groups, then applies them.
func turn(ctx context.Context, n *app.Node, deliveries int, said func(k int) (job, step int)) (m measure, err error) {
	m.deliveries = deliveries
	var groups [][]inbox.Packed
	for i := 0; i < deliveries; i += group {
		groups = append(groups, packed(days, min(group, deliveries-i), func(k int) (int, int) { return said(i + k) }))
	}
	began := time.Now()
	for _, g := range groups {
		if err := keepGroup(ctx, n, g); err != nil {
			return m, err
		}
	}
	m.kept = time.Since(began)
	began = time.Now()
	err = drain(ctx, n, late)
	m.applied = time.Since(began)
	return m, err
}

// storyOf says of which job and step the i-th delivery after the first of each job
// tells: neighbours are of other jobs, which stand at all steps of their stories.
func storyOf(i, jobs int) (job, step int) {
	job = i * 7 % jobs
	return job, first(job) + 1 + i/jobs
}

// fill keeps and applies the first delivery of each job.
func fill(ctx context.Context, n *app.Node, c calendar, jobs int, now time.Time) error {
	for i := 0; i < jobs; i += group {
		if err := keepGroup(ctx, n, packed(c, min(group, jobs-i), func(k int) (int, int) { return i + k, first(i + k) })); err != nil {
			return err
		}
	}
	return drain(ctx, n, now)
}

// packed makes deliveries ready to be kept. Of what each tells, said says by its number.
func packed(c calendar, count int, said func(i int) (job, step int)) (list []inbox.Packed) {
	for i := range count {
		job, step := said(i)
		list = append(list, inbox.Pack(deliveryOf(c, job, step)))
	}
	return list
}

// keepGroup keeps deliveries in one transaction.
func keepGroup(ctx context.Context, n *app.Node, packed []inbox.Packed) error {
	return n.DB.Do(ctx, late, func(tx *db.Tx) error {
		fresh, err := inbox.Keep(tx, packed...)
		if err == nil && fresh != len(packed) {
			err = fmt.Errorf("%d of %d deliveries were there already", len(packed)-fresh, len(packed))
		}
		return err
	})
}
