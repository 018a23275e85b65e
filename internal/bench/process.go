package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/tenant"
)

// process measures the program as a process of its own, on a large database: how soon
// after its start it answers a webhook, and how much memory it takes at 50 a second.
func process(ctx context.Context, o Options, r Report) (err error) {
	_, jobs := o.sizes()
	file := filepath.Join(o.Dir, fmt.Sprintf("jobs-%d.db", jobs))
	if _, err := os.Stat(file); err != nil {
		if err := stored(ctx, o, file, jobs); err != nil {
			return err
		}
	}
	config := filepath.Join(o.Dir, "plumbline.yaml")
	if err := quiet(ctx, o, file, config); err != nil {
		return err
	}
	empty, err := start(ctx, "bench", "--empty")
	if err != nil {
		return err
	}
	bare := empty.answered
	if err := empty.load(ctx, 2); err != nil {
		return errors.Join(err, empty.end())
	}
	emptyPeak, err := empty.peak()
	if err := errors.Join(err, empty.end()); err != nil {
		return err
	}
	var colds []time.Duration
	for range 3 {
		p, err := start(ctx, "serve", "--config", config)
		if err != nil {
			return err
		}
		colds = append(colds, p.answered)
		if len(colds) < 3 {
			if err := p.end(); err != nil {
				return err
			}
			continue
		}
		seconds := 15
		if o.Quick {
			seconds = 5
		}
		err = p.load(ctx, seconds)
		peak, unread := p.peak()
		if err := errors.Join(err, unread, p.end()); err != nil {
			return err
		}
		r["rss_mb"] = Figure{Value: peak, Unit: "MB", Floor: "<= 250", Ceiling: emptyPeak,
			Note: fmt.Sprintf("peak of serve at 50 webhooks of 4 KB a second for %d s, with %d jobs of ten deliveries stored; beside it an empty net/http server", seconds, jobs)}
	}
	r["cold_start_ms"] = Figure{Value: ms(quantile(colds, 0.5)), Unit: "ms", Floor: "<= 500", Ceiling: ms(bare),
		Note: fmt.Sprintf("median of %d starts of serve until a webhook was answered 2xx, with %d jobs stored; beside it an empty net/http server", len(colds), jobs)}
	return nil
}

// quiet writes a configuration, and lets the database's connections call nobody.
func quiet(ctx context.Context, o Options, file, config string) error {
	s := setup{file: file, crm: "rehearsal", sender: "rehearsal", now: func() time.Time { return late }, log: o.Log}
	n, err := build(ctx, s)
	if err != nil {
		return err
	}
	err = n.DB.Do(ctx, late, func(tx *db.Tx) error {
		return errors.Join(tenant.Switch(tx, location, "hcp", tenant.Off), tenant.Switch(tx, location, "hubspot", tenant.Rehearsal), tenant.Switch(tx, location, "twilio", tenant.Rehearsal))
	})
	if err := closing(err, n); err != nil {
		return err
	}
	text := strings.Replace(configuration(s), "127.0.0.1:0", address, 1)
	return os.WriteFile(config, []byte(text), 0o600)
}

// address is where the processes listen that are measured, one at a time.
const address = "127.0.0.1:47913"

// A running is this program as another process.
type running struct {
	*exec.Cmd
	answered time.Duration // after its start
}

// start starts this program anew and waits until it has answered a webhook.
func start(ctx context.Context, args ...string) (*running, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &running{Cmd: exec.CommandContext(ctx, self, args...)}
	began := time.Now()
	if err := p.Start(); err != nil {
		return nil, err
	}
	for i := 0; time.Since(began) < 20*time.Second; i++ {
		if l, err := dial(ctx, address); err == nil {
			err = l.ask(request(smallBody(int(began.UnixNano()%1e9), i), time.Now()))
			if err := errors.Join(err, l.Close()); err != nil {
				return nil, errors.Join(err, p.end())
			}
			p.answered = time.Since(began)
			return p, nil
		}
		time.Sleep(time.Millisecond)
	}
	return nil, errors.Join(fmt.Errorf("plumbline %s did not listen on %s", strings.Join(args, " "), address), p.end())
}

// load sends 50 webhooks a second.
func (p *running) load(ctx context.Context, seconds int) error {
	_, err := paced(ctx, address, seconds*50, 50, func(i int) []byte { return request(jobBody(days, i, steps+50), time.Now()) })
	return err
}

// peak is the most memory that the process has had, in MB.
func (p *running) peak() (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read the memory of a process, which works on Linux only: %w", err)
	}
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0]), "kB")))
	return float64(kb) / 1024, err
}

// end stops the process and waits for it.
func (p *running) end() error {
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	var exit *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}

// Empty is a server that does nothing, to compare with.
func Empty(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), ReadHeaderTimeout: time.Minute}
	stopped := context.AfterFunc(ctx, func() { _ = s.Close() }) // it ends Serve
	defer stopped()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
