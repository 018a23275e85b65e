package match

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"plumbline.dev/plumbline"
)

// largestBlock is how many records with one key are compared with each other. Of more, a
// key is no evidence, and there are finer ones.
const largestBlock = 16

// A Weighed is a pair of records with how likely they are one.
type Weighed struct {
	A, B    int
	Bits    float64
	Outcome Outcome
	Never   bool
	Partial bool // asked only since one gives its name in part
}

// Dedupe finds who is who among people: it returns for each the number of its cluster, in
// the order of the first member, and the pairs of which a person should decide. The order
// of people does not matter but for the numbers.
func Dedupe(people []Person) (clusters []int, asks []Weighed) {
	d := newDedupe(people)
	return d.cluster(d.weighAll())
}

func newDedupe(people []Person) *dedupe {
	return &dedupe{people: people, frequencies: NewFrequencies(people), prior: math.Log2(float64(max(len(people), 2))), homes: HomesOnly(people)}
}

type dedupe struct {
	people      []Person
	frequencies *Frequencies
	prior       float64
	homes       bool // nobody has a phone or a mailbox
}

// HomesOnly says that a list knows addresses, and of nobody a phone or a mailbox: it is a list
// of homes, in which people of one home are one customer, unless they were born on different
// days.
func HomesOnly(people []Person) bool {
	return slices.ContainsFunc(people, func(p Person) bool { return len(p.Places) > 0 }) &&
		!slices.ContainsFunc(people, func(p Person) bool { return len(p.Phones)+len(p.Local)+len(p.Emails) > 0 })
}

// weigh compares two records, of which A is the one whose id comes first: in whatever order
// they are given, they weigh the same.
func (d *dedupe) weigh(a, b int) Weighed {
	if d.people[a].ID > d.people[b].ID {
		a, b = b, a
	}
	x, y := &d.people[a], &d.people[b]
	var c Comparison
	c.compareNames(x, y, d.frequencies)
	if c.Levels[GivenName] == Differing && !d.homes { // as in most pairs of a block
		return Weighed{A: a, B: b, Outcome: Different, Never: true}
	}
	c.compareRest(x, y)
	over := c.weigh(d.frequencies) - d.prior
	w := Weighed{A: a, B: b, Bits: over}
	if d.homes && d.frequencies.people(x, y) {
		w.Outcome, w.Never = c.ofHomes(x, y, over)
	} else {
		w.Outcome, w.Never, w.Partial = c.outcome(x, y, d.frequencies, over)
	}
	return w
}

// shards are into how many parts the keys are cut, each of which is sorted by itself.
const shards = 16

// weighAll weighs all pairs that share a key, and returns those that may be one.
func (d *dedupe) weighAll() []Weighed {
	x := d.index()
	found := make([][]Weighed, shards+1)
	plumbline.Each(len(found), func(shard int) {
		pairs := x.pairs(shard)
		if shard == shards {
			pairs = d.neighbors(x)
		}
		for a, b := range pairs {
			if w := d.weigh(int(a), int(b)); w.Outcome != Different {
				found[shard] = append(found[shard], w)
			}
		}
	})
	return slices.Concat(found...)
}

// candidates are the pairs that share a key, in an order that is always the same.
func (d *dedupe) candidates() iter.Seq2[int32, int32] {
	return func(yield func(int32, int32) bool) {
		x := d.index()
		for shard := range shards {
			for a, b := range x.pairs(shard) {
				if !yield(a, b) {
					return
				}
			}
		}
		d.neighbors(x)(yield)
	}
}

// window is with how many of those behind it each record of a large block is compared.
const window = 8

// neighbors are the pairs of the blocks that are too large to compare everybody in, and
// whose key says much: those who stand near each other by name, as the many records of one
// busy customer do.
func (d *dedupe) neighbors(x *index) iter.Seq2[int32, int32] {
	list := slices.Clone(x.big)
	slices.SortFunc(list, func(a, b keyed) int {
		p, q := &d.people[a.record], &d.people[b.record]
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(p.Family, q.Family), cmp.Compare(p.Given, q.Given), cmp.Compare(p.Organization, q.Organization), cmp.Compare(p.ID, q.ID))
	})
	return func(yield func(int32, int32) bool) {
		for block := range blocksOf(list) {
			for i, a := range block {
				for _, b := range block[i+1 : min(len(block), i+1+window)] {
					if _, met := x.first(a.record, b.record); !met && !yield(a.record, b.record) {
						return
					}
				}
			}
		}
	}
}

// An index holds the keys of each record, hashed and in order, without those that too many
// have.
type index struct {
	keys  []uint64
	start []int   // of each record's keys, and the end of the last
	big   []keyed // under the keys that many have and that say much
}

func (x *index) of(record int32) []uint64 { return x.keys[x.start[record]:x.start[record+1]] }

func (d *dedupe) index() *index {
	const atOnce = 8192
	x := &index{start: make([]int, 1, len(d.people)+1)}
	for from := 0; from < len(d.people); from += atOnce {
		each := make([][]uint64, min(atOnce, len(d.people)-from))
		plumbline.Each(len(each), func(i int) {
			for _, k := range blocks(&d.people[from+i]) {
				h := hash(k) &^ 1
				if kind, _, _ := strings.Cut(k, "|"); telling[kind] {
					h |= 1
				}
				each[i] = append(each[i], h)
			}
			slices.Sort(each[i])
			each[i] = slices.Compact(each[i])
		})
		for i := range each {
			x.keys = append(x.keys, each[i]...)
			x.start = append(x.start, len(x.keys))
		}
	}
	x.drop(x.large())
	return x
}

// large finds, by shard, the keys that too many records have.
func (x *index) large() []map[uint64]bool {
	out := make([]map[uint64]bool, shards)
	plumbline.Each(shards, func(shard int) {
		var keys []uint64
		for _, k := range x.keys {
			if k%shards == uint64(shard) {
				keys = append(keys, k)
			}
		}
		slices.Sort(keys)
		out[shard] = map[uint64]bool{}
		for i := largestBlock; i < len(keys); i++ {
			if keys[i] == keys[i-largestBlock] {
				out[shard][keys[i]] = true
			}
		}
	})
	return out
}

func (x *index) drop(large []map[uint64]bool) {
	kept, at := x.keys[:0], 0
	for record := range len(x.start) - 1 {
		for _, k := range x.keys[at:x.start[record+1]] {
			switch {
			case !large[k%shards][k]:
				kept = append(kept, k)
			case k&1 == 1:
				x.big = append(x.big, keyed{k, int32(record)})
			}
		}
		at, x.start[record+1] = x.start[record+1], len(kept)
	}
	x.keys = kept
}

// A keyed is a record under a key.
type keyed struct {
	key    uint64
	record int32
}

// entries are the records under the keys of a shard, in order.
func (x *index) entries(shard int) (list []keyed) {
	for record := range len(x.start) - 1 {
		for _, k := range x.of(int32(record)) {
			if k%shards == uint64(shard) {
				list = append(list, keyed{k, int32(record)})
			}
		}
	}
	slices.SortFunc(list, func(a, b keyed) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.record, b.record)) })
	return list
}

// blocksOf cuts sorted entries into those of one key each.
func blocksOf(list []keyed) iter.Seq[[]keyed] {
	return func(yield func([]keyed) bool) {
		for start := 0; start < len(list); {
			end := start + 1
			for end < len(list) && list[end].key == list[start].key {
				end++
			}
			if !yield(list[start:end]) {
				return
			}
			start = end
		}
	}
}

// pairs are the pairs of records whose first common key is of a shard.
func (x *index) pairs(shard int) iter.Seq2[int32, int32] {
	return func(yield func(int32, int32) bool) {
		for block := range blocksOf(x.entries(shard)) {
			for i, a := range block {
				for _, b := range block[i+1:] {
					if key, _ := x.first(a.record, b.record); key == a.key && !yield(a.record, b.record) {
						return
					}
				}
			}
		}
	}
}

// first is the first common key of two records, if they have one.
func (x *index) first(a, b int32) (key uint64, ok bool) {
	for p, q := x.of(a), x.of(b); len(p) > 0 && len(q) > 0; {
		switch cmp.Compare(p[0], q[0]) {
		case 0:
			return p[0], true
		case -1:
			p = p[1:]
		default:
			q = q[1:]
		}
	}
	return 0, false
}

// telling are the kinds of keys of which those who share one may well be one, however many
// they are: phone, mailbox, full name, address, name of an organization. Their last bit is 1.
var telling = set("p pn e n a o")

// hash is FNV-1a: the same on every machine, so that the order of pairs is, too.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// blocks names the blocks of a person for a whole file: any two that may be one have one
// in common, though each of their fields may bear a slip.
func blocks(p *Person) (keys []string) {
	add := func(kind string, parts ...string) {
		key := kind
		for _, part := range parts {
			if part == "" {
				return
			}
			key += "|" + part
		}
		keys = append(keys, key)
	}
	for _, phone := range p.Phones {
		add("p", phone[max(0, len(phone)-7):])
		add("pn", phone, letters(p.Family, 2)+letters(p.Organization, 4))
	}
	for _, phone := range p.Local {
		add("p", phone)
	}
	for _, email := range p.Emails {
		add("e", email)
	}
	family, given := joined(p.Family), joined(p.Given)
	names := []string{family, given}
	slices.Sort(names) // they may be swapped
	add("n", names[0], names[1])
	for i := range p.Places {
		add("gz", letters(given, 3), p.Places[i].ZIP, letters(sound(p.Places[i].Street), 2))
		add("gy", letters(given, 3), p.Places[i].ZIP, sound(p.Places[i].City))
		add("gc", given, p.Places[i].City)
		add("fc", family, p.Places[i].City)
	}
	add("ns", sound(names[0]), sound(names[1]))
	if p.Birth != "" {
		add("b", p.Birth, letters(min(family, given), 1))
		add("bf", p.Birth, sound(family))
		add("bg", p.Birth, sound(given))
	}
	for i := range p.Places {
		l := &p.Places[i]
		street := sound(l.Street)
		if numeric(l.Street) {
			street = l.Street
		}
		add("a", l.Number, street)
		add("az", letters(l.Street, 5), l.ZIP, letters(l.Number, 1))
		add("sz", street, l.ZIP, letters(family, 2))
		add("ac", street, sound(l.City), letters(l.Line, 3)+letters(l.Number, 1))
		for _, n := range []string{sound(family), sound(given)} {
			add("nz", n, l.ZIP)
			add("ns", n, street)
			add("nn", n, l.Number, letters(l.ZIP, 2))
			add("nc", n, sound(l.City), letters(l.Number, 1))
		}
		for _, w := range p.words {
			if !ordinary[w] && len(w) > 2 {
				add("wz", w, l.ZIP)
				add("ws", w, street)
				add("wn", w, l.Number)
			}
		}
	}
	for i, w := range p.words {
		if i > 0 && !ordinary[w] {
			add("w2", p.words[i-1], w)
		}
	}
	add("o", p.Organization)
	return keys
}

func letters(s string, n int) string { return s[:min(len(s), n)] }

// sound is a name as it is heard, by Soundex.
func sound(name string) string {
	const codes = "01230120022455012623010202"
	var out [4]byte
	n, last := 0, byte('0')
	for i := range len(name) {
		c := name[i]
		if c < 'a' || c > 'z' {
			continue
		}
		code := codes[c-'a']
		switch {
		case n == 0:
			out[0], n = c, 1
		case code != '0' && code != last && n < 4:
			out[n] = code
			n++
		}
		if c != 'h' && c != 'w' {
			last = code
		}
	}
	return string(out[:n])
}

// cluster joins pairs, the likeliest first, unless that would bring two together that
// contradict each other, or groups whose members are on the whole not alike. Then whoever
// gives only a part of their name joins those of that name, if all of them are one.
func (d *dedupe) cluster(pairs []Weighed) (clusters []int, asks []Weighed) {
	slices.SortFunc(pairs, func(a, b Weighed) int {
		return cmp.Or(-cmp.Compare(a.Bits, b.Bits), cmp.Compare(d.people[a.A].ID, d.people[b.A].ID), cmp.Compare(d.people[a.B].ID, d.people[b.B].ID))
	})
	g := newGroups(len(d.people))
	for _, p := range pairs {
		a, b := g.of[p.A], g.of[p.B]
		switch {
		case a == b:
		case p.Outcome == Same && d.agree(g.members[a], g.members[b]):
			g.join(a, b)
		default:
			asks = append(asks, p)
		}
	}
	for _, p := range d.completed(g, asks) {
		if a, b := g.of[p.A], g.of[p.B]; a != b && d.agree(g.members[a], g.members[b]) {
			g.join(a, b)
		}
	}
	return g.numbers(), slices.DeleteFunc(asks, func(p Weighed) bool { return g.of[p.A] == g.of[p.B] })
}

// completed finds the partial names that only one group can complete, by the pairs that say
// so.
func (d *dedupe) completed(g *groups, asks []Weighed) (out []Weighed) {
	candidates := map[int]map[int]bool{} // of a group of partial names: the groups of whole ones
	add := func(part, whole int) {
		if candidates[part] == nil {
			candidates[part] = map[int]bool{}
		}
		candidates[part][whole] = true
	}
	for _, p := range asks {
		if a, b := g.of[p.A], g.of[p.B]; d.partial(g.members[a]) {
			add(a, b)
		} else if d.partial(g.members[b]) {
			add(b, a)
		}
	}
	for _, p := range asks {
		part, whole := g.of[p.A], g.of[p.B]
		if !d.partial(g.members[part]) {
			part, whole = whole, part
		}
		if p.Partial && d.partial(g.members[part]) && !d.partial(g.members[whole]) && len(candidates[part]) == 1 {
			out = append(out, p)
		}
	}
	return out
}

// partial says that none of a group gives a whole name.
func (d *dedupe) partial(members []int) bool {
	return !slices.ContainsFunc(members, func(m int) bool {
		p := &d.people[m]
		return p.Family != "" && p.Given != "" && !initialOf(p.Given) || !p.hasName() && !oneWord(p)
	})
}

// groups are disjoint sets of records.
type groups struct {
	of      []int
	members [][]int
}

func newGroups(n int) *groups {
	g := &groups{make([]int, n), make([][]int, n)}
	for i := range n {
		g.of[i], g.members[i] = i, []int{i}
	}
	return g
}

func (g *groups) join(a, b int) {
	if len(g.members[a]) < len(g.members[b]) {
		a, b = b, a
	}
	for _, m := range g.members[b] {
		g.of[m] = a
	}
	g.members[a], g.members[b] = append(g.members[a], g.members[b]...), nil
}

// numbers counts the groups in the order of their first members.
func (g *groups) numbers() (out []int) {
	numbers := map[int]int{}
	for _, group := range g.of {
		if _, ok := numbers[group]; !ok {
			numbers[group] = len(numbers)
		}
		out = append(out, numbers[group])
	}
	return out
}

// agree says whether two groups may be one.
func (d *dedupe) agree(a, b []int) bool {
	if len(a)+len(b) == 2 {
		return true // their pair was weighed
	}
	var sum float64
	n := 0
	for _, x := range a {
		for _, y := range b {
			w := d.weigh(x, y)
			if w.Never {
				return false
			}
			sum += w.Bits
			n++
			if n > 400 {
				return sum > 0
			}
		}
	}
	return sum/float64(n) > askBits
}

// ClusterName writes a cluster's number as its name.
func ClusterName(n int) string { return "c" + strconv.Itoa(n+1) }
