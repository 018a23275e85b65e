package advance

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/record"
)

// An Address is a number with all that was said at it and about it.
type Address struct {
	ID       plumbline.GoldenID `json:"id"`
	Address  string             `json:"address"` // E.164
	Texts    []InboundText      `json:"texts,omitempty"`
	Consents []Consent          `json:"consents,omitempty"`
	Receipts []Receipt          `json:"receipts,omitempty"`
	Refusals []Refusal          `json:"refusals,omitempty"`
}

// An InboundText is a text that came from the number.
type InboundText struct {
	SID        string    `json:"sid"`
	Body       string    `json:"body"`
	To         string    `json:"to"`
	At         time.Time `json:"at"` // of its receipt
	OptOutType string    `json:"opt_out_type,omitempty"`
	Connection string    `json:"connection"`
}

// A Receipt is what a carrier said became of a message of ours.
type Receipt struct {
	SID     string    `json:"sid"`
	Status  string    `json:"status"`
	Rank    int       `json:"rank"`
	Code    int       `json:"code,omitempty"`
	At      time.Time `json:"at"`
	Attempt string    `json:"attempt,omitempty"`
}

// A Refusal is a sender's answer that the number cannot or may not be texted.
type Refusal struct {
	Code    int       `json:"code"`
	Attempt string    `json:"attempt"`
	At      time.Time `json:"at"`
}

// deriveAddress gathers what the records of one number say, in the order in which
// it was received.
func deriveAddress(id plumbline.GoldenID, rows []*record.Row) (*Address, record.Golden) {
	a := &Address{ID: id}
	for _, r := range rows {
		if r.External != "" {
			a.Address = r.External
		}
		for _, p := range r.Readings {
			at := time.UnixMilli(p.Received).UTC()
			for name, v := range p.Fields {
				a.add(r.Connection, name, v, at)
			}
		}
	}
	slices.SortFunc(a.Texts, func(x, y InboundText) int { return order(x.At, y.At, x.SID+db.JSON(x), y.SID+db.JSON(y)) })
	slices.SortFunc(a.Consents, func(x, y Consent) int { return order(x.At, y.At, x.ID+db.JSON(x), y.ID+db.JSON(y)) })
	slices.SortFunc(a.Receipts, func(x, y Receipt) int { return order(x.At, y.At, x.SID+x.Status+db.JSON(x), y.SID+y.Status+db.JSON(y)) })
	slices.SortFunc(a.Refusals, func(x, y Refusal) int { return order(x.At, y.At, x.Attempt+db.JSON(x), y.Attempt+db.JSON(y)) })
	g := record.Golden{ID: id, Kind: plumbline.Address, Why: "{}"}
	if len(rows) > 0 {
		g.Doc = db.JSON(a)
	}
	return a, g
}

func order(a, b time.Time, x, y string) int {
	if c := a.Compare(b); c != 0 {
		return c
	}
	return strings.Compare(x, y)
}

func (a *Address) add(connection, name string, v plumbline.Value, at time.Time) {
	prefix, rest, _ := strings.Cut(name, ":")
	switch prefix {
	case "text":
		for _, t := range listOf[InboundText](v) {
			t.SID, t.At, t.Connection = rest, at, connection
			a.Texts = append(a.Texts, t)
		}
	case "consent":
		for _, c := range listOf[Consent](v) {
			c.ID = rest
			if connection != plumbline.Office {
				c.Connection = connection
			}
			a.Consents = append(a.Consents, c)
		}
	case "receipt":
		for _, r := range listOf[Receipt](v) {
			r.At = at
			r.Attempt, _, _ = strings.Cut(rest, "/")
			a.Receipts = append(a.Receipts, r)
		}
	case "refused":
		for _, r := range listOf[Refusal](v) {
			r.At, r.Attempt = at, rest
			a.Refusals = append(a.Refusals, r)
		}
	}
}

func listOf[T any](v plumbline.Value) []T {
	var list []T
	if json.Unmarshal([]byte(v), &list) != nil {
		return nil
	}
	return list
}
