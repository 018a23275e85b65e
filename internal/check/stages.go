package check

import (
	"fmt"
	"slices"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/playbook"
)

// Stages at which a visit may end.
var ends = []string{"complete", "canceled"}

// visits looks for stages of a visit that nobody can come to or get out of, and for
// those that grow late with nobody to tell.
func (c *checker) visits() {
	reached, next := map[string]bool{}, []string{c.p.Visit.Start}
	for len(next) > 0 {
		stage := c.p.Visit.Stages[next[0]]
		if stage != nil && !reached[next[0]] {
			reached[next[0]] = true
			next = append(next, stage.To...)
		}
		next = next[1:]
	}
	for _, name := range sorted(c.p.Visit.Stages) {
		stage, path := c.p.Visit.Stages[name], "visit.stages."+name
		if !reached[name] {
			c.at(Error, path, "name it in the to: of a stage before it", fmt.Sprintf("no visit can come to the stage %s", name))
		}
		if !slices.Contains(ends, name) && !c.leadsOn(name) {
			c.at(Error, path, "add to: with a stage that goes on", fmt.Sprintf("a visit that is %s can never end", name))
		}
		if stage.Late != nil && stage.Late.Tell == "" {
			c.at(Error, path+".late", "add tell:", fmt.Sprintf("a visit that is %s too long grows late with nobody to tell", name))
		}
	}
}

// leadsOn says whether a visit can get from a stage to one of its ends.
func (c *checker) leadsOn(from string) bool {
	seen, next := map[string]bool{}, []string{from}
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		if slices.Contains(ends, name) {
			return true
		}
		if stage := c.p.Visit.Stages[name]; stage != nil && !seen[name] {
			seen[name] = true
			next = append(next, stage.To...)
		}
	}
	return false
}

// jobs tries the stages on made-up jobs.
func (c *checker) jobs() {
	reached := map[string]bool{}
	c.try(func(e playbook.Env) bool {
		for _, name := range e.Job.Holding {
			reached[name] = true
		}
		return len(reached) == len(c.p.Job.Stages)
	})
	for _, s := range c.p.Job.Stages {
		if !reached[s.Name] {
			c.add(Error, s.When.At(), s.When.Path(), "mend the condition, or take the stage out",
				fmt.Sprintf("no job was found that comes to the stage %s, of %d that were tried", s.Name, trials))
		}
	}
}

// kinds looks for kinds that are asked after one that takes every job.
func (c *checker) kinds() {
	all := ""
	for _, k := range c.p.Kinds {
		if all != "" {
			c.at(Error, "kinds."+k.Kind, "put it before, or give "+all+" a condition", fmt.Sprintf("no job can be of kind %s: %s stands before it and takes every job", k.Kind, all))
		}
		if k.When == nil && all == "" {
			all = k.Kind
		}
	}
	if all == "" {
		c.at(Warning, "kinds", "let the last kind have no condition", "a job that fits no condition has no kind")
	}
}

// guards looks for guards that no evidence can satisfy, each alone and all of a
// stage together.
func (c *checker) guards() {
	for _, stage := range sorted(c.p.Visit.Guards) {
		alone, together := map[*playbook.Guard]bool{}, false
		c.try(func(e playbook.Env) bool {
			all := true
			for _, g := range c.p.Visit.Guards[stage] {
				ok, err := g.Need.Eval(e)
				alone[g] = alone[g] || (ok && err == nil)
				all = all && ok && err == nil
			}
			together = together || all
			return together
		})
		missing := false
		for _, g := range c.p.Visit.Guards[stage] {
			if !alone[g] {
				missing = true
				c.add(Error, g.Need.At(), g.Need.Path(), "ask for something that a visit can show", fmt.Sprintf("no evidence was found that satisfies this guard of %s", stage))
			}
		}
		if !together && !missing {
			c.at(Error, "visit.guards."+stage, "take one out", fmt.Sprintf("no evidence was found that satisfies all guards of %s together", stage))
		}
	}
}

// Clocks that the histories of jobs and visits themselves listen to.
var heard = []string{"day_begun", "past_due", "qa_unproven"}

// clocks looks for clocks that ring for nobody: no rule listens, and no stage asks.
func (c *checker) clocks() {
	listened := slices.Clone(heard)
	for _, r := range c.p.Rules {
		for _, event := range []string{r.On, r.Reopens} {
			if name, ok := cutPrefix(event, "clock."); ok {
				listened = append(listened, name)
			}
		}
	}
	for _, s := range c.p.Job.Stages {
		if s.When == nil {
			continue
		}
		for _, r := range s.When.Reads() {
			listened = append(listened, r.Clock)
		}
	}
	for _, name := range sorted(c.p.Clocks) {
		if !slices.Contains(listened, name) {
			c.at(Error, "clocks."+name, "add a rule on: clock."+name+", or take the clock out", "the clock rings and there is nobody to tell")
		}
		if clock := c.p.Clocks[name]; name == "day_begun" && clock.For != plumbline.Visit {
			c.at(Error, "clocks."+name, "write for: visit", "the day begins for a visit, not for a job")
		}
	}
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) > len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return "", false
}
