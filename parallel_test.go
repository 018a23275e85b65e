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
