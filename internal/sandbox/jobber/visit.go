package jobber

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Plan says when and, if Users is not nil, by whom. Without a start it is
// unscheduled.
type Plan struct {
	Start, End time.Time
	AllDay     bool
	Title      string // empty is the client's name and the job's title
	Users      []string
}

// check says whether there are plans like these.
func (s *Sandbox) check(plans ...Plan) error {
	for _, p := range plans {
		if p.End.Before(p.Start) || p.Start.IsZero() != p.End.IsZero() {
			return errors.New("it would end before it starts")
		}
		if err := s.knownUsers(p.Users); err != nil {
			return err
		}
	}
	return nil
}

// AddVisits plans trips of a job, at once. Each sends VISIT_CREATE; of a
// recurring job only the first one does, and the others are never announced.
func (s *Sandbox) AddVisits(jobID string, plans ...Plan) (made []Visit, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := find(&s.jobs, "job", jobID)
	if err == nil {
		err = s.check(plans...)
	}
	if err != nil {
		return nil, fmt.Errorf("add visits: %w", err)
	}
	return s.addVisits(j, plans), nil
}

func (s *Sandbox) addVisits(j *Job, plans []Plan) (made []Visit) {
	for n, p := range plans {
		v := &Visit{ID: s.id("Visit"), JobID: j.ID, Title: p.Title, Instructions: j.Instructions, Start: p.Start, End: p.End, AllDay: p.AllDay, Users: slices.Clone(p.Users)}
		if v.Title == "" {
			v.Title = s.clients.byID[j.ClientID].name() + " - " + j.Title
		}
		s.create(&v.stamp)
		s.visits.add(v.ID, v)
		j.visits = append(j.visits, v)
		if n == 0 || !j.Recurring {
			s.emit("VISIT_CREATE", v.ID)
		}
		made = append(made, cloneVisit(*v))
	}
	if len(plans) > 0 {
		s.visitChanged(j.ID)
	}
	return made
}

// visitChanged tells the job of its visit's change, unless this account's
// jobs do not care: the vendor says neither.
func (s *Sandbox) visitChanged(jobID string) {
	if j := s.jobs.byID[jobID]; !s.opts.QuietVisits && j.Deleted.IsZero() {
		s.touch(&j.stamp)
		s.emit("JOB_UPDATE", jobID)
	}
}

// changeVisit changes a visit and tells its job.
func (s *Sandbox) changeVisit(doing, id string, f func(*Visit) ([]string, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := changeRow(s, &s.visits, doing, "visit", id, f)
	if err != nil {
		return err
	}
	s.visitChanged(v.JobID)
	return nil
}

// Schedule gives a visit its time, moves it, or takes the time away; if the
// plan names users it assigns them too. It sends VISIT_UPDATE.
func (s *Sandbox) Schedule(visitID string, p Plan) error {
	return s.changeVisit("schedule", visitID, func(v *Visit) ([]string, error) {
		if !v.Completed.IsZero() {
			return nil, errors.New("it is complete")
		}
		if err := s.check(p); err != nil {
			return nil, err
		}
		v.Start, v.End, v.AllDay = p.Start, p.End, p.AllDay
		if p.Users != nil {
			v.Users = slices.Clone(p.Users)
		}
		return update("VISIT"), nil
	})
}

// Assign sets who goes to a visit and sends VISIT_UPDATE.
func (s *Sandbox) Assign(visitID string, users ...string) error {
	return s.changeVisit("assign", visitID, func(v *Visit) ([]string, error) {
		if err := s.knownUsers(users); err != nil {
			return nil, err
		}
		v.Users = slices.Clone(users)
		return update("VISIT"), nil
	})
}

// UpdateVisit lets f edit the visit's own words and whether the client
// confirmed it, and sends VISIT_UPDATE.
func (s *Sandbox) UpdateVisit(id string, f func(*Visit)) error {
	return s.changeVisit("update", id, func(v *Visit) ([]string, error) {
		edited := cloneVisit(*v)
		f(&edited)
		v.Title, v.Instructions, v.Confirmed = edited.Title, edited.Instructions, edited.Confirmed
		return update("VISIT"), nil
	})
}

// OnMyWay is a technician who asks for a link by which the client can follow
// them: the only trace that being on the way leaves. It sends
// ON_MY_WAY_TRACKING_LINK_REQUEST with the visit's id (probably; the vendor
// does not say) and changes nothing.
func (s *Sandbox) OnMyWay(visitID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := find(&s.visits, "visit", visitID); err != nil {
		return fmt.Errorf("on my way to visit: %w", err)
	}
	s.emit("ON_MY_WAY_TRACKING_LINK_REQUEST", visitID)
	return nil
}

// Complete finishes a visit, scheduled or not, and sends VISIT_COMPLETE. By is
// a user's id or empty.
func (s *Sandbox) Complete(visitID, by string) error {
	return s.changeVisit("complete", visitID, func(v *Visit) ([]string, error) {
		if !v.Completed.IsZero() {
			return nil, errors.New("it is complete")
		}
		if by != "" {
			if _, err := find(&s.users, "user", by); err != nil {
				return nil, err
			}
		}
		v.Completed, v.CompletedBy = s.now(), by
		return update("VISIT", "VISIT_COMPLETE"), nil
	})
}

// complete finishes a visit whose job is closed; nobody in particular did it.
func (s *Sandbox) complete(v *Visit) {
	v.Completed = s.now()
	s.touch(&v.stamp)
	for _, topic := range update("VISIT", "VISIT_COMPLETE") {
		s.emit(topic, v.ID)
	}
}

// Uncomplete takes a completion back. There is no topic for it but VISIT_UPDATE.
func (s *Sandbox) Uncomplete(visitID string) error {
	return s.changeVisit("uncomplete", visitID, func(v *Visit) ([]string, error) {
		if v.Completed.IsZero() {
			return nil, errors.New("it is not complete")
		}
		v.Completed, v.CompletedBy = time.Time{}, ""
		return update("VISIT"), nil
	})
}

// DeleteVisit removes a visit and sends VISIT_DESTROY.
func (s *Sandbox) DeleteVisit(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := find(&s.visits, "visit", id)
	if err != nil {
		return fmt.Errorf("delete visit: %w", err)
	}
	s.destroy(&v.stamp, "VISIT", id)
	s.visitChanged(v.JobID)
	return nil
}

// visitStatus is the vendor's word at this moment. That ACTIVE is the time
// between start and end is a choice; the vendor does not say.
func (s *Sandbox) visitStatus(v *Visit) string {
	now := s.now()
	switch {
	case !v.Completed.IsZero():
		return "COMPLETED"
	case v.Start.IsZero():
		return "UNSCHEDULED"
	case v.End.Before(now):
		return "LATE"
	case !v.Start.After(now):
		return "ACTIVE"
	case s.day(v.Start).Equal(s.day(now)):
		return "TODAY"
	}
	return "UPCOMING"
}
