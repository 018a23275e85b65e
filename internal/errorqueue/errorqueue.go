// Package errorqueue keeps what could not be finished, by cause, until a person has
// cleared it. It owns the items; what retrying one means is handed in by kind.
package errorqueue

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
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
	Tries    int       `json:"tries"`
	State    string    `json:"state"` // open, retrying, snoozed, skipped or done
	Until    time.Time `json:"until,omitzero"`
	Assignee string    `json:"assignee,omitempty"`
	Note     string    `json:"note,omitempty"`
}

// Open puts an item in front of people. One that is there is opened again and
// counts one try more; it keeps when it was first opened.
func Open(tx *db.Tx, i Item) (err error) {
	defer plumbline.Wrap(&err, "open error item %s %s", i.Kind, i.Ref)

	_, err = tx.Exec(upsertItem, i.Location, i.Kind, i.Ref, Fingerprint(i.Cause), Mask(i.Title), i.Cure, Mask(i.Detail), tx.Now.UnixMilli())
	return err
}

// Close ends an item whose cause is gone. Closing what is not open does nothing.
func Close(tx *db.Tx, location, kind, ref, state, note string) (err error) {
	defer plumbline.Wrap(&err, "close error item %s %s", kind, ref)

	_, err = tx.Exec(closeItem, location, kind, ref, state, note, tx.Now.UnixMilli())
	return err
}

// Retrying marks items of a cause as being tried again and returns them in the order
// in which they were opened.
func Retrying(tx *db.Tx, location, cause string) (list []Item, err error) {
	list, err = scan(tx, selectByCause, location, cause)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		if _, err := tx.Exec(setState, location, i.Kind, i.Ref, "retrying", 0); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Snooze hides an item until an instant.
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

// List returns the items that want a person now, oldest first. All returns those
// that are over, too.
func List(tx *db.Tx, location string, all bool) ([]Item, error) {
	if all {
		return scan(tx, selectAll, location)
	}
	return scan(tx, selectOpen, location, tx.Now.UnixMilli())
}

// A Cause is what items of one fingerprint have in common.
type Cause struct {
	Cause  string    `json:"cause"`
	Kind   string    `json:"kind"`
	Title  string    `json:"title"`
	Cure   string    `json:"cure"`
	Items  int       `json:"items"`
	Oldest time.Time `json:"oldest"`
}

// Causes groups the open items, the oldest cause first.
func Causes(tx *db.Tx, location string) (causes []Cause, err error) {
	list, err := List(tx, location, false)
	at := map[string]int{}
	for _, i := range list {
		n, ok := at[i.Cause]
		if !ok {
			n, at[i.Cause] = len(causes), len(causes)
			causes = append(causes, Cause{Cause: i.Cause, Kind: i.Kind, Title: i.Title, Cure: i.Cure, Oldest: i.Opened})
		}
		causes[n].Items++
	}
	return causes, err
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
		var opened, until int64
		if err := rows.Scan(&i.Location, &i.Kind, &i.Ref, &i.Cause, &i.Title, &i.Cure, &i.Detail, &opened, &i.Tries, &i.State, &until, &i.Assignee, &i.Note); err != nil {
			return nil, err
		}
		i.Opened = time.UnixMilli(opened).UTC()
		if until != 0 {
			i.Until = time.UnixMilli(until).UTC()
		}
		list = append(list, i)
	}
	return list, rows.Err()
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
