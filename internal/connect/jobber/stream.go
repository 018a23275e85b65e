package jobber

import (
	"slices"
	"time"

	"plumbline.dev/plumbline"
)

// A stream is one list, and the ways of asking it that find what changed.
type stream struct {
	entity entity
	kind   plumbline.Kind
	prefix string // of our ids
	list   string // field of Query
	filter string // the type of its filter, if it has one
	dated  bool   // rows tell when they were changed
	passes func(mark, began time.Time) []pass
}

// A pass is one way of asking a list, newest first. It is read to its end or to what
// ends it before.
type pass struct {
	sort   string         // as the query has it; empty: the vendor's order
	filter map[string]any // ranges and words, by the vendor's names
	by     string         // the member by whose time rows are ordered, if they are by one
	// keyed: the filter can bound that time from above. Page borders are then instants and
	// not places in the list, which shifts when rows come and go.
	keyed bool
	until time.Time // the first row older than this ends it
	once  bool      // the first page only
	heads bool      // rows that stood first at the last poll and have not changed end it
}

// overlap is read again on every poll: a row can become visible after rows that were
// changed later, and the vendor's clock need not agree with ours.
const overlap = 5 * time.Minute

// streams are the lists by the names that cursors are kept under. That lists without a
// sort come with what was changed last first is what the schema's remarks say ("100
// recently updated"); the words by which requests and quotes can be sorted have none for
// it. If they come otherwise they are read by the vendor's own cursors.
var streams = map[string]stream{
	"clients": {
		entity: clients, kind: plumbline.Customer, list: "clients", filter: "ClientFilterAttributes", dated: true,
		passes: byUpdate("{key: UPDATED_AT, direction: DESCENDING}"),
	},
	"requests": {
		entity: requests, kind: plumbline.Job, prefix: requestPrefix, list: "requests", filter: "RequestFilterAttributes", dated: true,
		passes: byUpdate(""),
	},
	"quotes": {
		entity: quotes, kind: plumbline.Job, prefix: quotePrefix, list: "quotes", filter: "QuoteFilterAttributes", dated: true,
		passes: byUpdate(""),
	},
	"invoices": {
		entity: invoices, kind: plumbline.Invoice, list: "invoices", filter: "InvoiceFilterAttributes", dated: true,
		passes: byUpdate("[{key: UPDATED_AT, direction: DESCENDING}, {key: INVOICE_NUMBER, direction: DESCENDING}]"),
	},
	"jobs":       {entity: jobs, kind: plumbline.Job, list: "jobs", dated: true, passes: downToMark},
	"visits":     {entity: visits, kind: plumbline.Visit, list: "visits", filter: "VisitFilterAttributes", passes: byWindows},
	"payments":   {entity: payments, kind: plumbline.Payment, list: "paymentRecords", filter: "PaymentRecordFilterAttributes", passes: byHeads},
	"properties": {entity: properties, kind: plumbline.Property, list: "properties", passes: entire},
	"users":      {entity: users, kind: plumbline.Technician, list: "users", passes: entire},
}

// Streams names what can be paged through.
func (t *Tool) Streams() []string {
	names := make([]string, 0, len(streams))
	for name := range streams {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// byUpdate asks for what was changed since, or for everything. What changes while the
// list is read moves to its front, behind the reader, where the next poll finds it.
func byUpdate(sort string) func(mark, began time.Time) []pass {
	return func(mark, _ time.Time) []pass {
		p := pass{sort: sort, by: "updatedAt", keyed: true, filter: map[string]any{}}
		if !mark.IsZero() {
			p.filter["updatedAt"] = after(mark.Add(-overlap))
		}
		return []pass{p}
	}
}

// downToMark reads jobs, which cannot be filtered by their change, from the newest change
// back to the mark. The job's number orders those that were changed at one instant.
func downToMark(mark, _ time.Time) []pass {
	p := pass{sort: "[{key: UPDATED_AT, direction: DESCENDING}, {key: JOB_NUMBER, direction: DESCENDING}]", by: "updatedAt"}
	if !mark.IsZero() {
		p.until = mark.Add(-overlap)
	}
	return []pass{p}
}

// A window is when visits that lie there are asked for at every poll.
const (
	windowBack  = 2 * 24 * time.Hour
	windowAhead = 60 * 24 * time.Hour
)

// byWindows reads visits, of which no list tells a change: those of the days around now,
// those that have no day (they may have lost it), and those that were completed or made
// since. What changes of other visits shows only under their job: a visit far ahead that
// is moved, one of long ago whose completion is taken back.
//
// Of a series Jobber announces the first visit only; here stand all.
func byWindows(mark, began time.Time) []pass {
	const sort = "[{key: CREATED_AT, direction: DESCENDING}, {key: START_AT, direction: ASCENDING}]"
	of := func(filter map[string]any) pass {
		return pass{sort: sort, by: "createdAt", keyed: true, filter: filter}
	}
	if mark.IsZero() {
		return []pass{of(map[string]any{})}
	}
	since := after(mark.Add(-overlap))
	around := after(began.Add(-windowBack))
	around["before"] = began.Add(windowAhead).UTC().Format(time.RFC3339)
	return []pass{
		of(map[string]any{"startAt": around}),
		of(map[string]any{"status": "UNSCHEDULED"}),
		of(map[string]any{"completedAt": since}),
		of(map[string]any{"createdAt": since}),
	}
}

// byHeads reads payments, which can be sorted by their change but do not show it: from
// the front of the list, until enough of those that stood there at the last poll come as
// they were. A payment that was changed beneath ten others which were touched without a
// trace would be missed; its webhook tells of it. The first time everything is read by the
// date of entry.
func byHeads(mark, _ time.Time) []pass {
	front := pass{sort: "{key: UPDATED_AT, direction: DESCENDING}", heads: true}
	if !mark.IsZero() {
		return []pass{front}
	}
	front.once = true
	return []pass{front, {sort: "{key: ENTRY_DATE, direction: DESCENDING}", by: "entryDate", keyed: true, filter: map[string]any{}}}
}

// entire reads lists that can be neither filtered nor sorted, all of them at every poll.
func entire(time.Time, time.Time) []pass { return []pass{{}} }

// after is a range of the vendor's, which holds both its ends.
func after(at time.Time) map[string]any {
	return map[string]any{"after": at.UTC().Format(time.RFC3339)}
}
