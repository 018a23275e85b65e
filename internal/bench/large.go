package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"plumbline.dev/plumbline/internal/app"
)

// stored makes a database in which so many jobs have had ten deliveries each, all
// applied.
func stored(ctx context.Context, o Options, file string, jobs int) error {
	n, err := build(ctx, setup{file: file, crm: "on", sender: "on", now: func() time.Time { return opened }, log: o.Log})
	if err != nil {
		return err
	}
	for step := range steps {
		if err = keepGroup(ctx, n, packed(days, kinds, func(i int) (int, int) { return i, step })); err != nil {
			break
		}
		if err = drain(ctx, n, late); err != nil {
			break
		}
	}
	if err := closing(err, n); err != nil {
		return err
	}
	return clone(ctx, file, jobs)
}

// growth measures keeping and applying over many jobs of ten deliveries against few.
func growth(ctx context.Context, o Options, r Report) (err error) {
	few, many := o.sizes()
	var nodes []*app.Node
	defer func() {
		for _, n := range nodes {
			err = errors.Join(err, n.Close())
		}
	}()
	for _, jobs := range []int{few, many} {
		file := filepath.Join(o.Dir, fmt.Sprintf("jobs-%d.db", jobs))
		if _, err := os.Stat(file); err != nil {
			if err := stored(ctx, o, file, jobs); err != nil {
				return err
			}
		}
		n, err := build(ctx, setup{file: file, crm: "on", sender: "on", now: func() time.Time { return opened }, log: o.Log})
		if err != nil {
			return err
		}
		nodes = append(nodes, n)
	}
	var small, large measure
	each := o.scale(400)
	for round := range rounds {
		for i, m := range []*measure{&small, &large} {
			jobs := []int{few, many}[i]
			more, err := turn(ctx, nodes[i], each, func(k int) (int, int) { return (round*each + k) * 7 % jobs, steps + (round*each+k)/jobs })
			if err != nil {
				return err
			}
			m.add(more)
		}
	}
	whole := func(m measure) float64 { return float64(m.deliveries) / (m.kept + m.applied).Seconds() }
	r["growth"] = Figure{Value: whole(large) / whole(small), Unit: "ratio", Floor: ">= 0.85", Ceiling: whole(small),
		Note: fmt.Sprintf("%.0f deliveries/s kept and applied over %d jobs of ten deliveries, %.0f/s over %d; keep alone %.2f, apply alone %.2f",
			whole(large), many, whole(small), few, large.keepRate()/small.keepRate(), large.applyRate()/small.applyRate())}
	return nil
}

// sizes are the jobs of a small and a large database.
func (o Options) sizes() (few, many int) {
	switch {
	case o.Large:
		return 10_000, 100_000
	case o.Quick:
		return 500, 5000
	}
	return 5000, 20_000 // neither fits in the caches
}
