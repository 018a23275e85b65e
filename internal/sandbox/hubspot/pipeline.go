package hubspot

import (
	"slices"
	"time"
)

// A pipeline is an ordered list of stages through which records of one type go.
type pipeline struct {
	id, label        string
	order            int
	stages           []*stage
	created, updated time.Time
}

// A stage belongs to one pipeline. Deals carry a probability, tickets a state.
type stage struct {
	id, label        string
	order            int
	metadata         map[string]string
	created, updated time.Time
}

func (s *stage) closed() bool {
	return s.metadata["probability"] == "1.0" || s.metadata["probability"] == "0.0" || s.metadata["isClosed"] == "true"
}

func (s *stage) won() bool { return s.metadata["probability"] == "1.0" }

func (l *pipeline) stage(id string) *stage {
	for _, s := range l.stages {
		if s.id == id {
			return s
		}
	}
	return nil
}

func (l *pipeline) stageIDs() []string {
	ids := make([]string, len(l.stages))
	for i, s := range l.stages {
		ids[i] = s.id
	}
	return ids
}

func (p *portal) pipeline(t *objectType, id string) *pipeline {
	for _, l := range p.lines[t.id] {
		if l.id == id {
			return l
		}
	}
	return nil
}

func (p *portal) pipelineIDs(t *objectType) []string {
	var ids []string
	for _, l := range p.lines[t.id] {
		ids = append(ids, l.id)
	}
	return ids
}

// firstPipelines are what a new account has.
func firstPipelines(t *objectType, now time.Time) []*pipeline {
	stages := func(key string, rows ...[3]string) []*stage {
		out := make([]*stage, len(rows))
		for i, row := range rows {
			out[i] = &stage{id: row[0], label: row[1], order: i, metadata: map[string]string{key: row[2]}, created: now, updated: now}
		}
		return out
	}
	switch t.name {
	case "deals":
		return []*pipeline{{id: "default", label: "Sales Pipeline", created: now, updated: now, stages: stages("probability",
			[3]string{"appointmentscheduled", "Appointment Scheduled", "0.2"}, [3]string{"qualifiedtobuy", "Qualified To Buy", "0.4"},
			[3]string{"presentationscheduled", "Presentation Scheduled", "0.6"}, [3]string{"decisionmakerboughtin", "Decision Maker Bought-In", "0.8"},
			[3]string{"contractsent", "Contract Sent", "0.9"}, [3]string{"closedwon", "Closed Won", "1.0"}, [3]string{"closedlost", "Closed Lost", "0.0"})}}
	case "tickets":
		return []*pipeline{{id: "0", label: "Support Pipeline", created: now, updated: now, stages: stages("ticketState",
			[3]string{"1", "New", "OPEN"}, [3]string{"2", "Waiting on contact", "OPEN"}, [3]string{"3", "Waiting on us", "OPEN"}, [3]string{"4", "Closed", "CLOSED"})}}
	case "services":
		return []*pipeline{{id: "service-pipeline", label: "Service Pipeline", created: now, updated: now, stages: stages("isClosed",
			[3]string{"service-new", "New", "false"}, [3]string{"service-in-progress", "In Progress", "false"}, [3]string{"service-closed", "Closed", "true"})}}
	}
	return nil
}

func sortStages(stages []*stage) {
	slices.SortStableFunc(stages, func(a, b *stage) int { return a.order - b.order })
}
