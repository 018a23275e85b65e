package shop

import (
	"cmp"
	"container/heap"
	"time"
)

// agenda holds what is going to happen; equal times go in the order of their
// planning.
type agenda struct {
	items items
	order int
}

type item struct {
	at    time.Time
	order int
	do    func() error
}

func (a *agenda) plan(at time.Time, do func() error) {
	a.order++
	heap.Push(&a.items, item{at, a.order, do})
}

// due takes the first thing that is due at now.
func (a *agenda) due(now time.Time) (item, bool) {
	if len(a.items) == 0 || a.items[0].at.After(now) {
		return item{}, false
	}
	return heap.Pop(&a.items).(item), true
}

// next is the time of the first thing, zero if there is none.
func (a *agenda) next() time.Time {
	if len(a.items) == 0 {
		return time.Time{}
	}
	return a.items[0].at
}

type items []item

func (q items) Len() int { return len(q) }
func (q items) Less(i, j int) bool {
	return cmp.Or(q[i].at.Compare(q[j].at), cmp.Compare(q[i].order, q[j].order)) < 0
}
func (q items) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *items) Push(x any)   { *q = append(*q, x.(item)) }
func (q *items) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
