// Package twilio sends texts through Twilio's Programmable Messaging, finds out what
// became of a send whose answer was lost, and takes the webhooks for texts that
// people write and for what carriers report. It decides nothing about consent, and
// knows nothing of the rooms that use it.
//
// Facts come from the vendor's interface description (api_v2010), its documentation
// and its helper libraries' tests.
package twilio

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// DefaultBase is the vendor's API for texts, DefaultMessaging that for Messaging Services.
const (
	DefaultBase      = "https://api.twilio.com"
	DefaultMessaging = "https://messaging.twilio.com"
)

// Config is one account, or better subaccount, with one sender.
type Config struct {
	AccountSid string `json:"account_sid" yaml:"account_sid"`
	// AuthTokens begins with the primary token, which calls use. Webhooks are accepted
	// if any of them signed, so that a token can be rotated.
	AuthTokens []connect.Secret `json:"auth_tokens" yaml:"auth_tokens"`
	// Exactly one of From (E.164 or short code) and MessagingServiceSid.
	From                string `json:"from" yaml:"from"`
	MessagingServiceSid string `json:"messaging_service_sid" yaml:"messaging_service_sid"`
	BaseURL             string `json:"base_url" yaml:"base_url"`           // DefaultBase
	MessagingURL        string `json:"messaging_url" yaml:"messaging_url"` // DefaultMessaging, or base_url where that is given
	// CallbackURL is the public address of this connection's webhooks, as Twilio
	// calls it; receipts go to CallbackURL/status/ATTEMPT.
	CallbackURL string `json:"callback_url" yaml:"callback_url"`
	// MessagesPerSecond is how fast the sender may be fed; 1, which is what a plain
	// long code carries. Twilio counts segments: texts of two parts take two.
	MessagesPerSecond int `json:"messages_per_second" yaml:"messages_per_second"`
}

func (c Config) withDefaults() Config {
	if c.MessagingURL == "" {
		c.MessagingURL = c.BaseURL
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultBase
	}
	if c.MessagingURL == "" {
		c.MessagingURL = DefaultMessaging
	}
	if c.MessagesPerSecond == 0 {
		c.MessagesPerSecond = 1
	}
	c.CallbackURL = strings.TrimSuffix(c.CallbackURL, "/")
	return c
}

var (
	accountSid = regexp.MustCompile(`^AC[0-9a-fA-F]{32}$`)
	serviceSid = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
	authToken  = regexp.MustCompile(`^[!-~]{16,128}$`)
	sender     = regexp.MustCompile(`^(\+[1-9][0-9]{6,14}|[1-9][0-9]{4,5})$`)
	telephone  = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

// Validate says of every field that is wrong what to do about it.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	wrong := func(field, problem, hint string) {
		errs = append(errs, plumbline.Invalidf(hint, "twilio: %s: %s", field, problem))
	}
	if !accountSid.MatchString(c.AccountSid) {
		wrong("account_sid", "it is not AC and 32 hexadecimal digits", "copy it from the Twilio console")
	}
	if len(c.AuthTokens) == 0 {
		wrong("auth_tokens", "there is none", "copy the primary auth token from the Twilio console")
	}
	for _, t := range c.AuthTokens {
		if !authToken.MatchString(string(t)) {
			wrong("auth_tokens", "one is too short, or holds spaces", "copy the auth token again; API keys do not sign webhooks")
		}
	}
	switch {
	case c.From == "" && c.MessagingServiceSid == "":
		wrong("from", "neither it nor messaging_service_sid is given", "give one of them")
	case c.From != "" && c.MessagingServiceSid != "":
		wrong("from", "messaging_service_sid is given too", "give one of them")
	case c.From != "" && !sender.MatchString(c.From):
		wrong("from", "it is neither a number like +15005550006 nor a short code", "write it in E.164")
	case c.MessagingServiceSid != "" && !serviceSid.MatchString(c.MessagingServiceSid):
		wrong("messaging_service_sid", "it is not MG and 32 hexadecimal digits", "copy it from the Twilio console")
	}
	if problem := connect.CheckBase(c.BaseURL); problem != "" {
		wrong("base_url", problem, "leave it out for "+DefaultBase)
	}
	if problem := connect.CheckBase(c.MessagingURL); problem != "" {
		wrong("messaging_url", problem, "leave it out for "+DefaultMessaging)
	}
	if problem := checkCallback(c.CallbackURL); problem != "" {
		wrong("callback_url", problem, "give the public https address of this connection's webhooks")
	}
	if c.MessagesPerSecond < 1 || c.MessagesPerSecond > 225 {
		wrong("messages_per_second", "it must lie between 1 and 225", "leave it out for 1")
	}
	return errors.Join(errs...)
}

// checkCallback adds to the rules of base URLs that Twilio refuses host names with an
// underscore (error 21609).
func checkCallback(text string) string {
	if problem := connect.CheckBase(text); problem != "" {
		return problem
	}
	if u, err := url.Parse(text); err == nil && strings.Contains(u.Host, "_") {
		return "its host name holds an underscore, which Twilio refuses"
	}
	return ""
}

// Tool is a connection to Twilio. It receives, replies, decodes, sends, sees to it that it
// is told, and tells its budget.
type Tool struct {
	config    Config
	caller    connect.Caller
	messaging connect.Caller // asks about Messaging Services
	now       func() time.Time
}

var _ interface {
	connect.Receiver
	connect.Subscriber
	connect.Replier
	connect.Decoder
	connect.Sender
	connect.Budgeter
} = (*Tool)(nil)

// New makes a connection from a valid configuration.
func New(c Config, client *http.Client, now func() time.Time) *Tool {
	c = c.withDefaults()
	t := &Tool{config: c, now: now}
	t.caller = connect.Caller{
		HTTP: client, Tool: "Twilio", Base: c.BaseURL, Now: now, Limit: 4 << 20,
		Authorize: func(r *http.Request) {
			if len(c.AuthTokens) > 0 {
				r.SetBasicAuth(c.AccountSid, string(c.AuthTokens[0]))
			}
		},
		Refused: t.refused,
	}
	t.messaging = t.caller
	t.messaging.Base = c.MessagingURL
	return t
}

// Budgets returns what the sender carries, and apart from it a modest rate for
// look-ups, so that finding out never waits behind sending.
func (t *Tool) Budgets() map[string]connect.Budget {
	return map[string]connect.Budget{
		"write": {Calls: t.config.MessagesPerSecond, Window: time.Second},
		"read":  {Calls: 5, Window: time.Second},
	}
}

// AccountID is the sender.
func (t *Tool) AccountID() string { return t.config.From + t.config.MessagingServiceSid }
