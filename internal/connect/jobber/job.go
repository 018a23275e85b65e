package jobber

import (
	"fmt"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// job reads a job and its visits. When it is stands on its visits: the job's own times
// are bounds of days.
func (r *reader) job(o object) {
	id := o.id("id")
	f := fields{"estimate": connect.Value(false)}
	f.jobNumber(o)
	f.text("description", o, "title")
	f.ref("customer", o, "client")
	f.ref("property", o, "property")
	f.money("total", o, "total")
	f.text("source", o, "jobberWebUri")
	f.instant("completed_at", o, "completedAt")
	f.jobStatus(o)
	r.add(plumbline.Job, id, o, f)

	visits, complete := o.connection("visits")
	refs := make([]string, 0, len(visits))
	for _, v := range visits {
		refs = append(refs, v.id("id"))
		if whole(v) {
			r.visit(v, id)
		}
	}
	if complete {
		f["visits"] = connect.Value(refs)
	}
}

func (f fields) jobNumber(o object) {
	n, ok := o.number("jobNumber")
	text := ""
	if ok {
		text = quantity(n)
	}
	f.set("number", o, "jobNumber", text, ok)
}

// jobStatus has the vendor's enum JobStatusTypeEnum. Words that say no more than that the
// job is open map to nothing: then its visits say. There is none for a canceled job, which
// is deleted or closed.
var jobStatus = map[string]string{
	"unscheduled": "unscheduled",
	"upcoming":    "scheduled", "today": "scheduled", "late": "scheduled", "expiring_within_30_days": "scheduled",
	"requires_invoicing": "complete", "archived": "complete",
	"active": byVisits, "action_required": byVisits, "on_hold": byVisits,
}

const byVisits = "by its visits"

func (f fields) jobStatus(o object) {
	word, ok := o.text("jobStatus")
	status := jobStatus[word]
	switch {
	case ok && status == "":
		o.refuse("jobStatus", fmt.Sprintf("expected a job status that we know, got %q", word))
	case status == byVisits:
		status = statusOf(o)
	}
	f.set("status", o, "jobStatus", status, ok)
}

// statusOf tells where an open job stands from those of its visits that the answer
// shows: one that is done but not all that was sold, or that nobody has closed, is in
// progress.
func statusOf(o object) string {
	visits, _ := o.connection("visits")
	status := "unscheduled"
	for _, v := range visits {
		if _, done := v.instant("completedAt"); done {
			return "in_progress"
		}
		if _, planned := v.instant("startAt"); planned {
			status = "scheduled"
		}
	}
	return status
}

// whole says that a visit within a job has all that visits are read for: what is known of
// an object by an answer counts as all that the answer could have said.
func whole(v object) bool {
	users, _ := v.object("assignedUsers")
	return v.hasAll("id", "startAt", "endAt", "allDay", "completedAt", "createdAt", "assignedUsers") &&
		(v.null("assignedUsers") || users.hasAll("nodes", "pageInfo"))
}

// visit reads a visit, by itself or within its job. One that was completed by mistake
// has no completedAt any more, which takes the completion back.
func (r *reader) visit(o object, job string) {
	f := fields{}
	f.ref("job", o, "job")
	if job != "" {
		f["job"] = connect.Value(job)
	}
	f.trip(o)
	r.add(plumbline.Visit, o.id("id"), o, f)
}

// trip reads what visits and assessments share.
func (f fields) trip(o object) {
	f.instant("starts", o, "startAt")
	f.instant("ends", o, "endAt")
	f.boolean("any_time", o, "allDay")
	f.instant("completed_at", o, "completedAt")
	if ids, complete := o.ids("assignedUsers"); complete {
		f["technicians"] = connect.Value(ids)
	} else if o.null("assignedUsers") {
		f["technicians"] = connect.Value([]string{})
	}
}

// quote reads a quote as an estimate that has one option, since Jobber's quotes have
// one price. It is paper: nobody goes anywhere for it, so that it has no status of work.
func (r *reader) quote(o object) {
	id := o.id("id")
	f := fields{"estimate": connect.Value(true)}
	f.text("number", o, "quoteNumber")
	f.text("description", o, "title")
	f.ref("customer", o, "client")
	f.ref("property", o, "property")
	f.text("source", o, "jobberWebUri")
	option := map[string]any{"id": id, "total": nil}
	option["name"], _ = o.text("title")
	if a, ok := o.object("amounts"); ok {
		f.money("total", a, "total")
		if n, ok := a.number("total"); ok {
			option["total"] = money(n)
		}
	}
	if status := (fields{}).word("status", o, "quoteStatus", quoteStatus); status != "" {
		option["status"] = status
		f["options"] = connect.Value([]map[string]any{option})
	}
	r.add(plumbline.Job, quotePrefix+id, o, f)
}

// quoteStatus has the vendor's enum QuoteStatusTypeEnum. A quote becomes a job when it is
// converted, which nobody does without a yes; who archives one that was not converted
// does not say why, so that it is expired and not declined.
var quoteStatus = map[string]string{
	"draft": "open", "awaiting_response": "open", "changes_requested": "open",
	"approved": "approved", "converted": "approved", "archived": "expired",
}

// request reads a request as an estimate whose visit is its assessment. Its own status
// tells where the paper stands, so that what is said of the work is read off the
// assessment.
func (r *reader) request(o object) {
	id := requestPrefix + o.id("id")
	f := fields{"estimate": connect.Value(true)}
	f.text("description", o, "title")
	f.ref("customer", o, "client")
	f.ref("property", o, "property")
	f.text("lead_source", o, "source")
	f.text("source", o, "jobberWebUri")
	if o.null("assessment") {
		f["visits"], f["status"] = connect.Value([]string{}), connect.Value("unscheduled")
	}
	a, assessed := o.object("assessment")
	if assessed {
		f["visits"], f["status"] = connect.Value([]string{id}), connect.Value(assessmentStatus(a))
	}
	r.add(plumbline.Job, id, o, f)
	if assessed {
		v := fields{"job": connect.Value(id)}
		v.trip(a)
		r.add(plumbline.Visit, id, o, v)
	}
}

func assessmentStatus(a object) string {
	if _, done := a.instant("completedAt"); done {
		return "complete"
	}
	if _, planned := a.instant("startAt"); planned {
		return "scheduled"
	}
	return "unscheduled"
}
