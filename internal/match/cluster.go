package match

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Link is a person's decision that two records are the same, or are not.
type Link struct {
	A, B     string
	Same     bool
	Decision string // id of the recorded decision; of two on one pair the greater wins
}

// Limits bound what is linked without a person. Zero values mean 200 records
// in a component and 500 pairs in a block.
type Limits struct {
	Component int // records connected by common keys
	Block     int // pairs of records with one key
	// Large names keys known to be above the limit, for callers that give one
	// component at a time and so cannot show the whole of such a block.
	Large map[string]bool
}

func (l Limits) component() int { return cmp.Or(l.Component, 200) }

// TooLarge reports whether a block of n records is above the limit and so
// links nothing by itself.
func (l Limits) TooLarge(n int) bool { return n*(n-1)/2 > cmp.Or(l.Block, 500) }

// A Pair is a question to a person.
type Pair struct {
	A, B    string // A < B
	Why     string
	Verdict Verdict
}

// Cluster decides who is who. It returns every person's id in exactly one
// cluster and the pairs that a person should look at, both sorted; neither
// depends on the order of people or links. Ids must be unique; links that name
// others are passed over.
//
// A cluster never holds a pair that people have said is not the same, and never
// one that contradicts itself (Verdict.Never) unless people have joined it:
// where links would bring such a pair together, every link on a way between the
// two is asked instead. Links between records with one and the same full name
// are made before others, so that "J. Smith" between John and Jane is asked,
// not the two Johns. A component above the limit, or a block above its own,
// links nothing by itself; a chain of its links is asked.
//
// Components do not touch each other: clustering one alone, with the large keys
// named, gives what clustering all gives.
func Cluster(people []Person, links []Link, limits Limits) (clusters [][]string, asks []Pair) {
	c := newClustering(people, links, limits)
	for _, members := range c.components() {
		groups, questions := c.decideComponent(members)
		clusters, asks = append(clusters, groups...), append(asks, questions...)
	}
	asks = append(asks, c.askLargeBlocks(clusters)...)
	slices.SortFunc(clusters, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	// Stable: of two questions on one pair that of the component stays.
	slices.SortStableFunc(asks, func(a, b Pair) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B)) })
	asks = slices.CompactFunc(asks, func(a, b Pair) bool { return a.A == b.A && a.B == b.B })
	return clusters, asks
}

// A clustering numbers the people in the order of their ids.
type clustering struct {
	limits Limits
	people []Person
	keys   [][]string // of each person, without large ones
	blocks map[string][]int
	large  map[string][]int
	must   map[int][]int // by the smaller of the pair
	cannot map[int][]int
}

func newClustering(people []Person, links []Link, limits Limits) *clustering {
	c := &clustering{limits: limits, people: slices.Clone(people), blocks: make(map[string][]int),
		large: make(map[string][]int), must: make(map[int][]int), cannot: make(map[int][]int)}
	slices.SortFunc(c.people, func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
	number := make(map[string]int, len(people))
	for i, p := range c.people {
		number[p.ID] = i
		keys := Keys(p)
		c.keys = append(c.keys, keys)
		for _, key := range keys {
			c.blocks[key] = append(c.blocks[key], i)
		}
	}
	for key, members := range c.blocks {
		if limits.Large[key] || limits.TooLarge(len(members)) {
			c.large[key] = members
			delete(c.blocks, key)
		}
	}
	for i, keys := range c.keys {
		c.keys[i] = slices.DeleteFunc(keys, func(key string) bool { return c.large[key] != nil })
	}
	c.readLinks(links, number)
	return c
}

// readLinks keeps the last decision on each pair. Of two with one id, the one
// that keeps apart wins.
func (c *clustering) readLinks(links []Link, number map[string]int) {
	last := make(map[[2]int]Link)
	for _, l := range links {
		a, okA := number[l.A]
		b, okB := number[l.B]
		if !okA || !okB || a == b {
			continue
		}
		pair := [2]int{min(a, b), max(a, b)}
		if was, ok := last[pair]; !ok || l.Decision > was.Decision || l.Decision == was.Decision && !l.Same {
			last[pair] = l
		}
	}
	for _, pair := range slices.SortedFunc(maps.Keys(last), comparePairs) {
		into := c.cannot
		if last[pair].Same {
			into = c.must
		}
		into[pair[0]] = append(into[pair[0]], pair[1])
	}
}

func comparePairs(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }

// components are the people connected by common keys and by must-links.
func (c *clustering) components() [][]int {
	sets := newSets()
	for _, members := range c.blocks {
		for _, m := range members[1:] {
			sets.join(members[0], m)
		}
	}
	for a, others := range c.must {
		for _, b := range others {
			sets.join(a, b)
		}
	}
	everyone := make([]int, len(c.people))
	for i := range everyone {
		everyone[i] = i
	}
	return sets.groups(everyone)
}

// A link is a pair that Decide, or a person, would join.
type link struct {
	pair    [2]int
	verdict Verdict
}

// decideComponent joins what may be joined: first by people's word, then by
// one full name, then by the other links.
func (c *clustering) decideComponent(members []int) (clusters [][]string, asks []Pair) {
	if len(members) == 1 {
		return [][]string{{c.people[members[0]].ID}}, nil
	}
	verdicts := c.candidates(members)
	sets := newSets()
	var doubtful []link
	join := func(links []link, cannot [][2]int) {
		doubted := inDoubt(sets, links, cannot)
		for i, l := range links {
			if doubted[i] {
				doubtful = append(doubtful, l)
			} else {
				sets.join(l.pair[0], l.pair[1])
			}
		}
	}
	apart := pairsWithin(members, c.cannot)
	join(c.mustWithin(members), apart)

	var named, other, open []link
	for _, l := range verdicts {
		switch {
		case l.verdict.Outcome == Ask || len(members) > c.limits.component():
			open = append(open, l)
		case c.oneName(l.pair):
			named = append(named, l)
		default:
			other = append(other, l)
		}
	}
	apart = append(apart, c.contradictions(sets, members, named, other)...)
	join(named, apart)
	join(other, apart)
	for _, group := range sets.groups(members) {
		clusters = append(clusters, c.ids(group))
	}
	return clusters, c.questions(sets, members, doubtful, open)
}

// candidates are the pairs with a common key that are not different.
func (c *clustering) candidates(members []int) []link {
	seen := make(map[[2]int]bool)
	var out []link
	for _, a := range members {
		for _, key := range c.keys[a] {
			for _, b := range c.blocks[key] {
				pair := [2]int{a, b}
				if a >= b || seen[pair] {
					continue
				}
				seen[pair] = true
				if v := decide(c.people[a], c.people[b], common(c.keys[a], c.keys[b])); v.Outcome != Different {
					out = append(out, link{pair, v})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b link) int { return comparePairs(a.pair, b.pair) })
	return out
}

func (c *clustering) mustWithin(members []int) []link {
	var out []link
	for _, pair := range pairsWithin(members, c.must) {
		out = append(out, link{pair, Verdict{Outcome: Same, Evidence: []string{"a person said that they are the same"}}})
	}
	return out
}

// pairsWithin lists, in order, the pairs of which both are members.
func pairsWithin(members []int, pairs map[int][]int) [][2]int {
	var out [][2]int
	for _, a := range members {
		for _, b := range pairs[a] {
			if _, ok := slices.BinarySearch(members, b); ok {
				out = append(out, [2]int{a, b})
			}
		}
	}
	return out
}

func (c *clustering) oneName(pair [2]int) bool {
	a, b := c.people[pair[0]], c.people[pair[1]]
	return a.Given == b.Given && a.Family == b.Family && a.Suffix == b.Suffix && a.Organization == b.Organization
}

// contradictions are the pairs that the links would bring together although
// they can never be one, except those that people have joined already.
func (c *clustering) contradictions(sets *sets, members []int, linkLists ...[]link) [][2]int {
	joined := sets.clone()
	for _, links := range linkLists {
		for _, l := range links {
			joined.join(l.pair[0], l.pair[1])
		}
	}
	var out [][2]int
	for _, group := range joined.groups(members) {
		if len(group) < 3 {
			continue
		}
		for i, a := range group {
			for _, b := range group[i+1:] {
				if sets.find(a) != sets.find(b) && decide(c.people[a], c.people[b], common(c.keys[a], c.keys[b])).Never {
					out = append(out, [2]int{a, b})
				}
			}
		}
	}
	return out
}

func (c *clustering) ids(group []int) []string {
	out := make([]string, len(group))
	for i, m := range group {
		out[i] = c.people[m].ID
	}
	return out
}

// questions asks once per pair of clusters, the strongest first, and not about
// clusters that people keep apart. Of what a limit stopped it asks a chain.
func (c *clustering) questions(sets *sets, members []int, doubtful, open []link) []Pair {
	apart := make(map[[2]int]bool)
	for _, pair := range pairsWithin(members, c.cannot) {
		apart[sets.ends(pair)] = true
	}
	asked := make(map[[2]int]bool)
	chain := sets.clone()
	var out []Pair
	ask := func(l link, why string) {
		ends := sets.ends(l.pair)
		if ends[0] != ends[1] && !apart[ends] && !asked[ends] {
			asked[ends] = true
			out = append(out, c.pair(l, why))
		}
	}
	for _, l := range doubtful {
		ask(l, "joining them would bring together two that are not the same")
	}
	for _, outcome := range []Outcome{Same, Ask} {
		for _, l := range open {
			switch {
			case l.verdict.Outcome != outcome:
			case len(members) <= c.limits.component():
				ask(l, "the records alone do not decide it")
			case chain.find(l.pair[0]) != chain.find(l.pair[1]):
				chain.join(l.pair[0], l.pair[1])
				ask(l, fmt.Sprintf("they belong to a group of %d records, too many to link without a person", len(members)))
			}
		}
	}
	return out
}

func (c *clustering) pair(l link, why string) Pair {
	return Pair{A: c.people[l.pair[0]].ID, B: c.people[l.pair[1]].ID, Why: why, Verdict: l.verdict}
}

// askLargeBlocks asks about neighbours by name in each block that is too large
// to link: a thousand records of one person become one chain of questions, the
// tenants of one switchboard none.
func (c *clustering) askLargeBlocks(clusters [][]string) []Pair {
	if len(c.large) == 0 {
		return nil
	}
	home := make(map[string]int)
	for i, cluster := range clusters {
		for _, id := range cluster {
			home[id] = i
		}
	}
	apart := make(map[[2]int]bool)
	between := func(a, b int) [2]int {
		x, y := home[c.people[a].ID], home[c.people[b].ID]
		return [2]int{min(x, y), max(x, y)}
	}
	for a, others := range c.cannot {
		for _, b := range others {
			apart[between(a, b)] = true
		}
	}
	var out []Pair
	for key, members := range c.large {
		if !c.limits.TooLarge(len(members)) {
			continue // named as large by the caller, who holds the rest of it
		}
		members = slices.SortedFunc(slices.Values(members), func(a, b int) int {
			x, y := c.people[a], c.people[b]
			return cmp.Or(cmp.Compare(x.Family, y.Family), cmp.Compare(x.Organization, y.Organization),
				cmp.Compare(x.Given, y.Given), cmp.Compare(a, b))
		})
		for i, b := range members[1:] {
			a := members[i]
			v := Decide(c.people[a], c.people[b])
			if at := between(a, b); v.Outcome == Different || at[0] == at[1] || apart[at] {
				continue
			}
			out = append(out, c.pair(link{[2]int{min(a, b), max(a, b)}, v}, fmt.Sprintf(
				"%s is shared by %d records, too many to link without a person", described(key), len(members))))
		}
	}
	// One pair may meet in several large blocks: keep the same reason always.
	slices.SortFunc(out, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B), cmp.Compare(a.Why, b.Why))
	})
	return slices.CompactFunc(out, func(a, b Pair) bool { return a.A == b.A && a.B == b.B })
}

// described puts a key in words.
func described(key string) string {
	kind, value, _ := strings.Cut(key, ":")
	what := map[string]string{"p": "phone", "e": "e-mail", "a": "address", "n": "name"}[kind]
	if i := strings.LastIndexByte(value, '|'); i >= 0 {
		value = value[:i]
	}
	return what + " " + readable(value)
}
