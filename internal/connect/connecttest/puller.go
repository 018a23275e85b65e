package connecttest

import (
	"slices"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// Puller is the harness of TestPuller, against a source that holds some objects.
type Puller struct {
	connect.Puller
	connect.Decoder
	Tool    string
	Has     map[string][]string // stream to the ids that it holds
	Now     func() time.Time
	Advance func(time.Duration)
	// Touch changes an object in the source; nil: the source cannot.
	Touch func(stream, id string)
}

// TestPuller checks what polling relies on: an empty cursor reads everything, cursors
// can be kept and used again, and later polls bring what changed.
func TestPuller(t *testing.T, h Puller) {
	if len(h.Streams()) == 0 {
		t.Fatal("there are no streams")
	}
	for _, stream := range h.Streams() {
		t.Run(stream, func(t *testing.T) { h.testStream(t, stream) })
	}
	t.Run("an unknown stream is an error", func(t *testing.T) {
		if _, err := h.Pull(t.Context(), "no such stream", ""); err == nil {
			t.Error("Pull(no such stream) = nil error")
		}
	})
	t.Run("a cursor that cannot be read needs a person", func(t *testing.T) {
		_, err := h.Pull(t.Context(), h.Streams()[0], "\x00 no cursor")
		if err == nil || connect.AsError(err).Class != connect.Human {
			t.Errorf("Pull(bad cursor) = %v, want an error of class human", err)
		}
	})
}

func (h Puller) testStream(t *testing.T, stream string) {
	want := h.Has[stream]
	got, cursor, through := h.drain(t, stream, "")
	for _, id := range want {
		if !slices.Contains(got, id) {
			t.Errorf("everything = %d objects, without %s", len(got), id)
		}
	}
	if through.After(h.Now()) {
		t.Errorf("through = %v, later than now", through)
	}
	if h.Touch == nil || len(want) == 0 {
		return
	}
	h.Advance(time.Hour)
	h.Touch(stream, want[0])
	h.Advance(time.Minute)
	got, next, later := h.drain(t, stream, cursor)
	if !slices.Contains(got, want[0]) {
		t.Errorf("the next poll = %v, without %s, which changed", got, want[0])
	}
	if later.Before(through) {
		t.Errorf("through went back from %v to %v", through, later)
	}
	if again, _, _ := h.drain(t, stream, cursor); !slices.Contains(again, want[0]) {
		t.Errorf("the same cursor again = %v, without %s", again, want[0])
	}
	h.drain(t, stream, next)
}

// drain pulls until there is no more, and decodes what it got.
func (h Puller) drain(t *testing.T, stream, cursor string) (ids []string, next string, through time.Time) {
	t.Helper()
	for range 10_000 {
		began := h.Now()
		p, err := h.Pull(t.Context(), stream, cursor)
		if err != nil {
			t.Fatalf("Pull(%s, %s): %v", stream, cursor, err)
		}
		for _, a := range p.Answers {
			ids = append(ids, a.Object)
			CheckDecode(t, h.Decoder, plumbline.Delivery{
				Tool: h.Tool, Event: "read", Object: a.Object, Body: a.Body, Read: began, Received: h.Now(),
			})
		}
		cursor = p.Next
		if !p.More {
			return ids, cursor, p.Through
		}
	}
	t.Fatalf("the stream %s has no end", stream)
	return nil, "", time.Time{}
}
