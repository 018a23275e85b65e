package notify_test

import (
	"strings"
	"testing"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/tenant"
)

// confirmed is a world in which Maria was told of her visit on Wednesday at 8.
func confirmed(t *testing.T, w *world) {
	t.Helper()
	w.book(on(6, 8, 0))
	w.run(minutes(5))
	w.wantSaid("you are booked for")
}

func TestAWindowThatMovesIsToldAndToldAgainWhenItMovesBack(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		confirmed(t, w)
		w.hear(w.visit("j1", on(6, 8, 20)))
		w.run(minutes(5))
		w.wantSaid("booked") // less than is worth saying
		w.hear(w.visit("j1", on(6, 13, 0)))
		w.run(minutes(5))
		w.wantSaid("booked", "your visit is now Wed 6 May 1-3 PM (was Wed 6 May 8-10 AM)")
		w.hear(w.visit("j1", on(6, 8, 0)))
		w.run(minutes(5))
		w.wantSaid("booked", "now Wed 6 May 1-3 PM", "now Wed 6 May 8-10 AM (was Wed 6 May 1-3 PM)")
	})
}

func TestAWindowThatMovesAndMovesBackBeforeAnythingIsSaidIsNoNews(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		confirmed(t, w)
		w.hear(w.visit("j1", on(6, 13, 0)))
		w.run(minutes(1))
		w.hear(w.visit("j1", on(6, 8, 0)))
		w.run(hours(3))
		w.wantSaid("booked")
		w.wantOutcome("confirm: withdrawn: it is again as they were last told")
		w.hear(w.visit("j1", on(6, 13, 0)))
		w.run(minutes(5))
		w.wantSaid("booked", "now Wed 6 May 1-3 PM")
	})
}

func TestSwitchingOnWithYearsOfHistorySaysNothing(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		// The history comes after the switch: jobs long done, one to come, one paid.
		created := monday.AddDate(-2, 0, 0)
		past := w.job("j1", "c1", monday.AddDate(0, -3, 0))
		past[0].Created, past[0].At, past[1].At = created, monday.AddDate(0, -3, 0), monday.AddDate(0, -3, 0)
		past[1].Fields["completed_at"] = at(monday.AddDate(0, -3, 0))
		next := w.job("j2", "c1", on(6, 8, 0))
		next[0].Created = monday.AddDate(0, 0, -3)
		gone := w.job("j3", "c1", on(7, 8, 0))
		gone[0].Created, gone[0].At, gone[1].At = created, monday.AddDate(0, 0, -1), monday.AddDate(0, 0, -1)
		gone[1].Fields["canceled_at"] = at(monday.AddDate(0, 0, -1))
		w.hear(append([]plumbline.Reading{customer("c1", "Maria", maria), property("p1", "c1"), technicianReading("t1", "Dana")}, append(append(past, next...), gone...)...)...)
		w.until(on(5, 12, 0))
		w.wantSaid()
		w.wantOutcome("confirm: dropped: it was known before it was switched on")
		w.wantOutcome("canceled: dropped: it was known before it was switched on")
		w.hear(w.visit("j2", on(6, 13, 0))) // but what changes from here on is told
		w.run(minutes(5))
		w.wantSaid("now Wed 6 May 1-3 PM (was Wed 6 May 8-10 AM)")
	})
}

func TestInRehearsalItIsWrittenDownWhatWouldBeSaid(t *testing.T) {
	each(t, options{mode: tenant.Rehearsal}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.run(minutes(5))
		w.wantSaid()
		w.wantOutcome("confirm: rehearsed: would have said: Brightwater: you are booked for repair, Wed 6 May 8-10 AM")
		w.connect("twilio", tenant.On)
		w.run(hours(1))
		w.wantSaid()
		w.hear(w.visit("j1", on(6, 13, 0)))
		w.run(minutes(5))
		w.wantSaid("now Wed 6 May 1-3 PM (was Wed 6 May 8-10 AM)")
	})
}

func TestWhatTheFieldToolSaysItselfIsNotSaidTwice(t *testing.T) {
	each(t, options{layer: "settings: {speaks: {confirmation: tool}}"}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.run(hours(1))
		w.wantSaid()
		w.wantOutcome("confirm: dropped: tool says this itself (confirmation)")
		w.do(func(tx *db.Tx) error {
			return tenant.Put(tx, tenant.Connection{Location: boise, Name: "tool", Tool: "tool", Quota: "tool", Speaks: map[string]string{"confirmation": "us"}})
		})
		w.hear(w.visit("j1", on(6, 13, 0)))
		w.run(minutes(5))
		w.wantSaid("now Wed 6 May 1-3 PM (was Wed 6 May 8-10 AM)")
	})
}

func TestTwoCustomersMergedBetweenTwoTextsHearOnce(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		// Maria books twice, under two records of the tool; the second is her old phone.
		w.book(on(6, 8, 0))
		w.hear(append([]plumbline.Reading{customer("c2", "Maria", tom)}, w.job("j2", "c2", on(7, 8, 0))...)...)
		w.run(minutes(5))
		w.wantSaid(maria+": Brightwater: you are booked", tom+": Brightwater: you are booked")
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"en_route_at": at(w.now)}})
		w.run(minutes(1))
		w.office(advance.OfficeDecision{Do: "same", A: id(plumbline.Customer, "c1"), B: id(plumbline.Customer, "c2")})
		w.run(hours(1))
		said := w.said()
		onway := 0
		for _, s := range said {
			if strings.Contains(s, "is on the way") {
				onway++
			}
		}
		if onway > 1 {
			t.Errorf("said:\n%s\nwant the occasion once", strings.Join(said, "\n"))
		}
		byText := map[string]int{}
		for _, s := range said {
			byText[s]++
		}
		for s, n := range byText {
			if n > 1 {
				t.Errorf("said %d times: %s", n, s)
			}
		}
	})
}

func TestSomebodyWhoFollowsTheChangesHearsOfThemOnly(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		readings := append([]plumbline.Reading{customer("c1", "Maria", maria), customer("c2", "Tom", tom), property("p1", "c1"), technicianReading("t1", "Dana")},
			w.job("j1", "c1", on(6, 8, 0))...)
		readings[4].Fields["site_contact"] = text("c2")
		w.hear(readings...)
		w.run(minutes(5))
		w.wantSaid(maria + ": Brightwater: you are booked")
		w.hear(w.visit("j1", on(6, 13, 0)))
		w.run(minutes(5))
		w.wantSaid(maria, maria+": Brightwater: your visit is now", tom+": Brightwater: your visit is now Wed 6 May 1-3 PM (was Wed 6 May 8-10 AM)")
	})
}

func TestNewsGoesToTheNumberThatARoleHasNow(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		confirmed(t, w)
		w.hear(customer("c1", "Maria", tom))
		w.run(minutes(5))
		w.wantSaid(maria+": Brightwater: you are booked", tom+": Brightwater: you are booked")
	})
}

func TestAVisitThatBeginsWithinTheHourIsNotConfirmed(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		w.book(w.now.Add(minutes(50)))
		w.run(hours(4))
		w.wantSaid()
		w.wantOutcome("confirm: dropped: the visit begins within 1 h")
	})
}
