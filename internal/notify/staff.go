package notify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// What staff are told, by a sender of their own and about no customer: how the error
// queue stands, every morning, and which items have waited too long.
const (
	staffClass = "staff"
	digestRule = "morning digest"
	alarmRule  = "age alarm"
)

const (
	useful = 12 * time.Hour   // a digest or an alarm that is older is not said
	gather = 15 * time.Minute // between two alarms, so that a flood of items is a few texts
)

// ruleOf is the rule of a message; nil if the playbook has it no more.
func ruleOf(pb *playbook.Playbook, m *Message) *playbook.Rule {
	if m.Class == staffClass {
		return &playbook.Rule{ID: m.Rule, Class: staffClass, Within: useful, Valid: 4 * time.Hour}
	}
	return pb.Rule(m.Rule)
}

// StepStaff owes staff what they are to be told now. Each turn of the digest and each
// item is told of in the transaction that owes its texts, so it is told once, whoever
// steps, how often, or is cut off.
func (n *Notify) StepStaff(ctx context.Context, d *db.DB, now time.Time, location string) (worked bool, next time.Time, err error) {
	defer plumbline.Wrap(&err, "tell the staff of location %s", location)

	err = d.View(ctx, now, func(tx *db.Tx) error {
		b, err := n.brief(tx, location)
		worked, next = b.due(), b.next
		return err
	})
	if err != nil || !worked {
		return false, next, err
	}
	err = d.Do(ctx, now, func(tx *db.Tx) error {
		if err := tenant.LockOwed(tx, location); err != nil {
			return err
		}
		if err := alone(tx, location); err != nil {
			return err
		}
		b, err := n.brief(tx, location) // another node may have told them
		if err != nil {
			return err
		}
		return b.say()
	})
	return err == nil, now, err
}

// A brief is what the staff of a location are to be told.
type brief struct {
	tx       *db.Tx
	location string
	pb       *playbook.Playbook
	digest   time.Time         // the turn that is due; zero: none
	overdue  []errorqueue.Item // of which nobody has been told
	next     time.Time         // when there is something to tell again
}

func (b brief) due() bool { return !b.digest.IsZero() || len(b.overdue) > 0 }

// brief sees what is to be told at tx.Now. While their sender is not switched on, staff
// are told nothing, and what is open waits to be told of.
func (n *Notify) brief(tx *db.Tx, location string) (b brief, err error) {
	pb, open, err := n.Policy(location)
	if err != nil || len(pb.Settings.Staff.People) == 0 {
		return b, err
	}
	sender, err := tenant.Get(tx, location, pb.Settings.Staff.Sender)
	if err != nil || sender.Mode != tenant.On {
		return b, err
	}
	b = brief{tx: tx, location: location, pb: pb}
	if err := b.turn(sender); err != nil {
		return b, err
	}
	return b, b.age(open)
}

// turn finds the turn of the digest that is due. Missed turns are one, and one that was
// missed for too long is left to the next.
func (b *brief) turn(sender tenant.Connection) error {
	turn, next := turns(b.tx.Now, b.pb.Settings.Staff.Digest, zoneNamed(b.pb.Settings.Zone))
	b.next = next
	since, err := tenant.Activations(b.tx, b.location)
	if err != nil || turn.Before(since[digestRule]) || turn.Before(sender.OnSince) || !b.tx.Now.Before(turn.Add(useful)) {
		return err
	}
	var said int
	if err := b.tx.QueryRow(countStaff, b.location, digestRule, dayOf(turn)).Scan(&said); err != nil || said > 0 {
		return err
	}
	b.digest = turn
	return nil
}

// turns are the last instant at which it was a time of day in a zone, and the next one.
func turns(now time.Time, text string, zone *time.Location) (last, next time.Time) {
	at, err := time.Parse("15:04", text)
	if err != nil {
		return time.Time{}, time.Time{} // the playbook was checked when it was loaded
	}
	y, m, d := now.In(zone).Date()
	day := func(n int) time.Time { return time.Date(y, m, d+n, at.Hour(), at.Minute(), 0, 0, zone) }
	if today := day(0); !now.Before(today) {
		return today, day(1)
	}
	return day(-1), day(0)
}

// dayOf numbers a local day, 20260504: one digest a day, whatever its time is set to.
func dayOf(t time.Time) int64 {
	y, m, d := t.Date()
	return int64(y)*10_000 + int64(m)*100 + int64(d)
}

// age finds the items that have waited too long. Nobody is told while the office is
// closed.
func (b *brief) age(open playbook.OpenHours) error {
	limit := b.pb.Settings.Staff.Limit
	first, err := errorqueue.FirstUntold(b.tx, b.location)
	if err != nil || first.IsZero() {
		return err
	}
	var last int64
	if err := b.tx.QueryRow(selectLastStaff, b.location, alarmRule).Scan(&last); err != nil {
		return err
	}
	at := first.Add(limit)
	if last > 0 {
		at = later(at, record.Time(last).Add(gather))
	}
	if yes, opens := open.Open(later(at, b.tx.Now)); !yes && !opens.IsZero() {
		at = opens
	}
	if at.After(b.tx.Now) {
		if at.Before(b.next) {
			b.next = at
		}
		return nil
	}
	b.overdue, err = errorqueue.Overdue(b.tx, b.location, b.tx.Now.Add(-limit))
	return err
}

// say owes the texts, and notes what they tell of.
func (b brief) say() error {
	if !b.digest.IsZero() {
		causes, err := errorqueue.Causes(b.tx, b.location)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%d open.", count(causes))
		if len(causes) == 0 {
			what = "nothing is open."
		}
		head := fmt.Sprintf("%s errors, %s: %s", b.pb.Settings.Brand, b.digest.Format("Mon 2 Jan 15:04"), what)
		if err := b.owe(digestRule, dayOf(b.digest), b.digest, b.compose(head, causes)); err != nil {
			return err
		}
	}
	if len(b.overdue) == 0 {
		return nil
	}
	causes := errorqueue.Group(b.overdue)
	head := fmt.Sprintf("%s errors: %d waiting for over %s.", b.pb.Settings.Brand, count(causes), words(b.pb.Settings.Staff.Limit))
	if err := b.owe(alarmRule, b.tx.Now.UnixMilli(), b.overdue[0].Opened, b.compose(head, causes)); err != nil {
		return err
	}
	return errorqueue.Tell(b.tx, b.location, b.overdue)
}

func count(causes []errorqueue.Cause) (n int) {
	for _, c := range causes {
		n += c.Items
	}
	return n
}

// owe owes one text to each of the staff.
func (b brief) owe(rule string, n int64, happened time.Time, text string) error {
	k, err := openBook(b.tx, b.location, nil)
	if err != nil {
		return err
	}
	now := b.tx.Now.UnixMilli()
	var debts []outbox.Debt
	for _, p := range b.pb.Settings.Staff.People {
		m := k.put(Message{Rule: rule, N: n, Role: staffClass, Address: p.Mobile, Connection: b.pb.Settings.Staff.Sender, Class: staffClass,
			State: Owed, Cause: "owed to " + p.Name, Body: text, Due: now, Happened: happened.UnixMilli(), Known: now, Playbook: b.pb.Version})
		debts = append(debts, outbox.Debt{Key: keyOf(b.location, m), Rank: urgency[staffClass]})
	}
	if err := k.flush(); err != nil {
		return err
	}
	return outbox.Owe(b.tx, debts...)
}

// compose writes as many causes as a text may cost, and how many it leaves out.
func (b brief) compose(head string, causes []errorqueue.Cause) string {
	most := max(b.pb.Settings.Segments, 1)
	text := head
	for n := range causes {
		longer := head
		for _, c := range causes[:n+1] {
			longer += " " + b.line(c)
		}
		if left := len(causes) - n - 1; left > 0 {
			longer += fmt.Sprintf(" And %d more causes.", left)
		}
		if segments(longer) > most {
			break
		}
		text = longer
	}
	return text
}

// titled is how much of a cause's title a text has room for.
const titled = 60

// line is one cause: how many items, what, since when, and whose.
func (b brief) line(c errorqueue.Cause) string {
	title := []rune(strings.ReplaceAll(c.Title, "…", "..")) // one such letter makes the text cost twice as much
	if len(title) > titled {
		title = append(title[:titled], '.', '.')
	}
	who := "nobody's"
	if len(c.Assignees) > 0 {
		who = strings.Join(c.Assignees, ", ")
	}
	return fmt.Sprintf("%dx %s (since %s, %s).", c.Items, string(title), c.Oldest.In(zoneNamed(b.pb.Settings.Zone)).Format("Mon 2 Jan 15:04"), who)
}

// unsaid is the item of a text to staff that was not said, or did not arrive: nobody
// else would do in its place what it asked for.
func unsaid(m *Message, why string) *errorqueue.Item {
	return &errorqueue.Item{Kind: errorqueue.Message, Ref: m.Connection + "/" + m.ID, Cause: "staff: " + errorqueue.Shape(why),
		Title: "A text to staff did not arrive: " + why, Cure: "Look at settings.staff and at its sender, then retry; or skip it, where it is out of date.",
		Detail: m.Rule + " to " + m.Address + ": " + why}
}

// owedAgain lets a text to staff be said that was not, or did not arrive.
func owedAgain(tx *db.Tx, location, id string) error {
	m, err := get(tx, location, id)
	if err != nil || m == nil || m.Class != staffClass || said(m.State) && m.State != Undelivered {
		return err
	}
	k, err := openBook(tx, location, nil)
	if err != nil {
		return err
	}
	k.keep(m)
	m.Known, m.Due, m.Sent = tx.Now.UnixMilli(), tx.Now.UnixMilli(), 0
	k.move(m, Owed, "a person lets it be tried again")
	if err := k.flush(); err != nil {
		return err
	}
	return outbox.Owe(tx, outbox.Debt{Key: keyOf(location, m), Rank: urgency[staffClass]})
}
