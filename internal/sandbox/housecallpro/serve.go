package housecallpro

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// caller is who a key belongs to. Each call of the API names who may make it.
type caller int

const (
	company caller = 1 << iota
	application
	anyone = company | application
)

// ServeHTTP answers the API.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.opts.Faults
	switch {
	case s.tooMany() || s.chance(f.TooMany):
		w.Header().Set("Retry-After", fmt.Sprint(60-s.opts.Now().Second()))
		reply(w, http.StatusTooManyRequests, message("Rate limit exceeded"))
	case s.chance(f.ServerError):
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
	case s.chance(f.LostAnswer):
		s.routes.ServeHTTP(unheard{}, r)
		panic(http.ErrAbortHandler)
	default:
		s.routes.ServeHTTP(w, r)
	}
}

// tooMany counts a request in its minute.
func (s *Sandbox) tooMany() bool {
	if s.opts.RequestsPerMinute == 0 {
		return false
	}
	if minute := s.opts.Now().Truncate(time.Minute); !minute.Equal(s.minute) {
		s.minute, s.requests = minute, 0
	}
	s.requests++
	return s.requests > s.opts.RequestsPerMinute
}

// unheard is an answer that nobody gets.
type unheard struct{}

func (unheard) Header() http.Header         { return http.Header{} }
func (unheard) Write(b []byte) (int, error) { return len(b), nil }
func (unheard) WriteHeader(int)             {}

// mux is every call of the API that the fake knows, and who may make it (from
// the OpenAPI's security lists; none there means anyone).
func (s *Sandbox) mux() *http.ServeMux {
	m := http.NewServeMux()
	for _, route := range []struct {
		pattern string
		who     caller
		serve   func(http.ResponseWriter, *http.Request) error
	}{
		{"GET /company", anyone, s.getCompany},
		{"GET /customers", anyone, s.listCustomers},
		{"POST /customers", anyone, s.postCustomer},
		{"GET /customers/{id}", anyone, s.getCustomer},
		{"PUT /customers/{id}", anyone, s.putCustomer},
		{"GET /employees", anyone, s.listEmployees},
		{"GET /jobs", anyone, s.listJobs},
		{"GET /jobs/{id}", anyone, s.getJob},
		{"GET /jobs/{id}/line_items", anyone, s.getLineItems},
		{"GET /jobs/{id}/invoices", anyone, s.getJobInvoices},
		{"GET /jobs/{id}/appointments", company, s.getAppointments},
		{"POST /jobs/{id}/appointments", company, s.postAppointment},
		{"PUT /jobs/{id}/appointments/{appointment}", company, s.putAppointment},
		{"DELETE /jobs/{id}/appointments/{appointment}", company, s.deleteAppointment},
		{"PUT /jobs/{id}/schedule", application, s.putSchedule},
		{"DELETE /jobs/{id}/schedule", application, s.deleteSchedule},
		{"PUT /jobs/{id}/dispatch", application, s.putDispatch},
		{"POST /jobs/{id}/notes", anyone, s.postNote},
		{"DELETE /jobs/{id}/notes/{note}", anyone, s.deleteNote},
		{"POST /jobs/{id}/tags", anyone, s.postJobTag},
		{"DELETE /jobs/{id}/tags/{tag}", anyone, s.deleteJobTag},
		{"POST /jobs/{id}/links", application, s.postLink},
		{"POST /jobs/{id}/lock", application, s.postLock},
		{"GET /estimates", anyone, s.listEstimates},
		{"GET /estimates/{id}", application, s.getEstimate},
		{"GET /invoices", anyone, s.listInvoices},
		{"GET /api/invoices/{id}", anyone, s.getInvoice},
		{"GET /leads", anyone, s.listLeads},
		{"GET /leads/{id}", anyone, s.getLead},
		{"GET /tags", anyone, s.listTags},
		{"POST /tags", anyone, s.postTag},
		{"POST /webhooks/subscription", anyone, s.postSubscription},
		{"DELETE /webhooks/subscription", anyone, s.deleteSubscription},
	} {
		m.HandleFunc(route.pattern, s.page(route.who, route.serve))
	}
	m.HandleFunc("/", s.page(anyone, func(http.ResponseWriter, *http.Request) error { return notFound("resource") }))
	return m
}

// page checks the key before the call, and answers with its error.
func (s *Sandbox) page(who caller, serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := s.authorize(r, who)
		if err == nil {
			err = serve(w, r)
		}
		var a *answer
		switch {
		case errors.As(err, &a):
			reply(w, a.status, a.body)
		case err != nil:
			reply(w, http.StatusBadRequest, message(err.Error()))
		}
	}
}

// authorize accepts a key after the word Token, never after Bearer. What a
// key of the wrong sort gets is not documented; the fake says 401.
func (s *Sandbox) authorize(r *http.Request, who caller) error {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Token ")
	var is caller
	switch {
	case !ok || key == "":
	case key == s.opts.APIKey:
		is = company
	case key == s.opts.ApplicationKey:
		is = application
	}
	if is&who == 0 {
		return &answer{http.StatusUnauthorized, map[string]string{"error": "Unauthorized"}}
	}
	return nil
}

// answer is an error that knows how the API says it. The vendor has five
// shapes of error; each caller picks the documented one.
type answer struct {
	status int
	body   any
}

func (a *answer) Error() string { return fmt.Sprintf("answer %d %v", a.status, a.body) }

func notFound(kind string) error {
	return &answer{http.StatusNotFound, map[string]any{"error": map[string]string{"message": kind + " not found"}}}
}

// missing is the answer to a body without what it needs.
func missing(field string) error {
	return &answer{http.StatusUnprocessableEntity, map[string]any{"errors": map[string][]string{field: {"is missing"}}}}
}

// invalid is the answer to a value that the API does not know.
func invalid(field, problem string) error {
	return &answer{http.StatusBadRequest, map[string]string{"message": "Invalid request", field: problem}}
}

func message(text string) map[string]string { return map[string]string{"message": text} }

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(mustJSON(body))
}

func ok(w http.ResponseWriter, body any) error {
	reply(w, http.StatusOK, body)
	return nil
}

func created(w http.ResponseWriter, body any) error {
	reply(w, http.StatusCreated, body)
	return nil
}

// decode reads a JSON body of at most 1 MB. Unknown keys are ignored, as Rails does.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(into); err != nil {
		return &answer{http.StatusBadRequest, message("The request body is not valid JSON")}
	}
	return nil
}

// job finds the job of the path. A deleted one is 410 to a reader and 400
// to a writer (both seen in a client's code).
func (s *Sandbox) job(r *http.Request) (*Job, error) {
	j := s.jobs.byID[r.PathValue("id")]
	switch {
	case j == nil:
		return nil, notFound("job")
	case j.DeletedAt.IsZero():
		return j, nil
	case r.Method == http.MethodGet:
		return nil, &answer{http.StatusGone, message("Archived job")}
	}
	return nil, &answer{http.StatusBadRequest, message("Archived job")}
}

func (s *Sandbox) getCompany(w http.ResponseWriter, _ *http.Request) error {
	return ok(w, map[string]any{
		"id": s.opts.CompanyID, "name": s.opts.CompanyName, "support_email": "office@example.com", "phone_number": "2085550100",
		"website": "https://example.com", "default_arrival_window": "60", "time_zone": s.opts.Zone.String(),
	})
}

func (s *Sandbox) getCustomer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.customer(r.PathValue("id"))
	if err != nil {
		return notFound("customer")
	}
	return ok(w, s.expandedCustomer(c, expandOf(r.URL.Query())))
}

func (s *Sandbox) expandedCustomer(c *Customer, x expand) wireFullCustomer {
	full := s.wireFullCustomer(c)
	if x.doNotService {
		full.DoNotService = &c.DoNotService
	}
	if x.attachments {
		full.Attachments = &[]any{}
	}
	return full
}

func (s *Sandbox) getJob(w http.ResponseWriter, r *http.Request) error {
	j, err := s.job(r)
	if err != nil {
		return err
	}
	return ok(w, s.wireJob(j, expandOf(r.URL.Query())))
}

func (s *Sandbox) getLineItems(w http.ResponseWriter, r *http.Request) error {
	j, err := s.job(r)
	if err != nil {
		return err
	}
	lines := make([]wireLineItem, len(j.Lines))
	for n, l := range j.Lines {
		lines[n] = wireLineItemOf(n, l)
	}
	return ok(w, map[string]any{"url": "/jobs/" + j.ID + "/line_items", "data": lines})
}

// getJobInvoices leaves out job_id: here the invoices have none (OpenAPI's JobInvoice).
func (s *Sandbox) getJobInvoices(w http.ResponseWriter, r *http.Request) error {
	j, err := s.job(r)
	if err != nil {
		return err
	}
	type jobInvoice struct {
		wireInvoice
		JobID any `json:"job_id,omitempty"`
	}
	return ok(w, map[string]any{"invoices": each(j.invoices, func(i *Invoice) jobInvoice { return jobInvoice{wireInvoice: s.wireInvoice(i)} })})
}

func (s *Sandbox) getAppointments(w http.ResponseWriter, r *http.Request) error {
	j, err := s.job(r)
	if err != nil {
		return err
	}
	return ok(w, map[string]any{"appointments": each(j.Appointments, s.wireAppointment)})
}

func (s *Sandbox) getEstimate(w http.ResponseWriter, r *http.Request) error {
	e := s.estimates.byID[r.PathValue("id")]
	if e == nil {
		return notFound("estimate")
	}
	return ok(w, s.wireEstimate(e, expandOf(r.URL.Query())))
}

// getInvoice takes the id with or without its prefix: the path calls it a uuid.
func (s *Sandbox) getInvoice(w http.ResponseWriter, r *http.Request) error {
	id := "invoice_" + strings.TrimPrefix(r.PathValue("id"), "invoice_")
	i := s.invoices.byID[id]
	if i == nil {
		return notFound("invoice")
	}
	return ok(w, s.wireInvoice(i))
}

func (s *Sandbox) getLead(w http.ResponseWriter, r *http.Request) error {
	l := s.leads.byID[r.PathValue("id")]
	if l == nil || l.Deleted {
		return notFound("lead")
	}
	return ok(w, s.wireLead(l))
}
