package hubspot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options describe an account. The zero value of each field has a default.
type Options struct {
	Now    func() time.Time // default time.Now
	Rand   *rand.Rand       // default a fixed seed
	Token  string           // the service key that calls must carry; default "pat-na1-sandbox"
	Portal int64            // the account's id, called Hub ID; default 24600001
	App    int64            // the id that our writes leave in histories; default 7906213
	Zone   *time.Location   // the account's time zone, where its days begin; default UTC
	Limits Limits
	Faults Faults
	// MergedGone makes the id of a merged record answer as not found. Not
	// documented: by default it leads to the record that took its place.
	MergedGone bool
	// PrimaryIDPreserved keeps the primary's id in a merge, as accounts in that
	// beta have it. By default the result of a merge has a new id.
	PrimaryIDPreserved bool
}

// A Sandbox is one account behind an http.Handler that serves api.hubapi.com's
// paths. It is safe for concurrent use; requests are done one after another.
type Sandbox struct {
	mu       sync.Mutex
	portal   *portal
	token    string
	limits   Limits
	mux      *http.ServeMux
	requests map[string]int
	answers  map[int]int
}

// New opens an empty account.
func New(o Options) *Sandbox {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.New(rand.NewPCG(1, 2))
	}
	if o.Token == "" {
		o.Token = "pat-na1-sandbox"
	}
	if o.Portal == 0 {
		o.Portal = 24_600_001
	}
	if o.App == 0 {
		o.App = 7_906_213
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	s := &Sandbox{
		portal: newPortal(o), token: o.Token, limits: o.Limits.filled(), mux: http.NewServeMux(),
		requests: map[string]int{}, answers: map[int]int{},
	}
	for _, route := range routes {
		s.mux.HandleFunc(route.pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, route) })
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html;charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<html>\n<head>\n<title>Error 404 Not Found</title>\n</head>\n<body><h2>HTTP ERROR 404 Not Found</h2></body>\n</html>\n")
	})
	return s
}

func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// A call is one request that was let in.
type call struct {
	*portal
	request *http.Request
	body    []byte
	header  http.Header // of the answer
}

// A handler does a call and returns its status and body. Its error is an
// *apiError.
type handler func(*call) (int, any, error)

// An answer is what is sent, unless it is lost.
type answer struct {
	status int
	header http.Header
	body   []byte
	lost   bool
}

const maxBody = 10 << 20 // bytes

func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request, route route) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	a := s.answer(r, body, err, route)
	if a.lost {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	if _, err := w.Write(a.body); err != nil {
		return // the caller is gone
	}
}

// answer does a request under the lock and counts it.
func (s *Sandbox) answer(r *http.Request, body []byte, unread error, route route) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[s.portal.kind(r, route)]++
	c := &call{portal: s.portal, request: r, body: body, header: http.Header{}}
	c.undo = nil

	m := s.portal.misfortune(s.portal.faults, route.write, s.portal.clock())
	status, result, err := s.admitted(c, m, unread, route)
	a := s.portal.render(c, status, result, err)
	if a.lost = err == nil && m.lost; a.lost {
		status = 0
	}
	if err == nil && m.garbage && len(a.body) > 1 {
		a.status, a.body = http.StatusOK, a.body[:len(a.body)/2]
	}
	if !a.lost {
		status = a.status
	}
	s.answers[status]++
	return a
}

// admitted lets a request pass the token, the account's state, the limits and
// the scopes, in this order, and does it.
func (s *Sandbox) admitted(c *call, m misfortune, unread error, route route) (int, any, error) {
	if c.request.Header.Get("Authorization") != "Bearer "+s.token {
		return 0, nil, categoryError(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
	}
	if m.before != nil {
		return 0, nil, m.before
	}
	if refused := c.admit(s.limits, route.family, c.clock(), c.header); refused != nil {
		return 0, nil, refused
	}
	if needed := route.needs(c); !c.granted(needed) {
		e := categoryError(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call.",
			detail{message: "One or more of the following scopes are required.", context: map[string][]string{"requiredGranularScopes": needed}})
		return 0, nil, e.with("links", map[string]string{"scopes": "https://developers.hubspot.com/scopes"})
	}
	if unread != nil {
		return 0, nil, plainError(413, "Request body is too large.")
	}
	status, result, err := route.handle(c)
	if err != nil {
		c.rollback(0)
		return 0, nil, err
	}
	return status, result, nil
}

// render writes the answer as JSON, with the id by which the vendor's support
// would find an error.
func (p *portal) render(c *call, status int, result any, err error) answer {
	a := answer{status: status, header: c.header}
	if err != nil {
		var e *apiError
		if !errors.As(err, &e) {
			e = categoryError(500, "INTERNAL_ERROR", "internal error")
		}
		a.status, result = e.status, nil
		for k, v := range e.headers {
			a.header.Set(k, v)
		}
		if e.body != nil {
			result = p.traced(e.body)
		}
	}
	if result == nil {
		return a
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(result); err != nil {
		return answer{status: 500, header: c.header}
	}
	a.header.Set("Content-Type", "application/json;charset=utf-8")
	a.body = []byte(b.String())
	return a
}

func (p *portal) traced(body document) document {
	body = maps.Clone(body)
	switch body["policyName"] {
	case "SECONDLY": // carries none
	case "DAILY":
		body["correlationId"], body["requestId"] = p.uuid(), p.uuid()
	default:
		body["correlationId"] = p.uuid()
	}
	return body
}

func (p *portal) uuid() string {
	a, b := p.rand.Uint64(), p.rand.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffff_ffff_ffff)
}

// decode reads the body. Unknown fields are ignored; a value of the wrong JSON
// type is refused, also where the vendor's parser might be kinder.
func (c *call) decode(into any) error {
	if err := json.Unmarshal(c.body, into); err != nil {
		column := 1
		var syntax *json.SyntaxError
		var wrong *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax):
			column = int(syntax.Offset)
		case errors.As(err, &wrong):
			column = int(wrong.Offset)
		}
		return invalid(fmt.Sprintf("Invalid input JSON on line 1, column %d: %v", column, err))
	}
	return nil
}

func missingFields(names ...string) *apiError {
	return invalid("Invalid input JSON on line 1, column 2. Some required fields were not set: [" + strings.Join(names, ", ") + "]")
}

// objectType reads the type named in a path.
func (c *call) objectType(key string) (*objectType, error) {
	return c.typeNamed(c.request.PathValue(key))
}
