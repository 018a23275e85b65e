// Package connect says what a tool can do for us, as small interfaces, and how a
// tool reports what went wrong. It knows no tool by name and touches no table.
//
// A tool is one folder beneath this one and one line in app's list. It offers any
// of the capabilities below; connecttest holds a suite for each.
package connect

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"plumbline.dev/plumbline"
)

// A Request is a webhook as it came in, its body read once.
type Request struct {
	Method   string
	URL      *url.URL // the public address as the vendor called it, from configuration and not from Host
	Header   http.Header
	Body     []byte
	Received time.Time
}

// An Event is one event of a webhook, not yet interpreted.
type Event struct {
	Account string // the vendor's id of the account it belongs to; empty where the vendor names none
	Event   string // the vendor's name of the event
	Object  string // the vendor's id of the object, if told
	Subject string // the number that an inbound text came from
	Attempt string // the attempt that a receipt settles, from its callback path
	// Key is the vendor's delivery id where it promises uniqueness; else empty, and
	// the digest of Body is taken.
	Key  string
	Body []byte
}

// A Receiver takes a tool's webhooks. Verify comes first and sees raw bytes only.
// Neither touches anything: both may be called twice.
type Receiver interface {
	// Verify checks the signature in constant time and the replay window where the
	// vendor dates its signature. ErrPing: answer 2xx and keep nothing.
	Verify(r Request) error
	// Split cuts the body into events without interpreting them.
	Split(r Request) ([]Event, error)
}

// A Replier is a Receiver whose vendor reads the body of our answer.
type Replier interface {
	// Reply is the body and content type of a 2xx.
	Reply() (contentType string, body []byte)
}

// An Accounted tool knows from its configuration which account or sender it speaks
// for, which belongs to one location.
type Accounted interface {
	AccountID() string
}

// A Subscription is something that a vendor is to tell us of, and how that stands there.
type Subscription struct {
	Name  string // for people: "texts to +12085550100"
	State SubscriptionState
	Why   string // what is wrong, where something is
}

// A SubscriptionState says how a subscription stands at the vendor.
type SubscriptionState int

// States of subscriptions.
const (
	Hidden    SubscriptionState = iota // the vendor has no way to see it
	Held                               // we are told
	Off                                // it was removed, or switched off
	Elsewhere                          // somebody lets it tell another: that is theirs to change
)

// A Subscriber is a Receiver whose subscriptions can be seen, or at least restored.
type Subscriber interface {
	// Subscriptions asks how they stand, with one call at the most.
	Subscriptions(ctx context.Context) ([]Subscription, error)
	// Restore asks the vendor to tell us again, with two calls at the most. Kept is what it
	// returned the last time. Done twice, it is done once.
	Restore(ctx context.Context, kept string) (string, error)
	// Cure says what a person does where that does not help.
	Cure() string
}

// A Decoder turns deliveries of its tool into readings. It is pure: the same
// delivery gives the same readings for ever, within one derivation version. Nothing
// to say (an event we have no use for) is an Ignored with a rule, a delivery that only
// names an object a Thin.
type Decoder interface {
	Decode(d plumbline.Delivery) ([]plumbline.Reading, error)
}

// An Answer is one object as a source told it when asked.
type Answer struct {
	Kind   plumbline.Kind
	Object string // the source's id
	Body   []byte // what Decoder reads, under event "read"
	Gone   bool   // the source says there is no such object
}

// A Fetcher reads single objects of a source.
type Fetcher interface {
	// Fetch asks for objects of one kind by the source's ids; each id gets an answer,
	// "not found" being one.
	Fetch(ctx context.Context, kind plumbline.Kind, ids []string) ([]Answer, error)
}

// A ManyFetcher is a Fetcher that reads so many objects with about one call. Any other is
// asked for one at a time.
type ManyFetcher interface {
	Fetcher
	FetchesAtOnce() int
}

// A Rereader is a Fetcher that reads again, for less than Fetch, objects that are known
// whole: only what changes with time. What else changes there is left to its lists.
type Rereader interface {
	ManyFetcher
	// LeavesOut names the fields of a kind that Reread does not tell; none: it is read whole.
	LeavesOut(kind plumbline.Kind) []string
	// Reread is as Fetch. An object of which the answer shows that more has changed than it
	// tells is read whole.
	Reread(ctx context.Context, kind plumbline.Kind, known []Known) ([]Answer, error)
}

// A Known is an object with what the source last told of it, by field.
type Known struct {
	ID     string                     `json:"id"`
	Fields map[string]plumbline.Value `json:"fields"`
}

// A Puller reads pages of what changed. Streams names what it can page through.
// A cursor is the tool's own text; empty starts at the beginning.
type Puller interface {
	Streams() []string
	Pull(ctx context.Context, stream, cursor string) (Page, error)
}

// A Page is part of what a Puller found.
type Page struct {
	Answers []Answer
	Next    string    // cursor to go on with, now if More, else at the next poll
	More    bool      // there is another page now
	Through time.Time // everything changed before this instant has been handed over once More is false
	Total   int       // objects in the whole list, where the vendor says so; zero: it does not
}

// A Counter tells how many objects a source's streams list, and which, so that they can
// be compared with those that we hold.
type Counter interface {
	// Holds says of which kind the objects of a stream are, and whether an object of that
	// kind is listed there, by its id, while the source has it.
	Holds(stream string) (kind plumbline.Kind, has func(id string) bool)
	// Count asks how many there are, deleted ones perhaps among them; -1: the source does
	// not tell.
	Count(ctx context.Context, stream string) (int, error)
	// IDs reads a page of the ids of those that are there.
	IDs(ctx context.Context, stream, cursor string) (IDs, error)
}

// IDs are a page of ids.
type IDs struct {
	IDs  []string
	Next string // cursor to go on with; empty: there are no more
}

// A Target keeps copies of what we know.
type Target interface {
	// Describe tells the target's types and fields.
	Describe(ctx context.Context) (Schema, error)
	// Write sends a batch of changes of one type. One outcome per change, in order.
	// The error is for calls that failed as a whole.
	Write(ctx context.Context, typ string, changes []Change) ([]Outcome, error)
	// Read returns the records found. By is "id", "key" or a unique field's name.
	Read(ctx context.Context, typ, by string, values, fields []string) (map[string]Record, error)
	// Find looks for the record that a lost create may have made.
	Find(ctx context.Context, typ string, c Change) (Record, bool, error)
	// Associate makes associations true, and takes those away that are Off; either
	// twice is harmless.
	Associate(ctx context.Context, links []Association) ([]Outcome, error)
	// Limits says how many records one call of a type may carry.
	Limits(typ string) Limits
}

// A Provisioner can create what the mapping needs at a target.
type Provisioner interface {
	// Provision creates missing groups, fields and pipelines, and says what it did
	// or, when dry, would do.
	Provision(ctx context.Context, want []FieldSpec, dry bool) ([]string, error)
}

// FieldSpec describes a target field that the mapping writes.
type FieldSpec struct {
	Type    string // object type: contact, deal, ...
	Name    string
	Label   string
	Value   string // string, text (long), number, date, datetime, enum or bool
	Options []string
	Unique  bool
}

// Limits of calls about one type.
type Limits struct{ Batch int }

// Schema is what a target says about itself. Stages maps a type's stage names of
// the mapping to the target's ids, with the pipeline they stand in.
type Schema struct {
	Types map[string]TypeSchema
}

// TypeSchema describes one type of a target.
type TypeSchema struct {
	Unique   string // the field that bears our key, "" if the type can have none
	Fields   map[string]FieldSchema
	Pipeline string
	Stages   map[string]string // our stage name to the target's id
}

// FieldSchema describes one field of a target.
type FieldSchema struct {
	Value    string
	Options  []string
	ReadOnly bool
	Required bool
}

// A Change is what one record of a target should become.
type Change struct {
	Ref    string // our name for it within the call
	Key    string // our unique key
	ID     string // the target's id; empty creates
	Fields map[string]string
	Links  []Association // made with the create where the target can; From is empty
}

// An Association joins two records of a target.
type Association struct {
	Ref              string
	FromType, FromID string
	ToType, ToID     string
	Role             string // a label, where the target can have one
	// Off takes the role away or, where none is named, all that joins the two but
	// what people have made of it.
	Off bool
}

// An Outcome is what became of one change.
type Outcome struct {
	Ref    string
	ID     string            // the target's id
	New    bool              // a record was created
	Values map[string]string // the fields as the target reads them back, where it tells
	Err    *Error
}

// A Record is what a target says of one record.
type Record struct {
	ID       string
	Fields   map[string]string
	Modified time.Time
	Archived bool
	MergedTo string // set when ID was merged into another record
}

// A Text is a message to send.
type Text struct {
	To, Body string
	Attempt  string        // named in the callback path, so that a receipt settles one attempt
	Valid    time.Duration // how long the carrier may hold it; zero: the vendor's default
}

// A Sent is what a sender says of a message it has taken.
type Sent struct {
	ID     string // the vendor's id
	Status string // the vendor's first status
	At     time.Time
}

// A Sender sends messages.
type Sender interface {
	Send(ctx context.Context, t Text) (Sent, error)
	// FindSent lists what was sent to a number since an instant, newest first.
	FindSent(ctx context.Context, to string, since time.Time) ([]FoundText, error)
	// Settling is how long after an attempt a look-up may still miss what it sent.
	Settling() time.Duration
}

// A FoundText is a message that a sender's list shows.
type FoundText struct {
	ID, Body, Status string
	Code             int // the vendor's error code
	At               time.Time
}

// A Point is a place on the map.
type Point struct {
	Latitude, Longitude float64
	Known               bool
}

// A Grant is what an account has granted us by OAuth.
type Grant struct {
	Access  Secret
	Refresh Secret
	Expires time.Time // of Access; zero: the vendor did not say
}

// An Authorizer is a tool whose access is granted by an account's administrator, and
// expires. Until Use it has none, and every call is a Wait.
type Authorizer interface {
	// AuthorizeURL is where the administrator agrees; state comes back with the code.
	AuthorizeURL(redirect, state string) string
	// Redeem turns the code with which the vendor sends the administrator back into a grant.
	Redeem(ctx context.Context, redirect, code string) (Grant, error)
	// Refresh returns the grant that follows. The one before may be void from then on,
	// so that it is called by one caller at a time, which stores what it returns.
	Refresh(ctx context.Context, g Grant) (Grant, error)
	// Use makes calls with a grant from now on.
	Use(g Grant)
}

// A Router estimates a drive.
type Router interface {
	Route(ctx context.Context, from, to Point, departs time.Time) (Drive, error)
}

// A Drive is how long a drive may take, and how we know.
type Drive struct {
	Low, Likely, High time.Duration
	Basis             string
}

// An Enricher is a provider of looked-up values: of a place by its address, of a piece
// of equipment by its maker and serial number.
type Enricher interface {
	// Enriches names the fields of a kind that it may tell; none: it knows nothing of such.
	Enriches(kind plumbline.Kind) []string
	// Enrich answers one inquiry. That it knows nothing is an answer: a Finding without
	// fields.
	Enrich(ctx context.Context, q Inquiry) (Finding, error)
}

// An Inquiry asks about one record.
type Inquiry struct {
	Kind  plumbline.Kind    `json:"kind"`
	Known map[string]string `json:"known"` // what is known of it, by field
}

// A Finding is what a provider knows.
type Finding struct {
	Fields     map[string]plumbline.Value
	Confidence int           // percent
	Basis      string        // what it rests on, for people
	Holds      time.Duration // how long it is good, if only for that nothing was found; zero: for ever
}

// A Budgeter tells how fast a tool may be called. Class separates buckets within
// one quota ("search", "write").
type Budgeter interface {
	Budgets() map[string]Budget
}

// A Budget allows Calls in Window, never more in any such span of time.
type Budget struct {
	Calls  int
	Window time.Duration
}
