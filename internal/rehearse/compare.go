package rehearse

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/mirror"
	"plumbline.dev/plumbline/internal/notify"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// A Report says what would have been different. Of each difference there are at most
// three examples.
type Report struct {
	Location   string         `json:"location"`
	Since      time.Time      `json:"since"`
	Until      time.Time      `json:"until"`
	Deliveries int            `json:"deliveries"`
	Jobs       int            `json:"jobs"`
	Rules      []RuleChange   `json:"rules" doc:"First those by which people would hear what they did not"`
	Stages     []StageChange  `json:"stages"`
	Fields     []FieldChange  `json:"fields"`
	Records    []RecordChange `json:"records"`
}

// A RuleChange is what a rule would have said otherwise, and what it would have asked
// people to do.
type RuleChange struct {
	Rule     string   `json:"rule"`
	Today    int      `json:"today" doc:"Messages that the playbook of today says"`
	Then     int      `json:"then" doc:"Messages that the other says"`
	More     []Reason `json:"more" doc:"Messages that only the other says, by why today's does not"`
	Fewer    []Reason `json:"fewer" doc:"Messages that only today's says, by why the other does not"`
	Reworded int      `json:"reworded" doc:"Messages that both say in different words"`
	Tasks    int      `json:"tasks" doc:"Tasks that only the other sets"`
	NoTasks  int      `json:"no_tasks" doc:"Tasks that only today's sets"`
}

// A Reason is why something is not said, and how often.
type Reason struct {
	Why      string   `json:"why"`
	N        int      `json:"n"`
	Examples []string `json:"examples"`
}

// A StageChange is jobs that would stand at another stage.
type StageChange struct {
	From     string   `json:"from"`
	To       string   `json:"to"`
	Jobs     int      `json:"jobs"`
	Examples []string `json:"examples"`
}

// A FieldChange is a field that would say something else on records of a target.
type FieldChange struct {
	Connection string   `json:"connection"`
	Type       string   `json:"type"`
	Field      string   `json:"field"`
	Records    int      `json:"records"`
	Examples   []Change `json:"examples" doc:"The most frequent"`
}

// A Change is one value in place of another, and on how many records.
type Change struct {
	From string `json:"from"`
	To   string `json:"to"`
	N    int    `json:"n"`
}

// A RecordChange is records of a target that only one of the playbooks wants.
type RecordChange struct {
	Connection string `json:"connection"`
	Type       string `json:"type"`
	More       int    `json:"more" doc:"Records that only the other wants"`
	Fewer      int    `json:"fewer" doc:"Records that only today's wants"`
}

const (
	page        = 200
	maxExamples = 3
	maxPairs    = 1000 // of values of one field that are told apart
)

// compare reads both databases side by side, page by page.
func compare(ctx context.Context, o Options, today, then *life, deliveries int) (Report, error) {
	c := &comparison{ctx: ctx, o: o, today: today, then: then, rules: map[string]*RuleChange{}, stages: map[[2]string]*StageChange{}}
	r := Report{Location: o.Location, Since: o.Since, Until: o.Now, Deliveries: deliveries}
	var err error
	if r.Jobs, err = c.jobs(); err != nil {
		return r, err
	}
	for _, k := range o.Config.Locations {
		for _, conn := range k.Connections {
			if k.ID != o.Location {
				continue
			}
			fields, records, err := c.records(tenant.Connection{Location: o.Location, Name: conn.Name})
			if err != nil {
				return r, err
			}
			r.Fields, r.Records = append(r.Fields, fields...), append(r.Records, records...)
		}
	}
	r.Rules = slices.Collect(func(yield func(RuleChange) bool) {
		for _, id := range slices.Sorted(maps.Keys(c.rules)) {
			if x := *c.rules[id]; x.changed() && !yield(x.sorted()) {
				return
			}
		}
	})
	slices.SortStableFunc(r.Rules, func(a, b RuleChange) int { return cmp.Compare(b.weight(), a.weight()) })
	for _, s := range c.stages {
		r.Stages = append(r.Stages, *s)
	}
	slices.SortFunc(r.Stages, func(a, b StageChange) int {
		return cmp.Or(cmp.Compare(b.Jobs, a.Jobs), strings.Compare(a.From+a.To, b.From+b.To))
	})
	return r, nil
}

type comparison struct {
	ctx         context.Context
	o           Options
	today, then *life
	rules       map[string]*RuleChange
	stages      map[[2]string]*StageChange
}

func (c *comparison) view(l *life, f func(tx *db.Tx) error) error {
	return l.node.DB.View(c.ctx, c.o.Now, f)
}

// jobs compares the jobs of both, and what was said about each.
func (c *comparison) jobs() (n int, err error) {
	if err := c.said("", "no job"); err != nil { // what was answered to texts
		return 0, err
	}
	for after := ""; ; {
		var ids []string
		stage, name := map[string][2]string{}, map[string]string{}
		for i, l := range []*life{c.today, c.then} {
			err := c.view(l, func(tx *db.Tx) (err error) {
				if i == 0 { // the same deliveries make the same jobs
					if ids, err = advance.JobsAfter(tx, c.o.Location, after, page); err != nil {
						return err
					}
				}
				golden, err := record.LoadGolden(tx, c.o.Location, ids)
				for id, g := range golden {
					j, err := advance.ReadJob(g)
					if err != nil {
						return err
					}
					was := stage[string(id)]
					was[i] = j.Stage
					stage[string(id)], name[string(id)] = was, named(&j.JobView)
				}
				return err
			})
			if err != nil {
				return n, err
			}
		}
		for _, id := range ids {
			n++
			if s := stage[id]; s[0] != s[1] {
				if c.stages[s] == nil {
					c.stages[s] = &StageChange{From: s[0], To: s[1]}
				}
				c.stages[s].Jobs++
				c.stages[s].Examples = example(c.stages[s].Examples, name[id])
			}
			if err := c.said(plumbline.GoldenID(id), name[id]); err != nil {
				return n, err
			}
		}
		if len(ids) < page {
			return n, nil
		}
		after = ids[len(ids)-1]
	}
}

func named(j *plumbline.JobView) string {
	return "job " + cmp.Or(j.Number, j.ID)
}

func example(list []string, one string) []string {
	if len(list) < maxExamples && !slices.Contains(list, one) {
		list = append(list, one)
	}
	return list
}

// A spoken is what one playbook said about a job, and why not.
type spoken struct {
	said  map[saying]*notify.Message
	not   map[saying]string
	why   map[occasion]string
	tasks map[occasion]bool
}

type occasion struct {
	rule, subject string
	n             int64
}

type saying struct {
	occasion
	address string
}

func (c *comparison) speech(l *life, job plumbline.GoldenID) (s spoken, err error) {
	s = spoken{map[saying]*notify.Message{}, map[saying]string{}, map[occasion]string{}, map[occasion]bool{}}
	err = c.view(l, func(tx *db.Tx) error {
		messages, err := notify.Messages(tx, c.o.Location, job)
		if err != nil {
			return err
		}
		for _, m := range messages {
			at := saying{occasion{m.Rule, m.Subject, m.N}, m.Address}
			if m.Sent != 0 {
				s.said[at] = m
			} else {
				s.not[at] = cmp.Or(m.Cause, "it is still owed")
			}
		}
		outcomes, err := notify.Outcomes(tx, c.o.Location, job)
		for _, o := range outcomes {
			at := occasion{o.Rule, o.Subject, o.N}
			s.why[at], s.tasks[at] = o.Reason, o.Tasked != 0
		}
		return err
	})
	return s, err
}

// said compares what was said about a job.
func (c *comparison) said(job plumbline.GoldenID, name string) error {
	a, err := c.speech(c.today, job)
	if err != nil {
		return err
	}
	b, err := c.speech(c.then, job)
	if err != nil {
		return err
	}
	for at, m := range a.said {
		x := c.rule(at.rule)
		x.Today++
		if other := b.said[at]; other == nil {
			x.Fewer = because(x.Fewer, c.silence(c.then, b, at), name)
		} else if other.Body != m.Body {
			x.Reworded++
		}
	}
	for at := range b.said {
		x := c.rule(at.rule)
		x.Then++
		if a.said[at] == nil {
			x.More = because(x.More, c.silence(c.today, a, at), name)
		}
	}
	for at, is := range b.tasks {
		if is && !a.tasks[at] {
			c.rule(at.rule).Tasks++
		}
	}
	for at, is := range a.tasks {
		if is && !b.tasks[at] {
			c.rule(at.rule).NoTasks++
		}
	}
	return nil
}

func (c *comparison) rule(id string) *RuleChange {
	if c.rules[id] == nil {
		c.rules[id] = &RuleChange{Rule: id, More: []Reason{}, Fewer: []Reason{}}
	}
	return c.rules[id]
}

// silence is why a playbook did not say something.
func (c *comparison) silence(l *life, s spoken, at saying) string {
	pb, _, err := l.node.Advance.Policy(c.o.Location)
	switch {
	case s.not[at] != "":
		return errorqueue.Shape(s.not[at])
	case s.why[at.occasion] != "":
		return errorqueue.Shape(s.why[at.occasion])
	case err == nil && pb.Rule(at.rule) == nil:
		return "there is no such rule"
	}
	return "what the rule waits for did not happen"
}

func because(list []Reason, why, name string) []Reason {
	i := slices.IndexFunc(list, func(r Reason) bool { return r.Why == why })
	if i < 0 {
		i, list = len(list), append(list, Reason{Why: why})
	}
	list[i].N++
	list[i].Examples = example(list[i].Examples, name)
	return list
}

func (r RuleChange) changed() bool {
	return len(r.More)+len(r.Fewer)+r.Reworded+r.Tasks+r.NoTasks > 0
}

// weight puts first what people would hear that they did not, then what they would not.
func (r RuleChange) weight() (w int) {
	for _, x := range r.More {
		w += 1000 * x.N
	}
	for _, x := range r.Fewer {
		w += 100 * x.N
	}
	return w + 10*(r.Tasks+r.NoTasks) + r.Reworded
}

func (r RuleChange) sorted() RuleChange {
	for _, list := range [][]Reason{r.More, r.Fewer} {
		slices.SortFunc(list, func(a, b Reason) int { return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Why, b.Why)) })
	}
	return r
}

// records compares what the records of a connection should say.
func (c *comparison) records(conn tenant.Connection) (fields []FieldChange, records []RecordChange, err error) {
	a, b := &walk{l: c.today, c: conn}, &walk{l: c.then, c: conn}
	counts, pairs := map[string]*RecordChange{}, map[[2]string]map[[2]string]int{}
	count := func(typ string) *RecordChange {
		if counts[typ] == nil {
			counts[typ] = &RecordChange{Connection: conn.Name, Type: typ}
		}
		return counts[typ]
	}
	for {
		x, err := a.head(c)
		if err != nil {
			return nil, nil, err
		}
		y, err := b.head(c)
		if err != nil {
			return nil, nil, err
		}
		order := 0
		switch {
		case x == nil && y == nil:
			return fieldChanges(conn.Name, pairs), recordChanges(counts), nil
		case x == nil:
			order = 1
		case y == nil:
			order = -1
		default:
			order = cmp.Or(strings.Compare(x.Type, y.Type), strings.Compare(x.Subject, y.Subject))
		}
		switch {
		case order < 0:
			count(x.Type).Fewer++
			a.skip()
		case order > 0:
			count(y.Type).More++
			b.skip()
		default:
			for _, name := range slices.Sorted(maps.Keys(mergeKeys(x.Fields, y.Fields))) {
				if from, to := x.Fields[name], y.Fields[name]; from != to {
					at := [2]string{x.Type, name}
					if pairs[at] == nil {
						pairs[at] = map[[2]string]int{}
					}
					v := [2]string{shown(from), shown(to)}
					if _, ok := pairs[at][v]; !ok && len(pairs[at]) >= maxPairs {
						v = [2]string{"others", "others"}
					}
					pairs[at][v]++
				}
			}
			a.skip()
			b.skip()
		}
	}
}

func mergeKeys(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// shown is a value as it may be shown to whoever rehearses.
func shown(v string) string {
	if r := []rune(v); len(r) > 60 {
		v = string(r[:59]) + "…"
	}
	return errorqueue.Mask(v)
}

func fieldChanges(connection string, pairs map[[2]string]map[[2]string]int) (list []FieldChange) {
	for at, values := range pairs {
		f := FieldChange{Connection: connection, Type: at[0], Field: at[1]}
		for v, n := range values {
			f.Records += n
			f.Examples = append(f.Examples, Change{v[0], v[1], n})
		}
		slices.SortFunc(f.Examples, func(a, b Change) int {
			return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
		})
		f.Examples = f.Examples[:min(len(f.Examples), maxExamples)]
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b FieldChange) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), strings.Compare(a.Type, b.Type), strings.Compare(a.Field, b.Field))
	})
	return list
}

func recordChanges(counts map[string]*RecordChange) (list []RecordChange) {
	for _, typ := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, *counts[typ])
	}
	return list
}

// A walk goes through what the records of a connection should say.
type walk struct {
	l            *life
	c            tenant.Connection
	list         []mirror.Wanted
	over         bool
	typ, subject string
}

func (w *walk) head(c *comparison) (*mirror.Wanted, error) {
	if len(w.list) == 0 && !w.over {
		err := c.view(w.l, func(tx *db.Tx) (err error) {
			w.list, err = mirror.WantedAfter(tx, w.c, w.typ, w.subject, page)
			return err
		})
		if err != nil {
			return nil, err
		}
		w.over = len(w.list) < page
	}
	if len(w.list) == 0 {
		return nil, nil
	}
	return &w.list[0], nil
}

func (w *walk) skip() {
	w.typ, w.subject = w.list[0].Type, w.list[0].Subject
	w.list = w.list[1:]
}
