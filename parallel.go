package plumbline

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls f with 0 to n-1, on all processors at once, and returns when every call
// has. What f finds out it puts where its number says, so that the outcome does not
// depend on which call came first. It panics if one of them does.
func Each(n int, f func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers < 2 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var broken atomic.Pointer[any] // a panic elsewhere could not be recovered from by the caller
	work := func() {
		defer func() {
			if p := recover(); p != nil {
				broken.CompareAndSwap(nil, &p)
			}
		}()
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			f(i)
		}
	}
	var others sync.WaitGroup
	for range workers - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	if p := broken.Load(); p != nil {
		panic(*p)
	}
}

// EachErr is Each for calls that may fail: it returns the error of the lowest number.
func EachErr(n int, f func(i int) error) error {
	errs := make([]error, n)
	Each(n, func(i int) { errs[i] = f(i) })
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Pipeline takes things in chunks: while a chunk is worked on, the next is loaded and
// the one before is stored. Loading and storing are done by the caller's goroutine, in
// order. After an error nothing more is stored.
func Pipeline[T any](chunks int, load func(i int) (T, error), work, store func(T) error) error {
	type running struct {
		chunk T
		done  chan error
		broke *any
	}
	var before *running
	finish := func(r *running) error {
		err := <-r.done
		if r.broke != nil {
			panic(*r.broke)
		}
		return err
	}
	for i := range chunks {
		chunk, err := load(i)
		if err != nil {
			if before != nil {
				err = errors.Join(finish(before), err)
			}
			return err
		}
		now := &running{chunk: chunk, done: make(chan error, 1)}
		go func() {
			defer func() {
				if p := recover(); p != nil {
					now.broke = &p
					now.done <- nil
				}
			}()
			now.done <- work(now.chunk)
		}()
		if before != nil {
			if err = finish(before); err == nil {
				err = store(before.chunk)
			}
			if err != nil {
				return errors.Join(err, finish(now))
			}
		}
		before = now
	}
	if before == nil {
		return nil
	}
	if err := finish(before); err != nil {
		return err
	}
	return store(before.chunk)
}
