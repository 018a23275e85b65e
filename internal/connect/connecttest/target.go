package connecttest

import (
	"fmt"
	"testing"

	"plumbline.dev/plumbline/internal/connect"
)

// Target is the harness of TestTarget, against a fresh target with no records.
type Target struct {
	connect.Target
	Type   string            // a type of records that can bear our key
	Fields map[string]string // good values of two or more fields of it, as the target reads them back
	Change map[string]string // another good value of one of these fields
	Bad    map[string]string // a value that the target refuses
	Other  string            // a type that Type can be associated with; empty: none
	// OtherFields are good values for a record of Other.
	OtherFields map[string]string
	// Joined says whether two records are joined.
	Joined func(fromID, toID string) bool
	// Settle waits until what was written can be searched.
	Settle func()
}

// TestTarget checks what mirror relies on.
func TestTarget(t *testing.T, h Target) {
	if h.Settle == nil {
		h.Settle = func() {}
	}
	t.Run("describe knows the type, its key and its fields", h.testDescribe)
	t.Run("a missing record is absent", func(t *testing.T) {
		for _, by := range []string{"id", "key"} {
			got, err := h.Read(t.Context(), h.Type, by, []string{"4294967295"}, h.names())
			if err != nil || len(got) != 0 {
				t.Errorf("Read(%s nobody) = %v, %v, want nothing and no error", by, got, err)
			}
		}
		if r, found, err := h.Find(t.Context(), h.Type, connect.Change{Key: "nobody", Fields: h.Fields}); err != nil || found {
			t.Errorf("Find(nobody) = %v, %v, %v, want nothing and no error", r, found, err)
		}
	})
	t.Run("an empty batch does nothing", func(t *testing.T) {
		if out, err := h.Write(t.Context(), h.Type, nil); err != nil || len(out) != 0 {
			t.Errorf("Write(nothing) = %v, %v", out, err)
		}
	})
	t.Run("what was created is read back and found by its key", h.testCreate)
	t.Run("creating under a key twice makes one record", h.testTwice)
	t.Run("a change touches its own fields only", h.testChange)
	t.Run("one bad change spoils no other", h.testBad)
	if h.Other != "" {
		t.Run("an association made twice is one, and taken away twice is gone", h.testAssociate)
	}
}

func (h Target) names() (names []string) {
	for name := range h.Fields {
		names = append(names, name)
	}
	return names
}

func (h Target) testDescribe(t *testing.T) {
	s, err := h.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	typ, ok := s.Types[h.Type]
	if !ok || typ.Unique == "" {
		t.Errorf("the type %s = %+v, want one with a unique field", h.Type, typ)
	}
	for _, name := range h.names() {
		if f, ok := typ.Fields[name]; !ok || f.ReadOnly {
			t.Errorf("field %s = %+v, want one that can be written", name, f)
		}
	}
	if n := h.Limits(h.Type).Batch; n < 1 {
		t.Errorf("Limits = %d, want at least 1", n)
	}
}

// create writes one new record and returns its outcome.
func (h Target) create(t *testing.T, typ, key string, fields map[string]string) connect.Outcome {
	t.Helper()
	out, err := h.Write(t.Context(), typ, []connect.Change{{Ref: "ref-" + key, Key: key, Fields: fields}})
	if err != nil || len(out) != 1 || out[0].Err != nil || out[0].ID == "" || out[0].Ref != "ref-"+key {
		t.Fatalf("Write(create %s) = %+v, %v, want one outcome with an id", key, out, err)
	}
	return out[0]
}

func (h Target) mustHave(t *testing.T, by, value, id string, want map[string]string) {
	t.Helper()
	got, err := h.Read(t.Context(), h.Type, by, []string{value}, h.names())
	r, ok := got[value]
	if err != nil || !ok || r.ID != id {
		t.Errorf("Read(%s %s) = %+v, %v, want %s", by, value, got, err, id)
		return
	}
	for name, v := range want {
		if r.Fields[name] != v {
			t.Errorf("%s of %s = %q, want %q", name, id, r.Fields[name], v)
		}
	}
}

func (h Target) testCreate(t *testing.T) {
	made := h.create(t, h.Type, "key-1", h.Fields)
	if !made.New {
		t.Error("the outcome of a create is not new")
	}
	h.mustHave(t, "id", made.ID, made.ID, h.Fields)
	h.Settle()
	h.mustHave(t, "key", "key-1", made.ID, h.Fields)
	r, found, err := h.Find(t.Context(), h.Type, connect.Change{Key: "key-1", Fields: h.Fields})
	if err != nil || !found || r.ID != made.ID {
		t.Errorf("Find(key-1) = %+v, %v, %v, want %s", r, found, err, made.ID)
	}
}

// testTwice takes either answer to a second create: the same record, or an error that
// names it.
func (h Target) testTwice(t *testing.T) {
	first := h.create(t, h.Type, "key-2", h.Fields)
	h.Settle()
	out, err := h.Write(t.Context(), h.Type, []connect.Change{{Ref: "again", Key: "key-2", Fields: h.Fields}})
	if err != nil || len(out) != 1 {
		t.Fatalf("Write(create again) = %+v, %v, want one outcome", out, err)
	}
	switch o := out[0]; {
	case o.Err == nil && (o.ID != first.ID || o.New):
		t.Errorf("outcome = %+v, want the record %s, not new", o, first.ID)
	case o.Err != nil && o.Err.Existing != first.ID:
		t.Errorf("error = %+v, want one that names %s", o.Err, first.ID)
	}
}

func (h Target) testChange(t *testing.T) {
	made := h.create(t, h.Type, "key-3", h.Fields)
	out, err := h.Write(t.Context(), h.Type, []connect.Change{{Ref: "r", ID: made.ID, Fields: h.Change}})
	if err != nil || len(out) != 1 || out[0].Err != nil || out[0].ID != made.ID || out[0].New {
		t.Fatalf("Write(change) = %+v, %v, want one outcome of %s", out, err, made.ID)
	}
	want := map[string]string{}
	for _, fields := range []map[string]string{h.Fields, h.Change} {
		for name, v := range fields {
			want[name] = v
		}
	}
	h.mustHave(t, "id", made.ID, made.ID, want)
}

func (h Target) testBad(t *testing.T) {
	changes := []connect.Change{
		{Ref: "good-1", Key: "key-4", Fields: h.Fields}, {Ref: "bad", Key: "key-5", Fields: h.Bad}, {Ref: "good-2", Key: "key-6", Fields: h.Fields},
	}
	out, err := h.Write(t.Context(), h.Type, changes)
	if err != nil || len(out) != len(changes) {
		t.Fatalf("Write = %+v, %v, want an outcome for each change", out, err)
	}
	for i, o := range out {
		if o.Ref != changes[i].Ref || (o.Err != nil) != (o.Ref == "bad") {
			t.Errorf("outcome %d = %+v (%v), want that of %s", i, o, o.Err, changes[i].Ref)
		}
		if o.Err != nil && o.Err.Class != connect.Human {
			t.Errorf("a refused value has class %v, want human", o.Err.Class)
		}
	}
}

func (h Target) testAssociate(t *testing.T) {
	from := h.create(t, h.Type, "key-7", h.Fields)
	to := h.create(t, h.Other, "key-8", h.OtherFields)
	link := connect.Association{Ref: "link", FromType: h.Type, FromID: from.ID, ToType: h.Other, ToID: to.ID}
	for _, off := range []bool{false, true} {
		link.Off = off
		for i := range 2 {
			out, err := h.Associate(t.Context(), []connect.Association{link})
			if err != nil || len(out) != 1 || out[0].Ref != "link" || out[0].Err != nil {
				t.Errorf("Associate (off: %t), time %d = %s, %v", off, i+1, fmt.Sprintf("%+v", out), err)
			}
		}
		if h.Joined(from.ID, to.ID) == off {
			t.Errorf("joined = %t where off = %t", off, off)
		}
	}
}
