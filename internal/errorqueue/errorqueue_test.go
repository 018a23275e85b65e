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

func do(t *testing.T, d *db.DB, at time.Time, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Do(t.Context(), at, f); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, d *db.DB, at time.Time, ref, cause string) {
	t.Helper()
	do(t, d, at, func(tx *db.Tx) error {
		return errorqueue.Open(tx, errorqueue.Item{Location: "a", Kind: errorqueue.Delivery, Ref: ref, Cause: cause, Title: "it failed for dana@example.com",
			Cure: "mend it", Detail: "call +1 208 555 0142"})
	})
}

func closeItem(t *testing.T, d *db.DB, at time.Time, ref string) {
	t.Helper()
	do(t, d, at, func(tx *db.Tx) error { return errorqueue.Close(tx, "a", errorqueue.Delivery, ref, "done", "mended") })
}

// shown is how many items want a person at an instant.
func shown(t *testing.T, d *db.DB, at time.Time) (n int) {
	t.Helper()
	err := d.View(t.Context(), at, func(tx *db.Tx) error {
		list, err := errorqueue.List(tx, "a")
		n = len(list)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestItemsOfOneCauseAreOneRowAndReplayedInOrderOfReceipt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		do(t, d, noon, func(tx *db.Tx) error {
			for i := range 400 { // all fail at one instant
				err := errorqueue.Open(tx, errorqueue.Item{Location: "a", Kind: errorqueue.Delivery, Ref: fmt.Sprint("d", i), Cause: "field amount is no number",
					Received: noon.Add(-time.Duration(i) * time.Second)})
				if err != nil {
					return err
				}
			}
			return errorqueue.Assign(tx, "a", errorqueue.Delivery, "d7", "Kim")
		})
		open(t, d, noon.Add(-time.Minute), "other", "another cause")
		do(t, d, noon.Add(time.Hour), func(tx *db.Tx) error {
			causes, err := errorqueue.Causes(tx, "a")
			if err != nil {
				return err
			}
			if len(causes) != 2 || causes[1].Items != 400 || !causes[1].Oldest.Equal(noon) || fmt.Sprint(causes[1].Assignees) != "[Kim]" {
				t.Errorf("causes %+v", causes)
			}
			items, err := errorqueue.OfCause(tx, "a", causes[1].Cause)
			if len(items) != 400 || items[0].Ref != "d399" || items[399].Ref != "d0" {
				t.Errorf("%d items, from %s to %s; want all 400 in the order of receipt", len(items), items[0].Ref, items[len(items)-1].Ref)
			}
			return err
		})
	})
}

func TestOpenedAgainAnItemKeepsItsAgeAndCounts(t *testing.T) {
	d := dbtest.Open(t)
	open(t, d, noon, "x", "cause")
	open(t, d, noon.Add(time.Hour), "x", "cause")
	do(t, d, noon.Add(2*time.Hour), func(tx *db.Tx) error {
		i, err := errorqueue.Get(tx, "a", errorqueue.Delivery, "x")
		if i.Tries != 2 || !i.Opened.Equal(noon) {
			t.Errorf("got %+v, want two tries since noon", i)
		}
		return err
	})
}

func TestASnoozedItemComesBackByTheStepThatIsDueAndNotByLooking(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		open(t, d, noon, "x", "cause")
		until := noon.Add(3 * time.Hour)
		do(t, d, noon, func(tx *db.Tx) error { return errorqueue.Snooze(tx, "a", errorqueue.Delivery, "x", until) })
		open(t, d, noon.Add(time.Hour), "x", "cause") // it fails again, as it was expected to
		worked, next, err := errorqueue.Step(t.Context(), d, noon.Add(time.Hour), "a")
		if worked || !next.Equal(until) || err != nil {
			t.Errorf("Step = %v, %v, %v; want nothing to do until %v", worked, next, err, until)
		}
		if n := shown(t, d, until.Add(time.Hour)); n != 0 {
			t.Errorf("%d items are shown before the step, want none", n)
		}
		if worked, _, err := errorqueue.Step(t.Context(), d, until, "a"); !worked || err != nil {
			t.Errorf("Step = %v, %v at the time of the snooze, want it to work", worked, err)
		}
		if n := shown(t, d, until); n != 1 {
			t.Errorf("%d items are shown after the step, want the one", n)
		}
		if worked, next, err := errorqueue.Step(t.Context(), d, until, "a"); worked || !next.IsZero() || err != nil {
			t.Errorf("Step = %v, %v, %v with nothing snoozed", worked, next, err)
		}
	})
}

func TestASnoozeHidesNothingOfAnotherCause(t *testing.T) {
	d := dbtest.Open(t)
	open(t, d, noon, "x", "cause")
	do(t, d, noon, func(tx *db.Tx) error {
		return errorqueue.Snooze(tx, "a", errorqueue.Delivery, "x", noon.Add(time.Hour))
	})
	open(t, d, noon.Add(time.Minute), "x", "it fails otherwise")
	if n := shown(t, d, noon.Add(time.Minute)); n != 1 {
		t.Errorf("%d items are shown, want the one that fails otherwise", n)
	}
}

func TestAnItemIsToldOfOnceUntilItIsOpenedAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		open(t, d, noon, "x", "cause")
		tell := func(at time.Time) (n int) {
			do(t, d, at, func(tx *db.Tx) error {
				list, err := errorqueue.Overdue(tx, "a", at.Add(-time.Hour))
				if n = len(list); err != nil || n == 0 {
					return err
				}
				return errorqueue.Tell(tx, "a", list)
			})
			return n
		}
		if n := tell(noon.Add(59 * time.Minute)); n != 0 {
			t.Errorf("told of %d items before their limit", n)
		}
		if a, b := tell(noon.Add(time.Hour)), tell(noon.Add(2*time.Hour)); a != 1 || b != 0 {
			t.Errorf("told of %d items, then %d; want 1, then none", a, b)
		}
		open(t, d, noon.Add(3*time.Hour), "x", "cause") // another try is the same item
		if n := tell(noon.Add(5 * time.Hour)); n != 0 {
			t.Errorf("tried again and failed, told of %d items; want none", n)
		}
		closeItem(t, d, noon.Add(5*time.Hour), "x")
		if n := tell(noon.Add(6 * time.Hour)); n != 0 {
			t.Errorf("told of %d items that are closed", n)
		}
		open(t, d, noon.Add(7*time.Hour), "x", "cause")
		if n := tell(noon.Add(8 * time.Hour)); n != 1 {
			t.Errorf("opened anew, told of %d items; want 1", n)
		}
	})
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
