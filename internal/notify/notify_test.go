package notify_test

import (
	"testing"
	"time"
)

func TestABookingIsConfirmedOnceItHasBeenQuiet(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		w.book(on(6, 8, 0))
		w.run(minutes(1))
		w.wantSaid()
		for range 3 { // saving again is no news
			w.book(on(6, 8, 0))
			w.run(10 * time.Second)
		}
		w.run(hours(1))
		w.wantSaid(maria + ": Brightwater: you are booked for repair, Wed 6 May 8-10 AM, at 1418 W Larkspur Ln. Reply C to confirm, R for another time. Details: https://bw.example/v/")
		w.wantOutcome("confirm: delivered: said: Brightwater")
	})
}
