package bench

import "testing"

// Every record is read once, and within the bound that is stated.
func TestASweepIsMeasuredInCallsAndHours(t *testing.T) {
	r := Report{}
	if err := sweepOf(t.Context(), Options{Dir: t.TempDir()}, r, 500); err != nil {
		t.Fatal(err)
	}
	if n := r["sweep_records"].Value; n < 500 || n > 502 {
		t.Errorf("%.0f records were swept, want 500", n)
	}
	if c := r["sweep_calls"]; c.Value < 6 || c.Value > 10 {
		t.Errorf("%.0f calls read 500 records: %s", c.Value, c.Note)
	}
	if h := r["sweep_hours"]; h.Value > h.Ceiling {
		t.Errorf("it took %.4f h, and was to take %.4f at most", h.Value, h.Ceiling)
	}
}
