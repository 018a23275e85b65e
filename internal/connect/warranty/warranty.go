// Package warranty knows until when equipment is under warranty, from terms that the shop
// has written down by maker and type. It makes no calls, and does not know whether a piece
// was registered or its warranty passed on.
package warranty

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
)

// Config is a table of terms. The first that fits counts.
type Config struct {
	Terms []Term `json:"terms" yaml:"terms"`
}

// A Term is how long a maker stands in for a type of equipment.
type Term struct {
	Maker  string `json:"maker" yaml:"maker"`   // as it is written on the plate, in any case; empty: any
	Type   string `json:"type" yaml:"type"`     // regular expression over the type; empty: any
	Model  string `json:"model" yaml:"model"`   // regular expression over the model; empty: any
	Months int    `json:"months" yaml:"months"` // from the day of installation
	// Confidence, in percent, is how often the term turns out right; 70.
	Confidence int `json:"confidence" yaml:"confidence"`
}

// Validate says of every term that is wrong what to do about it.
func (c Config) Validate() error {
	var errs []error
	if len(c.Terms) == 0 {
		errs = append(errs, plumbline.Invalidf("add terms with maker, type and months", "warranty: terms: there are none"))
	}
	for i, t := range c.Terms {
		for field, pattern := range map[string]string{"type": t.Type, "model": t.Model} {
			if _, err := regexp.Compile("(?i)" + pattern); err != nil {
				errs = append(errs, plumbline.Invalidf("correct the regular expression", "warranty: terms[%d].%s: %v", i, field, err))
			}
		}
		if t.Months < 1 || t.Months > 600 {
			errs = append(errs, plumbline.Invalidf("write how many months it lasts", "warranty: terms[%d].months: it must lie between 1 and 600", i))
		}
		if t.Confidence < 0 || t.Confidence > 100 {
			errs = append(errs, plumbline.Invalidf("write percent", "warranty: terms[%d].confidence: it must lie between 0 and 100", i))
		}
	}
	return errors.Join(errs...)
}

// A Tool answers by the table.
type Tool struct{ terms []term }

type term struct {
	Term
	typ, model *regexp.Regexp
}

var _ connect.Enricher = (*Tool)(nil)

// New makes the tool of a configuration; terms that Validate refuses are left out.
func New(c Config) *Tool {
	t := &Tool{}
	for _, x := range c.Terms {
		typ, err := regexp.Compile("(?i)" + x.Type)
		model, err2 := regexp.Compile("(?i)" + x.Model)
		if errors.Join(err, err2) == nil {
			t.terms = append(t.terms, term{x, typ, model})
		}
	}
	return t
}

// Enriches names the end of the warranty of equipment.
func (t *Tool) Enriches(kind plumbline.Kind) []string {
	if kind != plumbline.Asset {
		return nil
	}
	return []string{"warranty_until"}
}

// Enrich answers from the table. Without the day of installation nothing is known.
func (t *Tool) Enrich(_ context.Context, q connect.Inquiry) (connect.Finding, error) {
	installed, err := time.Parse(time.DateOnly, q.Known["installed"])
	if err != nil {
		return connect.Finding{Basis: "the day of installation is not known"}, nil
	}
	for _, x := range t.terms {
		if x.Maker != "" && !strings.EqualFold(strings.TrimSpace(q.Known["maker"]), x.Maker) || !x.typ.MatchString(q.Known["type"]) || !x.model.MatchString(q.Known["model"]) {
			continue
		}
		confidence := x.Confidence
		if confidence == 0 {
			confidence = 70
		}
		return connect.Finding{Confidence: confidence, Basis: fmt.Sprintf("the shop's terms: %d months from installation", x.Months),
			Fields: map[string]plumbline.Value{"warranty_until": connect.Value(installed.AddDate(0, x.Months, 0).Format(time.DateOnly))}}, nil
	}
	return connect.Finding{Basis: "the shop's terms say nothing of it"}, nil
}
