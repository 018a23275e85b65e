package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// Where a message or an outcome stands.
const (
	Owed        = "owed"
	Deferred    = "deferred"    // until its due
	Sent        = "sent"        // the sender has taken it
	Delivered   = "delivered"   // the carrier says that it arrived
	Undelivered = "undelivered" // the carrier says that it did not
	Failed      = "failed"      // the sender refused it
	Dropped     = "dropped"     // it was decided not to say it
	Unknown     = "unknown"     // an attempt ended without an answer
	Withdrawn   = "withdrawn"   // what it would have said is not so any more
	Rehearsed   = "rehearsed"   // it would have been said
	Tasked      = "task"        // a person was asked to do it
	Confirmed   = "confirmed"   // an outcome only: somebody answered that they will be there
)

// A Message is something said to a person, or that is to be. Instants are ms UTC.
type Message struct {
	ID         string
	Rule       string
	Subject    string
	N          int64
	Job        string
	Visit      string
	News       string
	Value      string
	Person     string
	Role       string
	Address    string
	Household  string
	Connection string
	Class      string
	State      string
	Body       string
	Cause      string
	Due        int64
	Happened   int64
	Known      int64
	Made       int64
	Sent       int64
	Foot       int
	Attempt    string
	Vendor     string
	Rank       int
	Code       int
	Link       string
	Tried      int // 1: it did not arrive once, and is or was said once more
	Playbook   string
}

// pending says that it may still be said.
func (m *Message) pending() bool { return m.State == Owed || m.State == Deferred }

// again says that it was said, did not arrive, and is to be said once more.
func (m *Message) again() bool { return m.pending() && m.Tried == 1 && m.Sent != 0 }

// said says that it was said, or may have been.
func said(state string) bool {
	return state == Sent || state == Delivered || state == Undelivered || state == Unknown
}

// An Outcome is what came of a rule whose trigger was reached.
type Outcome struct {
	Rule     string
	Subject  string
	N        int64
	Job      string
	State    string
	Until    int64
	Reason   string
	Value    string
	Who      string
	Happened int64
	Known    int64
	At       int64
	Again    int
	Tasked   int // 0: no task; 1: one is open; 2: it has ended
	Playbook string
}

// A told is what an address was last told of a state.
type told struct {
	News    string `json:"news"`
	Subject string `json:"subject"`
	Address string `json:"address"`
	Value   string `json:"value"`
	Maybe   string `json:"maybe"`
	Attempt string `json:"attempt"`
	Message string `json:"message"`
	How     string `json:"how"`
	At      int64  `json:"at"`
}

type aboutKey struct{ rule, subject string }
type toldKey struct{ news, subject, address string }

// A book holds the rows about some subjects while a transaction works on them. What
// it changes is written by flush, as sets.
type book struct {
	tx       *db.Tx
	location string

	outcomes map[aboutKey][]*Outcome // by n
	messages map[string]*Message
	about    map[aboutKey][]*Message // by n, address
	told     map[toldKey]*told

	newOutcomes map[*Outcome]bool
	newMessages map[*Message]bool
	newTold     map[*told]bool
}

func openBook(tx *db.Tx, location string, subjects []string) (b *book, err error) {
	b = &book{tx: tx, location: location, outcomes: map[aboutKey][]*Outcome{}, messages: map[string]*Message{}, about: map[aboutKey][]*Message{},
		told: map[toldKey]*told{}, newOutcomes: map[*Outcome]bool{}, newMessages: map[*Message]bool{}, newTold: map[*told]bool{}}
	subjects = slices.Clone(subjects)
	slices.Sort(subjects)
	subjects = slices.Compact(subjects)
	if len(subjects) == 0 {
		return b, nil
	}
	outcomes, err := queryOutcomes(tx, selectOutcomesAbout(tx), location, db.JSON(subjects))
	if err != nil {
		return nil, err
	}
	for _, o := range outcomes {
		b.hold(o)
	}
	messages, err := queryMessages(tx, selectMessagesAbout(tx), location, db.JSON(subjects))
	if err != nil {
		return nil, err
	}
	for _, m := range messages {
		b.keep(m)
	}
	return b, b.loadTold(subjects)
}

func (b *book) loadTold(subjects []string) error {
	rows, err := b.tx.Query(selectToldAbout(b.tx), b.location, db.JSON(subjects))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var t told
		if err := rows.Scan(&t.News, &t.Subject, &t.Address, &t.Value, &t.Maybe, &t.Attempt, &t.Message, &t.How, &t.At); err != nil {
			return err
		}
		b.told[toldKey{t.News, t.Subject, t.Address}] = &t
	}
	return rows.Err()
}

func (b *book) hold(o *Outcome) {
	k := aboutKey{o.Rule, o.Subject}
	b.outcomes[k] = append(b.outcomes[k], o)
	slices.SortFunc(b.outcomes[k], func(x, y *Outcome) int { return cmp.Compare(x.N, y.N) })
}

func (b *book) keep(m *Message) {
	b.messages[m.ID] = m
	k := aboutKey{m.Rule, m.Subject}
	b.about[k] = append(b.about[k], m)
	slices.SortFunc(b.about[k], func(x, y *Message) int { return cmp.Or(cmp.Compare(x.N, y.N), strings.Compare(x.Address, y.Address)) })
}

// last returns the newest outcome of a rule about a subject, nil if there is none.
func (b *book) last(rule, subject string) *Outcome {
	list := b.outcomes[aboutKey{rule, subject}]
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// outcome returns the outcome to which a message belongs.
func (b *book) outcome(m *Message) *Outcome {
	for _, o := range b.outcomes[aboutKey{m.Rule, m.Subject}] {
		if o.N == m.N {
			return o
		}
	}
	return nil
}

// same returns the book's own row of an outcome.
func (b *book) same(o *Outcome) *Outcome {
	for _, x := range b.outcomes[aboutKey{o.Rule, o.Subject}] {
		if x.N == o.N {
			return x
		}
	}
	return o
}

// lastTo returns the newest message of a rule about a subject to an address.
func (b *book) lastTo(rule, subject, address string) *Message {
	for _, m := range slices.Backward(b.about[aboutKey{rule, subject}]) {
		if m.Address == address {
			return m
		}
	}
	return nil
}

// add begins a new outcome.
func (b *book) add(o Outcome) *Outcome {
	o.N = 1
	if last := b.last(o.Rule, o.Subject); last != nil {
		o.N = last.N + 1
	}
	o.At = b.tx.Now.UnixMilli()
	p := &o
	b.hold(p)
	b.newOutcomes[p] = true
	return p
}

// put adds a message, or returns the one that is the same promise.
func (b *book) put(m Message) *Message {
	sum := sha256.Sum256([]byte(strings.Join([]string{b.location, m.Rule, m.Subject, strconv.FormatInt(m.N, 10), m.Address}, "\x00")))
	m.ID = hex.EncodeToString(sum[:12])
	if have := b.messages[m.ID]; have != nil {
		return have
	}
	m.Made = b.tx.Now.UnixMilli()
	p := &m
	b.keep(p)
	b.newMessages[p] = true
	return p
}

// move says where a message stands from now on, and brings its outcome along.
func (b *book) move(m *Message, state, cause string) {
	m.State, m.Cause = state, cause
	b.newMessages[m] = true
	if o := b.outcome(m); o != nil {
		b.sum(o)
	}
}

// leave says that a message that could have been said is not. One that was said, and
// was to be said once more, is still one that did not arrive.
func (b *book) leave(m *Message, state, why string) {
	if m.again() {
		state, why = Undelivered, "it did not arrive, and is not said once more: "+why
	}
	b.move(m, state, why)
}

// precedence of the states of several messages in their one outcome.
var precedence = map[string]int{Delivered: 10, Sent: 9, Unknown: 8, Undelivered: 7, Owed: 6, Deferred: 5, Tasked: 4, Rehearsed: 3, Failed: 2, Dropped: 1}

// sum makes an outcome say what its messages come to.
func (b *book) sum(o *Outcome) {
	var best *Message
	for _, m := range b.about[aboutKey{o.Rule, o.Subject}] {
		if m.N == o.N && (best == nil || precedence[m.State] > precedence[best.State]) {
			best = m
		}
	}
	if best == nil {
		return
	}
	if o.Tasked != 0 && !best.pending() && !said(best.State) && best.State != Withdrawn {
		b.set(o, Tasked, best.Cause)
		return
	}
	b.set(o, best.State, best.Cause)
	if best.State == Deferred {
		o.Until = best.Due
	}
}

func (b *book) set(o *Outcome, state, reason string) {
	o.State, o.Reason, o.Until, o.At = state, reason, 0, b.tx.Now.UnixMilli()
	b.newOutcomes[o] = true
}

// tell notes what an address was told, nil-safe for rows that are not there yet.
func (b *book) tell(news, subject, address string) *told {
	k := toldKey{news, subject, address}
	t := b.told[k]
	if t == nil {
		t = &told{News: news, Subject: subject, Address: address}
		b.told[k] = t
	}
	t.At = b.tx.Now.UnixMilli()
	b.newTold[t] = true
	return t
}

// flush writes what has changed.
func (b *book) flush() (err error) {
	defer plumbline.Wrap(&err, "write messages and outcomes")

	if len(b.newMessages) > 0 {
		var rows [][]any
		for _, m := range sortedKeys(b.newMessages, func(m *Message) string { return m.ID }) {
			rows = append(rows, []any{m.ID, m.Rule, m.Subject, m.N, m.Job, m.Visit, m.News, m.Value, m.Person, m.Role, m.Address, m.Household, m.Connection,
				m.Class, m.State, m.Body, m.Cause, m.Due, m.Happened, m.Known, m.Made, m.Sent, m.Foot, m.Attempt, m.Vendor, m.Rank, m.Code, m.Link,
				m.Tried, m.Playbook})
		}
		if err := b.tx.InsertWide(insertMessages, replaceMessages, b.location, rows); err != nil {
			return err
		}
	}
	if len(b.newOutcomes) > 0 {
		var rows [][]any
		for _, o := range sortedKeys(b.newOutcomes, func(o *Outcome) string { return o.Rule + "\x00" + o.Subject + "\x00" + strconv.FormatInt(o.N, 36) }) {
			rows = append(rows, []any{o.Rule, o.Subject, o.N, o.Job, o.State, o.Until, o.Reason, o.Value, o.Who, o.Happened, o.Known, o.At, o.Again, o.Tasked, o.Playbook})
		}
		if err := b.tx.InsertWide(insertOutcomes, replaceOutcomes, b.location, rows); err != nil {
			return err
		}
	}
	if len(b.newTold) > 0 {
		list := sortedKeys(b.newTold, func(t *told) string { return t.News + "\x00" + t.Subject + "\x00" + t.Address })
		if _, err := b.tx.Exec(upsertTold(b.tx), b.location, db.JSON(list)); err != nil {
			return err
		}
	}
	clear(b.newMessages)
	clear(b.newOutcomes)
	clear(b.newTold)
	return nil
}

func sortedKeys[T comparable](set map[T]bool, by func(T) string) []T {
	list := make([]T, 0, len(set))
	for x := range set {
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(by(a), by(b)) })
	return list
}

func queryMessages(tx *db.Tx, query string, args ...any) (list []*Message, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var m Message
		if err := rows.Scan(&m.ID, &m.Rule, &m.Subject, &m.N, &m.Job, &m.Visit, &m.News, &m.Value, &m.Person, &m.Role, &m.Address, &m.Household,
			&m.Connection, &m.Class, &m.State, &m.Body, &m.Cause, &m.Due, &m.Happened, &m.Known, &m.Made, &m.Sent, &m.Foot, &m.Attempt,
			&m.Vendor, &m.Rank, &m.Code, &m.Link, &m.Tried, &m.Playbook); err != nil {
			return nil, err
		}
		list = append(list, &m)
	}
	return list, rows.Err()
}

func queryOutcomes(tx *db.Tx, query string, args ...any) (list []*Outcome, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var o Outcome
		if err := scanOutcome(rows, &o); err != nil {
			return nil, err
		}
		list = append(list, &o)
	}
	return list, rows.Err()
}

func scanOutcome(rows *db.Rows, o *Outcome) error {
	return rows.Scan(&o.Rule, &o.Subject, &o.N, &o.Job, &o.State, &o.Until, &o.Reason, &o.Value, &o.Who, &o.Happened, &o.Known, &o.At,
		&o.Again, &o.Tasked, &o.Playbook)
}
