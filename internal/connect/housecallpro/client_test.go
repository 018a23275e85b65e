package housecallpro

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
)

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// client returns a tool whose requests are held to the vendor's description.
func client(t *testing.T, c Config, now func() time.Time, f transport) *Tool {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	vendor := connecttest.LoadContract(t, filepath.Join("..", "..", "..", "..", "shared", "vendors", "data", "housecallpro", "housecall-v1.openapi.json"))
	u, err := url.Parse(c.withDefaults().BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	return New(c, &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		vendor.Check(t, r, nil, u.Path)
		if got := r.Header.Get("Authorization"); got != "Token key-0123456789" {
			t.Errorf("Authorization = %q, want the key as Token", got)
		}
		return f(r)
	})}, now)
}

func TestFetchAsksForEachKindWhereItStands(t *testing.T) {
	for _, c := range []struct {
		kind plumbline.Kind
		id   string
		want string
	}{
		{plumbline.Customer, "cus_1", "/customers/cus_1"},
		{plumbline.Job, "job_1", "/jobs/job_1?expand%5B%5D=appointments"},
		{plumbline.Job, "csr_1", "/estimates/csr_1"},
		{plumbline.Invoice, "invoice_1", "/api/invoices/invoice_1"},
		{plumbline.Job, "a b?c", "/jobs/a%20b%3Fc?expand%5B%5D=appointments"},
	} {
		tool := client(t, config(), nil, func(r *http.Request) (*http.Response, error) {
			if got := r.URL.RequestURI(); got != c.want {
				t.Errorf("asked for %s, want %s", got, c.want)
			}
			return answer(200, `{"id":"`+c.id+`","work_status":"scheduled"}`), nil
		})
		got, err := tool.Fetch(t.Context(), c.kind, []string{c.id})
		if err != nil || len(got) != 1 || got[0].Object != c.id || got[0].Kind != c.kind || got[0].Gone {
			t.Errorf("Fetch(%s) = %+v, %v", c.id, got, err)
		}
	}
}

func TestFetchTellsWhatIsGoneFromWhatWentWrong(t *testing.T) {
	for name, c := range map[string]struct {
		resp  *http.Response
		err   error
		gone  bool
		class connect.Class
		after time.Duration
	}{
		"a missing job":             {answer(404, `{"error":{"message":"job not found"}}`), nil, true, 0, 0},
		"a deleted job":             {answer(410, `{"message":"gone"}`), nil, true, 0, 0},
		"an archived job":           {answer(400, `{"error":"Archived job"}`), nil, true, 0, 0},
		"a page of a proxy":         {answer(404, `<html>not found`), nil, false, connect.Human, 0},
		"a 404 that says nothing":   {answer(404, `{}`), nil, false, connect.Human, 0},
		"another bad request":       {answer(400, `{"message":"bad","expand":"unknown"}`), nil, false, connect.Human, 0},
		"a wrong key":               {answer(401, `{"message":"Unauthorized"}`), nil, false, connect.Wait, 0},
		"a throttle":                {answer(429, ``, "Retry-After", "30"), nil, false, connect.Wait, 30 * time.Second},
		"a throttle until a date":   {answer(429, ``, "Retry-After", received.Add(90*time.Second).Format(http.TimeFormat)), nil, false, connect.Wait, 90 * time.Second},
		"a throttle for ever":       {answer(429, ``, "Retry-After", "99999999"), nil, false, connect.Wait, time.Hour},
		"trouble in plain text":     {answer(500, `Internal Server Error`), nil, false, connect.Retry, 0},
		"an answer for another job": {answer(200, `{"id":"job_2"}`), nil, false, connect.Human, 0},
		"an answer that is no JSON": {answer(200, `ok`), nil, false, connect.Human, 0},
		"an answer that is null":    {answer(200, `null`), nil, false, connect.Human, 0},
		"a redirect":                {answer(302, ``, "Location", "http://169.254.169.254/"), nil, false, connect.Human, 0},
		"no connection":             {nil, &net.OpError{Op: "dial", Err: errors.New("refused")}, false, connect.Retry, 0},
		"a connection that broke":   {nil, io.ErrUnexpectedEOF, false, connect.Retry, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tool := client(t, config(), func() time.Time { return received }, func(*http.Request) (*http.Response, error) { return c.resp, c.err })
			got, err := tool.Fetch(t.Context(), plumbline.Job, []string{"job_1"})
			if c.gone {
				if err != nil || len(got) != 1 || !got[0].Gone {
					t.Fatalf("Fetch = %+v, %v, want gone", got, err)
				}
				connecttest.CheckDecode(t, tool, plumbline.Delivery{Event: "read", Body: got[0].Body, Read: received})
				return
			}
			var e *connect.Error
			if !errors.As(err, &e) || e.Class != c.class || e.After != c.after {
				t.Errorf("Fetch = %v, %+v, want class %v after %v", got, err, c.class, c.after)
			}
		})
	}
}

func TestKindsThatCannotBeReadSingly(t *testing.T) {
	tool := client(t, config(), nil, func(*http.Request) (*http.Response, error) { return nil, errors.New("called") })
	for _, c := range []struct {
		kind plumbline.Kind
		id   string
	}{{plumbline.Visit, "a"}, {plumbline.Property, "adr_1"}, {plumbline.Job, ".."}, {plumbline.Job, ""}} {
		_, err := tool.Fetch(t.Context(), c.kind, []string{c.id})
		if e := connect.AsError(err); e == nil || e.Class != connect.Human {
			t.Errorf("Fetch(%s %q) = %v, want an error of class human", c.kind, c.id, err)
		}
	}
}

// company is a source whose lists the tests change while they are read. Rows are
// sorted as asked; it knows no more than the lists' documented parameters.
type fakeCompany struct {
	now      time.Time
	rows     map[string][]fakeRow // by path
	unsorted bool
	before   func(path string, page int)
	asked    []string
}

type fakeRow struct {
	id                     string
	created, updated, paid time.Time
	open                   bool
}

func (c *fakeCompany) answer(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	page, _ := strconv.Atoi(q.Get("page"))
	size, _ := strconv.Atoi(q.Get("page_size"))
	c.asked = append(c.asked, r.URL.RequestURI())
	if c.before != nil {
		c.before(r.URL.Path, page)
	}
	var rows []fakeRow
	for _, row := range c.rows[r.URL.Path] {
		if min, err := time.Parse(time.RFC3339, q.Get("created_at_min")); err == nil && row.created.Before(min) {
			continue
		}
		if min, err := time.Parse(time.RFC3339, q.Get("paid_at_min")); err == nil && row.paid.Before(min) {
			continue
		}
		if q.Has("status[]") && !row.open {
			continue
		}
		rows = append(rows, row)
	}
	key := func(row fakeRow) time.Time {
		if q.Get("sort_by") == "updated_at" && !c.unsorted {
			return row.updated
		}
		return row.created
	}
	slices.SortStableFunc(rows, func(a, b fakeRow) int {
		n := key(a).Compare(key(b))
		if q.Get("sort_by") == "id" {
			n = strings.Compare(a.id, b.id)
		}
		if q.Get("sort_direction") == "desc" {
			n = -n
		}
		return n
	})
	list := []map[string]any{}
	for i := (page - 1) * size; i >= 0 && i < min(page*size, len(rows)); i++ {
		o := map[string]any{"id": rows[i].id}
		if r.URL.Path != "/invoices" && r.URL.Path != "/employees" {
			o["updated_at"] = rows[i].updated.Format(time.RFC3339)
		}
		list = append(list, o)
	}
	b, err := json.Marshal(map[string]any{
		"page": page, "page_size": size, "total_pages": (len(rows) + size - 1) / size, "total_items": len(rows),
		strings.TrimPrefix(r.URL.Path, "/"): list,
	})
	return answer(200, string(b)), err
}

func newCompany() *fakeCompany {
	c := &fakeCompany{now: received, rows: map[string][]fakeRow{}}
	for path, prefix := range map[string]string{"/jobs": "job_", "/customers": "cus_", "/estimates": "csr_", "/invoices": "invoice_", "/employees": "pro_"} {
		for i := range 25 {
			at := received.Add(time.Duration(i-100) * time.Hour)
			c.rows[path] = append(c.rows[path], fakeRow{id: fmt.Sprintf("%s%02d", prefix, i), created: at, updated: at})
		}
	}
	return c
}

func (c *fakeCompany) tool(t *testing.T) *Tool {
	cfg := config()
	cfg.PageSize = 10
	return client(t, cfg, func() time.Time { return c.now }, c.answer)
}

func (c *fakeCompany) touch(stream, id string) {
	rows := c.rows["/"+stream]
	for i := range rows {
		if rows[i].id == id {
			rows[i].updated, rows[i].paid = c.now, c.now
		}
	}
}

func TestPuller(t *testing.T) {
	c := newCompany()
	has := map[string][]string{}
	for path, rows := range c.rows {
		for _, r := range rows {
			has[path[1:]] = append(has[path[1:]], r.id)
		}
	}
	tool := c.tool(t)
	connecttest.TestPuller(t, connecttest.Puller{
		Puller: tool, Decoder: tool, Tool: "housecallpro", Has: has,
		Now: func() time.Time { return c.now }, Advance: func(d time.Duration) { c.now = c.now.Add(d) }, Touch: c.touch,
	})
}

// drain pulls a stream to its end.
func drain(t *testing.T, tool *Tool, stream, cursor string) (ids []string, next string) {
	t.Helper()
	for range 100 {
		p, err := tool.Pull(t.Context(), stream, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range p.Answers {
			ids = append(ids, a.Object)
		}
		if cursor = p.Next; !p.More {
			return ids, cursor
		}
	}
	t.Fatal("the stream has no end")
	return nil, ""
}

func TestPollReadsNoFurtherThanItMust(t *testing.T) {
	c := newCompany()
	tool := c.tool(t)
	_, cursor := drain(t, tool, "jobs", "")
	c.asked = nil
	c.now = c.now.Add(time.Hour)
	c.touch("jobs", "job_03")
	ids, _ := drain(t, tool, "jobs", cursor)
	if !slices.Equal(ids, []string{"job_03", "job_24"}) || len(c.asked) != 1 {
		t.Errorf("poll = %v in %d calls, want job_03 and the overlap in one", ids, len(c.asked))
	}
}

func TestRowsThatBecomeVisibleLateAreFound(t *testing.T) {
	c := newCompany()
	tool := c.tool(t)
	_, cursor := drain(t, tool, "jobs", "")
	newest := c.rows["/jobs"][24].updated
	c.rows["/jobs"] = append(c.rows["/jobs"], fakeRow{id: "job_late", created: newest, updated: newest.Add(-4 * time.Minute)})
	if ids, _ := drain(t, tool, "jobs", cursor); !slices.Contains(ids, "job_late") {
		t.Errorf("poll = %v, without the row that was committed late", ids)
	}
}

func TestRowsDoNotSlipAwayWhileAListIsRead(t *testing.T) {
	for _, stream := range []string{"jobs", "customers", "invoices", "employees"} {
		t.Run(stream+" when a row leaves", func(t *testing.T) {
			c := newCompany()
			c.before = func(path string, page int) {
				if page == 2 && len(c.rows[path]) == 25 {
					c.rows[path] = slices.Delete(c.rows[path], 3, 5) // two that page 1 held
				}
			}
			ids, _ := drain(t, c.tool(t), stream, "")
			for _, r := range c.rows["/"+stream] {
				if !slices.Contains(ids, r.id) {
					t.Errorf("%s was not handed over", r.id)
				}
			}
		})
	}
	t.Run("jobs when one changes", func(t *testing.T) {
		c := newCompany()
		tool := c.tool(t)
		c.before = func(_ string, page int) {
			if page == 2 {
				c.now = c.now.Add(time.Second)
				c.touch("jobs", "job_00")
				c.touch("jobs", "job_20")
			}
		}
		ids, cursor := drain(t, tool, "jobs", "")
		c.before = nil
		more, _ := drain(t, tool, "jobs", cursor)
		if !slices.Contains(more, "job_00") || !slices.Contains(ids, "job_20") {
			t.Errorf("first %v, then %v, want all, and then job_00 again", ids, more)
		}
	})
}

func TestIgnoredSortingIsNoticedWhereItShows(t *testing.T) {
	c := newCompany()
	tool := c.tool(t)
	_, cursor := drain(t, tool, "customers", "")
	c.unsorted = true
	c.now = c.now.Add(time.Hour)
	c.touch("customers", "cus_20") // stands on page 1, out of order
	c.touch("customers", "cus_00")
	if ids, _ := drain(t, tool, "customers", cursor); !slices.Contains(ids, "cus_00") {
		t.Errorf("poll = %v, without the customer that changed", ids)
	}
}

func TestMarkNeverRunsAheadOfUs(t *testing.T) {
	c := newCompany()
	tool := c.tool(t)
	c.rows["/jobs"] = append(c.rows["/jobs"], fakeRow{id: "job_future", created: c.now, updated: c.now.Add(1000 * time.Hour)})
	_, cursor := drain(t, tool, "jobs", "")
	c.now = c.now.Add(time.Hour)
	c.touch("jobs", "job_05")
	if ids, _ := drain(t, tool, "jobs", cursor); !slices.Contains(ids, "job_05") {
		t.Errorf("poll = %v, without job_05, behind a row of the future", ids)
	}
}

func TestInvoicesAreAskedByEveryTimeTheyHave(t *testing.T) {
	c := newCompany()
	c.rows["/invoices"][2].open = true
	tool := c.tool(t)
	_, cursor := drain(t, tool, "invoices", "")
	c.now = c.now.Add(24 * time.Hour)
	c.rows["/invoices"] = append(c.rows["/invoices"], fakeRow{id: "invoice_new", created: c.now, updated: c.now})
	c.rows["/invoices"][5].paid = c.now
	c.rows["/invoices"][7].updated = c.now // voided or refunded
	ids, _ := drain(t, tool, "invoices", cursor)
	for _, id := range []string{"invoice_new", "invoice_05", "invoice_02", "invoice_07"} {
		if !slices.Contains(ids, id) {
			t.Errorf("poll = %v, without %s", ids, id)
		}
	}
}

func TestListsThatAreNoListsAreErrors(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON": `ok`, "no member": `{"page":1}`, "a member of another kind": `{"jobs":{}}`, "rows that are no objects": `{"jobs":["x"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			tool := client(t, config(), func() time.Time { return received }, func(*http.Request) (*http.Response, error) { return answer(200, body), nil })
			if p, err := tool.Pull(t.Context(), "jobs", ""); err == nil {
				t.Errorf("Pull = %+v, want an error", p)
			}
		})
	}
}

func TestTechniciansComeFromTheList(t *testing.T) {
	c := newCompany()
	got, err := c.tool(t).Fetch(t.Context(), plumbline.Technician, []string{"pro_24", "pro_00", "pro_gone"})
	if err != nil || len(got) != 3 || got[0].Object != "pro_24" || got[0].Gone || got[1].Gone || !got[2].Gone {
		t.Errorf("Fetch = %+v, %v, want two technicians and one who is gone", got, err)
	}
}
