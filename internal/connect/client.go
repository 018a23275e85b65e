package connect

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Defaults of a Caller.
const (
	DefaultDeadline = 20 * time.Second
	DefaultLimit    = 16 << 20 // bytes of an answer
)

// A Caller makes one HTTP call at a time for a tool's client: no retries, no
// redirects, a deadline, a limit on the answer, and every failure as an *Error.
type Caller struct {
	HTTP      *http.Client
	Tool      string              // for messages: "Housecall Pro"
	Base      string              // the configured address; paths are appended
	Authorize func(*http.Request) // adds credentials
	Refused   func(Reply) *Error  // says what an answer other than 2xx means; nil: by status
	Now       func() time.Time    // for Retry-After with a date
	Deadline  time.Duration       // of one call, answer included; zero: DefaultDeadline
	Limit     int64               // bytes of an answer; zero: DefaultLimit
}

// A Call is one request. A call that is Safe may be made again whatever became of it.
type Call struct {
	Method      string
	Path        string // with leading slash, escaped
	Query       url.Values
	ContentType string
	Body        []byte
	Safe        bool // reads only
}

// A Reply is the whole answer.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	Safe   bool          // of the call
	After  time.Duration // how long the answer asks us to wait
}

// Do makes the call. Without an answer the error is Retry if the call cannot have
// been carried out or is safe, else Unknown.
func (c *Caller) Do(ctx context.Context, call Call) (Reply, error) {
	deadline := c.Deadline
	if deadline == 0 {
		deadline = DefaultDeadline
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	req, err := c.request(ctx, call)
	if err != nil {
		return Reply{}, err
	}
	client := *c.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return Reply{}, c.unanswered(call, err)
	}
	defer resp.Body.Close()
	return c.reply(call, resp)
}

func (c *Caller) request(ctx context.Context, call Call) (*http.Request, error) {
	address := strings.TrimSuffix(c.Base, "/") + call.Path
	if len(call.Query) > 0 {
		address += "?" + call.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, call.Method, address, bytes.NewReader(call.Body))
	if err != nil {
		return nil, &Error{Class: Human, Msg: "the address of " + c.Tool + " cannot be read", Cure: "correct the base URL of the connection", Err: err}
	}
	if call.ContentType != "" {
		req.Header.Set("Content-Type", call.ContentType)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "plumbline")
	if c.Authorize != nil {
		c.Authorize(req)
	}
	return req, nil
}

// unanswered classifies a call that ended without an answer.
func (c *Caller) unanswered(call Call, err error) error {
	e := &Error{Class: Unknown, Msg: c.Tool + " did not answer", Err: err}
	var op *net.OpError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.Is(err, ErrForbiddenAddress):
		e.Class, e.Msg = Human, c.Tool+"'s address leads to where we may not call"
		e.Cure = "correct the base URL of the connection"
	case errors.As(err, &cert):
		e.Class, e.Msg = Human, c.Tool+"'s certificate is not trusted"
		e.Cure = "check the base URL of the connection and this machine's clock and root certificates"
	case errors.As(err, &op) && op.Op == "dial":
		e.Class, e.Msg = Retry, c.Tool+" cannot be reached"
	case call.Safe:
		e.Class = Retry
	}
	return e
}

func (c *Caller) reply(call Call, resp *http.Response) (Reply, error) {
	limit := c.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	r := Reply{Status: resp.StatusCode, Header: resp.Header, Body: body, Safe: call.Safe, After: c.after(resp.Header)}
	switch {
	case err != nil:
		return r, c.broken(r, fmt.Errorf("read the answer: %w", err))
	case int64(len(body)) > limit:
		return r, c.broken(r, fmt.Errorf("the answer is longer than %d bytes", limit))
	case r.Status >= 200 && r.Status < 300:
		return r, nil
	}
	if c.Refused != nil {
		if e := c.Refused(r); e != nil {
			return r, e
		}
	}
	return r, c.ByStatus(r)
}

// broken is for an answer that cannot be used: a write may have been carried out.
func (c *Caller) broken(r Reply, err error) *Error {
	e := &Error{Class: Unknown, Status: r.Status, Msg: c.Tool + "'s answer cannot be read", Err: err}
	if r.Safe {
		e.Class = Retry
	}
	return e
}

// ByStatus says what an answer means whose body tells nothing. An answer with 5xx
// to a write leaves open whether it was carried out.
func (c *Caller) ByStatus(r Reply) *Error {
	e := &Error{Class: Human, Status: r.Status, Code: strconv.Itoa(r.Status), After: r.After}
	switch {
	case r.Status == http.StatusTooManyRequests:
		e.Class, e.Msg = Wait, c.Tool+" asks us to slow down"
	case r.Status == http.StatusUnauthorized:
		e.Class, e.Msg = Wait, c.Tool+" does not accept our credentials"
		e.Cure = "check the key of the connection"
	case r.Status == http.StatusForbidden:
		// Often one operation only, which must not stop all others.
		e.Msg, e.Cure = c.Tool+" does not let our key do this", "check what the key of the connection, or its user, may do"
	case r.Status == http.StatusRequestTimeout || r.Status >= 500:
		e.Class, e.Msg = Unknown, c.Tool+" has trouble of its own"
		if r.Safe {
			e.Class = Retry
		}
	case r.Status >= 300 && r.Status < 400:
		e.Msg, e.Cure = c.Tool+" sends us elsewhere, and we do not follow", "correct the base URL of the connection"
	default:
		e.Msg, e.Cure = c.Tool+" refused the call", "look at the request, and at what the vendor changed"
	}
	return e
}

// longestWait caps what an answer may ask for, so that a mistaken header cannot
// silence a connection.
const longestWait = time.Hour

// after reads Retry-After: seconds or a date.
func (c *Caller) after(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	var d time.Duration
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		d = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil && c.Now != nil {
		d = at.Sub(c.Now())
	}
	return min(max(d, 0), longestWait)
}

// NewHTTPClient returns a client that keeps away from the addresses through which
// a configured URL could reach the machine's own cloud account. Loopback and private
// networks are allowed: sandboxes and warehouses stand there. It uses no proxy, since
// a proxy would make the check meaningless.
func NewHTTPClient() *http.Client {
	d := &net.Dialer{Timeout: 10 * time.Second, Control: control}
	return &http.Client{Transport: &http.Transport{
		DialContext:           d.DialContext,
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   10 * time.Second,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       90 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
	}}
}

// ErrForbiddenAddress is the cause of a call to an address that we never call.
var ErrForbiddenAddress = errors.New("a link-local or metadata address")

// control runs after names are resolved, so a name cannot hide its address.
func control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, ErrForbiddenAddress)
	}
	if forbidden(ap.Addr()) {
		return ErrForbiddenAddress
	}
	return nil
}

// metadata holds cloud metadata services that are not link-local: AWS over IPv6,
// Azure's wire server, Alibaba, Oracle.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),
	netip.MustParseAddr("168.63.129.16"),
	netip.MustParseAddr("100.100.100.200"),
	netip.MustParseAddr("192.0.0.192"),
}

var nat64 = netip.MustParsePrefix("64:ff9b::/96")

func forbidden(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() {
		return true
	}
	for _, m := range metadata {
		if a == m {
			return true
		}
	}
	return false
}

// CheckBase says what is wrong with a configured base URL, or nothing. Plain http
// is for loopback only: credentials travel with every call.
func CheckBase(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return "it is not an absolute URL"
	case u.User != nil:
		return "it must not hold a user or password"
	case u.RawQuery != "" || u.Fragment != "":
		return "it must not hold a query or fragment"
	case u.Scheme == "https":
		return ""
	case u.Scheme != "http":
		return "it must begin with https://"
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if u.Hostname() == "localhost" || err == nil && ip.IsLoopback() {
		return ""
	}
	return "it must begin with https://, except on this machine"
}
