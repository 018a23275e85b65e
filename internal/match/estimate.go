package match

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// An Estimate is how often pairs are at each level of each field: those that are one, and
// those that are not.
type Estimate struct {
	Same, Other [fields][levels]float64
}

// Bits says how many bits each level adds to the odds; where it counts how common a value
// is, Equal has those that are left beside that.
func (e *Estimate) Bits(f Field, l Level) float64 {
	if l == Equal && counted[f] {
		return math.Log2(e.Same[f][l])
	}
	return min(max(math.Log2(e.Same[f][l]/e.Other[f][l]), -8), 13)
}

// A view is pairs that agree in some fields, on which the others are estimated: of all pairs
// of a block most are neighbors, and an estimate would find those in place of who is one.
type view struct {
	agrees func(*Comparison) bool
	fields []Field
}

var views = []view{
	{func(c *Comparison) bool {
		return c.is(FamilyName, Equal) && c.is(GivenName, Equal) || c.is(OrganizationName, Close)
	},
		[]Field{PhoneNumber, EmailAddress, BirthDate, HouseNumber, StreetName, UnitNumber, PostalCode, CityName}},
	{func(c *Comparison) bool {
		return c.is(EmailAddress, Equal) || c.is(PhoneNumber, Equal) || c.is(HouseNumber, Equal) && c.is(StreetName, Equal) && c.is(PostalCode, Close)
	}, []Field{FamilyName, GivenName, OrganizationName}},
}

// EstimateWeights estimates from sets of records, of which nobody says who is who, how
// often the levels come up: among any two for those that are not one, and by expectation
// and maximization for those that are. Every set has a share of pairs that are one of its
// own. The same sets give the same estimate.
func EstimateWeights(sets [][]Person) *Estimate {
	e := &Estimate{}
	pairs := make([][]Comparison, len(sets))
	for i, people := range sets {
		e.countOthers(people)
		d := newDedupe(people)
		for a, b := range d.candidates() {
			pairs[i] = append(pairs[i], compare(&people[a], &people[b], d.frequencies))
		}
	}
	e.Other = shares(e.Other)
	for f := range fields { // what is equal is likelier to be one: the estimate begins there
		e.Same[f] = [levels]float64{Equal: 80, Close: 10, Alike: 4, Unlike: 1, Differing: 5}
	}
	e.Same = shares(e.Same)
	for _, v := range views {
		e.maximize(pairs, v)
	}
	return e
}

// maximize estimates the fields of a view.
func (e *Estimate) maximize(pairs [][]Comparison, v view) {
	seen := make([][]Comparison, len(pairs))
	prior := make([]float64, len(pairs))
	for i, list := range pairs {
		seen[i], prior[i] = slices.DeleteFunc(slices.Clone(list), func(c Comparison) bool { return !v.agrees(&c) }), 0.5
	}
	for range 40 {
		var same [fields][levels]float64
		for i, list := range seen {
			var sum float64
			for j := range list {
				p := e.likely(&list[j], v.fields, prior[i])
				sum += p
				for _, f := range v.fields {
					same[f][list[j].Levels[f]] += p / float64(len(list)) * 1000 // sets count alike
				}
			}
			prior[i] = min(max(sum/float64(max(len(list), 1)), 1e-4), 0.999)
		}
		same = shares(same)
		for _, f := range v.fields {
			e.Same[f] = same[f]
		}
	}
}

// countOthers counts the levels of pairs taken at random, without those that are likely one.
func (e *Estimate) countOthers(people []Person) {
	rnd := rand.New(rand.NewPCG(1, uint64(len(people))))
	const tries = 200_000
	for range tries {
		a, b := rnd.IntN(len(people)), rnd.IntN(len(people))
		if a == b {
			continue
		}
		c := compare(&people[a], &people[b], nil)
		alike := 0
		for _, f := range []Field{FamilyName, GivenName, OrganizationName, PhoneNumber, EmailAddress, BirthDate, StreetName} {
			if c.is(f, Alike) {
				alike++
			}
		}
		if alike > 1 {
			continue
		}
		for f, l := range c.Levels {
			e.Other[f][l]++
		}
	}
}

// shares makes shares of counts, without what is missing; none is nothing.
func shares(counts [fields][levels]float64) (out [fields][levels]float64) {
	for f := range fields {
		var sum float64
		for l := Equal; l < levels; l++ {
			sum += counts[f][l]
		}
		for l := Equal; l < levels; l++ {
			out[f][l] = max(counts[f][l]/max(sum, 1), 1e-5)
		}
	}
	return out
}

// likely says how likely a pair is one, by some fields.
func (e *Estimate) likely(c *Comparison, by []Field, prior float64) float64 {
	odds := math.Log(prior / (1 - prior))
	for _, f := range by {
		if l := c.Levels[f]; l != Missing {
			odds += math.Log(e.Same[f][l] / e.Other[f][l])
		}
	}
	return 1 / (1 + math.Exp(-odds))
}

// Table writes an estimate as the table of built-in weights.
func (e *Estimate) Table() string {
	var b strings.Builder
	b.WriteString("field,level,bits\n")
	for f := range fields {
		for l := Equal; l < levels; l++ {
			fmt.Fprintf(&b, "%s,%s,%.1f\n", f, l, e.Bits(f, l))
		}
	}
	return b.String()
}

// WeightTable is the table of built-in weights.
func WeightTable() string { return weightTable }
