package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// following is one batch as rules hear it.
type following struct {
	*Notify
	tx          *db.Tx
	location    string
	pb          *playbook.Playbook
	open        playbook.OpenHours
	book        *book
	names       map[string][]string  // of jobs and households, all their source records
	since       map[string]time.Time // activations
	connections []tenant.Connection
	sender      tenant.Connection
	hasSender   bool
	debts       []outbox.Debt
	opened      []Task      // and not yet handed on
	ended       []EndedTask // likewise
}

// flush writes what has changed, and hands on the tasks that people were given and those
// that have ended.
func (f *following) flush() error {
	if err := f.book.flush(); err != nil {
		return err
	}
	if len(f.opened) > 0 {
		if err := f.OpenTasks(f.tx, f.location, f.opened); err != nil {
			return err
		}
	}
	if len(f.ended) > 0 {
		if err := f.CloseTasks(f.tx, f.location, f.ended); err != nil {
			return err
		}
	}
	f.opened, f.ended = nil, nil
	return nil
}

// Follow owes what rules say about what has changed, and withdraws what is not so any
// more; tasks for people end likewise. It runs once per batch, in its transaction; a change that is silent is heard
// by no rule.
func (n *Notify) Follow(tx *db.Tx, b *advance.Batch) (err error) {
	defer plumbline.Wrap(&err, "owe messages")

	f := &following{Notify: n, tx: tx, location: b.Location, pb: b.Playbook, open: b.Open}
	if err := f.speak(b); err != nil {
		return err
	}
	if err := f.end(b); err != nil {
		return fmt.Errorf("end tasks: %w", err)
	}
	return outbox.Owe(tx, f.debts...)
}

// speak owes what is to be said about a batch.
func (f *following) speak(b *advance.Batch) error {
	var scenes []*scene
	var subjects []string
	for _, j := range b.Jobs {
		if !j.Silent {
			s := sceneOf(j)
			scenes = append(scenes, s)
			subjects = append(subjects, s.subjects()...)
		}
	}
	if len(scenes)+len(b.Addresses) == 0 {
		return nil
	}
	for _, a := range b.Addresses {
		subjects = append(subjects, string(a.ID))
	}
	if err := f.prepare(subjects, scenes, b); err != nil {
		return err
	}
	for _, a := range b.Addresses {
		if err := f.heed(a); err != nil {
			return err
		}
	}
	for _, s := range scenes {
		for _, step := range []func(*scene) error{f.withdraw, f.occasions, f.news} {
			if err := step(s); err != nil {
				return fmt.Errorf("about job %s: %w", s.id, err)
			}
		}
	}
	return f.flush()
}

// subjects are all that a rule may be about in a scene.
func (s *scene) subjects() []string {
	list := []string{string(s.id), s.household()}
	for _, v := range s.job.Visits {
		list = append(list, v.ID)
	}
	return list
}

func (f *following) prepare(subjects []string, scenes []*scene, b *advance.Batch) (err error) {
	if err := alone(f.tx, f.location); err != nil {
		return err
	}
	if f.since, err = Activate(f.tx, f.location, f.pb); err != nil {
		return err
	}
	if f.connections, err = tenant.Connections(f.tx, f.location); err != nil {
		return err
	}
	f.sender, f.hasSender = f.speaker(f.pb, f.connections)
	if err := loadPeople(f.tx, f.location, b.People, scenes...); err != nil {
		return err
	}
	if err := f.name(scenes, b); err != nil {
		return err
	}
	f.book, err = openBook(f.tx, f.location, subjects)
	return err
}

// name finds the names under which something was said of a job or a household before.
func (f *following) name(scenes []*scene, b *advance.Batch) (err error) {
	var households []string
	for _, s := range scenes {
		households = append(households, s.household())
	}
	slices.Sort(households)
	if f.names, err = record.Aliases(f.tx, f.location, slices.Compact(households)...); err != nil {
		return err
	}
	for _, j := range b.Jobs {
		f.names[string(j.ID)] = j.Aliases
	}
	return nil
}

// spoken is since when a rule may speak of a job: since it, the sender and the job's
// field tools have all been switched on.
func (f *following) spoken(r *playbook.Rule, s *scene) time.Time {
	at := f.since[r.ID]
	for _, c := range f.connections {
		if c.Name != f.sender.Name && (s == nil || !slices.Contains(s.sources, c.Name)) {
			continue
		}
		on := c.OnSince
		if on.IsZero() {
			on = f.since["connection:"+c.Name]
		}
		if on.After(at) {
			at = on
		}
	}
	return at
}

// withdraw takes back what has not been said and is not so any more.
func (f *following) withdraw(s *scene) error {
	for _, r := range f.pb.Rules {
		for _, id := range s.subjects() {
			for _, m := range f.book.about[aboutKey{r.ID, id}] {
				if !m.pending() || m.Job != string(s.id) {
					continue
				}
				ok, why, err := s.while(r, f.pb, m.Visit, plumbline.GoldenID(m.Person), f.tx.Now)
				if err != nil {
					return err
				}
				if !ok {
					err = f.takeBack(m, why)
				}
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// takeBack withdraws a message unless an attempt carries it: what has left is decided
// by asking.
func (f *following) takeBack(m *Message, why string) error {
	flies, err := inFlight(f.tx, f.location, m)
	if err != nil || flies {
		return err
	}
	f.book.leave(m, Withdrawn, why)
	return outbox.Forgive(f.tx, keyOf(f.location, m))
}

// A trigger is something that a rule waits for.
type trigger struct {
	visit           string
	happened, known time.Time
	cause           string
}

// occasions finds the triggers that the scene has newly reached.
func (f *following) occasions(s *scene) error {
	for _, r := range f.pb.Rules {
		if r.On == "" || strings.HasPrefix(r.On, "text.") {
			continue
		}
		f.reopen(s, r)
		for _, t := range append(f.found(s, r), f.triggers(s, r)...) {
			if err := f.occasion(s, r, t); err != nil {
				return fmt.Errorf("rule %s: %w", r.ID, err)
			}
		}
	}
	return nil
}

// reopen opens occasions again that a rule says are.
func (f *following) reopen(s *scene, r *playbook.Rule) {
	if r.Reopens == "" || r.Reopens == reassigned {
		return
	}
	for _, m := range s.moves {
		if !m.Silent && names(r.Reopens, m) {
			if o := f.book.last(r.ID, s.subject(r, visitOf(m))); o != nil {
				o.Again = 1
				f.book.newOutcomes[o] = true
			}
		}
	}
}

// found ends the tasks that people were given since nobody was known who should hear of
// it, where somebody is by now, and returns what had set them off: it is said after all.
func (f *following) found(s *scene, r *playbook.Rule) (list []trigger) {
	known := func(h hearer) bool { return s.people[h.person] != nil }
	if len(r.To) == 0 || !slices.ContainsFunc(s.hearers(r.To), known) {
		return nil
	}
	visits := []string{""}
	if f.ofVisit(r) {
		visits = nil
		for _, v := range s.job.Visits {
			visits = append(visits, v.ID)
		}
	}
	seen := map[*Outcome]bool{}
	for _, visit := range visits {
		o := f.book.last(r.ID, s.subject(r, visit))
		if o == nil || seen[o] || o.Tasked != taskOpen || o.State != Tasked || !unknown(o, r.To) {
			continue
		}
		seen[o] = true
		o.Again = 1
		f.endTask(o, "the "+roleWords(r.To[0])+" is known now")
		list = append(list, trigger{visit, record.Time(o.Happened), record.Time(o.Known), "the " + roleWords(r.To[0]) + " is known"})
	}
	return list
}

// unknown says whether an outcome's task was given since somebody was not known.
func unknown(o *Outcome, roles []plumbline.Role) bool {
	return slices.ContainsFunc(roles, func(r plumbline.Role) bool { return o.Reason == askedOf(nobodyIs(r)) })
}

func nobodyIs(r plumbline.Role) string { return "nobody is known as the " + roleWords(r) }

func noNumber(r plumbline.Role) string { return "the " + roleWords(r) + " has no mobile number" }

// mute says why somebody without an address cannot be texted: a tool may have named them
// and not told them yet.
func (s *scene) mute(h hearer) string {
	if s.people[h.person] == nil {
		return nobodyIs(h.role)
	}
	return noNumber(h.role)
}

// reassigned is the event that a visit under way has another technician.
const reassigned = "visit.reassigned"

// names says whether a move is the event of a name.
func names(event string, m record.Move) bool {
	on, withdrawn := strings.CutPrefix(event, "withdrawn:")
	what := "reached"
	if withdrawn {
		what = "withdrawn"
	}
	return m.What == what && on == string(m.Kind)+"."+m.Stage
}

func visitOf(m record.Move) string {
	if m.Kind == plumbline.Visit {
		return string(m.Subject)
	}
	return ""
}

func (f *following) triggers(s *scene, r *playbook.Rule) (list []trigger) {
	if name, ok := strings.CutPrefix(r.On, "clock."); ok {
		return f.rings(s, r, f.pb.Clocks[name])
	}
	for _, m := range s.moves {
		if !m.Silent && names(r.On, m) {
			list = append(list, trigger{visitOf(m), s.happened(m), m.Known, m.Cause})
		}
	}
	if r.Reopens == reassigned && len(list) == 0 {
		for i := range s.job.Visits {
			v := &s.job.Visits[i]
			if o := f.book.last(r.ID, s.subject(r, v.ID)); o != nil && s.stands(r, f.pb, v.ID) && o.Who != "" && technicians(v) != "" && o.Who != technicians(v) {
				o.Again = 1
				list = append(list, trigger{v.ID, f.tx.Now, f.tx.Now, "another technician"})
			}
		}
	}
	return list
}

// rings are the clock's rings that count now. When it rang follows from its clock,
// since only a ring counts whose clock is still set to its time.
func (f *following) rings(s *scene, r *playbook.Rule, c *playbook.Clock) (list []trigger) {
	if c == nil {
		return nil
	}
	set := *c
	set.When = nil
	at := func(visit *plumbline.VisitView, id string) {
		if !s.rang(c, id) {
			return
		}
		env := playbook.Env{Job: s.job, Visit: visit, Property: s.property, Since: s.history.Since()}
		due, ok, err := set.Due(env, s.zone, f.open)
		if err == nil && ok {
			list = append(list, trigger{id, due, f.tx.Now, "clock " + c.Name})
		}
	}
	if c.For == plumbline.Visit {
		for i := range s.job.Visits {
			at(&s.job.Visits[i], s.job.Visits[i].ID)
		}
		return list
	}
	at(nil, "")
	return list
}

// occasion owes what a rule says of a trigger, once per subject.
func (f *following) occasion(s *scene, r *playbook.Rule, t trigger) error {
	subject := s.subject(r, t.visit)
	last, err := f.lastOf(r, subject)
	if err != nil {
		return err
	}
	if last != nil {
		same := last.Happened == t.happened.UnixMilli()
		switch {
		case last.State == Owed || last.State == Deferred:
			return nil
		case last.State == Withdrawn && same:
			// It holds once more, and was never said; it is as old as it was.
			if ok, _, err := s.while(r, f.pb, t.visit, "", f.tx.Now); err != nil || !ok {
				return err
			}
			t.known = record.Time(last.Known)
		case last.State == Tasked && last.Tasked == taskEnded && !same:
			// What a person was to do came to its end, and has come about anew.
		case same && last.Again == 0, last.State != Withdrawn && last.State != Dropped && last.Again == 0:
			return nil
		}
		last.Again = 0
		f.book.newOutcomes[last] = true
	}
	o := f.book.add(Outcome{Rule: r.ID, Subject: subject, Job: string(s.id), State: Dropped, Happened: t.happened.UnixMilli(), Known: t.known.UnixMilli(),
		Who: technicians(s.visit(t.visit)), Playbook: f.pb.Version})
	return f.decide(s, r, t, o)
}

// lastOf finds the last outcome of a rule about a subject under any of its names.
func (f *following) lastOf(r *playbook.Rule, subject string) (*Outcome, error) {
	if o := f.book.last(r.ID, subject); o != nil {
		return o, nil
	}
	aliases := slices.DeleteFunc(slices.Clone(f.names[subject]), func(a string) bool { return a == subject })
	if len(aliases) == 0 {
		return nil, nil
	}
	list, err := queryOutcomes(f.tx, selectOutcomesAbout(f.tx), f.location, db.JSON(aliases))
	list = slices.DeleteFunc(list, func(o *Outcome) bool { return o.Rule != r.ID })
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return slices.MaxFunc(list, func(a, b *Outcome) int { return cmp.Compare(a.At, b.At) }), nil
}

// decide says what becomes of an occasion before anybody is addressed.
func (f *following) decide(s *scene, r *playbook.Rule, t trigger, o *Outcome) error {
	on := f.spoken(r, s)
	if t.known.Before(on) || t.happened.Before(on) {
		f.book.set(o, Dropped, knownBefore)
		return nil
	}
	ok, err := r.When.Eval(s.env(s.visit(t.visit), "", f.tx.Now))
	if err != nil {
		return err
	}
	if !ok {
		f.book.set(o, Dropped, "it is not for this: "+r.When.Source())
		return nil
	}
	if r.Unseen != "" && f.shown(s, r.Unseen) {
		f.book.set(o, Dropped, "the field tool shows when that happens, so it is said then")
		return nil
	}
	if r.Text == "" && r.Mail == "" {
		return f.task(s, r, o, s.role(plumbline.Booker), "the rule asks for a person")
	}
	if who, from := speaks(f.connections, f.pb, r, s); who != "us" {
		f.book.set(o, Dropped, speaksWhy(who, from, r))
		return nil
	}
	if r.Text == "" {
		return f.task(s, r, o, s.role(r.To[0]), "e-mail is not set up")
	}
	return f.address(s, r, t, o)
}

// shown says whether any field tool of the job can tell of a stage.
func (f *following) shown(s *scene, stage string) bool {
	if f.Shows == nil {
		return true
	}
	return slices.ContainsFunc(s.sources, func(c string) bool { return f.Shows(f.location, c, stage) })
}

// address owes an occasion to everybody who should hear it.
func (f *following) address(s *scene, r *playbook.Rule, t trigger, o *Outcome) error {
	hearers := s.hearers(r.To)
	if len(hearers) == 0 {
		return f.task(s, r, o, "", nobodyIs(r.To[0]))
	}
	for _, h := range hearers {
		if h.address == "" {
			if err := f.task(s, r, o, h.person, s.mute(h)); err != nil {
				return err
			}
			continue
		}
		if other := f.fuller(s, r, t, h.address); other != "" {
			f.book.set(o, Dropped, "the same person hears "+other+" of it, which says more")
			continue
		}
		m := f.book.put(Message{Rule: r.ID, Subject: o.Subject, N: o.N, Job: string(s.id), Visit: t.visit, Person: string(h.person), Role: string(h.role),
			Address: h.address, Household: s.household(), Class: r.Class, Happened: o.Happened, Known: o.Known, Due: f.tx.Now.UnixMilli()})
		if err := f.owe(s, r, m); err != nil {
			return err
		}
	}
	return nil
}

// fuller names the rule, if there is one, that says more of the same event to the same
// number: whoever is in several roles hears once. Of texts of one length the rule that
// comes first in the playbook speaks.
func (f *following) fuller(s *scene, r *playbook.Rule, t trigger, address string) string {
	mine, before := len(f.pb.Texts[r.Text]["en"]), true
	for _, o := range f.pb.Rules {
		if o == r {
			before = false
			continue
		}
		if o.On != r.On || o.Text == "" || !slices.ContainsFunc(s.hearers(o.To), func(h hearer) bool { return h.address == address }) {
			continue
		}
		if n := len(f.pb.Texts[o.Text]["en"]); n < mine || n == mine && !before {
			continue
		}
		if who, _ := speaks(f.connections, f.pb, o, s); who != "us" {
			continue
		}
		if ok, err := o.When.Eval(s.env(s.visit(t.visit), "", f.tx.Now)); err == nil && ok {
			return o.ID
		}
	}
	return ""
}

// owe hands a message to the outbox, or, in rehearsal, says what would be said.
func (f *following) owe(s *scene, r *playbook.Rule, m *Message) error {
	m.Playbook, m.Connection = f.pb.Version, f.sender.Name
	switch {
	case !f.hasSender:
		f.book.move(m, Dropped, "nothing that sends texts is connected")
		return nil
	case f.sender.Mode == tenant.Off:
		f.book.move(m, Dropped, f.sender.Name+" is switched off")
		return nil
	case f.sender.Mode == tenant.Rehearsal:
		return f.rehearse(s, r, m)
	}
	f.book.move(m, Owed, "")
	f.due(s, r, m)
	return nil
}

// due lets the outbox hand over a message when it is due.
func (f *following) due(s *scene, r *playbook.Rule, m *Message) {
	class := outbox.Ordinary
	if s != nil && s.job.Kind == "emergency" {
		class = outbox.Emergency
	}
	f.debts = append(f.debts, outbox.Debt{Key: keyOf(f.location, m), Due: record.Time(m.Due), Class: class, Rank: urgency[r.Class]})
}

// question asks what may be done about a message in this transaction.
func (f *following) question(s *scene, r *playbook.Rule, m *Message) *question {
	return &question{n: f.Notify, tx: f.tx, location: f.location, book: f.book, pb: f.pb, scene: s, rule: r, m: m,
		connection: f.sender, all: f.connections, now: f.tx.Now}
}

// rehearse writes down what would be said, and tells nobody.
func (f *following) rehearse(s *scene, r *playbook.Rule, m *Message) error {
	q := f.question(s, r, m)
	q.early = true
	v, err := q.judge()
	if err != nil {
		return err
	}
	m.Body = v.Text
	switch v.Do {
	case Say:
		f.book.move(m, Rehearsed, "would have said: "+v.Text)
	case Wait:
		f.book.move(m, Rehearsed, "would have said, at "+v.Until.Format(time.RFC3339)+": "+v.Text)
	default:
		f.book.move(m, Rehearsed, "would have said nothing: "+v.Why)
	}
	for news, value := range v.tells {
		f.silently(news, subjectOf(news, s, m.Visit), m.Address, value, "in rehearsal")
	}
	return nil
}

// silently notes what an address is taken to know.
func (f *following) silently(news, subject, address, value, how string) {
	if value == "" {
		return
	}
	t := f.book.tell(news, subject, address)
	t.Value, t.Maybe, t.Attempt, t.How = value, "", "", how
}

// subjectOf is what news of a state is about.
func subjectOf(news string, s *scene, visit string) string {
	if news == balanceNews || visit == "" {
		return string(s.id)
	}
	return visit
}
