package hubspot

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/connect"
)

// settings is an account's properties, pipelines and labels, which keep what is created.
type settings struct {
	properties map[string][]doc
	groups     map[string][]doc
	pipelines  []doc
	labels     []doc
	refuse     string // path that is refused
	posts      []string
}

func (s *settings) serve(w http.ResponseWriter, r seen) {
	var in doc
	if r.Method == http.MethodPost {
		_ = json.Unmarshal([]byte(r.Text), &in)
		s.posts = append(s.posts, r.Path+" "+fmt.Sprint(in["name"], in["label"]))
		if s.refuse != "" && strings.HasSuffix(r.Path, s.refuse) {
			reply(w, 403, `{"status":"error","message":"limit","category":"FORBIDDEN"}`)
			return
		}
	}
	typ := strings.Split(strings.TrimPrefix(r.Path, propertiesPath), "/")[0]
	switch {
	case strings.HasPrefix(r.Path, propertiesPath) && strings.HasSuffix(r.Path, "/groups"):
		s.groups[typ] = keep(w, s.groups[typ], in, "x")
	case strings.HasPrefix(r.Path, propertiesPath):
		s.properties[typ] = keep(w, s.properties[typ], in, "x")
	case strings.HasSuffix(r.Path, "/stages"):
		s.pipelines[0]["stages"] = append(s.pipelines[0]["stages"].([]any), in)
		reply(w, 201, in)
	case strings.HasPrefix(r.Path, pipelinesPath):
		if list, ok := in["stages"].([]any); ok {
			for i, one := range list {
				one.(map[string]any)["id"] = fmt.Sprint(1000 + i)
			}
		}
		s.pipelines = keep(w, s.pipelines, in, fmt.Sprint(100+len(s.pipelines)))
	default:
		if in != nil {
			in["category"], in["typeId"] = "USER_DEFINED", 70+len(s.labels)
		}
		s.labels = keep(w, s.labels, in, "x")
	}
}

func keep(w http.ResponseWriter, have []doc, in doc, id string) []doc {
	if in == nil {
		reply(w, 200, doc{"results": have})
		return have
	}
	in["id"] = id
	reply(w, 201, in)
	return append(have, in)
}

func newSettings() *settings {
	return &settings{properties: map[string][]doc{}, groups: map[string][]doc{}, pipelines: []doc{{"id": "default", "label": "Sales Pipeline", "stages": []any{}}}}
}

var wanted = []connect.FieldSpec{
	{Type: "contact", Name: KeyProperty, Label: "Key", Value: "string", Unique: true},
	{Type: "contact", Name: "plumbline_eta", Label: "ETA", Value: "datetime"},
	{Type: "contact", Name: "plumbline_account_status", Label: "Account", Value: "enum", Options: []string{"none", "past_due"}},
	{Type: "contact", Name: "firstname", Value: "string"},
	{Type: "deal", Name: "plumbline_line_items", Label: "Lines", Value: "text"},
	{Type: "deal", Name: "plumbline_callback", Value: "bool"},
}

func TestProvisionCreatesWhatIsMissingOnce(t *testing.T) {
	account := newSettings()
	account.properties["contacts"] = []doc{{"name": "firstname", "type": "string", "fieldType": "text"}}
	tool, _ := serve(t, account.serve)

	dry, err := tool.Provision(t.Context(), wanted, true)
	if err != nil || len(account.posts) != 0 {
		t.Fatalf("dry: %v, sent %v", err, account.posts)
	}
	did, err := tool.Provision(t.Context(), wanted, false)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.ReplaceAll(strings.Join(dry, "\n"), "would create", "created"); got != strings.Join(did, "\n") {
		t.Errorf("dry\n%s\nand then\n%s", got, strings.Join(did, "\n"))
	}
	want := `created group plumbline of contacts
created property contact plumbline_key
created property contact plumbline_eta
created property contact plumbline_account_status
created group plumbline of companies
created property company plumbline_key
created group plumbline of deals
created property deal plumbline_line_items
created property deal plumbline_callback
created property deal plumbline_key
created deal pipeline Jobs
created association label Booker
created association label Site contact
created association label Payer`
	if strings.Join(did, "\n") != want {
		t.Errorf("did\n%s", strings.Join(did, "\n"))
	}
	key := account.properties["contacts"][1]
	if key["hasUniqueValue"] != true || key["groupName"] != "plumbline" || key["type"] != "string" || key["fieldType"] != "text" {
		t.Errorf("key %v", key)
	}
	if stages := account.pipelines[1]["stages"].([]any); len(stages) != 8 || stages[5].(map[string]any)["label"] != "Closed no charge" || stages[5].(map[string]any)["metadata"].(map[string]any)["probability"] != "1.0" {
		t.Errorf("stages %v", account.pipelines[1]["stages"])
	}
	n := len(account.posts)
	if again, err := tool.Provision(t.Context(), wanted, false); err != nil || len(again) != 0 || len(account.posts) != n {
		t.Errorf("again: %v %v", again, err)
	}
}

func TestWhatStandsInTheWayIsReportedAndLeftAlone(t *testing.T) {
	account := newSettings()
	account.properties["contacts"] = []doc{
		{"name": KeyProperty, "type": "string", "fieldType": "text"}, {"name": "plumbline_eta", "type": "string", "fieldType": "text"},
		{"name": "plumbline_account_status", "type": "enumeration", "fieldType": "select", "options": []doc{{"value": "none"}}},
	}
	account.pipelines = []doc{{"id": "9", "label": "Jobs", "stages": []any{doc{"id": "1", "label": "Booked"}, doc{"id": "2", "label": "Dispatched"}, doc{"id": "3", "label": "Completed"},
		doc{"id": "4", "label": "Invoiced"}, doc{"id": "5", "label": "Paid"}, doc{"id": "6", "label": "No sale"}, doc{"id": "7", "label": "canceled"}}}}
	tool, _ := serve(t, account.serve)
	lines, err := tool.Provision(t.Context(), wanted[:3], false)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(lines, "\n")
	for _, want := range []string{"plumbline_key does not require unique values", "plumbline_eta is of type string and must be datetime", "lacks the options past_due", "created stage Closed no charge of Jobs"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not said:\n%s", want, all)
		}
	}
	for _, p := range account.posts {
		if strings.Contains(p, "/contacts") && !strings.Contains(p, "/labels") {
			t.Errorf("sent %s", p)
		}
	}
}

func TestASecondPipelineThatIsRefusedLeadsToTickets(t *testing.T) {
	account := newSettings()
	account.refuse = "/pipelines/2026-09/deals"
	tool, _ := serve(t, account.serve)
	lines, err := tool.Provision(t.Context(), nil, false)
	all := strings.Join(lines, "\n")
	if err != nil || !strings.Contains(all, "as: ticket") || !strings.Contains(all, "created association label Payer") {
		t.Errorf("%v\n%s", err, all)
	}
	if len(account.pipelines) != 1 || len(account.pipelines[0]["stages"].([]any)) != 0 {
		t.Errorf("the sales pipeline was touched: %v", account.pipelines)
	}
}

func TestAPipelineOfOthersIsLeftAlone(t *testing.T) {
	for name, theirs := range map[string]doc{
		"the account's own by our name":     {"id": "default", "label": "Jobs", "stages": []any{doc{"id": "1", "label": "Booked"}}},
		"one with nothing of ours but name": {"id": "9", "label": "Jobs", "stages": []any{doc{"id": "1", "label": "Applied"}}},
	} {
		account := newSettings()
		account.pipelines = []doc{theirs}
		tool, _ := serve(t, account.serve)
		lines, err := tool.Provision(t.Context(), nil, false)
		if err != nil || !strings.Contains(strings.Join(lines, "\n"), "left alone") || len(account.pipelines) != 1 || len(theirs["stages"].([]any)) != 1 {
			t.Errorf("%s: %v %v", name, lines, err)
		}
	}
}

func TestTicketsArePutInOpenAndClosedStages(t *testing.T) {
	account := newSettings()
	tool, _ := serve(t, account.serve)
	if err := tool.KeepJobsAs("lead"); err == nil || !strings.Contains(err.Error(), `"lead"`) {
		t.Errorf("jobs may be kept as leads: %v", err)
	}
	if err := tool.KeepJobsAs("ticket"); err != nil {
		t.Fatal(err)
	}
	if _, err := tool.Provision(t.Context(), nil, false); err != nil {
		t.Fatal(err)
	}
	state := ""
	for _, s := range account.pipelines[1]["stages"].([]any) {
		state += s.(map[string]any)["metadata"].(map[string]any)["ticketState"].(string)[:1]
	}
	if state != "OOOOCCCC" {
		t.Errorf("states %s", state)
	}
}

func TestProvisioningEndsWhenNoMoreCallsMayBeMade(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) { reply(w, 429, `{"policyName":"DAILY"}`) })
	_, err := tool.Provision(t.Context(), wanted, false)
	if e := connect.AsError(err); e == nil || e.Class != connect.Wait || len(s.calls()) != 1 {
		t.Errorf("%v after %d calls", err, len(s.calls()))
	}
}
