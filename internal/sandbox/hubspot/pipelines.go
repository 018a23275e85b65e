package hubspot

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// pipelineMost is how many pipelines a type may have where the account allows
// more than one. The number depends on the subscription.
const pipelineMost = 15

func (c *call) pipelineMost(t *objectType) int {
	if c.onePipeline[t.id] {
		return 1
	}
	return pipelineMost
}

type stageBody struct {
	ID       string            `json:"stageId"`
	Label    string            `json:"label"`
	Order    int               `json:"displayOrder"`
	Metadata map[string]string `json:"metadata"`
}

func (l *pipeline) document() document {
	stages := make([]document, len(l.stages))
	for i, s := range l.stages {
		stages[i] = s.document()
	}
	return document{
		"id": l.id, "label": l.label, "displayOrder": l.order, "stages": stages, "archived": false,
		"createdAt": formatInstant(l.created), "updatedAt": formatInstant(l.updated),
	}
}

func (s *stage) document() document {
	metadata := map[string]string{}
	for k, v := range s.metadata {
		metadata[k] = v
	}
	metadata["isClosed"] = fmt.Sprint(s.closed())
	return document{
		"id": s.id, "label": s.label, "displayOrder": s.order, "metadata": metadata, "archived": false,
		"createdAt": formatInstant(s.created), "updatedAt": formatInstant(s.updated), "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
	}
}

// piped reads a type that has pipelines, and the pipeline of the path if any.
func (c *call) piped() (*objectType, *pipeline, error) {
	t, err := c.objectType("objectType")
	if err != nil {
		return nil, nil, err
	}
	if t.pipeline == "" {
		return nil, nil, invalid(t.message() + " does not support pipelines.")
	}
	id := c.request.PathValue("pipelineId")
	line := c.pipeline(t, id)
	if id != "" && line == nil {
		return nil, nil, notFound()
	}
	return t, line, nil
}

func (c *call) listPipelines() (int, any, error) {
	t, _, err := c.piped()
	if err != nil {
		return 0, nil, err
	}
	results := []document{}
	for _, l := range c.lines[t.id] {
		results = append(results, l.document())
	}
	return http.StatusOK, document{"results": results}, nil
}

func (c *call) readPipeline() (int, any, error) {
	_, line, err := c.piped()
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, line.document(), nil
}

func (c *call) createPipeline() (int, any, error) {
	t, _, err := c.piped()
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Label  string      `json:"label"`
		Order  int         `json:"displayOrder"`
		ID     string      `json:"pipelineId"`
		Stages []stageBody `json:"stages"`
	}
	if err := c.decode(&body); err != nil {
		return 0, nil, err
	}
	same := func(l *pipeline) bool { return l.label == body.Label || (body.ID != "" && l.id == body.ID) }
	switch {
	case body.Label == "" || len(body.Stages) == 0:
		return 0, nil, missingFields("label", "stages")
	case len(c.lines[t.id]) >= c.pipelineMost(t):
		// Not documented how the limit of a subscription is answered.
		return 0, nil, categoryError(403, "FORBIDDEN", fmt.Sprintf("This account has reached its limit of %d pipelines for %s.", c.pipelineMost(t), t.name))
	case slices.ContainsFunc(c.lines[t.id], same):
		return 0, nil, categoryError(409, "CONFLICT", fmt.Sprintf("A pipeline with the label %q or the same id already exists.", body.Label))
	}
	now := c.clock()
	line := &pipeline{id: body.ID, label: body.Label, order: body.Order, created: now, updated: now}
	if line.id == "" {
		line.id, _ = c.newID()
	}
	for _, in := range body.Stages {
		if err := c.addStage(t, line, in); err != nil {
			return 0, nil, err
		}
	}
	c.lines[t.id] = append(c.lines[t.id], line)
	return http.StatusCreated, line.document(), nil
}

// addStage checks and adds a stage. Deals need a probability between 0 and 1.
// Stage ids are unique over all pipelines of a type.
func (c *call) addStage(t *objectType, line *pipeline, in stageBody) error {
	if in.Label == "" {
		return missingFields("label")
	}
	probability := in.Metadata["probability"]
	if p, err := strconv.ParseFloat(probability, 64); t.name == "deals" && (err != nil || p < 0 || p > 1) {
		return invalid("A deal stage needs metadata.probability between 0.0 and 1.0.")
	}
	if state := in.Metadata["ticketState"]; t.name == "tickets" && state != "" && state != "OPEN" && state != "CLOSED" {
		return invalid("metadata.ticketState must be OPEN or CLOSED.")
	}
	if slices.ContainsFunc(line.stages, func(s *stage) bool { return s.label == in.Label }) {
		return categoryError(409, "CONFLICT", fmt.Sprintf("A stage with the label %q already exists.", in.Label))
	}
	if in.ID == "" {
		in.ID, _ = c.newID()
	}
	for _, l := range append(slices.Clone(c.lines[t.id]), line) {
		if l.stage(in.ID) != nil {
			return categoryError(409, "CONFLICT", fmt.Sprintf("A stage with the id %q already exists.", in.ID))
		}
	}
	if p, err := strconv.ParseFloat(probability, 64); err == nil {
		in.Metadata["probability"] = strconv.FormatFloat(p, 'f', -1, 64)
		if p == 0 || p == 1 {
			in.Metadata["probability"] += ".0"
		}
	}
	now := c.clock()
	line.stages = append(line.stages, &stage{id: in.ID, label: in.Label, order: in.Order, metadata: in.Metadata, created: now, updated: now})
	sortStages(line.stages)
	line.updated = now
	return nil
}

func (c *call) listStages() (int, any, error) {
	_, line, err := c.piped()
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, document{"results": line.document()["stages"]}, nil
}

func (c *call) createStage() (int, any, error) {
	t, line, err := c.piped()
	if err != nil {
		return 0, nil, err
	}
	var in stageBody
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if err := c.addStage(t, line, in); err != nil {
		return 0, nil, err
	}
	for _, s := range line.stages {
		if s.label == in.Label {
			return http.StatusCreated, s.document(), nil
		}
	}
	return 0, nil, notFound()
}
