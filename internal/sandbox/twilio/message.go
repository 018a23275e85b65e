package twilio

import (
	"cmp"
	"slices"
	"time"
)

// Mark says how a phone number behaves: an error code of Twilio's. A code of
// the create call (2....) makes that call fail; a delivery code (3....) lets
// the message end undelivered.
type Mark int

// Marks that a world usually needs; any other code of errors.go works too.
const (
	Reachable   Mark = 0
	Silent      Mark = 1     // delivered, but the carrier never says more than sent
	Invalid     Mark = 21211 // not a phone number
	NotMobile   Mark = 21614
	NoLandline  Mark = 21635 // refused at create (outside US, CA, UK)
	Landline    Mark = 30006 // a US landline: created, then undelivered
	Unreachable Mark = 30003
	Blocked     Mark = 30004
	Dead        Mark = 30005
	Filtered    Mark = 30007
)

// Mark sets how a number (E.164) behaves from now on.
func (s *Sandbox) Mark(number string, m Mark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks[number] = m
}

// Message is a text, of either direction, as an oracle needs it.
type Message struct {
	Sid, Direction, From, To string // Direction: inbound, outbound-api, outbound-reply
	Body                     string // as sent, also after Twilio was told to forget it
	Service                  string
	Status                   string
	ErrorCode                int
	Media                    int
	Created, Updated         time.Time
	Sent, Arrived            time.Time // zero if not; Arrived is at the phone, whatever the status says
	StatusCallback           string
	Validity                 time.Duration
	SendAt                   time.Time // of a scheduled one

	redacted, deleted bool
	listed            time.Time // from when lists show it
}

// Messages returns all messages in the order of their making, deleted ones
// too, in the state of the last Step or request.
func (s *Sandbox) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Message, len(s.messages))
	for i, m := range s.messages {
		out[i] = *m
	}
	return out
}

// Stopped says whether a customer has opted out of a number of ours.
func (s *Sandbox) Stopped(number, customer string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped[stop{s.scope(number), customer}]
}

func (s *Sandbox) keep(m *Message) *Message {
	now := s.opts.Now()
	m.Created, m.Updated, m.listed = now, now, now
	prefix := "SM"
	if m.Media > 0 {
		prefix = "MM"
	}
	m.Sid = s.sid(prefix)
	if s.chance(s.opts.Faults.StaleList) {
		m.listed = now.Add(s.between(time.Second, time.Minute))
	}
	s.messages = append(s.messages, m)
	s.bySid[m.Sid] = m
	return m
}

// The pace of a message on a good day.
const (
	untilQueued  = 200 * time.Millisecond
	untilSending = 500 * time.Millisecond
	untilSent    = time.Second
)

// send lays out the states of an outbound message from an instant on.
func (s *Sandbox) send(m *Message, from time.Time) {
	f := s.opts.Faults
	if m.Status == "accepted" || m.Status == "scheduled" {
		s.move(m, from.Add(untilQueued), "queued", 0)
	}
	sent := from.Add(untilSent)
	if s.chance(f.Backlog) {
		sent = from.Add(s.between(time.Hour, 3*time.Hour))
		if end := from.Add(m.Validity); sent.After(end) {
			s.move(m, end, "failed", validityExpired)
			return
		}
	}
	s.move(m, sent.Add(untilSending-untilSent), "sending", 0)
	s.move(m, sent, "sent", 0)
	s.finish(m, sent.Add(s.between(time.Second, 8*time.Second)))
}

// finish decides what becomes of a sent message.
func (s *Sandbox) finish(m *Message, at time.Time) {
	f, mark := s.opts.Faults, s.marks[m.To]
	switch {
	case mark >= 30000:
		s.move(m, at, "undelivered", int(mark))
	case mark == Silent || s.chance(f.NoReceipt):
		s.later(&s.states, &task{due: at, change: func(at time.Time) { m.Arrived = at }})
	case s.chance(f.Undelivered):
		s.move(m, at, "undelivered", []int{30003, 30008}[s.opts.Rand.IntN(2)])
	default:
		s.move(m, at, "delivered", 0)
	}
}

// move plans one state change and its callback.
func (s *Sandbox) move(m *Message, at time.Time, status string, code int) {
	s.later(&s.states, &task{due: at, change: func(at time.Time) {
		m.Status, m.ErrorCode, m.Updated = status, code, at
		switch status {
		case "queued":
			m.From = cmp.Or(m.From, s.sender(m))
		case "sent":
			m.Sent = at
		case "delivered":
			m.Arrived = at
		}
		s.callback(m, at)
	}})
}

// sender picks a number of the service, always the same one for a customer.
func (s *Sandbox) sender(m *Message) string {
	numbers := s.service(m.Service).Numbers
	sum := 0
	for _, digit := range m.To {
		sum += int(digit)
	}
	return numbers[sum%len(numbers)]
}

// final says that nothing more will happen to a message by itself.
func (m *Message) final() bool {
	return slices.Contains([]string{"delivered", "undelivered", "failed", "canceled", "received"}, m.Status)
}
