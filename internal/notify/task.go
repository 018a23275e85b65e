package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// task asks a person to do what cannot be texted, unless they are asked already about
// this subject, or nobody need do it any more.
func (f *following) task(s *scene, r *playbook.Rule, o *Outcome, person plumbline.GoldenID, reason string) error {
	if saysSomething(r) && (!f.hasSender || f.sender.Mode != tenant.On) {
		f.book.set(o, Rehearsed, "would have asked a person: "+reason)
		return nil
	}
	over, err := f.over(s, r, o)
	if err != nil {
		return err
	}
	if over != "" {
		state := o.State
		if !said(state) {
			state = Dropped
		}
		f.book.set(o, state, reason+"; no task for a person is needed: "+over)
		return nil
	}
	open := slices.ContainsFunc(f.book.outcomes[aboutKey{o.Rule, o.Subject}], func(x *Outcome) bool { return x.Tasked == taskOpen })
	o.Tasked = taskOpen
	f.book.set(o, Tasked, askedOf(reason))
	if open {
		return nil
	}
	f.opened = append(f.opened, f.taskOf(f.location, f.pb, s, r, o, person, reason))
	return nil
}

// askedOf is what an outcome says of which a person has a task.
func askedOf(reason string) string { return "a task for a person: " + reason }

// taskOf writes the task: in the rule's words, where it has some.
func (n *Notify) taskOf(location string, pb *playbook.Playbook, s *scene, r *playbook.Rule, o *Outcome, person plumbline.GoldenID, reason string) Task {
	sum := sha256.Sum256([]byte(strings.Join([]string{location, taskName(o), o.Subject}, "\x00")))
	t := Task{Location: location, Key: hex.EncodeToString(sum[:12]), Rule: taskName(o), Subject: o.Subject, Job: s.id, Person: person, Reason: reason}
	vars := n.variables(pb, s, s.about(o.Subject), s.people[person], "en", record.Time(o.At))
	if vars["name"] == "" {
		vars["name"] = "Somebody"
	}
	t.Title = vars["name"] + " could not be texted: " + strings.ReplaceAll(r.ID, "_", " ")
	t.Body = "Call about " + vars["service"] + " at " + vars["street"] + ". Nothing was said by text: " + reason + "."
	t.Due = record.Time(o.Known)
	if r.Task != nil {
		t.Title = n.taskWords(r.Task.Subject, vars, t.Title)
		t.Body = n.taskWords(r.Task.Body, vars, t.Body)
		t.Due = t.Due.AddDate(0, 0, r.Task.Days)
	}
	return t
}

// taskWords fills in a task's words; where something that they name is not known the
// plain ones must do.
func (n *Notify) taskWords(text string, vars map[string]string, instead string) string {
	if text == "" {
		return instead
	}
	t, err := n.template("task", "en", text)
	if err != nil {
		return instead
	}
	out, err := t.Render(vars)
	if err != nil {
		return instead
	}
	return out
}
