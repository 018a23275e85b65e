package kill

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
)

// atOnce is how many rounds of a race between hearing and speaking run side by side: what
// waits for the server leaves room for others.
const atOnce = 4

// TestNoAttemptIsCommittedPastAStopThatWaits keeps a text from a number through one
// node while another commits an attempt to that number as a sender does.
func TestNoAttemptIsCommittedPastAStopThatWaits(t *testing.T) {
	pair(t, func(t *testing.T, a, b *db.DB) {
		n := rounds(t, 500, 10_000)
		if a.Engine() == db.SQLite {
			n = min(n, 2_000) // one writer: there is little to meet
		}
		var heard, spoke atomic.Int64
		var lines []func()
		for line := range atOnce {
			r := rand.New(rand.NewPCG(1, uint64(line)))
			lines = append(lines, func() {
				for i := range n / atOnce {
					if hearAndSpeak(t, a, b, fmt.Sprintf("+1208555%d%03d", line, i%50), fmt.Sprintf("%d-%d", line, i), r.IntN(3)) {
						spoke.Add(1)
					} else {
						heard.Add(1)
					}
					if i%50 == 49 { // what was heard is applied, and the numbers speak again
						do(t, a, func(tx *db.Tx) error {
							_, err := tx.Exec(`UPDATE delivery SET state = 1 WHERE location_id = 'north' AND state = 0 AND subject LIKE $1`, fmt.Sprintf("+1208555%d%%", line))
							return err
						})
					}
				}
			})
		}
		begun := time.Now()
		together(lines...)
		t.Logf("%d rounds in %v: the text was first in %d, the attempt in %d", n, time.Since(begun), heard.Load(), spoke.Load())
		if heard.Load() == 0 || spoke.Load() == 0 {
			t.Error("one of them always came first: they did not race")
		}
	})
}

// hearAndSpeak runs one round and says whether the attempt was committed. Who gets a
// head start follows from first.
func hearAndSpeak(t *testing.T, a, b *db.DB, number, round string, first int) (spoke bool) {
	t.Helper()
	stop := inbox.Pack(plumbline.Delivery{Location: "north", Connection: "twilio", Tool: "twilio", Event: "inbound", Key: round, Subject: number, Body: []byte("STOP")})
	head := func(mine int) {
		if first != mine {
			time.Sleep(200 * time.Microsecond)
		}
	}
	together(func() {
		head(0)
		do(t, a, func(tx *db.Tx) error {
			_, err := inbox.Keep(tx, stop)
			return err
		})
	}, func() {
		head(1)
		do(t, b, func(tx *db.Tx) (err error) {
			spoke, err = attempt(t, tx, number, round)
			return err
		})
	})
	return spoke
}

// attempt commits an attempt to a number unless it hears from it. Its last look, at
// what others have committed until then, is the witness: what it sees was promised
// to be heard before anything more is said.
func attempt(t *testing.T, tx *db.Tx, number, round string) (bool, error) {
	if err := inbox.LockSubject(tx, "north", number); err != nil {
		return false, err
	}
	waits, err := inbox.Hears(tx, "north", number)
	if err != nil || waits {
		return false, err
	}
	if _, err := tx.Exec(`INSERT INTO attempt (location_id, id, connection, room, quota, epoch, started, deadline, carries)
		VALUES ('north', $1, 'twilio', 'notify', 'twilio', 1, 0, 0, '[]')`, round); err != nil {
		return false, err
	}
	past, err := inbox.Hears(tx, "north", number)
	if past {
		t.Errorf("round %s: a text from %s was kept and waits, and an attempt to it is being committed", round, number)
	}
	return true, err
}

// TestATextWaitsForTheAttemptThatHasTheNumber forces the order that the race may miss.
func TestATextWaitsForTheAttemptThatHasTheNumber(t *testing.T) {
	a, b := nodes(t)
	kept, looked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(kept)
		<-looked
		do(t, a, func(tx *db.Tx) error {
			_, err := inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: "north", Connection: "twilio", Tool: "twilio", Key: "1", Subject: "+12085550100", Body: []byte("STOP")}))
			return err
		})
	}()
	do(t, b, func(tx *db.Tx) error {
		if err := inbox.LockSubject(tx, "north", "+12085550100"); err != nil {
			return err
		}
		close(looked)
		select {
		case <-kept:
			t.Error("the text was kept while an attempt to its number was being committed")
		case <-time.After(100 * time.Millisecond): // it waits, as it should: nothing that we could wait for happens
		}
		return nil
	})
	<-kept
	waits := false
	do(t, b, func(tx *db.Tx) (err error) { waits, err = inbox.Hears(tx, "north", "+12085550100"); return err })
	if !waits {
		t.Error("the text was not kept after the attempt was committed")
	}
}
