// Package plumbline is the vocabulary of the program: the words that every room,
// tool and face uses, as Go types. It knows no database, no network and no clock,
// and imports only the standard library.
package plumbline

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// A Kind names what a record is about.
type Kind string

// The kinds of records. An Address is a phone number or mail box to which something
// can be said; its id is the E.164 number or the normalized e-mail.
const (
	Customer   Kind = "customer"
	Property   Kind = "property"
	Job        Kind = "job"
	Visit      Kind = "visit"
	Technician Kind = "technician"
	Invoice    Kind = "invoice"
	Payment    Kind = "payment"
	Asset      Kind = "asset"      // a piece of equipment; it stays with the property
	Membership Kind = "membership" // a plan that somebody holds
	Address    Kind = "address"
	Account    Kind = "account" // what is said about a whole connection
)

// Sources that are not tools. Each is a connection of every location by this name.
const (
	Office = "office" // decisions of people
	Clock  = "clock"  // rings
	Rule   = "rule"   // what the playbook infers of what others say
)

// Import leads the name of a connection that is an import run: what one file says is a
// source of its own, and can be withdrawn whole.
const Import = "import:"

// Lookup leads the name of the source that a provider of looked-up values is: what it
// answers, and that it has come to its end, can be withdrawn whole.
const Lookup = "lookup:"

// Withdrawable says whether a source can be withdrawn whole.
func Withdrawable(connection string) bool {
	return strings.HasPrefix(connection, Import) || strings.HasPrefix(connection, Lookup)
}

// A SourceID identifies a source record: what one connection says of one object.
// It is the same in every rebuild.
type SourceID string

// NewSourceID names the record of the object that a connection calls id.
func NewSourceID(location, connection string, kind Kind, id string) SourceID {
	sum := sha256.Sum256([]byte(strings.Join([]string{location, connection, string(kind), id}, "\x00")))
	return SourceID(hex.EncodeToString(sum[:12]))
}

// A GoldenID identifies a golden record: it is the SourceID of its anchor, the
// member that its vendor created first.
type GoldenID = SourceID

// A Value is a canonical JSON text. Null says that nothing is there; an absent
// field says nothing at all.
type Value string

// Null is the value that says "nothing there".
const Null Value = "null"

// A Version orders what one source says of one object: the greater one holds.
type Version struct {
	At     int64  `json:"a"`           // ms UTC: the vendor's modification time, else the event's, else the start of our read
	Read   int64  `json:"r,omitempty"` // ms UTC: start of the read; zero for a notice
	Digest string `json:"d,omitempty"` // of the body, decides what still ties
}

// Compare orders versions: by instant, then reads over notices and later reads
// over earlier ones, then by digest.
func (v Version) Compare(w Version) int {
	switch {
	case v.At != w.At:
		return sign(v.At - w.At)
	case v.Read != w.Read:
		return sign(v.Read - w.Read)
	}
	return strings.Compare(v.Digest, w.Digest)
}

func sign(n int64) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// A Reading is what one delivery says about one object.
type Reading struct {
	Kind Kind
	// ID is the source's own id of the object. Office, clock and look-up answers
	// speak about a source record of somebody else: they leave ID empty and name
	// it in About.
	ID    string
	About SourceID

	At      time.Time // instant of the version; zero: the time of receipt
	Read    time.Time // when our read began; zero for a notice
	Created time.Time // creation by the vendor's word; zero if not told
	Deleted bool      // the source says the object is gone

	// Fields holds the part of the object that the body spoke of, by the names in
	// Fields (the table in fields.go).
	Fields map[string]Value

	// Times and Authors say for single fields when and by whom they were changed,
	// where the source tells (a CRM's property history).
	Times   map[string]time.Time
	Authors map[string]Author

	// Looked says of looked-up fields how sure they are and how long they hold.
	Looked Looked
}

// Looked is what a provider says of the values that it found.
type Looked struct {
	Confidence int    `json:"c,omitempty"` // percent
	Until      int64  `json:"u,omitempty"` // ms UTC: they count until the ring of then; 0: for ever
	Basis      string `json:"b,omitempty"` // what they rest on, for people
}

// An Author is who or what a value comes from.
type Author string

// Authors of a value.
const (
	ByPerson      Author = "person"
	ByIntegration Author = "integration"
	ByUs          Author = "us"
	ByLookup      Author = "lookup" // a provider of looked-up values
	ByRule        Author = "rule"   // inferred from something else
)

// A State is where a delivery stands. It is in exactly one.
type State int

// States of a delivery. received = applied + ignored + waiting + failed.
const (
	Waiting State = iota
	Applied
	Ignored
	Failed
)

func (s State) String() string {
	return [...]string{"waiting", "applied", "ignored", "failed"}[s]
}

// A Delivery is one event as a source handed it over, byte for byte.
type Delivery struct {
	Location   string
	Connection string
	Key        string // unique within the connection
	Tool       string // which tool's decoder reads it
	Event      string // the source's name of the event, "read" for answers
	Object     string // the source's id of the object it is about, if the splitter saw one
	Subject    string // the number that an inbound text came from
	Attempt    string // the attempt whose answer it is
	Received   time.Time
	Read       time.Time // when the read began, for answers
	Body       []byte
	Echoes     map[string][]string // object -> target fields that repeat what we wrote, decided when kept
	Replaces   string              // key of the delivery that this one stands in for
}

// A Role names somebody in a job. Messages and associations name a role.
type Role string

// Roles.
const (
	Booker      Role = "booker"
	SiteContact Role = "site_contact"
	Payer       Role = "payer"
	Member      Role = "member"
	Reviewer    Role = "reviewer"
)
