package match

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// customer is a record in a few words: "given|family|organization|phone|email|address|birth".
func customer(id, given, family, organization, phone, email, address, birth string) Person {
	return Normalize(Record{ID: id, Given: given, Family: family, Organization: organization, Phones: []string{phone}, Emails: []string{email},
		Addresses: []Address{ParseAddress(address)}, Birth: birth})
}

const (
	larkspur = "1418 W Larkspur Ln, Boise, ID 83702"
	elm      = "77 Elm St, Boise, ID 83704"
	tower2a  = "2548 E Cedar Ave Apt 2A, Boise, ID 83705"
	tower2b  = "2548 E Cedar Ave Apt 2B, Boise, ID 83705"
	mobile   = "(208) 401-2233"
	other    = "(208) 401-9876"
)

// neighbors makes a file of many others around, so that a pair is judged as one among them.
func neighbors(n int) (list []Person) {
	rnd := rand.New(rand.NewPCG(7, 7))
	given := []string{"anna", "boris", "clara", "dmitri", "elena", "felix", "greta", "hugo", "ida", "jonas"}
	for i := range n {
		list = append(list, customer("z"+strconv.Itoa(i), given[rnd.IntN(len(given))], "family"+strconv.Itoa(rnd.IntN(n)), "", "208"+strconv.Itoa(4000000+rnd.IntN(999999)), "",
			strconv.Itoa(100+rnd.IntN(900))+" Oak"+strconv.Itoa(rnd.IntN(200))+" St, Boise, ID 83702", ""))
	}
	return list
}

func TestWhoIsTheSameByTheEvidence(t *testing.T) {
	others := neighbors(1000)
	for _, c := range []struct {
		name string
		a, b Person
		want Outcome
	}{
		{"name and phone", customer("a", "Robert", "Smith", "", mobile, "", "", ""), customer("b", "Robert", "Smith", "", "208.401.2233", "", "", ""), Same},
		{"a nickname at one home", customer("a", "Robert", "Whitley", "", "", "", larkspur, ""), customer("b", "Bob", "Whitley", "", "", "", "1418 West Larkspur Lane Boise ID", ""), Same},
		{"a slip in the name and in the street", customer("a", "Katherine", "Gunderson", "", mobile, "", larkspur, ""), customer("b", "Kathrine", "Gundersen", "", mobile, "", "1418 W Larkspurr Ln, Boise, ID 83702", ""), Same},
		{"names that have changed places", customer("a", "Mitchell", "Ferguson", "", mobile, "", larkspur, ""), customer("b", "Ferguson", "Mitchell", "", "", "", larkspur, ""), Same},
		{"moved, with their mailbox", customer("a", "Dana", "Whitlock", "", mobile, "dana.whitlock@example.org", larkspur, ""), customer("b", "Dana", "Whitlock", "", other, "dana.whitlock@example.org", elm, ""), Same},
		{"married, with their mailbox", customer("a", "Dana", "Whitlock", "", mobile, "dana.whitlock@example.org", larkspur, ""), customer("b", "Dana", "Ortiz", "", mobile, "dana.whitlock@example.org", elm, ""), Same},
		{"a phone without its area code", customer("a", "Robert", "Whitley", "", mobile, "", larkspur, ""), customer("b", "Robert", "Whitley", "", "401-2233", "", "", ""), Same},
		{"organizations of one name and address", customer("a", "", "", "Brightwater Bakery LLC", "", "", elm, ""), customer("b", "", "", "Brightwater Bakery", "", "", elm, ""), Same},

		{"a couple", customer("a", "Mark", "Whitley", "", mobile, "thewhitleys@example.org", larkspur, ""), customer("b", "Paula", "Whitley", "", mobile, "thewhitleys@example.org", larkspur, ""), Different},
		{"twins", customer("a", "Kyle", "Whitley", "", mobile, "", larkspur, "1985-07-26"), customer("b", "Karen", "Whitley", "", mobile, "", larkspur, "1985-07-26"), Different},
		{"father and son", customer("a", "Robert", "Whitley Sr", "", mobile, "", larkspur, ""), customer("b", "Robert", "Whitley Jr", "", mobile, "", larkspur, ""), Different},
		{"two tenants of one landlord's phone", customer("a", "Mark", "Adams", "", mobile, "office@rentals.example.org", tower2a, ""), customer("b", "Paula", "Jones", "", mobile, "office@rentals.example.org", tower2b, ""), Different},
		{"two firms at one switchboard", customer("a", "", "", "Larch Dental", mobile, "", elm, ""), customer("b", "", "", "Larch Dental", mobile, "", larkspur, ""), Different},
		{"two firms in one house", customer("a", "", "", "Larch Dental", mobile, "", elm, ""), customer("b", "", "", "Quick Tax", other, "", elm, ""), Different},
		{"branches", customer("a", "", "", "Larch Dental 12", mobile, "", "", ""), customer("b", "", "", "Larch Dental 14", mobile, "", "", ""), Different},
		{"nothing but the name", customer("a", "Robert", "Smith", "", mobile, "", larkspur, ""), customer("b", "Robert", "Smith", "", other, "", elm, ""), Different},
		{"a person and their firm", customer("a", "James", "Cooper", "", mobile, "", larkspur, ""), customer("b", "", "", "Locust Pharmacy", mobile, "", elm, ""), Different},

		{"one says Jr", customer("a", "Robert", "Whitley", "", mobile, "", larkspur, ""), customer("b", "Robert", "Whitley Jr", "", mobile, "", larkspur, ""), Ask},
		{"the family's name alone", customer("a", "", "Whitley", "", mobile, "", larkspur, ""), customer("b", "Robert", "Whitley", "", mobile, "", larkspur, ""), Ask},
		{"two names near each other", customer("a", "Julia", "Whitley", "", mobile, "", larkspur, ""), customer("b", "Julie", "Whitley", "", mobile, "", larkspur, ""), Ask},
		{"one name in two units", customer("a", "Alexander", "Thomas", "", mobile, "", tower2a, ""), customer("b", "Alexander", "Thomas", "", mobile, "", tower2b, ""), Ask},
		{"one name, born on two days", customer("a", "Robert", "Whitley", "", mobile, "", larkspur, "1950-01-02"), customer("b", "Robert", "Whitley", "", mobile, "", larkspur, "1985-03-04"), Ask},
	} {
		t.Run(c.name, func(t *testing.T) {
			people := append(slices.Clone(others), c.a, c.b)
			n := len(people)
			forth, back := Explain(people, n-2, n-1), Explain(people, n-1, n-2)
			if forth.Outcome != c.want {
				t.Errorf("%v by %.1f bits, want %v: %+v", forth.Outcome, forth.Over, c.want, forth.Evidence)
			}
			if back.Outcome != forth.Outcome || back.Over != forth.Over {
				t.Errorf("%v by %.1f bits one way, %v by %.1f the other", forth.Outcome, forth.Over, back.Outcome, back.Over)
			}
			clusters, asks := Dedupe(people)
			if joined := clusters[n-2] == clusters[n-1]; joined != (c.want == Same) {
				t.Errorf("joined: %v, want %v", joined, c.want == Same)
			}
			asked := slices.ContainsFunc(asks, func(w Weighed) bool { return min(w.A, w.B) == n-2 && max(w.A, w.B) == n-1 })
			if asked != (c.want == Ask) {
				t.Errorf("asked: %v, want %v", asked, c.want == Ask)
			}
		})
	}
}

// An initial joins the one that it may stand for, and nobody where there are two.
func TestAnInitialJoinsOnlyWhoeverItMustBe(t *testing.T) {
	john, jane := customer("a", "John", "Whitley", "", mobile, "", larkspur, ""), customer("b", "Jane", "Whitley", "", mobile, "", larkspur, "")
	j := customer("c", "J", "Whitley", "", mobile, "", larkspur, "")
	alone := append(neighbors(500), john, j)
	if c, _ := Dedupe(alone); c[500] != c[501] {
		t.Error("J Whitley did not join the one Whitley of that phone whose name begins with J")
	}
	two := append(neighbors(500), john, jane, j)
	if c, asks := Dedupe(two); c[500] == c[502] || c[501] == c[502] || len(asks) < 2 {
		t.Errorf("with John and Jane, J is of cluster %d beside %d and %d, and %d pairs are asked", c[502], c[500], c[501], len(asks))
	}
}

// Who contradicts one of a cluster does not join it by another.
func TestNoThirdRecordJoinsTwoThatContradictEachOther(t *testing.T) {
	people := append(neighbors(500), customer("a", "Robert", "Whitley Sr", "", mobile, "robert@example.org", larkspur, ""),
		customer("b", "Robert", "Whitley Jr", "", mobile, "robert@example.org", larkspur, ""), customer("c", "Robert", "Whitley", "", mobile, "robert@example.org", larkspur, ""))
	if c, _ := Dedupe(people); c[500] == c[501] {
		t.Error("father and son became one over a record that says neither")
	}
}

// A customer may stand in a list a hundred times.
func TestABusyCustomerIsOneHoweverOften(t *testing.T) {
	people := neighbors(300)
	for i := range 100 {
		p := customer("m"+strconv.Itoa(i), "Margaret", "Gunderson", "", mobile, "", larkspur, "")
		if i%2 == 1 {
			p = customer("m"+strconv.Itoa(i), "Peggy", "Gunderson", "", "", "", larkspur, "")
		}
		people = append(people, p)
	}
	clusters, asks := Dedupe(people)
	for i := 301; i < 400; i++ {
		if clusters[i] != clusters[300] {
			t.Fatalf("record %d of the customer is of another cluster; %d pairs are asked", i-300, len(asks))
		}
	}
	for i := range 300 {
		if clusters[i] == clusters[300] {
			t.Errorf("%+v joined them", people[i])
		}
	}
}

// Where nearly all names of one field read as people's, those are people's whose given names
// nobody knows: two of one home are two. In a list of firms they may be one firm.
func TestNamesOfOneFieldAreReadByTheList(t *testing.T) {
	named := func(id, name, street string) Person {
		r := Record{ID: id, Phones: []string{mobile}, Addresses: []Address{ParseAddress(street)}, Guessed: true}
		r.Given, r.Family, r.Suffix, r.Organization = NameOf(name, "")
		return Normalize(r)
	}
	for kind, want := range map[string]bool{"Zorblatt Fam%s": false, "Dental Office %s of the Valley": true} {
		people := []Person{named("a", "Zorblatt Vexnor", larkspur), named("b", "Quixley Vexnor", larkspur)}
		for i := range 200 {
			people = append(people, named("z"+strconv.Itoa(i), fmt.Sprintf(kind, string([]byte{'a' + byte(i/15), 'a' + byte(i%15)})), strconv.Itoa(i)+" Oak St, Boise, ID 83704"))
		}
		if c, _ := Dedupe(people); (c[0] == c[1]) != want {
			t.Errorf("among names like %q the two are one: %v, want %v", kind, c[0] == c[1], want)
		}
	}
}

// In a list of homes people of one home are one customer, unless born on different days.
func TestAListOfHomes(t *testing.T) {
	for birth, want := range map[[2]string]bool{{"", ""}: true, {"1980-01-02", "1980-01-02"}: true, {"1980-01-02", "1950-03-04"}: false} {
		people := []Person{customer("a", "Mark", "Whitley", "", "", "", larkspur, birth[0]), customer("b", "Paula", "Whitley", "", "", "", larkspur, birth[1])}
		for i := range 500 {
			people = append(people, customer("z"+strconv.Itoa(i), "Boris", "Family"+strconv.Itoa(i), "", "", "", strconv.Itoa(i)+" Oak St, Boise, ID 83702", ""))
		}
		if !HomesOnly(people) {
			t.Fatal("a list without phones and mailboxes is none of homes")
		}
		if c, _ := Dedupe(people); (c[0] == c[1]) != want {
			t.Errorf("born on %v: one customer: %v, want %v", birth, c[0] == c[1], want)
		}
	}
}

func TestLevels(t *testing.T) {
	for _, c := range []struct {
		what string
		got  Level
		want Level
	}{
		{"family equal", familyLevel("obrien", "o brien"), Equal}, {"family, one slip", familyLevel("gunderson", "gundersen"), Close},
		{"family, a part", familyLevel("sanders green", "green"), Alike}, {"family, another", familyLevel("smith", "jones"), Differing}, {"family, missing", familyLevel("", "jones"), Missing},
		{"given, a nickname", givenLevel("robert", "bob", nil), Close}, {"given, an initial", givenLevel("r", "robert", nil), Alike}, {"given, a middle name", givenLevel("robert", "robert lee", nil), Equal},
		{"given, two names", givenLevel("julia", "julie", nil), Unlike}, {"given, a couple", givenLevel("mark and paula", "mark", nil), Unlike}, {"given, another", givenLevel("mark", "paula", nil), Differing},
		{"given, Eric and Erica", givenLevel("eric", "erica", nil), Unlike}, {"given, short for many", givenLevel("sandy", "alexander", nil), Alike},
		{"mailbox, equal", emailLevel("a.b@example.org", "a.b@example.org"), Equal}, {"mailbox, one slip", emailLevel("dana.w@example.org", "dana.w@exmple.org"), Close},
		{"mailbox, another number", emailLevel("dana65@example.org", "dana6@example.org"), Differing}, {"mailbox, Google's dots", emailLevel("dana.w@gmail.com", "danaw@gmail.com"), Equal},
		{"born, day and month", compareDates("19800102", "19800201"), Close}, {"born, two years apart", compareDates("19800102", "19820304"), Alike}, {"born, another", compareDates("19800102", "19500304"), Differing},
		{"number, one slip", numberLevel("1418", "1481"), Close}, {"number, in a range", numberLevel("3182", "3180-82"), Close}, {"number, another", numberLevel("30", "56"), Differing},
		{"street, numbered", streetLevel(&Place{Street: "5th"}, &Place{Street: "6th"}), Differing}, {"street, on two sides", streetLevel(&Place{Street: "5th", Dir: "n"}, &Place{Street: "5th", Dir: "s"}), Unlike},
		{"street, of another kind", streetLevel(&Place{Street: "larkspur", Suffix: "ln"}, &Place{Street: "larkspur", Suffix: "ct"}), Close},
		{"unit", unitLevel(&Place{Unit: "2a"}, &Place{Unit: "2b"}), Differing}, {"unit, missing", unitLevel(&Place{Unit: "2a"}, &Place{}), Missing},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
}

func TestOneNameInTwoStatesIsNoOneCity(t *testing.T) {
	level := func(f Field, a, b Place) Level {
		c := Comparison{}
		c.comparePlace(&a, &b)
		return c.Levels[f]
	}
	illinois := Place{City: "springfield", State: "il", ZIP: "2210"}
	for _, c := range []struct {
		f    Field
		b    Place
		want Level
	}{
		{CityName, Place{City: "springfield", State: "il"}, Equal}, {CityName, Place{City: "springfield"}, Equal}, {CityName, Place{City: "springfield", State: "mo"}, Unlike},
		{PostalCode, Place{ZIP: "2210"}, Equal}, {PostalCode, Place{ZIP: "2210", Country: "au"}, Equal},
	} {
		if got := level(c.f, illinois, c.b); got != c.want {
			t.Errorf("%+v: %s %v, want %v", c.b, c.f, got, c.want)
		}
	}
	illinois.Country = "us"
	if got := level(PostalCode, illinois, Place{ZIP: "2210", Country: Country("Australia")}); got != Differing {
		t.Errorf("one code in two countries is %v, want %v", got, Differing)
	}
}

func TestMailboxesOfOnePerson(t *testing.T) {
	dana := customer("a", "Dana", "Whitlock", "", "", "", "", "")
	for email, want := range map[string]bool{"dana.whitlock@example.org": true, "dwhitlock7@example.org": true, "whitlockd@example.org": true, "thewhitlocks@example.org": false, "whitlocks@example.org": false, "info@example.org": false} {
		if personalMailbox(email, &dana) != want {
			t.Errorf("%s is Dana Whitlock's own: %v, want %v", email, !want, want)
		}
	}
}

// The short way to valid numbers gives what libphonenumber gives.
func TestNumbersAreAsTheLibraryReadsThem(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	for range 1000 {
		n := strconv.Itoa(2_000_000_000 + rnd.IntN(1_000_000_000)*8) // any area code
		for _, raw := range []string{n, "1" + n, "+1" + n, "(" + n[:3] + ") " + n[3:6] + "-" + n[6:]} {
			if got, want := parsePhone(raw), parseSlowly(raw); got != want {
				t.Fatalf("%s is %q, want %q", raw, got, want)
			}
		}
	}
}

func TestEveryLevelHasItsWeight(t *testing.T) {
	for f := range fields {
		if weights[f][Equal] == 0 || weights[f][Differing] >= 0 {
			t.Errorf("%s: equal %.1f bits, differs %.1f", f, weights[f][Equal], weights[f][Differing])
		}
		for l := Equal; l < levels; l++ {
			c := Comparison{}
			c.Levels[f] = l
			if c.inWords(f) == "" {
				t.Errorf("%s, %s is not put in words", f, l)
			}
		}
	}
}

func TestNamesOfPeopleAndFirms(t *testing.T) {
	for name, want := range map[string][4]string{
		"Smith, Bob Jr.": {"bob", "smith", "jr", "Smith, Bob Jr."}, "Lopez, Sr, Richard": {"richard", "lopez", "sr", "Lopez, Sr, Richard"},
		"Ruth Williams-Davis": {"ruth williams", "davis", "", "Ruth Williams-Davis"}, "Alan Koa Salon & Spa": {"", "", "", "Alan Koa Salon & Spa"},
		"Trinidad Lutheran Church": {"", "", "", "Trinidad Lutheran Church"}, "Fernandez, Hassan": {"hassan", "fernandez", "", "Fernandez, Hassan"},
	} {
		given, family, suffix, organization := NameOf(name, "")
		if got := [4]string{given, family, suffix, organization}; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
