package hubspot

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// A problem is HubSpot's error body, or one error of a partly done batch. Every
// part may be missing (error handling guide).
type problem struct {
	Category   string    `json:"category"`
	Message    string    `json:"message"`
	PolicyName string    `json:"policyName"`
	Context    arguments `json:"context"`
	Errors     []detail  `json:"errors"`

	CorrelationID string `json:"correlationId"`
}

type detail struct {
	Message string    `json:"message"`
	Code    string    `json:"code"`
	In      string    `json:"in"`
	Context arguments `json:"context"`
}

// arguments is an error's context. What is not a list of texts is skipped: some
// answers put other things there.
type arguments map[string][]string

func (a *arguments) UnmarshalJSON(text []byte) error {
	var raw map[string]json.RawMessage
	if json.Unmarshal(text, &raw) != nil {
		return nil
	}
	*a = arguments{}
	for name, v := range raw {
		var list []loose
		if json.Unmarshal(v, &list) != nil {
			var one loose
			if json.Unmarshal(v, &one) != nil {
				continue
			}
			list = []loose{one}
		}
		for _, s := range list {
			(*a)[name] = append((*a)[name], string(s))
		}
	}
	return nil
}

// loose is a text that some answers write as a number or a bool.
type loose string

func (s *loose) UnmarshalJSON(text []byte) error {
	var str string
	if json.Unmarshal(text, &str) == nil {
		*s = loose(str)
		return nil
	}
	if len(text) == 0 || text[0] == '{' || text[0] == '[' {
		return errors.New("a text was expected")
	}
	*s = loose(text)
	return nil
}

// all returns every argument of the problem by one of the names.
func (p problem) all(names ...string) []string {
	var out []string
	for _, n := range names {
		out = append(out, p.Context[n]...)
		for _, d := range p.Errors {
			out = append(out, d.Context[n]...)
		}
	}
	return out
}

// refused reads an answer that is not 2xx.
func (t *Tool) refused(r connect.Reply) *connect.Error {
	status, header, writes := r.Status, r.Header, !r.Safe
	var p problem
	_ = json.Unmarshal(r.Body, &p) // a body that cannot be read leaves the status to decide
	e := &connect.Error{Status: status, Code: orElse(p.Category, "HTTP_"+strconv.Itoa(status)), Err: trace(p)}
	switch {
	case status == http.StatusTooManyRequests:
		t.limited(e, p, header)
	case status == 423:
		e.Class, e.After, e.Msg = connect.Retry, 2*time.Second, "the record is locked by other writes"
	case status == 477:
		e.Class, e.After, e.Msg = connect.Wait, orWait(header, time.Hour), "the account is being moved between regions"
	case status == http.StatusUnauthorized:
		e.Class, e.After, e.Msg = connect.Wait, 15*time.Minute, "hubspot does not accept the token"
		e.Cure = "create a new token in HubSpot and enter it in the connection"
	case status == http.StatusForbidden:
		forbidden(e, p)
	case status == http.StatusBadRequest || status == http.StatusConflict || status == http.StatusNotFound || status == 422:
		judge(e, p)
	case status == http.StatusRequestTimeout || status >= 500:
		failed(e, status, writes)
	default:
		e.Class, e.Msg = connect.Human, "hubspot refused the call"
		e.Cure = "look up the status in HubSpot's error handling guide"
	}
	return e
}

func trace(p problem) error {
	if p.CorrelationID == "" {
		return nil
	}
	return errors.New("hubspot correlation id " + p.CorrelationID)
}

// failed classifies errors of HubSpot's own: a write may have happened.
func failed(e *connect.Error, status int, writes bool) {
	e.Class, e.After, e.Msg = connect.Retry, 5*time.Second, "hubspot failed"
	switch {
	case writes:
		e.Class = connect.Unknown
	case status == 522 || status == 525 || status == 526:
		e.Class, e.Msg, e.Cure = connect.Human, "hubspot's edge does not reach hubspot", "ask HubSpot's support if it lasts"
	}
}

func (t *Tool) limited(e *connect.Error, p problem, header http.Header) {
	e.Class, e.Code = connect.Wait, orElse(p.PolicyName, "RATE_LIMIT")
	said := strings.ToUpper(p.PolicyName + " " + p.Message)
	switch {
	case strings.Contains(said, "DAILY"):
		e.Msg, e.After = "the account's calls of the day are used up", t.untilMidnight()
	case strings.Contains(said, "TEN_SECONDLY"):
		e.Msg, e.After = "too many calls in ten seconds", orWait(header, 10*time.Second)
	case strings.Contains(said, "SECONDLY"):
		e.Msg, e.After = "too many calls in a second", orWait(header, time.Second)
	default:
		e.Msg, e.After = "too many calls", orWait(header, 10*time.Second)
	}
}

// untilMidnight is how long the account's day still lasts; an hour, while its zone
// is not known.
func (t *Tool) untilMidnight() time.Duration {
	t.mu.Lock()
	zone := t.zone
	t.mu.Unlock()
	if zone == nil {
		return time.Hour
	}
	now := t.now().In(zone)
	return time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, zone).Sub(now)
}

// orWait reads Retry-After in seconds, at most a day.
func orWait(header http.Header, other time.Duration) time.Duration {
	n, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || n <= 0 {
		return other
	}
	return min(time.Duration(min(n, 86400))*time.Second, 24*time.Hour)
}

func forbidden(e *connect.Error, p problem) {
	e.Class, e.Msg = connect.Human, "the token may not do this"
	e.Cure = "give the token the missing permission in HubSpot"
	if scopes := p.all("requiredGranularScopes", "requiredScopes"); len(scopes) > 0 {
		e.Cure = "add one of these scopes to the token in HubSpot: " + strings.Join(plain(scopes), ", ")
	}
}

var (
	existingID  = regexp.MustCompile(`Existing ID:\s*(\d+)`)
	holderID    = regexp.MustCompile(`(\d+) already has that value`)
	heldField   = regexp.MustCompile(`propertyName=([A-Za-z0-9_]+)`)
	listedCodes = regexp.MustCompile(`"error":"([A-Z0-9_]+)","name":"([A-Za-z0-9_]+)"`)
	plainWord   = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,80}$`)
)

// plain keeps what can only be a name. Everything else of a message may hold
// personal data.
func plain(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !plainWord.MatchString(w) })
}

// judge classifies a refusal of what was sent: of one record, unless HubSpot's
// words say more.
func judge(e *connect.Error, p problem) {
	e.Class = connect.Human
	code := blame(e, p)
	said := strings.ToLower(p.Message)
	for _, d := range p.Errors {
		said += "\n" + strings.ToLower(d.Message)
	}
	switch {
	case p.Category == "OBJECT_NOT_FOUND" || e.Status == http.StatusNotFound && strings.Contains(said, "may be deleted"):
		e.Code, e.Gone, e.Msg = "OBJECT_NOT_FOUND", true, "the record is not there any more"
		e.Cure = "say whether it shall be created again"
	case existing(e, p):
		e.Code, e.Msg = "CONFLICT", "another record already has this value"
		e.Cure = "link to the existing record"
	case code == "PROPERTY_DOESNT_EXIST":
		e.Code, e.Msg = code, "the property "+e.Field+" does not exist in hubspot"
		e.Cure = "provision the connection, or take the property out of the mapping"
	case code == "READ_ONLY_VALUE" || strings.Contains(said, "read only"):
		e.Code, e.Msg = "READ_ONLY_VALUE", "the property "+e.Field+" is read-only in hubspot"
		e.Cure = "take it out of the mapping"
	case required(code, said):
		e.Code, e.Msg = "REQUIRED", "hubspot requires the property "+e.Field
		e.Cure = "map a value to it, or relax the account's rule for it"
	case e.Status == http.StatusNotFound:
		e.Msg, e.Cure = "hubspot does not know the address or type", "switch the object type on in the account"
	default:
		e.Code = orElse(code, e.Code)
		e.Msg = strings.TrimSpace("hubspot refused the value of " + orElse(e.Field, "a property"))
		e.Cure = "correct the value where it comes from, or the mapping"
	}
}

// itemError classifies one error inside an answer that was partly good.
func itemError(status int, p problem) *connect.Error {
	e := &connect.Error{Status: status, Code: orElse(p.Category, "UNNAMED"), Err: trace(p)}
	switch {
	case strings.Contains(p.Category, "RATE_LIMIT"):
		e.Class, e.After, e.Msg = connect.Wait, 10*time.Second, "too many calls"
	case strings.Contains(p.Category, "INTERNAL") || strings.Contains(p.Category, "TIMEOUT"):
		e.Class, e.Msg = connect.Unknown, "hubspot failed"
	default:
		judge(e, p)
	}
	return e
}

func required(code, said string) bool {
	return strings.Contains(code, "REQUIRED") || strings.Contains(said, "is required") || strings.Contains(said, "required propert")
}

// blame finds the first property and code that are named, in the details or inside
// the message, where HubSpot repeats them as text.
func blame(e *connect.Error, p problem) string {
	var code string
	for _, d := range p.Errors {
		if code == "" {
			code = strings.Join(plain([]string{d.Code}), "")
		}
		if fields := plain(append(d.Context["propertyName"], d.In)); e.Field == "" && len(fields) > 0 {
			e.Field = fields[0]
		}
	}
	if names := plain(p.Context["propertyName"]); e.Field == "" && len(names) > 0 {
		e.Field = names[0]
	}
	if m := listedCodes.FindStringSubmatch(p.Message); m != nil {
		code, e.Field = orElse(code, m[1]), orElse(e.Field, m[2])
	}
	if m := heldField.FindStringSubmatch(p.Message); m != nil {
		e.Field = orElse(e.Field, m[1])
	}
	return code
}

// existing says whether the refusal is about a unique value that another record
// has, and takes that record's id from the text if it is told.
func existing(e *connect.Error, p problem) bool {
	texts := []string{p.Message}
	codes := p.Category
	for _, d := range p.Errors {
		texts = append(texts, d.Message)
		codes += " " + d.Code
	}
	for _, text := range texts {
		for _, id := range []*regexp.Regexp{existingID, holderID} {
			if m := id.FindStringSubmatch(text); m != nil {
				e.Existing = m[1]
				return true
			}
		}
	}
	said := strings.ToLower(strings.Join(texts, "\n"))
	return e.Status == http.StatusConflict || strings.Contains(codes, "CONFLICT") ||
		strings.Contains(codes, "UNIQUE") || strings.Contains(said, "already has that value") || strings.Contains(said, "already exists")
}

// account learns the account's zone and checks that the token is of this account.
func (t *Tool) account(ctx context.Context) error {
	var a struct {
		PortalID loose  `json:"portalId"`
		TimeZone string `json:"timeZone"`
	}
	if no := t.read(ctx, http.MethodGet, accountPath, url.Values{}, nil, &a); no != nil {
		return no.Error
	}
	if string(a.PortalID) != t.config.Portal {
		return &connect.Error{Class: connect.Human, Code: "wrong_account", Msg: "the token belongs to another hubspot account",
			Cure: "enter the token of account " + t.config.Portal + ", or correct the account's id"}
	}
	zone, err := time.LoadLocation(a.TimeZone)
	if err != nil || a.TimeZone == "" {
		return nil // the daily limit then waits by the hour
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.config.Zone == "" {
		t.zone = zone
	}
	return nil
}
