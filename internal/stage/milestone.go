package stage

import (
	"encoding/json"
	"slices"
	"time"

	"plumbline.dev/plumbline"
)

// An episode is one stay of a milestone: it happened at an instant, until it was
// taken back.
type episode struct {
	at       time.Time // not after it was heard, where the source's clock runs ahead
	received int64     // when it was first heard
	taken    int64     // ms at which it was taken back, 0: it stands
	takenRec int64
}

// episodes reads a milestone's values in version order, of a visit or, if t is nil, of an
// invoice. A value after another
// re-dates it; null takes it back.
func (f *fold) episodes(t *trip, r *plumbline.SourceRecord, field string) []episode {
	var list []episode
	for _, c := range f.changes(r, field) {
		if at := c.value.Time(); !at.IsZero() {
			list = f.stated(t, list, at, c.received)
		} else {
			list = taken(list, c)
		}
	}
	return list
}

// taken ends the last episode. What was taken back at an instant had happened by then,
// though a clock that runs ahead dated it later; if that leaves it no time, it never was.
func taken(list []episode, c change) []episode {
	n := len(list)
	if n == 0 || list[n-1].taken != 0 {
		return list
	}
	e := &list[n-1]
	if e.at.UnixMilli() >= c.at {
		return list[:n-1]
	}
	e.taken, e.takenRec = c.at, c.received
	return list
}

// stated joins a value to the episodes of a milestone of a visit. One that lies before
// the last was taken back says that it stands after all: what took it back was an older
// word of the same second.
func (f *fold) stated(t *trip, list []episode, at time.Time, received int64) []episode {
	if heard := time.UnixMilli(received).UTC(); heard.Before(at) {
		at = heard
	}
	n := len(list)
	if n == 0 || list[n-1].taken != 0 && at.UnixMilli() > list[n-1].taken || f.another(t, list[n-1].at, at) {
		return append(list, episode{at: at, received: received})
	}
	list[n-1].at, list[n-1].taken, list[n-1].takenRec = at, 0, 0
	return list
}

// another says whether two values of a milestone are of two attempts at one visit: it
// was moved from the day of the first to that of the second.
func (f *fold) another(t *trip, first, second time.Time) bool {
	return t != nil && day(second.In(f.in.Zone)) > day(first.In(f.in.Zone)) && f.planned(t, first) && f.planned(t, second)
}

// planned says whether a visit was ever to begin on the day of an instant.
func (f *fold) planned(t *trip, at time.Time) bool {
	return slices.ContainsFunc(f.allStarts(t), func(start time.Time) bool {
		return !start.IsZero() && day(start.In(f.in.Zone)) == day(at.In(f.in.Zone))
	})
}

// byTrip reads a job's milestone likewise, but gives each value to a visit: only a
// value that falls to the same visit re-dates.
func (f *fold) byTrip(r *plumbline.SourceRecord, field string) map[*trip][]episode {
	out := map[*trip][]episode{}
	var last *trip
	for _, c := range f.changes(r, field) {
		at := c.value.Time()
		if at.IsZero() {
			if list := out[last]; len(list) > 0 && !f.returns(last, list[len(list)-1].at) {
				out[last] = taken(list, c)
			}
			continue
		}
		t := f.onDayOf(at)
		if t == nil {
			continue
		}
		out[t], last = f.stated(t, out[t], at, c.received), t
	}
	return out
}

// returns says whether a visit was made after another had happened: what took the
// milestone back was the return trip, and the first trip stays what it was.
func (f *fold) returns(first *trip, at time.Time) bool {
	for _, t := range f.visits {
		if t != first && f.startsOf(t).After(at) {
			return true
		}
	}
	return false
}

// startsOf returns the last known start of a visit over its whole story.
func (f *fold) startsOf(t *trip) time.Time { return f.allStarts(t)[0] }

// allStarts returns every start that a visit ever had, the last one first.
func (f *fold) allStarts(t *trip) []time.Time {
	var all []time.Time
	read := func(r *plumbline.SourceRecord) {
		for _, c := range f.changes(r, "starts") {
			if at := c.value.Time(); !at.IsZero() {
				all = append([]time.Time{at}, all...)
			}
		}
	}
	for _, in := range f.in.Visits {
		if f.tripOf(in.ID) == t {
			for _, r := range in.Records {
				read(r)
			}
		}
	}
	if len(all) == 0 {
		for _, r := range f.in.Job {
			read(r)
		}
	}
	return append(all, time.Time{})
}

// tripOf finds the visit into which a source's visit was laid.
func (f *fold) tripOf(id plumbline.SourceID) *trip {
	if to, ok := f.laid[id]; ok {
		return to
	}
	return f.trip(id)
}

// onDayOf finds the visit on whose local day an instant falls, else the nearest. One
// that had been taken off the calendar by then is no candidate if there is another.
func (f *fold) onDayOf(at time.Time) *trip {
	standing := slices.DeleteFunc(slices.Clone(f.visits), func(t *trip) bool { return f.goneBy(t, at) })
	if len(standing) == 0 {
		standing = f.visits
	}
	return f.nearest(standing, at)
}

// goneBy says whether the source had taken a visit off the calendar by an instant.
func (f *fold) goneBy(t *trip, at time.Time) bool {
	gone := false
	for _, in := range f.in.Visits {
		if f.tripOf(in.ID) != t {
			continue
		}
		for _, r := range in.Records {
			if r.About != "" {
				continue
			}
			if since := f.goneSince(r); since == 0 || since > at.UnixMilli() {
				return false
			}
			gone = true
		}
	}
	return gone
}

// goneSince says when a source deleted a visit, or first listed the visits of its job
// without it and did not speak of it again; 0: it stands.
func (f *fold) goneSince(r *plumbline.SourceRecord) (since int64) {
	if len(r.Readings) == 0 {
		return 0
	}
	last := r.Readings[len(r.Readings)-1].Happened()
	if r.Deleted() {
		return last
	}
	for _, job := range f.in.Job {
		if job.Connection != r.Connection {
			continue
		}
		for _, c := range f.changes(job, "visits") {
			switch named := c.value.Texts(); {
			case len(named) == 0: // this body lists none
			case slices.Contains(named, r.External):
				since = 0
			case since == 0 && c.at >= last:
				since = c.at
			}
		}
	}
	return since
}

func (f *fold) nearest(visits []*trip, at time.Time) *trip {
	var best *trip
	var gap time.Duration
	for pass := range 3 {
		for _, t := range visits {
			starts := f.allStarts(t)
			if pass == 0 {
				starts = starts[:1]
			}
			for _, s := range starts {
				if s.IsZero() || pass < 2 && day(s.In(f.in.Zone)) != day(at.In(f.in.Zone)) {
					continue
				}
				if d := s.Sub(at).Abs(); best == nil || d < gap {
					best, gap = t, d
				}
			}
		}
		if best != nil {
			return best
		}
	}
	if len(visits) > 0 {
		return visits[0]
	}
	return nil
}

// gatherMilestones gives a job's own times to its visits.
func (f *fold) gatherMilestones(tool *plumbline.SourceRecord) {
	for _, field := range []string{"en_route_at", "on_site_at", "completed_at"} {
		for t, list := range f.byTrip(tool, field) {
			for _, e := range list {
				f.milestone(t, field, tool, e, len(f.visits) > 1)
				if field == "completed_at" {
					f.completeEarlier(t, tool, e)
				}
			}
		}
	}
}

// completeEarlier infers that trips before the one with which the tool called the
// job complete are complete too.
func (f *fold) completeEarlier(done *trip, tool *plumbline.SourceRecord, e episode) {
	for _, t := range f.visits {
		if t == done || !f.startsOf(t).Before(f.startsOf(done)) {
			continue
		}
		f.add(event{at: e.at.UnixMilli(), received: e.received, key: string(tool.ID) + "earlier" + t.view.ID,
			cause: tool.Connection + ": job complete", apply: func(*fold) {
				if t.view.Completed.IsZero() && !t.canceled && !t.gone {
					t.view.Completed = e.at
					t.view.Inferred = appendOnce(t.view.Inferred, "completed_at")
				}
			}})
	}
}

var milestoneWords = map[string]string{
	"en_route_at": "on the way", "on_site_at": "arrived", "paused_at": "paused", "completed_at": "complete",
}

// milestone adds the beginning, and the end if there is one, of an episode.
func (f *fold) milestone(t *trip, field string, r *plumbline.SourceRecord, e episode, inferred bool) {
	to := map[string]*time.Time{"en_route_at": &t.view.EnRoute, "on_site_at": &t.view.OnSite,
		"paused_at": &t.paused, "completed_at": &t.view.Completed}[field]
	at := e.at.UnixMilli()
	word := milestoneWords[field]
	f.add(event{at: at, received: e.received, rank: rank(r.Connection), key: string(r.ID) + field + t.view.ID, cause: r.Connection + ": " + word, apply: func(*fold) {
		*to = e.at
		t.exists = true
		if field == "on_site_at" || field == "completed_at" {
			t.view.ETALow, t.view.ETAHigh, t.view.ETABasis = time.Time{}, time.Time{}, ""
		}
		if inferred {
			t.view.Inferred = appendOnce(t.view.Inferred, field)
		}
	}})
	if e.taken != 0 {
		f.add(event{at: max(e.taken, at), received: e.takenRec, rank: rank(r.Connection), key: string(r.ID) + field + t.view.ID + "taken",
			cause: r.Connection + ": not " + word, apply: func(*fold) { *to = time.Time{} }})
	}
}

func appendOnce(list []string, s string) []string {
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}

func listOf[T any](v plumbline.Value) []T {
	var list []T
	if json.Unmarshal([]byte(v), &list) != nil {
		return nil
	}
	return list
}
