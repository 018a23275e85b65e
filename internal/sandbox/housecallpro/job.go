package housecallpro

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The status words of responses.
const (
	needsScheduling = "needs scheduling"
	scheduled       = "scheduled"
	inProgress      = "in progress"
	completeUnrated = "complete unrated"
	completeRated   = "complete rated"
	userCanceled    = "user canceled"
	proCanceled     = "pro canceled"
)

var errArchived = errors.New("the job is archived")

// NewJob is what a shop says when it books a job.
type NewJob struct {
	CustomerID, AddressID   string // an empty address is the customer's first
	Description, LeadSource string
	JobType, BusinessUnit   string
	Tags                    []string
	estimate, option        string
}

// CreateJob books a job that needs scheduling and sends job.created.
func (s *Sandbox) CreateJob(n NewJob) (Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := s.createJob(n)
	if err != nil {
		return Job{}, fmt.Errorf("create job: %w", err)
	}
	s.emit("job.created", j.ID, s.wireJob(j, wholeObject))
	return cloneJob(*j), nil
}

func (s *Sandbox) createJob(n NewJob) (*Job, error) {
	c, err := s.customer(n.CustomerID)
	if err != nil {
		return nil, err
	}
	a, err := c.address(n.AddressID)
	if err != nil {
		return nil, err
	}
	j := &Job{
		ID: s.id("job"), InvoiceNumber: s.number(), Description: n.Description, CustomerID: c.ID, Address: a,
		Status: needsScheduling, LeadSource: n.LeadSource, JobType: s.named("jbt", n.JobType), BusinessUnit: s.named("bun", n.BusinessUnit),
		Estimate: n.estimate, Option: n.option, Created: s.now(), Updated: s.now(),
	}
	for _, name := range n.Tags {
		j.Tags = append(j.Tags, s.tag(name))
	}
	s.jobs.add(j.ID, j)
	return j, nil
}

// named is a job type or business unit; one name has one id.
func (s *Sandbox) named(prefix, name string) *Named {
	if name == "" {
		return nil
	}
	if s.names[prefix+name] == nil {
		s.names[prefix+name] = &Named{ID: s.id(prefix), Name: name}
	}
	return s.names[prefix+name]
}

// change finds a job that is not deleted, lets f change it, and sends the
// events that f returns and then the noise: job.updated follows most others.
func (s *Sandbox) change(doing, id string, f func(*Job) ([]string, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := s.jobs.find("job", id)
	if err == nil && !j.DeletedAt.IsZero() {
		err = errArchived
	}
	if err == nil {
		err = s.changeJob(j, f)
	}
	if err != nil {
		return fmt.Errorf("%s job %s: %w", doing, id, err)
	}
	return nil
}

func (s *Sandbox) changeJob(j *Job, f func(*Job) ([]string, error)) error {
	events, err := f(j)
	if err != nil {
		return err
	}
	s.touch(j)
	for _, e := range append(events, "job.updated") {
		s.emit(e, j.ID, s.wireJob(j, wholeObject))
	}
	return nil
}

func (s *Sandbox) touch(j *Job) { j.Updated = s.now() }

// UpdateJob lets change edit the job's own words (description, lead source,
// address) and sends job.updated.
func (s *Sandbox) UpdateJob(id string, change func(*Job)) error {
	return s.change("update", id, func(j *Job) ([]string, error) {
		edited := cloneJob(*j)
		change(&edited)
		j.Description, j.LeadSource, j.Address = edited.Description, edited.LeadSource, edited.Address
		return nil, nil
	})
}

// AddNote adds a note; only job.updated tells.
func (s *Sandbox) AddNote(id, content string) (note Note, err error) {
	err = s.change("add a note to", id, func(j *Job) ([]string, error) {
		note = s.addNote(j, content)
		return nil, nil
	})
	return note, err
}

func (s *Sandbox) addNote(j *Job, content string) Note {
	n := Note{ID: s.id("nte"), Content: content}
	j.Notes = append(j.Notes, n)
	return n
}

// OnMyWay presses that button. The status word stays; the timestamp decides.
func (s *Sandbox) OnMyWay(id string) error {
	return s.change("on my way to", id, func(j *Job) ([]string, error) {
		if err := j.open(); err != nil {
			return nil, err
		}
		j.Work.OnMyWayAt = s.now()
		s.tell(OnMyWay, j.CustomerID, j.ID)
		return []string{"job.on_my_way"}, nil
	})
}

// Start presses start. There is one timestamp per job: a second day's start
// overwrites the first (the vendor does not say which one stays).
func (s *Sandbox) Start(id string) error {
	return s.change("start", id, func(j *Job) ([]string, error) {
		if err := j.open(); err != nil {
			return nil, err
		}
		j.Work.StartedAt, j.Status = s.now(), inProgress
		return []string{"job.started"}, nil
	})
}

// Complete presses finish; it works without a start.
func (s *Sandbox) Complete(id string) error {
	return s.change("complete", id, func(j *Job) ([]string, error) {
		if err := j.open(); err != nil {
			return nil, err
		}
		j.Work.CompletedAt, j.Status = s.now(), completeUnrated
		s.tell(Finished, j.CustomerID, j.ID)
		return []string{"job.completed"}, nil
	})
}

// Uncomplete takes a completion back: the timestamp is null again. There is no
// event for it but job.updated.
func (s *Sandbox) Uncomplete(id string) error {
	return s.change("uncomplete", id, func(j *Job) ([]string, error) {
		if j.Work.CompletedAt.IsZero() {
			return nil, errors.New("it is not complete")
		}
		j.Work.CompletedAt = time.Time{}
		j.Status = j.plannedStatus()
		return nil, nil
	})
}

// Rate is the customer's rating: complete unrated becomes complete rated.
func (s *Sandbox) Rate(id string) error {
	return s.change("rate", id, func(j *Job) ([]string, error) {
		if j.Status != completeUnrated {
			return nil, fmt.Errorf("it is %s", j.Status)
		}
		j.Status = completeRated
		return nil, nil
	})
}

// Cancel cancels a job for the customer; it keeps its schedule.
func (s *Sandbox) Cancel(id string) error {
	return s.change("cancel", id, func(j *Job) ([]string, error) {
		if err := j.open(); err != nil {
			return nil, err
		}
		j.CanceledAt, j.Status = s.now(), userCanceled
		return []string{"job.canceled"}, nil
	})
}

// Delete archives a job: its schedule goes, GET answers 410 from now on.
// No job.updated follows.
func (s *Sandbox) Delete(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, err := s.jobs.find("job", id)
	if err == nil && !j.DeletedAt.IsZero() {
		err = errArchived
	}
	if err != nil {
		return fmt.Errorf("delete job %s: %w", id, err)
	}
	j.DeletedAt, j.Status, j.Appointments, j.Assigned = s.now(), proCanceled, nil, nil
	s.touch(j)
	s.emit("job.deleted", id, s.wireJob(j, wholeObject))
	return nil
}

// open says whether work can still be done on the job.
func (j *Job) open() error {
	if !j.CanceledAt.IsZero() || !j.Work.CompletedAt.IsZero() {
		return fmt.Errorf("it is %s", j.Status)
	}
	return nil
}

// plannedStatus is the status of a job that is neither complete nor canceled.
func (j *Job) plannedStatus() string {
	switch {
	case !j.Work.StartedAt.IsZero():
		return inProgress
	case len(j.Appointments) > 0:
		return scheduled
	}
	return needsScheduling
}

func (j *Job) appointment(id string) (*Appointment, error) {
	i := slices.IndexFunc(j.Appointments, func(a Appointment) bool { return a.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("find appointment %q: no such appointment", id)
	}
	return &j.Appointments[i], nil
}
