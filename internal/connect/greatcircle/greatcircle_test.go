package greatcircle

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	sunday = time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)
	monday = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

	boise  = Point{43.6150, -116.2023}
	nampa  = Point{43.5407, -116.5635}
	newark = Point{40.7357, -74.1724}
)

func TestDistancesAreThoseOfTheGlobe(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b Point
		want float64 // meters
	}{
		{"a degree of latitude", Point{43, -116}, Point{44, -116}, 111_195},
		{"a degree of longitude at 60 north", Point{60, 10}, Point{60, 11}, 55_597},
		{"a quarter of the way around", Point{0, 1}, Point{0, 91}, 10_007_543},
		{"across the date line", Point{10, 179.5}, Point{10, -179.5}, 109_504},
		{"the other side of the earth", Point{0, 1}, Point{0, -179}, math.Pi * earthRadius},
	} {
		if got := crow(c.a, c.b); math.Abs(got-c.want) > 20 {
			t.Errorf("%s is %.0f m, want %.0f", c.name, got, c.want)
		}
	}
}

func TestDrivesAreOfAPlausibleLength(t *testing.T) {
	for _, c := range []struct {
		name      string
		a, b      Point
		at        time.Time
		low, high time.Duration // of the likely time
	}{
		{"the same door", boise, boise, sunday, 3 * time.Minute, 3 * time.Minute},
		{"the next town, 39 km by our roads", boise, nampa, sunday, 35 * time.Minute, 50 * time.Minute},
		{"the same at rush hour", boise, nampa, monday, 45 * time.Minute, 60 * time.Minute},
		{"across the country", boise, newark, sunday, 40 * time.Hour, 55 * time.Hour},
	} {
		if got := Estimate(c.a, c.b, c.at); got.Likely < c.low || got.Likely > c.high || got.Basis != Distance {
			t.Errorf("%s takes %+v, want %v to %v", c.name, got, c.low, c.high)
		}
	}
}

func TestWithoutAPointTheRangeIsWideAndSaysSo(t *testing.T) {
	for name, p := range map[string]Point{"none": {}, "off the globe": {91, 0}, "no number": {math.NaN(), 1}, "beyond": {1, math.Inf(1)}} {
		for _, got := range []Range{Estimate(p, boise, monday), Estimate(boise, p, monday)} {
			if got.Basis != NoCoordinates || got.Meters != 0 || got.High < 2*got.Likely {
				t.Errorf("%s gives %+v, want a wide range without coordinates", name, got)
			}
		}
	}
}

func TestRushHourIsReadInTheZoneGiven(t *testing.T) {
	mountain := time.FixedZone("MST", -7*3600)
	if here, there := Estimate(boise, nampa, monday.In(mountain)), Estimate(boise, nampa, monday); here.Likely >= there.Likely {
		t.Errorf("01:00 here takes %v, 08:00 elsewhere %v", here.Likely, there.Likely)
	}
}

func TestRangesAreOrderedAndFartherIsNeverSooner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := Point{rapid.Float64Range(25, 49).Draw(t, "lat"), rapid.Float64Range(-124, -67).Draw(t, "lon")}
		north := rapid.Float64Range(0, 5).Draw(t, "north")
		near, far := Point{from.Lat + north, from.Lon}, Point{from.Lat + north*1.5, from.Lon}
		at := sunday.Add(time.Duration(rapid.IntRange(0, 7*24).Draw(t, "hour")) * time.Hour)
		a, b := Estimate(from, near, at), Estimate(from, far, at)
		for _, r := range []Range{a, b} {
			if r.Low < 0 || r.Low > r.Likely || r.Likely > r.High || r.Low%time.Minute != 0 {
				t.Fatalf("range %+v is out of order", r)
			}
		}
		if b.Likely < a.Likely || b.High < a.High || b.Meters < a.Meters {
			t.Fatalf("farther takes %+v, nearer %+v", b, a)
		}
		if back := Estimate(near, from, at); back.Likely != a.Likely {
			t.Fatalf("there %v, back %v", a.Likely, back.Likely)
		}
	})
}
