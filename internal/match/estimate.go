package match

import (
	"math"
	"math/rand/v2"
)

// An Estimate is how often pairs are at each level of each field: those that are one, and
// those that are not.
type Estimate struct {
	Same, Other [fields][levels]float64
}

// Bits says how many bits each level adds to the odds.
func (e *Estimate) Bits(f Field, l Level) float64 { return math.Log2(e.Same[f][l] / e.Other[f][l]) }

// EstimateWeights estimates from sets of records, of which nobody says who is who, how
// often the levels come up: among any two for those that are not one, and by expectation
// and maximization over the pairs of common blocks for those that are. Every set has a
// share of pairs that are one of its own. The same sets give the same estimate.
func EstimateWeights(sets [][]Person) *Estimate {
	var e Estimate
	pairs := make([][]Comparison, len(sets))
	for i, people := range sets {
		e.countOthers(people)
		d := newDedupe(people)
		for pair := range d.candidates() {
			pairs[i] = append(pairs[i], compare(&people[pair[0]], &people[pair[1]], d.frequencies))
		}
	}
	e.Other = shares(e.Other)
	for f := range fields {
		for l := range levels {
			e.Same[f][l] = math.Exp2(weights[f][l]) * e.Other[f][l]
		}
		e.Same[f][Equal] = max(e.Same[f][Equal], 0.7)
	}
	e.Same = shares(e.Same)
	prior := make([]float64, len(sets))
	for i := range prior {
		prior[i] = 0.1
	}
	for range 30 {
		var same [fields][levels]float64
		for i, list := range pairs {
			var sum float64
			for j := range list {
				p := e.likely(&list[j], prior[i])
				sum += p
				for f, l := range list[j].Levels {
					same[f][l] += p / float64(len(list)) * 1000 // sets count alike
				}
			}
			prior[i] = min(max(sum/float64(len(list)), 1e-4), 0.999)
		}
		e.Same = shares(same)
	}
	return &e
}

// countOthers counts the levels of pairs taken at random.
func (e *Estimate) countOthers(people []Person) {
	rnd := rand.New(rand.NewPCG(1, uint64(len(people))))
	const tries = 100_000
	for range tries {
		a, b := rnd.IntN(len(people)), rnd.IntN(len(people))
		if a == b {
			continue
		}
		c := compare(&people[a], &people[b], nil)
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
			counts[f][l] += 1e-3 * float64(1)
			sum += counts[f][l]
		}
		for l := Equal; l < levels; l++ {
			out[f][l] = max(counts[f][l]/sum, 1e-6)
		}
	}
	return out
}

func (e *Estimate) likely(c *Comparison, prior float64) float64 {
	odds := math.Log(prior / (1 - prior))
	for f, l := range c.Levels {
		if l != Missing {
			odds += math.Log(e.Same[f][l] / e.Other[f][l])
		}
	}
	return 1 / (1 + math.Exp(-odds))
}
