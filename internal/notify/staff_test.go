package notify_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/notify"
	fake "plumbline.dev/plumbline/internal/sandbox/twilio"
	"plumbline.dev/plumbline/internal/tenant"
	"plumbline.dev/plumbline/internal/wording"
)

const (
	kim = "+12085550133"
	lee = "+12085550144"
)

const toKim = `
settings:
  staff:
    sender: twilio
    people: [{name: Kim, mobile: "` + kim + `"}]
`

const toBoth = `
settings:
  staff:
    sender: twilio
    people: [{name: Kim, mobile: "` + kim + `"}, {name: Lee, mobile: "` + lee + `"}]
`

// fails puts an item of a cause in front of people.
func (w *world) fails(ref, cause string) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		return errorqueue.Open(tx, errorqueue.Item{Location: boise, Kind: errorqueue.Derivation, Ref: ref, Cause: cause, Title: cause, Cure: "mend it"})
	})
}

// told lists the texts that a number got.
func (w *world) told(number string) (list []string) {
	for _, m := range w.phones.Messages() {
		if m.To == number && strings.HasPrefix(m.Direction, "outbound-api") {
			list = append(list, m.Body)
		}
	}
	return list
}

func (w *world) wantTold(number string, pieces ...string) {
	w.t.Helper()
	got := w.told(number)
	if len(got) != len(pieces) {
		w.t.Fatalf("%s was told %q, want %d texts about %q", number, got, len(pieces), pieces)
	}
	for i := range pieces {
		if !strings.Contains(got[i], pieces[i]) {
			w.t.Errorf("text %d is %q, want one that says %q", i+1, got[i], pieces[i])
		}
	}
}

func TestTheMorningDigestIsSaidOnceADayAlsoWhenNothingIsOpen(t *testing.T) {
	each(t, options{layer: toBoth}, func(t *testing.T, w *world) {
		w.until(on(6, 9, 0)) // from Monday at 9 to Wednesday
		for _, number := range []string{kim, lee} {
			w.wantTold(number, "Brightwater errors, Tue 5 May 07:00: nothing is open.", "Wed 6 May 07:00: nothing is open.")
		}
		if text := w.told(kim)[0]; strings.Contains(text, "STOP") {
			t.Errorf("a text to staff says how to stop: %q", text)
		}
		for _, m := range w.phones.Messages() {
			if m.Created.Before(on(5, 7, 0)) || m.Created.After(on(6, 7, 1)) {
				t.Errorf("a digest was said at %v", m.Created)
			}
		}
	})
}

func TestADigestNamesCausesTheOldestAndWhoseTheyAre(t *testing.T) {
	each(t, options{layer: toKim}, func(t *testing.T, w *world) {
		for i := range 3 {
			w.fails(fmt.Sprint("x/", i), "hcp sent an event that could not be read")
		}
		w.run(hours(2))
		w.fails("y/1", "the token is not accepted")
		w.do(func(tx *db.Tx) error { return errorqueue.Assign(tx, boise, errorqueue.Derivation, "y/1", "Lee") })
		w.do(func(tx *db.Tx) error {
			return errorqueue.Snooze(tx, boise, errorqueue.Derivation, "x/2", on(6, 12, 0))
		})
		w.until(on(5, 7, 5))
		w.wantTold(kim, "3 open. 2x hcp sent an event that could not be read (since Mon 4 May 09:01, nobody's). 1x the token is not accepted (since Mon 4 May 11:01, Lee).")
	})
}

func TestADigestCostsNoMoreThanATextMay(t *testing.T) {
	each(t, options{layer: toKim}, func(t *testing.T, w *world) {
		for i := range 40 {
			w.fails(fmt.Sprint("x/", i), fmt.Sprintf("%c refuses the value of a property … and says a good deal about it, at length", 'A'+i))
		}
		w.until(on(5, 7, 5))
		w.wantTold(kim, "40 open. 1x A refuses")
		text := w.told(kim)[0]
		if n, unicode := wording.Segments(text); n > 2 || unicode || !strings.Contains(text, "more causes.") {
			t.Errorf("%d segments, unicode %v: %q", n, unicode, text)
		}
	})
}

func TestMissedDigestsAreOneAndALateOneIsLeftToTheNext(t *testing.T) {
	each(t, options{layer: toKim}, func(t *testing.T, w *world) {
		w.run(minutes(1))
		w.now = on(7, 10, 0) // the program was down from Monday to Thursday
		w.run(minutes(5))
		w.wantTold(kim, "Thu 7 May 07:00")
		w.now = on(9, 19, 30)
		w.run(minutes(5))
		w.wantTold(kim, "Thu 7 May 07:00")
		w.until(on(10, 7, 5))
		w.wantTold(kim, "Thu 7 May 07:00", "Sun 10 May 07:00")
	})
}

const noDigest = toKim + "    digest: \"23:59\"\n"

func TestAnItemThatIsTooOldIsToldOfOnceAndAgainOnlyWhenItIsOpenedAnew(t *testing.T) {
	each(t, options{layer: noDigest + "    limit: 4h\n"}, func(t *testing.T, w *world) {
		w.fails("x/1", "it could not be read")
		w.until(on(4, 13, 0))
		w.wantTold(kim)
		w.until(on(4, 13, 2))
		w.wantTold(kim, "Brightwater errors: 1 waiting for over 4 h. 1x it could not be read (since Mon 4 May 09:01, nobody's).")
		w.fails("x/1", "it could not be read") // tried again, and failed again
		w.until(on(4, 20, 0))
		w.wantTold(kim, "1 waiting")
		w.do(func(tx *db.Tx) error {
			return errorqueue.Close(tx, boise, errorqueue.Derivation, "x/1", "done", "mended")
		})
		w.until(on(5, 8, 0))
		before := len(w.told(kim)) // with a digest at one minute to midnight
		w.fails("x/1", "it could not be read")
		w.until(on(5, 14, 0))
		if got := w.told(kim); len(got) != before+1 || !strings.Contains(got[before], "1 waiting for over 4 h") {
			t.Errorf("opened anew, %q were told, want one more", got)
		}
	})
}

func TestNodesThatStepTogetherTellOnce(t *testing.T) {
	each(t, options{layer: toBoth + "    limit: 1h\n"}, func(t *testing.T, w *world) {
		w.fails("x/1", "it could not be read")
		at := on(5, 9, 0) // the digest of the day and the alarm
		var wg sync.WaitGroup
		for range 4 {
			other := &notify.Notify{Sender: w.notify.Sender, Policy: w.notify.Policy} // another node, or this one after a restart
			wg.Go(func() {
				if _, _, err := other.StepStaff(context.Background(), w.db, at, boise); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w.now = at
		w.run(hours(1))
		for _, number := range []string{kim, lee} {
			w.wantTold(number, "", "")
		}
	})
}

func TestNobodyIsToldOfAnOldItemWhileTheOfficeIsClosed(t *testing.T) {
	each(t, options{layer: noDigest, at: on(8, 18, 0)}, func(t *testing.T, w *world) {
		w.fails("x/1", "it could not be read") // on Friday evening
		alarms := func() (n int) {
			for _, text := range w.told(kim) {
				if strings.Contains(text, "waiting") {
					n++
				}
			}
			return n
		}
		w.until(on(11, 7, 29))
		if n := alarms(); n != 0 {
			t.Errorf("%d alarms over the weekend, want none", n)
		}
		w.until(on(11, 7, 31))
		if n := alarms(); n != 1 {
			t.Errorf("%d alarms when the office has opened, want 1", n)
		}
	})
}

func TestAFloodOfItemsIsAFewTexts(t *testing.T) {
	each(t, options{layer: noDigest + "    limit: 4h\n"}, func(t *testing.T, w *world) {
		for i := range 30 {
			w.fails(fmt.Sprint("x/", i), "it could not be read")
			w.run(minutes(1))
		}
		w.until(on(4, 15, 0))
		w.wantTold(kim, "1 waiting", "15 waiting", "14 waiting")
	})
}

func TestStaffWhoSaidStopAreNotTexted(t *testing.T) {
	each(t, options{layer: toBoth}, func(t *testing.T, w *world) {
		w.write(kim, "STOP")
		w.until(on(5, 7, 5))
		w.wantTold(kim)
		w.wantTold(lee, "nothing is open")
		w.do(func(tx *db.Tx) error {
			lines, err := notify.Thread(tx, boise, kim)
			if last := lines[len(lines)-1]; last.State != notify.Dropped || !strings.Contains(last.Why, "said no to all texts") {
				t.Errorf("the text to Kim is %s: %s", last.State, last.Why)
			}
			return err
		})
		w.write(kim, "START")
		w.until(on(6, 7, 5))
		w.wantTold(kim, "Wed 6 May")
	})
}

func TestATextToStaffWithoutAnAnswerIsSaidOnce(t *testing.T) {
	each(t, options{layer: toKim}, func(t *testing.T, w *world) {
		w.until(on(5, 6, 59))
		w.phones.SetFaults(fake.Faults{LostAnswer: 1})
		w.until(on(5, 7, 0))
		w.phones.SetFaults(fake.Faults{})
		w.until(on(5, 9, 0))
		w.wantTold(kim, "Tue 5 May")
	})
}

func TestATextToStaffThatDoesNotArriveIsAnItemAndIsSaidAgainWhenSomebodySaysSo(t *testing.T) {
	each(t, options{layer: toKim}, func(t *testing.T, w *world) {
		w.phones.Mark(kim, fake.Filtered)
		w.until(on(5, 8, 0))
		items := w.items()
		if len(items) != 1 || items[0].Kind != errorqueue.Message || !strings.Contains(items[0].Title, "A text to staff did not arrive") {
			t.Fatalf("items %+v, want one of the text", items)
		}
		w.phones.Mark(kim, fake.Reachable)
		w.do(func(tx *db.Tx) error {
			if err := tenant.LockOwed(tx, boise); err != nil {
				return err
			}
			return w.notify.Retry(tx, boise, items[0].Ref)
		})
		w.run(hours(1))
		w.wantTold(kim, "Tue 5 May", "Tue 5 May")
		if left := w.items(); len(left) != 0 {
			t.Errorf("items %+v are left, want none: it arrived", left)
		}
	})
}

func TestATextToStaffThatIsRefusedOrTooLateIsAnItem(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(w *world)
		cause  string
	}{
		"a number that gets no texts": {func(w *world) { w.phones.Mark(kim, fake.NotMobile) }, "not a mobile number"},
		"a sender that is down for the day": {func(w *world) {
			w.net.Down("api.twilio.com", on(5, 6, 0), on(5, 20, 30))
		}, "too late"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: toKim}, func(t *testing.T, w *world) {
				c.breaks(w)
				w.until(on(5, 22, 0))
				w.wantTold(kim)
				if items := w.items(); len(items) != 1 || !strings.Contains(items[0].Detail, c.cause) {
					t.Errorf("items %+v, want one that says %q", items, c.cause)
				}
			})
		})
	}
}

func TestWhoeverIsNotStaffAnyMoreIsNotTold(t *testing.T) {
	each(t, options{layer: toBoth}, func(t *testing.T, w *world) {
		w.still = true
		w.until(on(5, 7, 1)) // owed to both
		w.still = false
		people := w.pb.Settings.Staff.People
		w.pb.Settings.Staff.People = people[:1]
		w.until(on(5, 8, 0))
		w.wantTold(kim, "Tue 5 May")
		w.wantTold(lee)
	})
}

func TestStaffAreToldNothingByASenderThatIsNotOn(t *testing.T) {
	each(t, options{layer: toKim + "    limit: 1h\n", mode: tenant.Rehearsal}, func(t *testing.T, w *world) {
		w.fails("x/1", "it could not be read")
		w.until(on(5, 9, 0))
		w.wantTold(kim)
		w.do(func(tx *db.Tx) error { return tenant.Switch(tx, boise, "twilio", tenant.On) })
		w.until(on(5, 9, 30)) // the digest was before it was switched on; the item still waits
		w.wantTold(kim, "1 waiting")
	})
}

func TestTheSenderOfStaffTextsNoCustomer(t *testing.T) {
	each(t, options{layer: only("confirm") + toKim}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.run(hours(1))
		w.wantSaid()
	})
}
