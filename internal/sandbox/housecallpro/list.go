package housecallpro

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// listing is one list call: its rows, what the filters keep, what it can be
// sorted by and how a row looks.
type listing[T any] struct {
	name string
	rows []*T
	keep func(*T) bool
	keys map[string]func(*T) string
	wire func(*T) any
}

// largest is the page size above which the vendor is not known to go.
const largest = 200

// serveList answers with one page by offset: rows that change between two
// requests shift the pages.
func serveList[T any](s *Sandbox, w http.ResponseWriter, r *http.Request, l listing[T]) error {
	q := r.URL.Query()
	page, err := positive(q, "page", 1)
	if err != nil {
		return err
	}
	size, err := positive(q, "page_size", 10)
	if err != nil {
		return err
	}
	size = min(size, largest)
	by := cmp.Or(q.Get("sort_by"), "created_at")
	key, known := l.keys[by]
	if !known {
		return invalid("sort_by", fmt.Sprintf("%q is not supported", by))
	}
	direction := cmp.Or(q.Get("sort_direction"), "desc")
	if direction != "asc" && direction != "desc" {
		return invalid("sort_direction", "must be asc or desc")
	}
	rows := l.rows
	if ids := values(q, "location_ids"); len(ids) > 0 && !slices.Contains(ids, s.opts.CompanyID) && r.Header.Get("X-Company-Id") == "" {
		rows = nil
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(row *T) bool { return !l.keep(row) })
	s.sort(func(reverse bool) { sortRows(rows, key, direction == "desc", reverse) })
	from := min((page-1)*size, len(rows))
	shown := rows[from:min(from+size, len(rows))]
	return ok(w, map[string]any{
		"page": page, "page_size": size, "total_items": len(rows), "total_pages": (len(rows) + size - 1) / size,
		l.name: each(shown, l.wire),
	})
}

// sort orders rows with equal keys as they were made, unless the database
// feels like the other way round.
func (s *Sandbox) sort(f func(reverse bool)) { f(s.chance(s.opts.Faults.ShuffleTies)) }

func sortRows[T any](rows []*T, key func(*T) string, desc, reverseTies bool) {
	if reverseTies {
		slices.Reverse(rows)
	}
	slices.SortStableFunc(rows, func(a, b *T) int {
		if desc {
			a, b = b, a
		}
		return cmp.Compare(key(a), key(b))
	})
}

// positive reads a whole number from 1 on; sizes come as text or number.
func positive(q url.Values, name string, otherwise int) (int, error) {
	v := q.Get(name)
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1_000_000 {
		return 0, invalid(name, "must be a positive number")
	}
	return n, nil
}

// values reads an array parameter, as name[]=a&name[]=b (a client's code) or
// name=a&name=b (the OpenAPI).
func values(q url.Values, name string) []string {
	return append(slices.Clone(q[name+"[]"]), q[name]...)
}

func expandOf(q url.Values) expand {
	v := values(q, "expand")
	return expand{
		appointments: slices.Contains(v, "appointments"),
		attachments:  slices.Contains(v, "attachments"),
		doNotService: slices.Contains(v, "do_not_service"),
	}
}

// byTime sorts null after every time, as the vendor's kind of database does.
func byTime(t time.Time) string {
	if t.IsZero() {
		return "~"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000000")
}

func byNumber(n int64) string { return fmt.Sprintf("%020d", n+1<<40) }

// span is a filter on a time, both ends included.
type span struct{ min, max time.Time }

func spanOf(q url.Values, name string) (s span, err error) {
	if s.min, err = timeOf(q, name+"_min"); err != nil {
		return s, err
	}
	s.max, err = timeOf(q, name+"_max")
	return s, err
}

func (s span) holds(t time.Time) bool {
	if s.min.IsZero() && s.max.IsZero() {
		return true
	}
	return !t.IsZero() && !t.Before(s.min) && (s.max.IsZero() || !t.After(s.max))
}

// timeOf reads a time with or without a zone; without, it is UTC.
func timeOf(q url.Values, name string) (time.Time, error) {
	v := q.Get(name)
	if v == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, v); err == nil {
			return t, nil
		}
	}
	return time.Time{}, invalid(name, "is not a time")
}

func oneOf(q url.Values, name string, words ...string) (map[string]bool, error) {
	set := map[string]bool{}
	for _, v := range values(q, name) {
		if !slices.Contains(words, v) {
			return nil, invalid(name, fmt.Sprintf("%q is not a valid value", v))
		}
		set[v] = true
	}
	return set, nil
}

// filterStatus is the word by which the lists' filter knows a status; the
// responses say it differently.
func filterStatus(status string) string {
	switch status {
	case needsScheduling:
		return "unscheduled"
	case inProgress:
		return "in_progress"
	case completeUnrated, completeRated:
		return "completed"
	case userCanceled, proCanceled:
		return "canceled"
	}
	return status
}

// visits are the filters that jobs and estimates share.
type visits struct {
	start, end span
	status     map[string]bool
	employees  []string
	customer   string
}

func visitsOf(q url.Values) (v visits, err error) {
	if v.start, err = spanOf(q, "scheduled_start"); err != nil {
		return v, err
	}
	if v.end, err = spanOf(q, "scheduled_end"); err != nil {
		return v, err
	}
	v.status, err = oneOf(q, "work_status", "unscheduled", "scheduled", "in_progress", "completed", "canceled")
	v.employees, v.customer = values(q, "employee_ids"), q.Get("customer_id")
	return v, err
}

func (v visits) hold(start, end time.Time, status, customer string, employees []string) bool {
	return v.start.holds(start) && v.end.holds(end) &&
		(len(v.status) == 0 || v.status[filterStatus(status)]) &&
		(v.customer == "" || v.customer == customer) &&
		(len(v.employees) == 0 || slices.ContainsFunc(employees, func(e string) bool { return slices.Contains(v.employees, e) }))
}

func (s *Sandbox) listCustomers(w http.ResponseWriter, r *http.Request) error {
	q := strings.ToLower(r.URL.Query().Get("q"))
	x := expandOf(r.URL.Query())
	return serveList(s, w, r, listing[Customer]{
		name: "customers", rows: s.customers.rows,
		keep: func(c *Customer) bool { return c.DeletedAt.IsZero() && (q == "" || c.mentions(q)) },
		keys: map[string]func(*Customer) string{
			"created_at": func(c *Customer) string { return byTime(c.Created) },
			"updated_at": func(c *Customer) string { return byTime(c.Updated) },
			"id":         func(c *Customer) string { return c.ID },
			"first_name": func(c *Customer) string { return c.FirstName },
			"last_name":  func(c *Customer) string { return c.LastName },
			"email":      func(c *Customer) string { return c.Email },
		},
		wire: func(c *Customer) any { return s.expandedCustomer(c, x) },
	})
}

// mentions searches name, email, mobile number and addresses.
func (c *Customer) mentions(q string) bool {
	words := []string{c.FirstName + " " + c.LastName, c.Email, c.Mobile}
	for _, a := range c.Addresses {
		words = append(words, a.Street+" "+a.City+" "+a.State+" "+a.Zip)
	}
	return strings.Contains(strings.ToLower(strings.Join(words, "\n")), q)
}

func (s *Sandbox) listEmployees(w http.ResponseWriter, r *http.Request) error {
	return serveList(s, w, r, listing[Employee]{
		name: "employees", rows: s.employees.rows,
		keep: func(e *Employee) bool { return !e.Inactive },
		keys: map[string]func(*Employee) string{
			"created_at": func(e *Employee) string { return byTime(e.Created) },
			"id":         func(e *Employee) string { return e.ID },
		},
		wire: func(e *Employee) any { return s.wireEmployee(e) },
	})
}

func (s *Sandbox) listJobs(w http.ResponseWriter, r *http.Request) error {
	v, err := visitsOf(r.URL.Query())
	if err != nil {
		return err
	}
	x := expandOf(r.URL.Query())
	return serveList(s, w, r, listing[Job]{
		name: "jobs", rows: s.jobs.rows,
		keep: func(j *Job) bool {
			start, end := j.spanned()
			return (j.DeletedAt.IsZero() || s.opts.ListDeleted) && v.hold(start, end, j.Status, j.CustomerID, j.Assigned)
		},
		keys: map[string]func(*Job) string{
			"created_at":     func(j *Job) string { return byTime(j.Created) },
			"updated_at":     func(j *Job) string { return byTime(j.Updated) },
			"invoice_number": func(j *Job) string { return j.InvoiceNumber },
			"id":             func(j *Job) string { return j.ID },
			"description":    func(j *Job) string { return j.Description },
			"work_status":    func(j *Job) string { return j.Status },
		},
		wire: func(j *Job) any { return s.wireJob(j, x) },
	})
}

// spanned is the job's planned start and end over all its appointments.
func (j *Job) spanned() (start, end time.Time) {
	for _, a := range j.Appointments {
		if start.IsZero() || a.Start.Before(start) {
			start = a.Start
		}
		if a.End.After(end) {
			end = a.End
		}
	}
	return start, end
}

func (s *Sandbox) listEstimates(w http.ResponseWriter, r *http.Request) error {
	v, err := visitsOf(r.URL.Query())
	if err != nil {
		return err
	}
	x := expandOf(r.URL.Query())
	return serveList(s, w, r, listing[Estimate]{
		name: "estimates", rows: s.estimates.rows,
		keep: func(e *Estimate) bool { return v.hold(e.Start, e.End, e.Status, e.CustomerID, e.Assigned) },
		keys: map[string]func(*Estimate) string{
			"created_at": func(e *Estimate) string { return byTime(e.Created) },
			"updated_at": func(e *Estimate) string { return byTime(e.Updated) },
			"id":         func(e *Estimate) string { return e.ID },
		},
		wire: func(e *Estimate) any { return s.wireEstimate(e, x) },
	})
}
