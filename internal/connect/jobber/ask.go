package jobber

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// An answer is the body of a GraphQL answer, or of one that says before GraphQL why there
// is none.
type answer struct {
	Data       map[string]json.RawMessage `json:"data"`
	Errors     []problem                  `json:"errors"`
	Message    string                     `json:"message"` // "Access token expired"
	Extensions struct {
		Cost *cost `json:"cost"`
	} `json:"extensions"`
}

// A problem is one entry of an answer's errors.
type problem struct {
	Message    string `json:"message"`
	Path       []any  `json:"path"` // where in data it is; empty: all of it
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

// ask asks a question that fits into the budget. The answer may hold problems of parts of
// it; one of all of it is an error.
func (t *Tool) ask(ctx context.Context, q query, vars map[string]any) (answer, error) {
	if !t.letIn() {
		return answer{}, &connect.Error{Class: connect.Wait, Msg: "no account has let us in", Cure: connectAnew}
	}
	if err := t.meter.take(q); err != nil {
		return answer{}, err
	}
	body, err := json.Marshal(map[string]any{"query": q.text, "variables": vars})
	if err != nil {
		return answer{}, &connect.Error{Class: connect.Human, Msg: "a question cannot be written", Err: err}
	}
	r, err := t.caller.Do(ctx, connect.Call{Method: http.MethodPost, Path: "/api/graphql", ContentType: "application/json", Body: body, Safe: true})
	if err != nil {
		return answer{}, err
	}
	var a answer
	if err := json.Unmarshal(r.Body, &a); err != nil {
		return answer{}, &connect.Error{Class: connect.Retry, Status: r.Status, Msg: "the answer is not one of Jobber", Cure: "check base_url", Err: err}
	}
	if a.Extensions.Cost != nil {
		t.meter.told(q, *a.Extensions.Cost)
	}
	return a, t.failed(q, r, a)
}

// failed says what is wrong with an answer as a whole, if something is.
func (t *Tool) failed(q query, r connect.Reply, a answer) error {
	if a.Message != "" && a.Data == nil {
		return flat(r.Status, a.Message)
	}
	for _, p := range a.Errors {
		if a.Data == nil || p.entire() {
			e := p.err(r.Status)
			if p.Extensions.Code == codeThrottled {
				e.After = t.meter.throttled(q)
			}
			return e
		}
	}
	if a.Data == nil {
		return &connect.Error{Class: connect.Human, Status: r.Status, Msg: "the answer is not one of Jobber", Cure: "check base_url"}
	}
	return nil
}

const (
	codeThrottled = "THROTTLED"
	codeNotFound  = "NOT_FOUND"

	connectAnew = "connect it anew: an administrator of the account has to agree"
)

// entire says that a problem is one of every question alike, wherever it came up.
func (p problem) entire() bool {
	switch p.Extensions.Code {
	case codeThrottled, "UNAUTHENTICATED":
		return true
	}
	return len(p.Path) == 0
}

// alias is the field of the query in which the problem is.
func (p problem) alias() string {
	if len(p.Path) == 0 {
		return ""
	}
	name, _ := p.Path[0].(string)
	return name
}

var (
	hidden  = regexp.MustCompile(`(?i)\bhidden\b`)
	fieldOf = regexp.MustCompile(`(?i)\bfield '?(\w+)'? on (?:an object of )?type '?(\w+)'?`)
)

// err classifies a problem by its code, or where it has none by its words. They are
// code's and not documented.
func (p problem) err(status int) *connect.Error {
	e := &connect.Error{Class: connect.Human, Status: status, Code: p.Extensions.Code}
	switch code := p.Extensions.Code; {
	case code == codeThrottled:
		e.Class, e.Msg, e.After = connect.Wait, "Jobber asks us to slow down", time.Second
	case code == "UNAUTHENTICATED":
		e.Class, e.Msg, e.Cure = connect.Wait, "Jobber does not accept our token", connectAnew
	case code == "FORBIDDEN" || hidden.MatchString(p.Message):
		e.Code, e.Msg, e.Cure = "FORBIDDEN", "Jobber does not show us "+p.what(), "give the app the scope to read it in the Developer Center, and "+connectAnew
	case code == codeNotFound:
		e.Msg, e.Cure = "Jobber does not find a part of what it has", "try again, and look at the object in Jobber"
	case code == "INTERNAL_SERVER_ERROR" || code == "TIMEOUT":
		e.Class, e.Msg = connect.Retry, "Jobber has trouble of its own"
	default:
		e.Msg, e.Cure = "Jobber refuses the question", "look at what the vendor changed in the version of its schema that is configured"
	}
	return e
}

// what names the field that is hidden, by the vendor's message.
func (p problem) what() string {
	if m := fieldOf.FindStringSubmatch(p.Message); m != nil {
		return m[2] + "." + m[1]
	}
	return "a field"
}

var (
	aboutToken   = regexp.MustCompile(`(?i)token`)
	aboutVersion = regexp.MustCompile(`(?i)\bversion\b`)
)

// flat reads a message that comes before GraphQL. It bears no code.
func flat(status int, message string) *connect.Error {
	e := &connect.Error{Class: connect.Human, Status: status, Msg: "Jobber refuses the question", Cure: "look at the request, and at what the vendor changed"}
	switch {
	case status == http.StatusUnauthorized || aboutToken.MatchString(message):
		e.Class, e.Code, e.Msg, e.Cure = connect.Wait, "UNAUTHENTICATED", "Jobber does not accept our token", connectAnew
	case aboutVersion.MatchString(message):
		e.Code, e.Msg, e.Cure = "VERSION", "Jobber does not have this version of its schema", "leave version out for "+DefaultVersion
	}
	return e
}

// slowDown is how long to rest after HTTP 429, which tells no number: a fifth of the five
// minutes in which the vendor counts calls.
const slowDown = time.Minute

// refused reads an answer other than 2xx.
func (t *Tool) refused(r connect.Reply) *connect.Error {
	e := t.caller.ByStatus(r)
	var a answer
	told := json.Unmarshal(bytes.TrimSpace(r.Body), &a) == nil
	switch {
	case r.Status == http.StatusTooManyRequests:
		if c := a.Extensions.Cost; c != nil && c.Throttle.Rate > 0 {
			e.After = max(e.After, t.meter.wait(c.Requested-c.Throttle.Available))
		}
		if e.After == 0 {
			e.After = slowDown
		}
	case r.Status == http.StatusUnauthorized:
		e.Cure = connectAnew
	case told && len(a.Errors) > 0 && r.Status < 500:
		e = a.Errors[0].err(r.Status)
	case told && a.Message != "" && r.Status < 500:
		e = flat(r.Status, a.Message)
	}
	if e.Code == "" {
		e.Code = strconv.Itoa(r.Status)
	}
	return e
}
