package notify

import (
	"cmp"
	"slices"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// A Line is one text of a thread, either way.
type Line struct {
	At      time.Time
	Inbound bool
	Body    string
	State   string // of a message of ours; of theirs, what it means for consent
	Why     string
	Message *Message // nil for theirs
}

// Thread lists what was said to a number and from it, in order.
func Thread(tx *db.Tx, location, address string) (list []Line, err error) {
	defer plumbline.Wrap(&err, "read a thread")

	ours, err := queryMessages(tx, selectByAddress, location, address)
	if err != nil {
		return nil, err
	}
	for _, m := range ours {
		list = append(list, Line{At: record.Time(cmp.Or(m.Sent, m.Made)), Body: m.Body, State: m.State, Why: m.Cause, Message: m})
	}
	heard, err := heardFrom(tx, location, address)
	if err != nil {
		return nil, err
	}
	a, err := loadAddress(tx, location, address)
	if err != nil {
		return nil, err
	}
	if a != nil {
		for _, t := range a.Texts {
			l := Line{At: t.At, Inbound: true, Body: t.Body}
			for _, h := range heard {
				if h.is(t) {
					l.State, l.Why = h.Label, h.Why
				}
			}
			list = append(list, l)
		}
	}
	slices.SortStableFunc(list, func(x, y Line) int { return x.At.Compare(y.At) })
	return list, nil
}

func heardFrom(tx *db.Tx, location, address string) (list []Heard, err error) {
	rows, err := tx.Query(selectHeard, location, address)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var h Heard
		var at int64
		if err := rows.Scan(&h.SID, &h.Label, &h.Scope, &h.Why, &at); err != nil {
			return nil, err
		}
		h.At = record.Time(at)
		list = append(list, h)
	}
	return list, rows.Err()
}

// Called returns the messages of an id: ours, or that of their sender.
func Called(tx *db.Tx, location, id string) (list []*Message, err error) {
	defer plumbline.Wrap(&err, "look for message %s", id)

	if list, err = queryMessages(tx, selectMessage, location, id); err != nil {
		return nil, err
	}
	more, err := queryMessages(tx, selectByVendor, location, id)
	return append(list, more...), err
}

// Messages returns the messages about a job under any of its names, oldest first.
func Messages(tx *db.Tx, location string, job plumbline.GoldenID) (list []*Message, err error) {
	defer plumbline.Wrap(&err, "read the messages about a job")

	err = eachName(tx, location, job, func(id string) error {
		more, err := queryMessages(tx, selectByJob, location, id)
		list = append(list, more...)
		return err
	})
	slices.SortStableFunc(list, func(a, b *Message) int { return cmp.Compare(a.Made, b.Made) })
	return list, err
}

// Outcomes returns what came of every rule whose trigger was reached in a job, silence
// with its reason.
func Outcomes(tx *db.Tx, location string, job plumbline.GoldenID) (list []*Outcome, err error) {
	defer plumbline.Wrap(&err, "read what came of the rules about a job")

	err = eachName(tx, location, job, func(id string) error {
		more, err := queryOutcomes(tx, selectOutcomes, location, id)
		list = append(list, more...)
		return err
	})
	return list, err
}

func eachName(tx *db.Tx, location string, job plumbline.GoldenID, f func(string) error) error {
	names, err := record.Aliases(tx, location, string(job))
	if err != nil {
		return err
	}
	ids := names[string(job)]
	if !slices.Contains(ids, string(job)) {
		ids = append(ids, string(job))
	}
	for _, id := range ids {
		if err := f(id); err != nil {
			return err
		}
	}
	return nil
}

// Linked finds whose page a link's token names; NotFound if no message bore it.
func Linked(tx *db.Tx, location, token string) (job, person plumbline.GoldenID, err error) {
	list, err := queryMessages(tx, selectByLink, location, token)
	if err != nil {
		return "", "", err
	}
	if token == "" || len(list) == 0 {
		return "", "", plumbline.NotFoundf("this link leads nowhere")
	}
	return plumbline.GoldenID(list[0].Job), plumbline.GoldenID(list[0].Person), nil
}

// May says what a rule may say now about a job, or one of its visits, to each who
// should hear it, and if nothing, why not. It changes nothing.
func (n *Notify) May(tx *db.Tx, location string, job plumbline.GoldenID, visit plumbline.SourceID, rule string) (verdicts map[string]Verdict, err error) {
	defer plumbline.Wrap(&err, "ask whether %s may be said", rule)

	f := &following{Notify: n, tx: tx, location: location}
	if f.pb, f.open, err = n.Policy(location); err != nil {
		return nil, err
	}
	r := f.pb.Rule(rule)
	s, err := loadScene(tx, location, string(job), f.pb.Settings.Zone)
	switch {
	case err != nil:
		return nil, err
	case r == nil:
		return nil, plumbline.NotFoundf("the playbook has no rule %s", rule)
	case s == nil:
		return nil, plumbline.NotFoundf("there is no job %s", job)
	}
	if f.connections, err = tenant.Connections(tx, location); err != nil {
		return nil, err
	}
	if f.sender, f.hasSender = f.speaker(f.pb, f.connections); !f.hasSender {
		return map[string]Verdict{"": {Do: Drop, Why: "nothing that sends texts is connected"}}, nil
	}
	if f.book, err = openBook(tx, location, s.subjects()); err != nil {
		return nil, err
	}
	verdicts = map[string]Verdict{}
	for _, h := range s.hearers(r.To) {
		if h.address == "" {
			verdicts[string(h.person)] = Verdict{Do: Nobody, Why: s.mute(h)}
			continue
		}
		subject := s.subject(r, string(visit))
		if r.News != "" {
			subject = subjectOf(r.News, s, string(visit))
		}
		now := tx.Now.UnixMilli()
		m := &Message{Rule: r.ID, Subject: subject, Job: string(s.id), Visit: string(visit), News: r.News, Value: truth(r.News, s, s.visit(string(visit))),
			Person: string(h.person), Role: string(h.role), Address: h.address, Household: s.household(), Class: r.Class, Happened: now, Known: now}
		q := f.question(s, r, m)
		q.early = true
		if verdicts[h.address], err = q.judge(); err != nil {
			return nil, err
		}
	}
	return verdicts, nil
}
