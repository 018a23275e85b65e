package hubspot

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// crm is a small account: records by id, with what they were modified and archived.
type crm struct {
	modified map[int]time.Time
	archived map[int]time.Time
	lastHits int
}

func (c *crm) serve(w http.ResponseWriter, r seen) {
	query, _ := url.ParseQuery(r.Query)
	switch {
	case strings.HasSuffix(r.Path, "/search"):
		var since time.Time
		last := 0
		for _, f := range r.Body.FilterGroups[0].Filters {
			switch {
			case f.PropertyName == "lastmodifieddate" && f.Operator == "GTE":
				since = instant(f.Value)
			case f.PropertyName == "hs_object_id" && f.Operator == "GT":
				last, _ = strconv.Atoi(f.Value)
			}
		}
		var out []doc
		c.lastHits = 0
		for id := last + 1; id <= 1000; id++ {
			if at, ok := c.modified[id]; ok && !at.Before(since) {
				if c.lastHits++; len(out) < 100 {
					out = append(out, rec(fmt.Sprint(id), doc{}))
				}
			}
		}
		answer := doc{"total": c.lastHits, "results": out}
		if c.lastHits > len(out) {
			answer["paging"] = doc{"next": doc{"after": "100"}}
		}
		reply(w, 200, answer)
	case strings.HasSuffix(r.Path, "/batch/read"):
		live := map[string]doc{}
		for id, at := range c.modified {
			d := rec(fmt.Sprint(id), doc{"firstname": "Kim"})
			d["updatedAt"] = at.Format(time.RFC3339Nano)
			live[fmt.Sprint(id)] = d
		}
		shelf(live, nil)(w, r)
	case query.Get("archived") == "true":
		c.page(w, query, c.archived)
	default:
		c.page(w, query, c.modified)
	}
}

func (c *crm) page(w http.ResponseWriter, query url.Values, from map[int]time.Time) {
	after, _ := strconv.Atoi(query.Get("after"))
	var out []doc
	answer := doc{}
	for id := after + 1; id <= 2000; id++ {
		at, ok := from[id]
		if !ok {
			continue
		}
		if len(out) == 100 {
			answer["paging"] = doc{"next": doc{"after": fmt.Sprint(id - 1)}}
			break
		}
		d := rec(fmt.Sprint(id), doc{})
		if query.Get("archived") == "true" {
			d["archived"], d["archivedAt"] = true, at.Format(time.RFC3339Nano)
		}
		out = append(out, d)
	}
	answer["results"] = out
	reply(w, 200, answer)
}

// drain pulls until there is no more.
func drain(t *testing.T, tool *Tool, stream, cursor string) (ids map[string]int, next string, through time.Time) {
	t.Helper()
	ids = map[string]int{}
	for range 50 {
		p, err := tool.Pull(t.Context(), stream, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range p.Answers {
			ids[a.Object]++
		}
		if cursor = p.Next; !p.More {
			return ids, cursor, p.Through
		}
		if !p.Through.IsZero() {
			t.Error("a page that is not the last claims to have seen everything")
		}
	}
	t.Fatal("the pull does not end")
	return nil, "", time.Time{}
}

func TestTheFirstPullListsEverythingAndLaterOnesWhatChanged(t *testing.T) {
	c := &crm{modified: map[int]time.Time{}, archived: map[int]time.Time{}}
	for id := 1; id <= 250; id++ {
		c.modified[id] = noon.Add(-48 * time.Hour)
	}
	tool, s := serve(t, c.serve)
	now := noon
	tool.now = func() time.Time { return now }

	ids, next, through := drain(t, tool, "contacts", "")
	if len(ids) != 250 || !through.Equal(noon.Add(-settles)) {
		t.Fatalf("first pull: %d records through %v", len(ids), through)
	}
	if strings.Contains(s.paths(), "/search") {
		t.Error("the first pull searches")
	}

	for id := 3; id <= 203; id++ {
		c.modified[id] = noon.Add(-time.Minute) // while the list was read: the index lags
	}
	c.archived[900], c.archived[901] = noon.Add(30*time.Second), noon.Add(-72*time.Hour)
	now = noon.Add(10 * time.Minute)
	ids, next, through = drain(t, tool, "contacts", next)
	if len(ids) != 201 || ids["3"] != 1 || ids["203"] != 1 {
		t.Errorf("second pull: %d records, %v", len(ids), ids)
	}
	if !through.Equal(now.Add(-settles)) {
		t.Errorf("through %v, want %v", through, now.Add(-settles))
	}

	now = noon.Add(archivedEvery)
	if ids, next, _ = drain(t, tool, "contacts", next); len(ids) != 1 || ids["900"] != 1 {
		t.Errorf("third pull: %v, want what was archived since the first", ids)
	}
	lists := strings.Count(s.paths(), "GET ")
	now = now.Add(archivedEvery / 2)
	if ids, _, _ = drain(t, tool, "contacts", next); len(ids) != 0 {
		t.Errorf("fourth pull: %v, want nothing", ids)
	}
	if again := strings.Count(s.paths(), "GET "); lists != 4 || again != lists {
		t.Errorf("three pages listed, and %d and then %d walks through the archived, want 1 and no more", lists-3, again-lists)
	}
}

func TestTheWalkThroughManyArchivedGoesOnAtTheNextPoll(t *testing.T) {
	c := &crm{modified: map[int]time.Time{}, archived: map[int]time.Time{}}
	tool, _ := serve(t, c.serve)
	now := noon
	tool.now = func() time.Time { return now }
	_, next, _ := drain(t, tool, "contacts", "")

	for id := 1; id <= 1200; id++ {
		c.archived[id] = noon.Add(-time.Hour * 72)
	}
	c.archived[1150] = noon.Add(time.Minute)
	var polls int
	now = now.Add(archivedEvery)
	for polls = 1; polls < 10; polls++ {
		now = now.Add(time.Minute)
		var ids map[string]int
		if ids, next, _ = drain(t, tool, "contacts", next); ids["1150"] > 0 {
			break
		}
	}
	if polls != 3 {
		t.Errorf("the archived record was told at poll %d, want 3", polls)
	}
	again := 0
	for range 12 { // four rounds
		now = now.Add(archivedEvery)
		var ids map[string]int
		ids, next, _ = drain(t, tool, "contacts", next)
		again += len(ids)
	}
	if again > 1 { // once more, by the overlap of the rounds
		t.Errorf("told again %d times", again)
	}
}

func TestPullRefusesWhatItDoesNotKnow(t *testing.T) {
	tool, _ := serve(t, func(http.ResponseWriter, seen) { t.Error("asked") })
	for _, c := range [][2]string{{"companies", ""}, {"tickets", ""}, {"contacts", "{"}, {"contacts", `{"phase":"x","start":1}`}} {
		if _, err := tool.Pull(t.Context(), c[0], c[1]); err == nil || connect.AsError(err).Class != connect.Human {
			t.Errorf("Pull(%v) = %v", c, err)
		}
	}
}

func TestFetchAnswersEachIDAndNamesWhatWasMerged(t *testing.T) {
	gone := rec("2", doc{})
	tool, s := serve(t, shelf(map[string]doc{
		"1": rec("1", doc{"firstname": "Kim"}),
		"3": rec("30", doc{mergedIDs: "3;4"}),
	}, map[string]doc{"2": gone}))
	tool.Watch("contact", []string{"plumbline_eta"})
	got, err := tool.Fetch(t.Context(), plumbline.Customer, []string{"1", "2", "3", "5", "x"})
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, a := range got {
		o, err := tool.Observed(plumbline.Delivery{Event: "read", Body: a.Body})
		if err != nil {
			t.Fatal(err)
		}
		if f, asked := o.Fields["city"]; a.Object == "1" && (!asked || f.Value != "") {
			t.Errorf("city is %+v, %v: asked for and not answered means empty", f, asked)
		}
		text += fmt.Sprintf("%s gone=%v archived=%v merged=%s\n", a.Object, a.Gone, o.Archived, o.MergedTo)
	}
	want := "1 gone=false archived=false merged=\n2 gone=false archived=true merged=\n3 gone=false archived=false merged=30\n5 gone=true archived=true merged=\nx gone=true archived=true merged=\n30 gone=false archived=false merged=\n4 gone=false archived=false merged=30\n"
	if text != want {
		t.Errorf("answers\n%swant\n%s", text, want)
	}
	b := s.calls()[0].Body
	if !strings.Contains(strings.Join(b.History, " "), "plumbline_eta") || !strings.Contains(strings.Join(b.Properties, " "), "lifecyclestage") {
		t.Errorf("asked %v with history of %v", b.Properties, b.History)
	}
	if _, err := tool.Fetch(t.Context(), plumbline.Invoice, []string{"1"}); err == nil || connect.AsError(err).Class != connect.Human {
		t.Errorf("an invoice: %v", err)
	}
	var raw map[string]any
	if err := json.Unmarshal(got[0].Body, &raw); err != nil || raw["portal"] != "62515" {
		t.Errorf("body %s", got[0].Body)
	}
}

func TestEqualAnswersGiveEqualBytes(t *testing.T) {
	tool, _ := serve(t, shelf(map[string]doc{"1": rec("1", doc{"zip": "85201", "city": "Mesa", "firstname": nil})}, nil))
	var last []connect.Answer
	for range 5 {
		got, err := tool.Fetch(t.Context(), plumbline.Customer, []string{"1"})
		if err != nil {
			t.Fatal(err)
		}
		if last != nil && string(got[0].Body) != string(last[0].Body) {
			t.Fatalf("%s\nand then\n%s", last[0].Body, got[0].Body)
		}
		last = got
	}
}
