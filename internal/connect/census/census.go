// Package census finds where addresses are, with the geocoder of the US Census Bureau:
// free, without a key, for the United States alone. Its positions are interpolated along
// the range of numbers of a street: good for how long a drive takes, not for a doorstep.
package census

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// DefaultBase is the bureau's server.
const DefaultBase = "https://geocoding.geo.census.gov"

// Config is one connection. Empty fields take the defaults named.
type Config struct {
	BaseURL   string `json:"base_url" yaml:"base_url"`     // DefaultBase
	Benchmark string `json:"benchmark" yaml:"benchmark"`   // Public_AR_Current: the newest ranges of addresses
	PerMinute int    `json:"per_minute" yaml:"per_minute"` // 60 calls; the bureau publishes no limit
	ValidDays int    `json:"valid_days" yaml:"valid_days"` // 365: how long a position counts before it is asked for again
	RetryDays int    `json:"retry_days" yaml:"retry_days"` // 60: when an address is asked for again that was not found
}

func (c Config) withDefaults() Config {
	if c.BaseURL == "" {
		c.BaseURL = DefaultBase
	}
	if c.Benchmark == "" {
		c.Benchmark = "Public_AR_Current"
	}
	for _, n := range []struct {
		to *int
		n  int
	}{{&c.PerMinute, 60}, {&c.ValidDays, 365}, {&c.RetryDays, 60}} {
		if *n.to == 0 {
			*n.to = n.n
		}
	}
	return c
}

// Validate says of every field that is wrong what to do about it.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	if problem := connect.CheckBase(c.BaseURL); problem != "" {
		errs = append(errs, plumbline.Invalidf("leave it out for "+DefaultBase, "census: base_url: %s", problem))
	}
	for _, n := range []struct {
		field    string
		n, limit int
	}{{"per_minute", c.PerMinute, 6000}, {"valid_days", c.ValidDays, 3650}, {"retry_days", c.RetryDays, 3650}} {
		if n.n < 1 || n.n > n.limit {
			errs = append(errs, plumbline.Invalidf("leave it out for the default", "census: %s: it must lie between 1 and %d", n.field, n.limit))
		}
	}
	return errors.Join(errs...)
}

// A Tool is one connection.
type Tool struct {
	config Config
	caller *connect.Caller
}

var (
	_ connect.Enricher = (*Tool)(nil)
	_ connect.Budgeter = (*Tool)(nil)
)

// New makes the tool of a connection.
func New(c Config, client *http.Client, now func() time.Time) *Tool {
	c = c.withDefaults()
	return &Tool{c, &connect.Caller{HTTP: client, Tool: "the Census geocoder", Base: c.BaseURL, Now: now}}
}

// Budgets is what the configuration allows.
func (t *Tool) Budgets() map[string]connect.Budget {
	return map[string]connect.Budget{"read": {Calls: t.config.PerMinute, Window: time.Minute}}
}

// Enriches names what is told of a property: where it is, and the parts of its address.
func (t *Tool) Enriches(kind plumbline.Kind) []string {
	if kind != plumbline.Property {
		return nil
	}
	return []string{"latitude", "longitude", "city", "state", "postal_code"}
}

// A match is one place that an address may be.
type match struct {
	MatchedAddress string `json:"matchedAddress"`
	Coordinates    struct {
		X, Y float64 // longitude, latitude
	} `json:"coordinates"`
	Components struct{ Zip, City, State string } `json:"addressComponents"`
}

// Enrich asks where an address is. One that may be several places is not found, nor is
// one in another state than the one that was asked for.
func (t *Tool) Enrich(ctx context.Context, q connect.Inquiry) (connect.Finding, error) {
	nothing := connect.Finding{Basis: "the Census geocoder knows no such address", Holds: days(t.config.RetryDays)}
	if country := strings.ToUpper(q.Known["country"]); country != "" && country != "US" && country != "USA" && country != "UNITED STATES" {
		nothing.Basis = "the Census geocoder knows the United States alone"
		return nothing, nil
	}
	if q.Known["city"] == "" && q.Known["postal_code"] == "" {
		nothing.Basis = "an address without city and ZIP code cannot be found"
		return nothing, nil
	}
	query := url.Values{"benchmark": {t.config.Benchmark}, "format": {"json"}}
	for param, field := range map[string]string{"street": "street", "city": "city", "state": "state", "zip": "postal_code"} {
		if v := q.Known[field]; v != "" {
			query.Set(param, v)
		}
	}
	reply, err := t.caller.Do(ctx, connect.Call{Method: http.MethodGet, Path: "/geocoder/locations/address", Query: query, Safe: true})
	if err != nil {
		return connect.Finding{}, err
	}
	var answer struct {
		Result *struct {
			Matches []match `json:"addressMatches"`
		} `json:"result"`
	}
	if err := json.Unmarshal(reply.Body, &answer); err != nil || answer.Result == nil {
		return connect.Finding{}, &connect.Error{Class: connect.Retry, Msg: "the Census geocoder's answer cannot be read", Err: err}
	}
	list := answer.Result.Matches
	if len(list) == 0 {
		return nothing, nil
	}
	for _, m := range list[1:] {
		if apart(list[0], m) {
			nothing.Basis = fmt.Sprintf("the Census geocoder knows %d places that it may be", len(list))
			return nothing, nil
		}
	}
	m := list[0]
	if s := strings.ToUpper(q.Known["state"]); s != "" && m.Components.State != "" && s != m.Components.State {
		nothing.Basis = "the Census geocoder knows it in " + m.Components.State + " alone"
		return nothing, nil
	}
	return t.finding(q, m), nil
}

func (t *Tool) finding(q connect.Inquiry, m match) connect.Finding {
	f := connect.Finding{Confidence: confidence(q, m), Holds: days(t.config.ValidDays),
		Basis: "the Census geocoder: " + connect.CleanText(m.MatchedAddress) + ", interpolated along the street",
		Fields: map[string]plumbline.Value{
			"latitude": connect.Value(degrees(m.Coordinates.Y)), "longitude": connect.Value(degrees(m.Coordinates.X))}}
	for field, v := range map[string]string{"city": capitals(m.Components.City), "state": m.Components.State, "postal_code": m.Components.Zip} {
		if v != "" {
			f.Fields[field] = connect.Value(v)
		}
	}
	return f
}

// confidence is ours, since the bureau tells none: the position lies on the right stretch
// of street where ZIP code and city are those that were asked for, and may lie on another
// of that name where one of them is not.
func confidence(q connect.Inquiry, m match) int {
	zip, city := q.Known["postal_code"], q.Known["city"]
	sameZIP := zip != "" && strings.HasPrefix(zip, m.Components.Zip) && m.Components.Zip != ""
	sameCity := city != "" && strings.EqualFold(city, m.Components.City)
	switch {
	case sameZIP && sameCity:
		return 90
	case sameZIP || sameCity:
		return 75
	}
	return 50
}

// apart says whether two matches are more than some 150 m from each other.
func apart(a, b match) bool {
	return math.Abs(a.Coordinates.Y-b.Coordinates.Y) > 0.0015 || math.Abs(a.Coordinates.X-b.Coordinates.X) > 0.0015
}

func degrees(f float64) string { return strconv.FormatFloat(f, 'f', 6, 64) }

// capitals writes CORAL GABLES as Coral Gables.
func capitals(s string) string {
	words := strings.Fields(strings.ToLower(s))
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
