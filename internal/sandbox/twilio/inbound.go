package twilio

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
)

// The words that Twilio knows by itself: the whole text, in any case.
var keywords = map[string]string{
	"STOP": "STOP", "UNSUBSCRIBE": "STOP", "END": "STOP", "QUIT": "STOP", "STOPALL": "STOP", "REVOKE": "STOP", "OPTOUT": "STOP", "CANCEL": "STOP",
	"START": "START", "YES": "START", "UNSTOP": "START",
	"HELP": "HELP", "INFO": "HELP",
}

// replies are what Twilio answers by itself, in the fake's words.
var replies = map[string]string{
	"STOP":  "You are unsubscribed and will get no more messages. Reply START to subscribe again.",
	"START": "You are subscribed again. Reply STOP to unsubscribe.",
	"HELP":  "Reply STOP to unsubscribe. Message and data rates may apply.",
}

// Receive is a customer who texts a number of ours. Twilio handles its own
// words first and tells the program of every text, also of STOP.
func (s *Sandbox) Receive(from, to, body string) (sid string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	service, ours := s.serviceOf(to)
	if !ours {
		return "", fmt.Errorf("receive a text for %s: no such number of ours", to)
	}
	if service != nil && s.inboundOf(to).url == "" {
		return "", nil // receiving is disabled: Twilio does not even log it
	}
	m := s.keep(&Message{Direction: "inbound", From: from, To: to, Body: body, Status: "received"})
	m.Sent, m.Arrived = m.Created, m.Created
	p := url.Values{
		"MessageSid": {m.Sid}, "SmsSid": {m.Sid}, "SmsMessageSid": {m.Sid}, "AccountSid": {s.opts.AccountSid},
		"From": {from}, "To": {to}, "Body": {body}, "NumMedia": {"0"}, "NumSegments": {fmt.Sprint(segments(body))},
		"SmsStatus": {"received"}, "ApiVersion": {"2010-04-01"}, "FromCountry": {"US"}, "ToCountry": {"US"},
	}
	for _, empty := range []string{"FromCity", "FromState", "FromZip", "ToCity", "ToState", "ToZip"} {
		p.Set(empty, "")
	}
	word := keywords[strings.ToUpper(strings.TrimSpace(body))]
	if service != nil {
		m.Service = service.Sid
		p.Set("MessagingServiceSid", service.Sid)
		if service.AdvancedOptOut && word != "" {
			p.Set("OptOutType", word)
		}
	}
	s.heed(m, word)
	if h := s.inboundOf(to); h.url != "" && h.application == "" {
		s.queue(&Webhook{Kind: "inbound", MessageSid: m.Sid, Status: m.Status, URL: h.url, Params: p, Happened: m.Created})
	}
	return m.Sid, nil
}

// heed does what Twilio does with its own words. It answers a change of the
// opt-out, not its repetition; HELP always.
func (s *Sandbox) heed(m *Message, word string) {
	key := stop{s.scope(m.To), m.From}
	switch {
	case word == "" || (word == "STOP" && s.stopped[key]) || (word == "START" && !s.stopped[key]):
		return
	case word == "STOP":
		s.stopped[key] = true
	case word == "START":
		delete(s.stopped, key)
	}
	s.answer(m, replies[word])
}

// answer sends a text back to who sent one.
func (s *Sandbox) answer(to *Message, body string) {
	m := s.keep(&Message{Direction: "outbound-reply", From: to.To, To: to.From, Body: body, Service: to.Service, Status: "queued", Validity: longestValidity})
	s.send(m, m.Created)
}

// answered sends what the receiver's answer says to the customer: the
// messages of its TwiML, or the whole of a plain text. Who has opted out gets
// none of it.
func (s *Sandbox) answered(h *Webhook, a answer) {
	m := s.bySid[h.MessageSid]
	if s.stopped[stop{s.scope(m.To), m.From}] {
		return
	}
	if a.kind == "text/plain" {
		if a.body != "" {
			s.answer(m, a.body)
		}
		return
	}
	var twiml struct {
		Messages []struct {
			Body string `xml:"Body"`
			Text string `xml:",chardata"`
		} `xml:"Message"`
	}
	if xml.Unmarshal([]byte(a.body), &twiml) != nil {
		return
	}
	for _, reply := range twiml.Messages {
		if text := strings.TrimSpace(either(reply.Body, reply.Text)); text != "" {
			s.answer(m, text)
		}
	}
}
