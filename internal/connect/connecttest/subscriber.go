package connecttest

import (
	"testing"

	"plumbline.dev/plumbline/internal/connect"
)

// Subscriber is the harness of TestSubscriber, against a vendor that tells us what happens.
type Subscriber struct {
	connect.Subscriber
	// Tells says whether the vendor would tell us now.
	Tells func() bool
	// Stop lets the vendor tell us nothing any more.
	Stop func()
}

// TestSubscriber checks what watching relies on: what is seen is true, and restoring makes
// the vendor tell us again, however often it is done.
func TestSubscriber(t *testing.T, h Subscriber) {
	h.look(t, connect.Held)
	h.Stop()
	h.look(t, connect.Off)
	kept := ""
	for range 2 {
		var err error
		if kept, err = h.Restore(t.Context(), kept); err != nil || !h.Tells() {
			t.Fatalf("Restore = %v, and the vendor tells us: %v", err, h.Tells())
		}
		h.look(t, connect.Held)
	}
	if h.Cure() == "" {
		t.Error("there is no word on what a person can do")
	}
}

// look checks that what can be seen stands as it should.
func (h Subscriber) look(t *testing.T, want connect.SubscriptionState) {
	t.Helper()
	list, err := h.Subscriptions(t.Context())
	if err != nil || len(list) == 0 {
		t.Fatalf("Subscriptions = %v, %v, want one at least", list, err)
	}
	for _, s := range list {
		if s.Name == "" || s.State != connect.Hidden && s.State != want || s.State == connect.Off && s.Why == "" {
			t.Errorf("Subscriptions = %+v, want state %d or hidden", s, want)
		}
	}
}
