package housecallpro

import "time"

// NoticeKind is a kind of message that Housecall Pro itself sends to
// customers when the company has it switched on.
type NoticeKind string

// The kinds that the fake sends, by text to the customer's mobile number.
const (
	Booked      NoticeKind = "booked"
	Rescheduled NoticeKind = "rescheduled"
	OnMyWay     NoticeKind = "on_my_way"
	Finished    NoticeKind = "finished"
	InvoiceSent NoticeKind = "invoice_sent"
	Receipt     NoticeKind = "receipt"
	EstimateOut NoticeKind = "estimate_sent"
)

// Notice is one message that Housecall Pro sent by itself.
type Notice struct {
	At         time.Time
	Kind       NoticeKind
	CustomerID string
	To         string // ten digits
	Subject    string // id of the job, invoice or estimate
}

// SwitchNotice turns a kind of native message on or off for the company. All
// are off at first.
func (s *Sandbox) SwitchNotice(kind NoticeKind, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.native[kind] = on
}

// Notices returns what Housecall Pro told customers by itself, oldest first.
func (s *Sandbox) Notices() []Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Notice(nil), s.notices...)
}

// tell sends a native message if the company and the customer want it.
func (s *Sandbox) tell(kind NoticeKind, customerID, subject string) {
	c := s.customers.byID[customerID]
	if !s.native[kind] || c == nil || !c.NotificationsEnabled || c.Mobile == "" {
		return
	}
	s.notices = append(s.notices, Notice{At: s.opts.Now(), Kind: kind, CustomerID: c.ID, To: c.Mobile, Subject: subject})
}
