// Package check holds a playbook against itself: its stages and clocks against each
// other, its texts against what texts may cost and must say, its mappings against
// what targets describe, and its requests for reviews against the rule that everybody
// is asked alike. It is pure: it asks no tool and changes nothing.
package check

import (
	"cmp"
	"slices"
	"strings"

	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/playbook"
)

// A Severity says what a finding keeps from happening.
type Severity string

// Severities.
const (
	Error   Severity = "error"   // the playbook cannot be switched on
	Warning Severity = "warning" // it can, and somebody should look
)

// A Finding is one thing that is wrong, or looks wrong, with its place.
type Finding struct {
	File         string   `json:"file"`
	Line, Column int      `json:",omitempty"`
	Severity     Severity `json:"severity"`
	Path         string   `json:"path"` // "rules.review.while"
	Msg          string   `json:"msg"`
	Cure         string   `json:"cure"`
}

// Playbook checks a playbook. Targets holds, by the name of the tool in mapping, what
// connected targets describe; a tool that is missing is not checked against.
func Playbook(p *playbook.Playbook, targets map[string]connect.Schema) []Finding {
	c := &checker{p: p}
	c.visits()
	c.jobs()
	c.kinds()
	c.guards()
	c.clocks()
	c.texts()
	c.reviews()
	for _, tool := range sorted(p.Mapping) {
		c.writers(tool)
		if schema, ok := targets[tool]; ok {
			c.target(tool, schema)
		}
	}
	slices.SortStableFunc(c.found, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column, strings.Compare(a.Msg, b.Msg))
	})
	return c.found
}

type checker struct {
	p     *playbook.Playbook
	found []Finding
}

func (c *checker) add(s Severity, at playbook.Position, path, cure, msg string) {
	c.found = append(c.found, Finding{at.File, at.Line, at.Column, s, path, msg, cure})
}

// at adds a finding about the value at a path.
func (c *checker) at(s Severity, path, cure, msg string) {
	c.add(s, c.p.Place(path), path, cure, msg)
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
