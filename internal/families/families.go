// Package families makes up customer records of home-services firms by seed,
// together with the truth of who is who, so that a matcher can be measured on
// more of them, and on worse ones, than anybody may show. It must not know the
// matcher: what is hard is written down here as the world has it.
//
// The truth of each record is a person, a household and a property:
//
//   - A couple is one household and two persons, also where they share phone
//     and mailbox. Children of age and twins are persons of their own.
//   - Father and son of one name (Sr and Jr, Jr and III) are two persons, also
//     where no record tells which; they are one household if they live together.
//   - Whoever marries is the same person under both family names. A person has
//     one household, the one of now: records from before a wedding or a move
//     bear it as well, with the property that they name.
//   - Whoever moves is the same person at both addresses; who lives at the old
//     one afterwards is another, whatever family name or phone number they have.
//   - Units of a building are properties of their own, each with a household of
//     its own. A tenant whose landlord or manager calls is the tenant, though
//     phone and mailbox are the landlord's.
//   - Namesakes are two persons. So are two who had one phone number in turn.
//   - An organization's branches are as many organizations, each its own
//     household, under one switchboard and mailbox.
//   - What is told of a firm at its address is the firm's, also where it names a
//     contact; what is told of that person at home is the person's, also where
//     it names the firm.
package families

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The kinds of a record.
const (
	Person       = "person"
	Organization = "organization"
)

// A Record is what one source says of one person or organization, and the
// truth of it. Every field may be empty but ID and those of the truth.
type Record struct {
	ID string // opaque: neither it nor its order tells anything

	Person    string // truth: who it is; of an organization, which one
	Household string // truth: the household in which the person lives now; of an organization, itself
	Property  string // truth: the home or office of which the record tells
	Kind      string // truth: Person or Organization
	Story     string // truth: for which hard case it was made, such as "twins"

	Source                                string // "field", "crm", "web" or "import"
	GivenName, FamilyName                 string // a suffix such as Jr stands behind the family name
	Name                                  string // filled instead of the two in some records
	Organization                          string
	Phone, Email                          string
	Street, Unit, City, State, PostalCode string
	BirthDate                             string // 1970-01-31
}

// Options say how many records are made, and how bad ones. Records of one seed
// and size bear the same ids and truth whatever the damage.
type Options struct {
	Seed uint64
	// Of Households and Records, what is reached first ends it; 0 is no bound.
	// There are as many records as asked for, but some households more: a story
	// is told to its end. An organization counts as a household.
	Households, Records int
	// Damage multiplies the shares of damage: at 0 all sources write alike and
	// leave nothing out, 1 is usual, 2 is bad.
	Damage float64
}

// Make returns the records of Each in the order of their ids.
func Make(o Options) []Record {
	var out []Record
	Each(o, func(r Record) bool {
		out = append(out, r)
		return true
	})
	slices.SortFunc(out, func(a, b Record) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Each yields records until there are enough or yield returns false. The same
// options give the same records in the same order on every machine. Records of
// one household are some thousands apart: the order is shuffled within a moving
// window, so that a million records need little memory. Without any bound it
// goes on for ever.
func Each(o Options, yield func(Record) bool) {
	w := newWorld(o.Seed)
	t := &teller{newDice(o.Seed, 2), o.Damage}
	line := &shuffled{dice: newDice(o.Seed, 3), yield: yield}
	for n := 0; o.Households == 0 || w.families < o.Households; {
		for _, s := range w.next() {
			for _, what := range w.tellings(s) {
				if o.Records > 0 && n == o.Records {
					line.end()
					return
				}
				r := t.tell(what)
				r.ID = fmt.Sprintf("%016x", mix(uint64(n)^mix(o.Seed)))
				n++
				if !line.add(r) {
					return
				}
			}
		}
	}
	line.end()
}

const window = 1 << 14

// shuffled holds records back and yields them in another order.
type shuffled struct {
	dice  *dice
	yield func(Record) bool
	held  []Record
}

func (s *shuffled) add(r Record) bool {
	if len(s.held) < window {
		s.held = append(s.held, r)
		return true
	}
	i := s.dice.below(window)
	out := s.held[i]
	s.held[i] = r
	return s.yield(out)
}

func (s *shuffled) end() {
	for n := len(s.held); n > 0; n-- {
		i := s.dice.below(n)
		if !s.yield(s.held[i]) {
			return
		}
		s.held[i] = s.held[n-1]
	}
}

// Columns are the columns of a customer CSV, without the truth.
var Columns = []string{
	"id", "source", "given_name", "family_name", "name", "organization", "phone", "email",
	"street", "unit", "city", "state", "postal_code", "birth_date",
}

// Row returns the values of Columns.
func (r Record) Row() []string {
	return []string{
		r.ID, r.Source, r.GivenName, r.FamilyName, r.Name, r.Organization, r.Phone, r.Email,
		r.Street, r.Unit, r.City, r.State, r.PostalCode, r.BirthDate,
	}
}

// WriteCSV writes the records that the options make, without the truth, under
// a line of Columns. also, where it is not nil, sees each record with it.
func WriteCSV(to io.Writer, o Options, also func(Record)) error {
	out := csv.NewWriter(to)
	if err := out.Write(Columns); err != nil {
		return fmt.Errorf("write made-up records: %w", err)
	}
	Each(o, func(r Record) bool {
		if also != nil {
			also(r)
		}
		return out.Write(r.Row()) == nil
	})
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write made-up records: %w", err)
	}
	return nil
}
