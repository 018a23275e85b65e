package greatcircle

import (
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

func TestTheRouterSaysWhatItsRangeRestsOn(t *testing.T) {
	known := connect.Point{Latitude: 43.6150, Longitude: -116.2023, Known: true}
	there := connect.Point{Latitude: 43.5407, Longitude: -116.5635, Known: true}
	for _, c := range []struct {
		name     string
		from, to connect.Point
		basis    string
		high     time.Duration // at least
	}{
		{"two points", known, there, "great-circle distance of 39 km by road, assumed: 25 % under to 45 % over", 40 * time.Minute},
		{"nowhere to", known, connect.Point{}, "no coordinates", 75 * time.Minute},
		{"from a point that is not known", connect.Point{Latitude: 43, Longitude: -116}, there, "no coordinates", 75 * time.Minute},
	} {
		d, err := Router{}.Route(t.Context(), c.from, c.to, sunday)
		if err != nil || !strings.HasPrefix(d.Basis, c.basis) || d.High < c.high || d.Low > d.Likely || d.Likely > d.High {
			t.Errorf("%s: got %+v, %v, want a range that rests on %q and ends after %v", c.name, d, err, c.basis, c.high)
		}
	}
}
