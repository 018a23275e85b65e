package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"plumbline.dev/plumbline/internal/app"
)

// Bounds of the HTTP server, and of stopping it.
const (
	headersWithin = 10 * time.Second
	requestWithin = 30 * time.Second
	answerWithin  = 60 * time.Second
	idleFor       = 2 * time.Minute
	stopWithin    = 15 * time.Second

	// lookAround is how often a node looks for work that another command left in the
	// same database, where nothing tells it of that.
	lookAround = 5 * time.Second
)

type serve struct{}

// Run serves until it is told to stop: it finishes the requests that are being
// answered and gives back what it holds, so that another node need not wait.
func (c *serve) Run(s *shell) (err error) {
	log := logger(s.Err)
	n, err := s.node(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	listener, err := (&net.ListenConfig{}).Listen(s.ctx, "tcp", n.Config.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", n.Config.Listen, err)
	}
	return serveOn(s.ctx, listener, n, log)
}

func serveOn(ctx context.Context, listener net.Listener, n *app.Node, log *slog.Logger) error {
	server := &http.Server{Handler: n.API().Handler(), ReadHeaderTimeout: headersWithin, ReadTimeout: requestWithin, WriteTimeout: answerWithin,
		IdleTimeout: idleFor, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	running := make(chan struct{})
	go func() {
		n.Run(run)
		close(running)
	}()
	go lookAgain(run, n)
	broken := make(chan error, 1)
	go func() { broken <- server.Serve(listener) }()
	log.Info("serving", "address", listener.Addr().String(), "locations", len(n.Locations))

	var failed error
	select {
	case <-ctx.Done():
		log.Info("stopping")
	case failed = <-broken:
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	err := server.Shutdown(end)
	stop()
	<-running
	return errors.Join(failed, err, n.Release(end))
}

// lookAgain wakes the node now and then.
func lookAgain(ctx context.Context, n *app.Node) {
	tick := time.NewTicker(lookAround)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, l := range n.Locations {
				n.Nudge(l)
			}
		}
	}
}
