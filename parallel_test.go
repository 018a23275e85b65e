package plumbline

import (
	"errors"
	"fmt"
	"testing"
)

func TestEachCallsEveryNumberOnce(t *testing.T) {
	for _, n := range []int{0, 1, 2, 100} {
		calls := make([]int, n)
		Each(n, func(i int) { calls[i]++ })
		for i, c := range calls {
			if c != 1 {
				t.Errorf("of %d, %d was called %d times", n, i, c)
			}
		}
	}
}

func TestEachErrReturnsTheErrorOfTheLowestNumber(t *testing.T) {
	err := EachErr(100, func(i int) error {
		if i%7 == 3 {
			return fmt.Errorf("%d", i)
		}
		return nil
	})
	if err == nil || err.Error() != "3" {
		t.Errorf("the error is %v, want 3", err)
	}
}

func TestAPanicIsTheCallers(t *testing.T) {
	broken := errors.New("broken")
	defer func() {
		if p := recover(); p != broken {
			t.Errorf("recovered %v, want what f panicked with", p)
		}
	}()
	Each(100, func(i int) {
		if i == 41 {
			panic(broken)
		}
	})
	t.Error("it went on")
}

func TestAPipelineStoresInOrderAndStopsAtAnError(t *testing.T) {
	var stored []int
	load := func(i int) (int, error) { return i, nil }
	store := func(i int) error { stored = append(stored, i); return nil }
	if err := Pipeline(5, load, func(int) error { return nil }, store); err != nil || len(stored) != 5 || stored[0] != 0 || stored[4] != 4 {
		t.Errorf("stored %v, %v", stored, err)
	}
	broken := errors.New("broken")
	fails := func(at int) func(int) error {
		return func(i int) error {
			if i == at {
				return broken
			}
			return nil
		}
	}
	for name, run := range map[string]func() error{
		"load": func() error { return Pipeline(5, func(i int) (int, error) { return i, fails(2)(i) }, fails(-1), store) },
		"work": func() error { return Pipeline(5, load, fails(1), store) },
		"store": func() error {
			return Pipeline(5, load, fails(-1), func(i int) error { return errors.Join(fails(1)(i), store(i)) })
		},
	} {
		stored = nil
		if err := run(); !errors.Is(err, broken) {
			t.Errorf("%s: %v, want its error", name, err)
		}
		if len(stored) > 2 {
			t.Errorf("%s: stored %v after an error", name, stored)
		}
	}
}

func TestWhatIsLoadedIsWorkedOnWhileTheNextIs(t *testing.T) {
	next := make(chan struct{})
	err := Pipeline(2, func(i int) (int, error) {
		if i == 1 {
			close(next)
		}
		return i, nil
	}, func(i int) error {
		if i == 0 {
			<-next // would wait for ever if the first were finished before the second is loaded
		}
		return nil
	}, func(int) error { return nil })
	if err != nil {
		t.Error(err)
	}
}

func TestAPanicInAPipelineIsTheCallers(t *testing.T) {
	broken := errors.New("broken")
	defer func() {
		if p := recover(); p != broken {
			t.Errorf("recovered %v, want what work panicked with", p)
		}
	}()
	_ = Pipeline(3, func(i int) (int, error) { return i, nil }, func(i int) error { panic(broken) }, func(int) error { return nil })
	t.Error("it went on")
}
