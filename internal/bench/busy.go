package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
)

// busy measures how long webhooks wait for their 2xx at 500 a second while everything
// that they say is applied beside.
func busy(ctx context.Context, o Options, r Report) (err error) {
	const rate = 500
	seconds := 15
	if o.Quick {
		seconds = 4
	}
	m, err := shopMix(ctx, 10, 2)
	if err != nil {
		return err
	}
	bodies := m.copies(1 + seconds*rate/len(m.bodies))
	began, start := m.until, time.Now()
	now := func() time.Time { return began.Add(time.Since(start)) }
	n, err := build(ctx, setup{file: filepath.Join(o.Dir, "busy.db"), crm: "rehearsal", sender: "rehearsal", now: now, log: o.Log})
	if err != nil {
		return err
	}
	defer func() { err = closing(err, n) }()
	d, err := listen(n.Hooks())
	if err != nil {
		return err
	}
	defer d.Close()
	running, stop := context.WithCancel(ctx)
	done := make(chan struct{}, 2)
	go func() { n.Run(running); done <- struct{}{} }()
	var behind time.Duration
	go func() { // the longest that anything has waited to be applied
		for running.Err() == nil {
			time.Sleep(100 * time.Millisecond)
			_ = n.DB.View(running, now(), func(tx *db.Tx) error {
				if waits, err := inbox.Waiting(tx, location, 1); err == nil && len(waits) == 1 {
					behind = max(behind, now().Sub(waits[0].Received))
				}
				return nil
			})
		}
		done <- struct{}{}
	}()
	requests := bodies[:seconds*rate]
	waits, err := paced(ctx, d.addr, len(requests), rate, func(i int) []byte { return request(requests[i], now()) })
	stop()
	<-done
	<-done
	if err != nil {
		return err
	}
	nothing, err := listen(forgetting(n))
	if err != nil {
		return err
	}
	defer nothing.Close()
	free, err := paced(ctx, nothing.addr, rate*2, rate, func(i int) []byte { return request(requests[i], now()) })
	if err != nil {
		return err
	}
	r["keep_p99_ms_busy"] = Figure{Value: ms(quantile(waits, 0.99)), Unit: "ms", Floor: "<= 250, advance under 1 s behind", Ceiling: ms(quantile(free, 0.99)),
		Note: fmt.Sprintf("p50 %.1f ms over %d webhooks in %d s, of a shop's mix %s; advance was at most %.2f s behind", ms(quantile(waits, 0.5)), len(waits), seconds, m.kinds(), behind.Seconds())}
	return nil
}
