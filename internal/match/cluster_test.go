package match

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// people reads "id: Family, Given | phone | ..." lines.
func people(lines ...string) []Person {
	var out []Person
	for _, line := range lines {
		id, text, _ := strings.Cut(line, ":")
		out = append(out, person(id, text))
	}
	return out
}

func told(clusters [][]string) string {
	var out []string
	for _, c := range clusters {
		out = append(out, strings.Join(c, "+"))
	}
	return strings.Join(out, " ")
}

func asked(pairs []Pair) string {
	var out []string
	for _, p := range pairs {
		out = append(out, p.A+"?"+p.B)
	}
	return strings.Join(out, " ")
}

func TestClusters(t *testing.T) {
	const p, q = "|208-201-0001", "|208-202-0002"
	must := func(a, b, decision string) Link { return Link{a, b, true, decision} }
	cannot := func(a, b, decision string) Link { return Link{a, b, false, decision} }
	for _, c := range []struct {
		name          string
		people        []Person
		links         []Link
		clusters, ask string
	}{
		{"nobody", nil, nil, "", ""},
		{"two phones joined by a third record", people("a:Smith, Bob"+p, "b:Smith, Robert"+p+" 208-202-0002", "c:Smith, Bob"+q), nil, "a+b+c", ""},
		{"an initial between two names is asked", people("a:Smith, John"+p, "b:Smith, John"+p, "c:Smith, J"+p, "d:Smith, Jane"+p), nil, "a+b c d", "a?c c?d"},
		{"a bare name between father and son is asked", people("a:Smith Jr, John"+p, "b:Smith, John"+p, "c:Smith Sr, John"+p), nil, "a b c", "a?b b?c"},
		{"people's word joins", people("a:Smith, Bob"+p, "b:Jones, Ann"+q), []Link{must("a", "b", "1")}, "a+b", ""},
		{"people's word keeps apart and is not asked again", people("a:Smith, Bob"+p, "b:Smith, Bob"+p), []Link{cannot("b", "a", "1")}, "a b", ""},
		{"the later decision wins", people("a:Smith, Bob"+p, "b:Smith, Bob"+p), []Link{cannot("a", "b", "1"), must("b", "a", "2")}, "a+b", ""},
		{"a third never joins what people keep apart", people("a:Smith, Bob"+p, "b:Smith, Bob"+p, "c:Smith, Bob"+p), []Link{cannot("a", "b", "1")}, "a b c", "a?c b?c"},
		{"others of the group are joined all the same", people("a:Smith, Bob"+p, "b:Smith, Bob"+p+" 208-202-0002", "c:Smith, Bob"+q, "d:Smith, Robert"+q), []Link{cannot("a", "b", "1")}, "a b+c+d", ""},
		{"people who contradict each other are asked", people("a:A, X"+p, "b:B, Y"+p, "c:C, Z"+p), []Link{must("a", "b", "1"), must("b", "c", "2"), cannot("a", "c", "3")}, "a b c", "a?b b?c"},
		{"people may join father and son", people("a:Smith Jr, John"+p, "b:Smith Sr, John"+p), []Link{must("a", "b", "1")}, "a+b", ""},
		{"links to others are passed over", people("a:Smith, Bob" + p), []Link{must("a", "z", "1"), cannot("a", "a", "2")}, "a", ""},
		{"the undecidable is asked", people("a:Rossi, Mario"+p, "b:Rossi, Maria"+p), nil, "a b", "a?b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clusters, asks := Cluster(c.people, c.links, Limits{})
			if told(clusters) != c.clusters || asked(asks) != c.ask {
				t.Errorf("clusters %q, asks %q, want %q, %q", told(clusters), asked(asks), c.clusters, c.ask)
			}
		})
	}
}

func TestAGroupTooLargeIsAskedAsAChain(t *testing.T) {
	var all []Person
	for i := range 12 { // each shares a phone with the next only
		all = append(all, person(fmt.Sprintf("r%02d", i), fmt.Sprintf("Smith, Bob|208-201-00%02d 208-201-00%02d", i, i+1)))
	}
	clusters, asks := Cluster(all, nil, Limits{Component: 12})
	if len(clusters) != 1 || len(asks) != 0 {
		t.Errorf("at the limit: %d clusters, %d asks, want one and none", len(clusters), len(asks))
	}
	clusters, asks = Cluster(all, []Link{{"r00", "r01", true, "1"}}, Limits{Component: 11})
	if len(clusters) != 11 || len(asks) != 10 {
		t.Errorf("above the limit: %d clusters, %d asks, want what people joined, and a chain of ten", len(clusters), len(asks))
	}
}

func TestABlockTooLargeLinksNothingByItself(t *testing.T) {
	var all []Person
	for i := range 33 { // 528 pairs of one phone
		all = append(all, person(fmt.Sprintf("r%02d", i), fmt.Sprintf("%s, Bob|208-201-0001", strings.Repeat(string(rune('a'+i%26)), 4+i/26))))
	}
	all = append(all[:31], person("x1", "Smith, Bob|208-201-0001|bob@x.com"), person("x2", "Smith, Bob|208-201-0001|bob@x.com"), person("x3", "Smith, Bob|208-201-0001"))
	clusters, asks := Cluster(all, nil, Limits{})
	if got := clusters[len(clusters)-2]; !slices.Equal(got, []string{"x1", "x2"}) || len(clusters) != 33 {
		t.Errorf("%d clusters, %v, want only x1 and x2 joined, by e-mail", len(clusters), got)
	}
	if asked(asks) != "x2?x3" {
		t.Errorf("asks %q, want the one neighbour by name", asked(asks))
	}
	clusters, _ = Cluster(all, nil, Limits{Block: 600})
	if got := clusters[len(clusters)-1]; !slices.Equal(got, []string{"x1", "x2", "x3"}) {
		t.Errorf("within the limit %v, want all three", got)
	}
}

// crowd draws people who meet often, and decisions about them.
func crowd(t *rapid.T) (all []Person, links []Link) {
	n := rapid.IntRange(0, 9).Draw(t, "people")
	for i := range n {
		all = append(all, someone(t, fmt.Sprint("r", i)))
	}
	if n > 0 {
		for i := range rapid.IntRange(0, 4).Draw(t, "links") {
			id := rapid.Custom(func(t *rapid.T) string { return fmt.Sprint("r", rapid.IntRange(0, n-1).Draw(t, "id")) })
			links = append(links, Link{id.Draw(t, "a"), id.Draw(t, "b"), rapid.Bool().Draw(t, "same"), fmt.Sprint(i)})
		}
	}
	return all, links
}

func someLimits(t *rapid.T) Limits {
	return Limits{Component: rapid.SampledFrom([]int{0, 4}).Draw(t, "component"), Block: rapid.SampledFrom([]int{0, 3}).Draw(t, "block")}
}

func TestOrderOfInputDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, links := crowd(t)
		limits := someLimits(t)
		clusters, asks := Cluster(all, links, limits)
		again, askAgain := Cluster(rapid.Permutation(all).Draw(t, "order"), rapid.Permutation(links).Draw(t, "order of links"), limits)
		if !reflect.DeepEqual(clusters, again) || !reflect.DeepEqual(asks, askAgain) {
			t.Fatalf("%v %+v, in another order %v %+v", clusters, asks, again, askAgain)
		}
	})
}

func TestPeoplesWordHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, links := crowd(t)
		clusters, asks := Cluster(all, links, someLimits(t))
		home, byID := make(map[string]int), make(map[string]Person)
		for i, c := range clusters {
			for _, id := range c {
				home[id] = i
			}
		}
		for _, p := range all {
			byID[p.ID] = p
		}
		if len(home) != len(all) {
			t.Fatalf("%d people in %v", len(all), clusters)
		}
		last, same := make(map[[2]string]bool), 0
		for _, l := range links {
			last[[2]string{min(l.A, l.B), max(l.A, l.B)}] = l.Same
		}
		for pair, together := range last {
			if !together && pair[0] != pair[1] && home[pair[0]] == home[pair[1]] {
				t.Fatalf("%v are kept apart by people, yet in %v", pair, clusters)
			}
			if together {
				same++
			}
		}
		for pair, together := range last { // with one must-link only, nothing can contradict it
			if together && same == 1 && home[pair[0]] != home[pair[1]] {
				t.Fatalf("%v are joined by people, yet apart in %v", pair, clusters)
			}
		}
		if same == 0 { // only people may join what contradicts itself
			for _, c := range clusters {
				for i := range c {
					for j := range i {
						if Decide(byID[c[i]], byID[c[j]]).Never {
							t.Fatalf("%v holds a contradiction", c)
						}
					}
				}
			}
		}
		for _, p := range asks {
			if home[p.A] == home[p.B] {
				t.Fatalf("%v is asked about one cluster", p)
			}
		}
	})
}

// One at a time, each time deciding again only the components that the new
// record touches, comes to the same as all at once.
func TestIncrementalEqualsBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, links := crowd(t)
		limits := someLimits(t)
		want, _ := Cluster(all, links, limits)

		var known []Person
		stored := make(map[string][]string) // by member
		for _, p := range rapid.Permutation(all).Draw(t, "arrival") {
			known = append(known, p)
			sizes := make(map[string]int)
			for _, k := range known {
				for _, key := range Keys(k) {
					sizes[key]++
				}
			}
			alone := limits
			alone.Large = make(map[string]bool)
			for key, n := range sizes {
				alone.Large[key] = limits.TooLarge(n)
			}
			// What shared a key with the newcomer may have rested on a block
			// that is too large now, so it is decided again as well.
			for _, component := range touched(known, p, links) {
				clusters, _ := Cluster(component, links, alone)
				for _, c := range clusters {
					for _, id := range c {
						stored[id] = c
					}
				}
			}
		}
		for _, c := range want {
			for _, id := range c {
				if !slices.Equal(stored[id], c) {
					t.Fatalf("%s came into %v one by one, %v at once", id, stored[id], c)
				}
			}
		}
	})
}

// touched are the people connected with one by any keys and links.
func touched(known []Person, p Person, links []Link) [][]Person {
	in := map[string]bool{p.ID: true}
	for grew := true; grew; {
		grew = false
		for _, a := range known {
			for _, b := range known {
				linked := slices.ContainsFunc(links, func(l Link) bool { return l.Same && (l.A == a.ID && l.B == b.ID || l.A == b.ID && l.B == a.ID) })
				if in[a.ID] && !in[b.ID] && (linked || len(common(Keys(a), Keys(b))) > 0) {
					in[b.ID], grew = true, true
				}
			}
		}
	}
	var out []Person
	for _, k := range known {
		if in[k.ID] {
			out = append(out, k)
		}
	}
	return [][]Person{out}
}

func BenchmarkCluster(b *testing.B) {
	var all []Person
	for i := range 2000 {
		all = append(all, person(fmt.Sprint("r", i), fmt.Sprintf("Family%c%c, Bob|208-%03d-%04d", 'a'+i%26, 'a'+i/26%26, 201+i/1000, i/2)))
	}
	for b.Loop() {
		Cluster(all, nil, Limits{})
	}
}
