package hubspot

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"plumbline.dev/plumbline/internal/connect"
)

// A stage of our pipeline, as Provision makes it.
type stage struct {
	name, label string
	probability string // of a deal: 1.0 is won, 0.0 is lost
}

// stages are the stages of a job in the order of the pipeline.
var stages = []stage{
	{"booked", "Booked", "0.6"},
	{"dispatched", "Dispatched", "0.8"},
	{"completed", "Completed", "0.9"},
	{"invoiced", "Invoiced", "0.9"},
	{"paid", "Paid", "1.0"},
	{"closed", "Closed no charge", "1.0"},
	{"no_sale", "No sale", "0.0"},
	{"canceled", "Canceled", "0.0"},
}

// A property is HubSpot's description of a field.
type property struct {
	Name           string `json:"name"`
	Label          string `json:"label"`
	GroupName      string `json:"groupName"`
	Type           string `json:"type"`
	FieldType      string `json:"fieldType"`
	HasUniqueValue bool   `json:"hasUniqueValue"`
	Calculated     bool   `json:"calculated"`
	Archived       bool   `json:"archived"`
	Options        []struct {
		Value string `json:"value"`
	} `json:"options"`
	Modification struct {
		ReadOnlyValue bool `json:"readOnlyValue"`
	} `json:"modificationMetadata"`
}

type pipeline struct {
	ID       string `json:"id"`
	Label    string `json:"label"`
	Archived bool   `json:"archived"`
	Stages   []struct {
		ID       string `json:"id"`
		Label    string `json:"label"`
		Archived bool   `json:"archived"`
	} `json:"stages"`
}

// Describe tells the account's types and fields, and our pipeline if it is there.
// It also checks that the token is of the configured account.
func (t *Tool) Describe(ctx context.Context) (connect.Schema, error) {
	if err := t.account(ctx); err != nil {
		return connect.Schema{}, err
	}
	t.forgetLabels() // what was learned of them is as old as the last description
	schema := connect.Schema{Types: map[string]connect.TypeSchema{}}
	for _, typ := range t.types() {
		properties, no := t.propertiesOf(ctx, typ)
		if no != nil {
			return connect.Schema{}, no.Error
		}
		schema.Types[typ] = describeType(objects[typ], properties)
	}
	lines, no := t.pipelines(ctx)
	if no != nil {
		return connect.Schema{}, no.Error
	}
	job := schema.Types[t.job]
	if ours := t.ourPipeline(lines); ours != nil {
		job.Pipeline, job.Stages = ours.ID, ours.stageIDs()
	}
	schema.Types[t.job] = job
	return schema, nil
}

func (t *Tool) propertiesOf(ctx context.Context, typ string) ([]property, *refusal) {
	var out struct {
		Results []property `json:"results"`
	}
	no := t.read(ctx, http.MethodGet, propertiesPath+objects[typ].path, url.Values{}, nil, &out)
	return out.Results, no
}

func (t *Tool) pipelines(ctx context.Context) ([]pipeline, *refusal) {
	var out struct {
		Results []pipeline `json:"results"`
	}
	no := t.read(ctx, http.MethodGet, pipelinesPath+objects[t.job].path, url.Values{}, nil, &out)
	return out.Results, no
}

// ourPipeline is the one with the configured label. The account's first pipeline,
// which HubSpot calls "default", is the sales pipeline and never ours.
func (t *Tool) ourPipeline(lines []pipeline) *pipeline {
	i := slices.IndexFunc(lines, func(p pipeline) bool {
		return !p.Archived && p.ID != "default" && strings.EqualFold(p.Label, t.config.Pipeline)
	})
	if i < 0 {
		return nil
	}
	return &lines[i]
}

// stageIDs maps our stage names to the ids of the stages with our labels.
func (p *pipeline) stageIDs() map[string]string {
	out := map[string]string{}
	for _, s := range stages {
		for _, there := range p.Stages {
			if !there.Archived && strings.EqualFold(there.Label, s.label) {
				out[s.name] = there.ID
			}
		}
	}
	return out
}

func describeType(o object, properties []property) connect.TypeSchema {
	schema := connect.TypeSchema{Fields: map[string]connect.FieldSchema{}}
	for _, p := range properties {
		if p.Archived {
			continue
		}
		f := connect.FieldSchema{
			Value:    p.value(),
			ReadOnly: p.Calculated || p.Modification.ReadOnlyValue,
			Required: slices.Contains(o.required, p.Name),
		}
		for _, option := range p.Options {
			f.Options = append(f.Options, option.Value)
		}
		schema.Fields[p.Name] = f
		if o.keyed && p.Name == KeyProperty && p.HasUniqueValue {
			schema.Unique = KeyProperty
		}
	}
	return schema
}

// value says in the words of connect.FieldSpec what a property holds; "enums" is a
// list of options, which Equal compares as a set.
func (p property) value() string {
	switch p.Type {
	case "string", "phone_number":
		if p.FieldType == "textarea" || p.FieldType == "html" {
			return "text"
		}
		return "string"
	case "enumeration":
		if p.FieldType == "checkbox" {
			return "enums"
		}
		return "enum"
	}
	return p.Type // number, date, datetime, bool and what is new
}
