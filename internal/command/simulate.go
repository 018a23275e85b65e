package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"

	"plumbline.dev/plumbline/internal/simulate"
)

type simulation struct {
	Seed     uint64 `help:"What everything that happens follows from." default:"1"`
	Trucks   int    `help:"How many trucks the shop has." default:"2"`
	Days     int    `help:"For how many days it works." default:"1"`
	Faults   string `help:"How badly the vendors and the machines behave: none, light or heavy." enum:"none,light,heavy" default:"heavy"`
	Tools    string `help:"Which field tools the shop has: housecallpro, jobber or both. The seed decides if none are named." enum:",housecallpro,jobber,both" default:""`
	Seeds    int    `help:"How many seeds, from --seed on." default:"1"`
	Parallel int    `help:"How many seeds at a time; each in a process of its own if more than one. 0: as many as there are processors." default:"1"`
	Nodes    int    `help:"How many nodes of the program work on one database." default:"1"`
	Store    string `help:"A postgres:// URL; without it, SQLite in a folder that goes away. Schemas called simulation_SEED are dropped there."`
	JSON     bool   `help:"Print the reports as JSON, one a line."`
}

// Run simulates shops by their seeds. It fails with the seed and the first broken law.
func (c *simulation) Run(s *shell) error {
	parallel := c.Parallel
	if parallel == 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	seeds := make(chan uint64)
	go func() {
		defer close(seeds)
		for i := range c.Seeds {
			select {
			case seeds <- c.Seed + uint64(i):
			case <-s.ctx.Done():
				return
			}
		}
	}()
	var mu sync.Mutex
	var failed []error
	var wg sync.WaitGroup
	done := 0
	for range parallel {
		wg.Go(func() {
			for seed := range seeds {
				r, err := c.one(s, seed, parallel > 1)
				mu.Lock()
				done++
				if err == nil {
					err = c.tell(s, r)
				}
				if err != nil {
					failed = append(failed, err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := s.ctx.Err(); err != nil {
		return err
	}
	if c.Seeds > 1 && !c.JSON {
		fmt.Fprintf(s.Out, "%d seeds, %d of them broke a law\n", done, len(failed))
	}
	return errors.Join(failed...)
}

// one runs a seed: here, or in a process of its own, so that one that panics takes no
// other with it.
func (c *simulation) one(s *shell, seed uint64, apart bool) (r simulate.Report, err error) {
	if !apart {
		return simulate.Run(s.ctx, simulate.Options{Seed: seed, Trucks: c.Trucks, Days: c.Days, Faults: c.Faults, Tools: c.Tools, Store: c.Store, Nodes: c.Nodes})
	}
	self, err := os.Executable()
	if err != nil {
		return r, fmt.Errorf("find this program: %w", err)
	}
	run := exec.CommandContext(s.ctx, self, "simulate", "--json", "--seed", strconv.FormatUint(seed, 10), "--trucks", strconv.Itoa(c.Trucks), "--days", strconv.Itoa(c.Days),
		"--faults", c.Faults, "--tools", c.Tools, "--store", c.Store, "--nodes", strconv.Itoa(c.Nodes))
	run.Stderr = s.Err
	out, failed := run.Output()
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("simulate seed %d: %w", seed, errors.Join(failed, err))
	}
	return r, nil
}

// tell prints a report, and returns the first law that it says was broken.
func (c *simulation) tell(s *shell, r simulate.Report) error {
	if c.JSON {
		if err := json.NewEncoder(s.Out).Encode(r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(s.Out, "seed %d (%s): %d jobs, %d deliveries (%d applied, %d ignored, %d waiting, %d failed), %d records, %d writes, %d texts, %d webhooks lost, %d crashes, %s of the shop in %s (%s of CPU)\n",
			r.Seed, r.Tools, r.Jobs, r.Deliveries, r.Applied, r.Ignored, r.Waiting, r.Failed, r.Records, r.Writes, r.Messages, r.Lost, r.Crashes, r.Simulated, r.Took, r.CPU)
		for _, v := range r.Violations {
			fmt.Fprintln(s.Out, "  "+v)
		}
	}
	if len(r.Violations) > 0 {
		return errors.New(r.Violations[0])
	}
	return nil
}
