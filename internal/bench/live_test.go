package bench

import (
	"maps"
	"testing"
	"time"
)

// The CRM answers a batch in an order of its own.
func TestWhatABatchWroteIsKnownByItsRecords(t *testing.T) {
	changed := wrote([]byte(`{"inputs":[{"id":"1","properties":{"city":"Boise"}},{"id":"2","properties":{"city":"Reno"}}]}`), []byte(`{"results":[{"id":"2"},{"id":"1"}]}`))
	if !maps.Equal(changed["1"], map[string]string{"city": "Boise"}) || !maps.Equal(changed["2"], map[string]string{"city": "Reno"}) {
		t.Errorf("a batch of changes wrote %v", changed)
	}
	made := wrote([]byte(`{"inputs":[{"properties":{"plumbline_key":"a","dealname":"one"}},{"properties":{"hs_note_body":"two"}}]}`),
		[]byte(`{"results":[{"id":"8","properties":{"hs_note_body":"two"}},{"id":"9","properties":{"plumbline_key":"a"}}]}`))
	if made["8"]["hs_note_body"] != "two" || made["9"]["dealname"] != "one" {
		t.Errorf("a batch of new records wrote %v", made)
	}
}

func TestAChangeIsAcceptedOnceAllOfItIsWritten(t *testing.T) {
	noon := time.Date(2026, 5, 5, 12, 0, 0, 0, time.UTC)
	c := changed{record: "deal/a", at: noon, values: map[string]string{"stage": "done", "eta": ""}}
	by := func(after time.Duration, values map[string]string) call {
		return call{left: noon.Add(after), wrote: map[string]map[string]string{"1": values}}
	}
	for _, x := range []struct {
		what  string
		call  call
		later []changed
		want  bool
	}{
		{"all of it", by(time.Second, map[string]string{"stage": "done", "eta": "", "more": "x"}), nil, true},
		{"before it was owed", by(-time.Second, map[string]string{"stage": "done", "eta": ""}), nil, false},
		{"a part", by(time.Second, map[string]string{"stage": "done"}), nil, false},
		{"another value", by(time.Second, map[string]string{"stage": "paid", "eta": ""}), nil, false},
		{"a later value", by(time.Second, map[string]string{"stage": "paid", "eta": ""}), []changed{{values: map[string]string{"stage": "paid"}}}, true},
	} {
		if got := c.accepted(x.call, "1", x.later); got != x.want {
			t.Errorf("%s: accepted = %t, want %t", x.what, got, x.want)
		}
	}
	if c.undone(nil) || !c.undone([]changed{{back: map[string]bool{"stage": true}}}) {
		t.Error("a change is undone where a later one has made the record right as it stands, and only there")
	}
}
