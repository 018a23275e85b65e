package match

import (
	"maps"
	"slices"
)

// sets are disjoint sets of numbers. A number never joined is a set of its own.
type sets struct{ parent map[int]int }

func newSets() *sets { return &sets{make(map[int]int)} }

func (s *sets) clone() *sets { return &sets{maps.Clone(s.parent)} }

// find names the set of a member by its smallest member.
func (s *sets) find(m int) int {
	root := m
	for up, ok := s.parent[root]; ok; up, ok = s.parent[root] {
		root = up
	}
	for m != root {
		m, s.parent[m] = s.parent[m], root
	}
	return root
}

func (s *sets) join(a, b int) {
	if a, b = s.find(a), s.find(b); a != b {
		s.parent[max(a, b)] = min(a, b)
	}
}

// ends names the sets of a pair, the smaller first.
func (s *sets) ends(pair [2]int) [2]int {
	a, b := s.find(pair[0]), s.find(pair[1])
	return [2]int{min(a, b), max(a, b)}
}

// groups splits members, which are sorted, into their sets.
func (s *sets) groups(members []int) [][]int {
	at := make(map[int]int)
	var out [][]int
	for _, m := range members {
		root := s.find(m)
		i, ok := at[root]
		if !ok {
			i = len(out)
			at[root] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], m)
	}
	return out
}

// inDoubt marks the links that lie on a way between two sets that must stay
// apart. With an edge drawn between each such two, these are the links in one
// biconnected part with such an edge: without them, none of the ways is left.
func inDoubt(s *sets, links []link, cannot [][2]int) []bool {
	g := graph{at: make(map[int][]half), order: make(map[int]int), low: make(map[int]int)}
	for i, l := range links {
		g.edge(s.ends(l.pair), i)
	}
	for _, pair := range cannot {
		g.edge(s.ends(pair), -1)
	}
	doubted := make([]bool, len(links))
	g.parts(func(edges []half) {
		if !slices.ContainsFunc(edges, func(e half) bool { return e.link < 0 }) {
			return
		}
		for _, e := range edges {
			if e.link >= 0 {
				doubted[e.link] = true
			}
		}
	})
	return doubted
}

// A half is an edge seen from one end. Edges between the same two are told
// apart by number.
type half struct{ to, link, number int }

type graph struct {
	at         map[int][]half
	nodes      []int
	order, low map[int]int
	edges      int
	stack      []half
}

func (g *graph) edge(ends [2]int, link int) {
	if ends[0] == ends[1] {
		return
	}
	for i, from := range ends {
		if g.at[from] == nil {
			g.nodes = append(g.nodes, from)
		}
		g.at[from] = append(g.at[from], half{ends[1-i], link, g.edges})
	}
	g.edges++
}

// parts calls each with the edges of every biconnected part (Tarjan).
func (g *graph) parts(each func([]half)) {
	for _, node := range g.nodes {
		if g.order[node] == 0 {
			g.visit(node, -1, each)
		}
	}
}

func (g *graph) visit(node, cameBy int, each func([]half)) {
	g.order[node] = len(g.order) + 1
	g.low[node] = g.order[node]
	for _, e := range g.at[node] {
		switch {
		case e.number == cameBy:
		case g.order[e.to] == 0:
			start := len(g.stack)
			g.stack = append(g.stack, e)
			g.visit(e.to, e.number, each)
			g.low[node] = min(g.low[node], g.low[e.to])
			if g.low[e.to] >= g.order[node] {
				each(g.stack[start:])
				g.stack = g.stack[:start]
			}
		case g.order[e.to] < g.order[node]:
			g.stack = append(g.stack, e)
			g.low[node] = min(g.low[node], g.order[e.to])
		}
	}
}
