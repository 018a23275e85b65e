package jobber

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestRangesIncludeBothEnds(t *testing.T) {
	w := newWorld(t, nil)
	var clients []Client
	for range 3 {
		clients = append(clients, w.dana())
		w.tick()
	}
	from, to := clients[0].Updated.Format(time.RFC3339), clients[1].Updated.Format(time.RFC3339)
	q := `{ clients(filter: {updatedAt: {%s}}, sort: {key: UPDATED_AT, direction: ASCENDING}) { nodes { id } } }`
	for _, c := range []struct {
		span string
		want []string
	}{
		{fmt.Sprintf(`after: %q, before: %q`, from, to), []string{clients[0].ID, clients[1].ID}},
		{fmt.Sprintf(`after: %q`, to), []string{clients[1].ID, clients[2].ID}},
		{fmt.Sprintf(`before: %q`, from), []string{clients[0].ID}},
		{fmt.Sprintf(`eq: %q`, to), []string{clients[1].ID}},
	} {
		if got := w.ids(fmt.Sprintf(q, c.span), "clients"); !slices.Equal(got, c.want) {
			t.Errorf("%s gives %v, want %v", c.span, got, c.want)
		}
	}
}

func TestJobsAreSortedByWhatChangedLast(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dana()
	a, _ := w.job(c.ID, 0)
	w.tick()
	b, _ := w.job(c.ID, 0)
	w.tick()
	must(t, w.UpdateJob(a.ID, func(j *Job) { j.Title = "Furnace" }))
	for _, q := range []string{
		`{ jobs(sort: [{key: UPDATED_AT, direction: DESCENDING}]) { nodes { id } } }`,
		`{ jobs(sort: {key: UPDATED_AT, direction: DESCENDING}) { nodes { id } } }`, // one is coerced to a list
		`{ jobs { nodes { id } } }`,
	} {
		if got := w.ids(q, "jobs"); !slices.Equal(got, []string{a.ID, b.ID}) {
			t.Errorf("%s gives %v, want %v", q, got, []string{a.ID, b.ID})
		}
	}
	got := w.ask(`query($s: [JobsSortInput!]) { jobs(sort: $s) { nodes { jobNumber } } }`, map[string]any{"s": []any{map[string]any{"key": "JOB_NUMBER", "direction": "ASCENDING"}}}, "jobs", "nodes")
	if at(got.([]any)[0], "jobNumber") != float64(a.Number) {
		t.Errorf("by number they are %v, want %d first", got, a.Number)
	}
}

func TestVisitsAreFoundByTheirWindowsOnly(t *testing.T) {
	w := newWorld(t, nil)
	who := w.rafael()
	_, visits := w.job(w.dana().ID, 3, who)
	w.tick()
	must(t, w.Complete(visits[1].ID, who))
	for _, c := range []struct {
		filter string
		want   []string
	}{
		{fmt.Sprintf(`startAt: {after: %q, before: %q}`, visits[0].Start.Format(time.RFC3339), visits[1].Start.Format(time.RFC3339)), []string{visits[0].ID, visits[1].ID}},
		{fmt.Sprintf(`completedAt: {after: %q}`, w.now.Truncate(time.Second).Format(time.RFC3339)), []string{visits[1].ID}},
		{fmt.Sprintf(`createdAt: {after: %q}`, w.now.Format(time.RFC3339)), nil},
		{fmt.Sprintf(`ids: [%q]`, visits[2].ID), []string{visits[2].ID}},
		{`status: COMPLETED`, []string{visits[1].ID}},
		{fmt.Sprintf(`assignedTo: %q`, who), []string{visits[0].ID, visits[1].ID, visits[2].ID}},
	} {
		if got := w.ids(`{ visits(filter: {`+c.filter+`}) { nodes { id } } }`, "visits"); !slices.Equal(got, c.want) {
			t.Errorf("%s gives %v, want %v", c.filter, got, c.want)
		}
	}
}

func TestPaymentsAreFilteredByEntryAndSortedByChange(t *testing.T) {
	w := newWorld(t, nil)
	j, _ := w.job(w.dana().ID, 0)
	i, err := w.CreateInvoice(NewInvoice{JobIDs: []string{j.ID}})
	must(t, err)
	a, err := w.Pay(i.ID, NewPayment{Amount: 1000, Type: jobberPayments, ACH: true})
	must(t, err)
	w.tick()
	b, err := w.Pay(i.ID, NewPayment{Amount: 2000})
	must(t, err)
	w.tick()
	must(t, w.Settle(a.ID))
	if got := w.ids(`{ paymentRecords(sort: {key: UPDATED_AT, direction: DESCENDING}) { nodes { id } } }`, "paymentRecords"); !slices.Equal(got, []string{a.ID, b.ID}) {
		t.Errorf("by change they are %v, want the settled one first", got)
	}
	if got := w.ids(fmt.Sprintf(`{ paymentRecords(filter: {entryDate: {after: %q}}) { nodes { id } } }`, b.Entry.Format(time.RFC3339)), "paymentRecords"); !slices.Equal(got, []string{b.ID}) {
		t.Errorf("by entry they are %v, want %v: the settled one was entered before", got, b.ID)
	}
}

// pages reads a list to its end.
func (w *world) pages(query, list string) (ids []string) {
	w.t.Helper()
	var after any
	for range 100 {
		got := w.ask(query, map[string]any{"after": after}, list)
		for _, n := range at(got, "nodes").([]any) {
			ids = append(ids, at(n, "id").(string))
		}
		if at(got, "pageInfo", "hasNextPage") != true {
			return ids
		}
		after = at(got, "pageInfo", "endCursor")
	}
	w.t.Fatal("the list has no end")
	return nil
}

const clientPages = `query($after: String) { clients(first: 2, after: $after, sort: {key: UPDATED_AT, direction: ASCENDING}) { nodes { id } pageInfo { endCursor hasNextPage } totalCount } }`

func TestPagesWithEqualTimesAreWhole(t *testing.T) {
	w := newWorld(t, nil)
	w.SetFaults(Faults{SameTime: 1})
	var want []string
	for range 5 {
		want = append(want, w.dana().ID)
		w.now = w.now.Add(5 * time.Second)
	}
	if a, b := w.Clients()[1].Updated, w.Clients()[2].Updated; !a.Equal(b) {
		t.Fatalf("the times across the border are %v and %v, want equal ones", a, b)
	}
	if got := w.pages(clientPages, "clients"); !slices.Equal(got, want) {
		t.Errorf("the pages have %v, want %v", got, want)
	}
}

func TestEqualTimesComeInAnyOrder(t *testing.T) {
	w := newWorld(t, nil)
	for range 4 {
		w.dana()
	}
	first := w.ids(`{ clients { nodes { id } } }`, "clients")
	w.SetFaults(Faults{ShuffleTies: 1})
	if again := w.ids(`{ clients { nodes { id } } }`, "clients"); slices.Equal(first, again) {
		t.Errorf("both times the order is %v", first)
	}
}

func TestARowThatChangesShiftsThePages(t *testing.T) {
	w := newWorld(t, nil)
	var ids []string
	for range 4 {
		ids = append(ids, w.dana().ID)
		w.tick()
	}
	page := w.ask(clientPages, nil, "clients")
	must(t, w.UpdateClient(ids[0], func(c *Client) { c.LastName = "Whitlock-Ames" }))
	next := w.ask(clientPages, map[string]any{"after": at(page, "pageInfo", "endCursor")}, "clients", "nodes").([]any)
	if got := at(next[0], "id"); got != ids[3] {
		t.Errorf("the second page begins with %v, want %v: the third slid into the first", got, ids[3])
	}
}

func TestPagesBackwards(t *testing.T) {
	w := newWorld(t, nil)
	var ids []string
	for range 4 {
		ids = append(ids, w.dana().ID)
		w.tick()
	}
	got := w.ask(`{ clients(last: 2, sort: {key: UPDATED_AT, direction: ASCENDING}) { edges { cursor node { id } } pageInfo { startCursor hasPreviousPage hasNextPage } totalCount } }`, nil, "clients")
	if n := at(at(got, "edges").([]any)[0], "node", "id"); n != ids[2] || at(got, "pageInfo", "hasPreviousPage") != true || at(got, "totalCount") != 4.0 {
		t.Errorf("the last page is %v, want it to begin with %v", got, ids[2])
	}
	before := w.ids(fmt.Sprintf(`{ clients(last: 2, before: %q, sort: {key: UPDATED_AT, direction: ASCENDING}) { nodes { id } } }`, at(got, "pageInfo", "startCursor")), "clients")
	if !slices.Equal(before, ids[:2]) {
		t.Errorf("the page before is %v, want %v", before, ids[:2])
	}
}

func TestALateCommitShowsAfterRowsThatChangedLater(t *testing.T) {
	w := newWorld(t, nil)
	w.SetFaults(Faults{LateCommit: 1})
	late := w.dana().ID
	w.SetFaults(Faults{})
	w.now = w.now.Add(time.Second)
	seen := w.dana().ID
	list := `{ clients(sort: {key: UPDATED_AT, direction: ASCENDING}) { nodes { id } } }`
	if got := w.ids(list, "clients"); !slices.Equal(got, []string{seen}) {
		t.Errorf("the list has %v, want only the later row", got)
	}
	if got := w.ask(`query($id: EncodedId!) { client(id: $id) { id } }`, map[string]any{"id": late}, "client", "id"); got != late {
		t.Errorf("by its id it is %v, want it", got)
	}
	w.tick()
	if got := w.ids(list, "clients"); !slices.Equal(got, []string{late, seen}) {
		t.Errorf("a minute later the list has %v, want both by their times", got)
	}
}

func TestEveryListSortsByEveryKey(t *testing.T) {
	w := newWorld(t, nil)
	lived(t, w)
	for list, of := range map[string]string{
		"clients": "ClientsSortKey", "requests": "RequestsSortKey", "quotes": "QuotesSortKey", "jobs": "JobSortKey",
		"visits": "VisitsSortableFields", "invoices": "InvoiceSortKey", "paymentRecords": "PaymentRecordSortKey",
	} {
		for _, key := range schema.Types[of].EnumValues {
			up := w.ids(fmt.Sprintf(`{ %s(first: 9, sort: {key: %s, direction: ASCENDING}) { nodes { id } } }`, list, key.Name), list)
			down := w.ids(fmt.Sprintf(`{ %s(first: 9, sort: {key: %s, direction: DESCENDING}) { nodes { id } } }`, list, key.Name), list)
			slices.Sort(up)
			slices.Sort(down)
			if len(up) == 0 || !slices.Equal(up, down) {
				t.Errorf("%s by %s has %v up and %v down", list, key.Name, up, down)
			}
		}
	}
}

func TestInvoicesAndQuotesAreFilteredByChange(t *testing.T) {
	w := newWorld(t, nil)
	j, i := lived(t, w)
	w.wait(time.Hour)
	_, err := w.CreateQuote(NewQuote{ClientID: j.ClientID})
	must(t, err)
	must(t, w.SendInvoice(i.ID))
	since := w.now.Truncate(time.Second).Format(time.RFC3339)
	for list, want := range map[string]int{"invoices": 1, "quotes": 1, "requests": 0} {
		got := w.ids(fmt.Sprintf(`{ %s(filter: {updatedAt: {after: %q}}) { nodes { id } } }`, list, since), list)
		if len(got) != want {
			t.Errorf("%s since %s are %v, want %d", list, since, got, want)
		}
	}
	for filter, want := range map[string]int{
		fmt.Sprintf(`clientId: %q`, i.ClientID): 1, `status: draft`: 0, fmt.Sprintf(`dueDate: {before: %q}`, since): 0,
	} {
		if got := w.ids(`{ invoices(filter: {`+filter+`}) { nodes { id } } }`, "invoices"); len(got) != want {
			t.Errorf("invoices with %s are %v, want %d", filter, got, want)
		}
	}
}
