package simulate

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/sandbox/shop"
	"plumbline.dev/plumbline/internal/sandbox/twilio"
)

// A said is one text that truly left, with the promise of ours that it kept.
type said struct {
	twilio.Message
	id, rule, subject, class, job, visit, news, value, role, person string
	n                                                               int64
	found                                                           bool
	names                                                           []string // source records of whom it was for
}

// texts reads what the sender's fake took from us, and finds each one's message row by
// the attempt in the address that receipts go to.
func (o *oracle) texts(ctx context.Context) (list []said, err error) {
	for _, m := range o.sender.Messages() {
		if m.Direction == "outbound-api" {
			list = append(list, said{Message: m})
		}
	}
	err = o.view(ctx, func(tx *db.Tx) error {
		of := map[string]said{}
		rows, err := tx.Query(`SELECT a.id, m.id, m.rule, m.subject, m.class, m.job, m.visit, m.news, m.value, m.role, m.n,
				coalesce((SELECT p.golden_id FROM source_record p WHERE p.location_id = m.location_id AND p.id = m.person), m.person)
			FROM attempt a JOIN message m ON m.location_id = a.location_id AND a.carries LIKE '%"' || m.id || '"%'
			WHERE a.location_id = $1 AND a.room = 'notify'`, o.id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var attempt string
			s := said{found: true}
			if err := rows.Scan(&attempt, &s.id, &s.rule, &s.subject, &s.class, &s.job, &s.visit, &s.news, &s.value, &s.role, &s.n, &s.person); err != nil {
				return err
			}
			of[attempt] = s
		}
		if err := rows.Err(); err != nil {
			return err
		}
		names, err := customers(tx, o.id)
		if err != nil {
			return err
		}
		for i := range list {
			_, attempt, _ := strings.Cut(list[i].StatusCallback, "/status/")
			attempt, _, _ = strings.Cut(attempt, "#") // how often receipts are tried again
			if s, ok := of[attempt]; ok {
				s.Message, s.names = list[i].Message, names[s.person]
				list[i] = s
			}
		}
		return nil
	})
	return list, err
}

// customers lists the source records of each golden customer.
func customers(tx *db.Tx, location string) (map[string][]string, error) {
	rows, err := tx.Query(`SELECT golden_id, id FROM source_record WHERE location_id = $1 AND kind = 'customer'`, location)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names := map[string][]string{}
	for rows.Next() {
		var golden, id string
		if err := rows.Scan(&golden, &id); err != nil {
			return nil, err
		}
		names[golden] = append(names[golden], id)
	}
	return names, rows.Err()
}

// what names a text for people, without its number.
func (s *said) what() string {
	return fmt.Sprintf("the text %q (%s) to %s of %s", s.Body, s.rule, errorqueue.Mask(s.To), s.Created.Format(time.RFC3339))
}

// saidOnce: no promise was kept by two texts, and no two texts to one number were about
// one occasion.
func saidOnce(ctx context.Context, o *oracle, bad broken) error {
	list, err := o.texts(ctx)
	if err != nil {
		return err
	}
	messages, occasions := map[string]bool{}, map[string]bool{}
	last := map[string]string{}
	for _, s := range list {
		if !s.found {
			bad("%s belongs to no message of ours", s.what())
			continue
		}
		if s.Arrived.IsZero() && (s.Status == "undelivered" || s.Status == "failed") {
			continue // nobody has read it, and the carrier says so: it may be said again
		}
		if s.news == "" && messages[s.id] {
			bad("%s was sent twice", s.what())
		}
		messages[s.id] = true
		occasion := strings.Join([]string{s.rule, s.subject, s.To, fmt.Sprint(s.n)}, " ")
		if s.news == "" && occasions[occasion] {
			bad("%s is the second of one occasion", s.what())
		}
		occasions[occasion] = true
		// News may come back to what it was, but never says again what was said last.
		state := strings.Join([]string{s.news, s.subject, s.To}, " ")
		if s.news != "" && last[state] == s.value && s.class != "reply" {
			bad("%s says what was said last", s.what())
		}
		last[state] = s.value
	}
	return nil
}

// opened is when a class may be texted, by the local clock, and on which days not. A
// text of an active visit goes at any hour.
var opened = map[string]struct {
	from, to string
	never    time.Weekday
}{
	"service":   {"08:00", "21:00", -1},
	"account":   {"09:00", "19:00", time.Sunday},
	"asking":    {"09:30", "19:00", -1},
	"marketing": {"10:00", "18:00", time.Sunday},
}

// saidWhenItMayBe: nothing leaves in quiet hours, without the consent that its class
// needs, or after we were told to stop.
func saidWhenItMayBe(ctx context.Context, o *oracle, bad broken) error {
	list, err := o.texts(ctx)
	if err != nil {
		return err
	}
	for _, s := range list {
		h, bounded := opened[s.class]
		at := s.Created.In(o.w.zone)
		if clock := at.Format("15:04"); bounded && (clock < h.from || clock >= h.to || at.Weekday() == h.never) {
			bad("%s left outside the hours of %s, %s to %s", s.what(), s.class, h.from, h.to)
		}
		if told, words := o.stopped(&s); words != "" && s.rule != "help" {
			bad("%s left although %q had come and was answered 2xx at %s", s.what(), words, told.Format(time.RFC3339))
		}
		o.consented(&s, bad)
	}
	return nil
}

// consented: an account text needs a yes to texts about jobs, one that asks or offers a
// yes to those. The yes is known from when the office wrote it down.
func (o *oracle) consented(s *said, bad broken) {
	purpose := shop.Account
	switch s.class {
	case "asking", "marketing":
		purpose = shop.Marketing
	case "account":
	default: // the number was given for the job
		return
	}
	if !o.shop.Story().Consented(s.To, purpose, s.Created) {
		bad("%s left without a yes to texts of class %s", s.what(), s.class)
	}
}

// stopped says when we were told, before a text left, that its number wants nothing, and
// in which words. Told is answered with 2xx. START lifts it; that it was a wrong number
// says nothing of whoever says yes there later, as its owner does who becomes a customer.
func (o *oracle) stopped(s *said) (told time.Time, words string) {
	phone, at := s.To, s.Created
	n := o.shop.Story().Number(phone)
	if n == nil {
		return told, ""
	}
	for _, e := range n.Events {
		if e.At.After(at) {
			break
		}
		switch e.What {
		case shop.OptOut, shop.WrongNumber:
			if e.What == shop.WrongNumber && o.agreed(s, e.At) {
				continue
			}
			if when := o.heard(phone, e.Words, e.At); !when.IsZero() && when.Before(at) {
				told, words = when, e.Words
			}
		case shop.OptIn:
			told, words = time.Time{}, ""
		}
	}
	return told, words
}

// agreed says whether the office wrote down a yes of whom a text was for, at its number,
// between an instant and the text.
func (o *oracle) agreed(s *said, since time.Time) bool {
	return slices.ContainsFunc(o.shop.Story().Consents, func(c shop.Consent) bool {
		return c.Given && c.Phone == s.To && c.At.After(since) && !c.At.After(s.Created) && slices.Contains(s.names, string(o.source(plumbline.Customer, c.Customer)))
	})
}

// inTheDark says whether somebody had objected at a text's number, and the sender had not
// told us yet or it did not mean whom the text was for.
func (o *oracle) inTheDark(s *said) bool {
	_, words := o.stopped(s)
	n := o.shop.Story().Number(s.To)
	return words == "" && n != nil && n.Out(s.Created)
}

// heard is when a text from a number was first answered 2xx.
func (o *oracle) heard(phone, body string, sent time.Time) time.Time {
	for _, x := range o.sender.Webhooks() {
		if x.Kind != "inbound" || x.Params.Get("From") != phone || x.Params.Get("Body") != body || x.Happened.Before(sent) {
			continue
		}
		for _, t := range x.Tries {
			if t.Status/100 == 2 {
				return t.At
			}
		}
	}
	return time.Time{}
}

var amount = regexp.MustCompile(`\$ ?[0-9]`)

// saidToTheRightOnes: prices go to who pays, reviews are asked about work and not about
// estimates, and who is on the way is only said of a truck that is.
func saidToTheRightOnes(ctx context.Context, o *oracle, bad broken) error {
	list, err := o.texts(ctx)
	if err != nil {
		return err
	}
	story := o.shop.Story()
	estimates := map[string]bool{}
	for _, e := range story.Estimates {
		estimates[string(o.source(plumbline.Job, e.ID))] = true
	}
	jobs := map[string]*shop.Job{}
	for _, j := range story.Jobs {
		jobs[string(o.source(plumbline.Job, j.ID))] = j
	}
	for _, s := range list {
		if amount.MatchString(s.Body) && !story.MaySeePrices(s.To, s.Created) && !o.inTheDark(&s) {
			bad("%s names an amount to somebody who does not pay", s.what())
		}
		if s.rule == "review" && estimates[s.job] {
			bad("%s asks for a review of an estimate", s.what())
		}
		if j := jobs[s.job]; j != nil && s.rule == "onway" && !o.onTheWay(j, s.Created) {
			bad("%s was not so: nobody was on the way to job %s", s.what(), j.Number)
		}
	}
	return nil
}

// onTheWay says whether a truck was on its way to a job, as far as we could know. What
// had not been delivered to us by then we could not; the vendor's clock may be off.
func (o *oracle) onTheWay(j *shop.Job, at time.Time) bool {
	const fresh = 15 * time.Minute
	for _, m := range j.Marks {
		if m.What == shop.OnMyWay && !m.At.After(at) && at.Sub(m.At) <= fresh+o.w.level.skew+time.Minute {
			return !slices.ContainsFunc(o.field.Webhooks(), func(x hook) bool {
				return x.Object == j.ID && x.Event == "job.started" && !x.Occurred.Before(m.At) && x.Delivered && x.Tries[len(x.Tries)-1].At.Before(at)
			})
		}
	}
	return false
}

// whatWasToldIsTrue: who was told a window was at last told the one that holds, or a
// row says why not.
func whatWasToldIsTrue(ctx context.Context, o *oracle, bad broken) error {
	list, err := o.texts(ctx)
	if err != nil {
		return err
	}
	last := map[string]said{}
	for _, s := range list {
		if s.news == "visit.window" {
			last[s.visit+" "+s.To] = s
		}
	}
	for _, j := range o.shop.Story().Jobs {
		if truthOf(j).canceled || !o.told(j.ID) {
			continue
		}
		for _, v := range j.Visits {
			w := v.Windows[len(v.Windows)-1]
			for _, id := range []plumbline.SourceID{o.source(plumbline.Visit, v.Appointment), o.source(plumbline.Visit, j.ID)} {
				for key, s := range last {
					if v.Discarded || !strings.HasPrefix(key, string(id)+" ") || len(j.Visits) > 1 && id == o.source(plumbline.Visit, j.ID) {
						continue
					}
					if err := o.toldLast(ctx, j, s, w, bad); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func (o *oracle) toldLast(ctx context.Context, j *shop.Job, s said, w shop.Window, bad broken) error {
	var from int64
	if _, err := fmt.Sscanf(s.value, "%d-", &from); err != nil {
		bad("%s tells a window that cannot be read: %q", s.what(), s.value)
		return nil
	}
	if d := w.Start.Sub(time.UnixMilli(from)).Abs(); d < 30*time.Minute {
		return nil
	}
	reasons := 0
	err := o.view(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT (SELECT count(*) FROM outcome WHERE location_id = $1 AND subject = $2 AND reason <> '' AND value <> $3)
			+ (SELECT count(*) FROM message WHERE location_id = $1 AND subject = $2 AND cause <> '' AND value <> $3)`, o.id, s.subject, s.value).Scan(&reasons)
	})
	if err == nil && reasons == 0 {
		bad("%s was the last word on a visit of job %s (%s), which is at %s; nothing says why no other was sent", s.what(), j.Number, j.Plot, w.Start.Format(time.RFC3339))
	}
	return err
}
