package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/notify"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
)

// said explains what was said about a job, and of every rule that could have spoken
// what came of it.
func (x *Explainer) said(tx *db.Tx, location string, j *job) ([]Section, error) {
	messages, err := notify.Messages(tx, location, j.id)
	if err != nil {
		return nil, err
	}
	var lines []Line
	for _, m := range messages {
		lines = append(lines, message(m))
	}
	out := Explanation{}
	out.add("What was said", lines...)
	rules, err := x.rules(tx, location, j, messages)
	out.add("What came of each rule", rules...)
	return out.Sections, err
}

// message is one message as a line.
func message(m *notify.Message) Line {
	l := Line{Time: record.Time(cmp.Or(m.Sent, m.Made)), Source: m.Connection, Rule: "rule " + m.Rule,
		Fact:     fmt.Sprintf("message %s to the %s at %s", m.ID, strings.ReplaceAll(m.Role, "_", " "), errorqueue.Mask(m.Address)),
		Decision: m.State}
	if m.Cause != "" && m.Cause != "said: "+m.Body {
		l.Decision += ", " + m.Cause
	}
	if m.Body != "" {
		l.Fact += `: "` + Masked(m, m.Body) + `"`
		l.Decision = Masked(m, l.Decision)
	}
	return l
}

// Masked hides numbers and the homeowner's link in a text.
func Masked(m *notify.Message, text string) string {
	if m.Link != "" {
		text = strings.ReplaceAll(text, m.Link, "…")
	}
	return errorqueue.Mask(text)
}

// rules says of each rule of the playbook what came of it for a job: the sentence of
// its outcome, or, where it has none, what it still waits for.
func (x *Explainer) rules(tx *db.Tx, location string, j *job, messages []*notify.Message) (lines []Line, err error) {
	pb, open, err := x.Policy(location)
	if err != nil {
		return nil, err
	}
	outcomes, err := notify.Outcomes(tx, location, j.id)
	if err != nil {
		return nil, err
	}
	silence := &silence{job: j, pb: pb, open: open, now: tx.Now}
	if silence.moves, err = movesOf(tx, location, j); err != nil {
		return nil, err
	}
	for _, r := range pb.Rules {
		found := slices.DeleteFunc(slices.Clone(outcomes), func(o *notify.Outcome) bool { return o.Rule != r.ID })
		for _, o := range found {
			lines = append(lines, outcome(r, o, messages))
		}
		if len(found) > 0 {
			continue
		}
		why, err := silence.of(r)
		if err != nil {
			return nil, fmt.Errorf("explain the silence of rule %s: %w", r.ID, err)
		}
		lines = append(lines, Line{Fact: why, Decision: "nothing", Rule: "rule " + r.ID})
	}
	return lines, nil
}

// outcome is what came of a rule as a line. Messages are those of the job: their links
// are hidden.
func outcome(r *playbook.Rule, o *notify.Outcome, messages []*notify.Message) Line {
	fact := cmp.Or(r.On, r.News) + " of " + record.Time(o.Happened).Format(time.RFC3339)
	decision := o.State
	if o.Until != 0 {
		decision += " until " + record.Time(o.Until).Format(time.RFC3339)
	}
	if o.Reason != "" {
		reason := errorqueue.Mask(o.Reason)
		for _, m := range messages {
			reason = Masked(m, reason)
		}
		decision += ", " + reason
	}
	return Line{Time: record.Time(o.At), Fact: fact, Decision: decision, Rule: "rule " + r.ID}
}

// movesOf lists all that was recorded of a job and its visits.
func movesOf(tx *db.Tx, location string, j *job) (all []record.Move, err error) {
	for _, s := range j.subjects() {
		moves, _, err := record.Transitions(tx, location, s)
		if err != nil {
			return nil, err
		}
		all = append(all, moves...)
	}
	return all, nil
}

// A silence says why a rule has not been heard of.
type silence struct {
	*job
	pb    *playbook.Playbook
	open  playbook.OpenHours
	moves []record.Move
	now   time.Time
}

// of says which condition of a rule was never reached.
func (s *silence) of(r *playbook.Rule) (string, error) {
	switch {
	case r.News != "":
		return s.news(r)
	case strings.HasPrefix(r.On, "text."):
		return "nobody wrote what it answers", nil
	case strings.HasPrefix(r.On, "clock."):
		return s.clock(strings.TrimPrefix(r.On, "clock."))
	}
	event, withdrawn := strings.CutPrefix(r.On, "withdrawn:")
	kind, stage, _ := strings.Cut(event, ".")
	what, never := "reached", fmt.Sprintf("no %s has been %s", kind, stage)
	if kind == string(plumbline.Job) {
		never = "the job has not been " + stage
	}
	if withdrawn {
		what, never = "withdrawn", fmt.Sprintf("%s of the %s was never withdrawn", stage, kind)
	}
	quiet := false
	for _, m := range s.moves {
		if string(m.Kind) == kind && m.Stage == stage && m.What == what {
			if !m.Silent {
				return fmt.Sprintf("%s %s was %s at %s, and the rule was not asked", kind, stage, what, m.Happened.UTC().Format(time.RFC3339)), nil
			}
			quiet = true
		}
	}
	if quiet {
		return fmt.Sprintf("%s %s was %s by a change of the playbook or a rebuild, of which nobody is told", kind, stage, what), nil
	}
	return never, nil
}

// news says why nothing was news.
func (s *silence) news(r *playbook.Rule) (string, error) {
	kind, what, _ := strings.Cut(r.News, ".")
	visits := s.each(kind)
	if len(visits) == 0 {
		return "the job has no visit", nil
	}
	for _, c := range []struct {
		what string
		c    *playbook.Condition
	}{{"this does not hold: ", r.While}, {"it is not for this: ", r.When}} {
		holds := false
		for _, v := range visits {
			ok, err := c.c.Eval(s.env(v))
			if err != nil {
				return "", err
			}
			holds = holds || ok
		}
		if !holds {
			return c.what + c.c.Source(), nil
		}
	}
	return "the " + what + " of the " + kind + " is as it was last told, or there is none", nil
}

// each lists what a rule about a kind looks at: every visit, or the job alone.
func (s *silence) each(kind string) []*plumbline.VisitView {
	if kind == string(plumbline.Job) {
		return []*plumbline.VisitView{nil}
	}
	var list []*plumbline.VisitView
	for i := range s.Visits {
		list = append(list, &s.Visits[i])
	}
	return list
}

func (s *silence) env(v *plumbline.VisitView) playbook.Env {
	e := playbook.Env{Job: &s.JobView, Visit: v, Property: s.property, Customer: s.customer, Since: s.History.Since(), Now: s.now}
	if e.Property == nil {
		e.Property = &plumbline.PropertyView{}
	}
	if e.Customer == nil {
		e.Customer = &plumbline.PersonView{}
	}
	return e
}

// clock says why a clock has not rung, or when it will.
func (s *silence) clock(name string) (string, error) {
	c := s.pb.Clocks[name]
	if c == nil {
		return "the playbook has no clock " + name, nil
	}
	visits := s.each(string(c.For))
	if len(visits) == 0 {
		return "the job has no visit", nil
	}
	why := ""
	for _, v := range visits {
		ring := name
		if v != nil {
			ring += "@" + v.ID
		}
		if slices.Contains(s.Rings, ring) {
			return "clock " + name + " rang, and the rule was not asked", nil
		}
		due, ok, err := c.Due(s.env(v), s.zone, s.open)
		if err != nil {
			return "", err
		}
		if ok {
			return s.due(c, due), nil
		}
		if why, err = s.unset(c, v); err != nil {
			return "", err
		}
	}
	return why, nil
}

func (s *silence) due(c *playbook.Clock, due time.Time) string {
	at := due.In(s.zone).Format("Mon 2006-01-02 15:04 MST")
	switch {
	case due.After(s.now):
		return "clock " + c.Name + " rings " + at
	case c.Missed(due, s.now):
		return "clock " + c.Name + " was due " + at + ", and its ring is of no use any more"
	}
	return "clock " + c.Name + " is due since " + at
}

func (s *silence) unset(c *playbook.Clock, v *plumbline.VisitView) (string, error) {
	if c.When != nil {
		ok, err := c.When.Eval(s.env(v))
		if err != nil {
			return "", err
		}
		if !ok {
			return "clock " + c.Name + " is not set, since this does not hold: " + c.When.Source(), nil
		}
	}
	return "clock " + c.Name + " is not set, since this is not known: " + c.From.Source(), nil
}

// Message explains one message, by our id of it or by its sender's: what caused it,
// what was decided about it, what was asked of the sender, and what the address has
// agreed to.
func (x *Explainer) Message(tx *db.Tx, location, id string) (e Explanation, err error) {
	list, err := notify.Called(tx, location, id)
	switch {
	case err != nil:
		return e, err
	case len(list) == 0:
		return e, nothing(id, "message")
	case len(list) > 1:
		return e, several(id, nil, list...)
	}
	return x.message(tx, location, list[0])
}

func (x *Explainer) message(tx *db.Tx, location string, m *notify.Message) (e Explanation, err error) {
	of, list := plumbline.GoldenID(m.Job), []*notify.Message{m}
	if of != "" {
		now, err := record.Resolve(tx, location, []string{m.Job})
		if err != nil {
			return e, err
		}
		of = now[plumbline.SourceID(m.Job)]
		if list, err = notify.Messages(tx, location, of); err != nil {
			return e, err
		}
	}
	e = Explanation{Subject: "message of rule " + m.Rule, ID: m.ID}
	e.add("What it is", message(m))
	e.add("What caused it", Line{Time: record.Time(m.Happened), Fact: cmp.Or(m.News, "the occasion") + " of " + m.Subject,
		Decision: "known " + record.Time(m.Known).Format(time.RFC3339), Rule: "playbook " + m.Playbook})
	outcomes, err := notify.Outcomes(tx, location, of)
	if err != nil {
		return e, err
	}
	if err := x.ruleOf(location, list, m, outcomes, &e); err != nil {
		return e, err
	}
	attempts, err := outbox.AttemptsOf(tx, outbox.Key{Location: location, Connection: m.Connection, Room: notify.Room, Record: m.ID})
	if err != nil {
		return e, err
	}
	e.add("What was asked of the sender", attempted(attempts)...)
	heard, err := heard(tx, location, m)
	e.add("What the address and its carrier said", heard...)
	return e, err
}

func (x *Explainer) ruleOf(location string, all []*notify.Message, m *notify.Message, outcomes []*notify.Outcome, e *Explanation) error {
	pb, _, err := x.Policy(location)
	if err != nil {
		return err
	}
	r := pb.Rule(m.Rule)
	if r == nil {
		return nil
	}
	var lines []Line
	for _, o := range outcomes {
		if o.Rule == m.Rule && o.N == m.N && o.Subject == m.Subject {
			lines = append(lines, outcome(r, o, all))
		}
	}
	if r.While != nil {
		lines = append(lines, Line{Fact: "it is sent only while " + r.While.Source(), Rule: "rule " + r.ID})
	}
	if r.Within > 0 {
		lines = append(lines, Line{Fact: "it is sent within " + r.Within.String() + " of being known", Rule: "rule " + r.ID})
	}
	if r.Fresh > 0 {
		lines = append(lines, Line{Fact: "it is sent within " + r.Fresh.String() + " of happening", Rule: "rule " + r.ID})
	}
	e.add("By which rule", lines...)
	return nil
}

// thread lists what was said to a number and from it.
func thread(tx *db.Tx, location, number string) (lines []Line, err error) {
	said, err := notify.Thread(tx, location, number)
	for _, t := range said {
		if t.Message != nil {
			lines = append(lines, message(t.Message))
			continue
		}
		lines = append(lines, Line{Time: t.At, Source: "from there", Fact: `"` + errorqueue.Mask(t.Body) + `"`, Decision: t.State, Rule: t.Why})
	}
	return lines, err
}

func attempted(list []outbox.Attempt) (lines []Line) {
	for _, a := range list {
		lines = append(lines, Line{Time: a.Started, Source: a.Connection, Fact: "attempt " + a.ID, Decision: strings.TrimSpace(a.State + " " + a.Outcome)})
	}
	return lines
}

// heard lists what was said at and about the address of a message.
func heard(tx *db.Tx, location string, m *notify.Message) (lines []Line, err error) {
	id := record.AddressID(location, m.Address)
	found, err := record.LoadGolden(tx, location, []string{string(id)})
	if err != nil || found[id].Doc == "" {
		return nil, err
	}
	var a advance.Address
	if err := found[id].Read(&a); err != nil {
		return nil, err
	}
	for _, e := range a.Entries() {
		lines = append(lines, Line{Time: e.At, Source: e.Source, Fact: fmt.Sprint(e.Kind), Decision: strings.TrimSpace(fmt.Sprint(e.Scope, " ", e.Tick)), Rule: errorqueue.Mask(e.Wording)})
	}
	for _, r := range a.Receipts {
		if m.Vendor == "" || r.SID != m.Vendor {
			continue
		}
		l := Line{Time: r.At, Source: m.Connection, Fact: "the carrier says " + r.Status}
		if r.Code != 0 {
			l.Decision = fmt.Sprintf("code %d", r.Code)
		}
		lines = append(lines, l)
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.Time.Compare(b.Time) })
	return lines, nil
}
