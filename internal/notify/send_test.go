package notify_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/notify"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/sandbox"
	fake "plumbline.dev/plumbline/internal/sandbox/twilio"
	"plumbline.dev/plumbline/internal/tenant"
)

func TestAnOptOutBetweenOwingAndSendingIsHeeded(t *testing.T) {
	for name, body := range map[string]string{"a word": "STOP", "a wish": "please stop texting me", "another channel": "no texts, email me instead"} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: only("canceled", "confirm")}, func(t *testing.T, w *world) {
				w.book(on(6, 8, 0))
				w.run(minutes(1)) // owed, and waiting to be quiet
				w.write(maria, body)
				w.run(hours(1))
				w.wantSaid()
				w.wantOutcome("confirm: task: a task for a person: this number said no to all texts on 4 May 2026")
				if len(w.tasks) == 0 || !strings.Contains(w.tasks[0].Title+w.tasks[len(w.tasks)-1].Title, "Maria Lopez could not be texted") {
					t.Errorf("tasks = %+v, want one to call", w.tasks)
				}
			})
		})
	}
}

func TestATextThatIsNotYetReadHoldsWhatWouldBeSaid(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.run(minutes(1))
		w.slow = true // intake is behind
		w.write(maria, "please stop texting me")
		w.run(minutes(5))
		w.wantSaid()
		w.slow = false
		w.run(minutes(1))
		w.wantSaid()
		w.wantOutcome("confirm: task")
	})
}

// crash is a performer whose node dies in the middle of a call.
type crash struct {
	*notify.Notify
	before bool // before the call leaves
}

func (c crash) Perform(ctx context.Context, conn tenant.Connection, call outbox.Call) outbox.Result {
	if !c.before {
		c.Notify.Perform(ctx, conn, call)
	}
	panic("the node died")
}

// die lets the dispatcher's node die at its next call; another takes over when the
// hold has ended.
func (w *world) die(before bool) {
	w.t.Helper()
	w.disp.Performers = map[string]outbox.Performer{notify.Room: crash{w.notify, before}}
	died := false
	for range 20 {
		func() {
			defer func() { died = recover() != nil }()
			for range 5 {
				_, _, _ = w.disp.Step(context.Background(), w.now)
			}
		}()
		if died {
			break
		}
		w.still = true
		w.run(30 * time.Second)
		w.still = false
	}
	if !died {
		w.t.Fatal("nothing was sent")
	}
	w.disp = &outbox.Dispatcher{DB: w.db, Node: "two", Quota: "twilio", Performers: map[string]outbox.Performer{notify.Room: w.notify}, Budgets: w.tool.Budgets()}
}

func TestACallThatWasCutOffIsAskedAfterAndNotMadeAgain(t *testing.T) {
	for name, c := range map[string]struct{ before, deaf bool }{
		"the text had left": {false, true}, "the text had left, and a receipt came": {false, false}, "the text had not left": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
				w.deaf = c.deaf
				w.book(on(6, 8, 0))
				w.run(minutes(1))
				w.die(c.before)
				w.run(minutes(10))
				w.wantSaid("you are booked")
				w.wantOutcome("confirm: ")
				if got := w.states("j1"); len(got) != 1 || !strings.Contains(got[0], "sent") && !strings.Contains(got[0], "delivered") {
					t.Errorf("messages = %v, want one that was sent", got)
				}
			})
		})
	}
}

func TestALostAnswerIsAskedAfter(t *testing.T) {
	for name, faults := range map[string]sandbox.Faults{"it was carried out": {CutAfter: 1}, "it was not": {CutBefore: 1}} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
				w.deaf = true
				w.book(on(6, 8, 0))
				w.run(minutes(1))
				w.net.SetFaults("api.twilio.com", faults)
				w.run(70 * time.Second)
				if got := w.states("j1"); got[0] != "confirm unknown" {
					t.Errorf("messages = %v, want one unknown", got)
				}
				w.net.SetFaults("api.twilio.com", sandbox.Faults{})
				w.run(minutes(30))
				w.wantSaid("you are booked")
			})
		})
	}
}

func TestWhatWasNotSentIsSentAgainOnceTheSendersListHasSettled(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.run(minutes(1))
		w.net.SetFaults("api.twilio.com", sandbox.Faults{CutBefore: 1})
		w.run(70 * time.Second)
		w.net.SetFaults("api.twilio.com", sandbox.Faults{})
		var began time.Time
		w.do(func(tx *db.Tx) error {
			var at int64
			err := tx.QueryRow(`SELECT MIN(started) FROM attempt WHERE room = 'notify'`).Scan(&at)
			began = time.UnixMilli(at).UTC()
			return err
		})
		settles := began.Add(20*time.Second + 2*w.tool.Settling())
		w.until(settles.Add(-2 * time.Second))
		w.wantSaid()
		w.until(settles.Add(10 * time.Second))
		w.wantSaid("you are booked")
	})
}

func TestAListThatLagsBehindDoesNotMakeUsSayItTwice(t *testing.T) {
	for seed := range uint64(4) {
		d := dbtest.Open(t)
		w := newWorld(t, d, options{layer: only("confirm"), seed: seed})
		w.deaf = true
		w.book(on(6, 8, 0))
		w.run(minutes(1))
		w.phones.SetFaults(fake.Faults{LostAnswer: 1, StaleList: 1})
		w.run(61 * time.Second)
		w.phones.SetFaults(fake.Faults{})
		w.run(minutes(30))
		w.wantSaid("you are booked")
	}
}

func TestAReceiptSettlesACallThatWasNotAnswered(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.run(minutes(1))
		w.net.SetFaults("api.twilio.com", sandbox.Faults{CutAfter: 1})
		w.run(75 * time.Second) // the sender is not asked before 25 s have passed
		if got := w.states("j1"); got[0] != "confirm delivered" {
			t.Errorf("messages = %v, want delivered", got)
		}
		w.do(func(tx *db.Tx) error {
			v, err := w.notify.May(tx, boise, id(plumbline.Job, "j1"), id(plumbline.Visit, "j1"), "confirm")
			if v[maria].Why != "it is as they were last told" {
				t.Errorf("May = %+v, want it told", v)
			}
			return err
		})
		w.net.SetFaults("api.twilio.com", sandbox.Faults{})
		w.run(minutes(30))
		w.wantSaid("you are booked")
	})
}

func TestAStopWhileTheAttemptIsOpenEndsIt(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.run(minutes(1))
		w.net.SetFaults("api.twilio.com", sandbox.Faults{CutBefore: 1})
		w.run(70 * time.Second)
		w.write(maria, "STOP")
		w.net.SetFaults("api.twilio.com", sandbox.Faults{})
		w.run(minutes(30))
		w.wantSaid()
		w.wantOutcome("confirm: task: a task for a person: this number said no to all texts")
	})
}

func TestAChangeWhileTheAttemptIsOpenIsToldApart(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		confirmed(t, w)
		w.deaf = true
		w.hear(w.visit("j1", on(6, 13, 0)))
		w.run(minutes(1))
		w.net.SetFaults("api.twilio.com", sandbox.Faults{CutAfter: 1})
		w.run(70 * time.Second) // possibly told of 1 PM
		w.hear(w.visit("j1", on(6, 8, 0)))
		w.run(time.Second)
		w.net.SetFaults("api.twilio.com", sandbox.Faults{})
		w.run(minutes(30))
		w.wantSaid("booked", "now Wed 6 May 1-3 PM", "now Wed 6 May 8-10 AM")
	})
}

func TestAVendorsIDProvesOneMessageOnly(t *testing.T) {
	each(t, options{layer: only("onway")}, func(t *testing.T, w *world) {
		// Two visits of one person, one text word for word, and the answer to the second
		// is lost before it was taken: the first one's text proves nothing for it.
		readings := append([]plumbline.Reading{customer("c1", "Maria", maria), property("p1", "c1"), technicianReading("t1", "Dana")}, w.job("j1", "c1", w.now.Add(hours(1)))...)
		readings = append(readings, w.job("j2", "c1", w.now.Add(hours(1)))...)
		w.hear(readings...)
		w.run(minutes(1))
		w.deaf = true
		w.notify.LinkKey = nil
		w.pb.Texts["onway"]["en"] = "{{.brand}}: {{.tech}} is on the way. STOP"
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"en_route_at": at(w.now)}})
		w.run(2 * time.Second)
		w.wantSaid("on the way")
		w.net.SetFaults("api.twilio.com", sandbox.Faults{CutBefore: 1})
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj2", Fields: fields{"en_route_at": at(w.now)}})
		w.run(2 * time.Second)
		w.net.SetFaults("api.twilio.com", sandbox.Faults{})
		w.run(minutes(10))
		w.wantSaid("on the way", "on the way")
	})
}

func TestQuietHoursDeferAndThenItMayBeSoNoLonger(t *testing.T) {
	each(t, options{layer: only("canceled"), at: on(4, 21, 30)}, func(t *testing.T, w *world) {
		w.book(on(5, 10, 0))
		w.hear(append([]plumbline.Reading{}, w.job("j2", "c1", on(5, 12, 0))...)...)
		w.run(minutes(1))
		for _, v := range []string{"vj1", "vj2"} {
			w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: v, Fields: fields{"canceled_at": at(w.now)}})
		}
		w.run(minutes(1))
		w.wantSaid()
		w.wantOutcome("canceled: deferred: it is 21:32 on Mon May 4 in America/Boise")
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"canceled_at": plumbline.Null}})
		w.until(on(5, 7, 59))
		w.wantSaid()
		w.until(on(5, 8, 1))
		w.wantSaid("your visit on Tue 5 May 12-2 PM is canceled")
		w.wantOutcome("canceled: withdrawn")
	})
}

func TestARefusalForTheNumbersSakeIsLearned(t *testing.T) {
	each(t, options{layer: only("confirm", "canceled")}, func(t *testing.T, w *world) {
		w.deaf = true // the STOP itself never reaches us
		w.write(maria, "STOP")
		w.run(minutes(10))
		w.deaf = false
		w.book(on(6, 8, 0))
		w.run(minutes(10))
		w.wantSaid()
		w.wantOutcome("confirm: task: a task for a person: Twilio refused the text: this number has opted out")
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"canceled_at": at(w.now)}})
		w.run(minutes(1))
		w.wantOutcome("canceled: task: a task for a person: this number said no to all texts")
		var attempts int
		w.do(func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM attempt WHERE location_id = 'boise'`).Scan(&attempts)
		})
		if attempts != 1 {
			t.Errorf("%d attempts, want one", attempts)
		}
	})
}

func TestALandlineIsLearnedFromItsReceipt(t *testing.T) {
	each(t, options{layer: only("confirm", "canceled")}, func(t *testing.T, w *world) {
		w.phones.Mark(maria, fake.Landline)
		w.book(on(6, 8, 0))
		w.run(minutes(10))
		w.wantSaid("booked")
		if got := w.states("j1"); got[0] != "confirm undelivered" {
			t.Errorf("messages = %v, want undelivered", got)
		}
		w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"canceled_at": at(w.now)}})
		w.run(minutes(1))
		w.wantSaid("booked")
		w.wantOutcome("canceled: task: a task for a person: the carrier refuses texts to this number")
		if len(w.tasks) != 2 {
			t.Errorf("%d tasks, want one for each rule: %+v", len(w.tasks), w.tasks)
		}
	})
}

func TestABrokenAccountWaitsForAPersonAndIsTriedAgain(t *testing.T) {
	each(t, options{layer: only("confirm")}, func(t *testing.T, w *world) {
		w.net.Handle("api.twilio.com", unauthorized{})
		w.book(on(6, 8, 0))
		w.run(minutes(10))
		items := w.items()
		if len(items) != 1 || items[0].Kind != "message" || items[0].Cure == "" {
			t.Fatalf("items = %+v, want the message with its cure", items)
		}
		w.net.Handle("api.twilio.com", w.phones)
		w.do(func(tx *db.Tx) error { return w.notify.Retry(tx, boise, items[0].Ref) })
		w.run(minutes(1))
		w.wantSaid("you are booked")
		if left := w.items(); len(left) != 0 {
			t.Errorf("items = %+v, want none", left)
		}
	})
}

func TestACarrierThatCannotBeReachedIsTriedAgainWhileItIsOfUse(t *testing.T) {
	for name, c := range map[string]struct {
		down time.Duration
		want []string
	}{"five minutes": {minutes(5), []string{"on the way"}}, "half an hour": {minutes(30), nil}} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: only("onway")}, func(t *testing.T, w *world) {
				w.book(w.now.Add(hours(1)))
				w.run(minutes(1))
				w.net.Down("api.twilio.com", w.now, w.now.Add(c.down))
				w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"en_route_at": at(w.now)}})
				w.run(hours(1))
				w.wantSaid(c.want...)
			})
		})
	}
}

func TestTheFirstTextToANumberAndOneAMonthSayHowToStop(t *testing.T) {
	each(t, options{layer: only("canceled") + "texts: {canceled: {en: \"{{.brand}}: your visit on {{.day}} is canceled.\"}}"}, func(t *testing.T, w *world) {
		cancel := func(job string, starts time.Time) {
			w.hear(append([]plumbline.Reading{customer("c1", "Maria", maria), property("p1", "c1"), technicianReading("t1", "Dana")}, w.job(job, "c1", starts)...)...)
			w.run(minutes(1))
			w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "v" + job, Fields: fields{"canceled_at": at(w.now)}})
			w.run(minutes(1))
		}
		cancel("j1", on(6, 8, 0))
		cancel("j2", on(7, 8, 0))
		w.until(on(36, 12, 0))
		cancel("j3", on(40, 8, 0))
		w.wantSaid("canceled. Reply STOP to opt out, HELP for help.", "canceled.", "canceled. Reply STOP")
		if strings.Contains(w.said()[1], "STOP") {
			t.Errorf("the second text says how to stop again: %s", w.said()[1])
		}
	})
}

func TestNobodyHearsMoreThanTheirClassAllows(t *testing.T) {
	each(t, options{layer: only("canceled") + "settings: {caps: {service: {day: 1}}}"}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.hear(w.job("j2", "c1", on(7, 8, 0))...)
		w.run(minutes(1))
		for _, v := range []string{"vj1", "vj2"} {
			w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: v, Fields: fields{"canceled_at": at(w.now)}})
			w.run(minutes(1))
		}
		w.wantSaid("canceled")
		w.wantOutcome("canceled: dropped: the number has heard 1 of class service today already")
	})
}

func TestSomebodyWithoutANumberIsATaskOnce(t *testing.T) {
	each(t, options{layer: only("confirm", "canceled")}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.hear(plumbline.Reading{Kind: plumbline.Customer, ID: "c1", Fields: fields{"mobile_phone": plumbline.Null}})
		w.run(minutes(5))
		w.hear(w.visit("j1", on(6, 13, 0)))
		w.run(minutes(5))
		w.wantSaid()
		if len(w.tasks) != 1 || !strings.Contains(w.tasks[0].Reason, "no mobile number") {
			t.Errorf("tasks = %+v, want one", w.tasks)
		}
	})
}
