package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// Path shapes differ by family, so each family has its own version constant
// ("2026-09 API reference").
const (
	recordsPath      = "/crm/objects/2026-09/"
	associationsPath = "/crm/associations/2026-09/"
	propertiesPath   = "/crm/properties/2026-09/"
	pipelinesPath    = "/crm/pipelines/2026-09/"
	accountPath      = "/account-info/2026-09/details"
)

// maxAnswer bounds what is read of an answer: 100 records of long texts with their
// histories stay well below it.
const maxAnswer = 64 << 20

// callDeadline is of one call. A batch of 100 takes HubSpot seconds.
const callDeadline = 30 * time.Second

// A request is one call that is about to leave.
type request struct {
	method string
	path   string
	query  url.Values
	body   any
	writes bool // whether it changes something there
}

// An answer is a 2xx.
type answer struct {
	status int
	body   []byte
}

// A refusal is an answer that is none, and what it said in detail.
type refusal struct {
	*connect.Error
	details problem
}

func (t *Tool) caller() *connect.Caller {
	return &connect.Caller{
		HTTP: t.client, Tool: "hubspot", Base: t.config.BaseURL, Now: t.now, Deadline: callDeadline, Limit: maxAnswer,
		Authorize: func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+string(t.config.Token)) },
		Refused:   t.refused,
	}
}

// call sends a request once. A write whose answer did not come is unknown, unless
// no connection was made at all.
func (t *Tool) call(ctx context.Context, r request) (answer, *refusal) {
	call := connect.Call{Method: r.method, Path: r.path, Query: r.query, Safe: !r.writes}
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return answer{}, &refusal{Error: &connect.Error{Class: connect.Human, Code: "request", Msg: "the request could not be written", Err: err}}
		}
		call.Body, call.ContentType = text, "application/json"
	}
	if ctx.Err() != nil {
		return answer{}, &refusal{Error: &connect.Error{Class: connect.Retry, Code: "not_sent", Msg: "there was no time left to call hubspot", Err: ctx.Err()}}
	}
	said, err := t.caller().Do(ctx, call)
	if err != nil {
		no := &refusal{Error: connect.AsError(err)}
		if no.Code == "" {
			no.Code = "connection"
		}
		_ = json.Unmarshal(said.Body, &no.details) // the class stands without the details
		return answer{}, no
	}
	return answer{status: said.Status, body: said.Body}, nil
}

// read makes a call that changes nothing and decodes its answer.
func (t *Tool) read(ctx context.Context, method, path string, query url.Values, body, out any) *refusal {
	a, no := t.call(ctx, request{method: method, path: path, query: query, body: body})
	if no != nil {
		return no
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return &refusal{Error: &connect.Error{Class: connect.Retry, Status: a.status, Code: "answer",
			Msg: "hubspot's answer could not be read", Err: err}}
	}
	return nil
}
