package housecallpro

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestAppointmentsThroughTheAPI(t *testing.T) {
	w := newWorld(t, nil)
	who, j := w.rafael(), w.job()
	must(t, w.ScheduleJob(j.ID, w.plan(time.Hour, who)))
	path := "/jobs/" + j.ID + "/appointments"
	first := path + "/" + w.read(j.ID).Appointments[0].ID
	const moved = `"start_time":"2026-05-07T14:00:00Z","end_time":"2026-05-07T16:00:00Z","arrival_window_minutes":30`
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		events                   []string
	}{
		{"without employees", "PUT", first, `{` + moved + `}`, 422, nil},
		{"an unknown employee", "PUT", first, `{` + moved + `,"dispatched_employees_ids":["pro_x"]}`, 400, nil},
		{"an unknown appointment", "PUT", path + "/appt_x", `{` + moved + `,"dispatched_employees_ids":[]}`, 404, nil},
		{"moved, nobody goes", "PUT", first, `{` + moved + `,"dispatched_employees_ids":[]}`, 200, []string{"job.appointment.rescheduled", "job.appointment.appointment_pros_unassigned", "job.updated"}},
		{"discarded", "DELETE", first, "", 200, []string{"job.appointment.appointment_discarded", "job.updated"}},
		{"discarded twice", "DELETE", first, "", 404, nil},
	} {
		from := len(w.Webhooks())
		resp, got, err := w.call("company-key", c.method, c.path, c.body)
		must(t, err)
		if resp.StatusCode != c.status || !slices.Equal(w.sent(from), c.events) {
			t.Errorf("%s: answered %d %v and sent %v, want %d and %v", c.name, resp.StatusCode, got, w.sent(from), c.status, c.events)
		}
	}
	if got := w.read(j.ID); got.Status != "needs scheduling" || len(got.Assigned) != 0 {
		t.Errorf("the job is %s with %v, want it to need scheduling", got.Status, got.Assigned)
	}
}

func TestNotesAndTagsCanBeTakenAway(t *testing.T) {
	w := newWorld(t, nil)
	j, tag := w.job(), w.CreateTag("warranty")
	note, err := w.AddNote(j.ID, "Gate code 4411")
	must(t, err)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/jobs/" + j.ID + "/tags", fmt.Sprintf(`{"tag_id":%q}`, tag.ID), 201},
		{"POST", "/jobs/" + j.ID + "/tags", `{"tag_id":"tag_x"}`, 404},
		{"DELETE", "/jobs/" + j.ID + "/tags/" + tag.ID, "", 200},
		{"DELETE", "/jobs/" + j.ID + "/tags/" + tag.ID, "", 404},
		{"DELETE", "/jobs/" + j.ID + "/notes/" + note.ID, "", 200},
		{"DELETE", "/jobs/" + j.ID + "/notes/" + note.ID, "", 404},
		{"POST", "/tags", `{}`, 422},
	} {
		if resp, got, err := w.call("company-key", c.method, c.path, c.body); err != nil || resp.StatusCode != c.status {
			t.Errorf("%s %s answered %v %v, want %d", c.method, c.path, resp, got, c.status)
		}
	}
	if got := w.read(j.ID); len(got.Notes) != 0 || len(got.Tags) != 0 {
		t.Errorf("left: %v %v, want nothing", got.Notes, got.Tags)
	}
}

func TestDispatchSetsWhoGoesToAllAppointments(t *testing.T) {
	w := newWorld(t, nil)
	j, a, b := w.job(), w.rafael(), w.rafael()
	for n := range 2 {
		_, err := w.AddAppointment(j.ID, w.plan(time.Duration(n)*24*time.Hour, a))
		must(t, err)
	}
	must(t, w.Dispatch(j.ID, b))
	got := w.read(j.ID)
	if !slices.Equal(got.Assigned, []string{b}) || !slices.Equal(got.Appointments[0].Employees, []string{b}) || !slices.Equal(got.Appointments[1].Employees, []string{b}) {
		t.Errorf("job of %v, appointments %+v, want only %s", got.Assigned, got.Appointments, b)
	}
}

func TestSmallChangesOfTheOffice(t *testing.T) {
	w := newWorld(t, nil)
	who, j := w.rafael(), w.job()
	must(t, w.UpdateJob(j.ID, func(j *Job) { j.Description, j.Status = "No heating", "complete rated" }))
	if got := w.read(j.ID); got.Description != "No heating" || got.Status != "needs scheduling" {
		t.Errorf("job %q is %s, want only its words edited", got.Description, got.Status)
	}
	must(t, w.DeactivateEmployee(who))
	if got := w.ids("/employees", "employees"); len(got) != 0 {
		t.Errorf("employees %v, want the active ones only", got)
	}
	e, err := w.CreateEstimate(j.CustomerID, "", NewOption{Name: "A"})
	must(t, err)
	must(t, w.ExpireOption(e.ID, e.Options[0].ID))
	if _, err := w.CopyToJob(e.ID, e.Options[0].ID); err == nil {
		t.Error("an expired option became a job")
	}
	l, err := w.CreateLead(NewLead{CustomerID: j.CustomerID, Source: "Website", Employee: who})
	must(t, err)
	if got := w.get("/leads/"+l.ID, 200)["assigned_employee"].(map[string]any)["id"]; got != who {
		t.Errorf("the lead is with %v, want %s", got, who)
	}
	must(t, w.DeleteLead(l.ID))
	w.get("/leads/"+l.ID, 404)
}

func TestTheListsKnowTheirOrders(t *testing.T) {
	w, _, _, _ := lived(t)
	w.job()
	for path, keys := range map[string][]string{
		"/customers": {"created_at", "updated_at", "id", "first_name", "last_name", "email"},
		"/jobs":      {"created_at", "updated_at", "invoice_number", "id", "description", "work_status"},
		"/estimates": {"created_at", "updated_at", "id"},
		"/invoices":  {"amount", "created_at", "due_amount", "due_at", "invoice_number", "paid_at", "sent_at", "status", "updated_at"},
		"/leads":     {"created_at", "updated_at", "id", "status"},
		"/employees": {"created_at", "id"},
		"/tags":      {"created_at", "id", "name"},
	} {
		for _, key := range keys {
			up, down := w.ids(path+"?sort_direction=asc&sort_by="+key, path[1:]), w.ids(path+"?sort_by="+key, path[1:])
			if len(up) != len(down) {
				t.Errorf("%s by %s: %v up, %v down", path, key, up, down)
			}
		}
	}
	up := w.ids("/jobs?sort_by=id&sort_direction=asc", "jobs")
	if !slices.IsSorted(up) || len(up) != 2 {
		t.Errorf("jobs by id are %v", up)
	}
}

func TestManyMayUseItAtOnce(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.WebhookURL = "" })
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 20 {
				c := w.dana()
				j, err := w.CreateJob(NewJob{CustomerID: c.ID})
				if err != nil {
					t.Error(err)
					return
				}
				if _, _, err := w.Step(t.Context(), w.now); err != nil {
					t.Error(err)
				}
				if resp, _, err := w.call("company-key", "GET", "/jobs/"+j.ID, ""); err != nil || resp.StatusCode != 200 {
					t.Error(resp, err)
				}
				w.Webhooks()
			}
		})
	}
	all.Wait()
	if got := len(w.Jobs()); got != 80 {
		t.Errorf("%d jobs, want 80", got)
	}
}
