package kill

import (
	"context"
	"crypto/rand"
	"database/sql"
	mathrand "math/rand/v2"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/record"
)

const (
	// brief and busy are how much happens in the shop between two kills.
	brief, busy = 12, 25
	// long is how many kills make a run that waits until all has come to rest. The CRM
	// takes new people only once its search can be trusted to know them, after five
	// minutes.
	long = 50
)

// TestNothingIsLostOrSaidTwiceWhenTheProgramIsKilled: PLUMBLINE_KILLS raises the number
// of kills, and then waits until all that was undecided is decided.
func TestNothingIsLostOrSaidTwiceWhenTheProgramIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	t.Run("SQLite", func(t *testing.T) {
		s := newShop(t, 1)
		store := filepath.Join(t.TempDir(), "plumbline.db")
		s.configure("node-a", store)
		s.survive(store, number(t, "PLUMBLINE_KILLS", 6))
	})
	t.Run("two nodes on PostgreSQL", func(t *testing.T) {
		s := newShop(t, 2)
		store := schema(t)
		s.configure("node-a", store)
		s.configure("node-b", store)
		s.survive(store, number(t, "PLUMBLINE_KILLS", 4))
	})
}

// schema names an empty schema on PostgreSQL by a URL.
func schema(t *testing.T) string {
	t.Helper()
	name := "kill_" + strings.ToLower(rand.Text()[:16])
	u, err := url.Parse(dbtest.PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	pool, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := pool.Exec("DROP SCHEMA " + name + " CASCADE"); err != nil {
			t.Error(err)
		}
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// survive lets the shop be busy while its nodes are killed and begun again, then lets
// all come to rest and holds it against what the vendors saw.
func (s *shop) survive(store string, kills int) {
	t := s.t
	t.Helper()
	s.provision()
	for _, p := range s.nodes {
		p.start()
		defer p.kill()
	}
	ctx, cancel := context.WithCancel(context.Background())
	wait := s.vendors(ctx)
	defer wait()
	defer cancel()
	fate := mathrand.New(mathrand.NewPCG(9, uint64(len(s.nodes))))
	begun := time.Now()
	rush := brief
	if kills >= long {
		rush = busy
	}
	for range kills {
		s.rush(rush)
		s.amid(1+fate.IntN(4*rush), time.Duration(fate.IntN(4))*time.Millisecond)
		if kills >= long && fate.IntN(2) == 0 { // so long that people come into the CRM while it goes on
			time.Sleep(time.Duration(10+fate.IntN(12)) * time.Second)
		}
		p := s.nodes[fate.IntN(len(s.nodes))]
		p.kill()
		p.start()
	}
	t.Logf("%d kills in %v, %d customers, %d webhooks", kills, time.Since(begun).Round(time.Millisecond), s.customers, len(s.field.Webhooks()))
	d, err := db.Open(t.Context(), store, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	s.rest(d, kills >= long)
	for _, p := range s.nodes {
		p.stop()
	}
	s.check(d)
	s.said()
	s.kept(d, kills >= long)
	for _, p := range s.nodes {
		for i, line := range p.troubles() {
			if i < 5 {
				t.Logf("it said: %s", line)
			}
		}
	}
}

// amid waits until so many more webhooks were answered 2xx, and a moment more: others
// are on their way then. Those of what has just happened come after a second.
func (s *shop) amid(n int, moment time.Duration) {
	answered := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.taken["hcp"]
	}
	n += answered()
	for end := time.Now().Add(3 * time.Second); answered() < n && time.Now().Before(end); {
		time.Sleep(200 * time.Microsecond)
	}
	time.Sleep(moment)
}

// rest waits until everything that came in is applied and, at last, until nothing is
// on its way: an attempt that a kill cut off is decided once the sender's list has
// had time to settle, which takes two minutes.
func (s *shop) rest(d *db.DB, all bool) {
	s.t.Helper()
	patience := time.Minute
	if all {
		patience = 14 * time.Minute
	}
	var left, flying int
	var since time.Time // nothing is left to apply
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		left = count(s.t, d, `SELECT (SELECT COUNT(*) FROM delivery WHERE state = 0) + (SELECT COUNT(*) FROM stale)`) + s.pending()
		flying = count(s.t, d, `SELECT (SELECT COUNT(*) FROM outbox WHERE due <= $1) + (SELECT COUNT(*) FROM attempt WHERE state IN ('open', 'unknown'))`, time.Now().UnixMilli())
		switch {
		case left > 0:
			since = time.Time{}
			continue
		case since.IsZero():
			since = time.Now()
		}
		if flying == 0 && s.waiting(d) == 0 || !all && time.Since(since) > 4*time.Second && len(s.phones.Messages()) > 0 {
			s.t.Logf("at rest, with %d calls owed or undecided", flying)
			return
		}
	}
	s.t.Errorf("after %v there are %d deliveries left to apply and %d calls owed or undecided", patience, left, flying)
}

// waiting counts records that the CRM does not take yet.
func (s *shop) waiting(d *db.DB) int {
	s.t.Helper()
	return count(s.t, d, `SELECT COUNT(*) FROM target_record WHERE state LIKE 'waiting%'`)
}

// pending counts webhooks that the field tool still tries to hand over.
func (s *shop) pending() (n int) {
	for _, x := range s.field.Webhooks() {
		if x.Pending {
			n++
		}
	}
	return n
}

// check: what was answered 2xx is kept with its bytes, and the tally closes.
func (s *shop) check(d *db.DB) {
	t := s.t
	t.Helper()
	answered, lost, tries := 0, 0, 0
	do(t, d, func(tx *db.Tx) error {
		for _, x := range s.field.Webhooks() {
			tries += len(x.Tries)
			if !x.Delivered {
				continue
			}
			answered++
			kept, _, _, err := inbox.Get(tx, "north", "hcp", inbox.Digest(x.Event, x.Body))
			if plumbline.KindOf(err) == plumbline.NotFound || err == nil && string(kept.Body) != string(x.Body) {
				lost++
				continue
			}
			if err != nil {
				return err
			}
		}
		lines, err := inbox.Tally(tx, "north", time.Now().AddDate(0, 0, -2), time.Now())
		if err != nil {
			return err
		}
		received := map[string]int64{}
		for _, l := range lines {
			received[l.Connection] += l.Received
			if l.Received != l.Applied+l.Ignored+l.Waiting+l.Failed || l.Failed+l.Refused+l.Unknown > 0 {
				t.Errorf("the tally does not close: %+v", l)
			}
		}
		var read int64 // answers to our questions, which came through no door
		if err := tx.QueryRow(`SELECT COUNT(*) FROM delivery WHERE connection = 'hcp' AND began > 0`).Scan(&read); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if got := received["hcp"] - read; got < int64(s.taken["hcp"]) || got > int64(tries) {
			t.Errorf("%d webhooks of the field tool were received; %d were answered 2xx, %d were sent", got, s.taken["hcp"], tries)
		}
		return nil
	})
	if lost > 0 || answered == 0 {
		t.Errorf("%d of %d webhooks that were answered 2xx are not kept", lost, answered)
	}
	t.Logf("%d webhooks answered in %d tries", answered, tries)
}

var link = regexp.MustCompile(`https?://\S+|\S+/v/\S+`)

// said: each customer has one visit and a number of their own, and no visit is moved
// to where it was. So nobody is booked twice, nobody hears twice that somebody is on
// the way, and no text is said twice to a number.
func (s *shop) said() {
	t := s.t
	t.Helper()
	times := map[string]int{}
	texts := 0
	for _, m := range s.phones.Messages() {
		if m.Direction != "outbound-api" {
			continue
		}
		texts++
		for _, occasion := range []string{"you are booked", "is on the way"} {
			if strings.Contains(m.Body, occasion) {
				times[m.To+": … "+occasion]++
			}
		}
		times[m.To+": "+link.ReplaceAllString(m.Body, "")]++
	}
	for text, n := range times {
		if n > 1 {
			t.Errorf("said %d times to %s", n, text)
		}
	}
	if texts == 0 {
		t.Error("nothing was said to anybody")
	}
	t.Logf("%d texts", texts)
}

// kept: each homeowner and each job has at most one record in the CRM, and at last one.
func (s *shop) kept(d *db.DB, all bool) {
	t := s.t
	t.Helper()
	for kind, most := range map[string]int{"contacts": s.customers, "deals": len(s.jobs)} {
		var keys []string
		for _, o := range s.crm.Objects(kind) {
			key := o.Properties["plumbline_key"]
			if key == "" {
				t.Errorf("one of the %s bears no key of ours: %v", kind, o.Properties)
			}
			keys = append(keys, key)
		}
		do(t, d, func(tx *db.Tx) error {
			golden, err := record.Resolve(tx, "north", keys)
			of := map[plumbline.GoldenID]string{}
			for _, key := range keys {
				g := golden[plumbline.SourceID(key)]
				if of[g] != "" {
					t.Errorf("two %s stand for %s: %s and %s", kind, g, of[g], key)
				}
				of[g] = key
			}
			return err
		})
		if len(keys) > most {
			t.Errorf("there are %d %s, want at most %d", len(keys), kind, most)
		}
		if all && len(keys) != most {
			t.Errorf("there are %d %s at the end, want %d", len(keys), kind, most)
		}
		t.Logf("%d of %d %s", len(keys), most, kind)
	}
}
