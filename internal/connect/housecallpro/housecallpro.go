// Package housecallpro reads Housecall Pro: it takes its webhooks, asks for single
// objects and pages through what changed. It writes nothing there, and knows
// nothing of the rooms that use what it reads.
//
// Facts come from the vendor's interface description ("Housecall v1 API"), from
// captured traffic and from the code of other receivers, in this order. The vendor
// publishes neither its event list nor its signature: both are from code, so the
// signature's headers and encoding can be configured.
package housecallpro

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// DefaultBase is the vendor's only server; it has no public sandbox.
const DefaultBase = "https://api.housecallpro.com"

// Config is one connection to one company. Empty fields take the defaults named.
type Config struct {
	APIKey         connect.Secret   `json:"api_key" yaml:"api_key"`                 // a company's or application's key; sent as "Token KEY"
	WebhookSecrets []connect.Secret `json:"webhook_secrets" yaml:"webhook_secrets"` // signing secrets, newest first; any of them is accepted
	BaseURL        string           `json:"base_url" yaml:"base_url"`               // DefaultBase
	CompanyID      string           `json:"company_id" yaml:"company_id"`           // sent as X-Company-Id, for a key that spans locations

	CallbackURL string `json:"callback_url" yaml:"callback_url"` // the public address of this connection's webhooks, for people

	SignatureHeader string        `json:"signature_header" yaml:"signature_header"` // Api-Signature
	TimestampHeader string        `json:"timestamp_header" yaml:"timestamp_header"` // Api-Timestamp; "none": the body alone is signed, undated
	Encoding        string        `json:"encoding" yaml:"encoding"`                 // hex or base64; hex
	Skew            time.Duration `json:"skew" yaml:"skew"`                         // how old or early a signature may be; 5 minutes

	PageSize       int `json:"page_size" yaml:"page_size"`               // rows per page of a poll; 100
	CallsPerSecond int `json:"calls_per_second" yaml:"calls_per_second"` // 2; the vendor publishes no limit
}

const undated = "none"

// withDefaults returns c with what was left empty filled in.
func (c Config) withDefaults() Config {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&c.BaseURL, DefaultBase)
	set(&c.SignatureHeader, "Api-Signature")
	set(&c.TimestampHeader, "Api-Timestamp")
	set(&c.Encoding, "hex")
	if c.Skew == 0 {
		c.Skew = 5 * time.Minute
	}
	if c.PageSize == 0 {
		c.PageSize = 100
	}
	if c.CallsPerSecond == 0 {
		c.CallsPerSecond = 2
	}
	return c
}

// Validate says of every field that is wrong what to do about it.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	wrong := func(field, problem, hint string) {
		errs = append(errs, plumbline.Invalidf(hint, "housecallpro: %s: %s", field, problem))
	}
	const keyPage = "create a key under App Store, API Key Management, as an admin on the MAX plan"
	switch key := string(c.APIKey); {
	case key == "":
		wrong("api_key", "it is missing", keyPage)
	case strings.HasPrefix(key, "Token ") || strings.HasPrefix(key, "Bearer "):
		wrong("api_key", "it begins with the name of the scheme", "give the key alone")
	case !headerValue(key):
		wrong("api_key", "it holds spaces or control characters", "copy the key again")
	}
	if len(c.WebhookSecrets) == 0 {
		wrong("webhook_secrets", "there is none", "copy the signing secret from the Webhooks app of Housecall Pro; it is not the API key")
	}
	for _, s := range c.WebhookSecrets {
		switch {
		case strings.TrimSpace(string(s)) != string(s) || s == "":
			wrong("webhook_secrets", "one is empty or has spaces around it", "copy the signing secret again")
		case s == c.APIKey:
			wrong("webhook_secrets", "one is the API key", "copy the signing secret from the Webhooks app of Housecall Pro")
		}
	}
	if problem := connect.CheckBase(c.BaseURL); problem != "" {
		wrong("base_url", problem, "leave it out for "+DefaultBase)
	}
	if c.CompanyID != "" && !headerValue(c.CompanyID) {
		wrong("company_id", "it holds spaces or control characters", "give the company's id")
	}
	if !headerName(c.SignatureHeader) {
		wrong("signature_header", "it is no header name", "leave it out for Api-Signature")
	}
	if !headerName(c.TimestampHeader) {
		wrong("timestamp_header", "it is no header name", "leave it out for Api-Timestamp, or say none")
	}
	if c.Encoding != "hex" && c.Encoding != "base64" {
		wrong("encoding", "it is unknown", "say hex or base64")
	}
	if c.Skew < time.Second || c.Skew > time.Hour {
		wrong("skew", "it must lie between 1s and 1h", "leave it out for 5m")
	}
	if c.PageSize < 1 || c.PageSize > 200 {
		wrong("page_size", "it must lie between 1 and 200", "leave it out for 100")
	}
	if c.CallsPerSecond < 1 || c.CallsPerSecond > 20 {
		wrong("calls_per_second", "it must lie between 1 and 20", "leave it out for 2")
	}
	return errors.Join(errs...)
}

func headerValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

func headerName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// Tool is a connection to Housecall Pro. It receives, decodes, fetches, pulls,
// counts and tells its budget.
type Tool struct {
	config Config
	caller connect.Caller
	now    func() time.Time
}

var _ interface {
	connect.Receiver
	connect.Subscriber
	connect.Decoder
	connect.Fetcher
	connect.Puller
	connect.Counter
	connect.Budgeter
} = (*Tool)(nil)

// New makes a connection from a valid configuration. now is asked for when a poll began.
func New(c Config, client *http.Client, now func() time.Time) *Tool {
	c = c.withDefaults()
	t := &Tool{config: c, now: now}
	t.caller = connect.Caller{
		HTTP: client, Tool: "Housecall Pro", Base: c.BaseURL, Now: now,
		Authorize: func(r *http.Request) {
			r.Header.Set("Authorization", "Token "+string(c.APIKey))
			if c.CompanyID != "" {
				r.Header.Set("X-Company-Id", c.CompanyID)
			}
		},
		Refused: t.refused,
	}
	return t
}

// Budgets returns the one quota of a company. The vendor publishes no numbers; one
// or two calls a second have not been throttled in other clients.
func (t *Tool) Budgets() map[string]connect.Budget {
	return map[string]connect.Budget{"read": {Calls: t.config.CallsPerSecond, Window: time.Second}}
}
