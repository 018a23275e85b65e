package housecallpro

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// get asks for one JSON object.
func (t *Tool) get(ctx context.Context, path string, query url.Values) (connect.Reply, map[string]json.RawMessage, error) {
	r, err := t.caller.Do(ctx, connect.Call{Method: http.MethodGet, Path: path, Query: query, Safe: true})
	if err != nil {
		return r, nil, err
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(r.Body, &m); err != nil || m == nil {
		return r, nil, &connect.Error{Class: connect.Human, Status: r.Status, Msg: "the answer is not one of Housecall Pro", Cure: "check base_url", Err: err}
	}
	return r, m, nil
}

// refused reads an answer other than 2xx. The vendor's words stay out of messages:
// they can hold personal data, and come in five shapes.
func (t *Tool) refused(r connect.Reply) *connect.Error {
	e := t.caller.ByStatus(r)
	if gone(r) {
		e.Class, e.Gone, e.Msg, e.Cure = connect.Human, true, "Housecall Pro has no such object", ""
	}
	return e
}

// gone says that there is no such object: 404 or 410 with one of the vendor's own error
// bodies, or 400 "Archived job". A 404 of a proxy or wrong address must not look like
// a deletion.
func gone(r connect.Reply) bool {
	var body map[string]json.RawMessage
	if json.Unmarshal(r.Body, &body) != nil {
		return false
	}
	switch r.Status {
	case http.StatusGone, http.StatusNotFound:
		return body["error"] != nil || body["errors"] != nil || body["message"] != nil
	case http.StatusBadRequest:
		return bytes.Contains(bytes.ToLower(r.Body), []byte("archived"))
	}
	return false
}

// Fetch reads customers, jobs (and estimates, by their csr_ ids), invoices and
// technicians. There is no call for a single technician: all active ones are listed,
// and one who is not among them is gone.
func (t *Tool) Fetch(ctx context.Context, kind plumbline.Kind, ids []string) ([]connect.Answer, error) {
	if kind == plumbline.Technician {
		return t.fetchEmployees(ctx, ids)
	}
	answers := make([]connect.Answer, 0, len(ids))
	for _, id := range ids {
		path, query, err := addressOf(kind, id)
		if err != nil {
			return nil, err
		}
		a, err := t.fetch(ctx, kind, id, path, query)
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
	}
	return answers, nil
}

func (t *Tool) fetch(ctx context.Context, kind plumbline.Kind, id, path string, query url.Values) (connect.Answer, error) {
	r, m, err := t.get(ctx, path, query)
	if e := connect.AsError(err); e != nil && e.Gone {
		return goneAnswer(kind, id), nil
	}
	if e := connect.AsError(err); e != nil && kindOf(id, object{}) == "estimate" && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden) {
		return t.listedEstimate(ctx, id, e)
	}
	if err != nil {
		return connect.Answer{}, err
	}
	if text(m["id"]) != id {
		return connect.Answer{}, &connect.Error{Class: connect.Human, Status: r.Status, Msg: "Housecall Pro answered with another object than was asked for", Cure: "check base_url"}
	}
	return connect.Answer{Kind: kind, Object: id, Body: r.Body}, nil
}

// recentPages is how far the list of estimates is searched for a single one.
const recentPages = 5

// listedEstimate looks for an estimate among those that changed last: the vendor's
// description lets a company's key list estimates but not read a single one.
func (t *Tool) listedEstimate(ctx context.Context, id string, refused *connect.Error) (connect.Answer, error) {
	for page := 1; page <= recentPages; page++ {
		p, err := t.page(ctx, streams["estimates"], sorted("updated_at", "desc"), page, t.config.PageSize)
		if err != nil {
			return connect.Answer{}, err
		}
		for _, row := range p.rows {
			if row.id == id {
				return connect.Answer{Kind: plumbline.Job, Object: id, Body: row.body}, nil
			}
		}
		if p.last { // the whole list does not have it
			return goneAnswer(plumbline.Job, id), nil
		}
	}
	return connect.Answer{}, &connect.Error{
		Class: connect.Human, Status: refused.Status, Code: refused.Code,
		Msg:  "Housecall Pro does not let a company's key read a single estimate, and it is not among those that changed last",
		Cure: "use an application's key, or wait until the estimate changes",
	}
}

// goneAnswer is our own note of an answer that has no object. Decode reads it.
func goneAnswer(kind plumbline.Kind, id string) connect.Answer {
	note := connect.Value(map[string]any{"gone": true, "id": id, "kind": string(kind)})
	return connect.Answer{Kind: kind, Object: id, Body: []byte(note), Gone: true}
}

func addressOf(kind plumbline.Kind, id string) (path string, query url.Values, err error) {
	segment := url.PathEscape(id)
	if segment == "" || segment == "." || segment == ".." {
		return "", nil, &connect.Error{Class: connect.Human, Msg: "an id that Housecall Pro cannot have was asked for"}
	}
	switch {
	case kind == plumbline.Customer:
		return "/customers/" + segment, nil, nil
	case kind == plumbline.Job && kindOf(id, object{}) == "estimate":
		return "/estimates/" + segment, nil, nil
	case kind == plumbline.Job:
		return "/jobs/" + segment, url.Values{"expand[]": {"appointments"}}, nil
	case kind == plumbline.Invoice:
		return "/api/invoices/" + segment, nil, nil
	}
	return "", nil, &connect.Error{Class: connect.Human, Msg: "Housecall Pro has no way to read a single " + string(kind)}
}

func (t *Tool) fetchEmployees(ctx context.Context, ids []string) ([]connect.Answer, error) {
	found := map[string]connect.Answer{}
	for page := 1; ; page++ {
		p, err := t.page(ctx, streams["employees"], url.Values{}, page, t.config.PageSize)
		if err != nil {
			return nil, err
		}
		for _, row := range p.rows {
			found[row.id] = connect.Answer{Kind: plumbline.Technician, Object: row.id, Body: row.body}
		}
		if p.last {
			break
		}
	}
	answers := make([]connect.Answer, 0, len(ids))
	for _, id := range ids {
		a, ok := found[id]
		if !ok {
			a = goneAnswer(plumbline.Technician, id)
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// A listPage is one page of a list.
type listPage struct {
	rows  []row
	total int64 // rows in the whole list, -1 if not told
	last  bool
}

type row struct {
	id      string
	updated time.Time // zero if not told
	deleted bool      // it is listed still, with when it was deleted
	body    []byte
}

// maxPages ends a list that never ends.
const maxPages = 100_000

func (t *Tool) page(ctx context.Context, s stream, query url.Values, page, size int) (listPage, error) {
	query.Set("page", strconv.Itoa(page))
	query.Set("page_size", strconv.Itoa(size))
	r, m, err := t.get(ctx, s.path, query)
	if err != nil {
		return listPage{}, err
	}
	var bodies []json.RawMessage
	if err := json.Unmarshal(m[s.member], &bodies); err != nil {
		return listPage{}, &connect.Error{Class: connect.Human, Status: r.Status, Msg: "Housecall Pro's list holds no " + s.member, Cure: "check base_url", Err: err}
	}
	p := listPage{total: count(m["total_items"])}
	for _, b := range bodies {
		var o map[string]json.RawMessage
		if err := json.Unmarshal(b, &o); err != nil {
			return listPage{}, &connect.Error{Class: connect.Human, Status: r.Status, Msg: "Housecall Pro's list of " + s.member + " holds something else", Err: err}
		}
		p.rows = append(p.rows, row{id: text(o["id"]), updated: instant(o["updated_at"]), deleted: !instant(o["deleted_at"]).IsZero(), body: b})
	}
	pages := max(count(m["total_pages"]), count(m["total_pages_count"]))
	switch {
	case len(p.rows) == 0 || page >= maxPages:
		p.last = true
	case pages >= 0:
		p.last = int64(page) >= pages
	default:
		p.last = len(p.rows) < size
	}
	return p, nil
}

func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // anything else is no text
	return s
}

// instant reads a time, zero if there is none.
func instant(raw json.RawMessage) time.Time {
	at, _ := parseInstant(connect.CleanText(text(raw)))
	return at
}

// count reads a number, -1 if there is none.
func count(raw json.RawMessage) int64 {
	var n float64
	if raw == nil || json.Unmarshal(raw, &n) != nil || n < 0 || n > 1e12 {
		return -1
	}
	return int64(n)
}

// Streams names what can be paged through.
func (t *Tool) Streams() []string {
	names := make([]string, 0, len(streams))
	for name := range streams {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
