package twilio

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

const longestValidity = 36000 * time.Second

// create checks the form of POST Messages.json in Twilio's order as far as
// known, and keeps and sends the message.
func (s *Sandbox) create(f url.Values) (*Message, error) {
	m := &Message{
		Direction: "outbound-api", To: f.Get("To"), Body: f.Get("Body"), From: f.Get("From"),
		Service: f.Get("MessagingServiceSid"), Media: len(f["MediaUrl"]), Status: "queued", StatusCallback: f.Get("StatusCallback"),
	}
	for _, check := range []func(*Message, url.Values) error{checkContent, s.checkSender, checkNumber, checkCallback, checkValidity, s.checkSchedule, s.checkRecipient} {
		if err := check(m, f); err != nil {
			return nil, err
		}
	}
	s.keep(m)
	if m.Status == "scheduled" {
		s.later(&s.states, &task{due: m.SendAt, change: func(at time.Time) {
			if m.Status == "scheduled" {
				s.send(m, at)
			}
		}})
		return m, nil
	}
	s.send(m, m.Created)
	return m, nil
}

func checkContent(m *Message, f url.Values) error {
	switch {
	case m.To == "":
		return bad(21604)
	case m.From == "" && m.Service == "":
		return bad(21603)
	case m.Body == "" && m.Media == 0 && f.Get("ContentSid") == "":
		return bad(21602)
	case utf8.RuneCountInString(m.Body) > 1600:
		return bad(21617)
	case m.Media > 10:
		return bad(21623)
	}
	return nil
}

// checkSender finds the sender. A service chooses its number later: until
// then the message has none, and is accepted rather than queued.
func (s *Sandbox) checkSender(m *Message, _ url.Values) error {
	if m.Service == "" {
		v, ours := s.serviceOf(m.From)
		if !ours {
			return bad(21659)
		}
		if v != nil {
			m.StatusCallback = either(m.StatusCallback, v.StatusCallback)
		}
		return nil
	}
	v := s.service(m.Service)
	switch {
	case v == nil:
		return bad(21701)
	case len(v.Numbers) == 0:
		return bad(21704)
	case m.From != "" && !slices.Contains(v.Numbers, m.From):
		return bad(21659)
	}
	m.Status, m.StatusCallback = "accepted", either(m.StatusCallback, v.StatusCallback)
	return nil
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func checkNumber(m *Message, _ url.Values) error {
	switch {
	case !e164.MatchString(m.To) || (strings.HasPrefix(m.To, "+1") && len(m.To) != 12):
		return bad(21211)
	case m.To == m.From:
		return bad(21266)
	case !strings.HasPrefix(m.To, "+1"):
		return bad(21408)
	}
	return nil
}

func checkCallback(m *Message, _ url.Values) error {
	if m.StatusCallback == "" {
		return nil
	}
	u, err := url.Parse(m.StatusCallback)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Contains(u.Hostname(), "_") {
		return bad(21609)
	}
	return nil
}

func checkValidity(m *Message, f url.Values) error {
	m.Validity = longestValidity
	if v := f.Get("ValidityPeriod"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 36000 {
			return bad(21624)
		}
		m.Validity = time.Duration(n) * time.Second
	}
	return nil
}

// checkSchedule demands 15 minutes to 35 days, the narrower of the windows
// that Twilio's pages name.
func (s *Sandbox) checkSchedule(m *Message, f url.Values) error {
	if f.Get("ScheduleType") != "fixed" {
		return nil
	}
	if m.Service == "" {
		return bad(35118)
	}
	if f.Get("SendAt") == "" {
		return bad(35111)
	}
	at, err := time.Parse(time.RFC3339, f.Get("SendAt"))
	if wait := at.Sub(s.opts.Now()); err != nil || wait < 15*time.Minute || wait > 35*24*time.Hour {
		return bad(35114)
	}
	m.Status, m.SendAt = "scheduled", at
	return nil
}

// checkRecipient refuses who opted out, and numbers marked with a code of the
// create call. A scheduled message is not looked at again when it is sent.
func (s *Sandbox) checkRecipient(m *Message, _ url.Values) error {
	scope := either(m.Service, s.scope(m.From))
	if s.stopped[stop{scope, m.To}] {
		return bad(21610)
	}
	if mark := s.marks[m.To]; mark >= 20000 && mark < 30000 {
		return bad(int(mark))
	}
	return nil
}
