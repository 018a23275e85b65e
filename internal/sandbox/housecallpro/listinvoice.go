package housecallpro

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

func (s *Sandbox) listInvoices(w http.ResponseWriter, r *http.Request) error {
	keep, err := invoiceFilter(r.URL.Query())
	if err != nil {
		return err
	}
	return serveList(s, w, r, listing[Invoice]{
		name: "invoices", rows: s.invoices.rows, keep: keep,
		keys: map[string]func(*Invoice) string{
			"created_at":     func(i *Invoice) string { return byTime(i.Created) },
			"updated_at":     func(i *Invoice) string { return byTime(i.Updated) },
			"due_at":         func(i *Invoice) string { return byTime(i.DueAt) },
			"paid_at":        func(i *Invoice) string { return byTime(i.PaidAt) },
			"sent_at":        func(i *Invoice) string { return byTime(i.SentAt) },
			"amount":         func(i *Invoice) string { return byNumber(i.Amount) },
			"due_amount":     func(i *Invoice) string { return byNumber(i.Due) },
			"invoice_number": func(i *Invoice) string { return i.Number },
			"status":         func(i *Invoice) string { return i.Status },
		},
		wire: func(i *Invoice) any { return s.wireInvoice(i) },
	})
}

func invoiceFilter(q url.Values) (func(*Invoice) bool, error) {
	status, err := oneOf(q, "status", "open", "pending_payment", "paid", "voided", "uncollectible", "canceled")
	if err != nil {
		return nil, err
	}
	var made, due, paid span
	for _, f := range []struct {
		name string
		into *span
	}{{"created_at", &made}, {"due_at", &due}, {"paid_at", &paid}} {
		if *f.into, err = spanOf(q, f.name); err != nil {
			return nil, err
		}
	}
	least, err := cents(q, "amount_due_min", math.MinInt64)
	if err != nil {
		return nil, err
	}
	most, err := cents(q, "amount_due_max", math.MaxInt64)
	if err != nil {
		return nil, err
	}
	customers, methods := values(q, "customer_uuid"), values(q, "payment_method")
	return func(i *Invoice) bool {
		return (len(status) == 0 || status[i.Status]) &&
			made.holds(i.Created) && due.holds(i.DueAt) && paid.holds(i.PaidAt) &&
			i.Due >= least && i.Due <= most &&
			(len(customers) == 0 || slices.Contains(customers, i.customerID)) &&
			(len(methods) == 0 || slices.ContainsFunc(i.Payments, func(p Payment) bool { return slices.Contains(methods, p.Method) }))
	}, nil
}

func cents(q url.Values, name string, otherwise int64) (int64, error) {
	if q.Get(name) == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil {
		return 0, invalid(name, "must be a number")
	}
	return n, nil
}

func (s *Sandbox) listLeads(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	status, err := oneOf(q, "status", "lost", "open", "won")
	if err != nil {
		return err
	}
	employees, customer := values(q, "employee_ids"), q.Get("customer_id")
	return serveList(s, w, r, listing[Lead]{
		name: "leads", rows: s.leads.rows,
		keep: func(l *Lead) bool {
			return !l.Deleted && (len(status) == 0 || status[l.Status]) && (customer == "" || customer == l.CustomerID) &&
				(len(employees) == 0 || slices.Contains(employees, l.Employee))
		},
		keys: map[string]func(*Lead) string{
			"created_at": func(l *Lead) string { return byTime(l.Created) },
			"updated_at": func(l *Lead) string { return byTime(l.Updated) },
			"id":         func(l *Lead) string { return l.ID },
			"status":     func(l *Lead) string { return l.Status },
		},
		wire: func(l *Lead) any { return s.wireLead(l) },
	})
}

func (s *Sandbox) listTags(w http.ResponseWriter, r *http.Request) error {
	return serveList(s, w, r, listing[Tag]{
		name: "tags", rows: s.tags.rows,
		keep: func(*Tag) bool { return true },
		keys: map[string]func(*Tag) string{
			"created_at": func(t *Tag) string { return byTime(t.Created) },
			"id":         func(t *Tag) string { return t.ID },
			"name":       func(t *Tag) string { return t.Name },
		},
		wire: func(t *Tag) any { return *t },
	})
}
