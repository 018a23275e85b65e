package twilio

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"plumbline.dev/plumbline/internal/connect"
)

// overrides behind the address ask for five more tries of any failure, as receipts do.
const overrides = "#rc=5&rp=all"

// A hook is where texts that people write are told.
type hook struct {
	sid, address, method string
	elsewhere            string // why it cannot be seen, if it cannot
	hidden               bool
}

// Subscriptions asks where texts that people write to the sender are told. Receipts need no
// subscription: each text that is sent names where.
func (t *Tool) Subscriptions(ctx context.Context) ([]connect.Subscription, error) {
	h, err := t.hook(ctx)
	if err != nil {
		return nil, err
	}
	s := connect.Subscription{Name: "texts to " + t.AccountID(), State: connect.Held, Why: h.elsewhere}
	ours := strings.TrimSuffix(h.address, "/") == t.config.CallbackURL
	switch {
	case h.hidden:
		s.State = connect.Hidden
	case h.elsewhere != "":
		s.State = connect.Elsewhere
	case h.address == "":
		s.State, s.Why = connect.Off, "it has no address for texts that come in"
	case !ours:
		s.State, s.Why = connect.Elsewhere, "it tells of texts that come in at "+host(h.address)
	case h.method != http.MethodPost:
		s.State, s.Why = connect.Off, "it is told by "+h.method+", without what was written"
	}
	return []connect.Subscription{s}, nil
}

// Restore enters our address where none is.
func (t *Tool) Restore(ctx context.Context, _ string) (kept string, err error) {
	h, err := t.hook(ctx)
	if err != nil {
		return "", err
	}
	caller, path := t.caller, t.numbersPath()+"/"+url.PathEscape(h.sid)+".json"
	form := url.Values{"SmsUrl": {t.config.CallbackURL + overrides}, "SmsMethod": {http.MethodPost}}
	if t.config.MessagingServiceSid != "" {
		caller, path = t.messaging, servicePath(h.sid)
		form = url.Values{"InboundRequestUrl": {t.config.CallbackURL + overrides}, "InboundMethod": {http.MethodPost}}
	}
	_, err = caller.Do(ctx, connect.Call{Method: http.MethodPost, Path: path, ContentType: urlencoded, Body: []byte(form.Encode()), Safe: true})
	return "", err
}

// Cure is where the address stands on the console.
func (t *Tool) Cure() string {
	where := "the phone number " + t.config.From
	if t.config.MessagingServiceSid != "" {
		where = "the integration of the Messaging Service"
	}
	return "In the Twilio console open " + where + " and let a message that comes in call this address by POST: " + t.config.CallbackURL
}

// hook reads where texts that come in are told: at the address of the Messaging Service, or
// at that of the number.
func (t *Tool) hook(ctx context.Context) (hook, error) {
	if t.config.MessagingServiceSid != "" {
		return t.hookOfService(ctx)
	}
	if !telephone.MatchString(t.config.From) {
		return hook{hidden: true}, nil // a short code
	}
	r, err := t.caller.Do(ctx, connect.Call{Method: http.MethodGet, Path: t.numbersPath() + ".json", Query: url.Values{"PhoneNumber": {t.config.From}, "PageSize": {"20"}}, Safe: true})
	if err != nil {
		return hook{}, err
	}
	var list struct {
		Numbers []struct {
			Sid         string `json:"sid"`
			Number      string `json:"phone_number"`
			Address     string `json:"sms_url"`
			Method      string `json:"sms_method"`
			Application string `json:"sms_application_sid"`
		} `json:"incoming_phone_numbers"`
	}
	if err := json.Unmarshal(r.Body, &list); err != nil || list.Numbers == nil {
		return hook{}, unreadable(r, err)
	}
	for _, n := range list.Numbers {
		if n.Number == t.config.From {
			return hook{sid: n.Sid, address: bare(n.Address), method: n.Method, hidden: n.Application != ""}, nil
		}
	}
	return hook{elsewhere: "the account has no such number"}, nil
}

func (t *Tool) hookOfService(ctx context.Context) (hook, error) {
	r, err := t.messaging.Do(ctx, connect.Call{Method: http.MethodGet, Path: servicePath(t.config.MessagingServiceSid), Safe: true})
	if err != nil {
		return hook{}, err
	}
	var s struct {
		Sid       string  `json:"sid"`
		Address   *string `json:"inbound_request_url"`
		Method    string  `json:"inbound_method"`
		OfNumbers bool    `json:"use_inbound_webhook_on_number"`
	}
	if err := json.Unmarshal(r.Body, &s); err != nil || s.Sid == "" {
		return hook{}, unreadable(r, err)
	}
	h := hook{sid: s.Sid, method: s.Method, hidden: s.OfNumbers}
	if s.Address != nil {
		h.address = bare(*s.Address)
	}
	return h, nil
}

func unreadable(r connect.Reply, err error) error {
	return &connect.Error{Class: connect.Human, Status: r.Status, Msg: "the answer is not one of Twilio", Cure: "check base_url", Err: err}
}

func (t *Tool) numbersPath() string {
	return "/2010-04-01/Accounts/" + url.PathEscape(t.config.AccountSid) + "/IncomingPhoneNumbers"
}

func servicePath(sid string) string { return "/v1/Services/" + url.PathEscape(sid) }

// bare is an address without its overrides.
func bare(address string) string {
	address, _, _ = strings.Cut(address, "#")
	return address
}

// host names an address for people, without what may be secret in it.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "another address"
	}
	return u.Host + u.Path
}
