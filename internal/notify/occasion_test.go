package notify_test

import (
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
)

// done lets the visit be complete, and the work be inspected by the office.
func (w *world) complete(job string) {
	w.t.Helper()
	w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "v" + job, Fields: fields{"completed_at": at(w.now), "on_site_at": at(w.now.Add(-hours(1)))}},
		plumbline.Reading{Kind: plumbline.Job, ID: job, Fields: fields{"completed_at": at(w.now), "status": text("complete")}})
	w.office(advance.OfficeDecision{Do: "say", About: id(plumbline.Job, job), Kind: plumbline.Job, Fields: fields{"qa": text("passed")}})
}

// quiet is a layer in which only the rules named speak.
func only(rules ...string) string {
	all := []string{"confirm", "reminder", "today", "onway", "canceled", "review", "invoice", "due3", "due10", "due21", "due30",
		"maint21", "maint", "maint_call", "maint_again", "rebook_call", "rebook1", "rebook2", "help"}
	out := "rules:\n"
	for _, r := range all {
		keep := false
		for _, k := range rules {
			keep = keep || k == r
		}
		if !keep {
			out += "  " + r + ": ~\n"
		}
	}
	return out
}

func TestOnTheWayIsSaidOnceAndAgainForAnotherTechnician(t *testing.T) {
	each(t, options{layer: only("onway")}, func(t *testing.T, w *world) {
		w.book(w.now.Add(hours(1)))
		w.run(minutes(1))
		leave := w.now
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"en_route_at": at(leave)}})
		w.run(minutes(1))
		w.wantSaid("Dana is on the way")
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"en_route_at": at(leave.Add(time.Minute))}})
		w.run(minutes(1))
		w.wantSaid("Dana is on the way")
		w.hear(technicianReading("t2", "Lee"), plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"technicians": list("t2")}})
		w.run(minutes(1))
		w.wantSaid("Dana is on the way", "Lee is on the way")
	})
}

func TestOnTheWayThatIsHeardTooLateIsNotSaid(t *testing.T) {
	each(t, options{layer: only("onway")}, func(t *testing.T, w *world) {
		w.book(w.now.Add(hours(1)))
		w.run(minutes(30))
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"en_route_at": at(w.now.Add(-minutes(20)))}})
		w.run(minutes(5))
		w.wantSaid()
		w.wantOutcome("onway: dropped: too late: it happened 15 min ago or more")
	})
}

func TestOnTheWayIsWithdrawnOnArrival(t *testing.T) {
	each(t, options{layer: only("onway")}, func(t *testing.T, w *world) {
		w.book(w.now.Add(hours(1)))
		w.run(minutes(1))
		w.still = true // the sender cannot be called
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"en_route_at": at(w.now)}})
		w.run(minutes(1))
		w.wantOutcome("onway: owed")
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"on_site_at": at(w.now)}})
		w.run(minutes(1))
		w.still = false
		w.run(minutes(5))
		w.wantSaid()
		w.wantOutcome("onway: withdrawn: what it is about has been withdrawn")
	})
}

// The job was called complete too early: the trip to it is not made anew when that is
// taken back.
func TestOnTheWayIsNotSaidOfATripThatIsLongOver(t *testing.T) {
	each(t, options{layer: only("onway")}, func(t *testing.T, w *world) {
		w.book(w.now.Add(hours(1)))
		w.run(minutes(1))
		w.still = true // the sender cannot be called
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"en_route_at": at(w.now)}})
		w.run(minutes(1))
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"completed_at": at(w.now)}})
		w.run(minutes(1))
		w.still = false
		w.run(hours(1))
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"completed_at": plumbline.Null}})
		w.run(minutes(5))
		w.wantSaid()
		w.wantOutcome("onway: dropped: too late: it happened 15 min ago or more")
	})
}

func TestACanceledVisitIsSaidToBeCanceled(t *testing.T) {
	each(t, options{layer: only("canceled")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.run(minutes(1))
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"canceled_at": at(w.now)}})
		w.run(minutes(1))
		w.wantSaid("your visit on Wed 6 May 8-10 AM is canceled. To book again: https://bw.example/v/")
	})
}

func TestAReminderIsSaidTheDayBefore(t *testing.T) {
	each(t, options{layer: only("reminder")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.until(on(5, 15, 59))
		w.wantSaid()
		w.until(on(5, 16, 1))
		w.wantSaid("Brightwater: reminder, Dana visits tomorrow 8-10 AM at 1418 W Larkspur Ln.")
		w.until(on(7, 12, 0))
		w.wantSaid("reminder")
	})
}

func TestAReviewIsAskedForThreeHoursLater(t *testing.T) {
	each(t, options{layer: only("review")}, func(t *testing.T, w *world) {
		w.book(w.now.Add(hours(1)))
		w.agree("c1", maria)
		w.run(minutes(90))
		w.complete("j1")
		w.run(minutes(179))
		w.wantSaid()
		w.run(minutes(2))
		w.wantSaid("Would you share your experience, good or bad? https://bw.example/r Reply STOP to opt out.")
	})
}

func TestAReviewIsHeldWhileReopenedAndAskedOnceCompleteAgain(t *testing.T) {
	each(t, options{layer: only("review")}, func(t *testing.T, w *world) {
		w.book(w.now.Add(hours(1)))
		w.agree("c1", maria)
		w.until(on(4, 17, 0))
		w.complete("j1") // rings at 20:00, outside of the hours for asking
		w.until(on(4, 21, 0))
		w.wantSaid()
		w.wantOutcome("review: deferred: ")
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"completed_at": plumbline.Null}},
			plumbline.Reading{Kind: plumbline.Job, ID: "j1", Fields: fields{"completed_at": plumbline.Null, "status": text("in_progress")}})
		w.until(on(5, 13, 0))
		w.wantSaid()
		w.wantOutcome("review: withdrawn")
		w.complete("j1")
		w.run(hours(4))
		w.wantSaid("Would you share your experience")
		w.run(hours(72))
		w.wantSaid("Would you share your experience")
	})
}

func TestAPaymentWithinTheReviewsDelayDoesNotMatter(t *testing.T) {
	each(t, options{layer: only("review")}, func(t *testing.T, w *world) {
		w.book(w.now.Add(hours(1)))
		w.agree("c1", maria)
		w.run(hours(1))
		w.complete("j1")
		w.invoice("j1", "120.00", w.now)
		w.run(minutes(30))
		w.pay("j1", "120.00")
		w.run(hours(4))
		w.wantSaid("Would you share your experience")
	})
}

// invoice issues one.
func (w *world) invoice(job, amount string, due time.Time) {
	w.t.Helper()
	w.hear(plumbline.Reading{Kind: plumbline.Invoice, ID: "i" + job, Fields: fields{"job": text(job), "number": text("1017"), "status": text("open"),
		"amount": text(amount), "issued_at": at(w.now), "due_at": at(due)}})
}

func (w *world) pay(job, amount string) {
	w.t.Helper()
	w.n++
	w.hear(plumbline.Reading{Kind: plumbline.Payment, ID: "pay" + job + amount, Fields: fields{"invoice": text("i" + job), "amount": text(amount),
		"method": text("card"), "status": text("settled"), "at": at(w.now)}})
}

func TestRemindersStopWhenPaidPromisedOrDisputed(t *testing.T) {
	for name, stop := range map[string]func(w *world){
		"paid": func(w *world) { w.pay("j1", "120.00") },
		"promised": func(w *world) {
			w.office(advance.OfficeDecision{Do: "say", About: id(plumbline.Job, "j1"), Kind: plumbline.Job, Fields: fields{"promised": at(w.now.AddDate(0, 0, 14))}})
		},
		"disputed": func(w *world) {
			w.office(advance.OfficeDecision{Do: "say", About: id(plumbline.Job, "j1"), Kind: plumbline.Job, Fields: fields{"dispute": plumbline.Value("true")}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: only("due3", "due10")}, func(t *testing.T, w *world) {
				w.book(w.now.Add(hours(1)))
				w.agree("c1", maria)
				w.run(hours(2))
				w.complete("j1")
				w.invoice("j1", "120.00", w.now)
				w.until(on(7, 11, 0))
				w.wantSaid("a reminder that $120.00 for 1418 W Larkspur Ln was due Mon 4 May.")
				stop(w)
				w.until(on(15, 12, 0))
				w.wantSaid("a reminder")
			})
		})
	}
}

func TestAReminderNamesTheBalanceAsItIsWhenSending(t *testing.T) {
	each(t, options{layer: only("due3")}, func(t *testing.T, w *world) {
		w.book(w.now.Add(hours(1)))
		w.agree("c1", maria)
		w.run(hours(2))
		w.complete("j1")
		w.invoice("j1", "1120.00", w.now)
		w.until(on(7, 9, 59))
		w.still = true
		w.until(on(7, 10, 30))
		w.pay("j1", "20.00")
		w.run(minutes(1))
		w.still = false
		w.run(minutes(1))
		w.wantSaid("a reminder that $1,100.00")
	})
}

func TestAPriceGoesToNobodyButThePayer(t *testing.T) {
	each(t, options{layer: only("due3") + "  due3: {to: site_contact}\n"}, func(t *testing.T, w *world) {
		readings := append([]plumbline.Reading{customer("c1", "Maria", maria), customer("c2", "Tom", tom), property("p1", "c1"), technicianReading("t1", "Dana")},
			w.job("j1", "c1", w.now.Add(hours(1)))...)
		readings[4].Fields["site_contact"] = text("c2")
		w.hear(readings...)
		w.agree("c2", tom)
		w.run(hours(2))
		w.complete("j1")
		w.invoice("j1", "120.00", w.now)
		w.until(on(8, 11, 0))
		w.wantSaid()
		w.wantOutcome("due3: dropped: it names a price, and the number is not the payer's")
	})
}

func TestAnOccasionDeliveredToAFormerNumberIsNotOwedAgain(t *testing.T) {
	each(t, options{layer: only("canceled")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.run(minutes(1))
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"canceled_at": at(w.now)}})
		w.run(minutes(1))
		w.hear(customer("c1", "Maria", tom))
		w.run(hours(1))
		w.wantSaid(maria)
	})
}

func TestPeopleHearInTheirLanguage(t *testing.T) {
	each(t, options{layer: only("reminder")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.hear(plumbline.Reading{Kind: plumbline.Customer, ID: "c1", Fields: fields{"language": text("es")}})
		w.until(on(5, 17, 0))
		w.wantSaid("le recordamos que Dana le visita mañana, 8-10 AM, en 1418 W Larkspur Ln.")
		if !strings.Contains(w.said()[0], "Responda STOP") {
			t.Errorf("the first text does not say how to stop: %s", w.said()[0])
		}
	})
}

func TestWhoeverIsInSeveralRolesHearsTheFullestText(t *testing.T) {
	more := only("canceled") + "  short: {on: visit.canceled, text: short, within: 2h, to: site_contact, class: service, per: visit}\n" +
		"texts: {short: {en: \"{{.brand}}: canceled.\", es: \"{{.brand}}: cancelado.\"}}\n"
	for name, c := range map[string]struct {
		contact string
		want    []string
	}{
		"one person": {"c1", []string{maria + ": Brightwater: your visit on"}},
		"two people": {"c2", []string{maria + ": Brightwater: your visit on", tom + ": Brightwater: canceled."}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: more}, func(t *testing.T, w *world) {
				readings := append([]plumbline.Reading{customer("c1", "Maria", maria), customer("c2", "Tom", tom), property("p1", "c1"), technicianReading("t1", "Dana")},
					w.job("j1", "c1", on(6, 8, 0))...)
				readings[4].Fields["site_contact"] = text(c.contact)
				w.hear(readings...)
				w.run(minutes(1))
				w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"canceled_at": at(w.now)}})
				w.run(minutes(1))
				w.wantSaid(c.want...)
			})
		})
	}
}
