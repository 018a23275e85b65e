package hubspot

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/connect"
)

// shelf answers batch reads from records by id, and 207 for what is not there.
func shelf(live, archived map[string]doc) func(http.ResponseWriter, seen) {
	return func(w http.ResponseWriter, r seen) {
		from := live
		if strings.Contains(r.Query, "archived=true") {
			from = archived
		}
		var records []doc
		var missing []string
		for _, id := range r.ids() {
			if d, ok := from[id]; ok {
				records = append(records, d)
			} else {
				missing = append(missing, id)
			}
		}
		if missing == nil {
			reply(w, 200, found(records...))
			return
		}
		answer := found(records...)
		answer["numErrors"], answer["errors"] = 1, []doc{{"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some objects", "context": doc{"ids": missing}}}
		reply(w, 207, answer)
	}
}

func TestReadByIDTellsLiveArchivedMergedAndGone(t *testing.T) {
	gone := rec("2", doc{"city": "Mesa"}) // that it is archived is said by where it was found
	tool, s := serve(t, shelf(map[string]doc{
		"1": rec("1", doc{"city": "Mesa", "zip": nil}),
		"3": rec("30", doc{"city": "Tempe", mergedIDs: "3;4"}),
	}, map[string]doc{"2": gone}))
	got, err := tool.Read(t.Context(), "contact", "id", []string{"1", "2", "3", "5", "nonsense", ""}, []string{"city", "zip"})
	if err != nil {
		t.Fatal(err)
	}
	if r := got["1"]; r.ID != "1" || r.Fields["city"] != "Mesa" || r.Fields["zip"] != "" || len(r.Fields) != 2 || r.Modified.IsZero() {
		t.Errorf("1: %+v", r)
	}
	if r := got["2"]; !r.Archived || r.Fields["city"] != "Mesa" {
		t.Errorf("2: %+v, want archived", r)
	}
	if r := got["3"]; r.ID != "3" || r.MergedTo != "30" || r.Archived {
		t.Errorf("3: %+v, want merged into 30", r)
	}
	if _, ok := got["5"]; ok || len(got) != 3 {
		t.Errorf("got %v, want nothing for 5 and for what is no id", got)
	}
	if n := len(s.calls()); n != 2 {
		t.Errorf("calls: %s, want the archived asked once", s.paths())
	}
}

func TestAMergedIDNeedsNoListOfMergedIDs(t *testing.T) {
	tool, _ := serve(t, shelf(map[string]doc{"3": rec("30", doc{})}, nil))
	got, err := tool.Read(t.Context(), "deal", "id", []string{"3"}, nil)
	if err != nil || got["3"].MergedTo != "30" {
		t.Errorf("Read = %+v, %v", got, err)
	}
}

func TestReadByEmailKnowsFurtherAddressesAndCase(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		reply(w, 200, found(rec("1", doc{"email": "kim@example.com", "hs_additional_emails": "k@example.com;old@example.com"}), rec("2", doc{"email": "lee@example.com"})))
	})
	got, err := tool.Read(t.Context(), "contact", "email", []string{"Old@Example.com", "LEE@example.com", "nobody@example.com"}, []string{"firstname"})
	if err != nil {
		t.Fatal(err)
	}
	if got["Old@Example.com"].ID != "1" || got["LEE@example.com"].ID != "2" || len(got) != 2 {
		t.Errorf("got %+v", got)
	}
	if c := s.calls(); len(c) != 1 || c[0].Body.IDProperty != "email" {
		t.Errorf("calls %+v", c)
	}
}

func TestManyAreReadByHundreds(t *testing.T) {
	live := map[string]doc{}
	var ids []string
	for i := 1; i <= 250; i++ {
		id := fmt.Sprint(i)
		ids, live[id] = append(ids, id), rec(id, doc{})
	}
	tool, s := serve(t, shelf(live, nil))
	got, err := tool.Read(t.Context(), "deal", "id", ids, nil)
	if err != nil || len(got) != 250 || len(s.calls()) != 3 {
		t.Errorf("%d records in %d calls, %v", len(got), len(s.calls()), err)
	}
}

func TestAReadThatFailsIsWorthAnotherTry(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter, seen){
		"hubspot is down":      func(w http.ResponseWriter, _ seen) { reply(w, 502, "") },
		"the connection broke": func(http.ResponseWriter, seen) { panic(http.ErrAbortHandler) },
		"half of it failed": func(w http.ResponseWriter, _ seen) {
			reply(w, 207, doc{"results": []doc{}, "errors": []doc{{"category": "INTERNAL_ERROR", "message": "x"}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			tool, _ := serve(t, answer)
			got, err := tool.Read(t.Context(), "contact", "id", []string{"1"}, nil)
			if e := connect.AsError(err); e == nil || e.Class != connect.Retry || got != nil {
				t.Errorf("Read = %v, %v, want a retry", got, err)
			}
		})
	}
}

func TestFindByKeyReadsAndDoesNotSearch(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		reply(w, 200, found(rec("9", doc{KeyProperty: "k", "dealname": "AC"})))
	})
	r, ok, err := tool.Find(t.Context(), "deal", connect.Change{Key: "k", Fields: map[string]string{"dealname": "AC"}})
	if err != nil || !ok || r.ID != "9" || r.Fields["dealname"] != "AC" {
		t.Errorf("Find = %+v %v %v", r, ok, err)
	}
	if c := s.calls(); len(c) != 1 || c[0].Body.IDProperty != KeyProperty || !strings.HasSuffix(c[0].Path, "/deals/batch/read") {
		t.Errorf("calls %s", s.paths())
	}
}

func TestFindANoteByTheLastLineUnderItsDeal(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		switch {
		case strings.HasSuffix(r.Path, "/associations/2026-09/deals/notes/batch/read") && !strings.Contains(r.Text, `"after"`):
			reply(w, 200, `{"status":"COMPLETE","results":[{"from":{"id":"7"},"to":[{"toObjectId":21,"associationTypes":[]}],"paging":{"next":{"after":"p2"}}}]}`)
		case strings.HasSuffix(r.Path, "/associations/2026-09/deals/notes/batch/read"):
			reply(w, 200, `{"status":"COMPLETE","results":[{"from":{"id":"7"},"to":[{"toObjectId":"22","associationTypes":[]}]}]}`)
		default:
			reply(w, 200, found(rec("21", doc{"hs_note_body": "<p>Replaced fan</p><p>visit-1 and more</p>"}), rec("22", doc{"hs_note_body": "<p>see visit-2</p><p>Replaced coil<br/>Plumbline visit-1</p>\n"})))
		}
	})
	c := connect.Change{Key: "visit-1", Fields: map[string]string{"hs_note_body": "x"}, Links: []connect.Association{{ToType: "deal", ToID: "7"}}}
	r, ok, err := tool.Find(t.Context(), "note", c)
	if err != nil || !ok || r.ID != "22" {
		t.Errorf("Find = %+v %v %v, want 22", r, ok, err)
	}
	c.Key = "visit-2"
	if _, ok, err := tool.Find(t.Context(), "note", c); ok || err != nil {
		t.Errorf("a key that is not on the last line was found, %v", err)
	}
	if got := s.calls()[2].ids(); fmt.Sprint(got) != "[22 21]" {
		t.Errorf("read %v, want the newest first", got)
	}
	c.Links = nil
	if _, _, err := tool.Find(t.Context(), "note", c); err == nil {
		t.Error("a note without links cannot be looked for, and no error says so")
	}
}

func TestNoAssociationsMeansNotFoundAndAFailureDoesNot(t *testing.T) {
	c := connect.Change{Key: "k", Links: []connect.Association{{ToType: "contact", ToID: "7"}}}
	tool, _ := serve(t, func(w http.ResponseWriter, r seen) {
		reply(w, 207, `{"status":"COMPLETE","results":[],"numErrors":1,"errors":[{"status":"error","category":"OBJECT_NOT_FOUND","message":"No note is associated with contact 7.","context":{"fromObjectId":["7"]}}]}`)
	})
	if _, ok, err := tool.Find(t.Context(), "task", c); ok || err != nil {
		t.Errorf("Find = %v %v, want not found", ok, err)
	}
	tool, _ = serve(t, func(w http.ResponseWriter, r seen) {
		reply(w, 207, `{"status":"COMPLETE","results":[],"numErrors":1,"errors":[{"status":"error","category":"INTERNAL_ERROR","message":"x"}]}`)
	})
	if _, _, err := tool.Find(t.Context(), "task", c); err == nil {
		t.Error("a failed look reads as not found: the note would be made twice")
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		typ, a, b string
		want      bool
	}{
		{"number", "10", "10.0", true}, {"number", "-0.50", "-.5", false}, {"number", "-0.50", "-0.5", true}, {"number", "10", "10.01", false},
		{"number", "1e3", "1000", false}, {"number", "1e999999999", "1e999999998", false}, {"number", "", "0", false},
		{"date", "2026-11-20", "1795132800000", true}, {"date", "2026-11-20", "2026-11-20T00:00:00Z", true}, {"date", "2026-11-20", "2026-11-21", false},
		{"datetime", "2026-11-20T17:09:13.648Z", "1795194553648", true}, {"datetime", "2026-11-20T17:09:13Z", "2026-11-20T10:09:13-07:00", true},
		{"datetime", "2026-11-20T17:09:13Z", "2026-11-20T17:09:14Z", false}, {"datetime", "x", "y", false},
		{"bool", "TRUE", "true", true}, {"bool", "", "false", false},
		{"enums", "a;b", "b;a", true}, {"enums", ";a;b", "a;b", true}, {"enums", "a", "a;b", false}, {"enums", ";", "", true},
		{"enum", "A", "a", false}, {"string", "10", "10.0", false}, {"text", "a", "a", true},
	} {
		if got := Equal(c.typ, c.a, c.b); got != c.want {
			t.Errorf("Equal(%s, %q, %q) = %v", c.typ, c.a, c.b, got)
		}
		if got := Equal(c.typ, c.b, c.a); got != c.want {
			t.Errorf("Equal(%s, %q, %q) = %v", c.typ, c.b, c.a, got)
		}
	}
}
