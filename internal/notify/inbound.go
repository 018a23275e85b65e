package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/consent"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/identity"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
)

// inboundRule is the name under which answering texts is switched on.
const inboundRule = "texts that come in"

// A Heard is what was made of a text that came in.
type Heard struct {
	SID   string
	Label string
	Scope string
	Why   string
	At    time.Time
}

// nameOf names a text: by the vendor's id, else by when it came and what it says.
func nameOf(t advance.InboundText) string {
	if t.SID != "" {
		return t.SID
	}
	sum := sha256.Sum256([]byte(t.Body))
	return strconv.FormatInt(t.At.UnixMilli(), 10) + "/" + hex.EncodeToString(sum[:8])
}

// is says whether it was made of this text, also if its id was not known then.
func (h Heard) is(t advance.InboundText) bool {
	if h.SID == nameOf(t) {
		return true
	}
	t.SID = ""
	return h.SID == nameOf(t)
}

// heed hears what was said at a number since it was last derived: receipts of what we
// have sent, and texts. What a text means for consent needs nothing here: it is
// derived, and asked for when sending.
func (f *following) heed(a *advance.Address) error {
	if err := f.receipts(a); err != nil {
		return fmt.Errorf("receipts of a number: %w", err)
	}
	if err := f.inbound(a); err != nil {
		return fmt.Errorf("texts from a number: %w", err)
	}
	return nil
}

// receipts applies carriers' words by rank, in whatever order they come. One that
// names an attempt whose call was never answered settles it.
func (f *following) receipts(a *advance.Address) error {
	byAttempt := map[string][]advance.Receipt{}
	var attempts []string
	for _, r := range a.Receipts {
		if r.Attempt == "" || r.Attempt == r.SID {
			continue
		}
		if byAttempt[r.Attempt] == nil {
			attempts = append(attempts, r.Attempt)
		}
		byAttempt[r.Attempt] = append(byAttempt[r.Attempt], r)
	}
	for _, attempt := range attempts {
		list := byAttempt[attempt]
		best := slices.MaxFunc(list, func(x, y advance.Receipt) int { return cmp.Or(cmp.Compare(x.Rank, y.Rank), y.At.Compare(x.At)) })
		if err := f.settleBy(attempt, best, list[0]); err != nil {
			return err
		}
	}
	return nil
}

func (f *following) settleBy(attempt string, best, first advance.Receipt) error {
	found, err := queryMessages(f.tx, selectByAttempt, f.location, attempt)
	if err != nil || len(found) == 0 || found[0].Rank >= best.Rank {
		return err
	}
	p := &preparing{following: f}
	held := f.book
	s, m, err := p.open1(found[0])
	if err != nil {
		return err
	}
	if m.Vendor == "" {
		p.wasSent(m, attempt, best.SID, first.At)
	}
	if p.receipt(m, best.Status, best.Rank, best.Code) {
		var again bool
		if again, err = p.lost(m); again {
			f.due(s, p.pb.Rule(m.Rule), m)
		}
		if err == nil && m.Class == staffClass {
			item := unsaid(m, m.Cause)
			item.Location = f.location
			err = errorqueue.Open(f.tx, *item)
		}
	}
	if err == nil {
		err = f.flush()
	}
	f.book = held
	if err != nil {
		return err
	}
	return f.reread(found[0])
}

// reread puts what was just written under a message into the batch's book, where it
// holds the subject.
func (f *following) reread(m *Message) error {
	if len(f.book.about[aboutKey{m.Rule, m.Subject}]) == 0 {
		return nil
	}
	fresh, err := openBook(f.tx, f.location, []string{m.Subject})
	if err != nil {
		return err
	}
	for _, x := range fresh.messages {
		if old := f.book.messages[x.ID]; old != nil {
			*old = *x
		}
	}
	for k, list := range fresh.outcomes {
		f.book.outcomes[k] = list
	}
	for k, t := range fresh.told {
		f.book.told[k] = t
	}
	return nil
}

// inbound answers, or hands to a person, each text once.
func (f *following) inbound(a *advance.Address) error {
	if len(a.Texts) == 0 {
		return nil
	}
	heard, err := heardFrom(f.tx, f.location, a.Address)
	if err != nil {
		return err
	}
	for i, t := range a.Texts {
		if slices.ContainsFunc(heard, func(h Heard) bool { return h.is(t) }) {
			continue
		}
		if err := f.text(a, i); err != nil {
			return err
		}
	}
	return nil
}

// text deals with one text. Nothing said here restores consent, or takes it.
func (f *following) text(a *advance.Address, i int) error {
	t := a.Texts[i]
	before := *a
	before.Texts = a.Texts[:i]
	stopped := consent.Fold(before.Entries()).OptedOut(t.At)
	open, err := f.asked(a.Address, t.At)
	if err != nil {
		return err
	}
	r := consent.Classify(t.Body, open, stopped)
	if _, err := f.tx.Exec(insertHeard, f.location, a.Address, nameOf(t), string(r.Label), r.Scope, r.Why, t.At.UnixMilli()); err != nil {
		return err
	}
	if t.At.Before(f.since[inboundRule]) {
		return nil
	}
	if r.Label == consent.Help {
		if err := f.help(a, t); err != nil {
			return err
		}
	}
	if r.Label == consent.Answer && confirms(t.Body) {
		if done, err := f.confirm(a, t); err != nil || done {
			return err
		}
	}
	if r.Task || r.Label == consent.Human || r.Label == consent.Answer || r.Label == consent.HoldAndReview || r.Label == consent.NotTheirs {
		return f.hand(a, t, r)
	}
	return nil
}

// confirms says whether an answer is C, or the word that it stands for.
func confirms(body string) bool {
	switch strings.ToUpper(strings.Trim(body, " \t\r\n.!\"'")) {
	case "C", "CONFIRM", "CONFIRMED", "CONFIRMO", "CONFIRMADO", "CONFIRMAR":
		return true
	}
	return false
}

// confirm takes an answer for one to the last text that told the number when a visit
// is to be, and asked for it; it returns false if there is none that is still to come.
func (f *following) confirm(a *advance.Address, t advance.InboundText) (bool, error) {
	list, err := queryMessages(f.tx, selectByAddress, f.location, a.Address)
	if err != nil {
		return false, err
	}
	for _, m := range slices.Backward(list) {
		_, end, ok := readWindow(m.Value)
		if m.News != windowNews || !said(m.State) || !asksForC(m.Body) || m.Sent > t.At.UnixMilli() || !ok || end.Before(t.At) {
			continue
		}
		b, err := openBook(f.tx, f.location, []string{m.Subject})
		if err != nil {
			return false, err
		}
		o := b.add(Outcome{Rule: inboundRule, Subject: m.Subject, Job: m.Job, Value: m.Value, Who: a.Address, Happened: t.At.UnixMilli(),
			Known: f.tx.Now.UnixMilli(), Playbook: f.pb.Version})
		b.set(o, Confirmed, "confirmed by C from "+a.Address)
		return true, b.flush()
	}
	return false, nil
}

func asksForC(body string) bool {
	return strings.Contains(body, "Reply C") || strings.Contains(body, "Responda C")
}

// asked says whether the number was asked something of late that a short answer may
// be to.
func (f *following) asked(address string, at time.Time) (bool, error) {
	list, err := queryMessages(f.tx, selectSaidTo, f.location, address, at.Add(-72*time.Hour).UnixMilli())
	return slices.ContainsFunc(list, func(m *Message) bool {
		return said(m.State) && m.Sent <= at.UnixMilli() && (asksForC(m.Body) || strings.Contains(m.Body, "R for another") || strings.Contains(m.Body, "R para otra"))
	}), err
}

// providers answer these words by themselves (Twilio's default keywords).
var providers = []string{"HELP", "INFO"}

// help answers a call for help, unless the provider has.
func (f *following) help(a *advance.Address, t advance.InboundText) error {
	for _, r := range f.pb.Rules {
		if r.On != "text.help" {
			continue
		}
		o := f.book.add(Outcome{Rule: r.ID, Subject: string(a.ID), State: Dropped, Happened: t.At.UnixMilli(), Known: t.At.UnixMilli(), Value: nameOf(t), Playbook: f.pb.Version})
		if t.OptOutType == "HELP" || slices.Contains(providers, strings.ToUpper(strings.TrimSpace(t.Body))) {
			f.book.set(o, Dropped, "the provider has answered it")
			continue
		}
		m := f.book.put(Message{Rule: r.ID, Subject: string(a.ID), N: o.N, Address: a.Address, Class: r.Class, Happened: o.Happened, Known: o.Known,
			Value: language(f.pb, &plumbline.PersonView{Language: spoken(t.Body)}), Due: f.tx.Now.UnixMilli()})
		if err := f.owe(nil, r, m); err != nil {
			return err
		}
	}
	return nil
}

// spoken is the language of a word for help.
func spoken(body string) string {
	if strings.EqualFold(strings.TrimSpace(body), "ayuda") {
		return "es"
	}
	return ""
}

// hand gives a text to a person.
func (f *following) hand(a *advance.Address, t advance.InboundText, r consent.Reading) error {
	people, err := identity.Holders(f.tx, f.location, a.Address)
	if err != nil {
		return err
	}
	task := Task{Location: f.location, Rule: inboundRule, Subject: string(a.ID) + "/" + nameOf(t), Title: titles[r.Label], Body: t.Body, Reason: r.Why, Due: t.At}
	if task.Title == "" {
		task.Title = "Read a text"
	}
	if len(people) > 0 {
		task.Person = plumbline.GoldenID(people[0])
		list, err := record.LoadGolden(f.tx, f.location, people[:1])
		if err != nil {
			return err
		}
		var p plumbline.PersonView
		if g, ok := list[task.Person]; ok {
			if err := g.Read(&p); err != nil {
				return err
			}
			task.Title += " from " + cmp.Or(strings.TrimSpace(p.FirstName+" "+p.LastName), p.Organization, "somebody")
		}
	}
	sum := sha256.Sum256([]byte(f.location + "\x00text\x00" + nameOf(t)))
	task.Key = hex.EncodeToString(sum[:12])
	f.opened = append(f.opened, task)
	return nil
}

var titles = map[consent.Label]string{
	consent.NotTheirs: "Wrong number: a text", consent.HoldAndReview: "A text that may be an opt-out", consent.Answer: "An answer",
	consent.OptOut: "An opt-out",
}

// reply writes an answer to somebody who wrote.
func (n *Notify) reply(pb *playbook.Playbook, r *playbook.Rule, m *Message) (out saying, err error) {
	out.lang = m.Value
	t, err := n.template(r.Text, out.lang, pb.Texts[r.Text][out.lang])
	if err != nil {
		return out, err
	}
	s := &scene{job: &plumbline.JobView{}, zone: zoneNamed(pb.Settings.Zone)}
	out.text, err = t.Render(n.variables(pb, s, nil, nil, out.lang, time.Time{}))
	return out, err
}
