package hubspot

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// document writes one record as the API shows it. Without names of properties
// the type's defaults are given, as far as they have a value; a property that
// was asked for and has none is null, and one that does not exist is left out.
// Three system properties come unasked.
func (p *portal) document(r *record, v indexed, names, withHistory []string) document {
	properties := map[string]any{}
	give := func(name string) {
		if value, ok := v.values[name]; ok {
			properties[name] = value
		}
	}
	for _, name := range names {
		if p.schemas[r.typ.id].live(name) != nil {
			properties[name] = nil
			give(name)
		}
	}
	if names == nil {
		for _, name := range r.typ.defaults {
			give(name)
		}
	}
	for _, name := range []string{"hs_object_id", r.typ.created, r.typ.modified} {
		give(name)
	}
	d := document{
		"id": r.id, "properties": properties, "archived": r.archived(),
		"createdAt": formatInstant(v.created), "updatedAt": formatInstant(v.updated),
	}
	if r.archived() {
		d["archivedAt"] = formatInstant(r.archivedAt)
	}
	if len(withHistory) > 0 {
		histories := map[string][]document{}
		for _, name := range withHistory {
			if p.schemas[r.typ.id].live(name) == nil {
				continue
			}
			properties[name] = nil
			give(name)
			histories[name] = historyDocument(r.history[name])
		}
		d["propertiesWithHistory"] = histories
	}
	return d
}

func historyDocument(entries []Entry) []document {
	out := make([]document, len(entries))
	for i, e := range entries {
		out[i] = document{"value": e.Value, "timestamp": formatInstant(e.Timestamp), "sourceType": e.By.SourceType}
		if e.By.SourceID != "" {
			out[i]["sourceId"] = e.By.SourceID
		}
		if e.By.UserID != 0 {
			out[i]["updatedByUserId"] = e.By.UserID
		}
	}
	return out
}

func (r *record) current() indexed {
	return indexed{values: r.values, created: r.created, updated: r.updated}
}

// written is the answer to a write: what was sent, as far as it has a value.
func (p *portal) written(r *record, sent map[string]string) document {
	d := p.document(r, r.current(), nil, nil)
	for name := range sent {
		if value, ok := r.values[name]; ok {
			d["properties"].(map[string]any)[name] = value
		}
	}
	return d
}

// names reads a list in a query, which may be repeated or joined by commas. It
// is nil where nothing is asked for.
func (c *call) names(key string) []string {
	var out []string
	for _, v := range c.request.URL.Query()[key] {
		for name := range strings.SplitSeq(v, ",") {
			if name = strings.TrimSpace(name); name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}

func (c *call) wantsArchived() bool { return c.request.URL.Query().Get("archived") == "true" }

// pageLimit reads the page size of a list.
func (c *call) pageLimit(standard, most int) (int, error) {
	text := c.request.URL.Query().Get("limit")
	if text == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, invalid("limit must be between 1 and " + strconv.Itoa(most))
	}
	return n, nil
}

// list pages through all records by id; the cursor is the last id given.
func (c *call) list() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	limit, err := c.pageLimit(10, 100)
	if err != nil {
		return 0, nil, err
	}
	after, err := strconv.ParseInt("0"+c.request.URL.Query().Get("after"), 10, 64)
	if err != nil {
		return 0, nil, invalid("Invalid paging cursor.")
	}
	results, more := []document{}, false
	var last string
	for _, r := range c.stores[t.id].order {
		if r.number <= after || r.archived() != c.wantsArchived() || r.archived() && !c.binned(r) {
			continue
		}
		if len(results) == limit {
			more = true
			break
		}
		d, err := c.withAssociations(r, c.document(r, r.current(), c.names("properties"), c.names("propertiesWithHistory")))
		if err != nil {
			return 0, nil, err
		}
		results, last = append(results, d), r.id
	}
	body := document{"results": results}
	if more {
		body["paging"] = c.nextPage(last)
	}
	return http.StatusOK, body, nil
}

func (c *call) nextPage(after string) document {
	q := c.request.URL.Query()
	q.Set("after", after)
	return document{"next": document{"after": after, "link": "https://api.hubapi.com" + c.request.URL.Path + "?" + q.Encode()}}
}

// withAssociations adds what ?associations= asks for.
func (c *call) withAssociations(r *record, d document) (document, error) {
	wanted := c.names("associations")
	if len(wanted) == 0 {
		return d, nil
	}
	all := document{}
	for _, name := range wanted {
		t, err := c.typeNamed(name)
		if err != nil {
			return nil, err
		}
		list := []document{}
		for _, e := range c.linked(r, t) {
			list = append(list, document{"id": e.id, "type": r.typ.singular + "_to_" + t.singular})
		}
		if len(list) > 0 {
			all[t.name] = document{"results": list}
		}
	}
	if len(all) > 0 {
		d["associations"] = all
	}
	return d, nil
}

type createBody struct {
	Properties   map[string]string `json:"properties"`
	Associations []struct {
		To    objectID  `json:"to"`
		Types []typeRef `json:"types"`
	} `json:"associations"`
	TraceID string `json:"objectWriteTraceId"`
}

type objectID struct {
	ID string `json:"id"`
}

type typeRef struct {
	Category string `json:"associationCategory"`
	TypeID   int    `json:"associationTypeId"`
}

func specs(refs []typeRef) []assocSpec {
	out := make([]assocSpec, len(refs))
	for i, r := range refs {
		out[i] = assocSpec{r.Category, r.TypeID}
	}
	return out
}

func (b createBody) input() input {
	in := input{properties: b.Properties}
	for _, a := range b.Associations {
		in.associations = append(in.associations, inlineAssociation{a.To.ID, specs(a.Types)})
	}
	return in
}

func (c *call) createOne() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	var body createBody
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	r, err := c.create(t, body.input(), c.us())
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, c.written(r, body.Properties), nil
}

// one finds the record named in the path, by id or by ?idProperty=.
func (c *call) one() (*record, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return nil, err
	}
	id, idProperty := c.request.PathValue("objectId"), c.request.URL.Query().Get("idProperty")
	if err := c.identifying(t, idProperty, true); err != nil {
		return nil, err
	}
	if r := c.find(t, idProperty, id); r != nil {
		return r, nil
	}
	return nil, notFound()
}

// identifying refuses a property by which records cannot be told apart. A
// contact's email identifies in single calls and in upserts, not in a batch
// update.
func (p *portal) identifying(t *objectType, name string, email bool) error {
	if name == "" || (email && name == "email" && t.name == "contacts") {
		return nil
	}
	if def := p.schemas[t.id].live(name); def != nil && def.unique {
		return nil
	}
	return invalid("Unable to perform update/upsert by non-unique " + t.id + " property " + name + " in portal ID " + strconv.FormatInt(p.id, 10))
}

func (c *call) readOne() (int, any, error) {
	r, err := c.one()
	if c.wantsArchived() {
		r, err = c.archivedOne()
	}
	if err != nil {
		return 0, nil, err
	}
	d, err := c.withAssociations(r, c.document(r, r.current(), c.names("properties"), c.names("propertiesWithHistory")))
	return http.StatusOK, d, err
}

func (c *call) archivedOne() (*record, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return nil, err
	}
	if r := c.stores[t.id].byID[c.request.PathValue("objectId")]; r != nil && c.binned(r) {
		return r, nil
	}
	return nil, notFound()
}

func (c *call) updateOne() (int, any, error) {
	var body createBody
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	r, err := c.one()
	if err != nil {
		return 0, nil, err
	}
	if len(body.Properties) == 0 {
		return 0, nil, invalid("No properties found to update, please provide at least one.")
	}
	if err := c.update(r, body.Properties, c.us()); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.written(r, body.Properties), nil
}

// archiveOne answers the same whether or not the record was archived before;
// an id that was merged away is not followed.
func (c *call) archiveOne() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	r := c.stores[t.id].byID[c.request.PathValue("objectId")]
	if r == nil {
		return 0, nil, notFound()
	}
	if !r.archived() {
		c.archive(r)
	}
	return http.StatusNoContent, nil, nil
}

// erase deletes a contact for good. An address that nobody has is blocked.
func (c *call) erase() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		ObjectID   string `json:"objectId"`
		IDProperty string `json:"idProperty"`
	}
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	if body.ObjectID == "" {
		return 0, nil, missingFields("objectId")
	}
	if body.IDProperty != "" && body.IDProperty != "email" || t.name != "contacts" {
		return 0, nil, invalid("Only contacts can be deleted for privacy, by id or by email.")
	}
	r := c.find(t, body.IDProperty, body.ObjectID)
	switch {
	case r != nil:
		for _, email := range emails(r.values) {
			c.blocked[fold(email)] = true
		}
		c.drop(r)
	case body.IDProperty == "email":
		c.blocked[fold(body.ObjectID)] = true
	default:
		return 0, nil, notFound()
	}
	return http.StatusNoContent, nil, nil
}

// batch wraps results as the vendor does, in no promised order.
func (c *call) batch(results []document, failed []document, full int) (int, any, error) {
	c.rand.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
	now := formatInstant(c.clock())
	body := document{"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
	if results == nil {
		body["results"] = []document{}
	}
	if len(failed) > 0 {
		body["numErrors"], body["errors"] = len(failed), failed
		return http.StatusMultiStatus, body, nil
	}
	return full, body, nil
}

func (c *call) batchSize(n, most int) error {
	switch {
	case n == 0:
		return invalid("Batch input provided should have at least one object.")
	case n > most:
		return invalid("Batch input size " + strconv.Itoa(n) + " exceeds the limit of " + strconv.Itoa(most) + ".")
	}
	return nil
}

func duplicates(ids []string) *apiError {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return invalid("Duplicate IDs found in batch input: ["+strings.Join(ids, ", ")+"]. IDs must be unique").
		with("context", map[string][]string{"ids": ids})
}
