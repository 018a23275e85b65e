package identity_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"plumbline.dev/plumbline"
	"plumbline.dev/plumbline/internal/db"
	"plumbline.dev/plumbline/internal/db/dbtest"
	"plumbline.dev/plumbline/internal/identity"
	"plumbline.dev/plumbline/internal/record"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// A town is a location whose source records come one by one, as advance hears them.
type town struct {
	t        testing.TB
	d        *db.DB
	location string
	said     int
}

func (w *town) do(f func(tx *db.Tx) error) {
	w.t.Helper()
	if err := w.d.Do(w.t.Context(), noon, f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *town) id(kind plumbline.Kind, name string) plumbline.SourceID {
	return plumbline.NewSourceID(w.location, "hcp", kind, name)
}

func (w *town) customer(name string) plumbline.SourceID { return w.id(plumbline.Customer, name) }

// reading says something of a customer: "family, given | phone | e-mail | street, ZIP".
// Who was named earlier in the alphabet was created earlier.
func reading(name, text string) plumbline.Reading {
	f := append(strings.Split(text, "|"), "", "", "")
	family, given, _ := strings.Cut(f[0], ",")
	street, zip, _ := strings.Cut(f[3], ",")
	fields := map[string]plumbline.Value{}
	for field, value := range map[string]string{"first_name": given, "last_name": family, "mobile_phone": f[1], "email": f[2], "street": street, "postal_code": zip} {
		fields[field] = plumbline.TextValue(strings.TrimSpace(value))
	}
	return plumbline.Reading{Kind: plumbline.Customer, ID: name, At: noon, Fields: fields,
		Created: noon.Add(-1000*time.Hour + time.Duration(name[0])*time.Hour)}
}

// hear applies readings and decides who is who, as one delivery.
func (w *town) hear(readings ...plumbline.Reading) (moves []identity.Move) {
	w.t.Helper()
	w.said++
	d := plumbline.Delivery{Location: w.location, Connection: "hcp", Key: fmt.Sprint(w.said), Received: noon.Add(time.Duration(w.said) * time.Minute)}
	w.do(func(tx *db.Tx) error {
		changed, err := record.Apply(tx, w.location, []record.Said{{Delivery: d, Readings: readings}})
		if err != nil {
			return err
		}
		var people, places []string
		for _, c := range changed {
			switch c.Kind {
			case plumbline.Customer:
				people = append(people, string(c.ID))
			case plumbline.Property:
				places = append(places, string(c.ID))
			}
		}
		moves, err = identity.Resolve(tx, w.location, people, places, nil)
		return err
	})
	return moves
}

func (w *town) decide(a, b string, same bool, name string) {
	w.t.Helper()
	said := identity.Different
	if same {
		said = identity.Same
	}
	w.rule(a, b, said, name)
}

func (w *town) rule(a, b string, said int, name string) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		x, y := w.customer(a), w.customer(b)
		if err := identity.Decide(tx, w.location, identity.Decision{A: x, B: y, Said: said, Name: name}); err != nil {
			return err
		}
		_, err := identity.Resolve(tx, w.location, []string{string(x), string(y)}, nil, nil)
		return err
	})
}

// homes says who is the same: the names of each golden record's members after that of
// its anchor, as "a+b c".
func (w *town) homes(kind plumbline.Kind, names ...string) string {
	w.t.Helper()
	by := map[plumbline.GoldenID]string{}
	var ids []string
	for _, n := range names {
		by[w.id(kind, n)], ids = n, append(ids, string(w.id(kind, n)))
	}
	groups := map[string][]string{}
	w.do(func(tx *db.Tx) error {
		golden, err := record.Resolve(tx, w.location, ids)
		for id, g := range golden {
			anchor, ok := by[g]
			if !ok {
				w.t.Errorf("%s belongs to %s, which is none of them", by[id], g)
			}
			groups[anchor] = append(groups[anchor], by[id])
		}
		return err
	})
	var out []string
	for _, anchor := range slices.Sorted(maps.Keys(groups)) {
		slices.SortFunc(groups[anchor], func(a, b string) int {
			if a == anchor || b == anchor {
				return map[bool]int{true: -1, false: 1}[a == anchor]
			}
			return strings.Compare(a, b)
		})
		out = append(out, strings.Join(groups[anchor], "+"))
	}
	return strings.Join(out, " ")
}

func (w *town) asks(names ...string) string {
	w.t.Helper()
	by := map[plumbline.SourceID]string{}
	for _, n := range names {
		by[w.customer(n)] = n
	}
	var out []string
	w.do(func(tx *db.Tx) error {
		list, err := identity.Questions(tx, w.location)
		for _, q := range list {
			a, b := by[q.A], by[q.B]
			out = append(out, min(a, b)+"?"+max(a, b))
			if len(q.Evidence) == 0 {
				w.t.Errorf("%s and %s are asked about without evidence", a, b)
			}
		}
		return err
	})
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestWhoIsLinkedAndWhoIsNot(t *testing.T) {
	const p, q, e, f = "208-201-0001", "208-202-0002", "dana@x.com", "lee@x.com"
	const here, there = "12 North Main Street Apt 4, 83702", "12 N Main St #4, 83702-1234"
	for _, c := range []struct{ name, a, b, want, ask string }{
		{"exact phone and agreeing name", "Smith, Robert|" + p, "SMITH, robert|+1 (208) 201-0001", "a+b", ""},
		{"exact e-mail and agreeing name", "Smith, Robert||" + e, "Smith, Robert|| DANA@X.com", "a+b", ""},
		{"same normalized address and full name", "Smith, Robert|||" + here, "Smith, Robert|||" + there, "a+b", ""},
		{"a nickname at one phone", "Smith, Robert|" + p, "Smith, Bob|" + p, "a+b", ""},
		{"an initial at one phone", "Smith, R.|" + p, "Smith, Robert|" + p, "a+b", ""},
		{"a given name one edit apart", "Smith, Jonathan|" + p, "Smith, Jonahtan|" + p, "a+b", ""},
		{"a family name of five letters or more one edit apart", "Smith, Dana|" + p, "Smyth, Dana|" + p, "a+b", ""},
		{"accents and punctuation", "O'Brién, José||" + e, "OBrien, Jose||" + e, "a+b", ""},
		{"a short family name one edit apart", "Lee, Ann|" + p, "Lea, Ann|" + p, "a b", ""},
		{"never phone alone", "Smith, Robert|" + p, "Jones, Ann|" + p, "a b", ""},
		{"never a family's phone alone", "Smith, Robert|" + p, "Smith, Mary|" + p, "a b", ""},
		{"never address alone", "Smith, Robert|||" + here, "Jones, Ann|||" + here, "a b", ""},
		{"never e-mail alone", "Smith, Robert||" + e, "Jones, Ann||" + e, "a b", ""},
		{"never a name alone", "Smith, Robert|" + p + "|" + e, "Smith, Robert|" + q + "|" + f, "a b", ""},
		{"an address without the full name", "Smith, R|||" + here, "Smith, Robert|||" + here, "a b", "a?b"},
		{"another unit", "Smith, Robert|||12 N Main St #4, 83702", "Smith, Robert|||12 N Main St #5, 83702", "a b", ""},
		{"another direction", "Smith, Robert|||12 N Main St, 83702", "Smith, Robert|||12 S Main St, 83702", "a b", ""},
		{"another ZIP", "Smith, Robert|||12 N Main St, 83702", "Smith, Robert|||12 N Main St, 83704", "a b", ""},
		{"a given name missing", "Smith, |" + p, "Smith, Mary|" + p, "a b", "a?b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				w := &town{t: t, d: d, location: "l"}
				w.hear(reading("a", c.a))
				w.hear(reading("b", c.b))
				if got := w.homes(plumbline.Customer, "a", "b"); got != c.want {
					t.Errorf("they are held %q, want %q", got, c.want)
				}
				if got := w.asks("a", "b"); got != c.ask {
					t.Errorf("asked %q, want %q", got, c.ask)
				}
			})
		})
	}
}

// What a vendor says of one id is one source record, whatever else it says.
func TestTheSameVendorIDIsTheSamePerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &town{t: t, d: d, location: "l"}
		w.hear(reading("a", "Smith, Robert|208-201-0001"))
		w.hear(reading("a", "Jones, Ann|208-202-0002"))
		w.do(func(tx *db.Tx) error {
			members, err := record.Members(tx, "l", []string{string(w.customer("a"))})
			if n := len(members[w.customer("a")]); n != 1 {
				t.Errorf("%d source records, want one", n)
			}
			return err
		})
	})
}

func TestATargetsRecordBelongsToTheOneWhoseKeyItBears(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &town{t: t, d: d, location: "l"}
		crm := reading("b", "Whitlock, D")
		crm.Fields["key"] = plumbline.TextValue(string(w.customer("a")))
		w.hear(crm) // before the one it names is known
		w.hear(reading("a", "Smith, Robert|208-201-0001"))
		if got := w.homes(plumbline.Customer, "a", "b"); got != "a+b" {
			t.Errorf("they are held %q, want a+b", got)
		}
	})
}

func TestPlacesAreTheSameByTheirNormalizedAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &town{t: t, d: d, location: "l"}
		names := []string{"a", "b", "c", "d", "e", "f"}
		for i, address := range []string{"12 North Main Street, 83702", "12 N MAIN ST., 83702-1234", "12 N Main St Apt 4, 83702", "14 N Main St, 83702", ",", ","} {
			r := reading(names[i], "|||"+address)
			r.Kind = plumbline.Property
			w.hear(r)
		}
		if got := w.homes(plumbline.Property, names...); got != "a+b c d e f" {
			t.Errorf("they are held %q, want a+b c d e f", got)
		}
		moved := reading("b", "|||99 Elm St, 83702")
		moved.Kind, moved.At = plumbline.Property, noon.Add(time.Minute)
		w.hear(moved)
		if got := w.homes(plumbline.Property, names...); got != "a b c d e f" {
			t.Errorf("after b's address was mended they are held %q", got)
		}
	})
}

func TestPeoplesWordHoldsAndCanBeTakenBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &town{t: t, d: d, location: "l"}
		want := func(when, homes, asks string) {
			t.Helper()
			if got := w.homes(plumbline.Customer, "a", "b", "c"); got != homes {
				t.Errorf("%s they are held %q, want %q", when, got, homes)
			}
			if got := w.asks("a", "b", "c"); got != asks {
				t.Errorf("%s asked %q, want %q", when, got, asks)
			}
		}
		w.hear(reading("a", "Smith, Robert|208-201-0001"))
		w.hear(reading("b", "Smith, Bob|208-201-0001"))
		w.hear(reading("c", "Jones, Ann|208-202-0002"))
		want("at first", "a+b c", "")
		w.decide("a", "b", false, "1")
		want("kept apart,", "a b c", "")
		w.hear(reading("b", "Smith, Robert|208-201-0001")) // more alike than before
		want("though more alike,", "a b c", "")
		w.decide("b", "c", true, "2")
		want("b and c joined by a person,", "a b+c", "")
		w.decide("b", "c", false, "3")
		want("and unmerged,", "a b c", "")
		w.decide("a", "b", true, "0")
		want("an older word does not replace a newer:", "a b c", "")
		w.decide("a", "b", true, "4")
		want("the newest word holds:", "a+b c", "")
		w.decide("a", "b", false, "5")
		w.rule("a", "b", identity.TakenBack, "6")
		want("and taken back, the records alone decide:", "a+b c", "")
		w.decide("b", "c", true, "7")
		want("b and c joined once more, a is asked about,", "a b+c", "a?b")
		w.rule("b", "c", identity.TakenBack, "8")
		want("and that taken back:", "a+b c", "")
	})
}

// A person's no stands against everything, also through a third record.
func TestACannotLinkHoldsThroughAThirdRecord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &town{t: t, d: d, location: "l"}
		w.decide("a", "b", false, "1") // before either is known
		w.hear(reading("a", "Smith, Robert|208-201-0001"))
		w.hear(reading("b", "Smith, Robert||r@x.com"))
		w.hear(reading("c", "Smith, Robert|208-201-0001|r@x.com"))
		got := w.homes(plumbline.Customer, "a", "b", "c")
		if strings.Contains(got, "+") || w.asks("a", "b", "c") != "a?c b?c" {
			t.Errorf("held %q, asked %q; want c asked with both and linked with none", got, w.asks("a", "b", "c"))
		}
	})
}

// At most 500 pairs link by one key by themselves: when one record too many comes,
// the links that rested on the key fall, and when it goes they are back.
func TestABlockTooLargeLinksNothingAndItsLinksFall(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &town{t: t, d: d, location: "l"}
		w.hear(reading("a", "Smith, Robert|208-201-0001"), reading("b", "Smith, Robert|208-201-0001"))
		if got := w.homes(plumbline.Customer, "a", "b"); got != "a+b" {
			t.Fatalf("two of one name and phone are held %q", got)
		}
		crowd := func(from, to int) (list []plumbline.Reading) {
			for i := from; i < to; i++ {
				list = append(list, reading(fmt.Sprint("z", i), fmt.Sprintf("%s, Ann|208-201-0001", strings.Repeat(string(rune('a'+i%26)), 5+i/26))))
			}
			return list
		}
		w.hear(crowd(0, 30)...) // 32 records, 496 pairs
		if got := w.homes(plumbline.Customer, "a", "b"); got != "a+b" {
			t.Errorf("with 496 pairs they are held %q, want a+b", got)
		}
		w.hear(crowd(30, 31)...) // 33 records, 528 pairs
		if got := w.homes(plumbline.Customer, "a", "b"); got != "a b" {
			t.Errorf("with 528 pairs they are held %q, want them apart", got)
		}
		if got := w.asks("a", "b"); !strings.Contains(got, "a?b") {
			t.Errorf("asked %q, want the pair that is apart now", got)
		}
		gone := crowd(30, 31)
		gone[0].Deleted, gone[0].At = true, noon.Add(time.Minute)
		w.hear(gone...)
		if got := w.homes(plumbline.Customer, "a", "b"); got != "a+b" {
			t.Errorf("with 496 pairs again they are held %q, want a+b", got)
		}
	})
}

func TestAComponentTooLargeAsksAndLinksNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &town{t: t, d: d, location: "l"}
		chain := func(from, to int) (list []plumbline.Reading) {
			for i := from; i < to; i++ { // each shares an e-mail with the next only
				r := reading(fmt.Sprintf("c%03d", i), "Smith, Bob")
				r.Fields["email"] = plumbline.TextValue(fmt.Sprintf("bob%d@x.com", i/2))
				r.Fields["mobile_phone"] = plumbline.TextValue(fmt.Sprintf("208-20%d-0%03d", 1+(i+1)/2/1000, (i+1)/2%1000))
				list = append(list, r)
			}
			return list
		}
		var names []string
		for i := range 201 {
			names = append(names, fmt.Sprintf("c%03d", i))
		}
		w.hear(chain(0, 200)...)
		if got := w.homes(plumbline.Customer, names[:200]...); strings.Count(got, "+") != 199 {
			t.Fatalf("200 in a chain are %d records, want one", strings.Count(got, " ")+1)
		}
		w.hear(chain(200, 201)...)
		if got := w.homes(plumbline.Customer, names...); strings.Contains(got, "+") {
			t.Errorf("201 in a chain have %d links, want none", strings.Count(got, "+"))
		}
		asked := strings.Fields(w.asks(names...))
		for i := range 200 {
			if link := names[i] + "?" + names[i+1]; !slices.Contains(asked, link) {
				t.Errorf("%s of the chain is not asked", link)
			}
		}
	})
}

// A deletion links nobody, and what it joined falls apart.
func TestWhatIsDeletedJoinsNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &town{t: t, d: d, location: "l"}
		w.hear(reading("a", "Smith, Robert|208-201-0001"), reading("b", "Smith, Robert||r@x.com"), reading("c", "Smith, Robert|208-201-0001|r@x.com"))
		if got := w.homes(plumbline.Customer, "a", "b", "c"); got != "a+b+c" {
			t.Fatalf("held %q, want a+b+c", got)
		}
		gone := plumbline.Reading{Kind: plumbline.Customer, ID: "c", At: noon.Add(time.Minute), Deleted: true}
		w.hear(gone)
		if got := w.homes(plumbline.Customer, "a", "b", "c"); got != "a b c" {
			t.Errorf("without c they are held %q, want all apart", got)
		}
	})
}

func TestLocationsNeverMeet(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		here, there := &town{t: t, d: d, location: "l"}, &town{t: t, d: d, location: "m"}
		here.hear(reading("a", "Smith, Robert|208-201-0001"))
		if moves := there.hear(reading("b", "Smith, Robert|208-201-0001")); len(moves) != 0 {
			t.Errorf("the same person at another location moved: %+v", moves)
		}
		there.do(func(tx *db.Tx) error {
			for location, want := range map[string]int{"l": 1, "m": 1, "n": 0} {
				people, err := identity.Holders(tx, location, "+12082010001")
				if err != nil {
					return err
				}
				if len(people) != want {
					t.Errorf("%d have the number in %s, want %d", len(people), location, want)
				}
			}
			return nil
		})
	})
}

// Whatever came in whatever order and portions, with whatever decisions in between,
// who is who is the same; and so are the ids and the questions.
func TestWhoIsWhoDoesNotDependOnTheOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		names := []string{"a", "b", "c", "d", "e", "f"}
		round := 0
		rapid.Check(t, func(r *rapid.T) {
			pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(r, label) }
			var steps []func(*town)
			for _, n := range names {
				text := pick("name", "Smith, Robert", "Smith, Bob", "Smith, R", "Smyth, Robert", "Jones, Ann", ", ") + "|" + pick("phone", "", "208-201-0001", "208-202-0002") +
					"|" + pick("mail", "", "r@x.com", "s@x.com") + "|" + pick("address", "", "1 Elm St, 83702", "1 Elm St #2, 83702")
				said := reading(n, text)
				if rapid.Bool().Draw(r, "undated") {
					said.Created = time.Time{}
				}
				steps = append(steps, func(w *town) { w.hear(said) })
				if rapid.IntRange(0, 4).Draw(r, "mended") == 0 {
					later := reading(n, pick("name", "Smith, Robert", "Jones, Ann")+"|"+pick("phone", "208-201-0001", "208-202-0002"))
					later.At = noon.Add(time.Second)
					steps = append(steps, func(w *town) { w.hear(later) })
				}
			}
			for i := range rapid.IntRange(0, 3).Draw(r, "decisions") {
				x, y := pick("one", names...), pick("other", names...)
				same := rapid.Bool().Draw(r, "same")
				if x != y {
					steps = append(steps, func(w *town) { w.decide(x, y, same, fmt.Sprint(i)) })
				}
			}
			order := rapid.Permutation(steps).Draw(r, "order")
			round++
			var held, asked [2]string
			for i, list := range [][]func(*town){steps, order} {
				// One location in both orders, so that ids may be compared: it is undone between.
				w := &town{t: t, d: d, location: fmt.Sprint("l", round)}
				for _, step := range list {
					step(w)
				}
				held[i], asked[i] = w.homes(plumbline.Customer, names...), w.asks(names...)
				w.forget()
			}
			if held[0] != held[1] || asked[0] != asked[1] {
				r.Fatalf("held %q and asked %q, in another order held %q and asked %q", held[0], asked[0], held[1], asked[1])
			}
		})
	})
}

// forget takes away all that a location knows.
func (w *town) forget() {
	w.do(func(tx *db.Tx) error {
		for _, table := range []string{"source_record", "ref", "match_key", "decided_link", "ask"} {
			if _, err := tx.Exec("DELETE FROM "+table+" WHERE location_id = $1", w.location); err != nil {
				return err
			}
		}
		return nil
	})
}
