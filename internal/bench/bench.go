// Package bench holds the standing benchmarks: each figure beside its ceiling,
// measured in the same run, so that a ratio says something on a noisy machine.
package bench

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"
)

// Options say how long to take.
type Options struct {
	Quick bool     // about a minute in all, else about four
	Large bool     // databases of 100,000 jobs, which take minutes to make
	Only  []string // parts; all if empty
	Dir   string   // for databases; one that goes away if empty
	Log   *slog.Logger
}

// A Figure is one measured value.
type Figure struct {
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Floor   string  `json:"floor"`             // what it must reach
	Ceiling float64 `json:"ceiling,omitempty"` // what the machine gave in the same run
	Note    string  `json:"note,omitempty"`
}

// A Report is all figures by their keys.
type Report map[string]Figure

// Run measures everything in turn.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "plumbline-bench-")
		if err != nil {
			return nil, fmt.Errorf("make a folder for the benchmark: %w", err)
		}
		defer os.RemoveAll(dir)
		o.Dir = dir
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for the benchmark: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := Report{}
	for _, part := range []struct {
		name string
		run  func(context.Context, Options, Report) error
	}{{"keep", keep}, {"busy", busy}, {"apply", apply}, {"live", live}, {"sweep", swept}, {"jobber", jobberCost}, {"backfill", backfill}, {"dedupe", deduped}, {"growth", growth}, {"process", process}} {
		if len(o.Only) > 0 && !slices.Contains(o.Only, part.name) {
			continue
		}
		began := time.Now()
		if err := part.run(ctx, o, r); err != nil {
			return r, fmt.Errorf("measure %s: %w", part.name, err)
		}
		o.Log.Info("measured", "part", part.name, "took", time.Since(began).Round(time.Millisecond).String(), "so_far", r)
	}
	return r, nil
}

// scale shrinks a size for a quick run.
func (o Options) scale(n int) int {
	if o.Quick {
		return n / 5
	}
	return n
}
