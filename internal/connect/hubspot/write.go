package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"plumbline.dev/plumbline/internal/connect"
)

// Write sends changes of one type: those without an ID are created, the others
// patched. It is one attempt. A batch that HubSpot refuses for one record's sake is
// sent again in halves, which repeats nothing, since a refused batch has changed
// nothing. The first call that ends otherwise ends the attempt: what was not sent by
// then says so.
func (t *Tool) Write(ctx context.Context, typ string, changes []connect.Change) ([]connect.Outcome, error) {
	o, bad := t.object(typ)
	if bad != nil {
		return nil, bad
	}
	if len(changes) > batchSize {
		return nil, &connect.Error{Class: connect.Human, Code: "batch", Msg: "a call takes at most 100 records"}
	}
	w := &writing{t: t, typ: typ, object: o, changes: changes, outcomes: make([]connect.Outcome, len(changes))}
	creates, updates := w.sort()
	w.send(ctx, creates, w.create)
	w.send(ctx, updates, w.update)
	return w.result()
}

// A writing is one attempt under way.
type writing struct {
	t        *Tool
	typ      string
	object   object
	changes  []connect.Change
	outcomes []connect.Outcome
	stopped  *connect.Error // why nothing more is sent
}

// sort parts creates from updates. HubSpot does not say what a record that stands
// twice in one batch becomes, so the later one waits.
func (w *writing) sort() (creates, updates []int) {
	seen := map[string]bool{}
	for i, c := range w.changes {
		w.outcomes[i] = connect.Outcome{Ref: c.Ref, ID: c.ID}
		name := "id " + c.ID
		if c.ID == "" {
			name = "key " + c.Key
		}
		if (c.ID != "" || c.Key != "") && seen[name] {
			w.outcomes[i].Err = &connect.Error{Class: connect.Retry, Code: "twice", Msg: "the record stands twice in one call"}
			continue
		}
		seen[name] = true
		if c.ID == "" {
			creates = append(creates, i)
		} else {
			updates = append(updates, i)
		}
	}
	return creates, updates
}

// send makes one call for the changes and, where it is refused for some of them,
// further calls for the rest.
func (w *writing) send(ctx context.Context, which []int, call func(context.Context, []int) *refusal) {
	if len(which) == 0 {
		return
	}
	if w.stopped != nil {
		w.fail(which, notSent(w.stopped))
		return
	}
	no := call(ctx, which)
	switch {
	case no == nil:
	case !no.splits():
		w.stopped = no.Error
		w.fail(which, no.Error)
	case len(which) == 1:
		w.fail(which, no.Error)
		w.findExisting(ctx, which[0])
	default:
		w.part(ctx, which, no, call)
	}
}

func notSent(before *connect.Error) *connect.Error {
	return &connect.Error{Class: connect.Retry, Code: "not_sent", After: before.After,
		Msg: "not sent, because a call before it did not end well"}
}

// part sends a refused batch again in parts. Those that cannot be written whatever
// is sent beside them are done; those that are named are sent apart, since the
// refusal may be about their company (two ids of one merged record, say).
func (w *writing) part(ctx context.Context, which []int, no *refusal, call func(context.Context, []int) *refusal) {
	hopeless, named := w.blamed(which, no)
	if len(hopeless) > 0 {
		w.fail(hopeless, no.Error)
		w.send(ctx, without(which, hopeless), call)
		return
	}
	first, second := which[:len(which)/2], which[len(which)/2:]
	if len(named) > 0 && len(named) < len(which) {
		first, second = without(which, named), named
	}
	w.send(ctx, first, call)
	w.send(ctx, second, call)
}

func without(which, some []int) []int {
	return slices.DeleteFunc(slices.Clone(which), func(i int) bool { return slices.Contains(some, i) })
}

// splits says whether the refusal is about some record of the batch and not about
// the call.
func (no *refusal) splits() bool {
	return no.Class == connect.Human && (no.Gone || no.Status == http.StatusBadRequest ||
		no.Status == http.StatusConflict || no.Status == http.StatusUnprocessableEntity)
}

func (w *writing) fail(which []int, e *connect.Error) {
	for _, i := range which {
		w.outcomes[i].Err = e
	}
}

// blamed finds the changes that a refusal is about: those that set a property which
// nobody can write, or that are gone, and those that it names by trace or id.
func (w *writing) blamed(which []int, no *refusal) (hopeless, named []int) {
	listed := w.namedBy(which, no.details)
	var fields []string
	if no.Code == "PROPERTY_DOESNT_EXIST" || no.Code == "READ_ONLY_VALUE" {
		fields = append(no.details.all("propertyName"), no.Field)
	}
	for _, i := range which {
		isNamed := slices.Contains(listed, i)
		holds := slices.ContainsFunc(fields, func(f string) bool { _, ok := w.properties(i)[f]; return ok })
		switch {
		case holds || isNamed && no.Gone:
			hopeless = append(hopeless, i)
		case isNamed:
			named = append(named, i)
		}
	}
	return hopeless, named
}

// namedBy finds the changes that an error names by trace or id.
func (w *writing) namedBy(which []int, p problem) []int {
	names := p.all("objectWriteTraceId", "ids", "id", "objectId")
	return slices.DeleteFunc(slices.Clone(which), func(i int) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return n == traceID(i) || n != "" && n == w.changes[i].ID })
	})
}

func traceID(i int) string { return "plumbline-" + strconv.Itoa(i) }

// properties are what a change sends. A create bears our key where its type can,
// and names no empty value, since there is nothing to clear.
func (w *writing) properties(i int) map[string]string {
	c := w.changes[i]
	if c.ID != "" {
		return c.Fields
	}
	out := map[string]string{}
	for f, v := range c.Fields {
		if v != "" {
			out[f] = v
		}
	}
	if w.object.keyed && c.Key != "" {
		out[KeyProperty] = c.Key
	}
	return out
}

type createInput struct {
	Properties   map[string]string  `json:"properties"`
	Associations []createAssociated `json:"associations"`
	TraceID      string             `json:"objectWriteTraceId"`
}

type createAssociated struct {
	To    input             `json:"to"`
	Types []associationType `json:"types"`
}

type updateInput struct {
	ID         string            `json:"id"`
	Properties map[string]string `json:"properties"`
	TraceID    string            `json:"objectWriteTraceId"`
}

// create makes records. Each has a trace id of its own, which is what makes HubSpot
// answer for each of them alone (207) instead of refusing the batch.
func (w *writing) create(ctx context.Context, which []int) *refusal {
	var inputs []createInput
	for _, i := range which {
		associated, no := w.t.inline(ctx, w.typ, w.changes[i].Links)
		if no != nil {
			return no
		}
		inputs = append(inputs, createInput{Properties: w.properties(i), Associations: associated, TraceID: traceID(i)})
	}
	return w.call(ctx, "/batch/create", map[string]any{"inputs": inputs}, which, w.matchCreated)
}

func (w *writing) update(ctx context.Context, which []int) *refusal {
	var inputs []updateInput
	for _, i := range which {
		fields := w.properties(i)
		if fields == nil {
			fields = map[string]string{}
		}
		inputs = append(inputs, updateInput{ID: w.changes[i].ID, Properties: fields, TraceID: traceID(i)})
	}
	return w.call(ctx, "/batch/update", map[string]any{"inputs": inputs}, which, w.matchUpdated)
}

func (w *writing) call(ctx context.Context, path string, body any, which []int, match func(record, []int) int) *refusal {
	a, no := w.t.call(ctx, request{method: http.MethodPost, path: recordsPath + w.object.path + path, body: body, writes: true})
	if no != nil {
		return no
	}
	var out batch
	if err := json.Unmarshal(a.body, &out); err != nil {
		return &refusal{Error: &connect.Error{Class: connect.Unknown, Status: a.status, Code: "answer",
			Msg: "hubspot's answer could not be read", Err: err}}
	}
	w.settle(ctx, a.status, out, which, match)
	return nil
}

// settle gives every change its outcome from the answer of a batch that was carried
// out, wholly or in part. A change that the answer does not speak of is unknown.
func (w *writing) settle(ctx context.Context, status int, out batch, which []int, match func(record, []int) int) {
	open := slices.Clone(which)
	settled := func(i int) { open = slices.DeleteFunc(open, func(j int) bool { return i == j }) }
	var strangers []record
	for _, r := range out.Results {
		i := match(r, open)
		if i < 0 {
			strangers = append(strangers, r)
			continue
		}
		w.succeed(i, r)
		settled(i)
	}
	for _, p := range out.Errors {
		e := itemError(status, p)
		for _, i := range w.namedBy(open, p) {
			w.outcomes[i].Err = e
			w.findExisting(ctx, i)
			settled(i)
		}
	}
	if len(open) == 1 && len(strangers) == 1 && w.mayBe(open[0], strangers[0]) {
		w.succeed(open[0], strangers[0])
		return
	}
	w.fail(open, &connect.Error{Class: connect.Unknown, Status: status, Code: "not_told", Msg: "hubspot's answer does not say what became of it"})
}

// mayBe says whether nothing speaks against a result being of a change.
func (w *writing) mayBe(i int, r record) bool {
	key := r.get(KeyProperty)
	return (r.TraceID == "" || r.TraceID == traceID(i)) && (w.changes[i].ID != "" || key == "" || key == w.changes[i].Key)
}

// succeed notes the record that a change wrote. An answer by another id is what its
// record was merged into.
func (w *writing) succeed(i int, r record) {
	c, o := w.changes[i], &w.outcomes[i]
	o.ID, o.New = r.ID, c.ID == ""
	if c.ID != "" && c.ID != r.ID {
		o.Err = &connect.Error{Class: connect.Human, Code: "merged", MergedTo: r.ID, Msg: "the record was merged into another",
			Cure: "link to the record it was merged into"}
	}
	o.Values = map[string]string{}
	for f := range w.properties(i) {
		if _, ok := r.Properties[f]; ok {
			o.Values[f] = r.get(f)
		}
	}
}

func (w *writing) matchUpdated(r record, open []int) int {
	for _, i := range open {
		if id := w.changes[i].ID; r.TraceID == traceID(i) || id == r.ID || slices.Contains(r.merged(), id) {
			return i
		}
	}
	return -1
}

// matchCreated finds which create made a record: by trace, by our key, or by all
// that was sent where only one create sent just that. The order of results is not
// promised.
func (w *writing) matchCreated(r record, open []int) int {
	for _, i := range open {
		if r.TraceID == traceID(i) {
			return i
		}
	}
	if r.TraceID != "" {
		return -1
	}
	if key := r.get(KeyProperty); key != "" {
		return only(open, func(i int) bool { return w.changes[i].Key == key })
	}
	return only(open, func(i int) bool {
		sent := w.properties(i)
		for f, v := range sent {
			if r.get(f) != v {
				return false
			}
		}
		return len(sent) > 0
	})
}

// only returns the one index that fits, or -1.
func only(which []int, fits func(int) bool) int {
	found := -1
	for _, i := range which {
		if fits(i) {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}

// findExisting asks which record holds the value that a create collided with, where
// the refusal did not tell. It only reads; without an answer the outcome stays as it is.
func (w *writing) findExisting(ctx context.Context, i int) {
	c, e := w.changes[i], w.outcomes[i].Err
	if c.ID != "" || e == nil || e.Code != "CONFLICT" || e.Existing != "" || !w.object.keyed {
		return
	}
	by, value := "key", c.Key
	if e.Field != "" && e.Field != KeyProperty {
		by, value = e.Field, c.Fields[e.Field]
	}
	found, err := w.t.Read(ctx, w.typ, by, []string{value}, nil)
	if r, ok := found[value]; err == nil && ok {
		told := *e
		told.Existing = r.ID
		w.outcomes[i].Err = &told
	}
}

// result is the outcomes, or the error of a call that failed for all of them.
func (w *writing) result() ([]connect.Outcome, error) {
	if w.stopped == nil || slices.ContainsFunc(w.outcomes, func(o connect.Outcome) bool { return o.Err != w.stopped }) {
		return w.outcomes, nil
	}
	return nil, w.stopped
}
