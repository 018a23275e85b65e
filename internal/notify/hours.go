package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/calendar"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

const knownBefore = "it was known before it was switched on"

// recipient is what the hours of the message depend on.
func (q *question) recipient() calendar.Recipient {
	to := calendar.Recipient{Phone: q.m.Address, Asked: record.Time(q.m.Known),
		OnCall: q.rule.Class == staffClass} // they are told when they chose to be
	if q.scene == nil {
		return to
	}
	if p := q.scene.property; p != nil {
		to.Place = calendar.Place{State: p.State, ZIP: p.PostalCode, Zone: p.Zone}
	} else {
		to.Place = calendar.Place{Zone: q.scene.zone.String()}
	}
	if v := q.scene.visit(q.m.Visit); v != nil && !v.Starts.IsZero() {
		to.Visit.From, to.Visit.To = windowOf(v)
	}
	to.Agreed = q.scene.job.Kind == "emergency"
	return to
}

// awake: it is an hour at which this may be said there.
func (q *question) awake() (Verdict, error) {
	ok, next, why := q.n.hours().Allowed(calendar.Class(q.rule.Class), q.recipient(), q.now)
	switch {
	case ok:
		return Verdict{}, nil
	case next.IsZero():
		return Verdict{Do: Drop, Why: why}, nil
	}
	return Verdict{Do: Wait, Until: next, Why: why}, nil
}

// capped: the number, and the household, have not heard too much of this class.
func (q *question) capped() (Verdict, error) {
	c := q.pb.Settings.Caps[q.rule.Class]
	if c == nil {
		return Verdict{}, nil
	}
	heard, err := queryMessages(q.tx, selectSaidTo, q.location, q.m.Address, q.now.AddDate(0, 0, -31).UnixMilli())
	if err != nil {
		return Verdict{}, err
	}
	var same, rule []time.Time // when this class, and this rule, was said
	for _, o := range heard {
		if !said(o.State) || o.Class != q.rule.Class {
			continue
		}
		same = append(same, record.Time(o.Sent))
		if o.Rule == q.rule.ID {
			rule = append(rule, record.Time(o.Sent))
		}
	}
	zone := q.zone()
	y, m, d := q.now.In(zone).Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, zone)
	for _, x := range []struct {
		most  int
		times []time.Time
		from  time.Time
		next  func(oldest time.Time) time.Time
		words string
	}{
		{c.Day, same, today, func(time.Time) time.Time { return today.AddDate(0, 0, 1) }, "today"},
		{c.Week, same, q.now.Add(-week), after(week), "in 7 days"},
		{c.Month, same, q.now.Add(-30 * 24 * time.Hour), after(30 * 24 * time.Hour), "in 30 days"},
		{min(c.Hours, 1), rule, q.now.Add(-time.Duration(c.Hours) * time.Hour), after(time.Duration(c.Hours) * time.Hour), fmt.Sprintf("in %d h", c.Hours)},
	} {
		times := since(x.times, x.from)
		if x.most > 0 && len(times) >= x.most {
			return Verdict{Do: Wait, Until: x.next(times[0]).UTC(), Why: fmt.Sprintf("the number has heard %d of class %s %s already", len(times), q.rule.Class, x.words)}, nil
		}
	}
	return q.cappedAtHome(c)
}

const week = 7 * 24 * time.Hour

// inTurn: of the sequences in which one person stands, only the one that goes first
// speaks to them.
func (q *question) inTurn() (Verdict, error) {
	place := slices.Index(q.pb.Settings.Sequences, q.rule.Sequence)
	if q.scene == nil || place < 1 {
		return Verdict{}, nil
	}
	numbers := []string{q.m.Address}
	if p := q.scene.people[plumbline.GoldenID(q.m.Person)]; p != nil {
		numbers = append(numbers, p.Phones...)
	}
	list, err := queryMessages(q.tx, selectSaidOrOwedTo(q.tx), q.location, db.JSON(numbers), q.now.Add(-week).UnixMilli())
	if err != nil {
		return Verdict{}, err
	}
	for _, o := range list {
		r := q.pb.Rule(o.Rule)
		if r == nil || r.Sequence == "" || slices.Index(q.pb.Settings.Sequences, r.Sequence) >= place {
			continue
		}
		first := fmt.Sprintf("%s goes before %s, and %s ", r.Sequence, q.rule.Sequence, strings.ReplaceAll(o.Rule, "_", " "))
		switch sent := record.Time(o.Sent); {
		case o.pending():
			return Verdict{Do: Wait, Until: later(q.now, record.Time(o.Due)).Add(time.Hour), Why: first + "is still to be said to the same person"}, nil
		case said(o.State):
			return Verdict{Do: Wait, Until: after(week)(sent), Why: first + "was said to the same person on " + sent.In(q.zone()).Format("2 Jan 2006")}, nil
		}
	}
	return Verdict{}, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (q *question) cappedAtHome(c *playbook.Cap) (Verdict, error) {
	if c.HouseholdDays == 0 || q.m.Household == "" {
		return Verdict{}, nil
	}
	heard, err := queryMessages(q.tx, selectSaidAtHome, q.location, q.m.Household, q.now.AddDate(0, 0, -c.HouseholdDays).UnixMilli())
	if err != nil {
		return Verdict{}, err
	}
	for _, o := range heard {
		if said(o.State) && o.Class == q.rule.Class {
			return Verdict{Do: Drop, Why: fmt.Sprintf("this household was asked on %s, less than %d days ago",
				record.Time(o.Sent).In(q.zone()).Format("2 Jan 2006"), c.HouseholdDays)}, nil
		}
	}
	return Verdict{}, nil
}

func (q *question) zone() *time.Location {
	if q.scene != nil {
		return q.scene.zone
	}
	return zoneNamed(q.pb.Settings.Zone)
}

func after(d time.Duration) func(time.Time) time.Time {
	return func(oldest time.Time) time.Time { return oldest.Add(d + time.Second) }
}

func since(times []time.Time, from time.Time) (list []time.Time) {
	for _, t := range times {
		if !t.Before(from) {
			list = append(list, t)
		}
	}
	return list
}

// wantsFoot says whether a text must say how to stop: the first to a number, one a
// month, and always what asks or sells.
func (q *question) wantsFoot(text string) (bool, error) {
	if q.rule.Class == "asking" || q.rule.Class == "marketing" || saysStop(text) {
		return true, nil
	}
	heard, err := queryMessages(q.tx, selectSaidTo, q.location, q.m.Address, q.now.AddDate(0, 0, -30).UnixMilli())
	if err != nil {
		return false, err
	}
	for _, o := range heard {
		if o.Foot == 1 && said(o.State) {
			return false, nil
		}
	}
	return true, nil
}

func saysStop(text string) bool { return strings.Contains(text, "STOP") }

// speaks says who speaks of a rule's kind of message: the word of the job's field
// tool, else the shop's.
func speaks(connections []tenant.Connection, pb *playbook.Playbook, r *playbook.Rule, s *scene) (who, from string) {
	if r.Speaks == "" {
		return "us", ""
	}
	for _, c := range connections {
		if who := c.Speaks[r.Speaks]; who != "" && slices.Contains(s.sources, c.Name) {
			return who, c.Name
		}
	}
	if len(s.sources) > 0 {
		from = s.sources[0]
	}
	return cmp.Or(pb.Settings.Speaks[r.Speaks], "us"), from
}

func speaksWhy(who, from string, r *playbook.Rule) string {
	kind := strings.ReplaceAll(r.Speaks, "_", " ")
	if who == "tool" {
		return fmt.Sprintf("%s says this itself (%s)", from, kind)
	}
	return "by the office's choice nobody says this (" + kind + ")"
}

func roleWords(r plumbline.Role) string { return strings.ReplaceAll(string(r), "_", " ") }
