package simulate

import (
	"reflect"
	"testing"
)

// A seed reproduces its run, and no law is broken in it. The many seeds are run by
// scripts/simulation.
func TestASeedReproducesItsRun(t *testing.T) {
	run := func() Report {
		r, err := Run(t.Context(), Options{Seed: 209, Trucks: 1, Faults: "heavy"})
		if err != nil {
			t.Fatal(err)
		}
		r.Took, r.CPU = "", ""
		return r
	}
	first := run()
	if len(first.Violations) > 0 {
		t.Errorf("laws were broken: %v", first.Violations)
	}
	if first.Crashes == 0 || first.Messages == 0 || first.Jobs == 0 || first.Lost == 0 || first.Tools != bothTools {
		t.Errorf("a day of both tools under heavy faults was without crashes, texts, jobs or lost webhooks: %+v", first)
	}
	if again := run(); !reflect.DeepEqual(first, again) {
		t.Errorf("run again, the seed gave %+v, before %+v", again, first)
	}
}
