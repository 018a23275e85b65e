package housecallpro

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// differences lists where two JSON values have other keys or other types.
// Null and empty arrays say nothing about a shape.
func differences(path string, want, got any) (out []string) {
	if want == nil || got == nil {
		return nil
	}
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			return []string{path + " is not an object"}
		}
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if _, ok := got[k]; !ok {
				out = append(out, path+"."+k+" is missing")
				continue
			}
			out = append(out, differences(path+"."+k, want[k], got[k])...)
		}
		for _, k := range slices.Sorted(maps.Keys(got)) {
			if _, ok := want[k]; !ok {
				out = append(out, path+"."+k+" is too many")
			}
		}
	case []any:
		got, ok := got.([]any)
		if !ok {
			return []string{path + " is not an array"}
		}
		for _, g := range got {
			if len(want) > 0 {
				out = append(out, differences(path+"[]", want[0], g)...)
			}
		}
	default:
		if a, b := fmt.Sprintf("%T", want), fmt.Sprintf("%T", got); a != b {
			out = append(out, fmt.Sprintf("%s is a %s, want a %s", path, b, a))
		}
	}
	return out
}

func TestWebhookBodiesHaveTheShapeOfTheSamples(t *testing.T) {
	w, j, _, _ := lived(t)
	other := w.job()
	must(t, w.ScheduleJob(other.ID, w.plan(0)))
	must(t, w.Cancel(other.ID))
	must(t, w.Delete(other.ID))
	for _, event := range []string{
		"customer.created", "customer.updated", "job.created", "job.scheduled", "job.on_my_way", "job.started",
		"job.completed", "job.canceled", "job.deleted", "job.paid", "job.appointment.rescheduled", "invoice.created",
		"invoice.sent", "invoice.paid", "invoice.payment.succeeded", "invoice.refund.succeeded",
		"estimate.option.approval_status_changed",
	} {
		t.Run(event, func(t *testing.T) {
			w.t = t
			sample := decoded(t, data(t, "samples/webhook-"+strings.NewReplacer(".", "-", "_", "-").Replace(event)+".json"))
			for _, d := range differences("", sample, w.body(event)) {
				t.Error(d)
			}
		})
	}
	w.t = t
	if got := w.body("job.paid")["job"].(map[string]any)["id"]; got != j.ID {
		t.Errorf("job.paid is about %v, want %s", got, j.ID)
	}
}

func TestListsHaveTheShapeOfTheSamples(t *testing.T) {
	w, _, _, _ := lived(t)
	for name, path := range map[string]string{
		"list-jobs": "/jobs?expand[]=appointments&expand[]=attachments", "list-customers": "/customers",
		"list-invoices": "/invoices", "list-estimates": "/estimates?expand[]=appointments",
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			for _, d := range differences("", decoded(t, data(t, "samples/"+name+".json")), w.get(path, 200)) {
				t.Error(d)
			}
		})
	}
	w.t = t
	if d := differences("", decoded(t, data(t, "samples/error-404.json")), w.get("/jobs/job_nobody", 404)); len(d) > 0 {
		t.Error(d)
	}
}

// nulls are the fields that captures show null though the OpenAPI does not
// say nullable, as the data's README admits.
var nulls = map[string]bool{
	"notes": true, "locked_at": true, "recurrence_number": true, "recurrence_rule": true, "job_type": true,
	"business_unit": true, "message_from_pro": true, "approval_status": true, "scheduled_start": true, "scheduled_end": true,
	"paid_at": true, "sent_at": true, "due_at": true, "service_date": true, "street_line_2": true, "lead_source": true,
	"assigned_employee": true,
}

// contract is the vendor's OpenAPI with the known mismatches let through.
func contract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(data(t, "housecall-v1.openapi.json"))
	must(t, err)
	seen := map[*openapi3.Schema]bool{}
	var walk func(*openapi3.SchemaRef)
	walk = func(ref *openapi3.SchemaRef) {
		if ref == nil || ref.Value == nil || seen[ref.Value] {
			return
		}
		v := ref.Value
		seen[v] = true
		for name, p := range v.Properties {
			if nulls[name] && p.Value != nil {
				open := *p.Value
				open.Nullable = true
				p = &openapi3.SchemaRef{Value: &open}
				v.Properties[name] = p
			}
			walk(p)
		}
		walk(v.Items)
		for _, list := range []openapi3.SchemaRefs{v.AllOf, v.AnyOf, v.OneOf} {
			for _, r := range list {
				walk(r)
			}
		}
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for _, r := range op.Responses.Map() {
				for _, c := range r.Value.Content {
					walk(c.Schema)
				}
			}
		}
	}
	return doc
}

func TestAnswersObeyTheVendorsOpenAPI(t *testing.T) {
	doc := contract(t)
	w, j, i, e := lived(t)
	tag := w.CreateTag("warranty")
	lead, err := w.CreateLead(NewLead{CustomerID: j.CustomerID, Source: "Website", Employee: w.Employees()[0].ID})
	must(t, err)
	open, err := w.CreateJob(NewJob{CustomerID: j.CustomerID, Description: "Open", JobType: "Service", Tags: []string{"warranty"}})
	must(t, err)
	who := w.Employees()[0].ID
	start := `"start_time":"2026-05-06T14:00:00Z","end_time":"2026-05-06T16:00:00Z"`
	for _, c := range []struct {
		key, method, path, template, body string
		status                            int
	}{
		{"company-key", "GET", "/company", "/company", "", 200},
		{"company-key", "GET", "/customers?expand[]=do_not_service&expand[]=attachments", "/customers", "", 200},
		{"company-key", "GET", "/customers/" + j.CustomerID, "/customers/{customer_id}", "", 200},
		{"company-key", "POST", "/customers", "/customers", `{"first_name":"Ann","addresses":[{"street":"1 A St","city":"Boise"}]}`, 201},
		{"company-key", "PUT", "/customers/" + j.CustomerID, "/customers/{customer_id}", `{"company":"Whitlock LLC"}`, 200},
		{"company-key", "GET", "/employees", "/employees", "", 200},
		{"company-key", "GET", "/jobs?expand[]=appointments", "/jobs", "", 200},
		{"company-key", "GET", "/jobs/" + j.ID, "/jobs/{id}", "", 200},
		{"company-key", "GET", "/jobs/" + j.ID + "/line_items", "/jobs/{job_id}/line_items", "", 200},
		{"company-key", "GET", "/jobs/" + j.ID + "/invoices", "/jobs/{job_id}/invoices", "", 200},
		{"company-key", "GET", "/jobs/" + j.ID + "/appointments", "/jobs/{job_id}/appointments", "", 200},
		{"partner-key", "PUT", "/jobs/" + open.ID + "/schedule", "/jobs/{job_id}/schedule", `{` + start + `,"dispatched_employees":[{"employee_id":"` + who + `"}]}`, 200},
		{"partner-key", "PUT", "/jobs/" + open.ID + "/dispatch", "/jobs/{job_id}/dispatch", `{"dispatched_employees":[{"employee_id":"` + who + `"}]}`, 200},
		{"partner-key", "DELETE", "/jobs/" + open.ID + "/schedule", "/jobs/{job_id}/schedule", "", 200},
		{"company-key", "POST", "/jobs/" + open.ID + "/appointments", "/jobs/{job_id}/appointments", `{` + start + `,"dispatched_employees_ids":["` + who + `"]}`, 201},
		{"company-key", "POST", "/jobs/" + open.ID + "/notes", "/jobs/{job_id}/notes", `{"content":"Bring a ladder"}`, 201},
		{"company-key", "POST", "/jobs/" + j.ID + "/tags", "/jobs/{job_id}/tags", `{"tag_id":"` + tag.ID + `"}`, 201},
		{"company-key", "DELETE", "/jobs/" + j.ID + "/tags/" + tag.ID, "/jobs/{job_id}/tags/{tag_id}", "", 200},
		{"partner-key", "POST", "/jobs/" + j.ID + "/links", "/jobs/{job_id}/links", `{"title":"Proof","url":"https://example.com/p"}`, 201},
		{"partner-key", "POST", "/jobs/" + j.ID + "/lock", "/jobs/{job_id}/lock", "", 200},
		{"company-key", "GET", "/estimates", "/estimates", "", 200},
		{"partner-key", "GET", "/estimates/" + e.ID, "/estimates/{estimate_id}", "", 200},
		{"company-key", "GET", "/invoices", "/invoices", "", 200},
		{"company-key", "GET", "/api/invoices/" + i.ID, "/api/invoices/{uuid}", "", 200},
		{"company-key", "GET", "/leads", "/leads", "", 200},
		{"company-key", "GET", "/leads/" + lead.ID, "/leads/{id}", "", 200},
		{"company-key", "GET", "/tags", "/tags", "", 200},
		{"company-key", "POST", "/tags", "/tags", `{"name":"callback"}`, 201},
	} {
		t.Run(c.method+" "+c.template, func(t *testing.T) {
			w.t = t
			resp, got, err := w.call(c.key, c.method, c.path, c.body)
			must(t, err)
			if resp.StatusCode != c.status {
				t.Fatalf("answered %d %v, want %d", resp.StatusCode, got, c.status)
			}
			op := doc.Paths.Find(c.template).GetOperation(c.method)
			schema := op.Responses.Status(c.status).Value.Content.Get("application/json").Schema.Value
			if err := schema.VisitJSON(any(got), openapi3.MultiErrors()); err != nil {
				b, _ := json.Marshal(got)
				t.Errorf("%v\n%.2000s", err, b)
			}
			u, err := url.Parse(c.path)
			must(t, err)
			for k := range u.Query() {
				if name := strings.TrimSuffix(k, "[]"); op.Parameters.GetByInAndName("query", name) == nil {
					t.Errorf("the OpenAPI knows no parameter %s", name)
				}
			}
		})
	}
}
