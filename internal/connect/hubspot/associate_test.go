package hubspot

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"plumbline.dev/plumbline/internal/connect"
)

const labels = `{"results":[{"category":"USER_DEFINED","typeId":71,"label":"Booker"},{"category":"USER_DEFINED","typeId":73,"label":"Payer"},{"category":"HUBSPOT_DEFINED","typeId":3,"label":null}]}`

func link(ref, from, to, role string) connect.Association {
	return connect.Association{Ref: ref, FromType: "deal", FromID: from, ToType: "contact", ToID: to, Role: role}
}

func TestLabelsOfOthersSurviveOurs(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		switch {
		case strings.HasSuffix(r.Path, "/labels"):
			reply(w, 200, labels)
		case strings.HasSuffix(r.Path, "/batch/read"):
			reply(w, 200, `{"status":"COMPLETE","results":[{"from":{"id":"7"},"to":[{"toObjectId":501,"associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":3,"label":null},{"category":"USER_DEFINED","typeId":40,"label":"Friend"}]},{"toObjectId":502,"associationTypes":[{"category":"USER_DEFINED","typeId":41,"label":"Foe"}]}]}]}`)
		default:
			reply(w, 201, `{"status":"COMPLETE","results":[]}`)
		}
	})
	out, err := tool.Associate(t.Context(), []connect.Association{link("a", "7", "501", "booker"), link("b", "7", "501", "payer"), link("c", "7", "503", ""), {Ref: "d", FromType: "note", FromID: "1", ToType: "deal", ToID: "7"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, ref := range []string{"a", "b", "c", "d"} {
		if out[i].Ref != ref || out[i].Err != nil {
			t.Errorf("outcome %d: %+v", i, out[i])
		}
	}
	want := `GET /crm/associations/2026-09/deals/contacts/labels
POST /crm/associations/2026-09/deals/contacts/batch/associate/default
POST /crm/associations/2026-09/deals/contacts/batch/read
POST /crm/associations/2026-09/deals/contacts/batch/create
POST /crm/associations/2026-09/notes/deals/batch/associate/default`
	if s.paths() != want {
		t.Fatalf("calls\n%s\nwant\n%s", s.paths(), want)
	}
	in := s.calls()[3].Body.Inputs
	if len(in) != 1 || fmt.Sprint(in[0].Types) != "[{HUBSPOT_DEFINED 3} {USER_DEFINED 71} {USER_DEFINED 73} {USER_DEFINED 40}]" {
		t.Errorf("sent %+v", in)
	}
}

func TestAnAccountThatMayNotHaveLabelsGetsPlainAssociations(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		if strings.HasSuffix(r.Path, "/labels") {
			reply(w, 403, `{"category":"MISSING_SCOPES"}`)
			return
		}
		reply(w, 200, `{"status":"COMPLETE","results":[]}`)
	})
	out, err := tool.Associate(t.Context(), []connect.Association{link("a", "7", "501", "booker")})
	if err != nil || out[0].Err != nil || !strings.HasSuffix(s.paths(), "/batch/associate/default") {
		t.Errorf("%+v %v\n%s", out, err, s.paths())
	}
}

func TestARefusedAssociationDoesNotHinderTheOthers(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"as a whole": func(w http.ResponseWriter) {
			reply(w, 400, `{"category":"VALIDATION_ERROR","message":"One or more associations are not valid"}`)
		},
		"in part": func(w http.ResponseWriter) {
			reply(w, 207, `{"status":"COMPLETE","results":[],"numErrors":1,"errors":[{"status":"error","category":"OBJECT_NOT_FOUND","message":"x"}]}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			tool, _ := serve(t, func(w http.ResponseWriter, r seen) {
				for _, in := range r.Body.Inputs {
					if in.To.ID == "13" {
						answer(w)
						return
					}
				}
				reply(w, 200, `{"status":"COMPLETE","results":[]}`)
			})
			var links []connect.Association
			for i := 10; i < 20; i++ {
				links = append(links, link(fmt.Sprint(i), "7", fmt.Sprint(i), ""))
			}
			out, err := tool.Associate(t.Context(), links)
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range out {
				if (o.Err != nil) != (i == 3) || o.Err != nil && o.Err.Class != connect.Human {
					t.Errorf("%s: %v", o.Ref, o.Err)
				}
			}
		})
	}
}

func TestAnAssociationThatCannotBeIsSaid(t *testing.T) {
	tool, s := serve(t, func(http.ResponseWriter, seen) {})
	out, err := tool.Associate(t.Context(), []connect.Association{{FromType: "note", FromID: "1", ToType: "task", ToID: "2"}})
	if err != nil || out[0].Err == nil || out[0].Err.Class != connect.Human || len(s.calls()) != 0 {
		t.Errorf("%+v %v", out, err)
	}
}

func TestAssociatingStopsWhenNoMoreCallsMayBeMade(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) { reply(w, 429, `{"policyName":"TEN_SECONDLY_ROLLING"}`) })
	two := []connect.Association{link("a", "7", "501", ""), {Ref: "b", FromType: "note", FromID: "1", ToType: "deal", ToID: "7"}}
	out, err := tool.Associate(t.Context(), two)
	if err != nil || out[0].Err.Class != connect.Wait || out[1].Err.Code != "not_sent" || len(s.calls()) != 1 {
		t.Errorf("%+v %v after %d calls", out, err, len(s.calls()))
	}
	if _, err := tool.Associate(t.Context(), two[:1]); err == nil || connect.AsError(err).Class != connect.Wait {
		t.Errorf("the whole call: %v", err)
	}
}

func TestWhatIsOffIsTakenAwayAndWhatOthersMadeStays(t *testing.T) {
	tool, s := serve(t, func(w http.ResponseWriter, r seen) {
		switch {
		case strings.HasSuffix(r.Path, "/labels"):
			reply(w, 200, labels)
		case strings.HasSuffix(r.Path, "/batch/read"):
			reply(w, 207, `{"status":"COMPLETE","results":[{"from":{"id":"7"},"to":[
				{"toObjectId":501,"associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":3},{"category":"USER_DEFINED","typeId":71},{"category":"USER_DEFINED","typeId":73}]},
				{"toObjectId":502,"associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":3},{"category":"USER_DEFINED","typeId":71},{"category":"USER_DEFINED","typeId":41}]},
				{"toObjectId":503,"associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":3},{"category":"USER_DEFINED","typeId":71}]}]}],
				"numErrors":1,"errors":[{"status":"error","category":"OBJECT_NOT_FOUND","subCategory":"crm.associations.NO_ASSOCIATIONS_FOUND","message":"No contact is associated with deal 8."}]}`)
		default:
			reply(w, 200, `{"status":"COMPLETE","results":[]}`)
		}
	})
	off := func(ref, from, to, role string) connect.Association {
		l := link(ref, from, to, role)
		l.Off = true
		return l
	}
	out, err := tool.Associate(t.Context(), []connect.Association{link("on", "7", "504", ""),
		off("one role of two", "7", "501", "booker"),
		off("a friend's", "7", "502", "booker"), off("a friend's", "7", "502", ""),
		off("all", "7", "503", "booker"), off("all", "7", "503", ""),
		off("not there", "8", "501", "payer"), off("not there", "8", "501", "")})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range out {
		if o.Err != nil {
			t.Errorf("%s: %v", o.Ref, o.Err)
		}
	}
	want := `GET /crm/associations/2026-09/deals/contacts/labels
POST /crm/associations/2026-09/deals/contacts/batch/read
POST /crm/associations/2026-09/deals/contacts/batch/labels/archive
POST /crm/associations/2026-09/deals/contacts/batch/associate/default`
	if s.paths() != want {
		t.Fatalf("calls\n%s\nwant\n%s", s.paths(), want)
	}
	gone := map[string]string{}
	for _, in := range s.calls()[2].Body.Inputs {
		gone[in.To.ID] = fmt.Sprint(in.Types)
	}
	if len(gone) != 3 || gone["501"] != "[{USER_DEFINED 71}]" || gone["502"] != "[{USER_DEFINED 71}]" || gone["503"] != "[{HUBSPOT_DEFINED 3} {USER_DEFINED 71}]" {
		t.Errorf("taken away: %v", gone)
	}
}

// A page of somebody in between is no word of HubSpot that it was done.
func TestAnAnswerThatIsNoneAssociatesNothing(t *testing.T) {
	tool, _ := serve(t, func(w http.ResponseWriter, _ seen) { reply(w, 200, "<html>please wait</html>") })
	out, err := tool.Associate(t.Context(), []connect.Association{{Ref: "a", FromType: "note", FromID: "1", ToType: "deal", ToID: "7"}})
	if e := connect.AsError(err); len(out) != 0 || e == nil || e.Class != connect.Retry {
		t.Errorf("answered with a page, associating gave %+v and %v, want to be tried again", out, err)
	}
}
