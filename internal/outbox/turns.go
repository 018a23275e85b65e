package outbox

import (
	"cmp"
	"slices"
)

// turns shares a quota between locations: each gets as much as its weight says while
// it has anything due, and saves nothing up while it has not.
type turns struct {
	used   map[string]float64 // what each location has had, by its weight
	active []string           // which had anything due when last looked at
	floor  float64            // the least that any of those had had
}

// order lists the locations of lots, the one that has had least first.
func (t *turns) order(lots []lot) (list []string) {
	if t.used == nil {
		t.used = map[string]float64{}
	}
	for _, l := range lots {
		if slices.Contains(list, l.location) {
			continue
		}
		list = append(list, l.location)
		if !slices.Contains(t.active, l.location) {
			t.used[l.location] = max(t.used[l.location], t.floor)
		}
	}
	slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(t.used[a], t.used[b]) })
	if t.active = list; len(list) > 0 {
		t.floor = t.used[list[0]]
	}
	return list
}

// take notes that a location has had a call.
func (t *turns) take(location string, cost int, weights map[string]int) {
	t.used[location] += float64(max(cost, 1)) / float64(max(weights[location], 1))
}
