package notify_test

import (
	"strings"
	"testing"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
)

// wantTasks holds how many tasks were opened, and why each of those that ended did.
func (w *world) wantTasks(opened int, ended ...string) {
	w.t.Helper()
	ok := len(w.tasks) == opened && len(w.ended) == len(ended)
	for i := 0; ok && i < len(ended); i++ {
		ok = strings.Contains(w.ended[i], ended[i])
	}
	if !ok {
		w.t.Errorf("tasks = %+v\nended = %q\nwant %d, ended %q\noutcomes:\n\t%s", w.tasks, w.ended, opened, ended, strings.Join(w.outcomes(), "\n\t"))
	}
}

func (w *world) says(job string, said fields) {
	w.t.Helper()
	w.office(advance.OfficeDecision{Do: "say", About: id(plumbline.Job, job), Kind: plumbline.Job, Fields: said})
}

func TestATaskAboutAnInvoiceEndsWhenItIsPaidOrDisputed(t *testing.T) {
	for name, stop := range map[string]func(w *world){
		"paid":     func(w *world) { w.pay("j1", "100.00") },
		"disputed": func(w *world) { w.says("j1", fields{"dispute": plumbline.Value("true")}) },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: only("due30")}, func(t *testing.T, w *world) {
				w.book(w.now.Add(hours(1)))
				w.run(hours(2))
				w.complete("j1")
				w.invoice("j1", "120.00", w.now)
				w.until(on(31+4, 12, 0))
				w.wantTasks(1)
				w.pay("j1", "20.00")
				w.run(minutes(1))
				w.wantTasks(1)
				stop(w)
				w.run(minutes(1))
				w.wantTasks(1, `due30: it is so: job.holds("paid")`)
				w.wantOutcome("due30: task: a task for a person: the rule asks for a person; it has ended: it is so: ")
			})
		})
	}
}

func TestATaskInPlaceOfATextEndsWithTheVisit(t *testing.T) {
	for name, c := range map[string]struct {
		fields fields
		why    string
	}{
		"it was canceled": {fields{"canceled_at": at(on(4, 12, 0))}, "it is no longer so: visit.stage"},
		"it is over":      {fields{"completed_at": at(on(4, 12, 0))}, "it is no longer so: visit.stage"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
				w.book(on(6, 8, 0))
				w.hear(plumbline.Reading{Kind: plumbline.Customer, ID: "c1", Fields: fields{"mobile_phone": plumbline.Null}})
				w.run(minutes(5))
				w.hear(w.visit("j1", on(6, 13, 0)))
				w.run(minutes(5))
				w.wantTasks(1)
				w.until(on(4, 12, 0))
				w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: c.fields})
				w.run(minutes(1))
				w.wantTasks(1, "confirm: "+c.why, "confirm/2: "+c.why)
			})
		})
	}
}

func TestATaskThatEndedIsAnotherTaskWhenItComesAboutAgain(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.hear(plumbline.Reading{Kind: plumbline.Customer, ID: "c1", Fields: fields{"mobile_phone": plumbline.Null}})
		w.run(minutes(5))
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"canceled_at": at(w.now)}})
		w.run(minutes(5))
		w.wantTasks(1, "confirm: ")
		again := w.visit("j1", on(7, 8, 0))
		again.Fields["canceled_at"] = plumbline.Null
		w.hear(again)
		w.run(minutes(5))
		w.wantTasks(2, "confirm: ")
		if w.tasks[0].Key == w.tasks[1].Key || w.tasks[1].Rule != "confirm/2" {
			t.Errorf("tasks = %+v, want two that differ", w.tasks)
		}
	})
}

// lost is an estimate of Maria's that was not sold.
func (w *world) lost() {
	w.t.Helper()
	readings := append([]plumbline.Reading{customer("c1", "Maria", maria), property("p1", "c1"), technicianReading("t1", "Dana")}, w.job("j1", "c1", w.now.Add(hours(1)))...)
	readings[3].Fields["type"] = text("Estimate")
	w.hear(readings...)
	w.run(hours(2))
	w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"completed_at": at(w.now), "on_site_at": at(w.now.Add(-hours(1)))}})
	w.says("j1", fields{"outcome": text("no_sale")})
	w.run(minutes(1))
}

func TestWhoeverOfTheHouseholdBooksEndsTheTasksAboutALostEstimate(t *testing.T) {
	for name, customerOf := range map[string]string{"the same person": "c1", "somebody else at the address": "c2"} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: only("rebook_call", "rebook1")}, func(t *testing.T, w *world) {
				w.lost()
				w.until(on(14, 12, 0))
				w.wantTasks(2)
				w.hear(append([]plumbline.Reading{customer("c2", "Tom", tom)}, w.job("j2", customerOf, on(20, 8, 0))...)...)
				w.run(minutes(1))
				w.wantTasks(2, "rebook", "rebook")
			})
		})
	}
}

func TestABookingElsewhereEndsNoTaskOfSomebodyElse(t *testing.T) {
	each(t, options{layer: only("rebook_call")}, func(t *testing.T, w *world) {
		w.lost()
		booked := append([]plumbline.Reading{customer("c2", "Tom", tom), {Kind: plumbline.Property, ID: "p2", Fields: fields{"customer": text("c2"),
			"street": text("9 Elm St"), "city": text("Boise"), "state": text("ID"), "postal_code": text("83704")}}}, w.job("j2", "c2", on(20, 8, 0))...)
		booked[2].Fields["property"] = text("p2")
		w.hear(booked...)
		w.run(minutes(1))
		w.wantTasks(1)
	})
}

// A job may be told before its customer is: the task that this makes is over when they are
// known, and they are told.
func TestWhoeverIsKnownLaterIsToldAfterAll(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.hear(append([]plumbline.Reading{property("p1", ""), technicianReading("t1", "Dana")}, w.job("j1", "c1", on(6, 8, 0))...)...)
		w.run(minutes(5))
		w.wantTasks(1)
		w.wantSaid()
		w.hear(plumbline.Reading{Kind: plumbline.Job, ID: "j1", Fields: fields{"description": text("no heat")}})
		w.run(minutes(5))
		w.wantTasks(1)
		w.hear(customer("c1", "Maria", maria))
		w.run(minutes(5))
		w.wantTasks(1, "confirm: the booker can be texted now")
		w.wantSaid("you are booked")
		w.hear(customer("c1", "Mary", maria))
		w.run(minutes(5))
		w.wantSaid("you are booked")
	})
}

// So is what was to be said of an event, once.
func TestWhoeverIsKnownLaterIsToldOfWhatHasHappened(t *testing.T) {
	each(t, options{layer: only("onway")}, func(t *testing.T, w *world) {
		w.hear(append([]plumbline.Reading{property("p1", ""), technicianReading("t1", "Dana")}, w.job("j1", "c1", w.now.Add(hours(1)))...)...)
		w.run(minutes(1))
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"en_route_at": at(w.now)}})
		w.run(minutes(1))
		w.wantTasks(1)
		w.hear(customer("c1", "Maria", maria))
		w.run(minutes(1))
		w.wantTasks(1, "onway: the site contact is known now")
		w.wantSaid("Dana is on the way")
		w.hear(customer("c1", "Mary", maria))
		w.run(minutes(1))
		w.wantSaid("Dana is on the way")
	})
}
