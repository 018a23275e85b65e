package simulate

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// died is the panic of a node whose machine stops. Nothing that it had begun outside
// of a committed transaction is left of it.
type died struct{}

// A wire is a node's way out. In heavy weather the node dies with a call: before it
// left, or when the vendor has done what was asked and nothing is written down.
type wire struct{ n *node }

// RoundTrip carries a call over the world's network.
func (x *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w := x.n.w
	dies := !w.calm && w.level.cut > 0 && w.fate.Float64() < w.level.cut
	if dies && w.fate.IntN(4) == 0 {
		panic(died{})
	}
	resp, err := w.network.RoundTrip(r)
	if dies {
		panic(died{})
	}
	return resp, err
}

// step lets a node do one round. It may die in it.
func (n *node) step(ctx context.Context) (worked bool, next time.Time, err error) {
	w := n.w
	if w.now.Before(n.down) {
		return false, n.down, nil
	}
	if n.app == nil {
		if err := n.build(ctx); err != nil {
			return false, w.now, err
		}
	}
	dead := false
	func() {
		defer func() {
			if p := recover(); p != nil {
				if _, ok := p.(died); !ok {
					panic(p)
				}
				dead = true
			}
		}()
		worked, next, err = n.app.Step(ctx, w.now)
	}()
	if dead || !w.calm && w.level.crash > 0 && w.fate.Float64() < w.level.crash {
		return true, w.now, errors.Join(err, n.die())
	}
	return worked, next, err
}

// die stops a node. Most come back at once, some after a while.
func (n *node) die() error {
	w := n.w
	w.report.Crashes++
	err := n.app.Close()
	n.app, n.woken = nil, true
	n.hooks = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if w.fate.IntN(3) == 0 {
		n.down = w.now.Add(between(w.fate, time.Second, 4*time.Minute))
	}
	return err
}
