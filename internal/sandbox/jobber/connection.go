package jobber

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// arguments are those of a field, as the query or its variables give them.
type arguments map[string]any

// into reads the arguments as a struct.
func (a arguments) into(v any) error {
	err := json.Unmarshal(mustJSON(a), v)
	var r *refusal
	if err != nil && !errors.As(err, &r) {
		err = badInput("%v", err)
	}
	return err
}

func badInput(format string, args ...any) error {
	return &refusal{"BAD_USER_INPUT", fmt.Sprintf(format, args...)}
}

// span is the vendor's range of times; both ends are included.
type span struct {
	After  *instant `json:"after"`
	Before *instant `json:"before"`
	Eq     *instant `json:"eq"`
}

// holds says whether a time is in the span; a zero time is in none.
func (s *span) holds(t time.Time) bool {
	if s == nil || s.After == nil && s.Before == nil && s.Eq == nil {
		return true
	}
	return !t.IsZero() && (s.After == nil || !t.Before(s.After.Time)) && (s.Before == nil || !t.After(s.Before.Time)) &&
		(s.Eq == nil || t.Equal(s.Eq.Time))
}

// instant is an ISO8601DateTime; a date alone is its midnight in UTC.
type instant struct{ time.Time }

func (i *instant) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return badInput("%s is not an ISO8601DateTime", b)
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			i.Time = t
			return nil
		}
	}
	return badInput("%q is not an ISO8601DateTime", text)
}

// order is a list's sort: one key or several.
type order []struct{ Key, Direction string }

func (o *order) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("{")) {
		b = slices.Concat([]byte("["), b, []byte("]"))
	}
	type plain order
	return json.Unmarshal(b, (*plain)(o))
}

// page is what every connection can be asked for.
type page struct {
	First  *int   `json:"first"`
	Last   *int   `json:"last"`
	After  string `json:"after"`
	Before string `json:"before"`
}

// largest is how many rows a connection gives when nothing is said. That it
// gives no more when more is asked for is a choice.
const largest = 100

// rowsAsked is how many rows the cost is computed for.
func rowsAsked(a arguments) int {
	var p page
	_ = a.into(&p) // what cannot be read is refused when the field is answered
	switch {
	case p.First != nil:
		return *p.First
	case p.Last != nil:
		return *p.Last
	}
	return largest
}

// cut finds the rows of a page among n. Cursors are places in the list, as
// the vendor's look like: what comes or goes between two requests shifts the
// pages.
func (p page) cut(n int) (from, to int, err error) {
	from, to = 0, n
	if p.After != "" {
		if from, err = placeOf(p.After); err != nil {
			return 0, 0, err
		}
	}
	if p.Before != "" {
		if to, err = placeOf(p.Before); err != nil {
			return 0, 0, err
		}
		to--
	}
	to = min(to, n)
	from = min(from, to)
	switch {
	case p.First != nil && *p.First < 0 || p.Last != nil && *p.Last < 0:
		return 0, 0, badInput("first and last cannot be negative")
	case p.Last != nil && p.First == nil:
		from = max(from, to-min(*p.Last, largest))
	case p.First != nil:
		to = min(to, from+min(*p.First, largest))
	default:
		to = min(to, from+largest)
	}
	return from, to, nil
}

// cursor is the place of a row, counted from one.
func cursor(n int) string { return base64.RawStdEncoding.EncodeToString([]byte(strconv.Itoa(n))) }

// placeOf reads a cursor.
func placeOf(cursor string) (int, error) {
	b, err := base64.RawStdEncoding.DecodeString(cursor)
	if err == nil {
		if n, err := strconv.Atoi(string(b)); err == nil && n > 0 {
			return n, nil
		}
	}
	return 0, badInput("%q is not a cursor", cursor)
}

// connection is a page of rows: nodes, edges, and where the page is.
func connection[R any](kind string, rows []R, a arguments, wire func(R) *object) any {
	var p page
	if err := a.into(&p); err != nil {
		return err
	}
	from, to, err := p.cut(len(rows))
	if err != nil {
		return err
	}
	info := map[string]any{"hasNextPage": to < len(rows), "hasPreviousPage": from > 0, "startCursor": "", "endCursor": ""}
	if from < to {
		info["startCursor"], info["endCursor"] = cursor(from+1), cursor(to)
	}
	return &object{kind + "Connection", map[string]any{
		"nodes":      lazy(func() any { return each(rows[from:to], wire) }),
		"edges":      lazy(func() any { return edges(kind, rows[from:to], from, wire) }),
		"pageInfo":   &object{"PageInfo", info},
		"totalCount": len(rows),
	}}
}

func edges[R any](kind string, rows []R, from int, wire func(R) *object) (out []*object) {
	for i, row := range rows {
		out = append(out, &object{kind + "Edge", map[string]any{"cursor": cursor(from + i + 1), "node": wire(row)}})
	}
	return out
}

func each[R any](rows []R, wire func(R) *object) []*object {
	out := make([]*object, len(rows))
	for i, row := range rows {
		out[i] = wire(row)
	}
	return out
}

// many is a connection without filter or order, as nested ones are.
func many[R any](kind string, rows func() []R, wire func(R) *object) resolver {
	return func(a arguments) any { return connection(kind, rows(), a, wire) }
}

// keys are what rows can be sorted by.
type keys[P any] map[string]func(P) string

// sorted orders rows by the keys; rows with equal ones stay as they were made,
// unless the database feels like the other way round.
func sorted[P any](s *Sandbox, rows []P, by order, known keys[P]) []P {
	if s.chance(s.opts.Faults.ShuffleTies) {
		slices.Reverse(rows)
	}
	for _, o := range slices.Backward(by) { // the sort is stable, so the first key comes last
		rows = sortedBy(rows, known[o.Key], o.Direction == "DESCENDING")
	}
	return rows
}

func sortedBy[P any](rows []P, key func(P) string, descending bool) []P {
	type keyed struct {
		key string
		n   int // its place: rows with equal keys stay as they are
		row P
	}
	all := make([]keyed, len(rows))
	for i, row := range rows {
		all[i] = keyed{key(row), i, row}
	}
	slices.SortFunc(all, func(a, b keyed) int {
		order := strings.Compare(a.key, b.key)
		if descending {
			order = -order
		}
		return cmp.Or(order, a.n-b.n)
	})
	for i, k := range all {
		rows[i] = k.row
	}
	return rows
}

// byTime sorts null before every time, as the vendor's kind of database does.
func byTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return byNumber(t.Unix()) + string(binary.BigEndian.AppendUint32(nil, uint32(t.Nanosecond())))
}

func byNumber(n int64) string { return string(binary.BigEndian.AppendUint64(nil, uint64(n)^1<<63)) }

// listed are the rows of a table that lists have by now.
func listed[T any, P stamped[T]](s *Sandbox, t *table[T], keep func(P) bool) []P {
	return alive(t, func(row P) bool { return !s.listed(row.stamped()).IsZero() && (keep == nil || keep(row)) })
}
