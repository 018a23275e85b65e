package housecallpro

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// A stream is one list. Those whose rows are dated are read from the newest change
// back to where the last poll began. The list of invoices shows no times of
// change, so it is asked several ways; that of employees is short and read whole.
type stream struct {
	path, member string
	kind         plumbline.Kind
	query        url.Values
	dated        bool // rows tell when they were changed
	passes       func(mark time.Time) []pass
}

// A pass is one way of asking a list. It is read to its end or, where until is set, to
// the first row older than that.
type pass struct {
	query url.Values
	until time.Time
	once  bool // the first page only
}

var streams = map[string]stream{
	"customers": {path: "/customers", member: "customers", kind: plumbline.Customer, dated: true, passes: byUpdate("created_at")},
	"employees": {path: "/employees", member: "employees", kind: plumbline.Technician, passes: whole},
	"estimates": {path: "/estimates", member: "estimates", kind: plumbline.Job, dated: true, passes: byUpdate("id")},
	"invoices":  {path: "/invoices", member: "invoices", kind: plumbline.Invoice, passes: byEvents},
	"jobs":      {path: "/jobs", member: "jobs", kind: plumbline.Job, dated: true, passes: byUpdate("id"), query: url.Values{"expand[]": {"appointments"}}},
}

// overlap is read again on every pass: a row can become visible after rows that were
// changed later.
const overlap = 5 * time.Minute

func sorted(by, direction string) url.Values {
	return url.Values{"sort_by": {by}, "sort_direction": {direction}}
}

// byUpdate reads what changed since. The first time it notes the newest change, and
// then reads everything in an order that changes do not disturb; by id, where the
// vendor can, because rows with equal times may swap places between two pages.
func byUpdate(steady string) func(time.Time) []pass {
	return func(mark time.Time) []pass {
		newest := pass{query: sorted("updated_at", "desc")}
		if !mark.IsZero() {
			newest.until = mark.Add(-overlap)
			return []pass{newest}
		}
		newest.once = true
		return []pass{newest, {query: sorted(steady, "asc")}}
	}
}

func whole(time.Time) []pass { return []pass{{query: sorted("created_at", "asc")}} }

// byEvents asks for invoices made and paid since, for all that are open, and for the
// page that was changed last: there stand those that were voided or refunded.
func byEvents(mark time.Time) []pass {
	if mark.IsZero() {
		return whole(mark)
	}
	since := url.Values{"created_at_min": {mark.Add(-overlap).UTC().Format(time.RFC3339)}}
	paid := url.Values{"paid_at_min": since["created_at_min"]}
	open := url.Values{"status[]": {"open", "pending_payment"}}
	return []pass{
		{query: merge(sorted("created_at", "asc"), since)},
		{query: merge(sorted("paid_at", "asc"), paid)},
		{query: merge(sorted("created_at", "asc"), open)},
		{query: sorted("updated_at", "desc"), once: true},
	}
}

// A cursor is where a stream stands. Between polls only Mark is set.
type cursor struct {
	Mark   time.Time `json:"mark,omitzero"`   // changes before this have been handed over
	Newest time.Time `json:"newest,omitzero"` // newest change that stood on this poll's first page
	Began  time.Time `json:"began,omitzero"`  // when this poll began, by our clock
	Pass   int       `json:"pass,omitempty"`
	Page   int       `json:"page,omitempty"`  // the page to read; zero: the first
	Total  int64     `json:"total,omitempty"` // rows in the list when the page before was read
	Mixed  bool      `json:"mixed,omitempty"` // rows came out of order
}

// Pull reads one page. An empty cursor reads everything there is. The list shifts
// while it is read: rows that change move to the front, where the next poll finds
// them; when rows leave it, the page before is read again.
func (t *Tool) Pull(ctx context.Context, name, text string) (connect.Page, error) {
	s, ok := streams[name]
	if !ok {
		return connect.Page{}, noStream(name)
	}
	c, err := t.resume(name, text)
	if err != nil {
		return connect.Page{}, err
	}
	passes := s.passes(c.Mark)
	p := passes[min(c.Pass, len(passes)-1)]
	list, err := t.page(ctx, s, merge(s.query, p.query), c.Page, t.config.PageSize)
	if err != nil {
		return connect.Page{}, err
	}
	page := connect.Page{More: true}
	if c.Mark.IsZero() {
		page.Total = int(max(list.total, 0))
	}
	older, inOrder := p.take(s.kind, list.rows, &page)
	c.Mixed = c.Mixed || !inOrder
	if c.Pass == 0 && c.Page == 1 {
		c.Newest = newest(list.rows)
	}
	if c.advance(list, older && !c.Mixed || p.once) && c.Pass >= len(passes) {
		page.More, page.Through = false, c.Began.Add(-overlap)
		c = cursor{Mark: c.nextMark(s)}
	}
	page.Next, err = c.text()
	return page, err
}

func (t *Tool) resume(name, text string) (cursor, error) {
	var c cursor
	if text != "" {
		if err := json.Unmarshal([]byte(text), &c); err != nil || c.Pass < 0 || c.Page < 0 {
			return c, &connect.Error{Class: connect.Human, Msg: "the cursor of " + name + " cannot be read", Cure: "empty it: everything is read again", Err: err}
		}
	}
	if c.Began.IsZero() {
		c.Began = t.now().UTC()
	}
	c.Page = max(c.Page, 1)
	return c, nil
}

func (c cursor) text() (string, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return "", &connect.Error{Class: connect.Human, Msg: "a cursor cannot be written", Err: err}
	}
	return string(b), nil
}

// advance moves on to the next page, the page before, or the next pass; it says
// whether a pass has ended.
func (c *cursor) advance(list listPage, done bool) bool {
	shrunk := c.Page > 1 && list.total >= 0 && list.total < c.Total
	c.Total = max(list.total, 0)
	switch {
	case shrunk:
		c.Page--
	case done || list.last:
		c.Pass, c.Page, c.Total, c.Mixed = c.Pass+1, 0, 0, false
		return true
	default:
		c.Page++
	}
	return false
}

// nextMark is the newest change that the vendor dated itself, so that its clock need
// not agree with ours; it never goes back, nor beyond the poll's beginning. Lists
// without times of change go by our clock.
func (c cursor) nextMark(s stream) time.Time {
	mark := c.Began
	if s.dated && c.Newest.Before(mark) {
		mark = c.Newest
	}
	if mark.Before(c.Mark) {
		mark = c.Mark
	}
	return mark
}

// take hands over the rows that are not older than the pass wants. It says whether
// there were older ones, and whether the page was in order: if not, the vendor ignored
// the sorting, and the list must be read to its end.
func (p pass) take(kind plumbline.Kind, rows []row, page *connect.Page) (older, inOrder bool) {
	inOrder = true
	var before time.Time
	for _, r := range rows {
		if !r.updated.IsZero() {
			inOrder = inOrder && (before.IsZero() || !r.updated.After(before))
			before = r.updated
			if r.updated.Before(p.until) {
				older = true
				continue
			}
		}
		page.Answers = append(page.Answers, connect.Answer{Kind: kind, Object: r.id, Body: r.body})
	}
	return older, inOrder
}

func newest(rows []row) (at time.Time) {
	for _, r := range rows {
		if r.updated.After(at) {
			at = r.updated
		}
	}
	return at
}

func merge(a, b url.Values) url.Values {
	out := url.Values{}
	for _, q := range []url.Values{a, b} {
		for k, v := range q {
			out[k] = v
		}
	}
	return out
}
