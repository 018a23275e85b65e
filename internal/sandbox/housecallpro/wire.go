package housecallpro

import (
	"slices"
	"time"
)

// The shapes on the wire. Keys and their order follow captured payloads;
// pointers are null when there is nothing.

type wireCustomer struct {
	ID                   string   `json:"id"`
	FirstName            *string  `json:"first_name"`
	LastName             *string  `json:"last_name"`
	Email                *string  `json:"email"`
	Mobile               *string  `json:"mobile_number"`
	Home                 *string  `json:"home_number"`
	Work                 *string  `json:"work_number"`
	Company              *string  `json:"company"`
	NotificationsEnabled bool     `json:"notifications_enabled"`
	LeadSource           *string  `json:"lead_source"`
	Notes                *string  `json:"notes"`
	Created              string   `json:"created_at"`
	Updated              string   `json:"updated_at"`
	CompanyName          string   `json:"company_name"`
	CompanyID            string   `json:"company_id"`
	Tags                 []string `json:"tags"`
}

type wireFullCustomer struct {
	wireCustomer
	Addresses    []wireAddress `json:"addresses"`
	Attachments  *[]any        `json:"attachments,omitempty"`
	DoNotService *bool         `json:"do_not_service,omitempty"`
}

type wireAddress struct {
	ID      string  `json:"id"`
	Type    string  `json:"type"`
	Street  *string `json:"street"`
	Line2   *string `json:"street_line_2"`
	City    *string `json:"city"`
	State   *string `json:"state"`
	Zip     *string `json:"zip"`
	Country *string `json:"country"`
}

type wireEmployee struct {
	ID          string          `json:"id"`
	FirstName   string          `json:"first_name"`
	LastName    string          `json:"last_name"`
	Email       string          `json:"email"`
	Mobile      string          `json:"mobile_number"`
	Color       string          `json:"color_hex"`
	Avatar      string          `json:"avatar_url"`
	Role        string          `json:"role"`
	Tags        []string        `json:"tags"`
	Permissions map[string]bool `json:"permissions"`
	Created     string          `json:"created_at"`
	CompanyName string          `json:"company_name"`
	CompanyID   string          `json:"company_id"`
}

type wireWork struct {
	OnMyWay   *string `json:"on_my_way_at"`
	Started   *string `json:"started_at"`
	Completed *string `json:"completed_at"`
}

type wireSchedule struct {
	Start        *string            `json:"scheduled_start"`
	End          *string            `json:"scheduled_end"`
	Window       int                `json:"arrival_window"`
	Appointments *[]wireAppointment `json:"appointments,omitempty"`
}

type wireAppointment struct {
	ID        string   `json:"id"`
	Date      string   `json:"start_date"`
	Start     string   `json:"start_time"`
	End       string   `json:"end_time"`
	Anytime   bool     `json:"anytime"`
	Window    int      `json:"arrival_window_minutes"`
	Employees []string `json:"dispatched_employees_ids"`
}

// wireEventAppointment is the appointment of a job.appointment.* event: with
// the job's id, and the employees by name (keys from two receivers' code).
type wireEventAppointment struct {
	ID        string               `json:"id"`
	JobID     string               `json:"job_id"`
	Start     string               `json:"start_time"`
	End       string               `json:"end_time"`
	Window    int                  `json:"arrival_window_minutes"`
	Employees []wireDispatchedName `json:"dispatched_employees"`
}

type wireDispatchedName struct {
	ID        string `json:"id"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
}

type wireJobFields struct {
	JobType      *Named `json:"job_type"`
	BusinessUnit *Named `json:"business_unit"`
}

type wireJob struct {
	ID                string         `json:"id"`
	InvoiceNumber     string         `json:"invoice_number"`
	Description       string         `json:"description"`
	Customer          wireCustomer   `json:"customer"`
	Address           wireAddress    `json:"address"`
	Notes             []Note         `json:"notes"`
	Status            string         `json:"work_status"`
	Work              wireWork       `json:"work_timestamps"`
	Schedule          wireSchedule   `json:"schedule"`
	Total             int64          `json:"total_amount"`
	Outstanding       int64          `json:"outstanding_balance"`
	Assigned          []wireEmployee `json:"assigned_employees"`
	Tags              []string       `json:"tags"`
	OriginalEstimate  *string        `json:"original_estimate_id"`
	OriginalEstimates []string       `json:"original_estimate_uuids"`
	Subtotal          int64          `json:"subtotal"`
	LeadSource        *string        `json:"lead_source"`
	Fields            wireJobFields  `json:"job_fields"`
	Locked            *string        `json:"locked_at"`
	Created           string         `json:"created_at"`
	Updated           string         `json:"updated_at"`
	Canceled          *string        `json:"canceled_at"`
	Deleted           *string        `json:"deleted_at"`
	CompanyName       string         `json:"company_name"`
	CompanyID         string         `json:"company_id"`
	RecurrenceNumber  *int           `json:"recurrence_number"`
	RecurrenceRule    *string        `json:"recurrence_rule"`
	Attachments       *[]any         `json:"attachments,omitempty"`
}

type wireEstimate struct {
	ID          string         `json:"id"`
	Number      string         `json:"estimate_number"`
	Status      string         `json:"work_status"`
	LeadSource  *string        `json:"lead_source"`
	Customer    wireCustomer   `json:"customer"`
	Address     wireAddress    `json:"address"`
	Created     string         `json:"created_at"`
	Updated     string         `json:"updated_at"`
	CompanyName string         `json:"company_name"`
	CompanyID   string         `json:"company_id"`
	Work        wireWork       `json:"work_timestamps"`
	Schedule    wireSchedule   `json:"schedule"`
	Assigned    []wireEmployee `json:"assigned_employees"`
	Fields      wireJobFields  `json:"estimate_fields"`
	Options     []wireOption   `json:"options"`
}

type wireOption struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Number      string   `json:"option_number"`
	Total       int64    `json:"total_amount"`
	Approval    *string  `json:"approval_status"`
	Status      string   `json:"status"`
	Message     *string  `json:"message_from_pro"`
	Tags        []string `json:"tags"`
	Notes       []Note   `json:"notes"`
	Created     string   `json:"created_at"`
	Updated     string   `json:"updated_at"`
	Attachments []any    `json:"attachments"`
}

// permissions are the same for everybody: the fake has no users of its own.
var permissions = map[string]bool{
	"can_add_and_edit_job": true, "can_be_booked_online": true, "can_call_and_text_with_customers": true,
	"can_chat_with_customers": true, "can_delete_and_cancel_job": true, "can_edit_message_on_invoice": true,
	"can_see_street_view_data": true, "can_take_payment_see_prices": true, "can_see_customers": true,
	"can_see_full_schedule": true, "can_see_future_jobs": true, "can_see_marketing_campaigns": true,
	"can_see_reporting": true, "can_edit_settings": true, "can_share_job": false,
	"is_point_of_contact": false, "is_admin": false,
}

func (s *Sandbox) wireCustomer(c *Customer) wireCustomer {
	return wireCustomer{
		ID: c.ID, FirstName: text(c.FirstName), LastName: text(c.LastName), Email: text(c.Email),
		Mobile: text(c.Mobile), Home: text(c.Home), Work: text(c.Work), Company: text(c.Company),
		NotificationsEnabled: c.NotificationsEnabled, LeadSource: text(c.LeadSource), Notes: text(c.Notes),
		Created: wireTime(c.Created), Updated: wireTime(c.Updated),
		CompanyName: s.opts.CompanyName, CompanyID: s.opts.CompanyID, Tags: list(c.Tags),
	}
}

func (s *Sandbox) wireFullCustomer(c *Customer) wireFullCustomer {
	return wireFullCustomer{wireCustomer: s.wireCustomer(c), Addresses: each(c.Addresses, wireAddr)}
}

func wireAddr(a Address) wireAddress {
	return wireAddress{
		ID: a.ID, Type: a.Type, Street: text(a.Street), Line2: text(a.Line2), City: text(a.City),
		State: text(a.State), Zip: text(a.Zip), Country: text("US"),
	}
}

func (s *Sandbox) wireEmployee(e *Employee) wireEmployee {
	return wireEmployee{
		ID: e.ID, FirstName: e.FirstName, LastName: e.LastName, Email: e.Email, Mobile: e.Mobile,
		Color: "3B7DD8", Avatar: "https://assets.example.com/avatar.png", Role: e.Role, Tags: []string{},
		Permissions: permissions, Created: wireTime(e.Created),
		CompanyName: s.opts.CompanyName, CompanyID: s.opts.CompanyID,
	}
}

func (s *Sandbox) wireEmployees(ids []string) []wireEmployee {
	return each(ids, func(id string) wireEmployee { return s.wireEmployee(s.employees.byID[id]) })
}

func wireWorkOf(w Work) wireWork {
	return wireWork{OnMyWay: instant(w.OnMyWayAt), Started: instant(w.StartedAt), Completed: instant(w.CompletedAt)}
}

func (s *Sandbox) wireAppointment(a Appointment) wireAppointment {
	return wireAppointment{
		ID: a.ID, Date: a.Start.In(s.opts.Zone).Format(time.DateOnly), Start: wireTime(a.Start), End: wireTime(a.End),
		Window: a.Window, Employees: list(a.Employees),
	}
}

func (s *Sandbox) wireEventAppointment(jobID string, a Appointment) wireEventAppointment {
	return wireEventAppointment{
		ID: a.ID, JobID: jobID, Start: wireTime(a.Start), End: wireTime(a.End), Window: a.Window,
		Employees: each(a.Employees, func(id string) wireDispatchedName {
			e := s.employees.byID[id]
			return wireDispatchedName{ID: id, FirstName: e.FirstName, LastName: e.LastName}
		}),
	}
}

// expand says which optional parts of an object are asked for.
type expand struct{ appointments, attachments, doNotService bool }

var wholeObject = expand{appointments: true, attachments: true}

func (s *Sandbox) wireJob(j *Job, x expand) wireJob {
	w := wireJob{
		ID: j.ID, InvoiceNumber: j.InvoiceNumber, Description: j.Description,
		Customer: s.wireCustomer(s.customers.byID[j.CustomerID]), Address: wireAddr(j.Address), Notes: list(j.Notes),
		Status: j.Status, Work: wireWorkOf(j.Work), Schedule: s.wireSchedule(j.Appointments, x),
		Total: j.Total, Outstanding: j.Outstanding, Assigned: s.wireEmployees(j.Assigned),
		Tags:             each(j.Tags, func(t Tag) string { return t.Name }),
		OriginalEstimate: text(j.Option), OriginalEstimates: []string{}, Subtotal: j.Subtotal,
		LeadSource: text(j.LeadSource), Fields: wireJobFields{j.JobType, j.BusinessUnit}, Locked: instant(j.LockedAt),
		Created: wireTime(j.Created), Updated: wireTime(j.Updated),
		Canceled: instant(j.CanceledAt), Deleted: instant(j.DeletedAt),
		CompanyName: s.opts.CompanyName, CompanyID: s.opts.CompanyID,
	}
	if j.Estimate != "" {
		w.OriginalEstimates = []string{j.Estimate}
	}
	if x.attachments {
		w.Attachments = &[]any{}
	}
	return w
}

// wireSchedule spans all appointments, as a job has one start and one end.
func (s *Sandbox) wireSchedule(as []Appointment, x expand) wireSchedule {
	var w wireSchedule
	if len(as) > 0 {
		first := slices.MinFunc(as, func(a, b Appointment) int { return a.Start.Compare(b.Start) })
		last := slices.MaxFunc(as, func(a, b Appointment) int { return a.End.Compare(b.End) })
		w = wireSchedule{Start: instant(first.Start), End: instant(last.End), Window: first.Window}
	}
	if x.appointments {
		list := each(as, s.wireAppointment)
		w.Appointments = &list
	}
	return w
}

func (s *Sandbox) wireEstimate(e *Estimate, x expand) wireEstimate {
	schedule := wireSchedule{Start: instant(e.Start), End: instant(e.End), Window: e.Window}
	if x.appointments {
		schedule.Appointments = &[]wireAppointment{}
	}
	return wireEstimate{
		ID: e.ID, Number: e.Number, Status: e.Status, LeadSource: text(e.LeadSource),
		Customer: s.wireCustomer(s.customers.byID[e.CustomerID]), Address: wireAddr(e.Address),
		Created: wireTime(e.Created), Updated: wireTime(e.Updated),
		CompanyName: s.opts.CompanyName, CompanyID: s.opts.CompanyID, Work: wireWorkOf(e.Work), Schedule: schedule,
		Assigned: s.wireEmployees(e.Assigned), Options: each(e.Options, wireOptionOf),
	}
}

func wireOptionOf(o Option) wireOption {
	return wireOption{
		ID: o.ID, Name: o.Name, Number: o.Number, Total: o.Total, Approval: text(o.Approval), Status: o.Status,
		Tags: []string{}, Notes: []Note{}, Created: wireTime(o.Created), Updated: wireTime(o.Updated), Attachments: []any{},
	}
}

// wireTime is whole seconds in UTC: the database knows more than it shows.
func wireTime(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

func instant(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	v := wireTime(t)
	return &v
}

func text(v string) *string {
	if v == "" {
		return nil
	}
	return &v
}

// list makes nothing an empty array, never null.
func list[T any](v []T) []T { return append([]T{}, v...) }

func each[T, U any](in []T, f func(T) U) []U {
	out := make([]U, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}
