package demo

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"plumbline.dev/plumbline/internal/sandbox/housecallpro"
	"plumbline.dev/plumbline/internal/sandbox/hubspot"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

// The accounts of the sandboxes. Nothing of it opens anything elsewhere.
const (
	fieldAccount = "5f0c1d2e-7a3b-4c4d-8e5f-000000000001"
	fieldKey     = "key-sandbox-0123456789"
	fieldSecret  = "the sandbox's webhook secret"
	crmToken     = "pat-na1-sandbox"
	crmPortal    = 24600001
	crmApp       = 7906213
	senderSid    = "AC00000000000000000000000000000001"
	senderToken  = "0123456789abcdef0123456789abcdef"
	senderNumber = "+14805550190"
)

// A VendorsConfig says in which world the vendors live.
type VendorsConfig struct {
	Now   func() time.Time
	Seed  uint64
	Zone  *time.Location // of the shop
	Brand string
	Hooks string // our address of webhooks, https://HOST/hooks/LOCATION; empty: nobody listens
	// Field and Sender deliver the webhooks of Housecall Pro and Twilio; nil: the network.
	Field, Sender *http.Client
}

// Vendors are the fakes of all three vendors with one account each.
type Vendors struct {
	Field  *housecallpro.Sandbox
	CRM    *hubspot.Sandbox
	Sender *twilio.Sandbox
}

// NewVendors opens empty accounts. They call nobody before they are stepped, except
// that Housecall Pro knows no webhook until one is registered there.
func NewVendors(c VendorsConfig) *Vendors {
	chance := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(c.Seed, n)) }
	v := &Vendors{
		Field: housecallpro.New(housecallpro.Options{Now: c.Now, Rand: chance(1), CompanyID: fieldAccount, CompanyName: c.Brand, Zone: c.Zone,
			APIKey: fieldKey, WebhookSecret: fieldSecret, Client: c.Field,
			Retries: []time.Duration{time.Second, 5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute}}),
		CRM: hubspot.New(hubspot.Options{Now: c.Now, Rand: chance(2), Token: crmToken, Portal: crmPortal, App: crmApp, Zone: c.Zone}),
	}
	sender := twilio.Options{Now: c.Now, Rand: chance(3), AccountSid: senderSid, AuthToken: senderToken, Numbers: []string{senderNumber}, Client: c.Sender}
	if c.Hooks != "" {
		sender.InboundURL = c.Hooks + "/sms"
	}
	v.Sender = twilio.New(sender)
	return v
}

// Handler serves each vendor's own paths beneath the tool's name.
func (v *Vendors) Handler() http.Handler {
	m := http.NewServeMux()
	m.Handle("/housecallpro/", http.StripPrefix("/housecallpro", v.Field))
	m.Handle("/hubspot/", http.StripPrefix("/hubspot", v.CRM))
	m.Handle("/twilio/", http.StripPrefix("/twilio", v.Sender))
	return m
}

// Step lets the vendors do what is due: webhooks leave, texts arrive. Next is when
// something is due again, zero if nothing is.
func (v *Vendors) Step(ctx context.Context, now time.Time) (next time.Time, err error) {
	for _, step := range []func(context.Context, time.Time) (bool, time.Time, error){v.Field.Step, v.Sender.Step} {
		_, at, err := step(ctx, now)
		if err != nil {
			return now, err
		}
		if next.IsZero() || !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return next, nil
}

// Credentials are what a configuration needs to know of the sandboxes. Its names are
// those of the tools' own configuration.
type Credentials struct {
	HousecallPro struct {
		BaseURL       string `json:"base_url"`
		APIKey        string `json:"api_key"`
		WebhookSecret string `json:"webhook_secret"`
		Account       string `json:"account"`
	} `json:"housecallpro"`
	HubSpot struct {
		BaseURL string `json:"base_url"`
		Token   string `json:"token"`
		Portal  string `json:"portal"`
		AppID   string `json:"app_id"`
	} `json:"hubspot"`
	Twilio struct {
		BaseURL    string `json:"base_url"`
		AccountSid string `json:"account_sid"`
		AuthToken  string `json:"auth_token"`
		From       string `json:"from"`
	} `json:"twilio"`
}

// CredentialsAt are those of sandboxes that are served beneath an address.
func CredentialsAt(address string) (c Credentials) {
	c.HousecallPro.BaseURL, c.HousecallPro.APIKey = address+"/housecallpro", fieldKey
	c.HousecallPro.WebhookSecret, c.HousecallPro.Account = fieldSecret, fieldAccount
	c.HubSpot.BaseURL, c.HubSpot.Token, c.HubSpot.Portal, c.HubSpot.AppID = address+"/hubspot", crmToken, "24600001", "7906213"
	c.Twilio.BaseURL, c.Twilio.AccountSid, c.Twilio.AuthToken, c.Twilio.From = address+"/twilio", senderSid, senderToken, senderNumber
	return c
}
