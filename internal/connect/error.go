package connect

import (
	"errors"
	"fmt"
	"time"

	"plumbline.dev/plumbline"
)

// ErrPing is what Verify returns for a vendor's unsigned test call: answer 2xx,
// keep nothing.
var ErrPing = errors.New("a test call that carries nothing")

// ErrSignature is what Verify returns for a signature that is missing, wrong or old.
var ErrSignature = errors.New("the signature does not fit")

// Ignored says that a delivery has nothing for us, by a named rule.
type Ignored struct{ Rule string }

func (e Ignored) Error() string { return "ignored: " + e.Rule }

// Thin says that a delivery tells no more than that something has become of an object:
// it has been applied once a reading of that object, begun after its receipt, has.
type Thin struct {
	Kind plumbline.Kind
	ID   string // the source's
}

func (e Thin) Error() string { return "it names a " + string(e.Kind) + " that has to be read" }

// BadCursor is the code of a pull's error that says that the cursor cannot be read: what
// is left is to pull from the beginning.
const BadCursor = "bad_cursor"

// A Class says what to do about a call that failed.
type Class int

// Classes of failures.
const (
	Retry   Class = iota // the call was not carried out; try again with backoff
	Wait                 // rate or authorization: the quota pauses
	Human                // a person must change something
	Unknown              // it may have been carried out
)

func (c Class) String() string { return [...]string{"retry", "wait", "human", "unknown"}[c] }

// An Error is what a tool says about a call, or one change in it, that failed.
type Error struct {
	Class  Class
	Status int    // HTTP status, 0 if there was no answer
	Code   string // the vendor's code: groups failures of one cause
	Field  string // the field that was refused, if one was
	Msg    string // what happened, without personal data and secrets
	Cure   string // what to do about it, for a Human one
	// After is how long to wait. On a Human error it says that the account is broken
	// and not this call: every other one would fail alike, so the quota rests.
	After time.Duration
	// Existing is the record that a create collided with; MergedTo the record that
	// a merged one became. Gone says that the record is not there any more.
	Existing string
	MergedTo string
	Gone     bool
	// Address failures of messages: OptedOut, and Dead for a number that cannot get texts.
	OptedOut bool
	Dead     bool
	Err      error
}

func (e *Error) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("%s (%s, HTTP %d)", e.Msg, e.Class, e.Status)
	}
	return fmt.Sprintf("%s (%s)", e.Msg, e.Class)
}

func (e *Error) Unwrap() error { return e.Err }

// AsError returns err as an *Error. What no tool has classified is unknown: it may
// have happened.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: Unknown, Msg: "the call ended without an answer that could be read", Err: err}
}
