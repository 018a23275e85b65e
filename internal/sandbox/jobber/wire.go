package jobber

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How rows look in the schema. Every function here runs under the lock.

// decimal is cents, or the hundredths of a quantity, as the vendor writes them:
// a number with a point.
type decimal int64

func (d decimal) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(d)/100, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return []byte(text), nil
}

// uri is a row's page in Jobber itself.
func uri(kind, id string) string {
	gid, _ := base64.StdEncoding.DecodeString(id)
	return "https://secure.getjobber.com/" + kind + "/" + string(gid[strings.LastIndexByte(string(gid), '/')+1:])
}

// or is the object of a row, or null where there is none (any more).
func or[T any, P stamped[T]](t *table[T], id string, wire func(P) *object) lazy {
	return func() any {
		row, err := find[T, P](t, "row", id)
		if err != nil {
			return nil
		}
		return wire(row)
	}
}

func (s *Sandbox) wireAccount() *object {
	return &object{"Account", map[string]any{"id": s.account, "name": s.opts.AccountName, "createdAt": s.opened, "phone": ""}}
}

func (s *Sandbox) wireClient(c *Client) *object {
	var billing *object
	if c.Billing != (Address{}) {
		billing = &object{"ClientAddress", wireAddress(c.Billing)}
	}
	return &object{"Client", map[string]any{
		"id": c.ID, "name": c.name(), "firstName": c.FirstName, "lastName": c.LastName, "companyName": c.Company,
		"isCompany": c.IsCompany, "isLead": c.IsLead, "isArchived": c.IsArchived, "receivesReminders": !c.RefusesReminders,
		"balance":        lazy(func() any { return decimal(s.balance(c.ID)) }),
		"emails":         each(c.Emails, wireEmail),
		"phones":         each(c.Phones, wirePhone),
		"billingAddress": billing,
		"jobberWebUri":   uri("clients", c.ID), "createdAt": c.Created, "updatedAt": c.Updated,
		"clientProperties": many("Property", func() []*Property {
			return alive(&s.properties, func(p *Property) bool { return p.ClientID == c.ID })
		}, s.wireProperty),
		"requests": many("Request", func() []*Request {
			return alive(&s.requests, func(r *Request) bool { return r.ClientID == c.ID })
		}, s.wireRequest),
		"quotes": many("Quote", func() []*Quote { return alive(&s.quotes, func(q *Quote) bool { return q.ClientID == c.ID }) }, s.wireQuote),
		"jobs":   many("Job", func() []*Job { return alive(&s.jobs, func(j *Job) bool { return j.ClientID == c.ID }) }, s.wireJob),
		"invoices": many("Invoice", func() []*Invoice {
			return alive(&s.invoices, func(i *Invoice) bool { return i.ClientID == c.ID })
		}, s.wireInvoice),
	}}
}

func wireEmail(e Email) *object {
	return &object{"Email", map[string]any{"id": e.ID, "address": e.Address, "description": e.Description, "primary": e.Primary}}
}

func wirePhone(p Phone) *object {
	return &object{"ClientPhoneNumber", map[string]any{
		"id": p.ID, "number": p.Number, "normalizedPhoneNumber": normalized(p.Number), "friendly": p.Number,
		"description": p.Description, "primary": p.Primary, "smsAllowed": p.SMSAllowed,
	}}
}

func wireAddress(a Address) map[string]any {
	return map[string]any{
		"street": strings.TrimSpace(a.Street1 + " " + a.Street2), "street1": a.Street1, "street2": a.Street2,
		"city": a.City, "province": a.Province, "postalCode": a.PostalCode, "country": a.Country,
	}
}

func (s *Sandbox) wireProperty(p *Property) *object {
	address := wireAddress(p.Address)
	address["id"] = p.addressID
	return &object{"Property", map[string]any{
		"id": p.ID, "name": p.Name, "client": or(&s.clients, p.ClientID, s.wireClient), "address": &object{"PropertyAddress", address},
		"isBillingAddress": p.IsBilling, "jobberWebUri": uri("properties", p.ID),
	}}
}

func (s *Sandbox) wireRequest(r *Request) *object {
	var assessment *object
	if r.Assessment != nil {
		assessment = s.wireAssessment(r)
	}
	return &object{"Request", map[string]any{
		"id": r.ID, "title": r.Title, "source": r.Source, "companyName": r.Company, "contactName": r.Contact, "email": r.Email, "phone": r.Phone,
		"client": or(&s.clients, r.ClientID, s.wireClient), "property": or(&s.properties, r.PropertyID, s.wireProperty),
		"requestStatus": s.requestStatus(r), "isScheduled": r.Assessment != nil && !r.Assessment.Start.IsZero(), "assessment": assessment,
		"createdAt": r.Created, "updatedAt": r.Updated, "jobberWebUri": uri("requests", r.ID),
		"quotes": many("Quote", func() []*Quote { return alive(&s.quotes, func(q *Quote) bool { return q.RequestID == r.ID }) }, s.wireQuote),
		"jobs":   many("Job", func() []*Job { return alive(&s.jobs, func(j *Job) bool { return j.RequestID == r.ID }) }, s.wireJob),
	}}
}

func (s *Sandbox) wireAssessment(r *Request) *object {
	a := r.Assessment
	return &object{"Assessment", map[string]any{
		"id": a.ID, "title": r.Title, "instructions": a.Instructions, "request": lazy(func() any { return s.wireRequest(r) }),
		"client": or(&s.clients, r.ClientID, s.wireClient), "property": or(&s.properties, r.PropertyID, s.wireProperty),
		"startAt": a.Start, "endAt": a.End, "allDay": false, "duration": minutes(a.Start, a.End),
		"isComplete": !a.CompletedAt.IsZero(), "completedAt": a.CompletedAt,
		"assignedUsers": s.usersOf(a.Users),
	}}
}

// minutes is null for what has no time.
func minutes(from, to time.Time) any {
	if from.IsZero() {
		return nil
	}
	return int(to.Sub(from) / time.Minute)
}

func (s *Sandbox) usersOf(ids []string) resolver {
	return many("User", func() []*User { return alive(&s.users, func(u *User) bool { return slices.Contains(ids, u.ID) }) }, s.wireUser)
}

func (s *Sandbox) wireQuote(q *Quote) *object {
	sum, tax := subtotal(q.Lines), taxOn(q.Lines, q.TaxPercent)
	return &object{"Quote", map[string]any{
		"id": q.ID, "quoteNumber": q.Number, "title": q.Title, "message": q.Message, "quoteStatus": q.Status,
		"client": or(&s.clients, q.ClientID, s.wireClient), "property": or(&s.properties, q.PropertyID, s.wireProperty),
		"request": or(&s.requests, q.RequestID, s.wireRequest),
		"amounts": &object{"QuoteAmounts", map[string]any{
			"subtotal": decimal(sum), "discountAmount": decimal(0), "taxAmount": decimal(tax), "nonTaxAmount": decimal(sum), "depositAmount": decimal(0), "total": decimal(sum + tax),
		}},
		"lineItems": many("QuoteLineItem", func() []Line { return q.Lines }, wireLine("QuoteLineItem")),
		"jobs":      many("Job", func() []*Job { return alive(&s.jobs, func(j *Job) bool { return j.QuoteID == q.ID }) }, s.wireJob),
		"sentAt":    q.Sent, "transitionedAt": q.Transitioned,
		"lastTransitioned": &object{"QuoteLastTransitioned", map[string]any{
			"approvedAt": q.Approved, "changesRequestedAt": q.ChangesRequested, "convertedAt": q.Converted,
		}},
		"createdAt": q.Created, "updatedAt": q.Updated, "jobberWebUri": uri("quotes", q.ID),
	}}
}

// wireLine shows a line item as one of the vendor's types of it.
func wireLine(kind string) func(Line) *object {
	return func(l Line) *object {
		return &object{kind, map[string]any{
			"id": l.ID, "name": l.Name, "description": l.Description, "quantity": decimal(l.Quantity), "taxable": l.Taxable,
			"unitCost": decimal(l.UnitCost), "unitPrice": decimal(l.UnitPrice), "totalPrice": decimal(l.total()),
		}}
	}
}

func (s *Sandbox) wireJob(j *Job) *object {
	sum, billed := subtotal(j.Lines), s.invoiced(j.ID)
	start, end := s.spanned(j.ID)
	return &object{"Job", map[string]any{
		"id": j.ID, "jobNumber": j.Number, "title": j.Title, "instructions": j.Instructions, "jobStatus": s.jobStatus(j), "jobType": jobType(j),
		"startAt": start, "endAt": end, "completedAt": j.Closed, "createdAt": j.Created, "updatedAt": j.Updated,
		"client": or(&s.clients, j.ClientID, s.wireClient), "property": or(&s.properties, j.PropertyID, s.wireProperty),
		"quote": or(&s.quotes, j.QuoteID, s.wireQuote), "request": or(&s.requests, j.RequestID, s.wireRequest),
		"total": decimal(sum), "invoicedTotal": decimal(billed), "uninvoicedTotal": decimal(max(sum-billed, 0)),
		"visits":     resolver(func(a arguments) any { return s.listVisits(s.visitsOf(j.ID), a) }),
		"invoices":   many("Invoice", func() []*Invoice { return s.invoicesOf(j.ID) }, s.wireInvoice),
		"lineItems":  many("JobLineItem", func() []Line { return j.Lines }, wireLine("JobLineItem")),
		"visitsInfo": lazy(func() any { return s.wireVisitsInfo(j) }), "jobberWebUri": uri("jobs", j.ID),
	}}
}

func jobType(j *Job) string {
	if j.Recurring {
		return "RECURRING"
	}
	return "ONE_OFF"
}

func (s *Sandbox) wireVisitsInfo(j *Job) *object {
	var future, incomplete, past, scheduled, unscheduled int
	var latest time.Time
	for _, v := range s.visitsOf(j.ID) {
		if v.Completed.IsZero() {
			incomplete++
		}
		switch {
		case v.Start.IsZero():
			unscheduled++
			continue
		case v.Start.After(s.now()):
			future++
		default:
			past, latest = past+1, v.Start
		}
		scheduled++
	}
	return &object{"VisitsInfo", map[string]any{
		"futureCount": future, "incompleteTotal": incomplete, "pastCount": past, "scheduledCount": scheduled, "unscheduledCount": unscheduled,
		"mostRecentVisitStartAt": latest,
	}}
}

func (s *Sandbox) wireVisit(v *Visit) *object {
	j := s.jobs.byID[v.JobID]
	by := ""
	if u := s.users.byID[v.CompletedBy]; u != nil {
		by = u.name()
	}
	return &object{"Visit", map[string]any{
		"id": v.ID, "title": v.Title, "instructions": v.Instructions, "job": or(&s.jobs, v.JobID, s.wireJob),
		"client": or(&s.clients, j.ClientID, s.wireClient), "property": or(&s.properties, j.PropertyID, s.wireProperty),
		"visitStatus": s.visitStatus(v), "isComplete": !v.Completed.IsZero(), "completedAt": v.Completed, "completedBy": by,
		"startAt": v.Start, "endAt": v.End, "allDay": v.AllDay, "duration": minutes(v.Start, v.End),
		"createdAt": v.Created, "clientConfirmed": v.Confirmed, "isLastScheduledVisit": lazy(func() any { return s.isLast(v) }),
		"assignedUsers": s.usersOf(v.Users),
		"invoice":       lazy(func() any { return s.invoiceOf(v) }),
	}}
}

func (s *Sandbox) isLast(v *Visit) bool {
	return !v.Start.IsZero() && !slices.ContainsFunc(s.visitsOf(v.JobID), func(o *Visit) bool { return o.Start.After(v.Start) })
}

// invoiceOf is the first invoice of a complete visit's job: the fake bills
// whole jobs.
func (s *Sandbox) invoiceOf(v *Visit) *object {
	if invoices := s.invoicesOf(v.JobID); len(invoices) > 0 && !v.Completed.IsZero() {
		return s.wireInvoice(invoices[0])
	}
	return nil
}

func (s *Sandbox) wireInvoice(i *Invoice) *object {
	return &object{"Invoice", map[string]any{
		"id": i.ID, "invoiceNumber": i.Number, "subject": i.Subject, "message": i.Message, "invoiceStatus": s.invoiceStatus(i),
		"issuedDate": i.Issued, "dueDate": i.Due, "receivedDate": i.Received, "invoiceNet": i.NetDays,
		"createdAt": i.Created, "updatedAt": i.Updated, "client": or(&s.clients, i.ClientID, s.wireClient),
		"amounts": &object{"InvoiceAmounts", map[string]any{
			"subtotal": decimal(i.Subtotal), "discountAmount": decimal(0), "taxAmount": decimal(i.Tax), "nonTaxAmount": decimal(i.Subtotal), "depositAmount": decimal(0),
			"total": decimal(i.Total), "paymentsTotal": decimal(i.Paid), "tipsTotal": decimal(i.Tips), "invoiceBalance": decimal(i.Total - i.Paid),
		}},
		"jobs":      many("Job", func() []*Job { return s.billedJobs(i) }, s.wireJob),
		"visits":    many("Visit", func() []*Visit { return s.billedVisits(i) }, s.wireVisit),
		"lineItems": many("InvoiceLineItem", i.lines, wireLine("InvoiceLineItem")),
		"paymentRecords": resolver(func(a arguments) any {
			var l paymentList
			if err := a.into(&l); err != nil {
				return err
			}
			rows := slices.DeleteFunc(s.paymentsOf(i.ID), func(p *Payment) bool { return !l.Filter.keeps(p) })
			return connection("PaymentRecord", rows, a, wirePaymentRecord)
		}),
		"jobberWebUri": uri("invoices", i.ID),
	}}
}

// billedJobs are the invoice's jobs that are still there.
func (s *Sandbox) billedJobs(i *Invoice) (jobs []*Job) {
	for _, b := range i.Bills {
		jobs = append(jobs, s.jobs.byID[b.JobID])
	}
	return left(jobs)
}

func (s *Sandbox) billedVisits(i *Invoice) (visits []*Visit) {
	for _, b := range i.Bills {
		for _, v := range s.visitsOf(b.JobID) {
			if !v.Completed.IsZero() {
				visits = append(visits, v)
			}
		}
	}
	return visits
}

// wirePaymentRecord is a payment under its invoice; wirePayment the same one
// by itself.
func wirePaymentRecord(p *Payment) *object {
	return &object{"PaymentRecord", map[string]any{
		"id": p.ID, "amount": decimal(p.Amount), "entryDate": p.Entry, "jobberPaymentTransactionStatus": p.Status,
	}}
}

func (s *Sandbox) wirePayment(p *Payment) *object {
	raw := p.Amount
	if p.Refund {
		raw = -raw
	}
	return &object{p.typename(), map[string]any{
		"id": p.ID, "amount": decimal(p.Amount), "rawAmount": decimal(raw), "entryDate": p.Entry, "paymentType": p.Type, "paymentOrigin": p.Origin,
		"client": or(&s.clients, p.ClientID, s.wireClient), "invoice": or(&s.invoices, p.InvoiceID, s.wireInvoice), "quote": nil,
		"details": p.Details, "sentAt": nil, "transactionId": p.Transaction, "transactionStatus": p.Status,
	}}
}

func (u *User) name() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

func (s *Sandbox) wireUser(u *User) *object {
	var phone *object
	if u.Phone != "" {
		phone = &object{"UserPhone", map[string]any{"raw": u.Phone, "friendly": u.Phone, "isValid": normalized(u.Phone) != ""}}
	}
	return &object{"User", map[string]any{
		"id": u.ID, "name": &object{"Name", map[string]any{"first": u.FirstName, "last": u.LastName, "full": u.name()}},
		"email": &object{"UserEmail", map[string]any{"raw": u.Email, "isValid": strings.Contains(u.Email, "@")}}, "phone": phone,
		"isAccountAdmin": u.Admin, "isAccountOwner": u.Owner, "timezone": s.opts.Zone.String(),
	}}
}
