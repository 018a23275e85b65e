package shop

import (
	"testing"
)

func TestAWeekRunsWithoutAnErrorOfASandbox(t *testing.T) {
	for seed := range uint64(4) {
		w := open(t, seed, 4, 5, 40).run()
		t.Logf("seed %d: %d people, %d customers, %d jobs, %d texts, %d steps, over at %s", seed, len(w.Story().People), len(w.clients), len(w.Story().Jobs), w.texts, w.steps, w.now)
	}
}
