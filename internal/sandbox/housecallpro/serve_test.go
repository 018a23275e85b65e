package housecallpro

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOnlyATokenOfTheRightSortIsTaken(t *testing.T) {
	w := newWorld(t, nil)
	j := w.job()
	for _, c := range []struct {
		name, auth, method, path string
		want                     int
	}{
		{"the company's key", "Token company-key", "GET", "/jobs", 200},
		{"the partner's key", "Token partner-key", "GET", "/jobs", 200},
		{"a key as Bearer", "Bearer company-key", "GET", "/jobs", 401},
		{"a wrong key", "Token nobody", "GET", "/jobs", 401},
		{"an empty key", "Token ", "GET", "/jobs", 401},
		{"no key", "", "GET", "/jobs", 401},
		{"scheduling with the company's key", "Token company-key", "PUT", "/jobs/" + j.ID + "/schedule", 401},
		{"reading appointments with the partner's key", "Token partner-key", "GET", "/jobs/" + j.ID + "/appointments", 401},
		{"an unknown path", "Token company-key", "GET", "/jobs/x/y/z", 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, _ := http.NewRequestWithContext(t.Context(), c.method, "https://api.housecallpro.com"+c.path, strings.NewReader("{}"))
			req.Header.Set("Authorization", c.auth)
			resp, err := w.net.RoundTrip(req)
			must(t, err)
			if resp.StatusCode != c.want {
				t.Errorf("answered %d, want %d", resp.StatusCode, c.want)
			}
		})
	}
}

func TestErrorsHaveTheDocumentedShapes(t *testing.T) {
	w := newWorld(t, nil)
	j, gone := w.job(), w.job()
	must(t, w.Delete(gone.ID))
	must(t, w.DeleteCustomer(gone.CustomerID))
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"no such job", "GET", "/jobs/job_x", "", 404, "map[error:map[message:job not found]]"},
		{"a deleted job is gone for readers", "GET", "/jobs/" + gone.ID, "", 410, "map[message:Archived job]"},
		{"and archived for writers", "POST", "/jobs/" + gone.ID + "/notes", `{"content":"x"}`, 400, "map[message:Archived job]"},
		{"a deleted customer", "GET", "/customers/" + gone.CustomerID, "", 404, "map[error:map[message:customer not found]]"},
		{"a note without words", "POST", "/jobs/" + j.ID + "/notes", `{}`, 422, "map[errors:map[content:[is missing]]]"},
		{"a body that is no JSON", "POST", "/jobs/" + j.ID + "/notes", `{`, 400, "map[message:The request body is not valid JSON]"},
		{"a status word of the other vocabulary", "GET", "/jobs?work_status[]=in%20progress", "", 400, `map[message:Invalid request work_status:"in progress" is not a valid value]`},
		{"an unknown order", "GET", "/jobs?sort_by=colour", "", 400, `map[message:Invalid request sort_by:"colour" is not supported]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			resp, got, err := w.call("company-key", c.method, c.path, c.body)
			must(t, err)
			if resp.StatusCode != c.status || fmt.Sprint(got) != c.want {
				t.Errorf("answered %d %v, want %d %s", resp.StatusCode, got, c.status, c.want)
			}
		})
	}
}

func (w *world) ids(path, name string) (ids []string) {
	w.t.Helper()
	for _, row := range w.get(path, 200)[name].([]any) {
		ids = append(ids, row.(map[string]any)["id"].(string))
	}
	return ids
}

func TestTheFilterHasOtherStatusWordsThanTheResponse(t *testing.T) {
	w := newWorld(t, nil)
	byWord := map[string]string{}
	for _, c := range []struct {
		filter, response string
		make             func(string) error
	}{
		{"unscheduled", "needs scheduling", func(string) error { return nil }},
		{"scheduled", "scheduled", func(id string) error { return w.ScheduleJob(id, w.plan(0)) }},
		{"in_progress", "in progress", w.Start},
		{"completed", "complete unrated", w.Complete},
		{"canceled", "user canceled", w.Cancel},
	} {
		j := w.job()
		must(t, c.make(j.ID))
		byWord[c.filter] = j.ID
		if got := w.ids("/jobs?work_status[]="+c.filter, "jobs"); !slices.Equal(got, []string{j.ID}) {
			t.Errorf("filter %s found %v, want %s", c.filter, got, j.ID)
		}
		if got := w.get("/jobs/"+j.ID, 200)["work_status"]; got != c.response {
			t.Errorf("the response says %v, want %s", got, c.response)
		}
	}
	if got := w.ids("/jobs?work_status[]=scheduled&work_status[]=canceled", "jobs"); len(got) != 2 {
		t.Errorf("two words found %v, want two jobs", got)
	}
}

func TestOnTheWayDoesNotChangeTheStatus(t *testing.T) {
	w := newWorld(t, nil)
	j := w.job()
	must(t, w.ScheduleJob(j.ID, w.plan(0)))
	must(t, w.OnMyWay(j.ID))
	got := w.get("/jobs/"+j.ID, 200)
	if got["work_status"] != "scheduled" || got["work_timestamps"].(map[string]any)["on_my_way_at"] != "2026-05-04T13:00:01Z" {
		t.Errorf("got %v %v", got["work_status"], got["work_timestamps"])
	}
}

func TestACompletionTakenBackIsNullAgain(t *testing.T) {
	w := newWorld(t, nil)
	j := w.job()
	must(t, w.Start(j.ID))
	must(t, w.Complete(j.ID))
	must(t, w.Uncomplete(j.ID))
	got := w.get("/jobs/"+j.ID, 200)
	if at, there := got["work_timestamps"].(map[string]any)["completed_at"]; at != nil || !there || got["work_status"] != "in progress" {
		t.Errorf("completed_at %v (there: %v), status %v, want null and in progress", at, there, got["work_status"])
	}
}

func TestPagesShiftWhileTheDataChange(t *testing.T) {
	w := newWorld(t, nil)
	var made []string
	for range 6 {
		w.tick()
		made = append(made, w.job().ID)
	}
	const page = "/jobs?sort_by=updated_at&sort_direction=desc&page_size=3&page="
	first := w.ids(page+"1", "jobs")
	w.tick()
	_, err := w.AddNote(made[0], "touched")
	must(t, err)
	second := w.ids(page+"2", "jobs")
	if slices.Contains(append(first, second...), made[0]) {
		t.Errorf("the touched job was seen on %v or %v; it moved to the page already read", first, second)
	}
	if second[0] != first[2] {
		t.Errorf("page 2 starts with %s, want the last of page 1 again", second[0])
	}
	got := w.get(page+"2", 200)
	if got["total_items"] != 6.0 || got["total_pages"] != 2.0 || got["page_size"] != 3.0 || got["page"] != 2.0 {
		t.Errorf("envelope %v", got)
	}
}

func TestRowsOfTheSameInstantCanChangePlaces(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Faults.ShuffleTies = 0.5 })
	w.job()
	w.job()
	seen := map[string]bool{}
	for range 20 {
		seen[strings.Join(w.ids("/jobs", "jobs"), " ")] = true
	}
	if len(seen) != 2 {
		t.Errorf("saw %d orders, want both", len(seen))
	}
}

func TestDefaultOrderIsNewestFirstTenToAPage(t *testing.T) {
	w := newWorld(t, nil)
	var made []string
	for range 12 {
		w.tick()
		made = append(made, w.dana().ID)
	}
	slices.Reverse(made)
	if got := w.ids("/customers", "customers"); !slices.Equal(got, made[:10]) {
		t.Errorf("got %v, want the ten newest", got)
	}
	if got := w.get("/customers?page_size=5000", 200)["page_size"]; got != 200.0 {
		t.Errorf("page size %v, want the largest, 200", got)
	}
	if got := w.ids("/customers?page=99", "customers"); len(got) != 0 {
		t.Errorf("a page behind the end has %v", got)
	}
}

func TestListFilters(t *testing.T) {
	w := newWorld(t, nil)
	who := w.rafael()
	a, b := w.job(), w.job()
	must(t, w.ScheduleJob(a.ID, w.plan(time.Hour, who)))
	must(t, w.ScheduleJob(b.ID, w.plan(49*time.Hour)))
	for path, want := range map[string][]string{
		"/jobs?scheduled_start_min=2026-05-05":                      {b.ID},
		"/jobs?scheduled_start_max=2026-05-05T00:00:00":             {a.ID},
		"/jobs?scheduled_end_min=2026-05-04T16:00:01Z":              {b.ID, a.ID},
		"/jobs?employee_ids[]=" + who:                               {a.ID},
		"/jobs?customer_id=" + b.CustomerID:                         {b.ID},
		"/jobs?location_ids[]=elsewhere":                            nil,
		"/jobs?location_ids[]=" + companyID + "&sort_direction=asc": {a.ID, b.ID},
		"/jobs?work_status=scheduled&customer_id=" + a.CustomerID:   {a.ID},
		"/customers?q=larkspur&sort_direction=asc&page_size=1":      {a.CustomerID},
		"/customers?q=2085550142&sort_direction=asc&page_size=1":    {a.CustomerID},
		"/customers?q=nobody":                                       nil,
	} {
		name := "jobs"
		if strings.HasPrefix(path, "/customers") {
			name = "customers"
		}
		got := w.ids(path, name)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("GET %s found %v, want %v", path, got, want)
		}
	}
}

func TestInvoiceFilters(t *testing.T) {
	w, _, paid, _ := lived(t)
	j := w.job()
	must(t, w.SetTotal(j.ID, 700))
	w.now = w.now.Add(48 * time.Hour)
	open, err := w.CreateInvoice(j.ID)
	must(t, err)
	day := paid.PaidAt.Format(time.RFC3339)
	for query, want := range map[string]string{
		"status[]=open":                   open.ID,
		"status[]=paid":                   paid.ID,
		"paid_at_min=" + day[:10]:         paid.ID,
		"created_at_min=2026-05-05":       open.ID,
		"created_at_max=2026-05-05":       paid.ID,
		"amount_due_min=1":                open.ID,
		"amount_due_max=0":                paid.ID,
		"payment_method[]=credit_card":    paid.ID,
		"customer_uuid[]=" + j.CustomerID: open.ID,
		"sort_by=amount&page_size=1":      paid.ID,
		"sort_by=due_amount&page_size=1":  open.ID,
		"sort_by=updated_at&page_size=1":  open.ID,
	} {
		if got := w.ids("/invoices?"+query, "invoices"); !slices.Equal(got, []string{want}) {
			t.Errorf("%s found %v, want %s", query, got, want)
		}
	}
}

func TestInvoicesAndLeadsNeverShowWhenTheyChanged(t *testing.T) {
	w, j, i, _ := lived(t)
	_, err := w.CreateLead(NewLead{CustomerID: j.CustomerID, Source: "Website"})
	must(t, err)
	for _, row := range []map[string]any{
		w.get("/api/invoices/"+i.ID, 200), w.get("/api/invoices/"+strings.TrimPrefix(i.ID, "invoice_"), 200),
		w.get("/leads", 200)["leads"].([]any)[0].(map[string]any),
	} {
		for _, k := range []string{"updated_at", "created_at"} {
			if _, there := row[k]; there {
				t.Errorf("%v has %s", row["id"], k)
			}
		}
	}
}

func TestDeletedJobsLeaveTheListUnlessToldOtherwise(t *testing.T) {
	for _, listed := range []bool{false, true} {
		w := newWorld(t, func(o *Options) { o.ListDeleted = listed })
		j := w.job()
		must(t, w.Delete(j.ID))
		if got := w.ids("/jobs", "jobs"); (len(got) == 1) != listed {
			t.Errorf("ListDeleted = %v lists %v", listed, got)
		}
	}
}

func TestAppointmentsAreShownOnlyWhenExpanded(t *testing.T) {
	w := newWorld(t, nil)
	j := w.job()
	must(t, w.ScheduleJob(j.ID, w.plan(0)))
	if _, there := w.get("/jobs/"+j.ID, 200)["schedule"].(map[string]any)["appointments"]; there {
		t.Error("appointments are shown unasked")
	}
	if got := w.get("/jobs/"+j.ID+"?expand[]=appointments", 200)["schedule"].(map[string]any)["appointments"].([]any); len(got) != 1 {
		t.Errorf("expanded appointments are %v, want one", got)
	}
}

func TestAJobWithTwoAppointmentsCannotBeScheduledByTheSimpleCall(t *testing.T) {
	w := newWorld(t, nil)
	j := w.job()
	for n := range 2 {
		_, err := w.AddAppointment(j.ID, w.plan(time.Duration(n)*24*time.Hour))
		must(t, err)
	}
	resp, got, err := w.call("partner-key", "PUT", "/jobs/"+j.ID+"/schedule", `{"start_time":"2026-05-06T14:00:00Z"}`)
	must(t, err)
	if resp.StatusCode != 400 {
		t.Errorf("answered %d %v, want 400", resp.StatusCode, got)
	}
}

func TestAWriteThroughTheAPISendsItsEcho(t *testing.T) {
	w := newWorld(t, nil)
	j := w.job()
	from := len(w.Webhooks())
	for _, c := range []struct{ key, method, path, body string }{
		{"company-key", "POST", "/jobs/" + j.ID + "/notes", `{"content":"Call first"}`},
		{"partner-key", "PUT", "/jobs/" + j.ID + "/schedule", `{"start_time":"2026-05-06T14:00:00Z","notify":true}`},
		{"company-key", "PUT", "/customers/" + j.CustomerID, `{"email":"d@example.com","tags":[]}`},
	} {
		if resp, got, err := w.call(c.key, c.method, c.path, c.body); err != nil || resp.StatusCode >= 300 {
			t.Fatalf("%s %s: %v %v", c.method, c.path, got, err)
		}
	}
	if got, want := w.sent(from), []string{"job.updated", "job.appointment.scheduled", "job.scheduled", "job.updated", "customer.updated"}; !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	if c := w.Customers()[0]; c.Email != "d@example.com" || len(c.Tags) != 0 || c.FirstName != "Dana" {
		t.Errorf("customer is %+v, want the email changed, no tags, the name kept", c)
	}
}

func TestAPIFaults(t *testing.T) {
	post := func(w *world, j Job) (*http.Response, error) {
		resp, _, err := w.call("company-key", "POST", "/jobs/"+j.ID+"/notes", `{"content":"x"}`)
		return resp, err
	}
	t.Run("a lost answer was committed", func(t *testing.T) {
		w := newWorld(t, nil)
		j := w.job()
		w.SetFaults(Faults{LostAnswer: 1})
		if _, err := post(w, j); !errors.Is(err, io.ErrUnexpectedEOF) || len(w.read(j.ID).Notes) != 1 {
			t.Errorf("got %v and %d notes, want a cut and one note", err, len(w.read(j.ID).Notes))
		}
	})
	t.Run("a server error was not", func(t *testing.T) {
		w := newWorld(t, nil)
		j := w.job()
		w.SetFaults(Faults{ServerError: 1})
		if resp, err := post(w, j); err != nil || resp.StatusCode != 500 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") || len(w.read(j.ID).Notes) != 0 {
			t.Errorf("got %v %v, want a plain 500 and no note", resp, err)
		}
	})
	t.Run("too many requests say when to come back", func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.RequestsPerMinute = 2 })
		w.get("/jobs", 200)
		w.get("/jobs", 200)
		resp, _, err := w.call("company-key", "GET", "/jobs", "")
		must(t, err)
		if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "59" {
			t.Errorf("answered %d, Retry-After %q, want 429 and 59", resp.StatusCode, resp.Header.Get("Retry-After"))
		}
		w.now = w.now.Add(59 * time.Second)
		w.get("/jobs", 200)
	})
}

func TestTheSubscriptionIsSwitchedThroughTheAPI(t *testing.T) {
	w := newWorld(t, nil)
	for method, on := range map[string]bool{"DELETE": false, "POST": true} {
		if resp, _, err := w.call("partner-key", method, "/webhooks/subscription", "{}"); err != nil || resp.StatusCode != 200 || w.WebhookOn() != on {
			t.Errorf("%s: %v %v, on = %v, want %v", method, resp, err, w.WebhookOn(), on)
		}
	}
}
