package plumbline

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 5, 5, 12, 0, 0, 0, time.UTC)

func reading(at time.Time, fields map[string]Value) Reading {
	return Reading{Kind: Job, ID: "job_1", At: at, Fields: fields}
}

func TestReadingsInAnyOrderGiveTheSameRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]Kind{Job, Customer}).Draw(t, "kind")
		type said struct {
			r        Reading
			received time.Time
		}
		readings := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) said {
			fields := map[string]Value{}
			for _, name := range []string{"status", "starts", "notes"} {
				if rapid.Bool().Draw(t, "has") {
					fields[name] = Value(fmt.Sprint(rapid.IntRange(0, 2).Draw(t, name)))
				}
			}
			r := Reading{Kind: kind, At: noon.Add(time.Duration(rapid.IntRange(0, 4).Draw(t, "at")) * time.Minute), Fields: fields,
				Deleted: rapid.IntRange(0, 9).Draw(t, "deleted") == 0}
			if rapid.Bool().Draw(t, "read") {
				r.Read = r.At.Add(time.Minute)
			}
			return said{r, noon.Add(time.Duration(rapid.IntRange(0, 6).Draw(t, "received")) * time.Minute)}
		}), 1, 8).Draw(t, "readings")
		order := rapid.Permutation(readings).Draw(t, "order")
		again := rapid.SliceOfN(rapid.SampledFrom(readings), 0, 4).Draw(t, "again")

		a, b := SourceRecord{Kind: kind}, SourceRecord{Kind: kind}
		for _, s := range readings {
			a.Add(s.r, s.received, nil)
		}
		for _, s := range append(order, again...) {
			b.Add(s.r, s.received, nil)
		}
		if a.Document() != b.Document() {
			t.Fatalf("the same readings gave\n%s\nand\n%s", a.Document(), b.Document())
		}
		c := SourceRecord{Kind: kind}
		if err := c.ReadDocument(a.Document()); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(a, c); d != "" {
			t.Fatalf("reading the document back changed the record:\n%s", d)
		}
	})
}

func TestRestatingAValueIsNoNews(t *testing.T) {
	s := SourceRecord{Kind: Customer}
	for i := range 3 {
		s.Add(reading(noon.Add(time.Duration(i)*time.Hour), map[string]Value{"email": `"a@x.com"`}), noon.Add(9*time.Hour), nil)
	}
	if c, _ := s.Get("email"); c.From != noon.UnixMilli() {
		t.Errorf("a@x.com counts from %v, want noon", time.UnixMilli(c.From).UTC())
	}
	s.Add(reading(noon.Add(4*time.Hour), map[string]Value{"email": `"b@x.com"`}), noon.Add(9*time.Hour), nil)
	s.Add(reading(noon.Add(5*time.Hour), map[string]Value{"email": `"a@x.com"`}), noon.Add(9*time.Hour), nil)
	if c, _ := s.Get("email"); c.Value != `"a@x.com"` || c.From != noon.Add(4*time.Hour).UnixMilli() {
		t.Errorf("back to a@x.com: got %s from %v, want a@x.com from the last word on b", c.Value, time.UnixMilli(c.From).UTC())
	}
}

func TestTimesAfterReceiptAreCut(t *testing.T) {
	s := SourceRecord{Kind: Job}
	s.Add(reading(noon.Add(24*time.Hour), map[string]Value{"status": `"scheduled"`}), noon, nil)
	s.Add(reading(noon.Add(24*time.Hour+5*time.Minute), map[string]Value{"status": `"complete"`}), noon.Add(5*time.Minute), nil)
	if !s.Ahead || s.Text("status") != "complete" || s.Readings[0].First.At != noon.UnixMilli() {
		t.Errorf("got %+v, want both cut to their receipts, in order, and the record flagged", s)
	}
}

// A clock that runs a little ahead still orders: the older notice comes late, when the
// time that both bear is no longer to come.
func TestAnOlderNoticeOfAClockAheadStaysOlder(t *testing.T) {
	s := SourceRecord{Kind: Job}
	s.Add(reading(noon.Add(2*time.Minute), map[string]Value{"status": `"complete"`}), noon, nil)
	s.Add(reading(noon.Add(time.Minute), map[string]Value{"status": `"scheduled"`}), noon.Add(3*time.Minute), nil)
	if c, _ := s.Get("status"); c.Value != `"complete"` || c.From > noon.Add(time.Minute).UnixMilli() {
		t.Errorf("got %s from %v, want complete from its receipt or the other's time", c.Value, time.UnixMilli(c.From).UTC())
	}
}

// Of what the vendor does not date, reads bear our clock: a notice of a clock ahead is
// cut to its receipt, and one that comes late is settled by a read.
func TestNoticesOfWhatIsUndatedAreSettledByARead(t *testing.T) {
	s := SourceRecord{Kind: Invoice}
	notice := func(at time.Time, status Value) Reading { return reading(at, map[string]Value{"status": status}) }
	s.Add(notice(noon.Add(2*time.Minute), `"paid"`), noon, nil)
	if s.Tied() {
		t.Error("one notice ties with nothing")
	}
	s.Add(notice(noon.Add(time.Minute), `"open"`), noon.Add(3*time.Minute), nil)
	if !s.Tied() {
		t.Error("a notice that came late beats one of a clock ahead, and no read is asked for")
	}
	read := notice(time.Time{}, `"paid"`)
	read.Read = noon.Add(4 * time.Minute)
	s.Add(read, noon.Add(4*time.Minute), nil)
	if c, _ := s.Get("status"); c.Value != `"paid"` || s.Tied() {
		t.Errorf("after the read it is %s, tied %t, want paid", c.Value, s.Tied())
	}
	s.Add(notice(noon.Add(4*time.Minute+time.Second), `"open"`), noon.Add(9*time.Minute), nil)
	if !s.Tied() {
		t.Error("a notice that came later still says something else, and no read is asked for")
	}
}

// A notice that claims a time after its receipt is cut to it, and may be older than what
// was said hours before: of what the vendor does not date a read decides.
func TestANoticeOfAClockADayAheadIsSettledByARead(t *testing.T) {
	for kind, want := range map[Kind]bool{Invoice: true, Payment: true, Job: false} {
		s := SourceRecord{Kind: kind}
		s.Add(reading(noon, map[string]Value{"status": `"paid"`}), noon.Add(time.Minute), nil)
		s.Add(reading(noon.Add(24*time.Hour), map[string]Value{"status": `"open"`}), noon.Add(4*time.Hour), nil)
		if s.Tied() != want {
			t.Errorf("of %s it ties: %t, want %t", kind, s.Tied(), want)
		}
	}
}

// Of what the vendor does not date, a notice that bears the time of an event before it
// would be lost behind a read of long ago.
func TestANoticeThatComesAfterAReadAndIsDatedBeforeItIsSettledByARead(t *testing.T) {
	s := SourceRecord{Kind: Invoice}
	s.Add(reading(noon, map[string]Value{"status": `"open"`}), noon.Add(time.Second), nil)
	read := reading(time.Time{}, map[string]Value{"status": `"open"`, "number": `"7"`})
	read.Read = noon.Add(time.Minute)
	s.Add(read, noon.Add(time.Minute), nil)
	if s.Tied() {
		t.Error("the read has settled it")
	}
	s.Add(reading(noon, map[string]Value{"status": `"void"`}), noon.Add(13*time.Hour), nil)
	if !s.Tied() {
		t.Error("a notice of 13 hours later is lost behind the read, and no other is asked for")
	}
	read.Fields, read.Read = map[string]Value{"status": `"void"`}, noon.Add(14*time.Hour)
	s.Add(read, noon.Add(14*time.Hour), nil)
	if s.Tied() || s.Text("status") != "void" {
		t.Errorf("after the second read: tied %t, %s", s.Tied(), s.Text("status"))
	}
}

func TestAReadBeatsANoticeOfTheSameInstant(t *testing.T) {
	s := SourceRecord{Kind: Job}
	read := reading(noon, map[string]Value{"status": `"complete"`})
	read.Read = noon.Add(time.Second)
	s.Add(read, noon.Add(2*time.Second), nil)
	s.Add(reading(noon, map[string]Value{"status": `"scheduled"`}), noon.Add(3*time.Second), nil)
	if s.Text("status") != "complete" {
		t.Errorf("status = %s, want complete", s.Text("status"))
	}
}

func TestAbsentNullAndEmptyAreThreeThings(t *testing.T) {
	s := SourceRecord{Kind: Job}
	s.Add(reading(noon, map[string]Value{"description": `"leak"`, "number": `"7"`, "type": `"x"`}), noon, nil)
	s.Add(reading(noon.Add(time.Minute), map[string]Value{"number": Null, "type": `""`}), noon.Add(time.Hour), nil)
	for field, want := range map[string]Value{"description": `"leak"`, "number": Null, "type": `""`} {
		if c, ok := s.Get(field); !ok || c.Value != want {
			t.Errorf("%s = %s, %v, want %s", field, c.Value, ok, want)
		}
	}
}

func TestOlderReadingsDoNotRaiseTheDeleted(t *testing.T) {
	s := SourceRecord{Kind: Customer}
	s.Add(Reading{Kind: Customer, At: noon, Deleted: true}, noon, nil)
	s.Add(reading(noon.Add(-time.Hour), map[string]Value{"email": `"a@x.com"`}), noon.Add(time.Minute), nil)
	if !s.Deleted() {
		t.Error("an older reading raised a deleted record")
	}
}

func TestEchoesAreNotStatements(t *testing.T) {
	s := SourceRecord{Kind: Customer}
	r := reading(noon, map[string]Value{"first_name": `"Dana"`, "email": `"a@x.com"`})
	r.Authors = map[string]Author{"email": ByUs}
	s.Add(r, noon, []string{"first_name"})
	if _, ok := s.Get("first_name"); ok {
		t.Error("an echo became a statement")
	}
	if _, ok := s.Get("email"); ok {
		t.Error("what we wrote ourselves became a statement")
	}
}
