package housecallpro

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

var errManyAppointments = errors.New("it has more than one appointment")

// Plan says when and, if Employees is not nil, by whom.
type Plan struct {
	Start, End time.Time
	Window     int // minutes
	Employees  []string
	silent     bool
}

// ScheduleJob gives a job its only appointment, or moves that one. A job with
// several is refused, as by PUT /jobs/{id}/schedule.
func (s *Sandbox) ScheduleJob(id string, p Plan) error {
	return s.change("schedule", id, func(j *Job) ([]string, error) { return s.schedule(j, p) })
}

func (s *Sandbox) schedule(j *Job, p Plan) ([]string, error) {
	switch len(j.Appointments) {
	case 0:
		_, events, err := s.addAppointment(j, p)
		return events, err
	case 1:
		return nil, s.move(j, j.Appointments[0].ID, p)
	}
	return nil, errManyAppointments
}

// Reschedule moves an appointment and, if the plan names employees, assigns it.
func (s *Sandbox) Reschedule(jobID, appointmentID string, p Plan) error {
	return s.change("reschedule", jobID, func(j *Job) ([]string, error) { return nil, s.move(j, appointmentID, p) })
}

func (s *Sandbox) move(j *Job, appointmentID string, p Plan) error {
	a, err := j.appointment(appointmentID)
	if err == nil {
		err = s.check(j, p)
	}
	if err != nil {
		return err
	}
	a.Start, a.End, a.Window = p.Start, p.End, p.Window
	s.touch(j)
	s.emitAppointment("rescheduled", j, *a)
	if !p.silent {
		s.tell(Rescheduled, j.CustomerID, j.ID)
	}
	if p.Employees != nil {
		s.assign(j, a, p.Employees)
	}
	return nil
}

// AddAppointment plans one more trip of a job.
func (s *Sandbox) AddAppointment(jobID string, p Plan) (a Appointment, err error) {
	err = s.change("add an appointment to", jobID, func(j *Job) (events []string, err error) {
		a, events, err = s.addAppointment(j, p)
		return events, err
	})
	return a, err
}

func (s *Sandbox) addAppointment(j *Job, p Plan) (Appointment, []string, error) {
	if err := s.check(j, p); err != nil {
		return Appointment{}, nil, err
	}
	j.Appointments = append(j.Appointments, Appointment{ID: s.id("appt"), Start: p.Start, End: p.End, Window: p.Window})
	a := &j.Appointments[len(j.Appointments)-1]
	var events []string
	if len(j.Appointments) == 1 {
		events = []string{"job.scheduled"}
	}
	if j.Status == needsScheduling {
		j.Status = scheduled
	}
	s.touch(j)
	s.emitAppointment("scheduled", j, *a)
	if !p.silent {
		s.tell(Booked, j.CustomerID, j.ID)
	}
	switch {
	case p.Employees != nil:
		s.assign(j, a, p.Employees)
	case len(j.Assigned) > 0:
		s.assign(j, a, j.Assigned)
	}
	return *a, events, nil
}

// check says whether a job can be planned so.
func (s *Sandbox) check(j *Job, p Plan) error {
	if err := j.open(); err != nil {
		return err
	}
	if p.End.Before(p.Start) {
		return errors.New("it would end before it starts")
	}
	return s.knownEmployees(p.Employees)
}

// DiscardAppointment takes a planned trip back. Without any left the job
// needs scheduling again.
func (s *Sandbox) DiscardAppointment(jobID, appointmentID string) error {
	return s.change("discard an appointment of", jobID, func(j *Job) ([]string, error) {
		return nil, s.discard(j, appointmentID)
	})
}

func (s *Sandbox) discard(j *Job, appointmentID string) error {
	a, err := j.appointment(appointmentID)
	if err != nil {
		return err
	}
	gone := *a
	j.Appointments = slices.DeleteFunc(j.Appointments, func(a Appointment) bool { return a.ID == appointmentID })
	if j.open() == nil {
		j.Status = j.plannedStatus()
	}
	s.touch(j)
	s.emitAppointment("appointment_discarded", j, gone)
	return nil
}

// Assign sets who goes to one appointment.
func (s *Sandbox) Assign(jobID, appointmentID string, employees ...string) error {
	return s.change("assign", jobID, func(j *Job) ([]string, error) {
		a, err := j.appointment(appointmentID)
		if err == nil {
			err = s.knownEmployees(employees)
		}
		if err != nil {
			return nil, err
		}
		s.assign(j, a, employees)
		return nil, nil
	})
}

// Dispatch sets who does a job, on all its appointments.
func (s *Sandbox) Dispatch(jobID string, employees ...string) error {
	return s.change("dispatch", jobID, func(j *Job) ([]string, error) { return nil, s.dispatch(j, employees) })
}

func (s *Sandbox) dispatch(j *Job, employees []string) error {
	if err := s.knownEmployees(employees); err != nil {
		return err
	}
	for i := range j.Appointments {
		s.assign(j, &j.Appointments[i], employees)
	}
	j.Assigned = slices.Clone(employees)
	return nil
}

// assign sends one event for those who came and one for those who went.
func (s *Sandbox) assign(j *Job, a *Appointment, employees []string) {
	added := slices.ContainsFunc(employees, func(e string) bool { return !slices.Contains(a.Employees, e) })
	removed := slices.ContainsFunc(a.Employees, func(e string) bool { return !slices.Contains(employees, e) })
	a.Employees = slices.Clone(employees)
	j.Assigned = nil
	for _, a := range j.Appointments {
		for _, e := range a.Employees {
			if !slices.Contains(j.Assigned, e) {
				j.Assigned = append(j.Assigned, e)
			}
		}
	}
	s.touch(j)
	if added {
		s.emitAppointment("appointment_pros_assigned", j, *a)
	}
	if removed {
		s.emitAppointment("appointment_pros_unassigned", j, *a)
	}
}

func (s *Sandbox) emitAppointment(what string, j *Job, a Appointment) {
	s.emit(fmt.Sprintf("job.appointment.%s", what), a.ID, s.wireEventAppointment(j.ID, a))
}
