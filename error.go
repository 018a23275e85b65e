package plumbline

import (
	"errors"
	"fmt"
)

// A ErrorKind says what the caller can do about an error.
type ErrorKind int

// Kinds of errors. Only Unavailable is worth trying again.
const (
	Internal ErrorKind = iota
	Invalid
	NotFound
	Conflict
	Unauthorized
	Unavailable
)

// An Error is an error that a person or a retry loop must act on.
type Error struct {
	Kind ErrorKind
	Msg  string // safe to show
	Hint string // what to do about it, if anything
	Err  error  // cause, for the log only
}

func (e *Error) Error() string {
	if e.Hint != "" {
		return e.Msg + " (" + e.Hint + ")"
	}
	return e.Msg
}

func (e *Error) Unwrap() error { return e.Err }

// Invalidf makes an error about input that is wrong.
func Invalidf(hint, format string, args ...any) error {
	return &Error{Kind: Invalid, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// NotFoundf makes an error about something that is not there.
func NotFoundf(format string, args ...any) error {
	return &Error{Kind: NotFound, Msg: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of the first Error in err's chain, else Internal.
func KindOf(err error) ErrorKind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Wrap adds what was being done to *errp, if it holds an error.
func Wrap(errp *error, format string, args ...any) {
	if *errp != nil {
		*errp = fmt.Errorf(format+": %w", append(args, *errp)...)
	}
}
