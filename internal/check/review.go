package check

import (
	"fmt"
	"slices"
	"strings"

	"plumbline.dev/plumbline/internal/playbook"
)

// fair is all that a request for a review may look at: that the work is complete, of
// what kind it is, and whether its evidence was looked at. The list is closed. What
// tells or betrays satisfaction (outcomes, disputes, money, who came, what was
// answered) may not be used, also not through a stage, a clock or a kind (16 CFR
// 465, 16 CFR 255.2, the review sites' own rules).
var fair = []string{
	"job.visits", "job.undone", "visit.stage", "job.completed", "job.qa",
	"job.kind", "job.type", "job.tags", "job.description", "job.service", "job.estimate", "job.removed",
}

// asksForReview says whether a rule asks for a review, by any of its marks.
func asksForReview(r *playbook.Rule) bool {
	return r.Class == "asking" || r.Speaks == "review" || strings.Contains(r.Text+r.Mail, "review")
}

// reviews follows everything that a request for a review depends on to its roots.
func (c *checker) reviews() {
	for _, r := range c.p.Rules {
		if !asksForReview(r) {
			continue
		}
		path := "rules." + r.ID
		f := &follower{c: c, seen: map[string]bool{}}
		f.condition(r.When, path+".when")
		f.condition(r.While, path+".while")
		f.event(r.On, path+".on", c.p.Place(path+".on"))
		f.event(r.Reopens, path+".reopens", c.p.Place(path+".reopens"))
		if r.Task != nil {
			f.condition(r.Task.Ends, path+".task.ends")
		}
		if r.News != "" {
			c.at(Error, path+".news", "ask on: clock.review", "a review is asked for once, not whenever something changes")
		}
	}
}

// A follower walks from an expression to what it depends on in the end.
type follower struct {
	c    *checker
	seen map[string]bool
	way  []string // how we came here
	at   playbook.Position
	path string
}

type expression interface {
	Reads() []playbook.Read
	At() playbook.Position
}

func (f *follower) condition(x *playbook.Condition, path string) {
	if x != nil {
		f.begin(path, x.At())
		f.reads(x)
	}
}

func (f *follower) event(event, path string, at playbook.Position) {
	if event == "" {
		return
	}
	f.begin(path, at)
	subject, name, _ := strings.Cut(strings.TrimPrefix(event, "withdrawn:"), ".")
	switch subject {
	case "job":
		f.stage(name)
	case "clock":
		f.clock(name)
	}
}

func (f *follower) begin(path string, at playbook.Position) {
	f.path, f.at, f.way, f.seen = path, at, nil, map[string]bool{}
}

func (f *follower) reads(x expression) {
	for _, r := range x.Reads() {
		switch {
		case r.Stage != "":
			f.stage(r.Stage)
		case r.Clock != "":
			f.clock(r.Clock)
		default:
			f.field(r.Field)
		}
	}
}

// through follows what a name stands for, once.
func (f *follower) through(name string, follow func()) {
	if f.seen[name] {
		return
	}
	f.seen[name] = true
	f.way = append(f.way, name)
	follow()
	f.way = f.way[:len(f.way)-1]
}

func (f *follower) stage(name string) {
	f.through("the stage "+name, func() {
		if s, ok := f.c.p.Job.Stage(name); ok && s.When != nil {
			f.reads(s.When)
		}
	})
}

func (f *follower) clock(name string) {
	f.through("the clock "+name, func() {
		clock := f.c.p.Clocks[name]
		if clock == nil {
			return
		}
		if clock.When != nil {
			f.reads(clock.When)
		}
		if clock.From != nil {
			f.reads(clock.From)
		}
	})
}

func (f *follower) field(field string) {
	if !slices.Contains(fair, field) {
		f.refuse(field)
		return
	}
	if field == "job.kind" || field == "job.service" {
		f.through("the kind of job", func() {
			for _, k := range f.c.p.Kinds {
				if k.When != nil {
					f.reads(k.When)
				}
			}
		})
	}
}

func (f *follower) refuse(field string) {
	msg := fmt.Sprintf("a request for a review depends on %s", field)
	if len(f.way) > 0 {
		msg += ", by way of " + strings.Join(f.way, ", then ")
	}
	f.c.add(Error, f.at, f.path, "ask everybody alike: look at nothing but "+strings.Join(fair, ", "), msg)
}
