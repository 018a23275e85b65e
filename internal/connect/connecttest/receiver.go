package connecttest

import (
	"bytes"
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// Receiver is the harness of TestReceiver.
type Receiver struct {
	connect.Receiver
	// Sign makes the request that the vendor would make of a body at an instant, with
	// Received set to that instant.
	Sign   func(body []byte, at time.Time) connect.Request
	Bodies [][]byte          // that the vendor sends, each a different event
	Window time.Duration     // how far a signature's date may be off; zero: it bears none
	Pings  []connect.Request // test calls that carry nothing
}

// TestReceiver checks what the inbox relies on: only the vendor's own bytes are
// accepted, and cutting them into events is repeatable and loses nothing.
func TestReceiver(t *testing.T, h Receiver) {
	at := time.Date(2026, 5, 5, 14, 0, 0, 0, time.UTC)
	t.Run("what the vendor signed is accepted, twice", func(t *testing.T) {
		for _, body := range h.Bodies {
			r := h.Sign(body, at)
			for range 2 {
				if err := h.Verify(r); err != nil {
					t.Errorf("Verify(%.60q) = %v, want nil", body, err)
				}
			}
		}
	})
	t.Run("a changed body is refused", func(t *testing.T) {
		for _, body := range h.Bodies {
			for i := 0; i < len(body); i += 1 + len(body)/50 {
				r := h.Sign(body, at)
				r.Body = bytes.Clone(body)
				r.Body[i] ^= 0x01
				h.mustRefuse(t, r, "byte %d changed", i)
			}
			r := h.Sign(body, at)
			r.Body = append(bytes.Clone(body), 'x')
			h.mustRefuse(t, r, "a byte added")
		}
	})
	t.Run("a missing or foreign signature is refused", func(t *testing.T) {
		for _, body := range h.Bodies {
			r := h.Sign(body, at)
			signed := r.Header
			r.Header = http.Header{}
			h.mustRefuse(t, r, "no headers")
			for name := range signed {
				if name == "Content-Type" {
					continue
				}
				for _, other := range []string{"", "0", "\x00", "sha256=", "garbage"} {
					r.Header = signed.Clone()
					r.Header.Set(name, other)
					h.mustRefuse(t, r, "%s set to %q", name, other)
				}
			}
		}
	})
	if h.Window > 0 {
		t.Run("a signature holds within its window only, on both sides", func(t *testing.T) { h.testWindow(t, at) })
	}
	t.Run("a test call carries nothing", func(t *testing.T) {
		for _, r := range h.Pings {
			if err := h.Verify(r); !errors.Is(err, connect.ErrPing) {
				t.Errorf("Verify(%q) = %v, want ErrPing", r.Body, err)
			}
		}
	})
	t.Run("splitting is repeatable and keeps the bytes", func(t *testing.T) { h.testSplit(t, at) })
	t.Run("garbage is an event or an error, never a panic", func(t *testing.T) {
		for _, garbage := range []string{"", "{", "[]", "null", "%", "a=%zz", "\xff\xfe", `{"event":{}}`, `{"event":1,"job":[]}`} {
			r := h.Sign([]byte(garbage), at)
			events, err := h.Split(r)
			if err == nil && len(events) == 0 {
				t.Errorf("Split(%q) = no event and no error: it would be lost", garbage)
			}
		}
	})
}

func (h Receiver) mustRefuse(t *testing.T, r connect.Request, format string, args ...any) {
	t.Helper()
	if err := h.Verify(r); !errors.Is(err, connect.ErrSignature) {
		t.Errorf("Verify with "+format+" = %v, want ErrSignature", append(args, err)...)
	}
}

func (h Receiver) testWindow(t *testing.T, at time.Time) {
	for _, c := range []struct {
		off  time.Duration
		good bool
	}{{h.Window, true}, {-h.Window, true}, {h.Window + time.Second, false}, {-h.Window - time.Second, false}, {240 * time.Hour, false}} {
		r := h.Sign(h.Bodies[0], at)
		r.Received = at.Add(c.off)
		if err := h.Verify(r); (err == nil) != c.good {
			t.Errorf("Verify %v after the signature = %v, want accepted %v", c.off, err, c.good)
		}
	}
}

func (h Receiver) testSplit(t *testing.T, at time.Time) {
	keys := map[string]int{}
	for i, body := range h.Bodies {
		r := h.Sign(body, at)
		before := bytes.Clone(r.Body)
		events, err := h.Split(r)
		again, _ := h.Split(r)
		if err != nil || len(events) == 0 {
			t.Errorf("Split(%.60q) = %v, %v, want events", body, events, err)
		}
		if !reflect.DeepEqual(events, again) {
			t.Errorf("Split(%.60q) twice = %v and %v", body, events, again)
		}
		if !bytes.Equal(r.Body, before) {
			t.Errorf("Split(%.60q) changed the body", body)
		}
		for _, e := range events {
			if len(e.Body) == 0 || e.Event == "" {
				t.Errorf("Split(%.60q) made an event without body or name: %+v", body, e)
			}
			if other, taken := keys[e.Key]; e.Key != "" && taken && other != i {
				t.Errorf("bodies %d and %d have the same key %q", other, i, e.Key)
			}
			keys[e.Key] = i
		}
	}
}
