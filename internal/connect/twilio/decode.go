package twilio

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// ranks order a text's states: callbacks come late, twice and in any order, and the
// greatest rank is where it stands (message states of api_v2010).
var ranks = map[string]int{
	"scheduled": 5, "accepted": 10, "queued": 20, "sending": 30, "sent": 40, "partially_delivered": 41,
	"delivered": 80, "undelivered": 80, "failed": 80, "read": 85, "canceled": 90,
}

// Decode turns a webhook, or a refusal that we kept, into what it says about one
// telephone number. A state that the vendor added since has rank 0.
func (t *Tool) Decode(d plumbline.Delivery) ([]plumbline.Reading, error) {
	if d.Event == Refused {
		return decodeRefused(d)
	}
	form, err := url.ParseQuery(string(d.Body))
	if err != nil {
		return nil, errors.New("decode a Twilio webhook: the body is not a form")
	}
	f := func(name string) string { return connect.CleanText(form.Get(name)) }
	switch d.Event {
	case inbound:
		return decodeInbound(d, f)
	case status:
		return decodeStatus(d, f)
	}
	return nil, connect.Ignored{Rule: "a webhook that is about no text"}
}

func decodeInbound(d plumbline.Delivery, f func(string) string) ([]plumbline.Reading, error) {
	from, sid := f("From"), f("MessageSid")
	if from == "" || sid == "" {
		return nil, errors.New("decode a Twilio text: From and MessageSid must be there")
	}
	if !telephone.MatchString(from) {
		return nil, connect.Ignored{Rule: "a text that comes from no telephone number"}
	}
	media := []any{}
	for i := range count(f("NumMedia")) {
		n := strconv.Itoa(i)
		if u := f("MediaUrl" + n); u != "" {
			media = append(media, map[string]any{"url": u, "type": f("MediaContentType" + n)})
		}
	}
	said := map[string]any{"body": f("Body"), "to": f("To"), "at": d.Received, "opt_out_type": f("OptOutType"), "media": media}
	return []plumbline.Reading{about(from, "text:"+sid, said)}, nil
}

// count reads NumMedia; a text has at most 10.
func count(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return min(max(n, 0), 10)
}

func decodeStatus(d plumbline.Delivery, f func(string) string) ([]plumbline.Reading, error) {
	to, sid, word := f("To"), f("MessageSid"), f("MessageStatus")
	if to == "" || sid == "" || word == "" {
		return nil, errors.New("decode a Twilio receipt: To, MessageSid and MessageStatus must be there")
	}
	if !telephone.MatchString(to) {
		return nil, connect.Ignored{Rule: "a receipt for no telephone number"}
	}
	code := 0
	if text := f("ErrorCode"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, errors.New("decode a Twilio receipt: ErrorCode: expected a number")
		}
		code = n
	}
	dead, optedOut, _ := Delivery(code)
	said := map[string]any{
		"sid": sid, "status": word, "rank": ranks[word], "code": code, "at": d.Received,
		"dead": dead, "opted_out": optedOut,
	}
	name := d.Attempt
	if name == "" {
		name = sid
	}
	return []plumbline.Reading{about(to, "receipt:"+name+"/"+word, said)}, nil
}

// decodeRefused reads what we noted when a Send was refused for the number's sake.
func decodeRefused(d plumbline.Delivery) ([]plumbline.Reading, error) {
	var note struct {
		To      string    `json:"to"`
		Code    int       `json:"code"`
		Attempt string    `json:"attempt"`
		At      time.Time `json:"at"`
	}
	if err := json.Unmarshal(d.Body, &note); err != nil {
		return nil, fmt.Errorf("decode a refused text: %w", err)
	}
	if y := note.At.UTC().Year(); y < 1 || y > 9999 {
		return nil, errors.New("decode a refused text: at: expected a time of this era")
	}
	if note.Attempt == "" || !telephone.MatchString(note.To) {
		return nil, errors.New("decode a refused text: expected to and attempt")
	}
	dead, optedOut, _ := Delivery(note.Code)
	said := map[string]any{"code": note.Code, "at": note.At, "dead": dead, "opted_out": optedOut}
	r := about(note.To, "refused:"+connect.CleanText(note.Attempt), said)
	r.At = note.At.UTC()
	return []plumbline.Reading{r}, nil
}

// about is a reading that says one thing about a number. It happened when it was
// received: Twilio dates neither texts nor receipts.
func about(number, name string, said map[string]any) plumbline.Reading {
	return plumbline.Reading{
		Kind: plumbline.Address, ID: number,
		Fields: map[string]plumbline.Value{name: connect.Value([]any{said})},
	}
}
