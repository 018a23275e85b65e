package lookup

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/advance"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/inbox"
	"plumbline.dev/plumbline/internal/outbox"
	"plumbline.dev/plumbline/internal/playbook"
	"plumbline.dev/plumbline/internal/record"
	"plumbline.dev/plumbline/internal/tenant"
)

// stale is how long after a departure nobody asks any more when it arrives: the drive
// is over, and only nobody said so.
const stale = 6 * time.Hour

// A route asks how long a drive takes.
type route struct {
	Visit   plumbline.SourceID `json:"visit"`
	Job     plumbline.GoldenID `json:"job"`
	From    connect.Point      `json:"from"`
	To      connect.Point      `json:"to"`
	Departs time.Time          `json:"departs"`
	Zone    string             `json:"zone"` // of the departure
}

// oweRoutes owes an estimate for each visit to which somebody is on the way, of whose
// departure there is none.
func (l *Lookup) oweRoutes(tx *db.Tx, b *advance.Batch) error {
	connected := false
	for _, j := range b.Jobs {
		for _, v := range j.View.Visits {
			if !underWay(v) || tx.Now.Sub(v.EnRoute) > stale {
				continue
			}
			if answered, err := isAnswered(tx, b.Location, plumbline.SourceID(v.ID), v.EnRoute); err != nil || answered {
				if err != nil {
					return err
				}
				continue
			}
			if !connected {
				if connected = l.router(b.Location) != nil; !connected {
					return nil
				}
			}
			err := outbox.Owe(tx, outbox.Debt{Key: outbox.Key{Location: b.Location, Connection: advance.Route, Room: Room,
				Record: "route/" + v.ID}, Class: outbox.Ordinary, Lot: string(j.ID)})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// underWay says whether somebody has set out for a visit and not been seen there.
func underWay(v plumbline.VisitView) bool {
	return v.Stage == "en_route" && !v.EnRoute.IsZero() && v.OnSite.IsZero() && v.Completed.IsZero()
}

func (l *Lookup) router(location string) connect.Router {
	r, _ := l.Tool(location, advance.Route).(connect.Router)
	return r
}

// isAnswered says whether the estimate that a visit has is of this departure.
func isAnswered(tx *db.Tx, location string, visit plumbline.SourceID, departed time.Time) (bool, error) {
	id := record.IDOf(location, advance.Route, plumbline.Reading{Kind: plumbline.Visit, About: visit})
	rows, err := record.Load(tx, location, []string{string(id)})
	if err != nil || len(rows) == 0 {
		return false, err
	}
	var answers []advance.RouteAnswer
	now, _ := rows[0].Get("eta")
	if json.Unmarshal([]byte(now.Value), &answers) != nil || len(answers) == 0 {
		return false, nil
	}
	return answers[0].For.Equal(departed), nil
}

// prepareRoute builds the question from what is known now, none if nobody is on the
// way to the visit any more, or the departure has its estimate.
func (l *Lookup) prepareRoute(tx *db.Tx, c tenant.Connection, job plumbline.GoldenID, visit string) (*route, error) {
	had, err := record.LoadGolden(tx, c.Location, []string{string(job)})
	if err != nil {
		return nil, err
	}
	g, ok := had[job]
	if !ok {
		return nil, nil
	}
	j, err := advance.ReadJob(g)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(j.Visits, func(v plumbline.VisitView) bool { return v.ID == visit })
	if i < 0 || !underWay(j.Visits[i]) || tx.Now.Sub(j.Visits[i].EnRoute) > stale {
		return nil, nil
	}
	v := j.Visits[i]
	if answered, err := isAnswered(tx, c.Location, plumbline.SourceID(visit), v.EnRoute); err != nil || answered {
		return nil, err
	}
	return l.drive(tx, c.Location, job, v)
}

// drive says from where to where a visit's technician drives.
func (l *Lookup) drive(tx *db.Tx, location string, job plumbline.GoldenID, v plumbline.VisitView) (*route, error) {
	pb, _, err := l.Policy(location)
	if err != nil {
		return nil, err
	}
	q := &route{Visit: plumbline.SourceID(v.ID), Job: job, Departs: v.EnRoute, Zone: pb.Settings.Zone, From: shop(pb)}
	before := plumbline.GoldenID("")
	place, found, err := placeOf(tx, location, job)
	if err != nil {
		return nil, err
	}
	if found {
		q.To, q.Zone = point(place.Latitude, place.Longitude), cmp.Or(place.Zone, q.Zone)
	}
	if len(v.Assignments) > 0 {
		if before, err = lastStop(tx, location, v.Assignments[0].Technician, v.ID, v.EnRoute, startOfDay(v.EnRoute, q.Zone)); err != nil {
			return nil, err
		}
	}
	if before == "" {
		return q, nil
	}
	if place, found, err = placeOf(tx, location, before); err != nil {
		return nil, err
	}
	q.From = connect.Point{} // where it was is known to nobody, but it was not the shop
	if found {
		q.From = point(place.Latitude, place.Longitude)
	}
	return q, nil
}

func placeOf(tx *db.Tx, location string, job plumbline.GoldenID) (place plumbline.PropertyView, found bool, err error) {
	places, err := record.PlacesOf(tx, location, []string{string(job)})
	if err != nil {
		return place, false, err
	}
	g, found := places[job]
	if !found {
		return place, false, nil
	}
	return place, true, g.Read(&place)
}

func shop(pb *playbook.Playbook) connect.Point {
	return point(pb.Settings.Shop.Latitude, pb.Settings.Shop.Longitude)
}

// point reads coordinates as decimal text.
func point(latitude, longitude string) connect.Point {
	lat, errLat := strconv.ParseFloat(latitude, 64)
	lon, errLon := strconv.ParseFloat(longitude, 64)
	if errors.Join(errLat, errLon) != nil {
		return connect.Point{}
	}
	return connect.Point{Latitude: lat, Longitude: lon, Known: true}
}

func startOfDay(at time.Time, zone string) time.Time {
	at = in(at, zone)
	return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location())
}

func in(at time.Time, zone string) time.Time {
	z, err := time.LoadLocation(zone)
	if err != nil {
		z = time.UTC
	}
	return at.In(z)
}

func (l *Lookup) performRoute(ctx context.Context, c tenant.Connection, q route) outbox.Result {
	r := l.router(c.Location)
	if r == nil {
		return refused("this location has no router", nil)
	}
	d, err := r.Route(ctx, q.From, q.To, in(q.Departs, q.Zone))
	if err != nil {
		return outbox.Result{Err: connect.AsError(err)}
	}
	likely := max(d.Likely, d.Low, 0)
	return outbox.Result{Detail: d.Basis, Answer: advance.RouteAnswer{Visit: q.Visit, Job: q.Job, For: q.Departs, Basis: d.Basis,
		Low: q.Departs.Add(max(d.Low, 0)), Likely: q.Departs.Add(likely), High: q.Departs.Add(max(d.High, likely))}}
}

// keepRoute keeps an estimate under its visit and departure. If that name is taken,
// because a departure was taken back and then said again, the attempt's is added.
func keepRoute(tx *db.Tx, c tenant.Connection, call outbox.Call, a advance.RouteAnswer) error {
	key := string(a.Visit) + "/" + a.For.UTC().Format(connect.InstantLayout)
	had, _, _, err := inbox.Get(tx, c.Location, c.Name, key)
	switch {
	case err == nil && had.Attempt != call.ID:
		key += "/" + call.ID
	case err != nil && plumbline.KindOf(err) != plumbline.NotFound:
		return err
	}
	_, err = inbox.Keep(tx, inbox.Pack(plumbline.Delivery{Location: c.Location, Connection: c.Name, Tool: advance.Route, Event: "read", Key: key,
		Object: string(a.Visit), Attempt: call.ID, Read: call.Started, Body: []byte(db.JSON(a))}))
	return err
}
