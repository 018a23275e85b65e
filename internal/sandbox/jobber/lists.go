package jobber

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// list is what most lists can be asked for; F is the filter.
type list[F any] struct {
	Filter     F      `json:"filter"`
	Sort       order  `json:"sort"`
	SearchTerm string `json:"searchTerm"`
}

// by is the order that was asked for, or what changed last first.
func (l list[F]) by() order { return orElse(l.Sort, order{{"UPDATED_AT", "DESCENDING"}}) }

func orElse(asked, otherwise order) order {
	if len(asked) > 0 {
		return asked
	}
	return otherwise
}

// mentions searches words for a term, which may be empty.
func mentions(term string, words ...string) bool {
	return strings.Contains(strings.ToLower(strings.Join(words, "\n")), strings.ToLower(term))
}

func (s *Sandbox) listClients(a arguments) any {
	var l list[struct {
		CreatedAt, UpdatedAt          *span
		IsArchived, IsCompany, IsLead *bool
	}]
	if err := a.into(&l); err != nil {
		return err
	}
	rows := listed(s, &s.clients, func(c *Client) bool {
		f := l.Filter
		return f.CreatedAt.holds(c.Created) && f.UpdatedAt.holds(s.listed(&c.stamp)) &&
			agrees(f.IsArchived, c.IsArchived) && agrees(f.IsCompany, c.IsCompany) && agrees(f.IsLead, c.IsLead) && c.mentions(l.SearchTerm)
	})
	return connection("Client", sorted(s, rows, l.by(), keys[*Client]{
		"FIRST_NAME":   func(c *Client) string { return c.FirstName },
		"LAST_NAME":    func(c *Client) string { return c.LastName },
		"PRIMARY_NAME": (*Client).name,
		"UPDATED_AT":   func(c *Client) string { return byTime(s.listed(&c.stamp)) },
	}), a, s.wireClient)
}

func agrees(want *bool, is bool) bool { return want == nil || *want == is }

func (c *Client) mentions(term string) bool {
	words := []string{c.name(), c.FirstName + " " + c.LastName, c.Company}
	for _, e := range c.Emails {
		words = append(words, e.Address)
	}
	for _, p := range c.Phones {
		words = append(words, p.Number, normalized(p.Number))
	}
	return mentions(term, words...)
}

// times is the filter of lists that know only when a row was made or changed.
type times struct{ CreatedAt, UpdatedAt *span }

func (t times) keep(s *Sandbox, row *stamp) bool {
	return t.CreatedAt.holds(row.Created) && t.UpdatedAt.holds(s.listed(row))
}

func (s *Sandbox) listRequests(a arguments) any {
	var l list[times]
	if err := a.into(&l); err != nil {
		return err
	}
	rows := listed(s, &s.requests, func(r *Request) bool { return l.Filter.keep(s, &r.stamp) })
	return connection("Request", sorted(s, rows, l.by(), stampKeys[Request](s)), a, s.wireRequest)
}

func (s *Sandbox) listQuotes(a arguments) any {
	var l list[times]
	if err := a.into(&l); err != nil {
		return err
	}
	rows := listed(s, &s.quotes, func(q *Quote) bool {
		return l.Filter.keep(s, &q.stamp) && mentions(l.SearchTerm, q.Title, q.Number)
	})
	return connection("Quote", sorted(s, rows, l.by(), stampKeys[Quote](s)), a, s.wireQuote)
}

func stampKeys[T any, P stamped[T]](s *Sandbox) keys[P] {
	return keys[P]{
		"CREATED_AT": func(row P) string { return byTime(row.stamped().Created) },
		"UPDATED_AT": func(row P) string { return byTime(s.listed(row.stamped())) },
	}
}

// listJobs cannot filter by what changed; it can only sort by it.
func (s *Sandbox) listJobs(a arguments) any {
	var l list[struct {
		CompletedAt, CreatedAt, StartAt, EndAt *span
		IDs                                    []string
		JobType, Status                        string
	}]
	if err := a.into(&l); err != nil {
		return err
	}
	rows := listed(s, &s.jobs, func(j *Job) bool {
		f := l.Filter
		var start, end time.Time
		if f.StartAt != nil || f.EndAt != nil {
			start, end = s.spanned(j.ID)
		}
		return f.CompletedAt.holds(j.Closed) && f.CreatedAt.holds(j.Created) && f.StartAt.holds(start) && f.EndAt.holds(end) &&
			(f.IDs == nil || slices.Contains(f.IDs, j.ID)) && (f.JobType == "" || f.JobType == jobType(j)) &&
			(f.Status == "" || means(f.Status, s.jobStatus(j))) && mentions(l.SearchTerm, j.Title, fmt.Sprint(j.Number))
	})
	return connection("Job", sorted(s, rows, l.by(), keys[*Job]{
		"CLIENT_FIRST_NAME":   func(j *Job) string { return s.clients.byID[j.ClientID].FirstName },
		"CLIENT_PRIMARY_NAME": func(j *Job) string { return s.clients.byID[j.ClientID].name() },
		"JOB_NUMBER":          func(j *Job) string { return byNumber(int64(j.Number)) },
		"JOB_STATUS":          s.jobStatus,
		"SCHEDULE":            s.byStart,
		"TOTAL_COST":          func(j *Job) string { return byNumber(subtotal(j.Lines)) },
		"UPDATED_AT":          func(j *Job) string { return byTime(s.listed(&j.stamp)) },
		"VISIT_START_DATE":    s.byStart,
	}), a, s.wireJob)
}

func (s *Sandbox) byStart(j *Job) string {
	start, _ := s.spanned(j.ID)
	return byTime(start)
}

// means says whether a filter's word covers a job's status: "active" is every
// open job, "on_hold" is another word for "action_required".
func means(word, status string) bool {
	switch word {
	case "active":
		return status != archived && status != "requires_invoicing"
	case "on_hold":
		return status == "action_required"
	}
	return word == status
}

// listVisits has no time of change, neither to filter nor to sort by.
func (s *Sandbox) listVisits(rows []*Visit, a arguments) any {
	var l list[struct {
		AssignedTo                             string
		CompletedAt, CreatedAt, StartAt, EndAt *span
		IDs                                    []string
		Status                                 string
	}]
	if err := a.into(&l); err != nil {
		return err
	}
	f := l.Filter
	rows = slices.DeleteFunc(rows, func(v *Visit) bool {
		return !(f.CompletedAt.holds(v.Completed) && f.CreatedAt.holds(v.Created) && f.StartAt.holds(v.Start) && f.EndAt.holds(v.End) &&
			(f.IDs == nil || slices.Contains(f.IDs, v.ID)) && (f.AssignedTo == "" || slices.Contains(v.Users, f.AssignedTo)) &&
			(f.Status == "" || f.Status == s.visitStatus(v)))
	})
	by := orElse(l.Sort, order{{"START_AT", "ASCENDING"}})
	return connection("Visit", sorted(s, rows, by, keys[*Visit]{
		"CLIENT_PRIMARY_NAME": func(v *Visit) string { return s.clients.byID[s.jobs.byID[v.JobID].ClientID].name() },
		"CREATED_AT":          func(v *Visit) string { return byTime(v.Created) },
		"START_AT":            func(v *Visit) string { return byTime(v.Start) },
		"STATUS":              s.visitStatus,
	}), a, s.wireVisit)
}

func (s *Sandbox) listInvoices(a arguments) any {
	var l list[struct {
		ClientID, Status                          string
		CreatedAt, UpdatedAt, IssuedDate, DueDate *span
	}]
	if err := a.into(&l); err != nil {
		return err
	}
	rows := listed(s, &s.invoices, func(i *Invoice) bool {
		f := l.Filter
		return f.CreatedAt.holds(i.Created) && f.UpdatedAt.holds(s.listed(&i.stamp)) && f.IssuedDate.holds(i.Issued) && f.DueDate.holds(i.Due) &&
			(f.ClientID == "" || f.ClientID == i.ClientID) && (f.Status == "" || f.Status == s.invoiceStatus(i)) && mentions(l.SearchTerm, i.Subject, i.Number)
	})
	known := stampKeys[Invoice](s)
	for key, of := range map[string]func(*Invoice) time.Time{
		"DUE_DATE":      func(i *Invoice) time.Time { return i.Due },
		"ISSUED_DATE":   func(i *Invoice) time.Time { return i.Issued },
		"RECEIVED_DATE": func(i *Invoice) time.Time { return i.Received },
	} {
		known[key] = func(i *Invoice) string { return byTime(of(i)) }
	}
	known["INVOICE_NUMBER"] = func(i *Invoice) string { return i.Number }
	known["INVOICE_STATUS"] = s.invoiceStatus
	return connection("Invoice", sorted(s, rows, l.by(), known), a, s.wireInvoice)
}

// paymentFilter knows when a payment was entered, not when it changed.
type paymentFilter struct {
	ClientID, PaymentType string
	EntryDate             *span
}

type paymentList = list[paymentFilter]

func (f paymentFilter) keeps(p *Payment) bool {
	return f.EntryDate.holds(p.Entry) && (f.ClientID == "" || f.ClientID == p.ClientID) && (f.PaymentType == "" || f.PaymentType == p.Type)
}

func (s *Sandbox) listPayments(a arguments) any {
	var l paymentList
	if err := a.into(&l); err != nil {
		return err
	}
	known := stampKeys[Payment](s)
	known["ENTRY_DATE"] = func(p *Payment) string { return byTime(p.Entry) }
	known["LIST_ORDER"] = known["ENTRY_DATE"]
	return connection("PaymentRecordInterface", sorted(s, listed(s, &s.payments, l.Filter.keeps), l.by(), known), a, s.wirePayment)
}
