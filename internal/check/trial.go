package check

import (
	"math/rand/v2"
	"reflect"
	"regexp"
	"strconv"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/playbook"
)

// trials is how many made-up jobs are tried before something counts as impossible.
const trials = 20_000

// try evaluates stages over made-up jobs and hands each to f, until f is content.
// The jobs are the same in every run. Their texts and numbers are those that the
// playbook's own expressions compare with.
func (c *checker) try(f func(playbook.Env) bool) {
	m := maker{rand: rand.New(rand.NewPCG(1, 2)), words: []string{"", "something"}, numbers: []int64{0, 1, -1}}
	m.learn(c.p)
	for range trials {
		job := m.job()
		for _, s := range c.p.Job.Stages {
			if ok, err := s.When.Holds(job); ok && err == nil {
				job.Holding = append(job.Holding, s.Name)
			}
		}
		e := playbook.Env{Job: job, Visit: &plumbline.VisitView{}, Customer: &plumbline.PersonView{}, Property: &plumbline.PropertyView{}}
		m.fill(reflect.ValueOf(e.Visit).Elem(), 0)
		m.fill(reflect.ValueOf(e.Customer).Elem(), 0)
		m.fill(reflect.ValueOf(e.Property).Elem(), 0)
		e.Property.Zone = "America/Chicago"
		if f(e) {
			return
		}
	}
}

type maker struct {
	rand    *rand.Rand
	words   []string
	numbers []int64
	stages  []string // of visits
	kinds   []string // of jobs
	clocks  []string
}

var (
	quoted = regexp.MustCompile(`"([^"\\]*)"|'([^'\\]*)'`)
	digits = regexp.MustCompile(`\b\d{1,9}\b`)
)

// learn collects the words and numbers of expressions.
func (m *maker) learn(p *playbook.Playbook) {
	m.stages = sorted(p.Visit.Stages)
	m.clocks = sorted(p.Clocks)
	for _, k := range p.Kinds {
		m.kinds = append(m.kinds, k.Kind)
	}
	for _, s := range p.Job.Stages {
		if s.When != nil {
			m.read(s.When.Source())
		}
	}
	for _, stage := range sorted(p.Visit.Guards) {
		for _, g := range p.Visit.Guards[stage] {
			m.read(g.Need.Source())
		}
	}
}

func (m *maker) read(source string) {
	for _, w := range quoted.FindAllStringSubmatch(source, -1) {
		m.words = append(m.words, w[1]+w[2])
	}
	for _, d := range digits.FindAllString(source, -1) {
		if n, err := strconv.ParseInt(d, 10, 64); err == nil {
			m.numbers = append(m.numbers, n-1, n, n+1)
		}
	}
}

// job makes up a job. In half of them all visits stand at one stage, as they do at
// the beginning and the end.
func (m *maker) job() *plumbline.JobView {
	job := &plumbline.JobView{}
	m.fill(reflect.ValueOf(job).Elem(), 0)
	job.Kind, job.Holding, job.Rings = pick(m, m.kinds), nil, nil
	if m.rand.IntN(2) == 0 && len(m.clocks) > 0 {
		job.Rings = []string{pick(m, m.clocks)}
	}
	one := pick(m, m.stages)
	alike := m.rand.IntN(2) == 0
	for i := range job.Visits {
		job.Visits[i].Stage = pick(m, m.stages)
		if alike {
			job.Visits[i].Stage = one
		}
	}
	return job
}

func pick[T any](m *maker, from []T) (v T) {
	if len(from) == 0 {
		return v
	}
	return from[m.rand.IntN(len(from))]
}

// fill gives a view's fields values that expressions tell apart.
func (m *maker) fill(v reflect.Value, depth int) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		if m.rand.IntN(2) == 0 {
			v.Set(reflect.ValueOf(time.Date(2026, 5, 1+m.rand.IntN(3), 12, 0, 0, 0, time.UTC)))
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			m.fill(v.Field(i), depth)
		}
	case v.Kind() == reflect.Slice && depth < 2:
		n := m.rand.IntN(3)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			m.fill(v.Index(i), depth+1)
		}
	case v.Kind() == reflect.String:
		v.SetString(pick(m, m.words))
	case v.Kind() == reflect.Bool:
		v.SetBool(m.rand.IntN(2) == 0)
	case v.CanInt():
		v.SetInt(pick(m, m.numbers))
	}
}
