package notify_test

import (
	"testing"

	"plumbline.dev/plumbline"
)

func TestAReminderIsNotSentToWhoeverHasConfirmed(t *testing.T) {
	for name, c := range map[string]struct {
		body  string
		after func(w *world)
		said  []string
		tasks int
		why   string
	}{
		"by C":                                 {"C", nil, []string{"booked"}, 0, "reminder: dropped: confirmed by C on 4 May 2026"},
		"in a word":                            {" confirmed. ", nil, []string{"booked"}, 0, "texts that come in: confirmed: confirmed by C from " + maria},
		"but for another time":                 {"R", nil, []string{"booked", "reminder"}, 1, "reminder: "},
		"for a time that is moved then":        {"C", func(w *world) { w.hear(w.visit("j1", on(6, 13, 0))) }, []string{"booked", "now Wed 6 May 1-3 PM", "reminder"}, 0, "reminder: "},
		"for a time that is moved by a little": {"C", func(w *world) { w.hear(w.visit("j1", on(6, 8, 20))) }, []string{"booked"}, 0, "reminder: dropped: confirmed by C"},
		"and again once it is moved": {"C", func(w *world) {
			w.hear(w.visit("j1", on(6, 13, 0)))
			w.run(minutes(10))
			w.write(maria, "C")
		}, []string{"booked", "now Wed 6 May 1-3 PM"}, 0, "reminder: dropped: confirmed by C"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: only("confirm", "reminder")}, func(t *testing.T, w *world) {
				confirmed(t, w)
				w.write(maria, c.body)
				w.run(minutes(10))
				if c.after != nil {
					c.after(w)
				}
				w.until(on(5, 17, 0))
				w.wantSaid(c.said...)
				w.wantTasks(c.tasks)
				w.wantOutcome(c.why)
			})
		})
	}
}

func TestWhoHasNotConfirmedIsReminded(t *testing.T) {
	each(t, options{layer: only("confirm", "reminder")}, func(t *testing.T, w *world) {
		readings := append([]plumbline.Reading{customer("c1", "Maria", maria), customer("c2", "Tom", tom), property("p1", "c1"), technicianReading("t1", "Dana")},
			w.job("j1", "c1", on(6, 8, 0))...)
		readings[4].Fields["site_contact"] = text("c2")
		w.hear(readings...)
		w.run(minutes(5))
		w.write(maria, "C") // the booker is not the one who will be there
		w.until(on(5, 17, 0))
		w.wantSaid(maria+": Brightwater: you are booked", tom+": Brightwater: reminder")
	})
}

func TestAVisitIsConfirmedDaysAfterItWasAskedFor(t *testing.T) {
	each(t, options{layer: only("confirm", "reminder")}, func(t *testing.T, w *world) {
		w.book(on(20, 8, 0))
		w.until(on(12, 12, 0))
		w.write(maria, "c")
		w.until(on(19, 17, 0))
		w.wantSaid("booked")
		w.wantOutcome("reminder: dropped: confirmed by C on 12 May 2026")
	})
}

func TestACThatConfirmsNothingIsForAPerson(t *testing.T) {
	each(t, options{layer: only("confirm", "reminder")}, func(t *testing.T, w *world) {
		confirmed(t, w)
		w.until(on(6, 10, 1)) // the window is over
		w.write(maria, "C")
		w.run(minutes(5))
		w.wantTasks(1)
	})
}
