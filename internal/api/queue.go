package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
)

// chunk is how many items one transaction moves.
const chunk = 200

// A Queue is what a person can do about what could not be finished. The API and the
// commands share it.
type Queue struct {
	DB  *db.DB
	Now func() time.Time
	// Retriers lets an item be tried again, and Skippers ends it, by its kind. Its ref
	// is in the kind's own words.
	Retriers map[string]func(tx *db.Tx, location, ref string) error
	Skippers map[string]func(tx *db.Tx, location, ref, reason string) error
	// Decoder returns what decodes a connection's deliveries by a tool, nil if there is none.
	Decoder func(location, connection, tool string) connect.Decoder
	Nudge   func(location string)
}

// A Ref names one item of the queue.
type Ref struct {
	Kind string `json:"kind" enum:"delivery,record,message,lookup,derivation,source"`
	Ref  string `json:"ref" minLength:"1"`
}

// Items returns the items of a cause that are not over, in the order in which what
// they are about was received.
func Items(tx *db.Tx, location, cause string) ([]errorqueue.Item, error) {
	list, err := errorqueue.OfCause(tx, location, cause)
	if err == nil && len(list) == 0 {
		err = plumbline.NotFoundf("the error queue has nothing open of cause %s", cause)
	}
	return list, err
}

func over(i errorqueue.Item) bool { return i.State == "done" || i.State == "skipped" }

// Retry replays the items of a cause, or those of them that only names, in the order
// of receipt. Called again, it tries again what has not gone through.
func (q *Queue) Retry(ctx context.Context, location, cause, by string, only ...Ref) (n int, err error) {
	return q.each(ctx, location, cause, only, func(tx *db.Tx, i errorqueue.Item) error {
		retry := q.Retriers[i.Kind]
		if retry == nil {
			return plumbline.Invalidf("skip it with a reason", "nobody knows how to try a %s again", i.Kind)
		}
		if err := retry(tx, location, i.Ref); err != nil {
			return err
		}
		if i.Kind != errorqueue.Delivery && i.Kind != errorqueue.Derivation && i.Kind != errorqueue.Source {
			return nil // whoever carries it out closes the item, or opens it again
		}
		return errorqueue.Close(tx, location, i.Kind, i.Ref, "done", "retried by "+by)
	})
}

// Skip ends the items of a cause, or those named, without their being done.
func (q *Queue) Skip(ctx context.Context, location, cause, by, reason string, only ...Ref) (n int, err error) {
	if strings.TrimSpace(reason) == "" {
		return 0, plumbline.Invalidf("say why it need not be done", "an item is skipped for no reason")
	}
	return q.each(ctx, location, cause, only, func(tx *db.Tx, i errorqueue.Item) error {
		skip := q.Skippers[i.Kind]
		if skip == nil {
			return plumbline.Invalidf("retry it", "nobody knows how to skip a %s", i.Kind)
		}
		if err := skip(tx, location, i.Ref, reason); err != nil {
			return err
		}
		return errorqueue.Close(tx, location, i.Kind, i.Ref, "skipped", by+": "+reason)
	})
}

// Assign gives the items of a cause to somebody.
func (q *Queue) Assign(ctx context.Context, location, cause, to string, only ...Ref) (n int, err error) {
	return q.each(ctx, location, cause, only, func(tx *db.Tx, i errorqueue.Item) error {
		return errorqueue.Assign(tx, location, i.Kind, i.Ref, to)
	})
}

// Snooze hides the items of a cause until an instant.
func (q *Queue) Snooze(ctx context.Context, location, cause string, until time.Time, only ...Ref) (n int, err error) {
	if !until.After(q.Now()) {
		return 0, plumbline.Invalidf("name an instant in the future", "an item cannot be snoozed until %s", until.UTC().Format(time.RFC3339))
	}
	return q.each(ctx, location, cause, only, func(tx *db.Tx, i errorqueue.Item) error {
		return errorqueue.Snooze(tx, location, i.Kind, i.Ref, until)
	})
}

// each does something to the items of a cause in the order of receipt, a bounded number
// in one transaction. An item that has ended meanwhile is passed over.
func (q *Queue) each(ctx context.Context, location, cause string, only []Ref, f func(*db.Tx, errorqueue.Item) error) (n int, err error) {
	var items []errorqueue.Item
	err = q.DB.View(ctx, q.Now(), func(tx *db.Tx) (err error) {
		items, err = Items(tx, location, cause)
		return err
	})
	if err != nil {
		return 0, err
	}
	if items, err = chosen(items, only); err != nil {
		return 0, err
	}
	for some := range slices.Chunk(items, chunk) {
		done := 0
		err := q.DB.Do(ctx, q.Now(), func(tx *db.Tx) error {
			done = 0
			for _, i := range some {
				now, err := errorqueue.Get(tx, location, i.Kind, i.Ref)
				if err != nil {
					return err
				}
				if over(now) {
					continue
				}
				if err := f(tx, now); err != nil {
					return err
				}
				done++
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n += done
	}
	q.Nudge(location)
	return n, nil
}

func chosen(items []errorqueue.Item, only []Ref) ([]errorqueue.Item, error) {
	if len(only) == 0 {
		return items, nil
	}
	for _, r := range only {
		if !slices.ContainsFunc(items, func(i errorqueue.Item) bool { return i.Kind == r.Kind && i.Ref == r.Ref }) {
			return nil, plumbline.NotFoundf("this cause has no open %s %s", r.Kind, r.Ref)
		}
	}
	return slices.DeleteFunc(items, func(i errorqueue.Item) bool { return !slices.Contains(only, Ref{i.Kind, i.Ref}) }), nil
}

// Edit keeps a body in the place of a delivery that failed, and returns its key. The
// bytes that came stay as they are; their delivery is ignored, as replaced. Editing
// with the same body again changes nothing.
func (q *Queue) Edit(ctx context.Context, location, connection, key, by string, body []byte) (name string, err error) {
	var bad plumbline.Delivery
	var state plumbline.State
	var reason string
	err = q.DB.View(ctx, q.Now(), func(tx *db.Tx) (err error) {
		bad, state, reason, err = inbox.Get(tx, location, connection, key)
		return err
	})
	if err != nil {
		return "", err
	}
	good := bad
	good.Key, good.Replaces, good.Body, good.Received, good.Attempt, good.Echoes = "edit:"+inbox.Digest(bad.Event, body), key, body, q.Now(), "", nil
	verdict := replaced(good.Key, by)
	if state == plumbline.Ignored && reason == verdict {
		return good.Key, nil
	}
	if state != plumbline.Failed {
		return "", &plumbline.Error{Kind: plumbline.Conflict, Msg: fmt.Sprintf("delivery %s of %s is %s and cannot be edited", key, connection, state), Hint: "only a failed one can"}
	}
	if err := q.readable(good); err != nil {
		return "", err
	}
	packed := inbox.Pack(good)
	err = q.DB.Do(ctx, good.Received, func(tx *db.Tx) error {
		n, err := inbox.Settle(tx, []inbox.Verdict{{Location: location, Connection: connection, Key: key, State: plumbline.Ignored, Reason: verdict}})
		if err != nil || n == 0 {
			return err
		}
		if _, err := inbox.Keep(tx, packed); err != nil {
			return err
		}
		return errorqueue.Close(tx, location, errorqueue.Delivery, connection+"/"+key, "done", verdict)
	})
	if err != nil {
		return "", err
	}
	q.Nudge(location)
	return good.Key, nil
}

func replaced(by, who string) string { return "replaced by " + by + " (" + who + ")" }

// readable says whether a tool can read a delivery, before it is kept.
func (q *Queue) readable(d plumbline.Delivery) error {
	decoder := q.Decoder(d.Location, d.Connection, d.Tool)
	if decoder == nil {
		return nil // the program's own sources are read where they are applied
	}
	_, err := decoder.Decode(d)
	if err == nil || errors.As(err, &connect.Ignored{}) {
		return nil
	}
	return plumbline.Invalidf("correct the body; nothing was kept", "%s could not read it either: %s", d.Tool, err)
}

// RetryDelivery lets a failed delivery wait again. Its ref is connection/key.
func RetryDelivery(tx *db.Tx, location, ref string) error {
	connection, key, _ := strings.Cut(ref, "/")
	return inbox.Retry(tx, location, connection, key)
}

// SkipDelivery ends a failed delivery as ignored, by that name.
func SkipDelivery(tx *db.Tx, location, ref, reason string) error {
	connection, key, _ := strings.Cut(ref, "/")
	_, err := inbox.Settle(tx, []inbox.Verdict{{Location: location, Connection: connection, Key: key, State: plumbline.Ignored, Reason: "skipped: " + reason}})
	return err
}
