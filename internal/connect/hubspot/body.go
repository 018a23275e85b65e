package hubspot

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// A body is an answer as it is kept: one record, with what it takes to tell later
// whose it is and who changed it. A record that was merged away says only that.
type body struct {
	Type     string `json:"type"`
	Portal   string `json:"portal"`
	MergedTo string `json:"mergedTo,omitempty"`
	record
}

// typeOfKind is what a kind of ours is here, "" if it is nothing.
func (t *Tool) typeOfKind(kind plumbline.Kind) string {
	switch kind {
	case plumbline.Customer:
		return "contact"
	case plumbline.Job:
		return t.job
	}
	return ""
}

func (t *Tool) kindOfType(typ string) plumbline.Kind {
	switch typ {
	case "contact":
		return plumbline.Customer
	case t.job:
		return plumbline.Job
	}
	return ""
}

// watched are the properties that are read of a type: those that Decode knows, and
// those of ours and of the playbook that mirror compares.
func (t *Tool) watched(typ string) []string {
	names := []string{mergedIDs, KeyProperty}
	switch typ {
	case "contact":
		for _, f := range contactFields {
			names = append(names, f.property)
		}
	case "deal":
		names = append(names, "dealname", "dealstage", "pipeline", "amount", "closedate")
	case "ticket":
		names = append(names, "subject", "hs_pipeline", "hs_pipeline_stage")
	case "company":
		names = append(names, "name", "domain", "phone", "address")
	case "note", "task":
		names = append(names, objects[typ].body, "hs_timestamp")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return unique(append(names, t.ours[typ]...))
}

// Watch names the properties that reads of a type shall hold beside those that
// Decode needs, such as the mapping's.
func (t *Tool) Watch(typ string, properties []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ours[typ] = slices.Clone(properties)
}

func propertyList(names []string) string { return strings.Join(names, ",") }

// Fetch reads contacts (customers) and deals or tickets (jobs) with the history of
// each property. An id that was merged away is answered by a body that names the
// other record, and that record beside it.
func (t *Tool) Fetch(ctx context.Context, kind plumbline.Kind, ids []string) ([]connect.Answer, error) {
	typ := t.typeOfKind(kind)
	if typ == "" {
		return nil, misused("unknown_kind", "hubspot has no "+string(kind)+" to fetch", "fetch customers or jobs")
	}
	return t.ReadBack(ctx, typ, unique(ids))
}

// ReadBack reads records of any type by id as Fetch does, the live first and what is
// missing among the archived. Each id has its answer.
func (t *Tool) ReadBack(ctx context.Context, typ string, ids []string) ([]connect.Answer, error) {
	if _, bad := t.object(typ); bad != nil {
		return nil, bad
	}
	names := t.watched(typ)
	in := readInput{Properties: names, History: names}
	valid := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !isID(id) })
	live, no := t.batchRead(ctx, objects[typ], in, valid, false)
	if no != nil {
		return nil, no.Error
	}
	have := map[string]record{}
	missing := claim(have, live, valid)
	if len(missing) > 0 {
		gone, no := t.batchRead(ctx, objects[typ], in, missing, true)
		if no != nil {
			return nil, no.Error
		}
		for i := range gone {
			gone[i].Archived = true
		}
		claim(have, gone, missing)
	}
	return t.collect(typ, ids, have, live), nil
}

// claim notes which record answers which id, and returns the ids without one.
func claim(have map[string]record, found []record, ids []string) (missing []string) {
	for _, id := range ids {
		if i := slices.IndexFunc(found, func(r record) bool { return answers(r, "", id) }); i >= 0 {
			have[id] = found[i]
		} else {
			missing = append(missing, id)
		}
	}
	if extra := unclaimed(found, ids, ""); len(missing) == 1 && len(extra) == 1 {
		have[missing[0]] = extra[0]
		return nil
	}
	return missing
}

// collect makes the answers: one for each id, one for each record that an id was
// merged into, and one for each id that a record has swallowed, since no list ever
// shows those again.
func (t *Tool) collect(typ string, ids []string, have map[string]record, live []record) []connect.Answer {
	var out []connect.Answer
	done := map[string]bool{}
	add := func(id string, r record) {
		if !done[id] {
			done[id] = true
			out = append(out, t.answer(typ, id, r))
		}
	}
	for _, id := range ids {
		if r, ok := have[id]; ok {
			add(id, r)
		} else if !done[id] {
			done[id] = true
			out = append(out, connect.Answer{Kind: t.kindOfType(typ), Object: id, Gone: true, Body: encode(body{Type: typ, Portal: t.config.Portal, record: record{ID: id, Archived: true}})})
		}
	}
	for _, r := range live {
		add(r.ID, r)
		for _, id := range r.merged() {
			add(id, r)
		}
	}
	return out
}

// answer is what is kept of a record that was found under an id.
func (t *Tool) answer(typ, id string, r record) connect.Answer {
	b := body{Type: typ, Portal: t.config.Portal, record: r}
	if r.ID != id {
		b.MergedTo = r.ID
		b.record = record{ID: id} // and nothing that would change with the other record
		return connect.Answer{Kind: t.kindOfType(typ), Object: id, Body: encode(b)}
	}
	// a property without a value may be left out of an answer; asked for and not
	// there means empty
	b.Properties = map[string]*loose{}
	for _, name := range t.watched(typ) {
		b.Properties[name] = nil
	}
	for name, v := range r.Properties {
		b.Properties[name] = v
	}
	return connect.Answer{Kind: t.kindOfType(typ), Object: id, Body: encode(b)}
}

// encode writes a body with sorted keys, so that an unchanged record gives the same
// bytes again.
func encode(b body) []byte {
	text, _ := json.Marshal(b) // texts and maps of texts only
	return text
}
