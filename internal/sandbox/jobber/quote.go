package jobber

import (
	"fmt"
	"slices"
)

// The words of quoteStatus.
const (
	draft            = "draft"
	awaitingResponse = "awaiting_response"
	changesRequested = "changes_requested"
	approved         = "approved"
	converted        = "converted"
	archived         = "archived"
)

// NewQuote is what an offer is made of. PropertyID may be empty: the
// client's first; RequestID too.
type NewQuote struct {
	ClientID, PropertyID, RequestID, Title, Message string
	Lines                                           []Line
	TaxPercent                                      int64
}

// CreateQuote makes a draft and sends QUOTE_CREATE. The request it comes from
// is converted.
func (s *Sandbox) CreateQuote(n NewQuote) (Quote, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.place(n.ClientID, n.PropertyID)
	if err == nil && n.RequestID != "" {
		_, err = find(&s.requests, "request", n.RequestID)
	}
	if err != nil {
		return Quote{}, fmt.Errorf("create quote: %w", err)
	}
	q := &Quote{
		ID: s.id("Quote"), Number: fmt.Sprint(s.nextNumber()), ClientID: n.ClientID, PropertyID: p.ID, RequestID: n.RequestID,
		Title: n.Title, Message: n.Message, Status: draft, Lines: s.numbered(n.Lines, "QuoteLineItem"), TaxPercent: n.TaxPercent, Transitioned: s.now(),
	}
	s.create(&q.stamp)
	s.quotes.add(q.ID, q)
	s.emit("QUOTE_CREATE", q.ID)
	s.convertRequest(n.RequestID)
	return cloneQuote(*q), nil
}

// moveQuote brings a quote into a status if it is in one of some.
func (s *Sandbox) moveQuote(doing, id, to string, from []string, topics ...string) error {
	return change(s, &s.quotes, doing, "quote", id, func(q *Quote) ([]string, error) {
		if !slices.Contains(from, q.Status) {
			return nil, fmt.Errorf("it is %s", q.Status)
		}
		s.transition(q, to)
		return update("QUOTE", topics...), nil
	})
}

func (s *Sandbox) transition(q *Quote, to string) {
	q.Status, q.Transitioned = to, s.now()
	switch to {
	case awaitingResponse:
		q.Sent = s.now()
	case approved:
		q.Approved = s.now()
	case changesRequested:
		q.ChangesRequested = s.now()
	case converted:
		q.Converted = s.now()
	}
}

// SendQuote shows the offer to the client and sends QUOTE_SENT.
func (s *Sandbox) SendQuote(id string) error {
	return s.moveQuote("send", id, awaitingResponse, []string{draft, awaitingResponse, changesRequested}, "QUOTE_SENT")
}

// RequestChanges is the client's answer that is neither yes nor no.
func (s *Sandbox) RequestChanges(id string) error {
	return s.moveQuote("request changes of", id, changesRequested, []string{awaitingResponse})
}

// ApproveQuote is the client's yes and sends QUOTE_APPROVED.
func (s *Sandbox) ApproveQuote(id string) error {
	return s.moveQuote("approve", id, approved, []string{draft, awaitingResponse, changesRequested}, "QUOTE_APPROVED")
}

// ArchiveQuote puts an offer away that comes to nothing.
func (s *Sandbox) ArchiveQuote(id string) error {
	return s.moveQuote("archive", id, archived, []string{draft, awaitingResponse, changesRequested, approved})
}

// SetQuoteLines replaces what the offer is about and sends QUOTE_UPDATE.
func (s *Sandbox) SetQuoteLines(id string, lines []Line) error {
	return change(s, &s.quotes, "price", "quote", id, func(q *Quote) ([]string, error) {
		if q.Status == converted || q.Status == archived {
			return nil, fmt.Errorf("it is %s", q.Status)
		}
		q.Lines = s.numbered(lines, "QuoteLineItem")
		return update("QUOTE"), nil
	})
}

// ConvertQuote makes a job of an offer: JOB_CREATE, and QUOTE_UPDATE.
func (s *Sandbox) ConvertQuote(id string) (made Job, err error) {
	err = change(s, &s.quotes, "convert", "quote", id, func(q *Quote) ([]string, error) {
		if q.Status == converted || q.Status == archived {
			return nil, fmt.Errorf("it is %s", q.Status)
		}
		made, err = s.createJob(NewJob{ClientID: q.ClientID, PropertyID: q.PropertyID, QuoteID: q.ID, RequestID: q.RequestID, Title: q.Title, Lines: q.Lines})
		if err != nil {
			return nil, err
		}
		s.transition(q, converted)
		return update("QUOTE"), nil
	})
	return made, err
}

// DeleteQuote removes an offer and sends QUOTE_DESTROY.
func (s *Sandbox) DeleteQuote(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := find(&s.quotes, "quote", id)
	if err != nil {
		return fmt.Errorf("delete quote: %w", err)
	}
	s.destroy(&q.stamp, "QUOTE", id)
	return nil
}

// numbered copies lines and gives each an id and its defaults.
func (s *Sandbox) numbered(lines []Line, kind string) []Line {
	lines = slices.Clone(lines)
	for i := range lines {
		lines[i].ID = s.id(kind)
		if lines[i].Quantity == 0 {
			lines[i].Quantity = 100
		}
	}
	return lines
}

// total is what the line costs.
func (l Line) total() int64 { return (l.UnitPrice*l.Quantity + 50) / 100 }

func subtotal(lines []Line) (sum int64) {
	for _, l := range lines {
		sum += l.total()
	}
	return sum
}

func taxOn(lines []Line, percent int64) int64 {
	var base int64
	for _, l := range lines {
		if l.Taxable {
			base += l.total()
		}
	}
	return (base*percent + 50) / 100
}
