package lookup_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/tenant"
)

// A hearing source takes webhooks, has a list, and knows what it subscribes to.
type hearing struct {
	*lister
	state    connect.SubscriptionState
	stays    bool  // restoring does not help
	refuses  error // of restoring
	restores []string
	looks    int
}

func (h *hearing) Verify(connect.Request) error                   { return nil }
func (h *hearing) Split(connect.Request) ([]connect.Event, error) { return nil, nil }
func (h *hearing) Cure() string                                   { return "switch it on" }
func (h *hearing) Subscriptions(context.Context) ([]connect.Subscription, error) {
	h.looks++
	return []connect.Subscription{{Name: "everything", State: h.state, Why: "it was switched off"}}, nil
}

func (h *hearing) Restore(_ context.Context, kept string) (string, error) {
	h.restores = append(h.restores, kept)
	if h.refuses != nil {
		return kept, h.refuses
	}
	if h.state == connect.Off && !h.stays {
		h.state = connect.Held
	}
	return kept + "+", nil
}

// hearing lets the source be one that takes webhooks, listened to since an hour ago.
func (s *shop) hearing(state connect.SubscriptionState) *hearing {
	s.t.Helper()
	h := &hearing{lister: &lister{source: s.source}, state: state}
	s.tools["field"] = h
	s.begin()
	s.calls()
	s.listens(time.Hour)
	return h
}

// listens lets time go by in which the program is there.
func (s *shop) listens(d time.Duration) {
	s.t.Helper()
	for end := s.now.Add(d); ; s.now = s.now.Add(5 * time.Minute) {
		if _, _, err := s.lookup.StepSilence(s.t.Context(), s.db, s.now, place); err != nil {
			s.t.Fatal(err)
		}
		s.calls()
		if !s.now.Before(end) {
			return
		}
	}
}

// speaks lets the source tell of something by itself.
func (s *shop) speaks() {
	s.t.Helper()
	r := customer("Dana")
	r.At = s.now
	s.hears(r)
}

// lists lets so many things change, of which its lists alone tell.
func (h *hearing) changes(s *shop, ids ...string) {
	h.list = nil
	for _, id := range ids {
		r := customer("Changed")
		r.ID, r.At = id, s.now
		h.list = append(h.list, r)
	}
}

func (s *shop) item(ref string) errorqueue.Item {
	s.t.Helper()
	var list []errorqueue.Item
	s.do(func(tx *db.Tx) (err error) {
		i, err := errorqueue.Get(tx, place, errorqueue.Source, ref)
		if plumbline.KindOf(err) == plumbline.NotFound {
			return nil
		}
		list = append(list, i)
		return err
	})
	if len(list) == 0 {
		return errorqueue.Item{}
	}
	return list[0]
}

func (s *shop) watched() lookup.Watched {
	s.t.Helper()
	var list []lookup.Watched
	s.do(func(tx *db.Tx) (err error) {
		list, err = lookup.WatchedOf(tx, place)
		return err
	})
	i := slices.IndexFunc(list, func(w lookup.Watched) bool { return w.Connection == "field" })
	if i < 0 {
		s.t.Fatal("nothing is known of how the source tells us")
	}
	return list[i]
}

func TestWhatIsSeenToBeOffIsRestored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		h := s.hearing(connect.Held)
		if w := s.watched(); w.State != "told" || len(h.restores) != 0 {
			t.Fatalf("it is on, and shown as %+v", w)
		}
		looks := h.looks
		s.begin() // the program starts again
		s.calls()
		if h.looks != looks {
			t.Errorf("it was looked at %d times when the program started again within the hour", h.looks-looks)
		}
		h.state = connect.Off
		s.listens(lookup.WatchEvery)
		if w := s.watched(); w.State != "told" || w.Restores != 1 || w.Restored.IsZero() || !strings.Contains(w.Note, "switched off") || h.state != connect.Held {
			t.Errorf("it was switched off, and is shown as %+v", w)
		}
		if i := s.item("field/webhooks"); i.State == "open" {
			t.Errorf("it was restored, and people are told %+v", i)
		}
	})
}

func TestWhatCannotBeRestoredIsToldOnceAndClosesByItself(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*hearing)
		asked  bool
	}{
		{"asking does not help", func(h *hearing) { h.state, h.stays = connect.Off, true }, true},
		{"asking is refused", func(h *hearing) {
			h.state, h.refuses = connect.Off, &connect.Error{Class: connect.Human, Msg: "no"}
		}, true},
		{"another is told", func(h *hearing) { h.state = connect.Elsewhere }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, dbtest.Open(t))
			h := s.hearing(connect.Held)
			c.change(h)
			s.listens(3 * lookup.WatchEvery)
			i := s.item("field/webhooks")
			if i.State != "open" || i.Cure == "" || !strings.Contains(i.Cure, "switch it on") || (len(h.restores) > 0) != c.asked {
				t.Fatalf("%d times asked, and people see %+v", len(h.restores), i)
			}
			if i.Opened.After(noon.Add(2*time.Hour + 10*time.Minute)) {
				t.Errorf("it was opened anew at %s, want once", i.Opened)
			}
			h.state = connect.Held
			s.listens(lookup.WatchEvery)
			if i := s.item("field/webhooks"); i.State != "done" {
				t.Errorf("it holds again, and people see %+v", i)
			}
		})
	}
}

func TestListsThatTellWhatNoWebhookDidShowThatItIsOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.now = time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC) // Monday at eight
		h := s.hearing(connect.Hidden)
		looks := h.looks
		s.speaks()
		s.listens(30 * time.Minute)
		h.changes(s, "c/5", "c/6")
		s.listens(2 * time.Hour)
		if len(h.restores) != 0 {
			t.Fatal("two things that no webhook told of are taken for proof")
		}
		h.changes(s, "c/7")
		s.listens(80 * time.Minute)
		if w := s.watched(); len(h.restores) != 1 || w.State != "restored" || !strings.Contains(w.Note, "customer/c/7") {
			t.Fatalf("three things were told by lists alone; asked %d times, shown as %+v", len(h.restores), w)
		}
		if i := s.item("field/webhooks"); i.State != "" {
			t.Errorf("before it is known whether asking helps people see %+v", i)
		}
		s.listens(20 * time.Minute)
		h.changes(s, "c/8", "c/9", "c/10")
		s.listens(80 * time.Minute)
		i := s.item("field/webhooks")
		if i.State != "open" || len(h.restores) != 1 || !strings.Contains(i.Detail, "customer/c/9") {
			t.Errorf("asking has not helped; asked %d times, and people see %+v", len(h.restores), i)
		}
		s.speaks()
		s.listens(20 * time.Minute)
		if w := s.watched(); w.State != "told" || s.item("field/webhooks").State != "done" {
			t.Errorf("it is heard again, shown as %+v and %+v", w, s.item("field/webhooks"))
		}
		if h.looks != looks {
			t.Errorf("what cannot be seen was looked at %d times", h.looks-looks)
		}
	})
}

func TestWhatIsNoProofThatASourceDoesNotTell(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(s *shop, h *hearing)
	}{
		{"it was heard since", func(s *shop, h *hearing) {
			h.changes(s, "c/5", "c/6", "c/7")
			s.now = s.now.Add(20 * time.Minute)
			s.speaks()
		}},
		{"a webhook may be on its way", func(s *shop, h *hearing) {
			s.listens(40 * time.Minute)
			s.now = s.now.Truncate(time.Hour).Add(50 * time.Minute)
			h.changes(s, "c/5", "c/6", "c/7")
		}},
		{"nobody was there to hear it", func(s *shop, h *hearing) {
			h.changes(s, "c/5", "c/6", "c/7")
			s.now = s.now.Add(2 * time.Hour)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, dbtest.Open(t))
			h := s.hearing(connect.Hidden)
			c.do(s, h)
			s.listens(70 * time.Minute)
			if w := s.watched(); len(h.restores) != 0 || w.State == "off" {
				t.Errorf("asked %d times, shown as %+v", len(h.restores), w)
			}
		})
	}
}

// spoke lets the source have spoken every quarter of an hour on Mondays, from seven to five.
func (s *shop) spoke(weeks int) {
	s.t.Helper()
	s.do(func(tx *db.Tx) error {
		var list []plumbline.Delivery
		for week := 1; week <= weeks; week++ {
			day := time.Date(2026, 3, 2-7*week, 13, 0, 0, 0, time.UTC)
			for at := day; at.Before(day.Add(10 * time.Hour)); at = at.Add(5 * time.Minute) {
				list = append(list, plumbline.Delivery{Location: place, Connection: "field", Tool: "plain", Event: "changed", Received: at})
			}
		}
		return inbox.Hear(tx, place, list...)
	})
}

func TestASourceThatIsTooSilentIsShownUntilItSpeaks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) // Monday at six
		s.spoke(6)
		s.hearing(connect.Hidden)
		s.speaks()
		s.listens(50 * time.Minute)
		if i := s.item("field/silence"); i.State != "" {
			t.Fatalf("after less than an hour people see %+v", i)
		}
		s.listens(time.Hour)
		i := s.item("field/silence")
		if w := s.watched(); i.State != "open" || i.Cure == "" || !strings.Contains(i.Detail, "nothing was heard") || w.Silent.IsZero() {
			t.Fatalf("after two hours people see %+v, and it is shown as %+v", i, s.watched())
		}
		s.listens(time.Hour)
		if again := s.item("field/silence"); again.Tries != i.Tries {
			t.Errorf("it was opened %d times, want once", again.Tries)
		}
		s.speaks()
		s.listens(20 * time.Minute)
		if w := s.watched(); s.item("field/silence").State != "done" || !w.Silent.IsZero() {
			t.Errorf("it speaks again, and people see %+v", s.item("field/silence"))
		}
	})
}

func TestAProgramThatWasAwayRaisesNoAlarm(t *testing.T) {
	s := open(t, dbtest.Open(t))
	s.now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s.spoke(6)
	s.hearing(connect.Hidden)
	s.speaks()
	s.now = s.now.Add(5 * time.Hour)
	s.listens(40 * time.Minute)
	if i := s.item("field/silence"); i.State != "" {
		t.Errorf("the program was away, and people see %+v", i)
	}
	s.do(func(tx *db.Tx) error { return tenant.Switch(tx, place, "field", tenant.Off) })
	s.listens(5 * time.Hour)
	if i := s.item("field/silence"); i.State != "" {
		t.Errorf("the connection is off, and people see %+v", i)
	}
}

func TestAPersonMayHaveASourceLookedAtAnew(t *testing.T) {
	s := open(t, dbtest.Open(t))
	h := s.hearing(connect.Elsewhere)
	if s.item("field/webhooks").State != "open" {
		t.Fatal("another is told, and nobody sees it")
	}
	looks := h.looks
	h.state = connect.Held
	s.do(func(tx *db.Tx) error { return lookup.Again(tx, place, "field") })
	s.calls()
	if w := s.watched(); h.looks != looks+1 || w.State != "told" || s.item("field/webhooks").State != "done" {
		t.Errorf("looked at %d times, shown as %+v", h.looks-looks, w)
	}
}
