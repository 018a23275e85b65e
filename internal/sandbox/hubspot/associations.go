package hubspot

import (
	"net/http"
	"slices"
	"strconv"
)

// The most inputs of association batches, and how many ends one page of a
// batch read gives per record. The page size is not documented.
const (
	associationReadMost  = 1_000
	associationWriteMost = 2_000
	associationPage      = 500
)

// sides reads the two types of the path, which must have an association type.
func (c *call) sides() (from, to *objectType, err error) {
	if from, err = c.objectType("objectType"); err != nil {
		return nil, nil, err
	}
	if to, err = c.objectType("toObjectType"); err != nil {
		return nil, nil, err
	}
	if c.links.plain(from, to) == nil {
		return nil, nil, invalid("No association type exists between " + from.message() + " and " + to.message() + ".")
	}
	return from, to, nil
}

// pathEnds finds both records of a single association call.
func (c *call) pathEnds() (a, b *record, err error) {
	from, to, err := c.sides()
	if err != nil {
		return nil, nil, err
	}
	return c.both(from, to, c.request.PathValue("objectId"), c.request.PathValue("toObjectId"))
}

func (c *call) both(from, to *objectType, fromID, toID string) (a, b *record, err error) {
	a, b = c.resolve(from, fromID), c.resolve(to, toID)
	switch {
	case a == nil:
		return nil, nil, invalidEnd(from, fromID)
	case b == nil:
		return nil, nil, invalidEnd(to, toID)
	case a == b:
		return nil, nil, invalid("A record cannot be associated with itself.")
	}
	return a, b, nil
}

func (c *call) associateDefaultOne() (int, any, error) {
	a, b, err := c.pathEnds()
	if err != nil {
		return 0, nil, err
	}
	c.associatePlain(a, b)
	return c.batch(c.plainResults(a, b), nil, http.StatusOK)
}

// plainResults tells of both directions, as the vendor does.
func (c *call) plainResults(a, b *record) []document {
	one := func(a, b *record) document {
		k := c.links.plain(a.typ, b.typ)
		return document{
			"from": objectID{a.id}, "to": objectID{b.id},
			"associationSpec": document{"associationCategory": k.category, "associationTypeId": k.id},
		}
	}
	return []document{one(a, b), one(b, a)}
}

func (c *call) associateOne() (int, any, error) {
	a, b, err := c.pathEnds()
	if err != nil {
		return 0, nil, err
	}
	var refs []typeRef
	if err := c.decode(&refs); err != nil {
		return 0, nil, err
	}
	kinds, err := c.refs(a.typ, b.typ, refs)
	if err != nil {
		return 0, nil, err
	}
	c.associate(a, b, kinds)
	return http.StatusCreated, c.labels(a, b), nil
}

func (c *call) refs(from, to *objectType, refs []typeRef) ([]*linkType, error) {
	if len(refs) == 0 {
		return nil, invalid("Association types must be given for each association.")
	}
	kinds, _, err := c.kinds(from, to, specs(refs))
	return kinds, err
}

func (c *call) labels(a, b *record) document {
	x, y := ends(a, b)
	names := []string{}
	for _, id := range c.links.of[x][y] {
		if k := c.links.kind(id); k.label != "" {
			names = append(names, k.label)
		}
	}
	return document{"fromObjectTypeId": a.typ.id, "fromObjectId": a.id, "toObjectTypeId": b.typ.id, "toObjectId": b.id, "labels": names}
}

func (c *call) disassociateOne() (int, any, error) {
	a, b, err := c.pathEnds()
	if err != nil {
		return 0, nil, err
	}
	c.relink(a, b, nil)
	return http.StatusNoContent, nil, nil
}

type linkBody struct {
	Inputs []struct {
		From  objectID  `json:"from"`
		To    objectID  `json:"to"`
		Types []typeRef `json:"types"`
	} `json:"inputs"`
}

// eachLink does an association batch: inputs whose records are missing are
// reported beside the others in a 207.
func (c *call) eachLink(typed bool, do func(a, b *record, kinds []*linkType) []document) (int, any, error) {
	from, to, err := c.sides()
	if err != nil {
		return 0, nil, err
	}
	var body linkBody
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	if err := c.batchSize(len(body.Inputs), associationWriteMost); err != nil {
		return 0, nil, err
	}
	var results, failed []document
	for _, in := range body.Inputs {
		var kinds []*linkType
		if typed {
			if kinds, err = c.refs(from, to, in.Types); err != nil {
				return 0, nil, err
			}
		}
		a, b, err := c.both(from, to, in.From.ID, in.To.ID)
		if err != nil {
			failed = append(failed, itemError(err, nil))
			continue
		}
		results = append(results, do(a, b, kinds)...)
	}
	return c.batch(results, failed, http.StatusOK)
}

func (c *call) associateDefault() (int, any, error) {
	return c.eachLink(false, func(a, b *record, _ []*linkType) []document {
		c.associatePlain(a, b)
		return c.plainResults(a, b)
	})
}

func (c *call) associateBatch() (int, any, error) {
	return c.eachLink(true, func(a, b *record, kinds []*linkType) []document {
		c.associate(a, b, kinds)
		return []document{c.labels(a, b)}
	})
}

func (c *call) unlabelBatch() (int, any, error) {
	return c.eachLink(true, func(a, b *record, kinds []*linkType) []document {
		ids := make([]int, len(kinds))
		for i, k := range kinds {
			ids[i] = k.id
		}
		c.unlabel(a, b, ids)
		return nil
	})
}

func (c *call) disassociateBatch() (int, any, error) {
	from, to, err := c.sides()
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Inputs []struct {
			From objectID   `json:"from"`
			To   []objectID `json:"to"`
		} `json:"inputs"`
	}
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	if err := c.batchSize(len(body.Inputs), associationWriteMost); err != nil {
		return 0, nil, err
	}
	for _, in := range body.Inputs {
		for _, other := range in.To {
			if a, b, err := c.both(from, to, in.From.ID, other.ID); err == nil {
				c.relink(a, b, nil)
			}
		}
	}
	return c.batch(nil, nil, http.StatusOK)
}

// readAssociations gives the ends of many records. A record that has none, or
// is not there, is an error in a 207.
func (c *call) readAssociations() (int, any, error) {
	from, to, err := c.sides()
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Inputs []struct {
			ID    string `json:"id"`
			After offset `json:"after"`
		} `json:"inputs"`
	}
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	if err := c.batchSize(len(body.Inputs), associationReadMost); err != nil {
		return 0, nil, err
	}
	var results, failed []document
	for _, in := range body.Inputs {
		var list []end
		r := c.resolve(from, in.ID)
		if r != nil {
			list = c.linked(r, to)
		}
		if len(list) == 0 {
			failed = append(failed, noAssociations(from, to, in.ID))
			continue
		}
		start := min(int(in.After), len(list))
		page := list[start:min(start+associationPage, len(list))]
		one := document{"from": objectID{r.id}, "to": c.linkDocuments(r, page)}
		if next := start + len(page); next < len(list) {
			one["paging"] = document{"next": document{"after": strconv.Itoa(next)}}
		}
		results = append(results, one)
	}
	return c.batch(results, failed, http.StatusOK)
}

func (c *call) linkDocuments(r *record, page []end) []document {
	out := make([]document, len(page))
	for i, e := range page {
		types := []document{}
		for _, id := range c.links.of[end{r.typ.id, r.id}][e] {
			k := c.links.kind(id)
			types = append(types, document{"category": k.category, "typeId": k.id, "label": orNull(k.label)})
		}
		number, _ := strconv.ParseInt(e.id, 10, 64) // we made it
		out[i] = document{"toObjectId": number, "associationTypes": types}
	}
	return out
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func noAssociations(from, to *objectType, id string) document {
	e := categoryError(404, "OBJECT_NOT_FOUND", "No "+to.singular+" is associated with "+from.singular+" "+id+".")
	e.body["subCategory"] = "crm.associations.NO_ASSOCIATIONS_FOUND"
	return itemError(e, map[string][]string{"fromObjectId": {id}, "fromObjectType": {from.singular}, "toObjectType": {to.singular}})
}

func (c *call) listLabels() (int, any, error) {
	from, to, err := c.sides()
	if err != nil {
		return 0, nil, err
	}
	results := []document{}
	for _, k := range c.links.between(from, to) {
		results = append(results, document{"category": k.category, "typeId": k.id, "label": orNull(k.label)})
	}
	return http.StatusOK, document{"results": results}, nil
}

// createLabel makes a label in both directions; the other one's text is the
// same unless inverseLabel is given.
func (c *call) createLabel() (int, any, error) {
	from, to, err := c.sides()
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Label        string `json:"label"`
		Name         string `json:"name"`
		InverseLabel string `json:"inverseLabel"`
	}
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	if body.Label == "" || body.Name == "" {
		return 0, nil, missingFields("label", "name")
	}
	if c.noLabels {
		return 0, nil, categoryError(403, "FORBIDDEN", "This account cannot create association labels.")
	}
	if slices.ContainsFunc(c.links.between(from, to), func(k *linkType) bool { return k.label == body.Label }) {
		return 0, nil, categoryError(409, "CONFLICT", "Association label already exists.")
	}
	back := body.InverseLabel
	if back == "" {
		back = body.Label
	}
	id := 1 + c.userLabels()
	there := &linkType{id: id, category: byUser, label: body.Label, from: from.id, to: to.id, back: id + 1}
	other := &linkType{id: id + 1, category: byUser, label: back, from: to.id, to: from.id, back: id}
	c.links.types = append(c.links.types, there, other)
	return http.StatusOK, document{"results": []document{
		{"category": byUser, "typeId": there.id, "label": there.label}, {"category": byUser, "typeId": other.id, "label": other.label},
	}}, nil
}
