package shop

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/sandbox/hubspot"
)

func TestSomebodyEditsWhatAnotherAppWrote(t *testing.T) {
	w := open(t, 1, 2, 2, 20)
	w.net.Handle("api.hubapi.com", w.hub)
	w.post("/crm/properties/2026-09/contacts/groups", `{"name":"app","label":"App"}`)
	w.post("/crm/properties/2026-09/contacts", `{"name":"app_balance","label":"Balance","groupName":"app","type":"number","fieldType":"number"}`)
	contacts := w.hub.Objects("contacts")
	for _, o := range contacts[:3] {
		if err := w.hub.Edit("contacts", o.ID, map[string]string{"app_balance": "50"}, hubspot.Integration(7)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.drift(); err != nil {
		t.Fatal(err)
	}
	acts := w.Story().CRM
	if len(acts) != 1 || acts[0].Kind != CRMDrift || acts[0].Property != "app_balance" || acts[0].Value != "150" {
		t.Fatalf("acts are %+v, want one drift of the balance to 150", acts)
	}
	for _, o := range w.hub.Objects("contacts") {
		if o.ID == acts[0].Contact && (o.Properties["app_balance"] != "150" || o.History["app_balance"][0].By.SourceType != "CRM_UI") {
			t.Errorf("the balance is %s by %+v", o.Properties["app_balance"], o.History["app_balance"][0].By)
		}
	}
}

func (w *world) post(path, body string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "https://api.hubapi.com"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer pat-na1-sandbox")
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.net.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		w.t.Fatalf("%s answered %d", path, resp.StatusCode)
	}
}

func TestTheCRMIsAsItsPeopleLeftIt(t *testing.T) {
	for seed := range uint64(4) {
		w := open(t, seed, 4, 5, 40).run()
		at := map[string]hubspot.Object{}
		for _, o := range w.hub.Objects("contacts") {
			at[o.ID] = o
			for _, old := range o.MergedIDs {
				at[old] = o
			}
		}
		last := map[string]CRMAct{}
		for _, a := range w.Story().CRM {
			o, there := at[a.Contact]
			switch {
			case !there:
				t.Errorf("seed %d: %s of contact %s, which is not there", seed, a.Kind, a.Contact)
			case a.Kind == CRMDelete && !o.Archived:
				t.Errorf("seed %d: contact %s was deleted and is there", seed, a.Contact)
			case a.Kind == CRMMerge && o.ID != at[a.Other].ID:
				t.Errorf("seed %d: contacts %s and %s were merged and are two", seed, a.Contact, a.Other)
			case a.Kind == CRMEdit:
				last[o.ID+a.Property] = a
			}
		}
		for _, a := range last {
			if o := at[a.Contact]; !strings.EqualFold(o.Properties[a.Property], a.Value) && o.ID == a.Contact {
				t.Errorf("seed %d: %s of contact %s is %q, want %q", seed, a.Property, a.Contact, o.Properties[a.Property], a.Value)
			}
		}
		for _, id := range w.Story().Leads {
			if slices.ContainsFunc(w.Story().People, func(p *Person) bool { return slices.Contains(p.Contacts, id) && len(p.Customers) > 0 }) {
				t.Errorf("seed %d: lead %s is a customer", seed, id)
			}
		}
	}
}
