package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// HubSpot's search is behind by some seconds and names no bound; public reports speak
// of half a minute (Flagsmith's pull request 5739 and its kind).
const (
	// settles is after how long a change is taken to be seen. What is seen later yet
	// was missed by whoever waited for it, and is found by a later poll.
	settles = time.Minute
	// lag is how far each poll looks back beyond the one before, for what the index
	// shows late and for clocks that are apart.
	lag = 5 * time.Minute
)

// Archived records come in no order of time, so the list is walked round and round: by
// one poll so many pages, and anew when the walk before began so long ago. Until then a
// write to one of them is what tells that it is archived.
const (
	archivedPages = 5
	archivedEvery = 30 * time.Minute
)

// Phases of a pull.
const (
	listing  = "list"     // the first pull: everything there is
	changed  = "changed"  // what was modified since the watermark
	archived = "archived" // what was archived since the last walk through the archived
)

// A cursor says how far a stream was pulled. Instants are ms UTC.
type cursor struct {
	Phase string `json:"phase"`
	Since int64  `json:"since,omitempty"` // modified at or after
	Start int64  `json:"start,omitempty"` // of this poll
	After string `json:"after,omitempty"` // page of the list
	Last  string `json:"last,omitempty"`  // greatest id that was handed over

	Walk struct { // through the archived
		After string `json:"after,omitempty"`
		Since int64  `json:"since,omitempty"`
		Start int64  `json:"start,omitempty"`
		Pages int    `json:"pages,omitempty"` // of this poll
	} `json:"walk,omitzero"`
}

func (c cursor) text() string {
	text, _ := json.Marshal(c) // strings and numbers only
	return string(text)
}

// Streams are the types that are adopted and watched.
func (t *Tool) Streams() []string { return []string{"contacts", objects[t.job].path} }

// Pull hands over a page of a stream. The first pull lists everything; each later
// one searches what was modified since the one before began, less the lag, by
// ascending id, so that no answer of the search is ever beyond its ten thousandth;
// then it goes on with its walk through the archived, where that is due. Through does not speak of the
// archived: one that is not yet walked to may still be told as live.
func (t *Tool) Pull(ctx context.Context, stream, text string) (connect.Page, error) {
	typ := t.typeOf(stream)
	if typ == "" {
		return connect.Page{}, misused("unknown_stream", "hubspot has no stream of this name", "pull contacts or "+objects[t.job].path)
	}
	c := cursor{Phase: listing}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return connect.Page{}, badCursor()
		}
	}
	if c.Start == 0 {
		c.Start = t.now().UnixMilli()
	}
	switch c.Phase {
	case listing:
		return t.pullAll(ctx, typ, c)
	case changed:
		return t.pullChanged(ctx, typ, c)
	case archived:
		return t.pullArchived(ctx, typ, c)
	}
	return connect.Page{}, badCursor()
}

func badCursor() *connect.Error {
	return misused(connect.BadCursor, "the cursor cannot be read", "pull from the beginning")
}

// misused is an error of our own side that no other try can mend.
func misused(code, msg, cure string) *connect.Error {
	return &connect.Error{Class: connect.Human, Code: code, Msg: msg, Cure: cure}
}

// typeOf is the type that a stream is made of, "" for another stream.
func (t *Tool) typeOf(stream string) string {
	for _, typ := range []string{"contact", t.job} {
		if objects[typ].path == stream {
			return typ
		}
	}
	return ""
}

type listed struct {
	Results []record `json:"results"`
	Paging  paging   `json:"paging"`
}

func (t *Tool) list(ctx context.Context, typ, after string, archived bool, properties string) (listed, *refusal) {
	query := url.Values{"limit": {strconv.Itoa(batchSize)}, "properties": {properties}, "archived": {strconv.FormatBool(archived)}}
	if after != "" {
		query.Set("after", after)
	}
	var out listed
	no := t.read(ctx, http.MethodGet, recordsPath+objects[typ].path, query, nil, &out)
	return out, no
}

func (t *Tool) pullAll(ctx context.Context, typ string, c cursor) (connect.Page, error) {
	page, no := t.list(ctx, typ, c.After, false, "hs_object_id")
	if no != nil {
		return connect.Page{}, no.Error
	}
	answers, err := t.ReadBack(ctx, typ, idsOf(page.Results))
	if err != nil {
		return connect.Page{}, err
	}
	if c.After = page.Paging.Next.After; c.After != "" {
		return connect.Page{Answers: answers, Next: c.text(), More: true}, nil
	}
	next := c.next()
	next.Walk.Since = next.Since
	return connect.Page{Answers: answers, Next: next.text(), Through: c.through()}, nil
}

// through is the instant up to which a poll that began at Start has seen everything.
func (c cursor) through() time.Time { return time.UnixMilli(c.Start).Add(-settles).UTC() }

// next is the cursor of the next poll.
func (c cursor) next() cursor {
	n := cursor{Phase: changed, Since: time.UnixMilli(c.Start).Add(-lag).UnixMilli(), Walk: c.Walk}
	n.Walk.Pages = 0
	return n
}

type searchInput struct {
	FilterGroups []filterGroup `json:"filterGroups"`
	Sorts        []sorting     `json:"sorts"`
	Properties   []string      `json:"properties"`
	Limit        int           `json:"limit"`
	After        string        `json:"after"`
}

type filterGroup struct {
	Filters []filter `json:"filters"`
}

type filter struct {
	Property string `json:"propertyName"`
	Operator string `json:"operator"`
	Value    string `json:"value"`
}

type sorting struct {
	Property  string `json:"propertyName"`
	Direction string `json:"direction"`
}

// pullChanged pages by id and not by offset: what is modified meanwhile moves no
// page, and is found by the next poll.
func (t *Tool) pullChanged(ctx context.Context, typ string, c cursor) (connect.Page, error) {
	o := objects[typ]
	in := searchInput{
		FilterGroups: []filterGroup{{[]filter{
			{o.modified, "GTE", strconv.FormatInt(c.Since, 10)},
			{"hs_object_id", "GT", orElse(c.Last, "0")},
		}}},
		Sorts:      []sorting{{"hs_object_id", "ASCENDING"}},
		Properties: []string{"hs_object_id"}, Limit: batchSize, After: "0",
	}
	var out listed
	if no := t.read(ctx, http.MethodPost, recordsPath+o.path+"/search", url.Values{}, in, &out); no != nil {
		return connect.Page{}, no.Error
	}
	ids := idsOf(out.Results)
	answers, err := t.ReadBack(ctx, typ, ids)
	if err != nil {
		return connect.Page{}, err
	}
	last := slices.MaxFunc(append(ids, orElse(c.Last, "0")), compareIDs)
	more := len(ids) == batchSize || out.Paging.Next.After != ""
	if more && last != c.Last {
		c.Last = last
		return connect.Page{Answers: answers, Next: c.text(), More: true}, nil
	}
	if c.walks() {
		c.Phase, c.Last = archived, ""
		return connect.Page{Answers: answers, Next: c.text(), More: true}, nil
	}
	return connect.Page{Answers: answers, Next: c.next().text(), Through: c.through()}, nil
}

// walks says whether a poll goes on with the walk through the archived, or begins one.
func (c cursor) walks() bool {
	return c.Walk.After != "" || c.Start-c.Walk.Since >= (archivedEvery+lag).Milliseconds()
}

// pullArchived walks on through the archived and hands over those that were archived
// since the walk before began.
func (t *Tool) pullArchived(ctx context.Context, typ string, c cursor) (connect.Page, error) {
	if c.Walk.Start == 0 {
		c.Walk.Start = t.now().UnixMilli()
	}
	page, no := t.list(ctx, typ, c.Walk.After, true, propertyList(t.watched(typ)))
	if no != nil {
		return connect.Page{}, no.Error
	}
	var answers []connect.Answer
	for _, r := range page.Results {
		r.Archived = true
		at := instant(r.ArchivedAt)
		if at.IsZero() || at.UnixMilli() >= c.Walk.Since {
			answers = append(answers, t.answer(typ, r.ID, r))
		}
	}
	c.Walk.After, c.Walk.Pages = page.Paging.Next.After, c.Walk.Pages+1
	if c.Walk.After != "" && c.Walk.Pages < archivedPages {
		return connect.Page{Answers: answers, Next: c.text(), More: true}, nil
	}
	if c.Walk.After == "" {
		c.Walk.Since, c.Walk.Start = time.UnixMilli(c.Walk.Start).Add(-lag).UnixMilli(), 0
	}
	return connect.Page{Answers: answers, Next: c.next().text(), Through: c.through()}, nil
}

func idsOf(records []record) []string {
	var ids []string
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	return ids
}
