package plumbline

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"
)

// The form as encoding/json writes and reads it, without escapes of its own.
type storedRecord struct {
	Created int64          `json:"c,omitempty"`
	Ahead   bool           `json:"ahead,omitempty"`
	Said    []storedStated `json:"s"`
}

type storedStated struct {
	First    Version          `json:"f"`
	Last     *Version         `json:"l,omitempty"`
	Received int64            `json:"t"`
	Author   Author           `json:"b,omitempty"`
	Deleted  bool             `json:"x,omitempty"`
	Delta    map[string]Value `json:"d,omitempty"`
	Partial  bool             `json:"p,omitempty"`
}

// whole says whether fields say all that is carried.
func whole(fields, carry map[string]Value) bool {
	if len(fields) < len(carry) {
		return false
	}
	for name := range carry {
		if _, ok := fields[name]; !ok {
			return false
		}
	}
	return true
}

// slowDocument writes a record by reflection.
func slowDocument(t *testing.T, s *SourceRecord) string {
	out := storedRecord{Created: s.Created, Ahead: s.Ahead, Said: []storedStated{}}
	carry := map[string]Value{}
	for _, p := range s.Readings {
		st := storedStated{First: p.First, Received: p.Received, Author: p.Author, Deleted: p.Deleted}
		if p.Last != p.First {
			st.Last = &p.Last
		}
		if st.Partial = !whole(p.Fields, carry); st.Partial {
			st.Delta = p.Fields
		} else {
			st.Delta = map[string]Value{}
			for name, v := range p.Fields {
				if old, ok := carry[name]; !ok || old != v {
					st.Delta[name] = v
				}
			}
		}
		maps.Copy(carry, p.Fields)
		out.Said = append(out.Said, st)
	}
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func someRecord(r *rand.Rand, values []Value) *SourceRecord {
	names := []string{"status", "starts", "ring:day/2026-05-04T13:00:00.000Z", "text:SM\"1\\", "naïve\n", "total"}
	s := &SourceRecord{ID: "x", Created: int64(r.IntN(2)) * 1777900000000, Ahead: r.IntN(2) == 0}
	for range r.IntN(6) {
		p := Stated{First: Version{At: r.Int64N(1 << 42), Digest: []string{"", "0a1b2c3d4e"}[r.IntN(2)]}, Received: r.Int64N(1 << 42), Fields: map[string]Value{},
			Author: []Author{"", ByUs, ByPerson}[r.IntN(3)], Deleted: r.IntN(4) == 0}
		p.Last = p.First
		if r.IntN(2) == 0 {
			p.Last.Read, p.Last.At = r.Int64N(1<<42), p.Last.At+1
		}
		for _, n := range names {
			if r.IntN(4) > 0 {
				p.Fields[n] = values[r.IntN(len(values))]
			}
		}
		s.Readings = append(s.Readings, p)
	}
	return s
}

func TestADocumentIsWrittenAsReflectionWouldAndReadBackWhole(t *testing.T) {
	values := []Value{Null, "true", "-12", `"a \"b\" \\ c"`, `["x","]},{"]`, `[{"id":"1","n":[1,2]},{}]`, `""`, "[]", `"ä€"`}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		s := someRecord(r, values)
		doc := s.Document()
		if want := slowDocument(t, s); doc != want {
			t.Fatalf("Document() =\n%s, want\n%s", doc, want)
		}
		got := SourceRecord{ID: s.ID}
		if err := got.ReadDocument(doc); err != nil {
			t.Fatalf("ReadDocument(%s): %v", doc, err)
		}
		if got.Document() != doc || len(got.Readings) != len(s.Readings) {
			t.Fatalf("read back, it is\n%s, want\n%s", got.Document(), doc)
		}
		for i := range got.Readings {
			if !reflect.DeepEqual(got.Readings[i], s.Readings[i]) {
				t.Fatalf("reading %d is %v, want %v", i, got.Readings[i], s.Readings[i])
			}
		}
	}
}

func TestAValueKeepsItsBytesInADocument(t *testing.T) {
	s := &SourceRecord{Readings: []Stated{{Fields: map[string]Value{"notes": `"a <b> & c"`, "lines": `[ {"n": 1} ]`}}}}
	var got SourceRecord
	if err := got.ReadDocument(s.Document()); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got.Readings[0].Fields, s.Readings[0].Fields) {
		t.Errorf("read back, the fields are %v, want %v", got.Readings[0].Fields, s.Readings[0].Fields)
	}
}

func TestADamagedDocumentIsAnError(t *testing.T) {
	doc := (&SourceRecord{Created: 5, Readings: []Stated{{First: Version{At: 1, Digest: "ab"}, Author: ByUs, Fields: map[string]Value{"a": `["x"]`}}}}).Document()
	for i := range doc {
		var s SourceRecord
		if err := s.ReadDocument(doc[:i]); err == nil {
			t.Errorf("ReadDocument(%s) finds nothing wrong", doc[:i])
		}
	}
	for _, doc := range []string{`null`, `[]`, `{"s":[]}x`, `{"c":"1","s":[]}`, `{"s":{}}`, `{"s":[{"f":1}]}`} {
		var s SourceRecord
		if err := s.ReadDocument(doc); err == nil {
			t.Errorf("ReadDocument(%s) finds nothing wrong", doc)
		}
	}
}
