package notify

import (
	"fmt"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
)

// news compares what is so with what was told.
func (f *following) news(s *scene) error {
	for _, r := range f.pb.Rules {
		if r.News == "" {
			continue
		}
		if r.News == balanceNews {
			if err := f.newsOf(s, r, nil); err != nil {
				return fmt.Errorf("rule %s: %w", r.ID, err)
			}
			continue
		}
		for i := range s.job.Visits {
			if err := f.newsOf(s, r, &s.job.Visits[i]); err != nil {
				return fmt.Errorf("rule %s: %w", r.ID, err)
			}
		}
	}
	return nil
}

// A change is news of one state that is worth saying to somebody.
type change struct {
	rule    *playbook.Rule
	visit   string
	subject string
	value   string
	known   time.Time
}

func (f *following) newsOf(s *scene, r *playbook.Rule, v *plumbline.VisitView) error {
	c := change{rule: r, subject: string(s.id), value: truth(r.News, s, v), known: f.tx.Now}
	if v != nil {
		c.visit, c.subject = v.ID, v.ID
		if at := s.windowKnown[v.ID]; r.News == windowNews && !at.IsZero() {
			c.known = at
		}
	}
	ok, _, err := s.while(r, f.pb, c.visit, "", f.tx.Now)
	if err != nil || !ok || c.value == "" {
		return err
	}
	if ok, err := r.When.Eval(s.env(v, "", f.tx.Now)); err != nil || !ok {
		return err
	}
	hearers := s.hearers(r.To)
	old := false
	for _, h := range hearers {
		t := f.book.told[toldKey{r.News, c.subject, h.address}]
		old = old || t != nil && t.Value != "" && differ(r.News, t.Value, c.value, r.By)
		if err := f.newsTo(s, c, h, false); err != nil {
			return err
		}
	}
	for _, h := range s.hearers(r.ThenTo) {
		if err := f.newsTo(s, c, h, !old); err != nil {
			return err
		}
	}
	if len(hearers) == 0 {
		return f.silent(s, c, "", nobodyIs(r.To[0]))
	}
	return nil
}

// newsTo owes news to one hearer if it differs from what they were told. Who follows
// the changes only is told nothing until there has been one.
func (f *following) newsTo(s *scene, c change, h hearer, onlyIfTold bool) error {
	key := toldKey{c.rule.News, c.subject, h.address}
	t := f.book.told[key]
	knows := t != nil && t.Value != ""
	if h.address == "" {
		if onlyIfTold {
			return nil
		}
		return f.silent(s, c, h.person, s.mute(h))
	}
	last := f.book.lastTo(c.rule.ID, c.subject, h.address)
	maybe, err := f.possibly(t)
	if err != nil {
		return err
	}
	switch {
	case !knows && maybe == "" && onlyIfTold:
		return nil
	case (knows || maybe != "") && !(knows && differ(c.rule.News, t.Value, c.value, c.rule.By)) && !(maybe != "" && differ(c.rule.News, maybe, c.value, c.rule.By)):
		// As told: whatever was to be said of a change that went back is not said.
		if last != nil && last.again() && t != nil && t.Message == last.ID {
			return f.newsOwed(s, c, h, last) // they were told, but it did not arrive
		}
		if last != nil && last.pending() {
			return f.takeBack(last, "it is again as they were last told")
		}
		return nil
	case !knows && maybe == "" && f.before(s, c):
		f.silently(c.rule.News, c.subject, h.address, c.value, knownBefore)
		return f.drop(s, c, knownBefore)
	}
	if who, from := speaks(f.connections, f.pb, c.rule, s); who != "us" {
		if who == "tool" {
			f.silently(c.rule.News, c.subject, h.address, c.value, from+" says it")
		}
		return f.drop(s, c, speaksWhy(who, from, c.rule))
	}
	return f.newsOwed(s, c, h, last)
}

// possibly is what an attempt that is undecided may have told.
func (f *following) possibly(t *told) (string, error) {
	if t == nil || t.Maybe == "" {
		return "", nil
	}
	list, err := outbox.AttemptsOf(f.tx, outbox.Key{Location: f.location, Connection: f.sender.Name, Room: Room, Record: t.Message})
	for _, a := range list {
		if a.ID == t.Attempt && (a.State == "open" || a.State == "unknown") {
			return t.Maybe, err
		}
	}
	return "", err
}

// before says whether a state was known, or had been so for the source, before we
// spoke: nobody is told what they knew without us.
func (f *following) before(s *scene, c change) bool {
	on := f.spoken(c.rule, s)
	if c.known.Before(on) {
		return true
	}
	for _, m := range s.moves {
		if m.Kind == plumbline.Job && m.Stage == f.pb.Job.Stages[0].Name && m.What == "reached" {
			return m.Happened.Before(on) // the job itself is new to us, and older than that
		}
	}
	return false
}

// newsOwed makes the message that tells a change, or changes the one that waits.
func (f *following) newsOwed(s *scene, c change, h hearer, last *Message) error {
	if last != nil && last.pending() {
		if last.Value == c.value {
			return nil
		}
		flies, err := inFlight(f.tx, f.location, last)
		if err != nil {
			return err
		}
		if !flies {
			last.Value, last.Known, last.Due = c.value, c.known.UnixMilli(), c.known.Add(c.rule.Quiet).UnixMilli()
			f.book.newMessages[last] = true
			if o := f.book.outcome(last); o != nil {
				o.Value, o.Known = c.value, c.known.UnixMilli()
				f.book.newOutcomes[o] = true
			}
			return f.owe(s, c.rule, last)
		}
	}
	if last != nil && last.Value == c.value && last.State != Withdrawn && last.Connection == f.sender.Name && !f.retold(last, c) {
		return nil // this very change was said, or was not for a reason
	}
	f.reached(c, h)
	o := f.turn(s, c)
	m := f.book.put(Message{Rule: c.rule.ID, Subject: c.subject, N: o.N, Job: string(s.id), Visit: c.visit, News: c.rule.News, Value: c.value,
		Person: string(h.person), Role: string(h.role), Address: h.address, Household: s.household(), Class: c.rule.Class,
		Happened: c.known.UnixMilli(), Known: c.known.UnixMilli(), Due: c.known.Add(c.rule.Quiet).UnixMilli()})
	m.Value, m.Known = c.value, c.known.UnixMilli()
	return f.owe(s, c.rule, m)
}

// reached ends the tasks to tell somebody who could not be texted before, and can be now.
func (f *following) reached(c change, h hearer) {
	for _, o := range f.book.outcomes[aboutKey{c.rule.ID, c.subject}] {
		if o.Tasked == taskOpen && (o.Reason == askedOf(nobodyIs(h.role)) || o.Reason == askedOf(noNumber(h.role))) {
			f.endTask(o, "the "+roleWords(h.role)+" can be texted now")
		}
	}
}

// retold says that a change that was said came back after another was told.
func (f *following) retold(last *Message, c change) bool {
	t := f.book.told[toldKey{c.rule.News, c.subject, last.Address}]
	return t != nil && t.Message != last.ID && said(last.State)
}

// turn is the outcome under which a change is told: the one that waits with it, or
// one of its own.
func (f *following) turn(s *scene, c change) *Outcome {
	if o := f.book.last(c.rule.ID, c.subject); o != nil && o.Value == c.value && o.State != Withdrawn && o.Known == c.known.UnixMilli() {
		return o
	}
	return f.book.add(Outcome{Rule: c.rule.ID, Subject: c.subject, Job: string(s.id), State: Owed, Value: c.value,
		Happened: c.known.UnixMilli(), Known: c.known.UnixMilli(), Playbook: f.pb.Version})
}

// drop writes down, once per value, why a change is not told.
func (f *following) drop(s *scene, c change, why string) error {
	o := f.book.last(c.rule.ID, c.subject)
	if o != nil && o.Value == c.value {
		return nil
	}
	o = f.turn(s, c)
	f.book.set(o, Dropped, why)
	return nil
}

// silent asks a person to tell a change to somebody who cannot be texted.
func (f *following) silent(s *scene, c change, person plumbline.GoldenID, why string) error {
	if o := f.book.last(c.rule.ID, c.subject); o != nil && o.Value == c.value {
		return nil
	}
	if f.before(s, c) {
		return f.drop(s, c, knownBefore)
	}
	if who, from := speaks(f.connections, f.pb, c.rule, s); who != "us" {
		return f.drop(s, c, speaksWhy(who, from, c.rule))
	}
	return f.task(s, c.rule, f.turn(s, c), person, why)
}
