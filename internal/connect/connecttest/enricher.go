package connecttest

import (
	"testing"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// Enricher is the harness of TestEnricher.
type Enricher struct {
	connect.Enricher
	Known, Unknown connect.Inquiry // of one of which something is known, and nothing
}

// TestEnricher checks what lookup relies on: what a provider tells is in our words and
// among what it may tell, says how sure it is, and that nothing is known is an answer.
func TestEnricher(t *testing.T, h Enricher) {
	t.Run("what is known is told in our words", func(t *testing.T) {
		f, err := h.Enrich(t.Context(), h.Known)
		if err != nil || len(f.Fields) == 0 {
			t.Fatalf("Enrich = %+v, %v, want fields", f, err)
		}
		may := map[string]bool{}
		for _, name := range h.Enriches(h.Known.Kind) {
			may[name] = true
		}
		for name, v := range f.Fields {
			if field, ok := plumbline.Fields[h.Known.Kind][name]; !ok || !may[name] || !field.Type.Fits(v) || v == plumbline.Null {
				t.Errorf("it tells %s = %s, which it does not say it may tell, or is no %s", name, v, field.Type)
			}
		}
		if f.Confidence < 1 || f.Confidence > 100 || f.Basis == "" || f.Holds < 0 {
			t.Errorf("it says %d %%, %q, %v, want how sure it is, on what it rests and how long it holds", f.Confidence, f.Basis, f.Holds)
		}
	})
	t.Run("that nothing is known is an answer", func(t *testing.T) {
		f, err := h.Enrich(t.Context(), h.Unknown)
		if err != nil || len(f.Fields) != 0 || f.Basis == "" {
			t.Errorf("Enrich = %+v, %v, want no fields, no error and why", f, err)
		}
	})
	t.Run("of other kinds it knows nothing", func(t *testing.T) {
		if list := h.Enriches(plumbline.Payment); len(list) != 0 {
			t.Errorf("it may tell %v of payments", list)
		}
	})
}
