package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// signed makes whole HTTP requests of the field tool's webhooks, signed now.
func signed(n int, body func(i int) []byte) [][]byte {
	requests := make([][]byte, n)
	for i := range requests {
		requests[i] = request(body(i), time.Now())
	}
	return requests
}

// request is one webhook as it stands on the wire.
func request(body []byte, at time.Time) []byte {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(fieldSecret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return fmt.Appendf(nil, "POST /hooks/%s/hcp HTTP/1.1\r\nHost: plumbline.example.com\r\nContent-Type: application/json\r\nApi-Timestamp: %s\r\nApi-Signature: %s\r\nContent-Length: %d\r\n\r\n%s",
		location, stamp, hex.EncodeToString(mac.Sum(nil)), len(body), body)
}

// A burst is what came of sending webhooks.
type burst struct {
	n     int
	took  time.Duration
	waits []time.Duration // for each answer
}

func (b *burst) add(more burst) {
	b.n, b.took, b.waits = b.n+more.n, b.took+more.took, append(b.waits, more.waits...)
}

func (b *burst) rate() float64 { return float64(b.n) / b.took.Seconds() }

func (b *burst) quantile(q float64) time.Duration { return quantile(b.waits, q) }

// quantile is the smallest value that is no less than the share q of all.
func quantile(waits []time.Duration, q float64) time.Duration {
	if len(waits) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(waits))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// send sends requests over so many connections that are kept alive, each waiting for
// its answer before its next. Any answer but 2xx is an error.
func send(ctx context.Context, addr string, requests [][]byte, connections int) (b burst, err error) {
	lines := make([]*line, connections)
	for i := range lines {
		if lines[i], err = dial(ctx, addr); err != nil {
			return b, err
		}
		defer lines[i].Close()
	}
	b.n, b.waits = len(requests), make([]time.Duration, len(requests))
	var next atomic.Int64
	errs := make(chan error, connections)
	var wg sync.WaitGroup
	start := time.Now()
	for _, l := range lines {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(requests)); i = next.Add(1) - 1 {
				at := time.Now()
				if err := l.ask(requests[i]); err != nil {
					errs <- err
					return
				}
				b.waits[i] = time.Since(at)
			}
		})
	}
	wg.Wait()
	b.took = time.Since(start)
	close(errs)
	return b, <-errs
}

// paced sends so many requests a second, each when its time has come, whether those
// before it are answered or not. It returns how long after that time each was answered.
func paced(ctx context.Context, addr string, count, rate int, next func(i int) []byte) (waits []time.Duration, err error) {
	waits = make([]time.Duration, count)
	lines := make(chan *line, 512) // that wait for something to send
	errs := make(chan error, 2*count+512)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range count {
		at := start.Add(time.Duration(i) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(at))
		var l *line
		select {
		case l = <-lines:
		default:
			if l, err = dial(ctx, addr); err != nil {
				return nil, err
			}
		}
		request := next(i)
		wg.Go(func() {
			if err := l.ask(request); err != nil {
				errs <- err
				return
			}
			waits[i] = time.Since(at)
			select {
			case lines <- l:
			default:
				errs <- l.Close()
			}
		})
	}
	wg.Wait()
	for range len(lines) {
		errs <- (<-lines).Close()
	}
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	return waits, err
}

// A line is one connection as a vendor keeps it open.
type line struct {
	net.Conn
	in *textproto.Reader
}

func dial(ctx context.Context, addr string) (*line, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &line{c, textproto.NewReader(bufio.NewReader(c))}, nil
}

// ask sends a request and waits for a 2xx without a body.
func (l *line) ask(request []byte) error {
	if _, err := l.Write(request); err != nil {
		return err
	}
	status, err := l.in.ReadLineBytes()
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 2")) {
		return fmt.Errorf("a webhook was answered %q", status)
	}
	for {
		header, err := l.in.ReadLineBytes()
		if err != nil {
			return err
		}
		if len(header) == 0 {
			return nil
		}
	}
}
