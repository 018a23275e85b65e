package inbox_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/inbox"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func do(t *testing.T, d *db.DB, now time.Time, f func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Do(t.Context(), now, f); err != nil {
		t.Fatal(err)
	}
}

func delivery(key, body string) plumbline.Delivery {
	return plumbline.Delivery{Location: "a", Connection: "hcp", Tool: "housecallpro", Key: key, Event: "job.updated", Object: "job_1", Body: []byte(body)}
}

// keep keeps deliveries at an instant and returns how many were new.
func keep(t *testing.T, d *db.DB, now time.Time, list ...plumbline.Delivery) (fresh int) {
	t.Helper()
	packed := make([]inbox.Packed, len(list))
	for i, one := range list {
		packed[i] = inbox.Pack(one)
	}
	do(t, d, now, func(tx *db.Tx) (err error) { fresh, err = inbox.Keep(tx, packed...); return err })
	return fresh
}

func settle(t *testing.T, d *db.DB, key string, to plumbline.State, reason string) (moved int64) {
	t.Helper()
	do(t, d, noon, func(tx *db.Tx) (err error) {
		moved, err = inbox.Settle(tx, []inbox.Verdict{{Location: "a", Connection: "hcp", Key: key, State: to, Reason: reason}})
		return err
	})
	return moved
}

func tally(t *testing.T, d *db.DB, location string, from, through time.Time) (lines []inbox.Line) {
	t.Helper()
	do(t, d, noon, func(tx *db.Tx) (err error) { lines, err = inbox.Tally(tx, location, from, through); return err })
	return lines
}

func keys(list []plumbline.Delivery) (out []string) {
	for _, d := range list {
		out = append(out, d.Key)
	}
	return out
}

func TestADeliveryIsReadBackAsItCame(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		want := plumbline.Delivery{Location: "a", Connection: "hubspot", Key: "k", Tool: "hubspot", Event: "read", Object: "7", Subject: "+12085550142",
			Attempt: "at_1", Received: noon.Add(-time.Minute), Read: noon.Add(-2 * time.Minute), Replaces: "bad",
			Body: append([]byte{0, 0xff, '\n'}, bytes.Repeat([]byte("long "), 5000)...), Echoes: map[string][]string{"7": {"email", "phone"}}}
		keep(t, d, noon, want)
		do(t, d, noon, func(tx *db.Tx) error {
			got, state, _, err := inbox.Get(tx, "a", "hubspot", "k")
			if diff := cmp.Diff(want, got); diff != "" || state != plumbline.Waiting {
				t.Errorf("it is %s, and reads back otherwise (-kept +read):\n%s", state, diff)
			}
			return err
		})
	})
}

func TestARedeliveryIsCountedAndChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if fresh := keep(t, d, noon, delivery("evt_1", "first")); fresh != 1 {
			t.Fatalf("%d were new, want one", fresh)
		}
		settle(t, d, "evt_1", plumbline.Applied, "")
		if fresh := keep(t, d, noon.Add(time.Hour), delivery("evt_1", "the vendor promises that this is the same"), delivery("evt_1", "first")); fresh != 0 {
			t.Errorf("%d were new, want none", fresh)
		}
		do(t, d, noon, func(tx *db.Tx) error {
			got, state, _, err := inbox.Get(tx, "a", "hcp", "evt_1")
			if string(got.Body) != "first" || state != plumbline.Applied || !got.Received.Equal(noon) {
				t.Errorf("now it is %s and says %q, received %v", state, got.Body, got.Received)
			}
			return err
		})
		want := []inbox.Line{{Connection: "hcp", Day: "2026-05-04", Received: 3, Applied: 1, Ignored: 2, Duplicates: 2}}
		if diff := cmp.Diff(want, tally(t, d, "a", noon, noon)); diff != "" {
			t.Errorf("the tally (-want +got):\n%s", diff)
		}
	})
}

// Where the vendor promises no id, the bytes are the name.
func TestDifferentBytesAreNeverOneDelivery(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		other := delivery("", "one")
		other.Event = "job.created"
		elsewhere := delivery("", "one")
		elsewhere.Connection = "hcp2"
		stranger := delivery("", "one")
		stranger.Location = "b"
		if fresh := keep(t, d, noon, delivery("", "one"), delivery("", "two"), delivery("", "one"), other, elsewhere, stranger, delivery("", "one ")); fresh != 6 {
			t.Errorf("%d were new, want six: only the same bytes of the same event of one connection are the same", fresh)
		}
	})
	// An event's name cannot run over into the body.
	if inbox.Digest("ab", []byte("c")) == inbox.Digest("a", []byte("bc")) {
		t.Error("two events have one digest")
	}
}

func TestADeliveryIsInOneStateAndLeavesItWhereItMay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		state := func(key string, want plumbline.State, reason string) {
			t.Helper()
			do(t, d, noon, func(tx *db.Tx) error {
				_, got, why, err := inbox.Get(tx, "a", "hcp", key)
				if got != want || why != reason {
					t.Errorf("%s is %s (%s), want %s (%s)", key, got, why, want, reason)
				}
				return err
			})
		}
		keep(t, d, noon, delivery("one", "1"), delivery("two", "2"))
		if settle(t, d, "one", plumbline.Failed, "it cannot be read") != 1 {
			t.Error("what waits did not move")
		}
		state("one", plumbline.Failed, "it cannot be read")
		state("two", plumbline.Waiting, "")
		do(t, d, noon, func(tx *db.Tx) error { return inbox.Retry(tx, "a", "hcp", "one") })
		state("one", plumbline.Waiting, "")
		settle(t, d, "one", plumbline.Failed, "it cannot be read")
		settle(t, d, "one", plumbline.Ignored, "skipped")
		state("one", plumbline.Ignored, "skipped")
		if settle(t, d, "one", plumbline.Applied, "") != 0 {
			t.Error("what was skipped has been applied")
		}
		state("one", plumbline.Ignored, "skipped")
		for _, key := range []string{"two", "nothing"} { // one that waits, one that is not there
			err := d.Do(t.Context(), noon, func(tx *db.Tx) error { return inbox.Retry(tx, "a", "hcp", key) })
			if plumbline.KindOf(err) != plumbline.NotFound {
				t.Errorf("retry %s: %v, want that there is no failed one", key, err)
			}
		}
		do(t, d, noon, func(tx *db.Tx) error {
			left, err := inbox.StillWaiting(tx, []plumbline.Delivery{delivery("one", "1"), delivery("two", "2")})
			if !slices.Equal(keys(left), []string{"two"}) {
				t.Errorf("%v wait still, want two", keys(left))
			}
			return err
		})
	})
}

// What people text goes first: an opt-out must not stand behind an import.
func TestPhonesAreHeardBeforeTheRestAndThenInTheOrderOfReceipt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for i, key := range []string{"c", "a", "b"} {
			keep(t, d, noon.Add(time.Duration(i)*time.Second), delivery(key, key))
		}
		stop := delivery("stop", "STOP")
		stop.Connection, stop.Subject = "sms", "+12085550142"
		foreign := delivery("foreign", "x")
		foreign.Location = "b"
		keep(t, d, noon.Add(time.Hour), stop, foreign)
		do(t, d, noon, func(tx *db.Tx) error {
			for limit, want := range map[int][]string{1: {"stop"}, 3: {"stop", "c", "a"}, 9: {"stop", "c", "a", "b"}} {
				list, err := inbox.Waiting(tx, "a", limit)
				if err != nil {
					return err
				}
				if !slices.Equal(keys(list), want) {
					t.Errorf("the first %d are %v, want %v", limit, keys(list), want)
				}
			}
			for number, want := range map[string]bool{"+12085550142": true, "+12085550143": false, "": false} {
				if got, err := inbox.Hears(tx, "a", number); err != nil || got != want {
					t.Errorf("something waits from %q: %v, %v, want %v", number, got, err, want)
				}
			}
			if got, err := inbox.Hears(tx, "b", "+12085550142"); err != nil || got {
				t.Errorf("another location hears it: %v, %v", got, err)
			}
			_, err := inbox.Settle(tx, []inbox.Verdict{{Location: "a", Connection: "sms", Key: "stop", State: plumbline.Applied}})
			if err != nil {
				return err
			}
			if got, err := inbox.Hears(tx, "a", "+12085550142"); err != nil || got {
				t.Errorf("applied, it waits still: %v, %v", got, err)
			}
			return nil
		})
	})
}

func TestWhatHasNoRowIsCountedByDay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		midnight := time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC)
		for _, at := range []time.Time{noon, midnight.Add(-time.Millisecond), midnight} {
			do(t, d, at, func(tx *db.Tx) error {
				for what, n := range map[string]int{"bad_signature": 1, "unknown_account": 2} {
					if err := inbox.Count(tx, "a", "hcp", what, n); err != nil {
						return err
					}
				}
				return nil
			})
		}
		want := []inbox.Line{
			{Connection: "hcp", Day: "2026-05-04", Refused: 2, Unknown: 4},
			{Connection: "hcp", Day: "2026-05-05", Refused: 1, Unknown: 2},
		}
		if diff := cmp.Diff(want, tally(t, d, "a", noon, midnight)); diff != "" {
			t.Errorf("the tally (-want +got):\n%s", diff)
		}
		if got := tally(t, d, "a", midnight, midnight); len(got) != 1 {
			t.Errorf("asked for one day it is %+v", got)
		}
		if got := tally(t, d, "b", noon, midnight); len(got) != 0 {
			t.Errorf("another location counts %+v", got)
		}
	})
}

// Deriving again pages through all that was decided, in the order of its names.
func TestAllThatWasDecidedIsPagedThroughOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var list []plumbline.Delivery
		for i := range 7 {
			one := delivery(fmt.Sprint("k", i), fmt.Sprint(i))
			one.Connection = []string{"hcp", "sms"}[i%2]
			list = append(list, one)
		}
		keep(t, d, noon, list...)
		do(t, d, noon, func(tx *db.Tx) error {
			var verdicts []inbox.Verdict
			for i, one := range list[1:] { // k0 waits
				verdicts = append(verdicts, inbox.Verdict{Location: "a", Connection: one.Connection, Key: one.Key, State: plumbline.State(1 + i%3)})
			}
			_, err := inbox.Settle(tx, verdicts)
			if err != nil {
				return err
			}
			var got []string
			var last plumbline.Delivery
			for {
				page, err := inbox.All(tx, "a", last.Connection, last.Key, 2)
				if err != nil {
					return err
				}
				if len(page) == 0 {
					break
				}
				got, last = append(got, keys(page)...), page[len(page)-1]
			}
			if want := []string{"k2", "k4", "k6", "k1", "k3", "k5"}; !slices.Equal(got, want) {
				t.Errorf("paged through %v, want %v", got, want)
			}
			return nil
		})
	})
}

func TestTheLastAnswerAboutAnObjectIsFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		answer := func(key, body string, at time.Time) plumbline.Delivery {
			a := delivery(key, body)
			a.Event, a.Received = "read", at
			return a
		}
		keep(t, d, noon, answer("a2", "second", noon.Add(time.Minute)), answer("a1", "first", noon), delivery("notice", "a notice of the same object"))
		do(t, d, noon, func(tx *db.Tx) error {
			got, ok, err := inbox.Answered(tx, "a", "hcp", "job_1")
			if !ok || string(got.Body) != "second" {
				t.Errorf("the last answer is %q, %v", got.Body, ok)
			}
			if err != nil {
				return err
			}
			_, ok, err = inbox.Answered(tx, "a", "hcp", "job_2")
			if ok {
				t.Error("an object that nobody asked about has an answer")
			}
			return err
		})
	})
}

// Whatever comes in whatever order, settled or retried, each delivery that was
// received is counted in exactly one state.
func TestTheTallyCloses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		round := 0
		rapid.Check(t, func(r *rapid.T) {
			round++
			location := fmt.Sprint("l", round)
			received := 0
			for range rapid.IntRange(1, 12).Draw(r, "steps") {
				key := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(r, "key")
				err := d.Do(t.Context(), noon, func(tx *db.Tx) error {
					switch rapid.IntRange(0, 2).Draw(r, "what") {
					case 0:
						one := delivery(key, key)
						one.Location, one.Received = location, noon.Add(time.Duration(rapid.IntRange(-30, 30).Draw(r, "hours"))*time.Hour)
						received++
						_, err := inbox.Keep(tx, inbox.Pack(one))
						return err
					case 1:
						_, err := inbox.Settle(tx, []inbox.Verdict{{Location: location, Connection: "hcp", Key: key, State: plumbline.State(rapid.IntRange(1, 3).Draw(r, "state"))}})
						return err
					}
					if err := inbox.Retry(tx, location, "hcp", key); plumbline.KindOf(err) != plumbline.NotFound {
						return err
					}
					return nil
				})
				if err != nil {
					r.Fatal(err)
				}
			}
			var sum int64
			for _, l := range tally(t, d, location, noon.Add(-48*time.Hour), noon.Add(48*time.Hour)) {
				if l.Received != l.Applied+l.Ignored+l.Waiting+l.Failed {
					r.Fatalf("it does not close: %+v", l)
				}
				sum += l.Received
			}
			if sum != int64(received) {
				r.Fatalf("%d were received, the tally has %d", received, sum)
			}
		})
	})
}

func TestWhenASourceSpokeIsNotedOnceAndInAnyOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		at := func(minute int) plumbline.Delivery {
			one := delivery(fmt.Sprint(minute), "{}")
			one.Received = noon.Add(time.Duration(minute) * time.Minute)
			return one
		}
		answer, receipt, ring, edited := at(70), at(80), at(90), at(100)
		answer.Event, answer.Attempt = "read", "a1"
		receipt.Attempt = "a2"
		ring.Connection, ring.Tool = plumbline.Clock, plumbline.Clock
		edited.Replaces = "9"
		for _, list := range [][]plumbline.Delivery{{at(14), at(11), at(59)}, {at(3), at(14)}, {answer, receipt, ring, edited}} {
			do(t, d, noon, func(tx *db.Tx) error { return inbox.Hear(tx, "a", list...) })
		}
		do(t, d, noon, func(tx *db.Tx) error {
			got, err := inbox.HeardSince(tx, "a", "hcp", noon.AddDate(0, 0, -1))
			if want := []inbox.Hour{{Start: noon, Slots: 1<<0 | 1<<2 | 1<<11}}; err != nil || !slices.Equal(got, want) {
				t.Errorf("heard %v, %v, want %v", got, err, want)
			}
			first, last, err := inbox.HeardSpan(tx, "a", "hcp")
			if err != nil || !first.Equal(noon) || !last.Equal(noon.Add(time.Hour)) {
				t.Errorf("heard from %v to %v, %v", first, last, err)
			}
			if first, last, err = inbox.HeardSpan(tx, "a", "clock"); err != nil || !first.IsZero() || !last.IsZero() {
				t.Errorf("the clock was heard from %v to %v, %v", first, last, err)
			}
			return nil
		})
	})
}
