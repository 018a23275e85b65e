// Package errorqueue keeps what could not be finished, by cause, until a person has
// cleared it. It owns the items; what retrying one means is handed in by kind.
package errorqueue

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
)

// Kinds of items.
const (
	Delivery = "delivery"
	Record   = "record"
	Message  = "message"
	Lookup   = "lookup"
	// Derivation: a record of which what follows cannot be worked out.
	Derivation = "derivation"
	// Source: a source of which we are not told what happens, or not enough.
	Source = "source"
)

// An Item is one delivery, target record, message or look-up that could not be
// finished.
type Item struct {
	Location string    `json:"location"`
	Kind     string    `json:"kind"`
	Ref      string    `json:"ref"`   // in the kind's own words
	Cause    string    `json:"cause"` // items of one cause share it
	Title    string    `json:"title"`
	Cure     string    `json:"cure"`
	Detail   string    `json:"detail"`
	Opened   time.Time `json:"opened"`
	Received time.Time `json:"received"` // what it is about; orders a replay. Zero: when it was opened
	Tries    int       `json:"tries"`
	State    string    `json:"state"` // open, snoozed, skipped or done
	Until    time.Time `json:"until,omitzero"`
	Assignee string    `json:"assignee,omitempty"`
	Note     string    `json:"note,omitempty"`
	Told     time.Time `json:"told,omitzero"` // when staff were told that it has waited too long
}

// Open puts an item in front of people. One that is there is opened again and
// counts one try more; it keeps when it was first opened, and stays snoozed where it is
// for the same cause.
func Open(tx *db.Tx, i Item) (err error) {
	defer plumbline.Wrap(&err, "open error item %s %s", i.Kind, i.Ref)

	if i.Received.IsZero() {
		i.Received = tx.Now
	}
	_, err = tx.Exec(upsertItem, i.Location, i.Kind, i.Ref, Fingerprint(i.Cause), Mask(i.Title), i.Cure, Mask(i.Detail), tx.Now.UnixMilli(), i.Received.UnixMilli())
	return err
}

// Close ends an item whose cause is gone. Closing what is not open does nothing.
func Close(tx *db.Tx, location, kind, ref, state, note string) (err error) {
	defer plumbline.Wrap(&err, "close error item %s %s", kind, ref)

	_, err = tx.Exec(closeItem, location, kind, ref, state, note, tx.Now.UnixMilli())
	return err
}

// OfCause returns the items of a cause that are not over, snoozed ones too, in the
// order in which what they are about was received.
func OfCause(tx *db.Tx, location, cause string) ([]Item, error) {
	return scan(tx, selectOfCause, location, cause)
}

// Snooze hides an item until an instant. Step brings it back.
func Snooze(tx *db.Tx, location, kind, ref string, until time.Time) error {
	return one(tx.Exec(setState, location, kind, ref, "snoozed", until.UnixMilli()))
}

// Assign gives an item to somebody.
func Assign(tx *db.Tx, location, kind, ref, who string) error {
	return one(tx.Exec(setAssignee, location, kind, ref, who))
}

func one(n int64, err error) error {
	if err == nil && n == 0 {
		return plumbline.NotFoundf("there is no such open item in the error queue")
	}
	return err
}

// Get returns one item.
func Get(tx *db.Tx, location, kind, ref string) (Item, error) {
	list, err := scan(tx, selectItem, location, kind, ref)
	if err == nil && len(list) == 0 {
		err = plumbline.NotFoundf("the error queue has no %s %s", kind, ref)
	}
	if err != nil {
		return Item{}, err
	}
	return list[0], nil
}

// List returns the items that want a person now, oldest first.
func List(tx *db.Tx, location string) ([]Item, error) { return scan(tx, selectOpen, location) }

// A Cause is what items of one fingerprint have in common.
type Cause struct {
	Cause     string    `json:"cause"`
	Kind      string    `json:"kind"`
	Title     string    `json:"title"`
	Cure      string    `json:"cure"`
	Items     int       `json:"items"`
	Oldest    time.Time `json:"oldest"`
	Assignees []string  `json:"assignees"` // who looks after them; of some it may be nobody
}

// Causes groups the open items, the oldest cause first.
func Causes(tx *db.Tx, location string) ([]Cause, error) {
	list, err := List(tx, location)
	return Group(list), err
}

// Group groups items by their cause, in the order of the first of each.
func Group(list []Item) (causes []Cause) {
	at := map[string]int{}
	for _, i := range list {
		n, ok := at[i.Cause]
		if !ok {
			n, at[i.Cause] = len(causes), len(causes)
			causes = append(causes, Cause{Cause: i.Cause, Kind: i.Kind, Title: i.Title, Cure: i.Cure, Oldest: i.Opened, Assignees: []string{}})
		}
		c := &causes[n]
		c.Items++
		if i.Opened.Before(c.Oldest) {
			c.Oldest = i.Opened
		}
		if i.Assignee != "" && !slices.Contains(c.Assignees, i.Assignee) {
			c.Assignees = append(c.Assignees, i.Assignee)
		}
	}
	return causes
}

func scan(tx *db.Tx, query string, args ...any) (list []Item, err error) {
	defer plumbline.Wrap(&err, "read the error queue")

	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var i Item
		var opened, received, until, told int64
		if err := rows.Scan(&i.Location, &i.Kind, &i.Ref, &i.Cause, &i.Title, &i.Cure, &i.Detail, &opened, &received, &i.Tries, &i.State, &until,
			&i.Assignee, &i.Note, &told); err != nil {
			return nil, err
		}
		i.Opened, i.Received, i.Until, i.Told = instant(opened), instant(received), instant(until), instant(told)
		list = append(list, i)
	}
	return list, rows.Err()
}

// instant reads a column; zero is no instant.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Fingerprint names a cause shortly.
func Fingerprint(cause string) string {
	sum := sha256.Sum256([]byte(cause))
	return hex.EncodeToString(sum[:5])
}

var (
	idLike    = regexp.MustCompile(`\b[0-9a-zA-Z_-]*[0-9][0-9a-zA-Z_-]*\b`)
	quoted    = regexp.MustCompile(`"[^"]*"`)
	emailLike = regexp.MustCompile(`[\w.+-]+@[\w-]+\.[\w.-]+`)
	phoneLike = regexp.MustCompile(`(?:\(\d{3}\)[\d ().-]{5,}|\+?\d[\d ().-]{7,})\d`)
	dateLike  = regexp.MustCompile(`^20\d\d-[01]\d-[0-3]\d\b`)
)

// Shape takes from a sentence what differs between items of one cause: what is
// quoted, ids and numbers.
func Shape(s string) string {
	return strings.TrimSpace(idLike.ReplaceAllString(quoted.ReplaceAllString(s, `"…"`), "#"))
}

// Mask hides mail boxes and phone numbers in a text for people and logs: of a number
// the last two digits stay, of a mail box the domain. A day is no number.
func Mask(s string) string {
	s = emailLike.ReplaceAllStringFunc(s, func(m string) string { return "…" + m[strings.IndexByte(m, '@'):] })
	return phoneLike.ReplaceAllStringFunc(s, func(m string) string {
		if day := dateLike.FindString(m); day != "" {
			return day + Mask(m[len(day):])
		}
		return "…" + m[len(m)-2:]
	})
}
