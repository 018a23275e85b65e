package jobber

import (
	"fmt"
	"strconv"
	"strings"
)

// An entity is one of the vendor's types that we read: how one is asked for, and what
// of it. Selections are small, because what a query may cost is charged before it runs,
// and because one field that a version has lost fails the whole query.
//
// The cost that a comment states is that of one object, counted as points counts it.
type entity struct {
	field     string // of Query, by id; also the name in an answer's body
	typ       string // what the selection is of
	selection string
}

var (
	// 19 points
	clients = entity{"client", "Client", `id firstName lastName companyName
		emails { address primary }
		phones { number description primary smsAllowed }
		billingAddress { street1 city province postalCode }
		createdAt updatedAt`}

	// 10 points
	properties = entity{"property", "Property", `id client { id } address { street1 street2 city province postalCode country }`}

	// 30 points
	requests = entity{"request", "Request", `id title source jobberWebUri createdAt updatedAt
		client { id } property { id }
		assessment { startAt endAt allDay completedAt ` + assigned + ` }`}

	// 13 points
	quotes = entity{"quote", "Quote", `id quoteNumber title quoteStatus jobberWebUri createdAt updatedAt
		client { id } property { id } amounts { total }`}

	// 243 points, nearly all of them for ten visits
	jobs = entity{"job", "Job", `id jobNumber title jobStatus completedAt createdAt updatedAt total jobberWebUri
		client { id } property { id }
		visits(first: 10) { nodes { ` + trip + ` } pageInfo { hasNextPage } }`}

	// 9 points: what changes of a job that is known, where no visit of it does
	changedJobs = entity{"job", "Job", `id title jobStatus completedAt updatedAt total property { id }`}

	// 23 points
	visits = entity{"visit", "Visit", trip + ` job { id }`}

	// 169 points
	invoices = entity{"invoice", "Invoice", `id invoiceNumber invoiceStatus issuedDate dueDate receivedDate createdAt updatedAt
		client { id } amounts { total tipsTotal invoiceBalance }
		jobs(first: 5) { nodes { id } pageInfo { hasNextPage } }
		lineItems(first: 20) { nodes { id name description quantity totalPrice } pageInfo { hasNextPage } }`}

	// 11 points: what changes of an invoice that is known
	changedInvoices = entity{"invoice", "Invoice", `id invoiceStatus issuedDate dueDate receivedDate updatedAt
		amounts { total tipsTotal invoiceBalance }`}

	// 11 points
	payments = entity{"paymentRecord", "PaymentRecordInterface", `__typename id rawAmount entryDate paymentType
		client { id } invoice { id }
		... on JobberPaymentsCreditCardPaymentRecord { transactionStatus }
		... on JobberPaymentsACHPaymentRecord { transactionStatus }`}

	// 8 points
	users = entity{"user", "User", `id name { first last } email { raw } phone { raw }`}
)

// trip is what is read of a visit wherever it stands.
const trip = `id startAt endAt allDay completedAt createdAt ` + assigned

// assigned lists who goes. More than five are not known to go to one place.
const assigned = `assignedUsers(first: 5) { nodes { id } pageInfo { hasNextPage } }`

// A query is one question, and what it may cost.
type query struct {
	shape string // names queries of one cost
	text  string
	cost  float64 // counted by us, for as long as the vendor has not told it
}

// byID asks for n objects by the variables id0, id1, ...: each under an alias, so that one
// that is not there hurts no other.
func (e entity) byID(n int) query {
	var vars, fields strings.Builder
	for i := range n {
		fmt.Fprintf(&vars, "$id%d: EncodedId! ", i)
		fmt.Fprintf(&fields, "  %s: %s(id: $id%d) { ...fields }\n", alias(i), e.field, i)
	}
	return query{
		shape: fmt.Sprintf("%s/%d of %d", e.field, n, points(e.selection)),
		text:  fmt.Sprintf("query(%s) {\n%s}\nfragment fields on %s { %s }", vars.String(), fields.String(), e.typ, e.selection),
		cost:  float64(n * (1 + points(e.selection))),
	}
}

func alias(i int) string { return "a" + strconv.Itoa(i) }

// page asks for a page of a list. Declared and used are the variables that the list
// takes besides the cursor: "$filter: ClientFilterAttributes", "filter: $filter". Counted
// asks how many rows there are in all.
func (e entity) page(list string, size int, declared, used string, counted bool) query {
	about := "pageInfo { endCursor hasNextPage }"
	if counted {
		about += " totalCount"
	}
	return query{
		shape: fmt.Sprintf("%s/%d %s %t", list, size, used, counted),
		text: fmt.Sprintf("query($after: String %s) {\n  %s(first: %d, after: $after %s) { nodes { %s } %s }\n}",
			declared, list, size, used, e.selection, about),
		cost: float64(size * points(e.selection+" "+about)),
	}
}

// points counts what a selection of ours may cost by the vendor's page on rate limits: each
// field costs 1; edges, nodes and node nothing; a connection as often what is asked in
// it as rows are asked for. That the connection itself costs nothing and its pageInfo
// counts with each row is our reading, and on the safe side.
func points(selection string) int {
	s := scanner{text: selection}
	return s.selection()
}

// A scanner goes through a selection, which has no strings and no variables.
type scanner struct{ text string }

// selection counts to the closing brace, or the end.
func (s *scanner) selection() (sum int) {
	for {
		word := s.next()
		switch word {
		case "", "}":
			return sum
		case "...": // "... on Type {": its fields stand beside the others
			s.next()
			s.next()
			s.next()
			sum += s.selection()
			continue
		}
		sum += s.field(word)
	}
}

func (s *scanner) field(name string) int {
	rows, inside, isSelected := s.first(), 0, s.take("{")
	if isSelected {
		inside = s.selection()
	}
	switch {
	case rows > 0:
		return rows * inside
	case name == "nodes" || name == "edges" || name == "node":
		return inside
	}
	return 1 + inside
}

// first reads the argument "(first: 10)".
func (s *scanner) first() int {
	if !s.take("(") {
		return 0
	}
	args, rest, _ := strings.Cut(s.text, ")")
	s.text = rest
	n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(args, "first:")))
	return n
}

func (s *scanner) take(word string) bool {
	rest, ok := strings.CutPrefix(strings.TrimSpace(s.text), word)
	if ok {
		s.text = rest
	}
	return ok
}

func (s *scanner) next() string {
	s.text = strings.TrimSpace(s.text)
	n := 1
	if i := strings.IndexAny(s.text, " \n\t(){}"); i != 0 {
		n = i
	}
	if n < 0 || s.text == "" {
		n = len(s.text)
	}
	word := s.text[:n]
	s.text = s.text[n:]
	return word
}
