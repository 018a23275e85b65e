package hubspot

import (
	"errors"
	"net/http"
)

const batchMost = 100 // inputs per call on records

func (c *call) batchRead() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Properties            []string   `json:"properties"`
		PropertiesWithHistory []string   `json:"propertiesWithHistory"`
		IDProperty            string     `json:"idProperty"`
		Inputs                []objectID `json:"inputs"`
	}
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	if err := errors.Join(c.batchSize(len(body.Inputs), batchMost), c.identifying(t, body.IDProperty, true)); err != nil {
		return 0, nil, err
	}
	results, missing := []document{}, []string{}
	given := map[*record]bool{}
	for _, in := range body.Inputs {
		r := c.find(t, body.IDProperty, in.ID)
		if c.wantsArchived() {
			r = c.archivedRecord(t, body.IDProperty, in.ID)
		}
		switch {
		case r == nil:
			missing = append(missing, in.ID)
		case !given[r]: // two ids of one record give it once
			given[r] = true
			results = append(results, c.document(r, r.current(), body.Properties, body.PropertiesWithHistory))
		}
	}
	return c.batch(results, missingItems(t, missing), http.StatusOK)
}

func (p *portal) archivedRecord(t *objectType, idProperty, id string) *record {
	for _, r := range p.stores[t.id].order {
		if p.binned(r) && (r.id == id && idProperty == "" || idProperty != "" && fold(r.values[idProperty]) == fold(id)) {
			return r
		}
	}
	return nil
}

func missingItems(t *objectType, ids []string) []document {
	if len(ids) == 0 {
		return nil
	}
	return []document{itemError(notFoundIDs(t, ids), nil)}
}

// batchCreate makes all or none, unless every input has an objectWriteTraceId
// of its own: then each stands for itself. Not documented what two inputs with
// one unique value give: the second collides with the first, and the answer
// names an id that is gone when nothing was made.
func (c *call) batchCreate() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Inputs []createBody `json:"inputs"`
	}
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	if err := c.batchSize(len(body.Inputs), batchMost); err != nil {
		return 0, nil, err
	}
	each := traced(body.Inputs)
	var results, failed []document
	for _, in := range body.Inputs {
		mark := len(c.undo)
		r, err := c.create(t, in.input(), c.us())
		if err != nil {
			if !each {
				return 0, nil, err
			}
			c.rollback(mark)
			failed = append(failed, itemError(err, map[string][]string{"objectWriteTraceId": {in.TraceID}}))
			continue
		}
		results = append(results, withTrace(c.written(r, in.Properties), in.TraceID))
	}
	return c.batch(results, failed, http.StatusCreated)
}

// traced says whether every input has a trace id that no other has.
func traced(inputs []createBody) bool {
	seen := map[string]bool{}
	for _, in := range inputs {
		if in.TraceID == "" || seen[in.TraceID] {
			return false
		}
		seen[in.TraceID] = true
	}
	return true
}

func withTrace(d document, id string) document {
	if id != "" {
		d["objectWriteTraceId"] = id
	}
	return d
}

type changeBody struct {
	ID         string            `json:"id"`
	IDProperty string            `json:"idProperty"`
	Properties map[string]string `json:"properties"`
	TraceID    string            `json:"objectWriteTraceId"`
}

func (c *call) changes() (*objectType, []changeBody, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return nil, nil, err
	}
	var body struct {
		Inputs []changeBody `json:"inputs"`
	}
	if err := c.decode(&body); err != nil {
		return nil, nil, err
	}
	return t, body.Inputs, c.batchSize(len(body.Inputs), batchMost)
}

// batchUpdate changes all or none, except that records which are not there are
// reported in a 207 beside those that were changed. The guide promises the 207
// per input by trace id for creates only.
func (c *call) batchUpdate() (int, any, error) {
	t, inputs, err := c.changes()
	if err != nil {
		return 0, nil, err
	}
	var missing, unknownValues, twice []string
	found := make([]*record, len(inputs))
	given := map[*record]bool{}
	for i, in := range inputs {
		if err := c.identifying(t, in.IDProperty, false); err != nil {
			return 0, nil, err
		}
		r := c.find(t, in.IDProperty, in.ID)
		switch {
		case r == nil && in.IDProperty != "":
			unknownValues = append(unknownValues, t.id+":"+in.IDProperty+":"+in.ID)
		case r == nil:
			missing = append(missing, in.ID)
		case given[r]:
			twice = append(twice, in.ID)
		}
		found[i], given[r] = r, true
	}
	if len(twice) > 0 {
		return 0, nil, duplicates(twice)
	}
	if len(unknownValues) > 0 {
		e := notFoundIDs(t, nil)
		return 0, nil, e.with("context", map[string][]string{"missingObjectPropertyValueCoordinates": unknownValues})
	}
	var results []document
	for i, in := range inputs {
		if found[i] == nil {
			continue
		}
		if err := c.update(found[i], in.Properties, c.us()); err != nil {
			return 0, nil, err
		}
		results = append(results, withTrace(c.written(found[i], in.Properties), in.TraceID))
	}
	return c.batch(results, missingItems(t, missing), http.StatusOK)
}

// batchUpsert finds each record by a unique value and changes it, or creates
// it. It does all or none.
func (c *call) batchUpsert() (int, any, error) {
	t, inputs, err := c.changes()
	if err != nil {
		return 0, nil, err
	}
	var twice []string
	given := map[string]bool{}
	for _, in := range inputs {
		if in.IDProperty == "" {
			return 0, nil, missingFields("idProperty")
		}
		if err := c.identifying(t, in.IDProperty, true); err != nil {
			return 0, nil, err
		}
		key := in.IDProperty + "=" + fold(in.ID)
		if r := c.find(t, in.IDProperty, in.ID); r != nil {
			key = r.id
		}
		if given[key] {
			twice = append(twice, in.ID)
		}
		given[key] = true
	}
	if len(twice) > 0 {
		return 0, nil, duplicates(twice)
	}
	var results []document
	for _, in := range inputs {
		r, fresh, err := c.upsert(t, in)
		if err != nil {
			return 0, nil, err
		}
		d := withTrace(c.written(r, in.Properties), in.TraceID)
		d["new"] = fresh
		d["properties"].(map[string]any)[in.IDProperty] = r.values[in.IDProperty]
		results = append(results, d)
	}
	return c.batch(results, nil, http.StatusOK)
}

func (c *call) upsert(t *objectType, in changeBody) (r *record, fresh bool, err error) {
	properties := map[string]string{in.IDProperty: in.ID}
	for name, value := range in.Properties {
		properties[name] = value
	}
	if r = c.find(t, in.IDProperty, in.ID); r == nil {
		r, err = c.create(t, input{properties: properties}, c.us())
		return r, true, err
	}
	if in.IDProperty == "email" {
		if _, given := in.Properties["email"]; !given {
			delete(properties, "email") // found by a second address, the first stays
		}
		properties = c.emptyOmitted(r, properties)
	}
	return r, false, c.update(r, properties, c.us())
}

// batchArchive answers the same whether the records were there or not.
func (c *call) batchArchive() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Inputs []objectID `json:"inputs"`
	}
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	if err := c.batchSize(len(body.Inputs), batchMost); err != nil {
		return 0, nil, err
	}
	for _, in := range body.Inputs {
		if r := c.stores[t.id].byID[in.ID]; r != nil && !r.archived() {
			c.archive(r)
		}
	}
	return http.StatusNoContent, nil, nil
}
