package hubspot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"

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

// call sends a request once. A write whose answer did not come is unknown, unless
// no connection was made at all.
func (t *Tool) call(ctx context.Context, r request) (answer, *refusal) {
	req, err := t.build(ctx, r)
	if err != nil {
		return answer{}, &refusal{Error: &connect.Error{Class: connect.Human, Code: "request", Msg: "the request could not be made", Err: err}}
	}
	if ctx.Err() != nil {
		return answer{}, &refusal{Error: &connect.Error{Class: connect.Retry, Code: "not_sent", Msg: "there was no time left to call hubspot", Err: ctx.Err()}}
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return answer{}, &refusal{Error: broken(err, r.writes)}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errors.New("the answer is larger than 64 MiB")
	}
	if resp.StatusCode/100 != 2 {
		// a refusal holds without its body
		return answer{}, t.refused(resp.StatusCode, resp.Header, body, r.writes)
	}
	if err != nil {
		return answer{}, &refusal{Error: broken(err, r.writes)}
	}
	return answer{status: resp.StatusCode, body: body}, nil
}

func (t *Tool) build(ctx context.Context, r request) (*http.Request, error) {
	address := t.config.BaseURL + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, err
	}
	if r.writes {
		// without it net/http may send a request again on a fresh connection
		req.GetBody = nil
	}
	req.Header.Set("Authorization", "Bearer "+string(t.config.Token))
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// broken classifies a call without a whole answer.
func broken(err error, writes bool) *connect.Error {
	e := &connect.Error{Class: connect.Retry, Code: "connection", Msg: "the connection to hubspot broke", Err: err}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		e.Msg = "hubspot could not be reached"
		return e
	}
	if writes {
		e.Class = connect.Unknown
	}
	return e
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

// errorOf turns a refusal into an error, keeping nil nil.
func errorOf(no *refusal) error {
	if no == nil {
		return nil
	}
	return no.Error
}
