package errorqueue_test

import (
	"fmt"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/errorqueue"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, d *db.DB, at time.Time, ref, cause string) {
	t.Helper()
	err := d.Do(t.Context(), at, func(tx *db.Tx) error {
		return errorqueue.Open(tx, errorqueue.Item{Location: "a", Kind: errorqueue.Delivery, Ref: ref, Cause: cause, Title: "it failed for dana@example.com",
			Cure: "mend it", Detail: "call +1 208 555 0142"})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestItemsOfOneCauseAreOneRowAndReplayedInOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for i := range 400 {
			open(t, d, noon.Add(time.Duration(400-i)*time.Second), fmt.Sprint("d", i), "field amount is no number")
		}
		open(t, d, noon, "other", "another cause")
		err := d.Do(t.Context(), noon.Add(time.Hour), func(tx *db.Tx) error {
			causes, err := errorqueue.Causes(tx, "a")
			if err != nil {
				return err
			}
			if len(causes) != 2 || causes[1].Items != 400 || !causes[1].Oldest.Equal(noon.Add(time.Second)) {
				t.Errorf("causes %+v", causes)
			}
			items, err := errorqueue.Retrying(tx, "a", causes[1].Cause)
			if len(items) != 400 || items[0].Ref != "d399" || items[399].Ref != "d0" {
				t.Errorf("%d items, from %s to %s; want all 400 in the order in which they were opened", len(items), items[0].Ref, items[len(items)-1].Ref)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestOpenedAgainAnItemKeepsItsAgeAndCounts(t *testing.T) {
	d := dbtest.Open(t)
	open(t, d, noon, "x", "cause")
	open(t, d, noon.Add(time.Hour), "x", "cause")
	err := d.Do(t.Context(), noon.Add(2*time.Hour), func(tx *db.Tx) error {
		i, err := errorqueue.Get(tx, "a", errorqueue.Delivery, "x")
		if i.Tries != 2 || !i.Opened.Equal(noon) {
			t.Errorf("got %+v, want two tries since noon", i)
		}
		if err := errorqueue.Snooze(tx, "a", errorqueue.Delivery, "x", tx.Now.Add(time.Hour)); err != nil {
			return err
		}
		if left, err := errorqueue.List(tx, "a", false); len(left) != 0 {
			t.Errorf("snoozed, it is still shown: %+v, %v", left, err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.View(t.Context(), noon.Add(4*time.Hour), func(tx *db.Tx) error {
		left, err := errorqueue.List(tx, "a", false)
		if len(left) != 1 {
			t.Errorf("%d items after the snooze, want it back", len(left))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsShownIsMasked(t *testing.T) {
	for in, want := range map[string]string{
		"text to +12085550142 failed":         "text to …42 failed",
		"dana.w@example.com is not a mailbox": "…@example.com is not a mailbox",
		"HTTP 400 after 3 tries":              "HTTP 400 after 3 tries",
		"call (480) 555-0190 first":           "call …90 first",
		"call (480)5550190":                   "call …90",
		"(4805550190)":                        "(…90)",
		"+1 (480) 555-0190 or 480.555.0191":   "…90 or …91",
		"on 2026-05-04 15:00 nobody came":     "on 2026-05-04 15:00 nobody came",
		"2026-05-04 480-555-0190":             "2026-05-04 …90",
	} {
		if got := errorqueue.Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
	if a, b := errorqueue.Shape(`customer cus_81 says "Dana"`), errorqueue.Shape(`customer cus_92 says "Lee"`); a != b {
		t.Errorf("one cause has two shapes: %q and %q", a, b)
	}
}
