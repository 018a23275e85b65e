package families

import (
	"fmt"
	"strings"
)

// A subject is one that records are told of: a person or an organization.
type subject struct {
	id, household, story string // truth
	given, middle        string
	family, suffix       string
	born                 string // 1970-01-31; empty of an organization
	organization, legal  string // name and legal form
	contact              string // given and family name, told with an organization
	employer             string // organization that some records of a person name
	phones, mailboxes    []string
	homes                []place
	before               *subject // as told before a wedding or a move
}

// A world makes subjects by seed. It holds no more than the story that is
// being told, the counters of what was handed out and a hash of each mailbox.
type world struct {
	*dice
	cities   []*city
	phones   phones
	taken    map[uint64]bool // hashes of mailboxes
	story    string
	subjects []*subject // of this story
	sequence map[string]int
	families int // households and organizations so far
}

func newWorld(seed uint64) *world {
	d := newDice(seed, 1)
	cities := newCities(d)
	return &world{dice: d, cities: cities, phones: newPhones(d, cities), taken: map[uint64]bool{}, sequence: map[string]int{}}
}

// next tells one more story and returns whom it made.
func (w *world) next() []*subject {
	w.subjects = w.subjects[:0]
	s := stories[w.shares(storyShares)]
	w.story = s.name
	s.make(w)
	return w.subjects
}

var storyShares = func() (out []int) {
	for _, s := range stories {
		out = append(out, s.share)
	}
	return out
}()

func (w *world) id(kind string) string {
	w.sequence[kind]++
	return fmt.Sprintf("%s%d", kind, w.sequence[kind])
}

func (w *world) city() *city {
	if w.chance(largeCities) {
		return w.cities[w.below(len(w.cities)/3)]
	}
	return pick(w.dice, w.cities)
}

func (w *world) build(c *city) place { return c.build(w.id("a")) }

func (w *world) phone(c *city) string { return w.phones.take(pick(w.dice, c.areas)) }

// A home is a household with what its members share.
type home struct {
	household string
	place     place
	family    string
	landline  string
	mobile    string // one for all, where they have no more
	mailbox   string // likewise
}

func (w *world) home(c *city) *home { return w.homeAt(w.build(c)) }

func (w *world) homeAt(p place) *home {
	w.families++
	return &home{household: w.id("h"), place: p, family: w.familyName()}
}

// person adds a member of a home, with a phone and a mailbox.
func (w *world) person(h *home, given, family string, born int) *subject {
	s := &subject{
		id: w.id("p"), household: h.household, story: w.story, given: given, family: family,
		born: w.birthday(born), homes: []place{h.place},
	}
	if w.chance(middleShare) {
		s.middle = string(rune('A' + w.below(26)))
	}
	if h.mobile != "" {
		s.phones = append(s.phones, h.mobile)
	} else {
		s.phones = append(s.phones, w.phone(h.place.city))
	}
	if h.landline != "" {
		s.phones = append(s.phones, h.landline)
	}
	switch {
	case h.mailbox != "":
		s.mailboxes = append(s.mailboxes, h.mailbox)
	case w.chance(ownMailbox):
		s.mailboxes = append(s.mailboxes, w.mailbox(given, family))
	}
	w.subjects = append(w.subjects, s)
	return s
}

func (w *world) birthday(year int) string {
	return fmt.Sprintf("%d-%02d-%02d", year, w.between(1, 12), w.between(1, 28))
}

func (w *world) adultYear() int { return w.between(1938, 1999) }

var mailProviders = names("gmail.com yahoo.com hotmail.com outlook.com icloud.com aol.com comcast.net msn.com att.net")

// mailbox makes one that nobody else has.
func (w *world) mailbox(given, family string) string {
	g, f := plain(given), plain(family)
	local := []string{g + "." + f, g + f, g[:1] + f, f + "." + g, g + "_" + f, f + g[:1], g}[w.shares([]int{30, 25, 20, 5, 8, 7, 5})]
	if w.chance(numberInMailbox) {
		local += fmt.Sprint(w.between(1, 99))
	}
	return w.free(local, mailProviders.draw(w.dice))
}

// free adds a number to the name of a mailbox until nobody has it.
func (w *world) free(local, domain string) string {
	box := local + "@" + domain
	for w.taken[hash(box)] {
		box = fmt.Sprint(local, w.between(100, 99_999), "@", domain)
	}
	w.taken[hash(box)] = true
	return box
}

func hash(s string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// plain keeps the lower-case letters and digits.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}
