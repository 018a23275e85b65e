// Package api is the public HTTP API: webhooks in, and what people and programs ask
// and decide. It must not decide anything that a room decides.
package api

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
)

// A Hook takes the webhooks of one connection.
type Hook struct {
	Location   string
	Connection string
	Tool       string
	Account    string // events of other accounts are counted and answered 2xx
	Receiver   connect.Receiver
}

// Hooks takes all webhooks, beneath /hooks/LOCATION/CONNECTION.
type Hooks struct {
	DB     *db.DB
	Now    func() time.Time
	Public string // scheme and host as vendors call them; signatures may cover it
	Find   func(location, connection string) (Hook, bool)
	Nudge  func(location string) // something was kept
	Log    *slog.Logger
}

// ServeHTTP verifies, splits and keeps, then answers: a 2xx says that the bytes are
// on disk. Sent again, they are counted and answered 2xx.
func (h *Hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	location, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/hooks/"), "/")
	connection, _, _ := strings.Cut(rest, "/")
	hook, ok := h.Find(location, connection)
	if !ok {
		http.Error(w, "there is no such connection", http.StatusNotFound)
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK) // some vendors look whether the address is there
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, inbox.MaxBody))
	if err != nil {
		status := http.StatusBadRequest
		if errors.As(err, new(*http.MaxBytesError)) {
			status = h.count(r, hook, h.Now(), "too_large", http.StatusRequestEntityTooLarge)
		}
		http.Error(w, "the body could not be taken", status)
		return
	}
	status := h.keep(r, hook, body)
	if reply, ok := hook.Receiver.(connect.Replier); ok && status == http.StatusOK {
		kind, text := reply.Reply()
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write(text) // the vendor has hung up: nothing is lost
		return
	}
	w.WriteHeader(status)
}

func (h *Hooks) keep(r *http.Request, hook Hook, body []byte) int {
	now := h.Now()
	request := connect.Request{Method: r.Method, URL: h.publicURL(r.URL), Header: r.Header, Body: body, Received: now}
	err := hook.Receiver.Verify(request)
	if errors.Is(err, connect.ErrPing) {
		return http.StatusOK
	}
	if err != nil {
		return h.count(r, hook, now, "bad_signature", http.StatusUnauthorized)
	}
	events, err := hook.Receiver.Split(request)
	if err != nil { // signed by the vendor, and not what it promises: kept as it is, for a person
		events = []connect.Event{{Event: "unreadable", Body: body}}
	}
	var packed []inbox.Packed
	unknown := 0
	for _, e := range events {
		if e.Account != "" && hook.Account != "" && e.Account != hook.Account {
			unknown++
			continue
		}
		packed = append(packed, inbox.Pack(plumbline.Delivery{Location: hook.Location, Connection: hook.Connection, Tool: hook.Tool,
			Key: e.Key, Event: e.Event, Object: e.Object, Subject: e.Subject, Attempt: e.Attempt, Received: now, Body: e.Body}))
	}
	err = h.DB.Do(r.Context(), now, func(tx *db.Tx) error {
		if unknown > 0 {
			if err := inbox.Count(tx, hook.Location, hook.Connection, "unknown_account", unknown); err != nil {
				return err
			}
		}
		_, err := inbox.Keep(tx, packed...)
		return err
	})
	if err != nil {
		h.Log.Error("a webhook could not be kept; its vendor will send it again", "connection", hook.Connection, "error", err)
		return http.StatusServiceUnavailable
	}
	h.Nudge(hook.Location)
	return http.StatusOK
}

// count notes what is refused, so that it can be seen.
func (h *Hooks) count(r *http.Request, hook Hook, now time.Time, what string, status int) int {
	err := h.DB.Do(r.Context(), now, func(tx *db.Tx) error {
		return inbox.Count(tx, hook.Location, hook.Connection, what, 1)
	})
	if err != nil {
		h.Log.Error("a refused webhook could not be counted", "connection", hook.Connection, "error", err)
	}
	return status
}

func (h *Hooks) publicURL(u *url.URL) *url.URL {
	public, err := url.Parse(strings.TrimSuffix(h.Public, "/") + u.RequestURI())
	if err != nil {
		return u
	}
	return public
}
