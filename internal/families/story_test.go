package families

import (
	"slices"
	"strings"
	"testing"
)

// told makes one story under many seeds and returns its subjects.
func told(make func(*world)) [][]*subject {
	w := newWorld(1)
	var out [][]*subject
	for range 300 {
		w.subjects = nil
		make(w)
		out = append(out, w.subjects)
	}
	return out
}

// count says in how many of the stories something holds.
func count(all [][]*subject, holds func([]*subject) bool) (n int) {
	for _, s := range all {
		if holds(s) {
			n++
		}
	}
	return n
}

func TestStories(t *testing.T) {
	always, some := 300, -1
	sharePhone := func(s []*subject) bool { return common(s[0].phones, s[1].phones) }
	shareMailbox := func(s []*subject) bool { return common(s[0].mailboxes, s[1].mailboxes) }
	oneHousehold := func(s []*subject) bool { return s[0].household == s[1].household }
	oneHome := func(s []*subject) bool { return s[0].homes[0].id == s[1].homes[0].id }
	last := func(s []*subject) []*subject { return s[len(s)-2:] }
	for _, c := range []struct {
		name  string
		make  func(*world)
		want  int
		holds func(s []*subject) bool
	}{
		{"a couple is one household and two persons", (*world).couple, always, func(s []*subject) bool {
			return len(s) == 2 && oneHousehold(s) && oneHome(s) && s[0].id != s[1].id
		}},
		{"a couple may share a phone", (*world).couple, some, sharePhone},
		{"a couple may have one mobile only", (*world).couple, some, func(s []*subject) bool { return len(s[0].phones) == 1 && sharePhone(s) }},
		{"a couple may share a mailbox", (*world).couple, some, shareMailbox},
		{"a couple may bear two names", (*world).couple, some, func(s []*subject) bool { return s[0].family != s[1].family }},
		{"children live with their parents", (*world).children, always, func(s []*subject) bool {
			return oneHousehold(last(s)) && last(s)[1].born > "1989"
		}},
		{"nobody in a family with children bears a name or nickname of another", (*world).children, always, func(s []*subject) bool {
			for i, p := range s {
				if slices.ContainsFunc(s[:i], func(other *subject) bool { return oneName(p.given, other.given) }) {
					return false
				}
			}
			return true
		}},
		{"twins have one birth date and home and two names", (*world).twins, always, func(s []*subject) bool {
			s = last(s)
			return s[0].born == s[1].born && oneHome(s) && s[0].given != s[1].given && s[0].family == s[1].family && s[0].id != s[1].id
		}},
		{"twins may have names that differ by little", (*world).twins, some, func(s []*subject) bool { return edits(s[0].given, s[1].given) < 3 }},
		{"father and son have one name and two suffixes", (*world).fatherAndSon, always, func(s []*subject) bool {
			return s[0].given == s[1].given && s[0].family == s[1].family && s[0].suffix != s[1].suffix && s[0].id != s[1].id && s[0].born < s[1].born
		}},
		{"father and son are one household where they live together", (*world).fatherAndSon, always, func(s []*subject) bool { return oneHome(s) == oneHousehold(s) }},
		{"father and son may live apart", (*world).fatherAndSon, some, func(s []*subject) bool { return !oneHome(s) }},
		{"a son may be the third", (*world).fatherAndSon, some, func(s []*subject) bool { return s[1].suffix == "III" }},
		{"the married person is one under two names", (*world).married, always, func(s []*subject) bool {
			b := s[1]
			return b.id == b.before.id && b.household == s[0].household && b.before.household == b.household
		}},
		{"the married person may join both names", (*world).married, some, func(s []*subject) bool { return s[1].family == s[1].before.family+"-"+s[0].family }},
		{"who marries may have lived elsewhere", (*world).married, some, func(s []*subject) bool { return s[1].homes[0].id != s[1].before.homes[0].id }},
		{"the mailbox may outlive the name", (*world).married, some, func(s []*subject) bool { return common(s[1].mailboxes, s[1].before.mailboxes) }},
		{"who moves is one at two homes, and another lives at the old one", (*world).moved, always, func(s []*subject) bool {
			next := s[len(s)-1]
			return s[0].before.id == s[0].id && s[0].homes[0].id != s[0].before.homes[0].id &&
				next.homes[0].id == s[0].before.homes[0].id && next.household != s[0].household && next.id != s[0].id
		}},
		{"the next may have the same family name", (*world).moved, some, func(s []*subject) bool { return s[len(s)-1].family == s[0].family }},
		{"the next may have the same number", (*world).moved, some, func(s []*subject) bool { return common(s[len(s)-1].phones, s[0].before.phones) }},
		{"tenants have one street address and units and nothing else in common", (*world).building, always, func(s []*subject) bool {
			a, b := s[0].homes[0], s[1].homes[0]
			return a.street == b.street && a.number == b.number && a.unit != b.unit && a.id != b.id && !sharePhone(s) && !oneHousehold(s)
		}},
		{"a landlord calls for the tenants of some houses", (*world).landlord, some, func(s []*subject) bool { return sharePhone(s) && !oneHome(s) && !oneHousehold(s) }},
		{"a manager has up to 80 units under one phone", (*world).manager, some, func(s []*subject) bool {
			under := 0
			for _, tenant := range s[1:] {
				if common(s[0].phones[:1], tenant.phones) {
					under++
				}
			}
			return len(s) > 70 && len(s) <= 1+mostUnits && under > len(s)/3
		}},
		{"namesakes have one name and nothing else in common", (*world).namesakes, always, func(s []*subject) bool {
			return s[0].given == s[1].given && s[0].family == s[1].family && s[0].homes[0].city == s[1].homes[0].city &&
				!oneHome(s) && !sharePhone(s) && !shareMailbox(s) && !oneHousehold(s)
		}},
		{"a recycled number is of two persons in turn", (*world).recycledNumber, always, func(s []*subject) bool {
			return common(s[0].before.phones, s[1].phones) && !sharePhone(s) && !oneHousehold(s)
		}},
		{"branches are organizations of their own under one switchboard", (*world).branches, always, func(s []*subject) bool {
			return s[0].id != s[1].id && !oneHousehold(s) && !oneHome(s) && sharePhone(s) && shareMailbox(s) && s[0].organization != s[1].organization
		}},
		{"branches may be numbered", (*world).branches, some, func(s []*subject) bool { return strings.HasSuffix(s[1].organization, "#2") }},
		{"an organization may have a role mailbox", (*world).organization, some, func(s []*subject) bool { return strings.HasPrefix(s[0].mailboxes[0], "office@") }},
		{"a contact is a person beside the firm", (*world).contact, always, func(s []*subject) bool {
			firm, person := s[0], s[1]
			return firm.contact == person.given+"/"+person.family && person.employer == firm.organization && sharePhone(s) && !oneHousehold(s) && !oneHome(s)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := count(told(c.make), c.holds)
			if c.want == always && n != always || c.want == some && (n == 0 || n == always) {
				t.Errorf("holds in %d of %d", n, always)
			}
		})
	}
}

func common(a, b []string) bool {
	return slices.ContainsFunc(a, func(v string) bool { return slices.Contains(b, v) })
}

func TestEveryStoryIsToldByItsShare(t *testing.T) {
	sum := 0
	for _, s := range stories {
		sum += s.share
	}
	if sum != 1000 {
		t.Errorf("the shares come to %d of a thousand", sum)
	}
	seen := map[string]int{}
	for _, r := range Make(Options{Seed: 1, Records: 30_000, Damage: 1}) {
		seen[r.Story]++
	}
	for _, s := range stories {
		if seen[s.name] < 100 {
			t.Errorf("%q has %d of 30,000 records", s.name, seen[s.name])
		}
	}
}

func TestNobodyElseHasAPhoneOrMailbox(t *testing.T) {
	w := newWorld(3)
	phones, boxes := map[string]bool{}, map[string]bool{}
	for range 20_000 {
		w.subjects = nil
		w.single()
		for _, s := range w.subjects {
			if phones[s.phones[0]] || len(s.mailboxes) > 0 && boxes[s.mailboxes[0]] {
				t.Fatalf("%v or %v is somebody else's", s.phones, s.mailboxes)
			}
			phones[s.phones[0]] = true
			for _, box := range s.mailboxes {
				boxes[box] = true
			}
		}
	}
}

func TestTheSuffixIsOftenLeftOut(t *testing.T) {
	with, without := 0, 0
	for _, r := range Make(Options{Seed: 1, Records: 30_000, Damage: 1}) {
		if r.Story != "father and son" || r.FamilyName == "" {
			continue
		}
		if strings.Contains(r.FamilyName, " ") {
			with++
		} else {
			without++
		}
	}
	if with < 50 || without < 50 {
		t.Errorf("%d records of fathers and sons tell a suffix, %d do not, want many of both", with, without)
	}
}
