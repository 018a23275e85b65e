package match

import (
	"fmt"
	"slices"
	"strings"
)

// An Outcome is what is held of a pair.
type Outcome int

// The outcomes, from apart to together. Ask means that a person must decide.
const (
	Different Outcome = iota
	Ask
	Same
)

func (o Outcome) String() string { return [...]string{"different", "ask", "same"}[o] }

// A Verdict is an outcome with its reasons.
type Verdict struct {
	Outcome  Outcome
	Evidence []string // one sentence per field, in a fixed order
	// Never is set where the two contradict each other, as father and son do:
	// no third record may join them.
	Never bool
}

// Keys returns the blocks of a person. Any two that Decide calls Same or Ask
// have a key in common, and its verdict rests on nothing but common keys:
//
//	p:<E.164>                        phone
//	e:<address>                      e-mail; e:…|o for a shared mailbox, organizations only
//	a:<address, no unit>|<letters>   address and the first or last letters of a name
//	a:<address, no unit>|o           address of an organization
//	n:<family>|<given>|<digits>      full name and the first or last four digits of a phone
func Keys(p Person) []string {
	var keys []string
	for _, phone := range p.Phones {
		keys = append(keys, "p:"+phone)
		if p.Given != "" && p.Family != "" && len(phone) >= 10 {
			name := "n:" + joined(p.Family) + "|" + joined(p.Given) + "|"
			keys = append(keys, name+"^"+phone[:len(phone)-6], name+phone[len(phone)-4:])
		}
	}
	for _, email := range p.Emails {
		if !sharedMailbox(email) {
			keys = append(keys, "e:"+email)
		} else if p.Organization != "" {
			keys = append(keys, "e:"+email+"|o")
		}
	}
	letters := nameLetters(p)
	for _, address := range p.Addresses {
		for _, l := range letters {
			keys = append(keys, "a:"+withoutUnit(address)+"|"+l)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// nameLetters gives, for each family name that another record may agree with,
// its first two letters and, where a slip would be forgiven, its last two:
// one slip leaves one of them whole.
func nameLetters(p Person) []string {
	var out []string
	add := func(name string) {
		if len(name) >= 2 {
			out = append(out, "^"+name[:2])
		} else if name != "" {
			out = append(out, "^"+name)
		}
		if len(name) >= 5 {
			out = append(out, name[len(name)-2:]+"$")
		}
	}
	add(joined(p.Family))
	if strings.Contains(p.Family, " ") {
		for w := range strings.FieldsSeq(p.Family) {
			if len(w) >= 3 && !particles[w] {
				add(w)
			}
		}
	}
	if p.Family != "" {
		add(joined(p.Given)) // the two may be swapped
	}
	if p.Organization != "" {
		out = append(out, "o")
	}
	return out
}

// withoutUnit takes the unit out of the key of an address.
func withoutUnit(address string) string {
	street, rest, _ := strings.Cut(address, "|")
	_, place, _ := strings.Cut(rest, "|")
	return street + "|" + place
}

// Decide compares two persons. It is symmetric. Neither a phone nor an address
// ever joins anybody by itself: the names must agree too.
//
// Two people of one family with clearly different given names are Different
// even where phone, e-mail and address are one: couples and children share
// them. What is undecidable from the record alone is asked: a given name that
// is missing or may be another's short form, one Jr. where the other says
// nothing, a unit that is missing, a phone one digit off.
func Decide(a, b Person) Verdict {
	return decide(a, b, common(Keys(a), Keys(b)))
}

func decide(a, b Person, keys []string) Verdict {
	if a.ID > b.ID {
		a, b = b, a
	}
	p := proofsOf(a, b, keys)
	switch {
	case a.hasName() && b.hasName():
		return decidePeople(a, b, p)
	case a.Organization != "" && b.Organization != "" && !a.hasName() && !b.hasName():
		return decideOrganizations(a, b, p)
	case a.Organization != "" && b.Organization != "" && compareOrganizations(a.Organization, b.Organization) == equal:
		if p.count(true) > 0 {
			return Verdict{Ask, append(p.evidence, "one is the organization, the other a person at it"), false}
		}
		return Verdict{Different, append(p.evidence, "one is the organization, the other a person at it"), false}
	case (a.hasName() || a.Organization != "") && (b.hasName() || b.Organization != ""):
		return Verdict{Different, append(p.evidence, "one is a person, the other an organization"), true}
	}
	return Verdict{Different, append(p.evidence, "one of them has no name"), false}
}

// common returns what is in both sorted lists.
func common(a, b []string) []string {
	var out []string
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch strings.Compare(a[i], b[j]) {
		case 0:
			out = append(out, a[i])
			i, j = i+1, j+1
		case -1:
			i++
		default:
			j++
		}
	}
	return out
}

// proofs are what two records share beside their names.
type proofs struct {
	phone, email, roleEmail bool
	address, nearAddress    bool // near: one of them lacks the unit
	phoneSlip               bool // and the full name is the same
	evidence                []string
}

// count says how many kinds of proof there are; a shared mailbox counts for
// organizations only.
func (p proofs) count(organization bool) int {
	n := 0
	for _, have := range []bool{p.phone, p.email || organization && p.roleEmail, p.address} {
		if have {
			n++
		}
	}
	return n
}

func proofsOf(a, b Person, keys []string) proofs {
	var p proofs
	slip := false
	for _, key := range keys {
		kind, value := key[:2], key[2:]
		switch kind {
		case "p:":
			p.phone = true
			p.say("phone %s is the same", value)
		case "e:":
			email, role := strings.CutSuffix(value, "|o")
			p.roleEmail, p.email = p.roleEmail || role, p.email || !role
			p.say("e-mail %s is the same", email)
		case "a:":
			p.compareAddresses(a, b, value[:strings.LastIndexByte(value, '|')])
		case "n:":
			slip = true
		}
	}
	if slip && !p.phone && onePhoneSlip(a.Phones, b.Phones) {
		p.phoneSlip = true
		p.say("the phones are one digit apart")
	}
	return p
}

func (p *proofs) say(format string, args ...any) {
	s := format
	if len(args) > 0 {
		s = fmt.Sprintf(format, args...)
	}
	if !slices.Contains(p.evidence, s) {
		p.evidence = append(p.evidence, s)
	}
}

// compareAddresses looks at the addresses of both that are at one place, which
// is an address without its unit.
func (p *proofs) compareAddresses(a, b Person, place string) {
	for _, x := range a.Addresses {
		if withoutUnit(x) != place {
			continue
		}
		for _, y := range b.Addresses {
			switch {
			case x == y:
				p.address = true
				p.say("address %s is the same", readable(x))
			case withoutUnit(y) == place && (unitOf(x) == "" || unitOf(y) == ""):
				p.nearAddress = true
				p.say("address %s is the same but for a missing unit", readable(place))
			}
		}
	}
}

func unitOf(address string) string {
	_, rest, _ := strings.Cut(address, "|")
	unit, _, _ := strings.Cut(rest, "|")
	return unit
}

func readable(address string) string {
	return strings.Join(strings.FieldsFunc(address, func(r rune) bool { return r == '|' }), ", ")
}

func onePhoneSlip(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if x != y && len(x) == len(y) && oneEdit(x, y) {
				return true
			}
		}
	}
	return false
}

// decidePeople judges two records that both name a human.
func decidePeople(a, b Person, p proofs) Verdict {
	n := compareNames(a, b)
	evidence := append(p.evidence, n.evidence...)
	switch {
	case n.generations:
		return Verdict{Different, evidence, true}
	case n.grade == differs && n.newFamily && p.email:
		return Verdict{Ask, append(evidence, "the family name may have changed"), false}
	case n.grade == differs:
		return Verdict{Different, evidence, true}
	case n.oneGeneration && n.grade > missing && (p.phone || p.address || p.email || p.nearAddress):
		// A father is seldom written "Sr.", so a bare name may be either.
		if n.grade >= agrees && p.email && (p.phone || p.address) {
			return Verdict{Same, evidence, false}
		}
		return Verdict{Ask, evidence, false}
	case n.grade >= agrees && (p.phone || p.email || p.address),
		n.grade == initial && (p.phone || p.email):
		return Verdict{Same, evidence, false}
	case n.grade == equal && p.phoneSlip,
		n.grade >= agrees && p.nearAddress,
		n.grade >= missing && (p.phone || p.email),
		n.grade >= missing && (p.address || p.nearAddress) && n.family > missing:
		return Verdict{Ask, evidence, false}
	}
	return Verdict{Different, evidence, false}
}

type nameComparison struct {
	grade, family grade
	generations   bool // Jr. here, Sr. there
	oneGeneration bool // Jr. here, nothing there
	newFamily     bool // equal given names, another family name
	evidence      []string
}

func compareNames(a, b Person) nameComparison {
	family, whyFamily := compareFamily(a.Family, b.Family)
	given, whyGiven := compareGiven(a.Given, b.Given)
	n := nameComparison{grade: min(family, given), family: family, evidence: []string{whyFamily, whyGiven}}
	if n.grade == differs && a.Family != "" && a.Given != "" &&
		joined(a.Family) == joined(b.Given) && joined(a.Given) == joined(b.Family) {
		n.grade, n.family, n.evidence = agrees, agrees, []string{"given and family name are swapped"}
	}
	n.newFamily = family == differs && given == equal && len(a.Given) > 1
	switch {
	case a.Suffix == b.Suffix:
	case a.Suffix == "" || b.Suffix == "":
		n.oneGeneration = true
		n.evidence = append(n.evidence, "one is "+generation(a.Suffix+b.Suffix)+", the other does not say")
	default:
		n.generations = true
		first, second := generation(a.Suffix), generation(b.Suffix)
		if first > second {
			first, second = second, first
		}
		n.evidence = append(n.evidence, "one is "+first+", the other "+second)
	}
	return n
}

func generation(suffix string) string {
	if strings.HasPrefix(suffix, "i") {
		return strings.ToUpper(suffix)
	}
	return strings.ToUpper(suffix[:1]) + suffix[1:] + "."
}

// decideOrganizations judges two records that name no human.
func decideOrganizations(a, b Person, p proofs) Verdict {
	g := compareOrganizations(a.Organization, b.Organization)
	switch {
	case g == differs:
		return Verdict{Different, append(p.evidence, "the organizations' names differ"), true}
	case g == equal && p.count(true) > 0:
		return Verdict{Same, append(p.evidence, "the organizations' names are equal"), false}
	case g == equal && p.nearAddress:
		return Verdict{Ask, append(p.evidence, "the organizations' names are equal"), false}
	case g == unsure && p.count(true) > 0:
		return Verdict{Ask, append(p.evidence, "the organizations' names are alike"), false}
	}
	return Verdict{Different, append(p.evidence, "nothing but the organizations' names is alike"), false}
}

// compareOrganizations says equal, unsure or differs. A number in the name
// tells branches apart, so numbers must be equal.
func compareOrganizations(a, b string) grade {
	if joined(a) == joined(b) {
		return equal
	}
	x, y := strings.Fields(a), strings.Fields(b)
	both := 0
	for _, w := range x {
		if slices.Contains(y, w) {
			both++
		} else if numeric(w) {
			return differs
		}
	}
	for _, w := range y {
		if numeric(w) && !slices.Contains(x, w) {
			return differs
		}
	}
	fewer := min(len(x), len(y))
	switch {
	case fewer >= 5 && both >= fewer-1, fewer >= 2 && both == fewer, 2*both >= max(len(x), len(y)) && both >= 2:
		return unsure
	case min(len(a), len(b)) >= 5 && oneEdit(joined(a), joined(b)):
		return unsure
	}
	return differs
}

func numeric(word string) bool { return word != "" && word[0] >= '0' && word[0] <= '9' }
