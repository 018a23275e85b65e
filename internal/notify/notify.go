// Package notify says things to people, once, and when they must be said: it owns the
// messages, what each address was last told, what came of every rule, and what was
// made of the texts that came in. It follows advance, which finds what has happened,
// and performs for the outbox, which says when a call may leave; every condition is
// evaluated in the transaction that commits the attempt. It must not know any tool
// but through connect.Sender, nor who is who.
package notify

import (
	"sync"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/calendar"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/tenant"
)

// Room is the name under which the outbox knows this performer.
const Room = "notify"

// Notify follows what changes and says what is owed.
type Notify struct {
	// Sender returns what sends for a connection, nil if its tool sends nothing.
	Sender func(location, connection string) connect.Sender
	// Policy returns a location's playbook and open hours.
	Policy func(location string) (*playbook.Playbook, playbook.OpenHours, error)
	// OpenTasks gives tasks to people, each once per key.
	OpenTasks func(tx *db.Tx, location string, list []Task) error
	// CloseTasks closes the tasks opened under a rule's name about a subject. Closing
	// what is not open does nothing.
	CloseTasks func(tx *db.Tx, location string, list []EndedTask) error
	// Delivery says what a code in a tool's receipt tells about the number: that it
	// cannot get texts, that it wants none, and in words what happened.
	Delivery func(code int) (dead, optedOut bool, words string)
	// Shows says whether a connection can tell of a stage ("visit.en_route"); nil: all
	// can.
	Shows func(location, connection, stage string) bool
	// LinkKey makes the tokens of links that nobody can guess.
	LinkKey []byte
	// Hours are when people may be written to; nil: calendar.Standard.
	Hours *calendar.Policy

	texts sync.Map // templates that were parsed
}

// An EndedTask names tasks that need not be done any more.
type EndedTask struct {
	Rule    string
	Subject plumbline.SourceID
	Why     string
}

// A Task is something for a person to do, in place of a message or because of one.
type Task struct {
	Location string
	Key      string // the same task has the same key, whoever opens it
	Rule     string // with the turn, where it is not the first about the subject
	Subject  string // source record that it is about; of a text, its number's and the text
	Job      plumbline.GoldenID
	Person   plumbline.GoldenID
	Title    string
	Body     string
	Reason   string
	Due      time.Time
}

// Activate notes since when each rule of a playbook, and each connection, speaks:
// nothing known before is spoken about. Doing it again changes nothing, so app may do
// it whenever a node starts; what is missing is activated when it is first followed.
func Activate(tx *db.Tx, location string, pb *playbook.Playbook) (map[string]time.Time, error) {
	since, err := tenant.Activations(tx, location)
	if err != nil {
		return nil, err
	}
	names := []string{inboundRule, digestRule}
	for _, r := range pb.Rules {
		names = append(names, r.ID)
	}
	list, err := tenant.Connections(tx, location)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		names = append(names, "connection:"+c.Name)
	}
	for _, name := range names {
		if _, ok := since[name]; ok {
			continue
		}
		if since[name], err = tenant.Activate(tx, location, name); err != nil {
			return nil, err
		}
	}
	return since, nil
}

// speaker finds the connection that sends to a location's customers: one that is on
// before one that is not, then by name.
func (n *Notify) speaker(pb *playbook.Playbook, connections []tenant.Connection) (best tenant.Connection, ok bool) {
	for _, c := range connections {
		if n.Sender(c.Location, c.Name) == nil || c.Name == pb.Settings.Staff.Sender {
			continue
		}
		if !ok || best.Mode != tenant.On && c.Mode == tenant.On {
			best, ok = c, true
		}
	}
	return best, ok
}

func (n *Notify) hours() calendar.Policy {
	if n.Hours != nil {
		return *n.Hours
	}
	return calendar.Standard()
}

// keyOf names a message to the outbox.
func keyOf(location string, m *Message) outbox.Key {
	return outbox.Key{Location: location, Connection: m.Connection, Room: Room, Record: m.ID}
}

// inFlight says whether an attempt carries a message whose outcome is not known.
func inFlight(tx *db.Tx, location string, m *Message) (bool, error) {
	if m.Attempt == "" {
		return false, nil
	}
	list, err := outbox.AttemptsOf(tx, keyOf(location, m))
	for _, a := range list {
		if a.State == "open" || a.State == "unknown" {
			return true, err
		}
	}
	return false, err
}

// urgency orders messages within a connection, the most pressing first.
var urgency = map[string]int{"active_visit": 0, "reply": 0, "service": 1, "staff": 1, "account": 2, "asking": 3, "marketing": 4}

// alone lets one transaction at a time work on a location's messages: what is owed and
// what is sent must see each other.
func alone(tx *db.Tx, location string) error { return tx.Lane(location, Room) }
