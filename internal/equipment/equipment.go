// Package equipment says on which piece of equipment something that was written at a
// property belongs, and writes down what stands there. It is pure: it knows no clock, no
// database and no tool.
package equipment

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"plumbline.dev/plumbline"
)

// A Note is what a technician wrote on a visit, or a line of a bill.
type Note struct {
	Asset plumbline.GoldenID `json:"asset,omitempty"` // the piece that it is about; empty: the property as a whole
	Visit string             `json:"visit,omitempty"`
	At    time.Time          `json:"at"`
	Text  string             `json:"text"`
	Line  bool               `json:"line,omitempty"` // of a bill
}

// Assign says of each note on which of a property's pieces it belongs: the one that it
// names, else the property. Lines of a bill that neither name a piece by its number nor
// are about equipment are left out. Beside is what is said of the job as a whole.
func Assign(notes []Note, units []plumbline.AssetView, beside string, about func(line string) bool) (out []Note) {
	for _, n := range notes {
		standing := slices.DeleteFunc(slices.Clone(units), func(u plumbline.AssetView) bool {
			return u.Retired != "" && u.Retired < n.At.Format(time.DateOnly)
		})
		id, exact, sure := Named(standing, n.Text, beside)
		if n.Line && !exact && !about(n.Text) {
			continue
		}
		if n.Asset = ""; sure {
			n.Asset = id
		}
		out = append(out, n)
	}
	return out
}

// Named returns the one piece that a text names: by its serial number, its model, the
// label of where it stands or, last, its type. Beside is what is said of the job as a
// whole, which counts where the text names nothing, and in which a type is what the job
// was sold as and names nothing. What may be two is none: sure is false. By serial or
// model is exact.
func Named(units []plumbline.AssetView, text, beside string) (id plumbline.GoldenID, exact, sure bool) {
	for i, said := range []string{text, beside} {
		left, exact, any := named(units, wordsOf(said), tiers[:len(tiers)-i])
		if !any {
			continue
		}
		if len(left) == 1 {
			return plumbline.GoldenID(left[0].ID), exact, true
		}
		return "", false, false
	}
	return "", false, false
}

// A tier is a way in which a piece is named.
type tier struct {
	exact bool
	of    func(plumbline.AssetView) []string
	whole bool // the words may be written together or apart
}

// tiers are all ways, the surest first.
var tiers = []tier{
	{true, func(v plumbline.AssetView) []string { return number(v.Serial, 4) }, true},
	{true, func(v plumbline.AssetView) []string { return number(v.Model, 3) }, true},
	{false, func(v plumbline.AssetView) []string { return wordsOf(v.Place) }, false},
	{false, func(v plumbline.AssetView) []string { return wordsOf(v.Type) }, false},
}

// named narrows down which pieces words name. Any: they name some, or contradict each
// other, and then none is left.
func named(units []plumbline.AssetView, said []string, tiers []tier) (left []plumbline.AssetView, exact, any bool) {
	left = units
	for _, tier := range tiers {
		hit := map[string][]string{}
		for _, u := range units {
			words := tier.of(u)
			if len(words) > 0 && (tier.whole && holdsTogether(said, strings.Join(words, "")) || !tier.whole && holds(said, words)) {
				hit[u.ID] = words
			}
		}
		for id, words := range hit { // "upstairs hall" does not name what stands "upstairs"
			for _, longer := range hit {
				if len(longer) > len(words) && holds(longer, words) {
					delete(hit, id)
				}
			}
		}
		if len(hit) == 0 {
			continue
		}
		if len(left) == 1 && any && !tier.exact {
			continue // it is known already; where it stands may be told of something else
		}
		any, exact = true, exact || tier.exact
		left = slices.DeleteFunc(slices.Clone(left), func(u plumbline.AssetView) bool { return hit[u.ID] == nil })
	}
	return left, exact, any
}

// number is a serial number or a model as words, none if it is too short or has no digit:
// it would be found everywhere.
func number(s string, least int) []string {
	words := wordsOf(s)
	if n := len([]rune(strings.Join(words, ""))); n < least || !strings.ContainsFunc(s, unicode.IsDigit) {
		return nil
	}
	return words
}

func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
}

// holds says whether words follow each other in what was said.
func holds(said, words []string) bool {
	for i := 0; i+len(words) <= len(said); i++ {
		if slices.Equal(said[i:i+len(words)], words) {
			return true
		}
	}
	return false
}

// holdsTogether says whether words that follow each other make one when written together.
func holdsTogether(said []string, word string) bool {
	for i := range said {
		rest := word
		for _, s := range said[i:] {
			var ok bool
			if rest, ok = strings.CutPrefix(rest, s); !ok {
				break
			}
			if rest == "" {
				return true
			}
		}
	}
	return false
}

// A Place is a property with what stands there and what was written there.
type Place struct {
	Street string
	Assets []plumbline.AssetView
	Notes  []Note
	Zone   *time.Location
}

// Describe writes what a customer has, a line each: per property each piece with type,
// make, model, serial number, when it was installed, until when it is under warranty and
// the last note on it; then the last note on the property. What is retired is left out.
func Describe(places []Place) string {
	var lines []string
	places = slices.Clone(places)
	slices.SortStableFunc(places, func(a, b Place) int { return strings.Compare(a.Street, b.Street) })
	for _, p := range places {
		assets := slices.Clone(p.Assets)
		slices.SortFunc(assets, func(a, b plumbline.AssetView) int {
			return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.ID, b.ID))
		})
		for _, a := range assets {
			if a.Retired == "" {
				lines = append(lines, line(p.Street, join(", ", Label(a), lead("serial ", a.Serial), a.Place, lead("installed ", a.Installed), lead("warranty to ", a.WarrantyUntil))+
					lead("; ", last(p.Notes, plumbline.GoldenID(a.ID), p.Zone))))
			}
		}
		if note := last(p.Notes, "", p.Zone); note != "" {
			lines = append(lines, line(p.Street, note))
		}
	}
	return strings.Join(lines, "\n")
}

// Label names a piece for people: "AC Carrier 24ACC6".
func Label(a plumbline.AssetView) string { return join(" ", a.Type, a.Maker, a.Model) }

func line(street, text string) string {
	if street == "" {
		return text
	}
	return street + ": " + text
}

// last is the last note on a piece, or on the property, with its day.
func last(notes []Note, asset plumbline.GoldenID, zone *time.Location) string {
	found := Note{}
	for _, n := range notes {
		if n.Asset == asset && n.Text != "" && (found.Text == "" || n.At.After(found.At) || n.At.Equal(found.At) && !n.Line && found.Line) {
			found = n
		}
	}
	if found.Text == "" {
		return ""
	}
	return found.At.In(zone).Format(time.DateOnly) + " " + strings.Join(strings.Fields(found.Text), " ")
}

func lead(word, text string) string {
	if text == "" {
		return ""
	}
	return word + text
}

func join(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}
