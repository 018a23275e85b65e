package jobber

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// CreateRequest adds a request and sends REQUEST_CREATE. PropertyID may be
// empty; what the client typed in is taken from them where it is missing.
func (s *Sandbox) CreateRequest(r Request) (Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := find(&s.clients, "client", r.ClientID)
	if err == nil && r.PropertyID != "" {
		_, err = s.place(r.ClientID, r.PropertyID)
	}
	if err != nil {
		return Request{}, fmt.Errorf("create request: %w", err)
	}
	r = Request{
		ID: s.id("Request"), ClientID: c.ID, PropertyID: r.PropertyID, Title: r.Title, Source: r.Source,
		Contact: r.Contact, Company: r.Company, Email: r.Email, Phone: r.Phone,
	}
	if r.Contact == "" {
		r.Contact, r.Company = c.FirstName+" "+c.LastName, c.Company
	}
	if r.Source == "" {
		r.Source = "internal"
	}
	s.create(&r.stamp)
	s.requests.add(r.ID, &r)
	s.emit("REQUEST_CREATE", r.ID)
	return r, nil
}

func (s *Sandbox) changeRequest(doing, id string, f func(*Request) error) error {
	return change(s, &s.requests, doing, "request", id, func(r *Request) ([]string, error) {
		if r.Converted || r.Archived {
			return nil, errors.New("it is converted or archived")
		}
		return update("REQUEST"), f(r)
	})
}

// UpdateRequest lets f edit the request's own words and sends REQUEST_UPDATE.
func (s *Sandbox) UpdateRequest(id string, f func(*Request)) error {
	return s.changeRequest("update", id, func(r *Request) error {
		edited := cloneRequest(*r)
		f(&edited)
		r.Title, r.Source, r.Contact, r.Company, r.Email, r.Phone = edited.Title, edited.Source, edited.Contact, edited.Company, edited.Email, edited.Phone
		return nil
	})
}

// PlanAssessment turns the request's assessment on, or moves it. A plan
// without a start leaves it unscheduled.
func (s *Sandbox) PlanAssessment(requestID string, p Plan) error {
	return s.changeRequest("plan the assessment of", requestID, func(r *Request) error {
		if err := s.check(p); err != nil {
			return err
		}
		if r.Assessment == nil {
			r.Assessment = &Assessment{ID: s.id("Assessment")}
		}
		r.Assessment.Start, r.Assessment.End = p.Start, p.End
		if p.Users != nil {
			r.Assessment.Users = slices.Clone(p.Users)
		}
		return nil
	})
}

// CompleteAssessment finishes the request's assessment.
func (s *Sandbox) CompleteAssessment(requestID string) error {
	return s.changeRequest("complete the assessment of", requestID, func(r *Request) error {
		if r.Assessment == nil {
			return errors.New("it has no assessment")
		}
		r.Assessment.CompletedAt = s.now()
		return nil
	})
}

// ArchiveRequest closes a request that comes to nothing.
func (s *Sandbox) ArchiveRequest(id string) error {
	return s.changeRequest("archive", id, func(r *Request) error {
		r.Archived = true
		return nil
	})
}

// DeleteRequest removes a request and sends REQUEST_DESTROY.
func (s *Sandbox) DeleteRequest(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := find(&s.requests, "request", id)
	if err != nil {
		return fmt.Errorf("delete request: %w", err)
	}
	s.destroy(&r.stamp, "REQUEST", id)
	return nil
}

// convertRequest marks a request that became a quote or a job.
func (s *Sandbox) convertRequest(id string) {
	if r := s.requests.byID[id]; r != nil && !r.Converted {
		r.Converted = true
		s.touch(&r.stamp)
		s.emit("REQUEST_UPDATE", id)
	}
}

// requestStatus is the vendor's word: final words first, then how the
// assessment stands.
func (s *Sandbox) requestStatus(r *Request) string {
	a := r.Assessment
	switch {
	case r.Archived:
		return "archived"
	case r.Converted:
		return "converted"
	case a == nil:
		return "new"
	case !a.CompletedAt.IsZero():
		return "assessment_completed"
	case a.Start.IsZero():
		return "unscheduled"
	case a.End.Before(s.now()):
		return "overdue"
	case s.day(a.Start).Equal(s.day(s.now())):
		return "today"
	}
	return "upcoming"
}

// day is the account's midnight before a time.
func (s *Sandbox) day(t time.Time) time.Time {
	t = t.In(s.opts.Zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, s.opts.Zone)
}
