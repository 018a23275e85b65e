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
// apart: without them, none of the ways is left. Between two sets every link
// of a biconnected part is on some way, so it is whole parts that are marked,
// those on the one way through the tree of parts.
func inDoubt(s *sets, links []link, cannot [][2]int) []bool {
	g := graph{at: make(map[int][]half), order: make(map[int]int), low: make(map[int]int)}
	for i, l := range links {
		g.edge(s.ends(l.pair), i)
	}
	tree := partTree{of: make(map[int][]int)}
	g.parts(tree.add)
	apart := make(map[int][]int)
	for _, pair := range cannot {
		ends := s.ends(pair)
		apart[ends[0]] = append(apart[ends[0]], ends[1])
	}
	doubted := make([]bool, len(links))
	for from, others := range apart {
		for part := range tree.between(from, others) {
			for _, l := range tree.links[part] {
				doubted[l] = true
			}
		}
	}
	return doubted
}

// A partTree knows which biconnected parts meet in which nodes.
type partTree struct {
	links [][]int       // of each part
	nodes [][]int       // of each part
	of    map[int][]int // the parts of each node
}

func (t *partTree) add(edges []half) {
	part := len(t.links)
	var links, nodes []int
	for _, e := range edges {
		links, nodes = append(links, e.link), append(nodes, e.from, e.to)
	}
	slices.Sort(nodes)
	nodes = slices.Compact(nodes)
	t.links, t.nodes = append(t.links, links), append(t.nodes, nodes)
	for _, n := range nodes {
		t.of[n] = append(t.of[n], part)
	}
}

// between returns the parts on the ways from one node to others.
func (t *partTree) between(from int, others []int) map[int]bool {
	type step struct{ node, part int }
	cameBy := map[int]step{from: {from, -1}} // by node: the node before, and the part between
	seen := make(map[int]bool)
	for queue := []int{from}; len(queue) > 0; queue = queue[1:] {
		for _, part := range t.of[queue[0]] {
			if seen[part] {
				continue
			}
			seen[part] = true
			for _, n := range t.nodes[part] {
				if _, ok := cameBy[n]; !ok {
					cameBy[n] = step{queue[0], part}
					queue = append(queue, n)
				}
			}
		}
	}
	out := make(map[int]bool)
	for _, n := range others {
		for s, ok := cameBy[n]; ok && s.part >= 0; s = cameBy[n] {
			out[s.part] = true
			n = s.node
		}
	}
	return out
}

// A half is an edge seen from one end. Edges between the same two are told
// apart by number.
type half struct{ from, to, link, number int }

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
		g.at[from] = append(g.at[from], half{from, ends[1-i], link, g.edges})
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
