package housecallpro

import (
	"context"
	"fmt"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// Holds says what a stream lists: jobs and estimates are of one kind, told apart by their
// ids.
func (t *Tool) Holds(name string) (plumbline.Kind, func(id string) bool) {
	s := streams[name]
	return s.kind, func(id string) bool {
		return s.kind != plumbline.Job || (kindOf(id, object{}) == "estimate") == (s.member == "estimates")
	}
}

// Count asks for the total of a list, by a page of one row.
func (t *Tool) Count(ctx context.Context, name string) (int, error) {
	s, ok := streams[name]
	if !ok {
		return 0, noStream(name)
	}
	list, err := t.page(ctx, s, sorted("created_at", "asc"), 1, 1)
	return int(list.total), err
}

// IDs reads a page of a list in the order of creation. Where rows have left the list since,
// the page before is read again: others have moved to it. A cursor is the page to read and
// how many rows the list had before.
func (t *Tool) IDs(ctx context.Context, name, text string) (connect.IDs, error) {
	s, ok := streams[name]
	if !ok {
		return connect.IDs{}, noStream(name)
	}
	page, total := 1, int64(0)
	if text != "" {
		if _, err := fmt.Sscanf(text, "%d/%d", &page, &total); err != nil || page < 1 {
			return connect.IDs{}, &connect.Error{Class: connect.Human, Code: connect.BadCursor, Msg: "the cursor of " + name + " cannot be read", Err: err}
		}
	}
	list, err := t.page(ctx, s, sorted("created_at", "asc"), page, t.config.PageSize)
	if err != nil {
		return connect.IDs{}, err
	}
	var out connect.IDs
	for _, r := range list.rows {
		if !r.deleted {
			out.IDs = append(out.IDs, r.id)
		}
	}
	switch {
	case page > 1 && list.total >= 0 && list.total < total:
		out.Next = fmt.Sprintf("%d/%d", page-1, list.total)
	case !list.last:
		out.Next = fmt.Sprintf("%d/%d", page+1, max(list.total, 0))
	}
	return out, nil
}

func noStream(name string) error {
	return &connect.Error{Class: connect.Human, Msg: "Housecall Pro has no stream " + name}
}
