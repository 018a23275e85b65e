package connecttest

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// Decoder is the harness of TestDecoder.
type Decoder struct {
	connect.Decoder
	Deliveries []plumbline.Delivery // that must decode into at least one reading
	Mutations  int                  // damaged copies made of each; zero: 200
}

// TestDecoder checks what record relies on: readings keep to the language, the same
// delivery always reads the same, and no damaged body panics.
func TestDecoder(t *testing.T, h Decoder) {
	t.Run("good deliveries decode into good readings", func(t *testing.T) {
		for _, d := range h.Deliveries {
			readings, err := h.Decode(d)
			if err != nil || len(readings) == 0 {
				t.Errorf("Decode(%s %s) = %d readings, %v", d.Event, d.Key, len(readings), err)
			}
		}
	})
	t.Run("a delivery always reads the same", func(t *testing.T) {
		for _, d := range h.Deliveries {
			CheckDecode(t, h.Decoder, d)
		}
	})
	t.Run("damaged deliveries do no harm", func(t *testing.T) {
		n := h.Mutations
		if n == 0 {
			n = 200
		}
		r := rand.New(rand.NewPCG(1, 2))
		for _, d := range h.Deliveries {
			whole := d.Body
			for range n {
				d.Body = Damage(r, whole)
				CheckDecode(t, h.Decoder, d)
				if t.Failed() {
					t.Fatalf("the body was %q", d.Body)
				}
			}
		}
	})
}

// CheckDecode decodes a delivery twice: the answers must be the same, every reading
// good, and the delivery untouched. An error is as good an answer as readings.
func CheckDecode(t testing.TB, dec connect.Decoder, d plumbline.Delivery) {
	t.Helper()
	body := bytes.Clone(d.Body)
	readings, err := dec.Decode(d)
	again, err2 := dec.Decode(d)
	if !reflect.DeepEqual(readings, again) || (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
		t.Errorf("Decode(%s) twice = %v, %v and %v, %v", d.Event, readings, err, again, err2)
	}
	if !bytes.Equal(body, d.Body) {
		t.Errorf("Decode(%s) changed the body", d.Event)
	}
	if err == nil && len(readings) == 0 {
		t.Errorf("Decode(%s) = nothing and no error, want connect.Ignored with its rule", d.Event)
	}
	for _, r := range readings {
		CheckReading(t, r)
	}
}

// Damage returns a changed copy of a body: a JSON member replaced or removed, bytes
// flipped, or the end cut off.
func Damage(r *rand.Rand, body []byte) []byte {
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if r.IntN(4) > 0 && dec.Decode(&v) == nil {
		for range 1 + r.IntN(3) {
			damage(r, &v)
		}
		if out, err := json.Marshal(v); err == nil {
			return out
		}
	}
	out := bytes.Clone(body)
	if len(out) == 0 {
		return out
	}
	if r.IntN(3) == 0 {
		return out[:r.IntN(len(out))]
	}
	for range 1 + r.IntN(4) {
		out[r.IntN(len(out))] = byte(r.IntN(256))
	}
	return out
}

// damage walks down to a random place and changes it.
func damage(r *rand.Rand, at *any) {
	switch v := (*at).(type) {
	case map[string]any:
		if len(v) > 0 && r.IntN(12) > 0 {
			keys := make([]string, 0, len(v))
			for k := range v {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			k := keys[r.IntN(len(keys))]
			if r.IntN(8) == 0 {
				delete(v, k)
				return
			}
			e := v[k]
			damage(r, &e)
			v[k] = e
			return
		}
	case []any:
		if len(v) > 0 && r.IntN(12) > 0 {
			damage(r, &v[r.IntN(len(v))])
			return
		}
	}
	*at = wrongs[r.IntN(len(wrongs))]
}

// wrongs are values that vendors have been seen, or can be feared, to send.
var wrongs = []any{
	nil, true, "", "x", "a\x00b", "<&>\u2028", " ", "2026-05-05", "2026-05-05T14:00:00", "9999-12-31T23:59:59-12:00", "0000-01-01T00:00:00+14:00",
	json.Number("0"), json.Number("-1"), json.Number("1.5"), json.Number("1e3"), json.Number("1e400"), json.Number("9223372036854775807"),
	json.Number("99999999999999999999"), []any{}, []any{nil}, []any{"x"}, []any{map[string]any{}}, map[string]any{}, map[string]any{"id": nil},
}
