package match

import (
	_ "embed"
	"math"
	"strconv"
	"strings"
)

// WeightsVersion names the built-in weights. It changes with them.
const WeightsVersion = 1

// weightTable holds what EstimateWeights gave for labelled sets, without their labels, and
// made-up families.
//
//go:embed tables/weights.csv
var weightTable string

// weights are how many bits a level adds to the odds that two records are one, for those
// that were met in a block. Where Equal stands with how common the value is, its bits are
// what is left of that.
var weights = readWeights(weightTable)

func readWeights(table string) (w [fields][levels]float64) {
	for _, row := range csvRows(table) {
		for f := range fields {
			for l := range levels {
				if row[0] == f.String() && row[1] == l.String() {
					w[f][l], _ = strconv.ParseFloat(row[2], 64) // a test holds that all are there
				}
			}
		}
	}
	return w
}

// counted are the fields in which it counts how common a value is that both have.
var counted = [fields]bool{FamilyName: true, GivenName: true, StreetName: true}

// Frequencies are how often values stand in a set of records, by field.
type Frequencies struct {
	Records int
	Values  [fields]map[string]int
	firsts  map[string]int // first given names
	names   bool           // nearly all names that were guessed at read as people's
}

// aName is how often a given name stands in a list that is one and no slip.
const aName = 5

func (f *Frequencies) isName(given string) bool {
	return known(given) || f != nil && f.firsts[given] >= aName
}

// surely says that a name is a person's, and not one of a firm that reads like one.
func (f *Frequencies) surely(p *Person) bool {
	first, _, _ := strings.Cut(p.Given, " ")
	return p.hasName() && (!p.guessed || f != nil && f.names || f.isName(first))
}

// people says that two are to be compared as people: as one that surely is and another that
// may be.
func (f *Frequencies) people(a, b *Person) bool {
	may := func(p *Person) bool { return p.hasName() || oneWord(p) }
	return f.surely(a) && may(b) || f.surely(b) && may(a)
}

// leastBits is what a value says at the least: one customer may fill half a list.
const leastBits = 4

// bits says how rare a value is.
func (f *Frequencies) bits(field Field, value string) float64 {
	n := f.Values[field][value]
	return min(max(-math.Log2((float64(n)+0.5)/(float64(f.Records)+50)), leastBits), 13)
}

// NewFrequencies counts the values of people.
func NewFrequencies(people []Person) *Frequencies {
	f := &Frequencies{Records: len(people), firsts: map[string]int{}}
	for i := range f.Values {
		if counted[i] {
			f.Values[i] = map[string]int{}
		}
	}
	guessed, named := 0, 0
	for i := range people {
		p := &people[i]
		if p.guessed {
			guessed++
		}
		if p.guessed && p.hasName() {
			named++
		}
		f.Values[FamilyName][joined(p.Family)]++
		f.Values[GivenName][joined(p.Given)]++
		for j := range p.Places {
			f.Values[StreetName][p.Places[j].Street]++
		}
	}
	f.names = guessed > 0 && float64(named) >= mostNames*float64(guessed)
	for i := range people {
		if p := &people[i]; f.names || !p.guessed {
			first, _, _ := strings.Cut(p.Given, " ")
			f.firsts[first]++
		}
	}
	return f
}

// mostNames is the share of names that must read as people's for a list to be one of people.
const mostNames = 0.8

// weigh sums the bits of a comparison.
func (c *Comparison) weigh(f *Frequencies) (sum float64) {
	for field := range fields {
		sum += c.bits(field, f)
	}
	if c.Swapped {
		sum -= 3
	}
	return sum
}

// bits is what a field adds.
func (c *Comparison) bits(field Field, f *Frequencies) float64 {
	l := c.Levels[field]
	switch {
	case l == Missing:
		return 0
	case l == Equal && counted[field]:
		return weights[field][l] + f.bits(field, c.common[field])
	}
	return weights[field][l]
}
