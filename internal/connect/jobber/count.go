package jobber

import (
	"context"
	"encoding/json"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// idPage is how many ids one question asks for: a few hundred points.
const idPage = 100

// Holds says what a stream lists: jobs, quotes and requests are of one kind, told apart by
// their ids, and the assessment of a request is a visit that no list has.
func (t *Tool) Holds(name string) (plumbline.Kind, func(id string) bool) {
	s := streams[name]
	return s.kind, func(id string) bool {
		e, _, ok := entityOf(s.kind, id)
		return ok && e == s.entity
	}
}

// Count asks for a list's totalCount.
func (t *Tool) Count(ctx context.Context, name string) (int, error) {
	s, ok := streams[name]
	if !ok {
		return 0, noStream(name)
	}
	a, err := t.ask(ctx, countOf(s.list), nil)
	if err != nil {
		return 0, err
	}
	var told struct {
		Count *int `json:"totalCount"`
	}
	if len(a.Errors) > 0 {
		return 0, a.Errors[0].err(0)
	}
	if err := json.Unmarshal(a.Data[s.list], &told); err != nil || told.Count == nil {
		return 0, &connect.Error{Class: connect.Human, Msg: "Jobber does not say how many " + s.list + " there are", Cure: "check base_url", Err: err}
	}
	return *told.Count, nil
}

// IDs reads a page of a list in the vendor's own order, by its own cursors.
func (t *Tool) IDs(ctx context.Context, name, text string) (connect.IDs, error) {
	s, ok := streams[name]
	if !ok {
		return connect.IDs{}, noStream(name)
	}
	vars := map[string]any{}
	if text != "" {
		vars["after"] = text
	}
	alone := s.entity
	alone.selection = "id"
	a, err := t.ask(ctx, alone.page(s.list, idPage, "", "", false), vars)
	if err != nil {
		return connect.IDs{}, err
	}
	if len(a.Errors) > 0 {
		return connect.IDs{}, a.Errors[0].err(0)
	}
	list, err := s.read(pass{}, a.Data[s.list])
	if err != nil {
		return connect.IDs{}, err
	}
	var out connect.IDs
	for _, r := range list.rows {
		out.IDs = append(out.IDs, s.prefix+r.id)
	}
	if list.more {
		out.Next = list.end
		if list.end == "" || list.end == text {
			return out, &connect.Error{Class: connect.Human, Msg: "Jobber's list says that it goes on, but not where", Cure: "look at what the vendor changed"}
		}
	}
	return out, nil
}

// countOf asks how many rows a list has.
func countOf(list string) query {
	return query{shape: "count/" + list, text: "query {\n  " + list + "(first: 1) { totalCount }\n}", cost: 2}
}

func noStream(name string) error {
	return &connect.Error{Class: connect.Human, Msg: "Jobber has no stream " + name}
}
