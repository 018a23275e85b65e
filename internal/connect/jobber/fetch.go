package jobber

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// perQuery is how many objects one question asks for: 20 jobs may cost 4,880 points,
// half of a bucket.
const perQuery = 20

// entities are what we read of each kind, where ids bear no prefix.
var entities = map[plumbline.Kind]entity{
	plumbline.Customer: clients, plumbline.Property: properties, plumbline.Job: jobs, plumbline.Visit: visits,
	plumbline.Invoice: invoices, plumbline.Payment: payments, plumbline.Technician: users,
}

// entityOf finds what an id names: the vendor's type, and the id without our prefix. A
// request also names its assessment, which is a visit.
func entityOf(kind plumbline.Kind, id string) (e entity, vendors string, ok bool) {
	quote, isQuote := strings.CutPrefix(id, quotePrefix)
	request, isRequest := strings.CutPrefix(id, requestPrefix)
	switch {
	case kind == plumbline.Job && isQuote:
		return quotes, quote, quote != ""
	case (kind == plumbline.Job || kind == plumbline.Visit) && isRequest:
		return requests, request, request != ""
	}
	e, ok = entities[kind]
	return e, id, ok && id != ""
}

// FetchesAtOnce is how many objects one question asks for.
func (t *Tool) FetchesAtOnce() int { return perQuery }

// Fetch reads objects of every kind that Jobber has, several with one question. Where
// Jobber cannot show one of them the others are answered all the same, and the error
// says what was wrong with the first.
func (t *Tool) Fetch(ctx context.Context, kind plumbline.Kind, ids []string) ([]connect.Answer, error) {
	var order []entity
	wanted := map[entity][]string{}
	for _, id := range ids {
		e, _, ok := entityOf(kind, id)
		if !ok {
			return nil, &connect.Error{Class: connect.Human, Msg: "Jobber has no way to read a " + string(kind) + " by such an id"}
		}
		if wanted[e] == nil {
			order = append(order, e)
		}
		wanted[e] = append(wanted[e], id)
	}
	var answers []connect.Answer
	var wrong error
	for _, e := range order {
		for rest := wanted[e]; len(rest) > 0; {
			n := min(perQuery, len(rest))
			got, hurt, err := t.fetch(ctx, kind, e, rest[:n])
			if err != nil {
				return nil, err
			}
			answers, rest = append(answers, got...), rest[n:]
			if wrong == nil {
				wrong = hurt
			}
		}
	}
	return answers, wrong
}

// LeavesOut names what is not asked for again of jobs and invoices: most of what they
// cost.
func (t *Tool) LeavesOut(kind plumbline.Kind) []string {
	switch kind {
	case plumbline.Job:
		return []string{"number", "customer", "visits", "source"}
	case plumbline.Invoice:
		return []string{"number", "customer", "lines"}
	}
	return nil
}

// Reread reads jobs and invoices that are known. One is read whole if its status stands
// on its visits, or if its lines have changed, as its amount then has. Quotes and
// requests, which are jobs by other prefixes, are read whole.
func (t *Tool) Reread(ctx context.Context, kind plumbline.Kind, known []connect.Known) ([]connect.Answer, error) {
	var ids, rest []string
	before := map[string]connect.Known{}
	for _, k := range known {
		before[k.ID] = k
		if e, _, ok := entityOf(kind, k.ID); ok && (e == jobs || e == invoices) {
			ids = append(ids, k.ID)
		} else {
			rest = append(rest, k.ID)
		}
	}
	e := changedJobs
	if kind == plumbline.Invoice {
		e = changedInvoices
	}
	var answers []connect.Answer
	var wrong error
	for some := range slices.Chunk(ids, perQuery) {
		got, hurt, err := t.fetch(ctx, kind, e, some)
		if err != nil {
			return nil, err
		}
		for _, a := range got {
			if a.Gone || reread(e, a, before[a.Object]) {
				answers = append(answers, a)
			} else {
				rest = append(rest, a.Object)
			}
		}
		if wrong == nil {
			wrong = hurt
		}
	}
	if len(rest) == 0 {
		return answers, wrong
	}
	more, err := t.Fetch(ctx, kind, rest)
	if len(more) == 0 && err != nil && len(answers) == 0 {
		return nil, err
	}
	return append(answers, more...), cmp.Or(wrong, err)
}

// reread says that an answer tells all that can have changed of an object.
func reread(e entity, a connect.Answer, before connect.Known) bool {
	body, err := parse(a.Body)
	o, ok := body.object(e.field)
	if err != nil || !ok {
		return false
	}
	if e == changedJobs {
		word, _ := o.text("jobStatus")
		return jobStatus[word] != byVisits
	}
	f := fields{}
	if amounts, ok := o.object("amounts"); ok {
		f.asked(amounts)
	}
	return f["amount"] == before.Fields["amount"]
}

// fetch asks one question. Hurt is what was wrong with the first object that it could not
// show.
func (t *Tool) fetch(ctx context.Context, kind plumbline.Kind, e entity, ids []string) (answers []connect.Answer, hurt, err error) {
	vars := map[string]any{}
	for i, id := range ids {
		_, vendors, _ := entityOf(kind, id)
		vars[fmt.Sprintf("id%d", i)] = vendors
	}
	a, err := t.ask(ctx, e.byID(len(ids)), vars)
	if err != nil {
		return nil, nil, err
	}
	for i, id := range ids {
		got, err := a.object(kind, e, id, alias(i))
		if err != nil {
			if hurt == nil {
				hurt = err
			}
			continue
		}
		answers = append(answers, got)
	}
	return answers, hurt, nil
}

// object takes one object out of an answer. Null is "not found", with or without a
// NOT_FOUND; any other problem may have left out a part of it, so that it is no answer.
func (a answer) object(kind plumbline.Kind, e entity, id, alias string) (connect.Answer, error) {
	for _, p := range a.Errors {
		if p.alias() != alias {
			continue
		}
		if p.Extensions.Code == codeNotFound && len(p.Path) == 1 {
			return goneAnswer(kind, id), nil
		}
		return connect.Answer{}, p.err(0)
	}
	raw, told := a.Data[alias]
	var o map[string]json.RawMessage
	if !told || json.Unmarshal(raw, &o) != nil {
		return connect.Answer{}, &connect.Error{Class: connect.Human, Msg: "the answer is not one of Jobber", Cure: "check base_url"}
	}
	if o == nil || kind == plumbline.Visit && e == requests && string(o["assessment"]) == "null" {
		return goneAnswer(kind, id), nil
	}
	// An object may not be known under two ids: payments would count twice. Some have seen
	// payment records whose id by themselves is not the one that their invoice names.
	if _, vendors, _ := entityOf(kind, id); textOf(o["id"]) != vendors {
		return connect.Answer{}, &connect.Error{Class: connect.Human, Msg: "Jobber answered with another object than was asked for", Cure: "check base_url"}
	}
	return connect.Answer{Kind: kind, Object: id, Body: e.body(raw)}, nil
}

// body writes an object under the name of its type, as Decode reads it. Its numbers stay
// as they were.
func (e entity) body(raw json.RawMessage) []byte {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	_ = dec.Decode(&v) // it stood in JSON that has been read
	return []byte(connect.Value(map[string]any{e.field: v}))
}

// goneAnswer is our own note of an answer that has no object. Decode reads it.
func goneAnswer(kind plumbline.Kind, id string) connect.Answer {
	note := connect.Value(map[string]any{"gone": true, "id": id, "kind": string(kind)})
	return connect.Answer{Kind: kind, Object: id, Body: []byte(note), Gone: true}
}

func textOf(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // anything else is no text
	return s
}
