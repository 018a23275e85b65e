package hubspot

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
)

// What an object type may have (the vendor's documents; the number of custom
// properties is generally known, not from its documents).
const (
	uniqueMost = 10
	customMost = 1_000
)

var internalName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)

type propertyBody struct {
	Name           string    `json:"name"`
	Label          *string   `json:"label"`
	GroupName      *string   `json:"groupName"`
	Type           *string   `json:"type"`
	FieldType      *string   `json:"fieldType"`
	Description    *string   `json:"description"`
	Options        *[]option `json:"options"`
	HasUniqueValue bool      `json:"hasUniqueValue"`
	Hidden         *bool     `json:"hidden"`
	FormField      *bool     `json:"formField"`
	DisplayOrder   *int      `json:"displayOrder"`
}

func (p *portal) propertyDocument(t *objectType, def *property) document {
	options := def.options
	if def.name == t.pipeline || def.name == t.stage {
		options = p.stageOptions(t, def.name)
	}
	if options == nil {
		options = []option{}
	}
	return document{
		"name": def.name, "label": def.label, "groupName": def.group, "description": def.description,
		"type": def.typ, "fieldType": def.fieldType, "options": options, "displayOrder": def.order,
		"hasUniqueValue": def.unique, "hidden": def.hidden, "formField": def.formField, "archived": def.archived,
		"calculated": def.calculated, "externalOptions": def.owners, "hubspotDefined": def.hubspot,
		"createdAt": formatInstant(def.created), "updatedAt": formatInstant(def.updated), "dataSensitivity": "non_sensitive",
		"modificationMetadata": document{
			"archivable": !def.hubspot, "readOnlyDefinition": def.hubspot, "readOnlyOptions": def.hubspot,
			"readOnlyValue": def.readOnly || def.calculated,
		},
	}
}

func (p *portal) stageOptions(t *objectType, name string) []option {
	var out []option
	for _, line := range p.lines[t.id] {
		if name == t.pipeline {
			out = append(out, option{Label: line.label, Value: line.id, DisplayOrder: line.order})
			continue
		}
		for _, s := range line.stages {
			out = append(out, option{Label: s.label, Value: s.id, DisplayOrder: s.order})
		}
	}
	return out
}

func (c *call) listProperties() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	sc := c.schemas[t.id]
	results := []document{}
	for _, name := range sc.order {
		if def := sc.properties[name]; def.archived == c.wantsArchived() {
			results = append(results, c.propertyDocument(t, def))
		}
	}
	return http.StatusOK, document{"results": results}, nil
}

// definition finds the property of the path.
func (c *call) definition() (*objectType, *property, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return nil, nil, err
	}
	name := c.request.PathValue("propertyName")
	def := c.schemas[t.id].properties[name]
	if def == nil || def.archived != c.wantsArchived() {
		return nil, nil, categoryError(404, "OBJECT_NOT_FOUND", fmt.Sprintf("No property %q exists for %s.", name, t.message()))
	}
	return t, def, nil
}

func (c *call) readProperty() (int, any, error) {
	t, def, err := c.definition()
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.propertyDocument(t, def), nil
}

func (c *call) createProperty() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	var body propertyBody
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	def, err := c.define(t, body)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, c.propertyDocument(t, def), nil
}

// createProperties defines many; one that cannot be is reported beside the
// others in a 207.
func (c *call) createProperties() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Inputs []propertyBody `json:"inputs"`
	}
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	if err := c.batchSize(len(body.Inputs), batchMost); err != nil {
		return 0, nil, err
	}
	var results, failed []document
	for _, in := range body.Inputs {
		def, err := c.define(t, in)
		if err != nil {
			failed = append(failed, itemError(err, map[string][]string{"name": {in.Name}}))
			continue
		}
		results = append(results, c.propertyDocument(t, def))
	}
	return c.batch(results, failed, http.StatusOK)
}

// define checks and adds a property. An archived one of the same name comes
// back as it is defined now.
func (p *portal) define(t *objectType, body propertyBody) (*property, error) {
	sc := p.schemas[t.id]
	if body.Name == "" || body.Label == nil || body.GroupName == nil || body.Type == nil || body.FieldType == nil {
		return nil, missingFields("name", "label", "groupName", "type", "fieldType")
	}
	refuse := func(format string, args ...any) (*property, error) {
		return nil, invalid(fmt.Sprintf(format, args...))
	}
	switch {
	case !internalName.MatchString(body.Name):
		return refuse("%q is not a valid property name.", body.Name)
	case sc.live(body.Name) != nil:
		return nil, categoryError(409, "OBJECT_ALREADY_EXISTS", fmt.Sprintf("A property named '%s' already exists.", body.Name))
	case sc.group(*body.GroupName) == nil:
		return refuse("Property group %q does not exist.", *body.GroupName)
	case !slices.Contains(fieldTypes[*body.Type], *body.FieldType):
		return refuse("fieldType %q is not valid for type %q.", *body.FieldType, *body.Type)
	case body.HasUniqueValue && *body.Type != "string" && *body.Type != "number":
		return refuse("A property of type %q cannot have unique values.", *body.Type)
	case body.HasUniqueValue && sc.uniques() >= uniqueMost:
		return refuse("At most %d properties of an object can have unique values.", uniqueMost)
	case sc.custom() >= customMost:
		return refuse("At most %d custom properties are allowed.", customMost)
	}
	now := p.clock()
	def := &property{name: body.Name, typ: *body.Type, fieldType: *body.FieldType, unique: body.HasUniqueValue, created: now}
	def.calculated = def.fieldType == "calculation_equation"
	if err := p.redefine(sc, def, body); err != nil {
		return nil, err
	}
	sc.add(def)
	return def, nil
}

func (s *schema) uniques() int {
	n := 0
	for _, def := range s.properties {
		if def.unique && !def.archived {
			n++
		}
	}
	return n
}

// redefine sets what may change later. hasUniqueValue may not and is ignored.
func (p *portal) redefine(sc *schema, def *property, body propertyBody) error {
	if body.GroupName != nil && sc.group(*body.GroupName) == nil {
		return invalid(fmt.Sprintf("Property group %q does not exist.", *body.GroupName))
	}
	if body.Options != nil {
		seen := map[string]bool{}
		for _, o := range *body.Options {
			if o.Value == "" || o.Label == "" || seen[o.Value] {
				return invalid(fmt.Sprintf("Option %q of property %q is empty or given twice.", o.Value, def.name))
			}
			seen[o.Value] = true
		}
		def.options = slices.Clone(*body.Options)
	}
	assign(&def.label, body.Label)
	assign(&def.group, body.GroupName)
	assign(&def.description, body.Description)
	assign(&def.hidden, body.Hidden)
	assign(&def.formField, body.FormField)
	assign(&def.order, body.DisplayOrder)
	def.updated = p.clock()
	return nil
}

func assign[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (c *call) updateProperty() (int, any, error) {
	t, def, err := c.definition()
	if err != nil {
		return 0, nil, err
	}
	var body propertyBody
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	if def.hubspot {
		return 0, nil, invalid(fmt.Sprintf("The definition of property %q cannot be changed.", def.name))
	}
	if err := c.redefine(c.schemas[t.id], def, body); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.propertyDocument(t, def), nil
}

func (c *call) archiveProperty() (int, any, error) {
	_, def, err := c.definition()
	if err != nil {
		return 0, nil, err
	}
	if def.hubspot {
		return 0, nil, invalid(fmt.Sprintf("Property %q cannot be archived.", def.name))
	}
	def.archived = true
	def.updated = c.clock()
	return http.StatusNoContent, nil, nil
}

func (c *call) listGroups() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	results := []document{}
	for _, g := range c.schemas[t.id].groups {
		results = append(results, g.document())
	}
	return http.StatusOK, document{"results": results}, nil
}

func (g *group) document() document {
	return document{"name": g.name, "label": g.label, "displayOrder": g.order, "archived": false}
}

func (c *call) createGroup() (int, any, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Name         string `json:"name"`
		Label        string `json:"label"`
		DisplayOrder int    `json:"displayOrder"`
	}
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	sc := c.schemas[t.id]
	switch {
	case body.Name == "" || body.Label == "":
		return 0, nil, missingFields("name", "label")
	case !internalName.MatchString(body.Name):
		return 0, nil, invalid(fmt.Sprintf("%q is not a valid group name.", body.Name))
	case sc.group(body.Name) != nil:
		return 0, nil, categoryError(409, "OBJECT_ALREADY_EXISTS", fmt.Sprintf("A property group named '%s' already exists.", body.Name))
	}
	g := &group{name: body.Name, label: body.Label, order: body.DisplayOrder}
	sc.groups = append(sc.groups, g)
	return http.StatusCreated, g.document(), nil
}
