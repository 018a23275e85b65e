// Package sandbox is the ground that the vendors' fakes stand on: a network
// that lives inside one process, so that a simulation in one goroutine can
// run the real clients against the fakes without sockets and without waiting.
// It must not know any vendor, nor anything of the product.
package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options are what a Net needs from its world.
type Options struct {
	Now  func() time.Time // asked for outages and the Date header
	Rand *rand.Rand       // decides faults; nobody else may draw from it while a request runs
}

// Faults are chances from 0 to 1 per request; at most one of them happens to
// a request. The caller cannot tell CutBefore from CutAfter.
type Faults struct {
	Refused   float64 // the connection is refused; nothing reached the handler
	CutBefore float64 // the connection breaks before the handler ran
	CutAfter  float64 // the connection breaks after the handler committed
	Slow      float64 // the handler commits, but its answer comes after the caller's deadline
}

// Net is an http.RoundTripper that hands each request to the handler of its
// host. Answers are whole: it cannot carry a stream that never ends.
type Net struct {
	opts Options

	mu      sync.Mutex
	hosts   map[string]http.Handler
	faults  map[string]Faults
	outages map[string][]outage
	judges  map[string]Judge
}

// A Judge decides what happens to one request on its way to a host.
type Judge func(r *http.Request, body []byte) Fate

type outage struct{ from, until time.Time }

// New returns a network without hosts.
func New(o Options) *Net {
	return &Net{
		opts:    o,
		hosts:   map[string]http.Handler{},
		faults:  map[string]Faults{},
		outages: map[string][]outage{},
		judges:  map[string]Judge{},
	}
}

// Handle puts a handler at a host ("api.example.com", or with a port). A host
// without a port answers on the default ports only.
func (n *Net) Handle(host string, h http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[strings.ToLower(host)] = h
}

// SetFaults replaces the faults on the way to a host.
func (n *Net) SetFaults(host string, f Faults) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults[strings.ToLower(host)] = f
}

// Down refuses connections to a host from an instant until another one,
// which is not included. Outages add up.
func (n *Net) Down(host string, from, until time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	host = strings.ToLower(host)
	n.outages[host] = append(n.outages[host], outage{from, until})
}

// Judge lets j decide what happens to each request to a host, in place of chance; nil
// ends that.
func (n *Net) Judge(host string, j Judge) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.judges[strings.ToLower(host)] = j
}

// RoundTrip runs the handler of the request's host and returns its answer, or
// the error that a real connection would have ended with. A handler that
// panics with http.ErrAbortHandler has cut the connection; any other panic is
// a bug in a handler and goes through.
func (n *Net) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	host := hostOf(req.URL)
	h, fate := n.fate(host)
	n.mu.Lock()
	judge := n.judges[host]
	n.mu.Unlock()
	if judge != nil {
		fate = judge(req, body)
	}
	switch {
	case h == nil:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: req.URL.Hostname(), IsNotFound: true}}
	case fate == Refused:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case fate == CutBefore:
		return nil, io.ErrUnexpectedEOF
	}
	resp, err := n.serve(h, req, body)
	switch {
	case err != nil:
		return nil, err
	case fate == CutAfter:
		return nil, io.ErrUnexpectedEOF
	case fate == Slow:
		return nil, context.DeadlineExceeded
	}
	return resp, nil
}

// Fate is what happens to one request, as in Faults.
type Fate int

// The fates.
const (
	Fine Fate = iota
	Refused
	CutBefore
	CutAfter
	Slow
)

// fate finds the handler and decides what happens to one request. It draws
// once for a host that has faults and never for one that has none.
func (n *Net) fate(host string) (http.Handler, Fate) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.hosts[host]
	if h == nil {
		return nil, Fine
	}
	for _, o := range n.outages[host] {
		if now := n.opts.Now(); !now.Before(o.from) && now.Before(o.until) {
			return h, Refused
		}
	}
	f := n.faults[host]
	if f == (Faults{}) {
		return h, Fine
	}
	u := n.opts.Rand.Float64()
	for _, c := range []struct {
		chance float64
		fate   Fate
	}{{f.Refused, Refused}, {f.CutBefore, CutBefore}, {f.CutAfter, CutAfter}, {f.Slow, Slow}} {
		if u < c.chance {
			return h, c.fate
		}
		u -= c.chance
	}
	return h, Fine
}

// serve runs a handler on the request as a server would have parsed it.
func (n *Net) serve(h http.Handler, req *http.Request, body []byte) (resp *http.Response, err error) {
	rec := httptest.NewRecorder()
	in := incoming(req, body)
	func() {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				err = io.ErrUnexpectedEOF
			default:
				panic(p)
			}
		}()
		h.ServeHTTP(rec, in)
	}()
	if err != nil {
		return nil, err
	}
	return n.outgoing(req, rec), nil
}

// incoming is the request as the server sees it: no URL but path and query,
// its own body, and the headers that a client's connection adds.
func incoming(req *http.Request, body []byte) *http.Request {
	in := req.Clone(req.Context())
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.ContentLength = int64(len(body))
	in.GetBody = nil
	in.Response = nil
	in.TransferEncoding = nil
	in.RemoteAddr = "192.0.2.1:1234"
	in.RequestURI = req.URL.RequestURI()
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Header == nil {
		in.Header = http.Header{}
	}
	if _, set := in.Header["User-Agent"]; !set {
		in.Header.Set("User-Agent", "Go-http-client/1.1")
	}
	if len(body) > 0 {
		in.Header.Set("Content-Length", fmt.Sprint(len(body)))
	}
	in.URL = &url.URL{Path: req.URL.Path, RawPath: req.URL.RawPath, RawQuery: req.URL.RawQuery}
	return in
}

// outgoing is the answer as the client sees it.
func (n *Net) outgoing(req *http.Request, rec *httptest.ResponseRecorder) *http.Response {
	resp := rec.Result()
	resp.Request = req
	resp.Proto, resp.ProtoMajor, resp.ProtoMinor = "HTTP/1.1", 1, 1
	if resp.Header.Get("Date") == "" {
		resp.Header.Set("Date", n.opts.Now().UTC().Format(http.TimeFormat))
	}
	size := rec.Body.Len()
	bodiless := resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified
	if req.Method == http.MethodHead || bodiless {
		resp.Body = http.NoBody
	}
	if !bodiless && resp.Header.Get("Content-Length") == "" {
		resp.Header.Set("Content-Length", fmt.Sprint(size))
		resp.ContentLength = int64(size)
	}
	return resp
}

// readBody reads and closes the body, as a round tripper must even when it fails.
func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, fmt.Errorf("send the request's body: %w", err)
	}
	return body, nil
}

// hostOf is the host as Handle knows it: lower case, default port dropped.
func hostOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}
