package connecttest

import (
	"slices"
	"testing"

	"plumbline.dev/plumbline/internal/connect"
)

// Counter is the harness of TestCounter, against a source that holds some objects, more
// than a page of one stream at least.
type Counter struct {
	connect.Counter
	Has map[string][]string // stream to the ids that it holds, as its Puller tells them
}

// TestCounter checks what nightly counts rely on: that a stream's count and ids are those of
// all that it holds, and that each object is held by one stream.
func TestCounter(t *testing.T, h Counter) {
	for stream, want := range h.Has {
		t.Run(stream, func(t *testing.T) {
			n, err := h.Count(t.Context(), stream)
			if err != nil || n != -1 && n != len(want) {
				t.Errorf("Count = %d, %v, want %d", n, err, len(want))
			}
			got := h.ids(t, stream)
			slices.Sort(got)
			want = slices.Sorted(slices.Values(want))
			if !slices.Equal(got, want) {
				t.Errorf("IDs = %v, want %v", got, want)
			}
			kind, _ := h.Holds(stream)
			for other := range h.Has {
				k, has := h.Holds(other)
				for _, id := range want {
					if k == kind && has(id) != (other == stream) {
						t.Errorf("%s holds %s %s: %v", other, kind, id, has(id))
					}
				}
			}
		})
	}
	t.Run("an unknown stream is an error", func(t *testing.T) {
		if _, err := h.Count(t.Context(), "no such stream"); err == nil {
			t.Error("Count(no such stream) = nil error")
		}
		if _, err := h.IDs(t.Context(), "no such stream", ""); err == nil {
			t.Error("IDs(no such stream) = nil error")
		}
	})
}

func (h Counter) ids(t *testing.T, stream string) (ids []string) {
	t.Helper()
	cursor := ""
	for range 10_000 {
		page, err := h.IDs(t.Context(), stream, cursor)
		if err != nil {
			t.Fatalf("IDs(%s, %s): %v", stream, cursor, err)
		}
		ids = append(ids, page.IDs...)
		if cursor = page.Next; cursor == "" {
			return ids
		}
	}
	t.Fatalf("the ids of %s have no end", stream)
	return nil
}
