package jobber

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// NewJob is what a job is made of. PropertyID may be empty: the client's
// first. Plans become its visits; one without a start is an unscheduled visit.
type NewJob struct {
	ClientID, PropertyID, QuoteID, RequestID, Title, Instructions string
	Recurring                                                     bool
	Lines                                                         []Line
	Plans                                                         []Plan
}

// CreateJob makes a job with its visits. It sends JOB_CREATE, and VISIT_CREATE
// for each visit; of a recurring series for the first one only.
func (s *Sandbox) CreateJob(n NewJob) (Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := s.createJob(n)
	if err != nil {
		return Job{}, fmt.Errorf("create job: %w", err)
	}
	return j, nil
}

func (s *Sandbox) createJob(n NewJob) (Job, error) {
	p, err := s.place(n.ClientID, n.PropertyID)
	if err == nil && n.RequestID != "" {
		_, err = find(&s.requests, "request", n.RequestID)
	}
	if err == nil {
		err = s.check(n.Plans...)
	}
	if err != nil {
		return Job{}, err
	}
	j := &Job{
		ID: s.id("Job"), Number: s.nextNumber(), ClientID: n.ClientID, PropertyID: p.ID, QuoteID: n.QuoteID, RequestID: n.RequestID,
		Title: n.Title, Instructions: n.Instructions, Recurring: n.Recurring, Lines: s.numbered(n.Lines, "JobLineItem"),
	}
	s.create(&j.stamp)
	s.jobs.add(j.ID, j)
	s.emit("JOB_CREATE", j.ID)
	s.addVisits(j, n.Plans)
	s.convertRequest(n.RequestID)
	return cloneJob(*j), nil
}

// UpdateJob lets f edit the job's own words and sends JOB_UPDATE.
func (s *Sandbox) UpdateJob(id string, f func(*Job)) error {
	return change(s, &s.jobs, "update", "job", id, func(j *Job) ([]string, error) {
		edited := cloneJob(*j)
		f(&edited)
		j.Title, j.Instructions = edited.Title, edited.Instructions
		return update("JOB"), nil
	})
}

// SetLines replaces what a job costs and sends JOB_UPDATE. Invoices that were
// made of it stay as they are.
func (s *Sandbox) SetLines(id string, lines []Line) error {
	return change(s, &s.jobs, "price", "job", id, func(j *Job) ([]string, error) {
		j.Lines = s.numbered(lines, "JobLineItem")
		return update("JOB"), nil
	})
}

// Incomplete says what happens to the incomplete visits of a job that is
// closed.
type Incomplete int

// What can happen to them.
const (
	KeepVisits Incomplete = iota
	CompleteVisits
	DeleteVisits
)

// CloseJob closes a job and sends JOB_CLOSED. There is no status for one that
// was canceled: it is a closed job with incomplete visits, or a deleted one.
func (s *Sandbox) CloseJob(id string, visits Incomplete) error {
	return change(s, &s.jobs, "close", "job", id, func(j *Job) ([]string, error) {
		if !j.Closed.IsZero() {
			return nil, errors.New("it is closed")
		}
		for _, v := range s.visitsOf(j.ID) {
			if !v.Completed.IsZero() {
				continue
			}
			switch visits {
			case CompleteVisits:
				s.complete(v)
			case DeleteVisits:
				s.destroy(&v.stamp, "VISIT", v.ID)
			}
		}
		j.Closed = s.now()
		return update("JOB", "JOB_CLOSED"), nil
	})
}

// ReopenJob takes the closing back. Only JOB_UPDATE tells.
func (s *Sandbox) ReopenJob(id string) error {
	return change(s, &s.jobs, "reopen", "job", id, func(j *Job) ([]string, error) {
		if j.Closed.IsZero() {
			return nil, errors.New("it is open")
		}
		j.Closed = time.Time{}
		return update("JOB"), nil
	})
}

// DeleteJob removes a job and its visits, each with its own _DESTROY.
// Invoices of it stay.
func (s *Sandbox) DeleteJob(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := find(&s.jobs, "job", id)
	if err != nil {
		return fmt.Errorf("delete job: %w", err)
	}
	s.destroyJob(j)
	return nil
}

func (s *Sandbox) destroyJob(j *Job) {
	for _, v := range s.visitsOf(j.ID) {
		s.destroy(&v.stamp, "VISIT", v.ID)
	}
	s.destroy(&j.stamp, "JOB", j.ID)
}

// visitsOf are the job's visits by start; unscheduled ones come last.
func (s *Sandbox) visitsOf(jobID string) []*Visit {
	visits := left(s.jobs.byID[jobID].visits)
	slices.SortStableFunc(visits, func(a, b *Visit) int {
		switch {
		case a.Start.IsZero() == b.Start.IsZero():
			return a.Start.Compare(b.Start)
		case a.Start.IsZero():
			return 1
		}
		return -1
	})
	return visits
}

// JobStatus is the word that the API has for the job now, without any of its
// rows having changed.
func (s *Sandbox) JobStatus(id string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := find(&s.jobs, "job", id)
	if err != nil {
		return "", err
	}
	return s.jobStatus(j), nil
}

// jobStatus follows the vendor's list of meanings; that late goes before today
// and today before expiring is a choice. The vendor's words "active" and
// "on_hold" are for filters: other words say more, or the same.
func (s *Sandbox) jobStatus(j *Job) string {
	if !j.Closed.IsZero() {
		if subtotal(j.Lines) > s.invoiced(j.ID) {
			return "requires_invoicing"
		}
		return archived
	}
	open := map[string]bool{}
	for _, v := range s.visitsOf(j.ID) {
		open[s.visitStatus(v)] = true
	}
	_, end := s.spanned(j.ID)
	switch {
	case open["LATE"]:
		return "late"
	case open["ACTIVE"], open["TODAY"]:
		return "today"
	case j.Recurring && open["UPCOMING"] && end.Before(s.now().AddDate(0, 0, 30)):
		return "expiring_within_30_days"
	case open["UPCOMING"]:
		return "upcoming"
	case open["UNSCHEDULED"]:
		return "unscheduled"
	}
	return "action_required"
}

// spanned is the job's first and last day, as the account counts days.
func (s *Sandbox) spanned(jobID string) (start, end time.Time) {
	for _, v := range s.visitsOf(jobID) {
		if v.Start.IsZero() {
			continue
		}
		if d := s.day(v.Start); start.IsZero() || d.Before(start) {
			start = d
		}
		if d := s.day(v.End).AddDate(0, 0, 1).Add(-time.Second); d.After(end) {
			end = d
		}
	}
	return start, end
}
