package greatcircle

import (
	"context"
	"fmt"
	"time"

	"plumbline.dev/plumbline/internal/connect"
)

// A Router is a connect.Router that asks nobody: it estimates. Its zero value works.
type Router struct{}

var _ connect.Router = Router{}

// Route estimates a drive. The hour is read in the zone that departs carries. It never
// fails: without both points it answers with its widest range, and says so.
func (Router) Route(_ context.Context, from, to connect.Point, departs time.Time) (connect.Drive, error) {
	r := Estimate(point(from), point(to), departs)
	basis := string(r.Basis)
	if r.Basis == Distance {
		basis = fmt.Sprintf("%s of %.0f km by road, assumed: %.0f %% under to %.0f %% over, not measured",
			r.Basis, r.Meters/1000, 100*(1-lowShare), 100*(highShare-1))
	}
	return connect.Drive{Low: r.Low, Likely: r.Likely, High: r.High, Basis: basis}, nil
}

func point(p connect.Point) Point {
	if !p.Known {
		return Point{}
	}
	return Point{p.Latitude, p.Longitude}
}
