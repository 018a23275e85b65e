package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// perLot bounds the attempts that one transaction prepares, since each judges a
// message anew and a sender takes few at a time.
const perLot = 8

// longestCall is the deadline that the outbox gives a call that asks for none.
const longestCall = 20 * time.Second

// listens is how long a message waits for what its number has just written to be
// applied.
const listens = time.Second

// A request is what an attempt is made of.
type request struct {
	Message string        `json:"message"`
	To      string        `json:"to"`
	Body    string        `json:"body"`
	Valid   time.Duration `json:"valid,omitempty"`
}

func requestOf(c outbox.Call) (r request, err error) {
	err = json.Unmarshal([]byte(c.Request), &r)
	return r, err
}

// Prepare judges each message in the transaction that commits its attempt. What may
// not be said now waits, is dropped or withdrawn, each with its reason.
func (n *Notify) Prepare(tx *db.Tx, c tenant.Connection, rows []outbox.Row) (calls []outbox.Call, settled []outbox.Settled, err error) {
	defer plumbline.Wrap(&err, "prepare messages")

	if err := alone(tx, c.Location); err != nil {
		return nil, nil, err
	}
	p := &preparing{following: &following{Notify: n, tx: tx, location: c.Location, sender: c, hasSender: true}}
	if p.pb, p.open, err = n.Policy(c.Location); err != nil {
		return nil, nil, err
	}
	if p.connections, err = tenant.Connections(tx, c.Location); err != nil {
		return nil, nil, err
	}
	list, err := p.load(rows)
	if err != nil {
		return nil, nil, err
	}
	for _, x := range list {
		if len(calls) == perLot {
			break
		}
		call, s, err := p.one(x)
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("message %s: %w", x.row.Record, err)
		case call != nil:
			calls = append(calls, *call)
		default:
			settled = append(settled, s)
		}
	}
	return calls, settled, nil
}

type preparing struct{ *following }

type candidate struct {
	row outbox.Row
	m   *Message
}

// load reads the messages of rows, in the order in which they were handed over but so
// that numbers are locked in one order.
func (p *preparing) load(rows []outbox.Row) (list []candidate, err error) {
	for _, r := range rows {
		m, err := get(p.tx, p.location, r.Record)
		if err != nil {
			return nil, err
		}
		list = append(list, candidate{r, m})
		if len(list) == 4*perLot {
			break
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return strings.Compare(a.address(), b.address()) })
	return list, nil
}

func (c candidate) address() string {
	if c.m == nil {
		return ""
	}
	return c.m.Address
}

func get(tx *db.Tx, location, id string) (*Message, error) {
	list, err := queryMessages(tx, selectMessage, location, id)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// waitUntil says that a row is to be looked at again later. Waiting is no try, after
// which others would be made ever later.
func waitUntil(r outbox.Row, at time.Time) outbox.Settled {
	r.Tries--
	return outbox.AgainAt(r, at)
}

func done(r outbox.Row) outbox.Settled { return outbox.Settled{Row: r, What: outbox.Done} }

// one judges one message.
func (p *preparing) one(x candidate) (*outbox.Call, outbox.Settled, error) {
	if x.m == nil || !x.m.pending() {
		return nil, done(x.row), nil
	}
	if err := inbox.LockSubject(p.tx, p.location, x.m.Address); err != nil {
		return nil, outbox.Settled{}, err
	}
	waits, err := inbox.Hears(p.tx, p.location, x.m.Address)
	if err != nil {
		return nil, outbox.Settled{}, err
	}
	if waits {
		return nil, waitUntil(x.row, p.tx.Now.Add(listens)), nil
	}
	s, m, err := p.open1(x.m)
	if err != nil {
		return nil, outbox.Settled{}, err
	}
	r := ruleOf(p.pb, m)
	if r == nil || s == nil && m.Job != "" {
		p.book.move(m, Withdrawn, "its rule or its job is no more")
		return nil, done(x.row), p.flush()
	}
	m.Connection = p.sender.Name
	v, err := p.question(s, r, m).judge()
	if err != nil {
		return nil, outbox.Settled{}, err
	}
	return p.act(x.row, s, m, v)
}

// open1 opens the book and the scene of one message.
func (p *preparing) open1(m *Message) (s *scene, fresh *Message, err error) {
	var subjects []string
	if m.Subject != "" {
		subjects = append(subjects, m.Subject)
	}
	if m.Job != "" {
		if s, err = loadScene(p.tx, p.location, m.Job, p.pb.Settings.Zone); err != nil {
			return nil, nil, err
		}
		if s != nil {
			subjects = append(subjects, s.subjects()...)
		}
	}
	if p.book, err = openBook(p.tx, p.location, subjects); err != nil {
		return nil, nil, err
	}
	if m.Subject == "" { // a text to staff is about no record
		p.book.keep(m)
	}
	return s, p.book.messages[m.ID], nil
}

// act carries out a verdict.
func (p *preparing) act(row outbox.Row, s *scene, m *Message, v Verdict) (call *outbox.Call, settled outbox.Settled, err error) {
	r := ruleOf(p.pb, m)
	settled = done(row)
	switch v.Do {
	case Say:
		call = p.attempt(row, s, m, v)
	case Wait:
		m.Due, m.Body = v.Until.UnixMilli(), v.Text
		p.book.move(m, Deferred, v.Why)
		settled = waitUntil(row, v.Until)
	case Nobody:
		p.book.leave(m, Dropped, v.Why)
		if o := p.book.outcome(m); o != nil && s != nil {
			err = p.task(s, r, o, plumbline.GoldenID(m.Person), v.Why)
		}
	case Withdraw:
		p.book.leave(m, Withdrawn, v.Why)
	case Broken:
		p.book.move(m, Owed, v.Why)
		settled = outbox.Settled{Row: row, What: outbox.Stuck, Item: &errorqueue.Item{Cause: "text of " + r.ID + ": " + errorqueue.Shape(v.Why),
			Title: "The text of " + r.ID + " cannot be written", Cure: "Complete the record, or change the text, then retry.", Detail: v.Why}}
	default:
		again := m.again()
		p.book.leave(m, Dropped, v.Why)
		if m.Class == staffClass {
			settled = outbox.Settled{Row: row, What: outbox.Stuck, Item: unsaid(m, v.Why)}
		}
		if again {
			err = p.instead(m, m.Cause)
		}
	}
	if err != nil {
		return nil, settled, err
	}
	return call, settled, p.flush()
}

// attempt makes the call that says a message. What it tells is possibly told from
// here on, until its outcome is known.
func (p *preparing) attempt(row outbox.Row, s *scene, m *Message, v Verdict) *outbox.Call {
	r := ruleOf(p.pb, m)
	call := outbox.NewCall(p.tx, "write", request{m.ID, m.Address, v.Text, r.Valid}, row)
	m.Attempt, m.Body, m.Link, m.Playbook, m.Foot = call.ID, v.Text, v.link, p.pb.Version, 0
	if saysStop(v.Text) {
		m.Foot = 1
	}
	m.Vendor, m.Rank, m.Code = "", 0, 0 // those of the attempt before
	p.book.move(m, Owed, "being sent")
	for news, value := range v.tells {
		if value == "" || s == nil {
			continue
		}
		t := p.book.tell(news, subjectOf(news, s, m.Visit), m.Address)
		t.Maybe, t.Attempt, t.Message = value, call.ID, m.ID
	}
	return &call
}

// Perform sends the text, once.
func (n *Notify) Perform(ctx context.Context, c tenant.Connection, call outbox.Call) outbox.Result {
	req, err := requestOf(call)
	sender := n.Sender(c.Location, c.Name)
	if err != nil || sender == nil {
		return outbox.Result{Err: &connect.Error{Class: connect.Human, Code: "sender", Msg: "nothing sends for this connection", Cure: "connect a sender", Err: err}}
	}
	sent, err := sender.Send(ctx, connect.Text{To: req.To, Body: req.Body, Attempt: call.ID, Valid: req.Valid})
	if e := connect.AsError(err); e != nil && e.Class == connect.Unknown {
		return outbox.Result{Detail: errorqueue.Mask(e.Error()), Answer: lost{}}
	} else if e != nil {
		return outbox.Result{Err: e}
	}
	return outbox.Result{Detail: "sent", Answer: sent}
}

// lost is the answer to a call that ended without one.
type lost struct{}

// Settle writes down what became of an attempt.
func (n *Notify) Settle(tx *db.Tx, c tenant.Connection, call outbox.Call, r outbox.Result) (settled []outbox.Settled, err error) {
	defer plumbline.Wrap(&err, "settle a message")

	row := call.Rows[0]
	p, m, err := n.settling(tx, c, row.Record)
	if err != nil || m == nil {
		return []outbox.Settled{done(row)}, err
	}
	s := done(row)
	switch a := r.Answer.(type) {
	case connect.Sent:
		p.wasSent(m, call.ID, a.ID, a.At)
	case lost:
		if m.Vendor == "" {
			m.Sent = call.Started.UnixMilli()
			p.book.move(m, Unknown, "the sender did not answer; it is asked what became of it")
			s.What = outbox.Undecided
		}
	default:
		if s, err = p.refused(m, row, call, r.Err); err != nil {
			return nil, err
		}
	}
	return []outbox.Settled{s}, p.flush()
}

func (n *Notify) settling(tx *db.Tx, c tenant.Connection, id string) (*preparing, *Message, error) {
	if err := alone(tx, c.Location); err != nil {
		return nil, nil, err
	}
	m, err := get(tx, c.Location, id)
	if err != nil || m == nil {
		return nil, nil, err
	}
	p := &preparing{following: &following{Notify: n, tx: tx, location: c.Location, sender: c, hasSender: true}}
	if p.pb, p.open, err = n.Policy(c.Location); err != nil {
		return nil, nil, err
	}
	_, m, err = p.open1(m)
	return p, m, err
}

// wasSent notes that a message was said: what it tells is told.
func (p *preparing) wasSent(m *Message, attempt, vendor string, at time.Time) {
	if at.IsZero() {
		at = p.tx.Now
	}
	known := m.Vendor == vendor && m.Attempt == attempt // its receipt was faster
	m.Vendor, m.Attempt, m.Sent = vendor, attempt, at.UnixMilli()
	if known {
		p.book.newMessages[m] = true
	} else if !said(m.State) || m.State == Unknown {
		p.book.move(m, Sent, "said: "+m.Body)
	}
	p.tellAll(attempt, true, m)
}

// tellAll decides what an attempt possibly told.
func (p *preparing) tellAll(attempt string, was bool, m *Message) {
	for _, t := range p.book.told {
		if t.Attempt != attempt || t.Maybe == "" {
			continue
		}
		if was {
			t.Value, t.How = t.Maybe, m.Rule
		}
		t.Maybe, t.Attempt, t.At = "", "", p.tx.Now.UnixMilli()
		p.book.newTold[t] = true
	}
}

// refused decides what to do about a text that was not taken.
func (p *preparing) refused(m *Message, row outbox.Row, call outbox.Call, e *connect.Error) (outbox.Settled, error) {
	p.tellAll(call.ID, false, m)
	code, _ := strconv.Atoi(e.Code) // zero for words, which say nothing about a number
	switch {
	case e.OptedOut || e.Dead:
		m.Code = code
		p.book.move(m, Failed, e.Msg)
		if err := p.keepRefusal(m, call, code); err != nil {
			return done(row), err
		}
		if m.Class == staffClass && e.Dead {
			return outbox.Settled{Row: row, What: outbox.Stuck, Item: unsaid(m, e.Msg)}, nil
		}
		return done(row), p.instead(m, e.Msg)
	case e.Class == connect.Human:
		p.book.move(m, Owed, e.Msg)
		return outbox.Settled{Row: row, What: outbox.Stuck, Item: &errorqueue.Item{Cause: p.sender.Name + ": " + e.Code + " " + errorqueue.Shape(e.Msg),
			Title: e.Msg, Cure: e.Cure, Detail: e.Error()}}, nil
	}
	at := outbox.Backoff(row, p.tx.Now)
	if e.After > 0 && p.tx.Now.Add(e.After).After(at) {
		at = p.tx.Now.Add(e.After)
	}
	p.book.move(m, Owed, e.Msg)
	m.Due = at.UnixMilli()
	return outbox.AgainAt(row, at), nil
}

// keepRefusal keeps what a sender said about a number as a delivery, so that consent
// learns it. It bears the number: nothing more is said there until it is applied.
func (p *preparing) keepRefusal(m *Message, call outbox.Call, code int) error {
	body := db.JSON(struct {
		To      string    `json:"to"`
		Code    int       `json:"code"`
		Attempt string    `json:"attempt"`
		At      time.Time `json:"at"`
	}{m.Address, code, call.ID, call.Started.UTC()})
	_, err := inbox.Keep(p.tx, inbox.Pack(plumbline.Delivery{Location: p.location, Connection: p.sender.Name, Tool: p.sender.Tool, Event: "refused",
		Key: "refused/" + call.ID, Subject: m.Address, Attempt: call.ID, Body: []byte(body)}))
	return err
}

// away are the carriers' words that pass: the handset is switched off or out of reach,
// or no reason is given (error codes of Twilio). What they kept back may arrive later.
var away = map[int]bool{30003: true, 30008: true}

// sayAgain is how long after that a message is said once more.
const sayAgain = 10 * time.Minute

// lost does what can still be done about a message that did not arrive: it is said
// once more, or a person is asked to.
func (p *preparing) lost(m *Message) (again bool, err error) {
	r := p.pb.Rule(m.Rule)
	if r == nil || m.Job == "" {
		return false, nil
	}
	s, err := loadScene(p.tx, p.location, m.Job, p.pb.Settings.Zone)
	if err != nil || s == nil {
		return false, err
	}
	if away[m.Code] && m.Tried == 0 {
		ok, _, err := s.while(r, p.pb, m.Visit, plumbline.GoldenID(m.Person), p.tx.Now)
		if err != nil {
			return false, err
		}
		if ok {
			m.Tried, m.Due = 1, p.tx.Now.Add(sayAgain).UnixMilli()
			p.book.move(m, Deferred, m.Cause+"; it is said once more in "+words(sayAgain))
			return true, nil
		}
	}
	return false, p.instead(m, m.Cause)
}

// instead asks a person to do what a text could not.
func (p *preparing) instead(m *Message, why string) error {
	r, o := p.pb.Rule(m.Rule), p.book.outcome(m)
	if r == nil || o == nil || m.Job == "" {
		return nil
	}
	s, err := loadScene(p.tx, p.location, m.Job, p.pb.Settings.Zone)
	if err != nil || s == nil {
		return err
	}
	return p.task(s, r, o, plumbline.GoldenID(m.Person), why)
}

// Ask looks for what an attempt has sent.
func (n *Notify) Ask(ctx context.Context, c tenant.Connection, call outbox.Call) outbox.Result {
	req, err := requestOf(call)
	sender := n.Sender(c.Location, c.Name)
	if err != nil || sender == nil {
		return outbox.Result{Err: &connect.Error{Class: connect.Human, Msg: "nothing sends for this connection", Cure: "connect a sender", Err: err}}
	}
	found, err := sender.FindSent(ctx, req.To, call.Started)
	if err != nil {
		return outbox.Result{Err: connect.AsError(err)}
	}
	found = slices.DeleteFunc(found, func(f connect.FoundText) bool { return f.Body != req.Body })
	slices.Reverse(found) // oldest first
	return outbox.Result{Detail: "asked for what was sent", Answer: asked{found, sender.Settling()}}
}

// asked is what the sender's list shows of an attempt.
type asked struct {
	found    []connect.FoundText
	settling time.Duration
}

// Decide writes down what asking found. Not found counts only once the sender's list
// has had time to settle; then the message was not sent, and is owed if it is still so.
func (n *Notify) Decide(tx *db.Tx, c tenant.Connection, call outbox.Call, r outbox.Result) (settled []outbox.Settled, err error) {
	defer plumbline.Wrap(&err, "decide about a message")

	row := call.Rows[0]
	p, m, err := n.settling(tx, c, row.Record)
	if err != nil || m == nil {
		return []outbox.Settled{done(row)}, err
	}
	if m.Attempt == call.ID && m.Vendor != "" { // a receipt has said so meanwhile
		return []outbox.Settled{done(row)}, nil
	}
	answer, ok := r.Answer.(asked)
	if !ok {
		return nil, fmt.Errorf("asking came to %T", r.Answer)
	}
	for _, f := range answer.found {
		claimed, err := p.claimed(m, f.ID)
		if err != nil {
			return nil, err
		}
		if claimed {
			continue
		}
		p.wasSent(m, call.ID, f.ID, f.At)
		s := done(row)
		if p.receipt(m, f.Status, finalRank(f.Status), f.Code) {
			again, err := p.lost(m)
			if err != nil {
				return nil, err
			}
			switch {
			case again:
				s = waitUntil(row, record.Time(m.Due))
			case m.Class == staffClass:
				s = outbox.Settled{Row: row, What: outbox.Stuck, Item: unsaid(m, m.Cause)}
			}
		}
		return []outbox.Settled{s}, p.flush()
	}
	// The list settles from when the text was taken, which may be at the end of the call.
	// Twice as long as its tool says: what is said again cannot be taken back.
	if settles := call.Started.Add(longestCall + 2*answer.settling); tx.Now.Before(settles) {
		return []outbox.Settled{{Row: row, What: outbox.Undecided, At: settles}}, nil
	}
	p.tellAll(call.ID, false, m)
	m.Sent = 0
	p.book.move(m, Owed, "the sender has nothing of it: it was not sent")
	return []outbox.Settled{outbox.AgainAt(row, tx.Now)}, p.flush()
}

// claimed says whether a vendor's id proves another message.
func (p *preparing) claimed(m *Message, vendor string) (bool, error) {
	var n int
	err := p.tx.QueryRow(countClaims, p.location, vendor, m.ID).Scan(&n)
	return n > 0 || m.Vendor == vendor, err
}

// finalRank ranks the words that end a message's way (message states of Twilio's
// api_v2010); others add nothing to its having been sent.
func finalRank(status string) int {
	switch status {
	case "delivered", "undelivered", "failed":
		return 80
	}
	return 40
}

// receipt applies a carrier's word, if it goes further than those before. It returns
// whether the message did not arrive by it.
func (p *following) receipt(m *Message, status string, rank, code int) (lost bool) {
	if rank <= m.Rank {
		return false
	}
	m.Rank, m.Code = rank, code
	words := ""
	if code != 0 && p.Delivery != nil {
		_, _, words = p.Delivery(code)
	}
	switch status {
	case "delivered", "read":
		p.book.move(m, Delivered, "said: "+m.Body)
	case "undelivered":
		p.book.move(m, Undelivered, "it did not arrive: "+words)
		lost = true
	case "failed", "canceled":
		p.book.move(m, Undelivered, "the sender gave up: "+words)
		lost = true
	default:
		p.book.newMessages[m] = true
	}
	return lost
}

// Retry lets a message that waits for a person be judged and tried again now. Ref is
// that of its error item.
func (n *Notify) Retry(tx *db.Tx, location, ref string) error {
	connection, id, ok := strings.Cut(ref, "/")
	if !ok {
		return plumbline.Invalidf("give connection/message", "%q names no message", ref)
	}
	if err := owedAgain(tx, location, id); err != nil {
		return err
	}
	return outbox.Retry(tx, outbox.Key{Location: location, Connection: connection, Room: Room, Record: id})
}

var _ outbox.Performer = (*Notify)(nil)
