// Package census is a fake of the US Census Bureau's geocoder, after its API guide: the two
// ways to ask for one address, its shape of answer, and what it does when it knows nothing.
package census

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// A Place is an address that the fake knows.
type Place struct {
	Street, City, State, ZIP string
	Latitude, Longitude      float64
}

// A Sandbox answers for the places that it was given.
type Sandbox struct {
	mu     sync.Mutex
	places []Place
	fails  []int
	asked  int
}

// New returns a geocoder that knows some places.
func New(places ...Place) *Sandbox { return &Sandbox{places: places} }

// Add lets it know one place more.
func (s *Sandbox) Add(p Place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places = append(s.places, p)
}

// Fail lets the next calls end with a status.
func (s *Sandbox) Fail(status ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = append(s.fails, status...)
}

// Asked is how many addresses were asked for.
func (s *Sandbox) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// ServeHTTP answers one question.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	street, city, state, zip := q.Get("street"), q.Get("city"), q.Get("state"), q.Get("zip")
	switch r.URL.Path {
	case "/geocoder/locations/address":
	case "/geocoder/locations/onelineaddress":
		street, city, state, zip = parts(q.Get("address"))
	default:
		http.NotFound(w, r)
		return
	}
	s.asked++
	switch {
	case len(s.fails) > 0:
		status := s.fails[0]
		s.fails = s.fails[1:]
		http.Error(w, "<html><body>"+http.StatusText(status)+"</body></html>", status)
	case q.Get("benchmark") == "":
		reply(w, http.StatusBadRequest, map[string]any{"errors": []string{"Benchmark cannot be empty and must be specified"}, "status": "400"})
	case street == "":
		reply(w, http.StatusBadRequest, map[string]any{"errors": []string{"Street address cannot be empty"}, "status": "400"})
	default:
		reply(w, http.StatusOK, s.answer(q.Get("benchmark"), street, city, state, zip))
	}
}

func (s *Sandbox) answer(benchmark, street, city, state, zip string) map[string]any {
	matches := []map[string]any{}
	for _, p := range s.places {
		if !strings.EqualFold(p.Street, street) || city != "" && zip == "" && !strings.EqualFold(p.City, city) || zip != "" && p.ZIP != zip[:min(len(zip), 5)] && !strings.EqualFold(p.City, city) {
			continue
		}
		up := strings.ToUpper
		matches = append(matches, map[string]any{
			"tigerLine":   map[string]any{"side": "L", "tigerLineId": "638110795"},
			"coordinates": map[string]any{"x": p.Longitude, "y": p.Latitude},
			"addressComponents": map[string]any{"zip": p.ZIP, "streetName": up(p.Street), "preType": "", "city": up(p.City), "preDirection": "",
				"suffixDirection": "", "fromAddress": "1", "state": up(p.State), "suffixType": "", "toAddress": "99", "suffixQualifier": "", "preQualifier": ""},
			"matchedAddress": up(p.Street + ", " + p.City + ", " + p.State + ", " + p.ZIP),
		})
	}
	return map[string]any{"result": map[string]any{
		"input": map[string]any{"address": map[string]any{"street": street, "city": city, "state": state, "zip": zip},
			"benchmark": map[string]any{"isDefault": true, "benchmarkDescription": "Public Address Ranges - Current Benchmark", "id": "4", "benchmarkName": benchmark}},
		"addressMatches": matches}}
}

// parts reads an address on one line: "1320 S Dixie Hwy, Coral Gables, FL 33146".
func parts(line string) (street, city, state, zip string) {
	words := strings.Split(line, ",")
	street = strings.TrimSpace(words[0])
	if len(words) > 1 {
		city = strings.TrimSpace(words[1])
	}
	if len(words) > 2 {
		if rest := strings.Fields(words[2]); len(rest) > 0 {
			state, zip = rest[0], rest[len(rest)-1]
		}
	}
	return street, city, state, zip
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
