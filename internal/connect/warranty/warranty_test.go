package warranty_test

import (
	"strings"
	"testing"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/connect"
	"plumbline.dev/plumbline/internal/connect/connecttest"
	"plumbline.dev/plumbline/internal/connect/warranty"
)

func asset(pairs ...string) connect.Inquiry {
	q := connect.Inquiry{Kind: plumbline.Asset, Known: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		q.Known[pairs[i]] = pairs[i+1]
	}
	return q
}

func TestTheFirstTermThatFitsCounts(t *testing.T) {
	tool := warranty.New(warranty.Config{Terms: []warranty.Term{{Maker: "Carrier", Type: "furnace", Months: 240, Confidence: 80}, {Maker: "Carrier", Months: 120}, {Type: "water heater", Months: 72}}})
	connecttest.TestEnricher(t, connecttest.Enricher{Enricher: tool, Known: asset("maker", "carrier", "installed", "2020-05-04"), Unknown: asset("maker", "Trane", "installed", "2020-05-04")})
	for want, q := range map[string]connect.Inquiry{
		`"2040-05-04"`: asset("maker", "CARRIER", "type", "Gas Furnace", "installed", "2020-05-04"),
		`"2030-05-04"`: asset("maker", "Carrier", "type", "AC", "installed", "2020-05-04"),
		`"2026-05-04"`: asset("maker", "Rheem", "type", "Water heater", "installed", "2020-05-04"),
		"":             asset("maker", "Carrier", "type", "AC"),
	} {
		if f, err := tool.Enrich(t.Context(), q); err != nil || string(f.Fields["warranty_until"]) != want {
			t.Errorf("%v is under warranty until %s, %v, want %s", q.Known, f.Fields["warranty_until"], err, want)
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for field, c := range map[string]warranty.Config{"terms": {}, "months": {Terms: []warranty.Term{{Maker: "x"}}}, "terms[0].type": {Terms: []warranty.Term{{Type: "(", Months: 1}}},
		"confidence": {Terms: []warranty.Term{{Months: 1, Confidence: 101}}}} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
