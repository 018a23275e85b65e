// Package jobber reads Jobber: it takes its webhooks, asks for single objects, pages
// through what changed, and keeps to the points that the vendor gives for questions. It
// writes nothing there, and knows nothing of the rooms that use what it reads.
//
// Facts come from the vendor's pages (webhooks, refresh token rotation, rate limits),
// from its schema as others have introspected it, and from the code of other clients, in
// this order. Jobber shows no technician on the way, on site or pausing, nothing released
// and nothing canceled: of these this package never says anything.
package jobber

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// Defaults of a Config. The vendor has one server and no public sandbox; it serves a
// dated version of its schema for a year at least.
const (
	DefaultBase    = "https://api.getjobber.com"
	DefaultVersion = "2025-04-16"
)

// Config is the app that an account's administrator lets in, as the Developer Center
// shows it. Empty fields take the defaults named.
type Config struct {
	ClientID     string         `json:"client_id" yaml:"client_id"`
	ClientSecret connect.Secret `json:"client_secret" yaml:"client_secret"` // also signs the webhooks
	BaseURL      string         `json:"base_url" yaml:"base_url"`           // DefaultBase
	Version      string         `json:"version" yaml:"version"`             // DefaultVersion; of the schema, a date
	CallbackURL  string         `json:"callback_url" yaml:"callback_url"`   // the public address of this connection's webhooks

	PageSize    int `json:"page_size" yaml:"page_size"`         // rows per page of a poll; 25
	JobPageSize int `json:"job_page_size" yaml:"job_page_size"` // the same for jobs, which bring their visits; 20
}

// The largest pages are those whose cost fits into a bucket of 10,000 points, less what
// is left to others.
const (
	largestPage    = 40
	largestJobPage = 30
)

// withDefaults returns c with what was left empty filled in.
func (c Config) withDefaults() Config {
	if c.BaseURL == "" {
		c.BaseURL = DefaultBase
	}
	if c.Version == "" {
		c.Version = DefaultVersion
	}
	if c.PageSize == 0 {
		c.PageSize = 25
	}
	if c.JobPageSize == 0 {
		c.JobPageSize = 20
	}
	return c
}

var version = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

// Validate says of every field that is wrong what to do about it.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	wrong := func(field, problem, hint string) {
		errs = append(errs, plumbline.Invalidf(hint, "jobber: %s: %s", field, problem))
	}
	const appPage = "copy it from the app's page in Jobber's Developer Center"
	switch {
	case c.ClientID == "":
		wrong("client_id", "it is missing", appPage)
	case !printable(c.ClientID):
		wrong("client_id", "it holds spaces or control characters", appPage)
	}
	switch secret := string(c.ClientSecret); {
	case secret == "":
		wrong("client_secret", "it is missing", appPage)
	case !printable(secret):
		wrong("client_secret", "it holds spaces or control characters", appPage)
	case secret == c.ClientID:
		wrong("client_secret", "it is the client id", appPage)
	}
	if problem := connect.CheckBase(c.BaseURL); problem != "" {
		wrong("base_url", problem, "leave it out for "+DefaultBase)
	}
	if !version.MatchString(c.Version) {
		wrong("version", "it is no date", "leave it out for "+DefaultVersion)
	}
	if c.PageSize < 1 || c.PageSize > largestPage {
		wrong("page_size", "it must lie between 1 and 40", "leave it out for 25")
	}
	if c.JobPageSize < 1 || c.JobPageSize > largestJobPage {
		wrong("job_page_size", "it must lie between 1 and 30", "leave it out for 20")
	}
	return errors.Join(errs...)
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// Tool is a connection to Jobber. It receives, decodes, fetches, pulls and counts, is let in by
// an account's administrator, and keeps to its budget of points.
type Tool struct {
	config Config
	caller connect.Caller // asks questions
	door   connect.Caller // asks for tokens
	meter  *meter
	now    func() time.Time

	mu    sync.Mutex
	grant connect.Grant
}

var _ interface {
	connect.Receiver
	connect.Subscriber
	connect.Decoder
	connect.Rereader
	connect.Puller
	connect.Counter
	connect.Authorizer
	connect.Budgeter
} = (*Tool)(nil)

// New makes a connection from a valid configuration. now dates polls, tokens and what is
// left of the budget.
func New(c Config, client *http.Client, now func() time.Time) *Tool {
	c = c.withDefaults()
	t := &Tool{config: c, now: now, meter: newMeter(now)}
	t.caller = connect.Caller{HTTP: client, Tool: "Jobber", Base: c.BaseURL, Now: now, Authorize: t.authorize, Refused: t.refused}
	t.door = connect.Caller{HTTP: client, Tool: "Jobber", Base: c.BaseURL, Now: now, Refused: t.turnedAway}
	return t
}

// Budgets returns the one limit that counts calls: 2,500 in five minutes per app and
// account, by the vendor's page on rate limits. What calls cost is kept by the tool.
func (t *Tool) Budgets() map[string]connect.Budget {
	return map[string]connect.Budget{"read": {Calls: 2500, Window: 300 * time.Second}}
}

// Spent returns the points that answers have told so far.
func (t *Tool) Spent() float64 { return t.meter.total() }
