package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/shop"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

// A mix is the webhooks that a shop's field tool sends in some days, in their order.
type mix struct {
	bodies [][]byte
	until  time.Time // by the shop's clock
}

// a recorder takes webhooks as they are posted.
type recorder struct{ *mix }

// RoundTrip keeps the body of a signed webhook.
func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if req.Header.Get("Api-Signature") != "" {
		r.bodies = append(r.bodies, body)
	}
	return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: req}, nil
}

// shopMix lets a shop of sandbox/shop live for some days, in its own time.
func shopMix(ctx context.Context, trucks, days int) (m *mix, err error) {
	now := epoch.AddDate(0, 0, -1).Truncate(24 * time.Hour).Add(12 * time.Hour) // six in the morning
	clock := func() time.Time { return now }
	m = &mix{}
	client := &http.Client{Transport: recorder{m}}
	field := housecallpro.New(housecallpro.Options{Now: clock, Rand: rand.New(rand.NewPCG(1, 1)), CompanyID: fieldAccount, CompanyName: "Bench", Zone: time.UTC,
		APIKey: fieldKey, Client: client, WebhookSecret: fieldSecret, WebhookURL: "https://plumbline.example.com/hooks/" + location + "/hcp"})
	s, err := shop.New(shop.Options{Seed: 1, Trucks: trucks, Days: days, Start: now, Zone: time.UTC, HCP: field,
		HubSpot: hubspot.New(hubspot.Options{Now: clock}),
		Twilio:  twilio.New(twilio.Options{Now: clock, Rand: rand.New(rand.NewPCG(1, 2)), AccountSid: senderSID, AuthToken: senderToken, Numbers: []string{senderNumber}, Client: client})})
	if err != nil {
		return nil, err
	}
	for {
		worked, next, err := s.Step(ctx, now)
		if err != nil {
			return nil, err
		}
		s.Acts() // what the office decides is not told by webhooks
		told, later, err := field.Step(ctx, now)
		if err != nil {
			return nil, err
		}
		switch {
		case worked || told:
			continue
		case next.IsZero() && later.IsZero():
			m.until = now
			return m, nil
		case next.IsZero() || !later.IsZero() && later.Before(next):
			next = later
		}
		if !next.After(now) {
			return nil, fmt.Errorf("the shop stands still at %s", now)
		}
		now = next
	}
}

var (
	vendorID = regexp.MustCompile(`"([a-z]+_)([0-9a-f]{28})([0-9a-f]{4})"`)
	phone    = regexp.MustCompile(`"(\+?1?[2-9]\d{5})(\d{4})"`)
)

// copies are the webhooks of several shops like this one, with records and numbers
// of their own.
func (m *mix) copies(n int) (bodies [][]byte) {
	for i := range n {
		if i == 0 {
			bodies = append(bodies, m.bodies...)
			continue
		}
		for _, b := range m.bodies {
			b = vendorID.ReplaceAll(b, fmt.Appendf(nil, `"${1}%04x${2}"`, i))
			b = phone.ReplaceAllFunc(b, func(p []byte) []byte {
				at := len(p) - 5
				line, _ := strconv.Atoi(string(p[at : at+4])) // four digits
				return fmt.Appendf(nil, `%s%04d"`, p[:at], (line+i*1237)%10_000)
			})
			bodies = append(bodies, bytes.ReplaceAll(b, []byte("@"), fmt.Appendf(nil, ".%d@", i)))
		}
	}
	return bodies
}

// kinds counts the events of a mix.
func (m *mix) kinds() string {
	n := map[string]int{}
	for _, b := range m.bodies {
		_, rest, _ := strings.Cut(string(b[:min(len(b), 120)]), `"event":"`)
		kind, _, _ := strings.Cut(rest, ".")
		n[kind]++
	}
	return fmt.Sprint(n)
}
