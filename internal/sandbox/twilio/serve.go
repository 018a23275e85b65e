package twilio

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const base = "/2010-04-01/Accounts/"

// ServeHTTP answers the API.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(s.opts.Now())
	f := s.opts.Faults
	w.Header().Set("Twilio-Concurrent-Requests", "1")
	switch {
	case s.chance(f.TooMany):
		fail(w, problem{http.StatusTooManyRequests, 20429})
	case s.chance(f.ServerError):
		fail(w, problem{http.StatusInternalServerError, 20500})
	case s.chance(f.LostAnswer):
		s.routes.ServeHTTP(unheard{}, r)
		panic(http.ErrAbortHandler)
	case r.Method == http.MethodPost && s.chance(f.CreateError):
		s.routes.ServeHTTP(unheard{}, r)
		fail(w, problem{http.StatusInternalServerError, 20500})
	default:
		s.routes.ServeHTTP(w, r)
	}
}

// unheard is an answer that nobody gets.
type unheard struct{}

func (unheard) Header() http.Header         { return http.Header{} }
func (unheard) Write(b []byte) (int, error) { return len(b), nil }
func (unheard) WriteHeader(int)             {}

func (s *Sandbox) mux() *http.ServeMux {
	m := http.NewServeMux()
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"POST " + base + "{account}/Messages.json":               s.postMessage,
		"GET " + base + "{account}/Messages.json":                s.listMessages,
		"GET " + base + "{account}/Messages/{file}":              s.getMessage,
		"POST " + base + "{account}/Messages/{file}":             s.changeMessage,
		"DELETE " + base + "{account}/Messages/{file}":           s.deleteMessage,
		"GET " + base + "{account}/IncomingPhoneNumbers.json":    s.listNumbers,
		"GET " + base + "{account}/IncomingPhoneNumbers/{file}":  s.getNumber,
		"POST " + base + "{account}/IncomingPhoneNumbers/{file}": s.postNumber,
		"GET /v1/Services/{sid}":                                 s.getService, // of messaging.twilio.com
		"POST /v1/Services/{sid}":                                s.postService,
		"/":                                                      func(http.ResponseWriter, *http.Request) error { return problem{http.StatusNotFound, 20404} },
	} {
		m.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			err := s.authorize(r)
			if err == nil {
				err = serve(w, r)
			}
			if err != nil {
				fail(w, err)
			}
		})
	}
	return m
}

// authorize takes the account's sid and token, for this account's paths only.
func (s *Sandbox) authorize(r *http.Request) error {
	user, password, _ := r.BasicAuth()
	account := r.PathValue("account")
	if user != s.opts.AccountSid || password != s.opts.AuthToken || (account != "" && account != s.opts.AccountSid) {
		return problem{http.StatusUnauthorized, 20003}
	}
	return nil
}

func fail(w http.ResponseWriter, err error) {
	p := bad(20001)
	errors.As(err, &p)
	reply(w, p.status, struct {
		Code     int    `json:"code"`
		Message  string `json:"message"`
		MoreInfo string `json:"more_info"`
		Status   int    `json:"status"`
	}{p.code, text(p.code), fmt.Sprintf("https://www.twilio.com/docs/errors/%d", p.code), p.status})
}

func reply(w http.ResponseWriter, status int, body any) {
	b, _ := json.Marshal(body) // the fake's own wire types cannot fail to encode
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

func (s *Sandbox) postMessage(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return bad(20001)
	}
	m, err := s.create(r.PostForm)
	if err != nil {
		return err
	}
	reply(w, http.StatusCreated, s.wire(m))
	return nil
}

// find takes "SM....json" apart.
func (s *Sandbox) find(r *http.Request) (*Message, error) {
	sid, ok := strings.CutSuffix(r.PathValue("file"), ".json")
	m := s.bySid[sid]
	if !ok || m == nil || m.deleted {
		return nil, problem{http.StatusNotFound, 20404}
	}
	return m, nil
}

func (s *Sandbox) getMessage(w http.ResponseWriter, r *http.Request) error {
	m, err := s.find(r)
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, s.wire(m))
	return nil
}

// changeMessage cancels a scheduled message or forgets the text of one that
// has come to its end.
func (s *Sandbox) changeMessage(w http.ResponseWriter, r *http.Request) error {
	m, err := s.find(r)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return bad(20001)
	}
	switch {
	case r.PostForm.Get("Status") == "canceled":
		if m.Status != "scheduled" {
			return bad(30409)
		}
		m.Status, m.Updated = "canceled", s.opts.Now()
		s.callback(m, m.Updated)
	case r.PostForm.Has("Body") && r.PostForm.Get("Body") == "":
		if !m.final() {
			return bad(20009)
		}
		m.redacted, m.Updated = true, s.opts.Now()
	default:
		return bad(20001)
	}
	reply(w, http.StatusOK, s.wire(m))
	return nil
}

func (s *Sandbox) deleteMessage(w http.ResponseWriter, r *http.Request) error {
	m, err := s.find(r)
	if err != nil {
		return err
	}
	m.deleted = true
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// page is one page of a list, newest first.
type page struct {
	First    string        `json:"first_page_uri"`
	End      int           `json:"end"`
	Previous *string       `json:"previous_page_uri"`
	Messages []wireMessage `json:"messages"`
	URI      string        `json:"uri"`
	Size     int           `json:"page_size"`
	Start    int           `json:"start"`
	Next     *string       `json:"next_page_uri"`
	Page     int           `json:"page"`
}

// listMessages pages by PageToken, which names the last message seen, as the
// next_page_uri does; Page alone counts from the newest and shifts.
func (s *Sandbox) listMessages(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	keep, err := filter(q)
	if err != nil {
		return err
	}
	size, err := number(q, "PageSize", 50)
	if err != nil || size == 0 {
		return bad(20001)
	}
	size = min(size, 1000)
	at, err := number(q, "Page", 0)
	if err != nil {
		return err
	}
	var rows []*Message
	now := s.opts.Now()
	for _, m := range slices.Backward(s.messages) {
		if !m.deleted && !m.listed.After(now) && keep(m) {
			rows = append(rows, m)
		}
	}
	start := min(at*size, len(rows))
	if token, ok := strings.CutPrefix(q.Get("PageToken"), "PA"); ok {
		start = slices.IndexFunc(rows, func(m *Message) bool { return m.Sid == token }) + 1
	}
	shown := rows[start:min(start+size, len(rows))]
	p := page{URI: uri(r, q, at, ""), First: uri(r, q, 0, ""), Size: size, Page: at, Start: at * size, End: at*size + max(len(shown)-1, 0), Messages: []wireMessage{}}
	for _, m := range shown {
		p.Messages = append(p.Messages, s.wire(m))
	}
	if start+size < len(rows) {
		next := uri(r, q, at+1, "PA"+shown[len(shown)-1].Sid)
		p.Next = &next
	}
	if at > 0 {
		previous := uri(r, q, at-1, "")
		p.Previous = &previous
	}
	reply(w, http.StatusOK, p)
	return nil
}

func uri(r *http.Request, q url.Values, page int, token string) string {
	v := url.Values{}
	for k, values := range q {
		v[k] = values
	}
	v.Set("Page", strconv.Itoa(page))
	v.Del("PageToken")
	if token != "" {
		v.Set("PageToken", token)
	}
	return r.URL.Path + "?" + v.Encode()
}

func number(q url.Values, name string, otherwise int) (int, error) {
	if q.Get(name) == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 0 || n > 1_000_000 {
		return 0, bad(20001)
	}
	return n, nil
}

// filter reads To, From, DateSent, DateSent< and DateSent>. A date is a day in
// GMT. A message not sent yet goes by its creation (Twilio does not say).
func filter(q url.Values) (func(*Message) bool, error) {
	from, until := time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, f := range []struct {
		name       string
		least, end bool
	}{{"DateSent", true, true}, {"DateSent>", true, false}, {"DateSent<", false, true}} {
		v := q.Get(f.name)
		if v == "" {
			continue
		}
		start, end, err := day(v)
		if err != nil {
			return nil, err
		}
		if f.least && start.After(from) {
			from = start
		}
		if f.end && end.Before(until) {
			until = end
		}
	}
	return func(m *Message) bool {
		at := m.Created
		if !m.Sent.IsZero() {
			at = m.Sent
		}
		return (q.Get("To") == "" || q.Get("To") == m.To) && (q.Get("From") == "" || q.Get("From") == m.From) &&
			!at.Before(from) && at.Before(until)
	}, nil
}

// day is the span that a date or an instant stands for; the end is excluded.
func day(v string) (start, end time.Time, err error) {
	if t, err := time.Parse(time.DateOnly, v); err == nil {
		return t, t.AddDate(0, 0, 1), nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return t, t, bad(20001)
	}
	return t, t.Add(time.Second), nil
}

type wireMessage struct {
	Body        string            `json:"body"`
	Segments    string            `json:"num_segments"`
	Direction   string            `json:"direction"`
	From        *string           `json:"from"`
	To          string            `json:"to"`
	Updated     string            `json:"date_updated"`
	Price       *string           `json:"price"`
	ErrorText   *string           `json:"error_message"`
	URI         string            `json:"uri"`
	Account     string            `json:"account_sid"`
	Media       string            `json:"num_media"`
	Status      string            `json:"status"`
	Service     *string           `json:"messaging_service_sid"`
	Sid         string            `json:"sid"`
	Sent        *string           `json:"date_sent"`
	Created     string            `json:"date_created"`
	ErrorCode   *int              `json:"error_code"`
	Unit        string            `json:"price_unit"`
	Version     string            `json:"api_version"`
	Subresource map[string]string `json:"subresource_uris"`
}

func (s *Sandbox) wire(m *Message) wireMessage {
	path := base + s.opts.AccountSid + "/Messages/" + m.Sid
	w := wireMessage{
		Body: m.Body, Segments: fmt.Sprint(segments(m.Body)), Direction: m.Direction, To: m.To, Updated: rfc2822(m.Updated),
		URI: path + ".json", Account: s.opts.AccountSid, Media: fmt.Sprint(m.Media), Status: m.Status, Sid: m.Sid,
		Created: rfc2822(m.Created), Unit: "USD", Version: "2010-04-01", Subresource: map[string]string{"media": path + "/Media.json"},
	}
	if m.redacted {
		w.Body = ""
	}
	if m.From != "" {
		w.From = &m.From
	} else {
		w.Segments = "0"
	}
	if m.Service != "" {
		w.Service = &m.Service
	}
	if !m.Sent.IsZero() {
		sent, price := rfc2822(m.Sent), fmt.Sprintf("-%.5f", 0.0083*float64(segments(m.Body)))
		w.Sent, w.Price = &sent, &price
	}
	if m.ErrorCode != 0 {
		said := text(m.ErrorCode)
		w.ErrorCode, w.ErrorText = &m.ErrorCode, &said
	}
	return w
}

func rfc2822(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 +0000") }

// segments counts as carriers bill: 160 or 153 septets, else 70 or 67 UTF-16
// units; what takes two is never split.
func segments(body string) int {
	width, single, part := septets, 160, 153
	for _, r := range body {
		if septets(r) == 0 {
			width, single, part = units, 70, 67
			break
		}
	}
	total, parts, used := 0, 1, 0
	for _, r := range body {
		n := width(r)
		total += n
		if used+n > part {
			parts, used = parts+1, 0
		}
		used += n
	}
	if total <= single {
		return 1
	}
	return parts
}

const (
	gsm7      = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsm7twice = "\f^{}\\[~]|€"
)

// septets is the width of a character in GSM-7, 0 outside it.
func septets(r rune) int {
	return cmp.Or(boolean(strings.ContainsRune(gsm7, r)), 2*boolean(strings.ContainsRune(gsm7twice, r)))
}

func units(r rune) int { return 1 + boolean(r > 0xffff) }

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
