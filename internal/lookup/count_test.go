package lookup_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/errorqueue"
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/tenant"
)

// A counted lister tells how many it lists, and their ids two at a time.
type countedLister struct {
	*lister
	untold  bool // how many there are
	cursors []string
	counts  int
	failIDs []error
}

func (l *countedLister) Holds(string) (plumbline.Kind, func(string) bool) {
	return plumbline.Customer, func(id string) bool { return id != "elsewhere" }
}

func (l *countedLister) Count(context.Context, string) (int, error) {
	l.counts++
	if l.untold {
		return -1, nil
	}
	return len(l.list), nil
}

func (l *countedLister) IDs(_ context.Context, _, cursor string) (connect.IDs, error) {
	if len(l.failIDs) > 0 {
		err := l.failIDs[0]
		l.failIDs = l.failIDs[1:]
		if err != nil {
			return connect.IDs{}, err
		}
	}
	l.cursors = append(l.cursors, cursor)
	from, _ := strconv.Atoi(cursor)
	to := min(from+2, len(l.list))
	var out connect.IDs
	for _, r := range l.list[from:to] {
		out.IDs = append(out.IDs, r.ID)
	}
	if to < len(l.list) {
		out.Next = strconv.Itoa(to)
	}
	return out, nil
}

// counted makes the source list so many customers, which are known, and can be read.
func (s *shop) counted(n int) *countedLister {
	s.t.Helper()
	l := &countedLister{lister: &lister{source: s.source}}
	for i := range n {
		l.add(fmt.Sprintf("c/%d", i))
	}
	s.tools["field"] = l
	s.begin()
	s.calls()
	return l
}

func (l *countedLister) add(id string) {
	r := customer("Dana")
	r.ID = id
	l.list = append(l.list, r)
	l.source.objects[id] = r
}

// drop lets the source delete one and say nothing.
func (l *countedLister) drop(id string) {
	l.list = slices.DeleteFunc(l.list, func(r plumbline.Reading) bool { return r.ID == id })
	delete(l.source.objects, id)
}

// night lets the lists be counted: two in the morning of the third of March and later.
func (s *shop) night(day int) {
	s.t.Helper()
	s.now = time.Date(2026, 3, day, 8, 0, 0, 0, time.UTC)
	s.calls()
	s.later(time.Minute) // what was put off by backoff
}

func (s *shop) counts() (list []lookup.Counted) {
	s.t.Helper()
	s.do(func(tx *db.Tx) (err error) {
		list, err = lookup.Counts(tx, place, noon.AddDate(0, -1, 0), s.now)
		return err
	})
	return list
}

func (s *shop) last() lookup.Counted {
	s.t.Helper()
	list := s.counts()
	if len(list) == 0 {
		s.t.Fatal("nothing was counted")
	}
	return list[len(list)-1]
}

func TestWhatNoWebhookToldIsFoundByTheNightlyCount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		l := s.counted(5)
		s.night(3)
		if n := s.last(); n.Night != "2026-03-03" || n.Ours != 5 || n.Theirs != 5 || n.Missing+n.Gone != 0 || l.counts != 1 {
			t.Fatalf("counted %+v with %d questions, want five and five with one", n, l.counts)
		}
		l.drop("c/1")
		l.drop("c/2")
		l.add("c/7")
		s.source.asked = nil
		s.tools["field"] = quietLister{l}
		s.night(4)
		n := s.last()
		if n.Ours != 5 || n.Theirs != 4 || n.Missing != 1 || n.Gone != 2 || !slices.Equal(n.MissingIDs, []string{"c/7"}) || !slices.Equal(n.GoneIDs, []string{"c/1", "c/2"}) {
			t.Errorf("counted %+v, want the differences", n)
		}
		for id, deleted := range map[string]bool{"c/0": false, "c/1": true, "c/2": true, "c/7": false} {
			if got := s.record(plumbline.Customer, id); got.Deleted() != deleted {
				t.Errorf("%s is deleted here: %v, want %v", id, got.Deleted(), deleted)
			}
		}
		slices.Sort(s.source.asked)
		if want := []string{"customer/c/1", "customer/c/2", "customer/c/7"}; !slices.Equal(s.source.asked, want) {
			t.Errorf("read %v, want %v", s.source.asked, want)
		}
		s.night(5)
		if n := s.last(); n.Night != "2026-03-05" || n.Ours != 4 || n.Theirs != 4 || n.Missing+n.Gone != 0 {
			t.Errorf("the night after counted %+v, want agreement", n)
		}
		if n := s.count(`SELECT COUNT(*) FROM listed`); n != 0 {
			t.Errorf("%d pages of ids are left, want none", n)
		}
	})
}

// A quietLister shows nothing new in its lists: only counts tell.
type quietLister struct{ *countedLister }

func (quietLister) Pull(context.Context, string, string) (connect.Page, error) {
	return connect.Page{Next: "0"}, nil
}

func TestEqualCountsOfDifferentIDsAreFoundWithinAWeek(t *testing.T) {
	s := open(t, dbtest.Open(t))
	l := s.counted(3)
	s.tools["field"] = quietLister{l}
	l.drop("c/1")
	l.add("c/9")
	for day := 3; day <= 9; day++ {
		s.night(day)
	}
	found := 0
	for _, n := range s.counts() {
		if n.Missing == 1 && n.Gone == 1 && n.Compared == "ids" {
			found++
		}
	}
	if found != 1 || !s.record(plumbline.Customer, "c/1").Deleted() || l.counts != 7 {
		t.Errorf("the difference was found on %d of %d nights, want on one", found, l.counts)
	}
}

func TestACountingGoesOnWhereItStopped(t *testing.T) {
	s := open(t, dbtest.Open(t))
	l := s.counted(6)
	s.tools["field"] = quietLister{l}
	l.untold = true
	l.drop("c/0")
	l.failIDs = []error{nil, nil, &connect.Error{Class: connect.Retry, Msg: "busy"}}
	s.night(3)
	if want := []string{"", "2", "4"}; !slices.Equal(l.cursors, want) {
		t.Errorf("the ids were read from %v, want %v", l.cursors, want)
	}
	if n := s.last(); n.Ours != 6 || n.Theirs != 5 || n.Gone != 1 || n.Compared != "ids" {
		t.Errorf("counted %+v of a source that does not tell how many there are", n)
	}
}

func TestAListThatWasNotReadWholeIsNotCounted(t *testing.T) {
	s := open(t, dbtest.Open(t))
	l := &countedLister{lister: &lister{source: s.source}}
	l.add("c/1")
	s.tools["field"] = l
	s.do(func(tx *db.Tx) error { return tenant.Switch(tx, place, "field", tenant.Off) })
	s.begin()
	s.now = s.now.AddDate(0, 0, 1)
	s.do(func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE outbox SET due = $1 WHERE record = 'pull/customers'`, s.now.AddDate(0, 0, 1).UnixMilli())
		return err
	})
	s.do(func(tx *db.Tx) error { return tenant.Switch(tx, place, "field", tenant.On) })
	s.calls()
	if l.counts != 0 || len(s.counts()) != 0 {
		t.Errorf("counted %d times what has not been read", l.counts)
	}
	s.night(5)
	s.night(6)
	if n := s.last(); l.counts != 1 || n.Ours != 1 || n.Missing+n.Gone != 0 {
		t.Errorf("counted %+v in %d nights after it was read", n, l.counts)
	}
}

func TestAListThatLacksMuchIsNotBelievedUntilAPersonSaysSo(t *testing.T) {
	s := open(t, dbtest.Open(t))
	l := s.counted(60)
	s.tools["field"] = quietLister{l}
	all := l.list
	l.list = l.list[:30]
	for _, r := range all[30:] {
		delete(l.source.objects, r.ID)
	}
	s.night(3)
	item := func() errorqueue.Item {
		var i errorqueue.Item
		s.do(func(tx *db.Tx) (err error) {
			i, err = errorqueue.Get(tx, place, errorqueue.Source, "field/count/customers")
			return err
		})
		return i
	}
	if i := item(); i.State != "open" || i.Cure == "" || len(l.source.asked) != 0 || s.last().Gone != 30 {
		t.Errorf("half of a list is gone: %+v, with %d reads, counted %+v", i, len(l.source.asked), s.last())
	}
	s.do(func(tx *db.Tx) error { return lookup.Believe(tx, place, "field", "customers") })
	s.calls()
	if i := item(); i.State != "done" || !s.record(plumbline.Customer, "c/45").Deleted() || s.record(plumbline.Customer, "c/5").Deleted() {
		t.Errorf("a person has said that they are gone: %+v", i)
	}
}
