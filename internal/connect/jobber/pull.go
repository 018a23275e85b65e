package jobber

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// A cursor is where a stream stands. Between polls only Mark and Heads are set.
type cursor struct {
	Mark   time.Time `json:"mark,omitzero"`   // changes before this have been handed over
	Newest time.Time `json:"newest,omitzero"` // newest change that stood on this poll's first page
	Began  time.Time `json:"began,omitzero"`  // when this poll began, by our clock
	Pass   int       `json:"pass,omitempty"`
	Before time.Time `json:"before,omitzero"` // of a keyed pass: what is newer has been read
	After  string    `json:"after,omitempty"` // the vendor's, of the page before
	Heads  []string  `json:"heads,omitempty"` // digests of the rows that stood first at the last poll
	Tops   []string  `json:"tops,omitempty"`  // of those that stood first at this one
	Run    int       `json:"run,omitempty"`   // how many heads came in a row
}

// Pull reads one page. An empty cursor reads everything there is. A row may come twice,
// and does where a page border falls between rows of one second.
//
// A row can be passed over only where the vendor pages by place: in jobs, payments,
// properties and users, when a row before it is deleted between two pages, and in the
// other lists when more rows than a page bear one time and the vendor swaps them. The next
// change of it, the next reading of the whole list, or its webhook brings it.
func (t *Tool) Pull(ctx context.Context, name, text string) (connect.Page, error) {
	s, ok := streams[name]
	if !ok {
		return connect.Page{}, noStream(name)
	}
	c, err := t.resume(name, text)
	if err != nil {
		return connect.Page{}, err
	}
	passes := s.passes(c.Mark, c.Began)
	p := passes[min(c.Pass, len(passes)-1)]
	// How many there are is asked once: the schema warns of what it costs.
	counted := c.Mark.IsZero() && c.Pass == len(passes)-1 && c.Before.IsZero() && c.After == ""
	list, err := t.page(ctx, s, p, c, counted)
	if err != nil {
		return connect.Page{}, err
	}
	page := connect.Page{More: true, Answers: s.answers(p, list.rows), Total: list.total}
	if c.Pass == 0 && c.Before.IsZero() && c.After == "" {
		c.start(p, list.rows)
	}
	ended, err := c.advance(p, list)
	if err != nil {
		return connect.Page{}, err
	}
	if ended && c.Pass >= len(passes) {
		page.More, page.Through = false, c.Began.Add(-overlap)
		c = cursor{Mark: c.nextMark(s), Heads: c.Tops}
	}
	page.Next, err = c.text()
	return page, err
}

func (t *Tool) resume(name, text string) (cursor, error) {
	var c cursor
	if text != "" {
		if err := json.Unmarshal([]byte(text), &c); err != nil || c.Pass < 0 {
			return c, &connect.Error{Class: connect.Human, Msg: "the cursor of " + name + " cannot be read", Cure: "empty it: everything is read again", Err: err}
		}
	}
	if c.Began.IsZero() {
		c.Began = t.now().UTC()
	}
	return c, nil
}

func (c cursor) text() (string, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return "", &connect.Error{Class: connect.Human, Msg: "a cursor cannot be written", Err: err}
	}
	return string(b), nil
}

// A listPage is one page of a list.
type listPage struct {
	rows []row
	more bool
	end  string // the vendor's cursor of the last row

	total int // rows in the list, where it was asked for
}

type row struct {
	id   string
	at   time.Time // by the member that orders the pass, zero if not told
	body []byte
}

// digest tells whether a row is as it was.
func (r row) digest() string {
	sum := sha256.Sum256(r.body)
	return hex.EncodeToString(sum[:4])
}

func (t *Tool) page(ctx context.Context, s stream, p pass, c cursor, counted bool) (listPage, error) {
	size := t.config.PageSize
	if s.list == "jobs" {
		size = t.config.JobPageSize
	}
	vars := map[string]any{}
	if f := p.bounded(c.Before); len(f) > 0 {
		vars["filter"] = f
	}
	if c.After != "" {
		vars["after"] = c.After
	}
	declared, used := s.arguments(p)
	a, err := t.ask(ctx, s.entity.page(s.list, size, declared, used, counted), vars)
	if err != nil {
		return listPage{}, err
	}
	if len(a.Errors) > 0 { // a row that lacks a part would say that nothing is there
		return listPage{}, a.Errors[0].err(0)
	}
	return s.read(p, a.Data[s.list])
}

// arguments are those of the list, besides the page's: the variables that the query
// declares for them, and how it uses them.
func (s stream) arguments(p pass) (declared, used string) {
	if p.filter != nil {
		declared, used = "$filter: "+s.filter, "filter: $filter"
	}
	if p.sort != "" {
		used += " sort: " + p.sort
	}
	return declared, used
}

// bounded is the filter with the newest instant that is still to be read.
func (p pass) bounded(before time.Time) map[string]any {
	if before.IsZero() {
		return p.filter
	}
	f := maps.Clone(p.filter)
	span := map[string]any{"before": before.UTC().Format(time.RFC3339)}
	if old, ok := f[p.by].(map[string]any); ok {
		span["after"] = old["after"]
	}
	f[p.by] = span
	return f
}

// read takes the rows out of a list.
func (s stream) read(p pass, raw json.RawMessage) (listPage, error) {
	var told struct {
		Nodes []json.RawMessage `json:"nodes"`
		Total int               `json:"totalCount"`
		Info  struct {
			End  string `json:"endCursor"`
			More *bool  `json:"hasNextPage"`
		} `json:"pageInfo"`
	}
	if err := json.Unmarshal(raw, &told); err != nil || told.Info.More == nil {
		return listPage{}, &connect.Error{Class: connect.Human, Msg: "Jobber's list holds no " + s.list, Cure: "check base_url", Err: err}
	}
	list := listPage{more: *told.Info.More, end: told.Info.End, total: told.Total}
	for _, node := range told.Nodes {
		var o map[string]json.RawMessage
		if err := json.Unmarshal(node, &o); err != nil || textOf(o["id"]) == "" {
			return listPage{}, &connect.Error{Class: connect.Human, Msg: "Jobber's list of " + s.list + " holds something else", Cure: "look at what the vendor changed", Err: err}
		}
		r := row{id: textOf(o["id"]), body: s.entity.body(node)}
		r.at, _ = parseInstant(textOf(o[p.by]))
		list.rows = append(list.rows, r)
	}
	return list, nil
}

// answers are the rows that are not older than the pass wants.
func (s stream) answers(p pass, rows []row) []connect.Answer {
	var out []connect.Answer
	for _, r := range rows {
		if r.at.IsZero() || !r.at.Before(p.until) {
			out = append(out, connect.Answer{Kind: s.kind, Object: s.prefix + r.id, Body: r.body})
		}
	}
	return out
}

// start notes what stands first when a poll begins.
func (c *cursor) start(p pass, rows []row) {
	for _, r := range rows {
		if r.at.After(c.Newest) {
			c.Newest = r.at
		}
		if p.heads {
			c.Tops = append(c.Tops, r.digest())
		}
	}
}

// second is how exactly the vendor shows instants; it may know them better.
const second = time.Second

// advance moves on to the next page or the next pass; it says whether a pass has ended.
func (c *cursor) advance(p pass, list listPage) (ended bool, err error) {
	newest, oldest, ordered := span(list.rows)
	switch bound := oldest.Add(second); {
	case !list.more || p.once || p.heads && c.met(list.rows) || ordered && oldest.Before(p.until):
		c.Pass, c.Before, c.After, c.Run = c.Pass+1, time.Time{}, "", 0
		return true, nil
	case p.keyed && ordered && newest.After(bound) && (c.Before.IsZero() || bound.Before(c.Before)):
		c.Before, c.After = bound, ""
	case list.end == "" || list.end == c.After:
		return false, &connect.Error{Class: connect.Human, Msg: "Jobber's list says that it goes on, but not where", Cure: "look at what the vendor changed"}
	default: // all of one second, or in another order than asked for
		c.After = list.end
	}
	return false, nil
}

// span tells the newest and oldest time of a page, and whether it came newest first. A
// row that became visible late stands where it was, and may so be newer than the one
// before it.
func span(rows []row) (newest, oldest time.Time, ordered bool) {
	ordered = len(rows) > 0
	for i, r := range rows {
		if r.at.IsZero() || i > 0 && r.at.After(oldest.Add(overlap)) {
			ordered = false
		}
		if i == 0 || r.at.Before(oldest) {
			oldest = r.at
		}
		if r.at.After(newest) {
			newest = r.at
		}
	}
	return newest, oldest, ordered
}

// enough is how many rows that stood first at the last poll have to come in a row, as they
// were, for all beneath them to be as they were.
const enough = 10

// met counts the heads that come in a row.
func (c *cursor) met(rows []row) bool {
	for _, r := range rows {
		c.Run++
		if !slices.Contains(c.Heads, r.digest()) {
			c.Run = 0
		}
		if c.Run > 0 && c.Run >= min(enough, len(c.Heads)) {
			return true
		}
	}
	return false
}

// nextMark is the newest change that the vendor dated itself, so that its clock need not
// agree with ours; it never goes back, nor beyond the poll's beginning. Lists without
// times of change go by our clock.
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
