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
	"plumbline.dev/plumbline/internal/lookup"
	"plumbline.dev/plumbline/internal/tenant"
)

// A lister has a list of customers, which it hands out two at a time.
type lister struct {
	*source
	list    []plumbline.Reading
	cursors []string
	total   int // as the vendor says it
}

func (l *lister) Streams() []string { return []string{"customers"} }

func (l *lister) Pull(_ context.Context, _, cursor string) (connect.Page, error) {
	if len(l.fails) > 0 {
		err := l.fails[0]
		l.fails = l.fails[1:]
		if err != nil {
			return connect.Page{}, err
		}
	}
	l.cursors = append(l.cursors, cursor)
	from, _ := strconv.Atoi(cursor)
	to := min(from+2, len(l.list))
	page := connect.Page{Next: strconv.Itoa(to), More: to < len(l.list), Through: noon, Total: l.total}
	for _, r := range l.list[from:to] {
		page.Answers = append(page.Answers, connect.Answer{Kind: r.Kind, Object: r.ID, Body: []byte(db.JSON([]plumbline.Reading{r}))})
	}
	if !page.More {
		page.Next = "0" // it is read whole each time
	}
	return page, nil
}

func (s *shop) lists(n int) *lister {
	s.t.Helper()
	l := &lister{source: s.source}
	for i := range n {
		r := customer("Dana")
		r.ID = fmt.Sprintf("c/%d", i)
		l.list = append(l.list, r)
	}
	s.tools["field"] = l
	s.begin()
	return l
}

func (s *shop) begin() {
	s.t.Helper()
	s.do(func(tx *db.Tx) error {
		c, err := tenant.Get(tx, place, "field")
		if err != nil {
			return err
		}
		return s.lookup.Begin(tx, c)
	})
}

func TestAListIsReadWholeAndThenEveryHour(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		l := s.lists(5)
		s.calls()
		if want := []string{"", "2", "4"}; !slices.Equal(l.cursors, want) || s.reads() != 5 {
			t.Fatalf("read from %v and kept %d, want %v and five", l.cursors, s.reads(), want)
		}
		s.begin() // the program starts again
		s.later(lookup.PullEvery - time.Minute)
		if len(l.cursors) != 3 {
			t.Errorf("read %d pages before an hour was over, want three", len(l.cursors))
		}
		l.list[1].Fields = map[string]plumbline.Value{"first_name": `"Daniela"`}
		l.list[1].At = noon.Add(time.Minute)
		s.later(time.Minute)
		if len(l.cursors) != 6 || s.reads() != 6 {
			t.Errorf("read %d pages and kept %d answers, want all again and the one that changed", len(l.cursors), s.reads())
		}
		if n := s.count(`SELECT COUNT(*) FROM tally`); n != 0 {
			t.Errorf("%d counts, want none: what a list repeats was not received", n)
		}
	})
}

func TestAListIsReadAtTheLatestWhenTheOfficeOpens(t *testing.T) {
	s := open(t, dbtest.Open(t))
	s.now = time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC) // 23:00 on Sunday
	l := s.lists(1)
	for _, at := range []struct {
		after time.Duration
		reads int
	}{{0, 1}, {4*time.Hour - time.Minute, 1}, {time.Minute, 2}, {4 * time.Hour, 3}, {29 * time.Minute, 3}, {time.Minute, 4}} {
		if s.later(at.after); len(l.cursors) != at.reads {
			t.Errorf("at %s it was read %d times, want %d", s.now.Format(time.TimeOnly), len(l.cursors), at.reads)
		}
	}
}

func TestAListGoesOnFromThePageThatWasKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		l := s.lists(5)
		s.source.fails = []error{nil, &connect.Error{Class: connect.Retry, Msg: "busy"}}
		s.calls()
		if s.reads() != 2 {
			t.Fatalf("kept %d answers before the second page failed, want two", s.reads())
		}
		s.later(10 * time.Second)
		if want := []string{"", "2", "4"}; !slices.Equal(l.cursors, want) || s.reads() != 5 {
			t.Errorf("read from %v and kept %d, want %v and five", l.cursors, s.reads(), want)
		}
	})
}

func TestItShowsHowFarAListIsReadForTheFirstTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		l := s.lists(5)
		l.total = 5
		reading := func() (r lookup.Reading) {
			s.do(func(tx *db.Tx) error {
				list, err := lookup.Readings(tx, place)
				if err == nil && len(list) != 1 {
					err = fmt.Errorf("%d lists, want one", len(list))
				}
				if err == nil {
					r = list[0]
				}
				return err
			})
			return r
		}
		if r := reading(); r.Connection != "field" || r.List != "customers" || !r.Began.IsZero() || r.Complete {
			t.Errorf("before its first page: %+v", r)
		}
		began := s.now
		s.source.fails = []error{nil, &connect.Error{Class: connect.Wait, Msg: "busy", After: 4 * time.Second}}
		s.calls()
		s.now = s.now.Add(2 * time.Second)
		if r, want := reading(), s.now.Add(3*time.Second); r.Read != 2 || r.Total != 5 || !r.Began.Equal(began) || r.Complete || !r.Ends.Equal(want) {
			t.Errorf("after its first page: %+v; want 2 of 5, until %v", r, want)
		}
		l.total = 4 // one has gone meanwhile, and stood on a page that was read
		s.later(2 * time.Second)
		if r := reading(); r.Read != 5 || r.Total != 5 || !r.Complete || !r.Ends.IsZero() {
			t.Errorf("read whole: %+v", r)
		}
		s.later(lookup.PullEvery)
		if r := reading(); r.Read != 5 {
			t.Errorf("later readings are counted too: %+v", r)
		}
	})
}

// A tool that is out of its budget says when it has room again, and then is asked.
func TestAListIsReadOnAsSoonAsThereIsRoom(t *testing.T) {
	s := open(t, dbtest.Open(t))
	l := s.lists(5)
	wait := &connect.Error{Class: connect.Wait, Msg: "the points are used up", After: 1400 * time.Millisecond}
	s.source.fails = []error{nil, wait, wait, wait}
	s.calls()
	for range 3 {
		if len(l.cursors) != 1 {
			t.Fatalf("it was read %d times without room", len(l.cursors))
		}
		s.later(1400 * time.Millisecond)
	}
	if len(l.cursors) != 3 {
		t.Errorf("%d pages were read once there was room, want all three", len(l.cursors))
	}
}

func TestAConnectionThatIsOffIsReadOnceItIsOn(t *testing.T) {
	s := open(t, dbtest.Open(t))
	turn := func(mode string) {
		s.do(func(tx *db.Tx) error { return tenant.Switch(tx, place, "field", mode) })
	}
	turn(tenant.Off)
	l := s.lists(2)
	s.calls()
	if len(l.cursors) != 0 {
		t.Fatalf("read %d times what is off", len(l.cursors))
	}
	turn(tenant.On)
	s.calls()
	if len(l.cursors) != 1 || s.reads() != 2 {
		t.Errorf("read %d times and kept %d once it was on, want one and two", len(l.cursors), s.reads())
	}
}
