package notify_test

import (
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	fake "plumbline.dev/plumbline/internal/sandbox/twilio"
)

func TestATextToAPhoneThatIsAwayIsSaidOnceMore(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.phones.Mark(maria, fake.Unreachable)
		w.book(on(6, 8, 0))
		w.run(minutes(5))
		w.wantSaid("you are booked")
		w.wantOutcome("confirm: deferred: it did not arrive: the handset cannot be reached; it is said once more in 10 min")
		w.phones.Mark(maria, 0)
		w.hear(w.visit("j1", on(6, 8, 0))) // as it was told, though that has not arrived
		w.run(hours(2))
		w.wantSaid("you are booked", "you are booked")
		if said := w.said(); said[0] != said[1] {
			t.Errorf("said %q, then %q, want the same", said[0], said[1])
		}
		w.wantTasks(0)
		if got := w.states("j1"); len(got) != 1 || got[0] != "confirm delivered" {
			t.Errorf("messages = %v, want one that was delivered", got)
		}
	})
}

func TestATextThatDoesNotArriveTwiceIsForAPerson(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.phones.Mark(maria, fake.Unreachable)
		w.book(on(6, 8, 0))
		w.run(hours(2))
		w.wantSaid("you are booked", "you are booked")
		w.wantTasks(1)
		w.wantOutcome("confirm: task: a task for a person: it did not arrive: the handset cannot be reached")
	})
}

func TestATextIsNotSaidOnceMoreWhenItIsNoLongerSo(t *testing.T) {
	for name, c := range map[string]struct {
		still bool // the sender is not asked meanwhile
		what  string
		tasks int
		why   string
	}{
		"the technician has arrived": {false, "on_site_at", 0, "onway: undelivered: it did not arrive, and is not said once more: what it is about has been withdrawn"},
		"it is too late":             {true, "", 1, "onway: task: a task for a person: it did not arrive, and is not said once more: too late"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: only("onway")}, func(t *testing.T, w *world) {
				w.phones.Mark(maria, fake.Unreachable)
				w.book(w.now.Add(hours(1)))
				w.run(minutes(1))
				w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"en_route_at": at(w.now)}})
				w.run(minutes(2))
				w.wantSaid("on the way")
				w.wantOutcome("onway: deferred")
				if c.what != "" {
					w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{c.what: at(w.now)}})
				}
				w.still = c.still
				w.run(minutes(15))
				w.still = false
				w.run(minutes(10))
				w.wantSaid("on the way")
				w.wantTasks(c.tasks)
				w.wantOutcome(c.why)
			})
		})
	}
}

func TestAWindowThatMovesMeanwhileIsWhatIsSaidThen(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.phones.Mark(maria, fake.Unreachable)
		w.book(on(6, 8, 0))
		w.run(minutes(5))
		w.phones.Mark(maria, 0)
		w.hear(w.visit("j1", on(6, 13, 0)))
		w.run(hours(1))
		w.wantSaid("you are booked", "Wed 6 May 1-3 PM")
		w.wantTasks(0)
	})
}

// What a look-up finds counts as much as a receipt.
func TestATextThatAskingFindsUndeliveredIsForAPerson(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.deaf = true
		w.phones.Mark(maria, fake.Landline)
		w.book(on(6, 8, 0))
		w.run(minutes(1))
		w.phones.SetFaults(fake.Faults{LostAnswer: 1})
		w.run(61 * time.Second)
		w.phones.SetFaults(fake.Faults{})
		w.run(minutes(30))
		w.wantSaid("you are booked")
		w.wantTasks(1)
		if !strings.Contains(w.tasks[0].Reason, "it did not arrive") {
			t.Errorf("the task says %q", w.tasks[0].Reason)
		}
	})
}
