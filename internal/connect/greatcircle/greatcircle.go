// Package greatcircle estimates how long a drive takes from nothing but two
// points: the distance as the crow flies, made longer as roads are, at the
// speed that drives of that length come to. It stands in where no routing tool
// is connected. It makes no calls and knows no roads, no traffic of the moment
// and no ferries, so it gives a wide range and says what it rests on.
package greatcircle

import (
	"math"
	"time"
)

// A Point is a place in degrees, WGS 84. The zero Point is no place: nobody is
// visited at 0, 0, and tools send it for an address they could not find.
type Point struct{ Lat, Lon float64 }

// Known reports whether a point is a place on earth.
func (p Point) Known() bool {
	return p != Point{} && math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 // false for NaN
}

// A Basis says what a range rests on.
type Basis string

// The bases of a range.
const (
	Distance      Basis = "great-circle distance"
	NoCoordinates Basis = "no coordinates"
)

// A Range is how long a drive may take. Of ten drives, about one is meant to
// be shorter than Low and one longer than High; see the table of assumptions.
type Range struct {
	Low, Likely, High time.Duration // whole minutes
	Meters            float64       // by road, estimated; 0 without coordinates
	Basis             Basis
}

// The assumptions below are ours and have not been fitted to measured drives:
// no data of door-to-door drives with coordinates was at hand. Replace them
// when the kept answers of crews (en route to on site) can be counted.
const (
	// Roads are about 1.2 to 1.4 times as long as the crow flies in the US;
	// 1.3 is the usual single figure.
	detour = 1.3
	// Getting to the truck, out of the street, and to the door.
	overhead = 3 * time.Minute
	// From 25 % under to 45 % over the likely time: being late by traffic is
	// commoner than being early.
	lowShare, highShare = 0.75, 1.45
	earthRadius         = 6_371_000 // meters, mean
)

// Each stretch of a drive is driven at the speed of its band: the first
// kilometers in streets, then arterial roads, then highways.
var bands = []struct{ upTo, speed float64 }{ // road meters, meters per second
	{5_000, 9},        // 32 km/h, 20 mph
	{20_000, 15},      // 54 km/h, 34 mph
	{60_000, 22},      // 79 km/h, 49 mph
	{math.Inf(1), 27}, // 97 km/h, 60 mph
}

// Without coordinates nothing is known but that it is within a service area.
var unknown = Range{Low: 10 * time.Minute, Likely: 30 * time.Minute, High: 75 * time.Minute, Basis: NoCoordinates}

// Estimate says how long a drive that departs then is likely to take. The hour
// and weekday are read in the zone that departs carries, which should be that
// of the place; rush hours of weekdays are slower.
func Estimate(from, to Point, departs time.Time) Range {
	if !from.Known() || !to.Known() {
		return unknown
	}
	meters := detour * crow(from, to)
	driving := float64(moving(meters)) * rush(departs)
	likely := overhead + time.Duration(driving)
	return Range{
		Low:    minutes(overhead/2+time.Duration(driving*lowShare), math.Floor),
		Likely: minutes(likely, math.Round),
		High:   minutes(2*overhead+time.Duration(driving*highShare), math.Ceil),
		Meters: math.Round(meters),
		Basis:  Distance,
	}
}

// crow is the distance over the sphere in meters, by the haversine formula.
func crow(a, b Point) float64 {
	rad := math.Pi / 180
	lat, lon := (b.Lat-a.Lat)*rad/2, (b.Lon-a.Lon)*rad/2
	h := math.Pow(math.Sin(lat), 2) + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*math.Pow(math.Sin(lon), 2)
	return 2 * earthRadius * math.Asin(math.Sqrt(min(1, h)))
}

// moving is the time for road meters without stops.
func moving(meters float64) time.Duration {
	var seconds, done float64
	for _, b := range bands {
		stretch := min(meters, b.upTo) - done
		if stretch <= 0 {
			break
		}
		seconds += stretch / b.speed
		done += stretch
	}
	return time.Duration(seconds * float64(time.Second))
}

// rush is how much slower than usual an hour is.
func rush(at time.Time) float64 {
	if day := at.Weekday(); day == time.Saturday || day == time.Sunday {
		return 1
	}
	switch at.Hour() {
	case 7, 8, 16, 17:
		return 1.25
	case 6, 9, 15, 18:
		return 1.1
	}
	return 1
}

func minutes(d time.Duration, round func(float64) float64) time.Duration {
	return time.Duration(round(d.Minutes())) * time.Minute
}
