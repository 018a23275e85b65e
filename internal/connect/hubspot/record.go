package hubspot

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// mergedIDs names the records that were merged into this one, separated by
// semicolons. A record that is merged away disappears without being archived.
const mergedIDs = "hs_merged_object_ids"

// A record is what HubSpot answers for one record.
type record struct {
	ID         string               `json:"id"`
	Properties map[string]*loose    `json:"properties"`
	History    map[string][]version `json:"propertiesWithHistory,omitempty"`
	CreatedAt  string               `json:"createdAt,omitempty"`
	UpdatedAt  string               `json:"updatedAt,omitempty"`
	Archived   bool                 `json:"archived"`
	ArchivedAt string               `json:"archivedAt,omitempty"`
	TraceID    string               `json:"objectWriteTraceId,omitempty"`
}

// A version is one value that a property had, newest first in a history.
type version struct {
	Value      string `json:"value"`
	Timestamp  string `json:"timestamp"`
	SourceType string `json:"sourceType"`
	SourceID   string `json:"sourceId,omitempty"`
}

// A batch is the answer of every batch call.
type batch struct {
	Results []record  `json:"results"`
	Errors  []problem `json:"errors"`
}

func (r record) get(property string) string {
	if v := r.Properties[property]; v != nil {
		return string(*v)
	}
	return ""
}

// merged lists the ids that this record has swallowed.
func (r record) merged() []string {
	return slices.DeleteFunc(strings.Split(r.get(mergedIDs), ";"), func(id string) bool { return !isID(id) || id == r.ID })
}

// instant reads an ISO instant or epoch milliseconds; zero if it is neither.
func instant(text string) time.Time {
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		if at = at.UTC(); at.Year() >= 1 && at.Year() <= 9999 {
			return at
		}
		return time.Time{}
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms > 0 && ms < 1e14 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}

type input struct {
	ID string `json:"id"`
}

type readInput struct {
	Properties []string `json:"properties"`
	History    []string `json:"propertiesWithHistory"`
	IDProperty string   `json:"idProperty,omitempty"`
	Inputs     []input  `json:"inputs"`
}

// batchRead reads records by id, or by a unique property. What is not there is
// missing in the answer.
func (t *Tool) batchRead(ctx context.Context, o object, in readInput, ids []string, archived bool) ([]record, *refusal) {
	var found []record
	for chunk := range slices.Chunk(ids, batchSize) {
		in.Inputs = nil
		for _, id := range chunk {
			in.Inputs = append(in.Inputs, input{id})
		}
		if in.History == nil {
			in.History = []string{}
		}
		query := url.Values{}
		if archived {
			query.Set("archived", "true")
		}
		var out batch
		no := t.read(ctx, http.MethodPost, recordsPath+o.path+"/batch/read", query, in, &out)
		if no != nil && !no.Gone {
			return nil, no
		}
		for _, p := range out.Errors {
			if no := incomplete(p); no != nil {
				return nil, no
			}
		}
		found = append(found, out.Results...)
	}
	return found, nil
}

// incomplete says whether an error of a partly answered read hides records that may
// well be there.
func incomplete(p problem) *refusal {
	if p.Category == "OBJECT_NOT_FOUND" {
		return nil
	}
	e := itemError(http.StatusMultiStatus, p)
	if e.Gone {
		return nil
	}
	if e.Class == connect.Unknown {
		e.Class = connect.Retry // nothing was changed
	}
	return &refusal{Error: e, details: p}
}

// Read returns the records that hold the values: by their "id", by our "key", or by
// a unique property such as "email". An id is also looked for among the archived.
// Every asked field is there, empty where HubSpot has no value.
func (t *Tool) Read(ctx context.Context, typ, by string, values, fields []string) (map[string]connect.Record, error) {
	o, bad := t.object(typ)
	if bad != nil {
		return nil, bad
	}
	property := map[string]string{"id": "", "key": KeyProperty}
	in := readInput{IDProperty: by}
	if p, ok := property[by]; ok {
		in.IDProperty = p
	}
	in.Properties = asked(fields, in.IDProperty)
	values = slices.DeleteFunc(unique(values), func(v string) bool { return v == "" || by == "id" && !isID(v) })
	found, no := t.batchRead(ctx, o, in, values, false)
	if no != nil {
		return nil, no.Error
	}
	out := map[string]connect.Record{}
	missing := place(out, found, values, in.IDProperty, fields)
	if by != "id" || len(missing) == 0 {
		return out, nil
	}
	if found, no = t.batchRead(ctx, o, in, missing, true); no != nil {
		return nil, no.Error
	}
	for i := range found {
		found[i].Archived = true
	}
	place(out, found, missing, "", fields)
	return out, nil
}

// asked lists the properties to ask for, with those that tell which record it is.
func asked(fields []string, idProperty string) []string {
	names := append(slices.Clone(fields), mergedIDs)
	if idProperty != "" {
		names = append(names, idProperty)
	}
	if idProperty == "email" {
		names = append(names, "hs_additional_emails")
	}
	return unique(names)
}

func unique(words []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, w := range words {
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// place puts records beside the values that found them and returns the values
// without one.
func place(out map[string]connect.Record, found []record, values []string, property string, fields []string) (missing []string) {
	for _, v := range values {
		i := slices.IndexFunc(found, func(r record) bool { return answers(r, property, v) })
		if i < 0 {
			missing = append(missing, v)
			continue
		}
		out[v] = told(found[i], v, property, fields)
	}
	// HubSpot may answer for a merged id without naming it among the merged ones
	if extra := unclaimed(found, values, property); property == "" && len(missing) == 1 && len(extra) == 1 {
		out[missing[0]] = told(extra[0], missing[0], property, fields)
		return nil
	}
	return missing
}

func unclaimed(found []record, values []string, property string) []record {
	return slices.DeleteFunc(slices.Clone(found), func(r record) bool {
		return slices.ContainsFunc(values, func(v string) bool { return answers(r, property, v) })
	})
}

// answers says whether a record is what was asked for.
func answers(r record, property, value string) bool {
	switch property {
	case "":
		return r.ID == value || slices.Contains(r.merged(), value)
	case "email":
		return slices.ContainsFunc(append(strings.Split(r.get("hs_additional_emails"), ";"), r.get("email")),
			func(m string) bool { return strings.EqualFold(m, value) })
	}
	return r.get(property) == value
}

func told(r record, value, property string, fields []string) connect.Record {
	out := connect.Record{ID: r.ID, Fields: map[string]string{}, Modified: instant(r.UpdatedAt), Archived: r.Archived}
	if property == "" && r.ID != value {
		out.ID, out.MergedTo = value, r.ID
	}
	for _, f := range fields {
		out.Fields[f] = r.get(f)
	}
	return out
}
