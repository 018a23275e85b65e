// Package quality scores what was decided of records against the truth: who is
// whom, what a number or the part of an address is. It reads labelled sets, or
// makes some up, hands them to a rule and puts the figures into a page. It must
// not know the rule: any function from a file to clusters can be scored.
package quality

// A Score is what was found of what there is. What is counted depends on the
// set: pairs of records that are one, or values.
type Score struct {
	True, Found, Right    int     // there are, were found, were found and are
	Precision, Recall, F1 float64 // 0 to 1; where nothing was found precision is 1, where there is nothing recall is
}

func score(there, found, right int) Score {
	s := Score{True: there, Found: found, Right: right, Precision: 1, Recall: 1}
	if found > 0 {
		s.Precision = float64(right) / float64(found)
	}
	if there > 0 {
		s.Recall = float64(right) / float64(there)
	}
	if right > 0 || there == 0 && found == 0 {
		s.F1 = 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
	}
	return s
}

// Pairwise counts pairs of records in one cluster. Both maps go from the id of
// a record to its cluster. The records are those of truth: what got says of
// others is passed over, and a record of which it says nothing is alone. No
// pair is looked at, so that clusters of any size cost the same.
func Pairwise(truth, got map[string]string) Score {
	type cell struct{ truth, got string }
	there, found, right := map[string]int{}, map[string]int{}, map[cell]int{}
	for id, t := range truth {
		there[t]++
		if g := got[id]; g != "" {
			found[g]++
			right[cell{t, g}]++
		}
	}
	return score(pairs(there), pairs(found), pairs(right))
}

// pairs counts the pairs within groups of these sizes.
func pairs[K comparable](sizes map[K]int) (sum int) {
	for _, n := range sizes {
		sum += n * (n - 1) / 2
	}
	return sum
}

// A LabelledPair says of two records whether they are one.
type LabelledPair struct {
	A, B string // ids
	Same bool
}

// Labelled counts the labelled pairs only: found are those that got has in one
// cluster.
func Labelled(labels []LabelledPair, got map[string]string) Score {
	var there, found, right int
	for _, p := range labels {
		joined := got[p.A] != "" && got[p.A] == got[p.B]
		if p.Same {
			there++
		}
		if joined {
			found++
		}
		if p.Same && joined {
			right++
		}
	}
	return score(there, found, right)
}

// Values counts values by id: found are those of which got holds a value, right
// those of which it holds the one of truth. An empty value is none.
func Values(truth, got map[string]string) Score {
	var there, found, right int
	for id, want := range truth {
		value := got[id]
		if want != "" {
			there++
		}
		if value != "" {
			found++
		}
		if want != "" && value == want {
			right++
		}
	}
	return score(there, found, right)
}

// A Mix counts what was joined across a border that nothing should cross.
type Mix struct {
	Clusters int // that hold records of more than one household
	Pairs    int // of records of two households in one cluster
}

// Across counts what got joined across households: such a merge tells one
// family what concerns another, which is worse than a couple made one. Both
// maps go from the id of a record; those of which either says nothing are
// passed over.
func Across(household, got map[string]string) Mix {
	s := Pairwise(household, got)
	first, mixed := map[string]string{}, map[string]bool{}
	for id, h := range household {
		g := got[id]
		if g == "" {
			continue
		}
		if f, ok := first[g]; !ok {
			first[g] = h
		} else if f != h {
			mixed[g] = true
		}
	}
	return Mix{Clusters: len(mixed), Pairs: s.Found - s.Right}
}
