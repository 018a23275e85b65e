package housecallpro

import (
	"fmt"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// job reads a job, or an estimate, which is a job whose visit is the estimate's own.
func (r *reader) job(o object, name string) {
	id, at := o.id("id"), r.at(o)
	f := make(fields, 28)
	f["estimate"] = connect.Value(name == "estimate")
	f.text("number", o, map[string]string{"job": "invoice_number", "estimate": "estimate_number"}[name])
	f.text("description", o, "description")
	f.text("lead_source", o, "lead_source")
	f.texts("tags", o, "tags")
	f.cents("total", o, "total_amount")
	f.cents("balance", o, "outstanding_balance")
	if l, ok := o.list("attachments"); ok {
		f["attachments"] = connect.Value(len(l))
	}
	f.jobNotes(o)
	f.jobType(o)
	f.options(o)
	r.status(f, o, name)
	r.milestones(f, o, name)

	f.null("customer", o, "customer")
	var customer string
	if c, ok := o.object("customer"); ok {
		customer = r.customer(c, false)
		f.ref("customer", customer)
	}
	f.null("property", o, "address")
	if a, ok := o.object("address"); ok {
		f.ref("property", r.property(a, customer, at))
	}
	r.assigned(f, o, at)
	r.schedule(f, o, id, at)
	r.add(plumbline.Job, id, at, o, false, f)
}

// schedule reads when a job is, and its visits: all that exist, where the body
// lists them.
func (r *reader) schedule(f fields, o object, job string, at time.Time) {
	s, ok := o.object("schedule")
	if !ok {
		f.null("starts", o, "schedule")
		f.null("ends", o, "schedule")
		return
	}
	f.instant("starts", s, "scheduled_start")
	f.instant("ends", s, "scheduled_end")
	f.whole("window_minutes", s, "arrival_window")
	appointments, ok := s.objects("appointments")
	if !ok {
		return
	}
	visits := make([]string, 0, len(appointments))
	for _, a := range appointments {
		visits = append(visits, r.appointment(a, job, at))
	}
	f["visits"] = connect.Value(visits)
}

// appointment reads a visit. In a webhook of its own it names its job, and comes
// without the job: it says nothing of any other visit.
func (r *reader) appointment(o object, job string, at time.Time) (id string) {
	id = o.id("id")
	f := fields{}
	if named, ok := o.text("job_id"); ok && job == "" {
		job = named
	}
	f.ref("job", job)
	f.instant("starts", o, "start_time")
	f.instant("ends", o, "end_time")
	f.boolean("any_time", o, "anytime")
	f.whole("window_minutes", o, "arrival_window_minutes")
	f.ids("technicians", o, "dispatched_employees_ids")
	f.dispatched(o)
	discarded := r.event == "job.appointment.appointment_discarded"
	r.add(plumbline.Visit, id, at, o, discarded, f)
	return id
}

// dispatched reads who is sent from the form that webhooks have. Entries without an
// id name nobody that we could find, so then nothing is said.
func (f fields) dispatched(o object) {
	list, ok := o.objects("dispatched_employees")
	if !ok {
		return
	}
	ids := make([]string, 0, len(list))
	for _, e := range list {
		id, ok := e.text("id")
		if !ok || id == "" {
			return
		}
		ids = append(ids, id)
	}
	f["technicians"] = connect.Value(ids)
}

func (r *reader) assigned(f fields, o object, at time.Time) {
	list, ok := o.objects("assigned_employees")
	f.null("technicians", o, "assigned_employees")
	ids := make([]string, 0, len(list))
	for _, e := range list {
		ids = append(ids, r.employee(e, at))
	}
	if ok {
		f["technicians"] = connect.Value(ids)
	}
}

func (f fields) jobNotes(o object) {
	list, ok := o.objects("notes")
	out := make([]map[string]any, 0, len(list))
	for _, n := range list {
		id, _ := n.text("id")
		text, _ := n.text("content")
		out = append(out, map[string]any{"id": id, "text": text})
	}
	f.set("notes", o, "notes", out, ok)
}

// jobType reads the type, which jobs keep under job_fields and estimates under
// estimate_fields; some bodies have only its id there, which says nothing to a reader.
func (f fields) jobType(o object) {
	for _, key := range []string{"job_fields", "estimate_fields"} {
		in, ok := o.object(key)
		if !ok {
			continue
		}
		f.null("type", in, "job_type")
		if t, ok := in.object("job_type"); ok {
			f.text("type", t, "name")
		}
	}
}

// options reads an estimate's options, without those that were deleted.
func (f fields) options(o object) {
	list, ok := o.objects("options")
	out := make([]map[string]any, 0, len(list))
	for _, op := range list {
		status := optionStatus(op)
		if status == "deleted" {
			continue
		}
		m := map[string]any{"id": op.id("id"), "status": status}
		m["name"], _ = op.text("name")
		m["total"] = nil
		if n, ok := op.whole("total_amount"); ok {
			m["total"] = connect.Cents(n)
		}
		out = append(out, m)
	}
	f.set("options", o, "options", out, ok)
}

// optionStatus joins the two words that the vendor keeps: what the customer said, and
// where the option stands.
func optionStatus(o object) string {
	stands, _ := o.text("status")
	said, _ := o.text("approval_status")
	stands, said = normal(stands), normal(said)
	switch {
	case stands == "deleted":
		return "deleted"
	case said == "approved" || said == "pro approved" || stands == "created job from estimate":
		return "approved"
	case said == "declined" || said == "pro declined":
		return "declined"
	case said == "expired" || stands == "timed out" || isCanceled(stands):
		return "expired"
	}
	return "open"
}

// normal makes one word of the two vocabularies: filters say in_progress where
// answers say "in progress".
func normal(word string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ToLower(word), "_", " "))
}

func isCanceled(word string) bool {
	return strings.HasSuffix(word, "canceled") || strings.HasSuffix(word, "cancelled") || word == "deleted"
}

// ofThePaper are words that tell where an estimate's paper stands, not its visit.
var ofThePaper = map[string]bool{"submitted for signoff": true, "timed out": true, "created job from estimate": true, "expired": true}

// status reads work_status. A job that was deleted was canceled by the pro.
func (r *reader) status(f fields, o object, name string) {
	_, deleted := o.instant("deleted_at")
	word, ok := o.text("work_status")
	f.null("status", o, "work_status")
	word = normal(word)
	status := ""
	switch {
	case deleted || r.event == name+".deleted" || isCanceled(word):
		status = "canceled"
	case word == "needs scheduling" || word == "unscheduled" || word == "open" && name == "estimate":
		status = "unscheduled"
	case word == "scheduled":
		status = "scheduled"
	case word == "in progress":
		status = "in_progress"
	case strings.HasPrefix(word, "complete"):
		status = "complete"
	case !ok || name == "estimate" && ofThePaper[word]:
	default:
		o.refuse("work_status", fmt.Sprintf("expected a work status that we know, got %q", word))
	}
	if status != "" {
		f["status"] = connect.Value(status)
	}
}

// milestones reads when work was done. Housecall Pro keeps one set of times per job,
// not per appointment. Where a body lacks the time of what its event says, the
// event's own time is it.
func (r *reader) milestones(f fields, o object, name string) {
	if w, ok := o.object("work_timestamps"); ok {
		f.instant("en_route_at", w, "on_my_way_at")
		f.instant("on_site_at", w, "started_at")
		f.instant("completed_at", w, "completed_at")
	}
	f.instant("canceled_at", o, "deleted_at")
	if at, ok := o.instant("canceled_at"); ok {
		f["canceled_at"] = connect.Value(at)
	}
	field := map[string]string{
		".on_my_way": "en_route_at", ".started": "on_site_at", ".completed": "completed_at",
		".canceled": "canceled_at", ".deleted": "canceled_at",
	}[strings.TrimPrefix(r.event, name)]
	if field == "" || r.occurred.IsZero() {
		return
	}
	if v, ok := f[field]; !ok || v == plumbline.Null {
		f[field] = connect.Value(r.occurred)
	}
}
