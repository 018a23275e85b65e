package jobber

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// ServeHTTP answers the API: the GraphQL endpoint and OAuth's two pages.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.Method + " " + r.URL.Path {
	case "GET /api/oauth/authorize":
		s.getAuthorize(w, r)
	case "POST /api/oauth/token":
		s.throughFaults(w, s.opts.Faults.LostTokens, func(w http.ResponseWriter) { s.postToken(w, r) })
	case "POST /api/graphql":
		s.postFaulty(w, r)
	default:
		reply(w, http.StatusNotFound, message("Not Found"))
	}
}

// throughFaults does something and, by chance, loses the answer.
func (s *Sandbox) throughFaults(w http.ResponseWriter, lost float64, do func(http.ResponseWriter)) {
	if s.chance(lost) {
		do(unheard{})
		panic(http.ErrAbortHandler)
	}
	do(w)
}

// postFaulty answers a query, or does to it what happens on the way.
func (s *Sandbox) postFaulty(w http.ResponseWriter, r *http.Request) {
	f := s.opts.Faults
	switch {
	case s.tooMany() || s.chance(f.TooMany):
		reply(w, http.StatusTooManyRequests, message("Too Many Requests"))
	case s.chance(f.ServerError):
		reply(w, http.StatusInternalServerError, message("Service temporarily unavailable"))
	case s.chance(f.CutBefore):
		panic(http.ErrAbortHandler)
	case s.chance(f.Garbage):
		s.postGraphQL(unheard{}, r)
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><body>Bad Gateway</body></html>"))
	case s.chance(f.Slow):
		s.postGraphQL(unheard{}, r)
		s.stall(r)
	default:
		s.throughFaults(w, f.LostAnswer, func(w http.ResponseWriter) { s.postGraphQL(w, r) })
	}
}

// stall lets the caller wait until they give up, others not. One who would
// wait for ever is cut off. The wait is the caller's own: who runs in simulated
// time outside a bubble uses the slow answers of sandbox.Net instead.
func (s *Sandbox) stall(r *http.Request) {
	if _, limited := r.Context().Deadline(); limited {
		s.mu.Unlock()
		<-r.Context().Done()
		s.mu.Lock()
	}
	panic(http.ErrAbortHandler)
}

// unheard is an answer that nobody gets.
type unheard struct{}

func (unheard) Header() http.Header         { return http.Header{} }
func (unheard) Write(b []byte) (int, error) { return len(b), nil }
func (unheard) WriteHeader(int)             {}

// postGraphQL checks what comes before GraphQL; its errors are flat. The
// statuses of a wrong content type (415) and of a query that cannot be parsed
// (400) are choices.
func (s *Sandbox) postGraphQL(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		reply(w, http.StatusUnsupportedMediaType, message("The content type must be application/json"))
		return
	}
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if why := s.refused(token); bearer && why != "" {
		status := http.StatusUnauthorized
		if s.opts.TokenErrorsAs200 {
			status = http.StatusOK
		}
		reply(w, status, message(why))
		return
	}
	if v := r.Header.Get("X-JOBBER-GRAPHQL-VERSION"); !slices.Contains(s.opts.Versions, v) {
		reply(w, http.StatusNotFound, message(fmt.Sprintf("GraphQL API version '%s' does not exist", v)))
		return
	}
	var q query
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	d.UseNumber()
	if err := d.Decode(&q); err != nil {
		reply(w, http.StatusBadRequest, message("The request body is not valid JSON"))
		return
	}
	status, body := s.answer(q, bearer)
	reply(w, status, body)
}

func message(text string) map[string]string { return map[string]string{"message": text} }

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(mustJSON(body))
}
