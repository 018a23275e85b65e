package twilio

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

const urlencoded = "application/x-www-form-urlencoded"

// Send hands a text to Twilio. There is no key that would make it the same text when
// called twice: after an error of class Unknown ask FindSent. Receipts are asked for
// at an address that names the attempt, and asked to be tried five times.
func (t *Tool) Send(ctx context.Context, text connect.Text) (connect.Sent, error) {
	if !telephone.MatchString(text.To) {
		return connect.Sent{}, classify(21211, 0)
	}
	r, err := t.caller.Do(ctx, connect.Call{
		Method: http.MethodPost, Path: t.path(), ContentType: urlencoded, Body: []byte(t.form(text).Encode()),
	})
	if err != nil {
		return connect.Sent{}, err
	}
	var m message
	if err := json.Unmarshal(r.Body, &m); err != nil || m.Sid == "" {
		return connect.Sent{}, &connect.Error{Class: connect.Unknown, Status: r.Status, Msg: "Twilio took the text but its answer cannot be read", Err: err}
	}
	at := m.created()
	if at.IsZero() {
		at = t.now()
	}
	return connect.Sent{ID: m.Sid, Status: m.Status, At: at}, nil
}

func (t *Tool) path() string {
	return "/2010-04-01/Accounts/" + url.PathEscape(t.config.AccountSid) + "/Messages.json"
}

// longest and shortest are how long Twilio can hold a text (ValidityPeriod, 1..36000 s).
const (
	shortest = time.Second
	longest  = 36000 * time.Second
)

func (t *Tool) form(text connect.Text) url.Values {
	f := url.Values{"To": {text.To}, "Body": {text.Body}}
	if t.config.MessagingServiceSid != "" {
		f.Set("MessagingServiceSid", t.config.MessagingServiceSid)
	} else {
		f.Set("From", t.config.From)
	}
	if text.Attempt != "" {
		f.Set("StatusCallback", t.config.CallbackURL+"/status/"+url.PathEscape(text.Attempt)+"#rc=5&rp=all")
	}
	if text.Valid > 0 {
		f.Set("ValidityPeriod", strconv.Itoa(int(min(max(text.Valid, shortest), longest)/time.Second)))
	}
	// What was said must be what was decided to be said.
	f.Set("SmartEncoded", "false")
	return f
}

// A message is the part of Twilio's Message resource that we read.
type message struct {
	Sid         string  `json:"sid"`
	Body        *string `json:"body"`
	Status      string  `json:"status"`
	To          *string `json:"to"`
	Direction   string  `json:"direction"`
	ErrorCode   *int    `json:"error_code"`
	DateCreated string  `json:"date_created"`
}

// created is when Twilio took the message, in whole seconds.
func (m message) created() time.Time {
	at, err := time.Parse(time.RFC1123Z, m.DateCreated)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// clocks is how far Twilio's clock and ours may differ.
const clocks = time.Minute

// pageSize of look-ups; Twilio's greatest is 1000.
const pageSize = 100

// mostPages ends a list that never ends.
const mostPages = 50

// FindSent lists our texts to a number, newest first. The vendor is not asked to
// filter by date, since it filters by the day a text was sent, which a text in its
// queue has not been. Clocks differ: texts up to a minute older than since are listed.
func (t *Tool) FindSent(ctx context.Context, to string, since time.Time) ([]connect.FoundText, error) {
	since = since.Add(-clocks)
	query := url.Values{"To": {to}, "PageSize": {strconv.Itoa(pageSize)}}
	var found []connect.FoundText
	for range mostPages {
		list, err := t.list(ctx, query)
		if err != nil {
			return nil, err
		}
		older := len(list.Messages) > 0
		for _, m := range list.Messages {
			at := m.created()
			if at.IsZero() || !at.Before(since) {
				older = false
				if strings.HasPrefix(m.Direction, "outbound") {
					found = append(found, m.found(at))
				}
			}
		}
		next := nextQuery(list.NextPageURI)
		if older || next == nil {
			return newestFirst(found), nil
		}
		query = next
	}
	return nil, &connect.Error{Class: connect.Human, Msg: "Twilio's list of texts to one number does not end"}
}

func (m message) found(at time.Time) connect.FoundText {
	f := connect.FoundText{ID: m.Sid, Status: m.Status, At: at}
	if m.Body != nil {
		f.Body = *m.Body
	}
	if m.ErrorCode != nil {
		f.Code = *m.ErrorCode
	}
	return f
}

type messageList struct {
	Messages    []message `json:"messages"`
	NextPageURI *string   `json:"next_page_uri"`
}

func (t *Tool) list(ctx context.Context, query url.Values) (messageList, error) {
	r, err := t.caller.Do(ctx, connect.Call{Method: http.MethodGet, Path: t.path(), Query: query, Safe: true})
	if err != nil {
		return messageList{}, err
	}
	var l struct {
		messageList
		Messages *[]message `json:"messages"`
	}
	if err := json.Unmarshal(r.Body, &l); err != nil || l.Messages == nil {
		return messageList{}, &connect.Error{Class: connect.Retry, Status: r.Status, Msg: "Twilio's list of texts cannot be read", Err: err}
	}
	return messageList{Messages: *l.Messages, NextPageURI: l.NextPageURI}, nil
}

// nextQuery takes the query of the next page's address, and nothing else of it: calls
// go to the configured address only.
func nextQuery(uri *string) url.Values {
	if uri == nil || *uri == "" {
		return nil
	}
	u, err := url.Parse(*uri)
	if err != nil || u.RawQuery == "" {
		return nil
	}
	return u.Query()
}

// Settling is how long a text that Twilio has taken may be missing from its list.
// The vendor promises nothing. A minute and a half is dear only to the rare text whose
// answer was lost, where looking too early would send it twice.
func (t *Tool) Settling() time.Duration { return 90 * time.Second }
