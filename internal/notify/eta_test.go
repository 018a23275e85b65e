package notify_test

import (
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
)

// estimate keeps the answer to how long the drive to a job's visit takes.
func (w *world) estimate(job string, departed time.Time, low, high time.Duration) {
	w.t.Helper()
	w.n++
	answer := advance.RouteAnswer{Visit: id(plumbline.Visit, job), Job: id(plumbline.Job, job), For: departed, Low: departed.Add(low), Likely: departed.Add(low),
		High: departed.Add(high), Basis: "great-circle distance"}
	w.do(func(tx *db.Tx) error {
		_, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: boise, Connection: advance.Route, Tool: advance.Route, Event: "read",
			Key: job + departed.String(), Body: []byte(db.JSON(answer))}))
		return err
	})
}

// leave lets the technician set out for Maria's visit, promised for 10 to 12.
func (w *world) leave() (departed time.Time) {
	w.t.Helper()
	w.book(on(4, 10, 0))
	w.until(on(4, 9, 30))
	w.hear(plumbline.Reading{Kind: plumbline.Visit, ID: "vj1", Fields: fields{"en_route_at": at(w.now)}})
	return w.now
}

func TestOnTheWayWaitsForTheEstimateOfTheDrive(t *testing.T) {
	each(t, options{layer: only("onway")}, func(t *testing.T, w *world) {
		departed := w.leave()
		w.run(5 * time.Second)
		w.wantSaid()
		w.wantOutcome("onway: deferred: the drive is being estimated")
		w.estimate("vj1", departed, minutes(12), minutes(25))
		w.run(2 * time.Second)
		w.wantSaid("Dana is on the way, expected 9:42-9:55 AM.")
	})
}

func TestOnTheWaySaysTheWindowWhereNoEstimateComes(t *testing.T) {
	each(t, options{layer: only("onway")}, func(t *testing.T, w *world) {
		w.leave()
		w.run(19 * time.Second)
		w.wantSaid()
		w.run(time.Second)
		w.wantSaid("Dana is on the way, expected 10:00 AM-12:00 PM.")
	})
}

func TestNobodyIsExpectedBeforeTheTextIsSent(t *testing.T) {
	for name, c := range map[string]struct {
		late time.Duration
		want string
	}{
		"within the range":      {minutes(10), "expected 9:40-9:42 AM."},
		"after all of it":       {minutes(14), "expected 9:44-9:52 AM."},
		"seconds into a minute": {minutes(10) + 20*time.Second, "expected 9:41-9:42 AM."},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, options{layer: only("onway")}, func(t *testing.T, w *world) {
				w.still = true
				departed := w.leave()
				w.estimate("vj1", departed, minutes(4), minutes(12))
				w.run(c.late)
				w.still = false
				w.run(time.Second)
				w.wantSaid(c.want)
			})
		})
	}
}
