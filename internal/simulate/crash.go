package simulate

import (
	"context"
	"errors"
	"fmt"
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

// step lets a part of a node take one step. The node may die in it, or after it.
func (n *node) step(ctx context.Context, p *part) (worked bool, next time.Time, err error) {
	w := n.w
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
		worked, next, err = p.step(ctx, w.now)
	}()
	if err != nil {
		err = fmt.Errorf("%s: %w", p.name, err)
	}
	if dead || !w.calm && w.level.crash > 0 && w.fate.Float64() < w.level.crash {
		return true, w.now, errors.Join(err, n.die())
	}
	return worked, next, err
}

// measure notes how many rows a transaction of a node has written at most.
func (w *world) measure(n *node) { w.report.MostRows = max(w.report.MostRows, n.app.DB.Most()) }

// die stops a node. Most come back at once, some after a while.
func (n *node) die() error {
	w := n.w
	w.report.Crashes++
	w.measure(n)
	err := n.app.Close()
	n.app, n.parts, n.woken = nil, nil, true
	n.hooks = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if w.fate.IntN(3) == 0 {
		n.down = w.now.Add(between(w.fate, time.Second, 4*time.Minute))
		w.dead = append(w.dead, span{w.now, n.down})
	}
	return err
}
