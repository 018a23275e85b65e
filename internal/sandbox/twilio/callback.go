package twilio

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Webhook is one call to the program under test, and what became of it.
type Webhook struct {
	Kind       string // status or inbound
	MessageSid string
	Status     string // of the message then
	URL        string // as configured
	Params     url.Values
	Happened   time.Time
	Pending    bool
	Delivered  bool // some try was answered with 2xx
	Lost       bool // never tried
	Duplicate  bool // the second copy of another one
	Tries      []Try

	token string // of its retries
}

// Try is one call. Status is 0 when there was no answer.
type Try struct {
	At     time.Time
	Status int
	Err    string
}

const (
	latency = 100 * time.Millisecond // from the event to its webhook
	again   = time.Second            // between the tries of one webhook
)

// Webhooks returns all webhooks in the order of their making.
func (s *Sandbox) Webhooks() []Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Webhook, len(s.webhooks))
	for i, h := range s.webhooks {
		out[i] = *h
		out[i].Params = maps.Clone(h.Params)
		out[i].Tries = slices.Clone(h.Tries)
	}
	return out
}

// callback queues the status callback of a message's new state.
func (s *Sandbox) callback(m *Message, at time.Time) {
	if m.StatusCallback == "" {
		return
	}
	p := url.Values{
		"MessageSid": {m.Sid}, "MessageStatus": {m.Status}, "SmsSid": {m.Sid}, "SmsStatus": {m.Status},
		"AccountSid": {s.opts.AccountSid}, "From": {m.From}, "To": {m.To}, "ApiVersion": {"2010-04-01"},
	}
	if m.Service != "" {
		p.Set("MessagingServiceSid", m.Service)
	}
	if m.ErrorCode != 0 {
		p.Set("ErrorCode", strconv.Itoa(m.ErrorCode))
		p.Set("ErrorMessage", text(m.ErrorCode))
	}
	if m.Status == "delivered" || m.Status == "undelivered" {
		p.Set("RawDlrDoneDate", at.UTC().Format("0601021504"))
	}
	s.queue(&Webhook{Kind: "status", MessageSid: m.Sid, Status: m.Status, URL: m.StatusCallback, Params: p, Happened: at})
}

// queue puts a webhook on its way, with its faults.
func (s *Sandbox) queue(h *Webhook) {
	f, due := s.opts.Faults, h.Happened.Add(latency)
	s.webhooks = append(s.webhooks, h)
	if h.Kind == "status" && s.chance(f.Lose) {
		h.Lost = true
		return
	}
	if s.chance(f.Reorder) {
		due = due.Add(s.between(time.Second, time.Minute))
	}
	h.Pending = true
	s.later(&s.calls, &task{due: due, call: h})
	if s.chance(f.Duplicate) {
		twin := *h
		twin.Duplicate = true
		s.webhooks = append(s.webhooks, &twin)
		s.later(&s.calls, &task{due: due.Add(s.between(0, time.Minute)), call: &twin})
	}
}

// deliver makes one try, outside the lock, because the receiver may call the
// API before it answers.
func (s *Sandbox) deliver(ctx context.Context, h *Webhook, now time.Time) {
	target, rules := overridesOf(h.URL)
	s.mu.Lock()
	if len(h.Tries) == 1 {
		h.token = s.sid("") // only retries bear one
	}
	header := http.Header{"X-Twilio-Signature": {Sign(s.opts.AuthToken, target, h.Params)}}
	if h.token != "" {
		header.Set("I-Twilio-Idempotency-Token", h.token)
	}
	s.mu.Unlock()
	t, why, answer := s.post(ctx, target, h.Params, header, rules.total)
	t.At = now
	s.mu.Lock()
	defer s.mu.Unlock()
	h.Tries = append(h.Tries, t)
	h.Pending = false
	switch {
	case why == "":
		h.Delivered = true
		if h.Kind == "inbound" {
			s.answered(h, answer)
		}
	case rules.retries(why) && len(h.Tries) <= rules.count:
		h.Pending = true
		s.later(&s.calls, &task{due: now.Add(again), call: h})
	}
}

// answer is what the receiver said to an inbound text.
type answer struct{ kind, body string }

// post calls a webhook and says why it failed, in the words of the overrides:
// ct no connection, rt no answer in time, 4xx, 5xx.
func (s *Sandbox) post(ctx context.Context, target string, params url.Values, header http.Header, patience time.Duration) (Try, string, answer) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(params.Encode()))
	if err != nil {
		return Try{Err: err.Error()}, "url", answer{}
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	req.Header.Set("User-Agent", "TwilioProxy/1.1")
	resp, err := s.opts.Client.Do(req)
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		return Try{Err: err.Error()}, "rt", answer{}
	case err != nil:
		return Try{Err: err.Error()}, "ct", answer{}
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	t := Try{Status: resp.StatusCode}
	switch resp.StatusCode / 100 {
	case 2:
		return t, "", answer{kind, string(body)}
	case 4:
		return t, "4xx", answer{}
	}
	return t, "5xx", answer{}
}

// overrides are the connection rules in a webhook URL's fragment.
type overrides struct {
	count int // retries
	on    []string
	total time.Duration
}

// overridesOf splits a configured URL into the one to call and sign and its
// rules: rc retries (default 1, at most 5), rp what for (default ct), tt the
// total time (default and at most 15 s). Unknown or bad ones are ignored.
func overridesOf(configured string) (target string, o overrides) {
	target, fragment, _ := strings.Cut(configured, "#")
	o = overrides{count: 1, on: []string{"ct"}, total: 15 * time.Second}
	v, _ := url.ParseQuery(fragment)
	if n, err := strconv.Atoi(v.Get("rc")); err == nil && n >= 0 && n <= 5 {
		o.count = n
	}
	if rp := v.Get("rp"); rp != "" {
		o.on = strings.Split(rp, ",")
	}
	if ms, err := strconv.Atoi(v.Get("tt")); err == nil && ms >= 100 && ms <= 15000 {
		o.total = time.Duration(ms) * time.Millisecond
	}
	return target, o
}

func (o overrides) retries(why string) bool {
	return slices.Contains(o.on, "all") || slices.Contains(o.on, why)
}

// Sign is X-Twilio-Signature: Base64 of HMAC-SHA1 with the auth token over the
// URL and, by name and then by value in byte order, each parameter's name and
// distinct values (Twilio Docs, Webhooks Security). A JSON body has none.
func Sign(token, target string, params url.Values) string {
	m := hmac.New(sha1.New, []byte(token))
	m.Write([]byte(target))
	for _, name := range slices.Sorted(maps.Keys(params)) {
		for _, value := range slices.Compact(slices.Sorted(slices.Values(params[name]))) {
			m.Write([]byte(name + value))
		}
	}
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}
