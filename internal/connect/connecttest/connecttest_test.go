package connecttest

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// recorder is a test that only counts its failures.
type recorder struct {
	testing.TB
	failures int
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failures++ }

func TestReadingsOutsideTheLanguageAreFound(t *testing.T) {
	good := plumbline.Reading{Kind: plumbline.Job, ID: "j", Fields: map[string]plumbline.Value{
		"number": `"7"`, "total": `"412.50"`, "starts": `"2026-05-05T14:00:00.000Z"`, "technicians": `["t"]`, "attachments": "2", "estimate": "false",
		"notes": `[{"id":"n","text":"<b>"}]`, "customer": "null", "ring:rule/1": "[]",
	}}
	r := &recorder{TB: t}
	CheckReading(r, good)
	if r.failures != 0 {
		t.Errorf("a good reading fails")
	}
	for name, change := range map[string]func(*plumbline.Reading){
		"an unknown kind":            func(r *plumbline.Reading) { r.Kind = "ship" },
		"an unknown field":           func(r *plumbline.Reading) { r.Fields["sails"] = `"3"` },
		"no id":                      func(r *plumbline.Reading) { r.ID = "" },
		"id and about":               func(r *plumbline.Reading) { r.About = "x" },
		"NUL in the id":              func(r *plumbline.Reading) { r.ID = "a\x00" },
		"a number for a text":        func(r *plumbline.Reading) { r.Fields["number"] = "7" },
		"money as a number":          func(r *plumbline.Reading) { r.Fields["total"] = "412.5" },
		"money with a sign in front": func(r *plumbline.Reading) { r.Fields["total"] = `"+4"` },
		"a time without zone":        func(r *plumbline.Reading) { r.Fields["starts"] = `"2026-05-05T14:00:00"` },
		"a time without millis":      func(r *plumbline.Reading) { r.Fields["starts"] = `"2026-05-05T14:00:00Z"` },
		"an empty reference":         func(r *plumbline.Reading) { r.Fields["customer"] = `""` },
		"an empty one in a list":     func(r *plumbline.Reading) { r.Fields["technicians"] = `[""]` },
		"a fraction for a whole":     func(r *plumbline.Reading) { r.Fields["attachments"] = "1.5" },
		"a list of texts":            func(r *plumbline.Reading) { r.Fields["notes"] = `["x"]` },
		"spaces":                     func(r *plumbline.Reading) { r.Fields["notes"] = `[ ]` },
		"keys out of order":          func(r *plumbline.Reading) { r.Fields["notes"] = `[{"text":"x","id":"n"}]` },
		"needless escapes":           func(r *plumbline.Reading) { r.Fields["number"] = `"\u003c"` },
		"no JSON":                    func(r *plumbline.Reading) { r.Fields["number"] = `` },
		"NUL in a text":              func(r *plumbline.Reading) { r.Fields["number"] = `"\u0000"` },
		"a time of an absent field":  func(r *plumbline.Reading) { r.Times = map[string]time.Time{"ends": {}} },
		"a year too far":             func(r *plumbline.Reading) { r.At = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			bad.Fields = map[string]plumbline.Value{}
			for k, v := range good.Fields {
				bad.Fields[k] = v
			}
			change(&bad)
			r := &recorder{TB: t}
			CheckReading(r, bad)
			if r.failures == 0 {
				t.Errorf("it was not found in %+v", bad)
			}
		})
	}
}

// shelf is a target in memory: the least that passes TestTarget.
type shelf struct {
	records map[string]map[string]shelved // type to id
	joined  map[string]bool
	next    int
}

type shelved struct {
	key    string
	fields map[string]string
}

func (s *shelf) Describe(context.Context) (connect.Schema, error) {
	return connect.Schema{Types: map[string]connect.TypeSchema{
		"contact": {Unique: "key", Fields: map[string]connect.FieldSchema{"name": {Value: "string"}, "age": {Value: "number"}}},
		"deal":    {Unique: "key", Fields: map[string]connect.FieldSchema{"name": {Value: "string"}}},
	}}, nil
}

func (s *shelf) Limits(string) connect.Limits { return connect.Limits{Batch: 10} }

func (s *shelf) Write(_ context.Context, typ string, changes []connect.Change) (out []connect.Outcome, err error) {
	for _, c := range changes {
		out = append(out, s.write(typ, c))
	}
	return out, nil
}

func (s *shelf) write(typ string, c connect.Change) connect.Outcome {
	if age, ok := c.Fields["age"]; ok {
		if _, err := strconv.Atoi(age); err != nil {
			return connect.Outcome{Ref: c.Ref, Err: &connect.Error{Class: connect.Human, Field: "age", Msg: "no number"}}
		}
	}
	o := connect.Outcome{Ref: c.Ref, ID: c.ID}
	if o.ID == "" {
		if id := s.byKey(typ, c.Key); id != "" {
			o.ID = id
		} else {
			s.next++
			o.ID, o.New = fmt.Sprint(s.next), true
			s.records[typ][o.ID] = shelved{c.Key, map[string]string{}}
		}
	}
	for k, v := range c.Fields {
		s.records[typ][o.ID].fields[k] = v
	}
	return o
}

func (s *shelf) byKey(typ, key string) string {
	for id, r := range s.records[typ] {
		if r.key == key {
			return id
		}
	}
	return ""
}

func (s *shelf) Read(_ context.Context, typ, by string, values, _ []string) (map[string]connect.Record, error) {
	out := map[string]connect.Record{}
	for _, v := range values {
		id := v
		if by == "key" {
			id = s.byKey(typ, v)
		}
		if r, ok := s.records[typ][id]; ok {
			out[v] = connect.Record{ID: id, Fields: r.fields}
		}
	}
	return out, nil
}

func (s *shelf) Find(_ context.Context, typ string, c connect.Change) (connect.Record, bool, error) {
	id := s.byKey(typ, c.Key)
	return connect.Record{ID: id}, id != "", nil
}

func (s *shelf) Associate(_ context.Context, links []connect.Association) (out []connect.Outcome, err error) {
	for _, l := range links {
		s.joined[l.FromID+"/"+l.ToID] = !l.Off
		out = append(out, connect.Outcome{Ref: l.Ref})
	}
	return out, nil
}

func TestTargetSuiteTakesTheLeastTarget(t *testing.T) {
	s := &shelf{records: map[string]map[string]shelved{"contact": {}, "deal": {}}, joined: map[string]bool{}}
	TestTarget(t, Target{
		Target: s, Type: "contact", Fields: map[string]string{"name": "Dana", "age": "41"}, Change: map[string]string{"age": "42"},
		Bad: map[string]string{"age": "old"}, Other: "deal", OtherFields: map[string]string{"name": "AC repair"},
		Joined: func(from, to string) bool { return s.joined[from+"/"+to] },
	})
}
