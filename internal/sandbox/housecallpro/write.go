package housecallpro

import (
	"errors"
	"net/http"
	"slices"
	"time"
)

// What the API lets a program change. Each write sends the same webhooks as
// the office's own hand: the program hears its echo.

// customerBody is CustomerCreate and CustomerUpdate: an absent field stays.
type customerBody struct {
	FirstName     *string   `json:"first_name"`
	LastName      *string   `json:"last_name"`
	Email         *string   `json:"email"`
	Company       *string   `json:"company"`
	Notifications *bool     `json:"notifications_enabled"`
	Mobile        *string   `json:"mobile_number"`
	Home          *string   `json:"home_number"`
	Work          *string   `json:"work_number"`
	Tags          *[]string `json:"tags"`
	LeadSource    *string   `json:"lead_source"`
	Notes         *string   `json:"notes"`
	Addresses     []struct {
		Street string `json:"street"`
		Line2  string `json:"street_line_2"`
		City   string `json:"city"`
		State  string `json:"state"`
		Zip    string `json:"zip"`
	} `json:"addresses"`
}

func (b customerBody) onto(c *Customer) {
	set(&c.FirstName, b.FirstName)
	set(&c.LastName, b.LastName)
	set(&c.Email, b.Email)
	set(&c.Company, b.Company)
	set(&c.Mobile, b.Mobile)
	set(&c.Home, b.Home)
	set(&c.Work, b.Work)
	set(&c.LeadSource, b.LeadSource)
	set(&c.Notes, b.Notes)
	set(&c.NotificationsEnabled, b.Notifications)
	set(&c.Tags, b.Tags)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func (s *Sandbox) postCustomer(w http.ResponseWriter, r *http.Request) error {
	var b customerBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	if b.FirstName == nil && b.LastName == nil && b.Email == nil && b.Mobile == nil && b.Home == nil && b.Work == nil && b.Company == nil {
		return &answer{http.StatusBadRequest, message("At least one of name, company, email or phone is required")}
	}
	c := Customer{NotificationsEnabled: true}
	b.onto(&c)
	for _, a := range b.Addresses {
		c.Addresses = append(c.Addresses, Address{Street: a.Street, Line2: a.Line2, City: a.City, State: a.State, Zip: a.Zip})
	}
	return created(w, s.wireFullCustomer(s.createCustomer(c)))
}

func (s *Sandbox) putCustomer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.customer(r.PathValue("id"))
	if err != nil {
		return notFound("customer")
	}
	var b customerBody
	if err := decode(w, r, &b); err != nil {
		return err
	}
	s.updateCustomer(c, b.onto)
	return ok(w, s.wireFullCustomer(c))
}

// changing decodes a body, changes the path's job and answers.
func (s *Sandbox) changing(w http.ResponseWriter, r *http.Request, body any, f func(*Job) ([]string, error)) (*Job, error) {
	j, err := s.job(r)
	if err != nil {
		return nil, err
	}
	if body != nil {
		if err := decode(w, r, body); err != nil {
			return nil, err
		}
	}
	return j, s.changeJob(j, f)
}

func (s *Sandbox) postNote(w http.ResponseWriter, r *http.Request) error {
	var b struct{ Content string }
	var note Note
	_, err := s.changing(w, r, &b, func(j *Job) ([]string, error) {
		if b.Content == "" {
			return nil, missing("content")
		}
		note = s.addNote(j, b.Content)
		return nil, nil
	})
	if err != nil {
		return err
	}
	return created(w, note)
}

func (s *Sandbox) deleteNote(w http.ResponseWriter, r *http.Request) error {
	_, err := s.changing(w, r, nil, func(j *Job) ([]string, error) {
		n := len(j.Notes)
		j.Notes = slices.DeleteFunc(j.Notes, func(n Note) bool { return n.ID == r.PathValue("note") })
		if len(j.Notes) == n {
			return nil, notFound("note")
		}
		return nil, nil
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Sandbox) postJobTag(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		TagID string `json:"tag_id"`
	}
	j, err := s.changing(w, r, &b, func(j *Job) ([]string, error) {
		t := s.tags.byID[b.TagID]
		switch {
		case b.TagID == "":
			return nil, missing("tag_id")
		case t == nil:
			return nil, notFound("tag")
		case !slices.Contains(j.Tags, *t):
			j.Tags = append(j.Tags, *t)
		}
		return nil, nil
	})
	if err != nil {
		return err
	}
	return created(w, map[string]any{"tags": list(j.Tags)})
}

func (s *Sandbox) deleteJobTag(w http.ResponseWriter, r *http.Request) error {
	j, err := s.changing(w, r, nil, func(j *Job) ([]string, error) {
		n := len(j.Tags)
		j.Tags = slices.DeleteFunc(j.Tags, func(t Tag) bool { return t.ID == r.PathValue("tag") })
		if len(j.Tags) == n {
			return nil, notFound("tag")
		}
		return nil, nil
	})
	if err != nil {
		return err
	}
	return ok(w, map[string]any{"tags": list(j.Tags)})
}

func (s *Sandbox) postTag(w http.ResponseWriter, r *http.Request) error {
	var b struct{ Name string }
	if err := decode(w, r, &b); err != nil {
		return err
	}
	if b.Name == "" {
		return missing("name")
	}
	return created(w, s.tag(b.Name))
}

func (s *Sandbox) postLink(w http.ResponseWriter, r *http.Request) error {
	var b struct{ Title, URL string }
	var link Link
	_, err := s.changing(w, r, &b, func(j *Job) ([]string, error) {
		switch {
		case b.Title == "":
			return nil, missing("title")
		case b.URL == "":
			return nil, missing("url")
		}
		link = Link{ID: s.id("lnk"), Title: b.Title, URL: b.URL}
		j.Links = append(j.Links, link)
		return nil, nil
	})
	if err != nil {
		return err
	}
	return created(w, link)
}

func (s *Sandbox) postLock(w http.ResponseWriter, r *http.Request) error {
	j, err := s.changing(w, r, nil, func(j *Job) ([]string, error) {
		j.LockedAt = s.now()
		return nil, nil
	})
	if err != nil {
		return err
	}
	return ok(w, s.wireJob(j, expand{}))
}

type dispatched struct {
	Employees []struct {
		ID string `json:"employee_id"`
	} `json:"dispatched_employees"`
}

// ids is nil when the body does not speak of employees.
func (d dispatched) ids() []string {
	if d.Employees == nil {
		return nil
	}
	ids := []string{}
	for _, e := range d.Employees {
		ids = append(ids, e.ID)
	}
	return ids
}

func (s *Sandbox) putSchedule(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Start  time.Time `json:"start_time"`
		End    time.Time `json:"end_time"`
		Window int       `json:"arrival_window_in_minutes"`
		Notify bool      `json:"notify"`
		dispatched
	}
	j, err := s.changing(w, r, &b, func(j *Job) ([]string, error) {
		if b.Start.IsZero() {
			return nil, missing("start_time")
		}
		if b.End.IsZero() {
			b.End = b.Start.Add(time.Hour)
		}
		return s.schedule(j, Plan{Start: b.Start, End: b.End, Window: b.Window, Employees: b.ids(), silent: !b.Notify})
	})
	if err != nil {
		return err
	}
	a := j.Appointments[0]
	return ok(w, map[string]any{
		"start_time": wireTime(a.Start), "end_time": wireTime(a.End), "arrival_window_minutes": a.Window,
		"assigned_employees": s.wireEmployees(j.Assigned), "appointments": each(j.Appointments, s.wireAppointment),
	})
}

func (s *Sandbox) deleteSchedule(w http.ResponseWriter, r *http.Request) error {
	_, err := s.changing(w, r, nil, func(j *Job) ([]string, error) {
		if len(j.Appointments) > 1 {
			return nil, errManyAppointments
		}
		for _, a := range j.Appointments {
			if err := s.discard(j, a.ID); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	if err != nil {
		return err
	}
	return ok(w, map[string]any{"object": "schedule", "deleted": true})
}

func (s *Sandbox) putDispatch(w http.ResponseWriter, r *http.Request) error {
	var b dispatched
	j, err := s.changing(w, r, &b, func(j *Job) ([]string, error) {
		if b.Employees == nil {
			return nil, missing("dispatched_employees")
		}
		return nil, s.dispatch(j, b.ids())
	})
	if err != nil {
		return err
	}
	return ok(w, map[string]any{"assigned_employees": s.wireEmployees(j.Assigned)})
}

// appointmentBody is CreateAppointment.
type appointmentBody struct {
	Start     time.Time `json:"start_time"`
	End       time.Time `json:"end_time"`
	Window    int       `json:"arrival_window_minutes"`
	Employees []string  `json:"dispatched_employees_ids"`
}

func (b appointmentBody) plan() (Plan, error) {
	switch {
	case b.Start.IsZero():
		return Plan{}, missing("start_time")
	case b.End.IsZero():
		return Plan{}, missing("end_time")
	case b.Employees == nil:
		return Plan{}, missing("dispatched_employees_ids")
	}
	return Plan{Start: b.Start, End: b.End, Window: b.Window, Employees: b.Employees, silent: true}, nil
}

func (s *Sandbox) postAppointment(w http.ResponseWriter, r *http.Request) error {
	var b appointmentBody
	var made Appointment
	_, err := s.changing(w, r, &b, func(j *Job) (events []string, err error) {
		p, err := b.plan()
		if err != nil {
			return nil, err
		}
		made, events, err = s.addAppointment(j, p)
		return events, err
	})
	if err != nil {
		return err
	}
	return created(w, s.wireAppointment(made))
}

func (s *Sandbox) putAppointment(w http.ResponseWriter, r *http.Request) error {
	var b appointmentBody
	id := r.PathValue("appointment")
	j, err := s.changing(w, r, &b, func(j *Job) ([]string, error) {
		if _, err := j.appointment(id); err != nil {
			return nil, notFound("appointment")
		}
		p, err := b.plan()
		if err != nil {
			return nil, err
		}
		return nil, s.move(j, id, p)
	})
	if err != nil {
		return err
	}
	a, _ := j.appointment(id)
	return ok(w, s.wireAppointment(*a))
}

func (s *Sandbox) deleteAppointment(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("appointment")
	_, err := s.changing(w, r, nil, func(j *Job) ([]string, error) {
		if _, err := j.appointment(id); err != nil {
			return nil, notFound("appointment")
		}
		return nil, s.discard(j, id)
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// postSubscription turns the company's events on. The URL is not said here:
// it stands in the settings.
func (s *Sandbox) postSubscription(w http.ResponseWriter, _ *http.Request) error {
	if s.hook.url == "" {
		return errors.New("no webhook URL is configured")
	}
	s.hooks.Switch(true)
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Sandbox) deleteSubscription(w http.ResponseWriter, _ *http.Request) error {
	s.hooks.Switch(false)
	w.WriteHeader(http.StatusOK)
	return nil
}
