package connecttest

import (
	"context"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// Sender is the harness of TestSender.
type Sender struct {
	connect.Sender
	To, Nobody string // numbers that can get texts; Nobody never gets one here
	Now        func() time.Time
	Advance    func(time.Duration)
	// Lose makes the next call lose its answer after it was carried out.
	Lose func()
}

// TestSender checks what notify relies on: what was sent can be found, also when the
// answer to sending it was lost.
func TestSender(t *testing.T, h Sender) {
	ctx := t.Context()
	send := func(t *testing.T, body, attempt string) connect.Sent {
		t.Helper()
		sent, err := h.Send(ctx, connect.Text{To: h.To, Body: body, Attempt: attempt, Valid: time.Hour})
		if err != nil || sent.ID == "" {
			t.Fatalf("Send(%q) = %+v, %v", body, sent, err)
		}
		return sent
	}
	find := func(t *testing.T, to string, since time.Time) []connect.FoundText {
		t.Helper()
		found, err := h.FindSent(ctx, to, since)
		if err != nil {
			t.Fatalf("FindSent: %v", err)
		}
		return found
	}
	t.Run("what was sent is found by its id, newest first", func(t *testing.T) {
		since := h.Now()
		first := send(t, "one", "attempt-1")
		h.Advance(2 * time.Second)
		second := send(t, "two", "attempt-2")
		h.Advance(h.Settling())
		found := find(t, h.To, since)
		if len(found) != 2 || found[0].ID != second.ID || found[1].ID != first.ID || found[1].Body != "one" {
			t.Errorf("FindSent = %+v, want %s and %s", found, second.ID, first.ID)
		}
		if first.ID == second.ID {
			t.Errorf("two texts have the same id %s", first.ID)
		}
	})
	t.Run("nothing is found for others, or long after", func(t *testing.T) {
		if found := find(t, h.Nobody, h.Now().Add(-24*time.Hour)); len(found) != 0 {
			t.Errorf("FindSent(nobody) = %+v, want nothing", found)
		}
		h.Advance(time.Hour)
		if found := find(t, h.To, h.Now()); len(found) != 0 {
			t.Errorf("FindSent(since now) = %+v, want nothing", found)
		}
	})
	t.Run("a text whose answer was lost is unknown, and found once", func(t *testing.T) {
		since := h.Now()
		h.Lose()
		_, err := h.Send(ctx, connect.Text{To: h.To, Body: "lost", Attempt: "attempt-3"})
		if err == nil || connect.AsError(err).Class != connect.Unknown {
			t.Fatalf("Send with a lost answer = %v, want an error of class unknown", err)
		}
		h.Advance(h.Settling())
		if found := find(t, h.To, since); len(found) != 1 || found[0].Body != "lost" {
			t.Errorf("FindSent = %+v, want the lost text once", found)
		}
	})
	t.Run("a canceled call is an error", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := h.FindSent(ctx, h.To, h.Now()); err == nil {
			t.Error("FindSent with a canceled context = nil error")
		}
	})
}
