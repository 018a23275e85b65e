package plumbline

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A SourceRecord is what one source has said of one object: the set of its
// readings, in the order of their versions. Adding readings in any order, any
// number of times, gives the same record.
type SourceRecord struct {
	ID         SourceID
	Kind       Kind
	Connection string
	External   string // the source's own id
	About      SourceID
	Created    int64 // ms UTC by the vendor's word, 0 unknown
	Ahead      bool  // some reading claimed a time after its receipt and was cut to it
	Readings   []Stated
}

// Stated is one distinct thing that a source said of an object. Of jobs, visits,
// invoices and payments every version stays and First equals Last; of others equal
// content is kept once, with its first and last version.
type Stated struct {
	First, Last Version
	Received    int64 // ms UTC, receipt of the first version
	Author      Author
	Looked      Looked
	Deleted     bool
	Fields      map[string]Value
}

// everyStatementStays names the kinds whose history is folded.
func (k Kind) everyStatementStays() bool {
	return k == Job || k == Visit || k == Invoice || k == Payment
}

// undated says whether vendors tell no modification time of a kind, so that reads are
// dated by our clock and notices by theirs.
func (k Kind) undated() bool { return k == Invoice || k == Payment }

// Add joins a reading into the record and says whether the record changed. Version
// instants after the receipt are cut to it. Fields that Echoes names are left out:
// what a target repeats of our own is no news.
func (s *SourceRecord) Add(r Reading, received time.Time, echoes []string) bool {
	changed := false
	if c := r.Created; !c.IsZero() && (s.Created == 0 || c.UnixMilli() < s.Created) {
		s.Created, changed = c.UnixMilli(), true
	}
	for _, part := range s.split(r, received, echoes) {
		changed = s.join(part) || changed
	}
	return changed
}

// drift is how far a source's clock may run ahead and still order what it dates: cut to
// their receipts, an older notice that comes late would beat a newer one. What lies
// further ahead is cut, and so is what must compare with reads that are dated by our
// own clock. No value counts from after its receipt, see Happened.
const drift = 10 * time.Minute

// Happened is from when the first version counts: not later than it was heard.
func (p *Stated) Happened() int64 { return min(p.First.At, p.Received) }

// A when is what the parts of one reading differ in.
type when struct {
	at     int64
	author Author
}

// split cuts a reading into parts of one instant and one author each.
func (s *SourceRecord) split(r Reading, received time.Time, echoes []string) (parts []Stated) {
	base := r.At
	if base.IsZero() {
		base = cmp.Or(r.Read, received)
	}
	if len(echoes)+len(r.Times)+len(r.Authors) == 0 {
		return []Stated{s.part(r, when{at: base.UnixMilli()}, r.Fields, base, received)}
	}
	fields := map[when]map[string]Value{}
	for name, v := range r.Fields {
		if name != "key" && (slices.Contains(echoes, name) || r.Authors[name] == ByUs) {
			continue // our key on a target's record is no news of ours: it says whose record it is
		}
		at := base
		if t, ok := r.Times[name]; ok && !t.IsZero() {
			at = t
		}
		w := when{at.UnixMilli(), r.Authors[name]}
		if fields[w] == nil {
			fields[w] = map[string]Value{}
		}
		fields[w][name] = v
	}
	if whole := (when{at: base.UnixMilli()}); fields[whole] == nil && (r.Deleted || len(fields) == 0) {
		fields[whole] = map[string]Value{}
	}
	for w, f := range fields {
		parts = append(parts, s.part(r, w, f, base, received))
	}
	return parts
}

// part is what a reading says of one instant and by one author. Readings may share
// their maps of fields, which nobody changes.
func (s *SourceRecord) part(r Reading, w when, fields map[string]Value, base, received time.Time) Stated {
	p := Stated{Received: received.UnixMilli(), Author: w.author, Looked: r.Looked, Fields: fields, Deleted: r.Deleted && w == when{at: base.UnixMilli()}}
	v := Version{At: w.at, Digest: digest(p)}
	if !r.Read.IsZero() && w.at == base.UnixMilli() {
		v.Read = r.Read.UnixMilli()
	}
	if v.At > p.Received {
		s.Ahead = true
	}
	if v.At > p.Received+drift.Milliseconds() || s.Kind.undated() && v.At > p.Received {
		v.At = p.Received
	}
	p.First, p.Last = v, v
	return p
}

func digest(p Stated) string {
	names := make([]string, 0, len(p.Fields))
	for name := range p.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	b := make([]byte, 0, 2048)
	for _, name := range names {
		b = append(append(b, name...), 0)
		b = append(append(b, p.Fields[name]...), 0)
	}
	if p.Deleted {
		b = append(b, "deleted"...)
	}
	b = append(b, p.Author...)
	if l := p.Looked; l != (Looked{}) { // the same values, found again, hold for longer
		b = strconv.AppendInt(append(b, 0), l.Until, 10)
		b = strconv.AppendInt(append(b, 0), int64(l.Confidence), 10)
		b = append(append(b, 0), l.Basis...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:5])
}

func (s *SourceRecord) join(p Stated) bool {
	for i := range s.Readings {
		have := &s.Readings[i]
		if have.First.Digest != p.First.Digest {
			continue
		}
		if s.Kind.everyStatementStays() && have.First != p.First {
			continue
		}
		changed := false
		if c := p.First.Compare(have.First); c < 0 || c == 0 && p.Received < have.Received {
			have.First, have.Received, changed = p.First, p.Received, true
		}
		if p.Last.Compare(have.Last) > 0 {
			have.Last, changed = p.Last, true
		}
		if changed {
			s.sort()
		}
		return changed
	}
	s.Readings = append(s.Readings, p)
	s.sort()
	return true
}

func (s *SourceRecord) sort() {
	slices.SortFunc(s.Readings, func(a, b Stated) int {
		return cmp.Or(a.Last.Compare(b.Last), a.First.Compare(b.First))
	})
}

// A Current is the value of a field as the source has it now.
type Current struct {
	Value    Value
	From     int64 // ms UTC: since when it counts; restating a value is no news
	Received int64 // ms UTC: when we first heard it
	Author   Author
	Looked   Looked // as it was found last
}

// Get returns the value with the greatest last version, and false if the source has
// never spoken of the field.
func (s *SourceRecord) Get(field string) (Current, bool) {
	var c Current
	found := false
	for i := len(s.Readings) - 1; i >= 0; i-- {
		p := &s.Readings[i]
		v, ok := p.Fields[field]
		switch {
		case !ok:
		case !found:
			c, found = Current{Value: v, From: p.Happened(), Received: p.Received, Author: p.Author, Looked: p.Looked}, true
		case v == c.Value:
			if p.Happened() < c.From && !s.otherSince(field, v, p.First) {
				c.From, c.Received, c.Author = p.Happened(), p.Received, p.Author
			}
		}
	}
	if found {
		if last := s.lastOther(field, c.Value); last > c.From {
			c.From = last
		}
	}
	return c, found
}

// Ring names the field by which a source says that a clock has rung.
func Ring(rule string, due time.Time) string {
	return "ring:" + rule + "/" + due.UTC().Format("2006-01-02T15:04:05.000Z")
}

// Expired says whether a value of the record has come to its end: the ring of that time
// is part of what its source says. No other clock is looked at.
func (s *SourceRecord) Expired(c Current) bool {
	if c.Looked.Until == 0 {
		return false
	}
	_, rang := s.Get(Ring(s.Connection, time.UnixMilli(c.Looked.Until)))
	return rang
}

// otherSince says whether another value of the field was stated after v.
func (s *SourceRecord) otherSince(field string, value Value, v Version) bool {
	for i := range s.Readings {
		if o, ok := s.Readings[i].Fields[field]; ok && o != value && s.Readings[i].Last.Compare(v) > 0 {
			return true
		}
	}
	return false
}

func (s *SourceRecord) lastOther(field string, value Value) int64 {
	var at int64
	for i := range s.Readings {
		if o, ok := s.Readings[i].Fields[field]; ok && o != value {
			at = max(at, s.Readings[i].Last.At)
		}
	}
	return at
}

// Deleted says whether the greatest version is a deletion.
func (s *SourceRecord) Deleted() bool {
	return len(s.Readings) > 0 && s.Readings[len(s.Readings)-1].Deleted
}

// Tied says whether notices of the last instant differ, so that only their digests
// decide. All notices of that instant count: one that holds a part of the object may
// stand between two that contradict each other. A read settles it.
func (s *SourceRecord) Tied() bool {
	n := len(s.Readings)
	if n == 0 {
		return false
	}
	if s.Kind.undated() && s.overtaken() {
		return true
	}
	if s.Readings[n-1].Last.Read != 0 {
		return false
	}
	said := map[string]Value{}
	for i := n - 1; i >= 0 && s.ties(i, n-1); i-- {
		for name, v := range s.Readings[i].Fields {
			if other, ok := said[name]; ok && other != v {
				return true
			}
			said[name] = v
		}
	}
	return false
}

// overtaken says whether a notice came after what holds now, was dated before it and says
// something else: it may have been late, or bear the time of the event before.
func (s *SourceRecord) overtaken() bool {
	top := &s.Readings[len(s.Readings)-1]
	known := max(top.Received, top.Last.Read)
	for i := range s.Readings {
		p := &s.Readings[i]
		if p.Last.Read != 0 || p.Received <= known {
			continue
		}
		for name, v := range p.Fields {
			if c, ok := s.Get(name); ok && c.Value != v {
				return true
			}
		}
	}
	return false
}

// ties says whether only chance orders a notice and what was said before it: they are
// of one instant, or clocks that differ have dated them. A notice that was cut to its
// receipt may be older than anything.
func (s *SourceRecord) ties(i, top int) bool {
	a, b := s.Readings[i].Last.At, s.Readings[top].Last.At
	return a == b || s.Ahead && s.Kind.undated() && (b-a <= drift.Milliseconds() || b == s.Readings[top].Received)
}

// Says says whether the record says all that a reading does, and has it from a version
// that is no older. A reading that is dated by its own beginning, since its object shows no
// time of change, is no newer than what it repeats.
func (s *SourceRecord) Says(r Reading) bool {
	if len(s.Readings) == 0 || s.Tied() || s.Deleted() != r.Deleted {
		return false
	}
	if newest := s.Readings[len(s.Readings)-1].Last.At; newest < r.At.UnixMilli() && !r.At.Equal(r.Read) {
		return false
	}
	for name, v := range r.Fields {
		if c, ok := s.Get(name); !ok || c.Value != v {
			return false
		}
	}
	return true
}

// ReadAfter says whether a reading of it was begun after an instant.
func (s *SourceRecord) ReadAfter(at time.Time) bool {
	return slices.ContainsFunc(s.Readings, func(p Stated) bool { return p.Last.Read > at.UnixMilli() })
}

// Text returns a text field, "" if it is absent or null.
func (s *SourceRecord) Text(field string) string {
	c, _ := s.Get(field)
	return c.Value.Text()
}

// Text returns the string that v holds, "" for anything else.
func (v Value) Text() string {
	if len(v) < 2 || v[0] != '"' {
		return ""
	}
	if strings.IndexByte(string(v), '\\') < 0 && v[len(v)-1] == '"' {
		return string(v[1 : len(v)-1])
	}
	var t string
	if json.Unmarshal([]byte(v), &t) != nil {
		return ""
	}
	return t
}

// Texts returns the strings that v holds, nil for anything else.
func (v Value) Texts() []string {
	if len(v) < 2 || v[0] != '[' || v == "[]" {
		return nil
	}
	var t []string
	if json.Unmarshal([]byte(v), &t) != nil {
		return nil
	}
	return t
}

// Bool returns the bool that v holds, and whether it is one.
func (v Value) Bool() (is, ok bool) { return v == "true", v == "true" || v == "false" }

// Time returns the instant that v holds, zero for anything else.
func (v Value) Time() time.Time {
	text := v.Text()
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Int returns the whole number that v holds, 0 for anything else.
func (v Value) Int() int64 {
	var n int64
	if json.Unmarshal([]byte(v), &n) != nil {
		return 0
	}
	return n
}

// TextValue writes a text as a Value.
func TextValue(s string) Value { return JSONValue(s) }

// TimeValue writes an instant as a Value.
func TimeValue(t time.Time) Value {
	return Value(`"` + t.UTC().Format("2006-01-02T15:04:05.000Z") + `"`)
}

// JSONValue writes anything that can be marshalled as a Value; what cannot is null.
func JSONValue(x any) Value {
	b, err := json.Marshal(x)
	if err != nil {
		return Null
	}
	return Value(b)
}
